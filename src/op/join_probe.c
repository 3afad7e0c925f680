/*
 * The pairs of a join.
 *
 * A left batch's keys are looked up together; its rows then go with what was
 * found, in order, in one of three ways:
 *
 *     half	semi and anti: the batch itself, its selection narrowed
 *     single	no row has two matches (a lookup table): the batch itself; its
 *		columns stay where they are, the right ones are laid beside
 *		them, physical row by physical row
 *     pairs	rows of both sides are gathered, a batch of pairs at a time
 *
 * A left-over condition is asked of the pairs.  What it lets through, and which
 * left rows it leaves alone, is known only behind the last pair of a row; so in
 * left and full joins a mark stands there, (row, NULL), which becomes the row's
 * record with nulls if none of the pairs before it did.
 *
 * Where partitions of the kept side lie in files, left rows of these are
 * written to files too, and what comes of the others is put aside, each row
 * with its left row's place: join_later.c brings all in order.
 */
#include "op/join_priv.h"

#include <string.h>

#include "util/bits.h"

/* The selected rows must be this part of all for laying columns beside them. */
#define SINGLE_PART 4

void
join_probe_open(struct op_run *run, struct join_probe *probe,
	struct join_share *share)
{
	const struct join_plan *plan = run->op->plan;
	struct need_set *wish = need_set_new();

	probe->share = share;
	probe->own = &share->instance[run->instance];
	probe->most = batch_rows_target();
	probe->left = mem_alloc(probe->most * sizeof(*probe->left));
	probe->right = mem_alloc(probe->most * sizeof(*probe->right));
	probe->left_found = mem_alloc(BATCH_ROWS_MAX / 8);
	probe->keeps_left = join_keeps_left(run->op);
	probe->is_half = join_is_half(run->op);
	probe->is_asof = run->op->args.join == OP_JOIN_ASOF;
	probe->half_wanted = run->op->args.join == OP_JOIN_SEMI;
	probe->table = share->table;
	probe->left_need = need_set_new();
	if (plan->asked)
		need_copy(wish, plan->wish);
	else
		need_all(wish);
	join_need_fields(run->op, wish, 0, probe->left_need);
	need_set_free(&wish);
	probe->own->given.shapes = &probe->own->out;
	probe->own->given.wants_marks = 1;
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		probe->own->probe[p].shapes = &probe->own->left;
}

void
join_probe_close(struct join_probe *probe)
{
	join_layout_free(&probe->layout);
	mem_free(probe->left);
	mem_free(probe->right);
	mem_free(probe->left_found);
	schema_drop(&probe->last);
	need_set_free(&probe->left_need);
	join_window_free(&probe->window);
}

/* The fields of the kept rows; before any came, those that were announced. */
static struct schema *
right_schema(const struct op_run *run, const struct join_share *share)
{
	return share->right.count > 0 ? share->right.schema : run->op->in[1];
}

/* The kept rows' columns, by right field. */
static struct column *
right_columns(const struct op_run *run, const struct join_share *share,
	struct image *const *rows, uint32_t count, struct region *region)
{
	uint32_t fields = right_schema(run, share)->field_count;
	struct column *column = region_alloc(region,
	    (fields + 1) * sizeof(*column));

	if (share->right.count > 0)
		image_union_read(&share->right, rows, count, region, column);
	for (uint32_t i = 0; share->right.count == 0 && i < fields; i++)
		column_init_null(&column[i]);
	return column;
}

static inline void
row_found(struct image *row)
{
	/* Others may say so at the same time. */
	if (!(__atomic_load_n(&row->flags, __ATOMIC_RELAXED) & IMAGE_FOUND))
		__atomic_store_n(&row->flags, IMAGE_FOUND, __ATOMIC_RELAXED);
}

/* --- giving --- */

/* The columns that nobody will look at need not be kept. */
static void
drop_unneeded(const struct op_run *run, struct batch *batch)
{
	const struct join_plan *plan = run->op->plan;

	for (uint32_t i = 0; plan->asked && i < batch->schema->field_count; i++)
		if (!join_is_needed(plan->wish, batch->schema->field[i].name))
			column_init_null(&batch->column[i]);
}

/* Give a batch on, or put it aside; left[i] (NULL: i) is the left row of its
 * physical row i. */
