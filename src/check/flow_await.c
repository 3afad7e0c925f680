/*
 * Pipelines in expressions, and the streams that they share with others.
 *
 * A pipeline in an expression must come to its end before the first record of
 * the stage that reads its value.  If what it reads is its own, that is read
 * first of all (flow_settle.c) and ends in a `scalar`.  If it is a named stream
 * that others read too, it runs beside them, and an `await` before the stage
 * holds the records until the value is known:
 *
 *	t --> tee --------------> await --> where x > $value
 *	       `--> aggregate ----^
 *
 * To hold records costs more than to read and filter them again, but less than
 * to join, group or sort them again.  So a stream is shared if it does one of
 * these, or cannot be read again.
 */
#include "check/check_priv.h"

#include <assert.h>

static int pipeline_is_dear(const struct check *, const struct ast_pipeline *,
	unsigned depth);

static const struct ast_decl *
find_decl(const struct check *check, enum ast_decl_kind kind,
	struct ast_text name)
{
	for (uint32_t i = 0; i < check->program->decl_count; i++) {
		const struct ast_decl *decl = &check->program->decl[i];
		if (decl->kind == kind && text_same(decl->name, name))
			return decl;
	}
	return NULL;
}

/* A stream that is read as it grows: each reader opens it for itself. */
static int
io_is_live(const struct ast_io *io)
{
	return io != NULL && io->kind == AST_IO_CALL &&
	    (text_is(io->text, "ssh") ||
	    stream_find(io->text.bytes, io->text.size) != NULL);
}

static int
io_is_dear(const struct check *check, const struct ast_io *io, unsigned depth)
{
	int has_files = check->config->file_count > 0;

	if (io == NULL)
		return !has_files;
	if (io->kind != AST_IO_CALL)
		return 0;
	const struct ast_decl *decl = find_decl(check, AST_LET_STREAM,
	    io->text);
	if (decl != NULL)
		return pipeline_is_dear(check, decl->pipeline, depth + 1);
	for (uint32_t i = 0; i < io->args.count; i++)
		if (io->args.arg[i].name.bytes == NULL)
			return 0;
	/* A format without a path. */
	return text_is(io->text, "stdin") || !has_files;
}

static int
stages_are_dear(const struct check *check, const struct ast_pipeline *pipeline,
	unsigned depth)
{
	/* Who calls itself is told so elsewhere. */
	if (depth > EXPANSION_DEPTH_MAX)
		return 0;
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		const struct ast_stage *ast = pipeline->stage[i];
		const struct ast_decl *decl = ast->kind != AST_CALL_STAGE ?
		    NULL : find_decl(check, AST_OP, ast->name);
		switch (ast->kind) {
		case AST_AGGREGATE:
		case AST_COUNT:
		case AST_SORT:
		case AST_TAIL:
		case AST_TOP:
		case AST_DEDUP:
		case AST_JOIN:
			return 1;
		default:
			if (decl != NULL && stages_are_dear(check,
			    decl->pipeline, depth + 1))
				return 1;
		}
	}
	return 0;
}

static int
pipeline_is_dear(const struct check *check,
	const struct ast_pipeline *pipeline, unsigned depth)
{
	if (depth > EXPANSION_DEPTH_MAX || io_is_live(pipeline->from))
		return 0;
	for (uint32_t i = 0; i < pipeline->stage_count; i++)
		if (pipeline->stage[i]->kind == AST_WATERMARK)
			return 0;
	return io_is_dear(check, pipeline->from, depth) ||
	    stages_are_dear(check, pipeline, depth);
}

int
flow_is_shared(const struct check *check, const struct ast_pipeline *pipeline)
{
	return !check->scalar_is_alone && pipeline_is_dear(check, pipeline, 0);
}

void
flow_add_scalar(struct check *check, const struct stream *stream,
	struct expr *param, int is_shared)
{
	struct flow *flow = check->flow;
	struct op *op = flow_add_op(check, is_shared ? "await" : "scalar",
	    NULL);

	op->plan = param;
	if (is_shared) {
		op->input_count = 2;
		op->in[1] = schema_hold(stream->schema);
	}
	stream_connect(stream, op, is_shared ? 1 : 0);
	flow->scalar = mem_resize(flow->scalar,
	    (flow->scalar_count + 1) * sizeof(*flow->scalar));
	flow->scalar[flow->scalar_count++] = (struct flow_scalar){
		.sink = op, .param = param,
	};
}

/* Who gets the records of the stream; NULL: nobody yet. */
static struct op *
stream_next(const struct stream *stream, unsigned *port)
{
	if (stream->source != NULL) {
		*port = stream->source->next_port;
		return stream->source->next;
	}
	*port = stream->from_side ? stream->tail->side_port :
	    stream->tail->next_port;
	return stream->from_side ? stream->tail->side : stream->tail->next;
}

/* Between the stream and who gets its records. */
static void
await_place(struct op *await, const struct stream *stream)
{
	struct op *next = stream_next(stream, &await->next_port);

	assert(next != NULL);
	await->in[0] = schema_hold(stream->schema);
	await->out = schema_hold(stream->schema);
	await->origin_format = stream->format;
	await->next = next;
	stream_connect(stream, await, 0);
}

void
flow_place_scalars(struct check *check, uint32_t first,
	const struct stream *before)
{
	const struct flow *flow = check->flow;

	for (uint32_t i = first; i < flow->scalar_count; i++) {
		struct op *op = flow->scalar[i].sink;
		/* Those of pipelines within have their place. */
		if (op->input_count > 1 && op->in[0] == NULL)
			await_place(op, before);
	}
}
