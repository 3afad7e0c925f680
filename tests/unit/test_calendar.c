#include "func/calendar.h"

#include <criterion/criterion.h>

#include "func/divide.h"

/* Every day that can be written, against data/moment.c. */
Test(calendar, all_dates)
{
	for (int64_t day = MOMENT_MIN / CALENDAR_DAY;
	    day <= MOMENT_MAX / CALENDAR_DAY; day++) {
		struct calendar_date date = calendar_date(day);
		struct civil civil;
		moment_civil(day * CALENDAR_DAY, &civil);
		if (date.year != civil.year || date.month != civil.month ||
		    date.day != civil.day ||
		    calendar_weekday(day) != civil.weekday)
			cr_assert_fail("day %lld: %d-%d-%d", (long long)day,
			    date.year, date.month, date.day);
	}
}

/* Arithmetic on instants may leave the years that can be written. */
Test(calendar, far_dates)
{
	static const int64_t days[] = {
		INT64_MIN / CALENDAR_DAY, INT64_MAX / CALENDAR_DAY, -719163,
		-1000000, 2932897, 100000000, -100000000,
	};

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct calendar_date date = calendar_date(days[i]);
		struct civil civil;
		moment_civil(days[i] * CALENDAR_DAY, &civil);
		cr_expect_eq(date.year, civil.year, "day %lld",
		    (long long)days[i]);
		cr_expect_eq(date.month, civil.month);
		cr_expect_eq(date.day, civil.day);
	}
}

Test(calendar, month_days)
{
	for (int32_t year = 1896; year <= 2004; year++) {
		for (int32_t month = 1; month <= 12; month++) {
			int32_t next = month % 12 + 1;
			int64_t days = moment_days(year + (next == 1),
			    (unsigned)next, 1) -
			    moment_days(year, (unsigned)month, 1);
			cr_expect_eq(calendar_month_days(year, month), days,
			    "%d-%d", year, month);
		}
	}
}

/* The multiplication against the division. */
Test(calendar, divisor)
{
	static const int64_t numbers[] = {
		0, 1, -1, 2, -2, 9, 10, 11, -9, -10, -11, 3599999999,
		3600000000, -3600000000, -3600000001, INT64_MIN, INT64_MIN + 1,
		INT64_MAX, INT64_MAX - 1, MOMENT_MIN, MOMENT_MAX,
	};
	static const int64_t sizes[] = {
		1, 2, 3, 4, 7, 10, 1000, 1ll << 32, (1ll << 32) + 1,
		3600000000, 86400000000, 1ll << 62, INT64_MAX, INT64_MAX - 1,
	};
	uint64_t seed = 1;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct divisor divisor = divisor_make(sizes[k]);
		for (size_t i = 0; i < 20000; i++) {
			seed = seed * 6364136223846793005u + 1;
			int64_t x = i < sizeof(numbers) / sizeof(numbers[0]) ?
			    numbers[i] : (int64_t)(seed ^ seed >> 29);
			int64_t rest = x % sizes[k];
			if (rest < 0)
				rest += sizes[k];
			cr_assert_eq(divisor_rest(&divisor, x), rest,
			    "%lld by %lld", (long long)x, (long long)sizes[k]);
		}
	}
}
