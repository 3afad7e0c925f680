/*
 * Regions.  A region is a chain of blocks with a cursor in the newest:
 *
 *	region (in its first block)
 *	  blocks -> [block 128K] -> [own block] -> [block 64K | region | ...]
 *	  spare  -> blocks that region_reset() has emptied
 *
 * Standard blocks double from 64 KiB to 1 MiB; a request that would not fit
 * the next one gets a block of its own, and the cursor stays where it was.
 * The region lies at the head of its first block, so region_new() is one
 * recycled block and no other allocation.
 *
 * Dropped standard blocks go to a pool, one list per size and one pool per
 * thread, so that threads do not meet; and, since a batch may be made by one
 * thread and dropped by another, what overflows there goes to a common one,
 * where the thread whose own has run dry finds it.  A pool has a lock, which is
 * taken once per block, not per allocation: threads beyond POOL_COUNT share,
 * and one that ends leaves nothing behind that others could not have.
 *
 * With the address sanitizer, and in hostile builds, every allocation is a
 * block of the heap of its own and no block is recycled: an overrun, or a use
 * after the region died, then hits a stranger's bytes or the sanitizer.
 */
#include "util/mem.h"

#include <assert.h>
#include <string.h>

#include "util/bits.h"
#include "util/thr.h"

#define REGION_ALIGN 16
/* A batch of 2048 rows with a few columns; grows to what joins produce. */
#define BLOCK_BYTES_MIN ((size_t)64 << 10)
#define BLOCK_BYTES_MAX ((size_t)1 << 20)
/* 64K, 128K, 256K, 512K, 1M. */
#define CLASS_COUNT 5
/* What stays mapped and warm between batches: a thread's, within its
 * second-level cache, and what all have in common. */
#define OWN_BYTES_MAX ((size_t)2 << 20)
#define COMMON_BYTES_MAX ((size_t)4 << 20)
/* So much less than large pages is worth to be rounded up to them. */
#define LARGE_SLACK_BYTES 4096
/* More than workers on most machines. */
#define POOL_COUNT 64

#if defined(__SANITIZE_ADDRESS__) || defined(SFLOW_HOSTILE)
#define REGION_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REGION_CHECKED 1
#endif
#endif
#ifndef REGION_CHECKED
#define REGION_CHECKED 0
#endif

struct block {
	struct block *next;
	/* With this header. */
	size_t bytes;
} __attribute__((aligned(REGION_ALIGN)));

struct region {
	char *cursor;
	char *limit;
	/* The newest first; the block that holds the region is the last. */
	struct block *blocks;
	struct block *spare;
	/* Sum over both lists. */
	size_t bytes;
	/* Size of the next standard block. */
	size_t next_bytes;
	uint32_t reference_count;
} __attribute__((aligned(REGION_ALIGN)));

struct pool {
	struct thr_lock lock;
	struct block *lists[CLASS_COUNT];
	/* Written under the lock, looked at without. */
	size_t bytes;
} __attribute__((aligned(64)));

static size_t own_bytes_max = OWN_BYTES_MAX;
static size_t common_bytes_max = COMMON_BYTES_MAX;
static struct pool own_pools[POOL_COUNT] = {
	[0 ... POOL_COUNT - 1] = { .lock = THR_LOCK_INIT("region pool") },
};
static struct pool common_pool = { .lock = THR_LOCK_INIT("region pool") };

/* The pool's list for blocks of this size, or -1 if they are not recycled. */
static int
class_of(size_t bytes)
{
	if (REGION_CHECKED || bytes < BLOCK_BYTES_MIN ||
	    bytes > BLOCK_BYTES_MAX || (bytes & (bytes - 1)) != 0)
		return -1;
	return (int)(bits_highest(bytes) - bits_highest(BLOCK_BYTES_MIN));
}

static struct pool *
own_pool(void)
{
	return &own_pools[thr_index() % POOL_COUNT];
}

