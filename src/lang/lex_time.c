/*
 * Timestamps: @2026-01-02, @2026-01-02T03:04, with seconds, up to six digits
 * of a fraction, and Z or an offset; without one they are UTC.  Days are
 * counted in the proleptic Gregorian calendar: years begin in March, so that
 * the leap day is the last of its year.
 */
#include <string.h>

#include "lang/letter.h"
#include "lang/lex_priv.h"

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z. */
#define TIME_MIN_US (-62135596800000000)
#define TIME_MAX_US 253402300799999999

struct clock {
	int year, month, day, hour, minute, second, microsecond, offset_minutes;
};

/* `count` digits at the position, within [least, most]. */
static int
take_field(struct lex *lex, int count, int least, int most, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++) {
		unsigned char c = lex_at(lex, (uint32_t)i);
		if (!lex_is_digit(c))
			return -1;
		*value = *value * 10 + (c - '0');
	}
	if (*value < least || *value > most)
		return -1;
	lex->position += (uint32_t)count;
	return 0;
}

static int
take_char(struct lex *lex, char c)
{
	if (lex_at(lex, 0) != (unsigned char)c)
		return -1;
	lex->position++;
	return 0;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01. */
static int64_t
days_since_1970(const struct clock *clock)
{
	int year = clock->month < 3 ? clock->year - 1 : clock->year;
	int month = (clock->month + 9) % 12;	/* March is 0 */
	int64_t days = (int64_t)365 * year + year / 4 - year / 100 + year / 400;

	/* 153 days in five months from March or August on. */
	return days + (153 * month + 2) / 5 + clock->day - 1 - 719468;
}

/* .123456 */
static int
take_fraction(struct lex *lex, struct clock *clock)
{
	int digits = 0;

	if (lex_at(lex, 0) != '.' || !lex_is_digit(lex_at(lex, 1)))
		return 0;
	lex->position++;
	for (; lex_is_digit(lex_at(lex, 0)); lex->position++, digits++) {
		int digit = lex_at(lex, 0) - '0';
		if (digits < 6)
			clock->microsecond = clock->microsecond * 10 + digit;
		else if (digit != 0)
			return -1;
	}
	for (; digits < 6; digits++)
		clock->microsecond *= 10;
	return 0;
}

/* Z, +02:00 or nothing; a sign before anything else is an operator. */
static int
take_zone(struct lex *lex, struct clock *clock)
{
	unsigned char sign = lex_at(lex, 0);
	int hours, minutes;

	if (sign == 'Z') {
		lex->position++;
		return 0;
	}
	if ((sign != '+' && sign != '-') || !lex_is_digit(lex_at(lex, 1)) ||
	    !lex_is_digit(lex_at(lex, 2)) || lex_at(lex, 3) != ':')
		return 0;
	lex->position++;
	if (take_field(lex, 2, 0, 23, &hours) != 0 ||
	    take_char(lex, ':') != 0 ||
	    take_field(lex, 2, 0, 59, &minutes) != 0)
		return -1;
	clock->offset_minutes = hours * 60 + minutes;
	if (sign == '-')
		clock->offset_minutes = -clock->offset_minutes;
	return 0;
}

static int
take_clock(struct lex *lex, struct clock *clock)
{
	if (take_field(lex, 4, 1, 9999, &clock->year) != 0 ||
	    take_char(lex, '-') != 0 ||
	    take_field(lex, 2, 1, 12, &clock->month) != 0 ||
	    take_char(lex, '-') != 0 ||
	    take_field(lex, 2, 1, days_of_month(clock->year, clock->month),
	    &clock->day) != 0)
		return -1;
	if (lex_at(lex, 0) != 'T')
		return 0;
	lex->position++;
	if (take_field(lex, 2, 0, 23, &clock->hour) != 0 ||
	    take_char(lex, ':') != 0 ||
	    take_field(lex, 2, 0, 59, &clock->minute) != 0)
		return -1;
	if (lex_at(lex, 0) == ':') {
		lex->position++;
		if (take_field(lex, 2, 0, 59, &clock->second) != 0 ||
		    take_fraction(lex, clock) != 0)
			return -1;
	}
	return take_zone(lex, clock);
}

/* Is what follows a part of the same word, so that the time is none? */
static int
goes_on(const struct lex *lex)
{
	unsigned char c = lex_at(lex, 0);

	return (c == ':' && lex_is_digit(lex_at(lex, 1))) ||
	    letter_continues_name(lex->source + lex->position,
	    lex->size - lex->position) > 0;
}

void
lex_time(struct lex *lex, struct token *token)
{
	struct clock clock = { 0 };
	uint32_t from = lex->position++;
	int64_t time = 0;
	int failed = take_clock(lex, &clock) != 0 || goes_on(lex);

	if (!failed) {
		int64_t minutes = days_since_1970(&clock) * 1440 +
		    clock.hour * 60 + clock.minute - clock.offset_minutes;
		time = (minutes * 60 + clock.second) * 1000000 +
		    clock.microsecond;
		failed = time < TIME_MIN_US || time > TIME_MAX_US;
	}
	if (failed) {
		while (goes_on(lex) || lex_at(lex, 0) == '-')
			lex->position++;
		lex_bad(lex, token, from, lex->position - from,
		    "as in @2026-01-02, @2026-01-02T03:04:05.678Z or "
		    "@2026-01-02T03:04+02:00", "this is no point in time");
		return;
	}
	token->integer = time;
	token->text = lex_text(lex, lex->source + from, lex->position - from);
	lex_finish(lex, token, TOKEN_TIME);
}
