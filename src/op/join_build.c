/*
 * The kept side of a join.
 *
 * The records of port 1 become rows (op/image.h) with only those fields that
 * somebody will ask for, in piles by radix partition of the key's hash.  When
 * memory is short a pile of the instance is written to a file, and what comes
 * for it later follows: its partition is joined at the end (join_later.c).
 *
 * Behind the end of port 1 the partitions are dealt out.  One of which no
 * instance has written anything gets its directory (join_table.c), over the
 * rows of all instances in the order of the input; when there is no room for
 * that, or a part of it lies in a file, all of it goes there.
 *
 * Semi and anti joins want each key once.  Where rows come with the same few
 * keys again and again, a small cache of keys that are kept spares nearly all.
 *
 * A row with a null in its key meets nothing.  Only right and full joins keep
 * it, to give it at the end.
 */
#include "op/join_priv.h"

#include <string.h>

#include "util/bits.h"

/* A pile that holds less than this is not worth a file of its own, unless
 * nothing else is left. */
#define SPILL_WORTH_BYTES ((uint64_t)64 << 10)
/* Rows that are put aside in one piece: some 16 KiB, a block of a file. */
#define ASIDE_ROWS 64
/* Keys that are known to be kept: 64 KiB an instance.  Behind a sieve few are
 * wanted: all of them, up to 16 MiB. */
#define KNOWN_KEYS 4096u
#define KNOWN_KEYS_MAX (1u << 20)
/* Places where a key may be. */
#define KNOWN_PLACES 8u

void
join_build_open(struct op_run *run, struct join_build *build)
{
	const struct join_plan *plan = run->op->plan;
	struct join_share *share = run->share;
	struct need_set *wish = need_set_new();

	build->own = &share->instance[run->instance];
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		build->own->build[p].shapes = &build->own->right;
	build->need = need_set_new();
	if (plan->asked)
		need_copy(wish, plan->wish);
	else
		need_all(wish);
	join_need_fields(run->op, wish, 1, build->need);
	need_set_free(&wish);
	if (join_is_half(run->op) && run->op->args.residual == NULL)
		build->known = mem_alloc_zero(KNOWN_KEYS *
		    sizeof(*build->known));
	build->known_mask = KNOWN_KEYS - 1;
}

void
join_build_sieve(struct op_run *run, struct join_build *build)
{
	struct join_share *share = run->share;
	uint64_t keys = bits_power_of_two(share->sieve.key_count * 2 + 1);
	uint64_t bytes = keys * sizeof(*build->known);

	build->sieve = &share->sieve;
	if (build->known == NULL || keys <= KNOWN_KEYS ||
	    keys > KNOWN_KEYS_MAX || mem_charge(&share->budget, bytes) != 0)
		return;
	mem_free(build->known);
	build->known = mem_alloc_zero(bytes);
	build->known_mask = keys - 1;
	build->known_charged = bytes;
}

void
join_build_close(struct op_run *run, struct join_build *build)
{
	struct join_share *share = run->share;

	mem_release(&share->budget, build->known_charged);
	need_set_free(&build->need);
	schema_drop(&build->in);
	schema_drop(&build->kept);
	mem_free(build->column);
	mem_free(build->is_number);
	mem_free(build->known);
}

int
join_eval_keys(struct op_run *run, struct expr **on, struct expr *asof,
	struct batch *batch, struct region *region, struct column *column,
	struct err *err)
{
	const struct join_plan *plan = run->op->plan;
	uint32_t count = run->op->args.on_count;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < count; i++)
		expr_eval(on[i], &eval, batch->sel, batch->sel_count,
		    &column[i]);
	/* `within` takes instants; else any values that have an order. */
	if (asof != NULL && plan->within_us != INT64_MAX)
		expr_eval_as(asof, &eval, FUNC_TIME, batch->sel,
		    batch->sel_count, &column[count]);
	else if (asof != NULL)
		expr_eval(asof, &eval, batch->sel, batch->sel_count,
		    &column[count]);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	/* Again for the rows that are left: none of them is refused now. */
	return join_eval_keys(run, on, asof, batch, region, column, err);
}

