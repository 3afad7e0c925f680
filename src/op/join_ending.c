/*
 * The end of a join: what was put aside comes in order.
 *
 * What the partitions in memory gave lies in a pile for each instance, what
 * came of those that were put away in one for each of these; each pile is in
 * order, and a row has the place of its left row.  All of them are merged.  The
 * order of the output is then what it would have been in memory; everything
 * waits for that, the price of an order.
 *
 *	pile   |------|------|------|------|	| marks: a file can be entered
 *	pile   |---|------|----|------|---|
 *	        0          : 1         : 2	segments, from mark to mark
 *
 * A segment is merged by itself: its readers begin at the last mark before it,
 * and skip what does not belong to it.  So segments are dealt out in rounds, to
 * as many instances as there is memory for their readers.
 *
 * In right and full joins the kept rows that met nothing follow, in order too;
 * the first instance gives them, in a round of their own.
 */
#include "op/join_priv.h"

#include <stdlib.h>
#include <string.h>

#include "state/spill.h"

/* Batches that are given in one step. */
#define STEP_BATCHES 8
/* Marks a segment has for each pile: half a one is read in vain. */
#define SEGMENT_MARKS 4u

/* --- rows of a merge as batches --- */

void
join_shapes_init(struct join_shapes *map, const struct pile_merge *merge,
	uint32_t readers)
{
	*map = (struct join_shapes){ .count = readers };
	map->of = mem_alloc_zero((readers + 1) * sizeof(*map->of));
	for (uint32_t i = 0; i < readers; i++) {
		const struct image_shapes *shapes =
		    pile_merge_pile(merge, i)->shapes;
		map->of[i] = mem_alloc((shapes->count + 1) *
		    sizeof(*map->of[i]));
		for (uint32_t s = 0; s < shapes->count; s++)
			map->of[i][s] = image_shapes_add(&map->all,
			    &shapes->shape[s]);
	}
}

void
join_shapes_fini(struct join_shapes *map)
{
	for (uint32_t i = 0; i < map->count; i++)
		mem_free(map->of[i]);
	mem_free(map->of);
	image_shapes_fini(&map->all);
	*map = (struct join_shapes){ 0 };
}

/* Does the row come before the mark? */
static inline int
is_before(const struct image *row, const struct pile_mark *mark)
{
	return row->turn != mark->turn ? row->turn < mark->turn :
	    row->number < mark->number;
}

int
join_take_rows(struct pile_merge *merge, const struct join_shapes *map,
	uint32_t most, const struct pile_mark *end, struct image **rows,
	const struct image_shape **shape, struct err *err)
{
	uint32_t count = 0, reader, number = 0;
	struct image *row;
	int status = 1;

	while (count < most &&
	    (status = pile_merge_look(merge, &row, &reader, err)) == 1) {
		uint32_t own = map->of[reader][row->shape];
		if ((count > 0 && own != number) ||
		    (end != NULL && !is_before(row, end)))
			break;
		number = own;
		rows[count++] = row;
		if (pile_merge_pass(merge, err) != 0)
			return -1;
	}
	*shape = count == 0 ? NULL : &map->all.shape[number];
	return status < 0 ? -1 : (int)count;
}

struct join_ending {
	struct pile **pile;		/* of what was put aside */
	uint32_t pile_count;
	struct pile_mark *split;	/* between segments */
	uint32_t split_count;
	/* Instances that take segments, one a round each. */
	uint32_t taker_count;
	uint32_t round, round_count;
	struct pile_merge *given;	/* of the segment; NULL: none yet */
	struct join_shapes shapes;
	const struct pile_mark *end;	/* of the segment; NULL: none */
	struct pile_merge *rest;	/* of right, full */
	uint32_t strip, strip_row;	/* the same of strips */
	struct schema *left;	/* the fields of all left records */
	struct image **rows;
};

static void
ending_find_piles(struct join_ending *ending, struct join_share *share)
{
	uint32_t most = share->instance_count + JOIN_PARTS;

	ending->pile = mem_alloc(most * sizeof(*ending->pile));
	for (uint32_t i = 0; i < share->instance_count; i++)
		if (share->instance[i].given.file != NULL)
			ending->pile[ending->pile_count++] =
			    &share->instance[i].given;
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (share->later[p].given.file != NULL)
			ending->pile[ending->pile_count++] =
			    &share->later[p].given;
}

/* --- segments --- */

