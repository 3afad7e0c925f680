/*
 * Taking from an edge.
 *
 * Channels are read in turn, one message each.  What is said about the stream
 * is brought together:
 *
 *   marks     the minimum over channels that have neither ended nor are idle;
 *             it is said when it grows
 *   barriers  a channel that has brought one is not read before all others
 *             have brought it too: then nothing that was sent behind it has
 *             been handled, and nothing before it is missing
 *   turns     of an ordered edge: only the channel whose turn it is is read.
 *             Splits were dealt to the instances like cards, so behind a turn
 *             comes the next channel's.  A barrier would wait for ever behind
 *             what waits for its turn: jobs with checkpoints have no such
 *             edges (plan/tasks.c)
 *   ends      the end is said when all channels have ended, or when one has
 *             ended as a failure: of an ordered edge, when it is its turn
 */
#include "exec/edge.h"

#include "exec/sched.h"
#include "util/mem.h"

struct inlet {
	int64_t mark_us;
	int is_idle;
	int has_barrier;
	int ended;
};

struct edge_in {
	struct edge *edge;
	uint32_t to;
	struct inlet *inlet;
	uint32_t count;
	uint32_t next;		/* whose turn it is, or who is looked at next */
	uint32_t open;		/* channels that have not ended */
	uint32_t barriers;	/* open channels that have the barrier */
	uint64_t barrier;
	int64_t marked_us;
	int marked_idle;
	int failed;
	int said_end;
	uint64_t bytes;
	int recheck;		/* a channel's end may have moved the mark */
};

struct edge_in *
edge_in_new(struct edge *edge, uint32_t to)
{
	struct edge_in *in = mem_alloc_zero(sizeof(*in));

	in->edge = edge;
	in->to = to;
	in->count = in->open = edge->from_count;
	in->inlet = mem_alloc_zero(in->count * sizeof(*in->inlet));
	for (uint32_t i = 0; i < in->count; i++)
		in->inlet[i].mark_us = INT64_MIN;
	in->marked_us = INT64_MIN;
	return in;
}

void
edge_in_free(struct edge_in **take_in)
{
	struct edge_in *in = *take_in;

	*take_in = NULL;
	if (in == NULL)
		return;
	mem_free(in->inlet);
	mem_free(in);
}

/* Has event time moved?  Then *out says how. */
static int
in_update_mark(struct edge_in *in, struct message *out)
{
	int64_t least = INT64_MAX;

	for (uint32_t i = 0; i < in->count; i++)
		if (!in->inlet[i].ended && !in->inlet[i].is_idle &&
		    in->inlet[i].mark_us < least)
			least = in->inlet[i].mark_us;
	if (least == INT64_MAX) {
		if (in->marked_idle || in->open == 0)
			return 0;
		in->marked_idle = 1;
		*out = (struct message){ .kind = MESSAGE_IDLE };
		return 1;
	}
	if (least == INT64_MIN || (least <= in->marked_us &&
	    !in->marked_idle))
		return 0;
	in->marked_idle = 0;
	if (least > in->marked_us)
		in->marked_us = least;
	*out = (struct message){ .kind = MESSAGE_MARK,
	    .mark_us = in->marked_us };
	return 1;
}

/* Has the barrier come on all channels? */
static int
in_complete_barrier(struct edge_in *in, struct message *out)
{
	if (in->barriers == 0 || in->barriers < in->open)
		return 0;
	for (uint32_t i = 0; i < in->count; i++)
		in->inlet[i].has_barrier = 0;
	in->barriers = 0;
	*out = (struct message){ .kind = MESSAGE_BARRIER,
	    .number = in->barrier };
	return 1;
}

/* One message of channel `i`: 1 if it is to be handled by the caller. */
static int
in_handle(struct edge_in *in, uint32_t i, struct message *message)
{
	struct inlet *inlet = &in->inlet[i];

	switch (message->kind) {
	case MESSAGE_BATCH:
	case MESSAGE_SPLIT:
	case MESSAGE_FLUSH:
		return 1;
	case MESSAGE_MARK:
		inlet->mark_us = message->mark_us;
		inlet->is_idle = 0;
		return in_update_mark(in, message);
	case MESSAGE_IDLE:
		inlet->is_idle = 1;
		return in_update_mark(in, message);
	case MESSAGE_TURN:
		in->next = (i + 1) % in->count;
		return 0;
	case MESSAGE_BARRIER:
		inlet->has_barrier = 1;
		in->barriers++;
		in->barrier = message->number;
		return in_complete_barrier(in, message);
	case MESSAGE_END:
		inlet->ended = 1;
		in->open--;
		in->failed |= message->number != 0;
		in->recheck = 1;
		return in_complete_barrier(in, message);
	}
	return 0;
}

/* The next message of channel `i`: 1, 0: it is empty. */
static int
in_take_from(struct edge_in *in, uint32_t i, struct message *out)
{
	uint32_t at = i * in->edge->to_count + in->to;
	int wake = 0;

	if (!channel_take(in->edge->channel[at], out, &wake))
		return 0;
	in->bytes += out->bytes;
	if (wake)
		task_notify(in->edge->from[at]);
	return 1;
}

static int
in_is_readable(const struct edge_in *in, uint32_t i)
{
	return !in->inlet[i].ended && !in->inlet[i].has_barrier;
}

int
edge_in_take(struct edge_in *in, struct message *out)
{
	int ordered = in->edge->plan->kind == EDGE_ORDERED;
	uint32_t missed = 0;

	while (missed < in->count && in->open > 0) {
		if (in->failed)
			break;
		if (in->recheck) {
			in->recheck = 0;
			if (in_update_mark(in, out))
				return 1;
		}
		uint32_t i = in->next;
		if (!in_is_readable(in, i) || !in_take_from(in, i, out)) {
			if (ordered && in_is_readable(in, i))
				return 0;
			in->next = (i + 1) % in->count;
			missed++;
			continue;
		}
		missed = 0;
		if (!ordered)
			in->next = (i + 1) % in->count;
		if (in_handle(in, i, out))
			return 1;
	}
	if ((in->open > 0 && !in->failed) || in->said_end)
		return 0;
	in->said_end = 1;
	*out = (struct message){ .kind = MESSAGE_END,
	    .number = (uint64_t)in->failed };
	return 1;
}

uint64_t
edge_in_bytes(const struct edge_in *in)
{
	return in->bytes;
}

void
edge_in_refuse(struct edge_in *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		uint32_t at = i * in->edge->to_count + in->to;
		__atomic_store_n(&in->edge->refused[at], 1, __ATOMIC_RELEASE);
		task_notify(in->edge->from[at]);
	}
}
