/*
 * What people type who come from other languages: one test for each, to the
 * letter.  What stands behind "try:" is a program, checked here too.
 */
#include "lang/guess.h"

#include <criterion/criterion.h>
#include <string.h>

#include "program_text.h"

/* The diagnostic, and that its "try:" parses and is in canonical form. */
static void
expect_guess(const char *text, const char *expected)
{
	expect_diagnostic(text, expected);
	const char *hint = strstr(expected, "  = try: ");
	if (hint == NULL)
		return;
	hint += strlen("  = try: ");
	char program[600];
	size_t size = strcspn(hint, "\n");
	memcpy(program, hint, size);
	/* Declarations alone are no program. */
	strcpy(program + size, hint[size - 1] == ';' ? " head" : "");
	struct buf buf = printed(program, 0, 0);
	cr_expect_eq(strncmp(buf_string(&buf), hint, size), 0, "%s",
	    buf_string(&buf));
	buf_fini(&buf);
}

Test(guess, equals_compares)
{
	expect_guess("where a = 1",
	    "program:1:9: error: expected an operator, '|' or the "
	    "end, found '=': use == to compare\n"
	    "  where a = 1\n"
	    "          ^\n"
	    "  = try: where a == 1\n");
}

Test(guess, equals_compares_everywhere)
{
	expect_guess("where a = 1 and b = 2 | head 5",
	    "program:1:9: error: expected an operator, '|' or the "
	    "end, found '=': use == to compare\n"
	    "  where a = 1 and b = 2 | head 5\n"
	    "          ^\n"
	    "  = try: where a == 1 and b == 2\n");
}

Test(guess, sql_select)
{
	expect_guess("select a from t where b = 1",
	    "program:1:10: error: expected '|', found 'from': stages "
	    "run left to right\n"
	    "  select a from t where b = 1\n"
	    "           ^^^^\n"
	    "  = try: from t | where b == 1 | select a\n");
}

Test(guess, sql_order_and_limit)
{
	expect_guess("SELECT a FROM t WHERE b = 1 ORDER BY c desc LIMIT 5",
	    "program:1:1: error: no stage is called 'SELECT': words "
	    "are written in lower case\n"
	    "  SELECT a FROM t WHERE b = 1 ORDER BY c desc LIMIT 5\n"
	    "  ^^^^^^\n"
	    "  = try: from t | where b == 1 | sort c desc | head 5 | "
	    "select a\n");
}

Test(guess, sql_group_in_select)
{
	expect_guess("select a, count(*) as n from t group by a having n > 5",
	    "program:1:25: error: expected '|', found 'from': stages "
	    "run left to right\n"
	    "  select a, count(*) as n from t group by a having n > 5\n"
	    "                          ^^^^\n"
	    "  = try: from t | aggregate n = count(*) by a | where n > 5\n");
}

Test(guess, sql_group_by)
{
	expect_guess("group by x",
	    "program:1:1: error: no stage is called 'group by' "
	    "(SQL): use 'aggregate ... by'\n"
	    "  group by x\n"
	    "  ^^^^^^^^\n"
	    "  = try: aggregate n = count() by x\n");
}

Test(guess, sql_order_by)
{
	expect_guess("order by x",
	    "program:1:1: error: no stage is called 'order by' "
	    "(SQL): use 'sort'\n"
	    "  order by x\n"
	    "  ^^^^^^^^\n"
	    "  = try: sort x\n");
}

Test(guess, sql_limit)
{
	expect_guess("where a | limit 5",
	    "program:1:11: error: no stage is called 'limit' (SQL): "
	    "use 'head'\n"
	    "  where a | limit 5\n"
	    "            ^^^^^\n"
	    "  = try: head 5\n");
}

Test(guess, sql_limit_without_bar)
{
	expect_guess("where a == 1 limit 5",
	    "program:1:14: error: expected an operator, '|' or the "
	    "end, found 'limit'\n"
	    "  where a == 1 limit 5\n"
	    "               ^^^^^\n"
	    "  = try: where a == 1 | head 5\n");
}

Test(guess, sql_single_quotes)
{
	expect_guess("where host == 'text'",
	    "program:1:15: error: strings stand in double quotes\n"
	    "  where host == 'text'\n"
	    "                ^^^^^^\n"
	    "  = try: where host == \"text\"\n");
}

Test(guess, sql_not_equal)
{
	expect_guess("where a <> 1",
	    "program:1:9: error: there is no such operator: use !=\n"
	    "  where a <> 1\n"
	    "          ^^\n"
	    "  = try: where a != 1\n");
}

Test(guess, sql_in)
{
	expect_guess("where a in (1, 2)",
	    "program:1:14: error: expected ')', found ','\n"
	    "  where a in (1, 2)\n"
	    "               ^\n"
	    "  = try: where a in [1, 2]\n");
}

