/*
 * Bounded sources: files, globs and standard input as one stream of batches.
 *
 *     source_open     expand, open, read headers: the schema is known
 *     source_start    what the plan needs; readers may skip the rest
 *     source_next ... one input after the other
 *
 * Opening looks at every file, so that a missing one is an error before any
 * output and a CSV file with a field that the first has not is no surprise in
 * the middle.  Only the reader of the current input is kept open.
 *
 * A CSV batch is aligned with the source's schema: columns by name, what a file
 * has not is null.  When a file's header is not the schema the record's own
 * bytes would not fit the output's header, so has_record is cleared.
 */
#include "op/source.h"

#include <stdio.h>
#include <string.h>

#include "io/bad.h"
#include "io/input.h"
#include "util/buf.h"
#include "util/glob.h"

struct source_file {
	struct origin origin;
	const struct format_def *format;
	struct reader *reader;		/* NULL: not open */
	struct input *input;
	uint8_t delimiter;	/* csv: found in the header; 0: not asked */
	struct value delimiter_value;
};

struct source {
	const struct source_spec *spec;
	struct bad *bad;
	struct source_file *file;
	uint32_t file_count;
	uint32_t at;			/* the file being read */
	struct schema *schema;
	const struct format_def *format;
	struct need need;
	/* Alignment of the current batch schema to ours. */
	struct schema *aligned;		/* held; the schema `map` is for */
	int *map;			/* our column -> theirs, or -1 */
	int map_is_identity;
	int headers_differ;
	uint8_t *unused;	/* per field: nobody looks at it; or NULL */
	uint8_t *seen;	/* open: per needed name, some record has it */
	uint32_t unseen_count;
	uint64_t row_count;
	char label[128];
};

/* Bytes looked at to tell the format or the delimiter. */
#define SNIFF_BYTES 4096

static const struct format_def *
format_named(const char *name)
{
	return format_find(name, strlen(name));
}

/* What the first bytes look like, for stdin and unknown extensions. */
static const struct format_def *
sniff_format(const char *bytes, size_t size, int is_stdin)
{
	size_t at = 0;

	if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		at = 3;
	while (at < size && strchr(" \t\r\n", bytes[at]) != NULL &&
	    bytes[at] != '\0')
		at++;
	if (at < size && bytes[at] == '{')
		return format_named("jsonl");
	if (at < size && bytes[at] == '[')
		return format_named("json");
	if (!is_stdin)
		return format_named("lines");
	const char *end = memchr(bytes, '\n', size);
	size_t line = end == NULL ? size : (size_t)(end - bytes);
	if (memchr(bytes, '\t', line) != NULL)
		return format_named("tsv");
	if (memchr(bytes, ',', line) != NULL)
		return format_named("csv");
	return format_named("lines");
}

/*
 * The delimiter of a CSV header: the most frequent of , ; | and tab outside
 * quotes; the comma wins ties.
 */
static uint8_t
sniff_delimiter(const char *bytes, size_t size)
{
	static const char candidates[] = ",;\t|";
	uint32_t seen[4] = { 0 };
	int quoted = 0;

	for (size_t i = 0; i < size && (quoted || bytes[i] != '\n'); i++) {
		if (bytes[i] == '"')
			quoted = !quoted;
		for (unsigned c = 0; c < 4 && !quoted; c++)
			seen[c] += bytes[i] == candidates[c];
	}
	unsigned best = 0;
	for (unsigned c = 1; c < 4; c++)
		if (seen[c] > seen[best])
			best = c;
	return (uint8_t)candidates[best];
}

static int
file_sniff(struct source *source, struct source_file *file, struct err *err)
{
	const char *path = file->origin.path;
	int is_stdin = strcmp(path, "stdin") == 0;
	const char *bytes;
	size_t size;

	if (file->format == NULL && !is_stdin)
		file->format = format_of_path(path);
	int is_csv = file->format != NULL &&
	    strcmp(file->format->name, "csv") == 0;
	int told = format_option_value(source->spec->option,
	    source->spec->option_count, "delim") != NULL;
	if (file->format != NULL && (!is_csv || told))
		return 0;
	if (input_peek(file->input, SNIFF_BYTES, &bytes, &size, err) != 0)
		return -1;
	if (file->format == NULL)
		file->format = sniff_format(bytes, size, is_stdin);
	else
		file->delimiter = sniff_delimiter(bytes, size);
	return 0;
}

