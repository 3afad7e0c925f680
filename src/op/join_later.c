/*
 * Partitions that were put away.
 *
 * Of a partition that was put away, the rows of both sides lie in files.  Its
 * kept rows are brought to memory with a directory of their own; then its left
 * rows are read, in the order of the input, and meet them as they would have
 * met in time.  Where there is no room for all kept rows there are three ways,
 * and each is taken where it reads and writes the least:
 *
 *	sieve	far fewer left rows: the hashes of their keys are brought to
 *		memory instead, and of the kept rows only those that meet them
 *	split	both sides are parted once more, by other bits of the hash, and
 *		the parts are joined one after another; those of which most has
 *		one key are not parted again
 *	pieces	the kept rows come in several pieces; the left rows are read
 *		once a piece; who met anything is noted, a byte a row, and told
 *		when the last piece is through
 *
 * What comes out is put aside with the place of its left row, as is what the
 * partitions in memory gave: join_ending.c brings it in order.  What comes of
 * parts and pieces is first made one pile.  Where nobody sees the order it goes
 * on as it comes.
 */
#include "op/join_priv.h"

#include "state/spill.h"
#include "util/bits.h"

/* Kept rows that are brought to memory whatever the limit, as a part of it. */
#define PIECE_PART 64
/* The same where there can be but one piece. */
#define ASOF_PART 16
#define PIECE_BYTES_MIN ((uint64_t)64 << 10)
/* Results of so many pieces wait before they are made one. */
#define PIECES_MAX 8u
/* Bytes a row may need in a directory. */
#define SLOT_BYTES 24u
/* Parts of a partition, and how often it may be parted: by 12 bits of the hash
 * below those that chose it. */
#define SPLIT_BITS 3u
#define SPLIT_PARTS (1u << SPLIT_BITS)
#define SPLIT_LEVELS 4u
/* Both sides are written and read once more, and so is what comes out; at 8
 * pieces of equal sides parting was dearer still (12.5 s for 10.8 s of CPU). */
#define SPLIT_COST 6u
/* Their files are written side by side, on little memory. */
#define SPLIT_BLOCK_BYTES (64u << 10)
/* Of pieces: all rows must be in one, and are not. */
#define LOAD_TOO_MUCH 2
/* So many times as many kept rows as left ones are worth a sieve. */
#define SIEVE_TIMES 4u

/* --- rows that may meet --- */

/* Rows of both sides, a pile an instance each. */
struct sides {
	struct pile **left, **right;
	uint32_t level;		/* so often they were split */
	int is_hot;		/* the last time most stayed together */
};

/* What came of them. */
struct outcome {
	struct pile given;
	struct pile rest;	/* right rows that met nothing */
};

struct later {
	struct op_run *run;
	struct join_probe *probe;
	struct join_share *share;
	uint32_t part;
	uint32_t *shape_base;		/* of right rows, by instance */
	/* Of the sides that are joined now: */
	struct sides *sides;
	struct outcome *outcome;
	struct pile_merge *right;	/* kept rows */
	struct join_sieve sieve;	/* word NULL: none */
	struct pile piece;		/* kept rows in memory */
	struct join_table table;
	uint8_t *note;			/* by left row; NULL: one piece */
	uint64_t left_count;
	struct pile given[PIECES_MAX];
	uint32_t given_count;
};

static uint64_t
piles_rows(struct pile *const *pile, uint32_t count)
{
	uint64_t rows = 0;

	for (uint32_t i = 0; i < count; i++)
		rows += pile[i]->row_count;
	return rows;
}

static uint64_t
piles_bytes(struct pile *const *pile, uint32_t count)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		if (pile[i]->file != NULL)
			bytes += spill_file_bytes(pile[i]->file);
	return bytes;
}

static struct pile_merge *
piles_merge(struct pile *const *pile, uint32_t count,
	struct mem_budget *budget)
{
	struct pile_reader **reader = mem_alloc((count + 1) * sizeof(*reader));

	for (uint32_t i = 0; i < count; i++)
		reader[i] = pile_reader_new(pile[i], budget);
	struct pile_merge *merge = pile_merge_new(reader, count);
	mem_free(reader);
	return merge;
}

