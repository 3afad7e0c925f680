/*
 * The reader of JSON documents, and of the elements of top-level arrays, which
 * are records just the same: between two records stands what r->place says.
 *
 *	json_reader_next
 *	  read_rows		until the batch is full or the window used up
 *	    find_value		blanks, commas and brackets between records
 *	    json_take_value	one record (json_take.c), or json_reject()
 *	  fill			the next window; a begun record is kept
 *
 * A row is ranges of the window, so a batch never spans two.  The index covers
 * the window from the first record on that needed it.  It is trusted only over
 * bytes that were found valid: what follows a record that is refused is either
 * behind a line end that the index has seen outside of a string, or indexed
 * anew.
 */
#include "io/json_reader.h"

#include <inttypes.h>
#include <string.h>

#include "data/batch.h"
#include "data/json.h"
#include "data/schema.h"
#include "io/bad.h"
#include "io/declared.h"
#include "io/format.h"
#include "io/input.h"
#include "io/json_reader_priv.h"
#include "util/mem.h"

#define VALUE_UNKNOWN (-3)
/* Where one record of so many needs the index, the others use it too; for so
 * many windows. */
#define MISSED_OF 4
#define REST_WINDOWS 16

/* --- options ----------------------------------------------------------- */

int
json_settings_read(struct json_settings *settings, const char *format,
	const struct format_option *option, uint32_t count, struct err *err)
{
	int64_t limit = format_option_int(option, count, "max_record",
	    JSON_RECORD_MAX);
	const struct value *types = format_option_value(option, count, "types");

	if (limit < 1 || limit > JSON_RECORD_MAX_MAX)
		return err_set(err, ERR_PROGRAM, "%s: max_record must be "
		    "between 1 and %u bytes, not %" PRId64, format,
		    JSON_RECORD_MAX_MAX, limit);
	settings->record_max = (uint32_t)limit;
	settings->single = format_option_bool(option, count, "single", 0);
	if (types != NULL)
		return declared_read(format, types, &settings->types, err);
	return 0;
}

/* --- open and close ---------------------------------------------------- */

struct json_reader *
json_reader_new(struct input *input, const struct json_settings *settings,
	const struct reader_config *config)
{
	struct json_reader *r = mem_alloc_zero(sizeof(*r));

	r->set = *settings;
	r->input = input;
	r->chunker = chunker_new(input);
	r->bad = config->bad;
	r->origin = config->origin;
	r->shapes = json_shapes_new(settings->record_max);
	json_rows_init(&r->rows);
	r->value_column = VALUE_UNKNOWN;
	r->line = 1;
	r->follows = !settings->single;
	return r;
}

void
json_reader_free(struct json_reader **reader_address)
{
	struct json_reader *r = *reader_address;

	*reader_address = NULL;
	if (r == NULL)
		return;
	schema_drop(&r->set.types);
	json_rows_fini(&r->rows);
	json_shapes_free(&r->shapes);
	json_record_fini(&r->record);
	json_index_fini(&r->index);
	chunker_free(&r->chunker);
	mem_free(r->columns);
	buf_fini(&r->name);
	mem_free(r);
}

struct schema *
json_reader_schema(struct json_reader *r)
{
	struct schema *schema = r->set.types == NULL ? schema_new() :
	    schema_copy(r->set.types);

	schema->open = 1;
	return schema;
}

void
json_reader_need(struct json_reader *r, const struct need *need)
{
	json_rows_need(&r->rows, need);
}

struct schema *
json_reader_met(struct json_reader *r)
{
	return json_rows_met(&r->rows);
}

void
json_reader_meet(struct json_reader *r, struct schema *schema)
{
	if (json_rows_meet(&r->rows, schema) != 0)
		return;
	json_shapes_forget(r->shapes);
	r->value_column = VALUE_UNKNOWN;
}

/* --- the window -------------------------------------------------------- */

