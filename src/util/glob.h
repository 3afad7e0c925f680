#ifndef SFLOW_UTIL_GLOB_H
#define SFLOW_UTIL_GLOB_H

#include <stdint.h>

/*
 * The paths that a pattern with * ? [ stands for, sorted by bytes.  A pattern
 * without these letters, or one that is itself the name of a file, stands for
 * itself.  Returns how many; 0 when nothing matches.  The list and its strings
 * are the caller's to free (glob_free).
 */
uint32_t glob_expand(const char *pattern, char ***paths);
/* Does a pattern with these letters stand for the path? */
int glob_matches(const char *pattern, const char *path);
void glob_free(char ***paths, uint32_t count);

#endif
