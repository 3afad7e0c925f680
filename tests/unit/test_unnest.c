#include "op_harness.h"

/* Unnest field `tags` of a type; field n numbers the rows. */
static void
expect_unnest(enum type type, const char *const *list, const char *as,
	const char *as2, const char *wanted)
{
	struct harness harness = { .names = 1 };
	struct op *op = op_new(op_find("unnest", 6));
	uint32_t count = 0;

	op->in[0] = harness_schema("n tags");
	op->args.expr = harness_field("tags");
	op->args.as = as;
	op->args.as2 = as2;
	harness_open(&harness, op);
	while (list[count] != NULL)
		count++;
	struct batch *batch = batch_new(op->in[0], count);
	struct region *region = batch_region(batch);
	column_init_flat(&batch->column[0], TYPE_INT, count, region);
	column_init_flat(&batch->column[1], type, count, region);
	for (uint32_t i = 0; i < count; i++) {
		((int64_t *)batch->column[0].data)[i] = i;
		((struct text *)batch->column[1].data)[i] =
		    text_make(list[i], strlen(list[i]));
	}
	harness_give(&harness, 0, batch);
	harness_end(&harness, 0);
	harness_expect(&harness, wanted);
	harness_close(&harness);
}

Test(unnest, tokens_of_json)
{
	static const char *const list[] = { "[1,\"a\", null ,[2]]", "[]",
		"null", "", "7", "\"text\"", "{\"k\":1,\"l\":{}}", NULL };

	expect_unnest(TYPE_RAW_JSON, list, "tags", "i",
	    "n=0,tags=1,i=1\nn=0,tags=a,i=2\nn=0,tags=-,i=3\n"
	    "n=0,tags=[2],i=4\nn=4,tags=7,i=1\nn=5,tags=text,i=1\n"
	    "n=6,tags={\"key\":\"k\",\"value\":1},i=1\n"
	    "n=6,tags={\"key\":\"l\",\"value\":{}},i=2\n");
}

Test(unnest, computed_lists_may_hold_times)
{
	static const char *const list[] = { "[1,@2026-01-02,\"a text that is "
		"longer than a view\"]", "[]", NULL };

	expect_unnest(TYPE_LIST, list, "tag", NULL,
	    "n=0,tags=[1,\"2026-01-02\",\"a text that is longer than a "
	    "view\"],tag=1\n"
	    "n=0,tags=[1,\"2026-01-02\",\"a text that is longer than a "
	    "view\"],tag=2026-01-02\n"
	    "n=0,tags=[1,\"2026-01-02\",\"a text that is longer than a "
	    "view\"],tag=a text that is longer than a view\n");
}

Test(unnest, undeclared_text)
{
	static const char *const list[] = { "[1,2]", " [3] ", "[4", "x", "",
		"{}", NULL };

	expect_unnest(TYPE_RAW, list, "tags", NULL,
	    "n=0,tags=1\nn=0,tags=2\nn=1,tags=3\nn=2,tags=[4\nn=3,tags=x\n"
	    "n=4,tags=\n");
}

Test(unnest, fields_are_replaced_where_they_stand)
{
	static const char *const list[] = { "[5]", NULL };

	expect_unnest(TYPE_RAW_JSON, list, "n", "tags", "n=5,tags=1\n");
}

Test(unnest, batches_are_bounded)
{
	struct harness harness = { 0 };
	struct op *op = op_new(op_find("unnest", 6));
	struct buf list = { 0 };

	op->in[0] = harness_schema("tags");
	op->args.expr = harness_field("tags");
	op->args.as = "tags";
	harness_open(&harness, op);
	for (int i = 0; i < 10000; i++)
		buf_add_format(&list, "%c%d", i == 0 ? '[' : ',', i);
	buf_add_char(&list, ']');
	struct batch *batch = batch_new(op->in[0], 1);
	struct region *region = batch_region(batch);
	column_init_flat(&batch->column[0], TYPE_RAW_JSON, 1, region);
	*(struct text *)batch->column[0].data = text_make(
	    region_copy(region, list.bytes, list.size), list.size);
	harness_give(&harness, 0, batch);
	cr_assert(harness.run.rows_out == 10000);
	cr_assert(harness.batch_rows_max <= batch_rows_target());
	buf_fini(&list);
	harness_close(&harness);
}
