/*
 * Writing numbers.  Integers go out two digits at a time.  Of a float's
 * decimals the shortest that read back are found after Raffaele Giulietti's
 * Schubfach: for v = c * 2^q choose the power k so that the interval of all
 * that rounds to v holds at least one and at most ten multiples of 10^k.  The
 * bounds of the interval and v itself are scaled by 10^-k with one 64 x 128
 * bit multiplication each, keeping four times the integer part and a sticky
 * last bit: enough to compare them exactly with multiples of 10^k.  A multiple
 * of 10^(k+1) inside, if there is one, is shorter; else the multiple of 10^k
 * nearest to v is taken.
 */
#include "data/number.h"

#include <math.h>
#include <string.h>

#include "data/number_priv.h"

#define MANTISSA_BITS 52
#define HIDDEN_BIT ((uint64_t)1 << MANTISSA_BITS)
#define EXPONENT_MASK 2047
/* Of the mantissa read as an integer. */
#define EXPONENT_BIAS (1023 + MANTISSA_BITS)

/* Plain notation from 1e-5 up to below 1e17. */
#define PLAIN_EXPONENT_MIN (-5)
#define PLAIN_EXPONENT_MAX 16

/* A float's decimals: digits * 10^power. */
struct shortest {
	uint64_t digits;
	int power;
};

static const char digit_pairs[200] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

unsigned
number_digit_count(uint64_t value)
{
	static const uint64_t tens[20] = {
		0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
		1000000000, 10000000000, 100000000000, 1000000000000,
		10000000000000, 100000000000000, 1000000000000000,
		10000000000000000, 100000000000000000, 1000000000000000000,
		10000000000000000000u,
	};
	/* log10(2) = 1233 / 4096, right to within one. */
	unsigned guess =
	    (64 - (unsigned)__builtin_clzll(value | 1)) * 1233 >> 12;

	return guess + (value >= tens[guess]);
}

