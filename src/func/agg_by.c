/*
 * min_by(x, by) and max_by(x, by): x of the row where `by` is least or
 * greatest, of several the first.  Rows without `by` do not take part.
 */
#include "func/agg_priv.h"

#define MIN (-1)
#define MAX 1

struct chosen {
	struct agg_value by;
	struct agg_value value;
	uint64_t place;		/* see agg_place() */
};

static enum type
chosen_type(const enum type *arg, unsigned count)
{
	(void)count;
	return agg_type_known(arg[0]);
}

/* Is `by` at `place` better than what was chosen? */
static inline int
chosen_yields(const struct chosen *state, const struct value *by,
	uint64_t place, int sign)
{
	if (state->by.type == TYPE_NULL)
		return 1;
	struct value kept = agg_value_get(&state->by);
	int order = by->type == TYPE_INT && kept.type == TYPE_INT ?
	    (by->cell.integer > kept.cell.integer) -
	    (by->cell.integer < kept.cell.integer) : value_compare(by, &kept);
	/* The order may be any int: take its sign before turning it. */
	order = ((order > 0) - (order < 0)) * sign;
	return order > 0 || (order == 0 && place < state->place);
}

/* Both or none: the budget may refuse the second. */
static int
chosen_set(struct agg_call *call, struct chosen *state, const struct value *by,
	const struct value *value)
{
	struct chosen fresh = { 0 };

	if (agg_value_set(call, &fresh.by, by) != 0 ||
	    agg_value_set(call, &fresh.value, value) != 0) {
		agg_value_free(call, &fresh.by);
		return -1;
	}
	agg_value_free(call, &state->by);
	agg_value_free(call, &state->value);
	state->by = fresh.by;
	state->value = fresh.value;
	return 0;
}

static int
chosen_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, uint32_t count, int sign)
{
	if (agg_is_nothing(&arg[0]) || agg_is_nothing(&arg[1]))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		struct chosen *state = AGG_STATE(chosen, group, i, offset);
		uint64_t place = agg_place(call, i);
		if (!column_row_is_valid(&arg[1], i))
			continue;
		struct value by = agg_cell(&arg[1], i);
		if (!chosen_yields(state, &by, place, sign))
			continue;
		struct value value = agg_cell(&arg[0], i);
		if (chosen_set(call, state, &by, &value) != 0)
			agg_reject(call, i, AGG_NO_MEMORY);
		else
			state->place = place;
	}
	return 0;
}

static int
min_by_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return chosen_update(call, group, offset, arg, count, MIN);
}

static int
max_by_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	return chosen_update(call, group, offset, arg, count, MAX);
}

static void
chosen_merge(struct agg_call *call, struct chosen *target,
	const struct chosen *source, int sign)
{
	struct value by = agg_value_get(&source->by);
	struct value value = agg_value_get(&source->value);

	uint64_t place = agg_place_of_all(call, source->place);

	/* A source that is later must be better, not as good. */
	if (by.type == TYPE_NULL || !chosen_yields(target, &by,
	    call->places == NULL ? UINT64_MAX : place, sign))
		return;
	agg_value_set_always(call, &target->value, &value);
	agg_value_set_always(call, &target->by, &by);
	target->place = place;
}

static void
min_by_merge(struct agg_call *call, void *target, const void *source)
{
	chosen_merge(call, target, source, MIN);
}

static void
max_by_merge(struct agg_call *call, void *target, const void *source)
{
	chosen_merge(call, target, source, MAX);
}

static int
chosen_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	(void)err;
	agg_value_add(&((const struct chosen *)state)->value, out);
	return 0;
}

static void
chosen_save(struct agg_call *call, const void *state, struct buf *buf)
{
	const struct chosen *chosen = state;

	(void)call;
	agg_save_word(buf, chosen->place);
	agg_value_save(&chosen->by, buf);
	agg_value_save(&chosen->value, buf);
}

static int
chosen_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	struct chosen *chosen = state;

	if (agg_load_word(at, end, &chosen->place) != 0 ||
	    agg_value_load(call, &chosen->by, at, end) != 0)
		return -1;
	return agg_value_load(call, &chosen->value, at, end);
}

static void
chosen_free(struct agg_call *call, void *state)
{
	agg_value_free(call, &((struct chosen *)state)->by);
	agg_value_free(call, &((struct chosen *)state)->value);
}

/* The slots that they share. */
#define CHOSEN(function) \
	.arg_min = 2, \
	.arg_max = 2, \
	.flags = AGG_ORDERED, \
	.want = { FUNC_ANY, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER }, \
	.state_bytes = sizeof(struct chosen), \
	.type = chosen_type, \
	.update = function##_update, \
	.merge = function##_merge, \
	.final = chosen_final, \
	.save = chosen_save, \
	.load = chosen_load, \
	.free = chosen_free

const struct agg_def agg_min_by = {
	.name = "min_by",
	.signature = "min_by(x, by)",
	.summary = "x of the first row where `by` is least",
	.example = "min_by(t, x)",
	.result = "a",
	CHOSEN(min_by),
};

const struct agg_def agg_max_by = {
	.name = "max_by",
	.signature = "max_by(x, by)",
	.summary = "x of the first row where `by` is greatest",
	.example = "max_by(t, x)",
	.result = "c",
	CHOSEN(max_by),
};
