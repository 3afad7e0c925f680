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
 * left and full joins a mark stands there, (row, ROWS_NONE), which becomes the
 * row's record with nulls if none of the pairs before it did.
 */
#include "op/join_priv.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "util/bits.h"

/* The selected rows must be this part of all for laying columns beside them. */
#define SINGLE_PART 4

void
join_probe_open(struct join_probe *probe)
{
	probe->most = batch_rows_target();
	probe->left = mem_alloc(probe->most * sizeof(*probe->left));
	probe->right = mem_alloc(probe->most * sizeof(*probe->right));
	probe->left_found = mem_alloc(BATCH_ROWS_MAX / 8);
}

void
join_probe_close(struct join_probe *probe)
{
	join_layout_free(&probe->layout);
	mem_free(probe->left);
	mem_free(probe->right);
	mem_free(probe->left_found);
	schema_drop(&probe->seen);
	schema_drop(&probe->last);
}

/* The fields of the kept rows; before any came, those that were announced. */
static struct schema *
right_schema(const struct op_run *run, const struct join_build *build)
{
	return rows_count(build->rows) > 0 ? rows_schema(build->rows) :
	    run->op->in[1];
}

static void
right_column(const struct join_build *build, int field,
	const struct row_ref *refs, uint32_t count, struct region *region,
	struct column *out)
{
	if (rows_count(build->rows) == 0)
		column_init_null(out);
	else
		rows_gather_column(build->rows, (uint32_t)field, refs, count,
		    region, out);
}

/* --- single: at most one match a row --- */

/* Columns of the joined record beside those of the batch. */
static void
single_columns(const struct join_layout *layout,
	const struct join_build *build, struct batch *batch,
	const struct row_ref *refs, struct region *region)
{
	uint32_t fields = layout->out->field_count;
	struct column *column = region_alloc(region,
	    (fields + 1) * sizeof(*column));

	for (uint32_t i = 0; i < fields; i++) {
		const struct join_column *from = &layout->column[i];
		if (from->left >= 0)
			column[i] = batch->column[from->left];
		else
			right_column(build, from->right, refs,
			    batch->row_count, region, &column[i]);
	}
	batch_set_schema(batch, layout->out);
	memcpy(batch->column, column, fields * sizeof(*column));
}

static enum op_status
single_give(struct op_run *run, struct join_probe *probe,
	struct join_build *build, struct batch *batch, char *const *row,
	struct err *err)
{
	struct region *region = batch_region(batch);
	struct row_ref *refs = region_alloc_zero(region,
	    BATCH_ROWS_MAX * sizeof(*refs));
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	int keeps_left = join_keeps_left(run->op);

	/* Rows that are not selected take any kept row, not to be null. */
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		const struct join_chain *chain = (struct join_chain *)row[i];
		sel[kept] = (uint16_t)at;
		kept += keeps_left || chain != NULL;
		if (chain != NULL)
			refs[at] = chain->first.ref;
		else if (keeps_left)
			refs[at].batch = ROWS_NONE;
		if (chain != NULL && build->found != NULL)
			join_build_found(build, chain->first.ref);
	}
	batch->sel = sel;
	batch->sel_count = kept;
	if (kept == 0) {
		batch_free(&batch);
		return OP_OK;
	}
	if (rows_count(build->rows) > 0)
		batch_take_region(batch, region_hold(rows_region(build->rows)));
	single_columns(&probe->layout, build, batch, refs, region);
	return op_give(run, batch, err);
}

/* --- pairs --- */

/* The times of the left rows of pairs. */
static const int64_t *
gather_times(const int64_t *times, const struct join_probe *probe,
	struct region *region)
{
	if (times == NULL)
		return NULL;
	int64_t *gathered = region_alloc(region,
	    probe->count * sizeof(*gathered));
	for (uint32_t i = 0; i < probe->count; i++)
		gathered[i] = times[probe->left[i]];
	return gathered;
}

/* A batch of the pairs that wait. */
static struct batch *
pairs_gather(struct op_run *run, struct join_probe *probe,
	const struct join_build *build, const struct batch *left,
	struct err *err)
{
	const struct join_layout *layout = &probe->layout;
	struct batch *batch = batch_new(layout->out, probe->count);
	struct region *region = batch_region(batch);

