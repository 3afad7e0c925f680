/*
 * Help, generated from the registries: what a row says is said nowhere else.
 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/help_row.h"
#include "cli/options.h"
#include "func/agg.h"
#include "func/func.h"
#include "io/format.h"
#include "io/stream.h"
#include "op/op.h"
#include "plan/plan.h"
#include "util/buf.h"
#include "util/near.h"

static const struct { const char *name, *arguments, *summary; } commands[] = {
#define CMD(name, arguments, summary) { #name, arguments, summary },
#include "cli/cmd_table.h"
#undef CMD
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* ssh() is no stream of its own but tail() elsewhere: check/bind_live.c. */
static const struct option_def ssh_options[] = {
	{ "follow", TYPE_BOOL, "go on as the files grow, as tail() does "
		"(false: to where they end now)" },
	{ "start", TYPE_TEXT, "as of tail()" },
	{ "stop_after", TYPE_DURATION, "as of tail(), with follow=true" },
	{ 0 },
};

static const struct stream_def stream_ssh = {
	.name = "ssh",
	.syntax = "from ssh(HOSTS, \"PATH\", ..., OPTION=VALUE, ...)",
	.summary = "files of other hosts, read and filtered there",
	.example = "from ssh([\"web1\", \"web2\"], \"/var/log/x.log\") | "
	    "where line ~ /error/",
	.options = ssh_options,
};

/* What stands behind `window`: check/bind_window.c. */
static const struct window_row {
	const char *name, *syntax, *summary, *example;
} windows[] = {
	{ "tumble", "tumble(SIZE)", "one after the other",
		"watermark ts | count by user window tumble(1m)" },
	{ "hop", "hop(SIZE, EVERY)",
		"of SIZE; one begins each EVERY, so they overlap",
		"watermark ts | count window hop(5m, 30s)" },
};

#define WINDOW_COUNT (sizeof(windows) / sizeof(windows[0]))

static void
help_stages(struct buf *out)
{
	size_t count;
	const struct op_def *const *all = op_all(&count);

	buf_add_string(out, "Stages, joined by | :\n");
	for (size_t i = 0; i < count; i++)
		if (!(all[i]->flags & OP_HIDDEN))
			help_add_row(out, all[i]->name, 14, all[i]->summary);
	buf_add_string(out, "\n  count [by KEYS] is aggregate count = count() "
	    "[by KEYS]\n  KEYS of both may be rollup(a, b), cube(a, b) or "
	    "sets((a, b), (a), ())\n");
}

static void
help_functions(struct buf *out)
{
	size_t count;
	const struct func_def *const *all = func_all(&count);
	const char *group = "";

	for (size_t i = 0; i < count; i++) {
		if (all[i]->flags & FUNC_HIDDEN)
			continue;
		if (strcmp(group, all[i]->group) != 0) {
			group = all[i]->group;
			buf_add_format(out, "%s%c%s:\n", i == 0 ? "" : "\n",
			    group[0] >= 'a' && group[0] <= 'z' ?
			    group[0] - 32 : group[0], group + 1);
		}
		help_add_row(out, all[i]->signature, 34, all[i]->summary);
	}
	buf_add_string(out, "\nConditions:\n");
	help_add_row(out, "if(c, a [, b])", 34,
	    "a where c is true, else b or null");
	help_add_row(out, "coalesce(a, b, ...)", 34,
	    "the first that is not null; also a ?? b");
	help_add_row(out, "try(x)", 34, "null where x cannot be computed");
}

static void
help_aggregates(struct buf *out)
{
	size_t count;
	const struct agg_def *const *all = agg_all(&count);

	buf_add_string(out, "Aggregates, in `aggregate ... by ...`; each may "
	    "be followed by `where CONDITION`:\n");
	for (size_t i = 0; i < count; i++)
		help_add_row(out, all[i]->signature, 34, all[i]->summary);
}

static void
help_formats(struct buf *out)
{
	size_t count;
	const struct format_def *const *all = format_all(&count);

	buf_add_string(out, "Formats, for -i, -o, from and to:\n");
	for (size_t i = 0; i < count; i++) {
		char text[512];
		snprintf(text, sizeof(text), "%s (%s)", all[i]->summary,
		    all[i]->open == NULL ? "write only" :
		    all[i]->write_open == NULL ? "read only" :
		    "read and write");
		help_add_row(out, all[i]->name, 14, text);
	}
}

static void
help_stream_row(const struct stream_def *def, struct buf *out)
{
	const struct option_def *option = def->options;

	help_add_row(out, def->name, 14, def->summary);
	for (; option->name != NULL; option++) {
		char head[64];
		snprintf(head, sizeof(head), "  %s=", option->name);
		help_add_row(out, head, 18, option->summary);
	}
}

