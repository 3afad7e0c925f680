#include "data/moment.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "random_column.h"

#define DAY_US 86400000000ll
#define DAYS_MIN (-719162)
#define DAYS_MAX 2932896
#define ROUNDS 100000

static void
check_parse(const char *text, const char *expected)
{
	int64_t us = 0;
	char out[MOMENT_TEXT_MAX + 1];
	int status = moment_parse(text, strlen(text), &us);

	if (expected == NULL) {
		cr_assert_eq(status, -1, "%s", text);
		return;
	}
	cr_assert_eq(status, 0, "%s", text);
	out[moment_format(us, out)] = '\0';
	cr_assert_str_eq(out, expected);
}

/* Every day of the years 1 to 9999 has the parts that gmtime gives it. */
Test(moment, calendar_is_gmtimes)
{
	for (int64_t days = DAYS_MIN; days <= DAYS_MAX; days++) {
		struct civil civil;
		time_t seconds = (time_t)days * 86400;
		struct tm tm;

		moment_civil(days * DAY_US + DAY_US - 1, &civil);
		gmtime_r(&seconds, &tm);
		cr_assert(civil.year == tm.tm_year + 1900 &&
		    civil.month == tm.tm_mon + 1 && civil.day == tm.tm_mday);
		cr_assert(civil.weekday % 7 == tm.tm_wday &&
		    civil.year_day == tm.tm_yday + 1);
		cr_assert_eq(moment_days(civil.year, civil.month, civil.day),
		    days);
		cr_assert(civil.hour == 23 && civil.minute == 59 &&
		    civil.second == 59 && civil.microsecond == 999999);
	}
}

Test(moment, civil_there_and_back)
{
	uint64_t seed = 1;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t us = (DAYS_MIN + (int64_t)random_next(&seed,
		    DAYS_MAX - DAYS_MIN)) * DAY_US +
		    random_next(&seed, 86400) * 1000000ll +
		    random_next(&seed, 1000000), back;
		struct civil civil;
		moment_civil(us, &civil);
		cr_assert_eq(moment_from_civil(&civil, &back), 0);
		cr_assert_eq(back, us);
	}
}

Test(moment, civil_out_of_range)
{
	struct civil good = { .year = 2024, .month = 2, .day = 29 };
	struct civil civil;
	int64_t us;

	cr_assert_eq(moment_from_civil(&good, &us), 0);
#define BAD(part, value) \
	civil = good; civil.part = value; \
	cr_assert_eq(moment_from_civil(&civil, &us), -1)
	BAD(year, 0);
	BAD(year, 10000);
	BAD(year, 2023);
	BAD(month, 0);
	BAD(month, 13);
	BAD(day, 0);
	BAD(day, 30);
	BAD(hour, 24);
	BAD(minute, 60);
	BAD(second, 60);
	BAD(microsecond, 1000000);
#undef BAD
}

