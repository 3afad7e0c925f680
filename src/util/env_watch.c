/*
 * Descriptors that only wake: of changes in files and folders, and of another
 * thread's call.  What was changed is not told: whoever hears of a change
 * looks at all it cares for, since events may be lost when many come at once,
 * and a folder on the network sends none for what other machines do.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "util/env_priv.h"

#define WATCH_MASK (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_MODIFY | \
	IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_CLOSE_WRITE)

int
env_real_watch_open(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int
env_real_watch_add(int fd, const char *path)
{
	return inotify_add_watch(fd, path, WATCH_MASK) < 0 ? -1 : 0;
}

/* How many events lie in what one read() got. */
static int
watch_count(const char *bytes, size_t size)
{
	int count = 0;

	for (size_t at = 0; at < size; count++) {
		const struct inotify_event *event =
		    (const void *)(bytes + at);
		at += sizeof(*event) + event->len;
	}
	return count;
}

int
env_real_watch_drain(int fd)
{
	_Alignas(struct inotify_event) char bytes[4096];
	int count = 0;

	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got > 0)
			count += watch_count(bytes, (size_t)got);
		else if (got == 0 || errno == EAGAIN)
			return count;
		else if (errno != EINTR)
			return -1;
	}
}

int
env_real_wake_open(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void
env_wake_set(int fd)
{
	static const uint64_t one = 1;
	int errno_value = errno;

	/* EAGAIN: it is set already, 2^64 times. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = errno_value;
}

void
env_wake_drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
