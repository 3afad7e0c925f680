/*
 * The format of a hole in an f-string: read once, then used for every row.
 *
 * A value is first written without padding to the end of the buffer, then moved
 * to make room for the padding; the sign and the digits of a number are told
 * apart for zeros and thousands.
 */
#include "func/format_spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/column.h"
#include "data/moment.h"
#include "data/number.h"
#include "util/buf.h"

#define WIDTH_MAX 1000
#define PRECISION_MAX 100
#define DAY_US 86400000000ll
/* The largest double has 309 digits before the point. */
#define FIXED_BYTES_MAX (320 + PRECISION_MAX)

/* --- reading --- */

/* Bytes of the character at `bytes`: 1 for what is no UTF-8. */
static size_t
char_size(const char *bytes, size_t size)
{
	unsigned char lead = (unsigned char)bytes[0];
	size_t want = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	return want <= size ? want : 1;
}

/* A number without sign; -1 if it is beyond `max`. */
static int32_t
read_count(const char **at, const char *end, int32_t max)
{
	int32_t count = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		count = count * 10 + (*(*at)++ - '0');
		if (count > max)
			return -1;
	}
	return count;
}

static const char *
read_pattern(const char *bytes, size_t size, struct format_spec *out)
{
	char text[1024];

	if (moment_strftime(bytes, size, 0, 0, NULL, text, sizeof(text)) < 0)
		return "the time pattern has a letter that is none";
	out->pattern = bytes;
	out->pattern_size = size;
	return NULL;
}

/* Is there a % with something behind it? */
static int
has_directive(const char *bytes, size_t size)
{
	const char *percent = memchr(bytes, '%', size);

	return percent != NULL && percent + 1 < bytes + size;
}

static int
is_align(char c)
{
	return c == '<' || c == '>' || c == '^';
}

const char *
format_spec_parse(const char *bytes, size_t size, struct format_spec *out)
{
	const char *at = bytes, *end = bytes + size;

	*out = (struct format_spec){ .fill = " ", .fill_size = 1,
	    .precision = -1 };
	if (size == 0)
		return NULL;
	size_t first = char_size(bytes, size);
	if (first < size && is_align(bytes[first])) {
		memcpy(out->fill, bytes, first);
		out->fill_size = (uint8_t)first;
		at += first;
		out->align = *at++;
	} else if (is_align(*at)) {
		out->align = *at++;
	} else if (has_directive(bytes, size)) {
		return read_pattern(bytes, size, out);
	}
	if (at < end && *at == '+')
		out->sign = *at++;
	if (at < end && *at == '0') {
		out->zero = 1;
		at++;
	}
	int32_t width = read_count(&at, end, WIDTH_MAX);
	if (width < 0)
		return "a width is at most 1000";
	out->width = (uint32_t)width;
	if (at < end && *at == ',') {
		out->comma = 1;
		at++;
	}
	if (at < end && *at == '.') {
		const char *digits = ++at;
		out->precision = read_count(&at, end, PRECISION_MAX);
		if (out->precision < 0)
			return "a precision is at most 100";
		if (at == digits)
			return "behind the point of a format stands a number";
	}
	if (at < end && *at != '\0' && strchr("dfe%xXobs", *at) != NULL)
		out->type = *at++;
	if (at < end)
		return "a format is [[fill]<>^][+][0][width][,][.places]"
		    "[d f e % x X o b s], or a pattern like %H:%M";
	if (out->precision >= 0 && out->type != '\0' &&
	    strchr("dxXob", out->type) != NULL)
		return "ints have no precision";
	return NULL;
}

/* --- numbers --- */

/* Append units / 10^places. */
static void
add_units(struct buf *buf, int64_t units, int32_t places, int negative)
{
	char digits[NUMBER_TEXT_MAX];
	unsigned size = number_format_int(units, digits);
	unsigned whole = size > (unsigned)places ? size - (unsigned)places : 0;
	char *at = buf_reserve(buf, (size_t)size + (size_t)places + 3);

	if (negative && units != 0)
		*at++ = '-';
	if (whole == 0)
		*at++ = '0';
	memcpy(at, digits, whole);
	at += whole;
	if (places > 0)
		*at++ = '.';
	for (unsigned have = size; have < (unsigned)places; have++)
		*at++ = '0';
	memcpy(at, digits + whole, size - whole);
	buf->size = (size_t)(at + (size - whole) - buf->bytes);
}

