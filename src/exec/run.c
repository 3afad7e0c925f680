/*
 * Running a plan.
 *
 *     tasks       what runs together, how often (plan/tasks.h)
 *     copies      a plan of its own for every instance beside another
 *     subtasks    the instances, channels between them
 *     open        all operators, sinks too: a bad output path fails first
 *     load        what a checkpoint has kept of each
 *     step        until all are through, or one fails (exec/sched.h)
 *     close
 *
 * A job of one task is stepped by the caller's thread and starts no other.
 */
#include "exec/run.h"

#include <stdio.h>
#include <string.h>

#include "data/moment.h"
#include "exec/checkpoint.h"
#include "exec/remotes.h"
#include "exec/run_priv.h"
#include "exec/sched.h"
#include "exec/stats.h"
#include "exec/subtask.h"
#include "io/bad.h"
#include "op/joint.h"
#include "state/save.h"
#include "state/spill.h"
#include "state/store.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/interrupt.h"

/* What may wait in a channel; a few batches of wide records.  All of them
 * together: a part of the memory, as far as the least allows.  Rows are
 * counted; the chunks and indexes they keep alive are several times that. */
#define CHANNEL_BYTES ((uint64_t)1 << 20)
#define CHANNEL_BYTES_MIN ((uint64_t)64 << 10)
#define CHANNELS_PART 32

struct tasks *
run_tasks(const struct plan *plan, const struct run_config *config)
{
	struct tasks_config tasks = {
		.workers = config->copy == NULL ? 1 : config->workers,
		.host = config->host, .host_count = config->host_count,
		.keyed_host_count = config->keyed_host_count,
		.has_checkpoints = config->has_checkpoints,
	};

	return tasks_new(plan, &tasks);
}

/* Bad records that let what is good through: the first in the order of the
 * input counts. */
static void
run_stopped(void *cookie, uint32_t task, uint64_t turn, const struct err *err)
{
	struct run *run = cookie;

	thr_lock_take(&run->stopped_lock);
	if (run->stopped.kind == ERR_NONE || task > run->stopped_task ||
	    (task == run->stopped_task && turn < run->stopped_turn)) {
		run->stopped = *err;
		run->stopped_task = task;
		run->stopped_turn = turn;
	}
	thr_lock_give(&run->stopped_lock);
}

static void
run_reached(void *cookie)
{
	struct run *run = cookie;

	__atomic_store_n(&run->is_stopped, 1, __ATOMIC_RELEASE);
}

/* The plan that an instance uses; bound when it is asked for first. */
static struct plan *
run_copy(struct run *run, uint32_t index, struct err *err)
{
	if (run->copy[index] == NULL)
		run->copy[index] = run->config->copy(run->config->copy_cookie,
		    err);
	return run->copy[index];
}

/* What instances of operators that work together have in common here. */
static void
run_build_joints(struct run *run)
{
	const struct flow *flow = run->plan->flow;
	struct subtask_shared *shared = &run->shared;

	shared->joint = mem_alloc_zero((flow->op_count + 1) *
	    sizeof(*shared->joint));
	shared->share = mem_alloc_zero((flow->op_count + 1) *
	    sizeof(*shared->share));
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *op = flow->op[i];
		if (!(op->def->flags & OP_JOINT))
			continue;
		uint32_t width = run->tasks->task[
		    run->tasks->task_of_op[op->id]]->width;
		shared->joint[op->id] = joint_new(width);
		if (op->def->share != NULL)
			shared->share[op->id] = op->def->share(op, width);
	}
}

static void
run_free_joints(struct run *run)
{
	const struct flow *flow = run->plan->flow;
	struct subtask_shared *shared = &run->shared;

	for (uint32_t i = 0; shared->joint != NULL && i < flow->op_count; i++) {
		joint_free(&shared->joint[flow->op[i]->id]);
		if (shared->share[flow->op[i]->id] != NULL)
			flow->op[i]->def->unshare(
			    shared->share[flow->op[i]->id]);
	}
	mem_free(shared->joint);
	mem_free(shared->share);
}

static int
run_build_subtasks(struct run *run, struct err *err)
{
	const struct tasks *tasks = run->tasks;

	run->copy = mem_alloc_zero(tasks->copy_count * sizeof(*run->copy));
	run->copy[0] = run->plan;
	run->subtask = mem_alloc_zero((tasks->instance_count + 1) *
	    sizeof(*run->subtask));
	run->first = mem_alloc_zero((tasks->task_count + 1) *
	    sizeof(*run->first));
	for (uint32_t i = 0; i < tasks->task_count; i++) {
		const struct task_plan *task = tasks->task[i];
		run->first[i] = run->subtask_count;
		for (uint32_t k = 0; k < task->width; k++) {
			struct subtask **it =
			    &run->subtask[run->subtask_count++];
			if (task->host[k] != run->here)
				continue;
			const struct plan *copy = run_copy(run,
			    task->copy + k, err);
			if (copy == NULL)
				return -1;
			*it = subtask_new(task, k, copy, &run->shared);
		}
	}
	return 0;
}