void
join_keys_pick(struct key_set *keys, const uint16_t *pick, uint32_t count,
	struct region *region)
{
	/* Others, since these texts may be a column's own. */
	struct text *text = region_alloc(region, (count + 1) * sizeof(*text));
	uint64_t *hash = region_alloc(region, (count + 1) * sizeof(*hash));
	uint64_t *null = NULL;

	if (keys->any_null)
		null = region_alloc_zero(region, BATCH_ROWS_MAX / 8);
	for (uint32_t i = 0; i < count; i++) {
		text[i] = keys->text[pick[i]];
		hash[i] = keys->hash[pick[i]];
		if (null != NULL && bits_get(keys->null, pick[i]))
			bits_set(null, i);
	}
	keys->text = text;
	keys->hash = hash;
	keys->null = null;
}

/* --- rows --- */

void
join_begin_row(struct image *image, const struct join_rows *rows, uint32_t i,
	uint32_t size, uint32_t shape)
{
	const struct key_set *keys = rows->keys;

	*image = (struct image){
		.turn = rows->turns == NULL ? rows->turn : rows->turns[i],
		.number = rows->numbers == NULL ? rows->number + i :
		    rows->numbers[i],
		.size = size,
		.shape = (uint16_t)shape,
	};
	if (keys != NULL) {
		image->link = keys->hash[i];
		image->key = keys->text[i];
		if (keys->any_null && bits_get(keys->null, i))
			image->flags = IMAGE_ALONE;
		if (image->key.size > TEXT_INLINE_MAX) {
			memcpy(image + 1, image->key.bytes, image->key.size);
			image_settle(image);
		}
	}
	if (rows->order != NULL) {
		image->order_size = (uint8_t)rows->order[i].size;
		memcpy(image_order(image), text_bytes(&rows->order[i]),
		    image->order_size);
	}
}

void
join_measure_rows(const struct join_rows *rows, int is_one, uint32_t *size,
	size_t total[JOIN_PARTS])
{
	const struct key_set *keys = rows->keys;
	uint32_t count = rows->batch->sel_count;

	memset(total, 0, JOIN_PARTS * sizeof(*total));
	for (uint32_t i = 0; i < count; i++) {
		size[i] = (uint32_t)sizeof(struct image);
		if (keys != NULL && keys->text[i].size > TEXT_INLINE_MAX)
			size[i] += keys->text[i].size;
		if (rows->order != NULL)
			size[i] += rows->order[i].size;
	}
	image_measure(rows->batch, size);
	for (uint32_t i = 0; i < count; i++) {
		size[i] = (size[i] + 7) & ~7u;
		total[is_one ? 0 : join_part(keys->hash[i])] += size[i];
	}
}

/* Is the first of two piles in memory the better one to write? */
static int
is_better_away(struct join_share *share, const struct pile *pile, uint32_t a,
	uint32_t b)
{
	int a_is_away = __atomic_load_n(&share->is_away[a], __ATOMIC_RELAXED);
	int b_is_away = __atomic_load_n(&share->is_away[b], __ATOMIC_RELAXED);

	return a_is_away != b_is_away ? a_is_away :
	    pile[a].held_bytes > pile[b].held_bytes;
}

/*
 * Write a pile that is still in memory: one of whose partition another instance
 * has written its own, so that few partitions are put away, else the largest.
 * 0: there is none.
 */
static int
make_room(struct op_run *run, struct join_share *share, struct pile *pile,
	uint64_t worth, struct err *err)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (pile[p].file == NULL && pile[p].held_bytes > worth &&
		    (best == UINT32_MAX ||
		    is_better_away(share, pile, p, best)))
			best = p;
	if (best == UINT32_MAX)
		return 0;
	__atomic_store_n(&share->is_away[best], 1, __ATOMIC_RELAXED);
	if (pile == share->instance[run->instance].build &&
	    join_away_pile(share, &pile[best], err) != 0)
		return -1;
	return pile_spill(&pile[best], &share->budget, run, err) == 0 ?
	    1 : -1;
}

