#include "state/keyed.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "data/key.h"
#include "number_keys.h"
#include "random_column.h"

static int
is_key(struct text key, uint32_t number)
{
	char room[80];
	size_t size = key_bytes(number, room);

	return key.size == size && memcmp(text_bytes(&key), room, size) == 0;
}

/* Adds 1 to the rows of the keys, whose first words are counters. */
static void
count_keys(struct keyed *keyed, const uint32_t *number, uint32_t count)
{
	struct region *region = region_new();
	char **row = region_alloc(region, count * sizeof(*row));
	struct key_set keys;

	make_keys(number, count, region, &keys);
	cr_assert(keyed_find(keyed, &keys, count, row, NULL) == 0);
	for (uint32_t i = 0; i < count; i++)
		++*(uint64_t *)row[i];
	region_drop(&region);
}

/* Rows count how often their key came; their numbers are of first sight. */
static void
find_and_make(size_t row_bytes)
{
	struct mem_budget budget = { .name = "test" };
	struct keyed *keyed = keyed_new(row_bytes, &budget);
	uint64_t *seen = mem_alloc_zero(KEYS_MAX * sizeof(*seen));
	uint32_t *order = mem_alloc(KEYS_MAX * sizeof(*order));
	uint32_t keys = 0, number[1000];
	uint64_t seed = 1;
	char *row[1000];
	uint8_t is_new[1000];

	for (uint32_t batch = 0; batch < 100; batch++) {
		struct region *region = region_new();
		struct key_set set;
		for (uint32_t i = 0; i < 1000; i++)
			number[i] = random_next(&seed, 1 + batch * 50);
		make_keys(number, 1000, region, &set);
		cr_assert(keyed_find(keyed, &set, 1000, row, is_new) == 0);
		for (uint32_t i = 0; i < 1000; i++) {
			cr_assert(((uintptr_t)row[i] & 7) == 0);
			cr_assert(is_new[i] == (seen[number[i]] == 0));
			cr_assert(*(uint64_t *)row[i] == seen[number[i]]);
			*(uint64_t *)row[i] = ++seen[number[i]];
			if (is_new[i])
				order[keys++] = number[i];
		}
		region_drop(&region);
	}
	cr_assert(keyed_count(keyed) == keys);
	for (uint32_t i = 0; i < keys; i++) {
		cr_assert(is_key(keyed_key(keyed, i), order[i]));
		cr_assert(*(uint64_t *)keyed_row(keyed, i) == seen[order[i]]);
		cr_assert(keyed_peek(keyed, i) == keyed_row(keyed, i));
	}
	cr_assert(keyed_bytes(keyed) == budget.used_bytes);
	keyed_free(&keyed);
	cr_assert(budget.used_bytes == 0);
	mem_free(seen);
	mem_free(order);
}

Test(keyed, finds_and_makes)
{
	find_and_make(8);
	find_and_make(41);
	find_and_make(6000);
	find_and_make(20000);
}

Test(keyed, few_keys_take_little)
{
	struct mem_budget budget = { .name = "test" };
	struct keyed *keyed = keyed_new(40, &budget);
	uint32_t number[2000];

	cr_assert(budget.used_bytes == 0);
	for (uint32_t i = 0; i < 2000; i++)
		number[i] = 1 + i % 3;
	count_keys(keyed, number, 2000);
	cr_assert(budget.used_bytes < 1200, "%llu",
	    (unsigned long long)budget.used_bytes);
	keyed_free(&keyed);
	keyed_free(&keyed);
}

/* A view is what was; the table goes on, and may end first. */
Test(keyed, views_do_not_change)
{
	struct mem_budget budget = { .name = "test" };
	struct keyed *keyed = keyed_new(8, &budget);
	struct keyed_view *view[20];
	uint32_t number[3000];

	for (uint32_t v = 0; v < 20; v++) {
		for (uint32_t i = 0; i < 3000; i++)
			number[i] = i;
		count_keys(keyed, number, 5 + v * 150);
		view[v] = keyed_freeze(keyed);
		if (v % 5 == 4) {
			/* Let go of early: the blocks are the table's again. */
			keyed_view_free(&view[v]);
			++*(uint64_t *)keyed_row(keyed, v);
			--*(uint64_t *)keyed_row(keyed, v);
		}
	}
	keyed_free(&keyed);
	for (uint32_t v = 0; v < 20; v++) {
		uint32_t count = 5 + v * 150;
		if (view[v] == NULL)
			continue;
		cr_assert(keyed_view_count(view[v]) == count);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t first = i < 5 ? 0 : (i - 5) / 150 + 1;
			const uint64_t *row = (const uint64_t *)
			    keyed_view_row(view[v], i);
			cr_assert(is_key(keyed_view_key(view[v], i), i));
			cr_assert(*row == v - first + 1);
		}
		keyed_view_free(&view[v]);
	}
	cr_assert(budget.used_bytes == 0);
}

