/*
 * await: the records wait until the value that they are held against is known.
 *
 * It stands in front of a stage whose expression reads a pipeline of the same
 * stream: `from t | where x > (from t | aggregate avg(x))`.  The pipeline's one
 * record comes at port 1 and sets the parameter (op->plan) that the expression
 * reads; what comes at port 0 before the end of that waits (op/waiting.h), and
 * what comes behind it passes.
 *
 *     end of port 1	meeting 1; one brings what waits in order; meeting 2;
 *			instance i gives the i-th part of it
 */
#include "op/joint.h"
#include "op/op.h"
#include "op/scalar.h"
#include "op/waiting.h"

struct await_share {
	struct scalar *scalar;
	struct waiting *waiting;
};

struct await {
	struct waiting_way way;
	int is_known;		/* the value is; what came before it is out */
};

static void *
await_share(const struct op *op, uint32_t instance_count)
{
	struct await_share *share = mem_alloc_zero(sizeof(*share));

	share->scalar = scalar_new();
	share->waiting = waiting_new(op->def->name, instance_count);
	return share;
}

static void
await_unshare(void *take_share)
{
	struct await_share *share = take_share;

	scalar_free(&share->scalar);
	waiting_free(&share->waiting);
	mem_free(share);
}

static enum op_status
await_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct await *await = run->state;
	const struct await_share *share = run->share;

	if (port == 1)
		return scalar_take(share->scalar, take_batch, err);
	if (await->is_known)
		return op_give(run, take_batch, err);
	return waiting_keep(share->waiting, &await->way, run, take_batch, err);
}

static enum op_status
await_work(struct op_run *run, unsigned port, struct err *err)
{
	struct await *await = run->state;
	const struct await_share *share = run->share;

	if (port == 0)
		return OP_OK;
	enum op_status status = waiting_meet(share->waiting, &await->way, run);
	if (status != OP_OK)
		return status;
	if (!await->is_known)
		expr_param_set(run->op->plan, scalar_value(share->scalar));
	await->is_known = 1;
	return waiting_give(share->waiting, run, err);
}

static void
await_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)op;
	if (port == 0)
		need_copy(in, out);
	else
		need_all(in);
}

const struct op_def op_await = {
	.name = "await",
	.syntax = "( PIPELINE ) as a value, of the same stream",
	.summary = "hold the records until a value is known",
	.holds = "the records until then, in files beyond memory",
	.flags = OP_HOLDS | OP_KEEPS_RECORD | OP_HIDDEN | OP_JOINT,
	.state_bytes = sizeof(struct await),
	.need = await_need,
	.share = await_share,
	.unshare = await_unshare,
	.push = await_push,
	.work = await_work,
};
