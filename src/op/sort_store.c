/*
 * Rows in blocks.
 *
 * Blocks lie in one region, which the batches that are given hold.  A row that
 * is longer than a block has one of its own.  Turns are marks: from this row
 * on.  They are looked up where keys are equal, so each block knows the mark
 * that holds where it begins.
 */
#include "op/sort_store.h"

#include <string.h>

#include "util/mem.h"

#define BLOCK_SHIFT 32
#define INSTANCE_SHIFT 52
/* What a row may be read past its end, and what a region adds to a block: both
 * within the size of a block, so that it is as long as pages are. */
#define BLOCK_PADDING 16
#define BLOCK_HEAD 48

struct block {
	char *bytes;
	size_t size;
	uint32_t mark;		/* the last at or before its begin */
};

struct mark {
	uint64_t place;		/* block and offset */
	uint64_t turn;
};

struct sort_store {
	struct mem_budget *budget;
	struct region *region;
	struct block *block;
	uint32_t block_count;	/* that are there */
	uint32_t used;		/* that have rows: the last is written to */
	size_t at;		/* in the last */
	size_t block_bytes;
	uint64_t instance;
	struct mark *mark;
	uint32_t mark_count;
	uint64_t turn;
	uint64_t charged;
};

struct sort_store *
sort_store_new(struct mem_budget *budget, uint32_t instance,
	size_t block_bytes)
{
	struct sort_store *store = mem_alloc_zero(sizeof(*store));

	store->budget = budget;
	store->region = region_new();
	store->block_bytes = block_bytes - BLOCK_HEAD - BLOCK_PADDING;
	store->instance = (uint64_t)instance << INSTANCE_SHIFT;
	return store;
}

void
sort_store_release(struct sort_store *store)
{
	sort_store_clear(store);
	region_drop(&store->region);
	store->region = region_new();
	store->block_count = 0;
	mem_release(store->budget, store->charged);
	store->charged = 0;
}

void
sort_store_free(struct sort_store **take_store)
{
	struct sort_store *store = *take_store;

	*take_store = NULL;
	if (store == NULL)
		return;
	mem_release(store->budget, store->charged);
	region_drop(&store->region);
	mem_free(store->block);
	mem_free(store->mark);
	mem_free(store);
}

void
sort_store_clear(struct sort_store *store)
{
	store->used = 0;
	store->at = 0;
	store->mark_count = 0;
}

struct region *
sort_store_region(const struct sort_store *store)
{
	return store->region;
}

uint64_t
sort_store_bytes(const struct sort_store *store)
{
	return store->used == 0 ? 0 :
	    (uint64_t)(store->used - 1) * store->block_bytes + store->at;
}

void
sort_store_set_turn(struct sort_store *store, uint64_t turn)
{
	store->turn = turn;
}

/* A row that begins here is the first of another turn. */
static void
store_mark(struct sort_store *store, uint64_t place)
{
	uint32_t count = store->mark_count;

	if (count > 0 && store->mark[count - 1].turn == store->turn)
		return;
	if ((count & (count - 1)) == 0)
		store->mark = mem_resize(store->mark,
		    (count == 0 ? 1 : (size_t)count * 2) *
		    sizeof(*store->mark));
	store->mark[store->mark_count++] = (struct mark){ place, store->turn };
}

static size_t
charge_of(size_t size)
{
	return size + BLOCK_HEAD + BLOCK_PADDING;
}

/* A block that is charged, as the next to be used. */
static void
store_add_block(struct sort_store *store, size_t size)
{
	uint32_t count = store->block_count;

	store->charged += charge_of(size);
	if ((count & (count - 1)) == 0)
		store->block = mem_resize(store->block,
		    (count == 0 ? 1 : (size_t)count * 2) *
		    sizeof(*store->block));
	/* What is kept for later makes room for it. */
	store->block[count] = store->block[store->used];
	store->block[store->used] = (struct block){
		.bytes = region_alloc(store->region, size + BLOCK_PADDING),
		.size = size,
	};
	store->block_count++;
}

/* Blocks that are there are used again if they are large enough. */
static int
store_next_block(struct sort_store *store, size_t bytes)
{
	size_t size = bytes > store->block_bytes ? bytes : store->block_bytes;

	if (store->used < store->block_count &&
	    store->block[store->used].size >= bytes) {
		store->used++;
		store->at = 0;
		return 0;
	}
	if (mem_charge(store->budget, charge_of(size)) != 0)
		return -1;
	store_add_block(store, size);
	store->used++;
	store->at = 0;
	return 0;
}

void
sort_store_need(struct sort_store *store)
{
	if (store->block_count > 0)
		return;
	mem_charge_always(store->budget, charge_of(store->block_bytes));
	store_add_block(store, store->block_bytes);
}

char *
sort_store_room(struct sort_store *store, size_t bytes, uint64_t *ref)
{
	if (store->used == 0 ||
	    bytes > store->block[store->used - 1].size - store->at) {
		if (store_next_block(store, bytes) != 0)
			return NULL;
	}
	struct block *block = &store->block[store->used - 1];
	uint64_t place = (uint64_t)(store->used - 1) << BLOCK_SHIFT |
	    store->at;
	store_mark(store, place);
	if (store->at == 0)
		block->mark = store->mark_count - 1;
	*ref = store->instance | place;
	char *room = block->bytes + store->at;
	store->at += bytes;
	return room;
}

static inline uint64_t
place_of(uint64_t ref)
{
	return ref & (((uint64_t)1 << INSTANCE_SHIFT) - 1);
}

const char *
sort_store_row(const struct sort_store *store, uint64_t ref)
{
	return store->block[place_of(ref) >> BLOCK_SHIFT].bytes +
	    (uint32_t)ref;
}

uint64_t
sort_store_turn(const struct sort_store *store, uint64_t ref)
{
	uint64_t place = place_of(ref);
	uint32_t mark = store->block[place >> BLOCK_SHIFT].mark;

	while (mark + 1 < store->mark_count &&
	    store->mark[mark + 1].place <= place)
		mark++;
	return store->mark[mark].turn;
}
