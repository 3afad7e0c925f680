/*
 * Aggregates over the rows of a batch: condition, arguments, nulls taken out,
 * and one kernel call for each combination of types.
 *
 * Rows get fewer on the way (where, nulls, types), and each row has its group's
 * state beside it; struct picked is that pair of lists.  An aggregate that
 * depends on the order of rows gets MIXED arguments in runs, in row order.
 */
#include "expr/expr.h"

#include <assert.h>
#include <string.h>

#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/mem.h"

struct agg_expr {
	const struct agg_def *def;
	enum type type;
	struct call_plan *plan;
	struct expr *arg[AGG_ARGS_MAX];
	unsigned arg_count;
	struct expr *where;
	struct agg_call call;
};

/* Rows of the batch with the states they go to. */
struct picked {
	const uint16_t *sel;	/* NULL: 0..count */
	uint32_t count;
	char *const *group;	/* NULL: all to `state` */
	char *state;
	size_t offset;
	uint64_t sequence;
};

struct agg_expr *
agg_expr_new(const struct agg_def *def, struct expr **take_arg, unsigned count,
	struct expr *take_where, unsigned *bad_arg, struct err *err)
{
	struct call_check check = {
		.signature = def->signature,
		.arg_min = def->arg_min,
		.arg_max = def->arg_max,
		.type = def->type,
		.prepare = def->prepare,
		.release = def->release,
	};
	enum type type;
	struct call_plan *plan;

	assert(def->arg_max <= AGG_ARGS_MAX);
	if (call_check(&check, take_arg, count, &type, &plan, bad_arg,
	    err) != 0) {
		for (unsigned i = 0; i < count; i++)
			expr_free(&take_arg[i]);
		expr_free(&take_where);
		return NULL;
	}
	struct agg_expr *agg = mem_alloc_zero(sizeof(*agg));
	agg->def = def;
	agg->type = type;
	agg->plan = plan;
	agg->arg_count = count;
	for (unsigned i = 0; i < count; i++)
		agg->arg[i] = take_arg[i];
	agg->where = take_where;
	agg->call.def = def;
	agg->call.plan = call_plan_get(plan);
	return agg;
}

struct agg_expr *
agg_expr_copy(const struct agg_expr *source)
{
	struct agg_expr *agg = mem_copy(source, sizeof(*source));

	call_plan_hold(agg->plan);
	for (unsigned i = 0; i < agg->arg_count; i++)
		agg->arg[i] = expr_copy(source->arg[i]);
	if (agg->where != NULL)
		agg->where = expr_copy(source->where);
	agg->call.budget = NULL;
	return agg;
}

void
agg_expr_free(struct agg_expr **address)
{
	struct agg_expr *agg = *address;

	*address = NULL;
	if (agg == NULL)
		return;
	for (unsigned i = 0; i < agg->arg_count; i++)
		expr_free(&agg->arg[i]);
	expr_free(&agg->where);
	call_plan_drop(&agg->plan);
	mem_free(agg);
}

struct expr *const *
agg_expr_args(const struct agg_expr *expr, unsigned *count)
{
	*count = expr->arg_count;
	return expr->arg;
}

/* Neither values of several types nor floats, whose sums are rounded? */
static int
type_is_exact(enum type type)
{
	switch (type) {
	case TYPE_BOOL: case TYPE_INT: case TYPE_DECIMAL: case TYPE_TIME:
	case TYPE_DATE: case TYPE_DURATION:
		return 1;
	default:
		return 0;
	}
}

int
agg_expr_is_unordered(const struct agg_expr *agg, int plain)
{
	if (agg->def->flags & AGG_ORDERED)
		return 0;
	for (unsigned i = 0; i < agg->arg_count; i++)
		if (!type_is_exact(expr_type(agg->arg[i])) ||
		    !expr_is_pure(agg->arg[i], plain))
			return 0;
	return agg->where == NULL || expr_is_pure(agg->where, plain);
}

const struct agg_def *
agg_expr_def(const struct agg_expr *agg)
{
	return agg->def;
}

enum type
agg_expr_type(const struct agg_expr *agg)
{
	return agg->type;
}

