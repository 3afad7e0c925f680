/*
 * Keyed state.
 *
 * An open-addressing directory of 8-byte entries points into dense blocks of
 * rows, in order of first appearance:
 *
 *	directory	[ salt:16 | block:32 row:16, + 1 ] ...	load <= one half
 *	block		count of holders | row, row, row, ...	16 KiB
 *	row		hash | key (16-byte view) | the user's bytes
 *
 * The salt (16 bits of the hash) spares nearly every false look at a row, and
 * the entry names block and place, so a lookup divides nothing.  Keys longer
 * than a view are copied to chunks that are never changed.
 *
 * keyed_freeze() copies the list of blocks, counts itself as a holder of each,
 * and marks the owner's pointers (bit 0) as frozen.  Whoever wants to write to
 * a row of a frozen block copies the block first, or only takes the mark away
 * if the view has let go of it meanwhile.  So a block with two holders is never
 * written to, and what one thread frees the other has finished reading: the
 * count is dropped with release and looked at with acquire.
 *
 * Addresses live until the next call only.  That is what lets blocks be copied,
 * and it lets the first block begin with a few rows and grow: a window of three
 * keys takes a kilobyte.  When that block grows in the middle of keyed_find(),
 * the addresses found so far are moved along.
 *
 * When the budget refuses a block, a chunk or a larger directory, keyed_find()
 * says so and the caller decides.
 */
#include "state/keyed.h"

#include <assert.h>
#include <string.h>

#include "data/key.h"
#include "util/mem.h"

/* What a freeze and one write cost at most; a size class of the heap. */
#define BLOCK_BYTES 16384
#define FIRST_ROWS 8
#define SLOTS_FIRST 16
#define CHUNK_BYTES_FIRST 256
#define CHUNK_BYTES_MAX 65536

struct row_head {
	uint64_t hash;
	struct text key;
};

struct block {
	struct mem_budget *budget;
	uint32_t holders;
	uint32_t row_count;	/* that have room */
	size_t bytes;
};

struct chunk {
	struct chunk *next;
	size_t bytes;
};

/* Key bytes, shared by the table and its views. */
struct texts {
	struct mem_budget *budget;
	struct chunk *chunks;
	char *cursor;
	size_t room;
	size_t bytes;
	uint32_t holders;
};

struct keyed {
	struct mem_budget *budget;
	size_t row_bytes;	/* with the head */
	uint32_t block_rows;	/* of all blocks but a growing first one */
	uint64_t *slot;
	uint64_t slot_count;	/* a power of two, or 0 */
	uint64_t count;
	uintptr_t *block;	/* bit 0: frozen */
	uint64_t block_count;
	size_t block_bytes;
	struct texts *texts;	/* NULL: no long key yet */
};

struct keyed_view {
	size_t row_bytes;
	uint32_t block_rows;
	uint64_t count;
	uint64_t block_count;
	struct texts *texts;
	struct block *block[];
};

#define FROZEN ((uintptr_t)1)

#define SALT_MASK 0xffff000000000000u

static uint64_t
slot_make(uint64_t hash, uint64_t block, uint64_t row)
{
	return (hash & SALT_MASK) | ((block << 16 | row) + 1);
}

/* Is this the only holder?  Then what the other one did is seen. */
static int
count_is_sole(const uint32_t *holders)
{
	return __atomic_load_n(holders, __ATOMIC_ACQUIRE) == 1;
}

static void
count_hold(uint32_t *holders)
{
	__atomic_add_fetch(holders, 1, __ATOMIC_RELAXED);
}

/* Was it the last? */
static int
count_drop(uint32_t *holders)
{
	return __atomic_sub_fetch(holders, 1, __ATOMIC_ACQ_REL) == 0;
}

static struct block *
block_new(struct mem_budget *budget, uint32_t row_count, size_t row_bytes)
{
	size_t bytes = sizeof(struct block) + row_count * row_bytes;

	if (mem_charge(budget, bytes) != 0)
		return NULL;
	struct block *block = mem_alloc_zero(bytes);
	block->budget = budget;
	block->holders = 1;
	block->row_count = row_count;
	block->bytes = bytes;
	return block;
}

static void
block_drop(struct block *block)
{
	if (!count_drop(&block->holders))
		return;
	mem_release(block->budget, block->bytes);
	mem_free(block);
}

static inline struct row_head *
block_head(const struct block *block, uint64_t row, size_t row_bytes)
{
	return (struct row_head *)((char *)(uintptr_t)(block + 1) +
	    row * row_bytes);
}

static void
texts_drop(struct texts *texts)
{
	if (texts == NULL || !count_drop(&texts->holders))
		return;
	for (struct chunk *next, *chunk = texts->chunks; chunk; chunk = next) {
		next = chunk->next;
		mem_free(chunk);
	}
	mem_release(texts->budget, texts->bytes);
	mem_free(texts);
}

