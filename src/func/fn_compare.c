/*
 * == != < <= > >=, and `x in a..b`.
 *
 * compare_values() says how two values stand; it is the whole truth and the
 * slow way.  The kernels do the same for pairs of columns that come in bulk:
 * words (ints, times, durations), floats, texts.  What does not go together is
 * decided by type alone, once for all rows.
 *
 * Undeclared fields are mostly read as what stands on the other side before
 * they come here (FUNC_PEER), so RAW is met beside text, or where the other
 * side is of many types.
 */
#include "func/compare.h"

#include <math.h>

#include "data/moment.h"
#include "data/number.h"
#include "func/decimal.h"
#include "func/func_priv.h"

#define DAY_US 86400000000ll

/* Time, from a date or from text that reads as one.  0 or -1. */
static int
value_time(const struct value *value, int64_t *us)
{
	switch (value->type) {
	case TYPE_TIME:
		*us = value->cell.integer;
		return 0;
	case TYPE_DATE:
		return __builtin_mul_overflow(value->cell.integer, DAY_US, us) ?
		    -1 : 0;
	case TYPE_TEXT:
	case TYPE_RAW:
		return moment_parse(text_bytes(&value->cell.text),
		    value->cell.text.size, us);
	default:
		return -1;
	}
}

static int
is_text(enum type type)
{
	return type == TYPE_TEXT || type == TYPE_RAW;
}

static int
is_time(enum type type)
{
	return type == TYPE_TIME || type == TYPE_DATE;
}

/* Two undeclared texts: as numbers if both look like numbers. */
static int
compare_raws(const struct value *a, const struct value *b)
{
	if (!text_equal(&a->cell.text, &b->cell.text)) {
		struct value x = value_settle(a);
		struct value y = value_settle(b);
		if (x.type != TYPE_TEXT && y.type != TYPE_TEXT)
			return value_compare(&x, &y);
	}
	return text_compare(&a->cell.text, &b->cell.text);
}

/* Undeclared text beside a bool is one if it says so. */
static struct value
raw_bool(const struct value *raw)
{
	struct value value = { .type = TYPE_TEXT };
	const char *bytes = text_bytes(&raw->cell.text);
	uint32_t size = raw->cell.text.size;

	value.cell.text = raw->cell.text;
	if ((size == 4 && memcmp(bytes, "true", 4) == 0) ||
	    (size == 5 && memcmp(bytes, "false", 5) == 0)) {
		value.type = TYPE_BOOL;
		memset(&value.cell, 0, sizeof(value.cell));
		value.cell.boolean = size == 4;
	}
	return value;
}

int
compare_values(const struct value *a, const struct value *b)
{
	struct value settled;
	int64_t x, y;

	if (is_text(a->type) && is_text(b->type)) {
		if (a->type == TYPE_RAW && b->type == TYPE_RAW)
			return compare_raws(a, b);
		return text_compare(&a->cell.text, &b->cell.text);
	}
	if ((is_time(a->type) || is_time(b->type)) &&
	    value_time(a, &x) == 0 && value_time(b, &y) == 0)
		return (x > y) - (x < y);
	if (a->type == TYPE_RAW && b->type == TYPE_BOOL) {
		settled = raw_bool(a);
		a = &settled;
	} else if (a->type == TYPE_BOOL && b->type == TYPE_RAW) {
		settled = raw_bool(b);
		b = &settled;
	}
	return value_compare(a, b);
}

enum compare_op
compare_op_mirror(enum compare_op op)
{
	static const enum compare_op mirror[] = {
		COMPARE_EQ, COMPARE_NE, COMPARE_GT, COMPARE_GE, COMPARE_LT,
		COMPARE_LE,
	};

	return mirror[op];
}

#define KERNEL_NAME compare_words
#define KERNEL_TYPE int64_t
#define KERNEL_ATTRIBUTE KERNEL_LOOPS
#include "func/compare_template.h"

#define KERNEL_NAME compare_floats
#define KERNEL_TYPE double
#define KERNEL_ATTRIBUTE KERNEL_LOOPS
#include "func/compare_template.h"

