/*
 * Writing times as RFC 3339.  Years of more than four digits and negative ones
 * do not come from moment_parse, but what arithmetic made of an instant must
 * still be shown: they get all their digits.
 */
#include "data/moment.h"

#include <string.h>

#include "data/moment_priv.h"
#include "data/number_priv.h"

static char *
put_two(unsigned value, char *out)
{
	number_put_digits(value, 2, out);
	return out + 2;
}

/* yyyy-mm-dd */
static char *
put_date(const struct civil *civil, char *out)
{
	uint32_t year = (uint32_t)civil->year;

	if (civil->year < 0) {
		*out++ = '-';
		year = -year;
	}
	unsigned width = year > 9999 ? number_digit_count(year) : 4;
	number_put_digits(year, width, out);
	out += width;
	*out++ = '-';
	out = put_two(civil->month, out);
	*out++ = '-';
	return put_two(civil->day, out);
}

unsigned
moment_format(int64_t us, char *out)
{
	struct civil civil;

	moment_civil(us, &civil);
	char *at = put_date(&civil, out);
	*at++ = 'T';
	at = put_two(civil.hour, at);
	*at++ = ':';
	at = put_two(civil.minute, at);
	*at++ = ':';
	at = put_two(civil.second, at);
	if (civil.microsecond != 0) {
		int millis = civil.microsecond % 1000 == 0;
		*at++ = '.';
		number_put_digits(millis ? civil.microsecond / 1000 :
		    civil.microsecond, millis ? 3 : 6, at);
		at += millis ? 3 : 6;
	}
	*at++ = 'Z';
	return (unsigned)(at - out);
}

unsigned
moment_format_date(int64_t days, char *out)
{
	struct civil civil;
	int64_t us;

	/* Beyond what instants can say the number of days is shown as is. */
	if (__builtin_mul_overflow(days, DAY_US, &us)) {
		memcpy(out, "day ", 4);
		uint64_t count = days < 0 ? -(uint64_t)days : (uint64_t)days;
		unsigned width = number_digit_count(count);
		out[4] = '-';
		number_put_digits(count, width, out + 4 + (days < 0));
		return 4 + (unsigned)(days < 0) + width;
	}
	moment_civil(us, &civil);
	return (unsigned)(put_date(&civil, out) - out);
}
