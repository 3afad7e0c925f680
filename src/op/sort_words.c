/*
 * Ordering words, stable.
 *
 * One pass over the entries says which bits differ at all and whether they lie
 * in order already, or in the reverse of it.  If not, the highest 16 or 22 bits
 * of those that differ are the digit: two passes of a radix sort from the least
 * digit order the entries by it, and as a digit rarely has many entries, a last
 * pass by insertion does the rest.  Entries that have many others beside them
 * (values that cluster) are ordered by the same routine, by their lower bits;
 * each step has fewer bits left, so that nothing is ever quadratic.
 */
#include "op/sort_words.h"

#include <string.h>

#include "util/bits.h"

/* Below, insertion beats counting. */
#define INSERTION_MAX 24
/* Above, the larger digit pays. */
#define SMALL_MAX 8192
#define SMALL_BITS 8
#define LARGE_BITS 11

enum order { UNORDERED, ASCENDING, DESCENDING };

static void
insertion(struct sort_entry *entry, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_entry here = entry[i];
		size_t at = i;
		for (; at > 0 && entry[at - 1].word > here.word; at--)
			entry[at] = entry[at - 1];
		entry[at] = here;
	}
}

/* Which bits differ, and how the entries lie. */
static enum order
look(const struct sort_entry *entry, size_t count, uint64_t *differing)
{
	uint64_t before = entry[0].word, bits = 0;
	size_t rises = 0, falls = 0;

	for (size_t i = 1; i < count; i++) {
		uint64_t word = entry[i].word;
		bits |= word ^ before;
		rises += word > before;
		falls += word < before;
		before = word;
	}
	*differing = bits;
	return falls == 0 ? ASCENDING : rises == 0 ? DESCENDING : UNORDERED;
}

static void
reverse(struct sort_entry *entry, size_t count)
{
	for (size_t i = 0, k = count; i + 1 < k--; i++) {
		struct sort_entry swap = entry[i];
		entry[i] = entry[k];
		entry[k] = swap;
	}
}

/* From descending to ascending; equal ones keep their order. */
static void
reverse_words(struct sort_entry *entry, size_t count)
{
	reverse(entry, count);
	for (size_t at = 0; at < count;) {
		size_t end = at + 1;
		while (end < count && entry[end].word == entry[at].word)
			end++;
		reverse(entry + at, end - at);
		at = end;
	}
}

/* One pass of the radix sort; `start` counts, then says where each goes. */
static inline __attribute__((always_inline)) void
scatter(const struct sort_entry *restrict from, struct sort_entry *restrict to,
	size_t count, unsigned shift, unsigned bits, uint32_t *restrict start)
{
	const uint64_t mask = ((uint64_t)1 << bits) - 1;
	uint32_t at = 0;

	for (size_t i = 0; i <= mask; i++) {
		uint32_t size = start[i];
		start[i] = at;
		at += size;
	}
	for (size_t i = 0; i < count; i++)
		to[start[from[i].word >> shift & mask]++] = from[i];
}

/* By `2 * bits` bits from `shift` on. */
static inline __attribute__((always_inline)) void
radix(struct sort_entry *entry, struct sort_entry *scratch, size_t count,
	unsigned shift, unsigned bits)
{
	const uint64_t mask = ((uint64_t)1 << bits) - 1;
	uint32_t low[1 << LARGE_BITS], high[1 << LARGE_BITS];

	memset(low, 0, (mask + 1) * sizeof(*low));
	memset(high, 0, (mask + 1) * sizeof(*high));
	for (size_t i = 0; i < count; i++) {
		uint64_t digits = entry[i].word >> shift;
		low[digits & mask]++;
		high[digits >> bits & mask]++;
	}
	scatter(entry, scratch, count, shift, bits, low);
	scatter(scratch, entry, count, shift + bits, bits, high);
}

/* Entries are in order of their words above `shift`: make them so of all. */
static void
finish(struct sort_entry *entry, struct sort_entry *scratch, size_t count,
	unsigned shift)
{
	for (size_t at = 0; at < count;) {
		uint64_t digits = entry[at].word >> shift;
		size_t end = at + 1;
		while (end < count && entry[end].word >> shift == digits)
			end++;
		if (end - at > INSERTION_MAX)
			sort_words(entry + at, scratch, end - at);
		else if (end - at > 1)
			insertion(entry + at, end - at);
		at = end;
	}
}

void
sort_words(struct sort_entry *entry, struct sort_entry *scratch, size_t count)
{
	uint64_t differing;

	if (count <= INSERTION_MAX) {
		insertion(entry, count);
		return;
	}
	enum order order = look(entry, count, &differing);
	if (order == DESCENDING)
		reverse_words(entry, count);
	if (order != UNORDERED)
		return;
	unsigned bits = count <= SMALL_MAX ? SMALL_BITS : LARGE_BITS;
	unsigned top = bits_highest(differing) + 1;
	unsigned shift = top > 2 * bits ? top - 2 * bits : 0;
	if (bits == SMALL_BITS)
		radix(entry, scratch, count, shift, SMALL_BITS);
	else
		radix(entry, scratch, count, shift, LARGE_BITS);
	if (shift > 0)
		finish(entry, scratch, count, shift);
}
