/* watermark: marks of rows and splits, silence, the clock. */
#include <criterion/criterion.h>
#include <string.h>

#include "io/bad.h"
#include "op/op.h"
#include "util/buf.h"

struct rig {
	struct op *op;
	struct op_job job;
	struct op_run run, sink;
	struct buf out;		/* what came: rows "time/mark", m, i */
	struct schema *schema;
};

static enum op_status
sink_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct rig *rig = run->state;

	(void)port;
	(void)err;
	for (uint32_t i = 0; i < take_batch->sel_count; i++) {
		uint32_t row = batch_row(take_batch, i);
		buf_add_format(&rig->out, "%lld/",
		    (long long)take_batch->time[row]);
		if (take_batch->mark[row] == INT64_MIN)
			buf_add_string(&rig->out, "- ");
		else
			buf_add_format(&rig->out, "%lld ",
			    (long long)take_batch->mark[row]);
	}
	batch_free(&take_batch);
	return OP_OK;
}

static enum op_status
sink_mark(struct op_run *run, int64_t us, struct err *err)
{
	struct rig *rig = run->state;

	(void)err;
	buf_add_format(&rig->out, "m%lld ", (long long)us);
	return OP_OK;
}

static enum op_status
sink_idle(struct op_run *run, struct err *err)
{
	struct rig *rig = run->state;

	(void)err;
	buf_add_string(&rig->out, "idle ");
	return OP_OK;
}

static const struct op_def sink_def = { .name = "test", .push = sink_push,
	.mark = sink_mark, .idle = sink_idle };
static const struct op sink_op = { .def = &sink_def, .input_count = 1 };

static void
rig_warn(void *cookie, const char *message)
{
	struct rig *rig = cookie;

	buf_add_format(&rig->out, "[%s] ", message);
}

static void
rig_open(struct rig *rig, int64_t delay_us, int64_t idle_us, int is_clock)
{
	struct err err = ERR_INIT;

	memset(rig, 0, sizeof(*rig));
	rig->schema = schema_new();
	schema_add(rig->schema, "ts", 2, TYPE_TIME);
	rig->op = op_new(op_find("watermark", 9));
	rig->op->in[0] = schema_hold(rig->schema);
	rig->op->args.delay_us = delay_us;
	rig->op->args.idle_us = idle_us;
	if (!is_clock)
		rig->op->args.expr = expr_field("ts", 2, TYPE_TIME);
	cr_assert(op_bind(rig->op, &err) == 0);
	rig->job.bad = bad_new(BAD_SKIP, NULL, &err);
	rig->job.warn = rig_warn;
	rig->job.warn_cookie = rig;
	op_run_init(&rig->run, rig->op, &rig->job);
	cr_assert(rig->op->def->open(&rig->run, &err) == 0);
	rig->sink = (struct op_run){ .op = &sink_op, .state = rig,
		.job = &rig->job, .open_inputs = 1, .mark_us = { INT64_MIN },
		.marked_us = INT64_MIN };
	rig->run.next = &rig->sink;
}

static void
rig_expect(struct rig *rig, const char *wanted)
{
	cr_assert_str_eq(buf_string(&rig->out), wanted);
	rig->out.size = 0;
}

static void
rig_close(struct rig *rig)
{
	struct err err = ERR_INIT;

	rig->op->def->close(&rig->run);
	mem_free(rig->run.state);
	bad_close(&rig->job.bad, &err);
	op_free(&rig->op);
	schema_drop(&rig->schema);
	buf_fini(&rig->out);
}

/* A batch of times up to a 0. */
static void
give(struct rig *rig, uint64_t split, const int64_t *time)
{
	struct err err = ERR_INIT;
	uint32_t count = 0;

	while (time[count] != 0)
		count++;
	struct batch *batch = batch_new(rig->schema, count);
	column_init_flat(&batch->column[0], TYPE_TIME, count,
	    batch_region(batch));
	memcpy(batch->column[0].data, time, count * sizeof(*time));
	batch->split = split;
	cr_assert(op_push(&rig->run, 0, batch, &err) == OP_OK);
}

#define GIVE(rig, split, ...) \
	give(rig, split, (const int64_t[]){ __VA_ARGS__, 0 })

static void
split(struct rig *rig, uint64_t number, enum op_split what)
{
	struct err err = ERR_INIT;

	cr_assert(op_split(&rig->run, number, what, &err) == OP_OK);
}

