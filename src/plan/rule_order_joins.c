/*
 * `semi join` and `anti join` are asked as early as they pay.
 *
 * They leave records out and change none, like a `where`, so they may stand
 * before what a condition may stand before (plan_pass.c), as long as looking up
 * their keys refuses no record.  Both sides of both joins are the same then,
 * and what is left comes in the same order.
 *
 * They pass what only computes, to come to a join that pairs; and such a join
 * if it is likely to give a record for most that it takes: a left join, or an
 * inner one whose other side is a file as it is, unfiltered.  An inner join
 * that is filtered leaves out records itself, and then the cheaper of the two
 * cannot be told before they run.
 *
 * Inner joins keep their order among themselves: where both find several
 * partners the order of the joined records is that of the first.
 */
#include "plan/rule.h"

static int
leaves_out(const struct op *op)
{
	return !op->is_out && op_is_named(op, "join") &&
	    op->args.residual == NULL && (op->args.join == OP_JOIN_SEMI ||
	    op->args.join == OP_JOIN_ANTI);
}

static int
pairs(const struct op *op)
{
	return op_is_named(op, "join") && (op->args.join == OP_JOIN_LEFT ||
	    op->args.join == OP_JOIN_INNER);
}

/* Does every record of a source come to input `port` of `op`? */
static int
input_is_whole(const struct flow *flow, const struct op *op, unsigned port)
{
	for (uint32_t i = 0; i < flow->source_count; i++)
		if (flow->source[i]->next == op &&
		    flow->source[i]->next_port == port)
			return 1;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *before = flow->op[i];
		if (before->next == op && before->next_port == port)
			return before->input_count == 1 &&
			    plan_op_is_one_to_one(before, 1) &&
			    input_is_whole(flow, before, 0);
	}
	return 0;
}

static int
is_worth_passing(const struct flow *flow, const struct op *op)
{
	return pairs(op) && (op->args.join == OP_JOIN_LEFT ||
	    input_is_whole(flow, op, 1));
}

/* Can it stand before `before`, unseen? */
static int
join_can_pass(const struct plan *plan, const struct op *join,
	const struct op *before)
{
	int plain = plan_fields_are_plain(plan, before);
	int can = plan_can_be_passed(before, plain);

	for (uint32_t i = 0; i < join->args.on_count && can; i++)
		can = plan_expr_can_pass(before, join->args.on_left[i], plain);
	return can;
}

/* How many stages before it, from the nearest, it passes; up to the last that
 * is worth it. */
static uint32_t
count_passed(const struct plan *plan, const struct op *join)
{
	const struct op *before = join;
	uint32_t count = 0, worth = 0;

	for (;;) {
		const struct op *next = before;
		before = plan_op_before(plan->flow, before);
		/* Behind a new name its keys are called otherwise. */
		if (before == NULL || before->next != next ||
		    before->side != NULL || op_is_named(before, "rename") ||
		    op_is_named(before, "select") ||
		    !join_can_pass(plan, join, before))
			return worth;
		count++;
		if (is_worth_passing(plan->flow, before))
			worth = count;
	}
}

void
rule_order_joins(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->flow->op_count; i++) {
		struct op *join = plan->flow->op[i];
		if (!leaves_out(join))
			continue;
		for (uint32_t left = count_passed(plan, join); left > 0;
		    left--) {
			struct op *before = plan_op_before(plan->flow, join);
			plan_move_before(plan->flow, join, before);
			if (op_is_named(before, "join"))
				plan_note(plan, "a join that only leaves out "
				    "is asked before one that pairs");
		}
	}
}
