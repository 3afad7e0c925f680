/*
 * Calls: special forms, functions of the program (fn), functions and aggregates
 * of the registries; and the nearest name for what is none of these.
 */
#include "check/check_priv.h"

#include <assert.h>
#include <string.h>

#include "util/near.h"

struct expr *
bind_func(const struct scope *scope, const char *name,
	const struct ast_expr *at, struct expr **take_arg, unsigned count)
{
	const struct func_def *def = func_find(name, strlen(name));
	unsigned bad_arg = UINT32_MAX;

	assert(def != NULL);
	struct expr *expr = expr_call(def, take_arg, count, &bad_arg,
	    scope->check->err);
	mem_free(take_arg);
	if (expr != NULL)
		return expr;
	struct ast_span span = at->span;
	if (at->kind == AST_CALL && bad_arg < at->args.count)
		span = at->args.arg[bad_arg].expr->span;
	else if (bad_arg < at->child_count)
		span = at->child[bad_arg]->span;
	return bind_fail_at(scope->check, span);
}

static struct expr **
bind_args(const struct scope *scope, const struct ast_expr *ast)
{
	struct expr **arg = mem_alloc_zero((ast->args.count + 1) *
	    sizeof(*arg));

	for (uint32_t i = 0; i < ast->args.count; i++) {
		if (ast->args.arg[i].name.bytes != NULL)
			bind_error(scope->check, ast->args.arg[i].span,
			    "%.*s() takes its arguments by position",
			    (int)ast->text.size, ast->text.bytes);
		else
			arg[i] = bind_expr(scope, ast->args.arg[i].expr);
		if (arg[i] != NULL)
			continue;
		while (i-- > 0)
			expr_free(&arg[i]);
		mem_free(arg);
		return NULL;
	}
	return arg;
}

static int
call_count_is(const struct scope *scope, const struct ast_expr *ast,
	unsigned min, unsigned max)
{
	if (ast->args.count >= min && ast->args.count <= max)
		return 1;
	if (min == max)
		bind_error(scope->check, ast->span,
		    "%.*s() takes %u argument%s", (int)ast->text.size,
		    ast->text.bytes, min, min == 1 ? "" : "s");
	else
		bind_error(scope->check, ast->span,
		    "%.*s() takes at least %u arguments",
		    (int)ast->text.size, ast->text.bytes, min);
	return 0;
}

/* if(c, a [, b]) */
static struct expr *
bind_if(const struct scope *scope, const struct ast_expr *ast)
{
	if (!call_count_is(scope, ast, 2, 3))
		return NULL;
	struct expr **arm = bind_args(scope, ast);
	if (arm == NULL)
		return NULL;
	struct expr *expr = expr_case(arm, ast->args.count);
	mem_free(arm);
	return expr;
}

/* coalesce(a, b, ...) is a ?? b ?? ... */
static struct expr *
bind_coalesce(const struct scope *scope, const struct ast_expr *ast)
{
	if (!call_count_is(scope, ast, 1, FUNC_ARGS_MAX))
		return NULL;
	struct expr **arg = bind_args(scope, ast);
	if (arg == NULL)
		return NULL;
	struct expr *expr = arg[0];
	for (uint32_t i = 1; i < ast->args.count; i++)
		expr = expr_coalesce(expr, arg[i]);
	mem_free(arg);
	return expr;
}

/* try(x): null where x cannot be computed */
static struct expr *
bind_try(const struct scope *scope, const struct ast_expr *ast)
{
	if (!call_count_is(scope, ast, 1, 1))
		return NULL;
	struct expr **arg = bind_args(scope, ast);
	if (arg == NULL)
		return NULL;
	struct expr *expr = expr_try(arg[0]);
	mem_free(arg);
	return expr;
}

static const struct ast_decl *
find_fn(const struct check *check, struct ast_text name)
{
	for (uint32_t i = 0; i < check->program->decl_count; i++) {
		const struct ast_decl *decl = &check->program->decl[i];
		if (decl->kind == AST_FN && text_same(decl->name, name))
			return decl;
	}
	return NULL;
}