Test(guess, sql_upper_case)
{
	expect_guess("where a IS NOT NULL AND b",
	    "program:1:9: error: expected an operator, '|' or the "
	    "end, found 'IS': words are written in lower case\n"
	    "  where a IS NOT NULL AND b\n"
	    "          ^^\n"
	    "  = try: where a is not null and b\n");
}

Test(guess, kql_project)
{
	expect_guess("project a, b",
	    "program:1:1: error: no stage is called 'project' (KQL): "
	    "use 'select'\n"
	    "  project a, b\n"
	    "  ^^^^^^^\n"
	    "  = try: select a, b\n");
}

Test(guess, kql_summarize)
{
	expect_guess("summarize n = count() by x",
	    "program:1:1: error: no stage is called 'summarize' "
	    "(KQL): use 'aggregate'\n"
	    "  summarize n = count() by x\n"
	    "  ^^^^^^^^^\n"
	    "  = try: aggregate n = count() by x\n");
}

Test(guess, kql_mv_expand)
{
	expect_guess("mv-expand tags",
	    "program:1:1: error: no stage is called 'mv-expand' "
	    "(KQL): use 'unnest'\n"
	    "  mv-expand tags\n"
	    "  ^^^^^^^^^\n"
	    "  = try: unnest tags\n");
}

Test(guess, kql_take)
{
	expect_guess("take 5",
	    "program:1:1: error: no stage is called 'take' (KQL, "
	    "PRQL): use 'head'\n"
	    "  take 5\n"
	    "  ^^^^\n"
	    "  = try: head 5\n");
}

Test(guess, kql_sides)
{
	expect_guess("join \"u.csv\" as u on $left.id == $right.uid",
	    "program:1:22: error: $left is KQL: a field of this "
	    "stream stands alone, one of the other behind its name\n"
	    "  join \"u.csv\" as u on $left.id == $right.uid\n"
	    "                       ^^^^^^^^\n"
	    "  = try: join \"u.csv\" as u on id == u.uid\n");
}

Test(guess, kql_sides_same_key)
{
	expect_guess("join \"u.csv\" on $left.id == $right.id",
	    "program:1:17: error: $left is KQL: a field of this "
	    "stream stands alone, one of the other behind its name\n"
	    "  join \"u.csv\" on $left.id == $right.id\n"
	    "                  ^^^^^^^^\n"
	    "  = try: join \"u.csv\" on id\n");
}

Test(guess, kql_sides_without_name)
{
	expect_guess("join \"u.csv\" on $left.id == $right.uid",
	    "program:1:17: error: $left is KQL: a field of this "
	    "stream stands alone, one of the other behind its name\n"
	    "  join \"u.csv\" on $left.id == $right.uid\n"
	    "                  ^^^^^^^^\n"
	    "  = try: join \"u.csv\" as r on id == r.uid\n");
}

Test(guess, kql_top_by)
{
	expect_guess("top 10 by ms",
	    "program:1:8: error: top names what to order by without "
	    "'by': by is for groups\n"
	    "  top 10 by ms\n"
	    "         ^^\n"
	    "  = try: top 10 ms\n");
}

Test(guess, awk_pattern_and_action)
{
	expect_guess("$3 > 5 { print $1 }",
	    "program:1:1: error: expected a stage, found '$3'\n"
	    "  $3 > 5 { print $1 }\n"
	    "  ^^\n"
	    "  = try: where $3 > 5 | select $1\n");
}

Test(guess, awk_regex)
{
	expect_guess("/foo/ { print $1, $2 }",
	    "program:1:1: error: expected a stage, found '/'\n"
	    "  /foo/ { print $1, $2 }\n"
	    "  ^\n"
	    "  = try: where line ~ /foo/ | select $1, $2\n");
}

Test(guess, and_and)
{
	expect_guess("where a && b",
	    "program:1:9: error: expected an operator, '|' or the "
	    "end, found '&&': use and\n"
	    "  where a && b\n"
	    "          ^^\n"
	    "  = try: where a and b\n");
}

Test(guess, or_or)
{
	expect_guess("where a || b",
	    "program:1:9: error: expected an operator, '|' or the "
	    "end, found '||': use or\n"
	    "  where a || b\n"
	    "          ^^\n"
	    "  = try: where a or b\n");
}

Test(guess, bang)
{
	expect_guess("where !a",
	    "program:1:7: error: expected a value or a field, found "
	    "'!': use not\n"
	    "  where !a\n"
	    "        ^\n"
	    "  = try: where not a\n");
}

Test(guess, jq_path)
{
	expect_guess("select .a.b",
	    "program:1:8: error: expected a field, found '.': a "
	    "field has no dot before it\n"
	    "  select .a.b\n"
	    "         ^\n"
	    "  = try: select a.b\n");
}

