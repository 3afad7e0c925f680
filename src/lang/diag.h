#ifndef SFLOW_LANG_DIAG_H
#define SFLOW_LANG_DIAG_H

#include <stddef.h>

struct buf;
struct err;

/*
 * Append an error as the user sees it:
 *
 *     report.sflow:3:7: error: sum() needs a number, 'host' is a string
 *       | sum(host) by day
 *             ^^^^
 *       = try: ...
 *
 * Without a span only the first and the last line.  Line and column count
 * from 1, the column in characters, not bytes; tabs keep the caret in place;
 * a long line is cut around the caret.  `source_name` may be NULL.
 */
void diag_print(const struct err *, const char *source_name, const char *source,
	size_t source_bytes, struct buf *);

#endif
