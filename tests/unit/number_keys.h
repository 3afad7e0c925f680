#ifndef NUMBER_KEYS_H
#define NUMBER_KEYS_H

#include <stdio.h>

#include "data/key.h"
#include "util/mem.h"

/* Keys that are made of numbers. */
#define KEYS_MAX 20000

/* Key number `number`: short, long, or the empty one. */
static inline size_t
key_bytes(uint32_t number, char room[80])
{
	if (number == 0)
		return 0;
	return (size_t)snprintf(room, 80, number % 3 == 0 ?
	    "a key that does not fit a view, number %u" : "%u", number);
}

static inline void
make_keys(const uint32_t *number, uint32_t count, struct region *region,
	struct key_set *out)
{
	struct column column;
	char room[80];

	column_init_flat(&column, TYPE_TEXT, count, region);
	for (uint32_t i = 0; i < count; i++) {
		size_t size = key_bytes(number[i], room);
		((struct text *)column.data)[i] = text_make(
		    region_copy(region, room, size + 1), size);
	}
	key_make(&column, 1, count, region, out);
}

#endif
