/*
 * The reader against a parser that is as plain as can be, and against itself
 * with other chunks.
 */
#include <criterion/criterion.h>

#include "../unit/csv_rig.h"
#include "../unit/rounds.h"
#include "data/json.h"

#define FIELDS 3
#define SIZE_MAX_BYTES 3000

/* --- the plain parser -------------------------------------------------- */

struct plain {
	const char *bytes;
	size_t size;
	struct buf rows;
	struct buf bad;
	unsigned long line;
	unsigned long read_count;
	unsigned long bad_count;
};

static size_t
line_end_after(const struct plain *plain, size_t at)
{
	const char *end = memchr(plain->bytes + at, '\n', plain->size - at);

	return end == NULL ? plain->size : (size_t)(end - plain->bytes);
}

static unsigned long
lines_between(const struct plain *plain, size_t from, size_t to)
{
	unsigned long count = 0;

	for (; from < to; from++)
		count += plain->bytes[from] == '\n';
	return count;
}

static void
plain_reject(struct plain *plain, size_t start, size_t end, size_t fault,
	const char *reason)
{
	size_t line_start = fault;

	while (line_start > start && plain->bytes[line_start - 1] != '\n')
		line_start--;
	while (end > start && (plain->bytes[end - 1] == '\n' ||
	    plain->bytes[end - 1] == '\r'))
		end--;
	buf_add_format(&plain->bad, "x:%lu:%zu: %s: ", plain->line +
	    lines_between(plain, start, line_start), fault - line_start + 1,
	    reason);
	rig_add_bytes(&plain->bad, plain->bytes + start, end - start);
	buf_add_char(&plain->bad, '\n');
	plain->bad_count++;
}

/* One record; returns where the next starts. */
static size_t
plain_record(struct plain *plain, size_t start)
{
	size_t from[64], to[64], starts[64];
	size_t count = 0;
	size_t at = start;
	const char *b = plain->bytes;
	char reason[64];

	for (;;) {
		size_t begin = at;
		if (at < plain->size && b[at] == '"') {
			at++;
			while (at < plain->size && (b[at] != '"' ||
			    (at + 1 < plain->size && b[at + 1] == '"')))
				at += b[at] == '"' ? 2 : 1;
			if (at >= plain->size) {
				size_t end = line_end_after(plain, start);
				plain_reject(plain, start, end, begin,
				    "quote opened here is never closed");
				return end + 1;
			}
			at++;
			int cr = at < plain->size && b[at] == '\r' &&
			    (at + 1 == plain->size || b[at + 1] == '\n');
			if (!cr && at < plain->size && b[at] != ',' &&
			    b[at] != '\n') {
				size_t end = line_end_after(plain, start);
				plain_reject(plain, start, end, at,
				    "text behind the closing quote");
				return end + 1;
			}
			at += (size_t)cr;
		} else {
			while (at < plain->size && b[at] != ',' &&
			    b[at] != '\n')
				at++;
		}
		if (count < 64) {
			from[count] = begin;
			to[count] = at;
			starts[count] = begin;
		}
		count++;
		if (at >= plain->size || b[at] == '\n')
			break;
		at++;
	}
	size_t end = at;
	size_t last = count < 64 ? count - 1 : 63;
	if (count <= 64 && to[last] > from[last] && b[to[last] - 1] == '\r')
		to[last]--;
	if (count == 1 && to[0] == from[0])
		return end + 1;
	plain->read_count++;
	if (count != FIELDS) {
		snprintf(reason, sizeof(reason), "expected 3 fields, found %zu",
		    count);
		plain_reject(plain, start, end, count > FIELDS ?
		    starts[FIELDS] : to[last], reason);
		return end + 1;
	}
	buf_add_format(&plain->rows, "%lu ", plain->line);
	rig_add_bytes(&plain->rows, b + start, to[last] - start);
	buf_add_char(&plain->rows, ' ');
	for (size_t i = 0; i < count; i++) {
		buf_add_char(&plain->rows, '|');
		rig_add_bytes(&plain->rows, b + from[i], to[i] - from[i]);
	}
	buf_add_char(&plain->rows, '\n');
	return end + 1;
}

