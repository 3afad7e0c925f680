#include <criterion/criterion.h>
#include <signal.h>

#include "util/env.h"
#include "util/interrupt.h"

/* Does a wait for interrupt_fd() end at once? */
static int
is_ready(void)
{
	struct env_waits waits = { 0 };

	env_waits_clear(&waits);
	env_waits_add(&waits, interrupt_fd(), 0);
	env_waits_until(&waits, env->monotonic_ns());
	int count = env->wait(&waits);
	env_waits_fini(&waits);
	return count;
}

Test(interrupt, usr1_asks_once)
{
	interrupt_install();
	cr_assert(interrupt_fd() >= 0 && is_ready() == 0);
	cr_assert(interrupt_stats_wanted() == 0);
	raise(SIGUSR1);
	raise(SIGUSR1);
	cr_assert(is_ready() == 1);
	cr_assert(interrupt_stats_wanted() == 1);
	cr_assert(interrupt_stats_wanted() == 0);
	cr_assert(is_ready() == 0 && interrupt_is_set() == 0);
}

Test(interrupt, stop_stays)
{
	interrupt_install();
	raise(SIGUSR1);
	raise(SIGTERM);
	cr_assert(interrupt_is_set() && is_ready() == 1);
	cr_assert(interrupt_stats_wanted() == 1);
	cr_assert(is_ready() == 1, "who asks for figures must not lose it");
	cr_assert(interrupt_is_set());
}

Test(interrupt, the_second_has_its_effect, .signal = SIGINT)
{
	interrupt_install();
	raise(SIGINT);
	raise(SIGINT);
}
