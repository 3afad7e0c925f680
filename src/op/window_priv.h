#ifndef SFLOW_OP_WINDOW_PRIV_H
#define SFLOW_OP_WINDOW_PRIV_H

#include <stdint.h>

#include "op/group_rows.h"
#include "op/op.h"

struct keyed;

/*
 * Groups of records that are counted by the same windows.  Windows end on a
 * grid; `last_us` is the end of the last window that holds the slice.
 */
struct bucket {
	int64_t start_us;	/* of its slice */
	int64_t first_us;	/* end of the first window that counts it when
				 * the window ends; INT64_MAX: none does */
	int64_t update_us;	/* ... that counts it in its update */
	int64_t last_us;
	int is_plain;		/* all windows count it when they end */
	struct keyed *keyed;
	/* While a batch is added: its rows, and where they stand in a list of
	 * rows by bucket. */
	uint32_t row_count, row_first;
};

/* A window that gives its result when event time is `at_us`. */
struct firing {
	int64_t at_us;
	int64_t end_us;
	int is_update;
};

struct window {
	const struct op_window *plan;
	int64_t slice_us;
	struct group_rows rows;
	/* By start, first and update: bucket[head] up to bucket[tail - 1]. */
	struct bucket **bucket;
	uint32_t head, tail, capacity;
	uint32_t late_buckets;	/* that only updates count in some window */
	struct bucket *recent;	/* got last; NULL if it is gone */
	int64_t fired_us;	/* event time of all that was given */
	uint64_t late_count;
	/* Of the output being made. */
	int64_t *time, *mark;
	uint32_t most;
};

/* --- window_bucket.c --- */

/* The bucket of a time and a mark, its table not yet looked at. */
enum place { PLACE_COUNTS, PLACE_LATE, PLACE_NOWHERE };
void window_init(struct window *, const struct op_window *);
enum place window_place(const struct window *, int64_t time_us,
	int64_t mark_us, struct bucket *out);
/* Fill in what start, first and update of a saved bucket imply: 0, or -1 if
 * there is no bucket of the three. */
int window_place_again(const struct window *, struct bucket *);
/* The bucket that is like `place`, made if there is none. */
struct bucket *window_bucket(struct window *, const struct bucket *place,
	struct mem_budget *);
/* The number of the first bucket whose slice begins at `start_us` or later. */
uint32_t window_buckets_from(const struct window *, int64_t start_us);
/*
 * The next window to fire when those up to `ended_us` gave their results and
 * those up to `updated_us` their updates; 0: there is none.
 */
int window_next(const struct window *, int64_t ended_us, int64_t updated_us,
	struct firing *out);
/* Free the buckets that no window or update behind `us` looks at. */
void window_expire(struct window *, int64_t us);
void window_fini(struct window *);

/* --- window_save.c --- */

op_freeze_f window_freeze;
op_save_f window_save;
op_thaw_f window_thaw;
op_load_f window_load;

#endif