/* Options of the program, and the delimiter if it was found. */
static struct format_option *
file_options(const struct source *source, struct source_file *file,
	uint32_t *count)
{
	const struct source_spec *spec = source->spec;
	struct format_option *option = mem_alloc(
	    (spec->option_count + 1) * sizeof(*option));

	if (spec->option_count > 0)
		memcpy(option, spec->option,
		    spec->option_count * sizeof(*option));
	*count = spec->option_count;
	if (file->delimiter != 0 && file->delimiter != ',') {
		file->delimiter_value.type = TYPE_TEXT;
		file->delimiter_value.cell.text =
		    text_make((const char *)&file->delimiter, 1);
		option[(*count)++] = (struct format_option){
			.name = "delim", .value = &file->delimiter_value,
		};
	}
	return option;
}

static int
file_open(struct source *source, struct source_file *file, struct err *err)
{
	uint32_t option_count;

	file->input = input_open(file->origin.path, err);
	if (file->input == NULL)
		return -1;
	if (file_sniff(source, file, err) != 0)
		return -1;
	const struct format_def *format = file->format;
	if (format->open == NULL)
		return err_set(err, ERR_USAGE, "the format %s cannot be read",
		    format->name);
	struct format_option *option = file_options(source, file,
	    &option_count);
	struct reader_config config = {
		.option = option, .option_count = option_count,
		.bad = source->bad, .origin = &file->origin,
	};
	int status = format_check_options(format->name, format->reader_options,
	    option, option_count, err);
	if (status == 0) {
		file->reader = format->open(file->input, &config, err);
		status = file->reader == NULL ? -1 : 0;
	}
	mem_free(option);
	return status;
}

static void
file_close(struct source_file *file)
{
	if (file->reader != NULL)
		file->format->close(&file->reader);
	if (file->input != NULL)
		input_close(&file->input);
}

static void
source_add_fields(struct source *source, const struct schema *schema)
{
	int is_first = source->schema->field_count == 0;

	if (!is_first && source->schema->field_count != schema->field_count)
		source->headers_differ = 1;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		int index = schema_find(source->schema, field->name,
		    field->name_size);
		if (!is_first && index != (int)i)
			source->headers_differ = 1;
		if (index < 0)
			schema_add(source->schema, field->name,
			    field->name_size, field->type);
		else if (source->schema->field[index].type != field->type)
			source->schema->field[index].type = TYPE_ANY;
	}
	if (schema->open)
		source->schema->open = 1;
}

/* Open each file and learn its fields; the first stays open. */
static int
source_learn(struct source *source, struct err *err)
{
	for (uint32_t i = 0; i < source->file_count; i++) {
		struct source_file *file = &source->file[i];
		file->format = source->spec->format;
		if (file_open(source, file, err) != 0)
			return -1;
		struct schema *schema = file->format->schema(file->reader, err);
		if (schema == NULL)
			return -1;
		source_add_fields(source, schema);
		schema_drop(&schema);
		if (i == 0)
			source->format = file->format;
		else if (source->format != file->format)
			source->format = NULL;
		/* What comes from a pipe cannot be read again. */
		if (i > 0 && input_size(file->input) >= 0)
			file_close(file);
	}
	return 0;
}

static int
source_expand(struct source *source, struct err *err)
{
	for (uint32_t i = 0; i < source->spec->path_count; i++) {
		const char *pattern = source->spec->path[i];
		char **path;
		if (strcmp(pattern, "-") == 0)
			pattern = "stdin";
		uint32_t count = glob_expand(pattern, &path);
		if (count == 0)
			return err_set(err, ERR_IO, "no file matches %s",
			    pattern);
		source->file = mem_resize(source->file,
		    (source->file_count + count) * sizeof(*source->file));
		for (uint32_t k = 0; k < count; k++) {
			struct source_file *file =
			    &source->file[source->file_count++];
			memset(file, 0, sizeof(*file));
			file->origin.path = mem_copy_string(path[k]);
		}
		glob_free(&path, count);
	}
	return 0;
}

struct source *
source_open(const struct source_spec *spec, struct bad *bad, struct err *err)
{
	struct source *source = mem_alloc_zero(sizeof(*source));

	source->spec = spec;
	source->bad = bad;
	source->schema = schema_new();
	if (source_expand(source, err) != 0 || source_learn(source, err) != 0) {
		source_close(&source);
		return NULL;
	}
	if (source->file_count == 1)
		snprintf(source->label, sizeof(source->label), "%s",
		    source->file[0].origin.path);
	else
		snprintf(source->label, sizeof(source->label), "%u files",
		    source->file_count);
	return source;
}

