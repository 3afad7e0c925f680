/*
 * What the accountant is not told.  The limit is one of resident memory, but
 * only large, long-lived memory is charged; besides there are code, stacks,
 * chunks of input, batches on their way through channels, pools, what the heap
 * loses to rounding.  So every few MiB that are charged, and every few
 * milliseconds, the resident size is looked at:
 *
 *	resident = charged + idle + unseen
 *
 * Idle is what the heap has got back and will give out again before it asks the
 * system for more; if little is missing to the limit it is given away.  Unseen
 * is the rest, and may not be charged.  It is learned at once when it grows and
 * forgotten slowly, because for a moment much may be charged that is not
 * resident yet.
 *
 *	0       unseen                                aim  limit
 *	|.......|      what may be charged            |    |
 *
 * Where addresses are limited as well (ulimit -v) those that are left are held
 * against what is left of the limit: what is resident is taken to be at least
 * so much that both come to their end together.  The heap keeps a map of what
 * it manages, a leaf of 2 MiB for each GiB of addresses.  A process in some
 * thirty is so near to the border of two that it may pass it; the second leaf
 * comes then, in a block of 4 MiB that has to lie even.  That is left to it.
 *
 * What is not charged comes between two looks; so what is aimed at is some less
 * than the limit.
 */
#include "util/bits.h"
#include "util/env.h"
#include "util/mem.h"
#include "util/mem_priv.h"

/* Look when so much of the limit was charged, within these bounds: a look costs
 * some 20 us, as touching 100 KiB of fresh memory does. */
#define LOOK_PART 64
#define LOOK_BYTES_MIN ((uint64_t)256 << 10)
#define LOOK_BYTES_MAX ((uint64_t)4 << 20)
#define LOOK_NS 5000000u
/* Who is refused has it looked again, if this part of such a step was charged
 * meanwhile: while all is taken, many small things are refused in a row. */
#define AGAIN_PART 8
/* Idle memory goes back when less than this part of the limit is left ... */
#define PURGE_PART 16
/* ... and it is at least this part: that is worth a walk through the heap. */
#define IDLE_PART 64
/* So much can be charged even if everything else takes more than the limit:
 * without it nobody gets on. */
#define ROOM_PART 8
/* What is aimed at is this part less than the limit, or so much. */
#define SPARE_PART 8
#define SPARE_BYTES_MAX ((uint64_t)16 << 20)
/* Of addresses more: who exceeds the limit for a moment does no harm, who is
 * refused an address ends the job. */
#define ADDRESS_SPARE_PART 4
/* How much of what is no longer there is forgotten at a look. */
#define FORGET_PART 8
/* What a leaf of the heap's map covers, and what the next one takes. */
#define HEAP_LEAF_COVERS ((uint64_t)1 << 30)
#define HEAP_LEAF_BYTES ((uint64_t)6 << 20)
/* Of the limit, for the pools of regions: a thread's and the common one. */
#define POOL_OWN_PART 64
#define POOL_COMMON_PART 32

static int is_resident;
/* UINT64_MAX if there is none. */
static uint64_t address_limit = UINT64_MAX;
/* Atomic, all of them. */
static int is_looking;
static uint64_t unseen_bytes;
static uint64_t unlooked_bytes;
static uint64_t looked_ns;

/* The resident size that is aimed at. */
static uint64_t
aim(void)
{
	uint64_t limit = mem_limit();
	uint64_t part = address_limit == UINT64_MAX ? SPARE_PART :
	    ADDRESS_SPARE_PART;

	return is_resident ? limit - bits_least(limit / part, SPARE_BYTES_MAX) :
	    limit;
}

uint64_t
mem_address_limit(void)
{
	uint64_t limit = env_address_limit();

	if (limit == UINT64_MAX)
		return limit;
	/* Addresses are given out downwards. */
	void *block = mem_alloc(1);
	uint64_t left = (uintptr_t)block % HEAP_LEAF_COVERS;
	mem_free(block);
	return left > limit ? limit :
	    limit - bits_least(HEAP_LEAF_BYTES, limit);
}

void
mem_set_resident(int value)
{
	uint64_t limit = mem_limit();

	is_resident = value && limit != 0;
	unseen_bytes = 0;
	address_limit = mem_address_limit();
	region_pool_limit(is_resident ? limit / POOL_OWN_PART : SIZE_MAX,
	    is_resident ? limit / POOL_COMMON_PART : SIZE_MAX);
}

uint64_t
look_room(void)
{
	uint64_t limit = aim();
	uint64_t unseen = __atomic_load_n(&unseen_bytes, __ATOMIC_RELAXED);

	return limit - bits_least(unseen, limit - limit / ROOM_PART);
}

/* Bytes that are resident, or as good as that for want of addresses. */
static uint64_t
taken_bytes(void)
{
	struct env_memory memory;
	uint64_t limit = mem_limit();

	env_memory_read(&memory);
	if (address_limit == UINT64_MAX)
		return memory.resident_bytes;
	/* The rest of the addresses may be anything. */
	uint64_t rest = address_limit - bits_least(limit, address_limit);
	uint64_t over = memory.address_bytes - bits_least(memory.address_bytes,
	    rest);
	return over > memory.resident_bytes ? over : memory.resident_bytes;
}

/* What is resident, charged and idle now, idle memory given back if it has to
 * be; learns from it. */
static void
look_learn(void)
{
	uint64_t limit = aim();
	uint64_t resident = taken_bytes();
	uint64_t idle = heap_idle_bytes();

	if (resident > limit - limit / PURGE_PART && idle > limit / IDLE_PART) {
		heap_purge();
		resident = taken_bytes();
		idle = heap_idle_bytes();
	}
	uint64_t seen = mem_charged() + idle;
	uint64_t unseen = resident > seen ? resident - seen : 0;
	uint64_t old = __atomic_load_n(&unseen_bytes, __ATOMIC_RELAXED);
	if (unseen < old)
		unseen = old - (old - unseen) / FORGET_PART;
	__atomic_store_n(&unseen_bytes, unseen, __ATOMIC_RELAXED);
	if (mem_charged() > look_room())
		budget_press();
}

/* One at a time; who comes meanwhile goes on with what is known. */
static void
look(void)
{
	if (__atomic_exchange_n(&is_looking, 1, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&unlooked_bytes, 0, __ATOMIC_RELAXED);
	look_learn();
	__atomic_store_n(&is_looking, 0, __ATOMIC_RELEASE);
}

/* What is charged between two looks. */
static uint64_t
look_step(void)
{
	uint64_t step = mem_limit() / LOOK_PART;

	if (step < LOOK_BYTES_MIN)
		step = LOOK_BYTES_MIN;
	return bits_least(step, LOOK_BYTES_MAX);
}

void
look_after(uint64_t bytes)
{
	if (is_resident && __atomic_add_fetch(&unlooked_bytes, bytes,
	    __ATOMIC_RELAXED) >= look_step())
		look();
}

void
look_again(void)
{
	if (is_resident && __atomic_load_n(&unlooked_bytes,
	    __ATOMIC_RELAXED) >= look_step() / AGAIN_PART)
		look();
}

void
mem_tend(uint64_t now_ns)
{
	uint64_t looked = __atomic_load_n(&looked_ns, __ATOMIC_RELAXED);

	if (!is_resident || (looked != 0 && now_ns - looked < LOOK_NS) ||
	    now_ns < looked)
		return;
	__atomic_store_n(&looked_ns, now_ns, __ATOMIC_RELAXED);
	/* A job that is over by then is spared the first look: a tenth of its
	 * start. */
	if (looked != 0)
		look();
}
