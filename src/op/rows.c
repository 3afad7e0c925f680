/*
 * Kept rows.
 *
 * All that is kept lies in one region, which batches made of it hold: there is
 * nothing to free singly.  Per field the store remembers whether all batches
 * had the same physical type; gathering such a column is a loop over one width,
 * everything else becomes a MIXED column that says each row's own type.
 */
#include "op/rows.h"

#include <string.h>

struct kept {
	uint32_t row_count;
	struct schema *schema;	/* held */
	struct column *column;
	struct column record;
	int *map;		/* field of the store -> column, -1: not there */
	uint32_t map_count;	/* fields that map covers */
};

struct rows {
	struct op_run *run;
	struct region *region;
	size_t charged;
	struct schema *schema;
	uint8_t *type;		/* per field: enum type; MIXED if they differ */
	uint8_t *delimiter;	/* per field: of RAW_CSV; 0 if they differ */
	struct kept *kept;
	uint32_t kept_count;
	uint64_t row_count;
	int no_record;		/* some batch had no record bytes */
};

struct rows *
rows_new(struct op_run *run)
{
	struct rows *rows = mem_alloc_zero(sizeof(*rows));

	rows->run = run;
	rows->region = region_new();
	rows->schema = schema_new();
	return rows;
}

void
rows_free(struct rows **take_rows)
{
	struct rows *rows = *take_rows;

	if (rows == NULL)
		return;
	for (uint32_t i = 0; i < rows->kept_count; i++)
		schema_drop(&rows->kept[i].schema);
	mem_release(&rows->run->budget, rows->charged);
	mem_free(rows->kept);
	mem_free(rows->type);
	mem_free(rows->delimiter);
	schema_drop(&rows->schema);
	region_drop(&rows->region);
	mem_free(rows);
	*take_rows = NULL;
}

uint64_t
rows_count(const struct rows *rows)
{
	return rows->row_count;
}

struct schema *
rows_schema(const struct rows *rows)
{
	return rows->schema;
}

struct region *
rows_region(const struct rows *rows)
{
	return rows->region;
}

size_t
rows_bytes(const struct rows *rows)
{
	return rows->charged;
}

/* Fields that are new; the schema may be shared, so it is made anew. */
static void
rows_add_fields(struct rows *rows, const struct schema *schema)
{
	uint32_t before = rows->schema->field_count;
	struct schema *wider = NULL;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		const struct schema *known = wider != NULL ? wider :
		    rows->schema;
		if (schema_find(known, field->name, field->name_size) >= 0)
			continue;
		if (wider == NULL)
			wider = schema_copy(rows->schema);
		uint32_t index = schema_add(wider, field->name,
		    field->name_size, field->type);
		wider->field[index].qualifier_size = field->qualifier_size;
	}
	if (wider == NULL)
		return;
	schema_drop(&rows->schema);
	rows->schema = wider;
	rows->type = mem_resize(rows->type, wider->field_count);
	rows->delimiter = mem_resize(rows->delimiter, wider->field_count);
	for (uint32_t i = before; i < wider->field_count; i++) {
		/* Rows before this batch have nothing here. */
		rows->type[i] = rows->kept_count == 0 ? TYPE_COUNT :
		    TYPE_RAW_JSON;
		rows->delimiter[i] = 0;
	}
}

/*
 * What a store's column becomes when `column` (NULL: absent) joins it.  Absent
 * fields of JSON stay JSON: their token is empty, which says missing.
 */
static void
rows_join_type(struct rows *rows, uint32_t field, const struct column *column)
{
	uint8_t type = column == NULL ? TYPE_RAW_JSON : column->type;

	if (rows->type[field] == TYPE_COUNT) {
		rows->type[field] = type;
		rows->delimiter[field] = column == NULL ? 0 :
		    column->delimiter;
	}
	if (rows->type[field] != type)
		rows->type[field] = TYPE_MIXED;
	if (column != NULL && rows->delimiter[field] != column->delimiter)
		rows->delimiter[field] = 0;
}

static void
rows_map(struct rows *rows, struct kept *kept)
{
	kept->map_count = rows->schema->field_count;
	kept->map = region_alloc(rows->region,
	    (kept->map_count + 1) * sizeof(int));
	for (uint32_t i = 0; i < kept->map_count; i++) {
		const struct field *field = &rows->schema->field[i];
		kept->map[i] = schema_find(kept->schema, field->name,
		    field->name_size);
		rows_join_type(rows, i, kept->map[i] < 0 ? NULL :
		    &kept->column[kept->map[i]]);
	}
}

int
rows_add(struct rows *rows, const struct batch *batch, uint32_t *index,
	struct err *err)
{
	uint32_t fields = batch->schema->field_count;

