/*
 * Entries of a checkpoint.  An entry is one or more records, each with a sum of
 * its own:
 *
 *     "tail" and a version    XXH3 of the payload    payload
 *
 * A payload is one split (its path, its file and the position in it) or the
 * claims: files that are not to be read again.  Files that wait to be read
 * behind the current one are not saved: nobody claims them, so they are found
 * again.  A split is in one record only, whether the source saves it with its
 * reader's position or the stream as one that nobody reads just then.
 */
#include "io/tail_priv.h"

#include <string.h>

#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"
#include "util/pack.h"

/* "tail" and a version. */
#define RECORD_MAGIC 0x016c696174u

enum record_kind { RECORD_SPLIT = 1, RECORD_CLAIMS = 2 };

/* --- writing --- */

static void
pack_id(struct buf *buf, const struct tail_id *id)
{
	pack_u64(buf, id->device);
	pack_u64(buf, id->inode);
	pack_u64(buf, id->print);
	pack_u64(buf, id->print_bytes);
}

static void
add_record(struct buf *out, const struct buf *payload)
{
	pack_u64(out, RECORD_MAGIC);
	pack_u64(out, hash_bytes(payload->bytes, payload->size));
	pack_bytes(out, payload->bytes, payload->size);
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
	pack_u64(&payload, RECORD_SPLIT);
	pack_u64(&payload, split->id);
	pack_u64(&payload, split->current != NULL ||
	    (split->is_restored && split->has_restored_file));
	pack_id(&payload, &id);
	pack_u64(&payload, mark);
	pack_u64(&payload, mark_bytes);
	pack_u64(&payload, position->offset);
	pack_u64(&payload, position->line);
	pack_u64(&payload, position->column);
	pack_u64(&payload, position->record);
	pack_u64(&payload, position->inside);
	pack_string(&payload, split->path);
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
	pack_u64(&payload, RECORD_CLAIMS);
	pack_u64(&payload, tail->born);
	for (uint32_t i = 0; i < tail->claims.capacity; i++) {
		const struct tail_claim *claim = &tail->claims.entry[i];
		if (claim->is_used && !claim->is_held)
			pack_id(&payload, &claim->id);
	}
	add_record(out, &payload);
	buf_fini(&payload);
}

/* --- reading --- */

static int
damaged(struct err *err)
{
	return err_set(err, ERR_IO,
	    "the checkpoint's positions of tail() are damaged");
}

static void
unpack_id(struct unpack *in, struct tail_id *id)
{
	id->device = unpack_u64(in);
	id->inode = unpack_u64(in);
	id->print = unpack_u64(in);
	id->print_bytes = (uint32_t)unpack_below(in, TAIL_PRINT_BYTES);
}

static void
unpack_position(struct unpack *in, struct reader_position *position)
{
	position->offset = unpack_below(in, INT64_MAX);
	position->line = unpack_below(in, INT64_MAX);
	position->column = unpack_below(in, INT64_MAX);
	position->record = unpack_below(in, INT64_MAX);
	position->inside = unpack_u64(in);
}

/* The split of a record; one that the program does not want any more is passed
 * over. */
static int
load_split(struct tail *tail, struct unpack *in, struct err *err)
{
	struct tail_split loaded = { 0 };
	int is_pattern;

	loaded.id = unpack_u64(in);
	loaded.has_restored_file = (int)unpack_below(in, 1);
	unpack_id(in, &loaded.restored);
	loaded.mark = unpack_u64(in);
	loaded.mark_bytes = (uint32_t)unpack_below(in, TAIL_PRINT_BYTES);
	unpack_position(in, &loaded.position);
	char *path = unpack_string(in);
	if (path == NULL || !unpack_is_done(in) || path[0] == '\0' ||
	    loaded.mark_bytes > loaded.position.offset ||
	    tail_find_split(tail, path) != NULL) {
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
load_claims(struct tail *tail, struct unpack *in, struct err *err)
{
	uint64_t now_ns = env->monotonic_ns();
	uint64_t born = unpack_u64(in);
	struct tail_id id;

	if (born > tail->born)
		tail->born = born;
	while (in->left > 0 && !in->failed) {
		unpack_id(in, &id);
		if (!in->failed)
			tail_claims_add(&tail->claims, &id, now_ns);
	}
	return in->failed ? damaged(err) : 0;
}

static int
load_record(struct tail *tail, struct unpack *in, struct err *err)
{
	switch (unpack_u64(in)) {
	case RECORD_SPLIT: return load_split(tail, in, err);
	case RECORD_CLAIMS: return load_claims(tail, in, err);
	default: return damaged(err);
	}
}

int
tail_load(struct tail *tail, const char *bytes, size_t size, struct err *err)
{
	struct unpack in = { .at = bytes, .left = size };

	tail->resumed = 1;
	while (in.left > 0) {
		struct unpack record = { 0 };
		uint64_t magic = unpack_u64(&in);
		uint64_t sum = unpack_u64(&in);
		record.at = unpack_bytes(&in, &record.left);
		if (in.failed || magic != RECORD_MAGIC ||
		    hash_bytes(record.at, record.left) != sum)
			return damaged(err);
		if (load_record(tail, &record, err) != 0)
			return -1;
	}
	return 0;
}
