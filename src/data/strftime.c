/*
 * Times by a pattern, both ways.  Each letter has a branch in the writer and
 * one in the reader; letters that stand for others (%T is %H:%M:%S) are a
 * pattern themselves.  `%-d` leaves out the padding when written; reading
 * never needs it.  Names are English.  A blank in the pattern reads any number
 * of blanks.
 *
 * The reader only collects; what parts make an instant is decided at the end:
 * epoch seconds alone, or a date by year and day of the year, by ISO week, or
 * by month and day, with what is not there taken from 1970-01-01.
 */
#include "data/moment.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/moment_priv.h"
#include "data/number.h"
#include "data/number_priv.h"

/* The pattern that a letter abbreviates, or NULL. */
static const char *
letter_expansion(char letter)
{
	switch (letter) {
	case 'D': return "%m/%d/%y";
	case 'F': return "%Y-%m-%d";
	case 'R': return "%H:%M";
	case 'T': return "%H:%M:%S";
	case 'r': return "%I:%M:%S %p";
	}
	return NULL;
}

struct writer {
	struct civil civil;
	int64_t us;		/* the instant */
	int64_t offset_us;
	const char *zone_name;
	char *out;
	size_t size;
	size_t capacity;
};

static int
write_bytes(struct writer *writer, const char *bytes, size_t size)
{
	if (size > writer->capacity - writer->size)
		return -1;
	memcpy(writer->out + writer->size, bytes, size);
	writer->size += size;
	return 0;
}

static int
write_name(struct writer *writer, const char *name, int is_short)
{
	return write_bytes(writer, name, is_short ? 3 : strlen(name));
}

/* A number with `width` digits, padded with `pad` (0: not at all). */
static int
write_number(struct writer *writer, int64_t value, unsigned width, char pad)
{
	char text[NUMBER_TEXT_MAX];
	unsigned size = number_format_int(value, text);

	for (; pad != 0 && width > size; width--)
		if (write_bytes(writer, &pad, 1) != 0)
			return -1;
	return write_bytes(writer, text, size);
}

/* +hhmm */
static int
write_offset(struct writer *writer)
{
	int64_t minutes = writer->offset_us / MINUTE_US;
	char text[5] = { minutes < 0 ? '-' : '+' };

	if (minutes < 0)
		minutes = -minutes;
	number_put_digits((uint64_t)(minutes / 60 * 100 + minutes % 60), 4,
	    text + 1);
	return write_bytes(writer, text, sizeof(text));
}

/* The ISO week and its year: the week belongs to the year of its Thursday. */
static unsigned
week_of(const struct civil *civil, int32_t *year)
{
	int thursday = civil->year_day + 4 - civil->weekday;

	*year = civil->year;
	if (thursday < 1) {
		--*year;
		thursday += 365 + moment_is_leap(*year);
	} else if (thursday > 365 + moment_is_leap(*year)) {
		thursday -= 365 + moment_is_leap(*year);
		++*year;
	}
	return (unsigned)(thursday - 1) / 7 + 1;
}

static int
write_week(struct writer *writer, char letter, char pad)
{
	int32_t year;
	unsigned week = week_of(&writer->civil, &year);

	return letter == 'V' ? write_number(writer, week, 2, pad) :
	    write_number(writer, year, 4, pad);
}

static int64_t
epoch_seconds(int64_t us)
{
	return us / SECOND_US - (us % SECOND_US < 0);
}

static int write_pattern(struct writer *, const char *, size_t);

