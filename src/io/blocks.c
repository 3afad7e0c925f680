/*
 * Blocks of what was read: a window that slides over the input.
 *
 *	kept | released | block | block | block | not yet read
 *	                ^ first                 ^ first + count
 *
 * The blocks up to where the first release was are kept: they have the header.
 *
 * One lock guards the window; another is held by whoever reads, so that the
 * others go on with the blocks that are there.  A block that is being copied
 * from is pinned, and its memory is used again only when nobody does.
 *
 * Of an input that makes its readers wait, the last block may have a part of
 * its bytes; the rest is put behind them.  No released offset lies behind the
 * bytes that are there, so that block is never released.
 */
#include "io/blocks.h"

#include <assert.h>
#include <string.h>

#include "io/input.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

struct block {
	struct block *next;
	size_t size;		/* less than a whole block: the last; grows */
	uint32_t pins;
	int is_released;
	char bytes[];
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
	struct block *unused;
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

static void
free_list(struct block *block)
{
	while (block != NULL) {
		struct block *next = block->next;
		mem_free(block);
		block = next;
	}
}

void
blocks_free(struct blocks **take_blocks)
{
	struct blocks *blocks = *take_blocks;

	*take_blocks = NULL;
	if (blocks == NULL)
		return;
	free_list(blocks->first);
	free_list(blocks->unused);
	for (uint64_t i = 0; i < blocks->kept_count; i++)
		mem_free(blocks->kept[i]);
	mem_free(blocks->kept);
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

/* Fill a block from `*size` on: 1: it is full; else what the last read said. */
static ssize_t
fill(struct blocks *blocks, struct block *block, size_t *size, struct err *err)
{
	if (blocks->input == NULL)
		blocks->input = input_open(blocks->path, err);
	if (blocks->input == NULL)
		return -1;
	while (*size < blocks->block_bytes) {
		ssize_t got = input_read(blocks->input, block->bytes + *size,
		    blocks->block_bytes - *size, err);
		if (got <= 0)
			return got;
		*size += (size_t)got;
	}
	return 1;
}

static struct block *
take_unused(struct blocks *blocks)
{
	thr_lock_take(&blocks->window);
	struct block *block = blocks->unused;
	if (block != NULL)
		blocks->unused = block->next;
	thr_lock_give(&blocks->window);
	if (block == NULL)
		block = mem_alloc(sizeof(*block) + blocks->block_bytes);
	*block = (struct block){ 0 };
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

/* Read into the last block, or one behind it.  Is there more to be had? */
static int
read_block(struct blocks *blocks)
{
	struct block *block = blocks->partial != NULL ? blocks->partial :
	    take_unused(blocks);
	size_t size = block->size;
	struct err err = ERR_INIT;
	ssize_t got = fill(blocks, block, &size, &err);

	thr_lock_take(&blocks->window);
	int has_come = size > block->size || got == 0 || got == -1;
	window_extend(blocks, block, size);
	blocks->has_ended = got == 0 || got == -1;
	blocks->failure = err;
	thr_lock_give(&blocks->window);
	blocks->partial = got == 1 ? NULL : block;
	if (has_come && blocks->more != NULL)
		blocks->more(blocks->cookie);
	return got == 1;
}

int
blocks_reach(struct blocks *blocks, uint64_t offset)
{
	if (blocks_has(blocks, offset))
		return 1;
	thr_lock_take(&blocks->decoding);
	while (!blocks_has(blocks, offset) && read_block(blocks))
		;
	thr_lock_give(&blocks->decoding);
	return blocks_has(blocks, offset);
}

/* The block with that number, pinned, and what it has; NULL: it is gone, or has
 * not come. */
static struct block *
pin(struct blocks *blocks, uint64_t index, size_t *size)
{
	struct block *block = NULL;

	thr_lock_take(&blocks->window);
	if (index < blocks->kept_count) {
		block = blocks->kept[index];
		block->pins++;
	} else if (index >= blocks->first_index &&
	    index < blocks->first_index + blocks->count) {
		block = blocks->first;
		for (uint64_t i = blocks->first_index; i < index; i++)
			block = block->next;
		block->pins++;
	}
	*size = block == NULL ? 0 : block->size;
	thr_lock_give(&blocks->window);
	return block;
}

static void
keep_unused(struct blocks *blocks, struct block *block)
{
	block->next = blocks->unused;
	blocks->unused = block;
}

static void
unpin(struct blocks *blocks, struct block *block)
{
	thr_lock_take(&blocks->window);
	if (--block->pins == 0 && block->is_released)
		keep_unused(blocks, block);
	thr_lock_give(&blocks->window);
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
	size_t at = (size_t)(offset % blocks->block_bytes), there;
	struct block *block = pin(blocks, offset / blocks->block_bytes,
	    &there);

	if (block == NULL)
		return 0;
	size_t left = there > at ? there - at : 0;
	size = size < left ? size : left;
	memcpy(bytes, block->bytes + at, size);
	unpin(blocks, block);
	return size;
}

ssize_t
blocks_read(struct blocks *blocks, uint64_t offset, char *bytes, size_t size,
	struct err *err)
{
	/* Others read too: what had not come may be there a moment later, and
	 * is not to be taken for the end. */
	for (;;) {
		blocks_reach(blocks, offset);
		size_t got = copy_out(blocks, offset, bytes, size);
		if (got > 0)
			return (ssize_t)got;
		ssize_t told = tell_end(blocks, offset, err);
		if (told <= 0)
			return told;
	}
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
		struct block *block = window_shift(blocks);
		block->is_released = 1;
		if (block->pins == 0)
			keep_unused(blocks, block);
	}
	thr_lock_give(&blocks->window);
}
