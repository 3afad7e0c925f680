/*
 * JSON.  The first byte chooses the format, the second the size of chunks; the
 * rest is read
 *
 *  - by json_check() and a walk, which is plain and slow, and
 *  - by the reader, twice: once with chunks as chosen, once in one piece.
 *
 * Of lines all records and the number of refused ones must agree; of json they
 * must if the text is valid, and if it is not the reader must say so.  However
 * it is cut, the reader must come to the same.  What is written of a valid text
 * must be valid and mean the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/json.h"
#include "io/bad.h"
#include "io/format.h"
#include "io/input.h"
#include "io/output.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum mode { LINES, STREAM, SINGLE, MODE_COUNT };

/* What reading came to, as text: for every record its bytes, then its fields in
 * the order of their first turning up in the input. */
struct outcome {
	struct buf rows;
	uint64_t bad;
	uint64_t row_count;
};

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
fini(struct outcome *outcome)
{
	buf_fini(&outcome->rows);
}

/* --- the plain way ----------------------------------------------------- */

static int
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void
add_token(struct buf *rows, const char *bytes, size_t size)
{
	buf_add(rows, bytes, size);
	buf_add_char(rows, '\x01');
}

/* All fields by name, the last of a name. */
static void
add_fields(struct buf *rows, const char *bytes, size_t size)
{
	struct json_walk walk;
	struct json_member member, last;

	json_walk_init(&walk, bytes, size);
	while (json_walk_next(&walk, &member)) {
		char *name = malloc(member.key_size + 1);
		size_t name_size = json_decode(member.key, member.key_size,
		    name);
		require(json_get(bytes, size, name, name_size, &last) == 0);
		/* Only where the last one stands. */
		if (last.bytes == member.bytes) {
			add_token(rows, name, name_size);
			add_token(rows, last.bytes, last.size);
		}
		free(name);
	}
}

static void
add_record(struct outcome *outcome, const char *bytes, size_t size)
{
	add_token(&outcome->rows, bytes, size);
	if (bytes[0] == '{') {
		add_fields(&outcome->rows, bytes, size);
	} else {
		add_token(&outcome->rows, "value", 5);
		add_token(&outcome->rows, bytes, size);
	}
	buf_add_char(&outcome->rows, '\x02');
	outcome->row_count++;
}

/* The value at `at`: NULL and *end behind it, or the fault. */
static const char *
value_at(const char *text, size_t size, size_t at, size_t *end)
{
	const char *fault = json_check(text + at, size - at, end);

	*end += at;
	while (fault == NULL && is_blank(text[*end - 1]))
		--*end;
	return fault;
}

static void
plain_lines(const char *text, size_t size, size_t at, struct outcome *out)
{
	for (;;) {
		size_t end;
		while (at < size && is_blank(text[at]))
			at++;
		if (at == size)
			return;
		int scalar = text[at] != '{' && text[at] != '[';
		const char *fault = value_at(text, size, at, &end);
		if (fault == NULL && (!scalar || end == size ||
		    is_blank(text[end]))) {
			add_record(out, text + at, end - at);
			at = end;
			continue;
		}
		out->bad++;
		const char *line_end = memchr(text + at, '\n', size - at);
		if (line_end == NULL)
			return;
		at = (size_t)(line_end - text) + 1;
	}
}

/* Elements behind the bracket; where the array ends, or 0: not valid. */
static size_t
plain_array(const char *text, size_t size, size_t at, struct outcome *out)
{
	int first = 1;

	for (;; first = 0) {
		size_t end;
		while (at < size && is_blank(text[at]))
			at++;
		if (at < size && text[at] == ']' && first)
			return at + 1;
		if (at == size || value_at(text, size, at, &end) != NULL)
			return 0;
		add_record(out, text + at, end - at);
		for (at = end; at < size && is_blank(text[at]);)
			at++;
		if (at < size && text[at] == ']')
			return at + 1;
		if (at == size || text[at++] != ',')
			return 0;
	}
}

static void
plain_stream(const char *text, size_t size, size_t at, int single,
	struct outcome *out)
{
	for (int documents = 0;; documents++) {
		size_t end;
		while (at < size && is_blank(text[at]))
			at++;
		if (at == size || (single && documents == 1)) {
			out->bad += single && (at < size || documents == 0);
			return;
		}
		if (text[at] == '[') {
			at = plain_array(text, size, at + 1, out);
			if (at == 0)
				break;
			continue;
		}
		int scalar = text[at] != '{';
		if (value_at(text, size, at, &end) != NULL || (scalar &&
		    end < size && !is_blank(text[end])))
			break;
		add_record(out, text + at, end - at);
		at = end;
	}
	out->bad++;
}

