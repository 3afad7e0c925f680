/*
 * Floats out of raw columns: the second reading, when an int reader has met
 * something else.  Ints among the floats stay ints, so that what is computed
 * from a value never depends on its neighbours: the column is MIXED then.  They
 * are read as floats, which is exact up to 2^53, and turned back at the end.
 *
 * Most floats in text are short decimals: 12.5, -0.0375, 1049.99.  With AVX2
 * four rows are read at a time: the point is taken out, which leaves an int of
 * at most 15 digits; divided by a power of ten, both exact as doubles, that is
 * correctly rounded.  Rows of up to eight bytes are the lanes of one register,
 * longer ones halves of two.  Where one of four is something else, like nothing
 * at all, they are read one by one; what is no such decimal by number_parse().
 */
#include "data/column.h"

#include <string.h>

#include "data/digits_priv.h"
#include "data/lanes_priv.h"
#include "data/number.h"
#include "data/raw_priv.h"
#include "data/rows_priv.h"
#include "util/cpu.h"
#include "util/mem.h"

/* Ints up to here, either sign, are exact as floats. */
#define FLOAT_INT_MAX ((int64_t)1 << 53)

/*
 * Row i, whatever it is, and its type in tags; 0 if it is neither a number that
 * fits nor null.
 */
static int
float_row(const struct rows *rows, uint32_t i, struct column *out,
	uint8_t *tags)
{
	uint32_t row = rows->sel == NULL ? i : rows->sel[i];
	double *data = out->data;
	uint32_t size;
	const char *bytes = raw_at(rows->column, row, &size);
	union cell cell = { 0 };
	enum number_kind kind = NUMBER_NOT;

	if (column_row_is_valid(rows->column, row) &&
	    raw_starts_number(bytes, size))
		kind = number_parse(bytes, size, &cell.integer, &data[i]);
	tags[i] = TYPE_FLOAT;
	if (__builtin_expect(kind == NUMBER_FLOAT, 1))
		return 1;
	enum type type = kind == NUMBER_INT ? TYPE_INT :
	    rows_settle(rows, i, &cell);
	tags[i] = (uint8_t)type;
	if (type == TYPE_FLOAT) {
		data[i] = cell.number;
	} else if (type == TYPE_INT) {
		data[i] = (double)cell.integer;
		return cell.integer <= FLOAT_INT_MAX &&
		    cell.integer >= -FLOAT_INT_MAX;
	} else if (type == TYPE_NULL) {
		data[i] = 0;
		column_clear(out, i, rows->count, rows->region);
	} else {
		return 0;
	}
	return 1;
}

#if defined(__x86_64__)

/* All of them are exact. */
static const double powers[16] = { 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
	1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };

/* Where the first point is in 16 bytes that are XORed with '0'; 16: nowhere. */
static inline uint32_t
point_place(uint64_t low, uint64_t high)
{
	const uint64_t ones = 0x0101010101010101;
	const uint64_t point = ones * ('.' ^ '0');
	uint64_t in_low = ((low ^ point) - ones) & ~(low ^ point) &
	    ones << 7;
	uint64_t in_high = ((high ^ point) - ones) & ~(high ^ point) &
	    ones << 7;

	if (in_low != 0)
		return (uint32_t)__builtin_ctzll(in_low) / 8;
	return in_high == 0 ? 16 : 8 + (uint32_t)__builtin_ctzll(in_high) / 8;
}

/*
 * The float that `size` bytes are in plain decimals, 16 with the point at most:
 * 1.  Else 0: they may still be a number.  17 bytes can be read.
 */
static inline int
decimal_float(const char *bytes, uint32_t size, double *out)
{
	const uint64_t ones = 0x0101010101010101;
	const uint64_t carry = ones * 0x76;
	uint32_t minus = *bytes == '-';

	bytes += minus;
	size -= minus;
	if (size < 3 || size > 16)
		return 0;
	uint64_t low = bits_load64(bytes) ^ ones * '0';
	uint64_t high = bits_load64(bytes + 8) ^ ones * '0';
	uint32_t place = point_place(low, high);
	if (place == 0 || place + 1 >= size || (*bytes == '0' && place > 1))
		return 0;
	/* What is behind the point moves over it; then the last digit to the
	 * top, and what is no part of the row out. */
	__uint128_t text = (__uint128_t)high << 64 | low;
	__uint128_t before = text & (((__uint128_t)1 << 8 * place) - 1);
	uint32_t count = size - 1;
	text = (before | text >> 8 * (place + 1) << 8 * place) <<
	    8 * (16 - count);
	low = (uint64_t)text;
	high = (uint64_t)(text >> 64);
	if (((low | (low + carry) | high | (high + carry)) & ones << 7) != 0)
		return 0;
	uint64_t value = digits_value(low) * 100000000 + digits_value(high);
	/* -0.0 has its sign. */
	if (minus != 0 && value == 0)
		return 0;
	double number = (double)(int64_t)value / powers[count - place];
	*out = minus != 0 ? -number : number;
	return 1;
}