#define KERNEL_NAME compare_bools
#define KERNEL_TYPE uint8_t
#define KERNEL_ATTRIBUTE KERNEL_LOOPS
#include "func/compare_template.h"

/* One comparison of a call: columns a and b, bools out. */
struct pair {
	enum compare_op op;
	struct column a;
	struct column b;
	uint32_t rows;
	uint8_t *out;
};

static void
pair_words(const struct pair *pair)
{
	const int64_t *a = pair->a.data, *b = pair->b.data;

	if (pair->b.encoding == CONST)
		compare_words_constant(pair->op, a, b[0], pair->rows,
		    pair->out);
	else
		compare_words_columns(pair->op, a, b, pair->rows, pair->out);
}

static void
pair_floats(const struct pair *pair)
{
	const double *a = pair->a.data, *b = pair->b.data;

	if (pair->b.encoding == CONST)
		compare_floats_constant(pair->op, a, b[0], pair->rows,
		    pair->out);
	else
		compare_floats_columns(pair->op, a, b, pair->rows, pair->out);
}

static void
pair_bools(const struct pair *pair)
{
	const uint8_t *a = pair->a.data, *b = pair->b.data;

	if (pair->b.encoding == CONST)
		compare_bools_constant(pair->op, a, b[0], pair->rows,
		    pair->out);
	else
		compare_bools_columns(pair->op, a, b, pair->rows, pair->out);
}

/* Texts by their bytes.  Equality needs only the views for short ones. */
static void
pair_texts(const struct pair *pair)
{
	const struct text *a = pair->a.data, *b = pair->b.data;
	uint32_t mask = column_mask(&pair->b);
	uint8_t *restrict out = pair->out;

	if (pair->op == COMPARE_EQ || pair->op == COMPARE_NE) {
		uint8_t negate = pair->op == COMPARE_NE;
		for (uint32_t i = 0; i < pair->rows; i++)
			out[i] = (uint8_t)text_equal(&a[i], &b[i & mask]) ^
			    negate;
		return;
	}
	for (uint32_t i = 0; i < pair->rows; i++)
		out[i] = (uint8_t)compare_holds(pair->op,
		    text_compare(&a[i], &b[i & mask]));
}

/* <0, 0, >0; exact also where the int is none that a float can hold. */
static inline int
compare_int_float(int64_t a, double b)
{
	const int64_t exact = (int64_t)1 << 53;

	/* NaN is above all other numbers. */
	if (!(b < 9223372036854775808.0))
		return -1;
	if (a >= -exact && a <= exact)
		return ((double)a > b) - ((double)a < b);
	if (b < -9223372036854775808.0)
		return 1;
	/* |b| is whole or far below |a|: its floor decides as b does. */
	int64_t floor_b = (int64_t)floor(b);
	if (a != floor_b)
		return a < floor_b ? -1 : 1;
	return (double)floor_b < b ? -1 : 0;
}

/* Column a of ints, column b of floats. */
static void
pair_int_float(const struct pair *pair)
{
	const int64_t *a = pair->a.data;
	const double *b = pair->b.data;
	uint32_t a_mask = column_mask(&pair->a), b_mask = column_mask(&pair->b);

	for (uint32_t i = 0; i < pair->rows; i++) {
		pair->out[i] = (uint8_t)compare_holds(pair->op,
		    compare_int_float(a[i & a_mask], b[i & b_mask]));
	}
}

/* What two orders of -1, 0 and 1 mean for the operator, by order + 1. */
static void
fill_answers(enum compare_op op, uint8_t answer[3])
{
	for (int order = -1; order <= 1; order++)
		answer[order + 1] = (uint8_t)compare_holds(op, order);
}

/* Columns of decimals; ints are some without places. */
static void
pair_decimals(const struct pair *pair, struct region *region)
{
	const struct decimal *a = decimal_rows(&pair->a, pair->rows, region);
	const struct decimal *b = decimal_rows(&pair->b, pair->rows, region);
	uint32_t a_mask = column_mask(&pair->a), b_mask = column_mask(&pair->b);
	uint8_t answer[3], *restrict out = pair->out;

	fill_answers(pair->op, answer);
	for (uint32_t i = 0; i < pair->rows; i++)
		out[i] = answer[decimal_compare(a[i & a_mask],
		    b[i & b_mask]) + 1];
}

