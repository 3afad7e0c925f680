#ifndef SFLOW_DATA_BATCH_H
#define SFLOW_DATA_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "data/column.h"
#include "data/schema.h"

struct region;

#define BATCH_ROWS_MAX 2048

/* Where the rows of a batch come from; the source owns it and outlives them. */
struct origin {
	const char *path;	/* as the user named it; "stdin" */
};

/*
 * Up to BATCH_ROWS_MAX rows.  A batch has one owner at a time; giving it on
 * passes it.  The owner may change the struct (narrow sel, add or remove
 * columns) but never what columns point to.  `regions` keep that alive.
 */
struct batch {
	struct schema *schema;	/* held; column i is named by field i */
	struct column *column;
	uint32_t column_capacity;
	uint32_t row_count;	/* physical rows of every column */
	uint32_t sel_count;	/* logical rows: entries of sel, or row_count */
	uint16_t *sel;		/* NULL: all rows, in order; else sel_storage */
	/*
	 * The record's own bytes, one SLICE or FLAT RAW* row each, without the
	 * line end; valid while has_record.  An operator that changes what a
	 * record holds clears has_record.  The type says the format: RAW_CSV
	 * (a whole line of delimiter's dialect), RAW_JSON, RAW.
	 */
	struct column record;
	int has_record;
	/* Place of row 0, for messages; origin NULL when it makes no sense. */
	const struct origin *origin;
	uint64_t first_line;	/* from 1 */
	uint64_t first_record;	/* from 1 */
	/* The line of each physical row, where rows or lines are missing in
	 * between; in a region held, or NULL: see batch_line(). */
	const uint64_t *line;
	/* Where rows were made of others (batch_inherit): of each, the row that
	 * `record`, `line` and `first_line` speak of, in a region held. */
	const uint16_t *place_row;
	/*
	 * Event time of each physical row, and the watermark of the row's own
	 * source as it was when the row was read: microseconds since 1970, in
	 * a region held.  Both NULL before a `watermark` stage.
	 */
	const int64_t *time;
	const int64_t *mark;
	/* The split all rows come from (op/op.h); 0: none. */
	uint64_t split;
	/* Each so many physical rows, from row 0 on, are of one record, which
	 * is bad, or late, but once (by rollup); 0: each is its own. */
	uint32_t copy_count;
	/* Regions held. */
	struct region **region;
	uint32_t region_count;
	uint32_t region_capacity;
	uint16_t *sel_storage;	/* BATCH_ROWS_MAX entries, allocated on need */
};

/* Batches are recycled.  Holds `schema`; columns are uninitialised. */
struct batch *batch_new(struct schema *, uint32_t row_count);
void batch_free(struct batch **);
/* Another batch on the same memory. */
struct batch *batch_clone(const struct batch *);
/* Keep `region` alive with the batch, which takes the caller's reference. */
void batch_take_region(struct batch *, struct region *take_region);
/* A fresh region that the batch keeps. */
struct region *batch_region(struct batch *);
/* Hold in `target` all the regions of `source`. */
void batch_hold_regions(struct batch *target, const struct batch *source);
/*
 * Row i of `target` was made of physical row row[i] of `source`: it has its
 * time, its split, and for messages its place and its record's bytes.  Holds
 * the regions.
 */
void batch_inherit(struct batch *target, const struct batch *source,
	const uint16_t *row);
/* Room for sel; returns it (sel is not set by this). */
uint16_t *batch_sel_storage(struct batch *);
/* Replace the schema (held) and make room for its columns; columns that lie at
 * the same index are kept. */
void batch_set_schema(struct batch *, struct schema *);
/* The column of a name or NULL. */
const struct column *batch_find(const struct batch *, const char *name);

/* The physical row of logical row i. */
static inline uint32_t
batch_row(const struct batch *batch, uint32_t i)
{
	return batch->sel == NULL ? i : batch->sel[i];
}

/* Of the rows of one record, is it the first? */
static inline int
batch_is_first(const struct batch *batch, uint32_t row)
{
	return batch->copy_count == 0 || row % batch->copy_count == 0;
}

/* The row of `record` and `line` that physical row `row` was made of. */
static inline uint32_t
batch_place_row(const struct batch *batch, uint32_t row)
{
	return batch->place_row == NULL ? row : batch->place_row[row];
}

/* The line of the input on which physical row `row` begins; 0: unknown. */
uint64_t batch_line(const struct batch *, uint32_t row);
/* The same for all selected rows at once: 8 bytes each, not aligned. */
void batch_lines(const struct batch *, char *out);

/*
 * A self-contained copy of the selected rows in one region of its own (deep,
 * FLAT), for operators that keep rows.  `origin` and places are dropped, the
 * record bytes kept if there.
 */
struct batch *batch_compact(const struct batch *);
/* Bytes held by the regions. */
size_t batch_bytes(const struct batch *);
/* Debug: abort with a sentence if an invariant is broken. */
void batch_verify(const struct batch *);

/*
 * How many rows a source should put into one batch: BATCH_ROWS_MAX, or what
 * SFLOW_BATCH_ROWS says (1..BATCH_ROWS_MAX; the hostile build says 1).
 */
uint32_t batch_rows_target(void);

#endif