/*
 * Four rows of one to eight bytes as floats, and their types; 0 if they are not
 * all numbers.
 */
static AVX2 int
four_floats(const struct four *rows, double *out, uint8_t *tags)
{
	const __m256i zero = _mm256_setzero_si256();
	const __m256i ones = _mm256_set1_epi64x(-1);
	__m256i words = load_lanes(rows->bytes);
	__m256i sizes = _mm256_cvtepu32_epi64(rows->sizes);
	__m256i first = _mm256_and_si256(words, _mm256_set1_epi64x(0xff));
	__m256i minus = _mm256_cmpeq_epi64(first, _mm256_set1_epi64x('-'));

	words = _mm256_srlv_epi64(words,
	    _mm256_and_si256(minus, _mm256_set1_epi64x(8)));
	sizes = _mm256_add_epi64(sizes, minus);
	first = _mm256_and_si256(words, _mm256_set1_epi64x(0xff));
	/* The last byte on top; what is no part of the row is digit 0. */
	words = _mm256_sllv_epi64(_mm256_xor_si256(words,
	    _mm256_set1_epi8('0')), _mm256_sub_epi64(_mm256_set1_epi64x(64),
	    _mm256_slli_epi64(sizes, 3)));

	/* Bytes before the first point, or all if there is none, move up over
	 * it.  A second point stays, and is no digit. */
	__m256i point = _mm256_cmpeq_epi8(words,
	    _mm256_set1_epi8('.' ^ '0'));
	__m256i before = _mm256_andnot_si256(point,
	    _mm256_add_epi64(point, ones));
	__m256i lowest = _mm256_sub_epi64(before, ones);
	__m256i behind = _mm256_xor_si256(ones, _mm256_or_si256(before,
	    _mm256_sub_epi64(_mm256_slli_epi64(lowest, 8), lowest)));
	__m256i no_point = _mm256_cmpeq_epi64(point, zero);
	__m256i digits = _mm256_or_si256(_mm256_and_si256(words, behind),
	    _mm256_blendv_epi8(_mm256_slli_epi64(
	    _mm256_and_si256(words, before), 8), words, no_point));
	__m256i fraction = _mm256_sad_epu8(zero,
	    _mm256_and_si256(behind, _mm256_set1_epi8(1)));
	/* Digits before the point; -1 of a lane takes the point off. */
	__m256i whole = _mm256_sub_epi64(_mm256_sub_epi64(sizes, fraction),
	    _mm256_add_epi64(no_point, _mm256_set1_epi64x(1)));

	__m256i value = lanes_value(digits);
	/* Wrong: no digit, a zero that digits follow, a point at the end, a
	 * minus on 0 (it has a sign of its own), too many bytes. */
	__m256i wrong = _mm256_or_si256(_mm256_or_si256(lanes_wrong(digits),
	    _mm256_cmpgt_epi64(_mm256_set1_epi64x(1), whole)),
	    _mm256_or_si256(
	    _mm256_and_si256(_mm256_cmpeq_epi64(first,
	    _mm256_set1_epi64x('0')),
	    _mm256_cmpgt_epi64(whole, _mm256_set1_epi64x(1))),
	    _mm256_or_si256(
	    _mm256_and_si256(minus, _mm256_cmpeq_epi64(value, zero)),
	    _mm256_cmpgt_epi64(sizes, _mm256_set1_epi64x(8)))));
	wrong = _mm256_or_si256(wrong, _mm256_srli_epi64(point, 63));
	if (!_mm256_testz_si256(wrong, wrong))
		return 0;

	uint64_t at[4];
	_mm256_storeu_si256((__m256i *)at, fraction);
	__m256d divisor = _mm256_setr_pd(powers[at[0]], powers[at[1]],
	    powers[at[2]], powers[at[3]]);
	/* Below 10^8: the low halves of the lanes. */
	__m128i low = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(value,
	    _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6)));
	__m256d number = _mm256_div_pd(_mm256_cvtepi32_pd(low), divisor);
	__m256i sign = _mm256_slli_epi64(minus, 63);
	_mm256_storeu_pd(out, _mm256_xor_pd(number,
	    _mm256_castsi256_pd(sign)));
	unsigned ints = (unsigned)_mm256_movemask_pd(
	    _mm256_castsi256_pd(no_point));
	for (unsigned lane = 0; lane < 4; lane++)
		tags[lane] = ints >> lane & 1 ? TYPE_INT : TYPE_FLOAT;
	return 1;
}