static void
plain_read(const char *text, size_t size, enum mode mode, struct outcome *out)
{
	size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	if (mode == LINES)
		plain_lines(text, size, at, out);
	else
		plain_stream(text, size, at, mode == SINGLE, out);
}

/* --- the reader -------------------------------------------------------- */

/* The row's columns in the order of the record. */
static void
add_row(struct outcome *out, const struct batch *batch, uint32_t row)
{
	struct text record = column_row_text(&batch->record, row);
	const char *bytes = text_bytes(&record);
	uint32_t count = batch->schema->field_count;
	uint32_t shown = 0;
	const char *previous = NULL;

	add_token(&out->rows, bytes, record.size);
	for (;;) {
		/* The next in memory: columns are views of the record. */
		const char *next = NULL;
		uint32_t next_size = 0, field = 0;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t size;
			const char *at = column_slice(&batch->column[i], row,
			    &size);
			if (size > 0 && (previous == NULL || at > previous) &&
			    (next == NULL || at < next)) {
				next = at;
				next_size = size;
				field = i;
			}
		}
		if (next == NULL)
			break;
		add_token(&out->rows, batch->schema->field[field].name,
		    batch->schema->field[field].name_size);
		add_token(&out->rows, next, next_size);
		previous = next;
		shown++;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t size;
		column_slice(&batch->column[i], row, &size);
		shown -= size > 0;
	}
	require(shown == 0);
	buf_add_char(&out->rows, '\x02');
	out->row_count++;
}

static void
check_writer(const struct format_def *format, struct batch *batch)
{
	struct buf text = { 0 };
	struct err err = ERR_INIT;
	struct output *output = output_memory(&text);
	struct writer *writer = format->write_open(output, NULL, 0, &err);
	size_t end;
	size_t at = 0;

	batch->has_record = 0;
	require(format->write(writer, batch, &err) == 0);
	require(format->write_end(writer, batch->schema, &err) == 0);
	format->write_close(&writer);
	require(output_commit(&output, &err) == 0);
	while (at < text.size) {
		require(json_check(text.bytes + at, text.size - at, &end) ==
		    NULL);
		at += end;
	}
	buf_fini(&text);
}

static void
read_it(const char *text, size_t size, enum mode mode, struct outcome *out)
{
	const struct format_def *format = mode == LINES ?
	    format_find("jsonl", 5) : format_find("json", 4);
	struct value yes = { .type = TYPE_BOOL, .cell.boolean = 1 };
	struct format_option single = { "single", &yes };
	struct err err = ERR_INIT;
	struct bad *bad = bad_new(BAD_SKIP, NULL, &err);
	struct input *input = input_memory(text, size);
	struct reader_config config = {
		.option = &single, .option_count = mode == SINGLE, .bad = bad,
	};
	struct reader *reader = format->open(input, &config, &err);
	struct need need = { .all = 1, .record = 1 };
	struct batch *batch;
	int status;

	require(reader != NULL);
	format->need(reader, &need);
	while ((status = format->next(reader, &batch, &err)) > 0) {
		batch_verify(batch);
		for (uint32_t i = 0; i < batch->sel_count; i++)
			add_row(out, batch, batch_row(batch, i));
		check_writer(format, batch);
		batch_free(&batch);
	}
	require(status == 0);
	out->bad = bad_count(bad);
	format->close(&reader);
	input_close(&input);
	require(bad_close(&bad, &err) == 0);
}

static void
require_same(const struct outcome *a, const struct outcome *b)
{
	require(a->bad == b->bad);
	require(a->row_count == b->row_count);
	require(a->rows.size == b->rows.size);
	require(a->rows.size == 0 || memcmp(a->rows.bytes, b->rows.bytes,
	    a->rows.size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct outcome plain = { 0 }, pieces = { 0 }, whole = { 0 };
	char chunk[16];

	if (size < 2)
		return 0;
	enum mode mode = (enum mode)(bytes[0] % MODE_COUNT);
	snprintf(chunk, sizeof(chunk), "%d", bytes[1] + 1);
	/* A copy, so that reading past the end is seen. */
	char *text = malloc(size - 2 + 1);
	memcpy(text, bytes + 2, size - 2);
	size -= 2;

	plain_read(text, size, mode, &plain);
	setenv("SFLOW_CHUNK_BYTES", chunk, 1);
	read_it(text, size, mode, &pieces);
	unsetenv("SFLOW_CHUNK_BYTES");
	read_it(text, size, mode, &whole);
	require_same(&pieces, &whole);
	if (mode == LINES || plain.bad == 0)
		require_same(&plain, &whole);
	else
		require(whole.bad > 0);
	fini(&plain);
	fini(&pieces);
	fini(&whole);
	free(text);
	return 0;
}
