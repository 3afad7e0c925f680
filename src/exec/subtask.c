/*
 * An instance of a task.
 *
 *     sources or edge in --> operator --> operator --> ... --> edges out, sinks
 *
 * A step reads one batch or message and pushes it through the chain by plain
 * calls.  Where the chain ends at an edge its last operator's `next` is the
 * edge's giving end, so no operator knows of edges.  Before each read the edges
 * out are settled: while one has no room the instance is not stepped.
 *
 * Sources that end are read one behind the other, in the plan's order, which
 * has what a join keeps before what it is joined to; those that do not end are
 * read in turn. When a source would wait, the chain is told to pause, once,
 * and what is held goes out: a line that came is out before the next is
 * waited for.
 *
 * A record that ends the job (--bad stop) must not take back what was good
 * before it.  Then the edges out say the end as a failure, in its place behind
 * the good batches, and whoever takes it writes what there is, flushes nothing,
 * and passes it on.
 *
 * Turns are the order of records among the instances of a task, for edges that
 * keep it and for operators that work together.  Of every source, in the order
 * of reading, split or range k has turn base + k and is read by instance
 * k modulo width; then the base grows to the next multiple of the width, so
 * that an instance that has no k there sends empty turns.  Work together takes
 * one turn an instance, or several rounds of them.
 *
 * An operator that works with its other instances stops the end of its input in
 * the middle: the runner asks it until it is through, and then the end goes on
 * to who stands behind it.
 *
 * Who takes and has failed, or has got enough, refuses the rest.  An instance
 * whose edges are all refused and that writes nothing itself ends there and
 * then, and refuses in turn: a stream that is silent would never learn it from
 * a push.
 */
#include "exec/subtask.h"

#include <string.h>

#include "exec/subtask_priv.h"
#include "io/bad.h"
#include "op/joint.h"
#include "state/save.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"

/* Batches of a step: enough that the queue costs nothing, few enough that a
 * task that waits is not kept waiting for more than a few milliseconds. */
#define STEP_BATCHES 8
/* Of a task that takes from others: as many as several of them give in a step,
 * or their channels fill up, and batches are dear to keep. */
#define STEP_MESSAGES 64

static task_step_f subtask_step;
static task_waits_f subtask_waits;

/* --- building -------------------------------------------------------- */

static struct op_run *
run_of(const struct subtask *it, const struct op *op)
{
	return op == NULL ? NULL : it->by_id[op->id];
}

/* Another instance has brought what this one waits for. */
static void
subtask_wake(void *cookie)
{
	struct subtask *it = cookie;

	task_notify(&it->task);
}

static void
subtask_build_ops(struct subtask *it)
{
	const struct flow *flow = it->copy->flow;
	uint32_t count = it->plan->op_count;
	uint32_t width = it->plan->width;

	it->op = mem_alloc_zero((count + 1) * sizeof(*it->op));
	it->by_id = mem_alloc_zero((flow->op_count + 1) * sizeof(*it->by_id));
	for (uint32_t i = 0; i < count; i++) {
		const struct op *op = flow->op[it->plan->op[i]->id];
		struct op_run *run = &it->op[i];
		op_run_init(run, op, &it->job);
		if (width > 1 && it->plan->in != NULL &&
		    it->plan->in->kind == EDGE_HASH) {
			run->group_first = tasks_group_first(it->index, width);
			run->group_end = tasks_group_first(it->index + 1,
			    width);
		}
		run->instance = it->index;
		run->instance_count = width;
		run->joint = it->shared->joint[op->id];
		run->share = it->shared->share[op->asks == NULL ? op->id :
		    op->asks->id];
		if (run->joint != NULL)
			joint_set_wake(run->joint, it->index, subtask_wake,
			    it);
		it->has_joint |= run->joint != NULL && width > 1;
		it->has_ticks |= op->def->tick != NULL;
		it->by_id[op->id] = run;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct op_run *run = &it->op[i];
		run->next = run_of(it, run->op->next);
		run->next_port = run->op->next_port;
		run->side = run_of(it, run->op->side);
		run->side_port = run->op->side_port;
	}
}

