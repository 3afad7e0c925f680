/*
 * Buckets: where a window keeps its records.
 *
 * Windows of `size` begin every `every`.  Time is cut into slices, as long as
 * the greatest length that divides both, so that every window is a row of whole
 * slices:
 *
 *	size 3, every 2		slice 1
 *	slices    | 0 | 1 | 2 | 3 | 4 | 5 | 6 |
 *	windows   [-----------)
 *	                  [-----------)
 *
 * A record is added to one slice, whatever the overlap; a window that fires
 * merges its slices.  A window that tumbles is one slice.
 *
 * Which windows count a record depends on its mark too: a window that ends at
 * or before the mark does not, unless the mark is less than `update` behind
 * its end.  Window ends being ordered, two of them say it all: the first that
 * counts the record when it ends, and the first whose update does.  So what
 * windows cannot tell apart lies in one bucket, (slice, first, update), and
 * what is in it is the same whatever came in between.  Records that are in
 * time, nearly all, share one bucket a slice.
 *
 * Buckets are in order of their slices.  What fires next is found by walking
 * from the first that a window still counts; the slice's start bounds what the
 * ones behind can have, so the walk is short.
 *
 * All times lie within the years 1 to 9999, all lengths are at most as long as
 * the checker allows: sums of a few do not overflow.
 */
#include "op/window_priv.h"

#include <assert.h>
#include <string.h>

#include "state/keyed.h"

/* Beyond any time and a few lengths; sums of two do not overflow. */
#define TIME_MAX (INT64_MAX / 4)

/* The largest multiple of `unit` that is not above `us`. */
static inline int64_t
round_down(int64_t us, int64_t unit)
{
	int64_t rest = us % unit;

	return rest < 0 ? us - rest - unit : us - rest;
}

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* The first window end at or behind `us`. */
static inline int64_t
end_from(const struct window *window, int64_t us)
{
	const struct op_window *plan = window->plan;
	int64_t base = plan->offset_us + plan->size_us;

	return base - round_down(base - us, plan->every_us);
}

void
window_init(struct window *window, struct op_run *run, uint32_t gap)
{
	const struct op_window *plan = &run->op->args.window;

	window->plan = plan;
	group_rows_init(&window->rows, run, gap);
	window->slice_us = common_divisor(plan->size_us, plan->every_us);
	window->fired_us = INT64_MIN;
}

void
window_set_let_go(struct window *window, struct op_run *run,
	window_let_go_f *let_go)
{
	window->let_go = let_go;
	group_rows_take_all(&window->rows, &run->budget);
	mem_budget_enter(&run->budget);
}

int
window_let_go(struct op_run *run, struct err *err)
{
	struct window *window = run->state;

	window->is_over = 0;
	return window->let_go == NULL ? 0 : window->let_go(run, err);
}

int
window_let_go_pressed(struct op_run *run, struct err *err)
{
	const struct window *window = run->state;

	if (window->let_go == NULL ||
	    (!window->is_over && !mem_is_pressed(&run->budget)))
		return 0;
	return window_let_go(run, err) < 0 ? -1 : 0;
}

enum place
window_place(const struct window *window, int64_t time_us, int64_t mark_us,
	struct bucket *out)
{
	const struct op_window *plan = window->plan;
	int64_t start = plan->offset_us +
	    round_down(time_us - plan->offset_us, window->slice_us);
	int64_t first = end_from(window, start + window->slice_us);
	int64_t last = end_from(window, start + plan->size_us + 1) -
	    plan->every_us;

	if (first > last)
		return PLACE_NOWHERE;
	if (last + plan->update_us <= mark_us)
		return PLACE_LATE;
	*out = (struct bucket){ .start_us = start, .first_us = first,
	    .update_us = first, .last_us = last };
	if (mark_us < first)
		return PLACE_COUNTS;
	int64_t update = end_from(window, mark_us - plan->update_us + 1);
	if (update > first)
		out->update_us = update;
	out->first_us = end_from(window, mark_us + 1);
	if (out->first_us > last)
		out->first_us = INT64_MAX;
	return PLACE_COUNTS;
}

