/*
 * Results to those who want them, in the order of groups.
 *
 * There are as many results as parts, each in order.  In memory the groups are
 * divided among the instances by the place of their first record, so that each
 * gives about as many rows, and each merges its share.  Files are merged by the
 * first instance.
 */
#include "op/best_priv.h"

#include <string.h>

#include "util/err.h"

/* A call gives so many batches: a few milliseconds. */
#define GIVE_BATCHES 8

struct cursor {
	const struct best_row_given *row, *end;
};

struct best_giver {
	struct image_union all;
	int record;		/* the column of records; -1: none */
	int has_record;		/* all have one, and alike */
	struct schema *schema;	/* without it; held */
	struct image **row;
	uint32_t most;
	/* In memory: those that have rows left, the first group first. */
	struct cursor *cursor;
	uint32_t cursor_count;
	struct pile_merge *merge;	/* of files */
};

/* --- what rows look like --- */

static int
shape_record(const struct image_shape *shape)
{
	return schema_find(shape->schema, BEST_RECORD_NAME, 1);
}

static int
records_are_alike(const struct image_shapes *shapes)
{
	struct record_form first = { 0 };

	for (uint32_t i = 0; i < shapes->count; i++) {
		const struct image_shape *shape = &shapes->shape[i];
		int at = shape_record(shape);
		if (at < 0)
			return 0;
		struct record_form form = { (enum type)shape->type[at],
		    shape->delimiter[at], shape->schema };
		if (i == 0)
			first = form;
		if (!record_form_is_same(&form, &first))
			return 0;
	}
	return shapes->count > 0;
}

/* The fields but that of records. */
static struct schema *
schema_without(const struct schema *wide, int record)
{
	struct schema *plain = schema_new();

	for (uint32_t i = 0; i < wide->field_count; i++) {
		const struct field *field = &wide->field[i];
		if ((int)i == record)
			continue;
		uint32_t at = schema_add(plain, field->name, field->name_size,
		    field->type);
		plain->field[at].qualifier_size = field->qualifier_size;
	}
	return plain;
}

static void
giver_learn_shapes(struct best_giver *giver, struct best *best)
{
	const struct image_shapes *shapes = &best->share->shapes;
	uint32_t count = shapes->count;
	const struct image_shape **shape = mem_alloc((count + 1) *
	    sizeof(*shape));

	for (uint32_t i = 0; i < count; i++)
		shape[i] = &shapes->shape[i];
	image_union_init(&giver->all, best->run, shape, count);
	mem_free(shape);
	giver->record = schema_find(giver->all.schema, BEST_RECORD_NAME, 1);
	giver->has_record = records_are_alike(shapes);
	giver->schema = schema_without(giver->all.schema, giver->record);
}

static struct batch *
giver_batch(const struct best_giver *giver, uint32_t count)
{
	uint32_t fields = giver->all.schema->field_count, put = 0;
	struct batch *batch = batch_new(giver->schema, count);
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (fields + 1) * sizeof(*column));

	image_union_read(&giver->all, giver->row, count, region, column);
	for (uint32_t i = 0; i < fields; i++)
		if ((int)i != giver->record)
			batch->column[put++] = column[i];
	if (giver->has_record) {
		batch->record = column[giver->record];
		batch->has_record = 1;
	}
	return batch;
}

/* --- shares --- */

/* Rows of groups that come before `place`. */
static uint64_t
result_rows_before(const struct best_result *result, uint64_t place)
{
	uint64_t low = 0, high = result->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (result->row[middle].first < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t
rows_before(const void *cookie, uint64_t place)
{
	const struct best_share *share = cookie;
	uint64_t rows = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t p = 0; p < BEST_PARTS_MAX; p++)
			rows += result_rows_before(
			    &share->instance[i]->result[p], place);
	return rows;
}

/* The first place that is of share `number`. */
static uint64_t
share_begin(const struct best_share *share, uint32_t number)
{
	uint64_t places = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		places += share->instance[i]->turns.rows;
	return turns_share(number, share->instance_count, places, rows_before,
	    share);
}

static void
cursors_sink(struct best_giver *giver, uint32_t at)
{
	struct cursor *cursor = giver->cursor, moved = cursor[at];

	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= giver->cursor_count)
			break;
		if (child + 1 < giver->cursor_count &&
		    cursor[child + 1].row->first < cursor[child].row->first)
			child++;
		if (moved.row->first <= cursor[child].row->first)
			break;
		cursor[at] = cursor[child];
		at = child;
	}
	cursor[at] = moved;
}

