/*
 * Casts: a value made another type, and what type it is.  Text is read
 * leniently (blanks around, a plus sign); what does not read rejects the row
 * with a sentence, `"abc" is no int`, and try() makes null of that.
 */
#include "func/calendar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/number.h"
#include "util/buf.h"

static int
is_text_column(const struct column *column)
{
	return column->type == TYPE_TEXT || column->type == TYPE_RAW;
}

static void
reject_text(struct func_call *call, uint32_t i, struct text text,
	const char *what)
{
	char quote[KERNEL_QUOTE_MAX];

	func_reject(call, i, "%s is no %s", kernel_quote(text, quote), what);
}

static void
reject_number(struct func_call *call, uint32_t i, double number,
	const char *what)
{
	char shown[NUMBER_TEXT_MAX + 1];

	shown[number_format_float(number, shown)] = '\0';
	func_reject(call, i, "%s is no %s", shown, what);
}

static int
int_of_float(double number, int64_t *out)
{
	number = trunc(number);
	*out = 0;
	if (!(number >= -0x1p63 && number < 0x1p63))
		return -1;
	*out = (int64_t)number;
	return 0;
}

static int
int_of_text(const struct text *text, int64_t *out)
{
	double number;

	if (number_cast_int(text_bytes(text), text->size, out) == 0)
		return 0;
	*out = 0;
	if (number_cast_float(text_bytes(text), text->size, &number) != 0)
		return -1;
	return int_of_float(number, out);
}

static int
int_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in;

	(void)arg_count;
	if (arg->type == TYPE_INT) {
		*out = *arg;
		return 0;
	}
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	if (arg->type == TYPE_BOOL) {
		for (uint32_t i = 0; i < count; i++)
			target[i] = arg_bool(arg, i);
	} else if (is_text_column(arg)) {
		for (uint32_t i = 0; i < count; i++) {
			struct text text = arg_text(arg, i);
			if (int_of_text(&text, &target[i]) != 0)
				reject_text(call, i, text, "int");
		}
	} else {
		if (kernel_take_one(call, 'n', arg, count, &in) != 0)
			return -1;
		for (uint32_t i = 0; i < count; i++)
			if (int_of_float(arg_float(&in, i), &target[i]) != 0)
				reject_number(call, i, arg_float(&in, i),
				    "int");
	}
	return 0;
}

/* A set of types as bits; types not known yet are in each. */
#define ONE(type) (1u << (type))
#define OPEN (ONE(TYPE_NULL) | ONE(TYPE_MISSING) | ONE(TYPE_TEXT) | \
	ONE(TYPE_RAW) | ONE(TYPE_RAW_CSV) | ONE(TYPE_RAW_TSV) | \
	ONE(TYPE_RAW_JSON) | ONE(TYPE_MIXED) | ONE(TYPE_ANY))
#define NUMBERS (ONE(TYPE_INT) | ONE(TYPE_FLOAT) | ONE(TYPE_DECIMAL))

static enum type
cast_type(enum type from, uint32_t takes, enum type result)
{
	return ONE(from) & (OPEN | takes) ? result : TYPE_ERROR;
}

static enum type
int_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], NUMBERS | ONE(TYPE_BOOL), TYPE_INT);
}

const struct func_def func_int = {
	.name = "int",
	.group = "cast",
	.signature = "int(x)",
	.summary = "a number, text or bool as an int, what stands behind the "
	    "point cut off",
	.example = "int(\" 42 \")",
	.result = "42",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = int_type,
	.eval = int_eval,
};

static int
float_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	if (!is_text_column(arg) && arg->type != TYPE_BOOL)
		return kernel_take_one(call, 'n', arg, count, out);
	double *target = kernel_out(call, TYPE_FLOAT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		target[i] = 0;
		if (arg->type == TYPE_BOOL) {
			target[i] = arg_bool(arg, i);
			continue;
		}
		struct text text = arg_text(arg, i);
		if (number_cast_float(text_bytes(&text), text.size,
		    &target[i]) == 0)
			continue;
		target[i] = 0;
		reject_text(call, i, text, "float");
	}
	return 0;
}

static enum type
float_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], NUMBERS | ONE(TYPE_BOOL), TYPE_FLOAT);
}

