/*
 * Text as hexadecimal digits, base64 and percent-encoding, and back.  What is
 * decoded may be any bytes.
 */
#include "func/kernel.h"

#include "func/percent.h"

FUNC_TYPE(text_of_text, TYPE_TEXT, "t")

static const char hex_digits[] = "0123456789abcdef";

static int
to_hex_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		const char *bytes = text_bytes(&text);
		char *at = writer_room(&writer, (size_t)text.size * 2);
		for (size_t k = 0; k < text.size; k++) {
			*at++ = hex_digits[(unsigned char)bytes[k] >> 4];
			*at++ = hex_digits[(unsigned char)bytes[k] & 15];
		}
		writer_put(&writer, i, (size_t)text.size * 2);
	}
	return 0;
}

const struct func_def func_to_hex = {
	.name = "to_hex",
	.group = "encoding",
	.signature = "to_hex(text)",
	.summary = "the bytes as hexadecimal digits",
	.example = "to_hex(\"Az\")",
	.result = "417a",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = to_hex_eval,
};

/*
 * A decoder writes at most `size` bytes and returns how many, or -1 if the
 * text is none of its kind.
 */
typedef ptrdiff_t decode_f(const char *bytes, size_t size, char *target);

static int
decode_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, decode_f *decode, const char *kind,
	struct column *out)
{
	struct column in[1];
	struct writer writer;
	char quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		ptrdiff_t size = decode(text_bytes(&text), text.size,
		    writer_room(&writer, text.size));
		if (size < 0) {
			func_reject(call, i, "%s is no %s",
			    kernel_quote(text, quote), kind);
			size = 0;
		}
		writer_put(&writer, i, (size_t)size);
	}
	return 0;
}

static ptrdiff_t
decode_hex(const char *bytes, size_t size, char *target)
{
	if (size % 2 != 0)
		return -1;
	for (size_t i = 0; i < size; i += 2) {
		int high = percent_digit(bytes[i]);
		int low = percent_digit(bytes[i + 1]);
		if (high < 0 || low < 0)
			return -1;
		target[i / 2] = (char)(high << 4 | low);
	}
	return (ptrdiff_t)(size / 2);
}

static int
from_hex_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return decode_eval(call, arg, arg_count, count, decode_hex,
	    "hexadecimal text", out);
}

const struct func_def func_from_hex = {
	.name = "from_hex",
	.group = "encoding",
	.signature = "from_hex(text)",
	.summary = "the bytes that hexadecimal digits stand for",
	.example = "from_hex(\"417a\")",
	.result = "Az",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = from_hex_eval,
};

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* `target` has room for 4 bytes for every 3, rounded up. */
static size_t
encode_base64(const unsigned char *bytes, size_t size, char *target)
{
	char *at = target;
	size_t i = 0;

	for (; i + 3 <= size; i += 3) {
		uint32_t word = (uint32_t)bytes[i] << 16 |
		    (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		*at++ = base64_letters[word >> 18];
		*at++ = base64_letters[word >> 12 & 63];
		*at++ = base64_letters[word >> 6 & 63];
		*at++ = base64_letters[word & 63];
	}
	if (i < size) {
		int two = i + 1 < size;
		uint32_t word = (uint32_t)bytes[i] << 16 |
		    (two ? (uint32_t)bytes[i + 1] << 8 : 0);
		*at++ = base64_letters[word >> 18];
		*at++ = base64_letters[word >> 12 & 63];
		*at++ = two ? base64_letters[word >> 6 & 63] : '=';
		*at++ = '=';
	}
	return (size_t)(at - target);
}

static int
base64_eval(struct func_call *call, const struct column *arg,
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
		    ((size_t)text.size + 2) / 3 * 4);
		writer_put(&writer, i,
		    encode_base64((const unsigned char *)text_bytes(&text),
		    text.size, target));
	}
	return 0;
}

const struct func_def func_base64 = {
	.name = "base64",
	.group = "encoding",
	.signature = "base64(text)",
	.summary = "the bytes in base64",
	.example = "base64(\"sflow\")",
	.result = "c2Zsb3c=",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = base64_eval,
};

/* Both alphabets, the common one and that for URLs; -1 for other bytes. */
static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Padding may be left out; line ends, as in mail, are passed over. */
static ptrdiff_t
decode_base64(const char *bytes, size_t size, char *target)
{
	char *at = target;
	uint32_t word = 0;
	size_t digits = 0;

	while (size > 0 && (bytes[size - 1] == '=' ||
	    bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
		size--;
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			continue;
		int digit = base64_digit(bytes[i]);
		if (digit < 0)
			return -1;
		word = word << 6 | (uint32_t)digit;
		switch (digits++ % 4) {
		case 1:
			*at++ = (char)(word >> 4);
			break;
		case 2:
			*at++ = (char)(word >> 2);
			break;
		case 3:
			*at++ = (char)word;
			break;
		}
	}
	return digits % 4 == 1 ? -1 : at - target;
}

static int
base64_decode_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return decode_eval(call, arg, arg_count, count, decode_base64,
	    "base64", out);
}

const struct func_def func_base64_decode = {
	.name = "base64_decode",
	.group = "encoding",
	.signature = "base64_decode(text)",
	.summary = "the bytes that base64, of either alphabet, stands for",
	.example = "base64_decode(\"c2Zsb3c=\")",
	.result = "sflow",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = base64_decode_eval,
};

/* What RFC 3986 calls unreserved. */
static int
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

static size_t
encode_percent(const char *bytes, size_t size, char *target)
{
	char *at = target;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (is_unreserved(bytes[i])) {
			*at++ = bytes[i];
			continue;
		}
		*at++ = '%';
		*at++ = "0123456789ABCDEF"[byte >> 4];
		*at++ = "0123456789ABCDEF"[byte & 15];
	}
	return (size_t)(at - target);
}

static int
url_encode_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		char *target = writer_room(&writer, (size_t)text.size * 3);
		writer_put(&writer, i,
		    encode_percent(text_bytes(&text), text.size, target));
	}
	return 0;
}

const struct func_def func_url_encode = {
	.name = "url_encode",
	.group = "encoding",
	.signature = "url_encode(text)",
	.summary = "the text with all but letters, digits and -._~ as %XX",
	.example = "url_encode(\"a b&c\")",
	.result = "a%20b%26c",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = url_encode_eval,
};

static int
url_decode_eval(struct func_call *call, const struct column *arg,
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
		    percent_decode(text_bytes(&text), text.size, target));
	}
	return 0;
}

const struct func_def func_url_decode = {
	.name = "url_decode",
	.group = "encoding",
	.signature = "url_decode(text)",
	.summary = "the text with %XX decoded and + read as a blank",
	.example = "url_decode(\"a%20b%26c+d\")",
	.result = "a b&c d",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_text,
	.eval = url_decode_eval,
};