/* Room for the rows of all piles at once: what is reserved stays in place. */
static int
rows_reserve(struct op_run *run, struct join_share *share, struct pile *pile,
	int is_one, const size_t total[JOIN_PARTS], struct err *err)
{
	int force = is_one, status = 0;

	for (uint32_t p = 0; p < JOIN_PARTS; p++) {
		if (total[p] == 0)
			continue;
		status = pile_reserve(&pile[p], &share->budget, total[p],
		    force, err);
		if (status == 0)
			continue;
		if (status == 1)
			status = make_room(run, share, pile, 0, err);
		if (status < 0)
			return -1;
		force = status == 0;
		p = UINT32_MAX;		/* all anew */
	}
	return 0;
}

uint32_t
join_shape_rows(const struct join_share *share, struct image_shapes *shapes,
	const struct join_rows *rows, struct err *err)
{
	uint32_t shape = image_shapes_find(shapes, rows->batch,
	    IMAGE_SHAPES_MAX / share->instance_count,
	    rows->turns == NULL ? rows->turn : rows->turns[0],
	    rows->numbers == NULL ? rows->number : rows->numbers[0]);

	if (shape == UINT32_MAX)
		err_set(err, ERR_DATA, "join: the records have too many "
		    "different sets of fields");
	return shape;
}

int
join_write_rows(struct op_run *run, struct join_share *share,
	struct pile *pile, int is_one, struct image_shapes *shapes,
	const struct join_rows *rows, struct region *region, struct err *err)
{
	uint32_t count = rows->batch->sel_count;
	uint32_t *size = region_alloc(region, (count + 1) * sizeof(*size));
	char **at = region_alloc(region, (count + 1) * sizeof(*at));
	size_t total[JOIN_PARTS];
	uint32_t shape = join_shape_rows(share, shapes, rows, err);

	if (shape == UINT32_MAX)
		return -1;
	join_measure_rows(rows, is_one, size, total);
	if (rows_reserve(run, share, pile, is_one, total, err) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t p = is_one ? 0 : join_part(rows->keys->hash[i]);
		struct image *image = (struct image *)
		    pile_take(&pile[p], size[i]);
		join_begin_row(image, rows, i, size[i], shape);
		at[i] = image_cells(image);
	}
	image_write(rows->batch, at);
	return 0;
}

int
join_write_aside(struct op_run *run, struct join_share *share,
	struct pile *pile, struct image_shapes *shapes,
	const struct join_rows *rows, struct region *region, struct err *err)
{
	uint32_t count = rows->batch->sel_count;
	uint16_t *row = region_alloc(region, (count + 1) * sizeof(*row));
	struct batch some = *rows->batch;
	int status = 0;

	for (uint32_t i = 0; i < count; i++)
		row[i] = (uint16_t)batch_row(rows->batch, i);
	for (uint32_t at = 0; at < count && status == 0; at += ASIDE_ROWS) {
		uint32_t left = count - at;
		some.sel = row + at;
		some.sel_count = left < ASIDE_ROWS ? left : ASIDE_ROWS;
		struct join_rows piece = {
			.batch = &some, .turns = rows->turns + at,
			.numbers = rows->numbers + at,
		};
		status = join_write_rows(run, share, pile, 1, shapes, &piece,
		    region, err);
	}
	return status;
}

/* --- port 1 --- */

/* Which columns of a batch with this schema are kept? */
static void
build_layout(struct join_build *build, struct schema *in)
{
	if (build->in == in)
		return;
	schema_drop(&build->in);
	schema_drop(&build->kept);
	build->in = schema_hold(in);
	build->kept = schema_new();
	build->column = mem_resize(build->column,
	    (in->field_count + 1) * sizeof(*build->column));
	build->is_number = mem_resize(build->is_number, in->field_count + 1);
	for (uint32_t i = 0; i < in->field_count; i++) {
		const struct field *field = &in->field[i];
		if (!need_has(build->need, field->name))
			continue;
		uint32_t index = schema_add(build->kept, field->name,
		    field->name_size, field->type);
		build->kept->field[index].qualifier_size =
		    field->qualifier_size;
		build->column[index] = i;
		build->is_number[index] = (uint8_t)need_is_number(build->need,
		    field->name);
	}
}

