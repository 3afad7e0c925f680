/*
 * Replays flow cases.
 *
 *	replay [-j JOBS] [-s SETTING] PROGRAM CASE-OR-FOLDER...
 *
 * A case is a text file NAME.case: comment lines, then sections.
 *
 *	# rows without the key form their own group
 *	--- flow
 *	from stdin csv | sum(size) by host
 *	--- in
 *	host,size
 *	,2
 *	--- out
 *	host,sum
 *	,2
 *
 *	--- flow		the program, one argument
 *	--- args		words before it, one a line
 *	--- operands		words behind it, one a line
 *	--- command		instead of flow: a line for sh, sflow in PATH
 *	--- env			NAME=VALUE lines
 *	--- file NAME		a file of the working directory
 *	--- in			standard input; without it, /dev/null
 *	--- out			standard output, exactly; without it, empty
 *	--- err			standard error, exactly; without it, empty
 *	--- out~, --- err~	each line occurs in it
 *	--- wrote NAME		a file of the working directory afterwards
 *	--- exit N		the exit status; without it, 0
 *	--- unordered		sort the lines of both outputs first
 *	--- once		only under the first setting
 *
 * A backslash at the very end of a section takes back the line's end.  With
 * the word "printf" behind the head (`--- in printf`, `--- file x printf`) the
 * text may hold \n \r \t \0 \\ \xNN.  A text line that begins with "--- "
 * is written with a backslash before it.
 *
 * Every case runs once per row of `settings`, each time in a fresh working
 * directory; the output must not depend on the setting.  SFLOW_TEST_EVERY=3
 * takes the first setting and every third of the others, the cases in turn
 * another third: for builds that are slow.  The cases are shared
 * out to as many processes as there are processors.  This program uses nothing
 * of src/, so that it cannot inherit its faults.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"

/* How standard input arrives: as a file, or as a pipe in packets of so many
 * bytes, one per read. */
enum { STDIN_FILE_WHOLE = 0 };

struct setting {
	const char *name;
	/* NAME=VALUE, separated by blanks. */
	const char *environment;
	int packet_bytes;
};

static const struct setting settings[] = {
	{ "default", "SFLOW_WORKERS=2", STDIN_FILE_WHOLE },
	{ "workers-1", "SFLOW_WORKERS=1", STDIN_FILE_WHOLE },
	{ "rows-1", "SFLOW_BATCH_ROWS=1 SFLOW_WORKERS=7", STDIN_FILE_WHOLE },
	{ "rows-3", "SFLOW_BATCH_ROWS=3 SFLOW_CHUNK_BYTES=64 SFLOW_WORKERS=3",
		STDIN_FILE_WHOLE },
	{ "rows-1024", "SFLOW_BATCH_ROWS=1024 SFLOW_CHUNK_BYTES=100",
		STDIN_FILE_WHOLE },
	{ "packets", "SFLOW_CHUNK_BYTES=4096 SFLOW_WORKERS=2", 7 },
	{ "plain", "SFLOW_CPU=plain", STDIN_FILE_WHOLE },
	{ "plain-64", "SFLOW_CPU=plain SFLOW_CHUNK_BYTES=64",
		STDIN_FILE_WHOLE },
	{ "sse2", "SFLOW_CPU=sse2 SFLOW_BATCH_ROWS=1000", STDIN_FILE_WHOLE },
	{ "avx2-64", "SFLOW_CPU=avx2 SFLOW_CHUNK_BYTES=67", 61 },
	{ "ranges-7", "SFLOW_WORKERS=2 SFLOW_RANGE_BYTES=7",
		STDIN_FILE_WHOLE },
	{ "ranges-100", "SFLOW_WORKERS=7 SFLOW_RANGE_BYTES=100",
		STDIN_FILE_WHOLE },
	{ "ranges-pipe", "SFLOW_WORKERS=3 SFLOW_RANGE_BYTES=100", 7 },
	{ "no-rules", "SFLOW_WITHOUT=all SFLOW_WORKERS=2", STDIN_FILE_WHOLE },
	{ "spill", "SFLOW_TEST_SPILL=1 SFLOW_TEST_MEMORY=8000000 "
		"SFLOW_WORKERS=2", STDIN_FILE_WHOLE },
	{ "spill-3", "SFLOW_TEST_SPILL=3 SFLOW_TEST_MEMORY=8000000 "
		"SFLOW_TEST_MARKS=1 SFLOW_WORKERS=3 SFLOW_BATCH_ROWS=3",
		STDIN_FILE_WHOLE },
	{ "side", "SFLOW_TEST_SIDE=1 SFLOW_WORKERS=2 SFLOW_RANGE_BYTES=7",
		STDIN_FILE_WHOLE },
	{ "side-spill", "SFLOW_TEST_SIDE=1 SFLOW_TEST_SPILL=2 "
		"SFLOW_TEST_MEMORY=8000000 SFLOW_WORKERS=3 "
		"SFLOW_BATCH_ROWS=3", STDIN_FILE_WHOLE },
	{ "sim", "SFLOW_SIM=1 SFLOW_CHUNK_BYTES=1000", STDIN_FILE_WHOLE },
	{ "sim-7", "SFLOW_SIM=7 SFLOW_BATCH_ROWS=5 SFLOW_WORKERS=3",
		STDIN_FILE_WHOLE },
};

