#ifndef SFLOW_OP_ROWS_H
#define SFLOW_OP_ROWS_H

#include <stdint.h>

#include "op/op.h"

/*
 * Rows kept in memory, where what they take is little.  Rows are copied in
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
uint64_t rows_count(const struct rows *);
/* All fields seen, in the order that one batch of all rows would have;
 * borrowed, may become another with rows_add. */
struct schema *rows_schema(const struct rows *);

/*
 * A batch of `count` kept rows, in the order of refs, with rows_schema().  The
 * record's bytes come along if all kept batches had them.
 */
struct batch *rows_gather(const struct rows *, const struct row_ref *refs,
	uint32_t count);
/* One column of it, by its place in rows_schema(), into `region` (which does
 * not keep the text alive: hold rows_region in the batch). */
void rows_gather_column(const struct rows *, uint32_t place,
	const struct row_ref *refs, uint32_t count, struct region *,
	struct column *out);
struct region *rows_region(const struct rows *);

#endif
