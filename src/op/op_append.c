/*
 * append: a union whose second input comes before the first has ended.
 *
 * `from t | sort x | union (from t)` reads t once, and what the other side
 * gives would come out first, or between, as batches happen to fall.  So what
 * comes at port 1 waits (op/waiting.h) until port 0 has ended: the checker puts
 * this in a union's place where the sides are not read one behind the other
 * (check/flow_settle.c).
 */
#include "op/joint.h"
#include "op/op.h"
#include "op/union.h"
#include "op/waiting.h"

struct append {
	struct waiting_way way;
	int is_open;		/* port 0 has ended */
};

static void *
append_share(const struct op *op, uint32_t instance_count)
{
	return waiting_new(op->def->name, instance_count);
}

static void
append_unshare(void *take_share)
{
	struct waiting *waiting = take_share;

	waiting_free(&waiting);
}

static enum op_status
append_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct append *append = run->state;

	union_align(run->op, take_batch);
	if (port == 0 || append->is_open)
		return op_give(run, take_batch, err);
	return waiting_keep(run->share, &append->way, run, take_batch, err);
}

static enum op_status
append_work(struct op_run *run, unsigned port, struct err *err)
{
	struct append *append = run->state;

	if (port == 1)
		return OP_OK;
	enum op_status status = waiting_meet(run->share, &append->way, run);
	if (status != OP_OK)
		return status;
	append->is_open = 1;
	return waiting_give(run->share, run, err);
}

const struct op_def op_append = {
	.name = "append",
	.syntax = "union (PIPELINE) of the same stream",
	.summary = "the records of this input, then those of another",
	.holds = "the other side's records until these have ended, in files "
	    "beyond memory",
	.flags = OP_HOLDS | OP_HIDDEN | OP_JOINT,
	.state_bytes = sizeof(struct append),
	.bind = union_bind,
	.need = union_need,
	.share = append_share,
	.unshare = append_unshare,
	.push = append_push,
	.work = append_work,
};
