/*
 * Where bytes go.  A regular file grows under a temporary name in the same
 * folder, so that the rename which publishes it never crosses file systems:
 *
 *	dir/.name.sflow-3f9c...  --commit-->  dir/name
 *
 * A path that leads over symbolic links is resolved first: the file behind the
 * link is replaced, not the link.  The mode of the file that was there is kept
 * (as far as the umask lets a new file have it).
 *
 * Everything is written from one buffer.  It passes its limit by at most what
 * a writer appends between two calls of output_room().  Of a compressed file
 * the buffer goes through the encoder first; in place, output_flush() has it
 * give all it holds, so that who reads the growing file sees every record.
 */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/codec.h"
#include "io/encoder.h"
#include "io/format.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/thr.h"

/* Stays in the second-level cache; a pipe's default size. */
#define OUTPUT_BYTES ((size_t)64 << 10)
/* Of a terminal that does not say. */
#define COLUMNS_DEFAULT 80
#define TEMP_ATTEMPTS 100

struct output {
	char *path;		/* as the user named it */
	char *real_path;	/* target of the rename; NULL: in place */
	char *temp_path;
	int fd;			/* -1: memory */
	int close_fd;
	struct buf own;
	struct buf *buf;
	uint64_t written;
	/* In the list of those that have a temporary file. */
	struct output *next_temp;
	int continues;		/* appends to a file that has text */
	int is_file;
	int is_in_place;	/* it is seen while it grows */
	int is_ended;
	uint64_t start;		/* where in the file `written` began */
	struct encoder *encoder;	/* NULL: not compressed */
	int is_held;		/* the encoder may hold something */
	struct buf encoded;
};

/* Their files go when memory runs out, which ends the process at once. */
static struct output *temp_list;
static struct thr_lock temp_lock = THR_LOCK_INIT("temporary files");

static void
temp_remove_all(void)
{
	thr_lock_take(&temp_lock);
	for (struct output *o = temp_list; o != NULL; o = o->next_temp)
		env->unlink(o->temp_path);
}

static void
temp_list_add(struct output *output)
{
	thr_lock_take(&temp_lock);
	mem_set_farewell(temp_remove_all);
	output->next_temp = temp_list;
	temp_list = output;
	thr_lock_give(&temp_lock);
}

static void
temp_list_drop(const struct output *output)
{
	thr_lock_take(&temp_lock);
	struct output **at = &temp_list;
	while (*at != NULL && *at != output)
		at = &(*at)->next_temp;
	if (*at != NULL)
		*at = output->next_temp;
	thr_lock_give(&temp_lock);
}

static void
output_free(struct output **output_address)
{
	struct output *output = *output_address;

	*output_address = NULL;
	if (output->temp_path != NULL)
		temp_list_drop(output);
	encoder_free(&output->encoder);
	buf_fini(&output->encoded);
	buf_fini(&output->own);
	mem_free(output->path);
	mem_free(output->real_path);
	mem_free(output->temp_path);
	mem_free(output);
}

static struct output *
output_new(const char *path)
{
	struct output *output = mem_alloc_zero(sizeof(*output));

	output->path = mem_copy_string(path);
	output->fd = -1;
	output->buf = &output->own;
	return output;
}

/* Standard output or error, if the path says so. */
static struct output *
open_standard(const char *path)
{
	int is_error = strcmp(path, "stderr") == 0;
	struct output *output;

	if (!is_error && strcmp(path, "-") != 0 && strcmp(path, "stdout") != 0)
		return NULL;
	output = output_new(is_error ? "stderr" : "stdout");
	output->fd = is_error ? STDERR_FILENO : STDOUT_FILENO;
	/* A pipe that nobody reads must not hold up ^C. */
	int pipe = env_open_nonblocking(output->fd);
	if (pipe >= 0) {
		output->fd = pipe;
		output->close_fd = 1;
	}
	return output;
}