static void
help_streams(struct buf *out)
{
	size_t count;
	const struct stream_def *const *all = stream_all(&count);

	buf_add_string(out, "Live input, after from; options of its format "
	    "too, format=\"NAME\" says which:\n");
	for (size_t i = 0; i < count; i++)
		help_stream_row(all[i], out);
	help_stream_row(&stream_ssh, out);
}

static void
help_windows(struct buf *out)
{
	buf_add_string(out, "Windows of event time, in `aggregate ...` and "
	    "`count` behind `watermark`:\n");
	for (size_t i = 0; i < WINDOW_COUNT; i++)
		help_add_row(out, windows[i].syntax, 26, windows[i].summary);
	help_add_row(out, "  offset=DURATION", 26, "they begin so much later");
	buf_add_string(out, "\nBehind it, for records that come too late:\n");
	help_add_row(out, "late drop", 26, "count them and say so at the end; "
	    "the default");
	help_add_row(out, "late to OUTPUT", 26, "write them there");
	help_add_row(out, "late update DURATION", 26, "they still count for so "
	    "long; what changed is given once more");
}

static void
help_rules(struct buf *out)
{
	size_t count;
	const struct plan_rule *rule = plan_rules(&count);

	buf_add_string(out, "Rules of the plan, in the order in which they are "
	    "applied; --without NAME,...\nleaves some out:\n");
	for (size_t i = 0; i < count; i++) {
		char text[160];
		snprintf(text, sizeof(text), "%s%s", rule[i].summary,
		    rule[i].always ? " (always)" : "");
		help_add_row(out, rule[i].name, 14, text);
	}
}

static void
help_commands(struct buf *out)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char head[128];
		snprintf(head, sizeof(head), "%s %s", commands[i].name,
		    commands[i].arguments);
		help_add_row(out, head, 30, commands[i].summary);
	}
}

static void
help_options_topic(struct buf *out)
{
	buf_add_string(out, "Options:\n");
	options_help(out);
}

static void
help_commands_topic(struct buf *out)
{
	buf_add_string(out, "Commands, sflow COMMAND ...:\n");
	help_commands(out);
}

static const struct {
	const char *name;
	void (*print)(struct buf *);
	const char *summary;
} topics[] = {
	{ "stages", help_stages, "what stands between the bars" },
	{ "functions", help_functions, "what computes a value" },
	{ "aggregates", help_aggregates, "what computes a value of a group" },
	{ "formats", help_formats, "what can be read and written" },
	{ "streams", help_streams, "what can be read as it grows" },
	{ "windows", help_windows, "what cuts groups in time" },
	{ "rules", help_rules, "what makes plans faster" },
	{ "options", help_options_topic, "of the command line" },
	{ "commands", help_commands_topic, "sflow COMMAND" },
};

#define TOPIC_COUNT (sizeof(topics) / sizeof(topics[0]))

static void
help_stage(const struct op_def *def, struct buf *out)
{
	buf_add_format(out, "%s\n\n  %s\n\n  Holds in memory: %s.\n",
	    def->syntax, def->summary, def->holds);
	if (def->example != NULL)
		buf_add_format(out, "  Example: %s\n", def->example);
}

static void
help_function(const struct func_def *def, struct buf *out)
{
	buf_add_format(out, "%s\n\n  %s\n", def->signature, def->summary);
	if (def->example != NULL && def->result != NULL)
		buf_add_format(out, "\n  %s is %s\n", def->example,
		    def->result);
}

/* What its example is of: in those, x are numbers and t texts. */
static const char *
aggregate_rows(const char *example)
{
	const char *open = strchr(example, '(');

	if (open == NULL || open[1] != 't')
		return "1, 2, 3, 4";
	return strstr(open, ", x") == NULL ? "a, b, b, c" :
	    "t = a, b, b, c and x = 1, 2, 3, 4";
}

static void
help_aggregate(const struct agg_def *def, struct buf *out)
{
	buf_add_format(out, "%s\n\n  %s\n", def->signature, def->summary);
	if (def->example != NULL && def->result != NULL)
		buf_add_format(out, "\n  %s of %s is %s\n", def->example,
		    aggregate_rows(def->example), def->result);
}

static void
help_format_options(const char *title, const struct option_def *option,
	struct buf *out)
{
	if (option == NULL || option->name == NULL)
		return;
	buf_add_format(out, "\n  %s:\n", title);
	for (; option->name != NULL; option++) {
		char head[64];
		snprintf(head, sizeof(head), "  %s=%s", option->name,
		    type_name(option->type));
		help_add_row(out, head, 24, option->summary);
	}
}

