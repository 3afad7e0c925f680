/*
 * Parts into results.
 *
 * What all instances have of a part goes through a set of its own, image by
 * image, with places that are good among all.  If all lies in memory, heaps
 * point to images where they are.  Images of files are copied; if there is no
 * room for the groups of a part, they go to files again, by other bits of the
 * hash, and each of those parts is gone through in the same way:
 *
 *	part --> set --> result			the groups had room
 *	part --> set --> parts --> sets --> results --merged--> result
 *
 * A group alone has no such way out and must have room.
 */
#include "op/best_priv.h"

#include <string.h>

#include "op/sort_words.h"
#include "util/err.h"

#define DEPTH_MAX 5
#define FOLD_ROWS 1024u

/* Images on their way to a set. */
struct fold {
	struct best_set *set;
	struct pile_reader *reader;
	const struct turns *turns;	/* NULL: places are good */
	int is_copied;
	int is_sole;		/* all had the hash */
	uint64_t hash_first, rows;
	uint32_t count;
	struct image *image[FOLD_ROWS];
	struct text key[FOLD_ROWS];
	uint64_t hash[FOLD_ROWS];
	struct best_heap *heap[FOLD_ROWS];
};

/* 1, 0 at the end, -1. */
static int
fold_load(struct fold *fold, struct err *err)
{
	struct image *image;
	int got = 1;

	fold->count = 0;
	while (fold->count < FOLD_ROWS && (got = pile_reader_next(
	    fold->reader, &image, err)) == 1) {
		uint32_t i = fold->count++;
		if (fold->turns != NULL) {
			image->turn = turns_place(fold->turns, image->turn);
			image->number = turns_place(fold->turns,
			    image->number);
		}
		fold->image[i] = image;
		fold->key[i] = best_group_key(image);
		fold->hash[i] = image->link;
		if (fold->rows++ == 0)
			fold->hash_first = image->link;
		fold->is_sole &= image->link == fold->hash_first;
	}
	return got < 0 ? -1 : fold->count > 0;
}

static int
fold_put(struct fold *fold, uint32_t i, struct err *err)
{
	struct best_set *set = fold->set;
	struct best_heap *heap = fold->heap[i];
	struct image *image = fold->image[i];
	struct best_entry entry = best_entry_of(set, image);

	if (heap->first == 0 || heap->first > image->turn + 1)
		heap->first = image->turn + 1;
	if (!best_is_wanted(set, heap, &entry))
		return 0;
	if (fold->is_copied &&
	    (entry.image = best_set_hold(set, image, err)) == NULL)
		return -1;
	best_set_put(set, heap, &entry);
	return 0;
}

static int
fold_rows(struct fold *fold, struct err *err)
{
	struct best_set *set = fold->set;
	struct key_set keys = { .text = fold->key, .hash = fold->hash };

	if (!fold->is_copied)
		(void)group_table_reserve(set->table, fold->count, 1);
	else if (best_set_make_room(set, fold->count, err) != 0)
		return -1;
	(void)group_table_find(set->table, &keys, fold->count,
	    (char **)fold->heap, NULL);
	for (uint32_t i = 0; i < fold->count; i++)
		if (fold_put(fold, i, err) != 0)
			return -1;
	return fold->is_copied ? best_set_shrink(set, err) : 0;
}

/* All of a pile. */
static int
fold_pile(struct fold *fold, struct pile *pile, const struct turns *turns,
	struct err *err)
{
	int got = 1, status = 0;

	fold->turns = turns;
	fold->reader = pile_reader_new(pile, &fold->set->run->budget);
	while (status == 0 && (got = fold_load(fold, err)) == 1) {
		status = fold_rows(fold, err);
		pile_reader_release(fold->reader);
	}
	pile_reader_free(&fold->reader);
	return got < 0 ? -1 : status;
}

static struct fold *
fold_new(struct best_set *set, int is_copied)
{
	struct fold *fold = mem_alloc(sizeof(*fold));

	fold->set = set;
	fold->is_copied = is_copied;
	fold->is_sole = 1;
	fold->rows = 0;
	return fold;
}

/* --- results --- */

/* The groups in the order of their first records: heap; ref is the group. */
static struct sort_entry *
groups_in_order(const struct best_set *set)
{
	uint64_t count = group_table_count(set->table);
	struct sort_entry *order = mem_alloc((2 * count + 1) *
	    sizeof(*order));

	for (uint64_t g = 0; g < count; g++)
		order[g] = (struct sort_entry){ best_set_heap(set, g)->first -
			1, g };
	sort_words(order, order + count, count);
	return order;
}

/* In memory, rows where they lie. */
static void
take_rows(struct best_set *set, struct best_result *result)
{
	uint64_t count = group_table_count(set->table);
	struct sort_entry *order = groups_in_order(set);

	result->charged = (set->live + 1) * sizeof(*result->row);
	mem_charge_always(&set->run->budget, result->charged);
	result->row = mem_alloc(result->charged);
	for (uint64_t g = 0; g < count; g++) {
		struct best_heap *heap = best_set_heap(set, order[g].ref);
		best_heap_sort(set, heap);
		for (uint64_t i = 0; i < heap->count; i++)
			result->row[result->count++] = (struct best_row_given){
				order[g].word, heap->entry[i].image };
	}
	mem_free(order);
}

void
best_take_all(struct best *best)
{
	take_rows(&best->set, &best->result[0]);
	best_set_forget(&best->set);
}