const struct func_def func_float = {
	.name = "float",
	.group = "cast",
	.signature = "float(x)",
	.summary = "a number, text or bool as a float",
	.example = "float(\"+1.50\")",
	.result = "1.5",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = float_type,
	.eval = float_eval,
};

static int
text_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg_count;
	if (arg->type == TYPE_TEXT)
		*out = *arg;
	else
		column_texts(arg, NULL, count, call->region, out);
	return 0;
}

FUNC_TYPE(text_type, TYPE_TEXT, "*")

const struct func_def func_text = {
	.name = "text",
	.group = "cast",
	.signature = "text(x)",
	.summary = "any value as the text that it is written as",
	.example = "text(1h30m)",
	.result = "1h30m",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = text_type,
	.eval = text_eval,
};

static int
bool_of_text(const struct text *text, uint8_t *out)
{
	static const char words[][6] = {
		"false", "true", "no", "yes", "off", "on", "f", "t", "n", "y",
		"0", "1",
	};

	*out = 0;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == text->size &&
		    strncasecmp(words[i], text_bytes(text), text->size) == 0) {
			*out = i % 2;
			return 0;
		}
	}
	return -1;
}

static int
bool_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in;

	(void)arg_count;
	if (arg->type == TYPE_BOOL) {
		*out = *arg;
		return 0;
	}
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	if (!is_text_column(arg)) {
		if (kernel_take_one(call, 'n', arg, count, &in) != 0)
			return -1;
		for (uint32_t i = 0; i < count; i++)
			target[i] = arg_float(&in, i) != 0;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(arg, i);
		if (bool_of_text(&text, &target[i]) != 0)
			reject_text(call, i, text, "bool");
	}
	return 0;
}

static enum type
bool_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], NUMBERS | ONE(TYPE_BOOL), TYPE_BOOL);
}

const struct func_def func_bool = {
	.name = "bool",
	.group = "cast",
	.signature = "bool(x)",
	.summary = "true/false, yes/no, on/off, t/f, y/n, 1/0 in any case, or "
	    "a number that is not 0",
	.example = "bool(\"Yes\")",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_type,
	.eval = bool_eval,
};

#define SCALE_MAX 18
#define UNITS_END 1000000000000000000ll

/* Digits more or fewer behind the point, half away from zero; -1: too many. */
static int
decimal_rescale(struct decimal *x, int64_t scale)
{
	if (scale < 0 || scale > SCALE_MAX)
		return -1;
	for (; x->scale < scale; x->scale++)
		if (__builtin_mul_overflow(x->units, (int64_t)10, &x->units))
			return -1;
	if (x->scale > scale) {
		int64_t power = 1;
		for (; x->scale > scale; x->scale--)
			power *= 10;
		int64_t rest = x->units % power;
		x->units /= power;
		if (rest >= power - rest)
			x->units++;
		else if (-rest >= power + rest)
			x->units--;
	}
	return x->units > -UNITS_END && x->units < UNITS_END ? 0 : -1;
}

/* From its shortest digits; those are plain only within 1e-5..1e17. */
static int
decimal_of_float(double number, struct decimal *out)
{
	char digits[NUMBER_TEXT_MAX + SCALE_MAX];
	double size = fabs(number);

	if (size >= 1e18)
		return -1;
	if (size == 0 || (size >= 1e-5 && size < 1e17))
		return decimal_parse(digits,
		    number_format_float(number, digits), out);
	int length = snprintf(digits, sizeof(digits), "%.*f",
	    size < 1 ? SCALE_MAX : 0, number);
	/* The zeros at the end are of the format's making. */
	while (size < 1 && digits[length - 1] == '0')
		length--;
	return decimal_parse(digits, (size_t)length, out);
}

/* The number that row i is, from its digits; -1 if it is no decimal. */
static int
decimal_row(const struct column *column, uint32_t i, struct decimal *out)
{
	char digits[NUMBER_TEXT_MAX];

	switch (column->type) {
	case TYPE_DECIMAL:
		*out = ((const struct decimal *)column->data)[i &
		    column_mask(column)];
		return 0;
	case TYPE_INT:
		return decimal_parse(digits,
		    number_format_int(arg_int(column, i), digits), out);
	case TYPE_FLOAT:
		return decimal_of_float(arg_float(column, i), out);
	default: {
		struct text text = arg_text(column, i);
		return decimal_parse(text_bytes(&text), text.size, out);
	}
	}
}

