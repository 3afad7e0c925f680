/*
 * watermark EXPR [delay DUR] [idle DUR]: give records their event time.
 *
 * Arguments: expr (NULL: the wall clock), delay_us, idle_us.
 *
 * Every split (a file, a connection) has a mark of its own: the largest time
 * seen in it less the delay.  A record carries the mark of its split as it was
 * before the record:
 *
 *	time	10  12  11  20   7
 *	mark	 -   5   7   7  15	delay 5
 *
 * so what is late is decided here, by the split's own order, and nothing that
 * happens on the way can change it.  The last record is late for what ended at
 * 15 or before.
 *
 * What goes on behind the records is the least mark of all splits that are
 * open.  A split that has begun and given nothing holds it back, unless it is
 * idle: for `idle` nothing came from it, which is looked at IDLE_LOOKS times in
 * that span.  When the last split has ended nothing is said any more; the end
 * of the input does it.
 *
 * With now() as the time there is one clock for all splits, and it goes on when
 * nothing comes, in steps of CLOCK_STEP_US.
 */
#include "op/op.h"

#include <string.h>

#include "data/moment.h"
#include "state/save.h"
#include "util/bits.h"
#include "util/buf.h"

/* How far the clock of now() moves at least between two marks. */
#define CLOCK_STEP_US 100000

/* A split is idle after `idle`, and a fourth of it at most. */
#define IDLE_LOOKS 4
#define IDLE_STEP_US_MIN 10000

struct split {
	uint64_t id;
	int64_t time_us;	/* the largest; INT64_MIN: none yet */
	int64_t heard_us;	/* wall clock when it was not yet silent */
	uint8_t was_heard;	/* since it was looked at */
	uint8_t is_open;	/* else only known from before a restart */
	uint8_t is_idle;
};

struct watermark {
	struct split *split;	/* by id */
	uint32_t split_count, split_capacity;
	uint32_t open_count;
	int64_t clock_us;	/* now(): as it was last */
	int64_t marked_us;	/* given last; INT64_MIN: none */
	int is_idle;		/* said so */
};

static int
watermark_open(struct op_run *run, struct err *err)
{
	struct watermark *state = run->state;

	(void)err;
	state->clock_us = INT64_MIN;
	state->marked_us = INT64_MIN;
	return 0;
}

static void
watermark_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	if (op->args.expr != NULL)
		need_add_expr(in, op->args.expr);
}

/* --- splits --- */

