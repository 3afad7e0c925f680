/*
 * Walking and decoding JSON text.  The text has been checked before, by
 * json_check() or by the reader that let it in, so nothing here reports: the
 * functions only promise to stay within their bounds and to end, whatever the
 * bytes are.
 *
 * A value is skipped by its brackets alone; strings are skipped by looking for
 * the next quote and counting the backslashes before it.  Everything else
 * (numbers, words, the `@` literals of nested values) runs to the next byte
 * that cannot be part of it.
 */
#include "data/json.h"

#include <string.h>

#include "data/json_priv.h"
#include "data/number.h"
#include "data/moment.h"
#include "util/mem.h"

/* From behind the opening quote to behind the closing one. */
static const char *
skip_string(const char *at, const char *end)
{
	const char *start = at;

	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			return end;
		const char *run = quote;
		while (run > start && run[-1] == '\\')
			run--;
		if ((quote - run) % 2 == 0)
			return quote + 1;
		at = quote + 1;
	}
	return end;
}

static const char *
skip_word(const char *at, const char *end)
{
	while (at < end && *at != ',' && *at != '}' && *at != ']' &&
	    !json_is_blank(*at))
		at++;
	return at;
}

const char *
json_skip(const char *bytes, const char *end)
{
	size_t depth = 0;

	if (bytes >= end)
		return end;
	if (*bytes == '"')
		return skip_string(bytes + 1, end);
	if (*bytes != '{' && *bytes != '[')
		return skip_word(bytes, end);
	while (bytes < end) {
		switch (*bytes++) {
		case '"':
			bytes = skip_string(bytes, end);
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return bytes;
			break;
		default:
			break;
		}
	}
	return end;
}

/* Append a code point as UTF-8. */
static char *
put_code_point(char *out, uint32_t code)
{
	if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xf0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	return out;
}