void
number_put_digits(uint64_t value, unsigned count, char *out)
{
	char *at = out + count;

	while (at - out >= 2) {
		at -= 2;
		memcpy(at, digit_pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (at > out)
		*out = (char)('0' + value % 10);
}

static unsigned
format_unsigned(uint64_t value, char *out)
{
	unsigned count = value == 0 ? 1 : number_digit_count(value);

	number_put_digits(value, count, out);
	return count;
}

unsigned
number_format_int(int64_t value, char *out)
{
	unsigned sign = value < 0;

	*out = '-';
	/* Two's complement: the magnitude of -2^63 comes out right. */
	return sign + format_unsigned(sign ? -(uint64_t)value :
	    (uint64_t)value, out + sign);
}

/* floor(log10(2^e)), or of 3/4 of that. */
static int
log10_of_two(int e, int three_quarters)
{
	return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

/* floor(log2(10^e)). */
static int
log2_of_ten(int e)
{
	return (e * 1741647) >> 19;
}

/* The top 64 of 192 bits of the product; any bit below sets the last one. */
static uint64_t
multiply_sticky(const uint64_t *power, uint64_t value)
{
	__uint128_t low = (__uint128_t)power[1] * value;
	__uint128_t high = (__uint128_t)power[0] * value +
	    (uint64_t)(low >> 64);

	/* The power is rounded up: a 1 here is its error, not a digit. */
	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* Schubfach for the positive, finite c * 2^q. */
static struct shortest
shortest_find(uint64_t c, int q, int lower_is_closer)
{
	int k = log10_of_two(q, lower_is_closer);
	int h = q + log2_of_ten(-k) + 1;
	const uint64_t *power = number_powers[-k - NUMBER_POWER_MIN];
	uint64_t below = multiply_sticky(power,
	    (4 * c - 2 + (uint64_t)lower_is_closer) << h);
	uint64_t value = multiply_sticky(power, (4 * c) << h);
	uint64_t above = multiply_sticky(power, (4 * c + 2) << h);

	/* The bounds round to c where c is even. */
	below += c & 1;
	above -= c & 1;
	uint64_t s = value / 4;
	if (s >= 10) {
		uint64_t ten = s / 10;
		int down_inside = below <= 40 * ten;
		int up_inside = 40 * ten + 40 <= above;
		if (down_inside != up_inside)
			return (struct shortest){ ten + (uint64_t)up_inside,
			    k + 1 };
	}
	int down_inside = below <= 4 * s;
	int up_inside = 4 * s + 4 <= above;
	if (down_inside != up_inside)
		return (struct shortest){ s + (uint64_t)up_inside, k };
	uint64_t middle = 4 * s + 2;
	int up = value > middle || (value == middle && (s & 1) != 0);
	return (struct shortest){ s + (uint64_t)up, k };
}

/* Drops zeros at the end of the digits. */
static void
shortest_trim(struct shortest *shortest)
{
	while (shortest->digits % 10000 == 0) {
		shortest->digits /= 10000;
		shortest->power += 4;
	}
	while (shortest->digits % 10 == 0) {
		shortest->digits /= 10;
		shortest->power++;
	}
}

/* 1.5e-7 */
static unsigned
format_scientific(const struct shortest *shortest, unsigned count,
	int exponent, char *out)
{
	char *at = out;

	number_put_digits(shortest->digits, count, at + 1);
	at[0] = at[1];
	at[1] = '.';
	at += count == 1 ? 1 : count + 1;
	*at++ = 'e';
	return (unsigned)(at - out) + number_format_int(exponent, at);
}

/* 0.00015, 1500, 1.5 */
static unsigned
format_plain(const struct shortest *shortest, unsigned count, int exponent,
	char *out)
{
	unsigned whole = (unsigned)(exponent + 1);

	if (exponent < 0) {
		unsigned zeros = (unsigned)-exponent;
		memset(out, '0', zeros + 1);
		out[1] = '.';
		number_put_digits(shortest->digits, count, out + zeros + 1);
		return zeros + 1 + count;
	}
	if (whole >= count) {
		number_put_digits(shortest->digits, count, out);
		memset(out + count, '0', whole - count);
		return whole;
	}
	number_put_digits(shortest->digits, count, out + 1);
	memmove(out, out + 1, whole);
	out[whole] = '.';
	return count + 1;
}

static unsigned
format_special(double number, char *out)
{
	const char *text = isnan(number) ? "nan" : number < 0 ? "-inf" : "inf";
	unsigned size = (unsigned)strlen(text);

	memcpy(out, text, size);
	return size;
}

unsigned
number_format_float(double number, char *out)
{
	/* Whole numbers that a double holds exactly are disguised integers. */
	if (number > -0x1p53 && number < 0x1p53 &&
	    (double)(int64_t)number == number)
		return number_format_int((int64_t)number, out);

	uint64_t bits;
	memcpy(&bits, &number, sizeof(bits));
	uint64_t mantissa = bits & (HIDDEN_BIT - 1);
	int exponent = (int)(bits >> MANTISSA_BITS) & EXPONENT_MASK;
	if (exponent == EXPONENT_MASK)
		return format_special(number, out);

	struct shortest shortest = exponent == 0 ?
	    shortest_find(mantissa, 1 - EXPONENT_BIAS, 0) :
	    shortest_find(mantissa | HIDDEN_BIT, exponent - EXPONENT_BIAS,
	    mantissa == 0 && exponent > 1);
	shortest_trim(&shortest);
	unsigned sign = (unsigned)(bits >> 63);
	*out = '-';
	unsigned count = number_digit_count(shortest.digits);
	int first = shortest.power + (int)count - 1;
	return sign +
	    (first < PLAIN_EXPONENT_MIN || first > PLAIN_EXPONENT_MAX ?
	    format_scientific(&shortest, count, first, out + sign) :
	    format_plain(&shortest, count, first, out + sign));
}
