#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/blocks.h"
#include "io/input.h"
#include "util/err.h"
#include "util/mem.h"

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

/* The block that ends at `end`, lent up to `limit`. */
static void
expect_lent(struct blocks *blocks, uint64_t offset, uint64_t limit,
	uint64_t end)
{
	struct input_lent lent;

	cr_assert(blocks_lend(blocks, offset, limit, end, &lent));
	cr_assert_eq(lent.size, limit - offset);
	cr_assert(memcmp(lent.bytes, wanted + offset, lent.size) == 0);
	/* As a reader does behind what it has. */
	memset(lent.bytes + lent.size, 0, CHUNK_PADDING);
	region_drop(&lent.region);
}

Test(blocks, a_block_is_lent_with_the_end_of_its_last_line)
{
	struct blocks *blocks = open_blocks();
	struct input_lent lent, held;

	/* Who has a limit has looked for it. */
	cr_assert(blocks_reach(blocks, 4 * BLOCK));
	expect_lent(blocks, 3, BLOCK, BLOCK);
	expect_lent(blocks, BLOCK, 2 * BLOCK + 9, 2 * BLOCK);
	expect_lent(blocks, BLOCK + 7, 3 * BLOCK, 2 * BLOCK);
	/* What is written behind does not stand in the next. */
	expect_from(blocks, 0, 200);
	cr_assert(!blocks_lend(blocks, 9, BLOCK - 1, BLOCK, &lent));
	cr_assert(!blocks_lend(blocks, 9, 3 * BLOCK, 2 * BLOCK, &lent));
	cr_assert(!blocks_lend(blocks, 9, 3 * BLOCK, BLOCK + 1, &lent));
	/* The last has not the bytes of a whole one. */
	uint64_t end = BYTES / BLOCK * BLOCK;
	cr_assert(!blocks_lend(blocks, end, BYTES, end + BLOCK, &lent));
	/* What is lent stays when it is released. */
	cr_assert(blocks_lend(blocks, 200, 256, 256, &held));
	blocks_release(blocks, 1);
	blocks_release(blocks, 900);
	expect_from(blocks, 900, 10);
	cr_assert(memcmp(held.bytes, wanted + 200, held.size) == 0);
	region_drop(&held.region);
	unlink(path);
	blocks_free(&blocks);
}

Test(blocks, no_more_is_read_than_is_asked_for)
{
	struct input *input = input_memory(wanted, BYTES);
	struct blocks *blocks = blocks_new("memory", BLOCK);

	blocks_take_input(blocks, input, NULL, NULL);
	cr_assert(blocks_reach(blocks, 70));
	cr_assert(blocks_has(blocks, 70));
	cr_assert(!blocks_has(blocks, 71));
	cr_assert(blocks_reach(blocks, BYTES));
	blocks_free(&blocks);
}