/* Is it a window end, in a range that does not overflow? */
static int
is_end(const struct window *window, int64_t us)
{
	return us > -TIME_MAX && us < TIME_MAX && end_from(window, us) == us;
}

int
window_place_again(const struct window *window, struct bucket *bucket)
{
	struct bucket plain;

	if (bucket->start_us <= -TIME_MAX || bucket->start_us >= TIME_MAX ||
	    window_place(window, bucket->start_us, INT64_MIN, &plain) !=
	    PLACE_COUNTS || plain.start_us != bucket->start_us)
		return -1;
	if (!is_end(window, bucket->update_us) ||
	    bucket->update_us < plain.first_us ||
	    bucket->update_us > plain.last_us)
		return -1;
	if (bucket->first_us != INT64_MAX &&
	    (!is_end(window, bucket->first_us) ||
	    bucket->first_us < bucket->update_us ||
	    bucket->first_us > plain.last_us))
		return -1;
	bucket->last_us = plain.last_us;
	return 0;
}

enum place
window_place_bucket(const struct window *window, struct bucket *it)
{
	struct bucket now;

	if (window_place_again(window, it) != 0)
		return PLACE_NOWHERE;
	/* Ends only move on with the mark: that of both marks is the later. */
	enum place place = window_place(window, it->start_us,
	    window->fired_us, &now);
	if (place != PLACE_COUNTS)
		return place;
	if (now.first_us > it->first_us)
		it->first_us = now.first_us;
	if (now.update_us > it->update_us)
		it->update_us = now.update_us;
	return PLACE_COUNTS;
}

static int
bucket_compare(const struct bucket *a, const struct bucket *b)
{
	if (a->start_us != b->start_us)
		return a->start_us < b->start_us ? -1 : 1;
	if (a->first_us != b->first_us)
		return a->first_us < b->first_us ? -1 : 1;
	return a->update_us < b->update_us ? -1 :
	    a->update_us > b->update_us;
}

