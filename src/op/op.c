/*
 * The frame around operators: the registry, binding, and how batches, ends and
 * pauses travel from one operator to the next.
 *
 * A batch travels by plain calls: op_push() on the first operator of a chain,
 * whose push gives on by op_give(), which pushes into the next.  A status
 * travels back the same way: OP_DONE says that no further input can change
 * anything, so a source behind `head 5` stops reading.  An input that ends is
 * said by op_end(): the operator flushes what it holds, and when its last input
 * has ended so has the input of who comes next.
 */
#include "op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/key.h"
#include "io/bad.h"
#include "state/spill.h"
#include "util/buf.h"
#include "util/hash.h"

#define OP(name) extern const struct op_def op_##name;
#include "op/op_table.h"
#undef OP

static const struct op_def *const op_table[] = {
#define OP(name) &op_##name,
#include "op/op_table.h"
#undef OP
};

const struct op_def *const *
op_all(size_t *count)
{
	*count = sizeof(op_table) / sizeof(op_table[0]);
	return op_table;
}

const struct op_def *
op_find(const char *name, size_t size)
{
	size_t count;
	const struct op_def *const *table = op_all(&count);

	for (size_t i = 0; i < count; i++)
		if (strlen(table[i]->name) == size &&
		    memcmp(table[i]->name, name, size) == 0)
			return table[i];
	return NULL;
}

struct op *
op_new(const struct op_def *def)
{
	struct op *op = mem_alloc_zero(sizeof(*op));

	op->def = def;
	op->input_count = 1;
	return op;
}

int
op_bind(struct op *op, struct err *err)
{
	if (op->def->bind != NULL)
		return op->def->bind(op, err);
	op->out = schema_hold(op->in[0]);
	return 0;
}

static void
op_free_items(struct op_item *item, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		expr_free(&item[i].expr);
	mem_free(item);
}

static void
op_free_exprs(struct expr **expr, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		expr_free(&expr[i]);
	mem_free(expr);
}

static void
op_free_args(struct op_args *args)
{
	expr_free(&args->expr);
	expr_free(&args->residual);
	op_free_items(args->item, args->item_count);
	op_free_items(args->by, args->by_count);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_free(&args->agg[i].agg);
	mem_free(args->agg);
	mem_free(args->set);
	for (uint32_t i = 0; i < args->key_count; i++)
		expr_free(&args->key[i].expr);
	mem_free(args->key);
	op_free_exprs(args->on_left, args->on_count);
	op_free_exprs(args->on_right, args->on_count);
	expr_free(&args->asof_left);
	expr_free(&args->asof_right);
	for (uint32_t i = 0; i < args->arg_count; i++)
		expr_free(&args->arg[i].expr);
	mem_free(args->arg);
	mem_free(args->option);
}

void
op_free(struct op **op)
{
	if (*op == NULL)
		return;
	if ((*op)->plan != NULL && (*op)->def->unbind != NULL)
		(*op)->def->unbind(*op);
	op_free_args(&(*op)->args);
	for (unsigned i = 0; i < 2; i++)
		schema_drop(&(*op)->in[i]);
	schema_drop(&(*op)->out);
	need_set_free(&(*op)->out_need);
	mem_free(*op);
	*op = NULL;
}

void
op_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	struct need_set *wish = need_set_new();

	need_copy(wish, out);
	if (!(op->def->flags & OP_KEEPS_RECORD) && need_has_record(wish)) {
		need_all(wish);
		need_set_record(wish, 0);
	}
	if (op->def->need != NULL)
		op->def->need(op, wish, port, in);
	else
		need_all(in);
	need_set_free(&wish);
}

void
op_need_chain(struct op *op, unsigned port, struct need_set *in)
{
	if (op->out_need == NULL) {
		op->out_need = need_set_new();
		if (op->next != NULL)
			op_need_chain(op->next, op->next_port, op->out_need);
	}
	op_need(op, op->out_need, port, in);
}