/* What is found out about four longer rows, one by one. */
struct long_rows {
	double divisor[4];
	uint8_t minus[4];
	uint8_t tag[4];
	uint32_t wrong;		/* not 0: one of them is no plain decimal */
};

/* The digits of row k, 17 bytes of which can be read, the last one on top. */
static AVX2 __m128i
long_digits(const char *bytes, uint32_t size, unsigned k,
	struct long_rows *out)
{
	uint32_t minus = *bytes == '-';
	uint32_t leading_zero = bytes[minus] == '0';

	size -= minus;
	__m128i text = _mm_loadu_si128((const __m128i *)(bytes + minus));
	uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text,
	    _mm_set1_epi8('.')));
	uint32_t whole = (uint32_t)__builtin_ctz(points | 1u << size % 32);
	uint32_t has_point = whole < size;
	uint32_t count = size - has_point;
	/* Byte j is taken from here; those before the row are digits 0. */
	__m128i from = _mm_add_epi8(_mm_set1_epi8((char)(count - 16)),
	    _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	    15));
	from = _mm_sub_epi8(from, _mm_cmpgt_epi8(from,
	    _mm_set1_epi8((char)(whole - 1))));
	out->wrong |= (count > 15) | (whole == 0) |
	    (has_point & (whole == count)) | (leading_zero & (whole > 1));
	out->divisor[k] = powers[(count - whole) & 15];
	out->minus[k] = (uint8_t)minus;
	out->tag[k] = has_point ? TYPE_FLOAT : TYPE_INT;
	return _mm_shuffle_epi8(_mm_xor_si128(text, _mm_set1_epi8('0')), from);
}

/*
 * Four rows of up to 15 digits as floats, and their types; 0 if they are not
 * all numbers.
 */
static AVX2 int
four_long_floats(const struct four *rows, double *out, uint8_t *tags)
{
	struct long_rows found = { .wrong = 0 };
	uint32_t size[4];
	__m128i digits[4];

	_mm_storeu_si128((__m128i *)size, rows->sizes);
	for (unsigned k = 0; k < 4; k++)
		digits[k] = long_digits(rows->bytes[k], size[k], k, &found);
	__m256i first = _mm256_set_m128i(digits[1], digits[0]);
	__m256i second = _mm256_set_m128i(digits[3], digits[2]);
	__m256i nine = _mm256_set1_epi8(9);
	__m256i over = _mm256_or_si256(_mm256_subs_epu8(first, nine),
	    _mm256_subs_epu8(second, nine));
	if (found.wrong != 0 || !_mm256_testz_si256(over, over))
		return 0;

	/* Pairs, fours, eights: 0, 2 | 1, 3, of each the upper one first. */
	const __m256i tens = _mm256_set1_epi16(0x010a);
	const __m256i hundreds = _mm256_set1_epi32(0x00010064);
	__m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(
	    _mm256_madd_epi16(_mm256_maddubs_epi16(first, tens), hundreds),
	    _mm256_madd_epi16(_mm256_maddubs_epi16(second, tens), hundreds)),
	    _mm256_set1_epi32(0x00012710));
	eights = _mm256_permutevar8x32_epi32(eights,
	    _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7));
	__m256d value = _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(
	    _mm256_castsi256_si128(eights)), _mm256_set1_pd(1e8)),
	    _mm256_cvtepi32_pd(_mm256_extracti128_si256(eights, 1)));
	uint32_t minus;
	memcpy(&minus, found.minus, sizeof(minus));
	__m256i sign = _mm256_slli_epi64(_mm256_cvtepu8_epi64(
	    _mm_cvtsi32_si128((int)minus)), 63);
	/* -0.0 has its sign, -0 has none: others tell them apart. */
	if (minus != 0 && _mm256_movemask_pd(_mm256_and_pd(_mm256_cmp_pd(value,
	    _mm256_setzero_pd(), _CMP_EQ_OQ), _mm256_castsi256_pd(sign))) != 0)
		return 0;
	_mm256_storeu_pd(out, _mm256_or_pd(_mm256_castsi256_pd(sign),
	    _mm256_div_pd(value, _mm256_loadu_pd(found.divisor))));
	memcpy(tags, found.tag, sizeof(found.tag));
	return 1;
}