#define SETTING_COUNT (sizeof(settings) / sizeof(*settings))

/* A case that runs longer is stuck; SFLOW_TEST_SECONDS changes it. */
#define SECONDS_DEFAULT 10
#define JOB_COUNT_MAX 64

struct totals {
	unsigned next, passed, failed, replays;
};

static struct totals *totals;
static const char *program_path;
static char program_folder[4096];
static const char *only_setting;
static char **case_paths;
static unsigned case_count, case_capacity;
static int seconds_max = SECONDS_DEFAULT;
/* A case takes one of so many of the settings behind the first. */
static unsigned setting_every = 1;
static char work_root[] = "/dev/shm/sflow-flow-XXXXXX";
static const char work_root_elsewhere[] = "/tmp/sflow-flow-XXXXXX";
static char work_folder[256];

/* --- running it --- */

static int
remove_entry(const char *path, const struct stat *info, int type,
	struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file of this process's folders, in one of a few buffers. */
static const char *
work_path(const char *name)
{
	static char paths[4][1024];
	static unsigned turn;

	char *path = paths[turn++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", work_folder, name);
	return path;
}

/* A fresh cwd/ with the case's files; the outputs lie beside it. */
static void
work_prepare(const struct flow_case *c)
{
	remove_tree(work_path("cwd"));
	mkdir(work_folder, 0777);
	mkdir(work_path("cwd"), 0777);
	for (unsigned i = 0; i < c->file_count; i++) {
		char name[300];
		snprintf(name, sizeof(name), "cwd/%s", c->files[i].name);
		for (char *slash = name + 4; (slash = strchr(slash, '/'));
		    slash++) {
			*slash = '\0';
			mkdir(work_path(name), 0777);
			*slash = '/';
		}
		text_write(work_path(name), c->files[i].text);
	}
	if (c->has_input)
		text_write(work_path("in"), c->input);
}

static void
environment_set(const struct flow_case *c, const struct setting *setting)
{
	char list[512];
	char *rest;

	unsetenv("SFLOW_FAULT");
	unsetenv("SFLOW_SIM");
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C", 1);
	snprintf(list, sizeof(list), "%s", setting->environment);
	for (char *word = strtok_r(list, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest))
		putenv(strdup(word));
	for (unsigned i = 0; i < c->environment_count; i++)
		putenv(c->environment[i]);
	const char *old_path = getenv("PATH");
	char path[8192];
	snprintf(path, sizeof(path), "%s:%s", program_folder,
	    old_path ? old_path : "/usr/bin:/bin");
	setenv("PATH", path, 1);
}

static void
redirect(int fd, const char *path, int flags)
{
	int file = open(path, flags, 0666);
	if (file < 0 || dup2(file, fd) < 0)
		_exit(126);
	close(file);
}

/* The child's side: never returns. */
static void
case_exec(struct flow_case *c, const struct setting *setting, int input_fd)
{
	char *words[WORD_COUNT_MAX * 2];
	unsigned count = 0;

	setpgid(0, 0);
	if (input_fd >= 0)
		dup2(input_fd, 0);
	else
		redirect(0, c->has_input ? work_path("in") : "/dev/null",
		    O_RDONLY);
	redirect(1, work_path("out"), O_WRONLY | O_CREAT | O_TRUNC);
	redirect(2, work_path("err"), O_WRONLY | O_CREAT | O_TRUNC);
	if (chdir(work_path("cwd")) != 0)
		_exit(126);
	environment_set(c, setting);
	signal(SIGPIPE, SIG_DFL);
	if (c->has_command) {
		execl("/bin/sh", "sh", "-c", c->command.bytes, (char *)NULL);
		_exit(126);
	}
	words[count++] = (char *)(uintptr_t)program_path;
	for (unsigned i = 0; i < c->arg_count; i++)
		words[count++] = c->args[i];
	words[count++] = c->flow.bytes;
	for (unsigned i = 0; i < c->operand_count; i++)
		words[count++] = c->operands[i];
	words[count] = NULL;
	execv(program_path, words);
	_exit(127);
}

/*
 * Wait until all that was written is read, so that the next read gets the next
 * packet alone.  (A pipe of packets would lose what a short read leaves.)
 * Returns 0 when nobody reads any more.
 */
static int
input_drained(int fd)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	struct pollfd poller = { .fd = fd };
	int waiting;

	while (ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0) {
		if (poll(&poller, 1, 0) > 0 && (poller.revents & POLLERR))
			return 0;
		nanosleep(&pause, NULL);
	}
	return 1;
}

/* Write the input as packets; a process of its own, for it must wait. */
static pid_t
input_feed(const struct flow_case *c, int packet_bytes, int *read_fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		die("pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid != 0) {
		close(ends[1]);
		*read_fd = ends[0];
		return pid;
	}
	close(ends[0]);
	signal(SIGPIPE, SIG_DFL);
	for (size_t at = 0; at < c->input.size; ) {
		size_t size = c->input.size - at;
		/* Long inputs in larger packets: the test is to end today. */
		size_t most = c->input.size > 20000 ? 4000 :
		    (size_t)packet_bytes;
		if (size > most)
			size = most;
		ssize_t wrote = write(ends[1], c->input.bytes + at, size);
		if (wrote <= 0 || !input_drained(ends[1]))
			break;
		at += (size_t)wrote;
	}
	_exit(0);
}

/* Wait for the child, at most the case's time; its status, 128 + signal if it
 * was killed, -1 if it took too long. */
static int
child_wait(pid_t pid)
{
	sigset_t set;
	struct timespec limit = { .tv_sec = seconds_max };
	int status = 0;
	int late = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (late || sigtimedwait(&set, NULL, &limit) >= 0)
			continue;
		if (errno != EAGAIN)
			continue;
		late = 1;
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		break;
	}
	if (late)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

static int
case_run(struct flow_case *c, const struct setting *setting)
{
	int input_fd = -1;
	pid_t feeder = -1;

	if (setting->packet_bytes > 0 && c->has_input)
		feeder = input_feed(c, setting->packet_bytes, &input_fd);
	pid_t pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		sigset_t set;
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		case_exec(c, setting, input_fd);
	}
	setpgid(pid, pid);
	if (input_fd >= 0)
		close(input_fd);
	int status = child_wait(pid);
	if (feeder > 0) {
		kill(feeder, SIGKILL);
		waitpid(feeder, NULL, 0);
	}
	return status;
}

