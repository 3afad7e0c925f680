/*
 * Stages: one function per kind, from syntax to the arguments of its operator.
 */
#include "check/check_priv.h"

#include <string.h>

#include "lang/guess.h"

/* More rows than these without keys, and top is a sort. */
#define TOP_ROWS_MAX 1024

static struct op_item *
item_array(uint32_t count)
{
	return mem_alloc_zero((count + 1) * sizeof(struct op_item));
}

int
bind_items(const struct scope *scope, const struct ast_items *items,
	struct op_item **out, uint32_t *count)
{
	*out = item_array(items->count);
	for (*count = 0; *count < items->count; ++*count) {
		const struct ast_item *ast = &items->item[*count];
		struct op_item *item = &(*out)[*count];
		item->span_offset = ast->span.offset;
		item->span_bytes = ast->span.bytes;
		item->kind = ast->expr->kind == AST_STAR ? OP_ITEM_STAR :
		    ast->expr->kind == AST_REGEX ? OP_ITEM_REGEX : OP_ITEM_EXPR;
		if (item->kind == OP_ITEM_REGEX)
			item->name = bind_text(scope->check, ast->expr->text);
		if (item->kind != OP_ITEM_EXPR)
			continue;
		if (ast->where != NULL)
			return bind_error(scope->check, ast->where->span,
			    "`where` in an item belongs to aggregates");
		item->expr = bind_expr(scope, ast->expr);
		if (item->expr == NULL)
			return -1;
		/* $2 has the name of the column it stands for. */
		struct ast_item named = *ast;
		if (ast->name.bytes == NULL && ast->expr->kind == AST_COLUMN)
			named.name.bytes = expr_field_name(item->expr);
		if (named.name.bytes != ast->name.bytes)
			named.name.size = (uint32_t)strlen(named.name.bytes);
		item->name = bind_item_name(scope->check, &named);
	}
	return 0;
}

static int
bind_by(const struct scope *scope, const struct ast_group *group,
	struct op *op)
{
	if (bind_refuse_sets(scope->check, &group->by) != 0)
		return -1;
	for (uint32_t i = 0; i < group->by.count; i++) {
		enum ast_expr_kind kind = group->by.item[i].expr->kind;
		if (kind == AST_STAR || kind == AST_REGEX)
			return bind_error(scope->check, group->by.item[i].span,
			    "a key is a field or an expression");
	}
	return bind_items(scope, &group->by, &op->args.by, &op->args.by_count);
}

static int
bind_where(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, "where", ast);

	op->args.expr = bind_expr(&scope, ast->expr);
	if (op->args.expr == NULL)
		return -1;
	enum type type = expr_type(op->args.expr);
	if (type != TYPE_BOOL && type != TYPE_ANY && type != TYPE_NULL &&
	    !type_is_raw(type)) {
		bind_error(check, ast->expr->span,
		    "where needs a condition, this is a %s", type_name(type));
		return err_hint(check->err, "compare it: where ... == ...");
	}
	return stream_append(check, stream, op);
}

static int
find_same_name(struct check *check, const struct op *op)
{
	for (uint32_t i = 0; i < op->args.item_count; i++)
		for (uint32_t k = 0; k < i; k++) {
			const struct op_item *a = &op->args.item[k];
			const struct op_item *b = &op->args.item[i];
			if (a->kind != OP_ITEM_EXPR ||
			    b->kind != OP_ITEM_EXPR ||
			    strcmp(a->name, b->name) != 0)
				continue;
			bind_error(check, (struct ast_span){ b->span_offset,
			    b->span_bytes }, "two fields are called '%s'",
			    b->name);
			return err_hint(check->err,
			    "give one another name: NAME = ...");
		}
	return 0;
}

static int
bind_select(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, "select", ast);

	if (bind_items(&scope, &ast->items, &op->args.item,
	    &op->args.item_count) != 0 || find_same_name(check, op) != 0)
		return -1;
	int status = stream_append(check, stream, op);
	stream->alias_count = 0;
	return status;
}

