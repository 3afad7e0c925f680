/*
 * Batches.  A batch is made, handed on and freed a few hundred thousand times
 * a second, so freed ones keep their arrays and go to a pool: one per thread,
 * and a common one behind them, because a batch is often freed by another
 * thread than made it (util/region.c tells more).
 *
 * With the address sanitizer, and in hostile builds, nothing is recycled, so
 * that a use after batch_free() is seen.
 */
#include "data/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "util/env.h"
#include "util/mem.h"
#include "util/thr.h"

/* Enough for the batches in flight between two workers. */
#define POOL_BATCHES_MAX 32
/* A batch with more columns than this gives its array back: 32 x 256 columns
 * are 0.7 MB a pool at most. */
#define POOL_COLUMNS_MAX 256
/* More than workers on most machines; threads beyond share. */
#define POOL_COUNT 64
#define COLUMNS_MIN 16
#define REGIONS_MIN 8

#if defined(__SANITIZE_ADDRESS__) || defined(SFLOW_HOSTILE)
#define BATCH_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BATCH_CHECKED 1
#endif
#endif
#ifndef BATCH_CHECKED
#define BATCH_CHECKED 0
#endif

struct pool {
	struct thr_lock lock;
	/* Written under the lock, looked at without. */
	uint32_t count;
	struct batch *batch[POOL_BATCHES_MAX];
} __attribute__((aligned(64)));

static struct pool own_pools[POOL_COUNT] = {
	[0 ... POOL_COUNT - 1] = { .lock = THR_LOCK_INIT("batch pool") },
};
static struct pool common_pool = { .lock = THR_LOCK_INIT("batch pool") };

static struct pool *
own_pool(void)
{
	return &own_pools[thr_index() % POOL_COUNT];
}

/* A batch whose arrays may be there, or NULL. */
static struct batch *
pool_take(struct pool *pool)
{
	struct batch *batch = NULL;

	if (__atomic_load_n(&pool->count, __ATOMIC_RELAXED) == 0)
		return NULL;
	thr_lock_take(&pool->lock);
	if (pool->count > 0) {
		batch = pool->batch[pool->count - 1];
		__atomic_store_n(&pool->count, pool->count - 1,
		    __ATOMIC_RELAXED);
	}
	thr_lock_give(&pool->lock);
	return batch;
}

/* Puts the batch there, unless it is full: 0 or -1. */
static int
pool_give(struct pool *pool, struct batch *batch)
{
	int status = -1;

	if (__atomic_load_n(&pool->count, __ATOMIC_RELAXED) ==
	    POOL_BATCHES_MAX)
		return -1;
	thr_lock_take(&pool->lock);
	if (pool->count < POOL_BATCHES_MAX) {
		pool->batch[pool->count] = batch;
		__atomic_store_n(&pool->count, pool->count + 1,
		    __ATOMIC_RELAXED);
		status = 0;
	}
	thr_lock_give(&pool->lock);
	return status;
}

/* A recycled batch, or a new one. */
static struct batch *
batch_take(void)
{
	struct batch *batch = NULL;

	if (!BATCH_CHECKED)
		batch = pool_take(own_pool());
	if (!BATCH_CHECKED && batch == NULL)
		batch = pool_take(&common_pool);
	return batch != NULL ? batch : mem_alloc_zero(sizeof(*batch));
}

static void
batch_destroy(struct batch *batch)
{
	mem_free(batch->column);
	mem_free(batch->region);
	mem_free(batch->sel_storage);
	mem_free(batch);
}

/* To a pool that has room, or to the heap. */
static void
batch_recycle(struct batch *batch)
{
	if (!BATCH_CHECKED && batch->column_capacity <= POOL_COLUMNS_MAX &&
	    (pool_give(own_pool(), batch) == 0 ||
	    pool_give(&common_pool, batch) == 0))
		return;
	batch_destroy(batch);
}

/* Room for `count` columns; those there are kept. */
static void
columns_reserve(struct batch *batch, uint32_t count)
{
	if (count <= batch->column_capacity)
		return;
	uint32_t capacity = batch->column_capacity * 2;
	if (capacity < COLUMNS_MIN)
		capacity = COLUMNS_MIN;
	if (capacity < count)
		capacity = count;
	batch->column = mem_resize(batch->column,
	    (size_t)capacity * sizeof(*batch->column));
	batch->column_capacity = capacity;
}

