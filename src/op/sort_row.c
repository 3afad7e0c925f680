/*
 * Rows as bytes: layouts, and writing.
 *
 * Few layouts are ever met: one, or one for each order of fields and each type
 * that a computed column had in some batch.  They are looked up once a batch.
 */
#include "op/sort_row.h"

#include <string.h>

#include "op/sort_row_priv.h"

struct sort_layouts *
sort_layouts_new(const struct op *op)
{
	struct sort_layouts *layouts = mem_alloc_zero(sizeof(*layouts));

	thr_lock_init(&layouts->lock, "layouts of rows to sort");
	layouts->op = op;
	layouts->keys = need_set_new();
	for (uint32_t i = 0; i < op->args.key_count; i++)
		need_add_expr(layouts->keys, op->args.key[i].expr);
	return layouts;
}

static void
layout_free(struct sort_layout *layout)
{
	schema_drop(&layout->schema);
	mem_free(layout->column);
	mem_free(layout->field);
	mem_free(layout);
}

void
sort_layouts_free(struct sort_layouts **take_layouts)
{
	struct sort_layouts *layouts = *take_layouts;

	*take_layouts = NULL;
	if (layouts == NULL)
		return;
	for (uint32_t id = 0; id < layouts->count; id++)
		layout_free(sort_layout_get(layouts, id));
	for (unsigned i = 0; i < 32; i++)
		mem_free(layouts->page[i]);
	need_set_free(&layouts->keys);
	thr_lock_fini(&layouts->lock);
	mem_free(layouts);
}

/* --- the layout of a batch --- */

static int
is_schema_alike(const struct schema *a, const struct schema *b)
{
	if (a == b)
		return 1;
	if (!schema_has_names_of(a, b))
		return 0;
	for (uint32_t i = 0; i < a->field_count; i++)
		if (a->field[i].type != b->field[i].type ||
		    a->field[i].qualifier_size != b->field[i].qualifier_size)
			return 0;
	return 1;
}

static int
fits_record(const struct sort_layout *layout, const struct batch *batch)
{
	if (!batch->has_record)
		return !layout->has_record;
	return layout->has_record &&
	    layout->record_type == batch->record.type &&
	    layout->record_delimiter == batch->record.delimiter;
}

static int
layout_fits(const struct sort_layout *layout, const struct batch *batch)
{
	if (!fits_record(layout, batch) ||
	    layout->schema->field_count != batch->schema->field_count)
		return 0;
	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		const struct column *column = &batch->column[i];
		const struct sort_column *known = &layout->column[i];
		if (known->type != column->type ||
		    known->delimiter != column->delimiter ||
		    (column->valid != NULL && known->is_kept &&
		    !known->nullable))
			return 0;
	}
	return is_schema_alike(layout->schema, batch->schema);
}

static int
wants_record(const struct sort_layouts *layouts)
{
	const struct need_set *need = layouts->op->out_need;

	return need == NULL || need_has_record(need);
}

/*
 * Where records will do for what follows, those columns that are there for the
 * keys alone are not kept.  But if there are more than these, then who reads
 * could not promise records everywhere: all columns are kept besides.
 */
static int
records_will_do(const struct sort_layouts *layouts, const struct batch *batch)
{
	const struct need_set *need = layouts->op->out_need;

	if (need == NULL || !need_has_record(need) || !batch->has_record)
		return 0;
	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		const char *name = batch->schema->field[i].name;
		if (batch->column[i].type != TYPE_NULL &&
		    !need_has(need, name) && !need_has(layouts->keys, name))
			return 0;
	}
	return 1;
}

static void
layout_keep_fields(struct sort_layouts *layouts, struct sort_layout *layout,
	const struct batch *batch)
{
	const struct need_set *need = layouts->op->out_need;
	int all = need == NULL || (need_has_record(need) &&
	    !records_will_do(layouts, batch));

	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		const struct column *column = &batch->column[i];
		int is_kept = column->type != TYPE_NULL && (all ||
		    need_has(need, batch->schema->field[i].name));
		/* Once null, always nullable: fewer layouts. */
		layout->column[i] = (struct sort_column){
			.type = column->type, .delimiter = column->delimiter,
			.is_kept = (uint8_t)is_kept,
			.nullable = column->valid != NULL ||
			    !type_is_textual((enum type)column->type),
		};
		if (is_kept)
			layout->field[layout->field_count++] =
			    (struct sort_field){ i, column->type,
			    layout->column[i].nullable &&
			    column->type != TYPE_MIXED };
	}
}

static struct sort_layout *
layout_add(struct sort_layouts *layouts, const struct batch *batch)
{
	struct sort_layout *layout = mem_alloc_zero(sizeof(*layout));
	uint32_t fields = batch->schema->field_count;
	uint32_t id = layouts->count;
	unsigned page = 31u - (unsigned)__builtin_clz(id + 1);

	layout->id = id;
	layout->schema = schema_hold(batch->schema);
	layout->column = mem_alloc_zero((fields + 1) *
	    sizeof(*layout->column));
	layout->field = mem_alloc_zero((fields + 1) * sizeof(*layout->field));
	layout->has_record = batch->has_record;
	layout->keeps_record = batch->has_record && wants_record(layouts);
	layout->record_type = batch->record.type;
	layout->record_delimiter = batch->record.delimiter;
	layout->turn = layout->sequence = UINT64_MAX;
	layout_keep_fields(layouts, layout, batch);
	if (layouts->page[page] == NULL)
		layouts->page[page] = mem_alloc(((size_t)1 << page) *
		    sizeof(*layouts->page[page]));
	layouts->page[page][id + 1 - (1u << page)] = layout;
	layouts->count++;
	return layout;
}

