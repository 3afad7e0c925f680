#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "data/moment.h"
#include "random_column.h"

#define ROUNDS 30000

/* Instants of the years 1000 to 9998. */
static int64_t
random_instant(uint64_t *seed)
{
	return (-354285 + (int64_t)random_next(seed, 3286000)) * 86400000000ll +
	    random_next(seed, 86400) * 1000000ll + random_next(seed, 1000000);
}

static void
check_write(const char *pattern, const char *instant, int64_t offset_us,
	const char *expected)
{
	char out[200];
	int64_t us;

	cr_assert_eq(moment_parse(instant, strlen(instant), &us), 0);
	int size = moment_strftime(pattern, strlen(pattern), us, offset_us,
	    "CET", out, sizeof(out));
	cr_assert(size >= 0, "%s", pattern);
	out[size] = '\0';
	cr_assert_str_eq(out, expected);
}

/* NULL: it must be refused. */
static void
check_read(const char *pattern, const char *text, int64_t offset_us,
	const char *expected)
{
	char out[MOMENT_TEXT_MAX + 1];
	int64_t us;
	int status = moment_strptime(pattern, strlen(pattern), text,
	    strlen(text), offset_us, &us);

	cr_assert_eq(status, expected == NULL ? -1 : 0, "%s: %s", pattern,
	    text);
	if (expected == NULL)
		return;
	out[moment_format(us, out)] = '\0';
	cr_assert_str_eq(out, expected);
}

Test(strftime, letters_are_the_c_librarys)
{
	static const char pattern[] = "%Y %m %d %H %M %S %a %A %b %B %h %e %j "
	    "%I %p %s %y %u %w %V %G %D %T %F %R %r%n%t%%";
	uint64_t seed = 1;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t us = random_instant(&seed);
		time_t seconds = us / 1000000 - (us % 1000000 < 0);
		char expected[300], out[300];
		struct tm tm;

		gmtime_r(&seconds, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-y2k"
		size_t size = strftime(expected, sizeof(expected), pattern,
		    &tm);
#pragma GCC diagnostic pop
		cr_assert_eq(moment_strftime(pattern, sizeof(pattern) - 1, us,
		    0, NULL, out, sizeof(out)), (int)size);
		cr_assert_arr_eq(out, expected, size);
	}
}

Test(strftime, own_letters)
{
	check_write("%f %L", "2026-01-02T03:04:05.012345Z", 0, "012345 012");
	check_write("%H:%M%z %Z", "2026-01-02T23:30:00Z", 3600000000,
	    "00:30+0100 CET");
	check_write("%F%z", "2026-01-02T01:00:00Z", -12600000000,
	    "2026-01-01-0330");
	check_write("%-d.%-m.%Y %-H:%M", "2026-01-02T03:04:00Z", 0,
	    "2.1.2026 3:04");
	check_write("%Y", "0099-01-01", 0, "0099");
	check_write("", "2026-01-02", 0, "");
}

Test(strftime, refuses)
{
	char out[8];

	cr_assert_eq(moment_strftime("%Q", 2, 0, 0, NULL, out, 8), -1);
	cr_assert_eq(moment_strftime("%", 1, 0, 0, NULL, out, 8), -1);
	cr_assert_eq(moment_strftime("%-", 2, 0, 0, NULL, out, 8), -1);
	cr_assert_eq(moment_strftime("%F", 2, 0, 0, NULL, out, 8), -1);
	cr_assert_eq(moment_strftime("%Y", 2, 0, 0, NULL, out, 4), 4);
	cr_assert_eq(moment_strftime("%Y", 2, INT64_MAX, 1, NULL, out, 8), -1);
}

Test(strftime, reads_what_it_wrote)
{
	static const char *const patterns[] = {
		"%Y-%m-%d %H:%M:%S.%f", "%d/%b/%Y:%T,%f %z", "%s.%f",
		"%A, %d %B %Y %I:%M:%S.%f %p", "%Y %j %T %f", "%G-W%V-%u %T.%f",
		"%a %e %h %Y %R:%S.%f %Z", "%-d.%-m.%Y %-H.%M.%S.%f",
	};
	uint64_t seed = 2;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t us = random_instant(&seed), back = 0;
		for (size_t k = 0; k < sizeof(patterns) / sizeof(*patterns);
		    k++) {
			const char *pattern = patterns[k];
			int64_t offset = strstr(pattern, "%z") == NULL ? 0 :
			    random_next(&seed, 720) * 60000000ll;
			char out[100];
			int size = moment_strftime(pattern, strlen(pattern),
			    us, offset, NULL, out, sizeof(out));
			cr_assert_eq(moment_strptime(pattern, strlen(pattern),
			    out, (size_t)size, 0, &back), 0, "%s: %.*s",
			    pattern, size, out);
			cr_assert_eq(back, us, "%s: %.*s", pattern, size, out);
		}
	}
}

Test(strftime, reads)
{
	check_read("%Y-%m-%d", "2026-01-02", 0, "2026-01-02T00:00:00Z");
	check_read("%H:%M", "03:04", 0, "1970-01-01T03:04:00Z");
	check_read("%Y-%m-%d %H", "2026-01-02 03", 3600000000,
	    "2026-01-02T02:00:00Z");
	check_read("%F %T%z", "2026-01-02 03:04:05+02:00", 3600000000,
	    "2026-01-02T01:04:05Z");
	check_read("%F %T %Z", "2026-01-02 03:04:05 PDT", 0,
	    "2026-01-02T10:04:05Z");
	check_read("%d %b %y", "2 JAN 68", 0, "2068-01-02T00:00:00Z");
	check_read("%d %b %y", "2 january 69", 0, "1969-01-02T00:00:00Z");
	check_read("%I %p", "12 am", 0, "1970-01-01T00:00:00Z");
	check_read("%I %p", "12 PM", 0, "1970-01-01T12:00:00Z");
	check_read("%b %e %T", "Jan  2 03:04:05", 0, "1970-01-02T03:04:05Z");
	check_read("%s", "-1", 0, "1969-12-31T23:59:59Z");
	check_read("%s", "1767323045", 3600000000, "2026-01-02T03:04:05Z");
	check_read("%Y  %m", "2026 01", 0, "2026-01-01T00:00:00Z");
	check_read("100%% %Y", "100% 2026", 0, "2026-01-01T00:00:00Z");
	check_read("%G-W%V", "2026-W01", 0, "2025-12-29T00:00:00Z");
	check_read("%Y-%j", "2024-366", 0, "2024-12-31T00:00:00Z");
	check_read("%S.%L", "05.25", 0, "1970-01-01T00:00:05.250Z");
	check_read("", "", 0, "1970-01-01T00:00:00Z");
}

Test(strftime, does_not_read)
{
	check_read("%Y-%m-%d", "2026-01-02 ", 0, NULL);
	check_read("%Y-%m-%d", "2026-02-29", 0, NULL);
	check_read("%Y-%m-%d", "2026-13-01", 0, NULL);
	check_read("%Y-%j", "2026-366", 0, NULL);
	check_read("%H", "24", 0, NULL);
	check_read("%M:%S", "30:60", 0, NULL);
	check_read("%Y", "", 0, NULL);
	check_read("%Y", "x", 0, NULL);
	check_read("%b", "Okt", 0, NULL);
	check_read("%Z", "CET", 0, NULL);
	check_read("%p", "xm", 0, NULL);
	check_read("%Q", "1", 0, NULL);
	check_read("%", "%", 0, NULL);
	check_read("%s", "999999999999", 0, NULL);
	check_read("%F %T%z", "0001-01-01 00:00:00+0100", 0, NULL);
}
