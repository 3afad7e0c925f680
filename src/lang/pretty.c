/*
 * A program as text, in two forms from one walk: pretty_*.c write the text with
 * marks where a line may end, pretty_layout.c decides.  What is printed parses
 * back to the same tree; a test holds that for random trees and a fuzzer for
 * random programs.
 */
#include "lang/pretty.h"

#include "lang/pretty_priv.h"

/* [ "(" VAR [ "=" expr ] ... ")" ] */
static void
add_params(struct pretty *pretty, const struct ast_decl *decl)
{
	if (decl->param_count == 0 && decl->kind == AST_OP)
		return;
	buf_add_char(&pretty->text, '(');
	for (uint32_t i = 0; i < decl->param_count; i++) {
		const struct ast_param *param = &decl->param[i];
		pretty_text(pretty, i > 0 ? ", $" : "$");
		buf_add(&pretty->text, param->name.bytes, param->name.size);
		if (param->fallback != NULL) {
			pretty_text(pretty, " = ");
			pretty_add_expr(pretty, param->fallback);
		}
	}
	buf_add_char(&pretty->text, ')');
}

static void
add_decl(struct pretty *pretty, const struct ast_decl *decl)
{
	pretty_mark(pretty, MARK_OPEN);
	switch (decl->kind) {
	case AST_LET:
		pretty_text(pretty, "let $");
		buf_add(&pretty->text, decl->name.bytes, decl->name.size);
		break;
	case AST_LET_STREAM:
		pretty_text(pretty, "let ");
		pretty_name(pretty, &decl->name);
		break;
	case AST_FN:
	case AST_OP:
		pretty_text(pretty, decl->kind == AST_FN ? "fn " : "op ");
		pretty_name(pretty, &decl->name);
		add_params(pretty, decl);
		break;
	case AST_USE:
		pretty_text(pretty, "use ");
		pretty_string(pretty, &decl->name);
		buf_add_char(&pretty->text, ';');
		pretty_mark(pretty, MARK_CLOSE);
		return;
	}
	pretty_text(pretty, " =");
	pretty_mark(pretty, MARK_IN);
	pretty_mark(pretty, MARK_BREAK);
	if (decl->pipeline != NULL)
		pretty_add_pipeline(pretty, decl->pipeline, MARK_BREAK);
	else
		pretty_add_expr(pretty, decl->expr);
	pretty_mark(pretty, MARK_OUT);
	buf_add_char(&pretty->text, ';');
	pretty_mark(pretty, MARK_CLOSE);
}

/* Where the next declaration or pipeline begins in the source. */
static uint32_t
next_offset(const struct ast_program *program, uint32_t decl, uint32_t pipeline)
{
	if (decl < program->decl_count)
		return program->decl[decl].span.offset;
	if (pipeline < program->pipeline_count)
		return program->pipeline[pipeline]->span.offset;
	return UINT32_MAX;
}

static void
add_program(struct pretty *pretty, const struct ast_program *program)
{
	uint32_t decl_count = program->decl_count;

	for (uint32_t i = 0; i < decl_count; i++) {
		pretty_comments(pretty, program->decl[i].span.offset);
		add_decl(pretty, &program->decl[i]);
		pretty_trailing(pretty, next_offset(program, i + 1, 0));
		if (i + 1 < decl_count || program->pipeline_count > 0)
			pretty_mark(pretty, MARK_HARD);
	}
	if (decl_count > 0 && pretty->wide && program->pipeline_count > 0)
		pretty_mark(pretty, MARK_HARD);
	for (uint32_t i = 0; i < program->pipeline_count; i++) {
		int is_last = i + 1 == program->pipeline_count;
		pretty_comments(pretty, program->pipeline[i]->span.offset);
		pretty_add_pipeline(pretty, program->pipeline[i], MARK_HARD);
		if (!is_last)
			buf_add_char(&pretty->text, ';');
		pretty_trailing(pretty,
		    next_offset(program, decl_count, i + 1));
		if (is_last)
			break;
		pretty_mark(pretty, MARK_HARD);
		if (pretty->wide)
			pretty_mark(pretty, MARK_HARD);
	}
}

void
pretty_program(const struct ast_program *program, struct buf *result)
{
	struct pretty pretty = { .program = program, .wide = 0 };

	add_program(&pretty, program);
	pretty_finish(&pretty, result);
}

void
pretty_program_wide(const struct ast_program *program, struct buf *result)
{
	struct pretty pretty = { .program = program, .wide = 1 };

	add_program(&pretty, program);
	pretty_mark(&pretty, MARK_HARD);
	pretty_comments(&pretty, UINT32_MAX);
	pretty_finish(&pretty, result);
}
