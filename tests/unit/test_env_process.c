#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/env.h"

/* Starts `sh -c script` and returns what it wrote to its stdout. */
static size_t
output_of(const char *script, char *text, size_t size, int *status)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct env_process process;
	size_t sum = 0;
	ssize_t got;

	cr_assert(env->spawn(argv, &process) == 0);
	/* A child that reads nothing may be gone. */
	signal(SIGPIPE, SIG_IGN);
	cr_assert(env_write_all(process.to_it, "hello\n", 6) == 0 ||
	    errno == EPIPE);
	cr_assert(env->close(process.to_it) == 0);
	while ((got = env->read(process.from_it, text + sum,
	    size - 1 - sum)) > 0)
		sum += (size_t)got;
	cr_assert(env->close(process.from_it) == 0);
	cr_assert(env_process_wait(process.pid, status) == 0);
	text[sum] = '\0';
	return sum;
}

Test(env_process, pipes_and_status)
{
	char text[256];
	int status;

	output_of("cat; exit 7", text, sizeof(text), &status);
	cr_assert_str_eq(text, "hello\n");
	cr_assert(status == 7);
	output_of("kill -9 $$", text, sizeof(text), &status);
	cr_assert(status == 128 + SIGKILL);
}

Test(env_process, the_child_has_none_of_our_descriptors)
{
	char text[256], script[64];
	int status, wake = env->wake_open();

	cr_assert(wake > 2);
	snprintf(script, sizeof(script),
	    "read a; test -e /proc/$$/fd/%d && echo it is there", wake);
	output_of(script, text, sizeof(text), &status);
	cr_assert_str_eq(text, "");
	env->close(wake);
}

Test(env_process, pipes_though_ours_are_closed)
{
	char text[256];
	int status;

	close(0);
	output_of("cat", text, sizeof(text), &status);
	cr_assert_str_eq(text, "hello\n");
	cr_assert(status == 0);
}

Test(env_process, sigpipe_ends_the_child)
{
	const char *const argv[] = { "cat", "/dev/zero", NULL };
	struct env_process process;
	int status;

	signal(SIGPIPE, SIG_IGN);	/* and yet */
	cr_assert(env->spawn(argv, &process) == 0);
	env->close(process.from_it);
	env->close(process.to_it);
	cr_assert(env_process_wait(process.pid, &status) == 0);
	cr_assert(status == 128 + SIGPIPE);
}

Test(env_process, poll_and_kill)
{
	const char *const argv[] = { "cat", NULL };
	struct env_process process;
	int status;

	cr_assert(env->spawn(argv, &process) == 0);
	cr_assert(env_process_poll(process.pid, &status) == 1);
	/* What is started does not hear INT and TERM. */
	cr_assert(env_process_kill(process.pid, SIGTERM) == 0);
	cr_assert(env_process_poll(process.pid, &status) == 1);
	cr_assert(env_process_kill(process.pid, SIGKILL) == 0);
	/* The end of its output, then its own. */
	char c;
	cr_assert(env->read(process.from_it, &c, 1) == 0);
	int answer;
	while ((answer = env_process_poll(process.pid, &status)) == 1)
		;
	cr_assert(answer == 0 && status == 128 + SIGKILL);
	cr_assert(env_process_poll(process.pid, &status) == -1);
	env->close(process.to_it);
	env->close(process.from_it);
}

Test(env_process, no_such_program)
{
	const char *const argv[] = { "/no/such/program", NULL };
	struct env_process process;

	cr_assert(env->spawn(argv, &process) == -1 && errno == ENOENT);
}

Test(env_process, this_process)
{
	struct env_usage usage;
	char name[256], cut[2];

	env_usage_read(&usage);
	cr_assert(usage.rss_bytes > (64 << 10));
	cr_assert(usage.rss_peak_bytes >= usage.rss_bytes / 2);
	cr_assert(usage.user_us + usage.system_us > 0);
	cr_assert(env_process_id() == getpid());
	env_host_name(name, sizeof(name));
	cr_assert(name[0] != '\0');
	env_host_name(cut, sizeof(cut));
	cr_assert(strlen(cut) == 1);
}

Test(env_process, memory_and_addresses)
{
	struct env_memory memory;
	struct rlimit limit = { (rlim_t)1 << 46, RLIM_INFINITY };

	env_memory_read(&memory);
	cr_assert(memory.resident_bytes > 0);
	cr_assert(memory.address_bytes >= memory.resident_bytes);
	cr_assert(setrlimit(RLIMIT_AS, &limit) == 0);
	cr_assert(env_address_limit() == (uint64_t)1 << 46);
}
