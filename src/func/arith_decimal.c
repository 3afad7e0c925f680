/*
 * Arithmetic of decimals: units * 10^-scale, in 128 bits on the way, so that
 * nothing is lost before the result is looked at.  A result whose units do not
 * fit 64 bits, or that needs more than 18 places, first loses zeros at its end,
 * and is rejected if that does not help: never rounded.
 */
#include "func/arith_priv.h"

#include "func/decimal.h"

#define SCALE_MAX 18

const int64_t decimal_powers[19] = {
	1ll, 10ll, 100ll, 1000ll, 10000ll, 100000ll, 1000000ll, 10000000ll,
	100000000ll, 1000000000ll, 10000000000ll, 100000000000ll,
	1000000000000ll, 10000000000000ll, 100000000000000ll,
	1000000000000000ll, 10000000000000000ll, 100000000000000000ll,
	1000000000000000000ll,
};

const struct decimal *
decimal_rows(const struct column *column, uint32_t rows, struct region *region)
{
	const int64_t *ints = column->data;

	if (column->type == TYPE_DECIMAL)
		return column->data;
	if (column->encoding == CONST)
		rows = 1;
	struct decimal *decimals = region_alloc(region,
	    rows * sizeof(*decimals));
	for (uint32_t i = 0; i < rows; i++)
		decimals[i] = (struct decimal){ .units = ints[i] };
	return decimals;
}

/* 0, or -1 if no decimal holds it. */
static int
decimal_fit(__int128 units, int32_t scale, struct decimal *out)
{
	while ((scale > SCALE_MAX || units > INT64_MAX || units < INT64_MIN) &&
	    scale > 0 && units % 10 == 0) {
		units /= 10;
		scale--;
	}
	if (scale > SCALE_MAX || units > INT64_MAX || units < INT64_MIN)
		return -1;
	out->units = (int64_t)units;
	out->scale = scale;
	out->pad = 0;
	return 0;
}

/* The quotient rounded down, or what it leaves over. */
static __int128
divide_down(__int128 a, __int128 b, enum arith_op op)
{
	__int128 quotient = a / b, rest = a % b;
	int cut = rest != 0 && (rest < 0) != (b < 0);

	if (op == ARITH_INT_DIV)
		return quotient - cut;
	return cut ? rest + b : rest;
}

/* One row; returns NULL, or what is wrong. */
static const char *
decimal_step(enum arith_op op, struct decimal a, struct decimal b,
	struct decimal *out)
{
	int32_t scale = a.scale > b.scale ? a.scale : b.scale;
	/* 63 + 60 bits. */
	__int128 x = (__int128)a.units * decimal_powers[scale - a.scale];
	__int128 y = (__int128)b.units * decimal_powers[scale - b.scale];
	__int128 units;

	switch (op) {
	case ARITH_ADD:
		units = x + y;
		break;
	case ARITH_SUB:
		units = x - y;
		break;
	case ARITH_MUL:
		units = (__int128)a.units * b.units;
		scale = a.scale + b.scale;
		break;
	default:
		if (y == 0)
			return "division by zero";
		units = divide_down(x, y, op);
		if (op == ARITH_INT_DIV)
			scale = 0;
		break;
	}
	return decimal_fit(units, scale, out) == 0 ? NULL : "decimal overflow";
}

/* The usual row: everything fits 64 bits.  0, or -1 if it does not. */
static inline __attribute__((always_inline)) int
decimal_quick(enum arith_op op, struct decimal a, struct decimal b,
	struct decimal *out)
{
	int64_t units;

	out->pad = 0;
	if (op == ARITH_MUL) {
		out->scale = a.scale + b.scale;
		if (__builtin_mul_overflow(a.units, b.units, &units) ||
		    out->scale > SCALE_MAX)
			return -1;
		out->units = units;
		return 0;
	}
	out->scale = a.scale > b.scale ? a.scale : b.scale;
	if (a.scale < b.scale && __builtin_mul_overflow(a.units,
	    decimal_powers[b.scale - a.scale], &a.units))
		return -1;
	if (b.scale < a.scale && __builtin_mul_overflow(b.units,
	    decimal_powers[a.scale - b.scale], &b.units))
		return -1;
	int beyond = op == ARITH_ADD ?
	    __builtin_add_overflow(a.units, b.units, &units) :
	    __builtin_sub_overflow(a.units, b.units, &units);
	out->units = units;
	return beyond ? -1 : 0;
}

/* Every row of + - or *; `op` is a constant where it is used. */
static inline __attribute__((always_inline)) void
decimal_loop(const struct arith_pair *pair, enum arith_op op,
	struct decimal *out)
{
	struct region *region = pair->call->region;
	const struct decimal *a = decimal_rows(pair->a, pair->rows, region);
	const struct decimal *b = decimal_rows(pair->b, pair->rows, region);
	uint32_t a_mask = column_mask(pair->a), b_mask = column_mask(pair->b);

	for (uint32_t i = 0; i < pair->rows; i++) {
		struct decimal x = a[i & a_mask], y = b[i & b_mask];
		if (__builtin_expect(decimal_quick(op, x, y, &out[i]) == 0, 1))
			continue;
		out[i] = (struct decimal){ 0 };
		const char *fault = decimal_step(op, x, y, &out[i]);
		if (fault != NULL)
			arith_reject(pair, i, fault);
	}
}

/* // and % */
static void
decimal_divide(const struct arith_pair *pair, struct column *out)
{
	struct region *region = pair->call->region;
	const struct decimal *a = decimal_rows(pair->a, pair->rows, region);
	const struct decimal *b = decimal_rows(pair->b, pair->rows, region);
	uint32_t a_mask = column_mask(pair->a), b_mask = column_mask(pair->b);

	for (uint32_t i = 0; i < pair->rows; i++) {
		struct decimal result = { 0 };
		const char *fault = decimal_step(pair->op, a[i & a_mask],
		    b[i & b_mask], &result);
		if (fault != NULL)
			arith_reject(pair, i, fault);
		if (pair->op == ARITH_INT_DIV)
			((int64_t *)out->data)[i] = result.units;
		else
			((struct decimal *)out->data)[i] = result;
	}
}

int
arith_decimals(const struct arith_pair *pair, struct column *out)
{
	arith_result(pair, pair->op == ARITH_INT_DIV ? TYPE_INT : TYPE_DECIMAL,
	    out);
	switch (pair->op) {
	case ARITH_ADD:
		decimal_loop(pair, ARITH_ADD, out->data);
		break;
	case ARITH_SUB:
		decimal_loop(pair, ARITH_SUB, out->data);
		break;
	case ARITH_MUL:
		decimal_loop(pair, ARITH_MUL, out->data);
		break;
	default:
		decimal_divide(pair, out);
		break;
	}
	return 0;
}
