/*
 * Chunks.  The window is a range of the current chunk:
 *
 *	| padding | used before |  window  | room | padding |
 *	                        ^ bytes    ^ bytes + size
 *
 * To fill is to drop the window's front, to find room behind what is kept,
 * and to read there.  Room is found in this order: behind the window, in the
 * same chunk, when no batch holds it; at the front of the same chunk after a
 * move; in another chunk.  A chunk that is lent is never written again.
 *
 * Where the input lends what it has, that is the chunk; behind it nothing is
 * read, since it is not ours.
 *
 * Reading goes on while there is room and the input need not be waited for, so
 * that a pipe fed in small pieces still gives chunks worth the work.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/input.h"
#include "io/loan.h"
#include "util/env.h"
#include "util/mem.h"

/* Fits the second-level cache beside its index; bigger ones measure slower. */
#define CHUNK_BYTES ((size_t)256 << 10)
/* SFLOW_CHUNK_BYTES is for tests: chunks much larger only cost memory. */
#define CHUNK_BYTES_MAX ((size_t)64 << 20)

struct chunker {
	struct input *input;
	struct loans loans;
	struct loan chunk;
	int is_lent;		/* by the input */
	size_t chunk_bytes;
	char *bytes;
	size_t size;
	uint64_t offset;
	int ended;
};

static size_t
chunk_bytes_wanted(void)
{
	const char *wish = env_variable("SFLOW_CHUNK_BYTES");
	unsigned long long bytes = wish == NULL ? 0 : strtoull(wish, NULL, 10);

	if (bytes == 0)
		return CHUNK_BYTES;
	return bytes > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : (size_t)bytes;
}

struct chunker *
chunker_new(struct input *input)
{
	struct chunker *chunker = mem_alloc_zero(sizeof(*chunker));

	chunker->input = input;
	chunker->chunk_bytes = chunk_bytes_wanted();
	return chunker;
}

void
chunker_free(struct chunker **chunker_address)
{
	struct chunker *chunker = *chunker_address;

	*chunker_address = NULL;
	if (chunker == NULL)
		return;
	region_drop(&chunker->chunk.region);
	loans_fini(&chunker->loans);
	mem_free(chunker);
}

/* The chunk is used no more. */
static void
give_back(struct chunker *chunker)
{
	if (chunker->is_lent)
		region_drop(&chunker->chunk.region);
	else
		loan_return(&chunker->loans, &chunker->chunk);
	chunker->is_lent = 0;
}

/* The first byte behind what input may fill. */
static char *
chunk_limit(const struct chunker *chunker)
{
	return chunker->chunk.bytes + chunker->chunk.capacity - CHUNK_PADDING;
}

/* Put `keep` bytes at the front of a chunk that has room behind them. */
static void
move_to_fresh_chunk(struct chunker *chunker, const char *kept, size_t keep)
{
	size_t room = chunker->chunk_bytes;

	/* A long record: double, so that its bytes are moved few times. */
	if (keep >= room / 2)
		room = keep * 2 > room ? keep * 2 : room;
	if (room == keep)
		room++;
	struct loan fresh = loan_take(&chunker->loans,
	    room + 2 * CHUNK_PADDING);
	char *bytes = fresh.bytes + CHUNK_PADDING;
	if (keep > 0)
		memcpy(bytes, kept, keep);
	memset(fresh.bytes, 0, CHUNK_PADDING);
	give_back(chunker);
	chunker->chunk = fresh;
	chunker->bytes = bytes;
}

/* Make room behind the last `keep` bytes. */
static void
make_room(struct chunker *chunker, size_t keep)
{
	if (chunker->chunk.region == NULL) {
		move_to_fresh_chunk(chunker, NULL, 0);
		return;
	}
	char *kept = chunker->bytes + chunker->size - keep;
	if (chunker->is_lent) {
		move_to_fresh_chunk(chunker, kept, keep);
		return;
	}
	char *front = chunker->chunk.bytes + CHUNK_PADDING;
	size_t enough = chunker->chunk_bytes / 2;
	if (enough == 0)
		enough = 1;
	int is_large = chunker->chunk.capacity / 4 > chunker->chunk_bytes &&
	    chunker->chunk.capacity > LOAN_BYTES_KEPT;
	if (!region_is_sole(chunker->chunk.region) ||
	    (is_large && keep < enough)) {
		move_to_fresh_chunk(chunker, kept, keep);
	} else if ((size_t)(chunk_limit(chunker) - kept) - keep >= enough) {
		chunker->bytes = kept;
	} else if ((size_t)(chunk_limit(chunker) - front) - keep >= enough) {
		memmove(front, kept, keep);
		chunker->bytes = front;
	} else {
		move_to_fresh_chunk(chunker, kept, keep);
	}
}

/* Take what the input lends, but where chunks shall have another size. */
static int
borrow(struct chunker *chunker)
{
	struct input_lent lent;

	if (chunker->ended || chunker->chunk_bytes != CHUNK_BYTES ||
	    !input_lend(chunker->input, &lent))
		return 0;
	give_back(chunker);
	chunker->is_lent = 1;
	chunker->chunk = (struct loan){ .region = lent.region };
	chunker->bytes = lent.bytes;
	chunker->size = lent.size;
	memset(chunker->bytes + chunker->size, 0, CHUNK_PADDING);
	return 1;
}

int
chunker_fill(struct chunker *chunker, size_t keep, struct err *err)
{
	size_t before = keep;
	ssize_t got = 0;
	/* A long record doubles; others come a chunk at a time. */
	size_t most = keep + (keep > chunker->chunk_bytes ? keep :
	    chunker->chunk_bytes);

	assert(keep <= chunker->size);
	chunker->offset += chunker->size - keep;
	if (keep == 0 && borrow(chunker))
		return 1;
	make_room(chunker, keep);
	chunker->size = keep;
	do {
		size_t room = (size_t)(chunk_limit(chunker) - chunker->bytes);
		room = (room < most ? room : most) - chunker->size;
		got = chunker->ended ? 0 : input_read(chunker->input,
		    chunker->bytes + chunker->size, room, err);
		if (got == -1)
			return -1;
		chunker->ended = got == 0;
		if (got <= 0)
			break;
		chunker->size += (size_t)got;
		if ((size_t)got == room || input_size(chunker->input) >= 0)
			break;
	} while (!input_would_block(chunker->input));
	memset(chunker->bytes + chunker->size, 0, CHUNK_PADDING);
	if (chunker->size > before)
		return 1;
	return got == INPUT_WAIT ? CHUNKER_WAIT : 0;
}

void
chunker_restart(struct chunker *chunker, uint64_t offset)
{
	chunker->size = 0;
	chunker->offset = offset;
	chunker->ended = 0;
}

char *
chunker_bytes(struct chunker *chunker, size_t *size)
{
	*size = chunker->size;
	return chunker->bytes;
}

struct region *
chunker_region(struct chunker *chunker)
{
	return chunker->chunk.region;
}

uint64_t
chunker_offset(const struct chunker *chunker)
{
	return chunker->offset;
}
