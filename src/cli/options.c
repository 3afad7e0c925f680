/*
 * The command line, from option_table.h through getopt_long().
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help_row.h"
#include "data/moment.h"
#include "net/launch.h"
#include "plan/plan.h"
#include "util/buf.h"
#include "util/near.h"

struct option_row {
	enum option_id id;
	int letter;
	const char *name;
	const char *argument;
	const char *help;
};

static const struct option_row rows[] = {
#define OPTION(symbol, letter, name, argument, help) \
	{ OPTION_##symbol, letter, name, argument, help },
#include "cli/option_table.h"
#undef OPTION
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
/* Values of long options lie behind all letters. */
#define LONG_BASE 256

static const char *const commands[] = {
#define CMD(name, arguments, summary) #name,
#include "cli/cmd_table.h"
#undef CMD
};

static void
options_tables(struct option *longs, char *letters)
{
	/* "+" would stop at the program; options may follow it.  ":" tells a
	 * missing argument from an unknown option. */
	*letters++ = ':';
	for (size_t i = 0; i < ROW_COUNT; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument != NULL ?
			    required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (rows[i].letter == 0)
			continue;
		*letters++ = (char)rows[i].letter;
		if (rows[i].argument != NULL)
			*letters++ = ':';
	}
	longs[ROW_COUNT] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_row *
option_row(int value)
{
	if (value >= LONG_BASE)
		return &rows[value - LONG_BASE];
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].letter == value)
			return &rows[i];
	return NULL;
}

static int
option_unknown(const char *word, struct err *err)
{
	const char *names[ROW_COUNT];
	const char *name = word;

	while (*name == '-')
		name++;
	for (size_t i = 0; i < ROW_COUNT; i++)
		names[i] = rows[i].name;
	err_set(err, ERR_USAGE, "there is no option %s", word);
	const char *near = near_name(name, names, ROW_COUNT);
	if (near != NULL)
		return err_hint(err, "did you mean --%s?", near);
	return err_hint(err, "sflow --help lists them");
}

static int
option_format(const char *name, const struct format_def **out, struct err *err)
{
	size_t count;
	const struct format_def *const *all = format_all(&count);
	const char *names[64];

	*out = format_find(name, strlen(name));
	if (*out != NULL)
		return 0;
	for (size_t i = 0; i < count && i < 64; i++)
		names[i] = all[i]->name;
	err_set(err, ERR_USAGE, "there is no format '%s'", name);
	const char *near = near_name(name, names, count);
	if (near != NULL)
		return err_hint(err, "did you mean %s?", near);
	return err_hint(err, "sflow help formats lists them");
}

static int
option_arg(struct options *options, char *text, struct err *err)
{
	char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return err_set(err, ERR_USAGE,
		    "--arg takes NAME=VALUE, not '%s'", text);
	*equals = '\0';
	options->arg = mem_resize(options->arg,
	    (options->arg_count + 1) * sizeof(*options->arg));
	options->arg[options->arg_count++] = (struct check_arg){
		.name = text[0] == '$' ? text + 1 : text, .value = equals + 1,
	};
	return 0;
}

static int
option_size(const char *name, const char *text, uint64_t *out, struct err *err)
{
	static const struct { const char *unit; uint64_t bytes; } units[] = {
		{ "", 1 }, { "B", 1 }, { "k", 1u << 10 }, { "K", 1u << 10 },
		{ "kB", 1000 }, { "KiB", 1u << 10 }, { "M", 1u << 20 },
		{ "MB", 1000000 }, { "MiB", 1u << 20 }, { "G", 1u << 30 },
		{ "GB", 1000000000 }, { "GiB", 1u << 30 },
		{ "T", (uint64_t)1 << 40 }, { "TB", 1000000000000u },
		{ "TiB", (uint64_t)1 << 40 },
	};
	char *end;
	double number = strtod(text, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end != text && number > 0 && number < 1e12 &&
		    strcmp(end, units[i].unit) == 0) {
			*out = (uint64_t)(number * (double)units[i].bytes);
			return 0;
		}
	return err_set(err, ERR_USAGE,
	    "%s takes a size like 512MiB, not '%s'", name, text);
}

static int
option_memory(const char *text, uint64_t *out, struct err *err)
{
	if (option_size("--memory", text, out, err) != 0)
		return -1;
	if (*out >= MEMORY_BYTES_MIN)
		return 0;
	return err_set(err, ERR_USAGE, "--memory %s is too little: at least "
	    "%lluMiB are needed", text,
	    (unsigned long long)(MEMORY_BYTES_MIN >> 20));
}

static int
option_number(const char *name, const char *text, uint64_t least,
	uint64_t most, uint64_t *out, struct err *err)
{
	char *end;

	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    strlen(text) < 20 && *out >= least && *out <= most)
		return 0;
	return err_set(err, ERR_USAGE, "%s takes a number from %llu to %llu, "
	    "not '%s'", name, (unsigned long long)least,
	    (unsigned long long)most, text);
}

static int
option_workers(const char *text, unsigned *out, struct err *err)
{
	uint64_t workers;

	if (option_number("-j", text, 1, WORKERS_MAX, &workers, err) != 0)
		return -1;
	*out = (unsigned)workers;
	return 0;
}

