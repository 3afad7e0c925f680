/*
 * Results into records, in the order of first appearance.
 *
 * Every result is in that order, so a heap of them gives the next row: the one
 * with the least ordinal.  Each instance gives a part of the ordinals, of about
 * as many groups as the others; all find the same bounds because all look at
 * the same results.
 *
 * Results on disk are files of rows in portions that are found by ordinal; when
 * there are many such files they are merged to one before the next is written.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "util/err.h"

/* A call gives so many batches: a few milliseconds. */
#define GIVE_BATCHES 8
/* Files of one instance, each with a reader's buffer. */
#define FILES_MAX 8
/* Of a file's rows between two places where it can be entered. */
#define PORTION_BYTES ((uint64_t)1 << 20)

/* Going through a result from some ordinal on. */
struct source {
	uint64_t ordinal;	/* of the row; UINT64_MAX: at the end */
	struct group_table *table;
	uint64_t index;
	struct pile_cursor cursor;	/* table NULL */
};

struct giver {
	struct aggregate *state;
	struct source *source;
	struct source **heap;	/* of those that are not at the end */
	uint32_t source_count, count;
	uint64_t until;		/* the first ordinal that is another's */
};

static void
source_look(struct source *source)
{
	source->ordinal = UINT64_MAX;
	if (source->table != NULL) {
		if (source->index < group_table_count(source->table))
			source->ordinal = *aggregate_ordinal(
			    group_table_row(source->table, source->index));
	} else if (source->cursor.chunk != NULL) {
		source->ordinal = pile_cursor_row(&source->cursor)->ordinal;
	}
}

/* Rows ahead of the one that is taken: each result is a stream of its own. */
#define AHEAD 2

static int
source_step(struct source *source, struct err *err)
{
	struct pile_cursor *cursor = &source->cursor;

	if (source->table != NULL) {
		source->index++;
		if (source->index + AHEAD < group_table_count(source->table))
			__builtin_prefetch(group_table_row(source->table,
			    source->index + AHEAD));
	} else if (++cursor->index == cursor->chunk->count &&
	    pile_cursor_pass(cursor, err) != 0) {
		return -1;
	}
	source_look(source);
	return 0;
}

/* The row's key and what group_rows says of it. */
static char *
source_row(const struct source *source, struct text *key)
{
	if (source->table != NULL) {
		char *row = group_table_row(source->table, source->index);
		*key = group_head_of(row)->key;
		return aggregate_states(row);
	}
	struct pile_head *head = pile_cursor_row(&source->cursor);
	*key = head->key;
	return (char *)(head + 1);
}

/* --- the heap --- */

static void
heap_sink(struct giver *giver, uint32_t at)
{
	struct source **heap = giver->heap, *it = heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= giver->count)
			break;
		if (child + 1 < giver->count &&
		    heap[child + 1]->ordinal < heap[child]->ordinal)
			child++;
		if (heap[child]->ordinal >= it->ordinal)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = it;
}

static void
heap_make(struct giver *giver)
{
	giver->heap = mem_alloc((giver->source_count + 1) *
	    sizeof(*giver->heap));
	for (uint32_t i = 0; i < giver->source_count; i++)
		if (giver->source[i].ordinal != UINT64_MAX)
			giver->heap[giver->count++] = &giver->source[i];
	for (uint32_t i = giver->count / 2; i-- > 0;)
		heap_sink(giver, i);
}

/* The source of the next row goes on. */
static int
heap_step(struct giver *giver, struct err *err)
{
	struct source *source = giver->heap[0];

	if (source_step(source, err) != 0)
		return -1;
	if (source->ordinal == UINT64_MAX)
		giver->heap[0] = giver->heap[--giver->count];
	if (giver->count > 0)
		heap_sink(giver, 0);
	return 0;
}

/* --- parts --- */

/* How many rows of the table have a lesser ordinal. */
static uint64_t
table_rows_before(const struct group_table *table, uint64_t ordinal)
{
	uint64_t low = 0, high = group_table_count(table);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (*aggregate_ordinal(group_table_row(table, middle)) <
		    ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t
rows_before(const struct aggregate_share *share, uint64_t ordinal)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++) {
		const struct aggregate *it = share->instance[i];
		for (uint32_t r = 0; r < it->result_count; r++)
			count += it->result[r].table != NULL ?
			    table_rows_before(it->result[r].table, ordinal) :
			    pile_rows_before(&it->result[r].piles->pile[0],
			    ordinal);
	}
	return count;
}

