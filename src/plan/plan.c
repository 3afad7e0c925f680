/*
 * From the checked program to what is run, and its picture in words.
 */
#include "plan/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/rule.h"
#include "util/buf.h"
#include "util/near.h"

static const struct plan_rule rules[] = {
#define RULE(name, summary) { #name, summary, 0 },
#define ALWAYS(name, summary) { #name, summary, 1 },
#include "plan/rule_table.h"
#undef RULE
#undef ALWAYS
};

static rule_f *const rule_functions[] = {
#define RULE(name, summary) rule_##name,
#define ALWAYS(name, summary) rule_##name,
#include "plan/rule_table.h"
#undef RULE
#undef ALWAYS
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))
_Static_assert(RULE_COUNT <= 64, "plan_config.without has a bit for each");

const struct plan_rule *
plan_rules(size_t *count)
{
	*count = RULE_COUNT;
	return rules;
}

static int
rule_unknown(const char *name, size_t size, struct err *err)
{
	const char *names[RULE_COUNT];
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)size, name);
	for (size_t i = 0; i < RULE_COUNT; i++)
		names[i] = rules[i].name;
	err_set(err, ERR_USAGE, "there is no rule '%s'", word);
	const char *near = near_name(word, names, RULE_COUNT);
	if (near != NULL)
		return err_hint(err, "did you mean %s?", near);
	return err_hint(err, "sflow help rules lists them");
}

int
plan_rules_parse(const char *names, uint64_t *without, struct err *err)
{
	for (const char *at = names; *at != '\0';) {
		size_t size = strcspn(at, ",");
		int all = size == 3 && strncmp(at, "all", 3) == 0;
		int found = all;
		for (size_t i = 0; i < RULE_COUNT; i++) {
			int same = strlen(rules[i].name) == size &&
			    strncmp(rules[i].name, at, size) == 0;
			if (same && rules[i].always)
				return err_set(err, ERR_USAGE, "the rule '%s' "
				    "cannot be left out", rules[i].name);
			if ((same || all) && !rules[i].always)
				*without |= (uint64_t)1 << i;
			found |= same;
		}
		if (!found)
			return rule_unknown(at, size, err);
		at += size + (at[size] == ',');
	}
	return 0;
}

void
plan_note(struct plan *plan, const char *format, ...)
{
	char text[200];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	plan->note = mem_resize(plan->note,
	    (plan->note_count + 1) * sizeof(*plan->note));
	plan->note[plan->note_count++] = (struct plan_note){
		plan->rule, mem_copy_string(text),
	};
}

/* How many lead to input `port` of `op`? */
static uint32_t
count_leads(const struct flow *flow, const struct op *op, unsigned port)
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

/* Is the flow one that can run?  A rule that broke it is caught here. */
static void
plan_verify(const struct plan *plan)
{
	const struct flow *flow = plan->flow;

	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *op = flow->op[i];
		int is_sink = (op->def->flags & OP_SINK) != 0;
		assert(op->id == i);
		if (op->is_out)
			continue;
		/* A stream that has a name may be read by sides alone. */
		assert(op->next != NULL || op->side != NULL || is_sink);
		assert((op->out == NULL) == is_sink);
		assert(op->next != op);
		for (unsigned k = 0; k < op->input_count; k++) {
			assert(op->in[k] != NULL || is_sink);
			assert(count_leads(flow, op, k) > 0);
		}
		if (op->next == NULL || op->next->in[op->next_port] == NULL)
			continue;
		assert(op->next_port < op->next->input_count);
		assert(schema_has_names_of(op->out,
		    op->next->in[op->next_port]));
	}
}

struct plan *
plan_new(struct flow *take_flow, const struct plan_config *config)
{
	struct plan *plan = mem_alloc_zero(sizeof(*plan));

	plan->config = *config;
	plan->flow = take_flow;
	plan->need = mem_alloc_zero((take_flow->source_count + 1) *
	    sizeof(*plan->need));
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (config->without >> i & 1)
			continue;
		plan->rule = rules[i].name;
		rule_functions[i](plan);
		plan_verify(plan);
	}
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
	for (uint32_t i = 0; i < plan->note_count; i++)
		mem_free(plan->note[i].text);
	mem_free(plan->note);
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

/* Who writes in front of lines. */
struct explain {
	struct buf *out;
	plan_line_f *before;
	void *cookie;
};

static void explain_chain(const struct explain *, const struct op *,
	unsigned port, unsigned depth);

static void
explain_holds(const struct op *op, struct buf *out)
{
	buf_add_string(out, ": holds ");
	if (op->def->explain_holds != NULL)
		op->def->explain_holds(op, out);
	else
		buf_add_string(out, op->def->holds);
}

static void
explain_op(const struct explain *it, const struct op *op, unsigned port,
	unsigned depth)
{
	struct buf *out = it->out;

	if (it->before != NULL)
		it->before(it->cookie, 0, op, out);
	buf_add_format(out, "%*s%s", (int)depth * 2, "", op->def->name);
	if (op->def->explain != NULL) {
		buf_add_char(out, ' ');
		op->def->explain(op, out);
	}
	if (op->input_count > 1)
		buf_add_format(out, " (input %u)", port + 1);
	if (!(op->def->flags & OP_SINK))
		explain_holds(op, out);
	buf_add_char(out, '\n');
	if (op->side != NULL)
		explain_chain(it, op->side, op->side_port, depth + 2);
}

/* A chain up to its sink; of a join's other side only the join's line. */
static void
explain_chain(const struct explain *it, const struct op *op, unsigned port,
	unsigned depth)
{
	for (; op != NULL; port = op->next_port, op = op->next) {
		explain_op(it, op, port, depth);
		if (port > 0)
			return;
	}
}

static void
explain_source(const struct plan *plan, uint32_t index, struct buf *out)
{
	const struct source *source = plan->flow->source[index]->source;
	const struct format_def *format = source == NULL ? NULL :
	    source_format(source);

	buf_add_format(out, "read %s", source == NULL ? "stdin" :
	    source_label(source));
	if (format != NULL)
		buf_add_format(out, " (%s)", format->name);
	buf_add_string(out, ": ");
	explain_need(plan->need[index], out);
	buf_add_char(out, '\n');
}

void
plan_explain_with(const struct plan *plan, plan_line_f *before, void *cookie,
	struct buf *out)
{
	struct explain it = { out, before, cookie };

	for (uint32_t i = 0; i < plan->flow->source_count; i++) {
		const struct flow_source *source = plan->flow->source[i];
		if (before != NULL)
			before(cookie, i, NULL, out);
		explain_source(plan, i, out);
		if (source->next != NULL)
			explain_chain(&it, source->next, source->next_port, 1);
	}
	for (uint32_t i = 0; i < plan->note_count; i++)
		buf_add_format(out, "%s%s: %s\n", i == 0 ? "\n" : "",
		    plan->note[i].rule, plan->note[i].text);
}

void
plan_explain(const struct plan *plan, struct buf *out)
{
	plan_explain_with(plan, NULL, NULL, out);
}
