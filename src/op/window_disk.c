/*
 * Windows beyond memory.
 *
 *	let go	when memory is refused or asked for, the rows of all buckets go
 *		to one file, a layer; each bucket remembers its piece of it and
 *		begins anew in memory
 *	fire	what a window counts goes there as well; then the pieces of its
 *		buckets are read, layer by layer, into one table and given
 *
 *	layer 0		| bucket 0 | bucket 1 | bucket 2       |
 *	layer 1		| bucket 1 | bucket 2 | bucket 3  |
 *
 * Where the rows of one window have no room together they are taken by hash, in
 * two parts, and each of these in two if it has to be.  A large piece lies in
 * parts by hash, so that a part of it is read alone.
 *
 * The order of what is given is that of memory: first come, first given; only
 * parts come one behind the other.  A layer goes with the last of its pieces.
 *
 * A job that keeps checkpoints saves what is in memory, so there windows stay
 * in memory.
 */
#include <string.h>

#include "data/key.h"
#include "op/window_priv.h"
#include "state/keyed.h"
#include "state/spill.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/mem.h"

/* A piece is cut into up to so many parts (a power of two), as long as they are
 * of so many bytes in memory: half of that is what a block takes. */
#define PART_BITS_MAX 8
#define PART_BYTES_MIN ((uint64_t)16 << 10)
/* So many halvings; then it is one group that has no room. */
#define HALVINGS_MAX 14
/* Many pieces are read one behind the other: small blocks. */
#define BLOCK_BYTES ((size_t)64 << 10)
/* In front of each row: its size. */
#define SIZE_BYTES 4

struct window_layer {
	struct spill_file *file;
	uint32_t piece_count;
};

struct window_piece {
	struct window_layer *layer;
	uint32_t part_bits;
	uint64_t held_bytes;		/* in memory, about */
	uint64_t place[];		/* of each part, and the end */
};

/* Bits of a hash by which rows are parted, the first ones first: neither those
 * that tables use nor those that say which instance owns a key. */
static inline uint64_t
part_bits(uint64_t hash)
{
	return hash * 0x9e3779b97f4a7c15u;
}

/* The part of 2^halvings that a hash is of. */
static inline uint32_t
part_of(uint64_t hash, uint32_t halvings)
{
	return halvings == 0 ? 0 :
	    (uint32_t)(part_bits(hash) >> (64 - halvings));
}

/* Part number `number` of 2^halvings. */
struct part {
	uint32_t halvings, number;
};

static void
piece_free(struct window_piece *take_piece)
{
	struct window_layer *layer = take_piece->layer;

	mem_free(take_piece);
	if (--layer->piece_count > 0)
		return;
	spill_file_free(&layer->file);
	mem_free(layer);
}

void
window_pieces_free(struct bucket *bucket)
{
	for (uint32_t i = 0; i < bucket->piece_count; i++)
		piece_free(bucket->piece[i]);
	mem_free(bucket->piece);
	bucket->piece = NULL;
	bucket->piece_count = 0;
}

static void
piece_add(struct bucket *bucket, struct window_piece *piece)
{
	uint32_t count = bucket->piece_count;

	/* A power of two is full. */
	if ((count & (count - 1)) == 0)
		bucket->piece = mem_resize(bucket->piece,
		    (count == 0 ? 1 : count * 2) * sizeof(*bucket->piece));
	bucket->piece[bucket->piece_count++] = piece;
}

/* --- let go --- */

static int
write_row(const struct window *window, const struct keyed *keyed,
	uint64_t index, struct spill_file *file, struct buf *buf,
	struct err *err)
{
	buf->size = 0;
	buf_reserve(buf, SIZE_BYTES);
	buf->size = SIZE_BYTES;
	group_rows_save(&window->rows, window->call, keyed_peek(keyed, index),
	    keyed_key(keyed, index), keyed_hash(keyed, index), buf);
	bits_store32(buf->bytes, (uint32_t)(buf->size - SIZE_BYTES));
	return spill_write(file, buf->bytes, buf->size, err);
}

/* The numbers of the rows, part by part, as they came within one; where each
 * part ends. */
static void
order_rows(const struct keyed *keyed, uint32_t bits, uint32_t *order,
	uint32_t *end)
{
	uint32_t count = (uint32_t)keyed_count(keyed), first = 0;

	memset(end, 0, ((size_t)1 << bits) * sizeof(*end));
	for (uint32_t i = 0; i < count; i++)
		end[part_of(keyed_hash(keyed, i), bits)]++;
	for (uint32_t p = 0; p < 1u << bits; p++) {
		uint32_t rows = end[p];
		end[p] = first;
		first += rows;
	}
	for (uint32_t i = 0; i < count; i++)
		order[end[part_of(keyed_hash(keyed, i), bits)]++] = i;
}

