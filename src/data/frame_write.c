/*
 * Writing frames.  The body is built behind a gap for the head at the end of
 * the caller's buffer, then packed if that pays, then the head is filled in.
 * The buffer may hold other bytes before, so the frame's place in memory is
 * not aligned, and stores go through memcpy.
 *
 * Rows that are not selected are left out.  Elements of null rows are written
 * as zeros whatever lies there: equal batches give equal bytes, and no memory
 * that nobody has written leaves the process.
 */
#include "data/frame.h"

#include <assert.h>
#include <lz4.h>
#include <string.h>
#include <zstd.h>

#include "data/batch.h"
#include "data/frame_priv.h"
#include "data/raw_priv.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/hash.h"

/* Below this a packed frame is hardly shorter. */
#define PACK_BYTES_MIN 256
/* The fastest level: a frame waits for its packing. */
#define ZSTD_LEVEL 1

/* Where the frame is built. */
struct pen {
	struct buf *out;
	size_t body;		/* where in out it begins */
};

/* Room for `size` bytes and zeros up to the next multiple of 8. */
static char *
pen_room(struct pen *pen, size_t size)
{
	size_t padded = bits_round_up(size, 8);
	char *room = buf_reserve(pen->out, padded);

	memset(room + size, 0, padded - size);
	pen->out->size += padded;
	return room;
}

static void
pen_add(struct pen *pen, const void *bytes, size_t size)
{
	char *room = pen_room(pen, size);

	if (size > 0)
		memcpy(room, bytes, size);
}

/* A column, and which of its rows. */
struct rows {
	const struct column *column;
	const uint16_t *sel;	/* NULL: 0..count */
	uint32_t count;
};

static inline uint32_t
rows_at(const struct rows *rows, uint32_t i)
{
	return rows->sel == NULL ? i : rows->sel[i];
}

static inline int
rows_valid(const struct rows *rows, uint32_t i)
{
	return column_row_is_valid(rows->column, rows_at(rows, i));
}

/* Elements of `width` bytes, those of nulls as zeros. */
static void
write_elements(struct pen *pen, const struct rows *rows, unsigned width)
{
	const char *data = rows->column->data;
	char *target = pen_room(pen, (size_t)rows->count * width);

	if (rows->sel == NULL && rows->count > 0)
		memcpy(target, data, (size_t)rows->count * width);
	else if (width == 8)
		for (uint32_t i = 0; i < rows->count; i++)
			memcpy(target + (size_t)i * 8,
			    data + (size_t)rows->sel[i] * 8, 8);
	else
		for (uint32_t i = 0; i < rows->count; i++)
			memcpy(target + (size_t)i * width,
			    data + (size_t)rows->sel[i] * width, width);
	if (rows->column->valid == NULL)
		return;
	for (uint32_t i = 0; i < rows->count; i++)
		if (!rows_valid(rows, i))
			memset(target + (size_t)i * width, 0, width);
}

static void
write_decimals(struct pen *pen, const struct rows *rows)
{
	const struct decimal *data = rows->column->data;
	char *target = pen_room(pen, (size_t)rows->count * sizeof(*data));

	for (uint32_t i = 0; i < rows->count; i++) {
		struct decimal decimal = { 0 };
		if (rows_valid(rows, i)) {
			decimal = data[rows_at(rows, i)];
			decimal.pad = 0;
		}
		memcpy(target + (size_t)i * sizeof(decimal), &decimal,
		    sizeof(decimal));
	}
}

static void
write_valid(struct pen *pen, const struct rows *rows)
{
	uint32_t words = bitmap_words(rows->count);
	char *target = pen_room(pen, (size_t)words * 8);

	for (uint32_t w = 0; w < words; w++) {
		uint32_t end = rows->count - w * 64;
		uint64_t word = UINT64_MAX;
		for (uint32_t i = 0; i < 64 && i < end; i++)
			if (!rows_valid(rows, w * 64 + i))
				word &= ~((uint64_t)1 << i);
		bits_store64(target + (size_t)w * 8, word);
	}
}

/* The bytes of a row's text; size 0 where there is none. */
struct spot {
	const char *bytes;
	uint32_t size;
};

/* Of all rows of a SLICE; returns the sum of their sizes. */
static uint64_t
find_slices(const struct rows *rows, struct spot *restrict spot)
{
	const struct column column = *rows->column;
	uint64_t total = 0;

	for (uint32_t i = 0; i < rows->count; i++) {
		spot[i].bytes = column_slice(&column, rows_at(rows, i),
		    &spot[i].size);
		if (column.valid != NULL && !rows_valid(rows, i))
			spot[i].size = 0;
		total += spot[i].size;
	}
	return total;
}

