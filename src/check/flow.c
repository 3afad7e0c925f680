/*
 * The graph that checking builds, and its order.
 *
 * A stream is the loose end of a chain: a source, an operator or an operator's
 * side output.  stream_append() ties an operator to it and binds it, so every
 * operator is bound when the fields of its input are known.  A named stream
 * (let t = pipeline) gets a tee per use; flow_settle() takes out those that
 * lead nowhere, and brings the sources into their order.
 */
#include "check/flow.h"

#include <assert.h>
#include <string.h>

#include "check/check_priv.h"
#include "lang/letter.h"

struct op *
flow_add_op(struct check *check, const char *name, const struct ast_stage *ast)
{
	struct flow *flow = check->flow;
	const struct op_def *def = op_find(name, strlen(name));

	assert(def != NULL);
	struct op *op = op_new(def);
	if (ast != NULL) {
		op->args.span_offset = ast->span.offset;
		op->args.span_bytes = ast->span.bytes;
	}
	flow->op = mem_resize(flow->op,
	    (flow->op_count + 1) * sizeof(*flow->op));
	op->id = flow->op_count;
	flow->op[flow->op_count++] = op;
	return op;
}

struct flow_source *
flow_add_source(struct check *check)
{
	struct flow *flow = check->flow;
	struct flow_source *source = region_alloc_zero(flow->region,
	    sizeof(*source));

	flow->source = mem_resize(flow->source,
	    (flow->source_count + 1) * sizeof(*flow->source));
	source->number = flow->source_count;
	flow->source[flow->source_count++] = source;
	return source;
}

struct schema *
flow_open_schema(struct check *check)
{
	struct flow *flow = check->flow;
	struct schema *schema = schema_new();

	schema->open = 1;
	flow->schema = mem_resize(flow->schema,
	    (flow->schema_count + 1) * sizeof(*flow->schema));
	flow->schema[flow->schema_count++] = schema;
	return schema;
}

void
flow_add_optional(struct check *check, struct ast_text name)
{
	struct flow *flow = check->flow;

	flow->optional = mem_resize(flow->optional,
	    (flow->optional_count + 1) * sizeof(*flow->optional));
	flow->optional[flow->optional_count++] = bind_text(check, name);
}

void
stream_connect(const struct stream *stream, struct op *op, unsigned port)
{
	if (stream->source != NULL) {
		stream->source->next = op;
		stream->source->next_port = port;
	} else if (stream->from_side) {
		stream->tail->side = op;
		stream->tail->side_port = port;
	} else {
		stream->tail->next = op;
		stream->tail->next_port = port;
	}
}

/* Whether records still have their event time behind `op`. */
static void
stream_set_time(struct stream *stream, const struct op *op)
{
	/* What is kept of the other side has no time. */
	int has_rest = op->input_count == 2 && (op->args.join ==
	    OP_JOIN_RIGHT || op->args.join == OP_JOIN_FULL);

	if (op->def->flags & OP_SETS_TIME) {
		stream->has_time = 1;
	} else if (stream->has_time && (has_rest ||
	    !(op->def->flags & OP_KEEPS_TIME))) {
		stream->has_time = 0;
		stream->time_taker = op->def->name;
	}
}

int
stream_append(struct check *check, struct stream *stream, struct op *op)
{
	op->in[0] = schema_hold(stream->schema);
	op->origin_format = stream->format;
	stream_connect(stream, op, 0);
	if (op_bind(op, check->err) != 0)
		return -1;
	stream->source = NULL;
	stream->tail = op;
	stream->from_side = 0;
	stream->schema = op->out;
	stream->ended = op->out == NULL;
	stream_set_time(stream, op);
	return 0;
}

int
bind_pipeline(struct check *check, const struct binding *binding,
	const struct ast_pipeline *pipeline, struct stream *out)
{
	return bind_from(check, binding, pipeline->from, out) != 0 ? -1 :
	    bind_stages(check, out, binding, pipeline);
}

int
bind_rel(struct check *check, const struct binding *binding,
	const struct ast_rel *rel, struct stream *out)
{
	if (rel->pipeline != NULL) {
		if (bind_pipeline(check, binding, rel->pipeline, out) != 0)
			return -1;
	} else if (bind_from(check, binding, rel->io, out) != 0) {
		return -1;
	}
	if (out->ended)
		return bind_error(check, rel->pipeline->span,
		    "nothing comes out of a pipeline that ends in `to`");
	return 0;
}

