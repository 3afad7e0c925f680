/*
 * Writing separated fields.  Records that nobody changed leave as whole lines,
 * neighbours with one copy.  Others are made block by block: every column's
 * cells of a block of rows, then the rows, which is copying only.
 *
 * The header is that of the first batch.  Later batches may have their fields
 * in another order or lack some; a field that is not in the header would be
 * lost, so it is an error.
 */
#include <string.h>

#include "data/batch.h"
#include "io/cells.h"
#include "io/csv_format.h"
#include "io/output.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* Cells of a block: 64 KiB of them stay in the second-level cache. */
#define BLOCK_CELLS 4096
#define BLOCK_ROWS_MAX 256
#define NO_COLUMN UINT32_MAX

struct writer {
	struct output *output;
	struct cells_style style;
	int header;
	int crlf;
	struct schema *names;	/* of the header; NULL before it */
	struct schema *mapped;	/* the schema that column[] is for */
	uint32_t *column;	/* per field of the header */
	int is_identity;
	struct region *region;
	struct cell_text *cells;
};

struct writer *
csv_writer_open(struct output *output, enum csv_quoting quoting,
	char delimiter, int header, int crlf)
{
	struct writer *writer = mem_alloc_zero(sizeof(*writer));

	writer->output = output;
	writer->style.quoting = quoting == CSV_QUOTES ? CELLS_QUOTED :
	    CELLS_ESCAPED;
	writer->style.delimiter = delimiter;
	writer->header = header && !output_continues(output);
	writer->crlf = crlf;
	writer->region = region_new();
	return writer;
}

void
csv_writer_close(struct writer **writer_address)
{
	struct writer *writer = *writer_address;

	*writer_address = NULL;
	if (writer == NULL)
		return;
	schema_drop(&writer->names);
	schema_drop(&writer->mapped);
	mem_free(writer->column);
	mem_free(writer->cells);
	region_drop(&writer->region);
	mem_free(writer);
}

static void
add_line_end(struct writer *writer, struct buf *buf)
{
	buf_add_string(buf, writer->crlf ? "\r\n" : "\n");
}

/* Take the names, and write them if they are wanted. */
static void
start(struct writer *writer, const struct schema *schema)
{
	struct buf *buf = output_buf(writer->output);

	writer->names = schema_copy(schema);
	writer->column = mem_alloc(schema->field_count * sizeof(uint32_t));
	if (!writer->header || schema->field_count == 0)
		return;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		struct cell_text cell = cells_text(schema->field[i].name,
		    schema->field[i].name_size, &writer->style,
		    writer->region);
		if (i > 0)
			buf_add_char(buf, writer->style.delimiter);
		buf_add(buf, cell.bytes, cell.size);
	}
	add_line_end(writer, buf);
	region_reset(writer->region);
}

/* Where the header's fields are in batches of this schema. */
static int
map_schema(struct writer *writer, struct schema *schema, struct err *err)
{
	const struct schema *names = writer->names;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (schema_find(names, field->name, field->name_size) < 0) {
			err_set(err, ERR_DATA, "field '%s' appears after the "
			    "header was written", field->name);
			return err_hint(err, "name the fields with select");
		}
	}
	writer->is_identity = names->field_count == schema->field_count;
	for (uint32_t i = 0; i < names->field_count; i++) {
		int index = schema_find(schema, names->field[i].name,
		    names->field[i].name_size);
		writer->column[i] = index < 0 ? NO_COLUMN : (uint32_t)index;
		writer->is_identity &= writer->column[i] == i;
	}
	schema_drop(&writer->mapped);
	writer->mapped = schema_hold(schema);
	return 0;
}

/* May the records be written as they were read? */
static int
is_verbatim(const struct writer *writer, const struct batch *batch)
{
	if (!batch->has_record || !writer->is_identity)
		return 0;
	if (writer->style.quoting == CELLS_ESCAPED)
		return batch->record.type == TYPE_RAW_TSV;
	return batch->record.type == TYPE_RAW_CSV &&
	    (char)batch->record.delimiter == writer->style.delimiter;
}

/* Whole lines; those that lie behind each other with one copy. */
static int
write_records(struct writer *writer, const struct batch *batch,
	struct err *err)
{
	struct buf *buf = output_buf(writer->output);
	const struct column record = batch->record;
	const char *run = NULL;
	const char *run_end = NULL;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t size;
		const char *bytes = column_slice(&record, batch_row(batch, i),
		    &size);
		if (run != NULL && bytes == run_end + 1 && !writer->crlf &&
		    *run_end == '\n') {
			run_end = bytes + size;
			continue;
		}
		if (run != NULL) {
			buf_add(buf, run, (size_t)(run_end - run));
			add_line_end(writer, buf);
			if (output_room(writer->output, err) != 0)
				return -1;
		}
		run = bytes;
		run_end = bytes + size;
	}
	if (run != NULL) {
		buf_add(buf, run, (size_t)(run_end - run));
		add_line_end(writer, buf);
	}
	return output_room(writer->output, err);
}

