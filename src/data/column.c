/*
 * Columns: constructors and the value of one row, the slow and plain way that
 * the kernels of column_*.c are tested against.
 *
 * A row is null if the column's type is NULL, if its bit in `valid` is clear,
 * or if it is raw bytes that say so (nothing at all in CSV and TSV, the token
 * null in JSON).  In a MIXED column a row whose tag is NULL or MISSING has its
 * bit clear, so who asks only for nulls need not look at tags.  Elements of
 * null rows hold zeros.
 */
#include "data/column.h"

#include <assert.h>
#include <string.h>

#include "data/raw_priv.h"
#include "util/mem.h"

/* What a NULL column points to: bit 0 of a CONST column, clear for ever. */
static const uint64_t no_bits[1] = { 0 };

uint64_t *
bitmap_new(uint32_t rows, struct region *region)
{
	uint32_t bytes = bitmap_words(rows) * 8;

	return memset(region_alloc(region, bytes), 0xff, bytes);
}

struct text
column_row_text(const struct column *column, uint32_t row)
{
	uint32_t size;

	if (column->encoding == CONST)
		row = 0;
	if (column->encoding != SLICE)
		return ((const struct text *)column->data)[row];
	const char *bytes = column_slice(column, row, &size);
	return text_make_padded(bytes, size);
}

void
column_init_null(struct column *out)
{
	*out = (struct column){
		.type = TYPE_NULL,
		.encoding = CONST,
		/* Never written: nobody adds a null to a NULL column. */
		.valid = (uint64_t *)(uintptr_t)no_bits,
	};
}

/* An element of a FLAT column. */
static void
cell_store(struct column *column, uint32_t row, enum type type,
	const union cell *cell)
{
	unsigned width = type_width(type);

	memcpy((char *)column->data + (size_t)row * width, cell, width);
}

static void
cell_load(const struct column *column, uint32_t row, union cell *out)
{
	unsigned width = type_width(column->type);

	memcpy(out, (const char *)column->data + (size_t)row * width, width);
}

void
column_init_const(struct column *out, const struct value *value,
	struct region *region)
{
	if (value->type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	int missing = value->type == TYPE_MISSING;
	union cell cell = missing ? (union cell){ 0 } : value->cell;
	column_init_flat(out, missing ? TYPE_MIXED : value->type, 1, region);
	out->encoding = CONST;
	if (type_is_textual(value->type))
		cell.text = text_copy(text_bytes(&value->cell.text),
		    value->cell.text.size, region);
	cell_store(out, 0, out->type, &cell);
	if (missing) {
		out->tags[0] = TYPE_MISSING;
		column_clear(out, 0, 1, region);
	}
}

void
column_init_flat(struct column *out, enum type type, uint32_t rows,
	struct region *region)
{
	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	*out = (struct column){
		.type = (uint8_t)type,
		.encoding = FLAT,
		.data = region_alloc(region, (size_t)rows * type_width(type)),
	};
	if (type == TYPE_MIXED)
		out->tags = region_alloc(region, rows);
}

void
column_need_valid(struct column *column, uint32_t rows, struct region *region)
{
	if (column->valid == NULL)
		column->valid = bitmap_new(rows, region);
}

void
column_clear(struct column *column, uint32_t row, uint32_t rows,
	struct region *region)
{
	column_need_valid(column, rows, region);
	column->valid[row >> 6] &= ~((uint64_t)1 << (row & 63));
}

/* The value of an element that is there. */
static enum type
element_value(const struct column *column, uint32_t row, enum type type,
	struct region *region, union cell *out)
{
	if (column->encoding == SLICE) {
		uint32_t size;
		const char *bytes = column_slice(column, row, &size);
		return raw_decode(type, bytes, size, region, out);
	}
	union cell cell = { 0 };
	cell_load(column, row, &cell);
	if (type_is_raw(type))
		return raw_decode(type, text_bytes(&cell.text),
		    cell.text.size, region, out);
	*out = cell;
	return type;
}

struct value
column_value(const struct column *column, uint32_t row, struct region *region)
{
	struct value value = { .type = TYPE_NULL };

	if (column->type == TYPE_NULL)
		return value;
	if (column->encoding == CONST)
		row = 0;
	enum type type = column->type;
	if (type == TYPE_MIXED)
		type = column->tags[row];
	if (!column_row_is_valid(column, row))
		type = type == TYPE_MISSING ? TYPE_MISSING : TYPE_NULL;
	if (type <= TYPE_MISSING) {
		value.type = type;
		return value;
	}
	value.type = element_value(column, row, type, region, &value.cell);
	return value;
}

/* Which types the tags are: bit t for type t. */
static uint32_t
tags_seen(const uint8_t *tags, uint32_t count)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < count; i++)
		seen |= (uint32_t)1 << tags[i];
	return seen;
}

/* The cells' first words or bytes side by side. */
static void
cells_pack(const union cell *cells, uint32_t count, struct column *out)
{
	if (out->type == TYPE_BOOL) {
		uint8_t *data = out->data;
		for (uint32_t i = 0; i < count; i++)
			data[i] = cells[i].boolean;
	} else if (out->type == TYPE_FLOAT) {
		double *data = out->data;
		for (uint32_t i = 0; i < count; i++)
			data[i] = cells[i].number;
	} else {
		int64_t *data = out->data;
		for (uint32_t i = 0; i < count; i++)
			data[i] = cells[i].integer;
	}
}

/* Clear the bits of null and missing rows, and zero their cells. */
static void
cells_clear_nulls(union cell *cells, const uint8_t *tags, uint32_t count,
	struct region *region, struct column *out)
{
	for (uint32_t i = 0; i < count; i++) {
		if (tags[i] > TYPE_MISSING)
			continue;
		column_clear(out, i, count, region);
		memset(&cells[i], 0, sizeof(cells[i]));
	}
}

void
column_from_cells(union cell *cells, uint8_t *tags, uint32_t count,
	int as_numbers, struct region *region, struct column *out)
{
	const uint32_t null_bit = 1u << TYPE_NULL;
	const uint32_t missing_bit = 1u << TYPE_MISSING;
	uint32_t seen = tags_seen(tags, count);

	if (as_numbers && (seen & missing_bit)) {
		for (uint32_t i = 0; i < count; i++)
			if (tags[i] == TYPE_MISSING)
				tags[i] = TYPE_NULL;
		seen = (seen & ~missing_bit) | null_bit;
	}
	uint32_t types = seen & ~null_bit;
	enum type type = TYPE_MIXED;
	if (types == 0)
		type = TYPE_NULL;
	else if ((types & (types - 1)) == 0 && types != missing_bit)
		type = (enum type)__builtin_ctz(types);

	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	*out = (struct column){ .type = (uint8_t)type, .encoding = FLAT };
	if (seen & (null_bit | missing_bit))
		cells_clear_nulls(cells, tags, count, region, out);
	out->data = cells;
	if (type_width(type) < sizeof(union cell)) {
		out->data = region_alloc(region,
		    (size_t)count * type_width(type));
		cells_pack(cells, count, out);
	}
	if (type == TYPE_MIXED)
		out->tags = tags;
}