static enum op_status
probe_give(struct op_run *run, struct join_probe *probe, struct batch *batch,
	const uint16_t *left, struct err *err)
{
	if (probe->given == NULL)
		return op_give(run, batch, err);
	struct region *region = batch_region(batch);
	uint32_t count = batch->sel_count;
	uint64_t *turns = region_alloc(region, (count + 1) * sizeof(*turns));
	uint64_t *numbers = region_alloc(region,
	    (count + 1) * sizeof(*numbers));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = batch_row(batch, i);
		if (left != NULL)
			row = left[row];
		turns[i] = probe->at->turn[row];
		numbers[i] = probe->at->number[row];
	}
	drop_unneeded(run, batch);
	struct join_rows rows = {
		.batch = batch, .turns = turns, .numbers = numbers,
	};
	int status = join_write_aside(run, probe->share, probe->given,
	    probe->given_shapes, &rows, region, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* --- single: at most one match a row --- */

/* Columns of the joined record beside those of the batch. */
static void
single_columns(struct op_run *run, const struct join_probe *probe,
	struct batch *batch, struct image *const *rows, struct region *region)
{
	const struct join_layout *layout = &probe->layout;
	uint32_t fields = layout->out->field_count;
	struct column *column = region_alloc(region,
	    (fields + 1) * sizeof(*column));
	struct column *right = right_columns(run, probe->share, rows,
	    batch->row_count, region);

	for (uint32_t i = 0; i < fields; i++) {
		const struct join_column *from = &layout->column[i];
		column[i] = from->left >= 0 ? batch->column[from->left] :
		    right[from->right];
	}
	batch_set_schema(batch, layout->out);
	memcpy(batch->column, column, fields * sizeof(*column));
}

static enum op_status
single_give(struct op_run *run, struct join_probe *probe, struct batch *batch,
	struct image *const *row, struct err *err)
{
	struct region *region = batch_region(batch);
	struct image **rows = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(*rows));
	uint16_t *sel = batch_sel_storage(batch);
	int marks = join_keeps_right(run->op);
	struct image *any = NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; any == NULL && i < batch->sel_count; i++)
		any = row[i];
	/* Rows that are not selected take any kept row, not to be null. */
	for (uint32_t i = 0; batch->sel != NULL && i < batch->row_count; i++)
		rows[i] = any;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		sel[kept] = (uint16_t)at;
		kept += probe->keeps_left || row[i] != NULL;
		rows[at] = row[i] != NULL || probe->keeps_left ? row[i] : any;
		if (marks && row[i] != NULL)
			row_found(row[i]);
	}
	batch->sel = sel;
	batch->sel_count = kept;
	if (kept == 0) {
		batch_free(&batch);
		return OP_OK;
	}
	single_columns(run, probe, batch, rows, region);
	return probe_give(run, probe, batch, NULL, err);
}

/* --- pairs --- */

/* The slices of the left rows of pairs: what they are is told later. */
static void
gather_slices(const struct column *column, const struct join_probe *probe,
	struct region *region, struct column *out)
{
	const struct column source = *column;
	uint32_t *from = region_alloc(region, probe->count * sizeof(*from));
	uint32_t *to = region_alloc(region, probe->count * sizeof(*to));
	uint32_t size;

	for (uint32_t i = 0; i < probe->count; i++) {
		from[i] = (uint32_t)(column_slice(&source, probe->left[i],
		    &size) - source.base);
		to[i] = from[i] + size;
	}
	*out = source;
	out->trim_cr = 0;
	out->stride = 1;
	out->from_add = 0;
	out->from = from;
	out->to = to;
}

/* Column `from` of the pairs that wait. */
static int
pairs_column(struct op_run *run, const struct join_probe *probe,
	uint32_t index, const struct batch *left, const struct column *right,
	struct region *region, struct column *out, struct err *err)
{
	const struct join_layout *layout = &probe->layout;
	const struct join_column *from = &layout->column[index];
	const char *name = layout->out->field[index].name;
	struct column gathered;

	if (from->left < 0) {
		*out = right[from->right];
		return 0;
	}
	if (!need_has(probe->left_need, name)) {
		column_init_null(out);
		return 0;
	}
	const struct column *column = &left->column[from->left];
	if (column->encoding == SLICE && column->valid == NULL)
		gather_slices(column, probe, region, &gathered);
	else
		column_gather(column, probe->left, probe->count, region,
		    &gathered);
	if (from->right >= 0 && !from->is_key)
		return join_merge(run->op, name, &gathered,
		    &right[from->right], probe->count, region, out, err);
	*out = gathered;
	return 0;
}

