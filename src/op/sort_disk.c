/*
 * Sorting with runs on disk.
 *
 * When there is no more memory, or another owner asks for it, the rows that are
 * held are sorted as those in memory are (sort_memory.c), written as a run, and
 * forgotten.  At the end:
 *
 *	spill      the rest
 *	-- meet
 *	pass       while there are more runs than memory has readers for: groups
 *	           of neighbours become one each, whoever is free; -- meet
 *	merge      ranges of keys, from all runs (sort_range.c)
 *
 * Runs are listed by their age, instance by instance within.  Only neighbours
 * are merged, so of one instance the older rows are always in the earlier run,
 * and equal keys stay in order: by turn, then by place in the list.
 */
#include "op/sort_priv.h"

#include <assert.h>
#include <string.h>

#include "op/joint.h"
#include "state/spill.h"

/* A level more of the tree costs some comparisons a row, another pass all of
 * its bytes; beyond this the pages no longer fit the cache. */
#define FAN_IN_MAX 128
#define CHANNELS_PART 8
/* Rows that are merged in one call. */
#define PASS_ROWS 8192

/* --- making a run --- */

static int
spill_entries(struct op_run *run, struct sort_run *to, uint8_t part,
	const struct sort_bucket *bucket, const struct sort_entry *entry,
	uint32_t count, struct err *err)
{
	struct sort *sort = sort_of(run);

	for (uint32_t i = 0; i < count; i++) {
		const char *row = sort_store_row(sort->store, entry[i].ref);
		struct sort_item item = {
			.word = sort_split_word(bucket->split, bucket->place,
			    entry[i].word), .part = part,
			.turn = sort_store_turn(sort->store, entry[i].ref),
		};
		sort_item_set_row(&item, &sort->share->cut, row, (uint32_t)
		    sort_row_bytes(sort->share->layouts, row));
		if (sort_run_put(to, &item, err) != 0)
			return -1;
	}
	return 0;
}

static int
spill_bucket(struct op_run *run, struct sort_run *to, uint8_t part,
	uint32_t number, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_bucket_place place;
	struct sort_bucket bucket;
	struct sort_entry entry[64];
	int status = 0;
	uint32_t count;

	sort_bucket_init(&bucket, sort, &sort, 1, number);
	sort_order(sort, &bucket);
	sort_bucket_begin(&bucket, &place);
	while (status == 0 && (count = sort_bucket_read(&bucket, &place, entry,
	    64)) > 0) {
		sort_bucket_fetch(&bucket, entry, count, sort->row_bytes);
		status = spill_entries(run, to, part, &bucket, entry, count,
		    err);
	}
	sort_bucket_end(&place);
	return status;
}

static int
spill_part(struct op_run *run, struct sort_run *to, uint8_t part,
	struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_buckets *buckets = &sort->buckets;
	uint32_t first = buckets->first[part];
	int status = 0;

	sort_deal(sort, &sort, 1, part, UINT32_MAX);
	for (uint32_t b = first; b < buckets->first[part + 1]; b++) {
		if (status == 0)
			status = spill_bucket(run, to, part, b, err);
		sort_pool_give_bag(sort->pool, &buckets->bag[b]);
	}
	return status;
}

static int
spill_parts(struct op_run *run, struct sort_run *to, struct err *err)
{
	struct sort *sort = sort_of(run);
	int status = 0;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		sort_sample_take(&sort->sample[part], &sort->bag[part]);
	sort_buckets_init(sort, &sort, 1);
	for (unsigned part = 0; part < KEY_PARTS; part++)
		mem_free(sort->sample[part].entry);
	memset(sort->sample, 0, sizeof(sort->sample));
	sort_gather(sort, &sort, 1);
	for (uint8_t part = 0; part < KEY_PARTS && status == 0; part++)
		status = spill_part(run, to, part, err);
	sort_buckets_fini(&sort->buckets);
	return status == 0 ? sort_run_finish(to, err) : -1;
}

