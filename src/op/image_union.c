/*
 * Rows of several shapes, read as rows of one.
 *
 * Nearly always there is one shape, or all have the same fields and types; then
 * columns are read as they were written.  Else row by row, and values go where
 * their field is now.
 */
#include "op/image.h"

#include <stdlib.h>
#include <string.h>

#include "op/image_priv.h"
#include "op/rows.h"
#include "util/err.h"
#include "util/mem.h"

/* Their fields in the places that rows of such batches would have. */
static struct schema *
union_schema(struct op_run *run, const struct image_shape **shape,
	uint32_t count)
{
	struct rows *rows = rows_new(run);
	struct err err = ERR_INIT;
	uint32_t index;

	for (uint32_t i = 0; i < count; i++) {
		struct batch *batch = batch_new(shape[i]->schema, 0);
		for (uint32_t c = 0; c < shape[i]->schema->field_count; c++)
			column_init_null(&batch->column[c]);
		/* A refusal of the few bytes of empty rows does no harm. */
		(void)rows_add(rows, batch, &index, &err);
		batch_free(&batch);
	}
	struct schema *schema = schema_hold(rows_schema(rows));
	rows_free(&rows);
	return schema;
}

/* Absent fields of JSON stay JSON: their token is empty. */
static void
union_join_type(struct image_union *all, uint32_t field, uint32_t index)
{
	const struct image_shape *shape = all->shape[index];
	int column = all->map[index][field];
	uint8_t type = column < 0 ? TYPE_RAW_JSON : shape->type[column];
	uint8_t delimiter = column < 0 ? 0 : shape->delimiter[column];

	if (index == 0) {
		all->type[field] = type;
		all->delimiter[field] = delimiter;
	}
	if (all->type[field] != type)
		all->type[field] = TYPE_MIXED;
	if (all->delimiter[field] != delimiter)
		all->delimiter[field] = 0;
}

static int
shape_is_plain(const struct image_union *all, uint32_t index)
{
	const struct image_shape *shape = all->shape[index];
	uint32_t fields = all->schema->field_count;

	if (shape->schema->field_count != fields)
		return 0;
	for (uint32_t i = 0; i < fields; i++)
		if (all->map[index][i] != (int)i ||
		    shape->type[i] != all->type[i])
			return 0;
	return 1;
}

