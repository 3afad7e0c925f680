/*
 * The best of some groups: heaps in the rows of a table, and piles of images.
 *
 * A heap that is full gives up its worst record for a better one; the image of
 * that one stays on its pile until such are the most: then the others are
 * copied to a fresh pile (best_set_shrink).
 *
 * When there is no room, what the heaps have is written to files, by parts of
 * the hash, and the set begins anew with nothing.  So what lies in the files of
 * a part are the best of stretches of the input; the best of them are found by
 * another set, part by part (best_fold.c), with all the memory there is.
 */
#include "op/best_priv.h"

#include <assert.h>
#include <string.h>

#include "state/spill.h"
#include "util/bits.h"

/* Fewer images are not worth a copy; those that take this part of the memory
 * are many. */
#define SHRINK_ROWS_MIN ((uint64_t)16 * BATCH_ROWS_MAX)
#define LARGE_PART 8
/* Files of all parts and instances may take this part of the memory for their
 * buffers, of BEST_FILE_BYTES each, and one block. */
#define WRITERS_PART 6
#define WRITER_BYTES (BEST_FILE_BYTES + ((size_t)16 << 10))
#define PARTS_MIN 8u
/* Of the hash: below are a table's slots, above its salt. */
#define PART_SHIFT 18
#define DEPTH_BITS 6
/* Rows of a table have room for so many entries, if no more are wanted. */
#define OWN_MAX 2
#define CHARGE_STEP ((uint64_t)64 << 10)

uint32_t
best_parts(uint32_t instance_count)
{
	uint64_t most = mem_limit() / WRITERS_PART / WRITER_BYTES /
	    instance_count;
	uint32_t parts = PARTS_MIN;

	while (parts < BEST_PARTS_MAX &&
	    (mem_limit() == 0 || parts * 2 <= most))
		parts *= 2;
	return parts;
}

static struct group_table *
new_table(const struct best_set *set)
{
	return group_table_new(sizeof(struct best_heap) + set->own_count *
	    sizeof(struct best_entry), &set->run->budget);
}

void
best_set_init(struct best_set *set, struct op_run *run,
	struct image_shapes *shapes, enum best_order order, unsigned depth,
	uint32_t parts, uint32_t held_parts)
{
	uint64_t limit = (uint64_t)run->op->args.limit;

	*set = (struct best_set){
		.run = run, .shapes = shapes, .order = order, .limit = limit,
		.own_count = limit <= OWN_MAX ? (uint32_t)limit : 0,
		.depth = depth, .part_count = parts, .held_count = held_parts,
	};
	set->table = new_table(set);
	for (uint32_t i = 0; i < parts; i++)
		set->held[i].shapes = set->out[i].shapes = shapes;
}

uint32_t
best_part_of(const struct best_set *set, uint64_t hash)
{
	return (uint32_t)(hash >> (PART_SHIFT + DEPTH_BITS * set->depth)) &
	    (set->part_count - 1);
}

struct pile *
best_set_pile(struct best_set *set, uint64_t hash)
{
	return &set->held[set->held_count == 1 ? 0 : best_part_of(set, hash)];
}

static void
free_held(struct best_set *set)
{
	for (uint32_t i = 0; i < set->held_count; i++)
		pile_free(&set->held[i], &set->run->budget);
	set->rows = set->row_bytes = 0;
}

void
best_set_forget(struct best_set *set)
{
	for (uint64_t g = 0; set->own_count == 0 && set->table != NULL &&
	    g < group_table_count(set->table); g++)
		mem_free(best_set_heap(set, g)->entry);
	group_table_free(&set->table);
	mem_release(&set->run->budget, set->charged);
	set->charged = set->entry_bytes = 0;
	set->live = 0;
}

void
best_set_fini(struct best_set *set)
{
	if (set->run == NULL)
		return;
	best_set_forget(set);
	free_held(set);
	for (uint32_t i = 0; i < set->part_count; i++)
		pile_free(&set->out[i], &set->run->budget);
	*set = (struct best_set){ 0 };
}

/* --- heaps --- */

static int
rest_is_worse(const struct best_entry *a, const struct best_entry *b)
{
	const struct text *x = &a->image->key, *y = &b->image->key;
	uint32_t x_size = best_order_size(x), y_size = best_order_size(y);
	uint32_t size = x_size < y_size ? x_size : y_size;
	int order = memcmp(text_bytes(x), text_bytes(y), size);

	if (order != 0)
		return order > 0;
	if (x_size != y_size)
		return x_size > y_size;
	return a->image->number > b->image->number;
}

int
best_is_worse(const struct best_entry *a, const struct best_entry *b)
{
	for (unsigned i = 0; i < 2; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] > b->word[i];
	return rest_is_worse(a, b);
}

