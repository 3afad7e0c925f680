/*
 * Sources: what is told elsewhere is the same source; instances share the
 * splits; a job that stops anywhere and goes on, with other instances, reads
 * every record once.  Streams are a made-up one, whose parts come by a script.
 */
#include "op/source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/bad.h"
#include "io/input.h"
#include "io/stream.h"
#include "state/save.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/mem.h"
#include "util/pack.h"

#define FILES 5

static char folder[64];

static void
write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	cr_assert(file != NULL);
	fputs(text, file);
	fclose(file);
}

/* Files of different lengths, columns and delimiters. */
static void
make_files(void)
{
	snprintf(folder, sizeof(folder), "/tmp/sflow-source-%ld",
	    (long)getpid());
	mkdir(folder, 0700);
	for (int i = 0; i < FILES; i++) {
		struct buf text = { 0 };
		char name[16];
		char c = i == 3 ? ';' : ',';
		buf_add_format(&text, i == 2 ? "b%ca\n" : "a%cb\n", c);
		for (int k = 0; k < i * 13; k++)
			buf_add_format(&text, "%d%c%d\n", i, c, k);
		snprintf(name, sizeof(name), "%d.csv", i);
		write_file(name, buf_string(&text));
		buf_fini(&text);
	}
}

static void
remove_files(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert(system(command) == 0);
}

struct rig {
	struct source_spec spec;
	struct bad *bad;
	char pattern[128];
	const char *path[1];
	struct err err;
};

static void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	make_files();
	snprintf(rig->pattern, sizeof(rig->pattern), "%s/*.csv", folder);
	rig->path[0] = rig->pattern;
	rig->spec.path = rig->path;
	rig->spec.path_count = 1;
	rig->bad = bad_new(BAD_STOP, NULL, &rig->err);
}

static void
rig_fini(struct rig *rig)
{
	cr_assert(bad_close(&rig->bad, &rig->err) == 0);
	remove_files();
}

static void
add_rows(struct buf *out, const struct batch *batch)
{
	struct region *region = region_new();

	cr_assert(batch->split != 0);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		for (uint32_t c = 0; c < batch->schema->field_count; c++) {
			struct value value = column_value(&batch->column[c],
			    batch_row(batch, i), region);
			buf_add_string(out, c > 0 ? " " : "");
			value_add_text(&value, out);
		}
		buf_add_char(out, '\n');
	}
	region_drop(&region);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of `text` in order. */
static void
sort_lines(struct buf *text)
{
	struct buf sorted = { 0 };
	char *line[4096], *rest;
	size_t count = 0;

	buf_string(text);
	for (char *at = strtok_r(text->bytes, "\n", &rest); at != NULL;
	    at = strtok_r(NULL, "\n", &rest))
		line[count++] = at;
	qsort(line, count, sizeof(*line), compare_lines);
	for (size_t i = 0; i < count; i++)
		buf_add_format(&sorted, "%s\n", line[i]);
	buf_string(&sorted);
	buf_fini(text);
	*text = sorted;
}

/* Up to `most` items; 1: there may be more, 0: the end. */
static int
read_items(struct source_run *run, unsigned most, struct buf *rows,
	struct buf *splits, struct err *err)
{
	struct source_item item;

	for (; most > 0; most--) {
		enum source_got got = source_run_next(run, &item, err);
		cr_assert(got != SOURCE_FAIL, "%s", err->message);
		if (got == SOURCE_END)
			return 0;
		if (got == SOURCE_BATCH) {
			add_rows(rows, item.batch);
			batch_free(&item.batch);
		}
		if (got == SOURCE_SPLIT && splits != NULL)
			buf_add_format(splits, "%c%u ", item.what ==
			    OP_SPLIT_BEGIN ? '+' : '-', item.number);
	}
	return 1;
}

static const struct need everything = { .all = 1 };