/* What is needed of a source; the names live as long as the flow. */
static struct need
need_of(const struct flow *flow, const struct need_set *set)
{
	uint32_t count = need_count(set);
	const char **name = region_alloc(flow->region,
	    (count + 1) * sizeof(*name));

	for (uint32_t i = 0; i < count; i++)
		name[i] = need_name(set, i);
	return (struct need){
		.all = need_is_all(set), .record = need_has_record(set),
		.name = name, .name_count = count,
	};
}

int
subtask_has_time(const struct subtask *it)
{
	const struct flow *flow = it->copy->flow;

	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->def->flags & OP_SETS_TIME)
			return 1;
	return 0;
}

static void
subtask_build_sources(struct subtask *it)
{
	const struct flow *flow = it->copy->flow;
	const struct task_plan *plan = it->plan;

	it->source = mem_alloc_zero((plan->source_count + 1) *
	    sizeof(*it->source));
	for (uint32_t i = 0; i < plan->source_count; i++) {
		const struct flow_source *source =
		    flow->source[plan->source[i]];
		struct source_in *in = &it->source[i];
		in->index = plan->source[i];
		in->head = run_of(it, source->next);
		in->port = source->next_port;
		const char *reason;
		in->is_live = source_is_live(source->source);
		in->drains = in->is_live || (subtask_has_time(it) &&
		    !source_can_replay(source->source, &reason));
		in->need = need_of(flow, it->copy->need[in->index]);
	}
}

struct subtask *
subtask_new(const struct task_plan *plan, uint32_t index,
	const struct plan *copy, const struct subtask_shared *shared)
{
	struct subtask *it = mem_alloc_zero(sizeof(*it));

	it->task.name = plan->op_count > 0 ? plan->op[0]->def->name : "read";
	it->task.step = subtask_step;
	it->plan = plan;
	it->index = index;
	it->copy = copy;
	it->shared = shared;
	it->job = shared->outputs;
	it->job.bad = shared->bad;
	it->job.warn = shared->warn;
	it->job.warn_cookie = shared->warn_cookie;
	subtask_build_ops(it);
	subtask_build_sources(it);
	if (it->has_ticks || plan->source_count > 0)
		it->task.waits = subtask_waits;
	it->out = mem_alloc_zero((plan->out_count + 1) * sizeof(*it->out));
	return it;
}

void
subtask_set_in(struct subtask *it, struct edge *edge)
{
	it->in_edge = edge;
	it->in = edge_in_new(edge, it->index);
	it->in_head = run_of(it, it->copy->flow->op[edge->plan->to->id]);
}

void
subtask_add_out(struct subtask *it, struct edge *edge)
{
	const struct edge_plan *plan = edge->plan;
	const struct op *to = it->copy->flow->op[plan->to->id];
	struct edge_out *out = edge_out_new(edge, it->index, to, &it->job);

	it->out[it->out_count++] = out;
	if (plan->from == NULL) {
		for (uint32_t i = 0; i < it->plan->source_count; i++)
			if (it->source[i].index == plan->from_source)
				it->source[i].head = edge_out_run(out);
		return;
	}
	struct op_run *from = it->by_id[plan->from->id];
	if (plan->from_side) {
		from->side = edge_out_run(out);
		from->side_port = 0;
	} else {
		from->next = edge_out_run(out);
		from->next_port = 0;
	}
}

int
subtask_open(struct subtask *it, struct err *err)
{
	for (; it->op_opened < it->plan->op_count; it->op_opened++) {
		struct op_run *run = &it->op[it->op_opened];
		if (run->op->def->open != NULL &&
		    run->op->def->open(run, err) != 0) {
			it->op_opened++;
			return -1;
		}
	}
	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		struct source_in *in = &it->source[i];
		struct source *source =
		    it->copy->flow->source[in->index]->source;
		/* On its own host an instance reads all that is there. */
		int is_away = source_spec(source)->host_count > 0;
		in->run = source_run_new(source, is_away ? 0 : it->index,
		    is_away ? 1 : it->plan->width, &in->need,
		    it->shared->bad);
		if (!is_away && it->plan->width > 1 &&
		    source_range_count(source) > 0)
			source_run_share(in->run, it->shared->plan->flow->
			    source[in->index]->source, it->index,
			    it->plan->width, subtask_wake, it);
		/* A source that nobody takes from still is read. */
		if (in->head == NULL)
			in->ended = 1;
	}
	return 0;
}