int
bind_params(struct check *check, const struct ast_decl *decl,
	const struct ast_args *args, struct ast_span span,
	const struct binding *caller, struct binding *out)
{
	uint32_t positional = 0;

	for (uint32_t i = 0; i < args->count; i++)
		positional += args->arg[i].name.bytes == NULL;
	if (positional > decl->param_count)
		return bind_error(check, span, "%.*s takes %u argument%s",
		    (int)decl->name.size, decl->name.bytes, decl->param_count,
		    decl->param_count == 1 ? "" : "s");
	for (uint32_t i = 0; i < args->count; i++) {
		uint32_t p = 0;
		if (args->arg[i].name.bytes == NULL)
			continue;
		while (p < decl->param_count &&
		    !text_same(decl->param[p].name, args->arg[i].name))
			p++;
		if (p == decl->param_count)
			return bind_error(check, args->arg[i].span,
			    "%.*s has no parameter $%.*s",
			    (int)decl->name.size, decl->name.bytes,
			    (int)args->arg[i].name.size,
			    args->arg[i].name.bytes);
	}
	for (uint32_t p = 0; p < decl->param_count; p++) {
		const struct ast_param *param = &decl->param[p];
		const struct ast_expr *given = NULL;
		uint32_t seen = 0;
		for (uint32_t i = 0; i < args->count; i++)
			if (args->arg[i].name.bytes == NULL ? seen++ == p :
			    text_same(args->arg[i].name, param->name))
				given = args->arg[i].expr;
		if (given == NULL && param->fallback == NULL)
			return bind_error(check, span, "%.*s needs $%.*s",
			    (int)decl->name.size, decl->name.bytes,
			    (int)param->name.size, param->name.bytes);
		out[p] = (struct binding){
			.name = param->name,
			.expr = given != NULL ? given : param->fallback,
			.scope = given != NULL ? caller : check->globals,
			.next = p == 0 ? check->globals : &out[p - 1],
		};
	}
	return 0;
}

static struct expr *
bind_fn(const struct scope *scope, const struct ast_expr *ast,
	const struct ast_decl *decl)
{
	struct check *check = scope->check;
	struct binding *binding = region_alloc(check->flow->region,
	    (decl->param_count + 1) * sizeof(*binding));

	if (bind_params(check, decl, &ast->args, ast->span, scope->binding,
	    binding) != 0)
		return NULL;
	if (++check->depth > EXPANSION_DEPTH_MAX) {
		bind_error(check, ast->span, "fn %.*s calls itself",
		    (int)decl->name.size, decl->name.bytes);
		return NULL;
	}
	struct scope inner = *scope;
	inner.binding = decl->param_count == 0 ? check->globals :
	    &binding[decl->param_count - 1];
	struct expr *expr = bind_expr(&inner, decl->expr);
	check->depth--;
	return expr;
}

static struct expr *
bind_unknown_call(const struct scope *scope, const struct ast_expr *ast)
{
	struct check *check = scope->check;
	size_t func_count, agg_count, count = 0;
	const struct func_def *const *func = func_all(&func_count);
	const struct agg_def *const *agg = agg_all(&agg_count);
	const char **names = mem_alloc((func_count + agg_count +
	    check->program->decl_count + 6) * sizeof(*names));

	for (size_t i = 0; i < func_count; i++)
		if (!(func[i]->flags & FUNC_HIDDEN))
			names[count++] = func[i]->name;
	for (size_t i = 0; i < agg_count; i++)
		names[count++] = agg[i]->name;
	for (uint32_t i = 0; i < check->program->decl_count; i++)
		if (check->program->decl[i].kind == AST_FN)
			names[count++] = bind_text(check,
			    check->program->decl[i].name);
	names[count++] = "if";
	names[count++] = "coalesce";
	names[count++] = "try";
	names[count++] = "grouping";
	names[count++] = "rollup";
	names[count++] = "cube";
	const char *name = bind_text(check, ast->text);
	const char *near = near_name(name, names, count);
	struct ast_span span = ast->span;
	span.bytes = ast->text.size < span.bytes ? ast->text.size : span.bytes;
	bind_error(check, span, "there is no function '%s'", name);
	if (text_is(ast->text, "rollup") || text_is(ast->text, "cube") ||
	    text_is(ast->text, "sets"))
		err_hint(check->err, "it makes sets of keys, behind `by`: "
		    "aggregate count() by %s(a, b)", name);
	else if (near != NULL)
		err_hint(check->err, "did you mean %s()?", near);
	else
		err_hint(check->err, "sflow help functions lists them");
	mem_free(names);
	return NULL;
}

static struct expr *
bind_registered(const struct scope *scope, const struct ast_expr *ast)
{
	const struct func_def *func = func_find(ast->text.bytes,
	    ast->text.size);
	const struct agg_def *agg = agg_find(ast->text.bytes, ast->text.size);

	if (agg != NULL && (scope->aggs != NULL || func == NULL))
		return bind_agg_call(scope, ast, agg);
	if (func == NULL || (func->flags & FUNC_HIDDEN &&
	    strcmp(func->name, "concat") != 0))
		return bind_unknown_call(scope, ast);
	struct expr **arg = bind_args(scope, ast);
	return arg == NULL ? NULL :
	    bind_func(scope, func->name, ast, arg, ast->args.count);
}

struct expr *
bind_call(const struct scope *scope, const struct ast_expr *ast)
{
	const struct ast_decl *fn = find_fn(scope->check, ast->text);

	if (fn != NULL)
		return bind_fn(scope, ast, fn);
	if (text_is(ast->text, "if"))
		return bind_if(scope, ast);
	if (text_is(ast->text, "coalesce"))
		return bind_coalesce(scope, ast);
	if (text_is(ast->text, "try"))
		return bind_try(scope, ast);
	if (text_is(ast->text, "grouping"))
		return bind_grouping(scope, ast);
	return bind_registered(scope, ast);
}
