#ifndef SFLOW_EXEC_REMOTE_H
#define SFLOW_EXEC_REMOTE_H

#include <stdint.h>

#include "exec/edge.h"

struct bad_record;
struct err;
struct link;
struct save;
struct task;

/*
 * The other end of a link: a worker, for the process that started the job; that
 * process, for a worker.  It carries channels whose ends are in different
 * processes: here it is the task at a channel's other end, taking from it what
 * is sent, or putting into it what has come.  Whatever is sent to a third
 * process passes through the starting one: there two of them stand at both
 * ends.
 *
 * A channel has credit: so many bytes may be on their way or wait at the other
 * end.  Credit comes back when the taker has taken.
 */
struct remote;

/* What is said beside the channels.  Numbers are part of the protocol. */
enum remote_kind {
	REMOTE_MESSAGE = 16,	/* of a channel */
	REMOTE_CREDIT,
	REMOTE_REFUSE,
	/* To the worker. */
	REMOTE_ORDER,		/* the job: net/job.h */
	REMOTE_LOAD,		/* an entry of the checkpoint */
	REMOTE_START,
	REMOTE_BARRIER,
	REMOTE_HOLD,
	REMOTE_STOP,		/* ^C */
	/* From the worker. */
	REMOTE_READY,
	REMOTE_PART,		/* what an instance has saved */
	REMOTE_BAD,		/* a bad record */
	REMOTE_FIGURES,		/* of an operator */
	REMOTE_ERROR,		/* it has failed, with this err */
	REMOTE_DONE,		/* all its instances are through */
};

/*
 * What this process does with the packets that are no channel's.  0 or -1 with
 * err.  Called in a step of the remote's task.
 */
typedef int remote_handle_f(void *cookie, struct remote *,
	enum remote_kind kind, const char *bytes, size_t size, struct err *);

/*
 * Is all that this process runs for the other through?  Then, when the channels
 * there are empty and sent, the remote says REMOTE_DONE and is done.
 */
typedef int remote_through_f(void *cookie);

/* The link is taken. `name`: of the host, for messages; borrowed. `through`
 * may be NULL: remote_set_done() ends it. */
struct remote *remote_new(struct link *take_link, const char *name,
	remote_handle_f *, remote_through_f *, void *cookie);
void remote_free(struct remote **);
struct task *remote_task(struct remote *);
const char *remote_name(const struct remote *);
/*
 * Before it runs: the channel from..to of the edge is carried, in or out. `id`
 * is the channel's number, the same in all processes; they come in order.
 */
void remote_add_in(struct remote *, struct edge *, uint32_t from, uint32_t to,
	uint32_t id);
void remote_add_out(struct remote *, struct edge *, uint32_t from,
	uint32_t to, uint32_t id);
/* Send a packet; from any thread, also when it is not stepped. */
void remote_say(struct remote *, enum remote_kind, const void *bytes,
	size_t size);
/*
 * Send and receive without the scheduler until `*until` is set by the handler:
 * before the job runs.  -1 with err.
 */
int remote_converse(struct remote *, const int *until, struct err *);
/* Did it fail because the other end closed the link, without a word? */
int remote_is_gone(const struct remote *);
/* The other end has said that it is through. */
void remote_set_done(struct remote *);
#endif
