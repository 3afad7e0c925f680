#ifndef SFLOW_DATA_ROWS_PRIV_H
#define SFLOW_DATA_ROWS_PRIV_H

#include <stdint.h>

#include "data/column.h"

/* The rows of one call of column_numbers(). */
struct rows {
	const struct column *column;	/* RAW*, SLICE or FLAT */
	const uint16_t *sel;
	uint32_t count;
	struct region *region;
};

/* Row i, the slow way: INT, FLOAT, RAW, ...; missing is null here. */
enum type rows_settle(const struct rows *, uint32_t i, union cell *);

/*
 * Read ints into `out`, a FLAT INT column, with its nulls.  Returns how many
 * rows were ints or null before something else came, or all.
 */
uint32_t rows_read_ints(const struct rows *, struct column *out);

/*
 * All rows as floats into `out`, a FLAT FLOAT column; the first `done` of them
 * are in `ints`.  1, or 0 when there is text or an int that passes 2^53.
 */
int rows_read_floats(const struct rows *, const struct column *ints,
	uint32_t done, struct column *out);

#endif
