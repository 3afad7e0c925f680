#ifndef SFLOW_EXEC_CHECKPOINT_H
#define SFLOW_EXEC_CHECKPOINT_H

#include <stdint.h>

#include "exec/subtask.h"

struct err;
struct save;
struct store;

/*
 * Checkpoints of a running job: when one is due the sources send a barrier,
 * each instance hands in its image when the barrier has passed it, the images
 * become files beside the running job, and a manifest makes them the state to
 * resume from.
 */
struct checkpoints;

struct checkpoints_config {
	struct store *store;
	uint64_t every_us;
	const struct tasks *tasks;
	/* Of all tasks, in order; NULL where another host runs it. */
	struct subtask **subtask;
	struct sched *sched;
	uint64_t program;	/* fingerprint of what is run */
	/* Tell other hosts: a barrier is wanted; sources are held or not.
	 * NULL: there are none. */
	void (*want)(void *cookie, uint64_t number, int halts);
	void (*hold)(void *cookie, int is_held);
	void *remote_cookie;
};

struct checkpoints *checkpoints_new(const struct checkpoints_config *);
void checkpoints_free(struct checkpoints **);
/* For subtask_shared: barrier, ended, and their cookie. */
void checkpoints_barrier(void *cookie, struct subtask *, uint64_t number,
	struct frozen *take_frozen);
void checkpoints_ended(void *cookie, struct subtask *,
	struct frozen *take_frozen);
/* Is there an instance of that index, and is it on another host? */
int checkpoints_has(const struct checkpoints *, uint32_t index);
/* The same for instance `index` of all, on another host: what it has saved. */
void checkpoints_take(struct checkpoints *, uint32_t index, uint64_t number,
	struct save *take_save);
/* Add its task to the scheduler and let the first checkpoint begin, before
 * which no source reads: it knows where outputs began. */
int checkpoints_start(struct checkpoints *, struct err *);
/* The scheduler has ended. If the job is through, say so in a last manifest. */
int checkpoints_finish(struct checkpoints *, int is_through, struct err *);
/* How many were published, and how long the slowest took. */
void checkpoints_counts(struct checkpoints *, uint64_t *count,
	uint64_t *bytes, uint64_t *slowest_us);

#endif
