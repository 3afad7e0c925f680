#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "data/moment.h"
#include "data/zone_priv.h"
#include "random_column.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define ROUNDS 20000
#define SECOND_US 1000000ll

static const struct zone *
open_zone(const char *name)
{
	struct err err = ERR_INIT;

	return zone_open(name, strlen(name), &err);
}

static int64_t
instant(const char *text)
{
	int64_t us = 0;

	cr_assert_eq(moment_parse(text, strlen(text), &us), 0, "%s", text);
	return us;
}

/* Offset, name and way back of one instant, by localtime in this process. */
static void
check_instant(const struct zone *zone, int64_t second)
{
	time_t seconds = (time_t)second;
	int64_t us = second * SECOND_US;
	struct tm tm;

	localtime_r(&seconds, &tm);
	cr_assert_eq(zone_offset(zone, us), tm.tm_gmtoff * SECOND_US,
	    "%s at %lld", getenv("TZ"), (long long)second);
	cr_assert_str_eq(zone_abbreviation(zone, us), tm.tm_zone);
	/* An earlier instant may have the same wall clock. */
	int64_t local = us + tm.tm_gmtoff * SECOND_US;
	int64_t back = zone_to_utc(zone, local);
	cr_assert(back <= us);
	cr_assert_eq(back + zone_offset(zone, back), local);
}

Test(zone, is_localtimes)
{
	static const char *const names[] = {
		"Europe/Berlin", "America/New_York", "Asia/Kolkata",
		"Pacific/Apia", "Europe/Dublin", "Africa/Casablanca",
		"America/Santiago", "Australia/Lord_Howe", "Asia/Tehran",
		"Antarctica/Troll", "Asia/Gaza", "Africa/Monrovia",
		"EST5EDT", "Etc/GMT+5", "America/Sao_Paulo",
	};
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct zone *zone = open_zone(names[i]);
		/* A system without the database has nothing to compare. */
		if (zone == NULL)
			continue;
		setenv("TZ", names[i], 1);
		tzset();
		for (int k = 0; k < ROUNDS; k++) {
			int64_t random = (int64_t)random_next(&seed,
			    UINT32_MAX);
			check_instant(zone, random);
			check_instant(zone, -random);
			check_instant(zone, random * 58);
		}
	}
}

/* A big-endian word. */
static void
add_number(struct buf *buf, int64_t number, int bytes)
{
	while (bytes-- > 0)
		buf_add_char(buf, (char)(number >> (8 * bytes)));
}

