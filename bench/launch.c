/*
 * launch REPORT COMMAND [ARG...]: run a command and write "wall user system
 * maxrss_kib status" to REPORT.  A small parent: the peak memory of a child is
 * never reported below that of the process it was forked from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3)
		return 2;
	double began = now();
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return 2;
	double wall = now() - began;
	FILE *report = fopen(argv[1], "w");
	if (report == NULL)
		return 2;
	fprintf(report, "%.6f %ld.%06ld %ld.%06ld %ld %d\n", wall,
	    (long)usage.ru_utime.tv_sec, (long)usage.ru_utime.tv_usec,
	    (long)usage.ru_stime.tv_sec, (long)usage.ru_stime.tv_usec,
	    usage.ru_maxrss, status);
	return fclose(report) == 0 ? 0 : 2;
}
