/*
 * The kept side of a join whose sides both come in the order of its keys.
 *
 * What is kept needs no partitions then: rows lie one behind the other as they
 * come, in strips of some 60 KiB, of which the first and the last key are
 * known.  When memory is short all strips of the instance go to a file, a block
 * each; behind the end of port 1, if some have gone, all do, so that the sort
 * of the other side finds the memory free.
 *
 *	instance 0	| a a b c | c c d |         | m n |
 *	instance 1	                  | e f f k |     | n n p |
 *	all, in order	  0         1       2         3     4
 *
 * The instances give their parts of a sorted input in turns, so no strip holds
 * rows of two turns; when all are there their list is brought in the order of
 * the input, which is that of the keys: the plan has seen it (plan/
 * rule_merge.c), and the bounds of the strips are checked.  A left row meets
 * what it meets between two of them: join_window.c.
 *
 * The memory is that of the strips as long as there is room, then that of their
 * bounds.  Who asks before the join which keys there are (op_ahead.c) is told
 * by a sieve: of all when they are there, or of those that go to files.
 */
#include "op/join_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "state/spill.h"
#include "util/bits.h"
#include "util/buf.h"

/* A strip is a block of its file: to read one is to read no more. */
#define STRIP_BLOCK_BYTES ((size_t)64 << 10)
#define STRIP_BYTES_MAX (STRIP_BLOCK_BYTES - SPILL_SLACK_BYTES)
#define STRIP_BYTES_MIN ((size_t)1 << 10)

/* --- their keys --- */

struct text
join_order_key(const struct op_run *run, struct expr **on,
	const struct batch *batch, uint32_t row, struct region *region)
{
	const struct op_args *args = &run->op->args;
	struct column *column = region_alloc(region,
	    args->on_count * sizeof(*column));
	struct key_order *order = region_alloc(region,
	    args->on_count * sizeof(*order));
	uint16_t sel = (uint16_t)row;
	struct buf bytes = { 0 };
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->on_count; i++) {
		order[i] = (struct key_order){ args->merge_key[i].descending,
			args->merge_key[i].nulls_first };
		expr_eval_as(on[i], &eval, FUNC_NUMBER, &sel, 1, &column[i]);
	}
	/* Fields are never refused. */
	assert(eval.rejects.count == 0);
	key_add_order(column, order, args->on_count, 0, &bytes);
	struct text key = text_make(region_copy(region, bytes.bytes,
	    bytes.size), (uint32_t)bytes.size);
	buf_fini(&bytes);
	return key;
}

int
join_order_compare(const struct text *a, const struct text *b)
{
	uint32_t size = a->size < b->size ? a->size : b->size;
	int order = memcmp(text_bytes(a), text_bytes(b), size);

	return order != 0 ? order : a->size < b->size ? -1 :
	    a->size > b->size;
}

/* A copy that lives as long as the strips. */
static struct text
keep_key(struct join_strips *strips, const struct text *key)
{
	if (key->size <= TEXT_INLINE_MAX)
		return *key;
	if (strips->keys == NULL)
		strips->keys = region_new();
	return text_make(region_copy(strips->keys, text_bytes(key),
	    key->size), key->size);
}

/* --- while they come --- */

/* The hashes of the keys of a strip in memory, for the caller. */
static uint64_t *
strip_hashes(const struct join_strip *strip)
{
	uint64_t *hash = mem_alloc((strip->row_count + 1) * sizeof(*hash));
	const char *row = strip->rows;

	for (uint32_t i = 0; i < strip->row_count; i++) {
		const struct image *image =
		    (const struct image *)(uintptr_t)row;
		hash[i] = image->link;
		row += image->size;
	}
	return hash;
}

/* Rows that go to a file can be asked for by a sieve of such (join_away.c). */
static void
strip_note_away(struct join_share *share, const struct join_strip *strip)
{
	if (!join_share_is_asked(share))
		return;
	uint64_t *hash = strip_hashes(strip);
	join_away_keys(share, hash, strip->row_count);
	mem_free(hash);
}

