/*
 * Stages as text, each a group that begins with its word.  Written so that the
 * words of clauses need no backticks: where a field of such a name would be
 * taken for the clause (sort, top) the text says it another way.
 */
#include <string.h>

#include "lang/pretty.h"
#include "lang/pretty_priv.h"
#include "lang/stage.h"

void
pretty_add_io(struct pretty *pretty, const struct ast_io *io)
{
	if (io->kind == AST_IO_STRING) {
		pretty_string(pretty, &io->text);
	} else if (io->kind == AST_IO_VAR) {
		buf_add_char(&pretty->text, '$');
		buf_add(&pretty->text, io->text.bytes, io->text.size);
	} else {
		pretty_name(pretty, &io->text);
		if (io->has_args)
			pretty_add_args(pretty, &io->args);
	}
}

/* "(" pipeline ")" */
static void
add_parenthesised(struct pretty *pretty, const struct ast_pipeline *pipeline)
{
	pretty_mark(pretty, MARK_OPEN);
	buf_add_char(&pretty->text, '(');
	pretty_mark(pretty, MARK_IN);
	pretty_mark(pretty, MARK_SOFT);
	pretty_comments(pretty, pipeline->span.offset);
	pretty_add_pipeline(pretty, pipeline, MARK_BREAK);
	pretty_mark(pretty, MARK_OUT);
	pretty_mark(pretty, MARK_SOFT);
	buf_add_char(&pretty->text, ')');
	pretty_mark(pretty, MARK_CLOSE);
}

static void
add_rel(struct pretty *pretty, const struct ast_rel *rel)
{
	if (rel->io != NULL)
		pretty_add_io(pretty, rel->io);
	else
		add_parenthesised(pretty, rel->pipeline);
}

/* A clause: its word on a line of its own, if the stage is broken. */
static void
add_clause(struct pretty *pretty, const char *words)
{
	pretty_mark(pretty, MARK_BREAK);
	pretty_text(pretty, words);
}

static void
add_clause_expr(struct pretty *pretty, const char *words,
	const struct ast_expr *expr)
{
	if (expr == NULL)
		return;
	add_clause(pretty, words);
	pretty_add_expr(pretty, expr);
}

static void
add_route(struct pretty *pretty, const char *word,
	const struct ast_route *route)
{
	switch (route->kind) {
	case AST_ROUTE_NONE:
		return;
	case AST_ROUTE_DROP: pretty_text(pretty, word);
		pretty_text(pretty, "drop");
		return;
	case AST_ROUTE_KEEP: pretty_text(pretty, word);
		pretty_text(pretty, "keep");
		return;
	case AST_ROUTE_FAIL: pretty_text(pretty, word);
		pretty_text(pretty, "fail");
		return;
	case AST_ROUTE_TO: pretty_text(pretty, word);
		pretty_text(pretty, "to ");
		pretty_add_io(pretty, route->io);
		return;
	}
}

static void
add_by(struct pretty *pretty, const struct ast_group *group)
{
	if (group->by.count == 0)
		return;
	pretty_mark(pretty, MARK_BREAK);
	pretty_mark(pretty, MARK_OPEN);
	pretty_text(pretty, "by ");
	pretty_mark(pretty, MARK_IN);
	pretty_add_by(pretty, &group->by);
	pretty_mark(pretty, MARK_OUT);
	pretty_mark(pretty, MARK_CLOSE);
}

static void
add_group(struct pretty *pretty, const struct ast_group *group)
{
	add_by(pretty, group);
	if (group->window.bytes != NULL) {
		add_clause(pretty, "window ");
		pretty_name(pretty, &group->window);
		pretty_add_args(pretty, &group->window_args);
	}
	if (group->emit == AST_EMIT_FINAL)
		add_clause(pretty, "emit final");
	else if (group->emit == AST_EMIT_CHANGES)
		add_clause(pretty, "emit changes");
	else if (group->emit == AST_EMIT_EVERY)
		add_clause_expr(pretty, "emit every ", group->emit_every);
	if (group->has_late) {
		add_clause(pretty, "late");
		if (group->late_update != NULL) {
			pretty_text(pretty, " update ");
			pretty_add_expr(pretty, group->late_update);
		}
		add_route(pretty, " ", &group->late);
	}
}

/* Is the first word of the expression a bare `by`? */
static int
begins_with_by(const struct ast_expr *expr)
{
	const struct ast_expr *first = pretty_leftmost(expr);

	return (first->kind == AST_FIELD || first->kind == AST_CALL) &&
	    strcmp(first->text.bytes, "by") == 0;
}