/* Where the split is or would be. */
static uint32_t
split_place(const struct watermark *state, uint64_t id)
{
	uint32_t low = 0, high = state->split_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (state->split[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The split, made if it is not known. */
static struct split *
split_get(struct watermark *state, uint64_t id)
{
	uint32_t at = split_place(state, id);

	if (at < state->split_count && state->split[at].id == id)
		return &state->split[at];
	if (state->split_count == state->split_capacity) {
		state->split_capacity = state->split_capacity * 2 + 4;
		state->split = mem_resize(state->split,
		    state->split_capacity * sizeof(*state->split));
	}
	memmove(&state->split[at + 1], &state->split[at],
	    (state->split_count - at) * sizeof(*state->split));
	state->split_count++;
	state->split[at] = (struct split){ .id = id, .time_us = INT64_MIN };
	return &state->split[at];
}

static struct split *
split_begin(struct op_run *run, uint64_t id)
{
	struct watermark *state = run->state;
	struct split *split = split_get(state, id);

	if (!split->is_open) {
		split->is_open = 1;
		split->was_heard = 1;
		state->open_count++;
	}
	return split;
}

static void
split_end(struct watermark *state, uint64_t id)
{
	uint32_t at = split_place(state, id);

	if (at == state->split_count || state->split[at].id != id)
		return;
	state->open_count -= state->split[at].is_open;
	state->split_count--;
	memmove(&state->split[at], &state->split[at + 1],
	    (state->split_count - at) * sizeof(*state->split));
}

/* The mark behind a largest time. */
static inline int64_t
mark_of(const struct op_run *run, int64_t time_us)
{
	return time_us == INT64_MIN ? INT64_MIN :
	    time_us - run->op->args.delay_us;
}

/* The least mark of those that count; 0 if none counts. */
static int
least_mark(const struct op_run *run, int64_t *us)
{
	const struct watermark *state = run->state;
	int64_t least = INT64_MAX;

	if (run->op->args.expr == NULL) {
		*us = mark_of(run, state->clock_us);
		return 1;
	}
	for (uint32_t i = 0; i < state->split_count; i++) {
		const struct split *split = &state->split[i];
		if (split->is_open && !split->is_idle &&
		    split->time_us < least)
			least = split->time_us;
	}
	*us = mark_of(run, least);
	return least != INT64_MAX;
}

/* Let those behind know how far event time is now. */
static enum op_status
watermark_tell(struct op_run *run, struct err *err)
{
	struct watermark *state = run->state;
	int64_t us;

	if (!least_mark(run, &us)) {
		if (state->open_count == 0 || state->is_idle)
			return OP_OK;
		state->is_idle = 1;
		return op_give_idle(run, err) == OP_FAIL ? OP_FAIL : OP_OK;
	}
	if (us <= state->marked_us && !state->is_idle)
		return OP_OK;
	state->is_idle = 0;
	if (us > state->marked_us)
		state->marked_us = us;
	/* That who comes next is done is said when it is given records. */
	return op_give_mark(run, state->marked_us, err) == OP_FAIL ? OP_FAIL :
	    OP_OK;
}

/* --- records --- */

/* The time of a value, or why it has none. */
static const char *
time_of(const struct column *column, uint32_t i, struct region *region,
	int64_t *us)
{
	struct value value = column_value(column, i, region);
	struct buf reason = { 0 };

	if (value.type <= TYPE_MISSING)
		return "the time of the record is null";
	if (value.type == TYPE_DATE) {
		*us = value.cell.integer * 86400000000;
		return NULL;
	}
	if (value.type == TYPE_TIME) {
		*us = value.cell.integer;
		return NULL;
	}
	value_add_text(&value, &reason);
	if (reason.size > 40)
		reason.size = 40;
	const char *text = region_copy(region, buf_string(&reason),
	    reason.size + 1);
	buf_fini(&reason);
	buf_add_format(&reason, "not a time: %s", text);
	text = region_copy(region, buf_string(&reason), reason.size + 1);
	buf_fini(&reason);
	return text;
}

/* The times of the batch's rows; those that have none are rejected. */
static int
watermark_times(struct op_run *run, struct batch *batch, struct region *region,
	int64_t *time, struct err *err)
{
	struct eval eval;
	struct column column;

	eval_init(&eval, batch, region);
	expr_eval_as(run->op->args.expr, &eval, FUNC_TIME, batch->sel,
	    batch->sel_count, &column);
	if (column.type == TYPE_TIME && column.encoding == FLAT &&
	    column.valid == NULL && eval.rejects.count == 0) {
		const int64_t *dense = column.data;
		for (uint32_t i = 0; i < batch->sel_count; i++)
			time[batch_row(batch, i)] = dense[i];
		return 0;
	}
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		if (rejects_has(&eval.rejects, row))
			continue;
		const char *reason = time_of(&column, i, region, &time[row]);
		if (reason != NULL)
			rejects_add(&eval.rejects, row, reason);
	}
	return op_reject(run, batch, &eval.rejects, err);
}

/* now(): all records of a batch come at once, behind the clock as it was. */
static void
watermark_clock(struct op_run *run, const struct batch *batch, int64_t *time,
	struct split *split)
{
	struct watermark *state = run->state;

	split->time_us = state->clock_us;
	if (run->job->now_us > state->clock_us)
		state->clock_us = run->job->now_us;
	for (uint32_t i = 0; i < batch->row_count; i++)
		time[i] = state->clock_us;
}

/* The mark before each row; the split's time goes on. */
static void
watermark_marks(const struct op_run *run, const struct batch *batch,
	const int64_t *time, int64_t *mark, int64_t *split_us)
{
	int64_t largest = *split_us;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		mark[row] = mark_of(run, largest);
		if (time[row] > largest)
			largest = time[row];
	}
	*split_us = largest;
}

/* When to look again whether a split is silent, or the clock has moved. */
static void
watermark_set_tick(struct op_run *run, int64_t now_us)
{
	const struct op_args *args = &run->op->args;
	int64_t step = args->idle_us / IDLE_LOOKS;

	if (run->tick_us != INT64_MAX ||
	    (args->expr != NULL && args->idle_us == 0))
		return;
	if (args->expr == NULL)
		step = CLOCK_STEP_US;
	else if (step < IDLE_STEP_US_MIN)
		step = IDLE_STEP_US_MIN;
	run->tick_us = now_us + step;
}

static enum op_status
watermark_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;
	struct region *region = batch_region(batch);
	size_t bytes = batch->row_count * sizeof(int64_t);
	int64_t *time = region_alloc(region, bytes);
	int64_t *mark = region_alloc(region, bytes);
	struct split *split = split_begin(run, batch->split);

	(void)port;
	if (run->op->args.expr == NULL) {
		watermark_clock(run, batch, time, split);
	} else if (watermark_times(run, batch, region, time, err) != 0) {
		batch_free(&batch);
		return OP_FAIL;
	}
	watermark_marks(run, batch, time, mark, &split->time_us);
	batch->time = time;
	batch->mark = mark;
	split->was_heard = 1;
	split->is_idle = 0;
	watermark_set_tick(run, run->job->now_us);
	enum op_status status = op_give(run, batch, err);
	if (status == OP_OK)
		status = watermark_tell(run, err);
	return status;
}

