/*
 * + - * / // % and the minus sign.
 *
 *	int op int		exact; an overflow rejects the row
 *	int / int		float
 *	// and %		floor: -7 // 2 is -4, -7 % 2 is 1, which has the
 *				sign of the divisor; // gives an int, also of
 *				floats
 *	with a float		float; a result that no float holds is rejected
 *	with a decimal		exact for + - * // %; / and floats give a float
 *	times			see arith_time.c
 *
 * The loops compute every row and only note whether one went wrong; which one
 * it was is looked for after, off the fast path.
 */
#include "func/arith_priv.h"

#include <math.h>

#include "data/number.h"
#include "util/bits.h"
#include "util/buf.h"

static const struct func_def *const arith_defs[];

static enum arith_op
arith_op_of(const struct func_def *def)
{
	unsigned op = 0;

	while (arith_defs[op] != def)
		op++;
	return (enum arith_op)op;
}

const char *
arith_sign(enum arith_op op)
{
	static const char *const signs[] = { "+", "-", "*", "/", "//", "%" };

	return signs[op];
}

void
arith_result(const struct arith_pair *pair, enum type type, struct column *out)
{
	column_init_flat(out, type, pair->rows, pair->call->region);
}

void
arith_reject(const struct arith_pair *pair, uint32_t row, const char *what)
{
	struct value a = column_cell(pair->a, row);
	struct value b = column_cell(pair->b, row);
	struct buf buf = { 0 };

	if (!column_is_live(pair->call, row))
		return;
	value_add_text(&a, &buf);
	buf_add_format(&buf, " %s ", arith_sign(pair->op));
	value_add_text(&b, &buf);
	func_reject(pair->call, row, "%s in %s", what, buf_string(&buf));
	buf_fini(&buf);
}

/* 10^scale as a float, exact up to 10^18. */
static double
decimal_unit(int32_t scale)
{
	double unit = 1;

	for (int32_t i = 0; i < scale; i++)
		unit *= 10;
	return unit;
}

void
arith_floats(const struct column *column, uint32_t rows, struct region *region,
	struct column *out)
{
	uint32_t count = column->encoding == CONST ? 1 : rows;

	if (column->type == TYPE_FLOAT) {
		*out = *column;
		return;
	}
	column_init_flat(out, TYPE_FLOAT, count, region);
	out->encoding = column->encoding;
	double *restrict floats = out->data;
	if (column->type == TYPE_INT) {
		const int64_t *restrict ints = column->data;
		for (uint32_t i = 0; i < count; i++)
			floats[i] = (double)ints[i];
		return;
	}
	const struct decimal *decimals = column->data;
	for (uint32_t i = 0; i < count; i++) {
		floats[i] = (double)decimals[i].units /
		    decimal_unit(decimals[i].scale);
	}
}

/* Sums wrap around and are looked at after: the sign bit of `bad`. */
#define KERNEL_NAME add_ints
#define KERNEL_TYPE int64_t
#define KERNEL_RESULT int64_t
#define KERNEL_STEP(x, y, r, bad) {					\
		uint64_t sum = (uint64_t)(x) + (uint64_t)(y);		\
		bad |= ((sum ^ (uint64_t)(x)) & (sum ^ (uint64_t)(y))) >> 63; \
		r = (int64_t)sum;					\
	}
#include "func/arith_template.h"

#define KERNEL_NAME sub_ints
#define KERNEL_TYPE int64_t
#define KERNEL_RESULT int64_t
#define KERNEL_STEP(x, y, r, bad) {					\
		uint64_t rest = (uint64_t)(x) - (uint64_t)(y);		\
		bad |= (((uint64_t)(x) ^ (uint64_t)(y)) &		\
		    (rest ^ (uint64_t)(x))) >> 63;			\
		r = (int64_t)rest;					\
	}
#include "func/arith_template.h"

#define KERNEL_NAME mul_ints
#define KERNEL_TYPE int64_t
#define KERNEL_RESULT int64_t
#define KERNEL_STEP(x, y, r, bad)					\
	bad |= (uint64_t)__builtin_mul_overflow(x, y, &r);
