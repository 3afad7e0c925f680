#ifndef SFLOW_OP_JOIN_H
#define SFLOW_OP_JOIN_H

#include "data/schema.h"

/*
 * The fields of a joined record: the left's, then the right's, called "as.name"
 * with qualifier_size set when `as` is given.  Without `as` fields merge: a
 * right field whose name the left has too is left out if `merged` says that it
 * is one of the keys; else *clash is set to its name.  Held for the caller.
 */
struct schema *join_schema(const struct schema *left,
	const struct schema *right, const char *as, const char *const *merged,
	unsigned merged_count, const char **clash);

#endif
