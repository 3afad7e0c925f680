/*
 * Evaluation of a tree over the rows of a batch: the public calls, and the
 * leaves.  Every node answers with a dense column for the rows it was asked
 * for, so a branch that few rows take costs few rows.
 *
 * Interpreting undeclared text is the dear part (`avg(ms), max(ms)` would read
 * the same digits twice), so struct eval remembers the columns it interpreted
 * last, by field, kind and rows.  Rows are compared by content: callers narrow
 * their selections in place.
 */
#include "expr/expr.h"

#include <assert.h>
#include <string.h>

#include "data/schema.h"
#include "expr/expr_priv.h"
#include "util/mem.h"

/* Fewer rows are interpreted again sooner than they are looked up. */
#define CACHE_ROWS_MIN 16

void
eval_init(struct eval *eval, const struct batch *batch, struct region *region)
{
	memset(eval, 0, sizeof(*eval));
	eval->batch = batch;
	eval->region = region;
	eval->rejects.region = region;
}

const struct column *
field_column(struct expr *expr, const struct batch *batch)
{
	if (batch->schema != expr->schema) {
		schema_drop(&expr->schema);
		expr->schema = schema_hold(batch->schema);
		expr->index = schema_find(batch->schema, expr->name,
		    expr->name_size);
	}
	return expr->index < 0 ? NULL : &batch->column[expr->index];
}

static void
field_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	const struct column *column = field_column(expr, eval->batch);
	const struct value missing = { .type = TYPE_MISSING };

	if (column != NULL && column->type == TYPE_NULL)
		column_init_null(out);
	else if (column != NULL)
		column_gather(column, sel, count, eval->region, out);
	else if (!qualifier_eval(eval, expr->name, expr->name_size, sel, count,
	    out))
		column_init_const(out, &missing, eval->region);
}

static void
param_eval(const struct expr *expr, struct eval *eval, struct column *out)
{
	const struct param *param = expr->param;

	assert(param->is_set);
	if (param->value.type <= TYPE_MISSING)
		column_init_null(out);
	else
		column_init_const(out, &param->value, eval->region);
}

/* Are these the same rows? */
static int
same_rows(const uint16_t *a, const uint16_t *b, uint32_t count)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a, b, count * sizeof(*a)) == 0;
}

/* A call that has been computed, or may be asked for again. */
static void
shared_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct eval_shared *shared = &eval->shared[expr->shared - 1];

	if (shared->count == count && same_rows(shared->sel, sel, count)) {
		*out = shared->column;
		return;
	}
	call_eval(expr, eval, sel, count, out);
	shared->count = count;
	shared->sel = sel == NULL ? NULL : region_copy(eval->region, sel,
	    count * sizeof(*sel));
	shared->column = *out;
}

void
node_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	if (count == 0) {
		column_init_null(out);
		return;
	}
	switch (expr->kind) {
	case EXPR_CONST:
		if (expr->value.type <= TYPE_MISSING)
			column_init_null(out);
		else
			column_init_const(out, &expr->value, eval->region);
		break;
	case EXPR_FIELD:
		field_eval(expr, eval, sel, count, out);
		break;
	case EXPR_THIS:
		this_eval(eval, sel, count, out);
		break;
	case EXPR_PARAM:
		param_eval(expr, eval, out);
		break;
	case EXPR_CALL:
		if (expr->shared != 0 && count >= CACHE_ROWS_MIN)
			shared_eval(expr, eval, sel, count, out);
		else
			call_eval(expr, eval, sel, count, out);
		break;
	case EXPR_AND:
	case EXPR_OR:
		and_or_eval(expr, eval, sel, count, out);
		break;
	case EXPR_CASE:
		case_eval(expr, eval, sel, count, out);
		break;
	case EXPR_COALESCE:
		coalesce_eval(expr, eval, sel, count, out);
		break;
	case EXPR_TRY:
		try_eval(expr, eval, sel, count, out);
		break;
	case EXPR_MEMBER:
		member_eval(expr, eval, sel, count, out);
		break;
	case EXPR_INDEX:
		index_eval(expr, eval, sel, count, out);
		break;
	case EXPR_LIST:
		list_eval(expr, eval, sel, count, out);
		break;
	case EXPR_RECORD:
		record_eval(expr, eval, sel, count, out);
		break;
	}
}

/* A field interpreted, from the memory of columns if it is there. */
static void
field_eval_as(struct expr *expr, struct eval *eval,
	const struct column *column, enum func_want want, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct region *region = eval->region;
	const uint16_t *kept = NULL;

	if (!type_is_raw(column->type) || count < CACHE_ROWS_MIN) {
		column_as(column, want, sel, count, region, out);
		return;
	}
	for (unsigned i = 0; i < EVAL_READS_MAX; i++) {
		struct eval_read *read = &eval->read[i];
		if (read->count != count || !same_rows(read->sel, sel, count))
			continue;
		kept = read->sel;
		if (read->index == (uint32_t)expr->index &&
		    read->want == (uint32_t)want) {
			*out = read->column;
			return;
		}
	}
	column_as(column, want, sel, count, region, out);
	if (sel != NULL && kept == NULL)
		kept = region_copy(region, sel, count * sizeof(*sel));
	eval->read[eval->next_read++ % EVAL_READS_MAX] = (struct eval_read){
		.index = (uint32_t)expr->index,
		.want = (uint32_t)want,
		.count = count,
		.sel = kept,
		.column = *out,
	};
}

void
node_eval_as(struct expr *expr, struct eval *eval, enum func_want want,
	const uint16_t *sel, uint32_t count, struct column *out)
{
	struct column dense;

	if (expr->kind == EXPR_FIELD && count > 0) {
		const struct column *column = field_column(expr, eval->batch);
		if (column != NULL) {
			field_eval_as(expr, eval, column, want, sel, count,
			    out);
			return;
		}
	}
	node_eval(expr, eval, sel, count, &dense);
	column_as(&dense, want, NULL, count, eval->region, out);
}

/* Rows that the expression could not compute are null; a field has no such. */
static void
mask_rejects(const struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	if (expr->kind != EXPR_FIELD && out->encoding != SLICE) {
		column_reject_rows(out, &eval->rejects, sel, count,
		    eval->region);
	}
}

void
expr_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	node_eval(expr, eval, sel, count, out);
	mask_rejects(expr, eval, sel, count, out);
}

void
expr_eval_as(struct expr *expr, struct eval *eval, enum func_want want,
	const uint16_t *sel, uint32_t count, struct column *out)
{
	node_eval_as(expr, eval, want, sel, count, out);
	mask_rejects(expr, eval, sel, count, out);
}

void
expr_eval_column(struct expr *expr, struct eval *eval, struct column *out)
{
	const struct batch *batch = eval->batch;
	struct column dense;

	if (expr->kind == EXPR_FIELD) {
		const struct column *column = field_column(expr, batch);
		if (column != NULL) {
			*out = *column;
			return;
		}
	}
	expr_eval(expr, eval, batch->sel, batch->sel_count, &dense);
	if (dense.encoding == CONST || batch->sel == NULL ||
	    dense.type == TYPE_NULL)
		*out = dense;
	else
		column_scatter(&dense, batch->sel, batch->sel_count,
		    batch->row_count, eval->region, out);
}
