#include "util/mem.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

Test(mem, blocks)
{
	char *block = mem_alloc(10);
	memcpy(block, "0123456789", 10);
	block = mem_resize(block, 100000);
	cr_assert(memcmp(block, "0123456789", 10) == 0);
	mem_free(block);
	mem_free(NULL);

	char *zeros = mem_alloc_zero(1000);
	for (int i = 0; i < 1000; i++)
		cr_assert(zeros[i] == 0);
	mem_free(zeros);

	cr_assert_not_null(block = mem_alloc(0));
	mem_free(block);
	cr_assert_not_null(block = mem_copy(NULL, 0));
	mem_free(block);
	char *copy = mem_copy_string("text");
	cr_assert_str_eq(copy, "text");
	mem_free(copy);
}

Test(mem, refused_allocation_ends_the_process, .exit_code = 3)
{
	mem_alloc((size_t)1 << 62);
}

/* A heap may want a second leaf of its map at once, but not from afar. */
Test(mem, some_addresses_are_left_to_the_heap)
{
	struct rlimit limit = { (rlim_t)1 << 46, RLIM_INFINITY };
	uint64_t all = (uint64_t)1 << 46;

	cr_assert(setrlimit(RLIMIT_AS, &limit) == 0);
	cr_assert(mem_address_limit() < all);
	cr_assert(mem_address_limit() >= all - ((uint64_t)16 << 20));
}

Test(mem, a_refused_charge_changes_nothing)
{
	struct mem_budget sort = { .name = "sort", .limit_bytes = 100 };
	struct mem_budget join = { .name = "join" };

	mem_set_limit(150);
	cr_assert(mem_limit() == 150);
	cr_assert(mem_charge(&sort, 60) == 0);
	cr_assert(mem_charge(&sort, 41) == -1, "own limit");
	cr_assert(sort.used_bytes == 60);
	cr_assert(mem_charge(&join, 91) == -1, "limit of the process");
	cr_assert(mem_charge(&join, UINT64_MAX) == -1, "overflow");
	cr_assert(join.used_bytes == 0);
	cr_assert(mem_charge(&join, 90) == 0, "exactly full");
	cr_assert(mem_charged() == 150);
	mem_release(&join, 90);
	cr_assert(join.peak_bytes == 90);
	cr_assert(mem_charge(&sort, 40) == 0);
	mem_release(&sort, 100);
	cr_assert(sort.peak_bytes == 100);
	cr_assert(mem_charged() == 0);
	mem_set_limit(0);
	cr_assert(mem_charge(&join, (uint64_t)1 << 60) == 0);
	mem_release(&join, (uint64_t)1 << 60);
}

Test(mem, who_holds_most_is_pressed)
{
	struct mem_budget sort = { .name = "sort" }, join = { .name = "join" };
	struct mem_budget tail = { .name = "tail" };

	mem_set_limit(8000);
	mem_budget_enter(&sort);
	mem_budget_enter(&join);
	cr_assert(mem_charge(&sort, 4000) == 0);
	cr_assert(mem_charge(&join, 2900) == 0);
	cr_assert(!mem_is_pressed(&sort));
	cr_assert(mem_charge(&join, 200) == -1, "spillers leave an eighth");
	cr_assert(mem_is_pressed(&sort));
	cr_assert(!mem_is_pressed(&join));
	cr_assert(mem_charge(&tail, 1000) == 0, "who cannot may use it");
	cr_assert(mem_charge(&tail, 200) == -1);
	mem_release(&sort, 100);
	cr_assert(!mem_is_pressed(&sort), "it has done something");
	cr_assert(mem_charge(&sort, 500) == -1);
	cr_assert(!mem_is_pressed(&join), "it holds less");
	mem_release(&sort, 3900);
	cr_assert(mem_charge(&join, 3000) == 0);
	cr_assert(mem_charge(&sort, 500) == 0, "its share");
	cr_assert(mem_is_pressed(&join));
	cr_assert(mem_charge(&sort, 1) == -1, "no more than that");
	mem_charge_always(&sort, 9000);
	cr_assert(sort.used_bytes == 9500 && sort.peak_bytes == 9500);
	mem_release(&sort, 9000);
	mem_budget_leave(&join);
	cr_assert(!mem_is_pressed(&join));
	mem_budget_leave(&sort);
	mem_release(&sort, 500);
	mem_release(&join, 5900);
	mem_release(&tail, 1000);
	cr_assert(mem_charged() == 0);
	mem_set_limit(0);
}