void
op_run_init(struct op_run *run, const struct op *op, struct op_job *job)
{
	memset(run, 0, sizeof(*run));
	run->op = op;
	run->state = mem_alloc_zero(op->def->state_bytes + 8);
	run->job = job;
	run->budget.name = op->def->name;
	run->open_inputs = op->input_count;
	run->mark_us[0] = run->mark_us[1] = INT64_MIN;
	run->marked_us = INT64_MIN;
	run->tick_us = INT64_MAX;
	run->group_end = KEY_GROUP_COUNT;
}

/* What comes out of an operator that blocks or makes groups is no longer of its
 * input's splits. */
static int
has_own_split(const struct op_run *run)
{
	return (run->op->def->flags & (OP_BLOCKS | OP_REGROUPS)) != 0;
}

static uint64_t
own_split(const struct op_run *run)
{
	return hash_mix(run->op->id + 1, run->group_first);
}

/* Time is an operator's own; what those behind it take is theirs. */
static uint64_t
clock_enter(struct op_job *job, uint64_t *outer_ns)
{
	*outer_ns = job->below_ns;
	job->below_ns = 0;
	return job->clock_ns == NULL ? 0 : job->clock_ns();
}

static void
clock_leave(struct op_run *run, uint64_t begun_ns, uint64_t outer_ns)
{
	struct op_job *job = run->job;

	if (job->clock_ns == NULL)
		return;
	uint64_t spent_ns = job->clock_ns() - begun_ns;
	run->self_ns += spent_ns - job->below_ns;
	job->below_ns = outer_ns + spent_ns;
}

int
op_is_done(const struct op_run *run)
{
	/* What is kept for another input is read whatever comes behind. */
	for (; run != NULL && !run->done; run = run->next)
		if (run->side != NULL || run->next_port > 0)
			return 0;
	return run != NULL;
}

enum op_status
op_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	if (run->done) {
		batch_free(&take_batch);
		return OP_DONE;
	}
#ifdef SFLOW_HOSTILE
	batch_verify(take_batch);
#endif
	run->rows_in += take_batch->sel_count;
	run->batches_in++;
	uint64_t outer_ns, begun_ns = clock_enter(run->job, &outer_ns);
	enum op_status status = run->op->def->push(run, port, take_batch, err);
	clock_leave(run, begun_ns, outer_ns);
	if (status == OP_DONE)
		run->done = 1;
	return status;
}

/*
 * What giving a batch came to if a record has stopped the job, here or behind:
 * who gives has nothing more to give.  But if those who took what came before
 * the record want no more, it is as if it had not been read.  A stop that is
 * older, `was_stopped`, is for those before this operator to judge.
 */
static enum op_status
given(const struct op_run *run, int was_stopped, enum op_status status,
	struct err *err)
{
	struct op_job *job = run->job;

	if (job->stop.kind == ERR_NONE || status == OP_FAIL ||
	    (was_stopped && job->stopped_by != run))
		return status;
	if (status == OP_DONE) {
		err_clear(&job->stop);
		return OP_DONE;
	}
	*err = job->stop;
	return OP_FAIL;
}

enum op_status
op_give(struct op_run *run, struct batch *take_batch, struct err *err)
{
	struct op_run *next = run->next;
	int was_stopped = run->job->stop.kind != ERR_NONE;

	if (take_batch->sel_count == 0 || next == NULL) {
		batch_free(&take_batch);
		return given(run, was_stopped, next != NULL && next->done ?
		    OP_DONE : OP_OK, err);
	}
	run->rows_out += take_batch->sel_count;
	if (has_own_split(run))
		take_batch->split = own_split(run);
	/* A record that was changed is not what its bytes say. */
	if (!(run->op->def->flags & OP_KEEPS_RECORD))
		take_batch->has_record = 0;
	return given(run, was_stopped, op_push(next, run->next_port,
	    take_batch, err), err);
}

enum op_status
op_give_side(struct op_run *run, struct batch *take_batch, struct err *err)
{
	int was_stopped = run->job->stop.kind != ERR_NONE;

	if (take_batch->sel_count == 0 || run->side == NULL) {
		batch_free(&take_batch);
		return OP_OK;
	}
	enum op_status status = op_push(run->side, run->side_port, take_batch,
	    err);
	/* What the main way is to get it still gets. */
	return status != OP_DONE ? status : given(run, was_stopped, status,
	    err);
}