/* The begin of a day, or the end of time that is nearest to it. */
static int64_t
midnight(int64_t days)
{
	int64_t us;

	if (__builtin_mul_overflow(days, DAY_US, &us))
		return days < 0 ? INT64_MIN : INT64_MAX;
	return us;
}

/* Dates against times: the midnights they begin with. */
static void
pair_dates(struct pair *pair, struct region *region)
{
	struct column *side[2] = { &pair->a, &pair->b };

	for (int s = 0; s < 2; s++) {
		if (side[s]->type != TYPE_DATE)
			continue;
		uint32_t rows = side[s]->encoding == CONST ? 1 : pair->rows;
		const int64_t *days = side[s]->data;
		int64_t *us = region_alloc(region, rows * sizeof(*us));
		for (uint32_t i = 0; i < rows; i++)
			us[i] = midnight(days[i]);
		side[s]->data = us;
		side[s]->type = TYPE_TIME;
	}
	pair_words(pair);
}

static void
pair_values(const struct pair *pair)
{
	for (uint32_t i = 0; i < pair->rows; i++) {
		struct value a = column_cell(&pair->a, i);
		struct value b = column_cell(&pair->b, i);
		pair->out[i] = (uint8_t)compare_holds(pair->op,
		    compare_values(&a, &b));
	}
}

/* A constant text beside times, read once.  0 if it is none. */
static int
constant_time(const struct column *text, struct region *region,
	struct column *out)
{
	struct value value, time = { .type = TYPE_TIME };

	if (text->encoding != CONST || !is_text(text->type))
		return 0;
	value = column_cell(text, 0);
	if (value_time(&value, &time.cell.integer) != 0)
		return 0;
	column_init_const(out, &time, region);
	return 1;
}

/* Do rows of these types stand to each other by type alone? */
static int
is_decided_by_type(enum type a, enum type b)
{
	if (a == b || a == TYPE_RAW || b == TYPE_RAW)
		return 0;
	if (type_is_number(a) && type_is_number(b))
		return 0;
	if (is_time(a) || is_time(b))
		return !(is_time(a) || is_text(a)) ||
		    !(is_time(b) || is_text(b));
	return 1;
}

/* Columns a and b into pair->rows bools. */
static void
pair_by_types(struct pair *pair, struct region *region)
{
	enum type a = pair->a.type, b = pair->b.type;

	if (a == b && type_is_word(a)) {
		pair_words(pair);
	} else if (a == TYPE_FLOAT && b == TYPE_FLOAT) {
		pair_floats(pair);
	} else if (a == TYPE_BOOL && b == TYPE_BOOL) {
		pair_bools(pair);
	} else if ((is_text(a) && is_text(b) &&
	    !(a == TYPE_RAW && b == TYPE_RAW)) ||
	    (a == b && (a == TYPE_LIST || a == TYPE_RECORD))) {
		pair_texts(pair);
	} else if (a == TYPE_INT && b == TYPE_FLOAT) {
		pair_int_float(pair);
	} else if (a == TYPE_FLOAT && b == TYPE_INT) {
		struct pair swapped = { compare_op_mirror(pair->op), pair->b,
		    pair->a, pair->rows, pair->out };
		pair_int_float(&swapped);
	} else if ((a == TYPE_DECIMAL || a == TYPE_INT) &&
	    (b == TYPE_DECIMAL || b == TYPE_INT)) {
		pair_decimals(pair, region);
	} else if (is_time(a) && is_time(b)) {
		pair_dates(pair, region);
	} else if (is_decided_by_type(a, b)) {
		struct value x = column_cell(&pair->a, 0);
		struct value y = column_cell(&pair->b, 0);
		memset(pair->out, compare_holds(pair->op,
		    compare_values(&x, &y)), pair->rows);
	} else {
		pair_values(pair);
	}
}

