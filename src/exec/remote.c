/*
 * A process at the other end of a link.
 *
 * One task per link. A step reads the packets that have come, returns credit
 * for what the takers here have taken since, takes from the channels that
 * lead there as far as their credit goes, and writes.
 *
 *     giver -> channel -> [remote] ~~~ link ~~~ [remote] -> channel -> taker
 *                             <------- credit -------
 *
 * What has come for a channel goes into it at once; credit bounds how much that
 * can be. Packets that other threads send (remote_say) wait in a list with a
 * lock, for the link has one writer.
 */
#include "exec/remote.h"

#include <string.h>

#include "data/batch.h"
#include "data/frame.h"
#include "exec/sched.h"
#include "net/link.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/thr.h"

/* On its way per channel: a few batches, so that a link of 100 ms and 10 MB/s
 * is kept busy by one channel. */
#define CREDIT_BYTES ((uint64_t)1 << 20)
/* What waits to be written; more is not taken from the channels. */
#define WRITE_BYTES ((size_t)1 << 20)
/* What a message without a batch counts. */
#define MESSAGE_BYTES 64

/* A channel here whose other end is there. */
struct lane {
	struct edge *edge;
	uint32_t id;
	uint32_t at;		/* index in the edge's channels */
	int is_in;
	/* In: sizes of what was put and is not credited yet, FIFO; messages
	 * that found no slot. */
	uint64_t *size;
	uint32_t size_first, size_count, size_capacity;
	uint32_t credited;	/* channel_taken() as of the last credit */
	struct message *waiting;
	uint32_t waiting_first, waiting_count, waiting_capacity;
	int said_refused;
	/* Out. */
	uint64_t on_way;
};

struct said {
	enum remote_kind kind;
	struct buf bytes;
	struct said *next;
};

struct remote {
	struct task task;
	struct link *link;
	const char *name;
	remote_handle_f *handle;
	void *cookie;
	struct frame_reader *reader;
	struct lane *lane;
	uint32_t lane_count;
	struct thr_lock lock;
	struct said *first, **end;	/* under the lock */
	remote_through_f *through;
	int said_done;
	int is_done;
};

/* What stands before a message's frame. */
struct message_head {
	uint8_t kind;
	uint8_t what;
	uint8_t has_batch;
	uint8_t unused[5];
	uint64_t number;
	int64_t mark_us;
};

static task_step_f remote_step;
static task_waits_f remote_waits;

struct remote *
remote_new(struct link *take_link, const char *name, remote_handle_f *handle,
	remote_through_f *through, void *cookie)
{
	struct remote *it = mem_alloc_zero(sizeof(*it));

	it->task.name = "link";
	it->task.step = remote_step;
	it->task.waits = remote_waits;
	it->link = take_link;
	it->name = name;
	it->handle = handle;
	it->through = through;
	it->cookie = cookie;
	it->reader = frame_reader_new(name);
	it->end = &it->first;
	thr_lock_init(&it->lock, "a link's packets");
	return it;
}

void
remote_free(struct remote **take_remote)
{
	struct remote *it = *take_remote;

	*take_remote = NULL;
	if (it == NULL)
		return;
	for (uint32_t i = 0; i < it->lane_count; i++) {
		struct lane *lane = &it->lane[i];
		while (lane->waiting_first < lane->waiting_count)
			batch_free(&lane->waiting[lane->waiting_first++].batch);
		mem_free(lane->waiting);
		mem_free(lane->size);
	}
	while (it->first != NULL) {
		struct said *said = it->first;
		it->first = said->next;
		buf_fini(&said->bytes);
		mem_free(said);
	}
	mem_free(it->lane);
	frame_reader_free(&it->reader);
	thr_lock_fini(&it->lock);
	link_close(&it->link);
	mem_free(it);
}

struct task *
remote_task(struct remote *it)
{
	return &it->task;
}

const char *
remote_name(const struct remote *it)
{
	return it->name;
}