/* The ordinal that about `wanted` rows are before, of all below `end`. */
static uint64_t
find_bound(const struct aggregate_share *share, uint64_t wanted, uint64_t end)
{
	uint64_t low = 0, high = end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (rows_before(share, middle) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t
part_begin(const struct aggregate *state, uint32_t part)
{
	const struct aggregate_share *share = state->share;
	uint64_t records = 0;

	if (part == 0)
		return 0;
	if (part == share->instance_count)
		return UINT64_MAX;
	for (uint32_t i = 0; i < share->instance_count; i++)
		records += share->instance[i]->rows.sequence;
	uint64_t total = rows_before(share, UINT64_MAX);
	/* 128 bits are not needed: groups times instances. */
	return find_bound(share, total * part / share->instance_count,
	    records);
}

static int
source_open(struct source *source, const struct group_rows *rows,
	const struct result *result, uint64_t ordinal, struct err *err)
{
	source->table = result->table;
	if (result->table != NULL) {
		source->index = table_rows_before(result->table, ordinal);
	} else {
		if (pile_cursor_seek(&source->cursor, rows, result->piles,
		    ordinal, err) != 0)
			return -1;
	}
	source_look(source);
	while (source->ordinal < ordinal)
		if (source_step(source, err) != 0)
			return -1;
	return 0;
}

static struct giver *
giver_of(struct aggregate *state, uint32_t source_count)
{
	struct giver *giver = mem_alloc_zero(sizeof(*giver));

	giver->state = state;
	giver->until = UINT64_MAX;
	giver->source = mem_alloc_zero((source_count + 1) *
	    sizeof(*giver->source));
	return giver;
}

struct giver *
giver_new(struct aggregate *state, struct err *err)
{
	const struct aggregate_share *share = state->share;
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		count += share->instance[i]->result_count;
	struct giver *giver = giver_of(state, count);
	uint64_t begin = part_begin(state, state->run->instance);
	giver->until = part_begin(state, state->run->instance + 1);
	for (uint32_t i = 0; i < share->instance_count; i++) {
		const struct aggregate *it = share->instance[i];
		for (uint32_t r = 0; r < it->result_count; r++) {
			struct source *source =
			    &giver->source[giver->source_count++];
			if (source_open(source, &state->rows, &it->result[r],
			    begin, err) != 0) {
				giver_free(&giver);
				return NULL;
			}
		}
	}
	heap_make(giver);
	return giver;
}

void
giver_free(struct giver **take_giver)
{
	struct giver *giver = *take_giver;

	*take_giver = NULL;
	if (giver == NULL)
		return;
	for (uint32_t i = 0; i < giver->source_count; i++)
		if (giver->source[i].table == NULL)
			pile_cursor_close(&giver->source[i].cursor);
	mem_free(giver->source);
	mem_free(giver->heap);
	mem_free(giver);
}

/* --- giving --- */

/* Files make their rows anew: what their states own goes with them. */
static void
source_drop_row(const struct giver *giver, const struct source *source,
	char *row)
{
	if (source->table == NULL)
		group_rows_clear(&giver->state->rows, row);
}

static enum op_status
give_batch(struct giver *giver, struct err *err)
{
	struct aggregate *state = giver->state;
	uint32_t most = batch_rows_target();
	struct text key;

	while (state->rows.count < most && giver->count > 0 &&
	    giver->heap[0]->ordinal < giver->until) {
		struct source *source = giver->heap[0];
		char *row = source_row(source, &key);
		int status = group_rows_add(&state->rows, row, key, err);
		source_drop_row(giver, source, row);
		if (heap_step(giver, err) != 0 || status != 0)
			return OP_FAIL;
		pile_cursor_forget(&source->cursor);
	}
	return op_give(state->run, group_rows_take(&state->rows, state->run),
	    err);
}

enum op_status
giver_give(struct giver *giver, struct err *err)
{
	for (int i = 0; i < GIVE_BATCHES; i++) {
		if (giver->count == 0 ||
		    giver->heap[0]->ordinal >= giver->until)
			return OP_OK;
		enum op_status status = give_batch(giver, err);
		if (status == OP_FAIL)
			return OP_FAIL;
		if (status == OP_DONE)
			return OP_OK;
	}
	return OP_AGAIN;
}

/* --- to disk --- */

/* The giver's rows, behind the piles' portion by portion. */
static int
write_rows(struct giver *giver, struct group_piles *piles, struct err *err)
{
	const struct aggregate *state = giver->state;

	while (giver->count > 0) {
		struct source *source = giver->heap[0];
		struct pile_head head = { .ordinal = source->ordinal };
		char *row = source_row(source, &head.key);
		char *target = group_pile_add(piles, 0, &piles->states, &head);
		memcpy(target + sizeof(head), row, state->rows.bytes);
		memset(row, 0, state->rows.bytes);
		if (heap_step(giver, err) != 0)
			return -1;
		pile_cursor_forget(&source->cursor);
		if (piles->bytes >= PORTION_BYTES &&
		    group_piles_spill(piles, 1, err) != 0)
			return -1;
	}
	return group_piles_spill(piles, 1, err);
}

static void
result_free(struct aggregate *state, struct result *result)
{
	aggregate_table_free(state, &result->table);
	group_piles_free(&result->piles);
}

void
aggregate_free_results(struct aggregate *state)
{
	for (uint32_t i = 0; i < state->result_count; i++)
		result_free(state, &state->result[i]);
	state->result_count = 0;
}

/* Tables only, or all when there are many files; those come first. */
int
aggregate_spill_results(struct aggregate *state, struct err *err)
{
	uint32_t first = 0;

	while (first < state->result_count &&
	    state->result[first].table == NULL)
		first++;
	if (first == FILES_MAX)
		first = 0;
	struct giver *giver = giver_of(state, state->result_count);
	struct group_piles *piles = group_piles_new(&state->rows, 1, 0,
	    state->run);
	int status = 0;
	for (uint32_t r = first; r < state->result_count && status == 0; r++)
		status = source_open(&giver->source[giver->source_count++],
		    &state->rows, &state->result[r], 0, err);
	if (status == 0) {
		heap_make(giver);
		status = write_rows(giver, piles, err);
	}
	giver_free(&giver);
	for (uint32_t r = first; r < state->result_count; r++)
		result_free(state, &state->result[r]);
	state->result_count = first;
	state->result[state->result_count++] = (struct result){
		.piles = piles };
	return status;
}
