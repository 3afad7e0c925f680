/*
 * Rows.  The ranges of a column lie in pairs, from and to, so that one row's
 * value is one store and a column is a view with a stride of 2.  A field that a
 * record has not got has an empty range; a column that no row of the batch has
 * shares one empty range for all of them, so that the hundredth shape of a log
 * costs nothing where it does not turn up.
 *
 * With all columns wanted the schema grows by appending.  One that batches have
 * is never touched: the first new name makes a copy, and rows read before have
 * the new columns empty.
 */
#include "io/json_rows.h"

#include <assert.h>
#include <string.h>

#include "data/batch.h"
#include "data/schema.h"
#include "io/format.h"
#include "util/mem.h"

static const uint32_t nothing[2];

void
json_rows_init(struct json_rows *rows)
{
	memset(rows, 0, sizeof(*rows));
	rows->schema = schema_new();
	rows->all = 1;
	rows->limit = batch_rows_target();
}

void
json_rows_fini(struct json_rows *rows)
{
	schema_drop(&rows->schema);
	region_drop(&rows->region);
	mem_free(rows->ranges);
}

/* Places for the ranges of all columns of the schema. */
static void
make_room(struct json_rows *rows)
{
	uint32_t before = rows->range_capacity;

	if (rows->schema->field_count <= before)
		return;
	rows->range_capacity = rows->schema->field_count * 2;
	rows->ranges = mem_resize(rows->ranges,
	    rows->range_capacity * sizeof(*rows->ranges));
	memset(rows->ranges + before, 0,
	    (rows->range_capacity - before) * sizeof(*rows->ranges));
}

void
json_rows_need(struct json_rows *rows, const struct need *need)
{
	if (need->all)
		return;
	rows->all = 0;
	for (uint32_t i = 0; i < need->name_count; i++)
		schema_add(rows->schema, need->name[i], strlen(need->name[i]),
		    TYPE_ANY);
	make_room(rows);
}

struct schema *
json_rows_met(struct json_rows *rows)
{
	if (!rows->all)
		return NULL;
	rows->shared = 1;
	return schema_hold(rows->schema);
}

/* Does `wider` begin with the fields of the other? */
static int
is_begun_by(const struct schema *wider, const struct schema *schema)
{
	if (wider->field_count < schema->field_count)
		return 0;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *one = &schema->field[i];
		const struct field *two = &wider->field[i];
		if (one->name_size != two->name_size ||
		    memcmp(one->name, two->name, one->name_size) != 0)
			return 0;
	}
	return 1;
}

int
json_rows_meet(struct json_rows *rows, struct schema *schema)
{
	assert(rows->count == 0);
	if (!rows->all || schema == rows->schema)
		return 1;
	int keeps = is_begun_by(schema, rows->schema);
	schema_drop(&rows->schema);
	rows->schema = schema_hold(schema);
	rows->shared = 1;
	/* Of a row that was refused, or of columns that are no more. */
	region_drop(&rows->region);
	if (rows->range_capacity > 0)
		memset(rows->ranges, 0,
		    rows->range_capacity * sizeof(*rows->ranges));
	make_room(rows);
	return keeps;
}

int
json_rows_column(struct json_rows *rows, const char *name, size_t size)
{
	int column = schema_find(rows->schema, name, size);

	if (column >= 0 || !rows->all)
		return column;
	if (rows->schema->field_count == JSON_COLUMNS_MAX)
		return -2;
	if (rows->shared) {
		struct schema *wider = schema_copy(rows->schema);
		schema_drop(&rows->schema);
		rows->schema = wider;
		rows->shared = 0;
	}
	column = (int)schema_add(rows->schema, name, size, TYPE_ANY);
	make_room(rows);
	return column;
}

void
json_rows_open(struct json_rows *rows, uint32_t column)
{
	rows->ranges[column] = region_alloc_zero(rows->region,
	    (size_t)rows->limit * 2 * sizeof(uint32_t));
}

void
json_rows_begin(struct json_rows *rows)
{
	rows->count = 0;
	if (rows->region != NULL)
		return;
	rows->region = region_new();
	rows->records = region_alloc(rows->region,
	    (size_t)rows->limit * 2 * sizeof(uint32_t));
	if (rows->schema->field_count > 0)
		memset(rows->ranges, 0,
		    rows->schema->field_count * sizeof(*rows->ranges));
}

struct batch *
json_rows_batch(struct json_rows *rows, const char *base, struct region *chunk)
{
	struct batch *batch = batch_new(rows->schema, rows->count);
	struct column view = {
		.type = TYPE_RAW_JSON, .encoding = SLICE, .base = base,
	};

	for (uint32_t i = 0; i < rows->schema->field_count; i++) {
		const uint32_t *ranges = rows->ranges[i];
		view.stride = ranges == NULL ? 0 : 2;
		view.from = ranges == NULL ? nothing : ranges;
		view.to = view.from + 1;
		batch->column[i] = view;
	}
	view.stride = 2;
	view.from = rows->records;
	view.to = rows->records + 1;
	batch->record = view;
	batch->has_record = 1;
	batch_take_region(batch, region_hold(chunk));
	batch_take_region(batch, rows->region);
	rows->region = NULL;
	rows->count = 0;
	rows->shared = 1;
	return batch;
}
