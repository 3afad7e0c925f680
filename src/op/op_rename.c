/*
 * rename NEW = OLD: fields keep their place and value and get another name.
 *
 * Arguments: item, EXPR that is a plain field (OLD), name is NEW.  A field that
 * is known to have the new name already, and keeps it, is an error; if fields
 * are not known before they come, it is replaced.
 */
#include "op/project.h"

#include <string.h>

static const struct op_item *
rename_of(const struct op *op, const char *old)
{
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (strcmp(expr_field_name(op->args.item[i].expr), old) == 0)
			return &op->args.item[i];
	return NULL;
}

static int
rename_makes(const struct op *op, const char *name)
{
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (strcmp(op->args.item[i].name, name) == 0)
			return 1;
	return 0;
}

static void
rename_build(const struct op *op, struct project_layout *layout)
{
	for (uint32_t i = 0; i < layout->in->field_count; i++) {
		const struct field *field = &layout->in->field[i];
		const struct op_item *item = rename_of(op, field->name);
		if (item != NULL)
			project_add(layout, item->name, strlen(item->name),
			    field->type, (int)i, NULL);
		else if (!rename_makes(op, field->name))
			project_add_input(layout, i);
	}
	layout->out->open = layout->in->open;
}

static int
rename_bind(struct op *op, struct err *err)
{
	for (uint32_t i = 0; i < op->args.item_count; i++) {
		const char *name = op->args.item[i].name;
		if (schema_find(op->in[0], name, strlen(name)) < 0 ||
		    rename_of(op, name) != NULL)
			continue;
		err_set(err, ERR_PROGRAM, "there is a field '%s' already",
		    name);
		return err_hint(err, "drop it first: drop %s | rename %s = %s",
		    name, name, expr_field_name(op->args.item[i].expr));
	}
	return project_bind(op, rename_build, err);
}

static enum op_status
rename_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	(void)port;
	return project_push(run, rename_build, take_batch, err);
}

static void
rename_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	if (need_is_all(out))
		need_all(in);
	for (uint32_t i = 0; i < op->args.item_count; i++)
		if (need_has(out, op->args.item[i].name))
			need_add_expr(in, op->args.item[i].expr);
	for (uint32_t i = 0; i < need_count(out); i++)
		if (!rename_makes(op, need_name(out, i)))
			need_add(in, need_name(out, i));
}

const struct op_def op_rename = {
	.name = "rename",
	.syntax = "rename NEW = OLD, ...",
	.summary = "give fields other names",
	.holds = "nothing",
	.example = "rename id = uid",
	.state_bytes = sizeof(struct project_layout),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = rename_bind,
	.need = rename_need,
	.push = rename_push,
	.close = project_close,
};
