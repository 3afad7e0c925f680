/*
 * Whole jobs in threads of one process, for the thread sanitizer: what they
 * share without knowing (recycled memory, counts, zones, chosen kernels) and
 * what they are told to share (bad records).  The threads go first, while
 * nothing has been looked up yet; then each job runs alone, and both must have
 * written the same.
 *
 * Then batches that one thread makes and another takes apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/flow.h"
#include "data/batch.h"
#include "exec/run.h"
#include "io/bad.h"
#include "lang/parse.h"
#include "plan/plan.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

#define ROUNDS 3
#define ROWS 5000
/* Rows with "odd" in place of a number. */
#define BAD_ROWS (ROWS / 50)

static char folder[] = "/tmp/sflow-race-XXXXXX";

static const struct program {
	const char *text;
	const char *file;
	const char *ending;	/* of what it writes to */
	int counts_bad;
} programs[] = {
	{ "where int(ms) > 50 and note ~ /quo.{1,3}ted, \\d+/ | "
	    "extend l = in_zone(timestamp(at), \"Europe/Berlin\")",
	    "a.csv", ".jsonl", 0 },
	{ "extend m = int(ms) | sort m desc, id", "a.csv", ".csv", 1 },
	{ "aggregate n = count(), d = count_distinct(note), l = list(id), "
	    "h = max(hash(note)) by user | sort user", "a.csv", ".jsonl", 0 },
	{ "join \"b.jsonl\" as b on user == b.name | extend t = b.tags[1]",
	    "a.csv", ".csv", 0 },
	{ "unnest tags | extend u = upper(text(tags)), "
	    "z = strftime(in_zone(timestamp(at), \"Asia/Tokyo\"), \"%H:%M\")",
	    "b.jsonl", ".jsonl", 0 },
	{ "extend m = int(ms) | top 20 m | dedup by user", "a.csv", ".csv",
	    1 },
};

#define PROGRAM_COUNT (sizeof(programs) / sizeof(*programs))

