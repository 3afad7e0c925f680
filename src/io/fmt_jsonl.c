/*
 * JSON lines: one document a line.  What is read is told in json_reader.c,
 * what is written in json_writer.c.
 */
#include "io/format.h"
#include "io/json_format.h"
#include "io/json_reader.h"

static const struct option_def reader_options[] = {
	{ "types", TYPE_RECORD, "types of fields: {id: int, ts: timestamp}" },
	{ "max_record", TYPE_INT, "bytes of a record (64 MiB)" },
	{ 0 },
};

static const struct option_def writer_options[] = {
	{ 0 },
};

static struct reader *
jsonl_open(struct input *input, const struct reader_config *config,
	struct err *err)
{
	struct json_settings settings = { .by_lines = 1 };

	if (format_check_options("jsonl", reader_options, config->option,
	    config->option_count, err) != 0 || json_settings_read(&settings,
	    "jsonl", config->option, config->option_count, err) != 0)
		return NULL;
	return json_format_open(input, &settings, config);
}

static struct writer *
jsonl_write_open(struct output *output, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	if (format_check_options("jsonl", writer_options, option, option_count,
	    err) != 0)
		return NULL;
	return json_writer_open(output, 0);
}

const struct format_def format_jsonl = {
	.name = "jsonl",
	.extensions = "jsonl ndjson",
	.summary = "JSON documents, one a line",
	.reader_options = reader_options,
	.writer_options = writer_options,
	.record_type = TYPE_RAW_JSON,
	.lines = FORMAT_LINES,
	.resumes = 1,
	.open = jsonl_open,
	.schema = json_format_schema,
	.need = json_format_need,
	.next = json_format_next,
	.position = json_format_position,
	.seek = json_format_seek,
	.met = json_format_met,
	.meet = json_format_meet,
	.close = json_format_close,
	.write_open = jsonl_write_open,
	.write = json_writer_write,
	.write_flush = json_writer_flush,
	.write_end = json_writer_end,
	.write_close = json_writer_close,
};
