#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/env.h"

static char folder[] = "/tmp/sflow-unit-XXXXXX";

static void
folder_make(void)
{
	cr_assert(mkdtemp(folder) != NULL);
	cr_assert(chdir(folder) == 0);
}

static void
folder_remove(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(system(command) == 0);
}

TestSuite(env_watch, .init = folder_make, .fini = folder_remove);

static int
append(const char *path, const char *text)
{
	int fd = env->open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);

	cr_assert(fd >= 0);
	cr_assert(env_write_all(fd, text, strlen(text)) == 0);
	return fd;
}

/* Something was heard, once; then nothing. */
static void
heard(int watch)
{
	cr_assert(env->poll_in(watch, 0) == 1);
	cr_assert(env->watch_drain(watch) > 0);
	cr_assert(env->watch_drain(watch) == 0);
	cr_assert(env->poll_in(watch, 0) == 0);
}

Test(env_watch, a_folder_and_a_file)
{
	int watch = env->watch_open();

	cr_assert(env->watch_add(watch, "nothing") == -1 && errno == ENOENT);
	cr_assert(env->watch_add(watch, ".") == 0);
	env->close(append("a", "x"));
	heard(watch);
	cr_assert(env->watch_add(watch, "a") == 0);
	cr_assert(env->watch_add(watch, "a") == 0);
	int fd = append("a", "y");
	heard(watch);
	cr_assert(env->truncate(fd, 0) == 0);
	heard(watch);
	env->close(fd);
	heard(watch);
	cr_assert(env->rename("a", "b") == 0);
	heard(watch);
	cr_assert(env->unlink("b") == 0);
	heard(watch);
	env->close(watch);
}

Test(env_watch, more_than_one_read_of_changes)
{
	int watch = env->watch_open();
	char name[32];

	cr_assert(env->watch_add(watch, ".") == 0);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		env->close(append(name, "x"));
	}
	cr_assert(env->watch_drain(watch) >= 500);
	cr_assert(env->watch_drain(watch) == 0);
	env->close(watch);
}

Test(env_watch, wake)
{
	int wake = env->wake_open();

	cr_assert(env->poll_in(wake, 0) == 0);
	errno = ENOENT;
	env_wake_set(wake);
	env_wake_set(wake);
	cr_assert(errno == ENOENT);
	cr_assert(env->poll_in(wake, 0) == 1);
	env_wake_drain(wake);
	cr_assert(env->poll_in(wake, 0) == 0);
	env_wake_drain(wake);
	env->close(wake);
}

Test(env_watch, list)
{
	char **names;
	size_t count;

	cr_assert(env->list_dir(".", &names, &count) == 0 && count == 0);
	env_names_free(names, count);
	cr_assert(env->list_dir("nothing", &names, &count) == -1);
	cr_assert(errno == ENOENT && names == NULL && count == 0);
	for (char c = 'z'; c >= 'a'; c--)
		env->close(append((char[]){ c, '\0' }, "x"));
	cr_assert(env->mkdir(".hidden", 0777) == 0);
	cr_assert(env->list_dir(".", &names, &count) == 0 && count == 27);
	cr_assert_str_eq(names[0], ".hidden");
	for (size_t i = 1; i < count; i++)
		cr_assert(names[i][0] == (char)('a' + i - 1));
	env_names_free(names, count);
}

Test(env_watch, lock_seek_truncate_sync)
{
	char text[8];
	struct stat state;
	int fd = env->open("a", O_RDWR | O_CREAT, 0666);

	cr_assert(env->lock(fd) == 0);
	int other = env->open("a", O_RDONLY, 0);
	cr_assert(env->lock(other) == -1 && errno == EWOULDBLOCK);
	cr_assert(env_write_all(fd, "hello", 5) == 0);
	cr_assert(env->seek(fd, 1, SEEK_SET) == 1);
	cr_assert(env->read(fd, text, 2) == 2 && memcmp(text, "el", 2) == 0);
	cr_assert(env->truncate(fd, 2) == 0);
	cr_assert(env->fstat(fd, &state) == 0 && state.st_size == 2);
	cr_assert(env->close(fd) == 0);
	cr_assert(env->lock(other) == 0);
	env->close(other);
	cr_assert(env->sync_dir(".") == 0);
	cr_assert(env->sync_dir("a") == -1 && errno == ENOTDIR);
}