static enum op_status
watermark_split(struct op_run *run, uint64_t split, enum op_split what,
	struct err *err)
{
	struct watermark *state = run->state;

	if (what == OP_SPLIT_BEGIN)
		split_begin(run, split);
	else
		split_end(state, split);
	watermark_set_tick(run, run->job->now_us);
	if (op_give_split(run, split, what, err) == OP_FAIL)
		return OP_FAIL;
	/* One that begins holds time back: others may still begin, too. */
	if (what == OP_SPLIT_BEGIN ? !state->is_idle : state->open_count == 0)
		return OP_OK;
	return watermark_tell(run, err);
}

/* --- the clock --- */

/* How many splits were silent too long and are no longer waited for. */
static uint32_t
watermark_find_idle(struct op_run *run, int64_t now_us)
{
	struct watermark *state = run->state;
	uint32_t found = 0;

	for (uint32_t i = 0; i < state->split_count; i++) {
		struct split *split = &state->split[i];
		if (!split->is_open || split->is_idle)
			continue;
		if (split->was_heard)
			split->heard_us = now_us;
		split->was_heard = 0;
		if (now_us - split->heard_us >= run->op->args.idle_us) {
			split->is_idle = 1;
			found++;
		} else {
			watermark_set_tick(run, now_us);
		}
	}
	return found;
}

static void
watermark_say_idle(struct op_run *run, uint32_t found)
{
	const struct watermark *state = run->state;
	char text[MOMENT_TEXT_MAX];
	unsigned size = moment_format_duration(run->op->args.idle_us, text);

	op_warn(run, "nothing came from %u of %u inputs for %.*s: time goes "
	    "on without", found, state->open_count, (int)size, text);
}

static enum op_status
watermark_tick(struct op_run *run, int64_t now_us, struct err *err)
{
	struct watermark *state = run->state;

	if (run->op->args.expr != NULL) {
		uint32_t found = watermark_find_idle(run, now_us);
		if (found > 0)
			watermark_say_idle(run, found);
	} else {
		if (now_us > state->clock_us)
			state->clock_us = now_us;
		watermark_set_tick(run, now_us);
	}
	return watermark_tell(run, err);
}

