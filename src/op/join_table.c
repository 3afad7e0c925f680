/*
 * The directory of a partition's keys.
 *
 *	slot	[ salt:16 | address of the key's last row:48 ]
 *	row	link -> next row of the key; the last one's link -> first
 *
 * So a key has one slot however many rows it has, rows are appended in the
 * order in which they come, and the first is one step away.  A row that is
 * alone is linked to itself.  Slots are looked up by the low bits of the hash;
 * the salt, from others, spares nearly every false look at a row.
 *
 * A batch is looked up some rows at a time, in steps: ask for their slots, ask
 * for the rows these lead to, compare; the slots of the next ones are asked for
 * before the rows of these.
 */
#include "op/join_priv.h"

#include <string.h>

#include "util/bits.h"

/* Rows that are looked up together. */
#define LOOK_ROWS 64u
/* Rows that are linked together, to ask for their slots ahead. */
#define LINK_ROWS 64

static inline uint64_t
slot_salt(uint64_t hash)
{
	return hash << 8 & 0xffff000000000000u;
}

static inline uint64_t
slot_make(uint64_t hash, const struct image *row)
{
	return slot_salt(hash) | (uint64_t)(uintptr_t)row;
}

void
join_table_free(struct join_table *table, struct mem_budget *budget)
{
	mem_release(budget, table->charged_bytes);
	mem_free(table->slot);
	region_drop(&table->runs);
	*table = (struct join_table){ 0 };
}

static void
table_link(struct join_table *table, struct image *row)
{
	uint64_t hash = row->link, at = hash & table->mask;

	for (;; at = (at + 1) & table->mask) {
		uint64_t slot = table->slot[at];
		if (slot == 0) {
			row->link = (uintptr_t)row;
			table->key_count++;
			break;
		}
		struct image *last = join_slot_row(slot);
		if ((slot ^ slot_salt(hash)) >> 48 == 0 &&
		    text_equal(&last->key, &row->key)) {
			row->link = last->link;
			last->link = (uintptr_t)row;
			break;
		}
	}
	table->slot[at] = slot_make(hash, row);
}

void
join_table_link(struct join_table *table, struct image *const *row,
	uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(&table->slot[row[i]->link & table->mask]);
	for (uint32_t i = 0; i < count; i++)
		table_link(table, row[i]);
}

static int
table_link_rows(struct join_table *table, struct pile_merge *merge,
	const uint32_t *shape_base, struct err *err)
{
	struct image *waits[LINK_ROWS], *row;
	uint32_t count = 0, reader;
	int status;

	while ((status = pile_merge_look(merge, &row, &reader, err)) == 1) {
		if (pile_merge_pass(merge, err) != 0)
			return -1;
		if (shape_base != NULL)
			row->shape = (uint16_t)(row->shape +
			    shape_base[reader]);
		if (row->flags & IMAGE_ALONE)
			continue;
		waits[count++] = row;
		if (count < LINK_ROWS)
			continue;
		join_table_link(table, waits, count);
		count = 0;
	}
	join_table_link(table, waits, count);
	return status;
}

/* They are looked up at random: in large pages where they fill one. */
static uint64_t *
slots_new(uint64_t bytes)
{
	if (bytes < MEM_LARGE_BYTES)
		return mem_alloc_zero(bytes);
	return memset(mem_alloc_large(bytes), 0, bytes);
}

