#ifndef SFLOW_LANG_GUESS_H
#define SFLOW_LANG_GUESS_H

#include <stddef.h>

#include "lang/ast.h"

struct err;

/*
 * What was meant by a word of another language.  The parser answers where such
 * a word breaks the grammar; where it passes as the call of an operator or as
 * a variable, the checker asks here once it knows that there is none.
 */
struct guess_word {
	const char *word;	/* "project", "group by" */
	const char *whose;	/* "KQL" */
	const char *here;	/* what it is here: "select" */
	const char *rewrite;	/* "select %", % being what followed the word */
};

/* The row of a word, case ignored; NULL if it is no known foreign word. */
const struct guess_word *guess_word_find(const char *word);

/*
 * Fill `err` for an AST_CALL_STAGE whose name is no operator: the foreign
 * word's rewrite, or the nearest of the stages and `names` (operators and the
 * program's own ops).  Returns -1.
 */
int guess_unknown_stage(const struct ast_program *, const struct ast_stage *,
	const char *const *names, size_t name_count, struct err *);

/*
 * Fill `err` for an AST_VAR that is no variable of its scope: the nearest of
 * `names` (without $), or else the field of that name.  Returns -1.
 */
int guess_unknown_var(const struct ast_expr *, const char *const *names,
	size_t name_count, struct err *);

#endif