/* The number of the first bucket that is not before `place`. */
static uint32_t
bucket_find(const struct window *window, const struct bucket *place)
{
	uint32_t low = window->head, high = window->tail;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (bucket_compare(window->bucket[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Room for one more behind the last. */
static void
buckets_reserve(struct window *window)
{
	uint32_t count = window->tail - window->head;

	if (window->tail < window->capacity)
		return;
	/* Half of it is free in front: moving pays. */
	if (window->head <= window->capacity / 2) {
		window->capacity = window->capacity * 2 + 8;
		window->bucket = mem_resize(window->bucket,
		    window->capacity * sizeof(*window->bucket));
	}
	memmove(window->bucket, window->bucket + window->head,
	    count * sizeof(*window->bucket));
	window->head = 0;
	window->tail = count;
}

static int
bucket_is_late(const struct bucket *bucket)
{
	return bucket->update_us < bucket->first_us;
}

int64_t
window_bucket_due(const struct window *window, const struct bucket *bucket)
{
	int64_t update = bucket->update_us + window->plan->update_us;

	return bucket_is_late(bucket) && update < bucket->first_us ? update :
	    bucket->first_us;
}

struct keyed *
window_table_new(const struct window *window, struct mem_budget *budget)
{
	return keyed_new(window->rows.bytes +
	    (window->is_partial ? sizeof(uint64_t) : 0), budget);
}

struct bucket *
window_bucket(struct window *window, const struct bucket *place,
	struct mem_budget *budget)
{
	uint32_t at = bucket_find(window, place);

	if (at < window->tail &&
	    bucket_compare(window->bucket[at], place) == 0)
		return window->recent = window->bucket[at];
	at -= window->head;
	buckets_reserve(window);
	at += window->head;
	struct bucket *bucket = mem_copy(place, sizeof(*place));
	bucket->is_plain = place->first_us == end_from(window,
	    place->start_us + window->slice_us);
	bucket->keyed = window_table_new(window, budget);
	memmove(&window->bucket[at + 1], &window->bucket[at],
	    (window->tail - at) * sizeof(*window->bucket));
	window->bucket[at] = bucket;
	window->tail++;
	window->late_buckets += (uint32_t)bucket_is_late(bucket);
	return window->recent = bucket;
}

uint32_t
window_buckets_from(const struct window *window, int64_t start_us)
{
	struct bucket place = { .start_us = start_us, .first_us = INT64_MIN,
		.update_us = INT64_MIN };

	return bucket_find(window, &place);
}

/* The first window end in [first, last] behind `us`; INT64_MAX: none. */
static inline int64_t
end_behind(const struct window *window, int64_t first, int64_t last,
	int64_t us)
{
	if (first > last || last <= us)
		return INT64_MAX;
	return us < first ? first : end_from(window, us + 1);
}

/* The first of the bucket's windows to fire behind `us`. */
static int64_t
bucket_next(const struct window *window, const struct bucket *bucket,
	int is_update, int64_t us)
{
	if (!is_update)
		return end_behind(window, bucket->first_us, bucket->last_us,
		    us);
	if (!bucket_is_late(bucket))
		return INT64_MAX;
	return end_behind(window, bucket->update_us,
	    bucket->first_us == INT64_MAX ? bucket->last_us :
	    bucket->first_us - window->plan->every_us, us);
}

/* The first window end behind `us` that some bucket waits for. */
static int64_t
next_end(const struct window *window, int is_update, int64_t us)
{
	int64_t best = INT64_MAX, least = INT64_MIN;
	uint32_t i = window->head;

	if (us != INT64_MIN && i < window->tail &&
	    window->bucket[i]->start_us <= us) {
		i = window_buckets_from(window, us - window->plan->size_us +
		    1);
		least = end_from(window, us + 1);
	}
	for (; i < window->tail && best > least; i++) {
		const struct bucket *bucket = window->bucket[i];
		if (bucket->start_us + window->slice_us >= best)
			break;
		int64_t end = bucket_next(window, bucket, is_update, us);
		if (end < best)
			best = end;
	}
	return best;
}

int
window_next(const struct window *window, int64_t ended_us, int64_t updated_us,
	struct firing *out)
{
	int64_t update_us = window->plan->update_us;
	int64_t end = next_end(window, 0, ended_us), updated = INT64_MAX;

	if (window->late_buckets > 0)
		updated = next_end(window, 1, updated_us == INT64_MIN ?
		    INT64_MIN : updated_us - update_us);
	if (updated != INT64_MAX && updated + update_us < end)
		*out = (struct firing){ updated + update_us, updated, 1 };
	else
		*out = (struct firing){ end, end, 0 };
	return out->at_us != INT64_MAX;
}

void
window_rows_free(const struct window *window, struct bucket *bucket)
{
	const struct group_rows *rows = &window->rows;

	/* States that own memory are never shared with a view. */
	for (uint64_t i = 0; group_rows_own(rows) &&
	    i < keyed_count(bucket->keyed); i++)
		group_rows_clear(rows,
		    (char *)(uintptr_t)keyed_peek(bucket->keyed, i));
	keyed_free(&bucket->keyed);
}

void
window_bucket_empty(const struct window *window, struct bucket *bucket,
	struct mem_budget *budget)
{
	window_rows_free(window, bucket);
	bucket->keyed = window_table_new(window, budget);
}

static void
bucket_free(struct window *window, struct bucket *bucket)
{
	window_rows_free(window, bucket);
	window_pieces_free(bucket);
	window->late_buckets -= (uint32_t)bucket_is_late(bucket);
	if (window->recent == bucket)
		window->recent = NULL;
	mem_free(bucket);
}

void
window_bucket_free(struct window *window, uint32_t index)
{
	bucket_free(window, window->bucket[index]);
	memmove(&window->bucket[index], &window->bucket[index + 1],
	    (window->tail - index - 1) * sizeof(*window->bucket));
	window->tail--;
}

void
window_expire(struct window *window, int64_t us)
{
	while (window->head < window->tail &&
	    window->bucket[window->head]->last_us + window->plan->update_us <=
	    us)
		bucket_free(window, window->bucket[window->head++]);
}

void
window_fini(struct window *window, struct op_run *run)
{
	while (window->head < window->tail)
		bucket_free(window, window->bucket[window->head++]);
	mem_free(window->bucket);
	mem_free(window->call);
	group_rows_fini(&window->rows);
	if (window->let_go != NULL)
		mem_budget_leave(&run->budget);
}