static struct buf
plain_run(const char *bytes, size_t size)
{
	struct plain plain = { .bytes = bytes, .size = size, .line = 1 };
	struct buf out = { 0 };
	size_t quote_rejects = 0;

	for (size_t at = 0; at < size;) {
		unsigned long read_before = plain.read_count;
		unsigned long bad_before = plain.bad_count;
		size_t next = plain_record(&plain, at);
		quote_rejects += plain.bad_count > bad_before &&
		    plain.read_count == read_before;
		plain.line += lines_between(&plain, at,
		    next < size ? next : size);
		at = next;
	}
	buf_add_string(&out, "[a][b][c]\n");
	buf_add(&out, plain.rows.bytes, plain.rows.size);
	buf_add_format(&out, "bad %lu read %lu\n", plain.bad_count,
	    plain.read_count + quote_rejects);
	buf_add(&out, plain.bad.bytes, plain.bad.size);
	buf_fini(&plain.rows);
	buf_fini(&plain.bad);
	buf_string(&out);
	return out;
}

/* --- random files ------------------------------------------------------ */

static unsigned
below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

/* Fields, separators, and as much nonsense as `nonsense` of 100 says. */
static size_t
random_csv(char *bytes, unsigned *seed, unsigned rows, unsigned nonsense)
{
	static const char *const fields[] = {
		"", "a", "12", "a rather long word of text", "\"\"", "\"a\"",
		"\"a,b\"", "\"a\nb\"", "\"a\"\"b\"", "\"\"\"\"", "12\" monitor",
		"\"line\r\nend\"", "  ",
		"\"a long text, and a quote \"\" in it\"",
	};
	static const char *const odd[] = {
		"\"", "\"\"", ",", "\n", "\r", "\r\n", "\n\n", "\"a\"b",
		"\" ", "\"\r", "\r\r\n", "x\"", "\n\"", ",\"",
	};
	size_t size = 0;

	for (unsigned r = 0; r < rows && size + 400 < SIZE_MAX_BYTES; r++) {
		for (unsigned f = 0; f < FIELDS; f++) {
			const char *text = fields[below(seed, 14)];
			if (below(seed, 100) < nonsense)
				text = odd[below(seed, 14)];
			if (f > 0)
				bytes[size++] = ',';
			memcpy(bytes + size, text, strlen(text));
			size += strlen(text);
		}
		if (below(seed, 4) == 0)
			bytes[size++] = '\r';
		bytes[size++] = '\n';
	}
	if (size > 0 && below(seed, 3) == 0)
		size--;
	return size;
}

static void
three_names(struct rig *rig)
{
	rig_init(rig, "csv");
	rig_bool(rig, "header", 0);
	rig_text(rig, "names", TYPE_LIST, "[\"a\",\"b\",\"c\"]");
}

/* Says the first line that differs. */
static void
assert_same(const struct buf *got, const struct buf *expected,
	const char *bytes, size_t size, unsigned chunk)
{
	size_t at = 0;

	if (got->size == expected->size &&
	    memcmp(got->bytes, expected->bytes, got->size) == 0)
		return;
	while (at < got->size && got->bytes[at] == expected->bytes[at])
		at++;
	while (at > 0 && got->bytes[at - 1] != '\n')
		at--;
	cr_assert_fail("chunks of %u: input:\n%.*s\n--- expected:\n%.200s\n"
	    "--- got:\n%.200s", chunk, (int)size, bytes, expected->bytes + at,
	    got->bytes + at);
}

Test(csv_reader, agrees_with_a_plain_parser)
{
	static char bytes[SIZE_MAX_BYTES + 1000];
	unsigned seed = 3;
	struct rig rig;

	three_names(&rig);
	for (unsigned round = 0; round < 1500; round++) {
		static const unsigned nonsense[] = { 0, 1, 5, 30 };
		size_t size = random_csv(bytes, &seed, 1 + below(&seed, 40),
		    nonsense[round % 4]);
		struct buf expected = plain_run(bytes, size);
		for (int i = 0; i < 3; i++) {
			rig.chunk_bytes = i == 0 ? 0 :
			    1 + below(&seed, i == 1 ? 300 : 3000);
			struct buf got = rig_run(&rig, bytes, size);
			assert_same(&got, &expected, bytes, size,
			    rig.chunk_bytes);
			buf_fini(&got);
		}
		buf_fini(&expected);
	}
}

/* Every way to read, cut in every way. */
static void
assert_chunks_do_not_matter(struct rig *rig, const char *bytes, size_t size)
{
	rig->chunk_bytes = 0;
	struct buf expected = rig_run(rig, bytes, size);

	for (unsigned chunk = 1; chunk <= 300; chunk += 1 + chunk / 16) {
		rig->chunk_bytes = chunk;
		struct buf got = rig_run(rig, bytes, size);
		assert_same(&got, &expected, bytes, size, chunk);
		buf_fini(&got);
	}
	buf_fini(&expected);
}

