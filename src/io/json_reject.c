/*
 * Records that are refused, and where reading goes on:
 *
 *  - in lines of documents behind the line on which the record began, so that a
 *    line cut short costs one record;
 *  - else behind its brackets, or in an array of scalars at the next comma.
 *
 * A record is only refused when it is all there, up to that place; what is
 * reported then does not depend on how the bytes came.  With declared types
 * rows can still be refused when the batch is made, so the rows before are
 * given first, and everything is reported in its order.
 */
#include <string.h>

#include "data/batch.h"
#include "io/bad.h"
#include "io/json_reader_priv.h"

/* Of a record that is too long to be anything. */
#define TEXT_BYTES_MAX (64u << 10)

/* Bytes on its line before `at`. */
static uint64_t
column_of(const struct json_reader *r, uint32_t at)
{
	const char *line_end = at == 0 ? NULL : memrchr(r->base, '\n', at);

	return line_end == NULL ? r->column_before + at :
	    (uint64_t)(r->base + at - line_end) - 1;
}

/* Report the bytes [start, end); the line of `start` is `line`. */
static int
report(struct json_reader *r, uint32_t start, uint64_t line, uint32_t end,
	uint32_t fault, const char *reason)
{
	while (end > start && json_blank(r->base[end - 1]))
		end--;
	if (end - start > TEXT_BYTES_MAX)
		end = start + TEXT_BYTES_MAX;
	struct bad_record record = {
		.path = r->origin == NULL ? NULL : r->origin->path,
		.line = line + json_count_lines(r->base + start,
		    fault - start),
		.column = column_of(r, fault) + 1,
		.reason = reason,
		.text = r->base + start,
		.text_size = end - start,
		.text_line = line,
		.text_column = column_of(r, start) + 1,
	};

	return bad_report(r->bad, &record, &r->failure);
}

/* Where the array goes on, or that nothing does. */
static enum json_place
place_behind(const struct json_reader *r, int whole)
{
	if (r->place == JSON_TOP || r->place == JSON_BEHIND ||
	    r->place == JSON_OVER)
		return r->set.single ? JSON_OVER : r->place;
	if (!whole && r->set.single)
		return JSON_OVER;
	return whole ? JSON_NEXT : JSON_AGAIN;
}

static enum json_step
reject(struct json_reader *r, uint32_t fault, uint32_t end, uint32_t next,
	int whole, const char *reason)
{
	if (r->set.types != NULL && r->rows.count > 0) {
		/* The record is looked at again, from its first mark. */
		memset(&r->outline, 0, sizeof(r->outline));
		return JSON_FULL;
	}
	r->line += json_count_lines(r->base + r->line_at, r->at - r->line_at);
	r->line_at = r->at;
	int result = report(r, r->at, r->line, end, fault, reason);
	if (result != 0)
		json_fail_at(r, r->at, r->line, r->record_number +
		    r->rows.count, r->place);
	r->place = place_behind(r, whole);
	r->documents = 1;
	r->record_number++;
	json_advance(r, next);
	return result == 0 ? JSON_ON : JSON_FAILED;
}

enum json_step
json_reject(struct json_reader *r, uint32_t fault, uint32_t end,
	uint32_t next, const char *reason)
{
	return reject(r, fault, end, next, 1, reason);
}

enum json_step
json_reject_line(struct json_reader *r, uint32_t fault, const char *reason)
{
	uint32_t from = r->set.by_lines ? r->at : fault;
	const char *line_end = from == r->end ? NULL :
	    memchr(r->base + from, '\n', r->end - from);
	uint32_t end = line_end == NULL ? r->end :
	    (uint32_t)(line_end - r->base) + 1;

	/* The report shows so much of the line. */
	if (line_end == NULL && !r->ended && r->end - r->at < TEXT_BYTES_MAX)
		return JSON_MORE;
	enum json_step step = reject(r, fault, end, end, 0, reason);
	r->discarding = line_end == NULL && step != JSON_FULL;
	return step;
}

/* The comma, bracket or line end that ends a token of an array. */
static uint32_t
token_end(const struct json_reader *r)
{
	int inside = 0;
	uint32_t at = r->at;

	for (; at < r->end; at++) {
		char c = r->base[at];
		if (c == '\n' || (!inside && (c == ',' || c == ']')))
			break;
		if (c == '\\' && inside && at + 1 < r->end &&
		    r->base[at + 1] != '\n')
			at++;
		else if (c == '"')
			inside = !inside;
	}
	return at < r->end ? at : r->end;
}

enum json_step
json_reject_token(struct json_reader *r, uint32_t fault, const char *reason)
{
	if (r->place == JSON_TOP)
		return json_reject_line(r, fault, reason);
	uint32_t end = token_end(r);
	if (end == r->end && !r->ended) {
		if (r->end - r->at <= r->set.record_max)
			return JSON_MORE;
		return json_reject_line(r, fault, reason);
	}
	const char *token = r->base + r->at;
	size_t size = end - r->at;
	int quoted = memchr(token, '"', size) != NULL ||
	    memchr(token, '\\', size) != NULL;
	enum json_step step = reject(r, fault, end, end, 1, reason);
	/* Then the index may think that we are in a string. */
	if (quoted && step != JSON_FULL)
		json_reindex(r);
	return step;
}

int
json_reject_row(struct json_reader *r, const struct batch *batch, uint32_t row,
	uint32_t fault, const char *reason)
{
	uint32_t first = batch->record.from[0];
	uint32_t start = batch->record.from[2 * (size_t)row];

	return report(r, start, batch->first_line +
	    json_count_lines(r->base + first, start - first),
	    batch->record.to[2 * (size_t)row], fault, reason);
}
