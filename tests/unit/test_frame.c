#include "data/frame.h"

#include <criterion/criterion.h>

#include "data/frame_priv.h"
#include "random_batch.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"

static const struct origin place = { "logs/a.csv" };

static void
expect_column(const struct column *a, const struct batch *batch,
	const struct column *b)
{
	struct region *region = region_new();

	cr_assert(batch->sel_count == 0 || a->type == b->type);
	cr_assert(a->type == TYPE_NULL || a->delimiter == b->delimiter);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		cr_assert(column_row_is_valid(a, row) ==
		    column_row_is_valid(b, i));
		if (column_row_is_valid(a, row) && type_is_textual(a->type)) {
			struct text x = column_row_text(a, row);
			struct text y = column_row_text(b, i);
			cr_assert(text_equal(&x, &y));
		}
		struct value x = column_value(a, row, region);
		struct value y = column_value(b, i, region);
		cr_assert(x.type == y.type && value_equal(&x, &y));
	}
	region_drop(&region);
}

static void
expect_times(const int64_t *a, const struct batch *batch, const int64_t *b)
{
	cr_assert((a == NULL) == (b == NULL));
	for (uint32_t i = 0; a != NULL && i < batch->sel_count; i++)
		cr_assert(a[batch_row(batch, i)] == b[i]);
}

static void
expect_places(const struct batch *a, const struct batch *b)
{
	cr_assert((a->origin == NULL) == (b->origin == NULL));
	if (a->origin == NULL)
		return;
	cr_assert_str_eq(a->origin->path, b->origin->path);
	for (uint32_t i = 0; i < a->sel_count; i++)
		cr_assert(batch_line(a, batch_row(a, i)) == batch_line(b, i));
}

/* Is `b` the selected rows of `a`? */
static void
expect_rows(const struct batch *a, const struct batch *b)
{
	cr_assert(schema_has_names_of(a->schema, b->schema));
	cr_assert(a->schema->open == b->schema->open);
	cr_assert(a->sel_count == b->row_count && b->sel == NULL);
	for (uint32_t i = 0; i < a->schema->field_count; i++) {
		cr_assert(a->schema->field[i].qualifier_size ==
		    b->schema->field[i].qualifier_size);
		cr_assert(a->schema->field[i].type == b->schema->field[i].type);
		expect_column(&a->column[i], a, &b->column[i]);
	}
	cr_assert(a->has_record == b->has_record);
	if (a->has_record)
		expect_column(&a->record, a, &b->record);
	expect_times(a->time, a, b->time);
	expect_times(a->mark, a, b->mark);
	cr_assert(a->split == b->split);
	expect_places(a, b);
}

static struct batch *
read_one(struct frame_reader *reader, const struct buf *buf)
{
	struct err err = ERR_INIT;
	struct batch *batch = NULL;
	size_t used;
	uint64_t frame_bytes;

	cr_assert(frame_measure(reader, buf->bytes, buf->size, &frame_bytes,
	    &err) == 1);
	cr_assert(frame_bytes == buf->size);
	cr_assert(frame_read(reader, buf->bytes, buf->size, &used, &batch,
	    &err) == 0, "%s", err.message);
	cr_assert(used == buf->size);
	batch_verify(batch);
	return batch;
}

Test(frame, round_trip)
{
	struct frame_reader *reader = frame_reader_new("peer");

	for (uint64_t round = 1; round < 300; round++) {
		uint64_t seed = round;
		struct batch *batch = random_batch(&seed,
		    (uint32_t)(round < 100 ? round : round * 7 % 2049),
		    &place);
		struct buf buf = { 0 }, again = { 0 };
		frame_write(batch, round % FRAME_PACKINGS, &buf);
		struct batch *back = read_one(reader, &buf);
		expect_rows(batch, back);
		/* What was read writes the same bytes. */
		frame_write(back, round % FRAME_PACKINGS, &again);
		cr_assert(again.size == buf.size &&
		    memcmp(again.bytes, buf.bytes, buf.size) == 0);
		struct batch *second = read_one(reader, &again);
		cr_assert(second->schema == back->schema);
		cr_assert(second->origin == back->origin);
		batch_free(&second);
		batch_free(&back);
		batch_free(&batch);
		buf_fini(&buf);
		buf_fini(&again);
	}
	frame_reader_free(&reader);
}

/* Records of two lines: the place of each row stays its own. */
Test(frame, lines)
{
	static const uint32_t from[] = { 0, 8, 13, 17 };
	static const uint32_t to[] = { 7, 11, 16, 20 };
	char bytes[64] = "a,\"b\nc\"\nd,e\n\nf,g\nh,i\n";
	struct schema *schema = schema_new();
	struct batch *batch = batch_new(schema, 4);
	struct frame_reader *reader = frame_reader_new("peer");
	struct buf buf = { 0 };

	batch->record = (struct column){ .type = TYPE_RAW_CSV,
		.encoding = SLICE, .delimiter = ',', .stride = 1,
		.base = bytes, .from = from, .to = to };
	batch->has_record = 1;
	batch->origin = &place;
	batch->first_line = 10;
	batch->first_record = 5;
	batch->sel = batch_sel_storage(batch);
	batch->sel[0] = 1;
	batch->sel[1] = 3;
	batch->sel_count = 2;
	cr_assert(batch_line(batch, 3) == 15);
	frame_write(batch, FRAME_PLAIN, &buf);
	struct batch *back = read_one(reader, &buf);
	cr_assert(batch_line(back, 0) == 12 && batch_line(back, 1) == 15);
	cr_assert(back->first_record == 6);
	expect_rows(batch, back);
	batch_free(&back);
	batch_free(&batch);
	schema_drop(&schema);
	frame_reader_free(&reader);
	buf_fini(&buf);
}

