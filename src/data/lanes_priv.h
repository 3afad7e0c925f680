#ifndef SFLOW_DATA_LANES_PRIV_H
#define SFLOW_DATA_LANES_PRIV_H

/*
 * Four rows of a SLICE column in the lanes of AVX2 registers: what the readers
 * of ints and floats share.
 */
#if defined(__x86_64__)

#include <immintrin.h>

#include "data/rows_priv.h"
#include "util/bits.h"

#define AVX2 __attribute__((target("avx2"), always_inline)) inline

/* Four rows: their bytes, and how many, as 32-bit and as 64-bit lanes. */
struct four {
	const char *bytes[4];
	__m128i sizes;
};

static AVX2 __m256i
load_lanes(const char *const bytes[4])
{
	return _mm256_set_epi64x((int64_t)bits_load64(bytes[3]),
	    (int64_t)bits_load64(bytes[2]), (int64_t)bits_load64(bytes[1]),
	    (int64_t)bits_load64(bytes[0]));
}

/* Lanes of eight digit values to numbers, as digits_value() has it. */
static AVX2 __m256i
lanes_value(__m256i digits)
{
	__m256i pairs = _mm256_maddubs_epi16(digits,
	    _mm256_set1_epi16(0x010a));
	__m256i fours = _mm256_madd_epi16(pairs,
	    _mm256_set1_epi32(0x00010064));

	return _mm256_add_epi64(_mm256_srli_epi64(fours, 32),
	    _mm256_mul_epu32(fours, _mm256_set1_epi64x(10000)));
}

/* Bytes above 9 leave the top bit set. */
static AVX2 __m256i
lanes_wrong(__m256i digits)
{
	return _mm256_and_si256(_mm256_set1_epi8((char)0x80),
	    _mm256_or_si256(digits, _mm256_add_epi8(digits,
	    _mm256_set1_epi8(0x76))));
}

/* -1 in the lanes of rows that end with CR.  An empty row's byte is the one
 * before it. */
static AVX2 __m128i
four_ends_with_cr(const char *base, const uint32_t to[4])
{
	return _mm_cmpeq_epi32(_mm_setr_epi32(base[to[0] - 1], base[to[1] - 1],
	    base[to[2] - 1], base[to[3] - 1]), _mm_set1_epi32('\r'));
}

/* The place of row i among from and to. */
static AVX2 uint32_t
place_of_row(const struct rows *rows, uint32_t i, int dense)
{
	return dense ? i : rows->column->stride *
	    (rows->sel == NULL ? i : rows->sel[i]);
}

/* Two sizes as they stand in a register. */
static AVX2 int64_t
two_sizes(uint32_t first, uint32_t second)
{
	return (int64_t)((uint64_t)second << 32 | first);
}

/*
 * Four rows from row i on, one by one: places in vectors take longer to bring
 * there and back, which the empty statement keeps compilers from.
 */
static AVX2 void
four_load(const struct rows *rows, uint32_t i, int dense, struct four *out)
{
	const struct column *column = rows->column;
	const char *base = column->base + column->from_add;
	uint32_t to[4], size[4];

#define FOUR_ONE(k) do {						\
	uint32_t at = place_of_row(rows, i + (k), dense);		\
	size_t from = column->from[at];					\
	to[k] = column->to[at];						\
	size[k] = to[k] - (uint32_t)from - column->from_add;		\
	__asm__("" : "+r"(from));					\
	out->bytes[k] = base + from;					\
} while (0)
	FOUR_ONE(0);
	FOUR_ONE(1);
	FOUR_ONE(2);
	FOUR_ONE(3);
#undef FOUR_ONE
	out->sizes = _mm_set_epi64x(two_sizes(size[2], size[3]),
	    two_sizes(size[0], size[1]));
	if (column->trim_cr)
		out->sizes = _mm_max_epi32(_mm_setzero_si128(), _mm_add_epi32(
		    out->sizes, four_ends_with_cr(column->base, to)));
}

#endif

#endif
