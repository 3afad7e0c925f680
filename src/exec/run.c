/*
 * Running a bounded plan in the calling thread.
 *
 * Sources are read one after another in the plan's order, which has what a join
 * keeps before what it is joined to.  Every batch runs through its whole chain
 * before the next is read: a simple pipe needs no queue and no thread.
 *
 *     open all operators, sinks too        (a bad output path fails first)
 *     per source: next batch -> push ... -> end
 *     close all operators
 *
 * When a source has nothing for now, the chain is told to pause, and sinks
 * write what they hold, before more is waited for: a line that came is out
 * before the next is there.
 */
#include "exec/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/bad.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/interrupt.h"

struct run {
	const struct plan *plan;
	struct op_job job;
	struct op_run *op;	/* by op->id */
	uint32_t opened;
	struct source_run **source;	/* by their order in the plan */
	struct env_waits waits;
};

static struct op_run *
run_of(struct run *run, const struct op *op)
{
	return op == NULL ? NULL : &run->op[op->id];
}

/* The running operators, tied together as the plan has them. */
static void
run_build(struct run *run)
{
	const struct flow *flow = run->plan->flow;

	run->op = mem_alloc_zero((flow->op_count + 1) * sizeof(*run->op));
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *op = flow->op[i];
		struct op_run *it = &run->op[op->id];
		op_run_init(it, op, &run->job);
		it->next = run_of(run, op->next);
		it->next_port = op->next_port;
		it->side = run_of(run, op->side);
		it->side_port = op->side_port;
	}
}

static int
run_open(struct run *run, struct err *err)
{
	const struct flow *flow = run->plan->flow;

	for (; run->opened < flow->op_count; run->opened++) {
		struct op_run *it = &run->op[run->opened];
		if (it->op->def->open != NULL &&
		    it->op->def->open(it, err) != 0) {
			run->opened++;
			return -1;
		}
	}
	return 0;
}

static void
run_close(struct run *run)
{
	const struct flow *flow = run->plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op_run *it = &run->op[i];
		if (i < run->opened && it->op->def->close != NULL)
			it->op->def->close(it);
		mem_free(it->state);
	}
	mem_free(run->op);
}

/* The running source, told what is needed of it; the names live as long as the
 * flow. */
static struct source_run *
run_new_source(struct run *run, const struct flow_source *source,
	const struct need_set *need)
{
	uint32_t count = need_count(need);
	const char **name = region_alloc(run->plan->flow->region,
	    (count + 1) * sizeof(*name));

	for (uint32_t i = 0; i < count; i++)
		name[i] = need_name(need, i);
	struct need wanted = {
		.all = need_is_all(need), .record = need_has_record(need),
		.name = name, .name_count = count,
	};
	return source_run_new(source->source, 0, 1, &wanted, run->job.bad);
}

static void
run_new_sources(struct run *run)
{
	const struct plan *plan = run->plan;
	uint32_t count = plan->flow->source_count;

	run->source = mem_alloc_zero((count + 1) *
	    sizeof(struct source_run *));
	for (uint32_t i = 0; i < count; i++)
		run->source[i] = run_new_source(run, plan->flow->source[i],
		    plan->need[i]);
}

static void
run_free_sources(struct run *run)
{
	for (uint32_t i = 0; i < run->plan->flow->source_count; i++)
		source_run_free(&run->source[i]);
	mem_free(run->source);
	env_waits_fini(&run->waits);
}

static int
is_optional(const struct flow *flow, const char *name)
{
	for (uint32_t i = 0; i < flow->optional_count; i++)
		if (strcmp(flow->optional[i], name) == 0)
			return 1;
	return 0;
}

/* A misspelt field of JSON lines is no error, but it is said. */
static void
run_warn_unseen(struct run *run, const struct flow_source *source,
	const struct source_run *reading)
{
	const char *name;

	for (uint32_t i = 0;
	    (name = source_run_unseen(reading, i)) != NULL; i++) {
		char message[256];
		if (is_optional(run->plan->flow, name) ||
		    run->job.warn == NULL)
			continue;
		snprintf(message, sizeof(message), "no record of %s has a "
		    "field '%s' (write %s? if that may be)",
		    source_label(source->source), name, name);
		run->job.warn(run->job.warn_cookie, message);
	}
}

