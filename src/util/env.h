#ifndef SFLOW_UTIL_ENV_H
#define SFLOW_UTIL_ENV_H

#include <glob.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The only door to the system.  Clock, randomness, files, processes go through
 * one table with exchangeable back ends: real, fault (the n-th call of a kind
 * fails with a chosen errno, or once memory allocation number n fails), and
 * simulated (time and luck are a seed's).
 * No other file of the tree calls open, read, write, clock_gettime, ...:
 * `tests/tidy` holds that.
 *
 * Functions return what the system call returns, and set errno.
 */
struct env_process;
struct env_waits;
struct stat;

enum env_call {
	ENV_OPEN, ENV_READ, ENV_PREAD, ENV_WRITE, ENV_CLOSE, ENV_FSYNC,
	ENV_RENAME, ENV_UNLINK, ENV_STAT, ENV_POLL, ENV_GLOB, ENV_MKDIR,
	ENV_SEEK, ENV_TRUNCATE, ENV_SYNC_DIR, ENV_LOCK, ENV_LIST, ENV_WATCH,
	ENV_WAKE, ENV_LISTEN, ENV_ACCEPT, ENV_SPAWN,
	ENV_THREAD, ENV_ALLOC,
	ENV_CALL_COUNT
};

/* Room for the text of any peer. */
#define ENV_PEER_SIZE 64

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
	int (*rmdir)(const char *path);
	/* lseek(2), ftruncate(2). */
	off_t (*seek)(int fd, off_t offset, int whence);
	int (*truncate)(int fd, off_t size);
	/* Make what was created, renamed and removed in the folder last. */
	int (*sync_dir)(const char *path);
	/* Be the only one: EWOULDBLOCK if another process has `fd`'s file
	 * locked.  The lock ends with the descriptor. */
	int (*lock)(int fd);
	/* The names in a folder, sorted by their bytes, without "." and "..";
	 * for env_names_free(). */
	int (*list_dir)(const char *path, char ***names, size_t *count);
	/* glob(3); its result goes to globfree(). */
	int (*glob)(const char *pattern, int flags, glob_t *);
	/* Is input there within timeout_ms?  >0 yes, 0 no, -1 error. */
	int (*poll_in)(int fd, int timeout_ms);
	/*
	 * Hear of changes: a descriptor that has input when a file or folder
	 * added to it was written, moved, removed, or got other members.
	 * watch_add follows links; adding twice is harmless.  watch_drain
	 * forgets what was heard (the caller looks at the files again, so it
	 * drains first): the number of changes, 0 if there was none.
	 */
	int (*watch_open)(void);
	int (*watch_add)(int fd, const char *path);
	int (*watch_drain)(int fd);
	/* A descriptor that has input from env_wake_set() to env_wake_drain():
	 * how one thread, or a signal, ends another's env->wait. */
	int (*wake_open)(void);
	/*
	 * Listen on TCP: `host` a name, an IPv4 or IPv6 address, or "" for all
	 * addresses; `port` 0 for any free one (env_local_port tells it).  A
	 * name that leads nowhere is ENOENT, or EAGAIN if none could be asked.
	 */
	int (*listen)(const char *host, uint16_t port);
	/*
	 * The next connection of what env->listen opened, and who is there as
	 * "192.0.2.1:4711" or "[2001:db8::1]:4711"; -1, EAGAIN if there is no
	 * one.  It never waits, nor do reads and writes of the connection:
	 * EAGAIN, and env->wait tells when.
	 */
	int (*accept)(int fd, char peer[ENV_PEER_SIZE]);
	/*
	 * Start argv[0] (sought in PATH, no shell between) with pipes to its
	 * stdin and from its stdout; stderr is ours.  It gets none of our other
	 * descriptors, and signals as if we had never touched them, but for INT
	 * and TERM, which are blocked: ^C and a service manager's stop reach a
	 * group of processes, and what to make of them is our business.
	 */
	int (*spawn)(const char *const argv[], struct env_process *out);
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
 * Then SFLOW_SIM, a number: env_sim_start() with that seed.
 * Returns 0, or -1 with a sentence on stderr for text that is none of these.
 */
int env_init(void);
/*
 * Put the simulated back end in force, before the first other thread starts:
 * what happens depends on the seed alone (and on the files).  Time is virtual
 * and begins at 2026-01-01; a wait with a deadline does not wait but moves time
 * there if nothing is ready; reads and writes are short, ready descriptors
 * passed over, now and then.
 */
void env_sim_start(uint64_t seed);
/* Then whoever has a choice, as in which task runs next, ... */
int env_is_simulated(void);
/* ... makes it with this number.  One thread asks. */
uint64_t env_sim_draw(void);
/* Called by mem_alloc: is this allocation the one to fail? */
int env_alloc_fails(void);
/* Called by thr_start: is this thread one to fail?  Then errno is set. */
int env_thread_fails(void);

/* A process that env->spawn started; both pipes are the caller's to close. */
struct env_process {
	pid_t pid;
	int to_it;	/* what it reads from its stdin */
	int from_it;	/* what it writes to its stdout */
};

/*
 * How a process of ours ended: its exit status, or 128 + the signal's number,
 * as a shell has it.  process_wait waits (-1, EINTR for a signal) and returns
 * 0; process_poll returns 0 if it has ended, 1 if it has not.  It is gone
 * after the first 0.
 */
int env_process_wait(pid_t pid, int *status);
int env_process_poll(pid_t pid, int *status);
/* Send it a signal. */
int env_process_kill(pid_t pid, int number);
/* For env_waits_add(): has input once it has ended.  The caller's to close; -1
 * if the system has no such thing. */
int env_process_watch(pid_t pid);

/* The names of env->list_dir; either may be 0. */
void env_names_free(char **names, size_t count);
/* End, now or later, the wait of who waits for this wake descriptor.  May be
 * called by any thread and by a signal handler; keeps errno. */
void env_wake_set(int fd);
void env_wake_drain(int fd);
/* The port a listening descriptor has; 0 if it has none. */
uint16_t env_local_port(int fd);

/* The machine's name; "localhost" if it has none. */
void env_host_name(char *name, size_t size);
pid_t env_process_id(void);

/* What this process has used so far. */
struct env_usage {
	uint64_t user_us;	/* processor time of all threads */
	uint64_t system_us;
	uint64_t rss_bytes;	/* memory now, and at most */
	uint64_t rss_peak_bytes;
};

void env_usage_read(struct env_usage *);
/* What this process takes of the memory now, resident, and of its addresses;
 * zeros if the system does not tell. */
struct env_memory {
	uint64_t resident_bytes;
	uint64_t address_bytes;
};

void env_memory_read(struct env_memory *);
/* The addresses it may take (ulimit -v); UINT64_MAX without a limit. */
uint64_t env_address_limit(void);

/* The environment variable, or NULL; borrowed from the process. */
const char *env_variable(const char *name);
/* Does `fd` lead to a terminal? */
int env_is_terminal(int fd);
/* Columns of the terminal behind `fd`; 0 if unknown. */
unsigned env_terminal_columns(int fd);
/* Reads and writes that would wait fail with EAGAIN instead: 0 or -1. */
int env_set_nonblocking(int fd);
/* Another descriptor for the pipe behind `fd`, to write; what would wait fails
 * with EAGAIN, and other users of the pipe do not notice.  -1: it is none. */
int env_open_nonblocking(int fd);
/* This part of the file will be read soon: the system may fetch it now. */
void env_read_ahead(int fd, uint64_t offset, size_t size);
/* These bytes are used at random: the system may map them by large pages. */
void env_want_large_pages(void *bytes, size_t size);
/* Let a pipe hold `bytes`, if `fd` is one and the system agrees. */
void env_pipe_enlarge(int fd, int bytes);
/* Bytes of RAM this process may use: the machine's, or the least that its
 * control group and those above it are allowed. */
uint64_t env_memory_bytes(void);
/* Processors this process may run on and has a share of time for, rounded up,
 * at least 1; looked for once. */
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

/* Write all of it, through short writes and EINTR.  0 or -1 with errno: EINTR
 * when ^C was asked for and the output has no room. */
int env_write_all(int fd, const void *bytes, size_t size);

#endif
