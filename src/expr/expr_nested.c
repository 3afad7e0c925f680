/*
 * Lists and records: members, elements, constructors, and `this`.
 *
 * A nested value is JSON text, so a.name is a search in text.  Members of
 * undeclared JSON stay undeclared: they come out as tokens in the same memory,
 * to be interpreted by who asks.  Members of computed records are values.
 *
 * A member of null is null, of a missing field missing, of a scalar null; a
 * name that a record does not have is missing.
 *
 * Constructors write the rows one behind the other into one buffer, which then
 * moves to the region whole; the views are made last, when it does not move.
 */
#include "expr/expr.h"

#include <string.h>

#include "data/json.h"
#include "data/schema.h"
#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/mem.h"

/* One step into a value: by name, or by number if name is NULL. */
struct step {
	const char *name;
	size_t name_size;
	int64_t index;
};

/* What a step leads to. */
enum found { FOUND, FOUND_NULL, FOUND_MISSING };

static enum found
step_into(const struct step *step, const char *bytes, size_t size,
	struct json_member *member)
{
	if (size == 0)
		return FOUND_MISSING;
	if (bytes[0] != (step->name != NULL ? '{' : '['))
		return FOUND_NULL;
	int status = step->name != NULL ?
	    json_get(bytes, size, step->name, step->name_size, member) :
	    json_at(bytes, size, step->index, member);
	return status == 0 ? FOUND : FOUND_MISSING;
}

/* Undeclared JSON: tokens in, tokens out. */
static void
step_tokens(const struct step *step, const struct column *source,
	const uint16_t *sel, uint32_t count, struct region *region,
	struct column *out)
{
	column_init_flat(out, TYPE_RAW_JSON, count, region);
	struct text *text = out->data;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = sel == NULL ? i : sel[i];
		struct json_member member;
		struct text view;
		uint32_t size;
		const char *bytes;
		if (source->encoding == SLICE) {
			bytes = column_slice(source, row, &size);
		} else {
			view = ((const struct text *)source->data)[
			    source->encoding == CONST ? 0 : row];
			bytes = text_bytes(&view);
			size = view.size;
		}
		enum found found = column_row_is_valid(source, row) ?
		    step_into(step, bytes, size, &member) : FOUND_NULL;
		/* What lies in `view` itself is short enough to be copied. */
		if (found == FOUND)
			text[i] = text_make(member.bytes, member.size);
		else
			text[i] = found == FOUND_NULL ? text_make("null", 4) :
			    text_make("", 0);
	}
}

/* The JSON text of a value that may have members; 0 if it has none. */
static int
value_json(const struct value *value, const char **bytes, size_t *size)
{
	size_t end;

	*bytes = text_bytes(&value->cell.text);
	*size = value->cell.text.size;
	if (value->type == TYPE_LIST || value->type == TYPE_RECORD)
		return 1;
	/* Undeclared text may be JSON: a column of a CSV file, say. */
	return value->type == TYPE_RAW && *size > 0 &&
	    (**bytes == '{' || **bytes == '[') &&
	    json_check(*bytes, *size, &end) == NULL && end == *size;
}

/* One value, one step. */
static struct value
step_value(const struct step *step, const struct value *source,
	struct region *region)
{
	struct value result = { .type = TYPE_NULL };
	struct json_member member;
	const char *bytes;
	size_t size;

	if (source->type == TYPE_MISSING)
		result.type = TYPE_MISSING;
	if (!type_is_textual(source->type) ||
	    !value_json(source, &bytes, &size))
		return result;
	enum found found = step_into(step, bytes, size, &member);
	if (found == FOUND_MISSING)
		result.type = TYPE_MISSING;
	/* What lies in an inline view is short enough to be copied. */
	if (found == FOUND)
		result = json_value(member.bytes, member.size, region);
	return result;
}

/*
 * Where the rows of a nested value's source lie: a field is looked at in place,
 * anything else is computed and dense (*sel is NULL then).
 */
static void
source_eval(struct expr *expr, struct eval *eval, const uint16_t **sel,
	uint32_t count, struct column *out)
{
	if (expr->kind == EXPR_FIELD) {
		const struct column *column = field_column(expr, eval->batch);
		if (column != NULL) {
			*out = *column;
			return;
		}
	}
	node_eval(expr, eval, *sel, count, out);
	*sel = NULL;
}

