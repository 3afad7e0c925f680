/*
 * Lines, words and columns beside the tools of the shell: awk, grep, sed, sort,
 * join, cut, head.
 *
 * Each recipe makes one program and the command that does the same.  The data is
 * clean where the other tool knows no quotes: words, ints and exact floats.
 * Answers are compared to the byte.
 */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "draw.h"

/* The program behind its source, its options, and the other tool's command. */
struct recipe {
	const char *options;
	char *flow, *peer;
};

static const char *const words[] = {
	"foo", "bar", "web1", "web22", "a", "ab", "abc", "GET", "Post", "x-y",
	"grüße", "Élan", "日本語", "12", "7", "a.b", "100%", "it", "zz9", NULL,
};
static const char *const keys[] = {
	"ant", "bee", "cat", "dog", "eel", "fox", "Gnu", "hen", "ibis", NULL,
};
/* The same in extended regexes of POSIX and in Perl's. */
static const char *const regexes[] = {
	"^a", "b$", "[0-9]+", "a.c", "(foo|bar)", "e{2}", "^$", "[^a-z -]",
	"web[0-9]+ ", "x-y|zz9", "^(GET|Post) ", "[A-Z][a-z]+", "o+ b", " a ",
	"..", "ab?c", "日", "[ab]+$", "\\.", "^.{5,9}$", NULL,
};

static unsigned
draw_size(void)
{
	return draw_chance(6) ? 0 : draw_chance(12) ?
	    1000 + draw_below(2000) : 1 + draw_below(80);
}

/* --- files --- */

static void
write_lines(const char *name)
{
	FILE *file = file_open(name);
	unsigned count = draw_size();

	for (unsigned i = 0; i < count; i++) {
		unsigned word_count = draw_below(6);
		for (unsigned j = 0; j < word_count; j++)
			fprintf(file, "%s%s", j > 0 ? " " : "",
			    draw_word(words));
		fputc('\n', file);
	}
	fclose(file);
}

/* One int a line, some of them large if awk can do without them. */
static void
write_ints(const char *name, unsigned large_percent)
{
	FILE *file = file_open(name);
	unsigned count = draw_size();

	for (unsigned i = 0; i < count; i++) {
		if (draw_chance(large_percent))
			fprintf(file, "%lld\n", (long long)draw() >> 1);
		else
			fprintf(file, "%d\n", (int)draw_between(-50, 50));
	}
	fclose(file);
}

/* Columns key, num, name, val; the key may be sorted. */
static void
write_columns(const char *name, char separator, int is_sorted)
{
	FILE *file = file_open(name);
	unsigned count = draw_size();

	fprintf(file, "key%cnum%cname%cval\n", separator, separator,
	    separator);
	for (unsigned i = 0; i < count; i++) {
		char *key = is_sorted ? say("k%06u", i / 2 +
		    draw_below(2)) : say("%s", draw_word(keys));
		fprintf(file, "%s%c%d%c%s%c%d.%s\n", key, separator,
		    (int)draw_between(-99, 999), separator, draw_word(words),
		    separator, (int)draw_between(-20, 20),
		    draw_chance(50) ? "5" : "25");
	}
	fclose(file);
}

/* --- lines --- */

static struct recipe
grep(void)
{
	const char *regex = draw_word(regexes);
	const char *not = draw_chance(25) ? "!" : "";

	write_lines("t.txt");
	return (struct recipe){ "", say("where line %s~ /%s/", not, regex),
	    say("grep -E %s '%s' t.txt || true", *not ? "-v" : "", regex) };
}

static struct recipe
awk_match(void)
{
	const char *first = draw_word(regexes);
	const char *second = draw_word(regexes);
	const char *word = draw_word(words);
	unsigned size = draw_below(20);

	write_lines("t.txt");
	return (struct recipe){ "", say("where line ~ /%s/ and (not line ~ "
	    "/%s/ or len(line) > %u) or contains(line, \"%s\")", first, second,
	    size, word), say("gawk '$0 ~ /%s/ && (!($0 ~ /%s/) || "
	    "length($0) > %u) || index($0, \"%s\")' t.txt", first, second,
	    size, word) };
}

