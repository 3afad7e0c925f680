/*
 * Entries of a checkpoint.  An entry is one or more records, each on its own:
 *
 *     "tail" version  payload size  XXH3 of the payload  payload
 *
 * all numbers little-endian; a payload is one split (its path, its file and the
 * position in it) or the claims: files that are not to be read again.  Files
 * that wait to be read after the current one are not saved: nobody claims
 * them, so they are found again.  A split is in one record only, whether the
 * source saves it with its reader's position or the stream as one that nobody
 * reads just then.
 */
#include "io/tail_priv.h"

#include <string.h>

#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

#define RECORD_MAGIC 0x6c696174u	/* "tail" */
#define RECORD_VERSION 1
#define HEAD_BYTES 17
#define PATH_BYTES_MAX 65536

enum record_kind { RECORD_SPLIT = 1, RECORD_CLAIMS = 2 };

/* --- writing --- */

static void
add_u32(struct buf *buf, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		buf_add_char(buf, (char)(value >> (8 * i)));
}

static void
add_u64(struct buf *buf, uint64_t value)
{
	add_u32(buf, (uint32_t)value);
	add_u32(buf, (uint32_t)(value >> 32));
}

static void
add_id(struct buf *buf, const struct tail_id *id)
{
	add_u64(buf, id->device);
	add_u64(buf, id->inode);
	add_u64(buf, id->print);
	add_u32(buf, id->print_bytes);
}

static void
add_record(struct buf *out, const struct buf *payload)
{
	add_u32(out, RECORD_MAGIC);
	buf_add_char(out, RECORD_VERSION);
	add_u32(out, (uint32_t)payload->size);
	add_u64(out, hash_bytes(payload->bytes, payload->size));
	buf_add(out, payload->bytes, payload->size);
}

void
tail_save_split(const struct tail_split *split,
	const struct reader_position *position, struct buf *out)
{
	struct buf payload = { 0 };
	struct tail_id id = { 0 };
	uint64_t mark = 0;
	uint32_t mark_bytes = 0;

	if (split->current != NULL) {
		tail_file_id(split->current, &id);
		mark = tail_file_mark(split->current, position->offset,
		    &mark_bytes);
	} else if (split->is_restored) {
		id = split->restored;
		mark = split->mark;
		mark_bytes = split->mark_bytes;
	}
	buf_add_char(&payload, RECORD_SPLIT);
	add_u64(&payload, split->id);
	buf_add_char(&payload, split->current != NULL ||
	    (split->is_restored && split->has_restored_file));
	add_id(&payload, &id);
	add_u64(&payload, mark);
	add_u32(&payload, mark_bytes);
	add_u64(&payload, position->offset);
	add_u64(&payload, position->line);
	add_u64(&payload, position->record);
	buf_add_string(&payload, split->path);
	add_record(out, &payload);
	buf_fini(&payload);
}

void
tail_save_rest(const struct tail *tail, struct buf *out)
{
	struct buf payload = { 0 };

	for (uint32_t i = 0; i < tail->split_count; i++) {
		const struct tail_split *split = tail->split[i];
		if (!split->is_out && !split->ended)
			tail_save_split(split, &split->position, out);
	}
	buf_add_char(&payload, RECORD_CLAIMS);
	add_u64(&payload, tail->born);
	for (uint32_t i = 0; i < tail->claims.capacity; i++) {
		const struct tail_claim *claim = &tail->claims.entry[i];
		if (claim->is_used && !claim->is_held)
			add_id(&payload, &claim->id);
	}
	add_record(out, &payload);
	buf_fini(&payload);
}

/* --- reading --- */

struct cursor {
	const unsigned char *at;
	size_t left;
	int failed;
};

static uint64_t
take(struct cursor *cursor, unsigned bytes)
{
	uint64_t value = 0;

	if (cursor->left < bytes) {
		cursor->failed = 1;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)cursor->at[i] << (8 * i);
	cursor->at += bytes;
	cursor->left -= bytes;
	return value;
}

