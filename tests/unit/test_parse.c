#include "lang/parse.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "program_text.h"

static struct region *region;

static void
start(void)
{
	region = region_new();
}

static void
stop(void)
{
	region_drop(&region);
}

TestSuite(parse, .init = start, .fini = stop);

/* The expression of `where TEXT`. */
static const struct ast_expr *
expr_of(const char *text)
{
	char program[1000];

	snprintf(program, sizeof(program), "where %s", text);
	return program_of(program, 0, region)->pipeline[0]->stage[0]->expr;
}

/* Nested operators as "(a or (b and c))". */
static void
add_shape(const struct ast_expr *expr, char *shape, size_t size)
{
	static const char *const operators[] = {
		"", "-", "not ", " or ", " and ", " == ", " != ", " < ",
		" <= ", " > ", " >= ", " ~ ", " !~ ", " ?? ", " + ", " - ",
		" * ", " / ", " // ", " % ",
	};
	size_t at = strlen(shape);

	if (expr->child_count == 0) {
		snprintf(shape + at, size - at, "%s", expr->text.bytes);
		return;
	}
	strcat(shape, "(");
	if (expr->kind == AST_UNARY)
		strcat(shape, operators[expr->op]);
	add_shape(expr->child[0], shape, size);
	strcat(shape, expr->kind == AST_BINARY ? operators[expr->op] :
	    expr->kind == AST_RANGE ? " .. " : expr->kind == AST_IN ?
	    (expr->negated ? " not in " : " in ") : expr->kind == AST_INDEX ?
	    " [] " : "");
	if (expr->child_count > 1)
		add_shape(expr->child[1], shape, size);
	if (expr->kind == AST_IS_NULL)
		strcat(shape, expr->negated ? " is not null" : " is null");
	if (expr->kind == AST_MEMBER) {
		strcat(shape, " . ");
		strcat(shape, expr->text.bytes);
	}
	strcat(shape, expr->kind == AST_OPTIONAL ? "?)" : ")");
}

static void
expect_shape(const char *text, const char *expected)
{
	char shape[1000] = "";

	add_shape(expr_of(text), shape, sizeof(shape));
	cr_expect_str_eq(shape, expected, "%s is %s", text, shape);
}

Test(parse, operators_bind)
{
	expect_shape("a or b and c or d", "((a or (b and c)) or d)");
	expect_shape("not a == b and c", "((not (a == b)) and c)");
	expect_shape("not not a", "(not (not a))");
	expect_shape("a + b * c - d", "((a + (b * c)) - d)");
	expect_shape("a / b // c % d", "(((a / b) // c) % d)");
	expect_shape("-a.b * -c", "((-(a . b)) * (-c))");
	expect_shape("a - -b", "(a - (-b))");
	expect_shape("a ?? b ?? c + d", "((a ?? b) ?? (c + d))");
	expect_shape("a in b .. c + d", "(a in (b .. (c + d)))");
	expect_shape("a not in b and not c in d",
	    "((a not in b) and (not (c in d)))");
	expect_shape("a is null or b is not null",
	    "((a is null) or (b is not null))");
	expect_shape("a.b[c]?.d", "((((a . b) [] c)?) . d)");
	expect_shape("a ~ b and c !~ d", "((a ~ b) and (c !~ d))");
	expect_shape("(a or b) and c", "((a or b) and c)");
	expect_shape("a? ?? b", "((a?) ?? b)");
}

Test(parse, a_slash_where_an_operand_is_expected_is_a_regex)
{
	cr_expect_eq(expr_of("a / b / c")->op, AST_OP_DIV);
	cr_expect_eq(expr_of("a // b")->op, AST_OP_INT_DIV);
	cr_expect_eq(expr_of("a ~ /b # \\/ c/")->child[1]->kind, AST_REGEX);
	cr_expect_str_eq(expr_of("a ~ /b # \\/ c/i")->child[1]->text.bytes,
	    "b # / c");
	cr_expect_eq(expr_of("by / late")->op, AST_OP_DIV);
	cr_expect_eq(program_of("select a, /b/, c", 0,
	    region)->pipeline[0]->stage[0]->items.item[1].expr->kind,
	    AST_REGEX);
}

