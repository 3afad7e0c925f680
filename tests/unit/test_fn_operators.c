#include <criterion/criterion.h>

#include "data/batch.h"
#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "expr/expr.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/*
 * A value from its notation: i:5 f:1.5 c:1.50 (decimal) b:true t:text r:raw
 * T:time D:date d:1h30m l:[1] n:
 */
static struct value
value_of(const char *text)
{
	struct value value = { .type = TYPE_NULL };
	const char *at = text + 2;
	size_t size = strlen(at);
	int bad = 0;

	switch (text[0]) {
	case 'i':
		value.type = TYPE_INT;
		bad = number_cast_int(at, size, &value.cell.integer);
		break;
	case 'f':
		value.type = TYPE_FLOAT;
		bad = number_cast_float(at, size, &value.cell.number);
		break;
	case 'c':
		value.type = TYPE_DECIMAL;
		bad = decimal_parse(at, size, &value.cell.decimal);
		break;
	case 'b':
		value.type = TYPE_BOOL;
		value.cell.boolean = at[0] == 't';
		break;
	case 't':
	case 'r':
	case 'l':
		value.type = text[0] == 't' ? TYPE_TEXT : text[0] == 'r' ?
		    TYPE_RAW : TYPE_LIST;
		value.cell.text = text_make(at, size);
		break;
	case 'T':
		value.type = TYPE_TIME;
		bad = moment_parse(at, size, &value.cell.integer);
		break;
	case 'D':
		value.type = TYPE_DATE;
		bad = moment_parse_date(at, size, &value.cell.integer);
		break;
	case 'd':
		value.type = TYPE_DURATION;
		bad = moment_parse_duration(at, size, &value.cell.integer);
		break;
	default:
		break;
	}
	cr_assert(bad == 0, "%s", text);
	return value;
}

/* The notation of a result: its type's name and its text. */
static void
show(const struct value *value, struct buf *out)
{
	out->size = 0;
	if (value->type <= TYPE_MISSING) {
		buf_add_string(out, "null");
	} else {
		buf_add_string(out, type_name(value->type));
		buf_add_char(out, ' ');
		value_add_text(value, out);
	}
	buf_string(out);
}

/* The call over fields of a batch of one row. */
static void
run_fields(const char *name, const struct value *value, unsigned count,
	struct buf *out)
{
	static const char *const names[] = { "a", "b", "c" };
	struct schema *schema = schema_new();
	struct expr *arg[3];
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < count; i++) {
		schema_add(schema, names[i], 1, TYPE_ANY);
		arg[i] = expr_field(names[i], 1, TYPE_ANY);
	}
	struct batch *batch = batch_new(schema, 1);
	struct region *region = batch_region(batch);
	for (unsigned i = 0; i < count; i++) {
		struct builder builder = { 0 };
		builder_add(&builder, &value[i]);
		builder_finish(&builder, region, &batch->column[i]);
		builder_fini(&builder);
	}
	struct expr *expr = expr_call(func_find(name, strlen(name)), arg,
	    count, NULL, &err);
	cr_assert(expr != NULL, "%s", err.message);
	struct eval eval;
	struct column column;
	eval_init(&eval, batch, region);
	expr_eval(expr, &eval, NULL, 1, &column);
	struct value result = column_value(&column, 0, region);
	if (rejects_has(&eval.rejects, 0)) {
		out->size = 0;
		buf_add_string(out, eval.rejects.reason[0]);
		buf_string(out);
	} else {
		show(&result, out);
	}
	expr_free(&expr);
	batch_free(&batch);
	schema_drop(&schema);
}

/* The call of constants, folded. */
static void
run_constants(const char *name, const struct value *value, unsigned count,
	struct buf *out)
{
	struct expr *arg[3];
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < count; i++)
		arg[i] = expr_const(&value[i]);
	struct expr *expr = expr_call(func_find(name, strlen(name)), arg,
	    count, NULL, &err);
	if (expr == NULL) {
		out->size = 0;
		buf_add_string(out, err.message);
		buf_string(out);
		return;
	}
	show(expr_constant(expr), out);
	expr_free(&expr);
}

struct example {
	const char *name;
	const char *arg[3];
	const char *result;
};

