/* The ends of an edge: marks, barriers, turns, ends, refusals. */
#include "exec/edge.h"

#include <criterion/criterion.h>
#include <string.h>

#include "exec/sched.h"
#include "util/err.h"

#define GIVERS 3

static enum task_status
no_step(struct task *task, struct err *err)
{
	(void)task;
	(void)err;
	return TASK_WAIT;
}

/* Three givers and a taker that nobody steps. */
struct rig {
	struct edge_plan plan;
	struct edge *edge;
	struct edge_out *out[GIVERS];
	struct edge_in *in;
	struct op_job job;
	struct task giver[GIVERS], taker;
	struct sched *sched;
	struct err err;
};

static void
rig_init(struct rig *rig, enum edge_kind kind)
{
	*rig = (struct rig){ .plan = { .kind = kind }, .err = ERR_INIT };
	rig->sched = sched_new(1, 0);
	rig->taker.step = no_step;
	sched_add(rig->sched, &rig->taker);
	rig->edge = edge_new(&rig->plan, GIVERS, 1);
	for (uint32_t i = 0; i < GIVERS; i++) {
		rig->giver[i].step = no_step;
		sched_add(rig->sched, &rig->giver[i]);
		edge_connect(rig->edge, i, 0, &rig->giver[i], &rig->taker,
		    1 << 20);
		rig->out[i] = edge_out_new(rig->edge, i, NULL, &rig->job);
	}
	rig->in = edge_in_new(rig->edge, 0);
}

static void
rig_fini(struct rig *rig)
{
	for (uint32_t i = 0; i < GIVERS; i++)
		edge_out_free(&rig->out[i]);
	edge_in_free(&rig->in);
	edge_free(&rig->edge);
	sched_free(&rig->sched);
}

static void
give_mark(struct rig *rig, uint32_t from, int64_t us)
{
	op_mark(edge_out_run(rig->out[from]), 0, us, &rig->err);
}

static void
give_idle(struct rig *rig, uint32_t from)
{
	op_idle(edge_out_run(rig->out[from]), 0, &rig->err);
}

static void
give_split(struct rig *rig, uint32_t from, uint64_t split)
{
	op_split(edge_out_run(rig->out[from]), split, OP_SPLIT_BEGIN,
	    &rig->err);
}

static void
give_end(struct rig *rig, uint32_t from)
{
	op_end(edge_out_run(rig->out[from]), 0, &rig->err);
}

/* What found no slot goes into the channels as soon as there is one: where a
 * channel has one slot, that is between two looks. */
static int
take_any(struct rig *rig, struct message *out)
{
	for (unsigned look = 0; look < 16; look++) {
		for (uint32_t i = 0; i < GIVERS; i++)
			edge_out_settle(rig->out[i], &rig->err);
		if (edge_in_take(rig->in, out))
			return 1;
	}
	return 0;
}

/* The next message is of that kind; its number, or mark. */
static int64_t
take(struct rig *rig, enum message_kind kind)
{
	struct message message = { 0 };

	cr_assert_eq(take_any(rig, &message), 1);
	cr_assert_eq(message.kind, kind);
	return kind == MESSAGE_MARK ? message.mark_us :
	    (int64_t)message.number;
}

static void
take_nothing(struct rig *rig)
{
	struct message message;

	cr_assert_eq(take_any(rig, &message), 0);
}

Test(edge, the_mark_is_the_least_of_all)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	give_mark(&rig, 0, 50);
	give_mark(&rig, 1, 30);
	take_nothing(&rig);
	give_mark(&rig, 2, 40);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 30);
	take_nothing(&rig);
	give_mark(&rig, 1, 45);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 40);
	/* The last that held it has ended. */
	give_end(&rig, 2);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 45);
	rig_fini(&rig);
}

