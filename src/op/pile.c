/*
 * Piles of rows.
 *
 * Blocks grow from some KiB to BLOCK_BYTES_MAX, so that many small piles are
 * cheap; those of large piles are large pages.  A pile in a file has one block,
 * which is written when it is full; the file is a sequence of blocks, each
 * behind its size.  Reading one brings it to memory of its own, aligned, and
 * the rows are used where they lie there.
 *
 * Memory for the block that is being filled is taken also when the budget
 * refuses it, where there is no other way on.
 */
#include "op/pile.h"

#include <string.h>

#include "op/op.h"
#include "state/spill.h"
#include "util/bits.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

#define BLOCK_BYTES_MIN ((size_t)4 << 10)
#define BLOCK_BYTES_MAX ((size_t)64 << 10)
/* Of a pile in a file: there may be many, and the file has its own buffer. */
#define BLOCK_BYTES_FILE ((size_t)16 << 10)

/* Rows of large piles are looked up at random: what is behind this lies in
 * large pages, if the limit is not too narrow for so large steps. */
#define LARGE_PILE_BYTES MEM_LARGE_BYTES
#define LARGE_LIMIT_BYTES ((uint64_t)512 << 20)

/* What is read in vain to come to a row that is behind a mark; a file's block
 * is then nearly full. */
#define MARK_BYTES (SPILL_BLOCK_BYTES - BLOCK_BYTES_FILE)

static void
block_free(struct pile *pile, struct mem_budget *budget,
	struct pile_block *block)
{
	size_t bytes = sizeof(*block) + block->size;

	pile->held_bytes -= bytes;
	mem_release(budget, bytes);
	mem_free(block);
}

static void
pile_clear(struct pile *pile, struct mem_budget *budget)
{
	struct pile_block *next;

	for (struct pile_block *block = pile->first; block != NULL;
	    block = next) {
		next = block->next;
		block_free(pile, budget, block);
	}
	pile->first = pile->last = NULL;
}

void
pile_free(struct pile *pile, struct mem_budget *budget)
{
	pile_clear(pile, budget);
	spill_file_free(&pile->file);
	mem_release(budget, pile->file_charged);
	pile->file_charged = 0;
	mem_free(pile->mark);
	pile->mark = NULL;
	pile->mark_count = 0;
	pile->row_count = 0;
}

int
pile_is_tested(void)
{
	return env_variable("SFLOW_TEST_MARKS") != NULL;
}

/* What comes next can be entered. */
static int
pile_mark_here(struct pile *pile, const struct pile_block *next,
	struct err *err)
{
	const struct image *row = (const struct image *)next->bytes;
	struct pile_mark mark = { .turn = row->turn, .number = row->number };
	uint32_t count = pile->mark_count;

	if (spill_cut(pile->file, &mark.place, err) != 0)
		return -1;
	if ((count & (count - 1)) == 0)
		pile->mark = mem_resize(pile->mark, (count == 0 ? 1 :
		    (size_t)count * 2) * sizeof(*pile->mark));
	pile->mark[pile->mark_count++] = mark;
	pile->unmarked_bytes = 0;
	return 0;
}

static int
pile_write_block(struct pile *pile, struct pile_block *block, struct err *err)
{
	uint64_t used = block->used;

	if (used == 0)
		return 0;
	if (pile->wants_marks && pile->unmarked_bytes >=
	    (pile_is_tested() ? 1 : MARK_BYTES) &&
	    pile_mark_here(pile, block, err) != 0)
		return -1;
	pile->unmarked_bytes += used;
	if (spill_write(pile->file, &used, sizeof(used), err) != 0)
		return -1;
	block->used = 0;
	return spill_write(pile->file, block->bytes, used, err);
}

/* Is a block of one large page better? */
static int
pile_wants_large(const struct pile *pile, size_t bytes)
{
	return pile->file == NULL && pile->held_bytes >= LARGE_PILE_BYTES &&
	    (mem_limit() == 0 || mem_limit() >= LARGE_LIMIT_BYTES) &&
	    bytes + IMAGE_SLACK + sizeof(struct pile_block) <=
	    MEM_LARGE_BYTES;
}

static int
pile_add_block(struct pile *pile, struct mem_budget *budget, size_t bytes,
	int force)
{
	if (pile->block_bytes == 0)
		pile->block_bytes = BLOCK_BYTES_MIN;
	size_t size = pile->file != NULL ? BLOCK_BYTES_FILE :
	    pile->block_bytes;
	if (pile->wants_marks && pile_is_tested())
		size = 0;
	int is_large = pile_wants_large(pile, bytes);
	if (is_large)
		size = MEM_LARGE_BYTES - sizeof(struct pile_block);
	if (size < bytes + IMAGE_SLACK)
		size = bits_round_up(bytes + IMAGE_SLACK, 64);
	if (mem_charge(budget, sizeof(struct pile_block) + size) != 0) {
		if (!force)
			return 1;
		mem_charge_always(budget, sizeof(struct pile_block) + size);
	}
	struct pile_block *block = is_large ?
	    mem_alloc_large(MEM_LARGE_BYTES) :
	    mem_alloc(sizeof(*block) + size);
	*block = (struct pile_block){ .size = size };
	if (pile->last != NULL)
		pile->last->next = block;
	else
		pile->first = block;
	pile->last = block;
	pile->held_bytes += sizeof(*block) + size;
	if (pile->block_bytes < BLOCK_BYTES_MAX)
		pile->block_bytes *= 2;
	return 0;
}

