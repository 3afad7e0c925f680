#ifndef SFLOW_OP_SORT_WORDS_H
#define SFLOW_OP_SORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* What is sorted in place of a row: a word of its key, and where it is. */
struct sort_entry {
	uint64_t word;
	uint64_t ref;
};

/*
 * Order entries by their words; those of equal words stay in their order.
 * `scratch` has room for as many; the result lies in `entry`.
 */
void sort_words(struct sort_entry *entry, struct sort_entry *scratch,
	size_t count);

#endif
