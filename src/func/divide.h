#ifndef SFLOW_FUNC_DIVIDE_H
#define SFLOW_FUNC_DIVIDE_H

#include <stdint.h>

/*
 * Division by a number that stays the same for many rows: one multiplication
 * in place of a division instruction, which is several times slower.
 *
 * With m = floor((2^64 - 1) / d) the high word of n * m is the quotient or one
 * less, since n / d - n * m / 2^64 < 1; one comparison puts that right.
 */
struct divisor {
	uint64_t size;
	uint64_t inverse;
};

/* `size` is above 0. */
static inline struct divisor
divisor_make(int64_t size)
{
	struct divisor divisor = { .size = (uint64_t)size };

	divisor.inverse = UINT64_MAX / divisor.size;
	return divisor;
}

/* x modulo the divisor, rounded down: from 0 to below the divisor. */
static inline int64_t
divisor_rest(const struct divisor *divisor, int64_t x)
{
	uint64_t sign = (uint64_t)(x >> 63);
	/* ~x = -x - 1 counts from the other end. */
	uint64_t n = (uint64_t)x ^ sign;
	uint64_t quotient =
	    (uint64_t)((__uint128_t)n * divisor->inverse >> 64);
	uint64_t rest = n - quotient * divisor->size;

	rest -= rest >= divisor->size ? divisor->size : 0;
	return (int64_t)(sign ? divisor->size - 1 - rest : rest);
}

#endif