/* Append x with `places` digits behind the point, correctly rounded. */
static void
add_fixed(struct buf *buf, double x, int32_t places)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

	if (places <= 6 && fabs(x) < 1e9) {
		/*
		 * scaled + rest is exactly x * 10^places, and rest is less
		 * than what two neighbours of scaled are apart: so it counts
		 * only if scaled lies just between two ints.
		 */
		double scaled = fabs(x) * powers[places];
		double rest = fma(fabs(x), powers[places], -scaled);
		int64_t units = (int64_t)scaled;
		double fraction = scaled - (double)units;
		if (fraction > 0.5 || (fraction == 0.5 &&
		    (rest > 0 || (rest == 0 && units % 2 == 1))))
			units++;
		add_units(buf, units, places, x < 0);
		return;
	}
	char text[FIXED_BYTES_MAX];
	int size = snprintf(text, sizeof(text), "%.*f", places, x);
	/* There is one zero. */
	int is_zero = text[0] == '-' &&
	    strspn(text + 1, "0.") == (size_t)size - 1;
	buf_add(buf, text + is_zero, (size_t)(size - is_zero));
}

/* Append an int with `places` zeros behind a point. */
static void
add_whole(struct buf *buf, int64_t integer, int32_t places)
{
	char digits[NUMBER_TEXT_MAX];

	buf_add(buf, digits, number_format_int(integer, digits));
	if (places > 0)
		buf_add_char(buf, '.');
	for (int32_t i = 0; i < places; i++)
		buf_add_char(buf, '0');
}

/* Append a decimal with `places` places, halves away from zero. */
static void
add_decimal(struct buf *buf, struct decimal decimal, int32_t places)
{
	char digits[NUMBER_TEXT_MAX];

	while (decimal.scale > places) {
		int64_t unit = 1;
		int32_t cut = decimal.scale - places;
		for (int32_t i = 0; i < cut; i++)
			unit *= 10;
		int64_t rest = decimal.units % unit;
		decimal.units /= unit;
		/* rest < 10^18, so twice it fits. */
		if (2 * rest >= unit)
			decimal.units++;
		else if (2 * rest <= -unit)
			decimal.units--;
		decimal.scale = places;
	}
	unsigned size = decimal_format(decimal, digits);
	buf_add(buf, digits, size);
	int32_t have = 0;
	const char *point = memchr(digits, '.', size);
	if (point != NULL)
		have = (int32_t)(digits + size - point - 1);
	if (point == NULL && places > 0)
		buf_add_char(buf, '.');
	for (; have < places; have++)
		buf_add_char(buf, '0');
}

/* Append in base 2, 8 or 16. */
static void
add_base(struct buf *buf, int64_t integer, char type)
{
	const char *digits = type == 'X' ? "0123456789ABCDEF" :
	    "0123456789abcdef";
	unsigned shift = type == 'b' ? 1 : type == 'o' ? 3 : 4;
	uint64_t rest = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
	char text[64];
	unsigned at = sizeof(text);

	do {
		text[--at] = digits[rest & ((1u << shift) - 1)];
		rest >>= shift;
	} while (rest != 0);
	if (integer < 0)
		buf_add_char(buf, '-');
	buf_add(buf, text + at, sizeof(text) - at);
}

static double
number_float(const struct value *value)
{
	if (value->type == TYPE_FLOAT)
		return value->cell.number;
	if (value->type == TYPE_INT)
		return (double)value->cell.integer;
	double unit = 1;
	for (int32_t i = 0; i < value->cell.decimal.scale; i++)
		unit *= 10;
	return (double)value->cell.decimal.units / unit;
}

/* The number as an int, if it is whole. */
static int
number_int(const struct value *value, int64_t *out)
{
	if (value->type == TYPE_INT) {
		*out = value->cell.integer;
		return 0;
	}
	double number = number_float(value);
	if (floor(number) != number || !(fabs(number) < 9e18))
		return -1;
	*out = (int64_t)number;
	return 0;
}

/* Append sign, digits, point and places. */
static int
add_number(const struct format_spec *spec, const struct value *value,
	struct buf *buf)
{
	int32_t places = spec->precision;
	int64_t integer;

	switch (spec->type) {
	case 'd':
	case 'x':
	case 'X':
	case 'o':
	case 'b':
		if (number_int(value, &integer) != 0)
			return -1;
		if (spec->type == 'd')
			add_whole(buf, integer, 0);
		else
			add_base(buf, integer, spec->type);
		return 0;
	case 'e': {
		char text[FIXED_BYTES_MAX];
		int size = snprintf(text, sizeof(text), "%.*e",
		    places < 0 ? 6 : places, number_float(value));
		buf_add(buf, text, (size_t)size);
		return 0;
	}
	case '%': {
		double percent = number_float(value) * 100;
		struct value shown = { .type = TYPE_FLOAT };
		shown.cell.number = percent;
		if (places < 0)
			value_add_text(&shown, buf);
		else
			add_fixed(buf, percent, places);
		return 0;
	}
	case 'f':
		if (places < 0)
			places = 6;
		break;
	default:
		break;
	}
	if (places < 0)
		value_add_text(value, buf);
	else if (value->type == TYPE_INT)
		add_whole(buf, value->cell.integer, places);
	else if (value->type == TYPE_DECIMAL)
		add_decimal(buf, value->cell.decimal, places);
	else
		add_fixed(buf, value->cell.number, places);
	return 0;
}

