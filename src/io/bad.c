/*
 * Bad records.  Several threads may report at once, so counts and file stand
 * behind one lock; a bad record is dear anyway.
 *
 * A message shows at most TEXT_COLUMNS columns of the record, so moved that the
 * fault is among them:
 *
 *	access.csv:17:6: expected 5 fields, found 3
 *	  | 1,2,3
 *	         ^
 */
#include "io/bad.h"

#include <inttypes.h>
#include <string.h>

#include "io/output.h"
#include "io/text_width.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

#define TEXT_COLUMNS 80
/* Columns shown behind a fault far to the right. */
#define COLUMNS_BEHIND 20

struct bad {
	enum bad_policy policy;
	const char *path;
	struct output *output;
	struct thr_lock lock;
	uint64_t count;
	uint64_t read_count;
	bad_forward_f *forward;
	void *forward_cookie;
};

static _Thread_local uint64_t thread_count;

struct bad *
bad_new(enum bad_policy policy, const char *path, struct err *err)
{
	struct bad *bad = mem_alloc_zero(sizeof(*bad));

	bad->policy = policy;
	bad->path = path;
	thr_lock_init(&bad->lock, "bad records");
	if (policy == BAD_FILE) {
		bad->output = output_open(path, err);
		if (bad->output == NULL) {
			thr_lock_fini(&bad->lock);
			mem_free(bad);
			return NULL;
		}
	}
	return bad;
}

/* "path:line:column: ", as far as they are known. */
static void
add_place(struct buf *buf, const struct bad_record *record)
{
	if (record->path == NULL)
		return;
	buf_add_string(buf, record->path);
	if (record->line != 0)
		buf_add_format(buf, ":%" PRIu64, record->line);
	if (record->line != 0 && record->column != 0)
		buf_add_format(buf, ":%" PRIu64, record->column);
	buf_add_string(buf, ": ");
}

/* Step back over continuation bytes to where a character begins. */
static size_t
character_start(const char *text, size_t at)
{
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* One character, or what may stand for it: control bytes move the cursor. */
static void
add_harmless(struct buf *buf, uint32_t c, const char *bytes, uint32_t size)
{
	if (c == '\t')
		buf_add_char(buf, ' ');
	else if (c < ' ' || (c >= 0x7f && c < 0xa0))
		buf_add_char(buf, '.');
	else if (c == UINT32_MAX)
		buf_add_char(buf, '?');
	else
		buf_add(buf, bytes, size);
}

/* The line of the text that the place is on; its first line if it is none. */
static const char *
fault_line(const struct bad_record *record, size_t *size, int *has_column)
{
	const char *text = record->text;
	const char *end = text + record->text_size;
	uint64_t lines = record->text_line == 0 ? 0 :
	    record->line - record->text_line;

	*has_column = record->column != 0;
	for (; lines > 0; lines--) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		if (line_end == NULL) {
			*has_column = 0;
			text = record->text;
			break;
		}
		text = line_end + 1;
	}
	const char *line_end = memchr(text, '\n', (size_t)(end - text));
	*size = (size_t)((line_end == NULL ? end : line_end) - text);
	if (*size > 0 && text[*size - 1] == '\r')
		--*size;
	return text;
}

/* One line of the record and a caret under the column. */
static void
add_excerpt(struct buf *buf, const struct bad_record *record)
{
	size_t size;
	int has_column;
	const char *text = fault_line(record, &size, &has_column);
	uint64_t first = text == record->text && record->text_column > 0 ?
	    record->text_column : 1;
	size_t fault = has_column && record->column > first ?
	    record->column - first : 0;
	size_t start = 0;
	size_t caret = 0;

	if (fault > size)
		fault = size;
	if (fault > TEXT_COLUMNS - COLUMNS_BEHIND)
		start = character_start(text,
		    fault - (TEXT_COLUMNS - COLUMNS_BEHIND));
	buf_add_string(buf, "\n  | ");
	for (size_t at = start, shown = 0; at < size;) {
		uint32_t c;
		uint32_t bytes = text_character(text + at,
		    (uint32_t)(size - at), &c);
		uint32_t width = text_character_width(c);
		if (shown + width > TEXT_COLUMNS)
			break;
		add_harmless(buf, c, text + at, bytes);
		shown += width;
		if (at < fault)
			caret += width;
		at += bytes;
	}
	if (has_column)
		buf_add_format(buf, "\n    %*s^", (int)caret, "");
}

