/*
 * from and to: names of streams and formats, paths and options.
 */
#include "check/check_priv.h"

#include <string.h>

#include "data/json.h"
#include "lang/parse.h"
#include "util/buf.h"
#include "util/near.h"

/* Streams of the language that this version cannot open. */
static const char *const live_streams[] = {
	"udp", "unix", "kafka", "http", "exec", "listen",
};

/* types={id: int}: the names of types stand for themselves. */
static const struct value *
bind_type_names(struct check *check, const struct ast_expr *ast)
{
	struct buf buf = { 0 };

	buf_add_char(&buf, '{');
	for (uint32_t i = 0; i < ast->items.count; i++) {
		const struct ast_item *item = &ast->items.item[i];
		const struct ast_expr *type = item->expr;
		if (item->name.bytes == NULL || (type->kind != AST_FIELD &&
		    type->kind != AST_STRING) ||
		    type_from_name(type->text.bytes, type->text.size) ==
		    TYPE_ANY) {
			bind_error(check, item->span,
			    "a field and its type are expected: id: int");
			err_hint(check->err, "types are bool, int, float, "
			    "decimal, timestamp, date, duration, text");
			buf_fini(&buf);
			return NULL;
		}
		if (i > 0)
			buf_add_char(&buf, ',');
		json_add_string(&buf, item->name.bytes, item->name.size);
		buf_add_char(&buf, ':');
		json_add_string(&buf, type->text.bytes, type->text.size);
	}
	buf_add_char(&buf, '}');
	struct value *value = region_alloc_zero(check->flow->region,
	    sizeof(*value));
	value->type = TYPE_RECORD;
	value->cell.text = text_make(region_copy(check->flow->region,
	    buf.bytes, buf.size), buf.size);
	buf_fini(&buf);
	return value;
}

/* Named arguments become options; positional ones are left to the caller. */
int
bind_options(struct check *check, const struct binding *binding,
	const struct ast_args *args, struct format_option **option,
	uint32_t *count)
{
	*count = 0;
	*option = mem_alloc_zero((args->count + SOURCE_DIALECT_MAX + 1) *
	    sizeof(**option));
	for (uint32_t i = 0; i < args->count; i++) {
		const struct ast_arg *arg = &args->arg[i];
		if (arg->name.bytes == NULL)
			continue;
		const struct value *value = arg->expr->kind == AST_RECORD ?
		    bind_type_names(check, arg->expr) :
		    bind_constant(check, binding, arg->expr);
		if (value == NULL)
			return -1;
		(*option)[(*count)++] = (struct format_option){
			.name = bind_text(check, arg->name), .value = value,
		};
	}
	return 0;
}

static const char *
bind_path(struct check *check, const struct binding *binding,
	const struct ast_expr *ast)
{
	const struct value *value = bind_constant(check, binding, ast);

	if (value == NULL)
		return NULL;
	if (value->type != TYPE_TEXT && value->type != TYPE_RAW) {
		bind_error(check, ast->span, "a path is expected here");
		return NULL;
	}
	const char *path = bind_text(check, (struct ast_text){
	    text_bytes(&value->cell.text), value->cell.text.size });
	return path;
}

int
bind_paths(struct check *check, const struct binding *binding,
	const struct ast_args *args, const char ***path, uint32_t *count)
{
	*count = 0;
	*path = region_alloc(check->flow->region,
	    (args->count + 1) * sizeof(**path));
	for (uint32_t i = 0; i < args->count; i++) {
		if (args->arg[i].name.bytes != NULL)
			continue;
		(*path)[*count] = bind_path(check, binding,
		    args->arg[i].expr);
		if ((*path)[(*count)++] == NULL)
			return -1;
	}
	return 0;
}

/* Open the source of `spec` and start a stream at it. */
static int
start_stream(struct check *check, struct source_spec *spec,
	struct ast_span span, struct stream *out)
{
	struct flow_source *source = flow_add_source(check);
	int is_stdin = spec->path_count == 1 &&
	    (strcmp(spec->path[0], "stdin") == 0 ||
	    strcmp(spec->path[0], "-") == 0);

