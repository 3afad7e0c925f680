/*
 * The common log format of web servers.  What follows the number of bytes, as
 * in the combined format, is left alone.
 */
#include "io/log_reader.h"

static struct reader *
clf_open(struct input *input, const struct reader_config *config,
	struct err *err)
{
	return log_open("clf", 0, input, config, err);
}

const struct format_def format_clf = {
	.name = "clf",
	.summary = "the common log format of web servers",
	.reader_options = log_reader_options,
	.record_type = TYPE_RAW,
	.lines = FORMAT_LINES,
	.open = clf_open,
	.schema = log_schema,
	.need = log_need,
	.next = log_next,
	.position = log_position,
	.seek = log_seek,
	.close = log_close,
};