void
agg_expr_visit_as(const struct agg_expr *agg, expr_visit_as_f *visit,
	void *cookie)
{
	for (unsigned i = 0; i < agg->arg_count; i++)
		expr_visit_as(agg->arg[i], (enum func_want)agg->def->want[i],
		    visit, cookie);
	if (agg->where != NULL)
		expr_visit_as(agg->where, FUNC_ANY, visit, cookie);
}

void
agg_expr_set_budget(struct agg_expr *agg, struct mem_budget *budget)
{
	agg->call.budget = budget;
}

struct agg_call *
agg_expr_call(struct agg_expr *agg)
{
	return &agg->call;
}

/* Keep the entries at[0..count) of the list, which grow. */
static struct picked
picked_narrow(const struct picked *all, const uint16_t *at, uint32_t count,
	struct region *region)
{
	struct picked some = *all;

	some.sel = rows_compose(all->sel, at, count, region);
	some.count = count;
	if (all->group != NULL) {
		char **group = region_alloc(region, count * sizeof(*group));
		for (uint32_t i = 0; i < count; i++)
			group[i] = all->group[at[i]];
		some.group = group;
	}
	return some;
}

/* Narrow to the rows where the condition holds.  The filter keeps the order,
 * so one walk finds which entries they are. */
static void
pick_where(struct picked *picked, struct expr *where, struct eval *eval)
{
	uint32_t count = picked->count, n = 0;
	uint16_t *rows = region_alloc(eval->region,
	    (count + 1) * sizeof(*rows));

	uint32_t found = expr_filter(where, eval, picked->sel, count, rows);
	if (found == count)
		return;
	uint16_t *at = region_alloc(eval->region, (count + 1) * sizeof(*at));
	for (uint32_t i = 0; i < count && n < found; i++) {
		uint16_t row = picked->sel == NULL ? (uint16_t)i :
		    picked->sel[i];
		at[n] = (uint16_t)i;
		n += row == rows[n];
	}
	*picked = picked_narrow(picked, at, n, eval->region);
}

/* Entries whose arguments are all there and not rejected. */
static uint32_t
live_entries(const struct agg_expr *agg, const struct column *arg,
	const struct picked *picked, const struct rejects *rejects,
	uint16_t *at)
{
	int nulls_too = agg->def->flags & AGG_NULLS;
	uint32_t n = 0;

	for (uint32_t i = 0; i < picked->count; i++) {
		int live = !rejects_has(rejects, picked->sel == NULL ? i :
		    picked->sel[i]);
		for (unsigned a = 0; !nulls_too && a < agg->arg_count; a++) {
			live &= arg[a].type != TYPE_NULL &&
			    column_row_is_valid(&arg[a], i);
		}
		at[n] = (uint16_t)i;
		n += (uint32_t)live;
	}
	return n;
}

/* Must the rows be looked at one by one? */
static int
may_be_dead(const struct agg_expr *agg, const struct column *arg,
	const struct rejects *rejects)
{
	if (rejects->count > 0)
		return 1;
	for (unsigned a = 0; a < agg->arg_count; a++) {
		if ((arg[a].type == TYPE_NULL || arg[a].valid != NULL) &&
		    !(agg->def->flags & AGG_NULLS))
			return 1;
	}
	return 0;
}

/* Rows of one type each, with no nulls to take out, into their states. */
static void
update_typed(struct agg_expr *agg, struct eval *eval, const struct column *arg,
	const struct picked *picked)
{
	const struct agg_def *def = agg->def;
	struct agg_call *call = &agg->call;
	int status;

	call->region = eval->region;
	call->rejects = &eval->rejects;
	call->row = picked->sel;
	call->sequence = picked->sequence;
	if (picked->group == NULL && def->update_all != NULL) {
		status = def->update_all(call, picked->state + picked->offset,
		    arg, agg->arg_count, picked->count);
	} else {
		char *const *group = picked->group;
		if (group == NULL) {
			char **same = region_alloc(eval->region,
			    picked->count * sizeof(*same));
			for (uint32_t i = 0; i < picked->count; i++)
				same[i] = picked->state;
			group = same;
		}
		status = def->update(call, group, picked->offset, arg,
		    agg->arg_count, picked->count);
	}
	if (status != 0) {
		call_refuse(def->signature, CANNOT_COMPUTE, NULL,
		    arg, agg->arg_count, picked->count, picked->sel, NULL,
		    &eval->rejects);
	}
	call->region = NULL;
	call->rejects = NULL;
	call->row = NULL;
}