static void
memory_clear(struct op_run *run, int gives_back)
{
	struct sort *sort = sort_of(run);

	/* One may have got a chunk, and its row then no room. */
	for (unsigned part = 0; part < KEY_PARTS; part++)
		sort_pool_give_bag(sort->pool, &sort->bag[part]);
	memset(sort->rests, 0, sizeof(sort->rests));
	sort->rest_bytes = 0;
	if (!gives_back) {
		sort_store_clear(sort->store);
		return;
	}
	mem_free(sort->scratch);
	sort->scratch = NULL;
	sort->scratch_count = 0;
	mem_release(&run->budget, sort->rest_charged);
	sort->rest_charged = 0;
	sort_pool_release(sort->pool);
	sort_store_release(sort->store);
}

int
sort_spill(struct op_run *run, int gives_back, struct err *err)
{
	struct sort *sort = sort_of(run);
	uint64_t rows = 0;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		rows += sort->bag[part].count;
	if (rows > 0) {
		sort->row_bytes = 1 + (uint32_t)(
		    sort_store_bytes(sort->store) / rows);
		struct sort_run *to = sort_run_new(run, &sort->share->cut, err);
		if (to == NULL)
			return -1;
		sort->run = mem_resize(sort->run,
		    (sort->run_count + 1) * sizeof(*sort->run));
		sort->run[sort->run_count++] = to;
		if (spill_parts(run, to, err) != 0)
			return -1;
	}
	memory_clear(run, gives_back);
	return 0;
}

/* --- passes --- */

/* What each instance can merge with, now that all have given their memory
 * back. */
static uint64_t
room_to_merge(const struct op_run *run)
{
	uint64_t own = run->budget.limit_bytes, left = mem_left();
	/* When rows go on again they fill channels, which nobody charges. */
	uint64_t others = mem_limit() / CHANNELS_PART;

	if (sort_of(run)->quota_bytes == 0)
		return UINT64_MAX;
	left = left > others ? (left - others) / run->instance_count : 0;
	return own != 0 && own < left ? own : left;
}

/* How many runs can be read at once with that. */
static uint32_t
fan_in(const struct sort *sort, uint64_t room)
{
	uint64_t needed = SORT_MERGE_BYTES + SORT_KEEP_BYTES(sort);
	uint64_t readers = room > needed ? (room - needed) /
	    SORT_READER_BYTES : 0;

	return readers < 2 ? 2 : readers > FAN_IN_MAX ? FAN_IN_MAX :
	    (uint32_t)readers;
}

/* All runs, by age; whoever comes first lists them. */
static void
collect_runs(struct op_run *run)
{
	struct sort_share *share = sort_of(run)->share;
	struct sort_level *level = &share->level[0];
	uint32_t most = 0;

	thr_lock_take(&share->lock);
	if (level->run == NULL) {
		share->merge_room = room_to_merge(run);
		share->fan = fan_in(sort_of(run), share->merge_room);
		for (uint32_t i = 0; i < share->instance_count; i++) {
			struct sort *sort = share->instance[i];
			level->count += sort->run_count;
			if (sort->run_count > most)
				most = sort->run_count;
		}
		level->run = mem_alloc_zero((level->count + 1) *
		    sizeof(*level->run));
		level->count = 0;
		for (uint32_t k = 0; k < most; k++) {
			for (uint32_t i = 0; i < share->instance_count; i++) {
				struct sort *sort = share->instance[i];
				if (k >= sort->run_count)
					continue;
				level->run[level->count++] = sort->run[k];
				sort->run[k] = NULL;
			}
		}
	}
	thr_lock_give(&share->lock);
}

/* Merges of `fan` runs each that this pass makes of the first ones. */
static uint32_t
pass_pieces(uint32_t count, uint32_t fan)
{
	uint32_t wanted = (count - fan + fan - 2) / (fan - 1);

	return wanted < count / fan ? wanted : count / fan;
}

/* What a pass makes: merged runs, and behind them the others as they are. */
static void
next_level(struct sort_share *share, uint32_t number, uint32_t fan)
{
	struct sort_level *from = &share->level[number];
	struct sort_level *to = &share->level[number + 1];

	assert(number + 1 < SORT_LEVELS_MAX);
	thr_lock_take(&share->lock);
	if (to->run == NULL) {
		uint32_t pieces = pass_pieces(from->count, fan);
		uint32_t left = from->count - pieces * fan;
		to->count = pieces + left;
		to->run = mem_alloc_zero((to->count + 1) * sizeof(*to->run));
		for (uint32_t i = 0; i < left; i++) {
			to->run[pieces + i] = from->run[pieces * fan + i];
			from->run[pieces * fan + i] = NULL;
		}
	}
	thr_lock_give(&share->lock);
}

