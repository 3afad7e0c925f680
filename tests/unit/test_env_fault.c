#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/env.h"
#include "util/env_priv.h"
#include "util/mem.h"

/* Put faults in force as the program's start does. */
static void
arm(const char *text)
{
	setenv("SFLOW_FAULT", text, 1);
	cr_assert(env_init() == 0);
	cr_assert(env == &env_fault);
}

Test(env_fault, nothing_armed)
{
	unsetenv("SFLOW_FAULT");
	cr_assert(env_init() == 0);
	cr_assert(env == &env_real);
	cr_assert(env_alloc_fails() == 0);
}

Test(env_fault, the_third_write_fails_once)
{
	int ends[2];
	cr_assert(pipe(ends) == 0);
	arm("write:3:ENOSPC");
	cr_assert(env->write(ends[1], "a", 1) == 1);
	cr_assert(env->write(ends[1], "b", 1) == 1);
	errno = 0;
	cr_assert(env->write(ends[1], "c", 1) == -1);
	cr_assert(errno == ENOSPC);
	cr_assert(env->write(ends[1], "d", 1) == 1);
	char text[8];
	cr_assert(env->read(ends[0], text, sizeof(text)) == 3);
	cr_assert(memcmp(text, "abd", 3) == 0);
}

Test(env_fault, from_the_second_on)
{
	arm("open:2+:EMFILE,stat:1:EIO");
	int fd = env->open("/dev/null", O_RDONLY, 0);
	cr_assert(fd >= 0);
	for (int i = 0; i < 3; i++)
		cr_assert(env->open("/dev/null", O_RDONLY, 0) == -1 &&
		    errno == EMFILE);
	cr_assert(env->close(fd) == 0);
}

Test(env_fault, write_all_goes_through_short_writes_and_signals)
{
	int ends[2];
	char text[16];
	cr_assert(pipe(ends) == 0);
	arm("write:1:short,write:2:EINTR,write:3:short,write:7:EIO");
	cr_assert(env_write_all(ends[1], "0123456789", 10) == 0);
	cr_assert(env->read(ends[0], text, sizeof(text)) == 10);
	cr_assert(memcmp(text, "0123456789", 10) == 0);
	arm("write:1:short,write:2:EIO");
	cr_assert(env_write_all(ends[1], "0123456789", 10) == -1);
	cr_assert(errno == EIO);
	cr_assert(env->read(ends[0], text, sizeof(text)) == 5);
}

Test(env_fault, short_reads_give_at_least_one_byte)
{
	int ends[2];
	char text[4];
	cr_assert(pipe(ends) == 0);
	cr_assert(write(ends[1], "ab", 2) == 2);
	arm("read:1+:short");
	cr_assert(env->read(ends[0], text, 2) == 1);
	cr_assert(env->read(ends[0], text, 1) == 1);
}

Test(env_fault, close_closes_and_fails)
{
	arm("close:1:EIO");
	int fd = env->open("/dev/null", O_RDONLY, 0);
	cr_assert(env->close(fd) == -1 && errno == EIO);
	cr_assert(env->close(fd) == -1 && errno == EBADF);
}

Test(env_fault, every_call_can_fail)
{
	char **names, peer[ENV_PEER_SIZE];
	const char *const argv[] = { "true", NULL };
	struct env_process process;
	size_t count;

	arm("seek:1:EIO,truncate:1:EIO,sync_dir:1:EIO,lock:1:EIO,list:1:EIO,"
	    "watch:1+:EMFILE,wake:1:EMFILE,listen:1:EADDRINUSE,"
	    "accept:1:ECONNABORTED,spawn:1:EAGAIN");
	cr_assert(env->seek(0, 0, SEEK_CUR) == -1 && errno == EIO);
	cr_assert(env->truncate(0, 0) == -1 && errno == EIO);
	cr_assert(env->sync_dir(".") == -1 && errno == EIO);
	cr_assert(env->lock(0) == -1 && errno == EIO);
	cr_assert(env->list_dir(".", &names, &count) == -1 && errno == EIO);
	cr_assert(env->watch_open() == -1 && errno == EMFILE);
	cr_assert(env->watch_add(0, ".") == -1 && errno == EMFILE);
	cr_assert(env->watch_drain(0) == -1 && errno == EMFILE);
	cr_assert(env->wake_open() == -1 && errno == EMFILE);
	cr_assert(env->listen("", 0) == -1 && errno == EADDRINUSE);
	cr_assert(env->accept(0, peer) == -1 && errno == ECONNABORTED);
	cr_assert(env->spawn(argv, &process) == -1 && errno == EAGAIN);
	cr_assert(env->sync_dir(".") == 0);
}

Test(env_fault, allocation, .exit_code = 3)
{
	arm("alloc:2");
	mem_free(mem_alloc(1));
	mem_alloc(1);
}

Test(env_fault, what_is_no_fault)
{
	static const char *const wrong[] = {
		"x", "write", "write:", "write:3", "write:x:EIO", "write:3:",
		"write:3:EWHAT", "open:1:short", "write:3:EIO,", "alloc:",
		"write:3:EIOalloc:1", "alloc:1,,alloc:2", "write:3-:EIO",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_assert_not_null(env_fault_parse(wrong[i]), "%s", wrong[i]);
	cr_assert_null(env_fault_parse("alloc:1,alloc:5+,read:9+:short"));
}
