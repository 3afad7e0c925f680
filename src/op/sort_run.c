/*
 * Runs.
 *
 *	run	page page page ...
 *	page	bytes:4 rows:4 part:4 row row row ...
 *	row	word:8 | varint turn | varint size | bytes
 *
 * A page is a block of the file, unless a row is longer than that, and is read
 * in place.  The run knows with which key each page begins: these marks are
 * where readers of a range start and stop.
 */
#include "op/sort_run.h"

#include <string.h>

#include "data/key_words.h"
#include "op/sort_row.h"
#include "state/spill.h"
#include "util/buf.h"

#define PAGE_HEAD_BYTES 12
#define PAGE_BYTES (SORT_BLOCK_BYTES - SPILL_SLACK_BYTES)

struct sort_run {
	struct spill_file *file;
	const struct key_cut *cut;
	struct buf page;
	uint32_t page_rows, page_part;
	struct sort_mark *mark;		/* the first row of each page */
	uint64_t *place;
	uint32_t mark_count;
	uint64_t end;			/* the place behind all */
};

struct sort_run_reader {
	struct spill_reader *reader;
	const struct key_cut *cut;
	struct sort_mark from, to;
	int has_from, has_to;
	const char *at;
	uint32_t left;		/* rows of the page */
	uint8_t part;
	struct buf large;	/* a page too long to be read in place */
};

struct sort_run *
sort_run_new(struct op_run *op_run, const struct key_cut *cut,
	struct err *err)
{
	struct sort_run *run = mem_alloc_zero(sizeof(*run));

	run->cut = cut;
	run->file = op_spill_new(op_run, err);
	if (run->file == NULL)
		sort_run_free(&run);
	else
		spill_file_set_block(run->file, SORT_BLOCK_BYTES);
	return run;
}

void
sort_run_free(struct sort_run **take_run)
{
	struct sort_run *run = *take_run;

	*take_run = NULL;
	if (run == NULL)
		return;
	spill_file_free(&run->file);
	buf_fini(&run->page);
	mem_free(run->mark);
	mem_free(run->place);
	mem_free(run);
}

const struct sort_mark *
sort_run_marks(const struct sort_run *run, uint32_t *count)
{
	*count = run->mark_count;
	return run->mark;
}

const char *
sort_item_rest(const struct key_cut *cut, const struct sort_item *item,
	uint32_t *size)
{
	const char *rest = sort_row_rest(item->row, size);

	if (rest == NULL) {
		*size = item->part == KEY_WITHIN ? cut->usual_size : 0;
		rest = cut->usual;
	}
	return rest;
}

static uint64_t
next_word(const struct key_cut *cut, const struct sort_item *item)
{
	uint32_t size;
	const char *rest = sort_item_rest(cut, item, &size);

	return key_rest_word(cut, rest, size, 0);
}

/* --- writing --- */

static int
page_end(struct sort_run *run, struct err *err)
{
	char *head = run->page.bytes;
	uint32_t bytes = (uint32_t)(run->page.size - PAGE_HEAD_BYTES);

	if (run->page_rows == 0)
		return 0;
	memcpy(head, &bytes, 4);
	memcpy(head + 4, &run->page_rows, 4);
	memcpy(head + 8, &run->page_part, 4);
	int status = spill_write(run->file, head, run->page.size, err);
	run->page.size = 0;
	run->page_rows = 0;
	return status;
}

/* A page begins, with this row. */
static int
run_mark(struct sort_run *run, const struct sort_item *item, struct err *err)
{
	uint32_t count = run->mark_count;
	uint64_t place;

	if (spill_cut(run->file, &place, err) != 0)
		return -1;
	if ((count & (count - 1)) == 0) {
		size_t capacity = count == 0 ? 1 : (size_t)count * 2;
		run->mark = mem_resize(run->mark,
		    capacity * sizeof(*run->mark));
		run->place = mem_resize(run->place,
		    capacity * sizeof(*run->place));
	}
	run->mark[count] = (struct sort_mark){ .part = item->part,
		.word = item->word, .next = next_word(run->cut, item) };
	run->place[count] = place;
	run->mark_count++;
	return 0;
}

int
sort_run_put(struct sort_run *run, const struct sort_item *item,
	struct err *err)
{
	size_t most = 8 + 10 + 5 + (size_t)item->size;

