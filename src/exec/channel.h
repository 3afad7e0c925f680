#ifndef SFLOW_EXEC_CHANNEL_H
#define SFLOW_EXEC_CHANNEL_H

#include <stdint.h>

#include "op/op.h"

/*
 * A channel carries messages from one task to another, in order.  One task puts
 * and one takes; each may move from thread to thread as long as something that
 * synchronizes lies between (a queue of ready tasks does).  Neither side ever
 * waits in here: what waiting means is the business of who runs the tasks.
 */
struct batch;
struct channel;

enum message_kind {
	MESSAGE_BATCH,		/* batch; it passes with the message */
	MESSAGE_MARK,		/* event time: mark_us */
	MESSAGE_IDLE,		/* no event time for now */
	MESSAGE_SPLIT,		/* split `number` begins or ends: what */
	MESSAGE_TURN,		/* where the order is kept: `number` is next */
	MESSAGE_BARRIER,	/* of checkpoint `number` */
	MESSAGE_FLUSH,		/* nothing more for now: write what you hold */
	MESSAGE_END,		/* nothing will follow */
};

struct message {
	enum message_kind kind;
	uint32_t bytes;		/* of the batch; set by channel_put */
	enum op_split what;
	struct batch *batch;
	uint64_t number;
	int64_t mark_us;
};

/* Full when its batches take `bytes_max` bytes, those they select and some KiB
 * each, or all slots are taken. */
struct channel *channel_new(uint64_t bytes_max);
/* Frees the batches left in it.  Nobody may be putting or taking. */
void channel_free(struct channel **);

/* --- for the task that puts --- */

/*
 * Append a copy of the message.  0; or -1 if all slots are taken: then nothing
 * was put and the batch is still the caller's.  Who put tells the task that
 * takes, after it, that there is something.  channel_put is sequentially
 * consistent: if that task's state, read so as well, says that it is queued to
 * run, it will see the message.
 */
int channel_put(struct channel *, const struct message *);
/* A full channel takes messages while there are slots, but time has come to
 * stop. */
int channel_is_full(const struct channel *);
/*
 * 1: it is full, and the channel_take that makes room will say `wake`, once.
 * 0: there is room again, go on.  Now and then a wake comes without need.
 */
int channel_wait_room(struct channel *);

/* --- for the task that takes --- */

/*
 * 1 and the oldest message, or 0 when there is none.  *wake is 1 when the task
 * that puts waits for room and is to be woken now, else 0.
 */
int channel_take(struct channel *, struct message *out, int *wake);
int channel_is_empty(const struct channel *);
/* How many messages have been taken, from any thread; it wraps. */
uint32_t channel_taken(const struct channel *);

/*
 * About what the selected rows of a batch take: their records, if they are
 * there, and the columns that do not point into those.  Long columns of text
 * are sampled.
 */
uint32_t channel_batch_bytes(const struct batch *);

#endif
