#ifndef SFLOW_PLAN_PLAN_H
#define SFLOW_PLAN_PLAN_H

#include "check/flow.h"

struct buf;

/* What the rules must know of how it will run, the same for all copies of a
 * plan on all hosts. */
struct plan_config {
	unsigned workers;	/* -j; 1: nothing runs beside another */
	uint32_t keyed_host_count;	/* --hosts */
	int has_checkpoints;
};

/*
 * What is to be run: the checked program after the rules.  It owns the flow.
 */
struct plan {
	struct plan_config config;
	struct flow *flow;
	struct need_set **need;		/* per source */
};

/* Apply the rules (rule_table.h).  Takes the flow. */
struct plan *plan_new(struct flow *take_flow, const struct plan_config *);
void plan_free(struct plan **);

/*
 * Append the plan as text, an operator a line in the order in which records
 * meet them, indented under their source:
 *
 *     read ev.jsonl (jsonl): ms, user
 *       where: holds nothing
 *       sort: holds all rows
 *       to stdout (jsonl)
 */
void plan_explain(const struct plan *, struct buf *);

#endif
