/*
 * Entries in chunks, and how they are dealt to buckets.
 *
 * Buckets are made so small that one is sorted in the second-level cache.
 * Their bounds are quantiles of a sample, so that they are about equal however
 * values cluster; a value that is several quantiles at once stands alone.
 * Entries find their bucket by a binary search without branches.
 */
#include "op/sort_bag.h"

#include <string.h>

#include "util/bits.h"
#include "util/mem.h"

_Static_assert(sizeof(struct sort_chunk) == 8192, "chunks fill pages");

/* Entries for which sorting takes as much again: one bucket's, to and fro. */
#define DOUBLE_ENTRIES ((uint64_t)1 << 17)

struct slab {
	struct slab *next;
	struct sort_chunk chunk[];
};

struct sort_pool {
	struct mem_budget *budget;
	struct slab *slabs;
	struct sort_chunk *free;
	uint32_t slab_chunks;
	uint64_t entries;	/* room of all that was charged */
	uint64_t charged;
};

struct sort_pool *
sort_pool_new(struct mem_budget *budget, uint32_t slab_chunks)
{
	struct sort_pool *pool = mem_alloc_zero(sizeof(*pool));

	pool->budget = budget;
	pool->slab_chunks = slab_chunks;
	return pool;
}

void
sort_pool_release(struct sort_pool *pool)
{
	while (pool->slabs != NULL) {
		struct slab *slab = pool->slabs;
		pool->slabs = slab->next;
		mem_free(slab);
	}
	pool->free = NULL;
	mem_release(pool->budget, pool->charged);
	pool->charged = 0;
	pool->entries = 0;
}

void
sort_pool_free(struct sort_pool **take_pool)
{
	if (*take_pool == NULL)
		return;
	sort_pool_release(*take_pool);
	mem_free(*take_pool);
	*take_pool = NULL;
}

uint64_t
sort_pool_bytes(const struct sort_pool *pool, uint64_t entries)
{
	return pool->entries == 0 ? 0 : (uint64_t)((double)pool->charged *
	    (double)entries / (double)pool->entries);
}

static size_t
slab_bytes(const struct sort_pool *pool)
{
	return sizeof(struct slab) + pool->slab_chunks *
	    sizeof(struct sort_chunk);
}

/* What another slab takes, with what its entries are sorted in. */
static uint64_t
slab_charge(const struct sort_pool *pool)
{
	size_t bytes = slab_bytes(pool);

	return bytes + (pool->entries < DOUBLE_ENTRIES ? bytes : bytes / 8);
}

static void
pool_note_charge(struct sort_pool *pool, uint64_t bytes)
{
	pool->charged += bytes;
	pool->entries += (uint64_t)pool->slab_chunks * SORT_CHUNK_ENTRIES;
}

static void
pool_add_slab(struct sort_pool *pool)
{
	size_t bytes = slab_bytes(pool);
	struct slab *slab = bytes > MEM_LARGE_BYTES / 2 ?
	    mem_alloc_large(bytes) : mem_alloc(bytes);

	slab->next = pool->slabs;
	pool->slabs = slab;
	for (uint32_t i = pool->slab_chunks; i-- > 0;) {
		slab->chunk[i].next = pool->free;
		pool->free = &slab->chunk[i];
	}
}

void
sort_pool_need(struct sort_pool *pool)
{
	uint64_t charge = slab_charge(pool);

	if (pool->free != NULL)
		return;
	mem_charge_always(pool->budget, charge);
	pool_note_charge(pool, charge);
	pool_add_slab(pool);
}

struct sort_chunk *
sort_pool_take(struct sort_pool *pool, int must)
{
	uint64_t charge = slab_charge(pool);

	if (pool->free == NULL && !must) {
		if (mem_charge(pool->budget, charge) != 0)
			return NULL;
		pool_note_charge(pool, charge);
	}
	if (pool->free == NULL)
		pool_add_slab(pool);
	struct sort_chunk *chunk = pool->free;
	pool->free = chunk->next;
	chunk->next = NULL;
	chunk->count = 0;
	return chunk;
}

void
sort_pool_give(struct sort_pool *pool, struct sort_chunk *chunk)
{
	chunk->next = pool->free;
	pool->free = chunk;
}

void
sort_pool_give_bag(struct sort_pool *pool, struct sort_bag *bag)
{
	if (bag->last != NULL) {
		bag->last->next = pool->free;
		pool->free = bag->first;
	}
	*bag = (struct sort_bag){ 0 };
}

int
sort_bag_grow(struct sort_bag *bag, struct sort_pool *pool, int must)
{
	struct sort_chunk *chunk = sort_pool_take(pool, must);

	if (chunk == NULL)
		return -1;
	if (bag->last == NULL)
		bag->first = chunk;
	else
		bag->last->next = chunk;
	bag->last = chunk;
	return 0;
}

