#ifndef SFLOW_FUNC_REGEX_PRIV_H
#define SFLOW_FUNC_REGEX_PRIV_H

#include <stddef.h>

#include "util/buf.h"

/* What a look at the pattern's text tells; never included from outside. */
struct regex_look {
	/* The longest run of bytes that every match contains; size 0: none. */
	struct buf literal;
	int is_whole;		/* the literal is all of the pattern */
	int is_anchored;	/* ... behind a ^ */
};

/* Find the literal of a pattern.  `multiline`: flag m.  Not for patterns with
 * flags i or x. */
void regex_look(const char *pattern, size_t size, int multiline,
	struct regex_look *out);

/* Where `literal` (1 byte or more) first lies in the bytes, or NULL. */
const char *literal_find(const char *bytes, size_t size, const char *literal,
	size_t literal_size);
/* The plain twin. */
const char *literal_find_plain(const char *bytes, size_t size,
	const char *literal, size_t literal_size);

#endif
