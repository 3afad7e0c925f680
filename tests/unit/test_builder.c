#include <criterion/criterion.h>

#include "data/column.h"
#include "util/mem.h"

Test(builder, takes_the_type_of_its_values)
{
	struct region *region = region_new();
	struct builder builder = { 0 };
	struct column column;

	builder_add_null(&builder);
	for (int i = 0; i < 1000; i++)
		builder_add_int(&builder, TYPE_TIME, i);
	builder_finish(&builder, region, &column);
	cr_assert(column.type == TYPE_TIME && column.encoding == FLAT);
	cr_assert(!column_row_is_valid(&column, 0));
	cr_assert(((int64_t *)column.data)[0] == 0);
	cr_assert(((int64_t *)column.data)[1000] == 999);

	/* It is ready again. */
	builder_add_int(&builder, TYPE_INT, 1);
	builder_add_float(&builder, 1.5);
	builder_finish(&builder, region, &column);
	cr_assert(column.type == TYPE_MIXED);
	cr_assert(column.tags[0] == TYPE_INT && column.tags[1] == TYPE_FLOAT);
	cr_assert(column.valid == NULL);

	builder_finish(&builder, region, &column);
	cr_assert(column.type == TYPE_NULL);
	builder_add_null(&builder);
	builder_finish(&builder, region, &column);
	cr_assert(column.type == TYPE_NULL);
	builder_fini(&builder);
	region_drop(&region);
}

Test(builder, copies_text)
{
	struct region *region = region_new();
	struct builder builder = { 0 };
	struct column column;
	char text[] = "a text that is longer than a view";

	builder_add_text(&builder, TYPE_TEXT, text, strlen(text));
	builder_add_text(&builder, TYPE_TEXT, "short", 5);
	memset(text, 'x', sizeof(text) - 1);
	builder_finish(&builder, region, &column);
	builder_fini(&builder);
	const struct text *view = column.data;
	cr_assert(column.type == TYPE_TEXT);
	cr_assert(view[0].size == 33 &&
	    memcmp(view[0].bytes, "a text that", 11) == 0);
	cr_assert(view[1].size == 5);
	region_drop(&region);
}

Test(builder, keeps_missing_apart_from_null)
{
	struct region *region = region_new();
	struct builder builder = { 0 };
	struct value missing = { .type = TYPE_MISSING };
	struct column column;

	builder_add(&builder, &missing);
	builder_add_null(&builder);
	builder_add_int(&builder, TYPE_INT, 3);
	cr_assert(builder.any_null && builder.count == 3);
	builder_finish(&builder, region, &column);
	cr_assert(column.type == TYPE_MIXED);
	cr_assert(column_value(&column, 0, region).type == TYPE_MISSING);
	cr_assert(column_value(&column, 1, region).type == TYPE_NULL);
	cr_assert(column_value(&column, 2, region).cell.integer == 3);
	builder_fini(&builder);
	region_drop(&region);
}
