#include "func/agg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agg_bench.h"
#include "data/number.h"
#include "func/agg_twin.h"

#define ROUNDS 60

static void
check(const char *name, const struct value *values, uint32_t count,
	const char *expected)
{
	struct buf out = { 0 };
	uint64_t seed = 1;
	struct value p = int_value(90);

	for (int i = 0; i < 5; i++) {
		run_all_ways(name, strcmp(name, "percentile") == 0 ? &p : NULL,
		    &values, 1, count, &seed, &out);
		cr_assert_str_eq(buf_string(&out), expected, "%s: %s", name,
		    buf_string(&out));
	}
	buf_fini(&out);
}

#define CHECK(name, expected, ...) do { \
	const struct value listed[] = { __VA_ARGS__ }; \
	check(name, listed, sizeof(listed) / sizeof(*listed), expected); \
} while (0)

/* What the registry says of each is so. */
Test(agg, examples)
{
	const struct value x[4] = { int_value(1), int_value(2), int_value(3),
		int_value(4) };
	const struct value t[4] = { text_value(TYPE_TEXT, "a"),
		text_value(TYPE_TEXT, "b"), text_value(TYPE_TEXT, "b"),
		text_value(TYPE_TEXT, "c") };
	struct value p = int_value(90);
	size_t count;
	const struct agg_def *const *all = agg_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct agg_def *def = all[i];
		const char *open = strchr(def->example, '(');
		const struct value *args[2] = { open[1] == 't' ? t : x, x };
		struct buf out = { 0 };
		uint64_t seed = 1;
		cr_assert_eq(agg_find(def->name, strlen(def->name)), def);
		run_all_ways(def->name, strstr(def->example, "90") != NULL ?
		    &p : NULL, args, strstr(def->example, ", x") != NULL ? 2 :
		    1, 4, &seed, &out);
		cr_assert_str_eq(buf_string(&out), def->result, "%s",
		    def->name);
		buf_fini(&out);
	}
	cr_assert_null(agg_find("suM", 3));
	cr_assert_null(agg_find("su", 2));
}

Test(agg, of_nothing)
{
	size_t count;
	const struct agg_def *const *all = agg_all(&count);

	for (size_t i = 0; i < count; i++) {
		struct bench bench;
		struct buf out = { 0 };
		struct value p = int_value(50);
		const char *name = all[i]->name;
		const char *expected = strncmp(name, "count", 5) == 0 ? "0" :
		    strncmp(name, "list", 4) == 0 ? "[]" : "null";
		bench_open(&bench, name, all[i]->arg_max > 1 ? &p : NULL);
		void *state = bench_reload(&bench, bench_state(&bench));
		cr_assert_str_eq(bench_result(&bench, state, &out), expected,
		    "%s", name);
		bench_free(&bench, state);
		bench_close(&bench);
		buf_fini(&out);
	}
}

Test(agg, sums)
{
	CHECK("sum", "6", int_value(1), int_value(2), int_value(3));
	CHECK("sum", "0", int_value(INT64_MAX), int_value(-INT64_MAX));
	CHECK("sum", "9223372036854775807", int_value(INT64_MAX),
	    int_value(INT64_MAX), int_value(-INT64_MAX));
	CHECK("sum", "-9223372036854775808", int_value(INT64_MIN),
	    int_value(INT64_MIN), int_value(INT64_MAX), int_value(1));
	CHECK("sum", "error: sum is beyond 64-bit integers; "
	    "use sum(float(x))", int_value(INT64_MAX), int_value(1));
	CHECK("sum", "2.5", int_value(1), float_value(1.5));
	CHECK("sum", "9223372036854775807", int_value(INT64_MAX),
	    word_value(TYPE_INT, 0));
	CHECK("sum", "1", float_value(1e100), float_value(1),
	    float_value(-1e100));
	CHECK("sum", "0.6", float_value(0.1), float_value(0.2),
	    float_value(0.3));
	CHECK("sum", "inf", float_value(INFINITY), float_value(1));
	CHECK("sum", "1.75", decimal_value(150, 2), decimal_value(25, 2));
	CHECK("sum", "11.755", decimal_value(175, 2), int_value(10),
	    decimal_value(5, 3));
	CHECK("sum", "1.50", decimal_value(100, 2), decimal_value(50, 2));
	CHECK("sum", "2.5", decimal_value(1, 0), float_value(1.5));
	CHECK("sum", "100000000000000000",
	    decimal_value(99999999999999999, 0), decimal_value(100, 2));
}

