#ifndef SFLOW_EXEC_RUN_PRIV_H
#define SFLOW_EXEC_RUN_PRIV_H

#include <stdint.h>

#include "exec/run.h"
#include "exec/subtask.h"
#include "util/err.h"
#include "util/thr.h"

struct checkpoints;
struct remote;
struct remotes;
struct save;
struct sched;
struct spill;
struct store;

/* A job, in the process that started it or in a worker. */
struct run {
	struct plan *plan;
	const struct run_config *config;
	struct tasks *tasks;
	uint32_t here;			/* host index, or TASK_HERE */
	struct plan **copy;		/* copy[0] is the plan */
	/* Of all tasks, in order; NULL where another process runs it. */
	struct subtask **subtask;
	uint32_t subtask_count;
	uint32_t *first;		/* of each task's instances */
	struct edge **edge;
	uint32_t channel_count;		/* of all edges so far */
	uint64_t channel_bytes;
	struct subtask_shared shared;
	struct spill *spill;
	struct sched *sched;
	struct store *store;
	struct checkpoints *checkpoints;
	struct remotes *remotes;	/* the starting process's */
	struct remote *remote;		/* a worker's */
	struct err stopped;		/* a bad record ended the job */
	uint32_t stopped_task;
	uint64_t stopped_turn;
	struct thr_lock stopped_lock;	/* of the three */
	int is_stopped;			/* it has reached a sink; atomic */
};

void run_init(struct run *, struct plan *, const struct run_config *);
/* Instances, channels, operators opened. */
int run_build(struct run *, struct err *);
int run_load_entries(struct run *, const struct save *, struct err *);
void run_schedule(struct run *);
void run_close(struct run *);
/* The link that leads to an instance of another process. */
struct remote *run_remote_of(const struct run *, const struct task_plan *,
	uint32_t index);

#endif
