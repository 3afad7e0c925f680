/*
 * Reading frames.  The body is unpacked (or copied) into one region of the
 * batch, aligned, and the columns point into it; only texts get views of their
 * own.  The checks go from the outside in: head and its hash, the hash of the
 * stored body, its unpacked length, then piece by piece whatever a column
 * leads to: no view, no tag, no scale is taken on trust, because hashes stop
 * accidents but nobody who means it.
 *
 * A reader remembers a few schemas by their bytes.  Operators look fields up
 * once a schema, so frames of one stream must not make a new one each.
 */
#include "data/frame.h"

#include <lz4.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "data/batch.h"
#include "data/frame_priv.h"
#include "data/moment.h"
#include "data/raw_priv.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

/* JSON lines switch between a few sets of fields. */
#define SCHEMAS_KEPT 4
/* Readable bytes behind any text, as behind chunks of input. */
#define PAD_BYTES 64
/* LZ4 codes at most 255 bytes in one; zstd a block of 128 KiB in four. */
#define LZ4_RATIO_MAX 255
#define ZSTD_RATIO_MAX (32 << 10)
#define DAY_US 86400000000ll

struct known_schema {
	char *bytes;		/* fields and names as they stood */
	size_t size;
	int open;
	struct schema *schema;
};

struct frame_reader {
	char *name;
	uint64_t offset;	/* of the next frame in the stream */
	struct known_schema known[SCHEMAS_KEPT];
	uint32_t known_next;	/* the one to forget next */
	/* Origins by path: open addressing, at most half full. */
	struct origin **origins;
	uint32_t origin_count;
	uint32_t origin_slots;
	ZSTD_DCtx *zstd;
};

struct frame_reader *
frame_reader_new(const char *name)
{
	struct frame_reader *reader = mem_alloc_zero(sizeof(*reader));

	reader->name = mem_copy_string(name);
	return reader;
}

static void
known_forget(struct known_schema *known)
{
	mem_free(known->bytes);
	schema_drop(&known->schema);
}

void
frame_reader_free(struct frame_reader **reader_address)
{
	struct frame_reader *reader = *reader_address;

	*reader_address = NULL;
	if (reader == NULL)
		return;
	for (uint32_t i = 0; i < SCHEMAS_KEPT; i++)
		known_forget(&reader->known[i]);
	for (uint32_t i = 0; i < reader->origin_slots; i++) {
		if (reader->origins[i] == NULL)
			continue;
		mem_free((char *)(uintptr_t)reader->origins[i]->path);
		mem_free(reader->origins[i]);
	}
	mem_free(reader->origins);
	ZSTD_freeDCtx(reader->zstd);
	mem_free(reader->name);
	mem_free(reader);
}

/* The slot where the path's origin is, or where it would go. */
static struct origin **
origin_slot(struct frame_reader *reader, const char *path)
{
	uint32_t mask = reader->origin_slots - 1;
	uint32_t at = (uint32_t)hash_bytes(path, strlen(path)) & mask;

	while (reader->origins[at] != NULL &&
	    strcmp(reader->origins[at]->path, path) != 0)
		at = (at + 1) & mask;
	return &reader->origins[at];
}

static void
origins_grow(struct frame_reader *reader)
{
	struct origin **old = reader->origins;
	uint32_t old_slots = reader->origin_slots;

	reader->origin_slots = old_slots == 0 ? 8 : old_slots * 2;
	reader->origins = mem_alloc_zero((size_t)reader->origin_slots *
	    sizeof(*reader->origins));
	for (uint32_t i = 0; i < old_slots; i++)
		if (old[i] != NULL)
			*origin_slot(reader, old[i]->path) = old[i];
	mem_free(old);
}

/* The origin of a path, which the reader keeps. */
static const struct origin *
reader_origin(struct frame_reader *reader, const char *path)
{
	if (reader->origin_count * 2 >= reader->origin_slots)
		origins_grow(reader);
	struct origin **slot = origin_slot(reader, path);
	if (*slot == NULL) {
		*slot = mem_alloc_zero(sizeof(**slot));
		(*slot)->path = mem_copy_string(path);
		reader->origin_count++;
	}
	return *slot;
}

static int frame_fail(const struct frame_reader *, struct err *, const char *,
	...) __attribute__((format(printf, 3, 4)));

static int
frame_fail(const struct frame_reader *reader, struct err *err,
	const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return err_set(err, ERR_IO, "%.256s: bad frame at byte %llu: %s",
	    reader->name, (unsigned long long)reader->offset, text);
}

