#include <criterion/criterion.h>
#include <math.h>

#include "data/column.h"
#include "random_column.h"
#include "util/buf.h"

static struct value
int_value(int64_t integer)
{
	return (struct value){ .type = TYPE_INT, .cell.integer = integer };
}

static struct value
float_value(double number)
{
	return (struct value){ .type = TYPE_FLOAT, .cell.number = number };
}

static struct value
decimal_value(int64_t units, int scale)
{
	return (struct value){ .type = TYPE_DECIMAL,
		.cell.decimal = { units, scale, 0 } };
}

static struct value
text_value(enum type type, const char *text)
{
	return (struct value){ .type = type,
		.cell.text = text_make(text, strlen(text)) };
}

static int
order(struct value a, struct value b)
{
	int forth = value_compare(&a, &b);
	int back = value_compare(&b, &a);

	cr_assert((forth < 0) == (back > 0) && (forth > 0) == (back < 0));
	return (forth > 0) - (forth < 0);
}

Test(value, numbers_are_compared_exactly)
{
	const int64_t e53 = (int64_t)1 << 53;

	cr_assert(order(int_value(e53), float_value(0x1p53)) == 0);
	cr_assert(order(int_value(e53 + 1), float_value(0x1p53)) > 0);
	cr_assert(order(int_value(e53 + 1), float_value(0x1p53 + 2)) < 0);
	cr_assert(order(int_value(-e53 - 1), float_value(-0x1p53)) < 0);
	cr_assert(order(int_value(INT64_MAX), float_value(0x1p63)) < 0);
	cr_assert(order(int_value(INT64_MIN), float_value(-0x1p63)) == 0);
	cr_assert(order(int_value(INT64_MAX), int_value(INT64_MAX - 1)) > 0);
	cr_assert(order(float_value(0.0), float_value(-0.0)) == 0);
	cr_assert(order(decimal_value(510, 2), decimal_value(51, 1)) == 0);
	cr_assert(order(decimal_value(5, 1), float_value(0.5)) == 0);
	cr_assert(order(decimal_value(3, 0), int_value(3)) == 0);
	cr_assert(order(decimal_value(-30, 1), int_value(-3)) == 0);
	/* The double nearest to 0.1 is above it, that to 0.3 below. */
	cr_assert(order(decimal_value(1, 1), float_value(0.1)) < 0);
	cr_assert(order(decimal_value(3, 1), float_value(0.3)) > 0);
	cr_assert(order(decimal_value(INT64_MAX, 18),
	    decimal_value(INT64_MAX - 1, 18)) > 0);
	cr_assert(order(float_value(NAN), float_value(INFINITY)) > 0);
	cr_assert(order(float_value(NAN), float_value(NAN)) == 0);
}

Test(value, decimals_against_long_arithmetic)
{
	uint64_t seed = 3;

	for (int round = 0; round < 100000; round++) {
		struct value a = random_value(&seed, TYPE_DECIMAL);
		struct value b = random_value(&seed, TYPE_DECIMAL);
		__int128 x = a.cell.decimal.units, y = b.cell.decimal.units;
		for (int s = a.cell.decimal.scale; s < 18; s++)
			x *= 10;
		for (int s = b.cell.decimal.scale; s < 18; s++)
			y *= 10;
		cr_assert(order(a, b) == (x > y) - (x < y));
	}
}

Test(value, classes)
{
	struct value sorted[] = {
		{ .type = TYPE_NULL },
		{ .type = TYPE_BOOL, .cell.boolean = 0 },
		{ .type = TYPE_BOOL, .cell.boolean = 1 },
		text_value(TYPE_RAW, "-1e3"), int_value(2),
		text_value(TYPE_RAW, "10"),
		{ .type = TYPE_TIME, .cell.integer = 86399999999 },
		{ .type = TYPE_DATE, .cell.integer = 1 },
		{ .type = TYPE_TIME, .cell.integer = 86400000001 },
		{ .type = TYPE_DURATION, .cell.integer = -5 },
		text_value(TYPE_RAW, "01"), text_value(TYPE_TEXT, "10"),
		text_value(TYPE_RAW, "a"), text_value(TYPE_LIST, "[]"),
		text_value(TYPE_RECORD, "{}"),
	};
	int count = sizeof(sorted) / sizeof(*sorted);

	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			cr_assert(order(sorted[i], sorted[j]) ==
			    (i > j) - (i < j), "%d %d", i, j);
}