/* Of all rows of views, or of cells with tags. */
static uint64_t
find_views(const struct rows *rows, struct spot *restrict spot)
{
	const struct column *column = rows->column;
	const struct text *text = column->data;
	uint64_t total = 0;

	for (uint32_t i = 0; i < rows->count; i++) {
		uint32_t row = rows_at(rows, i);
		spot[i].size = 0;
		if (!column_row_is_valid(column, row) || (column->tags != NULL
		    && !type_is_textual(column->tags[row])))
			continue;
		spot[i].size = text[row].size;
		spot[i].bytes = text_bytes(&text[row]);
		total += spot[i].size;
	}
	return total;
}

/* All texts, one behind the other.  `padded`: 16 bytes of each are readable. */
static void
write_bytes(struct pen *pen, const struct spot *spot, uint32_t count,
	uint64_t total, int padded)
{
	/* Room to write 16 bytes where fewer belong. */
	buf_reserve(pen->out, total + 16);
	char *target = pen->out->bytes + pen->out->size;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size = spot[i].size;
		if (padded && size <= 16)
			memcpy(target, spot[i].bytes, 16);
		else if (size > 0)
			memcpy(target, spot[i].bytes, size);
		target += size;
	}
	/* The same room; this clears the gap behind. */
	pen_room(pen, total);
}

static uint64_t
write_texts(struct pen *pen, const struct rows *rows)
{
	struct spot spot[BATCH_ROWS_MAX];
	int is_slice = rows->column->encoding == SLICE;
	uint64_t total = is_slice ? find_slices(rows, spot) :
	    find_views(rows, spot);
	char *target = pen_room(pen, (size_t)rows->count * 4);

	for (uint32_t i = 0; i < rows->count; i++)
		bits_store32(target + (size_t)i * 4, spot[i].size);
	write_bytes(pen, spot, rows->count, total, is_slice &&
	    rows->column->valid == NULL);
	return total;
}

static uint64_t
write_mixed(struct pen *pen, const struct rows *rows)
{
	struct spot spot[BATCH_ROWS_MAX];
	const struct column *column = rows->column;
	uint64_t total = find_views(rows, spot);
	char *target = pen_room(pen, rows->count);

	for (uint32_t i = 0; i < rows->count; i++)
		target[i] = (char)column->tags[rows_at(rows, i)];
	target = pen_room(pen, (size_t)rows->count * sizeof(union cell));
	memset(target, 0, (size_t)rows->count * sizeof(union cell));
	for (uint32_t i = 0; i < rows->count; i++) {
		uint32_t row = rows_at(rows, i);
		char *cell = target + (size_t)i * sizeof(union cell);
		enum type tag = column->tags[row];
		const union cell *source = (const union cell *)column->data +
		    row;
		if (!column_row_is_valid(column, row))
			continue;
		if (type_is_textual(tag))
			bits_store32(cell, spot[i].size);
		else
			memcpy(cell, source, tag == TYPE_DECIMAL ?
			    offsetof(struct decimal, pad) : type_width(tag));
	}
	write_bytes(pen, spot, rows->count, total, 0);
	return total;
}

static uint64_t
write_values(struct pen *pen, const struct rows *rows)
{
	enum type type = rows->column->type;

	if (type_is_textual(type))
		return write_texts(pen, rows);
	if (type == TYPE_MIXED)
		return write_mixed(pen, rows);
	if (type == TYPE_DECIMAL)
		write_decimals(pen, rows);
	else
		write_elements(pen, rows, type_width(type));
	return 0;
}

static void
write_column(struct pen *pen, const struct column *column,
	const struct batch *batch)
{
	struct rows rows = { column, batch->sel, batch->sel_count };
	struct frame_column head = {
		.type = column->type,
		.delimiter = column->delimiter,
	};
	size_t at = pen->out->size;

	if (column->type != TYPE_NULL && rows.count > 0) {
		if (column->valid != NULL)
			head.flags |= FRAME_VALID;
		if (column->encoding == CONST) {
			head.flags |= FRAME_CONST;
			rows.sel = NULL;
			rows.count = 1;
		}
	}
	pen_add(pen, &head, sizeof(head));
	if (head.flags & FRAME_VALID)
		write_valid(pen, &rows);
	if (column->type != TYPE_NULL && rows.count > 0)
		head.text_bytes = write_values(pen, &rows);
	memcpy(pen->out->bytes + at, &head, sizeof(head));
}

static void
write_schema(struct pen *pen, const struct schema *schema)
{
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		struct frame_field head = {
			.name_size = field->name_size,
			.qualifier_size = field->qualifier_size,
			.type = field->type,
		};
		pen_add(pen, &head, sizeof(head));
	}
	size_t size = 0;
	for (uint32_t i = 0; i < schema->field_count; i++)
		size += schema->field[i].name_size;
	char *target = pen_room(pen, size);
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		memcpy(target, field->name, field->name_size);
		target += field->name_size;
	}
}

