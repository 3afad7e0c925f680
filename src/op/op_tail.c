/*
 * tail [N] [by KEYS]: the last N records, or the last N of each group.
 *
 * Arguments: limit, by.  Without keys it keeps batches and lets go of those
 * that can no longer be among the last N; when there is no room for a batch all
 * go to a temporary file, which is let go like a batch.  With keys each group
 * has a ring of its last N rows; the kept rows are made anew when most of them
 * have fallen out of their rings.  Groups come out as they first appeared.  If
 * there is no room for them, all rows go to disk (op/shelf.h) and rings are
 * made at the end, for some groups at a time.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "op/rows.h"
#include "op/shelf.h"
#include "state/spill.h"

/* A file is let go when all of it is too old: N rows lie in so many and one. */
#define PARTS 4

struct ring {
	uint64_t first;		/* place of the group's first row, and one */
	uint64_t seen;
	struct row_ref *ref;	/* `limit` entries, or as many as were seen */
	uint32_t capacity;
};

/* Batches in a temporary file. */
struct part {
	struct spill_file *file;
	uint64_t end;		/* place */
	uint64_t rows;
};

struct tail {
	/* Without keys: the last rows, oldest first; files, then batches. */
	struct part *part;
	uint32_t part_count, part_capacity;
	struct batch **batch;
	uint32_t batch_count, batch_capacity;
	uint64_t kept;		/* rows in both */
	/* With keys. */
	struct group_table *groups;
	struct rows *rows;
	uint64_t sequence;	/* rows seen */
	uint64_t live;		/* rows in all rings */
	int is_over;		/* rings took more than there was room for */
	struct shelf *shelf;	/* where all rows go; NULL: there was room */
};

static int
tail_open(struct op_run *run, struct err *err)
{
	struct tail *tail = run->state;

	(void)err;
	mem_budget_enter(&run->budget);
	if (run->op->args.by_count == 0)
		return 0;
	tail->groups = group_table_new(sizeof(struct ring), &run->budget);
	tail->rows = rows_new(run);
	return 0;
}

static void
tail_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
}

static void
tail_drop_batches(struct op_run *run, uint32_t count)
{
	struct tail *tail = run->state;

	for (uint32_t i = 0; i < count; i++) {
		mem_release(&run->budget, batch_bytes(tail->batch[i]));
		batch_free(&tail->batch[i]);
	}
	tail->batch_count -= count;
	memmove(tail->batch, tail->batch + count,
	    tail->batch_count * sizeof(*tail->batch));
}

/* Let go of what is too old, files first: they are older. */
static void
tail_drop(struct op_run *run)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	uint32_t dropped = 0;

	while (tail->part_count > 0 &&
	    tail->kept - tail->part[0].rows >= limit) {
		tail->kept -= tail->part[0].rows;
		spill_file_free(&tail->part[0].file);
		memmove(tail->part, tail->part + 1, --tail->part_count *
		    sizeof(*tail->part));
	}
	while (tail->part_count == 0 && dropped < tail->batch_count &&
	    tail->kept - tail->batch[dropped]->sel_count >= limit)
		tail->kept -= tail->batch[dropped++]->sel_count;
	tail_drop_batches(run, dropped);
}

/* The file that what is held goes to: the last one until it has its share. */
static struct part *
tail_part(struct op_run *run, struct err *err)
{
	struct tail *tail = run->state;
	struct part *last = &tail->part[tail->part_count - 1];

	if (tail->part_count > 0 && last->rows <=
	    (uint64_t)run->op->args.limit / PARTS)
		return last;
	struct spill_file *file = op_spill_new(run, err);
	if (file == NULL)
		return NULL;
	if (tail->part_count == tail->part_capacity) {
		tail->part_capacity = tail->part_capacity * 2 + 4;
		tail->part = mem_resize(tail->part,
		    tail->part_capacity * sizeof(*tail->part));
	}
	last = &tail->part[tail->part_count++];
	*last = (struct part){ .file = file };
	return last;
}

