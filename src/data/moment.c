/*
 * The calendar: proleptic Gregorian, days counted from 1970-01-01.  Years are
 * taken to begin in March, so that the leap day is the last of its year and
 * the lengths of the months before it follow one line, (153 m + 2) / 5; 400
 * years (an era) always have 146097 days.
 */
#include "data/moment.h"

#include "data/moment_priv.h"

#define ERA_DAYS 146097
/* From 0000-03-01 to 1970-01-01. */
#define EPOCH_DAYS 719468

const char *const moment_months[12] = {
	"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December",
};

const char *const moment_weekdays[7] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	"Sunday",
};

static int64_t
divide_down(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int
moment_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned
moment_month_days(int32_t year, unsigned month)
{
	static const uint8_t days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};

	return days[month - 1] + (month == 2 && moment_is_leap(year));
}

unsigned
moment_weekday(int64_t days)
{
	/* 1970-01-01 was a Thursday. */
	return (unsigned)((days % 7 + 7 + 3) % 7) + 1;
}

int64_t
moment_days(int32_t year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = divide_down(y, 400);
	unsigned era_year = (unsigned)(y - era * 400);
	unsigned march_month = month > 2 ? month - 3 : month + 9;
	unsigned year_day = (153 * march_month + 2) / 5 + day - 1;

	return era * ERA_DAYS + era_year * 365 + era_year / 4 -
	    era_year / 100 + year_day - EPOCH_DAYS;
}

/* Year, month, day, weekday and day of the year from a count of days. */
static void
civil_from_days(int64_t days, struct civil *out)
{
	int64_t shifted = days + EPOCH_DAYS;
	int64_t era = divide_down(shifted, ERA_DAYS);
	unsigned era_day = (unsigned)(shifted - era * ERA_DAYS);
	unsigned era_year = (era_day - era_day / 1460 + era_day / 36524 -
	    era_day / 146096) / 365;
	unsigned march_day = era_day -
	    (365 * era_year + era_year / 4 - era_year / 100);
	unsigned march_month = (5 * march_day + 2) / 153;

	out->day = (uint8_t)(march_day - (153 * march_month + 2) / 5 + 1);
	out->month = (uint8_t)(march_month < 10 ? march_month + 3 :
	    march_month - 9);
	/* Instants of 64 bits span 600000 years. */
	out->year = (int32_t)(era * 400 + era_year + (out->month <= 2));
	out->weekday = (uint8_t)moment_weekday(days);
	out->year_day = (uint16_t)(march_month < 10 ?
	    march_day + 60 + (unsigned)moment_is_leap(out->year) :
	    march_day - 305);
}

void
moment_civil(int64_t us, struct civil *out)
{
	int64_t days = divide_down(us, DAY_US);
	int64_t rest = us % DAY_US;

	if (rest < 0)
		rest += DAY_US;
	uint32_t second = (uint32_t)(rest / SECOND_US);
	civil_from_days(days, out);
	out->microsecond = (uint32_t)(rest % SECOND_US);
	out->hour = (uint8_t)(second / 3600);
	out->minute = (uint8_t)(second / 60 % 60);
	out->second = (uint8_t)(second % 60);
}

int
moment_from_parts(int year, int month, int day, int hour, int minute,
	int second, uint32_t microsecond, int64_t offset_us, int64_t *us)
{
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > (int)moment_month_days(year, (unsigned)month))
		return -1;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 59 + (minute == 59) || microsecond > 999999)
		return -1;
	int64_t days = moment_days(year, (unsigned)month, (unsigned)day);
	int64_t instant = days * DAY_US + hour * HOUR_US + minute * MINUTE_US +
	    second * SECOND_US + microsecond - offset_us;
	if (instant < MOMENT_MIN || instant > MOMENT_MAX)
		return -1;
	*us = instant;
	return 0;
}

int
moment_from_civil(const struct civil *civil, int64_t *us)
{
	if (civil->second > 59)
		return -1;
	return moment_from_parts(civil->year, civil->month, civil->day,
	    civil->hour, civil->minute, civil->second, civil->microsecond, 0,
	    us);
}
