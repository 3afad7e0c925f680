#ifndef SFLOW_OP_SORT_RUN_H
#define SFLOW_OP_SORT_RUN_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct op_run;

/*
 * A run: sorted rows on disk.  Written by one thread, then read by any number
 * of readers side by side, whole or from one bound to another.
 */
struct sort_run;
struct sort_run_reader;

/* A row with its key: what bytes mean, op/sort_row.h says. */
struct sort_item {
	uint64_t word;
	uint64_t turn;
	const char *row;
	uint32_t size;
	uint8_t part;		/* enum key_part */
};

/* All keys of (part, word) and above. */
struct sort_bound {
	uint32_t part;
	uint64_t word;
};

static inline int
sort_bound_is_above(const struct sort_bound *bound, uint32_t part,
	uint64_t word)
{
	return bound->part != part ? bound->part > part : bound->word > word;
}

/* What an open run takes besides SPILL_FILE_BYTES, for rows of usual length. */
#define SORT_PAGE_BYTES ((size_t)32 << 10)

struct sort_run *sort_run_new(struct op_run *, struct err *);
void sort_run_free(struct sort_run **);
/* Append the row that is next in order; 0 or -1. */
int sort_run_put(struct sort_run *, const struct sort_item *, struct err *);
/* Behind the last: 0 or -1. */
int sort_run_finish(struct sort_run *, struct err *);
/* Bounds between about equal pieces of it, in order. */
const struct sort_bound *sort_run_marks(const struct sort_run *,
	uint32_t *count);

/* Rows from `from` up to below `to`; NULL: all on that side. */
struct sort_run_reader *sort_run_read(const struct sort_run *,
	const struct sort_bound *from, const struct sort_bound *to);
void sort_run_reader_free(struct sort_run_reader **);
/* 1 with the next row, good until the next call; 0 at the end; -1. */
int sort_run_next(struct sort_run_reader *, struct sort_item *, struct err *);

#endif