Test(guess, jq_path_alone)
{
	expect_guess(".a.b",
	    "program:1:1: error: expected a stage, found '.'\n"
	    "  .a.b\n"
	    "  ^\n"
	    "  = try: select a.b\n");
}

Test(guess, jq_select)
{
	expect_guess("select(.x > 1)",
	    "program:1:8: error: expected a field, found '.': jq's "
	    "select is where\n"
	    "  select(.x > 1)\n"
	    "         ^\n"
	    "  = try: where x > 1\n");
}

Test(guess, miller_then)
{
	expect_guess("head 4 then sort x",
	    "program:1:8: error: expected '|', found 'then': stages "
	    "are joined by '|'\n"
	    "  head 4 then sort x\n"
	    "         ^^^^\n"
	    "  = try: head 4 | sort x\n");
}

Test(guess, miller_filter)
{
	expect_guess("filter '$x > 1 && $y == \"a\"'",
	    "program:1:1: error: no stage is called 'filter' "
	    "(Miller, PRQL): use 'where'\n"
	    "  filter '$x > 1 && $y == \"a\"'\n"
	    "  ^^^^^^\n"
	    "  = try: where x > 1 and y == \"a\"\n");
}

Test(guess, miller_put)
{
	expect_guess("put '$z = $x + $y'",
	    "program:1:1: error: no stage is called 'put' (Miller): "
	    "use 'extend'\n"
	    "  put '$z = $x + $y'\n"
	    "  ^^^\n"
	    "  = try: extend z = x + y\n");
}

Test(guess, miller_cut)
{
	expect_guess("cut -f a,b",
	    "program:1:1: error: no stage is called 'cut' (Miller): "
	    "use 'select'\n"
	    "  cut -f a,b\n"
	    "  ^^^^^^\n"
	    "  = try: select a, b\n");
}

Test(guess, miller_stats1)
{
	expect_guess("stats1 -a mean,p50 -f x -g y",
	    "program:1:1: error: no stage is called 'stats1' "
	    "(Miller): use 'aggregate'\n"
	    "  stats1 -a mean,p50 -f x -g y\n"
	    "  ^^^^^^\n"
	    "  = try: aggregate x_mean = avg(x), x_p50 = "
	    "percentile(x, 50) by y\n");
}

Test(guess, miller_sort)
{
	expect_guess("sort -nr x",
	    "program:1:10: error: expected an operator, ',', '|' or "
	    "the end, found 'x'\n"
	    "  sort -nr x\n"
	    "           ^\n"
	    "  = try: sort x desc\n");
}

Test(guess, prql_derive)
{
	expect_guess("derive y = x + 1",
	    "program:1:1: error: no stage is called 'derive' (PRQL): "
	    "use 'extend'\n"
	    "  derive y = x + 1\n"
	    "  ^^^^^^\n"
	    "  = try: extend y = x + 1\n");
}

Test(guess, prql_filter)
{
	expect_guess("filter x > 1",
	    "program:1:1: error: no stage is called 'filter' "
	    "(Miller, PRQL): use 'where'\n"
	    "  filter x > 1\n"
	    "  ^^^^^^\n"
	    "  = try: where x > 1\n");
}

Test(guess, prql_join_side)
{
	expect_guess("join side:left users (==id)",
	    "program:1:6: error: the side of a join stands before "
	    "the word: left join\n"
	    "  join side:left users (==id)\n"
	    "       ^^^^\n"
	    "  = try: left join users on id\n");
}

Test(guess, misspelt_stage)
{
	expect_guess("selct a, b",
	    "program:1:1: error: no stage is called 'selct': did you "
	    "mean 'select'?\n"
	    "  selct a, b\n"
	    "  ^^^^^\n"
	    "  = try: select a, b\n");
}

Test(guess, missing_comma)
{
	expect_guess("select a b",
	    "program:1:10: error: expected an operator, ',', '|' or "
	    "the end, found 'b'\n"
	    "  select a b\n"
	    "           ^\n"
	    "  = try: select a, b\n");
}

Test(guess, missing_where)
{
	expect_guess("x > 5",
	    "program:1:3: error: expected '(', '|' or the end, found '>'\n"
	    "  x > 5\n"
	    "    ^\n"
	    "  = try: where x > 5\n");
}

Test(guess, missing_extend)
{
	expect_guess("x = 5",
	    "program:1:3: error: expected '(', '|' or the end, found "
	    "'=': a field is made by extend\n"
	    "  x = 5\n"
	    "    ^\n"
	    "  = try: extend x = 5\n");
}