static void
run_stats(const struct run *run, struct buf *out)
{
	for (uint32_t i = 0; i < run->plan->flow->op_count; i++) {
		const struct op_run *it = &run->op[i];
		buf_add_format(out, "%-10s %12llu rows in %12llu out",
		    it->op->def->name, (unsigned long long)it->rows_in,
		    (unsigned long long)it->rows_out);
		if (it->budget.peak_bytes > 0)
			buf_add_format(out, " %8.1f MiB held",
			    (double)it->budget.peak_bytes / (1 << 20));
		buf_add_char(out, '\n');
	}
}

/* The figures so far, for who sent USR1. */
static void
run_print_stats(const struct run *run)
{
	struct buf out = { 0 };

	run_stats(run, &out);
	/* Whoever closed standard error does not want to know. */
	(void)env_write_all(STDERR_FILENO, out.bytes, out.size);
	buf_fini(&out);
}

static int
interrupted(struct err *err)
{
	return err_set(err, ERR_INTERRUPT, "interrupted");
}

/* Nothing for now: out with what there is, then wait. */
static enum op_status
run_wait(struct run *run, struct op_run *first, struct source_run *reading,
	struct err *err)
{
	if (op_pause(first, err) == OP_FAIL)
		return OP_FAIL;
	env_waits_clear(&run->waits);
	source_run_wait(reading, &run->waits);
	/* A signal that came before the wait must end it too. */
	env_waits_add(&run->waits, interrupt_fd(), 0);
	if (env->wait(&run->waits) >= 0 || errno == EINTR)
		return OP_OK;
	err_set_errno(err, ERR_IO, errno, "cannot wait for input");
	return OP_FAIL;
}

/* Pass on what came. */
static enum op_status
run_take(struct run *run, const struct flow_source *source,
	struct source_run *reading, enum source_got got,
	struct source_item *item, struct err *err)
{
	struct op_run *first = run_of(run, source->next);

	if (got == SOURCE_WAIT)
		return run_wait(run, first, reading, err);
	if (got == SOURCE_SPLIT)
		return op_split(first, item->split, item->what, err);
	enum op_status status = op_push(first, source->next_port, item->batch,
	    err);
	if (status != OP_OK || run->job.stop.kind == ERR_NONE)
		return status;
	*err = run->job.stop;
	return OP_FAIL;
}

static int
run_source(struct run *run, const struct flow_source *source,
	struct source_run *reading, struct err *err)
{
	struct op_run *first = run_of(run, source->next);
	enum source_got got = SOURCE_WAIT;
	enum op_status status = OP_OK;
	struct source_item item;

	while (status == OP_OK && !first->done) {
		if (interrupt_is_set())
			return interrupted(err);
		if (interrupt_stats_wanted())
			run_print_stats(run);
		got = source_run_next(reading, &item, err);
		if (got <= SOURCE_END)
			break;
		status = run_take(run, source, reading, got, &item, err);
	}
	/* Enough was got before the record that would have stopped it. */
	if (status != OP_FAIL)
		err_clear(&run->job.stop);
	if (got == SOURCE_FAIL || status == OP_FAIL)
		return -1;
	/* Whoever interrupts may close the input too: that is no end. */
	if (interrupt_is_set())
		return interrupted(err);
	if (got == SOURCE_END)
		run_warn_unseen(run, source, reading);
	return op_end(first, source->next_port, err) == OP_FAIL ? -1 : 0;
}

int
run_plan(const struct plan *plan, const struct run_config *config,
	struct err *err)
{
	struct run run = {
		.plan = plan,
		.job = { .bad = config->bad, .warn = config->warn,
		    .warn_cookie = config->warn_cookie, .stop = ERR_INIT },
	};
	const struct flow *flow = plan->flow;

	run_build(&run);
	run_new_sources(&run);
	int status = run_open(&run, err);
	for (uint32_t i = 0; i < flow->source_count && status == 0; i++)
		status = run_source(&run, flow->source[i], run.source[i], err);
	if (status == 0 && config->stats != NULL)
		run_stats(&run, config->stats);
	run_close(&run);
	run_free_sources(&run);
	return status;
}
