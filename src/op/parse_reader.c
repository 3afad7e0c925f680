/*
 * parse x as csv(names=["a", "b"]), as clf, ...: by the format's own reader.
 *
 * The texts of a batch are written one below the other and read as if they were
 * a file.  When that gives as many records as there were texts, all is well.
 * Else some text is not one record; the halves are tried in turn, down to the
 * single text that is to blame, which is rejected with the reader's reason.
 */
#include "op/parse_format.h"

#include <string.h>

#include "io/bad.h"
#include "io/input.h"
#include "op/rows.h"
#include "util/buf.h"

static int
has_option(const struct format_def *format, const char *name)
{
	for (const struct option_def *option = format->reader_options;
	    option != NULL && option->name != NULL; option++)
		if (strcmp(option->name, name) == 0)
			return 1;
	return 0;
}

/* Options as given, and that there is no header. */
struct reader_options {
	struct format_option *option;
	uint32_t count;
	struct value no_header;
};

static void
options_init(struct reader_options *options, const struct op_args *args)
{
	options->no_header = (struct value){ .type = TYPE_BOOL };
	options->option = mem_alloc((args->option_count + 1) *
	    sizeof(*options->option));
	if (args->option_count > 0)
		memcpy(options->option, args->option,
		    args->option_count * sizeof(*options->option));
	options->count = args->option_count;
	if (has_option(args->parse_format, "header") &&
	    format_option_value(args->option, args->option_count,
	    "header") == NULL)
		options->option[options->count++] = (struct format_option){
			.name = "header", .value = &options->no_header,
		};
}

static struct reader *
reader_open(const struct op_args *args, struct input *input, struct bad *bad,
	struct reader_options *options, struct err *err)
{
	static const struct origin origin = { "text" };
	struct reader_config config = {
		.option = options->option, .option_count = options->count,
		.bad = bad, .origin = &origin,
	};

	return args->parse_format->open(input, &config, err);
}

static int
bind_refuse(const struct op_args *args, struct err *err)
{
	const struct format_def *format = args->parse_format;

	if (format->open == NULL)
		return err_set(err, ERR_PROGRAM, "%s can be written, not read",
		    format->name);
	if (format_option_bool(args->option, args->option_count, "header", 0)) {
		err_set(err, ERR_PROGRAM, "a single record has no header");
		return err_hint(err, "name the fields: %s(names=[\"a\", "
		    "\"b\"])", format->name);
	}
	if (has_option(format, "names") && format_option_value(args->option,
	    args->option_count, "names") == NULL) {
		err_set(err, ERR_PROGRAM, "the fields of a single %s record "
		    "have no names", format->name);
		return err_hint(err, "name them: %s(names=[\"a\", \"b\"])",
		    format->name);
	}
	return 0;
}

struct schema *
parse_reader_bind(const struct op_args *args, struct err *err)
{
	struct reader_options options;
	struct schema *fields = NULL, *schema;

	if (bind_refuse(args, err) != 0)
		return NULL;
	struct bad *bad = bad_new(BAD_STOP, NULL, err);
	if (bad == NULL)
		return NULL;
	options_init(&options, args);
	struct input *input = input_memory("", 0);
	struct reader *reader = reader_open(args, input, bad, &options, err);
	if (reader != NULL) {
		schema = args->parse_format->schema(reader, err);
		if (schema != NULL && schema->open)
			err_set(err, ERR_PROGRAM, "the fields of a single %s "
			    "record are not known", args->parse_format->name);
		else if (schema != NULL)
			fields = schema_copy(schema);
		schema_drop(&schema);
		args->parse_format->close(&reader);
	}
	input_close(&input);
	bad_close(&bad, err);
	mem_free(options.option);
	return fields;
}

/* One batch's reading. */
struct reading {
	struct op_run *run;
	const struct parse_texts *texts;
	const uint16_t *row;
	struct rejects *rejects;
	struct rows *rows;
	struct row_ref *ref;	/* by physical row */
	uint16_t *order;	/* texts to be read, by number */
	struct reader_options options;
	struct err *err;	/* of what is nobody's text: memory */
	int failed;
};

/* All records into the rows; how many there were, or -1 with err. */
static int64_t
reading_next(struct reading *reading, struct reader *reader, uint32_t first,
	uint32_t count, struct err *err)
{
	const struct format_def *format = reading->run->op->args.parse_format;
	uint32_t read = 0;
	struct batch *batch;
	int more;

	while ((more = format->next(reader, &batch, err)) > 0) {
		uint32_t index;
		batch->has_record = 0;
		more = rows_add(reading->rows, batch, &index, err);
		for (uint32_t i = 0; i < batch->sel_count; i++) {
			if (read < count) {
				uint32_t text = reading->order[first + read];
				uint32_t at = reading->row == NULL ? text :
				    reading->row[text];
				reading->ref[at] = (struct row_ref){ index, i };
			}
			read++;
		}
		batch_free(&batch);
		if (more != 0)
			break;
	}
	return more < 0 ? -1 : (int64_t)read;
}