/* One line without control bytes that tells every byte. */
static void
add_escaped(struct buf *buf, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		switch (c) {
		case '\n':
			buf_add_string(buf, "\\n");
			break;
		case '\r':
			buf_add_string(buf, "\\r");
			break;
		case '\t':
			buf_add_string(buf, "\\t");
			break;
		case '\\':
			buf_add_string(buf, "\\\\");
			break;
		default:
			if ((unsigned char)c < ' ' || c == 0x7f)
				buf_add_format(buf, "\\x%02x",
				    (unsigned char)c);
			else
				buf_add_char(buf, c);
		}
	}
}

static int
report_to_file(struct bad *bad, const struct bad_record *record,
	struct err *err)
{
	struct buf *buf = output_buf(bad->output);

	add_place(buf, record);
	buf_add_string(buf, record->reason);
	buf_add_string(buf, ": ");
	add_escaped(buf, record->text, record->text_size);
	buf_add_char(buf, '\n');
	return output_room(bad->output, err);
}

static int
report_and_stop(const struct bad_record *record, struct err *err)
{
	struct buf message = { 0 };

	add_place(&message, record);
	buf_add_string(&message, record->reason);
	if (record->text != NULL)
		add_excerpt(&message, record);
	err_set(err, ERR_DATA, "%s", buf_string(&message));
	err->has_place = record->path != NULL;
	buf_fini(&message);
	return -1;
}

int
bad_report(struct bad *bad, const struct bad_record *record, struct err *err)
{
	int result = 0;

	thread_count++;
	thr_lock_take(&bad->lock);
	/* Read without the lock. */
	__atomic_fetch_add(&bad->count, 1, __ATOMIC_RELAXED);
	if (bad->forward != NULL)
		bad->forward(bad->forward_cookie, record);
	else if (bad->policy == BAD_STOP)
		result = report_and_stop(record, err);
	else if (bad->policy == BAD_FILE)
		result = report_to_file(bad, record, err);
	thr_lock_give(&bad->lock);
	return result;
}

void
bad_set_forward(struct bad *bad, bad_forward_f *forward, void *cookie)
{
	bad->forward = forward;
	bad->forward_cookie = cookie;
	/* Who stops the job is elsewhere: here the others go on. */
	if (bad->policy == BAD_STOP)
		bad->policy = BAD_SKIP;
}

int
bad_set_in_place(struct bad *bad, int keep, struct err *err)
{
	struct output *output;

	if (bad->output == NULL)
		return 0;
	output = output_in_place(bad->path, keep, err);
	if (output == NULL)
		return -1;
	/* What was met when the inputs were looked at. */
	struct buf *former = output_buf(bad->output);
	buf_add(output_buf(output), former->bytes, former->size);
	output_abort(&bad->output);
	bad->output = output;
	return 0;
}

int
bad_flush(struct bad *bad, struct err *err)
{
	int status = 0;

	if (bad->output == NULL)
		return 0;
	thr_lock_take(&bad->lock);
	status = output_flush(bad->output, err);
	thr_lock_give(&bad->lock);
	return status;
}

enum bad_policy
bad_policy(const struct bad *bad)
{
	return bad->policy;
}

uint64_t
bad_count(const struct bad *bad)
{
	return __atomic_load_n(&bad->count, __ATOMIC_RELAXED);
}

uint64_t
bad_count_of_thread(void)
{
	return thread_count;
}

void
bad_count_read(struct bad *bad, uint64_t records)
{
	__atomic_fetch_add(&bad->read_count, records, __ATOMIC_RELAXED);
}

uint64_t
bad_read_count(const struct bad *bad)
{
	return __atomic_load_n(&bad->read_count, __ATOMIC_RELAXED);
}

void
bad_abort(struct bad **bad_address)
{
	struct bad *bad = *bad_address;

	*bad_address = NULL;
	if (bad == NULL)
		return;
	output_abort(&bad->output);
	thr_lock_fini(&bad->lock);
	mem_free(bad);
}

int
bad_close(struct bad **bad_address, struct err *err)
{
	struct bad *bad = *bad_address;
	int result = 0;

	if (bad != NULL && bad->output != NULL)
		result = output_commit(&bad->output, err);
	bad_abort(bad_address);
	return result;
}
