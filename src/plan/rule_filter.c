/*
 * Conditions are asked as early as they can be.
 *
 * Each condition of `where a and b` is held against the stage before it: may
 * the two change places (plan_pass.c)?  The condition must refuse no record
 * then, for records are told as they are where they are refused, in the order
 * in which they come there.
 *
 * What can pass goes into a `where` of its own before the stage, which is then
 * held against the next one, up to the source; two that meet become one.
 *
 * For the same reason no condition passes another that refuses records.
 */
#include "plan/rule.h"

#include <stdio.h>

/* --- changing places --- */

/* Which of the conditions can pass `before`?  How many can. */
static uint32_t
find_movers(const struct op *before, int plain, struct expr *const *part,
	uint32_t count, uint8_t *moves)
{
	int stays_total = 1;
	uint32_t moved = 0;

	for (uint32_t i = 0; i < count; i++) {
		int total = expr_is_total(part[i], plain) &&
		    expr_type(part[i]) == TYPE_BOOL;
		moves[i] = total && stays_total &&
		    plan_expr_can_pass(before, part[i], plain);
		moved += moves[i];
		stays_total &= total;
	}
	return moved;
}

/* The conditions joined again; NULL without any. */
static struct expr *
join_parts(struct expr *const *part, const uint8_t *moves, uint8_t wanted,
	uint32_t count)
{
	struct expr *expr = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (moves[i] == wanted)
			expr = expr == NULL ? part[i] :
			    expr_and(expr, part[i]);
	return expr;
}

static void
note_fields(void *cookie, const char *name)
{
	struct need_set *fields = cookie;

	if (name != NULL)
		need_add(fields, name);
}

static void
note_move(struct plan *plan, const struct op *before, const struct expr *expr)
{
	struct need_set *fields = need_set_new();
	char names[80] = "";
	size_t used = 0;

	expr_visit_fields(expr, note_fields, fields);
	for (uint32_t i = 0; i < need_count(fields) && used < 60; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used,
		    "%s%.18s", i == 0 ? "" : ", ", need_name(fields, i));
	need_set_free(&fields);
	plan_note(plan, "the condition on %s is asked before %s",
	    used == 0 ? "nothing" : names, before->def->name);
}

/* A `where` that stands before `before`, where it is still called so. */
static struct op *
where_new(struct plan *plan, const struct op *like, struct op *before,
	struct expr *take_expr)
{
	struct op *op = op_new(like->def);

	op->args.span_offset = like->args.span_offset;
	op->args.span_bytes = like->args.span_bytes;
	op->args.expr_offset = like->args.expr_offset;
	op->args.expr_bytes = like->args.expr_bytes;
	op->args.expr = take_expr;
	plan_add_op(plan->flow, op);
	op->in[0] = schema_hold(before->in[0]);
	op->out = schema_hold(before->in[0]);
	op->origin_format = before->origin_format;
	return op;
}

/*
 * Let what can pass the stage before do so.  The operator that stands before
 * that now, or NULL: nothing can.
 */
static struct op *
where_pass(struct plan *plan, struct op *where, struct op *before)
{
	int plain = plan_fields_are_plain(plan, before);
	uint32_t count;

	if (before->next != where || !plan_can_be_passed(before, plain))
		return NULL;
	struct expr **part = expr_split_and(where->args.expr, &count);
	uint8_t *moves = mem_alloc_zero(count);
	uint32_t moved = find_movers(before, plain, part, count, moves);
	struct expr *passes = join_parts(part, moves, 1, count);
	struct expr *stays = join_parts(part, moves, 0, count);
	mem_free(moves);
	mem_free(part);
	where->args.expr = stays;
	if (moved == 0)
		return NULL;
	note_move(plan, before, passes);
	if (op_is_named(before, "select") || op_is_named(before, "rename"))
		expr_rename_fields(passes, plan_rename_back, before);
	if (moved == count) {
		where->args.expr = passes;
		plan_move_before(plan->flow, where, before);
		return where;
	}
	struct op *first = where_new(plan, where, before, passes);
	plan_put_before(plan->flow, before, first);
	return first;
}

/* `where a | where b` is `where a and b`, if one of them refuses nothing: what
 * both refuse would else be told in another order. */
static int
where_merge(struct plan *plan, struct op *where, struct op *before)
{
	int plain = plan_fields_are_plain(plan, before);

	if (!op_is_named(before, "where") || before->next != where ||
	    expr_type(before->args.expr) != TYPE_BOOL ||
	    expr_type(where->args.expr) != TYPE_BOOL ||
	    !(expr_is_total(before->args.expr, plain) ||
	    expr_is_total(where->args.expr, plain)))
		return 0;
	before->args.expr = expr_and(before->args.expr, where->args.expr);
	where->args.expr = NULL;
	plan_take_out(plan->flow, where);
	return 1;
}

void
rule_filter(struct plan *plan)
{
	/* Those that are made on the way are last, and get their turn. */
	for (uint32_t i = 0; i < plan->flow->op_count; i++) {
		struct op *where = plan->flow->op[i];
		if (!op_is_named(where, "where") || where->is_out)
			continue;
		for (;;) {
			struct op *before = plan_op_before(plan->flow, where);
			if (before == NULL)
				break;
			if (where_merge(plan, where, before)) {
				where = before;
				continue;
			}
			struct op *moved = where_pass(plan, where, before);
			if (moved == NULL)
				break;
			where = moved;
		}
	}
}