/* Who stands here for an instance: itself, or the link that leads to it. */
static struct task *
run_task_of(const struct run *run, const struct task_plan *task, uint32_t index)
{
	struct subtask *it = run->subtask[run->first[task->id] + index];

	if (it != NULL)
		return subtask_task(it);
	return remote_task(run_remote_of(run, task, index));
}

struct remote *
run_remote_of(const struct run *run, const struct task_plan *task,
	uint32_t index)
{
	if (run->remote != NULL)
		return run->remote;
	return remotes_at(run->remotes, task->host[index]);
}

/* How much each channel holds. */
static uint64_t
run_channel_bytes(const struct run *run)
{
	uint64_t count = 1, bytes = mem_limit() / CHANNELS_PART;

	for (uint32_t i = 0; i < run->tasks->edge_count; i++) {
		const struct edge_plan *edge = run->tasks->edge[i];
		count += (uint64_t)run->tasks->task[edge->source_task]->width *
		    run->tasks->task[edge->target_task]->width;
	}
	bytes /= count;
	if (mem_limit() == 0 || bytes > CHANNEL_BYTES)
		return CHANNEL_BYTES;
	return bytes < CHANNEL_BYTES_MIN ? CHANNEL_BYTES_MIN : bytes;
}

/* The channel between two instances, if this process has to do with it. */
static void
run_connect(struct run *run, struct edge *edge, const struct task_plan *from,
	uint32_t i, const struct task_plan *to, uint32_t k)
{
	int gives = from->host[i] == run->here;
	int takes = to->host[k] == run->here;
	uint32_t id = run->channel_count++;

	/* What two others have to do with each other is relayed by the process
	 * that started the job. */
	if (!gives && !takes && (run->here != TASK_HERE ||
	    from->host[i] == to->host[k]))
		return;
	edge_connect(edge, i, k, run_task_of(run, from, i),
	    run_task_of(run, to, k), run->config->is_sim ?
	    env_sim_draw() % 4096 + 1 : run->channel_bytes);
	if (!gives)
		remote_add_in(run_remote_of(run, from, i), edge, i, k, id);
	if (!takes)
		remote_add_out(run_remote_of(run, to, k), edge, i, k, id);
}

/* The channels of an edge, and who stands at their ends. */
static void
run_build_edge(struct run *run, uint32_t index)
{
	const struct edge_plan *plan = run->tasks->edge[index];
	const struct task_plan *from = run->tasks->task[plan->source_task];
	const struct task_plan *to = run->tasks->task[plan->target_task];
	struct edge *edge = edge_new(plan, from->width, to->width);
	struct subtask **givers = run->subtask + run->first[from->id];
	struct subtask **takers = run->subtask + run->first[to->id];

	run->edge[index] = edge;
	for (uint32_t i = 0; i < from->width; i++)
		for (uint32_t k = 0; k < to->width; k++)
			run_connect(run, edge, from, i, to, k);
	for (uint32_t i = 0; i < from->width; i++)
		if (givers[i] != NULL)
			subtask_add_out(givers[i], edge);
	for (uint32_t k = 0; k < to->width; k++)
		if (takers[k] != NULL)
			subtask_set_in(takers[k], edge);
}

int
run_build(struct run *run, struct err *err)
{
	run->edge = mem_alloc_zero((run->tasks->edge_count + 1) *
	    sizeof(*run->edge));
	run_build_joints(run);
	run->channel_bytes = run_channel_bytes(run);
	if (run_build_subtasks(run, err) != 0)
		return -1;
	for (uint32_t i = 0; i < run->tasks->edge_count; i++)
		run_build_edge(run, i);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		if (run->subtask[i] != NULL &&
		    subtask_open(run->subtask[i], err) != 0)
			return -1;
	return 0;
}

static int
run_is_live(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->flow->source_count; i++)
		if (plan->flow->source[i]->source != NULL &&
		    source_is_live(plan->flow->source[i]->source))
			return 1;
	return 0;
}

/* --- checkpoints ------------------------------------------------------ */

