/*
 * where EXPR: keep the records for which it is true.
 *
 * Arguments: expr, literal_type.  Narrows the selection; no column is touched,
 * so the record's own bytes stay good.  Null is not true.
 */
#include "op/op.h"

#include <string.h>

#include "expr/prefilter.h"

struct where {
	struct prefilter *prefilter;	/* or NULL */
};

static int
where_open(struct op_run *run, struct err *err)
{
	struct where *where = run->state;
	const struct op_args *args = &run->op->args;

	(void)err;
	if (args->literal_type != TYPE_NULL)
		where->prefilter = prefilter_new(args->expr,
		    args->literal_type);
	return 0;
}

static void
where_close(struct op_run *run)
{
	struct where *where = run->state;

	prefilter_free(&where->prefilter);
}

/* The rows that are kept, to `sel`. */
static uint32_t
where_filter(const struct op_run *run, struct eval *eval, uint16_t *sel)
{
	const struct where *where = run->state;
	const struct batch *batch = eval->batch;
	struct expr *expr = run->op->args.expr;
	uint32_t asked = where->prefilter == NULL ? UINT32_MAX :
	    prefilter_rows(where->prefilter, batch, sel);

	return asked == UINT32_MAX ?
	    expr_filter(expr, eval, batch->sel, batch->sel_count, sel) :
	    expr_filter(expr, eval, sel, asked, sel);
}

/* Report over the rows as they came; of the `kept` ones in the selection's
 * storage those stay that come before one that stops the job. */
static int
where_reject(struct op_run *run, struct batch *batch,
	const struct rejects *rejects, uint32_t *kept, struct err *err)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint16_t kept_rows[BATCH_ROWS_MAX];
	uint32_t end = batch->row_count;

	memcpy(kept_rows, sel, *kept * sizeof(*sel));
	batch->sel = NULL;
	batch->sel_count = batch->row_count;
	if (op_reject(run, batch, rejects, err) != 0)
		return -1;
	if (run->job->stop.kind != ERR_NONE)
		end = batch->sel_count == 0 ? 0 :
		    batch_row(batch, batch->sel_count - 1) + 1u;
	while (*kept > 0 && kept_rows[*kept - 1] >= end)
		--*kept;
	memcpy(sel, kept_rows, *kept * sizeof(*sel));
	return 0;
}

static enum op_status
where_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;
	struct eval eval;

	(void)port;
	eval_init(&eval, batch, batch_region(batch));
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = where_filter(run, &eval, sel);
	if (eval.rejects.count > 0 &&
	    where_reject(run, batch, &eval.rejects, &kept, err) != 0) {
		batch_free(&batch);
		return OP_FAIL;
	}
	batch->sel = kept == batch->row_count ? NULL : sel;
	batch->sel_count = kept;
	return op_give(run, batch, err);
}

static void
where_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	need_add_expr(in, op->args.expr);
}

const struct op_def op_where = {
	.name = "where",
	.syntax = "where EXPR",
	.summary = "keep the records for which the condition is true",
	.holds = "nothing",
	.example = "where status >= 500 and path ~ /^\\/api/",
	.flags = OP_KEEPS_RECORD | OP_KEEPS_TIME | OP_PARALLEL,
	.state_bytes = sizeof(struct where),
	.need = where_need,
	.open = where_open,
	.push = where_push,
	.close = where_close,
};
