/*
 * A program on its way from the command line to a graph.
 */
#include "cli/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/limits.h"
#include "cli/use.h"
#include "exec/run.h"
#include "io/bad.h"
#include "lang/diag.h"
#include "lang/parse.h"
#include "lang/pretty.h"
#include "net/order.h"
#include "plan/plan.h"
#include "util/env.h"
#include "util/hash.h"

/* Rare enough that the disk is no burden, often enough that little is read
 * again. */
#define CHECKPOINT_EVERY_US 10000000u

void
job_init(struct job *job, const struct options *options)
{
	memset(job, 0, sizeof(*job));
	job->options = options;
	job->region = region_new();
	job->source_name = "program";
	job->output_is_terminal = env_is_terminal(STDOUT_FILENO);
}

static int
job_read_file(struct job *job, const char *path)
{
	job->source_name = strcmp(path, "-") == 0 ? "stdin" : path;
	job->parse_flags |= PARSE_FILE;
	return use_read(path, &job->source, &job->err);
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

static struct check_config
job_check_config(const struct job *job)
{
	const struct options *options = job->options;

	return (struct check_config){
		.file = job->file, .file_count = job->file_count,
		.arg = options->arg, .arg_count = options->arg_count,
		.input_format = options->input,
		.output_format = options->output,
		.output_is_terminal = job->output_is_terminal,
		.host_number = job->host_number,
		.bad = job->bad,
		.description = job->described,
		.description_count = job->described_count,
	};
}

/* Put what is used in its place; the whole is the program from now on. */
static int
job_use(struct job *job)
{
	struct buf whole = { 0 };
	int status = use_expand(job->program, job->source_name, job->region,
	    &whole, &job->use, &job->err);

	if (status == 0 && job->use != NULL) {
		buf_fini(&job->source);
		job->source = whole;
		job->parse_flags |= PARSE_FILE;
		return job_parse(job);
	}
	buf_fini(&whole);
	return status;
}

int
job_check(struct job *job, int dry)
{
	if (job_use(job) != 0 || job_open_bad(job) != 0)
		return -1;
	struct check_config config = job_check_config(job);
	config.dry = dry;
	job->flow = flow_check(job->program, &config, &job->err);
	return job->flow == NULL ? -1 : 0;
}

static void
job_add_host(struct job *job, const char *host)
{
	for (uint32_t i = 0; i < job->host_count; i++)
		if (strcmp(job->host[i], host) == 0)
			return;
	job->host = mem_resize(job->host,
	    (job->host_count + 1) * sizeof(*job->host));
	job->host[job->host_count++] = host;
}

void
job_find_hosts(struct job *job, const struct flow *flow)
{
	for (uint32_t i = 0; i < job->options->host_count; i++)
		job_add_host(job, job->options->host[i]);
	job->keyed_host_count = job->host_count;
	for (uint32_t i = 0; i < flow->source_count; i++) {
		/* Standard input that was not looked at has none. */
		if (flow->source[i]->source == NULL)
			continue;
		const struct source_spec *spec =
		    source_spec(flow->source[i]->source);
		for (uint32_t k = 0; k < spec->host_count; k++)
			job_add_host(job, spec->host[k]);
	}
}

void
job_describe(struct job *job, const struct flow *flow)
{
	job->described = mem_alloc_zero((flow->source_count + 1) *
	    sizeof(*job->described));
	job->described_count = flow->source_count;
	for (uint32_t i = 0; i < flow->source_count; i++) {
		const struct flow_source *source = flow->source[i];
		struct buf description = { 0 };
		source_describe(source->source, &description);
		job->described[source->number] = (struct check_description){
			.bytes = description.bytes, .size = description.size,
		};
	}
	job_find_hosts(job, flow);
}

struct flow *
job_copy_flow(struct job *job, struct err *err)
{
	struct check_config config = job_check_config(job);

	return flow_check(job->program, &config, err);
}

/* How many, by option, by the tests' variable, or one for each processor;
 * no more than there is memory for. */
static unsigned
job_workers(const struct job *job)
{
	const char *variable = env_variable("SFLOW_WORKERS");
	unsigned workers = job->options->workers;

	if (workers == 0 && variable != NULL)
		workers = (unsigned)strtoul(variable, NULL, 10);
	if (workers == 0 || workers > WORKERS_MAX)
		workers = env_cpu_count();
	return limits_workers(workers);
}

/* The rules that are left out, by option and by the tests' variable. */
static uint64_t
job_without(const struct job *job)
{
	const char *variable = env_variable("SFLOW_WITHOUT");
	uint64_t without = job->options->without;
	struct err err = ERR_INIT;

	if (variable != NULL && plan_rules_parse(variable, &without, &err) != 0)
		err_clear(&err);
	return without;
}

struct plan *
job_plan(const struct job *job, struct flow *take_flow)
{
	struct plan_config config = {
		.workers = job_workers(job),
		.keyed_host_count = job->keyed_host_count,
		.has_checkpoints = job->options->checkpoint != NULL,
		.without = job_without(job),
	};

	return plan_new(take_flow, &config);
}

void
job_configure(const struct job *job, struct run_config *config)
{
	const struct options *options = job->options;

	config->workers = job_workers(job);
	config->is_sim = env_is_simulated();
	config->host = job->host;
	config->host_count = job->host_count;
	config->keyed_host_count = job->keyed_host_count;
	config->launch = options->launch;
	config->tmp = limits_tmp(options);
	config->disk_bytes = options->disk_bytes;
	/* The folder is the starting process's. */
	if (job->host_number == 0)
		config->checkpoint_dir = options->checkpoint;
	config->has_checkpoints = options->checkpoint != NULL;
	config->every_us = options->every_us != 0 ? options->every_us :
	    CHECKPOINT_EVERY_US;
}

/* --- orders -------------------------------------------------------------- */

/* What a worker must be told besides the program, by names of options. */
static uint32_t
order_options(const struct job *job, struct order_pair *pair, char workers[24],
	char memory[24])
{
	const struct options *options = job->options;
	uint32_t count = 0;

	/* All processes must come to the same tasks. */
	snprintf(workers, 24, "%u", job_workers(job));
	pair[count++] = (struct order_pair){ "workers", workers };
	snprintf(memory, 24, "%llu", (unsigned long long)options->memory_bytes);
	if (options->memory_bytes > 0)
		pair[count++] = (struct order_pair){ "memory", memory };
	if (options->input != NULL)
		pair[count++] = (struct order_pair){ "input",
		    options->input->name };
	if (options->output != NULL)
		pair[count++] = (struct order_pair){ "output",
		    options->output->name };
	if (options->checkpoint != NULL)
		pair[count++] = (struct order_pair){ "checkpoint", "" };
	if (job->output_is_terminal)
		pair[count++] = (struct order_pair){ "terminal", "" };
	if (options->bad != NULL)
		pair[count++] = (struct order_pair){ "bad",
		    strcmp(options->bad, "stop") == 0 ? "stop" : "skip" };
	if (options->without_names != NULL)
		pair[count++] = (struct order_pair){ "without",
		    options->without_names };
	for (uint32_t i = 0; i < job->host_count; i++)
		pair[count++] = (struct order_pair){
		    i < job->keyed_host_count ? "hosts" : "files-host",
		    job->host[i] };
	for (uint32_t i = 0; i < job->file_count; i++)
		pair[count++] = (struct order_pair){ "file", job->file[i] };
	return count;
}

void
job_order(const struct job *job, uint32_t index, struct buf *out)
{
	struct order_pair *option = mem_alloc((9 + job->host_count +
	    job->file_count) * sizeof(*option));
	struct order_pair *arg = mem_alloc((job->options->arg_count + 1) *
	    sizeof(*arg));
	struct order_bytes *source = mem_alloc((job->described_count + 1) *
	    sizeof(*source));
	char workers[24], memory[24];

	for (uint32_t i = 0; i < job->options->arg_count; i++)
		arg[i] = (struct order_pair){ job->options->arg[i].name,
		    job->options->arg[i].value };
	for (uint32_t i = 0; i < job->described_count; i++)
		source[i] = (struct order_bytes){ job->described[i].bytes,
		    job->described[i].size };
	struct order order = {
		.program = { job->source.bytes, job->source.size },
		.program_name = job->source_name,
		.job_name = job->parse_flags & PARSE_FILE ? "file" : "line",
		.worker_index = index, .worker_count = job->host_count,
		.arg = arg, .arg_count = job->options->arg_count,
		.option = option,
		.option_count = order_options(job, option, workers,
		    memory),
		.source = source, .source_count = job->described_count,
	};
	order_write(&order, out);
	mem_free(option);
	mem_free(arg);
	mem_free(source);
}

static int
order_take_option(struct job *job, struct options *options,
	const struct order_pair *pair)
{
	const char *value = pair->value;

	if (strcmp(pair->name, "workers") == 0)
		options->workers = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(pair->name, "memory") == 0)
		options->memory_bytes = strtoull(value, NULL, 10);
	else if (strcmp(pair->name, "input") == 0)
		options->input = format_find(value, strlen(value));
	else if (strcmp(pair->name, "output") == 0)
		options->output = format_find(value, strlen(value));
	else if (strcmp(pair->name, "checkpoint") == 0)
		options->checkpoint = value;
	else if (strcmp(pair->name, "terminal") == 0)
		job->output_is_terminal = 1;
	else if (strcmp(pair->name, "bad") == 0)
		options->bad = value;
	else if (strcmp(pair->name, "without") == 0)
		return plan_rules_parse(value, &options->without, &job->err);
	else if (strcmp(pair->name, "hosts") == 0)
		job->keyed_host_count++, job_add_host(job, value);
	else if (strcmp(pair->name, "files-host") == 0)
		job_add_host(job, value);
	else if (strcmp(pair->name, "file") == 0)
		job->file[job->file_count++] = value;
	else
		return err_set(&job->err, ERR_USAGE, "the order has an option "
		    "'%s' that workers do not have", pair->name);
	return 0;
}

