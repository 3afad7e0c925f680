/*
 * parse EXPR with PATTERN [else ROUTE] | parse EXPR as FORMAT [else ROUTE]
 *
 * Arguments: expr, pattern or parse_format with options, route.  What is found
 * becomes fields; one that exists is replaced where it stands, else they are
 * added at the end.  The work is done in three parts:
 *
 *     the texts	as one run of bytes and a range a row: the chunk itself
 *			for undeclared text, else a copy
 *     the columns	parse_pattern.c cuts and parse_value.c reads captures;
 *			parse_members.c and parse_reader.c read formats
 *     the route	of rows that do not match: they are bad records, are
 *			dropped, kept with nulls, or go to the side output as
 *			they came
 *
 * A text that is null or missing does not match.
 *
 * The members of JSON objects may be other fields in each.  A field that is in
 * the record already keeps its value where the object lacks it.
 */
#include "op/op.h"

#include <string.h>

#include "func/regex.h"
#include "op/parse_format.h"
#include "op/parse_pattern.h"
#include "op/project.h"
#include "util/bits.h"
#include "util/buf.h"

/* Bytes that are readable behind a text. */
#define TEXT_PADDING 16

struct parse_plan {
	struct parse_pattern *pattern;	/* or NULL: a format */
	struct schema *fields;		/* of captures; json: those asked for */
	int is_json;
	int asked, all;			/* json: need was told; all fields */
};

struct parse {
	struct project_layout layout;	/* column < 0: field -1 - column */
	uint32_t layout_fields;		/* of what is parsed, it is for */
	struct regex_scan *scan;
	struct parse_members members;
};

static const char *const no_match = "the text does not match the pattern";
static const char *const no_text = "there is no text to parse";

/* --- plan --- */

static struct schema *
pattern_fields(const struct parse_pattern *pattern)
{
	struct schema *fields = schema_new();
	uint32_t count;
	const struct parse_capture *capture = parse_pattern_captures(pattern,
	    &count);

	for (uint32_t i = 0; i < count; i++)
		schema_add(fields, capture[i].name, strlen(capture[i].name),
		    capture[i].kind == CAPTURE_TYPE ||
		    capture[i].kind == CAPTURE_CLF ? capture[i].type :
		    TYPE_ANY);
	return fields;
}

static int
format_is_json(const struct format_def *format)
{
	return format->record_type == TYPE_RAW_JSON;
}

/* The input's fields and the parsed ones; `slot` says where a field is from. */
static void
layout_build(struct project_layout *layout, struct schema *in,
	const struct schema *fields)
{
	if (layout->in != NULL)
		project_free(layout);
	layout->in = schema_hold(in);
	layout->out = schema_new();
	layout->out->open = in->open || fields->open;
	for (uint32_t i = 0; i < in->field_count; i++) {
		const struct field *field = &in->field[i];
		int parsed = schema_find(fields, field->name, field->name_size);
		if (parsed < 0)
			project_add_input(layout, i);
		else
			project_add(layout, field->name, field->name_size,
			    fields->field[parsed].type, -1 - parsed, NULL);
	}
	for (uint32_t i = 0; i < fields->field_count; i++) {
		const struct field *field = &fields->field[i];
		if (schema_find(layout->out, field->name,
		    field->name_size) < 0)
			project_add(layout, field->name, field->name_size,
			    field->type, -1 - (int)i, NULL);
	}
}

static int
parse_bind(struct op *op, struct err *err)
{
	struct parse_plan *plan = mem_alloc_zero(sizeof(*plan));
	struct project_layout layout = { 0 };

	op->plan = plan;
	if (op->args.parse_format == NULL) {
		plan->pattern = parse_pattern_new(op->args.pattern,
		    op->args.pattern_size, op->args.pattern_is_regex, err);
		if (plan->pattern != NULL)
			plan->fields = pattern_fields(plan->pattern);
	} else if (format_is_json(op->args.parse_format)) {
		plan->is_json = 1;
		plan->fields = schema_new();
		plan->fields->open = 1;
	} else {
		plan->fields = parse_reader_bind(&op->args, err);
	}
	if (plan->fields == NULL)
		return -1;
	layout_build(&layout, op->in[0], plan->fields);
	op->out = schema_hold(layout.out);
	project_free(&layout);
	return 0;
}

static void
parse_unbind(struct op *op)
{
	struct parse_plan *plan = op->plan;

	parse_pattern_free(&plan->pattern);
	schema_drop(&plan->fields);
	mem_free(plan);
	op->plan = NULL;
}

