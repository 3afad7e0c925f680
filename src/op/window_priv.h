#ifndef SFLOW_OP_WINDOW_PRIV_H
#define SFLOW_OP_WINDOW_PRIV_H

#include <stdint.h>

#include "op/group_rows.h"
#include "op/op.h"

struct keyed;
struct window_piece;

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
	/* What came before it, on disk: window_disk.c. */
	struct window_piece **piece;
	uint32_t piece_count;
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

/* All rows go elsewhere, the buckets stay: 1, 0 if there are no rows, or -1. */
typedef int window_let_go_f(struct op_run *, struct err *);

struct window {
	const struct op_window *plan;
	int64_t slice_us;
	struct group_rows rows;
	int is_partial;		/* each row counts its records */
	/* By start, first and update: bucket[head] up to bucket[tail - 1]. */
	struct bucket **bucket;
	uint32_t head, tail, capacity;
	uint32_t late_buckets;	/* that only updates count in some window */
	struct bucket *recent;	/* got last; NULL if it is gone */
	int64_t fired_us;	/* event time of all that was given */
	uint64_t late_count;
	/* Where rows go when there is no room; NULL: nowhere. */
	window_let_go_f *let_go;
	int is_over;		/* there is more than memory has room for */
	struct agg_call *call;	/* of window_disk.c: for group_rows_save() */
	/* Of the output being made. */
	int64_t *time, *mark;
	uint32_t most;
};

/* --- window_bucket.c --- */

void window_init(struct window *, struct op_run *, uint32_t gap);
/* From now on rows that have no room go elsewhere. */
void window_set_let_go(struct window *, struct op_run *, window_let_go_f *);
/* Let go: as the function says; 0 also if there is none. */
int window_let_go(struct op_run *, struct err *);
/* The same, 0 or -1, if there is too much or others want the memory. */
int window_let_go_pressed(struct op_run *, struct err *);
/* The bucket of a time and a mark, its table not yet looked at. */
enum place { PLACE_COUNTS, PLACE_LATE, PLACE_NOWHERE };
enum place window_place(const struct window *, int64_t time_us,
	int64_t mark_us, struct bucket *out);
/* Fill in what start, first and update of a saved bucket imply: 0, or -1 if
 * there is no bucket of the three. */
int window_place_again(const struct window *, struct bucket *);
/*
 * The bucket of what lay in bucket `it` of another window, given its start,
 * first and update: the same, but where this window has fired meanwhile.
 * PLACE_NOWHERE: there is no such bucket.
 */
enum place window_place_bucket(const struct window *, struct bucket *it);
/* The event time at which a window first looks at the bucket. */
int64_t window_bucket_due(const struct window *, const struct bucket *);
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
/* A table of rows; of a bucket whose rows are gone. */
struct keyed *window_table_new(const struct window *, struct mem_budget *);
/* The rows in memory and their table; the same, and a new table. */
void window_rows_free(const struct window *, struct bucket *);
void window_bucket_empty(const struct window *, struct bucket *,
	struct mem_budget *);
/* Free the buckets that no window or update behind `us` looks at. */
void window_expire(struct window *, int64_t us);
/* Free bucket number `index`. */
void window_bucket_free(struct window *, uint32_t index);
void window_fini(struct window *, struct op_run *);

/* --- window_add.c --- */

/* A batch on its way into the buckets. */
struct adding {
	struct op_run *run;
	struct window *window;
	struct batch *batch;	/* the late ones are taken out */
	struct region *region;
	struct err *err;
	/* Records with an earlier mark go with the late ones. */
	int64_t sure_us;
	struct bucket **bucket;	/* by row of the batch */
	/* If run->op->args.route is TO: the late ones, caller's; or NULL. */
	struct batch *late;
	uint32_t new_count;	/* of is_partial: groups that are new */
	int is_refused;		/* there was no room for a row */
};

int window_add(struct adding *);
int window_no_memory(const struct op_run *, struct err *);
/* A row was refused: let go of the others and insist, until the caller ends
 * that (run->budget.insists).  0 or -1. */
int window_insist(struct op_run *, struct err *);
/* States that own memory may have been refused some: then it is time to let go,
 * or the end.  0 or -1. */
int window_judge_states(const struct op_run *, struct window *, struct err *);

/* Of is_partial: how many records the row's states have. */
static inline uint64_t *
window_row_records(const struct window *window, const char *row)
{
	return (uint64_t *)(uintptr_t)(row + window->rows.bytes);
}

/* --- op_window.c --- */

/* The buckets that a firing counts. */
struct counted {
	struct bucket **bucket;
	uint32_t count;
};

/* Does the firing count what no firing of its window has counted before? */
int window_counts_first(const struct firing *, const struct bucket *);
/* A table in which buckets are merged, and in its rows, behind what is the
 * group's: is there something new in it? */
struct keyed *window_merged_new(const struct window *, struct mem_budget *);
char *window_changed_mark(const struct group_rows *, const char *row);
/* The merged rows end here; they are given if `status` is 0.  0 or -1. */
int window_give_merged(struct op_run *, const struct firing *,
	const struct keyed *merged, int status, struct err *);

/* --- window_disk.c --- */

/* Rows go to disk, if the job allows that. */
void window_disk_open(struct op_run *);
int window_on_disk(const struct counted *);
/* Give a window of which a part is on disk; 0 or -1. */
int window_fire_disk(struct op_run *, const struct firing *,
	const struct counted *, struct err *);
void window_pieces_free(struct bucket *);

/* --- window_partial.c --- */

int window_add_partial(struct op_run *, const struct batch *, struct err *);

/* --- window_save.c --- */

op_freeze_f window_freeze;
op_save_f window_save;
op_thaw_f window_thaw;
op_load_f window_load;

#endif
