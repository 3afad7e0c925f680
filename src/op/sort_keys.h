#ifndef SFLOW_OP_SORT_KEYS_H
#define SFLOW_OP_SORT_KEYS_H

#include <stdint.h>

#include "data/key_words.h"
#include "op/sort_row.h"
#include "op/sort_store.h"
#include "op/sort_words.h"

/*
 * The keys of entries of one part (data/key_words.h): words are theirs, rests
 * lie with their rows.
 */
struct sort_keys {
	const struct sort_store *const *store;	/* by instance */
	const struct key_cut *cut;
	int is_within;		/* the part's: usual rests are the cut's */
	int has_rests;		/* some rest is not the usual one */
	int has_turns;		/* entries are of several instances */
};

static inline const char *
sort_keys_row(const struct sort_keys *keys, uint64_t ref)
{
	return sort_store_row(keys->store[sort_ref_instance(ref)], ref);
}

/* The rest of an entry's key, also where it is the usual one. */
static inline const char *
sort_keys_rest(const struct sort_keys *keys, uint64_t ref, uint32_t *size)
{
	const char *rest = sort_row_rest(sort_keys_row(keys, ref), size);

	if (rest == NULL) {
		rest = keys->cut->usual;
		*size = keys->is_within ? keys->cut->usual_size : 0;
	}
	return rest;
}

/*
 * Entries are in order of their words, and where these are equal, so are the
 * keys up to byte `at` of the rests: put them in order of keys, and those that
 * are equal in order of turns.  Words stay as they are; `scratch` has room for
 * as many entries.
 */
void sort_keys_settle(const struct sort_keys *, struct sort_entry *,
	struct sort_entry *scratch, uint64_t count, uint32_t at);

#endif