/* --- a piece of the kept rows --- */

/* May the piece become larger by these bytes? */
static int
piece_has_room(const struct later *later, uint64_t bytes)
{
	uint64_t held = later->piece.held_bytes + bytes;
	uint64_t sure = mem_limit() / (later->probe->is_asof ?
	    ASOF_PART : PIECE_PART);

	return held <= (sure > PIECE_BYTES_MIN ? sure : PIECE_BYTES_MIN) ||
	    join_has_room(bytes + later->piece.row_count * SLOT_BYTES);
}

/* The next kept row that may meet something: 1, 0, -1. */
static int
later_look(struct later *later, struct image **row, uint32_t *reader,
	struct err *err)
{
	int status;

	while ((status = pile_merge_look(later->right, row, reader,
	    err)) == 1 && !join_sieve_has(&later->sieve, (*row)->link)) {
		if (pile_merge_pass(later->right, err) != 0)
			return -1;
		pile_merge_release(later->right);
	}
	return status;
}

/* Bring kept rows to memory: 1 if these are the last, 0, -1; LOAD_TOO_MUCH:
 * they must be fewer. */
static int
later_load(struct later *later, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	struct image *row;
	uint32_t reader;
	int status;

	while ((status = later_look(later, &row, &reader, err)) == 1) {
		if (later->piece.row_count > 0 &&
		    !piece_has_room(later, row->size))
			break;
		row->shape = (uint16_t)(row->shape +
		    later->shape_base[reader]);
		if (pile_add(&later->piece, budget, row, err) != 0 ||
		    pile_merge_pass(later->right, err) != 0)
			return -1;
		pile_merge_release(later->right);
	}
	if (status < 0)
		return -1;
	if (status == 1 && later->probe->is_asof &&
	    later->sides->level < SPLIT_LEVELS)
		return LOAD_TOO_MUCH;
	if (status == 1 && later->probe->is_asof) {
		err_set(err, ERR_IO, "asof join: the other side's records of "
		    "some keys need more memory than the limit");
		return err_hint(err, "give it more with --memory SIZE");
	}
	struct pile_reader *piece = pile_reader_new(&later->piece,
	    &later->share->budget);
	if (join_table_build(&later->table, budget, &piece, 1, NULL, 1,
	    err) < 0)
		return -1;
	if (later->probe->is_asof)
		join_asof_make(&later->table, budget);
	return status == 0;
}

/* The places and keys of rows that were put away. */
static void
batch_of_rows(struct join_batch *at, const struct image_shape *shape,
	struct image *const *rows, uint32_t count, struct region *region)
{
	*at = (struct join_batch){
		.batch = image_batch(shape, rows, count),
		.turn = region_alloc(region, count * sizeof(*at->turn)),
		.number = region_alloc(region, count * sizeof(*at->number)),
		.keys.text = region_alloc(region,
		    count * sizeof(*at->keys.text)),
		.keys.hash = region_alloc(region,
		    count * sizeof(*at->keys.hash)),
	};
	at->order = region_alloc(region, count * sizeof(*at->order));
	for (uint32_t i = 0; i < count; i++) {
		at->order[i] = text_make(image_order(rows[i]),
		    rows[i]->order_size);
		at->turn[i] = rows[i]->turn;
		at->number[i] = rows[i]->number;
		at->keys.text[i] = rows[i]->key;
		at->keys.hash[i] = rows[i]->link;
	}
}

/* All left rows, against the table; or, behind the last of several pieces,
 * those that met nothing or something in any. */
