/*
 * Results to those who want them, in the order of first appearance.
 *
 * Every result is in that order, and there are as many as there are piles.  So
 * they are merged a window at a time: a range of ordinals that is chosen to
 * have some thousand records.  Each result has a few in it, side by side; all
 * are picked, sorted by ordinal (bytes of the distance to the window's begin,
 * the lowest first), and gathered column by column.  That is cheaper than a
 * comparison of many streams for each record.
 *
 * Each instance gives a part of the ordinals, of about as many records as the
 * others; all find the same bounds because all look at the same results.
 *
 * Of a result on disk one page is there, and no window goes beyond it.  Of many
 * files some are merged to one of the next level, so that few are open.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "data/batch.h"
#include "state/spill.h"
#include "util/bits.h"
#include "util/err.h"

/* Records of a window. */
#define PICKS_FEW 2048
#define PICKS_MANY 4096
#define PICKS_MAX 8192
/* Ordinals of the first one. */
#define WINDOW_FIRST 4096
/* A call gives so many windows: a few milliseconds. */
#define GIVE_WINDOWS 4
/* Files of a level, that become one of the next: each has a reader's buffer. */
#define FILES_MAX 8
/* The readers of all instances take this part of the memory ... */
#define READERS_PART 8
/* ... and each, besides its buffer: a page, packed and as a batch. */
#define READER_PAGE_BYTES ((uint64_t)128 << 10)

/* Going through a result. */
struct source {
	const struct result *result;
	const struct page *page;	/* NULL: at the end */
	uint32_t index;			/* record in the page */
	uint64_t ordinal;		/* of it; UINT64_MAX: at the end */
	/* Of a file: the page that is there. */
	struct spill_reader *reader;
	struct batch *batch;
	struct page own;
};

struct pick {
	uint64_t ordinal;
	const struct page *page;
	uint32_t index;
};

struct giver {
	struct aggregate *state;
	struct source *source;
	uint32_t source_count;
	uint64_t until;		/* the first ordinal that is another's */
	uint64_t window;	/* ordinals */
	struct pick *pick;
	uint32_t pick_count, given;
	uint64_t last;		/* ordinal that was picked */
	struct pick pick_room[2][PICKS_MAX];
};

/* --- sources --- */

static void
source_look(struct source *source)
{
	source->ordinal = source->page == NULL ? UINT64_MAX :
	    source->page->ordinal[source->index];
}

/* The next page of a file.  The one before is not asked for any more. */
static int
source_read(struct source *source, struct err *err)
{
	batch_free(&source->batch);
	source->page = NULL;
	source->index = 0;
	int got = spill_read_batch(source->reader, &source->batch, err);
	if (got < 0)
		return -1;
	if (got > 0) {
		const struct batch *batch = source->batch;
		source->own = (struct page){
			batch->column[batch->schema->field_count - 1].data,
			batch->column, batch->row_count };
		source->page = &source->own;
	}
	source_look(source);
	return 0;
}

/* Behind the page: the next, in memory. */
static const struct page *
page_behind(const struct source *source, const struct page *page)
{
	const struct result *result = source->result;

	if (result->file != NULL || page + 1 == result->page +
	    result->page_count)
		return NULL;
	return page + 1;
}

static int
source_open_file(struct source *source, uint64_t ordinal, struct err *err)
{
	const struct result *result = source->result;
	uint32_t at = 0;

	while (at + 1 < result->portion_count &&
	    result->portion[at + 1].ordinal <= ordinal)
		at++;
	source->reader = spill_reader_new(result->file,
	    result->portion_count == 0 ? result->file_end :
	    result->portion[at].place, result->file_end);
	do {
		if (source_read(source, err) != 0)
			return -1;
	} while (source->page != NULL &&
	    source->page->ordinal[source->page->count - 1] < ordinal);
	while (source->ordinal < ordinal) {
		source->index++;
		source_look(source);
	}
	return 0;
}

/* At the first record that is not before the ordinal. */
static int
source_open(struct source *source, const struct result *result,
	uint64_t ordinal, struct err *err)
{
	*source = (struct source){ .result = result };
	if (result->file != NULL)
		return source_open_file(source, ordinal, err);
	uint64_t at = result_rows_before(result, ordinal);
	if (at < result->row_count) {
		source->page = &result->page[at / BATCH_ROWS_MAX];
		source->index = at % BATCH_ROWS_MAX;
	}
	source_look(source);
	return 0;
}