enum op_status
op_give_mark(struct op_run *run, int64_t us, struct err *err)
{
	if (run->side != NULL &&
	    op_mark(run->side, run->side_port, us, err) == OP_FAIL)
		return OP_FAIL;
	return run->next == NULL ? OP_OK :
	    op_mark(run->next, run->next_port, us, err);
}

enum op_status
op_give_idle(struct op_run *run, struct err *err)
{
	if (run->side != NULL &&
	    op_idle(run->side, run->side_port, err) == OP_FAIL)
		return OP_FAIL;
	return run->next == NULL ? OP_OK :
	    op_idle(run->next, run->next_port, err);
}

/* The smallest mark of the inputs that count is passed on when it grows. */
static enum op_status
mark_update(struct op_run *run, struct err *err)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < run->op->input_count; i++)
		if (!run->is_idle[i] && run->mark_us[i] < least)
			least = run->mark_us[i];
	if (least == INT64_MAX) {
		if (run->marked_idle)
			return OP_OK;
		run->marked_idle = 1;
		return run->op->def->idle != NULL ?
		    run->op->def->idle(run, err) : op_give_idle(run, err);
	}
	if (least <= run->marked_us && !run->marked_idle)
		return OP_OK;
	run->marked_idle = 0;
	if (least > run->marked_us)
		run->marked_us = least;
	if (run->marked_us == INT64_MIN)
		return OP_OK;
	return run->op->def->mark != NULL ?
	    run->op->def->mark(run, run->marked_us, err) :
	    op_give_mark(run, run->marked_us, err);
}

enum op_status
op_mark(struct op_run *run, unsigned port, int64_t us, struct err *err)
{
	if (us > run->mark_us[port])
		run->mark_us[port] = us;
	run->is_idle[port] = 0;
	return mark_update(run, err);
}

enum op_status
op_idle(struct op_run *run, unsigned port, struct err *err)
{
	run->is_idle[port] = 1;
	return mark_update(run, err);
}

enum op_status
op_give_split(struct op_run *run, uint64_t split, enum op_split what,
	struct err *err)
{
	if (run->side != NULL &&
	    op_split(run->side, split, what, err) == OP_FAIL)
		return OP_FAIL;
	return run->next == NULL ? OP_OK :
	    op_split(run->next, split, what, err);
}

enum op_status
op_split(struct op_run *run, uint64_t split, enum op_split what,
	struct err *err)
{
	if (!has_own_split(run)) {
		if (run->op->def->split != NULL)
			return run->op->def->split(run, split, what, err);
		return op_give_split(run, split, what, err);
	}
	if (what == OP_SPLIT_END || run->has_split)
		return OP_OK;
	run->has_split = 1;
	return op_give_split(run, own_split(run), OP_SPLIT_BEGIN, err);
}

void
op_job_fini(struct op_job *job)
{
	mem_free(job->end);
	job->end = NULL;
	job->end_count = job->end_capacity = 0;
}

/* Remember that an input is to be ended; the last one remembered comes next. */
static void
end_add(struct op_job *job, struct op_run *run, unsigned port)
{
	if (job->end_count == job->end_capacity) {
		job->end_capacity = job->end_capacity == 0 ? 8 :
		    job->end_capacity * 2;
		job->end = mem_resize(job->end,
		    job->end_capacity * sizeof(*job->end));
	}
	job->end[job->end_count++] = (struct op_end){ run, port };
}

/* What was held behind input `port` is out, or is taken to be. */
static enum op_status
end_flushed(struct op_run *run, unsigned port, struct err *err)
{
	if (--run->open_inputs > 0) {
		run->mark_us[port] = INT64_MAX;
		return mark_update(run, err) == OP_FAIL ? OP_FAIL : OP_OK;
	}
	if (run->has_split &&
	    op_give_split(run, own_split(run), OP_SPLIT_END, err) == OP_FAIL)
		return OP_FAIL;
	if (run->next != NULL)
		end_add(run->job, run->next, run->next_port);
	if (run->side != NULL)
		end_add(run->job, run->side, run->side_port);
	return OP_OK;
}

