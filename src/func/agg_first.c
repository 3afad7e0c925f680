/*
 * first(x), last(x), any_value(x): a value by its place in the order of rows.
 * any_value is first: whoever does not care which gets the same one every
 * time.
 */
#include "func/agg_priv.h"

struct placed {
	struct agg_value value;
	uint64_t place;		/* see agg_place() */
};

static enum type
placed_type(const enum type *arg, unsigned count)
{
	(void)count;
	return agg_type_known(arg[0]);
}

static void
placed_set(struct agg_call *call, struct placed *state,
	const struct column *arg, uint32_t i, uint64_t place)
{
	struct value value = agg_cell(arg, i);

	if (agg_value_set(call, &state->value, &value) != 0)
		agg_reject(call, i, AGG_NO_MEMORY);
	else
		state->place = place;
}

static int
first_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		struct placed *state = AGG_STATE(placed, group, i, offset);
		uint64_t place = agg_place(call, i);
		if (state->value.type == TYPE_NULL || place < state->place)
			placed_set(call, state, arg, i, place);
	}
	return 0;
}

static int
first_update_all(struct agg_call *call, void *state, const struct column *arg,
	unsigned arg_count, uint32_t count)
{
	char *group[1] = { state };

	return count == 0 ? 0 :
	    first_update(call, group, 0, arg, arg_count, 1);
}

static int
last_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	/* From the end, so that a group's last row is copied and no other. */
	for (uint32_t i = count; i-- > 0;) {
		struct placed *state = AGG_STATE(placed, group, i, offset);
		uint64_t place = agg_place(call, i);
		if (state->value.type == TYPE_NULL || place > state->place)
			placed_set(call, state, arg, i, place);
	}
	return 0;
}

static int
last_update_all(struct agg_call *call, void *target,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	struct placed *state = target;

	(void)arg_count;
	if (agg_is_nothing(arg) || count == 0)
		return 0;
	uint64_t place = agg_place(call, count - 1);
	if (state->value.type == TYPE_NULL || place > state->place)
		placed_set(call, state, arg, count - 1, place);
	return 0;
}

static void
placed_take(struct agg_call *call, struct placed *target,
	const struct placed *source, uint64_t place)
{
	struct value value = agg_value_get(&source->value);

	agg_value_set_always(call, &target->value, &value);
	target->place = place;
}

/* `sign`: which of two places wins, the greater or the less. */
static void
placed_merge(struct agg_call *call, struct placed *target,
	const struct placed *source, int sign)
{
	uint64_t place = agg_place_of_all(call, source->place);
	int wins = sign > 0;

	if (source->value.type == TYPE_NULL)
		return;
	if (call->places != NULL)
		wins = sign > 0 ? place > target->place :
		    place < target->place;
	if (wins || target->value.type == TYPE_NULL)
		placed_take(call, target, source, place);
}

static void
first_merge(struct agg_call *call, void *target, const void *source)
{
	placed_merge(call, target, source, -1);
}

static void
last_merge(struct agg_call *call, void *target, const void *source)
{
	placed_merge(call, target, source, 1);
}

static int
placed_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	(void)err;
	agg_value_add(&((const struct placed *)state)->value, out);
	return 0;
}

static void
placed_save(struct agg_call *call, const void *state, struct buf *buf)
{
	const struct placed *placed = state;

	(void)call;
	agg_save_word(buf, placed->place);
	agg_value_save(&placed->value, buf);
}

static int
placed_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	struct placed *placed = state;

	if (agg_load_word(at, end, &placed->place) != 0)
		return -1;
	return agg_value_load(call, &placed->value, at, end);
}

static void
placed_free(struct agg_call *call, void *state)
{
	agg_value_free(call, &((struct placed *)state)->value);
}

/* The slots that they share. */
#define PLACED(by) \
	.arg_min = 1, \
	.arg_max = 1, \
	.flags = AGG_ORDERED, \
	.want = AGG_WANT(FUNC_ANY), \
	.state_bytes = sizeof(struct placed), \
	.type = placed_type, \
	.update = by##_update, \
	.update_all = by##_update_all, \
	.merge = by##_merge, \
	.final = placed_final, \
	.save = placed_save, \
	.load = placed_load, \
	.free = placed_free

const struct agg_def agg_first = {
	.name = "first",
	.signature = "first(x)",
	.summary = "the value of the first row that has one",
	.example = "first(t)",
	.result = "a",
	PLACED(first),
};

const struct agg_def agg_last = {
	.name = "last",
	.signature = "last(x)",
	.summary = "the value of the last row that has one",
	.example = "last(t)",
	.result = "c",
	PLACED(last),
};

const struct agg_def agg_any_value = {
	.name = "any_value",
	.signature = "any_value(x)",
	.summary = "one of the values",
	.example = "any_value(t)",
	.result = "a",
	PLACED(first),
};
