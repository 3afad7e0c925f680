#include <criterion/criterion.h>

#include "../unit/csv_rig.h"
#include "io/log_line.h"
#include "util/cpu.h"

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

/* Lines with as many quotes as most, and others among them. */
Test(log_reader, quotes_are_counted)
{
	static const char *const names[] = { "path", "status", "agent" };
	struct rig rig;

	rig_init(&rig, "combined");
	rig.without_record = 1;
	rig.need = (struct need){ .name = names, .name_count = 3 };
#define FRONT "h - - [10/Oct/2000:13:55:36 +0000] "
	assert_reads(&rig,
	    FRONT "\"GET /1 HTTP/1.1\" 200 1 \"-\" \"a\"\n"
	    FRONT "\"GET /2 HTTP/1.1\" 201 1 \"-\" \"b\"\r\n"
	    FRONT "\"GET /3 HTTP/1.1\" 202 1 \"-\" \"-\"\n"
	    FRONT "\"GET /4 HTTP/1.1\" 203 1 \"\\\"\" \"c\"\n"
	    FRONT "\"GET /5\" 204 1 \"-\" \"d\" \"\"\n"
	    "\n\"\"\"\"\"\"\n"
	    FRONT "\"GET /6 HTTP/1.1\" 205 1 \"-\" \"e\" \"\n"
	    FRONT "\"GET /7 HTTP/1.1\" 206 1 \"-\" \"f\"",
	    "[host][ident][user][ts][method][path][proto][status][bytes]"
	    "[referer][agent]\n"
	    "|null|null|null|null|null|/1|null|200|null|null|a\n"
	    "|null|null|null|null|null|/2|null|201|null|null|b\n"
	    "|null|null|null|null|null|/3|null|202|null|null|null\n"
	    "|null|null|null|null|null|/4|null|203|null|null|c\n"
	    "|null|null|null|null|null|GET /5|null|204|null|null|d\n"
	    "|null|null|null|null|null|/6|null|205|null|null|e\n"
	    "|null|null|null|null|null|/7|null|206|null|null|f\n"
	    "bad 1 read 8\n"
	    "x:7:1: expected a host: \"\"\"\"\"\"\n");
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

static uint64_t
draw(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

/* A line, long or short, with a few bytes that are others. */
static size_t
draw_line(uint64_t *state, char *line)
{
	static const char bytes[] = " \"\\[]-aHTP/1\xff";
	static const char path[] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	int size = snprintf(line, 400, "10.0.0.%u - %s [10/Oct/2000:13:55:36 "
	    "-0700] \"%s %.*s %s\" %u %s \"%s\" \"Mozilla%.*s\"",
	    (unsigned)draw(state, 256), draw(state, 4) ? "-" : "a b [c",
	    draw(state, 4) ? "GET" : "", (int)draw(state, 90), path,
	    draw(state, 4) ? "HTTP/1.1" : "H", (unsigned)draw(state, 600),
	    draw(state, 2) ? "-" : "17", draw(state, 4) ? "-" : "a\\\"b",
	    (int)draw(state, 60), " (X11; Linux x86_64) AppleWebKit/537.36 "
	    "(KHTML, like Gecko) ab");

	for (unsigned i = (unsigned)draw(state, 4); i > 0; i--)
		line[draw(state, (uint64_t)size)] = bytes[draw(state,
		    sizeof(bytes) - 1)];
	return draw(state, 4) ? (size_t)size : 1 + draw(state,
	    (uint64_t)size);
}

Test(log_line, by_masks_as_byte_by_byte)
{
	uint64_t state = 5;
	char bytes[800];
	unsigned usual = 0;

	for (unsigned i = 0; i < 300000; i++) {
		struct log_line line;
		uint32_t fault = 0, quotes[800];
		uint32_t from[LOG_PART_COUNT], to[LOG_PART_COUNT];
		uint64_t valid[LOG_PART_COUNT];
		int combined = draw(&state, 3) != 0;
		uint32_t at = (uint32_t)draw(&state, 9);
		memset(bytes, ' ', sizeof(bytes));
		uint32_t end = at + (uint32_t)draw_line(&state, bytes + at);
		struct column column = { .type = TYPE_RAW, .encoding = SLICE,
			.stride = 1, .base = bytes, .from = &at, .to = &end };
		struct log_lines lines = { .column = &column, .quote = quotes,
			.step = combined ? 6 : 2, .combined = combined,
			.wanted = (uint32_t)draw(&state,
			1 << (combined ? LOG_PART_COUNT : LOG_COMMON_COUNT)) };
		for (unsigned part = 0; part < LOG_PART_COUNT; part++) {
			valid[part] = 1;
			lines.from[part] = &from[part];
			lines.to[part] = &to[part];
			lines.valid[part] = &valid[part];
		}
		log_line_quotes(bytes, at, end, quotes);
		if (log_lines_scan(&lines, 0, 1) == 0)
			continue;
		usual++;
		cr_assert(log_line_scan(bytes, at, end, combined, &line,
		    &fault) == NULL);
		for (unsigned part = 0; part < LOG_PART_COUNT; part++) {
			if ((lines.wanted >> part & 1) == 0)
				continue;
			cr_assert_eq(valid[part], line.from[part] <=
			    line.to[part]);
			cr_assert_eq(to[part], line.to[part]);
			if (valid[part])
				cr_assert_eq(from[part], line.from[part]);
		}
	}
	cr_assert(usual > 20000 || cpu_tier() < CPU_AVX2);
}