/* All batches that are held, and then `more` (or NULL), to a file. */
static int
tail_spill(struct op_run *run, const struct batch *more, struct err *err)
{
	struct tail *tail = run->state;
	struct part *part = tail_part(run, err);

	if (part == NULL)
		return -1;
	for (uint32_t i = 0; i < tail->batch_count; i++) {
		if (spill_write_batch(part->file, tail->batch[i], err) != 0)
			return -1;
		part->rows += tail->batch[i]->sel_count;
	}
	tail_drop_batches(run, tail->batch_count);
	if (more != NULL) {
		if (spill_write_batch(part->file, more, err) != 0)
			return -1;
		part->rows += more->sel_count;
	}
	return spill_cut(part->file, &part->end, err);
}

/* Only the last `limit` rows. */
static void
tail_narrow(struct batch *batch, uint64_t limit)
{
	if (batch->sel_count <= limit)
		return;
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t skip = batch->sel_count - (uint32_t)limit;
	for (uint32_t i = 0; i < limit; i++)
		sel[i] = (uint16_t)batch_row(batch, skip + i);
	batch->sel = sel;
	batch->sel_count = (uint32_t)limit;
}

/* Keep a self-contained copy; drop what is too old. */
static int
tail_keep_batch(struct op_run *run, struct batch *batch, struct err *err)
{
	struct tail *tail = run->state;

	if (run->op->args.limit == 0)
		return 0;
	tail_narrow(batch, (uint64_t)run->op->args.limit);
	struct batch *copy = batch_compact(batch);
	tail->kept += copy->sel_count;
	if (mem_charge(&run->budget, batch_bytes(copy)) != 0) {
		int status = tail_spill(run, copy, err);
		batch_free(&copy);
		tail_drop(run);
		return status;
	}
	if (tail->batch_count == tail->batch_capacity) {
		tail->batch_capacity = tail->batch_capacity * 2 + 4;
		tail->batch = mem_resize(tail->batch,
		    tail->batch_capacity * sizeof(*tail->batch));
	}
	tail->batch[tail->batch_count++] = copy;
	tail_drop(run);
	return mem_is_pressed(&run->budget) && tail->batch_count > 0 ?
	    tail_spill(run, NULL, err) : 0;
}

/* A ring that the budget refuses grows a little all the same; 1: so it was. */
static int
ring_grow(struct ring *ring, uint64_t limit, struct mem_budget *budget)
{
	uint64_t capacity = ring->capacity * 2u + 4u, bytes;
	int is_over = 0;

	if (capacity > limit)
		capacity = limit;
	bytes = (capacity - ring->capacity) * sizeof(*ring->ref);
	if (mem_charge(budget, bytes) != 0) {
		is_over = 1;
		if (capacity > ring->capacity + BATCH_ROWS_MAX)
			capacity = ring->capacity + BATCH_ROWS_MAX;
		bytes = (capacity - ring->capacity) * sizeof(*ring->ref);
		mem_charge_always(budget, bytes);
	}
	ring->capacity = (uint32_t)capacity;
	ring->ref = mem_resize(ring->ref, capacity * sizeof(*ring->ref));
	return is_over;
}

static int
ring_add(struct ring *ring, struct row_ref ref, uint64_t limit,
	struct mem_budget *budget)
{
	int is_over = 0;

	if (ring->seen < limit && ring->seen == ring->capacity)
		is_over = ring_grow(ring, limit, budget);
	ring->ref[ring->seen++ % limit] = ref;
	return is_over;
}

static uint64_t
ring_count(const struct ring *ring, uint64_t limit)
{
	return ring->seen < limit ? ring->seen : limit;
}

/* Entry i of a ring, oldest first. */
static struct row_ref *
ring_at(struct ring *ring, uint64_t i, uint64_t limit)
{
	return ring->seen <= limit ? &ring->ref[i] :
	    &ring->ref[(ring->seen + i) % limit];
}

