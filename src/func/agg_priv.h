#ifndef SFLOW_FUNC_AGG_PRIV_H
#define SFLOW_FUNC_AGG_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "data/batch.h"
#include "func/agg.h"

/*
 * What aggregates share: finding the state of a row, refusing a row, memory
 * that is charged, a value that a state keeps, states as bytes.
 */

/* The state, a struct of this name, that row i goes to. */
#define AGG_STATE(name, group, i, offset) \
	((struct name *)(void *)((group)[i] + (offset)))

/*
 * The place of row i in the order of all rows: the batch's number first, the
 * row in it next, so that the runs of one type that a mixed column is given in
 * find together again.
 */
static inline uint64_t
agg_place(const struct agg_call *call, uint32_t i)
{
	return call->sequence * BATCH_ROWS_MAX +
	    (call->row == NULL ? i : call->row[i]);
}

/* A place that came with a state that is merged, in the order of all rows. */
static inline uint64_t
agg_place_of_all(const struct agg_call *call, uint64_t place)
{
	const struct agg_places *places = call->places;
	uint64_t sequence = place / BATCH_ROWS_MAX;
	uint32_t low = 0, high;

	if (places == NULL)
		return place;
	/* The last span that begins at or before it; the first is at 0. */
	for (high = places->count; high - low > 1;) {
		uint32_t middle = low + (high - low) / 2;
		if (places->span[middle].own <= sequence)
			low = middle;
		else
			high = middle;
	}
	return place + (places->span[low].all - places->span[low].own) *
	    BATCH_ROWS_MAX;
}

/* Row i is not added; `reason` is static. */
void agg_reject(struct agg_call *, uint32_t i, const char *reason);

/* Does the column hold no value at all? */
static inline int
agg_is_nothing(const struct column *column)
{
	return column->type == TYPE_NULL || column->type == TYPE_MISSING;
}

/* Row i of a FLAT or CONST column of one type; text is borrowed. */
struct value agg_cell(const struct column *, uint32_t i);

/* For func_type_f: a plain type as it is, TYPE_ANY where data will tell. */
enum type agg_type_known(enum type);
/* The same for aggregates of numbers: TYPE_ERROR for what is none. */
enum type agg_type_number(enum type);

/* For agg_def.want: the same for every argument. */
#define AGG_WANT(want) { want, want, want, want }

/*
 * Memory that a state owns, charged to call->budget.  agg_grow makes `block`
 * (or NULL) at least `bytes` large; NULL if the budget refuses, and the block
 * stays as it was.  agg_grow_always is for merging and loading, which cannot
 * fail: what the budget refuses is taken and charged all the same.
 */
void *agg_grow(struct agg_call *, void *block, size_t bytes);
void *agg_grow_always(struct agg_call *, void *take_block, size_t bytes);
size_t agg_block_bytes(const void *block);
void agg_release(struct agg_call *, void *block);
#define AGG_NO_MEMORY "the memory limit is reached"

/* A value that a state keeps; all zeros is none.  Long text is a block. */
struct agg_value {
	uint64_t type;
	union cell cell;
};

_Static_assert(sizeof(struct agg_value) == 24, "a tag and a cell");

/* Keep a copy in place of what is there; -1 if the budget refuses. */
int agg_value_set(struct agg_call *, struct agg_value *, const struct value *);
void agg_value_set_always(struct agg_call *, struct agg_value *,
	const struct value *);
void agg_value_free(struct agg_call *, struct agg_value *);
void agg_value_save(const struct agg_value *, struct buf *);
int agg_value_load(struct agg_call *, struct agg_value *, const char **at,
	const char *end);
static inline struct value
agg_value_get(const struct agg_value *kept)
{
	return (struct value){ .type = (enum type)kept->type,
	    .cell = kept->cell };
}
/* Append it to the result, null for none. */
void agg_value_add(const struct agg_value *, struct builder *);

/* Numbers as bytes, the lowest first. */
void agg_save_word(struct buf *, uint64_t);
void agg_save_float(struct buf *, double);
void agg_save_bytes(struct buf *, const void *bytes, size_t size);
int agg_load_word(const char **at, const char *end, uint64_t *);
int agg_load_float(const char **at, const char *end, double *);
/* A view of `*size` bytes that agg_save_bytes wrote, or NULL. */
const char *agg_load_bytes(const char **at, const char *end, size_t *size);
/* A count of things of at least `bytes` bytes that still follow. */
int agg_load_count(const char **at, const char *end, size_t bytes,
	uint64_t *count);

#endif
