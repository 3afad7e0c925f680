/*
 * The parts that stages share: items, arguments, inputs and outputs, groups.
 * A clause begins where an expression is complete and a word of a clause
 * stands; the same word where an operand is expected is a field.
 */
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/letter.h"
#include "lang/parse_priv.h"
#include "util/mem.h"

/* The "NAME =" or, in a record, "NAME :" that an item may begin with. */
static int
item_name(struct parser *p, unsigned flags, struct ast_item *item)
{
	int is_key = (flags & ITEM_RECORD) != 0 &&
	    p->token.kind == TOKEN_STRING;

	if (!parse_is_name(&p->token) && !is_key) {
		/* A word that needs backticks, and is used as a name. */
		if (p->token.kind == TOKEN_NAME &&
		    parse_peek(p)->kind == TOKEN_ASSIGN)
			return parse_name(p, "a field name", &item->name, NULL);
		return 0;
	}
	const struct token *next = parse_peek(p);
	int is_colon = (flags & ITEM_RECORD) != 0 && next->kind == TOKEN_COLON;
	if (next->kind != TOKEN_ASSIGN && !is_colon)
		return 0;
	if (is_key && !letter_is_quotable(p->token.text.bytes,
	    p->token.text.size))
		return parse_fail(p, "a field name", "a name has one "
		    "character or more, and no control characters");
	item->name = p->token.text;
	item->name_span = p->token.span;
	item->colon = is_colon;
	parse_advance(p);
	parse_advance(p);
	return 0;
}

/* "as" NAME, the other way to give a name */
static int
item_as(struct parser *p, struct ast_item *item)
{
	if (item->name.bytes != NULL)
		return parse_error(p, p->token.span, "one of them is enough",
		    "this item has a name already: '%s'", item->name.bytes);
	parse_advance(p);
	return parse_name(p, "a field name after 'as'", &item->name,
	    &item->name_span);
}

static int item(struct parser *, unsigned flags, struct ast_item *);

/* Do sets begin here?  Elsewhere, and in backticks, these are names. */
static enum ast_sets
sets_at(struct parser *p)
{
	enum ast_sets sets = parse_at_word(p, "rollup") ? AST_SETS_ROLLUP :
	    parse_at_word(p, "cube") ? AST_SETS_CUBE :
	    parse_at_word(p, "sets") ? AST_SETS_LIST : AST_SETS_NONE;

	return sets != AST_SETS_NONE && parse_peek(p)->kind == TOKEN_LPAREN ?
	    sets : AST_SETS_NONE;
}

/* "(" [ item { "," item } ] ")": keys that are in a set together */
static int
tuple(struct parser *p, struct ast_item *target)
{
	uint32_t open = p->token.span.offset;

	target->sets = AST_SETS_TUPLE;
	target->members = region_alloc_zero(p->region,
	    sizeof(*target->members));
	parse_advance(p);
	if (p->token.kind != TOKEN_RPAREN &&
	    parse_items(p, 0, target->members) != 0)
		return -1;
	if (parse_expect_close(p, TOKEN_RPAREN, open,
	    "an operator, ',' or ')'") != 0)
		return -1;
	target->span = parse_span(p, open);
	return 0;
}

/* member = "(" [ items ] ")" | item ; of sets(...) also sets */
static int
member(struct parser *p, enum ast_sets of, struct ast_item *target)
{
	if (p->token.kind == TOKEN_LPAREN)
		return tuple(p, target);
	return item(p, of == AST_SETS_LIST ? ITEM_SETS : 0, target);
}

/* ( "rollup" | "cube" | "sets" ) "(" member { "," member } ")" */
static int
sets(struct parser *p, enum ast_sets kind, struct ast_item *target)
{
	static const char hint[] = "a parenthesis holds the keys of a set "
	    "here; what is computed needs a name: x = (a + b) * 2";
	struct ast_items *members = region_alloc_zero(p->region,
	    sizeof(*members));
	uint32_t offset = p->token.span.offset;

	target->sets = kind;
	target->members = members;
	parse_advance(p);
	uint32_t open = p->token.span.offset;
	parse_advance(p);
	if (parse_enter(p) != 0)
		return -1;
	do {
		members->item = parse_grow(p, members->item, members->count,
		    sizeof(*members->item));
		if (member(p, kind, &members->item[members->count]) != 0)
			return -1;
		members->count++;
	} while (parse_take(p, TOKEN_COMMA));
	parse_leave(p);
	if (p->token.kind != TOKEN_RPAREN && p->token.kind != TOKEN_END &&
	    members->item[members->count - 1].sets == AST_SETS_TUPLE)
		return parse_fail(p, "',' or ')'", hint);
	if (parse_expect_close(p, TOKEN_RPAREN, open,
	    "an operator, ',' or ')'") != 0)
		return -1;
	target->span = parse_span(p, offset);
	return 0;
}

