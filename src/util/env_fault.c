/*
 * The fault back end: every call is counted, and the counts are compared with
 * the armed faults before the call goes on to the system.  A failing call has
 * no effect, except that close() closes (as the kernel does).  "short" lets
 * read, pread and write do half of what was asked.  Faults are armed once, at
 * start; only the counts change later, so threads need no lock.
 */
#include "util/env_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any test has asked for. */
#define FAULT_COUNT_MAX 16
/* In place of an errno: do half. */
#define FAULT_SHORT (-1)

struct fault {
	enum env_call call;
	uint64_t number;
	/* All calls from `number` on, not only that one. */
	int sticky;
	int errno_value;
};

static struct fault faults[FAULT_COUNT_MAX];
static unsigned fault_count;
static uint64_t call_counts[ENV_CALL_COUNT];

static const char *const call_names[ENV_CALL_COUNT] = {
	[ENV_OPEN] = "open", [ENV_READ] = "read", [ENV_PREAD] = "pread",
	[ENV_WRITE] = "write", [ENV_CLOSE] = "close", [ENV_FSYNC] = "fsync",
	[ENV_RENAME] = "rename", [ENV_UNLINK] = "unlink", [ENV_STAT] = "stat",
	[ENV_POLL] = "poll", [ENV_GLOB] = "glob", [ENV_MKDIR] = "mkdir",
	[ENV_SEEK] = "seek", [ENV_TRUNCATE] = "truncate",
	[ENV_SYNC_DIR] = "sync_dir", [ENV_LOCK] = "lock", [ENV_LIST] = "list",
	[ENV_WATCH] = "watch", [ENV_WAKE] = "wake", [ENV_LISTEN] = "listen",
	[ENV_ACCEPT] = "accept", [ENV_SPAWN] = "spawn",
	[ENV_THREAD] = "thread", [ENV_ALLOC] = "alloc",
};

static const struct {
	const char *name;
	int value;
} errors[] = {
	{ "EACCES", EACCES }, { "EADDRINUSE", EADDRINUSE },
	{ "EAGAIN", EAGAIN }, { "EBADF", EBADF },
	{ "ECONNABORTED", ECONNABORTED }, { "ECONNRESET", ECONNRESET },
	{ "EDQUOT", EDQUOT }, { "EEXIST", EEXIST }, { "EFBIG", EFBIG },
	{ "EINTR", EINTR }, { "EINVAL", EINVAL }, { "EIO", EIO },
	{ "EISDIR", EISDIR }, { "EMFILE", EMFILE }, { "ENFILE", ENFILE },
	{ "ENOENT", ENOENT }, { "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC },
	{ "ENOTDIR", ENOTDIR }, { "EOPNOTSUPP", EOPNOTSUPP },
	{ "EPERM", EPERM }, { "EPIPE", EPIPE },
	{ "EROFS", EROFS }, { "EXDEV", EXDEV }, { "short", FAULT_SHORT },
};

/* Does `word` stand at `*text`, `end` or `other_end` behind it?  Then steps
 * behind the word. */
static int
take_word(const char **text, const char *word, char end, char other_end)
{
	size_t size = strlen(word);

	if (strncmp(*text, word, size) != 0 ||
	    ((*text)[size] != end && (*text)[size] != other_end))
		return 0;
	*text += size;
	return 1;
}

static int
can_be_short(enum env_call call)
{
	return call == ENV_READ || call == ENV_PREAD || call == ENV_WRITE;
}

/* fault = CALL ":" NUMBER [ "+" ] [ ":" ( ERRNO | "short" ) ] */
static int
fault_take(struct fault *fault, const char **text)
{
	unsigned call = 0;
	while (call < ENV_CALL_COUNT &&
	    !take_word(text, call_names[call], ':', ':'))
		call++;
	if (call == ENV_CALL_COUNT || *++*text < '0' || **text > '9')
		return -1;
	char *end;
	fault->call = (enum env_call)call;
	fault->number = strtoull(*text, &end, 10);
	fault->sticky = *end == '+';
	*text = end + fault->sticky;
	fault->errno_value = ENOMEM;
	if (**text != ':')
		return fault->call == ENV_ALLOC ? 0 : -1;
	++*text;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (!take_word(text, errors[i].name, ',', '\0'))
			continue;
		fault->errno_value = errors[i].value;
		return fault->errno_value == FAULT_SHORT &&
		    !can_be_short(fault->call) ? -1 : 0;
	}
	return -1;
}

