#include "util/env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/env_priv.h"
#include "util/interrupt.h"
#include "util/mem.h"

/* How often a full output is looked at while USR1 waits to be answered. */
#define ROOM_LOOK_MS 10
/* How long ^C waits for who reads our output. */
#define ROOM_GRACE_MS 200

static int
real_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC, mode);
}

static int
real_poll_in(int fd, int timeout_ms)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };

	/* A hang-up or an error counts as input: read() tells which. */
	return poll(&entry, 1, timeout_ms);
}

static int
real_wait(struct env_waits *waits)
{
	struct pollfd few[16], *list = few;
	int timeout_ms = -1;

	if (waits->count > 16)
		list = mem_alloc(waits->count * sizeof(*list));
	for (uint32_t i = 0; i < waits->count; i++)
		list[i] = (struct pollfd){ .fd = waits->entry[i].fd,
		    .events = waits->entry[i].for_room ? POLLOUT : POLLIN };
	if (waits->deadline_ns != UINT64_MAX) {
		uint64_t now = env->monotonic_ns();
		uint64_t left = waits->deadline_ns <= now ? 0 :
		    (waits->deadline_ns - now + 999999) / 1000000;
		timeout_ms = left > INT_MAX ? INT_MAX : (int)left;
	}
	int count = poll(list, waits->count, timeout_ms);
	for (uint32_t i = 0; i < waits->count; i++)
		waits->entry[i].is_ready = count > 0 && list[i].revents != 0;
	if (list != few)
		mem_free(list);
	return count;
}

void
env_waits_clear(struct env_waits *waits)
{
	waits->count = 0;
	waits->deadline_ns = UINT64_MAX;
}

void
env_waits_add(struct env_waits *waits, int fd, int for_room)
{
	if (waits->count == waits->capacity) {
		waits->capacity = waits->capacity == 0 ? 8 :
		    waits->capacity * 2;
		waits->entry = mem_resize(waits->entry,
		    waits->capacity * sizeof(*waits->entry));
	}
	waits->entry[waits->count++] = (struct env_wait){ fd, for_room, 0 };
}

void
env_waits_until(struct env_waits *waits, uint64_t ns)
{
	if (ns < waits->deadline_ns)
		waits->deadline_ns = ns;
}

void
env_waits_fini(struct env_waits *waits)
{
	mem_free(waits->entry);
	memset(waits, 0, sizeof(*waits));
}

static int
real_glob(const char *pattern, int flags, glob_t *result)
{
	return glob(pattern, flags, NULL, result);
}

static int
real_stat(const char *path, struct stat *stat_out)
{
	return stat(path, stat_out);
}

static int
real_fstat(int fd, struct stat *stat_out)
{
	return fstat(fd, stat_out);
}

static int
real_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int status = fsync(fd);
	int errno_value = errno;
	close(fd);
	errno = errno_value;
	return status;
}

static int
real_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads `folder` to its end: 0, or -1 with errno. */
static int
names_read(DIR *folder, char ***names, size_t *count)
{
	size_t capacity = 0;

	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(folder);
		if (entry == NULL)
			return errno == 0 ? 0 : -1;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (*count == capacity) {
			capacity = capacity == 0 ? 16 : capacity * 2;
			*names = mem_resize(*names, capacity * sizeof(**names));
		}
		(*names)[(*count)++] = mem_copy_string(entry->d_name);
	}
}

static int
real_list_dir(const char *path, char ***names, size_t *count)
{
	*names = NULL;
	*count = 0;
	DIR *folder = opendir(path);
	if (folder == NULL)
		return -1;
	int status = names_read(folder, names, count);
	int errno_value = errno;
	closedir(folder);
	if (status != 0) {
		env_names_free(*names, *count);
		*names = NULL;
		*count = 0;
		errno = errno_value;
	} else if (*count > 1) {
		qsort(*names, *count, sizeof(**names), name_compare);
	}
	return status;
}

void
env_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(names[i]);
	mem_free(names);
}

static int64_t
real_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t
real_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Asks again for what a signal cut off; the call knows no other failure. */
static void
real_random(void *bytes, size_t size)
{
	char *target = bytes;

	while (size > 0) {
		ssize_t got = getrandom(target, size, 0);
		if (got < 0)
			continue;
		target += got;
		size -= (size_t)got;
	}
}

