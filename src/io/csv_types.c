/*
 * Declared types of fields (types={...}), and text=true.
 *
 * Only needed fields are brought to their type; a field that no stage asks for
 * is not looked at, so what stands in it refuses no record.  Values are first
 * decoded to plain text, then read as a cast would read them (io/declared.c):
 * "" (two quotes) is no number, nothing at all is null.
 */
#include <string.h>

#include "io/csv_priv.h"
#include "io/declared.h"
#include "util/bits.h"

/* Where the row's record lies. */
static void
record_range(const struct batch *batch, uint32_t row, uint32_t *start,
	uint32_t *end)
{
	const struct column *record = &batch->record;

	*start = record->from[(size_t)row * record->stride] + record->from_add;
	*end = record->to[(size_t)row * record->stride];
}

static void
reject_value(struct csv_reader *r, const struct batch *batch, uint32_t row,
	const struct column *source, uint32_t field)
{
	char reason[256];
	uint32_t start, end;

	declared_reason(reason, sizeof(reason), r->types[field],
	    r->schema->field[field].name);
	record_range(batch, row, &start, &end);
	csv_reject(r, start, end, source->from[(size_t)row * source->stride] +
	    source->from_add, "%s", reason);
}

/* A row that column_declare() left over. */
static void
convert_row(struct csv_reader *r, struct batch *batch,
	const struct column *source, struct column *column, uint32_t row,
	uint32_t field, struct region *region, uint64_t *wrong)
{
	struct value value = column_value(source, row, region);

	if (value.type == TYPE_NULL) {
		column_need_valid(column, batch->row_count, region);
		bits_clear(column->valid, row);
	} else if (!bits_get(wrong, row) && declared_parse(&value.cell.text,
	    column, row, region) != 0) {
		reject_value(r, batch, row, source, field);
		bits_set(wrong, row);
	}
}

/* Ints, decimals and dates: mostly where they lie. */
static void
convert_slices(struct csv_reader *r, struct batch *batch,
	struct column *column, uint32_t field, struct region *region,
	uint64_t *wrong)
{
	struct column source = *column;
	uint64_t other[BATCH_ROWS_MAX / 64];
	uint32_t rows = batch->row_count;

	if (column_declare(&source, (enum type)r->types[field], rows, region,
	    column, other) == 0)
		return;
	for (uint32_t word = 0; word < (rows + 63) / 64; word++)
		for (; other[word] != 0; other[word] &= other[word] - 1)
			convert_row(r, batch, &source, column,
			    word * 64 + bits_lowest(other[word]), field,
			    region, wrong);
}

/* Turn a view into a typed column; bit r of `wrong` tells refused rows. */
static void
convert_column(struct csv_reader *r, struct batch *batch,
	struct column *column, uint32_t field, struct region *region,
	uint64_t *wrong)
{
	struct column source = *column;
	struct column texts;
	uint32_t rows = batch->row_count;
	enum type type = (enum type)r->types[field];

	if (source.valid == NULL && (type == TYPE_INT ||
	    type == TYPE_DECIMAL || type == TYPE_DATE)) {
		convert_slices(r, batch, column, field, region, wrong);
		return;
	}
	column_decode(&source, NULL, rows, region, &texts);
	if (type == TYPE_TEXT) {
		*column = texts;
		column->type = TYPE_TEXT;
		return;
	}
	column_init_flat(column, type, rows, region);
	column->valid = texts.valid;
	memset(column->data, 0, (size_t)rows * type_width(type));
	for (uint32_t i = 0; i < rows; i++) {
		if (!column_row_is_valid(&texts, i) || bits_get(wrong, i))
			continue;
		if (declared_parse((const struct text *)texts.data + i, column,
		    i, region) == 0)
			continue;
		reject_value(r, batch, i, &source, field);
		bits_set(wrong, i);
	}
}

/* Plain text, in which nothing at all is the empty text. */
static void
decode_text(struct column *column, uint32_t rows, struct region *region)
{
	struct column source = *column;

	column_decode(&source, NULL, rows, region, column);
	column->type = TYPE_TEXT;
	column->valid = NULL;
}

/* A view in which nothing at all is null. */
static void
mark_empty(struct column *column, uint32_t rows, struct region *region)
{
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t size;
		column_slice(column, i, &size);
		if (size > 0)
			continue;
		column_need_valid(column, rows, region);
		bits_clear(column->valid, i);
	}
}

void
csv_convert(struct csv_reader *r, struct batch *batch)
{
	uint64_t wrong[BATCH_ROWS_MAX / 64] = { 0 };
	uint32_t rejected = r->rejects.count;
	struct region *region = NULL;

	if (r->types == NULL && !r->set.text && !r->set.empty_is_null)
		return;
	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		uint32_t field = r->picked == NULL ? i : r->picked_field[i];
		struct column *column = &batch->column[i];
		int known = field < r->field_count;
		if (column->encoding != SLICE ||
		    (known && r->needed != NULL && !r->needed[field]))
			continue;
		if (region == NULL)
			region = batch_region(batch);
		if (known && r->types != NULL && r->types[field] != 0)
			convert_column(r, batch, column, field, region, wrong);
		else if (r->set.text)
			decode_text(column, batch->row_count, region);
		else if (r->set.empty_is_null)
			mark_empty(column, batch->row_count, region);
	}
	if (r->rejects.count > rejected)
		declared_keep(batch, wrong, batch->row_count);
}
