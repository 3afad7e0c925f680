/*
 * Figures of a job, summed over the instances of each operator.
 */
#include "exec/stats.h"

#include <string.h>

#include "data/moment.h"
#include "exec/checkpoint.h"
#include "exec/remotes.h"
#include "exec/subtask.h"
#include "plan/tasks.h"
#include "util/buf.h"
#include "util/env.h"

static void
stats_op(const struct op *op, struct subtask *const *subtask, uint32_t count,
	const struct remotes_figures *elsewhere, struct buf *out)
{
	uint64_t rows_in = 0, rows_out = 0, held = 0, spilled = 0;
	int64_t mark = INT64_MAX;

	for (uint32_t i = 0; i < count; i++) {
		const struct op_run *run = subtask[i] == NULL ? NULL :
		    subtask_op(subtask[i], op->id);
		if (run == NULL)
			continue;
		rows_in += run->rows_in;
		rows_out += run->rows_out;
		held += run->budget.peak_bytes;
		spilled += __atomic_load_n(&run->spilled_bytes,
		    __ATOMIC_RELAXED);
		if (run->marked_us < mark)
			mark = run->marked_us;
	}
	if (elsewhere != NULL) {
		rows_in += elsewhere[op->id].rows_in;
		rows_out += elsewhere[op->id].rows_out;
		held += elsewhere[op->id].held_bytes;
		spilled += elsewhere[op->id].spilled_bytes;
	}
	buf_add_format(out, "%-10s %12llu rows in %12llu out", op->def->name,
	    (unsigned long long)rows_in, (unsigned long long)rows_out);
	if (held > 0)
		buf_add_format(out, " %8.1f MiB held",
		    (double)held / (1 << 20));
	if (spilled > 0)
		buf_add_format(out, " %8.1f MiB spilled",
		    (double)spilled / (1 << 20));
	if (mark != INT64_MAX && mark != INT64_MIN) {
		buf_add_string(out, "  at ");
		char text[64];
		buf_add(out, text, moment_format(mark, text));
	}
	buf_add_char(out, '\n');
}

static double
percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

static void
stats_task(const struct task_plan *task, struct subtask *const *subtask,
	uint32_t count, struct buf *out)
{
	struct subtask_counts sum = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct subtask_counts one;
		if (subtask[i] == NULL || subtask_plan(subtask[i]) != task)
			continue;
		subtask_counts(subtask[i], &one);
		sum.busy_ns += one.busy_ns;
		sum.blocked_ns += one.blocked_ns;
		sum.idle_ns += one.idle_ns;
		sum.bytes_in += one.bytes_in;
	}
	uint64_t all = sum.busy_ns + sum.blocked_ns + sum.idle_ns;
	buf_add_format(out, "task %u x %-2u  %12.1f MiB in  busy %5.1f %%  "
	    "idle %5.1f %%  blocked %5.1f %%\n", task->id, task->width,
	    (double)sum.bytes_in / (1 << 20), percent(sum.busy_ns, all),
	    percent(sum.idle_ns, all), percent(sum.blocked_ns, all));
}

void
stats_print(const struct flow *flow, const struct tasks *tasks,
	struct subtask *const *subtask, uint32_t subtask_count,
	const struct remotes_figures *elsewhere,
	struct checkpoints *checkpoints, struct buf *out)
{
	for (uint32_t i = 0; i < flow->op_count; i++)
		if (!flow->op[i]->is_out)
			stats_op(flow->op[i], subtask, subtask_count,
			    elsewhere, out);
	for (uint32_t i = 0; i < tasks->task_count; i++)
		stats_task(tasks->task[i], subtask, subtask_count, out);
	struct env_usage usage;
	env_usage_read(&usage);
	buf_add_format(out, "memory %18.1f MiB at most\n",
	    (double)usage.rss_peak_bytes / (1 << 20));
	if (checkpoints != NULL) {
		uint64_t count, bytes, slowest_us;
		checkpoints_counts(checkpoints, &count, &bytes, &slowest_us);
		buf_add_format(out, "%llu checkpoints, %.1f MiB, the slowest "
		    "%.1f ms\n", (unsigned long long)count,
		    (double)bytes / (1 << 20), (double)slowest_us / 1000);
	}
}

/* --- explain --run --- */