static void
lane_add(struct remote *it, struct edge *edge, uint32_t from, uint32_t to,
	int is_in)
{
	it->lane = mem_resize(it->lane,
	    (it->lane_count + 1) * sizeof(*it->lane));
	it->lane[it->lane_count++] = (struct lane){
		.edge = edge, .is_in = is_in,
		.id = edge->plan->id << 16 | from << 8 | to,
		.at = from * edge->to_count + to,
	};
}

void
remote_add_in(struct remote *it, struct edge *edge, uint32_t from, uint32_t to)
{
	lane_add(it, edge, from, to, 1);
}

void
remote_add_out(struct remote *it, struct edge *edge, uint32_t from, uint32_t to)
{
	lane_add(it, edge, from, to, 0);
}

void
remote_say(struct remote *it, enum remote_kind kind, const void *bytes,
	size_t size)
{
	struct said *said = mem_alloc_zero(sizeof(*said));

	said->kind = kind;
	if (size > 0)
		buf_add(&said->bytes, bytes, size);
	thr_lock_take(&it->lock);
	*it->end = said;
	it->end = &said->next;
	thr_lock_give(&it->lock);
	if (it->task.sched != NULL)
		task_notify(&it->task);
}

void
remote_set_done(struct remote *it)
{
	it->is_done = 1;
}

/* --- what comes -------------------------------------------------------- */

static struct lane *
lane_find(struct remote *it, uint32_t id)
{
	for (uint32_t i = 0; i < it->lane_count; i++)
		if (it->lane[i].id == id)
			return &it->lane[i];
	return NULL;
}

static int
remote_broken(const struct remote *it, const char *what, struct err *err)
{
	return err_set(err, ERR_IO, "host %s: %s", it->name, what);
}

static void
lane_note_size(struct lane *lane, uint64_t size)
{
	if (lane->size_first > 0 && lane->size_first == lane->size_count)
		lane->size_first = lane->size_count = 0;
	if (lane->size_count == lane->size_capacity) {
		lane->size_capacity = lane->size_capacity * 2 + 16;
		lane->size = mem_resize(lane->size,
		    lane->size_capacity * sizeof(*lane->size));
	}
	lane->size[lane->size_count++] = size;
}

static void
lane_wait(struct lane *lane, const struct message *message)
{
	if (lane->waiting_first > 0 &&
	    lane->waiting_first == lane->waiting_count)
		lane->waiting_first = lane->waiting_count = 0;
	if (lane->waiting_count == lane->waiting_capacity) {
		lane->waiting_capacity = lane->waiting_capacity * 2 + 16;
		lane->waiting = mem_resize(lane->waiting,
		    lane->waiting_capacity * sizeof(*lane->waiting));
	}
	lane->waiting[lane->waiting_count++] = *message;
}

/* Put what waits for a slot, then this message (or NULL). */
static void
lane_put(struct lane *lane, const struct message *message)
{
	struct channel *channel = lane->edge->channel[lane->at];
	int moved = 0;

	while (lane->waiting_first < lane->waiting_count &&
	    channel_put(channel, &lane->waiting[lane->waiting_first]) == 0) {
		lane->waiting_first++;
		moved = 1;
	}
	if (message != NULL && (lane->waiting_first < lane->waiting_count ||
	    channel_put(channel, message) != 0))
		lane_wait(lane, message);
	if (moved || message != NULL)
		task_notify(lane->edge->to[lane->at]);
}

static int
take_message(struct remote *it, struct lane *lane, const char *bytes,
	size_t size, struct err *err)
{
	struct message_head head;
	struct message message = { 0 };
	size_t used = 0;

	if (size < sizeof(head))
		return remote_broken(it, "a message is cut off", err);
	memcpy(&head, bytes, sizeof(head));
	if (head.kind > MESSAGE_END)
		return remote_broken(it, "a message of no known kind", err);
	message.kind = (enum message_kind)head.kind;
	message.what = (enum op_split)(head.what != 0);
	message.number = head.number;
	message.mark_us = head.mark_us;
	if ((message.kind == MESSAGE_BATCH) != (head.has_batch != 0))
		return remote_broken(it, "a message without its batch", err);
	if (head.has_batch && frame_read(it->reader, bytes + sizeof(head),
	    size - sizeof(head), &used, &message.batch, err) != 0)
		return -1;
	lane_note_size(lane, size > MESSAGE_BYTES ? size : MESSAGE_BYTES);
	lane_put(lane, &message);
	return 0;
}

