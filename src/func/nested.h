#ifndef SFLOW_FUNC_NESTED_H
#define SFLOW_FUNC_NESTED_H

#include "data/json.h"
#include "data/text.h"

/*
 * Walk a list's or record's members.  A row that holds nothing (its argument
 * is null) has the empty text and no members.
 */
static inline void
nested_walk(struct json_walk *walk, const char *bytes, size_t size)
{
	if (size < 2)
		json_walk_init(walk, "[]", 2);
	else
		json_walk_init(walk, bytes, size);
}

/* How many members. */
static inline int64_t
nested_count(const struct text *text)
{
	struct json_walk walk;
	struct json_member member;
	int64_t count = 0;

	nested_walk(&walk, text_bytes(text), text->size);
	while (json_walk_next(&walk, &member))
		count++;
	return count;
}

#endif
