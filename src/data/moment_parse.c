/*
 * Reading times as logs and exports write them.  Every part stands at a fixed
 * distance from the one before, so that reading is a run of two-digit loads
 * and range checks; only the fraction and the zone need a loop.
 */
#include "data/moment.h"

#include <string.h>

#include "data/moment_priv.h"

/* Bytes of 2026-01-02, and of 10/Oct/2000:13:55:36 -0700. */
#define DATE_BYTES 10
#define CLF_BYTES 26

struct day {
	int year, month, day;
};

static int
four_digits(const char *at)
{
	int high = moment_two_digits(at), low = moment_two_digits(at + 2);

	return high < 0 || low < 0 ? -1 : high * 100 + low;
}

/* yyyy-mm-dd; ranges are left to moment_from_parts. */
static inline int
take_date(const char *at, struct day *out)
{
	if (at[4] != '-' || at[7] != '-')
		return -1;
	out->year = four_digits(at);
	out->month = moment_two_digits(at + 5);
	out->day = moment_two_digits(at + 8);
	return 0;
}

const char *
moment_take_fraction(const char *at, const char *end, uint32_t *microsecond)
{
	uint32_t value = 0, unit = 100000;

	if (at == end || (unsigned char)(*at - '0') > 9)
		return NULL;
	for (; at < end && (unsigned char)(*at - '0') <= 9; at++) {
		value += (uint32_t)(*at - '0') * unit;
		unit /= 10;
	}
	*microsecond = value;
	return at;
}

const char *
moment_take_zone(const char *at, const char *end, int64_t *offset_us)
{
	size_t left = (size_t)(end - at);
	int minutes = 0;

	*offset_us = 0;
	if (left >= 1 && (*at | 0x20) == 'z')
		return at + 1;
	if (left >= 3 && (memcmp(at, "UTC", 3) == 0 ||
	    memcmp(at, "GMT", 3) == 0))
		return at + 3;
	if (left < 3 || (*at != '+' && *at != '-'))
		return NULL;
	int hours = moment_two_digits(at + 1);
	int negative = *at == '-';
	at += 3;
	left -= 3;
	if (left >= 3 && *at == ':') {
		minutes = moment_two_digits(at + 1);
		at += 3;
	} else if (left >= 2 && (unsigned char)(*at - '0') <= 9) {
		minutes = moment_two_digits(at);
		at += 2;
	}
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return NULL;
	*offset_us = hours * HOUR_US + minutes * MINUTE_US;
	if (negative)
		*offset_us = -*offset_us;
	return at;
}

/* What may follow the minutes: [:ss[.fraction]] [[blank] zone] end. */
static int
take_tail(const char *at, const char *end, int *second, uint32_t *microsecond,
	int64_t *offset_us)
{
	if (end - at >= 3 && *at == ':') {
		*second = moment_two_digits(at + 1);
		at += 3;
		if (at < end && (*at == '.' || *at == ',')) {
			at = moment_take_fraction(at + 1, end, microsecond);
			if (at == NULL)
				return -1;
		}
	}
	if (at == end)
		return 0;
	if (*at == ' ')
		at++;
	at = moment_take_zone(at, end, offset_us);
	return at == end ? 0 : -1;
}

int
moment_parse(const char *bytes, size_t size, int64_t *us)
{
	struct day day;
	int second = 0;
	uint32_t microsecond = 0;
	int64_t offset_us = 0;

	if (size < DATE_BYTES || take_date(bytes, &day) != 0)
		return -1;
	if (size == DATE_BYTES)
		return moment_from_parts(day.year, day.month, day.day, 0, 0, 0,
		    0, 0, us);
	const char *at = bytes + DATE_BYTES;
	if (size < DATE_BYTES + 6 || at[3] != ':' ||
	    (*at != 'T' && *at != ' ' && *at != 't'))
		return -1;
	int hour = moment_two_digits(at + 1);
	int minute = moment_two_digits(at + 4);
	if (take_tail(at + 6, bytes + size, &second, &microsecond,
	    &offset_us) != 0)
		return -1;
	return moment_from_parts(day.year, day.month, day.day, hour, minute,
	    second, microsecond, offset_us, us);
}

