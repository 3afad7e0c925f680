#ifndef SFLOW_LANG_PRETTY_PRIV_H
#define SFLOW_LANG_PRETTY_PRIV_H

#include <stdint.h>

#include "lang/ast.h"
#include "util/buf.h"

/*
 * Text with marks where lines may be broken.  The marks are control characters,
 * which no program can hold, so they lie in the text itself.
 */
enum pretty_mark {
	MARK_OPEN = 1,	/* a group: on one line if it fits, else broken */
	MARK_CLOSE,
	MARK_IN,	/* lines begin four columns further right */
	MARK_OUT,
	MARK_BREAK,	/* a space or a new line */
	MARK_SOFT,	/* nothing or a new line */
	MARK_HARD,	/* a new line, in the one-line form a space */
	MARK_COMMENT,	/* a comment follows: breaks its groups */
};

struct pretty {
	struct buf text;
	const struct ast_program *program;	/* of the comments, or NULL */
	uint32_t comment_next;
	int wide;
	uint32_t flat;		/* inside an f-string: no marks at all */
	int takes_sets;		/* rollup(...) would begin sets here */
	const struct ast_expr *quoted;	/* a call whose name needs backticks */
};

/* pretty_layout.c */
void pretty_mark(struct pretty *, enum pretty_mark);
void pretty_text(struct pretty *, const char *string);
/* A comment of the source before `limit` that stands behind other text. */
void pretty_trailing(struct pretty *, uint32_t limit);
/* All comments of the source before `limit`, a line each. */
void pretty_comments(struct pretty *, uint32_t limit);
/* Append the text to `result`, the marks carried out; frees the text. */
void pretty_finish(struct pretty *, struct buf *result);

/* pretty_expr.c */
void pretty_name(struct pretty *, const struct ast_text *name);
void pretty_string(struct pretty *, const struct ast_text *text);
void pretty_add_expr(struct pretty *, const struct ast_expr *);
void pretty_add_args(struct pretty *, const struct ast_args *);
/* Items with commas and breaks between them. */
void pretty_add_items(struct pretty *, const struct ast_items *);
/* The same behind `by`. */
void pretty_add_by(struct pretty *, const struct ast_items *);
/* The node that the expression's text begins with. */
const struct ast_expr *pretty_leftmost(const struct ast_expr *);

/* pretty_stage.c */
void pretty_add_io(struct pretty *, const struct ast_io *);
void pretty_add_stage(struct pretty *, const struct ast_stage *);
/* Stages with `between` before each '|'. */
void pretty_add_pipeline(struct pretty *, const struct ast_pipeline *,
	enum pretty_mark between);

#endif
