# A random table, or a random program over such tables, from a seed alone:
#
#	awk -v seed=7 -v rows=300 -f draw.awk -f pipelines.awk	id,user,city,ms,n
#	awk -v seed=7 -f draw.awk -f pipelines.awk	the input, --bad, the program

# --- data: few users and many, nulls, numbers that are none ----------------

function value(most, kind) {
	kind = draw(12)
	if (kind == 0)
		return ""
	if (kind == 1)
		return -draw(50)
	if (kind == 2)
		return draw(9) ".5"
	if (kind == 3 && bad_every > 0 && draw(bad_every) == 0)
		return "x" draw(70)
	return draw(most)
}

function user(kind) {
	kind = draw(20)
	if (kind == 0)
		return ""
	if (kind == 1)
		return "\"u" draw(5) ", jr\""
	return "u" draw(kind < 10 ? 4 : 90)
}

function table(count, i) {
	bad_every = pick("0|0|4|30")
	print "id,user,city,ms,n"
	for (i = 1; i <= count; i++)
		print i "," user() "," pick("oslo|rome|bern|bonn|") "," \
		    value(1000) "," value(6)
}

# --- programs --------------------------------------------------------------

# What the records have at this place: texts and numbers, | between them.

function field() {
	return pick(texts == "" ? numbers : numbers == "" ? texts : \
	    texts "|" numbers)
}

function number_field() {
	return numbers == "" ? "len(" field() ")" : pick(numbers)
}

function number(kind) {
	kind = draw(6)
	return kind == 0 ? number_field() " * 2" : \
	    kind == 1 ? "len(" field() ")" : number_field()
}

function condition(kind) {
	kind = draw(8)
	if (kind == 0)
		return field() " is not null"
	if (kind == 1)
		return field() " == " field()
	if (kind == 2)
		return number_field() " % 3 != 1"
	if (kind == 3)
		return "not (" number_field() " > " draw(500) ")"
	if (kind == 4)
		return field() " in [\"u1\", \"rome\", 3, 7]"
	if (kind == 5)
		return number_field() \
		    " >= (from \"u.csv\" | aggregate min(id) + 2)"
	return number_field() " >= " (draw(20) - 5)
}

function has(things, one) {
	return index("|" things "|", "|" one "|") > 0
}

function with(things, one) {
	return things == "" ? one : things "|" one
}

function listed(things) {
	gsub(/\|/, ", ", things)
	return things
}

# Up to `count` different fields.
function some_fields(count, some, one) {
	for (some = ""; count > 0; count--) {
		one = field()
		if (!has(some, one))
			some = with(some, one)
	}
	return some
}

# The fields are only these now.
function keep_only(some, all, count, i, old) {
	old = numbers
	texts = numbers = ""
	count = split(some, all, "|")
	for (i = 1; i <= count; i++)
		if (has(old, all[i]))
			numbers = with(numbers, all[i])
		else
			texts = with(texts, all[i])
}

function call(name) {
	name = pick("count|sum|avg|min|max|median|first|last|stddev|list|" \
	    "count_distinct|mode")
	if (name == "count")
		return pick("count()|count(" field() ")")
	if (name == "list")
		return "len(list(" field() "))"
	if (name == "count_distinct" || name == "mode")
		return name "(" field() ")"
	return name "(" number() ")"
}

function aggregate(keys, calls, new, i, sets) {
	for (i = draw(3); i >= 0; i--) {
		made++
		calls = calls (calls == "" ? "" : ", ") "a" made " = " call()
		if (draw(5) == 0)
			calls = calls " where " condition()
		new = with(new, "a" made)
	}
	if (keys == "")
		keys = some_fields(draw(3))
	sets = draw(6)
	if (keys != "")
		calls = calls " by " (sets < 4 ? listed(keys) : sets == 4 ? \
		    pick("rollup|cube") "(" listed(keys) ")" : \
		    "sets((" listed(keys) "), ())")
	keep_only(keys)
	numbers = with(numbers, new)
	return "aggregate " calls
}

function join(kind, stage) {
	kind = pick("||left |right |full |semi |anti ")
	made++
	stage = kind "join " pick("\"u.csv\"|(from \"u.csv\" / where n > 1)|" \
	    "(from \"t.csv\" / dedup by user)") " as r" made " on " field() \
	    " == r" made "." pick("user|id|n")
	sub(/ \/ /, " | ", stage)
	if (kind == "semi " || kind == "anti ")
		return stage
	stage = stage " | select " listed(texts (texts == "" ? "" : "|") \
	    numbers) ", j" made " = r" made ".ms, k" made " = r" made ".city"
	texts = with(texts, "k" made)
	numbers = with(numbers, "j" made)
	return stage
}

