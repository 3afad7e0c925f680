/*
 * Constant folding: what depends on no row is computed when the plan is made,
 * by the evaluator itself on one row of nothing, so that a folded call can give
 * no other answer than one that is evaluated.
 */
#include "expr/expr.h"

#include "expr/expr_priv.h"
#include "util/err.h"
#include "util/mem.h"

/* Has the node children that are all constants, and nothing else to ask? */
static int
can_fold(const struct expr *expr)
{
	if (expr->is_volatile)
		return 0;
	switch (expr->kind) {
	case EXPR_CONST:
	case EXPR_FIELD:
	case EXPR_THIS:
	case EXPR_PARAM:
		return 0;
	default:
		break;
	}
	for (unsigned i = 0; i < expr->child_count; i++) {
		if (expr->child[i]->kind != EXPR_CONST)
			return 0;
	}
	return 1;
}

int
expr_fold(struct expr **address, struct err *err)
{
	struct expr *expr = *address;
	struct region *region;
	struct eval eval;
	struct column column;
	int result = 0;

	if (!can_fold(expr))
		return 0;
	region = region_new();
	eval_init(&eval, NULL, region);
	node_eval(expr, &eval, NULL, 1, &column);
	if (eval.rejects.count > 0) {
		result = -1;
		if (err != NULL) {
			err_set(err, ERR_PROGRAM, "%s",
			    eval.rejects.reason[0]);
		}
	} else {
		struct value value = column_value(&column, 0, region);
		if (value.type == TYPE_MISSING)
			value.type = TYPE_NULL;
		*address = expr_const(&value);
		expr_free(&expr);
	}
	region_drop(&region);
	return result;
}