static int
decimal_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column scales, shown;
	int known = type_is_number((enum type)arg->type) || is_text_column(arg);

	if (!known || (arg_count > 1 &&
	    kernel_take_one(call, 'i', &arg[1], count, &scales) != 0))
		return -1;
	struct decimal *target = kernel_out(call, TYPE_DECIMAL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct decimal row = { 0 };
		if (decimal_row(arg, i, &row) != 0 || (arg_count > 1 &&
		    decimal_rescale(&row, arg_int(&scales, i)) != 0)) {
			kernel_take_one(call, 't', arg, count, &shown);
			reject_text(call, i, arg_text(&shown, i), "decimal");
			row = (struct decimal){ 0 };
		}
		target[i] = row;
	}
	return 0;
}

static enum type
decimal_type(const enum type *arg, unsigned count)
{
	return cast_type(arg[0], NUMBERS,
	    func_type_of(arg, count, TYPE_DECIMAL, "*i"));
}

const struct func_def func_decimal = {
	.name = "decimal",
	.group = "cast",
	.signature = "decimal(x [, digits])",
	.summary = "a number or text as an exact decimal, rounded to digits "
	    "behind the point if said",
	.example = "decimal(\"2.345\", 2)",
	.result = "2.35",
	.arg_min = 1,
	.arg_max = 2,
	.want = { FUNC_ANY, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = decimal_type,
	.eval = decimal_eval,
};

static int
time_of_text(const struct text *text, int64_t *out)
{
	*out = 0;
	return moment_parse(text_bytes(text), text->size, out) == 0 ||
	    moment_parse_clf(text_bytes(text), text->size, out) == 0 ? 0 : -1;
}

/* Numbers may be seconds or milliseconds: the sentence tells how to say it. */
static void
reject_epochs(struct func_call *call, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		func_reject(call, i, "a number is no timestamp: "
		    "from_epoch() reads seconds, from_epoch_ms() milliseconds");
}

static int
timestamp_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	if (type_is_number((enum type)arg->type)) {
		memset(kernel_out(call, TYPE_TIME, count, out), 0,
		    count * sizeof(int64_t));
		reject_epochs(call, count);
		return 0;
	}
	if (!is_text_column(arg))
		return kernel_take_one(call, 'm', arg, count, out);
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(arg, i);
		if (time_of_text(&text, &target[i]) == 0)
			continue;
		target[i] = 0;
		reject_text(call, i, text, "timestamp");
	}
	return 0;
}

static enum type
timestamp_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], ONE(TYPE_TIME) | ONE(TYPE_DATE), TYPE_TIME);
}

const struct func_def func_timestamp = {
	.name = "timestamp",
	.group = "cast",
	.signature = "timestamp(x)",
	.summary = "text of ISO 8601 or of the common log format, or a date, "
	    "as a timestamp",
	.example = "timestamp(\"2026-01-02 03:04:05+01:00\")",
	.result = "2026-01-02T02:04:05Z",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = timestamp_type,
	.eval = timestamp_eval,
};

/* A text that is only a date is the same day in all zones. */
static int
date_of_text(const struct text *text, const struct zone *zone, int64_t *days)
{
	int64_t us;

	*days = 0;
	if (moment_parse_date(text_bytes(text), text->size, days) == 0)
		return 0;
	if (time_of_text(text, &us) != 0)
		return -1;
	if (zone != NULL)
		us += zone_offset(zone, us);
	*days = calendar_floor(us, CALENDAR_DAY);
	return 0;
}

static int
dates_of_texts(struct func_call *call, const struct column *arg,
	const struct column *zones, uint32_t count, struct column *out)
{
	struct zone_memo memo = { 0 };
	int64_t *target = kernel_out(call, TYPE_DATE, count, out);

	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(arg, i);
		const struct zone *zone = zones == NULL ? NULL :
		    kernel_zone(call, &memo, zones, i);
		if (date_of_text(&text, zone, &target[i]) == 0)
			continue;
		target[i] = 0;
		reject_text(call, i, text, "date");
	}
	return 0;
}

