/*
 * Conditions are asked as early as they can be.
 *
 * Each condition of `where a and b` is held against the stage before it: may
 * the two change places?  They may if the stage gives a record for each one
 * that it takes, and does not make what the condition reads, or only gives it
 * another name; a `sort`, a `parse` and, by what is asked of its left side
 * alone, a join may be passed too.  And nobody may see it.  So the stage must
 * refuse no record, for it might refuse one that the condition now leaves out;
 * and the condition must refuse none, for records are told as they are where
 * they are refused, in the order in which they come there.
 *
 * What can pass goes into a `where` of its own before the stage, which is then
 * held against the next one, up to the source; two that meet become one.
 *
 * For the same reason no condition passes another that refuses records.
 */
#include "plan/rule.h"

#include <stdio.h>
#include <string.h>

#include "op/parse_pattern.h"

/* What is asked about the fields of a condition. */
struct ask {
	const struct op *op;
	int plain;
	int can;
};

static int
is_named(const struct op *op, const char *name)
{
	return strcmp(op->def->name, name) == 0;
}

/* The item of that name, if it is the only one. */
static const struct op_item *
item_of(const struct op *op, const char *name)
{
	const struct op_item *found = NULL;

	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		if (item->kind != OP_ITEM_EXPR ||
		    strcmp(item->name, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = item;
	}
	return found;
}

static int
has_item(const struct op *op, const char *name)
{
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (op->args.item[i].kind == OP_ITEM_EXPR &&
		    strcmp(op->args.item[i].name, name) == 0)
			return 1;
	return 0;
}

static int
has_item_kind(const struct op *op, enum op_item_kind kind)
{
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (op->args.item[i].kind == kind)
			return 1;
	return 0;
}

/* What select and rename show as `name` is called so before them; NULL: they
 * compute it, or it cannot be told. */
static const char *
name_before(const struct op *op, const char *name)
{
	const struct op_item *item = item_of(op, name);

	if (item != NULL)
		return expr_field_name(item->expr);
	if (has_item(op, name))
		return NULL;
	if (is_named(op, "select"))
		return has_item_kind(op, OP_ITEM_STAR) &&
		    !has_item_kind(op, OP_ITEM_REGEX) ? name : NULL;
	/* The old name of something renamed is nobody's any more. */
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (strcmp(expr_field_name(op->args.item[i].expr), name) == 0)
			return NULL;
	return name;
}

static const char *
rename_back(void *cookie, const char *name)
{
	return name_before(cookie, name);
}

/* Is the field what it was before the operator? */
static int
field_can_pass(const struct op *op, const char *name)
{
	size_t size = strlen(name);

	/* Parts of a joined record are fields of their own. */
	if (strchr(name, '.') != NULL)
		return 0;
	if (is_named(op, "extend"))
		return !has_item(op, name);
	if (is_named(op, "drop"))
		return !has_item_kind(op, OP_ITEM_REGEX) &&
		    !has_item(op, name);
	if (is_named(op, "select") || is_named(op, "rename"))
		return name_before(op, name) != NULL;
	if (is_named(op, "join"))
		return !op->in[0]->open && !op->in[1]->open &&
		    schema_find(op->in[0], name, size) >= 0 &&
		    (op->args.as != NULL ||
		    schema_find(op->in[1], name, size) < 0);
	if (is_named(op, "parse"))
		return !parse_makes_field(op, name);
	return is_named(op, "sort");
}

static void
ask_field(void *cookie, const char *name)
{
	struct ask *ask = cookie;

	ask->can &= name != NULL && field_can_pass(ask->op, name);
}

static int
keys_are_total(const struct op *op, int plain)
{
	for (uint32_t i = 0; i < op->args.key_count; i++)
		if (expr_is_volatile(op->args.key[i].expr) ||
		    !expr_is_total(op->args.key[i].expr, plain))
			return 0;
	return 1;
}

/* What it cannot parse is kept or dropped, and never told. */
static int
parse_can_be_passed(const struct op *op, int plain)
{
	const struct op_args *args = &op->args;

	return (args->route == OP_ROUTE_KEEP || args->route == OP_ROUTE_DROP) &&
	    !expr_is_volatile(args->expr) && expr_is_total(args->expr, plain);
}

static int
join_can_be_passed(const struct op *op)
{
	const struct op_args *args = &op->args;

	if (args->residual != NULL || (args->join != OP_JOIN_INNER &&
	    args->join != OP_JOIN_LEFT && args->join != OP_JOIN_SEMI &&
	    args->join != OP_JOIN_ANTI))
		return 0;
	for (uint32_t i = 0; i < args->on_count; i++)
		if (expr_field_name(args->on_left[i]) == NULL)
			return 0;
	return 1;
}

/* May records be left out before it, unseen? */
static int
can_be_passed(const struct op *op, int plain)
{
	if (plan_op_is_one_to_one(op, plain))
		return 1;
	if (is_named(op, "sort"))
		return keys_are_total(op, plain);
	if (is_named(op, "parse"))
		return parse_can_be_passed(op, plain);
	return is_named(op, "join") && join_can_be_passed(op);
}

/* --- changing places --- */

/* Which of the conditions can pass `before`?  How many can. */
static uint32_t
find_movers(const struct op *before, int plain, struct expr *const *part,
	uint32_t count, uint8_t *moves)
{
	int stays_total = 1;
	uint32_t moved = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct ask ask = { before, plain, 1 };
		int total = expr_is_total(part[i], plain) &&
		    expr_type(part[i]) == TYPE_BOOL;
		expr_visit_fields(part[i], ask_field, &ask);
		moves[i] = ask.can && !expr_is_volatile(part[i]) &&
		    total && stays_total;
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

	if (before->next != where || !can_be_passed(before, plain))
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
	if (is_named(before, "select") || is_named(before, "rename"))
		expr_rename_fields(passes, rename_back, before);
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

	if (!is_named(before, "where") || before->next != where ||
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
		if (!is_named(where, "where") || where->is_out)
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
