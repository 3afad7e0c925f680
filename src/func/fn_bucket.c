/*
 * bucket(x, size): the multiple of a size at or below x, the usual key to group
 * numbers and times by.  Times count from 1970-01-01T00:00:00Z.  Everything
 * but floats is integer arithmetic; one constant size is the fast path.
 */
#include "func/divide.h"
#include "func/kernel.h"

#include <math.h>

#include "data/moment.h"

/* Multiples of one size above 0.  Was any result out of range? */
static int
bucket_words_const(const struct column *in, uint32_t count, int64_t size,
	int64_t least, int64_t *restrict target)
{
	struct divisor divisor = divisor_make(size);
	int bad = 0;

	for (uint32_t i = 0; i < count; i++) {
		int64_t x = arg_int(in, i);
		int64_t rest = divisor_rest(&divisor, x);
		/* A wrap shows as a result above x. */
		target[i] = (int64_t)((uint64_t)x - (uint64_t)rest);
		bad |= target[i] > x || target[i] < least;
	}
	return bad;
}

static void
bucket_words_each(struct func_call *call, const struct column *in,
	const struct column *size, uint32_t count, int64_t least,
	int64_t *target)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t unit = arg_int(size, i);
		int64_t x = arg_int(in, i);
		target[i] = 0;
		if (unit <= 0) {
			func_reject(call, i, "bucket() needs a size above 0");
			continue;
		}
		int64_t rest = x % unit;
		rest += rest < 0 ? unit : 0;
		if (__builtin_sub_overflow(x, rest, &target[i]) ||
		    target[i] < least) {
			func_reject(call, i, "bucket() is out of range");
			target[i] = 0;
		}
	}
}

static int
bucket_words(struct func_call *call, const struct column *in,
	const struct column *size, uint32_t count, int64_t least,
	struct column *out)
{
	int64_t *target = kernel_out(call, (enum type)in->type, count, out);

	if (size->encoding != CONST || arg_int(size, 0) <= 0 ||
	    bucket_words_const(in, count, arg_int(size, 0), least, target))
		bucket_words_each(call, in, size, count, least, target);
	return 0;
}

static int
bucket_floats(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "n", arg, 2, count, in) != 0)
		return -1;
	double *target = kernel_out(call, TYPE_FLOAT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		double size = arg_float(&in[1], i);
		target[i] = floor(arg_float(&in[0], i) / size) * size;
		if (size > 0 && isfinite(target[i]))
			continue;
		target[i] = 0;
		if (size > 0)
			func_reject(call, i, "bucket() is out of range");
		else
			func_reject(call, i, "bucket() needs a size above 0");
	}
	return 0;
}

static int
bucket_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in;

	(void)arg_count;
	if (arg[1].type == TYPE_DURATION) {
		int is_duration = arg[0].type == TYPE_DURATION;
		if (kernel_take_one(call, is_duration ? 'd' : 'm', &arg[0],
		    count, &in) != 0)
			return -1;
		return bucket_words(call, &in, &arg[1], count,
		    is_duration ? INT64_MIN : MOMENT_MIN, out);
	}
	if (arg[0].type == TYPE_INT && arg[1].type == TYPE_INT)
		return bucket_words(call, &arg[0], &arg[1], count, INT64_MIN,
		    out);
	return bucket_floats(call, arg, count, out);
}

/* A duration buckets times or durations, a number numbers. */
static enum type
bucket_type(const enum type *arg, unsigned count)
{
	if (arg[1] == TYPE_DURATION && arg[0] == TYPE_DURATION)
		return TYPE_DURATION;
	if (arg[1] == TYPE_DURATION)
		return func_type_of(arg, count, arg[0] == TYPE_TIME ||
		    arg[0] == TYPE_DATE || arg[0] == TYPE_TEXT ? TYPE_TIME :
		    TYPE_ANY, "m*");
	if (arg[0] == TYPE_INT && arg[1] == TYPE_INT)
		return TYPE_INT;
	if (type_is_number(arg[1]))
		return func_type_of(arg, count, type_is_number(arg[0]) ?
		    TYPE_FLOAT : TYPE_ANY, "n");
	return TYPE_ANY;
}

const struct func_def func_bucket = {
	.name = "bucket",
	.group = "time",
	.signature = "bucket(x, size)",
	.summary = "the multiple of the size at or below x: a time by a "
	    "duration, or a number by a number",
	.example = "bucket(@2026-01-02T03:47:05Z, 1h)",
	.result = "2026-01-02T03:00:00Z",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = bucket_type,
	.eval = bucket_eval,
};