/* What the head says must agree with itself and with this program. */
static int
check_head(const struct frame_reader *reader, const struct frame_head *head,
	struct err *err)
{
	if (head->magic == __builtin_bswap32(FRAME_MAGIC))
		return frame_fail(reader, err, "it comes from a machine of "
		    "the other byte order");
	if (head->magic != FRAME_MAGIC)
		return frame_fail(reader, err, "there is no frame");
	if (head->version != FRAME_VERSION)
		return frame_fail(reader, err, "it has version %u, this sflow "
		    "reads version %u", head->version, FRAME_VERSION);
	if (head->head_hash != hash_bytes(head, offsetof(struct frame_head,
	    head_hash)))
		return frame_fail(reader, err, "the checksum of its head is "
		    "wrong");
	if (head->packing >= FRAME_PACKINGS)
		return frame_fail(reader, err, "packing %u is unknown",
		    head->packing);
	if ((head->flags & ~FRAME_FLAGS) != 0 || head->zero != 0)
		return frame_fail(reader, err, "flags %#x are unknown",
		    head->flags);
	if (head->row_count > BATCH_ROWS_MAX)
		return frame_fail(reader, err, "%u rows, at most %u are "
		    "allowed", head->row_count, BATCH_ROWS_MAX);
	return 0;
}

/* The lengths in the head must go together. */
static int
check_lengths(const struct frame_reader *reader, const struct frame_head *head,
	struct err *err)
{
	uint64_t body = head->body_bytes, stored = head->stored_bytes;
	uint64_t ratio = head->packing == FRAME_LZ4 ? LZ4_RATIO_MAX :
	    ZSTD_RATIO_MAX;
	int possible = body % 8 == 0 && stored <= INT64_MAX / 2;

	if (head->packing == FRAME_PLAIN)
		possible = possible && stored == body;
	else
		possible = possible && body <= FRAME_PACKED_BYTES_MAX &&
		    stored <= body && body / ratio <= stored;
	if (!possible)
		return frame_fail(reader, err, "%llu bytes cannot hold %llu",
		    (unsigned long long)stored, (unsigned long long)body);
	return 0;
}

int
frame_measure(const struct frame_reader *reader, const char *bytes, size_t size,
	uint64_t *frame_bytes, struct err *err)
{
	struct frame_head head;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (check_head(reader, &head, err) != 0 ||
	    check_lengths(reader, &head, err) != 0)
		return -1;
	*frame_bytes = sizeof(head) + bits_round_up(head.stored_bytes, 8);
	return 1;
}

/* Unpack the body to `out`, which has room for it. */
static int
unpack_body(struct frame_reader *reader, const struct frame_head *head,
	const char *stored, char *out, struct err *err)
{
	uint64_t size = 0;

	if (head->packing == FRAME_LZ4) {
		/* Both are at most FRAME_PACKED_BYTES_MAX: they fit an int. */
		int result = LZ4_decompress_safe(stored, out,
		    (int)head->stored_bytes, (int)head->body_bytes);
		size = result < 0 ? 0 : (uint64_t)result;
	} else if (head->packing == FRAME_ZSTD) {
		if (reader->zstd == NULL)
			reader->zstd = ZSTD_createDCtx();
		if (reader->zstd == NULL)
			return frame_fail(reader, err, "no memory to unpack "
			    "it");
		size_t result = ZSTD_decompressDCtx(reader->zstd, out,
		    head->body_bytes, stored, head->stored_bytes);
		size = ZSTD_isError(result) ? 0 : result;
	} else {
		size = head->body_bytes;
		memcpy(out, stored, size);
	}
	if (size != head->body_bytes)
		return frame_fail(reader, err, "%llu packed bytes do not "
		    "unpack to %llu", (unsigned long long)head->stored_bytes,
		    (unsigned long long)head->body_bytes);
	memset(out + size, 0, PAD_BYTES);
	return 0;
}

/* The body as far as it has been looked at. */
struct eye {
	struct frame_reader *reader;
	struct region *region;
	char *body;
	uint64_t size;
	uint64_t at;
	struct err *err;
};

static int eye_fail(struct eye *, const char *, ...)
	__attribute__((format(printf, 2, 3)));

static int
eye_fail(struct eye *eye, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return frame_fail(eye->reader, eye->err, "byte %llu of its body: %s",
	    (unsigned long long)eye->at, text);
}

