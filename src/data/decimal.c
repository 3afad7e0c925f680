/*
 * Decimals: 64-bit units and the number of digits behind the point.  The
 * scale is kept as written, 1.50 stays 1.50.  Only what 18 digits hold is a
 * decimal; nothing is ever rounded.
 */
#include "data/number.h"

#include <string.h>

#include "data/number_priv.h"

#define DIGITS_MAX 18
/* A float keeps so many digits as they were written. */
#define DIGITS_OF_FLOAT 15

struct reader {
	uint64_t units;
	unsigned digits;	/* without zeros in front */
	unsigned taken;		/* all; only whether there are any matters */
};

static int
is_blank(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') <= '\r' - '\t';
}

/* Appends digits; stops at another byte or when they become too many. */
static const char *
reader_take(struct reader *reader, const char *at, const char *end)
{
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (reader->digits == DIGITS_MAX)
			return at;
		reader->units = reader->units * 10 + (uint64_t)(*at - '0');
		reader->digits += reader->units != 0;
		reader->taken |= 1;
	}
	return at;
}

int
decimal_parse(const char *bytes, size_t size, struct decimal *out)
{
	const char *at = bytes, *end = bytes + size;
	struct reader reader = { 0 };
	int64_t scale = 0;

	while (at < end && is_blank(*at))
		at++;
	while (at < end && is_blank(end[-1]))
		end--;
	int negative = at < end && *at == '-';
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	at = reader_take(&reader, at, end);
	if (at < end && *at == '.') {
		const char *fraction = ++at;
		at = reader_take(&reader, at, end);
		scale = at - fraction;
	}
	if (at != end || reader.taken == 0 || scale > DIGITS_MAX)
		return -1;
	out->units = negative ? -(int64_t)reader.units : (int64_t)reader.units;
	out->scale = (int32_t)scale;
	out->pad = 0;
	return 0;
}

unsigned
decimal_format(struct decimal decimal, char *out)
{
	char *at = out;
	/* Two's complement: the magnitude of -2^63 comes out right. */
	uint64_t units = decimal.units < 0 ? -(uint64_t)decimal.units :
	    (uint64_t)decimal.units;
	unsigned scale = (unsigned)decimal.scale;
	unsigned count = units == 0 ? 1 : number_digit_count(units);

	if (count <= scale)
		count = scale + 1;	/* a zero before the point */
	if (decimal.units < 0)
		*at++ = '-';
	number_put_digits(units, count, at);
	if (scale == 0)
		return (unsigned)(at - out) + count;
	memmove(at + count - scale + 1, at + count - scale, scale);
	at[count - scale] = '.';
	return (unsigned)(at - out) + count + 1;
}

int
decimal_from_float(double number, struct decimal *out)
{
	char digits[NUMBER_TEXT_MAX];
	unsigned size = number_format_float(number, digits), count = 0;

	for (unsigned i = 0; i < size; i++)
		count += digits[i] >= '0' && digits[i] <= '9';
	return count > DIGITS_OF_FLOAT ? -1 :
	    decimal_parse(digits, size, out);
}
