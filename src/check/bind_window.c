/*
 * Event time: watermark, and the windows of aggregate and count.
 *
 * A window needs to know when a record was.  `watermark` says it, and from
 * there on the time goes with the records through every operator that keeps
 * them as they are (OP_KEEPS_TIME); struct stream knows whether it is still
 * there, or who took it.
 */
#include "check/check_priv.h"

#include <string.h>

#include "data/moment.h"

/* A million days: sums of a few with any time do not overflow. */
#define DURATION_MAX (1000000ll * 86400 * 1000000)

int
bind_duration(struct check *check, const struct binding *binding,
	const struct ast_expr *ast, const char *what, int64_t *us)
{
	*us = 0;
	if (ast == NULL)
		return 0;
	const struct value *value = bind_constant(check, binding, ast);
	if (value == NULL)
		return -1;
	if (value->type == TYPE_RAW && moment_parse_duration(text_bytes(
	    &value->cell.text), value->cell.text.size, us) == 0) {
		/* --arg */
	} else if (value->type == TYPE_DURATION) {
		*us = value->cell.integer;
	} else {
		bind_error(check, ast->span, "%s is a duration, this is a %s",
		    what, type_name(value->type));
		return err_hint(check->err, "as in 1m or 1h30m");
	}
	if (*us < 0)
		return bind_error(check, ast->span, "%s cannot be negative",
		    what);
	if (*us > DURATION_MAX)
		return bind_error(check, ast->span,
		    "%s is more than a million days", what);
	return 0;
}

/* --- watermark --- */

static int
is_clock(const struct ast_expr *ast)
{
	return ast->kind == AST_CALL && text_is(ast->text, "now") &&
	    ast->args.count == 0;
}

static int
bind_time(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_expr *ast,
	struct op *op)
{
	struct scope scope = bind_scope(check, stream, binding);

	op->args.expr = bind_expr(&scope, ast);
	if (op->args.expr == NULL)
		return -1;
	enum type type = expr_type(op->args.expr);
	if (type == TYPE_TIME || type == TYPE_DATE || type == TYPE_TEXT ||
	    type == TYPE_ANY || type_is_raw(type))
		return 0;
	bind_error(check, ast->span, "the time of a record is a timestamp, "
	    "this is a %s", type_name(type));
	return type_is_number(type) ? err_hint(check->err,
	    "seconds since 1970: watermark from_epoch(...)") : -1;
}

int
bind_watermark(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_stage *ast)
{
	struct op *op = flow_add_op(check, "watermark", ast);

	if (is_clock(ast->expr) && ast->idle != NULL)
		return bind_error(check, ast->idle->span,
		    "now() waits for no input: `idle` says nothing here");
	if (!is_clock(ast->expr) &&
	    bind_time(check, stream, binding, ast->expr, op) != 0)
		return -1;
	if (bind_duration(check, binding, ast->delay, "the delay",
	    &op->args.delay_us) != 0 ||
	    bind_duration(check, binding, ast->idle, "the idle time",
	    &op->args.idle_us) != 0)
		return -1;
	return stream_append(check, stream, op);
}

/* --- windows --- */

static int
ends_with(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);

	return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* Does a field of this name hold a time, as a rule? */
