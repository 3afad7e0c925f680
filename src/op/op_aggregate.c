/*
 * aggregate ITEMS [by KEYS]: one record a group.
 *
 * Arguments: agg, by; item, set: all keys, and sets of them, where there are
 * groups by each of these (aggregate_sets.c).  Output: the keys, then the
 * aggregates; groups in order of first appearance.  Without keys there is one
 * group, also of no records.
 *
 * Instances work together in three steps:
 *
 *	add	each its own records (aggregate_add.c): a table that fits the
 *		cache, and behind it piles of rows by hash
 *	fold	behind the end of the input the piles are dealt, and all
 *		instances' piles of one number go to a table, a result
 *		(aggregate_fold.c)
 *	give	the results are merged by first appearance, and each instance
 *		gives a part (aggregate_give.c)
 *
 * They meet between the steps.  If no instance has piles, or many groups, the
 * tables are all put on one pile.  If there is one instance, its table is the
 * result.  The order of records among instances is known by their turns: behind
 * the first meeting each has the places of its own among all.
 */
#include "op/op.h"

#include <assert.h>
#include <string.h>

#include "op/aggregate_priv.h"
#include "op/expand.h"
#include "op/group_disk.h"
#include "op/joint.h"
#include "util/buf.h"

/* More than this are folded by all instances. */
#define TABLE_GROUPS_ALONE 8192

static int
aggregate_bind(struct op *op, struct err *err)
{
	(void)err;
	op->out = schema_new();
	group_rows_add_keys(op, op->out);
	group_rows_add_aggregates(op, op->out);
	return 0;
}

void
aggregate_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)out;
	(void)port;
	group_rows_need(op, in);
	/* Who makes sets of keys itself. */
	for (uint32_t i = 0; i < op->args.item_count; i++)
		need_add_expr(in, op->args.item[i].expr);
}

void *
aggregate_share(const struct op *op, uint32_t instance_count)
{
	struct aggregate_share *share = mem_alloc_zero(sizeof(*share));

	(void)op;
	share->budget.name = op_aggregate.name;
	share->instance_count = instance_count;
	share->instance = mem_alloc_zero(instance_count *
	    sizeof(*share->instance));
	mem_budget_enter(&share->budget);
	return share;
}

void
aggregate_unshare(void *take_share)
{
	struct aggregate_share *share = take_share;

	mem_budget_leave(&share->budget);
	mem_free(share->instance);
	mem_free(share);
}

int
aggregate_open(struct op_run *run, struct err *err)
{
	struct aggregate *state = run->state;
	const struct op_args *args = &run->op->args;

	(void)err;
	state->run = run;
	if (state->share == NULL)
		state->share = run->share;
	state->share->instance[run->instance] = state;
	mem_budget_enter(&run->budget);
	group_rows_init(&state->rows, run, 0);
	group_rows_take_all(&state->rows, &state->share->budget);
	state->disk[0] = group_disk_new(run);
	state->disk[1] = group_disk_new(run);
	group_rows_set_disk(&state->rows, state->disk[0]);
	for (uint32_t i = 0; i < args->agg_count; i++)
		state->is_ordered |= (agg_expr_def(args->agg[i].agg)->flags &
		    AGG_ORDERED) != 0;
	state->table = aggregate_table(state);
	state->sets = sets_new(state);
	if (args->by_count == 0)
		aggregate_make_single(state);
	aggregate_choose_limits(state);
	return 0;
}

