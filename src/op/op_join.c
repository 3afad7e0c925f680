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
 *     asof		each with the nearest before it (join_asof.c)
 *
 * Instances share the kept side (join_share.c):
 *
 *     port 1 comes	each keeps what it is given, by partition
 *     its end		meeting 1; partitions are dealt out, each gets its
 *			directory, or is put away; meeting 2
 *     port 0 comes	each looks its records up, in all partitions
 *     its end		meeting 3; partitions that were put away are dealt out
 *			and joined; meeting 4; they give, in order and in
 *			rounds, what was put aside and what met nothing.  Where
 *			nobody sees the order it is given at once instead, and
 *			meeting 3 is the last
 *
 * Plans read port 1 first where they can.  When one stream feeds both ports its
 * batches come to port 0 early: they wait (op/waiting.h) until port 1 has
 * ended; then the instances take them all in turn, one a round.
 *
 * Where both inputs come in the order of the keys (args.merge_key) there are no
 * partitions, and nothing is joined at the end: port 1 is kept in strips
 * (join_strip.c), and the records of port 0 meet those near them
 * (join_window.c).
 *
 * Where this side is much the smaller one the plan has it read first (args.
 * left_first).  Then two meetings come before all others, for the sieve that
 * its keys make (join_sieve.c).
 */
#include "op/op.h"

#include <string.h>

#include "op/join.h"
#include "op/join_priv.h"
#include "op/joint.h"
#include "op/waiting.h"
#include "util/buf.h"

/* How far the work behind an input has come. */
enum join_stage {
	STAGE_MEET,	/* not all instances have come */
	STAGE_PARTS,	/* partitions are dealt */
	STAGE_MADE,	/* not all instances are through with theirs */
	STAGE_GIVE,
	STAGE_THROUGH,
};

struct join {
	struct join_build build;
	struct join_probe probe;
	int built;		/* port 1 has ended, the directories are made */
	int left_ended;
	enum join_stage stage;	/* of the input that has ended */
	uint32_t met;		/* meetings before that for the right side */
	struct join_ending *ending;
};

static int
join_bind(struct op *op, struct err *err)
{
	struct join_plan *plan = mem_alloc_zero(sizeof(*plan));
	const char *clash;

	(void)err;
	plan->wish = need_set_new();
	plan->is_strict = op->args.asof_strict;
	plan->within_us = op->args.within_us;
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
	need_add_expr(in, port == 0 ? op->args.asof_left :
	    op->args.asof_right);
}

static int
join_open(struct op_run *run, struct err *err)
{
	struct join *join = run->state;

	(void)err;
	join_build_open(run, &join->build);
	join_probe_open(run, &join->probe, run->share);
	if (join_is_merged(run->op))
		join->probe.window = join_window_new(run->share);
	return 0;
}

/* The number of a batch's first record within its turn. */
static uint64_t
join_number(struct op_run *run, struct join *join, const struct batch *batch)
{
	struct join_probe *probe = &join->probe;

	if (probe->turn != run->job->turn)
		probe->number = 0;
	probe->turn = run->job->turn;
	uint64_t number = probe->number;
	probe->number += batch->sel_count;
	return number;
}

/* A left batch that came before all of the right side. */
static int
join_wait(struct op_run *run, struct batch *batch, struct err *err)
{
	struct join *join = run->state;
	struct join_share *share = run->share;
	uint64_t number = join_number(run, join, batch);

	if (run->op->args.left_first && join_sieve_note(run, share, batch,
	    err) != 0)
		return -1;
	return batch->sel_count == 0 ? 0 : waiting_add(share->waiting, run,
	    batch, join->probe.turn, number, err);
}

/* Can no left record give anything any more? */
static int
join_is_done(const struct op_run *run)
{
	const struct join_share *share = run->share;
	enum op_join kind = run->op->args.join;

	if (kind == OP_JOIN_RIGHT)
		return share->row_count == 0;
	if (kind != OP_JOIN_INNER && kind != OP_JOIN_SEMI)
		return 0;
	if (share->strip_count > 0)
		return 0;
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (share->is_spilled[p] || share->table[p].key_count > 0)
			return 0;
	return 1;
}