static void
expect_failure(struct buf *buf, size_t size, const char *message)
{
	struct frame_reader *reader = frame_reader_new("run 3");
	struct err err = ERR_INIT;
	struct batch *batch = NULL;
	size_t used;

	cr_assert(frame_read(reader, buf->bytes, size, &used, &batch, &err) ==
	    -1);
	if (message != NULL)
		cr_assert_str_eq(err.message, message);
	cr_assert(err.kind == ERR_IO);
	frame_reader_free(&reader);
}

/* Make the hashes right again, as one who means it would. */
static void
sign(struct buf *buf)
{
	struct frame_head head;

	memcpy(&head, buf->bytes, sizeof(head));
	head.stored_hash = hash_bytes(buf->bytes + sizeof(head),
	    head.stored_bytes);
	head.head_hash = hash_bytes(&head, offsetof(struct frame_head,
	    head_hash));
	memcpy(buf->bytes, &head, sizeof(head));
}

/* One column of three texts. */
static void
small_frame(struct buf *buf)
{
	struct schema *schema = schema_new();
	struct value value = { .type = TYPE_TEXT };
	struct builder builder = { 0 };

	schema_add(schema, "user", 4, TYPE_TEXT);
	for (int i = 0; i < 3; i++) {
		value.cell.text = text_make("a text of some length", 19 + i);
		builder_add(&builder, &value);
	}
	struct batch *batch = batch_new(schema, 3);
	builder_finish(&builder, batch_region(batch), &batch->column[0]);
	builder_fini(&builder);
	frame_write(batch, FRAME_PLAIN, buf);
	batch_free(&batch);
	schema_drop(&schema);
}

Test(frame, messages)
{
	struct buf buf = { 0 };

	small_frame(&buf);
	expect_failure(&buf, 0,
	    "run 3: bad frame at byte 0: it ends after 0 of 48 bytes");
	expect_failure(&buf, 60,
	    "run 3: bad frame at byte 0: it ends after 60 of 216 bytes");
	/* Texts begin behind shape 48, field 16, name 8, column 16. */
	size_t sizes = FRAME_HEAD_BYTES + 48 + 16 + 8 + 16;
	cr_assert(buf.bytes[sizes] == 19);
	buf.bytes[sizes]++;
	expect_failure(&buf, buf.size, "run 3: bad frame at byte 0: the "
	    "checksum of its body is wrong");
	sign(&buf);
	expect_failure(&buf, buf.size, "run 3: bad frame at byte 0: byte 168 "
	    "of its body: texts of 61 bytes in 60");
	buf.bytes[4] = 9;
	expect_failure(&buf, buf.size, "run 3: bad frame at byte 0: it has "
	    "version 9, this sflow reads version 1");
	buf.bytes[0] = 'x';
	expect_failure(&buf, buf.size,
	    "run 3: bad frame at byte 0: there is no frame");
	buf_fini(&buf);
}

/* No byte may change, none be missing. */
Test(frame, every_byte_counts)
{
	for (enum frame_packing packing = 0; packing < FRAME_PACKINGS;
	    packing++) {
		uint64_t seed = 5;
		struct batch *batch = random_batch(&seed, 9, &place);
		struct buf buf = { 0 };
		frame_write(batch, packing, &buf);
		for (size_t i = 0; i < buf.size; i++) {
			buf.bytes[i] ^= 4;
			expect_failure(&buf, buf.size, NULL);
			buf.bytes[i] ^= 4;
			expect_failure(&buf, i, NULL);
		}
		batch_free(&batch);
		buf_fini(&buf);
	}
}

/* With right checksums around it, any body gives a sound batch or an error. */
Test(frame, signed_nonsense)
{
	for (uint64_t round = 1; round < 2000; round++) {
		uint64_t seed = round;
		struct frame_reader *reader = frame_reader_new("peer");
		struct batch *batch = random_batch(&seed,
		    1 + random_next(&seed, 20), &place);
		struct buf buf = { 0 };
		struct err err = ERR_INIT;
		size_t used;
		frame_write(batch, FRAME_PLAIN, &buf);
		batch_free(&batch);
		for (uint32_t i = random_next(&seed, 4); i < 4; i++)
			buf.bytes[FRAME_HEAD_BYTES + random_next(&seed,
			    (uint32_t)buf.size - FRAME_HEAD_BYTES)] =
			    (char)random_next(&seed, 256);
		sign(&buf);
		if (frame_read(reader, buf.bytes, buf.size, &used, &batch,
		    &err) == 0)
			batch_verify(batch);
		else
			cr_assert(err.message[0] != '\0');
		batch_free(&batch);
		frame_reader_free(&reader);
		buf_fini(&buf);
	}
}
