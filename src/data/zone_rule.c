/*
 * The POSIX TZ rule at the end of a TZif file: what holds after the last
 * transition listed.  It is unrolled into transitions of 400 years, the
 * period of the calendar (weekdays included), so that a look-up needs nothing
 * but a binary search, and later instants are moved back by whole periods.
 *
 *   rule   = name offset [ name [ offset ] [ "," change "," change ] ]
 *   change = ( "J" n | n | "M" month "." week "." day ) [ "/" time ]
 *
 * Offsets count westwards, against the rest of the world.
 */
#include "data/zone_priv.h"

#include <string.h>

#include "data/moment.h"
#include "data/moment_priv.h"

#define HOUR_SECONDS 3600
#define DAY_SECONDS 86400
/* Unrolled: one period more than the look-up moves instants by. */
#define RULE_YEARS 401
/* Where unrolling begins for a zone without transitions. */
#define RULE_YEAR_FIRST 1970
/* RFC 8536 allows hours up to 167 in a change. */
#define CHANGE_HOURS_MAX 167

enum change_kind { CHANGE_JULIAN, CHANGE_DAY, CHANGE_MONTH };

struct change {
	enum change_kind kind;
	int32_t month, week, day;
	int32_t seconds;	/* local wall clock */
};

struct rule {
	const char *at;
	const char *end;
	const char *name[2];
	size_t name_size[2];
	int32_t offset[2];	/* standard, daylight; east is positive */
	struct change change[2];	/* to daylight, to standard */
};

static int
is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static int
rule_take(struct rule *rule, char c)
{
	if (rule->at == rule->end || *rule->at != c)
		return 0;
	rule->at++;
	return 1;
}

static int
rule_number(struct rule *rule, int32_t least, int32_t most, int32_t *out)
{
	const char *start = rule->at;
	int32_t value = 0;

	for (; rule->at < rule->end && *rule->at >= '0' && *rule->at <= '9' &&
	    value <= most; rule->at++)
		value = value * 10 + (*rule->at - '0');
	*out = value;
	return rule->at > start && value >= least && value <= most ? 0 : -1;
}

/* name = letter { letter } | "<" { any but ">" } ">" */
static int
rule_name(struct rule *rule, int which)
{
	int quoted = rule_take(rule, '<');
	const char *start = rule->at;

	while (rule->at < rule->end && (quoted ? *rule->at != '>' :
	    is_letter(*rule->at)))
		rule->at++;
	rule->name[which] = start;
	rule->name_size[which] = (size_t)(rule->at - start);
	if (rule->name_size[which] == 0)
		return -1;
	return !quoted || rule_take(rule, '>') ? 0 : -1;
}

/* time = [ "+" | "-" ] hours [ ":" minutes [ ":" seconds ] ] */
static int
rule_time(struct rule *rule, int32_t hours_max, int32_t *out)
{
	int32_t hours, minutes = 0, seconds = 0;
	int negative = rule_take(rule, '-');

	if (!negative)
		rule_take(rule, '+');
	if (rule_number(rule, 0, hours_max, &hours) != 0)
		return -1;
	if (rule_take(rule, ':')) {
		if (rule_number(rule, 0, 59, &minutes) != 0)
			return -1;
		if (rule_take(rule, ':') &&
		    rule_number(rule, 0, 59, &seconds) != 0)
			return -1;
	}
	*out = hours * HOUR_SECONDS + minutes * 60 + seconds;
	if (negative)
		*out = -*out;
	return 0;
}