static const struct example examples[] = {
	{ "add", { "i:1", "i:2" }, "int 3" },
	{ "add", { "i:9223372036854775807", "i:1" },
	    "integer overflow in 9223372036854775807 + 1" },
	{ "sub", { "i:-9223372036854775808", "i:1" },
	    "integer overflow in -9223372036854775808 - 1" },
	{ "mul", { "i:4611686018427387904", "i:2" },
	    "integer overflow in 4611686018427387904 * 2" },
	{ "add", { "i:1", "f:0.5" }, "float 1.5" },
	{ "mul", { "f:1e308", "f:10" },
	    "float overflow in 1e308 * 10" },
	{ "add", { "r:1", "r:2.5" }, "float 3.5" },
	{ "add", { "r:007", "r:1" },
	    "a + b cannot be computed for \"007\" and 1; "
	    "to join texts use f\"{a}{b}\" or concat(a, b)" },
	{ "add", { "i:1", "n:" }, "null" },
	{ "add", { "l:[1]", "i:1" },
	    "a + b cannot be computed for a list and 1" },
	{ "div", { "i:7", "i:2" }, "float 3.5" },
	{ "div", { "i:1", "i:0" }, "division by zero in 1 / 0" },
	{ "div", { "f:1", "f:0" }, "division by zero in 1 / 0" },
	{ "int_div", { "i:-7", "i:2" }, "int -4" },
	{ "int_div", { "i:7", "i:-2" }, "int -4" },
	{ "int_div", { "f:7.5", "i:2" }, "int 3" },
	{ "int_div", { "i:1", "i:0" }, "division by zero in 1 // 0" },
	{ "int_div", { "i:-9223372036854775808", "i:-1" },
	    "integer overflow in -9223372036854775808 // -1" },
	{ "mod", { "i:-7", "i:2" }, "int 1" },
	{ "mod", { "i:7", "i:-2" }, "int -1" },
	{ "mod", { "i:-9223372036854775808", "i:-1" }, "int 0" },
	{ "mod", { "f:-7.5", "i:2" }, "float 0.5" },
	{ "mod", { "i:7", "i:0" }, "division by zero in 7 % 0" },
	{ "neg", { "i:5" }, "int -5" },
	{ "neg", { "f:0" }, "float 0" },
	{ "neg", { "i:-9223372036854775808" },
	    "integer overflow in -(-9223372036854775808)" },
	{ "neg", { "d:5m" }, "duration -5m" },
	{ "neg", { "r:5" }, "int -5" },
	/* Decimals. */
	{ "add", { "c:0.10", "c:0.2" }, "decimal 0.30" },
	{ "sub", { "c:1.00", "i:1" }, "decimal 0.00" },
	{ "mul", { "c:1.5", "c:1.5" }, "decimal 2.25" },
	{ "mul", { "c:999999999.999999999", "c:999999999.999999999" },
	    "decimal overflow in 999999999.999999999 * 999999999.999999999" },
	{ "div", { "c:1.0", "c:4" }, "float 0.25" },
	{ "int_div", { "c:-7.5", "i:2" }, "int -4" },
	{ "mod", { "c:-7.5", "i:2" }, "decimal 0.5" },
	{ "add", { "c:0.5", "f:0.3333333333333333" },
	    "float 0.8333333333333333" },
	/* Times. */
	{ "sub", { "T:2026-01-02T00:00:00Z", "T:2026-01-01T23:00:00Z" },
	    "duration 1h" },
	{ "sub", { "t:2026-01-02T00:00:00Z", "r:2026-01-01T23:00:00Z" },
	    "duration 1h" },
	{ "sub", { "t:abc", "t:2026-01-01" }, "\"abc\" is no timestamp" },
	{ "add", { "T:2026-01-01T00:00:00Z", "d:90m" },
	    "timestamp 2026-01-01T01:30:00Z" },
	{ "add", { "d:90m", "r:2026-01-01T00:00:00Z" },
	    "timestamp 2026-01-01T01:30:00Z" },
	{ "add", { "D:2026-01-31", "d:1d" }, "date 2026-02-01" },
	{ "add", { "D:2026-01-31", "d:1h" },
	    "timestamp 2026-01-31T01:00:00Z" },
	{ "sub", { "D:2026-03-01", "D:2026-02-01" }, "duration 28d" },
	{ "sub", { "D:2026-01-01", "d:1d" }, "date 2025-12-31" },
	{ "add", { "T:9999-12-31T23:00:00Z", "d:2h" },
	    "a time out of years 1 to 9999 in 9999-12-31T23:00:00Z + 2h" },
	{ "add", { "T:2026-01-01", "T:2026-01-01" },
	    "a + b cannot be computed for 2026-01-01T00:00:00Z and "
	    "2026-01-01T00:00:00Z" },
	{ "mul", { "d:5m", "i:3" }, "duration 15m" },
	{ "mul", { "f:1.5", "d:1h" }, "duration 1h30m" },
	{ "div", { "d:1h", "i:4" }, "duration 15m" },
	{ "div", { "d:1h", "d:15m" }, "float 4" },
	{ "int_div", { "d:1h", "d:25m" }, "int 2" },
	{ "mod", { "d:1h", "d:25m" }, "duration 10m" },
	{ "div", { "d:1h", "i:0" }, "division by zero in 1h / 0" },
	/* Comparisons. */
	{ "eq", { "i:1", "f:1" }, "bool true" },
	{ "eq", { "i:9007199254740993", "f:9007199254740992" }, "bool false" },
	{ "gt", { "i:9007199254740993", "f:9007199254740992" }, "bool true" },
	{ "lt", { "i:9223372036854775807", "f:9223372036854775808" },
	    "bool true" },
	{ "eq", { "c:1.50", "f:1.5" }, "bool true" },
	{ "eq", { "r:1.0", "i:1" }, "bool true" },
	{ "eq", { "r:1.0", "r:1" }, "bool true" },
	{ "eq", { "r:01", "r:1" }, "bool false" },
	{ "eq", { "r:01", "i:1" }, "bool false" },
	{ "eq", { "t:1", "i:1" }, "bool false" },
	{ "lt", { "i:99", "t:1" }, "bool true" },
	{ "eq", { "t:1.0", "r:1" }, "bool false" },
	{ "lt", { "r:10", "r:9" }, "bool false" },
	{ "lt", { "t:10", "r:9" }, "bool true" },
	{ "eq", { "r:true", "b:true" }, "bool true" },
	{ "eq", { "r:yes", "b:true" }, "bool false" },
	{ "ne", { "n:", "i:1" }, "null" },
	{ "lt", { "T:2026-01-01", "t:2026-01-02" }, "bool true" },
	{ "eq", { "D:2026-01-01", "T:2026-01-01" }, "bool true" },
	{ "lt", { "T:2026-01-01", "t:abc" }, "bool true" },
	{ "gt", { "d:1h", "d:59m" }, "bool true" },
	{ "eq", { "l:[1,2]", "l:[1,2]" }, "bool true" },
	{ "between", { "i:5", "i:1", "i:5" }, "bool true" },
	{ "between", { "r:5.5", "i:1", "i:5" }, "bool false" },
	{ "between", { "t:b", "t:a", "t:c" }, "bool true" },
	{ "in_list", { "r:2", "l:[1,2]" }, "bool true" },
	{ "in_list", { "r:2", "l:[1,\"2\"]" }, "bool true" },
	{ "in_list", { "t:2", "l:[1,2]" }, "bool false" },
	{ "in_list", { "f:2", "l:[1,2]" }, "bool true" },
	{ "in_list", { "i:3", "l:[1,null]" }, "null" },
	{ "not", { "b:true" }, "bool false" },
	{ "not", { "r:false" }, "bool true" },
	{ "not", { "i:1" }, "not x cannot be computed for 1" },
	{ "is_null", { "n:" }, "bool true" },
	{ "is_null", { "t:" }, "bool false" },
	{ "concat", { "t:a", "i:1", "f:1.5" }, "text a11.5" },
	{ "concat", { "l:[1,@2026-01-01]", "t:x" },
	    "text [1,\"2026-01-01\"]x" },
	{ "concat", { "t:a", "n:" }, "null" },
};

