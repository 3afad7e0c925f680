/*
 * list(x): the values in the order of rows, as one LIST.  Each value is kept
 * as the JSON it will be, behind the ones before, and an item says where.  A
 * column of mixed types comes as one run for each type; then items find their
 * place among those of the same batch by insertion.
 */
#include "func/agg_priv.h"

#include <string.h>

#include "data/json.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* Of one list, so that its size fits a text. */
#define LIST_BYTES_MAX ((uint64_t)1 << 30)
#define ITEMS_MIN 4
#define BYTES_MIN 32

struct list {
	struct item *items;	/* a block, see agg_grow() */
	char *bytes;		/* a block */
	uint32_t count;
	uint32_t batch_first;	/* first item that may be moved */
	uint64_t used;		/* of bytes */
	uint64_t is_beyond;	/* a value was left out: there is no result */
};

struct item {
	uint64_t place;		/* see agg_place() */
	uint32_t offset;
	uint32_t size;
};

static enum type
list_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_LIST;
}

/* Room for `size` bytes and `count` items more. */
static int
list_grow(struct agg_call *call, struct list *state, uint64_t size,
	uint32_t count, int always)
{
	uint64_t need = state->used + size;
	uint64_t items = ((uint64_t)state->count + count) *
	    sizeof(struct item);

	if (need > LIST_BYTES_MAX || items > 16 * LIST_BYTES_MAX)
		return -1;
	if (need > agg_block_bytes(state->bytes)) {
		size_t bytes = (size_t)need * 2 + BYTES_MIN;
		char *grown = always ?
		    agg_grow_always(call, state->bytes, bytes) :
		    agg_grow(call, state->bytes, bytes);
		if (grown == NULL)
			return -1;
		state->bytes = grown;
	}
	if (items > agg_block_bytes(state->items)) {
		size_t bytes = (size_t)items * 2 +
		    ITEMS_MIN * sizeof(struct item);
		struct item *grown = always ?
		    agg_grow_always(call, state->items, bytes) :
		    agg_grow(call, state->items, bytes);
		if (grown == NULL)
			return -1;
		state->items = grown;
	}
	return 0;
}

/* Puts an item behind those of earlier rows; there is room. */
static void
list_insert(struct list *state, const struct item *item)
{
	struct item *items = state->items;
	uint32_t at = state->count++;

	/* Those of earlier batches, or of a state that was merged, stay. */
	if (at > 0 && items[at - 1].place / BATCH_ROWS_MAX !=
	    item->place / BATCH_ROWS_MAX)
		state->batch_first = at;
	while (at > state->batch_first && items[at - 1].place > item->place)
		at--;
	memmove(items + at + 1, items + at,
	    (state->count - 1 - at) * sizeof(*items));
	items[at] = *item;
}

static int
list_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	struct buf buf = { 0 };

	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		struct list *state = AGG_STATE(list, group, i, offset);
		struct value value = agg_cell(arg, i);
		buf.size = 0;
		json_add_extended(&buf, &value);
		if (list_grow(call, state, buf.size, 1, 0) != 0) {
			agg_reject(call, i, "list: " AGG_NO_MEMORY);
			continue;
		}
		struct item item = {
			.place = agg_place(call, i),
			.offset = (uint32_t)state->used,
			.size = (uint32_t)buf.size,
		};
		memcpy(state->bytes + item.offset, buf.bytes, buf.size);
		state->used += buf.size;
		list_insert(state, &item);
	}
	buf_fini(&buf);
	return 0;
}

/* One value behind all others, unless that passes the largest list. */
static void
list_append(struct agg_call *call, struct list *state, const char *bytes,
	uint32_t size, uint64_t place)
{
	if (list_grow(call, state, size, 1, 1) != 0) {
		state->is_beyond = 1;
		return;
	}
	struct item *item = &state->items[state->count++];
	item->place = place;
	item->offset = (uint32_t)state->used;
	item->size = size;
	memcpy(state->bytes + state->used, bytes, size);
	state->used += size;
}

