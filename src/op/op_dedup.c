/*
 * dedup [by KEYS]: the first record of each key; without keys of each record.
 *
 * Arguments: by, in_order.  Holds the keys that were seen, nothing else, and of
 * records in the order of some keys those of the last run (op/key_runs.h).
 * Without keys the key is all fields in their order (the fields that are
 * missing are null).
 *
 * When there is no room for another key, records whose key is not among those
 * held are deferred to the end (op/deferred.h): they come behind all that were
 * given until then, so the order stays that of the input.  Pressed for memory
 * it writes the keys down too and defers everything.  What never ends, or has
 * an event time, cannot wait for the end: there the limit ends the job.
 */
#include "op/op.h"

#include "data/key.h"
#include "op/deferred.h"
#include "op/group.h"
#include "op/key_runs.h"
#include "util/buf.h"

struct dedup {
	struct group_table *seen;	/* NULL: all in `deferred` */
	struct deferred *deferred;	/* NULL: there was always room */
	struct key_runs *runs;		/* of records in order; or NULL */
};

static int
dedup_open(struct op_run *run, struct err *err)
{
	struct dedup *dedup = run->state;

	(void)err;
	dedup->seen = group_table_new(0, &run->budget);
	if (run->op->args.in_order != 0)
		dedup->runs = key_runs_new(&run->op->args);
	if (!run->job->in_place)
		mem_budget_enter(&run->budget);
	return 0;
}

static void
dedup_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	op_need_by(op, out, port, in);
	if (op->args.by_count == 0)
		need_all(in);
}

/* The key columns, dense: the `by` items or every field. */
static int
dedup_columns(struct op_run *run, struct batch *batch, struct region *region,
	struct column **column, uint32_t *count, struct err *err)
{
	const struct op_args *args = &run->op->args;

	*count = args->by_count > 0 ? args->by_count :
	    batch->schema->field_count;
	*column = region_alloc(region, (*count + 1) * sizeof(**column));
	if (args->by_count > 0)
		return group_eval_by(run, args->by, args->by_count, batch,
		    region, *column, err);
	for (uint32_t i = 0; i < *count; i++)
		column_gather(&batch->column[i], batch->sel, batch->sel_count,
		    region, &(*column)[i]);
	return 0;
}

static int
dedup_refuse(struct op_run *run, struct err *err)
{
	struct dedup *dedup = run->state;

	err_set(err, ERR_IO, "dedup: %llu keys need more memory than the limit",
	    (unsigned long long)group_table_count(dedup->seen));
	return err_hint(err, "give it more with --memory SIZE");
}

/* From now on records are deferred. */
static int
dedup_begin_deferring(struct op_run *run, const struct batch *batch,
	struct err *err)
{
	struct dedup *dedup = run->state;

	if (run->job->in_place || batch->time != NULL)
		return dedup_refuse(run, err);
	dedup->deferred = deferred_new(run, 1, err);
	return dedup->deferred == NULL ? -1 : 0;
}

/* Writes the keys down and lets go of them. */
static int
dedup_let_go(struct op_run *run, const struct batch *batch, struct err *err)
{
	struct dedup *dedup = run->state;
	uint64_t count = group_table_count(dedup->seen);

	if (dedup->deferred == NULL &&
	    dedup_begin_deferring(run, batch, err) != 0)
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		struct text key = group_table_key(dedup->seen, i);
		if (deferred_add_seen(dedup->deferred, &key, 1, err) != 0)
			return -1;
	}
	group_table_free(&dedup->seen);
	return 0;
}

/* Defer the selected rows from number `from` on whose keys are not known. */
static int
dedup_defer(struct op_run *run, struct batch *batch, const struct key_set *keys,
	uint32_t from, struct region *region, struct err *err)
{
	struct dedup *dedup = run->state;
	uint32_t count = batch->sel_count, kept = 0;
	struct text *key = region_alloc(region, (count + 1) * sizeof(*key));
	char **row = region_alloc_zero(region, (count + 1) * sizeof(*row));
	struct key_set look = { .text = keys->text, .hash = keys->hash };

	if (dedup->seen != NULL)
		group_table_look(dedup->seen, &look, count, row);
	struct batch *part = batch_clone(batch);
	uint16_t *sel = batch_sel_storage(part);
	for (uint32_t i = from; i < count; i++)
		if (row[i] == NULL) {
			key[kept] = keys->text[i];
			sel[kept++] = (uint16_t)batch_row(batch, i);
		}
	part->sel = sel;
	part->sel_count = kept;
	int status = kept == 0 ? 0 : deferred_add(dedup->deferred, part, key,
	    err);
	batch_free(&part);
	return status;
}

