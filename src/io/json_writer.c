/*
 * Writing rows as JSON objects.  Names are escaped once per schema; the bytes
 * of a name stand ready with the comma before and the colon behind them.
 * Records that nobody changed leave as they came, neighbours with one copy.
 *
 * Fields of a join's other side, "u.id" and "u.name" with the same qualifier,
 * become one object, "u":{"id":1,"name":"x"}, or null if none of them has a
 * value.  A record that has a field "u" besides shows them as they are called,
 * "u.id" and "u.name".  A field that is not there is left out.
 */
#include <math.h>
#include <string.h>

#include "data/batch.h"
#include "data/column.h"
#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "data/schema.h"
#include "io/json_format.h"
#include "io/json_index.h"
#include "io/output.h"
#include "util/buf.h"
#include "util/mem.h"

/* The output is asked for room after so many rows. */
#define ROWS_PER_ROOM 64

enum written { WRITTEN_VALUE, WRITTEN_NULL, WRITTEN_NOTHING };

/* A field's place in the text. */
struct name {
	uint32_t offset;	/* of ,"name": in the names */
	uint32_t size;
	uint32_t whole_offset;	/* with its qualifier, where taken >= 0 */
	uint32_t whole_size;
	/* The first of a qualifier's fields: how many they are, and
	 * ,"qualifier": in the names. */
	uint32_t group_count;
	uint32_t group_offset;
	uint32_t group_size;
	int taken;	/* the field that is called like the qualifier, or -1 */
};

struct writer {
	struct output *output;
	int as_array;
	int begun;		/* something stands in the array */
	struct schema *schema;	/* the names are for */
	struct name *name;
	struct buf names;
};

struct writer *
json_writer_open(struct output *output, int as_array)
{
	struct writer *writer = mem_alloc_zero(sizeof(*writer));

	writer->output = output;
	writer->as_array = as_array;
	return writer;
}

void
json_writer_close(struct writer **writer_address)
{
	struct writer *writer = *writer_address;

	*writer_address = NULL;
	if (writer == NULL)
		return;
	schema_drop(&writer->schema);
	mem_free(writer->name);
	buf_fini(&writer->names);
	mem_free(writer);
}

/* --- names ------------------------------------------------------------- */

/* ,"text": */
static void
add_name(struct writer *writer, const char *text, size_t size,
	uint32_t *offset, uint32_t *name_size)
{
	*offset = (uint32_t)writer->names.size;
	buf_add_char(&writer->names, ',');
	json_add_string(&writer->names, text, size);
	buf_add_char(&writer->names, ':');
	*name_size = (uint32_t)writer->names.size - *offset;
}

static int
same_qualifier(const struct field *a, const struct field *b)
{
	return a->qualifier_size == b->qualifier_size &&
	    memcmp(a->name, b->name, a->qualifier_size) == 0;
}

static void
prepare_names(struct writer *writer, struct schema *schema)
{
	const struct field *field = schema->field;
	uint32_t count = schema->field_count;

	schema_drop(&writer->schema);
	writer->schema = schema_hold(schema);
	writer->names.size = 0;
	mem_free(writer->name);
	writer->name = mem_alloc_zero((count + 1) * sizeof(*writer->name));
	for (uint32_t i = 0; i < count; i++) {
		struct name *name = &writer->name[i];
		uint32_t skip = field[i].qualifier_size;
		skip += skip > 0;
		add_name(writer, field[i].name + skip,
		    field[i].name_size - skip, &name->offset, &name->size);
		name->taken = skip == 0 ? -1 : schema_find(schema,
		    field[i].name, skip - 1);
		if (name->taken >= 0)
			add_name(writer, field[i].name, field[i].name_size,
			    &name->whole_offset, &name->whole_size);
		if (skip == 0 || (i > 0 &&
		    same_qualifier(&field[i - 1], &field[i])))
			continue;
		add_name(writer, field[i].name, field[i].qualifier_size,
		    &name->group_offset, &name->group_size);
		for (name->group_count = 1; i + name->group_count < count &&
		    same_qualifier(&field[i], &field[i + name->group_count]);)
			name->group_count++;
	}
}

/* --- values ------------------------------------------------------------ */

static enum written
add_null(struct buf *buf)
{
	buf_add(buf, "null", 4);
	return WRITTEN_NULL;
}

static enum written
add_raw(struct buf *buf, enum type type, const char *bytes, uint32_t size)
{
	if (type != TYPE_RAW_JSON) {
		json_add_raw(buf, type, bytes, size);
		return size == 0 && type != TYPE_RAW ? WRITTEN_NULL :
		    WRITTEN_VALUE;
	}
	if (size == 0)
		return WRITTEN_NOTHING;
	if (bytes[0] == '{' || bytes[0] == '[')
		json_add_raw(buf, type, bytes, size);
	else
		buf_add(buf, bytes, size);
	return bytes[0] == 'n' ? WRITTEN_NULL : WRITTEN_VALUE;
}

