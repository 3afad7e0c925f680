/*
 * The separator index of CSV and its relatives: 64 bytes at a time become bit
 * masks of delimiters, line ends and quotes; the exclusive parity of the quotes
 * tells what stands inside of them; what is left is written as positions.
 *
 * Parity alone is wrong for a quote that stands where it is an ordinary byte,
 * as in `12" monitor`.  So every quote is checked, in masks too: one that opens
 * must stand behind a separator, a row start or another quote; one that closes,
 * before a separator, a line end (with or without '\r') or another quote.  If
 * all do, parity and the exact parser of csv_row.c agree: outside of a quoted
 * field the first quote of a run in mid-field opens behind an ordinary byte,
 * and inside of one the first that is not doubled closes before one.  If not,
 * the scan stops before these 64 bytes and the caller parses the row exactly.
 *
 * What is asked of the byte before or behind a block is carried over: `inside`,
 * and in `pending` what the next byte has to be.  At the end of the bytes the
 * state is as of there, so that nothing behind them is ever judged.
 */
#include "io/csv_index.h"

#include <stddef.h>
#include <string.h>

#include "util/bits.h"

/* --- plain ------------------------------------------------------------- */

/* Bytes equal to the repeated byte in `pattern`, as 8 bits; exact for all. */
static inline uint64_t
plain_mask8(uint64_t word, uint64_t pattern)
{
	const uint64_t low7 = 0x7f7f7f7f7f7f7f7fu;
	uint64_t x = word ^ pattern;
	uint64_t zero = ~(((x & low7) + low7) | x | low7);

	/* The top bits of 8 bytes to 8 neighbours. */
	return (zero >> 7) * 0x0102040810204080u >> 56;
}

static inline uint64_t
plain_mask(const char *bytes, char byte)
{
	uint64_t pattern = (uint8_t)byte * 0x0101010101010101u;
	uint64_t mask = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t word = bits_load64(bytes + 8 * i);
		if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
			word = __builtin_bswap64(word);
		mask |= plain_mask8(word, pattern) << (8 * i);
	}
	return mask;
}

static inline uint64_t
plain_prefix(uint64_t q)
{
	q ^= q << 1;
	q ^= q << 2;
	q ^= q << 4;
	q ^= q << 8;
	q ^= q << 16;
	return q ^ q << 32;
}

static inline void
plain_emit(uint32_t *out, uint64_t mask, uint32_t at)
{
	while (mask != 0) {
		*out++ = at + bits_lowest(mask);
		mask &= mask - 1;
	}
}

#define KERNEL_TARGET
#define KERNEL_MASK(bytes, byte) plain_mask(bytes, byte)
#define KERNEL_MASKS(bytes, delimiter, d, n, q) do {		\
	d = plain_mask(bytes, delimiter);			\
	n = plain_mask(bytes, '\n');				\
	q = plain_mask(bytes, '"');				\
} while (0)
#define KERNEL_PREFIX(q) plain_prefix(q)
#define KERNEL_EMIT(out, mask, at, count) plain_emit(out, mask, at)
#define KERNEL_NAME index_plain
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_plain_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_MASK
#undef KERNEL_MASKS

#if defined(__x86_64__)
#include <immintrin.h>

/* --- SSE2 -------------------------------------------------------------- */

static inline uint64_t
sse2_mask(const char *bytes, char byte)
{
	const __m128i pattern = _mm_set1_epi8(byte);
	uint64_t mask = 0;

	for (unsigned i = 0; i < 4; i++) {
		__m128i part = _mm_loadu_si128((const void *)(bytes + 16 * i));
		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(part, pattern)) << (16 * i);
	}
	return mask;
}

#define KERNEL_TARGET
#define KERNEL_MASK(bytes, byte) sse2_mask(bytes, byte)
#define KERNEL_MASKS(bytes, delimiter, d, n, q) do {		\
	d = sse2_mask(bytes, delimiter);			\
	n = sse2_mask(bytes, '\n');				\
	q = sse2_mask(bytes, '"');				\
} while (0)
#define KERNEL_NAME index_sse2
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_sse2_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_MASK
#undef KERNEL_MASKS
#undef KERNEL_PREFIX
#undef KERNEL_EMIT

/* --- AVX2 -------------------------------------------------------------- */

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

AVX2_INLINE uint64_t
avx2_bits(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2_INLINE uint64_t
avx2_mask(const char *bytes, char byte)
{
	const __m256i pattern = _mm256_set1_epi8(byte);
	__m256i low = _mm256_loadu_si256((const void *)bytes);
	__m256i high = _mm256_loadu_si256((const void *)(bytes + 32));

	return avx2_bits(_mm256_cmpeq_epi8(low, pattern),
	    _mm256_cmpeq_epi8(high, pattern));
}

AVX2_INLINE uint64_t
clmul_prefix(uint64_t q)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(
	    _mm_set_epi64x(0, (long long)q), _mm_set1_epi8((char)0xff), 0));
}

