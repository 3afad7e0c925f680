/*
 * Raw columns as numbers.  A kernel wants one type, so three readings are
 * tried, the likeliest and cheapest first:
 *
 *	ints	digits straight from the chunk into int64; nulls, quoted fields
 *		and long ints are dealt with out of line and do not end it
 *	floats	from the row on that was no int; ints among them stay ints
 *	cells	each value with its own type, packed if they agree after all
 *
 * A column of another kind costs at most the rows that were read in vain, and
 * those are few: what a column is mostly shows in its first rows.  The result
 * does not depend on which reading found it.
 */
#include "data/column.h"

#include <string.h>

#include "data/number.h"
#include "data/raw_priv.h"
#include "data/rows_priv.h"
#include "util/mem.h"

enum type
rows_settle(const struct rows *rows, uint32_t i, union cell *cell)
{
	uint32_t row = rows->sel == NULL ? i : rows->sel[i];
	const struct column *column = rows->column;
	uint32_t size;

	if (!column_row_is_valid(column, row))
		return TYPE_NULL;
	const char *bytes = raw_at(column, row, &size);
	enum type type = raw_settle(column->type, bytes, size, rows->region,
	    cell);
	return type == TYPE_MISSING ? TYPE_NULL : type;
}

/* Row i, if it is text that nothing needs to be done to: 1. */
static inline int
plain_text(const struct rows *rows, uint32_t i, union cell *cell)
{
	const struct column *column = rows->column;
	uint32_t row = rows->sel == NULL ? i : rows->sel[i];
	uint32_t size;

	if (column->type != TYPE_RAW_CSV && column->type != TYPE_RAW)
		return 0;
	const char *bytes = raw_at(column, row, &size);
	if (size == 0 || *bytes == '"' || raw_starts_number(bytes, size) ||
	    column->valid != NULL)
		return 0;
	cell->text = column->encoding == SLICE ?
	    text_make_padded(bytes, size) :
	    ((const struct text *)column->data)[row];
	return 1;
}

/* Each value as it comes. */
static void
read_cells(const struct rows *rows, struct column *out)
{
	union cell *cells = region_alloc(rows->region,
	    rows->count * sizeof(*cells));
	uint8_t *tags = region_alloc(rows->region, rows->count);

	for (uint32_t i = 0; i < rows->count; i++)
		tags[i] = plain_text(rows, i, &cells[i]) ? TYPE_RAW :
		    (uint8_t)rows_settle(rows, i, &cells[i]);
	column_from_cells(cells, tags, rows->count, 1, rows->region, out);
}

static void
numbers_of_raw(const struct rows *rows, struct column *out)
{
	struct column ints;

	column_init_flat(&ints, TYPE_INT, rows->count, rows->region);
	uint32_t done = rows_read_ints(rows, &ints);
	if (done == rows->count) {
		*out = ints;
		return;
	}
	column_init_flat(out, TYPE_FLOAT, rows->count, rows->region);
	if (!rows_read_floats(rows, &ints, done, out))
		read_cells(rows, out);
}

/* A MIXED column with its raw cells settled. */
static void
numbers_of_mixed(const struct rows *rows, struct column *out)
{
	union cell *cells = region_alloc(rows->region,
	    rows->count * sizeof(*cells));
	uint8_t *tags = region_alloc(rows->region, rows->count);

	for (uint32_t i = 0; i < rows->count; i++) {
		uint32_t row = rows->sel == NULL ? i : rows->sel[i];
		struct value value = column_value(rows->column, row,
		    rows->region);
		cells[i] = value.cell;
		tags[i] = (uint8_t)value.type;
		if (value.type == TYPE_RAW)
			tags[i] = (uint8_t)raw_settle(TYPE_RAW,
			    text_bytes(&value.cell.text), value.cell.text.size,
			    rows->region, &cells[i]);
	}
	column_from_cells(cells, tags, rows->count, 1, rows->region, out);
}

void
column_numbers(const struct column *column, const uint16_t *sel,
	uint32_t count, struct region *region, struct column *out)
{
	struct rows rows = { column, sel, count, region };

	if (column->encoding == CONST) {
		struct value value = column_value(column, 0, region);
		union cell cell = value.cell;
		if (value.type == TYPE_RAW)
			value.type = raw_settle(TYPE_RAW,
			    text_bytes(&cell.text), cell.text.size, region,
			    &value.cell);
		else if (value.type == TYPE_MISSING)
			value.type = TYPE_NULL;
		column_init_const(out, &value, region);
	} else if (column->type == TYPE_MIXED) {
		numbers_of_mixed(&rows, out);
	} else if (type_is_raw(column->type)) {
		numbers_of_raw(&rows, out);
	} else {
		column_gather(column, sel, count, region, out);
	}
}
