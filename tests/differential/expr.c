/*
 * Expressions in two languages.
 *
 * The program's text has parentheses only where precedence needs them, and now
 * and then more; the SQL has them everywhere.  So each expression also tests
 * the parser.
 *
 * Where the languages differ:
 *
 *	/ of ints	a float here: CAST(a AS REAL)
 *	// and %	towards minus infinity here: ((a % b) + b) % b, and so on
 *	text in CSV	a number beside a number, text beside text: every field
 *			has a typed column and one with its text
 *	least		nulls do not count
 *	overflow	an error here: numbers are kept far from it (`most`)
 */
#include "expr.h"

#include <stdlib.h>
#include <string.h>

#include "draw.h"

#define MOST_EXACT 1e14

static const char *const compare_words[] = {
	"==", "!=", "<", "<=", ">", ">=", NULL,
};
static const char *const literals[] = {
	"", "a", "ab", "abc", "web1", "GET", "x y", "éa", "2021-06-15", "\"",
	"b", "z", "O'Neil", "grüße", "true", "10", "a\"b", "\n", NULL,
};
static const char *const parts[] = {
	"a", "b", "e", "we", "-0", "1", "é", "日", "\"", " ", "bc", "2021", "\\",
	"\n", NULL,
};

/* --- fields --- */

const struct field *
scope_draw(const struct scope *scope, unsigned kinds)
{
	unsigned found[FIELD_COUNT_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < scope->count; i++) {
		if ((kinds >> scope->field[i].kind & 1) != 0)
			found[count++] = i;
	}
	return count == 0 ? NULL : &scope->field[found[draw_below(count)]];
}

const struct field *
scope_draw_key(const struct scope *scope)
{
	unsigned found[FIELD_COUNT_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < scope->count; i++) {
		if (scope->field[i].keyable)
			found[count++] = i;
	}
	return count == 0 ? NULL : &scope->field[found[draw_below(count)]];
}

/* --- putting together --- */

char *
sql_text(const char *sql, enum kind kind)
{
	switch (kind) {
	case KIND_INT:
	case KIND_BIG:
		return say("CAST(%s AS TEXT)", sql);
	case KIND_FLOAT:
	case KIND_REAL:
		return say("CASE typeof(%s) WHEN 'real' THEN "
		    "printf('%%!.17g', %s) ELSE CAST(%s AS TEXT) END", sql,
		    sql, sql);
	case KIND_BOOL:
		return say("CASE WHEN %s THEN 'true' WHEN NOT %s THEN 'false' "
		    "END", sql, sql);
	default:
		return say("%s", sql);
	}
}

char *
expr_operand(const struct expr *expr, enum level level)
{
	if (expr->level < level || draw_chance(8))
		return say("(%s)", expr->flow);
	return say("%s", expr->flow);
}

static struct expr
make(enum kind kind, enum level level, double most, char *flow, char *sql)
{
	return (struct expr){ .flow = flow, .sql = sql, .level = level,
	    .kind = kind, .most = most };
}

static struct expr
of_field(const struct field *field)
{
	int is_text = (KINDS_TEXT >> field->kind & 1) != 0;

	return make(is_text ? KIND_TEXT : field->kind, LEVEL_PRIMARY,
	    field->most, say("%s", field->ref), say("%s", is_text ?
	    field->text : field->sql));
}

static enum kind
wider(const struct expr *a, const struct expr *b)
{
	return a->kind == KIND_FLOAT || b->kind == KIND_FLOAT ? KIND_FLOAT :
	    a->kind;
}

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

