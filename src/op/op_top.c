/*
 * top [N] EXPR [by KEYS]: the N records with the largest EXPR, largest first.
 *
 * Arguments: limit, expr, by.  Of equal ones the earlier is the larger; nulls
 * are the smallest.  With keys it is the top N of each group, groups in order
 * of first appearance.
 *
 * Each group has a heap of at most N entries, the smallest on top: the one that
 * the next better record throws out.  An entry holds the order key (data/key.h)
 * of its value, complemented, so that smaller bytes are the larger value:
 *
 *     entry   first 16 bytes as two words | rest | sequence | row
 *
 * Most rows of a long input are worse than all that is kept, and cost a
 * comparison of two words: a full heap has the value of its smallest entry as a
 * floor, and what is not above it is passed over in a loop over the column.
 * Where words do not decide, keys do.  What is left is kept (op/rows.h), and
 * enters its heap if it is still good enough.  Kept rows that no heap holds any
 * more are let go when they are the most.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "op/rows.h"
#include "util/buf.h"

/* Bytes of a key that lie in the entry; a number's key has 11. */
#define KEY_WORDS_BYTES 16

struct entry {
	uint64_t word[2];	/* of the key, most significant byte first */
	char *rest;		/* heap; the key's bytes behind the words */
	uint64_t sequence;
	struct row_ref ref;
	uint32_t rest_size;
	enum type type;		/* of the value, */
	int64_t number;		/* and a word to compare it by: value_word() */
};

/* In a row of the groups' table: most records are judged by what lies here. */
struct heap {
	struct entry *entry;	/* the worst is entry 0 */
	uint64_t count, capacity;
	enum type type;		/* of the worst, and its number, */
	int64_t number;		/* if the heap is full */
};

struct top {
	struct heap single;		/* without keys */
	struct group_table *groups;	/* with: a heap a group */
	struct rows *rows;
	uint64_t sequence;
	uint64_t live;			/* entries of all heaps */
	size_t charged;			/* heaps and rests */
	struct buf key;
};

static int
top_open(struct op_run *run, struct err *err)
{
	struct top *top = run->state;

	(void)err;
	top->rows = rows_new(run);
	if (run->op->args.by_count > 0)
		top->groups = group_table_new(sizeof(struct heap),
		    &run->budget);
	return 0;
}

static void
top_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	need_add_expr(in, op->args.expr);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
}

static uint64_t
top_heap_count(const struct top *top)
{
	return top->groups == NULL ? 1 : group_table_count(top->groups);
}

static struct heap *
top_heap(struct top *top, uint64_t index)
{
	return top->groups == NULL ? &top->single :
	    (struct heap *)group_table_row(top->groups, index);
}

/* --- entries and heaps --- */

/* Is `a` the worse of the two? */
static int
entry_is_worse(const struct entry *a, const struct entry *b)
{
	for (unsigned i = 0; i < 2; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] > b->word[i];
	uint32_t size = a->rest_size < b->rest_size ? a->rest_size :
	    b->rest_size;
	int order = size == 0 ? 0 : memcmp(a->rest, b->rest, size);
	if (order != 0)
		return order > 0;
	if (a->rest_size != b->rest_size)
		return a->rest_size > b->rest_size;
	return a->sequence > b->sequence;
}

/* Put `entry` at `at` or below, where no child is worse. */
static void
heap_sink(struct heap *heap, uint64_t at, struct entry entry)
{
	for (;;) {
		uint64_t child = 2 * at + 1;
		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && entry_is_worse(
		    &heap->entry[child + 1], &heap->entry[child]))
			child++;
		if (!entry_is_worse(&heap->entry[child], &entry))
			break;
		heap->entry[at] = heap->entry[child];
		at = child;
	}
	heap->entry[at] = entry;
}

static int
heap_add(struct op_run *run, struct heap *heap, const struct entry *entry,
	struct err *err)
{
	struct top *top = run->state;

