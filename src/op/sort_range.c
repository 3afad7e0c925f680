/*
 * The last merge of runs on disk, by all instances.
 *
 *	keys    |  0  |  1  |  2  |  3  |  4  |  5  | ...
 *	         i0    i1    i0    i1    i0    i1
 *
 * Keys are divided into ranges of about equal size, by the marks of the runs.
 * In each round instance i merges the i-th range.  What it makes of it waits in
 * batches until the range is through, and is given at once then: who must stand
 * still until those before it have given has its work done, and who has given
 * goes on with its next range meanwhile.  What has no room, because a range is
 * long (of one key) or memory short, is given as it comes.
 */
#include "op/sort_priv.h"

#include <stdlib.h>
#include <string.h>

/* Of each run, if there is memory for it, and at least: a reader that begins in
 * the middle of a page reads on average half of it in vain, and so does one
 * that ends there.  What waits had better be in the cache still. */
#define RANGE_PAGES_MAX 8
#define RANGE_PAGES_MIN 2
#define RANGE_BYTES_MIN ((uint64_t)1 << 20)
/* What waits to be given, of what readers leave. */
#define KEEP_PART 2
#define GIVE_BATCHES 4

static uint64_t
pages_bytes(const struct sort *sort, uint32_t pages)
{
	const struct sort_level *level = &sort->share->level[sort->level];
	uint64_t bytes = level->count * pages * (uint64_t)SORT_BLOCK_BYTES;

	return bytes < RANGE_BYTES_MIN ? RANGE_BYTES_MIN : bytes;
}

/* Bytes of batches that wait, of a range that may be twice as long as most, if
 * memory allows; alone, nobody does. */
static uint64_t
bytes_to_keep(const struct sort *sort)
{
	const struct sort_share *share = sort->share;
	uint64_t bytes = 2 * pages_bytes(sort, RANGE_PAGES_MAX);
	uint64_t taken = SORT_MERGE_BYTES + share->level[sort->level].count *
	    (uint64_t)SORT_READER_BYTES;
	uint64_t most = share->merge_room <= taken ? 0 :
	    (share->merge_room - taken) / KEEP_PART;

	if (share->instance_count == 1)
		return 0;
	if (most < SORT_KEEP_BYTES(sort))
		most = SORT_KEEP_BYTES(sort);
	return bytes < most ? bytes : most;
}

static uint64_t
range_bytes(const struct sort *sort)
{
	uint64_t bytes = bytes_to_keep(sort) / 2;
	uint64_t least = pages_bytes(sort, RANGE_PAGES_MIN);

	return bytes < least ? least : bytes;
}

/* --- dividing --- */

static int
compare_marks(const void *a, const void *b)
{
	return sort_mark_compare(a, b);
}

/* The marks of all runs, in order. */
static struct sort_mark *
all_marks(const struct sort_level *level, size_t *count)
{
	struct sort_mark *all = NULL;

	*count = 0;
	for (uint32_t i = 0; i < level->count; i++) {
		uint32_t more;
		const struct sort_mark *marks = sort_run_marks(level->run[i],
		    &more);
		all = mem_resize(all, (*count + more + 1) * sizeof(*all));
		if (more > 0)
			memcpy(all + *count, marks, more * sizeof(*all));
		*count += more;
	}
	if (*count > 1)
		qsort(all, *count, sizeof(*all), compare_marks);
	return all;
}

/* Every `step`-th of them is a bound; keys that have several stand alone. */
static void
divide(struct sort_ranges *ranges, struct sort_mark *all, size_t count,
	size_t step)
{
	uint32_t used = 0;

	for (size_t at = step; at < count; at += step)
		if (used == 0 ||
		    sort_mark_compare(&all[used - 1], &all[at]) < 0)
			all[used++] = all[at];
	ranges->bound = mem_resize(all, (used + 1) * sizeof(*all));
	ranges->count = used + 1;
}

