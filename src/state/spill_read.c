/*
 * Reading temporary files.  A reader has one buffer of two blocks:
 *
 *	| what a view left of the last block > | block        | slack |
 *	                                       ^ middle
 *
 * A block is read behind the middle, and what a view needs of the block before
 * it is moved up to the middle first, so that it lies in one piece with what
 * follows.  A packed block is read to the end of the buffer and unpacked from
 * there to the middle: the slack is what LZ4 asks for that (its source may then
 * be overwritten behind what it has read).
 *
 * A call brings a block's bytes and the head of the next one, whose size is
 * known then, so that the system can be asked to have it ready.
 */
#include <assert.h>
#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "data/frame.h"
#include "state/spill_priv.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

/* Asked for in advance, whatever blocks have: several runs are read by turns,
 * and a disk that seeks should bring more than it takes to seek. */
#define AHEAD_BYTES SPILL_BLOCK_BYTES

struct spill_reader {
	struct spill_file *file;
	size_t middle;		/* the file's block_bytes */
	uint64_t place;		/* of the next block */
	uint64_t end;
	int has_head;
	struct spill_head head;	/* of the next block */
	char *buffer;
	size_t from, to;	/* what is there, in the buffer */
	struct buf frame;
	struct spill_reader_names *names;
};

struct spill_reader *
spill_reader_new(struct spill_file *file, uint64_t from, uint64_t to)
{
	struct spill_reader *reader = mem_alloc_zero(sizeof(*reader));

	assert(from <= to);
	assert(to <= file->stored_bytes);
	__atomic_add_fetch(&file->holders, 1, __ATOMIC_RELAXED);
	reader->file = file;
	reader->place = from;
	reader->end = to;
	reader->middle = file->block_bytes;
	reader->from = reader->to = reader->middle;
	return reader;
}

void
spill_reader_free(struct spill_reader **reader_address)
{
	struct spill_reader *reader = *reader_address;

	*reader_address = NULL;
	if (reader == NULL)
		return;
	if (reader->names != NULL)
		spill_give_names(reader->file->spill, reader->names);
	spill_file_free(&reader->file);
	mem_free(reader->buffer);
	buf_fini(&reader->frame);
	mem_free(reader);
}

static int
fail_damaged(const struct spill_reader *reader, struct err *err)
{
	return err_set(err, ERR_IO, "a temporary file in %s is damaged: the "
	    "block at byte %llu is not what was written",
	    reader->file->spill->folder, (unsigned long long)reader->place);
}

