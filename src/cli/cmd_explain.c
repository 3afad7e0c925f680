/*
 * explain: the canonical program, then the plan with what each operator holds;
 * with --run, after running it, also what was measured.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "exec/run.h"
#include "lang/pretty.h"
#include "plan/plan.h"

static struct plan *
explain_copy(void *cookie, struct err *err)
{
	(void)cookie;
	(void)err;
	return NULL;
}

/* Tasks and edges, where there is more than one. */
static void
explain_tasks(struct job *job, const struct plan *plan, struct buf *out)
{
	struct run_config config = { .copy = explain_copy };

	job_find_hosts(job, plan->flow);
	job_configure(job, &config);
	struct tasks *tasks = run_tasks(plan, &config);
	if (tasks->instance_count > 1) {
		buf_add_char(out, '\n');
		tasks_explain(plan, tasks, out);
	}
	tasks_free(&tasks);
}

static int
explain_print(struct job *job)
{
	struct buf out = { 0 };
	struct plan *plan = job_plan(job, job->flow);

	job->flow = NULL;
	pretty_program_wide(job->program, &out);
	buf_add_char(&out, '\n');
	plan_explain(plan, &out);
	explain_tasks(job, plan, &out);
	int status = cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
	plan_free(&plan);
	return status;
}

/* Nothing is written: neither outputs, nor bad records, nor checkpoints. */
static int
explain_run(struct options *options)
{
	if (options->bad != NULL && strcmp(options->bad, "stop") != 0)
		options->bad = "skip";
	options->checkpoint = NULL;
	return cmd_run_job(options, 1);
}

int
cmd_explain(struct options *options)
{
	struct job job;
	int status;

	if (options->run)
		return explain_run(options);
	job_init(&job, options);
	if (job_read(&job, 1) != 0 || job_parse(&job) != 0 ||
	    job_check(&job, 1) != 0)
		status = job_fail(&job);
	else
		status = explain_print(&job);
	job_fini(&job);
	return status;
}