static void
way_to_read(struct rig *rig, unsigned way)
{
	static const char *const ragged[] = { "error", "fill", "loose" };

	rig_init(rig, way % 11 == 10 ? "tsv" : way % 13 == 12 ? "lines" :
	    "csv");
	rig->policy = way % 5 == 4 ? BAD_STOP : BAD_FILE;
	if (strcmp(rig->format->name, "lines") == 0)
		return;
	rig_text(rig, "ragged", TYPE_TEXT, ragged[way % 3]);
	/* It is there only when no row of a batch was filled up. */
	rig->without_record = way % 3 != 0;
	rig_bool(rig, "header", way / 3 % 2);
	if (way / 6 % 2)
		rig_text(rig, "comment", TYPE_TEXT, "a");
	if (way / 7 % 3 == 0)
		rig_bool(rig, "text", 1);
	else if (way / 7 % 3 == 1 && way / 3 % 2 == 0)
		rig_text(rig, "types", TYPE_RECORD, "{\"1\":\"int\"}");
	rig_int(rig, "skip", way / 9 % 3);
	rig_int(rig, "max_record", 60 + way % 50);
	if (strcmp(rig->format->name, "csv") != 0)
		return;
	rig_bool(rig, "trailing", way / 5 % 2);
	rig_bool(rig, "quote", way / 4 % 4 != 3);
	rig_int(rig, "max_field", 5 + way % 40);
}

Test(csv_reader, chunks_do_not_matter)
{
	static char bytes[SIZE_MAX_BYTES + 1000];
	unsigned seed = 11;

	for (unsigned way = 0; way < 200; way++) {
		struct rig rig;
		way_to_read(&rig, way);
		size_t size = random_csv(bytes, &seed, 1 + below(&seed, 20),
		    way % 4 * 4);
		assert_chunks_do_not_matter(&rig, bytes, size);
	}
}

/* Rows that are all alike, then some that are not, and so on. */
static size_t
patchy_csv(char *bytes, size_t most, unsigned *seed)
{
	size_t size = 0;

	while (size + SIZE_MAX_BYTES + 2000 < most) {
		for (uint32_t rows = below(seed, 150); rows > 0; rows--)
			size += (size_t)sprintf(bytes + size, "%u,%u,%u%s\n",
			    below(seed, 100), below(seed, 9999), below(seed, 9),
			    below(seed, 2000) == 0 ? "\r" : "");
		if (below(seed, 2) == 0)
			size += random_csv(bytes + size, seed,
			    1 + below(seed, 4), below(seed, 3) * 10);
		if (size > 0 && bytes[size - 1] != '\n')
			bytes[size++] = '\n';
	}
	return size;
}

Test(csv_reader, fields_that_nobody_needs_change_nothing)
{
	static const char *const names[] = { "a", "c", "none" };
	static char bytes[60000];
	unsigned seed = 23;

	for (unsigned round = 0; round < rounds(90); round++) {
		size_t size = patchy_csv(bytes, sizeof(bytes), &seed);
		struct rig rig;
		three_names(&rig);
		rig.only = names[round % 3];
		struct buf expected = rig_run(&rig, bytes, size);
		rig.need = (struct need){ .name = &rig.only, .name_count = 1,
			.record = 1 };
		for (int i = 0; i < 3; i++) {
			rig.chunk_bytes = i == 0 ? 0 : 1 + below(&seed, 4000);
			struct buf got = rig_run(&rig, bytes, size);
			assert_same(&got, &expected, bytes, size,
			    rig.chunk_bytes);
			buf_fini(&got);
		}
		buf_fini(&expected);
	}
}

/* --- what is said ------------------------------------------------------ */

static void
assert_reads(struct rig *rig, const char *bytes, const char *expected)
{
	struct buf got = rig_run(rig, bytes, strlen(bytes));

	cr_assert_str_eq(got.bytes, expected);
	buf_fini(&got);
}

