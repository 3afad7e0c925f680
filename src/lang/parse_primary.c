/*
 * Operands: literals, names, calls, brackets, case, f-strings; and what may
 * follow them (.name, [index], ?).  Here an operand is expected, so a slash
 * begins a regex, and a word of a clause is a field.
 */
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/parse_priv.h"
#include "util/err.h"
#include "util/mem.h"

/* A literal: the token's value becomes a node. */
static struct ast_expr *
literal(struct parser *p, enum ast_expr_kind kind)
{
	struct ast_expr *expr = parse_node(p, kind, p->token.span.offset);

	expr->integer = p->token.integer;
	expr->number = p->token.number;
	expr->text = p->token.text;
	expr->flags = p->token.flags;
	parse_advance(p);
	return parse_close(p, expr);
}

/* INT, with the one value refused that only exists below zero. */
static struct ast_expr *
integer(struct parser *p)
{
	if (!p->token.over)
		return literal(p, AST_INT);
	parse_error(p, p->token.span,
	    "a float holds larger numbers, rounded: write 1e19",
	    "an integer is at most 9223372036854775807");
	return NULL;
}

/* REGEX, where the current token is its slash. */
static struct ast_expr *
regex(struct parser *p)
{
	p->has_ahead = 0;
	lex_regex(&p->lex, p->token.span.offset, &p->token);
	if (p->token.kind != TOKEN_REGEX) {
		parse_fail(p, "a regex", NULL);
		return NULL;
	}
	return literal(p, AST_REGEX);
}

/* NAME | NAME args | "this" */
static struct ast_expr *
name(struct parser *p)
{
	struct ast_expr *expr = parse_node(p, AST_FIELD,
	    p->token.span.offset);
	int is_this = parse_at_word(p, "this");

	expr->text = p->token.text;
	parse_advance(p);
	if (p->token.kind == TOKEN_LPAREN) {
		expr->kind = AST_CALL;
		if (parse_args(p, &expr->args) != 0)
			return NULL;
	} else if (is_this) {
		expr->kind = AST_THIS;
		expr->text = (struct ast_text){ NULL, 0 };
	}
	return parse_close(p, expr);
}

/* Does a pipeline begin here, behind "("?  Or a field `from`? */
static int
begins_pipeline(struct parser *p)
{
	if (!parse_at_word(p, "from"))
		return 0;
	const struct token *next = parse_peek(p);
	return next->kind == TOKEN_STRING || next->kind == TOKEN_VAR ||
	    parse_is_name(next);
}

/* "(" pipeline ")", where a value is expected */
static struct ast_expr *
subquery(struct parser *p, uint32_t offset)
{
	struct ast_expr *expr = parse_node(p, AST_PIPELINE, offset);
	uint32_t tallest = p->tallest;

	p->tallest = 0;
	expr->pipeline = parse_pipeline(p);
	if (expr->pipeline == NULL ||
	    parse_expect_close(p, TOKEN_RPAREN, offset, "'|' or ')'") != 0)
		return NULL;
	expr->height = p->tallest + 1;
	if (p->tallest < tallest)
		p->tallest = tallest;
	return parse_close(p, expr);
}

/* "(" expr ")" | "(" pipeline ")" */
static struct ast_expr *
parentheses(struct parser *p)
{
	uint32_t offset = p->token.span.offset;

	parse_advance(p);
	if (begins_pipeline(p))
		return subquery(p, offset);
	struct ast_expr *expr = parse_expr(p);
	if (expr == NULL)
		return NULL;
	if (p->token.kind == TOKEN_COMMA) {
		parse_mend(p, offset, 1, "[");
		parse_error(p, p->token.span, "a list is written [1, 2, 3]",
		    "expected ')', found ','");
		return NULL;
	}
	if (parse_expect_close(p, TOKEN_RPAREN, offset,
	    "an operator or ')'") != 0)
		return NULL;
	return expr;
}

static int
add_child(struct parser *p, struct ast_expr *expr, struct ast_expr *child)
{
	if (child == NULL)
		return -1;
	expr->child = parse_grow(p, expr->child, expr->child_count,
	    sizeof(*expr->child));
	expr->child[expr->child_count++] = child;
	return 0;
}

/* "[" [ expr { "," expr } ] "]" */
static struct ast_expr *
list(struct parser *p)
{
	struct ast_expr *expr = parse_node(p, AST_LIST, p->token.span.offset);

	parse_advance(p);
	if (parse_take(p, TOKEN_RBRACKET))
		return parse_close(p, expr);
	do {
		if (add_child(p, expr, parse_expr(p)) != 0)
			return NULL;
	} while (parse_take(p, TOKEN_COMMA));
	if (p->token.kind == TOKEN_RPAREN)
		parse_mend(p, p->token.span.offset, 1, "]");
	if (parse_expect_close(p, TOKEN_RBRACKET, expr->span.offset,
	    "an operator, ',' or ']'") != 0)
		return NULL;
	return parse_close(p, expr);
}