int
best_beats(const struct best_heap *heap, const char *order, uint32_t size)
{
	const struct text *key = &heap->entry[0].image->key;
	uint32_t worst = best_order_size(key);
	int compared = memcmp(order, text_bytes(key), size < worst ? size :
	    worst);

	return compared != 0 ? compared < 0 : size < worst;
}

static uint64_t
order_word(const struct text *key, uint32_t size, uint32_t offset)
{
	unsigned char bytes[8] = { 0 };
	uint64_t word;

	if (size > offset)
		memcpy(bytes, text_bytes(key) + offset,
		    size - offset < 8 ? size - offset : 8);
	memcpy(&word, bytes, 8);
	return __builtin_bswap64(word);
}

struct best_entry
best_entry_of(const struct best_set *set, struct image *image)
{
	struct best_entry entry = { .image = image };
	uint32_t size = best_order_size(&image->key);

	if (set->order == BEST_LAST) {
		entry.word[0] = ~image->number;
		return entry;
	}
	entry.word[0] = order_word(&image->key, size, 0);
	entry.word[1] = order_word(&image->key, size, 8);
	return entry;
}

/* Put `entry` at 0 or below, where no child is worse. */
static void
heap_sink(struct best_heap *heap, uint64_t count, struct best_entry entry)
{
	uint64_t at = 0;

	for (;;) {
		uint64_t child = 2 * at + 1;
		if (child >= count)
			break;
		if (child + 1 < count && best_is_worse(
		    &heap->entry[child + 1], &heap->entry[child]))
			child++;
		if (!best_is_worse(&heap->entry[child], &entry))
			break;
		heap->entry[at] = heap->entry[child];
		at = child;
	}
	heap->entry[at] = entry;
}

static void
heap_rise(struct best_heap *heap, struct best_entry entry)
{
	uint64_t at = heap->count++;

	while (at > 0) {
		uint64_t parent = (at - 1) / 2;
		if (!best_is_worse(&entry, &heap->entry[parent]))
			break;
		heap->entry[at] = heap->entry[parent];
		at = parent;
	}
	heap->entry[at] = entry;
}

/* What the budget refuses is taken: the set is written down soon. */
static void
charge_entries(struct best_set *set, uint64_t bytes)
{
	set->entry_bytes += bytes;
	if (set->entry_bytes <= set->charged)
		return;
	uint64_t more = set->entry_bytes - set->charged + CHARGE_STEP;
	if (mem_charge(&set->run->budget, more) != 0) {
		set->is_over = 1;
		mem_charge_always(&set->run->budget, more);
	}
	set->charged += more;
}

static void
heap_grow(struct best_set *set, struct best_heap *heap)
{
	uint64_t capacity = heap->capacity * 2ull + 4;

	if (set->own_count > 0) {
		heap->entry = heap->own;
		heap->capacity = set->own_count;
		return;
	}
	if (set->is_over && capacity > heap->capacity + BATCH_ROWS_MAX)
		capacity = heap->capacity + BATCH_ROWS_MAX;
	if (capacity > set->limit)
		capacity = set->limit;
	assert(capacity <= UINT32_MAX);
	charge_entries(set, (capacity - heap->capacity) *
	    sizeof(*heap->entry) + (heap->capacity == 0 ? 16 : 0));
	heap->capacity = (uint32_t)capacity;
	heap->entry = mem_resize(heap->entry,
	    capacity * sizeof(*heap->entry));
}

int
best_is_wanted(const struct best_set *set, const struct best_heap *heap,
	const struct best_entry *entry)
{
	return heap->count < set->limit ||
	    best_is_worse(&heap->entry[0], entry);
}

void
best_set_put(struct best_set *set, struct best_heap *heap,
	const struct best_entry *entry)
{
	if (heap->count == set->limit) {
		heap_sink(heap, heap->count, *entry);
		return;
	}
	if (heap->count == heap->capacity)
		heap_grow(set, heap);
	heap_rise(heap, *entry);
	set->live++;
}

void
best_heap_sort(const struct best_set *set, struct best_heap *heap)
{
	uint64_t count = heap->count;

	while (count > 1) {
		struct best_entry worst = heap->entry[0];
		struct best_entry last = heap->entry[--count];
		heap_sink(heap, count, last);
		heap->entry[count] = worst;
	}
	for (uint64_t i = 0; set->order == BEST_LAST &&
	    i < heap->count / 2; i++) {
		struct best_entry swap = heap->entry[i];
		heap->entry[i] = heap->entry[heap->count - 1 - i];
		heap->entry[heap->count - 1 - i] = swap;
	}
}

/* --- images --- */