static void
add_sort(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "sort");
	pretty_mark(pretty, MARK_IN);
	for (uint32_t i = 0; i < stage->key_count; i++) {
		const struct ast_key *key = &stage->key[i];
		if (i > 0)
			buf_add_char(&pretty->text, ',');
		pretty_mark(pretty, MARK_BREAK);
		if (i == 0 && begins_with_by(key->expr))
			pretty_text(pretty, "by ");
		pretty_add_expr(pretty, key->expr);
		if (key->descending)
			pretty_text(pretty, " desc");
		if (key->nulls != AST_NULLS_DEFAULT)
			pretty_text(pretty, key->nulls == AST_NULLS_FIRST ?
			    " nulls first" : " nulls last");
	}
	pretty_mark(pretty, MARK_OUT);
}

/* Could the expression be taken for the count or for "by"? */
static int
top_needs_parentheses(const struct ast_expr *expr)
{
	const struct ast_expr *first = pretty_leftmost(expr);

	switch (first->kind) {
	case AST_FIELD: case AST_CALL:
		return begins_with_by(first);
	case AST_THIS: case AST_COLUMN: case AST_CASE:
		return 0;
	default:
		return 1;
	}
}

static void
add_top(struct pretty *pretty, const struct ast_stage *stage)
{
	int parentheses = top_needs_parentheses(stage->expr);

	pretty_text(pretty, "top ");
	if (stage->limit != NULL) {
		pretty_add_expr(pretty, stage->limit);
		buf_add_char(&pretty->text, ' ');
	}
	if (parentheses)
		buf_add_char(&pretty->text, '(');
	pretty_add_expr(pretty, stage->expr);
	if (parentheses)
		buf_add_char(&pretty->text, ')');
	pretty_mark(pretty, MARK_IN);
	add_by(pretty, &stage->group);
	pretty_mark(pretty, MARK_OUT);
}

static void
add_head(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, stage->kind == AST_HEAD ? "head" : "tail");
	if (stage->limit != NULL) {
		buf_add_char(&pretty->text, ' ');
		pretty_add_expr(pretty, stage->limit);
	}
	pretty_mark(pretty, MARK_IN);
	add_by(pretty, &stage->group);
	pretty_mark(pretty, MARK_OUT);
}

static void
add_join(struct pretty *pretty, const struct ast_stage *stage)
{
	if (stage->join != AST_JOIN_INNER) {
		pretty_text(pretty, stage_join_word(stage->join));
		buf_add_char(&pretty->text, ' ');
	}
	pretty_text(pretty, "join ");
	add_rel(pretty, &stage->rel);
	if (stage->name.bytes != NULL) {
		pretty_text(pretty, " as ");
		pretty_name(pretty, &stage->name);
	}
	pretty_mark(pretty, MARK_IN);
	add_clause(pretty, "on ");
	for (uint32_t i = 0; i < stage->on_count; i++) {
		if (i > 0)
			pretty_text(pretty, ", ");
		pretty_add_expr(pretty, stage->on[i]);
	}
	add_clause_expr(pretty, "within ", stage->within);
	pretty_mark(pretty, MARK_OUT);
}

static void
add_unnest(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "unnest ");
	pretty_add_expr(pretty, stage->expr);
	if (stage->name.bytes != NULL) {
		pretty_text(pretty, " as ");
		pretty_name(pretty, &stage->name);
	}
	if (stage->name2.bytes != NULL) {
		pretty_text(pretty, ", ");
		pretty_name(pretty, &stage->name2);
	}
}

static void
add_parse(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "parse ");
	pretty_add_expr(pretty, stage->expr);
	pretty_mark(pretty, MARK_IN);
	if (stage->pattern != NULL) {
		add_clause_expr(pretty, "with ", stage->pattern);
	} else {
		add_clause(pretty, "as ");
		pretty_name(pretty, &stage->format);
		if (stage->has_args)
			pretty_add_args(pretty, &stage->args);
	}
	if (stage->route.kind != AST_ROUTE_NONE)
		pretty_mark(pretty, MARK_BREAK);
	add_route(pretty, "else ", &stage->route);
	pretty_mark(pretty, MARK_OUT);
}

/* [ "+" | "*" | "?" | "{" ... "}" ] */
static void
add_quantifier(struct pretty *pretty, const struct ast_step *step)
{
	uint32_t least = step->count_min;
	uint32_t most = step->count_max;

	if (least == 1 && most == 1)
		return;
	if (least == 0 && most == 1)
		buf_add_char(&pretty->text, '?');
	else if (least <= 1 && most == UINT32_MAX)
		buf_add_char(&pretty->text, least == 0 ? '*' : '+');
	else if (least == most)
		buf_add_format(&pretty->text, "{%u}", least);
	else if (most == UINT32_MAX)
		buf_add_format(&pretty->text, "{%u,}", least);
	else
		buf_add_format(&pretty->text, "{%u,%u}", least, most);
}

