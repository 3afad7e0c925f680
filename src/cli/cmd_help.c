/*
 * help [TOPIC].
 */
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/job.h"

int
cmd_help(struct options *options)
{
	struct buf out = { 0 };
	const char *near = NULL;
	int status;

	if (options->word_count == 0) {
		help_usage(&out);
	} else if (help_topic(options->word[0], &out, &near) != 0) {
		buf_add_format(&out, "sflow: error: there is no help for "
		    "'%s'\n", options->word[0]);
		if (near != NULL)
			buf_add_format(&out, "  = did you mean %s?\n", near);
		else
			buf_add_string(&out, "  = sflow help lists the "
			    "topics\n");
		cli_print(STDERR_FILENO, &out);
		buf_fini(&out);
		return err_exit_status(ERR_USAGE);
	}
	status = cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
	return status;
}
