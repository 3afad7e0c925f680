/*
 * A worker: the part of a job that runs on this host for a process elsewhere.
 *
 *     the order has been read and bound by the caller (cli/cmd_worker.c)
 *     build     the instances that are placed here, links for the others
 *     ready     said; entries of a checkpoint come, and then the start
 *     step      records, marks and barriers come and go through the link
 *     done      when all instances have left: figures, the last packet, the end
 *
 * What an instance saves at a barrier goes to the process that started the job,
 * which has the disk. It is turned into bytes on the spot: there is no other
 * thread here that could wait.
 */
#include <string.h>

#include "exec/remote.h"
#include "exec/remotes.h"
#include "exec/run_priv.h"
#include "exec/sched.h"
#include "io/bad.h"
#include "state/save.h"
#include "util/buf.h"
#include "util/mem.h"

struct worker_side {
	struct run run;
	int started;
	int said_figures;
};

static uint32_t
instance_index(const struct run *run, const struct subtask *subtask)
{
	return run->first[subtask_plan(subtask)->id] + subtask_index(subtask);
}

/* An image becomes a packet. */
static void
worker_save(struct worker_side *it, struct subtask *subtask, uint64_t number,
	struct frozen *take_frozen)
{
	struct save *save = save_new();
	struct buf packet = { 0 };
	struct err err = ERR_INIT;

	int status = subtask_save(subtask, take_frozen, save, &err);
	subtask_thaw(subtask, &take_frozen);
	if (status != 0) {
		sched_fail(it->run.sched, &err);
	} else {
		remotes_write_part(&packet, instance_index(&it->run, subtask),
		    number, save);
		remote_say(it->run.remote, REMOTE_PART, packet.bytes,
		    packet.size);
	}
	buf_fini(&packet);
	save_free(&save);
}

static void
worker_barrier(void *cookie, struct subtask *subtask, uint64_t number,
	struct frozen *take_frozen)
{
	worker_save(cookie, subtask, number, take_frozen);
}

static void
worker_ended(void *cookie, struct subtask *subtask, struct frozen *take_frozen)
{
	worker_save(cookie, subtask, 0, take_frozen);
}

static int
worker_load(struct worker_side *it, const char *bytes, size_t size,
	struct err *err)
{
	struct save *save = remotes_read_part(bytes, size);

	if (save == NULL)
		return err_set(err, ERR_IO, "the checkpoint came cut off");
	int status = run_load_entries(&it->run, save, err);
	save_free(&save);
	return status;
}

/* A barrier is wanted: number, does it halt. */
static int
worker_want(struct worker_side *it, const char *bytes, size_t size,
	struct err *err)
{
	uint64_t number;

	if (size != sizeof(number) + 1)
		return err_set(err, ERR_IO, "a barrier came cut off");
	memcpy(&number, bytes, sizeof(number));
	for (uint32_t i = 0; i < it->run.subtask_count; i++)
		if (it->run.subtask[i] != NULL)
			subtask_want_barrier(it->run.subtask[i], number,
			    bytes[sizeof(number)] != 0);
	return 0;
}

static void
worker_each(struct worker_side *it, void (*what)(struct subtask *, int),
	int value)
{
	for (uint32_t i = 0; i < it->run.subtask_count; i++)
		if (it->run.subtask[i] != NULL)
			what(it->run.subtask[i], value);
}

static void
worker_stop_one(struct subtask *subtask, int unused)
{
	(void)unused;
	subtask_stop(subtask);
}

static int
worker_handle(void *cookie, struct remote *remote, enum remote_kind kind,
	const char *bytes, size_t size, struct err *err)
{
	struct worker_side *it = cookie;

	(void)remote;
	switch (kind) {
	case REMOTE_LOAD: return worker_load(it, bytes, size, err);
	case REMOTE_START: it->started = 1; return 0;
	case REMOTE_BARRIER: return worker_want(it, bytes, size, err);
	case REMOTE_HOLD:
		worker_each(it, subtask_hold, size > 0 && bytes[0] != 0);
		return 0;
	case REMOTE_STOP:
		worker_each(it, worker_stop_one, 0);
		return 0;
	default:
		return err_set(err, ERR_IO, "a worker was told what only "
		    "workers tell");
	}
}

