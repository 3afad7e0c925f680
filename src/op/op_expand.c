/*
 * expand: each record once per set of keys, for `by rollup(a, b)` and the like.
 *
 * Arguments: item, plain fields, are the keys; set.  In the copy of a record
 * for set s the keys that s leaves out are null, and the field EXPAND_SET,
 * which is added at the end, is s.  The keys are fields that the checker has
 * made for this: what aggregates read is as it was.
 *
 *	a b x		 a b x  set	by rollup(a, b)
 *	u v 1		 u v 1   0
 *			 u - 1   1
 *			 - - 1   2
 *
 * Copies come record by record and in the order of the sets, whatever the
 * batches: so the order in which groups are first seen depends on the records
 * alone.  The bytes of texts are shared; fields that nobody reads are left out,
 * and those that are read as numbers only are so before they are copied.
 */
#include "op/expand.h"

#include <string.h>

#include "op/op.h"
#include "op/project.h"
#include "util/buf.h"

struct expander {
	const struct op_args *args;
	const struct need_set *need;	/* of the copies; NULL: all */
	struct project_layout layout;
	uint8_t *is_needed;	/* by field of the input; as numbers only? */
	uint8_t *is_number;
	int *key;		/* columns; -1: there is no such field */
	/* What is the same in all batches: the numbers of copies' sets, and of
	 * their records from the first of the batch on. */
	struct region *region;
	int64_t *set;
	uint16_t *record;
	uint32_t most;		/* records whose copies are given at once */
};

/* A batch on its way: its records at[0..count) as copies. */
struct copying {
	struct expander *expander;
	struct batch *batch, *out;
	struct region *region;
	const uint16_t *at;
	uint16_t *row;		/* of the batch, by row of `out` */
	uint32_t count;
};

static void
expand_build(struct schema *in, struct project_layout *layout)
{
	layout->in = schema_hold(in);
	layout->out = schema_new();
	for (uint32_t i = 0; i < in->field_count; i++)
		project_add_input(layout, i);
	project_add(layout, EXPAND_SET, strlen(EXPAND_SET), TYPE_INT, -1, NULL);
	layout->out->open = in->open;
}

static int
expand_bind(struct op *op, struct err *err)
{
	struct project_layout layout = { 0 };

	(void)err;
	expand_build(op->in[0], &layout);
	op->out = schema_hold(layout.out);
	project_free(&layout);
	return 0;
}

static void
expand_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	if (need_is_all(out))
		need_all(in);
	for (uint32_t i = 0; i < need_count(out); i++)
		if (strcmp(need_name(out, i), EXPAND_SET) != 0)
			need_add_like(in, need_name(out, i), out,
			    need_name(out, i));
	for (uint32_t i = 0; i < op->args.item_count; i++)
		need_add_expr(in, op->args.item[i].expr);
}

struct expander *
expander_new(const struct op_args *args, const struct need_set *need)
{
	struct expander *expand = mem_alloc_zero(sizeof(*expand));
	uint32_t sets = args->set_count;

	expand->args = args;
	expand->need = need;
	expand->most = batch_rows_target() / sets;
	if (expand->most == 0)
		expand->most = 1;
	uint32_t rows = expand->most * sets;
	expand->region = region_new();
	expand->set = region_alloc(expand->region, rows * sizeof(int64_t));
	expand->record = mem_alloc(rows * sizeof(*expand->record));
	for (uint32_t i = 0; i < rows; i++) {
		expand->set[i] = i % sets;
		expand->record[i] = (uint16_t)(i / sets);
	}
	expand->key = mem_alloc((args->item_count + 1) *
	    sizeof(*expand->key));
	return expand;
}

/* Where the fields are in records of this schema. */
static void
expand_look(struct expander *expand, struct schema *in)
{
	const struct op_args *args = expand->args;

	if (expand->layout.in == in)
		return;
	if (expand->layout.in != NULL)
		project_free(&expand->layout);
	expand_build(in, &expand->layout);
	expand->is_needed = mem_resize(expand->is_needed, in->field_count + 1);
	expand->is_number = mem_resize(expand->is_number, in->field_count + 1);
	for (uint32_t i = 0; i < in->field_count; i++) {
		const char *name = in->field[i].name;
		expand->is_needed[i] = expand->need == NULL ||
		    need_has(expand->need, name) != 0;
		expand->is_number[i] = expand->need != NULL &&
		    need_is_number(expand->need, name) != 0;
	}
	for (uint32_t k = 0; k < args->item_count; k++) {
		const char *name = expr_field_name(args->item[k].expr);
		expand->key[k] = schema_find(in, name, strlen(name));
		if (expand->key[k] >= 0)
			expand->is_needed[expand->key[k]] = 0;
	}
}

/* Key k: decoded once for all copies, null where the set leaves it out. */
static void
copy_key(const struct copying *copying, uint32_t k, struct column *out)
{
	const struct expander *expand = copying->expander;
	const struct op_args *args = expand->args;
	uint32_t rows = copying->out->row_count;
	struct column dense, wide;

	column_decode(&copying->batch->column[expand->key[k]], copying->at,
	    copying->count, copying->region, &dense);
	column_gather(&dense, expand->record, rows, copying->region, &wide);
	*out = wide;
	if (wide.type <= TYPE_MISSING)
		return;
	if (wide.encoding == CONST)
		column_copy(&wide, NULL, rows, copying->region, out);
	else if (wide.valid != NULL)
		out->valid = region_copy(copying->region, wide.valid,
		    (rows + 63) / 64 * sizeof(*wide.valid));
	column_need_valid(out, rows, copying->region);
	for (uint32_t s = 0; s < args->set_count; s++) {
		if (args->set[s] >> k & 1)
			continue;
		for (uint32_t i = s; i < rows; i += args->set_count) {
			out->valid[i >> 6] &= ~(1ull << (i & 63));
			if (out->type == TYPE_MIXED)
				out->tags[i] = TYPE_NULL;
		}
	}
}

