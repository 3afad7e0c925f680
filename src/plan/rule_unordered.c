/*
 * `join ... | aggregate n = count()`: nobody sees in which order the joined
 * records come.
 *
 * A join that has put partitions away keeps what the others give, in a file,
 * until it can be put in order (op/join_ending.c).  That is spared where the
 * order is lost anyway: in an aggregate without keys, or one whose groups are
 * sorted by all their keys at once.  Only what takes each record for itself, or
 * a further join, may be between.  None of them may refuse a record, because
 * the first that is refused is told first; and what is computed has to come to
 * the same in any order, to the last digit.
 */
#include "plan/rule.h"

/* Is a group shown the same, whichever of its records came first? */
static int
is_shown_alike(enum type type)
{
	switch (type) {
	case TYPE_BOOL: case TYPE_INT: case TYPE_TIME: case TYPE_DATE:
	case TYPE_DURATION: case TYPE_TEXT:
		return 1;
	default:
		return 0;
	}
}

/* Is the field a key of the sort, in either direction? */
static int
is_sorted_by(const struct op *sort, const char *name)
{
	for (uint32_t i = 0; i < sort->args.key_count; i++) {
		const char *key = expr_field_name(sort->args.key[i].expr);
		if (key != NULL && strcmp(key, name) == 0)
			return 1;
	}
	return 0;
}

static int
groups_are_sorted(const struct op *op, int plain)
{
	const struct op *sort = op->next;

	if (op->args.by_count > 0 && (sort == NULL || sort->is_out ||
	    op->side != NULL || !op_is_named(sort, "sort")))
		return 0;
	for (uint32_t i = 0; i < op->args.by_count; i++) {
		const struct op_item *by = &op->args.by[i];
		if (!is_shown_alike(expr_type(by->expr)) ||
		    !expr_is_pure(by->expr, plain) ||
		    !is_sorted_by(sort, by->name))
			return 0;
	}
	return 1;
}

static int
loses_order(const struct op *op, int plain)
{
	if (!op_is_named(op, "aggregate") || op->args.set_count > 0 ||
	    !groups_are_sorted(op, plain))
		return 0;
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		if (!agg_expr_is_unordered(op->args.agg[i].agg, plain))
			return 0;
	return 1;
}

static int
join_takes_each(const struct op *op, unsigned port, int plain)
{
	const struct op_args *args = &op->args;

	if (!op_is_named(op, "join") || port != 0 || args->residual != NULL ||
	    args->asof_left != NULL)
		return 0;
	for (uint32_t i = 0; i < args->on_count; i++)
		if (!expr_is_pure(args->on_left[i], plain))
			return 0;
	return 1;
}

static int
takes_each(const struct op *op, unsigned port, int plain)
{
	return plan_only_leaves_out(op, plain) ||
	    plan_op_is_one_to_one(op, plain) ||
	    join_takes_each(op, port, plain);
}

static int
is_unseen(const struct plan *plan, const struct op *join)
{
	const struct op *op = join;

	while (op->next != NULL && op->side == NULL) {
		unsigned port = op->next_port;
		op = op->next;
		int plain = plan_fields_are_plain(plan, op);
		if (loses_order(op, plain))
			return 1;
		if (!takes_each(op, port, plain))
			return 0;
	}
	return 0;
}

void
rule_unordered(struct plan *plan)
{
	struct flow *flow = plan->flow;

	if (plan->config.has_checkpoints)
		return;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->is_out || !op_is_named(op, "join") ||
		    op->args.merge_key != NULL || !is_unseen(plan, op))
			continue;
		op->args.is_unordered = 1;
		plan_note(plan, "nobody sees in which order a join's records "
		    "come");
	}
}
