/*
 * The table of groups.
 *
 * An open-addressing directory of 8-byte entries points into dense blocks of
 * rows, in order of first appearance:
 *
 *     directory   [ salt:16 | row's address:48 ] ...    load at most one half
 *     block       row, row, row, ...                     GROUP_BLOCK_ROWS each
 *     row         hash | key (16-byte view) | the user's bytes
 *
 * The salt (16 bits of the hash) spares nearly every false look at a row.  Rows
 * never move, so callers keep their addresses; only the directory is rebuilt
 * when it grows, from the hashes in the rows.  Keys longer than a view are
 * copied to a region.
 *
 * A batch is looked up in two passes: the first touches the directory's cache
 * lines and remembers what it found, the second compares keys, whose rows were
 * prefetched meanwhile.  With a few groups everything lies in the first-level
 * cache and the passes cost nothing; with millions they hide the misses.
 *
 * When the budget refuses a block or a larger directory, group_table_find()
 * says so and the caller decides.
 */
#include "op/group.h"

#include <string.h>

#include "data/key.h"

/* 512 rows of some 64 bytes are 32 KiB: small jobs stay small. */
#define GROUP_BLOCK_ROWS 512
#define GROUP_SLOTS_FIRST 1024
/* Tables beyond this are looked into at random far more than the page table's
 * cache holds pages: their blocks lie in large ones. */
#define SLABS_BYTES_MIN ((size_t)1 << 20)

struct group_table {
	struct mem_budget *budget;
	size_t row_bytes;	/* with the head */
	uint64_t *slot;
	uint64_t slot_mask;
	uint64_t count;
	char **block;
	uint64_t block_count;
	/* What blocks lie in, to be freed: each alone, or many in a slab. */
	void **own;
	uint64_t own_count;
	char *slab;		/* the last one; the next block's place, */
	size_t slab_left;	/* and how much room there is behind it */
	struct region *texts;
	size_t texts_bytes;	/* charged, or tried to */
	uint64_t charged;
	int always;		/* what is refused is taken all the same: */
	uint64_t over;
};

#define SLOT_ADDRESS(slot) ((slot) & 0x0000ffffffffffffu)
#define SLOT_SALT(slot) ((slot) & 0xffff000000000000u)

/* Addresses of user memory have 47 bits, on the machines that there are. */
static inline uint64_t
slot_make(uint64_t hash, const struct group_head *head)
{
	return SLOT_SALT(hash) | SLOT_ADDRESS((uintptr_t)head);
}

static inline struct group_head *
slot_head(uint64_t slot)
{
	return (struct group_head *)(uintptr_t)SLOT_ADDRESS(slot);
}

struct group_table *
group_table_new(size_t row_bytes, struct mem_budget *budget)
{
	struct group_table *table = mem_alloc_zero(sizeof(*table));

	table->budget = budget;
	table->row_bytes = sizeof(struct group_head) +
	    ((row_bytes + 7) & ~(size_t)7);
	table->slot_mask = GROUP_SLOTS_FIRST - 1;
	table->slot = mem_alloc_zero(GROUP_SLOTS_FIRST * sizeof(uint64_t));
	return table;
}

void
group_table_free(struct group_table **take_table)
{
	struct group_table *table = *take_table;

	if (table == NULL)
		return;
	for (uint64_t i = 0; i < table->own_count; i++)
		mem_free(table->own[i]);
	mem_release(table->budget, table->charged);
	mem_free(table->own);
	mem_free(table->block);
	mem_free(table->slot);
	if (table->texts != NULL)
		region_drop(&table->texts);
	mem_free(table);
	*take_table = NULL;
}

static inline struct group_head *
table_head(const struct group_table *table, uint64_t index)
{
	return (struct group_head *)(table->block[index / GROUP_BLOCK_ROWS] +
	    index % GROUP_BLOCK_ROWS * table->row_bytes);
}

uint64_t
group_table_count(const struct group_table *table)
{
	return table->count;
}

char *
group_table_row(const struct group_table *table, uint64_t index)
{
	return (char *)(table_head(table, index) + 1);
}

struct text
group_table_key(const struct group_table *table, uint64_t index)
{
	return table_head(table, index)->key;
}

void
group_table_clear(struct group_table *table)
{
	uint64_t left = table->count;

	for (uint64_t i = 0; left > 0; i++) {
		uint64_t rows = left < GROUP_BLOCK_ROWS ? left :
		    GROUP_BLOCK_ROWS;
		memset(table->block[i], 0, rows * table->row_bytes);
		left -= rows;
	}
	memset(table->slot, 0, (table->slot_mask + 1) * sizeof(*table->slot));
	table->count = 0;
	if (table->texts != NULL)
		region_reset(table->texts);
}

