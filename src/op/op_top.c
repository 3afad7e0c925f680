/*
 * top [N] EXPR [by KEYS]: the N records with the largest EXPR, largest first.
 *
 * Arguments: limit, expr, by.  Of equal ones the earlier is the larger; nulls
 * are the smallest.  With keys it is the top N of each group, groups in order
 * of first appearance.  Without, and of a large N, the checker makes a sort.
 *
 * Records are kept by op/best.h, with order keys (data/key.h) of their values,
 * complemented, so that smaller bytes are the larger value.  Most rows of a
 * long input are worse than all that is kept, and cost a comparison: a full
 * heap has the value of its worst entry as a floor, and what is not above it
 * is passed over in a loop over the column.  Where words do not decide, keys
 * do.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/best.h"
#include "op/group.h"
#include "util/buf.h"

struct top {
	struct best *best;
	struct buf order;		/* keys of the rows that were picked */
};

static void *
top_share(const struct op *op, uint32_t instance_count)
{
	(void)op;
	return best_share_new(instance_count);
}

static void
top_unshare(void *take_share)
{
	struct best_share *share = take_share;

	best_share_free(&share);
}

static int
top_open(struct op_run *run, struct err *err)
{
	struct top *top = run->state;

	(void)err;
	top->best = best_new(run, run->share, BEST_LESSER);
	mem_budget_enter(&run->budget);
	return 0;
}

static void
top_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	op_need_by(op, out, port, in);
	need_add_expr(in, op->args.expr);
}

/* --- which rows can win? --- */

/* The first bytes of a text as a number: texts that differ there are in the
 * order of these. */
static inline int64_t
text_word(const struct text *text)
{
	unsigned char bytes[8] = { 0 };
	uint64_t word;

	memcpy(bytes, text_bytes(text), text->size < 8 ? text->size : 8);
	memcpy(&word, bytes, 8);
	return (int64_t)(__builtin_bswap64(word) ^ (uint64_t)1 << 63);
}

/*
 * The type of a value (TEXT for undeclared text, which is no number here), and
 * a word to compare it by.
 */
static inline enum type
value_word(const struct column *column, uint32_t i, int64_t *word)
{
	enum type type = (enum type)column->type;
	const union cell *cell = column->data;

	*word = 0;
	if (type == TYPE_NULL || !column_row_is_valid(column, i))
		return TYPE_NULL;
	if (column->encoding == CONST)
		i = 0;
	if (type == TYPE_FLOAT || type_is_word(type)) {
		*word = ((const int64_t *)column->data)[i];
		return type;
	}
	if (type == TYPE_MIXED) {
		type = (enum type)column->tags[i];
		*word = cell[i].integer;
	}
	if (type != TYPE_RAW && type != TYPE_TEXT)
		return type;
	*word = text_word(&cell[i].text);
	return TYPE_TEXT;
}

static double
word_number(enum type type, int64_t word)
{
	double number;

	if (type != TYPE_FLOAT)
		return (double)word;
	memcpy(&number, &word, sizeof(number));
	return number;
}

/*
 * Rows of a column of words that are above the floor.  Null rows hold zero and
 * may pass; their keys will tell.
 */
static uint32_t
pick_words(const int64_t *restrict word, int64_t floor, uint32_t count,
	uint16_t *restrict pick)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++) {
		pick[picked] = (uint16_t)i;
		picked += word[i] > floor;
	}
	return picked;
}

/* The same of floats; those that equal the floor pass if it is no float. */
static uint32_t
pick_numbers(const double *restrict number, double floor, int or_equal,
	uint32_t count, uint16_t *restrict pick)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++) {
		pick[picked] = (uint16_t)i;
		picked += (number[i] > floor) |
		    (or_equal & (number[i] == floor));
	}
	return picked;
}

enum verdict { OUT, IN, UNSURE };

/*
 * May row i enter its heap?  Rounding to double keeps the order, so a number
 * that is below the floor there is below it.
 */
static inline enum verdict
may_enter(const struct best_heap *heap, uint64_t limit,
	const struct column *column, uint32_t i)
{
	int64_t word;

	if (heap->count < limit)
		return IN;
	int64_t worst = heap->entry[0].number;
	enum type floor_type = (enum type)heap->entry[0].type;
	enum type type = value_word(column, i, &word);
	if (type == TYPE_NULL)
		return OUT;
	if (type == floor_type && type_is_word(type))
		return word > worst ? IN : OUT;
	if (type == TYPE_TEXT && floor_type == TYPE_TEXT)
		return word < worst ? OUT :
		    word > worst ? IN : UNSURE;
	if ((type != TYPE_FLOAT && type != TYPE_INT) ||
	    (floor_type != TYPE_FLOAT && floor_type != TYPE_INT))
		return UNSURE;
	double number = word_number(type, word);
	double floor = word_number(floor_type, worst);
	return number < floor ? OUT : number > floor ? IN : UNSURE;
}

/* The order key of a value, at the end of the scratch. */
static uint32_t
add_order(struct top *top, const struct column *column, uint32_t i)
{
	static const struct key_order order = { .descending = 1 };
	size_t before = top->order.size;

	key_add_order(column, &order, 1, i, &top->order);
	return (uint32_t)(top->order.size - before);
}

