/*
 * aggregate ITEMS [by KEYS]: one record a group.
 *
 * Arguments: agg, by.  Output: the keys, then the aggregates; groups in order
 * of first appearance.  Without keys there is one group, also of no records.
 *
 * A group's row in the table is the states of all aggregates, then one cell and
 * type per key: the key's value as it was first seen, so that a time stays a
 * time and a number keeps its digits.  Key texts are copied once per group.
 *
 * Flush makes batches of BATCH_ROWS_MAX groups from the rows.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "io/bad.h"
#include "op/group.h"
#include "util/buf.h"

struct key_cell {
	union cell cell;
	uint64_t type;
};

struct aggregate {
	struct group_table *groups;
	struct region *texts;		/* of key values */
	size_t texts_charged;
	char *single;		/* states of the one group without keys */
	size_t *offset;			/* of each aggregate's state */
	size_t keys_offset;
	uint64_t sequence;
};

static size_t
aggregate_layout(const struct op *op, size_t *offset)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < op->args.agg_count; i++) {
		if (offset != NULL)
			offset[i] = bytes;
		bytes += agg_expr_def(op->args.agg[i].agg)->state_bytes;
	}
	return bytes;
}

static int
aggregate_bind(struct op *op, struct err *err)
{
	(void)err;
	op->out = schema_new();
	for (uint32_t i = 0; i < op->args.by_count; i++)
		schema_add(op->out, op->args.by[i].name,
		    strlen(op->args.by[i].name),
		    expr_type(op->args.by[i].expr));
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		schema_add(op->out, op->args.agg[i].name,
		    strlen(op->args.agg[i].name),
		    agg_expr_type(op->args.agg[i].agg));
	return 0;
}

static void
aggregate_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)out;
	(void)port;
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		need_add_agg(in, op->args.agg[i].agg);
}

static int
aggregate_open(struct op_run *run, struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;

	(void)err;
	state->offset = mem_alloc((args->agg_count + 1) * sizeof(size_t));
	state->keys_offset = aggregate_layout(run->op, state->offset);
	state->texts = region_new();
	if (args->by_count == 0)
		state->single = mem_alloc_zero(state->keys_offset + 8);
	else
		state->groups = group_table_new(state->keys_offset +
		    args->by_count * sizeof(struct key_cell), &run->budget);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_set_budget(args->agg[i].agg, &run->budget);
	return 0;
}

/* Remember the key values of a group that is new. */
static void
aggregate_keep_keys(struct aggregate *state, const struct column *column,
	uint32_t by_count, uint32_t i, char *row)
{
	struct key_cell *cell = (struct key_cell *)(row + state->keys_offset);

	for (uint32_t k = 0; k < by_count; k++) {
		struct value value = column_value(&column[k], i, state->texts);
		/* Null and missing are one group, whichever came first. */
		if (value.type == TYPE_MISSING)
			value.type = TYPE_NULL;
		if (type_is_textual(value.type) &&
		    value.cell.text.size > TEXT_INLINE_MAX)
			value.cell.text = text_make(region_copy(state->texts,
			    value.cell.text.bytes, value.cell.text.size),
			    value.cell.text.size);
		cell[k].cell = value.cell;
		/* Null and missing are one group. */
		cell[k].type = value.type == TYPE_MISSING ? TYPE_NULL :
		    value.type;
	}
}

static int
aggregate_charge_texts(struct op_run *run, struct err *err)
{
	struct aggregate *state = run->state;
	size_t bytes = region_bytes(state->texts);

	if (bytes <= state->texts_charged)
		return 0;
	if (op_charge(run, bytes - state->texts_charged, err) != 0)
		return -1;
	state->texts_charged = bytes;
	return 0;
}

static int
aggregate_find(struct op_run *run, struct batch *batch, struct region *region,
	char **row, struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;
	struct column *column = region_alloc(region,
	    args->by_count * sizeof(*column));
	uint8_t *is_new = region_alloc(region, BATCH_ROWS_MAX);
	struct key_set keys;

	if (group_eval_by(run, args->by, args->by_count, batch, region, column,
	    err) != 0)
		return -1;
	uint64_t before = group_table_count(state->groups);
	key_make(column, args->by_count, batch->sel_count, region, &keys);
	if (group_table_find(state->groups, &keys, batch->sel_count, row,
	    is_new) != 0) {
		err_set(err, ERR_IO, "aggregate: its %llu groups need more "
		    "memory than the limit",
		    (unsigned long long)group_table_count(state->groups));
		return err_hint(err, "give it more with --memory SIZE");
	}
	if (group_table_count(state->groups) == before)
		return 0;
	for (uint32_t i = 0; i < batch->sel_count; i++)
		if (is_new[i])
			aggregate_keep_keys(state, column, args->by_count, i,
			    row[i]);
	return aggregate_charge_texts(run, err);
}

static void
aggregate_free_states(struct op_run *run, char *row)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		if (call->def->free != NULL)
			call->def->free(call, row + state->offset[i]);
	}
}

/* What the records' values did: too much for the memory, or bad ones. */
static int
aggregate_judge(struct op_run *run, struct batch *batch, struct eval *eval,
	struct err *err)
{
	const struct op_args *args = &run->op->args;

	for (uint32_t i = 0; i < args->agg_count; i++)
		if (agg_expr_call(args->agg[i].agg)->refused)
			return op_charge(run, UINT64_MAX / 2, err);
	return op_reject(run, batch, &eval->rejects, err);
}

