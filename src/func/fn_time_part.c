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

/* One function for each part: `value` computes it from the wall clock `us`. */
#define TIME_PART(symbol, cell_type, type_enum, type_function, value, shown, \
	example_text, result_text) \
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
} \
\
const struct func_def func_##symbol = { \
	.name = #symbol, \
	.group = "time", \
	.signature = #symbol "(ts [, zone])", \
	.summary = shown, \
	.example = example_text, \
	.result = result_text, \
	.arg_min = 1, \
	.arg_max = 2, \
	.want = { FUNC_TIME, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT }, \
	.type = type_function, \
	.prepare = part_prepare, \
	.eval = symbol##_eval, \
};

#define INT_PART(symbol, value, shown, example_text, result_text) \
	TIME_PART(symbol, int64_t, TYPE_INT, int_of_time, value, shown, \
	example_text, result_text)

INT_PART(year, calendar_date(days_of(us)).year, "the year",
	"year(@2026-01-02T03:04:05Z)", "2026")
INT_PART(quarter, (calendar_date(days_of(us)).month + 2) / 3,
	"the quarter of the year, 1 to 4", "quarter(@2026-05-01)", "2")
INT_PART(month, calendar_date(days_of(us)).month,
	"the month of the year, 1 to 12", "month(@2026-01-02T03:04:05Z)", "1")
INT_PART(week, week_of(us), "the ISO week of the year, 1 to 53",
	"week(@2026-01-01)", "1")
INT_PART(day, calendar_date(days_of(us)).day, "the day of the month, 1 to 31",
	"day(@2026-01-02T03:04:05Z)", "2")
INT_PART(day_of_year, year_day_of(us), "the day of the year, 1 to 366",
	"day_of_year(@2026-02-01)", "32")
INT_PART(weekday, calendar_weekday(days_of(us)),
	"the day of the week, 1 is Monday, 7 Sunday", "weekday(@2026-01-02)",
	"5")
INT_PART(hour, calendar_rest(us, CALENDAR_DAY) / CALENDAR_HOUR,
	"the hour of the day, 0 to 23",
	"hour(@2026-07-02T22:04:05Z, \"Europe/Berlin\")", "0")
INT_PART(minute, calendar_rest(us, CALENDAR_HOUR) / CALENDAR_MINUTE,
	"the minute of the hour, 0 to 59", "minute(@2026-01-02T03:04:05Z)",
	"4")
INT_PART(second, calendar_rest(us, CALENDAR_MINUTE) / CALENDAR_SECOND,
	"the second of the minute, 0 to 59", "second(@2026-01-02T03:04:05Z)",
	"5")
TIME_PART(is_weekend, uint8_t, TYPE_BOOL, bool_of_time,
	calendar_weekday(days_of(us)) > 5, "true on Saturday and Sunday",
	"is_weekend(@2026-01-03)", "true")
TIME_PART(last_day, int64_t, TYPE_DATE, date_of_time, last_day_of(us),
	"the date of the last day of the month", "last_day(@2028-02-10)",
	"2028-02-29")
