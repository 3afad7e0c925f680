/*
 * The starting process's side of a job over several hosts.
 *
 *     launch      a program that leads there (ssh), a link over its pipes
 *     hello       both are the same build, or the job ends here
 *     order       the program's text and what was learned of its sources
 *     ready       the worker has bound it, opened its operators
 *     load        entries of the checkpoint, if there is one
 *     start       and then records, marks, barriers; parts of checkpoints, bad
 *                 records come back
 *     done        its figures; the worker ends
 *
 * A worker that fails says why before it ends. One that cannot say it, or a
 * link that breaks, is an error of the job with the host's name: the next start
 * resumes from the last checkpoint.
 */
#include "exec/remotes.h"

#include <stdio.h>
#include <string.h>

#include "exec/checkpoint.h"
#include "exec/sched.h"
#include "io/bad.h"
#include "net/hello.h"
#include "net/launch.h"
#include "net/link.h"
#include "state/save.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/thr.h"

/* How long a worker that is to end may take. */
#define LINGER_NS ((uint64_t)2000000000)

struct worker {
	struct launch launch;
	struct remote *remote;
	int has_answered;
	int is_ready;
};

struct remotes {
	struct task stop;	/* tells them of ^C */
	struct remotes_config config;
	struct worker *worker;
	struct checkpoints *checkpoints;
	struct thr_lock lock;		/* of the figures */
	struct remotes_figures *figures;
};

/* --- reading what they say ---------------------------------------------- */

struct reading {
	const char *at, *end;
	int failed;
};

static void
read_bytes(struct reading *in, void *out, size_t size)
{
	if ((size_t)(in->end - in->at) < size) {
		in->failed = 1;
		memset(out, 0, size);
		return;
	}
	memcpy(out, in->at, size);
	in->at += size;
}

static uint32_t
read_u32(struct reading *in)
{
	uint32_t value;

	read_bytes(in, &value, sizeof(value));
	return value;
}

static uint64_t
read_u64(struct reading *in)
{
	uint64_t value;

	read_bytes(in, &value, sizeof(value));
	return value;
}

/* A length, then so many bytes, which stay where they are. */
static const char *
read_text(struct reading *in, size_t *size)
{
	uint64_t length = read_u64(in);
	const char *text = in->at;

	if (length > (uint64_t)(in->end - in->at)) {
		in->failed = 1;
		length = 0;
	}
	in->at += length;
	*size = (size_t)length;
	return text;
}

static int
read_failed(const struct remote *remote, const char *what, struct err *err)
{
	return err_set(err, ERR_IO, "%s: %s is cut off", remote_name(remote),
	    what);
}

void
remotes_write_part(struct buf *out, uint32_t index, uint64_t number,
	const struct save *save)
{
	buf_add(out, &index, sizeof(index));
	buf_add(out, &number, sizeof(number));
	for (uint64_t i = 0; i < save_count(save); i++) {
		uint32_t key_group;
		size_t size;
		const char *bytes = save_entry(save, i, &key_group, &size);
		uint64_t length = size;
		buf_add(out, &key_group, sizeof(key_group));
		buf_add(out, &length, sizeof(length));
		buf_add(out, bytes, size);
	}
}

/* What stands behind index and number. */
static struct save *
read_entries(struct reading *in)
{
	struct save *save = save_new();

	while (in->at < in->end && !in->failed) {
		uint32_t key_group = read_u32(in);
		size_t size;
		const char *bytes = read_text(in, &size);
		if (!in->failed)
			save_put(save, key_group, bytes, size);
	}
	if (in->failed)
		save_free(&save);
	return save;
}

struct save *
remotes_read_part(const char *bytes, size_t size)
{
	struct reading in = { bytes, bytes + size, 0 };

	read_u32(&in);
	read_u64(&in);
	return read_entries(&in);
}

void
remotes_say_error(struct remote *remote, const struct err *err)
{
	struct err ignored = ERR_INIT;
	struct buf packet = { 0 };
	uint32_t kind = err->kind;
	uint64_t size = strlen(err->message);

	buf_add(&packet, &kind, sizeof(kind));
	buf_add(&packet, &size, sizeof(size));
	buf_add(&packet, err->message, size);
	size = strlen(err->hint);
	buf_add(&packet, &size, sizeof(size));
	buf_add(&packet, err->hint, size);
	remote_say(remote, REMOTE_ERROR, packet.bytes, packet.size);
	buf_fini(&packet);
	remote_converse(remote, NULL, &ignored);
}

static int
take_part(struct remotes *it, struct remote *remote, struct reading *in,
	struct err *err)
{
	uint32_t index = read_u32(in);
	uint64_t number = read_u64(in);
	struct save *save = read_entries(in);

	if (save == NULL || it->checkpoints == NULL ||
	    !checkpoints_has(it->checkpoints, index)) {
		save_free(&save);
		return read_failed(remote, "a part of a checkpoint", err);
	}
	checkpoints_take(it->checkpoints, index, number, save);
	return 0;
}

