#ifndef SFLOW_CLI_JOB_H
#define SFLOW_CLI_JOB_H

#include "check/flow.h"
#include "cli/options.h"
#include "util/buf.h"

struct ast_program;
struct bad;
struct plan;
struct run_config;
struct use_map;

/*
 * What run, check, explain and fmt share: the program's text from the command
 * line or a file, its tree, its graph; and how errors are shown.
 *
 *     job_read, job_parse, job_check, ...  each 0, or -1 with job->err
 *     job_fail                             print job->err, return the status
 *     job_fini
 */
struct job {
	const struct options *options;
	struct region *region;
	struct buf source;
	const char *source_name;	/* "program", or the file */
	unsigned parse_flags;
	const char **file;	/* data files */
	uint32_t file_count;
	struct ast_program *program;
	struct use_map *use;	/* where its parts come from; or NULL */
	struct bad *bad;
	struct flow *flow;
	/* What was learned of each source, for plans made later. */
	struct check_description *described;
	uint32_t described_count;
	/* All hosts of the job: --hosts, then those of ssh(). */
	const char **host;
	uint32_t host_count, keyed_host_count;
	int output_is_terminal;
	uint32_t host_number;	/* of a worker, from 1 */
	struct err err;
};

void job_init(struct job *, const struct options *);
/* `take_files`: the words behind the program are data files. */
int job_read(struct job *, int take_files);
int job_parse(struct job *);
/* `dry`: standard input is not touched. */
int job_check(struct job *, int dry);
/* Remember what the flow's sources are, so that the program can be bound again
 * without a look at them. */
void job_describe(struct job *, const struct flow *);
struct flow *job_copy_flow(struct job *, struct err *);
/* Collect the hosts that the options and the sources name, each once. */
void job_find_hosts(struct job *, const struct flow *);
/* The order for the worker on host `index`; net/order.h. */
void job_order(const struct job *, uint32_t index, struct buf *);
/*
 * In a worker: a job from an order, which lies in the region with all it leads
 * to.  Options go to `options`, which the job borrows.  0 or -1 with job->err.
 */
struct order;
int job_take_order(struct job *, struct options *options,
	const struct order *);
/* The plan of a checked program, here and in workers. */
struct plan;
struct plan *job_plan(const struct job *, struct flow *take_flow);
/* What of the options is the runner's. */
void job_configure(const struct job *, struct run_config *);
/* Same program, arguments and files, same number. */
uint64_t job_fingerprint(const struct job *);
/* Print err to standard error as the user should see it; its exit status. */
int job_fail(struct job *);
void job_fini(struct job *);

/* Write to standard output or error; 0, or 3 when it cannot be written. */
int cli_print(int fd, const struct buf *);

#endif
