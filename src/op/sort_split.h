#ifndef SFLOW_OP_SORT_SPLIT_H
#define SFLOW_OP_SORT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "op/sort_bag.h"
#include "op/sort_keys.h"

/*
 * How the entries of a part are dealt to buckets: all keys of a bucket are
 * below those of the next.  On the way an entry's word may be replaced by one
 * that says more; it has a meaning in its bucket only, and there
 *
 *	order of keys = order of (word, rest from byte sort_split_rest on)
 */
struct sort_split {
	uint32_t count;			/* of buckets */
	int is_plain;			/* words stay as they are */
	uint64_t *node;			/* the tree's */
	uint32_t root;
	struct sort_code *code;
	struct sort_codes *codes;	/* of each bucket */
};

/* Entries that stand for all, in any order, which are sorted; `scratch` has
 * room for as many.  And how many buckets to make, about: values that many have
 * get one of their own. */
void sort_split_init(struct sort_split *, const struct sort_keys *,
	struct sort_entry *sample, struct sort_entry *scratch, size_t count,
	uint32_t buckets);
void sort_split_fini(struct sort_split *);
/* Does the bucket hold one word of a key only? */
int sort_split_is_single(const struct sort_split *, uint32_t bucket);
/* Move the entries of the bag's first chunks to the buckets, at most `chunks`
 * of them.  0 when the bag is empty. */
int sort_split_move(const struct sort_split *, const struct sort_keys *,
	struct sort_bag *from, struct sort_bag *buckets, struct sort_pool *,
	uint32_t chunks);
/* Of an entry with this word in the bucket: the word of its key, and where what
 * the word leaves to the rest begins. */
uint64_t sort_split_word(const struct sort_split *, uint32_t bucket,
	uint64_t word);
uint32_t sort_split_rest(const struct sort_split *, uint32_t bucket,
	uint64_t word);

#endif
