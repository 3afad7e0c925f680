/*
 * Piles into tables.
 *
 * A pile of all instances is gone through in the order of one instance: of the
 * instances' piles, each of which is in order, the one with the least ordinal
 * comes next (ordinals are those among all records: struct aggregate.places).
 * Rows are gathered to a batch of one kind, looked up at once, and added:
 *
 *	plain	arguments become columns again, as they were in the batch
 *	states	merged; or moved, if the group is new
 *
 * So groups are made in the order of their first appearance, and the rows of
 * the table, finished, are a result.  The table is the same one for all piles.
 *
 * When the budget refuses, the results so far go to disk; when that does not
 * help, what is left of the pile, and the table, are put on piles again, by
 * other bits of the hash, and those folded one by one.  What has the same hash
 * in all its bits cannot be parted: then the memory is too small.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "data/batch.h"
#include "data/key.h"
#include "util/err.h"

#define FOLD_ROWS BATCH_ROWS_MAX
/* A table this small is had in any case. */
#define TABLE_GROUPS_SURE 4096
/* A group that is alone may be over the limit by 8/32. */
#define OVER_SHARE 8

struct fold_input {
	struct pile_cursor cursor;
	const struct agg_places *places;
	uint32_t span;			/* of the row */
	uint64_t ordinal;		/* of the row; UINT64_MAX: at the end */
};

struct fold {
	struct aggregate *state;
	struct group_table *table;
	unsigned depth;
	int always;		/* memory is not asked for */
	uint64_t over_bytes;	/* taken by states all the same */
	struct fold_input *input;
	uint32_t input_count;
	/* The batch being gathered. */
	uint32_t count;
	const struct pile_shape *shape;
	struct text key[FOLD_ROWS];
	uint64_t hash[FOLD_ROWS];
	uint64_t at[FOLD_ROWS];		/* ordinals */
	char *source[FOLD_ROWS];	/* rows */
	const struct agg_places *places[FOLD_ROWS];
	char *row[FOLD_ROWS];
	uint8_t is_new[FOLD_ROWS];
	uint64_t *word;			/* slots, FOLD_ROWS each */
	uint32_t word_capacity;		/* slots */
};

/* A little over the limit is no reason to begin anew: others let go soon. */
static uint64_t
over_bytes_max(void)
{
	return mem_limit() / 32;
}

/* --- in the order of all --- */

static inline void
input_look(struct fold_input *input)
{
	const struct agg_places *places = input->places;

	if (input->cursor.chunk == NULL) {
		input->ordinal = UINT64_MAX;
		return;
	}
	uint64_t own = pile_cursor_row(&input->cursor)->ordinal;
	if (places == NULL) {
		input->ordinal = own;
		return;
	}
	if (places->span[input->span].own > own)
		input->span = 0;
	while (input->span + 1 < places->count &&
	    places->span[input->span + 1].own <= own)
		input->span++;
	input->ordinal = own + places->span[input->span].all -
	    places->span[input->span].own;
}

/* Whose row comes next; NULL: nobody's.  *until: the next of the others. */
static struct fold_input *
fold_next(struct fold *fold, uint64_t *until)
{
	struct fold_input *best = &fold->input[0];

	*until = UINT64_MAX;
	for (uint32_t i = 1; i < fold->input_count; i++) {
		struct fold_input *input = &fold->input[i];
		if (input->ordinal < best->ordinal) {
			*until = best->ordinal;
			best = input;
		} else if (input->ordinal < *until) {
			*until = input->ordinal;
		}
	}
	return best->ordinal == UINT64_MAX ? NULL : best;
}

/* --- a batch into the table --- */

static void
fold_states(struct fold *fold)
{
	const struct group_rows *rows = &fold->state->rows;

	for (uint32_t i = 0; i < fold->count; i++) {
		if (fold->is_new[i])
			*aggregate_ordinal(fold->row[i]) = fold->at[i];
		group_rows_absorb(rows, aggregate_states(fold->row[i]),
		    fold->source[i] + sizeof(struct pile_head),
		    fold->state->is_ordered ? fold->places[i] : NULL,
		    fold->is_new[i]);
	}
}

