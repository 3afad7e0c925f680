/*
 * What stands before the rows: a byte order mark, lines to skip, comments,
 * empty lines, the header.  The names of the fields are the header's, decoded;
 * a field without a name is called by its number, a name that comes again gets
 * _2, _3, ... behind it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/bad.h"
#include "io/csv_priv.h"
#include "io/input.h"
#include "util/near.h"
#include "util/mem.h"

/* Names that a hint compares with. */
#define NAMES_COMPARED 1000

static int
fault_at(const struct csv_reader *r, uint32_t at, const char *reason,
	struct err *err)
{
	uint32_t column = at - r->at + 1;
	uint64_t line = r->line + csv_count_lines(r->base + r->at, at - r->at);

	for (uint32_t i = at; i > r->at && r->base[i - 1] != '\n'; i--)
		column = at - i + 2;
	err_set(err, ERR_DATA, "%s:%" PRIu64 ":%u: %s", input_path(r->input),
	    line, column, reason);
	err->has_place = 1;
	return -1;
}

/* Fill until `bytes` are there, or the end.  0; READER_WAIT; -1. */
static int
have(struct csv_reader *r, uint32_t bytes, struct err *err)
{
	while (r->end - r->at < bytes && !r->ended) {
		int got = csv_fill(r, err);
		if (got != 0 && got != 1)
			return got;
	}
	return 0;
}

