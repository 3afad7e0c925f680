/*
 * Sorting in memory, all instances together.
 *
 *	sample     each a part of its own entries
 *	-- meet
 *	deal       its own entries to buckets, whose bounds all find alike
 *	-- meet
 *	order      large buckets, whoever is free
 *	-- meet
 *	give       in rounds, instance i the i-th piece of each
 *
 * A piece is a small bucket, which is put in order by who gives it: so each row
 * comes into the cache once, to be compared and to be given.  Large buckets are
 * there where words are alike that should not be; they are pieces of some rows.
 *
 * The parts of keys (data/key_words.h) are sorted each for itself: buckets of
 * what lies below, of what begins as usual, of what lies above.
 */
#include "op/sort_priv.h"

#include <string.h>

#include "op/joint.h"
#include "util/bits.h"

/* Entries of a part that an instance shows to others: of a few all, of most
 * each 16th and less.  Each takes of those of all as many as it has shown, so
 * that what it makes of them is within what its entries were charged for. */
#define SAMPLE_SHIFT SORT_SAMPLE_SHIFT
#define SAMPLE_MAX 32768u
#define SAMPLE_MIN 1024u
#define ALL_SAMPLES_MAX (2 * SAMPLE_MAX)
/* Entries of a bucket: it, and room to sort, fit a second-level cache. */
#define BUCKET_ENTRIES 16384u
#define BUCKETS_MAX 1024u
/* Times the usual one that a small bucket is at most. */
#define SMALL_BUCKETS 4
/* Of a large one. */
#define PIECE_BATCHES 4
/* Chunks that are dealt in one call, and bytes that are given. */
#define DEAL_CHUNKS 1024
#define GIVE_BYTES ((uint64_t)4 << 20)

static uint64_t
sample_most(uint64_t entries, uint64_t limit)
{
	uint64_t most = entries >> SAMPLE_SHIFT;

	most = most < SAMPLE_MIN ? SAMPLE_MIN : most;
	return most > limit ? limit : most;
}

void
sort_sample_take(struct sort_sample *sample, const struct sort_bag *bag)
{
	uint64_t next = 0, at = 0, most = sample_most(bag->count, SAMPLE_MAX);

	mem_free(sample->entry);
	*sample = (struct sort_sample){ 0 };
	while (bag->count >> sample->shift > most)
		sample->shift++;
	sample->entry = mem_alloc(((bag->count >> sample->shift) + 1) *
	    sizeof(*sample->entry));
	for (const struct sort_chunk *chunk = bag->first; chunk != NULL;
	    at += chunk->count, chunk = chunk->next)
		for (; next < at + chunk->count;
		    next += (uint64_t)1 << sample->shift)
			sample->entry[sample->count++] =
			    chunk->entry[next - at];
}

/* How the keys of a part are found, of some instances. */
static void
part_keys(const struct sort *sort, struct sort *const *instances,
	uint32_t count, unsigned part, struct sort_keys *keys)
{
	*keys = (struct sort_keys){
		.store = sort->stores, .cut = &sort->share->cut,
		.is_within = part == KEY_WITHIN, .has_turns = count > 1,
	};
	for (uint32_t i = 0; i < count; i++)
		keys->has_rests |= instances[i]->rests[part] > 0;
}

/* One split for the part of all instances, each as often as it has entries. */
static void
split_init(struct sort *sort, struct sort *const *instances, uint32_t count,
	unsigned part)
{
	struct sort_keys keys;
	struct sort_entry *all;
	uint64_t entries = 0;
	uint32_t shift = 0, used = 0, room;

	for (uint32_t i = 0; i < count; i++) {
		const struct sort_sample *sample = &instances[i]->sample[part];
		entries += (uint64_t)sample->count << sample->shift;
		if (sample->shift > shift)
			shift = sample->shift;
	}
	while (entries >> shift > sample_most(entries / count,
	    ALL_SAMPLES_MAX))
		shift++;
	room = (uint32_t)(entries >> shift) + count;
	all = mem_alloc(2 * room * sizeof(*all));
	for (uint32_t i = 0; i < count; i++) {
		const struct sort_sample *sample = &instances[i]->sample[part];
		uint32_t step = 1u << (shift - sample->shift);
		for (uint32_t k = 0; k < sample->count; k += step)
			all[used++] = sample->entry[k];
	}
	uint64_t buckets = entries / BUCKET_ENTRIES + 1;
	part_keys(sort, instances, count, part, &keys);
	sort_split_init(&sort->buckets.split[part], &keys, all, all + room,
	    used, buckets > BUCKETS_MAX ? BUCKETS_MAX : (uint32_t)buckets);
	mem_free(all);
}

static void
find_stores(struct sort *sort)
{
	uint32_t count = sort->share->instance_count;

	sort->stores = mem_resize(sort->stores,
	    (count + 1) * sizeof(*sort->stores));
	for (uint32_t i = 0; i < count; i++)
		sort->stores[i] = sort->share->instance[i]->store;
}

