/*
 * Signals that end a job.  The handler only sets a flag; it is installed
 * without SA_RESTART, so that a read that waits comes back with EINTR, and
 * resets itself, so that the second signal has its default effect.
 */
#include "util/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void
interrupt_handle(int number)
{
	(void)number;
	interrupted = 1;
}

void
interrupt_install(void)
{
	struct sigaction action = { .sa_handler = interrupt_handle };

	sigemptyset(&action.sa_mask);
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
	return interrupted;
}