static int
later_pass(struct later *later, int is_last_word, struct err *err)
{
	struct join_probe *probe = later->probe;
	struct pile_merge *left = piles_merge(later->sides->left,
	    later->share->instance_count, &later->share->budget);
	struct image **rows = mem_alloc(probe->most * sizeof(*rows));
	struct join_shapes map;
	const struct image_shape *shape;
	enum op_status status = OP_OK;
	uint64_t place = 0;
	int count = 0;

	join_shapes_init(&map, left, later->share->instance_count);
	while (status != OP_FAIL && (count = join_take_rows(left, &map,
	    probe->most, NULL, rows, &shape, err)) > 0) {
		struct region *region = region_new();
		struct join_batch at;
		batch_of_rows(&at, shape, rows, (uint32_t)count, region);
		if (is_last_word) {
			status = join_probe_noted(later->run, probe, &at,
			    later->note + place, (uint8_t)(probe->is_half &&
			    probe->half_wanted), err);
		} else {
			probe->note = later->note == NULL ? NULL :
			    later->note + place;
			status = join_probe_rows(later->run, probe, &at,
			    region, err);
		}
		place += (uint64_t)count;
		region_drop(&region);
		pile_merge_release(left);
	}
	join_shapes_fini(&map);
	mem_free(rows);
	pile_merge_free(&left);
	return status == OP_FAIL || count < 0 ? -1 : 0;
}

/* Kept rows of the piece that met nothing. */
static int
later_rest(struct later *later, struct err *err)
{
	struct join_share *share = later->share;
	struct pile *rest = &later->outcome->rest;
	struct pile_reader *reader;
	struct image *row;
	int status = 0;

	if (!join_keeps_right(share->op))
		return 0;
	if (rest->file == NULL && pile_spill(rest, &share->budget,
	    later->run, err) != 0)
		return -1;
	reader = pile_reader_new(&later->piece,
	    &later->share->budget);
	while (status == 0 && pile_reader_next(reader, &row, err) == 1)
		if (!(row->flags & IMAGE_FOUND))
			status = pile_add(rest, &share->budget, row, err);
	pile_reader_free(&reader);
	return status;
}

/* A pile for what comes out of a piece, or none: it goes on. */
static int
later_begin(struct later *later, struct err *err)
{
	if (later->probe->gives_at_once) {
		later->probe->given = NULL;
		return 0;
	}
	struct pile *given = &later->given[later->given_count++];

	*given = (struct pile){
		.shapes = &later->share->later[later->part].out,
		.wants_marks = later->sides->level == 0,
	};
	later->probe->given = given;
	later->probe->given_shapes = given->shapes;
	return pile_spill(given, &later->share->budget,
	    later->run, err);
}

/* Make the first of `count` piles one of all of them, in order. */
static int
piles_unite(struct later *later, struct pile *pile, uint32_t count,
	int wants_marks, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	struct pile *some[PIECES_MAX] = { 0 };
	struct pile all = {
		.shapes = pile[0].shapes, .wants_marks = wants_marks,
	};
	struct image *row;
	uint32_t at, used = 0;
	int status = pile_spill(&all, budget, later->run, err);

	for (uint32_t i = 0; i < count; i++) {
		if (pile_rest(&pile[i], budget, err) != 0)
			status = -1;
		if (pile[i].row_count > 0)
			some[used++] = &pile[i];
	}
	struct pile_merge *merge = piles_merge(some, used, budget);
	while (status == 0) {
		int got = pile_merge_look(merge, &row, &at, err);
		if (got <= 0) {
			status = got;
			break;
		}
		if (pile_add(&all, budget, row, err) != 0 ||
		    pile_merge_pass(merge, err) != 0)
			status = -1;
		pile_merge_release(merge);
	}
	pile_merge_free(&merge);
	for (uint32_t i = 0; i < count; i++)
		pile_free(&pile[i], budget);
	pile[0] = all;
	return status;
}

static int
later_unite(struct later *later, struct err *err)
{
	uint32_t count = later->given_count;

	later->given_count = 1;
	return piles_unite(later, later->given, count,
	    later->sides->level == 0, err);
}

/* The next piece of kept rows meets the left rows: 1 if it was the last, or
 * LOAD_TOO_MUCH. */
static int
later_piece(struct later *later, struct err *err)
{
	struct join_probe *probe = later->probe;
	struct mem_budget *budget = &later->share->budget;
	int is_last = later_load(later, err);

	if (is_last < 0 || is_last == LOAD_TOO_MUCH)
		return is_last;
	if (!is_last && later->note == NULL) {
		mem_charge_always(budget, later->left_count + 1);
		later->note = mem_alloc_zero(later->left_count + 1);
		probe->keeps_left = 0;
	}
	if (later->given_count == PIECES_MAX && later_unite(later, err) != 0)
		return -1;
	if (later_begin(later, err) != 0 || later_pass(later, 0, err) != 0 ||
	    later_rest(later, err) != 0)
		return -1;
	join_table_free(&later->table, budget);
	pile_free(&later->piece, budget);
	later->piece = (struct pile){ 0 };
	return is_last;
}

