/*
 * Conditions that narrow a selection.
 *
 * `a and b` narrows by a, then by b; `a or b` asks b only for the rows that a
 * did not take.  What is left is a condition column turned into row numbers
 * without branches.
 *
 * The case that filters spend their time on, an undeclared field compared with
 * a constant, never makes a column at all: see filter_fast.c.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/mem.h"

/* Rows sel[i] where state[i] is `wanted`, without a branch. */
static uint32_t
rows_take(const uint8_t *state, uint8_t wanted, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	uint32_t n = 0;

	if (sel == NULL) {
		for (uint32_t i = 0; i < count; i++) {
			out[n] = (uint16_t)i;
			n += state[i] == wanted;
		}
		return n;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel[i];
		out[n] = row;
		n += state[i] == wanted;
	}
	return n;
}

/* Any expression: its value for all rows, then the rows where it is true. */
static uint32_t
filter_any(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	uint8_t *state = region_alloc(eval->region, count + 1);

	condition_eval(expr, eval, sel, count, state);
	return rows_take(state, CONDITION_TRUE, sel, count, out);
}

static uint32_t
filter_or(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	uint8_t taken[BATCH_ROWS_MAX];
	uint16_t *some = region_alloc(eval->region, (count + 1) * sizeof(*out));
	uint16_t *rest = region_alloc(eval->region, (count + 1) * sizeof(*out));
	uint32_t left = 0, n = 0;

	memset(taken, 0, sizeof(taken));
	uint32_t found = filter_narrow(expr->child[0], eval, sel, count,
	    some);
	for (uint32_t i = 0; i < found; i++)
		taken[some[i]] = 1;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel == NULL ? (uint16_t)i : sel[i];
		rest[left] = row;
		left += !taken[row];
	}
	found = filter_narrow(expr->child[1], eval, rest, left, some);
	for (uint32_t i = 0; i < found; i++)
		taken[some[i]] = 1;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel == NULL ? (uint16_t)i : sel[i];
		out[n] = row;
		n += taken[row];
	}
	return n;
}

uint32_t
filter_narrow(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	uint32_t found;

	if (count == 0)
		return 0;
	switch (expr->kind) {
	case EXPR_AND:
		if (expr->order != NULL)
			return filter_ordered(expr->order, eval, sel, count,
			    out);
		count = filter_narrow(expr->child[0], eval, sel, count, out);
		return filter_narrow(expr->child[1], eval, out, count, out);
	case EXPR_OR:
		return filter_or(expr, eval, sel, count, out);
	case EXPR_CALL:
		if (expr->fast != NULL && filter_fast(expr->fast, eval, sel,
		    count, out, &found))
			return found;
		break;
	default:
		break;
	}
	return filter_any(expr, eval, sel, count, out);
}

uint32_t
expr_filter(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, uint16_t *out)
{
	uint32_t n = 0;

	count = filter_narrow(expr, eval, sel, count, out);
	if (eval->rejects.count == 0)
		return count;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = out[i];
		out[n] = row;
		n += !rejects_has(&eval->rejects, row);
	}
	return n;
}