/* --- judging it --- */

static int
line_compare(const void *a, const void *b)
{
	const struct text *x = a;
	const struct text *y = b;
	size_t size = x->size < y->size ? x->size : y->size;
	int order = memcmp(x->bytes, y->bytes, size);
	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

static struct text
lines_sort(struct text text)
{
	struct text *lines = allocate((text.size + 1) * sizeof(*lines));
	struct text sorted = { allocate(text.size + 1), 0 };
	size_t count = 0;

	for (size_t at = 0; at < text.size; count++) {
		char *stop = memchr(text.bytes + at, '\n', text.size - at);
		lines[count].bytes = text.bytes + at;
		lines[count].size = stop != NULL ?
		    (size_t)(stop - text.bytes) + 1 - at : text.size - at;
		at += lines[count].size;
	}
	qsort(lines, count, sizeof(*lines), line_compare);
	for (size_t i = 0; i < count; i++) {
		memcpy(sorted.bytes + sorted.size, lines[i].bytes,
		    lines[i].size);
		sorted.size += lines[i].size;
	}
	free(lines);
	return sorted;
}

/* Does every line of `wanted` occur in `got`? */
static int
has_each_line(struct text wanted, struct text got)
{
	const char *at = wanted.bytes;
	const char *end = at + wanted.size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((stop ? stop : end) - at);
		if (memmem(got.bytes, got.size, at, size) == NULL)
			return 0;
		at += size + (stop != NULL);
	}
	return 1;
}