/* Chunks grow with what is there; a long key gets one that fits. */
static int
texts_add_chunk(struct texts *texts, size_t size)
{
	size_t bytes = texts->bytes < CHUNK_BYTES_FIRST ? CHUNK_BYTES_FIRST :
	    texts->bytes > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : texts->bytes;

	if (bytes < size)
		bytes = size;
	bytes += sizeof(struct chunk);
	if (mem_charge(texts->budget, bytes) != 0)
		return -1;
	struct chunk *chunk = mem_alloc(bytes);
	chunk->next = texts->chunks;
	chunk->bytes = bytes;
	texts->chunks = chunk;
	texts->cursor = (char *)(chunk + 1);
	texts->room = bytes - sizeof(struct chunk);
	texts->bytes += bytes;
	return 0;
}

/* A key beyond a view is copied. */
static int
keyed_keep_key(struct keyed *keyed, struct text *key)
{
	struct texts *texts = keyed->texts;

	if (key->size <= TEXT_INLINE_MAX)
		return 0;
	if (texts == NULL) {
		texts = keyed->texts = mem_alloc_zero(sizeof(*texts));
		texts->budget = keyed->budget;
		texts->holders = 1;
	}
	if (texts->room < key->size && texts_add_chunk(texts, key->size) != 0)
		return -1;
	memcpy(texts->cursor, key->bytes, key->size);
	*key = text_make(texts->cursor, key->size);
	texts->cursor += key->size;
	texts->room -= key->size;
	return 0;
}

struct keyed *
keyed_new(size_t row_bytes, struct mem_budget *budget)
{
	struct keyed *keyed = mem_alloc_zero(sizeof(*keyed));
	size_t room = BLOCK_BYTES - sizeof(struct block);

	keyed->budget = budget;
	keyed->row_bytes = sizeof(struct row_head) +
	    ((row_bytes + 7) & ~(size_t)7);
	keyed->block_rows = keyed->row_bytes > room ? 1 :
	    (uint32_t)(room / keyed->row_bytes);
	return keyed;
}

static inline struct block *
keyed_block(const struct keyed *keyed, uint64_t number)
{
	return (struct block *)(keyed->block[number] & ~FROZEN);
}

void
keyed_free(struct keyed **take_keyed)
{
	struct keyed *keyed = *take_keyed;

	if (keyed == NULL)
		return;
	for (uint64_t i = 0; i < keyed->block_count; i++)
		block_drop(keyed_block(keyed, i));
	texts_drop(keyed->texts);
	mem_release(keyed->budget, keyed->slot_count * sizeof(uint64_t));
	mem_free(keyed->slot);
	mem_free(keyed->block);
	mem_free(keyed);
	*take_keyed = NULL;
}

uint64_t
keyed_count(const struct keyed *keyed)
{
	return keyed->count;
}

size_t
keyed_bytes(const struct keyed *keyed)
{
	return keyed->block_bytes + keyed->slot_count * sizeof(uint64_t) +
	    (keyed->texts != NULL ? keyed->texts->bytes : 0);
}

/* The head of row number `index`, for reading. */
static const struct row_head *
keyed_head(const struct keyed *keyed, uint64_t index)
{
	assert(index < keyed->count);
	return block_head(keyed_block(keyed, index / keyed->block_rows),
	    index % keyed->block_rows, keyed->row_bytes);
}

const char *
keyed_peek(const struct keyed *keyed, uint64_t index)
{
	return (const char *)(keyed_head(keyed, index) + 1);
}

struct text
keyed_key(const struct keyed *keyed, uint64_t index)
{
	return keyed_head(keyed, index)->key;
}

uint64_t
keyed_hash(const struct keyed *keyed, uint64_t index)
{
	return keyed_head(keyed, index)->hash;
}

/* A copy of the block that is ours alone, with room for `row_count` rows. */
static int
keyed_copy_block(struct keyed *keyed, uint64_t number, uint32_t row_count)
{
	struct block *old = keyed_block(keyed, number);
	struct block *block = block_new(keyed->budget, row_count,
	    keyed->row_bytes);

	if (block == NULL)
		return -1;
	memcpy(block + 1, old + 1, old->bytes - sizeof(*old));
	keyed->block_bytes += block->bytes - old->bytes;
	keyed->block[number] = (uintptr_t)block;
	block_drop(old);
	return 0;
}

/* The block is about to be written to: nobody else may hold it. */
static int
keyed_thaw(struct keyed *keyed, uint64_t number)
{
	struct block *block = keyed_block(keyed, number);

	if (!count_is_sole(&block->holders))
		return keyed_copy_block(keyed, number, block->row_count);
	keyed->block[number] = (uintptr_t)block;
	return 0;
}

