/*
 * Blocks of what was read: a window that slides over the input.
 *
 *	kept | released | block | block | block | not yet read
 *	                ^ first                 ^ first + count
 *
 * The blocks up to where the first release was are kept: they have the header.
 *
 * One lock guards the window; another is held by whoever reads, so that the
 * others go on with the blocks that are there.  The bytes of a block are a
 * loan (io/loan.h): a reader takes them as they are, with
 *
 *	padding | block | slack | padding
 *
 * and the rest of the block's last line copied to the slack.
 *
 * No more is read than is asked for: a reader that needs the end of a line in
 * the next block leaves the rest of that to who will read it, which saves the
 * way from one processor's cache to the other's.  So the last block may have a
 * part of its bytes; the rest is put behind them.  No released offset lies
 * behind the bytes that are there, so that block is never released.
 */
#include "io/blocks.h"

#include <assert.h>
#include <string.h>

#include "io/input.h"
#include "io/loan.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

/* Behind a block: the end of its last line, if that is not longer. */
#define SLACK_BYTES ((size_t)4 << 10)

struct block {
	struct block *next;
	size_t size;		/* less than a whole block: the last; grows */
	struct loan loan;
};

struct blocks {
	char *path;
	size_t block_bytes;
	void (*more)(void *cookie);	/* or NULL */
	void *cookie;
	struct thr_lock decoding;	/* of the input */
	struct input *input;
	struct block *partial;		/* the last, if it is not full */
	struct thr_lock window;		/* of all below */
	struct block **kept;
	uint64_t kept_count;
	struct block *first;
	struct block **last;
	uint64_t first_index;
	uint64_t count;
	uint64_t end;			/* so many bytes have come */
	struct loans loans;
	int has_ended;
	struct err failure;		/* behind the last block */
};

struct blocks *
blocks_new(const char *path, size_t block_bytes)
{
	struct blocks *blocks = mem_alloc_zero(sizeof(*blocks));

	blocks->path = mem_copy_string(path);
	blocks->block_bytes = block_bytes;
	blocks->last = &blocks->first;
	blocks->failure = (struct err)ERR_INIT;
	thr_lock_init(&blocks->decoding, "decoding a file");
	thr_lock_init(&blocks->window, "blocks of a file");
	return blocks;
}

static char *
block_bytes(const struct block *block)
{
	return block->loan.bytes + CHUNK_PADDING;
}

static void
block_free(struct blocks *blocks, struct block *block)
{
	loan_return(&blocks->loans, &block->loan);
	mem_free(block);
}

void
blocks_free(struct blocks **take_blocks)
{
	struct blocks *blocks = *take_blocks;

	*take_blocks = NULL;
	if (blocks == NULL)
		return;
	while (blocks->first != NULL) {
		struct block *next = blocks->first->next;
		block_free(blocks, blocks->first);
		blocks->first = next;
	}
	for (uint64_t i = 0; i < blocks->kept_count; i++)
		block_free(blocks, blocks->kept[i]);
	mem_free(blocks->kept);
	loans_fini(&blocks->loans);
	if (blocks->input != NULL)
		input_close(&blocks->input);
	thr_lock_fini(&blocks->decoding);
	thr_lock_fini(&blocks->window);
	mem_free(blocks->path);
	mem_free(blocks);
}

void
blocks_take_input(struct blocks *blocks, struct input *take_input,
	void (*more)(void *cookie), void *cookie)
{
	assert(blocks->input == NULL);
	input_set_wait(take_input, 0);
	blocks->input = take_input;
	blocks->more = more;
	blocks->cookie = cookie;
}

int
blocks_fd(const struct blocks *blocks)
{
	return input_fd(blocks->input);
}

/* Fill a block from `*size` up to `wanted`: 1: it is so full; else what the
 * last read said. */
static ssize_t
fill(struct blocks *blocks, struct block *block, size_t *size, size_t wanted,
	struct err *err)
{
	if (blocks->input == NULL)
		blocks->input = input_open(blocks->path, err);
	if (blocks->input == NULL)
		return -1;
	while (*size < wanted) {
		ssize_t got = input_read(blocks->input, block_bytes(block) +
		    *size, wanted - *size, err);
		if (got <= 0)
			return got;
		*size += (size_t)got;
	}
	return 1;
}

static struct block *
block_new(struct blocks *blocks)
{
	struct block *block = mem_alloc_zero(sizeof(*block));

	thr_lock_take(&blocks->window);
	block->loan = loan_take(&blocks->loans, blocks->block_bytes +
	    SLACK_BYTES + 2 * CHUNK_PADDING);
	thr_lock_give(&blocks->window);
	return block;
}

int
blocks_has(struct blocks *blocks, uint64_t offset)
{
	thr_lock_take(&blocks->window);
	int has = blocks->has_ended || offset < blocks->end;
	thr_lock_give(&blocks->window);
	return has;
}

/* Put what has come into the window: `size` bytes of the block in all. */
static void
window_extend(struct blocks *blocks, struct block *block, size_t size)
{
	blocks->end += size - block->size;
	block->size = size;
	if (block != blocks->partial) {
		*blocks->last = block;
		blocks->last = &block->next;
		blocks->count++;
	}
}

/* Read into the last block, or one behind it, up to the byte at `end` in the
 * input if that is in it.  Is there more to be had? */