Test(source, splits_are_told_in_order)
{
	struct rig rig;
	struct buf rows = { 0 }, splits = { 0 };

	rig_init(&rig);
	struct source *source = source_open(&rig.spec, rig.bad, &rig.err);
	cr_assert(source != NULL);
	cr_assert_eq(source_width(source), FILES);
	cr_assert(!source_is_live(source));
	struct source_run *run = source_run_new(source, 1, 2, &everything,
	    rig.bad);
	cr_assert_eq(read_items(run, UINT32_MAX, &rows, &splits, &rig.err), 0);
	buf_string(&splits);
	cr_assert_str_eq(splits.bytes, "+1 +3 -1 -3 ");
	uint64_t bytes, records;
	source_run_counts(run, &bytes, &records);
	cr_assert_eq(records, 13 + 39);
	source_run_free(&run);
	source_close(&source);
	buf_fini(&rows);
	buf_fini(&splits);
	rig_fini(&rig);
}

Test(source, described_is_the_same)
{
	struct rig rig;
	struct buf description = { 0 }, again = { 0 };
	const char *reason;

	rig_init(&rig);
	struct source *source = source_open(&rig.spec, rig.bad, &rig.err);
	source_describe(source, &description);
	/* Nothing is looked at: the folder may be gone. */
	remove_files();
	struct source_spec spec = rig.spec;
	spec.description = description.bytes;
	spec.description_size = description.size;
	struct source *told = source_open(&spec, rig.bad, &rig.err);
	cr_assert(told != NULL);
	source_describe(told, &again);
	cr_assert(again.size == description.size &&
	    memcmp(again.bytes, description.bytes, again.size) == 0);
	cr_assert(schema_has_names_of(source_schema(source),
	    source_schema(told)));
	cr_assert_eq(source_format(source), source_format(told));
	cr_assert_str_eq(source_label(source), source_label(told));
	cr_assert(source_can_replay(told, &reason));
	source_close(&told);
	/* Every byte may be missing, or another one. */
	for (size_t i = 0; i < description.size; i++) {
		struct err err = ERR_INIT;
		spec.description_size = i;
		cr_assert(source_open(&spec, rig.bad, &err) == NULL);
		spec.description_size = description.size;
		description.bytes[i] ^= (char)0xa5;
		err_clear(&err);
		told = source_open(&spec, rig.bad, &err);
		source_close(&told);
		description.bytes[i] ^= (char)0xa5;
	}
	source_close(&source);
	buf_fini(&description);
	buf_fini(&again);
	make_files();
	rig_fini(&rig);
}

/* Read on from `saved` with `count` instances, each for some items; what is
 * saved then is put into `out`.  1: not all was read. */
static int
read_some(struct rig *rig, unsigned count, const struct save *saved,
	struct save *out, uint64_t *state, struct buf *rows)
{
	int more = 0;

	for (unsigned i = 0; i < count; i++) {
		struct source *source = source_open(&rig->spec, rig->bad,
		    &rig->err);
		struct source_run *run = source_run_new(source, i, count,
		    &everything, rig->bad);
		for (uint64_t k = 0; saved != NULL && k < save_count(saved);
		    k++) {
			uint32_t group;
			size_t size;
			const char *bytes = save_entry(saved, k, &group, &size);
			cr_assert_eq(group, SAVE_SHARED);
			cr_assert_eq(source_run_load(run, bytes, size,
			    &rig->err), 0);
		}
		*state = *state * 6364136223846793005u + 1;
		more |= read_items(run, (unsigned)(*state >> 33) % 12, rows,
		    NULL, &rig->err);
		source_run_save(run, out);
		source_run_free(&run);
		source_close(&source);
	}
	return more;
}

