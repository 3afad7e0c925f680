#ifndef SFLOW_CLI_JOB_H
#define SFLOW_CLI_JOB_H

#include "check/flow.h"
#include "cli/options.h"
#include "util/buf.h"

struct ast_program;
struct bad;
struct plan;

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
	const char *const *file;	/* data files */
	uint32_t file_count;
	struct ast_program *program;
	struct bad *bad;
	struct flow *flow;
	struct err err;
};

void job_init(struct job *, const struct options *);
/* `take_files`: the words behind the program are data files. */
int job_read(struct job *, int take_files);
int job_parse(struct job *);
/* `dry`: standard input is not touched. */
int job_check(struct job *, int dry);
/* Print err to standard error as the user should see it; its exit status. */
int job_fail(struct job *);
void job_fini(struct job *);

/* Write to standard output or error; 0, or 3 when it cannot be written. */
int cli_print(int fd, const struct buf *);

#endif
