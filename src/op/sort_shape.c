/*
 * Batches of rows.
 *
 * The fields, their places and whether records can be written as they were read
 * are what op/rows.h makes of one batch of each layout, in the order in which
 * they first came: it is given empty ones.  A field has the type that all
 * layouts have it with, or is MIXED and says each row's own.
 */
#include "op/sort_row.h"

#include <stdlib.h>
#include <string.h>

#include "op/rows.h"
#include "op/sort_row_priv.h"

#define NO_PLACE UINT32_MAX
/* Readers of slices may look behind the last. */
#define RECORD_PADDING 16
/* Longer ones stay where they are. */
#define RECORDS_BYTES_MAX ((uint64_t)4 << 20)

/* How the rows of a layout come into the columns. */
struct map {
	const struct sort_layout *layout;
	uint32_t *place;	/* of each field that is kept, or NO_PLACE */
	/* The tag of a place that it does not fill; TYPE_ANY: it does. */
	uint8_t *absent;
	int any_absent;
};

struct sort_shape {
	struct schema *schema;	/* held */
	uint8_t *type;		/* per place; TYPE_COUNT: nobody needs it */
	uint8_t *delimiter;
	struct map *map;	/* per layout */
	uint32_t map_count;
	int has_record;
	int is_record_only;
	uint8_t record_type, record_delimiter;
};

