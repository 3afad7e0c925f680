/*
 * The file of a part:
 *
 *	head	"sflowprt" | version:4 | 0:4 | generation:8 | number:8
 *	entry	key group:4 | check:4 | size:8 | XXH3 of the bytes:8 | bytes
 *	entry	...
 *
 * Numbers are as the machine has them, which is little-endian; on another one
 * the version reads wrong.  `check` is over the rest of the entry's own head,
 * so that a broken size is found before it is believed.  The part's checksum
 * runs over the head and every entry's head, and these hold the checksums of
 * the bytes: it vouches for all of the file, also for its end, at no further
 * cost.  Both it and the size of the file are in the manifest.
 *
 * Reading takes memory for the largest entry only, and believes a size not
 * before it is known that the file has so many bytes.
 */
#include "state/part.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "state/save.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"

#define MAGIC "sflowprt"
#define FORMAT_VERSION 1
#define HEAD_BYTES 32
#define ENTRY_BYTES 24
/* A system call for each 256 KiB costs nothing any more. */
#define CHUNK_BYTES ((size_t)256 << 10)

int
part_name_is_valid(const char *name, size_t size)
{
	if (size == 0 || size >= PART_NAME_SIZE)
		return 0;
	for (size_t i = 0; i < size; i++) {
		char c = name[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return 0;
	}
	return 1;
}

static void
head_make(const struct part *part, char head[HEAD_BYTES])
{
	memcpy(head, MAGIC, 8);
	bits_store32(head + 8, FORMAT_VERSION);
	bits_store32(head + 12, 0);
	bits_store64(head + 16, part->generation);
	bits_store64(head + 24, part->number);
}

/* The check of an entry's head: over all of it but itself. */
static uint32_t
entry_check(const char head[ENTRY_BYTES])
{
	char rest[ENTRY_BYTES];

	memcpy(rest, head, ENTRY_BYTES);
	bits_store32(rest + 4, 0);
	return (uint32_t)hash_bytes(rest, ENTRY_BYTES);
}

static void
entry_make(uint32_t key_group, const char *bytes, size_t size,
	char head[ENTRY_BYTES])
{
	bits_store32(head, key_group);
	bits_store64(head + 8, size);
	bits_store64(head + 16, hash_bytes(bytes, size));
	bits_store32(head + 4, entry_check(head));
}

/* The part's checksum goes on over an entry's head. */
static uint64_t
checksum_next(uint64_t checksum, const char head[ENTRY_BYTES])
{
	char both[8 + ENTRY_BYTES];

	bits_store64(both, checksum);
	memcpy(both + 8, head, ENTRY_BYTES);
	return hash_bytes(both, sizeof(both));
}

/* Writes what is in the buffer. */
static int
chunk_write(int fd, struct buf *chunk)
{
	int status = env_write_all(fd, chunk->bytes, chunk->size);

	chunk->size = 0;
	return status;
}

/* One entry, through the buffer unless it is large itself. */
static int
entry_write(int fd, struct buf *chunk, const char head[ENTRY_BYTES],
	const char *bytes, size_t size)
{
	buf_add(chunk, head, ENTRY_BYTES);
	if (size < CHUNK_BYTES)
		buf_add(chunk, bytes, size);
	if (chunk->size >= CHUNK_BYTES || size >= CHUNK_BYTES)
		if (chunk_write(fd, chunk) != 0)
			return -1;
	return size < CHUNK_BYTES ? 0 : env_write_all(fd, bytes, size);
}

int
part_write(int fd, const char *path, const struct save *save,
	struct part *part, struct err *err)
{
	struct buf chunk = { 0 };
	char head[HEAD_BYTES], entry[ENTRY_BYTES];
	int status = 0;

	head_make(part, head);
	buf_add(&chunk, head, HEAD_BYTES);
	part->bytes = HEAD_BYTES;
	part->checksum = hash_bytes(head, HEAD_BYTES);
	for (uint64_t i = 0; i < save_count(save) && status == 0; i++) {
		uint32_t key_group;
		size_t size;
		const char *bytes = save_entry(save, i, &key_group, &size);
		entry_make(key_group, bytes, size, entry);
		part->bytes += ENTRY_BYTES + size;
		part->checksum = checksum_next(part->checksum, entry);
		status = entry_write(fd, &chunk, entry, bytes, size);
	}
	if (status == 0)
		status = chunk_write(fd, &chunk);
	if (status != 0)
		err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
	buf_fini(&chunk);
	return status;
}

/* The file from byte `offset` on, of which some is in the window. */
struct reader {
	int fd;
	const char *path;
	struct buf window;
	size_t at;		/* in the window */
	uint64_t offset;	/* of that byte in the file */
	uint64_t size;		/* of the file */
};

static enum part_status
reader_damaged(const struct reader *reader, const char *what, struct err *err)
{
	err_set(err, ERR_IO, "%s is damaged at byte %llu: %s", reader->path,
	    (unsigned long long)reader->offset, what);
	return PART_DAMAGED;
}

/* Have the next `size` bytes in the window; the file is long enough. */
static enum part_status
reader_need(struct reader *reader, size_t size, struct err *err)
{
	struct buf *window = &reader->window;

	if (window->size - reader->at >= size)
		return PART_WHOLE;
	if (reader->at > 0) {
		window->size -= reader->at;
		memmove(window->bytes, window->bytes + reader->at,
		    window->size);
		reader->at = 0;
	}
	size_t want = size > CHUNK_BYTES ? size : CHUNK_BYTES;
	buf_reserve(window, want - window->size);
	while (window->size < size) {
		ssize_t got = env->read(reader->fd, window->bytes +
		    window->size, want - window->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_set_errno(err, ERR_IO, errno, "cannot read %s",
			    reader->path);
			return PART_FAILED;
		}
		if (got == 0)
			return reader_damaged(reader, "the file ends", err);
		window->size += (size_t)got;
	}
	return PART_WHOLE;
}

static const char *
reader_take(struct reader *reader, size_t size)
{
	const char *bytes = reader->window.bytes + reader->at;

	reader->at += size;
	reader->offset += size;
	return bytes;
}

/* The next entry's head, copied, once the file is known to have it all. */
static enum part_status
reader_entry(struct reader *reader, char head[ENTRY_BYTES], struct err *err)
{
	if (reader->size - reader->offset < ENTRY_BYTES)
		return reader_damaged(reader, "an entry is cut off", err);
	enum part_status status = reader_need(reader, ENTRY_BYTES, err);
	if (status != PART_WHOLE)
		return status;
	memcpy(head, reader->window.bytes + reader->at, ENTRY_BYTES);
	if (bits_load32(head + 4) != entry_check(head))
		return reader_damaged(reader, "an entry's head is wrong", err);
	if (bits_load64(head + 8) > reader->size - reader->offset - ENTRY_BYTES)
		return reader_damaged(reader, "an entry is cut off", err);
	reader_take(reader, ENTRY_BYTES);
	return PART_WHOLE;
}

static enum part_status
reader_entries(struct reader *reader, uint64_t *checksum, part_entry_f *entry,
	void *cookie, struct err *err)
{
	char head[ENTRY_BYTES];

	while (reader->offset < reader->size) {
		enum part_status status = reader_entry(reader, head, err);
		if (status != PART_WHOLE)
			return status;
		size_t size = bits_load64(head + 8);
		status = reader_need(reader, size, err);
		if (status != PART_WHOLE)
			return status;
		if (hash_bytes(reader->window.bytes + reader->at, size) !=
		    bits_load64(head + 16))
			return reader_damaged(reader,
			    "an entry's checksum is wrong", err);
		const char *bytes = reader_take(reader, size);
		if (entry != NULL && entry(cookie, bits_load32(head), bytes,
		    size, err) != 0)
			return PART_FAILED;
		*checksum = checksum_next(*checksum, head);
	}
	return PART_WHOLE;
}

/* The file is there, as long as it should be, and begins as it should. */
static enum part_status
reader_start(struct reader *reader, const struct part *part,
	uint64_t *checksum, struct err *err)
{
	struct stat info;
	char head[HEAD_BYTES];

	if (env->fstat(reader->fd, &info) != 0) {
		err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    reader->path);
		return PART_FAILED;
	}
	reader->size = (uint64_t)info.st_size;
	if (reader->size != part->bytes || reader->size < HEAD_BYTES) {
		reader->offset = reader->size;
		return reader_damaged(reader, "the file has another length "
		    "than its manifest says", err);
	}
	enum part_status status = reader_need(reader, HEAD_BYTES, err);
	if (status != PART_WHOLE)
		return status;
	head_make(part, head);
	if (memcmp(reader->window.bytes, head, HEAD_BYTES) != 0)
		return reader_damaged(reader, "the file's head is wrong", err);
	*checksum = hash_bytes(head, HEAD_BYTES);
	reader_take(reader, HEAD_BYTES);
	return PART_WHOLE;
}

enum part_status
part_read(int fd, const char *path, const struct part *part,
	part_entry_f *entry, void *cookie, struct err *err)
{
	struct reader reader = { .fd = fd, .path = path };
	uint64_t checksum = 0;
	enum part_status status = reader_start(&reader, part, &checksum, err);

	if (status == PART_WHOLE)
		status = reader_entries(&reader, &checksum, entry, cookie, err);
	if (status == PART_WHOLE && checksum != part->checksum)
		status = reader_damaged(&reader, "its entries are others than "
		    "its manifest says", err);
	buf_fini(&reader.window);
	return status;
}
