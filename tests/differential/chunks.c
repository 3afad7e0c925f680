/*
 * However a file is cut into chunks and batches, the output is the same.
 *
 *	chunks [COUNT [SEED [FORMAT]]]
 *
 * Per format: files of random records, small enough that a chunk's end meets
 * every place of a record sooner or later, and COUNT settings (2,000 if not
 * said) of chunk bytes, batch rows, instruction set, and file or pipe.  Each
 * setting is a process of its own; its output and status must be those of the
 * first, which has the defaults.  Two processes work at a time.  A run that
 * takes longer than TIME_MAX_S stops early and says how far it came.
 *
 * A failure prints the command; the file it reads is kept.  BUILD names the build
 * folder (default: build/).
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"

#define COUNT_DEFAULT 2000
/* A fresh file after so many settings. */
#define SETTINGS_PER_FILE 250
#define TIME_MAX_S 120
#define WORKERS 2

struct output {
	char *bytes;
	size_t size, capacity;
	int status;
};

struct setting {
	unsigned chunk_bytes, batch_rows;
	const char *cpu;
	int is_pipe;
};

struct format {
	const char *name;
	void (*write)(FILE *);
	const char *program[3];
};

static const char *sflow;
static char folder[] = "/tmp/sflow-chunks-XXXXXX";
static time_t deadline;

/* --- files --- */

static const char *const fragments[] = {
	"a", "b", "1", "22", "-7", "x y", "\"", ",", "\t", "\\", "é", "日本",
	"😀", "0.5", "''", "{", "}", "[", "]", ":", "null", "true", "\n",
	"\r\n", " ", "long text that goes on and on for a while, and then some",
	NULL,
};

/* Some fragments without the bytes of `without`. */
static char *
draw_text(const char *without)
{
	char *text = say("%s", "");
	unsigned count = draw_below(5);

	while (count-- > 0) {
		const char *fragment = draw_word(fragments);
		if (strpbrk(fragment, without) == NULL)
			text = say("%s%s", text, fragment);
	}
	return text;
}

static void
write_csv(FILE *file)
{
	const char *end = draw_chance(50) ? "\n" : "\r\n";
	unsigned rows = 1 + draw_below(60);

	if (draw_chance(20))
		fputs("\xef\xbb\xbf", file);
	fprintf(file, "a,\"b\",c d%s", end);
	for (unsigned i = 0; i < rows * 3; i++) {
		char *text = draw_text(draw_chance(60) ? ",\"\n\r" : "");
		if (strpbrk(text, ",\"\n\r") != NULL || draw_chance(20)) {
			fputc('"', file);
			for (char *at = text; *at != '\0'; at++)
				fprintf(file, "%s%c", *at == '"' ? "\"" : "",
				    *at);
			fputc('"', file);
		} else {
			fputs(text, file);
		}
		fputs(i % 3 < 2 ? "," : i + 1 < rows * 3 || draw_chance(70) ?
		    end : "", file);
	}
}

static void
write_tsv(FILE *file)
{
	const char *end = draw_chance(70) ? "\n" : "\r\n";
	unsigned rows = 1 + draw_below(80);

	fprintf(file, "a\tb\tc d%s", end);
	for (unsigned i = 0; i < rows; i++)
		fprintf(file, "%s%s\t%s\\t\t%d%s", draw_text("\t\n\r\\"),
		    draw_chance(30) ? "\\n\\\\" : "", draw_text("\t\n\r\\"),
		    (int)draw_between(-99, 99999), i + 1 < rows ||
		    draw_chance(70) ? end : "");
}

static char *
draw_json(unsigned depth)
{
	switch (draw_below(depth > 0 ? 7 : 5)) {
	case 0:
		return say("%d", (int)draw_between(-1000, 1000));
	case 1:
		return say("%d.%de%d", (int)draw_between(-9, 9),
		    (int)draw_below(100), (int)draw_between(-5, 5));
	case 2:
		return draw_chance(50) ? say("true") : say("null");
	case 3:
		return say("\"%s\\u00e9\\\"\\\\\"", draw_text("\"\\\n\r\t"));
	case 4:
		return say("%s", say_quoted(draw_text("")));
	case 5: {
		char *list = say("[");
		for (unsigned i = draw_below(4); i > 0; i--)
			list = say("%s%s%s", list, draw_json(depth - 1),
			    i > 1 ? "," : "");
		return say("%s]", list);
	}
	default:
		return say("{\"k\":%s, \"l\" : %s}", draw_json(depth - 1),
		    draw_json(depth - 1));
	}
}

static void
write_jsonl(FILE *file)
{
	unsigned rows = 1 + draw_below(40);

	for (unsigned i = 0; i < rows; i++)
		fprintf(file, "{\"a\":%s,%s\"b\":%s%s}%s", draw_json(2),
		    draw_chance(30) ? "  " : "", draw_json(2), draw_chance(30) ?
		    ",\"c d\":[]" : "", i + 1 < rows || draw_chance(70) ? "\n" :
		    "");
}

