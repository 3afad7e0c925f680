/*
 * JSON text as a value: skipping, walking, decoding.
 *
 * These functions read text that is known to be valid, as json_check() or a
 * reader has found, or as this program wrote it.  Valid text needs no stack: a
 * nested value ends where the brackets balance, brackets in strings apart.
 */
#include "data/json.h"

#include <string.h>

#include "data/moment.h"
#include "data/number.h"
#include "util/mem.h"

static inline int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* Behind the closing quote; `at` is behind the opening one. */
static const char *
skip_string(const char *at, const char *end)
{
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			return end;
		/* Is it escaped?  Count the backslashes before it. */
		const char *slash = quote;
		while (slash > at && slash[-1] == '\\')
			slash--;
		at = quote + 1;
		if ((quote - slash) % 2 == 0)
			return at;
	}
	return end;
}

static const char *
skip_nested(const char *at, const char *end)
{
	unsigned depth = 0;

	while (at < end) {
		char c = *at++;
		if (c == '"')
			at = skip_string(at, end);
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at;
	}
	return end;
}

const char *
json_skip(const char *bytes, const char *end)
{
	if (bytes >= end)
		return end;
	if (*bytes == '"')
		return skip_string(bytes + 1, end);
	if (*bytes == '{' || *bytes == '[')
		return skip_nested(bytes, end);
	while (bytes < end && !is_blank(*bytes) && *bytes != ',' &&
	    *bytes != '}' && *bytes != ']')
		bytes++;
	return bytes;
}

static struct value
text_value(enum type type, const char *bytes, size_t size)
{
	struct value value = { .type = type };

	value.cell.text = text_make(bytes, size);
	return value;
}

static struct value
string_value(const char *bytes, size_t size, struct region *region)
{
	if (memchr(bytes, '\\', size) == NULL)
		return text_value(TYPE_TEXT, bytes, size);
	char *decoded = region_alloc(region, size);
	return text_value(TYPE_TEXT, decoded, json_decode(bytes, size, decoded));
}

/* @2026-01-02T03:04:05Z, @2026-01-02, @@microseconds */
static struct value
literal_value(const char *bytes, size_t size)
{
	struct value value = { .type = TYPE_NULL };
	double number;

	if (size > 2 && bytes[1] == '@') {
		if (number_parse(bytes + 2, size - 2, &value.cell.integer,
		    &number) == NUMBER_INT)
			value.type = TYPE_DURATION;
	} else if (size == 11) {
		if (moment_parse_date(bytes + 1, size - 1,
		    &value.cell.integer) == 0)
			value.type = TYPE_DATE;
	} else if (size > 1 && moment_parse(bytes + 1, size - 1,
	    &value.cell.integer) == 0) {
		value.type = TYPE_TIME;
	}
	return value;
}

static struct value
number_value(const char *bytes, size_t size)
{
	struct value value = { .type = TYPE_NULL };
	int64_t integer;
	double number;

	switch (number_parse(bytes, size, &integer, &number)) {
	case NUMBER_INT:
		value.type = TYPE_INT;
		value.cell.integer = integer;
		break;
	case NUMBER_FLOAT:
		value.type = TYPE_FLOAT;
		value.cell.number = number;
		break;
	case NUMBER_NOT:
		/* A number beyond a double: its text says more than infinity. */
		value = text_value(TYPE_TEXT, bytes, size);
		break;
	}
	return value;
}

