/*
 * Decoded blocks: a window that slides over the file.
 *
 *	kept | released | block | block | block | not yet decoded
 *	                ^ first                 ^ first + count
 *
 * The blocks up to where the first release was are kept: they have the header.
 *
 * One lock guards the window; another is held by whoever decodes, so that the
 * others go on with the blocks that are there.  A block that is being copied
 * from is pinned, and its memory is used again only when nobody does.
 */
#include "io/blocks.h"

#include <string.h>

#include "io/input.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

struct block {
	struct block *next;
	size_t size;		/* less than a whole block: the last */
	uint32_t pins;
	int is_released;
	char bytes[];
};

struct blocks {
	char *path;
	size_t block_bytes;
	struct thr_lock decoding;	/* of the input */
	struct input *input;
	struct thr_lock window;		/* of all below */
	struct block **kept;
	uint64_t kept_count;
	struct block *first;
	struct block **last;
	uint64_t first_index;
	uint64_t count;
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

/* Fill a block from the input: 0, or -1 with err; what came before stays. */
static int
fill(struct blocks *blocks, struct block *block, struct err *err)
{
	if (blocks->input == NULL)
		blocks->input = input_open(blocks->path, err);
	if (blocks->input == NULL)
		return -1;
	while (block->size < blocks->block_bytes) {
		ssize_t got = input_read(blocks->input,
		    block->bytes + block->size,
		    blocks->block_bytes - block->size, err);
		if (got <= 0)
			return (int)got;
		block->size += (size_t)got;
	}
	return 0;
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

/* Is there something to be decoded, for who wants the byte at `offset`? */
static int
must_decode(struct blocks *blocks, uint64_t offset)
{
	thr_lock_take(&blocks->window);
	int must = !blocks->has_ended && offset / blocks->block_bytes >=
	    blocks->first_index + blocks->count;
	thr_lock_give(&blocks->window);
	return must;
}

/* Decode until the byte at `offset` is there, or none comes. */
static void
decode_to(struct blocks *blocks, uint64_t offset)
{
	thr_lock_take(&blocks->decoding);
	while (must_decode(blocks, offset)) {
		struct block *block = take_unused(blocks);
		struct err err = ERR_INIT;
		int status = fill(blocks, block, &err);
		thr_lock_take(&blocks->window);
		blocks->has_ended = status != 0 ||
		    block->size < blocks->block_bytes;
		blocks->failure = err;
		*blocks->last = block;
		blocks->last = &block->next;
		blocks->count++;
		thr_lock_give(&blocks->window);
	}
	thr_lock_give(&blocks->decoding);
}

/* The block with that number, pinned; NULL: it is gone, or never came. */
static struct block *
pin(struct blocks *blocks, uint64_t index)
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

/* What is said behind the last byte: 0 or -1. */
static ssize_t
tell_end(struct blocks *blocks, uint64_t index, struct err *err)
{
	thr_lock_take(&blocks->window);
	int has_failed = blocks->failure.kind != ERR_NONE &&
	    index >= blocks->first_index;
	if (has_failed)
		*err = blocks->failure;
	thr_lock_give(&blocks->window);
	return has_failed ? -1 : 0;
}

ssize_t
blocks_read(struct blocks *blocks, uint64_t offset, char *bytes, size_t size,
	struct err *err)
{
	uint64_t index = offset / blocks->block_bytes;
	size_t at = (size_t)(offset % blocks->block_bytes);

	if (must_decode(blocks, offset))
		decode_to(blocks, offset);
	struct block *block = pin(blocks, index);
	if (block == NULL)
		return tell_end(blocks, index, err);
	size_t left = block->size > at ? block->size - at : 0;
	size = size < left ? size : left;
	memcpy(bytes, block->bytes + at, size);
	unpin(blocks, block);
	return size > 0 ? (ssize_t)size : tell_end(blocks, index, err);
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