/* Rows that no ring holds any more are let go, when they are the most. */
static void
tail_shrink(struct op_run *run)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	uint64_t group_count = group_table_count(tail->groups);

	if (!rows_want_shrink(tail->rows, tail->live))
		return;
	struct row_ref **refs = mem_alloc((tail->live + 1) * sizeof(*refs));
	uint64_t count = 0;
	for (uint64_t g = 0; g < group_count; g++) {
		struct ring *ring = (struct ring *)group_table_row(
		    tail->groups, g);
		for (uint64_t i = 0; i < ring_count(ring, limit); i++)
			refs[count++] = ring_at(ring, i, limit);
	}
	rows_shrink(tail->rows, refs, count);
	mem_free(refs);
}

/* Rows into their rings: 0, or 1 when there is no room and none is there. */
static int
tail_take(struct op_run *run, struct batch *batch,
	const struct shelf_rows *rows, struct err *err)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	struct key_set keys = {
		.text = (struct text *)(uintptr_t)rows->key,
		.hash = (uint64_t *)(uintptr_t)rows->hash,
	};
	uint32_t count = batch->sel_count, index;

	(void)err;
	if (tail->is_over || group_table_reserve(tail->groups, count, 0) != 0 ||
	    rows_try(tail->rows, batch, &index) != 0)
		return 1;
	char **row = mem_alloc((count + 1) * sizeof(*row));
	(void)group_table_find(tail->groups, &keys, count, row, NULL);
	for (uint32_t i = 0; i < count; i++) {
		struct ring *ring = (struct ring *)row[i];
		if (ring->first == 0)
			ring->first = rows->first[i] + 1;
		tail->live += ring->seen < limit;
		tail->is_over |= ring_add(ring, (struct row_ref){ index, i },
		    limit, &run->budget);
	}
	mem_free(row);
	tail_shrink(run);
	return 0;
}

static int
tail_put(struct op_run *run, struct shelf_writer *writer, int is_last,
	struct err *err)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;

	(void)is_last;
	for (uint64_t g = 0; g < group_table_count(tail->groups); g++) {
		char *row = group_table_row(tail->groups, g);
		struct ring *ring = (struct ring *)row;
		for (uint64_t i = 0; i < ring_count(ring, limit); i++)
			if (shelf_put(writer, tail->rows, *ring_at(ring, i,
			    limit), row, ring->first - 1, i, err) != 0)
				return -1;
	}
	return 0;
}

static void
tail_free_groups(struct op_run *run)
{
	struct tail *tail = run->state;

	if (tail->groups == NULL)
		return;
	for (uint64_t g = 0; g < group_table_count(tail->groups); g++) {
		struct ring *ring = (struct ring *)group_table_row(
		    tail->groups, g);
		mem_release(&run->budget, ring->capacity * sizeof(*ring->ref));
		mem_free(ring->ref);
	}
	group_table_free(&tail->groups);
	rows_free(&tail->rows);
}

static void
tail_clear(struct op_run *run)
{
	struct tail *tail = run->state;

	tail_free_groups(run);
	tail->is_over = 0;
	tail->live = 0;
	tail->groups = group_table_new(sizeof(struct ring), &run->budget);
	tail->rows = rows_new(run);
}

static const struct shelf_def tail_shelf = {
	.take = tail_take, .put = tail_put, .clear = tail_clear,
};

static int
tail_keep_groups(struct op_run *run, struct batch *batch, struct err *err)
{
	struct tail *tail = run->state;
	const struct op_args *args = &run->op->args;
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    args->by_count * sizeof(*column));
	struct key_set keys;
	int status = 1;

	if (args->limit == 0)
		return 0;
	if (group_eval_by(run, args->by, args->by_count, batch, region, column,
	    err) != 0)
		return -1;
	uint32_t count = batch->sel_count;
	key_make(column, args->by_count, count, region, &keys);
	uint64_t *place = region_alloc(region, (count + 1) * sizeof(*place));
	for (uint32_t i = 0; i < count; i++)
		place[i] = tail->sequence++;
	struct shelf_rows rows = { keys.text, keys.hash, place, place };
	if (tail->shelf == NULL && !mem_is_pressed(&run->budget))
		status = tail_take(run, batch, &rows, err);
	if (status != 1)
		return status;
	if (tail->shelf == NULL)
		tail->shelf = shelf_new(run, &tail_shelf, err);
	return tail->shelf == NULL ? -1 :
	    shelf_add(tail->shelf, batch, &rows, err);
}