struct value
json_value(const char *bytes, size_t size, struct region *region)
{
	struct value value = { .type = TYPE_NULL };

	if (size == 0) {
		value.type = TYPE_MISSING;
		return value;
	}
	switch (bytes[0]) {
	case '"': return string_value(bytes + 1, size < 2 ? 0 : size - 2,
		    region);
	case '{': return text_value(TYPE_RECORD, bytes, size);
	case '[': return text_value(TYPE_LIST, bytes, size);
	case 'n': return value;
	case 't':
	case 'f':
		value.type = TYPE_BOOL;
		value.cell.boolean = bytes[0] == 't';
		return value;
	case '@': return literal_value(bytes, size);
	default: return number_value(bytes, size);
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits at `bytes`, or -1. */
static int32_t
hex_unit(const char *bytes, const char *end)
{
	int32_t unit = 0;

	if (end - bytes < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		int digit = hex_value(bytes[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static size_t
put_utf8(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* \uXXXX at `at` (behind the u), a pair if it is one; moves `at`. */
static uint32_t
decode_unit(const char **at, const char *end)
{
	int32_t high = hex_unit(*at, end);

	if (high < 0)
		return 0xFFFD;
	*at += 4;
	if (high < 0xD800 || high > 0xDFFF)
		return (uint32_t)high;
	if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' ||
	    (*at)[1] != 'u')
		return 0xFFFD;
	int32_t low = hex_unit(*at + 2, end);
	if (low < 0xDC00 || low > 0xDFFF)
		return 0xFFFD;
	*at += 6;
	return 0x10000u + (((uint32_t)high - 0xD800u) << 10) +
	    ((uint32_t)low - 0xDC00u);
}

size_t
json_decode(const char *bytes, size_t size, char *out)
{
	const char *at = bytes, *end = bytes + size;
	char *target = out;

	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		size_t plain = (size_t)((slash == NULL ? end : slash) - at);
		memmove(target, at, plain);
		target += plain;
		at += plain;
		if (slash == NULL || at + 1 >= end)
			break;
		char c = at[1];
		at += 2;
		switch (c) {
		case 'n': *target++ = '\n'; break;
		case 't': *target++ = '\t'; break;
		case 'r': *target++ = '\r'; break;
		case 'b': *target++ = '\b'; break;
		case 'f': *target++ = '\f'; break;
		case 'u': target += put_utf8(decode_unit(&at, end), target);
			break;
		default: *target++ = c; break;
		}
	}
	return (size_t)(target - out);
}

void
json_walk_init(struct json_walk *walk, const char *bytes, size_t size)
{
	walk->at = size > 0 ? bytes + 1 : bytes;
	walk->end = bytes + size;
	walk->is_object = size > 0 && bytes[0] == '{';
	walk->first = 1;
}

int
json_walk_next(struct json_walk *walk, struct json_member *out)
{
	const char *at = skip_blanks(walk->at, walk->end);

	if (!walk->first && at < walk->end && *at == ',')
		at = skip_blanks(at + 1, walk->end);
	walk->first = 0;
	if (at >= walk->end || *at == '}' || *at == ']')
		return 0;
	out->key = NULL;
	out->key_size = 0;
	out->key_escaped = 0;
	if (walk->is_object) {
		const char *behind = json_skip(at, walk->end);
		if (*at != '"' || behind - at < 2)
			return 0;
		out->key = at + 1;
		out->key_size = (size_t)(behind - at) - 2;
		out->key_escaped = memchr(out->key, '\\', out->key_size) != NULL;
		at = skip_blanks(behind, walk->end);
		if (at < walk->end && *at == ':')
			at = skip_blanks(at + 1, walk->end);
	}
	out->bytes = at;
	walk->at = json_skip(at, walk->end);
	out->size = (size_t)(walk->at - at);
	return out->size > 0;
}

static int
key_is(const struct json_member *member, const char *name, size_t size)
{
	if (!member->key_escaped)
		return member->key_size == size &&
		    memcmp(member->key, name, size) == 0;
	if (member->key_size < size)
		return 0;
	char *decoded = mem_alloc(member->key_size + 1);
	size_t length = json_decode(member->key, member->key_size, decoded);
	int same = length == size && memcmp(decoded, name, size) == 0;
	mem_free(decoded);
	return same;
}

int
json_get(const char *bytes, size_t size, const char *name, size_t name_size,
	struct json_member *out)
{
	struct json_walk walk;
	struct json_member member;
	int found = -1;

	if (size == 0 || bytes[0] != '{')
		return -1;
	json_walk_init(&walk, bytes, size);
	while (json_walk_next(&walk, &member))
		if (key_is(&member, name, name_size)) {
			*out = member;
			found = 0;
		}
	return found;
}

int
json_at(const char *bytes, size_t size, int64_t index, struct json_member *out)
{
	struct json_walk walk;
	int64_t count = 0;

	if (size == 0 || bytes[0] != '[')
		return -1;
	json_walk_init(&walk, bytes, size);
	if (index < 0) {
		while (json_walk_next(&walk, out))
			count++;
		index += count;
		if (index < 0)
			return -1;
		json_walk_init(&walk, bytes, size);
	}
	while (json_walk_next(&walk, out))
		if (index-- == 0)
			return 0;
	return -1;
}
