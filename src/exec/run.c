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

#include "exec/checkpoint.h"
#include "exec/sched.h"
#include "exec/stats.h"
#include "exec/subtask.h"
#include "io/bad.h"
#include "state/save.h"
#include "state/store.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/interrupt.h"

/* What may wait in a channel; a few batches of wide records. */
#define CHANNEL_BYTES ((uint64_t)1 << 20)

struct run {
	struct plan *plan;
	const struct run_config *config;
	struct tasks *tasks;
	struct plan **copy;		/* copy[0] is the plan */
	struct subtask **subtask;	/* of all tasks, in order */
	uint32_t subtask_count;
	uint32_t *first;		/* of each task's instances */
	struct edge **edge;
	struct subtask_shared shared;
	struct sched *sched;
	struct store *store;
	struct checkpoints *checkpoints;
	struct err stopped;		/* a bad record ended the job */
};

struct tasks *
run_tasks(const struct plan *plan, const struct run_config *config)
{
	struct tasks_config tasks = {
		.workers = config->copy == NULL ? 1 : config->workers,
		.has_checkpoints = config->checkpoint_dir != NULL,
	};

	return tasks_new(plan, &tasks);
}

/* The first bad record that lets what is good through.  One at a time: the
 * policy has a lock, and a job stops at the first. */
static void
run_stopped(void *cookie, const struct err *err)
{
	struct run *run = cookie;

	if (run->stopped.kind == ERR_NONE)
		run->stopped = *err;
}

static int
run_copy(struct run *run, struct err *err)
{
	run->copy = mem_alloc_zero(run->tasks->copy_count *
	    sizeof(*run->copy));
	run->copy[0] = run->plan;
	for (uint32_t i = 1; i < run->tasks->copy_count; i++) {
		run->copy[i] = run->config->copy(run->config->copy_cookie,
		    err);
		if (run->copy[i] == NULL)
			return -1;
	}
	return 0;
}

static void
run_build_subtasks(struct run *run)
{
	const struct tasks *tasks = run->tasks;

	run->subtask = mem_alloc_zero((tasks->instance_count + 1) *
	    sizeof(*run->subtask));
	run->first = mem_alloc_zero((tasks->task_count + 1) *
	    sizeof(*run->first));
	for (uint32_t i = 0; i < tasks->task_count; i++) {
		const struct task_plan *task = tasks->task[i];
		run->first[i] = run->subtask_count;
		for (uint32_t k = 0; k < task->width; k++)
			run->subtask[run->subtask_count++] = subtask_new(task,
			    k, run->copy[task->copy + k], &run->shared);
	}
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
			edge_connect(edge, i, k, subtask_task(givers[i]),
			    subtask_task(takers[k]), run->config->is_sim ?
			    env_sim_draw() % 4096 + 1 : CHANNEL_BYTES);
	for (uint32_t i = 0; i < from->width; i++)
		subtask_add_out(givers[i], edge);
	for (uint32_t k = 0; k < to->width; k++)
		subtask_set_in(takers[k], edge);
}

static int
run_build(struct run *run, struct err *err)
{
	run->tasks = run_tasks(run->plan, run->config);
	if (run_copy(run, err) != 0)
		return -1;
	run_build_subtasks(run);
	run->edge = mem_alloc_zero((run->tasks->edge_count + 1) *
	    sizeof(*run->edge));
	for (uint32_t i = 0; i < run->tasks->edge_count; i++)
		run_build_edge(run, i);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		if (subtask_open(run->subtask[i], err) != 0)
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
			return err_hint(err, "write it to a file and read "
			    "that with tail(...), or leave --checkpoint out");
		}
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op_def *def = flow->op[i]->def;
		if (def->freeze != NULL || (def->flags & OP_PARALLEL) ||
		    strcmp(def->name, "union") == 0)
			continue;
		return err_set(err, ERR_USAGE, "`%s` holds %s, which this "
		    "version cannot keep in a checkpoint yet", def->name,
		    def->holds);
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

