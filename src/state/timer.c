/*
 * A hierarchical timer wheel that is lazy: nothing turns.
 *
 * A time is a number of eleven digits of six bits.  The cursor is the time of
 * the timer that was taken last.  A timer lies in the wheel of the highest
 * digit in which it differs from the cursor (wheel 0 if in none), in the slot
 * of its own digit there:
 *
 *	cursor		.. 17 | 04 | 52
 *	.. 17 | 04 | 60		wheel 0, slot 60: the time is exact
 *	.. 17 | 09 | 11		wheel 1, slot 9: times of one range of 64 us
 *	.. 31 | 00 | 07		wheel 2, slot 31
 *
 * So all timers of a lower wheel come before those of a higher one, and all of
 * a lower slot before those of a higher one: the earliest lie in the first slot
 * of the first wheel that has any, found with two bit scans.  If that is wheel
 * 0, its first timer is the one.  If not, the cursor becomes the earliest time
 * of that slot (each slot knows it) and its timers are placed anew; the rest
 * of the wheel still lies right.  A timer moves only downwards, so it moves a
 * few times at most, whatever the distance.
 *
 * The place follows from the time and the cursor alone, so equal times are
 * always in one slot, in the order in which they were added.
 *
 * What is added with a time before the cursor is rare (a late window) and goes
 * to a binary heap, by time and order; all of it comes before the wheels.
 */
#include "state/timer.h"

#include <assert.h>
#include <string.h>

#include "util/bits.h"
#include "util/mem.h"

#define DIGIT_BITS 6
#define SLOT_COUNT 64
/* 11 digits of 6 bits hold 64. */
#define WHEEL_COUNT 11
#define NONE UINT32_MAX

struct timer {
	uint64_t time;		/* at_us, ordered as unsigned numbers */
	uint64_t payload;
	uint32_t next;
};

struct slot {
	uint64_t earliest;
	uint32_t first, last;
};

struct late {
	uint64_t time;
	uint64_t payload;
	uint64_t order;
};

struct timers {
	uint64_t cursor;
	uint64_t count;
	uint32_t wheels;		/* bit set: some slot has timers */
	uint64_t slots[WHEEL_COUNT];
	struct slot slot[WHEEL_COUNT][SLOT_COUNT];
	struct timer *timer;
	uint32_t timer_capacity;
	uint32_t timer_count;		/* ever used */
	uint32_t unused;		/* a list */
	struct late *late;		/* a heap */
	size_t late_count;
	size_t late_capacity;
	uint64_t late_order;
};

#define SIGN ((uint64_t)1 << 63)

struct timers *
timers_new(void)
{
	struct timers *timers = mem_alloc_zero(sizeof(*timers));

	timers->unused = NONE;
	return timers;
}

void
timers_free(struct timers **take_timers)
{
	struct timers *timers = *take_timers;

	if (timers == NULL)
		return;
	mem_free(timers->timer);
	mem_free(timers->late);
	mem_free(timers);
	*take_timers = NULL;
}

uint64_t
timers_count(const struct timers *timers)
{
	return timers->count;
}

size_t
timers_bytes(const struct timers *timers)
{
	return sizeof(*timers) +
	    timers->timer_capacity * sizeof(*timers->timer) +
	    timers->late_capacity * sizeof(*timers->late);
}

static uint32_t
timer_take_unused(struct timers *timers)
{
	uint32_t index = timers->unused;

	if (index != NONE) {
		timers->unused = timers->timer[index].next;
		return index;
	}
	if (timers->timer_count == timers->timer_capacity) {
		assert(timers->timer_capacity < NONE / 2);
		timers->timer_capacity = timers->timer_capacity == 0 ? 16 :
		    timers->timer_capacity * 2;
		timers->timer = mem_resize(timers->timer,
		    timers->timer_capacity * sizeof(*timers->timer));
	}
	return timers->timer_count++;
}

