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
	if (checkpoints != NULL) {
		uint64_t count, bytes, slowest_us;
		checkpoints_counts(checkpoints, &count, &bytes, &slowest_us);
		buf_add_format(out, "%llu checkpoints, %.1f MiB, the slowest "
		    "%.1f ms\n", (unsigned long long)count,
		    (double)bytes / (1 << 20), (double)slowest_us / 1000);
	}
}
