/*
 * Rows of a section that is not regular: each row's starts and ends go to an
 * explicit table, one line a row, one more cell for the record.  Rows that are
 * refused, and empty lines, have no line there.
 */
#include <string.h>

#include "io/csv_priv.h"
#include "io/input.h"
#include "util/bits.h"
#include "util/mem.h"

/* Cells of an explicit table, unless one row has more: 512 KiB. */
#define TABLE_CELLS (64u << 10)
/* The start of a cell that its row does not have. */
#define ABSENT UINT32_MAX

struct table {
	struct loan loan;
	uint32_t width;		/* cells of a row, and one for the record */
	uint32_t *from;
	uint32_t *to;
	uint32_t row_count;
	int ragged;		/* some row has not the usual width */
	uint32_t rejects_before;	/* the first row */
};

/* How wide a table must be, and how many rows then fit. */
static void
table_measure(const struct csv_reader *r, struct csv_section *s,
	struct table *table)
{
	uint32_t width = r->field_count;
	uint32_t rows = 0;

	while (rows < s->row_count) {
		uint32_t count = s->row_first[rows + 1] - s->row_first[rows];
		uint32_t wider = r->set.ragged == CSV_RAGGED_LOOSE &&
		    count > width ? count : width;
		if (rows > 0 && (uint64_t)(rows + 1) * (wider + 1) >
		    TABLE_CELLS)
			break;
		width = wider;
		rows++;
	}
	s->row_count = rows;
	s->entry_count = s->row_first[rows];
	table->width = width + 1;
}

/* Refuse a row for its width; `row` are its separators. */
static void
reject_width(struct csv_reader *r, const uint32_t *row, uint32_t count)
{
	uint32_t start = row[-1] + 1;
	uint32_t end = row[count - 1];
	uint32_t fault = count > r->field_count ?
	    row[(int64_t)r->field_count - 1] + 1 : end;

	if (fault == end && end > start && r->base[end - 1] == '\r')
		fault--;
	csv_reject(r, start, end, fault, "expected %u field%s, found %u",
	    r->field_count, csv_plural(r->field_count), count);
}

/* May the row stand as it is: 1?  0: it is refused; -1: it ends the section, so
 * that it is judged alone. */
static int
row_is_sound(struct csv_reader *r, const uint32_t *row, uint32_t count)
{
	uint32_t start = row[-1] + 1;
	uint32_t end = row[count - 1];
	struct csv_row exact;

	if (end - start > r->set.record_max)
		return -1;
	if (end - start > r->set.dialect.field_max && r->set.dialect.quotes &&
	    csv_row_parse(&r->set.dialect, r->base, start, end + 1, NULL, 0,
	    &exact) != CSV_ROW_DONE)
		return -1;
	if (count == r->field_count || (count < r->field_count ?
	    r->set.ragged != CSV_RAGGED_ERROR :
	    r->set.ragged == CSV_RAGGED_LOOSE))
		return 1;
	reject_width(r, row, count);
	return 0;
}

/* Put a row of `count` fields into the table. */
static void
table_add(struct csv_reader *r, struct table *table, const uint32_t *row,
	uint32_t count, int has_trailing)
{
	if (table->row_count == 0)
		table->rejects_before = r->rejects.count;
	size_t cell = (size_t)table->row_count++ * table->width;
	uint32_t *from = table->from + cell;
	uint32_t *to = table->to + cell;
	uint32_t end = row[count - 1];

	if (!has_trailing && end > row[-1] + 1 && r->base[end - 1] == '\r')
		end--;
	for (uint32_t c = 0; c < count; c++) {
		from[c] = row[(int64_t)c - 1] + 1;
		to[c] = row[c];
	}
	to[count - 1] = end;
	if (from[count - 1] > end)
		from[count - 1] = end;
	for (uint32_t c = count; c + 1 < table->width; c++) {
		to[c] = end;
		from[c] = c < r->field_count ? end : ABSENT;
	}
	from[table->width - 1] = from[0];
	to[table->width - 1] = end;
	table->ragged |= count != r->field_count;
}