int
moment_parse_date(const char *bytes, size_t size, int64_t *days)
{
	struct day day;
	int64_t us;

	if (size != DATE_BYTES || take_date(bytes, &day) != 0 ||
	    moment_from_parts(day.year, day.month, day.day, 0, 0, 0, 0, 0,
	    &us) != 0)
		return -1;
	*days = us / DAY_US;	/* exact: it is midnight */
	return 0;
}

unsigned
moment_month_of(const char *at)
{
#define LETTERS(a, b, c) (a | b << 8 | c << 16)
	/* Setting bit 5 folds letters only; others match no name anyway. */
	switch (LETTERS(((unsigned char)at[0] | 0x20),
	    ((unsigned char)at[1] | 0x20), ((unsigned char)at[2] | 0x20))) {
	case LETTERS('j', 'a', 'n'): return 1;
	case LETTERS('f', 'e', 'b'): return 2;
	case LETTERS('m', 'a', 'r'): return 3;
	case LETTERS('a', 'p', 'r'): return 4;
	case LETTERS('m', 'a', 'y'): return 5;
	case LETTERS('j', 'u', 'n'): return 6;
	case LETTERS('j', 'u', 'l'): return 7;
	case LETTERS('a', 'u', 'g'): return 8;
	case LETTERS('s', 'e', 'p'): return 9;
	case LETTERS('o', 'c', 't'): return 10;
	case LETTERS('n', 'o', 'v'): return 11;
	case LETTERS('d', 'e', 'c'): return 12;
	}
#undef LETTERS
	return 0;
}

int
moment_parse_clf(const char *bytes, size_t size, int64_t *us)
{
	int64_t offset_us;

	if (size != CLF_BYTES || bytes[2] != '/' || bytes[6] != '/' ||
	    bytes[11] != ':' || bytes[14] != ':' || bytes[17] != ':' ||
	    bytes[20] != ' ' || (bytes[21] != '+' && bytes[21] != '-') ||
	    moment_take_zone(bytes + 21, bytes + size, &offset_us) !=
	    bytes + size)
		return -1;
	return moment_from_parts(four_digits(bytes + 7),
	    (int)moment_month_of(bytes + 3), moment_two_digits(bytes),
	    moment_two_digits(bytes + 12), moment_two_digits(bytes + 15),
	    moment_two_digits(bytes + 18), 0, offset_us, us);
}

/* What the day and time of such bytes, which are digits, add to day 0. */
static int64_t
clf_inside(const char *bytes)
{
	return moment_two_digits(bytes) * DAY_US +
	    moment_two_digits(bytes + 12) * HOUR_US +
	    moment_two_digits(bytes + 15) * MINUTE_US +
	    moment_two_digits(bytes + 18) * SECOND_US;
}

/* Keep the month of a time, unless it is one in which time ends. */
static void
month_learn(struct moment_month *month, const char *bytes, int64_t us)
{
	int64_t start = us - clf_inside(bytes);

	if (start < MOMENT_MIN || start > MOMENT_MAX - 33 * DAY_US)
		return;
	month->us = start;
	month->day_count = (int)moment_month_days(four_digits(bytes + 7),
	    moment_month_of(bytes + 3));
	memcpy(month->name, bytes + 2, sizeof(month->name));
	memcpy(month->zone, bytes + 20, sizeof(month->zone));
}

int
moment_parse_clf_next(const char *bytes, size_t size,
	struct moment_month *month, int64_t *us)
{
	if (size == CLF_BYTES &&
	    memcmp(bytes + 2, month->name, sizeof(month->name)) == 0 &&
	    memcmp(bytes + 20, month->zone, sizeof(month->zone)) == 0) {
		int day = moment_two_digits(bytes);
		unsigned hour = (unsigned)moment_two_digits(bytes + 12);
		unsigned minute = (unsigned)moment_two_digits(bytes + 15);
		unsigned second = (unsigned)moment_two_digits(bytes + 18);
		if (day > 0 && day <= month->day_count && hour < 24 &&
		    minute < 60 && second < 60 && bytes[14] == ':' &&
		    bytes[17] == ':') {
			*us = month->us + clf_inside(bytes);
			return 0;
		}
	}
	int status = moment_parse_clf(bytes, size, us);
	if (status == 0)
		month_learn(month, bytes, *us);
	return status;
}