/* What the records of several pieces come to. */
static int
later_last_word(struct later *later, struct err *err)
{
	struct join_probe *probe = later->probe;

	if (later->note == NULL ||
	    !(probe->is_half || join_keeps_left(later->run->op)))
		return 0;
	probe->note = NULL;
	probe->keeps_left = join_keeps_left(later->run->op);
	if (later->given_count == PIECES_MAX && later_unite(later, err) != 0)
		return -1;
	return later_begin(later, err) != 0 ? -1 : later_pass(later, 1, err);
}

/* --- sides --- */

/* The pieces of the sides' kept rows, one after another: 0, -1, or
 * LOAD_TOO_MUCH, and nothing has been done. */
static int
later_pieces(struct later *later, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	int status;

	while ((status = later_piece(later, err)) == 0)
		;
	if (status == LOAD_TOO_MUCH) {
		pile_free(&later->piece, budget);
		later->piece = (struct pile){ 0 };
		return status;
	}
	if (status < 0 || later_last_word(later, err) != 0)
		return -1;
	if (later->given_count > 1 && later_unite(later, err) != 0)
		return -1;
	later->outcome->given = later->given[0];
	later->given_count = 0;
	return pile_rest(&later->outcome->given, budget, err) != 0 ||
	    pile_rest(&later->outcome->rest, budget, err) != 0 ? -1 : 0;
}

/* A sieve of the left rows' keys, if memory takes it. */
static int
later_sieve(struct later *later, struct sides *sides, struct err *err)
{
	struct join_share *share = later->share;
	struct join_sieve *sieve = &later->sieve;
	struct image *row;
	int status = 0;

	if (join_sieve_new(sieve, &share->budget,
	    piles_rows(sides->left, share->instance_count)) != 0)
		return 0;
	for (uint32_t i = 0; i < share->instance_count && status >= 0; i++) {
		struct pile_reader *reader = pile_reader_new(sides->left[i],
		    &share->budget);
		while ((status = pile_reader_next(reader, &row, err)) == 1) {
			join_sieve_add(sieve, row->link);
			pile_reader_release(reader);
		}
		pile_reader_free(&reader);
	}
	return status;
}

/* Join the sides as they are: 0, -1, or LOAD_TOO_MUCH. */
static int
sides_join(struct later *later, struct sides *sides, struct outcome *outcome,
	struct err *err)
{
	struct join_share *share = later->share;
	struct join_probe *probe = later->probe;
	uint64_t left = piles_rows(sides->left, share->instance_count);
	int status;

	later->sides = sides;
	later->outcome = outcome;
	later->left_count = left;
	later->right = piles_merge(sides->right, share->instance_count,
	    &share->budget);
	status = later_pieces(later, err);
	pile_merge_free(&later->right);
	probe->keeps_left = join_keeps_left(later->run->op);
	probe->note = NULL;
	if (later->note != NULL)
		mem_release(&share->budget, left + 1);
	mem_free(later->note);
	later->note = NULL;
	return status;
}

/* How often would the left rows be read? */
static uint64_t
sides_pieces(const struct sides *sides, uint32_t instances)
{
	uint64_t bytes = piles_bytes(sides->right, instances) +
	    piles_rows(sides->right, instances) * SLOT_BYTES;
	uint64_t limit = mem_limit(), room = limit / PIECE_PART;
	uint64_t held = mem_charged();

	if (room < PIECE_BYTES_MIN)
		room = PIECE_BYTES_MIN;
	if (limit / 8 * 5 > held + room)
		room = limit / 8 * 5 - held;
	return limit == 0 || bytes == 0 ? 1 : (bytes - 1) / room + 1;
}

/* Is it less to write and read it all once more than to read the left rows
 * again and again? */