/* What cannot be kept in a checkpoint yet must not be lost in silence. */
static int
run_refuse_state(const struct plan *plan, struct err *err)
{
	const struct flow *flow = plan->flow;
	const char *reason;

	for (uint32_t i = 0; i < flow->source_count; i++)
		if (!source_can_replay(flow->source[i]->source, &reason)) {
			err_set(err, ERR_USAGE, "%s cannot be read again after "
			    "a failure, so a checkpoint would lose records: "
			    "%s", source_label(flow->source[i]->source),
			    reason);
			return err_hint(err, "write it to a plain file and "
			    "read that with tail(...), or leave --checkpoint "
			    "out");
		}
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op_def *def = flow->op[i]->def;
		if (def->freeze != NULL || (def->flags & OP_PARALLEL))
			continue;
		err_set(err, ERR_USAGE, "this version cannot keep what `%s` "
		    "knows in a checkpoint yet", def->name);
		return err_hint(err, "windows and stages that look at each "
		    "record for itself can be kept; or leave --checkpoint "
		    "out");
	}
	return 0;
}

static int
run_keep_entry(void *cookie, uint32_t key_group, const char *bytes,
	size_t size, struct err *err)
{
	(void)err;
	save_put(cookie, key_group, bytes, size);
	return 0;
}

/* All entries of the manifest's files. */
static struct save *
run_read_entries(struct run *run, struct err *err)
{
	const struct manifest *manifest = store_manifest(run->store);
	struct save *all = save_new();
	int status = 0;

	for (uint32_t i = 0; i < manifest->part_count && status == 0; i++)
		status = store_read_part(run->store, &manifest->part[i],
		    run_keep_entry, all, err);
	if (status != 0)
		save_free(&all);
	return all;
}

int
run_load_entries(struct run *run, const struct save *all, struct err *err)
{
	int status = 0;

	for (uint64_t i = 0; status == 0 && i < save_count(all); i++) {
		uint32_t key_group;
		size_t size;
		const char *bytes = save_entry(all, i, &key_group, &size);
		for (uint32_t k = 0; k < run->subtask_count && status == 0; k++)
			if (run->subtask[k] != NULL)
				status = subtask_load(run->subtask[k], bytes,
				    size, key_group, err);
	}
	return status;
}

static int
run_load(struct run *run, struct err *err)
{
	struct save *all = run_read_entries(run, err);
	int status = all == NULL ? -1 : run_load_entries(run, all, err);

	if (status == 0 && run->remotes != NULL)
		status = remotes_load(run->remotes, all, err);
	save_free(&all);
	return status;
}

/* 1: the job is through already; 0; -1. */
static int
run_open_store(struct run *run, struct err *err)
{
	const struct run_config *config = run->config;

	if (run_refuse_state(run->plan, err) != 0)
		return -1;
	run->store = store_open(config->checkpoint_dir, err);
	if (run->store == NULL)
		return -1;
	if (store_warning(run->store) != NULL && config->warn != NULL)
		config->warn(config->warn_cookie, store_warning(run->store));
	const struct manifest *manifest = store_manifest(run->store);
	if (manifest == NULL)
		return 0;
	if (manifest->fingerprint != config->program) {
		err_set(err, ERR_USAGE, "the checkpoints in %s are of another "
		    "program", config->checkpoint_dir);
		return err_hint(err, "give each program a folder of its own, "
		    "or remove this one to begin anew");
	}
	run->shared.outputs.resumes = 1;
	if (!manifest->is_finished)
		return 0;
	char message[512];
	snprintf(message, sizeof(message), "this job is through: %s says so "
	    "(remove it to run the job again)", config->checkpoint_dir);
	if (config->warn != NULL)
		config->warn(config->warn_cookie, message);
	return 1;
}

static int
run_start_checkpoints(struct run *run, struct err *err)
{
	struct checkpoints_config config = {
		.store = run->store, .every_us = run->config->every_us,
		.tasks = run->tasks, .subtask = run->subtask,
		.sched = run->sched, .program = run->config->program,
		.want = run->remotes != NULL ? remotes_want : NULL,
		.hold = run->remotes != NULL ? remotes_hold : NULL,
		.remote_cookie = run->remotes,
	};

	if (run->shared.outputs.resumes && run_load(run, err) != 0)
		return -1;
	run->checkpoints = checkpoints_new(&config);
	if (run->remotes != NULL)
		remotes_set_checkpoints(run->remotes, run->checkpoints);
	run->shared.barrier = checkpoints_barrier;
	run->shared.ended = checkpoints_ended;
	run->shared.cookie = run->checkpoints;
	return checkpoints_start(run->checkpoints, err);
}

