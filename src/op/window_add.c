/*
 * Records on their way into the buckets of a window.
 *
 *	find each record's bucket; take out the late ones, and those that no
 *		window holds
 *	evaluate the keys of those left and look up their rows
 *	add them to the states there
 *
 * A batch whose records all lie in one bucket, nearly every one, is looked up
 * at once; of others each bucket looks up its own.
 */
#include "op/window_priv.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "state/keyed.h"

int
window_no_memory(const struct op_run *run, struct err *err)
{
	err_set(err, ERR_IO, "%s: its open windows need more memory than the "
	    "limit", run->op->def->name);
	return err_hint(err, "give it more with --memory SIZE");
}

static inline struct bucket *
place_row(struct adding *at, uint32_t row, enum place *place)
{
	struct window *window = at->window;
	struct bucket *recent = window->recent, wanted;
	int64_t time = at->batch->time[row], mark = at->batch->mark[row];

	*place = PLACE_LATE;
	if (mark < at->sure_us)
		return NULL;
	if (window->fired_us > mark)
		mark = window->fired_us;
	*place = PLACE_COUNTS;
	if (recent != NULL && recent->is_plain && time >= recent->start_us &&
	    time - recent->start_us < window->slice_us &&
	    mark < recent->first_us)
		return recent;
	*place = window_place(window, time, mark, &wanted);
	return *place != PLACE_COUNTS ? NULL :
	    window_bucket(window, &wanted, &at->run->budget);
}

/* Late records go aside. */
static void
late_take(struct adding *at, const uint16_t *late, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		at->window->late_count += (uint64_t)batch_is_first(at->batch,
		    late[i]);
	if (count == 0 || at->run->op->args.route != OP_ROUTE_TO)
		return;
	at->late = batch_clone(at->batch);
	uint16_t *sel = batch_sel_storage(at->late);
	memcpy(sel, late, count * sizeof(*sel));
	at->late->sel = sel;
	at->late->sel_count = count;
}

/* Find the buckets of the rows; those that count nowhere are taken out. */
static void
place_rows(struct adding *at)
{
	struct batch *batch = at->batch;
	uint32_t count = batch->sel_count, kept = 0, late_count = 0;
	uint16_t *late = region_alloc(at->region, (count + 1) * sizeof(*late));
	uint16_t *sel = region_alloc(at->region, (count + 1) * sizeof(*sel));
	enum place place;

	at->bucket = region_alloc(at->region,
	    (batch->row_count + 1) * sizeof(*at->bucket));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = batch_row(batch, i);
		at->bucket[row] = place_row(at, row, &place);
		if (place == PLACE_COUNTS)
			sel[kept++] = (uint16_t)row;
		else if (place == PLACE_LATE)
			late[late_count++] = (uint16_t)row;
	}
	if (kept == count)
		return;
	late_take(at, late, late_count);
	memcpy(batch_sel_storage(batch), sel, kept * sizeof(*sel));
	batch->sel = batch_sel_storage(batch);
	batch->sel_count = kept;
}

/* The rows of these keys, made if they are new. */
static int
find_rows(struct adding *at, struct bucket *bucket, const struct key_set *keys,
	uint32_t count, const struct column *column, const uint16_t *order,
	char **row)
{
	const struct group_rows *rows = &at->window->rows;
	uint8_t *is_new = region_alloc(at->region, count + 1);
	uint64_t before = keyed_count(bucket->keyed);

	if (keyed_find(bucket->keyed, keys, count, row, is_new) != 0)
		at->is_refused = 1;
	uint64_t added = keyed_count(bucket->keyed) - before;
	for (uint32_t i = 0; added > 0; i++)
		if (is_new[i]) {
			group_rows_set_keys(rows, column, order == NULL ? i :
			    order[i], at->region, row[i]);
			added--;
		}
	return at->is_refused ? -1 : 0;
}

/*
 * The batch's rows, bucket by bucket: order[] gets their numbers, the buckets
 * where theirs stand.  Returns how many buckets `list` got.
 */
static uint32_t
order_rows(struct adding *at, uint16_t *order, struct bucket **list)
{
	struct batch *batch = at->batch;
	uint32_t count = batch->sel_count, listed = 0, first = 0;

	for (uint32_t i = 0; i < count; i++)
		at->bucket[batch_row(batch, i)]->row_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct bucket *bucket = at->bucket[batch_row(batch, i)];
		if (bucket->row_count++ == 0)
			list[listed++] = bucket;
	}
	for (uint32_t b = 0; b < listed; b++) {
		list[b]->row_first = first;
		first += list[b]->row_count;
		list[b]->row_count = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct bucket *bucket = at->bucket[batch_row(batch, i)];
		order[bucket->row_first + bucket->row_count++] = (uint16_t)i;
	}
	return listed;
}

/* Rows of several buckets: each looks up its own. */
static int
find_scattered(struct adding *at, const struct key_set *keys,
	const struct column *column, char **row)
{
	uint32_t count = at->batch->sel_count;
	struct region *region = at->region;
	uint16_t *order = region_alloc(region, (count + 1) * sizeof(*order));
	struct bucket **list = region_alloc(region, (count + 1) *
	    sizeof(*list));
	char **found = region_alloc(region, (count + 1) * sizeof(*found));
	struct key_set some = {
		.text = region_alloc(region, (count + 1) * sizeof(*some.text)),
		.hash = region_alloc(region, (count + 1) * sizeof(*some.hash)),
	};
	uint32_t listed = order_rows(at, order, list);

	for (uint32_t b = 0; b < listed; b++) {
		const uint16_t *mine = order + list[b]->row_first;
		for (uint32_t i = 0; i < list[b]->row_count; i++) {
			some.text[i] = keys->text[mine[i]];
			some.hash[i] = keys->hash[mine[i]];
		}
		if (find_rows(at, list[b], &some, list[b]->row_count, column,
		    mine, found) != 0)
			return -1;
		for (uint32_t i = 0; i < list[b]->row_count; i++)
			row[mine[i]] = found[i];
	}
	return 0;
}

