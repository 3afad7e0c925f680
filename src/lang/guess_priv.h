#ifndef SFLOW_LANG_GUESS_PRIV_H
#define SFLOW_LANG_GUESS_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "lang/ast.h"
#include "lang/guess.h"

struct buf;
struct parser;

/*
 * guess_parse.c: what the productions call at the token that breaks them.
 * Each makes the error, notes a change that might mend it, and returns -1.
 */
/* '.' where an operand is expected. */
int guess_dot(struct parser *);
/* Something that begins no stage. */
int guess_no_stage(struct parser *);
/* Something behind a complete stage that does not end it. */
int guess_stage_end(struct parser *, const struct ast_stage *);
/* The same behind "from" io. */
int guess_from_end(struct parser *);
/* "join" "side" ":" */
int guess_join_side(struct parser *);
/* No "(" where a pipeline in parentheses is expected. */
int guess_no_parenthesis(struct parser *);
/* 0 unless `on` has $left.x or $right.x; `rel_end` is where rel ends. */
int guess_sides(struct parser *, const struct ast_stage *, uint32_t rel_end,
	const struct ast_expr *on);
/* Returns 0 unless the name at `offset` is the start of a path. */
int guess_bare_path(struct parser *, uint32_t offset);

/*
 * guess_mend.c: fill the hint of the parser's error: the mended text, if the
 * change that was noted really mends it, else the advice of the error.
 */
void guess_hint(struct parser *);
/*
 * If the unit that failed begins with a phrase of another language, and no
 * change is noted yet, note the phrase's rewrite.
 */
void guess_mend_phrase(struct parser *);
/*
 * Mend `text` and append its canonical form to `result`.  `first` may be NULL
 * if the text alone shows what to change.  -1: nothing mends it.
 */
struct mend;
int guess_mend(const char *text, size_t size, unsigned flags,
	const struct mend *first, struct buf *result);
/* Where the stage or declaration that begins at `from` ends. */
uint32_t guess_unit_end(const char *source, uint32_t size, uint32_t from);

/* guess.c: the row of the phrase that a stage's text begins with, or NULL. */
const struct guess_word *guess_phrase(const char *text, size_t size,
	size_t *phrase_bytes);

/*
 * guess_rewrite.c: the same in this language, appended to the buffer.  All get
 * the text of a stage; -1 if they cannot make anything of it.
 */
int guess_rewrite_word(const struct guess_word *, const char *rest,
	size_t size, struct buf *);
int guess_rewrite_sql(const char *text, size_t size, struct buf *);
int guess_rewrite_awk(const char *text, size_t size, struct buf *);
int guess_rewrite_join_side(const char *text, size_t size, struct buf *);

#endif
