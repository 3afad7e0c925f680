/*
 * Runs.
 *
 *	run	page page page ...
 *	page	bytes:4 rows:4 part:4 row row row ...
 *	row	alike:1 | varint key size * 2 + is_usual | bytes of the key |
 *		varint turn | varint size | the row without its rest
 *
 * A page is a block of the file, unless a row is longer than that, and is read
 * in place.  The run knows with which key each page begins: these marks are
 * where readers of a range start and stop.
 *
 * Of a key (its word, and its rest unless that is the usual one) there are the
 * bytes behind those that it has in common with the key before it in the page,
 * and these are not many.  A reader has the whole of the last key, and tells
 * how the next differs from it.
 */
#include "op/sort_run.h"

#include <string.h>

#include "data/key_words.h"
#include "op/sort_gap.h"
#include "op/sort_row.h"
#include "state/spill.h"
#include "util/buf.h"

#define PAGE_HEAD_BYTES 12
#define PAGE_BYTES (SORT_BLOCK_BYTES - SPILL_SLACK_BYTES)
/* Of a row in front of the bytes of key and row: one byte, three varints. */
#define ROW_HEAD_MAX 32
/* What is copied whatever the size. */
#define SHORT_BYTES 16

_Static_assert(SORT_GAP_ALIKE_MAX <= UINT8_MAX, "alike is a byte");

