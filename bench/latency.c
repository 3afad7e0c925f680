/*
 * latency [-r RATE] [-n LINES] [-w WARM] COMMAND [ARG...]: how long a line
 * takes through a command.
 *
 * JSON lines go to the command's standard input at RATE a second (1000), each
 * at its own moment and not in bursts; the clock of a line runs from before the
 * write until the read that brought its line end.  Lines are told apart by
 * their "id".  The first WARM lines (100) are not counted, so that start-up is
 * not; a line that is late because we were not woken in time is sent late and
 * its clock starts late too: what is measured is the command.
 *
 * One line comes out: "p50 p90 p99 max lines", times in microseconds; lines
 * that never came are an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000u
/* Long enough for any command to say its last line. */
#define SILENCE_MS 10000

struct bench {
	uint64_t rate, count, warm;
	uint64_t *sent_ns;	/* by id */
	uint64_t *took_ns;	/* 0: not back yet */
	uint64_t sent, back;
	int to, from;		/* the command's input and output */
	char text[65536];
	size_t text_size;
};

static uint64_t
now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS + (uint64_t)time.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "latency: %s\n", what);
	exit(1);
}

static pid_t
start(struct bench *bench, char **command)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die("no pipe");
	pid_t child = fork();
	if (child < 0)
		die("no process");
	if (child == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execvp(command[0], command);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	/* A command that waits for us to read does not keep us from it. */
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	bench->to = in[1];
	bench->from = out[0];
	return child;
}

/* Send the next line; its clock runs from the first try. */
static void
send_line(struct bench *bench)
{
	char line[256];
	uint64_t id = bench->sent;
	int size = snprintf(line, sizeof(line), "{\"id\":%" PRIu64 ",\"ms\":%"
	    PRIu64 ",\"level\":\"error\",\"path\":\"/api/orders/%" PRIu64
	    "\",\"ts\":\"2026-03-01T10:%02u:%02uZ\"}\n", id, 200 + id % 700,
	    id * 7919 % 100000, (unsigned)(id / 60 % 60), (unsigned)(id % 60));

	if (bench->sent_ns[id] == 0)
		bench->sent_ns[id] = now_ns();
	/* Short lines go into a pipe as a whole or not at all. */
	if (write(bench->to, line, (size_t)size) == size)
		bench->sent++;
	else if (errno != EAGAIN)
		die("the command takes no more lines");
}

/* A line that came back: which is it? */
static void
take_line(struct bench *bench, const char *line, uint64_t at_ns)
{
	const char *id = strstr(line, "\"id\":");
	uint64_t number = id == NULL ? UINT64_MAX :
	    strtoull(id + strlen("\"id\":"), NULL, 10);

	if (number >= bench->sent || bench->took_ns[number] != 0)
		die("a line came back that was not sent, or twice");
	bench->took_ns[number] = at_ns - bench->sent_ns[number];
	bench->back++;
}

/* Read what is there; 0 at the end. */
static int
receive(struct bench *bench)
{
	ssize_t got = read(bench->from, bench->text + bench->text_size,
	    sizeof(bench->text) - 1 - bench->text_size);
	uint64_t at_ns = now_ns();
	char *line = bench->text, *end;

	if (got <= 0)
		return 0;
	bench->text_size += (size_t)got;
	bench->text[bench->text_size] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		take_line(bench, line, at_ns);
		line = end + 1;
	}
	bench->text_size -= (size_t)(line - bench->text);
	memmove(bench->text, line, bench->text_size);
	return 1;
}

/* Sleep until `ns`, or until something comes, and take that. */
static int
wait_until(struct bench *bench, uint64_t ns)
{
	struct pollfd poll = { .fd = bench->from, .events = POLLIN };
	uint64_t now = now_ns();
	uint64_t left = ns > now ? ns - now : 0;
	struct timespec time = { (time_t)(left / NS), (long)(left % NS) };

	return ppoll(&poll, 1, &time, NULL) == 1 ? receive(bench) : 1;
}

static void
run(struct bench *bench)
{
	uint64_t begin = now_ns();

	while (bench->sent < bench->count) {
		uint64_t due = begin + bench->sent * NS / bench->rate;
		if (!wait_until(bench, due))
			die("the command has ended too early");
		if (now_ns() >= due)
			send_line(bench);
	}
	close(bench->to);
	while (bench->back < bench->count)
		if (!wait_until(bench, now_ns() + SILENCE_MS * 1000000ull))
			die("lines are missing");
	close(bench->from);
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void
report(struct bench *bench)
{
	uint64_t *took = bench->took_ns + bench->warm;
	uint64_t count = bench->count - bench->warm;

	qsort(took, count, sizeof(*took), compare);
	printf("%.1f %.1f %.1f %.1f %" PRIu64 "\n",
	    (double)took[count / 2] / 1e3, (double)took[count * 9 / 10] / 1e3,
	    (double)took[count * 99 / 100] / 1e3,
	    (double)took[count - 1] / 1e3, count);
}

int
main(int argc, char **argv)
{
	struct bench bench = { .rate = 1000, .count = 10000, .warm = 100 };
	int option;

	while ((option = getopt(argc, argv, "+r:n:w:")) != -1) {
		if (option == '?')
			return 2;
		*(option == 'r' ? &bench.rate : option == 'n' ? &bench.count :
		    &bench.warm) = strtoull(optarg, NULL, 10);
	}
	if (optind == argc || bench.rate == 0 || bench.count <= bench.warm)
		die("latency [-r RATE] [-n LINES] [-w WARM] COMMAND [ARG...]");
	signal(SIGPIPE, SIG_IGN);
	bench.sent_ns = calloc(bench.count, sizeof(uint64_t));
	bench.took_ns = calloc(bench.count, sizeof(uint64_t));
	if (bench.sent_ns == NULL || bench.took_ns == NULL)
		die("no memory");
	pid_t child = start(&bench, argv + optind);
	run(&bench);
	int status;
	if (waitpid(child, &status, 0) != child || status != 0)
		die("the command has failed");
	report(&bench);
	free(bench.sent_ns);
	free(bench.took_ns);
	return 0;
}