	if (run->page_rows > 0 && (run->page_part != item->part ||
	    run->page.size + most > PAGE_BYTES) &&
	    page_end(run, err) != 0)
		return -1;
	if (run->page_rows == 0) {
		if (run_mark(run, item, err) != 0)
			return -1;
		buf_reserve(&run->page, PAGE_BYTES);
		run->page.size = PAGE_HEAD_BYTES;
		run->page_part = item->part;
	}
	char *out = buf_reserve(&run->page, most);
	memcpy(out, &item->word, 8);
	out = sort_put_size(out + 8, item->turn);
	out = sort_put_size(out, item->size);
	memcpy(out, item->row, item->size);
	run->page.size = (size_t)(out + item->size - run->page.bytes);
	run->page_rows++;
	return 0;
}

int
sort_run_finish(struct sort_run *run, struct err *err)
{
	if (page_end(run, err) != 0)
		return -1;
	buf_fini(&run->page);
	run->page = (struct buf){ 0 };
	return spill_cut(run->file, &run->end, err);
}

/* --- reading --- */

/* How many marks are below. */
static uint32_t
marks_below(const struct sort_run *run, const struct sort_mark *bound)
{
	uint32_t low = 0, high = run->mark_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (sort_mark_compare(&run->mark[middle], bound) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sort_run_reader *
sort_run_read(const struct sort_run *run, const struct sort_mark *from,
	const struct sort_mark *to)
{
	struct sort_run_reader *reader = mem_alloc_zero(sizeof(*reader));
	uint64_t first = 0, last = run->end;

	reader->cut = run->cut;
	if (from != NULL) {
		/* Rows like the bound may lie before a mark that is like it. */
		uint32_t below = marks_below(run, from);
		first = below > 0 ? run->place[below - 1] : 0;
		reader->from = *from;
		reader->has_from = 1;
	}
	if (to != NULL) {
		uint32_t below = marks_below(run, to);
		last = below < run->mark_count ? run->place[below] : run->end;
		reader->to = *to;
		reader->has_to = 1;
	}
	reader->reader = spill_reader_new(run->file, first, last);
	return reader;
}

void
sort_run_reader_free(struct sort_run_reader **take_reader)
{
	struct sort_run_reader *reader = *take_reader;

	*take_reader = NULL;
	if (reader == NULL)
		return;
	spill_reader_free(&reader->reader);
	buf_fini(&reader->large);
	mem_free(reader);
}

static int
page_next(struct sort_run_reader *reader, struct err *err)
{
	const char *head;
	uint32_t word[3];
	int got = spill_view(reader->reader, PAGE_HEAD_BYTES, &head, err);

	if (got != 1)
		return got;
	memcpy(word, head, sizeof(word));
	reader->left = word[1];
	reader->part = (uint8_t)word[2];
	if (word[0] <= SORT_BLOCK_BYTES)
		return spill_view(reader->reader, word[0], &reader->at, err);
	reader->large.size = 0;
	char *room = buf_reserve(&reader->large, word[0]);
	reader->at = room;
	return spill_read(reader->reader, room, word[0], err) < 0 ? -1 : 1;
}

static int
row_next(struct sort_run_reader *reader, struct sort_item *item,
	struct err *err)
{
	uint64_t size;

	if (reader->left == 0) {
		int got = page_next(reader, err);
		if (got != 1)
			return got;
	}
	reader->left--;
	memcpy(&item->word, reader->at, 8);
	const char *at = sort_get_size(reader->at + 8, &item->turn);
	item->row = sort_get_size(at, &size);
	item->size = (uint32_t)size;
	item->part = reader->part;
	reader->at = item->row + size;
	return 1;
}

static inline int
is_below(const struct sort_run_reader *reader, const struct sort_item *item,
	const struct sort_mark *mark)
{
	if (item->part != mark->part)
		return item->part < mark->part;
	if (item->word != mark->word)
		return item->word < mark->word;
	return next_word(reader->cut, item) < mark->next;
}

int
sort_run_next(struct sort_run_reader *reader, struct sort_item *item,
	struct err *err)
{
	int got = row_next(reader, item, err);

	while (got == 1 && reader->has_from &&
	    is_below(reader, item, &reader->from))
		got = row_next(reader, item, err);
	/* In order: from here on none is below it. */
	reader->has_from = 0;
	if (got == 1 && reader->has_to &&
	    !is_below(reader, item, &reader->to))
		return 0;
	return got;
}