static int
shape_compare(const void *a, const void *b)
{
	const struct image_shape *x = *(struct image_shape *const *)a;
	const struct image_shape *y = *(struct image_shape *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
image_union_init(struct image_union *all, struct op_run *run,
	const struct image_shape **shape, uint32_t count)
{
	const struct image_shape **met = mem_copy(shape, (count + 1) *
	    sizeof(*shape));

	qsort(met, count, sizeof(*met), shape_compare);
	struct schema *schema = union_schema(run, met, count);
	mem_free(met);
	uint32_t fields = schema->field_count;

	*all = (struct image_union){
		.schema = schema, .count = count,
		.type = mem_alloc_zero(fields + 1),
		.delimiter = mem_alloc_zero(fields + 1),
		.shape = mem_copy(shape, count * sizeof(*shape)),
		.map = mem_alloc_zero((count + 1) * sizeof(*all->map)),
		.is_plain = mem_alloc_zero(count + 1),
	};
	for (uint32_t s = 0; s < count; s++) {
		all->map[s] = mem_alloc((fields + 1) * sizeof(int));
		for (uint32_t i = 0; i < fields; i++) {
			all->map[s][i] = schema_find(shape[s]->schema,
			    schema->field[i].name, schema->field[i].name_size);
			union_join_type(all, i, s);
		}
	}
	for (uint32_t s = 0; s < count; s++)
		all->is_plain[s] = (uint8_t)shape_is_plain(all, s);
	all->all_plain = count > 0;
	for (uint32_t s = 0; s < count; s++)
		all->all_plain &= all->is_plain[s] && !shape[s]->has_time;
}

void
image_union_fini(struct image_union *all)
{
	for (uint32_t s = 0; s < all->count; s++)
		mem_free(all->map[s]);
	mem_free(all->map);
	mem_free(all->shape);
	mem_free(all->is_plain);
	mem_free(all->type);
	mem_free(all->delimiter);
	schema_drop(&all->schema);
	*all = (struct image_union){ 0 };
}

/* A row's cells, each as a column of one value. */
static void
read_row(const struct image_shape *shape, const struct image *row,
	struct region *region, struct column *cell)
{
	const char *at = image_cells(row);

	image_read(shape, &at, 1, region, cell);
}

/* Cell `i` of a column: a value of that type or of any. */
static void
union_put(const struct column *cell, uint32_t i, uint32_t count,
	struct region *region, struct column *out)
{
	if (out->type == TYPE_MIXED) {
		struct value value = { .type = TYPE_MISSING };
		if (cell != NULL)
			value = column_value(cell, 0, region);
		out->tags[i] = (uint8_t)value.type;
		((union cell *)out->data)[i] = value.cell;
		if (value.type <= TYPE_MISSING)
			image_clear(out, i, count, region);
		return;
	}
	unsigned width = type_width(out->type);
	char *target = (char *)out->data + (size_t)i * width;
	if (cell == NULL) {
		memset(target, 0, width);	/* an empty token of JSON */
		return;
	}
	memcpy(target, cell->data, width);
	if (!column_row_is_valid(cell, 0))
		image_clear(out, i, count, region);
}

static void
union_put_null(uint32_t i, uint32_t count, struct region *region,
	struct column *out)
{
	unsigned width = type_width(out->type);

	if (out->type == TYPE_NULL)
		return;
	memset((char *)out->data + (size_t)i * width, 0, width);
	if (out->type == TYPE_MIXED)
		out->tags[i] = TYPE_NULL;
	image_clear(out, i, count, region);
}

/* Row by row, where shapes differ. */
static void
union_read_rows(const struct image_union *all, struct image *const *rows,
	uint32_t count, struct region *region, struct column *out)
{
	uint32_t fields = all->schema->field_count, most = 0;

	for (uint32_t s = 0; s < all->count; s++)
		if (all->shape[s]->schema->field_count > most)
			most = all->shape[s]->schema->field_count;
	struct column *cell = region_alloc(region,
	    (most + 1) * sizeof(*cell));
	for (uint32_t c = 0; c < fields; c++) {
		if (all->type[c] == TYPE_NULL)
			column_init_null(&out[c]);
		else
			column_init_flat(&out[c], all->type[c], count, region);
		out[c].delimiter = all->delimiter[c];
	}
	for (uint32_t i = 0; i < count; i++) {
		if (rows[i] != NULL)
			read_row(all->shape[rows[i]->shape], rows[i], region,
			    cell);
		for (uint32_t c = 0; c < fields; c++) {
			if (rows[i] == NULL || out[c].type == TYPE_NULL) {
				union_put_null(i, count, region, &out[c]);
				continue;
			}
			int from = all->map[rows[i]->shape][c];
			union_put(from < 0 ? NULL : &cell[from], i, count,
			    region, &out[c]);
		}
	}
}

void
image_union_read(const struct image_union *all, struct image *const *rows,
	uint32_t count, struct region *region, struct column *out)
{
	const struct image_shape *shape = NULL;
	int is_plain = 1;

	/* Nearly always: nothing to look at, row by row. */
	int is_known = all->all_plain;
	if (is_known)
		shape = all->shape[0];
	for (uint32_t i = 0; !is_known && i < count; i++) {
		if (rows[i] == NULL)
			continue;
		is_plain &= all->is_plain[rows[i]->shape];
		shape = all->shape[rows[i]->shape];
		if (shape->has_time)
			is_plain = 0;
	}
	if (!is_plain || (shape == NULL && all->count > 0)) {
		union_read_rows(all, rows, count, region, out);
		return;
	}
	if (shape == NULL)
		return;
	const char **at = image_cursors(rows, count, region);
	image_read(shape, at, count, region, out);
	for (uint32_t c = 0; c < all->schema->field_count; c++)
		if (out[c].type != TYPE_NULL)
			out[c].delimiter = all->delimiter[c];
}
