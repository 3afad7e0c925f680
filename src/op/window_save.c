/*
 * Windows in a checkpoint.
 *
 * freeze takes a view of each bucket's table: a pointer and a count a block.
 * States that own memory cannot be shared so; with such, the rows are turned
 * into entries at once.  save does that otherwise, beside the running operator.
 *
 * Entries begin with a letter:
 *
 *	m	event time, number of the next record; for every instance
 *	l	late records; for the instance that owns the first group
 *	r	rows of one key group: a run of
 *			start, first, update | count of rows | rows
 *		for each bucket in turn
 *
 * The rows of a group are collected over all buckets until there is enough for
 * an entry: many windows of a few keys do not make an entry each.
 */
#include <string.h>

#include "data/key.h"
#include "op/window_priv.h"
#include "state/keyed.h"
#include "state/save.h"
#include "util/bits.h"
#include "util/buf.h"

/* An entry is closed when it has so many bytes: loads with little memory. */
#define ENTRY_BYTES 32768

#define MARKS_BYTES 17
#define LATE_BYTES 9
#define RUN_BYTES 28

struct frozen_bucket {
	int64_t start_us, first_us, update_us;
	struct keyed_view *view;
};

struct frozen {
	const struct group_rows *rows;
	struct agg_call *call;
	int64_t fired_us;
	uint64_t sequence, late_count;
	uint32_t group_first;
	struct frozen_bucket *bucket;
	uint32_t bucket_count;
	struct save *done;	/* the entries, if they had to be made */
};

/* The entry of a key group that is being filled. */
struct filling {
	struct buf buf;
	size_t run_at;		/* where the run of `bucket` begins */
	uint32_t run_rows;
	const struct frozen_bucket *bucket;
};

static void
add_word(struct buf *out, uint64_t word)
{
	bits_store64(buf_reserve(out, 8), word);
	out->size += 8;
}

static void
begin_run(struct filling *filling, const struct frozen_bucket *bucket)
{
	struct buf *buf = &filling->buf;

	if (buf->size == 0)
		buf_add_char(buf, 'r');
	filling->bucket = bucket;
	filling->run_at = buf->size;
	filling->run_rows = 0;
	add_word(buf, (uint64_t)bucket->start_us);
	add_word(buf, (uint64_t)bucket->first_us);
	add_word(buf, (uint64_t)bucket->update_us);
	buf_reserve(buf, 4);
	buf->size += 4;
}

static void
put_entry(struct filling *filling, uint32_t group, struct save *save)
{
	if (filling->buf.size > 0)
		save_put(save, group, filling->buf.bytes, filling->buf.size);
	filling->buf.size = 0;
	filling->bucket = NULL;
}

static void
put_row(const struct frozen *frozen, const struct frozen_bucket *bucket,
	uint64_t i, struct filling *all, struct save *save)
{
	uint64_t hash = keyed_view_hash(bucket->view, i);
	uint32_t group = key_group_of(hash);
	struct filling *filling = &all[group];

	if (filling->bucket != bucket)
		begin_run(filling, bucket);
	group_rows_save(frozen->rows, frozen->call,
	    keyed_view_row(bucket->view, i), keyed_view_key(bucket->view, i),
	    hash, &filling->buf);
	bits_store32(filling->buf.bytes + filling->run_at + RUN_BYTES - 4,
	    ++filling->run_rows);
	if (filling->buf.size >= ENTRY_BYTES)
		put_entry(filling, group, save);
}

static void
put_all(const struct frozen *frozen, struct save *save)
{
	struct filling *all = mem_alloc_zero(KEY_GROUP_COUNT * sizeof(*all));
	char head[MARKS_BYTES] = { 'm' };

	bits_store64(head + 1, (uint64_t)frozen->fired_us);
	bits_store64(head + 9, frozen->sequence);
	save_put(save, SAVE_SHARED, head, MARKS_BYTES);
	head[0] = 'l';
	bits_store64(head + 1, frozen->late_count);
	save_put(save, frozen->group_first, head, LATE_BYTES);
	for (uint32_t b = 0; b < frozen->bucket_count; b++) {
		const struct frozen_bucket *bucket = &frozen->bucket[b];
		for (uint64_t i = 0; i < keyed_view_count(bucket->view); i++)
			put_row(frozen, bucket, i, all, save);
	}
	for (uint32_t i = 0; i < KEY_GROUP_COUNT; i++) {
		put_entry(&all[i], i, save);
		buf_fini(&all[i].buf);
	}
	mem_free(all);
}

static void
drop_views(struct frozen *frozen)
{
	for (uint32_t i = 0; i < frozen->bucket_count; i++)
		keyed_view_free(&frozen->bucket[i].view);
	frozen->bucket_count = 0;
}

