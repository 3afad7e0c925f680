/*
 * extend ITEMS: add computed fields; one that exists is replaced in its place.
 *
 * Arguments: item (EXPR only).
 */
#include "op/project.h"

#include <string.h>

/* The item that computes `name`, the last one if there are several. */
static const struct op_item *
extend_item(const struct op *op, const char *name)
{
	for (uint32_t i = op->args.item_count; i-- > 0;)
		if (strcmp(op->args.item[i].name, name) == 0)
			return &op->args.item[i];
	return NULL;
}

static void
extend_build(const struct op *op, struct project_layout *layout)
{
	for (uint32_t i = 0; i < layout->in->field_count; i++) {
		const struct field *field = &layout->in->field[i];
		const struct op_item *item = extend_item(op, field->name);
		if (item == NULL)
			project_add_input(layout, i);
		else
			project_add(layout, field->name, field->name_size,
			    expr_type(item->expr), -1, item->expr);
	}
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		size_t size = strlen(item->name);
		if (schema_find(layout->out, item->name, size) < 0)
			project_add(layout, item->name, size,
			    expr_type(item->expr), -1, item->expr);
	}
	layout->out->open = layout->in->open;
}

static int
extend_bind(struct op *op, struct err *err)
{
	return project_bind(op, extend_build, err);
}

static enum op_status
extend_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	return project_push(run, extend_build, take_batch, err);
}

static void
extend_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	if (need_is_all(out))
		need_all(in);
	for (uint32_t i = 0; i < need_count(out); i++)
		if (extend_item(op, need_name(out, i)) == NULL)
			need_add(in, need_name(out, i));
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (need_has(out, op->args.item[i].name))
			need_add_expr(in, op->args.item[i].expr);
}

const struct op_def op_extend = {
	.name = "extend",
	.syntax = "extend NAME = EXPR, ...",
	.summary = "add computed fields, or replace fields",
	.holds = "nothing",
	.example = "extend sec = ms / 1000",
	.state_bytes = sizeof(struct project_layout),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = extend_bind,
	.need = extend_need,
	.push = extend_push,
	.close = project_close,
};
