/*
 * What the control group of this process allows: memory, processor time.
 *
 * A group's limit binds all groups below it, so the least one counts on the way
 * from our own group to the root.  The way is named by /proc/self/cgroup:
 *
 *	0::/user.slice/user-1000.slice		one hierarchy for all (v2)
 *	4:cpu,memory:/batch/job			one for these controllers (v1)
 *
 * In a container the names may be those of the host, of which just the lower
 * part is mounted; then nothing is found on the way but the root, which is the
 * container's own group.
 */
#include "util/env_group.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/env.h"

#define ROOT "/sys/fs/cgroup"

/* A file's text with a NUL behind it, at most size - 1 bytes; its length, 0 if
 * there is none. */
static size_t
file_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t count = read(fd, text, size - 1);
	close(fd);
	text[count > 0 ? count : 0] = '\0';
	return count > 0 ? (size_t)count : 0;
}

/* Does "a,b,c" have this name? */
static int
list_has(const char *list, size_t size, const char *name)
{
	size_t wanted = strlen(name);

	for (const char *end = list + size; list < end;) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t length = (size_t)((comma ? comma : end) - list);
		if (length == wanted && memcmp(list, name, length) == 0)
			return 1;
		list += length + 1;
	}
	return 0;
}

int
group_find(const char *text, const char *controller, char *path, size_t size)
{
	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		const char *list = memchr(line, ':', length);
		const char *end = line + length;
		const char *name = list == NULL ? NULL :
		    memchr(list + 1, ':', (size_t)(end - list - 1));
		line = *end == '\n' ? end + 1 : end;
		if (name == NULL)
			continue;
		list++;
		if (controller == NULL ? name > list :
		    !list_has(list, (size_t)(name - list), controller))
			continue;
		length = (size_t)(end - name - 1);
		if (length >= size)
			return -1;
		memcpy(path, name + 1, length);
		path[length] = '\0';
		return 0;
	}
	return -1;
}

uint64_t
group_memory_of(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) :
	    UINT64_MAX;
}

uint64_t
group_cpus_of(const char *text)
{
	char *end;
	uint64_t quota = strtoull(text, &end, 10);
	uint64_t period = strtoull(end, NULL, 10);

	/* "max 100000", or -1 for none. */
	if (end == text || *text == '-' || quota == 0 || period == 0)
		return UINT64_MAX;
	return quota / period + (quota % period != 0);
}

/* The least limit that a file sets in the group `path` below `root` and in
 * those above it. */
static uint64_t
least_on_the_way(const char *root, char *path, const char *file,
    uint64_t (*limit_of)(const char *text))
{
	uint64_t least = UINT64_MAX;
	size_t length = strlen(path);

	for (;;) {
		char name[PATH_MAX + 64], text[64];
		while (length > 0 && path[length - 1] == '/')
			length--;
		path[length] = '\0';
		snprintf(name, sizeof(name), "%s%s/%s", root, path, file);
		if (file_text(name, text, sizeof(text)) > 0) {
			uint64_t limit = limit_of(text);
			least = limit < least ? limit : least;
		}
		if (length == 0)
			return least;
		while (length > 0 && path[length - 1] != '/')
			length--;
	}
}

uint64_t
env_memory_bytes(void)
{
	char groups[4096], path[PATH_MAX];
	uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) *
	    (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t limit = UINT64_MAX;

	if (file_text("/proc/self/cgroup", groups, sizeof(groups)) == 0)
		return bytes;
	if (group_find(groups, "memory", path, sizeof(path)) == 0)
		limit = least_on_the_way(ROOT "/memory", path,
		    "memory.limit_in_bytes", group_memory_of);
	else if (group_find(groups, NULL, path, sizeof(path)) == 0)
		limit = least_on_the_way(ROOT, path, "memory.max",
		    group_memory_of);
	return limit < bytes ? limit : bytes;
}

/* The processors that the group's share of time is worth; the old layout's
 * share is not looked at. */
static uint64_t
cpus_of_group(void)
{
	char groups[4096], path[PATH_MAX];

	if (file_text("/proc/self/cgroup", groups, sizeof(groups)) == 0 ||
	    group_find(groups, NULL, path, sizeof(path)) != 0)
		return UINT64_MAX;
	return least_on_the_way(ROOT, path, "cpu.max", group_cpus_of);
}

unsigned
env_cpu_count(void)
{
	static unsigned known;
	cpu_set_t set;
	unsigned count = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (count > 0)
		return count;
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		count = (unsigned)CPU_COUNT(&set);
	uint64_t limit = cpus_of_group();
	if (limit < count)
		count = (unsigned)limit;
	count = count > 0 ? count : 1;
	__atomic_store_n(&known, count, __ATOMIC_RELAXED);
	return count;
}