char *
keyed_row(struct keyed *keyed, uint64_t index)
{
	uint64_t number = index / keyed->block_rows;

	assert(index < keyed->count);
	if ((keyed->block[number] & FROZEN) && keyed_thaw(keyed, number) != 0)
		return NULL;
	return (char *)(block_head(keyed_block(keyed, number),
	    index % keyed->block_rows, keyed->row_bytes) + 1);
}

/* Twice the directory. */
static int
keyed_grow(struct keyed *keyed)
{
	uint64_t count = keyed->slot_count > 0 ? keyed->slot_count * 2 :
	    SLOTS_FIRST;

	if (mem_charge(keyed->budget, count * sizeof(uint64_t)) != 0)
		return -1;
	uint64_t *slot = mem_alloc_zero(count * sizeof(uint64_t));
	for (uint64_t i = 0; i < keyed->count; i++) {
		uint64_t hash = keyed_head(keyed, i)->hash;
		uint64_t at = hash & (count - 1);
		while (slot[at] != 0)
			at = (at + 1) & (count - 1);
		slot[at] = slot_make(hash, i / keyed->block_rows,
		    i % keyed->block_rows);
	}
	mem_release(keyed->budget, keyed->slot_count * sizeof(uint64_t));
	mem_free(keyed->slot);
	keyed->slot = slot;
	keyed->slot_count = count;
	return 0;
}

/* One more block; the first one begins small. */
static int
keyed_add_block(struct keyed *keyed)
{
	uint32_t rows = keyed->block_count > 0 ||
	    keyed->block_rows < FIRST_ROWS ? keyed->block_rows : FIRST_ROWS;
	struct block *block = block_new(keyed->budget, rows, keyed->row_bytes);

	if (block == NULL)
		return -1;
	if ((keyed->block_count & (keyed->block_count - 1)) == 0) {
		uint64_t capacity = keyed->block_count == 0 ? 1 :
		    keyed->block_count * 2;
		keyed->block = mem_resize(keyed->block,
		    capacity * sizeof(*keyed->block));
	}
	keyed->block[keyed->block_count++] = (uintptr_t)block;
	keyed->block_bytes += block->bytes;
	return 0;
}

/* Twice the first block; the `found` addresses that lie in it move along. */
static int
keyed_grow_first(struct keyed *keyed, char **row, uint32_t found)
{
	struct block *old = keyed_block(keyed, 0);
	uintptr_t from = (uintptr_t)old;
	size_t bytes = old->bytes;
	uint32_t rows = old->row_count * 2;

	if (keyed_copy_block(keyed, 0, rows < keyed->block_rows ? rows :
	    keyed->block_rows) != 0)
		return -1;
	for (uint32_t i = 0; i < found; i++) {
		uintptr_t offset = (uintptr_t)row[i] - from;
		if (offset < bytes)
			row[i] = (char *)(keyed->block[0] + offset);
	}
	return 0;
}

/* Room for one more row in the last block, which is ours then. */
static int
keyed_make_room(struct keyed *keyed, char **row, uint32_t found)
{
	uint64_t last = keyed->block_count - 1;

	if (keyed->block_count > 0 && keyed->count < last * keyed->block_rows +
	    keyed_block(keyed, last)->row_count) {
		return (keyed->block[last] & FROZEN) ? keyed_thaw(keyed, last) :
		    0;
	}
	return keyed->count > 0 && keyed->count < keyed->block_rows ?
	    keyed_grow_first(keyed, row, found) : keyed_add_block(keyed);
}

/* The slot where the key is or would be. */
static inline uint64_t
keyed_probe(const struct keyed *keyed, uint64_t hash, const struct text *key)
{
	uint64_t mask = keyed->slot_count - 1;
	uint64_t at = hash & mask;

	for (;; at = (at + 1) & mask) {
		uint64_t slot = keyed->slot[at];
		if (slot == 0)
			return at;
		if ((slot ^ hash) & SALT_MASK)
			continue;
		slot = (slot & ~SALT_MASK) - 1;
		const struct row_head *head = block_head(keyed_block(keyed,
		    slot >> 16), slot & 0xffff, keyed->row_bytes);
		if (head->hash == hash && text_equal(&head->key, key))
			return at;
	}
}

