/*
 * What all productions stand on: the current token and the one behind it, new
 * nodes, and errors.  An error is made once; the place, what was found and what
 * was expected are its message.  If the parser knows a change of the text that
 * might mend it, it notes the change here, and guess.c tries it.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/parse_priv.h"
#include "util/err.h"
#include "util/mem.h"

void
parse_advance(struct parser *p)
{
	p->end = p->token.span.offset + p->token.span.bytes;
	if (p->has_ahead) {
		p->token = p->ahead;
		p->has_ahead = 0;
		return;
	}
	lex_next(&p->lex, &p->token);
}

const struct token *
parse_peek(struct parser *p)
{
	if (!p->has_ahead) {
		lex_next(&p->lex, &p->ahead);
		p->has_ahead = 1;
	}
	return &p->ahead;
}

void
parse_seek(struct parser *p, uint32_t offset)
{
	p->has_ahead = 0;
	p->lex.position = offset;
	p->token.span = (struct ast_span){ offset, 0 };
}

int
parse_token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_NAME && !token->quoted &&
	    strcmp(token->text.bytes, word) == 0;
}

int
parse_at_word(const struct parser *p, const char *word)
{
	return parse_token_is_word(&p->token, word);
}

int
parse_take_word(struct parser *p, const char *word)
{
	if (!parse_at_word(p, word))
		return 0;
	parse_advance(p);
	return 1;
}

int
parse_take(struct parser *p, enum token_kind kind)
{
	if (p->token.kind != kind)
		return 0;
	parse_advance(p);
	return 1;
}

int
parse_expect(struct parser *p, enum token_kind kind, const char *expected)
{
	return parse_take(p, kind) ? 0 : parse_fail(p, expected, NULL);
}

int
parse_expect_close(struct parser *p, enum token_kind kind, uint32_t open,
	const char *expected)
{
	if (parse_take(p, kind))
		return 0;
	if (p->token.kind != TOKEN_END)
		return parse_fail(p, expected, NULL);
	return parse_error(p, (struct ast_span){ open, 1 },
	    kind == TOKEN_RPAREN ? "close it with ')'" :
	    kind == TOKEN_RBRACE ? "close it with '}'" : "close it with ']'",
	    "this '%c' is not closed", p->lex.source[open]);
}

int
parse_expect_word(struct parser *p, const char *word)
{
	char expected[40];

	if (parse_take_word(p, word))
		return 0;
	snprintf(expected, sizeof(expected), "'%s'", word);
	return parse_fail(p, expected, NULL);
}

int
parse_is_name(const struct token *token)
{
	return token->kind == TOKEN_NAME && (token->quoted ||
	    !letter_is_reserved(token->text.bytes, token->text.size));
}

int
parse_name(struct parser *p, const char *expected, struct ast_text *name,
	struct ast_span *span)
{
	if (!parse_is_name(&p->token))
		return parse_fail(p, expected, p->token.kind == TOKEN_NAME ?
		    "this word is the language's: put it in backticks" : NULL);
	*name = p->token.text;
	if (span != NULL)
		*span = p->place != NULL ? *p->place : p->token.span;
	parse_advance(p);
	return 0;
}

int
parse_begins_operand(const struct token *token)
{
	switch (token->kind) {
	case TOKEN_NAME:
		return !parse_token_is_word(token, "and") &&
		    !parse_token_is_word(token, "or") &&
		    !parse_token_is_word(token, "in") &&
		    !parse_token_is_word(token, "is");
	case TOKEN_VAR: case TOKEN_COLUMN: case TOKEN_INT: case TOKEN_FLOAT:
	case TOKEN_DURATION: case TOKEN_SIZE: case TOKEN_TIME:
	case TOKEN_STRING: case TOKEN_FSTRING: case TOKEN_LPAREN:
	case TOKEN_LBRACKET: case TOKEN_LBRACE: case TOKEN_MINUS:
		return 1;
	default:
		return 0;
	}
}

struct ast_span
parse_span(const struct parser *p, uint32_t offset)
{
	if (p->place != NULL)
		return *p->place;
	return (struct ast_span){ offset, p->end - offset };
}

struct ast_expr *
parse_node(struct parser *p, enum ast_expr_kind kind, uint32_t offset)
{
	struct ast_expr *expr = region_alloc_zero(p->region, sizeof(*expr));

	expr->kind = kind;
	expr->span.offset = offset;
	return expr;
}

static void
raise_height(struct ast_expr *expr, const struct ast_expr *child)
{
	if (child != NULL && child->height >= expr->height)
		expr->height = child->height + 1;
}

struct ast_expr *
parse_close(struct parser *p, struct ast_expr *expr)
{
	if (expr->height == 0)
		expr->height = 1;
	for (uint32_t i = 0; i < expr->child_count; i++)
		raise_height(expr, expr->child[i]);
	for (uint32_t i = 0; i < expr->args.count; i++)
		raise_height(expr, expr->args.arg[i].expr);
	for (uint32_t i = 0; i < expr->items.count; i++)
		raise_height(expr, expr->items.item[i].expr);
	for (uint32_t i = 0; i < expr->piece_count; i++)
		raise_height(expr, expr->piece[i].expr);
	expr->span = parse_span(p, expr->span.offset);
	if (p->tallest < expr->height)
		p->tallest = expr->height;
	if (expr->height <= AST_HEIGHT_MAX)
		return expr;
	parse_error(p, expr->span, "a long chain of or is shorter as a list: "
	    "x in [1, 2, 3]", "an expression is at most %d operands deep",
	    AST_HEIGHT_MAX);
	return NULL;
}

void *
parse_grow(struct parser *p, void *array, uint32_t count, size_t bytes)
{
	/* Grows at the powers of two: count is then the capacity. */
	if ((count & (count - 1)) != 0)
		return array;
	void *grown = region_alloc_zero(p->region,
	    bytes * (count > 0 ? 2 * (size_t)count : 1));
	if (count > 0)
		memcpy(grown, array, bytes * count);
	return grown;
}

