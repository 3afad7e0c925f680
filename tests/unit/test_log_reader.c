#include <criterion/criterion.h>

#include "../unit/csv_rig.h"

static void
assert_reads(struct rig *rig, const char *bytes, const char *expected)
{
	struct buf got = rig_run(rig, bytes, strlen(bytes));

	cr_assert_str_eq(got.bytes, expected);
	buf_fini(&got);
	for (rig->chunk_bytes = 1; rig->chunk_bytes < 200;
	    rig->chunk_bytes += 7) {
		got = rig_run(rig, bytes, strlen(bytes));
		cr_assert_str_eq(got.bytes, expected);
		buf_fini(&got);
	}
}

#define COMMON "[host][ident][user][ts][method][path][proto][status][bytes]\n"

Test(log_reader, common)
{
	struct rig rig;

	rig_init(&rig, "clf");
	rig.without_record = 1;
	assert_reads(&rig,
	    "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "
	    "\"GET /a?b=\\\"c\\\" HTTP/1.0\" 200 2326 \"more\"\n"
	    "\n"
	    "::1 id a b [10/Oct/2000:13:55:36 +0000] \"GARBAGE\" 400 -\r\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] \"-\" 408 -",
	    COMMON
	    "|127.0.0.1|null|frank|timestamp:2000-10-10T20:55:36Z|GET"
	    "|/a?b=\\\"c\\\"|HTTP/1.0|200|2326\n"
	    "|::1|id|a b|timestamp:2000-10-10T13:55:36Z|null|GARBAGE|null"
	    "|400|null\n"
	    "|h|null|null|timestamp:2000-10-10T13:55:36Z|null|null|null|408"
	    "|null\nbad 0 read 3\n");
}

Test(log_reader, what_is_expected)
{
	struct rig rig;

	rig_init(&rig, "combined");
	rig.without_record = 1;
	assert_reads(&rig,
	    "host\n"
	    "h - -\n"
	    "h - - [now] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"\n"
	    "h - - [10/Oct/2000:13:55:36 +0000\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] GET\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200 1\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200 1 \"r\" \"a\n"
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200 1 \"r\" \"a\" x\n",
	    "[host][ident][user][ts][method][path][proto][status][bytes]"
	    "[referer][agent]\n"
	    "|h|null|null|timestamp:2000-10-10T13:55:36Z|null|GET|null|200|1"
	    "|r|a\n"
	    "bad 8 read 9\n"
	    "x:1:1: expected a host: host\n"
	    "x:2:5: expected a user and a time in brackets: h - -\n"
	    "x:3:8: expected a time like 10/Oct/2000:13:55:36 -0700: "
	    "h - - [now] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"\n"
	    "x:4:7: expected a time in brackets: "
	    "h - - [10/Oct/2000:13:55:36 +0000\n"
	    "x:5:35: expected a request in quotes: "
	    "h - - [10/Oct/2000:13:55:36 +0000] GET\n"
	    "x:6:45: expected a status and a number of bytes: "
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200\n"
	    "x:7:47: expected a referer in quotes: "
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200 1\n"
	    "x:8:52: expected a user agent in quotes: "
	    "h - - [10/Oct/2000:13:55:36 +0000] \"GET\" 200 1 \"r\" \"a\n");
}

Test(log_reader, stops_behind_what_is_good)
{
	static const char *const names[] = { "status", "nothing" };
	struct rig rig;

	rig_init(&rig, "clf");
	rig.policy = BAD_STOP;
	rig.without_record = 1;
	rig.need = (struct need){ .name = names, .name_count = 2 };
	struct buf got = rig_run(&rig,
	    "h - - [nobody asks] \"GET\" 200 1\nbad\n", 37);
	cr_assert_str_eq(got.bytes, COMMON
	    "|null|null|null|null|null|null|null|200|null\n"
	    "error: x:2:1: expected a host\n  | bad\n    ^\nhint: \n"
	    "bad 1 read 2\n");
	buf_fini(&got);
}
