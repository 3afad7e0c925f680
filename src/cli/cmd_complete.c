/*
 * complete [KIND]: names, one a line, for the completion scripts, which hold no
 * list of their own.
 */
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/job.h"

int
cmd_complete(struct options *options)
{
	struct buf out = { 0 };
	int status = help_names(options->word_count == 0 ? NULL :
	    options->word[0], &out) == 0 ? 0 : err_exit_status(ERR_USAGE);

	if (status == 0)
		status = cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
	return status;
}
