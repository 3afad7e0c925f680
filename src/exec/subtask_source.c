/*
 * What an instance reads.  Sources that end are read one behind the other, in
 * the plan's order, which has what a join keeps before what it is joined to;
 * those that do not end are read in turn.
 */
#include "exec/subtask_priv.h"
#include "op/joint.h"
#include "state/save.h"
#include "util/interrupt.h"
#include "util/mem.h"

/* No more of this source: tell the chain. */
enum task_status
subtask_source_end(struct subtask *it, struct source_in *in, struct err *err)
{
	in->ended = 1;
	source_run_quit(in->run);
	subtask_end_turns(it, source_run_turns(in->run));
	/* Enough was got before the record that would have stopped it. */
	err_clear(&it->job.stop);
	enum op_status status = op_end(in->head, in->port, err);
	if (status == OP_FAIL)
		return subtask_fail(it, err);
	return TASK_AGAIN;
}

/* ^C: what ends by itself is broken off, what does not comes to its end. */
static int
source_interrupted(struct source_in *in, struct err *err)
{
	if (!in->drains)
		return err_set(err, ERR_INTERRUPT, "interrupted");
	if (!in->stopped)
		source_run_stop(in->run);
	in->stopped = 1;
	return 0;
}

static enum task_status
source_split(struct subtask *it, struct source_in *in,
	const struct source_item *item, struct err *err)
{
	if (op_split(in->head, item->split, item->what, err) == OP_FAIL)
		return subtask_fail(it, err);
	if (item->what == OP_SPLIT_END)
		subtask_send_turn(it, item->number);
	return TASK_AGAIN;
}

/* The next of a source; what source_begin has read ahead comes first. */
static enum source_got
source_next(struct source_in *in, struct source_item *item, struct err *err)
{
	if (!in->has_ahead)
		return source_run_next(in->run, item, err);
	in->has_ahead = 0;
	*item = in->ahead;
	if (in->ahead_got == SOURCE_FAIL)
		*err = in->ahead_err;
	return in->ahead_got;
}

/*
 * All splits must have begun before the first record of any: read each source
 * up to what is no beginning, and keep that for its turn.
 */
static enum task_status
sources_begin(struct subtask *it, struct err *err)
{
	it->has_begun = 1;
	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		struct source_in *in = &it->source[i];
		while (!in->ended && !in->has_ahead) {
			save_free(&in->ahead_save);
			in->ahead_save = save_new();
			source_run_save(in->run, in->ahead_save);
			in->ahead_got = source_run_next(in->run, &in->ahead,
			    &in->ahead_err);
			if (in->ahead_got != SOURCE_SPLIT ||
			    in->ahead.what != OP_SPLIT_BEGIN)
				in->has_ahead = 1;
			else if (op_split(in->head, in->ahead.split,
			    OP_SPLIT_BEGIN, err) == OP_FAIL)
				return TASK_FAIL;
		}
	}
	return TASK_AGAIN;
}

static enum task_status
source_step(struct subtask *it, struct source_in *in, struct err *err)
{
	struct source_item item = { 0 };

	if (__atomic_load_n(&it->stop_wanted, __ATOMIC_ACQUIRE) &&
	    source_interrupted(in, err) != 0)
		return TASK_FAIL;
	if (in->port == 0 ? op_is_done(in->head) : in->head->done)
		return subtask_source_end(it, in, err);
	enum source_got got = source_next(in, &item, err);
	it->job.turn = it->turn_base + item.number;
	switch (got) {
	case SOURCE_BATCH:
		in->paused = 0;
		return subtask_judge(it, op_push(in->head, in->port,
		    item.batch, err), err);
	case SOURCE_SPLIT:
		return source_split(it, in, &item, err);
	case SOURCE_TURN:
		subtask_send_turn(it, item.number);
		return TASK_AGAIN;
	case SOURCE_BUSY:
		return TASK_WAIT;
	case SOURCE_WAIT:
		if (!in->paused && subtask_pause(it, in->head, err) == OP_FAIL)
			return subtask_fail(it, err);
		in->paused = 1;
		return TASK_WAIT;
	case SOURCE_END:
		/* Who interrupts may close the input too: no end. */
		if (interrupt_is_set() && it->shared->cookie == NULL &&
		    source_interrupted(in, err) != 0)
			return TASK_FAIL;
		return subtask_source_end(it, in, err);
	case SOURCE_FAIL:
		break;
	}
	return subtask_fail(it, err);
}

/* One batch of the source whose turn it is, or of all that do not end. */
enum task_status
subtask_sources_step(struct subtask *it, struct err *err)
{
	uint32_t count = it->plan->source_count;
	enum task_status all = TASK_WAIT;
	int open = 0;

	if (!it->has_begun && count > 1 && subtask_has_time(it))
		return sources_begin(it, err);
	for (uint32_t i = 0; i < count; i++) {
		struct source_in *in = &it->source[i];
		if (in->ended || in->is_live)
			continue;
		return source_step(it, in, err);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct source_in *in = &it->source[(it->source_at + i) %
		    count];
		if (in->ended)
			continue;
		open = 1;
		enum task_status status = source_step(it, in, err);
		if (status == TASK_FAIL || it->is_done)
			return status;
		if (it->job.working != NULL)
			return TASK_AGAIN;
		if (status == TASK_AGAIN)
			all = TASK_AGAIN;
	}
	it->source_at++;
	return open ? all : subtask_end(it, err);
}
