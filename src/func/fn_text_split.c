/*
 * Text and its parts between separators: to a list, one of them, and back.
 */
#include "func/kernel.h"
#include "func/nested.h"
#include "func/utf8.h"
#include "util/buf.h"

FUNC_TYPE(list_of_texts, TYPE_LIST, "t")
FUNC_TYPE(text_of_part, TYPE_TEXT, "tti")
FUNC_TYPE(text_of_list, TYPE_TEXT, "lt")

/*
 * The next part of [at, end) and where the one behind it begins; *next is NULL
 * after the last.  Without a separator every character is a part.
 */
static size_t
next_part(const char *at, const char *end, const struct text *separator,
	const char **next)
{
	size_t left = (size_t)(end - at);
	const char *found;

	if (separator->size == 0) {
		size_t size = utf8_offset(at, left, 1);
		*next = size < left ? at + size : NULL;
		return size;
	}
	if (separator->size == 1)
		found = left == 0 ? NULL :
		    memchr(at, text_bytes(separator)[0], left);
	else
		found = memmem(at, left, text_bytes(separator),
		    separator->size);
	*next = found == NULL ? NULL : found + separator->size;
	return found == NULL ? left : (size_t)(found - at);
}

static void
split_row(const struct text *text, const struct text *separator,
	struct buf *buf)
{
	const char *at = text_bytes(text);
	const char *end = at + text->size;

	buf->size = 0;
	buf_add_char(buf, '[');
	while (at != NULL) {
		const char *next;
		size_t size = next_part(at, end, separator, &next);
		if (buf->size > 1)
			buf_add_char(buf, ',');
		json_add_string(buf, at, size);
		at = next;
	}
	buf_add_char(buf, ']');
}

static int
split_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text separator = arg_text(&in[1], i);
		split_row(&text, &separator, &buf);
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_split = {
	.name = "split",
	.group = "text",
	.signature = "split(text, separator)",
	.summary = "the list of the parts between separators; \"\" separates "
	    "characters",
	.example = "split(\"a,b,c\", \",\")",
	.result = "[\"a\",\"b\",\"c\"]",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = list_of_texts,
	.eval = split_eval,
};

static uint64_t
part_count(const struct text *text, const struct text *separator)
{
	const char *at = text_bytes(text);
	const char *end = at + text->size;
	uint64_t count = 0;

	for (; at != NULL; count++)
		next_part(at, end, separator, &at);
	return count;
}

/* Part n of the text, from 1 or from the end with -1; -1 if there is none. */
static int
find_part(const struct text *text, const struct text *separator, int64_t n,
	const char **bytes, size_t *size)
{
	const char *at = text_bytes(text);
	const char *end = at + text->size;
	const char *next;

	if (n < 0)
		n += (int64_t)part_count(text, separator) + 1;
	if (n <= 0)
		return -1;
	*size = next_part(at, end, separator, &next);
	while (--n > 0) {
		at = next;
		if (at == NULL)
			return -1;
		*size = next_part(at, end, separator, &next);
	}
	*bytes = at;
	return 0;
}

static int
split_part_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct writer writer;

	if (kernel_take(call, "tti", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text separator = arg_text(&in[1], i);
		const char *bytes = "";
		size_t size = 0;
		if (find_part(&text, &separator, arg_int(&in[2], i), &bytes,
		    &size) != 0) {
			kernel_null(call, i, count, out);
			size = 0;
		}
		writer_view(&writer, i, bytes, size);
	}
	return 0;
}

const struct func_def func_split_part = {
	.name = "split_part",
	.group = "text",
	.signature = "split_part(text, separator, n)",
	.summary = "part n between separators: 1 is the first, -1 the last; "
	    "null if there is none",
	.example = "split_part(\"a:b:c\", \":\", 2)",
	.result = "b",
	.arg_min = 3,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_part,
	.eval = split_part_eval,
};

static void
join_row(const struct text *list, const struct text *separator,
	struct region *region, struct buf *buf)
{
	struct json_walk walk;
	struct json_member member;
	int any = 0;

	buf->size = 0;
	nested_walk(&walk, text_bytes(list), list->size);
	while (json_walk_next(&walk, &member)) {
		struct value value =
		    json_value(member.bytes, member.size, region);
		if (value.type == TYPE_NULL)
			continue;
		if (any)
			buf_add(buf, text_bytes(separator), separator->size);
		value_add_text(&value, buf);
		any = 1;
	}
}

static int
join_text_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "lt", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		struct text separator = arg_text(&in[1], i);
		join_row(&list, &separator, call->region, &buf);
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_join_text = {
	.name = "join_text",
	.group = "text",
	.signature = "join_text(list, separator)",
	.summary = "the elements' texts with a separator between; nulls are "
	    "left out",
	.example = "join_text([1, null, \"b\"], \"-\")",
	.result = "1-b",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_ANY, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_list,
	.eval = join_text_eval,
};
