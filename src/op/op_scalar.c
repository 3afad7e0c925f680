/*
 * scalar: the hidden sink behind a pipeline that is used as a value.
 *
 * It takes the one field of the one record and sets the parameter (op->plan)
 * that the expression reads; no record gives null, two are an error.
 */
#include "op/op.h"

struct scalar {
	struct value value;
	struct region *region;
	uint64_t count;
};

static enum op_status
scalar_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct scalar *scalar = run->state;

	(void)port;
	scalar->count += take_batch->sel_count;
	if (scalar->count > 1 || take_batch->schema->field_count != 1) {
		err_set(err, ERR_DATA, "a pipeline used as a value gave %s",
		    scalar->count > 1 ? "more than one record" :
		    "a record without exactly one field");
		batch_free(&take_batch);
		return OP_FAIL;
	}
	scalar->region = region_new();
	scalar->value = column_value(&take_batch->column[0],
	    batch_row(take_batch, 0), scalar->region);
	struct expr *param = run->op->plan;
	expr_param_set(param, &scalar->value);
	batch_free(&take_batch);
	return OP_OK;
}

static enum op_status
scalar_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct scalar *scalar = run->state;
	struct value null = { .type = TYPE_NULL };

	(void)port;
	(void)err;
	if (scalar->count == 0)
		expr_param_set(run->op->plan, &null);
	return OP_OK;
}

static void
scalar_close(struct op_run *run)
{
	struct scalar *scalar = run->state;

	if (scalar->region != NULL)
		region_drop(&scalar->region);
}

const struct op_def op_scalar = {
	.name = "scalar",
	.syntax = "( PIPELINE ) as a value",
	.summary = "the one value of a pipeline",
	.holds = "one value",
	.flags = OP_SINK | OP_HIDDEN,
	.state_bytes = sizeof(struct scalar),
	.push = scalar_push,
	.flush = scalar_flush,
	.close = scalar_close,
};
