#ifndef SFLOW_DATA_MOMENT_PRIV_H
#define SFLOW_DATA_MOMENT_PRIV_H

#include <stddef.h>
#include <stdint.h>

#define SECOND_US ((int64_t)1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

/* "January" ... "December", "Monday" ... "Sunday", from 0. */
extern const char *const moment_months[12];
extern const char *const moment_weekdays[7];

int moment_is_leap(int32_t year);
unsigned moment_month_days(int32_t year, unsigned month);
/* 1 Monday .. 7 Sunday, of days since 1970-01-01. */
unsigned moment_weekday(int64_t days);

/* The month (1..12) whose English name starts with these 3 letters, or 0. */
unsigned moment_month_of(const char *three_letters);

/* Exactly two decimal digits, or -1. */
static inline int
moment_two_digits(const char *at)
{
	unsigned tens = (unsigned char)(at[0] - '0');
	unsigned ones = (unsigned char)(at[1] - '0');

	return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
}

/*
 * A fraction of digits, of which six count, up to the end or another byte;
 * returns where it ends, or NULL if there is no digit.
 */
const char *moment_take_fraction(const char *at, const char *end,
	uint32_t *microsecond);
/*
 * A zone: Z, UTC, GMT, +hh:mm, +hhmm, +hh, which stands for `*offset_us` to be
 * added to UTC.  Returns where it ends, or NULL.
 */
const char *moment_take_zone(const char *at, const char *end,
	int64_t *offset_us);

/*
 * The instant of parts as read; a second of 60 at the end of an hour is the
 * next second.  -1 if a part is out of its range.
 */
int moment_from_parts(int year, int month, int day, int hour, int minute,
	int second, uint32_t microsecond, int64_t offset_us, int64_t *us);

#endif
