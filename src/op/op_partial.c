/*
 * partial: the first half of a window, where its records are.
 *
 * A window behind a hash edge gets every record from wherever it is read.  This
 * stands in front of the edge, counts records by key and bucket as the window
 * would, and gives on one state a group instead.
 *
 * Arguments: agg, by, window, copies of the window's, which is the next.
 * Output: partial counts (partial.h), among them records as they came.
 *
 *	push	add each record to its key's row in its bucket (window_add.c);
 *		give on those that are late
 *	mark	give what some window is about to look at, then the mark
 *	idle, barrier, flush	give all
 *
 * A record is judged by its own mark alone.  A bucket says which windows count
 * what is in it; the window still judges it by its own event time, which only
 * differs for splits that began late or were idle: so the same records count
 * as without.  Counts held back keep their right to be on time, for the mark
 * that would fire their window goes behind them; that is not so while this
 * input is idle, hence all is given before.  A pause gives nothing: no result
 * waits for it.
 *
 * Late records must leave whole with `late to`.  Then only records that the
 * window cannot find late are counted here: their mark is not behind what went
 * on, and the input was never idle.  A checkpoint does not keep that, so such
 * windows have no `partial` in jobs with checkpoints (rule_partial.c).  With
 * nothing held when a barrier passes there is no state, and a job resumes with
 * or without this operator.
 *
 * Where memory ends, what is held is given as well.
 *
 * Keys that hardly come twice make it work in vain.  New groups are counted;
 * when they are more than half of the records, the next ones go on uncounted
 * before it is tried anew.
 */
#include "op/op.h"

#include <assert.h>

#include "op/partial.h"
#include "op/window_priv.h"
#include "state/keyed.h"
#include "util/buf.h"

/* Held at most: about what a processor's cache can have of it. */
#define HELD_BYTES_MAX (2u << 20)
/* Records after which is judged whether counting pays: enough that a key that
 * comes often has come twice. */
#define JUDGE_RECORDS 16384u
/* Records that then go on uncounted: the trial is a few percent of them. */
#define SKIP_RECORDS (JUDGE_RECORDS * 32)

struct partial {
	struct window window;	/* its buckets; it never fires */
	struct agg_call *call;
	struct partial_writer writer;
	struct buf bytes;
	int is_whole;		/* late records must leave whole */
	int was_idle;
	/* Since counting was judged last. */
	uint64_t record_count, group_count;
	uint64_t skip_count;	/* records that will not be counted */
};

static window_let_go_f give_rows;

static int
partial_open(struct op_run *run, struct err *err)
{
	struct partial *partial = run->state;

	(void)err;
	window_init(&partial->window, run, 0);
	partial->window.is_partial = 1;
	partial->call = group_rows_calls(&partial->window.rows);
	partial_writer_init(&partial->writer);
	window_set_let_go(&partial->window, run, give_rows);
	partial->is_whole = run->op->next->args.route == OP_ROUTE_TO;
	return 0;
}

/* --- out --- */

static int
give_groups(struct op_run *run, const struct bucket *bucket, struct err *err)
{
	struct partial *partial = run->state;
	struct partial_bucket place = { bucket->start_us, bucket->first_us,
		bucket->update_us };

	if (partial->writer.count == 0)
		return 0;
	return op_give(run, partial_take(&partial->writer, &place), err) ==
	    OP_FAIL ? -1 : 0;
}

static int
give_bucket(struct op_run *run, const struct bucket *bucket, struct err *err)
{
	struct partial *partial = run->state;
	struct window *window = &partial->window;
	uint64_t count = keyed_count(bucket->keyed);

	for (uint64_t i = 0; i < count; i++) {
		const char *row = keyed_peek(bucket->keyed, i);
		uint64_t records = *window_row_records(window, row);
		/* Found, but its records stopped the job. */
		if (records == 0)
			continue;
		partial->bytes.size = 0;
		group_rows_save(&window->rows, partial->call, row,
		    keyed_key(bucket->keyed, i), keyed_hash(bucket->keyed, i),
		    &partial->bytes);
		partial_add(&partial->writer, records, partial->bytes.bytes,
		    partial->bytes.size);
		if (partial->writer.count == batch_rows_target() &&
		    give_groups(run, bucket, err) != 0)
			return -1;
	}
	return give_groups(run, bucket, err);
}

/* Give the buckets that are looked at up to `us`. */
static int
give_due(struct op_run *run, int64_t us, struct err *err)
{
	struct partial *partial = run->state;
	struct window *window = &partial->window;
	uint32_t i = window->head;

	while (i < window->tail) {
		if (window_bucket_due(window, window->bucket[i]) > us) {
			i++;
			continue;
		}
		if (give_bucket(run, window->bucket[i], err) != 0)
			return -1;
		window_bucket_free(window, i);
	}
	return 0;
}

