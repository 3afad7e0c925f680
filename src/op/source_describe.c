/*
 * A source in bytes: what looking at its inputs told.  The worker that reads
 * them binds the same plan as the one that looked, though the files may have
 * changed meanwhile.  Whoever sends the bytes may be at fault, so nothing in
 * them is believed: formats are looked up, types and counts checked.
 *
 *	version, fields (name, type), open, headers_differ
 *	kind of a stream's inputs
 *	files: path, split, whether it can be read again, is compressed, how
 *	long it is, the archive ("": none) and member, kind
 *	ranges of the one file: how many, of how many bytes
 */
#include <string.h>

#include "op/source_priv.h"
#include "util/buf.h"
#include "util/pack.h"

#define DESCRIPTION_VERSION 4u

static void
describe_kind(const struct source_kind *kind, struct buf *out)
{
	pack_string(out, kind->format == NULL ? "" : kind->format->name);
	pack_u64(out, kind->delimiter);
}

void
source_describe(const struct source *source, struct buf *out)
{
	const struct schema *schema = source->schema;

	pack_u64(out, DESCRIPTION_VERSION);
	pack_u64(out, schema->field_count);
	for (uint32_t i = 0; i < schema->field_count; i++) {
		pack_bytes(out, schema->field[i].name,
		    schema->field[i].name_size);
		pack_u64(out, schema->field[i].type);
	}
	pack_u64(out, schema->open != 0);
	pack_u64(out, source->headers_differ != 0);
	describe_kind(&source->kind, out);
	pack_u64(out, source->file_count);
	for (uint32_t i = 0; i < source->file_count; i++) {
		const struct source_file *file = &source->file[i];
		pack_string(out, file->origin->path);
		pack_u64(out, file->split);
		pack_u64(out, file->can_reopen != 0);
		pack_u64(out, file->is_compressed != 0);
		pack_u64(out, file->bytes);
		pack_string(out, file->archive == NULL ? "" : file->archive);
		pack_u64(out, file->member);
		describe_kind(&file->kind, out);
	}
	pack_u64(out, source->range_count);
	pack_u64(out, source->range_bytes);
}

static void
recall_kind(struct source_kind *kind, struct unpack *in)
{
	size_t size;
	const char *name = unpack_bytes(in, &size);

	if (size > 0)
		kind->format = format_find(name, size);
	if (size > 0 && kind->format == NULL)
		in->failed = 1;
	source_kind_set_delimiter(kind,
	    (uint8_t)unpack_below(in, UINT8_MAX));
}

static void
recall_fields(struct source *source, struct unpack *in)
{
	uint64_t count = unpack_below(in, UINT32_MAX - 1);

	for (uint64_t i = 0; i < count && !in->failed; i++) {
		size_t size;
		const char *name = unpack_bytes(in, &size);
		uint64_t type = unpack_below(in, TYPE_ANY);
		if (size > UINT32_MAX ||
		    (size > 0 && memchr(name, '\0', size) != NULL) ||
		    schema_find(source->schema, name, size) >= 0)
			in->failed = 1;
		if (!in->failed)
			schema_add(source->schema, name, size,
			    (enum type)type);
	}
	source->schema->open = (int)unpack_below(in, 1);
	source->headers_differ = (int)unpack_below(in, 1);
}

static void
recall_file(struct source *source, struct unpack *in)
{
	char *path = unpack_string(in);

	if (path == NULL)
		return;
	uint64_t split = unpack_u64(in);
	int can_reopen = (int)unpack_below(in, 1);
	int is_compressed = (int)unpack_below(in, 1);
	uint64_t bytes = unpack_u64(in);
	char *archive = unpack_string(in);
	uint64_t member = unpack_below(in, UINT32_MAX);
	int is_member = archive != NULL && archive[0] != '\0';
	struct source_file *file = source_add_file(source, 0, path,
	    is_member ? archive : NULL, (uint32_t)member);
	/* The label of a member begins with the archive's path. */
	if ((!is_member && member != 0) || (is_member &&
	    (strncmp(path, archive, strlen(archive)) != 0 ||
	    path[strlen(archive)] != ':')))
		in->failed = 1;
	mem_free(path);
	mem_free(archive);
	file->split = split;
	file->can_reopen = can_reopen;
	file->is_compressed = is_compressed;
	file->bytes = bytes;
	recall_kind(&file->kind, in);
	if (file->kind.format == NULL)
		in->failed = 1;
}

int
source_recall(struct source *source, struct err *err)
{
	const struct source_spec *spec = source->spec;
	struct unpack in = {
		.at = spec->description, .left = spec->description_size,
	};

	if (unpack_u64(&in) != DESCRIPTION_VERSION)
		in.failed = 1;
	recall_fields(source, &in);
	recall_kind(&source->kind, &in);
	uint64_t count = unpack_below(&in, UINT32_MAX - 1);
	for (uint64_t i = 0; i < count && !in.failed; i++)
		recall_file(source, &in);
	source->range_count = (uint32_t)unpack_below(&in, UINT32_MAX);
	source->range_bytes = unpack_u64(&in);
	if (source->range_count > 0 && (source->range_bytes == 0 ||
	    source->range_bytes > INT64_MAX / source->range_count ||
	    source->file_count != 1))
		in.failed = 1;
	if (spec->stream != NULL ? source->kind.format == NULL || count > 0 :
	    count == 0)
		in.failed = 1;
	if (unpack_is_done(&in))
		return 0;
	return err_set(err, ERR_IO, "the description of an input is damaged");
}