/* Flush input `port`; OP_WAIT: there is work to do before that is through. */
static enum op_status
end_flush(struct op_run *run, unsigned port, struct err *err)
{
	const struct op_def *def = run->op->def;
	enum op_status status = OP_OK;

	uint64_t outer_ns, begun_ns = clock_enter(run->job, &outer_ns);
	if (!run->done && def->flush != NULL)
		status = def->flush(run, port, err);
	clock_leave(run, begun_ns, outer_ns);
	/* A sink behind it must not take a failure for the end. */
	status = given(run, 0, status, err);
	if (status == OP_DONE)
		run->done = 1;
	if (status == OP_FAIL || def->work == NULL)
		return status == OP_FAIL ? OP_FAIL : end_flushed(run, port,
		    err);
	run->job->working = run;
	run->job->working_port = port;
	return OP_WAIT;
}

static enum op_status
ends_go_on(struct op_job *job, struct err *err)
{
	enum op_status status = OP_OK;

	while (status == OP_OK && job->end_count > 0) {
		struct op_end next = job->end[--job->end_count];
		status = end_flush(next.run, next.port, err);
	}
	return status;
}

enum op_status
op_end(struct op_run *run, unsigned port, struct err *err)
{
	end_add(run->job, run, port);
	return ends_go_on(run->job, err);
}

enum op_status
op_work(struct op_job *job, struct err *err)
{
	struct op_run *run = job->working;
	uint64_t outer_ns, begun_ns = clock_enter(job, &outer_ns);
	enum op_status status = run->op->def->work(run, job->working_port,
	    err);

	clock_leave(run, begun_ns, outer_ns);
	status = given(run, 0, status, err);
	if (status != OP_OK)
		return status;
	job->working = NULL;
	if (end_flushed(run, job->working_port, err) == OP_FAIL)
		return OP_FAIL;
	return ends_go_on(job, err);
}

enum op_status
op_pause(struct op_run *run, struct err *err)
{
	if (run->op->def->pause != NULL &&
	    run->op->def->pause(run, err) == OP_FAIL)
		return OP_FAIL;
	if (run->side != NULL && op_pause(run->side, err) == OP_FAIL)
		return OP_FAIL;
	return run->next == NULL ? OP_OK : op_pause(run->next, err);
}

static int
op_report(struct op_run *run, const struct batch *batch, uint32_t row,
	const char *reason, struct err *err)
{
	struct bad_record record = { .reason = reason };
	struct text text = { 0 };

	if (batch->origin != NULL) {
		record.path = batch->origin->path;
		record.line = batch_line(batch, row);
	}
	if (batch->record.base != NULL || batch->has_record) {
		text = column_row_text(&batch->record,
		    batch_place_row(batch, row));
		record.text = text_bytes(&text);
		record.text_size = text.size;
	}
	return bad_report(run->job->bad, &record, err);
}

int
op_reject(struct op_run *run, struct batch *batch,
	const struct rejects *rejects, struct err *err)
{
	if (rejects->count == 0)
		return 0;
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		if (!rejects_has(rejects, row))
			sel[kept++] = (uint16_t)row;
		else if (batch_is_first(batch, row) && op_report(run, batch,
		    row, rejects->reason[row], err) != 0)
			break;
	}
	if (err->kind == ERR_DATA) {
		run->job->stop = *err;
		run->job->stopped_by = run;
		err_clear(err);
	} else if (err->kind != ERR_NONE) {
		return -1;
	}
	batch->sel = sel;
	batch->sel_count = kept;
	return 0;
}

int
op_charge(struct op_run *run, uint64_t bytes, struct err *err)
{
	if (mem_charge(&run->budget, bytes) == 0)
		return 0;
	err_set(err, ERR_IO, "%s needs more memory than the limit of %llu MiB",
	    run->op->def->name,
	    (unsigned long long)(mem_limit() >> 20));
	err_hint(err, "give it more with --memory SIZE");
	return -1;
}

struct spill_file *
op_spill_new(struct op_run *run, struct err *err)
{
	struct spill_file *file = spill_file_new(run->job->spill, err);

	if (file != NULL)
		spill_file_count(file, &run->spilled_bytes);
	return file;
}

void
op_warn(struct op_run *run, const char *format, ...)
{
	char message[512];
	va_list args;

	if (run->job->warn == NULL)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	run->job->warn(run->job->warn_cookie, message);
}