	if (heap->count == heap->capacity) {
		uint64_t limit = (uint64_t)run->op->args.limit;
		uint64_t capacity = heap->capacity * 2 + 8;
		if (capacity > limit)
			capacity = limit;
		size_t more = (capacity - heap->capacity) * sizeof(*entry);
		if (op_charge(run, more, err) != 0)
			return -1;
		top->charged += more;
		heap->entry = mem_resize(heap->entry,
		    capacity * sizeof(*entry));
		heap->capacity = capacity;
	}
	uint64_t at = heap->count++;
	while (at > 0) {
		uint64_t parent = (at - 1) / 2;
		if (!entry_is_worse(entry, &heap->entry[parent]))
			break;
		heap->entry[at] = heap->entry[parent];
		at = parent;
	}
	heap->entry[at] = *entry;
	top->live++;
	heap->type = heap->entry[0].type;
	heap->number = heap->entry[0].number;
	return 0;
}

/* Best first; it is no heap any more. */
static void
heap_sort(struct heap *heap)
{
	uint64_t count = heap->count;

	while (heap->count > 1) {
		struct entry worst = heap->entry[0];
		struct entry last = heap->entry[--heap->count];
		heap_sink(heap, 0, last);
		heap->entry[heap->count] = worst;
	}
	heap->count = count;
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
may_enter(const struct heap *heap, uint64_t limit, const struct column *column,
	uint32_t i)
{
	int64_t word;

	if (heap->count < limit)
		return IN;
	enum type type = value_word(column, i, &word);
	if (type == TYPE_NULL)
		return OUT;
	if (type == heap->type && type_is_word(type))
		return word > heap->number ? IN : OUT;
	if (type == TYPE_TEXT && heap->type == TYPE_TEXT)
		return word < heap->number ? OUT :
		    word > heap->number ? IN : UNSURE;
	if ((type != TYPE_FLOAT && type != TYPE_INT) ||
	    (heap->type != TYPE_FLOAT && heap->type != TYPE_INT))
		return UNSURE;
	double number = word_number(type, word);
	double floor = word_number(heap->type, heap->number);
	return number < floor ? OUT : number > floor ? IN : UNSURE;
}

static uint64_t
key_word(const struct buf *key, size_t offset)
{
	unsigned char bytes[8] = { 0 };
	uint64_t word;
	size_t size = key->size > offset ? key->size - offset : 0;

	if (size > 0)
		memcpy(bytes, key->bytes + offset, size < 8 ? size : 8);
	memcpy(&word, bytes, 8);
	return __builtin_bswap64(word);
}

/* The entry of a row; its rest is still that of the scratch key. */
static void
entry_make(struct top *top, const struct column *value, uint32_t i,
	struct entry *out)
{
	static const struct key_order order = { .descending = 1 };
	struct buf *key = &top->key;

	key->size = 0;
	key_add_order(value, &order, 1, i, key);
	*out = (struct entry){
		.word = { key_word(key, 0), key_word(key, 8) },
		.sequence = top->sequence + i,
	};
	if (key->size > KEY_WORDS_BYTES) {
		out->rest = key->bytes + KEY_WORDS_BYTES;
		out->rest_size = (uint32_t)(key->size - KEY_WORDS_BYTES);
	}
	out->type = value_word(value, i, &out->number);
}

/* The same, for certain. */
static int
does_enter(struct top *top, const struct heap *heap, uint64_t limit,
	const struct column *column, uint32_t i)
{
	enum verdict verdict = may_enter(heap, limit, column, i);
	struct entry entry;

	if (verdict != UNSURE)
		return verdict == IN;
	entry_make(top, column, i, &entry);
	return !entry_is_worse(&entry, &heap->entry[0]);
}

/* Which of the rows may enter the one heap? */
static uint32_t
pick_single(struct top *top, uint64_t limit, const struct column *column,
	uint32_t count, uint16_t *pick)
{
	const struct heap *heap = &top->single;
	const struct entry *worst = &heap->entry[0];
	uint32_t picked = 0;

	if (heap->count == limit && column->encoding == FLAT) {
		if (type_is_word((enum type)column->type) &&
		    column->type == worst->type)
			return pick_words(column->data, worst->number, count,
			    pick);
		if (column->type == TYPE_FLOAT && (worst->type == TYPE_FLOAT ||
		    worst->type == TYPE_INT))
			return pick_numbers(column->data,
			    word_number(worst->type, worst->number),
			    worst->type == TYPE_INT, count, pick);
	}
	for (uint32_t i = 0; i < count; i++)
		if (does_enter(top, heap, limit, column, i))
			pick[picked++] = (uint16_t)i;
	return picked;
}

/* --- a batch --- */

struct candidates {
	struct column value;
	struct heap **heap;	/* of each selected row */
	uint16_t *pick;		/* selected rows that may enter their heap */
	uint32_t count;
};

/* Evaluate the keys and the value; find each row's heap. */
static int
top_eval(struct op_run *run, struct batch *batch, struct region *region,
	struct candidates *out, struct err *err)
{
	struct top *top = run->state;
	const struct op_args *args = &run->op->args;
	struct column *column = region_alloc(region,
	    (args->by_count + 1) * sizeof(*column));
	struct key_set keys;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->by_count; i++)
		expr_eval(args->by[i].expr, &eval, batch->sel,
		    batch->sel_count, &column[i]);
	expr_eval_as(args->expr, &eval, FUNC_NUMBER, batch->sel,
	    batch->sel_count, &out->value);
	if (eval.rejects.count > 0) {
		if (op_reject(run, batch, &eval.rejects, err) != 0)
			return -1;
		return top_eval(run, batch, region, out, err);
	}
	if (top->groups == NULL)
		return 0;
	key_make(column, args->by_count, batch->sel_count, region, &keys);
	char **row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	if (group_table_find(top->groups, &keys, batch->sel_count, row,
	    NULL) != 0) {
		err_set(err, ERR_IO, "top: its %llu groups need more memory "
		    "than the limit",
		    (unsigned long long)group_table_count(top->groups));
		return err_hint(err, "give it more with --memory SIZE");
	}
	out->heap = (struct heap **)row;
	return 0;
}