static void
fold_plain(struct fold *fold)
{
	const struct plain_shape *shape = (const void *)fold->shape;
	const struct group_rows *rows = &fold->state->rows;
	const struct op_args *args = rows->args;
	struct region *region = region_new();
	struct column arg[AGG_ARGS_MAX];

	for (uint32_t i = 0; i < fold->count; i++) {
		char *row = fold->row[i];
		fold->row[i] = aggregate_states(row);
		if (!fold->is_new[i])
			continue;
		*aggregate_ordinal(row) = fold->at[i];
		group_rows_set_codes(rows, shape->code, fold->row[i]);
	}
	for (uint32_t i = 0; i < args->agg_count; i++) {
		for (uint32_t a = 0; a < AGG_ARGS_MAX &&
		    shape->slot_count > 0; a++) {
			uint32_t slot = shape->slot[i * AGG_ARGS_MAX + a];
			arg[a] = (struct column){
				.type = shape->slot_type[slot],
				.encoding = FLAT,
				.data = fold->word + slot * FOLD_ROWS,
			};
		}
		agg_expr_add_plain(args->agg[i].agg, region, arg, fold->row,
		    rows->offset[i], fold->count);
	}
	region_drop(&region);
}

static void
fold_forget(struct fold *fold)
{
	for (uint32_t i = 0; i < fold->input_count; i++)
		pile_cursor_forget(&fold->input[i].cursor);
	fold->count = 0;
}

/* 0; 1: there is no room in the memory for the groups; -1. */
static int
fold_flush(struct fold *fold, struct err *err)
{
	struct key_set keys = { .text = fold->key, .hash = fold->hash };

	if (fold->count == 0)
		return 0;
	int always = fold->always ||
	    group_table_count(fold->table) < TABLE_GROUPS_SURE;
	if (group_table_reserve(fold->table, fold->count, always) != 0)
		return 1;
	int status = group_table_find(fold->table, &keys, fold->count,
	    fold->row, fold->is_new);
	assert(status == 0);
	if (fold->shape->kind == PILE_PLAIN)
		fold_plain(fold);
	else
		fold_states(fold);
	fold_forget(fold);
	fold->over_bytes += group_rows_refused(&fold->state->rows);
	if (fold->over_bytes > over_bytes_max() && !fold->always) {
		status = aggregate_spill_states(fold->state, fold->table, err);
		if (status < 0)
			return -1;
		if (status == 1)
			fold->over_bytes = 0;
	}
	return fold->over_bytes > over_bytes_max() && !fold->always;
}

/* Rows of the chunk that come before `until`, as many as there is room for. */
static void
fold_gather(struct fold *fold, struct fold_input *input, uint64_t until)
{
	struct pile_cursor *cursor = &input->cursor;
	const struct pile_chunk *chunk = cursor->chunk;
	int is_plain = chunk->shape->kind == PILE_PLAIN;
	uint32_t slots = is_plain ?
	    ((const struct plain_shape *)(const void *)chunk->shape)->
	    slot_count : 0;

	if (slots > fold->word_capacity) {
		fold->word_capacity = slots;
		fold->word = mem_resize(fold->word, slots * FOLD_ROWS *
		    sizeof(uint64_t));
	}
	fold->shape = chunk->shape;
	while (fold->count < FOLD_ROWS && cursor->index < chunk->count) {
		const struct pile_head *head = pile_cursor_row(cursor);
		input_look(input);
		if (input->ordinal > until)
			return;
		uint32_t i = fold->count++;
		fold->key[i] = head->key;
		fold->hash[i] = head->hash;
		fold->at[i] = input->ordinal;
		fold->source[i] = (char *)(uintptr_t)head;
		fold->places[i] = input->places;
		const uint64_t *word = (const void *)(head + 1);
		for (uint32_t s = 0; s < slots; s++)
			fold->word[s * FOLD_ROWS + i] = word[s];
		cursor->index++;
	}
}

/* Rows of one kind up to the next flush: 1, 0 at the end, -1. */
static int
fold_fill(struct fold *fold, struct err *err)
{
	uint64_t until;

	for (;;) {
		struct fold_input *input = fold_next(fold, &until);
		if (input == NULL)
			return fold->count > 0;
		if (fold->count == FOLD_ROWS || (fold->count > 0 &&
		    input->cursor.chunk->shape != fold->shape))
			return 1;
		fold_gather(fold, input, until);
		if (input->cursor.index == input->cursor.chunk->count &&
		    pile_cursor_pass(&input->cursor, err) != 0)
			return -1;
		input_look(input);
		/* What was read has states: they may be large. */
		fold->over_bytes += group_rows_refused(&fold->state->rows);
		if (fold->over_bytes > over_bytes_max() && fold->count > 0 &&
		    !fold->always)
			return 1;
	}
}