struct task {
	const struct program *program;
	struct bad *bad;
	char target[32];
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void
data_write(void)
{
	FILE *a = fopen("a.csv", "w"), *b = fopen("b.jsonl", "w");

	if (a == NULL || b == NULL)
		die(folder, "no files can be made");
	fprintf(a, "id,user,ms,at,note\n");
	for (int i = 0; i < ROWS; i++) {
		fprintf(a, "%d,u%d,", i, i % 70);
		if (i % 50 == 49)
			fprintf(a, "odd");
		else
			fprintf(a, "%d", i * 37 % 101);
		fprintf(a, ",2026-0%d-%02dT0%d:15:00Z,", i % 9 + 1, i % 28 + 1,
		    i % 10);
		fprintf(a, i % 5 == 0 ? "\"quo\"\"ted, %d\"\n" : "plain %d\n",
		    i);
	}
	for (int i = 0; i < 70; i++)
		fprintf(b, "{\"name\":\"u%d\",\"tags\":[%d,\"t%d\"],"
		    "\"at\":\"2026-01-%02dT01:00:00Z\"}\n", i, i, i % 7,
		    i % 28 + 1);
	fclose(a);
	fclose(b);
}

static void
task_run(void *user)
{
	const struct task *task = user;
	struct region *region = region_new();
	struct err err = ERR_INIT;
	char text[512];

	int size = snprintf(text, sizeof(text), "%s | to \"%s%s\"",
	    task->program->text, task->target, task->program->ending);
	struct ast_program *program = parse_program("program", text,
	    (size_t)size, 0, region, &err);
	struct check_config check = {
		.file = &task->program->file, .file_count = 1,
		.bad = task->bad,
	};
	struct flow *flow = program == NULL ? NULL :
	    flow_check(program, &check, &err);
	if (flow == NULL)
		die(text, err.message);
	struct plan_config alone = { .workers = 1 };
	struct plan *plan = plan_new(flow, &alone);
	struct run_config config = { .tmp = "/tmp", .bad = task->bad };
	if (run_plan(plan, &config, &err) != 0)
		die(text, err.message);
	plan_free(&plan);
	region_drop(&region);
}

static char *
file_read(const char *path)
{
	static const size_t size_max = 4 << 20;
	char *text = malloc(size_max);
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path, "is not there");
	text[fread(text, 1, size_max - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* The two targets hold the same, and something. */
static void
same(const struct program *program, const char *one, const char *other)
{
	char path[2][64];

	snprintf(path[0], sizeof(path[0]), "%s%s", one, program->ending);
	snprintf(path[1], sizeof(path[1]), "%s%s", other, program->ending);
	char *text[2] = { file_read(path[0]), file_read(path[1]) };
	if (strlen(text[0]) < 100 || strcmp(text[0], text[1]) != 0)
		die(path[0], "is not what the job writes alone");
	free(text[0]);
	free(text[1]);
}

/* All programs at once, ROUNDS times each. */
static void
jobs_at_once(struct bad *bad)
{
	static struct task task[PROGRAM_COUNT * ROUNDS];
	struct thr *thr[PROGRAM_COUNT * ROUNDS];
	struct err err = ERR_INIT;
	size_t count = PROGRAM_COUNT * ROUNDS;

	for (size_t i = 0; i < count; i++) {
		task[i].program = &programs[i % PROGRAM_COUNT];
		task[i].bad = bad;
		snprintf(task[i].target, sizeof(task[i].target), "t%zu", i);
		thr[i] = thr_start("job", task_run, &task[i], &err);
		if (thr[i] == NULL)
			die("thr_start", err.message);
	}
	for (size_t i = 0; i < count; i++)
		thr_join(&thr[i]);
}

static struct bad *
bad_open(const char *path)
{
	struct err err = ERR_INIT;
	struct bad *bad = bad_new(BAD_FILE, path, &err);

	if (bad == NULL)
		die(path, err.message);
	return bad;
}

static void
jobs(void)
{
	struct bad *bad = bad_open("bad-threads.txt");
	struct err err = ERR_INIT;
	uint64_t alone_count = 0, alone_read = 0;

	jobs_at_once(bad);
	uint64_t count = bad_count(bad), read = bad_read_count(bad);
	if (bad_close(&bad, &err) != 0)
		die("bad-threads.txt", err.message);

	for (size_t i = 0; i < PROGRAM_COUNT; i++) {
		struct task task = { .program = &programs[i] };
		char other[32];
		snprintf(task.target, sizeof(task.target), "alone%zu", i);
		task.bad = bad_open("bad-alone.txt");
		task_run(&task);
		alone_count += bad_count(task.bad);
		alone_read += bad_read_count(task.bad);
		if (programs[i].counts_bad && bad_count(task.bad) != BAD_ROWS)
			die(programs[i].text, "not all bad rows were bad");
		bad_abort(&task.bad);
		for (size_t k = i; k < PROGRAM_COUNT * ROUNDS;
		    k += PROGRAM_COUNT) {
			snprintf(other, sizeof(other), "t%zu", k);
			same(&programs[i], task.target, other);
		}
	}
	if (count != alone_count * ROUNDS || read != alone_read * ROUNDS)
		die("bad records", "their counts are off");
	char *lines = file_read("bad-threads.txt");
	uint64_t line_count = 0;
	for (const char *at = lines; (at = strchr(at, '\n')) != NULL; at++)
		line_count++;
	free(lines);
	if (line_count != count)
		die("bad-threads.txt", "has not a line for each");
}

#define RING_SIZE 8
#define BATCHES 2000

/* Batches on their way from one thread to another. */
struct ring {
	struct thr_lock lock;
	struct thr_signal changed;
	struct batch *batch[RING_SIZE];
	uint32_t given, taken;
	struct mem_budget *budget;
};

static void
ring_give(struct ring *ring, struct batch *take_batch)
{
	thr_lock_take(&ring->lock);
	while (ring->given - ring->taken == RING_SIZE)
		thr_signal_wait(&ring->changed, &ring->lock, UINT64_MAX);
	ring->batch[ring->given++ % RING_SIZE] = take_batch;
	thr_signal_all(&ring->changed);
	thr_lock_give(&ring->lock);
}

static struct batch *
ring_take(struct ring *ring)
{
	thr_lock_take(&ring->lock);
	while (ring->given == ring->taken)
		thr_signal_wait(&ring->changed, &ring->lock, UINT64_MAX);
	struct batch *batch = ring->batch[ring->taken++ % RING_SIZE];
	thr_signal_all(&ring->changed);
	thr_lock_give(&ring->lock);
	return batch;
}

static void
numbers_make(void *user)
{
	struct ring *ring = user;
	struct schema *schema = schema_new();

	schema_add(schema, "n", 1, TYPE_INT);
	for (uint32_t i = 0; i < BATCHES; i++) {
		struct batch *batch = batch_new(schema, 100);
		struct batch *copy;
		int64_t *values = region_alloc(batch_region(batch),
		    100 * sizeof(*values));
		for (uint32_t row = 0; row < 100; row++)
			values[row] = i + row;
		batch->column[0] = (struct column){
			.type = TYPE_INT, .encoding = FLAT, .data = values,
		};
		if (mem_charge(ring->budget, 800) != 0)
			die("mem_charge", "refused");
		/* One half dies here, the other over there. */
		copy = batch_clone(batch);
		ring_give(ring, copy);
		batch_free(&batch);
	}
	schema_drop(&schema);
}

static void
numbers_take(void *user)
{
	struct ring *ring = user;

	for (uint32_t i = 0; i < BATCHES; i++) {
		struct batch *batch = ring_take(ring);
		const int64_t *values = batch->column[0].data;
		if (values[99] != i + 99)
			die("a batch", "came with other values");
		batch_free(&batch);
		mem_release(ring->budget, 800);
	}
}

static void
batches(void)
{
	static struct mem_budget budget = { .name = "batches" };
	struct ring ring[2] = { { .budget = &budget }, { .budget = &budget } };
	struct thr *thr[4];
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		thr_lock_init(&ring[i].lock, "ring");
		thr_signal_init(&ring[i].changed, "ring");
		thr[i * 2] = thr_start("maker", numbers_make, &ring[i], &err);
		thr[i * 2 + 1] = thr_start("taker", numbers_take, &ring[i],
		    &err);
	}
	for (int i = 0; i < 4; i++) {
		if (thr[i] == NULL)
			die("thr_start", err.message);
		thr_join(&thr[i]);
	}
	for (int i = 0; i < 2; i++) {
		thr_signal_fini(&ring[i].changed);
		thr_lock_fini(&ring[i].lock);
	}
	if (budget.used_bytes != 0 || budget.peak_bytes < 800)
		die("the budget", "does not add up");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		die(folder, "cannot be made");
	data_write();
	jobs();
	batches();
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0;
}
