#include "data/number.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_column.h"

#define ROUNDS 200000

static uint64_t
random_word(uint64_t *seed)
{
	uint64_t word = 0;

	for (int i = 0; i < 4; i++)
		word = word << 16 | random_next(seed, 65536);
	return word;
}

static double
double_of(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

static int
same(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
check_parse(const char *text, enum number_kind kind, int64_t integer,
	double number)
{
	int64_t i = 0;
	double d = 0;

	cr_assert_eq(number_parse(text, strlen(text), &i, &d), kind, "%s",
	    text);
	if (kind == NUMBER_INT)
		cr_assert_eq(i, integer, "%s", text);
	if (kind == NUMBER_FLOAT)
		cr_assert(same(d, number), "%s: %a, not %a", text, d, number);
}

Test(number, looks_like_an_int)
{
	check_parse("0", NUMBER_INT, 0, 0);
	check_parse("-0", NUMBER_INT, 0, 0);
	check_parse("42", NUMBER_INT, 42, 0);
	check_parse("9223372036854775807", NUMBER_INT, INT64_MAX, 0);
	check_parse("-9223372036854775808", NUMBER_INT, INT64_MIN, 0);
	check_parse("9223372036854775808", NUMBER_FLOAT, 0, 0x1p63);
	check_parse("-9223372036854775809", NUMBER_FLOAT, 0, -0x1p63);
	check_parse("18446744073709551616", NUMBER_FLOAT, 0, 0x1p64);
}

Test(number, looks_like_a_float)
{
	check_parse("1.5", NUMBER_FLOAT, 0, 1.5);
	check_parse("-0.0", NUMBER_FLOAT, 0, -0.0);
	check_parse("1e5", NUMBER_FLOAT, 0, 1e5);
	check_parse("1E+5", NUMBER_FLOAT, 0, 1e5);
	check_parse("1.25e-3", NUMBER_FLOAT, 0, 1.25e-3);
	check_parse("1e-400", NUMBER_FLOAT, 0, 0);
	check_parse("0e999999999999999999999", NUMBER_FLOAT, 0, 0);
	check_parse("4.9e-324", NUMBER_FLOAT, 0, 0x1p-1074);
	check_parse("2.4703282292062328e-324", NUMBER_FLOAT, 0, 0x1p-1074);
	check_parse("2.4703282292062327e-324", NUMBER_FLOAT, 0, 0);
	check_parse("1.7976931348623157e308", NUMBER_FLOAT, 0,
	    0x1.fffffffffffffp1023);
	check_parse("100000000000000000000000000000", NUMBER_FLOAT, 0, 1e29);
	check_parse("0.000000000000000000000000000000000000001", NUMBER_FLOAT,
	    0, 1e-39);
}

Test(number, looks_like_text)
{
	static const char *const texts[] = {
		"", "-", "+1", "01", "-01", "00", " 1", "1 ", "1.", ".5",
		"-.5", "1e", "1e+", "1.e5", "1e5.", "nan", "inf", "-inf",
		"0x10", "1_000", "1,5", "--1", "1-1", "1e400", "-1e400",
		"1.7976931348623159e308", "1..5", "e5", "1ee5",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		check_parse(texts[i], NUMBER_NOT, 0, 0);
	/* Bytes that are no text at all. */
	int64_t integer;
	double number;
	cr_assert_eq(number_parse("1\0", 2, &integer, &number), NUMBER_NOT);
}

/* Random bits, printed with any number of digits, are read as strtod does. */
Test(number, floats_are_rounded_as_strtod_does)
{
	uint64_t seed = 1;
	char text[64];

	for (int i = 0; i < ROUNDS; i++) {
		double number = double_of(random_word(&seed));
		if (!isfinite(number))
			continue;
		snprintf(text, sizeof(text), "%.*e",
		    (int)random_next(&seed, 25), number);
		double expected = strtod(text, NULL);
		if (isinf(expected))
			check_parse(text, NUMBER_NOT, 0, 0);
		else
			check_parse(text, NUMBER_FLOAT, 0, expected);
	}
}

/* Texts exactly between two doubles, and just off that. */
Test(number, halves_go_to_even)
{
	uint64_t seed = 2;
	char text[1300];

	for (int i = 0; i < 3000; i++) {
		/* 54 bits with the last one set lie between two doubles. */
		uint64_t half = (random_word(&seed) >> 10) | 1 |
		    (uint64_t)1 << 53;
		int exponent = (int)random_next(&seed, 1000) - 500;
		long double number = ldexpl((long double)half, exponent);
		int size = snprintf(text, sizeof(text), "%.*Le",
		    (int)random_next(&seed, 2) * 700 + 60, number);
		check_parse(text, NUMBER_FLOAT, 0, strtod(text, NULL));
		char *e = strchr(text, 'e');
		e[-1] = e[-1] == '9' ? '8' : e[-1] + 1;
		check_parse(text, NUMBER_FLOAT, 0, strtod(text, NULL));
		cr_assert(size < (int)sizeof(text));
	}
}

Test(number, decimal_texts_of_all_shapes)
{
	uint64_t seed = 3;

	for (int i = 0; i < ROUNDS; i++) {
		char text[80];
		int size = 0, digits = 1 + (int)random_next(&seed, 30);
		int point = (int)random_next(&seed, (uint32_t)digits + 1);
		for (int k = 0; k < digits; k++) {
			if (k == point && k > 0)
				text[size++] = '.';
			text[size++] = (char)('0' + (k == 0 ? 1 +
			    random_next(&seed, 9) : random_next(&seed, 10)));
		}
		if (random_next(&seed, 2) == 0)
			size += snprintf(text + size, 16, "e%d",
			    (int)random_next(&seed, 690) - 345);
		text[size] = '\0';
		double expected = strtod(text, NULL), number;
		cr_assert_eq(number_cast_float(text, (size_t)size, &number),
		    isinf(expected) ? -1 : 0, "%s", text);
		if (!isinf(expected))
			cr_assert(same(number, expected), "%s", text);
	}
}

Test(number, casts)
{
	static const struct {
		const char *text;
		int int_status, float_status;
		int64_t integer;
		double number;
	} cases[] = {
		{ " +007 ", 0, 0, 7, 7 },
		{ "\t-12\r\n", 0, 0, -12, -12 },
		{ "0x1F", 0, -1, 31, 0 },
		{ "-0X8000000000000000", 0, -1, INT64_MIN, 0 },
		{ "0x8000000000000000", -1, -1, 0, 0 },
		{ "0x", -1, -1, 0, 0 },
		{ "0xg", -1, -1, 0, 0 },
		{ "0x00000000000000000000000001", 0, -1, 1, 0 },
		{ "00000000000000000000000000012", 0, 0, 12, 12 },
		{ "5.", -1, 0, 0, 5 },
		{ ".5", -1, 0, 0, 0.5 },
		{ "-.5e1", -1, 0, 0, -5 },
		{ ".", -1, -1, 0, 0 },
		{ "+", -1, -1, 0, 0 },
		{ "", -1, -1, 0, 0 },
		{ "   ", -1, -1, 0, 0 },
		{ "1 2", -1, -1, 0, 0 },
		{ "1e3", -1, 0, 0, 1000 },
		{ "nan", -1, -1, 0, 0 },
		{ "1e999", -1, -1, 0, 0 },
		{ "9223372036854775808", -1, 0, 0, 0x1p63 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;
		int64_t integer = 0;
		double number = 0;
		cr_assert_eq(number_cast_int(text, strlen(text), &integer),
		    cases[i].int_status, "'%s'", text);
		cr_assert_eq(integer, cases[i].integer, "'%s'", text);
		cr_assert_eq(number_cast_float(text, strlen(text), &number),
		    cases[i].float_status, "'%s'", text);
		cr_assert_eq(number, cases[i].number, "'%s'", text);
	}
}

static void
check_float_text(double number, const char *expected)
{
	char text[NUMBER_TEXT_MAX + 1];
	unsigned size = number_format_float(number, text);

	text[size] = '\0';
	cr_assert_str_eq(text, expected);
}

Test(number, floats_as_text)
{
	check_float_text(3, "3");
	check_float_text(-3, "-3");
	check_float_text(0, "0");
	check_float_text(-0.0, "0");
	check_float_text(0.1, "0.1");
	check_float_text(-1.5, "-1.5");
	check_float_text(123.456, "123.456");
	check_float_text(1e-5, "0.00001");
	check_float_text(9.9e-6, "9.9e-6");
	check_float_text(1.5e-7, "1.5e-7");
	check_float_text(1e16, "10000000000000000");
	check_float_text(12345678901234567.0, "12345678901234568");
	check_float_text(99999999999999984.0, "99999999999999980");
	check_float_text(1e17, "1e17");
	check_float_text(1e21, "1e21");
	check_float_text(-1.25e100, "-1.25e100");
	check_float_text(5e-324, "5e-324");
	check_float_text(2.2250738585072014e-308, "2.2250738585072014e-308");
	check_float_text(1.7976931348623157e308, "1.7976931348623157e308");
	check_float_text(9007199254740992, "9007199254740992");
	check_float_text(INFINITY, "inf");
	check_float_text(-INFINITY, "-inf");
	check_float_text(NAN, "nan");
}

/* Significant digits of a text. */
static int
digits_of(const char *text)
{
	int count = 0, zeros = 0;

	for (; *text != '\0' && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
			continue;
		zeros = *text == '0' ? zeros + 1 : 0;
		count++;
	}
	return count - zeros;
}

static void
check_shortest(double number)
{
	char text[NUMBER_TEXT_MAX + 1], probe[64];
	unsigned size = number_format_float(number, text);
	double back;

	cr_assert(size < NUMBER_TEXT_MAX);
	text[size] = '\0';
	cr_assert_eq(number_cast_float(text, size, &back), 0);
	cr_assert_eq(back, number, "%a -> %s", number, text);
	cr_assert_eq(strtod(text, NULL), number, "%a -> %s", number, text);
	/* One digit less, rounded either way, must not read back. */
	int digits = digits_of(text);
	if (digits < 2)
		return;
	snprintf(probe, sizeof(probe), "%.*e", digits - 2, number);
	cr_assert_neq(strtod(probe, NULL), number, "%s, but %s", text, probe);
	/* And with as many, none is nearer. */
	snprintf(probe, sizeof(probe), "%.*e", digits - 1, number);
	if (strtod(probe, NULL) == number)
		cr_assert_eq(number_cast_float(probe, strlen(probe), &back), 0);
}

Test(number, floats_are_written_as_short_as_can_be)
{
	uint64_t seed = 4;

	for (int i = 0; i < ROUNDS; i++) {
		double number = double_of(random_word(&seed));
		if (isfinite(number))
			check_shortest(number);
		check_shortest((double)random_next(&seed, 100000000) / 100);
		check_shortest((double)(random_word(&seed) >> 1));
		check_shortest(double_of(random_word(&seed) >>
		    (12 + random_next(&seed, 52))));
	}
	for (int exponent = -1074; exponent < 1024; exponent++) {
		check_shortest(ldexp(1, exponent));
		check_shortest(nextafter(ldexp(1, exponent), 0));
		check_shortest(nextafter(ldexp(1, exponent), INFINITY));
	}
}

Test(number, ints_as_text)
{
	uint64_t seed = 5;
	char text[NUMBER_TEXT_MAX + 1], expected[32];

	for (int i = 0; i < ROUNDS; i++) {
		int64_t integer = i < 2 ? INT64_MIN + i :
		    (int64_t)(random_word(&seed) >> random_next(&seed, 64));
		if (i % 2 != 0 && integer != INT64_MIN)
			integer = -integer;
		text[number_format_int(integer, text)] = '\0';
		snprintf(expected, sizeof(expected), "%lld",
		    (long long)integer);
		cr_assert_str_eq(text, expected);
	}
}

static void
check_decimal(const char *text, int64_t units, int scale, const char *back)
{
	struct decimal decimal;
	char out[NUMBER_TEXT_MAX + 1];

	cr_assert_eq(decimal_parse(text, strlen(text), &decimal), 0, "%s",
	    text);
	cr_assert_eq(decimal.units, units, "%s", text);
	cr_assert_eq(decimal.scale, scale, "%s", text);
	out[decimal_format(decimal, out)] = '\0';
	cr_assert_str_eq(out, back);
}

Test(number, decimals)
{
	static const char *const bad[] = {
		"", ".", "-", "1e5", "abc", "1.2.3", "1234567890123456789",
		"0.0000000000000000000", "0x1", "1.5x", "nan",
	};
	struct decimal decimal;

	check_decimal("12.50", 1250, 2, "12.50");
	check_decimal("-12.50", -1250, 2, "-12.50");
	check_decimal("+007", 7, 0, "7");
	check_decimal(" 1 ", 1, 0, "1");
	check_decimal(".5", 5, 1, "0.5");
	check_decimal("5.", 5, 0, "5");
	check_decimal("-0.05", -5, 2, "-0.05");
	check_decimal("0.00", 0, 2, "0.00");
	check_decimal("000000000000000000000001", 1, 0, "1");
	check_decimal("999999999999999999", 999999999999999999, 0,
	    "999999999999999999");
	check_decimal("0.000000000000000001", 1, 18, "0.000000000000000001");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(decimal_parse(bad[i], strlen(bad[i]), &decimal),
		    -1, "%s", bad[i]);
	decimal = (struct decimal){ .units = INT64_MIN, .scale = 18 };
	char out[NUMBER_TEXT_MAX + 1];
	out[decimal_format(decimal, out)] = '\0';
	cr_assert_str_eq(out, "-9.223372036854775808");
}
