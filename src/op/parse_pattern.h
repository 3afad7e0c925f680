#ifndef SFLOW_OP_PARSE_PATTERN_H
#define SFLOW_OP_PARSE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "data/column.h"

struct err;
struct regex_scan;
struct region;

/*
 * What `parse x with PATTERN` has compiled: literal pieces with holes between,
 *
 *     {ip} {_} [{ts:clf}] "{method} {path}" {status:int}
 *
 * or a regex with named groups, (?<status:int>\d+).  Either way there are
 * captures, in the order of the pattern.  Read-only once made.
 *
 * A hole takes the shortest text before the literal that follows it; the last
 * one takes the rest, up to the literal that ends the text, if there is one.
 * Text outside of the holes must be there to the byte.  {_} is thrown away; {{
 * and }} are braces.  A regex may match anywhere.
 */
struct parse_pattern;

/* What a capture's text must read as. */
enum capture_kind {
	CAPTURE_RAW,	/* undeclared: anything */
	CAPTURE_TYPE,	/* a value of `type` */
	CAPTURE_CLF,	/* 10/Oct/2000:13:55:36 -0700, a TIME */
	CAPTURE_JSON,	/* any JSON value */
};

struct parse_capture {
	char *name;
	enum capture_kind kind;
	enum type type;		/* of its column */
};

/* NULL with err (ERR_PROGRAM, no span). */
struct parse_pattern *parse_pattern_new(const char *pattern, size_t size,
	int is_regex, struct err *);
void parse_pattern_free(struct parse_pattern **);
const struct parse_capture *parse_pattern_captures(const struct parse_pattern *,
	uint32_t *count);

struct op;
/* Is it a field that the stage `parse` makes, or may make? */
int parse_makes_field(const struct op *parse, const char *name);

/*
 * Texts of a batch: row i is base + [range[2 i], range[2 i + 1]), and 16 bytes
 * behind it are readable.
 */
struct parse_texts {
	const char *base;
	const uint32_t *range;
	uint32_t count;
};

/* A capture's range where it took no part in the match of a regex. */
#define CUT_NONE UINT32_MAX

/*
 * Match the texts whose row's bit in `failed` is clear; set it where there is
 * no match.  Text i has its cuts at cut[row[i] * 2 * captures] (row NULL: i):
 * start and end of each capture, in `base`.  `scan` is what regexes need
 * besides, set up by parse_pattern_scan; NULL for patterns of holes.
 */
void parse_pattern_match(const struct parse_pattern *, struct regex_scan *scan,
	const struct parse_texts *, const uint16_t *row, uint32_t *cut,
	uint64_t *failed);
/* Can a capture of a text that matches be absent?  With regexes only. */
int parse_pattern_has_gaps(const struct parse_pattern *);
/* A scan for the pattern, or NULL if it needs none; freed by mem_free after
 * regex_scan_fini. */
struct regex_scan *parse_pattern_scan(const struct parse_pattern *);

/*
 * The column of capture number `index`, `rows` physical rows, from the cuts.
 * Rows of texts that do not read as the capture's type are marked in `failed`;
 * rows without a match may hold anything.
 */
void parse_capture_column(const struct parse_pattern *, uint32_t index,
	const struct parse_texts *, const uint16_t *row, uint32_t *cut,
	uint32_t rows, uint64_t *failed, struct region *, struct column *out);

#endif
