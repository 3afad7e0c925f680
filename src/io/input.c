/*
 * Bytes from outside.  Four kinds: a regular file, which never makes its reader
 * wait; another descriptor (pipe, terminal, device), which may; memory; and
 * what a stream makes, which says itself when there is nothing for now.
 *
 * A file is read by read(2), so that what was opened elsewhere goes on where it
 * stood; once somebody has gone to an offset, by pread(2) from there.
 *
 * The first bytes say whether the input is compressed.  They are looked at when
 * they are read for the first time, so that opening never waits:
 *
 *	plain_read	fd, memory, or a stream's calls
 *	raw_read	start[] -> decoder -> plain_read
 *	input_read	ahead[] -> raw_read
 *
 * When fewer came than a magic has, they wait in start[] for more.
 */
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/codec.h"
#include "io/decoder.h"
#include "util/buf.h"
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
	/* The first bytes, until it is known whether they are compressed; what
	 * was read of those that are not. */
	int is_unknown;
	char start[CODEC_MAGIC_MAX];
	size_t start_at, start_bytes;
	struct decoder *decoder;	/* NULL: not compressed */
	int refuses_archive;		/* nothing was read yet */
	int has_ended;			/* a read has met the end */
	/* A copy of what was read since input_keep(). */
	int keeps;
	struct buf kept;
};

/* Where the header of a tar archive has its magic, and where it ends. */
#define ARCHIVE_LOOK_BYTES 512
#define TAR_MAGIC_AT 257
#define TAR_HEADER_BYTES 512

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
	input->is_unknown = 1;
	input->refuses_archive = 1;
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
input_decode(struct input *input)
{
	input->is_unknown = 1;
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
	decoder_free(&input->decoder);
	buf_fini(&input->kept);
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

/* Would reading the descriptor wait? */
static int
fd_would_block(struct input *input)
{
	if (input->fd < 0 || input->is_regular || input->is_ready)
		return 0;
	input->is_ready = env->poll_in(input->fd, 0) != 0;
	return !input->is_ready;
}

/* The next bytes as they come; it waits where it must. */
static ssize_t
plain_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct input *input = cookie;

	if (input->calls != NULL)
		return input->calls->read(input->cookie, bytes, size, err);
	if (input->fd < 0)
		return memory_read(input, bytes, size);
	if (!input->may_wait && fd_would_block(input))
		return INPUT_WAIT;
	if (!input->is_regular && !input->is_ready &&
	    wait_for_input(input, err) != 0)
		return -1;
	return fd_read(input, bytes, size, err);
}

/* Decode from here on; `bytes` were read already.  0 or -1. */
static int
start_decoder(struct input *input, const struct codec_def *codec,
	const char *bytes, size_t size, struct err *err)
{
	input->decoder = decoder_new(codec, input->path, plain_read, input,
	    err);
	if (input->decoder == NULL)
		return -1;
	decoder_feed(input->decoder, bytes, size);
	input->start_bytes = 0;
	input->size = -1;
	return 0;
}

/*
 * The first bytes: into `bytes` if they have room for a magic, else into
 * start[].  The count of those in `bytes`; 0 also when all is in start[], or
 * in the decoder, or when the input has ended; -1 with err; INPUT_WAIT.
 */
static ssize_t
first_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	const struct codec_def *codec;

	while (input->is_unknown) {
		int is_short = input->start_bytes > 0 || size < CODEC_MAGIC_MAX;
		char *view = is_short ? input->start : bytes;
		ssize_t got = is_short ? plain_read(input, view +
		    input->start_bytes, CODEC_MAGIC_MAX - input->start_bytes,
		    err) : plain_read(input, bytes, size, err);
		if (got < 0)
			return got;
		size_t have = input->start_bytes + (size_t)got;
		enum codec_guess guess = codec_of_bytes(view, have, &codec);
		input->is_unknown = guess == CODEC_PERHAPS && got > 0;
		if (guess == CODEC_YES)
			return start_decoder(input, codec, view, have, err);
		if (!is_short && !input->is_unknown)
			return got;
		/* Fewer than a magic has. */
		if (!is_short)
			memcpy(input->start, bytes, have);
		input->start_bytes = have;
	}
	return 0;
}

