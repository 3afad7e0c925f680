/*
 * Parts of a text, counted in characters of UTF-8 (see utf8.h): they are views
 * of it and cost no copy.  slice and reverse do the same to lists.
 */
#include "func/kernel.h"
#include "func/nested.h"
#include "func/utf8.h"
#include "util/buf.h"

FUNC_TYPE(text_of_text_ints, TYPE_TEXT, "ti")

/* Byte range of the first `n` characters, or of all but the last -n. */
static size_t
left_size(const char *bytes, size_t size, int64_t n)
{
	if (n >= 0)
		return utf8_offset(bytes, size, (uint64_t)n);
	return utf8_offset_back(bytes, size, 0 - (uint64_t)n);
}

static int
left_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		const char *bytes = text_bytes(&text);
		writer_view(&writer, i, bytes,
		    left_size(bytes, text.size, arg_int(&in[1], i)));
	}
	return 0;
}

const struct func_def func_left = {
	.name = "left",
	.group = "text",
	.signature = "left(text, n)",
	.summary = "the first n characters; n below 0: all but the last -n",
	.example = "left(\"stream\", 3)",
	.result = "str",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_text_ints,
	.eval = left_eval,
};

static int
right_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		const char *bytes = text_bytes(&text);
		int64_t n = arg_int(&in[1], i);
		size_t at = n >= 0 ?
		    utf8_offset_back(bytes, text.size, (uint64_t)n) :
		    utf8_offset(bytes, text.size, 0 - (uint64_t)n);
		writer_view(&writer, i, bytes + at, text.size - at);
	}
	return 0;
}

const struct func_def func_right = {
	.name = "right",
	.group = "text",
	.signature = "right(text, n)",
	.summary = "the last n characters; n below 0: all but the first -n",
	.example = "right(\"stream\", 3)",
	.result = "eam",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_text_ints,
	.eval = right_eval,
};

/*
 * Characters from position `from` (1 is the first, -1 the last, 0 stands
 * before the first), `n` of them.
 */
static struct text
substr_row(const struct text *text, int64_t from, uint64_t n)
{
	const char *bytes = text_bytes(text);
	size_t at = 0;

	if (from > 0)
		at = utf8_offset(bytes, text->size, (uint64_t)from - 1);
	else if (from < 0)
		at = utf8_offset_back(bytes, text->size, 0 - (uint64_t)from);
	else if (n > 0)
		n -= n != UINT64_MAX;
	return text_make(bytes + at,
	    utf8_offset(bytes + at, text->size - at, n));
}

static int
substr_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	struct text *target = kernel_out(call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		uint64_t n = UINT64_MAX;
		if (arg_count == 3) {
			int64_t asked = arg_int(&in[2], i);
			n = asked < 0 ? 0 : (uint64_t)asked;
		}
		target[i] = substr_row(&text, arg_int(&in[1], i), n);
	}
	return 0;
}

const struct func_def func_substr = {
	.name = "substr",
	.group = "text",
	.signature = "substr(text, from [, n])",
	.summary = "n characters from position `from`: 1 is the first, "
	    "-1 the last",
	.example = "substr(\"stream\", 2, 3)",
	.result = "tre",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_text_ints,
	.eval = substr_eval,
};

/* An index below 0 counts from the end; the result lies in 0..length. */
static uint64_t
slice_index(int64_t index, uint64_t length)
{
	if (index < 0)
		return 0 - (uint64_t)index > length ? 0 :
		    length - (0 - (uint64_t)index);
	return (uint64_t)index < length ? (uint64_t)index : length;
}

static void
slice_list(const struct text *list, uint64_t from, uint64_t to,
	struct buf *buf)
{
	struct json_walk walk;
	struct json_member member;

	buf->size = 0;
	buf_add_char(buf, '[');
	nested_walk(&walk, text_bytes(list), list->size);
	for (uint64_t at = 0; at < to && json_walk_next(&walk, &member); at++) {
		if (at < from)
			continue;
		if (buf->size > 1)
			buf_add_char(buf, ',');
		buf_add(buf, member.bytes, member.size);
	}
	buf_add_char(buf, ']');
}

static struct text
slice_text(const struct text *text, uint64_t from, uint64_t to)
{
	const char *bytes = text_bytes(text);
	size_t at = utf8_offset(bytes, text->size, from);

	if (to <= from)
		return text_make(bytes, 0);
	return text_make(bytes + at,
	    utf8_offset(bytes + at, text->size - at, to - from));
}