Test(parse, words_are_fields_where_an_operand_is_expected)
{
	const struct ast_stage *stage = program_of(
	    "select start, end, by, window, late, count, time, from, to", 0,
	    region)->pipeline[0]->stage[0];
	cr_assert_eq(stage->items.count, 9);
	for (uint32_t i = 0; i < 9; i++)
		cr_expect_eq(stage->items.item[i].expr->kind, AST_FIELD);

	expect_printed("aggregate where where where, as as as by as",
	    "aggregate where where where, as = as by as");
	expect_printed("aggregate by by by window window(1m)",
	    "aggregate by by by window window(1m)");
}

Test(parse, clause_words_after_an_operand)
{
	expect_printed("aggregate by by window, late window by(late) "
	    "emit final late drop",
	    "aggregate by by window, late window by(late) emit final "
	    "late drop");
	expect_printed("sort by desc, asc asc, nulls nulls last",
	    "sort desc, asc, nulls nulls last");
	expect_printed("sort by", "sort by by");
	expect_printed("sort by, x", "sort by by, x");
	expect_printed("sort by / 2", "sort by by / 2");
	expect_printed("sort by (a + b) desc", "sort a + b desc");
	expect_printed("top 5 by by by", "top 5 (by) by by");
	expect_printed("head by by", "head by by");
	expect_printed("dedup by within within 5s",
	    "dedup by within within 5s");
	expect_printed("extend x = case when when then then else else end",
	    "extend x = case when when then then else else end");
	expect_printed("join as as on on on == on.on within 1m",
	    "join as as on on on == on.on within 1m");
	expect_printed("unnest as as as, with", "unnest as as as, with");
	expect_printed("parse with with \"x\" else keep",
	    "parse with with \"x\" else keep");
	expect_printed("watermark delay delay 1s idle 2s",
	    "watermark delay delay 1s idle 2s");
	expect_printed("where from is null and (from) == (from + 1)",
	    "where from is null and from == from + 1");
	expect_printed("match then = (then) then within = (by) within 5s by by",
	    "match then = (then) then within = (by) within 5s by by");
	expect_printed("process by on { when on { emit emit; timer timer; "
	    "clear } on timer { } on end {} }",
	    "process by on { when on { emit emit; timer timer; clear } "
	    "on timer { } on end { } }");
}

Test(parse, clauses_of_a_group_in_any_order)
{
	expect_printed("count late update 5s to \"x\" emit every 10s "
	    "window tumble(1m) by a",
	    "count by a window tumble(1m) emit every 10s "
	    "late update 5s to \"x\"");
}

Test(parse, items)
{
	expect_printed("select a as b, c = d, *", "select b = a, c = d, *");
	expect_printed("select {a, b = c, d: e, \"x y\": f, *}",
	    "select {a, b = c, d: e, `x y`: f, *}");
	expect_printed("aggregate sum(x) as n where y, m = count(*) where z",
	    "aggregate n = sum(x) where y, m = count(*) where z");
	expect_printed("rename a as b, c = `d e`", "rename b = a, c = `d e`");
	expect_printed("select `and`, `a b`, `x``y`, `this`, this, a.in",
	    "select `and`, `a b`, `x``y`, `this`, this, a.`in`");
	expect_printed("drop a.b, /x/", "drop a.b, /x/");
}

Test(parse, streams_and_several_pipelines)
{
	const struct ast_program *program = program_of(
	    "let $n = 3; let t = from \"a\" | where x; fn f($a, $b = 1) = $a; "
	    "op o($k) = head $k; from t | to \"b\"; "
	    "from t | where v > (from t | aggregate avg(v));", 0, region);
	cr_assert_eq(program->decl_count, 4);
	cr_expect_eq(program->decl[0].kind, AST_LET);
	cr_expect_eq(program->decl[1].kind, AST_LET_STREAM);
	cr_expect_eq(program->decl[2].kind, AST_FN);
	cr_expect_eq(program->decl[2].param_count, 2);
	cr_expect_eq(program->decl[3].kind, AST_OP);
	cr_assert_eq(program->pipeline_count, 2);
	cr_expect_eq(program->pipeline[1]->stage[0]->expr->child[1]->kind,
	    AST_PIPELINE);
	cr_expect_str_eq(program->pipeline[1]->from->text.bytes, "t");
}

