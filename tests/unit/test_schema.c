#include "data/schema.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(schema, hundred_thousand_fields)
{
	struct schema *schema = schema_new();
	char name[16];

	cr_assert(schema_find(schema, "0", 1) == -1);
	for (int i = 0; i < 100000; i++) {
		int size = snprintf(name, sizeof(name), "%d", i);
		cr_assert(schema_add(schema, name, (size_t)size, TYPE_ANY) ==
		    (uint32_t)i);
	}
	struct schema *copy = schema_copy(schema);
	schema_drop(&schema);
	cr_assert(schema == NULL && copy->field_count == 100000);
	for (int i = 0; i < 100000; i++) {
		int size = snprintf(name, sizeof(name), "%d", i);
		cr_assert(schema_find(copy, name, (size_t)size) == i);
	}
	cr_assert(schema_find(copy, "100000", 6) == -1);
	cr_assert(schema_find(copy, "", 0) == -1);
	schema_drop(&copy);
}

Test(schema, names)
{
	struct schema *schema = schema_new();

	schema_add(schema, "a", 1, TYPE_INT);
	schema_add(schema, "", 0, TYPE_TEXT);
	schema_add(schema, "a", 1, TYPE_FLOAT);
	schema_add(schema, "a\0b", 3, TYPE_ANY);
	cr_assert(schema_find(schema, "a", 1) == 0);
	cr_assert(schema_find(schema, "", 0) == 1);
	cr_assert(schema_find(schema, "a\0b", 3) == 3);
	cr_assert(schema->field[0].name[1] == '\0');

	struct schema *held = schema_hold(schema);
	schema_drop(&schema);
	cr_assert(held->references == 1);
	schema_drop(&held);
	schema_drop(&held);
}
