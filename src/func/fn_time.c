/*
 * Times made: from the clock, from numbers, from parts; and as numbers.
 */
#include "func/calendar.h"

#include <math.h>

#include "data/number.h"
#include "util/env.h"

FUNC_TYPE(time_of_nothing, TYPE_TIME, "*")
FUNC_TYPE(date_of_zone, TYPE_DATE, "t")
FUNC_TYPE(time_of_number, TYPE_TIME, "n")
FUNC_TYPE(int_of_time, TYPE_INT, "m")
FUNC_TYPE(float_of_duration, TYPE_FLOAT, "d")
FUNC_TYPE(date_of_ints, TYPE_DATE, "i")
FUNC_TYPE(time_of_parts, TYPE_TIME, "iiiiint")

static int
now_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct value value = { .type = TYPE_TIME };

	(void)arg;
	(void)arg_count;
	(void)count;
	value.cell.integer = env->now_us();
	column_init_const(out, &value, call->region);
	return 0;
}

const struct func_def func_now = {
	.name = "now",
	.group = "time",
	.signature = "now()",
	.summary = "the time by the clock",
	.example = "now()",
	.flags = FUNC_VOLATILE,
	.want = WANT_ALL(FUNC_ANY),
	.type = time_of_nothing,
	.eval = now_eval,
};

static int
zone_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	return kernel_prepare_zone(arg, count, 0, bad_arg, err);
}

static int
today_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column zones, now;
	struct value value = { .type = TYPE_TIME };

	value.cell.integer = env->now_us();
	column_init_const(&now, &value, call->region);
	if (arg_count > 0 &&
	    kernel_take_one(call, 't', arg, count, &zones) != 0)
		return -1;
	const int64_t *local = calendar_local(call, &now,
	    arg_count > 0 ? &zones : NULL, count);
	int64_t *target = kernel_out(call, TYPE_DATE, count, out);
	for (uint32_t i = 0; i < count; i++)
		target[i] = calendar_floor(local[i], CALENDAR_DAY);
	return 0;
}

const struct func_def func_today = {
	.name = "today",
	.group = "time",
	.signature = "today([zone])",
	.summary = "the date by the clock, of UTC if no zone is said",
	.example = "today()",
	.arg_max = 1,
	.flags = FUNC_VOLATILE,
	.want = WANT_ALL(FUNC_TEXT),
	.type = date_of_zone,
	.prepare = zone_prepare,
	.eval = today_eval,
};

/* Instants from counts of `unit` microseconds; ints exactly. */
static int
from_epoch_unit(struct func_call *call, const struct column *arg,
	uint32_t count, int64_t unit, struct column *out)
{
	int is_int = arg[0].type == TYPE_INT;
	struct column in = arg[0];

	if (!is_int && kernel_take_one(call, 'n', arg, count, &in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	for (uint32_t i = 0; i < count; i++) {
		double number = is_int ? (double)arg_int(&in, i) :
		    arg_float(&in, i);
		int ok = fabs(number * (double)unit) < 0x1p62;
		target[i] = !ok ? 0 : is_int ? arg_int(&in, i) * unit :
		    llround(number * (double)unit);
		if (ok && calendar_in_range(target[i]))
			continue;
		char shown[NUMBER_TEXT_MAX + 1];
		shown[number_format_float(number, shown)] = '\0';
		func_reject(call, i, "%s(%s) is out of range",
		    call->def->name, shown);
		target[i] = 0;
	}
	return 0;
}

static int
from_epoch_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return from_epoch_unit(call, arg, count, CALENDAR_SECOND, out);
}

const struct func_def func_from_epoch = {
	.name = "from_epoch",
	.group = "time",
	.signature = "from_epoch(seconds)",
	.summary = "the time so many seconds after 1970-01-01T00:00:00Z",
	.example = "from_epoch(1767323045.5)",
	.result = "2026-01-02T03:04:05.500Z",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = time_of_number,
	.eval = from_epoch_eval,
};

static int
from_epoch_ms_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return from_epoch_unit(call, arg, count, 1000, out);
}

const struct func_def func_from_epoch_ms = {
	.name = "from_epoch_ms",
	.group = "time",
	.signature = "from_epoch_ms(milliseconds)",
	.summary = "the time so many milliseconds after 1970-01-01T00:00:00Z",
	.example = "from_epoch_ms(1767323045000)",
	.result = "2026-01-02T03:04:05Z",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = time_of_number,
	.eval = from_epoch_ms_eval,
};

static int
from_epoch_us_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return from_epoch_unit(call, arg, count, 1, out);
}

const struct func_def func_from_epoch_us = {
	.name = "from_epoch_us",
	.group = "time",
	.signature = "from_epoch_us(microseconds)",
	.summary = "the time so many microseconds after 1970-01-01T00:00:00Z",
	.example = "from_epoch_us(1767323045000001)",
	.result = "2026-01-02T03:04:05.000001Z",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = time_of_number,
	.eval = from_epoch_us_eval,
};

/* The kernel symbol_eval: whole units since 1970. */
#define EPOCH_EVAL(symbol, unit) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	struct column in[1]; \
\
	if (kernel_take(call, "m", arg, arg_count, count, in) != 0) \
		return -1; \
	int64_t *restrict target = kernel_out(call, TYPE_INT, count, out); \
	for (uint32_t i = 0; i < count; i++) \
		target[i] = calendar_floor(arg_int(&in[0], i), unit); \
	return 0; \
}

