/*
 * Ordering a bucket.
 *
 * Entries are gathered into one array, instance behind instance, and sorted by
 * their words; those of equal words by what words do not say (op/sort_keys.h).
 *
 * Rows lie anywhere in memory, and to wait for each of them takes longer than
 * all else.  So what is sorted by words is settled slice by slice: the rows of
 * a slice whose words are equal are asked for all at once, and as a rule given
 * while they are still in the cache.
 *
 * Keys of which there are very many stand alone in a bucket.  Without rests
 * there is nothing to sort: each instance's entries are in order, and which
 * comes next is seen from the turns while they are read.
 */
#include "op/sort_bucket.h"

#include <string.h>

#include "util/mem.h"

#define LINE_BYTES 64
/* Rows that are asked for at once: they fit a second-level cache. */
#define SLICE_ROWS 2048
/* Of rows that are longer the rest is a stream, which the processor sees. */
#define FETCHED_BYTES_MAX 512

uint64_t
sort_bucket_count(const struct sort_bucket *bucket)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < bucket->instance_count; i++)
		count += bucket->base[i][bucket->number].count;
	return count;
}

int
sort_bucket_is_equal(const struct sort_bucket *bucket)
{
	return !bucket->keys.has_rests && bucket->split != NULL &&
	    sort_split_is_single(bucket->split, bucket->place);
}

void
sort_bucket_fetch(const struct sort_bucket *bucket,
	const struct sort_entry *entry, uint64_t count, uint32_t row_bytes)
{
	if (row_bytes > FETCHED_BYTES_MAX)
		row_bytes = FETCHED_BYTES_MAX;
	for (uint64_t i = 0; i < count; i++) {
		const char *row = sort_keys_row(&bucket->keys, entry[i].ref);
		for (uint32_t at = 0; at < row_bytes; at += LINE_BYTES)
			__builtin_prefetch(row + at, 0, 2);
		__builtin_prefetch(row + row_bytes - 1, 0, 2);
	}
}

/* All entries into the array, or back. */
static void
bucket_gather(const struct sort_bucket *bucket, struct sort_entry *entry)
{
	for (uint32_t i = 0; i < bucket->instance_count; i++) {
		const struct sort_chunk *chunk =
		    bucket->base[i][bucket->number].first;
		for (; chunk != NULL; chunk = chunk->next) {
			memcpy(entry, chunk->entry,
			    chunk->count * sizeof(*entry));
			entry += chunk->count;
		}
	}
}

static void
bucket_scatter(const struct sort_bucket *bucket,
	const struct sort_entry *entry)
{
	for (uint32_t i = 0; i < bucket->instance_count; i++) {
		struct sort_chunk *chunk =
		    bucket->base[i][bucket->number].first;
		for (; chunk != NULL; chunk = chunk->next) {
			memcpy(chunk->entry, entry,
			    chunk->count * sizeof(*entry));
			entry += chunk->count;
		}
	}
}

void
sort_bucket_load(const struct sort_bucket *bucket, struct sort_entry *scratch)
{
	uint64_t count = sort_bucket_count(bucket);

	bucket_gather(bucket, scratch);
	if (count > 1)
		sort_words(scratch, scratch + count, count);
}

/* Entries in order of their words: into that of keys. */
static void
settle(const struct sort_bucket *bucket, struct sort_entry *entry,
	struct sort_entry *scratch, uint64_t count)
{
	if (bucket->split == NULL || bucket->split->is_plain) {
		sort_keys_settle(&bucket->keys, entry, scratch, count, 0);
		return;
	}
	for (uint64_t from = 0, to; from < count; from = to) {
		uint64_t word = entry[from].word;
		for (to = from + 1; to < count && entry[to].word == word;)
			to++;
		if (to - from > 1)
			sort_keys_settle(&bucket->keys, entry + from, scratch,
			    to - from, sort_split_rest(bucket->split,
			    bucket->place, word));
	}
}

/* Ask for the rows that will be looked at. */
static void
fetch_ties(const struct sort_bucket *bucket, const struct sort_entry *entry,
	uint64_t count)
{
	for (uint64_t i = 1; i < count; i++) {
		if (entry[i].word != entry[i - 1].word)
			continue;
		__builtin_prefetch(sort_keys_row(&bucket->keys,
		    entry[i - 1].ref));
		__builtin_prefetch(sort_keys_row(&bucket->keys,
		    entry[i].ref));
	}
}

uint64_t
sort_bucket_settle(const struct sort_bucket *bucket,
	struct sort_entry *scratch, uint64_t count, uint64_t done,
	uint64_t wanted)
{
	uint64_t end = wanted < count - done ? done + wanted : count;
	const struct sort_keys *keys = &bucket->keys;

	while (done < end) {
		uint64_t to = end - done < SLICE_ROWS ? end : done + SLICE_ROWS;
		if (keys->has_rests)
			fetch_ties(bucket, scratch + done, to - done);
		while (to < count && scratch[to].word == scratch[to - 1].word)
			to++;
		if (keys->has_rests || keys->has_turns)
			settle(bucket, scratch + done, scratch + count,
			    to - done);
		done = to;
	}
	return done;
}