/* Whoever comes first divides. */
static void
ranges_make(const struct sort *sort)
{
	struct sort_share *share = sort->share;
	const struct sort_level *level = &share->level[sort->level];
	size_t count, step = range_bytes(sort) / SORT_BLOCK_BYTES;

	thr_lock_take(&share->lock);
	if (share->ranges.count == 0 && share->instance_count == 1) {
		share->ranges.count = 1;
	} else if (share->ranges.count == 0) {
		struct sort_mark *all = all_marks(level, &count);
		/* Little is there: enough for each. */
		if (step > count / (2 * share->instance_count))
			step = count / (2 * share->instance_count);
		divide(&share->ranges, all, count, step > 0 ? step : 1);
	}
	thr_lock_give(&share->lock);
}

/* --- merging --- */

static void
range_open(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	const struct sort_level *level = &sort->share->level[sort->level];
	const struct sort_ranges *ranges = &sort->share->ranges;

	sort->merge = sort_merge_new(&sort->share->cut, level->run,
	    level->count, sort->range == 0 ? NULL :
	    &ranges->bound[sort->range - 1],
	    sort->range + 1 == ranges->count ? NULL :
	    &ranges->bound[sort->range]);
}

/* The next rows, copied, until a batch is full: how many, or -1. */
static long
range_read(struct op_run *run, struct region *region, struct err *err)
{
	struct sort *sort = sort_of(run);
	uint32_t most = batch_rows_target(), count = 0;
	struct sort_item item;

	while (count < most) {
		int got = sort_merge_next(sort->merge, &item, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		sort->rows[count++] = region_copy(region, item.row, item.size);
	}
	return count;
}

static void
keep_batch(struct sort *sort, struct batch *take_batch)
{
	uint32_t count = sort->made_count;

	if ((count & (count - 1)) == 0)
		sort->made = mem_resize(sort->made, (count == 0 ? 1 :
		    (size_t)count * 2) * sizeof(*sort->made));
	sort->made[sort->made_count++] = take_batch;
	sort->made_bytes += region_bytes(batch_region(take_batch));
}

/* Another batch of the range; at its end the merge is no more.  0 or -1. */
static int
range_step(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	struct region *region = region_new();
	long count = range_read(run, region, err);

	if (count <= 0) {
		region_drop(&region);
		sort_merge_free(&sort->merge);
		return count == 0 ? 0 : -1;
	}
	struct batch *batch = sort_make(run, (uint32_t)count, region, err);
	if (batch == NULL)
		return -1;
	keep_batch(sort, batch);
	return 0;
}

/* --- giving --- */

static enum op_status
give_made(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);

	for (int i = 0; i < GIVE_BATCHES && sort->given_count <
	    sort->made_count; i++) {
		struct batch *batch = sort->made[sort->given_count];
		sort->made[sort->given_count++] = NULL;
		enum op_status status = op_give(run, batch, err);
		if (status != OP_OK)
			return status;
	}
	if (sort->given_count == sort->made_count) {
		sort->given_count = sort->made_count = 0;
		sort->made_bytes = 0;
	}
	return OP_AGAIN;
}

/* The range is given: the next round, if there is one. */
static enum op_status
range_close(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	uint32_t count = sort->share->instance_count;
	uint32_t first = sort->range - run->instance;

	sort->range += count;
	sort->has_range = 0;
	if (first + count >= sort->share->ranges.count)
		return OP_OK;
	run->job->turn_is_over = 1;
	return OP_AGAIN;
}

void
sort_ranges_begin(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	uint64_t bytes = bytes_to_keep(sort);

	ranges_make(sort);
	sort->range = run->instance;
	mem_charge_always(&run->budget, bytes);
	sort->merge_charged += bytes;
}

void
sort_ranges_end(struct sort *sort)
{
	while (sort->given_count < sort->made_count)
		batch_free(&sort->made[sort->given_count++]);
	mem_free(sort->made);
	sort->made = NULL;
	sort->given_count = sort->made_count = 0;
}

enum op_status
sort_ranges_work(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);

	if (!sort->has_range && sort->range < sort->share->ranges.count)
		range_open(run);
	sort->has_range = 1;
	for (int i = 0; i < GIVE_BATCHES && sort->merge != NULL &&
	    sort->given_count == 0; i++) {
		if (range_step(run, err) != 0)
			return OP_FAIL;
		if (sort->made_bytes > bytes_to_keep(sort))
			return give_made(run, err);
	}
	if (sort->given_count == 0 && sort->merge != NULL)
		return OP_AGAIN;
	if (sort->made_count > 0)
		return give_made(run, err);
	return range_close(run);
}
