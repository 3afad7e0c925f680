#ifndef SFLOW_FUNC_DECIMAL_H
#define SFLOW_FUNC_DECIMAL_H

#include <stdint.h>

#include "data/type.h"

struct column;
struct region;

/* 10^scale, for the scales of decimals. */
extern const int64_t decimal_powers[19];

/*
 * The decimals of a DECIMAL or INT column (an int has no places): one if it is
 * CONST, else `rows`.
 */
const struct decimal *decimal_rows(const struct column *, uint32_t rows,
	struct region *);

/* -1, 0 or 1, exactly. */
static inline int
decimal_compare(struct decimal a, struct decimal b)
{
	__int128 x = a.units, y = b.units;

	if (__builtin_expect(a.scale == b.scale, 1))
		return (a.units > b.units) - (a.units < b.units);
	/* 63 + 60 bits. */
	if (a.scale < b.scale)
		x *= decimal_powers[b.scale - a.scale];
	else
		y *= decimal_powers[a.scale - b.scale];
	return (x > y) - (x < y);
}

#endif
