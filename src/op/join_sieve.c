/*
 * The keys of this side, which came first: what of the other side is kept.
 *
 * Where this side is known to be much smaller (plan/rule_side.c) it is read
 * first, and waits (op/waiting.h).  The hashes of its keys are noted; behind
 * its end one instance makes a sieve of them all, a word of 64 bits for every
 * few keys, of which each key sets four bits.  A record of the other side whose
 * bits are not all set meets nothing, and is not kept.  All that follows is as
 * ever: a record that falls through by chance is kept and found by nobody.
 *
 * If there are so many keys that memory refuses them there is no sieve.
 */
#include "op/join_priv.h"

#include <string.h>

#include "util/bits.h"

/* Of one word; it has 16 to 32 bits for a key then. */
#define KEYS_A_WORD 4u
/* Keys whose words are asked for ahead. */
#define ADD_AHEAD 64

static void
note_stop(struct join_share *share, struct join_part_of *own)
{
	mem_release(&share->budget, own->hash_capacity * sizeof(*own->hash));
	mem_free(own->hash);
	own->hash = NULL;
	own->hash_count = own->hash_capacity = 0;
}

static int
note_grow(struct join_share *share, struct join_part_of *own)
{
	uint64_t more = own->hash_capacity == 0 ? BATCH_ROWS_MAX :
	    own->hash_capacity;

	if (mem_charge(&share->budget, more * sizeof(*own->hash)) != 0)
		return -1;
	own->hash_capacity += more;
	own->hash = mem_resize(own->hash, own->hash_capacity *
	    sizeof(*own->hash));
	return 0;
}

int
join_sieve_note(struct op_run *run, struct join_share *share,
	struct batch *batch, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct join_part_of *own = &share->instance[run->instance];
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->on_count + 2) * sizeof(*column));
	struct key_set keys;
	int status = join_eval_keys(run, args->on_left, NULL, batch, region,
	    column, err);
	uint32_t count = batch->sel_count;

	if (status == 0 && !own->is_too_many && own->hash_count + count >
	    own->hash_capacity && note_grow(share, own) != 0) {
		note_stop(share, own);
		own->is_too_many = 1;
	}
	if (status == 0 && count > 0 && !own->is_too_many) {
		key_make(column, args->on_count, count, region, &keys);
		for (uint32_t i = 0; i < count; i++)
			if (!keys.any_null || !bits_get(keys.null, i))
				own->hash[own->hash_count++] = keys.hash[i];
	}
	region_drop(&region);
	return status;
}

/* Words are looked up at random: in large pages where they fill one. */
static uint64_t *
words_new(uint64_t bytes)
{
	if (bytes < MEM_LARGE_BYTES)
		return mem_alloc_zero(bytes);
	return memset(mem_alloc_large(bytes), 0, bytes);
}

int
join_sieve_new_bytes(struct join_sieve *sieve, struct mem_budget *budget,
	uint64_t bytes)
{
	uint64_t words = bits_power_of_two(bytes / sizeof(*sieve->word));

	bytes = words * sizeof(*sieve->word);
	if (mem_charge(budget, bytes) != 0)
		return -1;
	*sieve = (struct join_sieve){
		.word = words_new(bytes), .mask = words - 1,
		.charged_bytes = bytes,
	};
	return 0;
}

int
join_sieve_new(struct join_sieve *sieve, struct mem_budget *budget,
	uint64_t key_count)
{
	uint64_t words = key_count / KEYS_A_WORD + 2;

	if (join_sieve_new_bytes(sieve, budget, words *
	    sizeof(*sieve->word)) != 0)
		return -1;
	sieve->key_count = key_count;
	return 0;
}

void
join_sieve_add_all(struct join_sieve *sieve, const uint64_t *hash,
	uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (i + ADD_AHEAD < count)
			__builtin_prefetch(&sieve->word[hash[i + ADD_AHEAD] &
			    sieve->mask], 1);
		join_sieve_add(sieve, hash[i]);
	}
}

void
join_sieve_free(struct join_sieve *sieve, struct mem_budget *budget)
{
	mem_release(budget, sieve->charged_bytes);
	mem_free(sieve->word);
	*sieve = (struct join_sieve){ 0 };
}

void
join_sieve_make(struct join_share *share)
{
	uint64_t count = 0;
	int is_too_many = 0;

	for (uint32_t i = 0; i < share->instance_count; i++) {
		count += share->instance[i].hash_count;
		is_too_many |= share->instance[i].is_too_many;
	}
	int has_sieve = !is_too_many && join_sieve_new(&share->sieve,
	    &share->budget, count) == 0;
	for (uint32_t i = 0; i < share->instance_count; i++) {
		struct join_part_of *own = &share->instance[i];
		if (has_sieve)
			join_sieve_add_all(&share->sieve, own->hash,
			    own->hash_count);
		note_stop(share, own);
	}
}

void
join_sieve_fini(struct join_share *share)
{
	for (uint32_t i = 0; i < share->instance_count; i++)
		note_stop(share, &share->instance[i]);
	join_sieve_free(&share->sieve, &share->budget);
}