/* Memory that the budget allows; or takes notice of, if always. */
static int
table_charge(struct group_table *table, uint64_t bytes)
{
	if (mem_charge(table->budget, bytes) == 0)
		table->charged += bytes;
	else if (table->always)
		table->over += bytes;
	else
		return -1;
	return 0;
}

static uint64_t *
directory_new(uint64_t size)
{
	size_t bytes = size * sizeof(uint64_t);

	if (bytes < MEM_LARGE_BYTES)
		return mem_alloc_zero(bytes);
	return memset(mem_alloc_large(bytes), 0, bytes);
}

/* Twice the directory; 0, or -1 when the budget refuses. */
static int
table_grow(struct group_table *table)
{
	uint64_t size = (table->slot_mask + 1) * 2;
	uint64_t mask = size - 1;

	uint64_t old = size / 2 * sizeof(uint64_t);
	uint64_t before = table->charged;

	if (table_charge(table, size * sizeof(uint64_t)) != 0)
		return -1;
	uint64_t *slot = directory_new(size);
	for (uint64_t i = 0; i < table->count; i++) {
		const struct group_head *head = table_head(table, i);
		uint64_t at = head->hash & mask;
		while (slot[at] != 0)
			at = (at + 1) & mask;
		slot[at] = slot_make(head->hash, head);
	}
	/* The old one goes, unless it never was charged. */
	if (size / 2 > GROUP_SLOTS_FIRST && before >= old) {
		mem_release(table->budget, old);
		table->charged -= old;
	}
	mem_free(table->slot);
	table->slot = slot;
	table->slot_mask = mask;
	return 0;
}

/* The array with room for one more, whose sizes are powers of two. */
static void *
array_grow(void *take_array, uint64_t count)
{
	if ((count & (count - 1)) != 0)
		return take_array;
	return mem_resize(take_array, (count == 0 ? 1 : count * 2) *
	    sizeof(void *));
}

/* Room for a block in a slab of large pages; NULL if there is none to have. */
static char *
table_take_slab(struct group_table *table, size_t bytes)
{
	if (table->slab_left < bytes) {
		if (bytes > MEM_LARGE_BYTES / 4 ||
		    table->block_count * bytes < SLABS_BYTES_MIN ||
		    mem_charge(table->budget, MEM_LARGE_BYTES) != 0)
			return NULL;
		table->charged += MEM_LARGE_BYTES;
		table->slab = mem_alloc_large(MEM_LARGE_BYTES);
		table->slab_left = MEM_LARGE_BYTES;
		table->own = array_grow(table->own, table->own_count);
		table->own[table->own_count++] = table->slab;
	}
	char *block = table->slab;
	table->slab += bytes;
	table->slab_left -= bytes;
	return memset(block, 0, bytes);
}

static int
table_add_block(struct group_table *table)
{
	size_t bytes = GROUP_BLOCK_ROWS * table->row_bytes;
	char *block = table_take_slab(table, bytes);

	if (block == NULL) {
		if (table_charge(table, bytes) != 0)
			return -1;
		block = mem_alloc_zero(bytes);
		table->own = array_grow(table->own, table->own_count);
		table->own[table->own_count++] = block;
	}
	table->block = array_grow(table->block, table->block_count);
	table->block[table->block_count++] = block;
	return 0;
}

/* Keys beyond a view are copied; the region's growth is charged. */
static int
table_keep_key(struct group_table *table, struct text *key)
{
	if (key->size <= TEXT_INLINE_MAX)
		return 0;
	if (table->texts == NULL)
		table->texts = region_new();
	*key = text_make(region_copy(table->texts, key->bytes, key->size),
	    key->size);
	size_t bytes = region_bytes(table->texts);
	if (bytes <= table->texts_bytes)
		return 0;
	if (table_charge(table, bytes - table->texts_bytes) != 0)
		return -1;
	table->texts_bytes = bytes;
	return 0;
}

static struct group_head *
table_add(struct group_table *table, uint64_t at, uint64_t hash,
	struct text key)
{
	if (table->count == table->block_count * GROUP_BLOCK_ROWS &&
	    table_add_block(table) != 0)
		return NULL;
	if (table_keep_key(table, &key) != 0)
		return NULL;
	struct group_head *head = table_head(table, table->count);
	head->hash = hash;
	head->key = key;
	table->slot[at] = slot_make(hash, head);
	table->count++;
	return head;
}

