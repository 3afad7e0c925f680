/*
 * Rows as bytes: shapes, writing, reading.
 *
 * All loops run down one column over many rows: a cursor a row says where its
 * next cell is or goes.  So the type is looked at once a column, and rows that
 * lie anywhere are fetched beside each other.
 *
 * What is read does not point to where it was: long texts are copied, so that
 * rows may be freed or read over while batches made of them travel on.
 */
#include "op/image.h"

#include <string.h>

#include "op/image_priv.h"
#include "util/bits.h"
#include "util/mem.h"

#define SIZE_LONG 254
#define SIZE_NULL 255

/* Rows whose cells are asked for ahead. */
#define READ_AHEAD 12

void
image_settle(struct image *image)
{
	if (image->key.size > TEXT_INLINE_MAX)
		image->key.bytes = (char *)(image + 1);
}

/* --- shapes --- */

static int
shape_is_of(const struct image_shape *shape, const struct batch *batch)
{
	const struct schema *schema = batch->schema;

	if (shape->has_time != (batch->time != NULL) ||
	    shape->split != batch->split ||
	    (shape->schema != schema &&
	    !schema_has_names_of(shape->schema, schema)))
		return 0;
	for (uint32_t i = 0; i < schema->field_count; i++)
		if (shape->type[i] != batch->column[i].type ||
		    shape->delimiter[i] != batch->column[i].delimiter)
			return 0;
	return 1;
}

static int
shape_is_like(const struct image_shape *a, const struct image_shape *b)
{
	uint32_t fields = a->schema->field_count;

	return a->has_time == b->has_time && a->split == b->split &&
	    schema_has_names_of(a->schema, b->schema) &&
	    memcmp(a->type, b->type, fields) == 0 &&
	    memcmp(a->delimiter, b->delimiter, fields) == 0;
}

/* Take the shape. */
static uint32_t
shapes_append(struct image_shapes *shapes, struct image_shape shape)
{
	if (shapes->count == shapes->capacity) {
		shapes->capacity = shapes->capacity * 2 + 4;
		shapes->shape = mem_resize(shapes->shape,
		    shapes->capacity * sizeof(*shapes->shape));
	}
	shapes->shape[shapes->count] = shape;
	return shapes->last = shapes->count++;
}

uint32_t
image_shapes_find(struct image_shapes *shapes, const struct batch *batch,
	uint32_t most, uint64_t turn, uint64_t number)
{
	uint32_t fields = batch->schema->field_count;

	if (shapes->count > 0 &&
	    shape_is_of(&shapes->shape[shapes->last], batch))
		return shapes->last;
	for (uint32_t i = shapes->count; i-- > 0;)
		if (shape_is_of(&shapes->shape[i], batch))
			return shapes->last = i;
	if (shapes->count == most)
		return UINT32_MAX;
	struct image_shape shape = {
		.schema = schema_hold(batch->schema),
		.type = mem_alloc_zero(fields + 1),
		.delimiter = mem_alloc_zero(fields + 1),
		.has_time = batch->time != NULL, .split = batch->split,
		.turn = turn, .number = number,
	};
	for (uint32_t i = 0; i < fields; i++) {
		shape.type[i] = batch->column[i].type;
		shape.delimiter[i] = batch->column[i].delimiter;
	}
	return shapes_append(shapes, shape);
}

uint32_t
image_shapes_add(struct image_shapes *shapes, const struct image_shape *shape)
{
	uint32_t fields = shape->schema->field_count;
	struct image_shape copy = *shape;

	for (uint32_t i = 0; i < shapes->count; i++)
		if (shape_is_like(&shapes->shape[i], shape))
			return i;
	copy.schema = schema_hold(shape->schema);
	copy.type = mem_copy(shape->type, fields + 1);
	copy.delimiter = mem_copy(shape->delimiter, fields + 1);
	return shapes_append(shapes, copy);
}