static int
mark_compare(const void *a, const void *b)
{
	const struct pile_mark *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* All instances come to the same. */
static void
ending_split(struct join_ending *ending)
{
	uint32_t apart = pile_is_tested() ? 2 :
	    ending->pile_count * SEGMENT_MARKS;
	uint32_t count = 0, kept = 0;

	for (uint32_t i = 0; i < ending->pile_count; i++)
		count += ending->pile[i]->mark_count;
	struct pile_mark *mark = mem_alloc((count + 1) * sizeof(*mark));
	count = 0;
	for (uint32_t i = 0; i < ending->pile_count; i++) {
		const struct pile *pile = ending->pile[i];
		if (pile->mark_count > 0)
			memcpy(&mark[count], pile->mark,
			    pile->mark_count * sizeof(*mark));
		count += pile->mark_count;
	}
	qsort(mark, count, sizeof(*mark), mark_compare);
	for (uint32_t i = apart; i < count; i += apart)
		if (kept == 0 || mark_compare(&mark[kept - 1], &mark[i]) < 0)
			mark[kept++] = mark[i];
	ending->split = mark;
	ending->split_count = kept;
}

/* How many instances have room for the readers of a segment? */
static uint32_t
ending_takers(const struct join_ending *ending, uint32_t instances)
{
	uint64_t bytes = (uint64_t)ending->pile_count * SPILL_READER_BYTES;
	uint64_t room = mem_limit() / 8 * 5;

	if (mem_limit() == 0 || pile_is_tested() || bytes * instances <= room)
		return instances;
	return room < bytes * 2 ? 1 : (uint32_t)(room / bytes);
}

/* The place in a pile before all that is not before the mark. */
static uint64_t
pile_place(const struct pile *pile, const struct pile_mark *mark)
{
	uint32_t low = 0, high = pile->mark_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (mark_compare(&pile->mark[middle], mark) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : pile->mark[low - 1].place;
}

/* Open segment number `segment` and skip what comes before it.  0 or -1. */
static int
segment_open(struct join_ending *ending, struct join_share *share,
	uint32_t segment, struct err *err)
{
	const struct pile_mark *begin = segment == 0 ? NULL :
	    &ending->split[segment - 1];
	struct pile_reader **reader = mem_alloc((ending->pile_count + 1) *
	    sizeof(*reader));
	struct image *row;
	uint32_t at;
	int status = 0;

	ending->end = segment == ending->split_count ? NULL :
	    &ending->split[segment];
	for (uint32_t i = 0; i < ending->pile_count; i++)
		reader[i] = pile_reader_new_at(ending->pile[i],
		    &share->budget, begin == NULL ? 0 :
		    pile_place(ending->pile[i], begin));
	ending->given = pile_merge_new(reader, ending->pile_count);
	mem_free(reader);
	join_shapes_init(&ending->shapes, ending->given, ending->pile_count);
	while (begin != NULL && status == 0) {
		status = pile_merge_look(ending->given, &row, &at, err);
		if (status <= 0 || !is_before(row, begin))
			break;
		status = pile_merge_pass(ending->given, err);
		pile_merge_release(ending->given);
	}
	return status < 0 ? -1 : 0;
}

static void
segment_close(struct join_ending *ending)
{
	pile_merge_free(&ending->given);
	join_shapes_fini(&ending->shapes);
}

/* --- what met nothing --- */

static struct pile_merge *
ending_rest(struct join_share *share)
{
	uint32_t most = (share->instance_count + 1) * JOIN_PARTS, count = 0;
	struct pile_reader **reader = mem_alloc(most * sizeof(*reader));

	for (uint32_t p = 0; p < JOIN_PARTS; p++) {
		if (share->is_spilled[p]) {
			reader[count++] = pile_reader_new(
			    &share->later[p].rest, &share->budget);
			continue;
		}
		for (uint32_t i = 0; i < share->instance_count; i++)
			reader[count++] = pile_reader_new(
			    &share->instance[i].build[p], &share->budget);
	}
	struct pile_merge *merge = pile_merge_new(reader, count);
	mem_free(reader);
	return merge;
}

static int
seen_compare(const void *a, const void *b)
{
	const struct join_seen *x = *(struct join_seen *const *)a;
	const struct join_seen *y = *(struct join_seen *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void
add_fields(struct schema *all, const struct schema *schema)
{
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (schema_find(all, field->name, field->name_size) >= 0)
			continue;
		uint32_t index = schema_add(all, field->name,
		    field->name_size, field->type);
		all->field[index].qualifier_size = field->qualifier_size;
	}
}

/* All fields that left records had, in the order of the input. */
static struct schema *
left_fields(const struct op_run *run, const struct join_share *share)
{
	struct join_seen **seen;
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		count += share->instance[i].seen_count;
	if (count == 0)
		return schema_hold(run->op->in[0]);
	seen = mem_alloc(count * sizeof(*seen));
	count = 0;
	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t s = 0; s < share->instance[i].seen_count; s++)
			seen[count++] = &share->instance[i].seen[s];
	qsort(seen, count, sizeof(struct join_seen *), seen_compare);
	struct schema *all = schema_new();
	for (uint32_t i = 0; i < count; i++)
		add_fields(all, seen[i]->schema);
	mem_free(seen);
	return all;
}

struct join_ending *
join_ending_new(struct op_run *run, struct join_probe *probe)
{
	struct join_ending *ending = mem_alloc_zero(sizeof(*ending));
	struct join_share *share = probe->share;
	uint32_t instances = share->instance_count;

	ending->rows = mem_alloc(probe->most * sizeof(*ending->rows));
	ending_find_piles(ending, share);
	ending_split(ending);
	ending->taker_count = ending_takers(ending, instances);
	ending->round_count = ending->pile_count == 0 ? 0 :
	    ending->split_count / ending->taker_count + 1;
	ending->round_count += join_keeps_right(run->op);
	if (join_keeps_right(run->op) && run->instance == 0) {
		ending->rest = ending_rest(share);
		ending->left = left_fields(run, share);
	}
	return ending;
}

void
join_ending_free(struct join_ending **take_ending)
{
	struct join_ending *ending = *take_ending;

	if (ending == NULL)
		return;
	segment_close(ending);
	pile_merge_free(&ending->rest);
	schema_drop(&ending->left);
	mem_free(ending->pile);
	mem_free(ending->split);
	mem_free(ending->rows);
	mem_free(ending);
	*take_ending = NULL;
}

/* Up to `most` kept rows that met nothing: how many, or -1. */
static int
take_rest(struct pile_merge *merge, uint32_t most, struct image **rows,
	struct err *err)
{
	uint32_t count = 0, reader;
	struct image *row;
	int status = 1;

	while (count < most &&
	    (status = pile_merge_look(merge, &row, &reader, err)) == 1) {
		if (!(row->flags & IMAGE_FOUND))
			rows[count++] = row;
		if (pile_merge_pass(merge, err) != 0)
			return -1;
	}
	return status < 0 ? -1 : (int)count;
}

/* A batch of a merge; OP_OK: it was the last. */
static enum op_status
segment_give(struct op_run *run, struct join_probe *probe,
	struct join_ending *ending, struct err *err)
{
	const struct image_shape *shape;
	int count = join_take_rows(ending->given, &ending->shapes,
	    probe->most, ending->end, ending->rows, &shape, err);

	if (count <= 0) {
		segment_close(ending);
		return count < 0 ? OP_FAIL : OP_OK;
	}
	enum op_status status = op_give(run, image_batch(shape, ending->rows,
	    (uint32_t)count), err);
	pile_merge_release(ending->given);
	return status == OP_OK ? OP_AGAIN : status;
}

static enum op_status
rest_give(struct op_run *run, struct join_probe *probe,
	struct join_ending *ending, struct err *err)
{
	enum op_status status = OP_OK;
	int count = probe->window != NULL ? join_window_rest(probe->window,
	    &ending->strip, &ending->strip_row, probe->most, ending->rows,
	    err) : take_rest(ending->rest, probe->most, ending->rows, err);

	if (count > 0)
		status = join_give_rest(run, probe, ending->left,
		    ending->rows, (uint32_t)count, err);
	pile_merge_release(ending->rest);
	if (count < 0)
		return OP_FAIL;
	return count > 0 && status == OP_OK ? OP_AGAIN : status;
}

/* A batch of this instance's part of the round; OP_OK: there is none left. */
static enum op_status
round_give(struct op_run *run, struct join_probe *probe,
	struct join_ending *ending, struct err *err)
{
	uint32_t segment = ending->round * ending->taker_count +
	    run->instance;

	if (join_keeps_right(run->op) &&
	    ending->round + 1 == ending->round_count)
		return ending->rest == NULL ? OP_OK :
		    rest_give(run, probe, ending, err);
	if (run->instance >= ending->taker_count ||
	    segment > ending->split_count || ending->pile_count == 0)
		return OP_OK;
	if (ending->given == NULL && segment_open(ending, probe->share,
	    segment, err) != 0)
		return OP_FAIL;
	return segment_give(run, probe, ending, err);
}

enum op_status
join_ending_step(struct op_run *run, struct join_probe *probe,
	struct join_ending *ending, struct err *err)
{
	enum op_status status = OP_AGAIN;

	for (unsigned i = 0; i < STEP_BATCHES && status == OP_AGAIN; i++)
		status = round_give(run, probe, ending, err);
	/* Nobody wants the rest. */
	if (status == OP_DONE)
		return OP_OK;
	if (status != OP_OK)
		return status;
	if (++ending->round >= ending->round_count)
		return OP_OK;
	run->job->turn_is_over = 1;
	return OP_AGAIN;
}
