#include <criterion/criterion.h>

#include "func/compare.h"
#include "random_expr.h"

static const struct func_def *
def_of(const char *name)
{
	return func_find(name, strlen(name));
}

static struct expr *
const_of(uint64_t *seed)
{
	static const int64_t ints[] = { 0, 1, -1, 12, 1000, 12345678,
		INT64_MAX, INT64_MIN, 9007199254740993 };
	static const double floats[] = { 0.5, -0.5, 1, 1.5, 1e3, 1e300, -1e300,
		9223372036854775808.0, -9223372036854775808.0, 0.0 };
	static const char *const texts[] = { "", "abc", "1", "12", "text and",
		"text ", "twelve bytes", "thirteen byte", "a\"b", "a,b",
		"a\tb", "\\", "a\nb", "x", "a long quoted \"text\", decoded",
		"a rather long text that lies in its chunk", "\xc3\xa4",
		"a longer text without escapes" };
	struct value value;

	switch (random_next(seed, 4)) {
	case 0:
		value.type = TYPE_FLOAT;
		value.cell.number = RANDOM_PICK(seed, floats);
		return expr_const(&value);
	case 1:
		return text_const(RANDOM_PICK(seed, texts));
	default:
		value.type = TYPE_INT;
		value.cell.integer = random_next(seed, 2) ?
		    RANDOM_PICK(seed, ints) : (int)random_next(seed, 5000);
		return expr_const(&value);
	}
}

/* Rows where the row's value compares so, one by one. */
static uint32_t
filter_slowly(const struct column *column, enum compare_op op,
	const struct value *constant, const uint16_t *sel, uint32_t count,
	struct region *region, uint16_t *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t row = sel == NULL ? (uint16_t)i : sel[i];
		struct value value = column_value(column, row, region);
		if (value.type > TYPE_MISSING && compare_holds(op,
		    compare_values(&value, constant)))
			out[n++] = row;
	}
	return n;
}

Test(filter_fast, comparisons)
{
	static const char *const names[] = { "eq", "ne", "lt", "le", "gt",
		"ge" };
	uint64_t seed = 5;

	for (int round = 0; round < 400; round++) {
		struct region *region;
		uint32_t rows = 1 + random_next(&seed, 300);
		struct batch *batch = random_batch(&seed, rows, &region);
		enum type type = TYPE_RAW + random_next(&seed, 4);
		random_slice(&seed, type, rows, region, &batch->column[0]);
		uint16_t sel[300], want[300], got[300];
		uint32_t sel_count = random_sel(&seed, rows, sel);
		for (int i = 0; i < 20; i++) {
			int op = (int)random_next(&seed, 6);
			int swapped = (int)random_next(&seed, 2);
			int with_sel = (int)random_next(&seed, 2);
			struct expr *arg[2];
			struct err err = ERR_INIT;
			struct eval eval;
			arg[swapped] = expr_field("a", 1, TYPE_ANY);
			arg[1 - swapped] = const_of(&seed);
			struct value constant =
			    *expr_constant(arg[1 - swapped]);
			struct expr *expr = expr_call(def_of(names[op]), arg,
			    2, NULL, &err);
			enum compare_op real = swapped ?
			    compare_op_mirror((enum compare_op)op) :
			    (enum compare_op)op;
			uint32_t count = with_sel ? sel_count : rows;
			uint32_t wanted = filter_slowly(&batch->column[0],
			    real, &constant, with_sel ? sel : NULL, count,
			    region, want);
			eval_init(&eval, batch, region);
			uint32_t found = expr_filter(expr, &eval,
			    with_sel ? sel : NULL, count, got);
			cr_assert(found == wanted && memcmp(got, want,
			    found * sizeof(*got)) == 0,
			    "round %d.%d: %s of %s, const %s: %u not %u",
			    round, i, names[op], type_name(type),
			    type_name(constant.type), found, wanted);
			expr_free(&expr);
		}
		batch_free(&batch);
	}
}

Test(filter_fast, ranges)
{
	uint64_t seed = 9;

	for (int round = 0; round < 300; round++) {
		struct region *region;
		uint32_t rows = 1 + random_next(&seed, 300);
		struct batch *batch = random_batch(&seed, rows, &region);
		random_slice(&seed, TYPE_RAW_CSV, rows, region,
		    &batch->column[0]);
		struct expr *arg[3] = { expr_field("a", 1, TYPE_ANY) };
		struct err err = ERR_INIT;
		struct eval eval;
		uint16_t low[300], both[300], got[300];
		arg[1] = const_of(&seed);
		arg[2] = const_of(&seed);
		struct value a = *expr_constant(arg[1]);
		struct value b = *expr_constant(arg[2]);
		struct expr *expr = expr_call(def_of("between"), arg, 3, NULL,
		    &err);
		uint32_t count = filter_slowly(&batch->column[0], COMPARE_GE,
		    &a, NULL, rows, region, low);
		count = filter_slowly(&batch->column[0], COMPARE_LE, &b, low,
		    count, region, both);
		eval_init(&eval, batch, region);
		uint32_t found = expr_filter(expr, &eval, NULL, rows, got);
		cr_assert(found == count && memcmp(got, both,
		    found * sizeof(*got)) == 0, "round %d: %u not %u", round,
		    found, count);
		expr_free(&expr);
		batch_free(&batch);
	}
}
