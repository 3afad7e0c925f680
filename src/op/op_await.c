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

enum await_stage { AWAIT_MEET, AWAIT_SETTLE, AWAIT_SETTLED, AWAIT_GIVE,
	AWAIT_OPEN };

struct await {
	enum await_stage stage;
	uint64_t turn, number;	/* of the next row that waits */
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

static int
await_keep(struct op_run *run, const struct batch *batch, struct err *err)
{
	struct await *await = run->state;
	struct await_share *share = run->share;

	if (await->turn != run->job->turn)
		await->number = 0;
	await->turn = run->job->turn;
	uint64_t number = await->number;
	await->number += batch->sel_count;
	return waiting_add(share->waiting, run, batch, await->turn, number,
	    err);
}

static enum op_status
await_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	const struct await *await = run->state;
	const struct await_share *share = run->share;

	if (port == 1)
		return scalar_take(share->scalar, take_batch, err);
	if (await->stage == AWAIT_OPEN)
		return op_give(run, take_batch, err);
	int status = await_keep(run, take_batch, err);
	batch_free(&take_batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* A batch of those that waited. */
static enum op_status
await_give(struct op_run *run, struct await *await, struct err *err)
{
	struct await_share *share = run->share;
	uint64_t turn, number;
	struct batch *batch;
	int got = waiting_take(share->waiting, run, &batch, &turn, &number,
	    err);

	if (got < 0)
		return OP_FAIL;
	enum op_status status = got == 0 ? OP_DONE : op_give(run, batch, err);
	if (status == OP_DONE)
		await->stage = AWAIT_OPEN;
	return status == OP_FAIL ? OP_FAIL : OP_AGAIN;
}

static enum op_status
await_work(struct op_run *run, unsigned port, struct err *err)
{
	struct await *await = run->state;
	struct await_share *share = run->share;
	enum op_status status;
	uint32_t piece;

	if (port == 0)
		return OP_OK;
	switch (await->stage) {
	case AWAIT_MEET:
	case AWAIT_SETTLED:
		status = op_meet(run, await->stage == AWAIT_MEET ? 1 : 2);
		if (status != OP_OK)
			return status;
		if (await->stage++ == AWAIT_SETTLED)
			expr_param_set(run->op->plan,
			    scalar_value(share->scalar));
		return OP_AGAIN;
	case AWAIT_SETTLE:
		if (op_deal(run, 1, 1, &piece))
			waiting_settle(share->waiting);
		await->stage++;
		return OP_AGAIN;
	case AWAIT_GIVE:
		return await_give(run, await, err);
	case AWAIT_OPEN:
		break;
	}
	return OP_OK;
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
