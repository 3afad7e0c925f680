/*
 * One field a line, an empty line between records:
 *
 *	host    127.0.0.1
 *	status  200
 */
#include "data/batch.h"
#include "io/cells.h"
#include "io/format.h"
#include "io/output.h"
#include "io/text_width.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define GAP 2

static const struct option_def writer_options[] = { { 0 } };

struct writer {
	struct output *output;
	struct region *region;
	struct schema *schema;	/* that `width` is for */
	uint32_t width;		/* of the names */
	int any_printed;
};

static struct writer *
vertical_write_open(struct output *output, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	if (format_check_options("vertical", writer_options, option,
	    option_count, err) != 0)
		return NULL;
	struct writer *writer = mem_alloc_zero(sizeof(*writer));
	writer->output = output;
	writer->region = region_new();
	return writer;
}

static void
vertical_write_close(struct writer **writer_address)
{
	struct writer *writer = *writer_address;

	*writer_address = NULL;
	if (writer == NULL)
		return;
	schema_drop(&writer->schema);
	region_drop(&writer->region);
	mem_free(writer);
}

static void
measure_names(struct writer *writer, struct schema *schema)
{
	schema_drop(&writer->schema);
	writer->schema = schema_hold(schema);
	writer->width = 0;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		uint32_t width = text_width(schema->field[i].name,
		    schema->field[i].name_size);
		if (width > writer->width)
			writer->width = width;
	}
}

static void
add_field(struct writer *writer, struct buf *buf, const struct field *field,
	const struct cell_text *cell)
{
	uint32_t width = text_width(field->name, field->name_size);

	text_add_visible(buf, field->name, field->name_size);
	for (; cell->size > 0 && width < writer->width + GAP; width++)
		buf_add_char(buf, ' ');
	text_add_visible(buf, cell->bytes, cell->size);
	buf_add_char(buf, '\n');
}

static void
add_record(struct writer *writer, const struct batch *batch, uint16_t row)
{
	static const struct cells_style style = { .quoting = CELLS_PLAIN };
	struct buf *buf = output_buf(writer->output);

	if (writer->any_printed)
		buf_add_char(buf, '\n');
	writer->any_printed = 1;
	for (uint32_t c = 0; c < batch->schema->field_count; c++) {
		struct cell_text cell;
		cells_render(&batch->column[c], &row, 1, &style,
		    writer->region, &cell, 1);
		add_field(writer, buf, &batch->schema->field[c], &cell);
		region_reset(writer->region);
	}
}

static int
vertical_write(struct writer *writer, struct batch *batch, struct err *err)
{
	if (writer->schema != batch->schema)
		measure_names(writer, batch->schema);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		add_record(writer, batch, (uint16_t)batch_row(batch, i));
		if (output_room(writer->output, err) != 0)
			return -1;
	}
	return 0;
}

static int
vertical_write_flush(struct writer *writer, struct err *err)
{
	return output_room(writer->output, err);
}

static int
vertical_write_end(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	(void)schema;
	return output_room(writer->output, err);
}

const struct format_def format_vertical = {
	.name = "vertical",
	.summary = "one field a line, for reading wide records",
	.writer_options = writer_options,
	.write_open = vertical_write_open,
	.write = vertical_write,
	.write_flush = vertical_write_flush,
	.write_end = vertical_write_end,
	.write_close = vertical_write_close,
};