/* The next bytes, decoded. */
static ssize_t
raw_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	if (input->is_unknown) {
		ssize_t got = first_read(input, bytes, size, err);
		if (got != 0 || (input->decoder == NULL &&
		    input->start_bytes == 0))
			return got;
	}
	if (input->decoder != NULL)
		return decoder_read(input->decoder, bytes, size, err);
	if (input->start_at < input->start_bytes) {
		size_t left = input->start_bytes - input->start_at;
		size = size < left ? size : left;
		memcpy(bytes, input->start + input->start_at, size);
		input->start_at += size;
		return (ssize_t)size;
	}
	return plain_read(input, bytes, size, err);
}

/* The kind of archive that begins so; NULL: none that is known. */
static const char *
archive_of_bytes(const char *bytes, size_t size)
{
	if (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0)
		return "zip";
	if (size >= 6 && memcmp(bytes, "7z\xbc\xaf\x27\x1c", 6) == 0)
		return "7z";
	if (size >= TAR_MAGIC_AT + 5 && memcmp(bytes + TAR_MAGIC_AT, "ustar",
	    5) == 0)
		return "tar";
	return NULL;
}

/* Are the bytes too few to tell an archive by?  The names in a tar end with
 * NUL, and text has none. */
static int
is_cut_archive(const char *bytes, size_t size)
{
	return size < TAR_MAGIC_AT + 5 && memchr(bytes, 0, size) != NULL;
}

/* Is what was read ahead the start of an archive, perhaps, and more needed? */
static int
has_cut_start(const struct input *input)
{
	size_t have = input->ahead_bytes - input->ahead_at;

	return input->refuses_archive && (have == 0 ||
	    is_cut_archive(input->ahead + input->ahead_at, have));
}

/* Read ahead until it can be told whether an archive begins: 1, 0 at the end of
 * the input, -1 with err, INPUT_WAIT. */
static ssize_t
read_start(struct input *input, struct err *err)
{
	size_t have = input->ahead_bytes - input->ahead_at;
	ssize_t got = 1;

	if (!has_cut_start(input))
		return 1;
	char *ahead = mem_alloc(ARCHIVE_LOOK_BYTES);
	if (have > 0)
		memcpy(ahead, input->ahead + input->ahead_at, have);
	mem_free(input->ahead);
	input->ahead = ahead;
	input->ahead_at = 0;
	input->ahead_bytes = have;
	while (got > 0 && has_cut_start(input)) {
		if (!input->may_wait && input_would_block(input))
			return INPUT_WAIT;
		got = raw_read(input, ahead + input->ahead_bytes,
		    ARCHIVE_LOOK_BYTES - input->ahead_bytes, err);
		input->ahead_bytes += got > 0 ? (size_t)got : 0;
	}
	return got;
}

/* The first bytes that anybody reads are not those of an archive: 0 or -1. */
static int
refuse_archive(struct input *input, const char *bytes, size_t size,
	struct err *err)
{
	const char *archive = archive_of_bytes(bytes, size);

	input->refuses_archive = 0;
	if (archive == NULL)
		return 0;
	err_set(err, ERR_IO, "%s is a %s archive, and those are read from "
	    "files only", input->path, archive);
	return err_hint(err, "write it to a file and name that");
}

/* The first bytes, which are looked at: more of them than were asked for. */
static ssize_t
first_look(struct input *input, char *bytes, size_t size, struct err *err)
{
	ssize_t got = read_start(input, err);

	if (got < 0)
		return got;
	if (refuse_archive(input, input->ahead + input->ahead_at,
	    input->ahead_bytes - input->ahead_at, err) != 0)
		return -1;
	return ahead_read(input, bytes, size);
}

static ssize_t
read_some(struct input *input, char *bytes, size_t size, struct err *err)
{
	int is_ahead = input->ahead_at < input->ahead_bytes;

	if (input->stopped)
		return INPUT_WAIT;
	if (input->refuses_archive && (is_ahead || size < ARCHIVE_LOOK_BYTES))
		return first_look(input, bytes, size, err);
	if (is_ahead)
		return ahead_read(input, bytes, size);
	if (!input->may_wait && input_would_block(input))
		return INPUT_WAIT;
	ssize_t got = raw_read(input, bytes, size, err);
	if (!input->refuses_archive || got <= 0)
		return got;
	if (is_cut_archive(bytes, (size_t)got)) {
		mem_free(input->ahead);
		input->ahead = mem_copy(bytes, (size_t)got);
		input->ahead_at = 0;
		input->ahead_bytes = (size_t)got;
		return first_look(input, bytes, size, err);
	}
	if (refuse_archive(input, bytes, (size_t)got, err) != 0)
		return -1;
	return got;
}

