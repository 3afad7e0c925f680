#include "net/order.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

static const struct order_pair args[] = { { "day", "2026-01-02" },
	{ "empty", "" } };
static const struct order_pair options[] = { { "bad", "skip" } };
static const struct order_bytes sources[] = { { "a\0b", 3 }, { "", 0 } };

static void
write_sample(struct buf *out)
{
	const struct order order = {
		.program = { "from stdin csv | head 3", 23 },
		.program_name = "report.sflow",
		.job_name = "report",
		.worker_index = 2,
		.worker_count = 5,
		.arg = args, .arg_count = 2,
		.option = options, .option_count = 1,
		.source = sources, .source_count = 2,
		.assignment = { "\1\2\3", 3 },
	};

	order_write(&order, out);
}

Test(order, round_trip)
{
	struct region *region = region_new();
	struct buf buf = { 0 };
	struct err err = ERR_INIT;
	struct order back;

	write_sample(&buf);
	cr_assert(order_read(buf.bytes, buf.size, "host b", region, &back,
	    &err) == 0, "%s", err.message);
	memset(buf.bytes, 0, buf.size);
	cr_assert_str_eq(back.program.bytes, "from stdin csv | head 3");
	cr_assert(back.program.size == 23);
	cr_assert_str_eq(back.program_name, "report.sflow");
	cr_assert_str_eq(back.job_name, "report");
	cr_assert(back.worker_index == 2 && back.worker_count == 5);
	cr_assert(back.arg_count == 2 && back.option_count == 1);
	cr_assert_str_eq(back.arg[0].value, "2026-01-02");
	cr_assert_str_eq(back.arg[1].name, "empty");
	cr_assert_str_eq(back.option[0].value, "skip");
	cr_assert(back.source_count == 2 && back.source[0].size == 3);
	cr_assert(memcmp(back.source[0].bytes, "a\0b", 4) == 0);
	cr_assert(back.source[1].size == 0);
	cr_assert(memcmp(back.assignment.bytes, "\1\2\3", 3) == 0);
	buf_fini(&buf);
	region_drop(&region);
}

static void
expect_failure(const struct buf *buf, size_t size, const char *message)
{
	struct region *region = region_new();
	struct err err = ERR_INIT;
	struct order back;

	cr_assert(order_read(buf->bytes, size, "host b", region, &back, &err)
	    == -1);
	if (message != NULL)
		cr_assert_str_eq(err.message, message);
	region_drop(&region);
}

Test(order, mistakes)
{
	struct buf buf = { 0 };

	write_sample(&buf);
	for (size_t size = 0; size < buf.size; size++)
		expect_failure(&buf, size, NULL);
	expect_failure(&buf, 20, "host b sends a bad job order: byte 20 of 20: "
	    "a length leads behind the end");
	buf_add_char(&buf, 'x');
	expect_failure(&buf, buf.size, "host b sends a bad job order: byte 192 "
	    "of 193: something is behind its end");
	buf.size--;
	buf.bytes[4] = 5;
	expect_failure(&buf, buf.size, "host b sends a bad job order: byte 12 "
	    "of 192: there is no such worker");
	buf.bytes[0] ^= 1;
	expect_failure(&buf, buf.size, "host b sends a bad job order: byte 4 "
	    "of 192: it does not begin as one");
	buf_fini(&buf);
}
