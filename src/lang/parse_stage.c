/*
 * Stages.  Each word of stage_table.h has its production here; those about
 * order in time, match and process, are in parse_events.c.  Any other name is
 * an operator called with arguments, whose existence is the checker's matter.
 */
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/parse_priv.h"
#include "lang/stage.h"
#include "util/mem.h"

typedef int (*production_f)(struct parser *, struct ast_stage *);

/* In the order of stage_words. */
static const production_f productions[] = {
#define STAGE(word, kind, form, help) parse_stage_##word,
#include "lang/stage_table.h"
#undef STAGE
};

/* "where" expr */
int
parse_stage_where(struct parser *p, struct ast_stage *stage)
{
	stage->expr = parse_expr(p);
	return stage->expr != NULL ? 0 : -1;
}

/* "select" items */
int
parse_stage_select(struct parser *p, struct ast_stage *stage)
{
	return parse_items(p, 0, &stage->items);
}

/* "extend" items */
int
parse_stage_extend(struct parser *p, struct ast_stage *stage)
{
	return parse_items(p, 0, &stage->items);
}

/* "drop" expr { "," expr } */
int
parse_stage_drop(struct parser *p, struct ast_stage *stage)
{
	struct ast_items *items = &stage->items;

	do {
		items->item = parse_grow(p, items->item, items->count,
		    sizeof(*items->item));
		struct ast_item *item = &items->item[items->count++];
		item->expr = parse_expr(p);
		if (item->expr == NULL)
			return -1;
		item->span = item->expr->span;
	} while (parse_take(p, TOKEN_COMMA));
	return 0;
}

/* "rename" NAME "=" expr { "," NAME "=" expr } */
int
parse_stage_rename(struct parser *p, struct ast_stage *stage)
{
	return parse_items(p, ITEM_NAMED, &stage->items);
}

/* ( "aggregate" | "agg" ) items group */
int
parse_stage_aggregate(struct parser *p, struct ast_stage *stage)
{
	if (parse_items(p, ITEM_WHERE, &stage->items) != 0)
		return -1;
	return parse_group(p, &stage->group);
}

int
parse_stage_agg(struct parser *p, struct ast_stage *stage)
{
	return parse_stage_aggregate(p, stage);
}

/* "count" group */
int
parse_stage_count(struct parser *p, struct ast_stage *stage)
{
	return parse_group(p, &stage->group);
}

/* key = expr [ "asc" | "desc" ] [ "nulls" ( "first" | "last" ) ] ; */
static int
key(struct parser *p, struct ast_key *target)
{
	target->expr = parse_expr(p);
	if (target->expr == NULL)
		return -1;
	if (parse_take_word(p, "desc"))
		target->descending = 1;
	else
		parse_take_word(p, "asc");
	if (!parse_take_word(p, "nulls"))
		return 0;
	if (parse_take_word(p, "first"))
		target->nulls = AST_NULLS_FIRST;
	else if (parse_take_word(p, "last"))
		target->nulls = AST_NULLS_LAST;
	else
		return parse_fail(p, "'first' or 'last'", NULL);
	return 0;
}

/* "sort" [ "by" ] key { "," key } */
int
parse_stage_sort(struct parser *p, struct ast_stage *stage)
{
	/* A lone `by` is a field, unless another operand follows it. */
	if (parse_at_word(p, "by") && parse_begins_operand(parse_peek(p)))
		parse_advance(p);
	do {
		stage->key = parse_grow(p, stage->key, stage->key_count,
		    sizeof(*stage->key));
		if (key(p, &stage->key[stage->key_count]) != 0)
			return -1;
		stage->key_count++;
	} while (parse_take(p, TOKEN_COMMA));
	return 0;
}

/* ( "head" | "tail" ) [ INT | VAR ] [ by ] */
int
parse_stage_head(struct parser *p, struct ast_stage *stage)
{
	if (p->token.kind == TOKEN_INT || p->token.kind == TOKEN_VAR) {
		stage->limit = parse_primary(p);
		if (stage->limit == NULL)
			return -1;
	}
	return parse_at_word(p, "by") ? parse_by(p, &stage->group) : 0;
}

