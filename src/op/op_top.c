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
 *
 * If there is no room for the heaps of all groups, all rows go to disk
 * (op/shelf.h) and heaps are made at the end, for some groups at a time.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "op/rows.h"
#include "op/shelf.h"
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
	uint64_t first;		/* place of the group's first row, and one */
};

struct top {
	struct heap single;		/* without keys */
	struct group_table *groups;	/* with: a heap a group */
	struct rows *rows;
	uint64_t sequence;
	uint64_t live;			/* entries of all heaps */
	size_t charged;			/* heaps and rests */
	struct buf key;
	int is_over;		/* heaps took more than there was room for */
	struct shelf *shelf;	/* where all rows go; NULL: there was room */
};

static int
top_open(struct op_run *run, struct err *err)
{
	struct top *top = run->state;

	(void)err;
	top->rows = rows_new(run);
	if (run->op->args.by_count == 0)
		return 0;
	top->groups = group_table_new(sizeof(struct heap), &run->budget);
	mem_budget_enter(&run->budget);
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

/* Memory of the heaps: with groups it is taken, and then let go of; without,
 * there is no way out. */
static int
top_charge(struct op_run *run, size_t bytes, struct err *err)
{
	struct top *top = run->state;

	if (top->groups == NULL) {
		if (op_charge(run, bytes, err) != 0)
			return -1;
	} else if (mem_charge(&run->budget, bytes) != 0) {
		mem_charge_always(&run->budget, bytes);
		top->is_over = 1;
	}
	top->charged += bytes;
	return 0;
}

static int
heap_grow(struct op_run *run, struct heap *heap, struct err *err)
{
	const struct top *top = run->state;
	uint64_t limit = (uint64_t)run->op->args.limit;
	uint64_t capacity = heap->capacity * 2 + 8;

	if (top->is_over && capacity > heap->capacity + BATCH_ROWS_MAX)
		capacity = heap->capacity + BATCH_ROWS_MAX;
	if (capacity > limit)
		capacity = limit;
	if (top_charge(run, (capacity - heap->capacity) *
	    sizeof(*heap->entry), err) != 0)
		return -1;
	heap->entry = mem_resize(heap->entry,
	    capacity * sizeof(*heap->entry));
	heap->capacity = capacity;
	return 0;
}

static int
heap_add(struct op_run *run, struct heap *heap, const struct entry *entry,
	struct err *err)
{
	struct top *top = run->state;

	if (heap->count == heap->capacity && heap_grow(run, heap, err) != 0)
		return -1;
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
	uint64_t sequence, struct entry *out)
{
	static const struct key_order order = { .descending = 1 };
	struct buf *key = &top->key;

	key->size = 0;
	key_add_order(value, &order, 1, i, key);
	*out = (struct entry){
		.word = { key_word(key, 0), key_word(key, 8) },
		.sequence = sequence,
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
	/* Of equal ones the later is the worse: it does not enter. */
	entry_make(top, column, i, UINT64_MAX, &entry);
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
	const uint64_t *place;	/* of each, in the input; NULL: as they come */
	uint16_t *pick;		/* selected rows that may enter their heap */
	uint32_t count;
};

/* Evaluate the keys (`by` has room for their columns) and the value. */
static int
top_eval(struct op_run *run, struct batch *batch, struct region *region,
	struct column *by, struct column *value, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->by_count && by != NULL; i++)
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
		if (top_charge(run, entry->rest_size, err) != 0)
			return -1;
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
static void
top_shrink(struct op_run *run)
{
	struct top *top = run->state;
	uint64_t heaps = top_heap_count(top), count = 0;

	if (!rows_want_shrink(top->rows, top->live))
		return;
	struct row_ref **refs = mem_alloc((top->live + 1) * sizeof(*refs));
	for (uint64_t h = 0; h < heaps; h++) {
		struct heap *heap = top_heap(top, h);
		for (uint64_t i = 0; i < heap->count; i++)
			refs[count++] = &heap->entry[i].ref;
	}
	rows_shrink(top->rows, refs, count);
	mem_free(refs);
}

/* Keep the rows that were picked and enter them: 0, -1, or 1 when there is no
 * room for the rows and none has entered. */
static int
top_keep(struct op_run *run, struct batch *batch,
	const struct candidates *picked, struct err *err)
{
	struct top *top = run->state;
	struct batch *part = batch_clone(batch);
	uint16_t *sel = batch_sel_storage(part);
	uint32_t index = 0;

	for (uint32_t k = 0; k < picked->count; k++)
		sel[k] = (uint16_t)batch_row(batch, picked->pick[k]);
	part->sel = sel;
	part->sel_count = picked->count;
	int status = rows_try(top->rows, part, &index);
	batch_free(&part);
	for (uint32_t k = 0; k < picked->count && status == 0; k++) {
		uint32_t i = picked->pick[k];
		struct entry entry;
		entry_make(top, &picked->value, i, picked->place == NULL ?
		    top->sequence + i : picked->place[i], &entry);
		entry.ref = (struct row_ref){ index, k };
		status = top_enter(run, picked->heap == NULL ? &top->single :
		    picked->heap[i], &entry, err);
	}
	if (status == 0)
		top_shrink(run);
	return status;
}

static int
top_keep_single(struct op_run *run, struct batch *batch, struct region *region,
	struct err *err)
{
	struct top *top = run->state;
	struct candidates picked = { .heap = NULL };

	if (top_eval(run, batch, region, NULL, &picked.value, err) != 0)
		return -1;
	picked.pick = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(*picked.pick));
	top_pick(run, &picked, batch->sel_count);
	int status = picked.count == 0 ? 0 : top_keep(run, batch, &picked, err);
	top->sequence += batch->sel_count;
	return status == 1 ? op_charge(run, UINT64_MAX / 2, err) : status;
}

/* --- with groups --- */

/* Rows into the heaps of their groups: 0, -1, or 1 when there is no room. */
static int
top_take_values(struct op_run *run, struct batch *batch,
	const struct shelf_rows *rows, struct region *region,
	struct candidates *picked, struct err *err)
{
	struct top *top = run->state;
	uint32_t count = batch->sel_count;
	struct key_set keys = {
		.text = (struct text *)(uintptr_t)rows->key,
		.hash = (uint64_t *)(uintptr_t)rows->hash,
	};

	if (top->is_over || group_table_reserve(top->groups, count, 0) != 0)
		return 1;
	char **row = region_alloc(region, (count + 1) * sizeof(*row));
	(void)group_table_find(top->groups, &keys, count, row, NULL);
	picked->heap = (struct heap **)row;
	picked->place = rows->place;
	picked->pick = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(*picked->pick));
	for (uint32_t i = 0; i < count; i++)
		if (picked->heap[i]->first == 0)
			picked->heap[i]->first = rows->first[i] + 1;
	top_pick(run, picked, count);
	return picked->count == 0 ? 0 : top_keep(run, batch, picked, err);
}

