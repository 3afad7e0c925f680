/*
 * A section is the part of the window that one index covers: from the start of
 * a row to where the index is full, the window ends, or something is wrong.
 *
 *	index [.][ row 0 ... \n ][ row 1 ... \n ] ... [ row n ... \n ] (begun)
 *	       ^ -1: the byte before the first row
 *
 * When every row has `stride` separators, and that is checked over the line
 * ends, column c of row r lies between index[r * stride + c - 1] and index[r *
 * stride + c]: columns are views of the index and cost nothing.  Otherwise the
 * regular rows at the front make a batch; or the rows are walked one by one and
 * each gets a line in an explicit table of starts and ends.
 *
 * Where few of many fields are needed only the separators about them are tried
 * first (csv_pick.c): the same views, with fewer entries a row.
 *
 * What cannot be trusted is done exactly by csv_row_parse(): the row with a
 * misplaced quote, and any row that is longer than the limits on fields and
 * records, so that a limit means the same whatever the chunks.
 */
#include <string.h>

#include "io/csv_pick.h"
#include "io/csv_priv.h"
#include "io/input.h"
#include "util/mem.h"

/* Entries of an index, unless one row needs more: 256 KiB. */
#define INDEX_ENTRIES (64u << 10)
/* Entries before the first: one is used, the rest is alignment. */
#define INDEX_FRONT 16
/* Regular rows in front of an irregular one that are worth their own batch. */
#define PREFIX_ROWS_MIN 64
/* Sections that are indexed in whole when picking from one has failed. */
#define PICK_PAUSE 16

/* Rows longer than this are looked at twice. */
static uint32_t
length_careful(const struct csv_reader *r)
{
	return r->set.dialect.quotes &&
	    r->set.dialect.field_max < r->set.record_max ?
	    r->set.dialect.field_max : r->set.record_max;
}

static uint32_t
index_limit(uint32_t stride)
{
	uint64_t limit = (uint64_t)batch_rows_target() * stride;

	if (limit > INDEX_ENTRIES)
		limit = INDEX_ENTRIES;
	return limit < stride ? stride : (uint32_t)limit;
}

/* Entries up to and with the last line end. */
static uint32_t
entries_of_whole_rows(const char *base, const uint32_t *index, uint32_t count)
{
	while (count > 0 && base[index[count - 1]] != '\n')
		count--;
	return count;
}

/* Room for an index from r->at on. */
static void
section_begin(struct csv_reader *r, struct csv_section *s, char delimiter,
	uint32_t limit)
{
	s->loan = loan_take(&r->loans, (INDEX_FRONT + (size_t)limit +
	    CSV_INDEX_SLACK) * sizeof(uint32_t));
	s->index = (uint32_t *)(void *)s->loan.bytes + INDEX_FRONT;
	s->start = r->at;
	s->index[-1] = r->at - 1;
	s->scan = (struct csv_scan){
		.base = r->base, .index = s->index, .end = r->end,
		.limit = limit, .delimiter = delimiter,
		.quotes = r->set.dialect.quotes,
	};
	csv_scan_restart(&s->scan, r->at);
}

/*
 * Index from r->at on.  A row with a quote where none may stand is parsed
 * exactly; a row that cannot be used ends the section.
 */
static void
section_index(struct csv_reader *r, struct csv_section *s, char delimiter,
	uint32_t limit)
{
	struct csv_scan *scan = &s->scan;

	section_begin(r, s, delimiter, limit);
	for (;;) {
		struct csv_row row;
		csv_index(scan);
		s->entry_count = entries_of_whole_rows(r->base, s->index,
		    scan->count);
		if (!scan->illegal)
			break;
		uint32_t room = limit - s->entry_count;
		if (s->entry_count >= limit || csv_row_parse(&r->set.dialect,
		    r->base, s->index[(int64_t)s->entry_count - 1] + 1, r->end,
		    s->index + s->entry_count, room, &row) != CSV_ROW_DONE ||
		    row.field_count > room)
			break;
		scan->count = s->entry_count + row.field_count;
		scan->newline_count++;
		scan->quoted_newline = 1;
		csv_scan_restart(scan, row.next);
	}
}

/* Does a comment line start at `at`? */
static int
is_comment(const struct csv_reader *r, uint32_t at)
{
	return (unsigned char)r->base[at] == r->set.comment;
}