static void
top_pick(struct op_run *run, struct candidates *out, uint32_t count)
{
	struct top *top = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;

	if (out->heap == NULL) {
		out->count = pick_single(top, limit, &out->value, count,
		    out->pick);
		return;
	}
	out->count = 0;
	for (uint32_t i = 0; i < count; i++)
		if (does_enter(top, out->heap[i], limit, &out->value, i))
			out->pick[out->count++] = (uint16_t)i;
}

/* Enter it if it is better than the worst. */
static int
top_enter(struct op_run *run, struct heap *heap, struct entry *entry,
	struct err *err)
{
	struct top *top = run->state;
	int is_full = heap->count == (uint64_t)run->op->args.limit;

	if (is_full && entry_is_worse(entry, &heap->entry[0]))
		return 0;
	if (entry->rest_size > 0) {
		if (op_charge(run, entry->rest_size, err) != 0)
			return -1;
		top->charged += entry->rest_size;
		entry->rest = mem_copy(entry->rest, entry->rest_size);
	}
	if (!is_full && heap_add(run, heap, entry, err) != 0) {
		/* What was charged is released with the rest at close. */
		if (entry->rest_size > 0)
			mem_free(entry->rest);
		return -1;
	}
	if (!is_full)
		return 0;
	struct entry *worst = &heap->entry[0];
	mem_release(&run->budget, worst->rest_size);
	top->charged -= worst->rest_size;
	mem_free(worst->rest);
	heap_sink(heap, 0, *entry);
	heap->type = heap->entry[0].type;
	heap->number = heap->entry[0].number;
	return 0;
}

