/*
 * Ordering entries whose words are equal.
 *
 * Where words are equal and rests are there, the next 8 bytes of the rests take
 * the place of the words, and again, until keys end; where keys are equal, and
 * of several instances, the turns do.
 */
#include "op/sort_keys.h"

/* Rows are asked for so many entries ahead. */
#define AHEAD 48

static void order_ties(const struct sort_keys *, struct sort_entry *,
	struct sort_entry *scratch, uint64_t count, uint32_t at);

/* Bytes `at` and on of the rests as words; 0 if all keys have ended. */
static int
load_rests(const struct sort_keys *keys, struct sort_entry *entry,
	uint64_t count, uint32_t at)
{
	int any = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint32_t size;
		if (i + AHEAD < count)
			__builtin_prefetch(sort_keys_row(keys,
			    entry[i + AHEAD].ref));
		const char *rest = sort_keys_rest(keys, entry[i].ref, &size);
		any |= size > at;
		entry[i].word = key_rest_word(keys->cut, rest, size, at);
	}
	return any;
}

static void
load_turns(const struct sort_keys *keys, struct sort_entry *entry,
	uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		entry[i].word = sort_store_turn(
		    keys->store[sort_ref_instance(entry[i].ref)],
		    entry[i].ref);
}

static int
all_equal(const struct sort_entry *entry, uint64_t count)
{
	for (uint64_t i = 1; i < count; i++)
		if (entry[i].word != entry[0].word)
			return 0;
	return 1;
}

void
sort_keys_settle(const struct sort_keys *keys, struct sort_entry *entry,
	struct sort_entry *scratch, uint64_t count, uint32_t at)
{
	for (uint64_t from = 0; from < count;) {
		uint64_t to = from + 1;
		while (to < count && entry[to].word == entry[from].word)
			to++;
		uint64_t word = entry[from].word;
		if (to - from > 1)
			order_ties(keys, entry + from, scratch, to - from, at);
		for (; from < to; from++)
			entry[from].word = word;
	}
}

static void
order_ties(const struct sort_keys *keys, struct sort_entry *entry,
	struct sort_entry *scratch, uint64_t count, uint32_t at)
{
	int goes_on = keys->has_rests;

	for (; goes_on; at += 8) {
		goes_on = load_rests(keys, entry, count, at);
		if (!goes_on || all_equal(entry, count))
			continue;
		sort_words(entry, scratch, count);
		sort_keys_settle(keys, entry, scratch, count, at + 8);
		return;
	}
	if (keys->has_turns) {
		load_turns(keys, entry, count);
		sort_words(entry, scratch, count);
	}
}