/* "{" [ items ] "}" */
static struct ast_expr *
record(struct parser *p)
{
	struct ast_expr *expr = parse_node(p, AST_RECORD,
	    p->token.span.offset);

	parse_advance(p);
	if (!parse_take(p, TOKEN_RBRACE) &&
	    (parse_items(p, ITEM_RECORD, &expr->items) != 0 ||
	     parse_expect_close(p, TOKEN_RBRACE, expr->span.offset,
	    "an operator, ',' or '}'") != 0))
		return NULL;
	return parse_close(p, expr);
}

/* "case" { "when" expr "then" expr } [ "else" expr ] "end" */
static struct ast_expr *
case_of(struct parser *p)
{
	static const char form[] =
	    "case when CONDITION then VALUE else VALUE end";
	struct ast_expr *expr = parse_node(p, AST_CASE, p->token.span.offset);

	parse_advance(p);
	if (!parse_at_word(p, "when")) {
		parse_fail(p, "'when'", form);
		return NULL;
	}
	while (parse_take_word(p, "when")) {
		if (add_child(p, expr, parse_expr(p)) != 0)
			return NULL;
		if (!parse_take_word(p, "then")) {
			parse_fail(p, "an operator or 'then'", form);
			return NULL;
		}
		if (add_child(p, expr, parse_expr(p)) != 0)
			return NULL;
	}
	int has_else = parse_take_word(p, "else");
	if (has_else && add_child(p, expr, parse_expr(p)) != 0)
		return NULL;
	if (!parse_take_word(p, "end")) {
		parse_fail(p, has_else ? "an operator or 'end'" :
		    "an operator, 'when', 'else' or 'end'", form);
		return NULL;
	}
	return parse_close(p, expr);
}

static struct ast_piece *
add_piece(struct parser *p, struct ast_expr *expr)
{
	expr->piece = parse_grow(p, expr->piece, expr->piece_count,
	    sizeof(*expr->piece));
	return &expr->piece[expr->piece_count++];
}

/* hole = "{" expr [ ":" format ] "}", where the lexer is at the "{" */
static int
hole(struct parser *p, struct ast_expr *expr)
{
	parse_seek(p, p->lex.position + 1);
	parse_advance(p);
	struct ast_expr *value = parse_expr(p);
	if (value == NULL)
		return -1;
	struct ast_piece *piece = add_piece(p, expr);
	piece->expr = value;
	if (p->token.kind == TOKEN_COLON) {
		parse_seek(p, p->token.span.offset + 1);
		lex_hole_format(&p->lex, &p->token);
		if (p->token.kind == TOKEN_BAD)
			return parse_fail(p, "a format", NULL);
		piece->format = p->token.text;
		parse_seek(p, p->lex.position + 1);
		return 0;
	}
	if (p->token.kind != TOKEN_RBRACE)
		return parse_fail(p, "an operator, ':' or '}'",
		    "a hole is {expr} or {expr:format}");
	parse_seek(p, p->token.span.offset + 1);
	return 0;
}

/* { text | hole }, from the lexer's position to the quote or the end */
static int
pieces(struct parser *p, int quoted, struct ast_expr *expr)
{
	for (;;) {
		lex_piece(&p->lex, quoted, &p->token);
		if (p->token.kind == TOKEN_BAD)
			return parse_fail(p, "text", NULL);
		if (p->token.text.size > 0)
			add_piece(p, expr)->text = p->token.text;
		if (p->lex.position == p->lex.size ||
		    p->lex.source[p->lex.position] != '{')
			return 0;
		if (hole(p, expr) != 0)
			return -1;
	}
}

/* FSTRING = "f" '"' { text | hole } '"' ; */
static struct ast_expr *
fstring(struct parser *p)
{
	struct ast_expr *expr = parse_node(p, AST_FSTRING,
	    p->token.span.offset);

	if (pieces(p, 1, expr) != 0)
		return NULL;
	parse_seek(p, p->lex.position + 1);
	parse_advance(p);
	return parse_close(p, expr);
}

struct ast_expr *
parse_template(const char *text, size_t size, const struct ast_span *place,
	struct region *region, struct err *err)
{
	struct parser parser = {
		.lex = { .source = text, .size = (uint32_t)size,
		    .region = region },
		.region = region, .err = err, .place = place,
		.hint = "a hole is {expr} or {expr:format}",
	};

	if (size > PARSE_BYTES_MAX) {
		parse_error(&parser, *place, NULL, "this text is too long");
		return NULL;
	}
	struct ast_expr *expr = parse_node(&parser, AST_FSTRING, 0);
	if (parse_enter(&parser) == 0 && pieces(&parser, 0, expr) == 0)
		return parse_close(&parser, expr);
	if (parser.hint != NULL)
		err_hint(err, "%s", parser.hint);
	return NULL;
}

