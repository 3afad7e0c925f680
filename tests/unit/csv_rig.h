#ifndef SFLOW_TESTS_CSV_RIG_H
#define SFLOW_TESTS_CSV_RIG_H

/*
 * Reads bytes with a format and tells all that came out as one text: a line
 * per row with its place and fields, the bad records, the error.  What it says
 * must not depend on how the bytes are cut into chunks.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/batch.h"
#include "io/bad.h"
#include "io/format.h"
#include "io/input.h"
#include "io/output.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define RIG_OPTIONS_MAX 12

struct rig {
	const struct format_def *format;
	struct format_option option[RIG_OPTIONS_MAX];
	struct value value[RIG_OPTIONS_MAX];
	uint32_t option_count;
	enum bad_policy policy;
	unsigned chunk_bytes;		/* 0: as the program does */
	struct need need;
	int without_record;		/* do not tell of batch.record */
	const char *only;		/* tell of this field; NULL: of all */
	/* Not 0: the input has often nothing for now, and reading is given up
	 * and taken up again by another reader; when, this number tells. */
	uint64_t unrest;
	uint64_t row_count;
	uint64_t cut_count;	/* places where a chunk ended, with unrest */
};

/* Memory that comes in small pieces, with waits between. */
struct rig_trickle {
	const char *bytes;
	size_t size;
	size_t at;
	uint64_t *unrest;
	uint64_t *cut_count;
};

static inline uint32_t
rig_draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % below);
}

static inline ssize_t
rig_trickle_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct rig_trickle *trickle = cookie;
	size_t most = 1 + rig_draw(trickle->unrest, 24);

	(void)err;
	if (rig_draw(trickle->unrest, 3) == 0) {
		++*trickle->cut_count;
		return INPUT_WAIT;
	}
	*trickle->cut_count += size <= most;
	if (size > most)
		size = most;
	if (size > trickle->size - trickle->at)
		size = trickle->size - trickle->at;
	memcpy(bytes, trickle->bytes + trickle->at, size);
	trickle->at += size;
	return (ssize_t)size;
}

static inline int
rig_trickle_seek(void *cookie, uint64_t offset, struct err *err)
{
	struct rig_trickle *trickle = cookie;

	if (offset > trickle->size)
		return err_set(err, ERR_IO, "behind the end");
	trickle->at = (size_t)offset;
	return 0;
}

static inline void
rig_init(struct rig *rig, const char *format)
{
	memset(rig, 0, sizeof(*rig));
	rig->format = format_find(format, strlen(format));
	rig->policy = BAD_FILE;
	rig->need.all = 1;
	rig->need.record = 1;
}

static inline struct value *
rig_option(struct rig *rig, const char *name)
{
	struct value *value = &rig->value[rig->option_count];

	rig->option[rig->option_count].name = name;
	rig->option[rig->option_count++].value = value;
	return value;
}

static inline void
rig_bool(struct rig *rig, const char *name, int boolean)
{
	struct value *value = rig_option(rig, name);

	value->type = TYPE_BOOL;
	value->cell.boolean = (uint8_t)boolean;
}

static inline void
rig_int(struct rig *rig, const char *name, int64_t integer)
{
	struct value *value = rig_option(rig, name);

	value->type = TYPE_INT;
	value->cell.integer = integer;
}

static inline void
rig_text(struct rig *rig, const char *name, enum type type, const char *text)
{
	struct value *value = rig_option(rig, name);

	value->type = type;
	value->cell.text = text_make(text, strlen(text));
}

/* Bytes so that they can be read in a message. */
static inline void
rig_add_bytes(struct buf *out, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n')
			buf_add_string(out, "\\n");
		else if (bytes[i] == '\r')
			buf_add_string(out, "\\r");
		else
			buf_add_char(out, bytes[i]);
	}
}

static inline void
rig_add_cell(struct buf *out, const struct column *column, uint32_t row,
	struct region *region)
{
	if (column->encoding == SLICE) {
		uint32_t size;
		const char *bytes = column_slice(column, row, &size);
		buf_add_char(out, '|');
		if (!column_row_is_valid(column, row))
			buf_add_string(out, "null");
		else
			rig_add_bytes(out, bytes, size);
		return;
	}
	struct value value = column_value(column, row, region);
	if (value.type == TYPE_MISSING)
		return;
	buf_add_char(out, '|');
	if (value.type == TYPE_NULL) {
		buf_add_string(out, "null");
		return;
	}
	struct buf text = { 0 };
	value_add_text(&value, &text);
	buf_add_format(out, "%s:", type_name(value.type));
	rig_add_bytes(out, text.bytes, text.size);
	buf_fini(&text);
}