static void
step_column(const struct step *step, const struct column *source,
	const uint16_t *sel, uint32_t count, struct region *region,
	struct column *out)
{
	if (source->type == TYPE_RAW_JSON) {
		step_tokens(step, source, sel, count, region, out);
		return;
	}
	struct value *value = region_alloc(region, count * sizeof(*value));
	for (uint32_t i = 0; i < count; i++) {
		struct value whole = column_value(source,
		    sel == NULL ? i : sel[i], region);
		value[i] = step_value(step, &whole, region);
	}
	column_from_values(value, count, region, out);
}

void
member_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct step step = { .name = expr->name, .name_size = expr->name_size };
	struct column source;

	source_eval(expr->child[0], eval, &sel, count, &source);
	step_column(&step, &source, sel, count, eval->region, out);
}

/* The step that an index value stands for; 0, or -1 if it is none. */
static int
step_from_value(const struct value *index, struct step *step)
{
	memset(step, 0, sizeof(*step));
	if (index->type == TYPE_INT) {
		step->index = index->cell.integer;
	} else if (index->type == TYPE_TEXT) {
		step->name = text_bytes(&index->cell.text);
		step->name_size = index->cell.text.size;
	} else {
		return -1;
	}
	return 0;
}

/* Every row has an index of its own. */
static void
index_rows(const struct column *source, const struct column *index,
	struct eval *eval, const uint16_t *source_sel, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct region *region = eval->region;
	struct value *value = region_alloc(region, count * sizeof(*value));

	for (uint32_t i = 0; i < count; i++) {
		struct value whole = column_value(source,
		    source_sel == NULL ? i : source_sel[i], region);
		struct value raw = column_value(index, i, region);
		struct value at = value_settle(&raw);
		struct step step;
		value[i].type = TYPE_NULL;
		if (at.type <= TYPE_MISSING)
			continue;
		/* Undeclared digits are a name where names are asked for. */
		if (raw.type == TYPE_RAW && whole.type == TYPE_RECORD)
			at = (struct value){ TYPE_TEXT, raw.cell };
		if (step_from_value(&at, &step) == 0) {
			value[i] = step_value(&step, &whole, region);
			continue;
		}
		rejects_add(&eval->rejects, sel == NULL ? i : sel[i],
		    "an index in [ ] is a whole number or a text");
	}
	column_from_values(value, count, region, out);
}

void
index_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	const uint16_t *source_sel = sel;
	struct column source, index;
	struct step step;

	source_eval(expr->child[0], eval, &source_sel, count, &source);
	const struct value *constant = expr_constant(expr->child[1]);
	if (constant != NULL && step_from_value(constant, &step) == 0) {
		step_column(&step, &source, source_sel, count, eval->region,
		    out);
		return;
	}
	node_eval_as(expr->child[1], eval, FUNC_ANY, sel, count, &index);
	index_rows(&source, &index, eval, source_sel, sel, count, out);
}

/* Rows being written: row i ends at end[i]. */
struct writer {
	struct buf buf;
	uint32_t *end;
};

static void
writer_init(struct writer *writer, uint32_t count, struct region *region)
{
	memset(writer, 0, sizeof(*writer));
	writer->end = region_alloc(region, (count + 1) * sizeof(uint32_t));
}

/* The written rows as a column of texts in the region. */
static void
writer_finish(struct writer *writer, enum type type, uint32_t count,
	struct region *region, struct column *out)
{
	const char *bytes = region_copy(region, writer->buf.bytes,
	    writer->buf.size);
	uint32_t start = 0;

	column_init_flat(out, type, count, region);
	struct text *text = out->data;
	for (uint32_t i = 0; i < count; i++) {
		text[i] = text_make(bytes + start, writer->end[i] - start);
		start = writer->end[i];
	}
	buf_fini(&writer->buf);
}

/*
 * Append row `row` of a column as an element.  Returns 0 if the field is
 * missing: nothing is appended then.
 */
static int
add_element(struct buf *buf, const struct column *column, uint32_t row,
	struct region *region)
{
	if (column->type == TYPE_RAW_JSON && column_row_is_valid(column, row)) {
		/* The token as it stands: its digits are not touched. */
		struct text view;
		uint32_t size;
		const char *bytes;
		if (column->encoding == SLICE) {
			bytes = column_slice(column, row, &size);
		} else {
			view = column_row_text(column, row);
			bytes = text_bytes(&view);
			size = view.size;
		}
		if (size == 0)
			return 0;
		json_add_compact(buf, bytes, size);
		return 1;
	}
	struct value value = column_value(column, row, region);
	if (value.type == TYPE_MISSING)
		return 0;
	json_add_extended(buf, &value);
	return 1;
}

