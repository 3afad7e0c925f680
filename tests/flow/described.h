#ifndef FLOW_DESCRIBED_H
#define FLOW_DESCRIBED_H

#include <stddef.h>

/*
 * The text of `explain`, once by looking at the files, then by what the first
 * plan's sources told of themselves.  NULL for a program without a plan; an
 * error in place of the second.  All lives until the process ends.
 */
const char *plan_seen(const char *program, size_t size,
	const char *const *file, unsigned file_count);
const char *plan_described(const char *program, size_t size,
	const char *const *file, unsigned file_count);

#endif