/* --- checkpoints: the mark, the clock, then a split's number and time --- */

static void
add_words(struct buf *buf, uint64_t first, int64_t second)
{
	char *at = buf_reserve(buf, 16);

	bits_store64(at, first);
	bits_store64(at + 8, (uint64_t)second);
	buf->size += 16;
}

static int
watermark_freeze(struct op_run *run, void **image, struct err *err)
{
	const struct watermark *state = run->state;
	struct buf *buf = mem_alloc_zero(sizeof(*buf));

	(void)err;
	add_words(buf, (uint64_t)state->marked_us, state->clock_us);
	/* One that was loaded and has not begun again is kept as well: a
	 * barrier may come before its beginning does. */
	for (uint32_t i = 0; i < state->split_count; i++)
		add_words(buf, state->split[i].id, state->split[i].time_us);
	*image = buf;
	return 0;
}

static int
watermark_save(struct op_run *run, void *image, struct save *save,
	struct err *err)
{
	const struct buf *buf = image;

	(void)run;
	(void)err;
	save_put(save, SAVE_SHARED, buf->bytes, buf->size);
	return 0;
}

static void
watermark_thaw(struct op_run *run, void *take_image)
{
	(void)run;
	buf_fini(take_image);
	mem_free(take_image);
}

static int
watermark_load(struct op_run *run, uint32_t key_group, const char *bytes,
	size_t size, struct err *err)
{
	struct watermark *state = run->state;

	(void)key_group;
	if (size < 16 || size % 16 != 0)
		return err_set(err, ERR_DATA, "watermark: the saved state "
		    "cannot be read");
	/* Of several instances' marks the least holds for all. */
	int64_t marked = (int64_t)bits_load64(bytes);
	int64_t clock = (int64_t)bits_load64(bytes + 8);
	if (state->marked_us == INT64_MIN || marked < state->marked_us)
		state->marked_us = marked;
	if (clock > state->clock_us)
		state->clock_us = clock;
	for (size_t at = 16; at < size; at += 16) {
		struct split *split = split_get(state, bits_load64(bytes + at));
		int64_t time = (int64_t)bits_load64(bytes + at + 8);
		if (time > split->time_us)
			split->time_us = time;
	}
	return 0;
}

static void
watermark_close(struct op_run *run)
{
	struct watermark *state = run->state;

	mem_free(state->split);
}

static void
watermark_explain(const struct op *op, struct buf *out)
{
	char text[MOMENT_TEXT_MAX];

	if (op->args.delay_us > 0) {
		buf_add_string(out, "delay ");
		buf_add(out, text, moment_format_duration(op->args.delay_us,
		    text));
	}
	if (op->args.idle_us > 0) {
		buf_add_string(out, op->args.delay_us > 0 ? " idle " :
		    "idle ");
		buf_add(out, text, moment_format_duration(op->args.idle_us,
		    text));
	}
}

const struct op_def op_watermark = {
	.name = "watermark",
	.syntax = "watermark EXPR [delay DURATION] [idle DURATION]",
	.summary = "say which field is the time and how late records may be",
	.holds = "a time per input",
	.example = "watermark ts delay 5s | count by user window tumble(1m)",
	.flags = OP_KEEPS_RECORD | OP_KEEPS_TIME | OP_SETS_TIME | OP_PARALLEL,
	.state_bytes = sizeof(struct watermark),
	.need = watermark_need,
	.open = watermark_open,
	.push = watermark_push,
	.split = watermark_split,
	.tick = watermark_tick,
	.freeze = watermark_freeze,
	.save = watermark_save,
	.thaw = watermark_thaw,
	.load = watermark_load,
	.close = watermark_close,
	.explain = watermark_explain,
};