static enum op_status
join_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct join *join = run->state;
	struct batch *batch = take_batch;
	int status;

	if (port == 0 && join->built) {
		uint64_t number = join_number(run, join, batch);
		return join_probe_batch(run, &join->probe, batch,
		    join->probe.turn, number, err);
	}
	status = port == 0 ? join_wait(run, batch, err) :
	    join_build_add(run, &join->build, batch, err);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* --- behind an input --- */

/* The same where strips are kept: if some lie in a file, all do, and who comes
 * next has the memory. */
static enum op_status
join_make_strips(struct op_run *run, struct join *join, struct err *err)
{
	struct join_share *share = run->share;
	uint32_t piece;

	if (!op_deal(run, join->met + 1, share->instance_count + 1, &piece)) {
		join->stage = STAGE_MADE;
		return OP_AGAIN;
	}
	if (piece == share->instance_count)
		join_share_settle(share, run);
	else if (join_strips_are_away(share) && join_strips_write(run, share,
	    piece, err) != 0)
		return OP_FAIL;
	return OP_AGAIN;
}

/* Behind the end of port 1: make a directory, or the like. */
static enum op_status
join_make(struct op_run *run, struct join *join, struct err *err)
{
	struct join_share *share = run->share;
	uint32_t piece;

	if (join_is_merged(run->op))
		return join_make_strips(run, join, err);
	if (op_deal(run, join->met + 1, JOIN_PARTS + 1, &piece)) {
		if (piece == JOIN_PARTS)
			join_share_settle(share, run);
		else if (join_build_part(run, share, piece, err) != 0)
			return OP_FAIL;
		return OP_AGAIN;
	}
	join->stage = STAGE_MADE;
	return OP_AGAIN;
}

static void
join_made(struct op_run *run, struct join *join)
{
	struct join_share *share = run->share;

	/* Where these are the last, nobody may meet when they are out. */
	join->probe.is_aside = join_has_spilled(share) ||
	    (join->left_ended && join_keeps_right(run->op));
	join->probe.gives_at_once = run->op->args.is_unordered &&
	    !join->left_ended && !join_keeps_right(run->op);
	join->stage = STAGE_GIVE;
}

/* A batch of those that waited, one a round; OP_OK: that was the last round. */
static enum op_status
join_give_waiting(struct op_run *run, struct join *join, struct err *err)
{
	struct waiting *waiting = ((struct join_share *)run->share)->waiting;
	uint64_t turn, number;
	struct batch *batch;
	int got = waiting_take(waiting, run, &batch, &turn, &number, err);
	enum op_status status = got < 0 ? OP_FAIL : got == 0 ? OP_OK :
	    join_probe_batch(run, &join->probe, batch, turn, number, err);

	if (status == OP_FAIL)
		return OP_FAIL;
	if (status == OP_DONE)
		waiting_refuse(waiting, run);
	if (waiting_is_out(waiting, run))
		return OP_OK;
	run->job->turn_is_over = 1;
	return OP_AGAIN;
}

static enum op_status
join_work_right(struct op_run *run, struct join *join, struct err *err)
{
	struct join_share *share = run->share;
	enum op_status status;

	switch (join->stage) {
	case STAGE_MEET:
		status = op_meet(run, join->met + 1);
		join->stage += status == OP_OK;
		return status == OP_OK ? OP_AGAIN : status;
	case STAGE_PARTS:
		return join_make(run, join, err);
	case STAGE_MADE:
		status = op_meet(run, join->met + 2);
		if (status != OP_OK)
			return status;
		join_away_settle(share);
		join_made(run, join);
		return OP_AGAIN;
	default:
		status = join_give_waiting(run, join, err);
		if (status != OP_OK)
			return status;
		join->built = 1;
		__atomic_store_n(&share->is_made, 1, __ATOMIC_RELEASE);
		join->stage = STAGE_MEET;
		run->done |= join_is_done(run);
		return OP_OK;
	}
}

