/*
 * by rollup(a, b), cube(a, b): records are added once, not once a set.
 *
 * The checker puts `expand` before such an aggregate.  The aggregate does that
 * itself where the states of all its aggregates can be added to each other and
 * do not hang on the order of records (op/aggregate_sets.c): first, last and
 * list stay as they are.
 */
#include "plan/rule.h"

static int
can_add_states(const struct op *op)
{
	for (uint32_t i = 0; i < op->args.agg_count; i++) {
		const struct agg_def *def = agg_expr_def(op->args.agg[i].agg);
		if (def->merge == NULL || (def->flags & AGG_ORDERED))
			return 0;
	}
	return 1;
}

void
rule_sets(struct plan *plan)
{
	struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		struct op *expand = op->is_out ||
		    !op_is_named(op, "aggregate") ? NULL :
		    plan_op_before(flow, op);
		if (expand == NULL || expand->next != op ||
		    !op_is_named(expand, "expand") ||
		    !can_add_states(op))
			continue;
		op->args.item = expand->args.item;
		op->args.item_count = expand->args.item_count;
		op->args.set = expand->args.set;
		op->args.set_count = expand->args.set_count;
		expand->args.item = NULL;
		expand->args.item_count = 0;
		expand->args.set = NULL;
		expand->args.set_count = 0;
		schema_drop(&op->in[0]);
		op->in[0] = schema_hold(expand->in[0]);
		plan_take_out(flow, expand);
		plan_note(plan, "records are added once for %u sets of keys",
		    op->args.set_count);
	}
}