/* JSON: a field that is asked for may be parsed, or be of the input. */
static void
plan_ask(struct parse_plan *plan, const struct need_set *out)
{
	plan->asked = 1;
	plan->all |= need_is_all(out);
	for (uint32_t i = 0; i < need_count(out); i++) {
		const char *name = need_name(out, i);
		if (schema_find(plan->fields, name, strlen(name)) < 0)
			schema_add(plan->fields, name, strlen(name), TYPE_ANY);
	}
}

static void
parse_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	struct parse_plan *plan = op->plan;

	(void)port;
	if (plan->is_json)
		plan_ask(plan, out);
	if (need_is_all(out))
		need_all(in);
	for (uint32_t i = 0; i < need_count(out); i++) {
		const char *name = need_name(out, i);
		if (plan->is_json || schema_find(plan->fields, name,
		    strlen(name)) < 0)
			need_add(in, name);
	}
	need_add_expr(in, op->args.expr);
	if (op->side == NULL)
		return;
	/* The rows that do not match leave as they came. */
	struct need_set *side = need_set_new();
	op_need_chain(op->side, op->side_port, side);
	need_copy(in, side);
	need_set_free(&side);
}

int
parse_makes_field(const struct op *op, const char *name)
{
	const struct parse_plan *plan = op->plan;

	return plan->fields->open ||
	    schema_find(plan->fields, name, strlen(name)) >= 0;
}

/* The members of objects are fields in the order in which they were met. */
static int
parse_in_order(const struct op *op)
{
	const struct parse_plan *plan = op->plan;

	return plan->is_json && (!plan->asked || plan->all);
}

static int
parse_open(struct op_run *run, struct err *err)
{
	struct parse *parse = run->state;
	const struct parse_plan *plan = run->op->plan;

	(void)err;
	if (plan->pattern != NULL)
		parse->scan = parse_pattern_scan(plan->pattern);
	if (plan->is_json) {
		parse->members.all = parse_in_order(run->op);
		parse->members.fields = parse->members.all ? schema_new() :
		    schema_copy(plan->fields);
	}
	return 0;
}

/* --- the texts --- */

/* The range of each selected row of undeclared text in its chunk. */
static void
texts_of_slices(const struct column *column, const struct batch *batch,
	uint32_t *range, struct parse_texts *out)
{
	out->base = column->base;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t size;
		const char *bytes = column_slice(column, batch_row(batch, i),
		    &size);
		range[2 * i] = (uint32_t)(bytes - column->base);
		range[2 * i + 1] = range[2 * i] + size;
	}
}

/* Dense texts, copied one behind the other; -1 if that is too much. */
static int
texts_copy(const struct column *column, uint32_t count, struct region *region,
	uint32_t *range, struct parse_texts *out)
{
	uint32_t mask = column_mask(column), at = 0;
	const struct text *text = column->data;
	uint64_t bytes = 0;

	for (uint32_t i = 0; column->type != TYPE_NULL && i < count; i++)
		bytes += text[i & mask].size;
	if (bytes > UINT32_MAX - TEXT_PADDING)
		return -1;
	char *base = region_alloc(region, bytes + TEXT_PADDING);
	memset(base + bytes, 0, TEXT_PADDING);
	for (uint32_t i = 0; i < count; i++) {
		range[2 * i] = range[2 * i + 1] = at;
		if (column->type == TYPE_NULL ||
		    !column_row_is_valid(column, i))
			continue;
		memcpy(base + at, text_bytes(&text[i & mask]),
		    text[i & mask].size);
		at += text[i & mask].size;
		range[2 * i + 1] = at;
	}
	out->base = base;
	return 0;
}

/* Rows that are null or missing are rejected. */
static void
texts_reject_nulls(const struct column *column, const struct batch *batch,
	int is_dense, struct rejects *rejects)
{
	if (column->type != TYPE_NULL && column->valid == NULL)
		return;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t at = batch_row(batch, i);
		if (column->type == TYPE_NULL ||
		    !column_row_is_valid(column, is_dense ? i : at))
			rejects_add(rejects, at, no_text);
	}
}

/* The batch's own column of undeclared text in its chunk, or NULL. */
static const struct column *
texts_in_place(const struct op *op, const struct batch *batch)
{
	const char *name = expr_field_name(op->args.expr);
	const struct column *column = name == NULL ? NULL :
	    batch_find(batch, name);

	return column != NULL && column->encoding == SLICE &&
	    column->type == TYPE_RAW ? column : NULL;
}

static int
texts_make(struct op_run *run, struct batch *batch, struct region *region,
	struct rejects *rejects, struct parse_texts *out, struct err *err)
{
	const struct column *slices = texts_in_place(run->op, batch);
	struct column column;
	struct eval eval;