/* --- a window --- */

/* The first record there is; and no further than all files' pages reach. */
static uint64_t
window_begin(const struct giver *giver, uint64_t *bound)
{
	uint64_t begin = UINT64_MAX;

	*bound = giver->until;
	for (uint32_t s = 0; s < giver->source_count; s++) {
		const struct source *source = &giver->source[s];
		const struct page *page = source->page;
		if (source->ordinal < begin)
			begin = source->ordinal;
		if (page != NULL && source->reader != NULL &&
		    page->ordinal[page->count - 1] + 1 < *bound)
			*bound = page->ordinal[page->count - 1] + 1;
	}
	return begin;
}

/* A source's records before the bound, as long as there is room. */
static void
source_pick(struct giver *giver, const struct source *source, uint64_t bound)
{
	const struct page *page = source->page;
	uint32_t index = source->index;

	while (page != NULL) {
		while (index < page->count && page->ordinal[index] < bound) {
			if (giver->pick_count == PICKS_MAX)
				return;
			uint64_t ordinal = page->ordinal[index];
			giver->pick[giver->pick_count++] = (struct pick){
				ordinal, page, index };
			if (ordinal > giver->last)
				giver->last = ordinal;
			index++;
		}
		if (index < page->count)
			return;
		page = page_behind(source, page);
		index = 0;
	}
}

static void
source_skip(struct source *source, uint64_t bound)
{
	while (source->ordinal < bound) {
		if (++source->index == source->page->count) {
			source->page = page_behind(source, source->page);
			source->index = 0;
		}
		source_look(source);
	}
}

/* Sort the picks by the bytes in which their ordinals differ. */
static void
picks_sort(struct giver *giver, uint64_t begin)
{
	struct pick *from = giver->pick, *to;
	uint64_t width = giver->last - begin;

	for (unsigned shift = 0; shift < 64 && width >> shift != 0;
	    shift += 8) {
		uint32_t place[257] = { 0 };
		to = from == giver->pick_room[0] ? giver->pick_room[1] :
		    giver->pick_room[0];
		for (uint32_t i = 0; i < giver->pick_count; i++)
			place[((from[i].ordinal - begin) >> shift & 255) + 1]++;
		for (uint32_t b = 1; b < 256; b++)
			place[b] += place[b - 1];
		for (uint32_t i = 0; i < giver->pick_count; i++)
			to[place[(from[i].ordinal - begin) >> shift &
			    255]++] = from[i];
		from = to;
	}
	giver->pick = from;
}

/* Files whose page is through go on to the next. */
static int
read_on(struct giver *giver, struct err *err)
{
	for (uint32_t s = 0; s < giver->source_count; s++)
		if (giver->source[s].reader != NULL &&
		    giver->source[s].page == NULL &&
		    giver->source[s].batch != NULL &&
		    source_read(&giver->source[s], err) != 0)
			return -1;
	return 0;
}

/* The next records, in order: 1, 0 at the end, -1. */
static int
window_fill(struct giver *giver, struct err *err)
{
	uint64_t bound;

	if (read_on(giver, err) != 0)
		return -1;
	uint64_t begin = window_begin(giver, &bound);
	if (begin >= giver->until || begin == UINT64_MAX)
		return 0;
	for (;;) {
		uint64_t end = bound - begin <= giver->window ? bound :
		    begin + giver->window;
		giver->pick_count = giver->given = 0;
		giver->pick = giver->pick_room[0];
		giver->last = begin;
		for (uint32_t s = 0; s < giver->source_count; s++)
			source_pick(giver, &giver->source[s], end);
		if (giver->pick_count == PICKS_MAX) {
			/* So many have as many ordinals. */
			giver->window = (end - begin) / 2;
			continue;
		}
		/* Where a page ends, a wider one has no more. */
		if (giver->pick_count < PICKS_FEW && end != bound)
			giver->window *= 2;
		else if (giver->pick_count > PICKS_MANY)
			giver->window /= 2;
		if (giver->source_count > 1)
			picks_sort(giver, begin);
		for (uint32_t s = 0; s < giver->source_count; s++)
			source_skip(&giver->source[s], end);
		return 1;
	}
}

