#include "lang/diag.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"

static void
expect_text(const struct err *err, const char *name, const char *source,
	const char *expected)
{
	struct buf buf = { NULL, 0, 0 };

	diag_print(err, name, source, source != NULL ? strlen(source) : 0,
	    &buf);
	cr_expect_str_eq(buf_string(&buf), expected, "%s", buf_string(&buf));
	buf_fini(&buf);
}

Test(diag, place_line_carets_and_hint)
{
	struct err err = ERR_INIT;

	err_set_at(&err, 27, 4,
	    "sum() needs a number, 'host' is a string");
	expect_text(&err, "report.sflow",
	    "from stdin\n| where a\n| sum(host) by day\n| head\n",
	    "report.sflow:3:7: error: sum() needs a number, 'host' is a "
	    "string\n"
	    "  | sum(host) by day\n"
	    "        ^^^^\n");
	err_hint(&err, "try: %s", "count");
	expect_text(&err, "report.sflow",
	    "from stdin\n| where a\n| sum(host) by day",
	    "report.sflow:3:7: error: sum() needs a number, 'host' is a "
	    "string\n"
	    "  | sum(host) by day\n"
	    "        ^^^^\n"
	    "  = try: count\n");
}

Test(diag, columns_are_characters_and_tabs_stay)
{
	struct err err = ERR_INIT;

	/* Two bytes each: the caret stands under the third character. */
	err_set_at(&err, 5, 4, "no");
	expect_text(&err, "p", "\t\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x\r\n",
	    "p:1:4: error: no\n"
	    "  \t\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x\n"
	    "  \t  ^^\n");
}

Test(diag, without_a_place_or_a_name)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, "cannot open x");
	expect_text(&err, NULL, NULL, "error: cannot open x\n");
	expect_text(&err, "p", "text", "p: error: cannot open x\n");
	err_hint(&err, "look");
	expect_text(&err, NULL, NULL, "error: cannot open x\n  = look\n");
	struct err at = ERR_INIT;
	err_set_at(&at, 1, 1, "no");
	expect_text(&at, NULL, "abc", "1:2: error: no\n  abc\n   ^\n");
}

Test(diag, the_end_of_the_text)
{
	struct err err = ERR_INIT;

	err_set_at(&err, 3, 0, "more");
	expect_text(&err, "p", "abc", "p:1:4: error: more\n  abc\n     ^\n");
	expect_text(&err, "p", "ab\n", "p:2:1: error: more\n");
	/* Past the end is the end; a span ends with its line. */
	struct err past = ERR_INIT;
	err_set_at(&past, 99, 99, "past");
	expect_text(&past, "p", "abc", "p:1:4: error: past\n  abc\n     ^\n");
	struct err over = ERR_INIT;
	err_set_at(&over, 1, 99, "over");
	expect_text(&over, "p", "abc\ndef",
	    "p:1:2: error: over\n  abc\n   ^^\n");
}

Test(diag, a_long_line_is_cut)
{
	char source[400];
	struct err err = ERR_INIT;
	struct buf buf = { NULL, 0, 0 };

	memset(source, 'a', 300);
	memcpy(source + 200, "HERE", 4);
	source[300] = '\0';
	err_set_at(&err, 200, 4, "m");
	diag_print(&err, "p", source, 300, &buf);
	char expected[500] = "p:1:201: error: m\n  ...";
	size_t size = strlen(expected);
	memcpy(expected + size, source + 140, 100);
	memcpy(expected + size + 100, "...\n", 5);
	size += 104;
	memset(expected + size, ' ', 65);
	strcpy(expected + size + 65, "^^^^\n");
	cr_expect_str_eq(buf_string(&buf), expected, "%s", buf_string(&buf));
	buf_fini(&buf);
}

Test(diag, hostile_bytes_do_not_reach_the_terminal)
{
	struct err err = ERR_INIT;

	err_set_at(&err, 3, 1, "bad");
	expect_text(&err, "p", "\x1b[m\xff\x07",
	    "p:1:4: error: bad\n  ?[m??\n     ^\n");
}
