/*
 * drop FIELDS: the record without these fields.
 *
 * Arguments: item, each EXPR that is a plain field (its name says which), or
 * REGEX.
 */
#include "op/project.h"

#include <string.h>

static int
drop_has(const struct op *op, const struct field *field)
{
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		if (item->kind == OP_ITEM_REGEX ?
		    project_item_matches(item, field->name, field->name_size) :
		    strcmp(item->name, field->name) == 0)
			return 1;
	}
	return 0;
}

static void
drop_build(const struct op *op, struct project_layout *layout)
{
	for (uint32_t i = 0; i < layout->in->field_count; i++)
		if (!drop_has(op, &layout->in->field[i]))
			project_add_input(layout, i);
	layout->out->open = layout->in->open;
}

static int
drop_bind(struct op *op, struct err *err)
{
	return project_bind(op, drop_build, err);
}

static enum op_status
drop_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	return project_push(run, drop_build, take_batch, err);
}

static void
drop_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)op;
	(void)port;
	need_copy(in, out);
}

const struct op_def op_drop = {
	.name = "drop",
	.syntax = "drop FIELD, ...   where FIELD is a name or /regex/",
	.summary = "leave these fields out",
	.holds = "nothing",
	.example = "drop password, /^_/",
	.state_bytes = sizeof(struct project_layout),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = drop_bind,
	.need = drop_need,
	.push = drop_push,
	.close = project_close,
};
