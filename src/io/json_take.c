/*
 * Taking records.  An object is tried in this order, the likely first:
 *
 *	json_shapes_follow	it and those behind it, without an index
 *	json_shapes_expect	the shape that comes next as a rule
 *	json_outline_record	find its end by brackets alone; none: wait
 *	json_shapes_find	all shapes with that outline
 *	json_record_read	mark by mark, then learned as a shape
 *	judge			json_check(): what is wrong with it, or was it
 *				only the index that could not tell?
 *
 * The index is made when it is needed, for the rest of the window.  Where many
 * records need it, it is not tried without for a while (follow_is_worth).
 *
 * In lines, a record that has not ended in the window is judged as far as it
 * goes, and again whenever it has doubled: a line cut short must not swallow
 * all that follows it.
 *
 * Nothing that is decided here may depend on where windows end.
 */
#include <stdio.h>
#include <string.h>

#include "data/json.h"
#include "io/json_reader_priv.h"
#include "util/mem.h"

/* Looked at one by one, so many bytes cost what is saved on a record. */
#define CHECKED_BYTES_DEAR 32

/* The current row is whole: the record ends before `end`. */
static inline void
end_row(struct json_reader *r, uint32_t end)
{
	if (__builtin_expect(r->rows.count == 0, 0)) {
		r->line += json_count_lines(r->base + r->line_at,
		    r->at - r->line_at);
		r->line_at = r->at;
		r->batch_line = r->line;
		r->batch_record = r->record_number + 1;
	}
	json_rows_end(&r->rows, r->at, end);
	if (__builtin_expect(r->place == JSON_TOP, 1)) {
		r->documents = 1;
		if (r->set.single)
			r->place = JSON_BEHIND;
	} else {
		r->place = JSON_NEXT;
	}
}

/* The column of a key, as json_rows_column() says. */
static int
column_of(struct json_reader *r, const char *key, size_t size)
{
	if (size == 0 || memchr(key, '\\', size) == NULL)
		return json_rows_column(&r->rows, key, size);
	r->name.size = 0;
	char *name = buf_reserve(&r->name, size);
	return json_rows_column(&r->rows, name, json_decode(key, size, name));
}

static enum json_step
reject_columns(struct json_reader *r, uint32_t end)
{
	char reason[80];

	snprintf(reason, sizeof(reason), "more than %d different names",
	    JSON_COLUMNS_MAX);
	return json_reject(r, r->at, end, end, reason);
}

/* A value that is no object: a record of one field. */
static enum json_step
take_single(struct json_reader *r, uint32_t end)
{
	if (r->value_column < -1)
		r->value_column = json_rows_column(&r->rows, "value", 5);
	if (r->value_column == -2)
		return reject_columns(r, end);
	if (r->value_column >= 0)
		json_rows_put(&r->rows, (uint32_t)r->value_column, r->at, end);
	end_row(r, end);
	json_advance(r, end);
	return JSON_ON;
}

/* Has the current row a value in this column already? */
static int
is_taken(const struct json_reader *r, int column)
{
	const uint32_t *ranges = r->rows.ranges[column];

	/* A value ends behind its first byte, so never at 0. */
	return ranges != NULL && ranges[2 * r->rows.count + 1] != 0;
}

/*
 * The columns of the record's fields.  Of fields with one name the last one
 * counts: the others get none.  -1: there are too many.
 */
static int
find_columns(struct json_reader *r)
{
	const struct json_record *record = &r->record;

	if (record->field_count > r->column_capacity) {
		r->column_capacity = record->field_count * 2;
		r->columns = mem_resize(r->columns,
		    r->column_capacity * sizeof(*r->columns));
	}
	for (uint32_t i = 0; i < record->field_count; i++) {
		const struct json_field *field = &record->field[i];
		r->columns[i] = column_of(r, r->base + field->key,
		    field->key_size);
		if (r->columns[i] == -2)
			return -1;
	}
	return 0;
}

