#include "io/csv_format.h"

#include "io/csv_reader.h"
#include "util/mem.h"

struct reader {
	struct csv_reader *csv;
};

struct reader *
csv_format_open(struct input *input, const struct csv_settings *settings,
	const struct reader_config *config)
{
	struct reader *reader = mem_alloc(sizeof(*reader));

	reader->csv = csv_reader_new(input, settings, config);
	return reader;
}

struct schema *
csv_format_schema(struct reader *reader, struct err *err)
{
	return csv_reader_schema(reader->csv, err);
}

void
csv_format_need(struct reader *reader, const struct need *need)
{
	csv_reader_need(reader->csv, need);
}

int
csv_format_next(struct reader *reader, struct batch **out, struct err *err)
{
	return csv_reader_next(reader->csv, out, err);
}

void
csv_format_position(const struct reader *reader, struct reader_position *out)
{
	csv_reader_position(reader->csv, out);
}

int
csv_format_seek(struct reader *reader, const struct reader_position *position,
	struct err *err)
{
	return csv_reader_seek(reader->csv, position, err);
}

void
csv_format_close(struct reader **reader_address)
{
	struct reader *reader = *reader_address;

	*reader_address = NULL;
	if (reader == NULL)
		return;
	csv_reader_free(&reader->csv);
	mem_free(reader);
}