static int
run_load(struct run *run, struct err *err)
{
	struct save *all = run_read_entries(run, err);
	int status = all == NULL ? -1 : 0;

	for (uint64_t i = 0; status == 0 && i < save_count(all); i++) {
		uint32_t key_group;
		size_t size;
		const char *bytes = save_entry(all, i, &key_group, &size);
		for (uint32_t k = 0; k < run->subtask_count && status == 0; k++)
			status = subtask_load(run->subtask[k], bytes, size,
			    key_group, err);
	}
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
	};

	if (run->shared.outputs.resumes && run_load(run, err) != 0)
		return -1;
	run->checkpoints = checkpoints_new(&config);
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

/* Was the field in no record of any instance? */
static int
is_unseen(const struct run *run, uint32_t source, const char *name)
{
	for (uint32_t i = 0; i < run->subtask_count; i++) {
		const struct source_run *it = subtask_source(run->subtask[i],
		    source);
		uint64_t bytes, records;
		const char *unseen = NULL;
		if (it == NULL)
			continue;
		source_run_counts(it, &bytes, &records);
		if (records == 0)
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
			const struct source_run *it = subtask_source(
			    run->subtask[k], i);
			uint64_t bytes, records = 0;
			if (it != NULL)
				source_run_counts(it, &bytes, &records);
			if (records == 0)
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
	    run->subtask_count, run->checkpoints, &out);
	run->config->report(run->config->report_cookie, &out);
	buf_fini(&out);
}

static void
run_close(struct run *run)
{
	checkpoints_free(&run->checkpoints);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		subtask_free(&run->subtask[i]);
	for (uint32_t i = 0; run->edge != NULL && i < run->tasks->edge_count;
	    i++)
		edge_free(&run->edge[i]);
	for (uint32_t i = 1; run->copy != NULL && i < run->tasks->copy_count;
	    i++)
		plan_free(&run->copy[i]);
	store_close(&run->store);
	sched_free(&run->sched);
	tasks_free(&run->tasks);
	mem_free(run->subtask);
	mem_free(run->first);
	mem_free(run->edge);
	mem_free(run->copy);
}

static int
run_steps(struct run *run, struct err *err)
{
	run->sched = sched_new(run->config->workers, run->config->is_sim);
	for (uint32_t i = 0; i < run->subtask_count; i++)
		sched_add(run->sched, subtask_task(run->subtask[i]));
	if (run->store != NULL && run_start_checkpoints(run, err) != 0)
		return -1;
	if (run->config->report != NULL)
		sched_set_figures(run->sched, run_report, run);
	int status = sched_run(run->sched, err);
	if (status == 0 && run->stopped.kind != ERR_NONE) {
		*err = run->stopped;
		status = -1;
	}
	/* Nothing that ^C has cut short is a normal end. */
	if (status == 0 && interrupt_is_set() && run->store == NULL)
		status = err_set(err, ERR_INTERRUPT, "interrupted");
	if (run->checkpoints != NULL && checkpoints_finish(run->checkpoints,
	    status == 0, err) != 0)
		status = -1;
	return status;
}

int
run_plan(struct plan *plan, const struct run_config *config, struct err *err)
{
	struct run run = { .plan = plan, .config = config,
	    .stopped = ERR_INIT };
	int status = 0;

	run.shared = (struct subtask_shared){
		.bad = config->bad, .warn = config->warn,
		.warn_cookie = config->warn_cookie,
		.stopped = run_stopped, .stopped_cookie = &run,
		.outputs = { .stop = ERR_INIT, .in_place = run_is_live(plan) ||
		    config->checkpoint_dir != NULL,
		    .has_checkpoints = config->checkpoint_dir != NULL },
	};
	if (config->checkpoint_dir != NULL)
		status = run_open_store(&run, err);
	if (status == 0)
		status = run_build(&run, err);
	if (status == 0)
		status = run_steps(&run, err);
	if (status == 0 && run.sched != NULL)
		run_warn(&run);
	if (status == 0 && run.sched != NULL && config->stats)
		run_report(&run);
	run_close(&run);
	return status < 0 ? -1 : 0;
}
