/*
 * aggregate, of records that come in the order of some of its keys.
 *
 * Arguments: agg, by; in_order: which keys.  plan/rule_runs.c puts it in the
 * place of an aggregate behind a sort.
 *
 * Records that are alike in the keys in order are a run (op/key_runs.h), and a
 * group lies in one run.  So when a run is over, so are its groups, and they
 * are given; the memory is that of a run, and who wants but a few groups stops
 * the sort.
 *
 *	a a a b b | b c d d d | d d e ...	batches
 *	 given here ^       ^
 *
 * What has come of a run lies in the table of an aggregate.  Of each batch the
 * last run may go on: when all records before that have been added, the table
 * is finished, given and empty again.  A run that is too large for the
 * table has piles like any aggregate, and is folded when it ends.
 *
 * A record that ends the job ends it behind the groups of the runs before its
 * own, whatever the batches.
 */
#include "op/op.h"

#include <string.h>

#include "op/aggregate_priv.h"
#include "op/group_disk.h"
#include "op/key_runs.h"
#include "util/err.h"

struct runs {
	struct aggregate aggregate;	/* first: aggregate_open() and others */
	struct key_runs *keys;
};

/* A batch on its way. */
struct adding {
	struct runs *runs;
	struct batch *batch;
	struct region *region;
	uint32_t count;
};

static int
runs_open(struct op_run *run, struct err *err)
{
	struct runs *runs = run->state;

	runs->aggregate.share = aggregate_share(run->op, 1);
	runs->aggregate.has_no_front = 1;
	runs->keys = key_runs_new(&run->op->args);
	run->budget.name = op_aggregate.name;
	return aggregate_open(run, err);
}

static void
runs_close(struct op_run *run)
{
	struct runs *runs = run->state;

	aggregate_close(run);
	if (runs->aggregate.share != NULL)
		aggregate_unshare(runs->aggregate.share);
	key_runs_free(&runs->keys);
}

/* --- giving --- */

/* Rows of the table that are finished together. */
struct finished {
	char *row[BATCH_ROWS_MAX];
	struct text key[BATCH_ROWS_MAX];
	uint32_t count;
};

static int
make_batch(struct aggregate *state, const struct finished *rows, uint32_t first,
	uint32_t count, struct batch **out, struct err *err)
{
	*out = batch_new(state->run->op->out, count);
	if (group_rows_columns(&state->rows, rows->row + first,
	    rows->key + first, count, batch_region(*out), (*out)->column,
	    err) == 0)
		return 0;
	batch_free(out);
	return -1;
}

/* How many rows have a result before the one that has none. */
static uint32_t
count_good(struct aggregate *state, const struct finished *rows)
{
	struct err err = { 0 };
	struct batch *batch;
	uint32_t good = 0;

	while (good < rows->count && make_batch(state, rows, good, 1, &batch,
	    &err) == 0) {
		batch_free(&batch);
		good++;
	}
	err_clear(&err);
	return good;
}

static enum op_status
give_rows(struct aggregate *state, const struct finished *rows, struct err *err)
{
	struct batch *batch;

	if (make_batch(state, rows, 0, rows->count, &batch, err) == 0)
		return op_give(state->run, batch, err);
	/* What comes before it is given, as if it had come by itself. */
	struct err late = { 0 };
	uint32_t good = count_good(state, rows);
	if (good == 0 || make_batch(state, rows, 0, good, &batch, &late) != 0)
		return OP_FAIL;
	enum op_status status = op_give(state->run, batch, &late);
	err_clear(status == OP_DONE ? err : &late);
	return status == OP_DONE ? OP_DONE : OP_FAIL;
}

/* The first `count` groups of the table. */
static enum op_status
give_table(struct aggregate *state, uint64_t count, struct err *err)
{
	enum op_status status = OP_OK;
	struct finished rows;

	for (uint64_t at = 0; at < count && status == OP_OK;) {
		for (rows.count = 0; rows.count < batch_rows_target() &&
		    at < count; rows.count++, at++) {
			char *row = group_table_row(state->table, at);
			rows.key[rows.count] = group_head_of(row)->key;
			rows.row[rows.count] = aggregate_states(row);
		}
		status = give_rows(state, &rows, err);
	}
	return status;
}

/* A run that has piles. */
static enum op_status
give_piles(struct aggregate *state, struct err *err)
{
	enum op_status status = OP_AGAIN;

	aggregate_unload(state, PILE_COUNT_MAX);
	for (uint32_t p = 0; p < state->piles->count; p++)
		if (aggregate_fold(state, state->share->instance, 1, p,
		    err) != 0)
			return OP_FAIL;
	state->giver = giver_new(state, err);
	if (state->giver == NULL)
		return OP_FAIL;
	while (status == OP_AGAIN)
		status = giver_give(state->giver, err);
	giver_free(&state->giver);
	aggregate_free_results(state);
	group_piles_free(&state->piles);
	aggregate_free_shapes(state);
	if (status == OP_OK && state->run->next != NULL &&
	    state->run->next->done)
		status = OP_DONE;
	return status;
}