void
subtask_free(struct subtask **take_subtask)
{
	struct subtask *it = *take_subtask;

	*take_subtask = NULL;
	if (it == NULL)
		return;
	for (uint32_t i = 0; i < it->plan->op_count; i++) {
		struct op_run *run = &it->op[i];
		if (i < it->op_opened && run->op->def->close != NULL)
			run->op->def->close(run);
		mem_free(run->state);
	}
	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		if (it->source[i].has_ahead)
			batch_free(&it->source[i].ahead.batch);
		save_free(&it->source[i].ahead_save);
		source_run_free(&it->source[i].run);
	}
	for (uint32_t i = 0; i < it->out_count; i++)
		edge_out_free(&it->out[i]);
	edge_in_free(&it->in);
	op_job_fini(&it->job);
	mem_free(it->op);
	mem_free(it->by_id);
	mem_free(it->source);
	mem_free(it->out);
	mem_free(it);
}

struct task *
subtask_task(struct subtask *it)
{
	return &it->task;
}

const struct task_plan *
subtask_plan(const struct subtask *it)
{
	return it->plan;
}

uint32_t
subtask_index(const struct subtask *it)
{
	return it->index;
}

void
subtask_want_barrier(struct subtask *it, uint64_t number, int halts)
{
	if (it->plan->source_count == 0)
		return;
	__atomic_store_n(&it->barrier_halts, halts, __ATOMIC_RELAXED);
	__atomic_store_n(&it->barrier_wanted, number, __ATOMIC_RELEASE);
	task_notify(&it->task);
}

void
subtask_hold(struct subtask *it, int is_held)
{
	if (it->plan->source_count == 0 ||
	    __atomic_load_n(&it->is_held, __ATOMIC_RELAXED) == is_held)
		return;
	__atomic_store_n(&it->is_held, is_held, __ATOMIC_RELEASE);
	task_notify(&it->task);
}

void
subtask_stop(struct subtask *it)
{
	__atomic_store_n(&it->stop_wanted, 1, __ATOMIC_RELEASE);
	task_notify(&it->task);
}

/* What operators hold without keeping it goes before the barrier. */
static int
subtask_clear(struct subtask *it, struct err *err)
{
	for (uint32_t i = 0; i < it->plan->op_count; i++) {
		struct op_run *run = &it->op[i];
		if (run->op->def->barrier != NULL &&
		    run->op->def->barrier(run, err) == OP_FAIL)
			return -1;
	}
	return 0;
}

static int
subtask_barrier(struct subtask *it, uint64_t number, struct err *err)
{
	if (subtask_clear(it, err) != 0)
		return -1;
	struct frozen *frozen = subtask_freeze(it, err);

	if (frozen == NULL)
		return -1;
	it->barrier_done = number;
	for (uint32_t i = 0; i < it->out_count; i++)
		edge_out_barrier(it->out[i], number);
	it->shared->barrier(it->shared->cookie, it, number, frozen);
	return 0;
}

/* --- running --------------------------------------------------------- */

static enum task_status
subtask_settle(struct subtask *it, struct err *err)
{
	int room = 1;

	for (uint32_t i = 0; i < it->out_count; i++) {
		int one = edge_out_settle(it->out[i], err);
		if (one < 0)
			return TASK_FAIL;
		room &= one;
	}
	it->is_blocked = !room;
	return room ? TASK_AGAIN : TASK_WAIT;
}

/* What waits for room must still go. */
static enum task_status
subtask_leave(struct subtask *it, struct err *err)
{
	enum task_status room = subtask_settle(it, err);

	if (room != TASK_AGAIN)
		return room;
	__atomic_store_n(&it->has_left, 1, __ATOMIC_RELEASE);
	/* A link sends the end of it all when all have left. */
	for (uint32_t i = 0; i < it->out_count; i++)
		edge_out_notify(it->out[i]);
	return TASK_DONE;
}

int
subtask_has_left(const struct subtask *it)
{
	return __atomic_load_n(&it->has_left, __ATOMIC_ACQUIRE);
}

