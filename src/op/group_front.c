/*
 * The front of a table of groups.
 *
 * A field's bytes say what its value is, so bytes that were seen before belong
 * to a row that is known.  What is compared are words, filled up with zeros by
 * masks, so that no branch depends on a short size:
 *
 *			short		long
 *	one key		24 bytes	the first 24 | the last 16 of up to 40
 *	two keys	8 | 16		16 | 16
 *
 * Slots are open-addressed, two of them a line of the cache, which are compared
 * at once: a short key that lies in its own line, as nearly all do, is found
 * without a branch that could be foretold wrongly.  What long ones have more
 * lies beside the slots.  A text that is too long, or a key that finds no free
 * slot near its place, is missed always.
 *
 * Keys are made of a few records at a time, and the lines they need are asked
 * for, before the first is looked for; and so are the rows, which the caller
 * looks at next.
 *
 * One key of a word at most is the usual case, and in a small front the lines
 * are at hand: then nothing is made ahead, one product says the line and two
 * words of a slot are compared (find_words).
 *
 * The front grows with the groups; when there are too many, or the table does
 * not keep them, or the memory is short, it is given up for good.
 */
#include "op/group_front.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "util/bits.h"
#include "util/cpu.h"
#include "util/mem.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LINE_BYTES 64u
#define LINE_SLOTS 2u
#define LINE_BITS_FIRST 10
/* From here on it grows by two, to be no larger than it must. */
#define LINE_BITS_LARGE 13
/* A front up to here is as good as at hand: 256 KiB. */
#define LINE_BITS_NEAR 12
/* Lines that are looked into for a key. */
#define PROBES_MAX 4u
/* Records whose keys are made at once: with fewer the lines of a large front
 * have not come when they are looked at. */
#define AHEAD 128u
#define PART_BYTES 16u
#define WORD_BYTES 8u
#define SHORT_BYTES (PART_BYTES + WORD_BYTES)
#define LONG_BYTES (SHORT_BYTES + PART_BYTES)
/* Sizes stand above an address, which has 47 bits; of two keys that of the
 * second is above that of the first. */
#define SIZE_SHIFT 48
#define SECOND_SHIFT (SIZE_SHIFT + 6)
#define ADDRESS_MASK (((uint64_t)1 << SIZE_SHIFT) - 1)
/* What the first word of a key is multiplied by. */
#define HASH_FIRST 0x9e3779b97f4a7c15u
/* In front_key.size: there is a rest; of no slot. */
#define SIZE_LONG ((uint64_t)1 << 62)
#define SIZE_TOO_LONG UINT64_MAX

struct front_slot {
	uint64_t word[3];
	uint64_t row;		/* and the sizes above it; 0: free */
};

_Static_assert(sizeof(struct front_slot) * LINE_SLOTS == LINE_BYTES, "a line");

/* What a long key has besides. */
struct front_rest {
	uint64_t word[2];
};

struct front_key {
	uint64_t word[3];
	uint64_t size;		/* as it stands above an address */
	struct front_rest rest;	/* if it is long */
	uint32_t slot;		/* the first of its line */
};

struct group_front {
	struct mem_budget *budget;
	uint64_t charged;
	uint32_t count, count_max;
	int is_given_up;
	/* What the bytes are of. */
	uint32_t column_count;
	uint8_t type[2], delimiter[2];
	unsigned line_bits;
	struct front_slot *slot;	/* and PROBES_MAX lines more */
	struct front_rest *rest;	/* NULL: no key is long */
	void *room;			/* of the slots */
};

/* Masks of the first n bytes begin at PART_BYTES - n. */
static const uint8_t front_masks[2 * PART_BYTES] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static inline uint32_t
slot_count(const struct group_front *front)
{
	return LINE_SLOTS << front->line_bits;
}

static inline uint32_t
slot_room(const struct group_front *front)
{
	return slot_count(front) + PROBES_MAX * LINE_SLOTS;
}

static void
front_make_slots(struct group_front *front, unsigned line_bits)
{
	front->line_bits = line_bits;
	size_t bytes = slot_room(front) * sizeof(*front->slot) + LINE_BYTES;
	front->room = bytes < MEM_LARGE_BYTES ? mem_alloc_zero(bytes) :
	    memset(mem_alloc_large(bytes), 0, bytes);
	front->slot = (void *)(uintptr_t)bits_round_up((uintptr_t)front->room,
	    LINE_BYTES);
	front->rest = NULL;
}

