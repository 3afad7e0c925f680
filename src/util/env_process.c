/*
 * Other processes, and this one as the system sees it.  All our descriptors
 * are closed on exec, so that a child has its three and no more; a pipe end
 * that a child held by mistake would keep its sibling from seeing the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/env_priv.h"

extern char **environ;

static void
pipe_close(const int ends[2])
{
	int errno_value = errno;

	close(ends[0]);
	close(ends[1]);
	errno = errno_value;
}

/* A descriptor that dup2() onto 0 and 1 cannot hit; takes `take_fd`. */
static int
above_standard(int take_fd)
{
	if (take_fd > 2)
		return take_fd;
	int fd = fcntl(take_fd, F_DUPFD_CLOEXEC, 3);
	int errno_value = errno;
	close(take_fd);
	errno = errno_value;
	return fd;
}

static int
pipe_open(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = above_standard(ends[i]);
		if (ends[i] >= 0)
			continue;
		int errno_value = errno;
		close(ends[!i]);
		errno = errno_value;
		return -1;
	}
	return 0;
}

/* Starts it with `in` as stdin and `out` as stdout: 0 or an errno. */
static int
spawn_with(const char *const argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t blocked, ignored;

	/* SIGPIPE alone is ignored by us; handlers do not outlive exec. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	int status = posix_spawnattr_init(&attributes);
	if (status != 0)
		goto fail;
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &blocked);
	posix_spawnattr_setsigdefault(&attributes, &ignored);
	status = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (status == 0)
		status = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (status == 0)
		status = posix_spawnp(pid, argv[0], &actions, &attributes,
		    (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
fail:
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

int
env_real_spawn(const char *const argv[], struct env_process *out)
{
	int to_it[2], from_it[2];

	if (pipe_open(to_it) != 0)
		return -1;
	if (pipe_open(from_it) != 0) {
		pipe_close(to_it);
		return -1;
	}
	int status = spawn_with(argv, to_it[0], from_it[1], &out->pid);
	if (status != 0) {
		pipe_close(to_it);
		pipe_close(from_it);
		errno = status;
		return -1;
	}
	close(to_it[0]);
	close(from_it[1]);
	out->to_it = to_it[1];
	out->from_it = from_it[0];
	return 0;
}

static int
status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) :
	    WEXITSTATUS(wait_status);
}

int
env_process_wait(pid_t pid, int *status)
{
	int wait_status;

	if (waitpid(pid, &wait_status, 0) < 0)
		return -1;
	*status = status_of(wait_status);
	return 0;
}

int
env_process_poll(pid_t pid, int *status)
{
	int wait_status;
	pid_t ended = waitpid(pid, &wait_status, WNOHANG);

	if (ended <= 0)
		return ended < 0 ? -1 : 1;
	*status = status_of(wait_status);
	return 0;
}

int
env_process_kill(pid_t pid, int number)
{
	return kill(pid, number);
}

int
env_process_watch(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

void
env_host_name(char *name, size_t size)
{
	if (gethostname(name, size) != 0 || name[0] == '\0')
		snprintf(name, size, "localhost");
	/* What was cut has no end. */
	name[size - 1] = '\0';
}

pid_t
env_process_id(void)
{
	return getpid();
}

static uint64_t
us_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

/* They are the first two numbers of /proc/self/statm, in pages. */
void
env_memory_read(struct env_memory *memory)
{
	char text[64];
	unsigned long total, resident;

	*memory = (struct env_memory){ 0 };
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return;
	text[size] = '\0';
	if (sscanf(text, "%lu %lu", &total, &resident) != 2)
		return;
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	memory->resident_bytes = resident * page_bytes;
	memory->address_bytes = total * page_bytes;
}

uint64_t
env_address_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

void
env_usage_read(struct env_usage *usage)
{
	struct rusage own;
	struct env_memory memory;

	getrusage(RUSAGE_SELF, &own);
	env_memory_read(&memory);
	usage->user_us = us_of(&own.ru_utime);
	usage->system_us = us_of(&own.ru_stime);
	usage->rss_bytes = memory.resident_bytes;
	/* Linux counts it in KiB. */
	usage->rss_peak_bytes = (uint64_t)own.ru_maxrss * 1024;
}