int
pile_reserve(struct pile *pile, struct mem_budget *budget, size_t bytes,
	int force, struct err *err)
{
	struct pile_block *block = pile->last;

	if (block != NULL &&
	    block->size - block->used >= bytes + IMAGE_SLACK)
		return 0;
	if (pile->file == NULL || block == NULL)
		return pile_add_block(pile, budget, bytes, force);
	if (pile_write_block(pile, block, err) != 0)
		return -1;
	if (block->size >= bytes + IMAGE_SLACK)
		return 0;
	pile_clear(pile, budget);
	return pile_add_block(pile, budget, bytes, 1);
}

/* A writer of its file takes so much, a reader twice that. */
static uint64_t
pile_spill_block(const struct pile *pile)
{
	return pile->spill_block_bytes != 0 ? pile->spill_block_bytes :
	    spill_block_bytes();
}

int
pile_spill(struct pile *pile, struct mem_budget *budget, struct op_run *run,
	struct err *err)
{
	if (pile->file != NULL)
		return 0;
	pile->file = op_spill_new(run, err);
	if (pile->file == NULL)
		return -1;
	if (pile->spill_block_bytes != 0)
		spill_file_set_block(pile->file, pile->spill_block_bytes);
	pile->file_charged = pile_spill_block(pile);
	mem_charge_always(budget, pile->file_charged);
	for (struct pile_block *block = pile->first; block != NULL;
	    block = block->next)
		if (pile_write_block(pile, block, err) != 0)
			return -1;
	pile_clear(pile, budget);
	return 0;
}

int
pile_rest(struct pile *pile, struct mem_budget *budget, struct err *err)
{
	if (pile->file == NULL)
		return 0;
	if (pile->last != NULL &&
	    pile_write_block(pile, pile->last, err) != 0)
		return -1;
	pile_clear(pile, budget);
	mem_release(budget, pile->file_charged);
	pile->file_charged = 0;
	return spill_cut(pile->file, &pile->end, err);
}

int
pile_add(struct pile *pile, struct mem_budget *budget, const struct image *row,
	struct err *err)
{
	if (pile_reserve(pile, budget, row->size, 1, err) != 0)
		return -1;
	struct image *copy = (struct image *)pile_take(pile, row->size);
	memcpy(copy, row, row->size);
	image_settle(copy);
	return 0;
}

/* --- reading --- */

/* Rows that were read; older ones wait to be released. */
struct read_block {
	struct read_block *next;
	size_t size;
	_Alignas(16) char bytes[];
};

struct pile_reader {
	struct pile *pile;
	struct mem_budget *budget;
	struct pile_block *block;	/* in memory: where it stands */
	struct spill_reader *file;
	uint64_t charged;		/* for that */
	struct read_block *read, *spent;
	const char *at, *end;
};

struct pile_reader *
pile_reader_new(struct pile *pile, struct mem_budget *budget)
{
	return pile_reader_new_at(pile, budget, 0);
}

struct pile_reader *
pile_reader_new_at(struct pile *pile, struct mem_budget *budget,
	uint64_t place)
{
	struct pile_reader *reader = mem_alloc_zero(sizeof(*reader));

	reader->pile = pile;
	reader->budget = budget;
	reader->block = pile->first;
	if (pile->file != NULL) {
		reader->block = NULL;
		reader->charged = 2 * pile_spill_block(pile);
		mem_charge_always(budget, reader->charged);
		reader->file = spill_reader_new(pile->file, place,
		    pile->end);
	} else if (reader->block != NULL) {
		reader->at = reader->block->bytes;
		reader->end = reader->at + reader->block->used;
	}
	return reader;
}

void
pile_reader_release(struct pile_reader *reader)
{
	struct read_block *next;

	for (struct read_block *block = reader->spent; block != NULL;
	    block = next) {
		next = block->next;
		mem_free(block);
	}
	reader->spent = NULL;
}

void
pile_reader_free(struct pile_reader **take_reader)
{
	struct pile_reader *reader = *take_reader;

	if (reader == NULL)
		return;
	pile_reader_release(reader);
	mem_free(reader->read);
	mem_release(reader->budget, reader->charged);
	spill_reader_free(&reader->file);
	mem_free(reader);
	*take_reader = NULL;
}

const struct pile *
pile_reader_pile(const struct pile_reader *reader)
{
	return reader->pile;
}

static int
short_file(struct err *err)
{
	return err_set(err, ERR_IO, "a temporary file ends too early");
}