static void
help_format(const struct format_def *def, struct buf *out)
{
	buf_add_format(out, "%s\n\n  %s\n", def->name, def->summary);
	if (def->extensions != NULL && def->extensions[0] != '\0')
		buf_add_format(out, "  Files ending in: %s\n",
		    def->extensions);
	help_format_options("Options when reading", def->reader_options, out);
	help_format_options("Options when writing", def->writer_options, out);
}

static void
help_stream(const struct stream_def *def, struct buf *out)
{
	buf_add_format(out, "%s%s\n\n  %s\n", out->size > 0 ? "\n" : "",
	    def->syntax, def->summary);
	if (def->format != NULL)
		buf_add_format(out, "  Format: %s, or format=\"NAME\"\n",
		    def->format);
	else
		buf_add_string(out, "  Format: by the ending of the path, or "
		    "format=\"NAME\"\n");
	help_format_options("Options, besides those of the format",
	    def->options, out);
	buf_add_format(out, "\n  Example: %s\n", def->example);
}

static void
help_window(const struct window_row *row, struct buf *out)
{
	buf_add_format(out, "window %s\n\n  %s; sflow help windows has the "
	    "rest\n\n  Example: %s\n", row->syntax, row->summary,
	    row->example);
}

/* `count` is none of the operators. */
static void
help_count(struct buf *out)
{
	buf_add_string(out, "count [by KEYS] [window WINDOW [late ...]]\n\n"
	    "  how many records, of each group; short for aggregate count = "
	    "count()\n\n"
	    "  Example: count by country\n"
	    "  Example: watermark ts | count by user window tumble(1m)\n\n");
}

/* What stands among the keys of aggregate and count, and asks about them. */
static const struct {
	const char *name, *syntax, *summary, *example;
} key_sets[] = {
	{ "rollup", "by rollup(KEY, ...)", "groups by all keys, by all but "
	    "the last, and so on down to all records",
	    "aggregate sum(amount) by rollup(country, city)" },
	{ "cube", "by cube(KEY, ...)", "groups by all keys, and by all that "
	    "is left when some are left out",
	    "count by cube(country, status)" },
	{ "sets", "by sets((KEY, ...), ...)", "groups by each of the sets of "
	    "keys; a key that is left out is null",
	    "count by sets((country, status), (country), ())" },
	{ "grouping", "grouping(KEY, ...)", "1 where the key is left out, "
	    "else 0; of several the number that these digits make",
	    "aggregate n = count(), g = grouping(city) by rollup(city)" },
};

#define KEY_SETS_COUNT (sizeof(key_sets) / sizeof(key_sets[0]))

static void
help_key_sets(const char *topic, struct buf *out)
{
	for (size_t i = 0; i < KEY_SETS_COUNT; i++)
		if (strcmp(topic, key_sets[i].name) == 0)
			buf_add_format(out, "%s\n\n  %s\n\n"
			    "  Example: %s\n", key_sets[i].syntax,
			    key_sets[i].summary, key_sets[i].example);
}

/* Streams and windows; what has the name of a stage comes behind it. */
static void
help_live(const char *topic, struct buf *out)
{
	const struct stream_def *stream = stream_find(topic, strlen(topic));

	if (strcmp(topic, stream_ssh.name) == 0)
		stream = &stream_ssh;
	if (stream != NULL)
		help_stream(stream, out);
	for (size_t i = 0; i < WINDOW_COUNT; i++)
		if (strcmp(topic, windows[i].name) == 0)
			help_window(&windows[i], out);
}

static int
help_member(const char *topic, struct buf *out)
{
	size_t size = strlen(topic);
	const struct op_def *op = op_find(topic, size);
	const struct func_def *func = func_find(topic, size);
	const struct agg_def *agg = agg_find(topic, size);
	const struct format_def *format = format_find(topic, size);
	size_t before = out->size;

	if (strcmp(topic, "count") == 0)
		help_count(out);
	if (op != NULL && !(op->flags & OP_HIDDEN))
		help_stage(op, out);
	if (func != NULL && !(func->flags & FUNC_HIDDEN))
		help_function(func, out);
	if (agg != NULL)
		help_aggregate(agg, out);
	if (format != NULL)
		help_format(format, out);
	help_live(topic, out);
	help_key_sets(topic, out);
	return out->size > before ? 0 : -1;
}

