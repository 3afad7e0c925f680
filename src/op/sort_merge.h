#ifndef SFLOW_OP_SORT_MERGE_H
#define SFLOW_OP_SORT_MERGE_H

#include <stdint.h>

#include "data/key_words.h"
#include "op/sort_run.h"

struct sort_merge;

/*
 * The rows of several runs as one sequence, from `from` up to below `to`.  Of
 * equal keys that of the lesser turn comes first, and within a turn that of the
 * earlier run in the list.  Costs a reader a run (SORT_READER_BYTES).
 */
struct sort_merge *sort_merge_new(const struct key_cut *,
	struct sort_run *const *runs, uint32_t count,
	const struct sort_mark *from, const struct sort_mark *to);
void sort_merge_free(struct sort_merge **);
/* 1 with the next row, good until the next call; 0 at the end; -1. */
int sort_merge_next(struct sort_merge *, struct sort_item *, struct err *);

#endif
