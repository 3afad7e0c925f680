/*
 * count_distinct(x), exact: a set of the keys that group by would make.
 */
#include "func/agg_keys.h"

#include "data/key.h"

struct distinct {
	struct agg_keys keys;
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
}

static int
distinct_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	(void)err;
	builder_add_int(out, TYPE_INT,
	    ((const struct distinct *)state)->keys.count);
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
	return 0;
}

static void
distinct_free(struct agg_call *call, void *state)
{
	agg_keys_free(call, &((struct distinct *)state)->keys);
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
	.free = distinct_free,
};