void
source_close(struct source **take_source)
{
	struct source *source = *take_source;

	if (source == NULL)
		return;
	for (uint32_t i = 0; i < source->file_count; i++) {
		file_close(&source->file[i]);
		mem_free((void *)(uintptr_t)source->file[i].origin.path);
	}
	mem_free(source->file);
	schema_drop(&source->schema);
	schema_drop(&source->aligned);
	mem_free(source->map);
	mem_free(source->unused);
	mem_free(source->seen);
	mem_free(source);
	*take_source = NULL;
}

struct schema *
source_schema(const struct source *source)
{
	return source->schema;
}

const struct format_def *
source_format(const struct source *source)
{
	return source->format;
}

uint32_t
source_dialect(const struct source *source, struct format_option *out)
{
	static const char *const names[] = { "delim", "header" };
	const struct source_spec *spec = source->spec;
	uint32_t count = 0;

	for (unsigned i = 0; i < SOURCE_DIALECT_MAX; i++) {
		const struct value *value = format_option_value(spec->option,
		    spec->option_count, names[i]);
		if (value == NULL && i == 0 && source->file_count > 0 &&
		    source->file[0].delimiter_value.type == TYPE_TEXT)
			value = &source->file[0].delimiter_value;
		if (value != NULL)
			out[count++] = (struct format_option){
				.name = names[i], .value = value,
			};
	}
	return count;
}

/* The byte between fields that an option says, or the comma. */
static char
delimiter_of(const struct value *value)
{
	if (value == NULL || value->cell.text.size == 0)
		return ',';
	return text_bytes(&value->cell.text)[0];
}

int
source_is_in_dialect(const struct source *source,
	const struct format_option *option, uint32_t count)
{
	const struct source_spec *spec = source->spec;
	const struct value *told = format_option_value(spec->option,
	    spec->option_count, "delim");
	char wanted = delimiter_of(format_option_value(option, count, "delim"));

	if (!format_option_bool(spec->option, spec->option_count, "quote", 1))
		return 0;
	for (uint32_t i = 0; i < source->file_count; i++) {
		const struct source_file *file = &source->file[i];
		char delimiter = told == NULL && file->delimiter != 0 ?
		    (char)file->delimiter : delimiter_of(told);
		if (delimiter != wanted)
			return 0;
	}
	return 1;
}

const char *
source_label(const struct source *source)
{
	return source->label;
}

/* Records of another delimiter than the first file's are not like its. */
static uint8_t
source_delimiter(const struct source *source, uint32_t at)
{
	uint8_t delimiter = source->file[at].delimiter;

	return delimiter == 0 ? ',' : delimiter;
}

static int
source_delimiters_differ(const struct source *source)
{
	for (uint32_t i = 1; i < source->file_count; i++)
		if (source_delimiter(source, i) != source_delimiter(source, 0))
			return 1;
	return 0;
}

/*
 * Fields that nobody needs are null in the batches, so that an operator that
 * keeps rows does not keep them.  Where the record as a whole is needed this
 * holds only if every batch will have it.
 */
static void
source_find_unused(struct source *source)
{
	const struct need *need = &source->need;
	const struct schema *schema = source->schema;

	if (need->all || schema->open || (need->record &&
	    (source->headers_differ || source_delimiters_differ(source) ||
	    format_option_value(source->spec->option,
	    source->spec->option_count, "ragged") != NULL)))
		return;
	source->unused = mem_alloc(schema->field_count + 1);
	memset(source->unused, 1, schema->field_count + 1);
	for (uint32_t i = 0; i < need->name_count; i++) {
		int index = schema_find(schema, need->name[i],
		    strlen(need->name[i]));
		if (index >= 0)
			source->unused[index] = 0;
	}
}

void
source_start(struct source *source, const struct need *need)
{
	source->need = *need;
	source_find_unused(source);
	if (source->schema->open && !need->all && need->name_count > 0) {
		source->seen = mem_alloc_zero(need->name_count);
		source->unseen_count = need->name_count;
	}
	if (source->file_count > 0)
		source->file[0].format->need(source->file[0].reader, need);
}