/* Items from `first` on, in order, go where they belong among those before. */
static void
list_interleave(struct list *state, uint32_t first)
{
	uint32_t before = first, behind = state->count - first;
	size_t bytes = behind * sizeof(struct item);
	struct item *items = state->items;

	if (before == 0 || behind == 0 ||
	    items[before - 1].place < items[before].place)
		return;
	struct item *moved = mem_copy(items + before, bytes);
	for (uint32_t at = state->count; behind > 0; at--) {
		if (before > 0 &&
		    items[before - 1].place > moved[behind - 1].place)
			items[at - 1] = items[--before];
		else
			items[at - 1] = moved[--behind];
	}
	mem_free(moved);
}

static void
list_merge(struct agg_call *call, void *target, const void *source)
{
	struct list *state = target;
	const struct list *other = source;
	uint32_t first = state->count;

	for (uint32_t i = 0; i < other->count; i++)
		list_append(call, state, other->bytes + other->items[i].offset,
		    other->items[i].size,
		    agg_place_of_all(call, other->items[i].place));
	if (call->places != NULL)
		list_interleave(state, first);
	state->batch_first = state->count;
	state->is_beyond |= other->is_beyond;
}

static int
list_final(struct agg_call *call, const void *source, struct builder *out,
	struct err *err)
{
	const struct list *state = source;
	struct buf buf = { 0 };

	(void)call;
	if (state->is_beyond)
		return err_set(err, ERR_DATA,
		    "list: one list would pass 1 GiB");
	buf_add_char(&buf, '[');
	for (uint32_t i = 0; i < state->count; i++) {
		const struct item *item = &state->items[i];
		if (i > 0)
			buf_add_char(&buf, ',');
		buf_add(&buf, state->bytes + item->offset, item->size);
	}
	buf_add_char(&buf, ']');
	builder_add_text(out, TYPE_LIST, buf.bytes, buf.size);
	buf_fini(&buf);
	return 0;
}

static void
list_save(struct agg_call *call, const void *source, struct buf *buf)
{
	const struct list *state = source;

	(void)call;
	agg_save_word(buf, state->is_beyond);
	agg_save_word(buf, state->count);
	for (uint32_t i = 0; i < state->count; i++) {
		const struct item *item = &state->items[i];
		agg_save_word(buf, item->place);
		agg_save_bytes(buf, state->bytes + item->offset, item->size);
	}
}

static int
list_load(struct agg_call *call, void *target, const char **at,
	const char *end)
{
	struct list *state = target;
	uint64_t count, place;

	if (agg_load_word(at, end, &state->is_beyond) != 0 ||
	    agg_load_count(at, end, 16, &count) != 0)
		return -1;
	for (; count > 0; count--) {
		size_t size;
		if (agg_load_word(at, end, &place) != 0)
			return -1;
		const char *bytes = agg_load_bytes(at, end, &size);
		if (bytes == NULL || size == 0 || size > LIST_BYTES_MAX)
			return -1;
		list_append(call, state, bytes, (uint32_t)size, place);
	}
	state->batch_first = state->count;
	return 0;
}

static void
list_free(struct agg_call *call, void *target)
{
	struct list *state = target;

	agg_release(call, state->items);
	agg_release(call, state->bytes);
	memset(state, 0, sizeof(*state));
}

const struct agg_def agg_list = {
	.name = "list",
	.signature = "list(x)",
	.summary = "the values in their order, nulls left out",
	.example = "list(t)",
	.result = "[\"a\",\"b\",\"b\",\"c\"]",
	.arg_min = 1,
	.arg_max = 1,
	.flags = AGG_ORDERED,
	.want = AGG_WANT(FUNC_ANY),
	.state_bytes = sizeof(struct list),
	.type = list_type,
	.update = list_update,
	.merge = list_merge,
	.final = list_final,
	.save = list_save,
	.load = list_load,
	.free = list_free,
};
