/*
 * Functions of real numbers.  They compute with floats; a result that is no
 * number (the root of -1, the logarithm of 0, what overflows) rejects its row.
 */
#include "func/kernel.h"

#include <math.h>

#include "data/number.h"

FUNC_TYPE(float_of_numbers, TYPE_FLOAT, "n")

/* Reject the rows whose result is not finite. */
static void
check_finite(struct func_call *call, const struct column *in,
	unsigned arg_count, uint32_t count, double *target)
{
	for (uint32_t i = 0; i < count; i++) {
		if (isfinite(target[i]))
			continue;
		char shown[NUMBER_TEXT_MAX + 1];
		char second[NUMBER_TEXT_MAX + 3] = "";
		shown[number_format_float(arg_float(&in[0], i), shown)] = '\0';
		if (arg_count > 1) {
			second[0] = ',';
			second[1] = ' ';
			second[2 + number_format_float(arg_float(&in[1], i),
			    second + 2)] = '\0';
		}
		func_reject(call, i, "%s(%s%s) is no number", call->def->name,
		    shown, second);
		target[i] = 0;
	}
}

/* The kernel symbol_eval, a loop over one argument. */
#define MATH_EVAL_1(symbol, function) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	struct column in[1]; \
\
	if (kernel_take(call, "n", arg, arg_count, count, in) != 0) \
		return -1; \
	double *restrict target = kernel_out(call, TYPE_FLOAT, count, out); \
	for (uint32_t i = 0; i < count; i++) \
		target[i] = function(arg_float(&in[0], i)); \
	check_finite(call, in, arg_count, count, target); \
	return 0; \
}

/* What the definitions have in common. */
#define MATH_SLOTS(symbol, arguments, number) \
	.name = #symbol, \
	.group = "math", \
	.signature = #symbol arguments, \
	.arg_min = number, \
	.arg_max = number, \
	.want = WANT_ALL(FUNC_NUMBER), \
	.type = float_of_numbers, \
	.eval = symbol##_eval

/* The library's may be off by a bit: the root of 27 is 3. */
static inline double
cube_root(double x)
{
	double root = cbrt(x);
	double square = root * root;

	return square > 0 && isfinite(square * root) ?
	    root - (square * root - x) / (3 * square) : root;
}

static inline double
to_degrees(double x)
{
	return x * (180 / M_PI);
}

static inline double
to_radians(double x)
{
	return x * (M_PI / 180);
}

MATH_EVAL_1(sqrt, sqrt)

const struct func_def func_sqrt = {
	MATH_SLOTS(sqrt, "(x)", 1),
	.summary = "the square root",
	.example = "sqrt(16)",
	.result = "4",
};

MATH_EVAL_1(cbrt, cube_root)

const struct func_def func_cbrt = {
	MATH_SLOTS(cbrt, "(x)", 1),
	.summary = "the cube root",
	.example = "cbrt(27)",
	.result = "3",
};

MATH_EVAL_1(exp, exp)

const struct func_def func_exp = {
	MATH_SLOTS(exp, "(x)", 1),
	.summary = "e to the power of x",
	.example = "exp(0)",
	.result = "1",
};

MATH_EVAL_1(ln, log)

const struct func_def func_ln = {
	MATH_SLOTS(ln, "(x)", 1),
	.summary = "the natural logarithm",
	.example = "ln(1)",
	.result = "0",
};

MATH_EVAL_1(log10, log10)

const struct func_def func_log10 = {
	MATH_SLOTS(log10, "(x)", 1),
	.summary = "the logarithm to base 10",
	.example = "log10(1000)",
	.result = "3",
};

MATH_EVAL_1(log2, log2)

const struct func_def func_log2 = {
	MATH_SLOTS(log2, "(x)", 1),
	.summary = "the logarithm to base 2",
	.example = "log2(8)",
	.result = "3",
};

MATH_EVAL_1(sin, sin)

const struct func_def func_sin = {
	MATH_SLOTS(sin, "(x)", 1),
	.summary = "the sine of an angle in radians",
	.example = "sin(0)",
	.result = "0",
};

MATH_EVAL_1(cos, cos)

const struct func_def func_cos = {
	MATH_SLOTS(cos, "(x)", 1),
	.summary = "the cosine of an angle in radians",
	.example = "cos(0)",
	.result = "1",
};

MATH_EVAL_1(tan, tan)

const struct func_def func_tan = {
	MATH_SLOTS(tan, "(x)", 1),
	.summary = "the tangent of an angle in radians",
	.example = "tan(0)",
	.result = "0",
};

MATH_EVAL_1(asin, asin)