Test(fn_operators, examples)
{
	struct buf got = { 0 };

	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct example *example = &examples[i];
		struct value value[3];
		unsigned count = 0;
		for (; count < 3 && example->arg[count] != NULL; count++)
			value[count] = value_of(example->arg[count]);
		run_fields(example->name, value, count, &got);
		cr_expect_str_eq(got.bytes, example->result, "%s %s: %s",
		    example->name, example->arg[0], got.bytes);
		/* As a constant undeclared text says its type when refused. */
		run_constants(example->name, value, count, &got);
		if (strstr(example->result, "cannot be") == NULL)
			cr_expect_str_eq(got.bytes, example->result,
			    "%s %s: %s", example->name, example->arg[0],
			    got.bytes);
	}
	buf_fini(&got);
}

static const struct {
	const char *name, *arg[2], *field, *constant;
} exact[] = {
	{ "add", { "c:0.5", "f:0.5" }, "float 1", "decimal 1.0" },
	{ "mul", { "f:1.1", "c:0.07" }, "float 0.07700000000000001",
	    "decimal 0.077" },
	{ "ge", { "c:0.05", "f:0.05" }, "bool false", "bool true" },
	{ "in_list", { "c:0.05", "l:[0.05,7]" }, "bool false", "bool true" },
	{ "eq", { "r:0.07", "c:0.07" }, "bool false", "bool true" },
	{ "add", { "c:0.5", "f:1e300" }, "float 1e300", "float 1e300" },
	{ "div", { "c:0.5", "f:0.5" }, "float 1", "float 1" },
};

