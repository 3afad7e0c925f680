#include "io/output.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/input.h"
#include "util/buf.h"
#include "util/err.h"

static char folder[] = "/tmp/sflow-output-XXXXXX";

static void
enter(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	signal(SIGPIPE, SIG_IGN);
}

static void
leave(void)
{
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(rmdir(folder), 0, "the folder is not empty");
}

static void
write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;
	struct output *output = output_open(path, &err);

	cr_assert_not_null(output, "%s", err.message);
	buf_add_string(output_buf(output), text);
	cr_assert_eq(output_commit(&output, &err), 0, "%s", err.message);
	cr_assert_null(output);
}

static void
assert_holds(const char *path, const char *text)
{
	struct err err = ERR_INIT;
	char bytes[100] = "";
	struct input *input = input_open(path, &err);

	cr_assert_not_null(input, "%s", err.message);
	cr_assert_eq(input_size(input), (int64_t)strlen(text));
	cr_assert_eq(input_would_block(input), 0);
	cr_assert_eq(input_read(input, bytes, sizeof(bytes), &err),
	    (ssize_t)strlen(text));
	cr_assert_str_eq(bytes, text);
	input_close(&input);
}

TestSuite(output, .init = enter, .fini = leave);

Test(output, appears_when_it_is_whole)
{
	struct err err = ERR_INIT;

	write_file("a", "one\n");
	assert_holds("a", "one\n");
	struct output *output = output_open("a", &err);
	buf_add_string(output_buf(output), "two\n");
	cr_assert_eq(output_flush(output, &err), 0);
	cr_assert_eq(output_bytes_written(output), 4);
	assert_holds("a", "one\n");
	output_abort(&output);
	assert_holds("a", "one\n");
	output = output_append("a", &err);
	buf_add_string(output_buf(output), "three\n");
	cr_assert_eq(output_commit(&output, &err), 0);
	assert_holds("a", "one\nthree\n");
	unlink("a");
}

Test(output, keeps_links_and_modes)
{
	struct stat stat_of_a;

	write_file("a", "one\n");
	cr_assert_eq(chmod("a", 0600), 0);
	cr_assert_eq(symlink("a", "b"), 0);
	write_file("b", "two\n");
	assert_holds("a", "two\n");
	cr_assert_eq(stat("a", &stat_of_a), 0);
	cr_assert_eq(stat_of_a.st_mode & 0777, 0600);
	unlink("a");
	unlink("b");
}

Test(output, says_what_is_wrong)
{
	struct err err = ERR_INIT;
	int ends[2];
	char path[32];

	cr_assert_null(output_open("no/a", &err));
	cr_assert_str_eq(err.message,
	    "cannot write no/a: No such file or directory");
	err_clear(&err);
	cr_assert_null(output_open("/", &err));
	cr_assert_str_eq(err.message, "cannot write /: Is a directory");
	err_clear(&err);
	struct output *output = output_open("/dev/full", &err);
	buf_add_string(output_buf(output), "x");
	cr_assert_eq(output_commit(&output, &err), -1);
	cr_assert_str_eq(err.message,
	    "cannot write /dev/full: No space left on device");
	cr_assert_eq(err.kind, ERR_IO);
	err_clear(&err);
	cr_assert_eq(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	output = output_open(path, &err);
	cr_assert_not_null(output);
	close(ends[0]);
	close(ends[1]);
	buf_add_string(output_buf(output), "x");
	cr_assert_eq(output_commit(&output, &err), -1);
	cr_assert_eq(err.kind, ERR_PIPE);
}

Test(output, input_says_what_is_wrong)
{
	struct err err = ERR_INIT;

	cr_assert_null(input_open("/", &err));
	cr_assert_str_eq(err.message, "/ is a directory");
	err_clear(&err);
	cr_assert_null(input_open("nothing", &err));
	cr_assert_str_eq(err.message,
	    "cannot open nothing: No such file or directory");
}