int
job_take_order(struct job *job, struct options *options,
	const struct order *order)
{
	struct region *region = job->region;
	int status = 0;

	buf_add(&job->source, order->program.bytes, order->program.size);
	buf_string(&job->source);
	job->source_name = order->program_name;
	if (strcmp(order->job_name, "file") == 0)
		job->parse_flags = PARSE_FILE;
	job->output_is_terminal = 0;
	job->host_number = order->worker_index + 1;
	job->file = region_alloc(region, (order->option_count + 1) *
	    sizeof(*job->file));
	options->arg = mem_alloc_zero((order->arg_count + 1) *
	    sizeof(*options->arg));
	options->arg_count = order->arg_count;
	for (uint32_t i = 0; i < order->arg_count; i++)
		options->arg[i] = (struct check_arg){ order->arg[i].name,
		    order->arg[i].value };
	job->described = mem_alloc_zero((order->source_count + 1) *
	    sizeof(*job->described));
	job->described_count = order->source_count;
	for (uint32_t i = 0; i < order->source_count; i++)
		job->described[i] = (struct check_description){
			.bytes = mem_copy(order->source[i].bytes,
			    order->source[i].size + 1),
			.size = order->source[i].size,
		};
	for (uint32_t i = 0; i < order->option_count && status == 0; i++)
		status = order_take_option(job, options, &order->option[i]);
	return status;
}