Test(agg, sums_that_do_not_fit)
{
	CHECK("sum", "error: sum is beyond decimals of 18 digits; "
	    "use sum(float(x))", decimal_value(999999999999999999, 0),
	    decimal_value(1, 0));
	CHECK("sum", "error: sum: durations and numbers do not go together",
	    word_value(TYPE_DURATION, 5), int_value(1));
	CHECK("sum", "error: sum is beyond what a duration can be",
	    word_value(TYPE_DURATION, INT64_MAX),
	    word_value(TYPE_DURATION, 1));
	CHECK("sum", "1m1s", word_value(TYPE_DURATION, 60000000),
	    word_value(TYPE_DURATION, 1000000));
}

Test(agg, averages)
{
	CHECK("avg", "2.5", int_value(2), int_value(3));
	CHECK("avg", "9.223372036854776e18", int_value(INT64_MAX));
	CHECK("avg", "1.25", decimal_value(100, 2), decimal_value(150, 2));
	CHECK("avg", "2us", word_value(TYPE_DURATION, 1),
	    word_value(TYPE_DURATION, 2));
	CHECK("avg", "-2us", word_value(TYPE_DURATION, -1),
	    word_value(TYPE_DURATION, -2));
}

Test(agg, variances)
{
	CHECK("var", "null", int_value(1));
	CHECK("var_pop", "0", int_value(1));
	/* Far from zero, where sums of squares in one double lose all. */
	CHECK("var", "1", float_value(1e9 + 1), float_value(1e9 + 2),
	    float_value(1e9 + 3));
	CHECK("stddev_pop", "2", int_value(2), int_value(4), int_value(4),
	    int_value(4), int_value(5), int_value(5), int_value(7),
	    int_value(9));
	CHECK("var_pop", "0", float_value(0.1), float_value(0.1),
	    float_value(0.1));
	CHECK("var", "error: the variance is beyond what a float holds",
	    float_value(1e300), float_value(-1e300));
}

Test(agg, extremes)
{
	CHECK("max", "3", int_value(1), int_value(3), int_value(2));
	CHECK("min", "-1.5", int_value(1), float_value(-1.5), int_value(-1));
	CHECK("max", "b", int_value(5), text_value(TYPE_TEXT, "b"),
	    text_value(TYPE_TEXT, "a"));
	CHECK("min", "false", text_value(TYPE_TEXT, "a"), int_value(0),
	    (struct value){ .type = TYPE_BOOL });
	CHECK("max", "a text that does not fit, b",
	    text_value(TYPE_TEXT, "a text that does not fit, a"),
	    text_value(TYPE_TEXT, "a text that does not fit, b"),
	    text_value(TYPE_TEXT, "a"));
	CHECK("max", "nan", float_value(1), float_value(NAN), float_value(2));
	CHECK("min", "1", float_value(NAN), float_value(1), float_value(2));
	CHECK("max", "1970-01-02", word_value(TYPE_TIME, 5),
	    word_value(TYPE_DATE, 1), word_value(TYPE_DATE, 0));
	CHECK("min", "-9223372036854775808", int_value(INT64_MAX),
	    int_value(INT64_MIN), int_value(0));
	CHECK("max", "1.6", decimal_value(15, 1), decimal_value(16, 1));
}

