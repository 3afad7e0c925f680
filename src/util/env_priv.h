#ifndef SFLOW_UTIL_ENV_PRIV_H
#define SFLOW_UTIL_ENV_PRIV_H

#include "util/env.h"

/* The system itself. */
extern const struct env env_real;
/* The system, failing where env_fault_parse() was told to. */
extern const struct env env_fault;

/* Members of env_real that have files of their own. */
int env_real_watch_open(void);
int env_real_watch_add(int fd, const char *path);
int env_real_watch_drain(int fd);
int env_real_wake_open(void);
int env_real_listen(const char *host, uint16_t port);
int env_real_accept(int fd, char peer[ENV_PEER_SIZE]);
int env_real_spawn(const char *const argv[], struct env_process *out);

/*
 * Arm the faults of `text` (the syntax is told in env.h).  Returns NULL, or
 * the first part of `text` that is not a fault.
 */
const char *env_fault_parse(const char *text);
/* Counts an allocation; is it one that is to fail? */
int env_fault_alloc(void);
/* The same for threads; sets errno. */
int env_fault_thread(void);

#endif
