#ifndef SFLOW_CLI_LIMITS_H
#define SFLOW_CLI_LIMITS_H

struct options;

/*
 * What the job may use of the machine, by option, by the environment, or by
 * what is there.
 */

/* Set the process's limit of memory.  Again, when a worker knows more. */
void limits_set(const struct options *);
/* As many of so many workers as that leaves room for; one at least. */
unsigned limits_workers(unsigned wanted);
/* The folder for temporary files. */
const char *limits_tmp(const struct options *);

#endif