/* The four digits behind \u at `at`, or -1. */
static int32_t
hex_unit(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = json_hex(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* The code point of an escape; *at is behind its 'u' and moves on. */
static uint32_t
take_code_point(const char **at, const char *end)
{
	int32_t unit = hex_unit(*at, end);

	if (unit < 0)
		return 0xfffd;
	*at += 4;
	if (unit < 0xd800 || unit > 0xdfff)
		return (uint32_t)unit;
	if (unit > 0xdbff || end - *at < 6 || (*at)[0] != '\\' ||
	    (*at)[1] != 'u')
		return 0xfffd;
	int32_t low = hex_unit(*at + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at += 6;
	return 0x10000u + (((uint32_t)unit - 0xd800u) << 10) +
	    ((uint32_t)low - 0xdc00u);
}

size_t
json_decode(const char *bytes, size_t size, char *out)
{
	const char *at = bytes;
	const char *end = bytes + size;
	char *target = out;

	while (at < end) {
		const char *escape = memchr(at, '\\', (size_t)(end - at));
		size_t run = (size_t)((escape != NULL ? escape : end) - at);
		memcpy(target, at, run);
		target += run;
		at += run + 1;
		if (at >= end)
			break;
		char c = *at++;
		switch (c) {
		case 'b': *target++ = '\b'; break;
		case 'f': *target++ = '\f'; break;
		case 'n': *target++ = '\n'; break;
		case 'r': *target++ = '\r'; break;
		case 't': *target++ = '\t'; break;
		case 'u':
			/* Six bytes become at most three, twelve four; a 'u'
			 * without digits is not valid and must not grow. */
			if (hex_unit(at, end) >= 0)
				target = put_code_point(target,
				    take_code_point(&at, end));
			else
				*target++ = c;
			break;
		default:
			*target++ = c;
			break;
		}
	}
	return (size_t)(target - out);
}

/* An array or object without blanks between its tokens, as the types LIST and
 * RECORD promise. */
static struct text
compact_text(const char *bytes, size_t size, struct region *region)
{
	const char *end = bytes + size;
	const char *at = bytes;

	while (at < end && !json_is_blank(*at))
		at++;
	if (at == end)
		return text_make(bytes, size);

	char *out = region_alloc(region, size);
	char *target = out;
	for (at = bytes; at < end;) {
		if (*at == '"') {
			const char *behind = skip_string(at + 1, end);
			memcpy(target, at, (size_t)(behind - at));
			target += behind - at;
			at = behind;
			continue;
		}
		if (!json_is_blank(*at))
			*target++ = *at;
		at++;
	}
	return text_make(out, (size_t)(target - out));
}

/* @2026-01-02T03:04:05Z, @2026-01-02, @@90000000 */
static struct value
literal_value(const char *bytes, size_t size)
{
	struct value value = { .type = TYPE_NULL };
	int64_t number = 0;
	double unused;

	if (size > 1 && bytes[1] == '@') {
		value.type = TYPE_DURATION;
		if (number_parse(bytes + 2, size - 2, &number, &unused) !=
		    NUMBER_INT)
			value.type = TYPE_NULL;
	} else if (moment_parse_date(bytes + 1, size - 1, &number) == 0) {
		value.type = TYPE_DATE;
	} else if (moment_parse(bytes + 1, size - 1, &number) == 0) {
		value.type = TYPE_TIME;
	}
	value.cell.integer = number;
	return value;
}

/* A number too large for a double stays the text it is. */
static struct value
number_value(const char *bytes, size_t size)
{
	struct value value = { .type = TYPE_RAW };
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
	default:
		value.cell.text = text_make(bytes, size);
		break;
	}
	return value;
}

static struct value
string_value(const char *bytes, size_t size, struct region *region)
{
	struct value value = { .type = TYPE_TEXT };

	/* Without the quotes; the closing one may lack in unchecked bytes. */
	bytes++;
	size -= size >= 2 ? 2 : 1;
	if (memchr(bytes, '\\', size) == NULL) {
		value.cell.text = text_make(bytes, size);
	} else {
		char *out = region_alloc(region, size);
		value.cell.text = text_make(out, json_decode(bytes, size, out));
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
	case '"':
		return string_value(bytes, size, region);
	case '{':
	case '[':
		value.type = bytes[0] == '{' ? TYPE_RECORD : TYPE_LIST;
		value.cell.text = compact_text(bytes, size, region);
		return value;
	case 't':
	case 'f':
		value.type = TYPE_BOOL;
		value.cell.boolean = bytes[0] == 't';
		return value;
	case 'n':
		return value;
	case '@':
		return literal_value(bytes, size);
	default:
		return number_value(bytes, size);
	}
}

void
json_walk_init(struct json_walk *walk, const char *bytes, size_t size)
{
	walk->at = bytes;
	walk->end = bytes + size;
	walk->is_object = size > 0 && bytes[0] == '{';
	walk->first = 1;
}

int
json_walk_next(struct json_walk *walk, struct json_member *out)
{
	const char *end = walk->end;
	const char *at = walk->at;

	/* Past the bracket or the comma. */
	at = json_skip_blanks(at, end);
	if (at >= end || *at == '}' || *at == ']')
		return 0;
	at = json_skip_blanks(at + 1, end);
	if (at >= end || *at == '}' || *at == ']')
		return 0;
	walk->first = 0;
	out->key = NULL;
	out->key_size = 0;
	out->key_escaped = 0;
	if (walk->is_object) {
		const char *behind = json_skip(at, end);
		if (*at != '"' || behind - at < 2)
			return 0;
		out->key = at + 1;
		out->key_size = (size_t)(behind - at) - 2;
		out->key_escaped = memchr(out->key, '\\', out->key_size) !=
		    NULL;
		at = json_skip_blanks(behind, end);
		/* The colon. */
		at = json_skip_blanks(at + (at < end), end);
	}
	out->bytes = at;
	walk->at = json_skip(at, end);
	out->size = (size_t)(walk->at - at);
	return 1;
}

/* Does the key, decoded, read `name`? */
static int
key_matches(const struct json_member *member, const char *name,
	size_t name_size)
{
	if (!member->key_escaped)
		return member->key_size == name_size &&
		    (name_size == 0 ||
		    memcmp(member->key, name, name_size) == 0);
	/* An escape of six bytes is at least one byte of the name. */
	if (member->key_size < name_size || member->key_size / 6 > name_size)
		return 0;
	char *decoded = mem_alloc(member->key_size);
	size_t size = json_decode(member->key, member->key_size, decoded);
	int equal = size == name_size && memcmp(decoded, name, size) == 0;
	mem_free(decoded);
	return equal;
}

int
json_get(const char *bytes, size_t size, const char *name, size_t name_size,
	struct json_member *out)
{
	struct json_walk walk;
	struct json_member member;
	int found = -1;

	json_walk_init(&walk, bytes, size);
	if (!walk.is_object)
		return -1;
	while (json_walk_next(&walk, &member)) {
		if (key_matches(&member, name, name_size)) {
			*out = member;
			found = 0;
		}
	}
	return found;
}

int
json_at(const char *bytes, size_t size, int64_t index, struct json_member *out)
{
	struct json_walk walk;
	struct json_member member;

	if (size == 0 || bytes[0] != '[')
		return -1;
	if (index < 0) {
		json_walk_init(&walk, bytes, size);
		while (json_walk_next(&walk, &member))
			index++;
		if (index < 0)
			return -1;
	}
	json_walk_init(&walk, bytes, size);
	while (json_walk_next(&walk, &member)) {
		if (index-- == 0) {
			*out = member;
			return 0;
		}
	}
	return -1;
}
