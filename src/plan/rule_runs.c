/*
 * `sort k | aggregate ... by k`: each group is done when the next key comes.
 *
 * Who aggregates records that come in the order of some of its keys need hold
 * but the groups of one run of these, and gives them at once (op/op_runs.c).
 * The order is that of a sort before it, with only such stages between as keep
 * the order of records; an aggregate does, of what it groups by.  The first
 * keys of the sort must be fields that are grouped by: as many as are so.
 *
 * `dedup by k` is the same: it need know but the keys of one run.
 *
 * A group must lie in one run: what is one key to the group has to be one to
 * the sort.  That is true within each type, of numbers of all types, and of
 * undeclared text, which sort reads as numbers where it looks like some.  But
 * the number 1 and the text "1" are the same group, and lie apart when sorted:
 * so a field must have a type, or come as text from a format of text.
 *
 * Where a record ends the job the groups before it have been given, if it is
 * standard output: without this nothing has.  And if nobody wants more groups
 * (`head 5`) that record is never seen.
 *
 * It runs once, so nothing that asks for wide inputs may stand behind it.
 */
#include "plan/rule.h"

#include <string.h>

static int
is_named(const struct op *op, const char *name)
{
	return strcmp(op->def->name, name) == 0;
}

/* Does what follows take two inputs, or set a value that others wait for? */
static int
must_be_wide(const struct op *op)
{
	for (; op != NULL; op = op->next)
		if (op->input_count > 1 || (op->def->flags & OP_KEYED) ||
		    is_named(op, "scalar") ||
		    (op->side != NULL && must_be_wide(op->side)))
			return 1;
	return 0;
}

/* Is what groups take for one value of this type one to sort? */
static int
type_is_simple(enum type type)
{
	switch (type) {
	case TYPE_BOOL: case TYPE_INT: case TYPE_FLOAT: case TYPE_DECIMAL:
	case TYPE_TIME: case TYPE_DATE: case TYPE_DURATION: case TYPE_TEXT:
		return 1;
	default:
		return 0;
	}
}

static int
keeps_order(const struct op *op)
{
	static const char *const names[] = { "where", "extend", "select",
		"rename", "drop", "head", "dedup", "tee", "aggregate", "runs" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_named(op, names[i]))
			return 1;
	return 0;
}

/* What was the field called before the stage, if it was there? */
static const char *
name_before(const struct op *op, const char *name)
{
	if (is_named(op, "where") || is_named(op, "head") ||
	    is_named(op, "dedup") || is_named(op, "tee"))
		return name;
	if (is_named(op, "aggregate") || is_named(op, "runs")) {
		for (uint32_t i = 0; i < op->args.by_count; i++)
			if (strcmp(op->args.by[i].name, name) == 0)
				return expr_field_name(op->args.by[i].expr);
		return NULL;
	}
	if (!plan_field_can_pass(op, name))
		return NULL;
	return is_named(op, "select") || is_named(op, "rename") ?
	    plan_name_before(op, name) : name;
}

/* Is the field undeclared text in all records that come to `op`? */
static int
is_text(const struct plan *plan, const struct op *op, const char *name)
{
	while (name != NULL) {
		const struct flow_source *source =
		    plan_source_before(plan->flow, op);
		if (source != NULL && source->source != NULL)
			return source_format(source->source)->record_type !=
			    TYPE_RAW_JSON;
		const struct op *before = plan_op_before(plan->flow, op);
		if (before == NULL || before->next != op)
			return 0;
		if (keeps_order(before))
			name = name_before(before, name);
		else if (!is_named(before, "sort") &&
		    !(is_named(before, "parse") &&
		    before->args.parse_format == NULL))
			return 0;
		op = before;
	}
	return 0;
}

/* The sort whose order it is; names[] are those of the keys there, or NULL. */
static const struct op *
find_sort(const struct plan *plan, const struct op *op, const char **name)
{
	uint32_t count = op->args.by_count;

	for (;;) {
		const struct op *before = plan_op_before(plan->flow, op);
		if (before == NULL || before->next != op)
			return NULL;
		if (is_named(before, "sort"))
			return before;
		if (!keeps_order(before))
			return NULL;
		for (uint32_t k = 0; k < count; k++)
			if (name[k] != NULL)
				name[k] = name_before(before, name[k]);
		op = before;
	}
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
	const struct op *sort = find_sort(plan, op, name);
	for (uint32_t k = 0; sort != NULL && k < count; k++)
		if (!type_is_simple(expr_type(op->args.by[k].expr)) &&
		    !is_text(plan, sort, name[k]))
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
	return is_named(op, "dedup") || (is_named(op, "aggregate") &&
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
		if (is_named(op, "dedup")) {
			plan_note(plan, "dedup forgets its keys when the next "
			    "%s comes", key);
			continue;
		}
		op->def = op_find("runs", 4);
		plan_note(plan, "groups are given when the next %s comes",
		    key);
	}
}
