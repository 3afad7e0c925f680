#ifndef SFLOW_UTIL_BITS_H
#define SFLOW_UTIL_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Index of the lowest / highest set bit; `word` must not be 0. */
static inline unsigned
bits_lowest(uint64_t word)
{
	return (unsigned)__builtin_ctzll(word);
}

static inline unsigned
bits_highest(uint64_t word)
{
	return 63u - (unsigned)__builtin_clzll(word);
}

static inline unsigned
bits_count(uint64_t word)
{
	return (unsigned)__builtin_popcountll(word);
}

static inline uint64_t
bits_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* `value` rounded up to a multiple of `unit`, a power of two. */
static inline size_t
bits_round_up(size_t value, size_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

/* The least power of two that is not below `value`; 1 for 0. */
static inline uint64_t
bits_power_of_two(uint64_t value)
{
	return value <= 1 ? 1 : (uint64_t)1 << (bits_highest(value - 1) + 1);
}

/* Bitmaps: bit i lies in word i / 64. */
static inline int
bits_get(const uint64_t *words, size_t index)
{
	return (int)(words[index / 64] >> (index % 64) & 1);
}

static inline void
bits_set(uint64_t *words, size_t index)
{
	words[index / 64] |= (uint64_t)1 << (index % 64);
}

static inline void
bits_clear(uint64_t *words, size_t index)
{
	words[index / 64] &= ~((uint64_t)1 << (index % 64));
}

/* Unaligned loads and stores; the compiler makes them one move. */
static inline uint32_t
bits_load32(const void *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline uint64_t
bits_load64(const void *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline void
bits_store32(void *bytes, uint32_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

static inline void
bits_store64(void *bytes, uint64_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

#endif