static void
add_header(struct buf *buf, int times, int types, int names)
{
	buf_add(buf, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	add_number(buf, 0, 4);
	add_number(buf, 0, 4);
	add_number(buf, 0, 4);
	add_number(buf, times, 4);
	add_number(buf, types, 4);
	add_number(buf, names, 4);
}

/* A file with one transition, at 0, from -1 hour to +1 hour, and a rule. */
static void
make_file(struct buf *buf, const char *rule)
{
	add_header(buf, 0, 0, 0);
	add_header(buf, 1, 2, 8);
	add_number(buf, 0, 8);
	add_number(buf, 1, 1);
	add_number(buf, -3600, 4);
	add_number(buf, 0, 2);
	add_number(buf, 3600, 4);
	add_number(buf, 4, 2);
	buf_add(buf, "OLD\0NEW", 8);
	buf_add_char(buf, '\n');
	buf_add_string(buf, rule);
	buf_add_char(buf, '\n');
}

static void
write_file(const char *path, const char *rule)
{
	struct buf buf = { 0 };
	FILE *file = fopen(path, "wb");

	cr_assert_not_null(file);
	make_file(&buf, rule);
	fwrite(buf.bytes, 1, buf.size, file);
	fclose(file);
	buf_fini(&buf);
}

/* Makes a database of one zone in a fresh folder; its opened zone. */
static const struct zone *
zone_with_rule(const char *rule)
{
	char folder[] = "/tmp/sflow-zone-XXXXXX", path[64];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/Here", folder);
	write_file(path, rule);
	setenv("TZDIR", folder, 1);
	const struct zone *zone = open_zone("Here");
	unlink(path);
	rmdir(folder);
	return zone;
}

static void
check_offset(const struct zone *zone, const char *text, int minutes,
	const char *name)
{
	cr_assert_eq(zone_offset(zone, instant(text)), minutes * 60 *
	    SECOND_US, "%s", text);
	cr_assert_str_eq(zone_abbreviation(zone, instant(text)), name);
}

Test(zone, rule_of_middle_europe)
{
	const struct zone *zone = zone_with_rule("CET-1CEST,M3.5.0,M10.5.0/3");

	cr_assert_not_null(zone);
	check_offset(zone, "1969-12-31T23:59:59Z", -60, "OLD");
	check_offset(zone, "1970-01-01T00:00:00Z", 60, "NEW");
	check_offset(zone, "2026-03-29T00:59:59Z", 60, "CET");
	check_offset(zone, "2026-03-29T01:00:00Z", 120, "CEST");
	check_offset(zone, "2026-10-25T00:59:59Z", 120, "CEST");
	check_offset(zone, "2026-10-25T01:00:00Z", 60, "CET");
	/* Beyond what was unrolled: 400 and 8000 years later. */
	check_offset(zone, "2426-03-29T01:00:00Z", 120, "CEST");
	check_offset(zone, "9626-10-25T00:59:59Z", 120, "CEST");
	check_offset(zone, "9999-12-31T23:59:59Z", 60, "CET");
}

Test(zone, gap_and_overlap)
{
	const struct zone *zone = zone_with_rule("CET-1CEST,M3.5.0,M10.5.0/3");

	cr_assert_eq(zone_to_utc(zone, instant("2026-03-29T01:59:59Z")),
	    instant("2026-03-29T00:59:59Z"));
	cr_assert_eq(zone_to_utc(zone, instant("2026-03-29T02:30:00Z")),
	    instant("2026-03-29T01:30:00Z"));
	cr_assert_eq(zone_to_utc(zone, instant("2026-03-29T03:00:00Z")),
	    instant("2026-03-29T01:00:00Z"));
	cr_assert_eq(zone_to_utc(zone, instant("2026-10-25T02:30:00Z")),
	    instant("2026-10-25T00:30:00Z"));
	cr_assert_eq(zone_to_utc(zone, instant("2026-10-25T03:00:00Z")),
	    instant("2026-10-25T02:00:00Z"));
	cr_assert_eq(zone_to_utc(zone, instant("9626-10-25T02:30:00Z")),
	    instant("9626-10-25T00:30:00Z"));
}

Test(zone, other_rules)
{
	const struct zone *zone = zone_with_rule(
	    "<-03>3<-02>,J60/0:30:15,300/-5");
	cr_assert_not_null(zone);
	check_offset(zone, "2024-03-01T03:30:14Z", -180, "-03");
	check_offset(zone, "2024-03-01T03:30:15Z", -120, "-02");
	/* Day 300 from 0 is October 28th; five hours before it. */
	check_offset(zone, "2023-10-27T20:59:59Z", -120, "-02");
	check_offset(zone, "2023-10-27T21:00:00Z", -180, "-03");
}

Test(zone, summer_time_all_year)
{
	const struct zone *zone = zone_with_rule("XXX3EDT4,0/0,J365/23");

	cr_assert_not_null(zone);
	check_offset(zone, "2026-01-01T02:59:59Z", -240, "EDT");
	check_offset(zone, "2026-01-01T03:00:00Z", -240, "EDT");
	check_offset(zone, "2028-12-31T12:00:00Z", -240, "EDT");
}

Test(zone, no_summer_time)
{
	const struct zone *zone = zone_with_rule("NEW-1");

	cr_assert_not_null(zone);
	check_offset(zone, "2500-06-01", 60, "NEW");
}

Test(zone, rules_that_are_none)
{
	static const char *const rules[] = {
		"CET", "CET-", "-1", "CET-1CEST", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/200",
		"CET-1CEST,M3.5.0,M10.5.0x", "CET-25", "<CET-1", "CET-1:60",
		"CET-1CEST,J0,J1", "CET-1CEST,366,1",
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		cr_assert_null(zone_with_rule(rules[i]), "%s", rules[i]);
}

/* Every beginning of a good file, and every flipped byte, is survived. */
Test(zone, damaged_files)
{
	struct buf buf = { 0 };

	make_file(&buf, "CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < buf.size; i++) {
		unsigned char *copy = mem_copy(buf.bytes, buf.size);
		for (int flip = 0; flip < 2; flip++) {
			struct zone zone = { 0 };
			copy[i] ^= (unsigned char)(flip * 0xff);
			zone_read(&zone, copy, flip ? buf.size : i);
			mem_free(zone.instant);
			mem_free(zone.index);
			mem_free(zone.type);
		}
		mem_free(copy);
	}
	buf_fini(&buf);
}

Test(zone, fixed_offsets)
{
	check_offset(open_zone("UTC"), "2026-01-02", 0, "UTC");
	check_offset(open_zone("Z"), "2026-01-02", 0, "UTC");
	check_offset(open_zone("+05:30"), "2026-01-02", 330, "+05:30");
	check_offset(open_zone("-0800"), "2026-01-02", -480, "-0800");
	cr_assert_eq(open_zone("+05:30"), open_zone("+05:30"));
	cr_assert_eq(zone_to_utc(open_zone("+01:00"),
	    instant("2026-01-01T00:30:00Z")), instant("2025-12-31T23:30:00Z"));
}

static void
check_refused(const char *name, size_t size, const char *message)
{
	struct err err = ERR_INIT;

	cr_assert_null(zone_open(name, size, &err));
	cr_assert_str_eq(err.message, message);
}

Test(zone, names_that_are_none)
{
	setenv("TZDIR", "/nowhere", 1);
	check_refused("Europe/Berln", 12,
	    "there is no time zone 'Europe/Berln' in /nowhere");
	check_refused("../passwd", 9,
	    "'../passwd' is not the name of a time zone");
	check_refused("Europe/../../passwd", 19,
	    "'Europe/../../passwd' is not the name of a time zone");
	check_refused("/etc/passwd", 11,
	    "'/etc/passwd' is not the name of a time zone");
	check_refused("", 0, "'' is not the name of a time zone");
	check_refused("UTC\0x", 5, "'UTC' is not the name of a time zone");
	check_refused("a b", 3, "'a b' is not the name of a time zone");
}
