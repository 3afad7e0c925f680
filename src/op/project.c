/*
 * Projections: columns in, columns out.
 *
 * Columns are shared, never copied: a plain field in `select` costs the copy of
 * one struct.  Expressions are evaluated for the selected rows into a region
 * that the batch keeps.  All expressions see the batch as it came in; only when
 * all are computed does the batch take its new schema and columns.
 */
#include "op/project.h"

#include <string.h>

#include "func/regex.h"

void
project_add(struct project_layout *layout, const char *name, size_t size,
	enum type type, int column, struct expr *expr)
{
	uint32_t count = layout->slot_count;

	if ((count & (count - 1)) == 0) {
		uint32_t capacity = count == 0 ? 1 : count * 2;
		layout->slot = mem_resize(layout->slot,
		    capacity * sizeof(layout->slot[0]));
	}
	layout->slot[layout->slot_count++] = (struct project_slot){
		.column = column, .expr = expr,
	};
	schema_add(layout->out, name, size, type);
}

void
project_add_input(struct project_layout *layout, uint32_t column)
{
	const struct field *field = &layout->in->field[column];

	project_add(layout, field->name, field->name_size, field->type,
	    (int)column, NULL);
	layout->out->field[layout->out->field_count - 1].qualifier_size =
	    field->qualifier_size;
}

int
project_item_matches(const struct op_item *item, const char *name, size_t size)
{
	struct err err = ERR_INIT;
	struct regex_scan scan;
	struct regex *regex = regex_new(item->name, strlen(item->name), "", 0,
	    &err);

	if (regex == NULL)
		return 0;
	regex_scan_init(&scan, regex);
	int matches = regex_match(&scan, name, size) > 0;
	regex_scan_fini(&scan);
	regex_free(&regex);
	return matches;
}

static int
layout_has(const struct project_layout *layout, const struct field *field)
{
	return schema_find(layout->out, field->name, field->name_size) >= 0;
}

void
project_add_item(struct project_layout *layout, const struct op_item *item)
{
	if (item->kind == OP_ITEM_EXPR) {
		const char *field = expr_field_name(item->expr);
		int column = field == NULL ? -1 :
		    schema_find(layout->in, field, strlen(field));
		project_add(layout, item->name, strlen(item->name),
		    expr_type(item->expr), column, item->expr);
		return;
	}
	for (uint32_t i = 0; i < layout->in->field_count; i++) {
		const struct field *field = &layout->in->field[i];
		if (layout_has(layout, field))
			continue;
		if (item->kind == OP_ITEM_STAR ||
		    project_item_matches(item, field->name, field->name_size))
			project_add_input(layout, i);
	}
}

void
project_free(struct project_layout *layout)
{
	schema_drop(&layout->in);
	schema_drop(&layout->out);
	mem_free(layout->slot);
	layout->slot = NULL;
	layout->slot_count = 0;
}

static void
project_layout_for(const struct op *op, project_build_f *build,
	struct schema *in, struct project_layout *layout)
{
	if (layout->in != NULL)
		project_free(layout);
	layout->in = schema_hold(in);
	layout->out = schema_new();
	build(op, layout);
}

int
project_bind(struct op *op, project_build_f *build, struct err *err)
{
	struct project_layout layout = { 0 };

	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		if (item->kind != OP_ITEM_REGEX)
			continue;
		struct regex *regex = regex_new(item->name, strlen(item->name),
		    "", 0, err);
		if (regex == NULL)
			return -1;
		regex_free(&regex);
	}
	project_layout_for(op, build, op->in[0], &layout);
	op->out = schema_hold(layout.out);
	project_free(&layout);
	return 0;
}

/* The column of a field that is not there: every row missing. */
static void
column_init_missing(struct column *column, struct region *region)
{
	struct value missing = { .type = TYPE_RAW_JSON };

	column_init_const(column, &missing, region);
}

enum op_status
project_push(struct op_run *run, project_build_f *build,
	struct batch *take_batch, struct err *err)
{
	struct project_layout *layout = run->state;
	struct batch *batch = take_batch;
	struct eval eval;

	if (batch->schema != layout->in)
		project_layout_for(run->op, build, batch->schema, layout);
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (layout->slot_count + 1) * sizeof(*column));
	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < layout->slot_count; i++) {
		const struct project_slot *slot = &layout->slot[i];
		if (slot->column >= 0)
			column[i] = batch->column[slot->column];
		else if (slot->expr != NULL)
			expr_eval_column(slot->expr, &eval, &column[i]);
		else
			column_init_missing(&column[i], region);
	}
	if (op_reject(run, batch, &eval.rejects, err) != 0) {
		batch_free(&batch);
		return OP_FAIL;
	}
	batch_set_schema(batch, layout->out);
	if (layout->slot_count > 0)
		memcpy(batch->column, column,
		    layout->slot_count * sizeof(*column));
	batch->has_record = 0;
	return op_give(run, batch, err);
}

void
project_close(struct op_run *run)
{
	project_free(run->state);
}