/* Without `by` all records of a bucket have the empty key. */
static int
find_single(struct adding *at, char **row)
{
	struct text text = { 0 };
	uint64_t hash = 0;
	struct key_set key = { .text = &text, .hash = &hash };
	struct bucket *bucket = NULL;
	char *found = NULL;

	for (uint32_t i = 0; i < at->batch->sel_count; i++) {
		struct bucket *mine = at->bucket[batch_row(at->batch, i)];
		if (mine != bucket && find_rows(at, mine, &key, 1, NULL, NULL,
		    &found) != 0)
			return -1;
		bucket = mine;
		row[i] = found;
	}
	return 0;
}

static int
is_one_bucket(const struct adding *at)
{
	const struct batch *batch = at->batch;

	for (uint32_t i = 1; i < batch->sel_count; i++)
		if (at->bucket[batch_row(batch, i)] !=
		    at->bucket[batch_row(batch, 0)])
			return 0;
	return 1;
}

/* The row of each record, once none is left that cannot be computed. */
static int
find_groups(struct adding *at, char **row)
{
	const struct op_args *args = &at->run->op->args;
	struct column *column = region_alloc(at->region,
	    (args->by_count + 1) * sizeof(*column));
	struct batch *batch = at->batch;
	struct key_set keys;

	if (args->by_count == 0)
		return find_single(at, row);
	if (group_eval_by(at->run, args->by, args->by_count, batch, at->region,
	    column, at->err) != 0)
		return -1;
	if (batch->sel_count == 0)
		return 0;
	key_make(column, args->by_count, batch->sel_count, at->region, &keys);
	if (!is_one_bucket(at))
		return find_scattered(at, &keys, column, row);
	return find_rows(at, at->bucket[batch_row(batch, 0)], &keys,
	    batch->sel_count, column, NULL, row);
}

/* In rows of partial counts, behind what is the group's: how many records. */
static void
count_records(struct adding *at, char *const *row)
{
	struct window *window = at->window;

	for (uint32_t i = 0; i < at->batch->sel_count; i++) {
		uint64_t *records = window_row_records(window, row[i]);
		at->new_count += *records == 0;
		++*records;
	}
}

int
window_judge_states(const struct op_run *run, struct window *window,
	struct err *err)
{
	if (group_rows_refused(&window->rows) == 0)
		return 0;
	if (window->let_go == NULL)
		return window_no_memory(run, err);
	window->is_over = 1;
	return 0;
}

/* What of adding to states failed, in at->err; want of memory comes first. */
static int
states_judge(struct adding *at, int status, struct err *err)
{
	if (window_judge_states(at->run, at->window, at->err) != 0) {
		err_clear(err);
		return -1;
	}
	if (status != 0)
		*at->err = *err;
	return status;
}

int
window_insist(struct op_run *run, struct err *err)
{
	const struct window *window = run->state;

	if (window->let_go == NULL)
		return window_no_memory(run, err);
	if (window_let_go(run, err) < 0)
		return -1;
	run->budget.insists = 1;
	return 0;
}

/* The row of each record, if need be after all others have been let go of. */
static int
find_or_let_go(struct adding *at, char **row)
{
	if (find_groups(at, row) == 0)
		return 0;
	if (!at->is_refused || window_insist(at->run, at->err) != 0)
		return -1;
	at->is_refused = 0;
	int status = find_groups(at, row);
	at->run->budget.insists = 0;
	return status;
}

static int
add_rows(struct adding *at)
{
	struct group_rows *rows = &at->window->rows;
	char **row = region_alloc(at->region, BATCH_ROWS_MAX * sizeof(*row));

	if (at->batch->sel_count == 0)
		return 0;
	struct err err = ERR_INIT;
	int status = group_rows_probe(at->run, rows, at->batch, at->region,
	    &err);
	if (states_judge(at, status, &err) != 0 || find_or_let_go(at, row) != 0)
		return -1;
	if (at->batch->sel_count == 0)
		return 0;
	if (at->window->is_partial)
		count_records(at, row);
	status = group_rows_update(at->run, rows, at->batch, at->region, row,
	    NULL, &err);
	return states_judge(at, status, &err);
}

/*
 * When a bad record stops the job, late records behind it go nowhere: as if
 * the batch had ended before it.
 */
static void
cut_late(struct adding *at, const uint16_t *before, uint32_t before_count)
{
	uint32_t kept = 0;

	if (at->run->job->stop.kind == ERR_NONE ||
	    at->batch->sel_count == before_count)
		return;
	uint16_t bad = before[at->batch->sel_count];
	while (kept < at->late->sel_count && at->late->sel[kept] < bad)
		kept++;
	at->late->sel_count = kept;
}

int
window_add(struct adding *at)
{
	struct batch *batch = at->batch;
	uint16_t *before = NULL;

	place_rows(at);
	uint32_t count = batch->sel_count;
	if (at->late != NULL && count > 0)
		before = region_copy(at->region, batch->sel,
		    count * sizeof(*before));
	if (add_rows(at) != 0)
		return -1;
	if (before != NULL)
		cut_late(at, before, count);
	return 0;
}