Test(parse, spans)
{
	const char *text = "from \"a\" | extend x = b.c + 1 | count by d";
	const struct ast_pipeline *pipeline =
	    program_of(text, 0, region)->pipeline[0];
	const struct ast_expr *sum = pipeline->stage[0]->items.item[0].expr;
	cr_expect_eq(sum->span.offset, 22);
	cr_expect_eq(sum->span.bytes, 7);
	cr_expect_eq(sum->child[0]->span.bytes, 3);
	cr_expect_eq(pipeline->span.bytes, strlen(text));
	cr_expect_eq(pipeline->stage[1]->word.offset, 32);
	cr_expect_eq(pipeline->stage[1]->span.bytes, 10);
	cr_expect_eq(pipeline->stage[1]->group.by_span.bytes, 4);
	cr_expect_eq(pipeline->from->span.bytes, 3);
}

Test(parse, fstrings)
{
	const struct ast_expr *expr =
	    expr_of("f\"{{{a:.1}}} {f\"<{b}>\"}{ {c: 1}.c }\\n\"");
	cr_assert_eq(expr->kind, AST_FSTRING);
	cr_assert_eq(expr->piece_count, 6);
	cr_expect_str_eq(expr->piece[0].text.bytes, "{");
	cr_expect_str_eq(expr->piece[1].expr->text.bytes, "a");
	cr_expect_str_eq(expr->piece[1].format.bytes, ".1");
	cr_expect_str_eq(expr->piece[2].text.bytes, "} ");
	cr_expect_eq(expr->piece[3].expr->kind, AST_FSTRING);
	cr_expect_eq(expr->piece[4].expr->kind, AST_MEMBER);
	cr_expect_str_eq(expr->piece[5].text.bytes, "\n");
	cr_expect_eq(expr_of("f\"\"")->piece_count, 0);
}

Test(parse, templates)
{
	struct ast_span place = { 7, 3 };
	struct err err = ERR_INIT;
	const char *text = "out\\/{{x}}/{date(ts, \"%Y\")}/{a:clf}.csv";
	const struct ast_expr *expr = parse_template(text, strlen(text),
	    &place, region, &err);
	cr_assert_not_null(expr, "%s", err.message);
	cr_assert_eq(expr->piece_count, 5);
	cr_expect_str_eq(expr->piece[0].text.bytes, "out\\/{x}/");
	cr_expect_eq(expr->piece[1].expr->kind, AST_CALL);
	cr_expect_eq(expr->piece[1].expr->span.offset, 7);
	cr_expect_eq(expr->piece[1].expr->args.arg[0].span.bytes, 3);
	cr_expect_str_eq(expr->piece[3].format.bytes, "clf");
	static const char *const wrong[] = {
		"{", "}", "{}", "{a", "{a b}", "{a:}", "{a = 1}", "{'x'}",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err no = ERR_INIT;
		cr_expect_null(parse_template(wrong[i], strlen(wrong[i]),
		    &place, region, &no), "%s", wrong[i]);
		cr_expect_eq(no.span_offset, 7);
		cr_expect_eq(no.span_bytes, 3);
	}
}

Test(parse, least_integer)
{
	cr_expect_eq(expr_of("-9223372036854775808")->integer, INT64_MIN);
	cr_expect_eq(expr_of("- 9223372036854775808")->kind, AST_INT);
	cr_expect_eq(expr_of("--9223372036854775808")->kind, AST_UNARY);
	expect_diagnostic("where -9223372036854775808.x",
	    "program:1:8: error: an integer is at most 9223372036854775807\n"
	    "  where -9223372036854775808.x\n"
	    "         ^^^^^^^^^^^^^^^^^^^\n"
	    "  = a float holds larger numbers, rounded: write 1e19\n");
}

Test(parse, files_may_have_single_quotes_and_a_first_line)
{
	struct buf buf = printed("#!/usr/bin/sflow -f\nwhere a == 'it\\'s'",
	    PARSE_FILE, 1);
	cr_expect_str_eq(buf_string(&buf),
	    "#!/usr/bin/sflow -f\nwhere a == \"it's\"\n");
	buf_fini(&buf);
}

/* `count` times `text`, between `before` and `after`; NULL if it parses. */
static const char *
repeated(const char *before, const char *text, size_t count, const char *middle,
	const char *after, size_t after_count)
{
	static struct err err;
	struct buf buf = { NULL, 0, 0 };
	struct region *own = region_new();

	err = (struct err)ERR_INIT;
	buf_add_string(&buf, before);
	for (size_t i = 0; i < count; i++)
		buf_add_string(&buf, text);
	buf_add_string(&buf, middle);
	for (size_t i = 0; i < after_count; i++)
		buf_add_string(&buf, after);
	const struct ast_program *program = parse_program("x",
	    buf_string(&buf), buf.size, 0, own, &err);
	buf_fini(&buf);
	region_drop(&own);
	return program != NULL ? NULL : err.message;
}

