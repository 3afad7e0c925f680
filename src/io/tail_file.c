/*
 * A file that grows.  It is read until nothing is there, and then the reader
 * is told to wait, until one of three things is known:
 *
 *     it was rotated   its name leads to another file, and it gave nothing for
 *                      a while: programs go on writing to the old file until
 *                      they are told of the new one
 *     it was cut       it is shorter than what was read of it, or does not
 *                      begin as it did: copytruncate.  What it has now is read
 *                      as another file's bytes, from the first
 *     all is to end    the same as rotated, without the while
 *
 * Its beginning is compared before each read that follows one which gave
 * nothing: only then may it have been cut without our being behind anyway.
 *
 * The split that it belongs to and the input made of it hold it, whichever
 * goes last.
 */
#include "io/tail_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/interrupt.h"
#include "util/mem.h"

#define SCAN_BYTES 65536

/* As much of the `size` bytes at `offset` as there is; -1 with errno. */
static ssize_t
read_at(const struct tail_file *file, char *bytes, size_t size, uint64_t offset)
{
	size_t have = 0;

	while (have < size) {
		ssize_t got = env->pread(file->fd, bytes + have, size - have,
		    (off_t)(offset + have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static uint32_t
read_head(const struct tail_file *file, char *head)
{
	ssize_t got = read_at(file, head, TAIL_PRINT_BYTES, 0);

	return got < 0 ? 0 : (uint32_t)got;
}

static int
open_again(const char *path)
{
	int fd;

	do {
		fd = env->open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

int64_t
tail_changed_ns(const struct stat *stat)
{
	return (int64_t)stat->st_mtim.tv_sec * 1000000000 +
	    stat->st_mtim.tv_nsec;
}

int
tail_file_open(const char *path, struct tail_file **out, struct err *err)
{
	struct stat stat;
	int fd = open_again(path);

	*out = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENXIO))
		return 0;
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot open %s",
		    path);
	if (env->fstat(fd, &stat) != 0) {
		int errno_value = errno;
		env->close(fd);
		return err_set_errno(err, ERR_IO, errno_value,
		    "cannot read %s", path);
	}
	if (!S_ISREG(stat.st_mode)) {
		env->close(fd);
		return 0;
	}
	struct tail_file *file = mem_alloc_zero(sizeof(*file));
	file->path = mem_copy_string(path);
	file->fd = fd;
	file->device = (uint64_t)stat.st_dev;
	file->inode = (uint64_t)stat.st_ino;
	file->changed_ns = tail_changed_ns(&stat);
	file->head_bytes = read_head(file, file->head);
	file->users = 1;
	*out = file;
	return 1;
}

struct tail_file *
tail_file_again(struct tail_file *old)
{
	struct tail_file *file = mem_alloc_zero(sizeof(*file));

	file->split = old->split;
	file->path = mem_copy_string(old->path);
	file->fd = old->fd;
	old->fd = -1;
	file->device = old->device;
	file->inode = old->inode;
	file->head_bytes = read_head(file, file->head);
	file->is_left = old->is_left;
	file->left_ns = old->left_ns;
	file->quiet_ns = old->quiet_ns;
	file->byte_ns = old->byte_ns;
	file->users = 1;
	return file;
}

void
tail_file_drop(struct tail_file **take_file)
{
	struct tail_file *file = *take_file;

	*take_file = NULL;
	if (file == NULL || --file->users > 0)
		return;
	if (file->fd >= 0)
		env->close(file->fd);
	mem_free(file->path);
	mem_free(file);
}

/* Does it still begin as it did, and is what was read of it still there? */
static int
is_as_it_was(struct tail_file *file)
{
	struct stat stat;
	char head[TAIL_PRINT_BYTES];

	if (env->fstat(file->fd, &stat) != 0)
		return 1;
	if ((uint64_t)stat.st_size < file->offset)
		return 0;
	uint32_t size = read_head(file, head);
	if (size < file->head_bytes ||
	    memcmp(head, file->head, file->head_bytes) != 0)
		return 0;
	memcpy(file->head, head, size);
	file->head_bytes = size;
	return 1;
}

/* Bytes at `offset` were read: the head grows with the file. */
static void
head_grow(struct tail_file *file, const char *bytes, size_t size)
{
	if (file->head_bytes == TAIL_PRINT_BYTES ||
	    file->offset > file->head_bytes)
		return;
	size_t room = TAIL_PRINT_BYTES - (size_t)file->offset;
	if (size > room)
		size = room;
	memcpy(file->head + file->offset, bytes, size);
	if (file->offset + size > file->head_bytes)
		file->head_bytes = (uint32_t)(file->offset + size);
}

/* What a read that gave nothing means. */
static ssize_t
nothing_there(struct tail_file *file)
{
	file->at_end = 1;
	file->unread = 0;
	if (!file->is_left || env->monotonic_ns() < tail_file_deadline(file))
		return INPUT_WAIT;
	file->ended = 1;
	return 0;
}

static ssize_t
file_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct tail_file *file = cookie;
	ssize_t got;

	if (file->ended)
		return 0;
	if (file->at_end && !is_as_it_was(file)) {
		file->is_cut = file->ended = 1;
		return 0;
	}
	do {
		got = env->pread(file->fd, bytes, size, (off_t)file->offset);
	} while (got < 0 && errno == EINTR && !interrupt_is_set());
	if (got < 0 && errno == EINTR)
		return err_set(err, ERR_INTERRUPT, "interrupted");
	if (got < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    file->path);
	if (got == 0)
		return nothing_there(file);
	head_grow(file, bytes, (size_t)got);
	file->offset += (uint64_t)got;
	file->at_end = 0;
	file->byte_ns = env->monotonic_ns();
	return got;
}

static int
file_seek(void *cookie, uint64_t offset, struct err *err)
{
	struct tail_file *file = cookie;

	(void)err;
	file->offset = offset;
	file->at_end = 0;
	return 0;
}

static void
file_close(void *take_cookie)
{
	struct tail_file *file = take_cookie;

	tail_file_drop(&file);
}

struct input *
tail_file_input(struct tail_file *file)
{
	static const struct input_calls calls = {
		.read = file_read, .seek = file_seek, .close = file_close,
	};

	file->users++;
	return input_custom(file->path, &calls, file);
}

void
tail_file_leave(struct tail_file *file, uint64_t quiet_ns)
{
	if (file->is_left && file->quiet_ns <= quiet_ns)
		return;
	if (!file->is_left)
		file->left_ns = env->monotonic_ns();
	file->is_left = 1;
	file->quiet_ns = quiet_ns;
	/* What it has may have come before its name went: read it once more. */
	file->unread = 1;
}

uint64_t
tail_file_deadline(const struct tail_file *file)
{
	if (file->unread || file->ended)
		return 0;
	if (!file->is_left)
		return UINT64_MAX;
	uint64_t from = file->left_ns > file->byte_ns ? file->left_ns :
	    file->byte_ns;
	return from + file->quiet_ns;
}

static int64_t
changed_now(const struct tail_file *file)
{
	struct stat stat;

	return env->fstat(file->fd, &stat) != 0 ? file->changed_ns :
	    tail_changed_ns(&stat);
}

void
tail_file_id(const struct tail_file *file, struct tail_id *id)
{
	id->device = file->device;
	id->inode = file->inode;
	id->print_bytes = file->head_bytes;
	id->print = hash_bytes(file->head, file->head_bytes);
	/* Nothing but its time tells an empty file from the next one. */
	if (file->head_bytes == 0)
		id->print = (uint64_t)changed_now(file);
}

int
tail_file_is(const struct tail_file *file, const struct tail_id *id)
{
	/* The number of a device may change when the machine starts anew; a
	 * whole print makes up for it. */
	if (file->inode != id->inode || (file->device != id->device &&
	    id->print_bytes < TAIL_PRINT_BYTES))
		return 0;
	return file->head_bytes >= id->print_bytes && (id->print_bytes == 0 ||
	    hash_bytes(file->head, id->print_bytes) == id->print);
}

int
tail_file_is_at(const struct tail_file *file, const struct stat *stat)
{
	return file->inode == (uint64_t)stat->st_ino &&
	    file->device == (uint64_t)stat->st_dev;
}

uint64_t
tail_file_mark(const struct tail_file *file, uint64_t offset, uint32_t *size)
{
	char bytes[TAIL_PRINT_BYTES];
	uint32_t wanted = offset < TAIL_PRINT_BYTES ? (uint32_t)offset :
	    TAIL_PRINT_BYTES;

	ssize_t got = read_at(file, bytes, wanted, offset - wanted);
	*size = got == (ssize_t)wanted ? wanted : 0;
	return hash_bytes(bytes, *size);
}

unsigned
tail_file_links(const struct tail_file *file)
{
	struct stat stat;

	return env->fstat(file->fd, &stat) != 0 ? 0 : (unsigned)stat.st_nlink;
}

uint64_t
tail_file_size(const struct tail_file *file)
{
	struct stat stat;

	return env->fstat(file->fd, &stat) != 0 ? 0 : (uint64_t)stat.st_size;
}

int
tail_file_lines_end(const struct tail_file *file, uint64_t *offset,
	struct err *err)
{
	uint64_t at = tail_file_size(file);
	char *block = mem_alloc(SCAN_BYTES);
	ssize_t got = 0;

	*offset = 0;
	while (at > 0 && *offset == 0 && got >= 0) {
		size_t size = at < SCAN_BYTES ? (size_t)at : SCAN_BYTES;
		at -= size;
		got = read_at(file, block, size, at);
		ssize_t end = got;
		while (end > 0 && block[end - 1] != '\n')
			end--;
		if (end > 0)
			*offset = at + (uint64_t)end;
	}
	mem_free(block);
	return got >= 0 ? 0 : err_set_errno(err, ERR_IO, errno,
	    "cannot read %s", file->path);
}