/* item = "*" | REGEX | [ NAME "=" ] expr [ "where" expr ] [ "as" NAME ] ; */
static int
item(struct parser *p, unsigned flags, struct ast_item *target)
{
	uint32_t offset = p->token.span.offset;
	enum ast_sets kind = flags & ITEM_SETS ? sets_at(p) : AST_SETS_NONE;

	if (kind != AST_SETS_NONE)
		return sets(p, kind, target);
	if (p->token.kind == TOKEN_STAR && (flags & ITEM_NAMED) == 0) {
		struct ast_expr *star = parse_node(p, AST_STAR, offset);
		parse_advance(p);
		target->expr = parse_close(p, star);
		target->span = parse_span(p, offset);
		return 0;
	}
	if (item_name(p, flags, target) != 0)
		return -1;
	target->expr = parse_expr(p);
	if (target->expr == NULL)
		return -1;
	for (;;) {
		if (parse_at_word(p, "as")) {
			if (item_as(p, target) != 0)
				return -1;
		} else if ((flags & ITEM_WHERE) != 0 &&
		    target->where == NULL && parse_take_word(p, "where")) {
			target->where = parse_expr(p);
			if (target->where == NULL)
				return -1;
		} else {
			break;
		}
	}
	target->span = parse_span(p, offset);
	if ((flags & ITEM_NAMED) != 0 && target->name.bytes == NULL)
		return parse_fail(p, "'='", NULL);
	return 0;
}

/* items = item { "," item } ; */
int
parse_items(struct parser *p, unsigned flags, struct ast_items *items)
{
	do {
		items->item = parse_grow(p, items->item, items->count,
		    sizeof(*items->item));
		if (item(p, flags, &items->item[items->count]) != 0)
			return -1;
		items->count++;
	} while (parse_take(p, TOKEN_COMMA));
	return 0;
}

/* arg = "*" | [ NAME "=" ] expr ; */
static int
arg(struct parser *p, struct ast_arg *target)
{
	uint32_t offset = p->token.span.offset;

	if (p->token.kind == TOKEN_STAR) {
		struct ast_expr *star = parse_node(p, AST_STAR, offset);
		parse_advance(p);
		target->expr = parse_close(p, star);
		target->span = parse_span(p, offset);
		return 0;
	}
	if (parse_is_name(&p->token) &&
	    parse_peek(p)->kind == TOKEN_ASSIGN) {
		target->name = p->token.text;
		parse_advance(p);
		parse_advance(p);
	}
	target->expr = parse_expr(p);
	if (target->expr == NULL)
		return -1;
	target->span = parse_span(p, offset);
	return 0;
}

/* args = "(" [ arg { "," arg } ] ")" ; */
int
parse_args(struct parser *p, struct ast_args *args)
{
	uint32_t open = p->token.span.offset;

	if (parse_expect(p, TOKEN_LPAREN, "'('") != 0)
		return -1;
	if (parse_take(p, TOKEN_RPAREN))
		return 0;
	do {
		args->arg = parse_grow(p, args->arg, args->count,
		    sizeof(*args->arg));
		if (arg(p, &args->arg[args->count]) != 0)
			return -1;
		args->count++;
	} while (parse_take(p, TOKEN_COMMA));
	if (p->token.kind == TOKEN_COLON)
		return parse_fail(p, "',' or ')'",
		    "a named argument is NAME = VALUE");
	return parse_expect_close(p, TOKEN_RPAREN, open,
	    "an operator, ',' or ')'");
}

/* io = STRING | VAR | NAME [ args ] ; */
struct ast_io *
parse_io(struct parser *p, const char *expected)
{
	struct ast_io *io = region_alloc_zero(p->region, sizeof(*io));
	uint32_t offset = p->token.span.offset;

	if (p->token.kind == TOKEN_STRING) {
		io->kind = AST_IO_STRING;
	} else if (p->token.kind == TOKEN_VAR) {
		io->kind = AST_IO_VAR;
	} else if (parse_is_name(&p->token)) {
		io->kind = AST_IO_CALL;
	} else {
		parse_fail(p, expected, p->token.kind == TOKEN_FSTRING ?
		    "a path needs no f before it: \"out/{country}.csv\"" :
		    "as in \"file.csv\", $file, stdin or tail(\"file.log\")");
		return NULL;
	}
	io->text = p->token.text;
	parse_advance(p);
	if (io->kind == AST_IO_CALL && p->token.kind == TOKEN_LPAREN) {
		io->has_args = 1;
		if (parse_args(p, &io->args) != 0)
			return NULL;
	}
	if (p->token.span.offset == p->end && io->kind == AST_IO_CALL &&
	    guess_bare_path(p, offset) != 0)
		return NULL;
	io->span = parse_span(p, offset);
	return io;
}