static void
write_json(FILE *file)
{
	unsigned rows = 1 + draw_below(40);
	int is_list = draw_chance(60);

	fputs(is_list ? "[" : "", file);
	for (unsigned i = 0; i < rows; i++)
		fprintf(file, "{\"a\":%s,%s\"b\":%s}%s%s", draw_json(2),
		    draw_chance(30) ? "\n\t " : "", draw_json(2),
		    i + 1 < rows && is_list ? "," : "", draw_chance(50) ?
		    "\n" : "");
	fputs(is_list ? "]" : "\n", file);
}

static void
write_lines(FILE *file)
{
	unsigned rows = 1 + draw_below(100);

	for (unsigned i = 0; i < rows; i++)
		fprintf(file, "%s%s", draw_text("\n\r"), i + 1 == rows &&
		    draw_chance(30) ? "" : draw_chance(80) ? "\n" : "\r\n");
}

static void
write_log(FILE *file, int is_combined)
{
	unsigned rows = 1 + draw_below(40);

	for (unsigned i = 0; i < rows; i++) {
		fprintf(file, "10.0.%u.%u - %s [%02u/Feb/2026:0%u:59:0%u "
		    "+0100] \"GET /%s HTTP/1.1\" %u %u", draw_below(256),
		    draw_below(256), draw_chance(50) ? "-" : "ann",
		    1 + draw_below(28), draw_below(10), draw_below(10),
		    draw_text("\"\\\n\r \t"), 200 + draw_below(300),
		    draw_below(100000));
		if (is_combined)
			fprintf(file, " \"%s\" \"%s\"", draw_chance(50) ?
			    "-" : "http://a.b/?q=\\\"x\\\"",
			    draw_text("\"\\\n\r\t"));
		fputs(i + 1 < rows || draw_chance(70) ? "\n" : "", file);
	}
}

static void
write_clf(FILE *file)
{
	write_log(file, 0);
}

static void
write_combined(FILE *file)
{
	write_log(file, 1);
}

static const struct format formats[] = {
	{ "csv", write_csv, { "where true", "extend z = len(a)",
		"select b, `c d` | to jsonl()" } },
	{ "tsv", write_tsv, { "where true", "extend z = len(b)",
		"select b, `c d` | to csv()" } },
	{ "jsonl", write_jsonl, { "where a is not null", "extend z = type(b)",
		"select b, a" } },
	{ "json", write_json, { "where a is not null", "extend z = type(b)",
		"select b, a" } },
	{ "lines", write_lines, { "where line ~ /a/", "select upper(line)",
		"extend n = len(line) | to csv()" } },
	{ "clf", write_clf, { "where status > 300", "select ts, path | to csv()",
		"extend n = bytes" } },
	{ "combined", write_combined, { "where status > 300",
		"select ts, agent | to csv()", "extend n = bytes" } },
};

/* --- running --- */

static void
fail(const char *what)
{
	perror(what);
	exit(2);
}

static void
read_all(int fd, struct output *output)
{
	ssize_t got;

	output->size = 0;
	do {
		if (output->capacity - output->size < 65536) {
			output->capacity = output->capacity * 2 + 131072;
			output->bytes = realloc(output->bytes,
			    output->capacity);
			if (output->bytes == NULL)
				fail("chunks");
		}
		got = read(fd, output->bytes + output->size,
		    output->capacity - output->size);
		if (got > 0)
			output->size += (size_t)got;
	} while (got > 0);
}

/* The file's bytes into a pipe: from a process of its own, in odd pieces. */
static int
open_pipe(const char *path, pid_t *feeder)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		fail("pipe");
	*feeder = fork();
	if (*feeder != 0) {
		close(ends[1]);
		return ends[0];
	}
	char buffer[997];
	ssize_t got;
	int fd = open(path, O_RDONLY);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(ends[1], buffer, (size_t)got) != got)
			_exit(1);
	_exit(0);
}

/* sflow -i FORMAT PROGRAM, the file as standard input. */
static void
run(const struct format *format, const char *program, const char *path,
	char *const *environment, int is_pipe, struct output *output)
{
	char *const words[] = { (char *)(uintptr_t)sflow, say("-i"),
	    say("%s", format->name), say("%s", program), NULL };
	posix_spawn_file_actions_t actions;
	pid_t child, feeder = -1;
	int ends[2];

	int in = is_pipe ? open_pipe(path, &feeder) :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0 || pipe2(ends, O_CLOEXEC) != 0)
		fail(path);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&child, sflow, &actions, NULL, words,
	    environment) != 0)
		fail(sflow);
	posix_spawn_file_actions_destroy(&actions);
	close(in);
	close(ends[1]);
	read_all(ends[0], output);
	close(ends[0]);
	waitpid(child, &output->status, 0);
	if (is_pipe)
		waitpid(feeder, NULL, 0);
}

static struct setting
draw_setting(void)
{
	static const char *const cpus[] = {
		"plain", "sse2", "avx2", "avx512", NULL,
	};

	/* As many small ones as large ones. */
	return (struct setting){
		.chunk_bytes = 1 + draw_below(2u << draw_below(14)),
		.batch_rows = 1 + draw_below(2u << draw_below(11)) % 2048,
		.cpu = draw_word(cpus), .is_pipe = draw_chance(25),
	};
}

