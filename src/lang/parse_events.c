/* The stages about the order of records in time: match and process. */
#include "lang/parse_priv.h"
#include "util/mem.h"

/* "{" INT [ "," [ INT ] ] "}", where the current token is the "{" */
static int
repeat(struct parser *p, struct ast_step *step)
{
	static const char form[] = "as in {3}, {2,} or {2,5}";
	struct token least;

	parse_advance(p);
	least = p->token;
	if (least.kind != TOKEN_INT || least.over ||
	    least.integer >= UINT32_MAX)
		return parse_fail(p, "a count", form);
	parse_advance(p);
	step->count_min = (uint32_t)least.integer;
	step->count_max = step->count_min;
	if (parse_take(p, TOKEN_COMMA)) {
		step->count_max = UINT32_MAX;
		if (p->token.kind == TOKEN_INT) {
			if (p->token.over || p->token.integer >= UINT32_MAX ||
			    p->token.integer < least.integer)
				return parse_fail(p, "a larger count", form);
			step->count_max = (uint32_t)p->token.integer;
			parse_advance(p);
		}
	}
	if (step->count_max == 0)
		return parse_error(p, least.span, form,
		    "a step that matches no record is none");
	return parse_take(p, TOKEN_RBRACE) ? 0 : parse_fail(p, "'}'", form);
}

/* [ "+" | "*" | "?" | "{" INT [ "," [ INT ] ] "}" ] */
static int
quantifier(struct parser *p, struct ast_step *step)
{
	step->count_min = 1;
	step->count_max = 1;
	if (p->token.kind == TOKEN_LBRACE)
		return repeat(p, step);
	if (parse_take(p, TOKEN_PLUS)) {
		step->count_max = UINT32_MAX;
	} else if (parse_take(p, TOKEN_STAR)) {
		step->count_min = 0;
		step->count_max = UINT32_MAX;
	} else if (parse_take(p, TOKEN_QUESTION)) {
		step->count_min = 0;
	}
	return 0;
}

/*
 * step = [ "not" ] NAME "=" "(" expr ")"
 *	[ "+" | "*" | "?" | "{" INT [ "," [ INT ] ] "}" ] ;
 */
static int
step(struct parser *p, struct ast_step *target)
{
	uint32_t offset = p->token.span.offset;

	target->negated = parse_take_word(p, "not");
	if (parse_name(p, "a name for the step", &target->name, NULL) != 0 ||
	    parse_expect(p, TOKEN_ASSIGN, "'='") != 0 ||
	    parse_expect(p, TOKEN_LPAREN, "'('") != 0)
		return -1;
	target->expr = parse_expr(p);
	if (target->expr == NULL ||
	    parse_expect(p, TOKEN_RPAREN, "an operator or ')'") != 0 ||
	    quantifier(p, target) != 0)
		return -1;
	target->span = parse_span(p, offset);
	return 0;
}

/* step { ( "then" | "next" ) step } */
static int
steps(struct parser *p, struct ast_stage *stage)
{
	int next = 0;

	for (;;) {
		stage->step = parse_grow(p, stage->step, stage->step_count,
		    sizeof(*stage->step));
		struct ast_step *target = &stage->step[stage->step_count++];
		if (step(p, target) != 0)
			return -1;
		target->next = next;
		next = parse_at_word(p, "next");
		if (!next && !parse_at_word(p, "then"))
			return 0;
		parse_advance(p);
	}
}

/*
 * "match" step { ( "then" | "next" ) step } "within" DUR [ by ]
 *	[ "unmatched" route ]
 * the clauses in any order.
 */
int
parse_stage_match(struct parser *p, struct ast_stage *stage)
{
	int failed = steps(p, stage);

	while (failed == 0) {
		if (parse_at_word(p, "within") && stage->within == NULL) {
			parse_advance(p);
			failed = parse_duration(p, &stage->within);
		} else if (parse_at_word(p, "by")) {
			failed = parse_by(p, &stage->group);
		} else if (parse_at_word(p, "unmatched") &&
		    stage->route.kind == AST_ROUTE_NONE) {
			parse_advance(p);
			failed = parse_route(p, &stage->route);
		} else {
			break;
		}
	}
	if (failed == 0 && stage->within == NULL)
		return parse_fail(p, "'then', 'next' or 'within'", NULL);
	return failed;
}

