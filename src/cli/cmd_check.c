/*
 * check: parse and check, run nothing.  Files are looked at for their fields;
 * standard input is not.
 */
#include "cli/cmd.h"
#include "cli/job.h"

int
cmd_check(struct options *options)
{
	struct job job;
	int status = 0;

	job_init(&job, options);
	if (job_read(&job, 1) != 0 || job_parse(&job) != 0 ||
	    job_check(&job, 1) != 0)
		status = job_fail(&job);
	job_fini(&job);
	return status;
}
