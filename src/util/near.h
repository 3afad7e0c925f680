#ifndef SFLOW_UTIL_NEAR_H
#define SFLOW_UTIL_NEAR_H

#include <stddef.h>

/*
 * The nearest of `names` to `name` by Damerau-Levenshtein distance, ignoring
 * case, else one with which it shares its beginning; NULL if none is near
 * enough to be worth saying.  Used for every
 * "did you mean".
 */
const char *near_name(const char *name, const char *const *names, size_t count);

#endif
