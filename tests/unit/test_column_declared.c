#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/column.h"
#include "data/moment.h"
#include "data/number.h"
#include "random_column.h"
#include "util/bits.h"

#define ROWS 1000
#define ROOM 24

/* Rows of random text in one buffer, as they lie in a chunk. */
struct rig {
	char bytes[ROWS * ROOM + 16];
	uint32_t bound[ROWS + 1];
	struct column column;
};

static uint32_t
add_number(uint64_t *seed, char *out)
{
	static const char odd[] = "0123456789.-+ e\"x";
	uint32_t size = 0, digits = random_next(seed, 11);

	if (random_next(seed, 4) == 0)
		out[size++] = '-';
	for (uint32_t i = 0; i < digits; i++)
		out[size++] = (char)('0' + random_next(seed, 10));
	if (random_next(seed, 2) == 0) {
		out[size++] = '.';
		for (uint32_t i = random_next(seed, 4); i > 0; i--)
			out[size++] = (char)('0' + random_next(seed, 10));
	}
	if (size > 0 && random_next(seed, 5) == 0)
		out[random_next(seed, size)] = RANDOM_PICK(seed, odd);
	return size;
}

static uint32_t
add_date(uint64_t *seed, char *out)
{
	static const char odd[] = "0123456789-/ T\"";
	uint32_t size = (uint32_t)snprintf(out, ROOM, "%04u-%02u-%02u",
	    random_next(seed, 2) ? 1890 + random_next(seed, 230) :
	    random_next(seed, 10000), random_next(seed, 14),
	    random_next(seed, 33));

	if (random_next(seed, 5) == 0)
		out[random_next(seed, size)] = RANDOM_PICK(seed, odd);
	return size - (random_next(seed, 20) == 0);
}

static void
rig_fill(struct rig *rig, uint64_t *seed, enum type type)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < ROWS; i++) {
		rig->bound[i] = at;
		at += type == TYPE_DATE ? add_date(seed, rig->bytes + at) :
		    add_number(seed, rig->bytes + at);
	}
	rig->bound[ROWS] = at;
	memset(rig->bytes + at, '7', 16);
	rig->column = (struct column){
		.type = TYPE_RAW_CSV, .encoding = SLICE, .stride = 1,
		.base = rig->bytes, .from = rig->bound, .to = rig->bound + 1,
	};
}

/* What a cast makes of the row: 0 and `cell`, or -1. */
static int
cast(const struct rig *rig, enum type type, uint32_t row, union cell *cell)
{
	const char *bytes = rig->bytes + rig->bound[row];
	size_t size = rig->bound[row + 1] - rig->bound[row];

	memset(cell, 0, sizeof(*cell));
	if (type == TYPE_INT)
		return number_cast_int(bytes, size, &cell->integer);
	if (type == TYPE_DECIMAL)
		return decimal_parse(bytes, size, &cell->decimal);
	return moment_parse_date(bytes, size, &cell->integer);
}

static void
check_rows(enum type type, uint64_t seed)
{
	struct region *region = region_new();
	struct rig *rig = region_alloc(region, sizeof(*rig));
	uint64_t other[(ROWS + 63) / 64];
	struct column out;
	uint32_t others = 0;
	union cell cell;

	rig_fill(rig, &seed, type);
	uint32_t said = column_declare(&rig->column, type, ROWS, region, &out,
	    other);
	for (uint32_t i = 0; i < ROWS; i++) {
		const char *got = (char *)out.data + i * type_width(type);
		int fault = cast(rig, type, i, &cell);
		others += (uint32_t)bits_get(other, i);
		if (bits_get(other, i))
			continue;
		if (!column_row_is_valid(&out, i)) {
			cr_assert_eq(rig->bound[i], rig->bound[i + 1]);
			continue;
		}
		cr_assert_eq(fault, 0, "row %u", i);
		cr_assert_eq(memcmp(got, &cell, type_width(type)), 0,
		    "row %u: %.*s", i, (int)(rig->bound[i + 1] -
		    rig->bound[i]), rig->bytes + rig->bound[i]);
	}
	cr_assert_eq(others, said);
	cr_assert_lt(others, ROWS * 3 / 4);
	region_drop(&region);
}

Test(column_declared, rows_are_what_casts_say)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		check_rows(TYPE_INT, seed);
		check_rows(TYPE_DECIMAL, seed);
		check_rows(TYPE_DATE, seed);
	}
}

Test(column_declared, every_day)
{
	struct region *region = region_new();
	uint64_t other[1];
	uint32_t bound[2] = { 0, 10 };
	char bytes[32] = { 0 };
	struct column out, column = {
		.type = TYPE_RAW_CSV, .encoding = SLICE, .stride = 1,
		.base = bytes, .from = bound, .to = bound + 1,
	};

	for (int64_t day = -719162; day <= 2932896; day += 13) {
		moment_format_date(day, bytes);
		cr_assert_eq(column_declare(&column, TYPE_DATE, 1, region, &out,
		    other), 0, "%s", bytes);
		cr_assert_eq(*(int64_t *)out.data, day, "%s", bytes);
		region_reset(region);
	}
	region_drop(&region);
}