/* What only some options ask of regular rows. */
static int
options_are_regular(const struct csv_reader *r, const struct csv_section *s)
{
	const uint32_t stride = r->stride;
	int differs = 0;

	if (r->set.comment >= 0)
		for (uint32_t i = 0; i < s->row_count; i++)
			differs |= is_comment(r,
			    s->index[(int64_t)i * stride - 1] + 1);
	if (r->set.trailing)
		for (uint32_t i = 0; i < s->row_count; i++)
			differs |= !csv_is_empty(r->base,
			    s->index[(size_t)i * stride + stride - 2] + 1,
			    s->index[(size_t)i * stride + stride - 1]);
	return !differs;
}

/*
 * Has every row as many separators as it should, and nothing that needs a
 * closer look?  Only the line ends are touched.
 */
static int
section_is_regular(const struct csv_reader *r, struct csv_section *s)
{
	const char *base = r->base;
	const uint32_t *index = s->index;
	const uint32_t stride = r->stride;
	const uint32_t rows = s->scan.newline_count;
	uint32_t longest = 0;
	uint32_t last = index[-1];
	int differs = 0;
	int cr = 0;

	if ((uint64_t)rows * stride != s->entry_count)
		return 0;
	index += stride - 1;
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t end = *index;
		index += stride;
		differs |= base[end] ^ '\n';
		cr |= base[end - 1] == '\r';
		longest = end - last > longest ? end - last : longest;
		last = end;
	}
	s->row_count = rows;
	s->ends_with_cr = cr;
	return !differs && longest <= length_careful(r) &&
	    options_are_regular(r, s);
}

void
csv_section_walk(const struct csv_reader *r, struct csv_section *s)
{
	uint32_t rows = 0;
	uint32_t k = 0;

	while (k < s->entry_count && rows < batch_rows_target()) {
		if (is_comment(r, s->index[(int64_t)k - 1] + 1))
			break;
		s->row_first[rows++] = k;
		while (r->base[s->index[k]] != '\n')
			k++;
		k++;
	}
	s->row_first[rows] = k;
	s->row_count = rows;
	s->entry_count = k;
}

/* How many rows from the first on are regular and need no closer look. */
static uint32_t
regular_prefix(const struct csv_reader *r, struct csv_section *s)
{
	uint32_t careful = length_careful(r);
	uint32_t i;

	s->ends_with_cr = 0;
	for (i = 0; i < s->row_count; i++) {
		const uint32_t *row = s->index + s->row_first[i];
		uint32_t last = s->row_first[i + 1] - s->row_first[i] - 1;
		if (last + 1 != r->stride || row[last] - row[-1] > careful)
			break;
		if (r->set.trailing && !csv_is_empty(r->base, row[last - 1] + 1,
		    row[last]))
			break;
		s->ends_with_cr |= r->base[row[last] - 1] == '\r';
	}
	return i;
}

/* The schema of batches of `width` columns; borrowed. */
static struct schema *
schema_for(struct csv_reader *r, uint32_t width)
{
	if (r->picked != NULL)
		return r->picked;
	if (width <= r->field_count)
		return r->schema;
	if (r->wide == NULL)
		r->wide = schema_copy(r->schema);
	if (r->wide->field_count < width) {
		struct schema *wider = schema_copy(r->wide);
		for (uint32_t i = wider->field_count; i < width; i++)
			csv_add_numbered(wider, i);
		schema_drop(&r->wide);
		r->wide = wider;
	}
	return r->wide;
}

uint32_t
csv_field_of_column(const struct csv_reader *r, uint32_t i)
{
	return r->picked != NULL ? r->picked_field[i] : i;
}

struct batch *
csv_batch_start(struct csv_reader *r, struct csv_section *s, uint32_t rows,
	uint32_t width)
{
	struct batch *batch = batch_new(schema_for(r, width), rows);

	batch_take_region(batch, region_hold(chunker_region(r->chunker)));
	batch_take_region(batch, region_hold(s->loan.region));
	batch->origin = r->origin;
	batch->first_line = r->line;
	batch->first_record = r->record + 1;
	return batch;
}

void
csv_init_missing(struct batch *batch, struct column *column)
{
	static const struct value missing = { .type = TYPE_MISSING };

	column_init_const(column, &missing, batch_region(batch));
}

