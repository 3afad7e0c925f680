#ifndef SFLOW_UTIL_SCAN_H
#define SFLOW_UTIL_SCAN_H

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "util/bits.h"

/*
 * The first `byte` of [at, end), or NULL.  15 bytes behind `end` are readable:
 * what is searched is short (the fields of a line), so the call of a library
 * function would cost more than the search.
 */
static inline const char *
scan_byte(const char *at, const char *end, char byte)
{
#ifdef __SSE2__
	__m128i wanted = _mm_set1_epi8(byte);

	for (; at < end; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)
		    at);
		unsigned mask = (unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(bytes, wanted));
		if (mask == 0)
			continue;
		at += bits_lowest(mask);
		return at < end ? at : NULL;
	}
	return NULL;
#else
	return at >= end ? NULL : memchr(at, byte, (size_t)(end - at));
#endif
}

#endif
