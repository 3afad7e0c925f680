#ifndef SFLOW_OP_GROUP_PILE_H
#define SFLOW_OP_GROUP_PILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "data/text.h"

struct agg_call;
struct err;
struct group_rows;
struct op_run;
struct spill_reader;

/*
 * Rows on their way to another table of groups, on piles by their hash: each
 * pile is later gone through once, from its first row to its last, in a table
 * that fits the cache or at least the memory.  What has no room lies on disk.
 *
 * A row begins with a head, whose long key lies on the pile too; what follows
 * the head, and how much it is, the row's shape says.
 */
struct pile_head {
	uint64_t hash;
	struct text key;
	uint64_t ordinal;	/* rows of a pile come in this order */
};

_Static_assert(sizeof(struct pile_head) == 32, "a line of two rows' heads");

enum pile_kind {
	PILE_STATES,	/* a row of a table: group_rows */
	PILE_PLAIN,	/* a word for each argument of aggregates */
};

/* Outlives the piles. */
struct pile_shape {
	enum pile_kind kind;
	uint32_t row_bytes;	/* with the head, a multiple of 8 */
};

struct pile_chunk {
	struct pile_chunk *next;
	const struct pile_shape *shape;
	uint32_t bytes, charged;
	uint32_t count;
	/* Rows grow from the front, long keys from the back. */
	uint32_t row_end, text_start;
};

/* Where the next row goes.  What a chunk says of itself is only right when it
 * is full or about to be read: so that adding touches nothing else. */
struct pile_tail {
	const struct pile_shape *shape;
	char *row, *text;
};

struct pile {
	struct pile_chunk *first, *last;
	uint64_t bytes;		/* in memory */
	struct pile_extent *extent;	/* on disk; in front of the chunks */
	uint32_t extent_count;
};

#define PILE_COUNT_MAX 256

struct group_piles {
	struct op_run *run;	/* whose budget and file it is */
	struct spill_file *file;
	/* Whose states the rows of PILE_STATES have. */
	const struct group_rows *rows;
	struct agg_call *call;
	struct pile_shape states;
	uint32_t count;		/* a power of two */
	unsigned shift;		/* pile = hash >> shift, modulo count */
	uint64_t bytes;		/* in memory */
	int is_over;		/* the budget refused: spill, soon */
	struct pile_tail tail[PILE_COUNT_MAX];
	struct pile pile[PILE_COUNT_MAX];
};

/* `depth`: which bits of the hash say the pile, for piles of piles' rows. */
#define PILE_DEPTH_MAX 6
struct group_piles *group_piles_new(const struct group_rows *, uint32_t count,
	unsigned depth, struct op_run *);
/* With the states that are left. */
void group_piles_free(struct group_piles **);

/* Another chunk for the pile, with room for a row and its key. */
void group_pile_grow(struct group_piles *, uint32_t index,
	const struct pile_shape *, uint32_t key_bytes);

static inline uint32_t
group_pile_of(const struct group_piles *piles, uint64_t hash)
{
	return (uint32_t)(hash >> piles->shift) & (piles->count - 1);
}

/* Put a row on a pile: what stands behind the head is the caller's to fill. */
static inline char *
group_pile_add(struct group_piles *piles, uint32_t index,
	const struct pile_shape *shape, const struct pile_head *head)
{
	struct pile_tail *tail = &piles->tail[index];
	uint32_t key_bytes = head->key.size <= TEXT_INLINE_MAX ? 0 :
	    head->key.size;

	if (__builtin_expect(tail->shape != shape ||
	    (size_t)(tail->text - tail->row) <
	    (size_t)shape->row_bytes + key_bytes, 0))
		group_pile_grow(piles, index, shape, key_bytes);
	char *row = tail->row;
	struct pile_head *target = (void *)row;
	/* By fields: what was just written is not read in larger pieces. */
	target->hash = head->hash;
	target->key = head->key;
	target->ordinal = head->ordinal;
	/* Of hundreds of tails none is in the cache when its turn comes. */
	__builtin_prefetch(row + 2 * shape->row_bytes, 1);
	if (key_bytes > 0) {
		tail->text -= key_bytes;
		memcpy(tail->text, head->key.bytes, key_bytes);
		target->key.bytes = tail->text;
	}
	tail->row += shape->row_bytes;
	return row;
}

/*
 * Write rows to disk: those of the larger piles, about half of all or more; or
 * all.  0, or -1 with err.
 */
int group_piles_spill(struct group_piles *, int all, struct err *);

/*
 * Going through a pile, which is empty behind it.  Rows of one chunk at a time;
 * what was handed out is good until pile_cursor_forget().
 */
struct pile_cursor {
	struct group_piles *piles;
	const struct group_rows *rows;	/* the reader's */
	struct pile *pile;
	struct pile_chunk *chunk;	/* being read; NULL: at the end */
	uint32_t index;			/* row in it */
	struct pile_chunk *passed;
	struct spill_reader *reader;
	uint32_t next_extent;
};

/* At the first row; or the first of those in memory.  0 or -1. */
int pile_cursor_open(struct pile_cursor *, const struct group_rows *,
	struct group_piles *, uint32_t index, int in_memory, struct err *);
void pile_cursor_close(struct pile_cursor *);

static inline struct pile_head *
pile_cursor_row(const struct pile_cursor *cursor)
{
	return (struct pile_head *)(void *)((char *)(cursor->chunk + 1) +
	    (size_t)cursor->index * cursor->chunk->shape->row_bytes);
}

/* The chunk is through: on to the next. */
int pile_cursor_pass(struct pile_cursor *, struct err *);
void pile_cursor_forget(struct pile_cursor *);

#endif