Test(csv_reader, header)
{
	struct rig rig;

	rig_init(&rig, "csv");
	assert_reads(&rig, "\xef\xbb\xbf" "a,\"b \"\"x\"\"\",a,,a\r\n1,2,3,4,5",
	    "[a][b \"x\"][a_2][4][a_3]\n2 1,2,3,4,5 |1|2|3|4|5\n"
	    "bad 0 read 1\n");
	assert_reads(&rig, "", "\nbad 0 read 0\n");
	assert_reads(&rig, "a,b", "[a][b]\nbad 0 read 0\n");
	assert_reads(&rig, "a,\"b\n1,2\n", "error: memory:1:3: quote is never "
	    "closed\nhint: \nbad 0 read 0\n");
	assert_reads(&rig, "\xff\xfe" "a", "error: memory is UTF-16; only "
	    "UTF-8 is read\nhint: convert it: iconv -f UTF-16 -t UTF-8\n"
	    "bad 0 read 0\n");
	rig_bool(&rig, "header", 0);
	assert_reads(&rig, "1,2\n\n3,4\n", "[1][2]\n1 1,2 |1|2\n3 3,4 |3|4\n"
	    "bad 0 read 2\n");
	rig_text(&rig, "comment", TYPE_TEXT, "#");
	rig_int(&rig, "skip", 1);
	assert_reads(&rig, "\"skipped\n#c \"\n1,2\n# , \"\n3,4\n",
	    "[1][2]\n3 1,2 |1|2\n5 3,4 |3|4\nbad 0 read 2\n");
}

Test(csv_reader, many_equal_names)
{
	struct rig rig;
	struct buf bytes = { 0 };

	rig_init(&rig, "csv");
	for (int i = 0; i < 100000; i++)
		buf_add_string(&bytes, "a,");
	buf_add_string(&bytes, "a_7\n");
	for (int i = 0; i < 100000; i++)
		buf_add_string(&bytes, ",");
	struct buf got = rig_run(&rig, bytes.bytes, bytes.size);
	cr_assert_not_null(strstr(got.bytes, "[a_99999][a_100000][a_7_2]\n"));
	cr_assert_not_null(strstr(got.bytes, "\nbad 0 read 1\n"));
	buf_fini(&got);
	buf_fini(&bytes);
}

Test(csv_reader, one_column_keeps_empty_lines)
{
	struct rig rig;

	rig_init(&rig, "csv");
	assert_reads(&rig, "a\n1\n\n\"\"\n", "[a]\n2 1 |1\n3  |\n4 \"\" |\"\"\n"
	    "bad 0 read 3\n");
}

Test(csv_reader, ragged)
{
	struct rig rig;

	rig_init(&rig, "csv");
	assert_reads(&rig, "a,b\n1\n1,2\n1,2,3\n", "[a][b]\n3 1,2 |1|2\n"
	    "bad 2 read 3\n"
	    "x:2:2: expected 2 fields, found 1: 1\n"
	    "x:4:5: expected 2 fields, found 3: 1,2,3\n");
	/* A record that needs no filling is told of if it has a batch alone. */
	rig.without_record = 1;
	rig_text(&rig, "ragged", TYPE_TEXT, "fill");
	assert_reads(&rig, "a,b\n1\n1,2\n1,2,3\n", "[a][b]\n|1|\n|1|2\n"
	    "bad 1 read 3\n"
	    "x:4:5: expected 2 fields, found 3: 1,2,3\n");
	rig_text(&rig, "ragged", TYPE_TEXT, "loose");
	assert_reads(&rig, "a,b\n1\n1,2\n1,2,3\n",
	    "[a][b]\n|1|\n|1|2\n|1|2|text:3\nbad 0 read 3\n");
}

Test(csv_reader, loose_with_some_fields)
{
	static const char *const names[] = { "4", "b", "nothing" };
	struct rig rig;

	rig_init(&rig, "csv");
	rig_text(&rig, "ragged", TYPE_TEXT, "loose");
	rig.need = (struct need){ .name = names, .name_count = 3 };
	rig.without_record = 1;
	assert_reads(&rig, "a,b\n1\n1,2\n1,2,3,4\n", "[a][b]\n"
	    "|\n|2\n|text:4|2\nbad 0 read 3\n");
}

Test(csv_reader, trailing_delimiters)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_text(&rig, "delim", TYPE_TEXT, "|");
	rig_bool(&rig, "header", 0);
	rig_bool(&rig, "trailing", 1);
	assert_reads(&rig, "1|a b|\n2||\n3|x\n4|y|z\n", "[1][2]\n"
	    "1 1|a b |1|a b\n2 2| |2|\n3 3|x |3|x\nbad 1 read 4\n"
	    "x:4:5: expected 2 fields, found 3: 4|y|z\n");
}