/* Put the timer into the slot that its time and the cursor say. */
static void
timers_place(struct timers *timers, uint32_t index)
{
	struct timer *timer = &timers->timer[index];
	uint64_t differs = timer->time ^ timers->cursor;
	unsigned wheel = differs == 0 ? 0 : bits_highest(differs) / DIGIT_BITS;
	unsigned digit = timer->time >> wheel * DIGIT_BITS & (SLOT_COUNT - 1);
	struct slot *slot = &timers->slot[wheel][digit];

	timer->next = NONE;
	if (bits_get(&timers->slots[wheel], digit)) {
		timers->timer[slot->last].next = index;
		if (timer->time < slot->earliest)
			slot->earliest = timer->time;
	} else {
		bits_set(&timers->slots[wheel], digit);
		timers->wheels |= 1u << wheel;
		slot->first = index;
		slot->earliest = timer->time;
	}
	slot->last = index;
}

static int
late_before(const struct late *a, const struct late *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void
late_add(struct timers *timers, uint64_t time, uint64_t payload)
{
	struct late late = { time, payload, timers->late_order++ };
	size_t at = timers->late_count++;

	if (at == timers->late_capacity) {
		timers->late_capacity = at == 0 ? 16 : at * 2;
		timers->late = mem_resize(timers->late,
		    timers->late_capacity * sizeof(*timers->late));
	}
	for (; at > 0; at = (at - 1) / 2) {
		struct late *parent = &timers->late[(at - 1) / 2];
		if (!late_before(&late, parent))
			break;
		timers->late[at] = *parent;
	}
	timers->late[at] = late;
}

/* Takes the top of the heap off. */
static struct late
late_take(struct timers *timers)
{
	struct late top = timers->late[0];
	struct late *heap = timers->late;
	size_t count = --timers->late_count, at = 0;
	struct late moved = heap[count];

	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count &&
		    late_before(&heap[child + 1], &heap[child]))
			child++;
		if (!late_before(&heap[child], &moved))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
	return top;
}

void
timers_add(struct timers *timers, int64_t at_us, uint64_t payload)
{
	uint64_t time = (uint64_t)at_us ^ SIGN;

	timers->count++;
	if (time < timers->cursor) {
		late_add(timers, time, payload);
		return;
	}
	uint32_t index = timer_take_unused(timers);
	timers->timer[index].time = time;
	timers->timer[index].payload = payload;
	timers_place(timers, index);
}

/* The time of the earliest; there is one. */
static uint64_t
timers_first(const struct timers *timers)
{
	if (timers->late_count > 0)
		return timers->late[0].time;
	unsigned wheel = bits_lowest(timers->wheels);
	return timers->slot[wheel][bits_lowest(timers->slots[wheel])].earliest;
}

int64_t
timers_earliest(const struct timers *timers)
{
	return timers->count == 0 ? INT64_MAX :
	    (int64_t)(timers_first(timers) ^ SIGN);
}

/* Empties the slot; its list is the caller's. */
static uint32_t
slot_clear(struct timers *timers, unsigned wheel, unsigned digit)
{
	bits_clear(&timers->slots[wheel], digit);
	if (timers->slots[wheel] == 0)
		timers->wheels &= ~(1u << wheel);
	return timers->slot[wheel][digit].first;
}

/* The cursor goes to `time`, the earliest: its slot's timers move to it. */
static void
timers_advance(struct timers *timers, uint64_t time)
{
	unsigned wheel = bits_lowest(timers->wheels);

	timers->cursor = time;
	if (wheel == 0)
		return;
	uint32_t index = slot_clear(timers, wheel,
	    bits_lowest(timers->slots[wheel]));
	while (index != NONE) {
		uint32_t next = timers->timer[index].next;
		timers_place(timers, index);
		index = next;
	}
}

int
timers_next(struct timers *timers, int64_t upto_us, int64_t *at_us,
	uint64_t *payload)
{
	if (timers->count == 0)
		return 0;
	uint64_t time = timers_first(timers);
	if (time > ((uint64_t)upto_us ^ SIGN))
		return 0;
	timers->count--;
	*at_us = (int64_t)(time ^ SIGN);
	if (timers->late_count > 0) {
		*payload = late_take(timers).payload;
		return 1;
	}
	timers_advance(timers, time);
	unsigned digit = time & (SLOT_COUNT - 1);
	struct slot *slot = &timers->slot[0][digit];
	uint32_t index = slot->first;
	if (index == slot->last)
		slot_clear(timers, 0, digit);
	slot->first = timers->timer[index].next;
	*payload = timers->timer[index].payload;
	timers->timer[index].next = timers->unused;
	timers->unused = index;
	return 1;
}
