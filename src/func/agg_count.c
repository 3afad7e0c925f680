/*
 * count(): rows; count(x): rows where x is there.
 */
#include "func/agg_priv.h"

#include "util/bits.h"

struct count {
	uint64_t rows;
};

static enum type
count_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_INT;
}

/* Does every row count, no row, or must each be asked? */
enum presence { PRESENT_ALL, PRESENT_NONE, PRESENT_SOME };

static enum presence
presence_of(const struct column *arg, unsigned arg_count)
{
	if (arg_count == 0)
		return PRESENT_ALL;
	if (agg_is_nothing(arg))
		return PRESENT_NONE;
	if (arg->valid == NULL)
		return PRESENT_ALL;
	if (arg->encoding == CONST)
		return column_row_is_valid(arg, 0) ? PRESENT_ALL : PRESENT_NONE;
	return PRESENT_SOME;
}

static int
count_update(struct agg_call *call, char *const *group, size_t offset,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	enum presence presence = presence_of(arg, arg_count);

	(void)call;
	if (presence == PRESENT_ALL)
		for (uint32_t i = 0; i < count; i++)
			AGG_STATE(count, group, i, offset)->rows++;
	else if (presence == PRESENT_SOME)
		for (uint32_t i = 0; i < count; i++)
			AGG_STATE(count, group, i, offset)->rows +=
			    (uint64_t)bits_get(arg->valid, i);
	return 0;
}

static int
count_update_all(struct agg_call *call, void *target,
	const struct column *arg, unsigned arg_count, uint32_t count)
{
	struct count *state = target;
	enum presence presence = presence_of(arg, arg_count);

	(void)call;
	if (presence == PRESENT_ALL)
		state->rows += count;
	if (presence != PRESENT_SOME)
		return 0;
	for (uint32_t i = 0; i < count / 64; i++)
		state->rows += bits_count(arg->valid[i]);
	/* Bits behind the last row mean nothing. */
	if (count % 64 != 0)
		state->rows += bits_count(arg->valid[count / 64] <<
		    (64 - count % 64));
	return 0;
}

static void
count_merge(struct agg_call *call, void *target, const void *source)
{
	(void)call;
	((struct count *)target)->rows += ((const struct count *)source)->rows;
}

static int
count_final(struct agg_call *call, const void *state, struct builder *out,
	struct err *err)
{
	(void)call;
	(void)err;
	builder_add_int(out, TYPE_INT,
	    (int64_t)((const struct count *)state)->rows);
	return 0;
}

static void
count_save(struct agg_call *call, const void *state, struct buf *buf)
{
	(void)call;
	agg_save_word(buf, ((const struct count *)state)->rows);
}

static int
count_load(struct agg_call *call, void *state, const char **at,
	const char *end)
{
	(void)call;
	return agg_load_word(at, end, &((struct count *)state)->rows);
}

const struct agg_def agg_count = {
	.name = "count",
	.signature = "count([x])",
	.summary = "how many rows, or rows where x is not null",
	.example = "count()",
	.result = "4",
	.arg_min = 0,
	.arg_max = 1,
	.flags = AGG_NULLS,
	.want = AGG_WANT(FUNC_ANY),
	.state_bytes = sizeof(struct count),
	.type = count_type,
	.update = count_update,
	.update_all = count_update_all,
	.merge = count_merge,
	.final = count_final,
	.save = count_save,
	.load = count_load,
};