Test(csv_reader, types)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_text(&rig, "types", TYPE_RECORD, "{\"n\":\"int\",\"t\":\"timestamp"
	    "\",\"d\":\"decimal\",\"s\":\"text\",\"l\":\"list\"}");
	assert_reads(&rig, "n,t,d,s,l\n"
	    "\" 7\",2026-01-02T03:04:05Z,1.50,\"a\"\"b\",\"[1, 2]\"\n"
	    ",,,,\n"
	    "x,,,,\n"
	    "1,yesterday,,,\n"
	    "2,,,,{}\n",
	    "[n][t][d][s][l]\n"
	    "2 \" 7\",2026-01-02T03:04:05Z,1.50,\"a\"\"b\",\"[1, 2]\" "
	    "|int:7|timestamp:2026-01-02T03:04:05Z|decimal:1.50|text:a\"b"
	    "|list:[1,2]\n"
	    "3 ,,,, |null|null|null|null|null\n"
	    "bad 3 read 5\n"
	    "x:4:1: expected an int in field 'n': x,,,,\n"
	    "x:5:3: expected a timestamp in field 't': 1,yesterday,,,\n"
	    "x:6:6: expected a list in field 'l': 2,,,,{}\n");
	rig_text(&rig, "types", TYPE_RECORD, "{\"tt\":\"int\"}");
	assert_reads(&rig, "t\n", "error: types: memory has no field 'tt'\n"
	    "hint: did you mean t?\nbad 0 read 0\n");
}

Test(csv_reader, text)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_bool(&rig, "text", 1);
	assert_reads(&rig, "a,b\n,\"x\"\n", "[a][b]\n2 ,\"x\" |text:|text:x\n"
	    "bad 0 read 1\n");
}

Test(csv_reader, no_quotes)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_bool(&rig, "quote", 0);
	assert_reads(&rig, "a,b\n\"x,\n", "[a][b]\n2 \"x, |\"x|null\n"
	    "bad 0 read 1\n");
}

Test(csv_reader, limits)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_int(&rig, "max_field", 4);
	rig_int(&rig, "max_record", 9);
	assert_reads(&rig, "a,b\n\"abc\",\"\"\n1,\"abcd\"\n1,23456789\n3,4\n",
	    "[a][b]\n2 \"abc\",\"\" |\"abc\"|\"\"\n5 3,4 |3|4\n"
	    "bad 2 read 4\n"
	    "x:3:3: quote opened here is not closed within 4 bytes (max_field)"
	    ": 1,\"abcd\"\n"
	    "x:4:1: record is longer than 9 bytes (max_record): 1,23456789\n");
}

Test(csv_reader, stops_with_a_message)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig.policy = BAD_STOP;
	assert_reads(&rig, "a,b\n1,2\n3,\"4\n5\",6\n7,8\n", "[a][b]\n"
	    "2 1,2 |1|2\nerror: x:4:4: expected 2 fields, found 3\n"
	    "  | 5\",6\n"
	    "       ^\nhint: \nbad 1 read 2\n");
	assert_reads(&rig, "a,b\n1,\t\"z\xc3\xa4\"\n\"a\"b,2\n", "[a][b]\n"
	    "2 1,\t\"z\xc3\xa4\" |1|\t\"z\xc3\xa4\"\n"
	    "error: x:3:4: text behind the closing quote\n"
	    "  | \"a\"b,2\n"
	    "       ^\nhint: \nbad 1 read 2\n");
}

/* A writer that pauses: what is whole comes at once. */
Test(csv_reader, does_not_wait_for_more, .timeout = 10)
{
	struct err err = ERR_INIT;
	struct bad *bad = bad_new(BAD_STOP, NULL, &err);
	struct reader_config config = { .bad = bad };
	const struct format_def *csv = format_find("csv", 3);
	struct batch *batch;
	int ends[2];
	char path[32];

	cr_assert_eq(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	cr_assert_eq(write(ends[1], "a,b\n1,2\n3,", 10), 10);
	struct input *input = input_open(path, &err);
	struct reader *reader = csv->open(input, &config, &err);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(csv->next(reader, &batch, &err), 1);
		cr_assert_eq(batch->row_count, 1);
		cr_assert_eq(batch->first_line, 2 + i);
		cr_assert_eq(batch->first_record, 1 + i);
		batch_free(&batch);
		if (i == 0)
			cr_assert_eq(write(ends[1], "4\n5,6", 5), 5);
		else if (i == 1)
			close(ends[1]);
	}
	cr_assert_eq(csv->next(reader, &batch, &err), 0);
	csv->close(&reader);
	input_close(&input);
	bad_close(&bad, &err);
	close(ends[0]);
}

