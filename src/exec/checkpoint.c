/*
 * The life of a checkpoint.
 *
 *     due        the service task asks every source instance for barrier n
 *     barrier    each instance, when it has passed: an image is handed in
 *     saved      the writer turns an image into a file, fsynced
 *     published  when every instance's file is there: the manifest
 *
 * One is on its way at a time.  The writer is a thread of its own, because it
 * waits for the disk; in a simulation the service task does its work, so that
 * the order is the seed's.
 *
 * An instance that has ended hands in its last state.  It counts for every
 * later checkpoint and for the one on its way, if the barrier did not find it
 * any more: the end it sent came before that barrier, so its state is the one
 * before the barrier.
 *
 * ^C of a job with checkpoints is a last checkpoint, behind which nothing is
 * read: what is started again goes on there.  Windows are not flushed.
 */
#include "exec/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "state/save.h"
#include "state/store.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/thr.h"

/* An image that waits to be written. */
struct image {
	struct subtask *subtask;	/* NULL: elsewhere */
	uint32_t at;		/* index of the instance */
	uint64_t number;	/* 0: its last */
	struct frozen *frozen;
	struct save *save;	/* elsewhere it has been saved already */
	struct image *next;
};

struct member {
	uint64_t number;	/* of its newest file */
	struct part part;	/* that file */
	struct save *last;	/* it has ended: its state */
};

struct checkpoints {
	struct task task;
	struct checkpoints_config config;
	struct thr_lock lock;
	struct thr_signal some;
	struct thr *writer;
	struct image *first, **end;
	int closing;
	struct member *member;
	uint64_t number;	/* on its way, or the last one */
	int on_its_way;
	int publishing;
	int is_holding;
	int halts;		/* nothing is read behind it */
	uint64_t started_ns;
	uint64_t due_ns;
	uint64_t wake_ns;		/* the task's own: when to look */
	struct err err;
	uint64_t published, bytes, slowest_us;
};

/* "TASK.INSTANCE" */
static void
part_name(const struct checkpoints *it, uint32_t at, char name[32])
{
	uint32_t task = 0;

	while (at >= it->config.tasks->task[task]->width)
		at -= it->config.tasks->task[task++]->width;
	snprintf(name, 32, "%u.%u", task, at);
}

static uint32_t
member_count(const struct checkpoints *it)
{
	return it->config.tasks->instance_count;
}

/* --- the writer ------------------------------------------------------ */

/* Without the lock. */
static int
write_part(struct checkpoints *it, uint32_t at, const struct save *save,
	uint64_t number, struct err *err)
{
	char name[32];
	struct part part;

	part_name(it, at, name);
	if (store_write_part(it->config.store, number, name, save, &part,
	    err) != 0)
		return -1;
	thr_lock_take(&it->lock);
	it->bytes += part.bytes;
	it->member[at].part = part;
	it->member[at].number = number;
	thr_lock_give(&it->lock);
	return 0;
}

/* With the lock held: is every instance's file there? */
static int
is_complete(const struct checkpoints *it)
{
	for (uint32_t i = 0; i < member_count(it); i++)
		if (it->member[i].number != it->number &&
		    it->member[i].last == NULL)
			return 0;
	return 1;
}

/* Without the lock: all members have handed in, so none changes. */
static int
publish(struct checkpoints *it, int is_through, struct err *err)
{
	struct manifest *manifest;

	for (uint32_t i = 0; i < member_count(it); i++)
		if (it->member[i].number != it->number &&
		    write_part(it, i, it->member[i].last, it->number,
		    err) != 0)
			return -1;
	manifest = manifest_new();
	manifest->fingerprint = it->config.program;
	manifest->is_finished = is_through;
	for (uint32_t i = 0; i < member_count(it); i++)
		manifest_add_part(manifest, &it->member[i].part);
	return store_publish(it->config.store, it->number, manifest, err);
}

/* With the lock held, which is let go meanwhile. */
static void
try_publish(struct checkpoints *it)
{
	struct err err = ERR_INIT;

	if (!it->on_its_way || it->publishing || !is_complete(it))
		return;
	it->publishing = 1;
	thr_lock_give(&it->lock);
	int status = publish(it, 0, &err);
	thr_lock_take(&it->lock);
	if (status != 0) {
		if (it->err.kind == ERR_NONE)
			it->err = err;
	} else {
		uint64_t us = (env->monotonic_ns() - it->started_ns) / 1000;
		it->published++;
		if (us > it->slowest_us)
			it->slowest_us = us;
	}
	it->publishing = 0;
	it->on_its_way = 0;
	task_notify(&it->task);
}

