/*
 * Looking at inputs before the job runs, so that a missing file is an error
 * before any output and a CSV file with a field that the first has not is no
 * surprise in the middle:
 *
 *     source_kind_learn	format and delimiter, by the first bytes
 *     source_reader_open	the reader
 *     source_learn		every input: the schema is the union by name
 *
 * What was opened is closed again, but for the first file and what comes from a
 * pipe and cannot be read twice.  Of a stream those of its paths that are files
 * are looked at, if the format needs that; its later inputs are aligned with
 * what was learned from them.
 */
#include <string.h>

#include "io/bad.h"
#include "io/range.h"
#include "io/stream.h"
#include "op/source_priv.h"
#include "util/glob.h"

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
is_stdin(const char *path)
{
	return strcmp(path, "stdin") == 0;
}

uint8_t
source_delimiter(const struct source_kind *kind)
{
	return kind->delimiter == 0 ? ',' : kind->delimiter;
}

void
source_kind_set_delimiter(struct source_kind *kind, uint8_t delimiter)
{
	kind->delimiter = delimiter;
	if (delimiter == 0 || delimiter == ',')
		return;
	kind->delimiter_value.type = TYPE_TEXT;
	kind->delimiter_value.cell.text = text_make((const char *)&delimiter,
	    1);
}

int
source_kind_learn(struct source_kind *kind, const struct source_spec *spec,
	struct input *input, struct err *err)
{
	const char *path = input_path(input);
	const char *bytes;
	size_t size;

	if (kind->format == NULL)
		kind->format = spec->format;
	if (kind->format == NULL && !is_stdin(path))
		kind->format = format_of_path(path);
	int is_csv = kind->format != NULL &&
	    strcmp(kind->format->name, "csv") == 0;
	int told = format_option_value(spec->option, spec->option_count,
	    "delim") != NULL;
	if (kind->format != NULL && (!is_csv || told))
		return 0;
	if (input_peek(input, SNIFF_BYTES, &bytes, &size, err) != 0)
		return -1;
	if (kind->format == NULL)
		kind->format = sniff_format(bytes, size, is_stdin(path));
	else
		source_kind_set_delimiter(kind,
		    sniff_delimiter(bytes, size));
	return 0;
}

/* Options of the program, and the delimiter if it was found. */
static struct format_option *
kind_options(const struct source_kind *kind, const struct source_spec *spec,
	uint32_t *count)
{
	struct format_option *option = mem_alloc(
	    (spec->option_count + 1) * sizeof(*option));

	if (spec->option_count > 0)
		memcpy(option, spec->option,
		    spec->option_count * sizeof(*option));
	*count = spec->option_count;
	if (kind->delimiter_value.type == TYPE_TEXT)
		option[(*count)++] = (struct format_option){
			.name = "delim", .value = &kind->delimiter_value,
		};
	return option;
}

struct reader *
source_reader_open(const struct source *source, const struct source_kind *kind,
	struct input *input, const struct origin *origin, struct bad *bad,
	struct err *err)
{
	const struct format_def *format = kind->format;
	struct reader *reader = NULL;
	uint32_t option_count;

	if (format->open == NULL) {
		err_set(err, ERR_USAGE, "the format %s cannot be read",
		    format->name);
		return NULL;
	}
	struct format_option *option = kind_options(kind, source->spec,
	    &option_count);
	struct reader_config config = {
		.option = option, .option_count = option_count,
		.bad = bad, .origin = origin,
	};
	if (format_check_options(format->name, format->reader_options, option,
	    option_count, err) == 0)
		reader = format->open(input, &config, err);
	mem_free(option);
	return reader;
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

/* Add the fields that the reader knows. */
static int
learn_fields(struct source *source, const struct format_def *format,
	struct reader *reader, struct err *err)
{
	struct schema *schema = format->schema(reader, err);

	if (schema == NULL)
		return -1;
	source_add_fields(source, schema);
	schema_drop(&schema);
	return 0;
}

void
source_file_close(struct source_file *file)
{
	if (file->reader != NULL)
		file->kind.format->close(&file->reader);
	if (file->input != NULL)
		input_close(&file->input);
}

/* What is to be known of a file; it stays open. */
static int
learn_file(struct source *source, struct source_file *file,
	struct input *take_input, struct err *err)
{
	file->input = take_input;
	if (source_kind_learn(&file->kind, source->spec, take_input, err) != 0)
		return -1;
	file->reader = source_reader_open(source, &file->kind, take_input,
	    file->origin, source->bad, err);
	if (file->reader == NULL || learn_fields(source, file->kind.format,
	    file->reader, err) != 0)
		return -1;
	file->is_compressed = input_is_compressed(take_input);
	return 0;
}

/* Each member is a file. */
static int
learn_members(struct source *source, uint32_t position, const char *path,
	struct input *take_input, struct err *err)
{
	struct members *members = members_open(take_input, err);
	const char *name;
	uint32_t count = 0;
	int status = -1;

	while (members != NULL && (status = members_next(members, &name,
	    err)) == 1) {
		char *label = members_label(path, name);
		struct source_file *file = source_add_file(source, position,
		    label, path, count++);
		file->can_reopen = 1;
		status = learn_file(source, file, members_input(members,
		    label), err);
		source_file_close(file);
		mem_free(label);
		if (status != 0)
			break;
	}
	members_close(&members);
	if (status == 0 && count == 0)
		status = err_set(err, ERR_IO, "there is no file in %s", path);
	return status;
}

/* A path of the pattern number `position`: the first stays open, and what comes
 * from a pipe, which cannot be read again. */
static int
learn_path_file(struct source *source, uint32_t position, const char *path,
	struct err *err)
{
	struct input *input = input_open(path, err);
	int64_t bytes = input == NULL ? -1 : input_size(input);
	int is_archive = input == NULL ? -1 : input_is_archive(input, err);

