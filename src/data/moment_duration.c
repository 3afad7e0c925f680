/*
 * Durations as text: parts of a number and a unit, from the largest unit to
 * the smallest, each at most once, with one sign for all.  A number may have a
 * fraction (1.5h, 12.75ms); what is below a microsecond is cut off.
 */
#include "data/moment.h"

#include <string.h>

#include "data/moment_priv.h"
#include "data/number.h"

struct unit {
	const char *name;
	unsigned name_size;
	uint64_t us;
};

static const struct unit units[] = {
	{ "w", 1, 7 * DAY_US }, { "d", 1, DAY_US }, { "h", 1, HOUR_US },
	{ "m", 1, MINUTE_US }, { "s", 1, SECOND_US }, { "ms", 2, 1000 },
	{ "us", 2, 1 },
};
#define UNIT_COUNT (sizeof(units) / sizeof(*units))
/* Weeks are read, not written. */
#define UNIT_WRITTEN_FIRST 1

/* More digits cannot matter: a week has 6 * 10^11 microseconds. */
#define FRACTION_DIGITS_MAX 12

/* A run of letters that is a unit behind units[from]; UNIT_COUNT if none. */
static size_t
take_unit(const char **at, const char *end, size_t from)
{
	const char *start = *at;

	while (*at < end && **at >= 'a' && **at <= 'z')
		++*at;
	size_t size = (size_t)(*at - start);
	while (from < UNIT_COUNT && (units[from].name_size != size ||
	    memcmp(units[from].name, start, size) != 0))
		from++;
	return from;
}

/* Digits into *value; -1 if there are none or they pass 64 bits. */
static int
take_whole(const char **at, const char *end, uint64_t *value)
{
	const char *start = *at;

	*value = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**at - '0'),
		    value))
			return -1;
	return *at > start ? 0 : -1;
}

/* The digits behind a point as a fraction of 10^12; -1 if there are none. */
static int
take_fraction(const char **at, const char *end, uint64_t *value)
{
	unsigned digits = 0;

	*value = 0;
	if (*at == end || **at != '.')
		return 0;
	const char *start = ++*at;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		if (digits == FRACTION_DIGITS_MAX)
			continue;
		*value = *value * 10 + (uint64_t)(**at - '0');
		digits++;
	}
	for (; digits < FRACTION_DIGITS_MAX; digits++)
		*value *= 10;
	return *at > start ? 0 : -1;
}

int
moment_parse_duration(const char *bytes, size_t size, int64_t *us)
{
	const char *at = bytes, *end = bytes + size;
	uint64_t total = 0;
	size_t next = 0;
	int negative = at < end && *at == '-';

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	if (at == end)
		return -1;
	while (at < end) {
		uint64_t whole, fraction;
		if (take_whole(&at, end, &whole) != 0 ||
		    take_fraction(&at, end, &fraction) != 0)
			return -1;
		size_t unit = take_unit(&at, end, next);
		if (unit == UNIT_COUNT ||
		    __builtin_mul_overflow(whole, units[unit].us, &whole) ||
		    __builtin_add_overflow(total, whole, &total))
			return -1;
		/* Below one unit, so far from 64 bits. */
		uint64_t part = (uint64_t)((__uint128_t)fraction *
		    units[unit].us / 1000000000000u);
		if (__builtin_add_overflow(total, part, &total))
			return -1;
		next = unit + 1;
	}
	if (total > (uint64_t)INT64_MAX + (uint64_t)negative)
		return -1;
	/* Two's complement: -2^63 comes out right. */
	*us = (int64_t)(negative ? -total : total);
	return 0;
}

unsigned
moment_format_duration(int64_t us, char *out)
{
	char *at = out;
	uint64_t left = us < 0 ? -(uint64_t)us : (uint64_t)us;

	if (us == 0) {
		memcpy(out, "0s", 2);
		return 2;
	}
	if (us < 0)
		*at++ = '-';
	for (size_t i = UNIT_WRITTEN_FIRST; i < UNIT_COUNT && left > 0; i++) {
		uint64_t count = left / units[i].us;
		if (count == 0)
			continue;
		at += number_format_int((int64_t)count, at);
		memcpy(at, units[i].name, units[i].name_size);
		at += units[i].name_size;
		left %= units[i].us;
	}
	return (unsigned)(at - out);
}
