#ifndef SFLOW_OP_GROUP_H
#define SFLOW_OP_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "op/op.h"

/*
 * A hash table from row keys (data/key.h) to dense rows of `row_bytes` zeroed,
 * 8-byte aligned bytes, in order of first appearance; what aggregate, dedup,
 * head by, top by and join build on.  Rows never move: their addresses are good
 * until the table is freed.  Memory is charged to the budget.
 *
 * Lookups are done for a batch at a time: hash, prefetch the slot, prefetch the
 * row, compare.
 */
struct group_table;
struct key_set;

struct group_table *group_table_new(size_t row_bytes, struct mem_budget *);
void group_table_free(struct group_table **);
/*
 * The row of each key, made if it is new; is_new[i] (may be NULL) says for
 * which.  0, or -1 when the budget refuses: nothing was added for the key at
 * which it stopped and later ones.
 */
int group_table_find(struct group_table *, const struct key_set *,
	uint32_t count, char **row, uint8_t *is_new);
/* Only look: NULL for keys that are not there. */
void group_table_look(const struct group_table *, const struct key_set *,
	uint32_t count, char **row);
/*
 * Room for `count` keys more, so that finding them is not refused: 0, or -1
 * when the budget has none.  `always`: what it refuses is taken uncharged.
 */
int group_table_reserve(struct group_table *, uint32_t count, int always);
/* Forget all rows, keep the memory. */
void group_table_clear(struct group_table *);
uint64_t group_table_count(const struct group_table *);
/* Row number i in order of first appearance, and its key. */
char *group_table_row(const struct group_table *, uint64_t index);
struct text group_table_key(const struct group_table *, uint64_t index);
/*
 * What stands in front of a row, at once: whoever moves rows from table to
 * table has no need of the rest.
 */
struct group_head {
	uint64_t hash;
	struct text key;
};

static inline const struct group_head *
group_head_of(const char *row)
{
	return (const struct group_head *)(const void *)row - 1;
}

/*
 * Evaluate the `by` items over the batch's selected rows into dense columns;
 * rows that cannot be computed are rejected first (the selection narrows).
 */
int group_eval_by(struct op_run *, const struct op_item *by, uint32_t by_count,
	struct batch *, struct region *, struct column *column, struct err *);
/*
 * Evaluate the `by` items over the batch's selected rows, reject what cannot be
 * computed, and find or make the group of each selected row.
 */
int group_find_by(struct op_run *, struct group_table *,
	const struct op_item *by, uint32_t by_count, struct batch *,
	struct region *, char **row, struct err *);

#endif