/* The next `size` bytes, aligned to 8; NULL with err if they are not there. */
static void *
eye_take(struct eye *eye, uint64_t size, const char *what)
{
	uint64_t left = eye->size - eye->at;

	if (size > left) {
		eye_fail(eye, "%s: %llu bytes are left of %llu", what,
		    (unsigned long long)left, (unsigned long long)size);
		return NULL;
	}
	void *bytes = eye->body + eye->at;
	/* The body's size is a multiple of 8, so the gap is there as well. */
	eye->at += bits_round_up(size, 8);
	return bytes;
}

/* Fill a fresh schema from its fields and names. */
static int
fill_schema(struct eye *eye, const struct frame_shape *shape,
	const struct frame_field *field, const char *names,
	struct schema *schema)
{
	uint64_t left = shape->name_bytes;

	for (uint32_t i = 0; i < shape->field_count; i++) {
		if (field[i].name_size > left)
			return eye_fail(eye, "field %u: a name of %u bytes, "
			    "%llu are left", i, field[i].name_size,
			    (unsigned long long)left);
		if (field[i].qualifier_size > field[i].name_size)
			return eye_fail(eye, "field %u: a qualifier longer "
			    "than the name", i);
		if (field[i].type >= TYPE_ERROR)
			return eye_fail(eye, "field %u: type %u is unknown", i,
			    field[i].type);
		schema_add(schema, names, field[i].name_size,
		    (enum type)field[i].type);
		schema->field[i].qualifier_size = field[i].qualifier_size;
		names += field[i].name_size;
		left -= field[i].name_size;
	}
	return left == 0 ? 0 : eye_fail(eye, "%llu bytes behind the names",
	    (unsigned long long)left);
}

/* Keep a schema in place of the oldest. */
static void
known_keep(struct frame_reader *reader, const char *bytes, size_t size,
	int open, struct schema *schema)
{
	struct known_schema *known = &reader->known[reader->known_next];

	reader->known_next = (reader->known_next + 1) % SCHEMAS_KEPT;
	known_forget(known);
	*known = (struct known_schema){
		.bytes = mem_copy(bytes, size),
		.size = size,
		.open = open,
		.schema = schema_hold(schema),
	};
}

static struct schema *
known_find(const struct frame_reader *reader, const char *bytes, size_t size,
	int open)
{
	for (uint32_t i = 0; i < SCHEMAS_KEPT; i++) {
		const struct known_schema *known = &reader->known[i];
		if (known->schema != NULL && known->size == size &&
		    known->open == open && memcmp(known->bytes, bytes, size) ==
		    0)
			return schema_hold(known->schema);
	}
	return NULL;
}

/* The schema, held for the caller, or NULL with err. */
static struct schema *
read_schema(struct eye *eye, const struct frame_shape *shape)
{
	uint64_t start = eye->at;
	const struct frame_field *field = eye_take(eye,
	    (uint64_t)shape->field_count * sizeof(*field), "the fields");
	const char *names = field == NULL ? NULL :
	    eye_take(eye, shape->name_bytes, "the names");

	if (names == NULL)
		return NULL;
	const char *bytes = eye->body + start;
	size_t size = eye->at - start;
	int open = shape->open != 0;
	struct schema *schema = known_find(eye->reader, bytes, size, open);
	if (schema != NULL)
		return schema;
	schema = schema_new();
	schema->open = open;
	if (fill_schema(eye, shape, field, names, schema) != 0)
		schema_drop(&schema);
	else
		known_keep(eye->reader, bytes, size, open, schema);
	return schema;
}

static int
read_place(struct eye *eye, unsigned flags, const struct frame_shape *shape,
	struct batch *batch)
{
	if (!(flags & FRAME_ORIGIN))
		return 0;
	const char *bytes = eye_take(eye, shape->path_bytes, "the path");
	if (bytes == NULL)
		return -1;
	if (memchr(bytes, '\0', shape->path_bytes) != NULL)
		return eye_fail(eye, "a zero in the path");
	char *path = region_alloc(eye->region, shape->path_bytes + 1);
	memcpy(path, bytes, shape->path_bytes);
	path[shape->path_bytes] = '\0';
	batch->origin = reader_origin(eye->reader, path);
	batch->first_line = shape->first_line;
	batch->first_record = shape->first_record;
	return 0;
}

/* The arrays of 8 bytes a row. */
static int
read_moments(struct eye *eye, unsigned flags, struct batch *batch)
{
	uint64_t size = (uint64_t)batch->row_count * 8;

	if ((flags & FRAME_LINES) &&
	    (batch->line = eye_take(eye, size, "the lines")) == NULL)
		return -1;
	if ((flags & FRAME_TIME) &&
	    (batch->time = eye_take(eye, size, "the times")) == NULL)
		return -1;
	if ((flags & FRAME_MARK) &&
	    (batch->mark = eye_take(eye, size, "the marks")) == NULL)
		return -1;
	return 0;
}

