/*
 * A join whose sides both come in the order of its keys: which kept rows a left
 * batch may meet.
 *
 * The kept rows lie in strips (join_strip.c), whose bounds are known.  The keys
 * of a left batch lie between its first and its last, so it meets rows of a few
 * strips that follow one another.  An instance has copies of these, its window,
 * with a directory that fits the cache; with the next batch the window moves
 * on.
 *
 *	strips	  0 | 1 | 2 | 3 | 4 | 5 | 6	of all instances
 *	window	        [ 2   3   4 ]		of one
 *	left		   b e ... k		a batch
 *
 * What an instance has no batch for it never reads, and none waits for another.
 * A batch whose keys lie too far apart is halved until its part of the strips
 * is small.  The rows of one key may be too many all the same: then a left row
 * at a time goes through them window by window, which is less than what comes
 * out of it; with a condition, or in a semi join, it is seen behind the last
 * whether it has met anything.
 *
 * The order of pairs is that of the left rows, and for each that of the strips:
 * what any other join gives.  Of right and full joins a bit a row, of all
 * strips, says what has met something; it is set when a window moves on.
 */
#include "op/join_priv.h"

#include <assert.h>
#include <string.h>

#include "state/spill.h"
#include "util/bits.h"
#include "util/err.h"

/* A batch is not halved for fewer strips: they and their directory fit a
 * second level cache. */
#define WINDOW_BYTES ((size_t)512 << 10)
/* Rows of one key are taken together up to this part of the memory of each
 * instance, and no more than that. */
#define WINDOW_PART 32
#define WINDOW_BYTES_MAX ((size_t)64 << 20)
/* Rows that are linked together. */
#define LINK_ROWS 64

struct join_window {
	struct join_share *share;
	uint32_t *shape_base;		/* of rows, by instance */
	/* The strips that are there: [from, to). */
	uint32_t from, to;
	char *bytes;			/* their rows */
	size_t used, capacity;
	uint64_t *hash;			/* of their keys */
	uint32_t row_count, row_capacity;
	uint64_t charged_bytes;
	struct join_table table;
	uint64_t slot_capacity;
	/* A file is read on where it was left. */
	struct spill_reader *reader;
	uint32_t reader_instance;
	uint64_t reader_place;
	/* The last key of the batch before. */
	struct text last;
	struct region *last_region;	/* NULL: there was none */
};

struct join_window *
join_window_new(struct join_share *share)
{
	struct join_window *window = mem_alloc_zero(sizeof(*window));

	window->share = share;
	return window;
}

void
join_window_free(struct join_window **take_window)
{
	struct join_window *window = *take_window;

	*take_window = NULL;
	if (window == NULL)
		return;
	mem_release(&window->share->budget, window->charged_bytes);
	spill_reader_free(&window->reader);
	region_drop(&window->last_region);
	mem_free(window->table.slot);
	mem_free(window->shape_base);
	mem_free(window->bytes);
	mem_free(window->hash);
	mem_free(window);
}

static inline struct image *
first_row(const struct join_window *window)
{
	return (struct image *)(uintptr_t)window->bytes;
}

static inline struct image *
row_behind(struct image *row)
{
	return (struct image *)(uintptr_t)((char *)row + row->size);
}

/* --- what it holds --- */

static void
window_charge(struct join_window *window, uint64_t bytes)
{
	mem_charge_always(&window->share->budget, bytes);
	window->charged_bytes += bytes;
}

static void
window_need(struct join_window *window, size_t bytes, uint32_t rows)
{
	bytes += IMAGE_SLACK;
	if (bytes > window->capacity) {
		if (bytes < window->capacity * 2)
			bytes = window->capacity * 2;
		window_charge(window, bytes - window->capacity);
		window->bytes = mem_resize(window->bytes, bytes);
		window->capacity = bytes;
	}
	if (rows > window->row_capacity) {
		if (rows < window->row_capacity * 2)
			rows = window->row_capacity * 2;
		window_charge(window, (rows - window->row_capacity) *
		    sizeof(*window->hash));
		window->hash = mem_resize(window->hash,
		    rows * sizeof(*window->hash));
		window->row_capacity = rows;
	}
}

/* What met something is told to all. */
static void
window_note(struct join_window *window)
{
	struct join_share *share = window->share;
	struct image *row = first_row(window);

	if (share->found == NULL || window->row_count == 0)
		return;
	uint64_t at = share->strip[window->from]->rows_before;
	for (uint32_t i = 0; i < window->row_count; i++, at++) {
		if (row->flags & IMAGE_FOUND) {
			__atomic_fetch_or(&share->found[at / 64],
			    UINT64_C(1) << at % 64, __ATOMIC_RELAXED);
			row->flags &= (uint8_t)~IMAGE_FOUND;
		}
		row = row_behind(row);
	}
}

