/*
 * Times moved and measured by the calendar: cut to a unit, a number of units
 * added, whole units between two.  Units up to the week have a fixed length;
 * months, quarters and years go by the calendar, and the 31st of a shorter
 * month is its last day.
 */
#include "func/calendar.h"
#include "func/divide.h"

static enum type
moment_type(enum type type)
{
	return type == TYPE_TIME || type == TYPE_DATE ? type :
	    type == TYPE_TEXT ? TYPE_TIME : TYPE_ANY;
}

static enum type
date_trunc_type(const enum type *arg, unsigned count)
{
	return func_type_of(arg, count, moment_type(arg[0]), "mt");
}

static int64_t
first_of_month(int64_t days, enum calendar_unit unit)
{
	struct calendar_date date = calendar_date(days);
	int32_t month = date.month;

	if (unit == UNIT_YEAR)
		month = 1;
	else if (unit == UNIT_QUARTER)
		month = (month - 1) / 3 * 3 + 1;
	return moment_days(date.year, (unsigned)month, 1);
}

static inline int64_t
trunc_row(int64_t us, enum calendar_unit unit, int64_t length)
{
	if (unit < UNIT_WEEK)
		return us - calendar_rest(us, length);
	int64_t days = calendar_floor(us, CALENDAR_DAY);
	if (unit == UNIT_WEEK)
		days -= calendar_weekday(days) - 1;
	else
		days = first_of_month(days, unit);
	return days * CALENDAR_DAY;
}

/* Cut wall clocks; one constant unit keeps its branch out of the loop. */
static void
trunc_rows(struct func_call *call, const int64_t *local,
	const struct column *units, uint32_t count, int64_t *target)
{
	enum calendar_unit unit = UNIT_NONE;
	struct unit_memo memo = UNIT_MEMO_INIT;

	if (units->encoding == CONST)
		unit = calendar_unit(arg_text(units, 0));
	if (unit < UNIT_WEEK) {
		struct divisor length = divisor_make(calendar_unit_us(unit));
		for (uint32_t i = 0; i < count; i++)
			target[i] = local[i] - divisor_rest(&length, local[i]);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		enum calendar_unit row_unit = unit != UNIT_NONE ? unit :
		    calendar_row_unit(call, &memo, units, i);
		target[i] = row_unit == UNIT_NONE ? local[i] :
		    trunc_row(local[i], row_unit, calendar_unit_us(row_unit));
	}
}

/* Wall clocks back to instants. */
static void
trunc_to_utc(struct func_call *call, const struct column *zones,
	uint32_t count, int64_t *target)
{
	struct zone_memo memo = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		const struct zone *zone = kernel_zone(call, &memo, zones, i);
		if (zone != NULL)
			target[i] = zone_to_utc(zone, target[i]);
		if (!calendar_in_range(target[i]))
			func_reject(call, i, "date_trunc() is out of range");
	}
}

/* Times that are dates become dates again. */
static void
dates_of_times(uint32_t count, struct column *out)
{
	int64_t *target = out->data;

	for (uint32_t i = 0; i < count; i++)
		target[i] = calendar_floor(target[i], CALENDAR_DAY);
	out->type = TYPE_DATE;
}

static int
date_trunc_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];

	if (kernel_take(call, "mt", arg, arg_count, count, in) != 0)
		return -1;
	int is_date = arg[0].type == TYPE_DATE;
	int has_zone = arg_count > 2 && !is_date;
	const int64_t *local = calendar_local(call, &in[0],
	    has_zone ? &in[2] : NULL, count);
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	trunc_rows(call, local, &in[1], count, target);
	if (has_zone)
		trunc_to_utc(call, &in[2], count, target);
	if (is_date)
		dates_of_times(count, out);
	return 0;
}

static int
date_trunc_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	if (calendar_prepare_unit(arg, 1, bad_arg, err) != 0)
		return -1;
	return kernel_prepare_zone(arg, count, 2, bad_arg, err);
}

const struct func_def func_date_trunc = {
	.name = "date_trunc",
	.group = "time",
	.signature = "date_trunc(ts, unit [, zone])",
	.summary = "the begin of the year, quarter, month, week, day, hour, "
	    "minute, second or millisecond",
	.example = "date_trunc(@2026-05-17T03:04:05Z, \"month\")",
	.result = "2026-05-01T00:00:00Z",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TIME, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = date_trunc_type,
	.prepare = date_trunc_prepare,
	.eval = date_trunc_eval,
};

/* How many months a unit above the week has. */
static int64_t
unit_months(enum calendar_unit unit)
{
	return unit == UNIT_YEAR ? 12 : unit == UNIT_QUARTER ? 3 : 1;
}