static size_t
pool_bytes(const struct pool *pool)
{
	return __atomic_load_n(&pool->bytes, __ATOMIC_RELAXED);
}

/* A block of the class, or NULL. */
static struct block *
pool_take(struct pool *pool, int class)
{
	if (pool_bytes(pool) == 0)
		return NULL;
	thr_lock_take(&pool->lock);
	struct block *block = pool->lists[class];
	if (block != NULL) {
		pool->lists[class] = block->next;
		__atomic_store_n(&pool->bytes, pool->bytes - block->bytes,
		    __ATOMIC_RELAXED);
	}
	thr_lock_give(&pool->lock);
	return block;
}

/* Puts the block there, unless it is full: 0 or -1. */
static int
pool_give(struct pool *pool, int class, struct block *block, size_t bytes_max)
{
	int status = -1;

	if (pool_bytes(pool) + block->bytes > bytes_max)
		return -1;
	thr_lock_take(&pool->lock);
	if (pool->bytes + block->bytes <= bytes_max) {
		block->next = pool->lists[class];
		pool->lists[class] = block;
		__atomic_store_n(&pool->bytes, pool->bytes + block->bytes,
		    __ATOMIC_RELAXED);
		status = 0;
	}
	thr_lock_give(&pool->lock);
	return status;
}

/* A block of exactly `bytes`, from a pool if one has it. */
static struct block *
block_new(size_t bytes)
{
	struct block *block = NULL;
	int class = class_of(bytes);

	if (class >= 0)
		block = pool_take(own_pool(), class);
	if (class >= 0 && block == NULL)
		block = pool_take(&common_pool, class);
	if (block == NULL) {
		/* One that is nearly a large page is made one. */
		block = bits_round_up(bytes, MEM_LARGE_BYTES) - bytes <
		    LARGE_SLACK_BYTES ? mem_alloc_large(bytes) :
		    mem_alloc(bytes);
		if (REGION_CHECKED)
			memset(block, 0xa5, bytes);
		block->bytes = bytes;
	}
	return block;
}

/* To a pool that has room, else to the heap. */
static void
block_free(struct block *block)
{
	int class = class_of(block->bytes);

	if (class >= 0 &&
	    (pool_give(own_pool(), class, block, own_bytes_max) == 0 ||
	    pool_give(&common_pool, class, block, common_bytes_max) == 0))
		return;
	if (REGION_CHECKED)
		memset(block, 0x5a, block->bytes);
	mem_free(block);
}

static void
blocks_free(struct block *block)
{
	while (block != NULL) {
		struct block *next = block->next;
		block_free(block);
		block = next;
	}
}

struct region *
region_new(void)
{
	size_t bytes = REGION_CHECKED ?
	    sizeof(struct block) + sizeof(struct region) : BLOCK_BYTES_MIN;
	struct block *block = block_new(bytes);
	struct region *region = (struct region *)(block + 1);

	block->next = NULL;
	region->cursor = (char *)(region + 1);
	region->limit = (char *)block + bytes;
	region->blocks = block;
	region->spare = NULL;
	region->bytes = bytes;
	region->next_bytes = BLOCK_BYTES_MIN * 2;
	region->reference_count = 1;
	return region;
}

struct region *
region_hold(struct region *region)
{
	__atomic_add_fetch(&region->reference_count, 1, __ATOMIC_RELAXED);
	return region;
}

void
region_drop(struct region **region_address)
{
	struct region *region = *region_address;

	*region_address = NULL;
	if (region == NULL)
		return;
	if (__atomic_sub_fetch(&region->reference_count, 1,
	    __ATOMIC_ACQ_REL) > 0)
		return;
	blocks_free(region->spare);
	/* The region itself lies in the last of these. */
	blocks_free(region->blocks);
}

/* A spare block with room for `bytes` behind its header, taken off its list. */
static struct block *
spare_take(struct region *region, size_t bytes)
{
	struct block **link = &region->spare;

	while (*link != NULL && (*link)->bytes - sizeof(struct block) < bytes)
		link = &(*link)->next;
	struct block *block = *link;
	if (block != NULL)
		*link = block->next;
	return block;
}