const struct sort_layout *
sort_layout_of(struct sort_layouts *layouts, const struct batch *batch,
	uint64_t turn, uint64_t sequence, const struct sort_layout *last)
{
	struct sort_layout *found = NULL;

	if (last != NULL && layout_fits(last, batch))
		return last;
	thr_lock_take(&layouts->lock);
	for (uint32_t id = layouts->count; id-- > 0 && found == NULL;)
		if (layout_fits(sort_layout_get(layouts, id), batch))
			found = sort_layout_get(layouts, id);
	if (found == NULL)
		found = layout_add(layouts, batch);
	if (turn < found->turn ||
	    (turn == found->turn && sequence < found->sequence)) {
		found->turn = turn;
		found->sequence = sequence;
	}
	thr_lock_give(&layouts->lock);
	return found;
}

/* --- writing --- */

static inline const char *
text_of(const struct column *column, uint32_t row, uint32_t *size)
{
	if (column->encoding == SLICE)
		return column_slice(column, row, size);
	if (column->encoding == CONST)
		row = 0;
	const struct text *text = (const struct text *)column->data + row;
	*size = text->size;
	return text_bytes(text);
}

/* Where a value lies and how long it is; of texts without their size. */
static inline const char *
value_of(const struct column *column, enum type *type, uint32_t row,
	uint32_t *size)
{
	if (*type == TYPE_MIXED) {
		row = column->encoding == CONST ? 0 : row;
		*type = column_row_is_valid(column, row) ||
		    column->tags[row] == TYPE_MISSING ?
		    (enum type)column->tags[row] : TYPE_NULL;
		const union cell *cell = (const union cell *)column->data + row;
		if (type_is_textual(*type)) {
			*size = cell->text.size;
			return text_bytes(&cell->text);
		}
		*size = type_width(*type);
		return (const char *)cell;
	}
	if (type_is_textual(*type))
		return text_of(column, row, size);
	*size = type_width(*type);
	return (const char *)column->data +
	    (column->encoding == CONST ? 0 : (size_t)row * *size);
}

static inline size_t
field_measure(const struct sort_field *field, const struct column *column,
	uint32_t row)
{
	enum type type = (enum type)field->type;
	size_t bytes = field->nullable;
	uint32_t size;

	if (field->nullable && !column_row_is_valid(column, row))
		return bytes;
	value_of(column, &type, row, &size);
	bytes += field->type == TYPE_MIXED;
	if (type <= TYPE_MISSING)
		return bytes;
	return bytes + size + (type_is_textual(type) ?
	    sort_size_bytes(size) : 0);
}

size_t
sort_row_measure(const struct sort_layout *layout, const struct batch *batch,
	uint32_t row, const char *rest, uint32_t rest_size)
{
	size_t bytes = sort_size_bytes((uint64_t)layout->id * 2 + 1);
	uint32_t size;

	if (rest != NULL)
		bytes += sort_size_bytes(rest_size) + rest_size;
	if (layout->keeps_record) {
		text_of(&batch->record, row, &size);
		bytes += sort_size_bytes(size) + size;
	}
	for (uint32_t i = 0; i < layout->field_count; i++)
		bytes += field_measure(&layout->field[i],
		    &batch->column[layout->field[i].column], row);
	return bytes;
}

static inline char *
put_text(char *out, const char *bytes, uint32_t size)
{
	out = sort_put_size(out, size);
	if (size > 0)
		memcpy(out, bytes, size);
	return out + size;
}

static inline char *
field_write(const struct sort_field *field, const struct column *column,
	uint32_t row, char *out)
{
	enum type type = (enum type)field->type;
	uint32_t size;

	if (field->nullable) {
		*out = (char)column_row_is_valid(column, row);
		if (*out++ == 0)
			return out;
	}
	const char *bytes = value_of(column, &type, row, &size);
	if (field->type == TYPE_MIXED)
		*out++ = (char)type;
	if (type <= TYPE_MISSING)
		return out;
	if (type_is_textual(type))
		return put_text(out, bytes, size);
	memcpy(out, bytes, size);
	return out + size;
}

char *
sort_row_write(const struct sort_layout *layout, const struct batch *batch,
	uint32_t row, const char *rest, uint32_t rest_size, char *out)
{
	uint32_t size;

	out = sort_put_size(out, (uint64_t)layout->id * 2 + (rest != NULL));
	if (rest != NULL)
		out = put_text(out, rest, rest_size);
	if (layout->keeps_record) {
		const char *bytes = text_of(&batch->record, row, &size);
		out = put_text(out, bytes, size);
	}
	for (uint32_t i = 0; i < layout->field_count; i++)
		out = field_write(&layout->field[i],
		    &batch->column[layout->field[i].column], row, out);
	return out;
}

/* --- looking --- */

size_t
sort_row_bytes(const struct sort_layouts *layouts, const char *row)
{
	uint32_t id;
	uint64_t size;
	const char *at = sort_row_payload(row, &id);
	const struct sort_layout *layout = sort_layout_get(layouts, id);

	if (layout->keeps_record) {
		at = sort_get_size(at, &size);
		at += size;
	}
	for (uint32_t i = 0; i < layout->field_count; i++) {
		enum type type = (enum type)layout->field[i].type;
		if (layout->field[i].nullable && *at++ == 0)
			continue;
		if (type == TYPE_MIXED)
			type = (enum type)*at++;
		at += sort_value_bytes(type, at);
	}
	return (size_t)(at - row);
}
