#include "io/json_reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/json.h"
#include "data/schema.h"
#include "io/bad.h"
#include "io/format.h"
#include "io/input.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* A reader over memory, and all it gives as rows of "name=token;". */
struct fixture {
	struct input *input;
	struct bad *bad;
	struct json_reader *reader;
	struct err err;
};

static void
fixture_init(struct fixture *f, const char *text, size_t size,
	const struct json_settings *settings)
{
	struct reader_config config = { 0 };

	memset(f, 0, sizeof(*f));
	f->input = input_memory(text, size);
	f->bad = bad_new(BAD_SKIP, NULL, &f->err);
	config.bad = f->bad;
	f->reader = json_reader_new(f->input, settings, &config);
}

static void
fixture_fini(struct fixture *f)
{
	json_reader_free(&f->reader);
	input_close(&f->input);
	cr_assert(bad_close(&f->bad, &f->err) == 0);
}

static const struct json_settings lines = {
	.by_lines = 1, .record_max = JSON_RECORD_MAX,
};

static void
add_row(struct buf *out, const struct batch *batch, uint32_t row)
{
	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		uint32_t size;
		const char *bytes = column_slice(&batch->column[i], row,
		    &size);
		if (size == 0)
			continue;
		buf_add_string(out, batch->schema->field[i].name);
		buf_add_char(out, '=');
		buf_add(out, bytes, size);
		buf_add_char(out, ';');
	}
	buf_add_char(out, '\n');
}

static void
read_all(struct fixture *f, struct buf *out)
{
	struct batch *batch;
	int status;

	while ((status = json_reader_next(f->reader, &batch, &f->err)) > 0) {
		batch_verify(batch);
		for (uint32_t i = 0; i < batch->sel_count; i++)
			add_row(out, batch, batch_row(batch, i));
		batch_free(&batch);
	}
	cr_assert(status == 0);
}

static void
assert_read(const char *text, const struct need *need, const char *wanted)
{
	struct fixture f;
	struct buf out = { 0 };

	fixture_init(&f, text, strlen(text), &lines);
	json_reader_need(f.reader, need);
	read_all(&f, &out);
	cr_assert_str_eq(buf_string(&out), wanted);
	fixture_fini(&f);
	buf_fini(&out);
}

Test(json_reader, all_fields_or_some)
{
	static const char *const names[] = { "c", "a" };
	struct need all = { .all = 1 };
	struct need some = { .name = names, .name_count = 2 };
	struct need none = { .all = 0 };
	const char *text = "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":4}\n"
	    "{\"a\":5,\"b\":6}\n{\"c\":[7],\"b\":8}\n9\n";

	assert_read(text, &all, "a=1;b=2;\na=3;b=4;\na=5;b=6;\nb=8;c=[7];\n"
	    "value=9;\n");
	assert_read(text, &some, "a=1;\na=3;\na=5;\nc=[7];\n\n");
	assert_read(text, &none, "\n\n\n\n\n");
}

Test(json_reader, schema_grows_and_old_ones_stay)
{
	struct fixture f;
	struct need all = { .all = 1 };
	struct batch *first, *second;
	const char *text = "{\"a\":1}\n{\"a\":1}\n{\"b\":2}\n{\"b\":2}\n";

	setenv("SFLOW_BATCH_ROWS", "2", 1);
	fixture_init(&f, text, strlen(text), &lines);
	json_reader_need(f.reader, &all);
	cr_assert(json_reader_next(f.reader, &first, &f.err) == 1);
	cr_assert(json_reader_next(f.reader, &second, &f.err) == 1);
	cr_assert(first->schema->field_count == 1);
	cr_assert(second->schema->field_count == 2);
	cr_assert(column_row_text(&second->column[0], 1).size == 0);
	cr_assert(column_row_text(&second->column[1], 1).size == 1);
	cr_assert(second->first_line == 3 && second->first_record == 3);
	batch_free(&first);
	batch_free(&second);
	fixture_fini(&f);
	unsetenv("SFLOW_BATCH_ROWS");
}

Test(json_reader, schema_is_open_and_has_the_declared_types)
{
	struct fixture f;
	struct json_settings settings = lines;

	settings.types = schema_new();
	schema_add(settings.types, "ts", 2, TYPE_TIME);
	fixture_init(&f, "", 0, &settings);
	struct schema *schema = json_reader_schema(f.reader);
	cr_assert(schema->open && schema->field_count == 1);
	cr_assert(schema->field[0].type == TYPE_TIME);
	schema_drop(&schema);
	fixture_fini(&f);
}

Test(json_reader, long_records_are_refused)
{
	struct fixture f;
	struct need all = { .all = 1 };
	struct json_settings settings = lines;
	struct buf out = { 0 };
	const char *text = "{\"a\":1}\n{\"a\":\"0123456789012345678901234\"}\n"
	    "{\"a\":\"never ends, and so on, and so on\n{\"a\":2}\n";

	settings.record_max = 20;
	setenv("SFLOW_CHUNK_BYTES", "7", 1);
	fixture_init(&f, text, strlen(text), &settings);
	json_reader_need(f.reader, &all);
	read_all(&f, &out);
	cr_assert_str_eq(buf_string(&out), "a=1;\na=2;\n");
	cr_assert(bad_count(f.bad) == 2);
	fixture_fini(&f);
	buf_fini(&out);
	unsetenv("SFLOW_CHUNK_BYTES");
}

