#include "util/buf.h"

#include <criterion/criterion.h>

Test(buf, grows)
{
	struct buf buf = { 0 };
	for (int i = 0; i < 10000; i++) {
		buf_add(&buf, "abc", (size_t)i % 4);
		buf_add_char(&buf, '.');
	}
	cr_assert(buf.size == 10000 + 10000 / 4 * 6);
	cr_assert(memcmp(buf.bytes, ".a.ab.abc.", 10) == 0);
	buf_fini(&buf);
	cr_assert(buf.bytes == NULL && buf.size == 0 && buf.capacity == 0);
	buf_fini(&buf);
}

Test(buf, nothing_is_a_string)
{
	struct buf buf = { 0 };
	buf_add(&buf, NULL, 0);
	cr_assert_str_eq(buf_string(&buf), "");
	cr_assert(buf.size == 0);
	buf_fini(&buf);
}

Test(buf, formats_short_and_long)
{
	struct buf buf = { 0 };
	char wanted[3001];

	memset(wanted, 'y', 3000);
	wanted[3000] = '\0';
	buf_add_string(&buf, "n=");
	buf_add_format(&buf, "%d;", 42);
	buf_add_format(&buf, "%s", wanted);
	cr_assert(memcmp(buf.bytes, "n=42;y", 6) == 0);
	cr_assert_str_eq(buf_string(&buf) + 5, wanted);

	/* Every size around the room that is there. */
	for (size_t size = 0; size < 200; size++) {
		struct buf small = { 0 };
		buf_add_format(&small, "%.*s", (int)size, wanted);
		cr_assert(small.size == size);
		cr_assert(memcmp(buf_string(&small), wanted, size) == 0);
		buf_fini(&small);
	}
	buf_fini(&buf);
}

Test(buf, reserve_gives_room_behind)
{
	struct buf buf = { 0 };
	buf_add_string(&buf, "head");
	char *room = buf_reserve(&buf, 5000);
	memset(room, 'z', 5000);
	buf.size += 5000;
	cr_assert(memcmp(buf.bytes, "headz", 5) == 0);
	cr_assert(buf.capacity >= 5004);
	buf_fini(&buf);
}
