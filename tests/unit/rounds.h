#ifndef SFLOW_TEST_ROUNDS_H
#define SFLOW_TEST_ROUNDS_H

#include <stdint.h>
#include <stdlib.h>

/*
 * How often something random is tried: `usual` times, or as many per cent of
 * that as SFLOW_TEST_ROUNDS says, but once.  By hand 1000; less than 100 where
 * the plain build has tried it and sanitizers make it slow.
 */
static inline uint64_t
rounds(uint64_t usual)
{
	const char *percent = getenv("SFLOW_TEST_ROUNDS");
	uint64_t count = percent == NULL ? usual :
	    usual * strtoull(percent, NULL, 10) / 100;

	return count > 0 ? count : 1;
}

#endif
