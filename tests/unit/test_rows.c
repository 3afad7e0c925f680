#include "op/rows.h"

#include "op_harness.h"
#include "random_column.h"

/* Two batches' schemas; both have b. */
static struct batch *
random_rows(uint64_t *seed, uint32_t which)
{
	struct schema *schema = harness_schema(which == 0 ? "a b" : "b c d");
	uint32_t rows = 1 + random_next(seed, 300);
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);

	for (uint32_t i = 0; i < schema->field_count; i++)
		random_column(seed, rows, region, &batch->column[i]);
	random_slice(seed, TYPE_RAW_JSON, rows, region, &batch->record);
	batch->has_record = 1;
	if (random_next(seed, 2) == 0) {
		batch->sel = batch_sel_storage(batch);
		batch->sel_count = random_sel(seed, rows, batch->sel);
	}
	schema_drop(&schema);
	return batch;
}

static void
expect_row(const struct batch *got, uint32_t at, const struct batch *wanted,
	uint32_t row)
{
	struct region *region = region_new();

	for (uint32_t i = 0; i < got->schema->field_count; i++) {
		const struct field *field = &got->schema->field[i];
		const struct column *column = batch_find(wanted, field->name);
		struct value x = column_value(&got->column[i], at, region);
		struct value y = { .type = TYPE_MISSING };
		if (column != NULL)
			y = column_value(column, row, region);
		cr_assert(x.type == y.type, "%s: %s, not %s", field->name,
		    type_name(x.type), type_name(y.type));
		cr_assert(x.type <= TYPE_MISSING || value_equal(&x, &y));
	}
	struct text record = column_row_text(&got->record, at);
	struct text was = column_row_text(&wanted->record, row);
	cr_assert(got->has_record && text_equal(&record, &was));
	region_drop(&region);
}

#define BATCHES 12
#define REFS 400

struct kept_rows {
	struct op_run run;
	struct rows *rows;
	struct batch *batch[BATCHES];	/* by number */
};

static void
keep_random(struct kept_rows *kept, uint64_t *seed, int same)
{
	static const struct op_def def = { .name = "test" };
	static const struct op op = { .def = &def };
	struct err err = ERR_INIT;

	*kept = (struct kept_rows){ .run = { .op = &op } };
	kept->rows = rows_new(&kept->run);
	for (uint32_t i = 0; i < BATCHES; i++) {
		uint32_t index;
		struct batch *batch = random_rows(seed, same ? 0 :
		    random_next(seed, 2));
		cr_assert(rows_add(kept->rows, batch, &index, &err) == 0);
		cr_assert(index == i);
		/* As the rows have it: dense. */
		kept->batch[i] = batch_compact(batch);
		batch_free(&batch);
	}
}

static void
keep_end(struct kept_rows *kept)
{
	for (uint32_t i = 0; i < BATCHES; i++)
		batch_free(&kept->batch[i]);
	rows_free(&kept->rows);
	cr_assert(kept->run.budget.used_bytes == 0);
}

static struct row_ref
random_ref(const struct kept_rows *kept, uint64_t *seed)
{
	for (;;) {
		uint32_t batch = random_next(seed, BATCHES);
		uint32_t rows = kept->batch[batch]->sel_count;
		if (rows > 0)
			return (struct row_ref){ batch,
				random_next(seed, rows) };
	}
}

Test(rows, gather_gives_what_was_added)
{
	for (uint64_t seed = 1; seed < 60; seed++) {
		uint64_t next = seed;
		struct kept_rows kept;
		struct row_ref refs[REFS];
		keep_random(&kept, &next, seed % 2);
		for (uint32_t i = 0; i < REFS; i++)
			refs[i] = random_ref(&kept, &next);
		struct batch *batch = rows_gather(kept.rows, refs, REFS);
		batch_verify(batch);
		for (uint32_t i = 0; i < REFS; i++)
			expect_row(batch, i, kept.batch[refs[i].batch],
			    refs[i].row);
		batch_free(&batch);
		keep_end(&kept);
	}
}

Test(rows, row_of_nulls)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		uint64_t next = seed;
		struct kept_rows kept;
		struct row_ref refs[2] = { { ROWS_NONE, 0 } };
		struct region *region = region_new();
		keep_random(&kept, &next, seed % 2);
		refs[1] = random_ref(&kept, &next);
		for (uint32_t i = 0;
		    i < rows_schema(kept.rows)->field_count; i++) {
			struct column column;
			rows_gather_column(kept.rows, i, refs, 2, region,
			    &column);
			struct value value = column_value(&column, 0, region);
			cr_assert(value.type == TYPE_NULL);
		}
		region_drop(&region);
		keep_end(&kept);
	}
}

Test(rows, the_limit_is_said)
{
	uint64_t seed = 1;
	static const struct op_def def = { .name = "sort" };
	static const struct op op = { .def = &def };
	struct op_run run = { .op = &op, .budget = { .limit_bytes = 1 } };
	struct rows *rows = rows_new(&run);
	struct batch *batch = random_rows(&seed, 0);
	struct err err = ERR_INIT;
	uint32_t index;

	cr_assert(rows_add(rows, batch, &index, &err) == -1);
	cr_assert(err.kind == ERR_IO && strstr(err.message, "sort") != NULL);
	batch_free(&batch);
	rows_free(&rows);
}