/*
 * The rows of an irregular section; refused ones are left out, empty lines
 * too.  Ends before a row whose quotes are wrong.
 */
static void
table_fill(struct csv_reader *r, struct csv_section *s, struct table *table)
{
	for (uint32_t i = 0; i < s->row_count; i++) {
		const uint32_t *row = s->index + s->row_first[i];
		uint32_t count = s->row_first[i + 1] - s->row_first[i];
		if (count == 1 && r->field_count != 1 &&
		    !r->set.empty_lines &&
		    csv_is_empty(r->base, row[-1] + 1, row[0]))
			continue;
		uint32_t has_trailing = r->set.trailing && count > 1 &&
		    csv_is_empty(r->base, row[count - 2] + 1, row[count - 1]);
		int sound = row_is_sound(r, row, count - has_trailing);
		if (sound < 0) {
			s->row_count = i;
			s->entry_count = s->row_first[i];
			return;
		}
		if (sound)
			table_add(r, table, row, count - has_trailing,
			    has_trailing != 0);
	}
}

/*
 * A column behind the known fields, which only some rows have.  The others miss
 * it, as JSON objects may, so that what comes out does not depend on how rows
 * are put into batches.
 */
static void
extra_column(const struct csv_reader *r, const struct column *view,
	struct batch *batch, struct column *out)
{
	struct region *region = batch_region(batch);
	uint32_t rows = batch->row_count;
	union cell *cell;

	column_init_flat(out, TYPE_MIXED, rows, region);
	cell = memset(out->data, 0, rows * sizeof(*cell));
	column_need_valid(out, rows, region);
	for (uint32_t i = 0; i < rows; i++) {
		struct value value = { .type = TYPE_MISSING };
		if (view->from[(size_t)i * view->stride] != ABSENT)
			value = column_value(view, i, region);
		if (r->set.text && value.type != TYPE_MISSING)
			value.type = TYPE_TEXT;
		out->tags[i] = (uint8_t)value.type;
		if (value.type <= TYPE_MISSING)
			bits_clear(out->valid, i);
		else
			cell[i] = value.cell;
	}
}

struct batch *
csv_batch_of_table(struct csv_reader *r, struct csv_section *s)
{
	struct table table = { 0 };

	table_measure(r, s, &table);
	size_t cells = (size_t)s->row_count * table.width;
	table.loan = loan_take(&r->loans, cells * 2 * sizeof(uint32_t));
	table.from = (uint32_t *)(void *)table.loan.bytes;
	table.to = table.from + cells;
	table_fill(r, s, &table);
	struct batch *batch = NULL;
	if (table.row_count == 0)
		goto done;

	batch = csv_batch_start(r, s, table.row_count, table.width - 1);
	batch_take_region(batch, region_hold(table.loan.region));
	/* Rows before the first one may have been left out. */
	batch->first_line += csv_count_lines(r->base + s->start,
	    table.from[0] - s->start);
	batch->first_record += table.rejects_before;
	struct column view = {
		.type = (uint8_t)r->set.type, .encoding = SLICE,
		.delimiter = (uint8_t)r->set.dialect.delimiter,
		.stride = table.width, .base = r->base,
	};
	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		uint32_t field = csv_field_of_column(r, i);
		if (field >= table.width - 1) {
			csv_init_missing(batch, &batch->column[i]);
			continue;
		}
		view.from = table.from + field;
		view.to = table.to + field;
		if (field < r->field_count)
			batch->column[i] = view;
		else
			extra_column(r, &view, batch, &batch->column[i]);
	}
	view.from = table.from + table.width - 1;
	view.to = table.to + table.width - 1;
	batch->record = view;
	batch->has_record = !table.ragged;
done:
	loan_return(&r->loans, &table.loan);
	return batch;
}