/* rel = io | "(" pipeline ")" ; */
int
parse_rel(struct parser *p, struct ast_rel *rel)
{
	if (p->token.kind == TOKEN_LPAREN) {
		rel->pipeline = parse_parenthesised(p);
		return rel->pipeline != NULL ? 0 : -1;
	}
	rel->io = parse_io(p, "an input or '('");
	return rel->io != NULL ? 0 : -1;
}

/* route = "drop" | "keep" | "fail" | "to" io ; */
int
parse_route(struct parser *p, struct ast_route *route)
{
	if (parse_take_word(p, "drop"))
		route->kind = AST_ROUTE_DROP;
	else if (parse_take_word(p, "keep"))
		route->kind = AST_ROUTE_KEEP;
	else if (parse_take_word(p, "fail"))
		route->kind = AST_ROUTE_FAIL;
	else if (parse_take_word(p, "to"))
		route->kind = AST_ROUTE_TO;
	else
		return parse_fail(p, "'drop', 'keep', 'fail' or 'to'", NULL);
	if (route->kind == AST_ROUTE_TO) {
		route->io = parse_io(p, "an output");
		return route->io != NULL ? 0 : -1;
	}
	return 0;
}

/* DUR | VAR */
int
parse_duration(struct parser *p, struct ast_expr **expr)
{
	if (p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_VAR)
		return parse_fail(p, "a duration",
		    "as in 250ms, 5s, 1h30m or 2d");
	*expr = parse_primary(p);
	return *expr != NULL ? 0 : -1;
}

/* by = "by" items ; among the items may be sets. */
int
parse_by(struct parser *p, struct ast_group *group)
{
	uint32_t offset = p->token.span.offset;

	parse_advance(p);
	if (group->by.count > 0)
		return parse_error(p, (struct ast_span){ offset, 2 },
		    "separate the fields with commas: by a, b",
		    "this stage has a 'by' already");
	if (parse_items(p, ITEM_SETS, &group->by) != 0)
		return -1;
	group->by_span = parse_span(p, offset);
	return 0;
}

/* "window" NAME args */
static int
window(struct parser *p, struct ast_group *group)
{
	static const char form[] =
	    "as in window tumble(1m) or window hop(size=5m, every=30s)";
	uint32_t offset = p->token.span.offset;

	parse_advance(p);
	if (!parse_is_name(&p->token))
		return parse_fail(p, "a kind of window", form);
	group->window = p->token.text;
	parse_advance(p);
	if (p->token.kind != TOKEN_LPAREN)
		return parse_fail(p, "'('", form);
	if (parse_args(p, &group->window_args) != 0)
		return -1;
	group->window_span = parse_span(p, offset);
	return 0;
}

/* "emit" ( "final" | "changes" | "every" DUR ) */
static int
emit(struct parser *p, struct ast_group *group)
{
	parse_advance(p);
	if (parse_take_word(p, "final")) {
		group->emit = AST_EMIT_FINAL;
	} else if (parse_take_word(p, "changes")) {
		group->emit = AST_EMIT_CHANGES;
	} else if (parse_take_word(p, "every")) {
		group->emit = AST_EMIT_EVERY;
		return parse_duration(p, &group->emit_every);
	} else {
		return parse_fail(p, "'final', 'changes' or 'every'",
		    "as in emit every 10s");
	}
	return 0;
}

/* "late" ( "update" DUR [ "drop" | "to" io ] | "drop" | "to" io ) */
static int
late(struct parser *p, struct ast_group *group)
{
	parse_advance(p);
	group->has_late = 1;
	if (parse_take_word(p, "update") &&
	    parse_duration(p, &group->late_update) != 0)
		return -1;
	if (parse_at_word(p, "drop") || parse_at_word(p, "to"))
		return parse_route(p, &group->late);
	if (group->late_update == NULL)
		return parse_fail(p, "'update', 'drop' or 'to'",
		    "as in late update 1m to \"late.jsonl\"");
	return 0;
}

/*
 * group = [ by ] [ "window" NAME args ]
 *	[ "emit" ( "final" | "changes" | "every" DUR ) ]
 *	[ "late" [ "update" DUR ] [ "drop" | "to" io ] ] ;
 * in any order, each at most once.
 */
int
parse_group(struct parser *p, struct ast_group *group)
{
	for (;;) {
		int failed;
		if (parse_at_word(p, "by"))
			failed = parse_by(p, group);
		else if (parse_at_word(p, "window") &&
		    group->window.bytes == NULL)
			failed = window(p, group);
		else if (parse_at_word(p, "emit") &&
		    group->emit == AST_EMIT_DEFAULT)
			failed = emit(p, group);
		else if (parse_at_word(p, "late") && !group->has_late)
			failed = late(p, group);
		else
			return 0;
		if (failed != 0)
			return -1;
	}
}
