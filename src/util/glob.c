/*
 * File name patterns, by the C library's glob().
 */
#include "util/glob.h"

#include <fnmatch.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "util/env.h"
#include "util/mem.h"

static uint32_t
glob_self(const char *pattern, char ***paths)
{
	*paths = mem_alloc(sizeof(char *));
	(*paths)[0] = mem_copy_string(pattern);
	return 1;
}

uint32_t
glob_expand(const char *pattern, char ***paths)
{
	struct stat status;
	glob_t found;

	*paths = NULL;
	if (strpbrk(pattern, "*?[") == NULL || env->stat(pattern, &status) == 0)
		return glob_self(pattern, paths);
	if (env->glob(pattern, 0, &found) != 0)
		return 0;
	uint32_t count = (uint32_t)found.gl_pathc;
	*paths = mem_alloc(count * sizeof(char *) + 1);
	for (uint32_t i = 0; i < count; i++)
		(*paths)[i] = mem_copy_string(found.gl_pathv[i]);
	globfree(&found);
	return count;
}

int
glob_matches(const char *pattern, const char *path)
{
	return strpbrk(pattern, "*?[") != NULL &&
	    fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

void
glob_free(char ***paths, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		mem_free((*paths)[i]);
	mem_free(*paths);
	*paths = NULL;
}
