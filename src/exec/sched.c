/*
 * Workers, and what is ready.
 *
 * A task is in one of four states:
 *
 *     IDLE ---notify---> QUEUED ---a worker takes it---> RUNNING
 *      ^                   ^ ^                             | |
 *      |                   | +--------step: again----------+ |
 *      |                   |                               notify
 *      +--step: wait-------|-------------------------------+ |
 *                          +------step: wait or again---- NOTIFIED
 *
 * so a notification during a step is not lost: the task is queued again behind
 * it.  The queue has one lock; a step is some hundred microseconds of work, so
 * the lock is not what anybody waits for.
 *
 * A worker that finds nothing ready looks outside: the first of them polls the
 * descriptors and deadlines of all idle tasks, the others sleep until a task is
 * queued.  With one worker there is no thread, no signal, only the poll.  While
 * there is always work one looks outside every millisecond.
 *
 * In a simulation the task to step is drawn from those that are ready, and the
 * world outside is looked at now and then although there is work, so that every
 * order that threads could bring about can come up, and comes again with the
 * seed.
 */
#include "exec/sched.h"

#include <errno.h>
#include <string.h>

#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/thr.h"

/* A millisecond: the look takes some microseconds of it. */
#define LOOK_NS 1000000u

enum task_state { STATE_IDLE, STATE_QUEUED, STATE_RUNNING, STATE_NOTIFIED,
	STATE_DONE };

struct sched {
	unsigned workers;
	int is_sim;
	struct task **task;
	uint32_t task_count;
	struct thr_lock lock;
	struct thr_signal some;		/* something is queued, or the end */
	/* Ring of task_count entries: each task is queued at most once. */
	struct task **queue;
	uint32_t first, count;
	uint32_t live;			/* not done, not a service */
	unsigned sleepers;
	int polling;
	uint64_t looked_ns;		/* when there was work */
	int wake_fd;
	int ended;
	int saw_interrupt;
	sched_figures_f *figures;
	void *figures_cookie;
	struct err err;
	struct env_waits waits;
};

