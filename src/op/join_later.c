/*
 * Partitions that were put away.
 *
 * Of a partition that was put away, the rows of both sides lie in files.  Its
 * kept rows are brought to memory, all or as many as there is room for, with a
 * directory of their own; then its left rows are read, in the order of the
 * input, and meet them as they would have met in time.  Where the kept rows
 * come in several pieces (they are more than memory, perhaps all of one key)
 * the left rows are read once a piece; who met anything is noted, a byte a row,
 * and told when the last piece is through.
 *
 * What comes out is put aside with the place of its left row, as is what the
 * partitions in memory gave: join_ending.c brings it in order.
 */
#include "op/join_priv.h"

/* Kept rows that are brought to memory whatever the limit, as a part of it. */
#define PIECE_PART 64
#define PIECE_BYTES_MIN ((uint64_t)64 << 10)
/* Results of so many pieces wait before they are made one. */
#define PIECES_MAX 8
/* Bytes a row may need in a directory. */
#define SLOT_BYTES 24

/* --- a partition that was put away --- */

struct later {
	struct op_run *run;
	struct join_probe *probe;
	struct join_share *share;
	uint32_t part;
	struct pile_merge *right;	/* its kept rows */
	uint32_t *shape_base;		/* by instance */
	struct pile piece;		/* those in memory */
	struct join_table table;
	uint8_t *note;			/* by left row; NULL: one piece */
	uint64_t left_count;
	struct pile given[PIECES_MAX];
	uint32_t given_count;
};

static struct pile_merge *
later_merge(const struct later *later, int left)
{
	struct join_share *share = later->share;
	struct pile_reader **reader = mem_alloc(share->instance_count *
	    sizeof(*reader));

	for (uint32_t i = 0; i < share->instance_count; i++)
		reader[i] = pile_reader_new(left ?
		    &share->instance[i].probe[later->part] :
		    &share->instance[i].build[later->part], &share->budget);
	struct pile_merge *merge = pile_merge_new(reader,
	    share->instance_count);
	mem_free(reader);
	return merge;
}

/* May the piece become larger by these bytes? */
static int
piece_has_room(const struct later *later, uint64_t bytes)
{
	uint64_t held = later->piece.held_bytes + bytes;
	uint64_t sure = mem_limit() / PIECE_PART;

	return held <= (sure > PIECE_BYTES_MIN ? sure : PIECE_BYTES_MIN) ||
	    join_has_room(bytes + later->piece.row_count * SLOT_BYTES);
}

/* Bring kept rows to memory: 1 if these are the last, 0, -1. */
static int
later_load(struct later *later, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	struct image *row;
	uint32_t reader;
	int status;

	while ((status = pile_merge_look(later->right, &row, &reader,
	    err)) == 1) {
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
	struct pile_merge *left = later_merge(later, 1);
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
	struct pile *rest = &share->later[later->part].rest;
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

/* A pile for what comes out of a piece. */
static int
later_begin(struct later *later, struct err *err)
{
	struct pile *given = &later->given[later->given_count++];

	*given = (struct pile){
		.shapes = &later->share->later[later->part].out,
		.wants_marks = 1,
	};
	later->probe->given = given;
	later->probe->given_shapes = given->shapes;
	return pile_spill(given, &later->share->budget,
	    later->run, err);
}

/* Make one of the piles. */
static int
later_unite(struct later *later, struct err *err)
{
	struct mem_budget *budget = &later->share->budget;
	struct pile_reader *reader[PIECES_MAX];
	struct pile all = {
		.shapes = later->given[0].shapes, .wants_marks = 1,
	};
	struct image *row;
	uint32_t at;
	int status = pile_spill(&all, budget, later->run, err);

	for (uint32_t i = 0; i < later->given_count; i++) {
		if (pile_rest(&later->given[i], budget, err) != 0)
			status = -1;
		reader[i] = pile_reader_new(&later->given[i], budget);
	}
	struct pile_merge *merge = pile_merge_new(reader, later->given_count);
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
	for (uint32_t i = 0; i < later->given_count; i++)
		pile_free(&later->given[i], budget);
	later->given[0] = all;
	later->given_count = 1;
	return status;
}

/* The next piece of kept rows meets the left rows: 1 if it was the last. */
static int
later_piece(struct later *later, struct err *err)
{
	struct join_probe *probe = later->probe;
	struct mem_budget *budget = &later->share->budget;
	int is_last = later_load(later, err);

	if (is_last < 0)
		return -1;
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

static int
later_run(struct later *later, struct err *err)
{
	struct join_share *share = later->share;
	struct join_later *result = &share->later[later->part];
	int status;

	while ((status = later_piece(later, err)) == 0)
		;
	if (status < 0 || later_last_word(later, err) != 0)
		return -1;
	if (later->given_count > 1 && later_unite(later, err) != 0)
		return -1;
	result->given = later->given[0];
	later->given_count = 0;
	return pile_rest(&result->given, &share->budget, err) != 0 ||
	    pile_rest(&result->rest, &share->budget, err) != 0 ? -1 : 0;
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
	uint32_t shapes = 0;

	later.shape_base = mem_alloc(share->instance_count *
	    sizeof(*later.shape_base));
	for (uint32_t i = 0; i < share->instance_count; i++) {
		later.shape_base[i] = shapes;
		shapes += share->instance[i].right.count;
		later.left_count += share->instance[i].probe[part].row_count;
	}
	later.right = later_merge(&later, 0);
	probe->table = &later.table;
	probe->is_one = 1;
	int status = later_run(&later, err);
	probe->table = before.table;
	probe->is_one = before.is_one;
	probe->keeps_left = before.keeps_left;
	probe->given = before.given;
	probe->given_shapes = before.given_shapes;
	probe->note = NULL;
	join_table_free(&later.table, &share->budget);
	pile_free(&later.piece, &share->budget);
	for (uint32_t i = 0; i < later.given_count; i++)
		pile_free(&later.given[i], &share->budget);
	pile_merge_free(&later.right);
	if (later.note != NULL)
		mem_release(&share->budget, later.left_count + 1);
	mem_free(later.shape_base);
	mem_free(later.note);
	for (uint32_t i = 0; i < share->instance_count; i++) {
		pile_free(&share->instance[i].build[part], &share->budget);
		pile_free(&share->instance[i].probe[part], &share->budget);
	}
	return status;
}
