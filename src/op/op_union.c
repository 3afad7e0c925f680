/*
 * union REL: the records of both inputs, the first input's before the other's
 * when both are bounded.
 *
 * The other pipeline feeds port 1.  Records keep their own fields: schemas may
 * differ, the output's is open then.
 */
#include "op/union.h"

#include <string.h>

int
union_bind(struct op *op, struct err *err)
{
	(void)err;
	op->out = schema_copy(op->in[0]);
	op->out->open = op->in[0]->open || op->in[1]->open;
	for (uint32_t i = 0; i < op->in[1]->field_count; i++) {
		const struct field *field = &op->in[1]->field[i];
		int index = schema_find(op->out, field->name,
		    field->name_size);
		if (index < 0)
			schema_add(op->out, field->name, field->name_size,
			    field->type);
		else if (op->out->field[index].type != field->type)
			op->out->field[index].type = TYPE_ANY;
	}
	return 0;
}

void
union_align(const struct op *op, struct batch *batch)
{
	struct schema *out = op->out;

	if (out->open)
		return;
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (out->field_count + 1) * sizeof(*column));
	struct value missing = { .type = TYPE_RAW_JSON };
	int is_same = batch->schema->field_count == out->field_count;

	/* A line of CSV holds its own fields in their own order. */
	if (batch->record.type != TYPE_RAW_JSON &&
	    !schema_has_names_of(batch->schema, out))
		batch->has_record = 0;
	for (uint32_t i = 0; i < out->field_count; i++) {
		int index = schema_find(batch->schema, out->field[i].name,
		    out->field[i].name_size);
		if (index >= 0)
			column[i] = batch->column[index];
		else
			column_init_const(&column[i], &missing, region);
		is_same &= index == (int)i;
	}
	/* The record's bytes have its own fields in its own order. */
	batch->has_record &= is_same;
	batch_set_schema(batch, out);
	memcpy(batch->column, column, out->field_count * sizeof(*column));
}

static enum op_status
union_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	union_align(run->op, take_batch);
	return op_give(run, take_batch, err);
}

void
union_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)op;
	(void)port;
	need_copy(in, out);
}

const struct op_def op_union = {
	.name = "union",
	.syntax = "union FILE | union (PIPELINE)",
	.summary = "the records of this and of another input",
	.holds = "nothing",
	.example = "from \"a.csv\" "
	    "| union (from \"b.jsonl\" | rename id = uid)",
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = union_bind,
	.need = union_need,
	.push = union_push,
};