/* Views of the texts of a column that is not MIXED. */
static int
read_texts(struct eye *eye, uint32_t count, uint64_t text_bytes,
	struct column *out)
{
	const uint32_t *size = eye_take(eye, (uint64_t)count * 4, "the sizes");
	const char *bytes = size == NULL ? NULL :
	    eye_take(eye, text_bytes, "the texts");
	uint64_t total = 0;

	if (bytes == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		total += size[i];
	if (total != text_bytes)
		return eye_fail(eye, "texts of %llu bytes in %llu",
		    (unsigned long long)total, (unsigned long long)text_bytes);
	struct text *text = region_alloc(eye->region, count * sizeof(*text));
	for (uint32_t i = 0; i < count; i++) {
		text[i] = text_make_padded(bytes, size[i]);
		bytes += size[i];
	}
	out->data = text;
	return 0;
}

/* Instants and dates lie in the years 1 to 9999, scales in 0 to 18. */
static int
check_element(struct eye *eye, uint32_t row, enum type type, const void *data)
{
	const struct decimal *decimal = data;
	const int64_t *word = data;

	if (type == TYPE_DECIMAL && (decimal->scale < 0 ||
	    decimal->scale > 18 || decimal->pad != 0))
		return eye_fail(eye, "row %u: a decimal of scale %d", row,
		    decimal->scale);
	if ((type == TYPE_TIME &&
	    (*word < MOMENT_MIN || *word > MOMENT_MAX)) ||
	    (type == TYPE_DATE && (*word < MOMENT_MIN / DAY_US ||
	    *word > MOMENT_MAX / DAY_US)))
		return eye_fail(eye, "row %u: %s %lld", row, type_name(type),
		    (long long)*word);
	if (type == TYPE_BOOL && *(const uint8_t *)data > 1)
		return eye_fail(eye, "row %u: bool %u", row,
		    *(const uint8_t *)data);
	return 0;
}

/* A cell of a MIXED column; texts are taken off *bytes. */
static int
check_cell(struct eye *eye, uint32_t row, enum type tag, union cell *cell,
	char **bytes, uint64_t *left)
{
	if (type_is_textual(tag)) {
		uint32_t size = cell->text.size;
		if (size > *left)
			return eye_fail(eye, "row %u: a text of %u bytes, "
			    "%llu are left", row, size,
			    (unsigned long long)*left);
		cell->text = text_make_padded(*bytes, size);
		*bytes += size;
		*left -= size;
		return 0;
	}
	return check_element(eye, row, tag, cell);
}

static int
read_mixed(struct eye *eye, uint32_t count, uint64_t text_bytes,
	struct column *out)
{
	out->tags = eye_take(eye, count, "the tags");
	union cell *cell = out->tags == NULL ? NULL :
	    eye_take(eye, (uint64_t)count * sizeof(*cell), "the cells");
	char *bytes = cell == NULL ? NULL :
	    eye_take(eye, text_bytes, "the texts");

