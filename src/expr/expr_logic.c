/*
 * What must not evaluate all its arguments: and, or, case, ??, try.  Each asks
 * a branch only for the rows that need it, so `x != 0 and 10 / x > 1` divides
 * by no zero.
 *
 * and/or know three values: null is "not known", so false and null is false,
 * true and null is null.  For rows where the left side decides, the right side
 * is not evaluated.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/mem.h"

/* Conditions from a dense BOOL column. */
static void
condition_from_bools(const struct column *column, uint32_t count,
	uint8_t *state)
{
	const uint8_t *bools = column->data;

	if (column->encoding == CONST) {
		memset(state, column_row_is_valid(column, 0) ? bools[0] :
		    CONDITION_NULL, count);
		return;
	}
	memcpy(state, bools, count);
	if (column->valid == NULL)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (!bits_get(column->valid, i))
			state[i] = CONDITION_NULL;
	}
}

void
condition_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, uint8_t *state)
{
	struct column column, one;

	node_eval_as(expr, eval, FUNC_BOOL, sel, count, &column);
	if (column.type == TYPE_BOOL) {
		condition_from_bools(&column, count, state);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		enum type type = column_row_type(&column, i);
		uint16_t at = (uint16_t)i;
		state[i] = CONDITION_NULL;
		if (type == TYPE_NULL)
			continue;
		if (type == TYPE_BOOL) {
			state[i] = ((const union cell *)column.data)[i].boolean;
			continue;
		}
		if (column.type == TYPE_MIXED)
			column_take_type(&column, type, &at, 1, eval->region,
			    &one);
		else
			column_gather(&column, &at, 1, eval->region, &one);
		uint16_t row = sel == NULL ? at : sel[i];
		call_refuse("a condition", " is true or false, not ", NULL,
		    &one, 1, 1, &row, NULL, &eval->rejects);
	}
}

/* Rows in the given states, dense; returns how many. */
static uint32_t
rows_in_state(const uint8_t *state, uint32_t count, unsigned state_mask,
	uint16_t *at)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		at[n] = (uint16_t)i;
		n += state_mask >> state[i] & 1;
	}
	return n;
}

static void
bools_from_condition(const uint8_t *state, uint32_t count,
	struct region *region, struct column *out)
{
	column_init_flat(out, TYPE_BOOL, count, region);
	uint8_t *bools = out->data;
	int any_null = 0;
	for (uint32_t i = 0; i < count; i++) {
		bools[i] = state[i] == CONDITION_TRUE;
		any_null |= state[i] == CONDITION_NULL;
	}
	if (!any_null)
		return;
	column_need_valid(out, count, region);
	for (uint32_t i = 0; i < count; i++) {
		if (state[i] == CONDITION_NULL)
			bits_clear(out->valid, i);
	}
}

void
and_or_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct region *region = eval->region;
	/* The value that decides: false for and, true for or. */
	uint8_t decisive = expr->kind == EXPR_AND ? CONDITION_FALSE :
	    CONDITION_TRUE;
	uint8_t *left = region_alloc(region, count);
	uint16_t *at = region_alloc(region, (count + 1) * sizeof(*at));

	condition_eval(expr->child[0], eval, sel, count, left);
	uint32_t open = rows_in_state(left, count, ~(1u << decisive), at);
	if (open > 0) {
		uint8_t *right = region_alloc(region, open);
		condition_eval(expr->child[1], eval, rows_compose(sel, at,
		    open, region), open, right);
		for (uint32_t i = 0; i < open; i++) {
			uint8_t *state = &left[at[i]];
			if (right[i] == decisive || *state != CONDITION_NULL)
				*state = right[i];
		}
	}
	bools_from_condition(left, count, region, out);
}

void
case_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct region *region = eval->region;
	struct merge merge = { .region = region, .rows = count };
	const uint16_t *rest = rows_all();
	uint32_t left = count;
	struct column part;
	unsigned i;

	for (i = 0; i + 1 < expr->child_count && left > 0; i += 2) {
		const uint16_t *rest_sel = left == count ? sel :
		    rows_compose(sel, rest, left, region);
		uint8_t *state = region_alloc(region, left);
		uint16_t *at = region_alloc(region, (left + 1) * sizeof(*at));
		condition_eval(expr->child[i], eval, rest_sel, left, state);
		uint32_t n = rows_in_state(state, left, 1u << CONDITION_TRUE,
		    at);
		if (n > 0) {
			const uint16_t *rows = rows_compose(rest, at, n,
			    region);
			node_eval_as(expr->child[i + 1], eval, FUNC_ANY,
			    rows_compose(sel, rows, n, region), n, &part);
			merge_add(&merge, &part, rows, n);
		}
		if (n == 0)
			continue;
		uint32_t others = rows_in_state(state, left,
		    ~(1u << CONDITION_TRUE), at);
		rest = rows_compose(rest, at, others, region);
		left = others;
	}
	if (expr->child_count % 2 == 1 && left > 0) {
		node_eval_as(expr->child[expr->child_count - 1], eval, FUNC_ANY,
		    left == count ? sel : rows_compose(sel, rest, left, region),
		    left, &part);
		merge_add(&merge, &part, rest, left);
	}
	merge_finish(&merge, out);
}

void
coalesce_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct region *region = eval->region;
	struct merge merge = { .region = region, .rows = count };
	struct column first, part;
	uint32_t there = 0, gone = 0;

	node_eval_as(expr->child[0], eval, FUNC_ANY, sel, count, &first);
	if (first.type != TYPE_MIXED && first.type != TYPE_NULL &&
	    (first.valid == NULL || first.encoding == CONST) &&
	    column_row_is_valid(&first, 0)) {
		*out = first;
		return;
	}
	uint16_t *there_at = region_alloc(region, (count + 1) * sizeof(*sel));
	uint16_t *gone_at = region_alloc(region, (count + 1) * sizeof(*sel));
	for (uint32_t i = 0; i < count; i++) {
		int null = column_row_type(&first, i) == TYPE_NULL;
		there_at[there] = gone_at[gone] = (uint16_t)i;
		gone += (uint32_t)null;
		there += (uint32_t)!null;
	}
	if (there > 0 && first.type == TYPE_MIXED) {
		/* Its rows may be of fewer types than the whole. */
		unsigned split_count;
		struct split *split = split_make(&first, 1, count, 0, region,
		    &split_count);
		for (unsigned i = 0; i < split_count; i++) {
			if (split_type(&split[i], 0) == TYPE_NULL)
				continue;
			split_take(&split[i], &first, 1, region, &part);
			merge_add(&merge, &part, split[i].at, split[i].count);
		}
	} else if (there > 0) {
		column_gather(&first, there_at, there, region, &part);
		part.valid = NULL;
		merge_add(&merge, &part, there_at, there);
	}
	node_eval_as(expr->child[1], eval, FUNC_ANY, gone == count ? sel :
	    rows_compose(sel, gone_at, gone, region), gone, &part);
	merge_add(&merge, &part, gone_at, gone);
	merge_finish(&merge, out);
}

void
try_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct rejects outer = eval->rejects;

	eval->rejects = (struct rejects){ .region = eval->region, .quiet = 1 };
	node_eval_as(expr->child[0], eval, FUNC_ANY, sel, count, out);
	column_reject_rows(out, &eval->rejects, sel, count, eval->region);
	eval->rejects = outer;
}