Test(source, goes_on_with_other_instances)
{
	struct buf expected = { 0 };
	struct rig rig;

	setenv("SFLOW_BATCH_ROWS", "3", 1);
	rig_init(&rig);
	for (int i = 0; i < FILES; i++)
		for (int k = 0; k < i * 13; k++)
			buf_add_format(&expected, "%d %d\n", i == 2 ? k : i,
			    i == 2 ? i : k);
	sort_lines(&expected);
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct save *saved = NULL;
		struct buf rows = { 0 };
		uint64_t state = seed;
		for (int more = 1; more;) {
			struct save *next = save_new();
			more = read_some(&rig, 1 + (state >> 40) % 4, saved,
			    next, &state, &rows);
			save_free(&saved);
			saved = next;
		}
		save_free(&saved);
		sort_lines(&rows);
		cr_assert_str_eq(rows.bytes, expected.bytes);
		buf_fini(&rows);
	}
	buf_fini(&expected);
	rig_fini(&rig);
}

Test(source, damaged_positions_are_errors)
{
	struct save *saved = save_new();
	struct rig rig;
	uint32_t group;
	size_t size;

	rig_init(&rig);
	struct source *source = source_open(&rig.spec, rig.bad, &rig.err);
	struct source_run *run = source_run_new(source, 0, 1, &everything,
	    rig.bad);
	source_run_save(run, saved);
	const char *bytes = save_entry(saved, 0, &group, &size);
	for (size_t i = 0; i < size; i++) {
		struct err err = ERR_INIT;
		cr_assert_eq(source_run_load(run, bytes, i, &err), -1);
		cr_assert_eq(err.kind, ERR_IO);
	}
	/* Behind the end of the file. */
	struct buf entry = { 0 };
	buf_add(&entry, bytes, 24);
	pack_u64(&entry, 1 << 20);
	buf_add(&entry, bytes + 32, size - 32);
	cr_assert_eq(source_run_load(run, entry.bytes, entry.size, &rig.err),
	    0);
	struct source_item item;
	enum source_got got;
	while ((got = source_run_next(run, &item, &rig.err)) == SOURCE_SPLIT)
		continue;
	cr_assert_eq(got, SOURCE_FAIL);
	cr_assert(strstr(rig.err.message, "is shorter than") != NULL);
	err_clear(&rig.err);
	buf_fini(&entry);
	save_free(&saved);
	source_run_free(&run);
	source_close(&source);
	rig_fini(&rig);
}

/* --- a stream by script --- */

/* "1:text" a part of split 1, "w" nothing now, "x1" split 1 ends, "." all. */
struct stream {
	const char *const *step;
	unsigned finished;
};

static const char *const *script;

static struct stream *
script_open(const char *const *path, uint32_t path_count,
	const struct format_option *option, uint32_t option_count,
	struct err *err)
{
	struct stream *stream = mem_alloc_zero(sizeof(*stream));

	(void)path, (void)path_count, (void)option, (void)option_count;
	(void)err;
	stream->step = script;
	return stream;
}

static enum stream_got
script_next(struct stream *stream, struct stream_part *out, struct err *err)
{
	const char *step = *stream->step;

	(void)err;
	if (*step == '.')
		return STREAM_END;
	stream->step++;
	if (*step == 'w')
		return STREAM_WAIT;
	out->split = (uint64_t)(step[*step == 'x'] - '0');
	if (*step == 'x')
		return STREAM_SPLIT_END;
	out->label = "peer";
	out->input = input_memory(step + 2, strlen(step + 2));
	return STREAM_INPUT;
}

static void
script_finished(struct stream *stream, const struct stream_part *part)
{
	(void)part;
	stream->finished++;
}

static void
script_wait(struct stream *stream, struct env_waits *waits)
{
	(void)stream;
	env_waits_until(waits, 7);
}

static void
script_save(struct stream *stream, const struct stream_part *part,
	const struct reader_position *position, struct buf *out)
{
	(void)stream;
	if (part != NULL)
		pack_u64(out, position->record);
}

static int
script_load(struct stream *stream, const char *bytes, size_t size,
	struct err *err)
{
	(void)stream, (void)bytes, (void)size, (void)err;
	return 0;
}

