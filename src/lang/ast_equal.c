/*
 * Are two trees the same?  Everything that changes what a program means is
 * compared; spans, and how literals were written, are not.
 */
#include <string.h>

#include "lang/ast.h"
#include "lang/pretty.h"

static int pipelines_equal(const struct ast_pipeline *,
	const struct ast_pipeline *);
static int exprs_equal(const struct ast_expr *, const struct ast_expr *);
static int items_equal(const struct ast_items *, const struct ast_items *);

static int
texts_equal(const struct ast_text *a, const struct ast_text *b)
{
	if (a->bytes == NULL || b->bytes == NULL)
		return a->bytes == b->bytes;
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int
args_equal(const struct ast_args *a, const struct ast_args *b)
{
	if (a->count != b->count)
		return 0;
	for (uint32_t i = 0; i < a->count; i++)
		if (!texts_equal(&a->arg[i].name, &b->arg[i].name) ||
		    !exprs_equal(a->arg[i].expr, b->arg[i].expr))
			return 0;
	return 1;
}

static int
members_equal(const struct ast_item *a, const struct ast_item *b)
{
	return a->sets == b->sets && (a->sets == AST_SETS_NONE ||
	    items_equal(a->members, b->members));
}

static int
items_equal(const struct ast_items *a, const struct ast_items *b)
{
	if (a->count != b->count)
		return 0;
	for (uint32_t i = 0; i < a->count; i++) {
		const struct ast_item *left = &a->item[i];
		const struct ast_item *right = &b->item[i];
		if (!texts_equal(&left->name, &right->name) ||
		    !exprs_equal(left->expr, right->expr) ||
		    !exprs_equal(left->where, right->where) ||
		    left->colon != right->colon ||
		    !members_equal(left, right))
			return 0;
	}
	return 1;
}

static int
pieces_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	if (a->piece_count != b->piece_count)
		return 0;
	for (uint32_t i = 0; i < a->piece_count; i++)
		if (!texts_equal(&a->piece[i].text, &b->piece[i].text) ||
		    !exprs_equal(a->piece[i].expr, b->piece[i].expr) ||
		    !texts_equal(&a->piece[i].format, &b->piece[i].format))
			return 0;
	return 1;
}

static int
lists_equal(struct ast_expr *const *a, uint32_t a_count,
	struct ast_expr *const *b, uint32_t b_count)
{
	if (a_count != b_count)
		return 0;
	for (uint32_t i = 0; i < a_count; i++)
		if (!exprs_equal(a[i], b[i]))
			return 0;
	return 1;
}

/* Of a number the text is how it was written; elsewhere it is the value. */
static int
values_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	switch (a->kind) {
	case AST_INT: case AST_DURATION: case AST_SIZE: case AST_TIME:
	case AST_BOOL: case AST_COLUMN:
		return a->integer == b->integer;
	case AST_FLOAT:
		return memcmp(&a->number, &b->number, sizeof(a->number)) == 0;
	case AST_REGEX:
		return texts_equal(&a->text, &b->text) &&
		    texts_equal(&a->flags, &b->flags);
	default:
		return texts_equal(&a->text, &b->text);
	}
}

static int
exprs_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->kind == b->kind && a->op == b->op &&
	    !a->negated == !b->negated && values_equal(a, b) &&
	    lists_equal(a->child, a->child_count, b->child, b->child_count) &&
	    args_equal(&a->args, &b->args) &&
	    items_equal(&a->items, &b->items) && pieces_equal(a, b) &&
	    pipelines_equal(a->pipeline, b->pipeline);
}

int
ast_expr_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	return exprs_equal(a, b);
}

static int
ios_equal(const struct ast_io *a, const struct ast_io *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->kind == b->kind && texts_equal(&a->text, &b->text) &&
	    a->has_args == b->has_args && args_equal(&a->args, &b->args);
}

static int
routes_equal(const struct ast_route *a, const struct ast_route *b)
{
	return a->kind == b->kind && ios_equal(a->io, b->io);
}

static int
groups_equal(const struct ast_group *a, const struct ast_group *b)
{
	return items_equal(&a->by, &b->by) &&
	    texts_equal(&a->window, &b->window) &&
	    args_equal(&a->window_args, &b->window_args) &&
	    a->emit == b->emit && exprs_equal(a->emit_every, b->emit_every) &&
	    a->has_late == b->has_late &&
	    exprs_equal(a->late_update, b->late_update) &&
	    routes_equal(&a->late, &b->late);
}

