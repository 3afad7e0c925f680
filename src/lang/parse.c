/*
 * A program from its text, by recursive descent: one token of look-ahead, a
 * second one behind a name, no backtracking.
 *
 *	parse.c		programs, declarations, pipelines; what others call
 *	parse_stage.c	stages; parse_events.c: match and process
 *	parse_item.c	items, arguments, inputs and outputs, groups
 *	parse_expr.c	operators; parse_primary.c: operands
 *	parse_token.c	tokens, nodes, errors
 *	guess_*.c	after an error: what was meant
 *
 * Every node lies in the caller's region, also those of a text that is refused
 * in the end.  Depth is bounded twice: PARSE_DEPTH_MAX for productions inside
 * each other, AST_HEIGHT_MAX for trees that loops build.
 */
#include "lang/parse.h"

#include <assert.h>
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/parse_priv.h"
#include "util/err.h"
#include "util/mem.h"

/* "from" io, and what may follow it */
static struct ast_io *
from(struct parser *p)
{
	uint32_t outer_unit = p->unit;

	p->unit = p->token.span.offset;
	p->form = "from INPUT | STAGE | STAGE ...";
	parse_advance(p);
	struct ast_io *io = parse_io(p, "an input");
	if (io == NULL)
		return NULL;
	switch (p->token.kind) {
	case TOKEN_PIPE: case TOKEN_SEMICOLON: case TOKEN_RPAREN:
	case TOKEN_END:
		p->unit = outer_unit;
		return io;
	default:
		guess_from_end(p);
		return NULL;
	}
}

static int
add_stage(struct parser *p, struct ast_pipeline *pipeline)
{
	struct ast_stage *stage = parse_stage(p);

	if (stage == NULL)
		return -1;
	pipeline->stage = parse_grow(p, pipeline->stage,
	    pipeline->stage_count, sizeof(*pipeline->stage));
	pipeline->stage[pipeline->stage_count++] = stage;
	return 0;
}

/* pipeline = ( "from" io | stage ) { "|" stage } ; */
struct ast_pipeline *
parse_pipeline(struct parser *p)
{
	struct ast_pipeline *pipeline = region_alloc_zero(p->region,
	    sizeof(*pipeline));
	uint32_t offset = p->token.span.offset;

	if (parse_enter(p) != 0)
		return NULL;
	if (parse_at_word(p, "from")) {
		pipeline->from = from(p);
		if (pipeline->from == NULL)
			return NULL;
	} else if (add_stage(p, pipeline) != 0) {
		return NULL;
	}
	while (parse_take(p, TOKEN_PIPE))
		if (add_stage(p, pipeline) != 0)
			return NULL;
	pipeline->span = parse_span(p, offset);
	parse_leave(p);
	return pipeline;
}

/* "(" pipeline ")" */
struct ast_pipeline *
parse_parenthesised(struct parser *p)
{
	uint32_t offset = p->token.span.offset;

	if (p->token.kind != TOKEN_LPAREN) {
		guess_no_parenthesis(p);
		return NULL;
	}
	parse_advance(p);
	struct ast_pipeline *pipeline = parse_pipeline(p);
	if (pipeline == NULL)
		return NULL;
	return parse_expect_close(p, TOKEN_RPAREN, offset, "'|' or ')'") == 0 ?
	    pipeline : NULL;
}

/* params = "(" [ VAR [ "=" expr ] { "," VAR [ "=" expr ] } ] ")" ; */
static int
params(struct parser *p, struct ast_decl *decl)
{
	uint32_t open = p->token.span.offset;

	if (parse_expect(p, TOKEN_LPAREN, "'('") != 0)
		return -1;
	if (parse_take(p, TOKEN_RPAREN))
		return 0;
	do {
		uint32_t offset = p->token.span.offset;
		if (p->token.kind != TOKEN_VAR)
			return parse_fail(p, "a parameter such as $n", NULL);
		decl->param = parse_grow(p, decl->param, decl->param_count,
		    sizeof(*decl->param));
		struct ast_param *param = &decl->param[decl->param_count++];
		param->name = p->token.text;
		parse_advance(p);
		if (parse_take(p, TOKEN_ASSIGN)) {
			param->fallback = parse_expr(p);
			if (param->fallback == NULL)
				return -1;
		}
		param->span = parse_span(p, offset);
	} while (parse_take(p, TOKEN_COMMA));
	return parse_expect_close(p, TOKEN_RPAREN, open, "'=', ',' or ')'");
}

