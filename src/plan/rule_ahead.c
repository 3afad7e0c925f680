/*
 * What a later join finds nothing for is left out before it comes to one that
 * pairs: the joins of a chain work in the order of what they leave, whatever
 * their order in the program.
 *
 *     join orders on ok | join (part | where size == 15) on pk
 *
 * An inner join gives nothing for a record without a partner, so such records
 * may go as soon as the keys are there (op/op_ahead.c): before joins, and
 * before a sort or a parse.  How many it leaves out is measured while it runs,
 * and if they are few it is not asked.  The joins themselves keep their order:
 * where two find several partners each, that of the joined records is the
 * order of the first.
 *
 * The keys must come through all stages that are passed, if by another name,
 * and neither looking them up nor a stage that is passed may refuse a record
 * (plan_pass.c).  It costs a look at each record for a time, so it must pass
 * more than what only computes.  The join's other side has to be there before
 * its own comes, so a join whose own side is read first cannot be asked.
 */
#include "plan/rule.h"

/* Does it give nothing for a record without a partner? */
static int
leaves_out(const struct op *op)
{
	return !op->is_out && op_is_named(op, "join") &&
	    op->args.on_count > 0 && !op->args.left_first &&
	    (op->args.join == OP_JOIN_INNER ||
	    op->args.join == OP_JOIN_SEMI || op->args.join == OP_JOIN_RIGHT);
}

static int
is_worth_passing(const struct op *op)
{
	int pairs = op_is_named(op, "join") && op->args.join != OP_JOIN_SEMI &&
	    op->args.join != OP_JOIN_ANTI;

	return pairs || op_is_named(op, "sort") || op_is_named(op, "parse");
}

/* May keys be asked before `before`?  They are called as they are there. */
static int
keys_pass(const struct plan *plan, struct expr *const *key, uint32_t count,
	const struct op *before)
{
	int plain = plan_fields_are_plain(plan, before);
	int is_filter = plan_only_leaves_out(before, plain);
	int can = is_filter || plan_can_be_passed(before, plain);

	for (uint32_t i = 0; i < count && can; i++)
		can = is_filter ? expr_is_pure(key[i], plain) :
		    plan_expr_can_pass(before, key[i], plain);
	if (!can || !(op_is_named(before, "rename") ||
	    op_is_named(before, "select")))
		return can;
	for (uint32_t i = 0; i < count; i++)
		expr_rename_fields(key[i], plan_rename_back, (void *)before);
	return 1;
}

static struct expr **
keys_copy(struct expr *const *key, uint32_t count)
{
	struct expr **copy = mem_alloc(count * sizeof(struct expr *));

	for (uint32_t i = 0; i < count; i++)
		copy[i] = expr_copy(key[i]);
	return copy;
}

static void
keys_free(struct expr **take_key, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		expr_free(&take_key[i]);
	mem_free(take_key);
}

/* The farthest stage before the join that is worth standing before, or NULL.
 * *key: the join's keys as they are called there. */
static struct op *
find_place(const struct plan *plan, const struct op *join, struct expr ***key)
{
	uint32_t count = join->args.on_count;
	struct expr **at = keys_copy(join->args.on_left, count);
	struct op *place = NULL;
	const struct op *next = join;

	for (;;) {
		struct op *before = plan_op_before(plan->flow, next);
		if (before == NULL || before->next != next ||
		    before->side != NULL ||
		    !keys_pass(plan, at, count, before))
			break;
		if (is_worth_passing(before)) {
			if (place != NULL)
				keys_free(*key, count);
			*key = keys_copy(at, count);
			place = before;
		}
		next = before;
	}
	keys_free(at, count);
	return place;
}

static struct op *
ahead_new(const struct op *join, const struct op *place, struct expr **take_key)
{
	struct op *op = op_new(op_find("ahead", 5));
	uint32_t count = join->args.on_count;

	op->asks = join;
	op->args.by = mem_alloc_zero(count * sizeof(*op->args.by));
	op->args.by_count = count;
	for (uint32_t i = 0; i < count; i++)
		op->args.by[i].expr = take_key[i];
	op->in[0] = schema_hold(place->in[0]);
	op->out = schema_hold(place->in[0]);
	op->origin_format = place->origin_format;
	mem_free(take_key);
	return op;
}

void
rule_ahead(struct plan *plan)
{
	struct flow *flow = plan->flow;
	uint32_t count = flow->op_count;

	for (uint32_t i = 0; i < count; i++) {
		struct op *join = flow->op[i], *place;
		struct expr **key = NULL;
		if (!leaves_out(join) ||
		    (place = find_place(plan, join, &key)) == NULL)
			continue;
		struct op *op = ahead_new(join, place, key);
		plan_add_op(flow, op);
		plan_put_before(flow, place, op);
		plan_note(plan, "what a join finds nothing for is left out "
		    "before %s", place->def->name);
	}
}
