#include "io/csv_pick.h"

#include <criterion/criterion.h>
#include <string.h>

#include "io/csv_index.h"

#define BYTES_MAX 6000
#define PADDING 64
#define STRIDE_TESTED 24

static char bytes[PADDING + BYTES_MAX + PADDING];
static uint32_t all[BYTES_MAX + CSV_INDEX_SLACK];
static uint32_t some[BYTES_MAX + CSV_INDEX_SLACK];

static uint32_t
draw(unsigned *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

/* Rows of fields up to so long; one in `odd` separators is another than it
 * should be.  Returns where they end. */
static uint32_t
fill_rows(uint32_t start, uint32_t stride, uint32_t longest, uint32_t odd,
	unsigned *seed)
{
	uint32_t at = start, end = start + BYTES_MAX - 64;

	for (uint32_t i = 0; at + longest < end; i++) {
		for (uint32_t size = draw(seed, longest + 1); size > 0; size--)
			bytes[at++] = 'a';
		int is_last = i % stride == stride - 1;
		if (odd > 0 && draw(seed, odd) == 0)
			is_last = !is_last;
		bytes[at++] = is_last ? '\n' : ',';
	}
	/* What stands behind the end must not matter. */
	memset(bytes + at, ',', PADDING);
	return at;
}

/* What is picked is what the whole index has there. */
static void
compare(const struct csv_pick *pick, const uint8_t *is_wanted, uint32_t stride,
	uint32_t start, uint32_t end)
{
	struct csv_scan whole = { .base = bytes, .index = all, .end = end,
		.limit = BYTES_MAX, .delimiter = ',', .quotes = 1 };
	struct csv_scan picked = whole;
	uint32_t count = 0, rows = 0, has;
	int has_cr;

	picked.index = some;
	csv_scan_restart(&whole, start);
	csv_scan_restart(&picked, start);
	csv_index(&whole);
	csv_pick_index(pick, &picked, &has_cr);
	cr_assert(picked.at == end || picked.illegal);
	cr_assert(!has_cr);
	for (has = 0; has < whole.count && all[has] < picked.at; has++) {
		if (is_wanted[has % stride])
			cr_assert_eq(some[count++], all[has]);
		/* So far the rows are as they should be. */
		int is_end = bytes[all[has]] == '\n';
		cr_assert_eq(is_end, has % stride == stride - 1);
		rows += (uint32_t)is_end;
	}
	cr_assert_eq(picked.count, count);
	cr_assert_eq(picked.newline_count, rows);
	if (!picked.illegal)
		return;
	/* And in what follows they are not, or there is a quote. */
	int is_odd = memchr(bytes + picked.at, '"', 64) != NULL;
	for (; has < whole.count && all[has] < picked.at + 64; has++)
		is_odd |= (bytes[all[has]] == '\n') !=
		    (has % stride == stride - 1);
	cr_assert(is_odd);
}

Test(csv_pick, has_what_the_whole_index_has)
{
	unsigned seed = 11;

	for (int round = 0; round < 4000; round++) {
		uint8_t is_wanted[STRIDE_TESTED] = { 0 };
		uint32_t stride = 3 + draw(&seed, STRIDE_TESTED - 2);
		for (uint32_t i = 0; i < stride / 3; i++)
			is_wanted[draw(&seed, stride)] = 1;
		is_wanted[stride - 1] = 1;
		struct csv_pick *pick = csv_pick_new(stride, is_wanted);
		if (pick == NULL)
			continue;
		uint32_t start = PADDING - draw(&seed, PADDING);
		uint32_t end = fill_rows(start, stride, draw(&seed, 3) == 0 ?
		    100 : draw(&seed, 12), draw(&seed, 2) * 200, &seed);
		compare(pick, is_wanted, stride, start, end);
		bytes[start + draw(&seed, end - start)] = '"';
		compare(pick, is_wanted, stride, start, end);
		csv_pick_free(&pick);
		cr_assert(pick == NULL);
	}
}

Test(csv_pick, counts_what_is_wanted)
{
	static const uint8_t is_wanted[10] = { 0, 1, 0, 0, 0, 1, 1, 0, 0, 1 };
	struct csv_pick *pick = csv_pick_new(10, is_wanted);

	if (pick == NULL)
		return;
	cr_assert_eq(csv_pick_count(pick), 4);
	cr_assert_eq(csv_pick_before(pick, 0), 0);
	cr_assert_eq(csv_pick_before(pick, 1), 0);
	cr_assert_eq(csv_pick_before(pick, 2), 1);
	cr_assert_eq(csv_pick_before(pick, 9), 3);
	csv_pick_free(&pick);
}

Test(csv_pick, refuses_what_does_not_pay)
{
	uint8_t is_wanted[300];

	memset(is_wanted, 1, sizeof(is_wanted));
	cr_assert_null(csv_pick_new(1, is_wanted));
	cr_assert_null(csv_pick_new(9, is_wanted));
	memset(is_wanted, 0, 299);
	cr_assert_null(csv_pick_new(300, is_wanted));
}

Test(csv_pick, stops_at_the_limit_and_sees_returns)
{
	static const uint8_t is_wanted[4] = { 1, 0, 0, 1 };
	struct csv_pick *pick = csv_pick_new(4, is_wanted);
	struct csv_scan scan = { .base = bytes, .index = some,
		.end = PADDING + 4096, .limit = 100, .delimiter = ',' };
	int has_cr;

	if (pick == NULL)
		return;
	for (uint32_t at = PADDING; at < PADDING + 4096; at += 8)
		memcpy(bytes + at, "a,b,\",\r\n", 8);
	csv_scan_restart(&scan, PADDING);
	csv_pick_index(pick, &scan, &has_cr);
	/* 16 entries in 64 bytes. */
	cr_assert_eq(scan.count, 112);
	cr_assert_eq(scan.newline_count, 56);
	cr_assert_eq(scan.at, PADDING + 7 * 64);
	cr_assert(!scan.illegal);
	cr_assert(has_cr);
	csv_pick_free(&pick);
}
