/*
 * Live input: streams after `from`, and what may be done with records that
 * never end.
 *
 * Named arguments of a stream are its own options and those of the format it is
 * read in; a name tells which.  The format is said, or is that of the path's
 * extension, or -i, or the stream's usual one.
 */
#include "check/check_priv.h"

#include <string.h>

#include "util/buf.h"
#include "util/near.h"

#define NAMES_MAX 64

static int
has_option(const struct option_def *defs, const char *name)
{
	for (; defs != NULL && defs->name != NULL; defs++)
		if (strcmp(defs->name, name) == 0)
			return 1;
	return 0;
}

static size_t
add_names(const struct option_def *defs, const char **names, size_t count)
{
	for (; defs != NULL && defs->name != NULL && count < NAMES_MAX; defs++)
		names[count++] = defs->name;
	return count;
}

static int
unknown_option(struct check *check, const struct source_spec *spec,
	const char *name, struct ast_span span)
{
	const char *names[NAMES_MAX];
	struct buf list = { 0 };

	bind_error(check, span, "%s has no option '%s', nor has its format %s",
	    spec->stream->name, name, spec->format->name);
	size_t count = add_names(spec->stream->options, names, 0);
	names[count++] = "format";
	count = add_names(spec->format->reader_options, names, count);
	const char *near = near_name(name, names, count);
	if (near != NULL)
		return err_hint(check->err, "did you mean %s?", near);
	for (size_t i = 0; i < count; i++) {
		buf_add_string(&list, i == 0 ? "" : ", ");
		buf_add_string(&list, names[i]);
	}
	err_hint(check->err, "the options are %s", buf_string(&list));
	buf_fini(&list);
	return -1;
}

/* Each to whom its name belongs. */
static int
share_options(struct check *check, const struct format_option *option,
	uint32_t count, struct ast_span span, struct source_spec *spec)
{
	struct region *region = check->flow->region;
	struct format_option *mine = region_alloc(region,
	    (count + 1) * sizeof(*mine));
	struct format_option *theirs = region_alloc(region,
	    (count + 1) * sizeof(*theirs));

	for (uint32_t i = 0; i < count; i++) {
		if (has_option(spec->stream->options, option[i].name))
			mine[spec->stream_option_count++] = option[i];
		else if (has_option(spec->format->reader_options,
		    option[i].name))
			theirs[spec->option_count++] = option[i];
		else
			return unknown_option(check, spec, option[i].name,
			    span);
	}
	spec->stream_option = mine;
	spec->option = theirs;
	return 0;
}

/* By the extension; a.jsonl* is a.jsonl and what that is rotated to. */
static const struct format_def *
format_of_pattern(struct check *check, const char *path)
{
	size_t size = strlen(path);

	while (size > 0 && (path[size - 1] == '*' || path[size - 1] == '.'))
		size--;
	return format_of_path(bind_text(check, (struct ast_text){ path,
	    (uint32_t)size }));
}

/* The format of all paths by their extensions; NULL if they have none. */
static int
format_of_paths(struct check *check, struct source_spec *spec,
	struct ast_span span)
{
	for (uint32_t i = 0; i < spec->path_count; i++) {
		const struct format_def *format =
		    format_of_pattern(check, spec->path[i]);
		if (i > 0 && format != spec->format) {
			bind_error(check, span,
			    "%s and %s look like different formats",
			    spec->path[0], spec->path[i]);
			return err_hint(check->err,
			    "say which: format=\"jsonl\"");
		}
		spec->format = format;
	}
	return 0;
}

static int
choose_format(struct check *check, struct source_spec *spec,
	struct ast_span span)
{
	const char *usual = spec->stream->format;

	if (spec->format == NULL && usual == NULL &&
	    format_of_paths(check, spec, span) != 0)
		return -1;
	if (spec->format == NULL)
		spec->format = check->config->input_format;
	if (spec->format == NULL)
		spec->format = usual == NULL ? format_find("lines", 5) :
		    format_find(usual, strlen(usual));
	if (spec->format->open != NULL)
		return 0;
	return bind_error(check, span, "the format %s cannot be read",
	    spec->format->name);
}

/* The stream itself judges its paths and options. */
static int
try_stream(struct check *check, const struct source_spec *spec,
	struct ast_span span)
{
	if (stream_check(spec->stream, spec->path, spec->path_count,
	    spec->stream_option, spec->stream_option_count, check->err) == 0)
		return 0;
	bind_fail_at(check, span);
	return -1;
}

int
bind_live(struct check *check, const struct binding *binding,
	const struct ast_io *io, struct source_spec *spec)
{
	const char **path;
	struct format_option *option;
	uint32_t count;

	memset(spec, 0, sizeof(*spec));
	spec->stream = stream_find(io->text.bytes, io->text.size);
	if (spec->stream == NULL)
		return 1;
	if (bind_paths(check, binding, &io->args, &path,
	    &spec->path_count) != 0)
		return -1;
	spec->path = path;
	int status = bind_options(check, binding, &io->args, &option, &count);
	if (status == 0)
		status = take_format_option(check, spec, option, &count,
		    io->span);
	if (status == 0)
		status = choose_format(check, spec, io->span);
	if (status == 0)
		status = share_options(check, option, count, io->span, spec);
	if (status == 0)
		status = try_stream(check, spec, io->span);
	mem_free(option);
	return status;
}

/* --- what never ends --- */

/* Which option would end the input? */
static int
hint_end(struct check *check, const struct stream *stream)
{
	const struct source_spec *spec = stream->origin == NULL ? NULL :
	    source_spec(stream->origin);

	if (spec == NULL || spec->stream == NULL ||
	    spec->stream->ends_with == NULL)
		return -1;
	return err_hint(check->err, "%s(..., %s=...) ends",
	    spec->stream->name, spec->stream->ends_with);
}

static int
needs_end(struct check *check, const struct stream *stream,
	const struct ast_stage *ast, const char *name)
{
	bind_error(check, ast->span,
	    "`%s` gives its rows when the input ends; this one never ends",
	    name);
	return hint_end(check, stream);
}

int
bind_endless(struct check *check, struct stream *stream,
	const struct ast_stage *ast)
{
	if (!stream->is_live)
		return 0;
	switch (ast->kind) {
	case AST_AGGREGATE:
	case AST_COUNT:
		if (ast->group.window.bytes != NULL ||
		    ast->group.emit == AST_EMIT_CHANGES ||
		    ast->group.emit == AST_EMIT_EVERY)
			return 0;
		bind_error(check, ast->span,
		    "the input never ends; add `window ...`");
		return err_hint(check->err, "watermark TIME | %s ... window "
		    "tumble(1m)", ast->kind == AST_COUNT ? "count" :
		    "aggregate");
	case AST_SORT: return needs_end(check, stream, ast, "sort");
	case AST_TAIL: return needs_end(check, stream, ast, "tail");
	case AST_TOP: return needs_end(check, stream, ast, "top");
	case AST_JOIN:
		return bind_error(check, ast->span, "joining an input that "
		    "never ends is part of the language, but this version "
		    "cannot do it yet");
	case AST_HEAD:
		/* Behind the last of its rows all is over. */
		if (ast->group.by.count == 0)
			stream->is_live = 0;
		return 0;
	default:
		return 0;
	}
}
