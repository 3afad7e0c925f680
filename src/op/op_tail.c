/*
 * tail [N] [by KEYS]: the last N records, or the last N of each group.
 *
 * Arguments: limit, by.  With keys they are kept by op/best.h, the last being
 * the best; groups come out as they first appeared.  Of a batch only the last N
 * of each group are looked at.
 *
 * Without keys each instance keeps batches and lets go of those that can no
 * longer be among the last N; when there is no room for a batch all go to a
 * temporary file, which is let go like a batch.  At the end the first instance
 * gives what all have, by turns.
 */
#include "op/op.h"

#include <stdlib.h>
#include <string.h>

#include "data/key.h"
#include "op/best.h"
#include "op/group.h"
#include "op/joint.h"
#include "state/spill.h"

/* A file is let go when all of it is too old: N rows lie in so many and one. */
#define PARTS 4
/* A call of the work gives so many batches: a few milliseconds. */
#define GIVE_BATCHES 8

/* Rows that came one behind the other: a batch in memory, or in the file of
 * part number `part`. */
struct piece {
	struct batch *batch;	/* NULL: in a file */
	uint64_t turn, rows;
	uint64_t part;
};

/* Batches in a temporary file. */
struct part {
	struct spill_file *file;
	uint64_t end;		/* place */
	uint64_t rows, pieces;
};

struct tail_share {
	struct best_share *best;	/* with keys */
	struct op_run **run;		/* of all instances */
	uint32_t instance_count;
};

enum tail_step { TAIL_MEET, TAIL_GIVE, TAIL_GIVEN };

struct tail {
	struct tail_share *share;
	struct best *best;		/* with keys */
	/* Without: the last rows, oldest first; in files, then batches. */
	struct part *part;
	uint32_t part_count, part_capacity;
	uint64_t part_dropped;		/* parts there were before */
	struct piece *piece;
	uint64_t piece_first, piece_end, piece_capacity;
	uint64_t filed;			/* pieces that lie in files */
	uint64_t kept;			/* rows in all pieces */
	enum tail_step step;
	struct tail_giver *giver;
};

static struct tail *
tail_of(const struct op_run *run)
{
	return run->state;
}

static void *
tail_share(const struct op *op, uint32_t instance_count)
{
	struct tail_share *share = mem_alloc_zero(sizeof(*share));

	share->instance_count = instance_count;
	share->run = mem_alloc_zero(instance_count * sizeof(*share->run));
	if (op->args.by_count > 0)
		share->best = best_share_new(instance_count);
	return share;
}

static void
tail_unshare(void *take_share)
{
	struct tail_share *share = take_share;

	if (share->best != NULL)
		best_share_free(&share->best);
	mem_free(share->run);
	mem_free(share);
}

static int
tail_open(struct op_run *run, struct err *err)
{
	struct tail *tail = tail_of(run);

	(void)err;
	tail->share = run->share;
	tail->share->run[run->instance] = run;
	mem_budget_enter(&run->budget);
	if (run->op->args.by_count > 0)
		tail->best = best_new(run, tail->share->best, BEST_LAST);
	return 0;
}

/* --- without keys: batches --- */

static void
piece_free(struct op_run *run, struct piece *piece)
{
	if (piece->batch == NULL)
		return;
	mem_release(&run->budget, batch_bytes(piece->batch));
	batch_free(&piece->batch);
}

/* Let go of the oldest part, whose rows are all in front. */
static void
drop_part(struct tail *tail)
{
	struct part *part = &tail->part[0];

	tail->kept -= part->rows;
	tail->piece_first += part->pieces;
	tail->filed -= part->pieces;
	tail->part_dropped++;
	spill_file_free(&part->file);
	memmove(tail->part, tail->part + 1, --tail->part_count *
	    sizeof(*tail->part));
}

/* Let go of what is too old, files first: they are older. */
static void
tail_drop(struct op_run *run)
{
	struct tail *tail = tail_of(run);
	uint64_t limit = (uint64_t)run->op->args.limit;

	while (tail->part_count > 0 &&
	    tail->kept - tail->part[0].rows >= limit)
		drop_part(tail);
	while (tail->part_count == 0 && tail->piece_first < tail->piece_end &&
	    tail->kept - tail->piece[tail->piece_first].rows >= limit) {
		struct piece *piece = &tail->piece[tail->piece_first++];
		tail->kept -= piece->rows;
		piece_free(run, piece);
	}
}

/* Room for another piece: those in front move down when they are few. */
static void
pieces_reserve(struct tail *tail)
{
	uint64_t count = tail->piece_end - tail->piece_first;

	if (tail->piece_end < tail->piece_capacity)
		return;
	if (tail->piece_first > 0 && count <= tail->piece_capacity / 2) {
		memmove(tail->piece, tail->piece + tail->piece_first,
		    count * sizeof(*tail->piece));
		tail->piece_first = 0;
		tail->piece_end = count;
		return;
	}
	tail->piece_capacity = tail->piece_capacity * 2 + 16;
	tail->piece = mem_resize(tail->piece,
	    tail->piece_capacity * sizeof(*tail->piece));
}