/* A batch of the pairs that wait. */
static struct batch *
pairs_gather(struct op_run *run, struct join_probe *probe,
	const struct batch *left, struct err *err)
{
	const struct join_layout *layout = &probe->layout;
	struct batch *batch = batch_new(layout->out, probe->count);
	struct region *region = batch_region(batch);
	struct column *right = right_columns(run, probe->share, probe->right,
	    probe->count, region);

	batch_inherit(batch, left, probe->left);
	for (uint32_t i = 0; i < layout->out->field_count; i++)
		if (pairs_column(run, probe, i, left, right, region,
		    &batch->column[i], err) != 0) {
			batch_free(&batch);
			return NULL;
		}
	return batch;
}

/*
 * Ask the condition of the real pairs.  Bit i of `kept` is set for those that
 * are let through; a left row of which a pair cannot be computed is found too:
 * it was reported and must not come out as one that has no match.
 */
static int
pairs_ask(struct op_run *run, struct join_probe *probe, struct batch *batch,
	uint64_t *kept, struct err *err)
{
	struct region *region = batch_region(batch);
	uint16_t *real = region_alloc(region, BATCH_ROWS_MAX * sizeof(*real));
	uint16_t *pass = region_alloc(region, BATCH_ROWS_MAX * sizeof(*pass));
	struct eval eval;
	uint32_t count = 0;

	for (uint32_t i = 0; i < probe->count; i++)
		if (probe->right[i] != NULL)
			real[count++] = (uint16_t)i;
	eval_init(&eval, batch, region);
	uint32_t passed = expr_filter(run->op->args.residual, &eval, real,
	    count, pass);
	memset(kept, 0, BATCH_ROWS_MAX / 8);
	for (uint32_t i = 0; i < passed; i++)
		bits_set(kept, pass[i]);
	for (uint32_t i = 0; eval.rejects.count > 0 && i < count; i++)
		if (rejects_has(&eval.rejects, real[i])) {
			bits_set(probe->left_found, probe->left[real[i]]);
			bits_clear(kept, real[i]);
		}
	return op_reject(run, batch, &eval.rejects, err);
}

/* Select the pairs that were let through, and rows left alone. */
static void
pairs_select(struct op_run *run, struct join_probe *probe,
	struct batch *batch, const uint64_t *kept)
{
	uint16_t *sel = batch_sel_storage(batch);
	int marks = join_keeps_right(run->op);
	uint32_t count = 0;

	for (uint32_t i = 0; i < probe->count; i++) {
		uint16_t left = probe->left[i];
		if (probe->right[i] == NULL) {
			if (!bits_get(probe->left_found, left))
				sel[count++] = (uint16_t)i;
			continue;
		}
		if (!bits_get(kept, i))
			continue;
		bits_set(probe->left_found, left);
		sel[count++] = (uint16_t)i;
		if (marks)
			row_found(probe->right[i]);
	}
	batch->sel = sel;
	batch->sel_count = probe->is_half ? 0 : count;
}

/* Give the pairs that wait; of half a join only note whose they are. */
static enum op_status
pairs_give(struct op_run *run, struct join_probe *probe,
	const struct batch *left, struct err *err)
{
	uint64_t kept[BATCH_ROWS_MAX / 64];

	if (probe->count == 0)
		return OP_OK;
	struct batch *batch = pairs_gather(run, probe, left, err);
	if (batch == NULL)
		return OP_FAIL;
	if (run->op->args.residual != NULL) {
		if (pairs_ask(run, probe, batch, kept, err) != 0) {
			batch_free(&batch);
			return OP_FAIL;
		}
		pairs_select(run, probe, batch, kept);
	}
	probe->count = 0;
	return probe_give(run, probe, batch, probe->left, err);
}

static inline enum op_status
pairs_add(struct op_run *run, struct join_probe *probe,
	const struct batch *batch, uint32_t left, struct image *right,
	struct err *err)
{
	probe->left[probe->count] = (uint16_t)left;
	probe->right[probe->count++] = right;
	return probe->count < probe->most ? OP_OK :
	    pairs_give(run, probe, batch, err);
}

