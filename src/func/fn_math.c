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

#define MATH_1(symbol, function, shown, example_text, result_text) \
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
} \
\
const struct func_def func_##symbol = { \
	.name = #symbol, \
	.group = "math", \
	.signature = #symbol "(x)", \
	.summary = shown, \
	.example = example_text, \
	.result = result_text, \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = WANT_ALL(FUNC_NUMBER), \
	.type = float_of_numbers, \
	.eval = symbol##_eval, \
};

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

MATH_1(sqrt, sqrt, "the square root", "sqrt(16)", "4")
MATH_1(cbrt, cbrt, "the cube root", "cbrt(27)", "3")
MATH_1(exp, exp, "e to the power of x", "exp(0)", "1")
MATH_1(ln, log, "the natural logarithm", "ln(1)", "0")
MATH_1(log10, log10, "the logarithm to base 10", "log10(1000)", "3")
MATH_1(log2, log2, "the logarithm to base 2", "log2(8)", "3")
MATH_1(sin, sin, "the sine of an angle in radians", "sin(0)", "0")
MATH_1(cos, cos, "the cosine of an angle in radians", "cos(0)", "1")
MATH_1(tan, tan, "the tangent of an angle in radians", "tan(0)", "0")
MATH_1(asin, asin, "the angle in radians whose sine is x", "asin(0)", "0")
MATH_1(acos, acos, "the angle in radians whose cosine is x", "acos(1)", "0")
MATH_1(atan, atan, "the angle in radians whose tangent is x", "atan(0)", "0")
MATH_1(sinh, sinh, "the hyperbolic sine", "sinh(0)", "0")
MATH_1(cosh, cosh, "the hyperbolic cosine", "cosh(0)", "1")
MATH_1(tanh, tanh, "the hyperbolic tangent", "tanh(0)", "0")
MATH_1(degrees, to_degrees, "radians as degrees", "degrees(pi())", "180")
MATH_1(radians, to_radians, "degrees as radians", "radians(180)",
	"3.141592653589793")

#define MATH_2(symbol, function, arguments, shown, example_text, result_text) \
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
} \
\
const struct func_def func_##symbol = { \
	.name = #symbol, \
	.group = "math", \
	.signature = #symbol arguments, \
	.summary = shown, \
	.example = example_text, \
	.result = result_text, \
	.arg_min = 2, \
	.arg_max = 2, \
	.want = WANT_ALL(FUNC_NUMBER), \
	.type = float_of_numbers, \
	.eval = symbol##_eval, \
};

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

MATH_2(pow, pow, "(x, y)", "x to the power of y", "pow(2, 10)", "1024")
MATH_2(log, log_base, "(x, base)", "the logarithm of x to a base",
	"log(8, 2)", "3")
MATH_2(atan2, atan2, "(y, x)", "the angle in radians of the point x, y",
	"atan2(1, 1)", "0.7853981633974483")
MATH_2(hypot, hypot, "(x, y)", "the root of x * x + y * y", "hypot(3, 4)",
	"5")

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
