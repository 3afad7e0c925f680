/*
 * Raw columns made into what they hold, without asking what text looks like.
 * CSV and TSV fields become plain RAW text, JSON tokens values of their types.
 *
 * JSON columns mostly have one type, and mostly it is text or int: what the
 * first row is, is tried first.  At the first other token, cells with tags are
 * made of all rows, and packed if they turn out to be of one type after all.
 */
#include "data/column.h"

#include <string.h>

#include "data/raw_priv.h"
#include "data/rows_priv.h"
#include "util/mem.h"

/* Out of line: a row that needs decoding, or is null. */
static __attribute__((noinline)) void
decode_row(const struct column *source, uint32_t row, uint32_t i,
	uint32_t count, struct region *region, struct column *out)
{
	struct text *text = out->data;
	union cell cell;
	uint32_t size;
	const char *bytes = raw_at(source, row, &size);

	if (column_row_is_valid(source, row) && raw_decode(source->type, bytes,
	    size, region, &cell) == TYPE_RAW) {
		text[i] = cell.text;
	} else {
		memset(&text[i], 0, sizeof(text[i]));
		column_clear(out, i, count, region);
	}
}

/*
 * CSV or TSV fields of a SLICE column, which lie in padded chunks.  The leaf
 * loop; `with_sel` and `csv` are constants where it is used.
 */
static inline __attribute__((always_inline)) void
decode_slices_loop(const struct column *column, const uint16_t *sel,
	uint32_t count, struct region *region, int with_sel, int csv,
	struct column *out)
{
	struct column source = *column;
	struct text *restrict text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = with_sel ? sel[i] : i;
		uint32_t size;
		const char *bytes = column_slice(&source, row, &size);
		if (csv && __builtin_expect(size > 0 && bytes[0] == '"', 0)) {
			/* Nearly always a quote at the end and none inside. */
			if (size < 2 || bytes[size - 1] != '"' ||
			    raw_has_byte(bytes + 1, size - 2, '"'))
				size = 0;
			else
				text[i] = text_make_padded(bytes + 1, size - 2);
		} else if (csv || !raw_has_byte(bytes, size, '\\')) {
			text[i] = text_make_padded(bytes, size);
		} else {
			size = 0;
		}
		if (__builtin_expect(size == 0, 0))
			decode_row(column, row, i, count, region, out);
	}
}

static void
decode_slices(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	int csv = column->type == TYPE_RAW_CSV;

	if (column->valid != NULL)
		for (uint32_t i = 0; i < count; i++)
			decode_row(column, sel == NULL ? i : sel[i], i, count,
			    region, out);
	else if (csv && sel == NULL)
		decode_slices_loop(column, sel, count, region, 0, 1, out);
	else if (csv)
		decode_slices_loop(column, sel, count, region, 1, 1, out);
	else if (sel == NULL)
		decode_slices_loop(column, sel, count, region, 0, 0, out);
	else
		decode_slices_loop(column, sel, count, region, 1, 0, out);
}

/* The same of FLAT ones, whose views stay as they are if they can. */
static void
decode_views(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	const struct text *source = column->data;
	struct text *text = out->data;
	int csv = column->type == TYPE_RAW_CSV;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		const struct text *view = &source[row];
		int plain = csv ? view->inlined[0] != '"' :
		    memchr(text_bytes(view), '\\', view->size) == NULL;
		if (view->size > 0 && plain &&
		    column_row_is_valid(column, row))
			text[i] = *view;
		else
			decode_row(column, row, i, count, region, out);
	}
}

/*
 * JSON strings without escapes, and nulls, as TEXT.  Returns how many rows
 * were that before another token came.
 */
static uint32_t
decode_strings(const struct column *column, const uint16_t *sel,
	uint32_t count, struct region *region, struct column *out)
{
	struct text *text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		uint32_t size;
		const char *bytes = raw_at(column, row, &size);
		if (!column_row_is_valid(column, row) ||
		    (size == 4 && memcmp(bytes, "null", 4) == 0)) {
			memset(&text[i], 0, sizeof(text[i]));
			column_clear(out, i, count, region);
			continue;
		}
		if (size < 2 || bytes[0] != '"')
			return i;
		if (column->encoding == SLICE) {
			if (raw_has_byte(bytes + 1, size - 2, '\\'))
				return i;
			text[i] = text_make_padded(bytes + 1, size - 2);
		} else {
			if (memchr(bytes, '\\', size) != NULL)
				return i;
			text[i] = text_make(bytes + 1, size - 2);
		}
	}
	return count;
}

/* Any column as cells and tags. */
static void
decode_cells(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	union cell *cells = region_alloc(region, count * sizeof(*cells));
	uint8_t *tags = region_alloc(region, count);

	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_value(column,
		    sel == NULL ? i : sel[i], region);
		cells[i] = value.cell;
		tags[i] = (uint8_t)value.type;
	}
	column_from_cells(cells, tags, count, 0, region, out);
}

/* Is the field of some row not there at all? */
static int
has_missing(const struct column *column, const uint16_t *sel, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		uint32_t size;
		raw_at(column, row, &size);
		if (size == 0 && column_row_is_valid(column, row))
			return 1;
	}
	return 0;
}

/* Ints and nulls as INT: 1.  Else 0, and `out` is not used. */
static int
decode_ints(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	struct rows rows = { column, sel, count, region };

	column_init_flat(out, TYPE_INT, count, region);
	/* The reader takes what is missing for null. */
	return rows_read_ints(&rows, out) == count &&
	    (out->valid == NULL || !has_missing(column, sel, count));
}

static void
decode_json(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	uint32_t size = 0;
	const char *first = count == 0 ? NULL :
	    raw_at(column, sel == NULL ? 0 : sel[0], &size);

	if (size > 0 && raw_starts_number(first, size)) {
		if (decode_ints(column, sel, count, region, out))
			return;
	} else {
		column_init_flat(out, TYPE_TEXT, count, region);
		if (decode_strings(column, sel, count, region, out) == count)
			return;
	}
	decode_cells(column, sel, count, region, out);
}

void
column_decode(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	enum type type = column->type;

	if (column->encoding == CONST && type >= TYPE_RAW) {
		struct value value = column_value(column, 0, region);
		column_init_const(out, &value, region);
	} else if (type == TYPE_RAW_CSV || type == TYPE_RAW_TSV) {
		column_init_flat(out, TYPE_RAW, count, region);
		if (column->encoding == SLICE)
			decode_slices(column, sel, count, region, out);
		else
			decode_views(column, sel, count, region, out);
	} else if (type == TYPE_RAW_JSON) {
		decode_json(column, sel, count, region, out);
	} else if (type == TYPE_RAW && column->encoding == SLICE) {
		column_flatten(column, sel, count, region, out);
	} else {
		column_gather(column, sel, count, region, out);
	}
}