/* A further reader of a named stream: a tee at its end. */
static int
named_fork(struct check *check, struct named_stream *named,
	struct stream *out)
{
	struct op *tee = flow_add_op(check, "tee", NULL);

	if (stream_append(check, &named->stream, tee) != 0)
		return -1;
	*out = named->stream;
	out->from_side = 1;
	return 0;
}

int
bind_named_stream(struct check *check, const struct ast_text *name,
	struct ast_span span, struct stream *out)
{
	struct named_stream *named = NULL;

	for (uint32_t i = 0; i < check->named_count; i++)
		if (text_same(check->named[i].decl->name, *name))
			named = &check->named[i];
	if (named == NULL)
		return 1;
	if (named->compiling)
		return bind_error(check, span, "stream %.*s reads itself",
		    (int)name->size, name->bytes);
	if (check->in_scalar > 0 &&
	    !flow_is_shared(check, named->decl->pipeline))
		return bind_pipeline(check, check->globals,
		    named->decl->pipeline, out);
	check->shared_count += check->in_scalar > 0;
	if (!named->compiled) {
		int in_scalar = check->in_scalar;
		named->compiling = 1;
		check->in_scalar = 0;
		int status = bind_pipeline(check, check->globals,
		    named->decl->pipeline, &named->stream);
		check->in_scalar = in_scalar;
		named->compiling = 0;
		if (status != 0)
			return -1;
		if (named->stream.ended)
			return bind_error(check, span,
			    "stream %.*s ends in `to`: nothing comes out",
			    (int)name->size, name->bytes);
		named->compiled = 1;
	}
	return named_fork(check, named, out);
}

/* Two declarations of one kind and name: which is meant? */
static int
check_declarations(struct check *check)
{
	const struct ast_program *program = check->program;

	for (uint32_t i = 0; i < program->decl_count; i++)
		for (uint32_t k = 0; k < i; k++) {
			const struct ast_decl *a = &program->decl[k];
			const struct ast_decl *b = &program->decl[i];
			if (a->kind == b->kind &&
			    strcmp(a->name.bytes, b->name.bytes) == 0)
				return bind_error(check, b->name_span,
				    "'%s' is declared twice", b->name.bytes);
		}
	return 0;
}

/* $names of the whole program: --arg before let, so that it overrides. */
static void
bind_globals(struct check *check)
{
	const struct check_config *config = check->config;
	const struct ast_program *program = check->program;
	uint32_t count = config->arg_count + program->decl_count, used = 0;
	struct binding *binding = region_alloc_zero(check->flow->region,
	    (count + 1) * sizeof(*binding));

	for (uint32_t i = 0; i < config->arg_count; i++)
		binding[used++] = (struct binding){
			.name = { config->arg[i].name,
			    (uint32_t)strlen(config->arg[i].name) },
			.value = config->arg[i].value,
		};
	for (uint32_t i = 0; i < program->decl_count; i++)
		if (program->decl[i].kind == AST_LET)
			binding[used++] = (struct binding){
				.name = program->decl[i].name,
				.expr = program->decl[i].expr,
				.scope = binding,
			};
	for (uint32_t i = 0; i + 1 < used; i++)
		binding[i].next = &binding[i + 1];
	check->globals = used == 0 ? NULL : binding;
}

static void
collect_named(struct check *check)
{
	const struct ast_program *program = check->program;

	check->named = region_alloc_zero(check->flow->region,
	    (program->decl_count + 1) * sizeof(*check->named));
	for (uint32_t i = 0; i < program->decl_count; i++)
		if (program->decl[i].kind == AST_LET_STREAM)
			check->named[check->named_count++].decl =
			    &program->decl[i];
}

static int
check_pipelines(struct check *check)
{
	const struct ast_program *program = check->program;

	for (uint32_t i = 0; i < program->pipeline_count; i++) {
		struct stream stream = { 0 };
		check->err->has_span = 0;
		if (bind_pipeline(check, check->globals, program->pipeline[i],
		    &stream) != 0)
			return -1;
		if (!stream.ended && bind_default_sink(check, &stream) != 0)
			return -1;
	}
	if (check->config->file_count > 0 && !check->argv_used) {
		err_set(check->err, ERR_USAGE, "the program says itself where "
		    "it reads from: %s is not used", check->config->file[0]);
		return err_hint(check->err, "leave `from` out to read the "
		    "files behind the program");
	}
	return 0;
}