/* What will be read as numbers only is read so once for all copies. */
static void
copy_numbers(const struct copying *copying, const struct column *column,
	struct column *out)
{
	const struct expander *expand = copying->expander;
	struct column dense;

	column_numbers(column, copying->at, copying->count, copying->region,
	    &dense);
	column_gather(&dense, expand->record, copying->out->row_count,
	    copying->region, out);
}

static void
copy_columns(const struct copying *copying)
{
	const struct expander *expand = copying->expander;
	const struct batch *batch = copying->batch;
	struct batch *out = copying->out;
	uint32_t count = batch->schema->field_count;

	for (uint32_t i = 0; i < count; i++) {
		if (!expand->is_needed[i])
			column_init_null(&out->column[i]);
		else if (batch->column[i].encoding == CONST)
			out->column[i] = batch->column[i];
		else if (expand->is_number[i])
			copy_numbers(copying, &batch->column[i],
			    &out->column[i]);
		else
			column_gather(&batch->column[i], copying->row,
			    out->row_count, copying->region, &out->column[i]);
	}
	for (uint32_t k = 0; k < expand->args->item_count; k++)
		if (expand->key[k] >= 0)
			copy_key(copying, k, &out->column[expand->key[k]]);
	struct column *set = &out->column[count];
	*set = (struct column){ .type = TYPE_INT, .encoding = FLAT,
		.data = expand->set };
	batch_take_region(out, region_hold(expand->region));
}

static struct batch *
make_copies(struct copying *copying)
{
	const struct expander *expand = copying->expander;
	uint32_t sets = expand->args->set_count;
	uint32_t rows = copying->count * sets;

	copying->out = batch_new(expand->layout.out, rows);
	copying->region = batch_region(copying->out);
	copying->row = region_alloc(copying->region,
	    rows * sizeof(*copying->row));
	for (uint32_t i = 0; i < rows; i++)
		copying->row[i] = copying->at[expand->record[i]];
	copy_columns(copying);
	batch_inherit(copying->out, copying->batch, copying->row);
	copying->out->copy_count = sets;
	return copying->out;
}

/* The rows of records. */
static const uint16_t *
batch_rows(struct batch *batch, struct region *region)
{
	if (batch->sel != NULL)
		return batch->sel;
	uint16_t *row = region_alloc(region, (batch->row_count + 1) *
	    sizeof(*row));
	for (uint32_t i = 0; i < batch->row_count; i++)
		row[i] = (uint16_t)i;
	return row;
}

enum op_status
expander_push(struct expander *expand, struct batch *batch,
	const struct op_job *job, expander_give_f *give, void *cookie,
	struct err *err)
{
	struct copying copying = { .expander = expand, .batch = batch };
	struct region *scratch = region_new();
	enum op_status status = OP_OK;
	uint32_t count = batch->sel_count;

	expand_look(expand, batch->schema);
	const uint16_t *row = batch_rows(batch, scratch);
	/* Behind a record that stops the job nothing else is given. */
	for (uint32_t at = 0; at < count && status == OP_OK &&
	    job->stop.kind == ERR_NONE; at += copying.count) {
		copying.at = row + at;
		copying.count = count - at < expand->most ? count - at :
		    expand->most;
		status = give(cookie, make_copies(&copying), err);
	}
	region_drop(&scratch);
	return status;
}

void
expander_free(struct expander **take_expander)
{
	struct expander *expand = *take_expander;

	*take_expander = NULL;
	if (expand == NULL)
		return;
	project_free(&expand->layout);
	mem_free(expand->is_needed);
	mem_free(expand->is_number);
	mem_free(expand->key);
	mem_free(expand->record);
	region_drop(&expand->region);
	mem_free(expand);
}

/* --- the operator --- */

static int
expand_open(struct op_run *run, struct err *err)
{
	struct expander **expander = run->state;

	(void)err;
	*expander = expander_new(&run->op->args, run->op->out_need);
	return 0;
}

static enum op_status
give_on(void *cookie, struct batch *take_batch, struct err *err)
{
	return op_give(cookie, take_batch, err);
}

static enum op_status
expand_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct expander **expander = run->state;

	(void)port;
	enum op_status status = expander_push(*expander, take_batch, run->job,
	    give_on, run, err);
	batch_free(&take_batch);
	return status;
}

static void
expand_close(struct op_run *run)
{
	expander_free(run->state);
}

void
expand_explain_sets(const struct op *op, struct buf *out)
{
	const struct op_args *args = &op->args;

	for (uint32_t s = 0; s < args->set_count; s++) {
		int any = 0;
		buf_add_string(out, s == 0 ? "(" : ", (");
		for (uint32_t i = 0; i < args->item_count; i++)
			if (args->set[s] >> i & 1)
				buf_add_format(out, "%s%s", any++ ? ", " : "",
				    args->item[i].name);
		buf_add_char(out, ')');
	}
}

const struct op_def op_expand = {
	.name = "expand",
	.syntax = "",
	.summary = "each record once per set of keys",
	.holds = "nothing",
	.flags = OP_HIDDEN | OP_KEEPS_TIME | OP_PARALLEL,
	.state_bytes = sizeof(struct expander *),
	.bind = expand_bind,
	.need = expand_need,
	.open = expand_open,
	.push = expand_push,
	.close = expand_close,
	.explain = expand_explain_sets,
};
