/*
 * Web server logs: lines from csv_reader, scanned by log_line.  A batch of
 * lines becomes a batch of parts: their places go to a table, so every part is
 * a SLICE of the chunk; only the time is converted, and only if it is needed.
 */
#include "io/log_reader.h"

#include <string.h>

#include "data/moment.h"
#include "io/bad.h"
#include "io/csv_options.h"
#include "io/csv_reader.h"
#include "io/input.h"
#include "io/log_line.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/mem.h"

/* Quotes of a usual line. */
#define COMMON_QUOTES 2
#define COMBINED_QUOTES 6

static const char *const part_names[LOG_PART_COUNT] = {
	"host", "ident", "user", "ts", "method", "path", "proto", "status",
	"bytes", "referer", "agent",
};

const struct option_def log_reader_options[] = {
	{ "skip", TYPE_INT, "lines to skip (0)" },
	{ "max_record", TYPE_INT, "bytes of a line (64 MiB)" },
	{ 0 },
};

struct reader {
	struct csv_reader *lines;
	struct bad *bad;
	struct schema *schema;
	uint32_t part_count;
	int needed[LOG_PART_COUNT];
	uint8_t range[LOG_PART_COUNT];	/* the needed ones */
	uint32_t range_count;
	uint32_t wanted;		/* of the needed ones a bit each */
	uint32_t *quote;		/* of the lines of a batch */
	uint32_t quote_capacity;
	struct moment_month month;	/* of the last time */
	uint64_t empty_count;	/* lines that were no records */
	int failed;
	struct err failure;
	struct reader_position failed_at;	/* of the line to blame */
};

/* The parts of one batch in the making. */
struct parts {
	const struct batch *batch;
	struct region *region;
	uint32_t rows;
	struct log_lines lines;
	int64_t *ts;
	uint16_t *sel;
	uint32_t sel_count;
};

static void
list_ranges(struct reader *reader)
{
	reader->range_count = 0;
	reader->wanted = 0;
	for (uint32_t i = 0; i < reader->part_count; i++)
		reader->wanted |= (uint32_t)(reader->needed[i] != 0) << i;
	for (uint32_t i = 0; i < reader->part_count; i++)
		if (reader->needed[i])
			reader->range[reader->range_count++] = (uint8_t)i;
}

struct reader *
log_open(const char *format, int combined, struct input *input,
	const struct reader_config *config, struct err *err)
{
	struct csv_settings settings = {
		.dialect = { .delimiter = '\n' },
		.type = TYPE_RAW,
		.empty_lines = 1,
	};

	if (format_check_options(format, log_reader_options, config->option,
	    config->option_count, err) != 0 || csv_options_read(format,
	    config->option, config->option_count, &settings, err) != 0)
		return NULL;
	settings.header = 0;
	settings.names = schema_new();
	schema_add(settings.names, "line", 4, TYPE_ANY);
	struct reader *reader = mem_alloc_zero(sizeof(*reader));
	settings.mark = '"';
	settings.mark_count = combined ? COMBINED_QUOTES : COMMON_QUOTES;
	reader->lines = csv_reader_new(input, &settings, config);
	reader->bad = config->bad;
	reader->part_count = combined ? LOG_PART_COUNT : LOG_COMMON_COUNT;
	reader->schema = schema_new();
	for (uint32_t i = 0; i < reader->part_count; i++) {
		schema_add(reader->schema, part_names[i],
		    strlen(part_names[i]), i == LOG_TS ? TYPE_TIME : TYPE_ANY);
		reader->needed[i] = 1;
	}
	list_ranges(reader);
	return reader;
}

void
log_close(struct reader **reader_address)
{
	struct reader *reader = *reader_address;

	*reader_address = NULL;
	if (reader == NULL)
		return;
	csv_reader_free(&reader->lines);
	mem_free(reader->quote);
	schema_drop(&reader->schema);
	mem_free(reader);
}

struct schema *
log_schema(struct reader *reader, struct err *err)
{
	(void)err;
	return schema_hold(reader->schema);
}

void
log_need(struct reader *reader, const struct need *need)
{
	if (need->all)
		return;
	memset(reader->needed, 0, sizeof(reader->needed));
	for (uint32_t i = 0; i < need->name_count; i++) {
		int part = schema_find(reader->schema, need->name[i],
		    strlen(need->name[i]));
		if (part >= 0)
			reader->needed[part] = 1;
	}
	list_ranges(reader);
}

