/*
 * Sources as the plan has them.  What is known of a source was learned by
 * looking at its inputs (source_look.c), or elsewhere, and told here by a
 * description (source_describe.c); from then on it does not change.  Reading is
 * source_run.c's.
 *
 * A split of a bounded source is a file.  Its name is made of where it stands
 * in the program and of its path, so that all workers, and the same program
 * started again, agree on it.
 */
#include "op/source.h"

#include <stdio.h>
#include <string.h>

#include "io/range.h"
#include "io/stream.h"
#include "op/source_priv.h"
#include "util/hash.h"

/* 0 would mean that there is none. */
static uint64_t
split_name(const struct source_spec *spec, uint32_t position, const char *path)
{
	uint64_t place = (uint64_t)spec->number << 32 | position;

	return hash_mix(hash_bytes(path, strlen(path)), place) | 1;
}

struct source_file *
source_add_file(struct source *source, uint32_t position, const char *path,
	const char *archive, uint32_t member)
{
	uint32_t capacity = source->file_count;

	/* A power of two is full: they double. */
	if ((capacity & (capacity - 1)) == 0)
		source->file = mem_resize(source->file,
		    (capacity == 0 ? 1 : (size_t)capacity * 2) *
		    sizeof(*source->file));
	struct source_file *file = &source->file[source->file_count++];
	memset(file, 0, sizeof(*file));
	file->origin = mem_alloc_zero(sizeof(*file->origin));
	file->origin->path = mem_copy_string(path);
	file->split = split_name(source->spec, position, path);
	if (archive == NULL)
		return file;
	/* An archive may have two members of one name. */
	file->archive = mem_copy_string(archive);
	file->member = member;
	file->split = hash_mix(file->split, member) | 1;
	return file;
}

/* The one format of all files, or NULL. */
static const struct format_def *
common_format(const struct source *source)
{
	const struct format_def *format = source->kind.format;

	for (uint32_t i = 0; i < source->file_count; i++)
		if (i == 0)
			format = source->file[i].kind.format;
		else if (format != source->file[i].kind.format)
			return NULL;
	return format;
}

static void
write_label(struct source *source)
{
	const struct source_spec *spec = source->spec;
	uint32_t count = source->file_count;
	const char *only = count == 1 ? source->file[0].origin->path : NULL;

	if (spec->stream != NULL) {
		count = spec->path_count;
		only = count == 1 ? spec->path[0] : NULL;
	}
	snprintf(source->label, sizeof(source->label), "%s%s",
	    spec->stream == NULL ? "" : spec->stream->name,
	    spec->stream == NULL || count == 0 ? "" : " ");
	size_t size = strlen(source->label);
	if (only != NULL)
		snprintf(source->label + size, sizeof(source->label) - size,
		    "%s", only);
	else if (count > 0)
		snprintf(source->label + size, sizeof(source->label) - size,
		    "%u files", count);
}

/* Why can it not be read again?  "" if it can. */
static void
write_reason(struct source *source)
{
	const struct stream_def *stream = source->spec->stream;

	if (stream != NULL && !stream->can_replay)
		snprintf(source->reason, sizeof(source->reason),
		    "what comes by %s cannot be read again", stream->name);
	for (uint32_t i = 0; i < source->file_count; i++) {
		const struct source_file *file = &source->file[i];
		const char *what = !file->can_reopen ? "cannot be read again" :
		    file->archive != NULL ? "is read from its archive's start" :
		    file->is_compressed ? "is compressed" : NULL;
		if (what == NULL)
			continue;
		snprintf(source->reason, sizeof(source->reason), "%.90s %s",
		    file->origin->path, what);
		return;
	}
}

struct source *
source_open(const struct source_spec *spec, struct bad *bad, struct err *err)
{
	struct source *source = mem_alloc_zero(sizeof(*source));

	source->spec = spec;
	source->bad = bad;
	source->schema = schema_new();
	int status = spec->description != NULL ? source_recall(source, err) :
	    source_learn(source, err);
	if (status != 0) {
		source_close(&source);
		return NULL;
	}
	if (source->range_count > 0)
		source->chain = range_file_new(source->range_count,
		    source->range_count == RANGES_UNKNOWN ?
		    source->file[0].origin->path : NULL,
		    source->range_bytes);
	source->format = common_format(source);
	write_label(source);
	write_reason(source);
	return source;
}

void
source_close(struct source **take_source)
{
	struct source *source = *take_source;

	if (source == NULL)
		return;
	for (uint32_t i = 0; i < source->file_count; i++) {
		source_file_close(&source->file[i]);
		mem_free((void *)(uintptr_t)source->file[i].origin->path);
		mem_free(source->file[i].origin);
		mem_free(source->file[i].archive);
	}
	mem_free(source->file);
	range_file_free(&source->chain);
	schema_drop(&source->schema);
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

/* How the first input is read. */
static const struct source_kind *
first_kind(const struct source *source)
{
	return source->file_count > 0 ? &source->file[0].kind : &source->kind;
}

uint32_t
source_dialect(const struct source *source, struct format_option *out)
{
	static const char *const names[] = { "delim", "header" };
	const struct source_spec *spec = source->spec;
	const struct source_kind *kind = first_kind(source);
	uint32_t count = 0;

	for (unsigned i = 0; i < SOURCE_DIALECT_MAX; i++) {
		const struct value *value = format_option_value(spec->option,
		    spec->option_count, names[i]);
		if (value == NULL && i == 0 &&
		    kind->delimiter_value.type == TYPE_TEXT)
			value = &kind->delimiter_value;
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

static int
is_kind_in_dialect(const struct source_kind *kind, const struct value *told,
	char wanted)
{
	char delimiter = told == NULL && kind->delimiter != 0 ?
	    (char)kind->delimiter : delimiter_of(told);

	return delimiter == wanted;
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
	for (uint32_t i = 0; i < source->file_count; i++)
		if (!is_kind_in_dialect(&source->file[i].kind, told, wanted))
			return 0;
	return source->file_count > 0 ||
	    is_kind_in_dialect(&source->kind, told, wanted);
}

const char *
source_label(const struct source *source)
{
	return source->label;
}

const struct source_spec *
source_spec(const struct source *source)
{
	return source->spec;
}

uint64_t
source_bytes(const struct source *source)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < source->file_count; i++) {
		const struct source_file *file = &source->file[i];
		if (!file->can_reopen || file->is_compressed ||
		    file->archive != NULL || file->bytes == 0 ||
		    file->bytes > UINT64_MAX - bytes)
			return 0;
		bytes += file->bytes;
	}
	return bytes;
}

int
source_is_live(const struct source *source)
{
	const struct source_spec *spec = source->spec;
	const struct stream_def *stream = spec->stream;

	return stream != NULL && (stream->ends_with == NULL ||
	    format_option_value(spec->stream_option, spec->stream_option_count,
	    stream->ends_with) == NULL);
}

int
source_can_replay(const struct source *source, const char **reason)
{
	*reason = source->reason[0] == '\0' ? NULL : source->reason;
	return *reason == NULL;
}

uint32_t
source_width(const struct source *source)
{
	/* A pipe is open already, and where this source is, it is read. */
	for (uint32_t i = 0; i < source->file_count; i++)
		if (!source->file[i].can_reopen)
			return 1;
	return source->file_count == 0 ? 1 : source->file_count;
}

int
source_is_pipe(const struct source *source)
{
	return source->file_count == 1 && !source->file[0].can_reopen;
}

uint32_t
source_range_count(const struct source *source)
{
	return source->range_count;
}