static int
read_mark(struct csv_reader *r, struct err *err)
{
	int got = have(r, 1, err);

	if (got != 0)
		return got;
	if (r->at == r->end || (unsigned char)r->base[r->at] < 0xef)
		return 0;
	got = have(r, 3, err);
	if (got != 0)
		return got;
	const char *bytes = r->base + r->at;
	if (memcmp(bytes, "\xff\xfe", 2) == 0 ||
	    memcmp(bytes, "\xfe\xff", 2) == 0) {
		err_set(err, ERR_DATA, "%s is UTF-16; only UTF-8 is read",
		    input_path(r->input));
		return err_hint(err, "convert it: iconv -f UTF-16 -t UTF-8");
	}
	if (memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		r->at += 3;
	return 0;
}

/* Go behind the next line end.  0; READER_WAIT: more of it is to be skipped;
 * -1. */
static int
skip_line(struct csv_reader *r, struct err *err)
{
	for (;;) {
		const char *line_end = r->at == r->end ? NULL :
		    memchr(r->base + r->at, '\n', r->end - r->at);
		if (line_end != NULL) {
			r->at = (uint32_t)(line_end - r->base) + 1;
			r->line++;
			return 0;
		}
		r->at = r->end;
		if (r->ended)
			return 0;
		int got = csv_fill(r, err);
		if (got != 0 && got != 1)
			return got;
	}
}

/* Is the line at `at` a comment or empty?  0; READER_WAIT; -1. */
static int
line_says_nothing(struct csv_reader *r, int *nothing, struct err *err)
{
	*nothing = 0;
	int got = have(r, 1, err);
	if (got != 0 || r->at == r->end)
		return got;
	unsigned char first = (unsigned char)r->base[r->at];
	*nothing = first == r->set.comment;
	if (*nothing || r->set.empty_lines)
		return 0;
	*nothing = first == '\n';
	if (first != '\r')
		return 0;
	got = have(r, 2, err);
	*nothing = got == 0 && r->base[r->at + 1] == '\n';
	return got;
}

static int
refuse_row(const struct csv_reader *r, const struct csv_row *row,
	enum csv_row_end result, struct err *err)
{
	switch (result) {
	case CSV_ROW_LONG:
		return fault_at(r, r->at, "the first record is too long "
		    "(max_record)", err);
	case CSV_ROW_BEHIND:
		return fault_at(r, row->fault, "text behind the closing quote",
		    err);
	default:
		return fault_at(r, row->fault, "quote is never closed", err);
	}
}

/* Have the whole first row in the window, if there is one.  0; READER_WAIT;
 * -1. */
static int
find_row(struct csv_reader *r, struct csv_row *row, int *found,
	struct err *err)
{
	enum csv_row_end result;

	*found = 0;
	for (;;) {
		int got = have(r, 1, err);
		if (got != 0 || r->at == r->end)
			return got;
		result = csv_row_judge(r, row);
		if (result != CSV_ROW_MORE || r->ended)
			break;
		got = csv_fill(r, err);
		if (got != 0 && got != 1)
			return got;
	}
	*found = 1;
	return result == CSV_ROW_DONE ? 0 : refuse_row(r, row, result, err);
}

/* A field of the header as text. */
static struct value
decode_name(struct csv_reader *r, const char *bytes, uint32_t size)
{
	struct text text = text_make(bytes, size);
	struct column column = {
		.type = (uint8_t)r->set.type, .encoding = FLAT, .data = &text,
	};
	struct value value = column_value(&column, 0, r->scratch);

	if (value.type == TYPE_NULL)
		value.cell.text = text_make("", 0);
	return value;
}

/* "name_number" into `out`; returns its size. */
static size_t
numbered(char *out, const char *name, size_t size, uint32_t number)
{
	memcpy(out, name, size);
	return size + (size_t)snprintf(out + size, 16, "_%u", number);
}

/*
 * Add a field; where the name is taken, with a free number behind it.  The
 * numbers in use mostly have no holes, so the first free one is searched by
 * doubling and halving: a header may have a name a hundred thousand times.
 */
static void
add_unique(struct schema *schema, const char *name, size_t size)
{
	uint32_t taken = 1;
	uint32_t unused = 2;

	if (schema_find(schema, name, size) < 0) {
		schema_add(schema, name, size, TYPE_ANY);
		return;
	}
	char *longer = mem_alloc(size + 16);
	while (schema_find(schema, longer,
	    numbered(longer, name, size, unused)) >= 0) {
		taken = unused;
		unused *= 2;
	}
	while (unused - taken > 1) {
		uint32_t middle = taken + (unused - taken) / 2;
		if (schema_find(schema, longer,
		    numbered(longer, name, size, middle)) >= 0)
			taken = middle;
		else
			unused = middle;
	}
	schema_add(schema, longer, numbered(longer, name, size, unused),
	    TYPE_ANY);
	mem_free(longer);
}

void
csv_add_numbered(struct schema *schema, uint32_t index)
{
	char name[16];
	int size = snprintf(name, sizeof(name), "%u", index + 1);

	add_unique(schema, name, (size_t)size);
}

/* The names of the header row, or numbers. */
static struct schema *
schema_of_row(struct csv_reader *r, const struct csv_row *row)
{
	struct schema *schema = schema_new();
	uint32_t count = row->field_count;
	uint32_t *index = mem_alloc(count * sizeof(*index));
	uint32_t start = r->at;
	struct csv_row again;

	csv_row_parse(&r->set.dialect, r->base, r->at, r->end, index, count,
	    &again);
	/* The delimiter behind the last field makes no field. */
	uint32_t fields = count - (r->set.trailing && count > 1 &&
	    index[count - 1] - index[count - 2] <= 2);
	for (uint32_t i = 0; i < fields; i++) {
		uint32_t end = index[i];
		if (i + 1 == count && end > start && r->base[end - 1] == '\r')
			end--;
		struct value name = decode_name(r, r->base + start,
		    end - start);
		start = index[i] + 1;
		if (!r->set.header || name.cell.text.size == 0)
			csv_add_numbered(schema, i);
		else
			add_unique(schema, text_bytes(&name.cell.text),
			    name.cell.text.size);
	}
	mem_free(index);
	region_reset(r->scratch);
	return schema;
}

static int
unknown_field(const struct csv_reader *r, const char *name, struct err *err)
{
	const char *names[NAMES_COMPARED];
	uint32_t count = r->schema->field_count;

	if (count > NAMES_COMPARED)
		count = NAMES_COMPARED;
	for (uint32_t i = 0; i < count; i++)
		names[i] = r->schema->field[i].name;
	err_set(err, ERR_PROGRAM, "types: %s has no field '%s'",
	    input_path(r->input), name);
	const char *near = near_name(name, names, count);
	if (near != NULL)
		err_hint(err, "did you mean %s?", near);
	return -1;
}

/* Note the declared types, in the schema too. */
static int
apply_types(struct csv_reader *r, struct err *err)
{
	const struct schema *types = r->set.types;

	for (uint32_t i = 0; r->set.text && i < r->field_count; i++)
		r->schema->field[i].type = TYPE_TEXT;
	if (types == NULL)
		return 0;
	r->types = mem_alloc_zero(r->field_count);
	for (uint32_t i = 0; i < types->field_count; i++) {
		const struct field *field = &types->field[i];
		int index = schema_find(r->schema, field->name,
		    field->name_size);
		if (index < 0)
			return unknown_field(r, field->name, err);
		r->types[index] = (uint8_t)field->type;
		r->schema->field[index].type = field->type;
	}
	return 0;
}

/* The lines that are not to be looked at. */
static int
skip_lines(struct csv_reader *r, struct err *err)
{
	for (; r->skipped < r->set.skip; r->skipped++) {
		int got = skip_line(r, err);
		if (got != 0)
			return got;
	}
	return 0;
}

/* Comments and empty lines. */
static int
skip_quiet_lines(struct csv_reader *r, struct err *err)
{
	int got = 0;

	for (;;) {
		if (!r->in_line)
			got = line_says_nothing(r, &r->in_line, err);
		if (got != 0 || !r->in_line)
			return got;
		got = skip_line(r, err);
		if (got != 0)
			return got;
		r->in_line = 0;
	}
}

/* The names of the fields, from the first row or what stands for it. */
static int
read_names(struct csv_reader *r, struct err *err)
{
	struct csv_row row = { 0 };
	int found = 0;
	int got = find_row(r, &row, &found, err);

	if (got != 0)
		return got;
	if (r->set.names != NULL)
		r->schema = schema_copy(r->set.names);
	else if (found)
		r->schema = schema_of_row(r, &row);
	else
		r->schema = schema_new();
	if (found && r->set.header) {
		r->line += csv_count_lines(r->base + r->at, row.next - r->at);
		r->at = row.next;
	}
	return 0;
}

/* One of the things that stand before the rows, and on to the next. */
static int
read_stage(struct csv_reader *r, struct err *err)
{
	switch (r->stage) {
	case CSV_AT_MARK:
		return read_mark(r, err);
	case CSV_AT_SKIP:
		return skip_lines(r, err);
	case CSV_AT_QUIET:
		return skip_quiet_lines(r, err);
	default:
		return read_names(r, err);
	}
}

static int
read_before_rows(struct csv_reader *r, struct err *err)
{
	while (r->schema == NULL) {
		if (r->stage == CSV_AT_QUIET && r->set.names != NULL &&
		    !r->set.header) {
			r->schema = schema_copy(r->set.names);
			break;
		}
		int got = read_stage(r, err);
		if (got != 0)
			return got;
		r->stage++;
	}
	return 0;
}

int
csv_header_read(struct csv_reader *r, struct err *err)
{
	if (r->failed) {
		*err = r->failure;
		return -1;
	}
	if (r->opened)
		return 0;
	int got = read_before_rows(r, &r->failure);
	if (got == READER_WAIT)
		return got;
	r->opened = 1;
	if (got != 0)
		goto fail;
	r->field_count = r->schema->field_count;
	r->stride = r->field_count + (r->set.trailing != 0);
	r->schema->open = r->set.ragged == CSV_RAGGED_LOOSE;
	if (apply_types(r, &r->failure) != 0)
		goto fail;
	csv_apply_need(r);
	return 0;

fail:
	r->failed = 1;
	*err = r->failure;
	return -1;
}