Test(keyed, an_empty_table)
{
	struct mem_budget budget = { .name = "test" };
	struct keyed *keyed = keyed_new(8, &budget);
	struct keyed_view *view = keyed_freeze(keyed);

	cr_assert(keyed_find(keyed, NULL, 0, NULL, NULL) == 0);
	cr_assert(keyed_view_count(view) == 0 && keyed_count(keyed) == 0);
	keyed_free(&keyed);
	keyed_view_free(&view);
	keyed_view_free(&view);
}

struct reading {
	struct keyed_view *view;
	uint64_t sum, hashes;
};

static void *
read_view(void *cookie)
{
	struct reading *reading = cookie;

	for (uint64_t i = 0; i < keyed_view_count(reading->view); i++) {
		struct text key = keyed_view_key(reading->view, i);
		cr_assert(is_key(key, (uint32_t)i));
		reading->sum += *(const uint64_t *)
		    keyed_view_row(reading->view, i);
		reading->hashes ^= keyed_view_hash(reading->view, i);
	}
	keyed_view_free(&reading->view);
	return NULL;
}

Test(keyed, another_thread_reads_while_the_owner_writes)
{
	struct mem_budget budget = { .name = "test" };
	struct keyed *keyed = keyed_new(8, &budget);
	uint32_t number[2010];

	for (uint32_t round = 1; round <= 50; round++) {
		for (uint32_t i = 0; i < 2010; i++)
			number[i] = i;
		count_keys(keyed, number, 40 * round);
		uint64_t sum = 0, hashes = 0;
		for (uint64_t i = 0; i < keyed_count(keyed); i++) {
			sum += *(const uint64_t *)keyed_peek(keyed, i);
			hashes ^= keyed_hash(keyed, i);
		}
		struct reading reading = { keyed_freeze(keyed), 0, 0 };
		pthread_t thread;
		cr_assert(pthread_create(&thread, NULL, read_view,
		    &reading) == 0);
		for (uint32_t i = 0; i < 10; i++)
			count_keys(keyed, number + i, 40 * round - 5);
		cr_assert(pthread_join(thread, NULL) == 0);
		cr_assert(reading.sum == sum && reading.hashes == hashes);
	}
	keyed_free(&keyed);
	cr_assert(budget.used_bytes == 0);
}

Test(keyed, the_budget_refuses)
{
	struct mem_budget budget = { .name = "test", .limit_bytes = 200000 };
	struct keyed *keyed = keyed_new(64, &budget);
	struct region *region = region_new();
	uint32_t number[100];
	char *row[100];
	struct key_set set;
	int status = 0;

	for (uint32_t batch = 0; batch < 200 && status == 0; batch++) {
		for (uint32_t i = 0; i < 100; i++)
			number[i] = batch * 100 + i;
		make_keys(number, 100, region, &set);
		status = keyed_find(keyed, &set, 100, row, NULL);
	}
	cr_assert(status == -1 && budget.used_bytes <= 200000);

	/* A copy for a view is refused as well; without the view it is not. */
	struct keyed_view *view = keyed_freeze(keyed);
	budget.limit_bytes = budget.used_bytes;
	number[0] = 0;
	make_keys(number, 1, region, &set);
	cr_assert(keyed_row(keyed, 0) == NULL);
	cr_assert(keyed_find(keyed, &set, 1, row, NULL) == -1);
	cr_assert_not_null(keyed_peek(keyed, 0));
	keyed_view_free(&view);
	cr_assert(keyed_find(keyed, &set, 1, row, NULL) == 0);
	cr_assert(row[0] == keyed_row(keyed, 0));
	region_drop(&region);
	keyed_free(&keyed);
	cr_assert(budget.used_bytes == 0);
}
