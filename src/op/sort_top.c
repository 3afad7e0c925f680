/*
 * Sorting when only the first N rows are wanted.
 *
 * Each instance lets go of rows that N others come before.  When it has twice
 * as many as are wanted, it finds the N-th and drops what comes behind; the
 * word of that one is a bound from then on, and rows above it are not kept at
 * all: nearly all of a long input, for the price of a comparison.  Rows like
 * it come too late, unless rests could tell them apart.
 *
 * What is left stays in the order in which it came, so that nothing else knows
 * of this: all is sorted at the end, and spilled if N rows have no room.
 */
#include "op/sort_priv.h"

#include <string.h>

/* Below, dropping is not worth its sort. */
#define DROP_ROWS_MIN 4096
/* What it takes for each row: to sort, twice, and to remember. */
#define DROP_BYTES (4 * sizeof(struct sort_entry) + sizeof(struct left) + 8)

/* The first `wanted` entries of a part, by key, and the rest dropped. */
static void
part_cut(struct sort *sort, unsigned part, uint64_t wanted)
{
	struct sort_bag *bag = &sort->bag[part];
	struct sort_bag *base = sort->bag;
	const struct sort_store **stores = mem_alloc_zero(
	    sort->share->instance_count * sizeof(*stores));
	struct sort_bucket bucket = {
		.base = &base, .number = part, .instance_count = 1,
		.keys = { .store = stores, .cut = &sort->share->cut,
			.is_within = part == KEY_WITHIN,
			.has_rests = sort->rests[part] > 0 },
	};
	struct sort_entry bound = { 0 };
	int has_bound = wanted > 0;

	for (uint32_t i = 0; i < sort->share->instance_count; i++)
		stores[i] = sort->store;
	if (has_bound)
		sort_order(sort, &bucket);
	mem_free(stores);
	for (struct sort_chunk *chunk = bag->first; chunk != NULL;
	    chunk = chunk->next) {
		if (chunk->count > wanted)
			chunk->count = wanted;
		if (chunk->count > 0)
			bound = chunk->entry[chunk->count - 1];
		wanted -= chunk->count;
	}
	/* Nothing of this part is wanted: the part below has the bound. */
	if (has_bound) {
		sort->bound = (struct sort_bound){ part, bound.word };
		sort->is_bound_exact = !bucket.keys.has_rests;
		sort->has_bound = 1;
	}
}

/* An entry that is left, and its part. */
struct left {
	struct sort_entry entry;
	uint32_t part;
};

/* What is left, and `order`: which comes first, by refs, as they came. */
static struct left *
entries_left(struct sort *sort, struct sort_entry **order, uint64_t *count)
{
	uint64_t room = 0, used = 0;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		room += sort->bag[part].count;
	struct left *left = mem_alloc((room + 1) * sizeof(*left));
	struct sort_entry *entry = mem_alloc((2 * room + 1) * sizeof(*entry));
	for (unsigned part = 0; part < KEY_PARTS; part++) {
		struct sort_chunk *chunk = sort->bag[part].first;
		for (; chunk != NULL; chunk = chunk->next)
			for (uint64_t i = 0; i < chunk->count; i++) {
				left[used].entry = chunk->entry[i];
				left[used].part = part;
				entry[used] = (struct sort_entry){
					chunk->entry[i].ref, used };
				used++;
			}
	}
	sort_words(entry, entry + used, used);
	*order = entry;
	*count = used;
	return left;
}

/* Copy their rows to a fresh store, refs with them; if there is no room they
 * stay where they are. */
static void
rows_move(struct op_run *run, struct left *left,
	const struct sort_entry *order, uint64_t count)
{
	struct sort *sort = sort_of(run);
	struct sort_store *fresh = sort_store_new(&run->budget, run->instance,
	    sort->block_bytes);
	uint64_t *ref = mem_alloc((count + 1) * sizeof(*ref));
	char *room = NULL;

	for (uint64_t i = 0; i < count; i++) {
		const char *row = sort_store_row(sort->store, order[i].word);
		size_t size = sort_row_bytes(sort->share->layouts, row);
		sort_store_set_turn(fresh, sort_store_turn(sort->store,
		    order[i].word));
		room = sort_store_room(fresh, size, &ref[i]);
		if (room == NULL)
			break;
		memcpy(room, row, size);
	}
	if (room != NULL) {
		for (uint64_t i = 0; i < count; i++)
			left[order[i].ref].entry.ref = ref[i];
		sort_store_free(&sort->store);
		sort->store = fresh;
	} else {
		sort_store_free(&fresh);
	}
	mem_free(ref);
}

/* Back into bags. */
static void
entries_put(struct sort *sort, const struct left *left,
	const struct sort_entry *order, uint64_t count)
{
	uint64_t rests = 0;
	uint32_t size;

	memset(sort->rests, 0, sizeof(sort->rests));
	for (unsigned part = 0; part < KEY_PARTS; part++)
		sort_pool_give_bag(sort->pool, &sort->bag[part]);
	for (uint64_t i = 0; i < count; i++) {
		const struct left *it = &left[order[i].ref];
		struct sort_bag *bag = &sort->bag[it->part];
		if (!sort_bag_has_room(bag))
			sort_bag_grow(bag, sort->pool, 1);
		sort_bag_put(bag, it->entry);
		int has_rest = sort_row_rest(sort_store_row(sort->store,
		    it->entry.ref), &size) != NULL;
		sort->rests[it->part] += (uint64_t)has_rest;
		rests += (uint64_t)has_rest;
	}
	sort->rest_bytes = rests * SORT_REST_BYTES;
}

static void
drop_rows(struct op_run *run, uint64_t wanted)
{
	struct sort *sort = sort_of(run);
	struct sort_entry *order;
	uint64_t count;

	for (unsigned part = 0; part < KEY_PARTS; part++) {
		uint64_t has = sort->bag[part].count;
		if (has > 0 && has >= wanted)
			part_cut(sort, part, wanted);
		wanted -= wanted < has ? wanted : has;
	}
	struct left *left = entries_left(sort, &order, &count);
	rows_move(run, left, order, count);
	entries_put(sort, left, order, count);
	mem_free(left);
	mem_free(order);
	mem_free(sort->scratch);
	sort->scratch = NULL;
	sort->scratch_count = 0;
}

void
sort_drop(struct op_run *run)
{
	struct sort *sort = sort_of(run);
	uint64_t wanted = (uint64_t)run->op->args.limit, rows = 0;

	for (unsigned part = 0; part < KEY_PARTS; part++)
		rows += sort->bag[part].count;
	if (rows / 2 < wanted || rows - wanted < DROP_ROWS_MIN ||
	    mem_charge(&run->budget, rows * DROP_BYTES) != 0)
		return;
	drop_rows(run, wanted);
	mem_release(&run->budget, rows * DROP_BYTES);
}
