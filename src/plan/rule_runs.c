/*
 * `sort k | aggregate ... by k`: each group is done when the next key comes.
 *
 * Who aggregates records that come in the order of some of its keys need hold
 * but the groups of one run of these, and gives them at once (op/op_runs.c).
 * The order is that of a sort before it, with only such stages between as keep
 * the order of records (plan_order.c).  The first keys of the sort must be
 * fields that are grouped by: as many as are so.
 *
 * `dedup by k` is the same: it need know but the keys of one run.
 *
 * A group must lie in one run: what is one key to the group has to be one to
 * the sort (plan_order.c says when).
 *
 * Where a record ends the job the groups before it have been given, if it is
 * standard output: without this nothing has.  And if nobody wants more groups
 * (`head 5`) that record is never seen.
 *
 * It runs once, so nothing that asks for wide inputs may stand behind it.
 */
#include "plan/rule.h"

#include <string.h>

/* Does what follows take two inputs, or set a value that others wait for? */
static int
must_be_wide(const struct op *op)
{
	for (; op != NULL; op = op->next)
		if (op->input_count > 1 || (op->def->flags & OP_KEYED) ||
		    op_is_named(op, "scalar") ||
		    (op->side != NULL && must_be_wide(op->side)))
			return 1;
	return 0;
}

/* The keys of the group that are the first of the sort. */
static uint64_t
keys_in_order(const struct plan *plan, const struct op *op)
{
	const char *name[OP_ORDER_MAX];
	uint32_t count = op->args.by_count;
	uint64_t all = 0, found = 1;

	for (uint32_t k = 0; k < count; k++)
		name[k] = expr_field_name(op->args.by[k].expr);
	const struct op *sort = plan_sort_before(plan, op, 0, name, count);
	for (uint32_t k = 0; sort != NULL && k < count; k++)
		if (plan_type_in_order(plan, sort, name[k],
		    expr_type(op->args.by[k].expr)) == TYPE_NULL)
			name[k] = NULL;
	for (uint32_t s = 0; sort != NULL && s < sort->args.key_count &&
	    found != 0; s++) {
		const char *key = expr_field_name(sort->args.key[s].expr);
		found = 0;
		for (uint32_t k = 0; k < count; k++)
			if (key != NULL && name[k] != NULL &&
			    strcmp(key, name[k]) == 0)
				found |= (uint64_t)1 << k;
		all |= found;
	}
	return all;
}

static int
can_be_runs(const struct op *op)
{
	return op_is_named(op, "dedup") || (op_is_named(op, "aggregate") &&
	    op->args.set_count == 0 && !must_be_wide(op));
}

void
rule_runs(struct plan *plan)
{
	struct flow *flow = plan->flow;

	if (plan->config.has_checkpoints)
		return;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->is_out || op->args.by_count > OP_ORDER_MAX ||
		    !can_be_runs(op))
			continue;
		op->args.in_order = keys_in_order(plan, op);
		if (op->args.in_order == 0)
			continue;
		const char *key = op->args.by[__builtin_ctzll(
		    op->args.in_order)].name;
		if (op_is_named(op, "dedup")) {
			plan_note(plan, "dedup forgets its keys when the next "
			    "%s comes", key);
			continue;
		}
		op->def = op_find("runs", 4);
		plan_note(plan, "groups are given when the next %s comes",
		    key);
	}
}