static int
take_packet(struct remote *it, const struct packet *packet, struct err *err)
{
	struct lane *lane;
	uint64_t credit;

	if (packet->kind != REMOTE_MESSAGE && packet->kind != REMOTE_CREDIT &&
	    packet->kind != REMOTE_REFUSE)
		return it->handle(it->cookie, it,
		    (enum remote_kind)packet->kind, packet->bytes,
		    packet->size, err);
	lane = lane_find(it, packet->channel);
	if (lane == NULL || lane->is_in != (packet->kind == REMOTE_MESSAGE))
		return remote_broken(it, "a packet of an unknown channel",
		    err);
	if (packet->kind == REMOTE_MESSAGE)
		return take_message(it, lane, packet->bytes, packet->size,
		    err);
	if (packet->kind == REMOTE_REFUSE) {
		__atomic_store_n(&lane->edge->refused[lane->at], 1,
		    __ATOMIC_RELEASE);
		task_notify(lane->edge->from[lane->at]);
		return 0;
	}
	if (packet->size != sizeof(credit))
		return remote_broken(it, "a credit of no size", err);
	memcpy(&credit, packet->bytes, sizeof(credit));
	if (credit > lane->on_way)
		return remote_broken(it, "more credit than was used", err);
	lane->on_way -= credit;
	return 0;
}

/* All that has come; or up to the packet that sets *until. */
static int
remote_receive(struct remote *it, const int *until, struct err *err)
{
	struct packet packet;
	int got = 0;

	while ((until == NULL || !*until) &&
	    (got = link_take(it->link, &packet, err)) > 0)
		if (take_packet(it, &packet, err) != 0)
			return -1;
	return got;
}

/* --- what goes ---------------------------------------------------------- */

static int
lane_is_refused(const struct lane *lane)
{
	return __atomic_load_n(&lane->edge->refused[lane->at],
	    __ATOMIC_ACQUIRE);
}

/* Nobody wants what is on its way there: no credit will come for it. */
static void
lane_drop(struct lane *lane)
{
	struct channel *channel = lane->edge->channel[lane->at];
	struct message message;
	int wake = 0;

	while (channel_take(channel, &message, &wake)) {
		batch_free(&message.batch);
		if (wake)
			task_notify(lane->edge->from[lane->at]);
	}
}

/* Return credit for what was taken here; say once that no more is wanted. */
static int
lane_credit(struct remote *it, struct lane *lane, struct err *err)
{
	struct channel *channel = lane->edge->channel[lane->at];
	uint32_t taken;
	uint64_t credit = 0;

	lane_put(lane, NULL);
	taken = channel_taken(channel);
	for (; lane->credited != taken; lane->credited++)
		credit += lane->size[lane->size_first++];
	if (credit > 0 && link_put(it->link, REMOTE_CREDIT, lane->id, &credit,
	    sizeof(credit), err) != 0)
		return -1;
	if (lane->said_refused || !lane_is_refused(lane))
		return 0;
	lane->said_refused = 1;
	return link_put(it->link, REMOTE_REFUSE, lane->id, NULL, 0, err);
}

static int
lane_send_message(struct remote *it, struct lane *lane,
	struct message *message, struct err *err)
{
	struct message_head head = {
		.kind = (uint8_t)message->kind,
		.what = (uint8_t)message->what,
		.has_batch = message->kind == MESSAGE_BATCH,
		.number = message->number, .mark_us = message->mark_us,
	};
	struct buf *packet = link_begin(it->link);
	size_t before = packet->size;

	buf_add(packet, &head, sizeof(head));
	if (head.has_batch) {
		frame_write(message->batch, FRAME_LZ4, packet);
		batch_free(&message->batch);
	}
	uint64_t size = packet->size - before;
	lane->on_way += size > MESSAGE_BYTES ? size : MESSAGE_BYTES;
	return link_end(it->link, REMOTE_MESSAGE, lane->id, err);
}