static void
front_free_slots(struct group_front *front)
{
	mem_free(front->room);
	mem_free(front->rest);
	front->room = NULL;
	front->rest = NULL;
	mem_release(front->budget, front->charged);
	front->charged = 0;
}

struct group_front *
group_front_new(uint32_t group_count_max, struct mem_budget *budget)
{
	struct group_front *front = mem_alloc_zero(sizeof(*front));

	front->budget = budget;
	front->count_max = group_count_max;
	front_make_slots(front, LINE_BITS_FIRST);
	return front;
}

void
group_front_free(struct group_front **take_front)
{
	struct group_front *front = *take_front;

	*take_front = NULL;
	if (front == NULL)
		return;
	front_free_slots(front);
	mem_free(front);
}

static void
front_give_up(struct group_front *front)
{
	front->is_given_up = 1;
	front->count = 0;
	front_free_slots(front);
}

void
group_front_set_max(struct group_front *front, uint32_t group_count_max)
{
	front->count_max = group_count_max;
}

void
group_front_clear(struct group_front *front)
{
	/* A table that loses so many groups does not hold all there are. */
	if (front->line_bits > LINE_BITS_FIRST)
		front_give_up(front);
	if (front->count > 0)
		memset(front->slot, 0, slot_room(front) *
		    sizeof(*front->slot));
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

/* 8 at most, as one. */
static inline __attribute__((always_inline)) uint64_t
load_word(const char *at, uint32_t size)
{
	const char *mask = (const char *)front_masks + (PART_BYTES - size);

	return bits_load64(at) & bits_load64(mask);
}

static inline __attribute__((always_inline)) void
load_one(const struct column *column, uint32_t i, struct front_key *out)
{
	uint32_t size;
	const char *at = column_slice(column, i, &size);
	/* Of a short text nothing that is far behind it is read. */
	uint32_t part = size < PART_BYTES ? size : PART_BYTES;

	out->size = (uint64_t)(size + 1) << SIZE_SHIFT;
	load_part(at, part, out->word);
	if (__builtin_expect(size <= SHORT_BYTES, 1)) {
		out->word[2] = load_word(at + part, size - part);
	} else if (size <= LONG_BYTES) {
		out->word[2] = bits_load64(at + PART_BYTES);
		load_part(at + (size - PART_BYTES), PART_BYTES,
		    out->rest.word);
		out->size |= SIZE_LONG;
	} else {
		out->size = SIZE_TOO_LONG;
	}
}

static inline __attribute__((always_inline)) void
load_two(const struct column *column, uint32_t i, struct front_key *out)
{
	uint32_t size, second;
	const char *at = column_slice(&column[0], i, &size);
	const char *at_second = column_slice(&column[1], i, &second);

	out->size = (uint64_t)second << SECOND_SHIFT |
	    (uint64_t)(size + 1) << SIZE_SHIFT;
	if (__builtin_expect(size <= WORD_BYTES && second <= PART_BYTES, 1)) {
		out->word[0] = load_word(at, size);
		load_part(at_second, second, out->word + 1);
	} else if (size <= PART_BYTES && second <= PART_BYTES) {
		load_part(at, size, out->rest.word);
		load_part(at_second, second, out->word + 1);
		out->word[0] = out->rest.word[0];
		out->size |= SIZE_LONG;
	} else {
		out->size = SIZE_TOO_LONG;
	}
}

/* Where it belongs: products' upper bits, in which all of a word is. */
static inline __attribute__((always_inline)) uint32_t
key_place(const struct group_front *front, const uint64_t *word, uint64_t size,
	const struct front_rest *rest)
{
	uint64_t hash = word[0] * HASH_FIRST ^
	    word[1] * 0xe7037ed1a0b428dbu ^ word[2] * 0xa0761d6478bd642fu;

	if (__builtin_expect((size & SIZE_LONG) != 0, 0))
		hash ^= (rest->word[0] ^ size) * 0x8ebc6af09c88c6e3u ^
		    rest->word[1] * 0x589965cc75374cc3u;
	return (uint32_t)(hash >> (64 - front->line_bits)) * LINE_SLOTS;
}

static inline __attribute__((always_inline)) void
key_load(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t i, struct front_key *out)
{
	if (column_count == 1)
		load_one(column, i, out);
	else
		load_two(column, i, out);
	if (__builtin_expect(out->size == SIZE_TOO_LONG, 0))
		*out = (struct front_key){ .size = SIZE_TOO_LONG };
	out->slot = key_place(front, out->word, out->size, &out->rest);
}

/* 0 if they are the same, as far as the slot says. */
static inline __attribute__((always_inline)) uint64_t
slot_difference(const struct front_slot *slot, const struct front_key *key)
{
	return (slot->word[0] ^ key->word[0]) | (slot->word[1] ^ key->word[1]) |
	    (slot->word[2] ^ key->word[2]) |
	    (slot->row ^ key->size) >> SIZE_SHIFT;
}

static inline char *
slot_row(const struct front_slot *slot)
{
	return (char *)(uintptr_t)(slot->row & ADDRESS_MASK);
}

static inline __attribute__((always_inline)) int
key_is_long(const struct front_key *key)
{
	return (key->size & SIZE_LONG) != 0;
}

/* And what a long key has besides? */
static inline __attribute__((always_inline)) int
rest_is(const struct group_front *front, uint32_t slot,
	const struct front_key *key)
{
	const uint64_t *word = front->rest[slot].word;

	return ((word[0] ^ key->rest.word[0]) |
	    (word[1] ^ key->rest.word[1])) == 0;
}

/* --- the front --- */

int
group_front_serves(struct group_front *front, const struct column *column,
	uint32_t column_count)
{
	int is_other = column_count != front->column_count;

	if (front->is_given_up || column_count == 0 || column_count > 2)
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
	if (is_other && front->count > 0)
		group_front_clear(front);
	return !front->is_given_up;
}

/* The slot of a key, or the free one where it would be; NULL: there is none. */
static struct front_slot *
find_slot(const struct group_front *front, const struct front_key *key)
{
	for (uint32_t s = key->slot; s < key->slot + PROBES_MAX * LINE_SLOTS;
	    s++) {
		struct front_slot *slot = &front->slot[s];
		if (slot->row == 0)
			return slot;
		if (slot_difference(slot, key) == 0 &&
		    (!key_is_long(key) || rest_is(front, s, key)))
			return slot;
	}
	return NULL;
}

/* The row of a key that may be in this slot, or is in none of its line. */
static inline __attribute__((always_inline)) char *
row_of(const struct group_front *front, const struct front_key *key,
	uint32_t which, uint32_t is_other)
{
	const struct front_slot *slot = &front->slot[key->slot + which];

	if (__builtin_expect(!is_other, 1) &&
	    (__builtin_expect(!key_is_long(key), 1) ||
	    rest_is(front, key->slot + which, key)))
		return slot_row(slot);
	if (key->size == SIZE_TOO_LONG)
		return NULL;
	slot = find_slot(front, key);
	return slot == NULL ? NULL : slot_row(slot);
}

/* --- very short keys --- */

/* The first `size` bytes of a word, 8 at most. */
typedef uint64_t cut_word_f(uint64_t word, uint32_t size);

static inline uint64_t
cut_word_plain(uint64_t word, uint32_t size)
{
	return size == 0 ? 0 : word & UINT64_MAX >> (64 - 8 * size);
}

/* Is it the key that is one word of `size` bytes? */
static inline __attribute__((always_inline)) int
slot_has_word(const struct front_slot *slot, uint64_t word, uint32_t size)
{
	return ((slot->word[0] ^ word) |
	    (slot->row >> SIZE_SHIFT ^ (size + 1))) == 0;
}

/* The row of record i, whose line has it not. */
static __attribute__((noinline)) char *
find_word_afar(const struct group_front *front, const struct column *column,
	uint32_t i)
{
	struct front_key key;

	key_load(front, column, 1, i, &key);
	const struct front_slot *slot = find_slot(front, &key);
	return slot == NULL ? NULL : slot_row(slot);
}

/*
 * Keys of one word at most, in a front that is at hand: the rows of the first
 * records, up to one whose key is longer.  Returns how many these are.
 */
static inline __attribute__((always_inline)) uint32_t
find_words(const struct group_front *front, const struct column *column,
	uint32_t count, char **row, uint16_t *miss, uint32_t *miss_count,
	cut_word_f *cut_word)
{
	const struct column copy = *column;
	const struct front_slot *slots = front->slot;
	const unsigned shift = 64 - front->line_bits;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size;
		const char *at = column_slice(&copy, i, &size);
		if (__builtin_expect(size > WORD_BYTES, 0))
			return i;
		uint64_t word = cut_word(bits_load64(at), size);
		const struct front_slot *slot = slots +
		    (word * HASH_FIRST >> shift) * LINE_SLOTS;
		/* Arithmetic: which of the two it is nobody could foretell. */
		int first = slot_has_word(&slot[0], word, size);
		int second = slot_has_word(&slot[1], word, size);
		char *found = slot_row(slot + second);
		if (__builtin_expect(!(first | second), 0))
			found = find_word_afar(front, column, i);
		row[i] = found;
		__builtin_prefetch(found, 1);
		if (__builtin_expect(found == NULL, 0))
			miss[(*miss_count)++] = (uint16_t)i;
	}
	return count;
}