#include "func/arith_template.h"

/* x - x is 0 for all floats but infinities and NaN. */
#define IS_BEYOND(x) (uint64_t)!((x) - (x) == 0)

#define KERNEL_NAME add_floats
#define KERNEL_TYPE double
#define KERNEL_RESULT double
#define KERNEL_STEP(x, y, r, bad) { r = (x) + (y); bad |= IS_BEYOND(r); }
#include "func/arith_template.h"

#define KERNEL_NAME sub_floats
#define KERNEL_TYPE double
#define KERNEL_RESULT double
#define KERNEL_STEP(x, y, r, bad) { r = (x) - (y); bad |= IS_BEYOND(r); }
#include "func/arith_template.h"

#define KERNEL_NAME mul_floats
#define KERNEL_TYPE double
#define KERNEL_RESULT double
#define KERNEL_STEP(x, y, r, bad) { r = (x) * (y); bad |= IS_BEYOND(r); }
#include "func/arith_template.h"

#define KERNEL_NAME div_floats
#define KERNEL_TYPE double
#define KERNEL_RESULT double
#define KERNEL_STEP(x, y, r, bad) { r = (x) / (y); bad |= IS_BEYOND(r); }
#include "func/arith_template.h"

/* Why the row's result of ints is none, or NULL. */
static const char *
int_fault(enum arith_op op, int64_t a, int64_t b)
{
	int64_t result;
	int overflow;

	switch (op) {
	case ARITH_ADD:
		overflow = __builtin_add_overflow(a, b, &result);
		break;
	case ARITH_SUB:
		overflow = __builtin_sub_overflow(a, b, &result);
		break;
	case ARITH_MUL:
		overflow = __builtin_mul_overflow(a, b, &result);
		break;
	default:
		if (b == 0)
			return "division by zero";
		overflow = op == ARITH_INT_DIV && a == INT64_MIN && b == -1;
		break;
	}
	return overflow ? "integer overflow" : NULL;
}

static void
reject_ints(const struct arith_pair *pair)
{
	for (uint32_t i = 0; i < pair->rows; i++) {
		const char *fault = int_fault(pair->op,
		    column_word(pair->a, i), column_word(pair->b, i));
		if (fault != NULL)
			arith_reject(pair, i, fault);
	}
}

/* // and % of ints; a bad row gives 0. */
static int
divide_ints(const struct arith_pair *pair, int64_t *restrict out)
{
	int bad = 0;

	for (uint32_t i = 0; i < pair->rows; i++) {
		int64_t a = column_word(pair->a, i);
		int64_t b = column_word(pair->b, i);
		out[i] = 0;
		if (b == 0 || (b == -1 && a == INT64_MIN))
			bad = 1;
		else if (pair->op == ARITH_MOD)
			out[i] = floor_mod(a, b);
		else
			out[i] = floor_div(a, b);
	}
	return bad;
}

static void
arith_ints(const struct arith_pair *pair, struct column *out)
{
	int bad;

	arith_result(pair, TYPE_INT, out);
	switch (pair->op) {
	case ARITH_ADD:
		bad = add_ints(pair, out->data);
		break;
	case ARITH_SUB:
		bad = sub_ints(pair, out->data);
		break;
	case ARITH_MUL:
		bad = mul_ints(pair, out->data);
		break;
	default:
		bad = divide_ints(pair, out->data);
		break;
	}
	if (bad)
		reject_ints(pair);
}

/* The floor of a / b as an int; -1 if none holds it. */
static int
float_int_div(double a, double b, int64_t *out)
{
	double quotient = floor(a / b);

	if (!(quotient >= -9223372036854775808.0 &&
	    quotient < 9223372036854775808.0))
		return -1;
	*out = (int64_t)quotient;
	return 0;
}

