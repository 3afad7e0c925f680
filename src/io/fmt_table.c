/*
 * Aligned columns, for eyes:
 *
 *	host       status  bytes
 *	---------  ------  -----
 *	127.0.0.1     200   2326
 *
 * Rows are collected up to a block, laid out and printed; a flush prints what
 * is there.  Later blocks keep the widths of earlier ones as their least, so
 * that columns rarely move.  A column is right-aligned as long as all that
 * stood in it looked like numbers.  On a terminal, the widest columns are cut
 * so that a row fits its line; nowhere else is anything cut.
 */
#include <string.h>

#include "data/batch.h"
#include "data/number.h"
#include "io/cells.h"
#include "io/format.h"
#include "io/output.h"
#include "io/text_width.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define BLOCK_ROWS 1000
/* Of text: a block of long texts is printed earlier. */
#define BLOCK_BYTES ((size_t)1 << 20)
#define RENDER_ROWS 64
#define GAP 2
/* A cut column shows at least this. */
#define WIDTH_MIN 4

static const struct option_def writer_options[] = { { 0 } };

struct shown {
	size_t offset;		/* in texts */
	uint32_t size;
	uint32_t width;
};

struct table_column {
	uint32_t width;
	uint32_t limit;		/* what fits the terminal */
	int is_left;
};

struct writer {
	struct output *output;
	struct schema *schema;
	struct table_column *column;
	struct shown *shown;
	uint32_t row_count;
	uint32_t row_capacity;
	struct buf texts;
	struct region *region;
	int header_printed;
	int any_printed;
};

static struct writer *
table_write_open(struct output *output, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	if (format_check_options("table", writer_options, option, option_count,
	    err) != 0)
		return NULL;
	struct writer *writer = mem_alloc_zero(sizeof(*writer));
	writer->output = output;
	writer->region = region_new();
	return writer;
}

static void
table_write_close(struct writer **writer_address)
{
	struct writer *writer = *writer_address;

	*writer_address = NULL;
	if (writer == NULL)
		return;
	schema_drop(&writer->schema);
	region_drop(&writer->region);
	buf_fini(&writer->texts);
	mem_free(writer->column);
	mem_free(writer->shown);
	mem_free(writer);
}

/* --- layout ------------------------------------------------------------ */

/* Cut the widest columns until a row fits the terminal. */
static void
fit_terminal(struct writer *writer)
{
	uint32_t count = writer->schema->field_count;
	uint64_t room = output_columns(writer->output);
	uint32_t low = WIDTH_MIN;
	uint32_t high = WIDTH_MIN;

	room -= room > (uint64_t)GAP * (count - 1) ? (uint64_t)GAP *
	    (count - 1) : room;
	for (uint32_t i = 0; i < count; i++)
		if (writer->column[i].width > high)
			high = writer->column[i].width;
	/* The largest limit that all fit under. */
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;
		uint64_t sum = 0;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t width = writer->column[i].width;
			sum += width < middle ? width : middle;
		}
		if (sum <= room)
			low = middle;
		else
			high = middle - 1;
	}
	for (uint32_t i = 0; i < count; i++)
		writer->column[i].limit = low;
}

static void
add_many(struct buf *buf, char c, uint32_t count)
{
	memset(buf_reserve(buf, count + 1), c, count);
	buf->size += count;
}

/* One cell, and what pads it; nothing follows the last one. */
static void
add_cell(struct buf *buf, const struct table_column *column, const char *bytes,
	uint32_t size, uint32_t width, int is_last)
{
	uint32_t full = column->width < column->limit ? column->width :
	    column->limit;

	if (width > full) {
		uint32_t part = text_prefix(bytes, size, full - 1);
		width = text_width(bytes, part) + 1;
		if (!column->is_left)
			add_many(buf, ' ', full - width);
		buf_add(buf, bytes, part);
		buf_add_string(buf, "\xe2\x80\xa6");
	} else {
		if (!column->is_left)
			add_many(buf, ' ', full - width);
		buf_add(buf, bytes, size);
	}
	if (is_last)
		return;
	if (column->is_left)
		add_many(buf, ' ', full - width);
	add_many(buf, ' ', GAP);
}

/* A line without the blanks at its end. */
static void
end_line(struct buf *buf, size_t line_start)
{
	while (buf->size > line_start && buf->bytes[buf->size - 1] == ' ')
		buf->size--;
	buf_add_char(buf, '\n');
}

static void
add_header(struct writer *writer, struct buf *buf)
{
	uint32_t count = writer->schema->field_count;
	size_t line_start;

	if (writer->any_printed)
		buf_add_char(buf, '\n');
	line_start = buf->size;
	for (uint32_t i = 0; i < count; i++) {
		struct buf name = { 0 };
		text_add_visible(&name, writer->schema->field[i].name,
		    writer->schema->field[i].name_size);
		add_cell(buf, &writer->column[i], name.bytes,
		    (uint32_t)name.size, text_width(name.bytes,
		    (uint32_t)name.size), i + 1 == count);
		buf_fini(&name);
	}
	end_line(buf, line_start);
	for (uint32_t i = 0; i < count; i++) {
		const struct table_column *column = &writer->column[i];
		if (i > 0)
			add_many(buf, ' ', GAP);
		add_many(buf, '-', column->width < column->limit ?
		    column->width : column->limit);
	}
	buf_add_char(buf, '\n');
	writer->header_printed = 1;
	writer->any_printed = 1;
}

