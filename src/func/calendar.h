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
 * The date of a day counted from 1970-01-01; any instant's day.  Years are
 * taken to begin in March, so that the leap day is their last; centuries, years
 * and months then are three linear functions of the days, and a division by
 * 1461/4 or 2141/65536 is a multiplication whose low half is the rest (Neri and
 * Schneider, 2022).  The count starts 300000 years early: never below 0.
 */
#define CALENDAR_SHIFT_YEARS 300000
#define CALENDAR_SHIFT_DAYS (719468 + 146097 * (CALENDAR_SHIFT_YEARS / 400))

static inline struct calendar_date
calendar_date(int64_t days)
{
	struct calendar_date date;
	uint32_t quarters = 4 * (uint32_t)(days + CALENDAR_SHIFT_DAYS) + 3;
	uint32_t century = quarters / 146097;
	uint32_t century_quarters = quarters % 146097 | 3;
	uint64_t product = (uint64_t)century_quarters * 2939745;
	uint32_t year_day = (uint32_t)product / 2939745 / 4;
	uint32_t linear = 2141 * year_day + 197913;
	uint32_t is_next_year = year_day >= 306;

	date.day = (int32_t)((linear & 0xffff) / 2141 + 1);
	date.month = (int32_t)((linear >> 16) - (is_next_year ? 12 : 0));
	date.year = (int32_t)(100 * century + (uint32_t)(product >> 32) +
	    is_next_year) - CALENDAR_SHIFT_YEARS;
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
/*
 * The unit of row i, looked up once for runs of the same name.  Start with
 * UNIT_MEMO_INIT.  A row with none is rejected: UNIT_NONE.
 */
struct unit_memo {
	struct text name;
	enum calendar_unit unit;
};

#define UNIT_MEMO_INIT { .unit = UNIT_NONE }

enum calendar_unit calendar_row_unit(struct func_call *, struct unit_memo *,
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
