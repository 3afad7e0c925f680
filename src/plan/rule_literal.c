/*
 * Texts are looked for in whole records.
 *
 * Right behind a source a record's own bytes are still there.  If a condition
 * can hold only for records that have some text in them, that is looked for
 * first, in all records of a batch at once (expr/prefilter.h).
 */
#include "plan/rule.h"

#include "expr/prefilter.h"
#include "util/buf.h"

static void
use_literals(struct plan *plan, struct op *where, enum type type)
{
	struct prefilter *pre = prefilter_new(where->args.expr, type);
	struct buf text = { 0 };

	if (pre == NULL)
		return;
	where->args.literal_type = type;
	prefilter_explain(pre, &text);
	plan_note(plan, "of records without %s no field is looked at",
	    buf_string(&text));
	buf_fini(&text);
	prefilter_free(&pre);
}

void
rule_literal(struct plan *plan)
{
	struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->is_out || !op_is_named(op, "where"))
			continue;
		const struct flow_source *source = plan_source_before(flow,
		    op);
		const struct format_def *format = source == NULL ||
		    source->source == NULL ? NULL :
		    source_format(source->source);
		if (format != NULL)
			use_literals(plan, op, format->record_type);
	}
}
