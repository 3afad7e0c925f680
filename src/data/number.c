/*
 * Reading numbers.  One scanner takes the text apart: the digits as a 64-bit
 * mantissa, a power of ten, the sign.  Undeclared text is held to JSON's
 * grammar, a cast is lenient.  A mantissa of up to 19 digits is exact.  Of a
 * longer one the first 19 significant digits are taken: the number lies
 * between them and them plus one, and if both round to the same double, it
 * does too.  What remains open (about one long number in 2^10, and nothing
 * else in practice) is left to strtod(3); the process never leaves the "C"
 * locale.
 */
#include "data/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/number_priv.h"
#include "util/mem.h"

/* 10^19 - 1 < 2^64. */
#define DIGITS_MAX 19
/* So far from any double that counting on makes no difference. */
#define EXPONENT_MAX ((int64_t)1 << 48)

struct scan {
	const char *text;	/* from the sign on */
	const char *end;
	const char *digits;	/* all digits of the mantissa and its point */
	const char *digits_end;
	uint64_t mantissa;	/* wraps when there are more than DIGITS_MAX */
	size_t digit_count;	/* leading zeros too */
	int64_t power;
	int negative;
};

static inline int
is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

static inline int
is_blank(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') <= '\r' - '\t';
}

static inline const char *
take_digits(const char *at, const char *end, uint64_t *mantissa)
{
	uint64_t value = *mantissa;

	for (; at < end && is_digit(*at); at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*mantissa = value;
	return at;
}

/* exponent = ("e" | "E") [ "+" | "-" ] digit { digit }; must reach the end. */
static int
scan_exponent(struct scan *scan, const char *at)
{
	int negative = 0;
	int64_t exponent = 0;

	if ((*at | 0x20) != 'e' || ++at == scan->end)
		return -1;
	if (*at == '+' || *at == '-')
		negative = *at++ == '-';
	if (at == scan->end)
		return -1;
	for (; at < scan->end && is_digit(*at); at++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*at - '0');
	scan->power += negative ? -exponent : exponent;
	return at == scan->end ? 0 : -1;
}

/*
 * What follows the integer part, of which `at` is the end: a fraction, an
 * exponent, the end of the text.  A cast needs a digit on one side only.
 */
static inline int
scan_rest(struct scan *scan, const char *at, int lenient)
{
	size_t integer_digits = (size_t)(at - scan->digits);
	size_t fraction_digits = 0;

	scan->power = 0;
	scan->digits_end = at;
	if (at < scan->end && *at == '.') {
		const char *start = ++at;
		at = take_digits(at, scan->end, &scan->mantissa);
		fraction_digits = (size_t)(at - start);
		if (fraction_digits == 0 && !lenient)
			return -1;
		scan->power = -(int64_t)fraction_digits;
		scan->digits_end = at;
	}
	scan->digit_count = integer_digits + fraction_digits;
	if (scan->digit_count == 0)
		return -1;
	return at == scan->end ? 0 : scan_exponent(scan, at);
}

/* Takes the first significant digits anew; was one dropped that is not 0? */
static int
scan_shorten(struct scan *scan)
{
	const char *at = scan->digits;
	uint64_t mantissa = 0;
	unsigned taken = 0;
	size_t left = scan->digit_count;

	for (; at < scan->digits_end && taken < DIGITS_MAX; at++) {
		if (*at == '.')
			continue;
		left--;
		mantissa = mantissa * 10 + (uint64_t)(*at - '0');
		taken += mantissa != 0;
	}
	scan->mantissa = mantissa;
	scan->power += (int64_t)left;
	while (at < scan->digits_end && (*at == '0' || *at == '.'))
		at++;
	return at < scan->digits_end;
}

/* The C library on a copy with a NUL behind it. */
static double __attribute__((noinline, cold))
scan_exactly(const struct scan *scan)
{
	char local[128];
	size_t size = (size_t)(scan->end - scan->text);
	char *copy = size < sizeof(local) ? local : mem_alloc(size + 1);

	memcpy(copy, scan->text, size);
	copy[size] = '\0';
	double number = strtod(copy, NULL);
	if (copy != local)
		mem_free(copy);
	return number;
}

/* The number of a complete scan; -1 if it is infinite. */
static int
scan_float(struct scan *scan, double *out)
{
	double number = 0, above;
	int dropped = scan->digit_count > DIGITS_MAX && scan_shorten(scan);

	if (scan->mantissa != 0) {
		if (number_scale(scan->mantissa, scan->power, &number) != 0 ||
		    (dropped && (number_scale(scan->mantissa + 1, scan->power,
		    &above) != 0 || above != number)))
			number = fabs(scan_exactly(scan));
		if (isinf(number))
			return -1;
	}
	*out = scan->negative ? -number : number;
	return 0;
}

/* The integer of a scan without fraction and exponent; -1 if too large. */
static inline int
scan_int(const struct scan *scan, int64_t *out)
{
	if (scan->digit_count > DIGITS_MAX ||
	    scan->mantissa > (uint64_t)INT64_MAX + (uint64_t)scan->negative)
		return -1;
	/* Two's complement: -2^63 comes out right. */
	*out = (int64_t)(scan->negative ? -scan->mantissa : scan->mantissa);
	return 0;
}

enum number_kind
number_parse(const char *bytes, size_t size, int64_t *integer, double *number)
{
	struct scan scan;
	const char *end = bytes + size;

	if (size == 0)
		return NUMBER_NOT;
	scan.negative = *bytes == '-';
	scan.digits = bytes + scan.negative;
	scan.mantissa = 0;
	const char *at = take_digits(scan.digits, end, &scan.mantissa);
	scan.digit_count = (size_t)(at - scan.digits);
	if (scan.digit_count == 0 ||
	    (*scan.digits == '0' && scan.digit_count > 1))
		return NUMBER_NOT;
	if (at == end && scan_int(&scan, integer) == 0)
		return NUMBER_INT;
	scan.text = bytes;
	scan.end = end;
	if (scan_rest(&scan, at, 0) != 0 || scan_float(&scan, number) != 0)
		return NUMBER_NOT;
	return NUMBER_FLOAT;
}

/* Takes blanks off both ends and the sign; -1 if nothing is left. */
static int
scan_trim(struct scan *scan, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while (bytes < end && is_blank(*bytes))
		bytes++;
	while (bytes < end && is_blank(end[-1]))
		end--;
	scan->text = bytes;
	scan->end = end;
	scan->negative = bytes < end && *bytes == '-';
	scan->digits = bytes +
	    (bytes < end && (*bytes == '-' || *bytes == '+'));
	scan->mantissa = 0;
	return scan->digits < end ? 0 : -1;
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The digits behind 0x; -1 if there are none or more than 64 bits of them. */
static int
scan_hex(struct scan *scan, const char *at)
{
	if (at == scan->end)
		return -1;
	for (; at < scan->end; at++) {
		int digit = hex_digit(*at);
		if (digit < 0 || scan->mantissa >> 60 != 0)
			return -1;
		scan->mantissa = scan->mantissa << 4 | (uint64_t)digit;
	}
	scan->digit_count = 1;
	return 0;
}

int
number_cast_int(const char *bytes, size_t size, int64_t *out)
{
	struct scan scan;

	if (scan_trim(&scan, bytes, size) != 0)
		return -1;
	const char *at = scan.digits;
	if (scan.end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x') {
		if (scan_hex(&scan, at + 2) != 0)
			return -1;
		return scan_int(&scan, out);
	}
	/* One zero stays, so that a digit is there. */
	while (scan.end - at > 1 && *at == '0')
		at++;
	scan.digits = at;
	at = take_digits(at, scan.end, &scan.mantissa);
	scan.digit_count = (size_t)(at - scan.digits);
	if (scan.digit_count == 0 || at != scan.end)
		return -1;
	return scan_int(&scan, out);
}

int
number_cast_float(const char *bytes, size_t size, double *out)
{
	struct scan scan;

	if (scan_trim(&scan, bytes, size) != 0)
		return -1;
	const char *at = take_digits(scan.digits, scan.end, &scan.mantissa);
	if (scan_rest(&scan, at, 1) != 0)
		return -1;
	return scan_float(&scan, out);
}
