/*
 * Arithmetic of times (instants), dates and durations.
 *
 *	time - time		duration; a date counts as its midnight
 *	time +- duration	time
 *	date +- duration	date if the duration is whole days, else time
 *	duration +- duration	duration
 *	duration * number	duration, rounded to the microsecond
 *	duration / number	duration; // number: rounded down
 *	duration / duration	float; // int, % duration
 *
 * A text among the operands of + and - that reads as a timestamp is one: the
 * times of JSON and CSV files come as text.  What leaves the years 1 to 9999 is
 * rejected.
 */
#include "func/arith_priv.h"

#include <math.h>

#include "data/moment.h"

#define DAY_US 86400000000ll

/* Kinds of operands. */
enum kind { KIND_NONE, KIND_TIME, KIND_DATE, KIND_DURATION, KIND_NUMBER,
	KIND_TEXT, KIND_ANY };

static enum kind
kind_of(enum type type)
{
	switch (type) {
	case TYPE_TIME:
		return KIND_TIME;
	case TYPE_DATE:
		return KIND_DATE;
	case TYPE_DURATION:
		return KIND_DURATION;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_DECIMAL:
		return KIND_NUMBER;
	case TYPE_TEXT:
	case TYPE_RAW:
		return KIND_TEXT;
	default:
		return type_is_open(type) ? KIND_ANY : KIND_NONE;
	}
}

/* May an operand of this kind be an instant? */
static int
is_instant(enum kind kind)
{
	return kind == KIND_TIME || kind == KIND_DATE || kind == KIND_TEXT;
}

/* `any` stands for whatever makes it go. */
static int
is_either(enum kind kind, enum kind wanted)
{
	return kind == wanted || kind == KIND_ANY;
}

static enum type
add_type(enum kind a, enum kind b)
{
	if (a == KIND_DURATION && b == KIND_DURATION)
		return TYPE_DURATION;
	enum kind other = a == KIND_DURATION ? b : a;
	if (a != KIND_DURATION && !is_either(b, KIND_DURATION))
		return TYPE_ERROR;
	if (other == KIND_DATE || other == KIND_ANY ||
	    other == KIND_DURATION)
		return TYPE_ANY;
	return is_instant(other) ? TYPE_TIME : TYPE_ERROR;
}

static enum type
sub_type(enum kind a, enum kind b)
{
	if (a == KIND_DURATION)
		return is_either(b, KIND_DURATION) ? TYPE_DURATION : TYPE_ERROR;
	if (is_instant(a) && is_instant(b))
		return TYPE_DURATION;
	if (b == KIND_DURATION) {
		if (a == KIND_DATE || a == KIND_ANY)
			return TYPE_ANY;
		return is_instant(a) ? TYPE_TIME : TYPE_ERROR;
	}
	return (is_instant(a) || a == KIND_ANY) &&
	    (is_instant(b) || b == KIND_ANY) ? TYPE_ANY : TYPE_ERROR;
}

static enum type
scale_type(enum arith_op op, enum kind a, enum kind b)
{
	if (op == ARITH_MUL && b == KIND_DURATION)
		return is_either(a, KIND_NUMBER) ? TYPE_DURATION : TYPE_ERROR;
	if (a == KIND_ANY && b == KIND_DURATION)
		return TYPE_ANY;
	if (a != KIND_DURATION)
		return TYPE_ERROR;
	if (b == KIND_ANY)
		return TYPE_ANY;
	if (b == KIND_NUMBER)
		return op == ARITH_MOD ? TYPE_ERROR : TYPE_DURATION;
	if (b != KIND_DURATION || op == ARITH_MUL)
		return TYPE_ERROR;
	if (op == ARITH_DIV)
		return TYPE_FLOAT;
	return op == ARITH_INT_DIV ? TYPE_INT : TYPE_DURATION;
}

enum type
arith_times_type(enum arith_op op, enum type a, enum type b)
{
	if (op == ARITH_ADD)
		return add_type(kind_of(a), kind_of(b));
	if (op == ARITH_SUB)
		return sub_type(kind_of(a), kind_of(b));
	return scale_type(op, kind_of(a), kind_of(b));
}

/* Texts read as times; rows that are none are rejected and hold 0. */
static void
read_times(const struct arith_pair *pair, const struct column *text,
	struct column *out)
{
	uint32_t rows = text->encoding == CONST ? 1 : pair->rows;

