/*
 * Partial counts into the buckets of a window.
 *
 * `partial` has judged each record by its own mark and counted it in the bucket
 * that follows.  Where this window has fired further than that mark (the record
 * was of a split that began late or was given up as idle) the bucket moves on,
 * and what no window counts any more is late, as many records as it holds.
 */
#include "op/window_priv.h"

#include "data/batch.h"
#include "data/key.h"
#include "op/partial.h"
#include "state/keyed.h"

static int
refuse_damaged(const struct op_run *run, struct err *err)
{
	return err_set(err, ERR_IO, "%s: partial counts from another host are "
	    "damaged", run->op->def->name);
}

static int
add_group(struct op_run *run, struct bucket *bucket, struct text state,
	struct err *err)
{
	struct window *window = run->state;
	const char *at = text_bytes(&state), *end = at + state.size;
	struct text text;
	uint64_t hash;
	struct key_set key = { .text = &text, .hash = &hash };
	uint8_t is_new;
	char *row;

	if (group_rows_load_key(&window->rows, &at, end, &text, &hash) != 0)
		return refuse_damaged(run, err);
	if (keyed_find(bucket->keyed, &key, 1, &row, &is_new) != 0) {
		if (window_insist(run, err) != 0)
			return -1;
		keyed_find(bucket->keyed, &key, 1, &row, &is_new);
		run->budget.insists = 0;
	}
	if (group_rows_load(&window->rows, &at, end, row, is_new) != 0)
		return refuse_damaged(run, err);
	return window_judge_states(run, window, err);
}

int
window_add_partial(struct op_run *run, const struct batch *batch,
	struct err *err)
{
	struct window *window = run->state;

	if (partial_check(batch, err) != 0)
		return -1;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		struct partial_bucket place = partial_bucket_of(batch, row);
		struct bucket wanted = { .start_us = place.start_us,
			.first_us = place.first_us,
			.update_us = place.update_us };
		switch (window_place_bucket(window, &wanted)) {
		case PLACE_COUNTS:
			break;
		case PLACE_LATE:
			window->late_count += partial_records(batch, row);
			continue;
		case PLACE_NOWHERE:
			return refuse_damaged(run, err);
		}
		if (add_group(run, window_bucket(window, &wanted,
		    &run->budget), partial_state(batch, row), err) != 0)
			return -1;
	}
	return 0;
}