static int
rule_change(struct rule *rule, struct change *change)
{
	int status;

	change->seconds = 2 * HOUR_SECONDS;
	if (rule_take(rule, 'J')) {
		change->kind = CHANGE_JULIAN;
		status = rule_number(rule, 1, 365, &change->day);
	} else if (rule_take(rule, 'M')) {
		change->kind = CHANGE_MONTH;
		status = rule_number(rule, 1, 12, &change->month) != 0 ||
		    !rule_take(rule, '.') ||
		    rule_number(rule, 1, 5, &change->week) != 0 ||
		    !rule_take(rule, '.') ||
		    rule_number(rule, 0, 6, &change->day) != 0;
	} else {
		change->kind = CHANGE_DAY;
		status = rule_number(rule, 0, 365, &change->day);
	}
	if (status != 0)
		return -1;
	return rule_take(rule, '/') ?
	    rule_time(rule, CHANGE_HOURS_MAX, &change->seconds) : 0;
}

/* Reads the daylight part; the standard one is there. */
static int
rule_daylight(struct rule *rule)
{
	if (rule_name(rule, 1) != 0)
		return -1;
	rule->offset[1] = rule->offset[0] + HOUR_SECONDS;
	if (rule->at < rule->end && *rule->at != ',') {
		if (rule_time(rule, 24, &rule->offset[1]) != 0)
			return -1;
		rule->offset[1] = -rule->offset[1];
	}
	for (int i = 0; i < 2; i++)
		if (!rule_take(rule, ',') ||
		    rule_change(rule, &rule->change[i]) != 0)
			return -1;
	return rule->at == rule->end ? 0 : -1;
}

/* Days since 1970 of a change in a year. */
static int64_t
change_days(const struct change *change, int32_t year)
{
	if (change->kind == CHANGE_DAY)
		return moment_days(year, 1, 1) + change->day;
	/* February 29th is not counted. */
	if (change->kind == CHANGE_JULIAN)
		return moment_days(year, 1, 1) + change->day - 1 +
		    (change->day >= 60 && moment_is_leap(year));

	int64_t first = moment_days(year, (unsigned)change->month, 1);
	int day = 1 + (change->day - (int)moment_weekday(first) % 7 + 7) % 7 +
	    7 * (change->week - 1);
	while (day > (int)moment_month_days(year, (unsigned)change->month))
		day -= 7;
	return first + day - 1;
}

static int32_t
year_of(int64_t instant)
{
	struct civil civil;

	moment_civil(instant * SECOND_US, &civil);
	return civil.year;
}

/* Adds both changes of a year in their order, if they come after the rest. */
static void
rule_add_year(const struct rule *rule, struct zone *zone, const int *type,
	int32_t year)
{
	int64_t instant[2];

	for (int i = 0; i < 2; i++)
		instant[i] = change_days(&rule->change[i], year) * DAY_SECONDS +
		    rule->change[i].seconds - rule->offset[i];
	int first = instant[1] < instant[0];
	/* The first years' changes may lie before the last transition. */
	(void)zone_add(zone, instant[first], (unsigned)type[!first]);
	(void)zone_add(zone, instant[!first], (unsigned)type[first]);
}

int
zone_extend(struct zone *zone, const char *text, size_t size)
{
	struct rule rule = { .at = text, .end = text + size };
	int type[2];

	if (rule_name(&rule, 0) != 0 ||
	    rule_time(&rule, 24, &rule.offset[0]) != 0)
		return -1;
	rule.offset[0] = -rule.offset[0];
	int has_daylight = rule.at < rule.end;
	if (has_daylight && rule_daylight(&rule) != 0)
		return -1;
	for (int i = 0; i < 1 + has_daylight; i++) {
		type[i] = zone_add_type(zone, rule.offset[i], rule.name[i],
		    rule.name_size[i]);
		if (type[i] < 0)
			return -1;
	}
	/* Without daylight time the last transition has said it already. */
	if (!has_daylight) {
		if (zone->count == 0)
			(void)zone_add(zone, INT64_MIN / SECOND_US,
			    (unsigned)type[0]);
		return 0;
	}
	int32_t year = zone->count == 0 ? RULE_YEAR_FIRST :
	    year_of(zone->instant[zone->count - 1]);
	for (int32_t i = 0; i < RULE_YEARS; i++)
		rule_add_year(&rule, zone, type, year + i);
	zone->repeats = 1;
	return 0;
}