static int
aggregate_update(struct op_run *run, struct batch *batch, struct region *region,
	char *const *row, struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_update(args->agg[i].agg, &eval, batch->sel,
		    batch->sel_count, row, state->single, state->offset[i],
		    state->sequence);
	state->sequence += batch->sel_count;
	return aggregate_judge(run, batch, &eval, err);
}

/*
 * A record of which one argument cannot be computed must count in none of the
 * aggregates.  When such records do not stop the job, every batch is first
 * added to states that are thrown away, and what was refused is taken out.
 */
static int
aggregate_probe(struct op_run *run, struct batch *batch, struct region *region,
	struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;
	struct eval eval;

	char *scratch = region_alloc_zero(region, state->keys_offset + 8);
	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_update(args->agg[i].agg, &eval, batch->sel,
		    batch->sel_count, NULL, scratch, state->offset[i], 0);
	aggregate_free_states(run, scratch);
	return aggregate_judge(run, batch, &eval, err);
}

static enum op_status
aggregate_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct aggregate *state = run->state;
	struct batch *batch = take_batch;
	struct region *region = region_new();
	char **row = NULL;
	int status = 0;

	(void)port;
	if (bad_policy(run->job->bad) != BAD_STOP)
		status = aggregate_probe(run, batch, region, err);
	if (status == 0 && state->groups != NULL) {
		row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
		status = aggregate_find(run, batch, region, row, err);
	}
	if (status == 0)
		status = aggregate_update(run, batch, region, row, err);
	region_drop(&region);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* Append the final values of one group's aggregates. */
static int
aggregate_final(struct op_run *run, const char *row, struct builder *builder,
	struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		if (call->def->final(call, row + state->offset[i],
		    &builder[args->by_count + i], err) != 0)
			return -1;
	}
	return 0;
}

static enum op_status
aggregate_emit(struct op_run *run, uint64_t first, uint32_t count,
	struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;
	uint32_t width = args->by_count + args->agg_count;
	struct builder *builder = mem_alloc_zero(width * sizeof(*builder));
	int status = 0;

	for (uint32_t i = 0; i < count && status == 0; i++) {
		const char *row = state->single != NULL ? state->single :
		    group_table_row(state->groups, first + i);
		const struct key_cell *cell =
		    (const struct key_cell *)(row + state->keys_offset);
		for (uint32_t k = 0; k < args->by_count; k++) {
			struct value value = {
				.type = (enum type)cell[k].type,
				.cell = cell[k].cell,
			};
			builder_add(&builder[k], &value);
		}
		status = aggregate_final(run, row, builder, err);
	}
	struct batch *batch = batch_new(run->op->out, count);
	struct region *region = batch_region(batch);
	for (uint32_t i = 0; i < width; i++) {
		if (status == 0)
			builder_finish(&builder[i], region, &batch->column[i]);
		builder_fini(&builder[i]);
	}
	mem_free(builder);
	if (status == 0)
		return op_give(run, batch, err);
	batch_free(&batch);
	return OP_FAIL;
}

static enum op_status
aggregate_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct aggregate *state = run->state;
	uint64_t total = state->single != NULL ? 1 :
	    group_table_count(state->groups);
	uint32_t most = batch_rows_target();
	enum op_status status = OP_OK;

	(void)port;
	for (uint64_t at = 0; at < total && status == OP_OK; at += most) {
		uint32_t count = total - at < most ? (uint32_t)(total - at) :
		    most;
		status = aggregate_emit(run, at, count, err);
	}
	return status;
}

/* Do any of the aggregates own memory outside of their state? */
static int
aggregate_owns(const struct op_args *args)
{
	for (uint32_t i = 0; i < args->agg_count; i++)
		if (agg_expr_def(args->agg[i].agg)->free != NULL)
			return 1;
	return 0;
}

static void
aggregate_close(struct op_run *run)
{
	struct aggregate *state = run->state;

	if (state->single != NULL)
		aggregate_free_states(run, state->single);
	for (uint64_t i = 0; state->groups != NULL &&
	    aggregate_owns(&run->op->args) &&
	    i < group_table_count(state->groups); i++)
		aggregate_free_states(run, group_table_row(state->groups, i));
	group_table_free(&state->groups);
	mem_free(state->single);
	mem_free(state->offset);
	mem_release(&run->budget, state->texts_charged);
	region_drop(&state->texts);
}

static void
aggregate_explain(const struct op *op, struct buf *out)
{
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		buf_add_format(out, "%s%s", i == 0 ? "" : ", ",
		    op->args.agg[i].name);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		buf_add_format(out, "%s%s", i == 0 ? " by " : ", ",
		    op->args.by[i].name);
}

const struct op_def op_aggregate = {
	.name = "aggregate",
	.syntax = "aggregate [NAME =] AGGREGATE [where COND], ... [by KEYS]",
	.summary = "one record a group: counts, sums and more",
	.holds = "one row a group",
	.example = "aggregate n = count(), avg_ms = avg(ms) by country",
	.flags = OP_BLOCKS | OP_HOLDS,
	.state_bytes = sizeof(struct aggregate),
	.bind = aggregate_bind,
	.need = aggregate_need,
	.open = aggregate_open,
	.push = aggregate_push,
	.flush = aggregate_flush,
	.close = aggregate_close,
	.explain = aggregate_explain,
};