/* Behind port 0, which came first: what need not be kept of port 1? */
static enum op_status
join_work_sieve(struct op_run *run, struct join *join)
{
	struct join_share *share = run->share;
	enum op_status status;
	uint32_t piece;

	switch (join->stage) {
	case STAGE_MEET:
		status = op_meet(run, 1);
		join->stage += status == OP_OK;
		return status == OP_OK ? OP_AGAIN : status;
	case STAGE_PARTS:
		if (op_deal(run, 1, 1, &piece))
			join_sieve_make(share);
		join->stage++;
		return OP_AGAIN;
	default:
		status = op_meet(run, 2);
		if (status != OP_OK)
			return status;
		join_build_sieve(run, &join->build);
		join->met = 2;
		join->stage = STAGE_MEET;
		return OP_OK;
	}
}

/* A partition that was put away. */
static enum op_status
join_later(struct op_run *run, struct join *join, struct err *err)
{
	struct join_share *share = run->share;
	uint32_t part;

	if (!op_deal(run, join->met + 3, JOIN_PARTS, &part)) {
		join->stage = join->probe.gives_at_once ? STAGE_THROUGH :
		    STAGE_MADE;
		return OP_AGAIN;
	}
	if (share->is_spilled[part] &&
	    join_later_part(run, &join->probe, part, err) != 0)
		return OP_FAIL;
	return OP_AGAIN;
}

static enum op_status
join_work_left(struct op_run *run, struct join *join, struct err *err)
{
	struct join_share *share = run->share;
	int has_rest = join_keeps_right(run->op) && share->row_count > 0;
	enum op_status status;

	if (!join->probe.is_aside && !has_rest)
		return OP_OK;
	switch (join->stage) {
	case STAGE_MEET:
		if (join_probe_end(&join->probe, err) != 0)
			return OP_FAIL;
		status = op_meet(run, join->met + 3);
		if (status != OP_OK)
			return status;
		join_share_release(share, run->instance);
		join->stage++;
		return OP_AGAIN;
	case STAGE_PARTS:
		return join_later(run, join, err);
	case STAGE_MADE:
		status = op_meet(run, join->met + 4);
		join->stage += status == OP_OK;
		return status == OP_OK ? OP_AGAIN : status;
	case STAGE_GIVE:
		if (join->ending == NULL)
			join->ending = join_ending_new(run, &join->probe);
		status = join_ending_step(run, &join->probe, join->ending,
		    err);
		join->stage += status == OP_OK;
		return status;
	default:
		return OP_OK;
	}
}

/* Event time waits for records that will be joined at the end. */
static enum op_status
join_mark(struct op_run *run, int64_t us, struct err *err)
{
	struct join *join = run->state;

	return join->probe.is_aside ? OP_OK : op_give_mark(run, us, err);
}

static enum op_status
join_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct join *join = run->state;

	(void)err;
	join->left_ended |= port == 0;
	return OP_OK;
}

static enum op_status
join_work(struct op_run *run, unsigned port, struct err *err)
{
	struct join *join = run->state;

	if (port == 0 && !join->built && run->op->args.left_first)
		return join_work_sieve(run, join);
	if (port == 1 && !join->built) {
		enum op_status status = join_work_right(run, join, err);
		if (status != OP_OK)
			return status;
	}
	if (!join->built || !join->left_ended)
		return OP_OK;
	return join_work_left(run, join, err);
}

static void
join_close(struct op_run *run)
{
	struct join *join = run->state;

	join_ending_free(&join->ending);
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
	if (op->args.left_first)
		buf_add_string(out, ", this side first");
	if (join_is_merged(op))
		buf_add_string(out, ", both in order");
}

const struct op_def op_join = {
	.name = "join",
	.syntax = "[inner|left|right|full|semi|anti|asof] join FILE [as NAME] "
	    "on COND [within D]",
	.summary = "pair the records with those of another input",
	.holds = "the records of the other input, in files beyond memory",
	.example = "left join \"users.csv\" as u on uid == u.id",
	.flags = OP_HOLDS | OP_KEEPS_TIME | OP_JOINT,
	.state_bytes = sizeof(struct join),
	.bind = join_bind,
	.unbind = join_unbind,
	.need = join_need,
	.open = join_open,
	.push = join_push,
	.flush = join_flush,
	.mark = join_mark,
	.share = join_share_new,
	.unshare = join_share_free,
	.work = join_work,
	.close = join_close,
	.explain = join_explain,
};