	out->source = source;
	if (is_stdin && check->config->dry) {
		out->schema = flow_open_schema(check);
		out->format = spec->format;
		return 0;
	}
	if (is_stdin && check->stdin_used++)
		return bind_error(check, span,
		    "standard input can be read only once");
	struct source_spec *kept = region_copy(check->flow->region, spec,
	    sizeof(*spec));
	kept->number = source->number;
	if (kept->number < check->config->description_count) {
		const struct check_description *told =
		    &check->config->description[kept->number];
		kept->description = told->bytes;
		kept->description_size = told->size;
	}
	/* The same path on two hosts is not the same split. */
	if (spec->host_count > 0)
		kept->number += check->config->host_number << 16;
	source->source = source_open(kept, check->config->bad, check->err);
	if (source->source == NULL) {
		bind_fail_at(check, span);
		return -1;
	}
	out->schema = source_schema(source->source);
	out->format = source_format(source->source);
	out->origin = source->source;
	out->is_live = source_is_live(source->source);
	return 0;
}

static int
from_argv(struct check *check, struct stream *out)
{
	static const char *const stdin_path[] = { "stdin" };
	const struct check_config *config = check->config;
	struct source_spec spec = {
		.path = config->file_count > 0 ? config->file : stdin_path,
		.path_count = config->file_count > 0 ? config->file_count : 1,
		.format = config->input_format,
	};
	struct ast_span nowhere = { 0, 0 };

	check->argv_used = 1;
	return start_stream(check, &spec, nowhere, out);
}

/* The stream or format whose name is nearest; NULL if none is near. */
static const char *
near_format(const char *word)
{
	const char *names[64];
	size_t format_count, stream_count, count = 0;
	const struct format_def *const *format = format_all(&format_count);

	names[count++] = "stdin";
	for (size_t i = 0; i < format_count && count < 50; i++)
		names[count++] = format[i]->name;
	const struct stream_def *const *stream = stream_all(&stream_count);
	for (size_t i = 0; i < stream_count && count < 60; i++)
		names[count++] = stream[i]->name;
	return near_name(word, names, count);
}

static int
from_unknown(struct check *check, const struct ast_io *io)
{
	const char *name = bind_text(check, io->text);

	for (size_t i = 0; i < sizeof(live_streams) / sizeof(live_streams[0]);
	    i++)
		if (strcmp(live_streams[i], name) == 0)
			return bind_error(check, io->span, "%s() is part of "
			    "the language, but this version cannot open it yet",
			    name);
	bind_error(check, io->span, "there is no stream or format '%s'", name);
	const char *near = near_format(name);
	if (near != NULL)
		err_hint(check->err, "did you mean %s?", near);
	else if (io->args.count > 0)
		err_hint(check->err, "sflow help formats lists them");
	else
		err_hint(check->err, "a file stands in quotes: from \"%s\"",
		    name);
	return -1;
}

static int
unknown_format(struct check *check, const struct text *name,
	struct ast_span span)
{
	const char *word = bind_text(check, (struct ast_text){
	    text_bytes(name), name->size });

	bind_error(check, span, "there is no format '%s'", word);
	const char *near = near_format(word);
	return near != NULL ? err_hint(check->err, "did you mean %s?", near) :
	    err_hint(check->err, "sflow help formats lists them");
}

int
take_format_option(struct check *check, struct source_spec *spec,
	struct format_option *option, uint32_t *count, struct ast_span span)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (strcmp(option[i].name, "format") != 0)
			continue;
		const struct value *value = option[i].value;
		if (value->type != TYPE_TEXT && value->type != TYPE_RAW)
			return bind_error(check, span, "format takes the name "
			    "of a format, as format=\"csv\"");
		const struct text *name = &value->cell.text;
		spec->format = format_find(text_bytes(name), name->size);
		if (spec->format == NULL)
			return unknown_format(check, name, span);
		option[i] = option[--*count];
		return 0;
	}
	return 0;
}

static int
from_call(struct check *check, const struct binding *binding,
	const struct ast_io *io, struct stream *out)
{
	const struct format_def *format = format_find(io->text.bytes,
	    io->text.size);
	struct source_spec spec = { .format = format };
	const char **path;
	struct format_option *option;

	if (format == NULL && !text_is(io->text, "stdin"))
		return from_unknown(check, io);
	if (bind_paths(check, binding, &io->args, &path, &spec.path_count) != 0)
		return -1;
	int status = bind_options(check, binding, &io->args, &option,
	    &spec.option_count);
	spec.option = region_copy(check->flow->region, option,
	    (spec.option_count + 1) * sizeof(*option));
	mem_free(option);
	if (status != 0)
		return -1;
	if (take_format_option(check, &spec,
	    (struct format_option *)(uintptr_t)spec.option,
	    &spec.option_count, io->span) != 0)
		return -1;
	if (format == NULL && spec.format == NULL)
		spec.format = check->config->input_format;
	if (format == NULL && spec.path_count > 0)
		return bind_error(check, io->span, "stdin takes no path");
	/* csv(header=false): standard input or argv, in this format. */
	if (spec.path_count == 0 && check->config->file_count > 0 &&
	    format != NULL) {
		spec.path = check->config->file;
		spec.path_count = check->config->file_count;
		check->argv_used = 1;
	} else if (spec.path_count == 0) {
		path[0] = "stdin";
		spec.path = path;
		spec.path_count = 1;
	} else {
		spec.path = path;
	}
	return start_stream(check, &spec, io->span, out);
}