/* The reader's sentence, without the place and the excerpt. */
static const char *
reading_reason(const struct err *err, struct region *region)
{
	const char *start = err->message;
	const char *end = strchr(start, '\n');

	if (err->kind == ERR_NONE)
		return "the text is not one record";
	if (strncmp(start, "text:", 5) == 0 &&
	    strstr(start, ": ") != NULL)
		start = strstr(start, ": ") + 2;
	size_t size = end == NULL ? strlen(start) : (size_t)(end - start);
	char *reason = region_alloc(region, size + 1);
	memcpy(reason, start, size);
	reason[size] = '\0';
	return reason;
}

/* Read the texts order[first..+count) as one; 1: all are records. */
static int
reading_try(struct reading *reading, uint32_t first, uint32_t count,
	struct err *err)
{
	const struct op_args *args = &reading->run->op->args;
	struct need need = { .all = 1 };
	struct buf all = { 0 };
	int64_t read = -1;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t text = reading->order[first + i];
		const uint32_t *range = &reading->texts->range[2 * text];
		buf_add(&all, reading->texts->base + range[0],
		    range[1] - range[0]);
		buf_add_char(&all, '\n');
	}
	struct input *input = input_memory(all.bytes, all.size);
	struct bad *bad = bad_new(BAD_STOP, NULL, err);
	struct reader *reader = bad == NULL ? NULL : reader_open(args, input,
	    bad, &reading->options, err);
	if (reader != NULL) {
		struct schema *schema = args->parse_format->schema(reader, err);
		if (schema != NULL) {
			args->parse_format->need(reader, &need);
			read = reading_next(reading, reader, first, count, err);
		}
		schema_drop(&schema);
		args->parse_format->close(&reader);
	}
	input_close(&input);
	if (bad != NULL)
		bad_close(&bad, err);
	buf_fini(&all);
	return read == count;
}

static void
reading_range(struct reading *reading, uint32_t first, uint32_t count)
{
	struct err err = ERR_INIT;

	if (count == 0 || reading->failed ||
	    reading_try(reading, first, count, &err))
		return;
	if (err.kind != ERR_NONE && err.kind != ERR_DATA) {
		*reading->err = err;
		reading->failed = 1;
		return;
	}
	if (count > 1) {
		reading_range(reading, first, count / 2);
		reading_range(reading, first + count / 2, count - count / 2);
		return;
	}
	uint32_t text = reading->order[first];
	rejects_add(reading->rejects, reading->row == NULL ? text :
	    reading->row[text], reading_reason(&err, reading->rejects->region));
}

/* The fields' columns from the rows that were read. */
static void
reading_columns(struct reading *reading, const struct schema *fields,
	uint32_t rows, struct batch *batch, struct column **out)
{
	struct region *region = batch_region(batch);
	const struct schema *schema = rows_schema(reading->rows);

	*out = region_alloc(region, (fields->field_count + 1) * sizeof(**out));
	batch_take_region(batch, region_hold(rows_region(reading->rows)));
	for (uint32_t i = 0; i < fields->field_count; i++) {
		int index = schema_find(schema, fields->field[i].name,
		    fields->field[i].name_size);
		if (index < 0)
			column_init_null(&(*out)[i]);
		else
			rows_gather_column(reading->rows, (uint32_t)index,
			    reading->ref, rows, region, &(*out)[i]);
	}
}

int
parse_reader_read(struct op_run *run, const struct schema *fields,
	const struct parse_texts *texts, const uint16_t *row, uint32_t rows,
	struct rejects *rejects, struct batch *batch, struct column **out,
	struct err *err)
{
	struct reading reading = {
		.run = run, .texts = texts, .row = row, .rejects = rejects,
		.rows = rows_new(run),
		.ref = mem_alloc((rows + 1) * sizeof(struct row_ref)),
		.order = mem_alloc((texts->count + 1) * sizeof(uint16_t)),
		.err = err,
	};
	uint32_t count = 0;

	options_init(&reading.options, &run->op->args);
	for (uint32_t i = 0; i < rows; i++)
		reading.ref[i] = (struct row_ref){ ROWS_NONE, 0 };
	for (uint32_t i = 0; i < texts->count; i++)
		if (!rejects_has(rejects, row == NULL ? i : row[i]))
			reading.order[count++] = (uint16_t)i;
	reading_range(&reading, 0, count);
	if (!reading.failed)
		reading_columns(&reading, fields, rows, batch, out);
	rows_free(&reading.rows);
	mem_free(reading.ref);
	mem_free(reading.order);
	mem_free(reading.options.option);
	return reading.failed ? -1 : 0;
}