void
json_advance(struct json_reader *r, uint32_t at)
{
	r->at = at;
	memset(&r->outline, 0, sizeof(r->outline));
	r->judged_bytes = 0;
	while (r->mark < r->index.count && r->index.place[r->mark] < at)
		r->mark++;
}

void
json_reindex(struct json_reader *r)
{
	json_index_start(&r->index, r->base, r->at);
	json_index_extend(&r->index, r->end);
	r->mark = 0;
	memset(&r->outline, 0, sizeof(r->outline));
}

/* Begin at r->at, with no record begun. */
static void
begin_index(struct json_reader *r)
{
	json_index_start(&r->index, r->base, r->at);
	r->mark = 0;
	if (!r->follows)
		json_index_extend(&r->index, r->end);
}

/* How the next window is to be read, by what was found in the last. */
static void
choose_way(struct json_reader *r)
{
	if (r->follows && r->missed > r->followed / MISSED_OF) {
		r->follows = 0;
		r->rest_windows = REST_WINDOWS;
	} else if (r->rest_windows > 0) {
		r->follows = --r->rest_windows == 0;
	}
	r->followed = r->missed = 0;
}

/* Line and column of the window's first byte, before it moves to r->at. */
static void
count_place(struct json_reader *r)
{
	const char *line_end = r->at == 0 ? NULL :
	    memrchr(r->base, '\n', r->at);

	r->line += json_count_lines(r->base + r->line_at, r->at - r->line_at);
	r->line_at = 0;
	if (line_end == NULL)
		r->column_before += r->at;
	else
		r->column_before = (uint64_t)(r->base + r->at - line_end) - 1;
}

/* The next line, if the rest of this one is not wanted. */
static void
discard(struct json_reader *r)
{
	const char *line_end = r->at == r->end ? NULL :
	    memchr(r->base + r->at, '\n', r->end - r->at);

	r->discarding = line_end == NULL;
	r->at = line_end == NULL ? r->end :
	    (uint32_t)(line_end - r->base) + 1;
	memset(&r->outline, 0, sizeof(r->outline));
	begin_index(r);
}

/* A byte order mark at the very start is no part of the text. */
static void
skip_order_mark(struct json_reader *r)
{
	static const char mark[] = "\xef\xbb\xbf";
	uint32_t size = r->end < 3 ? r->end : 3;

	if (memcmp(r->base, mark, size) != 0) {
		r->opened = 1;
	} else if (size == 3) {
		r->opened = 1;
		r->at = 3;
	}
	if (r->ended)
		r->opened = 1;
}

/* Keep what is not read and get more.  0; READER_WAIT; -1 with err. */
static int
fill(struct json_reader *r, struct err *err)
{
	uint32_t keep = r->end - r->at;
	uint32_t shift = r->at;
	size_t size;

	if (r->base != NULL)
		count_place(r);
	int result = chunker_fill(r->chunker, keep, err);
	if (result < 0)
		return -1;
	r->ended = result == 0;
	r->base = chunker_bytes(r->chunker, &size);
	r->end = (uint32_t)size;
	r->at = 0;
	if (r->outline.mark == 0 && r->judged_bytes == 0)
		choose_way(r);
	if (!r->opened) {
		skip_order_mark(r);
		begin_index(r);
	} else if (r->discarding) {
		discard(r);
	} else if (r->follows && r->outline.mark == 0 &&
	    r->judged_bytes == 0) {
		begin_index(r);
	} else {
		json_index_move(&r->index, r->base, shift, r->mark);
		json_index_extend(&r->index, r->end);
		r->mark = 0;
	}
	return result == CHUNKER_WAIT ? READER_WAIT : 0;
}

/* --- between records --------------------------------------------------- */

/*
 * Where an array begins or ends: rows that may still be refused are given
 * first, so that all rows of a batch stand in one place.
 */
static int
batch_ends_here(const struct json_reader *r)
{
	return r->set.types != NULL && r->rows.count > 0;
}

