/*
 * The CSV grammar that we read:
 *
 *	row    = field { delimiter field } [ CR ] LF
 *	field  = '"' { any byte but '"' | '""' } '"'
 *	       | { any byte but delimiter, LF }
 *
 * A quote opens only as the first byte of a field; elsewhere in an unquoted
 * field it is an ordinary byte (`12" monitor`).  Behind a closing quote only a
 * separator may stand.
 */
#include "io/csv_row.h"

#include <string.h>

/* Where a quoted field that opens at `at` closes: the closing quote's position;
 * `end` if it does not, or not within `field_max` bytes. */
static uint32_t
find_close(const char *base, uint32_t at, uint32_t end)
{
	at++;
	while (at < end) {
		const char *quote = memchr(base + at, '"', end - at);
		if (quote == NULL)
			return end;
		at = (uint32_t)(quote - base);
		if (at + 1 < end && base[at + 1] == '"')
			at += 2;
		else
			return at;
	}
	return end;
}

/* The separator that ends an unquoted field, or `end`. */
static uint32_t
find_separator(const char *base, uint32_t at, uint32_t end, char delimiter)
{
	while (at < end && base[at] != delimiter && base[at] != '\n')
		at++;
	return at;
}

/* What stands behind a closing quote: a separator's position, `end` if that is
 * not there yet; else 0 and *fault. */
static uint32_t
behind_close(const char *base, uint32_t at, uint32_t end, char delimiter,
	uint32_t *fault)
{
	if (at == end || base[at] == delimiter || base[at] == '\n')
		return at;
	if (base[at] == '\r' && (at + 1 == end || base[at + 1] == '\n'))
		return at + 1;
	*fault = at;
	return 0;
}

enum csv_row_end
csv_row_parse(const struct csv_dialect *dialect, const char *base, uint32_t at,
	uint32_t end, uint32_t *index, uint32_t index_max, struct csv_row *out)
{
	const char delimiter = dialect->delimiter;

	out->field_count = 0;
	out->fault = end;
	for (;;) {
		if (dialect->quotes && at < end && base[at] == '"') {
			uint32_t close = find_close(base, at, end);
			if (close - at > dialect->field_max) {
				out->fault = at;
				return CSV_ROW_OPEN;
			}
			if (close == end) {
				out->fault = at;
				return CSV_ROW_MORE;
			}
			at = behind_close(base, close + 1, end, delimiter,
			    &out->fault);
			if (at == 0)
				return CSV_ROW_BEHIND;
		} else {
			at = find_separator(base, at, end, delimiter);
		}
		if (at >= end)
			return CSV_ROW_MORE;
		if (out->field_count < index_max)
			index[out->field_count] = at;
		out->field_count++;
		if (base[at++] == '\n') {
			out->next = at;
			return CSV_ROW_DONE;
		}
	}
}