/* Does an item's expression read one of the fields items[0..count) make? */
struct reads {
	const struct op_item *item;
	uint32_t count;
	int found;
};

static void
visit_reads(void *cookie, const char *name)
{
	struct reads *reads = cookie;

	for (uint32_t i = 0; i < reads->count; i++)
		if (name == NULL || strcmp(reads->item[i].name, name) == 0)
			reads->found = 1;
}

/*
 * extend: items may use those before them, so the list is cut into one operator
 * per run of items that do not depend on each other.
 */
static int
bind_extend(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	uint32_t at = 0;

	while (at < ast->items.count) {
		struct scope scope = bind_scope(check, stream, binding);
		struct op *op = flow_add_op(check, "extend", ast);
		struct ast_items one = { .count = 1 };
		op->args.item = item_array(ast->items.count - at);
		for (; at < ast->items.count; at++) {
			struct op_item *item, *all = op->args.item;
			uint32_t count;
			const struct ast_item *it = &ast->items.item[at];
			if (it->expr->kind == AST_STAR ||
			    it->expr->kind == AST_REGEX)
				return bind_error(check, it->span,
				    "extend computes fields; the others stay "
				    "as they are");
			int known = 1;
			if (op->args.item_count > 0) {
				/* Bind against the fields so far; a name that
				 * is only made by this run starts the next
				 * run. */
				struct reads reads = { all,
				    op->args.item_count, 0 };
				one.item = &ast->items.item[at];
				struct scope probe = scope;
				probe.optional = 1;
				if (bind_items(&probe, &one, &item,
				    &count) != 0) {
					mem_free(item);
					return -1;
				}
				expr_visit_fields(item->expr, visit_reads,
				    &reads);
				visit_reads(&reads, item->name);
				expr_free(&item->expr);
				mem_free(item);
				known = !reads.found;
			}
			if (!known)
				break;
			one.item = &ast->items.item[at];
			if (bind_items(&scope, &one, &item, &count) != 0) {
				mem_free(item);
				return -1;
			}
			all[op->args.item_count++] = *item;
			mem_free(item);
		}
		if (stream_append(check, stream, op) != 0)
			return -1;
	}
	return 0;
}

/* drop and rename: items must be plain fields that are there. */
static int
bind_field_items(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast,
	const char *name)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, name, ast);

	if (bind_items(&scope, &ast->items, &op->args.item,
	    &op->args.item_count) != 0)
		return -1;
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		struct op_item *item = &op->args.item[i];
		if (item->kind == OP_ITEM_REGEX)
			continue;
		const char *field = item->expr == NULL ? NULL :
		    expr_field_name(item->expr);
		if (field == NULL)
			return bind_error(check, ast->items.item[i].expr->span,
			    "%s needs the name of a field", name);
		if (ast->kind == AST_DROP)
			item->name = bind_text(check, (struct ast_text){
			    field, (uint32_t)strlen(field) });
	}
	return stream_append(check, stream, op);
}

static int
bind_sort(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, "sort", ast);

	op->args.key = mem_alloc_zero((ast->key_count + 1) *
	    sizeof(*op->args.key));
	for (uint32_t i = 0; i < ast->key_count; i++) {
		struct op_key *key = &op->args.key[op->args.key_count];
		key->expr = bind_expr(&scope, ast->key[i].expr);
		if (key->expr == NULL)
			return -1;
		key->descending = ast->key[i].descending;
		/* Nulls are the smallest value unless told. */
		key->nulls_first = ast->key[i].nulls == AST_NULLS_DEFAULT ?
		    !key->descending : ast->key[i].nulls == AST_NULLS_FIRST;
		op->args.key_count++;
	}
	return stream_append(check, stream, op);
}

