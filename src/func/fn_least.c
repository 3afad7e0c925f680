/*
 * The least and the greatest of some values, and a value kept between two.
 * Values of one type compare in plain loops; ints and floats together become
 * floats; all others are compared as sort does it, and stay what they are.
 */
#include "func/kernel.h"

#include <string.h>

#include "util/bits.h"

/* Numbers and times are stored as words or doubles. */
enum fold_kind { FOLD_WORDS, FOLD_FLOATS, FOLD_VALUES };

/* How can these be compared?  TYPE_NULL columns do not count. */
static enum fold_kind
fold_kind(const struct column *arg, unsigned arg_count, enum type *type)
{
	int all_float = 1, all_same = 1;

	*type = TYPE_NULL;
	for (unsigned a = 0; a < arg_count; a++) {
		enum type one = (enum type)arg[a].type;
		if (one == TYPE_NULL || one == TYPE_MISSING)
			continue;
		all_float &= one == TYPE_INT || one == TYPE_FLOAT;
		all_same &= *type == TYPE_NULL || one == *type;
		if (*type == TYPE_NULL || one == TYPE_FLOAT)
			*type = one;
	}
	if (all_same && type_is_word(*type))
		return FOLD_WORDS;
	return all_float && *type != TYPE_NULL ? FOLD_FLOATS : FOLD_VALUES;
}

/* Take over from `in` the rows that are there and better, or the first. */
static void
fold_words(const struct column *in, uint32_t count, int greatest,
	uint64_t *there, int64_t *target)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t x = arg_int(in, i);
		if (!column_row_is_valid(in, i))
			continue;
		int better = greatest ? x > target[i] : x < target[i];
		if (better || !bits_get(there, i))
			target[i] = x;
		bits_set(there, i);
	}
}

static void
fold_floats(const struct column *in, uint32_t count, int greatest,
	uint64_t *there, double *target)
{
	for (uint32_t i = 0; i < count; i++) {
		double x = arg_float(in, i);
		if (!column_row_is_valid(in, i))
			continue;
		int better = greatest ? x > target[i] : x < target[i];
		if (better || !bits_get(there, i))
			target[i] = x;
		bits_set(there, i);
	}
}

static void
fold_values(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, int greatest, struct column *out)
{
	struct builder builder = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct value best = { .type = TYPE_NULL };
		for (unsigned a = 0; a < arg_count; a++) {
			if (!arg_is_there(&arg[a], i))
				continue;
			struct value value =
			    column_value(&arg[a], i, call->region);
			int order = value_compare(&value, &best);
			if (best.type == TYPE_NULL ||
			    (greatest ? order > 0 : order < 0))
				best = value;
		}
		builder_add(&builder, &best);
	}
	kernel_finish(call, &builder, out);
}

static int
fold_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, int greatest, struct column *out)
{
	enum type type;
	enum fold_kind kind = fold_kind(arg, arg_count, &type);

	if (kind == FOLD_VALUES) {
		fold_values(call, arg, arg_count, count, greatest, out);
		return 0;
	}
	void *target = kernel_out(call, type, count, out);
	memset(target, 0, count * sizeof(int64_t));
	column_need_valid(out, count, call->region);
	memset(out->valid, 0, (count + 63) / 64 * sizeof(*out->valid));
	for (unsigned a = 0; a < arg_count; a++) {
		struct column in;
		if (arg[a].type == TYPE_NULL || arg[a].type == TYPE_MISSING)
			continue;
		if (kind == FOLD_WORDS) {
			fold_words(&arg[a], count, greatest, out->valid,
			    target);
		} else {
			kernel_take_one(call, 'n', &arg[a], count, &in);
			fold_floats(&in, count, greatest, out->valid, target);
		}
	}
	return 0;
}

static int
is_plain_number(enum type type)
{
	return type == TYPE_INT || type == TYPE_FLOAT;
}

/* All of one type: that; ints and floats: float; else unknown. */
static enum type
fold_type(const enum type *arg, unsigned count)
{
	enum type type = TYPE_NULL;

	for (unsigned i = 0; i < count; i++) {
		int both_numbers = is_plain_number(arg[i]) &&
		    is_plain_number(type);
		if (arg[i] == TYPE_ERROR)
			return TYPE_ERROR;
		if (arg[i] == TYPE_NULL || arg[i] == type)
			continue;
		if (type == TYPE_NULL)
			type = arg[i];
		else
			type = both_numbers ? TYPE_FLOAT : TYPE_ANY;
	}
	return type_is_raw(type) || type == TYPE_MIXED ? TYPE_ANY : type;
}

static int
least_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return fold_eval(call, arg, arg_count, count, 0, out);
}

const struct func_def func_least = {
	.name = "least",
	.group = "logic",
	.signature = "least(x, ...)",
	.summary = "the least of the values; nulls do not count",
	.example = "least(3, 1, null, 2)",
	.result = "1",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = fold_type,
	.eval = least_eval,
};

static int
greatest_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return fold_eval(call, arg, arg_count, count, 1, out);
}

const struct func_def func_greatest = {
	.name = "greatest",
	.group = "logic",
	.signature = "greatest(x, ...)",
	.summary = "the greatest of the values; nulls do not count",
	.example = "greatest(3, 10, null, 2)",
	.result = "10",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = fold_type,
	.eval = greatest_eval,
};

static void
clamp_words(const struct column *arg, uint32_t count, int64_t *restrict target)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t x = arg_int(&arg[0], i);
		int64_t low = arg_int(&arg[1], i);
		int64_t high = arg_int(&arg[2], i);
		x = x > high ? high : x;
		target[i] = x < low ? low : x;
	}
}

static int
clamp_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	enum type type = (enum type)arg[0].type;

	if (type_is_word(type) && arg[1].type == type && arg[2].type == type) {
		clamp_words(arg, count, kernel_out(call, type, count, out));
		return 0;
	}
	if (kernel_take(call, "n", arg, arg_count, count, in) != 0)
		return -1;
	double *restrict target = kernel_out(call, TYPE_FLOAT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		double x = arg_float(&in[0], i);
		double low = arg_float(&in[1], i);
		double high = arg_float(&in[2], i);
		x = x > high ? high : x;
		target[i] = x < low ? low : x;
	}
	return 0;
}

static enum type
clamp_type(const enum type *arg, unsigned count)
{
	if (type_is_word(arg[0]) && arg[1] == arg[0] && arg[2] == arg[0])
		return arg[0];
	if (arg[0] == TYPE_FLOAT)
		return func_type_of(arg, count, TYPE_FLOAT, "n");
	return func_type_of(arg, count, TYPE_ANY, "*");
}

const struct func_def func_clamp = {
	.name = "clamp",
	.group = "math",
	.signature = "clamp(x, low, high)",
	.summary = "x, but at least `low` and at most `high`",
	.example = "clamp(17, 0, 10)",
	.result = "10",
	.arg_min = 3,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = clamp_type,
	.eval = clamp_eval,
};