static enum op_status
aggregate_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;

	(void)port;
	int status = aggregate_add(run->state, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* --- together --- */

/* Where this instance's records are among those of all. */
static void
make_places(struct aggregate *state)
{
	const struct aggregate_share *share = state->share;
	struct turns *turns = &state->turns;
	const struct turns **all;

	if (share->instance_count == 1)
		return;
	all = mem_alloc(share->instance_count * sizeof(*all));
	for (uint32_t i = 0; i < share->instance_count; i++)
		all[i] = &share->instance[i]->turns;
	turns_settle(turns, all, share->instance_count);
	mem_free(all);
	struct agg_span *span = mem_alloc_zero((turns->count + 1) *
	    sizeof(*span));
	for (uint64_t i = 0; i < turns->count; i++)
		span[i] = (struct agg_span){ turns->stretch[i].own,
			turns->stretch[i].all };
	/* An instance without records has one group all the same. */
	state->places.count = turns->count == 0 ? 1 :
	    (uint32_t)turns->count;
	state->places.span = span;
}

/* Behind the first meeting: how the groups are dealt. */
static void
prepare_piles(struct aggregate *state)
{
	const struct aggregate_share *share = state->share;

	for (uint32_t i = 0; i < share->instance_count; i++)
		if (share->instance[i]->is_spread)
			state->pile_count = PILE_COUNT_MAX;
	if (state->pile_count == 0 && share->instance_count == 1)
		return;
	if (state->pile_count == 0)
		state->pile_count = 1;
	state->single = NULL;
	aggregate_unload(state, state->pile_count);
	make_places(state);
}

static enum op_status
fold_piece(struct aggregate *state, struct err *err)
{
	uint32_t piece;

	if (!op_deal(state->run, 2, state->pile_count, &piece)) {
		state->step = STEP_FOLDED;
		return aggregate_join_files(state, err) == 0 ? OP_AGAIN :
		    OP_FAIL;
	}
	return aggregate_fold(state, state->share->instance,
	    state->share->instance_count, piece, err) == 0 ? OP_AGAIN :
	    OP_FAIL;
}

/* The last to go frees what all have read. */
static void
leave(struct aggregate *state)
{
	struct aggregate_share *share = state->share;

	giver_free(&state->giver);
	state->step = STEP_LEFT;
	if (__atomic_add_fetch(&share->left_count, 1, __ATOMIC_ACQ_REL) <
	    share->instance_count)
		return;
	for (uint32_t i = 0; i < share->instance_count; i++)
		aggregate_free_results(share->instance[i]);
}

static enum op_status
give_some(struct aggregate *state, struct err *err)
{
	if (state->giver == NULL &&
	    (state->giver = giver_new(state, err)) == NULL)
		return OP_FAIL;
	enum op_status status = giver_give(state->giver, err);
	if (status == OP_OK)
		leave(state);
	return status;
}

static enum op_status
aggregate_work(struct op_run *run, unsigned port, struct err *err)
{
	struct aggregate *state = run->state;
	enum op_status status;

	(void)port;
	switch (state->step) {
	case STEP_ADD:
		if (state->sets != NULL && sets_unload(state->sets, err) != 0)
			return OP_FAIL;
		sets_free(&state->sets);
		state->is_spread = state->piles != NULL ||
		    (state->share->instance_count > 1 &&
		    group_table_count(state->table) > TABLE_GROUPS_ALONE);
		state->step = STEP_ADDED;
		return OP_AGAIN;
	case STEP_ADDED:
		if ((status = op_meet(run, 1)) != OP_OK)
			return status;
		/* The others read what was written until now. */
		group_rows_set_disk(&state->rows, state->disk[1]);
		prepare_piles(state);
		state->step = STEP_FOLD;
		/* A table that holds all is the result. */
		if (state->pile_count == 0 &&
		    aggregate_finish(state, state->table, err) != 0)
			return OP_FAIL;
		return OP_AGAIN;
	case STEP_FOLD:
		if ((status = op_meet(run, 2)) != OP_OK)
			return status;
		return fold_piece(state, err);
	case STEP_FOLDED:
		if ((status = op_meet(run, 3)) != OP_OK)
			return status;
		group_piles_free(&state->piles);
		group_table_free(&state->table);
		state->step = STEP_GIVE;
		return OP_AGAIN;
	case STEP_GIVE:
		return give_some(state, err);
	case STEP_LEFT:
		break;
	}
	return OP_OK;
}

void
aggregate_close(struct op_run *run)
{
	struct aggregate *state = run->state;

	giver_free(&state->giver);
	sets_free(&state->sets);
	aggregate_free_results(state);
	mem_free(state->result);
	group_piles_free(&state->piles);
	if (state->table != NULL)
		aggregate_table_clear(state, state->table);
	group_table_free(&state->table);
	group_front_free(&state->front);
	aggregate_free_shapes(state);
	group_rows_fini(&state->rows);
	group_disk_free(&state->disk[0]);
	group_disk_free(&state->disk[1]);
	mem_free((void *)(uintptr_t)state->places.span);
	turns_fini(&state->turns);
	mem_budget_leave(&run->budget);
}

static void
aggregate_explain(const struct op *op, struct buf *out)
{
	group_rows_explain(op, out);
	if (op->args.set_count == 0)
		return;
	buf_add_string(out, " of ");
	expand_explain_sets(op, out);
}

const struct op_def op_aggregate = {
	.name = "aggregate",
	.syntax = "aggregate [NAME =] AGGREGATE [where COND], ... [by KEYS] "
	    "[window WINDOW [late ...]]",
	.summary = "one record a group: counts, sums and more",
	.holds = "one row a group",
	.example = "aggregate n = count(), avg_ms = avg(ms) by country",
	.flags = OP_BLOCKS | OP_HOLDS | OP_JOINT,
	.state_bytes = sizeof(struct aggregate),
	.bind = aggregate_bind,
	.need = aggregate_need,
	.open = aggregate_open,
	.push = aggregate_push,
	.share = aggregate_share,
	.unshare = aggregate_unshare,
	.work = aggregate_work,
	.close = aggregate_close,
	.explain = aggregate_explain,
};
