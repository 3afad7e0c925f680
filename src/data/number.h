#ifndef SFLOW_DATA_NUMBER_H
#define SFLOW_DATA_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "data/type.h"

/*
 * What do bytes look like?  The language's rule for undeclared text:
 * -?(0|[1-9][0-9]*) is an int (if it fits int64, else a float); a decimal
 * point or an exponent makes a float:
 *     -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
 * Everything else (leading zero, plus sign, blanks, "nan", "inf", "1.", ".5")
 * is text.  That is exactly JSON's number grammar.  A float that overflows to
 * infinity is text too.  Floats are correctly rounded.
 */
enum number_kind { NUMBER_NOT, NUMBER_INT, NUMBER_FLOAT };

enum number_kind number_parse(const char *bytes, size_t size, int64_t *integer,
	double *number);

/*
 * As a cast reads them: blanks around are fine, also a plus sign, leading
 * zeros (base 10 always), ".5", "5."; int with 0x, but without point and
 * exponent.  -1 if it is no number or does not fit.
 */
int number_cast_int(const char *bytes, size_t size, int64_t *out);
int number_cast_float(const char *bytes, size_t size, double *out);
/*
 * Decimal text, lenient as above but without an exponent, to units and scale,
 * zeros at the end included; -1 if it does not fit 18 digits.
 */
int decimal_parse(const char *bytes, size_t size, struct decimal *out);

/* Write the shortest text that reads back the same; returns its length. */
#define NUMBER_TEXT_MAX 40
unsigned number_format_int(int64_t, char *out);
/*
 * Floats: the shortest digits that read back, and of those the nearest; whole
 * ones without a point ("3"), plain from 1e-5 to below 1e17, else 1.5e-7 and
 * 1e21.  -0.0 is written 0, so that equal numbers have equal texts.  Also inf,
 * -inf and nan, which number_parse does not take.
 */
unsigned number_format_float(double, char *out);
unsigned decimal_format(struct decimal, char *out);
/* The decimal that was written as this float, of 15 digits at most: 0; else
 * -1. */
int decimal_from_float(double, struct decimal *out);

#endif