static int
write_letter(struct writer *writer, char letter, char pad)
{
	const struct civil *civil = &writer->civil;
	const char *expansion = letter_expansion(letter);

	if (expansion != NULL)
		return write_pattern(writer, expansion, strlen(expansion));
	switch (letter) {
	case 'Y': return write_number(writer, civil->year, 4, pad);
	case 'm': return write_number(writer, civil->month, 2, pad);
	case 'd': return write_number(writer, civil->day, 2, pad);
	case 'e': return write_number(writer, civil->day, 2, pad ? ' ' : 0);
	case 'H': return write_number(writer, civil->hour, 2, pad);
	case 'I': return write_number(writer, (civil->hour + 11) % 12 + 1, 2,
	    pad);
	case 'M': return write_number(writer, civil->minute, 2, pad);
	case 'S': return write_number(writer, civil->second, 2, pad);
	case 'f': return write_number(writer, civil->microsecond, 6, '0');
	case 'L': return write_number(writer, civil->microsecond / 1000, 3,
	    '0');
	case 'j': return write_number(writer, civil->year_day, 3, pad);
	case 'y': return write_number(writer, (civil->year % 100 + 100) % 100,
	    2, pad);
	case 'u': return write_number(writer, civil->weekday, 1, pad);
	case 'w': return write_number(writer, civil->weekday % 7, 1, pad);
	case 'G':
	case 'V': return write_week(writer, letter, pad);
	case 's': return write_number(writer, epoch_seconds(writer->us), 1, 0);
	case 'p': return write_bytes(writer, civil->hour < 12 ? "AM" : "PM", 2);
	case 'a':
	case 'A': return write_name(writer,
	    moment_weekdays[civil->weekday - 1], letter == 'a');
	case 'b':
	case 'h':
	case 'B': return write_name(writer, moment_months[civil->month - 1],
	    letter != 'B');
	case 'z': return write_offset(writer);
	case 'Z': return write_bytes(writer, writer->zone_name,
	    strlen(writer->zone_name));
	case 'n': return write_bytes(writer, "\n", 1);
	case 't': return write_bytes(writer, "\t", 1);
	case '%': return write_bytes(writer, "%", 1);
	}
	return -1;
}

static int
write_pattern(struct writer *writer, const char *pattern, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] != '%') {
			if (write_bytes(writer, pattern + i, 1) != 0)
				return -1;
			continue;
		}
		char pad = '0';
		if (i + 2 < size && pattern[i + 1] == '-') {
			pad = 0;
			i++;
		}
		if (++i == size || write_letter(writer, pattern[i], pad) != 0)
			return -1;
	}
	return 0;
}

int
moment_strftime(const char *pattern, size_t pattern_size, int64_t us,
	int64_t offset_us, const char *zone_name, char *out, size_t capacity)
{
	struct writer writer = {
		.us = us,
		.offset_us = offset_us,
		.zone_name = zone_name != NULL ? zone_name : "UTC",
		.out = out,
		/* The result is an int. */
		.capacity = capacity < INT32_MAX ? capacity : INT32_MAX,
	};
	int64_t local_us;

	if (__builtin_add_overflow(us, offset_us, &local_us))
		return -1;
	moment_civil(local_us, &writer.civil);
	if (write_pattern(&writer, pattern, pattern_size) != 0)
		return -1;
	return (int)writer.size;
}

/* Parts as read; those below 0 were not there. */
struct reader {
	const char *at;
	const char *end;
	int64_t year, month, day, hour, hour12, minute, second;
	int64_t year_day, week, week_year, weekday, half;
	uint32_t microsecond;
	int64_t epoch;
	int64_t offset_us;
	int has_epoch;
};

static int
is_blank(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') <= '\r' - '\t';
}

static void
skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end && is_blank(*reader->at))
		reader->at++;
}

/* 1 to `width` digits in a range. */
static int
read_number(struct reader *reader, unsigned width, int64_t least, int64_t most,
	int64_t *out)
{
	const char *start = reader->at;
	int64_t value = 0;

	for (; reader->at < reader->end && width > 0 && *reader->at >= '0' &&
	    *reader->at <= '9'; reader->at++, width--)
		value = value * 10 + (*reader->at - '0');
	*out = value;
	return reader->at > start && value >= least && value <= most ? 0 : -1;
}

/* One of `count` English names, whole or its first 3 letters, in any case. */
static int
read_name(struct reader *reader, const char *const *names, int count,
	int64_t *out)
{
	size_t left = (size_t)(reader->end - reader->at);

	for (int i = 0; i < count; i++) {
		size_t size = strlen(names[i]);
		if (left < 3 || strncasecmp(reader->at, names[i], 3) != 0)
			continue;
		reader->at += left >= size && strncasecmp(reader->at, names[i],
		    size) == 0 ? size : 3;
		*out = i + 1;
		return 0;
	}
	return -1;
}

