#ifndef SFLOW_PLAN_RULE_H
#define SFLOW_PLAN_RULE_H

#include "plan/plan.h"

/* A rule changes the plan in place and never what it computes. */
typedef void rule_f(struct plan *);

#define RULE(name, summary) rule_f rule_##name;
#include "plan/rule_table.h"
#undef RULE

#endif