static int
write_piece(const struct window *window, const struct bucket *bucket,
	struct window_piece *piece, struct buf *buf, struct err *err)
{
	struct spill_file *file = piece->layer->file;
	uint32_t end[1u << PART_BITS_MAX], i = 0;
	uint32_t *order = mem_alloc(keyed_count(bucket->keyed) *
	    sizeof(*order));

	order_rows(bucket->keyed, piece->part_bits, order, end);
	int status = spill_cut(file, &piece->place[0], err);
	for (uint32_t p = 0; p < 1u << piece->part_bits && status == 0; p++) {
		for (; i < end[p] && status == 0; i++)
			status = write_row(window, bucket->keyed, order[i],
			    file, buf, err);
		if (status == 0)
			status = spill_cut(file, &piece->place[p + 1], err);
	}
	mem_free(order);
	return status;
}

static struct window_piece *
piece_new(struct window_layer *layer, uint64_t held_bytes)
{
	uint32_t bits = 0;

	while (bits < PART_BITS_MAX && held_bytes >> bits >=
	    2 * PART_BYTES_MIN)
		bits++;
	struct window_piece *piece = mem_alloc_zero(sizeof(*piece) +
	    ((1u << bits) + 1) * sizeof(*piece->place));
	piece->layer = layer;
	piece->part_bits = bits;
	piece->held_bytes = held_bytes;
	layer->piece_count++;
	return piece;
}

/* The bucket's rows, so large in memory, to the layer. */
static int
put_bucket(struct op_run *run, struct bucket *bucket,
	struct window_layer *layer, uint64_t held_bytes, struct buf *buf,
	struct err *err)
{
	struct window *window = run->state;
	struct window_piece *piece = piece_new(layer, held_bytes);

	piece_add(bucket, piece);
	if (write_piece(window, bucket, piece, buf, err) != 0)
		return -1;
	window_bucket_empty(window, bucket, &run->budget);
	return 0;
}

static struct window_layer *
layer_new(struct op_run *run, struct err *err)
{
	struct spill_file *file = op_spill_new(run, err);

	if (file == NULL)
		return NULL;
	if (BLOCK_BYTES < spill_block_bytes())
		spill_file_set_block(file, BLOCK_BYTES);
	struct window_layer *layer = mem_alloc_zero(sizeof(*layer));
	layer->file = file;
	return layer;
}

static uint64_t
count_rows(const struct window *window)
{
	uint64_t count = 0;

	for (uint32_t i = window->head; i < window->tail; i++)
		count += keyed_count(window->bucket[i]->keyed);
	return count;
}

/* All rows to the layer.  What states own is held too, so a bucket's part of
 * what is charged is that of its rows. */
static int
put_all(struct op_run *run, struct window_layer *layer, uint64_t count,
	struct err *err)
{
	struct window *window = run->state;
	uint64_t row_bytes = run->budget.used_bytes / count + 1;
	struct buf buf = { 0 };
	int status = 0;

	for (uint32_t i = window->head; i < window->tail && status == 0; i++) {
		uint64_t rows = keyed_count(window->bucket[i]->keyed);
		if (rows > 0)
			status = put_bucket(run, window->bucket[i], layer,
			    rows * row_bytes, &buf, err);
	}
	buf_fini(&buf);
	return status;
}

static int
disk_let_go(struct op_run *run, struct err *err)
{
	uint64_t count = count_rows(run->state);

	if (count == 0)
		return 0;
	struct window_layer *layer = layer_new(run, err);
	if (layer == NULL)
		return -1;
	mem_charge_always(&run->budget, BLOCK_BYTES);
	int status = put_all(run, layer, count, err);
	mem_release(&run->budget, BLOCK_BYTES);
	return status == 0 ? 1 : -1;
}

void
window_disk_open(struct op_run *run)
{
	struct window *window = run->state;

	if (run->job->spill == NULL || run->job->has_checkpoints)
		return;
	window->call = group_rows_calls(&window->rows);
	window_set_let_go(window, run, disk_let_go);
}

/* --- fire --- */

/* The table that is filled, and from what. */
struct loading {
	struct op_run *run;
	struct keyed *merged;
	struct part part;
	struct buf buf;
	int is_first;		/* in this window nothing has counted it yet */
	struct err *err;
};

/* How a part of a window got on. */
enum load { LOAD_FAIL = -1, LOAD_OK, LOAD_REFUSED, LOAD_END };

static enum load
refuse_damaged(struct err *err)
{
	err_set(err, ERR_IO, "window: what was put on disk is damaged");
	return LOAD_FAIL;
}

/* The next row's bytes. */
static enum load
read_row(struct loading *at, struct spill_reader *reader)
{
	char head[SIZE_BYTES];
	long got = spill_read(reader, head, SIZE_BYTES, at->err);

	if (got <= 0)
		return got < 0 ? LOAD_FAIL : LOAD_END;
	uint32_t size = bits_load32(head);
	at->buf.size = 0;
	buf_reserve(&at->buf, size);
	if (got == SIZE_BYTES)
		got = spill_read(reader, at->buf.bytes, size, at->err);
	if (got < 0)
		return LOAD_FAIL;
	at->buf.size = size;
	return (size_t)got == size ? LOAD_OK : refuse_damaged(at->err);
}