	if (bytes == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		enum type tag = out->tags[i];
		int valid = column_row_is_valid(out, i);
		if (tag > TYPE_RAW || (tag <= TYPE_MISSING && valid))
			return eye_fail(eye, "row %u: a value of type %u", i,
			    tag);
		if (!valid)
			memset(&cell[i], 0, sizeof(cell[i]));
		else if (check_cell(eye, i, tag, &cell[i], &bytes,
		    &text_bytes) != 0)
			return -1;
	}
	out->data = cell;
	return text_bytes == 0 ? 0 : eye_fail(eye, "%llu bytes behind the "
	    "texts", (unsigned long long)text_bytes);
}

/* Elements that stay where they are. */
static int
read_elements(struct eye *eye, uint32_t count, struct column *out)
{
	unsigned width = type_width(out->type);

	out->data = eye_take(eye, (uint64_t)count * width, "the values");
	if (out->data == NULL)
		return -1;
	if (out->type == TYPE_INT || out->type == TYPE_FLOAT ||
	    out->type == TYPE_DURATION)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (check_element(eye, i, out->type,
		    (const char *)out->data + (size_t)i * width) != 0)
			return -1;
	return 0;
}

static int
read_column(struct eye *eye, uint32_t row_count, struct column *out)
{
	const struct frame_column *head = eye_take(eye, sizeof(*head),
	    "a column's head");

	if (head == NULL)
		return -1;
	if (head->type > TYPE_MIXED || head->type == TYPE_MISSING ||
	    (head->flags & ~FRAME_COLUMN_FLAGS) != 0)
		return eye_fail(eye, "a column of type %u, flags %#x",
		    head->type, head->flags);
	if (head->type == TYPE_NULL) {
		column_init_null(out);
		return 0;
	}
	uint32_t count = head->flags & FRAME_CONST ? 1 : row_count;
	*out = (struct column){
		.type = head->type,
		.encoding = head->flags & FRAME_CONST ? CONST : FLAT,
		.delimiter = head->delimiter,
	};
	if ((head->flags & FRAME_VALID) && (out->valid = eye_take(eye,
	    (uint64_t)bitmap_words(count) * 8, "the nulls")) == NULL)
		return -1;
	if (type_is_textual(head->type))
		return read_texts(eye, count, head->text_bytes, out);
	if (head->type == TYPE_MIXED)
		return read_mixed(eye, count, head->text_bytes, out);
	return read_elements(eye, count, out);
}

static int
read_record(struct eye *eye, unsigned flags, struct batch *batch)
{
	if (!(flags & FRAME_RECORD))
		return 0;
	if (read_column(eye, batch->row_count, &batch->record) != 0)
		return -1;
	if (!type_is_raw(batch->record.type) ||
	    batch->record.encoding == CONST)
		return eye_fail(eye, "records of type %s",
		    type_name(batch->record.type));
	batch->has_record = 1;
	return 0;
}

/* All that is in the body; the region goes to the batch. */
static struct batch *
read_body(struct eye *eye, const struct frame_head *head)
{
	const struct frame_shape *shape = eye_take(eye, sizeof(*shape),
	    "the shape");
	struct schema *schema = shape == NULL ? NULL :
	    read_schema(eye, shape);

	if (schema == NULL)
		return NULL;
	struct batch *batch = batch_new(schema, head->row_count);
	batch_take_region(batch, region_hold(eye->region));
	schema_drop(&schema);
	batch->split = shape->split;
	int status = read_place(eye, head->flags, shape, batch);
	if (status == 0)
		status = read_moments(eye, head->flags, batch);
	if (status == 0)
		status = read_record(eye, head->flags, batch);
	for (uint32_t i = 0; status == 0 && i < shape->field_count; i++)
		status = read_column(eye, head->row_count, &batch->column[i]);
	if (status == 0 && eye->at != eye->size)
		status = eye_fail(eye, "%llu bytes too many",
		    (unsigned long long)(eye->size - eye->at));
	if (status != 0)
		batch_free(&batch);
	return batch;
}

/* The stored body must be there, whole and unharmed. */
static int
check_stored(const struct frame_reader *reader, const struct frame_head *head,
	const char *stored, uint64_t there, struct err *err)
{
	uint64_t need = bits_round_up(head->stored_bytes, 8);

	if (there < need)
		return frame_fail(reader, err, "it ends after %llu of %llu "
		    "bytes", (unsigned long long)(there + sizeof(*head)),
		    (unsigned long long)(need + sizeof(*head)));
	if (hash_bytes(stored, head->stored_bytes) != head->stored_hash)
		return frame_fail(reader, err, "the checksum of its body is "
		    "wrong");
	for (uint64_t i = head->stored_bytes; i < need; i++)
		if (stored[i] != 0)
			return frame_fail(reader, err, "the gap behind it is "
			    "not zero");
	return 0;
}

int
frame_read(struct frame_reader *reader, const char *bytes, size_t size,
	size_t *used, struct batch **out, struct err *err)
{
	struct frame_head head;
	uint64_t frame_bytes;
	int known = frame_measure(reader, bytes, size, &frame_bytes, err);

	if (known == 0)
		return frame_fail(reader, err, "it ends after %zu of %zu bytes",
		    size, sizeof(head));
	if (known < 0)
		return -1;
	memcpy(&head, bytes, sizeof(head));
	const char *stored = bytes + sizeof(head);
	if (check_stored(reader, &head, stored, size - sizeof(head), err) != 0)
		return -1;
	struct eye eye = {
		.reader = reader,
		.region = region_new(),
		.size = head.body_bytes,
		.err = err,
	};
	eye.body = region_alloc(eye.region, head.body_bytes + PAD_BYTES);
	struct batch *batch = NULL;
	if (unpack_body(reader, &head, stored, eye.body, err) == 0)
		batch = read_body(&eye, &head);
	region_drop(&eye.region);
	if (batch == NULL)
		return -1;
	*out = batch;
	*used = frame_bytes;
	reader->offset += frame_bytes;
	return 0;
}
