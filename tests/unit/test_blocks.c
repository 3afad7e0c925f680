#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/blocks.h"
#include "util/err.h"

#define BYTES 1000
#define BLOCK 64

static char wanted[BYTES];
static char path[64];

static struct blocks *
open_blocks(void)
{
	snprintf(path, sizeof(path), "/tmp/sflow-blocks-%ld", (long)getpid());
	FILE *file = fopen(path, "w");
	for (unsigned i = 0; i < BYTES; i++)
		wanted[i] = (char)('a' + (i * i + i / 7) % 26);
	fwrite(wanted, 1, BYTES, file);
	fclose(file);
	return blocks_new(path, BLOCK);
}

/* All bytes from `offset` on, asked for `step` at a time. */
static void
expect_from(struct blocks *blocks, uint64_t offset, size_t step)
{
	struct err err = ERR_INIT;
	char bytes[200];
	ssize_t got;

	while ((got = blocks_read(blocks, offset, bytes, step, &err)) > 0) {
		cr_assert(offset + (uint64_t)got <= BYTES);
		cr_assert(memcmp(bytes, wanted + offset, (size_t)got) == 0);
		offset += (uint64_t)got;
	}
	cr_assert_eq(got, 0);
	cr_assert_eq(offset, BYTES);
}

Test(blocks, any_place_in_any_order)
{
	struct blocks *blocks = open_blocks();

	expect_from(blocks, 700, 200);
	expect_from(blocks, 3, 1);
	expect_from(blocks, 0, 64);
	expect_from(blocks, BYTES, 5);
	unlink(path);
	blocks_free(&blocks);
}

/* Behind the first release only its blocks, and what is not released, stay. */
Test(blocks, what_is_released_is_gone_but_the_first)
{
	struct blocks *blocks = open_blocks();
	struct err err = ERR_INIT;
	char byte;

	expect_from(blocks, 0, 100);
	blocks_release(blocks, 70);
	blocks_release(blocks, 500);
	expect_from(blocks, 500, 7);
	cr_assert_eq(blocks_read(blocks, 127, &byte, 1, &err), 1);
	cr_assert_eq(byte, wanted[127]);
	cr_assert_eq(blocks_read(blocks, 128, &byte, 1, &err), 0);
	cr_assert_eq(err.kind, ERR_NONE);
	unlink(path);
	blocks_free(&blocks);
}

Test(blocks, a_failure_is_told_to_all_behind_it)
{
	struct blocks *blocks = blocks_new("/tmp/sflow-no-such-file", BLOCK);
	struct err err = ERR_INIT;
	char byte;

	cr_assert_eq(blocks_read(blocks, 5, &byte, 1, &err), -1);
	cr_assert_eq(err.kind, ERR_IO);
	err_clear(&err);
	cr_assert_eq(blocks_read(blocks, 900, &byte, 1, &err), -1);
	blocks_free(&blocks);
}