/* Lay out and print what is collected. */
static int
print_block(struct writer *writer, struct err *err)
{
	struct buf *buf = output_buf(writer->output);
	uint32_t count = writer->schema == NULL ? 0 :
	    writer->schema->field_count;
	const struct shown *shown = writer->shown;

	if (count == 0 || (writer->row_count == 0 && writer->header_printed))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		writer->column[i].limit = UINT32_MAX;
	if (output_is_terminal(writer->output))
		fit_terminal(writer);
	if (!writer->header_printed)
		add_header(writer, buf);
	for (uint32_t row = 0; row < writer->row_count; row++) {
		size_t line_start = buf->size;
		for (uint32_t i = 0; i < count; i++, shown++)
			add_cell(buf, &writer->column[i],
			    writer->texts.bytes + shown->offset, shown->size,
			    shown->width, i + 1 == count);
		end_line(buf, line_start);
		if (output_room(writer->output, err) != 0)
			return -1;
	}
	writer->row_count = 0;
	writer->texts.size = 0;
	return 0;
}

/* --- collecting -------------------------------------------------------- */

/* Begin a table of these fields. */
static int
start_table(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	if (print_block(writer, err) != 0)
		return -1;
	schema_drop(&writer->schema);
	writer->schema = schema_copy(schema);
	writer->header_printed = 0;
	writer->row_capacity = 0;
	mem_free(writer->column);
	writer->column = mem_alloc_zero(schema->field_count *
	    sizeof(*writer->column));
	for (uint32_t i = 0; i < schema->field_count; i++)
		writer->column[i].width = text_width(schema->field[i].name,
		    schema->field[i].name_size);
	return 0;
}

static int
same_names(const struct schema *a, const struct schema *b)
{
	if (a->field_count != b->field_count)
		return 0;
	for (uint32_t i = 0; i < a->field_count; i++)
		if (strcmp(a->field[i].name, b->field[i].name) != 0)
			return 0;
	return 1;
}

static int
looks_like_number(const char *bytes, uint32_t size)
{
	int64_t integer;
	double number;

	return number_parse(bytes, size, &integer, &number) != NUMBER_NOT;
}

static void
collect_cell(struct writer *writer, struct table_column *column,
	const struct cell_text *cell, struct shown *out)
{
	struct buf *texts = &writer->texts;

	out->offset = texts->size;
	text_add_visible(texts, cell->bytes, cell->size);
	out->size = (uint32_t)(texts->size - out->offset);
	out->width = out->size == 0 ? 0 : text_width(texts->bytes +
	    out->offset, out->size);
	if (out->width > column->width)
		column->width = out->width;
	if (!column->is_left && !cell->is_null &&
	    !looks_like_number(cell->bytes, cell->size))
		column->is_left = 1;
}

static void
need_rows(struct writer *writer, uint32_t rows)
{
	if (writer->row_count + rows <= writer->row_capacity)
		return;
	writer->row_capacity = (writer->row_count + rows) * 2;
	writer->shown = mem_resize(writer->shown, (size_t)writer->row_capacity *
	    writer->schema->field_count * sizeof(*writer->shown));
}

/* Add rows to the block. */
static void
collect_rows(struct writer *writer, const struct batch *batch,
	const uint16_t *row, uint32_t rows)
{
	static const struct cells_style style = { .quoting = CELLS_PLAIN };
	uint32_t count = writer->schema->field_count;
	struct cell_text cell[RENDER_ROWS];

	need_rows(writer, rows);
	struct shown *shown = writer->shown + (size_t)writer->row_count * count;
	for (uint32_t c = 0; c < count; c++) {
		cells_render(&batch->column[c], row, rows, &style,
		    writer->region, cell, 1);
		for (uint32_t i = 0; i < rows; i++)
			collect_cell(writer, &writer->column[c], &cell[i],
			    &shown[(size_t)i * count + c]);
		region_reset(writer->region);
	}
	writer->row_count += rows;
}

static int
table_write(struct writer *writer, struct batch *batch, struct err *err)
{
	uint16_t row[RENDER_ROWS];

	if (batch->sel_count == 0)
		return 0;
	if ((writer->schema == NULL ||
	    !same_names(writer->schema, batch->schema)) &&
	    start_table(writer, batch->schema, err) != 0)
		return -1;
	for (uint32_t i = 0; i < batch->sel_count; i += RENDER_ROWS) {
		uint32_t rows = batch->sel_count - i;
		if (rows > RENDER_ROWS)
			rows = RENDER_ROWS;
		for (uint32_t k = 0; k < rows; k++)
			row[k] = (uint16_t)batch_row(batch, i + k);
		collect_rows(writer, batch, row, rows);
		if ((writer->row_count >= BLOCK_ROWS ||
		    writer->texts.size >= BLOCK_BYTES) &&
		    print_block(writer, err) != 0)
			return -1;
	}
	return 0;
}

static int
table_write_flush(struct writer *writer, struct err *err)
{
	return writer->row_count == 0 ? 0 : print_block(writer, err);
}

static int
table_write_end(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	if (writer->schema == NULL && schema != NULL &&
	    start_table(writer, schema, err) != 0)
		return -1;
	if (print_block(writer, err) != 0)
		return -1;
	return output_room(writer->output, err);
}

const struct format_def format_table = {
	.name = "table",
	.summary = "aligned columns for reading",
	.writer_options = writer_options,
	.write_open = table_write_open,
	.write = table_write,
	.write_flush = table_write_flush,
	.write_end = table_write_end,
	.write_close = table_write_close,
};