/* A float is one beside a decimal, but a constant is what was written. */
Test(fn_operators, constants_are_exact)
{
	struct buf got = { 0 };

	for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
		struct value value[2] = { value_of(exact[i].arg[0]),
			value_of(exact[i].arg[1]) };
		run_fields(exact[i].name, value, 2, &got);
		cr_expect_str_eq(got.bytes, exact[i].field, "%s %s: %s",
		    exact[i].name, exact[i].arg[0], got.bytes);
		run_constants(exact[i].name, value, 2, &got);
		cr_expect_str_eq(got.bytes, exact[i].constant, "%s %s: %s",
		    exact[i].name, exact[i].arg[0], got.bytes);
	}
	buf_fini(&got);
}

static const struct { const char *format, *value, *result; } formats[] = {
	{ "", "f:1.5", "1.5" },
	{ ".1", "f:12.25", "12.2" },
	{ ".1", "f:12.35", "12.3" },
	{ ".2", "i:7", "7.00" },
	{ ".1", "f:-0.04", "0.0" },
	{ ".3", "f:1e-9", "0.000" },
	{ ".0", "f:2.5", "2" },
	{ ".2f", "f:1e20", "100000000000000000000.00" },
	{ "f", "f:0.5", "0.500000" },
	{ "e", "f:12345", "1.234500e+04" },
	{ ".0e", "f:12345", "1e+04" },
	{ "%", "f:0.25", "25" },
	{ ".1%", "f:0.1234", "12.3" },
	{ "05", "i:42", "00042" },
	{ "05", "i:-42", "-0042" },
	{ "08.2", "f:-3.14159", "-0003.14" },
	{ ">6", "i:42", "    42" },
	{ "6", "i:42", "    42" },
	{ "6", "t:ab", "ab    " },
	{ ">6", "t:ab", "    ab" },
	{ "*^7", "t:ab", "**ab***" },
	{ "\xc3\xa4<4", "t:\xc3\xb6", "\xc3\xb6\xc3\xa4\xc3\xa4\xc3\xa4" },
	{ "+", "i:5", "+5" },
	{ "+06", "i:5", "+00005" },
	{ ",", "i:1234567", "1,234,567" },
	{ ",.2", "f:-1234567.891", "-1,234,567.89" },
	{ ",", "i:123", "123" },
	{ "x", "i:255", "ff" },
	{ "08b", "i:5", "00000101" },
	{ "X", "i:-255", "-FF" },
	{ "d", "f:3", "3" },
	{ "d", "f:3.5",
	    "format 'd' does not go with float '3.5'" },
	{ ".3s", "t:\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
	    "\xc3\xa4\xc3\xb6\xc3\xbc" },
	{ ".1", "r:12.25", "12.2" },
	{ "8", "r:1.50", "    1.50" },
	{ "05", "r:007", "00007" },
	{ ".1", "t:abc", "format '.1' does not go with text 'abc'" },
	{ ".1", "c:2.25", "2.3" },
	{ ".4", "c:2.25", "2.2500" },
	{ "%H:%M", "T:2026-01-02T03:04:05Z", "03:04" },
	{ "%Y/%m/%d", "D:2026-01-02", "2026/01/02" },
	{ "%H", "t:2026-01-02T03:04:05Z", "03" },
	{ "%H", "i:5", "format '%H' does not go with int '5'" },
	{ ">4", "b:true", "true" },
	{ ">6", "d:90m", " 1h30m" },
};