int
parse_enter(struct parser *p)
{
	if (++p->depth <= PARSE_DEPTH_MAX)
		return 0;
	return parse_error(p, p->token.span, "give parts of it names with "
	    "let, fn or extend", "the program is nested more than %d deep",
	    PARSE_DEPTH_MAX);
}

void
parse_leave(struct parser *p)
{
	assert(p->depth > 0);
	p->depth--;
}

void
parse_mend(struct parser *p, uint32_t offset, uint32_t bytes, const char *text)
{
	if (p->place != NULL || p->mend.set)
		return;
	size_t size = strlen(text);
	p->mend.set = 1;
	p->mend.span = (struct ast_span){ offset, bytes };
	p->mend.text.bytes = region_copy(p->region, text, size + 1);
	p->mend.text.size = (uint32_t)size;
}

int
parse_error(struct parser *p, struct ast_span span, const char *hint,
	const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (p->place != NULL)
		span = *p->place;
	p->hint = hint;
	return err_set_at(p->err, span.offset, span.bytes, "%s", message);
}

/* The token as a message shows it: 'word', "string", the end. */
static void
describe(const struct parser *p, const struct token *token, char *text,
	size_t size)
{
	const char *from = p->lex.source + token->span.offset;
	uint32_t bytes = token->span.bytes;
	uint32_t shown = 0;
	uint32_t code;

	if (token->kind == TOKEN_END) {
		snprintf(text, size, "the end");
		return;
	}
	while (shown < bytes && shown < 30) {
		uint32_t length = letter_decode(from + shown, bytes - shown,
		    &code);
		shown += length > 0 ? length : 1;
	}
	const char *quote = *from == '"' || *from == '\'' ? "" : "'";
	snprintf(text, size, "%s%.*s%s%s", quote, (int)shown, from,
	    shown < bytes ? "..." : "", quote);
}

/* Words of the language that other languages shout. */
static const char *
lower_case_word(const struct token *token)
{
	static const char *const words[] = {
		"and", "or", "not", "in", "is", "null", "as", "by", "on",
		"asc", "desc", "nulls", "first", "last", "where", "when",
		"then", "else", "end", "with", "within", "from", "join",
	};

	if (token->kind != TOKEN_NAME || token->quoted)
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t bytes = strlen(words[i]);
		if (bytes != token->text.size ||
		    strcmp(words[i], token->text.bytes) == 0)
			continue;
		size_t same = 0;
		while (same < bytes && (token->text.bytes[same] | 0x20) ==
		    words[i][same])
			same++;
		if (same == bytes)
			return words[i];
	}
	return NULL;
}

/*
 * What is known about a token that fits nowhere: a note for the message, and
 * the change that would mend it.
 */
static const char *
note_foreign(struct parser *p)
{
	const struct token *token = &p->token;
	uint32_t offset = token->span.offset;
	uint32_t bytes = token->span.bytes;
	const char *word = lower_case_word(token);

	if (word != NULL) {
		parse_mend(p, offset, bytes, word);
		return "words are written in lower case";
	}
	switch (token->kind) {
	case TOKEN_ASSIGN:
		if (p->lex.source[offset + 1] == '~') {
			parse_mend(p, offset, 2, "~");
			return "use ~ to match a regex";
		}
		if (p->lex.source[offset + 1] == '>' ||
		    p->lex.source[offset + 1] == '<') {
			int more = p->lex.source[offset + 1] == '>';
			parse_mend(p, offset, 2, more ? ">=" : "<=");
			return more ? "use >=" : "use <=";
		}
		parse_mend(p, offset, bytes, "==");
		return "use == to compare";
	case TOKEN_AND_AND:
		parse_mend(p, offset, bytes, " and ");
		return "use and";
	case TOKEN_OR_OR:
		parse_mend(p, offset, bytes, " or ");
		return "use or";
	case TOKEN_BANG:
		parse_mend(p, offset, bytes, "not ");
		return "use not";
	default:
		return NULL;
	}
}

int
parse_is_unended(const struct parser *p)
{
	const struct token *token = &p->token;

	return p->is_decl && p->place == NULL && token->kind == TOKEN_NAME &&
	    memchr(p->lex.source + p->end, '\n', token->span.offset -
	    p->end) != NULL;
}

static int
fail_unended(struct parser *p)
{
	char found[64];

	describe(p, &p->token, found, sizeof(found));
	parse_mend(p, p->end, 0, ";");
	return parse_error(p, p->token.span, "as in let $x = 5;", "expected "
	    "';' at the end of the declaration, found %s", found);
}

int
parse_fail(struct parser *p, const char *expected, const char *hint)
{
	const struct token *token = &p->token;
	char found[64];

	if (parse_is_unended(p) && (strstr(expected, "the end") != NULL ||
	    strstr(expected, "';'") != NULL))
		return fail_unended(p);

	if (token->kind == TOKEN_BAD) {
		if (token->mend.set && p->place == NULL && !p->mend.set)
			p->mend = token->mend;
		return parse_error(p, token->span,
		    token->hint != NULL ? token->hint : hint, "%s",
		    token->text.bytes);
	}
	describe(p, token, found, sizeof(found));
	/* The end is behind the last word, not behind the blank lines there. */
	struct ast_span span = token->span;
	if (token->kind == TOKEN_END)
		span.offset = p->end;
	const char *note = note_foreign(p);
	return parse_error(p, span, hint, "expected %s, found %s%s%s",
	    expected, found, note != NULL ? ": " : "",
	    note != NULL ? note : "");
}
