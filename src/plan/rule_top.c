/*
 * `sort ... | head N` keeps N rows, not all.
 *
 * The sort is told how many rows are wanted (op/sort_top.c); head stays and
 * counts.  What only renames or drops fields may stand between them.
 */
#include "plan/rule.h"

/* The head that gets all that the sort gives, or NULL. */
static const struct op *
head_behind(const struct op *sort)
{
	const struct op *op = sort->next;

	while (op != NULL && (op_is_named(op, "rename") ||
	    op_is_named(op, "drop")))
		op = op->next;
	return op != NULL && op_is_named(op, "head") && op->args.by_count == 0 ?
	    op : NULL;
}

void
rule_top(struct plan *plan)
{
	struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->is_out || !op_is_named(op, "sort"))
			continue;
		const struct op *head = head_behind(op);
		if (head == NULL || head->args.limit < 1)
			continue;
		op->args.limit = head->args.limit;
		plan_note(plan, "sort keeps the %lld rows that head wants",
		    (long long)head->args.limit);
	}
}