/* --- at the end -------------------------------------------------------- */

static int
is_optional(const struct flow *flow, const char *name)
{
	for (uint32_t i = 0; i < flow->optional_count; i++)
		if (strcmp(flow->optional[i], name) == 0)
			return 1;
	return 0;
}

/* What instance `index` of all reads of a source, if it has read something. */
static const struct source_run *
run_read_of(const struct run *run, uint32_t index, uint32_t source)
{
	const struct source_run *it = run->subtask[index] == NULL ? NULL :
	    subtask_source(run->subtask[index], source);
	uint64_t bytes, records = 0;

	if (it != NULL)
		source_run_counts(it, &bytes, &records);
	return records > 0 ? it : NULL;
}

/* Was the field in no record of any instance? */
static int
is_unseen(const struct run *run, uint32_t source, const char *name)
{
	for (uint32_t i = 0; i < run->subtask_count; i++) {
		const struct source_run *it = run_read_of(run, i, source);
		const char *unseen = NULL;
		if (it == NULL)
			continue;
		for (uint32_t k = 0;
		    (unseen = source_run_unseen(it, k)) != NULL; k++)
			if (strcmp(unseen, name) == 0)
				break;
		if (unseen == NULL)
			return 0;
	}
	return 1;
}

/* A misspelt field of JSON lines is no error, but it is said. */
static void
run_warn_unseen(struct run *run, uint32_t source, const struct source_run *it)
{
	const struct flow *flow = run->plan->flow;
	const char *name;

	for (uint32_t i = 0; (name = source_run_unseen(it, i)) != NULL; i++) {
		char message[256];
		if (is_optional(flow, name) || run->config->warn == NULL ||
		    !is_unseen(run, source, name))
			continue;
		snprintf(message, sizeof(message), "no record of %s has a "
		    "field '%s' (write %s? if that may be)",
		    source_label(flow->source[source]->source), name, name);
		run->config->warn(run->config->warn_cookie, message);
	}
}

static void
run_warn(struct run *run)
{
	for (uint32_t i = 0; i < run->plan->flow->source_count; i++)
		for (uint32_t k = 0; k < run->subtask_count; k++) {
			const struct source_run *it = run_read_of(run, k, i);
			if (it == NULL)
				continue;
			run_warn_unseen(run, i, it);
			break;
		}
}

static void
run_report(void *cookie)
{
	struct run *run = cookie;
	struct buf out = { 0 };

	stats_print(run->plan->flow, run->tasks, run->subtask,
	    run->subtask_count, run->remotes == NULL ? NULL :
	    remotes_figures(run->remotes), run->checkpoints, &out);
	run->config->report(run->config->report_cookie, &out);
	buf_fini(&out);
}

/* The plan with its figures, for explain --run; also of a job that was
 * interrupted. */
static void
run_explain(struct run *run)
{
	struct buf out = { 0 };

	stats_explain(run->plan, run->tasks, run->subtask, run->subtask_count,
	    run->remotes == NULL ? NULL : remotes_figures(run->remotes), &out);
	run->config->report(run->config->report_cookie, &out);
	buf_fini(&out);
}

void
run_close(struct run *run)
{
	checkpoints_free(&run->checkpoints);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		subtask_free(&run->subtask[i]);
	run_free_joints(run);
	for (uint32_t i = 0; run->edge != NULL && i < run->tasks->edge_count;
	    i++)
		edge_free(&run->edge[i]);
	for (uint32_t i = 1; run->copy != NULL && i < run->tasks->copy_count;
	    i++)
		plan_free(&run->copy[i]);
	store_close(&run->store);
	remotes_free(&run->remotes);
	remote_free(&run->remote);
	sched_free(&run->sched);
	tasks_free(&run->tasks);
	spill_free(&run->spill);
	thr_lock_fini(&run->stopped_lock);
	mem_free(run->subtask);
	mem_free(run->first);
	mem_free(run->edge);
	mem_free(run->copy);
}

void
run_schedule(struct run *run)
{
	run->sched = sched_new(run->config->workers, run->config->is_sim);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		if (run->subtask[i] != NULL)
			sched_add(run->sched, subtask_task(run->subtask[i]));
}

