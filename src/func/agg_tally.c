/*
 * mode(x) and list_distinct(x): the different values, each with how often it
 * came.  Values are the same if group by would say so (1 and "1"); which of
 * them is shown does not depend on the order of rows: the one whose type comes
 * first.  For the same reason the list is in the order of sort, and of the
 * most frequent values the least is the mode.
 *
 * A tally of mode for which there is no room goes to disk in parts, by the
 * keys' hash, and begins anew.  At the end there is a tally of each part, one
 * at a time, and the best of their modes is the mode.
 */
#include "func/agg_extents.h"
#include "func/agg_keys.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/key.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* Parts of a tally on disk; their hashes' upper bits, the keys have the
 * lower. */
#define PART_BITS 6
#define PARTS ((uint32_t)1 << PART_BITS)

struct tally {
	struct agg_keys keys;
	struct tallied *tallied;	/* a block: one for each key */
	struct agg_extents disk;	/* PARTS of them, again and again */
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
	agg_extents_merge(call, &((struct tally *)target)->disk, &other->disk);
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
tally_save_one(const struct tally *state, uint32_t i, struct buf *buf)
{
	const struct text *key = &state->keys.keys[i].text;

	agg_save_bytes(buf, text_bytes(key), key->size);
	agg_save_word(buf, state->tallied[i].count);
	agg_value_save(&state->tallied[i].value, buf);
}

static void
tally_save(struct agg_call *call, const void *source, struct buf *buf)
{
	const struct tally *state = source;

	(void)call;
	agg_save_word(buf, state->keys.count);
	for (uint32_t i = 0; i < state->keys.count; i++)
		tally_save_one(state, i, buf);
	agg_extents_save(&state->disk, buf);
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
	return agg_extents_load(call, &((struct tally *)state)->disk, at, end);
}

static void
tally_free_keys(struct agg_call *call, struct tally *state)
{
	for (uint32_t i = 0; i < state->keys.count; i++)
		agg_value_free(call, &state->tallied[i].value);
	agg_release(call, state->tallied);
	agg_keys_free(call, &state->keys);
	state->tallied = NULL;
}

static void
tally_free(struct agg_call *call, void *source)
{
	tally_free_keys(call, source);
	agg_extents_free(call, &((struct tally *)source)->disk);
}

/* --- with parts on disk --- */

static uint32_t
part_of(const struct tally *state, uint32_t i)
{
	return (uint32_t)(state->keys.keys[i].hash >> (64 - PART_BITS));
}

/* The keys of a part, each behind its size. */
static int
write_part(struct agg_call *call, const struct tally *state, uint32_t part,
	struct buf *buf, uint64_t *count, struct err *err)
{
	buf->size = 0;
	*count = 0;
	for (uint32_t i = 0; i < state->keys.count; i++) {
		uint32_t size = 0;
		if (part_of(state, i) != part || state->tallied[i].count == 0)
			continue;
		size_t at = buf->size;
		buf_add(buf, &size, sizeof(size));
		tally_save_one(state, i, buf);
		size = (uint32_t)(buf->size - at - sizeof(size));
		memcpy(buf->bytes + at, &size, sizeof(size));
		++*count;
	}
	return buf->size == 0 ? 0 :
	    call->disk->write(call->disk, buf->bytes, buf->size, err);
}

static long
mode_spill(struct agg_call *call, void *target, struct err *err)
{
	struct tally *state = target;
	size_t bytes = state->keys.count *
	    (sizeof(*state->keys.keys) + sizeof(*state->tallied));
	struct buf buf = { 0 };
	int status = 0;

	if (bytes < AGG_SPILL_BYTES)
		return 0;
	for (uint32_t part = 0; part < PARTS && status == 0; part++) {
		uint64_t count;
		status = write_part(call, state, part, &buf, &count, err);
		if (status == 0)
			status = agg_extents_end(call, &state->disk, count,
			    err);
	}
	buf_fini(&buf);
	tally_free_keys(call, state);
	return status != 0 ? -1 : (long)bytes;
}

static int
take_key(struct agg_call *call, void *cookie, const char *bytes, uint32_t size)
{
	return tally_load_one(call, cookie, &bytes, bytes + size);
}

/* All that there is of a part. */
static int
gather_part(struct agg_call *call, const struct tally *state, uint32_t part,
	struct tally *out, struct err *err)
{
	for (uint32_t i = 0; i < state->keys.count; i++) {
		struct value value = agg_value_get(&state->tallied[i].value);
		if (part_of(state, i) == part && state->tallied[i].count > 0)
			tally_add(call, out, &state->keys.keys[i].text, &value,
			    state->tallied[i].count, 1);
	}
	for (uint64_t i = part; i < state->disk.count; i += PARTS)
		if (state->disk.extent[i].things > 0 && agg_extent_read(call,
		    &state->disk.extent[i], take_key, out, err) != 0)
			return -1;
	return 0;
}

/* --- the most frequent --- */

static int
is_more(const struct tallied *a, const struct tallied *b)
{
	return a->count != b->count ? a->count > b->count :
	    tallied_compare(a, b) < 0;
}

/* NULL: there is none. */
static const struct tallied *
most_frequent(const struct tally *state)
{
	const struct tallied *best = NULL;

	for (uint32_t i = 0; i < state->keys.count; i++) {
		const struct tallied *other = &state->tallied[i];
		/* One whose value was refused by the budget has none. */
		if (other->count > 0 &&
		    (best == NULL || is_more(other, best)))
			best = other;
	}
	return best;
}

/* The mode of a part becomes *best if it is more frequent. */
static int
mode_of_part(struct agg_call *call, const struct tally *state, uint32_t part,
	struct tallied *best, struct err *err)
{
	struct tally tally = { 0 };
	int status = gather_part(call, state, part, &tally, err);
	const struct tallied *own = most_frequent(&tally);

	if (status == 0 && own != NULL &&
	    (best->count == 0 || is_more(own, best))) {
		struct value value = agg_value_get(&own->value);
		agg_value_set_always(call, &best->value, &value);
		best->count = own->count;
	}
	tally_free_keys(call, &tally);
	return status;
}

static int
mode_final(struct agg_call *call, const void *source, struct builder *out,
	struct err *err)
{
	const struct tally *state = source;
	const struct tallied *best = most_frequent(state);
	struct tallied all = { 0 };
	int status = 0;

	for (uint32_t part = 0; state->disk.count > 0 && part < PARTS &&
	    status == 0; part++)
		status = mode_of_part(call, state, part, &all, err);
	if (state->disk.count > 0)
		best = all.count > 0 ? &all : NULL;
	if (status == 0 && best == NULL)
		builder_add_null(out);
	else if (status == 0)
		agg_value_add(&best->value, out);
	agg_value_free(call, &all.value);
	return status;
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
	.spill = mode_spill,
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
