/*
 * A program on its way from the command line to a graph.
 */
#include "cli/job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/bad.h"
#include "lang/diag.h"
#include "lang/parse.h"
#include "util/env.h"

/* A program file larger than this is a mistake. */
#define PROGRAM_BYTES_MAX (16u << 20)

void
job_init(struct job *job, const struct options *options)
{
	memset(job, 0, sizeof(*job));
	job->options = options;
	job->region = region_new();
	job->source_name = "program";
}

static int
job_read_fd(struct job *job, int fd, const char *path)
{
	for (;;) {
		ssize_t got = env->read(fd, buf_reserve(&job->source, 65536),
		    65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(&job->err, ERR_IO, errno,
			    "cannot read %s", path);
		if (got == 0)
			return 0;
		job->source.size += (size_t)got;
		if (job->source.size > PROGRAM_BYTES_MAX)
			return err_set(&job->err, ERR_USAGE,
			    "%s is too long for a program", path);
	}
}

static int
job_read_file(struct job *job, const char *path)
{
	int is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : env->open(path, O_RDONLY, 0);

	job->source_name = is_stdin ? "stdin" : path;
	job->parse_flags = PARSE_FILE;
	if (fd < 0)
		return err_set_errno(&job->err, ERR_IO, errno,
		    "cannot open %s", path);
	int status = job_read_fd(job, fd, path);
	if (!is_stdin)
		env->close(fd);
	return status;
}

int
job_read(struct job *job, int take_files)
{
	const struct options *options = job->options;
	uint32_t used = 0;
	int status = 0;

	if (options->program_file != NULL) {
		status = job_read_file(job, options->program_file);
	} else if (options->word_count == 0) {
		err_set(&job->err, ERR_USAGE, "a program is expected");
		return err_hint(&job->err, "sflow 'count by path' access.csv");
	} else {
		buf_add_string(&job->source, options->word[0]);
		used = 1;
	}
	buf_string(&job->source);
	job->file = options->word + used;
	job->file_count = options->word_count - used;
	if (status == 0 && !take_files && job->file_count > 0)
		return err_set(&job->err, ERR_USAGE,
		    "'%s' is not expected here", job->file[0]);
	return status;
}

static int
names_file(const char *path)
{
	struct stat stat;

	return env->stat(path, &stat) == 0 && S_ISREG(stat.st_mode);
}

int
job_parse(struct job *job)
{
	job->program = parse_program(job->source_name, job->source.bytes,
	    job->source.size, job->parse_flags, job->region, &job->err);
	if (job->program == NULL && job->options->program_file == NULL &&
	    names_file(job->source.bytes)) {
		err_clear(&job->err);
		err_set(&job->err, ERR_USAGE, "%s is a file, and a program "
		    "stands before the files", job->source.bytes);
		err_hint(&job->err, "sflow 'head 10' %s", job->source.bytes);
	}
	return job->program == NULL ? -1 : 0;
}

static int
job_open_bad(struct job *job)
{
	const char *bad = job->options->bad;
	enum bad_policy policy = BAD_FILE;

	if (bad == NULL || strcmp(bad, "stop") == 0)
		policy = BAD_STOP;
	else if (strcmp(bad, "skip") == 0)
		policy = BAD_SKIP;
	job->bad = bad_new(policy, bad, &job->err);
	return job->bad == NULL ? -1 : 0;
}

int
job_check(struct job *job, int dry)
{
	const struct options *options = job->options;

	if (job_open_bad(job) != 0)
		return -1;
	struct check_config config = {
		.file = job->file, .file_count = job->file_count,
		.arg = options->arg, .arg_count = options->arg_count,
		.input_format = options->input,
		.output_format = options->output,
		.output_is_terminal = env_is_terminal(STDOUT_FILENO),
		.dry = dry, .bad = job->bad,
	};
	job->flow = flow_check(job->program, &config, &job->err);
	return job->flow == NULL ? -1 : 0;
}

int
cli_print(int fd, const struct buf *buf)
{
	if (env_write_all(fd, buf->bytes, buf->size) == 0 || errno == EPIPE)
		return 0;
	return err_exit_status(ERR_IO);
}

int
job_fail(struct job *job)
{
	struct buf out = { 0 };
	const char *source = job->source.bytes;
	const char *name = job->err.has_span ? job->source_name : "sflow";

	if (job->err.kind == ERR_PIPE)
		return 0;
	if (job->err.has_place)
		buf_add_format(&out, "%s\n", job->err.message);
	else
		diag_print(&job->err, name, source == NULL ? "" : source,
		    job->source.size, &out);
	cli_print(STDERR_FILENO, &out);
	buf_fini(&out);
	return err_exit_status(job->err.kind);
}

void
job_fini(struct job *job)
{
	flow_free(&job->flow);
	bad_abort(&job->bad);
	buf_fini(&job->source);
	region_drop(&job->region);
}
