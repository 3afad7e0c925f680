#ifndef SFLOW_EXPR_NEEDLE_H
#define SFLOW_EXPR_NEEDLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A text to be looked for in many kilobytes, by two of its bytes
 * that are rare.
 */
struct needle {
	const char *bytes;	/* borrowed; 1 or more */
	uint32_t size;
	uint32_t rare[2];	/* where the two bytes stand in it */
};

void needle_init(struct needle *, const char *bytes, size_t size);
/* What it is looked for in is like this: choose the rarest bytes. */
void needle_learn(struct needle *, const char *sample, size_t size);
/* Where it first lies in [at, end), or NULL. */
const char *needle_find(const struct needle *, const char *at,
	const char *end);
/* The plain twin. */
const char *needle_find_plain(const struct needle *, const char *at,
	const char *end);

#endif