static int
give_all(struct op_run *run, struct err *err)
{
	return give_due(run, INT64_MAX, err);
}

/* The records of a batch that is being added know their buckets. */
static int
give_rows(struct op_run *run, struct err *err)
{
	struct partial *partial = run->state;
	struct window *window = &partial->window;
	int status = 0;

	for (uint32_t i = window->head; i < window->tail; i++) {
		struct bucket *bucket = window->bucket[i];
		if (keyed_count(bucket->keyed) == 0)
			continue;
		if (give_bucket(run, bucket, err) != 0)
			return -1;
		window_bucket_empty(window, bucket, &run->budget);
		status = 1;
	}
	return status;
}

static int
give_records(struct op_run *run, struct batch *take_batch, struct err *err)
{
	return op_give(run, take_batch, err) == OP_FAIL ? -1 : 0;
}

/* --- in --- */

/* Does counting pay?  If not, the next records go on uncounted. */
static int
judge_gain(struct op_run *run, struct err *err)
{
	struct partial *partial = run->state;

	if (partial->record_count < JUDGE_RECORDS)
		return 0;
	if (partial->group_count * 2 > partial->record_count)
		partial->skip_count = SKIP_RECORDS;
	partial->record_count = partial->group_count = 0;
	return partial->skip_count > 0 ? give_all(run, err) : 0;
}

static int
count_batch(struct op_run *run, struct adding *at)
{
	struct partial *partial = run->state;
	struct batch *late;

	if (window_add(at) != 0)
		return -1;
	late = at->late;
	at->late = NULL;
	if (late != NULL && give_records(run, late, at->err) != 0)
		return -1;
	partial->record_count += at->batch->sel_count;
	partial->group_count += at->new_count;
	if (run->budget.used_bytes > HELD_BYTES_MAX &&
	    give_all(run, at->err) != 0)
		return -1;
	if (window_let_go_pressed(run, at->err) != 0)
		return -1;
	return judge_gain(run, at->err);
}

/* Records with an earlier mark may be late in the window. */
static int64_t
sure_mark(const struct op_run *run)
{
	const struct partial *partial = run->state;

	if (!partial->is_whole)
		return INT64_MIN;
	return partial->was_idle ? INT64_MAX : run->marked_us;
}

static enum op_status
partial_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct partial *partial = run->state;
	struct adding at = { .run = run, .window = &partial->window,
		.batch = take_batch, .err = err, .sure_us = sure_mark(run) };

	(void)port;
	assert(take_batch->time != NULL);
	assert(take_batch->mark != NULL);
	if (partial->skip_count > 0) {
		uint32_t count = take_batch->sel_count;
		partial->skip_count -= count < partial->skip_count ? count :
		    partial->skip_count;
		return op_give(run, take_batch, err);
	}
	at.region = region_new();
	int status = count_batch(run, &at);
	if (at.late != NULL)
		batch_free(&at.late);
	region_drop(&at.region);
	batch_free(&at.batch);
	if (status != 0)
		return OP_FAIL;
	return run->next != NULL && run->next->done ? OP_DONE : OP_OK;
}

static enum op_status
partial_mark(struct op_run *run, int64_t us, struct err *err)
{
	if (give_due(run, us, err) != 0)
		return OP_FAIL;
	return op_give_mark(run, us, err);
}

static enum op_status
partial_idle(struct op_run *run, struct err *err)
{
	struct partial *partial = run->state;

	partial->was_idle = 1;
	if (give_all(run, err) != 0)
		return OP_FAIL;
	return op_give_idle(run, err);
}

static enum op_status
partial_barrier(struct op_run *run, struct err *err)
{
	return give_all(run, err) != 0 ? OP_FAIL : OP_OK;
}

static enum op_status
partial_flush(struct op_run *run, unsigned port, struct err *err)
{
	(void)port;
	return give_all(run, err) != 0 ? OP_FAIL : OP_OK;
}

static void
partial_close(struct op_run *run)
{
	struct partial *partial = run->state;

	window_fini(&partial->window, run);
	partial_writer_fini(&partial->writer);
	buf_fini(&partial->bytes);
	mem_free(partial->call);
}

static void
partial_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)op;
	(void)port;
	/* Records go on as they came, and the window needs what this does. */
	need_copy(in, out);
}

const struct op_def op_partial = {
	.name = "partial",
	.syntax = "",
	.summary = "what a window counts, counted where the records are",
	.holds = "groups since the last window",
	.flags = OP_HOLDS | OP_HIDDEN | OP_PARALLEL | OP_KEEPS_RECORD |
	    OP_KEEPS_TIME,
	.state_bytes = sizeof(struct partial),
	.need = partial_need,
	.open = partial_open,
	.push = partial_push,
	.mark = partial_mark,
	.idle = partial_idle,
	.barrier = partial_barrier,
	.flush = partial_flush,
	.close = partial_close,
	.explain = group_rows_explain,
};