const char *
env_fault_parse(const char *text)
{
	memset(call_counts, 0, sizeof(call_counts));
	fault_count = 0;
	for (;;) {
		const char *start = text;
		if (fault_count == FAULT_COUNT_MAX ||
		    fault_take(&faults[fault_count], &text) != 0)
			return start;
		fault_count++;
		if (*text == '\0')
			return NULL;
		if (*text++ != ',')
			return start;
	}
}

/* Counts the call; what befalls it: an errno, FAULT_SHORT, or 0. */
static int
fault_of(enum env_call call)
{
	uint64_t number = __atomic_add_fetch(&call_counts[call], 1,
	    __ATOMIC_RELAXED);

	for (unsigned i = 0; i < fault_count; i++) {
		const struct fault *fault = &faults[i];
		if (fault->call == call && (fault->number == number ||
		    (fault->sticky && fault->number < number)))
			return fault->errno_value;
	}
	return 0;
}

/* The same for calls that know no half: 0, or -1 with errno. */
static int
fails(enum env_call call)
{
	int fault = fault_of(call);
	if (fault == 0)
		return 0;
	errno = fault;
	return -1;
}

/* The same for reads and writes: shortens `size` instead, if so armed. */
static int
fails_or_short(enum env_call call, size_t *size)
{
	int fault = fault_of(call);
	if (fault == FAULT_SHORT) {
		*size -= *size / 2;
		return 0;
	}
	if (fault == 0)
		return 0;
	errno = fault;
	return -1;
}

int
env_fault_alloc(void)
{
	return fails(ENV_ALLOC) != 0;
}

int
env_fault_thread(void)
{
	return fails(ENV_THREAD) != 0;
}

static int
fault_open(const char *path, int flags, mode_t mode)
{
	return fails(ENV_OPEN) ? -1 : env_real.open(path, flags, mode);
}

static ssize_t
fault_read(int fd, void *bytes, size_t size)
{
	return fails_or_short(ENV_READ, &size) ? -1 :
	    env_real.read(fd, bytes, size);
}

static ssize_t
fault_pread(int fd, void *bytes, size_t size, off_t offset)
{
	return fails_or_short(ENV_PREAD, &size) ? -1 :
	    env_real.pread(fd, bytes, size, offset);
}

static ssize_t
fault_write(int fd, const void *bytes, size_t size)
{
	return fails_or_short(ENV_WRITE, &size) ? -1 :
	    env_real.write(fd, bytes, size);
}

static int
fault_close(int fd)
{
	int status = env_real.close(fd);
	return fails(ENV_CLOSE) ? -1 : status;
}

static int
fault_fsync(int fd)
{
	return fails(ENV_FSYNC) ? -1 : env_real.fsync(fd);
}

static int
fault_rename(const char *source, const char *target)
{
	return fails(ENV_RENAME) ? -1 : env_real.rename(source, target);
}

static int
fault_unlink(const char *path)
{
	return fails(ENV_UNLINK) ? -1 : env_real.unlink(path);
}

static int
fault_stat(const char *path, struct stat *stat_out)
{
	return fails(ENV_STAT) ? -1 : env_real.stat(path, stat_out);
}

static int
fault_fstat(int fd, struct stat *stat_out)
{
	return fails(ENV_STAT) ? -1 : env_real.fstat(fd, stat_out);
}

