#include "io/json_format.h"

#include "io/json_reader.h"
#include "util/mem.h"

struct reader {
	struct json_reader *json;
};

struct reader *
json_format_open(struct input *input, const struct json_settings *settings,
	const struct reader_config *config)
{
	struct reader *reader = mem_alloc(sizeof(*reader));

	reader->json = json_reader_new(input, settings, config);
	return reader;
}

struct schema *
json_format_schema(struct reader *reader, struct err *err)
{
	(void)err;
	return json_reader_schema(reader->json);
}

void
json_format_need(struct reader *reader, const struct need *need)
{
	json_reader_need(reader->json, need);
}

int
json_format_next(struct reader *reader, struct batch **out, struct err *err)
{
	return json_reader_next(reader->json, out, err);
}

void
json_format_position(const struct reader *reader, struct reader_position *out)
{
	json_reader_position(reader->json, out);
}

int
json_format_seek(struct reader *reader, const struct reader_position *position,
	struct err *err)
{
	return json_reader_seek(reader->json, position, err);
}

struct schema *
json_format_met(struct reader *reader)
{
	return json_reader_met(reader->json);
}

void
json_format_meet(struct reader *reader, struct schema *schema)
{
	json_reader_meet(reader->json, schema);
}

void
json_format_close(struct reader **reader_address)
{
	struct reader *reader = *reader_address;

	*reader_address = NULL;
	if (reader == NULL)
		return;
	json_reader_free(&reader->json);
	mem_free(reader);
}
