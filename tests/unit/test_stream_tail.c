/*
 * tail(): files are written, rotated, cut and removed step by step; every line
 * comes once and in order.  Nothing sleeps: the clock is the test's.
 */
#include "stream_rig.h"

TestSuite(stream_tail, .fini = rig_remove_folder);

static const struct stream_def *
tail_def(void)
{
	return stream_find("tail", 4);
}

static const char *const log_path[] = { "a.log" };
static const char *const all_paths[] = { "*.log*" };

static void
start(struct rig *rig)
{
	rig_folder();
	rig_clock();
	rig_write("a.log", "1\n2\n");
	rig_open(rig, tail_def(), log_path, 1, NULL, 0);
	rig_run(rig);
	rig_expect(rig, "1\n2\n");
}

Test(stream_tail, follows_and_waits_for_the_end_of_a_line)
{
	struct rig rig;

	start(&rig);
	rig_write("a.log", "3\n4");
	rig_run(&rig);
	rig_expect(&rig, "1\n2\n3\n");
	rig_settle(&rig);
	rig_write("a.log", "4\n");
	rig_run(&rig);
	rig_expect(&rig, "1\n2\n3\n44\n");
	rig_close(&rig);
}

Test(stream_tail, rotated_by_rename)
{
	struct rig rig;

	start(&rig);
	rig_write("a.log", "3\n");
	rig_rotate("a.log");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n");
	rig_write("a.log", "5\n");
	rig_run(&rig);
	/* The program goes on writing to the old one for a moment. */
	rig_write("a.log.1", "4");
	rig_run(&rig);
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n");
	rig_write("a.log", "6\n");
	rig_run(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n6\n");
	rig_close(&rig);
}

Test(stream_tail, rotated_several_times_between_two_looks)
{
	struct rig rig;

	rig_folder();
	rig_clock();
	rig_write("a.log.1", "older\n");
	rig_write("a.log", "1\n");
	rig_open(&rig, tail_def(), log_path, 1, NULL, 0);
	rig_run(&rig);
	rig_write("a.log", "2\n");
	for (int i = 3; i < 6; i++) {
		char line[16];
		rig_rotate("a.log");
		snprintf(line, sizeof(line), "%d\n", i);
		rig_write("a.log", line);
	}
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n");
	rig_close(&rig);
}

Test(stream_tail, rotated_while_the_job_was_down)
{
	struct rig rig;

	start(&rig);
	rig_write("a.log", "3\n");
	rig_resume(&rig, log_path, 1);
	rig_write("a.log", "4\n");
	rig_rotate("a.log");
	rig_write("a.log", "5\n");
	rig_rotate("a.log");
	rig_write("a.log", "6\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n6\n");
	rig_resume(&rig, log_path, 1);
	rig_settle(&rig);
	rig_write("a.log", "7\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n6\n7\n");
	rig_close(&rig);
}

Test(stream_tail, rotated_names_match_the_pattern)
{
	struct rig rig;

	rig_folder();
	rig_clock();
	rig_write("a.log.1", "0\n");
	rig_write("a.log", "1\n");
	rig_open(&rig, tail_def(), all_paths, 1, NULL, 0);
	rig_settle(&rig);
	rig_expect(&rig, "1\n0\n");
	for (int i = 2; i < 6; i++) {
		char line[16];
		rig_rotate("a.log");
		snprintf(line, sizeof(line), "%d\n", i);
		rig_write("a.log", line);
		rig_settle(&rig);
	}
	rig_expect(&rig, "1\n0\n2\n3\n4\n5\n");
	rig_resume(&rig, all_paths, 1);
	rig_settle(&rig);
	rig_expect(&rig, "1\n0\n2\n3\n4\n5\n");
	rig_close(&rig);
}

Test(stream_tail, cut_in_place)
{
	struct rig rig;

	start(&rig);
	cr_assert_eq(truncate("a.log", 0), 0);
	rig_write("a.log", "3\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n");
	/* Longer than before at the next look: its beginning tells. */
	cr_assert_eq(truncate("a.log", 0), 0);
	rig_write("a.log", "4\n5\n6\n7\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n6\n7\n");
	rig_close(&rig);
}

Test(stream_tail, copied_and_cut_while_the_job_was_down)
{
	struct rig rig;

	start(&rig);
	rig_resume(&rig, log_path, 1);
	rig_write("a.log", "3\n");
	cr_assert_eq(system("cp a.log a.log.1"), 0);
	cr_assert_eq(truncate("a.log", 0), 0);
	rig_write("a.log", "4\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n");
	rig_close(&rig);
}

Test(stream_tail, removed_and_made_anew)
{
	struct rig rig;

	start(&rig);
	unlink("a.log");
	rig_run(&rig);
	rig_pass(30);
	rig_settle(&rig);
	cr_assert_eq(rig.splits_ended, 0, "a named path may come again");
	rig_write("a.log", "3\n");
	rig_settle(&rig);
	unlink("a.log");
	rig_write("a.log", "4\n5\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n4\n5\n");
	rig_close(&rig);
}

Test(stream_tail, new_files_match_while_it_runs)
{
	struct rig rig;

	rig_folder();
	rig_clock();
	rig_open(&rig, tail_def(), all_paths, 1, NULL, 0);
	rig_run(&rig);
	rig_write("b.log", "1\n");
	rig_write("b.log.gz", "\n");
	rig_settle(&rig);
	rig_write("c.log", "2\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n");
	unlink("b.log");
	for (int i = 0; i < 3; i++)
		rig_settle(&rig);
	cr_assert_eq(rig.splits_ended, 1);
	rig_write("b.log", "3\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n");
	rig_close(&rig);
}

static int
no_watch(void)
{
	return -1;
}

Test(stream_tail, without_watches)
{
	struct rig rig;

	rig_folder();
	rig_clock();
	rig_env.watch_open = no_watch;
	rig_write("a.log", "1\n");
	rig_open(&rig, tail_def(), log_path, 1, NULL, 0);
	rig_run(&rig);
	rig_write("a.log", "2\n");
	rig_rotate("a.log");
	rig_write("a.log", "3\n");
	rig_settle(&rig);
	rig_expect(&rig, "1\n2\n3\n");
	rig_close(&rig);
}

static struct value
text_value(const char *text)
{
	return (struct value){ .type = TYPE_TEXT,
		.cell.text = text_make(text, strlen(text)) };
}

Test(stream_tail, starts_at_the_end)
{
	struct rig rig;
	struct value end = text_value("end");
	struct format_option option = { "start", &end };

	rig_folder();
	rig_clock();
	rig_write("a.log", "1\n2\n3");
	rig_open(&rig, tail_def(), log_path, 1, &option, 1);
	rig_run(&rig);
	rig_expect(&rig, "");
	rig_write("a.log", "3\n4\n");
	rig_run(&rig);
	rig_expect(&rig, "33\n4\n");
	rig_close(&rig);
}

Test(stream_tail, stops_when_nothing_has_come_for_a_while)
{
	struct rig rig;
	struct value time = { .type = TYPE_DURATION,
		.cell.integer = 3000000 };
	struct format_option option = { "stop_after", &time };

	rig_folder();
	rig_clock();
	rig_write("a.log", "1\n");
	rig_open(&rig, tail_def(), log_path, 1, &option, 1);
	rig_run(&rig);
	rig_pass(2.9);
	rig_run(&rig);
	rig_write("a.log", "2\n3");
	rig_run(&rig);
	rig_pass(2.9);
	rig_run(&rig);
	cr_assert_eq(rig.last, STREAM_WAIT);
	rig_rotate("a.log");
	rig_write("a.log", "4\n5");
	rig_pass(0.2);
	rig_run(&rig);
	cr_assert_eq(rig.last, STREAM_WAIT, "there is another file to read");
	rig_settle(&rig);
	cr_assert_eq(rig.last, STREAM_END);
	rig_expect(&rig, "1\n2\n3\n4\n5\n");
	cr_assert_eq(rig.splits_ended, 1);
	rig_close(&rig);
}

static void
fails(const char *path, const char *message)
{
	struct rig rig;
	const char *const paths[] = { path };

	rig_open(&rig, tail_def(), paths, 1, NULL, 0);
	rig_run(&rig);
	cr_assert_eq(rig.last, STREAM_FAIL);
	cr_assert_str_eq(rig.err.message, message);
	rig_close(&rig);
}

Test(stream_tail, what_cannot_be_followed)
{
	rig_folder();
	rig_clock();
	fails("none.log", "cannot open none.log: No such file or directory");
	fails(".", ". is a directory");
	fails("/dev/null", "/dev/null is not a regular file");
}

Test(stream_tail, bad_options)
{
	struct value middle = text_value("middle");
	struct value zero = { .type = TYPE_DURATION };
	struct format_option option[] = { { "start", &middle },
		{ "stop_after", &zero }, { "stopafter", &zero } };
	const char *const messages[] = {
		"start is \"begin\" or \"end\", not \"middle\"",
		"stop_after is a time above 0, like 10s",
		"tail has no option 'stopafter'",
	};

	for (unsigned i = 0; i < 3; i++) {
		struct err err = ERR_INIT;
		cr_assert_null(tail_def()->open(log_path, 1, &option[i], 1,
		    &err));
		cr_assert_str_eq(err.message, messages[i]);
	}
}

/* Positions from a checkpoint are anybody's bytes. */
Test(stream_tail, damaged_positions)
{
	struct rig rig;
	struct buf saved = { 0 };
	struct err err = ERR_INIT;

	start(&rig);
	rig.def->save(rig.stream, &rig.part[0].part, &rig.part[0].position,
	    &saved);
	rig.def->save(rig.stream, NULL, NULL, &saved);
	rig_close(&rig);
	for (size_t i = 0; i < saved.size; i++) {
		err_clear(&err);
		rig_open(&rig, tail_def(), log_path, 1, NULL, 0);
		saved.bytes[i] ^= 0x40;
		cr_assert_neq(rig.def->load(rig.stream, saved.bytes,
		    saved.size, &err), 0, "byte %zu", i);
		saved.bytes[i] ^= 0x40;
		rig_close(&rig);
	}
	rig_open(&rig, tail_def(), log_path, 1, NULL, 0);
	cr_assert_neq(rig.def->load(rig.stream, saved.bytes, saved.size - 1,
	    &err), 0);
	rig_close(&rig);
	buf_fini(&saved);
}

/* --- anything may happen --- */

struct writer {
	uint64_t seed;
	struct buf lines;	/* all that was written */
	unsigned next;
	int in_line;
};

static unsigned
draw(struct writer *writer, unsigned below)
{
	writer->seed = writer->seed * 6364136223846793005u +
	    1442695040888963407u;
	return (unsigned)(writer->seed >> 33) % below;
}

static void
write_some(struct writer *writer)
{
	char text[64];

	if (writer->in_line || draw(writer, 3) == 0) {
		/* A part of a line: the end comes later. */
		snprintf(text, sizeof(text), "part %u ", writer->next++);
		rig_write("a.log", text);
		buf_add_string(&writer->lines, text);
		writer->in_line = 1;
	}
	if (draw(writer, 4) == 0 && writer->in_line)
		return;
	for (unsigned i = draw(writer, 30); i < 30; i++) {
		snprintf(text, sizeof(text), "line %u\n", writer->next++);
		rig_write("a.log", text);
		buf_add_string(&writer->lines, text);
	}
	writer->in_line = writer->lines.size > 0 &&
	    writer->lines.bytes[writer->lines.size - 1] != '\n';
}

/* A new file begins a new line, whether the old one ended its last or not. */
static void
end_line(struct writer *writer)
{
	if (writer->in_line)
		buf_add_char(&writer->lines, '\n');
	writer->in_line = 0;
}

static void
random_run(uint64_t seed, int with_pattern)
{
	static const char *const pattern[] = { "a.log*" };
	const char *const *path = with_pattern ? pattern : log_path;
	struct writer writer = { .seed = seed };
	struct rig rig;

	rig_folder();
	rig_clock();
	rig_read_bytes = 1 + seed % 100;
	rig_write("a.log", "");
	rig_open(&rig, tail_def(), path, 1, NULL, 0);
	rig_settle(&rig);
	for (unsigned step = 0; step < 60; step++) {
		switch (draw(&writer, 8)) {
		case 0: case 1: case 2: write_some(&writer); break;
		case 3: rig_run(&rig); break;
		case 4: rig_pass(0.3 * draw(&writer, 5)); break;
		case 5:
			rig_rotate("a.log");
			end_line(&writer);
			rig_write("a.log", "");
			/* With a pattern, the files between two looks may
			 * come as splits of their own, in any order. */
			if (with_pattern)
				rig_settle(&rig);
			break;
		case 6:
			rig_settle(&rig);
			end_line(&writer);
			cr_assert_eq(truncate("a.log", 0), 0);
			rig_settle(&rig);
			break;
		default:
			rig_resume(&rig, path, 1);
		}
	}
	end_line(&writer);
	rig_write("a.log", "\n");
	rig_settle(&rig);
	rig_settle(&rig);
	/* The empty line that ended it, if it had ended before. */
	if (rig.lines.size == writer.lines.size + 1)
		rig.lines.size--;
	cr_assert_str_eq(buf_string(&rig.lines), buf_string(&writer.lines),
	    "seed %llu", (unsigned long long)seed);
	rig_close(&rig);
	buf_fini(&writer.lines);
}

Test(stream_tail, every_line_once_and_in_order)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
		random_run(seed, 0);
}

Test(stream_tail, every_line_once_with_a_pattern)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		random_run(seed, 1);
}
