#ifndef SFLOW_TESTS_RANDOM_BATCH_H
#define SFLOW_TESTS_RANDOM_BATCH_H

/* Random batches, with everything that may hang on one, from a seed. */
#include "data/batch.h"
#include "random_column.h"

static inline int64_t *
random_times(uint64_t *seed, uint32_t rows, struct region *region)
{
	int64_t *times = region_alloc(region, (rows + 1) * sizeof(*times));

	for (uint32_t i = 0; i < rows; i++)
		times[i] = (int64_t)random_next(seed, 1000) * 1000000;
	return times;
}

static inline struct batch *
random_batch(uint64_t *seed, uint32_t rows, const struct origin *origin)
{
	struct schema *schema = schema_new();
	uint32_t fields = random_next(seed, 20);

	for (uint32_t i = 0; i < fields; i++) {
		char name[4] = { (char)('a' + (int)i), '.', 'x', 0 };
		uint32_t index = schema_add(schema, name,
		    1 + random_next(seed, 3), TYPE_ANY);
		schema->field[index].qualifier_size =
		    schema->field[index].name_size == 3;
	}
	schema->open = random_next(seed, 2) == 0;
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);
	for (uint32_t i = 0; i < fields; i++)
		random_column(seed, rows, region, &batch->column[i]);
	random_slice(seed, TYPE_RAW_JSON, rows, region, &batch->record);
	batch->has_record = random_next(seed, 2) == 0;
	if (random_next(seed, 2) == 0) {
		batch->sel = batch_sel_storage(batch);
		batch->sel_count = random_sel(seed, rows, batch->sel);
	}
	if (random_next(seed, 2) == 0) {
		batch->time = random_times(seed, rows, region);
		batch->mark = random_times(seed, rows, region);
	}
	if (random_next(seed, 2) == 0) {
		batch->origin = origin;
		batch->first_line = 1 + random_next(seed, 1000);
		batch->first_record = 1 + random_next(seed, 1000);
	}
	batch->split = random_next(seed, 3);
	schema_drop(&schema);
	return batch;
}

#endif