static void
add_match(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "match");
	pretty_mark(pretty, MARK_IN);
	for (uint32_t i = 0; i < stage->step_count; i++) {
		const struct ast_step *step = &stage->step[i];
		pretty_trailing(pretty, step->span.offset);
		pretty_mark(pretty, MARK_BREAK);
		pretty_comments(pretty, step->span.offset);
		if (i > 0)
			pretty_text(pretty, step->next ? "next " : "then ");
		if (step->negated)
			pretty_text(pretty, "not ");
		pretty_name(pretty, &step->name);
		pretty_text(pretty, " = (");
		pretty_add_expr(pretty, step->expr);
		buf_add_char(&pretty->text, ')');
		add_quantifier(pretty, step);
	}
	add_clause_expr(pretty, "within ", stage->within);
	add_by(pretty, &stage->group);
	if (stage->route.kind != AST_ROUTE_NONE)
		pretty_mark(pretty, MARK_BREAK);
	add_route(pretty, "unmatched ", &stage->route);
	pretty_mark(pretty, MARK_OUT);
}

static void
add_action(struct pretty *pretty, const struct ast_action *action)
{
	switch (action->kind) {
	case AST_ACTION_SET:
		buf_add_char(&pretty->text, '$');
		buf_add(&pretty->text, action->var.bytes, action->var.size);
		pretty_text(pretty, " = ");
		break;
	case AST_ACTION_EMIT: pretty_text(pretty, "emit "); break;
	case AST_ACTION_TIMER: pretty_text(pretty, "timer "); break;
	case AST_ACTION_CLEAR: pretty_text(pretty, "clear"); return;
	}
	pretty_add_expr(pretty, action->expr);
}

static void
add_rule(struct pretty *pretty, const struct ast_rule *rule)
{
	pretty_mark(pretty, MARK_OPEN);
	if (rule->kind == AST_RULE_WHEN) {
		pretty_text(pretty, "when ");
		pretty_add_expr(pretty, rule->when);
	} else {
		pretty_text(pretty, rule->kind == AST_RULE_TIMER ?
		    "on timer" : "on end");
	}
	pretty_text(pretty, " {");
	pretty_mark(pretty, MARK_IN);
	for (uint32_t i = 0; i < rule->action_count; i++) {
		uint32_t offset = rule->action[i].span.offset;
		if (i > 0)
			buf_add_char(&pretty->text, ';');
		pretty_trailing(pretty, offset);
		pretty_mark(pretty, MARK_BREAK);
		pretty_comments(pretty, offset);
		add_action(pretty, &rule->action[i]);
	}
	pretty_mark(pretty, MARK_OUT);
	pretty_mark(pretty, MARK_BREAK);
	buf_add_char(&pretty->text, '}');
	pretty_mark(pretty, MARK_CLOSE);
}

/* What precedes a variable or a rule: a line end and its comments. */
static void
begin_line(struct pretty *pretty, uint32_t offset)
{
	pretty_trailing(pretty, offset);
	pretty_mark(pretty, MARK_HARD);
	pretty_comments(pretty, offset);
}

static void
add_process(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "process");
	/* The group's break: its lists are broken only if they are long. */
	pretty_mark(pretty, MARK_OPEN);
	add_by(pretty, &stage->group);
	pretty_mark(pretty, MARK_CLOSE);
	pretty_text(pretty, " {");
	pretty_mark(pretty, MARK_IN);
	for (uint32_t i = 0; i < stage->vars.count; i++) {
		const struct ast_item *item = &stage->vars.item[i];
		begin_line(pretty, item->span.offset);
		pretty_text(pretty, "var $");
		buf_add(&pretty->text, item->name.bytes, item->name.size);
		pretty_text(pretty, " = ");
		pretty_add_expr(pretty, item->expr);
		buf_add_char(&pretty->text, ';');
	}
	for (uint32_t i = 0; i < stage->rule_count; i++) {
		begin_line(pretty, stage->rule[i].span.offset);
		add_rule(pretty, &stage->rule[i]);
	}
	uint32_t end = stage->span.offset + stage->span.bytes;
	pretty_trailing(pretty, end);
	pretty_mark(pretty, MARK_HARD);
	pretty_comments(pretty, end);
	pretty_mark(pretty, MARK_OUT);
	buf_add_char(&pretty->text, '}');
}

/* A word and its items. */
static void
add_item_stage(struct pretty *pretty, const char *word,
	const struct ast_stage *stage)
{
	pretty_text(pretty, word);
	pretty_mark(pretty, MARK_IN);
	pretty_mark(pretty, MARK_BREAK);
	pretty_add_items(pretty, &stage->items);
	add_group(pretty, &stage->group);
	pretty_mark(pretty, MARK_OUT);
}