/* if, case, ?? and nullif, of two values of one kind. */
static struct expr
choose(const struct scope *scope, unsigned depth, const struct expr *a,
	const struct expr *b)
{
	struct expr on = expr_bool(scope, depth);
	enum kind kind = wider(a, b);
	double most = larger(a->most, b->most);

	switch (draw_below(4)) {
	case 0:
		return make(kind, LEVEL_PRIMARY, most, say("if(%s, %s, %s)",
		    on.flow, a->flow, b->flow),
		    say("(CASE WHEN %s THEN %s ELSE %s END)", on.sql, a->sql,
		    b->sql));
	case 1: {
		struct expr other = expr_bool(scope, depth);
		return make(kind, LEVEL_PRIMARY, most,
		    say("case when %s then %s when %s then %s end", on.flow,
		    a->flow, other.flow, b->flow),
		    say("(CASE WHEN %s THEN %s WHEN %s THEN %s END)", on.sql,
		    a->sql, other.sql, b->sql));
	}
	case 2:
		return make(kind, LEVEL_PRIMARY, most, say("nullif(%s, %s)",
		    a->flow, b->flow), say("nullif(%s, %s)", a->sql, b->sql));
	default:
		return make(kind, LEVEL_ELSE, most, say("%s ?? %s",
		    expr_operand(a, LEVEL_RANGE), expr_operand(b,
		    LEVEL_RANGE)), say("coalesce(%s, %s)", a->sql, b->sql));
	}
}

/* --- numbers --- */

static struct expr
number_literal(void)
{
	if (draw_chance(70)) {
		int number = (int)draw_between(-12, 12);
		return make(KIND_INT, number < 0 ? LEVEL_UNARY : LEVEL_PRIMARY,
		    12, say("%d", number), say("(%d)", number));
	}
	static const char *const floats[] = {
		"0.5", "2.25", "1e3", "0.0", "12.75", "100.125", NULL,
	};
	const char *text = draw_word(floats);
	return make(KIND_FLOAT, LEVEL_PRIMARY, 1000, say("%s", text),
	    say("%s", text));
}

static struct expr
number_leaf(const struct scope *scope)
{
	const struct field *field = scope_draw(scope, KINDS_NUMBER);

	if (field == NULL || draw_chance(15))
		return number_literal();
	return of_field(field);
}

static struct expr
number_of_text(const struct scope *scope, unsigned depth)
{
	struct expr text = expr_text(scope, depth);

	if (draw_chance(60))
		return make(KIND_INT, LEVEL_PRIMARY, 1000, say("len(%s)",
		    text.flow), say("length(%s)", text.sql));
	const char *part = draw_word(parts);
	return make(KIND_INT, LEVEL_PRIMARY, 1000, say("find(%s, %s)",
	    text.flow, say_quoted(part)), say("instr(%s, %s)", text.sql,
	    say_sql(part)));
}

/* + - * */
static struct expr
sum_or_product(const struct expr *a, const struct expr *b)
{
	char op = "+-*"[draw_below(3)];

	if (a->most * b->most > MOST_EXACT && op == '*')
		op = '-';
	enum level level = op == '*' ? LEVEL_TERM : LEVEL_SUM;
	return make(wider(a, b), level, op == '*' ? a->most * b->most + 1 :
	    a->most + b->most, say("%s %c %s", expr_operand(a, level), op,
	    expr_operand(b, level + 1)), say("(%s %c %s)", a->sql, op,
	    b->sql));
}

/* / // % by a literal. */
static struct expr
quotient(const struct expr *a)
{
	int by = (int)draw_between(1, 9) * (draw_chance(30) ? -1 : 1);
	char *flow = expr_operand(a, LEVEL_TERM);
	char *mod = say("(((%s %% (%d)) + (%d)) %% (%d))", a->sql, by, by, by);

	if (a->kind == KIND_FLOAT || draw_chance(40))
		return make(KIND_FLOAT, LEVEL_TERM, a->most, say("%s / %d",
		    flow, by), say("(CAST(%s AS REAL) / (%d))", a->sql, by));
	if (draw_chance(50))
		return make(KIND_INT, LEVEL_TERM, 10, say("%s %% %d", flow,
		    by), mod);
	return make(KIND_INT, LEVEL_TERM, a->most + 1, say("%s // %d", flow,
	    by), say("((%s - %s) / (%d))", a->sql, mod, by));
}