	if (is_archive < 0) {
		input_close(&input);
		return -1;
	}
	/* Standard input cannot be opened again: reading it says so. */
	if (is_archive && input_is_file(input))
		return learn_members(source, position, path, input, err);
	struct source_file *file = source_add_file(source, position, path,
	    NULL, 0);
	file->can_reopen = input_is_file(input);
	file->bytes = bytes > 0 ? (uint64_t)bytes : 0;
	if (!file->can_reopen)
		input_keep(input);
	if (learn_file(source, file, input, err) != 0)
		return -1;
	if (source->file_count > 1 && file->can_reopen)
		source_file_close(file);
	return 0;
}

/* The files of all patterns, of which each has some. */
struct found {
	char **path;
	uint32_t count;
};

/* Open each file and learn its fields. */
static int
learn_files(struct source *source, const struct found *found, struct err *err)
{
	for (uint32_t i = 0; i < source->spec->path_count; i++)
		for (uint32_t k = 0; k < found[i].count; k++)
			if (learn_path_file(source, i, found[i].path[k],
			    err) != 0)
				return -1;
	return 0;
}

static int
expand(struct source *source, struct found *found, struct err *err)
{
	for (uint32_t i = 0; i < source->spec->path_count; i++) {
		const char *pattern = source->spec->path[i];
		if (strcmp(pattern, "-") == 0)
			pattern = "stdin";
		found[i].count = glob_expand(pattern, &found[i].path);
		if (found[i].count == 0)
			return err_set(err, ERR_IO, "no file matches %s",
			    pattern);
	}
	return 0;
}

static int
learn_paths(struct source *source, struct err *err)
{
	uint32_t count = source->spec->path_count;
	struct found *found = mem_alloc_zero(count * sizeof(*found));
	int status = expand(source, found, err) != 0 ? -1 :
	    learn_files(source, found, err);

	for (uint32_t i = 0; i < count; i++)
		glob_free(&found[i].path, found[i].count);
	mem_free(found);
	return status;
}

/* --- streams --- */

/* Read with this input the fields of the kind. */
static int
learn_input(struct source *source, struct input *input, struct err *err)
{
	const struct format_def *format = source->kind.format;
	struct reader *reader = source_reader_open(source, &source->kind,
	    input, NULL, source->bad, err);

	if (reader == NULL)
		return -1;
	int status = learn_fields(source, format, reader, err);
	format->close(&reader);
	return status;
}

/* The header of each file that is there already. */
static int
learn_path(struct source *source, const char *pattern, struct err *err)
{
	char **path;
	uint32_t count = glob_expand(pattern, &path);
	int status = 0;

	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct err unread = ERR_INIT;
		struct input *input = input_open(path[i], &unread);
		/* What is not there now may come. */
		if (input == NULL)
			continue;
		if (input_size(input) > 0)
			status = source_kind_learn(&source->kind, source->spec,
			    input, err) != 0 ? -1 :
			    learn_input(source, input, err);
		input_close(&input);
	}
	glob_free(&path, count);
	return status;
}

static int
learn_stream(struct source *source, struct err *err)
{
	const struct source_spec *spec = source->spec;
	struct source_kind *kind = &source->kind;

	kind->format = spec->format;
	if (kind->format == NULL && spec->path_count > 0)
		kind->format = format_of_path(spec->path[0]);
	if (kind->format == NULL)
		kind->format = format_named("lines");
	/* Does the format know the fields without the data? */
	struct input *nothing = input_memory("", 0);
	int status = learn_input(source, nothing, err);
	input_close(&nothing);
	if (status != 0 || source->schema->open ||
	    source->schema->field_count > 0)
		return status;
	/* What lies on other hosts cannot be looked at from here. */
	for (uint32_t i = 0; i < spec->path_count && status == 0 &&
	    spec->host_count == 0; i++)
		status = learn_path(source, spec->path[i], err);
	if (status != 0 || source->schema->field_count > 0)
		return status;
	err_set(err, ERR_PROGRAM, "the fields of %s are not known before it "
	    "has a header", spec->path_count > 0 ? spec->path[0] :
	    spec->stream->name);
	return err_hint(err, "name them: names=[\"a\", \"b\"]");
}

/* Ranges of what somebody writes; none if that was little. */
static uint32_t
pipe_range_count(const struct source_file *file, uint64_t range_bytes)
{
	int64_t bytes = input_kept_to_end(file->input);

	if (bytes < 0 && file->bytes > 0)
		bytes = (int64_t)file->bytes;
	return bytes >= 0 && range_count((uint64_t)bytes, range_bytes) == 0 ?
	    0 : RANGES_UNKNOWN;
}

/* Can the one file be read in ranges, and would it help? */
static void
learn_ranges(struct source *source)
{
	const struct source_file *file = &source->file[0];

	/* A file of bad records has them in order. */
	if (source->file_count != 1 || file->archive != NULL ||
	    source->spec->host_count > 0 ||
	    file->kind.format->lines == FORMAT_LINES_NONE ||
	    bad_policy(source->bad) == BAD_FILE)
		return;
	source->range_bytes = range_bytes_wanted();
	source->range_count = !file->can_reopen ?
	    pipe_range_count(file, source->range_bytes) : file->is_compressed ?
	    range_count_packed(file->bytes, source->range_bytes) :
	    range_count(file->bytes, source->range_bytes);
}

int
source_learn(struct source *source, struct err *err)
{
	if (source->spec->stream != NULL)
		return learn_stream(source, err);
	if (learn_paths(source, err) != 0)
		return -1;
	learn_ranges(source);
	return 0;
}