#define KEPT_AHEAD 8

/* Whole lines that an operator has kept. */
static int
write_kept_records(struct writer *writer, const struct batch *batch,
	struct err *err)
{
	struct buf *buf = output_buf(writer->output);

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		if (i + KEPT_AHEAD < batch->sel_count) {
			/* Sorted records lie anywhere in memory. */
			struct text next = column_row_text(&batch->record,
			    batch_row(batch, i + KEPT_AHEAD));
			__builtin_prefetch(text_bytes(&next));
			__builtin_prefetch(text_bytes(&next) + 64);
		}
		struct text text = column_row_text(&batch->record,
		    batch_row(batch, i));
		buf_add(buf, text_bytes(&text), text.size);
		add_line_end(writer, buf);
		if (output_room(writer->output, err) != 0)
			return -1;
	}
	return 0;
}

/* The cells of some rows to the output. */
static void
add_rows(struct writer *writer, uint32_t rows, uint64_t text_bytes_sum)
{
	struct buf *buf = output_buf(writer->output);
	uint32_t columns = writer->names->field_count;
	const struct cell_text *cell = writer->cells;
	char delimiter = writer->style.delimiter;

	/* Delimiters and line ends, and what short copies write behind. */
	char *target = buf_reserve(buf, text_bytes_sum +
	    (uint64_t)rows * (columns + 1) + 16);
	char *begin = target;
	for (uint32_t i = 0; i < rows; i++) {
		for (uint32_t c = 0; c < columns; c++) {
			target = cell_copy(target, cell++);
			*target++ = delimiter;
		}
		target--;
		if (writer->crlf)
			*target++ = '\r';
		*target++ = '\n';
	}
	buf->size += (size_t)(target - begin);
}

static int
write_block(struct writer *writer, const struct batch *batch,
	const uint16_t *row, uint32_t rows, struct err *err)
{
	uint32_t columns = writer->names->field_count;
	struct column null;
	uint64_t sum = 0;

	column_init_null(&null);
	for (uint32_t c = 0; c < columns; c++) {
		const struct column *column = writer->column[c] == NO_COLUMN ?
		    &null : &batch->column[writer->column[c]];
		sum += cells_render(column, row, rows, &writer->style,
		    writer->region, writer->cells + c, columns);
	}
	add_rows(writer, rows, sum);
	region_reset(writer->region);
	return output_room(writer->output, err);
}

static int
write_cells(struct writer *writer, const struct batch *batch, struct err *err)
{
	uint32_t columns = writer->names->field_count;
	uint32_t block = BLOCK_CELLS / (columns == 0 ? 1 : columns);
	uint16_t row[BLOCK_ROWS_MAX];

	if (block > BLOCK_ROWS_MAX)
		block = BLOCK_ROWS_MAX;
	if (block == 0)
		block = 1;
	if (writer->cells == NULL)
		writer->cells = mem_alloc((size_t)block * columns *
		    sizeof(*writer->cells));
	for (uint32_t i = 0; i < batch->sel_count; i += block) {
		uint32_t rows = batch->sel_count - i;
		if (rows > block)
			rows = block;
		for (uint32_t k = 0; k < rows; k++)
			row[k] = (uint16_t)batch_row(batch, i + k);
		if (write_block(writer, batch, row, rows, err) != 0)
			return -1;
	}
	return 0;
}

int
csv_writer_write(struct writer *writer, struct batch *batch, struct err *err)
{
	if (batch->sel_count == 0)
		return 0;
	if (writer->names == NULL)
		start(writer, batch->schema);
	if (writer->mapped != batch->schema &&
	    map_schema(writer, batch->schema, err) != 0)
		return -1;
	if (writer->names->field_count == 0)
		return 0;
	if (is_verbatim(writer, batch))
		return batch->record.encoding == SLICE ?
		    write_records(writer, batch, err) :
		    write_kept_records(writer, batch, err);
	return write_cells(writer, batch, err);
}

int
csv_writer_flush(struct writer *writer, struct err *err)
{
	(void)writer;
	(void)err;
	return 0;
}

int
csv_writer_end(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	if (writer->names == NULL && schema != NULL)
		start(writer, schema);
	return output_room(writer->output, err);
}
