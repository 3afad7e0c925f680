/*
 * sflow: options, then one of the sub-commands.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/job.h"
#include "cli/limits.h"
#include "util/cpu.h"
#include "util/env.h"

static const struct { const char *name; cmd_f *run; } commands[] = {
#define CMD(name, arguments, summary) { #name, cmd_##name },
#include "cli/cmd_table.h"
#undef CMD
};

static int
main_version(void)
{
	struct buf out = { 0 };

	buf_add_format(&out, "sflow %s\nkernels: %s\n", PACKAGE_VERSION,
	    cpu_tier_name(cpu_tier()));
	int status = cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
	return status;
}

static int
main_help(void)
{
	struct buf out = { 0 };

	help_usage(&out);
	int status = cli_print(STDOUT_FILENO, &out);
	buf_fini(&out);
	return status;
}

static int
main_command(struct options *options)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (options->command != NULL &&
		    strcmp(commands[i].name, options->command) == 0)
			return commands[i].run(options);
	return cmd_run(options);
}

int
main(int argc, char **argv)
{
	struct job job;
	struct options options;
	int status;

	if (env_init() != 0)
		return err_exit_status(ERR_USAGE);
	job_init(&job, &options);
	if (options_parse(argc, argv, &options, &job.err) != 0)
		status = job_fail(&job);
	else if (options.version)
		status = main_version();
	else if (options.help)
		status = main_help();
	else {
		limits_set(&options);
		if (options.is_sim)
			env_sim_start(options.sim_seed);
		status = main_command(&options);
	}
	options_fini(&options);
	job_fini(&job);
	return status;
}
