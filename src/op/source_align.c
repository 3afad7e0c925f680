/*
 * Batches as the source's schema says.  A CSV batch is aligned: columns by
 * name, what a file has not is null.  When a file's header is not the schema
 * the record's own bytes would not fit the output's header, so has_record is
 * cleared.
 *
 * Fields that nobody needs are null in the batches, so that an operator that
 * keeps rows does not keep them.
 */
#include <string.h>

#include "op/source_priv.h"

/* How the records of the output's header stand. */
static const struct source_kind *
leading_kind(const struct source *source)
{
	return source->file_count > 0 ? &source->file[0].kind : &source->kind;
}

void
source_align_fini(struct source_align *align)
{
	schema_drop(&align->schema);
	mem_free(align->map);
	memset(align, 0, sizeof(*align));
}

/* Which of the batch's columns is ours?  Kept while the schema stays. */
static void
make_map(struct source_align *align, const struct source *source,
	struct schema *theirs)
{
	const struct schema *ours = source->schema;

	schema_drop(&align->schema);
	align->schema = schema_hold(theirs);
	align->map = mem_resize(align->map,
	    (ours->field_count + 1) * sizeof(int));
	align->is_identity = ours->field_count == theirs->field_count;
	for (uint32_t i = 0; i < ours->field_count; i++) {
		align->map[i] = schema_find(theirs, ours->field[i].name,
		    ours->field[i].name_size);
		if (align->map[i] != (int)i)
			align->is_identity = 0;
	}
}

void
source_align(struct source_align *align, const struct source *source,
	const struct source_kind *kind, struct batch *batch)
{
	const struct schema *ours = source->schema;

	if (align->schema != batch->schema)
		make_map(align, source, batch->schema);
	/* Records of another delimiter than the first file's. */
	if (source_delimiter(kind) != source_delimiter(leading_kind(source)))
		batch->has_record = 0;
	if (align->is_identity) {
		batch_set_schema(batch, source->schema);
		return;
	}
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (ours->field_count + 1) * sizeof(*column));
	for (uint32_t i = 0; i < ours->field_count; i++)
		if (align->map[i] >= 0)
			column[i] = batch->column[align->map[i]];
		else
			column_init_null(&column[i]);
	batch_set_schema(batch, source->schema);
	if (ours->field_count > 0)
		memcpy(batch->column, column,
		    ours->field_count * sizeof(*column));
	batch->has_record = 0;
}

static int
delimiters_differ(const struct source *source)
{
	for (uint32_t i = 1; i < source->file_count; i++)
		if (source_delimiter(&source->file[i].kind) !=
		    source_delimiter(&source->file[0].kind))
			return 1;
	return 0;
}

/* Will there be batches without their records?  Then, where these are needed,
 * no field may be left out. */
int
source_loses_records(const struct source *source)
{
	const struct source_spec *spec = source->spec;

	return spec->stream != NULL || source->headers_differ ||
	    delimiters_differ(source) || format_option_value(spec->option,
	    spec->option_count, "ragged") != NULL;
}

static void
find_unused(struct source_wish *wish, const struct source *source)
{
	const struct need *need = wish->need;
	const struct schema *schema = source->schema;

	if (need->all || schema->open || need->in_fields)
		return;
	wish->unused = mem_alloc(schema->field_count + 1);
	memset(wish->unused, 1, schema->field_count + 1);
	for (uint32_t i = 0; i < need->name_count; i++) {
		int index = schema_find(schema, need->name[i],
		    strlen(need->name[i]));
		if (index >= 0)
			wish->unused[index] = 0;
	}
}

void
source_wish_init(struct source_wish *wish, const struct source *source,
	const struct need *need)
{
	*wish = (struct source_wish){ .need = need };
	find_unused(wish, source);
	if (!source->schema->open || need->all || need->name_count == 0)
		return;
	wish->seen = mem_alloc_zero(need->name_count);
	wish->unseen_count = need->name_count;
}

void
source_wish_fini(struct source_wish *wish)
{
	mem_free(wish->unused);
	mem_free(wish->seen);
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
look_for_names(struct source_wish *wish, const struct batch *batch)
{
	wish->row_count += batch->sel_count;
	for (uint32_t i = 0; i < wish->need->name_count &&
	    wish->unseen_count > 0; i++) {
		if (wish->seen[i])
			continue;
		const struct column *column = batch_find(batch,
		    wish->need->name[i]);
		if (column == NULL || !column_has_value(column, batch))
			continue;
		wish->seen[i] = 1;
		wish->unseen_count--;
	}
}

void
source_wish_apply(struct source_wish *wish, const struct source *source,
	struct batch *batch)
{
	if (wish->unseen_count > 0)
		look_for_names(wish, batch);
	if (wish->unused == NULL)
		return;
	for (uint32_t i = 0; i < source->schema->field_count; i++)
		if (wish->unused[i])
			column_init_null(&batch->column[i]);
}