void
best_result_free(struct best_result *result, struct mem_budget *budget)
{
	mem_free(result->row);
	mem_release(budget, result->charged);
	pile_free(&result->file, budget);
	*result = (struct best_result){ 0 };
}

static int
open_file(const struct best_set *set, struct pile *file, struct err *err)
{
	*file = (struct pile){ .shapes = set->shapes,
		.spill_block_bytes = BEST_FILE_BYTES };
	return pile_spill(file, &set->run->budget, set->run, err);
}

/* To a file. */
static int
write_rows(struct best_set *set, struct pile *file, struct err *err)
{
	uint64_t count = group_table_count(set->table);
	struct mem_budget *budget = &set->run->budget;
	struct sort_entry *order = groups_in_order(set);
	int status = 0;

	for (uint64_t g = 0; g < count && status == 0; g++) {
		struct best_heap *heap = best_set_heap(set, order[g].ref);
		best_heap_sort(set, heap);
		for (uint64_t i = 0; i < heap->count && status == 0; i++) {
			heap->entry[i].image->turn = order[g].word;
			heap->entry[i].image->number = i;
			status = pile_add(file, budget, heap->entry[i].image,
			    err);
		}
	}
	mem_free(order);
	return status == 0 ? pile_rest(file, budget, err) : -1;
}

static int
refuse(const struct best_set *set, struct err *err)
{
	err_set(err, ERR_IO, "%s: the rows of one group need more memory than "
	    "the limit", set->run->op->def->name);
	return err_hint(err, "give it more with --memory SIZE");
}

/* The results of parts as one, to the file. */
static int
merge_results(const struct best_set *set, struct pile *part, uint32_t count,
	struct pile *file, struct err *err)
{
	struct mem_budget *budget = &set->run->budget;
	struct pile_reader *reader[BEST_PARTS_MAX];
	struct image *row;
	uint32_t used = 0, from;
	int status = 1;

	for (uint32_t i = 0; i < count; i++)
		if (part[i].row_count > 0)
			reader[used++] = pile_reader_new(&part[i], budget);
	struct pile_merge *merge = pile_merge_new(reader, used);
	while (status == 1 &&
	    (status = pile_merge_look(merge, &row, &from, err)) == 1) {
		if (pile_add(file, budget, row, err) != 0 ||
		    pile_merge_pass(merge, err) != 0)
			status = -1;
		pile_merge_release(merge);
	}
	pile_merge_free(&merge);
	return status == 0 ? pile_rest(file, budget, err) : -1;
}

static int finish_set(struct fold *, struct pile *file, struct err *);

/* A part of a set that had no room. */
static int
fold_below(struct best_set *set, uint32_t number, struct pile *file,
	struct err *err)
{
	struct best_set below;
	struct pile *part = &set->out[number];

	best_set_init(&below, set->run, set->shapes, set->order,
	    set->depth + 1, set->part_count, 1);
	struct fold *fold = fold_new(&below, 1);
	int status = fold_pile(fold, part, NULL, err);
	pile_free(part, &set->run->budget);
	if (status == 0)
		status = finish_set(fold, file, err);
	best_set_fini(&below);
	mem_free(fold);
	return status;
}

/* What went through the set, as one file. */
static int
finish_set(struct fold *fold, struct pile *file, struct err *err)
{
	struct best_set *set = fold->set;
	struct mem_budget *budget = &set->run->budget;
	int status = open_file(set, file, err);

	if (status != 0 || !set->is_spilled)
		return status == 0 ? write_rows(set, file, err) : -1;
	if (fold->is_sole || set->depth == DEPTH_MAX)
		return refuse(set, err);
	if (best_set_rest(set, err) != 0)
		return -1;
	best_set_forget(set);
	struct pile *result = mem_alloc_zero(set->part_count *
	    sizeof(*result));
	for (uint32_t i = 0; i < set->part_count && status == 0; i++)
		if (set->out[i].row_count > 0)
			status = fold_below(set, i, &result[i], err);
	if (status == 0)
		status = merge_results(set, result, set->part_count, file,
		    err);
	for (uint32_t i = 0; i < set->part_count; i++)
		pile_free(&result[i], budget);
	mem_free(result);
	return status;
}

/* --- a part --- */

int
best_fold(struct best *best, uint32_t number, struct err *err)
{
	struct best_share *share = best->share;
	struct best_result *result = &best->result[number];
	int is_on_disk = best->is_on_disk, status = 0;
	struct best_set set;

	best_set_init(&set, best->run, &share->shapes, best->set.order, 1,
	    best->set.part_count, 1);
	struct fold *fold = fold_new(&set, is_on_disk);
	for (uint32_t i = 0; i < share->instance_count && status == 0; i++) {
		struct best *from = share->instance[i];
		struct pile *pile = is_on_disk ? &from->set.out[number] :
		    &from->set.held[number];
		if (pile->row_count > 0)
			status = fold_pile(fold, pile,
			    share->instance_count == 1 ? NULL : &from->turns,
			    err);
	}
	if (status == 0 && is_on_disk)
		status = set.is_spilled || group_table_count(set.table) > 0 ?
		    finish_set(fold, &result->file, err) : 0;
	if (status == 0 && !is_on_disk)
		take_rows(&set, result);
	best_set_fini(&set);
	mem_free(fold);
	return status;
}