void
image_shapes_fini(struct image_shapes *shapes)
{
	for (uint32_t i = 0; i < shapes->count; i++) {
		schema_drop(&shapes->shape[i].schema);
		mem_free(shapes->shape[i].type);
		mem_free(shapes->shape[i].delimiter);
	}
	mem_free(shapes->shape);
	*shapes = (struct image_shapes){ 0 };
}

/* --- writing --- */

/* The physical row of each selected one; of CONST columns row 0. */
static inline uint32_t
cell_row(const struct column *column, const struct batch *batch, uint32_t i)
{
	return column->encoding == CONST ? 0 : batch_row(batch, i);
}

static inline const char *
cell_text(const struct column *column, uint32_t row, uint32_t *size)
{
	if (column->encoding == SLICE)
		return column_slice(column, row, size);
	const struct text *text = (const struct text *)column->data + row;
	*size = text->size;
	return text_bytes(text);
}

static inline uint32_t
text_cell_bytes(uint32_t size)
{
	return size < SIZE_LONG ? size + 1 : size + 5;
}

/* The enum type of a row of a MIXED column. */
static inline uint8_t
mixed_tag(const struct column *column, uint32_t row)
{
	uint8_t tag = column->tags[row];

	return tag > TYPE_MISSING && !column_row_is_valid(column, row) ?
	    TYPE_NULL : tag;
}

static uint32_t
mixed_cell_bytes(const struct column *column, uint32_t row)
{
	uint8_t tag = mixed_tag(column, row);
	const union cell *cell = (const union cell *)column->data + row;

	if (tag <= TYPE_MISSING)
		return 1;
	if (type_is_textual(tag))
		return 1 + text_cell_bytes(cell->text.size);
	return 2 + type_width(tag);
}

static void
measure_texts(const struct column *source, const struct batch *batch,
	uint32_t *size)
{
	const struct column column = *source;
	uint32_t bytes;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = cell_row(&column, batch, i);
		if (!column_row_is_valid(&column, row)) {
			size[i]++;
			continue;
		}
		cell_text(&column, row, &bytes);
		size[i] += text_cell_bytes(bytes);
	}
}

void
image_measure(const struct batch *batch, uint32_t *size)
{
	for (uint32_t c = 0; c < batch->schema->field_count; c++) {
		const struct column *column = &batch->column[c];
		uint32_t count = batch->sel_count;
		if (column->type == TYPE_NULL)
			continue;
		if (type_is_textual(column->type)) {
			measure_texts(column, batch, size);
			continue;
		}
		for (uint32_t i = 0; i < count; i++)
			size[i] += column->type == TYPE_MIXED ?
			    mixed_cell_bytes(column,
			    cell_row(column, batch, i)) :
			    1 + type_width(column->type);
	}
	for (uint32_t i = 0; batch->time != NULL && i < batch->sel_count; i++)
		size[i] += 2 * sizeof(int64_t);
}

/* Exactly `size` bytes: what lies behind may be another row's. */
static inline void
copy_exactly(char *target, const char *source, uint32_t size)
{
	if (size >= 16) {
		memcpy(target, source, size);
	} else if (size >= 8) {
		uint64_t head = bits_load64(source);
		uint64_t tail = bits_load64(source + size - 8);
		bits_store64(target, head);
		bits_store64(target + size - 8, tail);
	} else if (size >= 4) {
		uint32_t head = bits_load32(source);
		uint32_t tail = bits_load32(source + size - 4);
		bits_store32(target, head);
		bits_store32(target + size - 4, tail);
	} else if (size > 0) {
		target[0] = source[0];
		target[size / 2] = source[size / 2];
		target[size - 1] = source[size - 1];
	}
}

static inline char *
write_text(char *at, const char *bytes, uint32_t size)
{
	if (__builtin_expect(size < SIZE_LONG, 1)) {
		*at++ = (char)size;
	} else {
		*at++ = (char)SIZE_LONG;
		bits_store32(at, size);
		at += 4;
	}
	copy_exactly(at, bytes, size);
	return at + size;
}