/* An object that was read mark by mark. */
static enum json_step
take_fields(struct json_reader *r)
{
	struct json_record *record = &r->record;
	uint32_t end = record->end;

	if (find_columns(r) != 0)
		return reject_columns(r, end);
	for (uint32_t i = record->field_count; i-- > 0;) {
		const struct json_field *field = &record->field[i];
		if (r->columns[i] >= 0 && is_taken(r, r->columns[i]))
			r->columns[i] = -1;
		if (r->columns[i] >= 0)
			json_rows_put(&r->rows, (uint32_t)r->columns[i],
			    field->from, field->to);
	}
	json_shapes_learn(r->shapes, &r->index, r->mark, r->outline.hash,
	    record, r->columns);
	end_row(r, end);
	json_advance(r, end);
	return JSON_ON;
}

/* An object that json_check() let through and the index knows too little of. */
static enum json_step
take_checked_object(struct json_reader *r, uint32_t end)
{
	struct json_walk walk;
	struct json_member member;

	/* All names first: the row must not be touched if one is too many. */
	for (int put = 0; put <= 1; put++) {
		json_walk_init(&walk, r->base + r->at, end - r->at);
		while (json_walk_next(&walk, &member)) {
			int column = column_of(r, member.key, member.key_size);
			if (column == -2)
				return reject_columns(r, end);
			uint32_t from = (uint32_t)(member.bytes - r->base);
			if (put && column >= 0)
				json_rows_put(&r->rows, (uint32_t)column, from,
				    from + (uint32_t)member.size);
		}
	}
	end_row(r, end);
	json_advance(r, end);
	return JSON_ON;
}

static enum json_step
take_checked(struct json_reader *r, uint32_t end)
{
	while (json_blank(r->base[end - 1]))
		end--;
	return r->base[r->at] == '{' ? take_checked_object(r, end) :
	    take_single(r, end);
}

/* More bytes are needed, unless there are too many already. */
static enum json_step
wait_for_more(struct json_reader *r)
{
	char reason[80];

	if (r->end - r->at <= r->set.record_max)
		return JSON_MORE;
	snprintf(reason, sizeof(reason), "record is longer than %u bytes "
	    "(max_record)", r->set.record_max);
	return json_reject_line(r, r->at, reason);
}

/*
 * Where a record that is not valid ends by its brackets; 0 if it does not in
 * the window.  As the index sees it: a backslash hides the next byte anywhere;
 * but a line end ends a string.
 */
static uint32_t
end_by_brackets(const struct json_reader *r)
{
	uint32_t depth = 0;
	int inside = 0;

	for (uint32_t i = r->at; i < r->end; i++) {
		char c = r->base[i];
		if (c == '\\') {
			i++;
		} else if (inside) {
			inside = c != '"' && c != '\n';
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (--depth == 0)
				return i + 1;
		} else {
			inside = c == '"';
		}
	}
	return 0;
}

/* What is expected behind all there is was so behind the last byte that is not
 * blank: on the line where the record stops. */
static uint32_t
place_of_fault(const struct json_reader *r, size_t offset)
{
	uint32_t fault = r->at + (uint32_t)offset;

	if (fault == r->end)
		while (json_blank(r->base[fault - 1]))
			fault--;
	return fault;
}

/*
 * Decide by every byte.  `end` is where the record ends by its brackets, or 0
 * if the index does not know.  In lines a fault within the bytes that a record
 * may have is told before its length, as it would be if they came one by one.
 */
static enum json_step
judge(struct json_reader *r, uint32_t end)
{
	uint32_t size = (end == 0 ? r->end : end) - r->at;
	int too_long = r->set.by_lines && size > r->set.record_max;
	size_t offset;

	if (too_long)
		size = r->set.record_max;
	const char *fault = json_check(r->base + r->at, size, &offset);
	if (fault == NULL)
		return take_checked(r, r->at + (uint32_t)offset);
	if (too_long && offset == size)
		return wait_for_more(r);
	int cut = end == 0 && offset == size && !r->ended;
	if (!cut && r->set.by_lines)
		return json_reject_line(r, place_of_fault(r, offset), fault);
	if (!cut && end == 0)
		end = end_by_brackets(r);
	if (end == 0 && !r->ended) {
		r->judged_bytes = size;
		return wait_for_more(r);
	}
	if (end == 0)
		end = r->end;
	return json_reject(r, place_of_fault(r, offset), end, end, fault);
}