/* The clock has come to `now_us`. */
static void
tick(struct rig *rig, int64_t now_us)
{
	struct err err = ERR_INIT;

	rig->job.now_us = now_us;
	if (rig->run.tick_us > now_us)
		return;
	rig->run.tick_us = INT64_MAX;
	cr_assert(rig->op->def->tick(&rig->run, now_us, &err) == OP_OK);
}

Test(watermark, rows_have_the_mark_before_them)
{
	struct rig rig;

	rig_open(&rig, 5, 0, 0);
	GIVE(&rig, 0, 10, 12, 11, 20, 7);
	rig_expect(&rig, "10/- 12/5 11/7 20/7 7/15 m15 ");
	GIVE(&rig, 0, 19);
	rig_expect(&rig, "19/15 ");
	GIVE(&rig, 0, 21);
	rig_expect(&rig, "21/15 m16 ");
	rig_close(&rig);
}

Test(watermark, the_slowest_split_leads)
{
	struct rig rig;

	rig_open(&rig, 0, 0, 0);
	split(&rig, 7, OP_SPLIT_BEGIN);
	split(&rig, 3, OP_SPLIT_BEGIN);
	GIVE(&rig, 7, 10, 20);
	rig_expect(&rig, "10/- 20/10 ");
	GIVE(&rig, 3, 5);
	rig_expect(&rig, "5/- m5 ");
	GIVE(&rig, 3, 40);
	rig_expect(&rig, "40/5 m20 ");
	/* It was the slower: the other counts alone. */
	split(&rig, 7, OP_SPLIT_END);
	rig_expect(&rig, "m40 ");
	/* Time does not go back for one that begins. */
	split(&rig, 9, OP_SPLIT_BEGIN);
	GIVE(&rig, 9, 8);
	GIVE(&rig, 3, 50);
	rig_expect(&rig, "8/- 50/40 ");
	GIVE(&rig, 9, 45);
	rig_expect(&rig, "45/8 m45 ");
	split(&rig, 9, OP_SPLIT_END);
	rig_expect(&rig, "m50 ");
	split(&rig, 3, OP_SPLIT_END);
	rig_expect(&rig, "");
	rig_close(&rig);
}

Test(watermark, a_silent_split_is_not_waited_for)
{
	struct rig rig;

	rig_open(&rig, 0, 1000000, 0);
	split(&rig, 1, OP_SPLIT_BEGIN);
	split(&rig, 2, OP_SPLIT_BEGIN);
	GIVE(&rig, 1, 10);
	rig_expect(&rig, "10/- ");
	tick(&rig, 250000);
	tick(&rig, 500000);
	tick(&rig, 750000);
	GIVE(&rig, 1, 11);
	tick(&rig, 1000000);
	tick(&rig, 1249999);
	rig_expect(&rig, "11/10 ");
	tick(&rig, 1250000);
	rig_expect(&rig, "[nothing came from 1 of 2 inputs for 1s: time goes "
	    "on without] m11 ");
	for (int64_t us = 1500000; us < 2000000; us += 250000)
		tick(&rig, us);
	rig_expect(&rig, "");
	tick(&rig, 2000000);
	rig_expect(&rig, "[nothing came from 1 of 2 inputs for 1s: time goes "
	    "on without] idle ");
	cr_assert_eq(rig.run.tick_us, INT64_MAX);
	/* One is back, behind the time, and counts again. */
	GIVE(&rig, 2, 5);
	rig_expect(&rig, "5/- m11 ");
	GIVE(&rig, 1, 20);
	rig_expect(&rig, "20/11 ");
	GIVE(&rig, 2, 15);
	rig_expect(&rig, "15/5 m15 ");
	rig_close(&rig);
}

Test(watermark, the_clock_goes_on_by_itself)
{
	struct rig rig;

	rig_open(&rig, 10, 0, 1);
	rig.job.now_us = 1000;
	GIVE(&rig, 0, 1, 2);
	rig_expect(&rig, "1000/- 1000/990 m990 ");
	cr_assert_eq(rig.run.tick_us, 101000);
	tick(&rig, 101005);
	rig_expect(&rig, "m100995 ");
	/* The clock was set back. */
	rig.job.now_us = 500;
	GIVE(&rig, 0, 3);
	rig_expect(&rig, "101005/100995 ");
	rig_close(&rig);
}
