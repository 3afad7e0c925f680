#ifndef SFLOW_EXEC_REMOTES_H
#define SFLOW_EXEC_REMOTES_H

#include <stdint.h>

#include "exec/remote.h"

struct bad;
struct buf;
struct checkpoints;
struct err;
struct save;
struct sched;

/*
 * The workers on other hosts, for the process that starts a job: it launches
 * them, gives each the job's order, and hears what they say beside the records.
 */
struct remotes;

struct remotes_config {
	const char *const *host;
	uint32_t host_count;
	const char *launch;	/* template, see net/launch.h; NULL: ssh */
	/* Append the order for host `index` (net/order.h). */
	void (*order)(void *cookie, uint32_t index, struct buf *out);
	void *order_cookie;
	struct bad *bad;
	uint32_t op_count;	/* of the flow */
};

/* What workers told of an operator at their end. */
struct remotes_figures {
	uint64_t rows_in, rows_out, held_bytes, spilled_bytes;
};

/*
 * Start a worker on every host and wait until each has bound the program.  NULL
 * with err, which names the host.
 */
struct remotes *remotes_start(const struct remotes_config *, struct err *);
/* Workers that still run are ended; those that do not hear it are killed. */
void remotes_free(struct remotes **);
struct remote *remotes_at(struct remotes *, uint32_t host);
/* What a checkpoint has, for all; each takes what is its own. */
int remotes_load(struct remotes *, const struct save *, struct err *);
/* Let them run, their tasks in this scheduler here; after
 * remotes_set_checkpoints.  ^C stops their sources, or is the checkpoints'. */
void remotes_run(struct remotes *, struct sched *);
/* Where what they save goes; and for checkpoints_config. */
void remotes_set_checkpoints(struct remotes *, struct checkpoints *);
void remotes_want(void *cookie, uint64_t number, int halts);
void remotes_hold(void *cookie, int is_held);
/* The job has failed with `err`: if that is because a host is gone, say how the
 * program that led there ended. */
void remotes_explain(struct remotes *, struct err *err);
/* By op id. */
const struct remotes_figures *remotes_figures(const struct remotes *);

/* --- what both sides write and read ------------------------------------ */

/* Entries as they travel: index, number, then each entry. */
void remotes_write_part(struct buf *, uint32_t index, uint64_t number,
	const struct save *);
/* The entries of such a part; NULL if it is cut off. */
struct save *remotes_read_part(const char *bytes, size_t size);
/* Tell the process that started the job why this one fails, and wait until it
 * is told or gone. */
void remotes_say_error(struct remote *, const struct err *);

#endif