static int
bind_limited(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast,
	const char *name)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, name, ast);

	if (bind_limit(check, binding, ast->limit, 10, &op->args.limit) != 0)
		return -1;
	if (ast->expr != NULL) {
		op->args.expr = bind_expr(&scope, ast->expr);
		if (op->args.expr == NULL)
			return -1;
	}
	if (bind_by(&scope, &ast->group, op) != 0)
		return -1;
	return stream_append(check, stream, op);
}

/* `top N x` of a large N is `sort x desc | head N`: the same records, and more
 * than there is room for go to disk. */
static int
bind_top(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	int64_t limit;

	if (bind_limit(check, binding, ast->limit, 10, &limit) != 0)
		return -1;
	if (limit <= TOP_ROWS_MAX || ast->group.by.count > 0)
		return bind_limited(check, stream, binding, ast, "top");
	struct op *sort = flow_add_op(check, "sort", ast);
	sort->args.key = mem_alloc_zero(sizeof(*sort->args.key));
	sort->args.key[0] = (struct op_key){
		.expr = bind_expr(&scope, ast->expr), .descending = 1 };
	if (sort->args.key[0].expr == NULL)
		return -1;
	sort->args.key_count = 1;
	sort->args.limit = limit;
	if (stream_append(check, stream, sort) != 0)
		return -1;
	struct op *head = flow_add_op(check, "head", ast);
	head->args.limit = limit;
	return stream_append(check, stream, head);
}

static int
bind_dedup(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);

	if (ast->within != NULL)
		return bind_error(check, ast->within->span,
		    "`within` is part of the language, but this version "
		    "cannot run it yet");
	struct op *op = flow_add_op(check, "dedup", ast);
	if (bind_by(&scope, &ast->group, op) != 0)
		return -1;
	return stream_append(check, stream, op);
}

static int
bind_union(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct stream other = { 0 };
	struct op *op = flow_add_op(check, "union", ast);

	op->input_count = 2;
	if (bind_rel(check, binding, &ast->rel, &other) != 0)
		return -1;
	op->in[1] = schema_hold(other.schema);
	stream_connect(&other, op, 1);
	stream->is_live |= other.is_live;
	op->args.is_ordered = !stream->is_live && !stream->has_time &&
	    !other.has_time;
	const struct format_def *same = stream->format == other.format ?
	    stream->format : NULL;
	if (stream_append(check, stream, op) != 0)
		return -1;
	stream->format = same;
	if (stream->has_time && !other.has_time) {
		stream->has_time = 0;
		stream->time_taker = "union";
	}
	return 0;
}

static int
bind_unnest(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, "unnest", ast);

	op->args.expr = bind_expr(&scope, ast->expr);
	if (op->args.expr == NULL)
		return -1;
	if (ast->name.bytes != NULL)
		op->args.as = bind_text(check, ast->name);
	else {
		struct ast_item item = { .expr = ast->expr };
		op->args.as = bind_item_name(check, &item);
	}
	if (ast->name2.bytes != NULL)
		op->args.as2 = bind_text(check, ast->name2);
	return stream_append(check, stream, op);
}

int
bind_route(struct check *check, const struct binding *binding,
	const struct ast_route *route, const struct stream *stream,
	const struct sets *sets, struct op *op)
{
	switch (route->kind) {
	case AST_ROUTE_NONE:
	case AST_ROUTE_FAIL: op->args.route = OP_ROUTE_FAIL; return 0;
	case AST_ROUTE_DROP: op->args.route = OP_ROUTE_DROP; return 0;
	case AST_ROUTE_KEEP: op->args.route = OP_ROUTE_KEEP; return 0;
	case AST_ROUTE_TO: break;
	}
	op->args.route = OP_ROUTE_TO;
	struct stream side = *stream;
	side.source = NULL;
	side.tail = op;
	side.from_side = 1;
	if (sets != NULL && bind_late_sets(check, &side, sets) != 0)
		return -1;
	return bind_to(check, &side, binding, route->io);
}

