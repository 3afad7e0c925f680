/*
 * The partner that is nearest before a record in time.
 *
 * What is compared, `time >= u.time`, is not asked of pairs: each side's value
 * becomes bytes that memcmp orders (data/key.h; with a `within`, instants as 8
 * bytes), and a kept row carries its own behind its key.  When the directory of
 * a partition is made, the rows of each key are sorted by them and stay in
 * order of arrival where they are equal:
 *
 *	slot -> last row -> link -> [ count | first bytes, row | ... ]
 *
 * A left row takes the last of these that is not behind it, by binary search
 * over the first eight bytes, which lie beside each other.
 *
 * All rows of a key must be in memory together for that.
 */
#include "op/join_priv.h"

#include <stdlib.h>
#include <string.h>

#include "data/type.h"
#include "util/bits.h"
#include "util/buf.h"

/* Of longer bytes only these count: no time is so long. */
#define ORDER_BYTES_MAX 255
#define DAY_US INT64_C(86400000000)

struct asof_entry {
	uint64_t head;		/* the first bytes, highest first */
	struct image *row;
};

struct asof_run {
	uint64_t count;
	struct asof_entry entry[];
};

/* --- bytes --- */

static uint64_t
order_head(const char *bytes, uint32_t size)
{
	char head[8] = { 0 };
	uint64_t word;

	memcpy(head, bytes, size < 8 ? size : 8);
	memcpy(&word, head, 8);
	return __builtin_bswap64(word);
}

static int
add_instant(const struct value *value, struct buf *bytes, struct err *err)
{
	struct buf shown = { 0 };
	int64_t us = value->cell.integer;

	if (value->type == TYPE_TIME || (value->type == TYPE_DATE &&
	    !__builtin_mul_overflow(us, DAY_US, &us))) {
		uint64_t word = __builtin_bswap64((uint64_t)us ^
		    (uint64_t)1 << 63);
		buf_add(bytes, &word, sizeof(word));
		return 0;
	}
	value_add_text(value, &shown);
	err_set(err, ERR_DATA, "asof join: `within` needs instants, "
	    "'%.60s' is none", buf_string(&shown));
	buf_fini(&shown);
	return -1;
}

int
join_asof_order(const struct op_run *run, const struct column *column,
	uint32_t count, struct region *region, struct key_set *keys,
	struct text **order, struct err *err)
{
	const struct key_order ascending = { 0, 0 };
	const struct join_plan *plan = run->op->plan;
	uint64_t *null = region_alloc_zero(region, BATCH_ROWS_MAX / 8);
	struct buf bytes = { 0 };
	int status = 0;

	if (keys->null != NULL)
		memcpy(null, keys->null, (count + 63) / 64 * 8);
	*order = region_alloc_zero(region, (count + 1) * sizeof(**order));
	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct value value = column_value(column, i, region);
		if (value.type <= TYPE_MISSING) {
			bits_set(null, i);
			keys->any_null = 1;
			continue;
		}
		bytes.size = 0;
		if (plan->within_us != INT64_MAX)
			status = add_instant(&value, &bytes, err);
		else
			key_add_order(column, &ascending, 1, i, &bytes);
		size_t size = bytes.size < ORDER_BYTES_MAX ? bytes.size :
		    ORDER_BYTES_MAX;
		(*order)[i] = text_make(region_copy(region, bytes.bytes,
		    size), size);
	}
	keys->null = keys->any_null ? null : keys->null;
	buf_fini(&bytes);
	return status;
}

/* --- the rows of a key --- */

static int
order_compare(const char *a, uint32_t a_size, const char *b, uint32_t b_size)
{
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order != 0 ? order : a_size < b_size ? -1 : a_size > b_size;
}

static int
entry_compare(const void *a, const void *b)
{
	const struct asof_entry *x = a, *y = b;

	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	int order = order_compare(image_order(x->row), x->row->order_size,
	    image_order(y->row), y->row->order_size);
	if (order != 0)
		return order;
	return image_is_behind(x->row, y->row) ? 1 : -1;
}

static void
make_run(struct image *last, struct region *region)
{
	struct image *row = last;
	uint64_t count = 0;
	int is_sorted = 1;

	do {
		row = join_next(row);
		count++;
	} while (row != last);
	struct asof_run *made = region_alloc(region, sizeof(*made) +
	    count * sizeof(made->entry[0]));
	made->count = count;
	for (uint64_t i = 0; i < count; i++) {
		row = join_next(row);
		made->entry[i] = (struct asof_entry){
			order_head(image_order(row), row->order_size), row,
		};
		if (i > 0 && entry_compare(&made->entry[i - 1],
		    &made->entry[i]) > 0)
			is_sorted = 0;
	}
	if (!is_sorted)
		qsort(made->entry, count, sizeof(made->entry[0]),
		    entry_compare);
	last->link = (uintptr_t)made;
}

void
join_asof_make(struct join_table *table, struct mem_budget *budget)
{
	if (table->slot == NULL)
		return;
	table->runs = region_new();
	for (uint64_t at = 0; at <= table->mask; at++)
		if (table->slot[at] != 0)
			make_run(join_slot_row(table->slot[at]), table->runs);
	mem_charge_always(budget, region_bytes(table->runs));
	table->charged_bytes += region_bytes(table->runs);
}

/* How many entries are not behind the left row's bytes. */
static uint64_t
run_find(const struct asof_run *made, const struct text *order, int is_strict)
{
	const char *bytes = text_bytes(order);
	uint64_t head = order_head(bytes, order->size);
	uint64_t from = 0, to = made->count;

	while (from < to) {
		uint64_t middle = from + (to - from) / 2;
		const struct asof_entry *entry = &made->entry[middle];
		int compared = entry->head != head ?
		    (entry->head < head ? -1 : 1) :
		    order_compare(image_order(entry->row),
		    entry->row->order_size, bytes, order->size);
		if (compared < 0 || (compared == 0 && !is_strict))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Is the row too long ago?  Both have instants as bytes. */
static int
is_too_old(const struct image *row, const struct text *order,
	int64_t within_us)
{
	uint64_t now = order_head(text_bytes(order), 8);
	uint64_t then = order_head(image_order(row), 8);

	return now - then > (uint64_t)within_us;
}

void
join_asof_pick(const struct op_run *run, const struct text *order,
	uint32_t count, struct image **row)
{
	const struct join_plan *plan = run->op->plan;

	for (uint32_t i = 0; i < count; i++) {
		if (row[i] == NULL)
			continue;
		const struct asof_run *made =
		    (const struct asof_run *)(uintptr_t)row[i]->link;
		uint64_t before = run_find(made, &order[i], plan->is_strict);
		row[i] = before == 0 ? NULL : made->entry[before - 1].row;
		if (row[i] != NULL && plan->within_us != INT64_MAX &&
		    is_too_old(row[i], &order[i], plan->within_us))
			row[i] = NULL;
	}
}
