/*
 * Conditions of one `where` that refuse no record are asked in the order that
 * costs least: the filter measures and chooses (expr/filter_order.c).
 */
#include "plan/rule.h"

void
rule_order(struct plan *plan)
{
	struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->is_out || !op_is_named(op, "where"))
			continue;
		if (expr_order_freely(op->args.expr,
		    plan_fields_are_plain(plan, op)))
			plan_note(plan, "the conditions of where are asked in "
			    "the order that costs least");
	}
}
