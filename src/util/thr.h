#ifndef SFLOW_UTIL_THR_H
#define SFLOW_UTIL_THR_H

#include <pthread.h>
#include <stdint.h>

struct err;
struct thr;

/*
 * Threads, locks and signals between threads; nobody else names pthread.  What
 * only we can do wrong (a lock taken twice, given back by a stranger) ends the
 * process with a sentence that names the lock.
 */

typedef void thr_main_f(void *user);

/*
 * Run main(user) in a new thread, called `name` (its first 15 bytes) by the
 * system's tools.  Signals stay with the thread that called first: all are
 * blocked in the new one, so ^C ends a wait of the main thread and no other.
 * NULL with `err` if the system has no more threads.
 */
struct thr *thr_start(const char *name, thr_main_f *, void *user,
	struct err *);
/* Wait for its end; what it wrote is seen then.  Clears the pointer. */
void thr_join(struct thr **);

/*
 * A number of the calling thread: 0, 1, 2, ... in the order in which threads
 * first ask.  For whoever gives each thread its own of a fixed number of
 * things, modulo that number.
 */
uint32_t thr_index(void);

/* A mutex.  Static ones: = THR_LOCK_INIT("what it guards"). */
struct thr_lock {
	pthread_mutex_t mutex;
	const char *name;	/* borrowed */
};

#define THR_LOCK_INIT(what) \
	{ .mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, .name = (what) }

void thr_lock_init(struct thr_lock *, const char *name);
void thr_lock_fini(struct thr_lock *);
void thr_lock_take(struct thr_lock *);
void thr_lock_give(struct thr_lock *);

/*
 * A condition: a thread waits, under the lock that guards what it waits for,
 * until another changed that and signals.  Waits also end for nothing, so look
 * again.
 */
struct thr_signal {
	pthread_cond_t condition;
	const char *name;	/* borrowed */
};

void thr_signal_init(struct thr_signal *, const char *name);
void thr_signal_fini(struct thr_signal *);
/*
 * Give the lock, wait, take it again.  Not longer than until `deadline_ns` of
 * the system's monotonic clock (UINT64_MAX: for ever).  1, or 0 at the
 * deadline.
 */
int thr_signal_wait(struct thr_signal *, struct thr_lock *,
	uint64_t deadline_ns);
/* Wake one that waits, or all. */
void thr_signal_one(struct thr_signal *);
void thr_signal_all(struct thr_signal *);

#endif