/*
 * Eight at a time without asking how many there are: rows of text hold 4 to 10
 * separators in 64 bytes, so the one question is mostly answered the same way.
 */
AVX2_INLINE void
bmi_emit(uint32_t *out, uint64_t mask, uint32_t at, unsigned count)
{
	for (unsigned i = 0; i < 8; i++) {
		out[i] = at + (uint32_t)_tzcnt_u64(mask);
		mask = _blsr_u64(mask);
	}
	if (__builtin_expect(count > 8, 0)) {
		for (unsigned i = 8; i < 16; i++) {
			out[i] = at + (uint32_t)_tzcnt_u64(mask);
			mask = _blsr_u64(mask);
		}
		for (unsigned i = 16; i < count; i++) {
			out[i] = at + (uint32_t)_tzcnt_u64(mask);
			mask = _blsr_u64(mask);
		}
	}
}

#define KERNEL_TARGET AVX2
#define KERNEL_MASK(bytes, byte) avx2_mask(bytes, byte)
#define KERNEL_MASKS(bytes, delimiter, d, n, q) do {		\
	d = avx2_mask(bytes, delimiter);			\
	n = avx2_mask(bytes, '\n');				\
	q = avx2_mask(bytes, '"');				\
} while (0)
#define KERNEL_PREFIX(q) clmul_prefix(q)
#define KERNEL_EMIT(out, mask, at, count) bmi_emit(out, mask, at, count)
#define KERNEL_NAME index_avx2
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_avx2_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_MASK
#undef KERNEL_MASKS
#undef KERNEL_EMIT

/* --- AVX-512 ----------------------------------------------------------- */

#define AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,"	\
	"avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2")))
#define AVX512_INLINE static inline AVX512 __attribute__((always_inline))

AVX512_INLINE uint64_t
avx512_mask(__m512i part, char byte)
{
	return _mm512_cmpeq_epi8_mask(part, _mm512_set1_epi8(byte));
}

/* The numbers 0..63 squeezed by the mask, widened sixteen at a time. */
AVX512_INLINE void
avx512_emit(uint32_t *out, uint64_t mask, uint32_t at, unsigned count)
{
	static const uint8_t numbers[64] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
		34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
		50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
	};
	const __m512i offset = _mm512_set1_epi32((int)at);
	__m512i packed = _mm512_maskz_compress_epi8(mask,
	    _mm512_loadu_si512(numbers));

	_mm512_storeu_si512(out, _mm512_add_epi32(offset,
	    _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
	if (__builtin_expect(count <= 16, 1))
		return;
	_mm512_storeu_si512(out + 16, _mm512_add_epi32(offset,
	    _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
	_mm512_storeu_si512(out + 32, _mm512_add_epi32(offset,
	    _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
	_mm512_storeu_si512(out + 48, _mm512_add_epi32(offset,
	    _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
}

#define KERNEL_TARGET AVX512
#define KERNEL_MASK(bytes, byte)	\
	avx512_mask(_mm512_loadu_si512(bytes), byte)
#define KERNEL_MASKS(bytes, delimiter, d, n, q) do {		\
	__m512i part_ = _mm512_loadu_si512(bytes);		\
	d = avx512_mask(part_, delimiter);			\
	n = avx512_mask(part_, '\n');				\
	q = avx512_mask(part_, '"');				\
} while (0)
#define KERNEL_EMIT(out, mask, at, count) avx512_emit(out, mask, at, count)
#define KERNEL_NAME index_avx512
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_avx512_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#endif

/* --- the choice -------------------------------------------------------- */

csv_index_f *
csv_index_of_tier(enum cpu_tier tier, int quotes)
{
	if (tier > cpu_tier())
		return NULL;
	switch (tier) {
#if defined(__x86_64__)
	case CPU_AVX512:
		return quotes ? index_avx512_quotes : index_avx512;
	case CPU_AVX2:
		return quotes ? index_avx2_quotes : index_avx2;
	case CPU_SSE2:
		return quotes ? index_sse2_quotes : index_sse2;
#endif
	default:
		return quotes ? index_plain_quotes : index_plain;
	}
}

void
csv_index(struct csv_scan *scan)
{
	static csv_index_f *kernels[2];
	int quotes = scan->quotes != 0;
	csv_index_f *kernel = __atomic_load_n(&kernels[quotes],
	    __ATOMIC_RELAXED);

	if (__builtin_expect(kernel == NULL, 0)) {
		kernel = csv_index_of_tier(cpu_tier(), quotes);
		__atomic_store_n(&kernels[quotes], kernel, __ATOMIC_RELAXED);
	}
	kernel(scan);
}

uint64_t
csv_count_lines(const char *bytes, uint64_t size)
{
	uint64_t count = 0;

	/* Byte counters that cannot overflow, so that this becomes vectors. */
	while (size > 0) {
		uint64_t part = size < 4096 ? size : 4096;
		uint32_t sum = 0;
		for (uint64_t i = 0; i < part; i++)
			sum += bytes[i] == '\n';
		count += sum;
		bytes += part;
		size -= part;
	}
	return count;
}