Test(agg, places)
{
	CHECK("first", "b", text_value(TYPE_RAW, "b"), int_value(1));
	CHECK("last", "1", text_value(TYPE_RAW, "b"), int_value(1));
	CHECK("any_value", "2.50", text_value(TYPE_RAW, "2.50"),
	    text_value(TYPE_RAW, "a text that does not fit"));
	CHECK("last", "a text that does not fit", int_value(1),
	    text_value(TYPE_RAW, "a text that does not fit"));
}

/* A mixed column comes type by type: rows are not given in their order. */
Test(agg, places_of_mixed_columns)
{
	static const uint16_t ints[] = { 1, 2, 5 }, texts[] = { 0, 3, 4 };
	const struct value values[2][3] = {
		{ int_value(1), int_value(2), int_value(5) },
		{ text_value(TYPE_TEXT, "0"), text_value(TYPE_TEXT, "3"),
		    text_value(TYPE_TEXT, "4") },
	};
	static const char *const names[] = { "first", "last", "list" };
	static const char *const results[] = { "0", "5",
		"[\"0\",1,2,\"3\",\"4\",5]" };

	for (int n = 0; n < 3; n++) {
		struct bench bench;
		struct buf out = { 0 };
		bench_open(&bench, names[n], NULL);
		char *state = bench_state(&bench);
		char *group[3] = { state, state, state };
		for (int type = 0; type < 2; type++) {
			const struct value *part = values[type];
			struct column column;
			columns_make(&bench, &part, 1, 3, &column);
			bench.call.row = type == 0 ? ints : texts;
			bench.call.def->update(&bench.call, group, 0, &column,
			    1, 3);
		}
		cr_assert_str_eq(bench_result(&bench, state, &out),
		    results[n]);
		bench_free(&bench, state);
		bench_close(&bench);
		buf_fini(&out);
	}
}

Test(agg, different_values)
{
	CHECK("count_distinct", "3", int_value(1), text_value(TYPE_RAW, "1"),
	    float_value(1), text_value(TYPE_RAW, "01"),
	    word_value(TYPE_TIME, 1));
	CHECK("mode", "2", int_value(1), int_value(2), int_value(3),
	    int_value(3), int_value(2));
	CHECK("mode", "a text that does not fit", int_value(1),
	    text_value(TYPE_TEXT, "a text that does not fit"),
	    text_value(TYPE_TEXT, "a text that does not fit"));
	CHECK("list_distinct", "[1,2.5,\"x\"]", text_value(TYPE_TEXT, "x"),
	    float_value(2.5), int_value(1), float_value(1),
	    text_value(TYPE_TEXT, "x"));
	CHECK("list", "[2,\"x\",true]", int_value(2),
	    text_value(TYPE_TEXT, "x"), (struct value){ .type = TYPE_BOOL,
	    .cell.boolean = 1 });
}

Test(agg, percentiles)
{
	CHECK("median", "2", int_value(3), int_value(1), int_value(2));
	CHECK("median", "1.5", float_value(2), int_value(1));
	CHECK("percentile", "9.1", int_value(10), int_value(9), int_value(8),
	    int_value(7), int_value(6), int_value(5), int_value(4),
	    int_value(3), int_value(2), int_value(1));
	CHECK("median", "2s", word_value(TYPE_DURATION, 1000000),
	    word_value(TYPE_DURATION, 3000000));
	CHECK("median", "1970-01-01T00:00:00.000002Z",
	    word_value(TYPE_TIME, 1), word_value(TYPE_TIME, 3));
	CHECK("median", "-inf", float_value(-INFINITY), float_value(-INFINITY),
	    float_value(INFINITY));
	CHECK("median", "1.25", decimal_value(10, 1), decimal_value(150, 2));
	CHECK("median", "error: median: numbers, durations and timestamps do "
	    "not go together", int_value(1), word_value(TYPE_DURATION, 1));
}

