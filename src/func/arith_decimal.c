/*
 * Arithmetic of decimals: units * 10^-scale, in 128 bits on the way, so that
 * nothing is lost before the result is looked at.  A result whose units do not
 * fit 64 bits, or that needs more than 18 places, first loses zeros at its end,
 * and is rejected if that does not help: never rounded.
 */
#include "func/arith_priv.h"

#define SCALE_MAX 18

/* 10^scale, 0 <= scale <= 18. */
static int64_t
power_of_ten(int32_t scale)
{
	int64_t power = 1;

	for (int32_t i = 0; i < scale; i++)
		power *= 10;
	return power;
}

/* An int is a decimal without places. */
static struct decimal
decimal_at(const struct column *column, uint32_t row)
{
	struct value value = column_cell(column, row);
	struct decimal decimal = { .units = value.cell.integer };

	return column->type == TYPE_DECIMAL ? value.cell.decimal : decimal;
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
	__int128 x = (__int128)a.units * power_of_ten(scale - a.scale);
	__int128 y = (__int128)b.units * power_of_ten(scale - b.scale);
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

int
arith_decimals(const struct arith_pair *pair, struct column *out)
{
	int whole = pair->op == ARITH_INT_DIV;

	arith_result(pair, whole ? TYPE_INT : TYPE_DECIMAL, out);
	for (uint32_t i = 0; i < pair->rows; i++) {
		struct decimal result = { 0 };
		const char *fault = decimal_step(pair->op,
		    decimal_at(pair->a, i), decimal_at(pair->b, i), &result);
		if (fault != NULL)
			arith_reject(pair, i, fault);
		if (whole)
			((int64_t *)out->data)[i] = result.units;
		else
			((struct decimal *)out->data)[i] = result;
	}
	return 0;
}
