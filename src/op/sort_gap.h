#ifndef SFLOW_OP_SORT_GAP_H
#define SFLOW_OP_SORT_GAP_H

#include <stdint.h>

#include "data/key_words.h"

struct sort_item;

/*
 * How a key differs from one that is not behind it, as a number.  Of two keys
 * and the same third one, that with the lesser gap comes first; with another
 * gap than the first's, the second's gap from the first is its gap from the
 * third.  So keys that are merged mostly need not be looked at.
 *
 *	key	word:8 bytes | rest | pads ...
 *	gap	far:8 bits | block:7 bytes
 *
 * The block is the first, of blocks of 7 bytes, in which they differ; the
 * further to the front, the farther.  Gaps that are equal, and not 0, say that
 * keys are alike as far as sort_gap_bytes; what follows has to be looked at.
 */
#define SORT_GAP_BYTES 7
/* What is alike is not told beyond this. */
#define SORT_GAP_ALIKE_MAX (36 * SORT_GAP_BYTES)
#define SORT_GAP_PADDING 8

#define SORT_GAP_EQUAL ((uint64_t)0)
#define SORT_GAP_LEAST ((uint64_t)1 << 56)	/* alike up to ALIKE_MAX */
#define SORT_GAP_PART ((uint64_t)255 << 56)	/* + the part, another one */
#define SORT_GAP_END UINT64_MAX			/* behind all keys */

/* Of a key of `size` bytes with pads behind it, that differs at byte `at`. */
static inline uint64_t
sort_gap_at(const struct key_cut *cut, const char *key, uint32_t size,
	uint32_t at)
{
	uint32_t block = at / SORT_GAP_BYTES;
	uint32_t from = block * SORT_GAP_BYTES;
	uint64_t word;

	if (__builtin_expect(at >= SORT_GAP_ALIKE_MAX, 0))
		return SORT_GAP_LEAST;
	if (__builtin_expect(from > size, 0)) {
		word = key_word_at(NULL, 0, cut->pad);
	} else {
		memcpy(&word, key + from, 8);
		word = __builtin_bswap64(word);
	}
	return (uint64_t)(254 - block) << 56 | word >> 8;
}

/* As many bytes are alike in keys of this gap from one key, or none if their
 * parts alone are. */
static inline uint32_t
sort_gap_bytes(uint64_t gap)
{
	uint32_t far = (uint32_t)(gap >> 56);

	return far == 255 ? 0 : far == 1 ? SORT_GAP_ALIKE_MAX :
	    (255 - far) * SORT_GAP_BYTES;
}

/*
 * The order of two items that were read, of the same part and alike in the
 * first `from` bytes: <0, 0, >0.  *gap is then that of the later from the
 * earlier.
 */
int sort_gap_compare(const struct key_cut *, const struct sort_item *a,
	const struct sort_item *b, uint32_t from, uint64_t *gap);
/* The first byte where two keys differ that are alike in the first `from`;
 * UINT32_MAX: none. */
uint32_t sort_gap_find(const struct key_cut *, const char *a, uint32_t a_size,
	const char *b, uint32_t b_size, uint32_t from);

#endif
