#ifndef SFLOW_DATA_TEXT_H
#define SFLOW_DATA_TEXT_H

#include <stdint.h>
#include <string.h>

/*
 * A 16-byte view of text ("German string").  Up to 12 bytes lie inline, padded
 * with zeros, so that two short texts compare as two pairs of words; longer
 * ones have their first 4 bytes here and a borrowed pointer to all of them.
 */
#define TEXT_INLINE_MAX 12

struct text {
	uint32_t size;
	union {
		char inlined[TEXT_INLINE_MAX];
		struct {
			char prefix[4];
			/* Unaligned on purpose: bytes 8..15 of the view. */
			const char *bytes;
		} __attribute__((packed));
	};
} __attribute__((aligned(8)));

_Static_assert(sizeof(struct text) == 16, "a text view is 16 bytes");

static inline const char *
text_bytes(const struct text *text)
{
	return text->size <= TEXT_INLINE_MAX ? text->inlined : text->bytes;
}

static inline struct text
text_make(const char *bytes, size_t size)
{
	struct text text = { 0 };

	text.size = (uint32_t)size;
	if (size <= TEXT_INLINE_MAX) {
		if (size > 0)
			memcpy(text.inlined, bytes, size);
	} else {
		memcpy(text.prefix, bytes, 4);
		text.bytes = bytes;
	}
	return text;
}

/* [size][0] keeps the first 8 of `size` bytes, [size][1] the 4 behind them. */
extern const uint64_t text_masks[TEXT_INLINE_MAX + 1][2];

/*
 * The same, for bytes of which at least 16 from `bytes` on may be read (text
 * in a chunk: chunks are padded).  Two loads and masks, no call.
 */
static inline struct text
text_make_padded(const char *bytes, size_t size)
{
	struct text text;
	uint64_t head, words[2];
	uint32_t tail;

	if (__builtin_expect(size > TEXT_INLINE_MAX, 0)) {
		memcpy(&tail, bytes, 4);
		words[0] = (uint32_t)size | (uint64_t)tail << 32;
		words[1] = (uintptr_t)bytes;
	} else {
		memcpy(&head, bytes, 8);
		memcpy(&tail, bytes + 8, 4);
		head &= text_masks[size][0];
		words[0] = size | head << 32;
		words[1] = head >> 32 |
		    (tail & text_masks[size][1]) << 32;
	}
	/* Composed in registers: a view is read back as two words. */
	memcpy(&text, words, sizeof(text));
	return text;
}

static inline int
text_equal(const struct text *a, const struct text *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, 16);
	memcpy(y, b, 16);
	if (x[0] != y[0])
		return 0;
	if (a->size <= TEXT_INLINE_MAX)
		return x[1] == y[1];
	return memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Order by bytes: <0, 0, >0. */
static inline int
text_compare(const struct text *a, const struct text *b)
{
	uint32_t size = a->size < b->size ? a->size : b->size;
	int order = size == 0 ? 0 : memcmp(text_bytes(a), text_bytes(b), size);

	if (order != 0)
		return order;
	return a->size < b->size ? -1 : a->size > b->size;
}

#endif
