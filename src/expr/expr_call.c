/*
 * Calls at plan time: do the arguments go with the definition?
 */
#include "expr/expr.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "data/number.h"
#include "expr/expr_priv.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* The sentence for types that never go together. */
static int
refuse_types(const struct call_check *check, const enum type *type,
	unsigned count, struct err *err)
{
	struct buf buf = { 0 };
	int any_text = 0;

	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			buf_add_string(&buf, i + 1 < count ? ", " : " and ");
		buf_add_string(&buf, type[i] == TYPE_ANY ? "any value" :
		    type_name(type[i]));
		any_text |= type[i] == TYPE_TEXT;
	}
	err_set(err, ERR_PROGRAM, "%s" CANNOT_COMPUTE "%s",
	    check->signature, buf_string(&buf));
	if (any_text && check->text_hint != NULL)
		err_hint(err, "%s", check->text_hint);
	buf_fini(&buf);
	return -1;
}

/* 0, or -1 and the sentence that says how many arguments it takes. */
static int
check_count(const struct call_check *check, unsigned count, struct err *err)
{
	if (count >= check->arg_min &&
	    (count <= check->arg_max || check->arg_max >= FUNC_ARGS_MAX))
		return 0;
	const char *bound = "";
	unsigned wanted = check->arg_min;
	if (check->arg_min != check->arg_max) {
		bound = count < wanted ? "at least " : "at most ";
		wanted = count < wanted ? wanted : check->arg_max;
	}
	return err_set(err, ERR_PROGRAM, "%s takes %s%u argument%s, not %u",
	    check->signature, bound, wanted, wanted == 1 ? "" : "s", count);
}

int
call_check(const struct call_check *check, struct expr *const *arg,
	unsigned count, enum type *type, struct call_plan **plan,
	unsigned *bad_arg, struct err *err)
{
	enum type types[FUNC_ARGS_MAX];
	const struct value *constant[FUNC_ARGS_MAX];
	unsigned ignored;
	void *prepared = NULL;

	*plan = NULL;
	if (bad_arg == NULL)
		bad_arg = &ignored;
	*bad_arg = count == 1 ? 0 : UINT_MAX;
	if (check_count(check, count, err) != 0)
		return -1;
	if (count > FUNC_ARGS_MAX) {
		return err_set(err, ERR_PROGRAM,
		    "%s takes at most %d arguments, not %u", check->signature,
		    FUNC_ARGS_MAX, count);
	}
	for (unsigned i = 0; i < count; i++) {
		/* A null goes everywhere, so it says nothing about the type. */
		types[i] = arg[i]->type;
		if (!check->nulls && types[i] <= TYPE_MISSING)
			types[i] = TYPE_ANY;
		constant[i] = expr_constant(arg[i]);
	}
	*type = check->type == NULL ? TYPE_ANY : check->type(types, count);
	if (*type == TYPE_ERROR)
		return refuse_types(check, types, count, err);
	if (check->prepare != NULL &&
	    check->prepare(constant, count, &prepared, bad_arg, err) != 0)
		return -1;
	*plan = call_plan_new(prepared, check->release);
	return 0;
}

static void
free_args(struct expr **arg, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		expr_free(&arg[i]);
}

/* A number of the program as a decimal, if it is one of a few digits. */
static int
constant_decimal(const struct expr *arg, struct value *out)
{
	const struct value *constant = expr_constant(arg);

	if (constant == NULL || (constant->type != TYPE_FLOAT &&
	    constant->type != TYPE_RAW))
		return 0;
	struct value number = value_settle(constant);
	*out = (struct value){ .type = TYPE_DECIMAL };
	return number.type == TYPE_FLOAT && decimal_from_float(
	    number.cell.number, &out->cell.decimal) == 0;
}

/* The constants beside a decimal. */
static void
take_exactly(struct expr **arg, unsigned count)
{
	int has_decimal = 0;
	struct value decimal;

	for (unsigned i = 0; i < count; i++)
		has_decimal |= arg[i]->type == TYPE_DECIMAL;
	for (unsigned i = 0; has_decimal && i < count; i++) {
		if (!constant_decimal(arg[i], &decimal))
			continue;
		expr_free(&arg[i]);
		arg[i] = expr_const(&decimal);
	}
}

static struct expr *
call_new(const struct func_def *def, struct expr **take_arg, unsigned count,
	unsigned *bad_arg, struct err *err)
{
	struct call_check check = {
		.signature = def->signature,
		.text_hint = def->text_hint,
		.arg_min = def->arg_min,
		.arg_max = def->arg_max,
		.nulls = def->flags & FUNC_NULLS,
		.type = def->type,
		.prepare = def->prepare,
		.release = def->release,
	};
	enum type type;
	struct call_plan *plan;

	if (def->flags & FUNC_EXACT)
		take_exactly(take_arg, count);
	if (call_check(&check, take_arg, count, &type, &plan, bad_arg,
	    err) != 0) {
		free_args(take_arg, count);
		return NULL;
	}
	struct expr *expr = mem_alloc_zero(sizeof(*expr));
	expr->kind = EXPR_CALL;
	expr->type = type;
	expr->def = def;
	expr->plan = plan;
	expr->is_volatile = (def->flags & FUNC_VOLATILE) != 0;
	expr->child_count = count;
	if (count > 0)
		expr->child = mem_copy(take_arg, count * sizeof(*take_arg));
	for (unsigned i = 0; i < count; i++)
		expr->is_volatile |= take_arg[i]->is_volatile;
	if (expr_fold(&expr, err) != 0) {
		expr_free(&expr);
		return NULL;
	}
	if (expr->kind == EXPR_CALL)
		expr->fast = filter_fast_new(expr);
	return expr;
}

/* f(a, b, c, ...) as f(f(a, b), c, ...) until it has few enough arguments. */
static struct expr *
call_new_nested(const struct func_def *def, struct expr **take_arg,
	unsigned count, unsigned *bad_arg, struct err *err)
{
	struct expr *arg[FUNC_ARGS_MAX];
	unsigned taken = FUNC_ARGS_MAX;

	struct expr *expr = call_new(def, take_arg, taken, bad_arg, err);
	while (expr != NULL && taken < count) {
		unsigned more = count - taken;
		if (more > FUNC_ARGS_MAX - 1)
			more = FUNC_ARGS_MAX - 1;
		arg[0] = expr;
		memcpy(arg + 1, take_arg + taken, more * sizeof(*arg));
		expr = call_new(def, arg, more + 1, bad_arg, err);
		if (expr == NULL && bad_arg != NULL)
			*bad_arg += taken - 1;
		taken += more;
	}
	if (expr == NULL)
		free_args(take_arg + taken, count - taken);
	return expr;
}

struct expr *
expr_call(const struct func_def *def, struct expr **take_arg, unsigned count,
	unsigned *bad_arg, struct err *err)
{
	if (count > FUNC_ARGS_MAX && (def->flags & FUNC_NESTS)) {
		return call_new_nested(def, take_arg, count, bad_arg, err);
	}
	return call_new(def, take_arg, count, bad_arg, err);
}
