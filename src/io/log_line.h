#ifndef SFLOW_IO_LOG_LINE_H
#define SFLOW_IO_LOG_LINE_H

#include <stdint.h>

#include "data/column.h"

/*
 * One line of the common or combined log format:
 *
 *	host ident user [ts] "method path proto" status bytes "referer" "agent"
 */
enum log_part {
	LOG_HOST, LOG_IDENT, LOG_USER, LOG_TS, LOG_METHOD, LOG_PATH, LOG_PROTO,
	LOG_STATUS, LOG_BYTES, LOG_REFERER, LOG_AGENT,
	LOG_PART_COUNT
};

#define LOG_COMMON_COUNT LOG_REFERER

/* Ranges of `bytes`; a part that is not there has from > to. */
struct log_line {
	uint32_t from[LOG_PART_COUNT];
	uint32_t to[LOG_PART_COUNT];
};

#define LOG_REQUEST_PARTS (1u << LOG_METHOD | 1u << LOG_PATH | 1u << LOG_PROTO)
#define LOG_NUMBER_PARTS (1u << LOG_STATUS | 1u << LOG_BYTES)

/*
 * Find the parts of a line.  What follows the last one is not looked at.
 * Returns NULL, or what was expected at *fault.
 */
const char *log_line_scan(const char *bytes, uint32_t at, uint32_t end,
	int combined, struct log_line *out, uint32_t *fault);

/*
 * Many lines, and where the parts go of which `wanted` has a bit: row r's is
 * from[part][r] to to[part][r]; of one that is not there the bit in valid[part]
 * is cleared.
 */
struct log_lines {
	/* SLICE; 63 bytes behind a line are readable. */
	const struct column *column;
	/* Places of all quotes from the next line on, perhaps of line ends too;
	 * LOG_QUOTES_BEHIND times UINT32_MAX behind. */
	const uint32_t *quote;
	uint32_t step;		/* so many places are of a line, mostly */
	int combined;
	uint32_t wanted;
	uint32_t *from[LOG_PART_COUNT];
	uint32_t *to[LOG_PART_COUNT];
	uint64_t *valid[LOG_PART_COUNT];
};

/*
 * Find the parts of rows from `row` on, in the order of rows, as long as they
 * are like most, so that log_line_scan would find the same.  Returns the first
 * that is not, or `end`.  This is the fast way, where there is one.
 */
uint32_t log_lines_scan(struct log_lines *, uint32_t row, uint32_t end);

/*
 * Where the quotes between two places are, if the fast way wants to know, and
 * LOG_QUOTES_BEHIND times UINT32_MAX; `out` has room for as many as there are
 * bytes, and 64 more.  63 bytes behind `end` are readable.
 */
void log_line_quotes(const char *bytes, uint32_t from, uint32_t end,
	uint32_t *out);

#define LOG_QUOTES_BEHIND 8

#endif
