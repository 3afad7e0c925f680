#include <criterion/criterion.h>

#include "../unit/csv_rig.h"

static void
assert_writes(const char *bytes, struct rig *rig, const char *format,
	const struct format_option *option, uint32_t option_count,
	const char *expected)
{
	struct buf got = rig_convert(rig, bytes, format, option, option_count);

	cr_assert_str_eq(got.bytes, expected);
	buf_fini(&got);
}

Test(csv_writer, untouched_fields_leave_byte_for_byte)
{
	const char *text = "a,\"b c\"\n\"1\",2\n,\"\"\n\"x\ny\",12\" z\n";
	const char *out = "a,b c\n\"1\",2\n,\"\"\n\"x\ny\",12\" z\n";
	struct rig rig;

	rig_init(&rig, "csv");
	assert_writes(text, &rig, "csv", NULL, 0, out);
	/* The same field by field, not by record. */
	rig_text(&rig, "ragged", TYPE_TEXT, "fill");
	assert_writes("a,b\n\"1\",\"2\"\n3\n", &rig, "csv", NULL, 0,
	    "a,b\n\"1\",\"2\"\n3,\n");
}

Test(csv_writer, options)
{
	struct value delimiter = { .type = TYPE_TEXT,
	    .cell.text = text_make(";", 1) };
	struct value no = { .type = TYPE_BOOL };
	struct value yes = { .type = TYPE_BOOL, .cell.boolean = 1 };
	struct format_option options[] = {
		{ "delim", &delimiter }, { "crlf", &yes }, { "header", &no },
	};
	struct rig rig;

	rig_init(&rig, "csv");
	assert_writes("a,b;c\n1,2\n\"x,y\",\"a;b\"\n,\"\"\n", &rig, "csv",
	    options, 1, "a;\"b;c\"\n1;2\nx,y;\"a;b\"\n;\"\"\n");
	assert_writes("a,b\n1,2\n", &rig, "csv", options, 3, "1;2\r\n");
	assert_writes("a,b\r\n1,2\r\n3,4\r\n", &rig, "csv", options + 1, 1,
	    "a,b\r\n1,2\r\n3,4\r\n");
	assert_writes("a,b\n", &rig, "csv", NULL, 0, "a,b\n");
}

Test(csv_writer, tsv)
{
	struct rig rig;

	rig_init(&rig, "csv");
	assert_writes("a,b\n\"x\ty\",\"p\nq\"\n\\,\"\"\n", &rig, "tsv", NULL, 0,
	    "a\tb\nx\\ty\tp\\nq\n\\\\\t\n");
	rig_init(&rig, "tsv");
	assert_writes("a\tb\nx\\ty\tp,q\n\t\\\\\n", &rig, "csv", NULL, 0,
	    "a,b\nx\ty,\"p,q\"\n,\\\n");
	assert_writes("a\tb\nx\\ty\t1\n", &rig, "tsv", NULL, 0,
	    "a\tb\nx\\ty\t1\n");
}

Test(csv_writer, lines)
{
	struct rig rig;

	rig_init(&rig, "lines");
	assert_writes("a,b\r\n\n\"c", &rig, "lines", NULL, 0, "a,b\n\n\"c\n");
	assert_writes("a,b\n\nc", &rig, "csv", NULL, 0,
	    "line\n\"a,b\"\n\"\"\nc\n");
	rig_init(&rig, "csv");
	assert_writes("a,b\n1,2\n", &rig, "lines", NULL, 0, "error: lines "
	    "writes records of one field, not of 2\nhint: name the one with "
	    "select\n");
}

Test(csv_writer, new_field_is_an_error)
{
	struct rig rig;

	rig_init(&rig, "csv");
	rig_text(&rig, "ragged", TYPE_TEXT, "loose");
	setenv("SFLOW_CHUNK_BYTES", "9", 1);
	assert_writes("a,b\n1,2\n1,2,3\n", &rig, "csv", NULL, 0,
	    "a,b\n1,2\nerror: field '3' appears after the header was "
	    "written\nhint: name the fields with select\n");
	unsetenv("SFLOW_CHUNK_BYTES");
}