static int
sides_want_split(const struct later *later, const struct sides *sides)
{
	uint32_t instances = later->share->instance_count;
	uint64_t pieces = sides_pieces(sides, instances);
	uint64_t left = piles_bytes(sides->left, instances);
	uint64_t right = piles_bytes(sides->right, instances);

	if (sides->level >= SPLIT_LEVELS)
		return 0;
	if (pile_is_tested())
		return sides->level == 0 && later->part % 8 == 0 &&
		    piles_rows(sides->right, instances) > 1;
	if (later->probe->is_asof)
		return pieces > 1;
	return pieces > 1 && !sides->is_hot &&
	    (pieces - 1) * left > SPLIT_COST * (left + right);
}

static int
sides_want_sieve(const struct later *later, const struct sides *sides)
{
	uint32_t instances = later->share->instance_count;
	uint64_t left = piles_rows(sides->left, instances);
	uint64_t right = piles_rows(sides->right, instances);

	if (join_keeps_right(later->run->op) || later->sieve.word != NULL)
		return 0;
	return pile_is_tested() || (right / SIEVE_TIMES >= left &&
	    sides_pieces(sides, instances) > 1);
}

/* Part a pile by the bits of the level; its own rows go. */
static int
pile_split(struct later *later, struct pile *source, uint32_t level,
	struct pile *const *target, int is_right, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	uint32_t shift = 59 - SPLIT_BITS * (level + 1);
	struct image *row;
	int status = 0;

	for (uint32_t k = 0; k < SPLIT_PARTS && status == 0; k++) {
		target[k]->shapes = source->shapes;
		target[k]->spill_block_bytes = SPLIT_BLOCK_BYTES;
		status = pile_spill(target[k], budget, later->run, err);
	}
	struct pile_reader *reader = pile_reader_new(source, budget);
	while (status == 0) {
		int got = pile_reader_next(reader, &row, err);
		if (got <= 0) {
			status = got;
			break;
		}
		if (!is_right || join_sieve_has(&later->sieve, row->link))
			status = pile_add(target[row->link >> shift &
			    (SPLIT_PARTS - 1)], budget, row, err);
		pile_reader_release(reader);
	}
	pile_reader_free(&reader);
	for (uint32_t k = 0; k < SPLIT_PARTS && status == 0; k++)
		status = pile_rest(target[k], budget, err);
	pile_free(source, budget);
	return status;
}

static int sides_run(struct later *, struct sides *, struct outcome *,
	struct err *);

/* Parts of sides, and what came of them. */
struct split {
	struct pile *pile;	/* of all parts, sides and instances */
	struct pile **of;
	struct sides part[SPLIT_PARTS];
	struct outcome outcome[SPLIT_PARTS];
};

static struct split *
split_new(const struct sides *sides, uint32_t instances)
{
	struct split *split = mem_alloc_zero(sizeof(*split));
	uint32_t count = SPLIT_PARTS * 2 * instances;

	split->pile = mem_alloc_zero(count * sizeof(*split->pile));
	split->of = mem_alloc(count * sizeof(*split->of));
	for (uint32_t i = 0; i < count; i++)
		split->of[i] = &split->pile[i];
	for (uint32_t k = 0; k < SPLIT_PARTS; k++) {
		split->part[k].left = split->of + (size_t)k * 2 * instances;
		split->part[k].right = split->part[k].left + instances;
		split->part[k].level = sides->level + 1;
	}
	return split;
}

static void
split_free(struct split *split, struct join_share *share)
{
	uint32_t count = SPLIT_PARTS * 2 * share->instance_count;

	for (uint32_t i = 0; i < count; i++)
		pile_free(&split->pile[i], &share->budget);
	for (uint32_t k = 0; k < SPLIT_PARTS; k++) {
		pile_free(&split->outcome[k].given, &share->budget);
		pile_free(&split->outcome[k].rest, &share->budget);
	}
	mem_free(split->pile);
	mem_free(split->of);
	mem_free(split);
}

/* Part both sides. */
static int
split_make(struct later *later, struct sides *sides, struct split *split,
	struct err *err)
{
	uint32_t instances = later->share->instance_count;
	uint64_t rows = piles_rows(sides->right, instances);
	struct pile *target[SPLIT_PARTS];
	int status = 0;

