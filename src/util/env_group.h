/*
 * The parts of util/env_group.c that read outside text; for it and its tests.
 */
#ifndef SFLOW_UTIL_ENV_GROUP_H
#define SFLOW_UTIL_ENV_GROUP_H

#include <stddef.h>
#include <stdint.h>

/*
 * The path of the group that /proc/self/cgroup's `text` names for a controller
 * of the old layout, or, with NULL, for the unified one.  -1: none, or it does
 * not fit `size` bytes.
 */
int group_find(const char *text, const char *controller, char *path,
    size_t size);

/* What memory.max and memory.limit_in_bytes say, in bytes; UINT64_MAX: none. */
uint64_t group_memory_of(const char *text);

/* What cpu.max ("QUOTA PERIOD", in us) says, in processors, rounded up;
 * UINT64_MAX: no limit. */
uint64_t group_cpus_of(const char *text);

#endif