static struct recipe
awk_text(void)
{
	unsigned from = 1 + draw_below(6);
	unsigned size = draw_below(7);
	const char *word = draw_word(words);

	write_lines("t.txt");
	switch (draw_below(4)) {
	case 0:
		return (struct recipe){ "", say("select upper(line)"),
		    say("gawk '{ print toupper($0) }' t.txt") };
	case 1:
		return (struct recipe){ "", say("select lower(line)"),
		    say("gawk '{ print tolower($0) }' t.txt") };
	case 2:
		return (struct recipe){ "", say("select substr(line, %u, %u)",
		    from, size), say("gawk '{ print substr($0, %u, %u) }' "
		    "t.txt", from, size) };
	default:
		return (struct recipe){ " -o tsv", say("select a = len(line), "
		    "b = bytes(line), c = find(line, \"%s\")", word),
		    say("gawk 'BEGIN { print \"a\\tb\\tc\" } { print "
		    "length($0) \"\\t\" length($0 \"\") + 0 \"\\t\" "
		    "index($0, \"%s\") }' t.txt > wide\n"
		    "mawk '{ print length($0) }' t.txt > narrow\n"
		    "awk -F'\\t' 'NR == FNR { n[FNR + 1] = $1; next } "
		    "FNR == 1 { print; next } "
		    "{ print $1 \"\\t\" n[FNR] \"\\t\" $3 }' narrow wide",
		    word) };
	}
}

static struct recipe
sed_replace(void)
{
	static const char *const replaceable[] = {
		"[0-9]+", "a", "foo|bar", "[a-z]+", " ", "e{2}", "^a", "b$",
		"日", "[^ ]+$", NULL,
	};
	const char *regex = draw_word(replaceable);

	write_lines("t.txt");
	return (struct recipe){ "", say("select regex_replace(line, /%s/, "
	    "\"<$0>\")", regex), say("sed -E 's/%s/<&>/g' t.txt", regex) };
}

static struct recipe
cut_part(void)
{
	unsigned part = 1 + draw_below(4);

	write_lines("t.txt");
	return (struct recipe){ "", say("where contains(line, \" \") | select "
	    "split_part(line, \" \", %u) ?? \"\"", part),
	    say("{ grep ' ' t.txt || true; } | cut -d ' ' -f %u", part) };
}

static struct recipe
sort_lines(void)
{
	int is_down = draw_chance(50);
	char *sort = say("sort%s", is_down ? " -r" : "");

	if (draw_chance(40)) {
		write_ints("t.txt", 5);
		return (struct recipe){ "", say("sort line%s", is_down ?
		    " desc" : ""), say("%s -s -n t.txt", sort) };
	}
	write_lines("t.txt");
	return (struct recipe){ "", say("extend k = concat(line, \"!\") | "
	    "sort k%s | select line", is_down ? " desc" : ""),
	    say("sed 's/$/!/' t.txt | LC_ALL=C %s -s | sed 's/!$//'",
	    sort) };
}

static struct recipe
head_tail(void)
{
	unsigned head = draw_below(40);
	unsigned tail = draw_below(40);

	write_lines("t.txt");
	if (draw_chance(50))
		return (struct recipe){ "", say("head %u | tail %u", head,
		    tail), say("head -n %u t.txt | tail -n %u", head, tail) };
	return (struct recipe){ "", say("tail %u | head %u", tail, head),
	    say("tail -n %u t.txt | head -n %u", tail, head) };
}

static struct recipe
dedup(void)
{
	write_lines("t.txt");
	if (draw_chance(50))
		return (struct recipe){ "", say("dedup by line"),
		    say("mawk '!seen[$0]++' t.txt") };
	return (struct recipe){ "", say("dedup by len(line)"),
	    say("gawk '!seen[length($0)]++' t.txt") };
}

static struct recipe
uniq_count(void)
{
	write_lines("t.txt");
	return (struct recipe){ " -o tsv", say("where line != \"\" | "
	    "extend k = concat(line, \"!\") | count by k | sort k"),
	    say("printf 'k\\tcount\\n'\n"
	    "{ grep . t.txt || true; } | sed 's/$/!/' | LC_ALL=C sort | "
	    "LC_ALL=C uniq -c | sed -E 's/^ *([0-9]+) (.*)$/\\2\\t\\1/'") };
}

