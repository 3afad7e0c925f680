#ifndef SFLOW_EXEC_EDGE_H
#define SFLOW_EXEC_EDGE_H

#include <stdint.h>

#include "exec/channel.h"
#include "op/op.h"
#include "plan/tasks.h"

struct task;

/*
 * A running edge: a channel from every instance of its source to every instance
 * of its target. Who stands at the ends are tasks of this process: instances
 * of operators, or links that carry the channel to another host.
 */
struct edge {
	const struct edge_plan *plan;
	uint32_t from_count, to_count;
	/* [from * to_count + to]; NULL: neither end is in this process. */
	struct channel **channel;
	struct task **from, **to;	/* whom to notify, like channel */
	/* Like channel: the target wants no more; atomic. */
	uint8_t *refused;
};

/* `bytes_max` of a channel. */
struct edge *edge_new(const struct edge_plan *, uint32_t from_count,
	uint32_t to_count);
void edge_free(struct edge **);
/* Make the channel between two instances, whose tasks are known. */
void edge_connect(struct edge *, uint32_t from, uint32_t to,
	struct task *from_task, struct task *to_task, uint64_t bytes_max);

/* --- the giving end --- */

/*
 * What an instance gives on an edge.  To the operators it looks like the next
 * operator: `run` takes batches, marks, splits, pauses and the end.  It never
 * blocks: what has no room in a channel waits in a list, or on disk, and the
 * instance is not stepped until edge_out_settle() has emptied it.
 */
struct edge_out;

/* `to` is the edge's target in the instance's own copy of the plan, whose keys
 * are evaluated. */
struct edge_out *edge_out_new(struct edge *, uint32_t from, const struct op *to,
	struct op_job *);
void edge_out_free(struct edge_out **);
struct op_run *edge_out_run(struct edge_out *);
/* Move what waits into the channels.  1: there is room everywhere; 0: wait for
 * a notification, the targets know; -1 with err. */
int edge_out_settle(struct edge_out *, struct err *);
void edge_out_turn(struct edge_out *, uint64_t number);
void edge_out_barrier(struct edge_out *, uint64_t number);
/* Do all targets want no more? */
int edge_out_is_refused(const struct edge_out *);
/* Let the targets look once more. */
void edge_out_notify(struct edge_out *);
/* The end without a flush: what was to come has failed. */
void edge_out_fail(struct edge_out *);

/* --- the taking end --- */

/*
 * What an instance takes from an edge: the messages of all its channels as one
 * stream.  The caller handles batches, splits and pauses; marks come as the
 * minimum over the channels, a barrier comes once, when it has come on all
 * channels (those that had it first are not read meanwhile), and the end comes
 * once.
 */
struct edge_in;

struct edge_in *edge_in_new(struct edge *, uint32_t to);
void edge_in_free(struct edge_in **);
/* 1 with the next message; 0: nothing now.  MESSAGE_END with number != 0: what
 * was to come has failed, and what others still give is to be refused. */
int edge_in_take(struct edge_in *, struct message *out);
/* Bytes of the batches taken so far. */
uint64_t edge_in_bytes(const struct edge_in *);
/* No more is wanted: who gives may stop. */
void edge_in_refuse(struct edge_in *);

#endif
