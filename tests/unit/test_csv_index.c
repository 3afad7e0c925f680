#include "io/csv_index.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 1000
#define PADDING 64

/* The index byte by byte; returns the block that is illegal, or UINT32_MAX. */
static uint32_t
index_slowly(const char *base, uint32_t start, uint32_t end, char delimiter,
	int quotes, uint32_t *index, uint32_t *count)
{
	int inside = 0;

	*count = 0;
	for (uint32_t at = start; at < end; at++) {
		char c = base[at];
		if (quotes && c == '"') {
			char before = at == start ? '\n' : base[at - 1];
			char after = at + 1 < end ? base[at + 1] : '\n';
			char later = at + 2 < end ? base[at + 2] : '\n';
			int fits = inside ? after == delimiter ||
			    after == '\n' || after == '"' ||
			    (after == '\r' && later == '\n') :
			    before == delimiter || before == '\n' ||
			    before == '"';
			/* The byte that is wrong decides about the block. */
			uint32_t wrong = at;
			if (inside)
				wrong += after == '\r' ? 2 : 1;
			if (!fits)
				return start + (wrong - start) / 64 * 64;
			inside = !inside;
		} else if (!inside && (c == delimiter || c == '\n')) {
			index[(*count)++] = at;
		}
	}
	return UINT32_MAX;
}

static void
fill(char *bytes, size_t size, unsigned *seed, int profile)
{
	static const char *const letters[] = {
		"abc,\n", "abcdefghijkl,\n", ",,,,,,,\n", "a,\"\n",
		"a,,\n\"\"\r", "\"\"\"\",\n", "aaaaaaaaaaaaaaaaaaaaaa\",\n",
	};
	const char *set = letters[profile % 7];
	size_t count = strlen(set);

	for (size_t i = 0; i < size; i++) {
		*seed = *seed * 1664525 + 1013904223;
		bytes[i] = set[(*seed >> 16) % count];
	}
	/* Legal quotes, so that long runs are indexed. */
	for (size_t i = 0; profile >= 7 && i + 8 < size; i += 8)
		memcpy(bytes + i, profile & 1 ? ",\"a,\n\"\"" : "\"\n\"\r\nab,",
		    profile & 1 ? 7 : 8);
}

static void
compare_tiers(const char *base, uint32_t start, uint32_t end, int quotes)
{
	static uint32_t expected[BYTES_MAX + PADDING], got[BYTES_MAX + 1024];
	uint32_t count;
	uint32_t illegal = index_slowly(base, start, end, ',', quotes,
	    expected, &count);

	while (illegal != UINT32_MAX && count > 0 &&
	    expected[count - 1] >= illegal)
		count--;
	for (int tier = CPU_PLAIN; tier <= CPU_AVX512; tier++) {
		csv_index_f *kernel = csv_index_of_tier((enum cpu_tier)tier,
		    quotes);
		if (kernel == NULL)
			continue;
		struct csv_scan scan = {
			.base = base, .index = got, .end = end,
			.limit = BYTES_MAX, .delimiter = ',', .quotes = quotes,
		};
		csv_scan_restart(&scan, start);
		kernel(&scan);
		cr_assert_eq(scan.illegal, illegal != UINT32_MAX, "%s",
		    cpu_tier_name((enum cpu_tier)tier));
		cr_assert_eq(scan.at, scan.illegal ? illegal : end);
		cr_assert_eq(scan.count, count);
		cr_assert_arr_eq(got, expected, count * sizeof(*got));
		uint32_t lines = 0;
		for (uint32_t i = 0; i < count; i++)
			lines += base[got[i]] == '\n';
		cr_assert_eq(scan.newline_count, lines);
	}
}

Test(csv_index, tiers_agree_on_random_bytes)
{
	static char bytes[PADDING + BYTES_MAX + PADDING + 64];
	unsigned seed = 7;

	for (int round = 0; round < 6000; round++) {
		uint32_t start = PADDING + (uint32_t)round % 64;
		uint32_t size = (seed >> 8) % (BYTES_MAX - 64);
		/* What stands behind the end must not matter. */
		fill(bytes, sizeof(bytes), &seed, 5);
		fill(bytes + start, size, &seed, round % 9);
		compare_tiers(bytes, start, start + size, round & 1);
		compare_tiers(bytes, start, start + size, 1);
	}
}

Test(csv_index, stops_at_the_limit)
{
	static char bytes[PADDING + 640 + PADDING];
	uint32_t index[100 + CSV_INDEX_SLACK];

	memset(bytes, ',', sizeof(bytes));
	for (int tier = CPU_PLAIN; tier <= CPU_AVX512; tier++) {
		csv_index_f *kernel = csv_index_of_tier((enum cpu_tier)tier, 1);
		if (kernel == NULL)
			continue;
		struct csv_scan scan = {
			.base = bytes, .index = index, .end = PADDING + 640,
			.limit = 100, .delimiter = ',', .quotes = 1,
		};
		csv_scan_restart(&scan, PADDING);
		kernel(&scan);
		cr_assert_eq(scan.count, 128);
		cr_assert_eq(scan.at, PADDING + 128);
		cr_assert_eq(index[127], PADDING + 127);
	}
}

Test(csv_index, counts_lines)
{
	static char bytes[20000];

	memset(bytes, '\n', sizeof(bytes));
	for (unsigned size = 0; size < sizeof(bytes); size += 1 + size / 7)
		cr_assert_eq(csv_count_lines(bytes, size), size);
	memset(bytes, 'a', sizeof(bytes));
	bytes[0] = bytes[4095] = bytes[19999] = '\n';
	cr_assert_eq(csv_count_lines(bytes, sizeof(bytes)), 3);
}