static void
strip_drop_rows(struct join_share *share, struct join_strip *strip)
{
	mem_release(&share->budget, strip->capacity_bytes);
	mem_free(strip->rows);
	strip->rows = NULL;
	strip->capacity_bytes = 0;
}

int
join_strips_write(struct op_run *run, struct join_share *share,
	uint32_t instance, struct err *err)
{
	struct join_strips *strips = &share->instance[instance].strips;

	if (strips->away_count == strips->count)
		return 0;
	__atomic_store_n(&share->is_away[0], 1, __ATOMIC_RELAXED);
	if (strips->file == NULL) {
		strips->file = op_spill_new(run, err);
		if (strips->file == NULL)
			return -1;
		spill_file_set_block(strips->file, STRIP_BLOCK_BYTES);
	}
	for (; strips->away_count < strips->count; strips->away_count++) {
		struct join_strip *strip =
		    &strips->strip[strips->away_count];
		strip->from = strips->end;
		if (spill_write(strips->file, strip->rows, strip->bytes,
		    err) != 0 ||
		    spill_cut(strips->file, &strips->end, err) != 0)
			return -1;
		strip->to = strips->end;
		strip_note_away(share, strip);
		strip_drop_rows(share, strip);
	}
	return 0;
}

int
join_strips_are_away(const struct join_share *share)
{
	return __atomic_load_n(&share->is_away[0], __ATOMIC_RELAXED);
}

int
join_strips_may_have(const struct join_share *share, uint64_t hash)
{
	if (!join_strips_are_away(share))
		return join_sieve_has(&share->sieve, hash);
	return !__atomic_load_n(&share->away.is_of_use, __ATOMIC_RELAXED) ||
	    join_sieve_has(&share->away.sieve, hash);
}

/* The last one, if it can take so much more. */
static struct join_strip *
strip_that_takes(struct join_strips *strips, uint64_t turn, size_t bytes)
{
	if (strips->count == strips->away_count || pile_is_tested())
		return NULL;
	struct join_strip *last = &strips->strip[strips->count - 1];
	return last->turn == turn && last->bytes + bytes <= STRIP_BYTES_MAX ?
	    last : NULL;
}

static size_t
strip_capacity(const struct join_strip *strip, size_t bytes)
{
	size_t held = strip == NULL ? 0 : strip->capacity_bytes;
	size_t wanted = bytes + IMAGE_SLACK +
	    (strip == NULL ? 0 : strip->bytes);

	if (wanted <= held)
		return held;
	if (wanted < held * 2)
		wanted = held * 2;
	if (wanted < STRIP_BYTES_MIN)
		wanted = STRIP_BYTES_MIN;
	return bits_round_up(wanted, 64);
}

/* A new one at the end; what it costs for good is charged. */
static struct join_strip *
strip_new(struct join_share *share, struct join_strips *strips,
	const struct join_strip *strip)
{
	uint64_t bytes = sizeof(*strip) + strip->first.size +
	    strip->last.size;

	mem_charge_always(&share->budget, bytes);
	strips->charged_bytes += bytes;
	if (strips->count == strips->capacity) {
		strips->capacity = strips->capacity * 2 + 16;
		strips->strip = mem_resize(strips->strip,
		    strips->capacity * sizeof(*strips->strip));
	}
	strips->strip[strips->count] = *strip;
	return &strips->strip[strips->count++];
}

/* One with room for so much more: the last, or one that is like `made`. */
static struct join_strip *
strip_with_room(struct op_run *run, struct join_share *share,
	const struct join_strip *made, size_t bytes, struct err *err)
{
	struct join_strips *strips = &share->instance[run->instance].strips;
	struct join_strip *strip = strip_that_takes(strips, made->turn, bytes);
	size_t capacity = strip_capacity(strip, bytes);
	size_t held = strip == NULL ? 0 : strip->capacity_bytes;

	if (mem_charge(&share->budget, capacity - held) != 0) {
		if (join_strips_write(run, share, run->instance, err) != 0)
			return NULL;
		strip = NULL;
		capacity = strip_capacity(NULL, bytes);
		mem_charge_always(&share->budget, capacity);
	}
	if (strip == NULL)
		strip = strip_new(share, strips, made);
	if (capacity != strip->capacity_bytes)
		strip->rows = mem_resize(strip->rows, capacity);
	strip->capacity_bytes = capacity;
	return strip;
}

