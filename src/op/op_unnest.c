/*
 * unnest EXPR [as NAME [, POSITION]]: one record per element of a list.
 *
 * Arguments: expr, as, as2.  The element is the field NAME, its number from 1
 * the field POSITION; a field of such a name is replaced where it stands, else
 * they are added at the end.  All other fields are repeated.
 *
 *     list		a record per element; none if it is empty
 *     record		a record per member: NAME is {key, value}
 *     null, missing	no record
 *     anything else	the value itself, once
 *
 * Undeclared text that reads as a JSON array or object to its end is one.
 *
 * Elements of JSON input stay the bytes they are: the new column is views into
 * the list's text.  Elements of computed lists are decoded, since they may hold
 * times (data/type.h).
 */
#include "op/op.h"

#include <string.h>

#include "data/json.h"
#include "op/project.h"
#include "util/buf.h"

/* What project_slot.column says of the fields that unnest makes. */
#define SLOT_ELEMENT (-1)
#define SLOT_POSITION (-2)

struct unnest {
	struct project_layout layout;
	/* The records that wait to be given: row of the batch, number of the
	 * element, and the element: views, or a column that grows. */
	uint16_t *row;
	int64_t *position;
	struct text *token;
	struct builder value;
	int as_tokens;
	uint32_t count, most;
};

/* The batch whose lists are taken apart. */
struct unnesting {
	struct op_run *run;
	struct batch *batch;
	struct region *region;
	struct err *err;
	uint32_t row;
};

static int
slot_of(const struct op *op, const char *name)
{
	if (strcmp(op->args.as, name) == 0)
		return SLOT_ELEMENT;
	if (op->args.as2 != NULL && strcmp(op->args.as2, name) == 0)
		return SLOT_POSITION;
	return 0;
}

static void
layout_add(struct project_layout *layout, const char *name, int slot)
{
	project_add(layout, name, strlen(name), slot == SLOT_POSITION ?
	    TYPE_INT : TYPE_ANY, slot, NULL);
}

static void
layout_build(const struct op *op, struct schema *in,
	struct project_layout *layout)
{
	if (layout->in == in)
		return;
	if (layout->in != NULL)
		project_free(layout);
	layout->in = schema_hold(in);
	layout->out = schema_new();
	layout->out->open = in->open;
	for (uint32_t i = 0; i < in->field_count; i++) {
		const char *name = in->field[i].name;
		int slot = slot_of(op, name);
		if (slot == 0)
			project_add_input(layout, i);
		else
			layout_add(layout, name, slot);
	}
	for (unsigned i = 0; i < 2; i++) {
		const char *name = i == 0 ? op->args.as : op->args.as2;
		if (name != NULL && schema_find(layout->out, name,
		    strlen(name)) < 0)
			layout_add(layout, name, slot_of(op, name));
	}
}

static int
unnest_bind(struct op *op, struct err *err)
{
	struct project_layout layout = { 0 };

	if (op->args.as2 != NULL && strcmp(op->args.as, op->args.as2) == 0)
		return err_set_at(err, op->args.span_offset,
		    op->args.span_bytes, "two fields are called '%s'",
		    op->args.as);
	layout_build(op, op->in[0], &layout);
	op->out = schema_hold(layout.out);
	project_free(&layout);
	return 0;
}

static void
unnest_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	if (need_is_all(out))
		need_all(in);
	for (uint32_t i = 0; i < need_count(out); i++)
		if (slot_of(op, need_name(out, i)) == 0)
			need_add(in, need_name(out, i));
	need_add_expr(in, op->args.expr);
}

static int
unnest_open(struct op_run *run, struct err *err)
{
	struct unnest *unnest = run->state;

	(void)err;
	unnest->most = batch_rows_target();
	unnest->row = mem_alloc(unnest->most * sizeof(*unnest->row));
	unnest->position = mem_alloc(unnest->most * sizeof(int64_t));
	unnest->token = mem_alloc(unnest->most * sizeof(*unnest->token));
	return 0;
}

static void
element_column(struct unnest *unnest, struct region *region,
	struct column *out)
{
	if (!unnest->as_tokens) {
		builder_finish(&unnest->value, region, out);
		return;
	}
	column_init_flat(out, TYPE_RAW_JSON, unnest->count, region);
	memcpy(out->data, unnest->token,
	    unnest->count * sizeof(*unnest->token));
}

/* Give the records that wait. */
static enum op_status
unnest_give(struct unnesting *at)
{
	struct unnest *unnest = at->run->state;
	const struct project_layout *layout = &unnest->layout;
	uint32_t count = unnest->count;

	if (count == 0)
		return OP_OK;
	struct batch *batch = batch_new(layout->out, count);
	struct region *region = batch_region(batch);
	batch_inherit(batch, at->batch, unnest->row);
	for (uint32_t i = 0; i < layout->slot_count; i++) {
		int from = layout->slot[i].column;
		struct column *out = &batch->column[i];
		if (from >= 0) {
			column_gather(&at->batch->column[from], unnest->row,
			    count, region, out);
		} else if (from == SLOT_ELEMENT) {
			element_column(unnest, region, out);
		} else {
			column_init_flat(out, TYPE_INT, count, region);
			memcpy(out->data, unnest->position,
			    count * sizeof(int64_t));
		}
	}
	unnest->count = 0;
	return op_give(at->run, batch, at->err);
}

/* Another record; its element is set by the caller. */
static inline enum op_status
unnest_add(struct unnesting *at, int64_t position)
{
	struct unnest *unnest = at->run->state;

	unnest->row[unnest->count] = (uint16_t)at->row;
	unnest->position[unnest->count++] = position;
	return unnest->count < unnest->most ? OP_OK : unnest_give(at);
}

