/*
 * avg(x): of numbers a float, of durations a duration to the nearest
 * microsecond, halves away from zero.
 */
#include "func/agg_total.h"

static enum type
avg_type(const enum type *arg, unsigned count)
{
	(void)count;
	if (arg[0] == TYPE_DURATION)
		return TYPE_DURATION;
	enum type type = agg_type_number(arg[0]);
	return type_is_number(type) ? TYPE_FLOAT : type;
}

static int64_t
divide_rounded(__int128 units, uint64_t count)
{
	__int128 half = (__int128)(count / 2);

	/* An average of words is a word. */
	return (int64_t)((units < 0 ? units - half : units + half) /
	    (__int128)count);
}

static int
avg_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	const struct total *total = state;

	(void)call;
	if (total_check(total, "avg", err) != 0)
		return -1;
	if (total->count == 0)
		builder_add_null(out);
	else if (total->kinds == TOTAL_DURATION)
		builder_add_int(out, TYPE_DURATION,
		    divide_rounded(total_units(total), total->count));
	else
		builder_add_float(out,
		    total_float(total) / (double)total->count);
	return 0;
}

const struct agg_def agg_avg = {
	.name = "avg",
	.signature = "avg(x)",
	.summary = "the mean of numbers or durations",
	.example = "avg(x)",
	.result = "2.5",
	.arg_min = 1,
	.arg_max = 1,
	.want = AGG_WANT(FUNC_NUMBER),
	.state_bytes = sizeof(struct total),
	.type = avg_type,
	.update = total_update,
	.update_all = total_update_all,
	.merge = total_merge,
	.final = avg_final,
	.save = total_save,
	.load = total_load,
};