static void
write_texts(const struct column *source, const struct batch *batch, char **at)
{
	const struct column column = *source;
	uint32_t size;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = cell_row(&column, batch, i);
		if (!column_row_is_valid(&column, row)) {
			*at[i]++ = (char)SIZE_NULL;
			continue;
		}
		const char *bytes = cell_text(&column, row, &size);
		at[i] = write_text(at[i], bytes, size);
	}
}

static inline void
write_fixed(const struct column *column, unsigned width,
	const struct batch *batch, char **at)
{
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = cell_row(column, batch, i);
		*at[i]++ = (char)column_row_is_valid(column, row);
		memcpy(at[i], (const char *)column->data + (size_t)row * width,
		    width);
		at[i] += width;
	}
}

static char *
write_mixed(const struct column *column, uint32_t row, char *at)
{
	const union cell *cell = (const union cell *)column->data + row;
	uint8_t tag = mixed_tag(column, row);

	*at++ = (char)tag;
	if (tag <= TYPE_MISSING)
		return at;
	if (type_is_textual(tag))
		return write_text(at, text_bytes(&cell->text),
		    cell->text.size);
	*at++ = 1;
	memcpy(at, cell, type_width(tag));
	return at + type_width(tag);
}

static void
write_column(const struct column *column, const struct batch *batch, char **at)
{
	if (type_is_textual(column->type)) {
		write_texts(column, batch, at);
	} else if (column->type == TYPE_MIXED) {
		for (uint32_t i = 0; i < batch->sel_count; i++)
			at[i] = write_mixed(column,
			    cell_row(column, batch, i), at[i]);
	} else if (type_width(column->type) == 8) {
		write_fixed(column, 8, batch, at);
	} else if (column->type != TYPE_NULL) {
		write_fixed(column, type_width(column->type), batch, at);
	}
}

void
image_write(const struct batch *batch, char **at)
{
	for (uint32_t i = 0; batch->time != NULL && i < batch->sel_count;
	    i++) {
		uint32_t row = batch_row(batch, i);
		bits_store64(at[i], (uint64_t)batch->time[row]);
		bits_store64(at[i] + 8, (uint64_t)batch->mark[row]);
		at[i] += 16;
	}
	for (uint32_t c = 0; c < batch->schema->field_count; c++)
		write_column(&batch->column[c], batch, at);
}

/* --- reading --- */

static inline const char *
read_text(const char *at, struct text *text, int *is_null)
{
	uint32_t size = (uint8_t)*at++;

	*is_null = 0;
	if (__builtin_expect(size >= SIZE_LONG, 0)) {
		if (size == SIZE_NULL) {
			*is_null = 1;
			*text = (struct text){ 0 };
			return at;
		}
		size = bits_load32(at);
		at += 4;
	}
	*text = text_make_padded(at, size);
	return at + size;
}

/* The bytes of long texts move to the region. */
static void
own_texts(struct text *text, const uint8_t *tags, uint32_t count, size_t bytes,
	struct region *region)
{
	char *target = region_alloc(region, bytes);

	for (uint32_t i = 0; i < count; i++) {
		if (text[i].size <= TEXT_INLINE_MAX ||
		    (tags != NULL && !type_is_textual(tags[i])))
			continue;
		memcpy(target, text[i].bytes, text[i].size);
		text[i].bytes = target;
		target += text[i].size;
	}
}

static void
read_texts(const char **at, uint32_t count, struct region *region,
	struct column *out)
{
	struct text *text = out->data;
	size_t bytes = 0;
	int is_null;