static int
read_block(struct blocks *blocks, uint64_t end)
{
	struct block *block = blocks->partial != NULL ? blocks->partial :
	    block_new(blocks);
	size_t size = block->size;
	/* Who reads is the only one to change it. */
	uint64_t start = blocks->end - size;
	size_t wanted = end - start < blocks->block_bytes ?
	    (size_t)(end - start) : blocks->block_bytes;
	struct err err = ERR_INIT;
	ssize_t got = fill(blocks, block, &size, wanted, &err);

	thr_lock_take(&blocks->window);
	int has_come = size > block->size || got == 0 || got == -1;
	window_extend(blocks, block, size);
	blocks->has_ended = got == 0 || got == -1;
	blocks->failure = err;
	thr_lock_give(&blocks->window);
	blocks->partial = size == blocks->block_bytes ? NULL : block;
	if (has_come && blocks->more != NULL)
		blocks->more(blocks->cookie);
	return got == 1;
}

/* Get what stands before `end`, where `offset` is among it. */
static void
reach(struct blocks *blocks, uint64_t offset, uint64_t end)
{
	if (blocks_has(blocks, offset))
		return;
	thr_lock_take(&blocks->decoding);
	while (!blocks_has(blocks, offset) && read_block(blocks, end))
		;
	thr_lock_give(&blocks->decoding);
}

int
blocks_reach(struct blocks *blocks, uint64_t offset)
{
	reach(blocks, offset, offset + 1);
	return blocks_has(blocks, offset);
}

/* A part of a block that somebody reads, and the bytes that it has. */
struct part {
	struct region *region;	/* held; NULL: it is gone, or has not come */
	char *bytes;
	size_t size;
};

/* The block with that number, from its start. */
static struct part
hold_block(struct blocks *blocks, uint64_t index)
{
	struct block *block = NULL;
	struct part part = { 0 };

	thr_lock_take(&blocks->window);
	if (index < blocks->kept_count) {
		block = blocks->kept[index];
	} else if (index >= blocks->first_index &&
	    index < blocks->first_index + blocks->count) {
		block = blocks->first;
		for (uint64_t i = blocks->first_index; i < index; i++)
			block = block->next;
	}
	if (block != NULL) {
		part.region = region_hold(block->loan.region);
		part.bytes = block_bytes(block);
		part.size = block->size;
	}
	thr_lock_give(&blocks->window);
	return part;
}

/* What is said where there was no byte; 1: by now there is. */
static ssize_t
tell_end(struct blocks *blocks, uint64_t offset, struct err *err)
{
	ssize_t told = 0;

	thr_lock_take(&blocks->window);
	if (offset < blocks->end) {
		told = offset / blocks->block_bytes >= blocks->first_index;
	} else if (!blocks->has_ended) {
		told = INPUT_WAIT;
	} else if (blocks->failure.kind != ERR_NONE &&
	    offset / blocks->block_bytes >= blocks->first_index) {
		*err = blocks->failure;
		told = -1;
	}
	thr_lock_give(&blocks->window);
	return told;
}

/* Of the bytes that are there at `offset`, at most `size`: how many. */
static size_t
copy_out(struct blocks *blocks, uint64_t offset, char *bytes, size_t size)
{
	size_t at = (size_t)(offset % blocks->block_bytes);
	struct part part = hold_block(blocks, offset / blocks->block_bytes);

	if (part.region == NULL)
		return 0;
	size_t left = part.size > at ? part.size - at : 0;
	size = size < left ? size : left;
	memcpy(bytes, part.bytes + at, size);
	region_drop(&part.region);
	return size;
}

ssize_t
blocks_read(struct blocks *blocks, uint64_t offset, char *bytes, size_t size,
	struct err *err)
{
	/* Others read too: what had not come may be there a moment later, and
	 * is not to be taken for the end. */
	for (;;) {
		reach(blocks, offset, offset + size);
		size_t got = copy_out(blocks, offset, bytes, size);
		if (got > 0)
			return (ssize_t)got;
		ssize_t told = tell_end(blocks, offset, err);
		if (told <= 0)
			return told;
	}
}

int
blocks_lend(struct blocks *blocks, uint64_t offset, uint64_t limit,
	uint64_t end, struct input_lent *out)
{
	uint64_t start = end - blocks->block_bytes;

	/* Behind what is lent there may be written. */
	if (end % blocks->block_bytes != 0 || offset < start || offset >= end ||
	    limit < end)
		return 0;
	reach(blocks, end - 1, end);
	struct part part = hold_block(blocks, start / blocks->block_bytes);
	if (part.region == NULL || part.size < blocks->block_bytes) {
		region_drop(&part.region);
		return 0;
	}
	uint64_t behind = limit - end < SLACK_BYTES ? limit - end :
	    SLACK_BYTES;
	if (behind > 0)
		behind = copy_out(blocks, end, part.bytes + part.size,
		    (size_t)behind);
	*out = (struct input_lent){
		.region = part.region,
		.bytes = part.bytes + (offset - start),
		.size = (size_t)(end + behind - offset),
	};
	return 1;
}

/* Take the first block out of the window. */
static struct block *
window_shift(struct blocks *blocks)
{
	struct block *block = blocks->first;

	blocks->first = block->next;
	if (blocks->first == NULL)
		blocks->last = &blocks->first;
	blocks->first_index++;
	blocks->count--;
	return block;
}

static void
keep_first(struct blocks *blocks, uint64_t count)
{
	blocks->kept = mem_alloc(count * sizeof(struct block *));
	while (blocks->kept_count < count)
		blocks->kept[blocks->kept_count++] = window_shift(blocks);
}

void
blocks_release(struct blocks *blocks, uint64_t offset)
{
	thr_lock_take(&blocks->window);
	if (blocks->kept == NULL) {
		uint64_t count = offset / blocks->block_bytes + 1;
		keep_first(blocks, count < blocks->count ? count :
		    blocks->count);
	}
	while (blocks->count > 0 && (blocks->first_index + 1) *
	    blocks->block_bytes <= offset) {
		block_free(blocks, window_shift(blocks));
	}
	thr_lock_give(&blocks->window);
}
