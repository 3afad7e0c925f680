/*
 * Take blanks, or any characters of a set, from the ends of a text; the result
 * is a view.  Blanks are those of ASCII: space, tab, line ends, form feed.
 */
#include "func/kernel.h"
#include "func/utf8.h"

FUNC_TYPE(text_of_texts, TYPE_TEXT, "t")

enum side { LEFT = 1, RIGHT = 2 };

static inline int
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text
trim_blanks(const char *bytes, size_t size, unsigned sides)
{
	size_t start = 0;

	while ((sides & LEFT) && start < size && is_blank(bytes[start]))
		start++;
	while ((sides & RIGHT) && size > start && is_blank(bytes[size - 1]))
		size--;
	return text_make(bytes + start, size - start);
}

/* Is the character of `size` bytes one of the set's? */
static int
set_has(const struct text *set, const char *bytes, size_t size)
{
	const char *all = text_bytes(set);

	for (size_t at = 0; at < set->size;) {
		size_t length = utf8_offset(all + at, set->size - at, 1);
		if (length == size && memcmp(all + at, bytes, size) == 0)
			return 1;
		at += length;
	}
	return 0;
}

static struct text
trim_set(const char *bytes, size_t size, const struct text *set,
	unsigned sides)
{
	size_t start = 0;

	while ((sides & LEFT) && start < size) {
		size_t length = utf8_offset(bytes + start, size - start, 1);
		if (!set_has(set, bytes + start, length))
			break;
		start += length;
	}
	while ((sides & RIGHT) && size > start) {
		size_t last = start +
		    utf8_offset_back(bytes + start, size - start, 1);
		if (!set_has(set, bytes + last, size - last))
			break;
		size = last;
	}
	return text_make(bytes + start, size - start);
}

static int
trim_sides(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, unsigned sides, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	struct text *target = kernel_out(call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		if (arg_count == 1) {
			target[i] = trim_blanks(text_bytes(&text), text.size,
			    sides);
		} else {
			struct text set = arg_text(&in[1], i);
			target[i] = trim_set(text_bytes(&text), text.size,
			    &set, sides);
		}
	}
	return 0;
}

static int
trim_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return trim_sides(call, arg, arg_count, count, LEFT | RIGHT, out);
}

const struct func_def func_trim = {
	.name = "trim",
	.group = "text",
	.signature = "trim(text [, characters])",
	.summary = "the text without blanks, or any of these characters, at "
	    "both ends",
	.example = "trim(\"--a-b-\", \"-\")",
	.result = "a-b",
	.arg_min = 1,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = trim_eval,
};

static int
ltrim_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return trim_sides(call, arg, arg_count, count, LEFT, out);
}

const struct func_def func_ltrim = {
	.name = "ltrim",
	.group = "text",
	.signature = "ltrim(text [, characters])",
	.summary = "the text without blanks, or any of these characters, at "
	    "its start",
	.example = "ltrim(\"007\", \"0\")",
	.result = "7",
	.arg_min = 1,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = ltrim_eval,
};

static int
rtrim_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return trim_sides(call, arg, arg_count, count, RIGHT, out);
}

const struct func_def func_rtrim = {
	.name = "rtrim",
	.group = "text",
	.signature = "rtrim(text [, characters])",
	.summary = "the text without blanks, or any of these characters, at "
	    "its end",
	.example = "rtrim(\"done...\", \".\")",
	.result = "done",
	.arg_min = 1,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = rtrim_eval,
};

/* Runs of blanks become one space, those at the ends nothing. */
static size_t
squeeze_row(const char *bytes, size_t size, char *target)
{
	char *at = target;
	int gap = 0;

	for (size_t i = 0; i < size; i++) {
		if (is_blank(bytes[i])) {
			gap = at > target;
			continue;
		}
		if (gap)
			*at++ = ' ';
		gap = 0;
		*at++ = bytes[i];
	}
	return (size_t)(at - target);
}

static int
squeeze_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		char *target = writer_room(&writer, text.size);
		writer_put(&writer, i,
		    squeeze_row(text_bytes(&text), text.size, target));
	}
	return 0;
}

const struct func_def func_squeeze = {
	.name = "squeeze",
	.group = "text",
	.signature = "squeeze(text)",
	.summary = "the text with every run of blanks made one space, none at "
	    "the ends",
	.example = "squeeze(\"  a   b \")",
	.result = "a b",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = squeeze_eval,
};
