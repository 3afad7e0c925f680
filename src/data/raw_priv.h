#ifndef SFLOW_DATA_RAW_PRIV_H
#define SFLOW_DATA_RAW_PRIV_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "data/column.h"

struct region;

/*
 * What the files of column, value and key share: single raw values, and what
 * is behind the constructors.
 */

/* A CSV field that starts with a quote, or a TSV field, decoded into `out`,
 * which has room for `size` bytes; returns the length. */
size_t raw_unquote(const char *bytes, size_t size, char *out);
size_t raw_unescape(const char *bytes, size_t size, char *out);

/*
 * The value of one raw cell: what column_value() promises.  The bytes must
 * outlive the result, but for texts that fit a view.
 */
enum type raw_decode(enum type, const char *bytes, size_t size,
	struct region *, union cell *out);

/* The same, and RAW that looks like a number becomes one. */
enum type raw_settle(enum type, const char *bytes, size_t size,
	struct region *, union cell *out);

/* The undecoded bytes of a row of a textual SLICE or FLAT column. */
static inline const char *
raw_at(const struct column *column, uint32_t row, uint32_t *size)
{
	if (column->encoding == SLICE)
		return column_slice(column, row, size);
	const struct text *text = (const struct text *)column->data + row;
	*size = text->size;
	return text_bytes(text);
}

/* Is byte `c` among these, of which 16 from `bytes` on are readable? */
static inline int
raw_has_byte(const char *bytes, uint32_t size, char c)
{
#if defined(__SSE2__)
	if (__builtin_expect(size <= 16, 1)) {
		__m128i block = _mm_loadu_si128((const __m128i *)bytes);
		unsigned mask = (unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
		return (mask & ((1u << size) - 1)) != 0;
	}
#endif
	return memchr(bytes, c, size) != NULL;
}

/* May the text be a number?  The cheap half of number_parse(). */
static inline int
raw_starts_number(const char *bytes, uint32_t size)
{
	return size > 0 && (bytes[0] == '-' ||
	    (uint8_t)(bytes[0] - '0') <= 9);
}

/* Words of a bitmap. */
static inline uint32_t
bitmap_words(uint32_t rows)
{
	return (rows + 63) / 64;
}

/* A bitmap of `rows` bits, all set. */
uint64_t *bitmap_new(uint32_t rows, struct region *);

/* Row `row` is null: clear its bit, with a bitmap of `rows` bits if there is
 * none yet. */
void column_clear(struct column *, uint32_t row, uint32_t rows,
	struct region *);

/* A dense FLAT column with its own memory, but for text, of any encoding. */
void column_flatten(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/*
 * A column of cells and tags: of the one type they have, else MIXED.  With
 * `as_numbers` a missing value is null, and ints and floats become floats if
 * no int among them passes 2^53.
 */
void column_from_cells(union cell *cells, uint8_t *tags, uint32_t count,
	int as_numbers, struct region *, struct column *out);

/* The text of a value that is neither text nor null, in at most
 * VALUE_FORMAT_MAX bytes; returns its length. */
#define VALUE_FORMAT_MAX 64
unsigned value_format(const struct value *, char *out);
/* What csv output shows of a value, as a view into the value's own text or
 * `region`; not for nulls. */
struct text value_to_text(const struct value *, struct region *);

/* A copy of the bytes in the region, as a view. */
struct text text_copy(const char *bytes, size_t size, struct region *);

/*
 * A number's place in the order of all numbers: the double next to it towards
 * zero, and how far it lies from that.  Exact for all ints and decimals.
 */
struct number_rank {
	double number;		/* never -0.0 */
	int32_t rest;		/* has the sign of the number */
};

struct number_rank number_rank(enum type, const union cell *);

/* Days as microseconds, bounded. */
int64_t date_to_us(int64_t days);

#endif