/* The instance is through, and its operators have been told. */
enum task_status
subtask_end(struct subtask *it, struct err *err)
{
	it->is_done = 1;
	if (it->shared->cookie != NULL) {
		struct frozen *frozen = subtask_freeze(it, err);
		if (frozen == NULL)
			return TASK_FAIL;
		it->shared->ended(it->shared->cookie, it, frozen);
	}
	return subtask_leave(it, err);
}

/* Nothing more comes from this instance, nor for it. */
static void
subtask_quit(struct subtask *it)
{
	for (uint32_t i = 0; i < it->plan->source_count; i++)
		source_run_quit(it->source[i].run);
	for (uint32_t i = 0; i < it->plan->op_count; i++)
		if (it->op[i].joint != NULL)
			joint_leave(it->op[i].joint);
}

/* What was to come has failed: nothing is flushed. */
static enum task_status
subtask_break(struct subtask *it, struct err *err)
{
	subtask_quit(it);
	for (uint32_t i = 0; i < it->out_count; i++)
		edge_out_fail(it->out[i]);
	it->is_done = 1;
	return subtask_leave(it, err);
}

/* A bad record ends the job, but not what was good before it. */
enum task_status
subtask_fail(struct subtask *it, struct err *err)
{
	if (err->kind != ERR_DATA || it->out_count == 0)
		return TASK_FAIL;
	it->shared->stopped(it->shared->stopped_cookie, it->plan->id,
	    it->job.turn, err);
	err_clear(err);
	return subtask_break(it, err);
}

void
subtask_send_turn(struct subtask *it, uint64_t number)
{
	for (uint32_t i = 0; i < it->out_count; i++)
		edge_out_turn(it->out[i], it->turn_base + number);
	it->turns_sent++;
}

/* The turns of what has ended, `count` in all, and of the instances that had
 * one less; job.turn is that of what comes behind them. */
void
subtask_end_turns(struct subtask *it, uint64_t count)
{
	uint32_t width = it->plan->width;
	uint64_t rounds = (count + width - 1) / width;

	while (it->turns_sent < rounds)
		subtask_send_turn(it, it->turns_sent * width + it->index);
	it->turns_sent = 0;
	it->turn_base += rounds * width;
	it->job.turn = it->turn_base + it->index;
}

/* An operator that works has given its part of a round. */
static void
subtask_next_round(struct subtask *it)
{
	it->job.turn_is_over = 0;
	subtask_send_turn(it, it->turns_sent * it->plan->width + it->index);
	it->job.turn += it->plan->width;
}

/* Ask the operator that works; TASK_AGAIN also when it is through, and the end
 * that waited for it. */
static enum task_status
subtask_work_together(struct subtask *it, struct err *err)
{
	const struct op_run *working = it->job.working;
	unsigned port = it->job.working_port;
	enum op_status status = op_work(&it->job, err);
	/* One that takes both inputs from one stream may be asked for the
	 * other next. */
	int is_same = it->job.working == working &&
	    it->job.working_port == port;

	if (it->job.turn_is_over)
		subtask_next_round(it);
	if (!is_same)
		subtask_end_turns(it, (it->turns_sent + 1) * it->plan->width);
	switch (status) {
	case OP_FAIL:
		return subtask_fail(it, err);
	case OP_DONE:
		return subtask_break(it, err);
	case OP_AGAIN:
		return TASK_AGAIN;
	case OP_WAIT:
		return is_same ? TASK_WAIT : TASK_AGAIN;
	case OP_OK:
		break;
	}
	return it->in != NULL ? subtask_end(it, err) : TASK_AGAIN;
}

/* Nothing more for now: what is held, and what was rejected, goes out. */
enum op_status
subtask_pause(struct subtask *it, struct op_run *head, struct err *err)
{
	if (op_pause(head, err) == OP_FAIL ||
	    bad_flush(it->job.bad, err) != 0)
		return OP_FAIL;
	return OP_OK;
}

/* What a push or flush came to. */
enum task_status
subtask_judge(struct subtask *it, enum op_status status, struct err *err)
{
	if (status == OP_FAIL)
		return subtask_fail(it, err);
	if (status == OP_OK && it->job.stop.kind != ERR_NONE) {
		*err = it->job.stop;
		return subtask_fail(it, err);
	}
	return TASK_AGAIN;
}

