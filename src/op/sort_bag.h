#ifndef SFLOW_OP_SORT_BAG_H
#define SFLOW_OP_SORT_BAG_H

#include <stddef.h>
#include <stdint.h>

#include "op/sort_words.h"

struct mem_budget;

/*
 * Entries in chunks.  A bag grows without moving what it has, can be emptied
 * into others while its chunks are used again, and keeps the order in which
 * entries were put.  Chunks come from a pool, an instance's, which charges them
 * and, besides, what it takes to sort them: what is done with chunks later
 * needs no more memory.
 */
#define SORT_CHUNK_ENTRIES 511
/* Of so many entries one is a sample at most, and of no more than this. */
#define SORT_SAMPLE_SHIFT 4
#define SORT_SAMPLED_MAX ((uint64_t)1 << 20)

struct sort_chunk {
	struct sort_chunk *next;
	uint64_t count;
	struct sort_entry entry[SORT_CHUNK_ENTRIES];
};

struct sort_bag {
	struct sort_chunk *first, *last;
	uint64_t count;
};

struct sort_pool;

struct sort_pool *sort_pool_new(struct mem_budget *, uint32_t slab_chunks);
void sort_pool_free(struct sort_pool **);
/* Give back all memory; no chunk may be in use. */
void sort_pool_release(struct sort_pool *);
/* Of what was charged, the part that so many entries take. */
uint64_t sort_pool_bytes(const struct sort_pool *, uint64_t entries);
/* An empty chunk; NULL: there is no memory.  With `must` never NULL: what it
 * takes is within what was charged. */
struct sort_chunk *sort_pool_take(struct sort_pool *, int must);
/* See to it that there is an empty chunk, whatever the limit says. */
void sort_pool_need(struct sort_pool *);
void sort_pool_give(struct sort_pool *, struct sort_chunk *);
/* All chunks of the bag. */
void sort_pool_give_bag(struct sort_pool *, struct sort_bag *);

/* Another chunk at its end: 0 or -1. */
int sort_bag_grow(struct sort_bag *, struct sort_pool *, int must);

static inline int
sort_bag_has_room(const struct sort_bag *bag)
{
	return bag->last != NULL && bag->last->count < SORT_CHUNK_ENTRIES;
}

/* There is room. */
static inline void
sort_bag_put(struct sort_bag *bag, struct sort_entry entry)
{
	bag->last->entry[bag->last->count++] = entry;
	bag->count++;
}

#endif