static int
bind_parse(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, "parse", ast);

	op->args.expr = bind_expr(&scope, ast->expr);
	if (op->args.expr == NULL)
		return -1;
	op->args.expr_offset = ast->expr->span.offset;
	op->args.expr_bytes = ast->expr->span.bytes;
	if (ast->pattern != NULL) {
		struct ast_text text = ast->pattern->text;
		op->args.pattern = bind_text(check, text);
		op->args.pattern_size = text.size;
		op->args.pattern_is_regex = ast->pattern->kind == AST_REGEX;
		if (ast->pattern->flags.size > 0) {
			struct value value = *expr_constant(
			    bind_expr(&scope, ast->pattern));
			op->args.pattern_size = value.cell.text.size;
			op->args.pattern = bind_text(check, (struct ast_text){
			    text_bytes(&value.cell.text),
			    value.cell.text.size });
		}
	} else {
		op->args.parse_format = format_find(ast->format.bytes,
		    ast->format.size);
		if (op->args.parse_format == NULL)
			return bind_error(check, ast->span,
			    "there is no format '%.*s'", (int)ast->format.size,
			    ast->format.bytes);
		if (bind_options(check, binding, &ast->args, &op->args.option,
		    &op->args.option_count) != 0)
			return -1;
	}
	if (bind_route(check, binding, &ast->route, stream, NULL, op) != 0)
		return -1;
	if (stream_append(check, stream, op) == 0)
		return 0;
	bind_fail_at(check, ast->pattern != NULL ? ast->pattern->span :
	    ast->span);
	return -1;
}

static int
bind_tee(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct op *op = flow_add_op(check, "tee", ast);

	if (stream_append(check, stream, op) != 0)
		return -1;
	struct stream side = *stream;
	side.from_side = 1;
	if (bind_stages(check, &side, binding, ast->pipeline) != 0)
		return -1;
	if (!side.ended)
		return bind_error(check, ast->pipeline->span,
		    "the pipeline of tee must end in `to`");
	return 0;
}

static const struct ast_decl *
find_op_decl(const struct check *check, struct ast_text name)
{
	for (uint32_t i = 0; i < check->program->decl_count; i++) {
		const struct ast_decl *decl = &check->program->decl[i];
		if (decl->kind == AST_OP && text_same(decl->name, name))
			return decl;
	}
	return NULL;
}

static int
bind_declared_op(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast,
	const struct ast_decl *decl)
{
	struct binding *inner = region_alloc(check->flow->region,
	    (decl->param_count + 1) * sizeof(*inner));

	if (bind_params(check, decl, &ast->args, ast->span, binding,
	    inner) != 0)
		return -1;
	if (++check->depth > EXPANSION_DEPTH_MAX)
		return bind_error(check, ast->span, "op %.*s calls itself",
		    (int)decl->name.size, decl->name.bytes);
	int status = bind_stages(check, stream, decl->param_count == 0 ?
	    check->globals : &inner[decl->param_count - 1], decl->pipeline);
	check->depth--;
	return status;
}

static int
bind_unknown_stage(struct check *check, const struct ast_stage *ast)
{
	size_t count;
	const struct op_def *const *all = op_all(&count);
	const char **names = mem_alloc((count + check->program->decl_count +
	    1) * sizeof(*names));
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (!(all[i]->flags & OP_HIDDEN))
			names[used++] = all[i]->name;
	for (uint32_t i = 0; i < check->program->decl_count; i++)
		if (check->program->decl[i].kind == AST_OP)
			names[used++] = bind_text(check,
			    check->program->decl[i].name);
	guess_unknown_stage(check->program, ast, names, used, check->err);
	mem_free(names);
	return -1;
}

