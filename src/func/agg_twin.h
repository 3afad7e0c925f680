#ifndef SFLOW_FUNC_AGG_TWIN_H
#define SFLOW_FUNC_AGG_TWIN_H

#include <stdint.h>
#include <string.h>

/*
 * Pairs of doubles, high + low, of together about 106 bits: sums of floats
 * whose result, rounded to one double at the end, does not depend on the order
 * of adding.  So it is the same with any batch size and any number of workers.
 * No option that lets the compiler reassociate floats may be given.
 */
struct twin {
	double high;
	double low;
};

/* a + b, and the error of it exactly. */
static inline struct twin
twin_sum(double a, double b)
{
	double sum = a + b;
	double other = sum - a;

	return (struct twin){ sum, (a - (sum - other)) + (b - other) };
}

/*
 * The mantissa rounded to 26 bits: what is left has as many with a sign, and
 * products of two such are exact.
 */
static inline double
twin_upper(double a)
{
	uint64_t bits;

	memcpy(&bits, &a, sizeof(bits));
	bits += (uint64_t)1 << 26;
	bits &= ~(((uint64_t)1 << 27) - 1);
	memcpy(&a, &bits, sizeof(bits));
	return a;
}

/* a * b, and the error of it exactly. */
static inline struct twin
twin_product(double a, double b)
{
	double product = a * b;
	double a_high = twin_upper(a), b_high = twin_upper(b);
	double a_low = a - a_high, b_low = b - b_high;

	return (struct twin){ product, ((a_high * b_high - product) +
	    a_high * b_low + a_low * b_high) + a_low * b_low };
}

/* Add to a running sum; its parts may overlap. */
static inline void
twin_add(double *high, double *low, double a)
{
	struct twin sum = twin_sum(*high, a);

	*high = sum.high;
	*low += sum.low;
}

/* Add a running sum to another. */
static inline void
twin_merge(double *high, double *low, double other_high, double other_low)
{
	twin_add(high, low, other_high);
	*low += other_low;
}

/* Its one double; infinities have no low part worth adding. */
static inline double
twin_value(double high, double low)
{
	double value = high + low;

	return high - high == 0 ? value : high;
}

#endif