/* All pairs of one left row. */
static enum op_status
pairs_add_chain(struct op_run *run, struct join_probe *probe,
	const struct batch *batch, uint32_t left, struct image *last,
	struct err *err)
{
	int asks = run->op->args.residual != NULL;
	int marks = join_keeps_right(run->op) && !asks;
	struct image *row = last;
	enum op_status status = OP_OK;

	if (probe->is_asof)
		return pairs_add(run, probe, batch, left, last, err);
	do {
		row = join_next(row);
		if (row != last)
			__builtin_prefetch(join_next(row));
		if (marks)
			row_found(row);
		status = pairs_add(run, probe, batch, left, row, err);
		/* One match is enough for half a join. */
		if (probe->is_half && probe->count == 0 &&
		    bits_get(probe->left_found, left))
			return status;
	} while (row != last && status == OP_OK);
	return status;
}

static enum op_status
pairs_of_batch(struct op_run *run, struct join_probe *probe,
	const struct batch *batch, struct image *const *row, struct err *err)
{
	int asks = run->op->args.residual != NULL;
	enum op_status status = OP_OK;

	if (asks)
		memset(probe->left_found, 0, BATCH_ROWS_MAX / 8);
	for (uint32_t i = 0; i < batch->sel_count && status == OP_OK; i++) {
		uint32_t left = batch_row(batch, i);
		if (row[i] != NULL)
			status = pairs_add_chain(run, probe, batch, left,
			    row[i], err);
		if (status == OP_OK && probe->keeps_left &&
		    (row[i] == NULL || asks))
			status = pairs_add(run, probe, batch, left, NULL,
			    err);
	}
	if (status == OP_OK)
		status = pairs_give(run, probe, batch, err);
	probe->count = 0;
	return status;
}

/* Note which rows met a kept one, by the condition too. */
static void
note_found(const struct op_run *run, struct join_probe *probe,
	const struct batch *batch, struct image *const *row)
{
	int asks = run->op->args.residual != NULL;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		probe->note[at] |= (uint8_t)(asks ?
		    bits_get(probe->left_found, at) : row[i] != NULL);
	}
}

/* --- half --- */

static enum op_status
half_give(struct op_run *run, struct join_probe *probe, struct batch *batch,
	struct image *const *row, struct err *err)
{
	int asks = run->op->args.residual != NULL;

	if (asks && pairs_of_batch(run, probe, batch, row, err) == OP_FAIL) {
		batch_free(&batch);
		return OP_FAIL;
	}
	if (probe->note != NULL) {
		note_found(run, probe, batch, row);
		batch_free(&batch);
		return OP_OK;
	}
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		int found = asks ? bits_get(probe->left_found, at) :
		    row[i] != NULL;
		sel[kept] = (uint16_t)at;
		kept += found == probe->half_wanted;
	}
	batch->sel = sel;
	batch->sel_count = kept;
	batch->has_record = 0;
	return probe_give(run, probe, batch, NULL, err);
}

/* --- the batch --- */

/* Is there no row with two matches, and enough with one? */
static int
rows_are_single(const struct op_run *run, const struct join_probe *probe,
	const struct batch *batch, struct image *const *row)
{
	uint32_t found = 0;

	if (run->op->args.residual != NULL || probe->layout.merges)
		return 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		if (row[i] == NULL)
			continue;
		if (!probe->is_asof && join_next(row[i]) != row[i])
			return 0;
		found++;
	}
	if (probe->keeps_left)
		found = batch->sel_count;
	return found * SINGLE_PART >= batch->row_count;
}

static enum op_status
rows_give(struct op_run *run, struct join_probe *probe, struct batch *batch,
	struct image **row, struct err *err)
{
	enum op_status status;

	batch->has_record = 0;
	if (!probe->is_half || run->op->args.residual != NULL)
		join_layout_set(&probe->layout, run->op, batch->schema,
		    right_schema(run, probe->share));
	if (probe->is_half)
		return half_give(run, probe, batch, row, err);
	if (probe->note != NULL && run->op->args.residual == NULL)
		note_found(run, probe, batch, row);
	if (rows_are_single(run, probe, batch, row))
		return single_give(run, probe, batch, row, err);
	status = pairs_of_batch(run, probe, batch, row, err);
	if (probe->note != NULL && run->op->args.residual != NULL)
		note_found(run, probe, batch, row);
	batch_free(&batch);
	return status;
}

