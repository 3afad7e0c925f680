/*
 * The keys of kept rows that lie in files: which left rows need not go there.
 *
 * Where partitions of the kept side are put away, left rows of these are
 * written to files too, and read again.  One whose key is in none of them meets
 * nothing, and that can be said at once.  So the keys of rows that are written
 * go into a sieve (join_sieve.c), one for all instances, which takes a part of
 * the memory.  It is made when that runs short, before the first of them are
 * written; if memory refuses it, or more keys come than it can tell apart,
 * there is none, and all left rows of these partitions are written.
 */
#include "op/join_priv.h"

#include "util/bits.h"

/* What it takes of the limit, up to what 400 million keys need, and what is
 * left of the limit when it is made. */
#define AWAY_PART 16u
#define AWAY_BYTES_MAX ((uint64_t)256 << 20)
#define AWAY_LEFT_PART 8u
/* Without a limit only tests write rows. */
#define AWAY_BYTES ((uint64_t)1 << 16)
/* Keys for each word.  With 8 it lets one strange key in 20 through, with 16
 * one in 3. */
#define AWAY_KEYS_A_WORD 12u

/* The sieve, made now if there is none; NULL: there will be none. */
static const struct join_sieve *
away_sieve(struct join_share *share)
{
	struct join_away *away = &share->away;

	thr_lock_take(&away->lock);
	if (away->sieve.word == NULL && !away->is_refused) {
		uint64_t bytes = mem_limit() == 0 ? AWAY_BYTES :
		    mem_limit() / AWAY_PART;
		bytes = bytes < AWAY_BYTES_MAX ? bytes : AWAY_BYTES_MAX;
		away->is_refused = join_sieve_new_bytes(&away->sieve,
		    &share->budget, bytes) != 0;
	}
	thr_lock_give(&away->lock);
	return away->is_refused ? NULL : &away->sieve;
}

void
join_away_tend(struct join_share *share)
{
	if (mem_left() < mem_limit() / AWAY_LEFT_PART)
		(void)away_sieve(share);
}

/* Others add keys to the same words. */
static void
away_add(const struct join_sieve *sieve, uint64_t hash)
{
	uint64_t bits = join_sieve_bits(hash);
	uint64_t *word = &sieve->word[hash & sieve->mask];

	if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits)
		__atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
}

static void
away_count(struct join_share *share, uint64_t keys)
{
	__atomic_fetch_add(&share->away.key_count, keys, __ATOMIC_RELAXED);
}

int
join_away_pile(struct join_share *share, struct pile *pile, struct err *err)
{
	const struct join_sieve *sieve = pile->row_count == 0 ? NULL :
	    away_sieve(share);
	struct image *row;
	int got = 0;

	if (sieve == NULL)
		return 0;
	struct pile_reader *reader = pile_reader_new(pile, &share->budget);
	while ((got = pile_reader_next(reader, &row, err)) == 1)
		away_add(sieve, row->link);
	pile_reader_free(&reader);
	away_count(share, pile->row_count);
	return got;
}

void
join_away_rows(struct join_share *share, const struct pile *pile,
	const struct key_set *keys, uint32_t count)
{
	const struct join_sieve *sieve = NULL;
	uint64_t added = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (pile[join_part(keys->hash[i])].file == NULL)
			continue;
		if (added++ == 0)
			sieve = away_sieve(share);
		if (sieve == NULL)
			return;
		away_add(sieve, keys->hash[i]);
	}
	away_count(share, added);
}

void
join_away_keys(struct join_share *share, const uint64_t *hash, uint32_t count)
{
	const struct join_sieve *sieve = away_sieve(share);

	for (uint32_t i = 0; sieve != NULL && i < count; i++)
		away_add(sieve, hash[i]);
	away_count(share, count);
}

void
join_away_settle(struct join_share *share)
{
	struct join_away *away = &share->away;
	int is_of_use = away->sieve.word != NULL &&
	    away->key_count / AWAY_KEYS_A_WORD <= away->sieve.mask;

	__atomic_store_n(&away->is_of_use, is_of_use, __ATOMIC_RELAXED);
}
