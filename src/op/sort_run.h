#ifndef SFLOW_OP_SORT_RUN_H
#define SFLOW_OP_SORT_RUN_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct key_cut;
struct op_run;

/*
 * A run: sorted rows on disk.  Written by one thread, then read by any number
 * of readers side by side, whole or from one bound to another.
 */
struct sort_run;
struct sort_run_reader;

/*
 * A row with its key: what bytes mean, op/sort_row.h says.  The rest is there
 * also where it is the usual one.
 */
struct sort_item {
	uint64_t word;
	uint64_t turn;
	const char *rest;
	const char *row;
	uint32_t rest_size;
	uint32_t size;		/* of the row */
	uint8_t part;		/* enum key_part */
	uint8_t is_usual;	/* the rest */
	/*
	 * Of items that are read: how its key differs from that of the item
	 * before (op/sort_gap.h).  The word's bytes lie in front of the rest,
	 * and pads for SORT_GAP_PADDING bytes behind it.
	 */
	uint64_t gap;
};

/* All keys of (part, word, next) and above, where `next` is the first 8 bytes
 * of the rest. */
struct sort_mark {
	uint64_t word;
	uint64_t next;
	uint32_t part;
};

static inline int
sort_mark_compare(const struct sort_mark *a, const struct sort_mark *b)
{
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	if (a->word != b->word)
		return a->word < b->word ? -1 : 1;
	return a->next < b->next ? -1 : a->next > b->next;
}

/* The rest and the row of an item whose word and part are set, of a row as it
 * lies in memory. */
void sort_item_set_row(struct sort_item *, const struct key_cut *,
	const char *row, uint32_t size);

/*
 * Blocks are small, since many runs are read side by side and each from many
 * places.  What a run takes while it is written, and a reader.
 */
#define SORT_BLOCK_BYTES ((size_t)64 << 10)
#define SORT_RUN_BYTES (2 * SORT_BLOCK_BYTES)
#define SORT_READER_BYTES (2 * SORT_BLOCK_BYTES)

/* The cut outlives the run. */
struct sort_run *sort_run_new(struct op_run *, const struct key_cut *,
	struct err *);
void sort_run_free(struct sort_run **);
/* Append the row that is next in order; 0 or -1. */
int sort_run_put(struct sort_run *, const struct sort_item *, struct err *);
/* Behind the last: 0 or -1. */
int sort_run_finish(struct sort_run *, struct err *);
/* The first keys of about equal pieces of it, of a block each, in order. */
const struct sort_mark *sort_run_marks(const struct sort_run *,
	uint32_t *count);

/* Rows from `from` up to below `to`; NULL: all on that side. */
struct sort_run_reader *sort_run_read(const struct sort_run *,
	const struct sort_mark *from, const struct sort_mark *to);
void sort_run_reader_free(struct sort_run_reader **);
/* 1 with the next row, good until the next call; 0 at the end; -1. */
int sort_run_next(struct sort_run_reader *, struct sort_item *, struct err *);

#endif
