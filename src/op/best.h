#ifndef SFLOW_OP_BEST_H
#define SFLOW_OP_BEST_H

#include <stdint.h>

#include "op/image.h"
#include "op/op.h"

struct key_set;

/*
 * The `limit` best records of each group: what top and tail by keep.  Instances
 * work together (OP_JOINT), and what has no room in memory goes to disk.  Which
 * of two records is better the operator says, by their order:
 *
 *	top	the lesser order key (data/key.h), then who came first
 *	tail	who came last; there are no order keys
 *
 * Groups come out in the order of their first records; of a group the best
 * first, for top; as they came, for tail.
 *
 *	best_find	for each batch: the heaps of its records' groups,
 *	best_add	and those records that may be among the best
 *	best_work	behind the end: the operator's work
 */
struct best;
struct best_share;

/* A record that is kept: the first 16 bytes of its order key as words (for
 * tail: its place, the last first), and its bytes. */
struct best_entry {
	uint64_t word[2];
	struct image *image;
	int64_t number;		/* the operator's, */
	uint64_t type;		/* as it came with best_row */
};

/* A group: a heap of its best, the worst of these is entry 0. */
struct best_heap {
	struct best_entry *entry;
	uint64_t count;
	uint32_t capacity;
	uint32_t seen;		/* the operator's */
	uint64_t first;		/* place of the group's first record, and one */
	struct best_entry own[];	/* if all entries have room here */
};

enum best_order { BEST_LESSER, BEST_LAST };

/* A record to be added: selected row `row` of the batch. */
struct best_row {
	uint32_t row;
	uint32_t order_size;
	const char *order;	/* its key */
	int64_t number;
	uint64_t type;
};

struct best_share *best_share_new(uint32_t instance_count);
void best_share_free(struct best_share **);

struct best *best_new(struct op_run *, struct best_share *, enum best_order);
void best_free(struct best **);
/*
 * The heap of each selected record's group, by keys (NULL: one group), good
 * until the next call; the records' places are counted.  0 or -1.
 */
int best_find(struct best *, const struct batch *, const struct key_set *keys,
	struct best_heap **heap, struct err *);
/* Records of the batch that best_find() was called with.  0 or -1. */
int best_add(struct best *, const struct batch *, const struct key_set *keys,
	struct best_heap *const *heap, const struct best_row *row,
	uint32_t count, struct err *);
/* Is a record with this order key, that comes later than all, better than the
 * worst of the heap, which is full? */
int best_beats(const struct best_heap *, const char *order, uint32_t size);
enum op_status best_work(struct best *, struct err *);

#endif
