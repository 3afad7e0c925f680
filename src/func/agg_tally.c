/*
 * mode(x) and list_distinct(x): the different values, each with how often it
 * came.  Values are the same if group by would say so (1 and "1"); which of
 * them is shown does not depend on the order of rows: the one whose type comes
 * first.  For the same reason the list is in the order of sort, and of the
 * most frequent values the least is the mode.
 */
#include "func/agg_keys.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/key.h"
#include "util/buf.h"
#include "util/mem.h"

struct tally {
	struct agg_keys keys;
	struct tallied *tallied;	/* a block: one for each key */
};

struct tallied {
	struct agg_value value;
	uint64_t count;
};

static enum type
mode_type(const enum type *arg, unsigned count)
{
	(void)count;
	return agg_type_known(arg[0]);
}

static enum type
list_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_LIST;
}

/* Room for the value of one more key. */
static int
tally_grow(struct agg_call *call, struct tally *state, int always)
{
	size_t need = ((size_t)state->keys.count + 1) * sizeof(struct tallied);

	if (need <= agg_block_bytes(state->tallied))
		return 0;
	size_t bytes = need * 2;
	struct tallied *grown = always ?
	    agg_grow_always(call, state->tallied, bytes) :
	    agg_grow(call, state->tallied, bytes);
	if (grown == NULL)
		return -1;
	state->tallied = grown;
	return 0;
}

/* Count a value so many times more; -1 if the budget refuses it. */
static int
tally_add(struct agg_call *call, struct tally *state, const struct text *key,
	const struct value *value, uint64_t times, int always)
{
	uint32_t before = state->keys.count;

	if (tally_grow(call, state, always) != 0)
		return -1;
	int64_t number = agg_keys_add(call, &state->keys, key, always);
	if (number < 0)
		return -1;
	struct tallied *tallied = &state->tallied[number];
	if (state->keys.count > before)
		memset(tallied, 0, sizeof(*tallied));
	if (tallied->value.type == TYPE_NULL ||
	    value->type < (enum type)tallied->value.type) {
		if (always)
			agg_value_set_always(call, &tallied->value, value);
		else if (agg_value_set(call, &tallied->value, value) != 0)
			return -1;
	}
	tallied->count += times;
	return 0;
}

static int
tally_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	struct key_set keys;

	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	key_make(arg, 1, count, call->region, &keys);
	for (uint32_t i = 0; i < count; i++) {
		struct value value = agg_cell(arg, i);
		if (tally_add(call, AGG_STATE(tally, group, i, offset),
		    &keys.text[i], &value, 1, 0) != 0)
			agg_reject(call, i, AGG_NO_MEMORY);
	}
	return 0;
}

static void
tally_merge(struct agg_call *call, void *target, const void *source)
{
	const struct tally *other = source;

	for (uint32_t i = 0; i < other->keys.count; i++) {
		const struct tallied *tallied = &other->tallied[i];
		struct value value = agg_value_get(&tallied->value);
		tally_add(call, target, &other->keys.keys[i].text, &value,
		    tallied->count, 1);
	}
}

/* The order of sort; texts that are equal numbers by their bytes. */
static int
tallied_compare(const struct tallied *a, const struct tallied *b)
{
	struct value x = agg_value_get(&a->value);
	struct value y = agg_value_get(&b->value);
	int order = value_compare(&x, &y);

	if (order != 0 || !type_is_textual(x.type) || !type_is_textual(y.type))
		return order != 0 ? order : (int)x.type - (int)y.type;
	return text_compare(&x.cell.text, &y.cell.text);
}

static int
compare_pointers(const void *a, const void *b)
{
	return tallied_compare(*(const struct tallied *const *)a,
	    *(const struct tallied *const *)b);
}

static int
mode_final(struct agg_call *call, const void *source, struct builder *out,
	struct err *err)
{
	const struct tally *state = source;
	const struct tallied *best = NULL;

