/*
 * The front of a table of groups.
 *
 * A field's bytes say what its value is, so bytes that were seen before belong
 * to a row that is known.  What is compared are four words and a size:
 *
 *	one key		the first 16 bytes | the last 16 bytes
 *	two keys	the first key      | the second key
 *
 * of texts of up to 32 bytes, or 16 each.  Shorter ones are filled up with
 * zeros, by masks; so no branch depends on a size, but for the texts that are
 * too long, which are always missed.  The slots are open-addressed; a key that
 * finds no free one near its place is missed always, too.  An entry's size is
 * never 0: a free slot is like no key.
 *
 * When there are too many groups the front is given up for good.
 */
#include "op/group_front.h"

#include <string.h>

#include "util/bits.h"
#include "util/hash.h"
#include "util/mem.h"

#define SLOT_BITS 11
#define SLOT_COUNT ((uint32_t)1 << SLOT_BITS)
#define PROBES_MAX 8
#define GROUPS_MAX (SLOT_COUNT / 2)
#define PART_BYTES 16u

struct front_key {
	uint64_t word[4];
	uint64_t size;		/* 0: of no key */
};

struct front_slot {
	struct front_key key;
	char *row;
};

struct group_front {
	uint32_t count;
	int is_full;
	/* What the bytes are of. */
	uint32_t column_count;
	uint8_t type[2], delimiter[2];
	struct front_slot slot[SLOT_COUNT + PROBES_MAX];
};

/* Masks of the first n bytes begin at PART_BYTES - n. */
static const uint8_t front_masks[2 * PART_BYTES] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

struct group_front *
group_front_new(void)
{
	return mem_alloc_zero(sizeof(struct group_front));
}

void
group_front_free(struct group_front **take_front)
{
	mem_free(*take_front);
	*take_front = NULL;
}

void
group_front_clear(struct group_front *front)
{
	if (front->count > 0)
		memset(front->slot, 0, sizeof(front->slot));
	front->count = 0;
}

/* --- keys --- */

/* `size` bytes at `at`, 16 at most, as two words; 16 are readable. */
static inline __attribute__((always_inline)) void
load_part(const char *at, uint32_t size, uint64_t *word)
{
	const char *mask = (const char *)front_masks + (PART_BYTES - size);

	word[0] = bits_load64(at) & bits_load64(mask);
	word[1] = bits_load64(at + 8) & bits_load64(mask + 8);
}

/* The key of a record: 1, or 0 if it is too long. */
static inline __attribute__((always_inline)) int
key_load(const struct column *column, uint32_t column_count, uint32_t i,
	struct front_key *out)
{
	uint32_t size, second = 0;
	const char *at = column_slice(&column[0], i, &size);
	uint32_t part = size < PART_BYTES ? size : PART_BYTES;

	load_part(at, part, out->word);
	if (column_count == 1) {
		out->size = size + 1;
		/* Too long a text is loaded all the same: it is there. */
		load_part(at + (size - part), part, out->word + 2);
		return size <= 2 * PART_BYTES;
	}
	at = column_slice(&column[1], i, &second);
	part = second < PART_BYTES ? second : PART_BYTES;
	load_part(at, part, out->word + 2);
	out->size = (uint64_t)second << 32 | (size + 1);
	return size <= PART_BYTES && second <= PART_BYTES;
}

static inline uint32_t
key_place(const struct front_key *key)
{
	const uint64_t *word = key->word;
	uint64_t hash = hash_mix(word[0] ^ (word[3] << 7 | word[3] >> 57),
	    word[1] ^ (word[2] << 29 | word[2] >> 35) ^ key->size);

	return (uint32_t)(hash >> (64 - SLOT_BITS));
}

static inline int
key_equal(const struct front_key *a, const struct front_key *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) |
	    (a->word[2] ^ b->word[2]) | (a->word[3] ^ b->word[3]) |
	    (a->size ^ b->size)) == 0;
}

/* --- the front --- */

int
group_front_serves(struct group_front *front, const struct column *column,
	uint32_t column_count)
{
	int is_other = column_count != front->column_count;

	if (front->is_full || column_count == 0 || column_count > 2)
		return 0;
	for (uint32_t c = 0; c < column_count; c++) {
		if (column[c].encoding != SLICE || column[c].valid != NULL)
			return 0;
		is_other |= column[c].type != front->type[c] ||
		    column[c].delimiter != front->delimiter[c];
		front->type[c] = column[c].type;
		front->delimiter[c] = column[c].delimiter;
	}
	front->column_count = column_count;
	if (is_other)
		group_front_clear(front);
	return 1;
}

static inline __attribute__((always_inline)) uint32_t
find_loop(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t count, char **row, uint16_t *miss)
{
	uint32_t miss_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct front_key key;
		int fits = key_load(column, column_count, i, &key);
		const struct front_slot *slot = &front->slot[key_place(&key)];
		const struct front_slot *end = slot + PROBES_MAX;
		while (slot < end && !key_equal(&slot->key, &key) &&
		    slot->row != NULL)
			slot++;
		if (__builtin_expect(fits && slot < end && slot->row != NULL,
		    1))
			row[i] = slot->row;
		else
			miss[miss_count++] = (uint16_t)i;
	}
	return miss_count;
}

uint32_t
group_front_find(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t count, char **row, uint16_t *miss)
{
	/* Copies, which nothing that is written can change. */
	struct column copy[2] = { column[0], column[column_count - 1] };

	if (column_count == 1)
		return find_loop(front, copy, 1, count, row, miss);
	return find_loop(front, copy, 2, count, row, miss);
}

void
group_front_add(struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t i, char *row)
{
	struct front_key key;

	if (!key_load(column, column_count, i, &key))
		return;
	struct front_slot *slot = &front->slot[key_place(&key)];
	for (uint32_t p = 0; p < PROBES_MAX; p++, slot++) {
		if (slot->row != NULL && !key_equal(&slot->key, &key))
			continue;
		front->count += slot->row == NULL;
		slot->key = key;
		slot->row = row;
		break;
	}
	front->is_full = front->count > GROUPS_MAX;
}