enum op_status
join_probe_rows(struct op_run *run, struct join_probe *probe,
	struct join_batch *at, struct region *region, struct err *err)
{
	struct image **row = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(*row));

	probe->at = at;
	join_table_look(probe->table, probe->is_one, &at->keys,
	    at->batch->sel_count, row);
	if (probe->is_asof)
		join_asof_pick(run, at->order, at->batch->sel_count, row);
	return rows_give(run, probe, at->batch, row, err);
}

enum op_status
join_probe_noted(struct op_run *run, struct join_probe *probe,
	struct join_batch *at, const uint8_t *note, uint8_t noted,
	struct err *err)
{
	struct batch *batch = at->batch;
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t count = 0;

	for (uint32_t i = 0; i < batch->row_count; i++) {
		sel[count] = (uint16_t)i;
		count += note[i] == noted;
	}
	batch->sel = sel;
	batch->sel_count = count;
	batch->has_record = 0;
	probe->at = at;
	if (probe->is_half)
		return probe_give(run, probe, batch, NULL, err);
	struct region *region = batch_region(batch);
	struct image **none = region_alloc_zero(region,
	    BATCH_ROWS_MAX * sizeof(*none));
	join_layout_set(&probe->layout, run->op, batch->schema,
	    right_schema(run, probe->share));
	enum op_status status = pairs_of_batch(run, probe, batch, none, err);
	batch_free(&batch);
	return status;
}

/* --- port 0 --- */

/* right, full: the left fields of rows that have no left record. */
static void
probe_remember(struct join_probe *probe, struct schema *schema, uint64_t turn,
	uint64_t number)
{
	struct join_part_of *own = probe->own;

	if (probe->last == schema)
		return;
	schema_drop(&probe->last);
	probe->last = schema_hold(schema);
	for (uint32_t i = 0; i < own->seen_count; i++)
		if (schema_has_names_of(own->seen[i].schema, schema))
			return;
	if (own->seen_count == own->seen_capacity) {
		own->seen_capacity = own->seen_capacity * 2 + 4;
		own->seen = mem_resize(own->seen,
		    own->seen_capacity * sizeof(*own->seen));
	}
	own->seen[own->seen_count++] = (struct join_seen){
		.schema = schema_hold(schema), .turn = turn, .number = number,
	};
}

/* What of a left batch goes to a file. */
static struct batch *
left_needed(const struct join_probe *probe, const struct batch *batch,
	const uint16_t *sel, uint32_t count)
{
	struct batch *needed = batch_new(batch->schema, batch->row_count);

	for (uint32_t i = 0; i < batch->schema->field_count; i++)
		if (need_has(probe->left_need, batch->schema->field[i].name))
			needed->column[i] = batch->column[i];
		else
			column_init_null(&needed->column[i]);
	needed->time = batch->time;
	needed->mark = batch->mark;
	needed->split = batch->split;
	needed->sel = batch_sel_storage(needed);
	memcpy(needed->sel, sel, count * sizeof(*sel));
	needed->sel_count = count;
	return needed;
}

static int
open_files(struct op_run *run, struct join_probe *probe, struct err *err)
{
	struct join_share *share = probe->share;

	if (probe->has_files)
		return 0;
	probe->has_files = 1;
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (share->is_spilled[p] && pile_spill(&probe->own->probe[p],
		    &share->budget, run, err) != 0)
			return -1;
	if (probe->gives_at_once)
		return 0;
	if (pile_spill(&probe->own->given, &share->budget, run,
	    err) != 0)
		return -1;
	probe->given = &probe->own->given;
	probe->given_shapes = &probe->own->out;
	return 0;
}

