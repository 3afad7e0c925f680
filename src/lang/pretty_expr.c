/*
 * Expressions as text.  Parentheses are written where the grammar needs them
 * and nowhere else: every operator has a level, and a child of a lower level
 * than its place asks for is put in parentheses.  Literals are printed as they
 * were written if the tree knows it.
 */
#include <stdio.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/pretty.h"
#include "lang/pretty_priv.h"
#include "lang/stage.h"

/* Loosest first; the productions of parse_expr.c. */
enum level {
	LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_CMP, LEVEL_ALT, LEVEL_RANGE,
	LEVEL_SUM, LEVEL_TERM, LEVEL_UNARY, LEVEL_POSTFIX, LEVEL_PRIMARY,
};

static const struct {
	const char *text;
	enum level level, left, right;
} operators[] = {
	[AST_OP_OR] = { "or", LEVEL_OR, LEVEL_OR, LEVEL_AND },
	[AST_OP_AND] = { "and", LEVEL_AND, LEVEL_AND, LEVEL_NOT },
	[AST_OP_EQ] = { "==", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_NE] = { "!=", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_LT] = { "<", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_LE] = { "<=", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_GT] = { ">", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_GE] = { ">=", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_MATCH] = { "~", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_NOT_MATCH] = { "!~", LEVEL_CMP, LEVEL_ALT, LEVEL_ALT },
	[AST_OP_COALESCE] = { "??", LEVEL_ALT, LEVEL_ALT, LEVEL_RANGE },
	[AST_OP_ADD] = { "+", LEVEL_SUM, LEVEL_SUM, LEVEL_TERM },
	[AST_OP_SUB] = { "-", LEVEL_SUM, LEVEL_SUM, LEVEL_TERM },
	[AST_OP_MUL] = { "*", LEVEL_TERM, LEVEL_TERM, LEVEL_UNARY },
	[AST_OP_DIV] = { "/", LEVEL_TERM, LEVEL_TERM, LEVEL_UNARY },
	[AST_OP_INT_DIV] = { "//", LEVEL_TERM, LEVEL_TERM, LEVEL_UNARY },
	[AST_OP_MOD] = { "%", LEVEL_TERM, LEVEL_TERM, LEVEL_UNARY },
};

static void expr_at(struct pretty *, const struct ast_expr *, enum level);

void
pretty_name(struct pretty *pretty, const struct ast_text *name)
{
	if (letter_is_name(name->bytes, name->size) &&
	    !letter_is_reserved(name->bytes, name->size)) {
		buf_add(&pretty->text, name->bytes, name->size);
		return;
	}
	buf_add_char(&pretty->text, '`');
	for (uint32_t i = 0; i < name->size; i++) {
		if (name->bytes[i] == '`')
			buf_add_char(&pretty->text, '`');
		buf_add_char(&pretty->text, name->bytes[i]);
	}
	buf_add_char(&pretty->text, '`');
}

/* One character of a string, or one byte that is none. */
static uint32_t
add_character(struct pretty *pretty, const char *bytes, uint32_t size)
{
	static const char from[] = "\n\t\r\"\\";
	static const char to[] = "ntr\"\\";
	uint32_t code;
	uint32_t length = letter_decode(bytes, size, &code);
	unsigned char byte = (unsigned char)bytes[0];
	const char *found = byte != 0 ? strchr(from, byte) : NULL;

	if (found != NULL) {
		buf_add_char(&pretty->text, '\\');
		buf_add_char(&pretty->text, to[found - from]);
	} else if (byte == 0) {
		buf_add_string(&pretty->text, "\\0");
	} else if (length == 0 || byte < ' ' || byte == 0x7f ||
	    (byte == '\'' && !pretty->wide)) {
		/* A quote would end the shell's: the one-line form has none. */
		buf_add_format(&pretty->text, "\\x%02x", byte);
	} else {
		buf_add(&pretty->text, bytes, length);
		return length;
	}
	return 1;
}

