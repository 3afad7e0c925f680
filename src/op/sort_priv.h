#ifndef SFLOW_OP_SORT_PRIV_H
#define SFLOW_OP_SORT_PRIV_H

#include "data/key_words.h"
#include "op/op.h"
#include "op/sort_bag.h"
#include "op/sort_bucket.h"
#include "op/sort_merge.h"
#include "op/sort_row.h"
#include "op/sort_run.h"
#include "op/sort_store.h"
#include "util/thr.h"

/*
 * What the files of the operator share: op_sort.c keeps rows, sort_memory.c
 * orders them where they are, sort_disk.c makes runs of them and merges these,
 * the last time sort_range.c.
 */

/* All keys of (part, word) and above. */
struct sort_bound {
	uint32_t part;
	uint64_t word;
};

/* Words of some entries of a part, every 2^shift-th. */
struct sort_sample {
	struct sort_entry *entry;
	uint32_t count;
	uint32_t shift;
};

/* The buckets of an instance, those of all parts one behind the other. */
struct sort_buckets {
	struct sort_split split[KEY_PARTS];
	uint32_t first[KEY_PARTS + 1];	/* of each part */
	struct sort_bag *bag;
};

/* Rows that are given in one turn: all of a small bucket, or `count` of a large
 * one that is in order, from `from` on. */
struct sort_piece {
	uint32_t bucket;
	uint64_t from, count;
};

/* Runs that are merged in one pass. */
struct sort_level {
	struct sort_run **run;
	uint32_t count;
};

/* What the last merge is divided into: range i ends at bound i, the last does
 * not. */
struct sort_ranges {
	struct sort_mark *bound;
	uint32_t count;		/* of ranges; 0: not known yet */
};

/* Each pass at least halves the runs, nearly. */
#define SORT_LEVELS_MAX 64

struct sort_share {
	struct thr_lock lock;
	int has_cut;
	struct key_cut cut;
	struct sort_layouts *layouts;
	uint32_t instance_count;
	struct sort **instance;
	uint32_t full_count;	/* atomic: how often one had its share */
	uint64_t merge_room;	/* bytes that each can merge with */
	uint32_t fan;		/* runs that each can read at once */
	struct sort_level level[SORT_LEVELS_MAX];
	struct sort_ranges ranges;
};

/* What an instance is about to do behind the end. */
enum sort_step {
	SORT_MEET,	/* the others have all their records */
	SORT_DEAL,	/* its entries to buckets */
	SORT_ORDER,	/* buckets */
	SORT_ORDERED,	/* all have */
	SORT_GIVE,
	SORT_SPILL,	/* the rest */
	SORT_COLLECT,
	SORT_PASS,
	SORT_PASSED,
	SORT_MERGE,
};

struct sort {
	struct sort_share *share;
	struct sort_store *store;
	struct sort_pool *pool;
	struct sort_bag bag[KEY_PARTS];
	uint64_t rests[KEY_PARTS];	/* entries with one of their own */
	const struct sort_layout *layout;
	uint64_t sequence;
	uint64_t quota_bytes;		/* of memory; 0: none */
	uint32_t full_count;		/* the share's, when it last looked */
	uint64_t turn;			/* of the last batch */
	uint64_t rest_bytes, rest_charged;
	size_t block_bytes;		/* of the store */
	/* With a limit, if has_bound: rows above it are not wanted. */
	struct sort_bound bound;
	int has_bound;
	int is_bound_exact;		/* no rests told such rows apart */
	struct sort_entry *scratch;
	uint64_t scratch_count;
	struct sort_run **run;
	uint32_t run_count;
	/* Work. */
	enum sort_step step;
	uint32_t meeting;
	struct sort_sample sample[KEY_PARTS];
	struct sort_buckets buckets;
	/* Of all instances. */
	const struct sort_store **stores;
	struct sort_bag **bases;
	struct sort_shape *shape;
	int had_runs;				/* before the end */
	uint64_t small_max;			/* entries of a small bucket */
	uint32_t row_bytes;			/* on average */
	struct sort_piece piece, next;		/* its own; the next of all */
	uint64_t piece_given, piece_settled;	/* of its rows */
	struct sort_bucket given;
	struct sort_bucket_place place;		/* in a large bucket */
	uint64_t place_at;
	struct sort_entry *entries;		/* of a batch */
	const char **rows;
	uint32_t level;
	struct sort_merge *merge;
	struct sort_run *merged;
	uint32_t merge_piece;
	uint64_t merge_charged;
	uint32_t range;
	int has_range;
	/* Batches of it, and how many of them have been given. */
	struct batch **made;
	uint32_t made_count, given_count;
	uint64_t made_bytes;
};

/* Entries of a part that stand for all of it. */
void sort_sample_take(struct sort_sample *, const struct sort_bag *);
/* Its buckets: the split of each part that fits the samples of `count`
 * instances. */
void sort_buckets_init(struct sort *, struct sort *const *instances,
	uint32_t count);
/* Entries of a part to the buckets, at most so many chunks; 0 when all are. */
int sort_deal(struct sort *, struct sort *const *instances, uint32_t count,
	unsigned part, uint32_t chunks);
void sort_buckets_fini(struct sort_buckets *);
/* Find what all instances (or one alone) have: before sort_bucket_init. */
void sort_gather(struct sort *, struct sort *const *instances, uint32_t count);
void sort_bucket_init(struct sort_bucket *, const struct sort *,
	struct sort *const *instances, uint32_t count, uint32_t number);
/* Put it in order, or only load it into `scratch`. */
void sort_order(struct sort *, const struct sort_bucket *);
void sort_load(struct sort *, const struct sort_bucket *);

/* With a limit: let go of rows that are not wanted, when they are many. */
void sort_drop(struct op_run *);
/*
 * A row whose key has a rest may stand in a bucket of any size: two arrays.  Or
 * keys begin alike in as many ways as there are: then buckets are small, and
 * the tree that deals to them (op/sort_split.h) takes a fifth of that.
 */
#define SORT_REST_BYTES (2 * sizeof(struct sort_entry))

/* All rows that are held become a run; memory is kept for the next, or given
 * back.  0 or -1. */
int sort_spill(struct op_run *, int gives_back, struct err *);

/* Steps of the work: see op_sort.c. */
enum op_status sort_memory_work(struct op_run *, struct err *);
enum op_status sort_disk_work(struct op_run *, struct err *);
/* What may wait there to be given, of what an instance may hold. */
#define SORT_KEEP_BYTES(sort) ((sort)->quota_bytes / 16)
/* What a merge takes besides readers and what waits: the run that is written,
 * batches that are made. */
#define SORT_MERGE_BYTES (SORT_RUN_BYTES + ((uint64_t)768 << 10))
/* The last merge: charges what it takes. */
void sort_ranges_begin(struct op_run *);
enum op_status sort_ranges_work(struct op_run *, struct err *);
void sort_ranges_end(struct sort *);
/* A batch of the rows, whose memory `take_region` holds, or the stores do.
 * NULL with err. */
struct batch *sort_make(struct op_run *, uint32_t count,
	struct region *take_region, struct err *);

static inline struct sort *
sort_of(const struct op_run *run)
{
	return run->state;
}

#endif
