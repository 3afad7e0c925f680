/*
 * aggregate and count.
 *
 * An item may compute with several aggregates: `rate = sum(ok) / count()`.
 * While an item is bound, every aggregate call in it is moved to the operator's
 * list and leaves a reference to a field named after its number; an item that
 * is nothing but one call gives the aggregate its name directly.  When every
 * item is such a call, the operator's output is the result; else a select
 * behind it computes the items from the numbered fields.
 */
#include "check/check_priv.h"

#include <string.h>

#include "util/buf.h"

static int
agg_args(const struct scope *scope, const struct ast_expr *ast,
	struct expr ***out, unsigned *count)
{
	struct scope inner = *scope;

	inner.aggs = NULL;
	*count = ast->args.count;
	if (*count == 1 && ast->args.arg[0].expr->kind == AST_STAR)
		*count = 0;	/* count(*) */
	*out = mem_alloc_zero((*count + 1) * sizeof(**out));
	for (unsigned i = 0; i < *count; i++) {
		(*out)[i] = bind_expr(&inner, ast->args.arg[i].expr);
		if ((*out)[i] != NULL)
			continue;
		while (i-- > 0)
			expr_free(&(*out)[i]);
		mem_free(*out);
		return -1;
	}
	return 0;
}

struct expr *
bind_agg_call(const struct scope *scope, const struct ast_expr *ast,
	const struct agg_def *def)
{
	struct check *check = scope->check;
	struct agg_list *list = scope->aggs;
	struct expr *where = NULL, **arg;
	unsigned count, bad_arg = UINT32_MAX;

	if (list == NULL) {
		bind_error(check, ast->span,
		    "%s() is an aggregate and stands in aggregate only",
		    def->name);
		err_hint(check->err, "try: aggregate %s(...) by ...",
		    def->name);
		return NULL;
	}
	if (agg_args(scope, ast, &arg, &count) != 0)
		return NULL;
	if (list->where != NULL) {
		struct scope inner = *scope;
		inner.aggs = NULL;
		where = bind_expr(&inner, list->where);
		if (where == NULL)
			return NULL;
	}
	struct agg_expr *agg = agg_expr_new(def, arg, count, where, &bad_arg,
	    check->err);
	mem_free(arg);
	if (agg == NULL)
		return bind_fail_at(check, bad_arg < ast->args.count ?
		    ast->args.arg[bad_arg].expr->span : ast->span);
	struct buf name = { 0 };
	buf_add_format(&name, "#%u", list->count + 1);
	list->agg = mem_resize(list->agg,
	    (list->count + 1) * sizeof(*list->agg));
	list->agg[list->count++] = (struct op_agg){
		.name = bind_text(check, (struct ast_text){
		    buf_string(&name), (uint32_t)name.size }),
		.agg = agg,
	};
	struct expr *field = expr_field(name.bytes, name.size,
	    agg_expr_type(agg));
	buf_fini(&name);
	return field;
}

struct stray {
	const struct op *op;
	const char *field;
};

/* Fields of an item that are neither aggregates nor group keys. */
static void
find_stray(void *cookie, const char *name)
{
	struct stray *stray = cookie;

	if (name != NULL && name[0] == '#')
		return;
	for (uint32_t i = 0; name != NULL && i < stray->op->args.by_count; i++)
		if (strcmp(stray->op->args.by[i].name, name) == 0)
			return;
	stray->field = name == NULL ? "this" : name;
}