/* With the lock held: write the first image that waits.  0: there is none. */
static int
write_next(struct checkpoints *it)
{
	struct image *image = it->first;
	struct err err = ERR_INIT;

	if (image == NULL)
		return 0;
	it->first = image->next;
	if (it->first == NULL)
		it->end = &it->first;
	thr_lock_give(&it->lock);
	struct save *save = image->save;
	int status = 0;
	if (save == NULL) {
		save = save_new();
		status = subtask_save(image->subtask, image->frozen, save,
		    &err);
		subtask_thaw(image->subtask, &image->frozen);
	}
	if (status == 0 && image->number != 0)
		status = write_part(it, image->at, save, image->number, &err);
	thr_lock_take(&it->lock);
	if (status == 0 && image->number == 0) {
		it->member[image->at].last = save;
		save = NULL;
	}
	save_free(&save);
	mem_free(image);
	if (status != 0) {
		if (it->err.kind == ERR_NONE)
			it->err = err;
		task_notify(&it->task);
	} else {
		try_publish(it);
	}
	return 1;
}

static void
writer_work(void *cookie)
{
	struct checkpoints *it = cookie;

	thr_lock_take(&it->lock);
	while (write_next(it) || !it->closing)
		if (it->first == NULL && !it->closing)
			thr_signal_wait(&it->some, &it->lock, UINT64_MAX);
	thr_lock_give(&it->lock);
}

/* --- handing in ------------------------------------------------------ */

static void
hand_in(struct checkpoints *it, struct image *take_image)
{
	thr_lock_take(&it->lock);
	*it->end = take_image;
	it->end = &take_image->next;
	thr_signal_one(&it->some);
	thr_lock_give(&it->lock);
	if (it->writer == NULL)
		task_notify(&it->task);
}

static void
hand_in_frozen(struct checkpoints *it, struct subtask *subtask,
	uint64_t number, struct frozen *take_frozen)
{
	struct image *image = mem_alloc_zero(sizeof(*image));

	image->subtask = subtask;
	image->number = number;
	image->frozen = take_frozen;
	while (it->config.subtask[image->at] != subtask)
		image->at++;
	hand_in(it, image);
}

int
checkpoints_has(const struct checkpoints *it, uint32_t index)
{
	return index < member_count(it) && it->config.subtask[index] == NULL;
}

void
checkpoints_take(struct checkpoints *it, uint32_t index, uint64_t number,
	struct save *take_save)
{
	struct image *image = mem_alloc_zero(sizeof(*image));

	image->at = index;
	image->number = number;
	image->save = take_save;
	hand_in(it, image);
}

void
checkpoints_barrier(void *cookie, struct subtask *subtask, uint64_t number,
	struct frozen *take_frozen)
{
	hand_in_frozen(cookie, subtask, number, take_frozen);
}

void
checkpoints_ended(void *cookie, struct subtask *subtask,
	struct frozen *take_frozen)
{
	hand_in_frozen(cookie, subtask, 0, take_frozen);
}

/* --- the service task ------------------------------------------------ */

/* With the lock held. */
static void
begin(struct checkpoints *it, int halts)
{
	it->number++;
	it->on_its_way = 1;
	it->halts = halts;
	it->started_ns = env->monotonic_ns();
	it->due_ns = it->started_ns + it->config.every_us * 1000;
	for (uint32_t i = 0; i < member_count(it); i++)
		if (it->config.subtask[i] != NULL)
			subtask_want_barrier(it->config.subtask[i], it->number,
			    halts);
	if (it->config.want != NULL)
		it->config.want(it->config.remote_cookie, it->number, halts);
	/* All may have ended. */
	try_publish(it);
}

static void
hold_all(struct checkpoints *it, int is_held)
{
	if (it->is_holding == is_held)
		return;
	it->is_holding = is_held;
	for (uint32_t i = 0; i < member_count(it); i++)
		if (it->config.subtask[i] != NULL)
			subtask_hold(it->config.subtask[i], is_held);
	if (it->config.hold != NULL)
		it->config.hold(it->config.remote_cookie, is_held);
}

