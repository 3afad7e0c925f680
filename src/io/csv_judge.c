/*
 * The first row of the window, when no index can be made of it: is it only not
 * whole yet, or bad?  The answer must not depend on the chunks, so a record is
 * held against the limits by what of it had to be there to tell its fault.
 */
#include <stdio.h>
#include <string.h>

#include "io/csv_priv.h"
#include "util/mem.h"

/*
 * Refuse the line at the front, whose record has no known end; wait (0) until
 * the line is whole, unless it is too long to wait for.
 */
static uint32_t
reject_line(struct csv_reader *r, uint32_t fault, const char *reason)
{
	const char *line_end = memchr(r->base + r->at, '\n', r->end - r->at);
	uint32_t end = line_end == NULL ? r->end :
	    (uint32_t)(line_end - r->base) + 1;

	if (line_end == NULL && (end - r->at <= r->set.record_max ||
	    end - r->at <= CSV_REJECT_TEXT_MAX))
		return 0;
	r->discarding = line_end == NULL;
	csv_reject(r, r->at, end, fault, "%s", reason);
	return end;
}

static uint32_t
reject_long_record(struct csv_reader *r)
{
	char reason[80];

	snprintf(reason, sizeof(reason), "record is longer than %u bytes "
	    "(max_record)", r->set.record_max);
	return reject_line(r, r->at, reason);
}

static uint32_t
reject_open_quote(struct csv_reader *r, uint32_t quote)
{
	char reason[80];

	snprintf(reason, sizeof(reason), "quote opened here is not closed "
	    "within %u bytes (max_field)", r->set.dialect.field_max);
	return reject_line(r, quote, reason);
}

enum csv_row_end
csv_row_judge(const struct csv_reader *r, struct csv_row *row)
{
	uint32_t at = r->at;
	uint32_t record_max = r->set.record_max;
	uint64_t seen = r->end - at;
	enum csv_row_end result = csv_row_parse(&r->set.dialect, r->base, at,
	    r->end, NULL, 0, row);

	/* How much of the record had to be there to tell. */
	if (result == CSV_ROW_DONE)
		seen = row->next - 1 - at;
	else if (result == CSV_ROW_BEHIND)
		seen = (uint64_t)row->fault - at + 1;
	else if (result == CSV_ROW_OPEN)
		seen = (uint64_t)row->fault - at + r->set.dialect.field_max;
	return seen > record_max ? CSV_ROW_LONG : result;
}

/*
 * The row is whole, but has more fields than an index takes, and than it may.
 * As the index would say it: where the first field begins that is too many.
 */
static void
reject_wide(struct csv_reader *r, const struct csv_row *row)
{
	const struct csv_dialect *dialect = &r->set.dialect;
	uint32_t *index = mem_alloc(((size_t)r->field_count + 1) *
	    sizeof(*index));
	uint32_t end = row->next - 1;
	uint32_t last = end - (r->base[end - 1] == '\r');
	struct csv_row again;

	csv_row_parse(dialect, r->base, r->at, r->end, index, r->field_count,
	    &again);
	uint32_t trailing = r->set.trailing &&
	    r->base[last - 1] == dialect->delimiter;
	uint32_t fault = r->field_count == 0 ? r->at :
	    index[r->field_count - 1] + 1;
	csv_reject(r, r->at, end, fault, "expected %u field%s, found %u",
	    r->field_count, csv_plural(r->field_count),
	    row->field_count - trailing);
	mem_free(index);
}

uint32_t
csv_judge_first(struct csv_reader *r)
{
	struct csv_row row;

	switch (csv_row_judge(r, &row)) {
	case CSV_ROW_DONE:
		reject_wide(r, &row);
		return row.next;
	case CSV_ROW_BEHIND:
		return reject_line(r, row.fault,
		    "text behind the closing quote");
	case CSV_ROW_OPEN:
		return reject_open_quote(r, row.fault);
	case CSV_ROW_MORE:
		return !r->ended ? 0 : reject_line(r, row.fault,
		    "quote opened here is never closed");
	default:
		return reject_long_record(r);
	}
}
