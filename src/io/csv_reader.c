/*
 * Reading separated fields.  The work is shared like this:
 *
 *	csv_reader.c	the window and its refilling; the outer loop
 *	csv_header.c	what stands before the first row; names and types
 *	csv_section.c	a part of the window -> index -> one batch
 *	csv_index.c	separators outside quotes, by SIMD
 *	csv_pick.c	... only those that are wanted, of rows that are alike
 *	csv_row.c	one row exactly, where the index gives up
 *	csv_lines.c	lines that are indexed with some byte of them
 *	csv_reject.c	records that are refused
 *	csv_types.c	declared types
 *
 * Bytes are never copied but for the part of a row that is carried over to the
 * next chunk: columns are SLICEs of the chunk, addressed by the index, and both
 * are lent to the batch.
 *
 * A bad record is refused as a whole.  When a quote is to blame nobody knows
 * where the record was meant to end: reading then goes on behind the line that
 * it starts on, whatever the sizes of chunks.
 */
#include "io/csv_reader.h"

#include <string.h>

#include "data/batch.h"
#include "io/csv_pick.h"
#include "io/csv_priv.h"
#include "io/format.h"
#include "io/input.h"
#include "util/err.h"
#include "util/mem.h"

struct csv_reader *
csv_reader_new(struct input *input, const struct csv_settings *settings,
	const struct reader_config *config)
{
	struct csv_reader *r = mem_alloc_zero(sizeof(*r));

	r->set = *settings;
	r->input = input;
	r->chunker = chunker_new(input);
	r->bad = config->bad;
	r->origin = config->origin;
	r->scratch = region_new();
	r->row_first = mem_alloc((BATCH_ROWS_MAX + 1) * sizeof(uint32_t));
	r->line = 1;
	r->failed_at = (struct reader_position)READER_POSITION_START;
	return r;
}

void
csv_reader_free(struct csv_reader **reader_address)
{
	struct csv_reader *r = *reader_address;

	*reader_address = NULL;
	if (r == NULL)
		return;
	chunker_free(&r->chunker);
	loans_fini(&r->loans);
	region_drop(&r->scratch);
	mem_free(r->rejects.list);
	mem_free(r->row_first);
	schema_drop(&r->set.names);
	schema_drop(&r->set.types);
	schema_drop(&r->schema);
	schema_drop(&r->picked);
	schema_drop(&r->wide);
	mem_free(r->types);
	mem_free(r->needed);
	csv_pick_free(&r->pick);
	mem_free(r->picked_field);
	mem_free(r);
}

/* Drop the rest of a line that is not wanted. */
static void
discard(struct csv_reader *r)
{
	const char *line_end = memchr(r->base + r->at, '\n', r->end - r->at);

	if (line_end == NULL) {
		r->at = r->end;
		return;
	}
	r->at = (uint32_t)(line_end - r->base) + 1;
	r->line++;
	r->discarding = 0;
}

/*
 * While a long record comes in pieces without a line end it cannot be whole,
 * so only the new bytes are looked at.
 */
int
csv_fill(struct csv_reader *r, struct err *err)
{
	size_t keep = r->end - r->at;
	size_t size = keep;

	while (!r->ended) {
		int got = chunker_fill(r->chunker, keep, err);
		if (got < 0)
			return -1;
		r->base = chunker_bytes(r->chunker, &size) - CHUNK_PADDING;
		r->at = CHUNK_PADDING;
		r->end = CHUNK_PADDING + (uint32_t)size;
		if (got == CHUNKER_WAIT)
			return READER_WAIT;
		if (got == 0) {
			r->ended = 1;
			if (size > 0 && r->base[r->end - 1] != '\n')
				r->base[r->end++] = '\n';
			break;
		}
		if (r->discarding) {
			discard(r);
			size = r->end - r->at;
			keep = 0;
		}
		if (size > r->set.record_max || (size > keep &&
		    memchr(r->base + r->at + keep, '\n', size - keep) != NULL))
			break;
		keep = size;
	}
	r->starved = 0;
	return r->at < r->end;
}

int
csv_reader_next(struct csv_reader *r, struct batch **out, struct err *err)
{
	int header = csv_header_read(r, err);

	if (header != 0)
		return header;
	for (;;) {
		if (r->failed) {
			*err = r->failure;
			return -1;
		}
		if (!r->starved && r->at < r->end) {
			int got = csv_section_next(r, out, err);
			if (got != 0)
				return got;
			continue;
		}
		if (r->ended)
			return 0;
		int got = csv_fill(r, err);
		if (got != 1)
			return got;
	}
}

struct schema *
csv_reader_schema(struct csv_reader *r, struct err *err)
{
	int header = csv_header_read(r, err);

	if (header == READER_WAIT)
		err_set(err, ERR_IO, "the header of %s is not there yet",
		    input_path(r->input));
	return header == 0 ? schema_hold(r->schema) : NULL;
}

/* The field that a name means when rows may be longer than the header. */
static uint32_t
loose_field(const struct csv_reader *r, const char *name)
{
	int known = schema_find(r->schema, name, strlen(name));
	uint64_t number = 0;

	if (known >= 0)
		return (uint32_t)known;
	for (const char *at = name; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || number > UINT32_MAX / 16)
			return UINT32_MAX;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	return number > r->field_count ? (uint32_t)number - 1 : UINT32_MAX;
}

