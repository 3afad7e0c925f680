/*
 * What waits for room in a channel.  A message's `bytes` are what its batch is
 * charged with; a spilled one has none, and no batch until it comes to be the
 * first.  The file lives until all of its batches have been read back; a reader
 * sees what was written when it was made, and another one the rest.
 */
#include "exec/backlog.h"

#include <assert.h>

#include "state/spill.h"
#include "util/mem.h"

int
backlog_is_empty(const struct backlog *it)
{
	return it->first == it->count;
}

static void
close_file(struct backlog *it)
{
	spill_reader_free(&it->reader);
	spill_file_free(&it->file);
	it->read_to = 0;
}

static int
spill_message(struct backlog *it, struct op_run *giver,
	struct message *message, struct err *err)
{
	if (it->file == NULL)
		it->file = op_spill_new(giver, err);
	int status = it->file == NULL ? -1 : spill_write_batch(it->file,
	    message->batch, err);
	batch_free(&message->batch);
	it->spilled += status == 0;
	return status;
}

int
backlog_add(struct backlog *it, struct op_run *giver,
	const struct message *take_message, struct err *err)
{
	struct message message = *take_message;

	message.bytes = message.batch == NULL ? 0 :
	    channel_batch_bytes(message.batch);
	if (message.bytes > 0 && (mem_is_pressed(&giver->budget) ||
	    mem_charge(&giver->budget, message.bytes) != 0)) {
		message.bytes = 0;
		if (spill_message(it, giver, &message, err) != 0)
			return -1;
	}
	if (it->first > 0 && it->first == it->count)
		it->first = it->count = 0;
	if (it->count == it->capacity) {
		it->capacity = it->capacity == 0 ? 16 : it->capacity * 2;
		it->list = mem_resize(it->list,
		    it->capacity * sizeof(*it->list));
	}
	it->list[it->count++] = message;
	return 0;
}

/* The next spilled batch. */
static int
read_batch(struct backlog *it, struct batch **out, struct err *err)
{
	int got = 0;

	if (it->reader != NULL)
		got = spill_read_batch(it->reader, out, err);
	if (got != 0)
		return got;
	uint64_t from = it->read_to;
	spill_reader_free(&it->reader);
	if (spill_cut(it->file, &it->read_to, err) != 0)
		return -1;
	it->reader = spill_reader_new(it->file, from, it->read_to);
	got = spill_read_batch(it->reader, out, err);
	assert(got != 0);
	return got;
}

int
backlog_first(struct backlog *it, const struct message **out, struct err *err)
{
	if (backlog_is_empty(it))
		return 0;
	struct message *message = &it->list[it->first];
	*out = message;
	if (message->kind != MESSAGE_BATCH || message->batch != NULL)
		return 1;
	if (read_batch(it, &message->batch, err) < 0)
		return -1;
	if (--it->spilled == 0)
		close_file(it);
	return 1;
}

void
backlog_taken(struct backlog *it, struct op_run *giver)
{
	mem_release(&giver->budget, it->list[it->first++].bytes);
}

void
backlog_clear(struct backlog *it, struct op_run *giver)
{
	for (; it->first < it->count; backlog_taken(it, giver))
		batch_free(&it->list[it->first].batch);
	close_file(it);
	it->spilled = 0;
	mem_free(it->list);
	*it = (struct backlog){ .list = NULL };
}
