#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "util/env.h"
#include "util/err.h"
#include "util/thr.h"

#define THREADS 4
#define TURNS 20000

struct shared {
	struct thr_lock lock;
	struct thr_signal signal;
	uint64_t count;
	int is_open;
};

static void
shared_init(struct shared *shared)
{
	memset(shared, 0, sizeof(*shared));
	thr_lock_init(&shared->lock, "shared");
	thr_signal_init(&shared->signal, "shared");
}

static void
shared_fini(struct shared *shared)
{
	thr_signal_fini(&shared->signal);
	thr_lock_fini(&shared->lock);
}

static void
count_up(void *user)
{
	struct shared *shared = user;

	thr_lock_take(&shared->lock);
	while (!shared->is_open)
		thr_signal_wait(&shared->signal, &shared->lock, UINT64_MAX);
	thr_lock_give(&shared->lock);
	for (int i = 0; i < TURNS; i++) {
		thr_lock_take(&shared->lock);
		shared->count++;
		thr_lock_give(&shared->lock);
	}
}

Test(thr, locks_and_signals)
{
	struct thr *thr[THREADS];
	struct shared shared;
	struct err err = ERR_INIT;

	shared_init(&shared);
	for (int i = 0; i < THREADS; i++) {
		thr[i] = thr_start("a name that is too long", count_up,
		    &shared, &err);
		cr_assert(thr[i] != NULL);
	}
	thr_lock_take(&shared.lock);
	cr_assert(shared.count == 0);
	shared.is_open = 1;
	thr_signal_all(&shared.signal);
	thr_lock_give(&shared.lock);
	for (int i = 0; i < THREADS; i++) {
		thr_join(&thr[i]);
		cr_assert(thr[i] == NULL);
	}
	cr_assert(shared.count == THREADS * TURNS);
	shared_fini(&shared);
}

Test(thr, a_deadline)
{
	struct shared shared;
	uint64_t start = env->monotonic_ns();

	shared_init(&shared);
	thr_lock_take(&shared.lock);
	while (thr_signal_wait(&shared.signal, &shared.lock, start + 3000000))
		;
	thr_lock_give(&shared.lock);
	cr_assert(env->monotonic_ns() >= start + 3000000);
	shared_fini(&shared);
}

static void
look_at_mask(void *user)
{
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	*(int *)user = sigismember(&set, SIGINT) && sigismember(&set, SIGUSR1);
}

Test(thr, signals_stay_with_the_main_thread)
{
	struct err err = ERR_INIT;
	int blocked = 0;
	struct thr *thr = thr_start("mask", look_at_mask, &blocked, &err);
	sigset_t set;

	thr_join(&thr);
	cr_assert(blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	cr_assert(!sigismember(&set, SIGINT));
	thr_join(&thr);
}

static void
tell_index(void *user)
{
	uint32_t *index = user;

	*index = thr_index();
	if (thr_index() != *index)
		*index = UINT32_MAX;
}

Test(thr, every_thread_has_a_number)
{
	struct err err = ERR_INIT;
	struct thr *thr[THREADS];
	uint32_t index[THREADS], seen = 1u << thr_index();

	for (int i = 0; i < THREADS; i++)
		thr[i] = thr_start("index", tell_index, &index[i], &err);
	for (int i = 0; i < THREADS; i++) {
		thr_join(&thr[i]);
		cr_assert(index[i] <= THREADS);
		seen |= 1u << index[i];
	}
	cr_assert(seen == (2u << THREADS) - 1);
}

Test(thr, the_system_refuses)
{
	struct err err = ERR_INIT;
	int blocked;

	setenv("SFLOW_FAULT", "thread:1:EAGAIN", 1);
	cr_assert(env_init() == 0);
	cr_assert_null(thr_start("x", look_at_mask, &blocked, &err));
	cr_assert_str_eq(err.message, "cannot start thread 'x': "
	    "Resource temporarily unavailable");
	cr_assert(err.kind == ERR_IO);
}

Test(thr, a_lock_taken_twice, .signal = SIGABRT)
{
	static struct thr_lock lock = THR_LOCK_INIT("once");

	thr_lock_take(&lock);
	thr_lock_take(&lock);
}

Test(thr, a_lock_of_nobody, .signal = SIGABRT)
{
	static struct thr_lock lock = THR_LOCK_INIT("nobody's");

	thr_lock_give(&lock);
}
