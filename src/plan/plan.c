/*
 * From the checked program to what is run, and its picture in words.
 */
#include "plan/plan.h"

#include <string.h>

#include "plan/rule.h"
#include "util/buf.h"

static rule_f *const rules[] = {
#define RULE(name, summary) rule_##name,
#include "plan/rule_table.h"
#undef RULE
};

struct plan *
plan_new(struct flow *take_flow, const struct plan_config *config)
{
	struct plan *plan = mem_alloc_zero(sizeof(*plan));

	plan->config = *config;
	plan->flow = take_flow;
	plan->need = mem_alloc_zero((take_flow->source_count + 1) *
	    sizeof(*plan->need));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](plan);
	return plan;
}

void
plan_free(struct plan **take_plan)
{
	struct plan *plan = *take_plan;

	if (plan == NULL)
		return;
	for (uint32_t i = 0; i < plan->flow->source_count; i++)
		need_set_free(&plan->need[i]);
	mem_free(plan->need);
	flow_free(&plan->flow);
	mem_free(plan);
	*take_plan = NULL;
}

static void
explain_need(const struct need_set *need, struct buf *out)
{
	if (need_is_all(need)) {
		buf_add_string(out, "all fields");
		return;
	}
	for (uint32_t i = 0; i < need_count(need); i++)
		buf_add_format(out, "%s%s", i == 0 ? "" : ", ",
		    need_name(need, i));
	if (need_has_record(need))
		buf_add_format(out, "%srecords as they are",
		    need_count(need) == 0 ? "" : "; ");
	else if (need_count(need) == 0)
		buf_add_string(out, "no field");
}

static void explain_chain(const struct op *, unsigned port, unsigned depth,
	struct buf *);

static void
explain_op(const struct op *op, unsigned port, unsigned depth, struct buf *out)
{
	buf_add_format(out, "%*s%s", (int)depth * 2, "", op->def->name);
	if (op->def->explain != NULL) {
		buf_add_char(out, ' ');
		op->def->explain(op, out);
	}
	if (op->input_count > 1)
		buf_add_format(out, " (input %u)", port + 1);
	if (!(op->def->flags & OP_SINK))
		buf_add_format(out, ": holds %s", op->def->holds);
	buf_add_char(out, '\n');
	if (op->side != NULL)
		explain_chain(op->side, op->side_port, depth + 2, out);
}

/* A chain up to its sink; of a join's other side only the join's line. */
static void
explain_chain(const struct op *op, unsigned port, unsigned depth,
	struct buf *out)
{
	for (; op != NULL; port = op->next_port, op = op->next) {
		explain_op(op, port, depth, out);
		if (port > 0)
			return;
	}
}

void
plan_explain(const struct plan *plan, struct buf *out)
{
	for (uint32_t i = 0; i < plan->flow->source_count; i++) {
		const struct flow_source *source = plan->flow->source[i];
		const struct format_def *format = source->source == NULL ?
		    NULL : source_format(source->source);
		buf_add_format(out, "read %s", source->source == NULL ?
		    "stdin" : source_label(source->source));
		if (format != NULL)
			buf_add_format(out, " (%s)", format->name);
		buf_add_string(out, ": ");
		explain_need(plan->need[i], out);
		buf_add_char(out, '\n');
		if (source->next != NULL)
			explain_chain(source->next, source->next_port, 1, out);
	}
}
