#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "util/mem.h"

/* Sizes around every boundary: small, a block, a block of its own. */
static const size_t sizes[] = {
	1, 15, 16, 17, 4000, 65536, 0, 65535, 70000, 100, 131072, 1 << 20,
	3000001, 5, 300000, 1, 2000000, 64,
};
#define SIZE_COUNT (sizeof(sizes) / sizeof(*sizes))

static void
fill_and_check(struct region *region)
{
	char *blocks[SIZE_COUNT];

	for (size_t i = 0; i < SIZE_COUNT; i++) {
		blocks[i] = region_alloc(region, sizes[i]);
		cr_assert_not_null(blocks[i]);
		cr_assert((uintptr_t)blocks[i] % 16 == 0);
		memset(blocks[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < SIZE_COUNT; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			cr_assert(blocks[i][j] == (char)i);
}

Test(region, allocations_do_not_overlap)
{
	struct region *region = region_new();
	fill_and_check(region);
	size_t bytes = region_bytes(region);
	cr_assert(bytes >= 3000001 + 2000000 + (1 << 20));

	region_reset(region);
	fill_and_check(region);
	cr_assert(region_bytes(region) <= bytes + (1 << 20),
	    "after a reset the memory is used again");
	region_drop(&region);
	cr_assert_null(region);
	region_drop(&region);
	region_pool_trim();
}

Test(region, reset_keeps_its_memory_over_many_rounds)
{
	struct region *region = region_new();
	size_t bytes = 0;

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 1000; i++)
			region_alloc(region, 1000);
		if (round == 5)
			bytes = region_bytes(region);
		cr_assert(round <= 5 || region_bytes(region) == bytes);
		region_reset(region);
	}
	region_drop(&region);
}

Test(region, copies_and_zeros)
{
	struct region *region = region_new();
	cr_assert(memcmp(region_copy(region, "abc", 3), "abc", 3) == 0);
	cr_assert_not_null(region_copy(region, NULL, 0));
	char *zeros = region_alloc_zero(region, 777);
	for (int i = 0; i < 777; i++)
		cr_assert(zeros[i] == 0);
	region_drop(&region);
}

Test(region, lives_as_long_as_one_holds_it)
{
	struct region *region = region_new();
	char *text = region_copy(region, "still here", 11);
	cr_assert(region_is_sole(region));
	struct region *other = region_hold(region);
	cr_assert(!region_is_sole(region));
	region_drop(&region);
	cr_assert(region_is_sole(other));
	cr_assert_str_eq(text, "still here");
	region_drop(&other);
}

#define PASSED_COUNT 2000

static struct region *passed[PASSED_COUNT];

static void *
make_regions(void *nothing)
{
	for (int i = 0; i < PASSED_COUNT; i++) {
		struct region *region = region_new();
		memset(region_alloc(region, 100000), i, 100000);
		__atomic_store_n(&passed[i], region, __ATOMIC_RELEASE);
	}
	return nothing;
}

Test(region, made_by_one_thread_dropped_by_another)
{
	pthread_t maker;

	cr_assert(pthread_create(&maker, NULL, make_regions, NULL) == 0);
	for (int i = 0; i < PASSED_COUNT; ) {
		struct region *region = __atomic_load_n(&passed[i],
		    __ATOMIC_ACQUIRE);
		if (region == NULL)
			continue;
		region_drop(&region);
		i++;
	}
	pthread_join(maker, NULL);
	region_pool_trim();
}