int
window_freeze(struct op_run *run, void **image, struct err *err)
{
	struct window *window = run->state;
	struct frozen *frozen = mem_alloc_zero(sizeof(*frozen));
	uint32_t count = window->tail - window->head;

	(void)err;
	frozen->rows = &window->rows;
	frozen->call = group_rows_calls(&window->rows);
	frozen->fired_us = window->fired_us;
	frozen->sequence = window->rows.sequence;
	frozen->late_count = window->late_count;
	frozen->group_first = run->group_first;
	frozen->bucket = mem_alloc((count + 1) * sizeof(*frozen->bucket));
	frozen->bucket_count = count;
	for (uint32_t i = 0; i < count; i++) {
		const struct bucket *bucket = window->bucket[window->head + i];
		frozen->bucket[i] = (struct frozen_bucket){
			bucket->start_us, bucket->first_us, bucket->update_us,
			keyed_freeze(bucket->keyed),
		};
	}
	if (group_rows_own(&window->rows)) {
		frozen->done = save_new();
		put_all(frozen, frozen->done);
		drop_views(frozen);
	}
	*image = frozen;
	return 0;
}

int
window_save(struct op_run *run, void *image, struct save *save,
	struct err *err)
{
	const struct frozen *frozen = image;

	(void)run;
	(void)err;
	if (frozen->done == NULL) {
		put_all(frozen, save);
		return 0;
	}
	for (uint64_t i = 0; i < save_count(frozen->done); i++) {
		uint32_t group;
		size_t size;
		const char *bytes = save_entry(frozen->done, i, &group, &size);
		save_put(save, group, bytes, size);
	}
	return 0;
}

void
window_thaw(struct op_run *run, void *take_image)
{
	struct frozen *frozen = take_image;

	(void)run;
	drop_views(frozen);
	mem_free(frozen->bucket);
	mem_free(frozen->call);
	if (frozen->done != NULL)
		save_free(&frozen->done);
	mem_free(frozen);
}

/* The bucket of a run, as it would be placed; NULL if there is no such. */
static struct bucket *
load_bucket(struct op_run *run, const char *at)
{
	struct window *window = run->state;
	struct bucket wanted = {
		.start_us = (int64_t)bits_load64(at),
		.first_us = (int64_t)bits_load64(at + 8),
		.update_us = (int64_t)bits_load64(at + 16),
	};

	return window_place_again(window, &wanted) != 0 ? NULL :
	    window_bucket(window, &wanted, &run->budget);
}

static int
load_row(struct op_run *run, struct bucket *bucket, const char **at,
	const char *end)
{
	struct window *window = run->state;
	struct text text;
	uint64_t hash;
	struct key_set key = { .text = &text, .hash = &hash };
	uint8_t is_new;
	char *row;

	if (group_rows_load_key(&window->rows, at, end, &text, &hash) != 0 ||
	    keyed_find(bucket->keyed, &key, 1, &row, &is_new) != 0)
		return -1;
	return group_rows_load(&window->rows, at, end, row, is_new);
}

static int
load_rows(struct op_run *run, const char *at, const char *end)
{
	while (at < end) {
		if (end - at < RUN_BYTES)
			return -1;
		struct bucket *bucket = load_bucket(run, at);
		uint32_t count = bits_load32(at + RUN_BYTES - 4);
		if (bucket == NULL)
			return -1;
		at += RUN_BYTES;
		for (uint32_t i = 0; i < count; i++)
			if (load_row(run, bucket, &at, end) != 0)
				return -1;
	}
	return 0;
}

/* Instances that were at different times go on from the least. */
static void
load_marks(struct window *window, const char *at)
{
	int64_t fired_us = (int64_t)bits_load64(at);
	uint64_t sequence = bits_load64(at + 8);

	if (window->fired_us == INT64_MIN || fired_us < window->fired_us)
		window->fired_us = fired_us;
	if (sequence > window->rows.sequence)
		window->rows.sequence = sequence;
}

int
window_load(struct op_run *run, uint32_t key_group, const char *bytes,
	size_t size, struct err *err)
{
	struct window *window = run->state;
	int status = 0;

	(void)key_group;
	if (size == MARKS_BYTES && bytes[0] == 'm')
		load_marks(window, bytes + 1);
	else if (size == LATE_BYTES && bytes[0] == 'l')
		window->late_count += bits_load64(bytes + 1);
	else if (size > 0 && bytes[0] == 'r')
		status = load_rows(run, bytes + 1, bytes + size);
	else
		status = -1;
	if (status == 0)
		return 0;
	return err_set(err, ERR_IO, "the saved state of %s cannot be read, "
	    "or needs more memory than the limit", run->op->def->name);
}