/* Columns of all children, as they come. */
static struct column *
children_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count)
{
	struct column *column = region_alloc(eval->region,
	    (expr->child_count + 1) * sizeof(*column));

	for (unsigned c = 0; c < expr->child_count; c++)
		node_eval(expr->child[c], eval, sel, count, &column[c]);
	return column;
}

void
list_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct column *column = children_eval(expr, eval, sel, count);
	struct writer writer;

	writer_init(&writer, count, eval->region);
	for (uint32_t i = 0; i < count; i++) {
		buf_add_char(&writer.buf, '[');
		for (unsigned c = 0; c < expr->child_count; c++) {
			if (c > 0)
				buf_add_char(&writer.buf, ',');
			if (!add_element(&writer.buf, &column[c], i,
			    eval->region))
				buf_add_string(&writer.buf, "null");
		}
		buf_add_char(&writer.buf, ']');
		writer.end[i] = (uint32_t)writer.buf.size;
	}
	writer_finish(&writer, TYPE_LIST, count, eval->region, out);
}

/* Append `,"name":value`, or nothing if it is missing. */
static void
add_member(struct buf *buf, const struct text *key,
	const struct column *column, uint32_t row, struct region *region)
{
	size_t before = buf->size;

	if (buf->bytes[before - 1] != '{')
		buf_add_char(buf, ',');
	buf_add(buf, text_bytes(key), key->size);
	if (!add_element(buf, column, row, region))
		buf->size = before;
}

void
record_eval(struct expr *expr, struct eval *eval, const uint16_t *sel,
	uint32_t count, struct column *out)
{
	struct column *column = children_eval(expr, eval, sel, count);
	struct writer writer;

	writer_init(&writer, count, eval->region);
	for (uint32_t i = 0; i < count; i++) {
		buf_add_char(&writer.buf, '{');
		for (unsigned c = 0; c < expr->child_count; c++) {
			add_member(&writer.buf, &expr->key[c], &column[c], i,
			    eval->region);
		}
		buf_add_char(&writer.buf, '}');
		writer.end[i] = (uint32_t)writer.buf.size;
	}
	writer_finish(&writer, TYPE_RECORD, count, eval->region, out);
}

/*
 * The plan of `this` for one schema: fields in order, those of one qualifier
 * together at the place of the first.
 */
struct this_field {
	struct text key;
	struct text whole;	/* with the qualifier */
	uint32_t column;
	uint32_t group_count;	/* of a qualifier: this many follow; else 0 */
	int taken;	/* the field that is called like the qualifier, or -1 */
};

static struct text
key_text(const char *name, size_t size, struct region *region)
{
	struct buf buf = { 0 };

	json_add_string(&buf, name, size);
	buf_add_char(&buf, ':');
	struct text key = text_make(region_copy(region, buf.bytes, buf.size),
	    buf.size);
	buf_fini(&buf);
	return key;
}

/* Has the field this qualifier? */
static int
has_qualifier(const struct field *field, const char *name, size_t size)
{
	return size > 0 && field->qualifier_size == size &&
	    memcmp(field->name, name, size) == 0;
}

/* The fields of a qualifier, without it; returns how many. */
static uint32_t
plan_group(const struct schema *schema, const char *name, size_t size,
	struct region *region, struct this_field *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (!has_qualifier(field, name, size))
			continue;
		/* Behind the qualifier and its point. */
		out[n].key = key_text(field->name + size + 1,
		    field->name_size - size - 1, region);
		out[n].whole = key_text(field->name, field->name_size, region);
		out[n].group_count = 0;
		out[n++].column = i;
	}
	return n;
}

/* Is this the first field of its qualifier? */
static int
is_first_of_group(const struct schema *schema, uint32_t index)
{
	const struct field *field = &schema->field[index];

	for (uint32_t i = 0; i < index; i++) {
		if (has_qualifier(&schema->field[i], field->name,
		    field->qualifier_size))
			return 0;
	}
	return 1;
}

static uint32_t
plan_this(const struct schema *schema, struct region *region,
	struct this_field *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		size_t size = field->qualifier_size;
		struct this_field *entry = &out[n];
		if (size == 0) {
			*entry = (struct this_field){ .column = i, .key =
			    key_text(field->name, field->name_size, region) };
			n++;
		} else if (is_first_of_group(schema, i)) {
			entry->key = key_text(field->name, size, region);
			entry->taken = schema_find(schema, field->name, size);
			entry->group_count = plan_group(schema, field->name,
			    size, region, entry + 1);
			n += 1 + entry->group_count;
		}
	}
	return n;
}