Test(fn_operators, formats)
{
	struct buf got = { 0 };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct value value = value_of(formats[i].value);
		struct value format = { .type = TYPE_TEXT };
		struct expr *arg[2] = { expr_const(&value) };
		struct err err = ERR_INIT;
		format.cell.text = text_make(formats[i].format,
		    strlen(formats[i].format));
		arg[1] = expr_const(&format);
		struct expr *expr = expr_call(func_find("format_hole", 11),
		    arg, 2, NULL, &err);
		got.size = 0;
		if (expr == NULL)
			buf_add_string(&got, err.message);
		else
			value_add_text(expr_constant(expr), &got);
		buf_string(&got);
		cr_expect_str_eq(got.bytes, formats[i].result, "'%s' %s: %s",
		    formats[i].format, formats[i].value, got.bytes);
		expr_free(&expr);
	}
	buf_fini(&got);
}

static const struct { const char *format, *error; } wrong_formats[] = {
	{ ".", "format '.': behind the point of a format stands a number" },
	{ "5q", "format '5q': a format is [[fill]<>^][+][0][width][,][.places]"
	    "[d f e % x X o b s], or a pattern like %H:%M" },
	{ "1001", "format '1001': a width is at most 1000" },
	{ ".2d", "format '.2d': ints have no precision" },
	{ "%Q", "format '%Q': the time pattern has a letter that is none" },
};

Test(fn_operators, wrong_formats)
{
	for (size_t i = 0; i < sizeof(wrong_formats) / sizeof(*wrong_formats);
	    i++) {
		struct value format = { .type = TYPE_TEXT };
		struct err err = ERR_INIT;
		unsigned bad_arg;
		format.cell.text = text_make(wrong_formats[i].format,
		    strlen(wrong_formats[i].format));
		struct expr *arg[2] = { expr_field("a", 1, TYPE_ANY),
		    expr_const(&format) };
		cr_assert(expr_call(func_find("format_hole", 11), arg, 2,
		    &bad_arg, &err) == NULL);
		cr_expect_str_eq(err.message, wrong_formats[i].error);
		cr_expect(bad_arg == 1);
	}
}

Test(fn_operators, plan_time_errors)
{
	struct err err = ERR_INIT;
	struct value text = { .type = TYPE_TEXT };
	struct expr *arg[17];

	text.cell.text = text_make("x", 1);
	arg[0] = expr_const(&text);
	arg[1] = expr_field("a", 1, TYPE_TEXT);
	cr_assert(expr_call(func_find("add", 3), arg, 2, NULL, &err) == NULL);
	cr_expect_str_eq(err.message,
	    "a + b cannot be computed for text and text");
	cr_expect_str_eq(err.hint,
	    "to join texts use f\"{a}{b}\" or concat(a, b)");

	err_clear(&err);
	arg[0] = expr_field("a", 1, TYPE_LIST);
	cr_assert(expr_call(func_find("neg", 3), arg, 1, NULL, &err) == NULL);
	cr_expect_str_eq(err.message, "-x cannot be computed for list");

	err_clear(&err);
	arg[0] = expr_field("a", 1, TYPE_ANY);
	cr_assert(expr_call(func_find("eq", 2), arg, 1, NULL, &err) == NULL);
	cr_expect_str_eq(err.message, "a == b takes 2 arguments, not 1");

	/* concat nests. */
	err_clear(&err);
	for (int i = 0; i < 17; i++)
		arg[i] = expr_const(&text);
	struct expr *expr = expr_call(func_find("concat", 6), arg, 17, NULL,
	    &err);
	cr_assert(expr != NULL);
	cr_expect(expr_constant(expr)->cell.text.size == 17);
	expr_free(&expr);
}