/* What the definitions have in common. */
#define EPOCH_SLOTS(symbol) \
	.name = #symbol, \
	.group = "time", \
	.signature = #symbol "(ts)", \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = WANT_ALL(FUNC_TIME), \
	.type = int_of_time, \
	.eval = symbol##_eval

EPOCH_EVAL(epoch, CALENDAR_SECOND)

const struct func_def func_epoch = {
	EPOCH_SLOTS(epoch),
	.summary = "whole seconds since 1970-01-01T00:00:00Z",
	.example = "epoch(@2026-01-02T03:04:05Z)",
	.result = "1767323045",
};

EPOCH_EVAL(epoch_ms, (int64_t)1000)

const struct func_def func_epoch_ms = {
	EPOCH_SLOTS(epoch_ms),
	.summary = "whole milliseconds since 1970-01-01T00:00:00Z",
	.example = "epoch_ms(@2026-01-02T03:04:05Z)",
	.result = "1767323045000",
};

EPOCH_EVAL(epoch_us, (int64_t)1)

const struct func_def func_epoch_us = {
	EPOCH_SLOTS(epoch_us),
	.summary = "microseconds since 1970-01-01T00:00:00Z",
	.example = "epoch_us(@2026-01-02T03:04:05Z)",
	.result = "1767323045000000",
};

static int
seconds_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "d", arg, arg_count, count, in) != 0)
		return -1;
	double *restrict target = kernel_out(call, TYPE_FLOAT, count, out);
	for (uint32_t i = 0; i < count; i++)
		target[i] = (double)arg_int(&in[0], i) / 1e6;
	return 0;
}

const struct func_def func_seconds = {
	.name = "seconds",
	.group = "time",
	.signature = "seconds(duration)",
	.summary = "the duration in seconds, as a number",
	.example = "seconds(1m30s)",
	.result = "90",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = float_of_duration,
	.eval = seconds_eval,
};

/* Do these make a day of the calendar? */
static int
is_date(int64_t year, int64_t month, int64_t day)
{
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 &&
	    day >= 1 && day <= calendar_month_days((int32_t)year,
	    (int32_t)month);
}

static int
make_date_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_DATE, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t year = arg_int(&in[0], i);
		int64_t month = arg_int(&in[1], i);
		int64_t day = arg_int(&in[2], i);
		target[i] = 0;
		if (is_date(year, month, day))
			target[i] = moment_days((int32_t)year, (unsigned)month,
			    (unsigned)day);
		else
			func_reject(call, i, "there is no day %lld-%lld-%lld",
			    (long long)year, (long long)month, (long long)day);
	}
	return 0;
}

const struct func_def func_make_date = {
	.name = "make_date",
	.group = "time",
	.signature = "make_date(year, month, day)",
	.summary = "the date of these parts",
	.example = "make_date(2026, 1, 2)",
	.result = "2026-01-02",
	.arg_min = 3,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = date_of_ints,
	.eval = make_date_eval,
};

static int
parts_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	return kernel_prepare_zone(arg, count, 6, bad_arg, err);
}

/* The wall clock that row i's parts make; -1 if there is no such. */
static int
clock_of_parts(const struct column *in, uint32_t i, int64_t *us)
{
	int64_t year = arg_int(&in[0], i);
	int64_t month = arg_int(&in[1], i);
	int64_t day = arg_int(&in[2], i);
	int64_t hour = arg_int(&in[3], i);
	int64_t minute = arg_int(&in[4], i);
	double second = arg_float(&in[5], i);

	if (!is_date(year, month, day) || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59 || !(second >= 0 && second < 60))
		return -1;
	*us = moment_days((int32_t)year, (unsigned)month, (unsigned)day) *
	    CALENDAR_DAY + hour * CALENDAR_HOUR + minute * CALENDAR_MINUTE +
	    (int64_t)(second * 1e6 + 0.5);
	return calendar_in_range(*us) ? 0 : -1;
}

static int
make_timestamp_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[7];
	struct zone_memo memo = { 0 };

	if (kernel_take(call, "iiiiint", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	for (uint32_t i = 0; i < count; i++) {
		const struct zone *zone = arg_count < 7 ? NULL :
		    kernel_zone(call, &memo, &in[6], i);
		int64_t us = 0;
		int bad = clock_of_parts(in, i, &us);
		if (bad == 0 && zone != NULL)
			us = zone_to_utc(zone, us);
		if (bad != 0 || !calendar_in_range(us)) {
			func_reject(call, i, "these parts make no time");
			us = 0;
		}
		target[i] = us;
	}
	return 0;
}

const struct func_def func_make_timestamp = {
	.name = "make_timestamp",
	.group = "time",
	.signature = "make_timestamp(year, month, day, hour, minute, second "
	    "[, zone])",
	.summary = "the time of these parts, of UTC if no zone is said",
	.example = "make_timestamp(2026, 1, 2, 3, 4, 5)",
	.result = "2026-01-02T03:04:05Z",
	.arg_min = 6,
	.arg_max = 7,
	/* The fourth holds for the zone too: text stays text. */
	.want = WANT_ALL(FUNC_NUMBER),
	.type = time_of_parts,
	.prepare = parts_prepare,
	.eval = make_timestamp_eval,
};
