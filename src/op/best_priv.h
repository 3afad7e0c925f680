#ifndef SFLOW_OP_BEST_PRIV_H
#define SFLOW_OP_BEST_PRIV_H

#include "data/key.h"
#include "op/best.h"
#include "op/group.h"
#include "op/pile.h"
#include "op/turns.h"
#include "util/thr.h"

/*
 * What the files of best.h share: best_set.c holds the best of some groups,
 * best.c brings records there, best_fold.c brings together what instances and
 * files have, best_give.c gives the results.
 */

#define BEST_PARTS_MAX 64u
/* Blocks of their files: there are many. */
#define BEST_FILE_BYTES ((size_t)64 << 10)

/*
 * The best of some groups.  Records lie in piles as images:
 *
 *	key	the order key, the group's key, 4 bytes: the former's size
 *	link	the hash of the group's key
 *	turn	the place of the group's first record, as far as is known
 *	number	the record's own
 *
 * in one in memory, or one a part (by hash), and one a part in files.
 */
struct best_set {
	struct op_run *run;
	struct image_shapes *shapes;
	enum best_order order;
	uint64_t limit;
	uint32_t own_count;		/* entries that a row has room for */
	unsigned depth;			/* which bits say the part */
	uint32_t part_count;		/* a power of two */
	uint32_t held_count;		/* piles in memory: 1 or part_count */
	struct group_table *table;
	struct pile held[BEST_PARTS_MAX];
	struct pile out[BEST_PARTS_MAX];
	uint64_t rows, live;		/* in `held`: all, and in heaps */
	uint64_t row_bytes;
	uint64_t entry_bytes, charged;	/* of heaps; for them, in steps */
	int is_over;			/* there was no room: spill, soon */
	int is_spilled;			/* some lie in files */
};

void best_set_init(struct best_set *, struct op_run *, struct image_shapes *,
	enum best_order, unsigned depth, uint32_t parts, uint32_t held_parts);
void best_set_fini(struct best_set *);
/* Room for the groups of so many records, or all that is held to files first.
 * 0 or -1. */
int best_set_make_room(struct best_set *, uint32_t count, struct err *);
/* All that is held to files; and nothing will follow.  0 or -1. */
int best_set_spill(struct best_set *, struct err *);
int best_set_rest(struct best_set *, struct err *);
/* Let go of the table and heaps; images stay. */
void best_set_forget(struct best_set *);
static inline struct best_heap *
best_set_heap(const struct best_set *set, uint64_t group)
{
	return (struct best_heap *)(void *)group_table_row(set->table, group);
}

/* The entry of an image. */
struct best_entry best_entry_of(const struct best_set *,
	struct image *image);
int best_is_worse(const struct best_entry *a, const struct best_entry *b);
/* Would the heap take the entry? */
int best_is_wanted(const struct best_set *, const struct best_heap *,
	const struct best_entry *);
/* Put it there, if it is wanted. */
void best_set_put(struct best_set *, struct best_heap *,
	const struct best_entry *);
/* A copy of an image of another set; NULL with err. */
struct image *best_set_hold(struct best_set *, const struct image *,
	struct err *);
/* Records that no heap has are let go, when they are the most. */
int best_set_shrink(struct best_set *, struct err *);
/* The entries of a heap in the order in which they are given: it is no heap
 * any more. */
void best_heap_sort(const struct best_set *, struct best_heap *);
/* Where an image of this hash goes. */
uint32_t best_part_of(const struct best_set *, uint64_t hash);
struct pile *best_set_pile(struct best_set *, uint64_t hash);
/* How many parts there are: the same in all instances. */
uint32_t best_parts(uint32_t instance_count);

static inline uint32_t
best_order_size(const struct text *key)
{
	uint32_t size;

	memcpy(&size, text_bytes(key) + key->size - sizeof(size),
	    sizeof(size));
	return size;
}

/* The group's key: a view of the image's. */
static inline struct text
best_group_key(const struct image *image)
{
	uint32_t order = best_order_size(&image->key);

	return text_make(text_bytes(&image->key) + order,
	    image->key.size - order - sizeof(order));
}

/* A row of a result, and the place of its group. */
struct best_row_given {
	uint64_t first;
	struct image *image;
};

/* What a part has, in order: rows in memory, or a file of them, whose turn is
 * the group's place and whose number that in the group. */
struct best_result {
	struct best_row_given *row;
	uint64_t count;
	uint64_t charged;
	struct pile file;
};

struct best_share {
	struct thr_lock lock;		/* of shapes, while records come */
	struct image_shapes shapes;
	uint32_t instance_count;
	struct best **instance;
	uint32_t left_count;		/* of those that have given all */
};

enum best_step { BEST_ADD, BEST_ADDED, BEST_FOLD, BEST_FOLDED, BEST_GIVE,
	BEST_LEFT };

struct best {
	struct op_run *run;
	struct best_share *share;
	struct best_set set;
	struct turns turns;
	uint64_t first;			/* number of the batch's first record */
	struct schema *plain, *wide;	/* of the last batch: best.c */
	enum best_step step;
	int had_spilled;		/* when its records had all come */
	int is_on_disk;			/* some instance had */
	/* Of the parts that were dealt to this instance. */
	struct best_result result[BEST_PARTS_MAX];
	struct best_giver *giver;
};

/* Part `number` of all instances becomes a result.  0 or -1. */
int best_fold(struct best *, uint32_t number, struct err *);
/* What this instance has alone is the result. */
void best_take_all(struct best *);
void best_result_free(struct best_result *, struct mem_budget *);

/* Some batches of this instance's part: OP_AGAIN, or OP_OK at the end. */
enum op_status best_give(struct best *, struct err *);
void best_giver_free(struct best_giver **);

/* No field of a record is called so: a column of records' own bytes. */
#define BEST_RECORD_NAME "\n"

#endif
