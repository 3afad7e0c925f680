/*
 * live [-s SEED] [-n SEEDS] [-m SIMS] [-r RUNS] [-k KILLS]: a live job against
 * a plain reading of what it promises.
 *
 *     from tail("in/?.jsonl", stop_after=...) | watermark ts delay 5s
 *     | count by user window tumble(1m) late to "late.jsonl" | to "out.csv"
 *
 * For each of SEEDS scenarios (scenario.h) it is run
 *   - on finished files, with 1, 2 and 7 workers and batches of 1, 3 and 1024;
 *   - on the same, read as files and not by tail(): bounded is unbounded;
 *   - on finished files in simulated time, SIMS times with other seeds;
 *   - RUNS times beside a writer that appends lines and parts of lines to all
 *     files in turn and rotates them by renaming;
 *   - and, with -k, beside such a writer with checkpoints every 50 ms, killed
 *     KILLS times at random moments and started again with other workers.
 * What is written must be the same lines each time, once sorted.
 *
 * The writer begins when the job has its files open, and with checkpoints
 * rotates none before one is there: a job that has not seen a file before it is
 * renamed knows nothing of it.
 *
 * BUILD names the folder with sflow.  The folder of a run that fails is kept.
 *
 * live -d FOLDER -s SEED only writes a scenario there: the splits as files, and
 * what is expected as out and late, sorted.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

#define HANG_MS 60000
#define FOREVER_MS 600000
/*
 * File systems keep times in steps of the kernel's tick, 10 ms at most: which of
 * two files was rotated first is not to be told if both were in one.
 */
#define TICK_US 12000

struct setting {
	unsigned workers, rows;
	uint64_t sim_seed;	/* 0: real time */
	int stop_after_ms;
	int is_checkpointed;
	int is_plain;		/* from "in/?.jsonl": not tail() */
};

static const unsigned workers_tried[] = { 1, 2, 7 };
static const unsigned rows_tried[] = { 1, 3, 1024 };

static char sflow[PATH_MAX];
static unsigned passed, failed;

static int64_t
now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void
pause_us(uint64_t us)
{
	struct timespec time = { (time_t)(us / 1000000),
		(long)(us % 1000000 * 1000) };

	nanosleep(&time, NULL);
}

static void
die(const char *what)
{
	fprintf(stderr, "live: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- folders --- */

static int
remove_one(const char *path, const struct stat *status, int kind,
	struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	return remove(path);
}

static void
write_all(int fd, const char *bytes, size_t size)
{
	if (write(fd, bytes, size) != (ssize_t)size)
		die("write");
}

static int
split_open(const char *folder, unsigned split)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/in/%c.jsonl", folder, 'a' + split);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
	if (fd < 0)
		die(path);
	return fd;
}

/* A new folder with the splits as files, whole or empty. */
static void
folder_make(char *folder, const struct scenario *scenario, int is_whole)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];

	snprintf(folder, PATH_MAX - 8, "%s/live-XXXXXX",
	    base != NULL ? base : "/tmp");
	if (mkdtemp(folder) == NULL)
		die(folder);
	snprintf(path, sizeof(path), "%s/in", folder);
	if (mkdir(path, 0755) != 0)
		die(path);
	for (unsigned i = 0; i < scenario->split_count; i++) {
		const struct lines *split = &scenario->split[i];
		int fd = split_open(folder, i);
		for (size_t j = 0; j < split->count && is_whole; j++) {
			write_all(fd, split->line[j], strlen(split->line[j]));
			write_all(fd, "\n", 1);
		}
		close(fd);
	}
}

/* --- the job --- */

