#ifndef SFLOW_TESTS_OP_HARNESS_H
#define SFLOW_TESTS_OP_HARNESS_H

/*
 * One operator with a sink behind it that writes down what it is given, a line
 * a record: the values as csv shows them, null as "-", commas between, line
 * ends as "~".
 */
#include <criterion/criterion.h>
#include <string.h>

#include "io/bad.h"
#include "op/joint.h"
#include "op/op.h"
#include "state/spill.h"
#include "util/buf.h"

struct harness {
	struct op *op;
	struct op_run run, sink, side;
	struct op_job job;
	struct buf out, aside;
	uint32_t batch_rows_max;	/* of the largest batch it gave */
	int names;			/* write the names of fields too */
};

static inline void
harness_write(struct harness *harness, const struct batch *batch,
	struct buf *out)
{
	struct region *region = region_new();
	size_t line;

	if (batch->sel_count > harness->batch_rows_max)
		harness->batch_rows_max = batch->sel_count;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		line = out->size;
		for (uint32_t c = 0; c < batch->schema->field_count; c++) {
			struct value value = column_value(&batch->column[c],
			    batch_row(batch, i), region);
			if (c > 0)
				buf_add_char(out, ',');
			if (harness->names)
				buf_add_format(out, "%s=",
				    batch->schema->field[c].name);
			if (value.type <= TYPE_MISSING)
				buf_add_char(out, '-');
			else
				value_add_text(&value, out);
		}
		for (size_t at = line; at < out->size; at++)
			if (out->bytes[at] == '\n')
				out->bytes[at] = '~';
		buf_add_char(out, '\n');
	}
	region_drop(&region);
}

static inline enum op_status
harness_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct harness *harness = run->state;

	(void)err;
	batch_verify(take_batch);
	harness_write(harness, take_batch, port == 0 ? &harness->out :
	    &harness->aside);
	batch_free(&take_batch);
	return OP_OK;
}

static const struct op_def harness_def = { .name = "test",
	.push = harness_push };
static const struct op harness_op = { .def = &harness_def, .input_count = 1 };

/* Bind, open and connect an operator whose arguments and inputs are set. */
static inline void
harness_open(struct harness *harness, struct op *op)
{
	struct err err = ERR_INIT;

	cr_assert(op_bind(op, &err) == 0, "%s", err.message);
	harness->op = op;
	harness->job.bad = bad_new(BAD_SKIP, NULL, &err);
	harness->job.spill = spill_new("/tmp", 0);
	harness->sink = (struct op_run){ .op = &harness_op, .state = harness,
		.job = &harness->job,
		.open_inputs = 1 };
	harness->run = (struct op_run){
		.op = op, .state = mem_alloc_zero(op->def->state_bytes + 8),
		.job = &harness->job, .next = &harness->sink,
		.side = &harness->sink, .side_port = 1,
		.open_inputs = op->input_count,
		.instance_count = 1,
	};
	if (op->def->flags & OP_JOINT)
		harness->run.joint = joint_new(1);
	if (op->def->share != NULL)
		harness->run.share = op->def->share(op, 1);
	if (op->def->open != NULL)
		cr_assert(op->def->open(&harness->run, &err) == 0);
}

static inline enum op_status
harness_give(struct harness *harness, unsigned port, struct batch *take_batch)
{
	struct err err = ERR_INIT;
	enum op_status status = op_push(&harness->run, port, take_batch, &err);

	cr_assert(status != OP_FAIL, "%s", err.message);
	return status;
}

static inline void
harness_end(struct harness *harness, unsigned port)
{
	struct err err = ERR_INIT;

	harness->run.side = NULL;	/* it ends with the other */
	enum op_status status = op_end(&harness->run, port, &err);
	while (status == OP_WAIT || status == OP_AGAIN)
		status = op_work(&harness->job, &err);
	cr_assert(status != OP_FAIL, "%s", err.message);
}

static inline void
harness_close(struct harness *harness)
{
	struct err err = ERR_INIT;

	if (harness->op->def->close != NULL)
		harness->op->def->close(&harness->run);
	cr_assert(harness->run.budget.used_bytes == 0,
	    "%llu bytes are still charged",
	    (unsigned long long)harness->run.budget.used_bytes);
	mem_free(harness->run.state);
	if (harness->run.share != NULL)
		harness->op->def->unshare(harness->run.share);
	joint_free(&harness->run.joint);
	op_job_fini(&harness->job);
	spill_free(&harness->job.spill);
	bad_close(&harness->job.bad, &err);
	op_free(&harness->op);
	buf_fini(&harness->out);
	buf_fini(&harness->aside);
}

/* A schema from "a b c". */
static inline struct schema *
harness_schema(const char *names)
{
	struct schema *schema = schema_new();

	while (*names != '\0') {
		size_t size = strcspn(names, " ");
		schema_add(schema, names, size, TYPE_ANY);
		names += size + (names[size] == ' ');
	}
	return schema;
}

/*
 * A batch of undeclared text, from "1,ann;2,bob;3,-": rows with semicolons
 * between, values with commas, "-" is null.
 */
static inline struct batch *
harness_batch(struct schema *schema, const char *rows)
{
	uint32_t fields = schema->field_count, count = 0;
	struct builder builder[8] = { 0 };

	cr_assert(fields <= 8);
	while (*rows != '\0') {
		for (uint32_t c = 0; c < fields; c++) {
			size_t size = strcspn(rows, ",;");
			if (size == 1 && *rows == '-')
				builder_add_null(&builder[c]);
			else
				builder_add_text(&builder[c], TYPE_RAW, rows,
				    size);
			rows += size + (rows[size] != '\0');
		}
		count++;
	}
	struct batch *batch = batch_new(schema, count);
	struct region *region = batch_region(batch);
	for (uint32_t c = 0; c < fields; c++) {
		builder_finish(&builder[c], region, &batch->column[c]);
		builder_fini(&builder[c]);
	}
	return batch;
}

static inline struct expr *
harness_field(const char *name)
{
	return expr_field(name, strlen(name), TYPE_ANY);
}

static inline void
harness_expect(struct harness *harness, const char *wanted)
{
	cr_assert_str_eq(buf_string(&harness->out), wanted);
}

#endif