/* A bracket or comma of a top-level array. */
static void
take_byte(struct json_reader *r, enum json_place place)
{
	json_advance(r, r->at + 1);
	r->place = place;
}

static void
close_array(struct json_reader *r)
{
	r->documents = 1;
	take_byte(r, r->set.single ? JSON_BEHIND : JSON_TOP);
}

/* The input ends where it may not. */
static enum json_step
reject_end(struct json_reader *r, const char *reason)
{
	enum json_step step = json_reject(r, r->at, r->at, r->at, reason);

	if (step != JSON_FULL)
		r->place = JSON_OVER;
	return step;
}

/* The window has nothing but blanks left. */
static enum json_step
end_of_window(struct json_reader *r)
{
	if (!r->ended)
		return JSON_MORE;
	switch (r->place) {
	case JSON_TOP:
		return !r->set.single || r->documents ? JSON_END :
		    reject_end(r, "a value was expected");
	case JSON_FIRST:
	case JSON_NEXT:
	case JSON_ELEMENT:
	case JSON_AGAIN:
		return reject_end(r, "the array is not closed");
	default:
		return JSON_END;
	}
}

/* A closing bracket behind a comma. */
static enum json_step
reject_element(struct json_reader *r)
{
	enum json_step step = json_reject(r, r->at, r->at + 1, r->at + 1,
	    "a value was expected");

	if (step != JSON_FULL)
		r->place = r->set.single ? JSON_OVER : JSON_TOP;
	return step;
}

/* A value cannot begin here: what else is it, in an array? */
static enum json_step
take_separator(struct json_reader *r, char c)
{
	if (c == ']' && batch_ends_here(r))
		return JSON_FULL;
	switch (r->place) {
	case JSON_FIRST:
		close_array(r);
		return JSON_ON;
	case JSON_NEXT:
		if (c == ']')
			close_array(r);
		else if (c == ',')
			take_byte(r, JSON_ELEMENT);
		else
			return json_reject_token(r, r->at,
			    "a comma or ] was expected");
		return JSON_ON;
	case JSON_AGAIN:
		if (c == ']')
			close_array(r);
		else
			take_byte(r, JSON_AGAIN);
		return JSON_ON;
	default:
		return reject_element(r);
	}
}

/*
 * Go to where a record begins.  JSON_ON with *found set if there is one;
 * JSON_ON without: look again.
 */
static inline enum json_step
find_value(struct json_reader *r, int *found)
{
	uint32_t at = r->at;

	while (at < r->end && json_blank(r->base[at]))
		at++;
	r->at = at;
	if (__builtin_expect(at == r->end, 0))
		return end_of_window(r);
	char c = r->base[at];
	if (__builtin_expect(r->place == JSON_TOP, 1)) {
		*found = c != '[' || !r->set.streams;
		if (*found)
			return JSON_ON;
		if (batch_ends_here(r))
			return JSON_FULL;
		take_byte(r, JSON_FIRST);
		return JSON_ON;
	}
	if (r->place == JSON_BEHIND)
		return json_reject_line(r, at,
		    "there is text behind the document");
	if (r->place == JSON_OVER) {
		r->at = r->end;
		return JSON_END;
	}
	*found = r->place != JSON_NEXT && c != ']' &&
	    (c != ',' || r->place != JSON_AGAIN);
	return *found ? JSON_ON : take_separator(r, c);
}

/* --- batches ----------------------------------------------------------- */

/* Rows up to the end of the window or of the batch. */
static enum json_step
read_rows(struct json_reader *r)
{
	enum json_step step;

	for (;;) {
		int found = 0;
		if (r->rows.count == r->rows.limit)
			return JSON_FULL;
		if (__builtin_expect(r->discarding, 0))
			step = r->ended ? end_of_window(r) : JSON_MORE;
		else
			step = find_value(r, &found);
		if (found)
			step = json_take_value(r);
		if (__builtin_expect(step != JSON_ON, 0))
			return step;
	}
}