static struct expr
number_call(const struct expr *a, const struct expr *b)
{
	static const char *const round_words[] = {
		"floor", "ceil", "round", NULL,
	};
	const char *round = draw_word(round_words);
	const char *pick = draw_chance(50) ? "least" : "greatest";

	switch (draw_below(4)) {
	case 0:
		return make(a->kind, LEVEL_PRIMARY, a->most, say("abs(%s)",
		    a->flow), say("abs(%s)", a->sql));
	case 1:
		return make(KIND_INT, LEVEL_PRIMARY, 1, say("sign(%s)",
		    a->flow), say("sign(%s)", a->sql));
	case 2:
		/* SQL's round makes a float of an int. */
		return make(a->kind, LEVEL_PRIMARY, a->most + 1,
		    say("%s(%s)", round, a->flow), a->kind == KIND_INT ?
		    say("%s", a->sql) : say("%s(%s)", round, a->sql));
	default:
		return make(wider(a, b), LEVEL_PRIMARY, larger(a->most,
		    b->most), say("%s(%s, %s)", pick, a->flow, b->flow),
		    say("coalesce(%s(%s, %s), %s, %s)", *pick == 'l' ? "min" :
		    "max", a->sql, b->sql, a->sql, b->sql));
	}
}

struct expr
expr_number(const struct scope *scope, unsigned depth)
{
	if (depth == 0)
		return number_leaf(scope);
	if (draw_chance(15))
		return number_of_text(scope, depth - 1);
	struct expr a = expr_number(scope, depth - 1);
	struct expr b = expr_number(scope, depth - 1);
	switch (draw_below(8)) {
	case 0:
		return quotient(&a);
	case 1:
		return number_call(&a, &b);
	case 2:
		return choose(scope, depth - 1, &a, &b);
	case 3:
		return make(a.kind, LEVEL_UNARY, a.most, say("-%s",
		    expr_operand(&a, LEVEL_UNARY)), say("(-%s)", a.sql));
	case 4:
		return a;
	default:
		return sum_or_product(&a, &b);
	}
}

/* --- texts --- */

static struct expr
text_literal(const char *text)
{
	return make(KIND_TEXT, LEVEL_PRIMARY, 0, say_quoted(text),
	    say_sql(text));
}

static struct expr
text_leaf(const struct scope *scope)
{
	const struct field *field = scope_draw(scope, KINDS_TEXT);

	if (field == NULL || draw_chance(10))
		return text_literal(draw_word(literals));
	return of_field(field);
}

static struct expr
text_part(const struct expr *a)
{
	int from = 1 + (int)draw_below(5);
	int size = (int)draw_below(5);

	switch (draw_below(3)) {
	case 0:
		return make(KIND_TEXT, LEVEL_PRIMARY, 0,
		    say("substr(%s, %d, %d)", a->flow, from, size),
		    say("substr(%s, %d, %d)", a->sql, from, size));
	case 1:
		return make(KIND_TEXT, LEVEL_PRIMARY, 0, say("left(%s, %d)",
		    a->flow, size), say("substr(%s, 1, %d)", a->sql, size));
	default:
		return make(KIND_TEXT, LEVEL_PRIMARY, 0, say("right(%s, %d)",
		    a->flow, from), say("substr(%s, -%d)", a->sql, from));
	}
}

static struct expr
text_put_together(const struct expr *a, const struct expr *b)
{
	if (draw_chance(50) || strchr(a->flow, '"') != NULL ||
	    strchr(b->flow, '"') != NULL)
		return make(KIND_TEXT, LEVEL_PRIMARY, 0,
		    say("concat(%s, \"-\", %s)", a->flow, b->flow),
		    say("(%s || '-' || %s)", a->sql, b->sql));
	return make(KIND_TEXT, LEVEL_PRIMARY, 0, say("f\"{%s}:{%s}\"", a->flow,
	    b->flow), say("(coalesce(%s, '') || ':' || coalesce(%s, ''))",
	    a->sql, b->sql));
}

static struct expr
text_changed(const struct expr *a)
{
	static const char *const sides[] = { "trim", "ltrim", "rtrim", NULL };
	static const char *const sets[] = { " ", "ab", "a\" ", "éx", NULL };
	const char *side = draw_word(sides);
	const char *set = draw_word(sets);
	const char *part = draw_word(parts);
	const char *new = draw_chance(30) ? "" : draw_word(literals);

	if (draw_chance(40))
		return make(KIND_TEXT, LEVEL_PRIMARY, 0, say("%s(%s, %s)",
		    side, a->flow, say_quoted(set)), say("%s(%s, %s)", side,
		    a->sql, say_sql(set)));
	if (draw_chance(20))
		return make(KIND_TEXT, LEVEL_PRIMARY, 0,
		    say("if_empty(%s, \"none\")", a->flow),
		    say("coalesce(nullif(%s, ''), 'none')", a->sql));
	return make(KIND_TEXT, LEVEL_PRIMARY, 0, say("replace(%s, %s, %s)",
	    a->flow, say_quoted(part), say_quoted(new)),
	    say("replace(%s, %s, %s)", a->sql, say_sql(part), say_sql(new)));
}

