/*
 * dedup [by KEYS]: the first record of each key; without keys of each record.
 *
 * Arguments: by.  Holds the keys that were seen, nothing else.  Without keys
 * the key is all fields in their order (the fields that are missing are null).
 */
#include "op/op.h"

#include "data/key.h"
#include "op/group.h"

struct dedup {
	struct group_table *seen;
};

static int
dedup_open(struct op_run *run, struct err *err)
{
	struct dedup *dedup = run->state;

	(void)err;
	dedup->seen = group_table_new(0, &run->budget);
	return 0;
}

static void
dedup_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	if (op->args.by_count == 0)
		need_all(in);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
}

/* The key columns, dense: the `by` items or every field. */
static int
dedup_columns(struct op_run *run, struct batch *batch, struct region *region,
	struct column **column, uint32_t *count, struct err *err)
{
	const struct op_args *args = &run->op->args;

	*count = args->by_count > 0 ? args->by_count :
	    batch->schema->field_count;
	*column = region_alloc(region, (*count + 1) * sizeof(**column));
	if (args->by_count > 0)
		return group_eval_by(run, args->by, args->by_count, batch,
		    region, *column, err);
	for (uint32_t i = 0; i < *count; i++)
		column_gather(&batch->column[i], batch->sel, batch->sel_count,
		    region, &(*column)[i]);
	return 0;
}

static enum op_status
dedup_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct dedup *dedup = run->state;
	struct batch *batch = take_batch;
	struct region *region = batch_region(batch);
	struct column *column;
	uint32_t count;
	struct key_set keys;

	(void)port;
	if (dedup_columns(run, batch, region, &column, &count, err) != 0)
		goto fail;
	char **row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	uint8_t *is_new = region_alloc(region, BATCH_ROWS_MAX);
	key_make(column, count, batch->sel_count, region, &keys);
	if (group_table_find(dedup->seen, &keys, batch->sel_count, row,
	    is_new) != 0) {
		err_set(err, ERR_IO, "dedup: %llu keys need more memory than "
		    "the limit",
		    (unsigned long long)group_table_count(dedup->seen));
		err_hint(err, "give it more with --memory SIZE");
		goto fail;
	}
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		sel[kept] = (uint16_t)at;
		kept += is_new[i];
	}
	batch->sel = sel;
	batch->sel_count = kept;
	return op_give(run, batch, err);
fail:
	batch_free(&batch);
	return OP_FAIL;
}

static void
dedup_close(struct op_run *run)
{
	struct dedup *dedup = run->state;

	group_table_free(&dedup->seen);
}

const struct op_def op_dedup = {
	.name = "dedup",
	.syntax = "dedup [by KEYS]",
	.summary = "the first record of each key; without keys, "
	    "of equal records",
	.holds = "the keys seen",
	.example = "dedup by id",
	.flags = OP_HOLDS | OP_KEEPS_RECORD | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct dedup),
	.need = dedup_need,
	.open = dedup_open,
	.push = dedup_push,
	.close = dedup_close,
};