/* Compare one output; prints the difference to `report`. */
static int
output_differs(FILE *report, const char *what, struct text wanted,
	struct text got, enum compare compare, int unordered)
{
	char line[4096];

	if (compare == COMPARE_EACH_LINE && has_each_line(wanted, got))
		return 0;
	if (unordered && compare == COMPARE_ALL) {
		wanted = lines_sort(wanted);
		got = lines_sort(got);
	}
	if (compare == COMPARE_ALL && wanted.size == got.size &&
	    memcmp(wanted.bytes, got.bytes, got.size) == 0)
		return 0;
	fprintf(report, "  %s differs:\n", what);
	text_write(work_path("wanted"), wanted);
	text_write(work_path("got"), got);
	snprintf(line, sizeof(line), "cd %s && diff -a -U 2 --label wanted "
	    "--label got wanted got | head -n 40 | cut -c 1-300",
	    work_folder);
	FILE *diff = popen(line, "r");
	while (diff != NULL && fgets(line, sizeof(line), diff) != NULL)
		fprintf(report, "  %s", line);
	if (diff != NULL)
		pclose(diff);
	return 1;
}

/* Is all as the case says?  What is not goes to `report`. */
static int
case_judge(const struct flow_case *c, int status, FILE *report)
{
	struct text output = text_read(work_path("out"));
	struct text error = text_read(work_path("err"));
	int wrong = output_differs(report, "stdout", c->output, output,
	    c->compare_output, c->unordered);

	wrong |= output_differs(report, "stderr", c->error, error,
	    c->compare_error, c->unordered);
	for (unsigned i = 0; i < c->wrote_count; i++) {
		char name[300];
		snprintf(name, sizeof(name), "cwd/%s", c->wrote[i].name);
		struct text got = text_read(work_path(name));
		wrong |= output_differs(report, c->wrote[i].name,
		    c->wrote[i].text, got, COMPARE_ALL, c->unordered);
		free(got.bytes);
	}
	if (status < 0)
		fprintf(report, "  killed after %d s\n", seconds_max);
	else if (status != c->status)
		fprintf(report, "  exit %d, wanted %d\n", status, c->status);
	wrong |= status != c->status;
	free(output.bytes);
	free(error.bytes);
	return wrong;
}

static void
sum_add(unsigned *sum)
{
	__atomic_add_fetch(sum, 1, __ATOMIC_RELAXED);
}

/* One write: other processes print as well. */
static void
case_failed(const char *path, const char *reason, const char *report)
{
	dprintf(1, "FAIL %s: %s\n%s", path, reason, report);
	sum_add(&totals->failed);
}

static int
setting_is_known(const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcmp(name, settings[i].name) == 0)
			return 1;
	return 0;
}

/* Is the case, the number-th of all, to run under setting i? */
static int
setting_is_wanted(unsigned i, unsigned number)
{
	if (only_setting != NULL)
		return strcmp(only_setting, settings[i].name) == 0;
	return i == 0 || (i + number) % setting_every == 0;
}

/* Replay a case under all settings, or up to the first that fails. */
static void
case_replay(const char *path, unsigned number)
{
	static struct flow_case c;

	case_read(&c, path);
	if (c.complaint[0] != '\0') {
		case_failed(path, c.complaint, "");
		return;
	}
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		if (!setting_is_wanted(i, number))
			continue;
		char *text;
		size_t size;
		FILE *report = open_memstream(&text, &size);
		work_prepare(&c);
		sum_add(&totals->replays);
		int wrong = case_judge(&c, case_run(&c, setting), report);
		fclose(report);
		if (wrong)
			case_failed(path, setting->name, text);
		free(text);
		if (wrong)
			return;
		if (c.once)
			break;
	}
	sum_add(&totals->passed);
}

