#ifndef SFLOW_FUNC_UTF8_H
#define SFLOW_FUNC_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "util/bits.h"

/*
 * Characters of UTF-8 text.  A character is a byte that is no continuation
 * byte, with the continuation bytes behind it: that is right for valid text,
 * needs no table, and cuts any other bytes somewhere without harm.
 */
#define UTF8_BYTES_MAX 4
#define UTF8_BAD 0xfffd

#define UTF8_HIGH_BITS 0x8080808080808080u

static inline int
utf8_is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* How many of these eight bytes are continuation bytes. */
static inline unsigned
utf8_count_continuations(uint64_t word)
{
	uint64_t ones = (word & ~(word << 1) & UTF8_HIGH_BITS) >> 7;

	/* The sum of all bytes; not every processor counts bits. */
	return (unsigned)(ones * 0x0101010101010101u >> 56);
}

static inline int
utf8_is_ascii(const char *bytes, size_t size)
{
	uint64_t all = 0;

	for (; size >= 8; size -= 8, bytes += 8)
		all |= bits_load64(bytes);
	for (; size > 0; size--, bytes++)
		all |= (unsigned char)*bytes;
	return (all & UTF8_HIGH_BITS) == 0;
}

/*
 * ASCII letters of one case, which begin with `first` ('A' or 'a'), to the
 * other: by adding carries into the high bit of each byte that is not below a
 * bound.  For eight ASCII bytes, for one byte, for all of a text of ASCII.
 */
static inline uint64_t
utf8_flip_ascii(uint64_t word, unsigned char first)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t from = word + ones * (0x80u - first);
	uint64_t behind = word + ones * (0x80u - (first + 26u));

	return word ^ ((from & ~behind & UTF8_HIGH_BITS) >> 2);
}

static inline char
utf8_case_byte(char byte, unsigned char first)
{
	unsigned flip = (unsigned char)((unsigned char)byte - first) < 26u;

	return (char)((unsigned char)byte ^ flip << 5);
}

void utf8_case_ascii(const char *bytes, size_t size, unsigned char first,
	char *target);

/* Characters in the text. */
size_t utf8_count(const char *bytes, size_t size);
/* Where character `index` (from 0) begins; `size` if there is none. */
size_t utf8_offset(const char *bytes, size_t size, uint64_t index);
/* Where the last `count` characters begin; 0 if there are not as many. */
size_t utf8_offset_back(const char *bytes, size_t size, uint64_t count);
/*
 * The code point at `bytes` (size > 0) and how many bytes it has.  UTF8_BAD and
 * 1 for a byte that begins no valid sequence.
 */
unsigned utf8_decode(const char *bytes, size_t size, uint32_t *code);
/* Writes 1 to 4 bytes; `code` is at most 0x10ffff. */
unsigned utf8_encode(uint32_t code, char *out);

/* Simple case mapping of one code point, any alphabet. */
uint32_t utf8_lower(uint32_t code);
uint32_t utf8_upper(uint32_t code);

#endif
