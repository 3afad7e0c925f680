/*
 * worker: a part of a job, for the process at the other end of standard input
 * and output.
 *
 * It says hello, takes the order, binds the program as that process has, and
 * runs what is placed on this host. What goes wrong is told over there; here
 * is the exit status, and a sentence if nobody is there who could be told.
 */
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/limits.h"
#include "exec/remotes.h"
#include "exec/run.h"
#include "io/bad.h"
#include "net/hello.h"
#include "net/link.h"
#include "net/order.h"
#include "plan/plan.h"
#include "util/buf.h"
#include "util/env.h"

/*
 * Hello and the order.  Of packets that come before the job runs only the order
 * is expected.  `is_strange` is set if something that is no sflow is there.
 */
static int
worker_order(struct link *link, struct job *job, struct order *order,
	int *is_strange)
{
	struct env_waits waits = { 0 };
	struct packet packet;
	struct hello hello = { .protocol = 0 };
	struct err gone = ERR_INIT;
	const char *bytes;
	int got_hello = 0, got = 0;
	int status = hello_put(link, &job->err);

	while (status == 0 && got == 0) {
		link_flush(link, &gone);
		if (!got_hello)
			got_hello = hello_take(link, &hello, &job->err);
		if (got_hello > 0)
			got = link_take(link, &packet, &job->err);
		if (got_hello < 0 || got < 0)
			status = -1;
		if (status != 0 || got > 0)
			break;
		env_waits_clear(&waits);
		link_add_waits(link, 1, &waits);
		env->wait(&waits);
	}
	env_waits_fini(&waits);
	*is_strange = got_hello < 0 && hello.version[0] == '\0' &&
	    (!link_is_gone(link) || link_peek(link, &bytes) > 0);
	if (status == 0 && packet.kind != REMOTE_ORDER)
		status = err_set(&job->err, ERR_IO,
		    "an order is expected first");
	return status != 0 ? -1 : order_read(packet.bytes, packet.size,
	    "the starting process", job->region, order, &job->err);
}

static struct plan *
worker_copy(void *cookie, struct err *err)
{
	struct flow *flow = job_copy_flow(cookie, err);

	return flow == NULL ? NULL : job_plan(cookie, flow);
}

/* Bind and run; the link is taken. */
static int
worker_run(struct job *job, struct link *take_link, uint32_t index)
{
	struct run_config config = {
		.bad = job->bad, .copy = worker_copy, .copy_cookie = job,
	};
	struct plan *plan = job_plan(job, job->flow);

	job->flow = NULL;
	job_configure(job, &config);
	int status = run_worker(plan, &config, index, take_link, &job->err);
	plan_free(&plan);
	return status;
}

/* Tell them why the order cannot be run. */
static void
worker_refuse(struct link **take_link, const struct err *err)
{
	struct remote *remote = remote_new(*take_link, "the starting process",
	    NULL, NULL, NULL);

	*take_link = NULL;
	remotes_say_error(remote, err);
	remote_free(&remote);
}

/* The order says what is to be bound. */
static int
worker_bind(struct job *job, struct options *options,
	const struct order *order)
{
	if (job_take_order(job, options, order) != 0 || job_parse(job) != 0)
		return -1;
	limits_set(options);
	return job_check(job, 0);
}

int
cmd_worker(struct options *options)
{
	struct job job;
	struct order order = { 0 };
	struct link *link = link_new(STDIN_FILENO, STDOUT_FILENO,
	    "the starting process");
	int is_strange;

	job_init(&job, options);
	int status = worker_order(link, &job, &order, &is_strange);
	if (status == 0)
		status = worker_bind(&job, options, &order);
	if (status == 0) {
		status = worker_run(&job, link, order.worker_index);
		link = NULL;
	} else if (!is_strange) {
		worker_refuse(&link, &job.err);
	}
	link_close(&link);
	if (is_strange)
		job_fail(&job);
	status = status == 0 ? 0 : err_exit_status(job.err.kind);
	job_fini(&job);
	return status;
}