static pid_t
job_start(const char *folder, const struct setting *setting)
{
	char from[100], program[500], workers[20], rows[20], seed[30];
	const char *args[16] = { sflow, "-j", workers };
	int count = 3;

	snprintf(workers, sizeof(workers), "%u", setting->workers);
	snprintf(rows, sizeof(rows), "%u", setting->rows);
	snprintf(seed, sizeof(seed), "%llu",
	    (unsigned long long)setting->sim_seed);
	if (setting->is_plain)
		snprintf(from, sizeof(from), "\"in/?.jsonl\"");
	else
		snprintf(from, sizeof(from), "tail(\"in/?.jsonl\", "
		    "stop_after=%dms)", setting->stop_after_ms);
	snprintf(program, sizeof(program), "from %s | watermark ts delay 5s | "
	    "count by user window tumble(1m) late to \"late.jsonl\" | "
	    "to \"out.csv\"", from);
	if (setting->sim_seed != 0)
		args[count++] = "--sim-seed", args[count++] = seed;
	if (setting->is_checkpointed) {
		args[count++] = "--checkpoint", args[count++] = "state";
		args[count++] = "--every", args[count++] = "50ms";
	}
	args[count++] = program;
	fflush(NULL);
	pid_t child = fork();
	if (child != 0)
		return child;
	int fd = chdir(folder) == 0 ?
	    open("err", O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
	if (fd < 0 || dup2(fd, 2) < 0 || setenv("SFLOW_BATCH_ROWS", rows, 1))
		_exit(126);
	execv(sflow, (char *const *)args);
	_exit(127);
}

/* Has it ended within `ms`?  Then *status is how. */
static int
job_ended(pid_t job, int ms, int *status)
{
	int64_t end = now_ms() + ms;

	for (;;) {
		if (waitpid(job, status, WNOHANG) == job)
			return 1;
		if (now_ms() >= end)
			return 0;
		pause_us(2000);
	}
}

/* NULL, or what is wrong with how it ended. */
static const char *
job_end(pid_t job)
{
	int status;

	if (!job_ended(job, HANG_MS, &status)) {
		kill(job, SIGKILL);
		waitpid(job, &status, 0);
		return "it hangs";
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? NULL :
	    "it failed";
}

/* Does the job have `count` files of the folder open?  Or has it ended? */
static int
job_has_open(pid_t job, unsigned count)
{
	char pattern[64], target[PATH_MAX];
	unsigned found = 0;
	glob_t fds;

	snprintf(pattern, sizeof(pattern), "/proc/%d/fd/*", (int)job);
	if (glob(pattern, 0, NULL, &fds) != 0)
		return 0;
	for (size_t i = 0; i < fds.gl_pathc; i++) {
		ssize_t size = readlink(fds.gl_pathv[i], target,
		    sizeof(target) - 1);
		target[size > 0 ? size : 0] = '\0';
		found += strstr(target, "/in/") != NULL &&
		    strstr(target, ".jsonl") != NULL;
	}
	globfree(&fds);
	return found >= count;
}

/* --- the writer --- */

static int
has_checkpoint(const char *folder)
{
	char pattern[PATH_MAX];
	glob_t found;
	int status;

	snprintf(pattern, sizeof(pattern), "%s/state/manifest-*", folder);
	status = glob(pattern, 0, NULL, &found);
	if (status == 0)
		globfree(&found);
	return status == 0;
}

/* One split's file as its writer has it. */
struct writer {
	int fd;
	size_t line, at;	/* what is written next */
	unsigned names;		/* of rotated files */
	uint32_t until_new;	/* lines that still go to the renamed file */
};

static void
writer_rotate(struct writer *writer, const char *folder, unsigned split,
	uint64_t *random)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/in/%c.jsonl", folder, 'a' + split);
	snprintf(to, sizeof(to), "%s/in/%c.jsonl.%u", folder, 'a' + split,
	    ++writer->names);
	pause_us(TICK_US);
	if (rename(from, to) != 0)
		die(from);
	writer->until_new = 1 + random_below(random, 3);
}

/* Write the next line of the split, or a part of it. */
static void
writer_step(struct writer *writer, const struct lines *split,
	const char *folder, unsigned index, uint64_t *random)
{
	const char *line = split->line[writer->line];
	size_t size = strlen(line), part = size - writer->at;

	if (random_below(random, 3) == 0)
		part = random_below(random, (uint32_t)part + 1);
	write_all(writer->fd, line + writer->at, part);
	writer->at += part;
	if (writer->at < size || random_below(random, 8) == 0)
		return;
	write_all(writer->fd, "\n", 1);
	writer->at = 0;
	writer->line++;
	if (writer->until_new > 0 && --writer->until_new == 0) {
		close(writer->fd);
		writer->fd = split_open(folder, index);
	}
}

/* The writer's process: all lines of all splits, in turn by chance. */
static void
writer_run(const struct scenario *scenario, const char *folder, uint64_t seed,
	int is_checkpointed, uint32_t pause)
{
	struct writer writer[SPLITS_MAX] = { { 0 } };
	unsigned open_count = scenario->split_count, at[SPLITS_MAX];
	uint64_t random = seed * 2 + 1;
	int may_rotate = !is_checkpointed;

	for (unsigned i = 0; i < open_count; i++) {
		writer[i].fd = split_open(folder, i);
		at[i] = i;
	}
	while (open_count > 0) {
		unsigned k = random_below(&random, open_count), i = at[k];
		struct writer *it = &writer[i];
		if (it->line == scenario->split[i].count) {
			at[k] = at[--open_count];
			close(it->fd);
			continue;
		}
		may_rotate = may_rotate || has_checkpoint(folder);
		if (may_rotate && it->at == 0 && it->until_new == 0 &&
		    random_below(&random, 40) == 0)
			writer_rotate(it, folder, i, &random);
		writer_step(it, &scenario->split[i], folder, i, &random);
		if (random_below(&random, 4) == 0)
			pause_us(random_below(&random, pause * 8 + 1));
	}
}

static pid_t
writer_start(const struct scenario *scenario, const char *folder,
	uint64_t seed, int is_checkpointed, uint32_t pause)
{
	fflush(NULL);
	pid_t child = fork();

	if (child != 0)
		return child;
	writer_run(scenario, folder, seed, is_checkpointed, pause);
	_exit(0);
}

/* --- runs --- */

/* NULL, or what is wrong with a file; the first difference is printed. */
static const char *
file_judge(const char *folder, const char *name, const struct lines *wanted)
{
	char path[PATH_MAX];
	size_t i = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	struct lines got = lines_read(path);
	while (i < got.count && i < wanted->count &&
	    strcmp(got.line[i], wanted->line[i]) == 0)
		i++;
	int is_same = i == got.count && i == wanted->count;
	if (!is_same)
		printf("  %s: %zu lines, expected %zu\n  sorted line %zu is "
		    "  %s\n  expected %s\n", name, got.count, wanted->count,
		    i + 1, i < got.count ? got.line[i] : "the end",
		    i < wanted->count ? wanted->line[i] : "the end");
	lines_free(&got);
	return is_same ? NULL : "the output differs";
}

static void
verdict(const char *folder, const struct scenario *scenario, uint64_t seed,
	const char *kind, const struct setting *setting, const char *fault)
{
	if (fault == NULL)
		fault = file_judge(folder, "out.csv", &scenario->out);
	if (fault == NULL)
		fault = file_judge(folder, "late.jsonl", &scenario->late);
	if (fault == NULL) {
		passed++;
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		return;
	}
	failed++;
	printf("FAIL seed %llu, %s, -j %u, SFLOW_BATCH_ROWS=%u, --sim-seed "
	    "%llu: %s; see %s\n", (unsigned long long)seed, kind,
	    setting->workers, setting->rows,
	    (unsigned long long)setting->sim_seed, fault, folder);
}

static void
run_finished(const struct scenario *scenario, uint64_t seed,
	const struct setting *setting)
{
	char folder[PATH_MAX];

	folder_make(folder, scenario, 1);
	verdict(folder, scenario, seed, setting->is_plain ? "plain files" :
	    "finished files", setting,
	    job_end(job_start(folder, setting)));
}

static void
run_written(const struct scenario *scenario, uint64_t seed, uint64_t *random)
{
	char folder[PATH_MAX];
	struct setting setting = {
		.workers = workers_tried[random_below(random, 3)],
		.rows = rows_tried[random_below(random, 3)],
		.stop_after_ms = 3000,
	};

	folder_make(folder, scenario, 0);
	pid_t job = job_start(folder, &setting);
	int64_t end = now_ms() + HANG_MS;
	while (!job_has_open(job, scenario->split_count) && now_ms() < end &&
	    waitid(P_PID, (id_t)job, &(siginfo_t){ 0 },
	    WEXITED | WNOHANG | WNOWAIT) == 0 && kill(job, 0) == 0)
		pause_us(1000);
	pid_t writer = writer_start(scenario, folder, *random >> 1, 0, 500);
	const char *fault = job_end(job);
	waitpid(writer, NULL, 0);
	verdict(folder, scenario, seed, "written meanwhile", &setting, fault);
}

/* Kill the job now and then; at last let it end. */
static const char *
kill_often(const char *folder, struct setting *setting, unsigned kills,
	uint64_t *random)
{
	int64_t end = now_ms() + FOREVER_MS;
	unsigned killed = 0;
	int status;

	while (killed < kills && now_ms() < end) {
		setting->workers = workers_tried[random_below(random, 3)];
		setting->rows = rows_tried[random_below(random, 3)];
		pid_t job = job_start(folder, setting);
		if (job_ended(job, (int)(10 + random_below(random, 400)),
		    &status)) {
			return WIFEXITED(status) && WEXITSTATUS(status) == 0 ?
			    NULL : "it failed when started again";
		}
		kill(job, SIGKILL);
		waitpid(job, &status, 0);
		killed++;
	}
	setting->workers = workers_tried[random_below(random, 3)];
	return job_end(job_start(folder, setting));
}

static void
run_killed(const struct scenario *scenario, uint64_t seed, unsigned kills,
	uint64_t *random)
{
	char folder[PATH_MAX];
	struct setting setting = { .rows = 3, .stop_after_ms = 3000,
		.is_checkpointed = 1 };
	size_t lines = 1;

	folder_make(folder, scenario, 0);
	for (unsigned i = 0; i < scenario->split_count; i++)
		lines += scenario->split[i].count;
	/* So that the writer lasts about as long as the kills. */
	uint64_t pause = 210000ull * kills / lines;
	pid_t writer = writer_start(scenario, folder, *random >> 1, 1,
	    (uint32_t)(pause < 100000 ? pause : 100000));
	const char *fault = kill_often(folder, &setting, kills, random);
	if (fault != NULL)
		kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	verdict(folder, scenario, seed, "killed", &setting, fault);
}

static void
scenario_run(uint64_t seed, unsigned sims, unsigned runs, unsigned kills)
{
	struct scenario scenario;
	uint64_t random = seed * 0x9e3779b97f4a7c15u | 1;

	scenario_make(&scenario, seed);
	for (unsigned i = 0; i < 18; i++)
		run_finished(&scenario, seed, &(struct setting){
		    .workers = workers_tried[i / 3 % 3],
		    .rows = rows_tried[i % 3], .is_plain = i < 9,
		    .stop_after_ms = 200 });
	for (unsigned i = 0; i < sims; i++)
		run_finished(&scenario, seed, &(struct setting){
		    .workers = workers_tried[i % 3],
		    .rows = rows_tried[i / 3 % 3], .sim_seed = seed + i,
		    .stop_after_ms = 200 });
	for (unsigned i = 0; i < runs; i++)
		run_written(&scenario, seed, &random);
	if (kills > 0)
		run_killed(&scenario, seed, kills, &random);
	scenario_free(&scenario);
}

static void
lines_write(const char *folder, const char *name, const struct lines *lines)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	if (file == NULL)
		die(path);
	for (size_t i = 0; i < lines->count; i++)
		fprintf(file, "%s\n", lines->line[i]);
	fclose(file);
}