struct expr
expr_text(const struct scope *scope, unsigned depth)
{
	if (depth == 0)
		return text_leaf(scope);
	struct expr a = expr_text(scope, depth - 1);
	struct expr b = expr_text(scope, depth - 1);
	switch (draw_below(5)) {
	case 0:
		return text_part(&a);
	case 1:
		return text_put_together(&a, &b);
	case 2:
		return text_changed(&a);
	case 3:
		return choose(scope, depth - 1, &a, &b);
	default:
		return a;
	}
}

/* --- conditions --- */

static struct expr
compare(const struct expr *a, const struct expr *b)
{
	const char *op = draw_word(compare_words);

	return make(KIND_BOOL, LEVEL_COMPARE, 0, say("%s %s %s",
	    expr_operand(a, LEVEL_ELSE), op, expr_operand(b, LEVEL_ELSE)),
	    say("(%s %s %s)", a->sql, op, b->sql));
}

/* x in low..high, x in [a, b, c]. */
static struct expr
among(const struct expr *x, const struct expr *a, const struct expr *b,
	const struct expr *c)
{
	const char *not = draw_chance(30) ? "not " : "";

	if (draw_chance(40))
		return make(KIND_BOOL, LEVEL_COMPARE, 0, say("%s %sin %s..%s",
		    expr_operand(x, LEVEL_ELSE), not, expr_operand(a,
		    LEVEL_SUM), expr_operand(b, LEVEL_SUM)),
		    say("(%s %sBETWEEN %s AND %s)", x->sql, not, a->sql,
		    b->sql));
	return make(KIND_BOOL, LEVEL_COMPARE, 0, say("%s %sin [%s, %s, %s]",
	    expr_operand(x, LEVEL_ELSE), not, a->flow, b->flow, c->flow),
	    say("(%s %sIN (%s, %s, %s))", x->sql, not, a->sql, b->sql,
	    c->sql));
}

static struct expr
number_condition(const struct scope *scope, unsigned depth)
{
	struct expr a = expr_number(scope, depth);
	struct expr b = expr_number(scope, draw_chance(50) ? 0 : depth);

	if (draw_chance(75))
		return compare(&a, &b);
	if (draw_chance(70)) {
		struct expr low = number_literal();
		struct expr high = number_literal();
		struct expr other = number_literal();
		return among(&a, &low, &high, &other);
	}
	struct expr c = expr_number(scope, 0);
	return among(&a, &b, &c, &b);
}

static struct expr
text_question(const struct expr *a)
{
	static const char *const patterns[] = {
		"a%", "%b", "%a%", "_", "__", "%", "w_b%", "GET", "%\"%",
		"é_", NULL,
	};
	const char *part = draw_word(parts);
	const char *pattern = draw_word(patterns);
	char *sql = say_sql(part);

	switch (draw_below(4)) {
	case 0:
		return make(KIND_BOOL, LEVEL_PRIMARY, 0,
		    say("contains(%s, %s)", a->flow, say_quoted(part)),
		    say("(instr(%s, %s) > 0)", a->sql, sql));
	case 1:
		return make(KIND_BOOL, LEVEL_PRIMARY, 0,
		    say("starts_with(%s, %s)", a->flow, say_quoted(part)),
		    say("(substr(%s, 1, length(%s)) = %s)", a->sql, sql, sql));
	case 2:
		return make(KIND_BOOL, LEVEL_PRIMARY, 0,
		    say("ends_with(%s, %s)", a->flow, say_quoted(part)),
		    say("(substr(%s, -length(%s)) = %s)", a->sql, sql, sql));
	default:
		return make(KIND_BOOL, LEVEL_PRIMARY, 0, say("like(%s, %s)",
		    a->flow, say_quoted(pattern)), say("(%s LIKE %s)", a->sql,
		    say_sql(pattern)));
	}
}

