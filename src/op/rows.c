/*
 * Kept rows.
 *
 * All that is kept lies in one region, which batches made of it hold: there is
 * nothing to free singly.  Per field the store remembers whether all batches
 * had the same physical type; gathering such a column is a loop over one width,
 * everything else becomes a MIXED column that says each row's own type.
 *
 * Fields have a number in order of appearance, by which all is kept, and a
 * place in the schema that others see.  A field that turns up late has its
 * place among those of its own batch: what extend put behind x, before a later
 * batch brought y, stands behind y as well, as if all had come in one batch.
 */
#include "op/rows.h"

#include <string.h>

#include "util/bits.h"

struct kept {
	uint32_t row_count;
	struct schema *schema;	/* held */
	struct column *column;
	struct column record;
	int *map;		/* field of the store -> column, or -1 */
	uint32_t map_count;	/* fields that map covers */
};

struct rows {
	struct op_run *run;
	struct region *region;
	size_t charged;
	struct schema *schema;	/* by number */
	struct schema *placed;	/* by place */
	uint32_t *number;	/* per place */
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
	rows->placed = schema_new();
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
	mem_free(rows->number);
	schema_drop(&rows->schema);
	schema_drop(&rows->placed);
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
	return rows->placed;
}

struct region *
rows_region(const struct rows *rows)
{
	return rows->region;
}

static void
add_field(struct schema *schema, const struct field *field)
{
	uint32_t index = schema_add(schema, field->name, field->name_size,
	    field->type);

	schema->field[index].qualifier_size = field->qualifier_size;
}

/*
 * Places for the fields from `before` on, which `schema` has brought: a field
 * between others stands before the next old one, all others at the end.
 */
static void
rows_place(struct rows *rows, const struct schema *schema, uint32_t before)
{
	uint32_t count = rows->schema->field_count;
	/* Per old field the new ones that go before it, as a list. */
	uint32_t *first = mem_alloc((count + 1) * sizeof(*first));
	uint32_t *next = mem_alloc((count + 1) * sizeof(*next));
	uint32_t *number = mem_alloc((count + 1) * sizeof(*number));
	uint32_t behind = before, placed = 0;

	for (uint32_t i = 0; i <= before; i++)
		first[i] = UINT32_MAX;
	for (uint32_t i = schema->field_count; i-- > 0;) {
		const struct field *field = &schema->field[i];
		uint32_t at = (uint32_t)schema_find(rows->schema, field->name,
		    field->name_size);
		if (at < before) {
			behind = at;
			continue;
		}
		uint32_t *list = &first[i == 0 ? before : behind];
		next[at] = *list;
		*list = at;
	}
	for (uint32_t place = 0; place <= before; place++) {
		uint32_t old = place < before ? rows->number[place] : before;
		for (uint32_t at = first[old]; at != UINT32_MAX; at = next[at])
			number[placed++] = at;
		if (place < before)
			number[placed++] = old;
	}
	schema_drop(&rows->placed);
	rows->placed = schema_new();
	for (uint32_t place = 0; place < count; place++)
		add_field(rows->placed, &rows->schema->field[number[place]]);
	mem_free(rows->number);
	rows->number = number;
	mem_free(first);
	mem_free(next);
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
		add_field(wider, field);
	}
	if (wider == NULL)
		return;
	schema_drop(&rows->schema);
	rows->schema = wider;
	rows_place(rows, schema, before);
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

static struct record_form
form_of(const struct column *record, const struct schema *schema)
{
	return (struct record_form){ (enum type)record->type,
	    record->delimiter, schema };
}

/* Are the batch's records like those that are kept? */
static int
is_record_alike(const struct rows *rows, const struct batch *batch)
{
	const struct kept *first = &rows->kept[0];

	if (!batch->has_record || rows->no_record)
		return 0;
	if (rows->kept_count == 0)
		return 1;
	struct record_form kept = form_of(&first->record, first->schema);
	struct record_form other = form_of(&batch->record, batch->schema);
	return record_form_is_same(&kept, &other);
}

/* Charge what the region has grown by: 0, or 1. */
static int
rows_charge(struct rows *rows)
{
	size_t bytes = region_bytes(rows->region);

	if (bytes <= rows->charged)
		return 0;
	if (mem_charge(&rows->run->budget, bytes - rows->charged) != 0)
		return 1;
	rows->charged = bytes;
	return 0;
}

/* 1 when the budget refuses. */
static int
rows_try(struct rows *rows, const struct batch *batch, uint32_t *index)
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
	if (is_record_alike(rows, batch))
		column_copy(&batch->record, batch->sel, batch->sel_count,
		    rows->region, &kept->record);
	else
		rows->no_record = 1;
	rows_map(rows, kept);
	*index = rows->kept_count++;
	rows->row_count += batch->sel_count;
	return rows_charge(rows);
}

