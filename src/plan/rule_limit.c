/*
 * `head N` goes before stages that only compute: they are then asked for N
 * records, not for a batch or more, and a `sort` may come to stand right before
 * it.  A head of many records stays: what is before it is shared by all
 * processors, what is behind it is not.
 */
#include "plan/rule.h"

#define LIMIT_MAX 100000

static int
head_can_pass(const struct plan *plan, const struct op *head,
	const struct op *before)
{
	return before != NULL && before->next == head &&
	    before->side == NULL && plan_op_is_one_to_one(before,
	    plan_fields_are_plain(plan, before));
}

void
rule_limit(struct plan *plan)
{
	struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *head = flow->op[i];
		struct op *before;
		if (head->is_out || !op_is_named(head, "head") ||
		    head->args.by_count > 0 || head->args.limit > LIMIT_MAX)
			continue;
		while (head_can_pass(plan, head,
		    before = plan_op_before(flow, head))) {
			plan_move_before(flow, head, before);
			plan_note(plan, "head stands before %s",
			    before->def->name);
		}
	}
}