static double
float_mod(double a, double b)
{
	double rest = fmod(a, b);

	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* // and % of floats. */
static void
divide_floats(const struct arith_pair *pair, struct column *out)
{
	arith_result(pair, pair->op == ARITH_INT_DIV ? TYPE_INT : TYPE_FLOAT,
	    out);
	int64_t *ints = out->data;
	double *floats = out->data;
	for (uint32_t i = 0; i < pair->rows; i++) {
		double a = column_cell(pair->a, i).cell.number;
		double b = column_cell(pair->b, i).cell.number;
		ints[i] = 0;
		if (b == 0)
			arith_reject(pair, i, "division by zero");
		else if (pair->op == ARITH_MOD)
			floats[i] = float_mod(a, b);
		else if (float_int_div(a, b, &ints[i]) != 0)
			arith_reject(pair, i, "integer overflow");
	}
}

/* The rows whose float is none. */
static void
reject_floats(const struct arith_pair *pair, const double *result)
{
	for (uint32_t i = 0; i < pair->rows; i++) {
		if (!IS_BEYOND(result[i]))
			continue;
		arith_reject(pair, i, pair->op == ARITH_DIV &&
		    column_cell(pair->b, i).cell.number == 0 ?
		    "division by zero" : "float overflow");
	}
}

/* Operands of any two types of number. */
static void
arith_as_floats(const struct arith_pair *numbers, struct column *out)
{
	struct arith_pair pair = *numbers;
	struct column a, b;
	int bad;

	arith_floats(pair.a, pair.rows, pair.call->region, &a);
	arith_floats(pair.b, pair.rows, pair.call->region, &b);
	pair.a = &a;
	pair.b = &b;
	if (pair.op == ARITH_INT_DIV || pair.op == ARITH_MOD) {
		divide_floats(&pair, out);
		return;
	}
	arith_result(&pair, TYPE_FLOAT, out);
	switch (pair.op) {
	case ARITH_ADD:
		bad = add_floats(&pair, out->data);
		break;
	case ARITH_SUB:
		bad = sub_floats(&pair, out->data);
		break;
	case ARITH_MUL:
		bad = mul_floats(&pair, out->data);
		break;
	default:
		bad = div_floats(&pair, out->data);
		break;
	}
	if (bad)
		reject_floats(&pair, out->data);
}

static int
arith_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct arith_pair pair = {
		.call = call,
		.op = arith_op_of(call->def),
		.a = &arg[0],
		.b = &arg[1],
		.rows = count,
	};
	enum type a = arg[0].type, b = arg[1].type;
	int status = 0;

	(void)arg_count;
	if (!type_is_number(a) || !type_is_number(b))
		status = arith_times(&pair, out);
	else if (a == TYPE_INT && b == TYPE_INT && pair.op != ARITH_DIV)
		arith_ints(&pair, out);
	else if (a == TYPE_FLOAT || b == TYPE_FLOAT || pair.op == ARITH_DIV)
		arith_as_floats(&pair, out);
	else
		status = arith_decimals(&pair, out);
	return status;
}

static enum type
arith_type(enum arith_op op, const enum type *arg)
{
	enum type a = arg[0], b = arg[1];

	/* Two texts may be two times, to subtract. */
	if (op == ARITH_ADD && a == TYPE_TEXT && b == TYPE_TEXT)
		return TYPE_ERROR;
	if (type_is_open(a) || type_is_open(b)) {
		enum type known = type_is_open(a) ? b : a;
		return type_is_open(known) || type_is_number(known) ||
		    arith_times_type(op, known, TYPE_ANY) != TYPE_ERROR ||
		    arith_times_type(op, TYPE_ANY, known) != TYPE_ERROR ?
		    TYPE_ANY : TYPE_ERROR;
	}
	if (!type_is_number(a) || !type_is_number(b))
		return arith_times_type(op, a, b);
	if (op == ARITH_DIV)
		return TYPE_FLOAT;
	if (op == ARITH_INT_DIV || (a == TYPE_INT && b == TYPE_INT))
		return TYPE_INT;
	return a == TYPE_FLOAT || b == TYPE_FLOAT ? TYPE_FLOAT : TYPE_DECIMAL;
}

static enum type
add_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_ADD, arg);
}

static enum type
sub_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_SUB, arg);
}

static enum type
mul_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_MUL, arg);
}

static enum type
div_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_DIV, arg);
}

static enum type
int_div_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_INT_DIV, arg);
}

