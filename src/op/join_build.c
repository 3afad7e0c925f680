/*
 * The kept side of a join.
 *
 * Rows are kept by op/rows.h, with only those fields that somebody will ask
 * for; semi and anti joins without a left-over condition keep no rows at all.
 * A table of keys leads to them:
 *
 *     key -> [ first match | last ]       most keys have one match only
 *                  |
 *                  +-> more[] -> more[]   in the order in which they came
 *
 * A key of which a part is null is in no table, so it is never found.  Without
 * keys (the cross product) all rows have the same, empty one.
 *
 * For right and full joins a bit a row remembers whether a left record met it.
 */
#include "op/join_priv.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "util/bits.h"

void
join_build_open(struct op_run *run, struct join_build *build)
{
	const struct op *op = run->op;
	const struct join_plan *plan = op->plan;
	struct need_set *wish = need_set_new();

	if (!join_is_half(op) || op->args.residual != NULL)
		build->rows = rows_new(run);
	build->keys = group_table_new(build->rows == NULL ? 0 :
	    sizeof(struct join_chain), &run->budget);
	build->need = need_set_new();
	if (plan->asked)
		need_copy(wish, plan->wish);
	else
		need_all(wish);
	join_need_fields(op, wish, 1, build->need);
	need_set_free(&wish);
}

int
join_eval_keys(struct op_run *run, struct expr **on, struct batch *batch,
	struct region *region, struct column *column, struct err *err)
{
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < run->op->args.on_count; i++)
		expr_eval(on[i], &eval, batch->sel, batch->sel_count,
		    &column[i]);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	/* Again for the rows that are left: none of them is refused now. */
	return join_eval_keys(run, on, batch, region, column, err);
}

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
	for (uint32_t i = 0; i < in->field_count; i++) {
		const struct field *field = &in->field[i];
		if (!need_has(build->need, field->name))
			continue;
		uint32_t index = schema_add(build->kept, field->name,
		    field->name_size, field->type);
		build->kept->field[index].qualifier_size =
		    field->qualifier_size;
		build->column[index] = i;
	}
}

static int
build_keep_rows(struct op_run *run, struct join_build *build,
	const struct batch *batch, uint32_t *index, struct err *err)
{
	build_layout(build, batch->schema);
	struct batch *kept = batch_new(build->kept, batch->row_count);
	for (uint32_t i = 0; i < build->kept->field_count; i++)
		kept->column[i] = batch->column[build->column[i]];
	if (batch->sel != NULL) {
		kept->sel = batch_sel_storage(kept);
		memcpy(kept->sel, batch->sel,
		    batch->sel_count * sizeof(*kept->sel));
		kept->sel_count = batch->sel_count;
	}
	uint64_t before = rows_count(build->rows);
	int status = rows_add(build->rows, kept, index, err);
	batch_free(&kept);
	if (status != 0 || !join_keeps_right(run->op))
		return status;
	if (build->batch_count == build->batch_capacity) {
		uint32_t capacity = build->batch_capacity * 2 + 16;
		build->batch_capacity = capacity;
		build->first = mem_resize(build->first,
		    capacity * sizeof(*build->first));
		build->rows_of = mem_resize(build->rows_of,
		    capacity * sizeof(*build->rows_of));
	}
	build->first[build->batch_count] = before;
	build->rows_of[build->batch_count++] = batch->sel_count;
	return 0;
}

static int
chain_add(struct op_run *run, struct join_build *build,
	struct join_chain *chain, struct row_ref ref, struct err *err)
{
	if (build->more_count == build->more_capacity) {
		uint64_t capacity = build->more_capacity == 0 ? 256 :
		    build->more_capacity * 2;
		if (op_charge(run, (capacity - build->more_capacity) *
		    sizeof(*build->more), err) != 0)
			return -1;
		build->more = mem_resize(build->more,
		    capacity * sizeof(*build->more));
		build->more_capacity = capacity;
	}
	struct join_match *before = chain->last == 0 ? &chain->first :
	    &build->more[chain->last - 1];
	build->more[build->more_count++] = (struct join_match){ .ref = ref };
	before->next = build->more_count;
	chain->last = build->more_count;
	return 0;
}

/* The keys without a null in them: pick[0..count) are their rows. */
static uint32_t
keys_pick(struct key_set *keys, uint32_t count, uint16_t *pick,
	struct region *region)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++)
		pick[i] = (uint16_t)i;
	if (!keys->any_null)
		return count;
	/* Others, since these texts may be a column's own. */
	struct text *text = region_alloc(region, count * sizeof(*text));
	uint64_t *hash = region_alloc(region, count * sizeof(*hash));
	for (uint32_t i = 0; i < count; i++) {
		if (bits_get(keys->null, i))
			continue;
		text[picked] = keys->text[i];
		hash[picked] = keys->hash[i];
		pick[picked++] = (uint16_t)i;
	}
	keys->text = text;
	keys->hash = hash;
	return picked;
}

/* Enter the keys; row i of the kept batch `index` has the i-th key. */
static int
build_enter(struct op_run *run, struct join_build *build,
	struct key_set *keys, uint32_t count, uint32_t index,
	struct region *region, struct err *err)
{
	uint16_t *pick = region_alloc(region, BATCH_ROWS_MAX * sizeof(*pick));
	char **row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	uint8_t *is_new = region_alloc(region, BATCH_ROWS_MAX);

	count = keys_pick(keys, count, pick, region);
	if (group_table_find(build->keys, keys, count, row, is_new) != 0) {
		err_set(err, ERR_IO, "join: the keys of the kept side need "
		    "more memory than the limit");
		return err_hint(err, "give it more with --memory SIZE");
	}
	if (build->rows == NULL)
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		struct join_chain *chain = (struct join_chain *)row[i];
		struct row_ref ref = { index, pick[i] };
		if (is_new[i])
			chain->first.ref = ref;
		else if (chain_add(run, build, chain, ref, err) != 0)
			return -1;
	}
	return 0;
}

int
join_build_add(struct op_run *run, struct join_build *build,
	struct batch *batch, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    (args->on_count + 1) * sizeof(*column));
	struct key_set keys;
	uint32_t index = 0;

	int status = join_eval_keys(run, args->on_right, batch, region, column,
	    err);
	if (status == 0 && batch->sel_count > 0) {
		key_make(column, args->on_count, batch->sel_count, region,
		    &keys);
		if (build->rows != NULL)
			status = build_keep_rows(run, build, batch, &index,
			    err);
		if (status == 0)
			status = build_enter(run, build, &keys,
			    batch->sel_count, index, region, err);
	}
	region_drop(&region);
	return status;
}

int
join_build_end(struct op_run *run, struct join_build *build, struct err *err)
{
	if (!join_keeps_right(run->op))
		return 0;
	build->found_bytes = (rows_count(build->rows) / 64 + 1) * 8;
	if (op_charge(run, build->found_bytes, err) != 0) {
		build->found_bytes = 0;
		return -1;
	}
	build->found = mem_alloc_zero(build->found_bytes);
	return 0;
}

void
join_build_close(struct op_run *run, struct join_build *build)
{
	mem_release(&run->budget, build->found_bytes +
	    build->more_capacity * sizeof(*build->more));
	rows_free(&build->rows);
	group_table_free(&build->keys);
	mem_free(build->more);
	mem_free(build->first);
	mem_free(build->rows_of);
	mem_free(build->found);
	need_set_free(&build->need);
	schema_drop(&build->in);
	schema_drop(&build->kept);
	mem_free(build->column);
}