int
parse_stage_tail(struct parser *p, struct ast_stage *stage)
{
	return parse_stage_head(p, stage);
}

/* "top" [ INT | VAR ] expr [ by ] */
int
parse_stage_top(struct parser *p, struct ast_stage *stage)
{
	/* $x alone is what to order by; before an operand it is the count. */
	if (p->token.kind == TOKEN_INT || (p->token.kind == TOKEN_VAR &&
	    parse_begins_operand(parse_peek(p)) &&
	    !parse_token_is_word(parse_peek(p), "by"))) {
		stage->limit = parse_primary(p);
		if (stage->limit == NULL)
			return -1;
	}
	uint32_t offset = p->token.span.offset;
	int is_by = parse_at_word(p, "by");
	stage->expr = parse_expr(p);
	if (stage->expr == NULL)
		return -1;
	if (is_by && stage->expr->kind == AST_FIELD &&
	    parse_begins_operand(&p->token) && !parse_at_word(p, "by")) {
		parse_mend(p, offset, 2, "");
		return parse_error(p, (struct ast_span){ offset, 2 }, NULL,
		    "top names what to order by without 'by': by is for "
		    "groups");
	}
	return parse_at_word(p, "by") ? parse_by(p, &stage->group) : 0;
}

/* "dedup" [ by ] [ "within" DUR ] */
int
parse_stage_dedup(struct parser *p, struct ast_stage *stage)
{
	if (parse_at_word(p, "by") && parse_by(p, &stage->group) != 0)
		return -1;
	if (parse_take_word(p, "within"))
		return parse_duration(p, &stage->within);
	return 0;
}

/*
 * [ "inner"|"left"|"right"|"full"|"semi"|"anti"|"asof" ] "join" rel
 *	[ "as" NAME ] "on" expr { "," expr } [ "within" DUR ]
 */
int
parse_stage_join(struct parser *p, struct ast_stage *stage)
{
	if (parse_at_word(p, "side") && parse_peek(p)->kind == TOKEN_COLON)
		return guess_join_side(p);
	if (parse_rel(p, &stage->rel) != 0)
		return -1;
	uint32_t rel_end = p->end;
	if (parse_take_word(p, "as") &&
	    parse_name(p, "a name after 'as'", &stage->name, NULL) != 0)
		return -1;
	if (!parse_take_word(p, "on"))
		return parse_fail(p, stage->name.bytes != NULL ? "'on'" :
		    "'as' or 'on'", NULL);
	do {
		struct ast_expr *expr = parse_expr(p);
		if (expr == NULL || guess_sides(p, stage, rel_end, expr) != 0)
			return -1;
		stage->on = parse_grow(p, stage->on, stage->on_count,
		    sizeof(*stage->on));
		stage->on[stage->on_count++] = expr;
	} while (parse_take(p, TOKEN_COMMA));
	if (parse_take_word(p, "within"))
		return parse_duration(p, &stage->within);
	return 0;
}

/* "union" rel */
int
parse_stage_union(struct parser *p, struct ast_stage *stage)
{
	return parse_rel(p, &stage->rel);
}

/* "unnest" expr [ "as" NAME [ "," NAME ] ] */
int
parse_stage_unnest(struct parser *p, struct ast_stage *stage)
{
	stage->expr = parse_expr(p);
	if (stage->expr == NULL)
		return -1;
	if (!parse_take_word(p, "as"))
		return 0;
	if (parse_name(p, "a name after 'as'", &stage->name, NULL) != 0)
		return -1;
	if (!parse_take(p, TOKEN_COMMA))
		return 0;
	return parse_name(p, "a name for the position", &stage->name2, NULL);
}

/* "with" ( STRING | REGEX ) */
static int
parse_with(struct parser *p, struct ast_stage *stage)
{
	parse_advance(p);
	if (p->token.kind != TOKEN_STRING && p->token.kind != TOKEN_SLASH)
		return parse_fail(p, "a pattern",
		    "as in with \"{ip} {ms:int}\" or with /(?<ms>\\d+)ms/");
	stage->pattern = parse_primary(p);
	return stage->pattern != NULL ? 0 : -1;
}

