/*
 * A file that several instances read in ranges, in any order of their turns:
 * rows, lines, bad records and the error that stops the job are what one
 * instance gives that reads the file alone.
 */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../unit/rounds.h"
#include "../unit/text_dialects.h"
#include "io/range.h"
#include "op/source.h"

#define INSTANCES_MAX 7
#define RANGES_MAX 1000

/* What came, by range. */
struct told {
	struct buf part[RANGES_MAX];
	struct buf bad;
	struct buf error;
	uint64_t bytes, records;
};

struct trial {
	struct rig rig;
	struct source_spec spec;
	const char *path[1];
	char file[64];
	uint64_t *state;
	int tells_names;
};

static void
add_bad(void *cookie, const struct bad_record *record)
{
	struct buf *out = cookie;

	buf_add_format(out, "%s:%llu:%llu:%llu:%llu: %s: ", record->path,
	    (unsigned long long)record->line,
	    (unsigned long long)record->column,
	    (unsigned long long)record->text_line,
	    (unsigned long long)record->text_column, record->reason);
	if (record->text != NULL)
		rig_add_bytes(out, record->text, record->text_size);
	buf_add_char(out, '\n');
}

static struct bad *
make_bad(const struct trial *trial, struct told *told)
{
	struct err err = ERR_INIT;
	int stops = trial->rig.policy == BAD_STOP;
	struct bad *bad = bad_new(stops ? BAD_STOP : BAD_SKIP, NULL, &err);

	if (!stops)
		bad_set_forward(bad, add_bad, &told->bad);
	return bad;
}

/* The members that are there, in the order of the columns. */
static void
add_names(struct buf *out, const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t size;
		for (uint32_t c = 0; c < batch->schema->field_count; c++) {
			const char *bytes = column_slice(&batch->column[c],
			    batch_row(batch, i), &size);
			if (size > 0)
				buf_add_format(out, "%s:%.*s ", batch->schema->
				    field[c].name, (int)size, bytes);
		}
		buf_add_char(out, '\n');
	}
}

/* One item of an instance.  0: it will give no more; 2: others come first. */
static int
step(struct trial *trial, struct source_run *run, struct told *told)
{
	struct err err = ERR_INIT;
	struct source_item item;

	switch (source_run_next(run, &item, &err)) {
	case SOURCE_BATCH:
		cr_assert(item.number < RANGES_MAX);
		if (trial->tells_names)
			add_names(&told->part[item.number], item.batch);
		else
			rig_add_batch(&trial->rig, &told->part[item.number],
			    item.batch);
		batch_free(&item.batch);
		return 1;
	case SOURCE_FAIL:
		cr_assert(told->error.size == 0);
		buf_add_string(&told->error, err.message);
		return 0;
	case SOURCE_END:
		return 0;
	case SOURCE_BUSY:
		return 2;
	default:
		return 1;
	}
}

static void
run_instances(struct trial *trial, struct source *source, struct bad *bad,
	unsigned count, struct told *told)
{
	struct source_run *run[INSTANCES_MAX];
	int open[INSTANCES_MAX];
	unsigned left = count;
	unsigned idle = 0;

	for (unsigned i = 0; i < count; i++) {
		run[i] = source_run_new(source, i, count, &trial->rig.need,
		    bad);
		open[i] = 1;
		if (count > 1)
			source_run_share(run[i], source, i, count, NULL, NULL);
	}
	while (left > 0) {
		unsigned i = rig_draw(trial->state, count);
		int got = open[i] ? step(trial, run[i], told) : 2;
		left -= got == 0;
		open[i] &= got != 0;
		idle = got == 2 ? idle + 1 : 0;
		cr_assert(idle < 10000, "nobody goes on");
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t bytes, records;
		source_run_counts(run[i], &bytes, &records);
		told->bytes += bytes;
		told->records += records;
		source_run_free(&run[i]);
	}
}