static struct expr
text_condition(const struct scope *scope, unsigned depth)
{
	struct expr a = expr_text(scope, depth);
	struct expr b = expr_text(scope, 0);
	struct expr low = text_literal(draw_word(literals));
	struct expr high = text_literal(draw_word(literals));

	switch (draw_below(4)) {
	case 0:
		return compare(&a, &b);
	case 1:
		return compare(&a, &low);
	case 2:
		return among(&a, &low, &high, &b);
	default:
		return text_question(&a);
	}
}

/* What may be a number or a text, beside either. */
static struct expr
mixed_condition(const struct scope *scope, const struct field *field)
{
	struct expr x = of_field(field);
	struct expr number = number_literal();
	struct expr text = text_literal(draw_chance(50) ? "10" :
	    draw_word(literals));
	const struct field *other = scope_draw(scope, 1u << KIND_MIXED |
	    KINDS_NUMBER);

	if (draw_chance(30))
		return compare(&x, &number);
	if (draw_chance(40)) {
		if (field->raw)
			x.sql = say("%s", field->text);
		return compare(&x, &text);
	}
	struct expr y = of_field(other);
	if (field->raw && other->raw) {
		const char *op = draw_word(compare_words);
		return make(KIND_BOOL, LEVEL_COMPARE, 0, say("%s %s %s",
		    x.flow, op, y.flow), say("(CASE WHEN typeof(%s) = 'text' "
		    "OR typeof(%s) = 'text' THEN %s %s %s ELSE %s %s %s END)",
		    x.sql, y.sql, field->text, op, other->text, x.sql, op,
		    y.sql));
	}
	return compare(&x, &y);
}

static struct expr
null_condition(const struct scope *scope)
{
	const struct field *field = &scope->field[draw_below(scope->count)];
	const char *not = draw_chance(50) ? "not " : "";

	return make(KIND_BOOL, LEVEL_COMPARE, 0, say("%s is %snull",
	    field->ref, not), say("(%s IS %sNULL)", field->sql, not));
}

static struct expr
bool_leaf(const struct scope *scope, unsigned depth)
{
	const struct field *mixed = scope_draw(scope, 1u << KIND_MIXED);
	const struct field *big = scope_draw(scope, 1u << KIND_BIG);
	const struct field *flag = scope_draw(scope, 1u << KIND_BOOL);

	if (draw_chance(10))
		return null_condition(scope);
	if (mixed != NULL && draw_chance(20))
		return mixed_condition(scope, mixed);
	if (big != NULL && draw_chance(20)) {
		const struct field *other = scope_draw(scope, KINDS_NUMBER |
		    1u << KIND_BIG);
		struct expr a = of_field(big);
		struct expr b = draw_chance(50) ? of_field(other) :
		    make(KIND_INT, LEVEL_PRIMARY, 0,
		    say("9223372036854775807"), say("9223372036854775807"));
		return compare(&a, &b);
	}
	if (flag != NULL && draw_chance(20)) {
		struct expr is = of_field(flag);
		if (flag->raw || draw_chance(50)) {
			is.level = LEVEL_COMPARE;
			is.flow = say("%s == true", flag->ref);
		}
		return is;
	}
	return draw_chance(55) ? number_condition(scope, depth) :
	    text_condition(scope, depth);
}

struct expr
expr_bool(const struct scope *scope, unsigned depth)
{
	if (depth == 0 || draw_chance(40))
		return bool_leaf(scope, depth > 0 ? depth - 1 : 0);
	struct expr a = expr_bool(scope, depth - 1);
	if (draw_chance(25))
		return make(KIND_BOOL, LEVEL_NOT, 0, say("not %s",
		    expr_operand(&a, LEVEL_NOT)), say("(NOT %s)", a.sql));
	struct expr b = expr_bool(scope, depth - 1);
	enum level level = draw_chance(50) ? LEVEL_AND : LEVEL_OR;
	return make(KIND_BOOL, level, 0, say("%s %s %s", expr_operand(&a,
	    level), level == LEVEL_AND ? "and" : "or", expr_operand(&b,
	    level + 1)), say("(%s %s %s)", a.sql, level == LEVEL_AND ? "AND" :
	    "OR", b.sql));
}