/* Those that are no rows of another registry too. */
static uint32_t
collect_live(const char *kind, const char **out)
{
	size_t stream_count;
	const struct stream_def *const *stream = stream_all(&stream_count);
	uint32_t count = 0;

	if (kind == NULL || strcmp(kind, "streams") == 0) {
		for (size_t i = 0; i < stream_count; i++)
			out[count++] = stream[i]->name;
		out[count++] = stream_ssh.name;
	}
	for (size_t i = 0; i < WINDOW_COUNT &&
	    (kind == NULL || strcmp(kind, "windows") == 0); i++)
		out[count++] = windows[i].name;
	return count;
}

static uint32_t
help_collect(const char *kind, const char ***names)
{
	size_t op_count, func_count, agg_count, format_count, stream_count;
	size_t rule_count;
	const struct op_def *const *op = op_all(&op_count);
	const struct func_def *const *func = func_all(&func_count);
	const struct agg_def *const *agg = agg_all(&agg_count);
	const struct format_def *const *format = format_all(&format_count);
	uint32_t count = 0;

	const struct plan_rule *rule = plan_rules(&rule_count);
	stream_all(&stream_count);
	const char **out = mem_alloc((op_count + func_count + agg_count +
	    format_count + stream_count + rule_count + WINDOW_COUNT +
	    COMMAND_COUNT + TOPIC_COUNT + KEY_SETS_COUNT + 8) * sizeof(*out));

	for (size_t i = 0; i < TOPIC_COUNT && kind == NULL; i++)
		out[count++] = topics[i].name;
	int all = kind == NULL;
	if (all || strcmp(kind, "stages") == 0) {
		for (size_t i = 0; i < op_count; i++)
			if (!(op[i]->flags & OP_HIDDEN))
				out[count++] = op[i]->name;
		out[count++] = "count";
	}
	for (size_t i = 0; i < func_count &&
	    (all || strcmp(kind, "functions") == 0); i++)
		if (!(func[i]->flags & FUNC_HIDDEN))
			out[count++] = func[i]->name;
	for (size_t i = 0; i < agg_count &&
	    (all || strcmp(kind, "aggregates") == 0); i++)
		out[count++] = agg[i]->name;
	for (size_t i = 0; i < format_count &&
	    (all || strcmp(kind, "formats") == 0); i++)
		out[count++] = format[i]->name;
	count += collect_live(kind, out + count);
	for (size_t i = 0; i < KEY_SETS_COUNT && all; i++)
		out[count++] = key_sets[i].name;
	for (size_t i = 0; i < rule_count && kind != NULL &&
	    strcmp(kind, "rules") == 0; i++)
		if (!rule[i].always)
			out[count++] = rule[i].name;
	for (size_t i = 0; i < COMMAND_COUNT && kind != NULL &&
	    strcmp(kind, "commands") == 0; i++)
		out[count++] = commands[i].name;
	*names = out;
	return count;
}

int
help_names(const char *kind, struct buf *out)
{
	const char **names;

	if (kind != NULL && strcmp(kind, "options") == 0) {
		options_names(out);
		return 0;
	}
	uint32_t count = help_collect(kind, &names);

	for (uint32_t i = 0; i < count; i++)
		buf_add_format(out, "%s\n", names[i]);
	mem_free(names);
	return count > 0 ? 0 : -1;
}

int
help_topic(const char *topic, struct buf *out, const char **near)
{
	const char **names;

	for (size_t i = 0; i < TOPIC_COUNT; i++)
		if (strcmp(topics[i].name, topic) == 0) {
			topics[i].print(out);
			return 0;
		}
	if (help_member(topic, out) == 0)
		return 0;
	uint32_t count = help_collect(NULL, &names);
	*near = near_name(topic, names, count);
	mem_free(names);
	return -1;
}

void
help_usage(struct buf *out)
{
	buf_add_string(out,
	    "sflow [OPTIONS] PROGRAM [FILE...]\n"
	    "sflow [OPTIONS] COMMAND ...\n\n"
	    "Run a program over records from files or standard input.\n\n"
	    "  sflow 'where status >= 500 | count by path | top 10 count' "
	    "access.jsonl\n"
	    "  sflow 'sort ms desc | head 3' ev.csv\n"
	    "  sflow 'from tail(\"app.jsonl\") | watermark ts delay 5s\n"
	    "         | count by path window tumble(1m)'\n\n"
	    "Options:\n");
	options_help(out);
	buf_add_string(out, "\nCommands:\n");
	help_commands(out);
	buf_add_string(out, "\nTopics of sflow help:\n");
	for (size_t i = 0; i < TOPIC_COUNT; i++)
		help_add_row(out, topics[i].name, 30, topics[i].summary);
	buf_add_string(out, "\nExit status: 0 done, 1 a bad record stopped "
	    "the job, 2 wrong program or options,\n"
	    "3 a file, pipe or memory failed, 130 interrupted.\n");
}
