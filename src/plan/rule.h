#ifndef SFLOW_PLAN_RULE_H
#define SFLOW_PLAN_RULE_H

#include <string.h>

#include "plan/plan.h"

/*
 * A rule changes the plan in place and never what it computes: the output, the
 * records that are reported as bad, the warnings; only how much is on standard
 * output when a record ends the job may differ (rule_runs.c).  All copies of a
 * plan must come out the same, so a rule looks at the plan and its config
 * alone.
 *
 * Operators keep their numbers, by which a checkpoint knows them; new ones are
 * the last.
 */
typedef void rule_f(struct plan *);

#define RULE(name, summary) rule_f rule_##name;
#define ALWAYS(name, summary) rule_f rule_##name;
#include "plan/rule_table.h"
#undef RULE
#undef ALWAYS

/* For explain: what the rule that is running has changed, a sentence. */
void plan_note(struct plan *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- operators of a flow (plan_edit.c) --- */

static inline int
op_is_named(const struct op *op, const char *name)
{
	return strcmp(op->def->name, name) == 0;
}

/* Make it one of the flow's, with the next number. */
void plan_add_op(struct flow *, struct op *take_op);
/* Who gives to input 0 of `op` gives to `before` instead, and that to `op`. */
void plan_put_before(struct flow *, struct op *op, struct op *before);
/* Who gives to `op` gives to who comes next; `op` stands alone then. */
void plan_take_out(struct flow *, struct op *op);
/* Give `op`, whose records leave as they come, the place before `before`. */
void plan_move_before(struct flow *, struct op *op, struct op *before);
/* The one operator whose output goes to input 0 of `op`, and to nobody else;
 * NULL: a source, a side output, or several. */
struct op *plan_op_before(const struct flow *, const struct op *op);
/* The same for another input. */
struct op *plan_op_before_port(const struct flow *, const struct op *op,
	unsigned port);
/* The one source that gives to input 0 of `op`, or NULL. */
const struct flow_source *plan_source_before(const struct flow *,
	const struct op *op);
/* Do all fields hold plain values, no lists and records, when they come to
 * `op`?  They do in formats of text, as long as nothing is computed. */
int plan_fields_are_plain(const struct plan *, const struct op *op);
/* Does it give a record for each one that it takes, the same for the same, and
 * refuse none? */
int plan_op_is_one_to_one(const struct op *op, int plain);

/* --- in which order records come (plan_order.c) --- */

/*
 * The sort in whose order records come to input `port` of `op`, or NULL: only
 * stages that keep the order of records are between.  name[] are fields there;
 * behind it they are what the sort calls them, or NULL where they have been
 * computed since.
 */
const struct op *plan_sort_before(const struct plan *, const struct op *op,
	unsigned port, const char **name, uint32_t count);
/*
 * Is what groups and joins take for one value of field `name` at `sort`, of
 * this type behind it, one to the sort as well?  Such values are alike to it
 * then as those of another field are of which the same type is told: TYPE_RAW,
 * undeclared text, or a declared one.  TYPE_NULL: it is not.
 */
enum type plan_type_in_order(const struct plan *, const struct op *sort,
	const char *name, enum type);

/* --- who may stand before whom (plan_pass.c) --- */

/* May records be left out before it, unseen?  `plain`: of its input, as
 * plan_fields_are_plain() says. */
int plan_can_be_passed(const struct op *op, int plain);
/* Does it give its records as they come, but for those that it leaves out, and
 * refuse none? */
int plan_only_leaves_out(const struct op *op, int plain);
/* Is the field what it was before the operator, if by another name? */
int plan_field_can_pass(const struct op *op, const char *name);
/* The same for all fields of an expression, which gives the same whenever it is
 * asked, and refuses no record. */
int plan_expr_can_pass(const struct op *op, const struct expr *, int plain);
/* What select and rename show as `name` is called so before them; NULL: they
 * compute it, or it cannot be told. */
const char *plan_name_before(const struct op *op, const char *name);
/* The same for expr_rename_fields(); the cookie is the operator. */
const char *plan_rename_back(void *op, const char *name);

#endif
