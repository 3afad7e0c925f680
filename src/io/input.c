/*
 * Bytes from outside.  Three kinds so far: a regular file, which never makes
 * its reader wait; another descriptor (pipe, terminal, device), which may; and
 * memory.
 */
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"

/* A writer that is ahead by this much need not be woken for every chunk. */
#define PIPE_BYTES (1 << 20)

struct input {
	char *path;
	int fd;			/* -1: memory */
	int close_fd;
	int is_regular;
	int64_t size;
	const char *memory;
	size_t memory_bytes;	/* what is left */
	/* Looked at by input_peek and not read yet. */
	char *ahead;
	size_t ahead_at, ahead_bytes;
};

static int
is_stdin(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "stdin") == 0;
}

/* What kind of thing the descriptor is; directories are refused. */
static int
look_at(struct input *input, struct err *err)
{
	struct stat stat;

	if (env->fstat(input->fd, &stat) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    input->path);
	if (S_ISDIR(stat.st_mode))
		return err_set(err, ERR_IO, "%s is a directory", input->path);
	input->is_regular = S_ISREG(stat.st_mode);
	input->size = input->is_regular ? (int64_t)stat.st_size : -1;
	if (S_ISFIFO(stat.st_mode))
		env_pipe_enlarge(input->fd, PIPE_BYTES);
	return 0;
}

struct input *
input_open(const char *path, struct err *err)
{
	struct input *input = mem_alloc_zero(sizeof(*input));

	if (is_stdin(path)) {
		input->path = mem_copy_string("stdin");
		input->fd = STDIN_FILENO;
	} else {
		input->path = mem_copy_string(path);
		do {
			input->fd = env->open(path, O_RDONLY, 0);
		} while (input->fd < 0 && errno == EINTR);
		input->close_fd = input->fd >= 0;
	}
	if (input->fd < 0)
		err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
	if (input->fd < 0 || look_at(input, err) != 0)
		input_close(&input);
	return input;
}

struct input *
input_memory(const void *bytes, size_t size)
{
	struct input *input = mem_alloc_zero(sizeof(*input));

	input->path = mem_copy_string("memory");
	input->fd = -1;
	input->size = (int64_t)size;
	input->memory = bytes;
	input->memory_bytes = size;
	return input;
}

void
input_close(struct input **input_address)
{
	struct input *input = *input_address;

	*input_address = NULL;
	if (input == NULL)
		return;
	if (input->close_fd)
		env->close(input->fd);
	mem_free(input->ahead);
	mem_free(input->path);
	mem_free(input);
}

const char *
input_path(const struct input *input)
{
	return input->path;
}

static ssize_t
memory_read(struct input *input, char *bytes, size_t size)
{
	if (size > input->memory_bytes)
		size = input->memory_bytes;
	if (size > 0)
		memcpy(bytes, input->memory, size);
	input->memory += size;
	input->memory_bytes -= size;
	return (ssize_t)size;
}

static ssize_t
ahead_read(struct input *input, char *bytes, size_t size)
{
	size_t left = input->ahead_bytes - input->ahead_at;

	if (size > left)
		size = left;
	memcpy(bytes, input->ahead + input->ahead_at, size);
	input->ahead_at += size;
	return (ssize_t)size;
}

static ssize_t
fd_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	ssize_t got;

	for (;;) {
		got = env->read(input->fd, bytes, size);
		if (got >= 0)
			return got;
		if (errno == EINTR && interrupt_is_set())
			return err_set(err, ERR_INTERRUPT, "interrupted");
		/* Somebody may have left the descriptor non-blocking. */
		if (errno == EAGAIN)
			env->poll_in(input->fd, -1);
		else if (errno != EINTR)
			break;
	}
	return err_set_errno(err, ERR_IO, errno, "cannot read %s", input->path);
}

ssize_t
input_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	if (input->ahead_at < input->ahead_bytes)
		return ahead_read(input, bytes, size);
	if (input->fd < 0)
		return memory_read(input, bytes, size);
	return fd_read(input, bytes, size, err);
}

int
input_peek(struct input *input, size_t size, const char **bytes, size_t *got,
	struct err *err)
{
	size_t have = 0;

	mem_free(input->ahead);
	input->ahead = mem_alloc(size);
	input->ahead_at = input->ahead_bytes = 0;
	while (have < size && memchr(input->ahead, '\n', have) == NULL) {
		ssize_t more = input->fd < 0 ?
		    memory_read(input, input->ahead + have, size - have) :
		    fd_read(input, input->ahead + have, size - have, err);
		if (more < 0)
			return -1;
		if (more == 0)
			break;
		have += (size_t)more;
	}
	input->ahead_bytes = have;
	*bytes = input->ahead;
	*got = have;
	return 0;
}

int
input_would_block(struct input *input)
{
	if (input->fd < 0 || input->is_regular ||
	    input->ahead_at < input->ahead_bytes)
		return 0;
	return env->poll_in(input->fd, 0) == 0;
}

int64_t
input_size(const struct input *input)
{
	return input->size;
}