static int
state_swap(struct task *task, int from, int to)
{
	return __atomic_compare_exchange_n(&task->state, &from, to, 0,
	    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

struct sched *
sched_new(unsigned workers, int is_sim)
{
	struct sched *sched = mem_alloc_zero(sizeof(*sched));

	sched->workers = is_sim ? 1 : workers;
	sched->is_sim = is_sim;
	sched->wake_fd = -1;
	thr_lock_init(&sched->lock, "the scheduler");
	thr_signal_init(&sched->some, "ready tasks");
	return sched;
}

void
sched_free(struct sched **take_sched)
{
	struct sched *sched = *take_sched;

	*take_sched = NULL;
	if (sched == NULL)
		return;
	if (sched->wake_fd >= 0)
		env->close(sched->wake_fd);
	thr_signal_fini(&sched->some);
	thr_lock_fini(&sched->lock);
	env_waits_fini(&sched->waits);
	mem_free(sched->task);
	mem_free(sched->queue);
	mem_free(sched);
}

void
sched_add(struct sched *sched, struct task *task)
{
	sched->task = mem_resize(sched->task,
	    (sched->task_count + 1) * sizeof(*sched->task));
	sched->task[sched->task_count++] = task;
	task->sched = sched;
	/* Until sched_run() queues it, notifications change nothing. */
	task->state = STATE_QUEUED;
	sched->live += !task->is_service;
}

unsigned
sched_workers(const struct sched *sched)
{
	return sched->workers;
}

int
sched_is_sim(const struct sched *sched)
{
	return sched->is_sim;
}

/* With the lock held. */
static void
queue_put(struct sched *sched, struct task *task)
{
	sched->queue[(sched->first + sched->count++) % sched->task_count] =
	    task;
	if (sched->sleepers > 0)
		thr_signal_one(&sched->some);
	else if (sched->polling && sched->wake_fd >= 0)
		env_wake_set(sched->wake_fd);
}

static struct task *
queue_take(struct sched *sched)
{
	if (sched->count == 0)
		return NULL;
	if (sched->is_sim) {
		/* By lot: the drawn one changes places with the first. */
		uint32_t at = (sched->first +
		    (uint32_t)(env_sim_draw() % sched->count)) %
		    sched->task_count;
		struct task *drawn = sched->queue[at];
		sched->queue[at] = sched->queue[sched->first];
		sched->queue[sched->first] = drawn;
	}
	struct task *task = sched->queue[sched->first];
	sched->first = (sched->first + 1) % sched->task_count;
	sched->count--;
	return task;
}

void
task_notify(struct task *task)
{
	for (;;) {
		int state = __atomic_load_n(&task->state, __ATOMIC_SEQ_CST);
		if (state == STATE_RUNNING) {
			if (state_swap(task, state, STATE_NOTIFIED))
				return;
		} else if (state != STATE_IDLE) {
			return;
		} else if (state_swap(task, state, STATE_QUEUED)) {
			thr_lock_take(&task->sched->lock);
			queue_put(task->sched, task);
			thr_lock_give(&task->sched->lock);
			return;
		}
	}
}

/* With the lock held: nobody waits any longer. */
static void
sched_end(struct sched *sched)
{
	sched->ended = 1;
	thr_signal_all(&sched->some);
	if (sched->polling && sched->wake_fd >= 0)
		env_wake_set(sched->wake_fd);
}

void
sched_fail(struct sched *sched, const struct err *err)
{
	thr_lock_take(&sched->lock);
	if (sched->err.kind == ERR_NONE)
		sched->err = *err;
	sched_end(sched);
	thr_lock_give(&sched->lock);
}

/* With the lock held: queue the idle tasks that have what they wait for. */
static void
queue_woken(struct sched *sched)
{
	uint64_t now = env->monotonic_ns();

	for (uint32_t i = 0; i < sched->task_count; i++) {
		struct task *task = sched->task[i];
		int ready = task->deadline_ns <= now;
		for (uint32_t k = 0; k < task->wait_count; k++)
			ready |= sched->waits.entry[task->wait_first +
			    k].is_ready;
		task->wait_count = 0;
		task->deadline_ns = UINT64_MAX;
		if (ready && state_swap(task, STATE_IDLE, STATE_QUEUED))
			queue_put(sched, task);
	}
}

/* With the lock held: each is stepped, once more if it is being stepped. */
static void
queue_all(struct sched *sched)
{
	for (uint32_t i = 0; i < sched->task_count; i++) {
		struct task *task = sched->task[i];
		int state;
		while ((state = __atomic_load_n(&task->state,
		    __ATOMIC_SEQ_CST)) == STATE_IDLE || state == STATE_RUNNING)
			if (state_swap(task, state, state == STATE_IDLE ?
			    STATE_QUEUED : STATE_NOTIFIED)) {
				if (state == STATE_IDLE)
					queue_put(sched, task);
				break;
			}
	}
}

/* With the lock held, which is let go meanwhile. */
static void
sched_poll(struct sched *sched, int only_look)
{
	struct env_waits *waits = &sched->waits;
	uint64_t least = UINT64_MAX;

	env_waits_clear(waits);
	for (uint32_t i = 0; i < sched->task_count; i++) {
		struct task *task = sched->task[i];
		task->deadline_ns = UINT64_MAX;
		task->wait_first = waits->count;
		task->wait_count = 0;
		if (task->waits == NULL || __atomic_load_n(&task->state,
		    __ATOMIC_SEQ_CST) != STATE_IDLE)
			continue;
		waits->deadline_ns = UINT64_MAX;
		task->waits(task, waits);
		task->wait_count = waits->count - task->wait_first;
		task->deadline_ns = waits->deadline_ns;
		if (task->deadline_ns < least)
			least = task->deadline_ns;
	}
	waits->deadline_ns = only_look ? 0 : least;
	if (sched->wake_fd >= 0)
		env_waits_add(waits, sched->wake_fd, 0);
	if (!sched->saw_interrupt)
		env_waits_add(waits, interrupt_fd(), 0);
	sched->polling = 1;
	thr_lock_give(&sched->lock);
	int status = env->wait(waits);
	int reason = errno;
	if (status > 0 && sched->wake_fd >= 0)
		env_wake_drain(sched->wake_fd);
	thr_lock_take(&sched->lock);
	sched->polling = 0;
	if (status < 0 && reason != EINTR && sched->err.kind == ERR_NONE) {
		err_set_errno(&sched->err, ERR_IO, reason,
		    "cannot wait for input");
		sched_end(sched);
	}
	/* A signal is the sources' business: all are stepped. */
	int is_new = interrupt_is_set() && !sched->saw_interrupt;
	sched->saw_interrupt |= is_new;
	if (is_new)
		queue_all(sched);
	queue_woken(sched);
	/* Somebody else may look now. */
	if (sched->sleepers > 0)
		thr_signal_one(&sched->some);
}

/* With the lock held, which is let go meanwhile. */
static void
sched_step(struct sched *sched, struct task *task)
{
	struct err err = ERR_INIT;

	__atomic_store_n(&task->state, STATE_RUNNING, __ATOMIC_SEQ_CST);
	thr_lock_give(&sched->lock);
	enum task_status status = task->step(task, &err);
	if (status == TASK_WAIT && state_swap(task, STATE_RUNNING,
	    STATE_IDLE)) {
		thr_lock_take(&sched->lock);
		/* Who looks outside does not look for this one yet. */
		if (task->waits != NULL && sched->polling &&
		    sched->wake_fd >= 0)
			env_wake_set(sched->wake_fd);
		return;
	}
	thr_lock_take(&sched->lock);
	switch (status) {
	case TASK_WAIT:
	case TASK_AGAIN:
		__atomic_store_n(&task->state, STATE_QUEUED, __ATOMIC_SEQ_CST);
		queue_put(sched, task);
		return;
	case TASK_DONE:
		__atomic_store_n(&task->state, STATE_DONE, __ATOMIC_SEQ_CST);
		if (!task->is_service && --sched->live == 0)
			sched_end(sched);
		return;
	case TASK_FAIL:
		__atomic_store_n(&task->state, STATE_DONE, __ATOMIC_SEQ_CST);
		if (sched->err.kind == ERR_NONE)
			sched->err = err;
		sched_end(sched);
		return;
	}
}

void
sched_set_figures(struct sched *sched, sched_figures_f *figures, void *cookie)
{
	sched->figures = figures;
	sched->figures_cookie = cookie;
}

/*
 * Workers that always have something to do would not hear of deadlines and of
 * what has come for others: one looks now and then.
 */
static int
wants_look(struct sched *sched)
{
	if (sched->is_sim)
		return env_sim_draw() % 16 == 0;
	if (sched->task_count == 1)
		return 0;
	uint64_t now = env->monotonic_ns();
	int wants = now - sched->looked_ns > LOOK_NS;
	if (wants)
		sched->looked_ns = now;
	return wants;
}

static void
sched_work(void *cookie)
{
	struct sched *sched = cookie;

	thr_lock_take(&sched->lock);
	while (!sched->ended) {
		if (sched->figures != NULL && interrupt_stats_wanted())
			sched->figures(sched->figures_cookie);
		if (sched->count > 0 && !sched->polling && wants_look(sched)) {
			/* Meanwhile all may have ended. */
			sched_poll(sched, 1);
			continue;
		}
		struct task *task = queue_take(sched);
		if (task != NULL) {
			sched_step(sched, task);
		} else if (!sched->polling) {
			sched_poll(sched, 0);
		} else {
			sched->sleepers++;
			thr_signal_wait(&sched->some, &sched->lock,
			    UINT64_MAX);
			sched->sleepers--;
		}
	}
	thr_lock_give(&sched->lock);
}

int
sched_run(struct sched *sched, struct err *err)
{
	unsigned threads = sched->workers < sched->task_count ?
	    sched->workers : sched->task_count;
	struct thr **thread = mem_alloc_zero((threads + 1) * sizeof(*thread));
	unsigned started = 0;

	if (sched->live == 0) {
		mem_free(thread);
		return 0;
	}
	sched->queue = mem_resize(sched->queue,
	    sched->task_count * sizeof(*sched->queue));
	if (sched->task_count > 1)
		sched->wake_fd = env->wake_open();
	for (uint32_t i = 0; i < sched->task_count; i++)
		queue_put(sched, sched->task[i]);
	while (started + 1 < threads &&
	    (thread[started] = thr_start("sflow-worker", sched_work,
	    sched, NULL)) != NULL)
		started++;
	sched_work(sched);
	while (started > 0)
		thr_join(&thread[--started]);
	mem_free(thread);
	if (sched->err.kind == ERR_NONE)
		return 0;
	*err = sched->err;
	return -1;
}