/* The next block of a file: 1, 0 at the end, -1. */
static int
read_next_block(struct pile_reader *reader, struct err *err)
{
	uint64_t size;
	long got = spill_read(reader->file, &size, sizeof(size), err);

	if (got <= 0)
		return (int)got;
	if (got != sizeof(size))
		return short_file(err);
	if (reader->read != NULL) {
		reader->read->next = reader->spent;
		reader->spent = reader->read;
	}
	reader->read = mem_alloc(sizeof(*reader->read) + size + IMAGE_SLACK);
	reader->read->size = size;
	reader->at = reader->read->bytes;
	reader->end = reader->at + size;
	got = spill_read(reader->file, reader->read->bytes, size, err);
	if (got < 0)
		return -1;
	return (uint64_t)got == size ? 1 : short_file(err);
}

int
pile_reader_next(struct pile_reader *reader, struct image **row,
	struct err *err)
{
	while (reader->at == reader->end) {
		if (reader->file != NULL) {
			int status = read_next_block(reader, err);
			if (status != 1)
				return status;
			continue;
		}
		if (reader->block == NULL || reader->block->next == NULL)
			return 0;
		reader->block = reader->block->next;
		reader->at = reader->block->bytes;
		reader->end = reader->at + reader->block->used;
	}
	*row = (struct image *)(uintptr_t)reader->at;
	reader->at += (*row)->size;
	if (reader->file != NULL)
		image_settle(*row);
	return 1;
}

/* --- several --- */

struct merge_input {
	struct pile_reader *reader;
	struct image *row;	/* NULL: it has ended */
	uint32_t number;
};

struct pile_merge {
	struct merge_input *input;
	uint32_t *heap;		/* inputs that have a row, the least first */
	uint32_t heap_count, count;
	int is_started;
};

struct pile_merge *
pile_merge_new(struct pile_reader *const *take_reader, uint32_t count)
{
	struct pile_merge *merge = mem_alloc_zero(sizeof(*merge));

	merge->count = count;
	merge->input = mem_alloc_zero((count + 1) * sizeof(*merge->input));
	merge->heap = mem_alloc((count + 1) * sizeof(*merge->heap));
	for (uint32_t i = 0; i < count; i++)
		merge->input[i].reader = take_reader[i];
	return merge;
}

void
pile_merge_free(struct pile_merge **take_merge)
{
	struct pile_merge *merge = *take_merge;

	if (merge == NULL)
		return;
	for (uint32_t i = 0; i < merge->count; i++)
		pile_reader_free(&merge->input[i].reader);
	mem_free(merge->input);
	mem_free(merge->heap);
	mem_free(merge);
	*take_merge = NULL;
}

void
pile_merge_release(struct pile_merge *merge)
{
	for (uint32_t i = 0; i < merge->count; i++)
		pile_reader_release(merge->input[i].reader);
}

static inline int
comes_before(const struct pile_merge *merge, uint32_t a, uint32_t b)
{
	const struct image *x = merge->input[a].row, *y = merge->input[b].row;

	if (x->turn != y->turn)
		return x->turn < y->turn;
	return x->number != y->number ? x->number < y->number : a < b;
}

static void
heap_sink(struct pile_merge *merge, uint32_t at)
{
	uint32_t *heap = merge->heap, moved = heap[at];

	for (;;) {
		uint32_t child = at * 2 + 1;
		if (child >= merge->heap_count)
			break;
		if (child + 1 < merge->heap_count &&
		    comes_before(merge, heap[child + 1], heap[child]))
			child++;
		if (!comes_before(merge, heap[child], moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static int
merge_start(struct pile_merge *merge, struct err *err)
{
	merge->is_started = 1;
	for (uint32_t i = 0; i < merge->count; i++) {
		int status = pile_reader_next(merge->input[i].reader,
		    &merge->input[i].row, err);
		if (status == 1)
			merge->heap[merge->heap_count++] = i;
		else if (status < 0)
			return -1;
	}
	for (uint32_t i = merge->heap_count / 2; i-- > 0;)
		heap_sink(merge, i);
	return 0;
}

int
pile_merge_look(struct pile_merge *merge, struct image **row, uint32_t *reader,
	struct err *err)
{
	if (!merge->is_started && merge_start(merge, err) != 0)
		return -1;
	if (merge->heap_count == 0)
		return 0;
	*reader = merge->heap[0];
	*row = merge->input[*reader].row;
	return 1;
}

int
pile_merge_pass(struct pile_merge *merge, struct err *err)
{
	struct merge_input *input = &merge->input[merge->heap[0]];
	int status = pile_reader_next(input->reader, &input->row, err);

	if (status < 0)
		return -1;
	if (status == 0)
		merge->heap[0] = merge->heap[--merge->heap_count];
	if (merge->heap_count > 1)
		heap_sink(merge, 0);
	return 0;
}

const struct pile *
pile_merge_pile(const struct pile_merge *merge, uint32_t reader)
{
	return merge->input[reader].reader->pile;
}