/* Lines taken apart. */
static struct recipe
parse_words(void)
{
	write_lines("t.txt");
	if (draw_chance(50))
		return (struct recipe){ " -o tsv", say("parse line with "
		    "\"{a} {b} {c}\" else drop | select c, a, b"),
		    say("gawk 'BEGIN { print \"c\\ta\\tb\" } NF >= 3 { "
		    "rest = $0; sub(/^[^ ]+ [^ ]+ /, \"\", rest); print rest "
		    "\"\\t\" $1 \"\\t\" $2 }' t.txt") };
	return (struct recipe){ " -o tsv", say("parse line with "
	    "/^(?<w>[a-z]+)(?<n>[0-9]+)( |$)/ else drop | select n, w"),
	    say("printf 'n\\tw\\n'\nsed -nE 's/^([a-z]+)([0-9]+)( .*)?$/"
	    "\\2\\t\\1/p' t.txt") };
}

static struct recipe
formatted(void)
{
	write_ints("t.txt", 0);
	return (struct recipe){ "", say("select f\"{line:08}|{line:>7}|"
	    "{line / 4:.3}|{line:<5}|\""), say("mawk '{ printf "
	    "\"%%08d|%%7d|%%.3f|%%-5d|\\n\", $1, $1, $1 / 4, $1 }' t.txt") };
}

/* --- columns --- */

static struct recipe
awk_columns(void)
{
	int least = (int)draw_between(-100, 900);
	const char *key = draw_word(keys);
	char *flow = say("where num > %d and key != \"%s\" | select name, "
	    "key, double = num * 2", least, key);

	if (draw_chance(50)) {
		write_columns("t.tsv", '\t', 0);
		return (struct recipe){ "", flow, say("mawk -F'\\t' -v "
		    "OFS='\\t' 'NR == 1 { print \"name\", \"key\", \"double\" } "
		    "NR > 1 && $2 > %d && $1 != \"%s\" { print $3, $1, $2 * 2 "
		    "}' t.tsv", least, key) };
	}
	write_columns("t.csv", ',', 0);
	return (struct recipe){ "", flow, say("mawk -F, -v OFS=, "
	    "'NR == 1 { print \"name\", \"key\", \"double\" } "
	    "NR > 1 && $2 > %d && $1 != \"%s\" { print $3, $1, $2 * 2 }' "
	    "t.csv", least, key) };
}

static struct recipe
awk_groups(void)
{
	write_columns("t.csv", ',', 0);
	return (struct recipe){ "", say("aggregate n = count(), s = sum(num), "
	    "lo = min(num), hi = max(num), v = sum(val) by key, name"),
	    say("mawk -F, -v OFS=, -v OFMT=%%.17g -v CONVFMT=%%.17g '\n"
	    "NR == 1 { print \"key,name,n,s,lo,hi,v\"; next }\n"
	    "{ k = $1 \",\" $3 }\n"
	    "!(k in n) { order[++groups] = k; lo[k] = hi[k] = $2 }\n"
	    "{ n[k]++; s[k] += $2; v[k] += $4 }\n"
	    "$2 < lo[k] { lo[k] = $2 }\n"
	    "$2 > hi[k] { hi[k] = $2 }\n"
	    "END { for (i = 1; i <= groups; i++) { k = order[i]; "
	    "print k, n[k], s[k], lo[k], hi[k], v[k] } }' t.csv") };
}

static struct recipe
sort_columns(void)
{
	static const struct {
		const char *flow, *sort;
	} orders[] = {
		{ "key, num, val desc", "-k1,1 -k2,2n -k4,4gr" },
		{ "num desc, key", "-k2,2nr -k1,1" },
		{ "val, num", "-k4,4g -k2,2n" },
		{ "key desc", "-k1,1r" },
		{ "key desc, val desc, num", "-k1,1r -k4,4gr -k2,2n" },
	};
	unsigned which = draw_below(5);

	write_columns("t.tsv", '\t', 0);
	return (struct recipe){ "", say("sort %s", orders[which].flow),
	    say("head -n 1 t.tsv\ntail -n +2 t.tsv | LC_ALL=C sort -s -t "
	    "\"$(printf '\\t')\" %s", orders[which].sort) };
}

