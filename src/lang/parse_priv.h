#ifndef SFLOW_LANG_PARSE_PRIV_H
#define SFLOW_LANG_PARSE_PRIV_H

#include <stddef.h>

#include "lang/ast.h"
#include "lang/lex.h"
#include "lang/parse.h"

struct err;
struct region;

/* Productions inside each other; past it the program is refused. */
#define PARSE_DEPTH_MAX 200

/*
 * One walk over one text.  Productions return NULL or -1 with `err` filled by
 * parse_fail() or parse_error(), and their callers only pass that on.
 */
struct parser {
	struct lex lex;
	struct token token;		/* the current one */
	struct token ahead;		/* the one behind it, once peeked at */
	int has_ahead;
	uint32_t end;			/* where the last token taken ended */
	struct region *region;
	struct err *err;
	uint32_t depth;
	uint32_t tallest;		/* of the expressions so far */
	uint32_t unit;			/* start of the stage or declaration */
	const char *form;		/* grammar of that stage, for hints */
	const char *hint;		/* of the error */
	struct mend mend;		/* what would mend the error */
	int is_decl;			/* inside a declaration */
	int unit_only;			/* declarations alone are a program */
	const struct ast_span *place;	/* a template's: every span is this */
};

/* parse_token.c: tokens, nodes and errors. */
void parse_advance(struct parser *);
/* The token behind the current one. */
const struct token *parse_peek(struct parser *);
/* Drop what was read ahead and go on behind `offset`. */
void parse_seek(struct parser *, uint32_t offset);
/* Is the current token this bare word? */
int parse_at_word(const struct parser *, const char *word);
int parse_token_is_word(const struct token *, const char *word);
/* Take the current token if it is this word, or of this kind. */
int parse_take_word(struct parser *, const char *word);
int parse_take(struct parser *, enum token_kind);
/* The same, or an error.  `expected` is as in parse_fail(). */
int parse_expect(struct parser *, enum token_kind, const char *expected);
/* A closing bracket; if the text ends instead, the opening one is shown. */
int parse_expect_close(struct parser *, enum token_kind, uint32_t open,
	const char *expected);
int parse_expect_word(struct parser *, const char *word);
/* NAME: not one of the reserved words.  `span` may be NULL. */
int parse_name(struct parser *, const char *expected, struct ast_text *name,
	struct ast_span *span);
int parse_is_name(const struct token *);
/* Can an operand begin with it?  A slash can, but is not counted here. */
int parse_begins_operand(const struct token *);
/* From `offset` to the end of the last token taken. */
struct ast_span parse_span(const struct parser *, uint32_t offset);
struct ast_expr *parse_node(struct parser *, enum ast_expr_kind,
	uint32_t offset);
/* Set the height of a finished node; NULL with an error if it is too tall. */
struct ast_expr *parse_close(struct parser *, struct ast_expr *);
/* `array` with room for one more behind `count`. */
void *parse_grow(struct parser *, void *array, uint32_t count, size_t bytes);
/* Go one production deeper; parse_leave() afterwards if that went well. */
int parse_enter(struct parser *);
void parse_leave(struct parser *);
/*
 * "expected X, found Y" at the current token, with what is known about tokens
 * of other languages.  Without a hint the form of the stage is shown.
 */
int parse_fail(struct parser *, const char *expected, const char *hint);
/*
 * Does a line begin with a word where the declaration before it could end?
 * That is the next declaration, or the pipeline: the ';' was forgotten, says
 * parse_fail() where the end or a ';' was expected.
 */
int parse_is_unended(const struct parser *);
int parse_error(struct parser *, struct ast_span, const char *hint,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Note the change that would mend the error just made. */
void parse_mend(struct parser *, uint32_t offset, uint32_t bytes,
	const char *text);

/* parse_expr.c, parse_primary.c */
struct ast_expr *parse_expr(struct parser *);
struct ast_expr *parse_postfix(struct parser *);
struct ast_expr *parse_primary(struct parser *);

/* parse_item.c */
enum item_flag {
	ITEM_WHERE = 1,		/* aggregates: "where" behind the expression */
	ITEM_RECORD = 2,	/* `name: expr` and "name": expr */
	ITEM_NAMED = 4,		/* the name is mandatory */
	ITEM_SETS = 8,		/* by: rollup(...), cube(...), sets(...) */
};
int parse_items(struct parser *, unsigned flags, struct ast_items *);
int parse_args(struct parser *, struct ast_args *);
struct ast_io *parse_io(struct parser *, const char *expected);
int parse_rel(struct parser *, struct ast_rel *);
int parse_route(struct parser *, struct ast_route *);
int parse_duration(struct parser *, struct ast_expr **);
int parse_by(struct parser *, struct ast_group *);
int parse_group(struct parser *, struct ast_group *);

/* parse.c */
struct ast_pipeline *parse_pipeline(struct parser *);
/* "(" pipeline ")" */
struct ast_pipeline *parse_parenthesised(struct parser *);
/* A whole text as a program; `parser` has source, flags, region and err. */
struct ast_program *parse_text(struct parser *);

/* parse_stage.c, parse_events.c */
struct ast_stage *parse_stage(struct parser *);
#define STAGE(word, kind, form, help) \
	int parse_stage_##word(struct parser *, struct ast_stage *);
#include "lang/stage_table.h"
#undef STAGE

#endif
