/*
 * head [N] [by KEYS]: the first N records, or the first N of each group.
 *
 * Arguments: limit, by.  Without keys it says OP_DONE when it has enough, so
 * that the source stops reading.  With keys it holds one counter per group and
 * must see all input.
 *
 * When there is no room for the counters they are written down, and this batch
 * and all further ones are deferred to the end (op/deferred.h): they come
 * behind all that were given until then.  What never ends, or has an event
 * time, cannot wait for the end: there the limit ends the job.
 */
#include "op/op.h"

#include "data/key.h"
#include "op/deferred.h"
#include "op/group.h"

struct head {
	int64_t left;
	struct group_table *groups;	/* by: a counter per group */
	struct deferred *deferred;	/* NULL: there was always room */
};

static int
head_open(struct op_run *run, struct err *err)
{
	struct head *head = run->state;

	(void)err;
	head->left = run->op->args.limit;
	if (run->op->args.by_count == 0)
		return 0;
	head->groups = group_table_new(sizeof(uint64_t), &run->budget);
	if (!run->job->in_place)
		mem_budget_enter(&run->budget);
	return 0;
}

static int
head_refuse(struct op_run *run, struct err *err)
{
	const struct head *head = run->state;

	err_set(err, ERR_IO, "head: its %llu groups need more memory than the "
	    "limit", (unsigned long long)group_table_count(head->groups));
	return err_hint(err, "give it more with --memory SIZE");
}

/* Write the counters down and let go of them. */
static int
head_begin_deferring(struct op_run *run, const struct batch *batch,
	struct err *err)
{
	struct head *head = run->state;
	uint64_t count = group_table_count(head->groups);

	if (run->job->in_place || batch->time != NULL)
		return head_refuse(run, err);
	head->deferred = deferred_new(run, (uint64_t)run->op->args.limit, err);
	if (head->deferred == NULL)
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		struct text key = group_table_key(head->groups, i);
		uint64_t seen = *(uint64_t *)(void *)group_table_row(
		    head->groups, i);
		if (deferred_add_seen(head->deferred, &key, seen, err) != 0)
			return -1;
	}
	group_table_free(&head->groups);
	return 0;
}

/* Find the batch's groups: 1; 0 when it is deferred; -1. */
static int
head_find(struct op_run *run, struct batch *batch, struct region *region,
	char **group, struct err *err)
{
	struct head *head = run->state;
	const struct op_args *args = &run->op->args;
	struct column *column = region_alloc(region,
	    args->by_count * sizeof(*column));
	struct key_set keys;

	if (group_eval_by(run, args->by, args->by_count, batch, region, column,
	    err) != 0)
		return -1;
	key_make(column, args->by_count, batch->sel_count, region, &keys);
	if (head->deferred == NULL) {
		int is_pressed = run->budget.can_spill &&
		    batch->time == NULL && mem_is_pressed(&run->budget);
		if (!is_pressed && group_table_find(head->groups, &keys,
		    batch->sel_count, group, NULL) == 0)
			return 1;
		if (head_begin_deferring(run, batch, err) != 0)
			return -1;
	}
	return batch->sel_count == 0 ? 0 : deferred_add(head->deferred, batch,
	    keys.text, err);
}

static enum op_status
head_push_grouped(struct op_run *run, struct batch *batch, struct err *err)
{
	struct region *region = batch_region(batch);
	char **group = region_alloc(region, BATCH_ROWS_MAX * sizeof(*group));

	int found = head_find(run, batch, region, group, err);
	if (found != 1) {
		batch_free(&batch);
		return found < 0 ? OP_FAIL : OP_OK;
	}
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		uint64_t *seen = (uint64_t *)(void *)group[i];
		if (*seen < (uint64_t)run->op->args.limit) {
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
	if (run->op->args.by_count > 0)
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

static enum op_status
head_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct head *head = run->state;

	(void)port;
	return head->deferred == NULL ? OP_OK :
	    deferred_give(head->deferred, err);
}

static void
head_close(struct op_run *run)
{
	struct head *head = run->state;

	group_table_free(&head->groups);
	deferred_free(&head->deferred);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
}

const struct op_def op_head = {
	.name = "head",
	.syntax = "head [N] [by KEYS]",
	.summary = "the first N records (10 if not said), or of each group",
	.holds = "nothing; with by a counter per group, beyond the memory "
	    "on disk",
	.example = "sort ms desc | head 3",
	.flags = OP_KEEPS_RECORD | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct head),
	.need = op_need_by,
	.open = head_open,
	.push = head_push,
	.flush = head_flush,
	.close = head_close,
};