static int
from_path(struct check *check, const char *path, struct ast_span span,
	struct stream *out)
{
	const char **paths = region_alloc(check->flow->region, sizeof(*paths));
	struct source_spec spec = { .path = paths, .path_count = 1 };

	paths[0] = path;
	return start_stream(check, &spec, span, out);
}

int
bind_from(struct check *check, const struct binding *binding,
	const struct ast_io *io, struct stream *out)
{
	if (io == NULL)
		return from_argv(check, out);
	if (io->kind == AST_IO_STRING)
		return from_path(check, bind_text(check, io->text), io->span,
		    out);
	if (io->kind == AST_IO_VAR) {
		struct ast_expr var = { .kind = AST_VAR, .span = io->span,
			.text = io->text };
		const char *path = bind_path(check, binding, &var);
		return path == NULL ? -1 :
		    from_path(check, path, io->span, out);
	}
	int status = bind_named_stream(check, &io->text, io->span, out);
	if (status <= 0)
		return status;
	struct source_spec spec;
	status = bind_live(check, binding, io, &spec);
	if (status == 0)
		return start_stream(check, &spec, io->span, out);
	return status < 0 ? -1 : from_call(check, binding, io, out);
}

/* "out/{country}.csv" */
static struct expr *
bind_path_template(struct check *check, const struct stream *stream,
	const struct binding *binding, const char *path, struct ast_span span)
{
	struct scope scope = bind_scope(check, stream, binding);
	struct ast_expr *template = parse_template(path, strlen(path), &span,
	    check->flow->region, check->err);

	scope.path = 1;
	return template == NULL ? NULL : bind_expr(&scope, template);
}

/* "out/{country}.csv" is "out/x.csv": what a value must not change. */
static const char *
path_shape(struct check *check, const char *path)
{
	struct buf shape = { 0 };
	int depth = 0;

	for (; *path != '\0'; path++) {
		if (depth == 0 && *path == '{')
			buf_add_char(&shape, 'x');
		else if (depth == 0)
			buf_add_char(&shape, *path);
		depth += (*path == '{') - (*path == '}');
	}
	const char *kept = bind_text(check, (struct ast_text){ shape.bytes,
	    (uint32_t)shape.size });
	buf_fini(&shape);
	return kept;
}

/* Two stages that write one file: the second would replace the first's. */
static int
refuse_written_twice(struct check *check, const struct op *op,
	const char *path, struct ast_span span)
{
	for (uint32_t i = 0; i < check->flow->op_count; i++) {
		const struct op *other = check->flow->op[i];
		if (other != op && other->args.path != NULL &&
		    strcmp(other->args.path, path) == 0)
			return bind_error(check, span,
			    "another stage writes %s already", path);
	}
	return 0;
}

static int
to_path(struct check *check, struct stream *stream,
	const struct binding *binding, const char *path, struct ast_span span,
	struct op *op)
{
	if (format_check_suffix(path, op->args.append, check->err) != 0) {
		bind_fail_at(check, span);
		return -1;
	}
	if (op->args.format == NULL)
		op->args.format = format_of_path(path);
	if (strchr(path, '{') == NULL) {
		if (refuse_written_twice(check, op, path, span) != 0)
			return -1;
		op->args.path = path;
		return 0;
	}
	op->args.path_shape = path_shape(check, path);
	op->args.expr = bind_path_template(check, stream, binding, path, span);
	return op->args.expr == NULL ? -1 : 0;
}

/* append=true is the stream's option, not the format's. */
static int
take_append(struct check *check, struct op_args *args, struct ast_span span)
{
	for (uint32_t i = 0; i < args->option_count; i++) {
		if (strcmp(args->option[i].name, "append") != 0)
			continue;
		if (args->option[i].value->type != TYPE_BOOL)
			return bind_error(check, span,
			    "append takes true or false");
		args->append = args->option[i].value->cell.boolean;
		args->option[i] = args->option[--args->option_count];
		return 0;
	}
	return 0;
}

