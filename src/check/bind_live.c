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

#include "data/json.h"
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

/* --- files on other hosts --- */

/* A list of texts, or one. */
static int
bind_hosts(struct check *check, const struct binding *binding,
	const struct ast_expr *ast, struct source_spec *spec)
{
	const struct value *value = bind_constant(check, binding, ast);
	struct region *region = check->flow->region;
	struct json_walk walk;
	struct json_member member;
	const char **host = NULL;

	if (value == NULL)
		return -1;
	struct text text = value->cell.text;
	if (value->type == TYPE_TEXT || value->type == TYPE_RAW) {
		host = region_alloc(region, sizeof(*host));
		host[spec->host_count++] = bind_text(check, (struct ast_text){
		    text_bytes(&text), text.size });
	} else if (value->type == TYPE_LIST) {
		host = region_alloc(region, (text.size + 1) * sizeof(*host));
		json_walk_init(&walk, text_bytes(&text), text.size);
		while (json_walk_next(&walk, &member)) {
			struct value one = json_value(member.bytes,
			    member.size, region);
			if (one.type != TYPE_TEXT)
				break;
			host[spec->host_count++] = bind_text(check,
			    (struct ast_text){ text_bytes(&one.cell.text),
			    one.cell.text.size });
		}
	}
	spec->host = host;
	if (spec->host_count > 0)
		return 0;
	bind_error(check, ast->span, "the names of hosts are expected here");
	return err_hint(check->err, "ssh([\"web1\", \"web2\"], \"%s\")",
	    "/var/log/nginx/access.log");
}

/*
 * follow=true is tail; else the files are read to where they end now, which is
 * tail too, one that gives up at once.
 */
static int
take_follow(struct check *check, struct format_option *option, uint32_t *count,
	struct ast_span span)
{
	static const struct value at_once = { .type = TYPE_DURATION,
	    .cell.integer = 1000 };

	for (uint32_t i = 0; i < *count; i++) {
		if (strcmp(option[i].name, "follow") != 0)
			continue;
		if (option[i].value->type != TYPE_BOOL)
			return bind_error(check, span,
			    "follow takes true or false");
		int follow = option[i].value->cell.boolean;
		option[i] = option[--*count];
		if (follow)
			return 0;
		break;
	}
	option[(*count)++] = (struct format_option){
		.name = "stop_after", .value = &at_once,
	};
	return 0;
}

/* ssh(HOSTS, PATH, ..., follow=, format=): tail() on other hosts. */
static int
bind_ssh(struct check *check, const struct binding *binding,
	const struct ast_io *io, struct source_spec *spec)
{
	struct ast_args paths = { .arg = io->args.arg, .count = 0 };
	const char **path;
	struct format_option *option;
	uint32_t count;

	spec->stream = stream_find("tail", 4);
	if (io->args.count < 2 || io->args.arg[0].name.bytes != NULL ||
	    io->args.arg[1].name.bytes != NULL)
		return bind_error(check, io->span, "ssh() takes hosts and a "
		    "path: ssh([\"web1\"], \"/var/log/x.log\")");
	if (bind_hosts(check, binding, io->args.arg[0].expr, spec) != 0)
		return -1;
	paths.arg++;
	paths.count = io->args.count - 1;
	if (bind_paths(check, binding, &paths, &path, &spec->path_count) != 0)
		return -1;
	spec->path = path;
	int status = bind_options(check, binding, &io->args, &option, &count);
	if (status == 0)
		status = take_follow(check, option, &count, io->span);
	if (status == 0)
		status = take_format_option(check, spec, option, &count,
		    io->span);
	if (status == 0)
		status = choose_format(check, spec, io->span);
	if (status == 0)
		status = share_options(check, option, count, io->span, spec);
	mem_free(option);
	return status;
}

int
bind_live(struct check *check, const struct binding *binding,
	const struct ast_io *io, struct source_spec *spec)
{
	const char **path;
	struct format_option *option;
	uint32_t count;

	memset(spec, 0, sizeof(*spec));
	if (text_is(io->text, "ssh"))
		return bind_ssh(check, binding, io, spec);
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
