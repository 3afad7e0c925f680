/*
 * The combined log format: the common one with referer and user agent.
 */
#include "io/log_reader.h"

static struct reader *
combined_open(struct input *input, const struct reader_config *config,
	struct err *err)
{
	return log_open("combined", 1, input, config, err);
}

const struct format_def format_combined = {
	.name = "combined",
	.summary = "the combined log format of web servers",
	.reader_options = log_reader_options,
	.record_type = TYPE_RAW,
	.lines = FORMAT_LINES,
	.open = combined_open,
	.schema = log_schema,
	.need = log_need,
	.next = log_next,
	.position = log_position,
	.seek = log_seek,
	.close = log_close,
};