/* Which of the batch's columns is ours?  Kept while the schema stays. */
static void
source_map(struct source *source, struct schema *theirs)
{
	const struct schema *ours = source->schema;

	schema_drop(&source->aligned);
	source->aligned = schema_hold(theirs);
	source->map = mem_resize(source->map,
	    (ours->field_count + 1) * sizeof(int));
	source->map_is_identity = ours->field_count == theirs->field_count;
	for (uint32_t i = 0; i < ours->field_count; i++) {
		source->map[i] = schema_find(theirs, ours->field[i].name,
		    ours->field[i].name_size);
		if (source->map[i] != (int)i)
			source->map_is_identity = 0;
	}
}

static void
source_align(struct source *source, struct batch *batch)
{
	const struct schema *ours = source->schema;

	if (source->aligned != batch->schema)
		source_map(source, batch->schema);
	if (source_delimiter(source, source->at) != source_delimiter(source, 0))
		batch->has_record = 0;
	if (source->map_is_identity) {
		batch_set_schema(batch, source->schema);
		return;
	}
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (ours->field_count + 1) * sizeof(*column));
	for (uint32_t i = 0; i < ours->field_count; i++)
		if (source->map[i] >= 0)
			column[i] = batch->column[source->map[i]];
		else
			column_init_null(&column[i]);
	batch_set_schema(batch, source->schema);
	if (ours->field_count > 0)
		memcpy(batch->column, column,
		    ours->field_count * sizeof(*column));
	batch->has_record = 0;
}

static int
column_has_value(const struct column *column, const struct batch *batch)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < batch->sel_count && size == 0; i++)
		if (column->type != TYPE_RAW_JSON)
			size = (uint32_t)column_row_is_valid(column,
			    batch_row(batch, i));
		else if (column->encoding == SLICE)
			column_slice(column, batch_row(batch, i), &size);
		else
			size = column_row_text(column,
			    batch_row(batch, i)).size;
	return size > 0;
}

/* Which of the names that nobody has had yet does this batch have? */
static void
source_look_for_names(struct source *source, const struct batch *batch)
{
	source->row_count += batch->sel_count;
	for (uint32_t i = 0; i < source->need.name_count &&
	    source->unseen_count > 0; i++) {
		if (source->seen[i])
			continue;
		const struct column *column = batch_find(batch,
		    source->need.name[i]);
		if (column == NULL || !column_has_value(column, batch))
			continue;
		source->seen[i] = 1;
		source->unseen_count--;
	}
}

const char *
source_unseen(const struct source *source, uint32_t index)
{
	if (source->seen == NULL || source->row_count == 0)
		return NULL;
	for (uint32_t i = 0; i < source->need.name_count; i++)
		if (!source->seen[i] && index-- == 0)
			return source->need.name[i];
	return NULL;
}

static void
source_blank_unused(const struct source *source, struct batch *batch)
{
	for (uint32_t i = 0; i < source->schema->field_count; i++)
		if (source->unused[i])
			column_init_null(&batch->column[i]);
}

static int
source_next_file(struct source *source, struct err *err)
{
	file_close(&source->file[source->at]);
	if (++source->at == source->file_count)
		return 0;
	struct source_file *file = &source->file[source->at];
	if (file->reader == NULL && file_open(source, file, err) != 0)
		return -1;
	file->format->need(file->reader, &source->need);
	return 0;
}

int
source_next(struct source *source, struct batch **out, struct err *err)
{
	while (source->at < source->file_count) {
		struct source_file *file = &source->file[source->at];
		uint64_t bad_before = bad_count_of_thread();
		int status = file->format->next(file->reader, out, err);
		uint64_t bad_rows = bad_count_of_thread() - bad_before;
		if (status < 0) {
			bad_count_read(source->bad, bad_rows);
			return -1;
		}
		if (status > 0) {
			bad_count_read(source->bad,
			    bad_rows + (*out)->sel_count);
			if (!source->schema->open)
				source_align(source, *out);
			if (source->unseen_count > 0)
				source_look_for_names(source, *out);
			if (source->unused != NULL)
				source_blank_unused(source, *out);
			return 1;
		}
		bad_count_read(source->bad, bad_rows);
		if (source_next_file(source, err) != 0)
			return -1;
	}
	return 0;
}

int
source_would_block(struct source *source)
{
	return source->at < source->file_count &&
	    input_would_block(source->file[source->at].input);
}
