/*
 * A ring of messages between two tasks, bounded in slots and in bytes.
 *
 *          taken                     put
 *            v                        v
 *     +----+----+----+----+----+----+----+----+
 *     |    | m7 | m8 | m9 |m10 |m11 |    |    |   slot = number % slots
 *     +----+----+----+----+----+----+----+----+
 *
 * `put` and `taken` count messages and only grow (and wrap: their difference is
 * what counts); each is written by one side, which keeps it on a cache line of
 * its own together with the other side's number as last seen, so that a side
 * looks at the other's line only when the ring seems full or empty to it.
 * Bytes are counted in the same way, by two sums that only grow; each is
 * written before the number of its side, so who has read the number may read
 * the sum.
 *
 * Waiting for room.  A producer that finds the ring full sets `waiting` and
 * looks again; a consumer that has taken a message looks at `waiting`:
 *
 *     producer                         consumer
 *         waiting = 1                      taken = n
 *         taken: still full? park          waiting: and half free? wake
 *
 * All four are sequentially consistent, so at least one of the two sees what
 * the other wrote, and no wake-up is lost: if the producer missed the n-th
 * take, that take and all behind it see `waiting`, and the last of them leaves
 * the ring empty, so half free too.  Waking at half and not at the first free
 * byte lets both sides run for a while.  The consumer may judge by an old
 * `put`: then it wakes too early, and the producer waits again.
 *
 * Waiting for messages is the business of the tasks' states, and it has the
 * same shape: a message is put and the consumer's state read; the consumer's
 * state is written and `put` read.  So `put` is sequentially consistent too,
 * and who notifies the consumer may read its state before changing it.
 *
 * A message is always taken while a slot is free, whatever its size: a producer
 * in the middle of a batch can finish it, and a batch larger than the whole
 * bound gets through.  In hostile builds there is one slot.
 *
 * tests/model runs this file, its atomic operations replaced, in all orders.
 */
#include "exec/channel.h"

#include <stddef.h>
#include <stdint.h>

#include "data/batch.h"
#include "exec/atomic.h"
#include "util/mem.h"

/*
 * A power of two.  Batches of 2,048 rows reach any sensible bound of bytes long
 * before; 256 x 48 bytes are 12 KiB a channel.
 */
#ifndef CHANNEL_SLOTS
#ifdef SFLOW_HOSTILE
#define CHANNEL_SLOTS 1u
#else
#define CHANNEL_SLOTS 256u
#endif
#endif

#define CACHE_LINE 64

/* What a batch takes beside its rows' bytes: many of few rows are much. */
#ifndef CHANNEL_BATCH_BYTES
#define CHANNEL_BATCH_BYTES ((uint64_t)32 << 10)
#endif
/* Rows of a column of text that are looked at. */
#define SAMPLE_ROWS 64

/* Padding and not alignment: the heap promises 16 bytes only.  A line between
 * the two sides is enough wherever the struct begins. */
struct channel {
	uint64_t bytes_max;
	char pad_put[CACHE_LINE];
	/* The producer's. */
	ATOMIC(uint32_t) put;
	ATOMIC(uint64_t) put_bytes;
	uint32_t seen_taken;
	char pad_taken[CACHE_LINE];
	/* The consumer's. */
	ATOMIC(uint32_t) taken;
	ATOMIC(uint64_t) taken_bytes;
	uint32_t seen_put;
	char pad_waiting[CACHE_LINE];
	/* Set by the producer, cleared by both. */
	ATOMIC(uint32_t) waiting;
	struct message slot[CHANNEL_SLOTS];
};

struct channel *
channel_new(uint64_t bytes_max)
{
	struct channel *channel = mem_alloc_zero(sizeof(*channel));

	channel->bytes_max = bytes_max > 0 ? bytes_max : 1;
	return channel;
}

void
channel_free(struct channel **channel)
{
	struct message message;
	int wake;

	if (*channel == NULL)
		return;
	while (channel_take(*channel, &message, &wake))
		batch_free(&message.batch);
	mem_free(*channel);
	*channel = NULL;
}

/* The size of one row's text, wherever it lies. */
static uint32_t
text_bytes_of(const struct column *column, uint32_t row)
{
	if (!column_row_is_valid(column, row))
		return 0;
	if (column->type != TYPE_MIXED)
		return column_row_text(column, row).size;
	if (!type_is_textual((enum type)column->tags[row]))
		return 0;
	return ((const union cell *)column->data)[row].text.size;
}

/* Mean size of some of the rows, spread evenly, times all. */
static uint64_t
texts_bytes(const struct batch *batch, const struct column *column)
{
	uint32_t count = batch->sel_count;
	uint32_t samples = count < SAMPLE_ROWS ? count : SAMPLE_ROWS;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < samples; i++) {
		uint32_t at = (uint32_t)((uint64_t)i * count / samples);
		uint32_t row = batch_row(batch, at);
		bytes += text_bytes_of(column, row);
	}
	return samples == 0 ? 0 : bytes * count / samples;
}

