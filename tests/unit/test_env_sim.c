#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/env.h"

/* What a run of every kind of call with a seed gave, in one number. */
static uint64_t
trace(uint64_t seed)
{
	static char bytes[3000];
	uint64_t sum = 0, word;
	int fd = env->open("/dev/zero", O_RDONLY, 0);

	env_sim_start(seed);
	for (int i = 0; i < 50; i++) {
		env->random(&word, sizeof(word));
		sum = sum * 31 + word;
		sum = sum * 31 + env->monotonic_ns();
		sum = sum * 31 + (uint64_t)env->now_us();
		sum = sum * 31 + (uint64_t)env->read(fd, bytes, sizeof(bytes));
		sum = sum * 31 + (uint64_t)env->poll_in(fd, 0);
		sum = sum * 31 + env_sim_draw();
	}
	env->close(fd);
	return sum;
}

Test(env_sim, a_seed_is_a_run)
{
	uint64_t one = trace(1);

	cr_assert(env_is_simulated());
	cr_assert(trace(2) != one);
	cr_assert(trace(1) == one);
}

Test(env_sim, the_choices_are_their_own_stream)
{
	env_sim_start(7);
	uint64_t first = env_sim_draw(), second = env_sim_draw();
	env_sim_start(7);
	env->now_us();
	cr_assert(env_sim_draw() == first);
	env->monotonic_ns();
	cr_assert(env_sim_draw() == second);
}

Test(env_sim, time)
{
	struct env_waits waits = { 0 };
	uint64_t hour = (uint64_t)3600 * 1000000000;

	env_sim_start(3);
	int64_t start_us = env->now_us();
	cr_assert(start_us - (int64_t)1767225600 * 1000000 < 1000);
	uint64_t start = env->monotonic_ns();
	cr_assert(env->monotonic_ns() > start);
	env_waits_clear(&waits);
	env_waits_until(&waits, start + hour);
	cr_assert(env->wait(&waits) == 0);
	cr_assert(waits.deadline_ns == start + hour);
	uint64_t after = env->monotonic_ns();
	cr_assert(after > start + hour && after < start + hour + 1000000);
	cr_assert(env->now_us() - start_us >= (int64_t)3600 * 1000000);
	/* One that is over moves nothing back. */
	env_waits_until(&waits, start);
	cr_assert(env->wait(&waits) == 0);
	cr_assert(env->monotonic_ns() > after);
	env_waits_fini(&waits);
}

Test(env_sim, waits_that_pass_over)
{
	struct env_waits waits = { 0 };
	int ends[2], over = 0;

	cr_assert(pipe(ends) == 0);
	cr_assert(write(ends[1], "x", 1) == 1);
	env_sim_start(5);
	for (int i = 0; i < 200; i++) {
		uint64_t deadline = env->monotonic_ns() + 1000000000;
		env_waits_clear(&waits);
		env_waits_add(&waits, ends[0], 0);
		env_waits_until(&waits, deadline);
		if (env->wait(&waits) == 1) {
			cr_assert(waits.entry[0].is_ready);
			continue;
		}
		over++;
		cr_assert(!waits.entry[0].is_ready);
		cr_assert(env->monotonic_ns() > deadline);
		cr_assert(env->wait(&waits) == 1, "twice in a row");
	}
	cr_assert(over > 10 && over < 100);
	/* With no deadline there is no other end than input. */
	for (int i = 0; i < 50; i++) {
		env_waits_clear(&waits);
		env_waits_add(&waits, ends[0], 0);
		env_waits_add(&waits, -1, 0);
		cr_assert(env->wait(&waits) == 1 && waits.entry[0].is_ready);
	}
	env_waits_fini(&waits);
}

Test(env_sim, short_and_whole)
{
	static char sent[100000], got[sizeof(sent)];
	char path[] = "/tmp/sflow-unit-XXXXXX";
	int shorter = 0, fd = mkstemp(path);
	size_t size = 0;

	env_sim_start(11);
	env->random(sent, sizeof(sent));
	cr_assert(env_write_all(fd, sent, sizeof(sent)) == 0);
	cr_assert(env->seek(fd, 0, SEEK_SET) == 0);
	while (size < sizeof(got)) {
		ssize_t part = env->read(fd, got + size, 1000);
		cr_assert(part > 0);
		shorter += part < 1000;
		size += (size_t)part;
	}
	cr_assert(memcmp(sent, got, sizeof(got)) == 0 && shorter > 10);
	cr_assert(env->pread(fd, got, 1, 5) == 1 && got[0] == sent[5]);
	env->close(fd);
	unlink(path);
}

Test(env_sim, from_the_environment)
{
	setenv("SFLOW_SIM", "x", 1);
	cr_assert(env_init() == -1);
	setenv("SFLOW_SIM", "17", 1);
	setenv("SFLOW_FAULT", "open:1:EMFILE", 1);
	cr_assert(env_init() == 0 && env_is_simulated());
	cr_assert(env->open("/dev/null", O_RDONLY, 0) == -1);
	int fd = env->open("/dev/null", O_RDONLY, 0);
	cr_assert(fd >= 0);
	env->close(fd);
}
