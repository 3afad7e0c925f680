# Random data of what conditions stumble over, or a program with conditions:
#
#	awk -v seed=7 -v data=csv -f draw.awk -f rules.awk	(or jsonl)
#	awk -v seed=7 -f draw.awk -f rules.awk	the input, --bad, rows of a
#						batch, the program

# --- data ------------------------------------------------------------------

function text() {
	return pick("lamp|desk|steel lamp|a \"b\" lamp|x,y|two\nlines||12|1e2|" \
	    "100|-3|7.50|true|tab\tdesk|back\\slash|Lamp|lamp\\desk")
}

function csv_cell(cell) {
	gsub(/"/, "\"\"", cell)
	return "\"" cell "\""
}

function json_text(cell, letter, out, i, one) {
	for (i = 1; i <= length(cell); i++) {
		one = substr(cell, i, 1)
		out = out (one == "\n" ? "\\n" : one == "\t" ? "\\t" : \
		    one == "a" && letter ? "\\u0061" : \
		    one == "\"" || one == "\\" ? "\\" one : one)
	}
	return "\"" out "\""
}

function json_cell(cell, kind) {
	kind = draw(12)
	if (kind == 0)
		return "[" json_text(cell) ",\"lamp\"]"
	if (kind == 1)
		return "{\"k\":" json_text(cell) "}"
	if (kind == 2)
		return "null"
	if (kind == 4)
		return pick("12|1e2|100|-3|7.50|true")
	return json_text(cell, kind == 3)
}

function records(i, a, b, n) {
	if (data == "csv")
		print "a,b,n"
	for (i = 0; i < 40; i++) {
		a = text()
		b = text()
		n = pick("1|2|3|5|8|13|x||2.5")
		if (data == "csv") {
			print csv_cell(a) "," csv_cell(b) "," n
			continue
		}
		if (n !~ /^[0-9.]+$/)
			n = "\"" n "\""
		if (draw(9) > 0)
			print "{\"a\":" json_cell(a) ",\"b\":" json_cell(b) \
			    ",\"n\":" n "}"
		if (draw(9) == 0)
			print "{\"b\":\"lamp\",\"n\":" n "}"
	}
}

# --- programs --------------------------------------------------------------

function literal() {
	return "\"" pick("lamp|desk|steel|lamp\\\\desk|a \\\"b\\\"|tab|k|100|12|" \
	    "yy") "\""
}

function condition(field, kind) {
	field = pick("a|b|n|a|b")
	kind = draw(13)
	if (kind == 0)
		return field " == " literal()
	if (kind == 1)
		return "contains(" field ", " literal() ")"
	if (kind == 2)
		return field " ~ /" pick("la.p|desk|st+eel lamp|^x,|b. lamp") "/"
	if (kind == 3)
		return "n > " pick("2|5|7.5")
	if (kind == 4)
		return "n + 1 > 4"
	if (kind == 5)
		return "starts_with(" field ", " literal() ")"
	if (kind == 6)
		return field " in [\"lamp\", " literal() "]"
	if (kind == 7)
		return "not (" field " == \"lamp\")"
	if (kind == 8)
		return field " is not null"
	if (kind == 9)
		return "(" condition() " or " condition() ")"
	if (kind == 10)
		return "upper(" field ") != \"LAMP\""
	if (kind == 11)
		return "len(" field ") < 9"
	return "(" condition() " and " condition() ")"
}

function stage(kind) {
	kind = draw(20)
	if (kind == 0)
		return "sort " pick("a|b|n|n desc")
	if (kind == 1)
		return "extend c = " pick("a|upper(b)|n * 2|\"x\"|try(n + 1)")
	if (kind == 2)
		return "rename a = b, b = a"
	if (kind == 3)
		return "select " pick("a, b, n|*|b, n, a = b|n, b = a, a = b")
	if (kind <= 5)
		return (kind == 4 ? "left " : "") \
		    "join \"u.csv\" as u on a == u.k"
	if (kind == 6)
		return "head " pick("3|10|100")
	if (kind == 7)
		return "extend n = n, z = a"
	if (kind == 8)
		return "where " condition() " and " condition()
	if (kind == 9)
		return "parse " pick("a|b") " with \"{p} {n}\" else " \
		    pick("drop|keep")
	if (kind == 10)
		return "semi join " (draw(2) ? "\"u.csv\"" : \
		    "(from \"u.csv\" | where v > 1)") " on " \
		    pick("a == k|b == k|upper(a) == k")
	if (kind == 11)
		return "anti join \"u.csv\" on " pick("a == k|b == k")
	if (kind == 12)
		return "join (from \"u.csv\" | where v > " pick("1|9") \
		    ") as w on b == w.k"
	return "where " condition()
}

function program(all, i) {
	all = draw(3) == 0 ? stage() : "where " condition()
	for (i = draw(4); i >= 0; i--)
		all = all " | " stage()
	return all " | where " condition()
}

BEGIN {
	if (data != "") {
		records()
		exit
	}
	print pick("t.csv|t.jsonl")
	print pick("stop|skip|bad.txt")
	print pick("1|3|1024")
	print program()
}