/* Add the row to the table, if it is of the part. */
static enum load
add_row(struct loading *at)
{
	struct window *window = at->run->state;
	const char *bytes = at->buf.bytes, *end = bytes + at->buf.size;
	struct text text;
	uint64_t hash;
	struct key_set key = { .text = &text, .hash = &hash };
	uint8_t is_new;
	char *row;

	if (group_rows_load_key(&window->rows, &bytes, end, &text, &hash) != 0)
		return refuse_damaged(at->err);
	if (part_of(hash, at->part.halvings) != at->part.number)
		return LOAD_OK;
	if (keyed_find(at->merged, &key, 1, &row, &is_new) != 0)
		return LOAD_REFUSED;
	if (group_rows_load(&window->rows, &bytes, end, row, is_new) != 0)
		return refuse_damaged(at->err);
	*window_changed_mark(&window->rows, row) |= (char)at->is_first;
	return group_rows_refused(&window->rows) > 0 ? LOAD_REFUSED : LOAD_OK;
}

/* What of a piece may have rows of the part. */
static void
piece_range(const struct window_piece *piece, const struct part *part,
	uint64_t *from, uint64_t *to)
{
	uint32_t bits = piece->part_bits, first, count = 1;

	if (part->halvings > bits) {
		first = part->number >> (part->halvings - bits);
	} else {
		first = part->number << (bits - part->halvings);
		count <<= bits - part->halvings;
	}
	*from = piece->place[first];
	*to = piece->place[first + count];
}

static enum load
load_piece(struct loading *at, const struct window_piece *piece)
{
	uint64_t from, to;
	enum load status = LOAD_OK;

	piece_range(piece, &at->part, &from, &to);
	if (from == to)
		return LOAD_OK;
	struct spill_reader *reader = spill_reader_new(piece->layer->file,
	    from, to);
	while (status == LOAD_OK) {
		status = read_row(at, reader);
		if (status == LOAD_OK)
			status = add_row(at);
	}
	spill_reader_free(&reader);
	return status == LOAD_END ? LOAD_OK : status;
}

static enum load
load_part(struct loading *at, const struct firing *firing,
	const struct counted *all)
{
	enum load status = LOAD_OK;

	for (uint32_t b = 0; b < all->count; b++) {
		const struct bucket *bucket = all->bucket[b];
		at->is_first = window_counts_first(firing, bucket);
		for (uint32_t i = 0; i < bucket->piece_count &&
		    status == LOAD_OK; i++)
			status = load_piece(at, bucket->piece[i]);
	}
	return status;
}

/* Give a part of the window; if it has no room, in two halves. */
static int
fire_part(struct op_run *run, const struct firing *firing,
	const struct counted *all, struct part part, struct err *err)
{
	struct window *window = run->state;
	struct loading at = { .run = run, .part = part, .err = err,
		.merged = window_merged_new(window, &run->budget) };

	mem_charge_always(&run->budget, 2 * BLOCK_BYTES);
	enum load status = load_part(&at, firing, all);
	mem_release(&run->budget, 2 * BLOCK_BYTES);
	buf_fini(&at.buf);
	int given = window_give_merged(run, firing, at.merged,
	    status == LOAD_OK ? 0 : -1, err);
	keyed_free(&at.merged);
	if (status != LOAD_REFUSED)
		return given;
	if (part.halvings == HALVINGS_MAX)
		return window_no_memory(run, err);
	struct part half = { part.halvings + 1, part.number * 2 };
	if (fire_part(run, firing, all, half, err) != 0)
		return -1;
	half.number++;
	return fire_part(run, firing, all, half, err);
}

int
window_on_disk(const struct counted *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (all->bucket[i]->piece_count > 0)
			return 1;
	return 0;
}

/* Halvings after which a part should fit into half of what is free. */
static uint32_t
halvings_for(const struct counted *all)
{
	uint64_t bytes = 0, left = mem_left() / 2;
	uint32_t halvings = 0;

	for (uint32_t b = 0; b < all->count; b++)
		for (uint32_t i = 0; i < all->bucket[b]->piece_count; i++)
			bytes += all->bucket[b]->piece[i]->held_bytes;
	while (halvings < HALVINGS_MAX / 2 && bytes >> halvings > left)
		halvings++;
	return halvings;
}

int
window_fire_disk(struct op_run *run, const struct firing *firing,
	const struct counted *all, struct err *err)
{
	if (window_let_go(run, err) < 0)
		return -1;
	struct part part = { halvings_for(all), 0 };
	for (; part.number < 1u << part.halvings; part.number++)
		if (fire_part(run, firing, all, part, err) != 0)
			return -1;
	return 0;
}