/* How many readers there may be was reckoned so that this much is there; what
 * was held for rows may come back a little later. */
static void
merge_charge(struct op_run *run, uint32_t count)
{
	struct sort *sort = sort_of(run);
	uint64_t bytes = SORT_MERGE_BYTES + count * (uint64_t)SORT_READER_BYTES;

	mem_charge_always(&run->budget, bytes);
	sort->merge_charged = bytes;
}

static void
merge_end(struct op_run *run)
{
	struct sort *sort = sort_of(run);

	sort_merge_free(&sort->merge);
	mem_release(&run->budget, sort->merge_charged);
	sort->merge_charged = 0;
}

static int
piece_begin(struct op_run *run, uint32_t fan, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_level *level = &sort->share->level[sort->level];

	sort->merged = sort_run_new(run, &sort->share->cut, err);
	if (sort->merged == NULL)
		return -1;
	merge_charge(run, fan);
	sort->merge = sort_merge_new(&sort->share->cut,
	    level->run + sort->merge_piece * fan, fan, NULL, NULL);
	return 0;
}

/* The merged run takes the place of those it was made of. */
static int
piece_end(struct op_run *run, uint32_t fan, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_level *level = &sort->share->level[sort->level];

	merge_end(run);
	if (sort_run_finish(sort->merged, err) != 0)
		return -1;
	for (uint32_t i = 0; i < fan; i++)
		sort_run_free(&level->run[sort->merge_piece * fan + i]);
	level[1].run[sort->merge_piece] = sort->merged;
	sort->merged = NULL;
	return 0;
}

static enum op_status
piece_work(struct op_run *run, uint32_t fan, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_item item;

	for (uint32_t i = 0; i < PASS_ROWS; i++) {
		int got = sort_merge_next(sort->merge, &item, err);
		if (got < 0 || (got > 0 &&
		    sort_run_put(sort->merged, &item, err) != 0))
			return OP_FAIL;
		if (got == 0)
			return piece_end(run, fan, err) == 0 ? OP_AGAIN :
			    OP_FAIL;
	}
	return OP_AGAIN;
}

/* Meetings: 1 all have come, 2 all is on disk, 3 + n pass n is through. */
static enum op_status
work_pass(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct sort_share *share = sort->share;
	uint32_t fan = share->fan;
	uint32_t count = share->level[sort->level].count;

	if (sort->merge != NULL)
		return piece_work(run, fan, err);
	if (count <= fan) {
		merge_charge(run, count);
		sort_ranges_begin(run);
		sort->step = SORT_MERGE;
		return OP_AGAIN;
	}
	next_level(share, sort->level, fan);
	if (op_deal(run, 2 + sort->level, pass_pieces(count, fan),
	    &sort->merge_piece))
		return piece_begin(run, fan, err) == 0 ? OP_AGAIN : OP_FAIL;
	sort->step = SORT_PASSED;
	return OP_AGAIN;
}

static enum op_status
work_passed(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	enum op_status status = op_meet(run, 3 + sort->level);

	if (status != OP_OK)
		return status;
	sort->level++;
	sort->step = SORT_PASS;
	return OP_AGAIN;
}

static enum op_status
work_merge(struct op_run *run, struct err *err)
{
	enum op_status status = sort_ranges_work(run, err);

	if (status == OP_AGAIN)
		return OP_AGAIN;
	sort_ranges_end(sort_of(run));
	merge_end(run);
	return status == OP_DONE ? OP_OK : status;
}

enum op_status
sort_disk_work(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	enum op_status status;

	switch (sort->step) {
	case SORT_SPILL:
		if (sort_spill(run, 1, err) != 0)
			return OP_FAIL;
		sort->step = SORT_COLLECT;
		return OP_AGAIN;
	case SORT_COLLECT:
		status = op_meet(run, 2);
		if (status != OP_OK)
			return status;
		collect_runs(run);
		sort->step = SORT_PASS;
		return OP_AGAIN;
	case SORT_PASS:
		return work_pass(run, err);
	case SORT_PASSED:
		return work_passed(run);
	default:
		return work_merge(run, err);
	}
}