/* Signed, up to 12 digits: the year 9999 needs 12. */
static int
read_epoch(struct reader *reader)
{
	int negative = reader->at < reader->end && *reader->at == '-';

	reader->at += negative;
	reader->has_epoch = 1;
	if (read_number(reader, 12, 0, INT64_MAX, &reader->epoch) != 0)
		return -1;
	if (negative)
		reader->epoch = -reader->epoch;
	return 0;
}

static int
read_half(struct reader *reader)
{
	if (reader->end - reader->at < 2 || (reader->at[1] | 0x20) != 'm')
		return -1;
	char letter = reader->at[0] | 0x20;
	if (letter != 'a' && letter != 'p')
		return -1;
	reader->half = letter == 'p';
	reader->at += 2;
	return 0;
}

/* +hh:mm and its short forms, Z, UTC, GMT. */
static int
read_offset(struct reader *reader)
{
	const char *at = moment_take_zone(reader->at, reader->end,
	    &reader->offset_us);
	if (at == NULL)
		return -1;
	reader->at = at;
	return 0;
}

/*
 * The names that RFC 822 gives a meaning.  Others (CST in China, IST) mean
 * several zones and are refused.
 */
static int
read_zone_name(struct reader *reader)
{
	static const struct {
		char name[4];
		int8_t hours;
	} zones[] = {
		{ "UTC", 0 }, { "GMT", 0 }, { "EST", -5 }, { "EDT", -4 },
		{ "CST", -6 }, { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 },
		{ "PST", -8 }, { "PDT", -7 }, { "UT", 0 }, { "Z", 0 },
	};
	size_t size = 0, left = (size_t)(reader->end - reader->at);

	while (size < left && ((reader->at[size] | 0x20) >= 'a' &&
	    (reader->at[size] | 0x20) <= 'z'))
		size++;
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		if (size != strlen(zones[i].name) ||
		    strncasecmp(reader->at, zones[i].name, size) != 0)
			continue;
		reader->at += size;
		reader->offset_us = zones[i].hours * HOUR_US;
		return 0;
	}
	return -1;
}

/* Two digits as POSIX has them: 69..99 are 19.., 00..68 are 20... */
static int
read_short_year(struct reader *reader)
{
	if (read_number(reader, 2, 0, 99, &reader->year) != 0)
		return -1;
	reader->year += reader->year < 69 ? 2000 : 1900;
	return 0;
}

static int
read_fraction(struct reader *reader)
{
	const char *end = reader->end - reader->at > 9 ? reader->at + 9 :
	    reader->end;
	const char *at = moment_take_fraction(reader->at, end,
	    &reader->microsecond);
	if (at == NULL)
		return -1;
	reader->at = at;
	return 0;
}

static int
read_sunday_first(struct reader *reader)
{
	if (read_number(reader, 1, 0, 6, &reader->weekday) != 0)
		return -1;
	if (reader->weekday == 0)
		reader->weekday = 7;
	return 0;
}

static int
read_byte(struct reader *reader, char c)
{
	if (is_blank(c)) {
		skip_blanks(reader);
		return 0;
	}
	if (reader->at == reader->end || *reader->at != c)
		return -1;
	reader->at++;
	return 0;
}

static int read_pattern(struct reader *, const char *, size_t);

static int
read_letter(struct reader *reader, char letter)
{
	const char *expansion = letter_expansion(letter);

	if (expansion != NULL)
		return read_pattern(reader, expansion, strlen(expansion));
	switch (letter) {
	case 'Y': return read_number(reader, 4, 1, 9999, &reader->year);
	case 'y': return read_short_year(reader);
	case 'm': return read_number(reader, 2, 1, 12, &reader->month);
	case 'e':
		skip_blanks(reader);
		/* fallthrough */
	case 'd': return read_number(reader, 2, 1, 31, &reader->day);
	case 'H': return read_number(reader, 2, 0, 23, &reader->hour);
	case 'I': return read_number(reader, 2, 1, 12, &reader->hour12);
	case 'M': return read_number(reader, 2, 0, 59, &reader->minute);
	case 'S': return read_number(reader, 2, 0, 60, &reader->second);
	case 'f':
	case 'L': return read_fraction(reader);
	case 'j': return read_number(reader, 3, 1, 366, &reader->year_day);
	case 'u': return read_number(reader, 1, 1, 7, &reader->weekday);
	case 'w': return read_sunday_first(reader);
	case 'G': return read_number(reader, 4, 1, 9999, &reader->week_year);
	case 'V': return read_number(reader, 2, 1, 53, &reader->week);
	case 's': return read_epoch(reader);
	case 'p': return read_half(reader);
	case 'a':
	case 'A': return read_name(reader, moment_weekdays, 7,
	    &reader->weekday);
	case 'b':
	case 'h':
	case 'B': return read_name(reader, moment_months, 12, &reader->month);
	case 'z': return read_offset(reader);
	case 'Z': return read_zone_name(reader);
	case 'n':
	case 't': skip_blanks(reader); return 0;
	case '%': return read_byte(reader, '%');
	}
	return -1;
}

