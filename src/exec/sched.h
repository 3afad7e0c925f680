#ifndef SFLOW_EXEC_SCHED_H
#define SFLOW_EXEC_SCHED_H

#include <stdint.h>

struct env_waits;
struct err;
struct sched;
struct task;

/*
 * Workers that run what is ready.  A task is something that can be stepped: one
 * step handles a few batches and never waits. When it has nothing to do it
 * says so and is stepped again after task_notify(), or when something that it
 * waits for outside (`waits`) has come.
 */
enum task_status {
	TASK_FAIL = -1,		/* err is filled: the job ends */
	TASK_AGAIN,		/* there is more to do */
	TASK_WAIT,		/* until it is notified, or `waits` */
	TASK_DONE,		/* never again */
};

typedef enum task_status task_step_f(struct task *, struct err *);
/* Add what is waited for outside; called while the task is not stepped. */
typedef void task_waits_f(struct task *, struct env_waits *);

/* The scheduler's part of a task, embedded at its front. */
struct task {
	const char *name;
	task_step_f *step;
	task_waits_f *waits;	/* NULL: nothing outside */
	int is_service;		/* the job may end while it is not done */
	struct sched *sched;
	int state;		/* enum in sched.c; atomic */
	uint64_t deadline_ns;	/* the poller's */
	uint32_t wait_first, wait_count;
};

/*
 * `workers` threads, the caller's among them.  A seed makes one deterministic
 * worker of it that picks what is ready by lot: the sim back end of util/env
 * must be in force then.
 */
struct sched *sched_new(unsigned workers, int is_sim);
void sched_free(struct sched **);
/* Before sched_run; the task stays the caller's. */
void sched_add(struct sched *, struct task *);
/* Let it be stepped (again); from any thread. */
void task_notify(struct task *);
/*
 * Step tasks until all but services are done (0) or one fails (-1, its err).
 * Starts workers - 1 threads, but never more than there are tasks for; none for
 * one task.
 */
int sched_run(struct sched *, struct err *);
/* End sched_run from within with an error; the first one counts.  From any
 * thread. */
void sched_fail(struct sched *, const struct err *);
/* What USR1 asks for; called while no task is stepped. */
typedef void sched_figures_f(void *cookie);
void sched_set_figures(struct sched *, sched_figures_f *, void *cookie);
unsigned sched_workers(const struct sched *);
int sched_is_sim(const struct sched *);

#endif