static enum op_status
unnest_add_token(struct unnesting *at, int64_t position, const char *bytes,
	size_t size)
{
	struct unnest *unnest = at->run->state;

	if (unnest->as_tokens) {
		unnest->token[unnest->count] = text_make(bytes, size);
	} else {
		struct value value = json_value(bytes, size, at->region);
		builder_add(&unnest->value, &value);
	}
	return unnest_add(at, position);
}

/* A member of a record, {"key":k,"value":v}. */
static enum op_status
unnest_add_member(struct unnesting *at, int64_t position,
	const struct json_member *member)
{
	struct buf buf = { 0 };

	buf_add_string(&buf, "{\"key\":\"");
	buf_add(&buf, member->key, member->key_size);
	buf_add_string(&buf, "\",\"value\":");
	buf_add(&buf, member->bytes, member->size);
	buf_add_char(&buf, '}');
	const char *bytes = region_copy(at->region, buf.bytes, buf.size);
	enum op_status status = unnest_add_token(at, position, bytes,
	    buf.size);
	buf_fini(&buf);
	return status;
}

/* An array's elements or an object's members. */
static enum op_status
unnest_walk(struct unnesting *at, const char *bytes, size_t size)
{
	struct json_walk walk;
	struct json_member member;
	enum op_status status = OP_OK;

	json_walk_init(&walk, bytes, size);
	for (int64_t i = 1; status == OP_OK && json_walk_next(&walk, &member);
	    i++)
		status = walk.is_object ? unnest_add_member(at, i, &member) :
		    unnest_add_token(at, i, member.bytes, member.size);
	return status;
}

/* A token of JSON input. */
static enum op_status
unnest_token(struct unnesting *at, const struct text *token)
{
	const char *bytes = text_bytes(token);

	if (token->size == 0 || *bytes == 'n')
		return OP_OK;
	if (*bytes == '[' || *bytes == '{')
		return unnest_walk(at, bytes, token->size);
	return unnest_add_token(at, 1, bytes, token->size);
}

/* Is undeclared text an array or an object, to its end? */
static int
text_is_nested(const char **bytes, size_t *size)
{
	const char *start = *bytes, *end = start + *size;
	size_t fault;

	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	if (start == end || (*start != '[' && *start != '{') ||
	    json_check(start, (size_t)(end - start), &fault) != NULL)
		return 0;
	*bytes = start;
	*size = (size_t)(end - start);
	return 1;
}

static enum op_status
unnest_value(struct unnesting *at, const struct value *value)
{
	struct unnest *unnest = at->run->state;
	const struct text *text = &value->cell.text;
	size_t size;
	const char *bytes;

	if (value->type <= TYPE_MISSING)
		return OP_OK;
	if (type_is_textual(value->type)) {
		bytes = text_bytes(text);
		size = text->size;
		if (value->type == TYPE_LIST || value->type == TYPE_RECORD ||
		    (value->type == TYPE_RAW && text_is_nested(&bytes, &size)))
			return unnest_walk(at, bytes, size);
	}
	builder_add(&unnest->value, value);
	return unnest_add(at, 1);
}

static enum op_status
unnest_rows(struct unnesting *at, const struct column *list)
{
	struct unnest *unnest = at->run->state;
	enum op_status status = OP_OK;

	unnest->as_tokens = list->type == TYPE_RAW_JSON;
	for (uint32_t i = 0; i < at->batch->sel_count && status == OP_OK; i++) {
		at->row = batch_row(at->batch, i);
		if (unnest->as_tokens) {
			struct text token = { 0 };
			if (column_row_is_valid(list, i))
				token = column_row_text(list, i);
			status = unnest_token(at, &token);
		} else {
			struct value value = column_value(list, i, at->region);
			status = unnest_value(at, &value);
		}
	}
	return status == OP_OK ? unnest_give(at) : status;
}

static enum op_status
unnest_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct unnest *unnest = run->state;
	struct batch *batch = take_batch;
	struct unnesting at = { run, batch, batch_region(batch), err, 0 };
	enum op_status status = OP_FAIL;
	struct column list;
	struct eval eval;

	(void)port;
	layout_build(run->op, batch->schema, &unnest->layout);
	eval_init(&eval, batch, at.region);
	expr_eval(run->op->args.expr, &eval, batch->sel, batch->sel_count,
	    &list);
	int again = eval.rejects.count > 0;
	if (op_reject(run, batch, &eval.rejects, err) == 0) {
		/* The rows that are left; none of them is refused now. */
		if (again)
			expr_eval(run->op->args.expr, &eval, batch->sel,
			    batch->sel_count, &list);
		status = unnest_rows(&at, &list);
	}
	unnest->count = 0;
	batch_free(&batch);
	return status;
}

static void
unnest_close(struct op_run *run)
{
	struct unnest *unnest = run->state;

	project_free(&unnest->layout);
	mem_free(unnest->row);
	mem_free(unnest->position);
	mem_free(unnest->token);
	builder_fini(&unnest->value);
}

const struct op_def op_unnest = {
	.name = "unnest",
	.syntax = "unnest EXPR [as NAME [, POSITION]]",
	.summary = "one record per element of a list",
	.holds = "nothing",
	.example = "unnest tags as tag",
	.state_bytes = sizeof(struct unnest),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = unnest_bind,
	.need = unnest_need,
	.open = unnest_open,
	.push = unnest_push,
	.close = unnest_close,
};
