/*
 * scalar: the hidden sink behind a pipeline that is used as a value.
 *
 * It takes the one field of the one record and sets the parameter (op->plan)
 * that the expression reads; no record gives null, two are an error.  Every
 * instance has expressions of its own, and sets the parameter when all have
 * seen their records.
 */
#include "op/joint.h"
#include "op/op.h"
#include "util/thr.h"

/* Shared. */
struct scalar {
	struct thr_lock lock;		/* of what is below */
	uint64_t count;
	struct value value;
	struct region *region;		/* of the value; NULL: no record yet */
};

static void *
scalar_share(const struct op *op, uint32_t instance_count)
{
	struct scalar *scalar = mem_alloc_zero(sizeof(*scalar));

	(void)op;
	(void)instance_count;
	thr_lock_init(&scalar->lock, "the value of a pipeline");
	scalar->value.type = TYPE_NULL;
	return scalar;
}

static void
scalar_unshare(void *take_share)
{
	struct scalar *scalar = take_share;

	thr_lock_fini(&scalar->lock);
	if (scalar->region != NULL)
		region_drop(&scalar->region);
	mem_free(scalar);
}

/* The first record's value is kept; how many there are now. */
static uint64_t
scalar_take(struct scalar *scalar, const struct batch *batch)
{
	thr_lock_take(&scalar->lock);
	if (scalar->count == 0) {
		scalar->region = region_new();
		scalar->value = column_value(&batch->column[0],
		    batch_row(batch, 0), scalar->region);
	}
	uint64_t count = scalar->count += batch->sel_count;
	thr_lock_give(&scalar->lock);
	return count;
}

static enum op_status
scalar_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	int is_single = take_batch->schema->field_count == 1;

	(void)port;
	if (is_single && scalar_take(run->share, take_batch) <= 1) {
		batch_free(&take_batch);
		return OP_OK;
	}
	err_set(err, ERR_DATA, "a pipeline used as a value gave %s",
	    is_single ? "more than one record" :
	    "a record without exactly one field");
	batch_free(&take_batch);
	return OP_FAIL;
}

static enum op_status
scalar_work(struct op_run *run, unsigned port, struct err *err)
{
	const struct scalar *scalar = run->share;
	enum op_status status = op_meet(run, 1);

	(void)port;
	(void)err;
	if (status == OP_OK)
		expr_param_set(run->op->plan, &scalar->value);
	return status;
}

const struct op_def op_scalar = {
	.name = "scalar",
	.syntax = "( PIPELINE ) as a value",
	.summary = "the one value of a pipeline",
	.holds = "one value",
	.flags = OP_SINK | OP_HIDDEN | OP_JOINT,
	.share = scalar_share,
	.unshare = scalar_unshare,
	.push = scalar_push,
	.work = scalar_work,
};