/* A batch whose columns are views of the index. */
static struct batch *
batch_of_views(struct csv_reader *r, struct csv_section *s, uint32_t rows)
{
	struct batch *batch = csv_batch_start(r, s, rows, r->field_count);
	uint32_t last = r->field_count - 1;
	uint32_t entries = s->is_picked ? csv_pick_count(r->pick) : r->stride;
	struct column view = {
		.type = (uint8_t)r->set.type, .encoding = SLICE,
		.delimiter = (uint8_t)r->set.dialect.delimiter,
		.stride = entries, .from_add = 1, .base = r->base,
	};

	for (uint32_t i = 0; i < batch->schema->field_count; i++) {
		uint32_t field = csv_field_of_column(r, i);
		if (field > last || (s->is_picked && !r->needed[field])) {
			csv_init_missing(batch, &batch->column[i]);
			continue;
		}
		view.to = s->index + (s->is_picked ?
		    csv_pick_before(r->pick, field) : field);
		view.from = view.to - 1;
		view.trim_cr = field == last && !r->set.trailing &&
		    s->ends_with_cr;
		batch->column[i] = view;
	}
	view.from = s->index - 1;
	view.to = s->index + (s->is_picked ? entries - 1 : last);
	view.trim_cr = !r->set.trailing && s->ends_with_cr;
	batch->record = view;
	batch->has_record = 1;
	return batch;
}

/* Comment lines in front; 0 if the window ends among them. */
static int
skip_comments(struct csv_reader *r)
{
	while (r->at < r->end && is_comment(r, r->at)) {
		const char *line_end = memchr(r->base + r->at, '\n',
		    r->end - r->at);
		if (line_end == NULL) {
			r->discarding = 1;
			r->at = r->end;
			break;
		}
		r->at = (uint32_t)(line_end - r->base) + 1;
		r->line++;
	}
	return r->at < r->end;
}

/* Leave out the rows from the one that starts at `stop` on. */
static void
truncate_at(struct batch *batch, uint32_t stop)
{
	const struct column *first = &batch->record;
	uint32_t count = 0;

	while (count < batch->sel_count && first->from[(size_t)
	    batch_row(batch, count) * first->stride] + first->from_add < stop)
		count++;
	batch->sel_count = count;
	if (batch->sel == NULL)
		batch->row_count = count;
}

/*
 * Report what was refused, and go on behind `next`.  When the policy is to
 * stop, the rows before the culprit are still given, and the failure is said
 * by the next call.
 */
static int
section_finish(struct csv_reader *r, uint32_t next, uint64_t line_count,
	struct batch *batch, struct batch **out, struct err *err)
{
	uint32_t stopped_at = 0;
	uint32_t rejected = r->rejects.count;

	if (rejected > 0 && csv_rejects_report(r, r->at, &rejected,
	    &stopped_at, &r->failure) != 0) {
		if (batch != NULL)
			truncate_at(batch, stopped_at);
		csv_fail_at(r, stopped_at, rejected - 1 +
		    (batch == NULL ? 0 : batch->sel_count));
	}
	r->record += rejected + (batch == NULL ? 0 : batch->sel_count);
	r->line += line_count;
	r->at = next;
	if (batch != NULL && batch->sel_count > 0) {
		*out = batch;
		return 1;
	}
	batch_free(&batch);
	if (r->failed) {
		*err = r->failure;
		return -1;
	}
	return 0;
}

/* The batch of an irregular section, and its rows in s->row_count. */
static struct batch *
batch_of_irregular(struct csv_reader *r, struct csv_section *s)
{
	csv_section_walk(r, s);
	uint32_t prefix = regular_prefix(r, s);

	if (prefix > 0 && (prefix >= PREFIX_ROWS_MIN ||
	    prefix == s->row_count)) {
		s->row_count = prefix;
		s->entry_count = s->row_first[prefix];
		return batch_of_views(r, s, prefix);
	}
	return csv_batch_of_table(r, s);
}

static struct batch *
section_batch(struct csv_reader *r, struct csv_section *s)
{
	if (!section_is_regular(r, s))
		return batch_of_irregular(r, s);
	uint32_t rows = s->row_count;
	if (rows > batch_rows_target())
		rows = batch_rows_target();
	s->row_count = rows;
	s->entry_count = rows * r->stride;
	return batch_of_views(r, s, rows);
}

