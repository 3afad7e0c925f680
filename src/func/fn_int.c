/*
 * Functions of whole numbers: divisors, factorials, bits.  What does not fit
 * an int rejects its row.
 */
#include "func/kernel.h"

#include "util/bits.h"

FUNC_TYPE(int_of_ints, TYPE_INT, "i")

/* What an operation of two ints gives, or -1: it does not fit. */
typedef int int_f(int64_t a, int64_t b, int64_t *out);

static int
int_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, int_f *function, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	const struct column *second = arg_count > 1 ? &in[1] : &in[0];
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t a = arg_int(&in[0], i);
		int64_t b = arg_int(second, i);
		if (function(a, b, &target[i]) == 0)
			continue;
		target[i] = 0;
		if (arg_count > 1)
			func_reject(call, i, "%s(%lld, %lld) is no int",
			    call->def->name, (long long)a, (long long)b);
		else
			func_reject(call, i, "%s(%lld) is no int",
			    call->def->name, (long long)a);
	}
	return 0;
}

static uint64_t
magnitude(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static uint64_t
common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static int
gcd_int(int64_t a, int64_t b, int64_t *out)
{
	uint64_t divisor = common_divisor(magnitude(a), magnitude(b));

	*out = (int64_t)divisor;
	return divisor > INT64_MAX ? -1 : 0;
}

static int
lcm_int(int64_t a, int64_t b, int64_t *out)
{
	uint64_t x = magnitude(a), y = magnitude(b);
	uint64_t product;

	*out = 0;
	if (x == 0 || y == 0)
		return 0;
	if (__builtin_mul_overflow(x / common_divisor(x, y), y, &product) ||
	    product > INT64_MAX)
		return -1;
	*out = (int64_t)product;
	return 0;
}

static int
factorial_int(int64_t n, int64_t unused, int64_t *out)
{
	(void)unused;
	*out = 1;
	/* 20! is the last below 2^63. */
	if (n < 0 || n > 20)
		return -1;
	for (int64_t i = 2; i <= n; i++)
		*out *= i;
	return 0;
}

static int
bit_and_int(int64_t a, int64_t b, int64_t *out)
{
	*out = a & b;
	return 0;
}

static int
bit_or_int(int64_t a, int64_t b, int64_t *out)
{
	*out = a | b;
	return 0;
}

static int
bit_xor_int(int64_t a, int64_t b, int64_t *out)
{
	*out = a ^ b;
	return 0;
}

static int
bit_not_int(int64_t a, int64_t unused, int64_t *out)
{
	(void)unused;
	*out = ~a;
	return 0;
}

static int
bit_count_int(int64_t a, int64_t unused, int64_t *out)
{
	(void)unused;
	*out = bits_count((uint64_t)a);
	return 0;
}

static int
shift_left_int(int64_t a, int64_t n, int64_t *out)
{
	*out = n < 0 || n > 63 ? 0 : (int64_t)((uint64_t)a << n);
	return n < 0 ? -1 : 0;
}

static int
shift_right_int(int64_t a, int64_t n, int64_t *out)
{
	/* gcc and clang keep the sign; so says their manual. */
	*out = a >> (n < 0 || n > 63 ? 63 : n);
	return n < 0 ? -1 : 0;
}

/* The kernel symbol_eval, of symbol_int. */
#define INT_EVAL(symbol) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	return int_eval(call, arg, arg_count, count, symbol##_int, out); \
}

/* What the definitions have in common. */
#define INT_SLOTS(symbol, arguments, number) \
	.name = #symbol, \
	.group = "math", \
	.signature = #symbol arguments, \
	.arg_min = number, \
	.arg_max = number, \
	.want = WANT_ALL(FUNC_NUMBER), \
	.type = int_of_ints, \
	.eval = symbol##_eval

INT_EVAL(gcd)

const struct func_def func_gcd = {
	INT_SLOTS(gcd, "(a, b)", 2),
	.summary = "the greatest common divisor",
	.example = "gcd(12, 18)",
	.result = "6",
};

INT_EVAL(lcm)

const struct func_def func_lcm = {
	INT_SLOTS(lcm, "(a, b)", 2),
	.summary = "the least common multiple",
	.example = "lcm(4, 6)",
	.result = "12",
};

INT_EVAL(factorial)

const struct func_def func_factorial = {
	INT_SLOTS(factorial, "(n)", 1),
	.summary = "the product of 1 to n, n up to 20",
	.example = "factorial(5)",
	.result = "120",
};

INT_EVAL(bit_and)

const struct func_def func_bit_and = {
	INT_SLOTS(bit_and, "(a, b)", 2),
	.summary = "the bits that both ints have",
	.example = "bit_and(12, 10)",
	.result = "8",
};

INT_EVAL(bit_or)

const struct func_def func_bit_or = {
	INT_SLOTS(bit_or, "(a, b)", 2),
	.summary = "the bits that one of the ints has",
	.example = "bit_or(12, 10)",
	.result = "14",
};

INT_EVAL(bit_xor)

const struct func_def func_bit_xor = {
	INT_SLOTS(bit_xor, "(a, b)", 2),
	.summary = "the bits that only one of the ints has",
	.example = "bit_xor(12, 10)",
	.result = "6",
};

INT_EVAL(bit_not)

const struct func_def func_bit_not = {
	INT_SLOTS(bit_not, "(a)", 1),
	.summary = "the bits that the int has not",
	.example = "bit_not(0)",
	.result = "-1",
};

INT_EVAL(bit_count)

const struct func_def func_bit_count = {
	INT_SLOTS(bit_count, "(a)", 1),
	.summary = "how many bits of the int are set",
	.example = "bit_count(255)",
	.result = "8",
};

INT_EVAL(shift_left)

const struct func_def func_shift_left = {
	INT_SLOTS(shift_left, "(a, n)", 2),
	.summary = "the bits moved up by n places",
	.example = "shift_left(1, 10)",
	.result = "1024",
};

INT_EVAL(shift_right)

const struct func_def func_shift_right = {
	INT_SLOTS(shift_right, "(a, n)", 2),
	.summary = "the bits moved down by n places, the sign kept",
	.example = "shift_right(1024, 3)",
	.result = "128",
};
