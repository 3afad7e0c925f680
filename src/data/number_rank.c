/*
 * The order of all numbers.  Ints beyond 2^53 and decimals lie between floats,
 * so a number is placed by two parts: the nearest double towards zero, and the
 * rest, as a fraction of that double's last bit (ulp).
 *
 * How fine must the rest be?  With 2^e the number's top bit, an ulp is
 * 2^(e-52).  Two different ints or decimals have units below 2^63, so they are
 * at least 2^(e-63) apart, which is 2^-11 ulp: 12 bits of fraction keep them
 * apart.  One more bit says whether anything lies behind those, so that a
 * decimal just above a float is not taken for it.  The rest is thus below
 * 2^13, exact, and the same for 5.1 and 5.10.
 */
#include "data/raw_priv.h"

#include <string.h>

#include "util/bits.h"

#define FRACTION_BITS 12
#define MANTISSA_BITS 53

static const uint64_t powers[19] = {
	1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull,
	10000000ull, 100000000ull, 1000000000ull, 10000000000ull,
	100000000000ull, 1000000000000ull, 10000000000000ull,
	100000000000000ull, 1000000000000000ull, 10000000000000000ull,
	100000000000000000ull, 1000000000000000000ull,
};

int64_t
date_to_us(int64_t days)
{
	int64_t us;

	if (__builtin_mul_overflow(days, 86400000000ll, &us))
		return days < 0 ? INT64_MIN : INT64_MAX;
	return us;
}

static unsigned
highest128(__uint128_t word)
{
	uint64_t high = (uint64_t)(word >> 64);

	return high != 0 ? 64 + bits_highest(high) :
	    bits_highest((uint64_t)word);
}

/* 2^exponent, for exponents of normal doubles. */
static double
power_of_two(int exponent)
{
	uint64_t bits = (uint64_t)(exponent + 1023) << 52;
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

/* units / 10^scale, not 0. */
static struct number_rank
rank_of(uint64_t units, unsigned scale, int negative)
{
	/*
	 * Shifted to the top of 127 bits, the quotient has 67 bits or more:
	 * the mantissa, the fraction, and at least two bits that only count
	 * if they are not 0.
	 */
	unsigned shift = 126 - bits_highest(units);
	__uint128_t dividend = (__uint128_t)units << shift;
	__uint128_t quotient = dividend / powers[scale];
	unsigned cut = highest128(quotient) + 1 - MANTISSA_BITS - FRACTION_BITS;
	int inexact = dividend % powers[scale] != 0 ||
	    (quotient & (((__uint128_t)1 << cut) - 1)) != 0;
	/* 65 bits. */
	__uint128_t kept = quotient >> cut;
	uint64_t mantissa = (uint64_t)(kept >> FRACTION_BITS);
	int32_t rest = (int32_t)((uint64_t)kept & ((1u << FRACTION_BITS) - 1));
	struct number_rank rank;

	rest = rest * 2 + inexact;
	/* Exact: 53 bits, times a power of two. */
	rank.number = (double)mantissa *
	    power_of_two((int)cut + FRACTION_BITS - (int)shift);
	rank.rest = rest;
	if (negative) {
		rank.number = -rank.number;
		rank.rest = -rank.rest;
	}
	return rank;
}

struct number_rank
number_rank(enum type type, const union cell *cell)
{
	const int64_t exact = (int64_t)1 << MANTISSA_BITS;
	struct number_rank rank = { 0 };
	int64_t units = cell->integer;
	unsigned scale = 0;

	if (type == TYPE_FLOAT) {
		/* Adding 0 makes -0.0 a 0. */
		rank.number = cell->number + 0.0;
		return rank;
	}
	if (type == TYPE_DECIMAL) {
		units = cell->decimal.units;
		scale = (unsigned)cell->decimal.scale;
	}
	if (units == 0)
		return rank;
	if (scale == 0 && units <= exact && units >= -exact) {
		rank.number = (double)units;
		return rank;
	}
	uint64_t size = units < 0 ? -(uint64_t)units : (uint64_t)units;
	return rank_of(size, scale < 19 ? scale : 18, units < 0);
}