static void
giver_open_rows(struct best_giver *giver, struct best *best)
{
	const struct best_share *share = best->share;
	uint64_t begin = share_begin(share, best->run->instance);
	uint64_t end = share_begin(share, best->run->instance + 1);

	giver->cursor = mem_alloc(share->instance_count * BEST_PARTS_MAX *
	    sizeof(*giver->cursor));
	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t p = 0; p < BEST_PARTS_MAX; p++) {
			const struct best_result *it =
			    &share->instance[i]->result[p];
			struct cursor cursor = {
				it->row + result_rows_before(it, begin),
				it->row + result_rows_before(it, end),
			};
			if (it->row != NULL && cursor.row < cursor.end)
				giver->cursor[giver->cursor_count++] = cursor;
		}
	for (uint32_t i = giver->cursor_count / 2; i-- > 0;)
		cursors_sink(giver, i);
}

static void
giver_open_files(struct best_giver *giver, struct best *best)
{
	const struct best_share *share = best->share;
	struct pile_reader *reader[BEST_PARTS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count &&
	    best->run->instance == 0; i++)
		for (uint32_t p = 0; p < BEST_PARTS_MAX; p++) {
			struct pile *file =
			    &share->instance[i]->result[p].file;
			if (file->row_count > 0)
				reader[count++] = pile_reader_new(file,
				    &best->run->budget);
		}
	giver->merge = pile_merge_new(reader, count);
}

static struct best_giver *
giver_new(struct best *best)
{
	struct best_giver *giver = mem_alloc_zero(sizeof(*giver));

	giver->most = batch_rows_target();
	giver->row = mem_alloc(giver->most * sizeof(*giver->row));
	giver_learn_shapes(giver, best);
	if (best->is_on_disk)
		giver_open_files(giver, best);
	else
		giver_open_rows(giver, best);
	return giver;
}

void
best_giver_free(struct best_giver **take_giver)
{
	struct best_giver *giver = *take_giver;

	*take_giver = NULL;
	if (giver == NULL)
		return;
	pile_merge_free(&giver->merge);
	image_union_fini(&giver->all);
	schema_drop(&giver->schema);
	mem_free(giver->cursor);
	mem_free(giver->row);
	mem_free(giver);
}

/* --- giving --- */

/* Up to giver->most rows: how many, 0 at the end, -1. */
static int
take_rows(struct best_giver *giver)
{
	uint32_t count = 0;

	while (count < giver->most && giver->cursor_count > 0) {
		struct cursor *cursor = &giver->cursor[0];
		uint64_t first = cursor->row->first;
		while (count < giver->most && cursor->row < cursor->end &&
		    cursor->row->first == first)
			giver->row[count++] = cursor->row++->image;
		if (cursor->row == cursor->end)
			*cursor = giver->cursor[--giver->cursor_count];
		if (giver->cursor_count > 0)
			cursors_sink(giver, 0);
	}
	return (int)count;
}

static int
take_merged(struct best_giver *giver, struct err *err)
{
	uint32_t count = 0, from;
	int status = 1;

	while (count < giver->most && (status = pile_merge_look(giver->merge,
	    &giver->row[count], &from, err)) == 1) {
		count++;
		if (pile_merge_pass(giver->merge, err) != 0)
			return -1;
	}
	return status < 0 ? -1 : (int)count;
}

static enum op_status
give_batch(struct best *best, struct err *err)
{
	struct best_giver *giver = best->giver;
	int count = giver->merge != NULL ? take_merged(giver, err) :
	    take_rows(giver);

	if (count <= 0)
		return count < 0 ? OP_FAIL : OP_OK;
	enum op_status status = op_give(best->run, giver_batch(giver,
	    (uint32_t)count), err);
	if (giver->merge != NULL)
		pile_merge_release(giver->merge);
	return status == OP_OK ? OP_AGAIN : status;
}

enum op_status
best_give(struct best *best, struct err *err)
{
	enum op_status status = OP_AGAIN;

	if (best->giver == NULL)
		best->giver = giver_new(best);
	for (unsigned i = 0; i < GIVE_BATCHES && status == OP_AGAIN; i++)
		status = give_batch(best, err);
	/* Nobody wants the rest. */
	return status == OP_DONE ? OP_OK : status;
}