/* Only strips [from, to) stay, of those that are there. */
static void
window_keep(struct join_window *window, uint32_t from, uint32_t to)
{
	struct join_strip *const *strip = window->share->strip;

	if (from >= to) {
		window->used = 0;
		window->row_count = 0;
		return;
	}
	size_t bytes = 0, kept = 0;
	uint32_t rows = 0, rows_kept = 0;
	for (uint32_t s = window->from; s < from; s++) {
		bytes += strip[s]->bytes;
		rows += strip[s]->row_count;
	}
	for (uint32_t s = from; s < to; s++) {
		kept += strip[s]->bytes;
		rows_kept += strip[s]->row_count;
	}
	if (bytes > 0) {
		memmove(window->bytes, window->bytes + bytes, kept);
		memmove(window->hash, window->hash + rows,
		    rows_kept * sizeof(*window->hash));
	}
	window->used = kept;
	window->row_count = rows_kept;
}

/* The rows of a strip from its file. */
static int
read_strip(struct join_window *window, const struct join_strip *strip,
	char *to, struct err *err)
{
	const struct join_strips *strips =
	    &window->share->instance[strip->instance].strips;

	if (window->reader == NULL ||
	    window->reader_instance != strip->instance ||
	    window->reader_place != strip->from) {
		spill_reader_free(&window->reader);
		window->reader = spill_reader_new(strips->file, strip->from,
		    strips->end);
		window->reader_instance = strip->instance;
	}
	window->reader_place = strip->to;
	long got = spill_read(window->reader, to, strip->bytes, err);
	if (got >= 0 && (size_t)got != strip->bytes)
		return err_set(err, ERR_IO, "a temporary file ends too early");
	return got < 0 ? -1 : 0;
}

/* The shapes of each instance's rows count from here on. */
static void
make_shape_base(struct join_window *window)
{
	const struct join_share *share = window->share;
	uint32_t shapes = 0;

	window->shape_base = mem_alloc(share->instance_count *
	    sizeof(*window->shape_base));
	for (uint32_t i = 0; i < share->instance_count; i++) {
		window->shape_base[i] = shapes;
		shapes += share->instance[i].right.count;
	}
}

/* Append a copy of a strip. */
static int
window_add(struct join_window *window, const struct join_strip *strip,
	struct err *err)
{
	if (window->shape_base == NULL)
		make_shape_base(window);
	window_need(window, window->used + strip->bytes,
	    window->row_count + strip->row_count);
	char *to = window->bytes + window->used;
	if (strip->rows != NULL)
		memcpy(to, strip->rows, strip->bytes);
	else if (read_strip(window, strip, to, err) != 0)
		return -1;
	struct image *row = (struct image *)(uintptr_t)to;
	uint32_t base = window->shape_base[strip->instance];
	for (uint32_t i = 0; i < strip->row_count; i++) {
		row->shape = (uint16_t)(row->shape + base);
		window->hash[window->row_count++] = row->link;
		row = row_behind(row);
	}
	window->used += strip->bytes;
	return 0;
}

/* Bring strips [from, to) there; what was there and is of them stays. */
static int
window_load(struct join_window *window, uint32_t from, uint32_t to,
	struct err *err)
{
	struct join_share *share = window->share;
	uint32_t kept = window->to < to ? window->to : to;

	window_note(window);
	if (from < window->from || from >= kept) {
		window_keep(window, 0, 0);
		kept = from;
	} else {
		window_keep(window, from, kept);
	}
	window->from = from;
	window->to = kept;
	for (; window->to < to; window->to++)
		if (window_add(window, share->strip[window->to], err) != 0)
			return -1;
	/* They may lie elsewhere now. */
	struct image *row = first_row(window);
	for (uint32_t i = 0; i < window->row_count; i++) {
		image_settle(row);
		row = row_behind(row);
	}
	return 0;
}

/* --- its directory --- */

static void
table_clear(struct join_window *window)
{
	struct join_table *table = &window->table;
	uint64_t rows = window->row_count;
	uint64_t slots = bits_power_of_two(rows + rows / 3 + 2);

	if (slots > window->slot_capacity) {
		window_charge(window, (slots - window->slot_capacity) *
		    sizeof(*table->slot));
		mem_free(table->slot);
		table->slot = mem_alloc(slots * sizeof(*table->slot));
		window->slot_capacity = slots;
	}
	table->mask = slots - 1;
	memset(table->slot, 0, slots * sizeof(*table->slot));
}

/* The window is strips [from, to), and its rows are linked. */
static int
window_move(struct join_window *window, uint32_t from, uint32_t to,
	struct err *err)
{
	struct image *waits[LINK_ROWS];
	uint32_t count = 0;