const struct env env_real = {
	.open = real_open,
	.read = read,
	.pread = pread,
	.write = write,
	.close = close,
	.fsync = fsync,
	.rename = rename,
	.unlink = unlink,
	.stat = real_stat,
	.fstat = real_fstat,
	.mkdir = mkdir,
	.rmdir = rmdir,
	.seek = lseek,
	.truncate = ftruncate,
	.sync_dir = real_sync_dir,
	.lock = real_lock,
	.list_dir = real_list_dir,
	.watch_open = env_real_watch_open,
	.watch_add = env_real_watch_add,
	.watch_drain = env_real_watch_drain,
	.wake_open = env_real_wake_open,
	.listen = env_real_listen,
	.accept = env_real_accept,
	.spawn = env_real_spawn,
	.glob = real_glob,
	.poll_in = real_poll_in,
	.wait = real_wait,
	.now_us = real_now_us,
	.monotonic_ns = real_monotonic_ns,
	.random = real_random,
};

const struct env *env = &env_real;

static int
fault_init(const char *text)
{
	const char *wrong = env_fault_parse(text);
	if (wrong != NULL) {
		fprintf(stderr, "sflow: SFLOW_FAULT: '%s' is not a fault: "
		    "expected CALL:NUMBER[+]:ERRNO, CALL:NUMBER:short or "
		    "alloc:NUMBER\n", wrong);
		return -1;
	}
	env = &env_fault;
	return 0;
}

static int
sim_init(const char *text)
{
	char *end;
	uint64_t seed = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "sflow: SFLOW_SIM: '%s' is not a number\n",
		    text);
		return -1;
	}
	env_sim_start(seed);
	return 0;
}

int
env_init(void)
{
	const char *fault = env_variable("SFLOW_FAULT");
	const char *sim = env_variable("SFLOW_SIM");

	if (fault != NULL && *fault != '\0' && fault_init(fault) != 0)
		return -1;
	if (sim != NULL && *sim != '\0' && sim_init(sim) != 0)
		return -1;
	return 0;
}

int
env_alloc_fails(void)
{
	return __builtin_expect(env != &env_real, 0) && env_fault_alloc();
}

int
env_thread_fails(void)
{
	return env != &env_real && env_fault_thread();
}

const char *
env_variable(const char *name)
{
	return getenv(name);
}

int
env_is_terminal(int fd)
{
	return isatty(fd);
}

unsigned
env_terminal_columns(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int
env_open_nonblocking(int fd)
{
	char path[32];
	struct stat stat;

	if (fstat(fd, &stat) != 0 || !S_ISFIFO(stat.st_mode))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

int
env_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void
env_read_ahead(int fd, uint64_t offset, size_t size)
{
	posix_fadvise(fd, (off_t)offset, (off_t)size, POSIX_FADV_WILLNEED);
}

void
env_want_large_pages(void *bytes, size_t size)
{
	madvise(bytes, size, MADV_HUGEPAGE);
}

void
env_pipe_enlarge(int fd, int bytes)
{
	/* Fails for what is no pipe, and beyond the user's share: both fine. */
	fcntl(fd, F_SETPIPE_SZ, bytes);
}

char *
env_real_path(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) == NULL ? NULL : mem_copy_string(real);
}

/*
 * Until something can be written.  -1, EINTR: ^C, and what reads has taken
 * nothing for ROOM_GRACE_MS; it may be about to, for a last checkpoint.
 */
static int
wait_for_room(int fd)
{
	struct pollfd entry[2] = {
		{ .fd = fd, .events = POLLOUT },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};

	if (interrupt_is_set()) {
		int count = poll(entry, 1, ROOM_GRACE_MS);
		errno = EINTR;
		return count > 0 ? 0 : -1;
	}
	/* USR1 keeps interrupt_fd() ready until somebody has time for it. */
	if (poll(entry, 2, -1) > 0 && entry[0].revents == 0 &&
	    !interrupt_is_set())
		poll(entry, 1, ROOM_LOOK_MS);
	return 0;
}

int
env_write_all(int fd, const void *bytes, size_t size)
{
	const char *source = bytes;

	while (size > 0) {
		ssize_t wrote = env->write(fd, source, size);
		if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) {
			if (wait_for_room(fd) != 0)
				return -1;
			continue;
		}
		if (wrote < 0)
			return -1;
		source += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}