/* --arg for a $name that the program never writes is a slip. */
static int
check_args_used(struct check *check)
{
	const struct ast_program *program = check->program;
	const char *end = program->source + program->source_bytes;

	for (uint32_t i = 0; i < check->config->arg_count; i++) {
		const char *name = check->config->arg[i].name;
		size_t size = strlen(name);
		const char *at = program->source;
		while ((at = memchr(at, '$', (size_t)(end - at))) != NULL) {
			at++;
			if ((size_t)(end - at) >= size &&
			    memcmp(at, name, size) == 0 &&
			    letter_continues_name(at + size,
			    (size_t)(end - at) - size) == 0)
				break;
		}
		if (at == NULL) {
			err_set(check->err, ERR_USAGE,
			    "--arg %s: the program has no $%s", name, name);
			return -1;
		}
	}
	return 0;
}

/* -o where every output has its format from the program would say nothing. */
static int
check_output_used(struct check *check)
{
	const struct format_def *format = check->config->output_format;
	const struct flow *flow = check->flow;

	if (format == NULL)
		return 0;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		const struct op *op = flow->op[i];
		if (op->def == op_find("to", 2) && op->args.path == NULL &&
		    op->args.expr == NULL && op->args.format == format)
			return 0;
	}
	err_set(check->err, ERR_USAGE, "-o %s is not used: the program says "
	    "itself what it writes", format->name);
	return err_hint(check->err, "-o is for what goes to standard output "
	    "without a format");
}

/*
 * What is read on other hosts comes by an edge, and an operator takes one edge
 * or what is read beside it: never two inputs.
 */
static int
check_away(struct check *check, const struct op *op)
{
	for (; op != NULL; op = op->next) {
		if (op->input_count > 1) {
			err_set_at(check->err, op->args.span_offset,
			    op->args.span_bytes, "`%s` of what ssh() reads is "
			    "part of the language, but this version cannot do "
			    "it yet", op->def->name);
			return err_hint(check->err, "ssh() takes any number "
			    "of hosts and paths");
		}
		if (op->side != NULL && check_away(check, op->side) != 0)
			return -1;
	}
	return 0;
}

static int
check_all_away(struct check *check)
{
	const struct flow *flow = check->flow;

	for (uint32_t i = 0; i < flow->source_count; i++) {
		const struct flow_source *source = flow->source[i];
		if (source->source == NULL ||
		    source_spec(source->source)->host_count == 0)
			continue;
		if (flow->scalar_count > 0)
			return err_set(check->err, ERR_USAGE, "ssh() in a "
			    "program with a pipeline in an expression is part "
			    "of the language, but this version cannot do it "
			    "yet");
		if (check_away(check, source->next) != 0)
			return -1;
	}
	return 0;
}

struct flow *
flow_check(const struct ast_program *program, const struct check_config *config,
	struct err *err)
{
	struct flow *flow = mem_alloc_zero(sizeof(*flow));
	struct check check = {
		.program = program, .config = config, .flow = flow, .err = err,
	};

	flow->region = region_new();
	bind_globals(&check);
	collect_named(&check);
	if (check_declarations(&check) != 0 || check_pipelines(&check) != 0 ||
	    check_all_away(&check) != 0 || check_args_used(&check) != 0 ||
	    check_output_used(&check) != 0)
		flow_free(&flow);
	else
		flow_settle(flow);
	return flow;
}

void
flow_free(struct flow **take_flow)
{
	struct flow *flow = *take_flow;

	if (flow == NULL)
		return;
	for (uint32_t i = 0; i < flow->op_count; i++)
		op_free(&flow->op[i]);
	for (uint32_t i = 0; i < flow->source_count; i++)
		source_close(&flow->source[i]->source);
	for (uint32_t i = 0; i < flow->schema_count; i++)
		schema_drop(&flow->schema[i]);
	mem_free(flow->schema);
	mem_free(flow->optional);
	mem_free(flow->op);
	mem_free(flow->source);
	mem_free(flow->scalar);
	region_drop(&flow->region);
	mem_free(flow);
	*take_flow = NULL;
}