/* Refuse a line.  0, or -1: the job stops. */
static int
reject(struct reader *reader, const struct batch *batch, uint32_t row,
	uint32_t column, const char *reason, struct err *err)
{
	uint32_t size;
	const char *text = column_slice(&batch->column[0], row, &size);
	struct bad_record record = {
		.path = batch->origin == NULL ? NULL : batch->origin->path,
		.line = batch->first_line + row,
		.column = column + 1,
		.reason = reason,
		.text = text,
		.text_size = size,
	};

	return bad_report(reader->bad, &record, err);
}

/* Put the places of one line's parts into the tables. */
static void
note_parts(const struct reader *reader, struct parts *parts,
	const struct log_line *line, uint32_t row)
{
	for (uint32_t k = 0; k < reader->range_count; k++) {
		uint32_t i = reader->range[k];
		int null = line->from[i] > line->to[i];
		parts->lines.from[i][row] = null ? line->to[i] : line->from[i];
		parts->lines.to[i][row] = line->to[i];
		if (null)
			bits_clear(parts->lines.valid[i], row);
	}
}

/* A line that is not like most; NULL, or why it is refused and where. */
static const char *
scan_line(const struct reader *reader, struct parts *parts, uint32_t row,
	uint32_t *fault)
{
	const struct column *lines = parts->lines.column;
	struct log_line line;
	uint32_t size;
	const char *text = column_slice(lines, row, &size);
	uint32_t start = (uint32_t)(text - lines->base);
	const char *reason = log_line_scan(lines->base, start, start + size,
	    parts->lines.combined, &line, fault);

	if (reason == NULL)
		note_parts(reader, parts, &line, row);
	return reason;
}

/* The time of a line; NULL, or why it is refused and where. */
static const char *
take_time(struct reader *reader, struct parts *parts, uint32_t row,
	uint32_t *fault)
{
	uint32_t from = parts->lines.from[LOG_TS][row];
	uint32_t to = parts->lines.to[LOG_TS][row];

	*fault = from;
	return moment_parse_clf_next(parts->lines.column->base + from,
	    to - from, &reader->month, &parts->ts[row]) == 0 ? NULL :
	    "expected a time like 10/Oct/2000:13:55:36 -0700";
}

/* The quotes of all lines of a batch, where the reader has not found them. */
static const uint32_t *
find_quotes(struct reader *reader, const struct column *lines, uint32_t rows)
{
	uint32_t last_size;
	const char *first = column_slice(lines, 0, &last_size);
	const char *last = column_slice(lines, rows - 1, &last_size);
	uint32_t from = (uint32_t)(first - lines->base);
	uint32_t end = (uint32_t)(last - lines->base) + last_size;

	if (end - from >= reader->quote_capacity) {
		reader->quote_capacity = (end - from) * 2;
		mem_free(reader->quote);
		reader->quote = mem_alloc(((size_t)reader->quote_capacity + 64)
		    * sizeof(*reader->quote));
	}
	log_line_quotes(lines->base, from, end, reader->quote);
	return reader->quote;
}

/* Refuse a line: it must not lead anywhere, and may end the job. */
static void
refuse(struct reader *reader, struct parts *parts, uint32_t row,
	uint32_t fault, const char *reason)
{
	uint32_t size;
	const char *text = column_slice(parts->lines.column, row, &size);
	uint32_t start = (uint32_t)(text - parts->lines.column->base);

	for (uint32_t k = 0; k < reader->range_count; k++) {
		parts->lines.from[reader->range[k]][row] = start;
		parts->lines.to[reader->range[k]][row] = start;
	}
	if (reason == NULL || reject(reader, parts->batch, row, fault - start,
	    reason, &reader->failure) == 0)
		return;
	reader->failed = 1;
	csv_reader_position_of(reader->lines, parts->batch, row,
	    &reader->failed_at);
	parts->rows = row;
}

static int
is_empty(const struct column *column, uint32_t row)
{
	uint32_t size;

	column_slice(column, row, &size);
	return size == 0;
}

/* All lines of a batch; refused and empty ones are not selected. */
static void
scan_lines(struct reader *reader, struct parts *parts)
{
	struct log_lines *lines = &parts->lines;
	/* Where a line's time may be bad, one by one. */
	int has_time = reader->needed[LOG_TS];
	uint32_t row = 0, fault = 0;

	for (; row < parts->rows; row++) {
		uint32_t usual = log_lines_scan(lines, row, has_time ?
		    row + 1 : parts->rows);
		while (!has_time && row < usual)
			parts->sel[parts->sel_count++] = (uint16_t)row++;
		if (row == parts->rows)
			break;
		if (is_empty(lines->column, row)) {
			reader->empty_count++;
			refuse(reader, parts, row, 0, NULL);
			continue;
		}
		const char *reason = usual > row ? NULL :
		    scan_line(reader, parts, row, &fault);
		if (reason == NULL && has_time)
			reason = take_time(reader, parts, row, &fault);
		if (reason == NULL)
			parts->sel[parts->sel_count++] = (uint16_t)row;
		else
			refuse(reader, parts, row, fault, reason);
	}
}