	column_init_flat(out, TYPE_TIME, rows, pair->call->region);
	out->encoding = text->encoding;
	int64_t *us = out->data;
	for (uint32_t i = 0; i < rows; i++) {
		const struct text *view = column_text(text, i);
		if (moment_parse(text_bytes(view), view->size, &us[i]) == 0)
			continue;
		us[i] = 0;
		/* Of a constant every row is rejected. */
		uint32_t end = rows < pair->rows ? pair->rows : i + 1;
		for (uint32_t row = i; row < end; row++)
			func_reject(pair->call, row, "\"%.*s\" is no timestamp",
			    (int)(view->size < 40 ? view->size : 40),
			    text_bytes(view));
	}
}

/* An instant's or a date's midnight's microseconds. */
static int64_t
instant_at(const struct column *column, uint32_t row)
{
	int64_t word = column_word(column, row);

	/* Dates are within years 1 to 9999, so this fits. */
	return column->type == TYPE_DATE ? word * DAY_US : word;
}

static int
is_in_range(int64_t us)
{
	return us >= MOMENT_MIN && us <= MOMENT_MAX;
}

/* time +- duration, all times. */
static void
shift_times(const struct arith_pair *pair, const struct column *time,
	const struct column *duration, struct column *out)
{
	arith_result(pair, TYPE_TIME, out);
	int64_t *us = out->data;
	for (uint32_t i = 0; i < pair->rows; i++) {
		int64_t by = column_word(duration, i);
		int overflow = pair->op == ARITH_SUB ?
		    __builtin_sub_overflow(instant_at(time, i), by, &us[i]) :
		    __builtin_add_overflow(instant_at(time, i), by, &us[i]);
		if (overflow || !is_in_range(us[i])) {
			us[i] = 0;
			arith_reject(pair, i, "a time out of years 1 to 9999");
		}
	}
}

/* The days of dates, where all are whole days; `us` are their microseconds. */
static void
to_dates(const struct column *times, uint32_t rows, struct region *region,
	struct column *out)
{
	const int64_t *us = times->data;

	column_init_flat(out, TYPE_DATE, rows, region);
	int64_t *days = out->data;
	for (uint32_t i = 0; i < rows; i++)
		days[i] = floor_div(us[i], DAY_US);
}

/* date +- duration: a date where the duration is whole days. */
static void
shift_dates(const struct arith_pair *pair, const struct column *date,
	const struct column *duration, struct column *out)
{
	struct column times, dates;
	uint32_t whole = 0;

	shift_times(pair, date, duration, &times);
	for (uint32_t i = 0; i < pair->rows; i++)
		whole += column_word(duration, i) % DAY_US == 0;
	*out = times;
	if (whole == 0)
		return;
	to_dates(&times, pair->rows, pair->call->region, &dates);
	*out = dates;
	if (whole == pair->rows)
		return;
	arith_result(pair, TYPE_MIXED, out);
	union cell *cell = out->data;
	memset(cell, 0, pair->rows * sizeof(*cell));
	for (uint32_t i = 0; i < pair->rows; i++) {
		int is_whole = column_word(duration, i) % DAY_US == 0;
		out->tags[i] = is_whole ? TYPE_DATE : TYPE_TIME;
		cell[i].integer = column_word(is_whole ? &dates : &times, i);
	}
}

/* Words added or subtracted: durations, and instants to a duration. */
static void
sum_words(const struct arith_pair *pair, struct column *out)
{
	arith_result(pair, TYPE_DURATION, out);
	int64_t *us = out->data;
	for (uint32_t i = 0; i < pair->rows; i++) {
		int64_t a = instant_at(pair->a, i);
		int64_t b = instant_at(pair->b, i);
		int overflow = pair->op == ARITH_SUB ?
		    __builtin_sub_overflow(a, b, &us[i]) :
		    __builtin_add_overflow(a, b, &us[i]);
		if (overflow) {
			us[i] = 0;
			arith_reject(pair, i, "duration overflow");
		}
	}
}

/* A float to the nearest microsecond (down for //); -1 if it does not fit. */
static int
round_us(double us, enum arith_op op, int64_t *out)
{
	us = op == ARITH_INT_DIV ? floor(us) : round(us);
	if (!(us >= -9223372036854775808.0 && us < 9223372036854775808.0))
		return -1;
	*out = (int64_t)us;
	return 0;
}