/* --- when the memory does not do --- */

/* A row that was gathered, or lies in the table, to another pile. */
static void
move_states(struct fold *fold, struct group_piles *piles,
	const struct pile_head *head, char *states,
	const struct agg_places *places)
{
	const struct group_rows *rows = &fold->state->rows;
	char *row = group_pile_add(piles, group_pile_of(piles, head->hash),
	    &piles->states, head);

	memset(row + sizeof(*head), 0, rows->bytes);
	group_rows_absorb(rows, row + sizeof(*head), states, places, 1);
}

static void
move_batch(struct fold *fold, struct group_piles *piles)
{
	const struct aggregate *state = fold->state;

	for (uint32_t i = 0; i < fold->count; i++) {
		struct pile_head head = { fold->hash[i], fold->key[i],
			fold->at[i] };
		char *rest = fold->source[i] + sizeof(head);
		if (fold->shape->kind == PILE_STATES) {
			move_states(fold, piles, &head, rest,
			    state->is_ordered ? fold->places[i] : NULL);
			continue;
		}
		char *row = group_pile_add(piles, group_pile_of(piles,
		    head.hash), fold->shape, &head);
		memcpy(row + sizeof(head), rest, fold->shape->row_bytes -
		    sizeof(head));
	}
	fold_forget(fold);
}

static void
move_table(struct fold *fold, struct group_piles *piles)
{
	struct group_table *table = fold->table;

	for (uint64_t i = 0; i < group_table_count(table); i++) {
		char *row = group_table_row(table, i);
		const struct group_head *group = group_head_of(row);
		struct pile_head head = { group->hash, group->key,
			*aggregate_ordinal(row) };
		move_states(fold, piles, &head, aggregate_states(row), NULL);
	}
	group_table_clear(table);
}

static int fold_piles_of(struct aggregate *, struct group_piles *,
	unsigned depth, struct err *);

/* The rest goes to piles by other bits, on disk; then each is folded. */
static int
fold_part(struct fold *fold, struct err *err)
{
	struct aggregate *state = fold->state;

	if (fold->depth == PILE_DEPTH_MAX || state->run->job->spill == NULL)
		return aggregate_no_memory(err);
	struct group_piles *piles = group_piles_new(&state->rows,
	    PILE_COUNT_MAX, fold->depth + 1, state->run);
	move_table(fold, piles);
	int status = group_piles_spill(piles, 1, err);
	for (int more = 1; more == 1 && status == 0;) {
		move_batch(fold, piles);
		if (piles->is_over)
			status = group_piles_spill(piles, 0, err);
		more = status == 0 ? fold_fill(fold, err) : 0;
		status = more < 0 ? -1 : status;
	}
	if (status == 0)
		status = group_piles_spill(piles, 1, err);
	if (status == 0)
		status = fold_piles_of(state, piles, fold->depth + 1, err);
	group_piles_free(&piles);
	return status;
}

/* Give back what can be, and say whether it is enough: 1, 0, -1. */
static int
fold_make_room(struct fold *fold, struct err *err)
{
	struct aggregate *state = fold->state;

	if (state->result_count == 0 || state->run->job->spill == NULL)
		return 0;
	if (aggregate_spill_results(state, err) != 0)
		return -1;
	fold->over_bytes = 0;
	return group_table_reserve(fold->table, FOLD_ROWS, 0) == 0;
}

/* --- one fold --- */

static int
fold_run(struct fold *fold, struct err *err)
{
	int status;

	while ((status = fold_fill(fold, err)) == 1) {
		status = fold_flush(fold, err);
		if (status == 0)
			continue;
		if (status == 1)
			status = fold_make_room(fold, err);
		/* A batch that was refused is still there; else go on. */
		if (status == 1 && (status = fold_flush(fold, err)) == 0)
			continue;
		if (status < 0)
			return -1;
		if (group_table_count(fold->table) > 1 || fold->count > 0)
			return fold_part(fold, err);
		/* A single group cannot be parted. */
		if (fold->over_bytes > OVER_SHARE * over_bytes_max())
			return aggregate_no_memory(err);
	}
	return status;
}

