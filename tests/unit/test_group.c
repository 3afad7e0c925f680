#include "op/group.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/key.h"
#include "number_keys.h"
#include "random_column.h"

/* Rows count how often their key came; their numbers are of first sight. */
Test(group, finds_and_makes)
{
	struct mem_budget budget = { .name = "test" };
	struct group_table *table = group_table_new(sizeof(uint64_t), &budget);
	uint64_t *seen = mem_alloc_zero(KEYS_MAX * sizeof(*seen));
	uint32_t *order = mem_alloc(KEYS_MAX * sizeof(*order));
	uint32_t keys = 0, number[1000];
	uint64_t seed = 1;
	char *row[1000], room[80];
	uint8_t is_new[1000];

	for (uint32_t batch = 0; batch < 200; batch++) {
		struct region *region = region_new();
		struct key_set set;
		for (uint32_t i = 0; i < 1000; i++)
			number[i] = random_next(&seed, 1 + batch * 100);
		make_keys(number, 1000, region, &set);
		cr_assert(group_table_find(table, &set, 1000, row,
		    is_new) == 0);
		for (uint32_t i = 0; i < 1000; i++) {
			cr_assert(is_new[i] == (seen[number[i]] == 0));
			cr_assert(*(uint64_t *)row[i] == seen[number[i]]);
			*(uint64_t *)row[i] = ++seen[number[i]];
			if (is_new[i])
				order[keys++] = number[i];
		}
		region_drop(&region);
	}
	cr_assert(group_table_count(table) == keys);
	for (uint32_t i = 0; i < keys; i++) {
		struct text key = group_table_key(table, i);
		cr_assert(key.size == key_bytes(order[i], room));
		cr_assert(memcmp(text_bytes(&key), room, key.size) == 0);
		cr_assert(*(uint64_t *)group_table_row(table, i) ==
		    seen[order[i]]);
	}
	group_table_free(&table);
	cr_assert(budget.used_bytes == 0);
	mem_free(seen);
	mem_free(order);
}

Test(group, looking_makes_nothing)
{
	struct mem_budget budget = { .name = "test" };
	struct group_table *table = group_table_new(0, &budget);
	struct region *region = region_new();
	uint32_t even[500], all[1000];
	char *row[1000], *made[500];
	struct key_set set;

	for (uint32_t i = 0; i < 1000; i++)
		all[i] = i;
	for (uint32_t i = 0; i < 500; i++)
		even[i] = 2 * i;
	make_keys(even, 500, region, &set);
	cr_assert(group_table_find(table, &set, 500, made, NULL) == 0);
	make_keys(all, 1000, region, &set);
	group_table_look(table, &set, 1000, row);
	for (uint32_t i = 0; i < 1000; i++)
		cr_assert(row[i] == (i % 2 == 0 ? made[i / 2] : NULL));
	cr_assert(group_table_count(table) == 500);
	region_drop(&region);
	group_table_free(&table);
}

Test(group, the_budget_refuses)
{
	struct mem_budget budget = { .name = "test", .limit_bytes = 200000 };
	struct group_table *table = group_table_new(64, &budget);
	struct region *region = region_new();
	uint32_t number[1000];
	char *row[1000];
	struct key_set set;
	int status = 0;

	for (uint32_t batch = 0; batch < 20 && status == 0; batch++) {
		for (uint32_t i = 0; i < 1000; i++)
			number[i] = batch * 1000 + i;
		make_keys(number, 1000, region, &set);
		status = group_table_find(table, &set, 1000, row, NULL);
	}
	cr_assert(status == -1 && budget.used_bytes <= 200000);
	region_drop(&region);
	group_table_free(&table);
	cr_assert(budget.used_bytes == 0);
}

/* Beyond some MiB rows lie in slabs. */
Test(group, large_rows_stay_where_they_are)
{
	struct mem_budget budget = { .name = "test" };
	struct group_table *table = group_table_new(1000, &budget);
	uint32_t number[1000];
	char *row[1000], *first[8];

	for (uint32_t batch = 0; batch < 9; batch++) {
		struct region *region = region_new();
		struct key_set set;
		for (uint32_t i = 0; i < 1000; i++)
			number[i] = batch % 8 * 1000 + i;
		make_keys(number, 1000, region, &set);
		cr_assert(group_table_find(table, &set, 1000, row, NULL) == 0);
		if (batch == 8)
			cr_assert(row[7] == first[0]);
		else
			first[batch] = row[7];
		for (uint32_t i = 0; i < 1000 && batch < 8; i++) {
			cr_assert(row[i][0] == 0 && row[i][999] == 0);
			memset(row[i], 1, 1000);
		}
		region_drop(&region);
	}
	for (uint32_t batch = 0; batch < 8; batch++)
		cr_assert(group_table_row(table, batch * 1000 + 7) ==
		    first[batch]);
	cr_assert(budget.used_bytes >= (uint64_t)8000 * 1024);
	group_table_free(&table);
	cr_assert(budget.used_bytes == 0);
}