/* --- the search --- */

typedef char *find_row_f(const struct group_front *, const struct front_key *);

/* The row of a key, or NULL. */
static inline char *
find_row_plain(const struct group_front *front, const struct front_key *key)
{
	const struct front_slot *slot = &front->slot[key->slot];
	/* Arithmetic: which of the two it is nobody could foretell. */
	uint32_t first = slot_difference(&slot[0], key) != 0;
	uint32_t second = slot_difference(&slot[1], key) != 0;

	return row_of(front, key, first, first & second);
}

static inline __attribute__((always_inline)) uint32_t
find_loop(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t first, uint32_t count, char **row,
	uint16_t *miss, find_row_f *find_row)
{
	struct front_key key[AHEAD];
	uint32_t miss_count = 0;

	for (; first < count; first += AHEAD) {
		uint32_t ahead = count - first < AHEAD ? count - first : AHEAD;
		for (uint32_t i = 0; i < ahead; i++) {
			key_load(front, column, column_count, first + i,
			    &key[i]);
			__builtin_prefetch(&front->slot[key[i].slot]);
		}
		for (uint32_t i = 0; i < ahead; i++) {
			char *found = find_row(front, &key[i]);
			row[first + i] = found;
			__builtin_prefetch(found, 1);
			if (__builtin_expect(found == NULL, 0))
				miss[miss_count++] = (uint16_t)(first + i);
		}
	}
	return miss_count;
}