/* Records are all looked at: one of them may be as long as all others. */
static uint64_t
record_bytes(const struct batch *batch)
{
	const struct column *record = &batch->record;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < batch->sel_count; i++)
		bytes += column_row_text(record, batch_row(batch, i)).size;
	return bytes;
}

static uint64_t
column_bytes(const struct batch *batch, const struct column *column)
{
	enum type type = (enum type)column->type;
	uint64_t bytes = type_width(type);

	if (column->encoding == CONST)
		return bytes;
	if (column->encoding == SLICE)
		return batch->has_record ? 0 : texts_bytes(batch, column);
	bytes *= batch->sel_count;
	if (type_is_textual(type) || type == TYPE_MIXED)
		bytes += texts_bytes(batch, column);
	return bytes;
}

uint32_t
channel_batch_bytes(const struct batch *batch)
{
	uint32_t columns = batch->schema->field_count;
	uint64_t bytes = batch->has_record ? record_bytes(batch) : 0;

	for (uint32_t i = 0; i < columns; i++)
		bytes += column_bytes(batch, &batch->column[i]);
	if (batch->time != NULL)
		bytes += (uint64_t)batch->sel_count * 16;
	return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* Full, for a producer that has put `put` messages and saw `taken` of them
 * taken. */
static int
is_full(const struct channel *channel, uint32_t put, uint32_t taken)
{
	/* Not before `taken`: it may be newer than that, never older. */
	uint64_t bytes = ATOMIC_LOAD(&channel->put_bytes, relaxed) -
	    ATOMIC_LOAD(&channel->taken_bytes, relaxed);

	return put - taken >= CHANNEL_SLOTS || bytes >= channel->bytes_max;
}

static uint64_t
bytes_held(const struct message *message)
{
	return message->batch == NULL ? 0 :
	    message->bytes + CHANNEL_BATCH_BYTES;
}

int
channel_put(struct channel *channel, const struct message *message)
{
	uint32_t put = ATOMIC_LOAD(&channel->put, relaxed);
	struct message *slot = &channel->slot[put % CHANNEL_SLOTS];

	if (put - channel->seen_taken >= CHANNEL_SLOTS) {
		channel->seen_taken = ATOMIC_LOAD(&channel->taken, acquire);
		if (put - channel->seen_taken >= CHANNEL_SLOTS)
			return -1;
	}
	*slot = *message;
	slot->bytes = message->batch == NULL ? 0 :
	    channel_batch_bytes(message->batch);
	ATOMIC_STORE(&channel->put_bytes,
	    ATOMIC_LOAD(&channel->put_bytes, relaxed) + bytes_held(slot),
	    relaxed);
	ATOMIC_STORE(&channel->put, put + 1, seq_cst);
	return 0;
}

int
channel_is_full(const struct channel *channel)
{
	uint32_t put = ATOMIC_LOAD(&channel->put, relaxed);

	return is_full(channel, put, ATOMIC_LOAD(&channel->taken, acquire));
}

int
channel_wait_room(struct channel *channel)
{
	uint32_t put = ATOMIC_LOAD(&channel->put, relaxed);

	ATOMIC_STORE(&channel->waiting, 1, seq_cst);
	if (is_full(channel, put, ATOMIC_LOAD(&channel->taken, seq_cst)))
		return 1;
	/* A consumer that was quicker says wake: without need, as the header
	 * warns. */
	ATOMIC_STORE(&channel->waiting, 0, relaxed);
	return 0;
}

/* Is at least half of it free, for a consumer that has taken `taken`? */
static int
has_room(const struct channel *channel, uint32_t taken)
{
	uint32_t put = ATOMIC_LOAD(&channel->put, acquire);
	uint64_t bytes = ATOMIC_LOAD(&channel->put_bytes, relaxed) -
	    ATOMIC_LOAD(&channel->taken_bytes, relaxed);

	return (put - taken) * 2 < CHANNEL_SLOTS + 1 &&
	    (bytes == 0 || bytes < channel->bytes_max / 2);
}

int
channel_take(struct channel *channel, struct message *out, int *wake)
{
	uint32_t taken = ATOMIC_LOAD(&channel->taken, relaxed);

	*wake = 0;
	if (taken == channel->seen_put) {
		channel->seen_put = ATOMIC_LOAD(&channel->put, seq_cst);
		if (taken == channel->seen_put)
			return 0;
	}
	*out = channel->slot[taken % CHANNEL_SLOTS];
	ATOMIC_STORE(&channel->taken_bytes,
	    ATOMIC_LOAD(&channel->taken_bytes, relaxed) + bytes_held(out),
	    relaxed);
	ATOMIC_STORE(&channel->taken, taken + 1, seq_cst);
	if (ATOMIC_LOAD(&channel->waiting, seq_cst) != 0 &&
	    has_room(channel, taken + 1))
		*wake = ATOMIC_EXCHANGE(&channel->waiting, 0, acq_rel) != 0;
	return 1;
}

int
channel_is_empty(const struct channel *channel)
{
	return ATOMIC_LOAD(&channel->put, seq_cst) ==
	    ATOMIC_LOAD(&channel->taken, relaxed);
}

uint32_t
channel_taken(const struct channel *channel)
{
	return ATOMIC_LOAD(&channel->taken, acquire);
}