/* Put `count` times `fill` at `at`, which lies in the buffer. */
static void
insert(struct buf *buf, size_t at, const char *fill, size_t fill_size,
	size_t count)
{
	size_t bytes = fill_size * count;

	buf_reserve(buf, bytes);
	memmove(buf->bytes + at + bytes, buf->bytes + at, buf->size - at);
	for (size_t i = 0; i < count; i++)
		memcpy(buf->bytes + at + i * fill_size, fill, fill_size);
	buf->size += bytes;
}

/* Commas into the digits before the point; they start at `start`. */
static void
insert_commas(struct buf *buf, size_t start)
{
	size_t end = start;

	while (end < buf->size && buf->bytes[end] >= '0' &&
	    buf->bytes[end] <= '9')
		end++;
	while (end > start + 3) {
		end -= 3;
		insert(buf, end, ",", 1, 1);
	}
}

/* --- all values --- */

static size_t
count_chars(const char *bytes, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	return count;
}

/* Pad what was written from `start` on. */
static void
pad(const struct format_spec *spec, int is_number, size_t start,
	struct buf *buf)
{
	if (spec->width == 0)
		return;
	size_t have = count_chars(buf->bytes + start, buf->size - start);
	if (have >= spec->width)
		return;
	size_t room = spec->width - have;
	char align = spec->align;
	if (spec->zero && align == 0) {
		int has_sign = is_number && (buf->bytes[start] == '-' ||
		    buf->bytes[start] == '+');
		insert(buf, start + (size_t)has_sign, "0", 1, room);
		return;
	}
	if (align == 0)
		align = is_number ? '>' : '<';
	size_t left = align == '>' ? room : align == '^' ? room / 2 : 0;
	insert(buf, start, spec->fill, spec->fill_size, left);
	insert(buf, buf->size, spec->fill, spec->fill_size, room - left);
}

/* Time, or text that reads as one, by the pattern. */
static int
add_time(const struct format_spec *spec, const struct value *value,
	struct buf *buf)
{
	/* Every directive writes less than 64 bytes. */
	size_t capacity = spec->pattern_size * 64 + 64;
	int64_t us = value->cell.integer;

	if (value->type == TYPE_DATE) {
		us *= DAY_US;
	} else if (value->type == TYPE_TEXT || value->type == TYPE_RAW) {
		if (moment_parse(text_bytes(&value->cell.text),
		    value->cell.text.size, &us) != 0)
			return -1;
	} else if (value->type != TYPE_TIME) {
		return -1;
	}
	buf_reserve(buf, capacity);
	int size = moment_strftime(spec->pattern, spec->pattern_size, us, 0,
	    NULL, buf->bytes + buf->size, capacity);
	if (size < 0)
		return -1;
	buf->size += (size_t)size;
	return 0;
}

/* Text, cut to the precision if its type is s. */
static void
add_text(const struct format_spec *spec, const struct value *value,
	struct buf *buf)
{
	size_t start = buf->size;

	value_add_text(value, buf);
	if (spec->precision < 0)
		return;
	size_t at = start;
	for (int32_t left = spec->precision; at < buf->size && left > 0; left--)
		at += char_size(buf->bytes + at, buf->size - at);
	buf->size = at;
}

int
format_spec_wants_number(const struct format_spec *spec)
{
	return spec->type != 's' && (spec->type != '\0' || spec->sign ||
	    spec->comma || spec->precision >= 0);
}

int
format_spec_add(const struct format_spec *spec, const struct value *raw,
	struct buf *buf)
{
	size_t start = buf->size;
	struct value value = *raw;

	/* So that there are bytes, also for an empty text. */
	buf_reserve(buf, 1);
	if (spec->pattern != NULL)
		return add_time(spec, raw, buf);
	if (raw->type == TYPE_RAW &&
	    (format_spec_wants_number(spec) || spec->width > 0))
		value = value_settle(raw);
	int is_number = type_is_number(value.type);
	if (!format_spec_wants_number(spec)) {
		/* Undeclared digits stay as they are written. */
		add_text(spec, raw, buf);
		pad(spec, is_number && spec->type != 's', start, buf);
		return 0;
	}
	if (!is_number)
		return -1;
	size_t reserve = buf->size;
	if (add_number(spec, &value, buf) != 0) {
		buf->size = reserve;
		return -1;
	}
	if (spec->sign && buf->bytes[start] != '-')
		insert(buf, start, "+", 1, 1);
	if (spec->comma)
		insert_commas(buf, start + (buf->bytes[start] == '-' ||
		    buf->bytes[start] == '+'));
	pad(spec, 1, start, buf);
	return 0;
}