void
sort_bucket_order(const struct sort_bucket *bucket, struct sort_entry *scratch)
{
	uint64_t count = sort_bucket_count(bucket);

	if (count < 2 || sort_bucket_is_equal(bucket))
		return;
	sort_bucket_load(bucket, scratch);
	sort_bucket_settle(bucket, scratch, count, 0, count);
	bucket_scatter(bucket, scratch);
}

/* --- reading --- */

void
sort_bucket_begin(const struct sort_bucket *bucket,
	struct sort_bucket_place *place)
{
	uint32_t count = bucket->instance_count;

	place->chunk = mem_alloc((count + 1) * sizeof(*place->chunk));
	place->at = mem_alloc_zero((count + 1) * sizeof(*place->at));
	for (uint32_t i = 0; i < count; i++)
		place->chunk[i] = bucket->base[i][bucket->number].first;
	place->instance = 0;
	place->number = bucket->number;
	place->has_begun = 1;
}

void
sort_bucket_end(struct sort_bucket_place *place)
{
	mem_free(place->chunk);
	mem_free(place->at);
	*place = (struct sort_bucket_place){ 0 };
}

/* Step over chunks that are through; 0 when there is none left. */
static int
place_settle(struct sort_bucket_place *place, uint32_t instance)
{
	struct sort_chunk **chunk = &place->chunk[instance];

	while (*chunk != NULL && place->at[instance] == (*chunk)->count) {
		*chunk = (*chunk)->next;
		place->at[instance] = 0;
	}
	return *chunk != NULL;
}

static inline const struct sort_entry *
place_entry(const struct sort_bucket_place *place, uint32_t instance)
{
	return &place->chunk[instance]->entry[place->at[instance]];
}

/* The instance whose next entry is of the least turn, up to which turn it is
 * the next; UINT32_MAX: none is left. */
static uint32_t
place_least(const struct sort_bucket *bucket, struct sort_bucket_place *place,
	uint64_t *until)
{
	uint32_t least = UINT32_MAX;
	uint64_t least_turn = 0;

	*until = UINT64_MAX;
	for (uint32_t i = 0; i < bucket->instance_count; i++) {
		if (!place_settle(place, i))
			continue;
		uint64_t turn = sort_store_turn(bucket->keys.store[i],
		    place_entry(place, i)->ref);
		if (least == UINT32_MAX || turn < least_turn) {
			*until = least == UINT32_MAX ? *until : least_turn;
			least = i;
			least_turn = turn;
		} else if (turn < *until) {
			*until = turn;
		}
	}
	return least;
}

static uint32_t
read_equal(const struct sort_bucket *bucket, struct sort_bucket_place *place,
	struct sort_entry *entry, uint32_t count)
{
	uint32_t done = 0;
	uint64_t until;

	while (done < count) {
		uint32_t i = place_least(bucket, place, &until);
		if (i == UINT32_MAX)
			break;
		const struct sort_store *store = bucket->keys.store[i];
		do {
			entry[done++] = *place_entry(place, i);
			place->at[i]++;
		} while (done < count && place_settle(place, i) &&
		    (until == UINT64_MAX || sort_store_turn(store,
		    place_entry(place, i)->ref) < until));
	}
	return done;
}

uint32_t
sort_bucket_read(const struct sort_bucket *bucket,
	struct sort_bucket_place *place, struct sort_entry *entry,
	uint32_t count)
{
	uint32_t done = 0;

	if (bucket->instance_count > 1 && sort_bucket_is_equal(bucket))
		return read_equal(bucket, place, entry, count);
	while (done < count && place->instance < bucket->instance_count) {
		if (!place_settle(place, place->instance)) {
			place->instance++;
			continue;
		}
		entry[done++] = *place_entry(place, place->instance);
		place->at[place->instance]++;
	}
	return done;
}

uint64_t
sort_bucket_skip(const struct sort_bucket *bucket,
	struct sort_bucket_place *place, uint64_t count)
{
	struct sort_entry passed[64];

	if (bucket->instance_count > 1 && sort_bucket_is_equal(bucket))
		return read_equal(bucket, place, passed,
		    count < 64 ? (uint32_t)count : 64);
	for (; place->instance < bucket->instance_count; place->instance++) {
		uint32_t i = place->instance;
		if (!place_settle(place, i))
			continue;
		uint64_t left = place->chunk[i]->count - place->at[i];
		uint64_t got = left < count ? left : count;
		place->at[i] += got;
		return got;
	}
	return 0;
}