Test(moment, texts)
{
	check_parse("2026-01-02", "2026-01-02T00:00:00Z");
	check_parse("2026-01-02T03:04", "2026-01-02T03:04:00Z");
	check_parse("2026-01-02T03:04Z", "2026-01-02T03:04:00Z");
	check_parse("2026-01-02 03:04:05", "2026-01-02T03:04:05Z");
	check_parse("2026-01-02t03:04:05,5z", "2026-01-02T03:04:05.500Z");
	check_parse("2026-01-02T03:04:05.1234567",
	    "2026-01-02T03:04:05.123456Z");
	check_parse("2026-01-02T03:04:05.000001",
	    "2026-01-02T03:04:05.000001Z");
	check_parse("2026-01-02T03:04:05+01:30", "2026-01-02T01:34:05Z");
	check_parse("2026-01-02T03:04:05-0100", "2026-01-02T04:04:05Z");
	check_parse("2026-01-02 03:04:05+00", "2026-01-02T03:04:05Z");
	check_parse("2026-01-02 03:04:05 +0100", "2026-01-02T02:04:05Z");
	check_parse("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05Z");
	check_parse("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z");
	check_parse("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
	check_parse("9999-12-31T23:59:59.999999Z",
	    "9999-12-31T23:59:59.999999Z");
	check_parse("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z");
	check_parse("2000-02-29", "2000-02-29T00:00:00Z");
}

Test(moment, no_texts)
{
	static const char *const texts[] = {
		"", "2026", "2026-1-2", "2026-01-0", "2026-13-01", "2026-00-01",
		"2026-02-29", "1900-02-29", "2026-01-32", "0000-01-01",
		"2026-01-02Z", "2026-01-02T", "2026-01-02T03",
		"2026-01-02T3:04", "2026-01-02T24:00", "2026-01-02T03:60",
		"2026-01-02T03:04:61", "2026-01-02T03:04:60",
		"2026-01-02T03:04:", "2026-01-02T03:04:5",
		"2026-01-02T03:04:05.", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05 ", "2026-01-02T03:04:05+1",
		"2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60",
		"2026-01-02T03:04:05Zz", "2026-01-02X03:04:05",
		"2026/01/02", "2026-01-02T03:04:05 CET", "x026-01-02",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		check_parse(texts[i], NULL);
}

Test(moment, dates)
{
	int64_t days;
	char out[MOMENT_TEXT_MAX + 1];

	cr_assert_eq(moment_parse_date("1970-01-02", 10, &days), 0);
	cr_assert_eq(days, 1);
	cr_assert_eq(moment_parse_date("0001-01-01", 10, &days), 0);
	cr_assert_eq(days, DAYS_MIN);
	cr_assert_eq(moment_parse_date("1970-01-02 ", 11, &days), -1);
	cr_assert_eq(moment_parse_date("1970-02-30", 10, &days), -1);
	out[moment_format_date(DAYS_MAX, out)] = '\0';
	cr_assert_str_eq(out, "9999-12-31");
	/* What no text says is shown all the same, and fits. */
	cr_assert(moment_format_date(INT64_MIN, out) <= MOMENT_TEXT_MAX);
	cr_assert(moment_format_date(INT64_MAX, out) <= MOMENT_TEXT_MAX);
	cr_assert(moment_format(INT64_MIN, out) <= MOMENT_TEXT_MAX);
	cr_assert(moment_format(INT64_MAX, out) <= MOMENT_TEXT_MAX);
}

static void
check_duration(const char *text, int64_t us, const char *back)
{
	int64_t parsed = 0;
	char out[MOMENT_TEXT_MAX + 1];

	cr_assert_eq(moment_parse_duration(text, strlen(text), &parsed), 0,
	    "%s", text);
	cr_assert_eq(parsed, us, "%s", text);
	out[moment_format_duration(us, out)] = '\0';
	cr_assert_str_eq(out, back);
}

Test(moment, durations)
{
	static const char *const bad[] = {
		"", "-", "5", "s", "1h1h", "1m1h", "1x", "1.h", ".5s", "1 h",
		"1h ", "--1s", "9223372036854775808us", "99999999999999999999s",
		"1e3s", "1hm",
	};
	int64_t us;
	uint64_t seed = 2;

	check_duration("1h30m", 5400000000, "1h30m");
	check_duration("250ms", 250000, "250ms");
	check_duration("-5s", -5000000, "-5s");
	check_duration("+5s", 5000000, "5s");
	check_duration("0s", 0, "0s");
	check_duration("1.5h", 5400000000, "1h30m");
	check_duration("1.2345678s", 1234567, "1s234ms567us");
	check_duration("2w1d", 15 * DAY_US, "15d");
	check_duration("90m", 5400000000, "1h30m");
	check_duration("9223372036854775807us", INT64_MAX,
	    "106751991d4h54s775ms807us");
	check_duration("-9223372036854775808us", INT64_MIN,
	    "-106751991d4h54s775ms808us");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(moment_parse_duration(bad[i], strlen(bad[i]),
		    &us), -1, "%s", bad[i]);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t random = (int64_t)((uint64_t)random_next(&seed,
		    UINT32_MAX) << 32 | random_next(&seed, UINT32_MAX)) >>
		    random_next(&seed, 63);
		char out[MOMENT_TEXT_MAX];
		unsigned size = moment_format_duration(random, out);
		cr_assert_eq(moment_parse_duration(out, size, &us), 0);
		cr_assert_eq(us, random);
	}
}

Test(moment, common_log_format)
{
	static const char *const bad[] = {
		"10/Oct/2000:13:55:36", "10/Okt/2000:13:55:36 -0700",
		"32/Oct/2000:13:55:36 -0700", "10/Oct/2000:13:55:36 -07:0",
		"10/Oct/2000:13:55:36 0700 ", "10 Oct/2000:13:55:36 -0700",
		"[10/Oct/2000:13:55:36 -0700", "10/Oct/2000:24:55:36 -0700",
	};
	int64_t us, expected;

	cr_assert_eq(moment_parse_clf("10/Oct/2000:13:55:36 -0700", 26, &us),
	    0);
	cr_assert_eq(moment_parse("2000-10-10T20:55:36Z", 20, &expected), 0);
	cr_assert_eq(us, expected);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(moment_parse_clf(bad[i], strlen(bad[i]), &us), -1,
		    "%s", bad[i]);
}

/* Times of few months, some of them wrong, as if each were the first. */
Test(moment, common_log_format_after_another)
{
	static const char *const month[] = { "Feb/2000", "feb/2001", "Dec/9999",
		"Jan/0001", "Oct/2026" };
	static const char *const zone[] = { "+0000", "-0700", "+1400" };
	static const char wrong[] = "x:/ 9";
	struct moment_month last = { 0 };
	uint64_t seed = 11;

	for (int i = 0; i < ROUNDS; i++) {
		char text[64];
		int64_t one = 0, two = 0;
		snprintf(text, sizeof(text), "%02u/%s:%02u:%02u:%02u %s",
		    (unsigned)random_next(&seed, 33),
		    RANDOM_PICK(&seed, month),
		    (unsigned)random_next(&seed, 24),
		    (unsigned)random_next(&seed, 61),
		    (unsigned)random_next(&seed, 61),
		    RANDOM_PICK(&seed, zone));
		if (random_next(&seed, 9) == 0)
			text[random_next(&seed, 25)] =
			    wrong[random_next(&seed, 5)];
		size_t size = random_next(&seed, 20) == 0 ? 20 : 26;
		int status = moment_parse_clf(text, size, &one);
		cr_assert_eq(moment_parse_clf_next(text, size, &last, &two),
		    status, "%s", text);
		cr_assert_eq(one, two, "%s", text);
	}
}
