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

/* Four rows from row i on. */
static AVX2 void
four_load(const struct rows *rows, uint32_t i, int dense, struct four *out)
{
	const struct column *column = rows->column;
	const char *base = column->base + column->from_add;
	uint32_t at[4];

	for (uint32_t k = 0; k < 4; k++)
		at[k] = dense ? i + k : column->stride *
		    (rows->sel == NULL ? i + k : rows->sel[i + k]);
	for (int k = 0; k < 4; k++)
		out->bytes[k] = base + column->from[at[k]];
	__m128i from, to;
	if (dense) {
		from = _mm_loadu_si128((const __m128i *)(column->from + i));
		to = _mm_loadu_si128((const __m128i *)(column->to + i));
	} else {
		from = _mm_setr_epi32((int)column->from[at[0]],
		    (int)column->from[at[1]], (int)column->from[at[2]],
		    (int)column->from[at[3]]);
		to = _mm_setr_epi32((int)column->to[at[0]],
		    (int)column->to[at[1]], (int)column->to[at[2]],
		    (int)column->to[at[3]]);
	}
	out->sizes = _mm_sub_epi32(_mm_sub_epi32(to, from),
	    _mm_set1_epi32((int)column->from_add));
	if (column->trim_cr) {
		uint32_t ends[4];
		_mm_storeu_si128((__m128i *)ends, to);
		out->sizes = _mm_max_epi32(_mm_setzero_si128(), _mm_add_epi32(
		    out->sizes, four_ends_with_cr(column->base, ends)));
	}
}

#endif

#endif