/* Where records are in order, only keys of the last run come again. */
static void
dedup_forget(struct dedup *dedup, const struct batch *batch,
	const struct key_set *keys, struct region *region)
{
	uint32_t going_on, last, count = batch->sel_count;

	key_runs_look(dedup->runs, batch, region, &going_on, &last);
	if (going_on == count || dedup->deferred != NULL)
		return;
	struct key_set again = { .text = keys->text + last,
	    .hash = keys->hash + last };
	char **row = region_alloc(region, (count - last) * sizeof(*row));
	group_table_clear(dedup->seen);
	group_table_reserve(dedup->seen, count - last, 1);
	group_table_find(dedup->seen, &again, count - last, row, NULL);
}

/* Give the rows that are the first of their key, defer what is not known. */
static enum op_status
dedup_judge(struct op_run *run, struct batch *take_batch,
	const struct key_set *keys, struct region *region, struct err *err)
{
	struct dedup *dedup = run->state;
	struct batch *batch = take_batch;
	uint32_t count = batch->sel_count, done = 0, kept = 0;
	char **row = region_alloc_zero(region, (count + 1) * sizeof(*row));
	uint8_t *is_new = region_alloc(region, count + 1);

	if (dedup->deferred == NULL) {
		done = count;
		if (group_table_find(dedup->seen, keys, count, row,
		    is_new) != 0) {
			for (done = 0; row[done] != NULL; done++)
				;
			if (dedup_begin_deferring(run, batch, err) != 0)
				goto fail;
		}
	}
	if (done < count && dedup_defer(run, batch, keys, done, region,
	    err) != 0)
		goto fail;
	if (dedup->runs != NULL && count > 0)
		dedup_forget(dedup, batch, keys, region);
	uint16_t *sel = batch_sel_storage(batch);
	for (uint32_t i = 0; i < done; i++) {
		uint32_t at = batch_row(batch, i);
		sel[kept] = (uint16_t)at;
		kept += is_new[i];
	}
	batch->sel = sel;
	batch->sel_count = kept;
	return op_give(run, batch, err);
fail:
	batch_free(&batch);
	return OP_FAIL;
}

static enum op_status
dedup_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct dedup *dedup = run->state;
	struct batch *batch = take_batch;
	struct region *region = batch_region(batch);
	struct column *column;
	uint32_t count;
	struct key_set keys;

	(void)port;
	if (dedup_columns(run, batch, region, &column, &count, err) != 0)
		goto fail;
	/* What is held of a short run is not worth it. */
	int is_large = dedup->runs == NULL || dedup->seen == NULL ||
	    group_table_count(dedup->seen) > BATCH_ROWS_MAX;
	if (run->budget.can_spill && dedup->seen != NULL && is_large &&
	    batch->time == NULL && mem_is_pressed(&run->budget) &&
	    dedup_let_go(run, batch, err) != 0)
		goto fail;
	key_make(column, count, batch->sel_count, region, &keys);
	return dedup_judge(run, batch, &keys, region, err);
fail:
	batch_free(&batch);
	return OP_FAIL;
}

static enum op_status
dedup_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct dedup *dedup = run->state;

	(void)port;
	if (dedup->deferred == NULL)
		return OP_OK;
	/* Of the keys in there no record was deferred. */
	group_table_free(&dedup->seen);
	return deferred_give(dedup->deferred, err);
}

static void
dedup_close(struct op_run *run)
{
	struct dedup *dedup = run->state;

	group_table_free(&dedup->seen);
	deferred_free(&dedup->deferred);
	key_runs_free(&dedup->runs);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
}

static void
dedup_explain_holds(const struct op *op, struct buf *out)
{
	buf_add_string(out, op->args.in_order != 0 ? "the last keys" :
	    op->def->holds);
}

const struct op_def op_dedup = {
	.name = "dedup",
	.syntax = "dedup [by KEYS]",
	.summary = "the first record of each key; without keys, "
	    "of equal records",
	.holds = "the keys seen; beyond the memory on disk",
	.example = "dedup by id",
	.flags = OP_HOLDS | OP_KEEPS_RECORD | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct dedup),
	.need = dedup_need,
	.open = dedup_open,
	.push = dedup_push,
	.flush = dedup_flush,
	.close = dedup_close,
	.explain_holds = dedup_explain_holds,
};
