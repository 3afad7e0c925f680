#ifndef SFLOW_PLAN_PLAN_H
#define SFLOW_PLAN_PLAN_H

#include <stddef.h>

#include "check/flow.h"

struct buf;
struct err;

/* What the rules must know of how it will run, the same for all copies of a
 * plan on all hosts. */
struct plan_config {
	unsigned workers;	/* -j; 1: nothing runs beside another */
	uint32_t keyed_host_count;	/* --hosts */
	int has_checkpoints;
	uint64_t without;	/* --without: plan_rules_parse() */
};

/* What a rule has changed; for explain. */
struct plan_note {
	const char *rule;
	char *text;
};

/*
 * What is to be run: the checked program after the rules.  It owns the flow.
 */
struct plan {
	struct plan_config config;
	struct flow *flow;
	struct need_set **need;		/* per source */
	struct plan_note *note;
	uint32_t note_count;
	const char *rule;		/* the one that is running */
};

/* Apply the rules (rule_table.h).  Takes the flow. */
struct plan *plan_new(struct flow *take_flow, const struct plan_config *);
void plan_free(struct plan **);

/* The rules, in the order in which they are applied. */
struct plan_rule {
	const char *name;
	const char *summary;
	int always;		/* it cannot be left out */
};
const struct plan_rule *plan_rules(size_t *count);
/* "NAME,NAME" or "all": those that are left out.  0, or -1 (ERR_USAGE). */
int plan_rules_parse(const char *names, uint64_t *without, struct err *);

/*
 * Append the plan as text, an operator a line in the order in which records
 * meet them, indented under their source; then what the rules have changed:
 *
 *     read ev.jsonl (jsonl): ms, user
 *       where: holds nothing
 *       sort: holds all rows
 *       to stdout (jsonl)
 */
void plan_explain(const struct plan *, struct buf *);
/* The same; `before` is called before each line of a source (op NULL) or an
 * operator. */
typedef void plan_line_f(void *cookie, uint32_t source_index,
	const struct op *op, struct buf *);
void plan_explain_with(const struct plan *, plan_line_f *before, void *cookie,
	struct buf *);

#endif
