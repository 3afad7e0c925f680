/*
 * Projection push-down.
 *
 * From the sinks back to each source every operator says which fields of its
 * input it needs for what is needed of its output.  The source's reader is then
 * told, and leaves the rest unparsed.  When a sink writes the very format that
 * was read, and everything between keeps records whole, the record's bytes are
 * all it needs: `where x == 1` on JSON lines parses x and copies lines.
 */
#include "plan/rule.h"

void
rule_need(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->flow->source_count; i++) {
		const struct flow_source *source = plan->flow->source[i];
		plan->need[i] = need_set_new();
		if (source->next != NULL)
			op_need_chain(source->next, source->next_port,
			    plan->need[i]);
	}
}
