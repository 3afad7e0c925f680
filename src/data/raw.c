/*
 * Raw values: the bytes of one field as it stood in its input, made into a
 * value.  Nothing here fails.  Readers have checked what they let through, but
 * whatever bytes come are read as far as they make sense: a quoted CSV field
 * whose quote closes early keeps the rest as it is, a backslash that escapes
 * nothing in TSV stays.
 */
#include "data/raw_priv.h"

#include "data/json.h"
#include "data/number.h"
#include "util/mem.h"

size_t
raw_unquote(const char *bytes, size_t size, char *out)
{
	const char *at = bytes + 1;
	const char *end = bytes + size;
	char *target = out;

	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		size_t run = (size_t)((quote != NULL ? quote : end) - at);
		memcpy(target, at, run);
		target += run;
		at += run;
		if (quote == NULL)
			break;
		if (end - at < 2 || at[1] != '"') {
			/* The closing quote; behind it nothing is special. */
			run = (size_t)(end - at) - 1;
			memcpy(target, at + 1, run);
			target += run;
			break;
		}
		*target++ = '"';
		at += 2;
	}
	return (size_t)(target - out);
}

size_t
raw_unescape(const char *bytes, size_t size, char *out)
{
	const char *end = bytes + size;
	char *target = out;

	for (const char *at = bytes; at < end; at++) {
		char c = *at;
		if (c == '\\' && at + 1 < end) {
			char next = at[1];
			c = next == 't' ? '\t' : next == 'n' ? '\n' :
			    next == 'r' ? '\r' : '\\';
			/* "\x" stays both bytes. */
			at += c != '\\' || next == '\\';
		}
		*target++ = c;
	}
	return (size_t)(target - out);
}

struct text
text_copy(const char *bytes, size_t size, struct region *region)
{
	if (size > TEXT_INLINE_MAX)
		bytes = region_copy(region, bytes, size);
	return text_make(bytes, size);
}

/* A CSV field; nothing at all is null. */
static enum type
decode_csv(const char *bytes, size_t size, struct region *region,
	union cell *out)
{
	if (size == 0)
		return TYPE_NULL;
	if (bytes[0] != '"') {
		out->text = text_make(bytes, size);
	} else if (size >= 2 && memchr(bytes + 1, '"', size - 1) ==
	    bytes + size - 1) {
		out->text = text_make(bytes + 1, size - 2);
	} else {
		char *target = region_alloc(region, size);
		out->text = text_make(target,
		    raw_unquote(bytes, size, target));
	}
	return TYPE_RAW;
}

static enum type
decode_tsv(const char *bytes, size_t size, struct region *region,
	union cell *out)
{
	if (size == 0)
		return TYPE_NULL;
	if (memchr(bytes, '\\', size) == NULL) {
		out->text = text_make(bytes, size);
	} else {
		char *target = region_alloc(region, size);
		out->text = text_make(target,
		    raw_unescape(bytes, size, target));
	}
	return TYPE_RAW;
}

/* A JSON token: the frequent kinds here, the rest by json_value(). */
static enum type
decode_json(const char *bytes, size_t size, struct region *region,
	union cell *out)
{
	if (size == 0)
		return TYPE_MISSING;
	char first = bytes[0];
	if (first == '"' && size >= 2 &&
	    memchr(bytes, '\\', size) == NULL) {
		out->text = text_make(bytes + 1, size - 2);
		return TYPE_TEXT;
	}
	if (first == '-' || (first >= '0' && first <= '9')) {
		int64_t integer;
		double number;
		switch (number_parse(bytes, size, &integer, &number)) {
		case NUMBER_INT:
			out->integer = integer;
			return TYPE_INT;
		case NUMBER_FLOAT:
			out->number = number;
			return TYPE_FLOAT;
		default:
			break;
		}
	}
	/* Tokens have been checked: the first byte tells the words apart. */
	if (first == 'n')
		return TYPE_NULL;
	if (first == 't' || first == 'f') {
		out->boolean = first == 't';
		return TYPE_BOOL;
	}
	struct value value = json_value(bytes, size, region);
	*out = value.cell;
	return value.type;
}

enum type
raw_decode(enum type type, const char *bytes, size_t size,
	struct region *region, union cell *out)
{
	switch (type) {
	case TYPE_RAW_CSV:
		return decode_csv(bytes, size, region, out);
	case TYPE_RAW_TSV:
		return decode_tsv(bytes, size, region, out);
	case TYPE_RAW_JSON:
		return decode_json(bytes, size, region, out);
	default:
		out->text = text_make(bytes, size);
		return type;
	}
}

enum type
raw_settle(enum type type, const char *bytes, size_t size,
	struct region *region, union cell *out)
{
	int64_t integer;
	double number;

	type = raw_decode(type, bytes, size, region, out);
	if (type != TYPE_RAW ||
	    !raw_starts_number(text_bytes(&out->text), out->text.size))
		return type;
	switch (number_parse(text_bytes(&out->text), out->text.size, &integer,
	    &number)) {
	case NUMBER_INT:
		out->integer = integer;
		return TYPE_INT;
	case NUMBER_FLOAT:
		out->number = number;
		return TYPE_FLOAT;
	default:
		return TYPE_RAW;
	}
}
