/*
 * `sort k | join (from b | sort k) on k`: both sides come in order.
 *
 * A join whose sides both come in the order of its keys keeps its other side as
 * it comes, and each batch of this side meets but the part of that whose keys
 * lie between its own (op/join_strip.c, op/join_window.c).  Where memory is
 * short the other side goes to a file once, and is read once; nothing of this
 * side does, and nothing has to be brought in order again.  What comes out is
 * the same, in the same order.
 *
 * All keys of the join must be fields, and be the first keys of both sorts, at
 * the same places and in the same direction; the join's own are put in that
 * order, before the rule `ahead` copies them.  With a key that is in no order
 * the rows between two records may be far more than those that they meet.  The
 * stages between, and which fields, are those of plan_order.c; and both fields
 * must have one type, or be undeclared text, because the sorts see the number 1
 * and the text "1" apart, or 0.1 as a decimal and as a float, and the join does
 * not.
 *
 * An asof join orders by time what has one key; and where this side is read
 * first what it does not meet is not kept (rule_side.c).
 */
#include "plan/rule.h"

#include <string.h>

static int
is_wanted(const struct op *op)
{
	return !op->is_out && op_is_named(op, "join") &&
	    op->args.on_count > 0 && op->args.on_count <= OP_ORDER_MAX &&
	    op->args.join != OP_JOIN_ASOF && !op->args.left_first;
}

/* A side: the sort before it, the names there of its keys, their types. */
struct side {
	const struct op *sort;
	const char *name[OP_ORDER_MAX];
	enum type type[OP_ORDER_MAX];
};

static int
side_find(const struct plan *plan, const struct op *join, unsigned port,
	struct side *side)
{
	struct expr **on = port == 0 ? join->args.on_left :
	    join->args.on_right;
	uint32_t count = join->args.on_count;

	for (uint32_t k = 0; k < count; k++)
		side->name[k] = expr_field_name(on[k]);
	side->sort = plan_sort_before(plan, join, port, side->name, count);
	for (uint32_t k = 0; side->sort != NULL && k < count; k++)
		side->type[k] = plan_type_in_order(plan, side->sort,
		    side->name[k], expr_type(on[k]));
	return side->sort != NULL && side->sort->args.key_count >= count;
}

/* Is the key of the join what the sort has at this place? */
static int
is_key(const struct side *side, uint32_t k, uint32_t place)
{
	const char *name = expr_field_name(side->sort->args.key[place].expr);

	return name != NULL && side->name[k] != NULL &&
	    strcmp(name, side->name[k]) == 0;
}

/* Do both sorts go one way there? */
static int
is_one_way(const struct side *left, const struct side *right, uint32_t place)
{
	const struct op_key *a = &left->sort->args.key[place];
	const struct op_key *b = &right->sort->args.key[place];

	return a->descending == b->descending &&
	    a->nulls_first == b->nulls_first;
}

/* Which key of the join stands at each place?  0: none at some. */
static int
find_places(const struct op *join, const struct side *left,
	const struct side *right, uint32_t *key)
{
	uint32_t count = join->args.on_count;

	for (uint32_t place = 0; place < count; place++) {
		uint32_t k = 0;
		while (k < count && !(is_key(left, k, place) &&
		    is_key(right, k, place)))
			k++;
		if (k == count || left->type[k] == TYPE_NULL ||
		    left->type[k] != right->type[k] ||
		    !is_one_way(left, right, place))
			return 0;
		for (uint32_t i = 0; i < place; i++)
			if (key[i] == k)
				return 0;
		key[place] = k;
	}
	return 1;
}

static void
order_keys(struct expr **on, const uint32_t *key, uint32_t count)
{
	struct expr *old[OP_ORDER_MAX];

	memcpy(old, on, count * sizeof(*old));
	for (uint32_t place = 0; place < count; place++)
		on[place] = old[key[place]];
}

void
rule_merge(struct plan *plan)
{
	struct flow *flow = plan->flow;
	uint32_t key[OP_ORDER_MAX];
	struct side left, right;

	if (plan->config.has_checkpoints)
		return;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (!is_wanted(op) || !side_find(plan, op, 0, &left) ||
		    !side_find(plan, op, 1, &right) ||
		    !find_places(op, &left, &right, key))
			continue;
		order_keys(op->args.on_left, key, op->args.on_count);
		order_keys(op->args.on_right, key, op->args.on_count);
		op->args.merge_key = left.sort->args.key;
		plan_note(plan, "both sides of a join come in the order of %s",
		    expr_field_name(op->args.on_left[0]));
	}
}