/* One item: its expression over the aggregates; -1 on error. */
static int
bind_agg_item(const struct scope *scope, const struct op *op,
	const struct ast_item *ast, struct op_item *out)
{
	struct check *check = scope->check;
	struct stray stray = { .op = op };

	scope->aggs->where = ast->where;
	struct expr *expr = bind_expr(scope, ast->expr);
	if (expr == NULL)
		return -1;
	expr_visit_fields(expr, find_stray, &stray);
	if (stray.field != NULL || expr_constant(expr) != NULL) {
		if (stray.field == NULL)
			bind_error(check, ast->expr->span,
			    "this is no aggregate of the group's records");
		else
			bind_error(check, ast->expr->span,
			    "'%s' has many values in a group", stray.field);
		err_hint(check->err, "put it behind `by`, or say which "
		    "value is meant: first(...), max(...)");
		expr_free(&expr);
		return -1;
	}
	*out = (struct op_item){
		.kind = OP_ITEM_EXPR,
		.name = bind_item_name(check, ast),
		.expr = expr,
		.span_offset = ast->span.offset, .span_bytes = ast->span.bytes,
	};
	return 0;
}

/* Is it the name of a field that a window makes? */
static int
is_window_name(const char *name)
{
	return strcmp(name, "window_start") == 0 ||
	    strcmp(name, "window_end") == 0;
}

static int
find_window_clash(struct check *check, const struct op_item *item,
	uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!is_window_name(item[i].name))
			continue;
		bind_error(check, (struct ast_span){ item[i].span_offset,
		    item[i].span_bytes }, "'%s' is a field that the window "
		    "makes", item[i].name);
		return err_hint(check->err,
		    "give this one another name: NAME = ...");
	}
	return 0;
}

static int
find_clash(struct check *check, enum ast_stage_kind stage,
	const struct op_item *by, uint32_t by_count,
	const struct op_item *item, uint32_t item_count)
{
	for (uint32_t i = 0; i < item_count; i++) {
		int clash = 0;
		for (uint32_t k = 0; k < i; k++)
			clash |= strcmp(item[k].name, item[i].name) == 0;
		for (uint32_t k = 0; k < by_count; k++)
			clash |= strcmp(by[k].name, item[i].name) == 0;
		if (!clash)
			continue;
		bind_error(check, (struct ast_span){ item[i].span_offset,
		    item[i].span_bytes }, "two fields are called '%s'",
		    item[i].name);
		return err_hint(check->err, stage == AST_COUNT ?
		    "give the number another name: aggregate NAME = count() "
		    "by ..." : "give one another name: NAME = ...");
	}
	return 0;
}