/* duration * int, // int: exact.  NULL, or what is wrong. */
static const char *
scale_by_int(enum arith_op op, int64_t us, int64_t by, int64_t *out)
{
	if (op == ARITH_MUL)
		return __builtin_mul_overflow(us, by, out) ?
		    "duration overflow" : NULL;
	if (by == 0)
		return "division by zero";
	if (us == INT64_MIN && by == -1)
		return "duration overflow";
	*out = floor_div(us, by);
	return NULL;
}

static const char *
scale_by_float(enum arith_op op, int64_t us, double by, int64_t *out)
{
	if (op != ARITH_MUL && by == 0)
		return "division by zero";
	double scaled = op == ARITH_MUL ? (double)us * by : (double)us / by;
	return round_us(scaled, op, out) == 0 ? NULL : "duration overflow";
}

/* duration * number, / number, // number. */
static void
scale_durations(const struct arith_pair *pair, const struct column *duration,
	const struct column *number, struct column *out)
{
	int exact = number->type == TYPE_INT && pair->op != ARITH_DIV;
	struct column floats;

	arith_floats(number, pair->rows, pair->call->region, &floats);
	arith_result(pair, TYPE_DURATION, out);
	int64_t *us = out->data;
	for (uint32_t i = 0; i < pair->rows; i++) {
		int64_t was = column_word(duration, i);
		us[i] = 0;
		const char *fault = exact ? scale_by_int(pair->op, was,
		    column_word(number, i), &us[i]) :
		    scale_by_float(pair->op, was,
		    column_cell(&floats, i).cell.number, &us[i]);
		if (fault != NULL) {
			us[i] = 0;
			arith_reject(pair, i, fault);
		}
	}
}

/* duration / duration, // duration, % duration. */
static void
divide_durations(const struct arith_pair *pair, struct column *out)
{
	arith_result(pair, arith_times_type(pair->op, TYPE_DURATION,
	    TYPE_DURATION), out);
	int64_t *words = out->data;
	double *floats = out->data;
	for (uint32_t i = 0; i < pair->rows; i++) {
		int64_t a = column_word(pair->a, i);
		int64_t b = column_word(pair->b, i);
		words[i] = 0;
		if (b == 0)
			arith_reject(pair, i, "division by zero");
		else if (pair->op == ARITH_DIV)
			floats[i] = (double)a / (double)b;
		else if (a == INT64_MIN && b == -1)
			arith_reject(pair, i, "integer overflow");
		else if (pair->op == ARITH_INT_DIV)
			words[i] = floor_div(a, b);
		else
			words[i] = floor_mod(a, b);
	}
}

/* + and - of instants and durations. */
static void
shift(const struct arith_pair *pair, struct column *out)
{
	int a_moves = pair->a->type == TYPE_DURATION;
	int b_moves = pair->b->type == TYPE_DURATION;
	const struct column *instant = a_moves ? pair->b : pair->a;
	const struct column *by = a_moves ? pair->a : pair->b;

	if (a_moves == b_moves)
		sum_words(pair, out);
	else if (instant->type == TYPE_DATE)
		shift_dates(pair, instant, by, out);
	else
		shift_times(pair, instant, by, out);
}

int
arith_times(const struct arith_pair *operands, struct column *out)
{
	struct arith_pair pair = *operands;
	enum type a = pair.a->type, b = pair.b->type;
	struct column times[2];

	/* RAW is an open type for plans; here it is a text. */
	if (a == TYPE_RAW)
		a = TYPE_TEXT;
	if (b == TYPE_RAW)
		b = TYPE_TEXT;
	if (arith_times_type(pair.op, a, b) == TYPE_ERROR)
		return -1;
	if (a == TYPE_TEXT) {
		read_times(operands, pair.a, &times[0]);
		pair.a = &times[0];
	}
	if (b == TYPE_TEXT) {
		read_times(operands, pair.b, &times[1]);
		pair.b = &times[1];
	}
	if (pair.op == ARITH_ADD || pair.op == ARITH_SUB)
		shift(&pair, out);
	else if (a == TYPE_DURATION && b == TYPE_DURATION)
		divide_durations(&pair, out);
	else if (a == TYPE_DURATION)
		scale_durations(&pair, pair.a, pair.b, out);
	else
		scale_durations(&pair, pair.b, pair.a, out);
	return 0;
}
