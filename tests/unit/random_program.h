/* Random program trees: everything that the grammar can say. */
#ifndef SFLOW_UNIT_RANDOM_PROGRAM_H
#define SFLOW_UNIT_RANDOM_PROGRAM_H

#include <string.h>

#include "lang/ast.h"
#include "util/hash.h"
#include "util/mem.h"

/* A stream of random numbers, and where nodes come from. */
struct random {
	uint64_t state;
	struct region *region;
};

static uint32_t
below(struct random *random, uint32_t limit)
{
	random->state = hash_mix(random->state, 0x5bd1e995);
	return (uint32_t)(random->state >> 32) % limit;
}

static int
chance(struct random *random, uint32_t percent)
{
	return below(random, 100) < percent;
}

static struct ast_text
text_of(const char *bytes, size_t size)
{
	return (struct ast_text){ bytes, (uint32_t)size };
}

static struct ast_text
random_name(struct random *random)
{
	static const char *const names[] = {
		"a", "b_1", "by", "as", "on", "in", "and", "or", "not", "is",
		"null", "true", "case", "when", "then", "else", "end", "where",
		"window", "emit", "late", "within", "from", "to", "desc",
		"nulls", "first", "every", "update", "drop", "with", "delay",
		"count", "select", "join", "left", "next", "unmatched", "var",
		"timer", "clear", "let", "fn", "op", "f", "r", "x", "agg",
		"odd name", "a`b", "`", "na\xc3\xafve", "\xe2\x82\xac", "1a",
		"#", "a'b", "a\"b", "/", "$", "|", "side", "this ",
	};
	const char *name =
	    names[below(random, sizeof(names) / sizeof(*names))];

	return text_of(name, strlen(name));
}

/* Of a variable, which has no backticks. */
static struct ast_text
random_plain_name(struct random *random)
{
	static const char *const names[] = {
		"n", "by", "null", "left", "right", "na\xc3\xafve", "_"
	};
	const char *name =
	    names[below(random, sizeof(names) / sizeof(*names))];

	return text_of(name, strlen(name));
}

static struct ast_text
random_string(struct random *random)
{
	static const char pool[] =
	    "ab{}\"\\'#|/`$\n\t\r\0\x01\x7f\xff\xc3\xa9\xe2\x82\xac";
	uint32_t size = below(random, 8);
	char *bytes = region_alloc(random->region, size + 1);

	for (uint32_t i = 0; i < size; i++)
		bytes[i] = pool[below(random, sizeof(pool) - 1)];
	bytes[size] = '\0';
	return text_of(bytes, size);
}

static struct ast_expr *random_expr(struct random *, int depth);
static struct ast_pipeline *random_pipeline(struct random *, int depth,
	int with_from);
static void random_items(struct random *, int depth, int is_record,
	int is_aggregate, struct ast_items *);

static struct ast_expr *
new_expr(struct random *random, enum ast_expr_kind kind)
{
	struct ast_expr *expr = region_alloc_zero(random->region,
	    sizeof(*expr));

	expr->kind = kind;
	return expr;
}

static void
random_children(struct random *random, int depth, uint32_t count,
	struct ast_expr *expr)
{
	expr->child_count = count;
	expr->child = region_alloc(random->region,
	    (count + 1) * sizeof(*expr->child));
	for (uint32_t i = 0; i < count; i++)
		expr->child[i] = random_expr(random, depth - 1);
}

static void
random_args(struct random *random, int depth, struct ast_args *args)
{
	args->count = below(random, 4);
	args->arg = region_alloc_zero(random->region,
	    4 * sizeof(*args->arg));
	for (uint32_t i = 0; i < args->count; i++) {
		if (chance(random, 10)) {
			args->arg[i].expr = new_expr(random, AST_STAR);
			continue;
		}
		if (chance(random, 40))
			args->arg[i].name = random_name(random);
		args->arg[i].expr = random_expr(random, depth - 1);
	}
}