static struct fold *
fold_new(struct aggregate *state, uint32_t input_count)
{
	struct fold *fold = mem_alloc(sizeof(*fold));

	/* The arrays need no zeros. */
	memset(fold, 0, offsetof(struct fold, key));
	fold->word = NULL;
	fold->word_capacity = 0;
	fold->state = state;
	fold->table = state->table;
	fold->input = mem_alloc_zero((input_count + 1) * sizeof(*fold->input));
	fold->input_count = input_count;
	return fold;
}

static void
fold_free(struct fold *fold)
{
	for (uint32_t i = 0; i < fold->count &&
	    fold->shape->kind == PILE_STATES; i++)
		group_rows_clear(&fold->state->rows, fold->source[i] +
		    sizeof(struct pile_head));
	for (uint32_t i = 0; i < fold->input_count; i++)
		pile_cursor_close(&fold->input[i].cursor);
	aggregate_table_clear(fold->state, fold->table);
	mem_free(fold->input);
	mem_free(fold->word);
	mem_free(fold);
}

/* The table is done: a result. */
static int
fold_finish(struct fold *fold, struct err *err)
{
	if (group_table_count(fold->table) == 0)
		return 0;
	return aggregate_finish(fold->state, fold->table, err);
}

int
aggregate_fold(struct aggregate *state, struct aggregate *const *from,
	uint32_t count, uint32_t number, struct err *err)
{
	struct fold *fold = fold_new(state, 0);
	int status = 0;

	mem_free(fold->input);
	fold->input = mem_alloc_zero((count + 1) * sizeof(*fold->input));
	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct fold_input *input = &fold->input[fold->input_count];
		if (from[i]->piles == NULL ||
		    number >= from[i]->piles->count)
			continue;
		fold->input_count++;
		input->places = from[i]->places.count > 0 ?
		    &from[i]->places : NULL;
		status = pile_cursor_open(&input->cursor, &state->rows,
		    from[i]->piles, number, 0, err);
		if (status == 0)
			input_look(input);
	}
	if (status == 0 && fold->input_count > 0)
		status = fold_run(fold, err);
	if (status == 0)
		status = fold_finish(fold, err);
	fold_free(fold);
	return status;
}

static int
fold_piles_of(struct aggregate *state, struct group_piles *piles,
	unsigned depth, struct err *err)
{
	int status = 0;

	for (uint32_t p = 0; p < piles->count && status == 0; p++) {
		struct fold *fold = fold_new(state, 1);
		fold->depth = depth;
		status = pile_cursor_open(&fold->input->cursor, &state->rows,
		    piles, p, 0, err);
		input_look(fold->input);
		if (status == 0)
			status = fold_run(fold, err);
		if (status == 0)
			status = fold_finish(fold, err);
		fold_free(fold);
	}
	return status;
}

int
aggregate_refold(struct aggregate *state, uint32_t number, struct err *err)
{
	struct group_piles *piles = state->piles;
	struct pile *pile = &piles->pile[number];

	/* Its table is needed. */
	if (group_table_count(state->table) > 0)
		aggregate_unload(state, piles->count);
	struct fold *fold = fold_new(state, 1);
	fold->always = 1;
	piles->bytes -= pile->bytes;
	int status = pile_cursor_open(&fold->input->cursor, &state->rows,
	    piles, number, 1, err);
	input_look(fold->input);
	if (status == 0)
		status = fold_run(fold, err);
	for (uint64_t i = 0; status == 0 &&
	    i < group_table_count(fold->table); i++) {
		char *row = group_table_row(fold->table, i);
		const struct group_head *group = group_head_of(row);
		struct pile_head head = { group->hash, group->key,
			*aggregate_ordinal(row) };
		char *target = group_pile_add(piles, number, &piles->states,
		    &head);
		memcpy(target + sizeof(head), aggregate_states(row),
		    state->rows.bytes);
	}
	if (status == 0)
		group_table_clear(fold->table);
	fold_free(fold);
	return status;
}