/* --- gathering --- */

/* Are all picked cells of one type, and there? */
static int
picks_are_plain(const struct pick *pick, uint32_t count, uint32_t c)
{
	enum type type = (enum type)pick[0].page->column[c].type;

	for (uint32_t i = 0; i < count; i++) {
		const struct column *column = &pick[i].page->column[c];
		if (column->type != type || column->valid != NULL ||
		    column->encoding != FLAT)
			return 0;
	}
	return type != TYPE_MIXED && (type_width(type) == 8 ||
	    type_is_textual(type));
}

static void
gather_words(const struct pick *pick, uint32_t count, uint32_t c,
	struct column *out)
{
	uint64_t *word = out->data;

	for (uint32_t i = 0; i < count; i++)
		word[i] = ((const uint64_t *)
		    pick[i].page->column[c].data)[pick[i].index];
}

static void
gather_texts(const struct pick *pick, uint32_t count, uint32_t c,
	struct region *region, struct column *out)
{
	struct text *text = out->data;

	for (uint32_t i = 0; i < count; i++) {
		text[i] = ((const struct text *)
		    pick[i].page->column[c].data)[pick[i].index];
		if (text[i].size > TEXT_INLINE_MAX)
			text[i].bytes = region_copy(region, text[i].bytes,
			    text[i].size);
	}
}

static void
gather_column(struct giver *giver, const struct pick *pick, uint32_t count,
	uint32_t c, struct region *region, struct column *out)
{
	struct builder *builder = &giver->state->rows.builder[c];

	if (!giver->state->rows.is_needed[c]) {
		column_init_null(out);
		return;
	}
	if (picks_are_plain(pick, count, c)) {
		enum type type = (enum type)pick[0].page->column[c].type;
		column_init_flat(out, type, count, region);
		if (type_is_textual(type))
			gather_texts(pick, count, c, region, out);
		else
			gather_words(pick, count, c, out);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_value(&pick[i].page->column[c],
		    pick[i].index, region);
		builder_add(builder, &value);
	}
	builder_finish(builder, region, out);
}

/* Up to `most` of the window's records. */
static const struct pick *
take_picks(struct giver *giver, uint32_t most, uint32_t *count)
{
	const struct pick *pick = giver->pick + giver->given;

	*count = giver->pick_count - giver->given;
	if (*count > most)
		*count = most;
	giver->given += *count;
	return pick;
}

static enum op_status
give_window(struct giver *giver, struct err *err)
{
	struct op_run *run = giver->state->run;
	enum op_status status = OP_OK;

	while (status == OP_OK && giver->given < giver->pick_count) {
		uint32_t count;
		const struct pick *pick = take_picks(giver,
		    batch_rows_target(), &count);
		struct batch *batch = batch_new(run->op->out, count);
		struct region *region = batch_region(batch);
		for (uint32_t c = 0; c < giver->state->rows.width; c++)
			gather_column(giver, pick, count, c, region,
			    &batch->column[c]);
		status = op_give(run, batch, err);
	}
	return status;
}

enum op_status
giver_give(struct giver *giver, struct err *err)
{
	for (int i = 0; i < GIVE_WINDOWS; i++) {
		int more = window_fill(giver, err);
		if (more <= 0)
			return more < 0 ? OP_FAIL : OP_OK;
		enum op_status status = give_window(giver, err);
		if (status != OP_OK)
			return status == OP_DONE ? OP_OK : status;
	}
	return OP_AGAIN;
}

/* --- parts --- */

static uint64_t
rows_before(const void *cookie, uint64_t ordinal)
{
	const struct aggregate_share *share = cookie;
	uint64_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t r = 0; r < share->instance[i]->result_count; r++)
			count += result_rows_before(
			    share->instance[i]->result[r], ordinal);
	return count;
}

/* The first ordinal of a part. */
static uint64_t
part_begin(const struct aggregate *state, uint32_t part)
{
	const struct aggregate_share *share = state->share;
	uint64_t ordinals = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		ordinals += share->instance[i]->rows.sequence;
	return turns_share(part, share->instance_count, ordinals, rows_before,
	    share);
}