static void
random_regex(struct random *random, struct ast_expr *expr)
{
	static const char *const patterns[] = {
		"a", "a/b", "\\d+\\\\", "[/]", "#|'\"", "(?<ms:int>\\d+)",
		"\xc3\xa9", "\\\\/",
	};
	const char *pattern = patterns[below(random, 8)];

	expr->text = text_of(pattern, strlen(pattern));
	if (chance(random, 30))
		expr->flags = text_of("im", 2);
}

static void
random_fstring(struct random *random, int depth, struct ast_expr *expr)
{
	uint32_t count = below(random, 4);

	expr->piece = region_alloc_zero(random->region,
	    4 * sizeof(*expr->piece));
	for (uint32_t i = 0; i < count; i++) {
		struct ast_piece *piece = &expr->piece[expr->piece_count];
		int after_text = i > 0 && piece[-1].expr == NULL;
		if (!after_text && chance(random, 50)) {
			piece->text = random_string(random);
			if (piece->text.size == 0)
				break;
		} else {
			piece->expr = random_expr(random, depth - 1);
			if (chance(random, 40))
				piece->format = text_of(".1 x'", 5);
		}
		expr->piece_count++;
	}
}

static struct ast_expr *
random_leaf(struct random *random)
{
	static const enum ast_expr_kind kinds[] = {
		AST_INT, AST_FLOAT, AST_STRING, AST_REGEX, AST_DURATION,
		AST_SIZE, AST_TIME, AST_BOOL, AST_NULL, AST_VAR, AST_COLUMN,
		AST_FIELD, AST_FIELD, AST_FIELD, AST_THIS,
	};
	struct ast_expr *expr = new_expr(random, kinds[below(random, 15)]);
	int64_t bits = (int64_t)((uint64_t)below(random, 1u << 31) << 32 |
	    below(random, UINT32_MAX));

	switch (expr->kind) {
	case AST_INT:
		expr->integer = chance(random, 20) ? INT64_MIN :
		    bits >> below(random, 63);
		break;
	case AST_DURATION: case AST_SIZE:
		expr->integer = bits >> below(random, 63);
		break;
	case AST_FLOAT:
		expr->number = (double)bits / (1 + below(random, 1 << 30));
		break;
	case AST_TIME:
		expr->integer = bits % (253402300799999999 +
		    62135596800000000) - 62135596800000000;
		break;
	case AST_BOOL: expr->integer = below(random, 2); break;
	case AST_COLUMN: expr->integer = 1 + below(random, 65535); break;
	case AST_STRING:
		expr->text = random_string(random);
		if (chance(random, 50))
			expr->flags = text_of("r", 1);
		break;
	case AST_REGEX: random_regex(random, expr); break;
	case AST_VAR: expr->text = random_plain_name(random); break;
	case AST_FIELD: expr->text = random_name(random); break;
	default: break;
	}
	return expr;
}

