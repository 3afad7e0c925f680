/* The channel between tasks: order, bounds, waiting; with threads too. */
#include "exec/channel.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "data/batch.h"
#include "util/mem.h"

#define MANY 20000

/* A batch of one text column: `rows` times a text of `size` bytes. */
static struct batch *
texts_new(uint32_t rows, uint32_t size)
{
	struct schema *schema = schema_new();
	schema_add(schema, "a", 1, TYPE_TEXT);
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);
	char *bytes = region_alloc_zero(region, size + 16);

	schema_drop(&schema);
	column_init_flat(&batch->column[0], TYPE_TEXT, rows, region);
	for (uint32_t i = 0; i < rows; i++)
		((struct text *)batch->column[0].data)[i] =
		    text_make(bytes, size);
	return batch;
}

static struct message
message_of(struct batch *batch, uint64_t number)
{
	struct message message = {
		.kind = batch == NULL ? MESSAGE_TURN : MESSAGE_BATCH,
		.batch = batch, .number = number,
	};

	return message;
}

Test(channel, messages_come_out_as_they_went_in)
{
	struct channel *channel = channel_new(1000);
	struct message in = { .kind = MESSAGE_SPLIT, .what = OP_SPLIT_END,
		.number = UINT64_MAX, .mark_us = INT64_MIN }, out;
	int wake;

	cr_assert(channel_is_empty(channel));
	cr_assert_eq(channel_take(channel, &out, &wake), 0);
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(channel_put(channel, &in), 0);
		cr_assert_not(channel_is_empty(channel));
		cr_assert_eq(channel_take(channel, &out, &wake), 1);
		cr_assert_eq(out.kind, MESSAGE_SPLIT);
		cr_assert_eq(out.what, OP_SPLIT_END);
		cr_assert_eq(out.number, UINT64_MAX);
		cr_assert_eq(out.mark_us, INT64_MIN);
		cr_assert_eq(wake, 0);
		cr_assert(channel_is_empty(channel));
	}
	channel_free(&channel);
	cr_assert_null(channel);
	channel_free(&channel);
}

Test(channel, slots_are_a_bound)
{
	struct channel *channel = channel_new(UINT64_MAX);
	struct message in = message_of(NULL, 0), out;
	uint64_t count = 0, woken = 0;
	int wake;

	while (channel_put(channel, &in) == 0) {
		in.number++;
		cr_assert_lt(in.number, 1000);
	}
	cr_assert(channel_is_full(channel));
	cr_assert_eq(channel_wait_room(channel), 1);
	for (; channel_take(channel, &out, &wake); count++) {
		cr_assert_eq(out.number, count);
		woken += (uint64_t)wake;
		if (wake)
			cr_assert_eq(count + 1, (in.number + 1) / 2);
	}
	cr_assert_eq(count, in.number);
	cr_assert_eq(woken, 1);
	cr_assert_eq(channel_wait_room(channel), 0);
	cr_assert_eq(channel_put(channel, &in), 0);
	channel_take(channel, &out, &wake);
	cr_assert_eq(wake, 0, "not registered, not woken");
	channel_free(&channel);
}

#ifndef SFLOW_HOSTILE
Test(channel, bytes_are_a_bound)
{
	/* With what each takes besides. */
	struct channel *channel = channel_new(10 * (10000 + (32 << 10)));
	struct message out;
	uint64_t count = 0;
	int wake;

	while (!channel_is_full(channel)) {
		struct message in = message_of(texts_new(10, 1000), count++);
		cr_assert_eq(channel_put(channel, &in), 0);
	}
	cr_assert_eq(count, 10);
	cr_assert_eq(channel_wait_room(channel), 1);
	/* Still takes what is in the making. */
	struct message more = message_of(texts_new(10, 1000), count++);
	cr_assert_eq(channel_put(channel, &more), 0);
	for (uint64_t i = 0; i < count; i++) {
		cr_assert_eq(channel_take(channel, &out, &wake), 1);
		cr_assert_eq(out.number, i);
		cr_assert_eq(out.bytes, 10 * (1000 + 16));
		batch_free(&out.batch);
		/* 11 * 10160 less 7 * 10160 are the first below 50000. */
		cr_assert_eq(wake, i == 6);
		if (i == 0)
			cr_assert(channel_is_full(channel));
	}
	channel_free(&channel);
}
#endif

