/*
 * What a worker that looks at no file binds: for every flow case that is a
 * program over inputs, the plan of its sources as they were described must be
 * the plan of the sources that were looked at, to the letter of `explain`.
 *
 *	tests/flow/described FOLDER...
 *
 * The second plan is bound where the files are no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "described.h"

enum { SAME = 0, OTHER = 1, NO_PLAN = 2 };

static char folder[64];
static unsigned counts[3];

static int
remove_entry(const char *path, const struct stat *stat, int type,
	struct FTW *place)
{
	(void)stat, (void)type, (void)place;
	return remove(path);
}

/* A fresh folder with the case's files, and its standard input. */
static void
prepare(const struct flow_case *c)
{
	static const char input_name[] = ".input";

	if (mkdir(folder, 0777) != 0 || chdir(folder) != 0)
		die("%s: %s", folder, strerror(errno));
	for (unsigned i = 0; i < c->file_count; i++) {
		char name[300];
		snprintf(name, sizeof(name), "%s", c->files[i].name);
		for (char *slash = name; (slash = strchr(slash, '/'));
		    slash++) {
			*slash = '\0';
			mkdir(name, 0777);
			*slash = '/';
		}
		text_write(name, c->files[i].text);
	}
	text_write(input_name, c->input);
	int fd = open(input_name, O_RDONLY);
	if (fd < 0 || dup2(fd, 0) < 0)
		die("standard input: %s", strerror(errno));
	unlink(input_name);
}

/* In a process of its own: one of the outcomes. */
static int
compare(const struct flow_case *c)
{
	const char *const *file = (const char *const *)c->operands;

	prepare(c);
	const char *seen = plan_seen(c->flow.bytes, c->flow.size, file,
	    c->operand_count);
	if (seen == NULL)
		return NO_PLAN;
	if (chdir("/") != 0 || nftw(folder, remove_entry, 16, FTW_DEPTH |
	    FTW_PHYS) != 0 || mkdir(folder, 0777) != 0 || chdir(folder) != 0)
		die("%s: %s", folder, strerror(errno));
	close(0);
	const char *told = plan_described(c->flow.bytes, c->flow.size, file,
	    c->operand_count);
	if (strcmp(seen, told) == 0)
		return SAME;
	printf("FAIL %s\n--- seen\n%s--- described\n%s\n", c->path, seen,
	    told);
	return OTHER;
}

static int
visit(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	struct flow_case c;
	size_t size = strlen(path);
	int status;

	(void)stat, (void)place;
	if (type != FTW_F || size < 5 || strcmp(path + size - 5, ".case") != 0)
		return 0;
	memset(&c, 0, sizeof(c));
	case_read(&c, path);
	if (c.complaint[0] != '\0' || !c.has_flow || c.arg_count > 0)
		return 0;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int outcome = compare(&c);
		fflush(stdout);
		_exit(outcome);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("%s: %s", path, strerror(errno));
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : OTHER;
	counts[outcome > NO_PLAN ? OTHER : outcome]++;
	if (!WIFEXITED(status) || outcome > NO_PLAN)
		printf("FAIL %s: status %d\n", path, status);
	return 0;
}

int
main(int argc, char **argv)
{
	snprintf(folder, sizeof(folder), "/tmp/sflow-described-%ld",
	    (long)getpid());
	for (int i = 1; i < argc; i++)
		nftw(argv[i], visit, 16, FTW_PHYS);
	printf("%u without a plan\n%u passed, %u failed\n", counts[NO_PLAN],
	    counts[SAME], counts[OTHER]);
	return counts[OTHER] > 0 || counts[SAME] == 0;
}