/* Rows of partitions that lie in files go to files; others are left. */
static int
put_away(struct op_run *run, struct join_probe *probe, struct join_batch *at,
	uint64_t turn, uint64_t number, struct region *region, struct err *err)
{
	struct batch *batch = at->batch;
	uint32_t rows = batch->sel_count, kept = 0, away = 0;
	uint16_t *pick = region_alloc(region, BATCH_ROWS_MAX * sizeof(*pick));
	uint16_t *gone = region_alloc(region, BATCH_ROWS_MAX * sizeof(*gone));
	uint16_t *row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	uint64_t *turns = region_alloc(region, (rows + 1) * sizeof(*turns));
	uint64_t *numbers = region_alloc(region,
	    (rows + 1) * sizeof(*numbers));
	struct text *order = NULL, *order_away = NULL;
	struct key_set keys = at->keys;

	if (at->order != NULL) {
		order = region_alloc(region, (rows + 1) * sizeof(*order));
		order_away = region_alloc(region,
		    (rows + 1) * sizeof(*order_away));
	}
	if (open_files(run, probe, err) != 0)
		return -1;
	at->turn = region_alloc(region, BATCH_ROWS_MAX * sizeof(*at->turn));
	at->number = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(*at->number));
	uint16_t *sel = batch_sel_storage(batch);
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t physical = batch_row(batch, i);
		at->turn[physical] = turn;
		at->number[physical] = number + i;
		if (join_away_has(probe->share, at->keys.hash[i]) &&
		    !(at->keys.any_null && bits_get(at->keys.null, i))) {
			turns[away] = turn;
			numbers[away] = number + i;
			if (order_away != NULL)
				order_away[away] = at->order[i];
			gone[away] = (uint16_t)i;
			row[away++] = (uint16_t)physical;
		} else {
			if (order != NULL)
				order[kept] = at->order[i];
			pick[kept] = (uint16_t)i;
			sel[kept++] = (uint16_t)physical;
		}
	}
	batch->sel = sel;
	batch->sel_count = kept;
	at->order = order;
	join_keys_pick(&at->keys, pick, kept, region);
	if (away == 0)
		return 0;
	join_keys_pick(&keys, gone, away, region);
	struct batch *needed = left_needed(probe, batch, row, away);
	struct join_rows out = {
		.batch = needed, .keys = &keys, .order = order_away,
		.turns = turns, .numbers = numbers,
	};
	int status = join_write_rows(run, probe->share, probe->own->probe, 0,
	    &probe->own->left, &out, region, err);
	batch_free(&needed);
	return status;
}

enum op_status
join_probe_batch(struct op_run *run, struct join_probe *probe,
	struct batch *take_batch, uint64_t turn, uint64_t number,
	struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->on_count + 2) * sizeof(*column));
	struct join_batch at = { .batch = take_batch };
	enum op_status status = OP_FAIL;

	if (join_keeps_right(run->op))
		probe_remember(probe, at.batch->schema, turn, number);
	if (join_eval_keys(run, args->on_left, args->asof_left, at.batch,
	    region, column, err) != 0)
		goto failed;
	key_make(column, args->on_count, at.batch->sel_count, region,
	    &at.keys);
	if (args->asof_left != NULL && join_asof_order(run,
	    &column[args->on_count], at.batch->sel_count, region, &at.keys,
	    &at.order, err) != 0)
		goto failed;
	if (probe->is_aside && put_away(run, probe, &at, turn,
	    number, region, err) != 0)
		goto failed;
	status = probe->window != NULL ?
	    join_window_rows(run, probe, &at, region, err) :
	    join_probe_rows(run, probe, &at, region, err);
	region_drop(&region);
	return status;

failed:
	batch_free(&at.batch);
	region_drop(&region);
	return OP_FAIL;
}

int
join_probe_end(struct join_probe *probe, struct err *err)
{
	struct mem_budget *budget = &probe->share->budget;

	if (probe->has_ended)
		return 0;
	probe->has_ended = 1;
	if (probe->window != NULL)
		join_window_end(probe->window);
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (pile_rest(&probe->own->probe[p], budget, err) != 0)
			return -1;
	return pile_rest(&probe->own->given, budget, err);
}

/* --- the rest of the kept side --- */

enum op_status
join_give_rest(struct op_run *run, struct join_probe *probe,
	struct schema *left, struct image *const *rows, uint32_t count,
	struct err *err)
{
	join_layout_set(&probe->layout, run->op, left,
	    right_schema(run, probe->share));
	const struct join_layout *layout = &probe->layout;
	struct batch *batch = batch_new(layout->out, count);
	struct region *region = batch_region(batch);
	struct column *right = right_columns(run, probe->share, rows, count,
	    region);

	for (uint32_t i = 0; i < layout->out->field_count; i++)
		if (layout->column[i].right < 0)
			column_init_null(&batch->column[i]);
		else
			batch->column[i] = right[layout->column[i].right];
	return op_give(run, batch, err);
}