static struct ast_expr *
random_expr(struct random *random, int depth)
{
	static const enum ast_expr_kind kinds[] = {
		AST_FSTRING, AST_CALL, AST_MEMBER, AST_INDEX, AST_OPTIONAL,
		AST_UNARY, AST_BINARY, AST_BINARY, AST_BINARY, AST_IS_NULL,
		AST_IN, AST_RANGE, AST_LIST, AST_RECORD, AST_CASE,
		AST_PIPELINE,
	};
	if (depth <= 0 || chance(random, 25))
		return random_leaf(random);
	struct ast_expr *expr = new_expr(random, kinds[below(random, 16)]);

	switch (expr->kind) {
	case AST_FSTRING: random_fstring(random, depth, expr); break;
	case AST_CALL:
		expr->text = random_name(random);
		random_args(random, depth, &expr->args);
		break;
	case AST_MEMBER:
		expr->text = random_name(random);
		random_children(random, depth, 1, expr);
		break;
	case AST_OPTIONAL: random_children(random, depth, 1, expr); break;
	case AST_UNARY:
		expr->op = chance(random, 50) ? AST_OP_NEG : AST_OP_NOT;
		random_children(random, depth, 1, expr);
		break;
	case AST_BINARY:
		expr->op = (enum ast_op)(AST_OP_OR +
		    below(random, AST_OP_MOD - AST_OP_OR + 1));
		random_children(random, depth, 2, expr);
		break;
	case AST_IS_NULL: case AST_IN:
		expr->negated = chance(random, 50);
		random_children(random, depth, expr->kind == AST_IN ? 2 : 1,
		    expr);
		break;
	case AST_INDEX: case AST_RANGE:
		random_children(random, depth, 2, expr);
		break;
	case AST_LIST:
		random_children(random, depth, below(random, 4), expr);
		break;
	case AST_RECORD:
		if (chance(random, 90))
			random_items(random, depth, 1, 0, &expr->items);
		break;
	case AST_CASE:
		random_children(random, depth, 2 + below(random, 4), expr);
		break;
	default:
		expr->pipeline = random_pipeline(random, depth - 1, 1);
		break;
	}
	return expr;
}

static void
random_items(struct random *random, int depth, int is_record,
	int is_aggregate, struct ast_items *items)
{
	items->count = 1 + below(random, 3);
	items->item = region_alloc_zero(random->region,
	    3 * sizeof(*items->item));
	for (uint32_t i = 0; i < items->count; i++) {
		struct ast_item *item = &items->item[i];
		if (chance(random, 10)) {
			item->expr = new_expr(random, AST_STAR);
			continue;
		}
		if (chance(random, 50)) {
			item->name = random_name(random);
			item->colon = is_record && chance(random, 50);
		}
		item->expr = random_expr(random, depth - 1);
		if (is_aggregate && chance(random, 30))
			item->where = random_expr(random, depth - 1);
	}
}

/* One or more items that are names and expressions, or only the latter. */
static void
random_plain_items(struct random *random, int depth, int named,
	struct ast_items *items)
{
	items->count = 1 + below(random, 3);
	items->item = region_alloc_zero(random->region,
	    3 * sizeof(*items->item));
	for (uint32_t i = 0; i < items->count; i++) {
		if (named)
			items->item[i].name = random_name(random);
		items->item[i].expr = random_expr(random, depth - 1);
	}
}

static struct ast_expr *
random_limit(struct random *random, enum ast_expr_kind kind)
{
	struct ast_expr *expr = new_expr(random,
	    chance(random, 50) ? AST_VAR : kind);

	if (expr->kind == AST_VAR)
		expr->text = random_plain_name(random);
	else
		expr->integer = below(random, 1u << 30);
	return expr;
}

static struct ast_io *
random_io(struct random *random, int depth)
{
	struct ast_io *io = region_alloc_zero(random->region, sizeof(*io));

	switch (below(random, 3)) {
	case 0:
		io->kind = AST_IO_STRING;
		io->text = random_string(random);
		break;
	case 1:
		io->kind = AST_IO_VAR;
		io->text = random_plain_name(random);
		break;
	default:
		io->kind = AST_IO_CALL;
		io->text = random_name(random);
		io->has_args = chance(random, 50);
		if (io->has_args)
			random_args(random, depth, &io->args);
		break;
	}
	return io;
}

static void
random_route(struct random *random, int depth, struct ast_route *route)
{
	route->kind = below(random, 5);
	if (route->kind == AST_ROUTE_TO)
		route->io = random_io(random, depth);
}

static void
random_rel(struct random *random, int depth, struct ast_rel *rel)
{
	if (depth > 0 && chance(random, 50))
		rel->pipeline = random_pipeline(random, depth - 1,
		    chance(random, 80));
	else
		rel->io = random_io(random, depth);
}

