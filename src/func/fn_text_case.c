/*
 * Upper and lower case.  Text that is all ASCII, eight bytes at a time; texts
 * of up to 12 bytes without leaving their view.  Other text goes character by
 * character through the simple mappings of Unicode; invalid bytes stay.
 */
#include "func/kernel.h"
#include "func/utf8.h"

FUNC_TYPE(text_of_text, TYPE_TEXT, "t")

/* A simple mapping never takes more than 3 bytes for 2. */
#define CASE_GROWTH 2

typedef uint32_t case_f(uint32_t code);

static size_t
case_unicode(const char *bytes, size_t size, unsigned char first, case_f *map,
	char *target)
{
	char *at = target;
	uint32_t code;

	for (size_t i = 0; i < size;) {
		if ((unsigned char)bytes[i] < 0x80) {
			*at++ = utf8_case_byte(bytes[i++], first);
			continue;
		}
		unsigned length = utf8_decode(bytes + i, size - i, &code);
		if (code == UTF8_BAD && length == 1)
			*at++ = bytes[i];
		else
			at += utf8_encode(map(code), at);
		i += length;
	}
	return (size_t)(at - target);
}

/* A view of at most 12 ASCII bytes, in place; 0 if it is none. */
static inline int
case_inlined(const struct text *text, unsigned char first, struct text *out)
{
	uint64_t words[2];

	if (text->size > TEXT_INLINE_MAX)
		return 0;
	/* Bytes 4..11 and 8..15 of the view overlap: the same twice. */
	words[0] = bits_load64(text->inlined);
	words[1] = bits_load64(text->inlined + 4);
	if (((words[0] | words[1]) & UTF8_HIGH_BITS) != 0)
		return 0;
	out->size = text->size;
	bits_store64(out->inlined, utf8_flip_ascii(words[0], first));
	bits_store64(out->inlined + 4, utf8_flip_ascii(words[1], first));
	return 1;
}

static int
case_eval(struct func_call *call, const struct column *arg, uint32_t count,
	unsigned char first, case_f *map, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "t", arg, 1, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		if (case_inlined(&text, first, &writer.text[i]))
			continue;
		const char *bytes = text_bytes(&text);
		size_t size = text.size;
		char *target = writer_room(&writer, size * CASE_GROWTH);
		if (utf8_is_ascii(bytes, size))
			utf8_case_ascii(bytes, size, first, target);
		else
			size = case_unicode(bytes, size, first, map, target);
		writer_put(&writer, i, size);
	}
	return 0;
}

static int
lower_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return case_eval(call, arg, count, 'A', utf8_lower, out);
}

const struct func_def func_lower = {
	.name = "lower",
	.group = "text",
	.signature = "lower(text)",
	.summary = "the text in lower case",
	.example = "lower(\"\303\204RA\")",
	.result = "\303\244ra",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = lower_eval,
};

static int
upper_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return case_eval(call, arg, count, 'a', utf8_upper, out);
}

const struct func_def func_upper = {
	.name = "upper",
	.group = "text",
	.signature = "upper(text)",
	.summary = "the text in upper case",
	.example = "upper(\"stream\")",
	.result = "STREAM",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = upper_eval,
};

/* Letters, digits and the apostrophe make words; so does all beyond ASCII. */
static int
is_word_code(uint32_t code)
{
	return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
	    (code >= '0' && code <= '9') || code == '\'' || code >= 0x80;
}

static size_t
title_row(const char *bytes, size_t size, char *target)
{
	char *at = target;
	int inside = 0;
	uint32_t code;

	for (size_t i = 0; i < size;) {
		unsigned length = utf8_decode(bytes + i, size - i, &code);
		if (code < 0x80)
			*at++ = utf8_case_byte(bytes[i], inside ? 'A' : 'a');
		else if (code == UTF8_BAD && length == 1)
			*at++ = bytes[i];
		else
			at += utf8_encode(inside ? utf8_lower(code) :
			    utf8_upper(code), at);
		inside = is_word_code(code);
		i += length;
	}
	return (size_t)(at - target);
}

static int
title_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		char *target = writer_room(&writer,
		    (size_t)text.size * CASE_GROWTH);
		writer_put(&writer, i,
		    title_row(text_bytes(&text), text.size, target));
	}
	return 0;
}

const struct func_def func_title = {
	.name = "title",
	.group = "text",
	.signature = "title(text)",
	.summary = "every word with a capital first letter, the rest in lower "
	    "case",
	.example = "title(\"the HOUSE of sflow\")",
	.result = "The House Of Sflow",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = title_eval,
};