/* The file that what is held goes to: the last one until it has its share. */
static struct part *
tail_part(struct op_run *run, struct err *err)
{
	struct tail *tail = tail_of(run);

	if (tail->part_count > 0) {
		struct part *last = &tail->part[tail->part_count - 1];
		if (last->rows <= (uint64_t)run->op->args.limit / PARTS)
			return last;
	}
	struct spill_file *file = op_spill_new(run, err);
	if (file == NULL)
		return NULL;
	if (tail->part_count == tail->part_capacity) {
		tail->part_capacity = tail->part_capacity * 2 + 4;
		tail->part = mem_resize(tail->part,
		    tail->part_capacity * sizeof(*tail->part));
	}
	tail->part[tail->part_count] = (struct part){ .file = file };
	return &tail->part[tail->part_count++];
}

/* All batches that are held to a file. */
static int
tail_spill(struct op_run *run, struct err *err)
{
	struct tail *tail = tail_of(run);
	struct part *part = tail_part(run, err);

	if (part == NULL)
		return -1;
	for (uint64_t i = tail->piece_first + tail->filed;
	    i < tail->piece_end; i++) {
		struct piece *piece = &tail->piece[i];
		if (spill_write_batch(part->file, piece->batch, err) != 0)
			return -1;
		piece_free(run, piece);
		piece->part = tail->part_dropped + tail->part_count - 1;
		part->rows += piece->rows;
		part->pieces++;
		tail->filed++;
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
	struct tail *tail = tail_of(run);

	if (run->op->args.limit == 0 || batch->sel_count == 0)
		return 0;
	tail_narrow(batch, (uint64_t)run->op->args.limit);
	struct batch *copy = batch_compact(batch);
	uint64_t bytes = batch_bytes(copy);
	int is_refused = mem_charge(&run->budget, bytes) != 0;

	if (is_refused)
		mem_charge_always(&run->budget, bytes);
	pieces_reserve(tail);
	tail->kept += copy->sel_count;
	tail->piece[tail->piece_end++] = (struct piece){ .batch = copy,
		.turn = run->job->turn, .rows = copy->sel_count };
	if ((is_refused || mem_is_pressed(&run->budget)) &&
	    tail_spill(run, err) != 0)
		return -1;
	tail_drop(run);
	return 0;
}

/* --- without keys: the end --- */

/* Going through an instance's pieces. */
struct course {
	struct op_run *run;
	uint64_t next;			/* piece */
	struct spill_reader *reader;
	uint64_t part;			/* that is read */
};

struct tail_giver {
	struct course *course;
	uint32_t course_count;
	uint64_t skip;			/* rows that are too old */
};

static struct tail_giver *
giver_new(struct op_run *run)
{
	const struct tail_share *share = tail_of(run)->share;
	struct tail_giver *giver = mem_alloc_zero(sizeof(*giver));
	uint64_t rows = 0, limit = (uint64_t)run->op->args.limit;

	giver->course_count = share->instance_count;
	giver->course = mem_alloc_zero(share->instance_count *
	    sizeof(*giver->course));
	for (uint32_t i = 0; i < share->instance_count; i++) {
		giver->course[i].run = share->run[i];
		giver->course[i].next = tail_of(share->run[i])->piece_first;
		rows += tail_of(share->run[i])->kept;
	}
	giver->skip = rows > limit ? rows - limit : 0;
	return giver;
}

static void
giver_free(struct tail_giver **take_giver)
{
	struct tail_giver *giver = *take_giver;

	*take_giver = NULL;
	if (giver == NULL)
		return;
	for (uint32_t i = 0; i < giver->course_count; i++)
		spill_reader_free(&giver->course[i].reader);
	mem_free(giver->course);
	mem_free(giver);
}

/* Whose piece comes next; NULL: there is none. */
static struct course *
giver_next(const struct tail_giver *giver)
{
	struct course *best = NULL;
	uint64_t least = 0;

	for (uint32_t i = 0; i < giver->course_count; i++) {
		struct course *course = &giver->course[i];
		const struct tail *tail = tail_of(course->run);
		if (course->next == tail->piece_end)
			continue;
		uint64_t turn = tail->piece[course->next].turn;
		if (best == NULL || turn < least) {
			best = course;
			least = turn;
		}
	}
	return best;
}

/* The batch of a piece that is in a file; NULL with err. */
static struct batch *
course_read(struct course *course, const struct piece *piece, struct err *err)
{
	const struct tail *tail = tail_of(course->run);
	const struct part *part = &tail->part[piece->part -
	    tail->part_dropped];
	struct batch *batch;

	if (course->reader == NULL || course->part != piece->part) {
		spill_reader_free(&course->reader);
		course->reader = spill_reader_new(part->file, 0, part->end);
		course->part = piece->part;
	}
	int got = spill_read_batch(course->reader, &batch, err);
	if (got == 0)
		err_set(err, ERR_IO, "a temporary file ends too early");
	return got == 1 ? batch : NULL;
}

static enum op_status
giver_give(struct op_run *run, struct tail_giver *giver, struct err *err)
{
	struct course *course = giver_next(giver);

	if (course == NULL)
		return OP_OK;
	struct piece *piece = &tail_of(course->run)->piece[course->next++];
	struct batch *batch = piece->batch;
	if (batch == NULL && (batch = course_read(course, piece, err)) == NULL)
		return OP_FAIL;
	if (piece->batch != NULL)
		mem_release(&course->run->budget, batch_bytes(batch));
	piece->batch = NULL;
	if (giver->skip >= batch->sel_count) {
		giver->skip -= batch->sel_count;
		batch_free(&batch);
		return OP_AGAIN;
	}
	tail_narrow(batch, batch->sel_count - giver->skip);
	giver->skip = 0;
	enum op_status status = op_give(run, batch, err);
	return status == OP_OK ? OP_AGAIN : status;
}

static enum op_status
tail_give(struct op_run *run, struct err *err)
{
	struct tail *tail = tail_of(run);
	enum op_status status = OP_AGAIN;

	if (run->instance > 0)
		return OP_OK;
	if (tail->giver == NULL)
		tail->giver = giver_new(run);
	for (unsigned i = 0; i < GIVE_BATCHES && status == OP_AGAIN; i++)
		status = giver_give(run, tail->giver, err);
	return status == OP_DONE ? OP_OK : status;
}

static enum op_status
tail_work(struct op_run *run, unsigned port, struct err *err)
{
	struct tail *tail = tail_of(run);
	enum op_status status = OP_OK;

	(void)port;
	if (tail->best != NULL)
		return best_work(tail->best, err);
	switch (tail->step) {
	case TAIL_MEET:
		if ((status = op_meet(run, 1)) != OP_OK)
			return status;
		tail->step = TAIL_GIVE;
		return OP_AGAIN;
	case TAIL_GIVE:
		status = tail_give(run, err);
		if (status == OP_OK)
			tail->step = TAIL_GIVEN;
		return status;
	case TAIL_GIVEN:
		break;
	}
	return OP_OK;
}

/* --- with keys --- */

/* The last `limit` rows of each group, in order. */
static struct best_row *
pick_last(struct best_heap *const *heap, uint32_t count, uint64_t limit,
	struct region *region, uint32_t *picked)
{
	struct best_row *row = region_alloc(region, (count + 1) *
	    sizeof(*row));
	uint32_t at = count;

	for (uint32_t i = 0; i < count; i++)
		heap[i]->seen = 0;
	for (uint32_t i = count; i-- > 0;)
		if (heap[i]->seen++ < limit)
			row[--at] = (struct best_row){ .row = i };
	*picked = count - at;
	return row + at;
}

static int
tail_keep_groups(struct op_run *run, struct batch *batch, struct err *err)
{
	struct tail *tail = tail_of(run);
	const struct op_args *args = &run->op->args;
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    args->by_count * sizeof(*column));
	struct key_set keys;
	uint32_t picked;

	if (args->limit == 0)
		return 0;
	if (group_eval_by(run, args->by, args->by_count, batch, region, column,
	    err) != 0)
		return -1;
	uint32_t count = batch->sel_count;
	if (count == 0)
		return 0;
	key_make(column, args->by_count, count, region, &keys);
	struct best_heap **heap = region_alloc(region, count * sizeof(*heap));
	if (best_find(tail->best, batch, &keys, heap, err) != 0)
		return -1;
	struct best_row *row = pick_last(heap, count, (uint64_t)args->limit,
	    region, &picked);
	return best_add(tail->best, batch, &keys, heap, row, picked, err);
}

static enum op_status
tail_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;

	(void)port;
	int status = tail_of(run)->best == NULL ?
	    tail_keep_batch(run, batch, err) :
	    tail_keep_groups(run, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

static void
tail_close(struct op_run *run)
{
	struct tail *tail = tail_of(run);

	giver_free(&tail->giver);
	best_free(&tail->best);
	for (uint64_t i = tail->piece_first; i < tail->piece_end; i++)
		piece_free(run, &tail->piece[i]);
	mem_free(tail->piece);
	for (uint32_t i = 0; i < tail->part_count; i++)
		spill_file_free(&tail->part[i].file);
	mem_free(tail->part);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
}

const struct op_def op_tail = {
	.name = "tail",
	.syntax = "tail [N] [by KEYS]",
	.summary = "the last N records (10 if not said), or of each group",
	.holds = "N rows, of each group; beyond the memory on disk",
	.example = "tail 1 by user",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD | OP_JOINT,
	.state_bytes = sizeof(struct tail),
	.need = op_need_by,
	.share = tail_share,
	.unshare = tail_unshare,
	.open = tail_open,
	.push = tail_push,
	.work = tail_work,
	.close = tail_close,
};
