/*
 * sort KEYS: order the records, stable.
 *
 * Arguments: key.  Rows are kept (op/rows.h); beside each kept row stands an
 * entry with the first 8 bytes of its order key (data/key.h), most significant
 * first, so that comparing two integers decides nearly always:
 *
 *     entry   prefix:8 | key bytes and size | row
 *
 * The entries are sorted by the prefix with a stable radix sort that skips
 * bytes that are the same everywhere; runs of equal prefixes whose keys go on
 * are then merge-sorted by the rest.  When the prefixes already ascend nothing
 * is moved.  Keys of at most 8 bytes are not kept at all.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "op/rows.h"
#include "util/buf.h"

struct entry {
	uint64_t prefix;
	const char *rest;	/* key bytes behind the prefix */
	uint32_t rest_size;
	struct row_ref ref;
};

struct sort {
	struct rows *rows;
	struct entry *entry;
	uint64_t count, capacity;
	struct region *keys;	/* the rests */
	size_t keys_charged;
	struct buf scratch;
};

static void
sort_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	for (uint32_t i = 0; i < op->args.key_count; i++)
		need_add_expr(in, op->args.key[i].expr);
}

static int
sort_open(struct op_run *run, struct err *err)
{
	struct sort *sort = run->state;

	(void)err;
	sort->rows = rows_new(run);
	sort->keys = region_new();
	return 0;
}

static uint64_t
key_prefix(const char *bytes, size_t size)
{
	unsigned char prefix[8] = { 0 };
	uint64_t word;

	memcpy(prefix, bytes, size < 8 ? size : 8);
	memcpy(&word, prefix, 8);
	return __builtin_bswap64(word);
}

static int
sort_reserve(struct op_run *run, uint32_t more, struct err *err)
{
	struct sort *sort = run->state;

	if (sort->count + more <= sort->capacity)
		return 0;
	uint64_t capacity = sort->capacity == 0 ? 4096 : sort->capacity * 2;
	/* Twice: the radix sort moves entries to and fro. */
	if (op_charge(run, (capacity - sort->capacity) * 2 *
	    sizeof(struct entry), err) != 0)
		return -1;
	sort->entry = mem_resize(sort->entry, capacity * sizeof(*sort->entry));
	sort->capacity = capacity;
	return 0;
}

static int
sort_add_keys(struct op_run *run, const struct batch *batch,
	const struct column *column, const struct key_order *order,
	uint32_t index, struct err *err)
{
	struct sort *sort = run->state;

	if (sort_reserve(run, batch->sel_count, err) != 0)
		return -1;
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		struct buf *key = &sort->scratch;
		struct entry *entry = &sort->entry[sort->count++];
		key->size = 0;
		key_add_order(column, order, run->op->args.key_count, i, key);
		*entry = (struct entry){
			.prefix = key_prefix(key->bytes, key->size),
			.ref = { index, i },
		};
		if (key->size > 8) {
			entry->rest_size = (uint32_t)key->size - 8;
			entry->rest = region_copy(sort->keys, key->bytes + 8,
			    entry->rest_size);
		}
	}
	size_t bytes = region_bytes(sort->keys);
	if (bytes > sort->keys_charged && op_charge(run,
	    bytes - sort->keys_charged, err) != 0)
		return -1;
	sort->keys_charged = bytes;
	return 0;
}

static int
sort_eval(struct op_run *run, struct batch *batch, struct region *region,
	struct column *column, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->key_count; i++)
		expr_eval_as(args->key[i].expr, &eval, FUNC_NUMBER, batch->sel,
		    batch->sel_count, &column[i]);
	if (eval.rejects.count == 0)
		return 0;
	if (op_reject(run, batch, &eval.rejects, err) != 0)
		return -1;
	return sort_eval(run, batch, region, column, err);
}

static enum op_status
sort_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct sort *sort = run->state;
	const struct op_args *args = &run->op->args;
	struct batch *batch = take_batch;
	struct region *region = region_new();
	struct column *column = region_alloc(region,
	    args->key_count * sizeof(*column));
	struct key_order *order = region_alloc(region,
	    args->key_count * sizeof(*order));
	uint32_t index;

	(void)port;
	for (uint32_t i = 0; i < args->key_count; i++)
		order[i] = (struct key_order){ args->key[i].descending,
			args->key[i].nulls_first };
	int status = sort_eval(run, batch, region, column, err);
	if (status == 0 && batch->sel_count > 0)
		status = rows_add(sort->rows, batch, &index, err);
	if (status == 0 && batch->sel_count > 0)
		status = sort_add_keys(run, batch, column, order, index, err);
	region_drop(&region);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