static enum written
add_moment(struct buf *buf, enum type type, int64_t word)
{
	char *out = buf_reserve(buf, MOMENT_TEXT_MAX + 2);
	unsigned size;

	out[0] = '"';
	if (type == TYPE_TIME)
		size = moment_format(word, out + 1);
	else if (type == TYPE_DATE)
		size = moment_format_date(word, out + 1);
	else
		size = moment_format_duration(word, out + 1);
	out[size + 1] = '"';
	buf->size += size + 2;
	return WRITTEN_VALUE;
}

static enum written
add_number(struct buf *buf, enum type type, const void *data)
{
	char *out = buf_reserve(buf, NUMBER_TEXT_MAX);

	if (type == TYPE_INT) {
		buf->size += number_format_int(*(const int64_t *)data, out);
	} else if (type == TYPE_DECIMAL) {
		buf->size += decimal_format(*(const struct decimal *)data,
		    out);
	} else {
		double number = *(const double *)data;
		/* JSON has no infinity. */
		if (!isfinite(number))
			return add_null(buf);
		buf->size += number_format_float(number, out);
	}
	return WRITTEN_VALUE;
}

/* A cell that is there; `data` points to it. */
static enum written
add_cell(struct buf *buf, enum type type, const void *data)
{
	const struct text *text = data;

	switch (type) {
	case TYPE_NULL:
		return add_null(buf);
	case TYPE_MISSING:
		return WRITTEN_NOTHING;
	case TYPE_BOOL:
		if (*(const uint8_t *)data)
			buf_add(buf, "true", 4);
		else
			buf_add(buf, "false", 5);
		return WRITTEN_VALUE;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_DECIMAL:
		return add_number(buf, type, data);
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		return add_moment(buf, type, *(const int64_t *)data);
	case TYPE_TEXT:
		json_add_string(buf, text_bytes(text), text->size);
		return WRITTEN_VALUE;
	case TYPE_LIST:
	case TYPE_RECORD:
		json_add_plain(buf, text_bytes(text), text->size);
		return WRITTEN_VALUE;
	default:
		return add_raw(buf, type, text_bytes(text), text->size);
	}
}

static enum written
add_value(struct buf *buf, const struct column *column, uint32_t row)
{
	uint32_t size;

	if (column->type == TYPE_NULL)
		return add_null(buf);
	if (!column_row_is_valid(column, row))
		return column->type == TYPE_MIXED && column->tags[
		    column->encoding == CONST ? 0 : row] == TYPE_MISSING ?
		    WRITTEN_NOTHING : add_null(buf);
	if (column->encoding == SLICE) {
		const char *bytes = column_slice(column, row, &size);
		return add_raw(buf, (enum type)column->type, bytes, size);
	}
	if (column->encoding == CONST)
		row = 0;
	if (column->type == TYPE_MIXED)
		return add_cell(buf, (enum type)column->tags[row],
		    (const union cell *)column->data + row);
	return add_cell(buf, (enum type)column->type,
	    (const char *)column->data +
	    (size_t)row * type_width((enum type)column->type));
}

/* --- rows -------------------------------------------------------------- */

/*
 * The fields [first, first + count) as members, each with a comma before it.
 * Returns whether one has a value.
 */
static int
add_members(struct writer *writer, struct buf *buf, const struct batch *batch,
	uint32_t row, uint32_t first, uint32_t count, int with_qualifier)
{
	int any = 0;

	for (uint32_t i = first; i < first + count; i++) {
		const struct name *name = &writer->name[i];
		size_t before = buf->size;
		if (with_qualifier)
			buf_add(buf, writer->names.bytes + name->whole_offset,
			    name->whole_size);
		else
			buf_add(buf, writer->names.bytes + name->offset,
			    name->size);
		enum written written = add_value(buf, &batch->column[i], row);
		if (written == WRITTEN_NOTHING)
			buf->size = before;
		any |= written == WRITTEN_VALUE;
	}
	return any;
}

/* Has the record a field that is called like the qualifier? */
static int
name_is_taken(const struct name *name, struct buf *buf,
	const struct batch *batch, uint32_t row)
{
	size_t before = buf->size;

	if (name->taken < 0)
		return 0;
	int is_there = add_value(buf, &batch->column[name->taken], row) !=
	    WRITTEN_NOTHING;
	buf->size = before;
	return is_there;
}

/* The members of one qualifier. */
static void
add_group(struct writer *writer, struct buf *buf, const struct batch *batch,
	uint32_t row, uint32_t first)
{
	const struct name *name = &writer->name[first];

	if (name_is_taken(name, buf, batch, row)) {
		add_members(writer, buf, batch, row, first, name->group_count,
		    1);
		return;
	}
	buf_add(buf, writer->names.bytes + name->group_offset,
	    name->group_size);
	size_t start = buf->size;
	if (add_members(writer, buf, batch, row, first, name->group_count,
	    0)) {
		buf->bytes[start] = '{';
		buf_add_char(buf, '}');
	} else {
		buf->size = start;
		add_null(buf);
	}
}

