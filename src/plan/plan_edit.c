/*
 * Operators put into a flow and taken out of it, for the rules.  The list of
 * the flow's operators is by number, so moving one changes only who points to
 * whom.
 */
#include "plan/rule.h"

#include <string.h>

void
plan_add_op(struct flow *flow, struct op *take_op)
{
	take_op->id = flow->op_count;
	flow->op = mem_resize(flow->op,
	    (flow->op_count + 1) * sizeof(*flow->op));
	flow->op[flow->op_count++] = take_op;
}

/* All that lead to input 0 of `from` lead to input `port` of `to`. */
static void
lead_to(struct flow *flow, const struct op *from, struct op *to, unsigned port)
{
	for (uint32_t i = 0; i < flow->source_count; i++) {
		struct flow_source *source = flow->source[i];
		if (source->next == from && source->next_port == 0) {
			source->next = to;
			source->next_port = port;
		}
	}
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->next == from && op->next_port == 0) {
			op->next = to;
			op->next_port = port;
		}
		if (op->side == from && op->side_port == 0) {
			op->side = to;
			op->side_port = port;
		}
	}
}

void
plan_put_before(struct flow *flow, struct op *op, struct op *before)
{
	lead_to(flow, op, before, 0);
	before->next = op;
	before->next_port = 0;
	before->is_out = 0;
}

void
plan_take_out(struct flow *flow, struct op *op)
{
	lead_to(flow, op, op->next, op->next_port);
	op->next = NULL;
	op->next_port = 0;
	op->is_out = 1;
}

void
plan_move_before(struct flow *flow, struct op *op, struct op *before)
{
	plan_take_out(flow, op);
	schema_drop(&op->in[0]);
	schema_drop(&op->out);
	op->in[0] = schema_hold(before->in[0]);
	op->out = schema_hold(before->in[0]);
	op->origin_format = before->origin_format;
	plan_put_before(flow, before, op);
}

/* How many lead to input `port` of `op`? */
static uint32_t
count_before(const struct flow *flow, const struct op *op, unsigned port)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < flow->source_count; i++)
		count += flow->source[i]->next == op &&
		    flow->source[i]->next_port == port;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *other = flow->op[i];
		count += other->next == op && other->next_port == port;
		count += other->side == op && other->side_port == port;
	}
	return count;
}

struct op *
plan_op_before_port(const struct flow *flow, const struct op *op,
	unsigned port)
{
	if (count_before(flow, op, port) != 1)
		return NULL;
	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->next == op && flow->op[i]->next_port == port)
			return flow->op[i];
	return NULL;
}

struct op *
plan_op_before(const struct flow *flow, const struct op *op)
{
	return plan_op_before_port(flow, op, 0);
}

const struct flow_source *
plan_source_before(const struct flow *flow, const struct op *op)
{
	if (count_before(flow, op, 0) != 1)
		return NULL;
	for (uint32_t i = 0; i < flow->source_count; i++)
		if (flow->source[i]->next == op &&
		    flow->source[i]->next_port == 0)
			return flow->source[i];
	return NULL;
}

/* Are the fields that it gives some of those that it takes? */
static int
keeps_values(const struct op *op)
{
	static const char *const names[] = { "where", "rename", "drop", "sort",
		"head", "tail" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (op_is_named(op, names[i]))
			return 1;
	return 0;
}

int
plan_fields_are_plain(const struct plan *plan, const struct op *op)
{
	for (;;) {
		const struct flow_source *source =
		    plan_source_before(plan->flow, op);
		if (source != NULL) {
			const struct format_def *format =
			    source->source == NULL ? NULL :
			    source_format(source->source);
			return format != NULL &&
			    format->record_type != TYPE_RAW_JSON;
		}
		op = plan_op_before(plan->flow, op);
		if (op == NULL || !(keeps_values(op)))
			return 0;
	}
}

int
plan_op_is_one_to_one(const struct op *op, int plain)
{
	static const char *const names[] = { "select", "extend", "rename",
		"drop" };
	int found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found |= op_is_named(op, names[i]);
	for (uint32_t i = 0; i < op->args.item_count && found; i++) {
		const struct op_item *item = &op->args.item[i];
		/* A name with a dot hides in others: of a joined record. */
		found = item->kind != OP_ITEM_EXPR ||
		    (strchr(item->name, '.') == NULL && (item->expr == NULL ||
		    expr_is_pure(item->expr, plain)));
	}
	return found;
}