	rows_add_fields(rows, batch->schema);
	if ((rows->kept_count & (rows->kept_count - 1)) == 0) {
		uint32_t capacity = rows->kept_count == 0 ? 1 :
		    rows->kept_count * 2;
		rows->kept = mem_resize(rows->kept,
		    capacity * sizeof(*rows->kept));
	}
	struct kept *kept = &rows->kept[rows->kept_count];
	*kept = (struct kept){
		.row_count = batch->sel_count,
		.schema = schema_hold(batch->schema),
		.column = region_alloc(rows->region,
		    (fields + 1) * sizeof(struct column)),
	};
	for (uint32_t i = 0; i < fields; i++)
		column_copy(&batch->column[i], batch->sel, batch->sel_count,
		    rows->region, &kept->column[i]);
	if (batch->has_record)
		column_copy(&batch->record, batch->sel, batch->sel_count,
		    rows->region, &kept->record);
	else
		rows->no_record = 1;
	rows_map(rows, kept);
	*index = rows->kept_count++;
	rows->row_count += batch->sel_count;
	size_t bytes = region_bytes(rows->region);
	if (bytes <= rows->charged)
		return 0;
	size_t more = bytes - rows->charged;
	if (op_charge(rows->run, more, err) != 0)
		return -1;
	rows->charged = bytes;
	return 0;
}

/* The column of a field in a kept batch, or NULL. */
static const struct column *
kept_column(const struct kept *kept, uint32_t field)
{
	if (field >= kept->map_count || kept->map[field] < 0)
		return NULL;
	return &kept->column[kept->map[field]];
}

static void
gather_valid(struct column *out, uint32_t i, uint32_t count,
	struct region *region)
{
	column_need_valid(out, count, region);
	out->valid[i >> 6] &= ~(1ull << (i & 63));
}

/* One cell of one width; a column that is not there leaves zeros. */
static void
gather_element(const struct column *column, uint32_t row, unsigned width,
	struct column *out, uint32_t i, uint32_t count, struct region *region)
{
	char *target = (char *)out->data + (size_t)i * width;

	if (column == NULL) {
		memset(target, 0, width);
		return;
	}
	if (column->encoding == CONST)
		row = 0;
	memcpy(target, (const char *)column->data + (size_t)row * width, width);
	if (column->valid != NULL && !column_row_is_valid(column, row))
		gather_valid(out, i, count, region);
}

/* Columns of one width; `record` gathers the record's bytes instead. */
static void
gather_same(const struct rows *rows, uint32_t field, int record,
	enum type type, const struct row_ref *refs, uint32_t count,
	struct region *region, struct column *out)
{
	unsigned width = type_width(type);

	column_init_flat(out, type, count, region);
	for (uint32_t i = 0; i < count; i++) {
		if (refs[i].batch == ROWS_NONE) {
			memset((char *)out->data + (size_t)i * width, 0, width);
			gather_valid(out, i, count, region);
			continue;
		}
		const struct kept *kept = &rows->kept[refs[i].batch];
		gather_element(record ? &kept->record :
		    kept_column(kept, field), refs[i].row, width, out, i,
		    count, region);
	}
}

/* Rows of different types: each is interpreted as little as it must be. */
static void
gather_mixed(const struct rows *rows, uint32_t field,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	column_init_flat(out, TYPE_MIXED, count, region);
	for (uint32_t i = 0; i < count; i++) {
		struct value value = { .type = TYPE_NULL };
		if (refs[i].batch != ROWS_NONE) {
			const struct column *column = kept_column(
			    &rows->kept[refs[i].batch], field);
			value.type = TYPE_MISSING;
			if (column != NULL)
				value = column_value(column, refs[i].row,
				    region);
		}
		((union cell *)out->data)[i] = value.cell;
		out->tags[i] = (uint8_t)value.type;
		if (value.type == TYPE_NULL || value.type == TYPE_MISSING)
			gather_valid(out, i, count, region);
	}
}

void
rows_gather_column(const struct rows *rows, uint32_t field,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	enum type type = rows->type[field];

	if (type == TYPE_COUNT || type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	if (type == TYPE_MIXED)
		gather_mixed(rows, field, refs, count, region, out);
	else
		gather_same(rows, field, 0, type, refs, count, region, out);
	out->delimiter = rows->delimiter[field];
}

struct batch *
rows_gather(const struct rows *rows, const struct row_ref *refs,
	uint32_t count)
{
	struct batch *batch = batch_new(rows->schema, count);
	struct region *region = batch_region(batch);

	batch_take_region(batch, region_hold(rows->region));
	for (uint32_t i = 0; i < rows->schema->field_count; i++)
		rows_gather_column(rows, i, refs, count, region,
		    &batch->column[i]);
	if (!rows->no_record && rows->kept_count > 0) {
		const struct column *record = &rows->kept[0].record;
		gather_same(rows, 0, 1, record->type, refs, count, region,
		    &batch->record);
		batch->record.delimiter = record->delimiter;
		batch->has_record = 1;
	}
	return batch;
}
