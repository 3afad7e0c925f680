#ifndef SFLOW_LANG_LEX_H
#define SFLOW_LANG_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "lang/ast.h"

struct region;

enum token_kind {
	TOKEN_END,	/* the end of the text */
	TOKEN_BAD,	/* no token: text is the sentence, hint the advice */
	TOKEN_NAME,	/* text; quoted: it stood in backticks */
	TOKEN_VAR,	/* $name: text without the $ */
	TOKEN_COLUMN,	/* $1: integer */
	TOKEN_INT,	/* integer; text as written; over: it is 2^63 */
	TOKEN_FLOAT,	/* number; text as written */
	TOKEN_DURATION,	/* integer: microseconds; text as written */
	TOKEN_SIZE,	/* integer: bytes; text as written */
	TOKEN_TIME,	/* integer: microseconds since 1970; text as written */
	TOKEN_STRING,	/* text, decoded; flags "r" if raw */
	TOKEN_FSTRING,	/* f" : the pieces follow, see lex_piece() */
	TOKEN_REGEX,	/* text, flags: only from lex_regex() */
	TOKEN_LPAREN, TOKEN_RPAREN, TOKEN_LBRACKET, TOKEN_RBRACKET,
	TOKEN_LBRACE, TOKEN_RBRACE, TOKEN_COMMA, TOKEN_SEMICOLON, TOKEN_COLON,
	TOKEN_PIPE, TOKEN_DOT, TOKEN_DOT_DOT, TOKEN_ASSIGN,
	TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE,
	TOKEN_MATCH, TOKEN_NOT_MATCH, TOKEN_QUESTION, TOKEN_COALESCE,
	TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_SLASH, TOKEN_SLASH_SLASH,
	TOKEN_PERCENT,
	/* Operators of other languages, for a better answer. */
	TOKEN_AND_AND, TOKEN_OR_OR, TOKEN_BANG,
};

/* A change to the text that would have made it right. */
struct mend {
	int set;
	struct ast_span span;
	struct ast_text text;
};

struct token {
	enum token_kind kind;
	struct ast_span span;
	struct ast_text text;
	struct ast_text flags;
	int64_t integer;
	double number;
	int quoted;
	int over;
	const char *hint;	/* of BAD, or NULL */
	struct mend mend;	/* of BAD */
};

/*
 * The place in a text.  Fill source, size, flags and region; the rest starts
 * as zero.  Decoded text lies in the region.
 */
struct lex {
	const char *source;
	uint32_t size;
	unsigned flags;		/* enum parse_flag */
	struct region *region;
	uint32_t position;
	/* Comments met so far, in order, each once. */
	struct ast_comment *comment;
	uint32_t comment_count;
};

/*
 * The next token.  `/` is always an operator here.  Never fails: text that is
 * no token is TOKEN_BAD, and the token after it is any.
 */
void lex_next(struct lex *, struct token *);

/* The token at `offset`, where there is a slash, read as a regex. */
void lex_regex(struct lex *, uint32_t offset, struct token *);

/*
 * Text of an f-string (`quoted`) or a template from the position on, up to
 * '{', '"' or the end, where the position then is; TOKEN_STRING or BAD.
 */
void lex_piece(struct lex *, int quoted, struct token *);
/* The format of a hole, up to '}', where the position then is. */
void lex_hole_format(struct lex *, struct token *);

/*
 * The first place that no program may hold anywhere: a NUL or another control
 * character, or bytes that are no UTF-8.  TOKEN_BAD, or TOKEN_END if there is
 * none.
 */
void lex_check_source(struct lex *, struct token *);

#endif
