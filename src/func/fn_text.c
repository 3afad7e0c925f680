/*
 * Text as characters: how many, which ones, put together.  A character is one
 * of UTF-8, see utf8.h.
 */
#include "func/kernel.h"
#include "func/nested.h"
#include "func/utf8.h"
#include "util/buf.h"

FUNC_TYPE(int_of_any, TYPE_INT, "c")
FUNC_TYPE(int_of_text, TYPE_INT, "t")
FUNC_TYPE(bool_of_text, TYPE_BOOL, "t")
FUNC_TYPE(text_of_texts, TYPE_TEXT, "t")
FUNC_TYPE(text_of_int, TYPE_TEXT, "i")

/* Inlined text is padded with zeros, which are no continuation bytes. */
static inline int64_t
text_count(const struct text *text)
{
	if (text->size > TEXT_INLINE_MAX)
		return (int64_t)utf8_count(text->bytes, text->size);
	return text->size -
	    utf8_count_continuations(bits_load64(text->inlined)) -
	    utf8_count_continuations(bits_load32(text->inlined + 8));
}

static int
len_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "c", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		target[i] = arg_is_nested(&in[0]) ? nested_count(&text) :
		    text_count(&text);
	}
	return 0;
}

const struct func_def func_len = {
	.name = "len",
	.group = "text",
	.signature = "len(x)",
	.summary = "characters of a text, elements of a list, fields of a "
	    "record",
	.example = "len(\"caf\303\251\")",
	.result = "4",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_ANY),
	.type = int_of_any,
	.eval = len_eval,
};

static int
bytes_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++)
		target[i] = arg_text(&in[0], i).size;
	return 0;
}

const struct func_def func_bytes = {
	.name = "bytes",
	.group = "text",
	.signature = "bytes(text)",
	.summary = "bytes of a text in UTF-8",
	.example = "bytes(\"caf\303\251\")",
	.result = "5",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_text,
	.eval = bytes_eval,
};

/* Join what is there of in[1..arg_count) with in[0] between. */
static void
concat_row(const struct column *in, unsigned arg_count, uint32_t i,
	struct buf *buf)
{
	struct text separator = arg_text(&in[0], i);
	int any = 0;

	buf->size = 0;
	for (unsigned a = 1; a < arg_count; a++) {
		if (!arg_is_there(&in[a], i))
			continue;
		struct text text = arg_text(&in[a], i);
		if (any)
			buf_add(buf, text_bytes(&separator), separator.size);
		buf_add(buf, text_bytes(&text), text.size);
		any = 1;
	}
}

static int
concat_ws_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[FUNC_ARGS_MAX];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		if (!arg_is_there(&in[0], i)) {
			writer_copy(&writer, i, "", 0);
			kernel_null(call, i, count, out);
			continue;
		}
		concat_row(in, arg_count, i, &buf);
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_concat_ws = {
	.name = "concat_ws",
	.group = "text",
	.signature = "concat_ws(separator, x, ...)",
	.summary = "the texts with a separator between; nulls are left out",
	.example = "concat_ws(\"-\", 2026, null, \"01\")",
	.result = "2026-01",
	.arg_min = 2,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = concat_ws_eval,
};

static int
chr_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in[1];
	char bytes[UTF8_BYTES_MAX];

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	struct text *target = kernel_out(call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t code = arg_int(&in[0], i);
		if (code < 0 || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000)) {
			func_reject(call, i, "chr(%lld): no such character",
			    (long long)code);
			code = UTF8_BAD;
		}
		unsigned size = utf8_encode((uint32_t)code, bytes);
		target[i] = text_make(bytes, size);
	}
	return 0;
}

const struct func_def func_chr = {
	.name = "chr",
	.group = "text",
	.signature = "chr(n)",
	.summary = "the character of a Unicode code point",
	.example = "chr(8364)",
	.result = "\342\202\254",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = text_of_int,
	.eval = chr_eval,
};

static int
ord_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		uint32_t code = 0;
		if (text.size == 0)
			kernel_null(call, i, count, out);
		else
			utf8_decode(text_bytes(&text), text.size, &code);
		target[i] = code;
	}
	return 0;
}

const struct func_def func_ord = {
	.name = "ord",
	.group = "text",
	.signature = "ord(text)",
	.summary = "the Unicode code point of the first character; null if "
	    "there is none",
	.example = "ord(\"A\")",
	.result = "65",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_text,
	.eval = ord_eval,
};

static int
is_ascii_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		target[i] = (uint8_t)utf8_is_ascii(text_bytes(&text),
		    text.size);
	}
	return 0;
}

const struct func_def func_is_ascii = {
	.name = "is_ascii",
	.group = "text",
	.signature = "is_ascii(text)",
	.summary = "true if all bytes are below 128",
	.example = "is_ascii(\"caf\303\251\")",
	.result = "false",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_text,
	.eval = is_ascii_eval,
};