/*
 * A column that will be read as numbers only, read so now and not once for each
 * match.  It is MIXED whatever came, so that all batches have one shape.
 */
static void
build_numbers(const struct batch *batch, struct column *column,
	struct region *region)
{
	struct column source = *column, numbers;

	column_numbers(&source, batch->sel, batch->sel_count, region,
	    &numbers);
	column_init_flat(column, TYPE_MIXED, batch->row_count, region);
	union cell *cells = column->data;
	int is_plain = numbers.encoding == FLAT && numbers.valid == NULL &&
	    (numbers.type == TYPE_INT || numbers.type == TYPE_FLOAT);
	for (uint32_t i = 0; is_plain && i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		cells[row].integer = ((const int64_t *)numbers.data)[i];
		column->tags[row] = numbers.type;
	}
	for (uint32_t i = 0; !is_plain && i < batch->sel_count; i++) {
		struct value value = column_value(&numbers, i, region);
		uint32_t row = batch_row(batch, i);
		cells[row] = value.cell;
		column->tags[row] = (uint8_t)value.type;
		if (value.type > TYPE_MISSING)
			continue;
		column_need_valid(column, batch->row_count, region);
		bits_clear(column->valid, row);
	}
}

/* Is a row of this key kept?  It is, from now on. */
static inline int
key_is_known(struct join_build *build, uint64_t hash, const struct text *key)
{
	/* No key is empty and known: its size is 0, as in a free place. */
	if (build->known == NULL || key->size > TEXT_INLINE_MAX ||
	    key->size == 0)
		return 0;
	for (uint64_t i = 0; i < KNOWN_PLACES; i++) {
		struct text *known =
		    &build->known[(hash + i) & build->known_mask];
		if (text_equal(known, key))
			return 1;
		if (known->size != 0)
			continue;
		*known = *key;
		return 0;
	}
	build->known[hash & build->known_mask] = *key;
	return 0;
}

/* The batch's needed columns; only rows with a key, if others are of no use.
 * `keys` and `order` are those of its rows then. */
static struct batch *
build_pick(const struct op_run *run, struct join_build *build,
	const struct batch *batch, struct key_set *keys, struct text **order,
	struct region *region)
{
	build_layout(build, batch->schema);
	struct batch *kept = batch_new(build->kept, batch->row_count);
	uint16_t *sel = batch_sel_storage(kept);
	uint16_t *pick = region_alloc(region, BATCH_ROWS_MAX * sizeof(*pick));
	int drops = keys->any_null && !join_keeps_right(run->op);
	uint32_t rows = batch->sel_count, count = 0;

	for (uint32_t i = 0; i < build->kept->field_count; i++) {
		kept->column[i] = batch->column[build->column[i]];
		if (build->is_number[i] && type_is_raw(kept->column[i].type))
			build_numbers(batch, &kept->column[i], region);
	}
	for (uint32_t i = 0; i < rows; i++) {
		if ((drops && bits_get(keys->null, i)) ||
		    (build->sieve != NULL &&
		    !join_sieve_has(build->sieve, keys->hash[i])) ||
		    key_is_known(build, keys->hash[i], &keys->text[i]))
			continue;
		pick[count] = (uint16_t)i;
		sel[count++] = (uint16_t)batch_row(batch, i);
	}
	kept->sel = sel;
	kept->sel_count = count;
	if (count == rows)
		return kept;
	join_keys_pick(keys, pick, count, region);
	for (uint32_t i = 0; *order != NULL && i < count; i++)
		(*order)[i] = (*order)[pick[i]];
	return kept;
}

/* The picked rows, to strips, or to the piles of their partitions. */
static int
build_keep(struct op_run *run, struct join_build *build,
	const struct batch *batch, const struct join_rows *rows,
	struct region *region, struct err *err)
{
	struct join_share *share = run->share;
	const struct batch *kept = rows->batch;