static int
slice_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "ci", arg, arg_count, count, in) != 0 ||
	    in[0].type == TYPE_RECORD)
		return -1;
	int is_list = in[0].type == TYPE_LIST;
	writer_init(&writer, call, is_list ? TYPE_LIST : TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		uint64_t length = is_list ? (uint64_t)nested_count(&text) :
		    utf8_count(text_bytes(&text), text.size);
		uint64_t from = slice_index(arg_int(&in[1], i), length);
		uint64_t to = arg_count < 3 ? length :
		    slice_index(arg_int(&in[2], i), length);
		if (is_list) {
			slice_list(&text, from, to, &buf);
			writer_copy(&writer, i, buf.bytes, buf.size);
		} else {
			writer.text[i] = slice_text(&text, from, to);
		}
	}
	buf_fini(&buf);
	return 0;
}

static enum type
slice_type(const enum type *arg, unsigned count)
{
	enum type type = arg[0] == TYPE_LIST ? TYPE_LIST :
	    arg[0] == TYPE_TEXT ? TYPE_TEXT : TYPE_ANY;

	if (arg[0] == TYPE_RECORD)
		return TYPE_ERROR;
	return func_type_of(arg, count, type, "ci");
}

const struct func_def func_slice = {
	.name = "slice",
	.group = "text",
	.signature = "slice(x, from [, to])",
	.summary = "elements of a list, or characters, from index `from` up to "
	    "before `to`; 0 is the first, -1 the last",
	.example = "slice([10, 20, 30, 40], 1, -1)",
	.result = "[20,30]",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_ANY, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = slice_type,
	.eval = slice_eval,
};

static int
repeat_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		int64_t n = arg_int(&in[1], i);
		size_t times = n < 0 || text.size == 0 ? 0 : (size_t)n;
		if (times > 0 && times > KERNEL_TEXT_MAX / text.size) {
			func_reject(call, i, "repeat() would make more than "
			    "%zu MiB", KERNEL_TEXT_MAX >> 20);
			times = 0;
		}
		char *at = writer_room(&writer, text.size * times);
		for (size_t k = 0; k < times; k++)
			memcpy(at + k * text.size, text_bytes(&text),
			    text.size);
		writer_put(&writer, i, text.size * times);
	}
	return 0;
}

const struct func_def func_repeat = {
	.name = "repeat",
	.group = "text",
	.signature = "repeat(text, n)",
	.summary = "the text n times",
	.example = "repeat(\"ab\", 3)",
	.result = "ababab",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_text_ints,
	.eval = repeat_eval,
};

/* Write the characters of `bytes` from the last to the first. */
static void
reverse_text(const char *bytes, size_t size, char *target)
{
	size_t end = size;

	while (end > 0) {
		size_t start = utf8_offset_back(bytes, end, 1);
		memcpy(target, bytes + start, end - start);
		target += end - start;
		end = start;
	}
}

/* The same for a list's elements: `target` has its size too. */
static void
reverse_list(const char *bytes, size_t size, char *target)
{
	struct json_walk walk;
	struct json_member member;
	char *at = target + size - 1;

	*at = ']';
	nested_walk(&walk, bytes, size);
	while (json_walk_next(&walk, &member)) {
		at -= member.size;
		memcpy(at, member.bytes, member.size);
		*--at = ',';
	}
	/* The comma before the first element, or the lone bracket's place. */
	target[0] = '[';
}

static int
reverse_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "c", arg, arg_count, count, in) != 0 ||
	    in[0].type == TYPE_RECORD)
		return -1;
	int is_list = in[0].type == TYPE_LIST;
	writer_init(&writer, call, is_list ? TYPE_LIST : TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		char *target = writer_room(&writer, text.size);
		if (is_list && text.size >= 2)
			reverse_list(text_bytes(&text), text.size, target);
		else
			reverse_text(text_bytes(&text), text.size, target);
		writer_put(&writer, i, text.size);
	}
	return 0;
}

static enum type
reverse_type(const enum type *arg, unsigned count)
{
	return slice_type(arg, count);
}

const struct func_def func_reverse = {
	.name = "reverse",
	.group = "text",
	.signature = "reverse(x)",
	.summary = "characters of a text, or elements of a list, in reverse",
	.example = "reverse(\"stream\")",
	.result = "maerts",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = reverse_type,
	.eval = reverse_eval,
};
