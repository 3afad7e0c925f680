/*
 * Signals.  The handlers only set flags and a wake descriptor; they are
 * installed without SA_RESTART, so that a read that waits comes back with
 * EINTR.  That alone would lose a signal that comes between the look at the
 * flag and the wait: who waits with env->wait adds interrupt_fd(), which stays
 * ready.  Those of ^C and TERM reset themselves, so that the second has its
 * default effect.
 */
#include "util/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "util/env.h"

/* Any thread reads them; the handlers run in the main thread. */
static int interrupted;
static int stats_wanted;
static int wake_fd = -1;

static void
interrupt_handle(int number)
{
	__atomic_store_n(number == SIGUSR1 ? &stats_wanted : &interrupted, 1,
	    __ATOMIC_RELEASE);
	if (wake_fd >= 0)
		env_wake_set(wake_fd);
}

void
interrupt_install(void)
{
	struct sigaction action = { .sa_handler = interrupt_handle };

	if (wake_fd < 0)
		wake_fd = env->wake_open();
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	action.sa_flags = 0;
	sigaction(SIGPIPE, &action, NULL);
}

int
interrupt_is_set(void)
{
	return __atomic_load_n(&interrupted, __ATOMIC_ACQUIRE);
}

int
interrupt_stats_wanted(void)
{
	if (!__atomic_load_n(&stats_wanted, __ATOMIC_ACQUIRE))
		return 0;
	/* A signal from here on makes it ready again, and one that asks to
	 * stop keeps it so. */
	if (wake_fd >= 0) {
		env_wake_drain(wake_fd);
		if (interrupt_is_set())
			env_wake_set(wake_fd);
	}
	return __atomic_exchange_n(&stats_wanted, 0, __ATOMIC_ACQ_REL);
}

int
interrupt_fd(void)
{
	return wake_fd;
}