static void
script_close(struct stream **stream)
{
	mem_free(*stream);
	*stream = NULL;
}

static const struct stream_def stream_script = {
	.name = "script", .open = script_open, .next = script_next,
	.finished = script_finished, .wait = script_wait, .save = script_save,
	.load = script_load, .close = script_close,
};

/* All that a script gives, in one line. */
static void
tell_stream(const char *const *steps, const char *expected)
{
	struct err err = ERR_INIT;
	struct bad *bad = bad_new(BAD_STOP, NULL, &err);
	struct source_spec spec = {
		.stream = &stream_script, .format = format_find("lines", 5),
	};
	struct buf out = { 0 };
	struct source_item item = { 0 };
	enum source_got got;
	uint64_t names[10] = { 0 };

	script = steps;
	struct source *source = source_open(&spec, bad, &err);
	cr_assert(source_is_live(source));
	struct source_run *run = source_run_new(source, 0, 1, &everything,
	    bad);
	while ((got = source_run_next(run, &item, &err)) > SOURCE_END) {
		unsigned who = 0;
		while (names[who] != item.split && names[who] != 0)
			who++;
		if (got != SOURCE_WAIT)
			names[who] = item.split;
		if (got == SOURCE_WAIT)
			buf_add_string(&out, "wait ");
		if (got == SOURCE_SPLIT)
			buf_add_format(&out, "%c%u ", item.what ==
			    OP_SPLIT_BEGIN ? '+' : '-', who);
		if (got != SOURCE_BATCH)
			continue;
		buf_add_format(&out, "%u:", who);
		add_rows(&out, item.batch);
		out.bytes[out.size - 1] = ' ';
		batch_free(&item.batch);
	}
	cr_assert_eq(got, SOURCE_END);
	buf_string(&out);
	cr_assert_str_eq(out.bytes, expected);
	source_run_free(&run);
	source_close(&source);
	buf_fini(&out);
	cr_assert(bad_close(&bad, &err) == 0);
}

Test(source, stream_splits_take_turns)
{
	static const char *const steps[] = {
		"1:a\nb\n", "2:c\nd\n", "1:e\n", "w", "w", "3:f\n", "x3", "w",
		"x1", "w", "2:g", "w", ".",
	};

	setenv("SFLOW_BATCH_ROWS", "1", 1);
	tell_stream(steps, "+0 +1 0:a 1:c 0:b 1:d +2 0:e 2:f -0 1:g -2 -1 ");
}

Test(source, stream_without_inputs)
{
	static const char *const nothing[] = { "." };
	static const char *const later[] = { "w", "w", "1:a\n", "x1", "." };

	tell_stream(nothing, "");
	tell_stream(later, "wait wait +0 0:a -0 ");
}

Test(source, stop_gives_what_was_read)
{
	struct err err = ERR_INIT;
	struct bad *bad = bad_new(BAD_STOP, NULL, &err);
	struct source_spec spec = {
		.stream = &stream_script, .format = format_find("lines", 5),
	};
	static const char *const steps[] = { "1:a\nb\nc\nd", "w", "w", "w",
		"w", "w", "w", "w", "w", "w", "w", "." };
	struct buf rows = { 0 };

	setenv("SFLOW_BATCH_ROWS", "1", 1);
	script = steps;
	struct source *source = source_open(&spec, bad, &err);
	struct source_run *run = source_run_new(source, 0, 1, &everything,
	    bad);
	cr_assert_eq(read_items(run, 2, &rows, NULL, &err), 1);
	source_run_stop(run);
	cr_assert_eq(read_items(run, 100, &rows, NULL, &err), 0);
	buf_string(&rows);
	cr_assert_str_eq(rows.bytes, "a\nb\nc\n");
	source_run_free(&run);
	source_close(&source);
	buf_fini(&rows);
	cr_assert(bad_close(&bad, &err) == 0);
}