/* A copy of the image of a group whose first record came at `first`. */
static int
copy_image(struct best_set *set, struct pile *pile, struct best_entry *entry,
	uint64_t first, struct err *err)
{
	const struct image *image = entry->image;

	if (pile_reserve(pile, &set->run->budget, image->size, 1, err) != 0)
		return -1;
	struct image *copy = (struct image *)(void *)pile_take(pile,
	    image->size);
	memcpy(copy, image, image->size);
	image_settle(copy);
	copy->turn = first - 1;
	entry->image = copy;
	return 0;
}

struct image *
best_set_hold(struct best_set *set, const struct image *image,
	struct err *err)
{
	struct mem_budget *budget = &set->run->budget;
	struct pile *pile = best_set_pile(set, image->link);
	int status = pile_reserve(pile, budget, image->size, 0, err);

	if (status == 1) {
		set->is_over = 1;
		status = pile_reserve(pile, budget, image->size, 1, err);
	}
	if (status != 0)
		return NULL;
	struct image *copy = (struct image *)(void *)pile_take(pile,
	    image->size);
	memcpy(copy, image, image->size);
	image_settle(copy);
	set->rows++;
	set->row_bytes += image->size;
	return copy;
}

int
best_set_shrink(struct best_set *set, struct err *err)
{
	struct mem_budget *budget = &set->run->budget;
	struct pile fresh[BEST_PARTS_MAX];
	int is_large = mem_limit() != 0 &&
	    set->row_bytes > mem_limit() / LARGE_PART;

	if (set->rows < SHRINK_ROWS_MIN || (is_large ?
	    set->live * 3 > set->rows * 2 : set->live * 4 > set->rows))
		return 0;
	/* For a moment there are both. */
	uint64_t bytes = set->row_bytes / set->rows * set->live;
	if (mem_charge(budget, bytes) != 0) {
		set->is_over = 1;
		return 0;
	}
	mem_release(budget, bytes);
	for (uint32_t i = 0; i < set->held_count; i++)
		fresh[i] = (struct pile){ .shapes = set->shapes };
	uint64_t rows = 0, size = 0;
	int status = 0;
	for (uint64_t g = 0; g < group_table_count(set->table); g++) {
		struct best_heap *heap = best_set_heap(set, g);
		for (uint64_t i = 0; i < heap->count && status == 0; i++) {
			uint64_t hash = heap->entry[i].image->link;
			status = copy_image(set, &fresh[set->held_count == 1 ?
			    0 : best_part_of(set, hash)], &heap->entry[i],
			    heap->first, err);
			size += heap->entry[i].image->size;
			rows++;
		}
	}
	free_held(set);
	memcpy(set->held, fresh, set->held_count * sizeof(*fresh));
	set->rows = rows;
	set->row_bytes = size;
	return status;
}

/* --- to disk --- */

static int
open_files(struct best_set *set, struct err *err)
{
	for (uint32_t i = 0; i < set->part_count; i++) {
		set->out[i].spill_block_bytes = BEST_FILE_BYTES;
		if (pile_spill(&set->out[i], &set->run->budget, set->run,
		    err) != 0)
			return -1;
	}
	set->is_spilled = 1;
	return 0;
}

int
best_set_spill(struct best_set *set, struct err *err)
{
	int status = set->is_spilled ? 0 : open_files(set, err);

	for (uint64_t g = 0; status == 0 &&
	    g < group_table_count(set->table); g++) {
		struct best_heap *heap = best_set_heap(set, g);
		for (uint64_t i = 0; i < heap->count && status == 0; i++)
			status = copy_image(set, &set->out[best_part_of(set,
			    heap->entry[i].image->link)], &heap->entry[i],
			    heap->first, err);
	}
	best_set_forget(set);
	free_held(set);
	set->is_over = 0;
	set->table = new_table(set);
	return status;
}

int
best_set_rest(struct best_set *set, struct err *err)
{
	int status = best_set_spill(set, err);

	for (uint32_t i = 0; i < set->part_count && status == 0; i++)
		status = pile_rest(&set->out[i], &set->run->budget, err);
	return status;
}

/* To write down a group alone gains nothing while it is folded: it does so
 * only when it takes a good part of the memory. */
static int
is_stubborn(const struct best_set *set, uint64_t groups)
{
	return set->depth > 0 && groups == 1 &&
	    set->row_bytes + set->entry_bytes < mem_limit() / LARGE_PART;
}

int
best_set_make_room(struct best_set *set, uint32_t count, struct err *err)
{
	uint64_t groups = group_table_count(set->table);

	if (groups > 0 && !is_stubborn(set, groups) &&
	    (set->is_over || mem_is_pressed(&set->run->budget) ||
	    group_table_reserve(set->table, count, 0) != 0)) {
		if (best_set_spill(set, err) != 0)
			return -1;
		groups = 0;
	}
	if (groups <= 1)
		(void)group_table_reserve(set->table, count, 1);
	return 0;
}
