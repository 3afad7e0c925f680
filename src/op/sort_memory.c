/*
 * Sorting in memory, all instances together.
 *
 *	sample     each a part of its own entries
 *	-- meet
 *	deal       its own entries to buckets, whose bounds all find alike
 *	-- meet
 *	order      buckets, whoever is free
 *	-- meet
 *	give       in rounds, instance i the i-th piece of each
 *
 * The parts of keys (data/key_words.h) are sorted each for itself: buckets of
 * what lies below, of what begins as usual, of what lies above.
 */
#include "op/sort_priv.h"

#include <string.h>

#include "op/joint.h"
#include "util/bits.h"

/* Words of a part that an instance shows to others. */
#define SAMPLE_MAX 16384u
/* Entries of a bucket: it, and room to sort, fit a second-level cache. */
#define BUCKET_ENTRIES 16384u
#define BUCKETS_MAX 256u
/* Chunks that are dealt, and batches given, in one call. */
#define DEAL_CHUNKS 1024
#define GIVE_BATCHES 4

void
sort_sample_take(struct sort_sample *sample, const struct sort_bag *bag)
{
	uint64_t next = 0, at = 0;

	mem_free(sample->entry);
	*sample = (struct sort_sample){ 0 };
	while (bag->count >> sample->shift > SAMPLE_MAX)
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

/* One split for the part of all instances, each as often as it has entries. */
static void
split_init(struct sort_split *split, struct sort *const *instances,
	uint32_t count, unsigned part)
{
	struct sort_entry *all;
	uint64_t entries = 0;
	uint32_t shift = 0, used = 0, room = 1;

	for (uint32_t i = 0; i < count; i++) {
		const struct sort_sample *sample = &instances[i]->sample[part];
		entries += (uint64_t)sample->count << sample->shift;
		room += sample->count;
		if (sample->shift > shift)
			shift = sample->shift;
	}
	all = mem_alloc(2 * room * sizeof(*all));
	for (uint32_t i = 0; i < count; i++) {
		const struct sort_sample *sample = &instances[i]->sample[part];
		uint32_t step = 1u << (shift - sample->shift);
		for (uint32_t k = 0; k < sample->count; k += step)
			all[used++] = sample->entry[k];
	}
	uint64_t buckets = entries / BUCKET_ENTRIES + 1;
	sort_split_init(split, all, all + room, used,
	    buckets > BUCKETS_MAX ? BUCKETS_MAX : (uint32_t)buckets);
	mem_free(all);
}

void
sort_buckets_init(struct sort_buckets *buckets,
	struct sort *const *instances, uint32_t count)
{
	for (unsigned part = 0; part < KEY_PARTS; part++) {
		split_init(&buckets->split[part], instances, count, part);
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

void
sort_gather(struct sort *sort, struct sort *const *instances, uint32_t count)
{
	sort->stores = mem_resize(sort->stores,
	    (sort->share->instance_count + 1) * sizeof(*sort->stores));
	sort->bases = mem_resize(sort->bases, (count + 1) *
	    sizeof(*sort->bases));
	for (uint32_t i = 0; i < sort->share->instance_count; i++)
		sort->stores[i] = sort->share->instance[i]->store;
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
		.instance_count = count, .store = sort->stores,
		.cut = &sort->share->cut, .is_within = part == KEY_WITHIN,
		.is_single = sort_split_is_single(&buckets->split[part],
		    number - buckets->first[part]),
	};
	for (uint32_t i = 0; i < count; i++)
		bucket->has_rests |= instances[i]->rests[part] > 0;
}

void
sort_order(struct sort *sort, const struct sort_bucket *bucket)
{
	uint64_t count = sort_bucket_count(bucket) * 2;

	if (sort_bucket_is_equal(bucket))
		return;
	if (count > sort->scratch_count) {
		mem_free(sort->scratch);
		sort->scratch = mem_alloc(count * sizeof(*sort->scratch));
		sort->scratch_count = count;
	}
	sort_bucket_order(bucket, sort->scratch);
}

/* --- steps --- */

static enum op_status
work_deal(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	struct sort_buckets *buckets = &sort->buckets;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		if (sort_split_move(&buckets->split[part], &sort->bag[part],
		    buckets->bag + buckets->first[part], sort->pool,
		    DEAL_CHUNKS))
			return OP_AGAIN;
	sort->step = SORT_ORDER;
	return OP_AGAIN;
}

static enum op_status
work_order(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	struct sort_share *share = sort->share;
	struct sort_bucket bucket;
	uint32_t piece;
	enum op_status status = op_meet(run, 2);

	if (status != OP_OK)
		return status;
	sort_gather(sort, share->instance, share->instance_count);
	if (op_deal(run, 2, sort->buckets.first[KEY_PARTS], &piece)) {
		sort_bucket_init(&bucket, sort, share->instance,
		    share->instance_count, piece);
		sort_order(sort, &bucket);
		return OP_AGAIN;
	}
	sort->step = SORT_ORDERED;
	return OP_AGAIN;
}

static enum op_status
work_ordered(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	enum op_status status = op_meet(run, 3);

	if (status != OP_OK)
		return status;
	sort->left_rows = 0;
	for (uint32_t b = 0; b < sort->buckets.first[KEY_PARTS]; b++)
		for (uint32_t i = 0; i < sort->share->instance_count; i++)
			sort->left_rows += sort->bases[i][b].count;
	sort->step = SORT_GIVE;
	return OP_AGAIN;
}

/*
 * Buckets are given one behind the other, in pieces of some batches: instance i
 * the i-th of each round.  0 when the last is through.
 */
static int
bucket_open(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	struct sort_share *share = sort->share;

	if (sort->bucket == sort->buckets.first[KEY_PARTS])
		return 0;
	if (sort->place.has_begun)
		return 1;
	sort_bucket_init(&sort->given, sort, share->instance,
	    share->instance_count, sort->bucket);
	sort_bucket_begin(&sort->given, &sort->place);
	return 1;
}

static void
bucket_close(struct sort *sort)
{
	sort_bucket_end(&sort->place);
	sort->bucket++;
}

/* The next rows: how many; 0 when there are no more. */
static uint32_t
next_entries(struct op_run *run, uint32_t most)
{
	struct sort *sort = sort_of(run);
	uint32_t count = 0;

	while (count < most && bucket_open(run)) {
		uint32_t got = sort_bucket_read(&sort->given, &sort->place,
		    sort->entries + count, most - count);
		count += got;
		if (got == 0)
			bucket_close(sort);
	}
	return count;
}

/* Pass by what others give. */
static void
skip_entries(struct op_run *run, uint64_t count)
{
	struct sort *sort = sort_of(run);

	while (count > 0 && bucket_open(run)) {
		uint64_t got = sort_bucket_skip(&sort->given, &sort->place,
		    count);
		count -= got;
		if (got == 0)
			bucket_close(sort);
	}
}

static enum op_status
give_entries(struct op_run *run, uint32_t count, struct err *err)
{
	struct sort *sort = sort_of(run);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t ref = sort->entries[i].ref;
		sort->rows[i] = sort_store_row(
		    sort->stores[sort_ref_instance(ref)], ref);
	}
	struct batch *batch = sort_make(run, count, NULL, err);
	return batch == NULL ? OP_FAIL : op_give(run, batch, err);
}

/* A piece a round; the last round has not one for each. */
static enum op_status
work_give(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	uint32_t rows = batch_rows_target();
	uint64_t round = (uint64_t)rows * GIVE_BATCHES *
	    sort->share->instance_count;
	uint64_t own = (uint64_t)rows * GIVE_BATCHES * run->instance;

	skip_entries(run, own);
	for (int i = 0; i < GIVE_BATCHES; i++) {
		uint32_t count = next_entries(run, rows);
		if (count == 0)
			break;
		enum op_status status = give_entries(run, count, err);
		if (status != OP_OK)
			return status == OP_DONE ? OP_OK : status;
	}
	skip_entries(run, round - own - (uint64_t)rows * GIVE_BATCHES);
	if (sort->left_rows <= round)
		return OP_OK;
	sort->left_rows -= round;
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