void
sort_buckets_init(struct sort *sort, struct sort *const *instances,
	uint32_t count)
{
	struct sort_buckets *buckets = &sort->buckets;

	find_stores(sort);
	for (unsigned part = 0; part < KEY_PARTS; part++) {
		split_init(sort, instances, count, part);
		buckets->first[part + 1] = buckets->first[part] +
		    buckets->split[part].count;
	}
	buckets->bag = mem_alloc_zero(buckets->first[KEY_PARTS] *
	    sizeof(*buckets->bag));
}

void
sort_buckets_fini(struct sort_buckets *buckets)
{
	for (unsigned part = 0; part < KEY_PARTS; part++)
		sort_split_fini(&buckets->split[part]);
	mem_free(buckets->bag);
	*buckets = (struct sort_buckets){ 0 };
}

int
sort_deal(struct sort *sort, struct sort *const *instances, uint32_t count,
	unsigned part, uint32_t chunks)
{
	struct sort_buckets *buckets = &sort->buckets;
	struct sort_keys keys;

	part_keys(sort, instances, count, part, &keys);
	return sort_split_move(&buckets->split[part], &keys, &sort->bag[part],
	    buckets->bag + buckets->first[part], sort->pool, chunks);
}

void
sort_gather(struct sort *sort, struct sort *const *instances, uint32_t count)
{
	sort->bases = mem_resize(sort->bases, (count + 1) *
	    sizeof(*sort->bases));
	for (uint32_t i = 0; i < count; i++)
		sort->bases[i] = instances[i]->buckets.bag;
}

void
sort_bucket_init(struct sort_bucket *bucket, const struct sort *sort,
	struct sort *const *instances, uint32_t count, uint32_t number)
{
	const struct sort_buckets *buckets = &sort->buckets;
	unsigned part = 0;

	while (number >= buckets->first[part + 1])
		part++;
	*bucket = (struct sort_bucket){
		.base = sort->bases, .number = number,
		.instance_count = count, .split = &buckets->split[part],
		.place = number - buckets->first[part],
	};
	part_keys(sort, instances, count, part, &bucket->keys);
}

static void
scratch_need(struct sort *sort, const struct sort_bucket *bucket)
{
	uint64_t count = sort_bucket_count(bucket) * 2;

	if (count <= sort->scratch_count)
		return;
	mem_free(sort->scratch);
	sort->scratch = mem_alloc(count * sizeof(*sort->scratch));
	sort->scratch_count = count;
}

void
sort_load(struct sort *sort, const struct sort_bucket *bucket)
{
	scratch_need(sort, bucket);
	sort_bucket_load(bucket, sort->scratch);
}

void
sort_order(struct sort *sort, const struct sort_bucket *bucket)
{
	if (sort_bucket_is_equal(bucket))
		return;
	scratch_need(sort, bucket);
	sort_bucket_order(bucket, sort->scratch);
}

/* --- steps --- */

static enum op_status
work_deal(struct op_run *run)
{
	struct sort *sort = sort_of(run);

	for (unsigned part = 0; part < KEY_PARTS; part++)
		if (sort_deal(sort, sort->share->instance,
		    sort->share->instance_count, part, DEAL_CHUNKS))
			return OP_AGAIN;
	sort->step = SORT_ORDER;
	return OP_AGAIN;
}

/* What buckets are like that are given as they are, found alike by all. */
static void
learn_sizes(struct sort *sort)
{
	struct sort_share *share = sort->share;
	uint64_t rows = 0, bytes = 0;

	sort_gather(sort, share->instance, share->instance_count);
	for (uint32_t i = 0; i < share->instance_count; i++) {
		bytes += sort_store_bytes(sort->stores[i]);
		for (uint32_t b = 0; b < sort->buckets.first[KEY_PARTS]; b++)
			rows += sort->bases[i][b].count;
	}
	sort->row_bytes = (uint32_t)(bytes / (rows + 1)) + 1;
	sort->small_max = rows / BUCKETS_MAX < BUCKET_ENTRIES ?
	    SMALL_BUCKETS * BUCKET_ENTRIES :
	    SMALL_BUCKETS * (rows / BUCKETS_MAX);
}

static inline int
is_small(const struct sort *sort, const struct sort_bucket *bucket)
{
	return !sort_bucket_is_equal(bucket) &&
	    sort_bucket_count(bucket) <= sort->small_max;
}

static void
bucket_open(const struct sort *sort, uint32_t number,
	struct sort_bucket *bucket)
{
	sort_bucket_init(bucket, sort, sort->share->instance,
	    sort->share->instance_count, number);
}

static enum op_status
work_order(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	struct sort_bucket bucket;
	uint32_t piece;
	enum op_status status = op_meet(run, 2);

	if (status != OP_OK)
		return status;
	learn_sizes(sort);
	while (op_deal(run, 2, sort->buckets.first[KEY_PARTS], &piece)) {
		bucket_open(sort, piece, &bucket);
		if (is_small(sort, &bucket))
			continue;
		sort_order(sort, &bucket);
		return OP_AGAIN;
	}
	sort->step = SORT_ORDERED;
	return OP_AGAIN;
}

