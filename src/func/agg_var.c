/*
 * Variance and standard deviation.  Sums of x and x*x are kept in pairs of
 * doubles (agg_twin.h): 106 bits leave enough after n*sum(x*x) and sum(x)^2
 * have cancelled, and, unlike a running mean, they come out the same in
 * whatever order and from however many states they are added.
 */
#include "func/agg_priv.h"

#include <math.h>

#include "func/agg_twin.h"
#include "util/err.h"

struct spread {
	uint64_t count;
	double sum, sum_low;
	double square, square_low;
};

static enum type
var_type(const enum type *arg, unsigned count)
{
	(void)count;
	enum type type = agg_type_number(arg[0]);
	return type_is_number(type) ? TYPE_FLOAT : type;
}

static inline void
spread_add(struct spread *spread, double number)
{
	struct twin square = twin_product(number, number);

	spread->count++;
	twin_add(&spread->sum, &spread->sum_low, number);
	twin_add(&spread->square, &spread->square_low, square.high);
	spread->square_low += square.low;
}

static double
decimal_float(struct decimal decimal)
{
	double power = 1;

	for (int32_t i = 0; i < decimal.scale; i++)
		power *= 10;	/* exact up to 10^22 */
	return (double)decimal.units / power;
}

static int
var_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	uint32_t mask = column_mask(arg);

	(void)call;
	(void)arg_count;
	switch (arg->type) {
	case TYPE_INT:
		for (uint32_t i = 0; i < count; i++)
			spread_add(AGG_STATE(spread, group, i, offset),
			    (double)((const int64_t *)arg->data)[i & mask]);
		return 0;
	case TYPE_FLOAT:
		for (uint32_t i = 0; i < count; i++)
			spread_add(AGG_STATE(spread, group, i, offset),
			    ((const double *)arg->data)[i & mask]);
		return 0;
	case TYPE_DECIMAL:
		for (uint32_t i = 0; i < count; i++)
			spread_add(AGG_STATE(spread, group, i, offset),
			    decimal_float(((const struct decimal *)
			    arg->data)[i & mask]));
		return 0;
	}
	return agg_is_nothing(arg) ? 0 : -1;
}

static void
var_merge(struct agg_call *call, void *target, const void *source)
{
	struct spread *spread = target;
	const struct spread *other = source;

	(void)call;
	spread->count += other->count;
	twin_merge(&spread->sum, &spread->sum_low, other->sum, other->sum_low);
	twin_merge(&spread->square, &spread->square_low, other->square,
	    other->square_low);
}

/* sum((x - mean)^2) = (n * sum(x*x) - sum(x)^2) / n */
static double
spread_deviation(const struct spread *spread)
{
	double n = (double)spread->count;
	/* Parts that do not overlap any more. */
	struct twin sum = twin_sum(spread->sum, spread->sum_low);
	struct twin square = twin_sum(spread->square, spread->square_low);
	struct twin left = twin_product(n, square.high);
	struct twin right = twin_product(sum.high, sum.high);

	left.low += n * square.low;
	right.low += 2 * sum.high * sum.low;
	struct twin difference = twin_sum(left.high, -right.high);
	double result = (difference.high + (difference.low +
	    (left.low - right.low))) / n;
	return result < 0 ? 0 : result;
}

/* Of all, or of a sample: divided by one less, and null for one value. */
static int
spread_final(const struct spread *spread, int is_sample, int is_root,
	struct builder *out, struct err *err)
{
	if (spread->count < 1 + (uint64_t)is_sample) {
		builder_add_null(out);
		return 0;
	}
	double result = spread_deviation(spread) /
	    (double)(spread->count - (uint64_t)is_sample);
	if (!isfinite(result))
		return err_set(err, ERR_DATA,
		    "the variance is beyond what a float holds");
	builder_add_float(out, is_root ? sqrt(result) : result);
	return 0;
}

static int
var_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	return spread_final(state, 1, 0, out, err);
}

static int
var_pop_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	return spread_final(state, 0, 0, out, err);
}

static int
stddev_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	return spread_final(state, 1, 1, out, err);
}

static int
stddev_pop_final(struct agg_call *call, const void *state,
	struct builder *out, struct err *err)
{
	(void)call;
	return spread_final(state, 0, 1, out, err);
}

static void
var_save(struct agg_call *call, const void *state, struct buf *buf)
{
	const struct spread *spread = state;

	(void)call;
	agg_save_word(buf, spread->count);
	agg_save_float(buf, spread->sum);
	agg_save_float(buf, spread->sum_low);
	agg_save_float(buf, spread->square);
	agg_save_float(buf, spread->square_low);
}

static int
var_load(struct agg_call *call, void *state, const char **at, const char *end)
{
	struct spread *spread = state;

	(void)call;
	if (agg_load_word(at, end, &spread->count) != 0 ||
	    agg_load_float(at, end, &spread->sum) != 0 ||
	    agg_load_float(at, end, &spread->sum_low) != 0 ||
	    agg_load_float(at, end, &spread->square) != 0 ||
	    agg_load_float(at, end, &spread->square_low) != 0)
		return -1;
	return 0;
}

/* The slots that they share. */
#define VAR(function) \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = AGG_WANT(FUNC_NUMBER), \
	.state_bytes = sizeof(struct spread), \
	.type = var_type, \
	.update = var_update, \
	.merge = var_merge, \
	.final = function##_final, \
	.save = var_save, \
	.load = var_load

const struct agg_def agg_stddev = {
	.name = "stddev",
	.signature = "stddev(x)",
	.summary = "the standard deviation of a sample (n - 1)",
	.example = "stddev(x)",
	.result = "1.2909944487358056",
	VAR(stddev),
};

const struct agg_def agg_stddev_pop = {
	.name = "stddev_pop",
	.signature = "stddev_pop(x)",
	.summary = "the standard deviation of all values (n)",
	.example = "stddev_pop(x)",
	.result = "1.118033988749895",
	VAR(stddev_pop),
};

const struct agg_def agg_var = {
	.name = "var",
	.signature = "var(x)",
	.summary = "the variance of a sample (n - 1)",
	.example = "var(x)",
	.result = "1.6666666666666667",
	VAR(var),
};

const struct agg_def agg_var_pop = {
	.name = "var_pop",
	.signature = "var_pop(x)",
	.summary = "the variance of all values (n)",
	.example = "var_pop(x)",
	.result = "1.25",
	VAR(var_pop),
};