/* Two files sorted by their key. */
static struct recipe
join_files(void)
{
	const char *sorted = "for f in t u; do tail -n +2 $f.tsv | LC_ALL=C "
	    "sort -s -t \"$(printf '\\t')\" -k1,1 > $f.sorted; done\n"
	    "join_tsv() { LC_ALL=C join -t \"$(printf '\\t')\" \"$@\" "
	    "t.sorted u.sorted; }\n";

	write_columns("t.tsv", '\t', 1);
	write_columns("u.tsv", '\t', 1);
	switch (draw_below(4)) {
	case 0:
		return (struct recipe){ "", say("sort key | join \"u.tsv\" as u "
		    "on key == u.key | select key, num, other = u.num"),
		    say("%sprintf 'key\\tnum\\tother\\n'\njoin_tsv -o "
		    "1.1,1.2,2.2", sorted) };
	case 1:
		return (struct recipe){ "", say("sort key | left join "
		    "\"u.tsv\" as u on key == u.key | select key, num, other = "
		    "u.name"), say("%sprintf 'key\\tnum\\tother\\n'\n"
		    "join_tsv -a 1 -o 1.1,1.2,2.3", sorted) };
	case 2:
		return (struct recipe){ "", say("sort key | anti join "
		    "\"u.tsv\" as u on key == u.key | select key, val"),
		    say("%sprintf 'key\\tval\\n'\njoin_tsv -v 1 -o 1.1,1.4",
		    sorted) };
	default:
		return (struct recipe){ "", say("semi join \"u.tsv\" as u on "
		    "key == u.key"), say("mawk -F'\\t' 'NR == FNR { if "
		    "(FNR > 1) seen[$1] = 1; next } FNR == 1 || $1 in seen' "
		    "u.tsv t.tsv") };
	}
}

/* --- conversions --- */

static struct recipe
convert(void)
{
	switch (draw_below(4)) {
	case 0:
		write_columns("t.csv", ',', 0);
		return (struct recipe){ " -o tsv", say("where true"),
		    say("tr , '\\t' < t.csv") };
	case 1:
		write_columns("t.tsv", '\t', 0);
		return (struct recipe){ " -o csv", say("where true"),
		    say("tr '\\t' , < t.tsv") };
	case 2:
		write_columns("t.csv", ',', 0);
		return (struct recipe){ " -o jsonl", say("where true"),
		    say("mawk -F, 'NR > 1 { name = $3; if (name !~ /^(12|7)$/) "
		    "name = \"\\\"\" name \"\\\"\"; printf "
		    "\"{\\\"key\\\":\\\"%%s\\\",\\\"num\\\":%%s,\\\"name\\\":"
		    "%%s,\\\"val\\\":%%s}\\n\", $1, $2, name, $4 }' t.csv") };
	default:
		write_lines("t.txt");
		return (struct recipe){ " -o jsonl", say("where line != \"\""),
		    say("{ grep . t.txt || true; } | jq -c -R 'if test("
		    "\"^(12|7)$\") then {line: tonumber} else {line: .} "
		    "end'") };
	}
}

void
case_lines(void)
{
	static struct recipe (*const recipes[])(void) = {
		grep, awk_match, awk_text, sed_replace, cut_part, sort_lines,
		head_tail, dedup, uniq_count, parse_words, formatted,
		awk_columns, awk_groups, sort_columns, join_files, convert,
	};
	static const char *const files[] = { "t.csv", "t.tsv", "t.txt" };
	struct recipe recipe = recipes[draw_below(sizeof(recipes) /
	    sizeof(*recipes))]();

	file_write("peer", say("%s\n", recipe.peer));
	file_write("compare", "bytes");
	/* The recipe has made one of these. */
	for (unsigned i = 0; i < 3; i++) {
		if (!file_exists(files[i]))
			continue;
		const char *format = i == 0 ? "csv" : i == 1 ? "tsv" : "lines";
		case_commands(recipe.options, say_quoted(files[i]),
		    say("%s(\"/dev/stdin\")", format), files[i],
		    say(" | %s", recipe.flow));
	}
}
