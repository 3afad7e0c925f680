/*
 * What the rules of the plan ask of expressions: may a condition be asked
 * elsewhere, and in which parts?
 *
 * A condition that refuses no record can be asked sooner or later than others
 * without anybody noticing.  What refuses is known of functions by their flags;
 * and `and`, `or`, `case` refuse what is no truth value, so what they are given
 * must be known to be one.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/mem.h"

static int
is_nested(enum type type)
{
	return type == TYPE_LIST || type == TYPE_RECORD || type == TYPE_ANY ||
	    type == TYPE_MIXED;
}

/* Can the value be a list or a record? */
static int
may_be_nested(const struct expr *expr, int plain)
{
	return is_nested(expr->type) && !(plain && expr->kind == EXPR_FIELD);
}

static int
call_is_total(const struct expr *expr, int plain)
{
	const struct func_def *def = expr->def;

	/* A list that comes with the record may be none. */
	if (strcmp(def->name, "in_list") == 0)
		return expr->child[1]->kind == EXPR_CONST;
	if (def->want[0] == FUNC_BOOL)
		return expr->child[0]->type == TYPE_BOOL;
	if (def->flags & FUNC_TOTAL)
		return 1;
	if (!(def->flags & FUNC_TOTAL_PLAIN))
		return 0;
	for (unsigned i = 0; i < expr->child_count; i++)
		if (may_be_nested(expr->child[i], plain))
			return 0;
	return 1;
}

/* Is every child that is a condition known to be one? */
static int
conditions_are_bool(const struct expr *expr)
{
	unsigned step = expr->kind == EXPR_CASE ? 2 : 1;

	for (unsigned i = 0; i + step <= expr->child_count; i += step)
		if (expr->child[i]->type != TYPE_BOOL)
			return 0;
	return 1;
}

int
expr_is_total(const struct expr *expr, int plain)
{
	if (expr->kind == EXPR_TRY)
		return 1;
	for (unsigned i = 0; i < expr->child_count; i++)
		if (!expr_is_total(expr->child[i], plain))
			return 0;
	switch (expr->kind) {
	case EXPR_CONST:
	case EXPR_FIELD:
	case EXPR_PARAM:
	case EXPR_COALESCE:
		return 1;
	case EXPR_AND:
	case EXPR_OR:
	case EXPR_CASE:
		return conditions_are_bool(expr);
	case EXPR_CALL:
		return (expr->def->flags & (FUNC_TOTAL | FUNC_TOTAL_PLAIN)) &&
		    call_is_total(expr, plain);
	default:
		return 0;
	}
}

static void
split_and(struct expr *take_expr, struct expr **out, uint32_t *count)
{
	if (take_expr->kind != EXPR_AND) {
		if (out != NULL)
			out[*count] = take_expr;
		++*count;
		return;
	}
	split_and(take_expr->child[0], out, count);
	split_and(take_expr->child[1], out, count);
	if (out == NULL)
		return;
	take_expr->child_count = 0;
	expr_free(&take_expr);
}

struct expr **
expr_split_and(struct expr *take_expr, uint32_t *count)
{
	struct expr **out;

	*count = 0;
	split_and(take_expr, NULL, count);
	out = mem_alloc(*count * sizeof(struct expr *));
	*count = 0;
	split_and(take_expr, out, count);
	return out;
}

void
expr_rename_fields(struct expr *expr, expr_name_f *name, void *cookie)
{
	if (expr->kind == EXPR_FIELD) {
		char *other = mem_copy_string(name(cookie, expr->name));
		mem_free(expr->name);
		expr->name = other;
		expr->name_size = strlen(other);
		schema_drop(&expr->schema);
		expr->index = -1;
	}
	for (unsigned i = 0; i < expr->child_count; i++)
		expr_rename_fields(expr->child[i], name, cookie);
}
