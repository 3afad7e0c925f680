#ifndef SFLOW_EXEC_RUN_H
#define SFLOW_EXEC_RUN_H

#include <stdint.h>

#include "plan/plan.h"
#include "plan/tasks.h"

struct bad;
struct buf;
struct err;

struct run_config {
	struct bad *bad;
	void (*warn)(void *cookie, const char *message);
	void *warn_cookie;
	/*
	 * Bind the program once more: every instance that runs beside another
	 * has a plan of its own.  NULL: never asked, one worker.
	 */
	struct plan *(*copy)(void *cookie, struct err *);
	void *copy_cookie;
	unsigned workers;
	/* A single deterministic worker: the sim back end is in force. */
	int is_sim;
	/* Where temporary files go, and how much may lie there; 0: no limit. */
	const char *tmp;
	uint64_t disk_bytes;
	/* Barriers will come; so it is with checkpoint_dir, and in a worker of
	 * such a job. */
	int has_checkpoints;
	/* --checkpoint; NULL: none. */
	const char *checkpoint_dir;
	uint64_t every_us;
	uint64_t program;	/* fingerprint: who may resume */
	/* --hosts, then those of ssh(); the first keyed_host_count of them run
	 * keyed instances. */
	const char *const *host;
	uint32_t host_count, keyed_host_count;
	const char *launch;	/* NULL: ssh */
	/* Append the order for a host's worker: net/order.h. */
	void (*order)(void *cookie, uint32_t host, struct buf *out);
	void *order_cookie;
	/* Print statistics to `report` at the end (stats), and on SIGUSR1. */
	int stats;
	/* Only measure: what is written is thrown away, and the plan goes to
	 * `report` with its figures. */
	int measures;
	void (*report)(void *cookie, const struct buf *);
	void *report_cookie;
};

/*
 * Run a plan to its end.  0; or -1 with err: outputs that were not complete
 * have not appeared.  A reader of our output that went away is a normal end.
 * ERR_INTERRUPT when a signal asked to stop.
 */
int run_plan(struct plan *, const struct run_config *, struct err *);
/*
 * Run host `index`'s part of a job: `link` leads to the process that started it
 * and has brought the order.  0 or -1, which that process has been told.
 */
struct link;
int run_worker(struct plan *, const struct run_config *, uint32_t index,
	struct link *take_link, struct err *);
/* The tasks that run_plan would make, for explain; tasks_free(). */
struct tasks *run_tasks(const struct plan *, const struct run_config *);

#endif
