#include "data/batch.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "random_batch.h"

static void
expect_equal(const struct batch *a, const struct batch *b)
{
	struct region *region = region_new();

	cr_assert(a->schema == b->schema && a->sel_count == b->sel_count);
	for (uint32_t c = 0; c < a->schema->field_count; c++)
		for (uint32_t i = 0; i < a->sel_count; i++) {
			struct value x = column_value(&a->column[c],
			    batch_row(a, i), region);
			struct value y = column_value(&b->column[c],
			    batch_row(b, i), region);
			cr_assert(x.type == y.type && value_equal(&x, &y));
		}
	cr_assert(a->has_record == b->has_record);
	for (uint32_t i = 0; a->has_record && i < a->sel_count; i++) {
		struct text x = column_row_text(&a->record, batch_row(a, i));
		struct text y = column_row_text(&b->record, batch_row(b, i));
		cr_assert(text_equal(&x, &y));
	}
	region_drop(&region);
}

Test(batch, clone_and_compact)
{
	for (uint64_t seed = 1; seed < 200; seed++) {
		uint64_t next = seed;
		struct batch *batch = random_batch(&next,
		    1 + (uint32_t)seed * 10, NULL);
		batch_verify(batch);
		struct batch *clone = batch_clone(batch);
		struct batch *compact = batch_compact(batch);
		batch_verify(clone);
		batch_verify(compact);
		cr_assert(compact->region_count == 1);
		cr_assert(batch_bytes(compact) > 0);
		expect_equal(batch, clone);
		expect_equal(batch, compact);
		/* Each stands alone. */
		batch_free(&batch);
		expect_equal(clone, compact);
		batch_free(&clone);
		batch_verify(compact);
		batch_free(&compact);
		cr_assert(compact == NULL);
	}
}

Test(batch, schema_and_regions)
{
	struct schema *one = schema_new(), *two = schema_new();

	schema_add(one, "a", 1, TYPE_ANY);
	for (int i = 0; i < 100; i++)
		schema_add(two, i == 0 ? "a" : i == 1 ? "b" : "c", 1,
		    TYPE_ANY);
	struct batch *batch = batch_new(one, 7);
	column_init_null(&batch->column[0]);
	batch->column[0].delimiter = 9;
	cr_assert(batch_find(batch, "a") == &batch->column[0]);
	cr_assert(batch_find(batch, "b") == NULL);
	batch_set_schema(batch, two);
	cr_assert(batch->column[0].delimiter == 9);
	cr_assert(batch_find(batch, "b") == &batch->column[1]);
	for (int i = 0; i < 100; i++)
		column_init_null(&batch->column[i]);
	batch_verify(batch);

	struct batch *other = batch_new(one, 0);
	for (int i = 0; i < 20; i++)
		batch_region(batch);
	batch_hold_regions(other, batch);
	batch_hold_regions(other, batch);
	cr_assert(other->region_count == 20);
	batch_free(&other);
	batch_free(&batch);
	batch_free(&batch);
	schema_drop(&one);
	schema_drop(&two);
}

/* A batch of three ints, to be broken. */
static struct batch *
small_batch(void)
{
	struct schema *schema = schema_new();

	schema_add(schema, "a", 1, TYPE_ANY);
	struct batch *batch = batch_new(schema, 3);
	column_init_flat(&batch->column[0], TYPE_TEXT, 3, batch_region(batch));
	memset(batch->column[0].data, 0, 3 * sizeof(struct text));
	batch_verify(batch);
	schema_drop(&schema);
	return batch;
}

Test(batch, verify_sees_sel_out_of_order, .signal = SIGABRT)
{
	struct batch *batch = small_batch();

	batch->sel = batch_sel_storage(batch);
	batch->sel[0] = 1;
	batch->sel[1] = 1;
	batch->sel_count = 2;
	batch_verify(batch);
}

Test(batch, verify_sees_rows_beyond, .signal = SIGABRT)
{
	struct batch *batch = small_batch();

	batch->sel = batch_sel_storage(batch);
	batch->sel[0] = 3;
	batch->sel_count = 1;
	batch_verify(batch);
}

Test(batch, verify_sees_types, .signal = SIGABRT)
{
	struct batch *batch = small_batch();

	batch->column[0].type = TYPE_ANY;
	batch_verify(batch);
}

Test(batch, verify_sees_unpadded_views, .signal = SIGABRT)
{
	struct batch *batch = small_batch();

	((struct text *)batch->column[0].data)[1].inlined[11] = 'x';
	batch_verify(batch);
}

Test(batch, verify_sees_wrong_tags, .signal = SIGABRT)
{
	struct batch *batch = small_batch();

	column_init_flat(&batch->column[0], TYPE_MIXED, 3,
	    batch_region(batch));
	memset(batch->column[0].tags, TYPE_NULL, 3);
	batch_verify(batch);
}

Test(batch, rows_target)
{
	cr_assert(batch_rows_target() >= 1);
	cr_assert(batch_rows_target() <= BATCH_ROWS_MAX);
	cr_assert(batch_rows_target() == batch_rows_target());
}