	batch_hold_regions(batch, left);
	batch_take_region(batch, region_hold(rows_region(build->rows)));
	for (uint32_t i = 0; i < layout->out->field_count; i++) {
		const struct join_column *from = &layout->column[i];
		struct column a, b;
		if (from->left >= 0)
			column_gather(&left->column[from->left], probe->left,
			    probe->count, region, &a);
		if (from->right >= 0 && !(from->left >= 0 && from->is_key))
			right_column(build, from->right, probe->right,
			    probe->count, region, &b);
		if (from->left < 0)
			batch->column[i] = b;
		else if (from->right < 0 || from->is_key)
			batch->column[i] = a;
		else if (join_merge(run->op, layout->out->field[i].name, &a,
		    &b, probe->count, region, &batch->column[i], err) != 0) {
			batch_free(&batch);
			return NULL;
		}
	}
	batch->time = gather_times(left->time, probe, region);
	batch->mark = gather_times(left->mark, probe, region);
	batch->split = left->split;
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
		if (probe->right[i].batch != ROWS_NONE)
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
	struct join_build *build, struct batch *batch, const uint64_t *kept)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t count = 0;

	for (uint32_t i = 0; i < probe->count; i++) {
		uint16_t left = probe->left[i];
		if (probe->right[i].batch == ROWS_NONE) {
			if (!bits_get(probe->left_found, left))
				sel[count++] = (uint16_t)i;
			continue;
		}
		if (!bits_get(kept, i))
			continue;
		bits_set(probe->left_found, left);
		sel[count++] = (uint16_t)i;
		if (build->found != NULL)
			join_build_found(build, probe->right[i]);
	}
	batch->sel = sel;
	batch->sel_count = join_is_half(run->op) ? 0 : count;
}

/* Give the pairs that wait; of half a join only note whose they are. */
static enum op_status
pairs_give(struct op_run *run, struct join_probe *probe,
	struct join_build *build, const struct batch *left, struct err *err)
{
	uint64_t kept[BATCH_ROWS_MAX / 64];

	if (probe->count == 0)
		return OP_OK;
	struct batch *batch = pairs_gather(run, probe, build, left, err);
	if (batch == NULL)
		return OP_FAIL;
	if (run->op->args.residual != NULL) {
		if (pairs_ask(run, probe, batch, kept, err) != 0) {
			batch_free(&batch);
			return OP_FAIL;
		}
		pairs_select(run, probe, build, batch, kept);
	}
	probe->count = 0;
	return op_give(run, batch, err);
}

static inline enum op_status
pairs_add(struct op_run *run, struct join_probe *probe,
	struct join_build *build, const struct batch *batch, uint32_t left,
	struct row_ref right, struct err *err)
{
	probe->left[probe->count] = (uint16_t)left;
	probe->right[probe->count++] = right;
	return probe->count < probe->most ? OP_OK :
	    pairs_give(run, probe, build, batch, err);
}

/* All pairs of one left row. */
static enum op_status
pairs_add_chain(struct op_run *run, struct join_probe *probe,
	struct join_build *build, const struct batch *batch, uint32_t left,
	const struct join_chain *chain, struct err *err)
{
	const struct join_match *match = &chain->first;
	int asks = run->op->args.residual != NULL;
	enum op_status status = OP_OK;

	for (;;) {
		if (build->found != NULL && !asks)
			join_build_found(build, match->ref);
		status = pairs_add(run, probe, build, batch, left, match->ref,
		    err);
		if (match->next == 0 || status != OP_OK)
			return status;
		/* One match is enough for half a join. */
		if (join_is_half(run->op) && probe->count == 0 &&
		    bits_get(probe->left_found, left))
			return OP_OK;
		match = &build->more[match->next - 1];
	}
}

static enum op_status
pairs_of_batch(struct op_run *run, struct join_probe *probe,
	struct join_build *build, const struct batch *batch, char *const *row,
	struct err *err)
{
	const struct row_ref none = { ROWS_NONE, 0 };
	int asks = run->op->args.residual != NULL;
	enum op_status status = OP_OK;

	if (asks)
		memset(probe->left_found, 0, BATCH_ROWS_MAX / 8);
	for (uint32_t i = 0; i < batch->sel_count && status == OP_OK; i++) {
		uint32_t left = batch_row(batch, i);
		const struct join_chain *chain = (struct join_chain *)row[i];
		if (chain != NULL)
			status = pairs_add_chain(run, probe, build, batch,
			    left, chain, err);
		if (status == OP_OK && join_keeps_left(run->op) &&
		    (chain == NULL || asks))
			status = pairs_add(run, probe, build, batch, left,
			    none, err);
	}
	if (status == OP_OK)
		status = pairs_give(run, probe, build, batch, err);
	probe->count = 0;
	return status;
}

/* --- half --- */

static enum op_status
half_give(struct op_run *run, struct join_probe *probe,
	struct join_build *build, struct batch *batch, char *const *row,
	struct err *err)
{
	int asks = run->op->args.residual != NULL;
	int wanted = run->op->args.join == OP_JOIN_SEMI;

