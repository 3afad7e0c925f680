/*
 * Giving to an edge.
 *
 * To one target a batch goes as it is. By hash, the target's keys are
 * evaluated here, a row goes to the instance that owns its key group, and
 * each instance gets the same columns with its own selection: nothing is
 * copied. Rows whose key cannot be computed are reported here, once.
 *
 * What is said about the stream (marks, splits, pauses, barriers, the end) goes
 * to every target, behind the batches it was said behind.
 */
#include <string.h>

#include "data/key.h"
#include "exec/backlog.h"
#include "exec/edge.h"
#include "exec/sched.h"
#include "op/group.h"
#include "op/partial.h"
#include "util/mem.h"

/* Of the limit of memory: what may wait for all targets of a giver before it
 * goes to disk. */
#define BACKLOG_PART 8

struct edge_out {
	struct op_run run;
	struct op op;
	struct edge *edge;
	uint32_t from;
	const struct op *to;
	struct backlog *backlog;	/* per target */
	int ended;
};

static struct edge_out *
out_of(struct op_run *run)
{
	return run->state;
}

static uint32_t
channel_index(const struct edge_out *out, uint32_t to)
{
	return out->from * out->edge->to_count + to;
}

static int
is_refused(const struct edge_out *out, uint32_t to)
{
	return __atomic_load_n(&out->edge->refused[channel_index(out, to)],
	    __ATOMIC_ACQUIRE);
}

/* Give a message to a target; a batch that is refused is freed.  Batches wait
 * here when the channel is full, the rest only behind them. */
static int
out_put(struct edge_out *out, uint32_t to, struct message *message,
	struct err *err)
{
	uint32_t at = channel_index(out, to);
	struct channel *channel = out->edge->channel[at];
	int status = 0;

	if (is_refused(out, to)) {
		batch_free(&message->batch);
		return 0;
	}
	if (!backlog_is_empty(&out->backlog[to]) ||
	    (message->batch != NULL && channel_is_full(channel)) ||
	    channel_put(channel, message) != 0)
		status = backlog_add(&out->backlog[to], &out->run, message,
		    err);
	task_notify(out->edge->to[at]);
	return status;
}

static void
out_put_all(struct edge_out *out, const struct message *message)
{
	for (uint32_t i = 0; i < out->edge->to_count; i++) {
		struct message copy = *message;
		/* No batch: nothing can go wrong. */
		out_put(out, i, &copy, NULL);
	}
}

int
edge_out_is_refused(const struct edge_out *out)
{
	for (uint32_t i = 0; i < out->edge->to_count; i++)
		if (!is_refused(out, i))
			return 0;
	return 1;
}

static int
out_put_batch(struct edge_out *out, uint32_t to, struct batch *take_batch,
	struct err *err)
{
	struct message message = { .kind = MESSAGE_BATCH,
	    .batch = take_batch };

	return out_put(out, to, &message, err);
}

/* Split a batch by the owners of its rows. */
static int
out_scatter(struct edge_out *out, struct batch *batch, const uint64_t *hash,
	struct err *err)
{
	uint32_t width = out->edge->to_count;
	uint32_t count[KEY_GROUP_COUNT] = { 0 };
	uint8_t owner[BATCH_ROWS_MAX];

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		owner[i] = (uint8_t)tasks_group_owner(key_group_of(hash[i]),
		    width);
		count[owner[i]]++;
	}
	for (uint32_t to = 0; to < width; to++) {
		if (count[to] == 0)
			continue;
		if (count[to] == batch->sel_count)
			return out_put_batch(out, to, batch_clone(batch), err);
		struct batch *part = batch_clone(batch);
		uint16_t *sel = batch_sel_storage(part);
		uint32_t used = 0;
		for (uint32_t i = 0; i < batch->sel_count; i++)
			if (owner[i] == to)
				sel[used++] = (uint16_t)batch_row(batch, i);
		part->sel = sel;
		part->sel_count = used;
		if (out_put_batch(out, to, part, err) != 0)
			return -1;
	}
	return 0;
}

/* Partial counts bring the hash of their keys along. */
static int
out_hash_partial(struct edge_out *out, struct batch *batch, struct err *err)
{
	uint64_t hash[BATCH_ROWS_MAX];

	partial_hashes(batch, hash);
	return out_scatter(out, batch, hash, err);
}

static int
out_hash(struct edge_out *out, struct batch *batch, struct err *err)
{
	const struct op_args *args = &out->to->args;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->by_count + 1) * sizeof(*column));
	struct key_set keys;

	int status = group_eval_by(&out->run, args->by, args->by_count, batch,
	    region, column, err);
	if (status == 0 && batch->sel_count > 0) {
		key_make(column, args->by_count, batch->sel_count, region,
		    &keys);
		status = out_scatter(out, batch, keys.hash, err);
	}
	region_drop(&region);
	return status;
}

