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
 * What is asked of the byte before or behind a block is carried over.  Nothing
 * behind the end of the bytes is ever judged.
 */
#include "io/csv_index.h"

#include <stddef.h>
#include <string.h>

#include "io/csv_block_priv.h"
#include "util/bits.h"

/* Blocks whose masks are made before positions are written. */
#define GROUP 8

struct quote_state {
	uint64_t inside;
	uint64_t close_before;
	uint64_t cr_before;
};

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
#define KERNEL_LOAD(bytes) const char *block = bytes
#define KERNEL_EQUAL(a) plain_mask(block, a)
#define KERNEL_EITHER(a, b) (KERNEL_EQUAL(a) | KERNEL_EQUAL(b))
#define KERNEL_HAS(a) KERNEL_EQUAL(a)
#define KERNEL_PREFIX(q) plain_prefix(q)
#define KERNEL_EMIT(out, mask, at, count) plain_emit(out, mask, at)
#define KERNEL_NAME index_plain
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_plain_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_LOAD
#undef KERNEL_EQUAL
#undef KERNEL_EITHER
#undef KERNEL_HAS

#if defined(__x86_64__)
#include <immintrin.h>

/* --- SSE2 -------------------------------------------------------------- */

struct sse2_block {
	__m128i part[4];
};

static inline struct sse2_block
sse2_load(const char *bytes)
{
	struct sse2_block block;

	for (unsigned i = 0; i < 4; i++)
		block.part[i] = _mm_loadu_si128(
		    (const void *)(bytes + 16 * i));
	return block;
}

/* Bytes that are a or b, as vectors of 0 and -1. */
static inline __m128i
sse2_either(__m128i part, char a, char b)
{
	return _mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8(a)),
	    _mm_cmpeq_epi8(part, _mm_set1_epi8(b)));
}

static inline uint64_t
sse2_mask(struct sse2_block block, char a, char b)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 4; i++)
		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(
		    sse2_either(block.part[i], a, b)) << (16 * i);
	return mask;
}

static inline uint64_t
sse2_has(struct sse2_block block, char a)
{
	__m128i found = sse2_either(block.part[0], a, a);

	for (unsigned i = 1; i < 4; i++)
		found = _mm_or_si128(found, sse2_either(block.part[i], a, a));
	return (unsigned)_mm_movemask_epi8(found);
}

#define KERNEL_TARGET
#define KERNEL_LOAD(bytes) struct sse2_block block = sse2_load(bytes)
#define KERNEL_EQUAL(a) sse2_mask(block, a, a)
#define KERNEL_EITHER(a, b) sse2_mask(block, a, b)
#define KERNEL_HAS(a) sse2_has(block, a)
#define KERNEL_NAME index_sse2
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_sse2_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_LOAD
#undef KERNEL_EQUAL
#undef KERNEL_EITHER
#undef KERNEL_HAS
#undef KERNEL_PREFIX
#undef KERNEL_EMIT

/* --- AVX2 -------------------------------------------------------------- */

AVX2_INLINE uint64_t
clmul_prefix(uint64_t q)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(
	    _mm_set_epi64x(0, (long long)q), _mm_set1_epi8((char)0xff), 0));
}

/*
 * More are written than there are, so that the questions are few and mostly
 * answered the same way: lines of text have up to 4 separators in 64 bytes,
 * rows of words and numbers up to 10.
 */
AVX2_INLINE void
bmi_emit(uint32_t *out, uint64_t mask, uint32_t at, unsigned count)
{
	BMI_FOUR(0);
	if (count <= 4)
		return;
	BMI_FOUR(4);
	BMI_ONE(8);
	BMI_ONE(9);
	for (unsigned i = 10; __builtin_expect(i < count, 0); i += 4)
		BMI_FOUR(i);
}