static int
entry_order(const struct entry *a, const struct entry *b)
{
	uint32_t size = a->rest_size < b->rest_size ? a->rest_size :
	    b->rest_size;
	int order = size == 0 ? 0 : memcmp(a->rest, b->rest, size);

	if (order != 0)
		return order;
	return a->rest_size < b->rest_size ? -1 : a->rest_size > b->rest_size;
}

/* Stable bottom-up merge sort of entries with the same prefix. */
static void
sort_rests(struct entry *entry, struct entry *scratch, uint64_t count)
{
	for (uint64_t width = 1; width < count; width *= 2) {
		for (uint64_t at = 0; at < count; at += 2 * width) {
			uint64_t mid = at + width < count ? at + width : count;
			uint64_t end = at + 2 * width < count ? at + 2 * width :
			    count;
			uint64_t a = at, b = mid;
			for (uint64_t i = at; i < end; i++)
				scratch[i] = a < mid && (b >= end ||
				    entry_order(&entry[a], &entry[b]) <= 0) ?
				    entry[a++] : entry[b++];
		}
		memcpy(entry, scratch, count * sizeof(*entry));
	}
}

/* How often each value of each byte of the prefix occurs; 1 if in order. */
static int
sort_histogram(const struct entry *entry, uint64_t count,
	uint64_t histogram[8][256])
{
	int ascending = 1;

	memset(histogram, 0, 8 * 256 * sizeof(uint64_t));
	for (uint64_t i = 0; i < count; i++) {
		uint64_t prefix = entry[i].prefix;
		for (unsigned byte = 0; byte < 8; byte++)
			histogram[byte][prefix >> (8 * byte) & 255]++;
		if (i > 0 && entry[i - 1].prefix > prefix)
			ascending = 0;
	}
	return ascending;
}

static void
sort_radix(struct entry **entry, struct entry **scratch, uint64_t count)
{
	uint64_t (*histogram)[256] = mem_alloc(8 * sizeof(*histogram));
	int ascending = sort_histogram(*entry, count, histogram);

	for (unsigned byte = 0; byte < 8 && !ascending; byte++) {
		uint64_t *bucket = histogram[byte], at = 0;
		if (bucket[(*entry)[0].prefix >> (8 * byte) & 255] == count)
			continue;
		for (unsigned i = 0; i < 256; i++) {
			uint64_t size = bucket[i];
			bucket[i] = at;
			at += size;
		}
		for (uint64_t i = 0; i < count; i++) {
			const struct entry *from = &(*entry)[i];
			(*scratch)[bucket[from->prefix >> (8 * byte) & 255]++] =
			    *from;
		}
		struct entry *swap = *entry;
		*entry = *scratch;
		*scratch = swap;
	}
	mem_free(histogram);
}

static void
sort_entries(struct sort *sort)
{
	struct entry *scratch;

	if (sort->count < 2)
		return;
	scratch = mem_alloc(sort->capacity * sizeof(*scratch));
	sort_radix(&sort->entry, &scratch, sort->count);
	for (uint64_t at = 0; at < sort->count;) {
		uint64_t end = at + 1;
		while (end < sort->count &&
		    sort->entry[end].prefix == sort->entry[at].prefix)
			end++;
		if (end - at > 1)
			sort_rests(sort->entry + at, scratch, end - at);
		at = end;
	}
	mem_free(scratch);
}

static enum op_status
sort_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct sort *sort = run->state;
	uint32_t most = batch_rows_target();
	struct row_ref *refs = mem_alloc(most * sizeof(*refs));
	enum op_status status = OP_OK;

	(void)port;
	sort_entries(sort);
	for (uint64_t at = 0; at < sort->count && status == OP_OK;) {
		uint32_t count = 0;
		while (count < most && at < sort->count)
			refs[count++] = sort->entry[at++].ref;
		status = op_give(run, rows_gather(sort->rows, refs, count),
		    err);
	}
	mem_free(refs);
	return status;
}

static void
sort_close(struct op_run *run)
{
	struct sort *sort = run->state;

	rows_free(&sort->rows);
	mem_free(sort->entry);
	if (sort->keys != NULL)
		region_drop(&sort->keys);
	buf_fini(&sort->scratch);
	mem_release(&run->budget, sort->keys_charged +
	    sort->capacity * 2 * sizeof(struct entry));
}

const struct op_def op_sort = {
	.name = "sort",
	.syntax = "sort EXPR [asc|desc] [nulls first|last], ...",
	.summary = "order the records; equal ones keep their order",
	.holds = "all rows",
	.example = "sort ms desc, user",
	.flags = OP_BLOCKS | OP_HOLDS | OP_KEEPS_RECORD,
	.state_bytes = sizeof(struct sort),
	.need = sort_need,
	.open = sort_open,
	.push = sort_push,
	.flush = sort_flush,
	.close = sort_close,
};