struct measured {
	const struct plan *plan;
	struct subtask *const *subtask;
	uint32_t count;
	const struct remotes_figures *elsewhere;
	uint64_t all_ns;
};

/* What an instance was busy with besides its operators: reading. */
static uint64_t
reading_ns(const struct measured *it, const struct subtask *subtask)
{
	struct subtask_counts counts;
	uint64_t own_ns = 0;

	subtask_counts(subtask, &counts);
	for (uint32_t i = 0; i < it->plan->flow->op_count; i++) {
		const struct op_run *run = subtask_op(subtask, i);
		own_ns += run == NULL ? 0 : run->self_ns;
	}
	return counts.busy_ns > own_ns ? counts.busy_ns - own_ns : 0;
}

static void
measured_line(const struct measured *it, uint64_t rows, uint64_t ns,
	uint64_t held, uint64_t spilled, struct buf *out)
{
	buf_add_format(out, "%12llu %5.1f %%", (unsigned long long)rows,
	    percent(ns, it->all_ns));
	if (held > 0)
		buf_add_format(out, " %8.1f", (double)held / (1 << 20));
	else
		buf_add_format(out, " %8s", "-");
	if (spilled > 0)
		buf_add_format(out, " %8.1f  ", (double)spilled / (1 << 20));
	else
		buf_add_format(out, " %8s  ", "-");
}

static void
measured_source(const struct measured *it, uint32_t index, struct buf *out)
{
	uint64_t rows = 0, ns = 0;

	for (uint32_t i = 0; i < it->count; i++) {
		const struct source_run *run = it->subtask[i] == NULL ? NULL :
		    subtask_source(it->subtask[i], index);
		uint64_t bytes, records;
		if (run == NULL)
			continue;
		source_run_counts(run, &bytes, &records);
		rows += records;
		/* Of several that one task reads the first stands for all. */
		if (index == subtask_plan(it->subtask[i])->source[0])
			ns += reading_ns(it, it->subtask[i]);
	}
	measured_line(it, rows, ns, 0, 0, out);
}

static void
measured_op(const struct measured *it, const struct op *op, struct buf *out)
{
	uint64_t rows = 0, ns = 0, held = 0, spilled = 0;
	int is_sink = (op->def->flags & OP_SINK) != 0;

	for (uint32_t i = 0; i < it->count; i++) {
		const struct op_run *run = it->subtask[i] == NULL ? NULL :
		    subtask_op(it->subtask[i], op->id);
		if (run == NULL)
			continue;
		rows += is_sink ? run->rows_in : run->rows_out;
		ns += run->self_ns;
		held += run->budget.peak_bytes;
		spilled += __atomic_load_n(&run->spilled_bytes,
		    __ATOMIC_RELAXED);
	}
	if (it->elsewhere != NULL) {
		const struct remotes_figures *there = &it->elsewhere[op->id];
		rows += is_sink ? there->rows_in : there->rows_out;
		held += there->held_bytes;
		spilled += there->spilled_bytes;
	}
	measured_line(it, rows, ns, held, spilled, out);
}

static void
measured_before(void *cookie, uint32_t source_index, const struct op *op,
	struct buf *out)
{
	if (op == NULL)
		measured_source(cookie, source_index, out);
	else
		measured_op(cookie, op, out);
}

void
stats_explain(const struct plan *plan, const struct tasks *tasks,
	struct subtask *const *subtask, uint32_t subtask_count,
	const struct remotes_figures *elsewhere, struct buf *out)
{
	struct measured it = { plan, subtask, subtask_count, elsewhere, 0 };
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < subtask_count; i++) {
		struct subtask_counts counts;
		if (subtask[i] == NULL)
			continue;
		subtask_counts(subtask[i], &counts);
		it.all_ns += counts.busy_ns;
		bytes += subtask_plan(subtask[i])->source_count > 0 ?
		    counts.bytes_in : 0;
	}
	buf_add_format(out, "%12s %7s %8s %8s\n", "rows", "time", "MiB",
	    "spilled");
	plan_explain_with(plan, measured_before, &it, out);
	if (tasks->instance_count > 1) {
		buf_add_char(out, '\n');
		tasks_explain(plan, tasks, out);
	}
	buf_add_format(out, "\n%.1f MiB read, %.3f s of work\n",
	    (double)bytes / (1 << 20), (double)it.all_ns / 1e9);
}
