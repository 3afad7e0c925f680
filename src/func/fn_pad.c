/*
 * Text brought to a width, in characters.
 */
#include "func/kernel.h"
#include "func/utf8.h"

FUNC_TYPE(text_of_pad, TYPE_TEXT, "tit")

/* Write `missing` characters of the fill, begun anew as often as needed. */
static size_t
fill_row(const struct text *fill, uint64_t missing, char *target)
{
	const char *bytes = text_bytes(fill);

	if (fill->size == 1) {
		memset(target, bytes[0], missing);
		return missing;
	}
	uint64_t characters = utf8_count(bytes, fill->size);
	size_t at = 0;
	for (; missing >= characters; missing -= characters) {
		memcpy(target + at, bytes, fill->size);
		at += fill->size;
	}
	size_t rest = utf8_offset(bytes, fill->size, missing);
	memcpy(target + at, bytes, rest);
	return at + rest;
}

/*
 * How many characters are missing to `width`: none if there is nothing to fill
 * with, or too many.
 */
static uint64_t
pad_missing(struct func_call *call, uint32_t i, const struct text *text,
	int64_t width, const struct text *fill)
{
	uint64_t have = utf8_count(text_bytes(text), text->size);

	if (width < 0 || (uint64_t)width <= have ||
	    utf8_count(text_bytes(fill), fill->size) == 0)
		return 0;
	uint64_t missing = (uint64_t)width - have;
	if (missing <= KERNEL_TEXT_MAX / (fill->size + 1))
		return missing;
	func_reject(call, i, "%s() to %lld characters is too wide",
	    call->def->name, (long long)width);
	return 0;
}

static int
pad_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, int on_left, struct column *out)
{
	struct column in[3];
	struct writer writer;

	if (kernel_take(call, "tit", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text fill = arg_count < 3 ? text_make(" ", 1) :
		    arg_text(&in[2], i);
		uint64_t missing = pad_missing(call, i, &text,
		    arg_int(&in[1], i), &fill);
		if (missing == 0) {
			writer.text[i] = text;
			continue;
		}
		/* A character has at most the bytes of the whole fill. */
		char *target = writer_room(&writer,
		    text.size + missing * fill.size);
		size_t before = on_left ? fill_row(&fill, missing, target) : 0;
		memcpy(target + before, text_bytes(&text), text.size);
		size_t size = before + text.size;
		if (!on_left)
			size += fill_row(&fill, missing, target + size);
		writer_put(&writer, i, size);
	}
	return 0;
}

static int
pad_left_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return pad_eval(call, arg, arg_count, count, 1, out);
}

const struct func_def func_pad_left = {
	.name = "pad_left",
	.group = "text",
	.signature = "pad_left(text, width [, fill])",
	.summary = "the text filled on its left to this many characters; "
	    "longer ones stay",
	.example = "pad_left(7, 3, \"0\")",
	.result = "007",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_pad,
	.eval = pad_left_eval,
};

static int
pad_right_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return pad_eval(call, arg, arg_count, count, 0, out);
}

const struct func_def func_pad_right = {
	.name = "pad_right",
	.group = "text",
	.signature = "pad_right(text, width [, fill])",
	.summary = "the text filled on its right to this many characters; "
	    "longer ones stay",
	.example = "pad_right(\"ab\", 5, \".\")",
	.result = "ab...",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_pad,
	.eval = pad_right_eval,
};
