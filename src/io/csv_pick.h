#ifndef SFLOW_IO_CSV_PICK_H
#define SFLOW_IO_CSV_PICK_H

#include <stdint.h>

struct csv_scan;

/*
 * The index of a few separators of each row, where all rows have the same
 * number of them and none has a quote.
 */
struct csv_pick;

/*
 * Of rows of `stride` separators those are wanted for which is_wanted[i] is not
 * 0; the last, the line end, is among them.  NULL if the whole index is as good
 * here.
 */
struct csv_pick *csv_pick_new(uint32_t stride, const uint8_t *is_wanted);
void csv_pick_free(struct csv_pick **);
/* How many of a row are wanted. */
uint32_t csv_pick_count(const struct csv_pick *);
/* Of the wanted ones that come in a row before separator i. */
uint32_t csv_pick_before(const struct csv_pick *, uint32_t i);

/*
 * Go on as csv_index() does, from the start of a row to the end or the limit;
 * but scan->illegal says that the 64 bytes at scan->at hold a quote, or that
 * the rows that end or begin in them are others.  scan->newline_count is the
 * number of whole rows.  *has_cr: there may be a '\r' among the bytes.
 */
void csv_pick_index(const struct csv_pick *, struct csv_scan *scan,
	int *has_cr);

#endif