static void
random_members(struct random *random, int depth, enum ast_sets of,
	struct ast_items *members)
{
	members->count = of == AST_SETS_TUPLE ? below(random, 3) :
	    1 + below(random, 3);
	members->item = region_alloc_zero(random->region,
	    3 * sizeof(*members->item));
	for (uint32_t i = 0; i < members->count; i++) {
		struct ast_item *item = &members->item[i];
		if (of != AST_SETS_TUPLE && chance(random, 50))
			item->sets = of == AST_SETS_LIST && depth > 0 ?
			    AST_SETS_TUPLE + below(random, 4) : AST_SETS_TUPLE;
		if (item->sets != AST_SETS_NONE) {
			item->members = region_alloc_zero(random->region,
			    sizeof(*item->members));
			random_members(random, depth - 1, item->sets,
			    item->members);
			continue;
		}
		/* Without a name a parenthesis would begin a tuple. */
		item->name = random_name(random);
		item->expr = random_expr(random, depth - 1);
	}
}

static void
random_by(struct random *random, int depth, struct ast_group *group)
{
	if (chance(random, 50))
		random_items(random, depth, 0, 0, &group->by);
	if (group->by.count == 0 || chance(random, 70))
		return;
	struct ast_item *item = &group->by.item[0];
	*item = (struct ast_item){
		.sets = AST_SETS_ROLLUP + below(random, 3),
		.members = region_alloc_zero(random->region,
		    sizeof(*item->members)),
	};
	random_members(random, depth, item->sets, item->members);
}

static void
random_group(struct random *random, int depth, struct ast_group *group)
{
	random_by(random, depth, group);
	if (chance(random, 40)) {
		group->window = random_name(random);
		random_args(random, depth, &group->window_args);
	}
	group->emit = below(random, 4);
	if (group->emit == AST_EMIT_EVERY)
		group->emit_every = random_limit(random, AST_DURATION);
	group->has_late = chance(random, 40);
	if (!group->has_late)
		return;
	if (chance(random, 50))
		group->late_update = random_limit(random, AST_DURATION);
	if (group->late_update == NULL || chance(random, 50)) {
		group->late.kind = AST_ROUTE_DROP;
		if (chance(random, 50)) {
			group->late.kind = AST_ROUTE_TO;
			group->late.io = random_io(random, depth);
		}
	}
}

static void
random_keys(struct random *random, int depth, struct ast_stage *stage)
{
	stage->key_count = 1 + below(random, 3);
	stage->key = region_alloc_zero(random->region,
	    3 * sizeof(*stage->key));
	for (uint32_t i = 0; i < stage->key_count; i++) {
		stage->key[i].expr = random_expr(random, depth - 1);
		stage->key[i].descending = chance(random, 50);
		stage->key[i].nulls = below(random, 3);
	}
}

static void
random_join(struct random *random, int depth, struct ast_stage *stage)
{
	stage->join = below(random, AST_JOIN_ASOF + 1);
	random_rel(random, depth, &stage->rel);
	if (chance(random, 50))
		stage->name = random_name(random);
	stage->on_count = 1 + below(random, 2);
	stage->on = region_alloc(random->region, 2 * sizeof(*stage->on));
	for (uint32_t i = 0; i < stage->on_count; i++) {
		/* $left.x is refused here, so no variables. */
		stage->on[i] = new_expr(random, AST_FIELD);
		stage->on[i]->text = random_name(random);
	}
	if (chance(random, 50))
		stage->within = random_limit(random, AST_DURATION);
}

static void
random_parse(struct random *random, int depth, struct ast_stage *stage)
{
	stage->expr = random_expr(random, depth - 1);
	if (chance(random, 60)) {
		stage->pattern = new_expr(random,
		    chance(random, 50) ? AST_STRING : AST_REGEX);
		if (stage->pattern->kind == AST_STRING)
			stage->pattern->text = random_string(random);
		else
			random_regex(random, stage->pattern);
	} else {
		stage->format = random_name(random);
		stage->has_args = chance(random, 50);
		if (stage->has_args)
			random_args(random, depth, &stage->args);
	}
	random_route(random, depth, &stage->route);
}