/* The same, for certain. */
static int
does_enter(struct top *top, const struct best_heap *heap, uint64_t limit,
	const struct column *column, uint32_t i)
{
	enum verdict verdict = may_enter(heap, limit, column, i);

	if (verdict != UNSURE)
		return verdict == IN;
	top->order.size = 0;
	uint32_t size = add_order(top, column, i);
	return best_beats(heap, top->order.bytes, size);
}

/* Which of the rows may enter the one heap? */
static uint32_t
pick_single(struct top *top, const struct best_heap *heap, uint64_t limit,
	const struct column *column, uint32_t count, uint16_t *pick)
{
	const struct best_entry *worst = &heap->entry[0];
	uint32_t picked = 0;

	if (heap->count == limit && column->encoding == FLAT) {
		if (type_is_word((enum type)column->type) &&
		    column->type == worst->type)
			return pick_words(column->data, worst->number, count,
			    pick);
		if (column->type == TYPE_FLOAT && (worst->type == TYPE_FLOAT ||
		    worst->type == TYPE_INT))
			return pick_numbers(column->data,
			    word_number((enum type)worst->type, worst->number),
			    worst->type == TYPE_INT, count, pick);
	}
	for (uint32_t i = 0; i < count; i++)
		if (does_enter(top, heap, limit, column, i))
			pick[picked++] = (uint16_t)i;
	return picked;
}

static uint32_t
pick_grouped(struct top *top, struct best_heap *const *heap, uint64_t limit,
	const struct column *column, uint32_t count, uint16_t *pick)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++)
		if (does_enter(top, heap[i], limit, column, i))
			pick[picked++] = (uint16_t)i;
	return picked;
}

/* --- a batch --- */

/* Evaluate the keys (`by` has room for their columns) and the value. */
static int
top_eval(struct op_run *run, struct batch *batch, struct region *region,
	struct column *by, struct column *value, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->by_count; i++)
		expr_eval(args->by[i].expr, &eval, batch->sel,
		    batch->sel_count, &by[i]);
	expr_eval_as(args->expr, &eval, FUNC_NUMBER, batch->sel,
	    batch->sel_count, value);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	return top_eval(run, batch, region, by, value, err);
}

/* The rows that were picked, with their keys. */
static struct best_row *
top_rows(struct top *top, const struct column *value, const uint16_t *pick,
	uint32_t count, struct region *region)
{
	struct best_row *row = region_alloc(region, (count + 1) *
	    sizeof(*row));
	size_t at = 0;

	top->order.size = 0;
	for (uint32_t k = 0; k < count; k++) {
		row[k] = (struct best_row){ .row = pick[k],
			.order_size = add_order(top, value, pick[k]) };
		row[k].type = value_word(value, pick[k], &row[k].number);
	}
	for (uint32_t k = 0; k < count; k++) {
		row[k].order = top->order.bytes + at;
		at += row[k].order_size;
	}
	return row;
}

static int
top_keep(struct op_run *run, struct batch *batch, struct region *region,
	struct err *err)
{
	struct top *top = run->state;
	const struct op_args *args = &run->op->args;
	uint64_t limit = (uint64_t)args->limit;
	struct column *by = region_alloc(region,
	    (args->by_count + 1) * sizeof(*by));
	struct column value;
	struct key_set keys;
	const struct key_set *used = args->by_count > 0 ? &keys : NULL;

	if (top_eval(run, batch, region, by, &value, err) != 0)
		return -1;
	uint32_t count = batch->sel_count, picked;
	struct best_heap **heap = region_alloc(region,
	    (count + 1) * sizeof(*heap));
	uint16_t *pick = region_alloc(region, BATCH_ROWS_MAX * sizeof(*pick));
	if (count == 0)
		return 0;
	if (used != NULL)
		key_make(by, args->by_count, count, region, &keys);
	if (best_find(top->best, batch, used, heap, err) != 0)
		return -1;
	picked = used == NULL ?
	    pick_single(top, heap[0], limit, &value, count, pick) :
	    pick_grouped(top, heap, limit, &value, count, pick);
	return best_add(top->best, batch, used, heap, top_rows(top, &value,
	    pick, picked, region), picked, err);
}

static enum op_status
top_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;
	struct region *region = region_new();
	int done = run->op->args.limit == 0;
	int status = done ? 0 : top_keep(run, batch, region, err);

	(void)port;
	region_drop(&region);
	batch_free(&batch);
	return status != 0 ? OP_FAIL : done ? OP_DONE : OP_OK;
}

static enum op_status
top_work(struct op_run *run, unsigned port, struct err *err)
{
	struct top *top = run->state;

	(void)port;
	return best_work(top->best, err);
}

static void
top_close(struct op_run *run)
{
	struct top *top = run->state;

	best_free(&top->best);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
	buf_fini(&top->order);
}

const struct op_def op_top = {
	.name = "top",
	.syntax = "top [N] EXPR [by KEYS]",
	.summary = "the N records with the largest value (10 if not said), or "
	    "of each group",
	.holds = "N rows, of each group; beyond the memory on disk",
	.example = "top 3 ms by country",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD | OP_JOINT,
	.state_bytes = sizeof(struct top),
	.need = top_need,
	.share = top_share,
	.unshare = top_unshare,
	.open = top_open,
	.push = top_push,
	.work = top_work,
	.close = top_close,
};
