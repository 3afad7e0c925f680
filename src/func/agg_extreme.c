/*
 * min(x) and max(x) over values of any type, in the order that sort has.  One
 * body serves both: `sign` is a constant wherever it is inlined.
 *
 * While values and state have one type, they are compared as what they are.
 * Only where another type comes (or NaN, which is above all numbers) does
 * value_compare decide.
 */
#include "func/agg_priv.h"

#include <math.h>

#define MIN (-1)
#define MAX 1

struct extreme {
	struct agg_value value;
};

static enum type
extreme_type(const enum type *arg, unsigned count)
{
	(void)count;
	return agg_type_known(arg[0]);
}

/* The general case, for any pair of types. */
static void __attribute__((noinline))
extreme_add(struct agg_call *call, struct extreme *state,
	const struct value *value, uint32_t i, int sign)
{
	if (state->value.type != TYPE_NULL) {
		struct value kept = agg_value_get(&state->value);
		if (value_compare(value, &kept) * sign <= 0)
			return;
	}
	if (agg_value_set(call, &state->value, value) != 0)
		agg_reject(call, i, AGG_NO_MEMORY);
}

static inline __attribute__((always_inline)) void
update_words(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, uint32_t count, int sign)
{
	const int64_t *words = arg->data;
	uint32_t mask = column_mask(arg);

	for (uint32_t i = 0; i < count; i++) {
		struct extreme *state = AGG_STATE(extreme, group, i, offset);
		int64_t word = words[i & mask];
		if (state->value.type == arg->type) {
			int64_t kept = state->value.cell.integer;
			if (sign > 0 ? word > kept : word < kept)
				state->value.cell.integer = word;
			continue;
		}
		struct value value = agg_cell(arg, i);
		extreme_add(call, state, &value, i, sign);
	}
}

static inline __attribute__((always_inline)) void
update_floats(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, uint32_t count, int sign)
{
	const double *numbers = arg->data;
	uint32_t mask = column_mask(arg);

	for (uint32_t i = 0; i < count; i++) {
		struct extreme *state = AGG_STATE(extreme, group, i, offset);
		double number = numbers[i & mask];
		if (state->value.type == TYPE_FLOAT && !isnan(number) &&
		    !isnan(state->value.cell.number)) {
			double kept = state->value.cell.number;
			if (sign > 0 ? number > kept : number < kept)
				state->value.cell.number = number;
			continue;
		}
		struct value value = agg_cell(arg, i);
		extreme_add(call, state, &value, i, sign);
	}
}

static inline __attribute__((always_inline)) void
update_texts(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, uint32_t count, int sign)
{
	for (uint32_t i = 0; i < count; i++) {
		struct extreme *state = AGG_STATE(extreme, group, i, offset);
		struct value value = agg_cell(arg, i);
		/* Undeclared text that looks like a number is one by now. */
		if (state->value.type == arg->type &&
		    type_is_textual(value.type)) {
			int order = text_compare(&value.cell.text,
			    &state->value.cell.text);
			if (sign > 0 ? order <= 0 : order >= 0)
				continue;
		}
		extreme_add(call, state, &value, i, sign);
	}
}

static inline __attribute__((always_inline)) int
extreme_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, uint32_t count, int sign)
{
	if (agg_is_nothing(arg))
		return 0;
	if (type_is_word(arg->type))
		update_words(call, group, offset, arg, count, sign);
	else if (arg->type == TYPE_FLOAT)
		update_floats(call, group, offset, arg, count, sign);
	else
		update_texts(call, group, offset, arg, count, sign);
	return 0;
}

/* The row of the greatest or least word; the loop has no branch. */
static inline __attribute__((always_inline)) int64_t
best_word(const int64_t *restrict words, uint32_t count, int sign)
{
	int64_t best = words[0];

	for (uint32_t i = 1; i < count; i++)
		best = (sign > 0 ? words[i] > best : words[i] < best) ?
		    words[i] : best;
	return best;
}

