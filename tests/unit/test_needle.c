/*
 * The search for a text in many records: every tier against the plain twin, in
 * memory that ends where the bytes do.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "expr/needle.h"

static uint32_t state = 7;

static uint32_t
draw(uint32_t below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

Test(needle, finds_what_memmem_finds)
{
	for (int round = 0; round < 3000; round++) {
		size_t size = draw(200);
		/* On the heap: a sanitizer sees what is read behind it. */
		char *text = malloc(size + 1);
		char bytes[12];
		struct needle needle;
		for (size_t i = 0; i < size; i++)
			text[i] = (char)('a' + draw(3));
		uint32_t wanted = 1 + draw(sizeof(bytes) - 1);
		for (uint32_t i = 0; i < wanted; i++)
			bytes[i] = (char)('a' + draw(3));
		needle_init(&needle, bytes, wanted);
		if (draw(2))
			needle_learn(&needle, text, size);
		const char *at = text;
		for (;;) {
			const char *found = needle_find(&needle, at,
			    text + size);
			cr_assert_eq(found, needle_find_plain(&needle, at,
			    text + size));
			if (found == NULL)
				break;
			at = found + 1;
		}
		free(text);
	}
}
