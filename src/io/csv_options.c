/*
 * The options of separated fields as settings.  Names and types have been
 * checked against the table; here is what a table cannot say.
 */
#include "io/csv_options.h"

#include <inttypes.h>
#include <string.h>

#include "data/json.h"
#include "data/schema.h"
#include "io/csv_reader.h"
#include "io/declared.h"
#include "io/format.h"
#include "util/err.h"
#include "util/mem.h"

/* A byte count between 1 and `most`. */
static int
read_limit(const char *format, const struct format_option *option,
	uint32_t count, const char *name, uint32_t most, uint32_t *limit,
	struct err *err)
{
	int64_t value = format_option_int(option, count, name, *limit);

	if (value < 1 || value > most)
		return err_set(err, ERR_PROGRAM, "%s: %s must be between 1 and "
		    "%u bytes, not %" PRId64, format, name, most, value);
	*limit = (uint32_t)value;
	return 0;
}

/* A text option of exactly one byte. */
static int
read_byte(const char *format, const char *name, const struct value *value,
	char *out, struct err *err)
{
	const struct text *text = &value->cell.text;

	if (text->size != 1)
		return err_set(err, ERR_PROGRAM,
		    "%s: %s must be one byte, not \"%.*s\"", format, name,
		    (int)text->size, text_bytes(text));
	*out = text_bytes(text)[0];
	return 0;
}

int
csv_options_delimiter(const char *format, const struct format_option *option,
	uint32_t count, char fallback, char *out, struct err *err)
{
	const struct value *value = format_option_value(option, count, "delim");

	*out = fallback;
	if (value == NULL)
		return 0;
	if (read_byte(format, "delim", value, out, err) != 0)
		return -1;
	if (*out == '"' || *out == '\n' || *out == '\r')
		return err_set(err, ERR_PROGRAM, "%s: delim can be neither a "
		    "quote nor a line end", format);
	return 0;
}

static int
read_ragged(const char *format, const struct value *value,
	enum csv_ragged *out, struct err *err)
{
	static const char *const words[] = { "error", "fill", "loose" };
	const struct text *text = &value->cell.text;

	for (unsigned i = 0; i < 3; i++) {
		if (strlen(words[i]) == text->size &&
		    memcmp(words[i], text_bytes(text), text->size) == 0) {
			*out = (enum csv_ragged)i;
			return 0;
		}
	}
	return err_set(err, ERR_PROGRAM, "%s: ragged must be \"error\", "
	    "\"fill\" or \"loose\", not \"%.*s\"", format, (int)text->size,
	    text_bytes(text));
}

static int
read_names(const char *format, const struct value *value,
	struct schema **out, struct err *err)
{
	struct schema *schema = schema_new();
	struct region *region = region_new();
	struct json_walk walk;
	struct json_member member;
	int result = 0;

	json_walk_init(&walk, text_bytes(&value->cell.text),
	    value->cell.text.size);
	while (result == 0 && json_walk_next(&walk, &member)) {
		struct text name = declared_word(member.bytes, member.size,
		    region);
		if (schema_find(schema, text_bytes(&name), name.size) >= 0)
			result = err_set(err, ERR_PROGRAM,
			    "%s: names has '%.*s' twice", format,
			    (int)name.size, text_bytes(&name));
		else
			schema_add(schema, text_bytes(&name), name.size,
			    TYPE_ANY);
	}
	if (result == 0 && schema->field_count == 0)
		result = err_set(err, ERR_PROGRAM, "%s: names is empty",
		    format);
	region_drop(&region);
	if (result == 0)
		*out = schema;
	else
		schema_drop(&schema);
	return result;
}

/* The columns "1", "2" of rows without a header? */
static int
is_number(const struct field *field)
{
	for (uint32_t i = 0; i < field->name_size; i++)
		if (field->name[i] < '0' || field->name[i] > '9')
			return 0;
	return 1;
}

/* Where nothing else names the fields, their types do, one behind the other. */
static void
name_by_types(struct csv_settings *settings)
{
	const struct schema *types = settings->types;

	if (settings->header || settings->names != NULL || types == NULL)
		return;
	for (uint32_t i = 0; i < types->field_count; i++)
		if (is_number(&types->field[i]))
			return;
	if (types->field_count == 0)
		return;
	settings->names = schema_new();
	for (uint32_t i = 0; i < types->field_count; i++)
		schema_add(settings->names, types->field[i].name,
		    types->field[i].name_size, TYPE_ANY);
}

static int
read_all(const char *format, const struct format_option *option,
	uint32_t count, struct csv_settings *settings, struct err *err)
{
	const struct value *value;
	char byte = 0;

	if (csv_options_delimiter(format, option, count,
	    settings->dialect.delimiter, &settings->dialect.delimiter,
	    err) != 0)
		return -1;
	if (read_limit(format, option, count, "max_field", CSV_RECORD_MAX_MAX,
	    &settings->dialect.field_max, err) != 0 ||
	    read_limit(format, option, count, "max_record", CSV_RECORD_MAX_MAX,
	    &settings->record_max, err) != 0)
		return -1;
	int64_t skip = format_option_int(option, count, "skip", 0);
	if (skip < 0)
		return err_set(err, ERR_PROGRAM, "%s: skip must not be "
		    "negative", format);
	settings->skip = (uint64_t)skip;
	value = format_option_value(option, count, "comment");
	if (value != NULL) {
		if (read_byte(format, "comment", value, &byte, err) != 0)
			return -1;
		settings->comment = (unsigned char)byte;
	}
	value = format_option_value(option, count, "ragged");
	if (value != NULL && read_ragged(format, value, &settings->ragged,
	    err) != 0)
		return -1;
	value = format_option_value(option, count, "names");
	if (value != NULL && read_names(format, value, &settings->names,
	    err) != 0)
		return -1;
	value = format_option_value(option, count, "types");
	if (value != NULL && declared_read(format, value, &settings->types,
	    err) != 0)
		return -1;
	return 0;
}

int
csv_options_read(const char *format, const struct format_option *option,
	uint32_t count, struct csv_settings *settings, struct err *err)
{
	settings->dialect.field_max = CSV_FIELD_MAX;
	settings->record_max = CSV_RECORD_MAX;
	settings->comment = -1;
	settings->header = format_option_bool(option, count, "header", 1);
	settings->text = format_option_bool(option, count, "text", 0);
	settings->trailing = format_option_bool(option, count, "trailing", 0);
	if (read_all(format, option, count, settings, err) == 0) {
		name_by_types(settings);
		return 0;
	}
	schema_drop(&settings->names);
	schema_drop(&settings->types);
	return -1;
}
