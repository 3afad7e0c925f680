#include "util/env.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

Test(env, clocks)
{
	cr_assert(env->now_us() > (int64_t)1700000000 * 1000000);
	uint64_t before = env->monotonic_ns();
	cr_assert(env->monotonic_ns() >= before);
}

Test(env, random_differs)
{
	char a[300] = { 0 }, b[300] = { 0 };
	env->random(a, sizeof(a));
	env->random(b, sizeof(b));
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
}

Test(env, poll_tells_input_from_none)
{
	int ends[2];
	cr_assert(pipe(ends) == 0);
	cr_assert(env->poll_in(ends[0], 0) == 0);
	cr_assert(write(ends[1], "x", 1) == 1);
	cr_assert(env->poll_in(ends[0], 0) > 0);
	char c;
	cr_assert(env->read(ends[0], &c, 1) == 1);
	close(ends[1]);
	cr_assert(env->poll_in(ends[0], 0) > 0, "the end is input");
}

Test(env, the_machine)
{
	cr_assert(env_cpu_count() >= 1);
	cr_assert(env_memory_bytes() > (1 << 20));
	cr_assert_null(env_variable("SFLOW_NO_SUCH_VARIABLE"));
	int fd = env->open("/dev/null", O_RDONLY, 0);
	cr_assert(env_is_terminal(fd) == 0);
	cr_assert(env_terminal_columns(fd) == 0);
	env_pipe_enlarge(fd, 1 << 20);
	env->close(fd);
}

Test(env, write_all_waits_for_a_full_pipe)
{
	int ends[2];
	static char bytes[1 << 18];

	cr_assert(pipe(ends) == 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	pid_t reader = fork();
	if (reader == 0) {
		size_t sum = 0;
		ssize_t got;
		close(ends[1]);
		usleep(20000);
		while ((got = read(ends[0], bytes, 4096)) > 0)
			sum += (size_t)got;
		_exit(sum != sizeof(bytes));
	}
	close(ends[0]);
	cr_assert(env_write_all(ends[1], bytes, sizeof(bytes)) == 0);
}
