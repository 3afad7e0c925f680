/*
 * The accountant.  It only counts: who charges a budget has the memory already
 * or is about to take it.  Its sums are atomic, because several workers charge
 * the same operator; a refused charge leaves them as they were.
 *
 * Owners that can spill leave the last eighth of the limit to others:
 *
 *	0                                            7/8            limit
 *	| anybody                                     | shares       |
 *
 * up there an owner that can spill may only go as far as its own share, that
 * eighth over the number of them, so that a small one is not refused its first
 * buffers because of a large one; who cannot spill may use all of it.  A share
 * is never refused, even beyond the limit: without one who has spilled all it
 * had would have to give up while others hold what they cannot let go of yet.
 * Whoever comes there presses the owner that holds most.  The limit here is
 * that of the process less what is resident and not charged (mem_look.c).
 */
#include "util/mem.h"

#include <assert.h>

#include "util/mem_priv.h"
#include "util/thr.h"

/* Of the limit: see above. */
#define RESERVE_PART 8
/* A share is at least this, and no less can be worked with, unless that is a
 * larger part of the limit. */
#define SHARE_BYTES_MIN ((uint64_t)320 << 10)
#define SHARE_PART_MAX 16

static uint64_t charged_bytes;
static uint64_t limit_bytes;
static uint32_t press_every;

/* Of those that can spill; under the lock, but for the count (atomic). */
static struct thr_lock spillers_lock = THR_LOCK_INIT("those that can spill");
static struct mem_budget *spillers;
static uint32_t spiller_count;

void
mem_set_limit(uint64_t bytes)
{
	__atomic_store_n(&limit_bytes, bytes, __ATOMIC_RELAXED);
}

uint64_t
mem_limit(void)
{
	return __atomic_load_n(&limit_bytes, __ATOMIC_RELAXED);
}

uint64_t
mem_charged(void)
{
	return __atomic_load_n(&charged_bytes, __ATOMIC_RELAXED);
}

void
mem_budget_enter(struct mem_budget *budget)
{
	thr_lock_take(&spillers_lock);
	assert(!budget->can_spill);
	budget->can_spill = 1;
	budget->previous = NULL;
	budget->next = spillers;
	if (spillers != NULL)
		spillers->previous = budget;
	spillers = budget;
	__atomic_add_fetch(&spiller_count, 1, __ATOMIC_RELAXED);
	thr_lock_give(&spillers_lock);
}

void
mem_budget_leave(struct mem_budget *budget)
{
	thr_lock_take(&spillers_lock);
	assert(budget->can_spill);
	budget->can_spill = 0;
	__atomic_store_n(&budget->is_pressed, 0, __ATOMIC_RELAXED);
	if (budget->previous != NULL)
		budget->previous->next = budget->next;
	else
		spillers = budget->next;
	if (budget->next != NULL)
		budget->next->previous = budget->previous;
	budget->next = budget->previous = NULL;
	__atomic_sub_fetch(&spiller_count, 1, __ATOMIC_RELAXED);
	thr_lock_give(&spillers_lock);
}

void
mem_set_press(uint32_t every)
{
	press_every = every;
}

/* The test's press; the count is common to all owners. */
static int
is_pressed_by_count(void)
{
	static uint32_t count;

	return __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) %
	    press_every == 0;
}

int
mem_is_pressed(const struct mem_budget *budget)
{
	return __atomic_load_n(&budget->is_pressed, __ATOMIC_RELAXED) ||
	    (__builtin_expect(press_every != 0, 0) && is_pressed_by_count());
}

static uint64_t
budget_used(const struct mem_budget *budget)
{
	return __atomic_load_n(&budget->used_bytes, __ATOMIC_RELAXED);
}

/* Presses who holds most, if that is another than `budget` (or NULL). */
static void
press_largest(const struct mem_budget *budget)
{
	struct mem_budget *largest = NULL;
	uint64_t most = budget != NULL && budget->can_spill ?
	    budget_used(budget) : 0;

	thr_lock_take(&spillers_lock);
	for (struct mem_budget *it = spillers; it != NULL; it = it->next) {
		/* One is enough; it has not come to look yet. */
		if (__atomic_load_n(&it->is_pressed, __ATOMIC_RELAXED)) {
			largest = NULL;
			break;
		}
		if (it != budget && budget_used(it) > most) {
			largest = it;
			most = budget_used(it);
		}
	}
	if (largest != NULL)
		__atomic_store_n(&largest->is_pressed, 1, __ATOMIC_RELAXED);
	thr_lock_give(&spillers_lock);
}