/* A bad record of theirs meets the policy of the job. */
static int
take_bad(struct remotes *it, struct remote *remote, struct reading *in,
	struct err *err)
{
	struct bad_record record = { 0 };
	char path[512];
	size_t path_size, reason_size, text_size;

	record.line = read_u64(in);
	record.column = read_u64(in);
	record.text_line = read_u64(in);
	record.text_column = read_u64(in);
	const char *from = read_text(in, &path_size);
	const char *reason = read_text(in, &reason_size);
	record.text = read_text(in, &text_size);
	record.text_size = text_size;
	if (in->failed)
		return read_failed(remote, "a bad record", err);
	snprintf(path, sizeof(path), "%s:%.*s", remote_name(remote),
	    (int)(path_size > 400 ? 400 : path_size), from);
	char *sentence = mem_alloc(reason_size + 1);
	memcpy(sentence, reason, reason_size);
	sentence[reason_size] = '\0';
	record.path = path_size > 0 ? path : remote_name(remote);
	record.reason = sentence;
	int status = bad_report(it->config.bad, &record, err);
	mem_free(sentence);
	return status;
}

static int
take_figures(struct remotes *it, struct remote *remote, struct reading *in,
	struct err *err)
{
	bad_count_read(it->config.bad, read_u64(in));
	while (in->at < in->end && !in->failed) {
		uint32_t op = read_u32(in);
		struct remotes_figures one;
		one.rows_in = read_u64(in);
		one.rows_out = read_u64(in);
		one.held_bytes = read_u64(in);
		one.spilled_bytes = read_u64(in);
		if (in->failed || op >= it->config.op_count)
			return read_failed(remote, "the list of figures", err);
		thr_lock_take(&it->lock);
		it->figures[op].rows_in += one.rows_in;
		it->figures[op].rows_out += one.rows_out;
		it->figures[op].held_bytes += one.held_bytes;
		it->figures[op].spilled_bytes += one.spilled_bytes;
		thr_lock_give(&it->lock);
	}
	return 0;
}

/* Their error becomes ours, with the host in front. */
static int
take_error(struct remote *remote, struct reading *in, struct err *err)
{
	uint32_t kind = read_u32(in);
	size_t message_size, hint_size;
	const char *message = read_text(in, &message_size);
	const char *hint = read_text(in, &hint_size);

	if (in->failed || kind == ERR_NONE || kind > ERR_INTERRUPT)
		return read_failed(remote, "its last word", err);
	/* We have told it to. */
	if (kind == ERR_INTERRUPT)
		return err_set(err, ERR_INTERRUPT, "interrupted");
	err_set(err, (enum err_kind)kind, "%s: %.*s", remote_name(remote),
	    (int)message_size, message);
	if (hint_size > 0)
		err_hint(err, "%.*s", (int)hint_size, hint);
	return -1;
}

static int
remotes_handle(void *cookie, struct remote *remote, enum remote_kind kind,
	const char *bytes, size_t size, struct err *err)
{
	struct remotes *it = cookie;
	struct reading in = { bytes, bytes + size, 0 };
	struct worker *worker = it->worker;

	while (worker->remote != remote)
		worker++;
	switch (kind) {
	case REMOTE_READY:
		worker->is_ready = 1;
		return 0;
	case REMOTE_PART: return take_part(it, remote, &in, err);
	case REMOTE_BAD: return take_bad(it, remote, &in, err);
	case REMOTE_FIGURES: return take_figures(it, remote, &in, err);
	case REMOTE_ERROR: return take_error(remote, &in, err);
	case REMOTE_DONE:
		remote_set_done(remote);
		return 0;
	default:
		return err_set(err, ERR_IO, "%s says what only we may say",
		    remote_name(remote));
	}
}

/* --- starting ------------------------------------------------------------ */

static int
worker_hello(struct worker *worker, struct err *err)
{
	struct link *link = worker->launch.link;
	struct env_waits waits = { 0 };
	struct err gone = ERR_INIT;
	struct hello hello;
	const char *bytes;
	int got = 0;

	int status = hello_put(link, err);
	while (status == 0 && got == 0) {
		/* Who has gone may have said something before. */
		link_flush(link, &gone);
		got = hello_take(link, &hello, err);
		if (got != 0)
			break;
		env_waits_clear(&waits);
		link_add_waits(link, 1, &waits);
		env_waits_add(&waits, interrupt_fd(), 0);
		if (interrupt_is_set())
			status = err_set(err, ERR_INTERRUPT, "interrupted");
		else
			env->wait(&waits);
	}
	env_waits_fini(&waits);
	if (got < 0 && link_is_gone(link) && link_peek(link, &bytes) == 0) {
		err_clear(err);
		launch_gone(&worker->launch, err);
	}
	return status == 0 && got > 0 ? 0 : -1;
}

/* Its order goes to a worker that has said hello. */
static int
worker_start(struct remotes *it, uint32_t index, struct err *err)
{
	struct worker *worker = &it->worker[index];
	struct buf order = { 0 };

	if (worker_hello(worker, err) != 0)
		return -1;
	worker->remote = remote_new(worker->launch.link,
	    link_name(worker->launch.link), remotes_handle, NULL, it);
	worker->launch.link = NULL;
	worker->has_answered = 1;
	it->config.order(it->config.order_cookie, index, &order);
	remote_say(worker->remote, REMOTE_ORDER, order.bytes, order.size);
	buf_fini(&order);
	return 0;
}

