/*
 * Tab-separated values: no quotes; a tab, line end or backslash inside of a
 * field is written \t, \n, \r, \\.  Nothing at all is null, so an empty text
 * that is written comes back as null.
 */
#include "io/csv_format.h"
#include "io/csv_options.h"
#include "io/csv_reader.h"
#include "io/format.h"

static const struct option_def reader_options[] = {
	{ "header", TYPE_BOOL, "the first line names the fields (true)" },
	{ "names", TYPE_LIST, "names of the fields, in place of the header's" },
	{ "types", TYPE_RECORD, "types of fields: {id: int, ts: timestamp}" },
	{ "text", TYPE_BOOL, "every field is text, empty ones too (false)" },
	{ "ragged", TYPE_TEXT, "rows of another width are refused (\"error\"), "
		"filled up (\"fill\"), or may be longer too (\"loose\")" },
	{ "comment", TYPE_TEXT, "lines that begin with this byte are skipped" },
	{ "skip", TYPE_INT, "lines to skip before the header (0)" },
	{ "max_record", TYPE_INT, "bytes of a record (64 MiB)" },
	{ 0 },
};

static const struct option_def writer_options[] = {
	{ "header", TYPE_BOOL, "write a line with the names (true)" },
	{ "crlf", TYPE_BOOL, "end lines with CR LF (false)" },
	{ 0 },
};

static struct reader *
tsv_open(struct input *input, const struct reader_config *config,
	struct err *err)
{
	struct csv_settings settings = {
		.dialect = { .delimiter = '\t' },
		.type = TYPE_RAW_TSV,
	};

	if (format_check_options("tsv", reader_options, config->option,
	    config->option_count, err) != 0 || csv_options_read("tsv",
	    config->option, config->option_count, &settings, err) != 0)
		return NULL;
	return csv_format_open(input, &settings, config);
}

static struct writer *
tsv_write_open(struct output *output, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	if (format_check_options("tsv", writer_options, option, option_count,
	    err) != 0)
		return NULL;
	return csv_writer_open(output, CSV_ESCAPES, '\t',
	    format_option_bool(option, option_count, "header", 1),
	    format_option_bool(option, option_count, "crlf", 0));
}

const struct format_def format_tsv = {
	.name = "tsv",
	.extensions = "tsv tab",
	.summary = "tab-separated values with a header",
	.reader_options = reader_options,
	.writer_options = writer_options,
	.record_type = TYPE_RAW_TSV,
	.lines = FORMAT_LINES,
	.resumes = 1,
	.open = tsv_open,
	.schema = csv_format_schema,
	.need = csv_format_need,
	.next = csv_format_next,
	.position = csv_format_position,
	.seek = csv_format_seek,
	.close = csv_format_close,
	.write_open = tsv_write_open,
	.write = csv_writer_write,
	.write_flush = csv_writer_flush,
	.write_end = csv_writer_end,
	.write_close = csv_writer_close,
};
