/*
 * Limits of memory and of disk.
 *
 * For tests, SFLOW_TEST_MEMORY sets a limit of any size on what is charged
 * alone, and SFLOW_TEST_SPILL=N presses every owner that can spill each N-th
 * time it looks.
 */
#include "cli/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/options.h"
#include "util/bits.h"
#include "util/env.h"
#include "util/mem.h"

/* The sanitizers' own memory is not the user's. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	defined(SFLOW_HOSTILE)
#define LIMITS_RESIDENT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMITS_RESIDENT 0
#endif
#endif
#ifndef LIMITS_RESIDENT
#define LIMITS_RESIDENT 1
#endif

/* Chunks, indexes, batches, a stack: of a thread that reads, and what it may
 * hold beside them. */
#define WORKER_BYTES ((uint64_t)8 << 20)
/* With less nothing could be begun; where there is less we try. */
#define BYTES_MIN ((uint64_t)1 << 20)

static uint64_t
number_of(const char *variable)
{
	const char *text = env_variable(variable);

	return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* Three quarters of the memory, or of the addresses that are left. */
static uint64_t
default_bytes(void)
{
	uint64_t memory = env_memory_bytes(), limit = mem_address_limit();
	struct env_memory taken;

	if (limit == UINT64_MAX)
		return memory / 4 * 3;
	env_memory_read(&taken);
	uint64_t left = limit - bits_least(taken.address_bytes, limit);
	uint64_t bytes = bits_least(left, memory) / 4 * 3;
	return bytes > BYTES_MIN ? bytes : BYTES_MIN;
}

void
limits_set(const struct options *options)
{
	uint64_t test = number_of("SFLOW_TEST_MEMORY");

	mem_set_press((uint32_t)number_of("SFLOW_TEST_SPILL"));
	if (test > 0)
		mem_set_limit(test);
	else if (options->memory_bytes > 0)
		mem_set_limit(bits_least(options->memory_bytes,
		    env_address_limit()));
	else
		mem_set_limit(default_bytes());
	/* What is resident depends on the wind. */
	mem_set_resident(LIMITS_RESIDENT && test == 0 && !options->is_sim &&
	    !env_is_simulated());
}

unsigned
limits_workers(unsigned wanted)
{
	uint64_t most = mem_limit() / WORKER_BYTES;

	/* Tests want both: little to charge, and threads. */
	if (mem_limit() == 0 || number_of("SFLOW_TEST_MEMORY") > 0 ||
	    wanted <= most)
		return wanted;
	return most < 1 ? 1 : (unsigned)most;
}

static int
is_folder(const char *path)
{
	struct stat stat;

	return env->stat(path, &stat) == 0 && S_ISDIR(stat.st_mode);
}

const char *
limits_tmp(const struct options *options)
{
	const char *variable = env_variable("TMPDIR");

	if (options->tmp != NULL)
		return options->tmp;
	if (variable != NULL && *variable != '\0')
		return variable;
	/* /tmp may lie in memory. */
	return is_folder("/var/tmp") ? "/var/tmp" : "/tmp";
}
