/*
 * Columns interpreted as what an argument wants (func.h: enum func_want).
 *
 * Numbers and texts are read straight from the slices of the batch, at the
 * selected rows only.  Times and bools are rarer: the text is decoded first and
 * what reads as one is replaced; if not all do, the column turns MIXED and the
 * kernel refuses the rest.
 */
#include "expr/expr.h"

#include <string.h>

#include "data/moment.h"
#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/mem.h"

/* The same rows; `source` is no SLICE. */
static void
gather(const struct column *source, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	if (source->type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	column_gather(source, sel, count, region, out);
}

/* Missing fields of a MIXED column become nulls. */
static void
forget_missing(struct column *column, uint32_t rows, struct region *region)
{
	uint8_t *tags = region_copy(region, column->tags, rows);

	for (uint32_t i = 0; i < rows; i++) {
		if (tags[i] == TYPE_MISSING)
			tags[i] = TYPE_NULL;
	}
	column->tags = tags;
}

/*
 * A MIXED column whose rows are of one type, but for nulls and missing fields,
 * becomes one of that type.  Kernels do not ask why a value is not there, so in
 * others what is missing becomes null as well: the result must not depend on
 * what else the batch has.
 */
static void
unmix(struct column *column, uint32_t count, struct region *region)
{
	uint32_t rows = column->encoding == CONST ? 1 : count;
	const uint32_t missing = 1u << TYPE_MISSING;
	uint32_t seen = 0;
	struct column one;

	if (column->type != TYPE_MIXED)
		return;
	for (uint32_t i = 0; i < rows; i++)
		seen |= 1u << column->tags[i];
	uint32_t types = seen & ~(missing | 1u << TYPE_NULL);
	if ((types & (types - 1)) != 0) {
		if ((seen & missing) != 0)
			forget_missing(column, rows, region);
		return;
	}
	if (types == 0) {
		column_init_null(column);
		return;
	}
	column_take_type(column, (enum type)bits_lowest(types), rows_all(),
	    rows, region, &one);
	one.valid = column->valid;
	one.encoding = column->encoding;
	*column = one;
}

static void
as_any(const struct column *source, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	column_decode(source, sel, count, region, out);
	unmix(out, count, region);
}

static void
as_number(const struct column *source, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	if (type_is_raw(source->type) || source->type == TYPE_MIXED)
		column_numbers(source, sel, count, region, out);
	else
		gather(source, sel, count, region, out);
}

/* Is the type one that an argument of text takes no text from? */
static int
is_nested(enum type type)
{
	return type == TYPE_LIST || type == TYPE_RECORD;
}

/* Has the decoded column lists or records, also some only? */
static int
has_nested(const struct column *column, uint32_t count)
{
	if (column->type != TYPE_MIXED)
		return is_nested(column->type);
	for (uint32_t i = 0; i < count; i++) {
		if (is_nested(column_row_type(column, i)))
			return 1;
	}
	return 0;
}

static void
as_text(const struct column *source, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	struct column decoded;

	if (source->type == TYPE_TEXT || source->type == TYPE_NULL) {
		gather(source, sel, count, region, out);
		return;
	}
	if (source->type != TYPE_RAW_JSON && source->type != TYPE_MIXED &&
	    !is_nested(source->type)) {
		column_texts(source, sel, count, region, out);
		return;
	}
	as_any(source, sel, count, region, &decoded);
	if (!has_nested(&decoded, count)) {
		if (decoded.type == TYPE_TEXT || decoded.type == TYPE_NULL)
			*out = decoded;
		else
			column_texts(&decoded, NULL, count, region, out);
		return;
	}
	if (decoded.type != TYPE_MIXED) {
		*out = decoded;
		return;
	}
	/* Lists and records stay what they are among texts. */
	struct column texts;
	column_texts(&decoded, NULL, count, region, &texts);
	column_spread(&texts, count, region);
	column_init_flat(out, TYPE_MIXED, count, region);
	union cell *target = out->data;
	const union cell *cell = decoded.data;
	const struct text *text = texts.data;
	for (uint32_t i = 0; i < count; i++) {
		enum type type = column_row_type(&decoded, i);
		memset(&target[i], 0, sizeof(target[i]));
		if (is_nested(type))
			target[i].text = cell[i].text;
		else if (type != TYPE_NULL)
			target[i].text = text[i];
		out->tags[i] = (uint8_t)(is_nested(type) || type == TYPE_NULL ?
		    type : TYPE_TEXT);
	}
	out->valid = decoded.valid;
}

/* What a text reads as; 0, or -1 if it is no such thing. */
typedef int read_f(const char *bytes, size_t size, union cell *out);

static int
read_time(const char *bytes, size_t size, union cell *out)
{
	return moment_parse(bytes, size, &out->integer);
}

static int
read_bool(const char *bytes, size_t size, union cell *out)
{
	if (size == 4 && memcmp(bytes, "true", 4) == 0)
		out->boolean = 1;
	else if (size == 5 && memcmp(bytes, "false", 5) == 0)
		out->boolean = 0;
	else
		return -1;
	return 0;
}

/* Read all rows into a column of the type; 0 if there is one that does not. */
static int
read_all(const struct column *source, uint32_t count, read_f *look,
	enum type type, struct region *region, struct column *out)
{
	const struct text *text = source->data;

	column_init_flat(out, type, count, region);
	out->valid = source->valid;
	int64_t *words = out->data;
	uint8_t *bools = out->data;
	for (uint32_t i = 0; i < count; i++) {
		union cell cell = { 0 };
		if (look(text_bytes(&text[i]), text[i].size, &cell) != 0) {
			if (column_row_is_valid(source, i))
				return 0;
			memset(&cell, 0, sizeof(cell));
		}
		if (type == TYPE_BOOL)
			bools[i] = cell.boolean;
		else
			words[i] = cell.integer;
	}
	return 1;
}

/* Read the rows of a column that is all text; MIXED where not all read. */
static void
read_column(const struct column *source, uint32_t count, read_f *look,
	enum type type, struct region *region, struct column *out)
{
	const struct text *text = source->data;

	if (read_all(source, count, look, type, region, out))
		return;
	struct value *value = region_alloc(region, count * sizeof(*value));
	for (uint32_t i = 0; i < count; i++) {
		const struct text *row = &text[i];
		memset(&value[i], 0, sizeof(value[i]));
		if (!column_row_is_valid(source, i))
			continue;
		if (look(text_bytes(row), row->size, &value[i].cell) == 0) {
			value[i].type = type;
		} else {
			value[i].type = source->type;
			value[i].cell.text = *row;
		}
	}
	column_from_values(value, count, region, out);
}

/* The same for a MIXED column: its texts are read, the rest stays. */
static void
read_mixed(const struct column *source, uint32_t count, read_f *look,
	enum type type, int typed_text, struct region *region,
	struct column *out)
{
	const union cell *cell = source->data;
	struct value *value = region_alloc(region, count * sizeof(*value));

	for (uint32_t i = 0; i < count; i++) {
		value[i].type = column_row_type(source, i);
		value[i].cell = cell[i];
		if (value[i].type != TYPE_RAW &&
		    !(typed_text && value[i].type == TYPE_TEXT))
			continue;
		union cell was;
		const struct text *text = &cell[i].text;
		memset(&was, 0, sizeof(was));
		if (look(text_bytes(text), text->size, &was) == 0) {
			value[i].type = type;
			value[i].cell = was;
		}
	}
	column_from_values(value, count, region, out);
}

/* `typed_text`: TEXT is read too, not only what is undeclared. */
static void
as_read(const struct column *source, const uint16_t *sel, uint32_t count,
	read_f *look, enum type type, int typed_text, struct region *region,
	struct column *out)
{
	struct column decoded;

	as_any(source, sel, count, region, &decoded);
	int is_const = decoded.encoding == CONST;
	uint32_t rows = is_const ? 1 : count;
	if (decoded.type == TYPE_MIXED) {
		read_mixed(&decoded, rows, look, type, typed_text, region, out);
	} else if (decoded.type == TYPE_RAW ||
	    (typed_text && decoded.type == TYPE_TEXT)) {
		read_column(&decoded, rows, look, type, region, out);
	} else {
		*out = decoded;
		return;
	}
	if (is_const && out->type != TYPE_NULL)
		out->encoding = CONST;
}

void
column_as(const struct column *source, enum func_want want,
	const uint16_t *sel, uint32_t count, struct region *region,
	struct column *out)
{
	switch (want) {
	case FUNC_ANY:
		as_any(source, sel, count, region, out);
		break;
	case FUNC_NUMBER:
		as_number(source, sel, count, region, out);
		break;
	case FUNC_TEXT:
		as_text(source, sel, count, region, out);
		break;
	case FUNC_TIME:
		as_read(source, sel, count, read_time, TYPE_TIME, 1, region,
		    out);
		break;
	case FUNC_BOOL:
		as_read(source, sel, count, read_bool, TYPE_BOOL, 0, region,
		    out);
		break;
	}
}