static void
random_match(struct random *random, int depth, struct ast_stage *stage)
{
	static const uint32_t counts[][2] = {
		{ 1, 1 }, { 0, 1 }, { 0, UINT32_MAX }, { 1, UINT32_MAX },
		{ 3, 3 }, { 2, 5 }, { 4, UINT32_MAX }, { 0, 2 }, { 1, 2 },
	};
	stage->step_count = 1 + below(random, 3);
	stage->step = region_alloc_zero(random->region,
	    3 * sizeof(*stage->step));
	for (uint32_t i = 0; i < stage->step_count; i++) {
		struct ast_step *step = &stage->step[i];
		uint32_t count = below(random, 9);
		step->negated = chance(random, 30);
		step->next = i > 0 && chance(random, 50);
		step->name = random_name(random);
		step->expr = random_expr(random, depth - 1);
		step->count_min = counts[count][0];
		step->count_max = counts[count][1];
	}
	stage->within = random_limit(random, AST_DURATION);
	random_by(random, depth, &stage->group);
	random_route(random, depth, &stage->route);
}

static void
random_rule(struct random *random, int depth, struct ast_rule *rule)
{
	rule->kind = below(random, 3);
	if (rule->kind == AST_RULE_WHEN)
		rule->when = random_expr(random, depth - 1);
	rule->action_count = below(random, 4);
	rule->action = region_alloc_zero(random->region,
	    4 * sizeof(*rule->action));
	for (uint32_t i = 0; i < rule->action_count; i++) {
		struct ast_action *action = &rule->action[i];
		action->kind = below(random, 4);
		if (action->kind == AST_ACTION_SET)
			action->var = random_plain_name(random);
		if (action->kind != AST_ACTION_CLEAR)
			action->expr = random_expr(random, depth - 1);
	}
}

static void
random_process(struct random *random, int depth, struct ast_stage *stage)
{
	random_by(random, depth, &stage->group);
	stage->vars.count = below(random, 3);
	stage->vars.item = region_alloc_zero(random->region,
	    3 * sizeof(*stage->vars.item));
	for (uint32_t i = 0; i < stage->vars.count; i++) {
		stage->vars.item[i].name = random_plain_name(random);
		stage->vars.item[i].expr = random_expr(random, depth - 1);
	}
	stage->rule_count = below(random, 3);
	stage->rule = region_alloc_zero(random->region,
	    3 * sizeof(*stage->rule));
	for (uint32_t i = 0; i < stage->rule_count; i++)
		random_rule(random, depth, &stage->rule[i]);
}

static void
random_watermark(struct random *random, int depth, struct ast_stage *stage)
{
	stage->expr = random_expr(random, depth - 1);
	if (chance(random, 50))
		stage->delay = random_limit(random, AST_DURATION);
	if (chance(random, 50))
		stage->idle = random_limit(random, AST_DURATION);
}

static void
random_unnest(struct random *random, int depth, struct ast_stage *stage)
{
	stage->expr = random_expr(random, depth - 1);
	if (chance(random, 50)) {
		stage->name = random_name(random);
		if (chance(random, 50))
			stage->name2 = random_name(random);
	}
}

static void
random_call(struct random *random, int depth, struct ast_stage *stage)
{
	stage->name = random_name(random);
	stage->has_args = chance(random, 50);
	if (stage->has_args)
		random_args(random, depth, &stage->args);
}

