/*
 * Times as text: the first line is a pattern, the rest a text.  What is read
 * is in range and, written and read again, the same.  The whole is also read
 * as a zone file and as a zone rule.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/moment.h"
#include "data/zone_priv.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
check_instant(int64_t us)
{
	char text[MOMENT_TEXT_MAX];
	int64_t back;

	require(us >= MOMENT_MIN && us <= MOMENT_MAX);
	unsigned size = moment_format(us, text);
	require(size <= MOMENT_TEXT_MAX);
	require(moment_parse(text, size, &back) == 0 && back == us);
}

static void
check_texts(const char *text, size_t size)
{
	char out[MOMENT_TEXT_MAX];
	int64_t value, back;

	if (moment_parse(text, size, &value) == 0)
		check_instant(value);
	if (moment_parse_clf(text, size, &value) == 0)
		check_instant(value);
	if (moment_parse_date(text, size, &value) == 0) {
		require(moment_format_date(value, out) == size);
		require(memcmp(out, text, size) == 0);
	}
	if (moment_parse_duration(text, size, &value) == 0) {
		unsigned written = moment_format_duration(value, out);
		require(written <= MOMENT_TEXT_MAX);
		require(moment_parse_duration(out, written, &back) == 0 &&
		    back == value);
	}
}

static void
check_pattern(const char *pattern, size_t pattern_size, const char *text,
	size_t size)
{
	char out[100];
	int64_t us;

	if (moment_strptime(pattern, pattern_size, text, size, 0, &us) == 0)
		check_instant(us);
	else
		us = (int64_t)size * 1234567890123;
	int written = moment_strftime(pattern, pattern_size, us, 3600000000,
	    "CET", out, sizeof(out));
	require(written <= (int)sizeof(out));
}

static void
check_zone(const char *bytes, size_t size, int is_rule)
{
	struct zone zone = { 0 };
	int status = is_rule ? zone_extend(&zone, bytes, size) :
	    zone_read(&zone, (const unsigned char *)bytes, size);

	for (int i = -4; status == 0 && i <= 4; i++) {
		int64_t us = i * (MOMENT_MAX / 4);
		int64_t utc = zone_to_utc(&zone, us);
		require(llabs(us - utc) <= 27 * 3600000000ll);
		require(strlen(zone_abbreviation(&zone, us)) < ZONE_NAME_MAX);
		(void)zone_offset(&zone, us);
	}
	mem_free(zone.instant);
	mem_free(zone.index);
	mem_free(zone.type);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	const char *line_end = size == 0 ? NULL : memchr(text, '\n', size);

	check_texts(text, size);
	if (line_end != NULL) {
		size_t pattern_size = (size_t)(line_end - text);
		check_texts(line_end + 1, size - pattern_size - 1);
		check_pattern(text, pattern_size, line_end + 1,
		    size - pattern_size - 1);
	}
	check_zone(text, size, 0);
	check_zone(text, size, 1);
	return 0;
}
