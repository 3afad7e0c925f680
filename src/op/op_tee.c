/*
 * tee (PIPELINE): send every record through the pipeline as well; go on with
 * all of them.
 *
 * The pipeline is the side output.  Both see the same memory: batches are
 * cloned, columns are not copied.
 */
#include "op/op.h"

static enum op_status
tee_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	if (!run->side->done &&
	    op_give_side(run, batch_clone(take_batch), err) == OP_FAIL) {
		batch_free(&take_batch);
		return OP_FAIL;
	}
	enum op_status status = op_give(run, take_batch, err);
	/* Done when both are: either may still want its input. */
	int main_done = status == OP_DONE || run->next == NULL;
	if (status == OP_FAIL)
		return OP_FAIL;
	return main_done && run->side->done ? OP_DONE : OP_OK;
}

static void
tee_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	struct need_set *side = need_set_new();

	need_copy(in, out);
	(void)port;
	op_need_chain(op->side, op->side_port, side);
	need_copy(in, side);
	need_set_free(&side);
}

const struct op_def op_tee = {
	.name = "tee",
	.syntax = "tee (PIPELINE)",
	.summary = "send a copy of every record through another pipeline",
	.holds = "nothing",
	.example = "tee (where status >= 500 | to \"errors.jsonl\") "
	    "| count by path",
	.flags = OP_KEEPS_RECORD | OP_KEEPS_TIME | OP_PARALLEL,
	.need = tee_need,
	.push = tee_push,
};