/* Key `i`, which is not there, becomes a row; `i` addresses are found. */
static int
keyed_add(struct keyed *keyed, const struct key_set *keys, uint32_t i,
	char **row)
{
	struct text key = keys->text[i];
	uint64_t hash = keys->hash[i];

	if ((keyed->count + 1) * 2 > keyed->slot_count &&
	    keyed_grow(keyed) != 0)
		return -1;
	if (keyed_make_room(keyed, row, i) != 0 ||
	    keyed_keep_key(keyed, &key) != 0)
		return -1;
	uint64_t number = keyed->count / keyed->block_rows;
	uint64_t place = keyed->count % keyed->block_rows;
	struct row_head *head = block_head(keyed_block(keyed, number), place,
	    keyed->row_bytes);
	head->hash = hash;
	head->key = key;
	keyed->slot[keyed_probe(keyed, hash, &key)] =
	    slot_make(hash, number, place);
	keyed->count++;
	row[i] = (char *)(head + 1);
	return 0;
}

/* Rows ahead: directory lines first, then the rows they point to. */
#define PREFETCH_SLOT 16
#define PREFETCH_ROW 8
/* Below this many keys everything is in the cache. */
#define PREFETCH_KEYS_MIN 4096

static inline void
keyed_prefetch(const struct keyed *keyed, const struct key_set *keys,
	uint32_t i, uint32_t count)
{
	uint64_t mask = keyed->slot_count - 1;

	if (i + PREFETCH_SLOT < count)
		__builtin_prefetch(&keyed->slot[keys->hash[i + PREFETCH_SLOT] &
		    mask]);
	if (i + PREFETCH_ROW < count) {
		uint64_t slot = keyed->slot[keys->hash[i + PREFETCH_ROW] &
		    mask];
		slot = (slot & ~SALT_MASK) - 1;
		if (slot != UINT64_MAX)
			__builtin_prefetch(block_head(keyed_block(keyed,
			    slot >> 16), slot & 0xffff, keyed->row_bytes));
	}
}

int
keyed_find(struct keyed *keyed, const struct key_set *keys, uint32_t count,
	char **row, uint8_t *is_new)
{
	int prefetch = keyed->count >= PREFETCH_KEYS_MIN;

	if (keyed->slot_count == 0 && count > 0 && keyed_grow(keyed) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		if (prefetch)
			keyed_prefetch(keyed, keys, i, count);
		uint64_t slot = keyed->slot[keyed_probe(keyed, keys->hash[i],
		    &keys->text[i])];
		if (is_new != NULL)
			is_new[i] = slot == 0;
		if (slot == 0) {
			if (keyed_add(keyed, keys, i, row) != 0)
				return -1;
			continue;
		}
		slot = (slot & ~SALT_MASK) - 1;
		uint64_t number = slot >> 16;
		if ((keyed->block[number] & FROZEN) &&
		    keyed_thaw(keyed, number) != 0)
			return -1;
		row[i] = (char *)(block_head(keyed_block(keyed, number),
		    slot & 0xffff, keyed->row_bytes) + 1);
	}
	return 0;
}

/* Blocks ahead: each count is a cache line of its own. */
#define PREFETCH_BLOCK 16

struct keyed_view *
keyed_freeze(struct keyed *keyed)
{
	uint64_t count = keyed->block_count;
	struct keyed_view *view = mem_alloc(sizeof(*view) +
	    count * sizeof(*view->block));

	view->row_bytes = keyed->row_bytes;
	view->block_rows = keyed->block_rows;
	view->count = keyed->count;
	view->block_count = count;
	view->texts = keyed->texts;
	if (view->texts != NULL)
		count_hold(&view->texts->holders);
	for (uint64_t i = 0; i < count; i++) {
		if (i + PREFETCH_BLOCK < count)
			__builtin_prefetch(keyed_block(keyed,
			    i + PREFETCH_BLOCK), 1);
		view->block[i] = keyed_block(keyed, i);
		count_hold(&view->block[i]->holders);
		keyed->block[i] |= FROZEN;
	}
	return view;
}

void
keyed_view_free(struct keyed_view **take_view)
{
	struct keyed_view *view = *take_view;

	if (view == NULL)
		return;
	for (uint64_t i = 0; i < view->block_count; i++)
		block_drop(view->block[i]);
	texts_drop(view->texts);
	mem_free(view);
	*take_view = NULL;
}

uint64_t
keyed_view_count(const struct keyed_view *view)
{
	return view->count;
}

static const struct row_head *
view_head(const struct keyed_view *view, uint64_t index)
{
	assert(index < view->count);
	return block_head(view->block[index / view->block_rows],
	    index % view->block_rows, view->row_bytes);
}

const char *
keyed_view_row(const struct keyed_view *view, uint64_t index)
{
	return (const char *)(view_head(view, index) + 1);
}

struct text
keyed_view_key(const struct keyed_view *view, uint64_t index)
{
	return view_head(view, index)->key;
}

uint64_t
keyed_view_hash(const struct keyed_view *view, uint64_t index)
{
	return view_head(view, index)->hash;
}
