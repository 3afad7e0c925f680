#ifndef SFLOW_OP_GROUP_ROWS_H
#define SFLOW_OP_GROUP_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "op/op.h"

struct agg_disk;
struct buf;

/*
 * What aggregate and window share: the row of a group, how records are added to
 * it, and how records of output are made of it.  A row lies in some table under
 * its key (data/key.h): the states of all aggregates, then a code per `by`
 * item, which with the key's bytes is the item's value.
 *
 * The operator's arguments `by` and `agg` say what there is.
 */
struct group_rows {
	const struct op_args *args;
	size_t *offset;		/* of each aggregate's state */
	size_t keys_offset;
	size_t bytes;		/* of a row */
	uint64_t sequence;	/* of the next record added */
	/* Output being made: `gap` columns between keys and aggregates are the
	 * caller's. */
	struct builder *builder;
	uint32_t gap, width;
	uint8_t *is_needed;	/* by anybody behind, of the columns */
	uint32_t count;
};

/* For bind: the fields of keys, behind those that are there; of aggregates. */
void group_rows_add_keys(const struct op *, struct schema *);
void group_rows_add_aggregates(const struct op *, struct schema *);
/* For need and explain. */
void group_rows_need(const struct op *, struct need_set *in);
void group_rows_explain(const struct op *, struct buf *out);

void group_rows_init(struct group_rows *, struct op_run *, uint32_t gap);
void group_rows_fini(struct group_rows *);

/* A new row gets the values of its keys: dense row i of the `by` columns. */
void group_rows_set_keys(const struct group_rows *,
	const struct column *column, uint32_t i, struct region *scratch,
	char *row);
/* ... or codes that are known: key_code(). */
void group_rows_set_codes(const struct group_rows *, const uint16_t *code,
	char *row);
/*
 * Add the batch's selected rows to the states in row[i], or all to the states
 * at `single` if row is NULL.  Rows that cannot be computed are rejected.
 */
int group_rows_update(struct op_run *, struct group_rows *, struct batch *,
	struct region *, char *const *row, char *single, struct err *);
/*
 * Values that states have no room for are taken all the same from now on, and
 * group_rows_refused() says, once, of how many bytes: then it is time to let go
 * of states.  Without it, that ends the job.
 */
void group_rows_take_all(struct group_rows *, struct mem_budget *);
uint64_t group_rows_refused(const struct group_rows *);
/* Will it say so? */
int group_rows_has_refused(const struct group_rows *);
/*
 * States of this row that are large, to disk: how many bytes that were, or -1
 * with err.  The disk is set before; what states have there they keep.
 */
void group_rows_set_disk(const struct group_rows *, struct agg_disk *);
long group_rows_spill(const struct group_rows *, char *row, struct err *);
/*
 * A record of which one argument cannot be computed must count in none of the
 * aggregates.  When such records do not stop the job, every batch is first
 * added to states that are thrown away, and what was refused is taken out.
 */
int group_rows_probe(struct op_run *, struct group_rows *, struct batch *,
	struct region *, struct err *);
/* A new row gets the keys of another. */
void group_rows_copy_keys(const struct group_rows *, char *row,
	const char *source);
/* ... but null for those whose bits are not set, and an int for the last. */
void group_rows_copy_set(const struct group_rows *, char *row,
	const char *source, uint64_t keep);
/* Add the states of `source`, whose records came later, to `target`. */
void group_rows_merge(const struct group_rows *, char *target,
	const char *source);
/* The same with places changed; the source's states are then free to be
 * forgotten.  `is_new`: the target has nothing yet, not even codes of keys. */
struct agg_places;
void group_rows_absorb(const struct group_rows *, char *target, char *source,
	const struct agg_places *, int is_new);
/* Do the states own memory besides the row?  Free it. */
int group_rows_own(const struct group_rows *);
void group_rows_clear(const struct group_rows *, char *row);

/*
 * A row as bytes, and back.  `call` has a copy of each aggregate's call struct,
 * so that another thread can write while the operator works.  Reading begins
 * with the key and its hash, by which the row is found; then the row's bytes
 * are read into it, or added to what is there.  -1 if they are no such thing.
 */
void group_rows_save(const struct group_rows *, struct agg_call *call,
	const char *row, struct text key, uint64_t hash, struct buf *out);
int group_rows_load_key(const struct group_rows *, const char **at,
	const char *end, struct text *key, uint64_t *hash);
int group_rows_load(const struct group_rows *, const char **at,
	const char *end, char *row, int is_new);
/* The copies; heap. */
struct agg_call *group_rows_calls(const struct group_rows *);

/*
 * One more record of output, but for the gap: 0, or -1 with err for a result
 * that there is not.  Then what was made, as a batch of op->out.
 */
int group_rows_add(struct group_rows *, const char *row, struct text key,
	struct err *);
struct batch *group_rows_take(struct group_rows *, struct op_run *);
/*
 * Up to BATCH_ROWS_MAX records of output at once, without a gap: all columns,
 * in memory of `region`; null where nobody looks.  0, or -1 with err, and
 * nothing is left of it.
 */
int group_rows_columns(struct group_rows *, char *const *row,
	const struct text *key, uint32_t count, struct region *,
	struct column *out, struct err *);

#endif
