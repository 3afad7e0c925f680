/*
 * aggregate ITEMS [by KEYS] window W: one record a group and window.
 *
 * Arguments: agg, by, window; route DROP or TO (side) for records that come too
 * late.  Output: the keys, window_start, window_end, the aggregates.
 *
 *	push	place each record in a bucket (window_bucket.c), or it is late
 *		add it to its key's row there
 *		buckets that have no room go to disk (window_disk.c)
 *	mark	fire what event time has passed, in order of time
 *	flush	fire what is left
 *
 * Late is a record whose mark, the one of its own split as it was before the
 * record, has passed the end of its last window, and `late update` with it.
 * Where the operator's own mark is further, that one counts; but it is the
 * least of all splits, so then the record is of a split that began late or was
 * given up as idle.  A record on time therefore always comes before its window
 * fires, and the result depends on no batch, thread or interleaving.
 *
 * With `takes_partial` what comes may also be partial counts, made where the
 * records are (op_partial.c): window_partial.c merges them into the buckets.
 *
 * A window fires at its end, with the records that were on time; with `late
 * update D` once more D later, with the keys that changed since.  The records
 * of a window have the last moment before its end as their time, and as their
 * mark the last moment before the firing: windows can follow each other.
 */
#include "op/op.h"

#include <assert.h>
#include <string.h>

#include "data/key.h"
#include "data/moment.h"
#include "op/partial.h"
#include "op/window_priv.h"
#include "state/keyed.h"
#include "util/buf.h"

/* Keys merged at a time. */
#define MERGE_KEYS 256
/* Merged rows have no room. */
#define MERGE_REFUSED 1

/* Behind the keys: window_start and window_end. */
#define GAP 2

static int
window_bind(struct op *op, struct err *err)
{
	(void)err;
	op->out = schema_new();
	group_rows_add_keys(op, op->out);
	schema_add(op->out, "window_start", 12, TYPE_TIME);
	schema_add(op->out, "window_end", 10, TYPE_TIME);
	group_rows_add_aggregates(op, op->out);
	return 0;
}

static void
window_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)out;
	(void)port;
	group_rows_need(op, in);
	if (op->side == NULL)
		return;
	/* Late records leave as they came. */
	struct need_set *side = need_set_new();
	op_need_chain(op->side, op->side_port, side);
	need_copy(in, side);
	need_set_free(&side);
}

static int
window_open(struct op_run *run, struct err *err)
{
	struct window *window = run->state;

	(void)err;
	window_init(window, run, GAP);
	window->most = batch_rows_target();
	window->time = mem_alloc(window->most * sizeof(*window->time));
	window->mark = mem_alloc(window->most * sizeof(*window->mark));
	window_disk_open(run);
	return 0;
}

/* --- records in --- */

/* Add the records of the batch, then give the late ones aside. */
static int
add_batch(struct adding *at)
{
	if (window_add(at) != 0)
		return -1;
	if (at->late == NULL)
		return 0;
	struct batch *late = at->late;
	at->late = NULL;
	return op_give_side(at->run, late, at->err) == OP_FAIL ? -1 : 0;
}

/* Nobody wants what comes out, here or aside. */
static int
window_is_done(const struct op_run *run)
{
	return run->next != NULL && run->next->done &&
	    (run->side == NULL || run->side->done);
}

static enum op_status
window_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct adding at = { .run = run, .window = run->state,
		.batch = take_batch, .region = region_new(), .err = err,
		.sure_us = INT64_MIN };
	int status;

	(void)port;
	if (run->op->args.takes_partial && partial_is(take_batch)) {
		status = window_add_partial(run, take_batch, err);
	} else {
		assert(take_batch->time != NULL);
		assert(take_batch->mark != NULL);
		status = add_batch(&at);
	}
	if (at.late != NULL)
		batch_free(&at.late);
	region_drop(&at.region);
	batch_free(&at.batch);
	if (status != 0 || window_let_go_pressed(run, err) != 0)
		return OP_FAIL;
	return window_is_done(run) ? OP_DONE : OP_OK;
}

/* --- results out --- */

/* Give what was made. */
static int
window_give(struct op_run *run, struct err *err)
{
	struct window *window = run->state;
	size_t bytes = window->rows.count * sizeof(int64_t);

	if (window->rows.count == 0)
		return 0;
	struct batch *batch = group_rows_take(&window->rows, run);
	struct region *region = batch_region(batch);
	batch->time = region_copy(region, window->time, bytes);
	batch->mark = region_copy(region, window->mark, bytes);
	return op_give(run, batch, err) == OP_FAIL ? -1 : 0;
}