static int
lane_send(struct remote *it, struct lane *lane, struct err *err)
{
	struct channel *channel = lane->edge->channel[lane->at];
	struct message message;
	int wake = 0;

	if (lane_is_refused(lane))
		lane_drop(lane);
	while (lane->on_way < CREDIT_BYTES &&
	    link_queued(it->link) < WRITE_BYTES &&
	    channel_take(channel, &message, &wake)) {
		if (wake)
			task_notify(lane->edge->from[lane->at]);
		if (lane_send_message(it, lane, &message, err) != 0)
			return -1;
	}
	return 0;
}

static int
remote_send_said(struct remote *it, struct err *err)
{
	int status = 0;

	while (status == 0) {
		thr_lock_take(&it->lock);
		struct said *said = it->first;
		if (said != NULL)
			it->first = said->next;
		if (it->first == NULL)
			it->end = &it->first;
		thr_lock_give(&it->lock);
		if (said == NULL)
			break;
		status = link_put(it->link, (uint8_t)said->kind, 0,
		    said->bytes.bytes, said->bytes.size, err);
		buf_fini(&said->bytes);
		mem_free(said);
	}
	return status;
}

/* Is everything that leads there sent? */
static int
remote_is_empty(const struct remote *it)
{
	for (uint32_t i = 0; i < it->lane_count; i++)
		if (!it->lane[i].is_in && !channel_is_empty(
		    it->lane[i].edge->channel[it->lane[i].at]))
			return 0;
	return 1;
}

static int
remote_work(struct remote *it, struct err *err)
{
	int status = remote_receive(it, NULL, err);

	/* What is through has closed its end. */
	if (it->is_done) {
		err_clear(err);
		return 0;
	}
	if (status < 0 || remote_send_said(it, err) != 0)
		return -1;
	for (uint32_t i = 0; i < it->lane_count && status == 0; i++)
		status = it->lane[i].is_in ?
		    lane_credit(it, &it->lane[i], err) :
		    lane_send(it, &it->lane[i], err);
	if (status < 0 || link_flush(it->link, err) == 0)
		return status;
	/* It has gone, but perhaps with a last word that we have not read: that
	 * it is through, or why it failed. */
	struct err last = ERR_INIT;
	remote_receive(it, NULL, &last);
	if (it->is_done)
		err_clear(err);
	else if (last.kind != ERR_NONE)
		*err = last;
	return it->is_done ? 0 : -1;
}

static enum task_status
remote_step(struct task *task, struct err *err)
{
	struct remote *it = (struct remote *)task;
	/* Asked first: what was said before goes out in this step. */
	int through = it->through != NULL && it->through(it->cookie);

	if (remote_work(it, err) != 0) {
		/* ^C reaches the launcher too: its end is no news. */
		if (interrupt_is_set()) {
			err_clear(err);
			err_set(err, ERR_INTERRUPT, "interrupted");
		}
		return TASK_FAIL;
	}
	if (it->is_done)
		return TASK_DONE;
	if (!through || !remote_is_empty(it))
		return TASK_WAIT;
	if (!it->said_done) {
		it->said_done = 1;
		if (link_put(it->link, REMOTE_DONE, 0, NULL, 0, err) != 0 ||
		    link_flush(it->link, err) < 0)
			return TASK_FAIL;
	}
	return link_queued(it->link) == 0 ? TASK_DONE : TASK_WAIT;
}

static void
remote_waits(struct task *task, struct env_waits *waits)
{
	struct remote *it = (struct remote *)task;

	link_add_waits(it->link, 1, waits);
}

int
remote_converse(struct remote *it, const int *until, struct err *err)
{
	struct env_waits waits = { 0 };
	int status = 0;

	while (status == 0) {
		if (remote_send_said(it, err) != 0 ||
		    remote_receive(it, until, err) < 0 ||
		    link_flush(it->link, err) < 0)
			status = -1;
		if (status != 0 || (until != NULL ? *until :
		    link_queued(it->link) == 0))
			break;
		env_waits_clear(&waits);
		link_add_waits(it->link, 1, &waits);
		if (interrupt_is_set())
			status = err_set(err, ERR_INTERRUPT, "interrupted");
		else
			env->wait(&waits);
	}
	env_waits_fini(&waits);
	return status;
}
