/*
 * The form of partial counts between `partial` and its window.
 *
 *	start | first | update | records | state
 *
 * The first three say which bucket (window_bucket.c) the groups lie in and are
 * constant columns: over a link they cost a few bytes a batch.  A state is a
 * row of groups as it is in a checkpoint: hash, key, what the aggregates save.
 * Its first word, the hash, is all that an edge must look at.
 */
#include "op/partial.h"

#include "data/batch.h"
#include "util/bits.h"
#include "util/err.h"

enum { PARTIAL_START, PARTIAL_FIRST, PARTIAL_UPDATE, PARTIAL_RECORDS,
	PARTIAL_STATE, PARTIAL_COLUMNS };

static const struct {
	const char *name;
	uint32_t size;
	enum type type;
} partial_column[PARTIAL_COLUMNS] = {
	[PARTIAL_START] = { "start", 5, TYPE_INT },
	[PARTIAL_FIRST] = { "first", 5, TYPE_INT },
	[PARTIAL_UPDATE] = { "update", 6, TYPE_INT },
	[PARTIAL_RECORDS] = { "records", 7, TYPE_INT },
	[PARTIAL_STATE] = { "state", 5, TYPE_TEXT },
};

void
partial_writer_init(struct partial_writer *writer)
{
	writer->schema = schema_new();
	for (uint32_t i = 0; i < PARTIAL_COLUMNS; i++)
		schema_add(writer->schema, partial_column[i].name,
		    partial_column[i].size, partial_column[i].type);
}

void
partial_writer_fini(struct partial_writer *writer)
{
	builder_fini(&writer->records);
	builder_fini(&writer->state);
	schema_drop(&writer->schema);
}

void
partial_add(struct partial_writer *writer, uint64_t records, const char *bytes,
	size_t size)
{
	builder_add_int(&writer->records, TYPE_INT, (int64_t)records);
	builder_add_text(&writer->state, TYPE_TEXT, bytes, size);
	writer->count++;
}

struct batch *
partial_take(struct partial_writer *writer, const struct partial_bucket *bucket)
{
	struct batch *batch = batch_new(writer->schema, writer->count);
	struct region *region = batch_region(batch);
	struct value value = { .type = TYPE_INT };

	value.cell.integer = bucket->start_us;
	column_init_const(&batch->column[PARTIAL_START], &value, region);
	value.cell.integer = bucket->first_us;
	column_init_const(&batch->column[PARTIAL_FIRST], &value, region);
	value.cell.integer = bucket->update_us;
	column_init_const(&batch->column[PARTIAL_UPDATE], &value, region);
	builder_finish(&writer->records, region,
	    &batch->column[PARTIAL_RECORDS]);
	builder_finish(&writer->state, region, &batch->column[PARTIAL_STATE]);
	writer->count = 0;
	return batch;
}

int
partial_is(const struct batch *batch)
{
	return batch->time == NULL;
}

int
partial_check(const struct batch *batch, struct err *err)
{
	int good = batch->schema->field_count == PARTIAL_COLUMNS;

	for (uint32_t i = 0; good && i < PARTIAL_COLUMNS; i++)
		good = batch->column[i].type == partial_column[i].type &&
		    batch->column[i].encoding != SLICE &&
		    batch->column[i].valid == NULL;
	return good ? 0 : err_set(err, ERR_IO,
	    "partial counts from another host are damaged");
}

void
partial_hashes(const struct batch *batch, uint64_t *hash)
{
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		struct text state = partial_state(batch, batch_row(batch, i));
		hash[i] = bits_load64(text_bytes(&state));
	}
}

static int64_t
column_int(const struct column *column, uint32_t row)
{
	const int64_t *data = column->data;

	return data[column->encoding == CONST ? 0 : row];
}

struct partial_bucket
partial_bucket_of(const struct batch *batch, uint32_t row)
{
	const struct column *column = batch->column;

	return (struct partial_bucket){
		.start_us = column_int(&column[PARTIAL_START], row),
		.first_us = column_int(&column[PARTIAL_FIRST], row),
		.update_us = column_int(&column[PARTIAL_UPDATE], row),
	};
}

uint64_t
partial_records(const struct batch *batch, uint32_t row)
{
	return (uint64_t)column_int(&batch->column[PARTIAL_RECORDS], row);
}

struct text
partial_state(const struct batch *batch, uint32_t row)
{
	return column_row_text(&batch->column[PARTIAL_STATE], row);
}
