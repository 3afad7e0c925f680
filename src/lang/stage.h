#ifndef SFLOW_LANG_STAGE_H
#define SFLOW_LANG_STAGE_H

#include <stddef.h>

#include "lang/ast.h"

/* What stage_table.h says of a word that begins a stage. */
struct stage_word {
	const char *word;
	enum ast_stage_kind kind;
	const char *form;	/* "head [COUNT] [by FIELD, ...]" */
	const char *help;	/* "the first records, of each group" */
};

extern const struct stage_word stage_words[];
extern const size_t stage_word_count;

/* The row of `word`, or NULL. */
const struct stage_word *stage_word_find(const char *word);
/* "inner", "left", ... into `kind`; -1 if it is none. */
int stage_join_kind(const char *word, enum ast_join_kind *kind);
const char *stage_join_word(enum ast_join_kind);

#endif