/* --- giving --- */

/* The piece that is next; 0 when the last is through. */
static int
piece_next(const struct sort *sort, struct sort_piece *piece)
{
	uint64_t rows = (uint64_t)batch_rows_target() * PIECE_BATCHES;
	struct sort_bucket bucket;

	piece->from += piece->count;
	for (; piece->bucket < sort->buckets.first[KEY_PARTS];
	    piece->bucket++, piece->from = 0) {
		bucket_open(sort, piece->bucket, &bucket);
		piece->count = sort_bucket_count(&bucket) - piece->from;
		if (piece->count > rows && !is_small(sort, &bucket))
			piece->count = rows;
		if (piece->count > 0)
			return 1;
	}
	piece->count = 0;
	return 0;
}

/* A round begins: each instance's piece; `next` is then the next round's. */
static void
round_begin(struct op_run *run)
{
	struct sort *sort = sort_of(run);

	sort->piece = (struct sort_piece){ 0 };
	sort->piece_given = sort->piece_settled = 0;
	for (uint32_t i = 0; i < sort->share->instance_count; i++) {
		if (i == run->instance)
			sort->piece = sort->next;
		piece_next(sort, &sort->next);
	}
	if (sort->piece.count == 0)
		return;
	bucket_open(sort, sort->piece.bucket, &sort->given);
	if (is_small(sort, &sort->given))
		sort_load(sort, &sort->given);
}

static enum op_status
work_ordered(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	enum op_status status = op_meet(run, 3);

	if (status != OP_OK)
		return status;
	piece_next(sort, &sort->next);
	round_begin(run);
	sort->step = SORT_GIVE;
	return OP_AGAIN;
}

/* To the begin of the piece, in a bucket that is read from its begin to its
 * end. */
static void
place_find(struct sort *sort)
{
	const struct sort_piece *piece = &sort->piece;

	if (piece->from < sort->place_at || !sort->place.has_begun ||
	    sort->place.number != piece->bucket) {
		sort_bucket_end(&sort->place);
		sort_bucket_begin(&sort->given, &sort->place);
		sort->place_at = 0;
	}
	while (sort->place_at < piece->from)
		sort->place_at += sort_bucket_skip(&sort->given, &sort->place,
		    piece->from - sort->place_at);
}

/* The next entries of the piece: how many. */
static uint32_t
piece_read(struct sort *sort, const struct sort_entry **entry)
{
	uint64_t left = sort->piece.count - sort->piece_given;
	uint32_t count = batch_rows_target();

	if (count > left)
		count = (uint32_t)left;
	if (count == 0)
		return 0;
	if (!is_small(sort, &sort->given)) {
		if (sort->piece_given == 0)
			place_find(sort);
		count = sort_bucket_read(&sort->given, &sort->place,
		    sort->entries, count);
		sort->place_at += count;
		*entry = sort->entries;
	} else {
		uint64_t end = sort->piece_given + count;
		if (end > sort->piece_settled)
			sort->piece_settled = sort_bucket_settle(&sort->given,
			    sort->scratch, sort->piece.count,
			    sort->piece_settled, end - sort->piece_settled);
		*entry = sort->scratch + sort->piece_given;
	}
	sort->piece_given += count;
	return count;
}

static enum op_status
give_entries(struct op_run *run, const struct sort_entry *entry,
	uint32_t count, uint64_t *bytes, struct err *err)
{
	struct sort *sort = sort_of(run);

	sort_bucket_fetch(&sort->given, entry, count, sort->row_bytes);
	for (uint32_t i = 0; i < count; i++)
		sort->rows[i] = sort_store_row(
		    sort->stores[sort_ref_instance(entry[i].ref)],
		    entry[i].ref);
	struct batch *batch = sort_make(run, count, NULL, err);
	if (batch == NULL)
		return OP_FAIL;
	*bytes += region_bytes(batch_region(batch));
	return op_give(run, batch, err);
}

/*
 * All of a piece in one call, unless it is long: what channels have no room for
 * waits behind them, and the next piece is made meanwhile.
 */
static enum op_status
work_give(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	const struct sort_entry *entry;
	uint64_t bytes = 0, most = GIVE_BYTES;
	uint32_t count;

	if (sort->quota_bytes != 0 && most > SORT_KEEP_BYTES(sort))
		most = SORT_KEEP_BYTES(sort);
	while ((count = piece_read(sort, &entry)) > 0) {
		enum op_status status = give_entries(run, entry, count, &bytes,
		    err);
		if (status != OP_OK)
			return status == OP_DONE ? OP_OK : status;
		if (bytes >= most)
			return OP_AGAIN;
	}
	if (sort->next.count == 0)
		return OP_OK;
	round_begin(run);
	run->job->turn_is_over = 1;
	return OP_AGAIN;
}

enum op_status
sort_memory_work(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);

	switch (sort->step) {
	case SORT_DEAL:
		return work_deal(run);
	case SORT_ORDER:
		return work_order(run);
	case SORT_ORDERED:
		return work_ordered(run);
	default:
		return work_give(run, err);
	}
}