/* --- buckets --- */

static void
split_add(struct sort_split *split, uint64_t bound, uint32_t *count)
{
	if (bound == UINT64_MAX ||
	    (*count > 0 && split->bound[*count - 1] >= bound))
		return;
	split->bound[(*count)++] = bound;
}

void
sort_split_init(struct sort_split *split, struct sort_entry *sample,
	struct sort_entry *scratch, size_t count, uint32_t buckets)
{
	uint32_t bounds = 0;
	size_t most = (size_t)buckets * 2 + 2;

	split->depth = (uint32_t)bits_highest(bits_power_of_two(most));
	split->bound = mem_alloc(sizeof(uint64_t) << split->depth);
	if (count > 1)
		sort_words(sample, scratch, count);
	for (uint32_t b = 1; b < buckets && count > 0; b++) {
		size_t at = count * b / buckets;
		uint64_t word = sample[at].word;
		size_t next = count * (b + 1) / buckets;
		/* Several buckets' worth: from the word below up to it. */
		if (next < count && sample[next].word == word && word > 0)
			split_add(split, word - 1, &bounds);
		split_add(split, word, &bounds);
	}
	split->count = bounds + 1;
	split->depth = (uint32_t)bits_highest(bits_power_of_two(bounds + 1));
	for (uint32_t i = bounds; i < 1u << split->depth; i++)
		split->bound[i] = UINT64_MAX;
}

void
sort_split_fini(struct sort_split *split)
{
	mem_free(split->bound);
	split->bound = NULL;
}

int
sort_split_is_single(const struct sort_split *split, uint32_t bucket)
{
	uint64_t above = bucket + 1 < split->count ? split->bound[bucket] :
	    UINT64_MAX;

	return split->count > 1 && (bucket == 0 ? above == 0 :
	    above == split->bound[bucket - 1] + 1);
}

static inline uint32_t
bucket_of(const struct sort_split *split, uint64_t word)
{
	const uint64_t *bound = split->bound;

	/* A mask, lest the compiler makes a branch, which nobody can guess. */
	for (uint32_t half = (1u << split->depth) >> 1; half > 0; half >>= 1)
		bound += half & -(uint32_t)(bound[half - 1] < word);
	return (uint32_t)(bound - split->bound);
}

/* Where the next entry of a bucket goes: all of them fit the first cache. */
struct cursor {
	struct sort_entry *at, *end;
};

static void
cursor_open(struct cursor *cursor, const struct sort_bag *bag)
{
	*cursor = (struct cursor){ NULL, NULL };
	if (bag->last != NULL)
		*cursor = (struct cursor){
			bag->last->entry + bag->last->count,
			bag->last->entry + SORT_CHUNK_ENTRIES };
}

static void
cursor_close(const struct cursor *cursor, struct sort_bag *bag)
{
	if (bag->last == NULL)
		return;
	uint64_t count = (uint64_t)(cursor->at - bag->last->entry);
	bag->count += count - bag->last->count;
	bag->last->count = count;
}

static void
cursor_grow(struct cursor *cursor, struct sort_bag *bag,
	struct sort_pool *pool)
{
	cursor_close(cursor, bag);
	sort_bag_grow(bag, pool, 1);
	cursor_open(cursor, bag);
}

static void
deal_chunk(const struct sort_split *split, const struct sort_chunk *chunk,
	struct cursor *cursor, struct sort_bag *buckets,
	struct sort_pool *pool)
{
	uint16_t bucket[SORT_CHUNK_ENTRIES];
	uint64_t count = chunk->count;

	for (uint64_t i = 0; i < count; i++)
		bucket[i] = (uint16_t)bucket_of(split, chunk->entry[i].word);
	for (uint64_t i = 0; i < count; i++) {
		struct cursor *to = &cursor[bucket[i]];
		if (__builtin_expect(to->at == to->end, 0))
			cursor_grow(to, &buckets[bucket[i]], pool);
		*to->at++ = chunk->entry[i];
	}
}

int
sort_split_move(const struct sort_split *split, struct sort_bag *from,
	struct sort_bag *buckets, struct sort_pool *pool, uint32_t chunks)
{
	struct cursor *cursor = mem_alloc(split->count * sizeof(*cursor));

	for (uint32_t b = 0; b < split->count; b++)
		cursor_open(&cursor[b], &buckets[b]);
	while (from->first != NULL && chunks-- > 0) {
		struct sort_chunk *chunk = from->first;
		deal_chunk(split, chunk, cursor, buckets, pool);
		from->first = chunk->next;
		sort_pool_give(pool, chunk);
	}
	for (uint32_t b = 0; b < split->count; b++)
		cursor_close(&cursor[b], &buckets[b]);
	mem_free(cursor);
	if (from->first == NULL)
		*from = (struct sort_bag){ 0 };
	return from->first != NULL;
}
