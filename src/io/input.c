/*
 * Bytes from outside.  Four kinds: a regular file, which never makes its reader
 * wait; another descriptor (pipe, terminal, device), which may; memory; and
 * what a stream makes, which says itself when there is nothing for now.
 *
 * A file is read by read(2), so that what was opened elsewhere goes on where it
 * stood; once somebody has gone to an offset, by pread(2) from there.
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
/* How often input is looked for while USR1 waits to be answered. */
#define USR1_LOOK_MS 10

struct input {
	char *path;
	int fd;			/* -1: none */
	int close_fd;
	int is_regular;
	int may_wait;		/* for bytes that are not there yet */
	int stopped;
	int is_ready;		/* the next read was found not to wait */
	int64_t size;
	int64_t offset;		/* of the next read; -1: nobody sought */
	const char *memory;
	size_t memory_bytes;	/* in all */
	size_t memory_at;
	const struct input_calls *calls;	/* NULL: none of a stream's */
	void *cookie;
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

static struct input *
input_new(const char *path)
{
	struct input *input = mem_alloc_zero(sizeof(*input));

	input->path = mem_copy_string(path);
	input->fd = -1;
	input->size = -1;
	input->offset = -1;
	input->may_wait = 1;
	return input;
}

struct input *
input_open(const char *path, struct err *err)
{
	struct input *input = input_new(is_stdin(path) ? "stdin" : path);

	if (is_stdin(path)) {
		input->fd = STDIN_FILENO;
	} else {
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
	struct input *input = input_new("memory");

	input->size = (int64_t)size;
	input->memory = bytes;
	input->memory_bytes = size;
	return input;
}

struct input *
input_custom(const char *path, const struct input_calls *calls,
	void *take_cookie)
{
	struct input *input = input_new(path);

	input->calls = calls;
	input->cookie = take_cookie;
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
	if (input->calls != NULL && input->calls->close != NULL)
		input->calls->close(input->cookie);
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
	size_t left = input->memory_bytes - input->memory_at;

	if (size > left)
		size = left;
	if (size > 0)
		memcpy(bytes, input->memory + input->memory_at, size);
	input->memory_at += size;
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

/* Wait for input, or for ^C: one that came before the read would be slept
 * through in it.  0 or -1. */
static int
wait_for_input(const struct input *input, struct err *err)
{
	struct env_waits waits = { 0 };
	int is_ready = 0;

	while (!is_ready && !interrupt_is_set()) {
		env_waits_clear(&waits);
		env_waits_add(&waits, input->fd, 0);
		env_waits_add(&waits, interrupt_fd(), 0);
		/* What is no signal the read will tell. */
		is_ready = env->wait(&waits) < 0 ? errno != EINTR :
		    waits.entry[0].is_ready;
		/* USR1 is for later: nothing runs that has figures. */
		if (!is_ready && !interrupt_is_set())
			is_ready = env->poll_in(input->fd, USR1_LOOK_MS) > 0;
	}
	env_waits_fini(&waits);
	return is_ready ? 0 : err_set(err, ERR_INTERRUPT, "interrupted");
}

static ssize_t
fd_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	ssize_t got;

	for (;;) {
		got = input->offset < 0 ? env->read(input->fd, bytes, size) :
		    env->pread(input->fd, bytes, size, input->offset);
		if (got >= 0)
			break;
		if (errno == EINTR && interrupt_is_set())
			return err_set(err, ERR_INTERRUPT, "interrupted");
		if (errno == EAGAIN && !input->may_wait)
			return INPUT_WAIT;
		/* Somebody may have left the descriptor non-blocking. */
		if (errno == EAGAIN)
			env->poll_in(input->fd, -1);
		else if (errno != EINTR)
			return err_set_errno(err, ERR_IO, errno,
			    "cannot read %s", input->path);
	}
	input->is_ready = 0;
	if (input->offset >= 0)
		input->offset += got;
	return got;
}

/* The next bytes, from where they come; it waits where it must. */
static ssize_t
raw_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	if (input->calls != NULL)
		return input->calls->read(input->cookie, bytes, size, err);
	if (input->fd < 0)
		return memory_read(input, bytes, size);
	if (!input->is_regular && !input->is_ready &&
	    wait_for_input(input, err) != 0)
		return -1;
	return fd_read(input, bytes, size, err);
}

ssize_t
input_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	if (input->stopped)
		return INPUT_WAIT;
	if (input->ahead_at < input->ahead_bytes)
		return ahead_read(input, bytes, size);
	if (!input->may_wait && input_would_block(input))
		return INPUT_WAIT;
	return raw_read(input, bytes, size, err);
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
		ssize_t more = raw_read(input, input->ahead + have,
		    size - have, err);
		if (more == -1)
			return -1;
		if (more <= 0)
			break;
		have += (size_t)more;
	}
	input->ahead_bytes = have;
	*bytes = input->ahead;
	*got = have;
	return 0;
}

void
input_set_wait(struct input *input, int wait)
{
	input->may_wait = wait;
}

void
input_stop(struct input *input)
{
	input->stopped = 1;
}

int
input_fd(const struct input *input)
{
	return input->is_regular ? -1 : input->fd;
}

/* Is the byte there, in what cannot grow while it is read? */
static int
seek_in(struct input *input, int64_t size, uint64_t offset, struct err *err)
{
	if (offset <= (uint64_t)size)
		return 0;
	return err_set(err, ERR_IO, "%s is shorter than when it was read last "
	    "(%lld bytes)", input->path, (long long)size);
}

int
input_seek(struct input *input, uint64_t offset, struct err *err)
{
	int status = 0;

	if (input->calls != NULL && input->calls->seek != NULL)
		status = input->calls->seek(input->cookie, offset, err);
	else if (input->calls != NULL || input->fd == STDIN_FILENO ||
	    input->size < 0)
		status = err_set(err, ERR_IO, "%s cannot be read again",
		    input->path);
	else
		status = seek_in(input, input->size, offset, err);
	if (status != 0)
		return -1;
	if (input->fd >= 0)
		input->offset = (int64_t)offset;
	else if (input->calls == NULL)
		input->memory_at = (size_t)offset;
	input->ahead_at = input->ahead_bytes = 0;
	return 0;
}

int
input_would_block(struct input *input)
{
	if (input->fd < 0 || input->is_regular || input->is_ready ||
	    input->ahead_at < input->ahead_bytes)
		return 0;
	input->is_ready = env->poll_in(input->fd, 0) != 0;
	return !input->is_ready;
}

int64_t
input_size(const struct input *input)
{
	return input->size;
}
