/*
 * Looking for a text in a run of records.
 *
 * Two bytes of the needle, those that are the rarest in a sample, are compared
 * at 32 (or 16) places at once; where both fit the rest is.
 *
 * Nothing is read outside of [at, end): the last places are looked at by a
 * block that is moved back, or byte by byte where there is no room for one.
 */
#include "expr/needle.h"

#include <string.h>

#include "util/bits.h"
#include "util/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void
needle_init(struct needle *needle, const char *bytes, size_t size)
{
	*needle = (struct needle){ bytes, (uint32_t)size,
	    { 0, (uint32_t)size - 1 } };
}

void
needle_learn(struct needle *needle, const char *sample, size_t size)
{
	uint32_t seen[256] = { 0 };
	uint32_t first = 0, second = 0;

	for (size_t i = 0; i < size; i++)
		seen[(unsigned char)sample[i]]++;
	for (uint32_t i = 1; i < needle->size; i++) {
		uint32_t here = seen[(unsigned char)needle->bytes[i]];
		if (here < seen[(unsigned char)needle->bytes[first]]) {
			second = first;
			first = i;
		} else if (second == first ||
		    here < seen[(unsigned char)needle->bytes[second]]) {
			second = i;
		}
	}
	needle->rare[0] = first;
	needle->rare[1] = second;
}

const char *
needle_find_plain(const struct needle *needle, const char *at,
	const char *end)
{
	return memmem(at, (size_t)(end - at), needle->bytes, needle->size);
}

#if defined(__x86_64__)

static inline const char *
check_places(const struct needle *needle, const char *at, unsigned mask)
{
	for (; mask != 0; mask &= mask - 1) {
		const char *place = at + bits_lowest(mask);
		if (memcmp(place, needle->bytes, needle->size) == 0)
			return place;
	}
	return NULL;
}

/* `last` is the last place where the needle can begin, at least 31 (15) behind
 * `at`; so no load reaches behind its end. */
static __attribute__((target("avx2"))) const char *
find_avx2(const struct needle *needle, const char *at, const char *last)
{
	const uint32_t one = needle->rare[0], two = needle->rare[1];
	const __m256i first = _mm256_set1_epi8(needle->bytes[one]);
	const __m256i second = _mm256_set1_epi8(needle->bytes[two]);

	for (;; at += 32) {
		if (last - at < 31)
			at = last - 31;
		__m256i equal = _mm256_and_si256(
		    _mm256_cmpeq_epi8(first, _mm256_loadu_si256(
		    (const __m256i *)(const void *)(at + one))),
		    _mm256_cmpeq_epi8(second, _mm256_loadu_si256(
		    (const __m256i *)(const void *)(at + two))));
		unsigned mask = (unsigned)_mm256_movemask_epi8(equal);
		if (__builtin_expect(mask != 0, 0)) {
			const char *place = check_places(needle, at, mask);
			if (place != NULL)
				return place;
		}
		if (last - at == 31)
			return NULL;
	}
}

static const char *
find_sse2(const struct needle *needle, const char *at, const char *last)
{
	const uint32_t one = needle->rare[0], two = needle->rare[1];
	const __m128i first = _mm_set1_epi8(needle->bytes[one]);
	const __m128i second = _mm_set1_epi8(needle->bytes[two]);

	for (;; at += 16) {
		if (last - at < 15)
			at = last - 15;
		__m128i equal = _mm_and_si128(
		    _mm_cmpeq_epi8(first, _mm_loadu_si128(
		    (const __m128i *)(const void *)(at + one))),
		    _mm_cmpeq_epi8(second, _mm_loadu_si128(
		    (const __m128i *)(const void *)(at + two))));
		unsigned mask = (unsigned)_mm_movemask_epi8(equal);
		if (__builtin_expect(mask != 0, 0)) {
			const char *place = check_places(needle, at, mask);
			if (place != NULL)
				return place;
		}
		if (last - at == 15)
			return NULL;
	}
}

const char *
needle_find(const struct needle *needle, const char *at, const char *end)
{
	const char *last = end - needle->size;

	if (end - at < (ptrdiff_t)needle->size)
		return NULL;
	if (needle->size == 1)
		return memchr(at, needle->bytes[0], (size_t)(end - at));
	enum cpu_tier tier = cpu_tier();
	if (tier >= CPU_AVX2 && last - at >= 31)
		return find_avx2(needle, at, last);
	if (tier >= CPU_SSE2 && last - at >= 15)
		return find_sse2(needle, at, last);
	return needle_find_plain(needle, at, end);
}

#else

const char *
needle_find(const struct needle *needle, const char *at, const char *end)
{
	return needle_find_plain(needle, at, end);
}

#endif