static int
to_call(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_io *io, struct op *op)
{
	const char **path;
	uint32_t path_count;

	op->args.format = format_find(io->text.bytes, io->text.size);
	int is_std = text_is(io->text, "stdout") || text_is(io->text, "stderr");
	if (stream_find(io->text.bytes, io->text.size) != NULL)
		return bind_error(check, io->span, "%s() can be read only",
		    bind_text(check, io->text));
	if (op->args.format == NULL && !is_std)
		return from_unknown(check, io);
	if (bind_options(check, binding, &io->args, &op->args.option,
	    &op->args.option_count) != 0)
		return -1;
	struct source_spec spec = { .format = op->args.format };
	if (take_format_option(check, &spec, op->args.option,
	    &op->args.option_count, io->span) != 0)
		return -1;
	op->args.format = spec.format;
	if (take_append(check, &op->args, io->span) != 0)
		return -1;
	if (text_is(io->text, "stderr"))
		op->args.path = "stderr";
	/* A path may have holes: not a constant, so bound by itself. */
	for (uint32_t i = 0; i < io->args.count; i++) {
		const struct ast_arg *arg = &io->args.arg[i];
		if (arg->name.bytes == NULL && arg->expr->kind == AST_STRING)
			return to_path(check, stream, binding,
			    bind_text(check, arg->expr->text), arg->span, op);
	}
	if (bind_paths(check, binding, &io->args, &path, &path_count) != 0)
		return -1;
	return path_count == 0 ? 0 :
	    to_path(check, stream, binding, path[0], io->span, op);
}

/* Lines hold one field: records of more go out as JSON. */
static int
can_write_as_read(const struct stream *stream)
{
	const struct format_def *format = stream->format;

	return format != NULL && format->write_open != NULL &&
	    (format->record_type != TYPE_RAW ||
	    stream->schema->field_count == 1);
}

/* What the output is when nothing says so: the input's format and dialect.  A
 * table is aligned at the end, which live input has not. */
static void
default_format(struct check *check, const struct stream *stream,
	struct op *op)
{
	const struct check_config *config = check->config;
	int is_stdout = op->args.path == NULL && op->args.expr == NULL;

	if (op->args.format == NULL && is_stdout)
		op->args.format = config->output_format != NULL ?
		    config->output_format : config->output_is_terminal &&
		    !stream->is_live ? format_find("table", 5) : NULL;
	if (op->args.format == NULL)
		op->args.format = can_write_as_read(stream) ? stream->format :
		    format_find("jsonl", 5);
	if (op->args.format == stream->format && stream->origin != NULL) {
		struct format_option dialect[SOURCE_DIALECT_MAX];
		uint32_t count = source_dialect(stream->origin, dialect);
		op->args.option = mem_resize(op->args.option,
		    (op->args.option_count + count + 1) *
		    sizeof(*op->args.option));
		for (uint32_t i = 0; i < count; i++)
			if (format_option_value(op->args.option,
			    op->args.option_count, dialect[i].name) == NULL)
				op->args.option[op->args.option_count++] =
				    dialect[i];
	}
}

static int
append_sink(struct check *check, struct stream *stream, struct op *op,
	struct ast_span span)
{
	default_format(check, stream, op);
	const struct format_def *format = op->args.format;
	op->args.copies = stream->origin != NULL && source_is_in_dialect(
	    stream->origin, op->args.option, op->args.option_count);
	if (format->write_open == NULL)
		return bind_error(check, span,
		    "the format %s cannot be written", format->name);
	if (format_check_options(format->name, format->writer_options,
	    op->args.option, op->args.option_count, check->err) != 0) {
		bind_fail_at(check, span);
		return -1;
	}
	return stream_append(check, stream, op);
}

int
bind_to(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_io *io)
{
	struct op *op = flow_add_op(check, "to", NULL);
	int status;

	op->args.span_offset = io->span.offset;
	op->args.span_bytes = io->span.bytes;
	if (io->kind == AST_IO_STRING)
		status = to_path(check, stream, binding,
		    bind_text(check, io->text), io->span, op);
	else if (io->kind == AST_IO_CALL)
		status = to_call(check, stream, binding, io, op);
	else {
		struct ast_expr var = { .kind = AST_VAR, .span = io->span,
			.text = io->text };
		const char *path = bind_path(check, binding, &var);
		status = path == NULL ? -1 :
		    to_path(check, stream, binding, path, io->span, op);
	}
	return status != 0 ? -1 : append_sink(check, stream, op, io->span);
}

int
bind_default_sink(struct check *check, struct stream *stream)
{
	struct ast_span nowhere = { 0, 0 };

	return append_sink(check, stream, flow_add_op(check, "to", NULL),
	    nowhere);
}
