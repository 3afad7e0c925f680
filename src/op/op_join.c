/*
 * join REL [as NAME] on CONDITION: pair the records with those of another
 * input.
 *
 * Arguments: join, on_left, on_right, on_count, residual, as.  The other input
 * comes at port 1 and is kept (join_build.c); each record of port 0 goes on
 * with all its matches, in the order in which they came (join_probe.c).  So
 * the order of the output is that of port 0; in right and full joins the kept
 * records that nothing met follow at the end.
 *
 *     inner  left  right  full	pairs, and records of one side or both alone
 *     semi  anti		records of port 0 that have, or have no, match
 *
 * Plans read port 1 first where they can.  When one stream feeds both ports its
 * batches come to port 0 early: they wait, as copies, until port 1 has ended.
 */
#include "op/op.h"

#include <string.h>

#include "op/group.h"
#include "op/join.h"
#include "op/join_priv.h"
#include "util/buf.h"

struct join {
	struct join_build build;
	struct join_probe probe;
	int built;		/* port 1 has ended */
	int left_ended;
	struct batch **waiting;
	uint32_t waiting_count, waiting_capacity;
};

static int
join_bind(struct op *op, struct err *err)
{
	struct join_plan *plan = mem_alloc_zero(sizeof(*plan));
	const char *clash;

	(void)err;
	plan->wish = need_set_new();
	op->plan = plan;
	op->out = join_is_half(op) ? schema_hold(op->in[0]) :
	    join_schema(op->in[0], op->in[1], op->args.as, NULL, 0, &clash);
	return 0;
}

static void
join_unbind(struct op *op)
{
	struct join_plan *plan = op->plan;

	need_set_free(&plan->wish);
	mem_free(plan);
	op->plan = NULL;
}

static void
join_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	struct join_plan *plan = op->plan;
	struct expr **on = port == 0 ? op->args.on_left : op->args.on_right;

	/* The kept side will keep no more than this. */
	need_copy(plan->wish, out);
	plan->asked = 1;
	join_need_fields(op, out, port, in);
	for (uint32_t i = 0; i < op->args.on_count; i++)
		need_add_expr(in, on[i]);
}

static int
join_open(struct op_run *run, struct err *err)
{
	struct join *join = run->state;

	(void)err;
	join_build_open(run, &join->build);
	join_probe_open(&join->probe);
	return 0;
}

/* A left batch that came before all of the right side. */
static int
join_wait(struct op_run *run, struct batch *batch, struct err *err)
{
	struct join *join = run->state;
	struct batch *copy = batch_compact(batch);

	if (op_charge(run, batch_bytes(copy), err) != 0) {
		batch_free(&copy);
		return -1;
	}
	if (join->waiting_count == join->waiting_capacity) {
		join->waiting_capacity = join->waiting_capacity * 2 + 4;
		join->waiting = mem_resize(join->waiting,
		    join->waiting_capacity * sizeof(*join->waiting));
	}
	join->waiting[join->waiting_count++] = copy;
	return 0;
}

/* Can no left record give anything any more? */
static int
join_is_done(const struct op_run *run, const struct join *join)
{
	switch (run->op->args.join) {
	case OP_JOIN_INNER:
	case OP_JOIN_SEMI:
		return group_table_count(join->build.keys) == 0;
	case OP_JOIN_RIGHT:
		/* Rows without a key come out at the end. */
		return rows_count(join->build.rows) == 0;
	default:
		return 0;
	}
}

static enum op_status
join_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct join *join = run->state;
	struct batch *batch = take_batch;
	int status;

	if (port == 0 && join->built && join_is_done(run, join)) {
		batch_free(&batch);
		return OP_DONE;
	}
	if (port == 0 && join->built)
		return join_probe_batch(run, &join->probe, &join->build, batch,
		    err);
	status = port == 0 ? join_wait(run, batch, err) :
	    join_build_add(run, &join->build, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

static enum op_status
join_probe_waiting(struct op_run *run, struct err *err)
{
	struct join *join = run->state;
	enum op_status status = OP_OK;

	for (uint32_t i = 0; i < join->waiting_count && status == OP_OK; i++) {
		struct batch *batch = join->waiting[i];
		join->waiting[i] = NULL;
		uint64_t bytes = batch_bytes(batch);
		status = join_probe_batch(run, &join->probe, &join->build,
		    batch, err);
		mem_release(&run->budget, bytes);
	}
	return status;
}

static enum op_status
join_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct join *join = run->state;
	enum op_status status = OP_OK;

	if (port == 0) {
		join->left_ended = 1;
	} else {
		join->built = 1;
		if (join_build_end(run, &join->build, err) != 0)
			return OP_FAIL;
		status = join_probe_waiting(run, err);
	}
	if (status == OP_OK && join->built && join->left_ended)
		status = join_probe_rest(run, &join->probe, &join->build, err);
	return status;
}

static void
join_close(struct op_run *run)
{
	struct join *join = run->state;

	for (uint32_t i = 0; i < join->waiting_count; i++) {
		if (join->waiting[i] == NULL)
			continue;
		mem_release(&run->budget, batch_bytes(join->waiting[i]));
		batch_free(&join->waiting[i]);
	}
	mem_free(join->waiting);
	join_build_close(run, &join->build);
	join_probe_close(&join->probe);
}

static void
join_explain(const struct op *op, struct buf *out)
{
	static const char *const kinds[] = {
		[OP_JOIN_INNER] = "inner", [OP_JOIN_LEFT] = "left",
		[OP_JOIN_RIGHT] = "right", [OP_JOIN_FULL] = "full",
		[OP_JOIN_SEMI] = "semi", [OP_JOIN_ANTI] = "anti",
		[OP_JOIN_ASOF] = "asof",
	};

	buf_add_string(out, kinds[op->args.join]);
	if (op->args.as != NULL)
		buf_add_format(out, " as %s", op->args.as);
	if (op->args.on_count == 0)
		buf_add_string(out, ", each with each");
	else
		buf_add_format(out, ", %u key%s", op->args.on_count,
		    op->args.on_count == 1 ? "" : "s");
	if (op->args.residual != NULL)
		buf_add_string(out, " and a condition");
}

const struct op_def op_join = {
	.name = "join",
	.syntax = "[inner|left|right|full|semi|anti] join FILE [as NAME] "
	    "on COND",
	.summary = "pair the records with those of another input",
	.holds = "the records of the other input",
	.example = "left join \"users.csv\" as u on uid == u.id",
	.flags = OP_HOLDS | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct join),
	.bind = join_bind,
	.unbind = join_unbind,
	.need = join_need,
	.open = join_open,
	.push = join_push,
	.flush = join_flush,
	.close = join_close,
	.explain = join_explain,
};