	if (asks) {
		join_layout_set(&probe->layout, run->op, batch->schema,
		    right_schema(run, build));
		if (pairs_of_batch(run, probe, build, batch, row, err) ==
		    OP_FAIL) {
			batch_free(&batch);
			return OP_FAIL;
		}
	}
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		int found = asks ? bits_get(probe->left_found, at) :
		    row[i] != NULL;
		sel[kept] = (uint16_t)at;
		kept += found == wanted;
	}
	batch->sel = sel;
	batch->sel_count = kept;
	batch->has_record = 0;
	return op_give(run, batch, err);
}

/* --- the batch --- */

/* Is there no row with two matches, and enough with one? */
static int
rows_are_single(const struct op_run *run, const struct join_layout *layout,
	const struct batch *batch, char *const *row)
{
	uint32_t found = 0;

	if (run->op->args.residual != NULL || layout->merges)
		return 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		const struct join_chain *chain = (struct join_chain *)row[i];
		if (chain == NULL)
			continue;
		if (chain->first.next != 0)
			return 0;
		found++;
	}
	if (join_keeps_left(run->op))
		found = batch->sel_count;
	return found * SINGLE_PART >= batch->row_count;
}

/* right, full: the left fields of rows that have no left record. */
static void
probe_remember(struct join_probe *probe, struct schema *schema)
{
	if (probe->last == schema)
		return;
	schema_drop(&probe->last);
	probe->last = schema_hold(schema);
	if (probe->seen == NULL)
		probe->seen = schema_new();
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->field[i];
		if (schema_find(probe->seen, field->name,
		    field->name_size) >= 0)
			continue;
		uint32_t index = schema_add(probe->seen, field->name,
		    field->name_size, field->type);
		probe->seen->field[index].qualifier_size =
		    field->qualifier_size;
	}
}

enum op_status
join_probe_batch(struct op_run *run, struct join_probe *probe,
	struct join_build *build, struct batch *take_batch, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct batch *batch = take_batch;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->on_count + 1) * sizeof(*column));
	char **row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	enum op_status status = OP_FAIL;
	struct key_set keys;

	if (join_keeps_right(run->op))
		probe_remember(probe, batch->schema);
	if (join_eval_keys(run, args->on_left, batch, region, column,
	    err) != 0) {
		batch_free(&batch);
		goto done;
	}
	key_make(column, args->on_count, batch->sel_count, region, &keys);
	/* A key with a null in it is in no table. */
	group_table_look(build->keys, &keys, batch->sel_count, row);
	batch->has_record = 0;
	if (join_is_half(run->op)) {
		status = half_give(run, probe, build, batch, row, err);
		goto done;
	}
	join_layout_set(&probe->layout, run->op, batch->schema,
	    right_schema(run, build));
	if (rows_are_single(run, &probe->layout, batch, row)) {
		status = single_give(run, probe, build, batch, row, err);
	} else {
		status = pairs_of_batch(run, probe, build, batch, row, err);
		batch_free(&batch);
	}
done:
	region_drop(&region);
	return status;
}

/* --- the rest of the kept side --- */

static struct batch *
rest_gather(const struct join_probe *probe, const struct join_build *build,
	uint32_t count)
{
	const struct join_layout *layout = &probe->layout;
	struct batch *batch = batch_new(layout->out, count);
	struct region *region = batch_region(batch);

	batch_take_region(batch, region_hold(rows_region(build->rows)));
	for (uint32_t i = 0; i < layout->out->field_count; i++) {
		if (layout->column[i].right < 0)
			column_init_null(&batch->column[i]);
		else
			right_column(build, layout->column[i].right,
			    probe->right, count, region, &batch->column[i]);
	}
	return batch;
}

enum op_status
join_probe_rest(struct op_run *run, struct join_probe *probe,
	struct join_build *build, struct err *err)
{
	enum op_status status = OP_OK;
	uint32_t count = 0;

	if (!join_keeps_right(run->op) || rows_count(build->rows) == 0)
		return OP_OK;
	join_layout_set(&probe->layout, run->op, probe->seen != NULL ?
	    probe->seen : run->op->in[0], right_schema(run, build));
	for (uint32_t b = 0; b < build->batch_count; b++) {
		for (uint32_t i = 0; i < build->rows_of[b]; i++) {
			struct row_ref ref = { b, i };
			if (join_build_was_found(build, ref))
				continue;
			probe->right[count++] = ref;
			if (count < probe->most)
				continue;
			status = op_give(run, rest_gather(probe, build,
			    count), err);
			if (status != OP_OK)
				return status;
			count = 0;
		}
	}
	if (count == 0)
		return OP_OK;
	return op_give(run, rest_gather(probe, build, count), err);
}
