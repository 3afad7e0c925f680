#include "state/timer.h"

#include <criterion/criterion.h>
#include <string.h>

#include "random_column.h"
#include "util/mem.h"

#define YEAR_US ((int64_t)31556952 * 1000000)

/* The twin: a list, sorted by time and order. */
struct twin {
	int64_t at_us[4096];
	uint64_t payload[4096];
	uint32_t count;
};

static void
twin_add(struct twin *twin, int64_t at_us, uint64_t payload)
{
	uint32_t at = twin->count++;

	for (; at > 0 && twin->at_us[at - 1] > at_us; at--) {
		twin->at_us[at] = twin->at_us[at - 1];
		twin->payload[at] = twin->payload[at - 1];
	}
	twin->at_us[at] = at_us;
	twin->payload[at] = payload;
}

/* Both take all that is not behind `upto_us`, at most `limit`. */
static void
both_take(struct timers *timers, struct twin *twin, int64_t upto_us,
	uint32_t limit)
{
	int64_t at_us;
	uint64_t payload;
	uint32_t taken = 0;

	while (taken < limit && twin->count > taken &&
	    twin->at_us[taken] <= upto_us) {
		cr_assert(timers_earliest(timers) == twin->at_us[taken]);
		cr_assert(timers_next(timers, upto_us, &at_us, &payload) == 1);
		cr_assert(at_us == twin->at_us[taken]);
		cr_assert(payload == twin->payload[taken]);
		taken++;
	}
	if (taken < limit)
		cr_assert(timers_next(timers, upto_us, &at_us, &payload) == 0);
	twin->count -= taken;
	memmove(twin->at_us, twin->at_us + taken,
	    twin->count * sizeof(*twin->at_us));
	memmove(twin->payload, twin->payload + taken,
	    twin->count * sizeof(*twin->payload));
	cr_assert(timers_count(timers) == twin->count);
	cr_assert(timers_earliest(timers) == (twin->count > 0 ?
	    twin->at_us[0] : INT64_MAX));
}

/* Random times within `range` of a clock that goes on by random steps. */
static void
compare_with_list(int64_t start, uint64_t range, int64_t back, uint64_t seed)
{
	struct timers *timers = timers_new();
	static struct twin twin;
	int64_t now = start;
	uint64_t payload = 0;

	twin.count = 0;
	for (uint32_t round = 0; round < 2000; round++) {
		uint32_t count = random_next(&seed, 8);
		for (uint32_t i = 0; i < count && twin.count < 4000; i++) {
			uint64_t draw = (uint64_t)random_next(&seed,
			    1u << 31) << 31 ^ random_next(&seed, 1u << 31);
			/* Often short, often on the same round time. */
			if (random_next(&seed, 2))
				draw %= 1 + (range >> random_next(&seed, 30));
			draw %= range;
			int64_t at = now - back + (int64_t)draw;
			if (random_next(&seed, 3) == 0)
				at -= at % 1000;
			timers_add(timers, at, payload);
			twin_add(&twin, at, payload++);
		}
		now += (int64_t)(range / 500 * random_next(&seed, 3) +
		    random_next(&seed, 2));
		both_take(timers, &twin, now,
		    random_next(&seed, 4) ? UINT32_MAX : 3);
	}
	both_take(timers, &twin, INT64_MAX, UINT32_MAX);
	cr_assert(twin.count == 0);
	timers_free(&timers);
	timers_free(&timers);
}

Test(timer, as_a_sorted_list)
{
	uint64_t seed = 0;

	for (uint32_t i = 0; i < 3; i++) {
		compare_with_list(0, 50, 0, ++seed);
		compare_with_list(-100, 1000, 500, ++seed);
		compare_with_list(1767225600000000, 3600000000u, 0, ++seed);
		compare_with_list(1767225600000000, 3600000000u, 1000000000,
		    ++seed);
		compare_with_list(-1970 * YEAR_US,
		    (uint64_t)9998 * YEAR_US, 0, ++seed);
	}
}

Test(timer, the_ends_of_time)
{
	static const int64_t times[] = { INT64_MAX, 0, INT64_MIN, -1,
		INT64_MAX - 1, INT64_MIN + 1, INT64_MAX, INT64_MIN };
	struct timers *timers = timers_new();
	struct twin *twin = mem_alloc_zero(sizeof(*twin));
	int64_t at_us;
	uint64_t payload;

	cr_assert(timers_earliest(timers) == INT64_MAX);
	cr_assert(timers_next(timers, INT64_MAX, &at_us, &payload) == 0);
	for (uint32_t i = 0; i < 8; i++) {
		timers_add(timers, times[i], i);
		twin_add(twin, times[i], i);
	}
	both_take(timers, twin, INT64_MIN, UINT32_MAX);
	both_take(timers, twin, 0, UINT32_MAX);
	/* Behind what has come already. */
	timers_add(timers, -5, 100);
	twin_add(twin, -5, 100);
	both_take(timers, twin, INT64_MAX, UINT32_MAX);
	mem_free(twin);
	timers_free(&timers);
}

/* A million years apart, in and out: as quick as if they were close. */
Test(timer, many_and_far_apart)
{
	struct timers *timers = timers_new();
	uint64_t seed = 7, payload;
	int64_t at_us, last = INT64_MIN;
	uint32_t count = 0;

	for (uint32_t i = 0; i < 1000000; i++)
		timers_add(timers, (int64_t)random_next(&seed, 10000) *
		    YEAR_US + random_next(&seed, 1u << 31), i);
	while (timers_next(timers, INT64_MAX, &at_us, &payload)) {
		cr_assert(at_us >= last);
		last = at_us;
		count++;
	}
	cr_assert(count == 1000000);
	cr_assert(timers_bytes(timers) < 64 << 20);
	timers_free(&timers);
}