static unsigned
below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

static struct value
random_value(unsigned *seed)
{
	static char bytes[64];
	static const char letters[] = "abcdefgh,,\"\"\n\r\t\\; '";
	struct value value = { .type = TYPE_NULL };
	unsigned size = below(seed, below(seed, 2) ? 6 : 40);

	if (below(seed, 8) == 0)
		return value;
	if (below(seed, 8) == 0) {
		value.type = TYPE_INT;
		value.cell.integer = (int64_t)below(seed, 1u << 24) - 99999;
		return value;
	}
	for (unsigned i = 0; i < size; i++)
		bytes[i] = letters[below(seed, sizeof(letters) - 1)];
	value.type = TYPE_TEXT;
	value.cell.text = text_make(bytes, size);
	return value;
}

#define ROWS 700
#define COLUMNS 5

static struct batch *
random_batch(struct schema *schema, unsigned *seed)
{
	struct batch *batch = batch_new(schema, ROWS);
	struct region *region = batch_region(batch);

	for (unsigned c = 0; c < COLUMNS; c++) {
		struct builder builder = { 0 };
		for (unsigned i = 0; i < ROWS; i++) {
			struct value value = random_value(seed);
			/* Columns of one type, and one of many. */
			if (c > 0 && value.type == TYPE_INT && c % 2 == 0)
				value.type = TYPE_NULL;
			if (c % 2 == 1 && value.type == TYPE_TEXT)
				value.type = TYPE_NULL;
			builder_add(&builder, &value);
		}
		builder_finish(&builder, region, &batch->column[c]);
		builder_fini(&builder);
	}
	return batch;
}

static void
assert_cells_equal(const struct batch *a, const struct batch *b, uint32_t rows,
	uint32_t offset)
{
	struct region *region = region_new();

	for (uint32_t i = 0; i < rows; i++) {
		for (uint32_t c = 0; c < COLUMNS; c++) {
			struct value x = column_value(&a->column[c],
			    offset + i, region);
			struct value y = column_value(&b->column[c], i, region);
			struct buf s = { 0 }, t = { 0 };
			if (x.type == TYPE_NULL) {
				cr_assert_eq(y.type, TYPE_NULL);
				continue;
			}
			cr_assert_neq(y.type, TYPE_NULL);
			value_add_text(&x, &s);
			value_add_text(&y, &t);
			cr_assert_str_eq(buf_string(&s), buf_string(&t));
			buf_fini(&s);
			buf_fini(&t);
		}
	}
	region_drop(&region);
}

Test(csv_writer, what_is_written_is_read_again)
{
	static const char *const names[] = { "a", "b,c", "d\"", "e\nf", "" };
	unsigned seed = 5;

	for (int round = 0; round < 20; round++) {
		struct schema *schema = schema_new();
		for (int c = 0; c < COLUMNS; c++)
			schema_add(schema, names[c], strlen(names[c]),
			    TYPE_ANY);
		struct batch *batch = random_batch(schema, &seed);
		struct buf text = { 0 };
		struct err err = ERR_INIT;
		const struct format_def *def = format_find("csv", 3);
		struct output *output = output_memory(&text);
		struct writer *writer = def->write_open(output, NULL, 0, &err);
		cr_assert_eq(def->write(writer, batch, &err), 0);
		def->write_close(&writer);
		output_abort(&output);

		struct bad *bad = bad_new(BAD_STOP, NULL, &err);
		struct input *input = input_memory(text.bytes, text.size);
		struct reader_config config = { .bad = bad };
		struct reader *reader = def->open(input, &config, &err);
		struct batch *again;
		uint32_t rows = 0;
		while (def->next(reader, &again, &err) > 0) {
			assert_cells_equal(batch, again, again->row_count,
			    rows);
			rows += again->row_count;
			batch_free(&again);
		}
		cr_assert_eq(err.kind, ERR_NONE, "%s", err.message);
		cr_assert_eq(rows, ROWS);
		def->close(&reader);
		input_close(&input);
		bad_close(&bad, &err);
		batch_free(&batch);
		schema_drop(&schema);
		buf_fini(&text);
	}
}