/* Only ever tidies up: what it cannot remove stays. */
static int
fault_rmdir(const char *path)
{
	return env_real.rmdir(path);
}

static int
fault_mkdir(const char *path, mode_t mode)
{
	return fails(ENV_MKDIR) ? -1 : env_real.mkdir(path, mode);
}

static int
fault_glob(const char *pattern, int flags, glob_t *result)
{
	return fails(ENV_GLOB) ? GLOB_ABORTED :
	    env_real.glob(pattern, flags, result);
}

static int
fault_poll_in(int fd, int timeout_ms)
{
	return fails(ENV_POLL) ? -1 : env_real.poll_in(fd, timeout_ms);
}

static int
fault_wait(struct env_waits *waits)
{
	return fails(ENV_POLL) ? -1 : env_real.wait(waits);
}

static off_t
fault_seek(int fd, off_t offset, int whence)
{
	return fails(ENV_SEEK) ? -1 : env_real.seek(fd, offset, whence);
}

static int
fault_truncate(int fd, off_t size)
{
	return fails(ENV_TRUNCATE) ? -1 : env_real.truncate(fd, size);
}

static int
fault_sync_dir(const char *path)
{
	return fails(ENV_SYNC_DIR) ? -1 : env_real.sync_dir(path);
}

static int
fault_lock(int fd)
{
	return fails(ENV_LOCK) ? -1 : env_real.lock(fd);
}

static int
fault_list_dir(const char *path, char ***names, size_t *count)
{
	*names = NULL;
	*count = 0;
	return fails(ENV_LIST) ? -1 :
	    env_real.list_dir(path, names, count);
}

static int
fault_watch_open(void)
{
	return fails(ENV_WATCH) ? -1 : env_real.watch_open();
}

static int
fault_watch_add(int fd, const char *path)
{
	return fails(ENV_WATCH) ? -1 : env_real.watch_add(fd, path);
}

static int
fault_watch_drain(int fd)
{
	return fails(ENV_WATCH) ? -1 : env_real.watch_drain(fd);
}

static int
fault_wake_open(void)
{
	return fails(ENV_WAKE) ? -1 : env_real.wake_open();
}

static int
fault_listen(const char *host, uint16_t port)
{
	return fails(ENV_LISTEN) ? -1 : env_real.listen(host, port);
}

static int
fault_accept(int fd, char peer[ENV_PEER_SIZE])
{
	return fails(ENV_ACCEPT) ? -1 : env_real.accept(fd, peer);
}

static int
fault_spawn(const char *const argv[], struct env_process *out)
{
	return fails(ENV_SPAWN) ? -1 : env_real.spawn(argv, out);
}

static int64_t
fault_now_us(void)
{
	return env_real.now_us();
}

static uint64_t
fault_monotonic_ns(void)
{
	return env_real.monotonic_ns();
}

static void
fault_random(void *bytes, size_t size)
{
	env_real.random(bytes, size);
}

const struct env env_fault = {
	.open = fault_open,
	.read = fault_read,
	.pread = fault_pread,
	.write = fault_write,
	.close = fault_close,
	.fsync = fault_fsync,
	.rename = fault_rename,
	.unlink = fault_unlink,
	.stat = fault_stat,
	.fstat = fault_fstat,
	.mkdir = fault_mkdir,
	.rmdir = fault_rmdir,
	.seek = fault_seek,
	.truncate = fault_truncate,
	.sync_dir = fault_sync_dir,
	.lock = fault_lock,
	.list_dir = fault_list_dir,
	.watch_open = fault_watch_open,
	.watch_add = fault_watch_add,
	.watch_drain = fault_watch_drain,
	.wake_open = fault_wake_open,
	.listen = fault_listen,
	.accept = fault_accept,
	.spawn = fault_spawn,
	.glob = fault_glob,
	.poll_in = fault_poll_in,
	.wait = fault_wait,
	.now_us = fault_now_us,
	.monotonic_ns = fault_monotonic_ns,
	.random = fault_random,
};
