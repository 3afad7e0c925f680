/*
 * Operators, loosest first, one function a level.  Chains (a or b or c) are
 * loops that grow a tree to the left, so only brackets, `case` and pipelines
 * make the parser recurse; parse_close() bounds the height of the trees.
 */
#include <string.h>

#include "lang/parse_priv.h"
#include "util/mem.h"

static struct ast_expr *
node_with(struct parser *p, enum ast_expr_kind kind, enum ast_op op,
	struct ast_expr *left, struct ast_expr *right, uint32_t offset)
{
	struct ast_expr *expr = parse_node(p, kind, offset);

	expr->op = op;
	expr->child_count = right != NULL ? 2 : 1;
	expr->child = region_alloc(p->region, 2 * sizeof(*expr->child));
	expr->child[0] = left;
	expr->child[1] = right;
	return parse_close(p, expr);
}

/* unary = { "-" } postfix ; */
static struct ast_expr *
unary(struct parser *p)
{
	uint32_t first = p->token.span.offset;
	uint32_t count = 0;
	uint32_t last = first;
	struct ast_expr *expr = NULL;

	while (p->token.kind == TOKEN_MINUS) {
		last = p->token.span.offset;
		parse_advance(p);
		count++;
	}
	/* -2^63 has no positive twin: its sign belongs to the number. */
	if (count > 0 && p->token.kind == TOKEN_INT && p->token.over) {
		enum token_kind next = parse_peek(p)->kind;
		if (next != TOKEN_DOT && next != TOKEN_LBRACKET &&
		    next != TOKEN_QUESTION) {
			parse_advance(p);
			expr = parse_node(p, AST_INT, last);
			expr->integer = INT64_MIN;
			expr = parse_close(p, expr);
			count--;
		}
	}
	if (expr == NULL)
		expr = parse_postfix(p);
	for (; expr != NULL && count > 0; count--)
		expr = node_with(p, AST_UNARY, AST_OP_NEG, expr, NULL, first);
	return expr;
}

static enum ast_op
term_operator(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_STAR: return AST_OP_MUL;
	case TOKEN_SLASH: return AST_OP_DIV;
	case TOKEN_SLASH_SLASH: return AST_OP_INT_DIV;
	case TOKEN_PERCENT: return AST_OP_MOD;
	default: return AST_OP_NONE;
	}
}

/* term = unary { ( "*" | "/" | "//" | "%" ) unary } ; */
static struct ast_expr *
term(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = unary(p);

	while (left != NULL) {
		enum ast_op op = term_operator(p->token.kind);
		if (op == AST_OP_NONE)
			break;
		parse_advance(p);
		struct ast_expr *right = unary(p);
		if (right == NULL)
			return NULL;
		left = node_with(p, AST_BINARY, op, left, right, offset);
	}
	return left;
}

/* sum = term { ( "+" | "-" ) term } ; */
static struct ast_expr *
sum(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = term(p);

	while (left != NULL && (p->token.kind == TOKEN_PLUS ||
	    p->token.kind == TOKEN_MINUS)) {
		enum ast_op op = p->token.kind == TOKEN_PLUS ? AST_OP_ADD :
		    AST_OP_SUB;
		parse_advance(p);
		struct ast_expr *right = term(p);
		if (right == NULL)
			return NULL;
		left = node_with(p, AST_BINARY, op, left, right, offset);
	}
	return left;
}

/* range = sum [ ".." sum ] ; */
static struct ast_expr *
range(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = sum(p);

	if (left == NULL || !parse_take(p, TOKEN_DOT_DOT))
		return left;
	struct ast_expr *right = sum(p);
	if (right == NULL)
		return NULL;
	return node_with(p, AST_RANGE, AST_OP_NONE, left, right, offset);
}

/* alt = range { "??" range } ; */
static struct ast_expr *
alt(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = range(p);

	while (left != NULL && parse_take(p, TOKEN_COALESCE)) {
		struct ast_expr *right = range(p);
		if (right == NULL)
			return NULL;
		left = node_with(p, AST_BINARY, AST_OP_COALESCE, left, right,
		    offset);
	}
	return left;
}

static enum ast_op
cmp_operator(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_EQ: return AST_OP_EQ;
	case TOKEN_NE: return AST_OP_NE;
	case TOKEN_LT: return AST_OP_LT;
	case TOKEN_LE: return AST_OP_LE;
	case TOKEN_GT: return AST_OP_GT;
	case TOKEN_GE: return AST_OP_GE;
	case TOKEN_MATCH: return AST_OP_MATCH;
	case TOKEN_NOT_MATCH: return AST_OP_NOT_MATCH;
	default: return AST_OP_NONE;
	}
}