/* "as" NAME [ args ] */
static int
parse_as(struct parser *p, struct ast_stage *stage)
{
	parse_advance(p);
	if (parse_name(p, "a format after 'as'", &stage->format, NULL) != 0)
		return -1;
	if (p->token.kind != TOKEN_LPAREN)
		return 0;
	stage->has_args = 1;
	return parse_args(p, &stage->args);
}

/*
 * "parse" expr ( "with" ( STRING | REGEX ) | "as" NAME [ args ] )
 *	[ "else" route ]
 */
int
parse_stage_parse(struct parser *p, struct ast_stage *stage)
{
	int failed;

	stage->expr = parse_expr(p);
	if (stage->expr == NULL)
		return -1;
	if (parse_at_word(p, "with"))
		failed = parse_with(p, stage);
	else if (parse_at_word(p, "as"))
		failed = parse_as(p, stage);
	else
		failed = parse_fail(p, "'with' or 'as'", NULL);
	if (failed != 0)
		return -1;
	return parse_take_word(p, "else") ? parse_route(p, &stage->route) : 0;
}

/* "watermark" expr [ "delay" DUR ] [ "idle" DUR ] */
int
parse_stage_watermark(struct parser *p, struct ast_stage *stage)
{
	stage->expr = parse_expr(p);
	if (stage->expr == NULL)
		return -1;
	for (;;) {
		struct ast_expr **target;
		if (parse_at_word(p, "delay") && stage->delay == NULL)
			target = &stage->delay;
		else if (parse_at_word(p, "idle") && stage->idle == NULL)
			target = &stage->idle;
		else
			return 0;
		parse_advance(p);
		if (parse_duration(p, target) != 0)
			return -1;
	}
}

/* "tee" "(" pipeline ")" */
int
parse_stage_tee(struct parser *p, struct ast_stage *stage)
{
	stage->pipeline = parse_parenthesised(p);
	return stage->pipeline != NULL ? 0 : -1;
}

/* "to" io */
int
parse_stage_to(struct parser *p, struct ast_stage *stage)
{
	stage->io = parse_io(p, "an output");
	return stage->io != NULL ? 0 : -1;
}

/* NAME [ args ] */
static int
call(struct parser *p, struct ast_stage *stage)
{
	if (!parse_is_name(&p->token))
		return guess_no_stage(p);
	stage->kind = AST_CALL_STAGE;
	stage->name = p->token.text;
	parse_advance(p);
	if (p->token.kind != TOKEN_LPAREN)
		return 0;
	stage->has_args = 1;
	return parse_args(p, &stage->args);
}

/* Which row of the table the current word, or this and the next, begins. */
static const struct stage_word *
stage_word_at(struct parser *p, struct ast_stage *stage)
{
	if (p->token.kind != TOKEN_NAME || p->token.quoted)
		return NULL;
	enum ast_join_kind join;
	if (stage_join_kind(p->token.text.bytes, &join) == 0 &&
	    parse_token_is_word(parse_peek(p), "join")) {
		stage->join = join;
		parse_advance(p);
	}
	return stage_word_find(p->token.text.bytes);
}

/*
 * stage = "where" expr | ... | NAME [ args ] ;
 * the productions above, in parse_events.c, and the end of a stage.
 */
struct ast_stage *
parse_stage(struct parser *p)
{
	struct ast_stage *stage = region_alloc_zero(p->region, sizeof(*stage));
	uint32_t outer_unit = p->unit;
	const char *outer_form = p->form;
	int failed;

	p->unit = p->token.span.offset;
	stage->word = p->token.span;
	const struct stage_word *row = stage_word_at(p, stage);
	if (row != NULL) {
		stage->kind = row->kind;
		p->form = row->form;
		parse_advance(p);
		failed = productions[row - stage_words](p, stage);
	} else {
		p->form = NULL;
		failed = call(p, stage);
	}
	if (failed != 0)
		return NULL;
	stage->span = parse_span(p, p->unit);
	switch (p->token.kind) {
	case TOKEN_PIPE: case TOKEN_SEMICOLON: case TOKEN_RPAREN:
	case TOKEN_END:
		break;
	default:
		guess_stage_end(p, stage);
		return NULL;
	}
	p->unit = outer_unit;
	p->form = outer_form;
	return stage;
}