static void
update_mixed(struct agg_expr *agg, struct eval *eval, const struct column *arg,
	const struct picked *picked)
{
	struct column part[AGG_ARGS_MAX];
	unsigned split_count;
	struct split *split = split_make(arg, agg->arg_count, picked->count,
	    agg->def->flags & AGG_ORDERED, eval->region, &split_count);

	for (unsigned i = 0; i < split_count; i++) {
		struct picked some = picked_narrow(picked, split[i].at,
		    split[i].count, eval->region);
		split_take(&split[i], arg, agg->arg_count, eval->region, part);
		update_typed(agg, eval, part, &some);
	}
}

/* Take out what is null or rejected, then update. */
static void
update_live(struct agg_expr *agg, struct eval *eval, struct column *arg,
	struct picked *picked)
{
	struct region *region = eval->region;

	if (may_be_dead(agg, arg, &eval->rejects)) {
		uint16_t *at = region_alloc(region,
		    (picked->count + 1) * sizeof(*at));
		uint32_t n = live_entries(agg, arg, picked, &eval->rejects, at);
		if (n == 0)
			return;
		if (n < picked->count) {
			*picked = picked_narrow(picked, at, n, region);
			for (unsigned a = 0; a < agg->arg_count; a++) {
				struct column dense;
				column_gather(&arg[a], at, n, region, &dense);
				arg[a] = dense;
			}
		}
		for (unsigned a = 0; a < agg->arg_count; a++) {
			if (!(agg->def->flags & AGG_NULLS))
				arg[a].valid = NULL;
		}
	}
	int mixed = 0;
	for (unsigned a = 0; a < agg->arg_count; a++)
		mixed |= arg[a].type == TYPE_MIXED;
	if (mixed)
		update_mixed(agg, eval, arg, picked);
	else
		update_typed(agg, eval, arg, picked);
}

void
agg_expr_update(struct agg_expr *agg, struct eval *eval, const uint16_t *sel,
	uint32_t count, char *const *group, char *state, size_t offset,
	uint64_t sequence)
{
	struct column arg[AGG_ARGS_MAX];
	struct picked picked = { sel, count, group, state, offset, sequence };

	if (agg->where != NULL)
		pick_where(&picked, agg->where, eval);
	if (picked.count == 0)
		return;
	for (unsigned a = 0; a < agg->arg_count; a++) {
		node_eval_as(agg->arg[a], eval,
		    (enum func_want)agg->def->want[a], picked.sel,
		    picked.count, &arg[a]);
	}
	update_live(agg, eval, arg, &picked);
}

int
agg_expr_plain(struct agg_expr *agg, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column arg[AGG_ARGS_MAX])
{
	if (agg->where != NULL || (agg->def->flags & AGG_ORDERED))
		return -1;
	for (unsigned a = 0; a < agg->arg_count; a++) {
		node_eval_as(agg->arg[a], eval,
		    (enum func_want)agg->def->want[a], sel, count, &arg[a]);
		if ((arg[a].type != TYPE_INT && arg[a].type != TYPE_FLOAT) ||
		    arg[a].valid != NULL || eval->rejects.count > 0)
			return -1;
	}
	return (int)agg->arg_count;
}

void
agg_expr_add_plain(struct agg_expr *agg, struct region *region,
	const struct column *arg, char *const *group, size_t offset,
	uint32_t count)
{
	struct agg_call *call = &agg->call;
	struct rejects rejects = { .region = region, .quiet = 1 };

	call->region = region;
	call->rejects = &rejects;
	call->row = NULL;
	call->sequence = 0;
	agg->def->update(call, group, offset, arg, agg->arg_count, count);
	call->region = NULL;
	call->rejects = NULL;
}
