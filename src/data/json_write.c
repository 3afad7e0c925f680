/*
 * Writing JSON text.  What may stand as it is, is found in runs of 16 bytes
 * and copied; only quotes, backslashes, control bytes and what is not ASCII
 * are looked at one by one.  The output is always UTF-8: each wrong byte
 * becomes U+FFFD.
 */
#include "data/json.h"

#include <math.h>
#include <string.h>

#include "data/json_priv.h"
#include "data/moment.h"
#include "data/number.h"
#include "data/raw_priv.h"
#include "util/buf.h"

/* A control byte, a quote or a backslash; 6 bytes at most. */
static void
add_escape(struct buf *buf, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char out[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
	size_t size = 2;

	switch (c) {
	case '"':
	case '\\': out[1] = (char)c; break;
	case '\b': out[1] = 'b'; break;
	case '\f': out[1] = 'f'; break;
	case '\n': out[1] = 'n'; break;
	case '\r': out[1] = 'r'; break;
	case '\t': out[1] = 't'; break;
	default: size = 6; break;
	}
	buf_add(buf, out, size);
}

void
json_add_string(struct buf *buf, const char *bytes, size_t size)
{
	const char *at = bytes;
	const char *end = bytes + size;
	int cut;

	buf_reserve(buf, size + 2);
	buf_add_char(buf, '"');
	while (at < end) {
		const char *run = json_plain_run(at, end);
		buf_add(buf, at, (size_t)(run - at));
		at = run;
		if (at == end)
			break;
		unsigned char c = (unsigned char)*at;
		if (c < 0x80) {
			add_escape(buf, c);
			at++;
			continue;
		}
		unsigned length = json_utf8_size(at, end, &cut);
		if (length == 0) {
			buf_add(buf, "\xef\xbf\xbd", 3);
			at++;
		} else {
			buf_add(buf, at, length);
			at += length;
		}
	}
	buf_add_char(buf, '"');
}

void
json_add_compact(struct buf *buf, const char *bytes, size_t size)
{
	const char *end = bytes + size;
	const char *start = bytes;

	for (const char *at = bytes; at < end;) {
		if (*at == '"') {
			at = json_skip(at, end);
		} else if (json_is_blank(*at)) {
			buf_add(buf, start, (size_t)(at - start));
			at = json_skip_blanks(at, end);
			start = at;
		} else {
			at++;
		}
	}
	buf_add(buf, start, (size_t)(end - start));
}

/* The text of an `@` literal as a string. */
static void
add_literal(struct buf *buf, const char *bytes, size_t size)
{
	struct value value = json_value(bytes, size, NULL);
	char text[MOMENT_TEXT_MAX];

	buf_add_char(buf, '"');
	if (value.type == TYPE_DURATION)
		buf_add(buf, text,
		    moment_format_duration(value.cell.integer, text));
	else
		buf_add(buf, bytes + 1, size - 1);
	buf_add_char(buf, '"');
}

void
json_add_plain(struct buf *buf, const char *bytes, size_t size)
{
	const char *end = bytes + size;
	const char *start = bytes;

	if (size == 0 || memchr(bytes, '@', size) == NULL) {
		buf_add(buf, bytes, size);
		return;
	}
	for (const char *at = bytes; at < end;) {
		if (*at == '"') {
			at = json_skip(at, end);
		} else if (*at == '@') {
			buf_add(buf, start, (size_t)(at - start));
			start = json_skip(at, end);
			add_literal(buf, at, (size_t)(start - at));
			at = start;
		} else {
			at++;
		}
	}
	buf_add(buf, start, (size_t)(end - start));
}

int
json_is_number(const char *bytes, size_t size)
{
	const char *at = bytes;
	const char *end = bytes + size;

	at += at < end && *at == '-';
	const char *digits = at;
	while (at < end && (unsigned char)(*at - '0') <= 9)
		at++;
	if (at == digits || (*digits == '0' && at - digits > 1))
		return 0;
	if (at == end)
		return 1;
	if (*at == '.') {
		digits = ++at;
		while (at < end && (unsigned char)(*at - '0') <= 9)
			at++;
		if (at == digits)
			return 0;
	}
	if (at < end && (*at | 0x20) == 'e') {
		at++;
		at += at < end && (*at == '+' || *at == '-');
		digits = at;
		while (at < end && (unsigned char)(*at - '0') <= 9)
			at++;
		if (at == digits)
			return 0;
	}
	return at == end;
}

/* Text without a declared type: bare if it looks like a number, which one too
 * large for a double does not. */
static void
add_look(struct buf *buf, const char *bytes, size_t size)
{
	int64_t integer;
	double number;
	/* A double's range needs an exponent or this many digits to be left. */
	enum { DIGITS_SAFE = 300 };

	if (size > 0 && ((unsigned char)(bytes[0] - '0') <= 9 ||
	    bytes[0] == '-') && json_is_number(bytes, size) &&
	    ((size < DIGITS_SAFE && memchr(bytes, 'e', size) == NULL &&
	    memchr(bytes, 'E', size) == NULL) ||
	    number_parse(bytes, size, &integer, &number) != NUMBER_NOT))
		buf_add(buf, bytes, size);
	else
		json_add_string(buf, bytes, size);
}

/* A field with quotes or escapes to undo, in memory of the buffer's end. */
static void
add_decoded(struct buf *buf, enum type type, const char *bytes, size_t size)
{
	struct buf decoded = { 0 };
	char *out = buf_reserve(&decoded, size);
	size_t decoded_size = type == TYPE_RAW_CSV ?
	    raw_unquote(bytes, size, out) : raw_unescape(bytes, size, out);

	add_look(buf, out, decoded_size);
	buf_fini(&decoded);
}

void
json_add_raw(struct buf *buf, enum type type, const char *bytes, size_t size)
{
	switch (type) {
	case TYPE_RAW_JSON:
		if (size == 0)
			buf_add(buf, "null", 4);
		else if (memchr(bytes, '\n', size) != NULL ||
		    memchr(bytes, '\r', size) != NULL)
			json_add_compact(buf, bytes, size);
		else
			buf_add(buf, bytes, size);
		return;
	case TYPE_RAW_CSV:
		if (size == 0)
			buf_add(buf, "null", 4);
		else if (bytes[0] != '"')
			add_look(buf, bytes, size);
		else if (memchr(bytes + 1, '"', size - 1) == bytes + size - 1)
			add_look(buf, bytes + 1, size - 2);
		else
			add_decoded(buf, type, bytes, size);
		return;
	case TYPE_RAW_TSV:
		if (size == 0)
			buf_add(buf, "null", 4);
		else if (memchr(bytes, '\\', size) == NULL)
			add_look(buf, bytes, size);
		else
			add_decoded(buf, type, bytes, size);
		return;
	default:
		add_look(buf, bytes, size);
		return;
	}
}

void
json_add_extended(struct buf *buf, const struct value *value)
{
	const struct text *text = &value->cell.text;
	char out[1 + MOMENT_TEXT_MAX + NUMBER_TEXT_MAX];
	unsigned size = 0;

	switch (value->type) {
	case TYPE_BOOL:
		buf_add_string(buf, value->cell.boolean ? "true" : "false");
		return;
	case TYPE_INT:
		size = number_format_int(value->cell.integer, out);
		break;
	case TYPE_FLOAT:
		if (!isfinite(value->cell.number))
			break;
		size = number_format_float(value->cell.number, out);
		break;
	case TYPE_DECIMAL:
		size = decimal_format(value->cell.decimal, out);
		break;
	case TYPE_TIME:
		out[0] = '@';
		size = 1 + moment_format(value->cell.integer, out + 1);
		break;
	case TYPE_DATE:
		out[0] = '@';
		size = 1 + moment_format_date(value->cell.integer, out + 1);
		break;
	case TYPE_DURATION:
		out[0] = out[1] = '@';
		size = 2 + number_format_int(value->cell.integer, out + 2);
		break;
	case TYPE_TEXT:
		json_add_string(buf, text_bytes(text), text->size);
		return;
	case TYPE_LIST:
	case TYPE_RECORD:
		buf_add(buf, text_bytes(text), text->size);
		return;
	case TYPE_RAW_JSON:
		if (text->size > 0)
			json_add_compact(buf, text_bytes(text), text->size);
		else
			break;
		return;
	case TYPE_RAW:
	case TYPE_RAW_CSV:
	case TYPE_RAW_TSV:
		json_add_raw(buf, value->type, text_bytes(text), text->size);
		return;
	default:
		break;
	}
	if (size == 0)
		buf_add(buf, "null", 4);
	else
		buf_add(buf, out, size);
}
