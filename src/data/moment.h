#ifndef SFLOW_DATA_MOMENT_H
#define SFLOW_DATA_MOMENT_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Instants (microseconds since 1970 UTC, year 1 to 9999), dates (days since
 * 1970-01-01) and durations (microseconds), and their texts.  Proleptic
 * Gregorian calendar, no leap seconds.
 */
/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z. */
#define MOMENT_MIN (-62135596800000000ll)
#define MOMENT_MAX 253402300799999999ll
#define MOMENT_TEXT_MAX 40

struct civil {
	int32_t year;		/* 1..9999 */
	uint8_t month, day;	/* 1..12, 1..31 */
	uint8_t hour, minute, second;
	uint8_t weekday;	/* 1 Monday .. 7 Sunday */
	uint16_t year_day;	/* 1..366 */
	uint32_t microsecond;
};

int64_t moment_days(int32_t year, unsigned month, unsigned day);
void moment_civil(int64_t us, struct civil *out);
/* -1 if a part is out of its range. */
int moment_from_civil(const struct civil *, int64_t *us);

/*
 * ISO 8601 / RFC 3339 as logs and exports write it: 2026-01-02,
 * 2026-01-02T03:04[:05[.fraction]][[ ](Z|UTC|GMT|+hh:mm|+hhmm|+hh)], a blank or
 * 't' for 'T', ',' for '.'; without a zone it is UTC.  What is below a
 * microsecond is cut off; second 60 ends an hour only and is the next second.
 * -1 if it is not that to the last byte.
 */
int moment_parse(const char *bytes, size_t size, int64_t *us);
int moment_parse_date(const char *bytes, size_t size, int64_t *days);
/*
 * The language's duration: 1h30m, 250ms, -5s, 1.5h; units w d h m s ms us from
 * large to small, one sign in front.  -1 if it is none.
 */
int moment_parse_duration(const char *bytes, size_t size, int64_t *us);

/* 2026-01-02T03:04:05Z, with .123 or .123456 when there is a fraction. */
unsigned moment_format(int64_t us, char *out);
unsigned moment_format_date(int64_t days, char *out);
/* 1d12h, 1h30m, 250ms, 0s: parses back to the same. */
unsigned moment_format_duration(int64_t us, char *out);

/*
 * Pattern of strftime/strptime letters: %Y %m %d %H %M %S %f (fraction, 1 to 9
 * digits when read, 6 when written) %L (the same, 3 digits written) %z %Z %a %A
 * %b %h %B %e %j %I %p %s (epoch seconds) %y %u %w %V %G %D %T %F %R %r %n %t
 * %%; %-d writes without padding.  `offset_us` is added to the instant before
 * formatting and printed by %z; `zone_name` (NULL: UTC) by %Z.  Returns the
 * size, or -1 for a pattern that is none or does not fit.
 *
 * Parsing takes what is not there from 1970-01-01T00:00:00Z, and
 * `default_offset_us` where the text names no zone.  %Z reads UTC, GMT, Z and
 * the American names of RFC 822: others do not name one zone.  Blanks in the
 * pattern match any number of blanks.  -1 unless all of the text matches.
 */
int moment_strftime(const char *pattern, size_t pattern_size, int64_t us,
	int64_t offset_us, const char *zone_name, char *out, size_t capacity);
int moment_strptime(const char *pattern, size_t pattern_size, const char *bytes,
	size_t size, int64_t default_offset_us, int64_t *us);
/* 10/Oct/2000:13:55:36 -0700, of the common log format.  Fast path. */
int moment_parse_clf(const char *bytes, size_t size, int64_t *us);
/*
 * The same, faster where month and zone are those of the last one: `month` is
 * zeroed before the first.
 */
struct moment_month {
	char name[10];		/* "/Oct/2000:" */
	char zone[6];		/* " -0700" */
	int day_count;
	int64_t us;		/* of its day 0 */
};
int moment_parse_clf_next(const char *bytes, size_t size,
	struct moment_month *month, int64_t *us);

/*
 * A time zone from the system's zoneinfo (TZDIR, else /usr/share/zoneinfo):
 * "Europe/Berlin"; or "UTC", "Z", "+02:00", which need no file.  NULL with
 * `err` if there is no such zone.  Opened ones are cached for the process;
 * nothing is freed.  Safe from several threads.
 */
struct zone;
const struct zone *zone_open(const char *name, size_t size, struct err *);
/* Offset in force at an instant, in microseconds to add to UTC. */
int64_t zone_offset(const struct zone *, int64_t us);
/* The abbreviation in force ("CET"). */
const char *zone_abbreviation(const struct zone *, int64_t us);
/* Local wall clock (as if UTC) to instant; in a gap forward, in an overlap the
 * earlier one, as java.time has it. */
int64_t zone_to_utc(const struct zone *, int64_t local_us);

#endif
