/*
 * What several expressions of a stage compute is computed once.
 *
 * Calls that are equal get one number; the evaluator keeps the last result of
 * each number with the rows that it is for (expr_eval.c).  Parts that are
 * evaluated for other rows, as the branches of a case, then just miss.  Inside
 * of try() nothing is shared: there it is another matter who refuses a record.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"

/* Calls that are looked at; more in one stage are left alone. */
#define CALLS_MAX 128

struct share {
	struct expr *call[CALLS_MAX];
	uint32_t call_count;
	uint32_t shared_count;
};

static int
constants_are_equal(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return 0;
	if (type_is_textual(a->type))
		return text_equal(&a->cell.text, &b->cell.text);
	switch (a->type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		return 1;
	case TYPE_BOOL:
		return a->cell.boolean == b->cell.boolean;
	case TYPE_DECIMAL:
		return a->cell.decimal.units == b->cell.decimal.units &&
		    a->cell.decimal.scale == b->cell.decimal.scale;
	default:
		return a->cell.integer == b->cell.integer;
	}
}

static int
exprs_are_equal(const struct expr *a, const struct expr *b)
{
	if (a->kind != b->kind || a->type != b->type || a->is_volatile ||
	    a->child_count != b->child_count || a->def != b->def ||
	    a->param != b->param || a->kind == EXPR_RECORD)
		return 0;
	if ((a->name == NULL) != (b->name == NULL) ||
	    (a->name != NULL && strcmp(a->name, b->name) != 0))
		return 0;
	if (a->kind == EXPR_CONST)
		return constants_are_equal(&a->value, &b->value);
	for (unsigned i = 0; i < a->child_count; i++)
		if (!exprs_are_equal(a->child[i], b->child[i]))
			return 0;
	return 1;
}

/* Give the call the number of an equal one that came before. */
static int
share_call(struct share *share, struct expr *expr)
{
	for (uint32_t i = 0; i < share->call_count; i++) {
		struct expr *other = share->call[i];
		if (!exprs_are_equal(other, expr))
			continue;
		if (other->shared == 0 &&
		    share->shared_count < EVAL_SHARED_MAX)
			other->shared = ++share->shared_count;
		expr->shared = other->shared;
		return 1;
	}
	if (share->call_count < CALLS_MAX)
		share->call[share->call_count++] = expr;
	return 0;
}

static void
share_tree(struct share *share, struct expr *expr)
{
	if (expr->kind == EXPR_TRY)
		return;
	if (expr->kind == EXPR_CALL && share_call(share, expr))
		return;
	for (unsigned i = 0; i < expr->child_count; i++)
		share_tree(share, expr->child[i]);
}

uint32_t
expr_share(struct expr *const *expr, uint32_t count)
{
	struct share share = { .call_count = 0 };

	for (uint32_t i = 0; i < count; i++)
		share_tree(&share, expr[i]);
	return share.shared_count;
}