/* --- shapes against the plain checker ---------------------------------- */

static uint64_t state = 0x2545f4914f6cdd1du;

static uint64_t
draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void
add_value(struct buf *text, int depth)
{
	static const char *const scalars[] = {
		"1", "-0", "12.5", "1e5", "true", "false", "null", "\"\"",
		"\"x\"", "\"a,b\"", "\"q\\\"r\"", "\"\\\\\"", "\"\\u00e9\"",
		"\"\xc3\xa9\"", "\"[{\"", "123456789012345678", "-1.25E-3",
		"\"a longer text without anything in it\"",
	};
	uint64_t kind = draw(22);

	if (kind < 18 || depth > 2) {
		buf_add_string(text, scalars[draw(18)]);
		return;
	}
	buf_add_char(text, kind < 20 ? '[' : '{');
	for (uint64_t i = draw(4); i > 0; i--) {
		if (kind >= 20)
			buf_add_string(text, draw(2) ? "\"k\":" : "\"l\" : ");
		add_value(text, depth + 1);
		if (i > 1)
			buf_add_char(text, ',');
	}
	buf_add_char(text, kind < 20 ? ']' : '}');
}

/* A record of one of a few shapes. */
static void
add_record(struct buf *text, uint64_t shape)
{
	static const char *const names[] = {
		"id", "name", "a", "x\\u0041", "a_name_beyond_sixteen_bytes",
	};
	const char *blank = shape & 1 ? " " : "";

	buf_add_char(text, '{');
	for (uint64_t i = 0; i < 1 + shape % 5; i++)  {
		buf_add_format(text, "%s%s\"%s\":%s", i > 0 ? "," : "",
		    i > 0 ? blank : "", names[(shape + i) % 5], blank);
		if (draw(6) == 0)
			add_value(text, 0);
		else
			buf_add_format(text, "%d", (int)draw(1000));
	}
	buf_add_string(text, "}\n");
}

/* Change, drop or add a byte that means something. */
static void
damage(struct buf *text)
{
	static const char bytes[] = "{}[]:,\"\\ \n\r\t0e-.tn\x01\xc3u/";
	size_t at = draw(text->size);

	if (draw(2) == 0) {
		text->bytes[at] = bytes[draw(sizeof(bytes) - 1)];
		return;
	}
	memmove(text->bytes + at, text->bytes + at + 1, text->size - at - 1);
	text->size--;
}

/* What json_check() lets through line by line, and how much it does not. */
static uint64_t
plain_read(const struct buf *text, struct buf *out)
{
	const char *at = text->bytes;
	const char *end = at + text->size;
	uint64_t bad = 0;

	for (;;) {
		size_t offset;
		while (at < end && strchr(" \n\r\t", *at) != NULL)
			at++;
		if (at == end)
			return bad;
		const char *fault = json_check(at, (size_t)(end - at),
		    &offset);
		const char *behind = at + offset;
		while (fault == NULL && strchr(" \n\r\t", behind[-1]) != NULL)
			behind--;
		if (fault == NULL && (*at == '{' || *at == '[' ||
		    behind == end || strchr(" \n\r\t", *behind) != NULL)) {
			buf_add(out, at, (size_t)(behind - at));
			buf_add_char(out, '\n');
			at = behind;
			continue;
		}
		bad++;
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			return bad;
	}
}

static void
compare(const struct buf *text, const struct need *need)
{
	struct fixture f;
	struct buf ours = { 0 };
	struct buf wanted = { 0 };
	struct batch *batch;

	uint64_t bad = plain_read(text, &wanted);
	fixture_init(&f, text->bytes, text->size, &lines);
	json_reader_need(f.reader, need);
	while (json_reader_next(f.reader, &batch, &f.err) > 0) {
		for (uint32_t i = 0; i < batch->row_count; i++) {
			struct text record = column_row_text(&batch->record,
			    i);
			buf_add(&ours, text_bytes(&record), record.size);
			buf_add_char(&ours, '\n');
		}
		batch_free(&batch);
	}
	cr_assert_str_eq(buf_string(&ours), buf_string(&wanted));
	cr_assert(bad_count(f.bad) == bad);
	fixture_fini(&f);
	buf_fini(&ours);
	buf_fini(&wanted);
}

Test(json_reader, accepts_what_the_checker_accepts)
{
	static const char *const names[] = { "a", "id" };
	struct need all = { .all = 1 };
	struct need some = { .name = names, .name_count = 2 };
	char chunk[16];

	for (int round = 0; round < 6000; round++) {
		struct buf text = { 0 };
		uint64_t shapes = 1 + draw(3);
		for (uint64_t i = 1 + draw(12); i > 0; i--)
			add_record(&text, draw(shapes) * 7 + (uint64_t)round);
		for (uint64_t i = draw(3); i > 0; i--)
			damage(&text);
		snprintf(chunk, sizeof(chunk), "%d", round % 300 + 1);
		setenv("SFLOW_CHUNK_BYTES", chunk, 1);
		compare(&text, round & 1 ? &all : &some);
		buf_fini(&text);
	}
	unsetenv("SFLOW_CHUNK_BYTES");
}
