#ifndef SFLOW_EXEC_SUBTASK_PRIV_H
#define SFLOW_EXEC_SUBTASK_PRIV_H

#include "exec/subtask.h"
#include "util/err.h"

struct save;

struct source_in {
	struct source_run *run;
	struct need need;
	uint32_t index;		/* in flow->source */
	struct op_run *head;
	unsigned port;
	int is_live;
	int drains;		/* ^C is its end, not the job's failure */
	int paused;
	int ended;
	int stopped;
	/* Read before its turn. */
	int has_ahead;
	enum source_got ahead_got;
	struct source_item ahead;
	struct err ahead_err;
	struct save *ahead_save;	/* as of before it */
};

struct subtask {
	struct task task;
	const struct task_plan *plan;
	uint32_t index;
	const struct plan *copy;
	const struct subtask_shared *shared;
	struct op_job job;
	struct op_run *op;		/* like plan->op */
	uint32_t op_opened;
	struct op_run **by_id;		/* by op id */
	struct source_in *source;
	uint32_t source_at;
	int has_begun;			/* several sources: their splits */
	/* Turns of all that was ended before; sent of what is read or worked on
	 * now. */
	uint64_t turn_base, turns_sent;
	struct edge *in_edge;
	struct edge_in *in;
	struct op_run *in_head;
	struct edge_out **out;
	uint32_t out_count;
	uint64_t barrier_wanted;	/* atomic */
	uint64_t barrier_done;
	int barrier_halts;		/* atomic, before barrier_wanted */
	int is_held;			/* atomic */
	int stop_wanted;		/* atomic */
	int has_ticks;
	int has_joint;			/* of several instances */
	int is_blocked;
	int is_resting;		/* held, or behind the last barrier */
	int is_done;
	int has_left;			/* atomic */
	uint64_t left_ns;		/* when the last step ended */
	struct subtask_counts counts;
};

/* An image of all operators and sources; NULL with err. */
struct frozen *subtask_freeze(struct subtask *, struct err *);

/* --- between the files of the instance --- */

/* Do records have an event time somewhere? */
int subtask_has_time(const struct subtask *);
/* Read on; TASK_DONE when all sources have ended. */
enum task_status subtask_sources_step(struct subtask *, struct err *);
/* No more of this source: tell the chain. */
enum task_status subtask_source_end(struct subtask *, struct source_in *,
	struct err *);
/* What a push or flush came to. */
enum task_status subtask_judge(struct subtask *, enum op_status,
	struct err *);
/* A bad record ends the job, but not what was good before it. */
enum task_status subtask_fail(struct subtask *, struct err *);
/* The instance is through, and its operators have been told. */
enum task_status subtask_end(struct subtask *, struct err *);
/* Nothing more for now: what is held, and what was rejected, goes out. */
enum op_status subtask_pause(struct subtask *, struct op_run *head,
	struct err *);
/* A split or range is through. */
void subtask_send_turn(struct subtask *, uint64_t number);
/* The turns of what has ended, `count` in all, and of the instances that had
 * one less; job.turn is that of what comes behind them. */
void subtask_end_turns(struct subtask *, uint64_t count);

#endif
