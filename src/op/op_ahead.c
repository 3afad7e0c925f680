/*
 * Leave out what a later join finds nothing for, before it comes there.
 *
 * Arguments: by.  `asks` is the join; by[] are the keys of its left side, as
 * they are called here.  The rule `ahead` puts it in, and says where it may
 * stand.  Records are only left out, so the order of those that go on, and all
 * that becomes of them, is the same.
 *
 * It looks into the directory that the join has made of its other side; into a
 * sieve of the keys where that has none, because both come in order.  As
 * long as there is none it lets all pass, and so it does with records whose
 * partner may have been put away in a file.  Looking up costs something: where
 * it has left out too few of TRIED_ROWS records it lets REST_ROWS pass unasked,
 * and tries again, for what comes may be of another kind.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/join_priv.h"
#include "util/bits.h"
#include "util/buf.h"

#define TRIED_ROWS 16384u
#define REST_ROWS (TRIED_ROWS * 15)
/* Of so many records one must be left out. */
#define PAYS_PART 5u

struct ahead {
	uint64_t asked, kept;	/* of these TRIED_ROWS */
	uint64_t rest;		/* rows to let pass */
};

/* Say whether asking pays, when enough have been asked. */
static void
ahead_weigh(struct ahead *ahead, uint32_t asked, uint32_t kept)
{
	ahead->asked += asked;
	ahead->kept += kept;
	if (ahead->asked < TRIED_ROWS)
		return;
	if (ahead->asked - ahead->kept < ahead->asked / PAYS_PART)
		ahead->rest = REST_ROWS;
	ahead->asked = ahead->kept = 0;
}

/* Narrow the selection to records that the join has, or may have, a partner
 * for. */
static void
ahead_filter(const struct op_run *run, const struct join_share *share,
	struct batch *batch)
{
	const struct op_args *args = &run->op->args;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    args->by_count * sizeof(*column));
	struct image **row = region_alloc(region,
	    batch->sel_count * sizeof(struct image *));
	uint16_t *sel = batch_sel_storage(batch);
	int is_merged = join_is_merged(run->op->asks);
	uint32_t kept = 0;
	struct key_set keys;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->by_count; i++)
		expr_eval(args->by[i].expr, &eval, batch->sel,
		    batch->sel_count, &column[i]);
	key_make(column, args->by_count, batch->sel_count, region, &keys);
	if (!is_merged)
		join_table_look(share->table, 0, &keys, batch->sel_count, row);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint64_t hash = keys.hash[i];
		int is_null = keys.any_null && bits_get(keys.null, i);
		int may = is_merged ? join_strips_may_have(share, hash) :
		    row[i] != NULL || join_away_has(share, hash);
		sel[kept] = (uint16_t)batch_row(batch, i);
		kept += may && !is_null;
	}
	batch->sel = kept == batch->row_count ? NULL : sel;
	batch->sel_count = kept;
	region_drop(&region);
}

static int
ahead_open(struct op_run *run, struct err *err)
{
	(void)err;
	join_share_ask(run->share);
	return 0;
}

static enum op_status
ahead_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	const struct join_share *share = run->share;
	struct ahead *ahead = run->state;
	struct batch *batch = take_batch;
	uint32_t asked = batch->sel_count;

	(void)port;
	if (ahead->rest > 0 || !join_share_is_made(share)) {
		ahead->rest -= ahead->rest < asked ? ahead->rest : asked;
		return op_give(run, batch, err);
	}
	ahead_filter(run, share, batch);
	ahead_weigh(ahead, asked, batch->sel_count);
	return op_give(run, batch, err);
}

static void
ahead_explain(const struct op *op, struct buf *out)
{
	buf_add_string(out, "what a later join");
	if (op->asks->args.as != NULL)
		buf_add_format(out, " (%s)", op->asks->args.as);
	buf_add_string(out, " finds nothing for is left out");
}

const struct op_def op_ahead = {
	.name = "ahead",
	.syntax = "",
	.summary = "leave out what a later join finds nothing for",
	.holds = "nothing",
	.flags = OP_HIDDEN | OP_PARALLEL | OP_KEEPS_RECORD | OP_KEEPS_TIME,
	.state_bytes = sizeof(struct ahead),
	.need = op_need_by,
	.open = ahead_open,
	.push = ahead_push,
	.explain = ahead_explain,
};
