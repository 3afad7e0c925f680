/*
 * Numbers made rounder: abs, sign, and floor, ceil, round and trunc to a number
 * of digits behind the point (below 0: before it).  An int stays an int, a
 * decimal a decimal, a float a float.
 *
 * A float with digits is scaled by a power of ten, rounded, and scaled back by
 * the same power, so that the result is the float nearest to the decimal that
 * is meant.  Where scaling would leave the range in which floats have a
 * fraction at all there is nothing to round.
 */
#include "func/kernel.h"

#include <math.h>

enum round_mode { ROUND_FLOOR, ROUND_CEIL, ROUND_NEAREST, ROUND_TRUNC };

/* 10^22 is the last that a float holds exactly. */
#define EXACT_POWER_MAX 22
#define INT_POWER_MAX 18
/* A decimal has at most 18 digits. */
#define DECIMAL_UNITS_END 1000000000000000000ll

static const double float_powers[EXACT_POWER_MAX + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static int64_t
int_power(int64_t digits)
{
	int64_t power = 1;

	while (digits-- > 0)
		power *= 10;
	return power;
}

static inline double
round_float(double x, enum round_mode mode)
{
	switch (mode) {
	case ROUND_FLOOR:
		return floor(x);
	case ROUND_CEIL:
		return ceil(x);
	case ROUND_TRUNC:
		return trunc(x);
	default:
		return round(x);
	}
}

static double
round_float_digits(double x, int64_t digits, enum round_mode mode)
{
	if (digits == 0)
		return round_float(x, mode);
	if (digits > 0) {
		if (digits > EXACT_POWER_MAX)
			return x;
		double power = float_powers[digits];
		/* From 2^52 on every float is whole. */
		if (fabs(x) * power >= 0x1p52)
			return x;
		return round_float(x * power, mode) / power;
	}
	/* Beyond, only what floor and ceil push away from 0 would be left. */
	double power = digits < -EXACT_POWER_MAX ? pow(10, -(double)digits) :
	    float_powers[-digits];
	if (!isfinite(power))
		return 0;
	double rounded = round_float(x / power, mode) * power;
	return isfinite(rounded) ? rounded : x;
}

/*
 * x to a multiple of `unit` (> 0); -1 if that is beyond int64.  Half goes away
 * from zero.
 */
static int
round_int(int64_t x, int64_t unit, enum round_mode mode, int64_t *out)
{
	int64_t rest = x % unit;
	int64_t base = x - rest;
	int64_t step = 0;

	if (mode == ROUND_FLOOR)
		step = rest < 0 ? -unit : 0;
	else if (mode == ROUND_CEIL)
		step = rest > 0 ? unit : 0;
	else if (mode == ROUND_NEAREST && rest > 0)
		step = rest >= unit - rest ? unit : 0;
	else if (mode == ROUND_NEAREST && rest < 0)
		step = -rest >= unit + rest ? -unit : 0;
	return __builtin_add_overflow(base, step, out) ? -1 : 0;
}

static void
round_floats(struct func_call *call, const struct column *in,
	const struct column *digits, uint32_t count, enum round_mode mode,
	struct column *out)
{
	double *restrict target = kernel_out(call, TYPE_FLOAT, count, out);

	if (digits == NULL) {
		for (uint32_t i = 0; i < count; i++)
			target[i] = round_float(arg_float(in, i), mode);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		target[i] = round_float_digits(arg_float(in, i),
		    arg_int(digits, i), mode);
}

static void
round_ints(struct func_call *call, const struct column *in,
	const struct column *digits, uint32_t count, enum round_mode mode,
	struct column *out)
{
	if (digits == NULL) {
		*out = *in;
		return;
	}
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t n = arg_int(digits, i);
		int64_t x = arg_int(in, i);
		target[i] = x;
		if (n >= 0)
			continue;
		if (n < -INT_POWER_MAX)
			target[i] = 0;
		else if (round_int(x, int_power(-n), mode, &target[i]) != 0)
			func_reject(call, i, "%s(%lld, %lld) is too large "
			    "for an int", call->def->name, (long long)x,
			    (long long)n);
	}
}

/* To `digits` behind the point; -1 if the result has too many before it. */
static int
round_decimal(struct decimal *x, int64_t digits, enum round_mode mode)
{
	if (digits >= x->scale)
		return 0;
	int32_t scale = digits < 0 ? 0 : (int32_t)digits;
	/* Digits that go; more than there can be leave nothing. */
	if (digits < x->scale - INT_POWER_MAX)
		x->units = 0;
	else if (round_int(x->units, int_power(x->scale - digits), mode,
	    &x->units) != 0)
		return -1;
	x->units /= int_power(x->scale - scale);
	x->scale = scale;
	return x->units > -DECIMAL_UNITS_END && x->units < DECIMAL_UNITS_END ?
	    0 : -1;
}

static void
round_decimals(struct func_call *call, const struct column *in,
	const struct column *digits, uint32_t count, enum round_mode mode,
	struct column *out)
{
	struct decimal *target = kernel_out(call, TYPE_DECIMAL, count, out);
	const struct decimal *source = in->data;

	for (uint32_t i = 0; i < count; i++) {
		target[i] = source[i & column_mask(in)];
		if (round_decimal(&target[i],
		    digits == NULL ? 0 : arg_int(digits, i), mode) == 0)
			continue;
		target[i] = (struct decimal){ 0 };
		func_reject(call, i, "%s() does not fit a decimal",
		    call->def->name);
	}
}

static int
round_eval_mode(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, enum round_mode mode,
	struct column *out)
{
	struct column digits;
	const struct column *used = arg_count > 1 ? &digits : NULL;

	if (used != NULL &&
	    kernel_take_one(call, 'i', &arg[1], count, &digits) != 0)
		return -1;
	switch (arg[0].type) {
	case TYPE_FLOAT:
		round_floats(call, &arg[0], used, count, mode, out);
		return 0;
	case TYPE_INT:
		round_ints(call, &arg[0], used, count, mode, out);
		return 0;
	case TYPE_DECIMAL:
		round_decimals(call, &arg[0], used, count, mode, out);
		return 0;
	default:
		return -1;
	}
}

/* The kernel symbol_eval, in a mode. */
#define ROUND_EVAL(symbol, mode) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	return round_eval_mode(call, arg, arg_count, count, mode, out); \
}