static enum op_status
tail_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct tail *tail = run->state;
	struct batch *batch = take_batch;

	(void)port;
	int status = tail->groups == NULL ? tail_keep_batch(run, batch, err) :
	    tail_keep_groups(run, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* Give a batch of the oldest, less the *skip rows that are too old. */
static enum op_status
tail_give(struct op_run *run, struct batch *take_batch, uint64_t *skip,
	struct err *err)
{
	struct batch *batch = take_batch;

	if (*skip >= batch->sel_count) {
		*skip -= batch->sel_count;
		batch_free(&batch);
		return OP_OK;
	}
	tail_narrow(batch, batch->sel_count - *skip);
	*skip = 0;
	return op_give(run, batch, err);
}

static enum op_status
tail_give_part(struct op_run *run, const struct part *part, uint64_t *skip,
	struct err *err)
{
	struct spill_reader *reader = spill_reader_new(part->file, 0,
	    part->end);
	enum op_status status = OP_OK;
	struct batch *batch;
	int got = 0;

	while (status == OP_OK &&
	    (got = spill_read_batch(reader, &batch, err)) == 1)
		status = tail_give(run, batch, skip, err);
	spill_reader_free(&reader);
	return got < 0 ? OP_FAIL : status;
}

static enum op_status
tail_flush_batches(struct op_run *run, struct err *err)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	uint64_t skip = tail->kept > limit ? tail->kept - limit : 0;
	enum op_status status = OP_OK;

	for (uint32_t i = 0; i < tail->part_count && status == OP_OK; i++) {
		status = tail_give_part(run, &tail->part[i], &skip, err);
		spill_file_free(&tail->part[i].file);
	}
	for (uint32_t i = 0; i < tail->batch_count && status == OP_OK; i++) {
		struct batch *batch = tail->batch[i];
		tail->batch[i] = NULL;
		status = tail_give(run, batch, &skip, err);
	}
	return status;
}

static enum op_status
tail_flush_groups(struct op_run *run, struct err *err)
{
	struct tail *tail = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	uint32_t most = batch_rows_target(), count = 0;
	struct row_ref *refs = mem_alloc(most * sizeof(*refs));
	enum op_status status = OP_OK;

	for (uint64_t g = 0; g < group_table_count(tail->groups) &&
	    status == OP_OK; g++) {
		struct ring *ring = (struct ring *)group_table_row(
		    tail->groups, g);
		for (uint64_t i = 0; i < ring_count(ring, limit) &&
		    status == OP_OK; i++) {
			refs[count++] = *ring_at(ring, i, limit);
			if (count < most)
				continue;
			status = op_give(run, rows_gather(tail->rows, refs,
			    count), err);
			count = 0;
		}
	}
	if (status == OP_OK && count > 0)
		status = op_give(run, rows_gather(tail->rows, refs, count),
		    err);
	mem_free(refs);
	return status;
}

static enum op_status
tail_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct tail *tail = run->state;

	(void)port;
	if (tail->shelf != NULL)
		return shelf_give(tail->shelf, err);
	return tail->groups == NULL ? tail_flush_batches(run, err) :
	    tail_flush_groups(run, err);
}

static void
tail_close(struct op_run *run)
{
	struct tail *tail = run->state;

	for (uint32_t i = 0; i < tail->batch_count; i++)
		if (tail->batch[i] != NULL)
			batch_free(&tail->batch[i]);
	mem_free(tail->batch);
	for (uint32_t i = 0; i < tail->part_count; i++)
		spill_file_free(&tail->part[i].file);
	mem_free(tail->part);
	shelf_free(&tail->shelf);
	tail_free_groups(run);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
}

const struct op_def op_tail = {
	.name = "tail",
	.syntax = "tail [N] [by KEYS]",
	.summary = "the last N records (10 if not said), or of each group",
	.holds = "N rows, of each group; beyond the memory on disk",
	.example = "tail 1 by user",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD,
	.state_bytes = sizeof(struct tail),
	.need = tail_need,
	.open = tail_open,
	.push = tail_push,
	.flush = tail_flush,
	.close = tail_close,
};
