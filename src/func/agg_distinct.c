/*
 * count_distinct(x), exact: a set of the keys that group by would make.
 *
 * A set for which there is no room goes to disk in parts, by the keys' hash,
 * and begins anew.  At the end there is a set of each part, one at a time, over
 * all that was written of it.
 */
#include "func/agg_extents.h"
#include "func/agg_keys.h"

#include <string.h>

#include "data/key.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* Parts of a set on disk; their hashes' upper bits, the set has the lower. */
#define PART_BITS 6
#define PARTS ((uint32_t)1 << PART_BITS)

struct distinct {
	struct agg_keys keys;
	struct agg_extents disk;	/* PARTS of them, again and again */
};

static enum type
distinct_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_INT;
}

static int
distinct_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	struct key_set keys;

	(void)arg_count;
	if (agg_is_nothing(arg))
		return 0;
	key_make(arg, 1, count, call->region, &keys);
	for (uint32_t i = 0; i < count; i++)
		if (agg_keys_add(call,
		    &AGG_STATE(distinct, group, i, offset)->keys,
		    &keys.text[i], 0) < 0)
			agg_reject(call, i, "count_distinct: " AGG_NO_MEMORY);
	return 0;
}

static void
distinct_merge(struct agg_call *call, void *target, const void *source)
{
	const struct agg_keys *other = &((const struct distinct *)source)->keys;

	for (uint32_t i = 0; i < other->count; i++)
		agg_keys_add(call, &((struct distinct *)target)->keys,
		    &other->keys[i].text, 1);
	agg_extents_merge(call, &((struct distinct *)target)->disk,
	    &((const struct distinct *)source)->disk);
}

/* --- with parts on disk --- */

static uint32_t
part_of(const struct agg_key *key)
{
	return (uint32_t)(key->hash >> (64 - PART_BITS));
}

static int
write_part(struct agg_call *call, const struct agg_keys *keys, uint32_t part,
	struct buf *buf, uint64_t *count, struct err *err)
{
	buf->size = 0;
	*count = 0;
	for (uint32_t i = 0; i < keys->count; i++) {
		const struct agg_key *key = &keys->keys[i];
		if (part_of(key) != part)
			continue;
		buf_add(buf, &key->text.size, sizeof(key->text.size));
		buf_add(buf, text_bytes(&key->text), key->text.size);
		++*count;
	}
	return buf->size == 0 ? 0 :
	    call->disk->write(call->disk, buf->bytes, buf->size, err);
}

static int
spill_keys(struct agg_call *call, struct distinct *state, struct err *err)
{
	struct buf buf = { 0 };
	int status = 0;

	for (uint32_t part = 0; part < PARTS && status == 0; part++) {
		uint64_t count;
		status = write_part(call, &state->keys, part, &buf, &count,
		    err);
		if (status == 0)
			status = agg_extents_end(call, &state->disk, count,
			    err);
	}
	buf_fini(&buf);
	agg_keys_free(call, &state->keys);
	return status;
}

static long
distinct_spill(struct agg_call *call, void *target, struct err *err)
{
	struct distinct *state = target;
	size_t bytes = state->keys.count * sizeof(*state->keys.keys);

	if (bytes < AGG_SPILL_BYTES)
		return 0;
	return spill_keys(call, state, err) != 0 ? -1 : (long)bytes;
}

static int
take_key(struct agg_call *call, void *cookie, const char *bytes, uint32_t size)
{
	struct text key = text_make(bytes, size);

	agg_keys_add(call, cookie, &key, 1);
	return 0;
}

/* How many keys a part has, over all that there is of it. */
static int
count_part(struct agg_call *call, const struct distinct *state, uint32_t part,
	uint64_t *count, struct err *err)
{
	struct agg_keys keys = { 0 };
	int status = 0;

	for (uint32_t i = 0; i < state->keys.count; i++)
		if (part_of(&state->keys.keys[i]) == part)
			agg_keys_add(call, &keys, &state->keys.keys[i].text,
			    1);
	for (uint64_t i = part; i < state->disk.count && status == 0;
	    i += PARTS)
		if (state->disk.extent[i].things > 0)
			status = agg_extent_read(call, &state->disk.extent[i],
			    take_key, &keys, err);
	*count += keys.count;
	agg_keys_free(call, &keys);
	return status;
}

static int
distinct_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	const struct distinct *own = state;
	uint64_t count = own->disk.count == 0 ? own->keys.count : 0;

	for (uint32_t part = 0; own->disk.count > 0 && part < PARTS; part++)
		if (count_part(call, own, part, &count, err) != 0)
			return -1;
	builder_add_int(out, TYPE_INT, (int64_t)count);
	return 0;
}

static void
distinct_save(struct agg_call *call, const void *state, struct buf *buf)
{
	const struct agg_keys *keys = &((const struct distinct *)state)->keys;

	(void)call;
	agg_save_word(buf, keys->count);
	for (uint32_t i = 0; i < keys->count; i++)
		agg_save_bytes(buf, text_bytes(&keys->keys[i].text),
		    keys->keys[i].text.size);
	agg_extents_save(&((const struct distinct *)state)->disk, buf);
}

static int
distinct_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	struct agg_keys *keys = &((struct distinct *)state)->keys;
	uint64_t count;

	if (agg_load_count(at, end, 8, &count) != 0)
		return -1;
	for (; count > 0; count--) {
		size_t size;
		const char *bytes = agg_load_bytes(at, end, &size);
		if (bytes == NULL || size > UINT32_MAX)
			return -1;
		struct text key = text_make(bytes, size);
		if (agg_keys_add(call, keys, &key, 1) < 0)
			return -1;
	}
	return agg_extents_load(call, &((struct distinct *)state)->disk, at,
	    end);
}

static void
distinct_free(struct agg_call *call, void *state)
{
	agg_keys_free(call, &((struct distinct *)state)->keys);
	agg_extents_free(call, &((struct distinct *)state)->disk);
}

const struct agg_def agg_count_distinct = {
	.name = "count_distinct",
	.signature = "count_distinct(x)",
	.summary = "how many different values, exactly",
	.example = "count_distinct(t)",
	.result = "3",
	.arg_min = 1,
	.arg_max = 1,
	.want = AGG_WANT(FUNC_ANY),
	.state_bytes = sizeof(struct distinct),
	.type = distinct_type,
	.update = distinct_update,
	.merge = distinct_merge,
	.final = distinct_final,
	.save = distinct_save,
	.load = distinct_load,
	.spill = distinct_spill,
	.free = distinct_free,
};
