#ifndef SFLOW_DATA_JSON_PRIV_H
#define SFLOW_DATA_JSON_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* What the files of json share. */

static inline int
json_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *
json_skip_blanks(const char *at, const char *end)
{
	while (at < end && json_is_blank(*at))
		at++;
	return at;
}

/* Value of a hexadecimal digit, or -1. */
static inline int
json_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Length of the UTF-8 sequence at `at`, 1 to 4; 0 if it is none (overlong,
 * surrogate, past U+10FFFF, cut).  If a cut sequence is right as far as it
 * goes, *cut_at_end is set.
 */
unsigned json_utf8_size(const char *at, const char *end, int *cut_at_end);

/* The byte in [at, end) that ends a plain run inside of a string: a quote, a
 * backslash, a control byte or one that is not ASCII; or `end`. */
const char *json_plain_run(const char *at, const char *end);

#endif
