#ifndef SFLOW_IO_CSV_ROW_H
#define SFLOW_IO_CSV_ROW_H

#include <stddef.h>
#include <stdint.h>

/*
 * The exact parser of one CSV row, byte by byte.  It says what a row is; the
 * index of csv_index.h gives the same positions faster.
 */
enum csv_row_end {
	CSV_ROW_DONE,		/* it ends with the line end before `next` */
	CSV_ROW_MORE,		/* the bytes end before the row does */
	CSV_ROW_OPEN,		/* a quoted field is longer than field_max */
	CSV_ROW_BEHIND,		/* there is text behind a closing quote */
	CSV_ROW_LONG,		/* said by csv_row_judge() only */
};

struct csv_row {
	uint32_t next;		/* CSV_ROW_DONE: where the next row starts */
	uint32_t field_count;	/* of the fields that have ended */
	/* CSV_ROW_OPEN, _BEHIND: what is wrong; CSV_ROW_MORE inside of quotes:
	 * the quote that opened, else `end`. */
	uint32_t fault;
};

struct csv_dialect {
	char delimiter;
	int quotes;
	uint32_t field_max;	/* bytes of a quoted field */
};

/*
 * Parse the row at `at`; bytes of `base` up to `end` are there.  The positions
 * of its separators, the line end among them, go to index[0..index_max), the
 * others are only counted.
 */
enum csv_row_end csv_row_parse(const struct csv_dialect *, const char *base,
	uint32_t at, uint32_t end, uint32_t *index, uint32_t index_max,
	struct csv_row *out);

#endif
