#ifndef SFLOW_IO_LOG_LINE_H
#define SFLOW_IO_LOG_LINE_H

#include <stdint.h>

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

/*
 * Find the parts of a line: of `wanted` (a bit each), and perhaps others.  What
 * follows the last one is not looked at; 63 bytes behind the line are readable.
 * `quote` is what log_line_quotes() found, from the line's first one on.
 * Returns NULL, or what was expected at *fault.
 */
typedef const char *log_line_scan_f(const char *bytes, uint32_t at,
	uint32_t end, const uint32_t *quote, int combined, uint32_t wanted,
	struct log_line *out, uint32_t *fault);

#define LOG_REQUEST_PARTS (1u << LOG_METHOD | 1u << LOG_PATH | 1u << LOG_PROTO)

/* The best for this machine, and what all are equal to. */
log_line_scan_f *log_line_scanner(void);
log_line_scan_f log_line_scan_plain;

/*
 * Where the quotes between two places are, if the best scanner wants to know,
 * and LOG_QUOTES_BEHIND times UINT32_MAX; `out` has room for as many as there
 * are bytes, and 64 more.  63 bytes behind `end` are readable.
 */
void log_line_quotes(const char *bytes, uint32_t from, uint32_t end,
	uint32_t *out);

#define LOG_QUOTES_BEHIND 8

#endif
