#ifndef SFLOW_OP_SORT_BUCKET_H
#define SFLOW_OP_SORT_BUCKET_H

#include <stdint.h>

#include "op/sort_bag.h"
#include "op/sort_keys.h"
#include "op/sort_split.h"

/*
 * A bucket: entries whose keys no other has, of all instances; instance i's are
 * in the bag base[i][number].
 */
struct sort_bucket {
	struct sort_bag *const *base;
	uint32_t number;
	uint32_t instance_count;
	struct sort_keys keys;
	/* Whose bucket `place` it is; NULL: words are the keys'. */
	const struct sort_split *split;
	uint32_t place;
};

uint64_t sort_bucket_count(const struct sort_bucket *);
/* Keys that are all equal: nothing to sort, sort_bucket_read finds the order
 * of instances. */
int sort_bucket_is_equal(const struct sort_bucket *);
/*
 * All entries, one behind the other and sorted by their words; `scratch` has
 * room for twice as many as there are.  Then, as often as one likes: those that
 * follow the first `done` are put in order, `wanted` of them or a few more; how
 * many are in order then.
 */
void sort_bucket_load(const struct sort_bucket *, struct sort_entry *scratch);
uint64_t sort_bucket_settle(const struct sort_bucket *,
	struct sort_entry *scratch, uint64_t count, uint64_t done,
	uint64_t wanted);
/* The same of all, and back into the bags: what they hold, one behind the
 * other, is then in order. */
void sort_bucket_order(const struct sort_bucket *, struct sort_entry *scratch);

/* See to it that the rows of some entries, a few hundred KiB, are in the cache;
 * of each the first `row_bytes`, at least 1. */
void sort_bucket_fetch(const struct sort_bucket *, const struct sort_entry *,
	uint64_t count, uint32_t row_bytes);

/* Where a reader is in an ordered bucket; zero at its begin. */
struct sort_bucket_place {
	struct sort_chunk **chunk;	/* per instance, of an equal bucket */
	uint64_t *at;
	uint32_t instance;
	uint32_t number;		/* of the bucket */
	int has_begun;
};

void sort_bucket_begin(const struct sort_bucket *, struct sort_bucket_place *);
void sort_bucket_end(struct sort_bucket_place *);
/* The next entries, up to `count`; how many. */
uint32_t sort_bucket_read(const struct sort_bucket *,
	struct sort_bucket_place *, struct sort_entry *, uint32_t count);
/* Pass by some of the next ones, at most `count`; how many, 0 at the end. */
uint64_t sort_bucket_skip(const struct sort_bucket *,
	struct sort_bucket_place *, uint64_t count);

#endif