/* The line that a row starts on: that of row 0 and the line ends between. */
static inline uint64_t
rig_line(const struct batch *batch, uint32_t row)
{
	const struct column *record = &batch->record;
	const char *at = record->base + record->from[0] + record->from_add;
	const char *end = record->base +
	    record->from[(size_t)row * record->stride] + record->from_add;
	uint64_t line = batch->first_line;

	if (record->encoding != SLICE)
		return 0;
	for (; at < end; at++)
		line += *at == '\n';
	return line;
}

static inline void
rig_add_batch(const struct rig *rig, struct buf *out, const struct batch *batch)
{
	struct region *region = region_new();

	batch_verify(batch);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		if (batch->has_record && !rig->without_record) {
			buf_add_format(out, "%llu ",
			    (unsigned long long)rig_line(batch, row));
			uint32_t size;
			const char *bytes = column_slice(&batch->record, row,
			    &size);
			rig_add_bytes(out, bytes, size);
			buf_add_char(out, ' ');
		}
		for (uint32_t c = 0; c < batch->schema->field_count; c++)
			if (rig->only == NULL || strcmp(rig->only,
			    batch->schema->field[c].name) == 0)
				rig_add_cell(out, &batch->column[c], row,
				    region);
		buf_add_char(out, '\n');
	}
	region_drop(&region);
}

static inline void
rig_add_file(struct buf *out, const char *path)
{
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t got;

	if (file == NULL)
		return;
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(out, part, got);
	fclose(file);
	unlink(path);
}

/* The fields, as the first line tells them.  -1 with err. */
static inline int
rig_add_fields(const struct rig *rig, struct reader *reader, struct buf *out,
	struct err *err)
{
	struct schema *schema = rig->format->schema(reader, err);

	if (schema == NULL)
		return -1;
	for (uint32_t i = 0; i < schema->field_count; i++)
		buf_add_format(out, "[%s]", schema->field[i].name);
	buf_add_char(out, '\n');
	schema_drop(&schema);
	return 0;
}

static inline void
rig_take_batch(struct rig *rig, struct buf *out, struct batch *batch)
{
	rig->row_count += batch->sel_count;
	rig_add_batch(rig, out, batch);
	batch_free(&batch);
}

/* All from a position on, up to where unrest says to stop: 2, and where that
 * is; 0 at the end; -1. */
static inline int
rig_read_on(struct rig *rig, struct input *input, struct bad *bad,
	struct reader_position *position, struct buf *out, struct err *err)
{
	static const struct origin origin = { "x" };
	struct reader_config config = { rig->option, rig->option_count, bad,
	    &origin };
	struct reader *reader = rig->format->open(input, &config, err);
	uint32_t left = rig->unrest == 0 ? UINT32_MAX :
	    rig_draw(&rig->unrest, 12);
	struct batch *batch;
	int got = reader == NULL ? -1 : 1;

	if (got == 1 && rig->unrest == 0)
		got = rig_add_fields(rig, reader, out, err) == 0 ? 1 : -1;
	if (got == 1)
		rig->format->need(reader, &rig->need);
	/* The header of one who waits is there only when it has come. */
	while (got == 1 && rig->unrest != 0 && position->offset > 0 &&
	    rig->format->seek(reader, position, err) != 0) {
		if (strstr(err->message, "shorter") == NULL)
			got = -1;
		else
			err_clear(err);
	}
	for (; got > 0 && left > 0; left--) {
		got = rig->format->next(reader, &batch, err);
		if (got == 1)
			rig_take_batch(rig, out, batch);
	}
	if (got > 0)
		rig->format->position(reader, position);
	if (reader != NULL)
		rig->format->close(&reader);
	return got > 0 ? 2 : got;
}

