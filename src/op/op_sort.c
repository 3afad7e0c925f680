/*
 * sort KEYS: order the records, stable.
 *
 * Arguments: key, limit (0: none; else nobody wants more rows than that).
 *
 * Each instance keeps its rows as bytes, one behind the other (op/sort_row.h),
 * and for each an entry of two words: 8 bytes of its key, behind what all keys
 * begin with (data/key_words.h), and where the row is.  Only entries are moved.
 *
 *	op_sort.c	records in: keys, rows, entries
 *	sort_memory.c	all fits: entries to buckets, each sorted in the cache
 *	sort_disk.c	it does not: sorted runs on disk, and merging them
 *
 *	sort_words.c	entries by their words		sort_row.c	rows
 *	sort_bag.c	entries in chunks		sort_store.c	memory
 *	sort_split.c	entries to buckets		sort_shape.c	batches
 *	sort_keys.c	those of equal words		sort_bucket.c	a bucket
 *	sort_run.c	a run on disk			sort_merge.c	several
 *	sort_gap.c	how far keys are apart
 *	sort_range.c	the last merge
 *	sort_top.c	when only the first rows are wanted
 *
 * All memory is charged before it is used.  When that is refused, when this
 * instance has its share, or when another owner is short, what is there becomes
 * a run.  Behind the end the instances work together (op_work_f): each finds
 * its step in `step`, and what they share lies in struct sort_share.
 */
#include "op/op.h"

#include <string.h>

#include "op/joint.h"
#include "op/sort_priv.h"
#include "state/spill.h"
#include "util/buf.h"

/* Of memory: what rows are put in, as large as large pages, since they are read
 * at random, but a small part of it. */
#define BLOCK_PART 24
#define BLOCK_BYTES_MAX MEM_LARGE_BYTES
#define BLOCK_BYTES_MIN ((size_t)64 << 10)
/* Chunks of 8 KiB that are charged at once. */
#define SLAB_CHUNKS_MAX 255
#define SLAB_CHUNKS_MIN 4
#define CHARGE_STEP ((uint64_t)64 << 10)
/* Of its share: a run that is made because another is full. */
#define RUN_PART 2
/* What a turn may bring: a part of the share, at most. */
#define TURN_PART 16
#define TURN_BYTES_MAX ((uint64_t)1 << 20)

static void
sort_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	for (uint32_t i = 0; i < op->args.key_count; i++)
		need_add_expr(in, op->args.key[i].expr);
}

static void *
sort_share_new(const struct op *op, uint32_t instance_count)
{
	struct sort_share *share = mem_alloc_zero(sizeof(*share));

	thr_lock_init(&share->lock, "what sorting instances share");
	share->layouts = sort_layouts_new(op);
	share->instance_count = instance_count;
	share->instance = mem_alloc_zero(instance_count *
	    sizeof(*share->instance));
	return share;
}

static void
sort_share_free(void *take_share)
{
	struct sort_share *share = take_share;

	for (uint32_t i = 0; i < SORT_LEVELS_MAX; i++) {
		for (uint32_t k = 0; k < share->level[i].count; k++)
			sort_run_free(&share->level[i].run[k]);
		mem_free(share->level[i].run);
	}
	mem_free(share->ranges.bound);
	sort_layouts_free(&share->layouts);
	mem_free(share->instance);
	thr_lock_fini(&share->lock);
	mem_free(share);
}

/* What an instance may hold before it makes a run: its share of three quarters
 * of the memory, so that each makes few large runs and none is refused while
 * another has all. */
static uint64_t
quota_of(const struct op_run *run)
{
	uint64_t own = run->budget.limit_bytes;
	uint64_t all = mem_limit() / 4 * 3 / run->instance_count;

	return own == 0 ? all : all == 0 || own < all ? own : all;
}

