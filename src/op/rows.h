#ifndef SFLOW_OP_ROWS_H
#define SFLOW_OP_ROWS_H

#include <stdint.h>

#include "op/op.h"

/*
 * Rows kept in memory: what sort, tail, top and join hold.  Rows are copied in
 * (deep, columns stay columns) and gathered into batches in any order.  Batches
 * may have different schemas: a row lacks what its batch had not.
 */
struct rows;

/* A kept row; ROWS_NONE in `batch` is a row of nulls (an outer join's). */
struct row_ref {
	uint32_t batch;
	uint32_t row;
};

#define ROWS_NONE UINT32_MAX

struct rows *rows_new(struct op_run *);
void rows_free(struct rows **);
/*
 * Keep the selected rows of a batch: they become rows 0..sel_count of batch
 * number *index.  0, or -1 with err when the memory limit is reached.
 */
int rows_add(struct rows *, const struct batch *, uint32_t *index,
	struct err *);
/* The same; 1 when the budget refuses: then let go of all rows. */
int rows_try(struct rows *, const struct batch *, uint32_t *index);
uint64_t rows_count(const struct rows *);
/* All fields seen, in the order that one batch of all rows would have;
 * borrowed, may become another with rows_add. */
struct schema *rows_schema(const struct rows *);
/* Bytes held. */
size_t rows_bytes(const struct rows *);
/*
 * Let go of all rows but those that live[0..count) point to; these are copied
 * to fresh memory and the refs changed to where they are now.  For a moment
 * there are both, whatever the limit: call it when most rows are dead.
 */
void rows_shrink(struct rows *, struct row_ref *const *live, uint64_t count);
/* Is that worth it, where so many are alive?  The more often, the less room
 * there is. */
int rows_want_shrink(const struct rows *, uint64_t live);

/*
 * A batch of `count` kept rows, in the order of refs, with rows_schema().  The
 * record's bytes come along if all kept batches had them.
 */
struct batch *rows_gather(const struct rows *, const struct row_ref *refs,
	uint32_t count);
/* The same with the fields that only the operator itself looks at. */
struct batch *rows_gather_all(const struct rows *, const struct row_ref *refs,
	uint32_t count);
/* One column of it, by its place in rows_schema(), into `region` (which does
 * not keep the text alive: hold rows_region in the batch). */
void rows_gather_column(const struct rows *, uint32_t place,
	const struct row_ref *refs, uint32_t count, struct region *,
	struct column *out);
struct region *rows_region(const struct rows *);

#endif