static enum op_status
out_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct edge_out *out = out_of(run);
	struct batch *batch = take_batch;
	int status = 0;

	(void)port;
	if (edge_out_is_refused(out)) {
		batch_free(&batch);
		return OP_DONE;
	}
	if (out->edge->plan->kind != EDGE_HASH)
		return out_put_batch(out, 0, batch, err) == 0 ? OP_OK :
		    OP_FAIL;
	status = out->to->args.takes_partial && partial_is(batch) ?
	    out_hash_partial(out, batch, err) : out_hash(out, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

static enum op_status
out_mark(struct op_run *run, int64_t us, struct err *err)
{
	(void)err;
	out_put_all(out_of(run), &(struct message){ .kind = MESSAGE_MARK,
	    .mark_us = us });
	return OP_OK;
}

static enum op_status
out_idle(struct op_run *run, struct err *err)
{
	(void)err;
	out_put_all(out_of(run), &(struct message){ .kind = MESSAGE_IDLE });
	return OP_OK;
}

static enum op_status
out_split(struct op_run *run, uint64_t split, enum op_split what,
	struct err *err)
{
	(void)err;
	out_put_all(out_of(run), &(struct message){ .kind = MESSAGE_SPLIT,
	    .number = split, .what = what });
	return OP_OK;
}

static enum op_status
out_pause(struct op_run *run, struct err *err)
{
	(void)err;
	out_put_all(out_of(run), &(struct message){ .kind = MESSAGE_FLUSH });
	return OP_OK;
}

static enum op_status
out_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct edge_out *out = out_of(run);

	(void)port;
	(void)err;
	if (!out->ended)
		out_put_all(out, &(struct message){ .kind = MESSAGE_END });
	out->ended = 1;
	return OP_OK;
}

void
edge_out_turn(struct edge_out *out, uint64_t number)
{
	if (out->edge->plan->kind == EDGE_ORDERED && !out->ended)
		out_put_all(out, &(struct message){ .kind = MESSAGE_TURN,
		    .number = number });
}

void
edge_out_barrier(struct edge_out *out, uint64_t number)
{
	if (!out->ended)
		out_put_all(out, &(struct message){ .kind = MESSAGE_BARRIER,
		    .number = number });
}

void
edge_out_fail(struct edge_out *out)
{
	if (!out->ended)
		out_put_all(out, &(struct message){ .kind = MESSAGE_END,
		    .number = 1 });
	out->ended = 1;
}

void
edge_out_notify(struct edge_out *out)
{
	for (uint32_t i = 0; i < out->edge->to_count; i++)
		task_notify(out->edge->to[channel_index(out, i)]);
}

static const struct op_def edge_out_def = {
	.name = "edge",
	.flags = OP_HIDDEN | OP_KEEPS_RECORD,
	.push = out_push,
	.flush = out_flush,
	.mark = out_mark,
	.idle = out_idle,
	.split = out_split,
	.pause = out_pause,
};

struct edge_out *
edge_out_new(struct edge *edge, uint32_t from, const struct op *to,
	struct op_job *job)
{
	struct edge_out *out = mem_alloc_zero(sizeof(*out));

	out->op.def = &edge_out_def;
	out->op.input_count = 1;
	op_run_init(&out->run, &out->op, job);
	mem_free(out->run.state);
	out->run.state = out;
	out->edge = edge;
	out->from = from;
	out->to = to;
	out->backlog = mem_alloc_zero(edge->to_count * sizeof(*out->backlog));
	out->run.budget.limit_bytes = mem_limit() / BACKLOG_PART;
	return out;
}

void
edge_out_free(struct edge_out **take_out)
{
	struct edge_out *out = *take_out;

	*take_out = NULL;
	if (out == NULL)
		return;
	for (uint32_t i = 0; i < out->edge->to_count; i++)
		backlog_clear(&out->backlog[i], &out->run);
	mem_free(out->backlog);
	mem_free(out);
}

struct op_run *
edge_out_run(struct edge_out *out)
{
	return &out->run;
}

/* Moves what waits for a target into its channel while there is room. */
static int
out_drain(struct edge_out *out, uint32_t to, struct err *err)
{
	struct backlog *backlog = &out->backlog[to];
	uint32_t at = channel_index(out, to);
	struct channel *channel = out->edge->channel[at];
	const struct message *message;
	int moved = 0, got = 0;

	while (!backlog_is_empty(backlog) && !channel_is_full(channel) &&
	    (got = backlog_first(backlog, &message, err)) == 1 &&
	    channel_put(channel, message) == 0) {
		backlog_taken(backlog, &out->run);
		moved = 1;
	}
	if (moved)
		task_notify(out->edge->to[at]);
	return got < 0 ? -1 : 0;
}

/* Is there room for this target?  1, 0 or -1. */
static int
out_settle_one(struct edge_out *out, uint32_t to, struct err *err)
{
	struct backlog *backlog = &out->backlog[to];
	struct channel *channel = out->edge->channel[channel_index(out, to)];

	for (;;) {
		if (is_refused(out, to)) {
			backlog_clear(backlog, &out->run);
			return 1;
		}
		if (out_drain(out, to, err) != 0)
			return -1;
		if (backlog_is_empty(backlog) && !channel_is_full(channel))
			return 1;
		/* The target may have made room, or refused, just now. */
		if (channel_wait_room(channel) && !is_refused(out, to))
			return 0;
	}
}

int
edge_out_settle(struct edge_out *out, struct err *err)
{
	int room = 1;

	for (uint32_t i = 0; i < out->edge->to_count; i++) {
		int one = out_settle_one(out, i, err);
		if (one < 0)
			return -1;
		room &= one;
	}
	return room;
}