void
pretty_string(struct pretty *pretty, const struct ast_text *text)
{
	buf_add_char(&pretty->text, '"');
	for (uint32_t i = 0; i < text->size;)
		i += add_character(pretty, text->bytes + i, text->size - i);
	buf_add_char(&pretty->text, '"');
}

/* As it was written, if r"..." can hold it. */
static void
add_string(struct pretty *pretty, const struct ast_expr *expr)
{
	const struct ast_text *text = &expr->text;

	if (expr->flags.bytes == NULL || memchr(text->bytes, '"', text->size) ||
	    (text->size > 0 && !letter_is_quotable(text->bytes, text->size)) ||
	    (!pretty->wide && memchr(text->bytes, '\'', text->size))) {
		pretty_string(pretty, text);
		return;
	}
	buf_add_string(&pretty->text, "r\"");
	buf_add(&pretty->text, text->bytes, text->size);
	buf_add_char(&pretty->text, '"');
}

static void
add_regex(struct pretty *pretty, const struct ast_expr *expr)
{
	const struct ast_text *text = &expr->text;

	buf_add_char(&pretty->text, '/');
	for (uint32_t i = 0; i < text->size; i++) {
		if (text->bytes[i] == '/')
			buf_add_char(&pretty->text, '\\');
		buf_add_char(&pretty->text, text->bytes[i]);
		if (text->bytes[i] == '\\' && i + 1 < text->size)
			buf_add_char(&pretty->text, text->bytes[++i]);
	}
	buf_add_char(&pretty->text, '/');
	if (expr->flags.bytes != NULL)
		buf_add(&pretty->text, expr->flags.bytes, expr->flags.size);
}

static void
add_fstring(struct pretty *pretty, const struct ast_expr *expr)
{
	pretty_text(pretty, "f\"");
	for (uint32_t i = 0; i < expr->piece_count; i++) {
		const struct ast_piece *piece = &expr->piece[i];
		const struct ast_text *text = &piece->text;
		if (piece->expr == NULL) {
			for (uint32_t at = 0; at < text->size;) {
				char c = text->bytes[at];
				if (c == '{' || c == '}')
					buf_add_char(&pretty->text, c);
				at += add_character(pretty, text->bytes + at,
				    text->size - at);
			}
			continue;
		}
		/* "{{" would be a brace. */
		int is_record =
		    pretty_leftmost(piece->expr)->kind == AST_RECORD;
		pretty->flat++;
		pretty_text(pretty, is_record ? "{(" : "{");
		pretty_add_expr(pretty, piece->expr);
		if (is_record)
			buf_add_char(&pretty->text, ')');
		pretty->flat--;
		if (piece->format.bytes != NULL) {
			buf_add_char(&pretty->text, ':');
			buf_add(&pretty->text, piece->format.bytes,
			    piece->format.size);
		}
		buf_add_char(&pretty->text, '}');
	}
	buf_add_char(&pretty->text, '"');
}

/* From large to small, as lex_number.c reads them. */
static void
add_duration(struct pretty *pretty, int64_t microseconds)
{
	static const struct { const char *name; int64_t worth; } units[] = {
		{ "d", 86400000000 }, { "h", 3600000000 }, { "m", 60000000 },
		{ "s", 1000000 }, { "ms", 1000 }, { "us", 1 },
	};

	if (microseconds == 0)
		pretty_text(pretty, "0s");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		int64_t count = microseconds / units[i].worth;
		if (count == 0)
			continue;
		buf_add_format(&pretty->text, "%lld%s", (long long)count,
		    units[i].name);
		microseconds -= count * units[i].worth;
	}
}