/* 0, or -1 if the result is out of range. */
static int
add_row(int64_t us, int64_t n, enum calendar_unit unit, int64_t *out)
{
	int64_t length = calendar_unit_us(unit);
	int64_t step, months;

	if (unit <= UNIT_WEEK)
		return __builtin_mul_overflow(n, length, &step) ||
		    __builtin_add_overflow(us, step, out) ||
		    !calendar_in_range(*out) ? -1 : 0;
	struct calendar_date date =
	    calendar_date(calendar_floor(us, CALENDAR_DAY));
	if (__builtin_mul_overflow(n, unit_months(unit), &months) ||
	    __builtin_add_overflow(months,
	    (int64_t)date.year * 12 + date.month - 1, &months) ||
	    months < 12 || months >= 10000 * 12)
		return -1;
	int32_t year = (int32_t)(months / 12);
	int32_t month = (int32_t)(months % 12) + 1;
	int32_t last = calendar_month_days(year, month);
	*out = moment_days(year, (unsigned)month,
	    (unsigned)(date.day < last ? date.day : last)) * CALENDAR_DAY +
	    calendar_rest(us, CALENDAR_DAY);
	return 0;
}

static int
date_add_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct unit_memo memo = UNIT_MEMO_INIT;
	int stays_date = arg[0].type == TYPE_DATE;

	if (kernel_take(call, "mit", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	for (uint32_t i = 0; i < count; i++) {
		enum calendar_unit unit =
		    calendar_row_unit(call, &memo, &in[2], i);
		target[i] = 0;
		if (unit == UNIT_NONE)
			continue;
		stays_date &= unit >= UNIT_DAY;
		if (add_row(arg_int(&in[0], i), arg_int(&in[1], i), unit,
		    &target[i]) == 0)
			continue;
		target[i] = 0;
		func_reject(call, i, "date_add() is out of range");
	}
	if (stays_date)
		dates_of_times(count, out);
	return 0;
}

static int
date_add_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	(void)plan;
	return calendar_prepare_unit(arg, 2, bad_arg, err);
}

/* A date moved by hours is a time: known only with the unit. */
static enum type
date_add_type(const enum type *arg, unsigned count)
{
	enum type type = moment_type(arg[0]);

	return func_type_of(arg, count, type == TYPE_DATE ? TYPE_ANY : type,
	    "mit");
}

const struct func_def func_date_add = {
	.name = "date_add",
	.group = "time",
	.signature = "date_add(ts, n, unit)",
	.summary = "the time n units later; a day that the month has not "
	    "becomes its last",
	.example = "date_add(date(\"2026-01-31\"), 1, \"month\")",
	.result = "2026-02-28",
	.arg_min = 3,
	.arg_max = 3,
	.want = { FUNC_TIME, FUNC_NUMBER, FUNC_TEXT, FUNC_TEXT },
	.type = date_add_type,
	.prepare = date_add_prepare,
	.eval = date_add_eval,
};

static int64_t
diff_row(int64_t a, int64_t b, enum calendar_unit unit)
{
	if (unit <= UNIT_WEEK)
		return (b - a) / calendar_unit_us(unit);
	struct calendar_date x = calendar_date(calendar_floor(a, CALENDAR_DAY));
	struct calendar_date y = calendar_date(calendar_floor(b, CALENDAR_DAY));
	int64_t months = ((int64_t)y.year - x.year) * 12 + y.month - x.month;
	/* What is left behind the months: is the last of them whole? */
	int64_t rest = (y.day - x.day) * CALENDAR_DAY +
	    calendar_rest(b, CALENDAR_DAY) - calendar_rest(a, CALENDAR_DAY);
	if (months > 0 && rest < 0)
		months--;
	else if (months < 0 && rest > 0)
		months++;
	return months / unit_months(unit);
}

static int
date_diff_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct unit_memo memo = UNIT_MEMO_INIT;

	if (kernel_take(call, "mmt", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		enum calendar_unit unit =
		    calendar_row_unit(call, &memo, &in[2], i);
		target[i] = unit == UNIT_NONE ? 0 :
		    diff_row(arg_int(&in[0], i), arg_int(&in[1], i), unit);
	}
	return 0;
}

static int
date_diff_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	(void)plan;
	return calendar_prepare_unit(arg, 2, bad_arg, err);
}

FUNC_TYPE(date_diff_type, TYPE_INT, "mmt")

const struct func_def func_date_diff = {
	.name = "date_diff",
	.group = "time",
	.signature = "date_diff(from, to, unit)",
	.summary = "how many whole units lie between two times",
	.example = "date_diff(@2026-01-31, @2026-03-01, \"month\")",
	.result = "1",
	.arg_min = 3,
	.arg_max = 3,
	.want = { FUNC_TIME, FUNC_TIME, FUNC_TEXT, FUNC_TEXT },
	.type = date_diff_type,
	.prepare = date_diff_prepare,
	.eval = date_diff_eval,
};