static void
add_object(struct writer *writer, struct buf *buf, const struct batch *batch,
	uint32_t row)
{
	uint32_t count = batch->schema->field_count;
	size_t start = buf->size;
	uint32_t i = 0;

	while (i < count) {
		uint32_t group = writer->name[i].group_count;
		uint32_t next = i + 1;
		if (group > 0) {
			add_group(writer, buf, batch, row, i);
			next = i + group;
		} else {
			while (next < count &&
			    writer->name[next].group_count == 0)
				next++;
			add_members(writer, buf, batch, row, i, next - i, 0);
		}
		i = next;
	}
	/* The first comma makes room for the brace. */
	if (buf->size == start)
		buf_add_char(buf, '{');
	else
		buf->bytes[start] = '{';
	buf_add_char(buf, '}');
}

/* What stands before a row of an array. */
static void
add_separator(struct writer *writer, struct buf *buf)
{
	if (writer->as_array)
		buf_add_string(buf, writer->begun ? ",\n" : "[\n");
	writer->begun = 1;
}

static int
write_objects(struct writer *writer, const struct batch *batch,
	struct err *err)
{
	struct buf *buf = output_buf(writer->output);

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		add_separator(writer, buf);
		add_object(writer, buf, batch, batch_row(batch, i));
		if (!writer->as_array)
			buf_add_char(buf, '\n');
		if (i % ROWS_PER_ROOM == 0 &&
		    output_room(writer->output, err) != 0)
			return -1;
	}
	return output_room(writer->output, err);
}

/* A record as it was read, on one line. */
static void
add_record(struct writer *writer, struct buf *buf, const char *bytes,
	size_t size)
{
	add_separator(writer, buf);
	if (memchr(bytes, '\n', size) != NULL)
		json_add_compact(buf, bytes, size);
	else
		buf_add(buf, bytes, size);
	if (!writer->as_array)
		buf_add_char(buf, '\n');
}

/* How many records from the i-th on lie in neighbouring lines, and where the
 * last one ends. */
static uint32_t
run_of_lines(const struct batch *batch, uint32_t i, const char **end)
{
	const struct column *record = &batch->record;
	uint32_t size;
	uint32_t count = 1;

	*end = column_slice(record, batch_row(batch, i), &size);
	*end += size;
	for (; i + count < batch->sel_count; count++) {
		const char *bytes = column_slice(record,
		    batch_row(batch, i + count), &size);
		if (bytes != *end + 1 || **end != '\n')
			break;
		*end = bytes + size;
	}
	return count;
}

/* Records [i, i + count), one by one. */
static int
write_singly(struct writer *writer, const struct batch *batch, uint32_t i,
	uint32_t count, struct err *err)
{
	struct buf *buf = output_buf(writer->output);

	for (; count > 0; i++, count--) {
		struct text text = column_row_text(&batch->record,
		    batch_row(batch, i));
		add_record(writer, buf, text_bytes(&text), text.size);
		if (output_room(writer->output, err) != 0)
			return -1;
	}
	return 0;
}

/* Records that take one line each go with one copy. */
static int
write_records(struct writer *writer, const struct batch *batch,
	struct err *err)
{
	struct buf *buf = output_buf(writer->output);
	uint32_t count;

	if (writer->as_array || batch->record.encoding != SLICE)
		return write_singly(writer, batch, 0, batch->sel_count, err);
	for (uint32_t i = 0; i < batch->sel_count; i += count) {
		uint32_t size;
		const char *end;
		const char *start = column_slice(&batch->record,
		    batch_row(batch, i), &size);
		count = run_of_lines(batch, i, &end);
		size_t run_bytes = (size_t)(end - start);
		if (json_count_lines(start, run_bytes) != count - 1) {
			if (write_singly(writer, batch, i, count, err) != 0)
				return -1;
			continue;
		}
		buf_add(buf, start, run_bytes);
		buf_add_char(buf, '\n');
		if (output_room(writer->output, err) != 0)
			return -1;
	}
	return 0;
}

int
json_writer_write(struct writer *writer, struct batch *batch, struct err *err)
{
	if (batch->sel_count == 0)
		return 0;
	if (batch->has_record && batch->record.type == TYPE_RAW_JSON)
		return write_records(writer, batch, err);
	if (writer->schema != batch->schema)
		prepare_names(writer, batch->schema);
	return write_objects(writer, batch, err);
}

int
json_writer_flush(struct writer *writer, struct err *err)
{
	(void)writer;
	(void)err;
	return 0;
}

int
json_writer_end(struct writer *writer, const struct schema *schema,
	struct err *err)
{
	(void)schema;
	if (writer->as_array)
		buf_add_string(output_buf(writer->output),
		    writer->begun ? "\n]\n" : "[]\n");
	return output_room(writer->output, err);
}