static int
date_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column zone_column;
	const struct column *zones = NULL;

	if (arg_count > 1) {
		if (kernel_take_one(call, 't', &arg[1], count,
		    &zone_column) != 0)
			return -1;
		zones = &zone_column;
	}
	if (arg->type == TYPE_DATE) {
		*out = *arg;
		return 0;
	}
	if (is_text_column(arg))
		return dates_of_texts(call, arg, zones, count, out);
	if (arg->type != TYPE_TIME)
		return -1;
	const int64_t *local = calendar_local(call, arg, zones, count);
	int64_t *restrict target = kernel_out(call, TYPE_DATE, count, out);
	for (uint32_t i = 0; i < count; i++)
		target[i] = calendar_floor(local[i], CALENDAR_DAY);
	return 0;
}

static int
date_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	return kernel_prepare_zone(arg, count, 1, bad_arg, err);
}

static enum type
date_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], ONE(TYPE_TIME) | ONE(TYPE_DATE), TYPE_DATE);
}

const struct func_def func_date = {
	.name = "date",
	.group = "cast",
	.signature = "date(x [, zone])",
	.summary = "the day of a time, or text of ISO 8601, as a date; of UTC "
	    "if no zone is said",
	.example = "date(@2026-01-02T23:30:00Z, \"Europe/Berlin\")",
	.result = "2026-01-03",
	.arg_min = 1,
	.arg_max = 2,
	.want = { FUNC_ANY, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = date_type,
	.prepare = date_prepare,
	.eval = date_eval,
};

/* Seconds as a duration; -1 if that is beyond int64. */
static int
duration_of_float(double seconds, int64_t *out)
{
	double us = seconds * 1e6;

	*out = 0;
	if (!(us >= -0x1p62 && us <= 0x1p62))
		return -1;
	*out = llround(us);
	return 0;
}

/* "1h30m", or digits alone: seconds, as for numbers. */
static int
duration_of_text(const struct text *text, int64_t *out)
{
	double seconds;

	if (moment_parse_duration(text_bytes(text), text->size, out) == 0)
		return 0;
	*out = 0;
	if (number_cast_float(text_bytes(text), text->size, &seconds) != 0)
		return -1;
	return duration_of_float(seconds, out);
}

static int
duration_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in;

	(void)arg_count;
	if (arg->type == TYPE_DURATION) {
		*out = *arg;
		return 0;
	}
	int64_t *target = kernel_out(call, TYPE_DURATION, count, out);
	if (is_text_column(arg)) {
		for (uint32_t i = 0; i < count; i++) {
			struct text text = arg_text(arg, i);
			if (duration_of_text(&text, &target[i]) != 0)
				reject_text(call, i, text, "duration");
		}
		return 0;
	}
	if (kernel_take_one(call, 'n', arg, count, &in) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (duration_of_float(arg_float(&in, i), &target[i]) != 0)
			reject_number(call, i, arg_float(&in, i), "duration");
	return 0;
}

static enum type
duration_type(const enum type *arg, unsigned count)
{
	(void)count;
	return cast_type(arg[0], NUMBERS | ONE(TYPE_DURATION), TYPE_DURATION);
}

const struct func_def func_duration = {
	.name = "duration",
	.group = "cast",
	.signature = "duration(x)",
	.summary = "text as 1h30m, or a number of seconds, as a duration",
	.example = "duration(90)",
	.result = "1m30s",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = duration_type,
	.eval = duration_eval,
};

/* What an undeclared text acts as. */
static enum type
acts_as(const struct text *text)
{
	int64_t integer;
	double number;

	switch (number_parse(text_bytes(text), text->size, &integer, &number)) {
	case NUMBER_INT:
		return TYPE_INT;
	case NUMBER_FLOAT:
		return TYPE_FLOAT;
	default:
		return TYPE_TEXT;
	}
}

static int
type_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct text *target = kernel_out(call, TYPE_TEXT, count, out);

	(void)arg_count;
	for (uint32_t i = 0; i < count; i++) {
		enum type type = (enum type)arg->type;
		if (!arg_is_there(arg, i)) {
			type = TYPE_NULL;
		} else if (type == TYPE_RAW) {
			struct text text = arg_text(arg, i);
			type = acts_as(&text);
		}
		const char *name = type_name(type);
		target[i] = text_make(name, strlen(name));
	}
	return 0;
}

const struct func_def func_type = {
	.name = "type",
	.group = "cast",
	.signature = "type(x)",
	.summary = "the name of the value's type, such as int, text, timestamp "
	    "or null",
	.example = "type(1.5)",
	.result = "float",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = text_type,
	.eval = type_eval,
};
