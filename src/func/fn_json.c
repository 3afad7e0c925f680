/*
 * JSON text as values and back, and values inside of nested ones.
 *
 * Nested values are compact JSON text inside of the engine (data/type.h), so
 * parsing is checking and taking the blanks out.
 */
#include "func/kernel.h"
#include "func/nested.h"

#include <string.h>

#include "util/buf.h"
#include "util/err.h"

FUNC_TYPE(any_of_any, TYPE_ANY, "*")
FUNC_TYPE(any_of_path, TYPE_ANY, "*t")
FUNC_TYPE(text_of_any, TYPE_TEXT, "*")

static int
is_text_column(const struct column *column)
{
	return column->type == TYPE_TEXT || column->type == TYPE_RAW;
}

static int
is_json_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Add the value of a token, whose inside may have blanks. */
static void
add_token(struct builder *builder, const char *bytes, size_t size,
	struct region *region, struct buf *buf)
{
	struct value value = { .type = TYPE_NULL };

	if (size > 0 && (bytes[0] == '{' || bytes[0] == '[')) {
		buf->size = 0;
		json_add_compact(buf, bytes, size);
		builder_add_text(builder,
		    bytes[0] == '{' ? TYPE_RECORD : TYPE_LIST, buf->bytes,
		    buf->size);
		return;
	}
	if (size > 0)
		value = json_value(bytes, size, region);
	builder_add(builder, &value);
}

/* The token of a JSON text; 0 with the row rejected if it is none. */
static size_t
take_token(struct func_call *call, uint32_t i, const struct text *text,
	const char **bytes)
{
	size_t at = 0, end = text->size;
	size_t stop;

	*bytes = text_bytes(text);
	const char *fault = json_check(*bytes, text->size, &stop);
	if (fault != NULL || stop != text->size) {
		func_reject(call, i, "this is no JSON: %s at byte %zu",
		    fault != NULL ? fault : "the value ends", stop);
		return 0;
	}
	while (at < end && is_json_blank((*bytes)[at]))
		at++;
	while (end > at && is_json_blank((*bytes)[end - 1]))
		end--;
	*bytes += at;
	return end - at;
}

static int
json_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct builder builder = { 0 };
	struct buf buf = { 0 };

	(void)arg_count;
	if (!is_text_column(arg)) {
		*out = *arg;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(arg, i);
		const char *bytes;
		size_t size = take_token(call, i, &text, &bytes);
		add_token(&builder, bytes, size, call->region, &buf);
	}
	kernel_finish(call, &builder, out);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_json = {
	.name = "json",
	.group = "json",
	.signature = "json(text)",
	.summary = "the value that JSON text stands for, a record, list, "
	    "number or other",
	.example = "json(\"{\\\"a\\\": [1, 2]}\")",
	.result = "{\"a\":[1,2]}",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = any_of_any,
	.eval = json_eval,
};

static int
to_json_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct writer writer;
	struct buf buf = { 0 };

	(void)arg_count;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct value value = { .type = TYPE_NULL };
		if (arg_is_there(arg, i))
			value = column_value(arg, i, call->region);
		buf.size = 0;
		value_add_json(&value, &buf);
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_to_json = {
	.name = "to_json",
	.group = "json",
	.signature = "to_json(x)",
	.summary = "the value as JSON text",
	.example = "to_json(\"say \\\"hi\\\"\")",
	.result = "\"say \\\"hi\\\"\"",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = text_of_any,
	.eval = to_json_eval,
};

/* One step of a path: a name, or with a NULL name an index. */
struct path_step {
	const char *name;
	size_t size;
	int64_t index;
};