const struct func_def func_asin = {
	MATH_SLOTS(asin, "(x)", 1),
	.summary = "the angle in radians whose sine is x",
	.example = "asin(0)",
	.result = "0",
};

MATH_EVAL_1(acos, acos)

const struct func_def func_acos = {
	MATH_SLOTS(acos, "(x)", 1),
	.summary = "the angle in radians whose cosine is x",
	.example = "acos(1)",
	.result = "0",
};

MATH_EVAL_1(atan, atan)

const struct func_def func_atan = {
	MATH_SLOTS(atan, "(x)", 1),
	.summary = "the angle in radians whose tangent is x",
	.example = "atan(0)",
	.result = "0",
};

MATH_EVAL_1(sinh, sinh)

const struct func_def func_sinh = {
	MATH_SLOTS(sinh, "(x)", 1),
	.summary = "the hyperbolic sine",
	.example = "sinh(0)",
	.result = "0",
};

MATH_EVAL_1(cosh, cosh)

const struct func_def func_cosh = {
	MATH_SLOTS(cosh, "(x)", 1),
	.summary = "the hyperbolic cosine",
	.example = "cosh(0)",
	.result = "1",
};

MATH_EVAL_1(tanh, tanh)

const struct func_def func_tanh = {
	MATH_SLOTS(tanh, "(x)", 1),
	.summary = "the hyperbolic tangent",
	.example = "tanh(0)",
	.result = "0",
};

MATH_EVAL_1(degrees, to_degrees)

const struct func_def func_degrees = {
	MATH_SLOTS(degrees, "(x)", 1),
	.summary = "radians as degrees",
	.example = "degrees(pi())",
	.result = "180",
};

MATH_EVAL_1(radians, to_radians)

const struct func_def func_radians = {
	MATH_SLOTS(radians, "(x)", 1),
	.summary = "degrees as radians",
	.example = "radians(180)",
	.result = "3.141592653589793",
};

#define MATH_EVAL_2(symbol, function) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	struct column in[2]; \
\
	if (kernel_take(call, "n", arg, arg_count, count, in) != 0) \
		return -1; \
	double *restrict target = kernel_out(call, TYPE_FLOAT, count, out); \
	for (uint32_t i = 0; i < count; i++) \
		target[i] = function(arg_float(&in[0], i), \
		    arg_float(&in[1], i)); \
	check_finite(call, in, arg_count, count, target); \
	return 0; \
}

/* Exact for the bases that have a function of their own. */
static double
log_base(double x, double base)
{
	if (base == 2)
		return log2(x);
	if (base == 10)
		return log10(x);
	return log(x) / log(base);
}

MATH_EVAL_2(pow, pow)

const struct func_def func_pow = {
	MATH_SLOTS(pow, "(x, y)", 2),
	.summary = "x to the power of y",
	.example = "pow(2, 10)",
	.result = "1024",
};

MATH_EVAL_2(log, log_base)

const struct func_def func_log = {
	MATH_SLOTS(log, "(x, base)", 2),
	.summary = "the logarithm of x to a base",
	.example = "log(8, 2)",
	.result = "3",
};

MATH_EVAL_2(atan2, atan2)

const struct func_def func_atan2 = {
	MATH_SLOTS(atan2, "(y, x)", 2),
	.summary = "the angle in radians of the point x, y",
	.example = "atan2(1, 1)",
	.result = "0.7853981633974483",
};

MATH_EVAL_2(hypot, hypot)

const struct func_def func_hypot = {
	MATH_SLOTS(hypot, "(x, y)", 2),
	.summary = "the root of x * x + y * y",
	.example = "hypot(3, 4)",
	.result = "5",
};

static int
constant_out(struct func_call *call, double number, struct column *out)
{
	struct value value = { .type = TYPE_FLOAT };

	value.cell.number = number;
	column_init_const(out, &value, call->region);
	return 0;
}

static int
pi_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg;
	(void)arg_count;
	(void)count;
	return constant_out(call, M_PI, out);
}

const struct func_def func_pi = {
	.name = "pi",
	.group = "math",
	.signature = "pi()",
	.summary = "the number pi",
	.example = "pi()",
	.result = "3.141592653589793",
	.want = WANT_ALL(FUNC_NUMBER),
	.type = float_of_numbers,
	.eval = pi_eval,
};

static int
e_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg;
	(void)arg_count;
	(void)count;
	return constant_out(call, M_E, out);
}

const struct func_def func_e = {
	.name = "e",
	.group = "math",
	.signature = "e()",
	.summary = "Euler's number",
	.example = "e()",
	.result = "2.718281828459045",
	.want = WANT_ALL(FUNC_NUMBER),
	.type = float_of_numbers,
	.eval = e_eval,
};
