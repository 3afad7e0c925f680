/*
 * Runs of equal keys, found by halving: of the keys of a batch only a few are
 * looked at.
 */
#include "op/key_runs.h"

#include <assert.h>

#include "expr/expr.h"

struct key_runs {
	const struct op_args *args;
	/* Of the last record of the batch before; no values: there was none. */
	struct value last[OP_ORDER_MAX];
	uint32_t last_count;
	struct region *last_region;
	/* The batch. */
	struct column key[OP_ORDER_MAX];	/* in order; dense */
	uint32_t key_count, count;
	struct region *region;
};

struct key_runs *
key_runs_new(const struct op_args *args)
{
	struct key_runs *runs = mem_alloc_zero(sizeof(*runs));

	runs->args = args;
	runs->last_region = region_new();
	return runs;
}

void
key_runs_free(struct key_runs **take_runs)
{
	struct key_runs *runs = *take_runs;

	*take_runs = NULL;
	if (runs == NULL)
		return;
	region_drop(&runs->last_region);
	mem_free(runs);
}

static void
eval_keys(struct key_runs *runs, const struct batch *batch)
{
	const struct op_args *args = runs->args;
	struct eval eval;

	runs->count = batch->sel_count;
	runs->key_count = 0;
	eval_init(&eval, batch, runs->region);
	for (uint32_t i = 0; i < args->by_count && i < OP_ORDER_MAX; i++)
		if (args->in_order >> i & 1)
			expr_eval(args->by[i].expr, &eval, batch->sel,
			    batch->sel_count, &runs->key[runs->key_count++]);
	/* Fields are never refused. */
	assert(eval.rejects.count == 0);
}

static struct value
key_value(const struct key_runs *runs, uint32_t k, uint32_t i)
{
	return column_value(&runs->key[k], i, runs->region);
}

static int
is_of_run(const struct key_runs *runs, uint32_t i, const struct value *value)
{
	for (uint32_t k = 0; k < runs->key_count; k++) {
		struct value own = key_value(runs, k, i);
		if (value_compare(&own, &value[k]) != 0)
			return 0;
	}
	return 1;
}

/* How many records at the begin are of the run that was there before. */
static uint32_t
count_going_on(const struct key_runs *runs)
{
	uint32_t low = 0, high = runs->count;

	if (runs->last_count == 0)
		return 0;
	/* In a long run all are. */
	if (is_of_run(runs, high - 1, runs->last))
		return high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (is_of_run(runs, middle, runs->last))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t
key_runs_begin(const struct key_runs *runs, uint32_t from, uint32_t i)
{
	struct value value[OP_ORDER_MAX];
	uint32_t low = from, high = i;

	for (uint32_t k = 0; k < runs->key_count; k++)
		value[k] = key_value(runs, k, i);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (is_of_run(runs, middle, value))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
keep_last(struct key_runs *runs)
{
	region_reset(runs->last_region);
	runs->last_count = runs->key_count;
	for (uint32_t k = 0; k < runs->key_count; k++) {
		struct value value = key_value(runs, k, runs->count - 1);
		if (type_is_textual(value.type) &&
		    value.cell.text.size > TEXT_INLINE_MAX)
			value.cell.text.bytes = region_copy(runs->last_region,
			    value.cell.text.bytes, value.cell.text.size);
		runs->last[k] = value;
	}
}

void
key_runs_look(struct key_runs *runs, const struct batch *batch,
	struct region *region, uint32_t *going_on, uint32_t *last)
{
	runs->region = region;
	eval_keys(runs, batch);
	*going_on = *last = 0;
	if (runs->count == 0)
		return;
	*going_on = count_going_on(runs);
	*last = *going_on == runs->count ? runs->count :
	    key_runs_begin(runs, *going_on, runs->count - 1);
	keep_last(runs);
}
