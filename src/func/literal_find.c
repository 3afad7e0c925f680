/*
 * A short text in a short text.  Where rows are log lines and paths, the calls
 * and tables of memmem() cost more than the search.
 *
 * Sixteen places are tried at a time: those where both the first and the last
 * byte of the literal fit are compared in full.  Blocks go on while they lie
 * within the text, the last one is moved back to end with it; a text shorter
 * than one block is copied to where there is room behind it.
 */
#include <string.h>

#include "func/regex_priv.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* Longer texts are left to memmem(), whose worst case is linear. */
#define FIND_BYTES_MAX 4096

const char *
literal_find_plain(const char *bytes, size_t size, const char *literal,
	size_t literal_size)
{
	return memmem(bytes, size, literal, literal_size);
}

#if defined(__x86_64__)

#define BLOCK 16

/* The places of one block where the literal begins: the first, or -1. */
static inline int
find_in_block(const char *block, const char *literal, size_t last,
	unsigned mask_of_places)
{
	__m128i first_bytes = _mm_loadu_si128((const __m128i *)block);
	__m128i last_bytes = _mm_loadu_si128((const __m128i *)(block + last));
	__m128i equal = _mm_and_si128(
	    _mm_cmpeq_epi8(first_bytes, _mm_set1_epi8(literal[0])),
	    _mm_cmpeq_epi8(last_bytes, _mm_set1_epi8(literal[last])));
	unsigned mask = (unsigned)_mm_movemask_epi8(equal) & mask_of_places;

	for (; mask != 0; mask &= mask - 1) {
		int at = __builtin_ctz(mask);
		/* The first and the last byte fit already. */
		if (last < 2 || memcmp(block + at + 1, literal + 1,
		    last - 1) == 0)
			return at;
	}
	return -1;
}

/* Fewer places than a block has. */
static const char *
find_short(const char *bytes, size_t size, const char *literal, size_t last)
{
	char room[2 * BLOCK + 64];
	size_t places = size - last;

	if (size + BLOCK > sizeof(room))
		return literal_find_plain(bytes, size, literal, last + 1);
	memcpy(room, bytes, size);
	memset(room + size, 0, BLOCK);
	int at = find_in_block(room, literal, last, (1u << places) - 1);
	return at < 0 ? NULL : bytes + at;
}

const char *
literal_find(const char *bytes, size_t size, const char *literal,
	size_t literal_size)
{
	size_t last = literal_size - 1;

	if (size < literal_size)
		return NULL;
	if (literal_size == 1)
		return memchr(bytes, literal[0], size);
	if (size > FIND_BYTES_MAX)
		return literal_find_plain(bytes, size, literal, literal_size);
	size_t places = size - last;
	if (places < BLOCK)
		return find_short(bytes, size, literal, last);
	for (size_t at = 0;;) {
		int found = find_in_block(bytes + at, literal, last, 0xffff);
		if (found >= 0)
			return bytes + at + found;
		if (at + BLOCK == places)
			return NULL;
		at += BLOCK;
		if (at + BLOCK > places)
			at = places - BLOCK;
	}
}

#else

const char *
literal_find(const char *bytes, size_t size, const char *literal,
	size_t literal_size)
{
	return literal_find_plain(bytes, size, literal, literal_size);
}

#endif
