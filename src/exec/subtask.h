#ifndef SFLOW_EXEC_SUBTASK_H
#define SFLOW_EXEC_SUBTASK_H

#include <stdint.h>

#include "exec/edge.h"
#include "exec/sched.h"
#include "plan/tasks.h"

struct bad;
struct buf;
struct err;
struct frozen;
struct save;

/*
 * An instance of a task: its operators, tied together as the plan has them,
 * between what it reads (sources, or an edge) and the edges it gives to.
 */
struct subtask;

/* What the instances of a job share. */
struct subtask_shared {
	struct bad *bad;
	void (*warn)(void *cookie, const char *message);
	void *warn_cookie;
	/*
	 * A barrier has passed through the instance: the image of its state is
	 * `frozen`, which the callee owns and turns into entries by
	 * subtask_save().  Called in a step; must not wait.
	 */
	void (*barrier)(void *cookie, struct subtask *, uint64_t number,
		struct frozen *take_frozen);
	/* The instance is through; `frozen` is its last state. */
	void (*ended)(void *cookie, struct subtask *,
		struct frozen *take_frozen);
	void *cookie;		/* NULL: the job has no checkpoints */
	/*
	 * An error that lets what is good before it through: of a task, at a
	 * turn of its source (0: none).  In the order of the input the one of
	 * the deepest task and the least turn is the first.  Any thread.
	 */
	void (*stopped)(void *cookie, uint32_t task, uint64_t turn,
		const struct err *);
	/* Such an error has reached a task that gives to nobody: it was not
	 * behind the last record that anyone wanted.  Any thread. */
	void (*reached)(void *cookie);
	void *stopped_cookie;
	struct op_job outputs;	/* how sinks are to open: op/op.h */
	const struct plan *plan;	/* the first copy */
	/* Of OP_JOINT operators, by op id; else NULL. */
	struct joint **joint;
	void **share;
};

/* `copy` is the instance's own copy of the plan; `need` by source. */
struct subtask *subtask_new(const struct task_plan *, uint32_t index,
	const struct plan *copy, const struct subtask_shared *);
void subtask_free(struct subtask **);
struct task *subtask_task(struct subtask *);
const struct task_plan *subtask_plan(const struct subtask *);
uint32_t subtask_index(const struct subtask *);
/* Before subtask_open. */
void subtask_set_in(struct subtask *, struct edge *);
void subtask_add_out(struct subtask *, struct edge *);
/* Open the operators, sinks too.  0 or -1. */
int subtask_open(struct subtask *, struct err *);
/* The whole job has ended well: op_commit_f of its operators. */
int subtask_commit(struct subtask *, struct err *);
/*
 * Behind open, before the first step: give an entry to operator or source
 * `part` (as subtask_save wrote it). Entries of parts that are not here, and
 * of key groups of others, are ignored.
 */
int subtask_load(struct subtask *, const char *bytes, size_t size,
	uint32_t key_group, struct err *);
/* Is it through, and all it gave in the channels? */
int subtask_has_left(const struct subtask *);
/* Sources only, others ignore it: a barrier goes out before the next record,
 * and no record after it if it `halts`.  From any thread. */
void subtask_want_barrier(struct subtask *, uint64_t number, int halts);
/* Shall its sources not be read for now?  Barriers still go out. */
void subtask_hold(struct subtask *, int is_held);
/* ^C: sources end where they are.  Any thread. */
void subtask_stop(struct subtask *);

/* The state of all operators and sources of an instance at a barrier is a
 * `struct frozen`: turn it into entries; on any thread, beside the running
 * instance. */
int subtask_save(struct subtask *, struct frozen *, struct save *,
	struct err *);
void subtask_thaw(struct subtask *, struct frozen **);

/* --- figures --- */

struct subtask_counts {
	uint64_t busy_ns, blocked_ns, idle_ns;
	uint64_t bytes_in;
	int64_t mark_us;
};
void subtask_counts(const struct subtask *, struct subtask_counts *);
/* The running operators by op id; NULL where it is another task's. */
const struct op_run *subtask_op(const struct subtask *, uint32_t op_id);
/* Names that no record of source number k had; see source_run_unseen. */
const struct source_run *subtask_source(const struct subtask *,
	uint32_t source);

#endif
