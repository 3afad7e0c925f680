/*
 * From decimal digits to the nearest double, after Eisel and Lemire.
 *
 * w * 10^q with a 64-bit w is w * 5^q with another binary exponent.  w is
 * shifted up until its top bit is set and multiplied by the top 64 bits of
 * 5^q; the product's top 55 bits are those of the result (53, one to round
 * with, one that normalising may eat) unless the 9 bits below are all ones, so
 * that what was left out might carry into them.  Then the lower 64 bits of 5^q
 * are brought in; after that a product that is all ones in its second word is
 * the only case left open, and is reported as such.
 *
 * A product that lies exactly half way between two doubles is recognised by
 * zeros below its rounding bit.  This can only be for powers that are small
 * enough: 5^q must divide, or be part of, a 64-bit number.
 *
 * Numbers of up to 53 bits and powers up to 10^22 are exact doubles: one
 * multiplication or division rounds once and so rightly (Clinger).
 */
#include "data/number_priv.h"

#include <math.h>
#include <string.h>

#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define EXPONENT_INFINITE 2047
/* Any 64-bit number times 10^309 is infinite. */
#define POWER_INFINITE 309
/* Half way cases exist for these powers only: 5^23 < 2^54, 5^-4 for 64 bits. */
#define POWER_TIE_MIN (-4)
#define POWER_TIE_MAX 23

static const double exact_powers[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};
#define EXACT_POWER_MAX 22

static double
double_make(uint64_t mantissa, uint64_t exponent)
{
	uint64_t bits = mantissa | exponent << MANTISSA_BITS;
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

/* floor(log2(10^power)), for |power| < 400. */
static int
log2_of_power(int power)
{
	return (217706 * power) >> 16;
}

/* Shifts a product of 55 bits into the range without a hidden bit. */
static double
subnormal_make(uint64_t mantissa, int exponent)
{
	if (1 - exponent >= 64)
		return 0;
	mantissa >>= 1 - exponent;
	mantissa += mantissa & 1;
	mantissa >>= 1;
	/* Rounding up to the least normal number sets the exponent itself. */
	return double_make(mantissa, 0);
}

/* The Eisel-Lemire step for NUMBER_POWER_MIN <= power < POWER_INFINITE. */
static int
scale_wide(uint64_t mantissa, int power, double *out)
{
	const uint64_t *words = number_powers[power - NUMBER_POWER_MIN];
	uint64_t word_high = words[0], word_low = words[1];
	/* This algorithm wants positive powers rounded down. */
	if (power > NUMBER_POWER_EXACT && word_low-- == 0)
		word_high--;

	int shift = __builtin_clzll(mantissa);
	mantissa <<= shift;
	__uint128_t product = (__uint128_t)mantissa * word_high;
	if (((uint64_t)(product >> 64) & 0x1ff) == 0x1ff)
		product += (__uint128_t)mantissa * word_low >> 64;
	uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64);
	if (low == UINT64_MAX &&
	    (power < -27 || power > NUMBER_POWER_EXACT))
		return -1;

	int top = (int)(high >> 63);
	uint64_t result = high >> (top + 9);
	int exponent = log2_of_power(power) + 63 + EXPONENT_BIAS + top - shift;
	if (exponent <= 0) {
		*out = subnormal_make(result, exponent);
		return 0;
	}
	if (low <= 1 && power >= POWER_TIE_MIN && power <= POWER_TIE_MAX &&
	    (result & 3) == 1 && result << (top + 9) == high)
		result &= ~(uint64_t)1;	/* half way, and even: stay */
	result += result & 1;
	result >>= 1;
	if (result >= (uint64_t)2 << MANTISSA_BITS) {
		result = (uint64_t)1 << MANTISSA_BITS;
		exponent++;
	}
	if (exponent >= EXPONENT_INFINITE)
		*out = HUGE_VAL;
	else
		*out = double_make(result & ~((uint64_t)1 << MANTISSA_BITS),
		    (uint64_t)exponent);
	return 0;
}

int
number_scale(uint64_t mantissa, int64_t power, double *out)
{
	if (mantissa >> 53 == 0 && power >= -EXACT_POWER_MAX &&
	    power <= EXACT_POWER_MAX) {
		*out = power < 0 ? (double)mantissa / exact_powers[-power] :
		    (double)mantissa * exact_powers[power];
		return 0;
	}
	if (power < NUMBER_POWER_MIN) {
		*out = 0;
		return 0;
	}
	if (power >= POWER_INFINITE) {
		*out = HUGE_VAL;
		return 0;
	}
	return scale_wide(mantissa, (int)power, out);
}
