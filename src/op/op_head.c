/*
 * head [N] [by KEYS]: the first N records, or the first N of each group.
 *
 * Arguments: limit, by.  Without keys it says OP_DONE when it has enough, so
 * that the source stops reading.  With keys it holds one counter per group and
 * must see all input.
 */
#include "op/op.h"

#include "op/group.h"

struct head {
	int64_t left;
	struct group_table *groups;	/* by: a counter per group */
};

static int
head_open(struct op_run *run, struct err *err)
{
	struct head *head = run->state;

	(void)err;
	head->left = run->op->args.limit;
	if (run->op->args.by_count > 0)
		head->groups = group_table_new(sizeof(int64_t), &run->budget);
	return 0;
}

static enum op_status
head_push_grouped(struct op_run *run, struct batch *batch, struct err *err)
{
	struct head *head = run->state;
	struct region *region = batch_region(batch);
	char **group = region_alloc(region, BATCH_ROWS_MAX * sizeof(*group));

	if (group_find_by(run, head->groups, run->op->args.by,
	    run->op->args.by_count, batch, region, group, err) != 0) {
		batch_free(&batch);
		return OP_FAIL;
	}
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		int64_t *seen = (int64_t *)group[i];
		if (*seen < run->op->args.limit) {
			++*seen;
			sel[kept++] = (uint16_t)row;
		}
	}
	batch->sel = sel;
	batch->sel_count = kept;
	return op_give(run, batch, err);
}

static enum op_status
head_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct head *head = run->state;
	struct batch *batch = take_batch;

	(void)port;
	if (head->groups != NULL)
		return head_push_grouped(run, batch, err);
	if (batch->sel_count > head->left) {
		if (batch->sel == NULL) {
			batch->sel = batch_sel_storage(batch);
			for (uint32_t i = 0; i < head->left; i++)
				batch->sel[i] = (uint16_t)i;
		}
		batch->sel_count = (uint32_t)head->left;
	}
	head->left -= batch->sel_count;
	enum op_status status = op_give(run, batch, err);
	return status == OP_OK && head->left == 0 ? OP_DONE : status;
}

static void
head_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
}

static void
head_close(struct op_run *run)
{
	struct head *head = run->state;

	group_table_free(&head->groups);
}

const struct op_def op_head = {
	.name = "head",
	.syntax = "head [N] [by KEYS]",
	.summary = "the first N records (10 if not said), or of each group",
	.holds = "nothing; with by a counter per group",
	.example = "sort ms desc | head 3",
	.flags = OP_KEEPS_RECORD | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct head),
	.need = head_need,
	.open = head_open,
	.push = head_push,
	.close = head_close,
};