/* A new block for a request that the cursor's has no room for. */
static void *
alloc_in_block(struct region *region, size_t bytes)
{
	assert(bytes <= SIZE_MAX / 2);
	size_t need = bytes + sizeof(struct block);
	struct block *block = spare_take(region, bytes);

	if (block == NULL) {
		int own = REGION_CHECKED || need > region->next_bytes;
		block = block_new(own ? need : region->next_bytes);
		region->bytes += block->bytes;
		if (!own && region->next_bytes < BLOCK_BYTES_MAX)
			region->next_bytes *= 2;
	}
	block->next = region->blocks;
	region->blocks = block;

	/* Go on in the block with more room, never in one's own. */
	char *start = (char *)(block + 1);
	char *limit = (char *)block + block->bytes;
	size_t used = REGION_CHECKED ? block->bytes - sizeof(struct block) :
	    bits_round_up(bytes, REGION_ALIGN);
	if (used <= (size_t)(limit - start) &&
	    (size_t)(limit - start) - used >
	    (size_t)(region->limit - region->cursor)) {
		region->cursor = start + used;
		region->limit = limit;
	}
	return start;
}

void *
region_alloc(struct region *region, size_t bytes)
{
	size_t room = (size_t)(region->limit - region->cursor);

	if (__builtin_expect(REGION_CHECKED || bytes > room, 0))
		return alloc_in_block(region, bytes);
	void *start = region->cursor;
	/* Standard blocks end aligned, so the sum stays within. */
	region->cursor += bits_round_up(bytes, REGION_ALIGN);
	return start;
}

void *
region_alloc_zero(struct region *region, size_t bytes)
{
	return memset(region_alloc(region, bytes), 0, bytes);
}

void *
region_copy(struct region *region, const void *bytes, size_t size)
{
	void *target = region_alloc(region, size);
	if (size > 0)
		memcpy(target, bytes, size);
	return target;
}

size_t
region_bytes(const struct region *region)
{
	return region->bytes;
}

int
region_is_sole(const struct region *region)
{
	return __atomic_load_n(&region->reference_count, __ATOMIC_ACQUIRE) == 1;
}

/* Moves all blocks but the region's own to the spare list. */
void
region_reset(struct region *region)
{
	struct block *block = region->blocks;

	assert(region_is_sole(region));
	while (block->next != NULL) {
		struct block *next = block->next;
		if (REGION_CHECKED) {
			region->bytes -= block->bytes;
			block_free(block);
		} else {
			block->next = region->spare;
			region->spare = block;
		}
		block = next;
	}
	region->blocks = block;
	region->cursor = (char *)(region + 1);
	region->limit = (char *)block + block->bytes;
}

void
region_pool_limit(size_t own_bytes, size_t common_bytes)
{
	own_bytes_max = own_bytes < OWN_BYTES_MAX ? own_bytes : OWN_BYTES_MAX;
	common_bytes_max = common_bytes < COMMON_BYTES_MAX ? common_bytes :
	    COMMON_BYTES_MAX;
}

static void
pool_trim(struct pool *pool)
{
	struct block *lists[CLASS_COUNT];

	thr_lock_take(&pool->lock);
	memcpy(lists, pool->lists, sizeof(lists));
	memset(pool->lists, 0, sizeof(pool->lists));
	__atomic_store_n(&pool->bytes, 0, __ATOMIC_RELAXED);
	thr_lock_give(&pool->lock);
	for (int i = 0; i < CLASS_COUNT; i++) {
		struct block *next;
		for (struct block *block = lists[i]; block; block = next) {
			next = block->next;
			mem_free(block);
		}
	}
}

void
region_pool_trim(void)
{
	for (int i = 0; i < POOL_COUNT; i++)
		pool_trim(&own_pools[i]);
	pool_trim(&common_pool);
}