	for (uint32_t i = 0; i < instances && status == 0; i++) {
		for (uint32_t k = 0; k < SPLIT_PARTS; k++)
			target[k] = split->part[k].right[i];
		status = pile_split(later, sides->right[i], sides->level,
		    target, 1, err);
		for (uint32_t k = 0; k < SPLIT_PARTS; k++)
			target[k] = split->part[k].left[i];
		if (status == 0)
			status = pile_split(later, sides->left[i],
			    sides->level, target, 0, err);
	}
	for (uint32_t k = 0; k < SPLIT_PARTS; k++)
		split->part[k].is_hot = piles_rows(split->part[k].right,
		    instances) > rows / 4 * 3;
	return status;
}

/* Join the sides part by part. */
static int
sides_split(struct later *later, struct sides *sides, struct outcome *outcome,
	struct err *err)
{
	struct join_share *share = later->share;
	struct split *split = split_new(sides, share->instance_count);
	struct pile given[SPLIT_PARTS], rest[SPLIT_PARTS];
	int status = split_make(later, sides, split, err);

	join_sieve_free(&later->sieve, &share->budget);
	for (uint32_t k = 0; k < SPLIT_PARTS && status == 0; k++)
		status = sides_run(later, &split->part[k], &split->outcome[k],
		    err);
	if (status == 0) {
		for (uint32_t k = 0; k < SPLIT_PARTS; k++) {
			given[k] = split->outcome[k].given;
			rest[k] = split->outcome[k].rest;
			split->outcome[k] = (struct outcome){ 0 };
		}
		status = later->probe->gives_at_once ? 0 : piles_unite(later,
		    given, SPLIT_PARTS, sides->level == 0, err);
		outcome->given = given[0];
		if (join_keeps_right(share->op) && piles_unite(later, rest,
		    SPLIT_PARTS, 0, err) != 0)
			status = -1;
		outcome->rest = rest[0];
	}
	if (status == 0)
		status = pile_rest(&outcome->given, &share->budget, err) |
		    pile_rest(&outcome->rest, &share->budget, err);
	split_free(split, share);
	return status;
}

static int
sides_run(struct later *later, struct sides *sides, struct outcome *outcome,
	struct err *err)
{
	int status = 0;

	if (sides_want_sieve(later, sides))
		status = later_sieve(later, sides, err);
	int is_split = sides_want_split(later, sides);
	if (status == 0 && !is_split)
		status = sides_join(later, sides, outcome, err);
	if (status == LOAD_TOO_MUCH || (status == 0 && is_split))
		status = sides_split(later, sides, outcome, err);
	join_sieve_free(&later->sieve, &later->share->budget);
	return status;
}

int
join_later_part(struct op_run *run, struct join_probe *probe, uint32_t part,
	struct err *err)
{
	struct join_share *share = probe->share;
	struct join_probe before = *probe;
	struct later later = {
		.run = run, .probe = probe, .share = share, .part = part,
	};
	uint32_t instances = share->instance_count, shapes = 0;
	struct pile **of = mem_alloc((size_t)instances * 2 * sizeof(*of));
	struct sides sides = { .left = of, .right = of + instances };
	struct outcome outcome = { 0 };

	later.shape_base = mem_alloc(instances * sizeof(*later.shape_base));
	for (uint32_t i = 0; i < instances; i++) {
		later.shape_base[i] = shapes;
		shapes += share->instance[i].right.count;
		sides.left[i] = &share->instance[i].probe[part];
		sides.right[i] = &share->instance[i].build[part];
	}
	probe->table = &later.table;
	probe->is_one = 1;
	int status = sides_run(&later, &sides, &outcome, err);
	share->later[part].given = outcome.given;
	share->later[part].rest = outcome.rest;
	probe->table = before.table;
	probe->is_one = before.is_one;
	probe->given = before.given;
	probe->given_shapes = before.given_shapes;
	join_table_free(&later.table, &share->budget);
	pile_free(&later.piece, &share->budget);
	for (uint32_t i = 0; i < later.given_count; i++)
		pile_free(&later.given[i], &share->budget);
	mem_free(later.shape_base);
	for (uint32_t i = 0; i < instances; i++) {
		pile_free(sides.left[i], &share->budget);
		pile_free(sides.right[i], &share->budget);
	}
	mem_free(of);
	return status;
}