/* All of it, through short reads; less can only be damage. */
static int
read_all(const struct spill_reader *reader, uint64_t place, char *target,
	size_t size, struct err *err)
{
	struct spill *spill = reader->file->spill;
	uint64_t start = env->monotonic_ns();

	for (size_t done = 0; done < size;) {
		ssize_t got = env->pread(reader->file->fd, target + done,
		    size - done, (off_t)(place + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(err, ERR_IO, errno, "cannot read "
			    "a temporary file in %s", spill->folder);
		if (got == 0)
			return fail_damaged(reader, err);
		done += (size_t)got;
	}
	spill_rate_add(&spill->reading, env->monotonic_ns() - start, size);
	return 0;
}

static int
head_is_sane(const struct spill_reader *reader)
{
	const struct spill_head *head = &reader->head;

	return head->plain_bytes > 0 &&
	    head->plain_bytes <= spill_plain_bytes(reader->file) &&
	    head->stored_bytes > 0 &&
	    head->stored_bytes <= head->plain_bytes &&
	    reader->place + SPILL_HEAD_BYTES + head->stored_bytes <=
	    reader->end;
}

/* The block at `last` has been read, `next` follows. */
static void
read_ahead(const struct spill_reader *reader, uint64_t last, uint64_t next)
{
	uint64_t left = reader->end - next;

	if (last / AHEAD_BYTES == next / AHEAD_BYTES)
		return;
	env_read_ahead(reader->file->fd, next,
	    left < AHEAD_BYTES ? left : AHEAD_BYTES);
}

/* Reads the next block to `target`, and the head behind it. */
static int
block_read(struct spill_reader *reader, char *target, struct err *err)
{
	size_t stored = reader->head.stored_bytes;
	uint64_t next = reader->place + SPILL_HEAD_BYTES + stored;
	int has_next = next < reader->end;

	if (read_all(reader, reader->place + SPILL_HEAD_BYTES, target,
	    stored + (has_next ? SPILL_HEAD_BYTES : 0), err) != 0)
		return -1;
	if (spill_check(&reader->head, reader->place, target) !=
	    reader->head.check)
		return fail_damaged(reader, err);
	reader->place = next;
	reader->has_head = has_next;
	if (!has_next)
		return 0;
	memcpy(&reader->head, target + stored, SPILL_HEAD_BYTES);
	if (!head_is_sane(reader))
		return fail_damaged(reader, err);
	read_ahead(reader, next - SPILL_HEAD_BYTES - stored, next);
	return 0;
}

/* Brings the next block behind what is left, which keeps its place before the
 * middle.  1; 0 at the end; -1. */
static int
reader_load(struct spill_reader *reader, struct err *err)
{
	if (reader->place >= reader->end)
		return 0;
	if (reader->buffer == NULL)
		reader->buffer = mem_alloc(2 * reader->middle);
	size_t left = reader->to - reader->from;
	char *middle = reader->buffer + reader->middle;
	assert(left <= reader->middle);
	memmove(middle - left, reader->buffer + reader->from, left);
	reader->from = reader->middle - left;
	reader->to = reader->middle;
	if (!reader->has_head) {
		if (read_all(reader, reader->place, (char *)&reader->head,
		    SPILL_HEAD_BYTES, err) != 0)
			return -1;
		if (!head_is_sane(reader))
			return fail_damaged(reader, err);
	}
	size_t stored = reader->head.stored_bytes;
	size_t plain = reader->head.plain_bytes;
	if (stored == plain) {
		if (block_read(reader, middle, err) != 0)
			return -1;
	} else {
		char *packed = reader->buffer + 2 * reader->middle -
		    SPILL_HEAD_BYTES - stored;
		if (block_read(reader, packed, err) != 0)
			return -1;
		/* Both below the size of a block. */
		if (LZ4_decompress_safe(packed, middle, (int)stored,
		    (int)plain) != (int)plain)
			return fail_damaged(reader, err);
	}
	reader->to = reader->middle + plain;
	return 1;
}

long
spill_read(struct spill_reader *reader, void *bytes, size_t size,
	struct err *err)
{
	char *target = bytes;
	size_t done = 0;

	while (done < size) {
		size_t there = reader->to - reader->from;
		size_t piece = there < size - done ? there : size - done;
		if (piece > 0)
			memcpy(target + done, reader->buffer + reader->from,
			    piece);
		reader->from += piece;
		done += piece;
		if (done == size)
			break;
		int got = reader_load(reader, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
	}
	return (long)done;
}

int
spill_view(struct spill_reader *reader, size_t size, const char **bytes,
	struct err *err)
{
	assert(size <= reader->middle);
	while (reader->to - reader->from < size) {
		int got = reader_load(reader, err);
		if (got < 0)
			return -1;
		if (got == 0 && reader->to == reader->from)
			return 0;
		/* Who reads knows what was written between two cuts. */
		if (got == 0)
			return fail_damaged(reader, err);
	}
	*bytes = reader->buffer + reader->from;
	reader->from += size;
	return 1;
}

int
spill_read_batch(struct spill_reader *reader, struct batch **out,
	struct err *err)
{
	struct buf *frame = &reader->frame;
	uint64_t frame_bytes;
	size_t used;

	if (reader->names == NULL)
		reader->names = spill_take_names(reader->file->spill);
	struct frame_reader *frames = reader->names->reader;
	frame->size = 0;
	long got = spill_read(reader, buf_reserve(frame, FRAME_HEAD_BYTES),
	    FRAME_HEAD_BYTES, err);
	if (got <= 0)
		return (int)got;
	if (got < FRAME_HEAD_BYTES)
		return fail_damaged(reader, err);
	if (frame_measure(frames, frame->bytes, FRAME_HEAD_BYTES,
	    &frame_bytes, err) != 1)
		return -1;
	frame->size = FRAME_HEAD_BYTES;
	size_t rest = frame_bytes - FRAME_HEAD_BYTES;
	got = spill_read(reader, buf_reserve(frame, rest), rest, err);
	if (got < 0)
		return -1;
	if ((size_t)got < rest)
		return fail_damaged(reader, err);
	if (frame_read(frames, frame->bytes, frame_bytes, &used, out,
	    err) != 0)
		return -1;
	return 1;
}