ssize_t
input_read(struct input *input, char *bytes, size_t size, struct err *err)
{
	ssize_t got = read_some(input, bytes, size, err);

	if (got > 0 && input->keeps)
		buf_add(&input->kept, bytes, (size_t)got);
	input->has_ended |= got == 0;
	return got;
}

int
input_lend(struct input *input, struct input_lent *out)
{
	return input->calls != NULL && input->calls->lend != NULL &&
	    !input->stopped && !input->keeps && !input->is_unknown &&
	    input->ahead_at == input->ahead_bytes &&
	    input->calls->lend(input->cookie, out);
}

void
input_keep(struct input *input)
{
	input->keeps = 1;
}

void
input_forget(struct input *input)
{
	input->keeps = 0;
	buf_fini(&input->kept);
}

void
input_unread(struct input *input)
{
	if (input->kept.size > 0) {
		buf_add(&input->kept, input->ahead + input->ahead_at,
		    input->ahead_bytes - input->ahead_at);
		mem_free(input->ahead);
		input->ahead = mem_copy(input->kept.bytes, input->kept.size);
		input->ahead_bytes = input->kept.size;
		input->ahead_at = 0;
	}
	input_forget(input);
}

int64_t
input_kept_to_end(const struct input *input)
{
	return input->has_ended ? (int64_t)input->kept.size : -1;
}

int
input_peek(struct input *input, size_t size, const char **bytes, size_t *got,
	struct err *err)
{
	size_t have = input->ahead_bytes - input->ahead_at;
	char *ahead = mem_alloc(have > size ? have : size);

	if (have > 0)
		memcpy(ahead, input->ahead + input->ahead_at, have);
	mem_free(input->ahead);
	input->ahead = ahead;
	input->ahead_at = input->ahead_bytes = 0;
	while (have < size && memchr(ahead, '\n', have) == NULL) {
		ssize_t more = raw_read(input, ahead + have, size - have, err);
		if (more == -1)
			return -1;
		if (more <= 0)
			break;
		have += (size_t)more;
	}
	input->ahead_bytes = have;
	*bytes = ahead;
	*got = have < size ? have : size;
	return 0;
}

/* The next bytes of a regular file, which stays where it is: as many as there
 * are; -1 with err. */
static ssize_t
fd_look(struct input *input, char *bytes, size_t size, struct err *err)
{
	/* What another process has opened may stand anywhere. */
	off_t at = input->close_fd ? 0 : env->seek(input->fd, 0, SEEK_CUR);
	size_t have = 0;
	ssize_t got = at < 0 ? -1 : 1;

	while (got > 0 && have < size) {
		do {
			got = env->pread(input->fd, bytes + have, size - have,
			    at + (off_t)have);
		} while (got < 0 && errno == EINTR);
		have += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    input->path);
	return (ssize_t)have;
}

int
input_is_archive(struct input *input, struct err *err)
{
	const struct codec_def *codec;
	char bytes[TAR_HEADER_BYTES];
	const char *start = bytes;
	size_t size;

	if (!input->is_regular || !input->is_unknown)
		return 0;
	ssize_t got = fd_look(input, bytes, sizeof(bytes), err);
	if (got < 0)
		return -1;
	size = (size_t)got;
	input->is_unknown = 0;
	if (codec_of_bytes(bytes, size, &codec) == CODEC_YES &&
	    (start_decoder(input, codec, bytes, 0, err) != 0 ||
	    input_peek(input, TAR_HEADER_BYTES, &start, &size, err) != 0))
		return -1;
	return archive_of_bytes(start, size) != NULL;
}

void
input_allow_archive(struct input *input)
{
	input->refuses_archive = 0;
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

	if (input->decoder != NULL)
		status = err_set(err, ERR_IO, "%s is compressed and can only "
		    "be read from its start", input->path);
	else if (input->calls != NULL && input->calls->seek != NULL)
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
	input->start_bytes = 0;
	input->is_unknown = 0;
	input->refuses_archive &= offset == 0;
	return 0;
}

int
input_would_block(struct input *input)
{
	if ((input->ahead_at < input->ahead_bytes && !has_cut_start(input)) ||
	    (!input->is_unknown && input->start_at < input->start_bytes) ||
	    (input->decoder != NULL && decoder_has(input->decoder)))
		return 0;
	return fd_would_block(input);
}

int64_t
input_size(const struct input *input)
{
	return input->size;
}

int
input_is_file(const struct input *input)
{
	return input->is_regular && input->fd != STDIN_FILENO;
}

int
input_is_compressed(const struct input *input)
{
	return input->decoder != NULL;
}
