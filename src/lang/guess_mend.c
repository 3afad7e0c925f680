/*
 * From an error to a text without it.  The parser notes one change for the
 * error it met; here the change is made in a copy of the stage, which is parsed
 * again, and so on until it parses.  Only then it is shown, in canonical form:
 * a hint that begins with "try:" is a program.  Each round changes one place,
 * and rounds and text are bounded, so hostile programs cost little.
 */
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/parse_priv.h"
#include "lang/pretty.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define ROUNDS_MAX 24
/* Longer stages, and longer hints, nobody wants to read. */
#define UNIT_BYTES_MAX 2000
#define HINT_BYTES_MAX 400

/* Can a slash behind this token only begin a regex? */
static int
expects_operand(const struct token *last)
{
	static const char *const words[] = {
		"where", "and", "or", "not", "in", "with", "by", "select",
		"when", "then", "else", "on", "parse", "drop",
	};

	if (last->kind == TOKEN_NAME) {
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (parse_token_is_word(last, words[i]))
				return 1;
		return 0;
	}
	switch (last->kind) {
	case TOKEN_END: case TOKEN_LPAREN: case TOKEN_LBRACKET:
	case TOKEN_LBRACE: case TOKEN_COMMA: case TOKEN_ASSIGN: case TOKEN_EQ:
	case TOKEN_NE: case TOKEN_MATCH: case TOKEN_NOT_MATCH:
	case TOKEN_AND_AND: case TOKEN_OR_OR: case TOKEN_BANG:
		return 1;
	default:
		return 0;
	}
}

/* Pass an f-string without looking into its holes. */
static void
skip_fstring(struct lex *lex)
{
	while (lex->position < lex->size) {
		char c = lex->source[lex->position++];
		if (c == '"' || c == '\n')
			return;
		if (c == '\\' && lex->position < lex->size)
			lex->position++;
	}
}

uint32_t
guess_unit_end(const char *source, uint32_t size, uint32_t from)
{
	struct region *region = region_new();
	struct lex lex = {
		.source = source, .size = size, .position = from,
		.flags = PARSE_FILE, .region = region,
	};
	struct token last = { .kind = TOKEN_END };
	uint32_t end = size;
	int depth = 0;

	while (lex.position - from <= UNIT_BYTES_MAX) {
		struct token token;
		lex_next(&lex, &token);
		if (token.kind == TOKEN_SLASH && expects_operand(&last))
			lex_regex(&lex, token.span.offset, &token);
		if (token.kind == TOKEN_FSTRING)
			skip_fstring(&lex);
		depth += token.kind == TOKEN_LPAREN ||
		    token.kind == TOKEN_LBRACKET || token.kind == TOKEN_LBRACE;
		depth -= token.kind == TOKEN_RPAREN ||
		    token.kind == TOKEN_RBRACKET || token.kind == TOKEN_RBRACE;
		end = token.span.offset;
		if (depth < 0 || token.kind == TOKEN_END || (depth == 0 &&
		    (token.kind == TOKEN_PIPE ||
		     token.kind == TOKEN_SEMICOLON)))
			break;
		last = token;
	}
	region_drop(&region);
	while (end > from && strchr(" \t\r\n", source[end - 1]) != NULL)
		end--;
	return end;
}

/* Make the change, `base` being the offset of the text's first byte. */
static int
apply(struct buf *text, const struct mend *mend, uint32_t base)
{
	if (mend->span.offset < base ||
	    mend->span.offset - base > text->size ||
	    mend->span.bytes > text->size - (mend->span.offset - base) ||
	    text->size + mend->text.size > 2 * UNIT_BYTES_MAX)
		return -1;
	size_t at = mend->span.offset - base;
	size_t rest = text->size - at - mend->span.bytes;
	buf_reserve(text, mend->text.size);
	memmove(text->bytes + at + mend->text.size,
	    text->bytes + at + mend->span.bytes, rest);
	memcpy(text->bytes + at, mend->text.bytes, mend->text.size);
	text->size = at + mend->text.size + rest;
	return 0;
}

void
guess_mend_phrase(struct parser *p)
{
	uint32_t end = guess_unit_end(p->lex.source, p->lex.size, p->unit);
	const char *text = p->lex.source + p->unit;
	struct buf result = { NULL, 0, 0 };
	size_t bytes;

	if (p->mend.set || end <= p->unit || end - p->unit > UNIT_BYTES_MAX)
		return;
	const struct guess_word *row = guess_phrase(text, end - p->unit,
	    &bytes);
	if (row != NULL && guess_rewrite_word(row, text + bytes,
	    end - p->unit - bytes, &result) == 0)
		parse_mend(p, p->unit, end - p->unit, buf_string(&result));
	buf_fini(&result);
}

/*
 * One round: parse the text; if that fails, make the change that the parser
 * notes.  1: it parsed, and is in `result`; 0: changed; -1: nothing to change.
 */
static int
mend_round(struct buf *text, unsigned flags, struct buf *result)
{
	struct region *region = region_new();
	struct err err = ERR_INIT;
	struct parser again = {
		.lex = { .source = buf_string(text),
		    .size = (uint32_t)text->size, .flags = flags,
		    .region = region },
		.region = region, .err = &err, .unit_only = 1,
	};
	int state = -1;

	const struct ast_program *program = parse_text(&again);
	if (program != NULL) {
		pretty_program(program, result);
		state = 1;
	} else {
		guess_mend_phrase(&again);
		if (again.mend.set && apply(text, &again.mend, 0) == 0)
			state = 0;
	}
	region_drop(&region);
	return state;
}

int
guess_mend(const char *source, size_t size, unsigned flags,
	const struct mend *first, struct buf *result)
{
	struct buf text = { NULL, 0, 0 };
	int state = -1;

	if (size == 0 || size > UNIT_BYTES_MAX)
		return -1;
	buf_add(&text, source, size);
	if (first == NULL || apply(&text, first, 0) == 0) {
		state = 0;
		for (int i = 0; i < ROUNDS_MAX && state == 0; i++)
			state = mend_round(&text, flags, result);
	}
	buf_fini(&text);
	return state == 1 && result->size > 0 &&
	    result->size <= HINT_BYTES_MAX ? 0 : -1;
}

/* The unit of the error with its change made, in canonical form. */
static int
mended_unit(struct parser *p, struct buf *result)
{
	uint32_t end = guess_unit_end(p->lex.source, p->lex.size, p->unit);
	struct mend mend = p->mend;

	if (!mend.set || mend.span.offset < p->unit || end < p->unit)
		return -1;
	mend.span.offset -= p->unit;
	return guess_mend(p->lex.source + p->unit, end - p->unit,
	    p->lex.flags, &mend, result);
}

void
guess_hint(struct parser *p)
{
	struct buf result = { NULL, 0, 0 };

	guess_mend_phrase(p);
	if (mended_unit(p, &result) == 0)
		err_hint(p->err, "try: %s", buf_string(&result));
	else if (p->hint != NULL)
		err_hint(p->err, "%s", p->hint);
	else if (p->form != NULL)
		err_hint(p->err, "form: %s", p->form);
	buf_fini(&result);
}
