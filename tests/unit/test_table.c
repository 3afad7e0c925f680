/* Formats for eyes: table and vertical. */
#include <criterion/criterion.h>

#include "../unit/csv_rig.h"
#include "io/text_width.h"

static void
assert_shows(const char *bytes, const char *format, const char *expected)
{
	struct rig rig;

	rig_init(&rig, "csv");
	struct buf got = rig_convert(&rig, bytes, format, NULL, 0);
	cr_assert_str_eq(got.bytes, expected);
	buf_fini(&got);
}

Test(table, aligns)
{
	assert_shows("host,status,\"n\"\"\"\na,200,1.5\nbbbbbb,4,\n,,x\n",
	    "table",
	    "host    status  n\"\n"
	    "------  ------  ---\n"
	    "a          200  1.5\n"
	    "bbbbbb       4\n"
	    "                x\n");
	assert_shows("a,b\n", "table", "a  b\n-  -\n");
	assert_shows("", "table", "");
}

Test(table, counts_columns_not_bytes)
{
	assert_shows("a,b\n\xe6\x97\xa5\xe6\x9c\xac,1\nu\xcc\x88,2\n"
	    "\"x\n\x1b[m\",3\n\xff,4\n", "table",
	    "a          b\n"
	    "---------  -\n"
	    "\xe6\x97\xa5\xe6\x9c\xac       1\n"
	    "u\xcc\x88          2\n"
	    "x\\n\\x1b[m  3\n"
	    "\xef\xbf\xbd          4\n");
}

Test(table, vertical)
{
	assert_shows("a,long\n1,x y\n,\"p\nq\"\n", "vertical",
	    "a     1\nlong  x y\n\na\nlong  p\\nq\n");
}

Test(table, prefixes)
{
	cr_assert_eq(text_prefix("abc", 3, 2), 2);
	cr_assert_eq(text_prefix("\xe6\x97\xa5z", 4, 1), 0);
	cr_assert_eq(text_prefix("\xe6\x97\xa5z", 4, 2), 3);
	cr_assert_eq(text_width("\xf0\x9f\x98\x80", 4), 2);
	cr_assert_eq(text_width("\xf0\x9f\x98", 3), 3);
}
