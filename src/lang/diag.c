/*
 * An error under the line it is about.  Columns are characters, so the caret
 * line copies the tabs of the text above it and puts one blank for every other
 * character.  A line longer than the window is cut on both sides of the caret,
 * and says so with "...".
 */
#include "lang/diag.h"

#include <string.h>

#include "lang/letter.h"
#include "util/buf.h"
#include "util/err.h"

/* Characters of a line that are shown, and before the caret if it is cut. */
#define WINDOW 100
#define WINDOW_BEFORE 60

/* The line of the place, in bytes of the source. */
struct line {
	const char *bytes;
	size_t size;
	size_t number;		/* from 1 */
	size_t place;		/* of the error, within bytes */
};

static struct line
find_line(const char *source, size_t size, size_t offset)
{
	struct line line = { source, 0, 1, 0 };
	const char *place = source + (offset < size ? offset : size);
	const char *end;

	while ((end = memchr(line.bytes, '\n',
	    (size_t)(place - line.bytes))) != NULL) {
		line.bytes = end + 1;
		line.number++;
	}
	end = memchr(line.bytes, '\n', size - (size_t)(line.bytes - source));
	line.size = (size_t)((end != NULL ? end : source + size) - line.bytes);
	line.place = (size_t)(place - line.bytes);
	while (line.size > line.place && line.bytes[line.size - 1] == '\r')
		line.size--;
	return line;
}

/* Bytes of the character at the start; 1 if it is none. */
static size_t
step(const char *bytes, size_t size, uint32_t *code)
{
	uint32_t length = letter_decode(bytes, size, code);

	if (length == 0)
		*code = 0xfffd;
	return length > 0 ? length : 1;
}

/* Shorten the line to the window; `before` and `after` are what was cut. */
static void
cut(struct line *line, int *before, int *after)
{
	size_t count = letter_count(line->bytes, line->place);
	uint32_t code;

	*before = count > WINDOW_BEFORE &&
	    letter_count(line->bytes, line->size) > WINDOW;
	while (*before && count > WINDOW_BEFORE) {
		size_t bytes = step(line->bytes, line->size, &code);
		line->bytes += bytes;
		line->size -= bytes;
		line->place -= bytes;
		count--;
	}
	*after = letter_count(line->bytes, line->size) > WINDOW;
	if (*after) {
		size_t at = 0;
		for (int i = 0; i < WINDOW; i++)
			at += step(line->bytes + at, line->size - at, &code);
		line->size = at;
	}
}

/* What a terminal should not get is shown as '?'. */
static void
add_line(const struct line *line, struct buf *buf)
{
	uint32_t code;

	for (size_t at = 0; at < line->size;) {
		size_t bytes = step(line->bytes + at, line->size - at, &code);
		if ((code < ' ' && code != '\t') || code == 0xfffd ||
		    (code >= 0x7f && code < 0xa0))
			buf_add_char(buf, '?');
		else
			buf_add(buf, line->bytes + at, bytes);
		at += bytes;
	}
	buf_add_char(buf, '\n');
}

static void
add_carets(const struct line *line, size_t span_bytes, struct buf *buf)
{
	size_t end = line->place + span_bytes;
	uint32_t code;
	size_t at = 0;

	if (end > line->size)
		end = line->size;
	while (at < line->place && at < line->size) {
		size_t bytes = step(line->bytes + at, line->size - at, &code);
		buf_add_char(buf, code == '\t' ? '\t' : ' ');
		at += bytes;
	}
	do {
		buf_add_char(buf, '^');
		if (at < end)
			at += step(line->bytes + at, line->size - at, &code);
	} while (at < end);
	buf_add_char(buf, '\n');
}

/* The line of the error and the carets under it. */
static void
add_excerpt(struct line line, size_t span_bytes, struct buf *buf)
{
	int before, after;

	cut(&line, &before, &after);
	buf_add_string(buf, before ? "  ..." : "  ");
	add_line(&line, buf);
	if (after) {
		buf->size--;
		buf_add_string(buf, "...\n");
	}
	buf_add_string(buf, before ? "     " : "  ");
	add_carets(&line, span_bytes, buf);
}

void
diag_print(const struct err *err, const char *source_name, const char *source,
	size_t source_bytes, struct buf *buf)
{
	if (source_name != NULL)
		buf_add_format(buf, "%s:", source_name);
	if (err->has_span && source != NULL) {
		struct line line = find_line(source, source_bytes,
		    err->span_offset);
		buf_add_format(buf, "%zu:%zu: error: %s\n", line.number,
		    letter_count(line.bytes, line.place) + 1, err->message);
		if (line.size > 0)
			add_excerpt(line, err->span_bytes, buf);
	} else {
		buf_add_format(buf, "%serror: %s\n",
		    source_name != NULL ? " " : "", err->message);
	}
	if (err->hint[0] != '\0')
		buf_add_format(buf, "  = %s\n", err->hint);
}
