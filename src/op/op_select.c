/*
 * select ITEMS: the record becomes these fields, in this order.
 *
 * Arguments: item.  `*` stands for all fields not selected yet, /regex/ for
 * those whose name matches.
 */
#include "op/project.h"

static void
select_build(const struct op *op, struct project_layout *layout)
{
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		project_add_item(layout, item);
		if (item->kind != OP_ITEM_EXPR && layout->in->open)
			layout->out->open = 1;
	}
}

static int
select_bind(struct op *op, struct err *err)
{
	return project_bind(op, select_build, err);
}

static enum op_status
select_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	return project_push(run, select_build, take_batch, err);
}

static void
select_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const struct op_item *item = &op->args.item[i];
		if (item->kind != OP_ITEM_EXPR)
			need_copy(in, out);
		else if (need_has(out, item->name))
			need_add_expr(in, item->expr);
	}
}

const struct op_def op_select = {
	.name = "select",
	.syntax = "select ITEM, ...   "
	    "where ITEM is *, /regex/ or [NAME =] EXPR",
	.summary = "make these fields the record",
	.holds = "nothing",
	.example = "select user, sec = ms / 1000",
	.state_bytes = sizeof(struct project_layout),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = select_bind,
	.need = select_need,
	.push = select_push,
	.close = project_close,
};