/* Windows at the ends of time: times that can be written. */
static int64_t
moment_clamp(int64_t us)
{
	return us < MOMENT_MIN ? MOMENT_MIN : us > MOMENT_MAX ? MOMENT_MAX :
	    us;
}

static int
give_row(struct op_run *run, const struct firing *firing, const char *row,
	struct text key, struct err *err)
{
	struct window *window = run->state;
	struct group_rows *rows = &window->rows;
	struct builder *gap = &rows->builder[run->op->args.by_count];
	uint32_t count = rows->count;

	builder_add_int(&gap[0], TYPE_TIME, moment_clamp(firing->end_us -
	    window->plan->size_us));
	builder_add_int(&gap[1], TYPE_TIME, moment_clamp(firing->end_us));
	if (group_rows_add(rows, row, key, err) != 0)
		return -1;
	window->time[count] = firing->end_us - 1;
	window->mark[count] = firing->at_us - 1;
	return rows->count < window->most ? 0 : window_give(run, err);
}

static int
firing_counts(const struct firing *firing, const struct bucket *bucket)
{
	return (firing->is_update ? bucket->update_us : bucket->first_us) <=
	    firing->end_us;
}

int
window_counts_first(const struct firing *firing, const struct bucket *bucket)
{
	return !firing->is_update || bucket->first_us > firing->end_us;
}

static struct counted
firing_buckets(const struct window *window, const struct firing *firing,
	struct region *region)
{
	uint32_t from = window_buckets_from(window, firing->end_us -
	    window->plan->size_us);
	struct counted all = { .count = 0 };

	all.bucket = region_alloc(region, (window->tail - from + 1) *
	    sizeof(*all.bucket));
	for (uint32_t i = from; i < window->tail &&
	    window->bucket[i]->start_us < firing->end_us; i++)
		if (firing_counts(firing, window->bucket[i]))
			all.bucket[all.count++] = window->bucket[i];
	return all;
}

struct keyed *
window_merged_new(const struct window *window, struct mem_budget *budget)
{
	return keyed_new(window->rows.bytes + 8, budget);
}

char *
window_changed_mark(const struct group_rows *rows, const char *row)
{
	return (char *)(uintptr_t)(row + rows->bytes);
}

/* Add rows from..from+count of a bucket to the merged ones: 0, or
 * MERGE_REFUSED. */
static int
merge_rows(const struct window *window, struct keyed *merged,
	const struct bucket *bucket, uint64_t from, uint32_t count,
	int is_first)
{
	struct text text[MERGE_KEYS];
	uint64_t hash[MERGE_KEYS];
	char *row[MERGE_KEYS];
	uint8_t is_new[MERGE_KEYS];
	struct key_set keys = { .text = text, .hash = hash };

	for (uint32_t i = 0; i < count; i++) {
		text[i] = keyed_key(bucket->keyed, from + i);
		hash[i] = keyed_hash(bucket->keyed, from + i);
	}
	if (keyed_find(merged, &keys, count, row, is_new) != 0)
		return MERGE_REFUSED;
	for (uint32_t i = 0; i < count; i++) {
		const char *source = keyed_peek(bucket->keyed, from + i);
		if (is_new[i])
			group_rows_copy_keys(&window->rows, row[i], source);
		group_rows_merge(&window->rows, row[i], source);
		*window_changed_mark(&window->rows, row[i]) |= (char)is_first;
	}
	return group_rows_refused(&window->rows) == 0 ? 0 : MERGE_REFUSED;
}

static int
merge_bucket(const struct window *window, struct keyed *merged,
	const struct bucket *bucket, int is_first)
{
	uint64_t total = keyed_count(bucket->keyed);

	for (uint64_t at = 0; at < total; at += MERGE_KEYS) {
		uint32_t count = total - at < MERGE_KEYS ?
		    (uint32_t)(total - at) : MERGE_KEYS;
		if (merge_rows(window, merged, bucket, at, count,
		    is_first) != 0)
			return MERGE_REFUSED;
	}
	return 0;
}

int
window_give_merged(struct op_run *run, const struct firing *firing,
	const struct keyed *merged, int status, struct err *err)
{
	struct window *window = run->state;

	for (uint64_t i = 0; i < keyed_count(merged); i++) {
		const char *row = keyed_peek(merged, i);
		if (status == 0 && *window_changed_mark(&window->rows, row))
			status = give_row(run, firing, row,
			    keyed_key(merged, i), err);
		group_rows_clear(&window->rows, (char *)(uintptr_t)row);
	}
	return status;
}

