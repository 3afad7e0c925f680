#ifndef SFLOW_IO_DECLARED_H
#define SFLOW_IO_DECLARED_H

#include <stddef.h>
#include <stdint.h>

struct batch;
struct column;
struct err;
struct region;
struct schema;
struct text;
struct value;

/*
 * Read the option types={NAME: TYPE, ...} of `format`, as JSON.  *out is the
 * caller's.  -1 with err (ERR_PROGRAM).
 */
int declared_read(const char *format, const struct value *types,
	struct schema **out, struct err *err);

/* The decoded text of a JSON token if it is a string, else the token. */
struct text declared_word(const char *bytes, size_t size, struct region *);

/*
 * Put a plain text into cell `i` of a FLAT column that is not text, as a cast
 * would read it.  -1 if it is not of the column's type.
 */
int declared_parse(const struct text *, struct column *, uint32_t i,
	struct region *);

/* Does the text say true or false?  0, or -1. */
int declared_bool(const char *bytes, size_t size, uint8_t *out);

/* Why a value is refused: "expected an int in field 'ms'". */
void declared_reason(char *reason, size_t size, uint8_t type,
	const char *field);

/* Select the rows before `stop` whose bit in `wrong` is clear. */
void declared_keep(struct batch *, const uint64_t *wrong, uint32_t stop);

#endif
