/*
 * Declared types of fields (types={...}).
 *
 * Only fields that are asked for are brought to their type.  A string is read
 * by its text, numbers and words by their own (io/declared.c); null and a field
 * that is not there are null.
 */
#include <string.h>

#include "data/batch.h"
#include "data/json.h"
#include "io/declared.h"
#include "io/json_reader_priv.h"
#include "util/bits.h"
#include "util/mem.h"

/* A token as element `i` of the column; -1 if it is not of its type. */
static int
parse_token(const char *bytes, size_t size, struct column *out, uint32_t i,
	struct region *region)
{
	struct text text = text_make(bytes, size);
	struct value value = { .type = TYPE_RAW };

	if (bytes[0] == '"' || bytes[0] == '{' || bytes[0] == '[') {
		value = json_value(bytes, size, region);
		text = value.cell.text;
	}
	if (out->type == TYPE_TEXT || out->type == value.type) {
		((struct text *)out->data)[i] = text;
		return 0;
	}
	/* A list that is written in a string is a string. */
	if (value.type == TYPE_LIST || value.type == TYPE_RECORD ||
	    out->type == TYPE_LIST || out->type == TYPE_RECORD)
		return -1;
	return declared_parse(&text, out, i, region);
}

static int
is_null(const char *bytes, uint32_t size)
{
	return size == 0 || bytes[0] == 'n';
}

/* Report a value that does not fit; 0: go on. */
static int
refuse(struct json_reader *r, const struct batch *batch, uint32_t row,
	const char *value, const struct field *field, enum type type)
{
	char reason[256];

	declared_reason(reason, sizeof(reason), type, field->name);
	return json_reject_row(r, batch, row, (uint32_t)(value - r->base),
	    reason);
}

/*
 * Turn a view into a typed column; bit r of `wrong` tells refused rows.
 * Returns the row at which the job stops, or the number of rows.
 */
static uint32_t
convert_column(struct json_reader *r, struct batch *batch, uint32_t index,
	enum type type, struct region *region, uint64_t *wrong)
{
	struct column *column = &batch->column[index];
	struct column source = *column;
	uint32_t rows = batch->row_count;

	column_init_flat(column, type, rows, region);
	memset(column->data, 0, (size_t)rows * type_width(type));
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t size;
		const char *bytes = column_slice(&source, i, &size);
		if (bits_get(wrong, i))
			continue;
		if (is_null(bytes, size)) {
			column_need_valid(column, rows, region);
			bits_clear(column->valid, i);
			continue;
		}
		if (parse_token(bytes, size, column, i, region) == 0)
			continue;
		bits_set(wrong, i);
		if (refuse(r, batch, i, bytes, &batch->schema->field[index],
		    type) != 0) {
			r->failed = 1;
			return i;
		}
	}
	return rows;
}

/* Row `stop` ends the job; all rows of the batch stand at one place. */
static void
fail_at_row(struct json_reader *r, const struct batch *batch, uint32_t stop)
{
	uint32_t first = batch->record.from[0];
	uint32_t at = batch->record.from[2 * (size_t)stop];
	int in_array = r->place != JSON_TOP && r->place != JSON_BEHIND &&
	    r->place != JSON_OVER;

	json_fail_at(r, at, batch->first_line + json_count_lines(r->base +
	    first, at - first), batch->first_record - 1 + stop,
	    in_array ? JSON_ELEMENT : JSON_TOP);
}

void
json_convert(struct json_reader *r, struct batch *batch)
{
	const struct schema *types = r->set.types;
	uint64_t wrong[BATCH_ROWS_MAX / 64] = { 0 };
	uint32_t stop = batch->row_count;
	struct region *region = batch_region(batch);
	int dropped = 0;

	for (uint32_t i = 0; i < types->field_count; i++) {
		const struct field *field = &types->field[i];
		int index = schema_find(batch->schema, field->name,
		    field->name_size);
		if (index < 0 || batch->column[index].encoding != SLICE)
			continue;
		/* A column that stops earlier also wins over the last one. */
		uint32_t at = convert_column(r, batch, (uint32_t)index,
		    field->type, region, wrong);
		stop = at < stop ? at : stop;
		if (r->failed)
			break;
	}
	for (uint32_t i = 0; i < BATCH_ROWS_MAX / 64; i++)
		dropped |= wrong[i] != 0;
	if (dropped)
		declared_keep(batch, wrong, stop);
	if (r->failed)
		fail_at_row(r, batch, stop);
}