/* Groups are over: all, or with records of the table's first `count`. */
static enum op_status
give_groups(struct aggregate *state, uint64_t count, struct err *err)
{
	enum op_status status;

	/* What states have put on disk is read, and no more written there. */
	group_rows_set_disk(&state->rows, state->disk[1]);
	status = state->piles != NULL ? give_piles(state, err) :
	    give_table(state, count, err);
	aggregate_table_clear(state, state->table);
	state->seen = state->plain_left = state->held_bytes = 0;
	aggregate_choose_limits(state);
	for (int i = 0; i < 2; i++) {
		group_disk_free(&state->disk[i]);
		state->disk[i] = group_disk_new(state->run);
	}
	group_rows_set_disk(&state->rows, state->disk[0]);
	return status;
}

static enum op_status
give_all(struct aggregate *state, struct err *err)
{
	return give_groups(state, group_table_count(state->table), err);
}

/* --- records in --- */

/*
 * A record has stopped the job, and it was number `bad` from `from` on, whose
 * ordinal is `ordinal`.  All were added: what is whole are groups that were
 * there before the run of that record.
 */
static enum op_status
give_before(const struct adding *adding, uint32_t from, uint32_t bad,
	uint64_t ordinal, struct err *err)
{
	struct aggregate *state = &adding->runs->aggregate;
	struct op_job *job = state->run->job;
	uint32_t begin = key_runs_begin(adding->runs->keys, from, from + bad);
	uint64_t count = 0;

	if (begin == from || state->piles != NULL)
		return OP_OK;
	while (count < group_table_count(state->table) && *aggregate_ordinal(
	    group_table_row(state->table, count)) < ordinal + begin - from)
		count++;
	struct err stop = job->stop;
	memset(&job->stop, 0, sizeof(job->stop));
	enum op_status status = give_groups(state, count, err);
	if (status == OP_OK && job->stop.kind == ERR_NONE)
		job->stop = stop;
	else
		err_clear(&stop);
	return status;
}

/* Records [from, to) to the groups. */
static enum op_status
add_part(const struct adding *adding, uint32_t from, uint32_t to,
	struct err *err)
{
	struct aggregate *state = &adding->runs->aggregate;
	uint64_t ordinal = state->rows.sequence;
	enum op_status status = OP_OK;

	if (from == to)
		return OP_OK;
	struct batch *part = batch_clone(adding->batch);
	uint16_t *sel = batch_sel_storage(part);
	for (uint32_t i = from; i < to; i++)
		sel[i - from] = (uint16_t)batch_row(adding->batch, i);
	part->sel = sel;
	part->sel_count = to - from;
	if (aggregate_add(state, part, err) != 0)
		status = OP_FAIL;
	else if (state->run->job->stop.kind != ERR_NONE)
		status = give_before(adding, from, part->sel_count, ordinal,
		    err);
	batch_free(&part);
	return status;
}

static enum op_status
add_runs(const struct adding *adding, struct err *err)
{
	struct aggregate *state = &adding->runs->aggregate;
	uint32_t goes_on, last;

	key_runs_look(adding->runs->keys, adding->batch, adding->region,
	    &goes_on, &last);
	/* Runs that begin and end here share a table; that which goes on does
	 * with them, if it is no large one. */
	uint32_t cut[] = { state->piles != NULL && goes_on < last ? goes_on :
	    last, last, adding->count };
	enum op_status status = OP_OK;
	uint32_t from = 0;

	for (unsigned i = 0; i < 3 && status == OP_OK &&
	    state->run->job->stop.kind == ERR_NONE; i++) {
		status = add_part(adding, from, cut[i], err);
		from = cut[i];
		int is_over = i < 2 && from < adding->count &&
		    (group_table_count(state->table) > 0 ||
		    state->piles != NULL);
		if (status == OP_OK && is_over &&
		    state->run->job->stop.kind == ERR_NONE)
			status = give_all(state, err);
	}
	return status;
}

static enum op_status
runs_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct adding adding = { .runs = run->state, .batch = take_batch,
		.region = region_new(), .count = take_batch->sel_count };

	(void)port;
	enum op_status status = adding.count == 0 ? OP_OK :
	    add_runs(&adding, err);
	region_drop(&adding.region);
	batch_free(&adding.batch);
	return status;
}

static enum op_status
runs_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct runs *runs = run->state;

	(void)port;
	return give_all(&runs->aggregate, err);
}

const struct op_def op_runs = {
	.name = "runs",
	.syntax = "",
	.summary = "aggregate, of records in the order of its keys",
	.holds = "the groups of a key",
	.flags = OP_HOLDS | OP_HIDDEN | OP_REGROUPS,
	.state_bytes = sizeof(struct runs),
	.need = aggregate_need,
	.open = runs_open,
	.push = runs_push,
	.flush = runs_flush,
	.close = runs_close,
	.explain = group_rows_explain,
};