Test(agg, percentile_wants_a_percentage)
{
	const struct value bad[] = { int_value(101), int_value(-1),
		float_value(NAN), text_value(TYPE_TEXT, "50") };
	const struct agg_def *def = agg_find("percentile", 10);

	for (size_t i = 0; i <= sizeof(bad) / sizeof(*bad); i++) {
		const struct value *arg[2] = { NULL, i == 4 ? NULL : &bad[i] };
		struct err err = ERR_INIT;
		unsigned bad_arg = 0;
		void *plan;
		cr_assert_eq(def->prepare(arg, 2, &plan, &bad_arg, &err), -1);
		cr_assert_eq(bad_arg, 1);
		cr_assert_str_eq(err.message,
		    "percentile needs a constant from 0 to 100");
	}
}

Test(agg, by_another)
{
	const struct value x[] = { text_value(TYPE_TEXT, "a"),
		text_value(TYPE_TEXT, "b, a text that does not fit"),
		text_value(TYPE_TEXT, "c"), text_value(TYPE_TEXT, "d") };
	const struct value by[] = { float_value(2), int_value(3),
		int_value(1), int_value(3) };
	const struct value missing[] = { float_value(2),
		{ .type = TYPE_NULL }, { .type = TYPE_NULL }, float_value(1) };
	const struct value *args[2] = { x, by };
	const struct value *some[2] = { x, missing };
	struct buf out = { 0 };
	uint64_t seed = 1;

	for (int i = 0; i < 10; i++) {
		run_all_ways("max_by", NULL, args, 2, 4, &seed, &out);
		cr_assert_str_eq(buf_string(&out),
		    "b, a text that does not fit");
		run_all_ways("min_by", NULL, args, 2, 4, &seed, &out);
		cr_assert_str_eq(buf_string(&out), "c");
		run_all_ways("max_by", NULL, some, 2, 4, &seed, &out);
		cr_assert_str_eq(buf_string(&out), "a");
	}
	buf_fini(&out);
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
check_close(const char *name, const struct value *values, uint32_t count,
	const struct value *p, uint64_t *seed, double expected)
{
	struct buf out = { 0 };
	double got = NAN;

	run_all_ways(name, p, &values, 1, count, seed, &out);
	cr_assert_eq(number_cast_float(out.bytes, out.size, &got), 0, "%s: %s",
	    name, buf_string(&out));
	cr_assert(fabs(got - expected) <= fabs(expected) * 1e-12,
	    "%s: %.17g, not %.17g", name, got, expected);
	buf_fini(&out);
}

Test(agg, numbers_against_the_naive_way)
{
	uint64_t seed = 7;

	for (int round = 0; round < ROUNDS; round++) {
		struct value values[VALUES_MAX];
		double sorted[VALUES_MAX];
		uint32_t count = 2 + random_next(&seed, VALUES_MAX - 2);
		long double sum = 0, square = 0;
		for (uint32_t i = 0; i < count; i++) {
			int64_t cents = (int64_t)random_next(&seed, 2000000) -
			    500000;
			values[i] = round % 3 == 0 ? int_value(cents) :
			    round % 3 == 1 ? float_value((double)cents / 100) :
			    random_next(&seed, 9) == 0 ? int_value(cents) :
			    decimal_value(cents, 2);
			sorted[i] = values[i].type == TYPE_INT ?
			    (double)cents : (double)cents / 100;
			sum += sorted[i];
		}
		for (uint32_t i = 0; i < count; i++)
			square += (sorted[i] - sum / count) *
			    (sorted[i] - sum / count);
		qsort(sorted, count, sizeof(*sorted), compare_doubles);
		struct value p = int_value(random_next(&seed, 101));
		double place = (double)p.cell.integer / 100 * (count - 1);
		uint32_t below = (uint32_t)place;
		double next = sorted[below + (below + 1 < count)];
		check_close("percentile", values, count, &p, &seed,
		    sorted[below] + (next - sorted[below]) * (place - below));
		check_close("sum", values, count, NULL, &seed, (double)sum);
		check_close("avg", values, count, NULL, &seed,
		    (double)(sum / count));
		check_close("var", values, count, NULL, &seed,
		    (double)(square / (count - 1)));
		check_close("stddev_pop", values, count, NULL, &seed,
		    (double)sqrtl(square / count));
		check_close("min", values, count, NULL, &seed, sorted[0]);
		check_close("max", values, count, NULL, &seed,
		    sorted[count - 1]);
	}
}

/* Any values of any types: all ways of adding them agree. */
Test(agg, order_of_portions_does_not_show)
{
	static const char *const texts[] = { "", "a", "b", "1", "01", "1.0",
		"twelve bytes", "thirteen byte", "a text that does not fit" };
	uint64_t seed = 8;
	size_t count;
	const struct agg_def *const *all = agg_all(&count);

	for (int round = 0; round < ROUNDS; round++) {
		struct value values[2][VALUES_MAX];
		const struct value *args[2] = { values[0], values[1] };
		uint32_t rows = 1 + random_next(&seed, 60);
		struct buf out = { 0 };
		for (uint32_t i = 0; i < 2 * rows; i++) {
			const char *text = texts[random_next(&seed, 9)];
			int64_t random = random_next(&seed, 20);
			const struct value any[] = { int_value(random),
				float_value((double)random / 4),
				text_value(TYPE_TEXT, text),
				text_value(TYPE_RAW, text),
				word_value(TYPE_TIME, random),
				word_value(TYPE_DATE, random),
				word_value(TYPE_DURATION, random),
				decimal_value(random, 1) };
			values[i % 2][i / 2] = any[i % 2 == 1 ? 0 :
			    random_next(&seed, 8)];
		}
		for (size_t i = 0; i < count; i++)
			if (all[i]->want[0] == FUNC_ANY)
				run_all_ways(all[i]->name, NULL, args,
				    all[i]->arg_max, rows, &seed, &out);
		buf_fini(&out);
	}
}

/* Many different keys: the table grows, and keys survive saving. */
Test(agg, many_different_values)
{
	struct bench bench;
	struct buf out = { 0 };

	bench_open(&bench, "count_distinct", NULL);
	void *state = bench_state(&bench);
	for (int64_t i = 0; i < 20000; i += 100) {
		struct value values[100];
		const struct value *args[1] = { values };
		for (int k = 0; k < 100; k++)
			values[k] = int_value((i + k) % 15000 * 1000000007);
		bench_add(&bench, state, args, 1, 100, (uint64_t)i, 0);
	}
	state = bench_reload(&bench, state);
	cr_assert_str_eq(bench_result(&bench, state, &out), "15000");
	bench_free(&bench, state);
	bench_close(&bench);
	buf_fini(&out);
}

/* Rows that the budget refuses are rejected, and the rest stays right. */
Test(agg, budget_refuses)
{
	static const char *const names[] = { "median", "count_distinct",
		"list", "mode", "list_distinct", "max", "last", "max_by" };

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		struct bench bench;
		struct buf out = { 0 };
		struct value values[VALUES_MAX];
		const struct value *args[2] = { values, values };
		char texts[VALUES_MAX][32];
		bench_open(&bench, names[n], NULL);
		bench.budget.limit_bytes = n < 5 ? 2000 : 20;
		for (uint32_t i = 0; i < VALUES_MAX; i++) {
			snprintf(texts[i], sizeof(texts[i]),
			    "a text that does not fit %03u", i);
			values[i] = n == 0 ? int_value(i) :
			    text_value(TYPE_TEXT, texts[i]);
		}
		void *state = bench_state(&bench);
		bench_add(&bench, state, args, 2, VALUES_MAX, 1, 1);
		cr_assert_gt(bench.rejects.count, 0, "%s", names[n]);
		cr_assert(bench.budget.used_bytes <= bench.budget.limit_bytes);
		cr_assert_not_null(strstr(bench.rejects.reason[VALUES_MAX - 1],
		    "the memory limit is reached"));
		bench_result(&bench, state, &out);
		/* Loading takes what it needs. */
		struct buf again = { 0 };
		state = bench_reload(&bench, state);
		cr_assert_str_eq(bench_result(&bench, state, &again),
		    buf_string(&out), "%s", names[n]);
		bench_free(&bench, state);
		bench_close(&bench);
		buf_fini(&out);
		buf_fini(&again);
	}
}

