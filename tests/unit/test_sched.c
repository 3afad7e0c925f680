/* The scheduler: notifications, deadlines, failures, the end. */
#include "exec/sched.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/env.h"
#include "util/err.h"
#include "util/thr.h"

#define ROUNDS 2000

struct counter {
	struct task task;
	struct counter *other;
	int count;
	int is_told;
	uint64_t first_ns;
};

static struct counter
counter_of(task_step_f *step, task_waits_f *waits)
{
	return (struct counter){ .task = { .name = "counter", .step = step,
	    .waits = waits } };
}

/* Two tasks that wake each other, also while the other is stepped.  A step of
 * one, but its first, is due to one of the other: neither is ever ahead by more
 * than one, so both come to the end. */
static enum task_status
ping_step(struct task *task, struct err *err)
{
	struct counter *it = (struct counter *)task;

	(void)err;
	it->count++;
	task_notify(&it->other->task);
	return it->count >= ROUNDS ? TASK_DONE : TASK_WAIT;
}

Test(sched, a_notification_is_never_lost)
{
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct counter a = counter_of(ping_step, NULL);
		struct counter b = counter_of(ping_step, NULL);
		struct sched *sched = sched_new(workers, 0);
		struct err err = ERR_INIT;
		a.other = &b;
		b.other = &a;
		sched_add(sched, &a.task);
		sched_add(sched, &b.task);
		cr_assert_eq(sched_run(sched, &err), 0);
		cr_assert_eq(a.count, ROUNDS);
		cr_assert_eq(b.count, ROUNDS);
		sched_free(&sched);
	}
}

/* A notification that comes during a step brings one more. */
static enum task_status
self_step(struct task *task, struct err *err)
{
	struct counter *it = (struct counter *)task;

	(void)err;
	if (++it->count == ROUNDS)
		return TASK_DONE;
	task_notify(task);
	return TASK_WAIT;
}

Test(sched, notified_while_it_is_stepped)
{
	struct counter it = counter_of(self_step, NULL);
	struct sched *sched = sched_new(3, 0);
	struct err err = ERR_INIT;

	sched_add(sched, &it.task);
	cr_assert_eq(sched_run(sched, &err), 0);
	cr_assert_eq(it.count, ROUNDS);
	sched_free(&sched);
}

/* --- deadlines --- */

#define DELAY_NS 3000000u

static enum task_status
late_step(struct task *task, struct err *err)
{
	struct counter *it = (struct counter *)task;
	uint64_t now = env->monotonic_ns();

	(void)err;
	if (it->first_ns == 0)
		it->first_ns = now;
	it->count++;
	return now - it->first_ns >= DELAY_NS ? TASK_DONE : TASK_WAIT;
}

static void
late_waits(struct task *task, struct env_waits *waits)
{
	env_waits_until(waits, ((struct counter *)task)->first_ns + DELAY_NS);
}

Test(sched, a_deadline_wakes)
{
	struct counter it = counter_of(late_step, late_waits);
	struct sched *sched = sched_new(2, 0);
	struct err err = ERR_INIT;

	sched_add(sched, &it.task);
	cr_assert_eq(sched_run(sched, &err), 0);
	cr_assert_geq(it.count, 2);
	sched_free(&sched);
}

/* Always has work, until the other is through. */
static enum task_status
busy_step(struct task *task, struct err *err)
{
	struct counter *it = (struct counter *)task;

	(void)err;
	it->count++;
	return __atomic_load_n(&it->other->is_told, __ATOMIC_ACQUIRE) ?
	    TASK_DONE : TASK_AGAIN;
}

static enum task_status
late_tells(struct task *task, struct err *err)
{
	struct counter *it = (struct counter *)task;
	enum task_status status = late_step(task, err);

	if (status == TASK_DONE)
		__atomic_store_n(&it->is_told, 1, __ATOMIC_RELEASE);
	return status;
}

Test(sched, a_deadline_is_seen_although_there_is_work)
{
	struct counter late = counter_of(late_tells, late_waits);
	struct counter busy = counter_of(busy_step, NULL);
	struct sched *sched = sched_new(1, 0);
	struct err err = ERR_INIT;

	busy.other = &late;
	sched_add(sched, &late.task);
	sched_add(sched, &busy.task);
	cr_assert_eq(sched_run(sched, &err), 0);
	sched_free(&sched);
}

/* --- failures --- */

static enum task_status
idle_step(struct task *task, struct err *err)
{
	(void)task;
	(void)err;
	return TASK_WAIT;
}

static enum task_status
fail_step(struct task *task, struct err *err)
{
	(void)task;
	err_set(err, ERR_IO, "it has failed");
	return TASK_FAIL;
}

Test(sched, a_failure_ends_all)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct counter idle = counter_of(idle_step, NULL);
		struct counter fails = counter_of(fail_step, NULL);
		struct sched *sched = sched_new(workers, 0);
		struct err err = ERR_INIT;
		sched_add(sched, &idle.task);
		sched_add(sched, &fails.task);
		cr_assert_eq(sched_run(sched, &err), -1);
		cr_assert_str_eq(err.message, "it has failed");
		sched_free(&sched);
	}
}

static void
fail_from_outside(void *cookie)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, "the disk is gone");
	sched_fail(cookie, &err);
}

Test(sched, a_thread_that_is_no_worker_fails_it)
{
	struct counter one = counter_of(idle_step, NULL);
	struct counter two = counter_of(idle_step, NULL);
	struct sched *sched = sched_new(2, 0);
	struct err err = ERR_INIT;

	sched_add(sched, &one.task);
	sched_add(sched, &two.task);
	struct thr *thread = thr_start("outside", fail_from_outside, sched,
	    &err);
	cr_assert_not_null(thread);
	cr_assert_eq(sched_run(sched, &err), -1);
	cr_assert_str_eq(err.message, "the disk is gone");
	thr_join(&thread);
	sched_free(&sched);
}

Test(sched, services_do_not_keep_it)
{
	struct counter service = counter_of(idle_step, NULL);
	struct counter it = counter_of(self_step, NULL);
	struct sched *sched = sched_new(2, 0);
	struct err err = ERR_INIT;

	service.task.is_service = 1;
	sched_add(sched, &service.task);
	sched_add(sched, &it.task);
	cr_assert_eq(sched_run(sched, &err), 0);
	sched_free(&sched);
}