static void
worker_say_figures(struct worker_side *it)
{
	const struct flow *flow = it->run.plan->flow;
	struct buf packet = { 0 };
	uint64_t read = bad_read_count(it->run.config->bad);

	buf_add(&packet, &read, sizeof(read));
	for (uint32_t i = 0; i < it->run.subtask_count; i++)
		for (uint32_t k = 0; it->run.subtask[i] != NULL &&
		    k < flow->op_count; k++) {
			const struct op_run *op = subtask_op(
			    it->run.subtask[i], k);
			if (op == NULL)
				continue;
			buf_add(&packet, &k, sizeof(k));
			buf_add(&packet, &op->rows_in, sizeof(op->rows_in));
			buf_add(&packet, &op->rows_out, sizeof(op->rows_out));
			buf_add(&packet, &op->budget.peak_bytes,
			    sizeof(op->budget.peak_bytes));
			buf_add(&packet, &op->spilled_bytes,
			    sizeof(op->spilled_bytes));
		}
	remote_say(it->run.remote, REMOTE_FIGURES, packet.bytes, packet.size);
	buf_fini(&packet);
}

static int
worker_is_through(void *cookie)
{
	struct worker_side *it = cookie;

	if (!it->started)
		return 0;
	for (uint32_t i = 0; i < it->run.subtask_count; i++)
		if (it->run.subtask[i] != NULL &&
		    !subtask_has_left(it->run.subtask[i]))
			return 0;
	if (!it->said_figures)
		worker_say_figures(it);
	it->said_figures = 1;
	return 1;
}

/* A bad record is the starting process's business. */
static void
worker_bad(void *cookie, const struct bad_record *record)
{
	struct worker_side *it = cookie;
	struct buf packet = { 0 };
	const char *path = record->path == NULL ? "" : record->path;
	const uint64_t numbers[] = { record->line, record->column,
	    record->text_line, record->text_column };
	const struct { const char *bytes; uint64_t size; } texts[] = {
		{ path, strlen(path) },
		{ record->reason, strlen(record->reason) },
		{ record->text, record->text_size },
	};

	buf_add(&packet, numbers, sizeof(numbers));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_add(&packet, &texts[i].size, sizeof(texts[i].size));
		buf_add(&packet, texts[i].bytes, texts[i].size);
	}
	remote_say(it->run.remote, REMOTE_BAD, packet.bytes, packet.size);
	buf_fini(&packet);
}

static int
worker_steps(struct worker_side *it, struct err *err)
{
	struct run *run = &it->run;

	/* Barriers that come before the start find a scheduler. */
	run_schedule(run);
	remote_say(run->remote, REMOTE_READY, NULL, 0);
	if (remote_converse(run->remote, &it->started, err) != 0)
		return -1;
	sched_add(run->sched, remote_task(run->remote));
	if (run->config->has_checkpoints)
		worker_each(it, subtask_hold, 1);
	int status = sched_run(run->sched, err);
	if (status == 0 && run->stopped.kind != ERR_NONE) {
		*err = run->stopped;
		status = -1;
	}
	return status;
}

int
run_worker(struct plan *plan, const struct run_config *config, uint32_t index,
	struct link *take_link, struct err *err)
{
	struct worker_side it = { 0 };
	struct run *run = &it.run;

	run_init(run, plan, config);
	run->here = index;
	run->remote = remote_new(take_link, "the starting process",
	    worker_handle, worker_is_through, &it);
	bad_set_forward(config->bad, worker_bad, &it);
	if (config->has_checkpoints) {
		run->shared.barrier = worker_barrier;
		run->shared.ended = worker_ended;
		run->shared.cookie = &it;
	}
	int status = run_build(run, err);
	if (status == 0)
		status = worker_steps(&it, err);
	if (status != 0)
		remotes_say_error(run->remote, err);
	run_close(run);
	return status;
}