static int
name_is_timely(const char *name)
{
	static const char *const names[] = { "ts", "t", "time", "timestamp",
		"date", "datetime", "at", "when", "created", "updated" };
	static const char *const ends[] = { "_ts", "_at", "_time", "_date",
		"time", "timestamp", "Time", "Timestamp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return 1;
	return 0;
}

/* The field that is probably the time, or NULL. */
static const char *
find_time_field(const struct schema *schema)
{
	for (uint32_t i = 0; i < schema->field_count; i++)
		if (schema->field[i].type == TYPE_TIME)
			return schema->field[i].name;
	for (uint32_t i = 0; i < schema->field_count; i++)
		if (name_is_timely(schema->field[i].name))
			return schema->field[i].name;
	return NULL;
}

static int
refuse_untimed(struct check *check, const struct stream *stream,
	struct ast_span span)
{
	const char *field = find_time_field(stream->schema);

	if (stream->time_taker != NULL) {
		bind_error(check, span, "a window needs the time of records, "
		    "which `%s` does not keep", stream->time_taker);
		return err_hint(check->err, "put `watermark %s` behind `%s`",
		    field != NULL ? field : "FIELD", stream->time_taker);
	}
	bind_error(check, span, "a window needs the time of records");
	return err_hint(check->err, "put `watermark %s delay 5s` in front%s",
	    field != NULL ? field : "FIELD", field != NULL ? "" :
	    ", with the field that holds it");
}

/* The arguments of a kind of window, in order. */
struct window_args {
	const char *kind;
	const char *name[3];
	const char *form;
};

static const struct window_args window_kinds[] = {
	{ "tumble", { "size", "offset", NULL }, "tumble(size=1m, offset=0s)" },
	{ "hop", { "size", "every", "offset" },
	    "hop(size=5m, every=30s, offset=0s)" },
};

static const struct ast_expr *
find_arg(const struct window_args *kind, const struct ast_args *args,
	const char *name)
{
	for (uint32_t i = 0; i < args->count; i++) {
		const struct ast_arg *arg = &args->arg[i];
		if (arg->name.bytes != NULL ? text_is(arg->name, name) :
		    i < 3 && kind->name[i] != NULL &&
		    strcmp(kind->name[i], name) == 0)
			return arg->expr;
	}
	return NULL;
}

/* All arguments have a place, and none has two. */
static int
check_window_args(struct check *check, const struct window_args *kind,
	const struct ast_args *args)
{
	for (uint32_t i = 0; i < args->count; i++) {
		const struct ast_arg *arg = &args->arg[i];
		int known = 0;
		for (unsigned n = 0; n < 3 && kind->name[n] != NULL; n++)
			known |= find_arg(kind, args, kind->name[n]) ==
			    arg->expr;
		if (known)
			continue;
		bind_error(check, arg->span, "%s() has no such argument, or "
		    "has it twice", kind->kind);
		return err_hint(check->err, "it is %s", kind->form);
	}
	return 0;
}

/* A length: there, and not 0. */
static int
bind_length(struct check *check, const struct binding *binding,
	const struct ast_group *group, const struct window_args *kind,
	const char *name, int64_t *us)
{
	const struct ast_expr *ast = find_arg(kind, &group->window_args, name);
	char what[32] = "the window's ";

	strncat(what, name, sizeof(what) - strlen(what) - 1);
	if (ast == NULL) {
		bind_error(check, group->window_span, "%s() needs its %s",
		    kind->kind, name);
		return err_hint(check->err, "as in %s", kind->form);
	}
	if (bind_duration(check, binding, ast, what, us) != 0)
		return -1;
	return *us > 0 ? 0 : bind_error(check, ast->span,
	    "%s must be more than nothing", what);
}

static int
bind_window_args(struct check *check, const struct binding *binding,
	const struct ast_group *group, const struct window_args *kind,
	struct op_window *window)
{
	const struct ast_expr *offset = find_arg(kind, &group->window_args,
	    "offset");

	if (check_window_args(check, kind, &group->window_args) != 0 ||
	    bind_length(check, binding, group, kind, "size",
	    &window->size_us) != 0)
		return -1;
	window->every_us = window->size_us;
	if (kind->name[2] != NULL && bind_length(check, binding, group, kind,
	    "every", &window->every_us) != 0)
		return -1;
	if (bind_duration(check, binding, offset, "the window's offset",
	    &window->offset_us) != 0)
		return -1;
	window->offset_us %= window->every_us;
	return 0;
}

static const struct window_args *
find_kind(struct check *check, const struct ast_group *group)
{
	static const char *const later[] = { "session", "cumulate", "rows" };

	for (size_t i = 0; i < sizeof(window_kinds) / sizeof(window_kinds[0]);
	    i++)
		if (text_is(group->window, window_kinds[i].kind))
			return &window_kinds[i];
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (text_is(group->window, later[i])) {
			bind_error(check, group->window_span, "`window %s` is "
			    "part of the language, but this version cannot "
			    "run it yet", later[i]);
			return NULL;
		}
	bind_error(check, group->window_span, "there is no window '%.*s'",
	    (int)group->window.size, group->window.bytes);
	err_hint(check->err, "there are tumble(1m) and hop(5m, 30s)");
	return NULL;
}

int
bind_window(struct check *check, struct stream *stream,
	const struct binding *binding, const struct ast_group *group,
	const struct sets *sets, struct op *op)
{
	const struct window_args *kind = find_kind(check, group);

	if (kind == NULL || bind_window_args(check, binding, group, kind,
	    &op->args.window) != 0 || bind_duration(check, binding,
	    group->late_update, "`late update`",
	    &op->args.window.update_us) != 0)
		return -1;
	if (!stream->has_time)
		return refuse_untimed(check, stream, group->window_span);
	if (group->late.kind == AST_ROUTE_NONE) {
		op->args.route = OP_ROUTE_DROP;
		return 0;
	}
	return bind_route(check, binding, &group->late, stream, sets, op);
}