static int
read_pattern(struct reader *reader, const char *pattern, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] != '%') {
			if (read_byte(reader, pattern[i]) != 0)
				return -1;
			continue;
		}
		if (i + 2 < size && pattern[i + 1] == '-')
			i++;
		if (++i == size || read_letter(reader, pattern[i]) != 0)
			return -1;
	}
	return 0;
}

/* Day 1 of week 1 is the Monday of the week with January 4th. */
static int64_t
days_of_week(const struct reader *reader)
{
	int64_t fourth = moment_days((int32_t)reader->week_year, 1, 4);
	int64_t weekday = reader->weekday < 0 ? 1 : reader->weekday;

	return fourth - (int64_t)moment_weekday(fourth) + 7 * (reader->week - 1)
	    + weekday;
}

/* Days since 1970-01-01 of the date; -1 if it does not exist. */
static int
reader_date(const struct reader *reader, int64_t *days)
{
	int32_t year = reader->year < 0 ? 1970 : (int32_t)reader->year;
	unsigned month = reader->month < 0 ? 1 : (unsigned)reader->month;
	unsigned day = reader->day < 0 ? 1 : (unsigned)reader->day;

	if (reader->week_year >= 0 && reader->week >= 0) {
		*days = days_of_week(reader);
		return 0;
	}
	if (reader->year_day >= 0 && reader->month < 0 && reader->day < 0) {
		*days = moment_days(year, 1, 1) + reader->year_day - 1;
		return reader->year_day <= 365 + moment_is_leap(year) ? 0 : -1;
	}
	*days = moment_days(year, month, day);
	return day <= moment_month_days(year, month) ? 0 : -1;
}

static int64_t
reader_hour(const struct reader *reader)
{
	if (reader->hour >= 0)
		return reader->hour;
	if (reader->hour12 < 0)
		return 0;
	return reader->hour12 % 12 + (reader->half == 1 ? 12 : 0);
}

static int
reader_finish(const struct reader *reader, int64_t *us)
{
	int64_t days, result;
	int64_t minute = reader->minute < 0 ? 0 : reader->minute;
	int64_t second = reader->second < 0 ? 0 : reader->second;

	if (reader->has_epoch) {
		result = reader->epoch * SECOND_US + reader->microsecond;
	} else {
		if (reader_date(reader, &days) != 0 ||
		    (second == 60 && minute != 59))
			return -1;
		result = days * DAY_US + reader_hour(reader) * HOUR_US +
		    minute * MINUTE_US + second * SECOND_US +
		    reader->microsecond - reader->offset_us;
	}
	if (result < MOMENT_MIN || result > MOMENT_MAX)
		return -1;
	*us = result;
	return 0;
}

int
moment_strptime(const char *pattern, size_t pattern_size, const char *bytes,
	size_t size, int64_t default_offset_us, int64_t *us)
{
	struct reader reader = {
		.at = bytes, .end = bytes + size,
		.year = -1, .month = -1, .day = -1, .hour = -1, .hour12 = -1,
		.minute = -1, .second = -1, .year_day = -1, .week = -1,
		.week_year = -1, .weekday = -1, .half = -1,
		.offset_us = default_offset_us,
	};

	if (read_pattern(&reader, pattern, pattern_size) != 0 ||
	    reader.at != reader.end)
		return -1;
	return reader_finish(&reader, us);
}
