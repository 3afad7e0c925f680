/*
 * Results: records of output with their ordinals.
 *
 * As soon as a table is complete its rows are finished, column by column, and
 * the table serves the next pile; what stays until it is given has no states
 * any more.  A result that is charged in vain goes to disk at once, merged with
 * those before it.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "data/batch.h"
#include "state/spill.h"
#include "util/err.h"

/* Of the memory: this much of results is no file worth. */
#define HELD_SHARE 32

/* Of a limit of memory, for a record of a page: many are read at once. */
#define PAGE_ROW_PART ((uint64_t)64 << 10)
/* Records of a file between two places where it can be entered. */
#define PORTION_ROWS 65536

static void
result_add(struct aggregate *state, struct result *take_result)
{
	if (state->result_count == state->result_capacity) {
		state->result_capacity = state->result_capacity * 2 + 16;
		state->result = mem_resize(state->result,
		    state->result_capacity * sizeof(*state->result));
	}
	state->result[state->result_count++] = take_result;
}

void
result_free(struct aggregate *state, struct result **take_result)
{
	struct result *result = *take_result;

	*take_result = NULL;
	if (result == NULL)
		return;
	region_drop(&result->region);
	mem_release(&state->run->budget, result->charged);
	spill_file_free(&result->file);
	mem_free(result->page);
	mem_free(result->portion);
	mem_free(result);
}

void
aggregate_free_results(struct aggregate *state)
{
	while (state->result_count > 0)
		result_free(state, &state->result[--state->result_count]);
}

/* --- in memory --- */

static int
finish_page(struct aggregate *state, struct group_table *table,
	uint64_t first, struct result *result, struct page *page,
	struct err *err)
{
	uint64_t left = group_table_count(table) - first;
	uint32_t count = left < BATCH_ROWS_MAX ? (uint32_t)left :
	    BATCH_ROWS_MAX;
	uint64_t *ordinal = region_alloc(result->region,
	    count * sizeof(*ordinal));
	struct column *column = region_alloc(result->region,
	    (state->rows.width + 1) * sizeof(*column));
	char *row[BATCH_ROWS_MAX];
	struct text key[BATCH_ROWS_MAX];

	for (uint32_t i = 0; i < count; i++) {
		char *it = group_table_row(table, first + i);
		ordinal[i] = *aggregate_ordinal(it);
		key[i] = group_head_of(it)->key;
		row[i] = aggregate_states(it);
	}
	*page = (struct page){ ordinal, column, count };
	return group_rows_columns(&state->rows, row, key, count,
	    result->region, column, err);
}

int
aggregate_finish(struct aggregate *state, struct group_table *table,
	struct err *err)
{
	uint64_t count = group_table_count(table);
	struct result *result = mem_alloc_zero(sizeof(*result));
	int status = 0;

	result->region = region_new();
	result->row_count = count;
	result->page = mem_alloc((count / BATCH_ROWS_MAX + 1) *
	    sizeof(*result->page));
	result_add(state, result);
	for (uint64_t at = 0; at < count && status == 0; at += BATCH_ROWS_MAX)
		status = finish_page(state, table, at, result,
		    &result->page[result->page_count++], err);
	aggregate_table_clear(state, table);
	if (status != 0)
		return -1;
	uint64_t bytes = region_bytes(result->region);
	state->held_bytes += bytes;
	if (mem_charge(&state->run->budget, bytes) == 0) {
		result->charged = bytes;
		return 0;
	}
	/* A small one would only make for many files. */
	if (state->held_bytes < mem_limit() / HELD_SHARE)
		return 0;
	return state->run->job->spill == NULL ? aggregate_no_memory(err) :
	    aggregate_spill_results(state, err);
}

/* --- on disk --- */

uint32_t
result_page_rows(void)
{
	uint64_t rows = mem_limit() / PAGE_ROW_PART;

	return rows == 0 || rows > BATCH_ROWS_MAX ? BATCH_ROWS_MAX :
	    (uint32_t)rows;
}

struct result *
result_new_file(struct aggregate *state, struct err *err)
{
	struct result *result = mem_alloc_zero(sizeof(*result));

	result->file = op_spill_new(state->run, err);
	if (result->file == NULL)
		result_free(state, &result);
	return result;
}

static struct schema *
file_schema(const struct aggregate *state)
{
	const struct schema *out = state->run->op->out;
	struct schema *schema = schema_new();

	for (uint32_t i = 0; i < out->field_count; i++)
		schema_add(schema, out->field[i].name, out->field[i].name_size,
		    TYPE_ANY);
	/* No name of a field is empty. */
	schema_add(schema, "", 0, TYPE_INT);
	return schema;
}

static int
result_cut(struct result *result, const struct page *page, struct err *err)
{
	uint32_t at = result->portion_count;

	if ((at & (at + 1)) == 0)
		result->portion = mem_resize(result->portion,
		    (at * 2 + 1) * sizeof(*result->portion));
	result->portion[at] = (struct portion){ .ordinal = page->ordinal[0],
		.rows_before = result->row_count };
	result->portion_count++;
	return spill_cut(result->file, &result->portion[at].place, err);
}

int
result_write(struct aggregate *state, struct result *result,
	const struct page *page, struct err *err)
{
	uint32_t width = state->rows.width;
	struct schema *schema = file_schema(state);
	struct batch *batch = batch_new(schema, page->count);

	schema_drop(&schema);
	for (uint32_t c = 0; c < width; c++)
		batch->column[c] = page->column[c];
	batch->column[width] = (struct column){ .type = TYPE_INT,
		.encoding = FLAT, .data = (void *)(uintptr_t)page->ordinal };
	int status = 0;
	if (result->page_count++ % (PORTION_ROWS / result_page_rows()) == 0)
		status = result_cut(result, page, err);
	if (status == 0)
		status = spill_write_batch(result->file, batch, err);
	result->row_count += page->count;
	batch_free(&batch);
	return status;
}

int
result_end_file(struct result *result, struct err *err)
{
	return spill_cut(result->file, &result->file_end, err);
}

/* --- places --- */

static uint64_t
file_rows_before(const struct result *result, uint64_t ordinal)
{
	for (uint32_t i = 0; i < result->portion_count; i++)
		if (result->portion[i].ordinal >= ordinal)
			return result->portion[i].rows_before;
	return result->row_count;
}

uint64_t
result_rows_before(const struct result *result, uint64_t ordinal)
{
	uint64_t low = 0, high = result->row_count;

	if (result->file != NULL)
		return file_rows_before(result, ordinal);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct page *page =
		    &result->page[middle / BATCH_ROWS_MAX];
		if (page->ordinal[middle % BATCH_ROWS_MAX] < ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