int
join_table_build(struct join_table *table, struct mem_budget *budget,
	struct pile_reader *const *take_reader, uint32_t reader_count,
	const uint32_t *shape_base, int force, struct err *err)
{
	struct pile_merge *merge = pile_merge_new(take_reader, reader_count);
	uint64_t rows = 0;
	int status = 0;

	*table = (struct join_table){ 0 };
	for (uint32_t i = 0; i < reader_count; i++)
		rows += pile_reader_pile(take_reader[i])->row_count;
	if (rows > 0) {
		uint64_t slots = bits_power_of_two(rows + rows / 3 + 2);
		uint64_t bytes = slots * sizeof(*table->slot);
		if (mem_charge(budget, bytes) != 0) {
			if (force)
				mem_charge_always(budget, bytes);
			else
				status = 1;
		}
		if (status == 0) {
			table->charged_bytes = bytes;
			table->slot = slots_new(bytes);
			table->mask = slots - 1;
			status = table_link_rows(table, merge, shape_base,
			    err);
		}
	}
	pile_merge_free(&merge);
	return status;
}

/* --- looking up --- */

/* A row on its way through the three steps. */
struct look {
	const uint64_t *slot;	/* NULL: it meets nothing */
	uint64_t mask, at;
};

/* Where to look, and ask for it. */
static void
look_begin(const struct join_table *table, int is_one,
	const struct key_set *keys, uint32_t first, uint32_t count,
	struct look *look)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t hash = keys->hash[first + i];
		const struct join_table *part =
		    &table[is_one ? 0 : join_part(hash)];
		look[i].slot = part->slot;
		look[i].mask = part->mask;
		look[i].at = hash & part->mask;
		/* There may be no slots: not as a place in an array. */
		__builtin_prefetch((const void *)((uintptr_t)part->slot +
		    look[i].at * sizeof(*part->slot)));
	}
}

/* On to a slot with the salt or nothing in it: ask for the row it leads to. */
static inline void
look_slot(struct look *look, uint64_t hash)
{
	uint64_t salt = slot_salt(hash), slot;

	while ((slot = look->slot[look->at]) != 0 && (slot ^ salt) >> 48 != 0)
		look->at = (look->at + 1) & look->mask;
	__builtin_prefetch(join_slot_row(slot));
}

static void
look_slots(const struct key_set *keys, uint32_t first, uint32_t count,
	struct look *look)
{
	for (uint32_t i = 0; i < count; i++)
		if (look[i].slot != NULL)
			look_slot(&look[i], keys->hash[first + i]);
}

/* The last row of the key, or NULL. */
static inline struct image *
look_row(struct look *look, uint64_t hash, const struct text *key)
{
	if (look->slot == NULL)
		return NULL;
	for (;;) {
		struct image *row = join_slot_row(look->slot[look->at]);
		if (row == NULL || text_equal(&row->key, key))
			return row;
		look->at = (look->at + 1) & look->mask;
		look_slot(look, hash);
	}
}

static void
look_rows(const struct key_set *keys, uint32_t first, uint32_t count,
	struct look *look, struct image **row)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = first + i;
		const struct text *key = &keys->text[at];
		if (keys->any_null && bits_get(keys->null, at))
			row[at] = NULL;
		else if (at > 0 && keys->hash[at] == keys->hash[at - 1] &&
		    text_equal(key, key - 1))
			row[at] = row[at - 1];	/* as in sorted input */
		else
			row[at] = look_row(&look[i], keys->hash[at], key);
	}
}

void
join_table_look(const struct join_table *table, int is_one,
	const struct key_set *keys, uint32_t count, struct image **row)
{
	struct look look[2][LOOK_ROWS];
	unsigned turn = 0;

	look_begin(table, is_one, keys, 0, count < LOOK_ROWS ? count :
	    LOOK_ROWS, look[0]);
	for (uint32_t i = 0; i < count; i += LOOK_ROWS, turn ^= 1) {
		uint32_t left = count - i, next = 0;
		if (left > LOOK_ROWS) {
			next = left - LOOK_ROWS < LOOK_ROWS ?
			    left - LOOK_ROWS : LOOK_ROWS;
			look_begin(table, is_one, keys, i + LOOK_ROWS, next,
			    look[turn ^ 1]);
			left = LOOK_ROWS;
		}
		look_slots(keys, i, left, look[turn]);
		look_rows(keys, i, left, look[turn], row);
	}
}