static enum task_status
in_end(struct subtask *it, int failed, struct err *err)
{
	if (failed) {
		edge_in_refuse(it->in);
		if (op_pause(it->in_head, err) == OP_FAIL)
			return TASK_FAIL;
		if (it->out_count == 0)
			it->shared->reached(it->shared->stopped_cookie);
		return subtask_break(it, err);
	}
	err_clear(&it->job.stop);
	enum op_status status = op_end(it->in_head, it->plan->in->to_port,
	    err);
	if (status == OP_FAIL)
		return subtask_fail(it, err);
	return status == OP_WAIT ? TASK_AGAIN : subtask_end(it, err);
}

static enum task_status
in_step(struct subtask *it, struct err *err)
{
	unsigned port = it->plan->in->to_port;
	struct op_run *head = it->in_head;
	enum op_status status = OP_OK;
	struct message message = { 0 };

	if (!edge_in_take(it->in, &message))
		return TASK_WAIT;
	switch (message.kind) {
	case MESSAGE_BATCH:
		status = op_push(head, port, message.batch, err);
		break;
	case MESSAGE_MARK:
		status = op_mark(head, port, message.mark_us, err);
		break;
	case MESSAGE_IDLE:
		status = op_idle(head, port, err);
		break;
	case MESSAGE_SPLIT:
		status = op_split(head, message.number, message.what, err);
		break;
	case MESSAGE_FLUSH:
		status = subtask_pause(it, head, err);
		break;
	case MESSAGE_BARRIER:
		if (subtask_barrier(it, message.number, err) != 0)
			return TASK_FAIL;
		return TASK_AGAIN;
	case MESSAGE_END:
		return in_end(it, message.number != 0, err);
	case MESSAGE_TURN:
		break;
	}
	if (head->done && status != OP_FAIL) {
		edge_in_refuse(it->in);
		return in_end(it, 0, err);
	}
	return subtask_judge(it, status, err);
}

static enum task_status
subtask_tick(struct subtask *it, struct err *err)
{
	it->job.now_us = env->now_us();
	for (uint32_t i = 0; i < it->plan->op_count; i++) {
		struct op_run *run = &it->op[i];
		if (run->tick_us > it->job.now_us)
			continue;
		run->tick_us = INT64_MAX;
		if (run->op->def->tick(run, it->job.now_us, err) == OP_FAIL)
			return subtask_fail(it, err);
	}
	return TASK_AGAIN;
}

/* Does nobody want what the instance gives?  A sink's work is wanted. */
static int
subtask_is_unwanted(const struct subtask *it)
{
	for (uint32_t i = 0; i < it->out_count; i++)
		if (!edge_out_is_refused(it->out[i]))
			return 0;
	for (uint32_t i = 0; i < it->plan->op_count; i++)
		if (it->op[i].op->def->flags & OP_SINK)
			return 0;
	return it->out_count > 0;
}

static enum task_status
subtask_give_up(struct subtask *it, struct err *err)
{
	/* Who works together with others does so for nobody. */
	if (it->job.working != NULL || it->has_joint)
		return subtask_break(it, err);
	if (it->in != NULL) {
		edge_in_refuse(it->in);
		return in_end(it, 0, err);
	}
	for (uint32_t i = 0; i < it->plan->source_count; i++)
		if (!it->source[i].ended &&
		    subtask_source_end(it, &it->source[i], err) == TASK_FAIL)
			return TASK_FAIL;
	return it->is_done ? subtask_leave(it, err) : subtask_end(it, err);
}