/* An object or array: the long way. */
static enum json_step
take_unexpected(struct json_reader *r, int object)
{
	if (!json_outline_record(&r->outline, &r->index, r->mark)) {
		uint32_t size = r->end - r->at;
		int worth = (size / 2 >= r->judged_bytes &&
		    (r->set.by_lines || r->index.broken)) ||
		    r->outline.depth > JSON_DEPTH_MAX;
		return worth || r->ended || size > r->set.record_max ?
		    judge(r, 0) : JSON_MORE;
	}
	uint32_t last = r->mark + r->outline.mark - 1;
	uint32_t end = r->index.place[last] + 1;
	if (end - r->at > r->set.record_max)
		return r->set.by_lines ? judge(r, end) : wait_for_more(r);
	if (object && json_shapes_find(r->shapes, &r->index, r->mark,
	    r->outline.hash, &r->rows) > 0) {
		end_row(r, end);
		json_advance(r, end);
		return JSON_ON;
	}
	if (json_record_read(&r->record, &r->index, r->mark) != 0)
		return judge(r, end);
	return object ? take_fields(r) : take_single(r, end);
}

/* A number, a word or a string at the top. */
static enum json_step
take_scalar(struct json_reader *r)
{
	uint32_t size = r->end - r->at;
	size_t offset;
	const char *fault = json_check(r->base + r->at, size, &offset);

	/* What the window ends with may go on. */
	if (offset == size && !r->ended && (fault != NULL ||
	    !json_blank(r->base[r->end - 1])))
		return wait_for_more(r);
	if (fault != NULL)
		return json_reject_token(r, r->at + (uint32_t)offset, fault);
	uint32_t end = r->at + (uint32_t)offset;
	if (end < r->end && !json_blank(r->base[end - 1]) &&
	    (r->place == JSON_TOP ||
	    (r->base[end] != ',' && r->base[end] != ']')))
		return json_reject_token(r, end,
		    "there is text behind the value");
	return take_checked(r, end);
}

/* The record at r->at by the index, or what is in its way. */
static enum json_step
take_by_index(struct json_reader *r)
{
	char c = r->base[r->at];
	int object = c == '{';

	if (__builtin_expect(object, 1) && r->outline.mark == 0 &&
	    r->mark < r->index.count && r->index.place[r->mark] == r->at) {
		uint32_t marks = json_shapes_expect(r->shapes, &r->index,
		    r->mark, &r->rows);
		if (marks > 0) {
			r->mark += marks;
			uint32_t end = r->index.place[r->mark - 1] + 1;
			end_row(r, end);
			r->at = end;
			return JSON_ON;
		}
	}
	if (!object && c != '[')
		return take_scalar(r);
	/* Behind a broken place the index must begin anew. */
	if (r->mark >= r->index.count || r->index.place[r->mark] != r->at) {
		json_reindex(r);
		if (r->index.count == 0 || r->index.place[0] != r->at)
			return judge(r, 0);
	}
	return take_unexpected(r, object);
}

/* Take the records from r->at on that are as expected.  JSON_ON: at r->at
 * stands what is not, or a blank. */
static enum json_step
follow(struct json_reader *r)
{
	uint32_t before = r->rows.count;
	struct json_follow follow = {
		.base = r->base, .at = r->at, .end = r->end,
	};

	r->line += json_count_lines(r->base + r->line_at, r->at - r->line_at);
	if (before == 0) {
		r->batch_line = r->line;
		r->batch_record = r->record_number + 1;
	}
	enum json_followed got = json_shapes_follow(r->shapes, &follow,
	    &r->rows);
	r->line += follow.line_count;
	r->at = r->line_at = follow.at;
	r->documents |= r->rows.count > before;
	r->followed += r->rows.count - before;
	r->missed += got == JSON_OTHER;
	r->missed += follow.checked_bytes / CHECKED_BYTES_DEAR;
	if (got == JSON_CUT && !r->ended && follow.at < r->end &&
	    r->end - follow.at <= r->set.record_max)
		return JSON_MORE;
	while (r->mark < r->index.count && r->index.place[r->mark] < r->at)
		r->mark++;
	return JSON_ON;
}

enum json_step
json_take_value(struct json_reader *r)
{
	if (r->follows && r->place == JSON_TOP && r->base[r->at] == '{' &&
	    r->outline.mark == 0 && r->judged_bytes == 0) {
		enum json_step step = follow(r);
		if (step != JSON_ON || r->rows.count == r->rows.limit ||
		    r->base[r->at] != '{')
			return step;
	}
	return take_by_index(r);
}