static inline int
rig_read_restless(struct rig *rig, const void *bytes, size_t size,
	struct bad *bad, struct buf *out, struct err *err)
{
	static const struct input_calls calls = { .read = rig_trickle_read,
	    .seek = rig_trickle_seek };
	static const struct origin origin = { "x" };
	struct reader_config config = { rig->option, rig->option_count, bad,
	    &origin };
	struct reader_position position = READER_POSITION_START;
	struct input *input = input_memory(bytes, size);
	struct reader *reader = rig->format->open(input, &config, err);
	int got = reader != NULL && rig_add_fields(rig, reader, out, err) == 0 ?
	    2 : -1;

	if (reader != NULL)
		rig->format->close(&reader);
	input_close(&input);
	while (got == 2) {
		struct rig_trickle trickle = { bytes, size, 0, &rig->unrest,
		    &rig->cut_count };
		input = input_custom("memory", &calls, &trickle);
		got = rig_read_on(rig, input, bad, &position, out, err);
		input_close(&input);
	}
	return got;
}

static inline void
rig_read(struct rig *rig, const void *bytes, size_t size, struct bad *bad,
	struct buf *out, struct err *err)
{
	struct reader_position position;
	int got;

	if (rig->unrest != 0) {
		got = rig_read_restless(rig, bytes, size, bad, out, err);
	} else {
		struct input *input = input_memory(bytes, size);
		got = rig_read_on(rig, input, bad, &position, out, err);
		input_close(&input);
	}
	if (got < 0)
		buf_add_format(out, "error: %s\nhint: %s\n", err->message,
		    err->hint);
}

/* All that reading `bytes` gives; for buf_fini(). */
static inline struct buf
rig_run(struct rig *rig, const void *bytes, size_t size)
{
	struct buf out = { 0 };
	struct err err = ERR_INIT;
	char path[64], chunk[16];

	snprintf(path, sizeof(path), "/tmp/sflow-rig-%ld", (long)getpid());
	snprintf(chunk, sizeof(chunk), "%u", rig->chunk_bytes);
	if (rig->chunk_bytes == 0)
		unsetenv("SFLOW_CHUNK_BYTES");
	else
		setenv("SFLOW_CHUNK_BYTES", chunk, 1);
	rig->row_count = 0;
	struct bad *bad = bad_new(rig->policy, path, &err);
	rig_read(rig, bytes, size, bad, &out, &err);
	/* Who goes on before the record that stops the job meets it again. */
	uint64_t bad_rows = bad_count(bad);
	if (rig->policy == BAD_STOP && bad_rows > 1)
		bad_rows = 1;
	buf_add_format(&out, "bad %llu read %llu\n",
	    (unsigned long long)bad_rows,
	    (unsigned long long)(bad_rows + rig->row_count));
	err_clear(&err);
	bad_close(&bad, &err);
	if (rig->policy == BAD_FILE)
		rig_add_file(&out, path);
	buf_string(&out);
	return out;
}

/* What a writer makes of what the rig reads, and its error; for buf_fini(). */
static inline struct buf
rig_convert(struct rig *rig, const char *bytes, const char *format,
	const struct format_option *option, uint32_t option_count)
{
	static const struct origin origin = { "x" };
	struct buf out = { 0 };
	struct err err = ERR_INIT;
	const struct format_def *def = format_find(format, strlen(format));
	struct bad *bad = bad_new(BAD_STOP, NULL, &err);
	struct input *input = input_memory(bytes, strlen(bytes));
	struct reader_config config = { rig->option, rig->option_count, bad,
	    &origin };
	struct reader *reader = rig->format->open(input, &config, &err);
	struct schema *schema = rig->format->schema(reader, &err);
	struct output *output = output_memory(&out);
	struct writer *writer = def->write_open(output, option, option_count,
	    &err);
	struct batch *batch;

	rig->format->need(reader, &rig->need);
	while (err.kind == ERR_NONE &&
	    rig->format->next(reader, &batch, &err) > 0) {
		def->write(writer, batch, &err);
		batch_free(&batch);
	}
	if (err.kind == ERR_NONE)
		def->write_end(writer, schema, &err);
	if (err.kind != ERR_NONE)
		buf_add_format(&out, "error: %s\nhint: %s\n", err.message,
		    err.hint);
	def->write_close(&writer);
	err_clear(&err);
	output_commit(&output, &err);
	schema_drop(&schema);
	rig->format->close(&reader);
	input_close(&input);
	bad_close(&bad, &err);
	buf_string(&out);
	return out;
}

#endif