static struct giver *
giver_of(struct aggregate *state, uint32_t source_count)
{
	struct giver *giver = mem_alloc(sizeof(*giver));

	memset(giver, 0, offsetof(struct giver, pick_room));
	giver->state = state;
	giver->until = UINT64_MAX;
	giver->window = WINDOW_FIRST;
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
		for (uint32_t r = 0; r < it->result_count; r++)
			if (source_open(&giver->source[giver->source_count++],
			    it->result[r], begin, err) != 0) {
				giver_free(&giver);
				return NULL;
			}
	}
	return giver;
}

void
giver_free(struct giver **take_giver)
{
	struct giver *giver = *take_giver;

	*take_giver = NULL;
	if (giver == NULL)
		return;
	for (uint32_t i = 0; i < giver->source_count; i++) {
		batch_free(&giver->source[i].batch);
		spill_reader_free(&giver->source[i].reader);
	}
	mem_free(giver->source);
	mem_free(giver);
}

/* --- to disk --- */

static int
write_window(struct giver *giver, struct result *file, struct err *err)
{
	uint32_t width = giver->state->rows.width;
	int status = 0;

	while (status == 0 && giver->given < giver->pick_count) {
		struct region *region = region_new();
		struct page page;
		const struct pick *pick = take_picks(giver,
		    result_page_rows(), &page.count);
		uint64_t *ordinal = region_alloc(region,
		    page.count * sizeof(*ordinal));
		struct column *column = region_alloc(region,
		    (width + 1) * sizeof(*column));
		for (uint32_t i = 0; i < page.count; i++)
			ordinal[i] = pick[i].ordinal;
		for (uint32_t c = 0; c < width; c++)
			gather_column(giver, pick, page.count, c, region,
			    &column[c]);
		page.ordinal = ordinal;
		page.column = column;
		status = result_write(giver->state, file, &page, err);
		region_drop(&region);
	}
	return status;
}

static int
write_all(struct giver *giver, struct result *file, struct err *err)
{
	int more, status = 0;

	while (status == 0 && (more = window_fill(giver, err)) != 0)
		status = more < 0 ? -1 : write_window(giver, file, err);
	return status == 0 ? result_end_file(file, err) : -1;
}

/* Results from `first` on become one file. */
static int
merge_results(struct aggregate *state, uint32_t first, uint32_t level,
	struct err *err)
{
	int status = 0;
	struct result *file = result_new_file(state, err);

	if (file == NULL)
		return -1;
	file->level = level;
	struct giver *giver = giver_of(state, state->result_count - first);
	for (uint32_t r = first; r < state->result_count && status == 0; r++)
		status = source_open(&giver->source[giver->source_count++],
		    state->result[r], 0, err);
	if (status == 0)
		status = write_all(giver, file, err);
	giver_free(&giver);
	while (state->result_count > first)
		result_free(state, &state->result[--state->result_count]);
	state->result[state->result_count++] = file;
	return status;
}

/* Files stand in front, those of higher level first. */
int
aggregate_spill_results(struct aggregate *state, struct err *err)
{
	uint32_t first = 0;

	while (first < state->result_count &&
	    state->result[first]->file != NULL)
		first++;
	if (first == state->result_count)
		return 0;
	if (merge_results(state, first, 0, err) != 0)
		return -1;
	state->held_bytes = 0;
	while (state->result_count >= FILES_MAX) {
		uint32_t level =
		    state->result[state->result_count - 1]->level;
		first = state->result_count - FILES_MAX;
		if (state->result[first]->level != level)
			break;
		if (merge_results(state, first, level + 1, err) != 0)
			return -1;
	}
	return 0;
}

int
aggregate_join_files(struct aggregate *state, struct err *err)
{
	uint64_t instances = state->share->instance_count;
	uint64_t most = mem_limit() / READERS_PART / (instances * instances) /
	    (SPILL_READER_BYTES + READER_PAGE_BYTES);
	uint32_t file_count = 0;

	while (file_count < state->result_count &&
	    state->result[file_count]->file != NULL)
		file_count++;
	if (most == 0)
		most = 1;
	if (mem_limit() == 0 || file_count <= most)
		return 0;
	/* The larger ones stand in front. */
	return merge_results(state, (uint32_t)most - 1,
	    state->result[most - 1]->level + 1, err);
}