Test(parse, depth_is_bounded)
{
	const char *deep = "the program is nested more than 200 deep";
	const char *tall = "an expression is at most 1000 operands deep";

	cr_expect_null(repeated("where ", "(", 150, "x", ")", 150));
	cr_expect_str_eq(repeated("where ", "(", 100000, "x", ")", 100000),
	    deep);
	cr_expect_str_eq(repeated("where ", "[", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("where ", "{a:", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("where ", "f(", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("where ", "x[", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("where ", "f\"{", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("where ", "case when ", 100000, "", "", 0),
	    deep);
	cr_expect_str_eq(repeated("where ", "(from a | where ", 100000, "", "",
	    0), deep);
	cr_expect_str_eq(repeated("", "tee (", 100000, "", "", 0), deep);
	cr_expect_str_eq(repeated("", "union (", 100000, "", "", 0), deep);
	cr_expect_null(repeated("where ", "not ", 900, "x", "", 0));
	cr_expect_str_eq(repeated("where ", "not ", 100000, "x", "", 0), tall);
	cr_expect_str_eq(repeated("where ", "-", 100000, "x", "", 0), tall);
	cr_expect_null(repeated("where x", " or x", 900, "", "", 0));
	cr_expect_str_eq(repeated("where x", " or x", 100000, "", "", 0),
	    tall);
	cr_expect_str_eq(repeated("where x", ".y", 100000, "", "", 0), tall);
	cr_expect_str_eq(repeated("where x", " + x", 100000, "", "", 0), tall);
	/* Chains in parentheses in chains are as tall as all together. */
	cr_expect_str_eq(repeated("where ", "(", 150, "x",
	    "+x+x+x+x+x+x+x+x+x+x)", 150), tall);
	/* What is long but not deep is no matter. */
	cr_expect_null(repeated("select a", ", a", 100000, "", "", 0));
	cr_expect_null(repeated("where x", " | where x", 100000, "", "", 0));
	cr_expect_null(repeated("where x in [1", ", 1", 100000, "]", "", 0));
}

Test(parse, hostile_bytes)
{
	struct err err = ERR_INIT;

	cr_expect_null(parse_program("x", "where a\0b", 9, 0, region, &err));
	cr_expect_str_eq(err.message, "found the control character 0x00");
	cr_expect_eq(err.span_offset, 7);
	struct err utf = ERR_INIT;
	cr_expect_null(parse_program("x", "where \xff", 7, 0, region, &utf));
	cr_expect_str_eq(utf.message, "byte 0xff is no UTF-8 here");
	struct err comment = ERR_INIT;
	cr_expect_null(parse_program("x", "where a # \xc3", 11, 0, region,
	    &comment));
	cr_expect_eq(comment.kind, ERR_PROGRAM);
	struct err longer = ERR_INIT;
	cr_expect_null(parse_program("x", "", (size_t)1 << 30, 0, region,
	    &longer));
	cr_expect_str_eq(longer.message, "a program is at most 64 MiB long");
}

/* Every way to stop too early has a message and a hint. */
Test(parse, every_prefix_of_a_program_is_answered)
{
	const char *text = "let $x = [1, {a: 2}]; fn f($a) = case when $a then "
	    "1 else 2 end; op o = head 3; from \"a\" | join (from b) as u on "
	    "x == u.x within 1m | match a = (x){1,2} then b = (y) within 1m "
	    "by c unmatched to \"d\" | process by e { var $s = null; when x "
	    "{ emit {y}; clear } on timer { timer 1h } } | parse l with /x/i "
	    "else drop | aggregate n = sum(f\"{a:.1}\") where `b c` is not "
	    "null by d window hop(1m, every=2m) emit every 1s late update 1s "
	    "to \"e\" | sort by f desc nulls last | unnest g as h, i";
	for (size_t size = 0; size < strlen(text); size++) {
		struct region *own = region_new();
		struct err err = ERR_INIT;
		char prefix[800];
		memcpy(prefix, text, size);
		prefix[size] = '\0';
		if (parse_program("x", prefix, size, 0, own, &err) == NULL) {
			cr_expect_neq(err.message[0], '\0', "%s", prefix);
			cr_expect_neq(err.hint[0], '\0', "%s: %s", prefix,
			    err.message);
			cr_expect(err.has_span);
		}
		region_drop(&own);
	}
	cr_expect_not_null(program_of(text, 0, region));
}
