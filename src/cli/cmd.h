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

#endif
