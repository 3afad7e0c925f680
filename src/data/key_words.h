#ifndef SFLOW_DATA_KEY_WORDS_H
#define SFLOW_DATA_KEY_WORDS_H

#include <stdint.h>
#include <string.h>

#include "data/key.h"

struct region;

/*
 * Order keys (data/key.h) as words.  Most keys of a sort begin alike: with the
 * class of their type, or "https://".  A cut says how, learnt from the first
 * rows; a key that begins so is the 8 bytes behind that, as a word, and a rest
 * that is looked at where words are equal.  Keys that begin otherwise lie below
 * or above all those: they are cut at 0.
 *
 *	order of keys = order of (part, word, rest)
 *
 * Behind their end keys go on with `pad` for ever; rests end before that.  Most
 * rests are alike (nothing; of numbers the byte that says "exact"), and are
 * left out.
 */
enum key_part { KEY_BELOW, KEY_WITHIN, KEY_ABOVE, KEY_PARTS };

#define KEY_HEAD_MAX 64

struct key_cut {
	uint32_t head_size;
	uint8_t usual_size;	/* of the rest that is left out, WITHIN */
	uint8_t pad;
	char usual[2];
	char head[KEY_HEAD_MAX];
};

/* Per dense row; room for BATCH_ROWS_MAX rows each. */
struct key_words {
	uint8_t *part;
	uint64_t *word;
	/* NULL: the usual one (of WITHIN; else nothing). */
	const char **rest;
	uint32_t *rest_size;
	int any_rest;		/* some are not NULL */
};

/* A cut for keys like those of these rows, of which there is at least one. */
void key_cut_learn(struct key_cut *, const struct column *columns,
	const struct key_order *, uint32_t column_count, uint32_t count);
/* Room for a batch, in the region. */
void key_words_init(struct key_words *, struct region *);
/*
 * The keys of `count` dense rows; rests lie in the columns' memory or in
 * `region`.
 */
void key_words_make(const struct key_cut *, const struct column *columns,
	const struct key_order *, uint32_t column_count, uint32_t count,
	struct region *region, struct key_words *out);

/* <0, 0, >0: the order of two rests. */
int key_rest_compare(const struct key_cut *, const char *a, uint32_t a_size,
	const char *b, uint32_t b_size);
/* The first 8 bytes of `size`, as a word; keys go on with pads. */
static inline uint64_t
key_word_at(const char *bytes, size_t size, uint8_t pad)
{
	unsigned char padded[8];
	uint64_t word;

	if (__builtin_expect(size >= 8, 1)) {
		memcpy(&word, bytes, 8);
	} else {
		memset(padded, pad, sizeof(padded));
		if (size > 0)
			memcpy(padded, bytes, size);
		memcpy(&word, padded, 8);
	}
	return __builtin_bswap64(word);
}

/* Bytes `at` to `at` + 8 of a rest, as a word. */
static inline uint64_t
key_rest_word(const struct key_cut *cut, const char *rest, uint32_t size,
	uint32_t at)
{
	return at >= size ? key_word_at(NULL, 0, cut->pad) :
	    key_word_at(rest + at, size - at, cut->pad);
}

#endif
