/*
 * Partial counts in front of windows.
 *
 * The records of a window that runs as several instances go to the one that
 * owns their key, often to another host.  A hidden operator before that counts
 * them where they are and sends a state a group (op_partial.c).  It takes
 * aggregates whose states can be merged in any order: first, last and list
 * stay with the records.
 *
 * Whether a record is late for a window that began anew from a checkpoint is
 * known only there.  So with `late to`, where late records leave whole, jobs
 * with checkpoints go without.
 *
 * The operators are the last of the flow: all others keep their numbers, by
 * which a checkpoint knows them whatever the number of workers.
 */
#include "plan/rule.h"

#include "plan/tasks.h"

static int
op_can_merge(const struct op *window)
{
	for (uint32_t i = 0; i < window->args.agg_count; i++) {
		const struct agg_def *def =
		    agg_expr_def(window->args.agg[i].agg);
		if (def->merge == NULL || def->save == NULL ||
		    def->load == NULL || (def->flags & AGG_ORDERED))
			return 0;
	}
	return 1;
}

static int
op_wants_partial(const struct plan *plan, const struct op *op)
{
	const struct plan_config *config = &plan->config;

	if (!op_is_named(op, "window") || !op_can_merge(op) ||
	    (op->args.route == OP_ROUTE_TO && config->has_checkpoints))
		return 0;
	return tasks_keyed_width(plan->flow, op, config->workers,
	    config->keyed_host_count) > 1;
}

static struct op *
partial_new(const struct op *window)
{
	struct op *op = op_new(op_find("partial", 7));
	const struct op_args *from = &window->args;
	struct op_args *args = &op->args;

	args->window = from->window;
	/* Late records are parted from the others, whatever becomes of them. */
	args->route = OP_ROUTE_TO;
	args->by = mem_copy(from->by, from->by_count * sizeof(*from->by));
	args->by_count = from->by_count;
	for (uint32_t i = 0; i < args->by_count; i++)
		args->by[i].expr = expr_copy(from->by[i].expr);
	args->agg = mem_alloc_zero((from->agg_count + 1) *
	    sizeof(*from->agg));
	args->agg_count = from->agg_count;
	for (uint32_t i = 0; i < args->agg_count; i++)
		args->agg[i] = (struct op_agg){ from->agg[i].name,
		    agg_expr_copy(from->agg[i].agg) };
	op->in[0] = schema_hold(window->in[0]);
	op->out = schema_hold(window->in[0]);
	return op;
}

void
rule_partial(struct plan *plan)
{
	struct flow *flow = plan->flow;
	uint32_t count = flow->op_count;

	for (uint32_t i = 0; i < count; i++) {
		struct op *window = flow->op[i];
		if (!op_wants_partial(plan, window))
			continue;
		window->args.takes_partial = 1;
		struct op *partial = partial_new(window);
		plan_add_op(flow, partial);
		plan_put_before(flow, window, partial);
		plan_note(plan, "records are counted before they go to their "
		    "window");
	}
}