/* A word that is no operand, or a token that is none. */
static struct ast_expr *
refuse(struct parser *p)
{
	const char *hint = NULL;

	if (p->token.kind == TOKEN_DOT) {
		guess_dot(p);
		return NULL;
	}
	if (p->end > 0 && p->lex.source[p->end - 1] == ',' &&
	    !parse_begins_operand(&p->token)) {
		parse_mend(p, p->end - 1, 1, "");
		hint = "remove the comma before it";
	} else if (parse_at_word(p, "not")) {
		hint = "put it in parentheses: (not x)";
	} else if (p->token.kind == TOKEN_NAME) {
		hint = "a field of that name stands in backticks";
	} else if (p->token.kind == TOKEN_STAR) {
		hint = "* for all fields stands alone, as in select * and "
		    "count(*)";
	}
	parse_fail(p, "a value or a field", hint);
	return NULL;
}

/* primary, where the current token is a NAME */
static struct ast_expr *
word(struct parser *p)
{
	if (parse_is_name(&p->token))
		return name(p);
	if (parse_at_word(p, "case"))
		return case_of(p);
	struct ast_expr *expr;
	if (parse_at_word(p, "null")) {
		expr = literal(p, AST_NULL);
	} else if (parse_at_word(p, "true") || parse_at_word(p, "false")) {
		int value = parse_at_word(p, "true");
		expr = literal(p, AST_BOOL);
		if (expr != NULL)
			expr->integer = value;
	} else {
		return refuse(p);
	}
	if (expr != NULL)
		expr->text = (struct ast_text){ NULL, 0 };
	return expr;
}

/*
 * primary = INT | FLOAT | STRING | FSTRING | REGEX | DUR | SIZE | TIME |
 *	"true" | "false" | "null" | VAR | COLUMN | NAME | NAME args |
 *	"(" expr ")" | "(" pipeline ")" | "[" [ expr { "," expr } ] "]" |
 *	"{" [ items ] "}" |
 *	"case" { "when" expr "then" expr } [ "else" expr ] "end" ;
 */
struct ast_expr *
parse_primary(struct parser *p)
{
	switch (p->token.kind) {
	case TOKEN_INT: return integer(p);
	case TOKEN_FLOAT: return literal(p, AST_FLOAT);
	case TOKEN_STRING: return literal(p, AST_STRING);
	case TOKEN_FSTRING: return fstring(p);
	case TOKEN_SLASH:
	case TOKEN_SLASH_SLASH: return regex(p);
	case TOKEN_DURATION: return literal(p, AST_DURATION);
	case TOKEN_SIZE: return literal(p, AST_SIZE);
	case TOKEN_TIME: return literal(p, AST_TIME);
	case TOKEN_VAR: return literal(p, AST_VAR);
	case TOKEN_COLUMN: return literal(p, AST_COLUMN);
	case TOKEN_NAME: return word(p);
	case TOKEN_LPAREN: return parentheses(p);
	case TOKEN_LBRACKET: return list(p);
	case TOKEN_LBRACE: return record(p);
	default: return refuse(p);
	}
}

/* "." NAME, where any word is a name */
static struct ast_expr *
member(struct parser *p, struct ast_expr *of, uint32_t offset)
{
	parse_advance(p);
	if (p->token.kind != TOKEN_NAME) {
		parse_fail(p, "a field name after '.'",
		    p->token.kind == TOKEN_STRING ?
		    "odd names stand in backticks" :
		    of->kind == AST_INT ? "a float has digits on both sides "
		    "of the point: 1.0" : "as in user.name; an element is "
		    "tags[0]");
		return NULL;
	}
	struct ast_expr *expr = parse_node(p, AST_MEMBER, offset);
	expr->text = p->token.text;
	parse_advance(p);
	return add_child(p, expr, of) != 0 ? NULL : parse_close(p, expr);
}

/* "[" expr "]" */
static struct ast_expr *
element(struct parser *p, struct ast_expr *of, uint32_t offset)
{
	uint32_t open = p->token.span.offset;

	parse_advance(p);
	struct ast_expr *at = parse_expr(p);
	if (at == NULL || parse_expect_close(p, TOKEN_RBRACKET, open,
	    "an operator or ']'") != 0)
		return NULL;
	struct ast_expr *expr = parse_node(p, AST_INDEX, offset);
	add_child(p, expr, of);
	add_child(p, expr, at);
	return parse_close(p, expr);
}

/* postfix = primary { "." NAME | "[" expr "]" | "?" } ; */
struct ast_expr *
parse_postfix(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *expr = parse_primary(p);

	while (expr != NULL) {
		if (p->token.kind == TOKEN_DOT) {
			expr = member(p, expr, offset);
		} else if (p->token.kind == TOKEN_LBRACKET) {
			expr = element(p, expr, offset);
		} else if (p->token.kind == TOKEN_QUESTION) {
			struct ast_expr *optional = parse_node(p,
			    AST_OPTIONAL, offset);
			add_child(p, optional, expr);
			parse_advance(p);
			expr = parse_close(p, optional);
		} else {
			break;
		}
	}
	return expr;
}