static int
open_again(const char *path, int flags, mode_t mode)
{
	int fd;

	do {
		fd = env->open(path, flags, mode);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

/* "dir/.name.sflow-0123456789abcdef" */
static char *
temp_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
	struct buf name = { 0 };
	uint64_t random;

	env->random(&random, sizeof(random));
	buf_add_format(&name, "%.*s.%s.sflow-%016llx", folder, path,
	    path + folder, (unsigned long long)random);
	char *copy = mem_copy_string(buf_string(&name));
	buf_fini(&name);
	return copy;
}

static int
open_temp(struct output *output, mode_t mode)
{
	for (int i = 0; i < TEMP_ATTEMPTS; i++) {
		mem_free(output->temp_path);
		output->temp_path = temp_name(output->real_path);
		output->fd = open_again(output->temp_path,
		    O_WRONLY | O_CREAT | O_EXCL, mode);
		if (output->fd >= 0) {
			temp_list_add(output);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	mem_free(output->temp_path);
	output->temp_path = NULL;
	return -1;
}

/* An output for the path, compressed if its suffix says so; NULL with err. */
static struct output *
output_new_file(const char *path, int append, struct err *err)
{
	const struct codec_def *codec = codec_of_path(path);
	struct output *output;

	if (format_check_suffix(path, append, err) != 0)
		return NULL;
	output = output_new(path);
	if (codec != NULL)
		output->encoder = encoder_new(codec, output->path, err);
	if (codec != NULL && output->encoder == NULL)
		output_free(&output);
	return output;
}

struct output *
output_open(const char *path, struct err *err)
{
	struct output *output = open_standard(path);
	struct stat stat;
	mode_t mode = 0666;
	int result;

	if (output != NULL)
		return output;
	output = output_new_file(path, 0, err);
	if (output == NULL)
		return NULL;
	int exists = env->stat(path, &stat) == 0;
	if (exists && S_ISDIR(stat.st_mode)) {
		errno = EISDIR;
		result = -1;
	} else if (exists && !S_ISREG(stat.st_mode)) {
		output->fd = open_again(path, O_WRONLY, 0);
		result = output->fd < 0 ? -1 : 0;
	} else {
		if (exists) {
			output->real_path = env_real_path(path);
			mode = stat.st_mode & 0777;
		}
		if (output->real_path == NULL)
			output->real_path = mem_copy_string(path);
		result = open_temp(output, mode);
	}
	if (result != 0) {
		err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
		output_free(&output);
		return NULL;
	}
	output->close_fd = 1;
	return output;
}

struct output *
output_append(const char *path, struct err *err)
{
	struct output *output = open_standard(path);
	struct stat stat;

	if (output != NULL)
		return output;
	output = output_new_file(path, 1, err);
	if (output == NULL)
		return NULL;
	output->fd = open_again(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (output->fd < 0) {
		err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
		output_free(&output);
		return NULL;
	}
	output->close_fd = 1;
	output->continues = env->fstat(output->fd, &stat) == 0 &&
	    S_ISREG(stat.st_mode) && stat.st_size > 0;
	return output;
}

struct output *
output_in_place(const char *path, int keep, struct err *err)
{
	struct output *output = open_standard(path);
	struct stat stat;

	if (output != NULL)
		return output;
	output = output_new_file(path, keep, err);
	if (output == NULL)
		return NULL;
	output->fd = open_again(path, O_WRONLY | O_CREAT | (keep ? O_APPEND :
	    O_APPEND | O_TRUNC), 0666);
	if (output->fd < 0 || env->fstat(output->fd, &stat) != 0) {
		err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
		output->close_fd = output->fd >= 0;
		output_abort(&output);
		return NULL;
	}
	output->close_fd = 1;
	output->is_in_place = 1;
	output->is_file = S_ISREG(stat.st_mode);
	if (output->is_file)
		output->start = (uint64_t)stat.st_size;
	output->continues = output->start > 0;
	return output;
}

int
output_resume(struct output *output, uint64_t size, struct err *err)
{
	struct stat stat;

	if (!output->is_file)
		return 0;
	if (env->fstat(output->fd, &stat) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot write %s",
		    output->path);
	if ((uint64_t)stat.st_size < size)
		return err_set(err, ERR_IO, "%s has %llu bytes, but the "
		    "checkpoint knows of %llu", output->path,
		    (unsigned long long)stat.st_size,
		    (unsigned long long)size);
	if (env->truncate(output->fd, (off_t)size) != 0)
		return err_set_errno(err, ERR_IO, errno, "cannot cut %s to "
		    "what the checkpoint has", output->path);
	output->start = size;
	output->continues = size > 0;
	return 0;
}

uint64_t
output_position(const struct output *output)
{
	return output->start + output->written;
}

int
output_sync(const struct output *output, struct err *err)
{
	if (!output->is_file || env->fsync(output->fd) == 0)
		return 0;
	return err_set_errno(err, ERR_IO, errno, "cannot make %s durable",
	    output->path);
}

int
output_is_file(const struct output *output)
{
	return output->is_file;
}

int
output_continues(const struct output *output)
{
	return output->continues;
}

int
output_make_folders(const char *path, struct buf *made, struct err *err)
{
	char *folder = mem_copy_string(path);
	int result = 0;

	for (char *slash = strchr(folder + 1, '/');
	    slash != NULL && result == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (env->mkdir(folder, 0777) == 0)
			buf_add(made, folder, strlen(folder) + 1);
		else if (errno != EEXIST)
			result = err_set_errno(err, ERR_IO, errno,
			    "cannot make the folder %s", folder);
		*slash = '/';
	}
	mem_free(folder);
	return result;
}

void
output_drop_folders(struct buf *made)
{
	while (made->size > 0) {
		size_t start = made->size - 1;
		while (start > 0 && made->bytes[start - 1] != '\0')
			start--;
		env->rmdir(made->bytes + start);
		made->size = start;
	}
}

struct output *
output_memory(struct buf *buf)
{
	struct output *output = output_new("memory");

	output->buf = buf;
	return output;
}

struct buf *
output_buf(struct output *output)
{
	return output->buf;
}

static int
write_failed(const struct output *output, struct err *err)
{
	if (errno == EINTR && interrupt_is_set())
		return err_set(err, ERR_INTERRUPT, "interrupted");
	return err_set_errno(err, errno == EPIPE ? ERR_PIPE : ERR_IO, errno,
	    "cannot write %s", output->path);
}

/* Write what the buffer has, or what it becomes.  0 or -1. */
static int
write_buf(struct output *output, enum codec_mode mode, struct err *err)
{
	size_t size = output->buf->size;
	struct buf *buf = output->buf;

	if (output->fd < 0)
		return 0;
	/* What could not be written is not tried again at close. */
	output->buf->size = 0;
	if (output->encoder != NULL) {
		output->encoded.size = 0;
		output->is_held = mode == CODEC_RUN;
		if (encoder_add(output->encoder, buf->bytes, size, mode,
		    &output->encoded, err) != 0)
			return -1;
		buf = &output->encoded;
	}
	size_t wanted = buf == &output->encoded ? buf->size : size;
	if (wanted > 0 && env_write_all(output->fd, buf->bytes, wanted) != 0)
		return write_failed(output, err);
	output->written += size;
	return 0;
}

int
output_flush(struct output *output, struct err *err)
{
	if (output->buf->size == 0 && !(output->is_in_place &&
	    output->is_held))
		return 0;
	return write_buf(output, output->is_in_place ? CODEC_SYNC : CODEC_RUN,
	    err);
}

int
output_room(struct output *output, struct err *err)
{
	if (output->buf->size < OUTPUT_BYTES)
		return 0;
	return write_buf(output, CODEC_RUN, err);
}

int
output_is_terminal(const struct output *output)
{
	return output->fd >= 0 && env_is_terminal(output->fd);
}

unsigned
output_columns(const struct output *output)
{
	unsigned columns = output->fd < 0 ? 0 :
	    env_terminal_columns(output->fd);

	return columns == 0 ? COLUMNS_DEFAULT : columns;
}

uint64_t
output_bytes_written(const struct output *output)
{
	return output->written + output->buf->size;
}

int
output_end(struct output *output, struct err *err)
{
	if (output->is_ended)
		return 0;
	int status = output->encoder == NULL ? output_flush(output, err) :
	    write_buf(output, CODEC_FINISH, err);
	if (status != 0)
		return -1;
	output->is_ended = 1;
	if (!output->close_fd)
		return 0;
	output->close_fd = 0;
	return env->close(output->fd) == 0 ? 0 : write_failed(output, err);
}

int
output_commit(struct output **output_address, struct err *err)
{
	struct output *output = *output_address;
	int status = output_end(output, err);

	if (status == 0 && output->temp_path != NULL &&
	    env->rename(output->temp_path, output->real_path) != 0)
		status = write_failed(output, err);
	if (status != 0) {
		output_abort(output_address);
		return -1;
	}
	output_free(output_address);
	return 0;
}

void
output_abort(struct output **output_address)
{
	struct output *output = *output_address;

	if (output == NULL)
		return;
	if (output->close_fd)
		env->close(output->fd);
	if (output->temp_path != NULL)
		env->unlink(output->temp_path);
	output_free(output_address);
}