/* All that `count` instances give; for buf_fini. */
static struct buf
read_by(struct trial *trial, unsigned count)
{
	static struct told told;
	struct err err = ERR_INIT;
	struct buf out = { 0 };

	memset(&told, 0, sizeof(told));
	struct bad *bad = make_bad(trial, &told);
	struct source *source = source_open(&trial->spec, bad, &err);
	if (source == NULL)
		buf_add_format(&out, "open: %s", err.message);
	/* An empty file has none. */
	if (source != NULL && source_range_count(source) == 0)
		count = 1;
	if (source != NULL)
		run_instances(trial, source, bad, count, &told);
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		buf_add(&out, told.part[i].bytes, told.part[i].size);
		buf_fini(&told.part[i]);
	}
	buf_add(&out, told.bad.bytes, told.bad.size);
	if (told.error.size > 0)
		buf_add_format(&out, "error: %s\n", buf_string(&told.error));
	else
		buf_add_format(&out, "%llu records\n",
		    (unsigned long long)told.records);
	/* Behind a document that must be the only one chunks are skipped. */
	if (told.error.size == 0 && trial->rig.format->name[0] != 'j')
		buf_add_format(&out, "%llu bytes\n",
		    (unsigned long long)told.bytes);
	buf_fini(&told.bad);
	buf_fini(&told.error);
	source_close(&source);
	bad_abort(&bad);
	err_clear(&err);
	buf_string(&out);
	return out;
}

static void
write_file(const struct trial *trial, const char *bytes, size_t size)
{
	FILE *file = fopen(trial->file, "w");

	cr_assert(file != NULL);
	cr_assert_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* The file's place is taken by a pipe, which somebody writes bit by bit. */
static pid_t
write_pipe(const struct trial *trial, const char *bytes, size_t size)
{
	unlink(trial->file);
	cr_assert_eq(mkfifo(trial->file, 0600), 0);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int fd = open(trial->file, O_WRONLY);
	for (size_t at = 0; at < size;) {
		size_t most = 1 + rig_draw(trial->state, 50);
		ssize_t put = write(fd, bytes + at, most < size - at ? most :
		    size - at);
		if (put <= 0)
			break;
		at += (size_t)put;
		sched_yield();
	}
	_exit(0);
}

static void
set_bytes(const char *name, unsigned bytes)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", bytes);
	setenv(name, text, 1);
}

/* The bytes, read alone and by some. */
static void
try_bytes(struct trial *trial, const char *bytes, size_t size, uint64_t seed,
	unsigned tries, int is_pipe)
{
	static const unsigned counts[] = { 2, 2, 3, 7 };
	const struct rig *rig = &trial->rig;
	const char *format = rig->format->name;

	snprintf(trial->file, sizeof(trial->file), "/tmp/sflow-range-%ld.%s",
	    (long)getpid(), format);
	write_file(trial, bytes, size);
	trial->path[0] = trial->file;
	trial->spec = (struct source_spec){ .path = trial->path,
	    .path_count = 1, .format = rig->format, .option = rig->option,
	    .option_count = rig->option_count };
	set_bytes("SFLOW_CHUNK_BYTES", 4096);
	set_bytes("SFLOW_RANGE_BYTES", 1 << 20);
	struct buf alone = read_by(trial, 1);
	for (unsigned i = 0; i < tries; i++) {
		unsigned range = 1 + rig_draw(trial->state, 64);
		unsigned count = counts[rig_draw(trial->state, 4)];
		set_bytes("SFLOW_CHUNK_BYTES",
		    1 + rig_draw(trial->state, 200));
		set_bytes("SFLOW_RANGE_BYTES", range);
		pid_t writer = is_pipe ? write_pipe(trial, bytes, size) : 0;
		struct buf shared = read_by(trial, count);
		if (is_pipe)
			waitpid(writer, NULL, 0);
		cr_assert(strcmp(alone.bytes, shared.bytes) == 0,
		    "%s, seed %llu, %u instances, ranges of %u:\n%.*s\n"
		    "--- alone\n%s--- shared\n%s", format,
		    (unsigned long long)seed, count, range, (int)size, bytes,
		    alone.bytes, shared.bytes);
		buf_fini(&shared);
	}
	buf_fini(&alone);
	unlink(trial->file);
}