/* [12], [-1] or ["any name"], behind the bracket. */
static int
path_bracket(const char **at, const char *end, struct path_step *step)
{
	const char *start = *at;
	int minus = start < end && *start == '-';

	if (start < end && *start == '"') {
		const char *close = memchr(start + 1, '"',
		    (size_t)(end - start - 1));
		if (close == NULL || end - close < 2 || close[1] != ']')
			return -1;
		step->name = start + 1;
		step->size = (size_t)(close - start) - 1;
		*at = close + 2;
		return 1;
	}
	start += minus;
	const char *digit = start;
	while (digit < end && *digit >= '0' && *digit <= '9' &&
	    digit - start < 9)
		step->index = step->index * 10 + (*digit++ - '0');
	if (digit == start || digit == end || *digit != ']')
		return -1;
	if (minus)
		step->index = -step->index;
	*at = digit + 1;
	return 1;
}

/* The next step of a path like a.b[0].c: 1, 0 at its end, -1: no path. */
static int
path_next(const char **at, const char *begin, const char *end,
	struct path_step *step)
{
	*step = (struct path_step){ .name = NULL };
	if (*at == end)
		return 0;
	if (**at == '[') {
		++*at;
		return path_bracket(at, end, step);
	}
	if (*at > begin) {
		if (**at != '.')
			return -1;
		++*at;
	}
	step->name = *at;
	while (*at < end && **at != '.' && **at != '[')
		++*at;
	step->size = (size_t)(*at - step->name);
	return step->size > 0 ? 1 : -1;
}

/* Follow the path into a token: 1 found, 0 not there, -1: no path. */
static int
path_follow(const struct text *path, struct json_member *token)
{
	const char *begin = text_bytes(path);
	const char *end = begin + path->size;
	const char *at = begin;
	struct path_step step;
	int found = 1, more;

	while ((more = path_next(&at, begin, end, &step)) > 0) {
		if (!found || token->size == 0)
			continue;
		if (step.name != NULL)
			found = token->bytes[0] == '{' &&
			    json_get(token->bytes, token->size, step.name,
			    step.size, token) == 0;
		else
			found = token->bytes[0] == '[' &&
			    json_at(token->bytes, token->size, step.index,
			    token) == 0;
	}
	return more < 0 ? -1 : found;
}

static int
json_get_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	struct json_member nothing = { 0 };
	char quote[KERNEL_QUOTE_MAX];

	(void)count;
	(void)plan;
	if (arg[1] == NULL || !type_is_textual(arg[1]->type) ||
	    path_follow(&arg[1]->cell.text, &nothing) >= 0)
		return 0;
	*bad_arg = 1;
	return err_set(err, ERR_PROGRAM, "%s is no path; one is \"a.b[0]\"",
	    kernel_quote(arg[1]->cell.text, quote));
}

static int
json_get_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct builder builder = { 0 };
	struct buf buf = { 0 };
	char quote[KERNEL_QUOTE_MAX];

	if ((!arg_is_nested(arg) && !is_text_column(arg)) ||
	    kernel_take(call, "*t", arg, arg_count, count, in) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text path = arg_text(&in[1], i);
		struct json_member token = { 0 };
		token.bytes = text_bytes(&text);
		token.size = arg_is_nested(arg) ? text.size :
		    take_token(call, i, &text, &token.bytes);
		int found = path_follow(&path, &token);
		if (found < 0)
			func_reject(call, i, "%s is no path",
			    kernel_quote(path, quote));
		add_token(&builder, token.bytes, found > 0 ? token.size : 0,
		    call->region, &buf);
	}
	kernel_finish(call, &builder, out);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_json_get = {
	.name = "json_get",
	.group = "json",
	.signature = "json_get(x, path)",
	.summary = "the value at a path, such as a.b[0] or [\"odd name\"], of "
	    "a record, list or JSON text; null if it is not there",
	.example = "json_get(\"{\\\"a\\\": {\\\"b\\\": [5, 6]}}\", "
	    "\"a.b[1]\")",
	.result = "6",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_ANY, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = any_of_path,
	.prepare = json_get_prepare,
	.eval = json_get_eval,
};
