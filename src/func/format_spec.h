#ifndef SFLOW_FUNC_FORMAT_SPEC_H
#define SFLOW_FUNC_FORMAT_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "data/type.h"

struct buf;

/*
 * How a hole of an f-string shows its value, {x:SPEC}:
 *
 *	[[fill]align][+][0][width][,][.precision][type]
 *
 *	align		< left, > right, ^ middle; numbers go right by default
 *	+		a sign also for positive numbers
 *	0		zeros up to the width, behind the sign
 *	,		between thousands
 *	.precision	that many places, also for ints; with type s, characters
 *	type		d int, f fixed (6 places), e exponent, % percent,
 *			x X o b ints in base 16, 8, 2; s text
 *
 * or, for times, a strftime pattern: anything with % and a letter.  Widths and
 * precisions of text count characters.
 */
struct format_spec {
	const char *pattern;	/* times; borrowed; else NULL */
	size_t pattern_size;
	char fill[4];
	uint8_t fill_size;
	char align;		/* 0: by the value */
	char sign;		/* '+' or 0 */
	char type;		/* 0: by the value */
	uint8_t zero;
	uint8_t comma;
	uint32_t width;
	int32_t precision;	/* -1: none */
};

/* NULL, or a sentence that says what is wrong. */
const char *format_spec_parse(const char *bytes, size_t size,
	struct format_spec *out);
/* Is it a spec for numbers only? */
int format_spec_wants_number(const struct format_spec *);
/* Append the value; 0, or -1 if the spec is for other values. */
int format_spec_add(const struct format_spec *, const struct value *,
	struct buf *);

#endif