static void
parts_init(struct reader *reader, struct parts *parts, struct batch *batch)
{
	struct log_lines *lines = &parts->lines;
	const uint32_t rows = batch->row_count;
	const size_t words = (rows + 63) / 64;

	*parts = (struct parts){ .batch = batch, .rows = rows,
		.region = batch_region(batch),
		.sel = batch_sel_storage(batch) };
	*lines = (struct log_lines){
		.combined = reader->part_count == LOG_PART_COUNT,
		.wanted = reader->wanted,
	};
	lines->column = region_copy(parts->region, &batch->column[0],
	    sizeof(batch->column[0]));
	lines->quote = csv_reader_marks(reader->lines);
	lines->step = lines->combined ? COMBINED_QUOTES : COMMON_QUOTES;
	if (lines->quote == NULL)
		lines->quote = find_quotes(reader, lines->column, rows);
	else
		lines->step++;
	for (uint32_t k = 0; k < reader->range_count; k++) {
		uint32_t i = reader->range[k];
		lines->from[i] = region_alloc(parts->region, rows * 4);
		lines->to[i] = region_alloc(parts->region, rows * 4);
		lines->valid[i] = region_alloc(parts->region, words * 8);
		memset(lines->valid[i], 0xff, words * 8);
	}
	if (reader->needed[LOG_TS])
		parts->ts = region_alloc_zero(parts->region, rows * 8);
}

/* The bits of a part, or NULL if all lines have it. */
static uint64_t *
valid_of(const struct parts *parts, uint32_t part)
{
	uint64_t *valid = parts->lines.valid[part];
	uint64_t all = UINT64_MAX;

	for (uint32_t w = 0; w < (parts->rows + 63) / 64; w++)
		all &= valid[w];
	return all == UINT64_MAX ? NULL : valid;
}

/* The columns of a batch that has been of lines. */
static void
parts_to_columns(const struct reader *reader, const struct parts *parts,
	struct batch *batch)
{
	const struct log_lines *lines = &parts->lines;

	for (uint32_t i = 0; i < reader->part_count; i++) {
		struct column *column = &batch->column[i];
		if (!reader->needed[i]) {
			column_init_null(column);
		} else if (i == LOG_TS) {
			*column = (struct column){ .type = TYPE_TIME,
			    .encoding = FLAT, .data = parts->ts };
		} else {
			*column = (struct column){ .type = TYPE_RAW,
			    .encoding = SLICE, .stride = 1,
			    .base = lines->column->base,
			    .from = lines->from[i], .to = lines->to[i],
			    .valid = valid_of(parts, i) };
		}
	}
}

/* Turn a batch of lines into one of parts; its rows may all be gone. */
static void
convert(struct reader *reader, struct batch *batch)
{
	struct parts parts;

	parts_init(reader, &parts, batch);
	scan_lines(reader, &parts);
	batch_set_schema(batch, reader->schema);
	parts_to_columns(reader, &parts, batch);
	batch->row_count = parts.rows;
	batch->sel_count = parts.sel_count;
	batch->sel = parts.sel_count == parts.rows ? NULL : parts.sel;
}

int
log_next(struct reader *reader, struct batch **out, struct err *err)
{
	for (;;) {
		struct batch *batch;
		if (reader->failed) {
			*err = reader->failure;
			return -1;
		}
		int got = csv_reader_next(reader->lines, &batch, err);
		if (got != 1)
			return got;
		convert(reader, batch);
		if (batch->sel_count > 0) {
			*out = batch;
			return 1;
		}
		batch_free(&batch);
	}
}

void
log_position(const struct reader *reader, struct reader_position *out)
{
	csv_reader_position(reader->lines, out);
	if (reader->failed)
		*out = reader->failed_at;
	out->record -= reader->empty_count;
}

int
log_seek(struct reader *reader, const struct reader_position *position,
	struct err *err)
{
	reader->empty_count = 0;
	return csv_reader_seek(reader->lines, position, err);
}