int
rows_add(struct rows *rows, const struct batch *batch, uint32_t *index,
	struct err *err)
{
	if (rows_try(rows, batch, index) == 0)
		return 0;
	uint64_t more = region_bytes(rows->region) - rows->charged;
	if (batch->sel_count > 0)
		return op_charge(rows->run, more, err);
	/* Of no rows only the schema is kept. */
	mem_charge_always(&rows->run->budget, more);
	rows->charged += more;
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
gather_null(struct column *out, uint32_t i, uint32_t count,
	struct region *region)
{
	column_need_valid(out, count, region);
	bits_clear(out->valid, i);
}

/* The column that is gathered: a field's, or the record's bytes. */
#define FIELD_RECORD UINT32_MAX

static inline const struct column *
kept_source(const struct kept *kept, uint32_t field)
{
	return field == FIELD_RECORD ? &kept->record :
	    kept_column(kept, field);
}

/* Kept rows lie anywhere: their cells are asked for this many rows ahead. */
#define GATHER_AHEAD 16

static inline void
gather_prefetch(const struct rows *rows, uint32_t field, unsigned width,
	const struct row_ref *ref)
{
	if (ref->batch == ROWS_NONE)
		return;
	const struct column *column = kept_source(&rows->kept[ref->batch],
	    field);
	if (column != NULL)
		__builtin_prefetch((const char *)column->data +
		    (size_t)ref->row * width);
}

/*
 * Elements of one width, which the compiler knows where this is called: kept
 * columns are FLAT.  Says whether some are null.
 */
static inline __attribute__((always_inline)) int
gather_elements(const struct rows *rows, uint32_t field, unsigned width,
	const struct row_ref *refs, uint32_t count, char *target)
{
	int nulls = 0;

	for (uint32_t i = 0; i < count; i++, target += width) {
		if (i + GATHER_AHEAD < count)
			gather_prefetch(rows, field, width,
			    &refs[i + GATHER_AHEAD]);
		if (__builtin_expect(refs[i].batch == ROWS_NONE, 0)) {
			memset(target, 0, width);
			nulls = 1;
			continue;
		}
		const struct column *column = kept_source(
		    &rows->kept[refs[i].batch], field);
		if (__builtin_expect(column == NULL, 0)) {
			/* An empty token of JSON: missing. */
			memset(target, 0, width);
			continue;
		}
		memcpy(target, (const char *)column->data +
		    (size_t)refs[i].row * width, width);
		nulls |= column->valid != NULL;
	}
	return nulls;
}

static void
gather_nulls(const struct rows *rows, uint32_t field,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct column *column = refs[i].batch == ROWS_NONE ?
		    NULL : kept_source(&rows->kept[refs[i].batch], field);
		if (refs[i].batch == ROWS_NONE || (column != NULL &&
		    !column_row_is_valid(column, refs[i].row)))
			gather_null(out, i, count, region);
	}
}

/* Columns that have the same type in all batches. */
static void
gather_same(const struct rows *rows, uint32_t field, enum type type,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	int nulls;

	column_init_flat(out, type, count, region);
	switch (type_width(type)) {
	case 1:
		nulls = gather_elements(rows, field, 1, refs, count, out->data);
		break;
	case 8:
		nulls = gather_elements(rows, field, 8, refs, count, out->data);
		break;
	default:
		nulls = gather_elements(rows, field, 16, refs, count,
		    out->data);
		break;
	}
	if (nulls)
		gather_nulls(rows, field, refs, count, region, out);
}

/* Raw bytes of different formats meet in one column: they are decoded. */
static void
gather_cell(const struct rows *rows, struct row_ref ref, uint32_t field,
	struct region *region, struct value *out)
{
	*out = (struct value){ .type = TYPE_NULL };
	if (ref.batch == ROWS_NONE)
		return;
	const struct column *column = kept_column(&rows->kept[ref.batch],
	    field);
	if (column == NULL)
		out->type = TYPE_MISSING;
	else if (column->type != TYPE_NULL)
		*out = column_value(column, ref.row, region);
}

static void
gather_mixed(const struct rows *rows, uint32_t field,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	column_init_flat(out, TYPE_MIXED, count, region);
	for (uint32_t i = 0; i < count; i++) {
		struct value value;
		gather_cell(rows, refs[i], field, region, &value);
		out->tags[i] = (uint8_t)value.type;
		((union cell *)out->data)[i] = value.cell;
		if (value.type <= TYPE_MISSING)
			gather_null(out, i, count, region);
	}
}

void
rows_gather_column(const struct rows *rows, uint32_t place,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	uint32_t field = rows->number[place];
	enum type type = rows->type[field];

	if (type == TYPE_COUNT || type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	if (type == TYPE_MIXED)
		gather_mixed(rows, field, refs, count, region, out);
	else
		gather_same(rows, field, type, refs, count, region, out);
	out->delimiter = rows->delimiter[field];
}

/* Does anybody behind the operator look at it?  The record may do. */
static int
rows_field_is_needed(const struct rows *rows, uint32_t place)
{
	const struct need_set *need = rows->run->op->out_need;

	if (need == NULL || (need_has_record(need) && rows->no_record))
		return 1;
	return need_has(need, rows->placed->field[place].name);
}

struct batch *
rows_gather(const struct rows *rows, const struct row_ref *refs,
	uint32_t count)
{
	struct batch *batch = batch_new(rows->placed, count);
	struct region *region = batch_region(batch);

	batch_take_region(batch, region_hold(rows->region));
	for (uint32_t i = 0; i < rows->placed->field_count; i++)
		if (rows_field_is_needed(rows, i))
			rows_gather_column(rows, i, refs, count, region,
			    &batch->column[i]);
		else
			column_init_null(&batch->column[i]);
	if (!rows->no_record && rows->kept_count > 0) {
		const struct column *record = &rows->kept[0].record;
		gather_same(rows, FIELD_RECORD, record->type, refs, count,
		    region, &batch->record);
		batch->record.delimiter = record->delimiter;
		batch->has_record = 1;
	}
	return batch;
}
