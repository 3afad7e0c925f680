/*
 * The simulated back end: a run that depends on the seed alone, for one
 * thread.  Files, pipes and sockets are real; what is not is when things
 * happen and how much of them at once:
 *
 * - Time is a number.  It starts at a fixed date, every look at a clock moves
 *   it a little, and a wait moves it to its deadline instead of waiting: an
 *   hour of windows and timeouts passes in no time.
 * - Reads and writes do less than was asked, now and then.
 * - A descriptor that is ready is said not to be, now and then; never twice in
 *   a row, so that nobody waits for ever.
 * - Random bytes are the seed's.
 *
 * Each of these draws from a stream of its own, so that one look more at the
 * clock does not change what is read.  A wait without a deadline is for the
 * world outside and really waits.  All goes on to the back end that was in
 * force before, so faults can be armed too.
 */
#include "util/env_priv.h"

#include <string.h>

#include "util/hash.h"

/* 2026-01-01T00:00:00Z. */
#define START_US ((int64_t)1767225600 * 1000000)
/* As if the machine had run for an hour: 0 is nobody's first moment. */
#define START_NS ((uint64_t)3600 * 1000000000)
/* A look at a clock takes up to so long. */
#define LOOK_NS_MAX 2000
/* One of so many reads, writes and looks is hampered. */
#define SHORT_ONE_IN 4
#define DENY_ONE_IN 4

enum stream {
	STREAM_TIME, STREAM_SHORT, STREAM_DENY, STREAM_RANDOM, STREAM_DRAW,
	STREAM_COUNT
};

static const struct env *base;
static struct env env_sim;
static uint64_t streams[STREAM_COUNT];
static uint64_t passed_ns;
/* The descriptor that was said not to be ready last; -1: none. */
static int denied_fd;

static uint64_t
stream_draw(enum stream stream)
{
	streams[stream] += 0x9e3779b97f4a7c15u;
	return hash_mix(streams[stream], stream + 1);
}

static void
time_look(void)
{
	passed_ns += 1 + stream_draw(STREAM_TIME) % LOOK_NS_MAX;
}

static int64_t
sim_now_us(void)
{
	time_look();
	return START_US + (int64_t)(passed_ns / 1000);
}

static uint64_t
sim_monotonic_ns(void)
{
	time_look();
	return START_NS + passed_ns;
}

/* Time goes on to `ns` of the monotonic clock, unless it is there. */
static void
time_reach(uint64_t ns)
{
	if (ns > START_NS + passed_ns)
		passed_ns = ns - START_NS;
}

static void
sim_random(void *bytes, size_t size)
{
	char *target = bytes;

	while (size > 0) {
		uint64_t word = stream_draw(STREAM_RANDOM);
		size_t part = size < sizeof(word) ? size : sizeof(word);
		memcpy(target, &word, part);
		target += part;
		size -= part;
	}
}

/* What of `size` bytes this call is to do: all, or at least one. */
static size_t
size_draw(size_t size)
{
	uint64_t draw = stream_draw(STREAM_SHORT);

	if (size < 2 || draw % SHORT_ONE_IN != 0)
		return size;
	return 1 + draw / SHORT_ONE_IN % (size - 1);
}

static ssize_t
sim_read(int fd, void *bytes, size_t size)
{
	return base->read(fd, bytes, size_draw(size));
}

static ssize_t
sim_pread(int fd, void *bytes, size_t size, off_t offset)
{
	return base->pread(fd, bytes, size_draw(size), offset);
}

static ssize_t
sim_write(int fd, const void *bytes, size_t size)
{
	return base->write(fd, bytes, size_draw(size));
}

/* Is this ready descriptor to be passed over, this once? */
static int
deny(int fd)
{
	if (denied_fd == fd) {
		denied_fd = -1;
		return 0;
	}
	if (stream_draw(STREAM_DENY) % DENY_ONE_IN != 0)
		return 0;
	denied_fd = fd;
	return 1;
}

static int
sim_poll_in(int fd, int timeout_ms)
{
	if (timeout_ms < 0)
		return base->poll_in(fd, timeout_ms);
	int status = base->poll_in(fd, 0);
	if (status > 0 && deny(fd))
		status = 0;
	if (status == 0)
		passed_ns += (uint64_t)timeout_ms * 1000000;
	return status;
}

/* Passes over one of the `count` ready ones, perhaps; how many are left. */
static int
waits_deny(struct env_waits *waits, int count)
{
	for (uint32_t i = 0; i < waits->count; i++) {
		struct env_wait *entry = &waits->entry[i];
		if (entry->is_ready && deny(entry->fd)) {
			entry->is_ready = 0;
			return count - 1;
		}
	}
	return count;
}

static int
sim_wait(struct env_waits *waits)
{
	uint64_t deadline_ns = waits->deadline_ns;

	/* 0 is over on every clock: look and come back. */
	waits->deadline_ns = 0;
	int count = base->wait(waits);
	waits->deadline_ns = deadline_ns;
	if (count < 0)
		return count;
	if (count > 1 || (count == 1 && deadline_ns != UINT64_MAX))
		count = waits_deny(waits, count);
	if (count > 0)
		return count;
	if (deadline_ns == UINT64_MAX)
		return base->wait(waits);
	time_reach(deadline_ns);
	return 0;
}

uint64_t
env_sim_draw(void)
{
	return stream_draw(STREAM_DRAW);
}

int
env_is_simulated(void)
{
	return env == &env_sim;
}

void
env_sim_start(uint64_t seed)
{
	if (!env_is_simulated())
		base = env;
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		streams[i] = hash_mix(seed, i);
	passed_ns = 0;
	denied_fd = -1;
	env_sim = *base;
	env_sim.read = sim_read;
	env_sim.pread = sim_pread;
	env_sim.write = sim_write;
	env_sim.poll_in = sim_poll_in;
	env_sim.wait = sim_wait;
	env_sim.now_us = sim_now_us;
	env_sim.monotonic_ns = sim_monotonic_ns;
	env_sim.random = sim_random;
	env = &env_sim;
}
