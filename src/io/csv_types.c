/*
 * Declared types of fields (types={...}), and text=true.
 *
 * Only needed fields are brought to their type; a field that no stage asks for
 * is not looked at, so what stands in it refuses no record.  Values are first
 * decoded to plain text, then read as a cast would read them: blanks around a
 * number are fine, "" (two quotes) is no number, nothing at all is null.
 */
#include <string.h>

#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "io/csv_priv.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/mem.h"

/* Does the text say true or false? */
static int
parse_bool(const char *bytes, size_t size, uint8_t *out)
{
	static const char *const words[] = { "false", "true", "0", "1" };

	for (unsigned i = 0; i < 4; i++) {
		if (strlen(words[i]) != size ||
		    memcmp(words[i], bytes, size) != 0)
			continue;
		*out = i & 1;
		return 0;
	}
	return -1;
}

/* A JSON array or object, compact. */
static int
parse_nested(const char *bytes, size_t size, char first, struct region *region,
	struct text *out)
{
	size_t end;
	struct buf compact = { 0 };

	while (size > 0 && (*bytes == ' ' || *bytes == '\t')) {
		bytes++;
		size--;
	}
	if (size == 0 || *bytes != first ||
	    json_check(bytes, size, &end) != NULL)
		return -1;
	json_add_compact(&compact, bytes, size);
	*out = text_make(region_copy(region, compact.bytes, compact.size),
	    compact.size);
	buf_fini(&compact);
	return 0;
}

/* The text as element `i` of the column; -1 if it is not of its type. */
static int
parse_cell(const struct text *text, struct column *out, uint32_t i,
	struct region *region)
{
	const char *bytes = text_bytes(text);
	size_t size = text->size;

	switch (out->type) {
	case TYPE_BOOL:
		return parse_bool(bytes, size, (uint8_t *)out->data + i);
	case TYPE_INT:
		return number_cast_int(bytes, size, (int64_t *)out->data + i);
	case TYPE_FLOAT:
		return number_cast_float(bytes, size, (double *)out->data + i);
	case TYPE_DECIMAL:
		return decimal_parse(bytes, size,
		    (struct decimal *)out->data + i);
	case TYPE_TIME:
		return moment_parse(bytes, size, (int64_t *)out->data + i);
	case TYPE_DATE:
		return moment_parse_date(bytes, size, (int64_t *)out->data + i);
	case TYPE_DURATION:
		return moment_parse_duration(bytes, size,
		    (int64_t *)out->data + i);
	case TYPE_LIST:
		return parse_nested(bytes, size, '[', region,
		    (struct text *)out->data + i);
	default:
		return parse_nested(bytes, size, '{', region,
		    (struct text *)out->data + i);
	}
}

static const char *
article(const char *word)
{
	return strchr("aeiou", word[0]) != NULL ? "an" : "a";
}

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
	const char *name = type_name((enum type)r->types[field]);
	uint32_t start, end;

	record_range(batch, row, &start, &end);
	csv_reject(r, start, end, source->from[(size_t)row * source->stride] +
	    source->from_add, "expected %s %s in field '%s'", article(name),
	    name, r->schema->field[field].name);
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
		if (parse_cell((const struct text *)texts.data + i, column, i,
		    region) == 0)
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

/* Select the rows whose bit in `wrong` is clear. */
static void
drop_rows(struct batch *batch, const uint64_t *wrong)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t count = 0;

	for (uint32_t i = 0; i < batch->row_count; i++) {
		sel[count] = (uint16_t)i;
		count += !bits_get(wrong, i);
	}
	batch->sel = sel;
	batch->sel_count = count;
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
		drop_rows(batch, wrong);
}