/* VAR "=" expr, behind which comes ";" */
static int
variable(struct parser *p, struct ast_stage *stage)
{
	struct ast_items *vars = &stage->vars;

	parse_advance(p);
	if (p->token.kind != TOKEN_VAR)
		return parse_fail(p, "a variable such as $last", NULL);
	vars->item = parse_grow(p, vars->item, vars->count,
	    sizeof(*vars->item));
	struct ast_item *item = &vars->item[vars->count++];
	item->name = p->token.text;
	item->name_span = p->token.span;
	parse_advance(p);
	if (parse_expect(p, TOKEN_ASSIGN, "'='") != 0)
		return -1;
	item->expr = parse_expr(p);
	if (item->expr == NULL)
		return -1;
	item->span = parse_span(p, item->name_span.offset);
	return parse_expect(p, TOKEN_SEMICOLON, "an operator or ';'");
}

/* action = VAR "=" expr | "emit" expr | "timer" expr | "clear" ; */
static int
action(struct parser *p, struct ast_action *target)
{
	uint32_t offset = p->token.span.offset;

	if (p->token.kind == TOKEN_VAR) {
		target->kind = AST_ACTION_SET;
		target->var = p->token.text;
		parse_advance(p);
		if (parse_expect(p, TOKEN_ASSIGN, "'='") != 0)
			return -1;
	} else if (parse_take_word(p, "emit")) {
		target->kind = AST_ACTION_EMIT;
	} else if (parse_take_word(p, "timer")) {
		target->kind = AST_ACTION_TIMER;
	} else if (parse_take_word(p, "clear")) {
		target->kind = AST_ACTION_CLEAR;
	} else {
		return parse_fail(p, "an action",
		    "actions: $name = EXPR, emit RECORD, timer TIME, clear");
	}
	if (target->kind != AST_ACTION_CLEAR) {
		target->expr = parse_expr(p);
		if (target->expr == NULL)
			return -1;
	}
	target->span = parse_span(p, offset);
	return 0;
}

/* "{" [ action { ";" action } [ ";" ] ] "}" */
static int
actions(struct parser *p, struct ast_rule *rule)
{
	if (parse_expect(p, TOKEN_LBRACE, rule->kind == AST_RULE_WHEN ?
	    "an operator or '{'" : "'{'") != 0)
		return -1;
	while (p->token.kind != TOKEN_RBRACE) {
		rule->action = parse_grow(p, rule->action, rule->action_count,
		    sizeof(*rule->action));
		if (action(p, &rule->action[rule->action_count]) != 0)
			return -1;
		rule->action_count++;
		if (!parse_take(p, TOKEN_SEMICOLON) &&
		    p->token.kind != TOKEN_RBRACE)
			return parse_fail(p, "an operator, ';' or '}'",
			    "actions are separated by ';'");
	}
	parse_advance(p);
	return 0;
}

/*
 * rule = ( "when" expr | "on" ( "timer" | "end" ) )
 *	"{" [ action { ";" action } ] "}" ;
 */
static int
rule(struct parser *p, struct ast_rule *target)
{
	uint32_t offset = p->token.span.offset;

	if (parse_take_word(p, "when")) {
		target->kind = AST_RULE_WHEN;
		target->when = parse_expr(p);
		if (target->when == NULL)
			return -1;
	} else if (parse_take_word(p, "on")) {
		if (parse_take_word(p, "timer"))
			target->kind = AST_RULE_TIMER;
		else if (parse_take_word(p, "end"))
			target->kind = AST_RULE_END;
		else
			return parse_fail(p, "'timer' or 'end'", NULL);
	} else {
		return parse_fail(p, "'when', 'on' or '}'", NULL);
	}
	if (actions(p, target) != 0)
		return -1;
	target->span = parse_span(p, offset);
	return 0;
}

/* "process" [ by ] "{" { "var" VAR "=" expr ";" } { rule } "}" */
int
parse_stage_process(struct parser *p, struct ast_stage *stage)
{
	if (parse_at_word(p, "by") && parse_by(p, &stage->group) != 0)
		return -1;
	if (parse_expect(p, TOKEN_LBRACE, stage->group.by.count > 0 ?
	    "an operator, ',' or '{'" : "'by' or '{'") != 0)
		return -1;
	while (parse_at_word(p, "var"))
		if (variable(p, stage) != 0)
			return -1;
	while (!parse_take(p, TOKEN_RBRACE)) {
		stage->rule = parse_grow(p, stage->rule, stage->rule_count,
		    sizeof(*stage->rule));
		if (rule(p, &stage->rule[stage->rule_count]) != 0)
			return -1;
		stage->rule_count++;
	}
	return 0;
}
