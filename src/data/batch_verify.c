/*
 * The invariants of a batch, checked row by row, for debug and hostile builds.
 * Bytes that views and slices lead to are read, so that the sanitizer sees a
 * view of dead memory.
 */
#include "data/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/raw_priv.h"
#include "util/env.h"

static void fail(const char *, const char *, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* `where` is the column's name or what else is wrong. */
static void
fail(const char *where, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	int used = snprintf(text, sizeof(text),
	    "sflow: broken batch: %.128s: ", where);
	int more = vsnprintf(text + used, sizeof(text) - (size_t)used - 1,
	    format, arguments);
	va_end(arguments);
	size_t size = strlen(text);
	if (more >= 0)
		text[size++] = '\n';
	env_write_all(STDERR_FILENO, text, size);
	abort();
}

static void
verify_sel(const struct batch *batch)
{
	if (batch->row_count > BATCH_ROWS_MAX)
		fail("rows", "%u are too many", batch->row_count);
	if (batch->sel == NULL) {
		if (batch->sel_count != batch->row_count)
			fail("sel", "none, but sel_count %u is not row_count "
			    "%u", batch->sel_count, batch->row_count);
		return;
	}
	if (batch->sel != batch->sel_storage)
		fail("sel", "it does not lie in sel_storage");
	if (batch->sel_count > batch->row_count)
		fail("sel", "%u of %u rows", batch->sel_count,
		    batch->row_count);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		if (batch->sel[i] >= batch->row_count)
			fail("sel", "row %u of %u", batch->sel[i],
			    batch->row_count);
		if (i > 0 && batch->sel[i] <= batch->sel[i - 1])
			fail("sel", "row %u follows row %u", batch->sel[i],
			    batch->sel[i - 1]);
	}
}

static void
verify_shape(const char *name, const struct column *column)
{
	if (column->type >= TYPE_ANY || column->type == TYPE_MISSING)
		fail(name, "type %u is none of a column", column->type);
	if (column->encoding > SLICE)
		fail(name, "encoding %u is none", column->encoding);
	if (column->type == TYPE_NULL)
		return;
	if (column->encoding == SLICE) {
		if (!type_is_raw(column->type))
			fail(name, "a slice of %s",
			    type_name(column->type));
		if (column->base == NULL || column->from == NULL ||
		    column->to == NULL)
			fail(name, "a slice of nothing");
	} else if (column->data == NULL) {
		fail(name, "no data");
	}
	if ((column->type == TYPE_MIXED) != (column->tags != NULL))
		fail(name, "tags and type %s", type_name(column->type));
}

/* Read the bytes; what they are does not matter. */
static void
touch(const char *bytes, uint32_t size)
{
	if (size == 0)
		return;
	volatile char first = bytes[0];
	volatile char last = bytes[size - 1];
	(void)first;
	(void)last;
}

static void
verify_text(const char *name, uint32_t row, const struct text *text)
{
	if (text->size > TEXT_INLINE_MAX) {
		touch(text->bytes, text->size);
		if (memcmp(text->prefix, text->bytes, 4) != 0)
			fail(name, "row %u: the prefix of the view differs "
			    "from its bytes", row);
		return;
	}
	for (uint32_t i = text->size; i < TEXT_INLINE_MAX; i++)
		if (text->inlined[i] != 0)
			fail(name, "row %u: a short view of %u bytes has a "
			    "byte at %u", row, text->size, i);
}

static void
verify_slice(const char *name, uint32_t row, const struct column *column)
{
	size_t at = (size_t)row * column->stride;
	uint32_t size;

	if (column->from[at] + column->from_add > column->to[at])
		fail(name, "row %u: a slice from %u + %u to %u", row,
		    column->from[at], column->from_add, column->to[at]);
	const char *bytes = column_slice(column, row, &size);
	touch(bytes, size);
}

static void
verify_cell(const char *name, uint32_t row, enum type type, const void *data)
{
	if (type == TYPE_BOOL && *(const uint8_t *)data > 1)
		fail(name, "row %u: bool %u", row, *(const uint8_t *)data);
	if (type == TYPE_DECIMAL) {
		int32_t scale = ((const struct decimal *)data)->scale;
		if (scale < 0 || scale > 18)
			fail(name, "row %u: decimal of scale %d", row, scale);
	}
	if (type_is_textual(type))
		verify_text(name, row, data);
}

static void
verify_row(const char *name, uint32_t row, const struct column *column)
{
	enum type type = column->type;
	int valid = column_row_is_valid(column, row);

	if (column->encoding == SLICE) {
		if (valid)
			verify_slice(name, row, column);
		return;
	}
	if (type == TYPE_MIXED) {
		type = column->tags[row];
		if (type > TYPE_RAW)
			fail(name, "row %u: tag %u is none", row, type);
		if (type <= TYPE_MISSING && valid)
			fail(name, "row %u: tag %s, but its bit is set", row,
			    type_name(type));
	}
	if (valid)
		verify_cell(name, row, type, (const char *)column->data +
		    (size_t)row * type_width(column->type));
}

static void
verify_column(const char *name, const struct batch *batch,
	const struct column *column)
{
	verify_shape(name, column);
	if (column->type == TYPE_NULL || batch->sel_count == 0)
		return;
	if (column->encoding == CONST) {
		verify_row(name, 0, column);
		return;
	}
	for (uint32_t i = 0; i < batch->sel_count; i++)
		verify_row(name, batch_row(batch, i), column);
}

void
batch_verify(const struct batch *batch)
{
	if (batch->schema == NULL)
		fail("schema", "none");
	if (batch->schema->field_count > batch->column_capacity)
		fail("schema", "%u fields, room for %u columns",
		    batch->schema->field_count, batch->column_capacity);
	verify_sel(batch);
	for (uint32_t i = 0; i < batch->schema->field_count; i++)
		verify_column(batch->schema->field[i].name, batch,
		    &batch->column[i]);
	if (!batch->has_record)
		return;
	if (batch->place_row != NULL)
		fail("record", "of rows that were made of others");
	if (!type_is_raw(batch->record.type))
		fail("record", "of type %s", type_name(batch->record.type));
	if (batch->record.encoding == CONST)
		fail("record", "the same for all rows");
	verify_column("record", batch, &batch->record);
}
