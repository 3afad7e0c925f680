#ifndef SFLOW_UTIL_INTERRUPT_H
#define SFLOW_UTIL_INTERRUPT_H

/*
 * ^C and TERM.  The first asks the job to stop: what waits for input wakes up,
 * incomplete outputs are removed, the status is 130.  The second ends the
 * process at once.  SIGPIPE is ignored from then on: writes fail with EPIPE.
 * USR1 asks for the job's figures.  Call it once, in the main thread.
 */
void interrupt_install(void);
int interrupt_is_set(void);
/* Has USR1 come since the last call?  One thread asks. */
int interrupt_stats_wanted(void);
/*
 * For env_waits_add(): has input from the signal on that asks to stop, and
 * from USR1 until interrupt_stats_wanted() is called, so that no signal is
 * slept through.  -1, which env->wait passes over, if there is none.
 */
int interrupt_fd(void);

#endif