# Both sides in the order of the keys, or nearly so.
function join_in_order(all, count, i, own, other, left, right, on, kind) {
	count = split(some_fields(2), all, "|")
	made++
	for (i = 1; i <= count; i++) {
		own = all[i]
		other = has("id|user|city|ms|n", own) && draw(5) > 0 ? own : \
		    pick("user|id|n")
		kind = pick("|| desc| nulls last")
		left = left (left == "" ? "" : ", ") own kind
		right = right (right == "" ? "" : ", ") other \
		    (draw(12) == 0 ? " desc" : kind)
		on = own " == r" made "." other (on == "" ? "" : " and ") on
	}
	if (draw(4) == 0)
		on = on " and len(" field() ") > r" made ".n"
	if (draw(3) == 0)
		right = right pick(", id|, ms desc")
	kind = pick("||left |right |full |semi |anti ")
	right = "(from " pick("\"u.csv\"|\"t.csv\" / where n > 1|" \
	    "\"t.csv\"") " / sort " right pick("|| / where n != 3") ")"
	gsub(/ \/ /, " | ", right)
	left = "sort " left pick("|| / where " condition()) " | " kind \
	    "join " right " as r" made " on " on
	gsub(/ \/ /, " | ", left)
	if (kind == "semi " || kind == "anti ")
		return left
	left = left " | select " listed(with(texts, numbers)) ", j" made \
	    " = r" made ".ms, k" made " = r" made ".city"
	texts = with(texts, "k" made)
	numbers = with(numbers, "j" made)
	return left
}

function extend(expression) {
	made++
	numbers = with(numbers, "x" made)
	return "extend x" made " = " expression
}

function unnest(name) {
	made++
	name = "extend l" made " = split(" field() ", \"\") | unnest l" made \
	    " as x" made " | drop l" made
	texts = with(texts, "x" made)
	return name
}

function count(keys) {
	keys = some_fields(2)
	made++
	keep_only(keys)
	numbers = with(numbers, "c" made)
	return "aggregate c" made " = count() by " listed(keys)
}

function stage(kind, n, by) {
	kind = draw(21)
	n = pick("1|2|5|40")
	if (kind <= 1)
		return "sort " field() pick("| desc| nulls first")
	if (kind == 2)
		return "sort " listed(some_fields(2))
	if (kind <= 4)
		return aggregate()
	if (kind == 5)
		return count()
	if (kind <= 7)
		return join()
	if (kind == 8)
		return extend(number())
	if (kind == 9)
		return "union " pick("\"u.csv\"|(from \"t.csv\" / head 9)")
	if (kind == 10)
		return unnest()
	if (kind == 11) {
		made++
		return "tee (where " condition() " / to \"side" made ".csv\")"
	}
	if (kind <= 13)
		return "where " condition()
	if (kind >= 19)
		return join_in_order()
	if (kind == 18) {
		by = some_fields(2)
		n = "sort " listed(by) pick("|, id|, ms desc|")
		if (n ~ /, id|, ms/ && !has(numbers, n ~ /id$/ ? "id" : "ms"))
			n = "sort " listed(by)
		return n " | " (draw(4) == 0 ? "dedup by " listed(by) : \
		    aggregate(by))
	}
	by = draw(2) ? "" : " by " listed(some_fields(2))
	if (kind == 14)
		return "dedup" by
	if (kind == 15)
		return "top " n " " number_field() by
	return (kind == 16 ? "head " : "tail ") n by
}

# A stream of a name, met again by what was made of it.
function met_again() {
	if (texts != "user|city" || numbers != "id|ms|n")
		return stage()
	return pick("union (from s / head 5)|union (from s)|" \
	    "semi join (from s / where n > 2) as s2 on user == s2.user|" \
	    "where id >= (from s / aggregate max(n) + 1)")
}

function program(named, text, i) {
	texts = "user|city"
	numbers = "id|ms|n"
	if (named)
		text = "let s = from \"t.csv\" | where " condition() \
		    "; from s | " pick("sort id desc|where n > 1|dedup by id") \
		    " | " met_again()
	else
		text = stage()
	for (i = draw(5); i > 0; i--)
		text = text " | " stage()
	# Within what pick() chooses from, a bar is written as a stroke.
	gsub(/ \/ /, " | ", text)
	return text
}

BEGIN {
	if (rows != "") {
		table(rows)
		exit
	}
	named = draw(5) == 0
	print named ? "" : pick("t.csv|t.jsonl|t.csv.gz|pipe|t.csv u.csv")
	print pick("skip|skip|stop|bad.txt")
	print program(named)
}