static void
add_size(struct pretty *pretty, int64_t bytes)
{
	static const struct { const char *name; int64_t worth; } units[] = {
		{ "PiB", (int64_t)1 << 50 }, { "TiB", (int64_t)1 << 40 },
		{ "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 },
		{ "kB", 1000 }, { "B", 1 },
	};
	size_t i = 0;

	while (bytes % units[i].worth != 0 || bytes < units[i].worth) {
		if (units[i].worth == 1)
			break;
		i++;
	}
	buf_add_format(&pretty->text, "%lld%s",
	    (long long)(bytes / units[i].worth), units[i].name);
}

/* Days since 1970 to a date: the inverse of lex_time.c. */
static void
add_time(struct pretty *pretty, int64_t microseconds)
{
	int64_t second = microseconds / 1000000;
	int64_t fraction = microseconds % 1000000;

	if (fraction < 0) {
		fraction += 1000000;
		second--;
	}
	int64_t days = second / 86400;
	int64_t of_day = second % 86400;
	if (of_day < 0) {
		of_day += 86400;
		days--;
	}
	/* Count from 0000-03-01 in eras of 400 years. */
	days += 719468;
	int64_t era = days / 146097;
	int64_t day = days % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	int64_t month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	year += 400 * era + (month < 3);
	buf_add_format(&pretty->text, "@%04d-%02d-%02dT%02d:%02d:%02d",
	    (int)year, (int)month, (int)day + 1, (int)(of_day / 3600),
	    (int)(of_day / 60 % 60), (int)(of_day % 60));
	if (fraction != 0)
		buf_add_format(&pretty->text, ".%06d", (int)fraction);
	buf_add_char(&pretty->text, 'Z');
}

/* The shortest text that reads back as the same number. */
static void
add_float(struct pretty *pretty, double number)
{
	char text[40];

	for (int digits = 1; digits <= 17; digits++) {
		double back = 0;
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (sscanf(text, "%lf", &back) == 1 && back == number)
			break;
	}
	pretty_text(pretty, text);
	if (strpbrk(text, ".en") == NULL)
		pretty_text(pretty, ".0");
}

static void
add_number(struct pretty *pretty, const struct ast_expr *expr)
{
	if (expr->text.bytes != NULL)
		buf_add(&pretty->text, expr->text.bytes, expr->text.size);
	else if (expr->kind == AST_INT)
		buf_add_format(&pretty->text, "%lld",
		    (long long)expr->integer);
	else if (expr->kind == AST_FLOAT)
		add_float(pretty, expr->number);
	else if (expr->kind == AST_DURATION)
		add_duration(pretty, expr->integer);
	else if (expr->kind == AST_SIZE)
		add_size(pretty, expr->integer);
	else
		add_time(pretty, expr->integer);
}

static void
add_arg(struct pretty *pretty, const struct ast_arg *arg)
{
	if (arg->name.bytes != NULL) {
		pretty_name(pretty, &arg->name);
		buf_add_char(&pretty->text, '=');
	}
	pretty_add_expr(pretty, arg->expr);
}

/* What opens a list in brackets that may be broken. */
static void
open_list(struct pretty *pretty, const char *bracket)
{
	pretty_mark(pretty, MARK_OPEN);
	pretty_text(pretty, bracket);
	pretty_mark(pretty, MARK_IN);
	pretty_mark(pretty, MARK_SOFT);
}

static void
close_list(struct pretty *pretty, const char *bracket)
{
	pretty_mark(pretty, MARK_OUT);
	pretty_mark(pretty, MARK_SOFT);
	pretty_text(pretty, bracket);
	pretty_mark(pretty, MARK_CLOSE);
}

static void
add_comma(struct pretty *pretty)
{
	buf_add_char(&pretty->text, ',');
	pretty_mark(pretty, MARK_BREAK);
}

void
pretty_add_args(struct pretty *pretty, const struct ast_args *args)
{
	if (args->count == 0) {
		pretty_text(pretty, "()");
		return;
	}
	open_list(pretty, "(");
	for (uint32_t i = 0; i < args->count; i++) {
		if (i > 0)
			add_comma(pretty);
		add_arg(pretty, &args->arg[i]);
	}
	close_list(pretty, ")");
}

static const char *
sets_word(enum ast_sets sets)
{
	return sets == AST_SETS_ROLLUP ? "rollup" : sets == AST_SETS_CUBE ?
	    "cube" : sets == AST_SETS_LIST ? "sets" : "";
}

/* rollup(...), cube(...), sets(...) or, inside of them, (...) */
static void
add_sets(struct pretty *pretty, const struct ast_item *item)
{
	int outer = pretty->takes_sets;

	pretty_text(pretty, sets_word(item->sets));
	if (item->members->count == 0) {
		pretty_text(pretty, "()");
		return;
	}
	pretty->takes_sets = item->sets == AST_SETS_LIST;
	open_list(pretty, "(");
	pretty_add_items(pretty, item->members);
	close_list(pretty, ")");
	pretty->takes_sets = outer;
}

/* A function of the program that is called as sets are. */
static const struct ast_expr *
call_like_sets(const struct ast_item *item)
{
	const struct ast_expr *first = pretty_leftmost(item->expr);

	if (item->name.bytes != NULL || first->kind != AST_CALL)
		return NULL;
	for (int sets = AST_SETS_ROLLUP; sets <= AST_SETS_LIST; sets++)
		if (strcmp(first->text.bytes, sets_word(sets)) == 0)
			return first;
	return NULL;
}

static void
add_item(struct pretty *pretty, const struct ast_item *item)
{
	if (item->sets != AST_SETS_NONE) {
		add_sets(pretty, item);
		return;
	}
	if (pretty->takes_sets)
		pretty->quoted = call_like_sets(item);
	if (item->name.bytes != NULL) {
		pretty_name(pretty, &item->name);
		pretty_text(pretty, item->colon ? ": " : " = ");
	}
	pretty_add_expr(pretty, item->expr);
	if (item->where != NULL) {
		pretty_text(pretty, " where ");
		pretty_add_expr(pretty, item->where);
	}
}

void
pretty_add_items(struct pretty *pretty, const struct ast_items *items)
{
	for (uint32_t i = 0; i < items->count; i++) {
		const struct ast_item *item = &items->item[i];
		if (i > 0) {
			buf_add_char(&pretty->text, ',');
			pretty_trailing(pretty, item->span.offset);
			pretty_mark(pretty, MARK_BREAK);
		}
		pretty_comments(pretty, item->span.offset);
		add_item(pretty, item);
	}
}

void
pretty_add_by(struct pretty *pretty, const struct ast_items *by)
{
	int outer = pretty->takes_sets;

	pretty->takes_sets = 1;
	pretty_add_items(pretty, by);
	pretty->takes_sets = outer;
}

static void
add_list(struct pretty *pretty, const struct ast_expr *expr)
{
	if (expr->child_count == 0) {
		pretty_text(pretty, "[]");
		return;
	}
	open_list(pretty, "[");
	for (uint32_t i = 0; i < expr->child_count; i++) {
		if (i > 0)
			add_comma(pretty);
		pretty_add_expr(pretty, expr->child[i]);
	}
	close_list(pretty, "]");
}

static void
add_case(struct pretty *pretty, const struct ast_expr *expr)
{
	uint32_t i = 0;

	pretty_mark(pretty, MARK_OPEN);
	pretty_text(pretty, "case");
	pretty_mark(pretty, MARK_IN);
	for (; i + 1 < expr->child_count; i += 2) {
		pretty_mark(pretty, MARK_BREAK);
		pretty_text(pretty, "when ");
		pretty_add_expr(pretty, expr->child[i]);
		pretty_text(pretty, " then ");
		pretty_add_expr(pretty, expr->child[i + 1]);
	}
	if (i < expr->child_count) {
		pretty_mark(pretty, MARK_BREAK);
		pretty_text(pretty, "else ");
		pretty_add_expr(pretty, expr->child[i]);
	}
	pretty_mark(pretty, MARK_OUT);
	pretty_mark(pretty, MARK_BREAK);
	pretty_text(pretty, "end");
	pretty_mark(pretty, MARK_CLOSE);
}

static enum level
level_of(const struct ast_expr *expr)
{
	switch (expr->kind) {
	case AST_BINARY: return operators[expr->op].level;
	case AST_UNARY:
		return expr->op == AST_OP_NOT ? LEVEL_NOT : LEVEL_UNARY;
	case AST_IS_NULL: case AST_IN: return LEVEL_CMP;
	case AST_RANGE: return LEVEL_RANGE;
	case AST_MEMBER: case AST_INDEX: case AST_OPTIONAL:
		return LEVEL_POSTFIX;
	case AST_INT:
		return expr->integer < 0 ? LEVEL_UNARY : LEVEL_PRIMARY;
	case AST_FLOAT:
		return expr->number < 0 ? LEVEL_UNARY : LEVEL_PRIMARY;
	default: return LEVEL_PRIMARY;
	}
}

/* a and b and c: one group, however the tree leans. */
static void
add_chain(struct pretty *pretty, const struct ast_expr *expr)
{
	const struct ast_expr *left = expr->child[0];

	if (left->kind == AST_BINARY && left->op == expr->op)
		add_chain(pretty, left);
	else
		expr_at(pretty, left, operators[expr->op].left);
	pretty_mark(pretty, MARK_BREAK);
	pretty_text(pretty, operators[expr->op].text);
	buf_add_char(&pretty->text, ' ');
	expr_at(pretty, expr->child[1], operators[expr->op].right);
}

static void
add_binary(struct pretty *pretty, const struct ast_expr *expr)
{
	if (expr->op == AST_OP_AND || expr->op == AST_OP_OR) {
		pretty_mark(pretty, MARK_OPEN);
		pretty_mark(pretty, MARK_IN);
		add_chain(pretty, expr);
		pretty_mark(pretty, MARK_OUT);
		pretty_mark(pretty, MARK_CLOSE);
		return;
	}
	expr_at(pretty, expr->child[0], operators[expr->op].left);
	buf_add_char(&pretty->text, ' ');
	pretty_text(pretty, operators[expr->op].text);
	buf_add_char(&pretty->text, ' ');
	expr_at(pretty, expr->child[1], operators[expr->op].right);
}

static void
add_unary(struct pretty *pretty, const struct ast_expr *expr)
{
	if (expr->op == AST_OP_NOT) {
		/* not (a in b): that it takes the whole is not seen at once. */
		enum level level = level_of(expr->child[0]);
		pretty_text(pretty, "not ");
		expr_at(pretty, expr->child[0],
		    level == LEVEL_CMP ? LEVEL_ALT : LEVEL_NOT);
	} else {
		buf_add_char(&pretty->text, '-');
		expr_at(pretty, expr->child[0], LEVEL_UNARY);
	}
}

static void
add_postfix(struct pretty *pretty, const struct ast_expr *expr)
{
	const struct ast_expr *of = expr->child[0];

	/* x?? would be the operator. */
	expr_at(pretty, of, expr->kind == AST_OPTIONAL &&
	    of->kind == AST_OPTIONAL ? LEVEL_PRIMARY : LEVEL_POSTFIX);
	if (expr->kind == AST_OPTIONAL) {
		buf_add_char(&pretty->text, '?');
	} else if (expr->kind == AST_MEMBER) {
		buf_add_char(&pretty->text, '.');
		pretty_name(pretty, &expr->text);
	} else {
		buf_add_char(&pretty->text, '[');
		pretty_add_expr(pretty, expr->child[1]);
		buf_add_char(&pretty->text, ']');
	}
}

static void
add_field(struct pretty *pretty, const struct ast_expr *expr)
{
	if (strcmp(expr->text.bytes, "this") == 0)
		pretty_text(pretty, "`this`");
	else
		pretty_name(pretty, &expr->text);
}

static void
add_record(struct pretty *pretty, const struct ast_expr *expr)
{
	if (expr->items.count == 0) {
		pretty_text(pretty, "{}");
		return;
	}
	open_list(pretty, "{");
	pretty_add_items(pretty, &expr->items);
	close_list(pretty, "}");
}

/* The kinds whose text is made of other expressions. */
static void
add_compound(struct pretty *pretty, const struct ast_expr *expr)
{
	switch (expr->kind) {
	case AST_MEMBER: case AST_INDEX: case AST_OPTIONAL:
		add_postfix(pretty, expr);
		break;
	case AST_UNARY: add_unary(pretty, expr); break;
	case AST_BINARY: add_binary(pretty, expr); break;
	case AST_IS_NULL:
		expr_at(pretty, expr->child[0], LEVEL_ALT);
		pretty_text(pretty, expr->negated ? " is not null" :
		    " is null");
		break;
	case AST_IN:
		expr_at(pretty, expr->child[0], LEVEL_ALT);
		pretty_text(pretty, expr->negated ? " not in " : " in ");
		expr_at(pretty, expr->child[1], LEVEL_ALT);
		break;
	case AST_RANGE:
		expr_at(pretty, expr->child[0], LEVEL_SUM);
		pretty_text(pretty, "..");
		expr_at(pretty, expr->child[1], LEVEL_SUM);
		break;
	case AST_LIST: add_list(pretty, expr); break;
	case AST_RECORD: add_record(pretty, expr); break;
	case AST_CASE: add_case(pretty, expr); break;
	case AST_PIPELINE:
		open_list(pretty, "(");
		pretty_add_pipeline(pretty, expr->pipeline, MARK_BREAK);
		close_list(pretty, ")");
		break;
	default:
		break;
	}
}

void
pretty_add_expr(struct pretty *pretty, const struct ast_expr *expr)
{
	switch (expr->kind) {
	case AST_INT: case AST_FLOAT: case AST_DURATION: case AST_SIZE:
	case AST_TIME:
		add_number(pretty, expr);
		break;
	case AST_STRING: add_string(pretty, expr); break;
	case AST_FSTRING: add_fstring(pretty, expr); break;
	case AST_REGEX: add_regex(pretty, expr); break;
	case AST_BOOL:
		pretty_text(pretty, expr->integer ? "true" : "false");
		break;
	case AST_NULL: pretty_text(pretty, "null"); break;
	case AST_VAR:
		buf_add_char(&pretty->text, '$');
		buf_add(&pretty->text, expr->text.bytes, expr->text.size);
		break;
	case AST_COLUMN:
		buf_add_format(&pretty->text, "$%d", (int)expr->integer);
		break;
	case AST_FIELD: add_field(pretty, expr); break;
	case AST_THIS: pretty_text(pretty, "this"); break;
	case AST_STAR: buf_add_char(&pretty->text, '*'); break;
	case AST_CALL:
		if (expr == pretty->quoted)
			buf_add_char(&pretty->text, '`');
		pretty_name(pretty, &expr->text);
		if (expr == pretty->quoted)
			buf_add_char(&pretty->text, '`');
		pretty_add_args(pretty, &expr->args);
		break;
	default:
		add_compound(pretty, expr);
		break;
	}
}

/* The expression where at least `level` is asked for. */
static void
expr_at(struct pretty *pretty, const struct ast_expr *expr, enum level level)
{
	if (level_of(expr) >= level) {
		pretty_add_expr(pretty, expr);
		return;
	}
	buf_add_char(&pretty->text, '(');
	pretty_add_expr(pretty, expr);
	buf_add_char(&pretty->text, ')');
}

const struct ast_expr *
pretty_leftmost(const struct ast_expr *expr)
{
	for (;;) {
		switch (expr->kind) {
		case AST_MEMBER: case AST_INDEX: case AST_OPTIONAL:
		case AST_BINARY: case AST_IS_NULL: case AST_IN:
		case AST_RANGE:
			expr = expr->child[0];
			break;
		default:
			return expr;
		}
	}
}

void
pretty_expr(const struct ast_expr *expr, struct buf *result)
{
	struct pretty pretty = { .wide = 0 };

	pretty_add_expr(&pretty, expr);
	pretty_finish(&pretty, result);
}