static void
try_document(const struct dialect *dialect, uint64_t seed, unsigned tries,
	int is_pipe)
{
	char bytes[BYTES_MAX + 100];
	uint64_t state = seed * 7919 + 3;
	struct trial trial = { .state = &state };

	rig_init(&trial.rig, dialect->format);
	if (trial.rig.format->lines == FORMAT_LINES_NONE)
		return;
	draw_options(&trial.rig, &state);
	size_t size = draw_document(dialect, &state, bytes);
	try_bytes(&trial, bytes, size, seed, tries, is_pipe);
}

/* Records whose fields turn up here and there. */
static void
try_fields(uint64_t seed)
{
	uint64_t state = seed * 104729 + 1;
	struct trial trial = { .state = &state, .tells_names = 1 };
	struct buf text = { 0 };

	rig_init(&trial.rig, "jsonl");
	trial.rig.need = (struct need){ .all = 1 };
	trial.rig.policy = rig_draw(&state, 2) ? BAD_SKIP : BAD_STOP;
	for (unsigned row = 0; row < 40; row++) {
		unsigned first = rig_draw(&state, row / 2 + 2);
		unsigned count = 1 + rig_draw(&state, 4);
		/* Down, so that few names come in the order of others. */
		for (unsigned i = 0; i < count; i++)
			buf_add_format(&text, "%s\"f%u\":%u",
			    i == 0 ? "{" : ",", first + count - i, row);
		buf_add_string(&text, rig_draw(&state, 50) == 0 ? "\n" :
		    "}\n");
	}
	try_bytes(&trial, buf_string(&text), text.size, seed, 8, 0);
	buf_fini(&text);
}

Test(range, is_what_one_reads)
{
	for (uint64_t seed = 1; seed <= rounds(60); seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_document(&dialects[i], seed, 5, 0);
}

Test(range, fields_stand_as_one_meets_them)
{
	for (uint64_t seed = 1; seed <= rounds(60); seed++)
		try_fields(seed);
}

Test(range, one_row_a_batch)
{
	setenv("SFLOW_BATCH_ROWS", "1", 1);
	for (uint64_t seed = 1; seed <= rounds(20); seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_document(&dialects[i], seed + 100000, 5, 0);
}

Test(range, a_pipe_is_what_one_reads)
{
	signal(SIGPIPE, SIG_IGN);
	for (uint64_t seed = 1; seed <= rounds(20); seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_document(&dialects[i], seed + 200000, 2, 1);
}

/* Where does a record begin, of those that `text` may be cut in two? */
static uint64_t
guess(const char *text, uint64_t start, char delimiter)
{
	char path[64];
	struct err err = ERR_INIT;
	struct range_input *bytes;
	uint64_t offset = 0;

	snprintf(path, sizeof(path), "/tmp/sflow-guess-%ld", (long)getpid());
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	struct range_file *ranges = range_file_new(2, NULL, 0);
	struct input *input = range_input_open(ranges, path, &bytes, &err);
	int got = range_input_guess(bytes, start, FORMAT_LINES_QUOTED,
	    delimiter, &offset, &err);
	cr_assert(got >= 0);
	input_close(&input);
	range_file_free(&ranges);
	unlink(path);
	return got == 1 ? offset : UINT64_MAX;
}

/* Of sound records the guess is right wherever it is asked. */
Test(range, guesses_sound_quotes)
{
	static const char *const record[] = {
		"\"a\nb\",\"c\"\"\n\"\"d\"\n", "\"e,\n\",f\n",
		"\"\",\"\"\"g\"\"\n\"\n", "\"h\",\"i\n\n\nj\"\n",
		"k,\"l\"\n", "\"m\",n\n",
	};
	char text[128] = "";
	uint64_t begin[6];

	for (unsigned i = 0; i < 6; i++) {
		begin[i] = strlen(text);
		strcat(text, record[i]);
	}
	for (uint64_t at = 1; at <= begin[5]; at++) {
		uint64_t wanted = 0;
		for (unsigned i = 6; i > 0; i--)
			if (begin[i - 1] >= at)
				wanted = begin[i - 1];
		cr_expect_eq(guess(text, at, ','), wanted, "at %u: %llu, "
		    "not %llu", (unsigned)at,
		    (unsigned long long)guess(text, at, ','),
		    (unsigned long long)wanted);
	}
}