static void
scenario_write(const char *folder, uint64_t seed)
{
	struct scenario scenario;

	scenario_make(&scenario, seed);
	for (unsigned i = 0; i < scenario.split_count; i++)
		lines_write(folder, (const char[]){ (char)('a' + i), '.', 'j',
		    's', 'o', 'n', 'l', '\0' }, &scenario.split[i]);
	lines_write(folder, "out", &scenario.out);
	lines_write(folder, "late", &scenario.late);
	scenario_free(&scenario);
}

static void
write_counts(void)
{
	const char *path = getenv("SFLOW_TEST_COUNTS");
	FILE *file = path == NULL || *path == '\0' ? NULL : fopen(path, "a");

	if (file == NULL)
		return;
	fprintf(file, "live %u %u\n", passed, failed);
	fclose(file);
}

int
main(int argc, char **argv)
{
	const char *build = getenv("BUILD");
	uint64_t seed = 1, seeds = 1;
	unsigned sims = 20, runs = 2, kills = 4;
	const char *folder = NULL;
	int option;

	while ((option = getopt(argc, argv, "s:n:m:r:k:d:")) != -1) {
		if (option == '?')
			return 2;
		uint64_t number = strtoull(optarg, NULL, 10);
		switch (option) {
		case 's': seed = number; break;
		case 'n': seeds = number; break;
		case 'm': sims = (unsigned)number; break;
		case 'r': runs = (unsigned)number; break;
		case 'k': kills = (unsigned)number; break;
		case 'd': folder = optarg; break;
		}
	}
	if (folder != NULL) {
		scenario_write(folder, seed);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	char *path = realpath(build != NULL ? build : ".", NULL);
	if (path == NULL)
		die("BUILD");
	snprintf(sflow, sizeof(sflow), "%s/sflow", path);
	free(path);
	for (uint64_t i = 0; i < seeds; i++)
		scenario_run(seed + i, sims, runs, kills);
	write_counts();
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