void
budget_press(void)
{
	press_largest(NULL);
}

/* Add to a sum unless that passes `limit` (0: none).  0 or -1. */
static int
sum_add(uint64_t *sum, uint64_t bytes, uint64_t limit)
{
	uint64_t old = __atomic_load_n(sum, __ATOMIC_RELAXED);

	do {
		if (bytes > UINT64_MAX - old ||
		    (limit != 0 && old + bytes > limit))
			return -1;
	} while (!__atomic_compare_exchange_n(sum, &old, old + bytes, 1,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return 0;
}

static void
sum_subtract(uint64_t *sum, uint64_t bytes)
{
	uint64_t old = __atomic_fetch_sub(sum, bytes, __ATOMIC_RELAXED);
	assert(old >= bytes);
}

/* Of an owner that can spill. */
static uint64_t
share_of(uint64_t reserve)
{
	uint64_t share = reserve /
	    __atomic_load_n(&spiller_count, __ATOMIC_RELAXED);
	uint64_t least = mem_limit() / SHARE_PART_MAX;

	if (least > SHARE_BYTES_MIN)
		least = SHARE_BYTES_MIN;
	return share > least ? share : least;
}

/* Adds to the sum of all as far as `budget` may go; 0 or -1. */
static int
charge_all(const struct mem_budget *budget, uint64_t bytes)
{
	uint64_t room = look_room();
	uint64_t reserve = room / RESERVE_PART;

	if (sum_add(&charged_bytes, bytes, room - reserve) == 0)
		return 0;
	press_largest(budget);
	if (!budget->can_spill)
		return sum_add(&charged_bytes, bytes, room);
	return budget_used(budget) + bytes > share_of(reserve) ? -1 :
	    sum_add(&charged_bytes, bytes, 0);
}

uint64_t
mem_left(void)
{
	if (mem_limit() == 0)
		return UINT64_MAX;
	look_again();
	uint64_t room = look_room(), charged = mem_charged();
	room -= room / RESERVE_PART;
	return room > charged ? room - charged : 0;
}

/* The same; nobody is refused for what has changed since the last look. */
static int
charge_looking(const struct mem_budget *budget, uint64_t bytes)
{
	look_after(bytes);
	if (charge_all(budget, bytes) == 0)
		return 0;
	look_again();
	return charge_all(budget, bytes);
}

static void
note_peak(struct mem_budget *budget)
{
	uint64_t used = budget_used(budget);
	uint64_t peak = __atomic_load_n(&budget->peak_bytes, __ATOMIC_RELAXED);

	while (used > peak && !__atomic_compare_exchange_n(&budget->peak_bytes,
	    &peak, used, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* mem_charge() as the limits say. */
static int
charge_within(struct mem_budget *budget, uint64_t bytes)
{
	if (charge_looking(budget, bytes) != 0)
		return -1;
	if (sum_add(&budget->used_bytes, bytes, budget->limit_bytes) != 0) {
		sum_subtract(&charged_bytes, bytes);
		return -1;
	}
	note_peak(budget);
	return 0;
}

int
mem_charge(struct mem_budget *budget, uint64_t bytes)
{
	if (!budget->insists)
		return charge_within(budget, bytes);
	mem_charge_always(budget, bytes);
	return 0;
}

void
mem_charge_always(struct mem_budget *budget, uint64_t bytes)
{
	if (charge_within(budget, bytes) == 0)
		return;
	__atomic_add_fetch(&charged_bytes, bytes, __ATOMIC_RELAXED);
	__atomic_add_fetch(&budget->used_bytes, bytes, __ATOMIC_RELAXED);
	note_peak(budget);
}

void
mem_release(struct mem_budget *budget, uint64_t bytes)
{
	sum_subtract(&budget->used_bytes, bytes);
	sum_subtract(&charged_bytes, bytes);
	if (__atomic_load_n(&budget->is_pressed, __ATOMIC_RELAXED))
		__atomic_store_n(&budget->is_pressed, 0, __ATOMIC_RELAXED);
}
