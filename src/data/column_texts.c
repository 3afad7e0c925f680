/*
 * The text of every value of a column, as csv output would show it without its
 * quotes.  Text stays a view; numbers and times up to 12 bytes lie in their
 * views, longer ones in the region.  The number of an undeclared JSON field
 * keeps its digits: 1.0 stays 1.0 until something computes with it.
 */
#include "data/column.h"

#include <string.h>

#include "data/digits_priv.h"
#include "data/json.h"
#include "data/number.h"
#include "data/raw_priv.h"
#include "util/buf.h"
#include "util/mem.h"

struct text
value_to_text(const struct value *value, struct region *region)
{
	char text[VALUE_FORMAT_MAX];

	if (!type_is_textual(value->type))
		return text_copy(text, value_format(value, text), region);
	const struct text *view = &value->cell.text;
	if ((value->type != TYPE_LIST && value->type != TYPE_RECORD) ||
	    memchr(text_bytes(view), '@', view->size) == NULL)
		return *view;

	struct buf buf = { 0 };
	json_add_plain(&buf, text_bytes(view), view->size);
	struct text plain = text_copy(buf.bytes, buf.size, region);
	buf_fini(&buf);
	return plain;
}

/* Row by row. */
static void
texts_of_values(const struct column *column, const uint16_t *sel,
	uint32_t count, struct region *region, struct column *out)
{
	struct text *text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_value(column,
		    sel == NULL ? i : sel[i], region);
		if (value.type > TYPE_MISSING) {
			text[i] = value_to_text(&value, region);
		} else {
			memset(&text[i], 0, sizeof(text[i]));
			column_clear(out, i, count, region);
		}
	}
}

/* Tokens; numbers and words stay as they stand. */
static void
texts_of_json(const struct column *column, const uint16_t *sel,
	uint32_t count, struct region *region, struct column *out)
{
	struct text *text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		uint32_t size;
		union cell cell;
		const char *bytes = raw_at(column, row, &size);
		char first = size == 0 || !column_row_is_valid(column, row) ?
		    'n' : bytes[0];
		if (first == 'n') {
			memset(&text[i], 0, sizeof(text[i]));
			column_clear(out, i, count, region);
		} else if (first == '"' || first == '[' || first == '{') {
			raw_decode(TYPE_RAW_JSON, bytes, size, region, &cell);
			text[i] = cell.text;
		} else {
			text[i] = text_make(bytes, size);
		}
	}
}

/* Ints, the frequent case, without a call per value. */
static void
texts_of_ints(const struct column *dense, uint32_t count,
	struct region *region, struct column *out)
{
	const int64_t *data = dense->data;
	struct text *text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		char digits[NUMBER_TEXT_MAX];
		if (__builtin_expect(digits_text(data[i], &text[i]), 1))
			continue;
		unsigned size = number_format_int(data[i], digits);
		text[i] = text_copy(digits, size, region);
	}
	out->valid = dense->valid;
}

/* One value as a CONST column. */
static void
texts_of_const(const struct column *column, struct region *region,
	struct column *out)
{
	column_init_flat(out, TYPE_TEXT, 1, region);
	if (column->type == TYPE_RAW_JSON)
		texts_of_json(column, NULL, 1, region, out);
	else
		texts_of_values(column, NULL, 1, region, out);
	out->encoding = CONST;
}

void
column_texts(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	enum type type = column->type;

	if (column->encoding == CONST) {
		texts_of_const(column, region, out);
	} else if (type == TYPE_TEXT) {
		column_gather(column, sel, count, region, out);
	} else if (type == TYPE_RAW || type == TYPE_RAW_CSV ||
	    type == TYPE_RAW_TSV) {
		column_decode(column, sel, count, region, out);
		out->type = TYPE_TEXT;
	} else if (type == TYPE_INT) {
		struct column dense;
		column_gather(column, sel, count, region, &dense);
		column_init_flat(out, TYPE_TEXT, count, region);
		texts_of_ints(&dense, count, region, out);
	} else {
		column_init_flat(out, TYPE_TEXT, count, region);
		if (type == TYPE_RAW_JSON)
			texts_of_json(column, sel, count, region, out);
		else
			texts_of_values(column, sel, count, region, out);
	}
}