/* One setting; 0 if the output is the same. */
static int
try_setting(const struct format *format, const char *program,
	const char *path, const struct output *wanted, struct output *output)
{
	struct setting setting = draw_setting();
	char *environment[] = {
		say("SFLOW_CHUNK_BYTES=%u", setting.chunk_bytes),
		say("SFLOW_BATCH_ROWS=%u", setting.batch_rows),
		say("SFLOW_CPU=%s", setting.cpu), NULL,
	};

	run(format, program, path, environment, setting.is_pipe, output);
	if (output->status == wanted->status && output->size == wanted->size &&
	    memcmp(output->bytes, wanted->bytes, output->size) == 0)
		return 0;
	printf("FAIL chunks: %s: status %#x, %zu bytes, wanted %#x, %zu bytes\n"
	    "  %s%s %s %s %s -i %s '%s' < %s\n", format->name, output->status,
	    output->size, wanted->status, wanted->size, setting.is_pipe ?
	    "(from a pipe) " : "", environment[0], environment[1],
	    environment[2], sflow, format->name, program, path);
	fflush(stdout);
	return 1;
}

/* A file and its settings; how many were tried, or -1 after a failure. */
static int
try_file(const struct format *format, uint64_t seed, int count)
{
	static struct output wanted[3], output;
	char *no_environment[] = { NULL };
	char *path = say("%s/%s-%llu", folder, format->name,
	    (unsigned long long)seed);
	int done = 0;

	draw_seed(seed);
	FILE *file = fopen(path, "w");
	if (file == NULL)
		fail(path);
	format->write(file);
	fclose(file);
	for (int i = 0; i < 3; i++) {
		run(format, format->program[i], path, no_environment, 0,
		    &wanted[i]);
		if (wanted[i].status != 0) {
			printf("FAIL chunks: status %#x of -i %s '%s' < %s\n",
			    wanted[i].status, format->name,
			    format->program[i], path);
			fflush(stdout);
			return -1;
		}
	}
	for (; done < count && time(NULL) < deadline; done++) {
		int which = (int)draw_below(3);
		if (try_setting(format, format->program[which], path,
		    &wanted[which], &output) != 0)
			return -1;
	}
	unlink(path);
	return done;
}

/*
 * Every second file of a format in each of two processes, so that both find
 * the same faults whatever the machine's load.  Returns how many settings were
 * tried, -1 after a failure.
 */
static int
try_format(const struct format *format, uint64_t seed, int count)
{
	int total = 0;
	int status, ends[WORKERS][2];

	for (int worker = 0; worker < WORKERS; worker++) {
		if (pipe2(ends[worker], O_CLOEXEC) != 0)
			fail("pipe");
		if (fork() != 0)
			continue;
		int sum = 0;
		for (int i = worker * SETTINGS_PER_FILE; i < count && sum >= 0;
		    i += WORKERS * SETTINGS_PER_FILE) {
			int rest = count - i < SETTINGS_PER_FILE ? count - i :
			    SETTINGS_PER_FILE;
			int done = try_file(format, seed + (uint64_t)(i /
			    SETTINGS_PER_FILE), rest);
			sum = done < 0 ? -1 : sum + done;
		}
		_exit(write(ends[worker][1], &sum, sizeof(sum)) ==
		    sizeof(sum) ? 0 : 1);
	}
	for (int worker = 0; worker < WORKERS; worker++) {
		int sum = -1;
		close(ends[worker][1]);
		if (read(ends[worker][0], &sum, sizeof(sum)) !=
		    (ssize_t)sizeof(sum))
			sum = -1;
		close(ends[worker][0]);
		wait(&status);
		total = sum < 0 || total < 0 ? -1 : total + sum;
	}
	return total;
}

static void
write_counts(unsigned passed, unsigned failed)
{
	const char *path = getenv("SFLOW_TEST_COUNTS");
	FILE *file = path == NULL || *path == '\0' ? NULL : fopen(path, "a");

	if (file == NULL)
		return;
	fprintf(file, "chunks %u %u\n", passed, failed);
	fclose(file);
}

int
main(int argc, char **argv)
{
	const char *build = getenv("BUILD");
	int count = argc > 1 ? atoi(argv[1]) : COUNT_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned passed = 0, failed = 0;

	sflow = say("%s/sflow", build == NULL ? "build" : build);
	if (mkdtemp(folder) == NULL)
		fail(folder);
	deadline = time(NULL) + TIME_MAX_S;
	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (argc > 3 && strcmp(argv[3], formats[i].name) != 0)
			continue;
		int tried = try_format(&formats[i], seed, count);
		if (tried < 0)
			failed++;
		else
			passed++;
		if (tried >= 0 && tried < count)
			printf("%s: %d of %d settings, then the time was up\n",
			    formats[i].name, tried, count);
	}
	if (rmdir(folder) != 0)
		printf("kept: %s\n", folder);
	printf("%u passed, %u failed\n", passed, failed);
	write_counts(passed, failed);
	return failed > 0 || passed == 0;
}
