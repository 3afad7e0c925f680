#ifndef SFLOW_CLI_OPTIONS_H
#define SFLOW_CLI_OPTIONS_H

#include <stdint.h>

#include "check/flow.h"

struct buf;
struct err;

enum option_id {
	OPTION_NONE,
#define OPTION(symbol, letter, name, argument, help) OPTION_##symbol,
#include "cli/option_table.h"
#undef OPTION
	OPTION_END
};

/* A thread needs a stack; more threads than key groups find no work. */
#define WORKERS_MAX 128

/* The program, its plan, its buffers and a few blocks to spill with. */
#define MEMORY_BYTES_MIN ((uint64_t)16 << 20)

/* What the command line says.  Strings are borrowed from argv. */
struct options {
	const char *command;	/* NULL: run */
	const char *program_file;
	struct check_arg *arg;
	uint32_t arg_count;
	const struct format_def *input;
	const struct format_def *output;
	const char *bad;	/* NULL: stop */
	uint64_t memory_bytes;	/* 0: not said */
	const char *tmp;	/* NULL: not said */
	uint64_t disk_bytes;	/* 0: no limit */
	unsigned workers;	/* 0: not said */
	char **host;
	uint32_t host_count;
	const char *launch;	/* NULL: ssh */
	const char *checkpoint;	/* NULL: none */
	uint64_t every_us;	/* 0: not said */
	uint64_t without;	/* rules: plan_rules_parse() */
	const char *without_names;
	int is_sim;
	uint64_t sim_seed;
	int stats;
	int run;
	int help;
	int version;
	const char **word;	/* what is no option, after the command */
	uint32_t word_count;
};

/*
 * Options may stand before and after the program; "--" ends them.  0, or -1
 * with err (ERR_USAGE).
 */
int options_parse(int argc, char **argv, struct options *out, struct err *);
void options_fini(struct options *);
/* "  -f, --file FILE  ..." a line each; wrapped. */
void options_help(struct buf *);
/* "--file", a line each. */
void options_names(struct buf *);

#endif