/* --- finding them --- */

static void
case_add(const char *path)
{
	if (case_count == case_capacity) {
		case_capacity = case_capacity * 2 + 64;
		case_paths = realloc(case_paths,
		    case_capacity * sizeof(*case_paths));
		if (case_paths == NULL)
			die("out of memory");
	}
	case_paths[case_count++] = strdup(path);
}

static int
entry_add(const char *path, const struct stat *info, int type,
	struct FTW *place)
{
	size_t size = strlen(path);
	(void)info;
	(void)place;
	if (type == FTW_F && size > 5 && strcmp(path + size - 5, ".case") == 0)
		case_add(path);
	return 0;
}

static int
path_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
cases_find(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		die("%s: %s", path, strerror(errno));
	if (S_ISDIR(info.st_mode))
		nftw(path, entry_add, 16, FTW_PHYS);
	else
		case_add(path);
}

/* One process takes cases until none is left. */
static void
work(unsigned number)
{
	sigset_t set;

	snprintf(work_folder, sizeof(work_folder), "%s/%u", work_root, number);
	/* child_wait() waits for this signal instead of being interrupted. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		unsigned i = __atomic_fetch_add(&totals->next, 1,
		    __ATOMIC_RELAXED);
		if (i >= case_count)
			_exit(0);
		case_replay(case_paths[i], i);
	}
}

static void
counts_append(void)
{
	const char *path = getenv("SFLOW_TEST_COUNTS");
	FILE *file = path != NULL ? fopen(path, "a") : NULL;

	if (file == NULL)
		return;
	fprintf(file, "flow %u %u\n", totals->passed, totals->failed);
	fclose(file);
}

static unsigned
jobs_default(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ?
	    (unsigned)CPU_COUNT(&set) : 1;
}

static void
program_find(const char *path)
{
	program_path = realpath(path, NULL);
	if (program_path == NULL)
		die("%s: %s", path, strerror(errno));
	snprintf(program_folder, sizeof(program_folder), "%s", program_path);
	*strrchr(program_folder, '/') = '\0';
}

int
main(int argc, char **argv)
{
	unsigned jobs = jobs_default();
	int option;

	while ((option = getopt(argc, argv, "j:s:")) != -1) {
		if (option == 'j')
			jobs = (unsigned)atoi(optarg);
		else if (option == 's')
			only_setting = optarg;
		else
			die("usage: replay [-j JOBS] [-s SETTING] PROGRAM "
			    "CASE-OR-FOLDER...");
	}
	if (only_setting != NULL && !setting_is_known(only_setting))
		die("there is no setting '%s'", only_setting);
	if (optind + 2 > argc || jobs < 1 || jobs > JOB_COUNT_MAX)
		die("needs a program and a case");
	if (getenv("SFLOW_TEST_SECONDS") != NULL)
		seconds_max = atoi(getenv("SFLOW_TEST_SECONDS"));
	if (getenv("SFLOW_TEST_EVERY") != NULL)
		setting_every = (unsigned)atoi(getenv("SFLOW_TEST_EVERY"));
	if (seconds_max < 1 || setting_every < 1)
		die("SFLOW_TEST_SECONDS and SFLOW_TEST_EVERY are 1 or more");
	program_find(argv[optind]);
	for (int i = optind + 1; i < argc; i++)
		cases_find(argv[i]);
	qsort(case_paths, case_count, sizeof(*case_paths), path_compare);
	/* In memory, where it can be: thousands of folders are made. */
	if (mkdtemp(work_root) == NULL) {
		strcpy(work_root, work_root_elsewhere);
		if (mkdtemp(work_root) == NULL)
			die("%s: %s", work_root, strerror(errno));
	}
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	int broken = 0;
	for (unsigned i = 0; i < jobs; i++)
		if (fork() == 0)
			work(i);
	for (int status; wait(&status) > 0; )
		broken |= status != 0;
	remove_tree(work_root);
	/* A process that died took its case along. */
	totals->failed = case_count - totals->passed;
	counts_append();
	printf("%u replays\n%u passed, %u failed\n", totals->replays,
	    totals->passed, totals->failed);
	return broken || totals->failed > 0 || case_count == 0;
}