static int
give_bucket(struct op_run *run, const struct firing *firing,
	const struct bucket *bucket, struct err *err)
{
	for (uint64_t i = 0; i < keyed_count(bucket->keyed); i++)
		if (give_row(run, firing, keyed_peek(bucket->keyed, i),
		    keyed_key(bucket->keyed, i), err) != 0)
			return -1;
	return 0;
}

/* What several buckets come to: 0, -1, or MERGE_REFUSED and none is given. */
static int
fire_merged(struct op_run *run, const struct firing *firing,
	const struct counted *all, struct err *err)
{
	const struct window *window = run->state;
	struct keyed *merged = window_merged_new(window, &run->budget);
	int status = 0;

	for (uint32_t i = 0; i < all->count && status == 0; i++)
		status = merge_bucket(window, merged, all->bucket[i],
		    window_counts_first(firing, all->bucket[i]));
	status = window_give_merged(run, firing, merged, status, err);
	keyed_free(&merged);
	return status;
}

/* The result of one window. */
static int
fire_one(struct op_run *run, const struct firing *firing, struct err *err)
{
	struct window *window = run->state;
	struct region *region = region_new();
	struct counted all = firing_buckets(window, firing, region);
	int status = MERGE_REFUSED;

	if (!window_on_disk(&all))
		status = all.count == 1 ?
		    give_bucket(run, firing, all.bucket[0], err) :
		    fire_merged(run, firing, &all, err);
	if (status == MERGE_REFUSED)
		status = window->let_go != NULL ?
		    window_fire_disk(run, firing, &all, err) :
		    window_no_memory(run, err);
	region_drop(&region);
	return status;
}

/* Fire all that event time has passed. */
static int
window_fire(struct op_run *run, int64_t us, struct err *err)
{
	struct window *window = run->state;
	int64_t ended = window->fired_us, updated = window->fired_us;
	struct firing firing;

	while (window_next(window, ended, updated, &firing) &&
	    firing.at_us <= us) {
		if (fire_one(run, &firing, err) != 0)
			return -1;
		if (firing.is_update)
			updated = firing.at_us;
		else
			ended = firing.at_us;
		/* An update may fire in the moment of another's end. */
		window_expire(window, firing.at_us - 1);
	}
	if (us > window->fired_us)
		window->fired_us = us;
	window_expire(window, window->fired_us);
	return window_give(run, err);
}

static enum op_status
window_mark(struct op_run *run, int64_t us, struct err *err)
{
	struct window *window = run->state;

	if (us > window->fired_us && window_fire(run, us, err) != 0)
		return OP_FAIL;
	return op_give_mark(run, window->fired_us, err) == OP_FAIL ? OP_FAIL :
	    OP_OK;
}

static enum op_status
window_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct window *window = run->state;

	(void)port;
	if (window_fire(run, INT64_MAX, err) != 0)
		return OP_FAIL;
	if (window->late_count > 0 && run->op->args.route != OP_ROUTE_TO)
		op_warn(run, "%llu record%s came too late for %s",
		    (unsigned long long)window->late_count,
		    window->late_count == 1 ? "" : "s",
		    window->late_count == 1 ? "its windows" :
		    "their windows");
	return OP_OK;
}

static void
window_close(struct op_run *run)
{
	struct window *window = run->state;

	window_fini(window, run);
	mem_free(window->time);
	mem_free(window->mark);
}

static void
window_explain(const struct op *op, struct buf *out)
{
	const struct op_window *plan = &op->args.window;
	char text[MOMENT_TEXT_MAX];

	group_rows_explain(op, out);
	buf_add_string(out, " in windows of ");
	buf_add(out, text, moment_format_duration(plan->size_us, text));
	if (plan->size_us == plan->every_us)
		return;
	buf_add_string(out, " every ");
	buf_add(out, text, moment_format_duration(plan->every_us, text));
}

const struct op_def op_window = {
	.name = "window",
	.syntax = "aggregate ... window tumble(SIZE) | "
	    "window hop(SIZE, EVERY)",
	.summary = "one record a group and window of time",
	.holds = "one row a group of each open window; beyond the memory on "
	    "disk",
	.flags = OP_HOLDS | OP_HIDDEN | OP_KEYED | OP_SETS_TIME | OP_REGROUPS,
	.state_bytes = sizeof(struct window),
	.bind = window_bind,
	.need = window_need,
	.open = window_open,
	.push = window_push,
	.mark = window_mark,
	.flush = window_flush,
	.freeze = window_freeze,
	.save = window_save,
	.thaw = window_thaw,
	.load = window_load,
	.close = window_close,
	.explain = window_explain,
};