static int
option_duration(const char *text, uint64_t *out, struct err *err)
{
	int64_t us;

	if (moment_parse_duration(text, strlen(text), &us) != 0 || us < 1000)
		return err_set(err, ERR_USAGE, "--every takes a duration "
		    "like 10s or 50ms, not '%s'", text);
	*out = (uint64_t)us;
	return 0;
}

/* "a,b,c" */
static int
option_hosts(struct options *options, const char *text, struct err *err)
{
	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		char *host = mem_alloc(size + 1);
		memcpy(host, text, size);
		host[size] = '\0';
		options->host = mem_resize(options->host,
		    (options->host_count + 1) * sizeof(*options->host));
		options->host[options->host_count++] = host;
		if (launch_check_host(host, err) != 0)
			return -1;
		text += size + (text[size] == ',');
	}
	if (options->host_count > 0)
		return 0;
	return err_set(err, ERR_USAGE, "--hosts takes the names of hosts: "
	    "--hosts a,b,c");
}

static int
option_seed(struct options *options, const char *text, struct err *err)
{
	options->is_sim = 1;
	return option_number("--sim-seed", text, 0, UINT64_MAX,
	    &options->sim_seed, err);
}

static int
option_set(struct options *options, enum option_id id, char *argument,
	struct err *err)
{
	switch (id) {
	case OPTION_FILE: options->program_file = argument; return 0;
	case OPTION_ARG: return option_arg(options, argument, err);
	case OPTION_INPUT: return option_format(argument, &options->input, err);
	case OPTION_OUTPUT:
		return option_format(argument, &options->output, err);
	case OPTION_BAD: options->bad = argument; return 0;
	case OPTION_MEMORY:
		return option_memory(argument, &options->memory_bytes, err);
	case OPTION_TMP: options->tmp = argument; return 0;
	case OPTION_DISK:
		return option_size("--disk", argument, &options->disk_bytes,
		    err);
	case OPTION_WORKERS:
		return option_workers(argument, &options->workers, err);
	case OPTION_HOSTS: return option_hosts(options, argument, err);
	case OPTION_LAUNCH: options->launch = argument; return 0;
	case OPTION_CHECKPOINT: options->checkpoint = argument; return 0;
	case OPTION_EVERY:
		return option_duration(argument, &options->every_us, err);
	case OPTION_WITHOUT:
		options->without_names = argument;
		return plan_rules_parse(argument, &options->without, err);
	case OPTION_SIM_SEED: return option_seed(options, argument, err);
	case OPTION_STATS: options->stats = 1; return 0;
	case OPTION_RUN: options->run = 1; return 0;
	case OPTION_HELP: options->help = 1; return 0;
	case OPTION_VERSION: options->version = 1; return 0;
	case OPTION_NONE:
	case OPTION_END: break;
	}
	return 0;
}

/* The first word may be a sub-command; -f leaves no program among the words. */
static void
options_take_command(struct options *options)
{
	if (options->word_count == 0)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(options->word[0], commands[i]) != 0)
			continue;
		options->command = commands[i];
		options->word++;
		options->word_count--;
		return;
	}
}

int
options_parse(int argc, char **argv, struct options *out, struct err *err)
{
	struct option longs[ROW_COUNT + 1];
	char letters[2 * ROW_COUNT + 2];
	int value;

	memset(out, 0, sizeof(*out));
	options_tables(longs, letters);
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == '?')
			return option_unknown(argv[optind - 1], err);
		if (value == ':')
			return err_set(err, ERR_USAGE, "%s needs an argument",
			    argv[optind - 1]);
		if (option_set(out, option_row(value)->id, optarg, err) != 0)
			return -1;
	}
	out->word = (const char **)(argv + optind);
	out->word_count = (uint32_t)(argc - optind);
	options_take_command(out);
	if (out->run && (out->command == NULL ||
	    strcmp(out->command, "explain") != 0)) {
		err_set(err, ERR_USAGE, "--run belongs to explain");
		return err_hint(err, "sflow explain --run '...' runs a program "
		    "to measure it; sflow '...' just runs it");
	}
	if (out->every_us > 0 && out->checkpoint == NULL)
		return err_set(err, ERR_USAGE, "--every says how often "
		    "--checkpoint DIR is kept, which is not there");
	return 0;
}

void
options_fini(struct options *options)
{
	for (uint32_t i = 0; i < options->host_count; i++)
		mem_free(options->host[i]);
	mem_free(options->host);
	mem_free(options->arg);
}

void
options_help(struct buf *out)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char head[64];
		int used = rows[i].letter != 0 ?
		    snprintf(head, sizeof(head), "-%c, ", rows[i].letter) :
		    snprintf(head, sizeof(head), "    ");
		snprintf(head + used, sizeof(head) - (size_t)used, "--%s%s%s",
		    rows[i].name, rows[i].argument != NULL ? " " : "",
		    rows[i].argument != NULL ? rows[i].argument : "");
		help_add_row(out, head, 28, rows[i].help);
	}
}

void
options_names(struct buf *out)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		buf_add_format(out, "--%s\n", rows[i].name);
}