struct sort_run {
	struct spill_file *file;
	const struct key_cut *cut;
	struct buf page;
	uint32_t page_rows, page_part;
	/* The key of the last row, as much as may be alike. */
	uint64_t last_word;
	uint32_t last_size;		/* of the rest */
	char last_rest[SORT_GAP_ALIKE_MAX];
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
	int is_page_begin;
	struct buf large;	/* a page too long to be read in place */
	/* The last key, word and rest, with pads behind; room for another. */
	struct buf key, other;
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

void
sort_item_set_row(struct sort_item *item, const struct key_cut *cut,
	const char *row, uint32_t size)
{
	item->row = row;
	item->size = size;
	item->rest = sort_row_rest(row, &item->rest_size);
	item->is_usual = item->rest == NULL;
	if (item->is_usual) {
		item->rest = cut->usual;
		item->rest_size = item->part == KEY_WITHIN ? cut->usual_size :
		    0;
	}
}

static uint64_t
next_word(const struct key_cut *cut, const struct sort_item *item)
{
	return key_rest_word(cut, item->rest, item->rest_size, 0);
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

/* How many bytes the key has in common with the last one of the page. */
static inline uint32_t
alike_bytes(const struct sort_run *run, const struct sort_item *item)
{
	const uint32_t most = SORT_GAP_ALIKE_MAX - 8;
	uint32_t at = 0, size = item->rest_size;

	if (run->page_rows == 0)
		return 0;
	if (item->word != run->last_word)
		return (uint32_t)__builtin_clzll(item->word ^ run->last_word) /
		    8;
	if (item->is_usual)
		return 8;
	if (size > run->last_size)
		size = run->last_size;
	if (size > most)
		size = most;
	while (at < size && item->rest[at] == run->last_rest[at])
		at++;
	return 8 + at;
}

static inline void
remember_key(struct sort_run *run, const struct sort_item *item)
{
	uint32_t size = item->rest_size < sizeof(run->last_rest) ?
	    item->rest_size : (uint32_t)sizeof(run->last_rest);

	run->last_word = item->word;
	run->last_size = size;
	memcpy(run->last_rest, item->rest, size);
}

static char *
put_bytes(char *out, const char *bytes, size_t size)
{
	memcpy(out, bytes, size);
	return out + size;
}

static char *
put_key(const struct sort_run *run, const struct sort_item *item, char *out)
{
	uint32_t alike = alike_bytes(run, item);
	uint32_t rest_size = item->is_usual ? 0 : item->rest_size;
	uint64_t word = __builtin_bswap64(item->word);

	*out++ = (char)alike;
	out = sort_put_size(out, (uint64_t)(8 + rest_size - alike) * 2 +
	    item->is_usual);
	if (alike >= 8)
		return put_bytes(out, item->rest + alike - 8,
		    8 + rest_size - alike);
	out = put_bytes(out, (const char *)&word + alike, 8 - alike);
	return put_bytes(out, item->rest, rest_size);
}

/* A row without its rest. */
static char *
put_row(const struct sort_item *item, char *out)
{
	uint64_t head;
	const char *behind = sort_get_size(item->row, &head);

	if (head & 1) {
		uint64_t rest_size;
		behind = sort_get_size(behind, &rest_size);
		behind += rest_size;
	}
	head &= ~(uint64_t)1;
	size_t size = (size_t)(item->row + item->size - behind);
	out = sort_put_size(out, sort_size_bytes(head) + size);
	out = sort_put_size(out, head);
	return put_bytes(out, behind, size);
}

int
sort_run_put(struct sort_run *run, const struct sort_item *item,
	struct err *err)
{
	size_t most = ROW_HEAD_MAX + 8 + item->rest_size + (size_t)item->size;

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
	out = put_key(run, item, out);
	out = sort_put_size(out, item->turn);
	out = put_row(item, out);
	remember_key(run, item);
	run->page.size = (size_t)(out - run->page.bytes);
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

/* Pads behind the key of `size` bytes. */
static inline void
key_end(struct sort_run_reader *reader, char *key, uint32_t size)
{
	memset(key + size, reader->cut->pad, SORT_GAP_PADDING);
	reader->key.size = size;
}

static inline void
copy_short(char *to, const char *from, uint32_t size)
{
	if (__builtin_expect(size <= SHORT_BYTES, 1))
		memcpy(to, from, SHORT_BYTES);
	else
		memcpy(to, from, size);
}

/* Room for a key of `size` bytes; what is there stays. */
static inline char *
key_room(struct buf *key, uint32_t size)
{
	size_t needed = size + SHORT_BYTES + SORT_GAP_PADDING;

	if (__builtin_expect(needed > key->capacity, 0))
		buf_reserve(key, needed - key->size);
	return key->bytes;
}

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
	(void)key_room(&reader->key, 0);
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
	buf_fini(&reader->key);
	buf_fini(&reader->other);
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
	char *room = buf_reserve(&reader->large, word[0] + SHORT_BYTES);
	reader->at = room;
	return spill_read(reader->reader, room, word[0], err) < 0 ? -1 : 1;
}

/*
 * A key that is put together besides: one with the usual rest, or one that may
 * have more in common with the last than it says, the first of a page and any
 * that says the most.
 */
static uint64_t
key_replace(struct sort_run_reader *reader, const char *bytes, uint32_t alike,
	uint32_t own, int is_usual)
{
	const struct key_cut *cut = reader->cut;
	uint32_t usual = is_usual && reader->part == KEY_WITHIN ?
	    cut->usual_size : 0;
	uint32_t size = alike + own + usual;
	uint32_t old_size = (uint32_t)reader->key.size;
	char *key = key_room(&reader->other, size);

	memcpy(key, reader->key.bytes, alike);
	copy_short(key + alike, bytes, own);
	memcpy(key + alike + own, cut->usual, usual);
	uint32_t at = sort_gap_find(cut, reader->key.bytes, old_size, key,
	    size, alike);
	struct buf swap = reader->key;
	reader->key = reader->other;
	reader->other = swap;
	key_end(reader, key, size);
	return at == UINT32_MAX ? SORT_GAP_EQUAL :
	    sort_gap_at(cut, key, size, at);
}

/* The next key: its first bytes are those of the last one. */
static inline uint64_t
key_follow(struct sort_run_reader *reader, const char *bytes, uint32_t alike,
	uint32_t own)
{
	uint32_t old_size = (uint32_t)reader->key.size, size = alike + own;
	uint32_t at = alike;

	if (own == 0 && size == old_size)
		return SORT_GAP_EQUAL;
	char *key = key_room(&reader->key, size);
	if (own > 0)
		copy_short(key + alike, bytes, own);
	/* One goes on where the other ends: they differ behind its pads. */
	if (alike == old_size || own == 0)
		while ((uint8_t)key[at] == reader->cut->pad)
			at++;
	key_end(reader, key, size);
	return sort_gap_at(reader->cut, key, size, at);
}

static inline const char *
key_next(struct sort_run_reader *reader, struct sort_item *item,
	const char *at)
{
	uint32_t alike = (uint8_t)*at++;
	uint64_t size, word;

	at = sort_get_size(at, &size);
	uint32_t own = (uint32_t)(size >> 1);
	item->is_usual = size & 1;
	item->part = reader->part;
	if (reader->is_page_begin || item->is_usual ||
	    alike == SORT_GAP_ALIKE_MAX)
		item->gap = key_replace(reader, at, alike, own,
		    item->is_usual);
	else
		item->gap = key_follow(reader, at, alike, own);
	memcpy(&word, reader->key.bytes, 8);
	item->word = __builtin_bswap64(word);
	item->rest = reader->key.bytes + 8;
	item->rest_size = (uint32_t)reader->key.size - 8;
	return at + own;
}

static int
row_next(struct sort_run_reader *reader, struct sort_item *item,
	struct err *err)
{
	uint64_t size;
	uint8_t part = reader->part;

	if (reader->left == 0) {
		int got = page_next(reader, err);
		if (got != 1)
			return got;
		reader->is_page_begin = 1;
	}
	reader->left--;
	const char *at = key_next(reader, item, reader->at);
	if (reader->part != part)
		item->gap = SORT_GAP_PART | reader->part;
	reader->is_page_begin = 0;
	at = sort_get_size(at, &item->turn);
	item->row = sort_get_size(at, &size);
	item->size = (uint32_t)size;
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