static int
sort_open(struct op_run *run, struct err *err)
{
	struct sort *sort = sort_of(run);
	size_t block = BLOCK_BYTES_MAX;
	uint32_t chunks = SLAB_CHUNKS_MAX;

	(void)err;
	sort->share = run->share;
	sort->share->instance[run->instance] = sort;
	sort->quota_bytes = quota_of(run);
	while (sort->quota_bytes != 0 && block > BLOCK_BYTES_MIN &&
	    block > sort->quota_bytes / BLOCK_PART)
		block /= 2;
	/* A slab has a head: one less, or it would take a page more. */
	while (sort->quota_bytes != 0 && chunks > SLAB_CHUNKS_MIN &&
	    chunks * sizeof(struct sort_chunk) > sort->quota_bytes / BLOCK_PART)
		chunks /= 2;
	sort->block_bytes = block;
	sort->store = sort_store_new(&run->budget, run->instance, block);
	sort->pool = sort_pool_new(&run->budget, chunks);
	sort->entries = mem_alloc(BATCH_ROWS_MAX * sizeof(*sort->entries));
	sort->rows = mem_alloc(BATCH_ROWS_MAX * sizeof(*sort->rows));
	mem_budget_enter(&run->budget);
	return 0;
}

/* --- records in --- */

static int
sort_eval(struct op_run *run, struct batch *batch, struct region *region,
	struct column *column, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->key_count; i++)
		expr_eval_as(args->key[i].expr, &eval, FUNC_NUMBER, batch->sel,
		    batch->sel_count, &column[i]);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	return sort_eval(run, batch, region, column, err);
}

/* The first batch of all says how keys are cut. */
static void
learn_cut(struct op_run *run, const struct column *column,
	const struct key_order *order, uint32_t count)
{
	struct sort_share *share = sort_of(run)->share;

	if (__atomic_load_n(&share->has_cut, __ATOMIC_ACQUIRE))
		return;
	thr_lock_take(&share->lock);
	if (!share->has_cut) {
		key_cut_learn(&share->cut, column, order,
		    run->op->args.key_count, count);
		__atomic_store_n(&share->has_cut, 1, __ATOMIC_RELEASE);
	}
	thr_lock_give(&share->lock);
}

static int
charge_rests(struct op_run *run, uint64_t count)
{
	struct sort *sort = sort_of(run);

	sort->rest_bytes += count * SORT_REST_BYTES;
	if (sort->rest_bytes <= sort->rest_charged)
		return 0;
	uint64_t more = sort->rest_bytes - sort->rest_charged + CHARGE_STEP;
	if (mem_charge(&run->budget, more) != 0) {
		sort->rest_bytes -= count * SORT_REST_BYTES;
		return -1;
	}
	sort->rest_charged += more;
	return 0;
}

/* A row and its entry: 0, or -1 when there is no room for them. */
static inline int
add_row(struct op_run *run, const struct batch *batch, uint32_t i,
	const struct key_words *keys)
{
	struct sort *sort = sort_of(run);
	struct sort_bag *bag = &sort->bag[keys->part[i]];
	uint32_t row = batch_row(batch, i);
	uint64_t ref;

	if (keys->rest[i] != NULL && charge_rests(run, 1) != 0)
		return -1;
	if (!sort_bag_has_room(bag) &&
	    sort_bag_grow(bag, sort->pool, 0) != 0)
		return -1;
	size_t size = sort_row_measure(sort->layout, batch, row,
	    keys->rest[i], keys->rest_size[i]);
	char *room = sort_store_room(sort->store, size, &ref);
	if (room == NULL)
		return -1;
	sort_row_write(sort->layout, batch, row, keys->rest[i],
	    keys->rest_size[i], room);
	sort_bag_put(bag, (struct sort_entry){ keys->word[i], ref });
	sort->rests[keys->part[i]] += keys->rest[i] != NULL;
	return 0;
}

/* Is the row behind all that are wanted?  One that is like the last of these
 * comes too late, if there is nothing that tells them apart. */
static inline int
is_unwanted(const struct sort *sort, const struct key_words *keys, uint32_t i)
{
	const struct sort_bound *bound = &sort->bound;

	if (keys->part[i] != bound->part)
		return keys->part[i] > bound->part;
	if (keys->word[i] != bound->word)
		return keys->word[i] > bound->word;
	return keys->rest[i] == NULL && sort->is_bound_exact;
}

/*
 * All has been spilled and given back, and others hold the rest of the memory:
 * with this little the next rows are kept nevertheless.
 */
