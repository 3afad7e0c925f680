/*
 * fmt: the program well laid out.  Names are not looked at, so it works on
 * programs whose files are elsewhere.
 */
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "lang/parse.h"
#include "lang/pretty.h"

int
cmd_fmt(struct options *options)
{
	struct job job;
	int status;

	job_init(&job, options);
	job.parse_flags = PARSE_LIBRARY;
	if (job_read(&job, 0) != 0 || job_parse(&job) != 0) {
		status = job_fail(&job);
	} else {
		struct buf out = { 0 };
		pretty_program_wide(job.program, &out);
		status = cli_print(STDOUT_FILENO, &out);
		buf_fini(&out);
	}
	job_fini(&job);
	return status;
}
