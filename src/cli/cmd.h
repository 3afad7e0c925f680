#ifndef SFLOW_CLI_CMD_H
#define SFLOW_CLI_CMD_H

#include "cli/options.h"

/*
 * Sub-commands.  Each takes the parsed options and the words that are left
 * (options->word) and returns the exit status.
 */
typedef int cmd_f(struct options *);

#define CMD(name, arguments, summary) cmd_f cmd_##name;
#include "cli/cmd_table.h"
#undef CMD
/* Read, check and run; `explains`: throw away what it writes and print the plan
 * with what was measured.  The exit status. */
int cmd_run_job(struct options *, int explains);

#endif