Test(guess, missing_parentheses)
{
	expect_guess("op slowest($n) = head $n; slowest 3",
	    "program:1:35: error: expected '(', '|' or the end, found '3'\n"
	    "  op slowest($n) = head $n; slowest 3\n"
	    "                                    ^\n"
	    "  = try: slowest(3)\n");
	/* Nobody has declared it: parentheses would not help. */
	expect_guess("slowest 3",
	    "program:1:1: error: no stage is called 'slowest'\n"
	    "  slowest 3\n"
	    "  ^^^^^^^\n"
	    "  = sflow help stages lists them\n");
}

Test(guess, missing_dollar)
{
	expect_guess("let x = 5; head",
	    "program:1:5: error: the name of a value begins with '$'\n"
	    "  let x = 5; head\n"
	    "      ^\n"
	    "  = try: let $x = 5;\n");
}

Test(guess, missing_quotes)
{
	expect_guess("from data/a.csv | head",
	    "program:1:6: error: a path stands in double quotes\n"
	    "  from data/a.csv | head\n"
	    "       ^^^^^^^^^^\n"
	    "  = try: from \"data/a.csv\"\n");
}

Test(guess, chained_comparison)
{
	expect_guess("where 1 < a < 5",
	    "program:1:13: error: comparisons do not chain\n"
	    "  where 1 < a < 5\n"
	    "              ^\n"
	    "  = try: where 1 < a and a < 5\n");
}

Test(guess, unix_head)
{
	expect_guess("head -n 5",
	    "program:1:6: error: expected '|' or the end, found '-'\n"
	    "  head -n 5\n"
	    "       ^\n"
	    "  = try: head 5\n");
}

Test(guess, arguments_of_head)
{
	expect_guess("head(10)",
	    "program:1:5: error: expected '|' or the end, found '('\n"
	    "  head(10)\n"
	    "      ^\n"
	    "  = try: head 10\n");
}

Test(guess, aggregate_nothing)
{
	expect_guess("aggregate by x",
	    "program:1:11: error: expected NAME = AGG(...), found 'by'\n"
	    "  aggregate by x\n"
	    "            ^^\n"
	    "  = try: aggregate n = count() by x\n");
}

Test(guess, what_nothing_mends)
{
	expect_guess("filter x >",
	    "program:1:1: error: no stage is called 'filter' "
	    "(Miller, PRQL): use 'where'\n"
	    "  filter x >\n"
	    "  ^^^^^^\n"
	    "  = use where\n");
}

/* The answer of the checker to a stage or a variable that nobody knows. */
static void
expect_unknown(const char *text, const char *message, const char *hint)
{
	static const char *const names[] = { "slowest", "sessionize" };
	struct region *region = region_new();
	struct err err = ERR_INIT;
	const struct ast_program *program = program_of(text, 0, region);
	const struct ast_stage *stage = program->pipeline[0]->stage[0];

	if (stage->kind == AST_CALL_STAGE)
		guess_unknown_stage(program, stage, names, 2, &err);
	else
		guess_unknown_var(stage->expr, names, 2, &err);
	cr_expect_str_eq(err.message, message, "%s", err.message);
	cr_expect_str_eq(err.hint, hint, "%s", err.hint);
	cr_expect(err.has_span);
	region_drop(&region);
}

Test(guess, unknown_stages)
{
	expect_unknown("filter(x > 1)",
	    "no stage is called 'filter' (Miller, PRQL): use 'where'",
	    "try: where x > 1");
	expect_unknown("groupBy(x)",
	    "no stage is called 'groupBy' (pandas): use 'aggregate ... by'",
	    "try: aggregate n = count() by x");
	expect_unknown("uniq", "no stage is called 'uniq' (Unix): use 'dedup'",
	    "try: dedup");
	expect_unknown("wc", "no stage is called 'wc' (Unix): use 'count'",
	    "try: count");
	expect_unknown("project",
	    "no stage is called 'project' (KQL): use 'select'", "use select");
	expect_unknown("slowes(3)", "no stage is called 'slowes'",
	    "did you mean 'slowest'?");
	expect_unknown("coutn", "no stage is called 'coutn'",
	    "did you mean 'count'?");
	expect_unknown("xyzzy", "no stage is called 'xyzzy'",
	    "an op of your own is declared before: op xyzzy($x) = "
	    "STAGE | ...;");
}

Test(guess, unknown_variables)
{
	expect_unknown("where $slowes", "there is no variable $slowes",
	    "did you mean $slowest?");
	expect_unknown("where $x", "there is no variable $x",
	    "a field is written without the dollar: x");
}

Test(guess, the_table)
{
	cr_expect_str_eq(guess_word_find("PROJECT")->here, "select");
	cr_expect_str_eq(guess_word_find("order  by")->here, "sort");
	cr_expect_null(guess_word_find("where"));
	cr_expect_null(guess_word_find("projection"));
	cr_expect_null(guess_word_find(""));
}
