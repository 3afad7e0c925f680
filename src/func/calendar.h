#ifndef SFLOW_FUNC_CALENDAR_H
#define SFLOW_FUNC_CALENDAR_H

#include <stdint.h>

#include "data/moment.h"
#include "data/type.h"
#include "func/kernel.h"

/*
 * Calendar arithmetic for kernels over times: inlined, integers only.  Years 1
 * to 9999, proleptic Gregorian, as in data/moment.h.
 */
#define CALENDAR_SECOND 1000000ll
#define CALENDAR_MINUTE (60 * CALENDAR_SECOND)
#define CALENDAR_HOUR (60 * CALENDAR_MINUTE)
#define CALENDAR_DAY (24 * CALENDAR_HOUR)

struct calendar_date {
	int32_t year;
	int32_t month;		/* 1..12 */
	int32_t day;		/* 1..31 */
};

/* x / unit rounded down, and what is left over (0 <= rest < unit). */
static inline int64_t
calendar_floor(int64_t x, int64_t unit)
{
	return x / unit - (x % unit < 0);
}

static inline int64_t
calendar_rest(int64_t x, int64_t unit)
{
	int64_t rest = x % unit;

	return rest < 0 ? rest + unit : rest;
}

/*
 * The date of a day counted from 1970-01-01.  Counting from March of year 0,
 * leap days stand at the end: 146097 days are 400 years, and the months from
 * March on begin at (153 * month + 2) / 5.
 */
static inline struct calendar_date
calendar_date(int64_t days)
{
	struct calendar_date date;
	int64_t era = calendar_floor(days + 719468, 146097);
	uint32_t day = (uint32_t)(days + 719468 - era * 146097);
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t year_day = day - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * year_day + 2) / 153;

	date.day = (int32_t)(year_day - (153 * month + 2) / 5 + 1);
	date.month = (int32_t)(month < 10 ? month + 3 : month - 9);
	date.year = (int32_t)(era * 400 + year + (date.month <= 2));
	return date;
}

static inline int
calendar_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline int32_t
calendar_month_days(int32_t year, int32_t month)
{
	if (month == 2)
		return 28 + calendar_is_leap(year);
	/* 31 in odd months up to July, in even ones behind. */
	return 30 + ((month + (month > 7)) & 1);
}

/* 1 Monday .. 7 Sunday; 1970-01-01 was a Thursday. */
static inline int32_t
calendar_weekday(int64_t days)
{
	return (int32_t)calendar_rest(days + 3, 7) + 1;
}

/* Units that times are cut to and counted in. */
enum calendar_unit {
	UNIT_MICROSECOND, UNIT_MILLISECOND, UNIT_SECOND, UNIT_MINUTE,
	UNIT_HOUR, UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_QUARTER, UNIT_YEAR,
	UNIT_NONE
};

/* "hour" or "hours"; UNIT_NONE for what is no unit. */
enum calendar_unit calendar_unit(struct text name);
/* The unit's length in microseconds; 0 from the month on. */
int64_t calendar_unit_us(enum calendar_unit);
/* For prepare: refuse a constant argument `index` that is no unit. */
int calendar_prepare_unit(const struct value *const *arg, unsigned index,
	unsigned *bad_arg, struct err *);
/* The unit of row i; a row with none is rejected. */
enum calendar_unit calendar_row_unit(struct func_call *,
	const struct column *names, uint32_t i);

/* Is the instant one that can be written, year 1 to 9999? */
static inline int
calendar_in_range(int64_t us)
{
	return us >= MOMENT_MIN && us <= MOMENT_MAX;
}

/*
 * The instants of `in` as wall clocks of the zones in `zones` (NULL: UTC), as
 * if those were UTC: an array of `count`.  A row without a zone is rejected.
 */
const int64_t *calendar_local(struct func_call *, const struct column *in,
	const struct column *zones, uint32_t count);

#endif