static void
pair_compare(struct pair *pair, struct region *region)
{
	uint32_t rows = pair->rows;
	struct column time;

	/* A constant goes to the right. */
	if (pair->a.encoding == CONST && pair->b.encoding != CONST) {
		struct column a = pair->a;
		pair->a = pair->b;
		pair->b = a;
		pair->op = compare_op_mirror(pair->op);
	}
	if (is_time(pair->a.type) && constant_time(&pair->b, region, &time))
		pair->b = time;
	if (pair->a.encoding == CONST)
		pair->rows = 1;
	pair_by_types(pair, region);
	if (pair->rows < rows)
		memset(pair->out, pair->out[0], rows);
}

static int
compare_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct pair pair = {
		.op = (enum compare_op)compare_op_of(call->def),
		.a = arg[0],
		.b = arg[1],
	};

	(void)arg_count;
	column_init_flat(out, TYPE_BOOL, count, call->region);
	pair.rows = count;
	pair.out = out->data;
	pair_compare(&pair, call->region);
	return 0;
}

static int
between_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	column_init_flat(out, TYPE_BOOL, count, call->region);
	uint8_t *below = region_alloc(call->region, count);
	uint8_t *bools = out->data;
	struct pair low = { COMPARE_GE, arg[0], arg[1], count, bools };
	struct pair high = { COMPARE_LE, arg[0], arg[2], count, below };

	pair_compare(&low, call->region);
	pair_compare(&high, call->region);
	for (uint32_t i = 0; i < count; i++)
		bools[i] &= below[i];
	return 0;
}

static enum type
bool_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_BOOL;
}

#define COMPARE_COMMON							\
	.group = "comparison",						\
	.arg_min = 2,							\
	.arg_max = 2,							\
	.flags = FUNC_HIDDEN | FUNC_PEER | FUNC_TOTAL | FUNC_EXACT,	\
	.type = bool_type,						\
	.eval = compare_eval

const struct func_def func_eq = {
	.name = "eq",
	.signature = "a == b",
	.summary = "true if a and b are equal",
	.example = "1 == 1.0",
	.result = "true",
	COMPARE_COMMON,
};

const struct func_def func_ne = {
	.name = "ne",
	.signature = "a != b",
	.summary = "true if a and b are not equal",
	.example = "1 != \"1\"",
	.result = "true",
	COMPARE_COMMON,
};

const struct func_def func_lt = {
	.name = "lt",
	.signature = "a < b",
	.summary = "true if a is less than b",
	.example = "\"b\" < \"ab\"",
	.result = "false",
	COMPARE_COMMON,
};

const struct func_def func_le = {
	.name = "le",
	.signature = "a <= b",
	.summary = "true if a is not greater than b",
	.example = "2 <= 2",
	.result = "true",
	COMPARE_COMMON,
};

const struct func_def func_gt = {
	.name = "gt",
	.signature = "a > b",
	.summary = "true if a is greater than b",
	.example = "1h > 59m",
	.result = "true",
	COMPARE_COMMON,
};

const struct func_def func_ge = {
	.name = "ge",
	.signature = "a >= b",
	.summary = "true if a is not less than b",
	.example = "1.5 >= 2",
	.result = "false",
	COMPARE_COMMON,
};

const struct func_def func_between = {
	.name = "between",
	.group = "comparison",
	.signature = "x in a..b",
	.summary = "true if x is not less than a and not greater than b",
	.example = "5 in 1..5",
	.result = "true",
	.arg_min = 3,
	.arg_max = 3,
	.flags = FUNC_HIDDEN | FUNC_PEER | FUNC_TOTAL | FUNC_EXACT,
	.type = bool_type,
	.eval = between_eval,
};

int
compare_op_of(const struct func_def *def)
{
	static const struct func_def *const defs[] = {
		&func_eq, &func_ne, &func_lt, &func_le, &func_gt, &func_ge,
	};

	for (int i = 0; i < 6; i++) {
		if (def == defs[i])
			return i;
	}
	return -1;
}