/* An operator of the registry that is written as a call: sample(10). */
static int
bind_call_stage(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	const struct ast_decl *decl = find_op_decl(check, ast->name);
	const struct op_def *def = op_find(ast->name.bytes, ast->name.size);

	if (decl != NULL)
		return bind_declared_op(check, stream, binding, ast, decl);
	if (def == NULL || !(def->flags & OP_CALL))
		return bind_unknown_stage(check, ast);
	struct scope scope = bind_scope(check, stream, binding);
	struct op *op = flow_add_op(check, def->name, ast);
	op->args.arg = mem_alloc_zero((ast->args.count + 1) *
	    sizeof(*op->args.arg));
	for (uint32_t i = 0; i < ast->args.count; i++) {
		const struct ast_arg *from = &ast->args.arg[i];
		struct op_arg *arg = &op->args.arg[i];
		arg->expr = bind_expr(&scope, from->expr);
		if (arg->expr == NULL)
			return -1;
		op->args.arg_count = i + 1;
		arg->name = from->name.bytes == NULL ? NULL :
		    bind_text(check, from->name);
		arg->span_offset = from->span.offset;
		arg->span_bytes = from->span.bytes;
	}
	return stream_append(check, stream, op);
}

static int
bind_refused(struct check *check, const struct ast_stage *ast,
	const char *word)
{
	return bind_error(check, ast->word, "`%s` is part of the language, but "
	    "this version cannot run it yet", word);
}

static int
bind_stage(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	switch (ast->kind) {
	case AST_WHERE: return bind_where(check, stream, binding, ast);
	case AST_SELECT: return bind_select(check, stream, binding, ast);
	case AST_EXTEND: return bind_extend(check, stream, binding, ast);
	case AST_DROP:
		return bind_field_items(check, stream, binding, ast, "drop");
	case AST_RENAME:
		return bind_field_items(check, stream, binding, ast, "rename");
	case AST_AGGREGATE:
	case AST_COUNT: return bind_aggregate(check, stream, binding, ast);
	case AST_SORT: return bind_sort(check, stream, binding, ast);
	case AST_HEAD:
		return bind_limited(check, stream, binding, ast, "head");
	case AST_TAIL:
		return bind_limited(check, stream, binding, ast, "tail");
	case AST_TOP: return bind_top(check, stream, binding, ast);
	case AST_DEDUP: return bind_dedup(check, stream, binding, ast);
	case AST_JOIN: return bind_join(check, stream, binding, ast);
	case AST_UNION: return bind_union(check, stream, binding, ast);
	case AST_UNNEST: return bind_unnest(check, stream, binding, ast);
	case AST_PARSE: return bind_parse(check, stream, binding, ast);
	case AST_WATERMARK: return bind_watermark(check, stream, binding, ast);
	case AST_MATCH: return bind_refused(check, ast, "match");
	case AST_PROCESS: return bind_refused(check, ast, "process");
	case AST_TEE: return bind_tee(check, stream, binding, ast);
	case AST_TO: return bind_to(check, stream, binding, ast->io);
	case AST_CALL_STAGE:
		return bind_call_stage(check, stream, binding, ast);
	}
	return -1;
}

/* A stage, and in front of it who waits for the values that it reads. */
static int
bind_stage_awaiting(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	const struct stream before = *stream;
	uint32_t scalar_count = check->flow->scalar_count;
	int is_alone = check->scalar_is_alone;

	check->scalar_is_alone |= stream->has_time || stream->is_live;
	int status = bind_stage(check, stream, binding, ast);
	check->scalar_is_alone = is_alone;
	if (status == 0)
		flow_place_scalars(check, scalar_count, &before);
	return status;
}

int
bind_stages(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_pipeline *pipeline)
{
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		const struct ast_stage *stage = pipeline->stage[i];
		if (stream->ended)
			return bind_error(check, stage->span,
			    "nothing comes out of `to`: "
			    "use tee (... | to ...)");
		if (bind_endless(check, stream, stage) != 0 ||
		    bind_stage_awaiting(check, stream, binding, stage) != 0) {
			bind_fail_at(check, stage->span);
			return -1;
		}
	}
	return 0;
}
