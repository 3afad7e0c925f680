/*
 * Declared types straight from the bytes of the input.
 *
 * Most values of a declared column look as one would write them: 4711, 33.50,
 * 1996-03-13.  They are read eight bytes at a time from where they lie, without
 * a view and a copy in between.  Whatever looks otherwise (quotes, blanks,
 * signs in front, many digits, nonsense) is left to the caller, who knows how a
 * cast reads it and what is to be said if it does not.
 */
#include "data/column.h"

#include <assert.h>
#include <string.h>

#include "data/digits_priv.h"
#include "data/rows_priv.h"
#include "util/bits.h"

#define ZEROS 0x3030303030303030
#define CARRY 0x7676767676767676
#define TOPS 0x8080808080808080

/* Days from 0001-01-01 to 1970-01-01. */
#define DAYS_TO_EPOCH 719162

/* Days of a year before each month, of ordinary and leap years. */
static const uint16_t days_before[2][13] = {
	{ 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 },
	{ 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366 },
};

/* 1 to 8 digits. */
static inline int
read_digits(const char *bytes, uint32_t size, uint64_t *out)
{
	if (size - 1 >= 8)
		return 0;
	uint64_t word = (bits_load64(bytes) ^ ZEROS) << (64 - 8 * size);
	*out = digits_value(word);
	return (((word + CARRY) | word) & TOPS) == 0;
}

/* Digits, and up to two behind a point. */
static inline int
read_decimal(const char *bytes, uint32_t size, struct decimal *out)
{
	uint32_t minus = size > 0 && *bytes == '-', places = 0;
	uint64_t units, rest = 0;

	bytes += minus;
	size -= minus;
	if (size > 3 && bytes[size - 3] == '.')
		places = 2;
	else if (size > 2 && bytes[size - 2] == '.')
		places = 1;
	uint32_t whole = size - places - (places > 0);
	if (!read_digits(bytes, whole, &units))
		return 0;
	if (places > 0 && !read_digits(bytes + whole + 1, places, &rest))
		return 0;
	units = units * (places == 2 ? 100 : places == 1 ? 10 : 1) + rest;
	out->units = minus ? -(int64_t)units : (int64_t)units;
	out->scale = (int32_t)places;
	out->pad = 0;
	return 1;
}

/* YYYY-MM-DD */
static inline int
read_date(const char *bytes, uint32_t size, int64_t *out)
{
	/* '0000-00-': what is left of a date are digits, and two zeros. */
	uint64_t word = bits_load64(bytes) ^ 0x2d30302d30303030;
	uint32_t tens = (unsigned char)bytes[8] - '0';
	uint32_t ones = (unsigned char)bytes[9] - '0';

	if (size != 10 || (((word + CARRY) | word) & TOPS) != 0 ||
	    (word & 0xff0000ff00000000) != 0 || tens > 3 || ones > 9)
		return 0;
	uint32_t year = (uint32_t)((word & 0xff) * 1000 +
	    (word >> 8 & 0xff) * 100 + (word >> 16 & 0xff) * 10 +
	    (word >> 24 & 0xff));
	uint32_t month = (uint32_t)((word >> 40 & 0xff) * 10 +
	    (word >> 48 & 0xff)) - 1;
	uint32_t day = tens * 10 + ones - 1;
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (year == 0 || month > 11 || day >= (uint32_t)
	    (days_before[leap][month + 1] - days_before[leap][month]))
		return 0;
	uint32_t full = year - 1;
	*out = (int64_t)(full * 365 + full / 4 - full / 100 + full / 400 +
	    days_before[leap][month] + day) - DAYS_TO_EPOCH;
	return 1;
}

/* One loop over the rows [i, rows); `take` and `with_cr` are constants. */
#define READ_LOOP(type, take, with_cr)					\
	for (; i < rows; i++) {						\
		uint32_t start = from[i * stride] + from_add;		\
		uint32_t size = to[i * stride] - start;			\
		const char *bytes = base + start;			\
		if (with_cr && size > 0 && bytes[size - 1] == '\r')	\
			size--;						\
		if (__builtin_expect(take(bytes, size, &data[i]), 1))	\
			continue;					\
		memset(&data[i], 0, sizeof(data[i]));			\
		bits_set(other, i);					\
		others++;						\
	}

/* The rows from `i` on: a leaf function for one type. */
#define READ_ROWS(name, type, take)					\
	static uint32_t							\
	name(const struct column *column, uint32_t i, uint32_t rows,	\
		type *restrict data, uint64_t *restrict other)		\
	{								\
		const char *base = column->base;			\
		const uint32_t *from = column->from;			\
		const uint32_t *to = column->to;			\
		size_t stride = column->stride;				\
		uint32_t from_add = column->from_add, others = 0;	\
		if (column->trim_cr)					\
			READ_LOOP(type, take, 1)			\
		else							\
			READ_LOOP(type, take, 0)			\
		return others;						\
	}

READ_ROWS(read_ints, int64_t, digits_int)
READ_ROWS(read_decimals, struct decimal, read_decimal)
READ_ROWS(read_dates, int64_t, read_date)

uint32_t
column_declare(const struct column *column, enum type type, uint32_t rows,
	struct region *region, struct column *out, uint64_t *other)
{
	assert(column->encoding == SLICE);
	assert(column->valid == NULL);
	column_init_flat(out, type, rows, region);
	memset(other, 0, (rows + 63) / 64 * sizeof(*other));
	if (type == TYPE_DECIMAL)
		return read_decimals(column, 0, rows, out->data, other);
	if (type == TYPE_DATE)
		return read_dates(column, 0, rows, out->data, other);
	assert(type == TYPE_INT);
	/* As undeclared ones, in lanes, up to the first that is none. */
	struct rows all = {
		.column = column, .count = rows, .region = region,
	};
	uint32_t done = rows_read_ints(&all, out);
	return read_ints(column, done, rows, out->data, other);
}