static void
add_watermark(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_text(pretty, "watermark ");
	pretty_add_expr(pretty, stage->expr);
	pretty_mark(pretty, MARK_IN);
	add_clause_expr(pretty, "delay ", stage->delay);
	add_clause_expr(pretty, "idle ", stage->idle);
	pretty_mark(pretty, MARK_OUT);
}

/* "dedup" and "count" have nothing but clauses. */
static void
add_clauses(struct pretty *pretty, const char *word,
	const struct ast_stage *stage)
{
	pretty_text(pretty, word);
	pretty_mark(pretty, MARK_IN);
	add_group(pretty, &stage->group);
	add_clause_expr(pretty, "within ", stage->within);
	pretty_mark(pretty, MARK_OUT);
}

/* A name that a word of the grammar would hide stands in backticks. */
static void
add_call(struct pretty *pretty, const struct ast_stage *stage)
{
	const char *name = stage->name.bytes;
	enum ast_join_kind join;
	int hidden = stage_word_find(name) != NULL ||
	    stage_join_kind(name, &join) == 0 || strcmp(name, "from") == 0 ||
	    strcmp(name, "let") == 0 || strcmp(name, "fn") == 0 ||
	    strcmp(name, "op") == 0;

	if (hidden) {
		buf_add_char(&pretty->text, '`');
		pretty_text(pretty, name);
		buf_add_char(&pretty->text, '`');
	} else {
		pretty_name(pretty, &stage->name);
	}
	if (stage->has_args)
		pretty_add_args(pretty, &stage->args);
}

static void
add_word(struct pretty *pretty, const struct ast_stage *stage)
{
	switch (stage->kind) {
	case AST_WHERE:
		pretty_text(pretty, "where ");
		pretty_add_expr(pretty, stage->expr);
		break;
	case AST_SELECT: add_item_stage(pretty, "select", stage); break;
	case AST_EXTEND: add_item_stage(pretty, "extend", stage); break;
	case AST_DROP: add_item_stage(pretty, "drop", stage); break;
	case AST_RENAME: add_item_stage(pretty, "rename", stage); break;
	case AST_AGGREGATE: add_item_stage(pretty, "aggregate", stage); break;
	case AST_COUNT: add_clauses(pretty, "count", stage); break;
	case AST_SORT: add_sort(pretty, stage); break;
	case AST_HEAD:
	case AST_TAIL: add_head(pretty, stage); break;
	case AST_TOP: add_top(pretty, stage); break;
	case AST_DEDUP: add_clauses(pretty, "dedup", stage); break;
	case AST_JOIN: add_join(pretty, stage); break;
	case AST_UNION:
		pretty_text(pretty, "union ");
		add_rel(pretty, &stage->rel);
		break;
	case AST_UNNEST: add_unnest(pretty, stage); break;
	case AST_PARSE: add_parse(pretty, stage); break;
	case AST_WATERMARK: add_watermark(pretty, stage); break;
	case AST_MATCH: add_match(pretty, stage); break;
	case AST_PROCESS: add_process(pretty, stage); break;
	case AST_TEE:
		pretty_text(pretty, "tee ");
		add_parenthesised(pretty, stage->pipeline);
		break;
	case AST_TO:
		pretty_text(pretty, "to ");
		pretty_add_io(pretty, stage->io);
		break;
	case AST_CALL_STAGE: add_call(pretty, stage); break;
	}
}

void
pretty_add_stage(struct pretty *pretty, const struct ast_stage *stage)
{
	pretty_mark(pretty, MARK_OPEN);
	add_word(pretty, stage);
	pretty_mark(pretty, MARK_CLOSE);
}

void
pretty_add_pipeline(struct pretty *pretty, const struct ast_pipeline *pipeline,
	enum pretty_mark between)
{
	int is_first = 1;

	if (pipeline->from != NULL) {
		pretty_text(pretty, "from ");
		pretty_add_io(pretty, pipeline->from);
		is_first = 0;
	}
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		uint32_t offset = pipeline->stage[i]->span.offset;
		if (!is_first) {
			pretty_trailing(pretty, offset);
			pretty_mark(pretty, between);
			pretty_comments(pretty, offset);
			pretty_text(pretty, "| ");
		}
		is_first = 0;
		pretty_add_stage(pretty, pipeline->stage[i]);
	}
}

void
pretty_stage(const struct ast_stage *stage, struct buf *result)
{
	struct pretty pretty = { .wide = 0 };

	pretty_add_stage(&pretty, stage);
	pretty_finish(&pretty, result);
}

void
pretty_io(const struct ast_io *io, struct buf *result)
{
	struct pretty pretty = { .wide = 0 };

	pretty_add_io(&pretty, io);
	pretty_finish(&pretty, result);
}