/* Where the needed fields go when rows may be longer than the header. */
static void
pick_fields(struct csv_reader *r, const struct need *need)
{
	schema_drop(&r->picked);
	mem_free(r->picked_field);
	r->picked = schema_new();
	r->picked_field = mem_alloc((need->name_count + 1) *
	    sizeof(uint32_t));
	for (uint32_t i = 0; i < need->name_count; i++) {
		uint32_t field = loose_field(r, need->name[i]);
		r->picked_field[i] = field;
		schema_add(r->picked, need->name[i], strlen(need->name[i]),
		    field < r->field_count ? r->schema->field[field].type :
		    TYPE_ANY);
	}
}

/* Of which separators of a row are places wanted: about needed fields. */
static struct csv_pick *
make_pick(const struct csv_reader *r)
{
	if (r->set.comment >= 0 || r->set.trailing || r->field_count == 0 ||
	    r->need.in_fields)
		return NULL;
	uint8_t *is_wanted = mem_alloc_zero(r->stride);
	for (uint32_t i = 0; i < r->field_count; i++) {
		if (!r->needed[i])
			continue;
		is_wanted[i] = 1;
		if (i > 0)
			is_wanted[i - 1] = 1;
	}
	is_wanted[r->stride - 1] = 1;
	struct csv_pick *pick = csv_pick_new(r->stride, is_wanted);
	mem_free(is_wanted);
	return pick;
}

void
csv_apply_need(struct csv_reader *r)
{
	const struct need *need = &r->need;

	if (!r->is_told || need->all)
		return;
	csv_pick_free(&r->pick);
	mem_free(r->needed);
	r->needed = mem_alloc_zero(r->field_count + 1);
	for (uint32_t i = 0; i < need->name_count; i++) {
		int field = schema_find(r->schema, need->name[i],
		    strlen(need->name[i]));
		if (field >= 0)
			r->needed[field] = 1;
	}
	r->pick = make_pick(r);
	if (r->set.ragged == CSV_RAGGED_LOOSE)
		pick_fields(r, need);
}

void
csv_reader_need(struct csv_reader *r, const struct need *need)
{
	struct err err = ERR_INIT;
	int was_open = r->opened;

	r->need = *need;
	r->is_told = 1;
	/* A failure is said by the first next; else it may come later. */
	if (csv_header_read(r, &err) == 0 && was_open)
		csv_apply_need(r);
}

const uint32_t *
csv_reader_marks(const struct csv_reader *r)
{
	return r->marks;
}

/* In position.inside: the rest of the line is dropped. */
#define INSIDE_DISCARDED 1u

/* Of the byte at `at` of the window. */
static void
position_at(const struct csv_reader *r, uint32_t at,
	struct reader_position *out)
{
	size_t used = at > CHUNK_PADDING ? at - CHUNK_PADDING : 0;
	size_t size;

	chunker_bytes(r->chunker, &size);
	/* The line end that the last line had not counts for nothing. */
	if (used > size)
		used = size;
	out->offset = chunker_offset(r->chunker) + used;
	out->line = r->line;
	out->record = r->record;
}

void
csv_reader_position(const struct csv_reader *r, struct reader_position *out)
{
	*out = (struct reader_position)READER_POSITION_START;
	if (!r->opened)
		return;
	if (r->failed) {
		*out = r->failed_at;
		return;
	}
	position_at(r, r->at, out);
	out->inside = r->discarding ? INSIDE_DISCARDED : 0;
}

void
csv_reader_position_of(const struct csv_reader *r, const struct batch *batch,
	uint32_t row, struct reader_position *out)
{
	const struct column *record = &batch->record;

	*out = (struct reader_position)READER_POSITION_START;
	position_at(r, record->from[(size_t)row * record->stride] +
	    record->from_add, out);
	out->line = batch->first_line + row;
	out->record = batch->first_record - 1 + row;
}

void
csv_fail_at(struct csv_reader *r, uint32_t at, uint64_t records)
{
	struct reader_position *position = &r->failed_at;

	r->failed = 1;
	*position = (struct reader_position)READER_POSITION_START;
	position_at(r, at, position);
	position->line += csv_count_lines(r->base + r->at, at - r->at);
	position->record += records;
}

int
csv_reader_seek(struct csv_reader *r, const struct reader_position *position,
	struct err *err)
{
	if (position->offset == 0)
		return 0;
	int header = csv_header_read(r, err);
	if (header == READER_WAIT)
		return err_set(err, ERR_IO, "%s is shorter than when it was "
		    "read last", input_path(r->input));
	if (header != 0 || input_seek(r->input, position->offset, err) != 0)
		return -1;
	chunker_restart(r->chunker, position->offset);
	r->at = r->end;
	r->ended = 0;
	r->starved = 0;
	r->line = position->line;
	r->record = position->record;
	r->discarding = (position->inside & INSIDE_DISCARDED) != 0;
	return 0;
}