uint64_t
job_fingerprint(const struct job *job)
{
	struct buf text = { 0 };

	pretty_program_wide(job->program, &text);
	for (uint32_t i = 0; i < job->options->arg_count; i++)
		buf_add_format(&text, "\n$%s=%s", job->options->arg[i].name,
		    job->options->arg[i].value);
	for (uint32_t i = 0; i < job->file_count; i++)
		buf_add_format(&text, "\n%s", job->file[i]);
	uint64_t hash = hash_bytes(text.bytes, text.size);
	buf_fini(&text);
	return hash;
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
	size_t size = job->source.size;
	const char *name = job->err.has_span ? job->source_name : "sflow";

	if (job->err.kind == ERR_PIPE)
		return 0;
	if (job->err.has_span && job->use != NULL)
		use_place(job->use, &job->err, &name, &source, &size);
	if (job->err.has_place)
		buf_add_format(&out, "%s\n", job->err.message);
	else
		diag_print(&job->err, name, source == NULL ? "" : source,
		    size, &out);
	cli_print(STDERR_FILENO, &out);
	buf_fini(&out);
	return err_exit_status(job->err.kind);
}

void
job_fini(struct job *job)
{
	flow_free(&job->flow);
	for (uint32_t i = 0; i < job->described_count; i++)
		mem_free((void *)(uintptr_t)job->described[i].bytes);
	mem_free(job->described);
	mem_free(job->host);
	bad_abort(&job->bad);
	buf_fini(&job->source);
	region_drop(&job->region);
}