/* a < b < c: say that it means two comparisons. */
static struct ast_expr *
refuse_chain(struct parser *p, const struct ast_expr *middle)
{
	size_t size = middle->span.bytes;
	char *text = region_alloc(p->region, size + 7);

	memcpy(text, " and ", 5);
	memcpy(text + 5, p->lex.source + middle->span.offset, size);
	memcpy(text + 5 + size, " ", 2);
	parse_mend(p, p->token.span.offset, 0, text);
	parse_error(p, p->token.span, "join two comparisons with and",
	    "comparisons do not chain");
	return NULL;
}

/* <> and === are written otherwise here. */
static struct ast_expr *
refuse_operator(struct parser *p, uint32_t offset, const char *text,
	const char *message)
{
	uint32_t bytes = p->token.span.offset + p->token.span.bytes - offset;

	parse_mend(p, offset, bytes, text);
	parse_error(p, (struct ast_span){ offset, bytes }, message,
	    "there is no such operator: %s", message);
	return NULL;
}

/* The right side of a comparison, `op` being at the current token. */
static struct ast_expr *
cmp_right(struct parser *p, struct ast_expr *left, enum ast_op op,
	uint32_t offset)
{
	uint32_t at = p->token.span.offset;

	parse_advance(p);
	if (p->token.span.offset == p->end) {
		if (op == AST_OP_LT && p->token.kind == TOKEN_GT)
			return refuse_operator(p, at, "!=", "use !=");
		if (op == AST_OP_EQ && p->token.kind == TOKEN_ASSIGN)
			return refuse_operator(p, at, "==", "use ==");
		if (op == AST_OP_NE && p->token.kind == TOKEN_ASSIGN)
			return refuse_operator(p, at, "!=", "use !=");
	}
	struct ast_expr *right = alt(p);
	if (right == NULL)
		return NULL;
	if (cmp_operator(p->token.kind) != AST_OP_NONE)
		return refuse_chain(p, right);
	return node_with(p, AST_BINARY, op, left, right, offset);
}

/*
 * cmp = alt [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" |
 *	[ "not" ] "in" ) alt | "is" [ "not" ] "null" ] ;
 */
static struct ast_expr *
cmp(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = alt(p);

	if (left == NULL)
		return NULL;
	enum ast_op op = cmp_operator(p->token.kind);
	if (op != AST_OP_NONE)
		return cmp_right(p, left, op, offset);

	struct ast_expr *right = NULL;
	enum ast_expr_kind kind;
	int negated = 0;
	if (parse_take_word(p, "is")) {
		kind = AST_IS_NULL;
		negated = parse_take_word(p, "not");
		if (parse_expect_word(p, "null") != 0)
			return NULL;
	} else if (parse_at_word(p, "in") || (parse_at_word(p, "not") &&
	    parse_token_is_word(parse_peek(p), "in"))) {
		kind = AST_IN;
		negated = parse_take_word(p, "not");
		parse_advance(p);
		right = alt(p);
		if (right == NULL)
			return NULL;
	} else {
		return left;
	}
	struct ast_expr *expr = node_with(p, kind, AST_OP_NONE, left, right,
	    offset);
	if (expr != NULL)
		expr->negated = negated;
	return expr;
}

/* neg = { "not" } cmp ; */
static struct ast_expr *
neg(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	uint32_t count = 0;

	while (parse_take_word(p, "not"))
		count++;
	struct ast_expr *expr = cmp(p);
	for (; expr != NULL && count > 0; count--)
		expr = node_with(p, AST_UNARY, AST_OP_NOT, expr, NULL, offset);
	return expr;
}

/* conjunction = neg { "and" neg } ; */
static struct ast_expr *
conjunction(struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	struct ast_expr *left = neg(p);

	while (left != NULL && parse_take_word(p, "and")) {
		struct ast_expr *right = neg(p);
		if (right == NULL)
			return NULL;
		left = node_with(p, AST_BINARY, AST_OP_AND, left, right,
		    offset);
	}
	return left;
}

/* expr = conjunction { "or" conjunction } ; */
struct ast_expr *
parse_expr(struct parser *p)
{
	uint32_t offset = p->token.span.offset;

	if (parse_enter(p) != 0)
		return NULL;
	struct ast_expr *left = conjunction(p);
	while (left != NULL && parse_take_word(p, "or")) {
		struct ast_expr *right = conjunction(p);
		if (right == NULL)
			return NULL;
		left = node_with(p, AST_BINARY, AST_OP_OR, left, right,
		    offset);
	}
	parse_leave(p);
	return left;
}
