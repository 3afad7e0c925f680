/*
 * In which order records come, for the rules that use one.
 *
 * It is that of a sort, with only such stages behind it as keep the order of
 * records; an aggregate does, of what it groups by.  Fields may have another
 * name there.
 *
 * Who looks for equal keys (a group, a join) wants those side by side: what is
 * one key to him has to be one to the sort.  That is true within each type, of
 * numbers of all types, and of undeclared text, which sort reads as numbers
 * where it looks like some.  But the number 1 and the text "1" are the same
 * key, and lie apart when sorted: so a field must have a type, or come as text
 * from a format of text.
 */
#include "plan/rule.h"

#include <string.h>

/* Is what is one key of this type one to sort? */
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
		"rename", "drop", "head", "dedup", "tee", "ahead", "aggregate",
		"runs" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (op_is_named(op, names[i]))
			return 1;
	return 0;
}

/* What was the field called before the stage, if it was there? */
static const char *
name_before(const struct op *op, const char *name)
{
	if (op_is_named(op, "where") || op_is_named(op, "head") ||
	    op_is_named(op, "dedup") || op_is_named(op, "tee") ||
	    op_is_named(op, "ahead"))
		return name;
	if (op_is_named(op, "aggregate") || op_is_named(op, "runs")) {
		for (uint32_t i = 0; i < op->args.by_count; i++)
			if (strcmp(op->args.by[i].name, name) == 0)
				return expr_field_name(op->args.by[i].expr);
		return NULL;
	}
	if (!plan_field_can_pass(op, name))
		return NULL;
	return op_is_named(op, "select") || op_is_named(op, "rename") ?
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
		else if (!op_is_named(before, "sort") &&
		    !(op_is_named(before, "parse") &&
		    before->args.parse_format == NULL))
			return 0;
		op = before;
	}
	return 0;
}

enum type
plan_type_in_order(const struct plan *plan, const struct op *sort,
	const char *name, enum type type)
{
	if (type_is_simple(type))
		return type;
	return is_text(plan, sort, name) ? TYPE_RAW : TYPE_NULL;
}

const struct op *
plan_sort_before(const struct plan *plan, const struct op *op, unsigned port,
	const char **name, uint32_t count)
{
	for (;; port = 0) {
		const struct op *before = plan_op_before_port(plan->flow, op,
		    port);
		if (before == NULL || before->next != op)
			return NULL;
		if (op_is_named(before, "sort"))
			return before;
		if (!keeps_order(before))
			return NULL;
		for (uint32_t k = 0; k < count; k++)
			if (name[k] != NULL)
				name[k] = name_before(before, name[k]);
		op = before;
	}
}