/* "let" VAR "=" expr | "let" NAME "=" pipeline */
static int
let(struct parser *p, struct ast_decl *decl)
{
	p->form = "let $NAME = EXPR; or let NAME = from INPUT | STAGE ...;";
	decl->kind = p->token.kind == TOKEN_VAR ? AST_LET : AST_LET_STREAM;
	if (decl->kind == AST_LET) {
		decl->name = p->token.text;
		decl->name_span = p->token.span;
		parse_advance(p);
	} else if (parse_name(p, "a name", &decl->name,
	    &decl->name_span) != 0) {
		return -1;
	}
	if (parse_expect(p, TOKEN_ASSIGN, "'='") != 0)
		return -1;
	if (decl->kind == AST_LET) {
		decl->expr = parse_expr(p);
		return decl->expr != NULL ? 0 : -1;
	}
	if (p->token.kind != TOKEN_NAME && p->token.kind != TOKEN_END) {
		parse_mend(p, decl->name_span.offset, 0, "$");
		return parse_error(p, decl->name_span, "let $x = 5; names a "
		    "value, let x = from ...; a stream",
		    "the name of a value begins with '$'");
	}
	decl->pipeline = parse_pipeline(p);
	return decl->pipeline != NULL ? 0 : -1;
}

/* "fn" NAME params "=" expr */
static int
fn(struct parser *p, struct ast_decl *decl)
{
	p->form = "fn NAME($PARAM, ...) = EXPR;";
	decl->kind = AST_FN;
	if (parse_name(p, "a name", &decl->name, &decl->name_span) != 0 ||
	    params(p, decl) != 0 || parse_expect(p, TOKEN_ASSIGN, "'='") != 0)
		return -1;
	decl->expr = parse_expr(p);
	return decl->expr != NULL ? 0 : -1;
}

/* "op" NAME [ params ] "=" pipeline, without a "from" */
static int
op(struct parser *p, struct ast_decl *decl)
{
	p->form = "op NAME($PARAM = DEFAULT, ...) = STAGE | STAGE ...;";
	decl->kind = AST_OP;
	if (parse_name(p, "a name", &decl->name, &decl->name_span) != 0 ||
	    (p->token.kind == TOKEN_LPAREN && params(p, decl) != 0) ||
	    parse_expect(p, TOKEN_ASSIGN, "'='") != 0)
		return -1;
	struct ast_span first = p->token.span;
	decl->pipeline = parse_pipeline(p);
	if (decl->pipeline == NULL)
		return -1;
	if (decl->pipeline->from != NULL)
		return parse_error(p, first, "let NAME = from ...; names a "
		    "stream; an op is stages for any stream",
		    "an op has no 'from'");
	return 0;
}

/* "use" STRING */
static int
use(struct parser *p, struct ast_decl *decl)
{
	p->form = "use \"FILE.sflow\";";
	decl->kind = AST_USE;
	decl->name = p->token.text;
	decl->name_span = p->token.span;
	parse_advance(p);
	return 0;
}

/* Does a declaration begin here?  Behind its word there is always a name, or
 * a path. */
static int
begins_decl(struct parser *p)
{
	if (parse_at_word(p, "use"))
		return parse_peek(p)->kind == TOKEN_STRING;
	if (!parse_at_word(p, "let") && !parse_at_word(p, "fn") &&
	    !parse_at_word(p, "op"))
		return 0;
	const struct token *next = parse_peek(p);
	return next->kind == TOKEN_NAME || next->kind == TOKEN_VAR;
}

/*
 * decl = "let" VAR "=" expr | "let" NAME "=" pipeline
 *	| "fn" NAME params "=" expr | "op" NAME [ params ] "=" pipeline
 *	| "use" STRING ;
 */
