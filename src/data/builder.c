/*
 * Builders keep what they are given as cells and tags on the heap, whatever
 * the type, and find out at the end which column that makes.  column.type
 * is not used before; column.data are the cells, column.tags the tags.
 */
#include "data/column.h"

#include <string.h>

#include "data/raw_priv.h"
#include "util/mem.h"

#define ROWS_MIN 64

/* Room for one more cell, which is then there, with its tag. */
static union cell *
builder_next(struct builder *builder, enum type type)
{
	struct column *column = &builder->column;

	if (builder->count == builder->capacity) {
		uint32_t capacity = builder->capacity == 0 ? ROWS_MIN :
		    builder->capacity * 2;
		column->data = mem_resize(column->data,
		    (size_t)capacity * sizeof(union cell));
		column->tags = mem_resize(column->tags, capacity);
		builder->capacity = capacity;
	}
	uint32_t index = builder->count++;
	column->tags[index] = (uint8_t)type;
	builder->any_null |= type <= TYPE_MISSING;
	return (union cell *)column->data + index;
}

void
builder_add_text(struct builder *builder, enum type type, const char *bytes,
	size_t size)
{
	union cell *cell = builder_next(builder, type);

	if (size > TEXT_INLINE_MAX) {
		if (builder->texts == NULL)
			builder->texts = region_new();
		bytes = region_copy(builder->texts, bytes, size);
	}
	cell->text = text_make(bytes, size);
}

void
builder_add(struct builder *builder, const struct value *value)
{
	if (type_is_textual(value->type))
		builder_add_text(builder, value->type,
		    text_bytes(&value->cell.text), value->cell.text.size);
	else if (value->type <= TYPE_MISSING)
		memset(builder_next(builder, value->type), 0,
		    sizeof(union cell));
	else
		*builder_next(builder, value->type) = value->cell;
}

void
builder_add_null(struct builder *builder)
{
	memset(builder_next(builder, TYPE_NULL), 0, sizeof(union cell));
}

void
builder_add_int(struct builder *builder, enum type type, int64_t integer)
{
	builder_next(builder, type)->integer = integer;
}

void
builder_add_float(struct builder *builder, double number)
{
	builder_next(builder, TYPE_FLOAT)->number = number;
}

void
builder_finish(struct builder *builder, struct region *region,
	struct column *out)
{
	uint32_t count = builder->count;
	struct column found;

	/* The cells are ours to change; the copy brings the texts along. */
	column_from_cells(builder->column.data, builder->column.tags, count, 0,
	    region, &found);
	column_copy(&found, NULL, count, region, out);
	builder->count = 0;
	builder->any_null = 0;
	if (builder->texts != NULL)
		region_reset(builder->texts);
}

void
builder_fini(struct builder *builder)
{
	mem_free(builder->column.data);
	mem_free(builder->column.tags);
	region_drop(&builder->texts);
	memset(builder, 0, sizeof(*builder));
}
