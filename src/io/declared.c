/*
 * Declared types of fields (types={...}), as all formats read them.  Formats
 * find the fields and decode their values to plain text; what that text must
 * look like is said here, once: blanks around a number are fine, a bool is true
 * or false, 1 or 0, a list or record is JSON.
 */
#include "io/declared.h"

#include <stdio.h>
#include <string.h>

#include "data/batch.h"
#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "data/schema.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

struct text
declared_word(const char *bytes, size_t size, struct region *region)
{
	struct value value = json_value(bytes, size, region);

	if (value.type == TYPE_TEXT || value.type == TYPE_RAW)
		return value.cell.text;
	return text_make(bytes, size);
}

static int
type_read(const char *format, struct schema *schema, const struct text *name,
	const struct text *word, struct err *err)
{
	enum type type = type_from_name(text_bytes(word), word->size);

	if (type == TYPE_ANY) {
		err_set(err, ERR_PROGRAM, "%s: '%.*s' is not a type", format,
		    (int)word->size, text_bytes(word));
		return err_hint(err, "types are bool, int, float, decimal, "
		    "timestamp, date, duration, text, list, record");
	}
	schema_add(schema, text_bytes(name), name->size, type);
	return 0;
}

int
declared_read(const char *format, const struct value *types,
	struct schema **out, struct err *err)
{
	struct schema *schema = schema_new();
	struct region *region = region_new();
	struct json_walk walk;
	struct json_member member;
	int result = 0;

	json_walk_init(&walk, text_bytes(&types->cell.text),
	    types->cell.text.size);
	while (result == 0 && json_walk_next(&walk, &member)) {
		char *decoded = region_alloc(region, member.key_size + 1);
		struct text name = text_make(decoded,
		    json_decode(member.key, member.key_size, decoded));
		struct text word = declared_word(member.bytes, member.size,
		    region);
		result = type_read(format, schema, &name, &word, err);
	}
	region_drop(&region);
	if (result == 0)
		*out = schema;
	else
		schema_drop(&schema);
	return result;
}

int
declared_bool(const char *bytes, size_t size, uint8_t *out)
{
	static const char *const words[] = { "false", "true", "0", "1" };

	for (unsigned i = 0; i < 4; i++) {
		if (strlen(words[i]) != size ||
		    memcmp(words[i], bytes, size) != 0)
			continue;
		*out = i & 1;
		return 0;
	}
	return -1;
}

/* A JSON array or object, compact. */
static int
parse_nested(const char *bytes, size_t size, char first, struct region *region,
	struct text *out)
{
	size_t end;
	struct buf compact = { 0 };

	while (size > 0 && (*bytes == ' ' || *bytes == '\t')) {
		bytes++;
		size--;
	}
	if (size == 0 || *bytes != first ||
	    json_check(bytes, size, &end) != NULL)
		return -1;
	json_add_compact(&compact, bytes, size);
	*out = text_make(region_copy(region, compact.bytes, compact.size),
	    compact.size);
	buf_fini(&compact);
	return 0;
}

int
declared_parse(const struct text *text, struct column *out, uint32_t i,
	struct region *region)
{
	const char *bytes = text_bytes(text);
	size_t size = text->size;
	int64_t *words = out->data;

	switch (out->type) {
	case TYPE_BOOL:
		return declared_bool(bytes, size, (uint8_t *)out->data + i);
	case TYPE_INT:
		return number_cast_int(bytes, size, words + i);
	case TYPE_FLOAT:
		return number_cast_float(bytes, size, (double *)out->data + i);
	case TYPE_DECIMAL:
		return decimal_parse(bytes, size,
		    (struct decimal *)out->data + i);
	case TYPE_TIME:
		return moment_parse(bytes, size, words + i);
	case TYPE_DATE:
		return moment_parse_date(bytes, size, words + i);
	case TYPE_DURATION:
		return moment_parse_duration(bytes, size, words + i);
	case TYPE_LIST:
		return parse_nested(bytes, size, '[', region,
		    (struct text *)out->data + i);
	default:
		return parse_nested(bytes, size, '{', region,
		    (struct text *)out->data + i);
	}
}

void
declared_reason(char *reason, size_t size, uint8_t type, const char *field)
{
	const char *name = type_name((enum type)type);

	snprintf(reason, size, "expected %s %s in field '%s'",
	    strchr("aeiou", name[0]) != NULL ? "an" : "a", name, field);
}

void
declared_keep(struct batch *batch, const uint64_t *wrong, uint32_t stop)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t count = 0;

	for (uint32_t i = 0; i < stop; i++) {
		sel[count] = (uint16_t)i;
		count += !bits_get(wrong, i);
	}
	batch->sel = sel;
	batch->sel_count = count;
}
