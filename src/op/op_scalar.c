/*
 * scalar: the hidden sink behind a pipeline that is used as a value.
 *
 * It takes the one record and sets the parameter (op->plan) that the expression
 * reads.  Every instance has expressions of its own, and sets the parameter
 * when all have seen their records.
 */
#include "op/joint.h"
#include "op/op.h"
#include "op/scalar.h"

static void *
scalar_share(const struct op *op, uint32_t instance_count)
{
	(void)op;
	(void)instance_count;
	return scalar_new();
}

static void
scalar_unshare(void *take_share)
{
	struct scalar *scalar = take_share;

	scalar_free(&scalar);
}

static enum op_status
scalar_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	return scalar_take(run->share, take_batch, err);
}

static enum op_status
scalar_work(struct op_run *run, unsigned port, struct err *err)
{
	enum op_status status = op_meet(run, 1);

	(void)port;
	(void)err;
	if (status == OP_OK)
		expr_param_set(run->op->plan, scalar_value(run->share));
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