static int
compare_layouts(const void *a, const void *b)
{
	const struct sort_layout *x = *(const struct sort_layout *const *)a;
	const struct sort_layout *y = *(const struct sort_layout *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* The layouts, as they first came. */
static const struct sort_layout **
layouts_in_order(const struct sort_layouts *layouts)
{
	const struct sort_layout **list = mem_alloc((layouts->count + 1) *
	    sizeof(*list));

	for (uint32_t id = 0; id < layouts->count; id++)
		list[id] = sort_layout_get(layouts, id);
	qsort(list, layouts->count, sizeof(*list), compare_layouts);
	return list;
}

static int
add_empty(struct rows *rows, const struct sort_layout *layout, struct err *err)
{
	struct batch *batch = batch_new(layout->schema, 0);
	uint32_t index;

	for (uint32_t i = 0; i < layout->schema->field_count; i++)
		column_init_null(&batch->column[i]);
	int status = rows_add(rows, batch, &index, err);
	batch_free(&batch);
	return status;
}

/* As op/rows.c has it: what is absent is JSON's "missing". */
static void
join_type(struct sort_shape *shape, const struct sort_layout *layout,
	uint32_t place, int is_first)
{
	const struct field *field = &shape->schema->field[place];
	int index = schema_find(layout->schema, field->name, field->name_size);
	uint8_t type = index < 0 ? TYPE_RAW_JSON : layout->column[index].type;
	uint8_t delimiter = index < 0 ? 0 : layout->column[index].delimiter;

	if (is_first) {
		shape->type[place] = type;
		shape->delimiter[place] = delimiter;
		return;
	}
	if (shape->type[place] != type)
		shape->type[place] = TYPE_MIXED;
	if (index >= 0 && shape->delimiter[place] != delimiter)
		shape->delimiter[place] = 0;
}

static struct record_form
form_of(const struct sort_layout *layout)
{
	return (struct record_form){ (enum type)layout->record_type,
	    layout->record_delimiter, layout->schema };
}

static int
is_record_alike(const struct sort_layout *layout,
	const struct sort_layout *first)
{
	struct record_form a = form_of(layout), b = form_of(first);

	return layout->keeps_record && first->keeps_record &&
	    record_form_is_same(&a, &b);
}

/* Columns that nobody looks at: not made. */
static void
drop_unneeded(struct sort_shape *shape, const struct need_set *need)
{
	if (need == NULL || (need_has_record(need) && !shape->has_record))
		return;
	for (uint32_t i = 0; i < shape->schema->field_count; i++)
		if (!need_has(need, shape->schema->field[i].name))
			shape->type[i] = TYPE_COUNT;
}

static void
map_init(struct map *map, const struct sort_shape *shape,
	const struct sort_layout *layout)
{
	uint32_t count = shape->schema->field_count;

	map->layout = layout;
	map->place = mem_alloc((layout->field_count + 1) * sizeof(uint32_t));
	map->absent = mem_alloc(count + 1);
	for (uint32_t i = 0; i < count; i++)
		map->absent[i] = TYPE_MISSING;
	for (uint32_t i = 0; i < layout->schema->field_count; i++) {
		const struct field *field = &layout->schema->field[i];
		int place = schema_find(shape->schema, field->name,
		    field->name_size);
		map->absent[place] = TYPE_NULL;
	}
	for (uint32_t i = 0; i < layout->field_count; i++) {
		const struct field *field =
		    &layout->schema->field[layout->field[i].column];
		uint32_t place = (uint32_t)schema_find(shape->schema,
		    field->name, field->name_size);
		map->place[i] = shape->type[place] == TYPE_COUNT ? NO_PLACE :
		    place;
		map->absent[place] = TYPE_ANY;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (shape->type[i] == TYPE_COUNT || shape->type[i] == TYPE_NULL)
			map->absent[i] = TYPE_ANY;
		map->any_absent |= map->absent[i] != TYPE_ANY;
	}
}

static void
shape_fill(struct sort_shape *shape, const struct sort_layouts *layouts,
	const struct sort_layout *const *list)
{
	uint32_t fields = shape->schema->field_count;

	shape->type = mem_alloc_zero(fields + 1);
	shape->delimiter = mem_alloc_zero(fields + 1);
	shape->map_count = layouts->count;
	shape->map = mem_alloc_zero((layouts->count + 1) *
	    sizeof(*shape->map));
	shape->has_record = layouts->count > 0;
	shape->is_record_only = 1;
	for (uint32_t i = 0; i < layouts->count; i++) {
		for (uint32_t place = 0; place < fields; place++)
			join_type(shape, list[i], place, i == 0);
		shape->has_record &= is_record_alike(list[i], list[0]);
		shape->is_record_only &= list[i]->field_count == 0;
	}
	shape->is_record_only &= shape->has_record;
	if (shape->has_record) {
		shape->record_type = list[0]->record_type;
		shape->record_delimiter = list[0]->record_delimiter;
	}
	drop_unneeded(shape, layouts->op->out_need);
	for (uint32_t id = 0; id < layouts->count; id++)
		map_init(&shape->map[id], shape, sort_layout_get(layouts, id));
}

struct sort_shape *
sort_shape_new(struct op_run *run, const struct sort_layouts *layouts,
	struct err *err)
{
	struct sort_shape *shape = mem_alloc_zero(sizeof(*shape));
	const struct sort_layout **list = layouts_in_order(layouts);
	struct rows *rows = rows_new(run);
	int status = 0;

	for (uint32_t i = 0; i < layouts->count && status == 0; i++)
		status = add_empty(rows, list[i], err);
	shape->schema = schema_hold(rows_schema(rows));
	rows_free(&rows);
	if (status == 0)
		shape_fill(shape, layouts, list);
	else
		sort_shape_free(&shape);
	mem_free(list);
	return shape;
}

void
sort_shape_free(struct sort_shape **take_shape)
{
	struct sort_shape *shape = *take_shape;

	*take_shape = NULL;
	if (shape == NULL)
		return;
	for (uint32_t i = 0; i < shape->map_count; i++) {
		mem_free(shape->map[i].place);
		mem_free(shape->map[i].absent);
	}
	mem_free(shape->map);
	mem_free(shape->type);
	mem_free(shape->delimiter);
	schema_drop(&shape->schema);
	mem_free(shape);
}

/* --- rows into columns --- */

static void
set_null(struct column *column, uint32_t i, uint32_t count,
	struct region *region)
{
	column_need_valid(column, count, region);
	column->valid[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

static inline void
cell_set(struct column *column, uint32_t i, const union cell *cell)
{
	switch (type_width((enum type)column->type)) {
	case 1:
		((uint8_t *)column->data)[i] = cell->boolean;
		break;
	case 8:
		memcpy((int64_t *)column->data + i, cell, 8);
		break;
	default:
		memcpy((union cell *)column->data + i, cell, 16);
		break;
	}
}

static void
set_nothing(struct column *column, enum type tag, uint32_t i, uint32_t count,
	struct region *region)
{
	static const union cell nothing = { .decimal = { 0 } };

	cell_set(column, i, &nothing);
	if (column->type == TYPE_MIXED)
		column->tags[i] = (uint8_t)tag;
	/* An empty token of JSON says itself that it is missing. */
	else if (column->type == TYPE_RAW_JSON && tag == TYPE_MISSING)
		return;
	set_null(column, i, count, region);
}

/* What a row has where its layout has nothing. */
static void
fill_absent(const struct sort_shape *shape, const struct map *map, uint32_t i,
	uint32_t count, struct batch *batch, struct region *region)
{
	for (uint32_t c = 0; c < shape->schema->field_count; c++)
		if (map->absent[c] != TYPE_ANY)
			set_nothing(&batch->column[c],
			    (enum type)map->absent[c], i, count, region);
}

/* A value of another type than its column, which is MIXED. */
static void
set_mixed(struct column *column, enum type type, uint8_t delimiter,
	union cell *cell, uint32_t i, uint32_t count, struct region *region)
{
	struct column one = { .type = (uint8_t)type, .encoding = FLAT,
		.delimiter = delimiter, .data = cell };
	struct value value = column_value(&one, 0, region);

	column->tags[i] = (uint8_t)value.type;
	((union cell *)column->data)[i] = value.cell;
	if (value.type <= TYPE_MISSING)
		set_null(column, i, count, region);
}

static inline const char *
cell_read(enum type type, const char *at, union cell *cell)
{
	uint64_t size;

	switch (type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		return at;
	case TYPE_BOOL:
		cell->boolean = (uint8_t)*at;
		return at + 1;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		memcpy(cell, at, 8);
		return at + 8;
	case TYPE_DECIMAL:
		memcpy(cell, at, 16);
		return at + 16;
	default:
		at = sort_get_size(at, &size);
		cell->text = text_make(at, size);
		return at + size;
	}
}

/* Field `f` of a layout, whose value lies at `at`, into row i. */
static inline const char *
field_take(const struct map *map, uint32_t f, const char *at, uint32_t i,
	uint32_t count, struct batch *batch, struct region *region)
{
	const struct sort_field *field = &map->layout->field[f];
	enum type type = (enum type)field->type;
	union cell cell = { .decimal = { 0 } };
	int is_valid = !field->nullable || *at++ != 0;
	struct column *column = map->place[f] == NO_PLACE ? NULL :
	    &batch->column[map->place[f]];

	if (is_valid) {
		if (type == TYPE_MIXED)
			type = (enum type)*at++;
		at = cell_read(type, at, &cell);
	}
	if (column == NULL)
		return at;
	if (!is_valid || type <= TYPE_MISSING)
		set_nothing(column, is_valid ? type : TYPE_NULL, i, count,
		    region);
	else if (column->type == TYPE_MIXED)
		set_mixed(column, type, map->layout->column[
		    field->column].delimiter, &cell, i, count, region);
	else
		cell_set(column, i, &cell);
	return at;
}

static void
row_take(const struct sort_shape *shape, const char *row, uint32_t i,
	uint32_t count, struct batch *batch, struct region *region)
{
	uint32_t id;
	uint64_t size;
	const char *at = sort_row_payload(row, &id);
	const struct map *map = &shape->map[id];

	if (map->layout->keeps_record) {
		at = sort_get_size(at, &size);
		at += size;
	}
	if (map->any_absent)
		fill_absent(shape, map, i, count, batch, region);
	for (uint32_t f = 0; f < map->layout->field_count; f++)
		at = field_take(map, f, at, i, count, batch, region);
}

static const char *
record_of(const char *row, uint64_t *size)
{
	uint32_t id;

	return sort_get_size(sort_row_payload(row, &id), size);
}

/* Bytes of all records, with their line ends. */
static uint64_t
records_bytes(const char *const *row, uint32_t count)
{
	uint64_t bytes = 0, size;

	for (uint32_t i = 0; i < count; i++) {
		record_of(row[i], &size);
		bytes += size + 1;
	}
	return bytes;
}

/* Line behind line: writers copy them in one piece. */
static void
records_join(const char *const *row, uint32_t count, uint64_t bytes,
	struct region *region, struct column *out)
{
	uint32_t *from = region_alloc(region, count * sizeof(*from));
	uint32_t *to = region_alloc(region, count * sizeof(*to));
	char *lines = region_alloc(region, bytes + RECORD_PADDING);
	char *at = lines;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t size;
		const char *record = record_of(row[i], &size);
		from[i] = (uint32_t)(at - lines);
		memcpy(at, record, size);
		at += size;
		to[i] = (uint32_t)(at - lines);
		*at++ = '\n';
	}
	memset(at, 0, RECORD_PADDING);
	out->encoding = SLICE;
	out->stride = 1;
	out->base = lines;
	out->from = from;
	out->to = to;
}

/* 1 if they are views of the rows. */
static int
records_take(const struct sort_shape *shape, const char *const *row,
	uint32_t count, struct batch *batch, struct region *region)
{
	uint64_t bytes = records_bytes(row, count);
	struct column *record = &batch->record;

	*record = (struct column){ .type = shape->record_type };
	if (bytes <= RECORDS_BYTES_MAX) {
		records_join(row, count, bytes, region, record);
	} else {
		column_init_flat(record, (enum type)shape->record_type, count,
		    region);
		for (uint32_t i = 0; i < count; i++) {
			uint64_t size;
			const char *bytes_of = record_of(row[i], &size);
			((struct text *)record->data)[i] =
			    text_make(bytes_of, size);
		}
	}
	record->delimiter = shape->record_delimiter;
	batch->has_record = 1;
	return record->encoding != SLICE;
}

static void
columns_init(const struct sort_shape *shape, struct batch *batch,
	struct region *region)
{
	for (uint32_t i = 0; i < shape->schema->field_count; i++) {
		struct column *column = &batch->column[i];
		enum type type = (enum type)shape->type[i];
		if (type == TYPE_COUNT || type == TYPE_NULL) {
			column_init_null(column);
			continue;
		}
		column_init_flat(column, type, batch->row_count, region);
		column->delimiter = shape->delimiter[i];
	}
}

struct batch *
sort_shape_batch(const struct sort_shape *shape, const char *const *row,
	uint32_t count, int *has_views)
{
	struct batch *batch = batch_new(shape->schema, count);
	struct region *region = batch_region(batch);

	columns_init(shape, batch, region);
	*has_views = !shape->is_record_only;
	if (shape->has_record &&
	    records_take(shape, row, count, batch, region))
		*has_views = 1;
	for (uint32_t i = 0; i < count && !shape->is_record_only; i++)
		row_take(shape, row[i], i, count, batch, region);
	return batch;
}