struct batch *
batch_new(struct schema *schema, uint32_t row_count)
{
	assert(row_count <= BATCH_ROWS_MAX);
	struct batch *batch = batch_take();

	columns_reserve(batch, schema->field_count);
	batch->schema = schema_hold(schema);
	batch->row_count = row_count;
	batch->sel_count = row_count;
	batch->sel = NULL;
	batch->has_record = 0;
	batch->record = (struct column){ 0 };
	batch->origin = NULL;
	batch->first_line = 0;
	batch->first_record = 0;
	batch->line = NULL;
	batch->place_row = NULL;
	batch->time = NULL;
	batch->mark = NULL;
	batch->split = 0;
	batch->copy_count = 0;
	batch->region_count = 0;
	return batch;
}

void
batch_free(struct batch **batch_address)
{
	struct batch *batch = *batch_address;

	*batch_address = NULL;
	if (batch == NULL)
		return;
	for (uint32_t i = 0; i < batch->region_count; i++)
		region_drop(&batch->region[i]);
	schema_drop(&batch->schema);
	batch_recycle(batch);
}

struct batch *
batch_clone(const struct batch *source)
{
	struct batch *batch = batch_new(source->schema, source->row_count);

	if (source->schema->field_count > 0)
		memcpy(batch->column, source->column,
		    source->schema->field_count * sizeof(*batch->column));
	batch->sel_count = source->sel_count;
	if (source->sel != NULL) {
		batch->sel = batch_sel_storage(batch);
		memcpy(batch->sel, source->sel,
		    source->sel_count * sizeof(*batch->sel));
	}
	batch->record = source->record;
	batch->has_record = source->has_record;
	batch->origin = source->origin;
	batch->first_line = source->first_line;
	batch->first_record = source->first_record;
	batch->line = source->line;
	batch->place_row = source->place_row;
	batch->time = source->time;
	batch->mark = source->mark;
	batch->split = source->split;
	batch->copy_count = source->copy_count;
	batch_hold_regions(batch, source);
	return batch;
}

void
batch_take_region(struct batch *batch, struct region *take_region)
{
	if (batch->region_count == batch->region_capacity) {
		uint32_t capacity = batch->region_capacity == 0 ? REGIONS_MIN :
		    batch->region_capacity * 2;
		batch->region = mem_resize(batch->region,
		    (size_t)capacity * sizeof(*batch->region));
		batch->region_capacity = capacity;
	}
	batch->region[batch->region_count++] = take_region;
}

struct region *
batch_region(struct batch *batch)
{
	struct region *region = region_new();

	batch_take_region(batch, region);
	return region;
}

static int
batch_has_region(const struct batch *batch, const struct region *region)
{
	for (uint32_t i = 0; i < batch->region_count; i++)
		if (batch->region[i] == region)
			return 1;
	return 0;
}

void
batch_hold_regions(struct batch *target, const struct batch *source)
{
	for (uint32_t i = 0; i < source->region_count; i++)
		if (!batch_has_region(target, source->region[i]))
			batch_take_region(target,
			    region_hold(source->region[i]));
}

uint16_t *
batch_sel_storage(struct batch *batch)
{
	if (batch->sel_storage == NULL)
		batch->sel_storage = mem_alloc(BATCH_ROWS_MAX *
		    sizeof(*batch->sel_storage));
	return batch->sel_storage;
}

void
batch_set_schema(struct batch *batch, struct schema *schema)
{
	struct schema *old = batch->schema;

	columns_reserve(batch, schema->field_count);
	batch->schema = schema_hold(schema);
	schema_drop(&old);
}

const struct column *
batch_find(const struct batch *batch, const char *name)
{
	int index = schema_find(batch->schema, name, strlen(name));

	return index < 0 ? NULL : &batch->column[index];
}

