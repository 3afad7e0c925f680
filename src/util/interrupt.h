#ifndef SFLOW_UTIL_INTERRUPT_H
#define SFLOW_UTIL_INTERRUPT_H

/*
 * ^C and TERM.  The first asks the job to stop: what waits for input wakes up,
 * incomplete outputs are removed, the status is 130.  The second ends the
 * process at once.  SIGPIPE is ignored from then on: writes fail with EPIPE.
 */
void interrupt_install(void);
int interrupt_is_set(void);

#endif