static int
top_take(struct op_run *run, struct batch *batch, const struct shelf_rows *rows,
	struct err *err)
{
	struct region *region = region_new();
	struct candidates picked = { .heap = NULL };
	int status = top_eval(run, batch, region, NULL, &picked.value, err);

	if (status == 0)
		status = top_take_values(run, batch, rows, region, &picked,
		    err);
	region_drop(&region);
	return status;
}

static int
top_put(struct op_run *run, struct shelf_writer *writer, int is_last,
	struct err *err)
{
	struct top *top = run->state;

	for (uint64_t h = 0; h < top_heap_count(top); h++) {
		struct heap *heap = top_heap(top, h);
		if (is_last)
			heap_sort(heap);
		for (uint64_t i = 0; i < heap->count; i++) {
			const struct entry *entry = &heap->entry[i];
			if (shelf_put(writer, top->rows, entry->ref,
			    (const char *)heap, heap->first - 1, is_last ? i :
			    entry->sequence, err) != 0)
				return -1;
		}
	}
	return 0;
}

static void
top_free_heaps(struct op_run *run)
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
	top->charged = top->live = 0;
	group_table_free(&top->groups);
	rows_free(&top->rows);
}

static void
top_clear(struct op_run *run)
{
	struct top *top = run->state;

	top_free_heaps(run);
	top->is_over = 0;
	top->groups = group_table_new(sizeof(struct heap), &run->budget);
	top->rows = rows_new(run);
}

static const struct shelf_def top_shelf = {
	.take = top_take, .put = top_put, .clear = top_clear,
};

static int
top_keep_groups(struct op_run *run, struct batch *batch, struct region *region,
	struct err *err)
{
	struct top *top = run->state;
	uint32_t by_count = run->op->args.by_count;
	struct column *by = region_alloc(region, by_count * sizeof(*by));
	struct candidates picked = { .heap = NULL };
	struct key_set keys;
	int status = 1;

	if (top_eval(run, batch, region, by, &picked.value, err) != 0)
		return -1;
	uint32_t count = batch->sel_count;
	key_make(by, by_count, count, region, &keys);
	uint64_t *place = region_alloc(region, (count + 1) * sizeof(*place));
	for (uint32_t i = 0; i < count; i++)
		place[i] = top->sequence++;
	struct shelf_rows rows = { keys.text, keys.hash, place, place };
	if (top->shelf == NULL && !mem_is_pressed(&run->budget))
		status = top_take_values(run, batch, &rows, region, &picked,
		    err);
	if (status != 1)
		return status;
	if (top->shelf == NULL)
		top->shelf = shelf_new(run, &top_shelf, err);
	return top->shelf == NULL ? -1 :
	    shelf_add(top->shelf, batch, &rows, err);
}

static enum op_status
top_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct batch *batch = take_batch;
	struct region *region = region_new();
	int done = run->op->args.limit == 0;
	int status = 0;

	(void)port;
	if (!done)
		status = run->op->args.by_count == 0 ?
		    top_keep_single(run, batch, region, err) :
		    top_keep_groups(run, batch, region, err);
	region_drop(&region);
	batch_free(&batch);
	return status != 0 ? OP_FAIL : done ? OP_DONE : OP_OK;
}

static enum op_status
top_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct top *top = run->state;
	uint32_t most = batch_rows_target(), count = 0;
	enum op_status status = OP_OK;

	(void)port;
	if (top->shelf != NULL)
		return shelf_give(top->shelf, err);
	struct row_ref *refs = mem_alloc(most * sizeof(*refs));
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

	shelf_free(&top->shelf);
	top_free_heaps(run);
	if (run->budget.can_spill)
		mem_budget_leave(&run->budget);
	buf_fini(&top->key);
}

const struct op_def op_top = {
	.name = "top",
	.syntax = "top [N] EXPR [by KEYS]",
	.summary = "the N records with the largest value (10 if not said), or "
	    "of each group",
	.holds = "N rows, of each group; with keys beyond the memory on disk",
	.example = "top 3 ms by country",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD,
	.state_bytes = sizeof(struct top),
	.need = top_need,
	.open = top_open,
	.push = top_push,
	.flush = top_flush,
	.close = top_close,
};
