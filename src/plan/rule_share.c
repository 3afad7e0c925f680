/*
 * What a stage computes in several places it computes once: the items of select
 * and extend, the arguments of aggregates.
 */
#include "plan/rule.h"

static void
add_expr(struct expr ***list, uint32_t *count, struct expr *expr)
{
	if (expr == NULL)
		return;
	*list = mem_resize(*list, (*count + 1) * sizeof(struct expr *));
	(*list)[(*count)++] = expr;
}

static uint32_t
share_op(const struct op *op)
{
	const struct op_args *args = &op->args;
	struct expr **list = NULL;
	uint32_t count = 0, shared;

	for (uint32_t i = 0; i < args->item_count; i++)
		add_expr(&list, &count, args->item[i].expr);
	for (uint32_t i = 0; i < args->agg_count; i++) {
		unsigned arg_count;
		struct expr *const *arg = agg_expr_args(args->agg[i].agg,
		    &arg_count);
		for (unsigned k = 0; k < arg_count; k++)
			add_expr(&list, &count, arg[k]);
	}
	shared = count < 2 ? 0 : expr_share(list, count);
	mem_free(list);
	return shared;
}

void
rule_share(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->flow->op_count; i++) {
		const struct op *op = plan->flow->op[i];
		uint32_t shared = op->is_out ? 0 : share_op(op);
		if (shared > 0)
			plan_note(plan, "%u call%s of %s %s computed once",
			    shared, shared == 1 ? "" : "s", op->def->name,
			    shared == 1 ? "is" : "are");
	}
}