	for (uint32_t i = 0; i < count; i++) {
		if (__builtin_expect(at[i] == NULL, 0)) {
			text[i] = (struct text){ 0 };
			image_clear(out, i, count, region);
			continue;
		}
		at[i] = read_text(at[i], &text[i], &is_null);
		if (__builtin_expect(is_null, 0))
			image_clear(out, i, count, region);
		if (text[i].size > TEXT_INLINE_MAX)
			bytes += text[i].size;
	}
	if (bytes > 0)
		own_texts(text, NULL, count, bytes, region);
}

/* The bytes of a text cell, where they are; null is no byte. */
static inline const char *
slice_cell(const char *at, uint32_t *size)
{
	*size = (uint8_t)*at++;
	if (__builtin_expect(*size >= SIZE_LONG, 0)) {
		if (*size == SIZE_NULL) {
			*size = 0;
			return at;
		}
		*size = bits_load32(at);
		at += 4;
	}
	return at;
}

/*
 * Fields of CSV and TSV, where nothing at all is null, one behind the other:
 * as if they lay in a chunk, whose numbers are read quickly.  0: they are too
 * long together.
 */
static int
read_slices(const char **at, uint32_t count, struct region *region,
	struct column *out)
{
	uint32_t *start = region_alloc(region, (count + 1) * sizeof(*start));
	uint64_t bytes = 0;
	uint32_t size;

	start[0] = 0;
	for (uint32_t i = 0; i < count; i++) {
		size = 0;
		if (__builtin_expect(at[i] != NULL, 1))
			slice_cell(at[i], &size);
		bytes += size;
		start[i + 1] = (uint32_t)bytes;
	}
	if (bytes > UINT32_MAX)
		return 0;
	char *target = region_alloc(region, bytes + IMAGE_SLACK);
	for (uint32_t i = 0; i < count; i++) {
		if (__builtin_expect(at[i] == NULL, 0))
			continue;
		const char *cell = slice_cell(at[i], &size);
		/* What is too much is written over by the next. */
		memcpy(target + start[i], cell, IMAGE_SLACK);
		if (__builtin_expect(size > IMAGE_SLACK, 0))
			memcpy(target + start[i], cell, size);
		at[i] = cell + size;
	}
	out->encoding = SLICE;
	out->base = target;
	out->from = start;
	out->to = start + 1;
	out->stride = 1;
	return 1;
}

static inline void
read_fixed(const char **at, unsigned width, uint32_t count,
	struct region *region, struct column *out)
{
	char *target = out->data;

	for (uint32_t i = 0; i < count; i++, target += width) {
		if (__builtin_expect(at[i] == NULL || *at[i] == 0, 0))
			image_clear(out, i, count, region);
		if (at[i] == NULL) {
			memset(target, 0, width);
			continue;
		}
		memcpy(target, at[i] + 1, width);
		at[i] += 1 + width;
	}
}

static const char *
read_mixed_cell(const char *at, uint8_t *tag, union cell *cell)
{
	int is_null;

	*tag = (uint8_t)*at++;
	*cell = (union cell){ 0 };
	if (*tag <= TYPE_MISSING)
		return at;
	if (type_is_textual(*tag))
		return read_text(at, &cell->text, &is_null);
	memcpy(cell, at + 1, type_width(*tag));
	return at + 1 + type_width(*tag);
}

/* Are all cells of MIXED ints, or all floats, or null?  The type, or 0. */
static uint8_t
mixed_number(const char **at, uint32_t count)
{
	uint8_t type = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t tag = at[i] == NULL ? TYPE_NULL : (uint8_t)*at[i];
		if (tag == type || tag == TYPE_NULL)
			continue;
		if (type != 0 || (tag != TYPE_INT && tag != TYPE_FLOAT))
			return 0;
		type = tag;
	}
	return type;
}