/* Is the item nothing but one aggregate?  Its index, or -1. */
static int
item_is_agg(const struct op_item *item, const struct agg_list *list)
{
	const char *name = expr_field_name(item->expr);

	for (uint32_t i = 0; name != NULL && i < list->count; i++)
		if (strcmp(list->agg[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Give the aggregates the items' names if every item is one.  1: done. */
static int
name_directly(struct op_item *item, uint32_t count, struct agg_list *list)
{
	if (count != list->count)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (item_is_agg(&item[i], list) != (int)i)
			return 0;
	for (uint32_t i = 0; i < count; i++) {
		list->agg[i].name = item[i].name;
		expr_free(&item[i].expr);
	}
	return 1;
}

/* select keys, window ends, items: what the user sees of the numbered
 * aggregates. */
static int
append_final_select(struct check *check, struct stream *stream,
	const struct op *aggregate, struct op_item *take_item, uint32_t count)
{
	struct op *select = flow_add_op(check, "select", NULL);
	const struct schema *out = aggregate->out;
	uint32_t fields = out->field_count - aggregate->args.agg_count;
	uint32_t kept = 0;
	struct op_item *all = mem_alloc_zero((fields + count) * sizeof(*all));

	for (uint32_t f = 0; f < fields; f++) {
		const struct field *field = &out->field[f];
		if (strcmp(field->name, SETS_NUMBER) == 0)
			continue;
		all[kept++] = (struct op_item){
			.kind = OP_ITEM_EXPR, .name = bind_text(check,
			    (struct ast_text){ field->name,
			    field->name_size }),
			.expr = expr_field(field->name, field->name_size,
			    field->type),
		};
	}
	memcpy(all + kept, take_item, count * sizeof(*all));
	memset(take_item, 0, count * sizeof(*take_item));
	select->args.item = all;
	select->args.item_count = kept + count;
	return stream_append(check, stream, select);
}

static int
refuse_streaming(struct check *check, const struct ast_group *group,
	struct ast_span span)
{
	if (group->emit == AST_EMIT_CHANGES || group->emit == AST_EMIT_EVERY)
		return bind_error(check, span,
		    "`emit` is part of the language, but this version cannot "
		    "run it yet");
	if (group->window.bytes != NULL || !group->has_late)
		return 0;
	bind_error(check, span, "`late` is about windows, and there is none");
	return err_hint(check->err, "say which: window tumble(1m)");
}

static int
bind_agg_items(struct scope *scope, const struct op *op,
	const struct ast_stage *ast, struct op_item *item)
{
	for (uint32_t i = 0; i < ast->items.count; i++) {
		const struct ast_item *it = &ast->items.item[i];
		if (it->expr->kind == AST_STAR || it->expr->kind == AST_REGEX)
			return bind_error(scope->check, it->span,
			    "aggregate computes values; * belongs into select");
		if (bind_agg_item(scope, op, it, &item[i]) != 0)
			return -1;
	}
	return 0;
}

/* count: aggregate count = count() */
static int
bind_count_item(struct scope *scope, struct ast_span stage,
	struct op_item *item)
{
	struct ast_expr call = { .kind = AST_CALL, .text = { "count", 5 } };
	const struct agg_def *def = agg_find("count", 5);

	*item = (struct op_item){
		.kind = OP_ITEM_EXPR, .name = "count",
		.span_offset = stage.offset,
		.span_bytes = (uint32_t)strlen("count"),
	};
	item->expr = bind_agg_call(scope, &call, def);
	return item->expr == NULL ? -1 : 0;
}

/* The keys, and the sets that some of them make. */
static int
bind_keys(struct scope *scope, const struct ast_group *group,
	struct sets *sets, struct op *op)
{
	const struct ast_items *by = &group->by;

	if (bind_has_sets(by)) {
		if (bind_sets(scope->check, group, sets) != 0)
			return -1;
		scope->sets = sets;
		by = &sets->key;
	}
	return bind_items(scope, by, &op->args.by, &op->args.by_count);
}

int
bind_aggregate(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct agg_list list = { 0 };
	struct sets sets = { .count = 0 };
	int has_window = ast->group.window.bytes != NULL;
	struct op *op = flow_add_op(check, has_window ? "window" : "aggregate",
	    ast);
	uint32_t count = ast->kind == AST_COUNT ? 1 : ast->items.count;
	struct op_item *item = mem_alloc_zero((count + 1) * sizeof(*item));
	int status = -1;

	if (refuse_streaming(check, &ast->group, ast->span) != 0 ||
	    bind_keys(&scope, &ast->group, &sets, op) != 0)
		goto out;
	scope.aggs = &list;
	status = ast->kind == AST_COUNT ? bind_count_item(&scope,
	    ast->span, item) :
	    bind_agg_items(&scope, op, ast, item);
	int direct = status == 0 && scope.sets == NULL &&
	    name_directly(item, count, &list);
	op->args.agg = list.agg;
	op->args.agg_count = list.count;
	if (status != 0)
		goto out;
	status = find_clash(check, ast->kind, op->args.by, op->args.by_count,
	    item, count);
	if (status == 0 && has_window && (find_window_clash(check, op->args.by,
	    op->args.by_count) != 0 || find_window_clash(check, item,
	    count) != 0))
		status = -1;
	if (status == 0 && scope.sets != NULL)
		status = bind_append_sets(check, stream, &sets, op);
	if (status == 0 && has_window)
		status = bind_window(check, stream, binding, &ast->group,
		    scope.sets, op);
	if (status == 0)
		status = stream_append(check, stream, op);
	if (status == 0 && !direct)
		status = append_final_select(check, stream, op, item, count);
	else if (!direct)
		status = -1;
	stream->alias_count = 0;
out:
	for (uint32_t i = 0; i < count; i++)
		expr_free(&item[i].expr);
	mem_free(item);
	return status;
}