/* The rows as a batch; NULL if no row is left of it. */
static struct batch *
give_batch(struct json_reader *r)
{
	uint32_t rows = r->rows.count;

	if (rows == 0)
		return NULL;
	struct batch *batch = json_rows_batch(&r->rows, r->base,
	    chunker_region(r->chunker));
	batch->origin = r->origin;
	batch->first_line = r->batch_line;
	batch->first_record = r->batch_record;
	r->record_number += rows;
	if (r->set.types != NULL)
		json_convert(r, batch);
	if (batch->sel_count == 0)
		batch_free(&batch);
	return batch;
}

int
json_reader_next(struct json_reader *r, struct batch **out, struct err *err)
{
	while (!r->failed) {
		json_rows_begin(&r->rows);
		enum json_step step = r->opened ? read_rows(r) : JSON_MORE;
		r->failed |= step == JSON_FAILED;
		*out = give_batch(r);
		if (*out != NULL)
			return 1;
		if (step == JSON_END && !r->failed)
			return 0;
		int filled = step == JSON_MORE ? fill(r, err) : 0;
		if (filled != 0)
			return filled;
	}
	*err = r->failure;
	return -1;
}

/* position.inside: the place, and what else is going on. */
#define INSIDE_PLACE 7u
#define INSIDE_DOCUMENTS 8u
#define INSIDE_DISCARDED 16u

/* Of the byte at `at`. */
static void
position_at(const struct json_reader *r, uint32_t at, enum json_place place,
	struct reader_position *out)
{
	const char *line_end = at == 0 ? NULL : memrchr(r->base, '\n', at);

	out->offset = chunker_offset(r->chunker) + at;
	out->column = line_end == NULL ? r->column_before + at :
	    (uint64_t)(r->base + at - line_end) - 1;
	out->inside = (uint64_t)place |
	    (r->documents ? INSIDE_DOCUMENTS : 0);
}

void
json_reader_position(struct json_reader *r, struct reader_position *out)
{
	*out = (struct reader_position)READER_POSITION_START;
	if (!r->opened || r->base == NULL)
		return;
	if (r->failed) {
		*out = r->failed_at;
		return;
	}
	/* What is counted here need not be counted again. */
	r->line += json_count_lines(r->base + r->line_at, r->at - r->line_at);
	r->line_at = r->at;
	position_at(r, r->at, r->place, out);
	out->line = r->line;
	out->record = r->record_number;
	if (r->discarding)
		out->inside |= INSIDE_DISCARDED;
}

void
json_fail_at(struct json_reader *r, uint32_t at, uint64_t line,
	uint64_t record, enum json_place place)
{
	position_at(r, at, place, &r->failed_at);
	r->failed_at.line = line;
	r->failed_at.record = record;
}

int
json_reader_seek(struct json_reader *r, const struct reader_position *position,
	struct err *err)
{
	uint64_t place = position->inside & INSIDE_PLACE;

	if (position->offset == 0)
		return 0;
	if (place > JSON_OVER)
		return err_set(err, ERR_DATA, "%s: not a position in JSON",
		    input_path(r->input));
	if (input_seek(r->input, position->offset, err) != 0)
		return -1;
	chunker_restart(r->chunker, position->offset);
	json_index_start(&r->index, "", 0);
	r->base = "";
	r->at = r->end = r->line_at = r->mark = 0;
	memset(&r->outline, 0, sizeof(r->outline));
	r->judged_bytes = 0;
	r->opened = 1;
	r->ended = 0;
	r->line = position->line;
	r->column_before = position->column;
	r->record_number = position->record;
	r->place = (enum json_place)place;
	r->documents = (position->inside & INSIDE_DOCUMENTS) != 0;
	r->discarding = (position->inside & INSIDE_DISCARDED) != 0;
	return 0;
}