/* Windows that were still open were flushed: which ones is said. */
static void
run_warn_partial(const struct run *run)
{
	const struct flow *flow = run->plan->flow;
	char time[64], message[256];

	for (uint32_t i = 0; i < flow->op_count; i++) {
		int64_t mark = INT64_MAX;
		if (!(flow->op[i]->def->flags & OP_REGROUPS) ||
		    run->config->warn == NULL)
			continue;
		for (uint32_t k = 0; k < run->subtask_count; k++) {
			const struct op_run *op = run->subtask[k] == NULL ?
			    NULL : subtask_op(run->subtask[k], i);
			if (op != NULL && op->marked_us < mark)
				mark = op->marked_us;
		}
		if (mark == INT64_MAX)
			continue;
		if (mark == INT64_MIN) {
			snprintf(message, sizeof(message), "interrupted: all "
			    "windows are partial");
		} else {
			time[moment_format(mark, time)] = '\0';
			snprintf(message, sizeof(message), "interrupted: "
			    "windows that end after %s are partial", time);
		}
		run->config->warn(run->config->warn_cookie, message);
	}
}

static int
run_steps(struct run *run, struct err *err)
{
	run_schedule(run);
	if (run->store != NULL && run_start_checkpoints(run, err) != 0)
		return -1;
	if (run->remotes != NULL)
		remotes_run(run->remotes, run->sched);
	if (run->config->report != NULL)
		sched_set_figures(run->sched, run_report, run);
	int status = sched_run(run->sched, err);
	if (status == 0 && run->is_stopped &&
	    run->stopped.kind != ERR_NONE) {
		*err = run->stopped;
		status = -1;
	}
	/* Nothing that ^C has cut short is a normal end. */
	if (status == 0 && interrupt_is_set() && run->store == NULL) {
		run_warn_partial(run);
		status = err_set(err, ERR_INTERRUPT, "interrupted");
	}
	if (run->checkpoints != NULL && checkpoints_finish(run->checkpoints,
	    status == 0, err) != 0)
		status = -1;
	return status;
}

/* All has ended well: the files that were written appear.  Sinks are here. */
static int
run_commit(struct run *run, struct err *err)
{
	for (uint32_t i = 0; i < run->subtask_count; i++)
		if (run->subtask[i] != NULL &&
		    subtask_commit(run->subtask[i], err) != 0)
			return -1;
	return 0;
}

static int
run_start_remotes(struct run *run, struct err *err)
{
	const struct run_config *config = run->config;
	struct remotes_config remotes = {
		.host = config->host, .host_count = config->host_count,
		.launch = config->launch, .order = config->order,
		.order_cookie = config->order_cookie, .bad = config->bad,
		.op_count = run->plan->flow->op_count,
	};

	run->remotes = remotes_start(&remotes, err);
	return run->remotes == NULL ? -1 : 0;
}

void
run_init(struct run *run, struct plan *plan, const struct run_config *config)
{
	*run = (struct run){ .plan = plan, .config = config,
	    .here = TASK_HERE, .stopped = ERR_INIT,
	    .spill = spill_new(config->tmp, config->disk_bytes) };
	run->shared = (struct subtask_shared){
		.plan = plan, .bad = config->bad, .warn = config->warn,
		.warn_cookie = config->warn_cookie,
		.stopped = run_stopped, .reached = run_reached,
		.stopped_cookie = run,
		.outputs = { .stop = ERR_INIT, .in_place = run_is_live(plan) ||
		    config->has_checkpoints,
		    .has_checkpoints = config->has_checkpoints,
		    .discards = config->measures,
		    .clock_ns = config->measures ? env->monotonic_ns : NULL,
		    .spill = run->spill },
	};
	thr_lock_init(&run->stopped_lock, "the bad record");
	run->tasks = run_tasks(plan, config);
}

int
run_plan(struct plan *plan, const struct run_config *config, struct err *err)
{
	struct run run;
	int status = 0;

	run_init(&run, plan, config);
	if (config->checkpoint_dir != NULL)
		status = run_open_store(&run, err);
	if (status == 0 && run.shared.outputs.in_place)
		status = bad_set_in_place(config->bad,
		    run.shared.outputs.resumes, err);
	if (status == 0 && config->host_count > 0)
		status = run_start_remotes(&run, err);
	if (status == 0)
		status = run_build(&run, err);
	if (status == 0)
		status = run_steps(&run, err);
	if (status == 0 && run.sched != NULL && run.store == NULL)
		status = run_commit(&run, err);
	if (status < 0 && run.remotes != NULL)
		remotes_explain(run.remotes, err);
	if (status == 0 && run.sched != NULL)
		run_warn(&run);
	if (status == 0 && run.sched != NULL && config->stats)
		run_report(&run);
	if (run.sched != NULL && config->measures && (status == 0 ||
	    err->kind == ERR_INTERRUPT))
		run_explain(&run);
	run_close(&run);
	return status < 0 ? -1 : 0;
}