	if (slices == NULL) {
		eval_init(&eval, batch, region);
		expr_eval_as(run->op->args.expr, &eval, FUNC_TEXT, batch->sel,
		    batch->sel_count, &column);
		if (eval.rejects.count > 0) {
			if (op_reject(run, batch, &eval.rejects, err) != 0)
				return -1;
			return texts_make(run, batch, region, rejects, out,
			    err);
		}
	}
	uint32_t *range = region_alloc(region,
	    (2 * batch->sel_count + 2) * sizeof(*range));
	out->range = range;
	out->count = batch->sel_count;
	texts_reject_nulls(slices != NULL ? slices : &column, batch,
	    slices == NULL, rejects);
	if (slices != NULL)
		texts_of_slices(slices, batch, range, out);
	else if (texts_copy(&column, batch->sel_count, region, range,
	    out) != 0)
		return err_set(err, ERR_IO, "parse: the texts of %u records "
		    "have more than 4 GiB", batch->sel_count);
	return 0;
}

/* --- the columns --- */

/* Rejected rows have no cuts; what is not selected must be harmless too. */
static void
cuts_clear(uint32_t *cut, uint32_t stride, uint32_t rows,
	const uint64_t *failed)
{
	for (uint32_t row = 0; row < rows; row++)
		if (bits_get(failed, row))
			memset(cut + (size_t)row * stride, 0,
			    stride * sizeof(*cut));
}

static struct column *
columns_of_pattern(struct op_run *run, const struct batch *batch,
	const struct parse_texts *texts, struct region *region,
	struct rejects *rejects)
{
	const struct parse *parse = run->state;
	const struct parse_plan *plan = run->op->plan;
	uint32_t count = plan->fields->field_count, rows = batch->row_count;
	size_t bytes = (size_t)rows * count * 2 * sizeof(uint32_t);
	uint32_t *cut = region_alloc(region, bytes);
	struct column *column = region_alloc(region, count * sizeof(*column));
	uint64_t failed[BATCH_ROWS_MAX / 64] = { 0 };

	if (batch->sel != NULL)
		memset(cut, 0, bytes);
	if (rejects->count > 0)
		memcpy(failed, rejects->bits, sizeof(failed));
	parse_pattern_match(plan->pattern, parse->scan, texts, batch->sel, cut,
	    failed);
	for (uint32_t i = 0; i < count; i++)
		parse_capture_column(plan->pattern, i, texts, batch->sel, cut,
		    rows, failed, region, &column[i]);
	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t row = batch_row(batch, i);
		if (bits_get(failed, row) && !rejects_has(rejects, row))
			rejects_add(rejects, row, no_match);
	}
	if (rejects->count > 0)
		cuts_clear(cut, 2 * count, rows, failed);
	return column;
}

/* A parsed column whose missing values are the input's. */
static void
column_fall_back(const struct column *parsed, const struct column *input,
	uint32_t rows, struct region *region, struct column *out)
{
	struct builder builder = { 0 };

	for (uint32_t i = 0; i < rows; i++) {
		struct value value = column_value(parsed, i, region);
		if (value.type == TYPE_MISSING)
			value = column_value(input, i, region);
		builder_add(&builder, &value);
	}
	builder_finish(&builder, region, out);
	builder_fini(&builder);
}

/* Does any of the rows lack the member? */
static int
column_has_missing(const struct column *column, const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->sel_count; i++)
		if (column_row_text(column, batch_row(batch, i)).size == 0)
			return 1;
	return 0;
}

/* Rejected rows are null in all columns. */
static void
columns_clear(struct column *column, uint32_t count, uint32_t rows,
	const struct rejects *rejects, struct region *region)
{
	for (uint32_t row = 0; row < rows && rejects->count > 0; row++) {
		if (!rejects_has(rejects, row))
			continue;
		for (uint32_t i = 0; i < count; i++) {
			column_need_valid(&column[i], rows, region);
			bits_clear(column[i].valid, row);
		}
	}
}

/*
 * The batch with its new columns.  Of rows that stay although they do not
 * match, all captures are null.
 */
static void
parse_set_columns(struct op_run *run, struct batch *batch,
	struct column *parsed, uint32_t count, const struct rejects *rejects,
	struct region *region)
{
	struct parse *parse = run->state;
	const struct parse_plan *plan = run->op->plan;
	const struct project_layout *layout = &parse->layout;
	struct column *column = region_alloc(region,
	    (layout->slot_count + 1) * sizeof(*column));