static void
need_least(struct op_run *run)
{
	struct sort *sort = sort_of(run);

	sort_pool_need(sort->pool);
	sort_store_need(sort->store);
	mem_charge_always(&run->budget, CHARGE_STEP);
	sort->rest_charged += CHARGE_STEP;
}

static int
no_memory(struct op_run *run, struct err *err)
{
	err_set(err, ERR_IO, "%s: a record and its key need more memory than "
	    "the limit", run->op->def->name);
	return err_hint(err, "give it more with --memory SIZE");
}

static int
add_rows(struct op_run *run, const struct batch *batch,
	const struct key_words *keys, struct err *err)
{
	const struct sort *sort = sort_of(run);

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		if (sort->has_bound && is_unwanted(sort, keys, i))
			continue;
		if (add_row(run, batch, i, keys) == 0)
			continue;
		if (sort_spill(run, 0, err) != 0)
			return -1;
		if (add_row(run, batch, i, keys) == 0)
			continue;
		/* Blocks that were kept may be of no use for this row. */
		if (sort_spill(run, 1, err) != 0)
			return -1;
		need_least(run);
		if (add_row(run, batch, i, keys) != 0)
			return no_memory(run, err);
	}
	return 0;
}

/* Keys, then rows. */
static int
sort_keep(struct op_run *run, struct batch *batch, struct region *region,
	struct err *err)
{
	struct sort *sort = sort_of(run);
	const struct op_args *args = &run->op->args;
	struct column *column = region_alloc(region,
	    args->key_count * sizeof(*column));
	struct key_order *order = region_alloc(region,
	    args->key_count * sizeof(*order));
	struct key_words keys;

	for (uint32_t i = 0; i < args->key_count; i++)
		order[i] = (struct key_order){ args->key[i].descending,
			args->key[i].nulls_first };
	if (sort_eval(run, batch, region, column, err) != 0)
		return -1;
	if (batch->sel_count == 0)
		return 0;
	learn_cut(run, column, order, batch->sel_count);
	key_words_init(&keys, region);
	key_words_make(&sort->share->cut, column, order, args->key_count,
	    batch->sel_count, region, &keys);
	sort->layout = sort_layout_of(sort->share->layouts, batch,
	    run->job->turn, sort->sequence++, sort->layout);
	sort_store_set_turn(sort->store, run->job->turn);
	if (add_rows(run, batch, &keys, err) != 0)
		return -1;
	if (args->limit > 0)
		sort_drop(run);
	return 0;
}

/* Rows that are held, and their entries; what a run has left behind is charged
 * still, and is filled again first. */
static uint64_t
held_bytes(const struct sort *sort)
{
	uint64_t entries = 0;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		entries += sort->bag[part].count;
	return sort_store_bytes(sort->store) + sort->rest_bytes +
	    sort_pool_bytes(sort->pool, entries);
}

/*
 * Has it its share of the memory?  Who makes a run reads nothing, and as the
 * others wait for where its next records end they had to stand still: so they
 * make one as well, if it is not too small.  For the same reason one begins,
 * if possible, when its records of this turn are still to come, and with them
 * the others'.
 */
static int
is_full(const struct op_run *run)
{
	struct sort *sort = sort_of(run);
	uint32_t count = __atomic_load_n(&sort->share->full_count,
	    __ATOMIC_RELAXED);
	int is_other = count != sort->full_count;
	int is_turn = run->job->turn != sort->turn;
	uint64_t most = sort->quota_bytes;

	sort->full_count = count;
	sort->turn = run->job->turn;
	if (most == 0 || run->budget.used_bytes <= most / RUN_PART)
		return 0;
	uint64_t held = held_bytes(sort);
	if (is_other && held > most / RUN_PART)
		return 1;
	if (is_turn)
		most -= most / TURN_PART < TURN_BYTES_MAX ? most / TURN_PART :
		    TURN_BYTES_MAX;
	if (held <= most)
		return 0;
	sort->full_count = __atomic_add_fetch(&sort->share->full_count, 1,
	    __ATOMIC_RELAXED);
	return 1;
}

