/*
 * Parts of a time: year, hour, weekday.  Integer arithmetic in plain loops over
 * wall clocks, which are the instants themselves or, with a zone, shifted.
 */
#include "func/calendar.h"

FUNC_TYPE(int_of_time, TYPE_INT, "mt")
FUNC_TYPE(bool_of_time, TYPE_BOOL, "mt")
FUNC_TYPE(date_of_time, TYPE_DATE, "mt")

/* The wall clocks of the first argument; NULL if it can be no time. */
static const int64_t *
take_local(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count)
{
	struct column in[2];

	if (kernel_take(call, "mt", arg, arg_count, count, in) != 0)
		return NULL;
	/* A date is the same everywhere. */
	int has_zone = arg_count > 1 && arg[0].type != TYPE_DATE;
	return calendar_local(call, &in[0], has_zone ? &in[1] : NULL, count);
}

static int
part_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	return kernel_prepare_zone(arg, count, 1, bad_arg, err);
}

static inline int64_t
days_of(int64_t us)
{
	return calendar_floor(us, CALENDAR_DAY);
}

static inline int64_t
week_of(int64_t us)
{
	/* A week belongs to the year of its Thursday. */
	int64_t days = days_of(us);
	int64_t thursday = days + 4 - calendar_weekday(days);
	int64_t start = moment_days(calendar_date(thursday).year, 1, 1);

	return (thursday - start) / 7 + 1;
}

static inline int64_t
year_day_of(int64_t us)
{
	int64_t days = days_of(us);

	return days - moment_days(calendar_date(days).year, 1, 1) + 1;
}

static inline int64_t
last_day_of(int64_t us)
{
	struct calendar_date date = calendar_date(days_of(us));

	return days_of(us) - date.day +
	    calendar_month_days(date.year, date.month);
}

/* The kernel symbol_eval: `value` computes a part from the wall clock `us`. */
#define PART_EVAL(symbol, cell_type, type_enum, value) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	const int64_t *restrict local = \
	    take_local(call, arg, arg_count, count); \
\
	if (local == NULL) \
		return -1; \
	cell_type *restrict target = kernel_out(call, type_enum, count, out); \
	for (uint32_t i = 0; i < count; i++) { \
		int64_t us = local[i]; \
		target[i] = (cell_type)(value); \
	} \
	return 0; \
}

/* What the definitions have in common. */
#define PART_SLOTS(symbol, type_function) \
	.name = #symbol, \
	.group = "time", \
	.signature = #symbol "(ts [, zone])", \
	.arg_min = 1, \
	.arg_max = 2, \
	.want = { FUNC_TIME, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT }, \
	.type = type_function, \
	.prepare = part_prepare, \
	.eval = symbol##_eval

PART_EVAL(year, int64_t, TYPE_INT, calendar_date(days_of(us)).year)

const struct func_def func_year = {
	PART_SLOTS(year, int_of_time),
	.summary = "the year",
	.example = "year(@2026-01-02T03:04:05Z)",
	.result = "2026",
};

PART_EVAL(quarter, int64_t, TYPE_INT,
	(calendar_date(days_of(us)).month + 2) / 3)

const struct func_def func_quarter = {
	PART_SLOTS(quarter, int_of_time),
	.summary = "the quarter of the year, 1 to 4",
	.example = "quarter(@2026-05-01)",
	.result = "2",
};

PART_EVAL(month, int64_t, TYPE_INT, calendar_date(days_of(us)).month)

const struct func_def func_month = {
	PART_SLOTS(month, int_of_time),
	.summary = "the month of the year, 1 to 12",
	.example = "month(@2026-01-02T03:04:05Z)",
	.result = "1",
};

PART_EVAL(week, int64_t, TYPE_INT, week_of(us))

const struct func_def func_week = {
	PART_SLOTS(week, int_of_time),
	.summary = "the ISO week of the year, 1 to 53",
	.example = "week(@2026-01-01)",
	.result = "1",
};

PART_EVAL(day, int64_t, TYPE_INT, calendar_date(days_of(us)).day)

const struct func_def func_day = {
	PART_SLOTS(day, int_of_time),
	.summary = "the day of the month, 1 to 31",
	.example = "day(@2026-01-02T03:04:05Z)",
	.result = "2",
};

PART_EVAL(day_of_year, int64_t, TYPE_INT, year_day_of(us))

const struct func_def func_day_of_year = {
	PART_SLOTS(day_of_year, int_of_time),
	.summary = "the day of the year, 1 to 366",
	.example = "day_of_year(@2026-02-01)",
	.result = "32",
};

PART_EVAL(weekday, int64_t, TYPE_INT, calendar_weekday(days_of(us)))

const struct func_def func_weekday = {
	PART_SLOTS(weekday, int_of_time),
	.summary = "the day of the week, 1 is Monday, 7 Sunday",
	.example = "weekday(@2026-01-02)",
	.result = "5",
};

PART_EVAL(hour, int64_t, TYPE_INT,
	calendar_rest(us, CALENDAR_DAY) / CALENDAR_HOUR)

const struct func_def func_hour = {
	PART_SLOTS(hour, int_of_time),
	.summary = "the hour of the day, 0 to 23",
	.example = "hour(@2026-07-02T22:04:05Z, \"Europe/Berlin\")",
	.result = "0",
};

PART_EVAL(minute, int64_t, TYPE_INT,
	calendar_rest(us, CALENDAR_HOUR) / CALENDAR_MINUTE)

const struct func_def func_minute = {
	PART_SLOTS(minute, int_of_time),
	.summary = "the minute of the hour, 0 to 59",
	.example = "minute(@2026-01-02T03:04:05Z)",
	.result = "4",
};

PART_EVAL(second, int64_t, TYPE_INT,
	calendar_rest(us, CALENDAR_MINUTE) / CALENDAR_SECOND)

const struct func_def func_second = {
	PART_SLOTS(second, int_of_time),
	.summary = "the second of the minute, 0 to 59",
	.example = "second(@2026-01-02T03:04:05Z)",
	.result = "5",
};

PART_EVAL(is_weekend, uint8_t, TYPE_BOOL, calendar_weekday(days_of(us)) > 5)

const struct func_def func_is_weekend = {
	PART_SLOTS(is_weekend, bool_of_time),
	.summary = "true on Saturday and Sunday",
	.example = "is_weekend(@2026-01-03)",
	.result = "true",
};

PART_EVAL(last_day, int64_t, TYPE_DATE, last_day_of(us))

const struct func_def func_last_day = {
	PART_SLOTS(last_day, date_of_time),
	.summary = "the date of the last day of the month",
	.example = "last_day(@2028-02-10)",
	.result = "2028-02-29",
};