static int
decl(struct parser *p, struct ast_decl *target)
{
	uint32_t offset = p->token.span.offset;
	int failed;

	p->unit = offset;
	p->is_decl = 1;
	if (parse_take_word(p, "let"))
		failed = let(p, target);
	else if (parse_take_word(p, "fn"))
		failed = fn(p, target);
	else if (parse_take_word(p, "op"))
		failed = op(p, target);
	else if (parse_take_word(p, "use"))
		failed = use(p, target);
	else
		failed = -1;
	if (failed != 0)
		return -1;
	target->span = parse_span(p, offset);
	if (p->unit_only && p->token.kind == TOKEN_END)
		failed = 0;
	else if (target->kind == AST_USE)
		failed = parse_expect(p, TOKEN_SEMICOLON, "';'");
	else
		failed = parse_expect(p, TOKEN_SEMICOLON,
		    target->expr != NULL ? "an operator or ';'" :
		    "'|' or ';'");
	if (target->kind == AST_USE)
		target->span = parse_span(p, offset);
	p->is_decl = 0;
	return failed;
}

/* program = { decl ";" } pipeline { ";" pipeline } [ ";" ] ; */
static int
program(struct parser *p, struct ast_program *target)
{
	while (begins_decl(p)) {
		target->decl = parse_grow(p, target->decl, target->decl_count,
		    sizeof(*target->decl));
		if (decl(p, &target->decl[target->decl_count]) != 0)
			return -1;
		target->decl_count++;
	}
	while (p->token.kind != TOKEN_END) {
		if (target->pipeline_count > 0 && begins_decl(p))
			return parse_error(p, p->token.span,
			    "move it to the front",
			    "declarations stand before the first pipeline");
		if (p->lex.flags & PARSE_DECLARATIONS)
			return parse_error(p, p->token.span, "a file that is "
			    "used has let, fn, op and use", "a pipeline cannot "
			    "be used by another program");
		p->unit = p->token.span.offset;
		struct ast_pipeline *pipeline = parse_pipeline(p);
		if (pipeline == NULL)
			return -1;
		target->pipeline = parse_grow(p, target->pipeline,
		    target->pipeline_count, sizeof(*target->pipeline));
		target->pipeline[target->pipeline_count++] = pipeline;
		if (!parse_take(p, TOKEN_SEMICOLON) &&
		    p->token.kind != TOKEN_END)
			return parse_fail(p, "'|', ';' or the end", NULL);
	}
	if (target->pipeline_count > 0 || p->unit_only || (p->lex.flags &
	    (PARSE_DECLARATIONS | PARSE_LIBRARY)) != 0)
		return 0;
	return parse_error(p, p->token.span, "as in where status >= 400",
	    target->decl_count > 0 ? "there is no pipeline behind the "
	    "declarations" : "the program is empty");
}

struct ast_program *
parse_text(struct parser *p)
{
	struct ast_program *target = region_alloc_zero(p->region,
	    sizeof(*target));

	lex_check_source(&p->lex, &p->token);
	if (p->token.kind == TOKEN_BAD) {
		parse_fail(p, "text", NULL);
		return NULL;
	}
	p->lex.position = 0;
	parse_advance(p);
	if (program(p, target) != 0)
		return NULL;
	assert(p->depth == 0);
	target->source = p->lex.source;
	target->source_bytes = p->lex.size;
	target->comment = p->lex.comment;
	target->comment_count = p->lex.comment_count;
	return target;
}

struct ast_program *
parse_program(const char *source_name, const char *source, size_t size,
	unsigned flags, struct region *region, struct err *err)
{
	struct parser parser = {
		.lex = { .source = source, .flags = flags, .region = region },
		.region = region, .err = err,
	};

	if (size > PARSE_BYTES_MAX) {
		err_set(err, ERR_PROGRAM, "a program is at most %u MiB long",
		    PARSE_BYTES_MAX >> 20);
		return NULL;
	}
	parser.lex.size = (uint32_t)size;
	struct ast_program *target = parse_text(&parser);
	if (target == NULL)
		guess_hint(&parser);
	else
		target->source_name = source_name;
	return target;
}