static enum op_status
sort_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct region *region = region_new();
	int status = 0;

	(void)port;
	if (mem_is_pressed(&run->budget))
		status = sort_spill(run, 1, err);
	else if (is_full(run))
		status = sort_spill(run, 0, err);
	if (status == 0)
		status = sort_keep(run, take_batch, region, err);
	region_drop(&region);
	batch_free(&take_batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* --- behind the end --- */

static enum op_status
sort_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct sort *sort = sort_of(run);

	(void)port;
	(void)err;
	for (unsigned part = 0; part < KEY_PARTS; part++)
		sort_sample_take(&sort->sample[part], &sort->bag[part]);
	return OP_OK;
}

/* All records are there: is all of them in memory? */
static enum op_status
work_begin(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	struct sort_share *share = sort->share;
	/* The others look at this while this one may spill the rest. */
	if (sort->run_count > 0 && !sort->had_runs)
		sort->had_runs = 1;
	enum op_status status = op_meet(run, 1);
	if (status != OP_OK)
		return status;
	sort->step = SORT_DEAL;
	for (uint32_t i = 0; i < share->instance_count; i++)
		if (share->instance[i]->had_runs)
			sort->step = SORT_SPILL;
	if (sort->step == SORT_DEAL)
		sort_buckets_init(sort, share->instance,
		    share->instance_count);
	return OP_AGAIN;
}

static enum op_status
sort_work(struct op_run *run, unsigned port, struct err *err)
{
	struct sort *sort = sort_of(run);

	(void)port;
	if (sort->step == SORT_MEET)
		return work_begin(run);
	return sort->step <= SORT_GIVE ? sort_memory_work(run, err) :
	    sort_disk_work(run, err);
}

struct batch *
sort_make(struct op_run *run, uint32_t count, struct region *take_region,
	struct err *err)
{
	struct sort *sort = sort_of(run);

	if (sort->shape == NULL)
		sort->shape = sort_shape_new(run, sort->share->layouts, err);
	if (sort->shape == NULL) {
		region_drop(&take_region);
		return NULL;
	}
	int has_views;
	struct batch *batch = sort_shape_batch(sort->shape, sort->rows, count,
	    &has_views);
	if (take_region != NULL && has_views)
		batch_take_region(batch, take_region);
	else
		region_drop(&take_region);
	if (take_region != NULL || !has_views)
		return batch;
	for (uint32_t i = 0; i < sort->share->instance_count; i++)
		batch_take_region(batch, region_hold(
		    sort_store_region(sort->stores[i])));
	return batch;
}

static void
sort_close(struct op_run *run)
{
	struct sort *sort = sort_of(run);

	if (sort->store == NULL)
		return;
	sort_merge_free(&sort->merge);
	sort_ranges_end(sort);
	sort_run_free(&sort->merged);
	for (uint32_t i = 0; i < sort->run_count; i++)
		sort_run_free(&sort->run[i]);
	mem_free(sort->run);
	sort_bucket_end(&sort->place);
	sort_buckets_fini(&sort->buckets);
	for (unsigned part = 0; part < KEY_PARTS; part++)
		mem_free(sort->sample[part].entry);
	sort_shape_free(&sort->shape);
	sort_pool_free(&sort->pool);
	sort_store_free(&sort->store);
	mem_free(sort->scratch);
	mem_free(sort->stores);
	mem_free(sort->bases);
	mem_free(sort->entries);
	mem_free(sort->rows);
	mem_release(&run->budget, sort->rest_charged + sort->merge_charged);
	mem_budget_leave(&run->budget);
}

static void
sort_explain_holds(const struct op *op, struct buf *out)
{
	if (op->args.limit > 0)
		buf_add_format(out, "the first %lld rows",
		    (long long)op->args.limit);
	else
		buf_add_string(out, op->def->holds);
}

const struct op_def op_sort = {
	.name = "sort",
	.syntax = "sort EXPR [asc|desc] [nulls first|last], ...",
	.summary = "order the records; equal ones keep their order",
	.holds = "all rows",
	.example = "sort ms desc, user",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD | OP_JOINT,
	.state_bytes = sizeof(struct sort),
	.need = sort_need,
	.share = sort_share_new,
	.unshare = sort_share_free,
	.open = sort_open,
	.push = sort_push,
	.flush = sort_flush,
	.work = sort_work,
	.close = sort_close,
	.explain_holds = sort_explain_holds,
};
