#ifndef SFLOW_LANG_PRETTY_H
#define SFLOW_LANG_PRETTY_H

#include "lang/ast.h"

struct buf;

/*
 * Append the canonical text.  One-line form: stages joined by " | ", ready to
 * be pasted between single quotes.  Wide form: a stage a line, declarations
 * first, `|` at the start of the line, lines under 80 columns where they can
 * be broken, each statement behind a newline.  Both parse back to the same AST
 * (spans apart).  Comments are kept by the wide form only, each as near to its
 * place as the lines allow.
 */
void pretty_program(const struct ast_program *, struct buf *);
void pretty_program_wide(const struct ast_program *, struct buf *);
void pretty_stage(const struct ast_stage *, struct buf *);
void pretty_expr(const struct ast_expr *, struct buf *);
void pretty_io(const struct ast_io *, struct buf *);

/* Same tree, spans apart?  For the round-trip tests. */
int ast_equal(const struct ast_program *, const struct ast_program *);
int ast_expr_equal(const struct ast_expr *, const struct ast_expr *);

#endif