Test(csv_reader, bad_options)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_bool(&rig, "headr", 1);
	assert_reads(&rig, "", "error: csv has no option 'headr'\n"
	    "hint: did you mean header?\nbad 0 read 0\n");
	rig_init(&rig, "csv");
	rig_int(&rig, "header", 1);
	assert_reads(&rig, "", "error: csv: option 'header' takes a value of "
	    "type bool, not int\nhint: \nbad 0 read 0\n");
	rig_init(&rig, "csv");
	rig_text(&rig, "delim", TYPE_TEXT, ",,");
	assert_reads(&rig, "", "error: csv: delim must be one byte, not "
	    "\",,\"\nhint: \nbad 0 read 0\n");
	rig_init(&rig, "csv");
	rig_text(&rig, "types", TYPE_RECORD, "{\"a\":\"number\"}");
	assert_reads(&rig, "", "error: csv: 'number' is not a type\nhint: "
	    "types are bool, int, float, decimal, timestamp, date, duration, "
	    "text, list, record\nbad 0 read 0\n");
}

/* --- csv-spectrum ------------------------------------------------------ */

/* All bytes of a file, for buf_fini(); 0 if there is none. */
static int
read_whole(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;
	struct input *input = input_open(path, &err);
	ssize_t got;

	if (input == NULL)
		return 0;
	while ((got = input_read(input, buf_reserve(out, 4096), 4096,
	    &err)) > 0)
		out->size += (size_t)got;
	input_close(&input);
	return 1;
}

/* What the rig must say of `count` records in a JSON array of objects. */
static void
add_expected_rows(struct buf *out, const struct buf *json,
	struct region *region)
{
	struct json_walk rows, fields;
	struct json_member row, field;
	int first = 1;

	json_walk_init(&rows, json->bytes, json->size);
	while (json_walk_next(&rows, &row)) {
		struct buf texts = { 0 };
		json_walk_init(&fields, row.bytes, row.size);
		while (json_walk_next(&fields, &field)) {
			struct value value = json_value(field.bytes,
			    field.size, region);
			if (first)
				buf_add_format(out, "[%.*s]",
				    (int)field.key_size, field.key);
			buf_add_string(&texts, "|text:");
			rig_add_bytes(&texts, text_bytes(&value.cell.text),
			    value.cell.text.size);
		}
		buf_add_string(out, first ? "\n" : "");
		buf_add(out, texts.bytes, texts.size);
		buf_add_char(out, '\n');
		buf_fini(&texts);
		first = 0;
	}
}

Test(csv_reader, csv_spectrum)
{
	static const char *const names[] = {
		/* Not location_coordinates: its two files differ in bytes. */
		"comma_in_quotes", "empty", "empty_crlf", "escaped_quotes",
		"json", "newlines", "newlines_crlf", "quotes_and_newlines",
		"simple", "simple_crlf", "utf8",
	};
	const char *folder = getenv("SFLOW_DATA");
	const char *source = getenv("srcdir");
	char path[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buf csv = { 0 }, json = { 0 }, expected = { 0 };
		struct region *region = region_new();
		struct rig rig;
		for (int k = 0; k < 2; k++) {
			snprintf(path, sizeof(path),
			    "%s%s/csv-spectrum/%s/%s.%s",
			    folder != NULL ? "" : source != NULL ? source : ".",
			    folder != NULL ? folder : "/../shared/data",
			    k ? "json" : "csvs", names[i], k ? "json" : "csv");
			if (!read_whole(path, k ? &json : &csv))
				cr_skip_test("no %s: SFLOW_DATA=FOLDER names "
				    "the test data", path);
		}
		rig_init(&rig, "csv");
		rig_bool(&rig, "text", 1);
		rig.without_record = 1;
		struct buf got = rig_run(&rig, csv.bytes, csv.size);
		add_expected_rows(&expected, &json, region);
		*strstr(got.bytes, "bad 0") = '\0';
		cr_assert_str_eq(got.bytes, buf_string(&expected), "%s",
		    names[i]);
		buf_fini(&csv);
		buf_fini(&json);
		buf_fini(&expected);
		buf_fini(&got);
		region_drop(&region);
	}
}
