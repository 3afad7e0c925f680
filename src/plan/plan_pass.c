/*
 * What may stand before an operator instead of behind it.
 *
 * Who leaves records out, by what the records hold, may be asked before a stage
 * if the stage gives a record for each one that it takes, and does not make
 * what is looked at, or only gives it another name; a `sort`, a `parse` and, by
 * what is asked of its left side alone, a join may be passed too.  And nobody
 * may see it: the stage must refuse no record, for it might refuse one that is
 * left out now.
 */
#include "plan/rule.h"

#include <string.h>

#include "op/parse_pattern.h"

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

const char *
plan_name_before(const struct op *op, const char *name)
{
	const struct op_item *item = item_of(op, name);

	if (item != NULL)
		return expr_field_name(item->expr);
	if (has_item(op, name))
		return NULL;
	if (op_is_named(op, "select"))
		return has_item_kind(op, OP_ITEM_STAR) &&
		    !has_item_kind(op, OP_ITEM_REGEX) ? name : NULL;
	/* The old name of something renamed is nobody's any more. */
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (strcmp(expr_field_name(op->args.item[i].expr), name) == 0)
			return NULL;
	return name;
}

const char *
plan_rename_back(void *cookie, const char *name)
{
	return plan_name_before(cookie, name);
}

/* Is it the left record's field?  Any is, if the right ones have a name, but
 * that one. */
static int
join_keeps_field(const struct op *op, const char *name)
{
	const struct schema *left = op->in[0], *right = op->in[1];
	size_t size = strlen(name);
	int is_left = schema_find(left, name, size) >= 0;

	if (op->args.as != NULL)
		return (is_left || left->open) &&
		    strcmp(name, op->args.as) != 0;
	return is_left && !left->open && !right->open &&
	    schema_find(right, name, size) < 0;
}

int
plan_field_can_pass(const struct op *op, const char *name)
{
	/* Parts of a joined record are fields of their own. */
	if (strchr(name, '.') != NULL)
		return 0;
	if (op_is_named(op, "extend"))
		return !has_item(op, name);
	if (op_is_named(op, "drop"))
		return !has_item_kind(op, OP_ITEM_REGEX) &&
		    !has_item(op, name);
	if (op_is_named(op, "select") || op_is_named(op, "rename"))
		return plan_name_before(op, name) != NULL;
	if (op_is_named(op, "join"))
		return join_keeps_field(op, name);
	if (op_is_named(op, "parse"))
		return !parse_makes_field(op, name);
	return op_is_named(op, "sort");
}

/* What is asked about the fields of an expression. */
struct ask {
	const struct op *before;
	int can;
};

static void
ask_field(void *cookie, const char *name)
{
	struct ask *ask = cookie;

	ask->can &= name != NULL && plan_field_can_pass(ask->before, name);
}

int
plan_expr_can_pass(const struct op *op, const struct expr *expr, int plain)
{
	struct ask ask = { op, expr_is_pure(expr, plain) };

	if (ask.can)
		expr_visit_fields(expr, ask_field, &ask);
	return ask.can;
}

static int
keys_are_total(const struct op *op, int plain)
{
	for (uint32_t i = 0; i < op->args.key_count; i++)
		if (!expr_is_pure(op->args.key[i].expr, plain))
			return 0;
	return 1;
}

/* What it cannot parse is kept or dropped, and never told. */
static int
parse_can_be_passed(const struct op *op, int plain)
{
	const struct op_args *args = &op->args;

	return (args->route == OP_ROUTE_KEEP || args->route == OP_ROUTE_DROP) &&
	    expr_is_pure(args->expr, plain);
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

int
plan_only_leaves_out(const struct op *op, int plain)
{
	return op_is_named(op, "ahead") || (op_is_named(op, "where") &&
	    expr_is_pure(op->args.expr, plain));
}

int
plan_can_be_passed(const struct op *op, int plain)
{
	if (plan_op_is_one_to_one(op, plain))
		return 1;
	if (op_is_named(op, "sort"))
		return keys_are_total(op, plain);
	if (op_is_named(op, "parse"))
		return parse_can_be_passed(op, plain);
	return op_is_named(op, "join") && join_can_be_passed(op);
}
