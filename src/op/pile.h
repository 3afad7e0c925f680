#ifndef SFLOW_OP_PILE_H
#define SFLOW_OP_PILE_H

#include <stddef.h>
#include <stdint.h>

#include "op/image.h"

struct err;
struct mem_budget;
struct op_run;
struct spill_file;
struct spill_reader;

/*
 * Rows (op/image.h) in the order in which they came: in blocks in memory, or in
 * a file, when memory was wanted back.  What is in memory stays where it is.
 */
struct pile_block {
	struct pile_block *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

/* A place in a pile's file, and the first row behind it. */
struct pile_mark {
	uint64_t turn, number;
	uint64_t place;
};

struct pile {
	struct pile_block *first, *last;
	uint64_t row_count;
	uint64_t held_bytes;
	size_t block_bytes;		/* of the next block */
	struct spill_file *file;	/* NULL: all is in memory */
	uint64_t end;			/* place behind the last that is out */
	uint64_t file_charged;		/* for its writer's buffer */
	uint32_t spill_block_bytes;	/* of its file; 0: the usual */
	/* Where its file can be entered, if that is wanted, in order. */
	int wants_marks;
	struct pile_mark *mark;
	uint32_t mark_count;
	uint64_t unmarked_bytes;	/* behind the last */
	struct image_shapes *shapes;	/* of its rows */
};

/* For tests, which set SFLOW_TEST_MARKS: marks wherever there can be any. */
int pile_is_tested(void);
void pile_free(struct pile *, struct mem_budget *);
/*
 * Room for `bytes` of rows that follow one another: pile_take() takes it.  0;
 * 1 when the budget refuses (never with `force`); -1 when a full block cannot
 * be written.
 */
int pile_reserve(struct pile *, struct mem_budget *, size_t bytes, int force,
	struct err *);

static inline char *
pile_take(struct pile *pile, size_t bytes)
{
	char *at = pile->last->bytes + pile->last->used;

	pile->last->used += bytes;
	pile->row_count++;
	return at;
}

/* Write all rows to a file of the operator's; further ones will follow.  0 or
 * -1. */
int pile_spill(struct pile *, struct mem_budget *, struct op_run *,
	struct err *);
/* No more rows come for now: what is in a file goes there, its buffers go. */
int pile_rest(struct pile *, struct mem_budget *, struct err *);
/* Append a copy of a row. */
int pile_add(struct pile *, struct mem_budget *, const struct image *,
	struct err *);

/*
 * Read the rows in order.  A pile in memory gives them where they lie; those of
 * a file are good until pile_reader_release().
 */
struct pile_reader;

struct pile_reader *pile_reader_new(struct pile *, struct mem_budget *);
/* Of a pile in a file: from a mark's place on. */
struct pile_reader *pile_reader_new_at(struct pile *, struct mem_budget *,
	uint64_t place);
void pile_reader_free(struct pile_reader **);
/* 1 with *row; 0 at the end; -1. */
int pile_reader_next(struct pile_reader *, struct image **row, struct err *);
void pile_reader_release(struct pile_reader *);
const struct pile *pile_reader_pile(const struct pile_reader *);

/*
 * Several piles as one, by their places in the input; of equal ones the first
 * reader's come first.  Takes the readers, not the array.
 */
struct pile_merge;

struct pile_merge *pile_merge_new(struct pile_reader *const *take_reader,
	uint32_t count);
void pile_merge_free(struct pile_merge **);
/* The row that comes next and the reader it is of: 1; 0 at the end; -1. */
int pile_merge_look(struct pile_merge *, struct image **row, uint32_t *reader,
	struct err *);
/* Go on behind it; it stays where it is.  0 or -1. */
int pile_merge_pass(struct pile_merge *, struct err *);
/* Rows of files that were passed may go. */
void pile_merge_release(struct pile_merge *);
const struct pile *pile_merge_pile(const struct pile_merge *, uint32_t reader);

#endif