Test(agg, count_of_nulls)
{
	const struct value values[] = { int_value(1), { .type = TYPE_NULL },
		int_value(2), { .type = TYPE_NULL } };
	struct bench bench;
	struct buf out = { 0 };
	struct column column;
	const struct value *part = values;

	bench_open(&bench, "count", NULL);
	columns_make(&bench, &part, 1, 4, &column);
	for (int all = 0; all < 2; all++) {
		char *state = bench_state(&bench);
		char *group[4] = { state, state, state, state };
		const struct agg_def *def = bench.call.def;
		if (all)
			def->update_all(&bench.call, state, &column, 1, 4);
		else
			def->update(&bench.call, group, 0, &column, 1, 4);
		cr_assert_str_eq(bench_result(&bench, state, &out), "2");
		def->update_all(&bench.call, state, NULL, 0, 4);
		cr_assert_str_eq(bench_result(&bench, state, &out), "6");
		column_init_null(&column);
		def->update_all(&bench.call, state, &column, 1, 4);
		def->update(&bench.call, group, 0, &column, 1, 4);
		cr_assert_str_eq(bench_result(&bench, state, &out), "6");
		columns_make(&bench, &part, 1, 4, &column);
		bench_free(&bench, state);
	}
	bench_close(&bench);
	buf_fini(&out);
}