Test(edge, who_is_idle_holds_nothing)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	give_mark(&rig, 0, 10);
	give_mark(&rig, 1, 20);
	give_idle(&rig, 2);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 10);
	give_idle(&rig, 0);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 20);
	give_idle(&rig, 1);
	take(&rig, MESSAGE_IDLE);
	take_nothing(&rig);
	/* Event time never goes back, but it is no longer idle. */
	give_mark(&rig, 0, 15);
	cr_assert_eq(take(&rig, MESSAGE_MARK), 20);
	rig_fini(&rig);
}

Test(edge, a_barrier_waits_for_all)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	edge_out_barrier(rig.out[0], 7);
	give_split(&rig, 0, 100);
	take_nothing(&rig);
	give_split(&rig, 1, 101);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 101);
	edge_out_barrier(rig.out[1], 7);
	take_nothing(&rig);
	edge_out_barrier(rig.out[2], 7);
	cr_assert_eq(take(&rig, MESSAGE_BARRIER), 7);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 100);
	rig_fini(&rig);
}

Test(edge, who_has_ended_has_every_barrier)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	edge_out_barrier(rig.out[0], 1);
	edge_out_barrier(rig.out[2], 1);
	take_nothing(&rig);
	give_end(&rig, 1);
	cr_assert_eq(take(&rig, MESSAGE_BARRIER), 1);
	edge_out_barrier(rig.out[0], 2);
	give_end(&rig, 2);
	cr_assert_eq(take(&rig, MESSAGE_BARRIER), 2);
	give_end(&rig, 0);
	cr_assert_eq(take(&rig, MESSAGE_END), 0);
	take_nothing(&rig);
	rig_fini(&rig);
}

Test(edge, turns_are_kept)
{
	struct rig rig;

	rig_init(&rig, EDGE_ORDERED);
	give_split(&rig, 2, 2);
	give_split(&rig, 1, 1);
	take_nothing(&rig);
	give_split(&rig, 0, 0);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 0);
	take_nothing(&rig);
	edge_out_turn(rig.out[0], 0);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 1);
	/* Who ends passes its turn on. */
	give_end(&rig, 1);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 2);
	rig_fini(&rig);
}

Test(edge, a_failure_is_told_in_its_turn)
{
	struct rig rig;

	rig_init(&rig, EDGE_ORDERED);
	edge_out_fail(rig.out[1]);
	give_split(&rig, 0, 5);
	cr_assert_eq(take(&rig, MESSAGE_SPLIT), 5);
	take_nothing(&rig);
	give_end(&rig, 0);
	cr_assert_eq(take(&rig, MESSAGE_END), 1);
	take_nothing(&rig);
	rig_fini(&rig);
}

Test(edge, a_failure_waits_for_nobody_where_there_is_no_order)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	edge_out_fail(rig.out[1]);
	cr_assert_eq(take(&rig, MESSAGE_END), 1);
	rig_fini(&rig);
}

Test(edge, what_is_refused_is_not_kept)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	cr_assert_not(edge_out_is_refused(rig.out[0]));
	/* More than there are slots: the rest waits at the giving end. */
	for (uint64_t i = 0; i < 5000; i++)
		give_split(&rig, 0, i);
	cr_assert_eq(edge_out_settle(rig.out[0], &rig.err), 0);
	edge_in_refuse(rig.in);
	cr_assert(edge_out_is_refused(rig.out[0]));
	cr_assert_eq(edge_out_settle(rig.out[0], &rig.err), 1);
	rig_fini(&rig);
}

Test(edge, order_is_kept_through_a_full_channel)
{
	struct rig rig;

	rig_init(&rig, EDGE_GATHER);
	for (uint64_t i = 0; i < 5000; i++)
		give_split(&rig, 0, i);
	for (int64_t i = 0; i < 5000; i++) {
		edge_out_settle(rig.out[0], &rig.err);
		cr_assert_eq(take(&rig, MESSAGE_SPLIT), i);
	}
	cr_assert_eq(edge_out_settle(rig.out[0], &rig.err), 1);
	rig_fini(&rig);
}
