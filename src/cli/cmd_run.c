/*
 * run: check, plan, run; then say what was rejected.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "exec/run.h"
#include "io/bad.h"
#include "plan/plan.h"
#include "lang/ast.h"
#include "lang/pretty.h"
#include "util/env.h"
#include "util/interrupt.h"

static void
run_warn(void *cookie, const char *message)
{
	struct buf line = { 0 };

	(void)cookie;
	buf_add_format(&line, "sflow: warning: %s\n", message);
	cli_print(STDERR_FILENO, &line);
	buf_fini(&line);
}

/*
 * rows read = passed + rejected, where any were rejected or it was asked.  A
 * job under --bad stop that is done took nothing bad in: what the reader saw
 * behind the rows that `head` wanted is nobody's business.
 */
static void
run_summary(const struct job *job, struct buf *out)
{
	uint64_t read = bad_read_count(job->bad);
	uint64_t rejected = bad_count(job->bad);
	const char *file = job->options->bad;

	if ((rejected == 0 || bad_policy(job->bad) == BAD_STOP) &&
	    !job->options->stats)
		return;
	buf_add_format(out, "sflow: %llu records read = %llu passed + "
	    "%llu rejected", (unsigned long long)read,
	    (unsigned long long)(read - rejected),
	    (unsigned long long)rejected);
	if (rejected > 0 && file != NULL && strcmp(file, "skip") != 0 &&
	    strcmp(file, "stop") != 0)
		buf_add_format(out, " (see %s)", file);
	buf_add_char(out, '\n');
}

static void
run_report(void *cookie, const struct buf *report)
{
	(void)cookie;
	cli_print(STDERR_FILENO, report);
}

/* One more plan of the same program: nothing is opened again. */
static struct plan *
run_copy(void *cookie, struct err *err)
{
	struct flow *flow = job_copy_flow(cookie, err);

	return flow == NULL ? NULL : job_plan(cookie, flow);
}

static void
run_order(void *cookie, uint32_t host, struct buf *out)
{
	job_order(cookie, host, out);
}

/* The program, then its plan with the figures. */
static void
run_print_plan(void *cookie, const struct buf *plan)
{
	const struct job *job = cookie;
	struct buf out = { 0 };

	pretty_program_wide(job->program, &out);
	buf_add_char(&out, '\n');
	buf_add(&out, plan->bytes, plan->size);
	cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
}

static int
run_job(struct job *job, int explains)
{
	struct buf report = { 0 };
	struct run_config config = {
		.bad = job->bad, .warn = run_warn,
		.stats = job->options->stats && !explains,
		.measures = explains,
		.report = explains ? run_print_plan : run_report,
		.report_cookie = job,
		.copy = run_copy, .copy_cookie = job,
		.order = run_order, .order_cookie = job,
		.program = job_fingerprint(job),
	};

	job_describe(job, job->flow);
	if (job->options->launch != NULL && job->host_count == 0) {
		err_set(&job->err, ERR_USAGE, "--launch says how to get to "
		    "other hosts, and there are none");
		return err_hint(&job->err, "name them with --hosts, or read "
		    "from ssh(...)");
	}
	struct plan *plan = job_plan(job, job->flow);
	job_configure(job, &config);
	job->flow = NULL;
	int status = run_plan(plan, &config, &job->err);
	if (job->err.kind == ERR_PIPE) {
		status = 0;
		err_clear(&job->err);
	}
	if (status == 0)
		run_summary(job, &report);
	if (status == 0 && bad_close(&job->bad, &job->err) != 0)
		status = -1;
	cli_print(STDERR_FILENO, &report);
	buf_fini(&report);
	plan_free(&plan);
	return status;
}

/* Nobody types CSV: a terminal as input is a forgotten file. */
static int
run_refuse_terminal(struct job *job)
{
	if (job->file_count > 0 || job->program->pipeline[0]->from != NULL ||
	    !env_is_terminal(STDIN_FILENO))
		return 0;
	err_set(&job->err, ERR_USAGE, "no file is named and standard input is "
	    "a terminal");
	return err_hint(&job->err, "sflow '%s' FILE", "count by path");
}

int
cmd_run_job(struct options *options, int explains)
{
	struct job job;
	int status;

	interrupt_install();
	job_init(&job, options);
	if (job_read(&job, 1) != 0 || job_parse(&job) != 0 ||
	    run_refuse_terminal(&job) != 0 || job_check(&job, 0) != 0 ||
	    run_job(&job, explains) != 0)
		status = job_fail(&job);
	else
		status = 0;
	job_fini(&job);
	return status;
}

int
cmd_run(struct options *options)
{
	return cmd_run_job(options, 0);
}