static enum type
mod_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arith_type(ARITH_MOD, arg);
}

#define ARITH_COMMON							\
	.group = "arithmetic",						\
	.arg_min = 2,							\
	.arg_max = 2,							\
	.want = { FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },	\
	.eval = arith_eval

const struct func_def func_add = {
	.name = "add",
	.signature = "a + b",
	.summary = "the sum; a time and a duration give a time",
	.example = "1 + 2",
	.result = "3",
	.type = add_type,
	.flags = FUNC_HIDDEN | FUNC_PEER | FUNC_EXACT,
	.text_hint = "to join texts use f\"{a}{b}\" or concat(a, b)",
	ARITH_COMMON,
};

const struct func_def func_sub = {
	.name = "sub",
	.signature = "a - b",
	.summary = "the difference; two times give a duration",
	.example = "1 - 2.5",
	.result = "-1.5",
	.type = sub_type,
	.flags = FUNC_HIDDEN | FUNC_PEER | FUNC_EXACT,
	ARITH_COMMON,
};

const struct func_def func_mul = {
	.name = "mul",
	.signature = "a * b",
	.summary = "the product",
	.example = "2 * 1.5",
	.result = "3",
	.type = mul_type,
	.flags = FUNC_HIDDEN | FUNC_EXACT,
	ARITH_COMMON,
};

const struct func_def func_div = {
	.name = "div",
	.signature = "a / b",
	.summary = "the quotient, a float",
	.example = "7 / 2",
	.result = "3.5",
	.type = div_type,
	.flags = FUNC_HIDDEN,
	ARITH_COMMON,
};

const struct func_def func_int_div = {
	.name = "int_div",
	.signature = "a // b",
	.summary = "the quotient rounded down to a whole number",
	.example = "-7 // 2",
	.result = "-4",
	.type = int_div_type,
	.flags = FUNC_HIDDEN | FUNC_EXACT,
	ARITH_COMMON,
};

const struct func_def func_mod = {
	.name = "mod",
	.signature = "a % b",
	.summary = "what // leaves over; it has the sign of the divisor",
	.example = "-7 % 2",
	.result = "1",
	.type = mod_type,
	.flags = FUNC_HIDDEN | FUNC_EXACT,
	ARITH_COMMON,
};

static const struct func_def *const arith_defs[] = {
	&func_add, &func_sub, &func_mul, &func_div, &func_int_div, &func_mod,
};

static enum type
neg_type(const enum type *arg, unsigned count)
{
	(void)count;
	if (type_is_open(arg[0]))
		return TYPE_ANY;
	return type_is_number(arg[0]) || arg[0] == TYPE_DURATION ? arg[0] :
	    TYPE_ERROR;
}

static int
neg_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	enum type type = arg[0].type;

	(void)arg_count;
	if (!type_is_number(type) && type != TYPE_DURATION)
		return -1;
	uint32_t rows = arg[0].encoding == CONST ? 1 : count;
	column_init_flat(out, type, rows, call->region);
	out->encoding = arg[0].encoding;
	if (type == TYPE_FLOAT) {
		const double *source = arg[0].data;
		double *target = out->data;
		/* 0 - 0 and not -0: there is one zero. */
		for (uint32_t i = 0; i < rows; i++)
			target[i] = 0 - source[i];
		return 0;
	}
	/* The first word of a decimal are its units. */
	size_t step = type_width(type) / sizeof(int64_t);
	const int64_t *source = arg[0].data;
	int64_t *target = out->data;
	memcpy(target, source, rows * type_width(type));
	for (uint32_t i = 0; i < rows; i++) {
		int64_t was = source[i * step];
		target[i * step] = (int64_t)(0 - (uint64_t)was);
		if (was == INT64_MIN)
			func_reject(call, i, "integer overflow in -(%lld)",
			    (long long)was);
	}
	return 0;
}

const struct func_def func_neg = {
	.name = "neg",
	.group = "arithmetic",
	.signature = "-x",
	.summary = "x with the other sign",
	.example = "-(1 - 3)",
	.result = "2",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_HIDDEN,
	.want = { FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = neg_type,
	.eval = neg_eval,
};