static enum task_status
checkpoints_step(struct task *task, struct err *err)
{
	struct checkpoints *it = (struct checkpoints *)task;
	enum task_status status = TASK_WAIT;

	thr_lock_take(&it->lock);
	if (it->writer == NULL && write_next(it))
		status = TASK_AGAIN;
	if (it->err.kind != ERR_NONE) {
		*err = it->err;
		status = TASK_FAIL;
	} else if (it->on_its_way) {
		/* The writer or an instance says when to look again. */
	} else if (it->halts) {
		err_set(err, ERR_INTERRUPT, "interrupted; the same command "
		    "goes on from the last checkpoint");
		status = TASK_FAIL;
	} else {
		if (it->published > 0)
			hold_all(it, 0);
		if (interrupt_is_set())
			begin(it, 1);
		else if (it->published > 0 &&
		    env->monotonic_ns() >= it->due_ns)
			begin(it, 0);
	}
	it->wake_ns = it->on_its_way ? UINT64_MAX : it->due_ns;
	thr_lock_give(&it->lock);
	return status;
}

static void
checkpoints_waits(struct task *task, struct env_waits *waits)
{
	const struct checkpoints *it = (struct checkpoints *)task;

	/* No lock: the scheduler has its own, which begin() takes within ours.
	 * Only a step changes wake_ns, and who ends a checkpoint notifies. */
	env_waits_until(waits, it->wake_ns);
}

struct checkpoints *
checkpoints_new(const struct checkpoints_config *config)
{
	struct checkpoints *it = mem_alloc_zero(sizeof(*it));

	it->config = *config;
	it->task.name = "checkpoint";
	it->task.step = checkpoints_step;
	it->task.waits = checkpoints_waits;
	it->task.is_service = 1;
	it->end = &it->first;
	const struct manifest *former = store_manifest(config->store);
	it->number = former == NULL ? 0 : former->number;
	thr_lock_init(&it->lock, "checkpoints");
	thr_signal_init(&it->some, "images");
	it->member = mem_alloc_zero((config->tasks->instance_count + 1) *
	    sizeof(*it->member));
	return it;
}

void
checkpoints_free(struct checkpoints **take_checkpoints)
{
	struct checkpoints *it = *take_checkpoints;

	*take_checkpoints = NULL;
	if (it == NULL)
		return;
	for (uint32_t i = 0; i < member_count(it); i++)
		save_free(&it->member[i].last);
	while (it->first != NULL) {
		struct image *image = it->first;
		it->first = image->next;
		if (image->frozen != NULL)
			subtask_thaw(image->subtask, &image->frozen);
		save_free(&image->save);
		mem_free(image);
	}
	mem_free(it->member);
	thr_signal_fini(&it->some);
	thr_lock_fini(&it->lock);
	mem_free(it);
}

int
checkpoints_start(struct checkpoints *it, struct err *err)
{
	sched_add(it->config.sched, &it->task);
	if (!sched_is_sim(it->config.sched)) {
		it->writer = thr_start("sflow-writer", writer_work, it, err);
		if (it->writer == NULL)
			return -1;
	}
	hold_all(it, 1);
	thr_lock_take(&it->lock);
	begin(it, 0);
	thr_lock_give(&it->lock);
	return 0;
}

int
checkpoints_finish(struct checkpoints *it, int is_through, struct err *err)
{
	int status = 0;

	thr_lock_take(&it->lock);
	it->closing = 1;
	thr_signal_one(&it->some);
	if (it->writer == NULL)
		while (write_next(it))
			;
	thr_lock_give(&it->lock);
	if (it->writer != NULL)
		thr_join(&it->writer);
	if (!is_through)
		return 0;
	if (it->err.kind != ERR_NONE) {
		*err = it->err;
		return -1;
	}
	it->number++;
	status = publish(it, 1, err);
	it->published += status == 0;
	return status;
}

void
checkpoints_counts(struct checkpoints *it, uint64_t *count, uint64_t *bytes,
	uint64_t *slowest_us)
{
	thr_lock_take(&it->lock);
	*count = it->published;
	*bytes = it->bytes;
	*slowest_us = it->slowest_us;
	thr_lock_give(&it->lock);
}