static struct ast_stage *
random_stage(struct random *random, int depth)
{
	struct ast_stage *stage = region_alloc_zero(random->region,
	    sizeof(*stage));

	stage->kind = (enum ast_stage_kind)below(random, AST_CALL_STAGE + 1);
	switch (stage->kind) {
	case AST_WHERE: stage->expr = random_expr(random, depth); break;
	case AST_SELECT: case AST_EXTEND:
		random_items(random, depth, 0, 0, &stage->items);
		break;
	case AST_DROP: case AST_RENAME:
		random_plain_items(random, depth, stage->kind == AST_RENAME,
		    &stage->items);
		break;
	case AST_AGGREGATE:
		random_items(random, depth, 0, 1, &stage->items);
		random_group(random, depth, &stage->group);
		break;
	case AST_COUNT: random_group(random, depth, &stage->group); break;
	case AST_SORT: random_keys(random, depth, stage); break;
	case AST_TOP:
		stage->expr = random_expr(random, depth);
		/* fall through */
	case AST_HEAD: case AST_TAIL:
		if (chance(random, 50))
			stage->limit = random_limit(random, AST_INT);
		random_by(random, depth, &stage->group);
		break;
	case AST_DEDUP:
		random_by(random, depth, &stage->group);
		if (chance(random, 50))
			stage->within = random_limit(random, AST_DURATION);
		break;
	case AST_JOIN: random_join(random, depth, stage); break;
	case AST_UNION: random_rel(random, depth, &stage->rel); break;
	case AST_UNNEST: random_unnest(random, depth, stage); break;
	case AST_PARSE: random_parse(random, depth, stage); break;
	case AST_WATERMARK: random_watermark(random, depth, stage); break;
	case AST_MATCH: random_match(random, depth, stage); break;
	case AST_PROCESS: random_process(random, depth, stage); break;
	case AST_TEE:
		stage->pipeline = random_pipeline(random, depth - 1, 0);
		break;
	case AST_TO: stage->io = random_io(random, depth); break;
	case AST_CALL_STAGE: random_call(random, depth, stage); break;
	}
	return stage;
}

static struct ast_pipeline *
random_pipeline(struct random *random, int depth, int with_from)
{
	struct ast_pipeline *pipeline = region_alloc_zero(random->region,
	    sizeof(*pipeline));

	if (with_from)
		pipeline->from = random_io(random, depth);
	pipeline->stage_count = below(random, depth > 0 ? 4 : 2);
	if (!with_from && pipeline->stage_count == 0)
		pipeline->stage_count = 1;
	pipeline->stage = region_alloc(random->region,
	    4 * sizeof(*pipeline->stage));
	for (uint32_t i = 0; i < pipeline->stage_count; i++)
		pipeline->stage[i] = random_stage(random, depth);
	return pipeline;
}

static void
random_decl(struct random *random, int depth, struct ast_decl *decl)
{
	decl->kind = below(random, 4);
	decl->name = decl->kind == AST_LET ? random_plain_name(random) :
	    random_name(random);
	if (decl->kind == AST_LET || decl->kind == AST_FN)
		decl->expr = random_expr(random, depth);
	else
		decl->pipeline = random_pipeline(random, depth,
		    decl->kind == AST_LET_STREAM && chance(random, 80));
	if (decl->kind == AST_LET || decl->kind == AST_LET_STREAM)
		return;
	decl->param_count = below(random, 3);
	decl->param = region_alloc_zero(random->region,
	    3 * sizeof(*decl->param));
	for (uint32_t i = 0; i < decl->param_count; i++) {
		decl->param[i].name = random_plain_name(random);
		if (chance(random, 50))
			decl->param[i].fallback = random_expr(random, 1);
	}
}

static inline struct ast_program *
random_program(struct random *random)
{
	struct ast_program *program = region_alloc_zero(random->region,
	    sizeof(*program));

	program->decl_count = below(random, 3);
	program->decl = region_alloc_zero(random->region,
	    3 * sizeof(*program->decl));
	for (uint32_t i = 0; i < program->decl_count; i++)
		random_decl(random, 2, &program->decl[i]);
	program->pipeline_count = 1 + below(random, 2);
	program->pipeline = region_alloc(random->region,
	    3 * sizeof(*program->pipeline));
	for (uint32_t i = 0; i < program->pipeline_count; i++)
		program->pipeline[i] = random_pipeline(random, 3,
		    chance(random, 60));
	return program;
}

#endif
