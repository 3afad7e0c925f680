#ifndef SFLOW_UTIL_ENV_PRIV_H
#define SFLOW_UTIL_ENV_PRIV_H

#include "util/env.h"

/* The system itself. */
extern const struct env env_real;
/* The system, failing where env_fault_parse() was told to. */
extern const struct env env_fault;

/*
 * Arm the faults of `text` (the syntax is told in env.h).  Returns NULL, or
 * the first part of `text` that is not a fault.
 */
const char *env_fault_parse(const char *text);
/* Counts an allocation; is it one that is to fail? */
int env_fault_alloc(void);

#endif