int
join_strip_add(struct op_run *run, struct join_share *share,
	const struct join_rows *rows, const struct text *first,
	const struct text *last, struct region *region, struct err *err)
{
	struct join_part_of *own = &share->instance[run->instance];
	struct join_strip made = {
		.turn = rows->turn, .number = rows->number,
		.first = keep_key(&own->strips, first),
		.instance = run->instance,
	};
	uint32_t count = rows->batch->sel_count;
	uint32_t *size = region_alloc(region, (count + 1) * sizeof(*size));
	char **at = region_alloc(region, (count + 1) * sizeof(*at));
	uint32_t shape = join_shape_rows(share, &own->right, rows, err);
	size_t total[JOIN_PARTS];

	if (shape == UINT32_MAX)
		return -1;
	join_measure_rows(rows, 1, size, total);
	struct join_strip *strip = strip_with_room(run, share, &made,
	    total[0], err);
	if (strip == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		char *room = strip->rows + strip->bytes;
		join_begin_row((struct image *)(uintptr_t)room, rows, i,
		    size[i], shape);
		at[i] = image_cells((struct image *)(uintptr_t)room);
		strip->bytes += size[i];
	}
	image_write(rows->batch, at);
	strip->row_count += count;
	strip->last = keep_key(&own->strips, last);
	return 0;
}

/* --- when all are there --- */

static int
strip_compare(const void *a, const void *b)
{
	const struct join_strip *x = *(struct join_strip *const *)a;
	const struct join_strip *y = *(struct join_strip *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* For who wants to know which keys there are. */
static void
make_sieve(struct join_share *share)
{
	if (!join_share_is_asked(share) || join_strips_are_away(share) ||
	    join_sieve_new(&share->sieve, &share->budget,
	    share->row_count) != 0)
		return;
	for (uint32_t s = 0; s < share->strip_count; s++) {
		uint64_t *hash = strip_hashes(share->strip[s]);
		join_sieve_add_all(&share->sieve, hash,
		    share->strip[s]->row_count);
		mem_free(hash);
	}
}

void
join_strips_settle(struct join_share *share)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		count += share->instance[i].strips.count;
	share->strip = mem_alloc((count + 1) * sizeof(*share->strip));
	for (uint32_t i = 0; i < share->instance_count; i++) {
		struct join_strips *strips = &share->instance[i].strips;
		for (uint32_t s = 0; s < strips->count; s++)
			share->strip[share->strip_count++] = &strips->strip[s];
	}
	qsort(share->strip, count, sizeof(struct join_strip *),
	    strip_compare);
	uint64_t rows = 0, bytes = 0;
	for (uint32_t s = 0; s < count; s++) {
		struct join_strip *strip = share->strip[s];
		assert(join_order_compare(&strip->first, &strip->last) <= 0);
		assert(s == 0 || join_order_compare(&share->strip[s - 1]->last,
		    &strip->first) <= 0);
		strip->rows_before = rows;
		strip->bytes_before = bytes;
		rows += strip->row_count;
		bytes += strip->bytes;
	}
	share->row_count += rows;
	make_sieve(share);
	if (join_keeps_right(share->op)) {
		mem_charge_always(&share->budget, rows / 8);
		share->found = mem_alloc_zero((rows / 64 + 1) *
		    sizeof(*share->found));
	}
}

void
join_strips_free(struct join_share *share, struct join_strips *strips)
{
	for (uint32_t s = strips->away_count; s < strips->count; s++)
		strip_drop_rows(share, &strips->strip[s]);
	spill_file_free(&strips->file);
	mem_release(&share->budget, strips->charged_bytes);
	region_drop(&strips->keys);
	mem_free(strips->strip);
}