/* ^C where there are no checkpoints: sources there end as those here do. */
static enum task_status
remotes_step_stop(struct task *task, struct err *err)
{
	struct remotes *it = (struct remotes *)task;

	(void)err;
	if (!interrupt_is_set())
		return TASK_WAIT;
	for (uint32_t i = 0; i < it->config.host_count; i++)
		remote_say(it->worker[i].remote, REMOTE_STOP, NULL, 0);
	return TASK_DONE;
}

struct remotes *
remotes_start(const struct remotes_config *config, struct err *err)
{
	struct remotes *it = mem_alloc_zero(sizeof(*it));
	int status = 0;

	it->stop = (struct task){ .name = "stop",
	    .step = remotes_step_stop, .is_service = 1 };
	it->config = *config;
	thr_lock_init(&it->lock, "figures of workers");
	it->worker = mem_alloc_zero((config->host_count + 1) *
	    sizeof(*it->worker));
	it->figures = mem_alloc_zero((config->op_count + 1) *
	    sizeof(*it->figures));
	for (uint32_t i = 0; i < config->host_count && status == 0; i++)
		status = launch_start(&it->worker[i].launch, config->launch,
		    config->host[i], err);
	for (uint32_t i = 0; i < config->host_count && status == 0; i++)
		status = worker_start(it, i, err);
	for (uint32_t i = 0; i < config->host_count && status == 0; i++)
		status = remote_converse(it->worker[i].remote,
		    &it->worker[i].is_ready, err);
	if (status != 0) {
		remotes_explain(it, err);
		remotes_free(&it);
	}
	return it;
}

void
remotes_explain(struct remotes *it, struct err *err)
{
	for (uint32_t i = 0; i < it->config.host_count; i++) {
		struct worker *worker = &it->worker[i];
		const char *name = worker->remote == NULL ? NULL :
		    remote_name(worker->remote);
		if (name == NULL || !remote_is_gone(worker->remote) ||
		    strncmp(err->message, name, strlen(name)) != 0)
			continue;
		err_clear(err);
		launch_gone(&worker->launch, err);
		return;
	}
}

void
remotes_free(struct remotes **take_remotes)
{
	struct remotes *it = *take_remotes;
	uint64_t deadline_ns = env->monotonic_ns() + LINGER_NS;

	*take_remotes = NULL;
	if (it == NULL)
		return;
	/* Their links closed, all end at the same time. */
	for (uint32_t i = 0; i < it->config.host_count; i++)
		remote_free(&it->worker[i].remote);
	for (uint32_t i = 0; i < it->config.host_count; i++) {
		struct worker *worker = &it->worker[i];
		/* Who has not answered yet does not look for the end. */
		if (worker->has_answered)
			launch_linger(&worker->launch, deadline_ns);
		launch_fini(&worker->launch);
	}
	thr_lock_fini(&it->lock);
	mem_free(it->worker);
	mem_free(it->figures);
	mem_free(it);
}

struct remote *
remotes_at(struct remotes *it, uint32_t host)
{
	return it->worker[host].remote;
}

int
remotes_load(struct remotes *it, const struct save *save, struct err *err)
{
	struct buf part = { 0 };
	int status = 0;

	remotes_write_part(&part, 0, 0, save);
	for (uint32_t i = 0; i < it->config.host_count && status == 0; i++) {
		remote_say(it->worker[i].remote, REMOTE_LOAD, part.bytes,
		    part.size);
		status = remote_converse(it->worker[i].remote, NULL, err);
	}
	buf_fini(&part);
	return status;
}

void
remotes_run(struct remotes *it, struct sched *sched)
{
	if (it->checkpoints == NULL)
		sched_add(sched, &it->stop);
	for (uint32_t i = 0; i < it->config.host_count; i++) {
		sched_add(sched, remote_task(it->worker[i].remote));
		remote_say(it->worker[i].remote, REMOTE_START, NULL, 0);
	}
}

void
remotes_set_checkpoints(struct remotes *it, struct checkpoints *checkpoints)
{
	it->checkpoints = checkpoints;
}

void
remotes_want(void *cookie, uint64_t number, int halts)
{
	struct remotes *it = cookie;
	struct buf packet = { 0 };

	buf_add(&packet, &number, sizeof(number));
	buf_add_char(&packet, (char)halts);
	for (uint32_t i = 0; i < it->config.host_count; i++)
		remote_say(it->worker[i].remote, REMOTE_BARRIER, packet.bytes,
		    packet.size);
	buf_fini(&packet);
}

void
remotes_hold(void *cookie, int is_held)
{
	struct remotes *it = cookie;
	char held = (char)is_held;

	for (uint32_t i = 0; i < it->config.host_count; i++)
		remote_say(it->worker[i].remote, REMOTE_HOLD, &held, 1);
}

const struct remotes_figures *
remotes_figures(const struct remotes *it)
{
	return it->figures;
}