static enum task_status
subtask_work(struct subtask *it, struct err *err)
{
	uint64_t wanted = __atomic_load_n(&it->barrier_wanted,
	    __ATOMIC_ACQUIRE);

	if (it->is_done)
		return subtask_leave(it, err);
	enum task_status room = subtask_settle(it, err);
	if (room != TASK_AGAIN)
		return room;
	if (it->plan->source_count > 0 && wanted > it->barrier_done &&
	    subtask_barrier(it, wanted, err) != 0)
		return TASK_FAIL;
	if (__atomic_load_n(&it->is_held, __ATOMIC_ACQUIRE) ||
	    (it->barrier_done > 0 && it->barrier_done == wanted &&
	    __atomic_load_n(&it->barrier_halts, __ATOMIC_RELAXED))) {
		it->is_resting = 1;
		return TASK_WAIT;
	}
	it->is_resting = 0;
	if (subtask_is_unwanted(it))
		return subtask_give_up(it, err);
	if (it->has_ticks && subtask_tick(it, err) == TASK_FAIL)
		return TASK_FAIL;
	unsigned most = it->plan->source_count > 0 ? STEP_BATCHES :
	    STEP_MESSAGES;
	for (unsigned i = 0; i < most; i++) {
		enum task_status status = it->job.working != NULL ?
		    subtask_work_together(it, err) :
		    it->plan->source_count > 0 ? subtask_sources_step(it, err) :
		    in_step(it, err);
		if (status != TASK_AGAIN)
			return status;
		room = subtask_settle(it, err);
		if (room != TASK_AGAIN)
			return room;
		if (sched_is_sim(it->task.sched))
			break;
	}
	return TASK_AGAIN;
}

static enum task_status
subtask_step(struct task *task, struct err *err)
{
	struct subtask *it = (struct subtask *)task;
	uint64_t start = env->monotonic_ns();

	if (it->left_ns != 0 && it->is_blocked)
		it->counts.blocked_ns += start - it->left_ns;
	else if (it->left_ns != 0)
		it->counts.idle_ns += start - it->left_ns;
	if (interrupt_is_set() && it->shared->cookie == NULL)
		__atomic_store_n(&it->stop_wanted, 1, __ATOMIC_RELEASE);
	enum task_status status = subtask_work(it, err);
	it->left_ns = env->monotonic_ns();
	it->counts.busy_ns += it->left_ns - start;
	mem_tend(it->left_ns);
	return status;
}

static void
subtask_waits(struct task *task, struct env_waits *waits)
{
	struct subtask *it = (struct subtask *)task;
	int64_t tick = INT64_MAX;
	int bounded = 0;

	if (it->is_blocked || it->is_done || it->is_resting)
		return;
	for (uint32_t i = 0; i < it->plan->op_count; i++)
		if (it->op[i].tick_us < tick)
			tick = it->op[i].tick_us;
	if (tick != INT64_MAX) {
		int64_t now = env->now_us();
		env_waits_until(waits, env->monotonic_ns() + (tick <= now ? 0 :
		    (uint64_t)(tick - now) * 1000));
	}
	for (uint32_t i = 0; i < it->plan->source_count && !bounded; i++) {
		struct source_in *in = &it->source[i];
		if (in->ended)
			continue;
		source_run_wait(in->run, waits);
		bounded = !in->is_live;
	}
}

/* --- figures --------------------------------------------------------- */

void
subtask_counts(const struct subtask *it, struct subtask_counts *out)
{
	uint64_t since = it->left_ns == 0 || it->is_done ? 0 :
	    env->monotonic_ns() - it->left_ns;

	*out = it->counts;
	if (it->is_blocked)
		out->blocked_ns += since;
	else
		out->idle_ns += since;
	out->mark_us = INT64_MIN;
	for (uint32_t i = 0; i < it->plan->op_count; i++)
		if (it->op[i].marked_us > out->mark_us)
			out->mark_us = it->op[i].marked_us;
	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		uint64_t bytes, records;
		if (it->source[i].run == NULL)
			continue;
		source_run_counts(it->source[i].run, &bytes, &records);
		out->bytes_in += bytes;
	}
	if (it->in != NULL)
		out->bytes_in += edge_in_bytes(it->in);
}

int
subtask_commit(struct subtask *it, struct err *err)
{
	for (uint32_t i = 0; i < it->plan->op_count; i++) {
		const struct op_def *def = it->op[i].op->def;
		if (def->commit != NULL && def->commit(&it->op[i], err) != 0)
			return -1;
	}
	return 0;
}

const struct op_run *
subtask_op(const struct subtask *it, uint32_t op_id)
{
	return it->by_id[op_id];
}

const struct source_run *
subtask_source(const struct subtask *it, uint32_t source)
{
	for (uint32_t i = 0; i < it->plan->source_count; i++)
		if (it->source[i].index == source)
			return it->source[i].run;
	return NULL;
}
