/*
 * Lines: one field, `line`, which is the whole line without its end (LF or
 * CR LF).  An empty line is an empty text.  Written are the texts of the one
 * field that records have.
 */
#include "data/batch.h"
#include "io/cells.h"
#include "io/csv_format.h"
#include "io/csv_options.h"
#include "io/csv_reader.h"
#include "io/format.h"
#include "io/output.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define BLOCK_ROWS 256

static const struct option_def reader_options[] = {
	{ "skip", TYPE_INT, "lines to skip (0)" },
	{ "max_record", TYPE_INT, "bytes of a line (64 MiB)" },
	{ 0 },
};

static const struct option_def writer_options[] = { { 0 } };

static struct reader *
lines_open(struct input *input, const struct reader_config *config,
	struct err *err)
{
	struct csv_settings settings = {
		.dialect = { .delimiter = '\n' },
		.type = TYPE_RAW,
		.empty_lines = 1,
	};

	if (format_check_options("lines", reader_options, config->option,
	    config->option_count, err) != 0 || csv_options_read("lines",
	    config->option, config->option_count, &settings, err) != 0)
		return NULL;
	settings.header = 0;
	settings.names = schema_new();
	schema_add(settings.names, "line", 4, TYPE_ANY);
	return csv_format_open(input, &settings, config);
}

struct writer {
	struct output *output;
	struct region *region;
};

static struct writer *
lines_write_open(struct output *output, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	if (format_check_options("lines", writer_options, option, option_count,
	    err) != 0)
		return NULL;
	struct writer *writer = mem_alloc(sizeof(*writer));
	writer->output = output;
	writer->region = region_new();
	return writer;
}

static int
write_rows(struct writer *writer, const struct column *column,
	const uint16_t *row, uint32_t rows, struct err *err)
{
	static const struct cells_style style = { .quoting = CELLS_PLAIN };
	struct cell_text cell[BLOCK_ROWS];
	struct buf *buf = output_buf(writer->output);

	uint64_t sum = cells_render(column, row, rows, &style, writer->region,
	    cell, 1);
	char *target = buf_reserve(buf, sum + rows + 16);
	char *begin = target;
	for (uint32_t i = 0; i < rows; i++) {
		target = cell_copy(target, &cell[i]);
		*target++ = '\n';
	}
	buf->size += (size_t)(target - begin);
	region_reset(writer->region);
	return output_room(writer->output, err);
}

static int
lines_write(struct writer *writer, struct batch *batch, struct err *err)
{
	uint16_t row[BLOCK_ROWS];

	if (batch->sel_count > 0 && batch->schema->field_count != 1) {
		err_set(err, ERR_DATA, "lines writes records of one field, "
		    "not of %u", batch->schema->field_count);
		return err_hint(err, "name the one with select");
	}
	for (uint32_t i = 0; i < batch->sel_count; i += BLOCK_ROWS) {
		uint32_t rows = batch->sel_count - i;
		if (rows > BLOCK_ROWS)
			rows = BLOCK_ROWS;
		for (uint32_t k = 0; k < rows; k++)
			row[k] = (uint16_t)batch_row(batch, i + k);
		if (write_rows(writer, &batch->column[0], row, rows, err) != 0)
			return -1;
	}
	return 0;
}

static int
lines_write_flush(struct writer *writer, struct err *err)
{
	return output_room(writer->output, err);
}

static int
lines_write_end(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	(void)schema;
	return output_room(writer->output, err);
}

static void
lines_write_close(struct writer **writer_address)
{
	struct writer *writer = *writer_address;

	*writer_address = NULL;
	if (writer == NULL)
		return;
	region_drop(&writer->region);
	mem_free(writer);
}

const struct format_def format_lines = {
	.name = "lines",
	.extensions = "txt log",
	.summary = "lines of text, as the field `line`",
	.reader_options = reader_options,
	.writer_options = writer_options,
	.record_type = TYPE_RAW,
	.lines = FORMAT_LINES,
	.resumes = 1,
	.open = lines_open,
	.schema = csv_format_schema,
	.need = csv_format_need,
	.next = csv_format_next,
	.position = csv_format_position,
	.seek = csv_format_seek,
	.close = csv_format_close,
	.write_open = lines_write_open,
	.write = lines_write,
	.write_flush = lines_write_flush,
	.write_end = lines_write_end,
	.write_close = lines_write_close,
};