	(void)call;
	(void)err;
	for (uint32_t i = 0; i < state->keys.count; i++) {
		const struct tallied *other = &state->tallied[i];
		/* One whose value was refused by the budget has none. */
		if (other->count == 0)
			continue;
		if (best == NULL || other->count > best->count ||
		    (other->count == best->count &&
		    tallied_compare(other, best) < 0))
			best = other;
	}
	if (best == NULL)
		builder_add_null(out);
	else
		agg_value_add(&best->value, out);
	return 0;
}

static int
list_distinct_final(struct agg_call *call, const void *source,
	struct builder *out, struct err *err)
{
	const struct tally *state = source;
	const struct tallied **order = mem_alloc(
	    ((size_t)state->keys.count + 1) * sizeof(*order));
	struct buf buf = { 0 };
	size_t count = 0;

	(void)call;
	(void)err;
	for (uint32_t i = 0; i < state->keys.count; i++)
		if (state->tallied[i].count > 0)
			order[count++] = &state->tallied[i];
	qsort(order, count, sizeof(*order), compare_pointers);
	buf_add_char(&buf, '[');
	for (size_t i = 0; i < count; i++) {
		struct value value = agg_value_get(&order[i]->value);
		if (i > 0)
			buf_add_char(&buf, ',');
		json_add_extended(&buf, &value);
	}
	buf_add_char(&buf, ']');
	builder_add_text(out, TYPE_LIST, buf.bytes, buf.size);
	buf_fini(&buf);
	mem_free(order);
	return 0;
}

static void
tally_save(struct agg_call *call, const void *source, struct buf *buf)
{
	const struct tally *state = source;

	(void)call;
	agg_save_word(buf, state->keys.count);
	for (uint32_t i = 0; i < state->keys.count; i++) {
		const struct text *key = &state->keys.keys[i].text;
		agg_save_bytes(buf, text_bytes(key), key->size);
		agg_save_word(buf, state->tallied[i].count);
		agg_value_save(&state->tallied[i].value, buf);
	}
}

/* One key, its count and its value. */
static int
tally_load_one(struct agg_call *call, struct tally *state, const char **at,
	const char *end)
{
	struct agg_value value = { 0 };
	uint64_t count;
	size_t size;
	const char *bytes = agg_load_bytes(at, end, &size);

	if (bytes == NULL || size > UINT32_MAX ||
	    agg_load_word(at, end, &count) != 0 ||
	    agg_value_load(call, &value, at, end) != 0)
		return -1;
	struct text key = text_make(bytes, size);
	struct value borrowed = agg_value_get(&value);
	int status = tally_add(call, state, &key, &borrowed, count, 1);
	agg_value_free(call, &value);
	return status;
}

static int
tally_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	uint64_t count;

	if (agg_load_count(at, end, 17, &count) != 0)
		return -1;
	for (; count > 0; count--)
		if (tally_load_one(call, state, at, end) != 0)
			return -1;
	return 0;
}

static void
tally_free(struct agg_call *call, void *source)
{
	struct tally *state = source;

	for (uint32_t i = 0; i < state->keys.count; i++)
		agg_value_free(call, &state->tallied[i].value);
	agg_release(call, state->tallied);
	agg_keys_free(call, &state->keys);
	state->tallied = NULL;
}

/* The slots that they share. */
#define TALLY(function, result_type) \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = AGG_WANT(FUNC_ANY), \
	.state_bytes = sizeof(struct tally), \
	.type = result_type, \
	.update = tally_update, \
	.merge = tally_merge, \
	.final = function##_final, \
	.save = tally_save, \
	.load = tally_load, \
	.free = tally_free

const struct agg_def agg_mode = {
	.name = "mode",
	.signature = "mode(x)",
	.summary = "the most frequent value, of several the least",
	.example = "mode(t)",
	.result = "b",
	TALLY(mode, mode_type),
};

const struct agg_def agg_list_distinct = {
	.name = "list_distinct",
	.signature = "list_distinct(x)",
	.summary = "the different values, in the order of sort",
	.example = "list_distinct(t)",
	.result = "[\"a\",\"b\",\"c\"]",
	TALLY(list_distinct, list_type),
};