/* Line breaks in [at, end). */
static uint64_t
count_lines(const char *at, const char *end)
{
	uint64_t count = 0;

	while (at < end &&
	    (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		count++;
		at++;
	}
	return count;
}

/* Records may span lines, and lines be no record: count, if they lie there. */
static int
batch_has_lines(const struct batch *batch)
{
	return batch->origin != NULL && batch->line == NULL &&
	    batch->record.encoding == SLICE && batch->record.base != NULL;
}

uint64_t
batch_line(const struct batch *batch, uint32_t row)
{
	uint32_t size;

	if (batch->origin == NULL)
		return 0;
	row = batch_place_row(batch, row);
	if (batch->line != NULL)
		return batch->line[row];
	if (!batch_has_lines(batch))
		return batch->first_line + row;
	const char *start = column_slice(&batch->record, 0, &size);
	const char *end = column_slice(&batch->record, row, &size);
	return batch->first_line + count_lines(start, end);
}

void
batch_lines(const struct batch *batch, char *out)
{
	int counts = batch_has_lines(batch) && batch->sel_count > 0 &&
	    batch->place_row == NULL;
	uint64_t line = batch->first_line;
	uint32_t size;
	const char *start = counts ? column_slice(&batch->record, 0, &size) :
	    NULL;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		if (counts) {
			const char *end = column_slice(&batch->record,
			    batch_row(batch, i), &size);
			line += count_lines(start, end);
			start = end;
		} else {
			line = batch_line(batch, batch_row(batch, i));
		}
		memcpy(out + (size_t)i * 8, &line, 8);
	}
}

/* The times of rows, `row` NULL: the first ones; in `region`. */
static const int64_t *
gather_times(const int64_t *times, const uint16_t *row, uint32_t count,
	struct region *region)
{
	if (times == NULL)
		return NULL;
	int64_t *dense = region_alloc(region, (count + 1) * sizeof(*dense));
	for (uint32_t i = 0; i < count; i++)
		dense[i] = times[row == NULL ? i : row[i]];
	return dense;
}

void
batch_inherit(struct batch *target, const struct batch *source,
	const uint16_t *row)
{
	struct region *region = batch_region(target);
	uint32_t count = target->row_count;

	batch_hold_regions(target, source);
	target->time = gather_times(source->time, row, count, region);
	target->mark = gather_times(source->mark, row, count, region);
	target->split = source->split;
	if (source->origin == NULL)
		return;
	uint16_t *place = region_alloc(region, (count + 1) * sizeof(*place));
	for (uint32_t i = 0; i < count; i++)
		place[i] = (uint16_t)batch_place_row(source, row[i]);
	target->place_row = place;
	target->origin = source->origin;
	target->first_line = source->first_line;
	target->line = source->line;
	if (source->record.encoding == SLICE)
		target->record = source->record;
}

struct batch *
batch_compact(const struct batch *source)
{
	uint32_t count = source->sel_count;
	struct batch *batch = batch_new(source->schema, count);
	struct region *region = batch_region(batch);

	for (uint32_t i = 0; i < source->schema->field_count; i++)
		column_copy(&source->column[i], source->sel, count, region,
		    &batch->column[i]);
	if (source->has_record) {
		column_copy(&source->record, source->sel, count, region,
		    &batch->record);
		batch->has_record = 1;
	}
	batch->time = gather_times(source->time, source->sel, count, region);
	batch->mark = gather_times(source->mark, source->sel, count, region);
	batch->split = source->split;
	return batch;
}

size_t
batch_bytes(const struct batch *batch)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < batch->region_count; i++)
		bytes += region_bytes(batch->region[i]);
	return bytes;
}

/* What SFLOW_BATCH_ROWS says, or the build's default. */
static uint32_t
rows_target_read(void)
{
	const char *text = env_variable("SFLOW_BATCH_ROWS");
	unsigned long rows = text == NULL ? 0 : strtoul(text, NULL, 10);

	if (rows >= 1 && rows <= BATCH_ROWS_MAX)
		return (uint32_t)rows;
#ifdef SFLOW_HOSTILE
	return 1;
#else
	return BATCH_ROWS_MAX;
#endif
}

uint32_t
batch_rows_target(void)
{
	/* Threads that race here all store the same. */
	static uint32_t target;
	uint32_t rows = __atomic_load_n(&target, __ATOMIC_RELAXED);

	if (rows == 0) {
		rows = rows_target_read();
		__atomic_store_n(&target, rows, __ATOMIC_RELAXED);
	}
	return rows;
}