	if (from == to || (window->from == from && window->to == to))
		return 0;
	if (window_load(window, from, to, err) != 0)
		return -1;
	table_clear(window);
	struct image *row = first_row(window);
	for (uint32_t i = 0; i < window->row_count; i++) {
		row->link = window->hash[i];
		if (!(row->flags & IMAGE_ALONE))
			waits[count++] = row;
		row = row_behind(row);
		if (count == LINK_ROWS) {
			join_table_link(&window->table, waits, count);
			count = 0;
		}
	}
	join_table_link(&window->table, waits, count);
	return 0;
}

void
join_window_end(struct join_window *window)
{
	window_note(window);
	window_keep(window, 0, 0);
	window->from = window->to = 0;
}

/* --- a batch --- */

/* A left batch on its way through the window. */
struct pass {
	struct op_run *run;
	struct join_probe *probe;
	struct join_window *window;
	struct join_batch *at;
	struct region *region;
	struct err *err;
};

static int
row_has_key(const struct join_batch *at, uint32_t i)
{
	return !at->keys.any_null || !bits_get(at->keys.null, i);
}

/* The first strip that does not end before the key, or does not begin before
 * or at it. */
static uint32_t
strip_find(const struct join_share *share, const struct text *key, int behind)
{
	uint32_t low = 0, high = share->strip_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct join_strip *strip = share->strip[middle];
		int is_before = behind ?
		    join_order_compare(&strip->first, key) <= 0 :
		    join_order_compare(&strip->last, key) < 0;
		if (is_before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The strips that some rows may meet. */
struct reach {
	uint32_t from, to;
	int is_one_key;
	struct text low, high;	/* order keys, if there are any */
	int has_keys;
};

static void
find_reach(const struct pass *pass, uint32_t first, uint32_t count,
	struct reach *reach)
{
	const struct join_batch *at = pass->at;
	struct expr **on = pass->run->op->args.on_left;
	uint32_t last = first + count;

	*reach = (struct reach){ .is_one_key = 1 };
	while (first < last && !row_has_key(at, first))
		first++;
	while (first < last && !row_has_key(at, last - 1))
		last--;
	if (first == last)
		return;
	reach->has_keys = 1;
	reach->low = join_order_key(pass->run, on, at->batch,
	    batch_row(at->batch, first), pass->region);
	reach->high = join_order_key(pass->run, on, at->batch,
	    batch_row(at->batch, last - 1), pass->region);
	int order = join_order_compare(&reach->low, &reach->high);
	assert(order <= 0);
	reach->is_one_key = order == 0;
	reach->from = strip_find(pass->window->share, &reach->low, 0);
	reach->to = strip_find(pass->window->share, &reach->high, 1);
	if (reach->to < reach->from)
		reach->to = reach->from;
}

static size_t
strips_bytes(const struct join_share *share, uint32_t from, uint32_t to)
{
	if (from == to)
		return 0;
	const struct join_strip *last = share->strip[to - 1];
	return (size_t)(last->bytes_before - share->strip[from]->bytes_before) +
	    last->bytes;
}

/* What is taken at once of the rows of one key. */
static size_t
bytes_at_once(const struct join_share *share)
{
	uint64_t part = mem_limit() / WINDOW_PART / share->instance_count;

	if (pile_is_tested())
		return 1;
	return mem_limit() == 0 || part > WINDOW_BYTES_MAX ?
	    WINDOW_BYTES_MAX : part;
}

/* A batch of some of the rows, which join_probe_rows may take. */
static void
some_rows(const struct pass *pass, uint32_t first, uint32_t count,
	struct join_batch *some)
{
	const struct join_batch *at = pass->at;

	*some = *at;
	some->batch = batch_clone(at->batch);
	if (count == at->batch->sel_count)
		return;
	uint16_t *pick = region_alloc(pass->region,
	    (count + 1) * sizeof(*pick));
	uint16_t *sel = batch_sel_storage(some->batch);
	for (uint32_t i = 0; i < count; i++) {
		pick[i] = (uint16_t)(first + i);
		sel[i] = (uint16_t)batch_row(at->batch, first + i);
	}
	some->batch->sel = sel;
	some->batch->sel_count = count;
	join_keys_pick(&some->keys, pick, count, pass->region);
}

/* Some rows and the window, which is all that they may meet. */
static enum op_status
pass_rows(const struct pass *pass, uint32_t first, uint32_t count,
	const struct reach *reach)
{
	static const struct join_table nothing;
	struct join_probe *probe = pass->probe;
	struct join_batch some;

	if (window_move(pass->window, reach->from, reach->to, pass->err) != 0)
		return OP_FAIL;
	probe->table = reach->from == reach->to ? &nothing :
	    &pass->window->table;
	some_rows(pass, first, count, &some);
	return join_probe_rows(pass->run, probe, &some, pass->region,
	    pass->err);
}

/* One row goes through all that it may meet, window by window. */
static enum op_status
pass_pieces(const struct pass *pass, uint32_t i, const struct reach *reach)
{
	struct join_probe *probe = pass->probe;
	const struct join_share *share = pass->window->share;
	uint32_t row = batch_row(pass->at->batch, i);
	uint8_t note[BATCH_ROWS_MAX];
	enum op_status status = OP_OK;
	struct join_batch some;

	/* Other rows are neither. */
	memset(note, 2, sizeof(note));
	note[row] = 0;
	probe->note = note;
	probe->keeps_left = 0;
	for (uint32_t from = reach->from; from < reach->to &&
	    status == OP_OK;) {
		struct reach piece = { .from = from, .to = from + 1 };
		while (piece.to < reach->to && strips_bytes(share, from,
		    piece.to + 1) <= bytes_at_once(share))
			piece.to++;
		status = pass_rows(pass, i, 1, &piece);
		from = piece.to;
		/* Half a join wants no more. */
		if (probe->is_half && note[row] == 1)
			break;
	}
	probe->note = NULL;
	probe->keeps_left = join_keeps_left(pass->run->op);
	if (status != OP_OK || !(probe->is_half || probe->keeps_left))
		return status;
	some_rows(pass, i, 1, &some);
	return join_probe_noted(pass->run, probe, &some, note,
	    (uint8_t)(probe->is_half && probe->half_wanted), pass->err);
}

static enum op_status pass_span(const struct pass *, uint32_t first,
	uint32_t count);

/* Rows [first, first + count) of the batch, and what they may meet. */
static enum op_status
pass_reach(const struct pass *pass, uint32_t first, uint32_t count,
	const struct reach *reach)
{
	const struct join_share *share = pass->window->share;
	size_t most = reach->is_one_key ? bytes_at_once(share) :
	    pile_is_tested() ? 1 : WINDOW_BYTES;
	uint32_t half = count / 2;
	enum op_status status = OP_OK;

	if (reach->to - reach->from <= 1 ||
	    strips_bytes(share, reach->from, reach->to) <= most)
		return pass_rows(pass, first, count, reach);
	if (!reach->is_one_key) {
		status = pass_span(pass, first, half);
		return status != OP_OK ? status :
		    pass_span(pass, first + half, count - half);
	}
	for (uint32_t i = 0; i < count && status == OP_OK; i++)
		status = pass_pieces(pass, first + i, reach);
	return status;
}

static enum op_status
pass_span(const struct pass *pass, uint32_t first, uint32_t count)
{
	struct reach reach;

	find_reach(pass, first, count, &reach);
	return pass_reach(pass, first, count, &reach);
}

/* The plan has seen that left rows come in order. */
static void
check_order(struct join_window *window, const struct reach *reach)
{
	if (!reach->has_keys)
		return;
	if (window->last_region == NULL)
		window->last_region = region_new();
	else
		assert(join_order_compare(&window->last, &reach->low) <= 0);
	region_reset(window->last_region);
	window->last = text_make(region_copy(window->last_region,
	    text_bytes(&reach->high), reach->high.size), reach->high.size);
}

enum op_status
join_window_rows(struct op_run *run, struct join_probe *probe,
	struct join_batch *at, struct region *region, struct err *err)
{
	struct pass pass = {
		.run = run, .probe = probe, .window = probe->window,
		.at = at, .region = region, .err = err,
	};
	const struct join_table *before = probe->table;
	uint32_t count = at->batch->sel_count;
	enum op_status status = OP_OK;
	struct reach reach;

	probe->is_one = 1;
	if (count > 0) {
		find_reach(&pass, 0, count, &reach);
		check_order(probe->window, &reach);
		status = pass_reach(&pass, 0, count, &reach);
	}
	probe->is_one = 0;
	probe->table = before;
	batch_free(&at->batch);
	return status;
}

/* --- what met nothing --- */

int
join_window_rest(struct join_window *window, uint32_t *strip, uint32_t *row,
	uint32_t most, struct image **rows, struct err *err)
{
	struct join_share *share = window->share;
	uint32_t count = 0;

	while (count == 0 && *strip < share->strip_count) {
		if (window->to != *strip + 1 && window_load(window, *strip,
		    *strip + 1, err) != 0)
			return -1;
		struct image *at = first_row(window);
		uint64_t number = share->strip[*strip]->rows_before;
		for (uint32_t i = 0; i < window->row_count && count < most;
		    i++, at = row_behind(at), number++) {
			if (i < *row)
				continue;
			*row = i + 1;
			if (!bits_get(share->found, number))
				rows[count++] = at;
		}
		if (*row == window->row_count) {
			*strip += 1;
			*row = 0;
		}
	}
	return (int)count;
}
