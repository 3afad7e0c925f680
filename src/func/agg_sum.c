/*
 * sum(x): ints, decimals and durations exactly, or an error; with a float
 * among them, a float.
 */
#include "func/agg_total.h"

#include "util/err.h"

static enum type
sum_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arg[0] == TYPE_DURATION ? TYPE_DURATION :
	    agg_type_number(arg[0]);
}

/* Units that fit 18 digits, without zeros at their end if need be. */
static int
sum_add_decimal(const struct total *total, struct builder *out,
	struct err *err)
{
	const int64_t units_max = 999999999999999999;
	__int128 units = total_units(total);
	struct value value = { .type = TYPE_DECIMAL };
	int32_t scale = total->scale;

	while ((units > units_max || units < -units_max) && scale > 0 &&
	    units % 10 == 0) {
		units /= 10;
		scale--;
	}
	if (units > units_max || units < -units_max)
		return err_set(err, ERR_DATA, "sum is beyond decimals of 18 "
		    "digits; use sum(float(x))");
	value.cell.decimal.units = (int64_t)units;
	value.cell.decimal.scale = scale;
	builder_add(out, &value);
	return 0;
}

static int
sum_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	const struct total *total = state;
	__int128 units = total_units(total);

	(void)call;
	if (total_check(total, "sum", err) != 0)
		return -1;
	if (total->kinds == 0)
		builder_add_null(out);
	else if ((total->kinds & TOTAL_FLOAT) != 0)
		builder_add_float(out, total_float(total));
	else if ((total->kinds & TOTAL_DECIMAL) != 0)
		return sum_add_decimal(total, out, err);
	else if (units != (int64_t)units)
		return err_set(err, ERR_DATA, total->kinds == TOTAL_INT ?
		    "sum is beyond 64-bit integers; use sum(float(x))" :
		    "sum is beyond what a duration can be");
	else
		builder_add_int(out, total->kinds == TOTAL_INT ? TYPE_INT :
		    TYPE_DURATION, (int64_t)units);
	return 0;
}

const struct agg_def agg_sum = {
	.name = "sum",
	.signature = "sum(x)",
	.summary = "the sum of numbers or durations, exact but for floats",
	.example = "sum(x)",
	.result = "10",
	.arg_min = 1,
	.arg_max = 1,
	.want = AGG_WANT(FUNC_NUMBER),
	.state_bytes = sizeof(struct total),
	.type = sum_type,
	.update = total_update,
	.update_all = total_update_all,
	.merge = total_merge,
	.final = sum_final,
	.save = total_save,
	.load = total_load,
};