Test(agg, constant_columns)
{
	static const char *const names[] = { "sum", "avg", "min", "count",
		"median", "first", "count_distinct", "var_pop" };
	static const char *const results[] = { "6", "2", "2", "3", "2", "2",
		"1", "0" };
	struct value two = int_value(2);

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		for (int all = 0; all < 2; all++) {
			struct bench bench;
			struct buf out = { 0 };
			struct column column;
			bench_open(&bench, names[n], NULL);
			const struct agg_def *def = bench.call.def;
			column_init_const(&column, &two, bench.call.region);
			char *state = bench_state(&bench);
			char *group[3] = { state, state, state };
			if (all && def->update_all != NULL)
				def->update_all(&bench.call, state, &column, 1,
				    3);
			else
				def->update(&bench.call, group, 0, &column, 1,
				    3);
			cr_assert_str_eq(bench_result(&bench, state, &out),
			    results[n], "%s", names[n]);
			bench_free(&bench, state);
			bench_close(&bench);
			buf_fini(&out);
		}
	}
}

Test(agg, refuses_what_is_no_number)
{
	static const char *const names[] = { "sum", "avg", "median", "var" };
	const struct value text = text_value(TYPE_RAW, "x");
	const enum type type = TYPE_TEXT;

	for (size_t n = 0; n < 4; n++) {
		struct bench bench;
		struct column column;
		bench_open(&bench, names[n], NULL);
		column_init_const(&column, &text, bench.call.region);
		char *state = bench_state(&bench);
		cr_assert_eq(bench.call.def->update(&bench.call, &state, 0,
		    &column, 1, 1), -1);
		cr_assert_eq(bench.call.def->type(&type, 1), TYPE_ERROR);
		bench_free(&bench, state);
		bench_close(&bench);
	}
}

Test(agg, products_of_doubles_are_exact)
{
	uint64_t seed = 9;

	for (int i = 0; i < 100000; i++) {
		double a = (double)random_next(&seed, 1u << 30) * 8388607 +
		    random_next(&seed, 1u << 23);
		struct twin square = twin_product(a, a);
		cr_assert_eq(square.low, fma(a, a, -square.high));
	}
}
