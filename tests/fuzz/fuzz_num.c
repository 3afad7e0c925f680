/*
 * Numbers as text: what reads as a float is what strtod reads; what is written
 * reads back; the lenient readers take all that the strict one takes.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

/* A float's text reads back. */
static void
check_float(double number)
{
	char text[NUMBER_TEXT_MAX + 1];
	unsigned size = number_format_float(number, text);
	double back;

	require(size <= NUMBER_TEXT_MAX);
	if (!isfinite(number))
		return;
	require(number_cast_float(text, size, &back) == 0 && back == number);
}

static void
check_int(int64_t integer)
{
	char text[NUMBER_TEXT_MAX];
	unsigned size = number_format_int(integer, text);
	int64_t back;
	double number;

	require(size <= NUMBER_TEXT_MAX);
	require(number_parse(text, size, &back, &number) == NUMBER_INT &&
	    back == integer);
	require(number_cast_int(text, size, &back) == 0 && back == integer);
}

static void
check_decimal(struct decimal decimal)
{
	char text[NUMBER_TEXT_MAX];
	unsigned size = decimal_format(decimal, text);
	struct decimal back;

	require(size <= NUMBER_TEXT_MAX);
	require(decimal_parse(text, size, &back) == 0);
	require(back.units == decimal.units && back.scale == decimal.scale);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	int64_t integer, cast_integer;
	double number, cast_number;
	struct decimal decimal;
	enum number_kind kind = number_parse(text, size, &integer, &number);

	if (kind == NUMBER_INT) {
		check_int(integer);
		require(number_cast_int(text, size, &cast_integer) == 0 &&
		    cast_integer == integer);
		number = (double)integer;
	}
	int status = number_cast_float(text, size, &cast_number);
	if (kind != NUMBER_NOT)
		require(status == 0 && cast_number == number);
	if (status == 0) {
		char *copy = calloc(1, size + 1);
		memcpy(copy, text, size);
		double expected = strtod(copy, NULL);
		require(memcmp(&expected, &cast_number, 8) == 0);
		free(copy);
		check_float(cast_number);
	}
	if (decimal_parse(text, size, &decimal) == 0)
		check_decimal(decimal);
	if (size >= sizeof(number)) {
		memcpy(&number, bytes, sizeof(number));
		check_float(number);
		memcpy(&integer, bytes, sizeof(integer));
		check_int(integer);
	}
	return 0;
}