Test(channel, a_giant_passes)
{
	struct channel *channel = channel_new(1);
	struct message in = message_of(texts_new(1, 1 << 20), 7), out;
	int wake;

	cr_assert_eq(channel_put(channel, &in), 0);
	cr_assert(channel_is_full(channel));
	cr_assert_eq(channel_wait_room(channel), 1);
	cr_assert_eq(channel_take(channel, &out, &wake), 1);
	cr_assert_eq(wake, 1);
	cr_assert_not(channel_is_full(channel));
	batch_free(&out.batch);
	channel_free(&channel);
}

Test(channel, batches_left_are_freed)
{
	struct channel *channel = channel_new(1 << 20);
	struct message in = message_of(texts_new(3, 100), 0);

	cr_assert_eq(channel_put(channel, &in), 0);
	channel_free(&channel);
}

/* Slices count by their rows, not by what they point into. */
Test(channel, bytes_of_slices)
{
	static char chunk[4096];
	uint32_t from[8], to[8];
	struct schema *schema = schema_new();
	schema_add(schema, "a", 1, TYPE_RAW);
	struct batch *batch = batch_new(schema, 8);

	schema_drop(&schema);
	for (uint32_t i = 0; i < 8; i++) {
		from[i] = i * 100;
		to[i] = i * 100 + i;
	}
	batch->column[0] = (struct column){ .type = TYPE_RAW,
		.encoding = SLICE, .base = chunk, .from = from, .to = to,
		.stride = 1 };
	cr_assert_eq(channel_batch_bytes(batch), 28);
	batch->sel = batch_sel_storage(batch);
	batch->sel[0] = 3;
	batch->sel[1] = 7;
	batch->sel_count = 2;
	cr_assert_eq(channel_batch_bytes(batch), 10);
	batch->record = batch->column[0];
	batch->has_record = 1;
	cr_assert_eq(channel_batch_bytes(batch), 10, "record and its slice");
	batch->sel_count = 0;
	cr_assert_eq(channel_batch_bytes(batch), 0);
	batch_free(&batch);
}

Test(channel, bytes_of_mixed)
{
	struct schema *schema = schema_new();
	schema_add(schema, "a", 1, TYPE_MIXED);
	struct batch *batch = batch_new(schema, 2);
	struct region *region = batch_region(batch);
	struct builder builder = { 0 };
	char text[100] = "x";

	schema_drop(&schema);
	builder_add_int(&builder, TYPE_INT, 1);
	builder_add_text(&builder, TYPE_TEXT, text, sizeof(text));
	builder_finish(&builder, region, &batch->column[0]);
	cr_assert_eq(batch->column[0].type, TYPE_MIXED);
	cr_assert_eq(channel_batch_bytes(batch), 2 * 16 + 100);
	batch_free(&batch);
}

/* Two threads and one flag: parked until woken, nothing lost. */
struct pair {
	struct channel *channel;
	atomic_int producer_may;
	uint64_t waits;
};

static void *
producer_run(void *cookie)
{
	struct pair *pair = cookie;

	for (uint64_t i = 0; i < MANY;) {
		if (channel_is_full(pair->channel)) {
			atomic_store(&pair->producer_may, 0);
			if (channel_wait_room(pair->channel)) {
				pair->waits++;
				while (!atomic_load(&pair->producer_may))
					sched_yield();
			}
			continue;
		}
		struct message in = message_of(texts_new(i % 5, 30), i);
		if (channel_put(pair->channel, &in) == 0)
			i++;
		else
			batch_free(&in.batch);
	}
	return NULL;
}

Test(channel, threads_lose_nothing)
{
	struct pair pair = { .channel = channel_new(1000) };
	struct message out;
	pthread_t thread;
	int wake;

	cr_assert_eq(pthread_create(&thread, NULL, producer_run, &pair), 0);
	for (uint64_t i = 0; i < MANY;) {
		if (!channel_take(pair.channel, &out, &wake)) {
			sched_yield();
			continue;
		}
		cr_assert_eq(out.number, i);
		cr_assert_eq(out.batch->row_count, i % 5);
		batch_free(&out.batch);
		if (wake)
			atomic_store(&pair.producer_may, 1);
		i++;
	}
	pthread_join(thread, NULL);
	cr_assert(channel_is_empty(pair.channel));
	cr_assert_gt(pair.waits, 0);
	channel_free(&pair.channel);
}
