/*
 * Saved state of watermark and window: the first byte chooses which, the rest
 * is an entry.  What is loaded can be saved, and that loads again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "op/op.h"
#include "state/save.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static struct agg_expr *
make_agg(const char *name)
{
	const struct agg_def *def = agg_find(name, strlen(name));
	struct expr *arg[1] = { expr_field("n", 1, TYPE_ANY) };
	struct err err = ERR_INIT;
	unsigned bad_arg;

	return agg_expr_new(def, arg, 1, NULL, &bad_arg, &err);
}

static struct op *
make_op(int is_window)
{
	static const char *const agg[] = { "sum", "max", "list",
		"count_distinct" };
	struct op *op = op_new(is_window ? op_find("window", 6) :
	    op_find("watermark", 9));
	struct err err = ERR_INIT;

	op->in[0] = schema_new();
	op->args.delay_us = 5;
	if (!is_window) {
		op->args.expr = expr_field("t", 1, TYPE_ANY);
		require(op_bind(op, &err) == 0);
		return op;
	}
	op->args.window = (struct op_window){ 6, 4, 1, 10 };
	op->args.by = mem_alloc_zero(2 * sizeof(*op->args.by));
	op->args.by_count = 2;
	op->args.by[0].name = "a";
	op->args.by[0].expr = expr_field("a", 1, TYPE_ANY);
	op->args.by[1].name = "b";
	op->args.by[1].expr = expr_field("b", 1, TYPE_ANY);
	op->args.agg = mem_alloc_zero(4 * sizeof(*op->args.agg));
	op->args.agg_count = 4;
	for (unsigned i = 0; i < 4; i++)
		op->args.agg[i] = (struct op_agg){ agg[i], make_agg(agg[i]) };
	require(op_bind(op, &err) == 0);
	return op;
}

static void
run_open(struct op_run *run, struct op *op, struct op_job *job)
{
	struct err err = ERR_INIT;

	op_run_init(run, op, job);
	require(op->def->open(run, &err) == 0);
}

static void
run_close(struct op_run *run)
{
	run->op->def->close(run);
	require(run->budget.used_bytes == 0);
	mem_free(run->state);
}

/* Save, and load into another. */
static void
pass_on(struct op_run *run, struct op_run *other)
{
	const struct op_def *def = run->op->def;
	struct save *save = save_new();
	struct err err = ERR_INIT;
	void *image;

	require(def->freeze(run, &image, &err) == 0);
	require(def->save(run, image, save, &err) == 0);
	def->thaw(run, image);
	for (uint64_t i = 0; i < save_count(save); i++) {
		uint32_t group;
		size_t size;
		const char *bytes = save_entry(save, i, &group, &size);
		require(def->load(other, group, bytes, size, &err) == 0);
	}
	save_free(&save);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct op_job job = { .now_us = 0 };
	struct op_run run, other;
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	struct op *op = make_op(data[0] & 1);
	/* To the byte: what lies behind must not be read. */
	char *entry = mem_alloc(size);
	memcpy(entry, data + 1, size - 1);
	run_open(&run, op, &job);
	run_open(&other, op, &job);
	if (op->def->load(&run, 0, entry, size - 1, &err) == 0)
		pass_on(&run, &other);
	else
		require(err.message[0] != '\0');
	run_close(&run);
	run_close(&other);
	op_free(&op);
	mem_free(entry);
	return 0;
}
