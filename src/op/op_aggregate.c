/*
 * aggregate ITEMS [by KEYS]: one record a group.
 *
 * Arguments: agg, by.  Output: the keys, then the aggregates; groups in order
 * of first appearance.  Without keys there is one group, also of no records.
 *
 * The rows of groups are those of op/group_rows.h.  Flush makes batches of
 * BATCH_ROWS_MAX groups from them.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "op/group_rows.h"
#include "util/buf.h"

struct aggregate {
	struct group_rows rows;
	struct group_table *groups;
	char *single;		/* states of the one group without keys */
};

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

	(void)err;
	group_rows_init(&state->rows, run, 0);
	if (run->op->args.by_count == 0)
		state->single = mem_alloc_zero(state->rows.bytes + 8);
	else
		state->groups = group_table_new(state->rows.bytes,
		    &run->budget);
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
			group_rows_set_keys(&state->rows, column, i, region,
			    row[i]);
	return 0;
}

static enum op_status
aggregate_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct aggregate *state = run->state;
	struct batch *batch = take_batch;
	struct region *region = region_new();
	char **row = NULL;

	(void)port;
	int status = group_rows_probe(run, &state->rows, batch, region, err);
	if (status == 0 && state->groups != NULL) {
		row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
		status = aggregate_find(run, batch, region, row, err);
	}
	if (status == 0)
		status = group_rows_update(run, &state->rows, batch, region,
		    row, state->single, err);
	region_drop(&region);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

static enum op_status
aggregate_emit(struct op_run *run, uint64_t first, uint32_t count,
	struct err *err)
{
	struct aggregate *state = run->state;

	for (uint64_t i = first; i < first + count; i++) {
		const char *row = state->single;
		struct text key = { 0 };
		if (state->groups != NULL) {
			row = group_table_row(state->groups, i);
			key = group_table_key(state->groups, i);
		}
		if (group_rows_add(&state->rows, row, key, err) != 0)
			return OP_FAIL;
	}
	return op_give(run, group_rows_take(&state->rows, run), err);
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

static void
aggregate_close(struct op_run *run)
{
	struct aggregate *state = run->state;

	if (state->single != NULL)
		group_rows_clear(&state->rows, state->single);
	for (uint64_t i = 0; state->groups != NULL &&
	    group_rows_own(&state->rows) &&
	    i < group_table_count(state->groups); i++)
		group_rows_clear(&state->rows,
		    group_table_row(state->groups, i));
	group_table_free(&state->groups);
	group_rows_fini(&state->rows);
	mem_free(state->single);
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
	.syntax = "aggregate [NAME =] AGGREGATE [where COND], ... [by KEYS] "
	    "[window WINDOW [late ...]]",
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