/* Such cells as a column of that type. */
static void
read_numbers(uint8_t type, const char **at, uint32_t count,
	struct region *region, struct column *out)
{
	column_init_flat(out, type, count, region);
	uint64_t *target = out->data;
	for (uint32_t i = 0; i < count; i++) {
		if (__builtin_expect(at[i] == NULL ||
		    (uint8_t)*at[i] != type, 0)) {
			at[i] += at[i] != NULL;
			target[i] = 0;
			image_clear(out, i, count, region);
			continue;
		}
		target[i] = bits_load64(at[i] + 2);
		at[i] += 2 + sizeof(*target);
	}
}

static void
read_mixed(const char **at, uint32_t count, struct region *region,
	struct column *out)
{
	union cell *cell = out->data;
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		out->tags[i] = TYPE_NULL;
		cell[i] = (union cell){ 0 };
		if (at[i] != NULL)
			at[i] = read_mixed_cell(at[i], &out->tags[i],
			    &cell[i]);
		if (out->tags[i] <= TYPE_MISSING)
			image_clear(out, i, count, region);
		else if (type_is_textual(out->tags[i]) &&
		    cell[i].text.size > TEXT_INLINE_MAX)
			bytes += cell[i].text.size;
	}
	if (bytes > 0)
		own_texts(out->data, out->tags, count, bytes, region);
}

static void
read_column(enum type type, uint8_t delimiter, const char **at, uint32_t count,
	struct region *region, struct column *out)
{
	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	if ((type == TYPE_RAW_CSV || type == TYPE_RAW_TSV) && count > 1) {
		*out = (struct column){
			.type = (uint8_t)type, .delimiter = delimiter,
		};
		if (read_slices(at, count, region, out))
			return;
	}
	uint8_t number = type == TYPE_MIXED ? mixed_number(at, count) : 0;
	if (number != 0) {
		read_numbers(number, at, count, region, out);
		return;
	}
	column_init_flat(out, type, count, region);
	out->delimiter = delimiter;
	if (type_is_textual(type))
		read_texts(at, count, region, out);
	else if (type == TYPE_MIXED)
		read_mixed(at, count, region, out);
	else if (type_width(type) == 8)
		read_fixed(at, 8, count, region, out);
	else
		read_fixed(at, type_width(type), count, region, out);
}

void
image_read(const struct image_shape *shape, const char **at, uint32_t count,
	struct region *region, struct column *out)
{
	for (uint32_t i = 0; shape->has_time && i < count; i++)
		at[i] += at[i] == NULL ? 0 : 16;
	for (uint32_t c = 0; c < shape->schema->field_count; c++)
		read_column(shape->type[c], shape->delimiter[c], at, count,
		    region, &out[c]);
}

const char **
image_cursors(struct image *const *rows, uint32_t count, struct region *region)
{
	const char **at = region_alloc(region, (count + 1) * sizeof(*at));

	for (uint32_t i = 0; i < count; i++) {
		if (i + READ_AHEAD < count && rows[i + READ_AHEAD] != NULL) {
			const char *ahead = (const char *)rows[i + READ_AHEAD];
			__builtin_prefetch(ahead);
			__builtin_prefetch(ahead + 64);
		}
		at[i] = rows[i] == NULL ? NULL : image_cells(rows[i]);
	}
	return at;
}

struct batch *
image_batch(const struct image_shape *shape, struct image *const *rows,
	uint32_t count)
{
	struct batch *batch = batch_new(shape->schema, count);
	struct region *region = batch_region(batch);
	const char **at = image_cursors(rows, count, region);

	if (shape->has_time) {
		int64_t *time = region_alloc(region, count * sizeof(*time));
		int64_t *mark = region_alloc(region, count * sizeof(*mark));
		for (uint32_t i = 0; i < count; i++) {
			time[i] = (int64_t)bits_load64(at[i]);
			mark[i] = (int64_t)bits_load64(at[i] + 8);
		}
		batch->time = time;
		batch->mark = mark;
	}
	batch->split = shape->split;
	image_read(shape, at, count, region, batch->column);
	return batch;
}