/* Is no value there in any of the fields?  A left join that found nothing. */
static int
group_is_null(const struct this_field *field, uint32_t count,
	const struct batch *batch, uint32_t row, struct region *region)
{
	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_value(
		    &batch->column[field[i].column], row, region);
		if (value.type > TYPE_MISSING)
			return 0;
	}
	return 1;
}

static void add_fields(struct buf *, const struct this_field *,
	uint32_t count, const struct batch *, uint32_t row, struct region *);

/* Append the fields of a qualifier, `group` and those behind it: as a record,
 * or, in a record that has a field of this name, each as it is called. */
static void
add_group(struct buf *buf, const struct this_field *group,
	const struct batch *batch, uint32_t row, struct region *region)
{
	const struct this_field *field = group + 1;
	uint32_t count = group->group_count;
	int is_taken = group->taken >= 0 && column_value(
	    &batch->column[group->taken], row, region).type != TYPE_MISSING;

	for (uint32_t i = 0; is_taken && i < count; i++)
		add_member(buf, &field[i].whole,
		    &batch->column[field[i].column], row, region);
	if (is_taken)
		return;
	if (buf->bytes[buf->size - 1] != '{')
		buf_add_char(buf, ',');
	buf_add(buf, text_bytes(&group->key), group->key.size);
	if (group_is_null(field, count, batch, row, region))
		buf_add_string(buf, "null");
	else
		add_fields(buf, field, count, batch, row, region);
}

/* Append the fields as an object. */
static void
add_fields(struct buf *buf, const struct this_field *field, uint32_t count,
	const struct batch *batch, uint32_t row, struct region *region)
{
	buf_add_char(buf, '{');
	for (uint32_t i = 0; i < count; i += 1 + field[i].group_count)
		if (field[i].group_count > 0)
			add_group(buf, &field[i], batch, row, region);
		else
			add_member(buf, &field[i].key,
			    &batch->column[field[i].column], row, region);
	buf_add_char(buf, '}');
}

static void
fields_eval(struct eval *eval, const struct this_field *field,
	uint32_t field_count, const uint16_t *sel, uint32_t count,
	struct column *out)
{
	struct writer writer;

	writer_init(&writer, count, eval->region);
	for (uint32_t i = 0; i < count; i++) {
		add_fields(&writer.buf, field, field_count, eval->batch,
		    sel == NULL ? i : sel[i], eval->region);
		writer.end[i] = (uint32_t)writer.buf.size;
	}
	writer_finish(&writer, TYPE_RECORD, count, eval->region, out);
}

void
this_eval(struct eval *eval, const uint16_t *sel, uint32_t count,
	struct column *out)
{
	const struct batch *batch = eval->batch;
	const struct schema *schema = batch->schema;

	/* A JSON line that nobody changed is its own record. */
	if (batch->has_record && batch->record.type == TYPE_RAW_JSON) {
		column_gather(&batch->record, sel, count, eval->region, out);
		return;
	}
	/* Every field makes at most two entries. */
	struct this_field *field = region_alloc(eval->region,
	    (2 * schema->field_count + 1) * sizeof(*field));
	uint32_t field_count = plan_this(schema, eval->region, field);
	fields_eval(eval, field, field_count, sel, count, out);
}

int
qualifier_eval(struct eval *eval, const char *name, size_t name_size,
	const uint16_t *sel, uint32_t count, struct column *out)
{
	const struct batch *batch = eval->batch;
	struct this_field *field = region_alloc(eval->region,
	    (batch->schema->field_count + 1) * sizeof(*field));
	uint32_t field_count = plan_group(batch->schema, name, name_size,
	    eval->region, field);

	if (field_count == 0)
		return 0;
	fields_eval(eval, field, field_count, sel, count, out);
	uint32_t rows = count;
	for (uint32_t i = 0; i < rows; i++) {
		if (!group_is_null(field, field_count, batch,
		    sel == NULL ? i : sel[i], eval->region))
			continue;
		column_need_valid(out, rows, eval->region);
		bits_clear(out->valid, i);
		memset((struct text *)out->data + i, 0, sizeof(struct text));
	}
	return 1;
}
