#ifndef SFLOW_IO_CSV_BLOCK_PRIV_H
#define SFLOW_IO_CSV_BLOCK_PRIV_H

/*
 * 64 bytes in two AVX2 registers, and the places of a mask's bits: what the
 * index of all separators and that of some share.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

struct avx2_block {
	__m256i low;
	__m256i high;
};

AVX2_INLINE struct avx2_block
avx2_load(const char *bytes)
{
	return (struct avx2_block){
		_mm256_loadu_si256((const void *)bytes),
		_mm256_loadu_si256((const void *)(bytes + 32)),
	};
}

AVX2_INLINE __m256i
avx2_either(__m256i part, char a, char b)
{
	return _mm256_or_si256(_mm256_cmpeq_epi8(part, _mm256_set1_epi8(a)),
	    _mm256_cmpeq_epi8(part, _mm256_set1_epi8(b)));
}

/* The mask of bytes that are a or b. */
AVX2_INLINE uint64_t
avx2_mask(struct avx2_block block, char a, char b)
{
	return (uint32_t)_mm256_movemask_epi8(avx2_either(block.low, a, b)) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(
	    avx2_either(block.high, a, b)) << 32;
}

/* Not all zeros if some byte is a. */
AVX2_INLINE __m256i
avx2_any(struct avx2_block block, char a)
{
	return _mm256_or_si256(avx2_either(block.low, a, a),
	    avx2_either(block.high, a, a));
}

/* The empty statement keeps compilers from collecting four positions in a
 * vector register to store them at once, which takes twice as long. */
#define BMI_ONE(i) do {						\
	out[i] = at + (uint32_t)_tzcnt_u64(mask);		\
	mask = _blsr_u64(mask);					\
	__asm__ volatile("" : : : "memory");			\
} while (0)
#define BMI_FOUR(i) do {					\
	BMI_ONE(i);						\
	BMI_ONE(i + 1);						\
	BMI_ONE(i + 2);						\
	BMI_ONE(i + 3);						\
} while (0)

#endif

#endif