/* Rows from i on of a SLICE without a bitmap; returns where it ended. */
static __attribute__((target("avx2"), noinline)) uint32_t
slice_floats_avx2(const struct rows *rows, uint32_t i, struct column *out,
	uint8_t *tags)
{
	/* Copies, which nothing that is written can change. */
	const struct column column = *rows->column;
	const struct rows local = { &column, rows->sel, rows->count, NULL };
	double *data = out->data;

	while (i + 4 <= local.count) {
		struct four four;
		four_load(&local, i, 0, &four);
		uint32_t end = i + 4;
		int is_long = _mm_movemask_epi8(_mm_cmpgt_epi32(four.sizes,
		    _mm_set1_epi32(8))) != 0;
		if (__builtin_expect((is_long ? four_long_floats :
		    four_floats)(&four, data + i, tags + i), 1)) {
			i = end;
			continue;
		}
		for (; i < end; i++) {
			uint32_t size;
			const char *bytes = column_slice(&column,
			    local.sel == NULL ? i : local.sel[i], &size);
			tags[i] = TYPE_FLOAT;
			if (!decimal_float(bytes, size, &data[i]) &&
			    !float_row(rows, i, out, tags))
				return i;
		}
	}
	return i;
}

#endif

/* The floats that are ints, as ints again: a MIXED column. */
static void
floats_and_ints(const struct rows *rows, const uint8_t *tags,
	struct column *out)
{
	const double *data = out->data;
	uint8_t *own = region_copy(rows->region, tags, rows->count);
	union cell *cells = region_alloc_zero(rows->region,
	    rows->count * sizeof(*cells));

	for (uint32_t i = 0; i < rows->count; i++)
		if (tags[i] == TYPE_INT)
			cells[i].integer = (int64_t)data[i];
		else
			cells[i].number = data[i];
	column_from_cells(cells, own, rows->count, 1, rows->region, out);
}

/* Read from row `done` on; 0 if something is no number. */
static int
read_rest(const struct rows *rows, uint32_t done, struct column *out,
	uint8_t *tags)
{
	/* The row that was no int: text shows here at once. */
	if (!float_row(rows, done, out, tags))
		return 0;
	uint32_t next = done + 1;
#if defined(__x86_64__)
	const struct column *column = rows->column;
	if (cpu_tier() >= CPU_AVX2 && column->encoding == SLICE &&
	    column->valid == NULL)
		next = slice_floats_avx2(rows, next, out, tags);
#endif
	for (uint32_t i = next; i < rows->count; i++)
		if (!float_row(rows, i, out, tags))
			return 0;
	return 1;
}

int
rows_read_floats(const struct rows *rows, const struct column *ints,
	uint32_t done, struct column *out)
{
	const int64_t *integers = ints->data;
	double *data = out->data;
	uint8_t *tags = region_alloc(rows->region, rows->count);

	for (uint32_t i = 0; i < done; i++) {
		if (integers[i] > FLOAT_INT_MAX || integers[i] < -FLOAT_INT_MAX)
			return 0;
		data[i] = (double)integers[i];
		tags[i] = column_row_is_valid(ints, i) ? TYPE_INT : TYPE_NULL;
	}
	/* Nulls seen so far. */
	out->valid = ints->valid;
	if (!read_rest(rows, done, out, tags))
		return 0;
	if (memchr(tags, TYPE_INT, rows->count) != NULL)
		floats_and_ints(rows, tags, out);
	return 1;
}