static int
keys_equal(const struct ast_stage *a, const struct ast_stage *b)
{
	if (a->key_count != b->key_count)
		return 0;
	for (uint32_t i = 0; i < a->key_count; i++)
		if (!exprs_equal(a->key[i].expr, b->key[i].expr) ||
		    a->key[i].descending != b->key[i].descending ||
		    a->key[i].nulls != b->key[i].nulls)
			return 0;
	return 1;
}

static int
steps_equal(const struct ast_stage *a, const struct ast_stage *b)
{
	if (a->step_count != b->step_count)
		return 0;
	for (uint32_t i = 0; i < a->step_count; i++) {
		const struct ast_step *left = &a->step[i];
		const struct ast_step *right = &b->step[i];
		if (left->negated != right->negated ||
		    left->next != right->next ||
		    !texts_equal(&left->name, &right->name) ||
		    !exprs_equal(left->expr, right->expr) ||
		    left->count_min != right->count_min ||
		    left->count_max != right->count_max)
			return 0;
	}
	return 1;
}

static int
actions_equal(const struct ast_rule *a, const struct ast_rule *b)
{
	if (a->action_count != b->action_count)
		return 0;
	for (uint32_t i = 0; i < a->action_count; i++)
		if (a->action[i].kind != b->action[i].kind ||
		    !texts_equal(&a->action[i].var, &b->action[i].var) ||
		    !exprs_equal(a->action[i].expr, b->action[i].expr))
			return 0;
	return 1;
}

static int
rules_equal(const struct ast_stage *a, const struct ast_stage *b)
{
	if (a->rule_count != b->rule_count)
		return 0;
	for (uint32_t i = 0; i < a->rule_count; i++)
		if (a->rule[i].kind != b->rule[i].kind ||
		    !exprs_equal(a->rule[i].when, b->rule[i].when) ||
		    !actions_equal(&a->rule[i], &b->rule[i]))
			return 0;
	return 1;
}

static int
stages_equal(const struct ast_stage *a, const struct ast_stage *b)
{
	return a->kind == b->kind && exprs_equal(a->expr, b->expr) &&
	    items_equal(&a->items, &b->items) &&
	    groups_equal(&a->group, &b->group) && keys_equal(a, b) &&
	    exprs_equal(a->limit, b->limit) &&
	    exprs_equal(a->within, b->within) &&
	    exprs_equal(a->delay, b->delay) && exprs_equal(a->idle, b->idle) &&
	    a->join == b->join && ios_equal(a->rel.io, b->rel.io) &&
	    pipelines_equal(a->rel.pipeline, b->rel.pipeline) &&
	    texts_equal(&a->name, &b->name) &&
	    texts_equal(&a->name2, &b->name2) &&
	    lists_equal(a->on, a->on_count, b->on, b->on_count) &&
	    exprs_equal(a->pattern, b->pattern) &&
	    texts_equal(&a->format, &b->format) &&
	    args_equal(&a->args, &b->args) && a->has_args == b->has_args &&
	    routes_equal(&a->route, &b->route) && ios_equal(a->io, b->io) &&
	    pipelines_equal(a->pipeline, b->pipeline) && steps_equal(a, b) &&
	    items_equal(&a->vars, &b->vars) && rules_equal(a, b);
}

static int
pipelines_equal(const struct ast_pipeline *a, const struct ast_pipeline *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (!ios_equal(a->from, b->from) || a->stage_count != b->stage_count)
		return 0;
	for (uint32_t i = 0; i < a->stage_count; i++)
		if (!stages_equal(a->stage[i], b->stage[i]))
			return 0;
	return 1;
}

static int
decls_equal(const struct ast_decl *a, const struct ast_decl *b)
{
	if (a->kind != b->kind || !texts_equal(&a->name, &b->name) ||
	    a->param_count != b->param_count ||
	    !exprs_equal(a->expr, b->expr) ||
	    !pipelines_equal(a->pipeline, b->pipeline))
		return 0;
	for (uint32_t i = 0; i < a->param_count; i++)
		if (!texts_equal(&a->param[i].name, &b->param[i].name) ||
		    !exprs_equal(a->param[i].fallback, b->param[i].fallback))
			return 0;
	return 1;
}

int
ast_equal(const struct ast_program *a, const struct ast_program *b)
{
	if (a->decl_count != b->decl_count ||
	    a->pipeline_count != b->pipeline_count)
		return 0;
	for (uint32_t i = 0; i < a->decl_count; i++)
		if (!decls_equal(&a->decl[i], &b->decl[i]))
			return 0;
	for (uint32_t i = 0; i < a->pipeline_count; i++)
		if (!pipelines_equal(a->pipeline[i], b->pipeline[i]))
			return 0;
	return 1;
}
