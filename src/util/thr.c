/*
 * Threads over pthread.  The locks check who takes and gives them: that costs
 * a few nanoseconds, and our locks are taken per batch or less.  A lock that
 * is used wrongly is our fault, so it ends the process where it happens and
 * not some deadlock later.
 */
#include "util/thr.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

/* The system's limit, with the zero byte. */
#define NAME_BYTES 16
/* Of a stack where addresses are limited: half of the usual.  What nests most,
 * the longest expression there may be, takes some 3 MiB. */
#define STACK_BYTES_FEW ((size_t)4 << 20)

struct thr {
	pthread_t id;
	thr_main_f *main;
	void *user;
	char name[NAME_BYTES];
};

/* `status` is what a pthread function returned. */
static void
check(int status, const char *what, const char *name)
{
	if (__builtin_expect(status == 0, 1))
		return;
	fprintf(stderr, "sflow: %s '%s': %s\n", what, name, strerror(status));
	abort();
}

static void *
thr_run(void *user)
{
	struct thr *thr = user;

	pthread_setname_np(pthread_self(), thr->name);
	thr->main(thr->user);
	return NULL;
}

/* pthread_create() with all signals blocked in the new thread. */
static int
create_blocked(struct thr *thr)
{
	sigset_t all, before;
	pthread_attr_t attributes;

	if (env_thread_fails())
		return errno;
	pthread_attr_init(&attributes);
	if (env_address_limit() != UINT64_MAX)
		pthread_attr_setstacksize(&attributes, STACK_BYTES_FEW);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int status = pthread_create(&thr->id, &attributes, thr_run, thr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return status;
}

struct thr *
thr_start(const char *name, thr_main_f *function, void *user, struct err *err)
{
	struct thr *thr = mem_alloc_zero(sizeof(*thr));

	thr->main = function;
	thr->user = user;
	snprintf(thr->name, sizeof(thr->name), "%s", name);
	int status = create_blocked(thr);
	if (status != 0) {
		mem_free(thr);
		err_set_errno(err, ERR_IO, status, "cannot start thread '%s'",
		    name);
		return NULL;
	}
	return thr;
}

void
thr_join(struct thr **thr_address)
{
	struct thr *thr = *thr_address;

	*thr_address = NULL;
	if (thr == NULL)
		return;
	check(pthread_join(thr->id, NULL), "joining thread", thr->name);
	mem_free(thr);
}

uint32_t
thr_index(void)
{
	static uint32_t count;
	/* From 1; 0: not asked yet. */
	static _Thread_local uint32_t number;

	if (__builtin_expect(number == 0, 0))
		number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	return number - 1;
}

void
thr_lock_init(struct thr_lock *lock, const char *name)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	lock->name = name;
	check(pthread_mutex_init(&lock->mutex, &attributes), "making lock",
	    name);
	pthread_mutexattr_destroy(&attributes);
}

void
thr_lock_fini(struct thr_lock *lock)
{
	check(pthread_mutex_destroy(&lock->mutex), "destroying lock",
	    lock->name);
}

void
thr_lock_take(struct thr_lock *lock)
{
	check(pthread_mutex_lock(&lock->mutex), "taking lock", lock->name);
}

void
thr_lock_give(struct thr_lock *lock)
{
	check(pthread_mutex_unlock(&lock->mutex), "giving lock", lock->name);
}

void
thr_signal_init(struct thr_signal *signal, const char *name)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	signal->name = name;
	check(pthread_cond_init(&signal->condition, &attributes),
	    "making signal", name);
	pthread_condattr_destroy(&attributes);
}

void
thr_signal_fini(struct thr_signal *signal)
{
	check(pthread_cond_destroy(&signal->condition), "destroying signal",
	    signal->name);
}

int
thr_signal_wait(struct thr_signal *signal, struct thr_lock *lock,
	uint64_t deadline_ns)
{
	int status;

	if (deadline_ns == UINT64_MAX) {
		status = pthread_cond_wait(&signal->condition, &lock->mutex);
	} else {
		struct timespec deadline = {
			.tv_sec = (time_t)(deadline_ns / 1000000000u),
			.tv_nsec = (long)(deadline_ns % 1000000000u),
		};
		status = pthread_cond_timedwait(&signal->condition,
		    &lock->mutex, &deadline);
		if (status == ETIMEDOUT)
			return 0;
	}
	check(status, "waiting for signal", signal->name);
	return 1;
}

void
thr_signal_one(struct thr_signal *signal)
{
	check(pthread_cond_signal(&signal->condition), "giving signal",
	    signal->name);
}

void
thr_signal_all(struct thr_signal *signal)
{
	check(pthread_cond_broadcast(&signal->condition), "giving signal",
	    signal->name);
}