/*
 * No row fitted into the index.  One that is whole gets the room that it needs,
 * so that how it is judged does not depend on the rows of a batch.
 */
static void
section_widen(struct csv_reader *r, struct csv_section *s)
{
	uint32_t most = r->stride > INDEX_ENTRIES ? r->stride : INDEX_ENTRIES;
	struct csv_row row;

	if (csv_row_judge(r, &row) == CSV_ROW_DONE &&
	    (row.field_count <= most || r->set.ragged == CSV_RAGGED_LOOSE)) {
		loan_return(&r->loans, &s->loan);
		section_index(r, s, r->set.dialect.delimiter,
		    row.field_count);
	}
}

/* Do some lines end with '\r'? */
static int
lines_end_with_cr(const struct csv_reader *r, const struct csv_section *s,
	uint32_t entries)
{
	const uint32_t *end = s->index + entries - 1;
	int cr = 0;

	for (uint32_t i = 0; i < s->row_count; i++, end += entries)
		cr |= r->base[*end - 1] == '\r';
	return cr;
}

/*
 * Only what is wanted of each row; NULL: the section needs the whole index.
 * Where something stood in the way there may be more of it soon.
 */
static struct batch *
section_picked(struct csv_reader *r, struct csv_section *s)
{
	uint32_t entries = csv_pick_count(r->pick);
	struct csv_scan *scan = &s->scan;
	int has_cr;

	section_begin(r, s, r->set.dialect.delimiter, index_limit(entries));
	/* No row that ends here is too long. */
	if (scan->end - r->at > length_careful(r))
		scan->end = r->at + length_careful(r);
	csv_pick_index(r->pick, scan, &has_cr);
	if (scan->illegal)
		r->pick_pause = PICK_PAUSE;
	s->row_count = scan->newline_count < batch_rows_target() ?
	    scan->newline_count : batch_rows_target();
	if (s->row_count == 0 || (scan->illegal &&
	    s->row_count < PREFIX_ROWS_MIN)) {
		loan_return(&r->loans, &s->loan);
		return NULL;
	}
	s->is_picked = 1;
	s->entry_count = s->row_count * entries;
	s->ends_with_cr = has_cr && lines_end_with_cr(r, s, entries);
	return batch_of_views(r, s, s->row_count);
}

static struct batch *
section_records(struct csv_reader *r, struct csv_section *s)
{
	if (r->pick != NULL && r->pick_pause == 0) {
		struct batch *batch = section_picked(r, s);
		if (batch != NULL)
			return batch;
	} else if (r->pick_pause > 0) {
		r->pick_pause--;
	}
	section_index(r, s, r->set.dialect.delimiter, index_limit(r->stride));
	if (s->entry_count == 0 && (s->scan.illegal ||
	    s->scan.count >= s->scan.limit))
		section_widen(r, s);
	return s->entry_count > 0 ? section_batch(r, s) : NULL;
}

/* Lines, with the places of marks; NULL: they are read like any records. */
static struct batch *
section_lines(struct csv_reader *r, struct csv_section *s)
{
	section_index(r, s, r->set.mark, index_limit(r->set.mark_count + 1));
	struct batch *batch = csv_batch_of_lines(r, s);
	if (batch == NULL)
		loan_return(&r->loans, &s->loan);
	return batch;
}

int
csv_section_next(struct csv_reader *r, struct batch **out, struct err *err)
{
	struct csv_section section = { .row_first = r->row_first };
	struct csv_section *s = &section;
	struct batch *batch = NULL;
	uint64_t lines;
	uint32_t next;

	r->marks = NULL;
	if (r->set.comment >= 0 && !skip_comments(r)) {
		r->starved = 1;
		return 0;
	}
	if (r->set.mark != '\0')
		batch = section_lines(r, s);
	if (batch == NULL)
		batch = section_records(r, s);
	next = s->index[(int64_t)s->entry_count - 1] + 1;
	lines = s->row_count;
	if (s->entry_count == 0) {
		next = csv_judge_first(r);
		if (next == 0) {
			r->starved = 1;
			next = r->at;
		}
	}
	if (s->scan.quoted_newline || s->entry_count == 0)
		lines = csv_count_lines(r->base + r->at, next - r->at);
	loan_return(&r->loans, &s->loan);
	if (batch != NULL)
		csv_convert(r, batch);
	return section_finish(r, next, lines, batch, out, err);
}