static int
equal(struct value a, struct value b)
{
	cr_assert(value_equal(&a, &b) == value_equal(&b, &a));
	return value_equal(&a, &b);
}

Test(value, equality)
{
	struct value yes = { .type = TYPE_BOOL, .cell.boolean = 1 };
	struct value day = { .type = TYPE_DATE, .cell.integer = 1 };
	struct value time = { .type = TYPE_TIME, .cell.integer = 86400000000 };

	cr_assert(equal(text_value(TYPE_RAW, "1.0"), int_value(1)));
	cr_assert(equal(text_value(TYPE_RAW, "1.0"),
	    text_value(TYPE_RAW, "1")));
	cr_assert(!equal(text_value(TYPE_RAW, "01"), int_value(1)));
	cr_assert(equal(text_value(TYPE_RAW, "01"),
	    text_value(TYPE_TEXT, "01")));
	cr_assert(equal(text_value(TYPE_RAW, "12"),
	    text_value(TYPE_TEXT, "12")));
	cr_assert(!equal(text_value(TYPE_RAW, "1.0"),
	    text_value(TYPE_TEXT, "1")));
	cr_assert(!equal(text_value(TYPE_TEXT, "1"), int_value(1)));
	cr_assert(equal(text_value(TYPE_RAW, "true"), yes));
	cr_assert(!equal(text_value(TYPE_RAW, "True"), yes));
	cr_assert(equal(day, time));
	cr_assert(equal(text_value(TYPE_RAW, "1970-01-02T00:00:00Z"), time));
	cr_assert(equal(float_value(-0.0), int_value(0)));
}

static void
expect_forms(struct value value, const char *text, const char *json)
{
	struct buf buf = { 0 };

	value_add_text(&value, &buf);
	cr_assert_str_eq(buf_string(&buf), text);
	buf.size = 0;
	value_add_json(&value, &buf);
	cr_assert_str_eq(buf_string(&buf), json);
	buf_fini(&buf);
}

Test(value, forms)
{
	expect_forms((struct value){ .type = TYPE_NULL }, "", "null");
	expect_forms((struct value){ .type = TYPE_MISSING }, "", "null");
	expect_forms((struct value){ .type = TYPE_BOOL, .cell.boolean = 1 },
	    "true", "true");
	expect_forms(int_value(-5), "-5", "-5");
	expect_forms(float_value(1.5), "1.5", "1.5");
	expect_forms(decimal_value(150, 2), "1.50", "1.50");
	expect_forms((struct value){ .type = TYPE_DATE }, "1970-01-01",
	    "\"1970-01-01\"");
	expect_forms((struct value){ .type = TYPE_TIME },
	    "1970-01-01T00:00:00Z", "\"1970-01-01T00:00:00Z\"");
	expect_forms((struct value){ .type = TYPE_DURATION,
	    .cell.integer = 90000000 }, "1m30s", "\"1m30s\"");
	expect_forms(text_value(TYPE_TEXT, "a\"b"), "a\"b", "\"a\\\"b\"");
	expect_forms(text_value(TYPE_TEXT, "12"), "12", "\"12\"");
	expect_forms(text_value(TYPE_RAW, "12.0"), "12.0", "12.0");
	expect_forms(text_value(TYPE_RAW, "012"), "012", "\"012\"");
	expect_forms(text_value(TYPE_LIST, "[1,@1970-01-01]"),
	    "[1,\"1970-01-01\"]", "[1,\"1970-01-01\"]");
	struct buf buf = { 0 };
	struct value infinite = float_value(-INFINITY);
	value_add_json(&infinite, &buf);
	cr_assert_str_eq(buf_string(&buf), "null");
	buf_fini(&buf);
}

Test(value, order_is_total)
{
	struct value values[60];
	uint64_t seed = 17;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 60; i++)
			values[i] = random_value(&seed, (enum type)
			    random_next(&seed, TYPE_RAW + 1));
		for (int i = 0; i < 60; i++)
			for (int j = 0; j < 60; j++)
				for (int k = 0; k < 60; k++)
					cr_assert(!(order(values[i],
					    values[j]) <= 0 && order(values[j],
					    values[k]) <= 0 && order(values[i],
					    values[k]) > 0));
	}
}
