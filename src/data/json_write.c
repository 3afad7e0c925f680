/*
 * Writing JSON: strings, and nested values in their three forms (compact,
 * plain, extended).
 */
#include "data/json.h"

#include <string.h>

#include "data/column.h"
#include "data/moment.h"
#include "data/number.h"
#include "util/buf.h"

/* 0: as it is; 1: needs a look (escape, control or above ASCII). */
static int
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void
add_escape(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char unicode[6] = { '\\', 'u', '0', '0', digits[c >> 4],
		digits[c & 15] };

	switch (c) {
	case '"': buf_add(out, "\\\"", 2); return;
	case '\\': buf_add(out, "\\\\", 2); return;
	case '\n': buf_add(out, "\\n", 2); return;
	case '\r': buf_add(out, "\\r", 2); return;
	case '\t': buf_add(out, "\\t", 2); return;
	case '\b': buf_add(out, "\\b", 2); return;
	case '\f': buf_add(out, "\\f", 2); return;
	default: buf_add(out, unicode, 6); return;
	}
}

/* Bytes of a valid UTF-8 sequence, 0 if it is none. */
static unsigned
sequence_size(const unsigned char *at, size_t left)
{
	unsigned c = at[0], size = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	if (c < 0xC2 || c > 0xF4 || left < size)
		return 0;
	for (unsigned i = 1; i < size; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	if ((c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) ||
	    (c == 0xF0 && at[1] < 0x90) || (c == 0xF4 && at[1] > 0x8F))
		return 0;
	return size;
}

void
json_add_string(struct buf *out, const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	const unsigned char *end = at + size;

	buf_add_char(out, '"');
	while (at < end) {
		const unsigned char *first = at;
		while (at < end && is_plain(*at))
			at++;
		buf_add(out, first, (size_t)(at - first));
		if (at == end)
			break;
		if (*at < 0x80) {
			add_escape(out, *at++);
			continue;
		}
		unsigned length = sequence_size(at, (size_t)(end - at));
		if (length == 0) {
			buf_add(out, "\xEF\xBF\xBD", 3);
			at++;
		} else {
			buf_add(out, at, length);
			at += length;
		}
	}
	buf_add_char(out, '"');
}

void
json_add_compact(struct buf *out, const char *bytes, size_t size)
{
	const char *at = bytes, *end = bytes + size;

	while (at < end) {
		const char *first = at;
		if (*at == '"') {
			at = json_skip(at, end);
			buf_add(out, first, (size_t)(at - first));
			continue;
		}
		if (*at != ' ' && *at != '\n' && *at != '\t' && *at != '\r')
			buf_add_char(out, *at);
		at++;
	}
}

/* One `@` literal as a string; returns the byte behind it. */
static const char *
add_literal(struct buf *out, const char *at, const char *end)
{
	const char *behind = json_skip(at, end);
	size_t size = (size_t)(behind - at);
	struct value value = json_value(at, size, NULL);
	char text[MOMENT_TEXT_MAX];

	buf_add_char(out, '"');
	if (value.type == TYPE_DURATION)
		buf_add(out, text, moment_format_duration(value.cell.integer,
		    text));
	else
		buf_add(out, at + 1, size - 1);
	buf_add_char(out, '"');
	return behind;
}

void
json_add_plain(struct buf *out, const char *bytes, size_t size)
{
	const char *at = bytes, *end = bytes + size;

	while (at < end) {
		const char *first = at;
		if (*at == '"') {
			at = json_skip(at, end);
			buf_add(out, first, (size_t)(at - first));
		} else if (*at == '@') {
			at = add_literal(out, at, end);
		} else {
			if (*at != ' ' && *at != '\n' && *at != '\t' &&
			    *at != '\r')
				buf_add_char(out, *at);
			at++;
		}
	}
}

void
json_add_extended(struct buf *out, const struct value *value)
{
	char text[MOMENT_TEXT_MAX + 8];
	const struct text *bytes = &value->cell.text;

	switch (value->type) {
	case TYPE_TIME:
		buf_add_char(out, '@');
		buf_add(out, text, moment_format(value->cell.integer, text));
		return;
	case TYPE_DATE:
		buf_add_char(out, '@');
		buf_add(out, text, moment_format_date(value->cell.integer,
		    text));
		return;
	case TYPE_DURATION:
		buf_add(out, "@@", 2);
		buf_add(out, text, number_format_int(value->cell.integer,
		    text));
		return;
	case TYPE_LIST:
	case TYPE_RECORD:
		json_add_compact(out, text_bytes(bytes), bytes->size);
		return;
	default:
		value_add_json(value, out);
		return;
	}
}