/* The same of floats; *any_nan tells that it is worthless. */
static inline __attribute__((always_inline)) double
best_float(const double *restrict numbers, uint32_t count, int sign,
	int *any_nan)
{
	double best = numbers[0];
	int unordered = isnan(best);

	for (uint32_t i = 1; i < count; i++) {
		best = (sign > 0 ? numbers[i] > best : numbers[i] < best) ?
		    numbers[i] : best;
		unordered |= isnan(numbers[i]);
	}
	*any_nan = unordered;
	return best;
}

/* Words and floats are first reduced to the one that may matter. */
static inline __attribute__((always_inline)) int
extreme_update_all(struct agg_call *call, struct extreme *state,
	const struct column *arg, uint32_t count, int sign)
{
	struct value value = { .type = (enum type)arg->type };
	int any_nan = 1;

	if (agg_is_nothing(arg) || count == 0)
		return 0;
	if (arg->encoding == CONST)
		count = 1;
	if (type_is_word(arg->type)) {
		value.cell.integer = best_word(arg->data, count, sign);
		extreme_add(call, state, &value, 0, sign);
		return 0;
	}
	if (arg->type == TYPE_FLOAT)
		value.cell.number = best_float(arg->data, count, sign,
		    &any_nan);
	if (!any_nan) {
		extreme_add(call, state, &value, 0, sign);
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		value = agg_cell(arg, i);
		extreme_add(call, state, &value, i, sign);
	}
	return 0;
}

static void
extreme_merge(struct agg_call *call, struct extreme *target,
	const struct extreme *source, int sign)
{
	struct value value = agg_value_get(&source->value);
	struct value kept = agg_value_get(&target->value);

	if (value.type == TYPE_NULL)
		return;
	if (kept.type == TYPE_NULL || value_compare(&value, &kept) * sign > 0)
		agg_value_set_always(call, &target->value, &value);
}

static int
min_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return extreme_update(call, group, offset, arg, count, MIN);
}

static int
max_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return extreme_update(call, group, offset, arg, count, MAX);
}

static int
min_update_all(struct agg_call *call, void *state, const struct column *arg,
	unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return extreme_update_all(call, state, arg, count, MIN);
}

static int
max_update_all(struct agg_call *call, void *state, const struct column *arg,
	unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return extreme_update_all(call, state, arg, count, MAX);
}

static void
min_merge(struct agg_call *call, void *target, const void *source)
{
	extreme_merge(call, target, source, MIN);
}

static void
max_merge(struct agg_call *call, void *target, const void *source)
{
	extreme_merge(call, target, source, MAX);
}

static int
extreme_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	(void)err;
	agg_value_add(&((const struct extreme *)state)->value, out);
	return 0;
}

static void
extreme_save(struct agg_call *call, const void *state, struct buf *buf)
{
	(void)call;
	agg_value_save(&((const struct extreme *)state)->value, buf);
}

static int
extreme_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	return agg_value_load(call, &((struct extreme *)state)->value, at, end);
}

static void
extreme_free(struct agg_call *call, void *state)
{
	agg_value_free(call, &((struct extreme *)state)->value);
}

/* The slots that they share. */
#define EXTREME(function) \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = AGG_WANT(FUNC_NUMBER), \
	.state_bytes = sizeof(struct extreme), \
	.type = extreme_type, \
	.update = function##_update, \
	.update_all = function##_update_all, \
	.merge = function##_merge, \
	.final = extreme_final, \
	.save = extreme_save, \
	.load = extreme_load, \
	.free = extreme_free

const struct agg_def agg_min = {
	.name = "min",
	.signature = "min(x)",
	.summary = "the least value, in the order of sort",
	.example = "min(x)",
	.result = "1",
	EXTREME(min),
};

const struct agg_def agg_max = {
	.name = "max",
	.signature = "max(x)",
	.summary = "the greatest value, in the order of sort",
	.example = "max(x)",
	.result = "4",
	EXTREME(max),
};