static void
take_id(struct cursor *cursor, struct tail_id *id)
{
	id->device = take(cursor, 8);
	id->inode = take(cursor, 8);
	id->print = take(cursor, 8);
	id->print_bytes = (uint32_t)take(cursor, 4);
	if (id->print_bytes > TAIL_PRINT_BYTES)
		cursor->failed = 1;
}

static int
damaged(struct err *err)
{
	return err_set(err, ERR_IO,
	    "the checkpoint's positions of tail() are damaged");
}

/* The split of a record; one that the program does not want any more is passed
 * over. */
static int
load_split(struct tail *tail, struct cursor *cursor, struct err *err)
{
	struct tail_split loaded = { 0 };
	int is_pattern;

	loaded.id = take(cursor, 8);
	loaded.has_restored_file = take(cursor, 1) != 0;
	take_id(cursor, &loaded.restored);
	loaded.mark = take(cursor, 8);
	loaded.mark_bytes = (uint32_t)take(cursor, 4);
	loaded.position.offset = take(cursor, 8);
	loaded.position.line = take(cursor, 8);
	loaded.position.record = take(cursor, 8);
	if (cursor->failed || cursor->left == 0 ||
	    cursor->left > PATH_BYTES_MAX ||
	    loaded.mark_bytes > TAIL_PRINT_BYTES ||
	    loaded.mark_bytes > loaded.position.offset ||
	    loaded.position.offset > INT64_MAX ||
	    memchr(cursor->at, '\0', cursor->left) != NULL)
		return damaged(err);
	char *path = mem_alloc(cursor->left + 1);
	memcpy(path, cursor->at, cursor->left);
	path[cursor->left] = '\0';
	if (tail_find_split(tail, path) != NULL) {
		mem_free(path);
		return damaged(err);
	}
	if (tail_wants(tail, path, &is_pattern)) {
		struct tail_split *split = tail_add_split(tail, path);
		split->id = loaded.id;
		split->is_pattern = is_pattern;
		split->is_restored = 1;
		split->has_restored_file = loaded.has_restored_file;
		split->restored = loaded.restored;
		split->mark = loaded.mark;
		split->mark_bytes = loaded.mark_bytes;
		split->position = loaded.position;
	}
	mem_free(path);
	return 0;
}

static int
load_claims(struct tail *tail, struct cursor *cursor, struct err *err)
{
	uint64_t now_ns = env->monotonic_ns();
	uint64_t born = take(cursor, 8);
	struct tail_id id;

	if (born > tail->born)
		tail->born = born;
	while (cursor->left > 0 && !cursor->failed) {
		take_id(cursor, &id);
		if (!cursor->failed)
			tail_claims_add(&tail->claims, &id, now_ns);
	}
	return cursor->failed ? damaged(err) : 0;
}

static int
load_record(struct tail *tail, struct cursor *cursor, struct err *err)
{
	switch (take(cursor, 1)) {
	case RECORD_SPLIT: return load_split(tail, cursor, err);
	case RECORD_CLAIMS: return load_claims(tail, cursor, err);
	default: return damaged(err);
	}
}

int
tail_load(struct tail *tail, const char *bytes, size_t size, struct err *err)
{
	struct cursor cursor = { (const unsigned char *)bytes, size, 0 };

	tail->resumed = 1;
	while (cursor.left > 0) {
		if (cursor.left < HEAD_BYTES || take(&cursor, 4) !=
		    RECORD_MAGIC || take(&cursor, 1) != RECORD_VERSION)
			return damaged(err);
		size_t payload = (size_t)take(&cursor, 4);
		uint64_t sum = take(&cursor, 8);
		if (payload > cursor.left ||
		    hash_bytes(cursor.at, payload) != sum)
			return damaged(err);
		struct cursor record = { cursor.at, payload, 0 };
		if (load_record(tail, &record, err) != 0)
			return -1;
		cursor.at += payload;
		cursor.left -= payload;
	}
	return 0;
}