/* What the definitions have in common. */
#define ROUND_SLOTS(symbol) \
	.name = #symbol, \
	.group = "math", \
	.signature = #symbol "(x [, digits])", \
	.arg_min = 1, \
	.arg_max = 2, \
	.want = WANT_ALL(FUNC_NUMBER), \
	.type = round_type, \
	.eval = symbol##_eval

static enum type
round_type(const enum type *arg, unsigned count)
{
	return arg[0] == TYPE_DURATION ? TYPE_ERROR :
	    func_type_same(arg, count);
}

ROUND_EVAL(floor, ROUND_FLOOR)

const struct func_def func_floor = {
	ROUND_SLOTS(floor),
	.summary = "x rounded down, to digits behind the point",
	.example = "floor(2.7)",
	.result = "2",
};

ROUND_EVAL(ceil, ROUND_CEIL)

const struct func_def func_ceil = {
	ROUND_SLOTS(ceil),
	.summary = "x rounded up, to digits behind the point",
	.example = "ceil(2.1)",
	.result = "3",
};

ROUND_EVAL(round, ROUND_NEAREST)

const struct func_def func_round = {
	ROUND_SLOTS(round),
	.summary = "x rounded to digits behind the point, half away from zero; "
	    "digits below 0 round to tens, hundreds and so on",
	.example = "round(3.14159, 2)",
	.result = "3.14",
};

ROUND_EVAL(trunc, ROUND_TRUNC)

const struct func_def func_trunc = {
	ROUND_SLOTS(trunc),
	.summary = "x without what stands behind its digits",
	.example = "trunc(-2.7)",
	.result = "-2",
};

/* Ints and durations are words. */
static int
abs_words(struct func_call *call, const struct column *in, uint32_t count,
	struct column *out)
{
	int64_t *restrict target =
	    kernel_out(call, (enum type)in->type, count, out);
	int overflow = 0;

	for (uint32_t i = 0; i < count; i++) {
		int64_t x = arg_int(in, i);
		overflow |= x == INT64_MIN;
		target[i] = x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
	}
	for (uint32_t i = 0; overflow && i < count; i++)
		if (target[i] < 0)
			func_reject(call, i, "abs(%lld) is too large for an "
			    "int", (long long)target[i]);
	return 0;
}

static int
abs_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg_count;
	if (arg->type == TYPE_INT || arg->type == TYPE_DURATION)
		return abs_words(call, arg, count, out);
	if (arg->type == TYPE_FLOAT) {
		double *restrict target =
		    kernel_out(call, TYPE_FLOAT, count, out);
		for (uint32_t i = 0; i < count; i++)
			target[i] = fabs(arg_float(arg, i));
		return 0;
	}
	if (arg->type != TYPE_DECIMAL)
		return -1;
	const struct decimal *source = arg->data;
	struct decimal *target = kernel_out(call, TYPE_DECIMAL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		target[i] = source[i & column_mask(arg)];
		/* 18 digits: never INT64_MIN. */
		if (target[i].units < 0)
			target[i].units = -target[i].units;
	}
	return 0;
}

const struct func_def func_abs = {
	.name = "abs",
	.group = "math",
	.signature = "abs(x)",
	.summary = "the number, or duration, without its sign",
	.example = "abs(-7)",
	.result = "7",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = func_type_same,
	.eval = abs_eval,
};

static int
sign_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in = arg[0];

	(void)arg_count;
	if (in.type != TYPE_DURATION &&
	    kernel_take_one(call, 'n', arg, count, &in) != 0)
		return -1;
	int64_t *restrict target = kernel_out(call, TYPE_INT, count, out);
	if (in.type == TYPE_DURATION) {
		for (uint32_t i = 0; i < count; i++)
			target[i] = (arg_int(&in, i) > 0) -
			    (arg_int(&in, i) < 0);
	} else {
		for (uint32_t i = 0; i < count; i++)
			target[i] = (arg_float(&in, i) > 0) -
			    (arg_float(&in, i) < 0);
	}
	return 0;
}

static enum type
sign_type(const enum type *arg, unsigned count)
{
	return func_type_same(arg, count) == TYPE_ERROR ? TYPE_ERROR :
	    TYPE_INT;
}

const struct func_def func_sign = {
	.name = "sign",
	.group = "math",
	.signature = "sign(x)",
	.summary = "-1, 0 or 1, as x is below, at or above 0",
	.example = "sign(-0.5)",
	.result = "-1",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = sign_type,
	.eval = sign_eval,
};
