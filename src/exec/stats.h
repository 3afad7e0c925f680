#ifndef SFLOW_EXEC_STATS_H
#define SFLOW_EXEC_STATS_H

#include <stdint.h>

struct buf;
struct checkpoints;
struct flow;
struct plan;
struct remotes_figures;
struct subtask;
struct tasks;

/*
 * Append what the job has done so far: a line per operator (rows in and out,
 * memory held, bytes spilled, event time), a line per task (bytes, how its
 * instances spent their time), one for what the process had resident at most,
 * one for checkpoints.  No instance may be stepped
 * meanwhile.
 */
void stats_print(const struct flow *, const struct tasks *,
	struct subtask *const *, uint32_t subtask_count,
	const struct remotes_figures *, struct checkpoints *, struct buf *);
/* The plan as plan_explain has it, with what was measured in front: rows that
 * came out, time (a share of all), memory, bytes spilled. */
void stats_explain(const struct plan *, const struct tasks *,
	struct subtask *const *, uint32_t subtask_count,
	const struct remotes_figures *, struct buf *);

#endif
