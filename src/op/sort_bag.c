/* Entries in chunks. */
#include "op/sort_bag.h"

#include "util/mem.h"

_Static_assert(sizeof(struct sort_chunk) == 8192, "chunks fill pages");

/* Entries for which sorting takes as much again: one bucket's, to and fro. */
#define DOUBLE_ENTRIES ((uint64_t)1 << 17)
/* What a sample takes in entries: itself, shown and gathered, room to sort it,
 * its word. */
#define SAMPLE_ENTRIES 4

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

/* What another slab takes, with what its entries are sorted in and what a
 * sample of them takes. */
static uint64_t
slab_charge(const struct sort_pool *pool)
{
	size_t bytes = slab_bytes(pool);
	size_t sorting = pool->entries < DOUBLE_ENTRIES ? bytes : bytes / 8;
	size_t samples = pool->entries < SORT_SAMPLED_MAX ?
	    bytes * SAMPLE_ENTRIES >> SORT_SAMPLE_SHIFT : 0;

	return bytes + sorting + samples;
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
