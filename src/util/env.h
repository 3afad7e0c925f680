#ifndef SFLOW_UTIL_ENV_H
#define SFLOW_UTIL_ENV_H

#include <glob.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The only door to the system.  Clock, randomness, files, processes go through
 * one table with exchangeable back ends: real, and fault (the n-th call of a
 * kind fails with a chosen errno, or once memory allocation number n fails).
 * No other file of the tree calls open, read, write, clock_gettime, ...:
 * `tests/tidy` holds that.
 *
 * Functions return what the system call returns, and set errno.
 */
struct env_waits;
struct stat;

enum env_call {
	ENV_OPEN, ENV_READ, ENV_PREAD, ENV_WRITE, ENV_CLOSE, ENV_FSYNC,
	ENV_RENAME, ENV_UNLINK, ENV_STAT, ENV_POLL, ENV_GLOB, ENV_MKDIR,
	ENV_ALLOC,
	ENV_CALL_COUNT
};

struct env {
	int (*open)(const char *path, int flags, mode_t mode);
	ssize_t (*read)(int fd, void *bytes, size_t size);
	ssize_t (*pread)(int fd, void *bytes, size_t size, off_t offset);
	ssize_t (*write)(int fd, const void *bytes, size_t size);
	int (*close)(int fd);
	int (*fsync)(int fd);
	int (*rename)(const char *source, const char *target);
	int (*unlink)(const char *path);
	int (*stat)(const char *path, struct stat *);
	int (*fstat)(int fd, struct stat *);
	int (*mkdir)(const char *path, mode_t mode);
	/* glob(3); its result goes to globfree(). */
	int (*glob)(const char *pattern, int flags, glob_t *);
	/* Is input there within timeout_ms?  >0 yes, 0 no, -1 error. */
	int (*poll_in)(int fd, int timeout_ms);
	/* Wait for one of them: how many descriptors are ready; 0 at the
	 * deadline; -1, EINTR for a signal. */
	int (*wait)(struct env_waits *);
	/* Microseconds since 1970 UTC; a clock that never goes back, in ns. */
	int64_t (*now_us)(void);
	uint64_t (*monotonic_ns)(void);
	/* Fill with random bytes. */
	void (*random)(void *bytes, size_t size);
};

/* The table in force.  Real unless env_use() or SFLOW_FAULT says otherwise. */
extern const struct env *env;

/*
 * Read SFLOW_FAULT from the environment and, if it is there, put the fault back
 * end in force: "write:3:ENOSPC" (the third write fails so), "read:2:short",
 * "alloc:17", several separated by commas; "write:3+:EIO" from the third on.
 * Returns 0, or -1 with a sentence on stderr for text that is none of these.
 */
int env_init(void);
/* Called by mem_alloc: is this allocation the one to fail? */
int env_alloc_fails(void);

/* The environment variable, or NULL; borrowed from the process. */
const char *env_variable(const char *name);
/* Does `fd` lead to a terminal? */
int env_is_terminal(int fd);
/* Columns of the terminal behind `fd`; 0 if unknown. */
unsigned env_terminal_columns(int fd);
/* Let a pipe hold `bytes`, if `fd` is one and the system agrees. */
void env_pipe_enlarge(int fd, int bytes);
/* Bytes of RAM this process may use: the machine's, or its control group's. */
uint64_t env_memory_bytes(void);
/* Processors this process may run on, at least 1. */
unsigned env_cpu_count(void);

/*
 * The file that `path` names when all symbolic links are followed, for
 * mem_free(); NULL with errno if there is none.
 */
char *env_real_path(const char *path);

/*
 * What to wait for: descriptors that have input (or room), and a moment of
 * env->monotonic_ns.
 */
struct env_waits {
	struct env_wait {
		int fd;
		int for_room;	/* to write, not to read */
		int is_ready;	/* set by env->wait */
	} *entry;
	uint32_t count;
	uint32_t capacity;
	uint64_t deadline_ns;	/* UINT64_MAX: none */
};

/* Nothing to wait for; a zeroed struct is not that. */
void env_waits_clear(struct env_waits *);
void env_waits_add(struct env_waits *, int fd, int for_room);
/* Not longer than until `ns`. */
void env_waits_until(struct env_waits *, uint64_t ns);
void env_waits_fini(struct env_waits *);

/* Write all of it, through short writes and EINTR.  0 or -1 with errno. */
int env_write_all(int fd, const void *bytes, size_t size);

#endif