/* Rows that no heap holds any more are let go, when they are the most. */
static int
top_shrink(struct op_run *run, struct err *err)
{
	struct top *top = run->state;
	uint64_t heaps = top_heap_count(top), count = 0;

	if (rows_count(top->rows) < 16 * BATCH_ROWS_MAX ||
	    top->live * 4 > rows_count(top->rows))
		return 0;
	struct row_ref **refs = mem_alloc((top->live + 1) * sizeof(*refs));
	for (uint64_t h = 0; h < heaps; h++) {
		struct heap *heap = top_heap(top, h);
		for (uint64_t i = 0; i < heap->count; i++)
			refs[count++] = &heap->entry[i].ref;
	}
	int status = rows_shrink(top->rows, refs, count, err);
	mem_free(refs);
	return status;
}

/* Keep the rows that were picked and enter them. */
static int
top_keep(struct op_run *run, struct batch *batch,
	const struct candidates *picked, struct err *err)
{
	struct top *top = run->state;
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t index = 0;

	for (uint32_t k = 0; k < picked->count; k++)
		sel[k] = (uint16_t)batch_row(batch, picked->pick[k]);
	batch->sel = sel;
	batch->sel_count = picked->count;
	int status = rows_add(top->rows, batch, &index, err);
	for (uint32_t k = 0; k < picked->count && status == 0; k++) {
		uint32_t i = picked->pick[k];
		struct entry entry;
		entry_make(top, &picked->value, i, &entry);
		entry.ref = (struct row_ref){ index, k };
		status = top_enter(run, picked->heap == NULL ? &top->single :
		    picked->heap[i], &entry, err);
	}
	return status == 0 ? top_shrink(run, err) : -1;
}

static enum op_status
top_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct top *top = run->state;
	struct batch *batch = take_batch;
	struct region *region = region_new();
	struct candidates picked = { .heap = NULL };
	int done = run->op->args.limit == 0;
	int status = 0;

	(void)port;
	if (!done)
		status = top_eval(run, batch, region, &picked, err);
	if (!done && status == 0) {
		uint32_t count = batch->sel_count;
		picked.pick = region_alloc(region,
		    BATCH_ROWS_MAX * sizeof(*picked.pick));
		top_pick(run, &picked, count);
		if (picked.count > 0)
			status = top_keep(run, batch, &picked, err);
		top->sequence += count;
	}
	region_drop(&region);
	batch_free(&batch);
	return status != 0 ? OP_FAIL : done ? OP_DONE : OP_OK;
}

static enum op_status
top_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct top *top = run->state;
	uint32_t most = batch_rows_target(), count = 0;
	struct row_ref *refs = mem_alloc(most * sizeof(*refs));
	enum op_status status = OP_OK;

	(void)port;
	for (uint64_t h = 0; h < top_heap_count(top) && status == OP_OK; h++) {
		struct heap *heap = top_heap(top, h);
		heap_sort(heap);
		for (uint64_t i = 0; i < heap->count && status == OP_OK; i++) {
			refs[count++] = heap->entry[i].ref;
			if (count < most)
				continue;
			status = op_give(run, rows_gather(top->rows, refs,
			    count), err);
			count = 0;
		}
	}
	if (status == OP_OK && count > 0)
		status = op_give(run, rows_gather(top->rows, refs, count), err);
	mem_free(refs);
	return status;
}

static void
top_close(struct op_run *run)
{
	struct top *top = run->state;

	for (uint64_t h = 0; top->rows != NULL && h < top_heap_count(top);
	    h++) {
		struct heap *heap = top_heap(top, h);
		for (uint64_t i = 0; i < heap->count; i++)
			mem_free(heap->entry[i].rest);
		mem_free(heap->entry);
	}
	mem_release(&run->budget, top->charged);
	group_table_free(&top->groups);
	rows_free(&top->rows);
	buf_fini(&top->key);
}

const struct op_def op_top = {
	.name = "top",
	.syntax = "top [N] EXPR [by KEYS]",
	.summary = "the N records with the largest value (10 if not said), or "
	    "of each group",
	.holds = "N rows, of each group",
	.example = "top 3 ms by country",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD,
	.state_bytes = sizeof(struct top),
	.need = top_need,
	.open = top_open,
	.push = top_push,
	.flush = top_flush,
	.close = top_close,
};