/* The slot where the key is or would be. */
static inline uint64_t
table_probe(const struct group_table *table, uint64_t hash,
	const struct text *key)
{
	uint64_t at = hash & table->slot_mask;

	for (;; at = (at + 1) & table->slot_mask) {
		uint64_t slot = table->slot[at];
		if (slot == 0)
			return at;
		if (SLOT_SALT(slot) != SLOT_SALT(hash))
			continue;
		const struct group_head *head = slot_head(slot);
		if (head->hash == hash && text_equal(&head->key, key))
			return at;
	}
}

/* Rows ahead: directory lines first, then the rows they point to. */
#define PREFETCH_SLOT 48
#define PREFETCH_ROW 24
/* Below this everything is in the first cache. */
#define PREFETCH_BYTES_MIN ((size_t)24 << 10)
#define LINE_BYTES 64

static inline void
table_prefetch(const struct group_table *table, const struct key_set *keys,
	uint32_t i, uint32_t count)
{
	if (i + PREFETCH_SLOT < count)
		__builtin_prefetch(&table->slot[keys->hash[i + PREFETCH_SLOT] &
		    table->slot_mask]);
	if (i + PREFETCH_ROW < count) {
		const char *row = (const char *)slot_head(table->slot[
		    keys->hash[i + PREFETCH_ROW] & table->slot_mask]);
		__builtin_prefetch(row);
		/* The states that are looked at next. */
		if (table->row_bytes > LINE_BYTES)
			__builtin_prefetch(row + LINE_BYTES);
	}
}

int
group_table_reserve(struct group_table *table, uint32_t count, int always)
{
	int status = 0;

	if (table->over > 0 && mem_charge(table->budget, table->over) == 0) {
		table->charged += table->over;
		table->over = 0;
	}
	if (table->over > 0 && !always)
		return -1;
	table->always = always;
	while (status == 0 &&
	    (table->count + count) * 2 > table->slot_mask + 1)
		status = table_grow(table);
	while (status == 0 &&
	    table->count + count > table->block_count * GROUP_BLOCK_ROWS)
		status = table_add_block(table);
	/* Of long keys only the next to come are refused. */
	table->always = 1;
	return status;
}

int
group_table_find(struct group_table *table, const struct key_set *keys,
	uint32_t count, char **row, uint8_t *is_new)
{
	int prefetch = table->count * table->row_bytes >= PREFETCH_BYTES_MIN;

	while ((table->count + count) * 2 > table->slot_mask + 1)
		if (table_grow(table) != 0)
			return -1;
	for (uint32_t i = 0; i < count; i++) {
		if (prefetch)
			table_prefetch(table, keys, i, count);
		uint64_t at = table_probe(table, keys->hash[i], &keys->text[i]);
		uint64_t slot = table->slot[at];
		struct group_head *head;
		if (slot != 0)
			head = slot_head(slot);
		else if ((head = table_add(table, at, keys->hash[i],
		    keys->text[i])) == NULL)
			return -1;
		row[i] = (char *)(head + 1);
		if (is_new != NULL)
			is_new[i] = slot == 0;
	}
	return 0;
}

void
group_table_look(const struct group_table *table, const struct key_set *keys,
	uint32_t count, char **row)
{
	for (uint32_t i = 0; i < count; i++) {
		table_prefetch(table, keys, i, count);
		uint64_t at = table_probe(table, keys->hash[i], &keys->text[i]);
		uint64_t slot = table->slot[at];
		row[i] = slot == 0 ? NULL :
		    (char *)(slot_head(slot) + 1);
	}
}

int
group_eval_by(struct op_run *run, const struct op_item *by, uint32_t by_count,
	struct batch *batch, struct region *region, struct column *column,
	struct err *err)
{
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < by_count; i++)
		expr_eval(by[i].expr, &eval, batch->sel, batch->sel_count,
		    &column[i]);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	/* Again for the rows that are left: none of them is refused now. */
	return group_eval_by(run, by, by_count, batch, region, column, err);
}

int
group_find_by(struct op_run *run, struct group_table *table,
	const struct op_item *by, uint32_t by_count, struct batch *batch,
	struct region *region, char **row, struct err *err)
{
	struct column *column = region_alloc(region,
	    (by_count + 1) * sizeof(*column));
	struct key_set keys;

	if (group_eval_by(run, by, by_count, batch, region, column, err) != 0)
		return -1;
	key_make(column, by_count, batch->sel_count, region, &keys);
	if (group_table_find(table, &keys, batch->sel_count, row, NULL) == 0)
		return 0;
	err_set(err, ERR_IO, "%s: its %llu groups need more memory than the "
	    "limit", run->op->def->name,
	    (unsigned long long)group_table_count(table));
	return err_hint(err, "give it more with --memory SIZE");
}