	if (!join_is_merged(run->op)) {
		if (join_write_rows(run, share, build->own->build, 0,
		    &build->own->right, rows, region, err) != 0)
			return -1;
		join_away_rows(share, build->own->build, rows->keys,
		    kept->sel_count);
		return 0;
	}
	struct expr **on = run->op->args.on_right;
	struct text first = join_order_key(run, on, batch,
	    batch_row(kept, 0), region);
	struct text last = join_order_key(run, on, batch,
	    batch_row(kept, kept->sel_count - 1), region);
	return join_strip_add(run, share, rows, &first, &last, region, err);
}

/* Before more is kept: room for it, where memory is short. */
static int
build_make_room(struct op_run *run, struct join_build *build, struct err *err)
{
	struct join_share *share = run->share;

	if (!join_is_merged(run->op) || join_share_is_asked(share))
		join_away_tend(share);
	int is_pressed = mem_is_pressed(&share->budget);
	if (!is_pressed && join_has_room(0))
		return 0;
	if (join_is_merged(run->op))
		return join_strips_write(run, share, run->instance, err);
	return make_room(run, share, build->own->build, is_pressed ?
	    0 : SPILL_WORTH_BYTES, err) < 0 ? -1 : 0;
}

int
join_build_add(struct op_run *run, struct join_build *build,
	struct batch *batch, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct join_share *share = run->share;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->on_count + 2) * sizeof(*column));
	struct key_set keys;
	struct text *order = NULL;
	int status = build_make_room(run, build, err);

	if (status == 0)
		status = join_eval_keys(run, args->on_right, args->asof_right,
		    batch, region, column, err);
	if (build->turn != run->job->turn)
		build->number = 0;
	build->turn = run->job->turn;
	if (status == 0 && batch->sel_count > 0) {
		key_make(column, args->on_count, batch->sel_count, region,
		    &keys);
		if (args->asof_right != NULL)
			status = join_asof_order(run, &column[args->on_count],
			    batch->sel_count, region, &keys, &order, err);
	}
	if (status == 0 && batch->sel_count > 0) {
		struct batch *kept = build_pick(run, build, batch, &keys,
		    &order, region);
		struct join_rows rows = {
			.batch = kept, .keys = &keys, .order = order,
			.turn = build->turn, .number = build->number,
		};
		if (kept->sel_count > 0)
			status = build_keep(run, build, batch, &rows, region,
			    err);
		else	/* its fields are known all the same */
			(void)image_shapes_find(&build->own->right, kept,
			    IMAGE_SHAPES_MAX / share->instance_count,
			    rows.turn, rows.number);
		build->number += batch->sel_count;
		batch_free(&kept);
	}
	region_drop(&region);
	return status;
}

/* --- behind it --- */

static int
build_spill(struct op_run *run, struct join_share *share, uint32_t part,
	struct err *err)
{
	share->is_spilled[part] = 1;
	for (uint32_t i = 0; i < share->instance_count; i++) {
		struct pile *pile = &share->instance[i].build[part];
		if (pile->file == NULL &&
		    join_away_pile(share, pile, err) != 0)
			return -1;
		if (pile_spill(pile, &share->budget, run,
		    err) != 0 || pile_rest(pile, &share->budget, err) != 0)
			return -1;
	}
	return 0;
}

int
join_build_part(struct op_run *run, struct join_share *share, uint32_t part,
	struct err *err)
{
	uint32_t instances = share->instance_count;
	int is_spilled = 0, status = 1;

	for (uint32_t i = 0; i < instances; i++)
		is_spilled |= share->instance[i].build[part].file != NULL;
	if (!is_spilled) {
		struct pile_reader **reader = mem_alloc(instances *
		    sizeof(*reader));
		uint32_t *base = mem_alloc(instances * sizeof(*base));
		uint32_t shapes = 0;
		for (uint32_t i = 0; i < instances; i++) {
			base[i] = shapes;
			shapes += share->instance[i].right.count;
			reader[i] = pile_reader_new(
			    &share->instance[i].build[part],
			    &share->budget);
		}
		status = join_table_build(&share->table[part],
		    &share->budget, reader, instances, base, 0, err);
		if (status == 0 && share->op->args.join == OP_JOIN_ASOF)
			join_asof_make(&share->table[part], &share->budget);
		mem_free(reader);
		mem_free(base);
	}
	return status == 1 ? build_spill(run, share, part, err) : status;
}