/* Each row's line; takes them back when row i is just on line first + i. */
static int
write_lines(struct pen *pen, const struct batch *batch, uint64_t *first)
{
	uint32_t count = batch->sel_count;
	size_t at = pen->out->size;
	char *target = pen_room(pen, (size_t)count * 8);
	int needed = 0;

	batch_lines(batch, target);
	*first = count > 0 ? bits_load64(target) : 0;
	for (uint32_t i = 0; i < count; i++)
		needed |= bits_load64(target + (size_t)i * 8) != *first + i;
	if (!needed)
		pen->out->size = at;
	return needed;
}

/* 8 bytes a row of the batch. */
static void
write_moments(struct pen *pen, const struct batch *batch, const int64_t *times)
{
	const struct column column = {
		.type = TYPE_TIME,
		.encoding = FLAT,
		.data = (int64_t *)(uintptr_t)times,
	};
	struct rows rows = { &column, batch->sel, batch->sel_count };

	write_elements(pen, &rows, 8);
}

/* The body; returns enum frame_flag. */
static unsigned
write_body(struct pen *pen, const struct batch *batch)
{
	const struct schema *schema = batch->schema;
	struct frame_shape shape = {
		.split = batch->split,
		.field_count = schema->field_count,
		.open = schema->open != 0,
	};
	unsigned flags = 0;

	for (uint32_t i = 0; i < schema->field_count; i++)
		shape.name_bytes += schema->field[i].name_size;
	pen_add(pen, &shape, sizeof(shape));
	write_schema(pen, schema);
	if (batch->origin != NULL) {
		flags |= FRAME_ORIGIN;
		shape.path_bytes = strlen(batch->origin->path);
		pen_add(pen, batch->origin->path, shape.path_bytes);
		if (batch->sel_count > 0)
			shape.first_record = batch->first_record +
			    batch_row(batch, 0);
		if (write_lines(pen, batch, &shape.first_line))
			flags |= FRAME_LINES;
	}
	if (batch->time != NULL) {
		flags |= FRAME_TIME;
		write_moments(pen, batch, batch->time);
	}
	if (batch->mark != NULL) {
		flags |= FRAME_MARK;
		write_moments(pen, batch, batch->mark);
	}
	if (batch->has_record) {
		flags |= FRAME_RECORD;
		write_column(pen, &batch->record, batch);
	}
	for (uint32_t i = 0; i < schema->field_count; i++)
		write_column(pen, &batch->column[i], batch);
	memcpy(pen->out->bytes + pen->body, &shape, sizeof(shape));
	return flags;
}

/* Pack `size` bytes into `packed` (empty); the size, or 0 if it failed. */
static size_t
pack_bytes(const char *bytes, size_t size, enum frame_packing packing,
	struct buf *packed)
{
	if (packing == FRAME_LZ4) {
		/* At most FRAME_PACKED_BYTES_MAX: fits an int. */
		int room = LZ4_compressBound((int)size);
		return (size_t)LZ4_compress_default(bytes,
		    buf_reserve(packed, (size_t)room), (int)size, room);
	}
	size_t room = ZSTD_compressBound(size);
	size_t result = ZSTD_compress(buf_reserve(packed, room), room, bytes,
	    size, ZSTD_LEVEL);
	return ZSTD_isError(result) ? 0 : result;
}

/* Replace the body by its packed form if that is shorter by an eighth. */
static enum frame_packing
pack_body(struct pen *pen, enum frame_packing packing)
{
	size_t size = pen->out->size - pen->body;
	struct buf packed = { 0 };

	if (packing == FRAME_PLAIN || size < PACK_BYTES_MIN ||
	    size > FRAME_PACKED_BYTES_MAX)
		return FRAME_PLAIN;
	size_t packed_size = pack_bytes(pen->out->bytes + pen->body, size,
	    packing, &packed);
	if (packed_size == 0 || packed_size > size - size / 8) {
		packing = FRAME_PLAIN;
	} else {
		pen->out->size = pen->body;
		buf_add(pen->out, packed.bytes, packed_size);
	}
	buf_fini(&packed);
	return packing;
}

void
frame_write(const struct batch *batch, enum frame_packing packing,
	struct buf *out)
{
	assert(packing < FRAME_PACKINGS);
	size_t start = out->size;
	struct frame_head head = {
		.magic = FRAME_MAGIC,
		.version = FRAME_VERSION,
		.row_count = batch->sel_count,
	};

	buf_add(out, &head, sizeof(head));
	struct pen pen = { out, out->size };
	head.flags = (uint16_t)write_body(&pen, batch);
	head.body_bytes = out->size - pen.body;
	head.packing = (uint8_t)pack_body(&pen, packing);
	head.stored_bytes = out->size - pen.body;
	head.stored_hash = hash_bytes(out->bytes + pen.body, head.stored_bytes);
	head.head_hash = hash_bytes(&head, offsetof(struct frame_head,
	    head_hash));
	memcpy(out->bytes + start, &head, sizeof(head));
	size_t gap = bits_round_up(head.stored_bytes, 8) - head.stored_bytes;
	memset(buf_reserve(out, gap), 0, gap);
	out->size += gap;
}