	for (uint32_t i = 0; i < count && plan->is_json; i++) {
		const struct field *field = &parse->members.fields->field[i];
		int input = schema_find(layout->in, field->name,
		    field->name_size);
		struct column members = parsed[i];
		if (input >= 0 && column_has_missing(&members, batch))
			column_fall_back(&members, &batch->column[input],
			    batch->row_count, region, &parsed[i]);
	}
	/* A format's columns have nulls there already. */
	if (plan->pattern != NULL && run->op->args.route == OP_ROUTE_KEEP)
		columns_clear(parsed, count, batch->row_count, rejects, region);
	for (uint32_t i = 0; i < layout->slot_count; i++) {
		int from = layout->slot[i].column;
		column[i] = from >= 0 ? batch->column[from] :
		    parsed[-1 - from];
	}
	batch_set_schema(batch, layout->out);
	memcpy(batch->column, column, layout->slot_count * sizeof(*column));
	batch->has_record = 0;
}

/* --- the route --- */

/* Select the rows that are, or are not, rejected. */
static void
select_rejected(struct batch *batch, const struct rejects *rejects, int wanted)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		sel[kept] = (uint16_t)row;
		kept += rejects_has(rejects, row) == wanted;
	}
	batch->sel = sel;
	batch->sel_count = kept;
}

/* Before the batch has its new columns: 0, or -1 with err. */
static int
parse_route(struct op_run *run, struct batch *batch,
	const struct rejects *rejects, struct err *err)
{
	struct batch *side;

	if (rejects->count == 0)
		return 0;
	switch (run->op->args.route) {
	case OP_ROUTE_FAIL:
		return op_reject(run, batch, rejects, err);
	case OP_ROUTE_DROP:
		select_rejected(batch, rejects, 0);
		return 0;
	case OP_ROUTE_KEEP:
		return 0;
	case OP_ROUTE_TO:
		break;
	}
	side = batch_clone(batch);
	select_rejected(side, rejects, 1);
	select_rejected(batch, rejects, 0);
	return op_give_side(run, side, err) == OP_FAIL ? -1 : 0;
}

static enum op_status
parse_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct parse *parse = run->state;
	const struct parse_plan *plan = run->op->plan;
	struct batch *batch = take_batch;
	struct region *region = batch_region(batch);
	struct rejects rejects = { .region = region };
	const struct schema *fields = plan->is_json ? parse->members.fields :
	    plan->fields;
	struct parse_texts texts;
	struct column *column = NULL;
	int status = 0;

	(void)port;
	if (texts_make(run, batch, region, &rejects, &texts, err) != 0)
		goto fail;
	if (plan->pattern != NULL)
		column = columns_of_pattern(run, batch, &texts, region,
		    &rejects);
	else if (plan->is_json)
		parse_members_read(&parse->members, &texts, batch->sel,
		    batch->row_count, &rejects, region, &column);
	else
		status = parse_reader_read(run, fields, &texts, batch->sel,
		    batch->row_count, &rejects, batch, &column, err);
	if (status != 0 || parse_route(run, batch, &rejects, err) != 0)
		goto fail;
	if (parse->layout.in != batch->schema ||
	    parse->layout_fields != fields->field_count) {
		layout_build(&parse->layout, batch->schema, fields);
		parse->layout_fields = fields->field_count;
	}
	parse_set_columns(run, batch, column, fields->field_count, &rejects,
	    region);
	return op_give(run, batch, err);
fail:
	batch_free(&batch);
	return OP_FAIL;
}

static void
parse_close(struct op_run *run)
{
	struct parse *parse = run->state;

	project_free(&parse->layout);
	schema_drop(&parse->members.fields);
	if (parse->scan != NULL)
		regex_scan_fini(parse->scan);
	mem_free(parse->scan);
}

static void
parse_explain(const struct op *op, struct buf *out)
{
	const struct parse_plan *plan = op->plan;

	if (op->args.parse_format != NULL)
		buf_add_format(out, "as %s", op->args.parse_format->name);
	for (uint32_t i = 0; plan->pattern != NULL &&
	    i < plan->fields->field_count; i++)
		buf_add_format(out, "%s%s", i == 0 ? "" : ", ",
		    plan->fields->field[i].name);
}

const struct op_def op_parse = {
	.name = "parse",
	.syntax = "parse EXPR with PATTERN|REGEX [else ROUTE] | "
	    "parse EXPR as FORMAT [else ROUTE]",
	.summary = "make fields of a text, by a pattern with holes, a regex or "
	    "a format",
	.holds = "nothing",
	.example = "parse line with \"{ip} {_} [{ts:clf}] {rest}\" else drop",
	.state_bytes = sizeof(struct parse),
	.flags = OP_KEEPS_TIME | OP_PARALLEL,
	.bind = parse_bind,
	.unbind = parse_unbind,
	.need = parse_need,
	.open = parse_open,
	.in_order = parse_in_order,
	.push = parse_push,
	.close = parse_close,
	.explain = parse_explain,
};
