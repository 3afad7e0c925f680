/*
 * The scanner of log lines.  Parts are found by the bytes that end them, left
 * to right, each looked at once.  A part that is only `-` is not there.  In
 * quotes, `\"` does not end the part; escapes stay as they stand.  A user may
 * have blanks in its name, so it ends before " [".
 *
 * A request that is not three words, the last of them HTTP/..., has no method
 * and no protocol: its path is the whole.
 */
#include "io/log_line.h"

#include <string.h>

#include "util/scan.h"

/* Note a part; `-` says that it is not there. */
static inline void
set(struct log_line *line, enum log_part part, const char *bytes,
	uint32_t from, uint32_t to)
{
	if (to == from + 1 && bytes[from] == '-')
		from = to + 1;
	line->from[part] = from;
	line->to[part] = to;
}

/* Where the next `c` stands, or `end`. */
static inline uint32_t
find(const char *bytes, uint32_t at, uint32_t end, char c)
{
	const char *found = scan_byte(bytes + at, bytes + end, c);

	return found == NULL ? end : (uint32_t)(found - bytes);
}

/* The quote that closes the one before `at`, or `end`. */
static uint32_t
find_quote(const char *bytes, uint32_t at, uint32_t end)
{
	const uint32_t start = at;

	for (;;) {
		at = find(bytes, at, end, '"');
		if (at == end)
			return end;
		uint32_t escapes = at;
		while (escapes > start && bytes[escapes - 1] == '\\')
			escapes--;
		if ((at - escapes) % 2 == 0)
			return at;
		at++;
	}
}

static void
split_request(const char *bytes, uint32_t at, uint32_t end,
	struct log_line *out)
{
	uint32_t method_end = find(bytes, at, end, ' ');
	uint32_t proto = end;

	while (proto > method_end && bytes[proto - 1] != ' ')
		proto--;
	if (proto > method_end + 1 && method_end > at && end - proto >= 5 &&
	    memcmp(bytes + proto, "HTTP/", 5) == 0) {
		set(out, LOG_METHOD, bytes, at, method_end);
		set(out, LOG_PATH, bytes, method_end + 1, proto - 1);
		set(out, LOG_PROTO, bytes, proto, end);
		return;
	}
	out->from[LOG_METHOD] = out->from[LOG_PROTO] = 1;
	out->to[LOG_METHOD] = out->to[LOG_PROTO] = 0;
	set(out, LOG_PATH, bytes, at, end);
}

/* A quoted part behind a blank; `at` moves behind it. */
static int
scan_quoted(const char *bytes, uint32_t *at, uint32_t end, uint32_t *from,
	uint32_t *to)
{
	if (end - *at < 2 || bytes[*at] != ' ' || bytes[*at + 1] != '"')
		return -1;
	*from = *at + 2;
	*to = find_quote(bytes, *from, end);
	if (*to == end) {
		*at = *from - 1;
		return -1;
	}
	*at = *to + 1;
	return 0;
}

const char *
log_line_scan(const char *bytes, uint32_t at, uint32_t end, int combined,
	struct log_line *out, uint32_t *fault)
{
	uint32_t from, to;

	for (enum log_part part = LOG_HOST; part <= LOG_IDENT; part++) {
		to = find(bytes, at, end, ' ');
		*fault = at;
		if (to == at || to == end)
			return part == LOG_HOST ? "expected a host" :
			    "expected an ident";
		set(out, part, bytes, at, to);
		at = to + 1;
	}
	*fault = at;
	to = find(bytes, at, end, ' ');
	while (to < end && bytes[to + 1] != '[')
		to = find(bytes, to + 1, end, ' ');
	if (end - to < 2)
		return "expected a user and a time in brackets";
	set(out, LOG_USER, bytes, at, to);
	from = to + 2;
	to = find(bytes, from, end, ']');
	*fault = from - 1;
	if (to == end)
		return "expected a time in brackets";
	set(out, LOG_TS, bytes, from, to);
	at = to + 1;
	if (scan_quoted(bytes, &at, end, &from, &to) != 0) {
		*fault = at;
		return "expected a request in quotes";
	}
	split_request(bytes, from, to, out);
	for (enum log_part part = LOG_STATUS; part <= LOG_BYTES; part++) {
		*fault = at;
		if (at >= end || bytes[at] != ' ')
			break;
		to = find(bytes, at + 1, end, ' ');
		set(out, part, bytes, at + 1, to);
		if (to == at + 1)
			break;
		at = to;
		*fault = UINT32_MAX;
	}
	if (*fault != UINT32_MAX)
		return "expected a status and a number of bytes";
	for (enum log_part part = LOG_REFERER; combined &&
	    part <= LOG_AGENT; part++) {
		*fault = at;
		if (scan_quoted(bytes, &at, end, &from, &to) != 0) {
			*fault = at;
			return part == LOG_REFERER ?
			    "expected a referer in quotes" :
			    "expected a user agent in quotes";
		}
		set(out, part, bytes, from, to);
	}
	return NULL;
}