static inline __attribute__((always_inline)) uint32_t
find_any(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t first, uint32_t count, char **row,
	uint16_t *miss, find_row_f *find_row)
{
	/* Copies, which nothing that is written can change. */
	const struct column copy[2] = { column[0], column[column_count - 1] };
	const struct group_front copied = *front;

	if (column_count == 1)
		return find_loop(&copied, copy, 1, first, count, row, miss,
		    find_row);
	return find_loop(&copied, copy, 2, first, count, row, miss, find_row);
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,bmi2")))

static inline AVX2 uint64_t
cut_word_bmi(uint64_t word, uint32_t size)
{
	return _bzhi_u64(word, 8 * size);
}

_Static_assert(offsetof(struct front_key, size) == 3 * sizeof(uint64_t),
	"a key lies as a slot does");

/* The same, a slot at once. */
static inline AVX2 char *
find_row_avx2(const struct group_front *front, const struct front_key *key)
{
	const __m256i *slot = (const void *)&front->slot[key->slot];
	const __m256i wanted = _mm256_loadu_si256((const void *)key);
	const __m256i compared = _mm256_set_epi64x((int64_t)~ADDRESS_MASK,
	    -1, -1, -1);
	uint32_t first = !_mm256_testz_si256(_mm256_xor_si256(
	    _mm256_loadu_si256(slot), wanted), compared);
	uint32_t second = !_mm256_testz_si256(_mm256_xor_si256(
	    _mm256_loadu_si256(slot + 1), wanted), compared);

	return row_of(front, key, first, first & second);
}

static AVX2 __attribute__((noinline)) uint32_t
find_words_avx2(const struct group_front *front, const struct column *column,
	uint32_t count, char **row, uint16_t *miss, uint32_t *miss_count)
{
	return find_words(front, column, count, row, miss, miss_count,
	    cut_word_bmi);
}

static AVX2 __attribute__((noinline)) uint32_t
find_keys_avx2(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t first, uint32_t count, char **row,
	uint16_t *miss)
{
	return find_any(front, column, column_count, first, count, row, miss,
	    find_row_avx2);
}

#else

#define find_words_avx2 find_words_plain
#define find_keys_avx2 find_keys_plain

#endif

static __attribute__((noinline)) uint32_t
find_words_plain(const struct group_front *front, const struct column *column,
	uint32_t count, char **row, uint16_t *miss, uint32_t *miss_count)
{
	return find_words(front, column, count, row, miss, miss_count,
	    cut_word_plain);
}

static __attribute__((noinline)) uint32_t
find_keys_plain(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t first, uint32_t count, char **row,
	uint16_t *miss)
{
	return find_any(front, column, column_count, first, count, row, miss,
	    find_row_plain);
}

uint32_t
group_front_find(const struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t count, char **row, uint16_t *miss)
{
	int is_plain = cpu_tier() < CPU_AVX2;
	uint32_t first = 0, missed = 0;

	if (column_count == 1 && front->line_bits <= LINE_BITS_NEAR)
		first = (is_plain ? find_words_plain : find_words_avx2)(front,
		    column, count, row, miss, &missed);
	if (first < count)
		missed += (is_plain ? find_keys_plain : find_keys_avx2)(front,
		    column, column_count, first, count, row, miss + missed);
	return missed;
}

static void
front_put(struct group_front *front, const struct front_key *key, char *row)
{
	struct front_slot *slot = find_slot(front, key);

	if (slot == NULL)
		return;
	assert(((uintptr_t)row & ~ADDRESS_MASK) == 0);
	front->count += slot->row == 0;
	*slot = (struct front_slot){ { key->word[0], key->word[1],
		key->word[2] }, key->size | (uintptr_t)row };
	if (!key_is_long(key))
		return;
	if (front->rest == NULL)
		front->rest = mem_alloc_zero(slot_room(front) *
		    sizeof(*front->rest));
	front->rest[slot - front->slot] = key->rest;
}

/* The keys of another to where they belong now. */
static void
front_take(struct group_front *front, const struct group_front *old)
{
	for (uint32_t s = 0; s < slot_room(old); s++) {
		const struct front_slot *slot = &old->slot[s];
		struct front_key key = { .word = { slot->word[0],
			slot->word[1], slot->word[2] },
			.size = slot->row & ~ADDRESS_MASK };
		if (slot->row == 0)
			continue;
		if (key_is_long(&key))
			key.rest = old->rest[s];
		key.slot = key_place(front, key.word, key.size, &key.rest);
		front_put(front, &key, slot_row(slot));
	}
}

/* More slots; what long keys have beside them is not charged. */
static void
front_grow(struct group_front *front)
{
	struct group_front old = *front;
	unsigned line_bits = old.line_bits +
	    (old.line_bits < LINE_BITS_LARGE ? 2 : 1);
	uint64_t bytes = ((uint64_t)LINE_BYTES << line_bits);

	if (mem_charge(front->budget, bytes) != 0) {
		front_give_up(front);
		return;
	}
	front->charged = bytes;
	front_make_slots(front, line_bits);
	front->count = 0;
	front_take(front, &old);
	front_free_slots(&old);
}

void
group_front_add(struct group_front *front, const struct column *column,
	uint32_t column_count, uint32_t i, char *row)
{
	struct front_key key;

	assert(column_count <= 2);
	key_load(front, column, column_count, i, &key);
	if (front->is_given_up || key.size == SIZE_TOO_LONG)
		return;
	front_put(front, &key, row);
	if (front->count > front->count_max)
		front_give_up(front);
	else if (front->count > slot_count(front) / 2)
		front_grow(front);
}