#define KERNEL_TARGET AVX2
#define KERNEL_LOAD(bytes) struct avx2_block block = avx2_load(bytes)
#define KERNEL_EQUAL(a) avx2_mask(block, a, a)
#define KERNEL_EITHER(a, b) avx2_mask(block, a, b)
#define KERNEL_HAS(a) (uint32_t)_mm256_movemask_epi8(avx2_any(block, a))
#define KERNEL_PREFIX(q) clmul_prefix(q)
#define KERNEL_EMIT(out, mask, at, count) bmi_emit(out, mask, at, count)
#define KERNEL_NAME index_avx2
#define KERNEL_QUOTES 0
#include "io/csv_index_template.h"
#define KERNEL_NAME index_avx2_quotes
#define KERNEL_QUOTES 1
#include "io/csv_index_template.h"
#undef KERNEL_TARGET
#undef KERNEL_LOAD
#undef KERNEL_EQUAL
#undef KERNEL_EITHER
#undef KERNEL_HAS
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
#define KERNEL_LOAD(bytes) __m512i block = _mm512_loadu_si512(bytes)
#define KERNEL_EQUAL(a) avx512_mask(block, a)
#define KERNEL_EITHER(a, b) (KERNEL_EQUAL(a) | KERNEL_EQUAL(b))
#define KERNEL_HAS(a) KERNEL_EQUAL(a)
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

/* Does the kernel find what it must in a text that has some of everything? */
static int
kernel_is_sane(csv_index_f *kernel, int quotes)
{
	/* 64 bytes may be read behind the text. */
	static const char text[320] = "a,\"b,\n\",c\r\n,,,\"\"\"\"\r\n"
	    "0123456789012345678901234567890123456789,\"x\n\n\n,,,,,,,,,,,,,"
	    ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\",\"\"\n"
	    "\"a\",\"b\",,\n,,,,,,,,,,,,,,,,,,,,,,,,,\n";
	csv_index_f *const plain = quotes ? index_plain_quotes : index_plain;
	uint32_t index[2][sizeof(text) + CSV_INDEX_SLACK];
	struct csv_scan scan[2];

	for (int i = 0; i < 2; i++) {
		scan[i] = (struct csv_scan){
			.base = text, .index = index[i], .delimiter = ',',
			.end = (uint32_t)strlen(text), .limit = sizeof(text),
			.quotes = quotes,
		};
		csv_scan_restart(&scan[i], 0);
		(i == 0 ? plain : kernel)(&scan[i]);
	}
	return scan[0].count == scan[1].count && scan[0].at == scan[1].at &&
	    scan[0].newline_count == scan[1].newline_count &&
	    memcmp(index[0], index[1], scan[0].count * sizeof(uint32_t)) == 0;
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
		if (!kernel_is_sane(kernel, quotes))
			kernel = csv_index_of_tier(CPU_PLAIN, quotes);
		__atomic_store_n(&kernels[quotes], kernel, __ATOMIC_RELAXED);
	}
	kernel(scan);
}

#if defined(__x86_64__)

/* Of up to 255 * 16 bytes, a multiple of 16: byte counters cannot overflow. */
static uint64_t
count_in_vectors(const char *bytes, uint64_t size)
{
	const __m128i line_end = _mm_set1_epi8('\n');
	__m128i counts = _mm_setzero_si128();

	for (uint64_t i = 0; i < size; i += 16)
		counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(line_end,
		    _mm_loadu_si128((const void *)(bytes + i))));
	counts = _mm_sad_epu8(counts, _mm_setzero_si128());
	return (uint64_t)_mm_cvtsi128_si64(counts) +
	    (uint64_t)_mm_cvtsi128_si64(_mm_srli_si128(counts, 8));
}

#else

static uint64_t
count_in_vectors(const char *bytes, uint64_t size)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < size; i += 8)
		count += bits_count(plain_mask8(bits_load64(bytes + i),
		    '\n' * 0x0101010101010101u));
	return count;
}

#endif

uint64_t
csv_count_lines(const char *bytes, uint64_t size)
{
	uint64_t count = 0;

	while (size >= 16) {
		uint64_t part = size < 255 * 16 ? size & ~(uint64_t)15 :
		    255 * 16;
		count += count_in_vectors(bytes, part);
		bytes += part;
		size -= part;
	}
	for (uint64_t i = 0; i < size; i++)
		count += bytes[i] == '\n';
	return count;
}
