#include "util/bits.h"

#include <criterion/criterion.h>

Test(bits, words)
{
	cr_assert(bits_lowest(0x8000000000000000u) == 63);
	cr_assert(bits_lowest(1) == 0 && bits_highest(1) == 0);
	cr_assert(bits_highest(0x8000000000000000u) == 63);
	cr_assert(bits_count(0) == 0 && bits_count(UINT64_MAX) == 64);
	cr_assert(bits_round_up(0, 16) == 0 && bits_round_up(1, 16) == 16);
	cr_assert(bits_round_up(16, 16) == 16 && bits_round_up(17, 16) == 32);
	cr_assert(bits_power_of_two(0) == 1 && bits_power_of_two(1) == 1);
	cr_assert(bits_power_of_two(3) == 4 && bits_power_of_two(4) == 4);
	cr_assert(bits_power_of_two(((uint64_t)1 << 62) + 1) ==
	    (uint64_t)1 << 63);
}

Test(bits, bitmaps)
{
	uint64_t map[3] = { 0 };
	for (size_t i = 0; i < 192; i += 7)
		bits_set(map, i);
	for (size_t i = 0; i < 192; i++)
		cr_assert(bits_get(map, i) == (i % 7 == 0));
	bits_clear(map, 77);
	cr_assert(!bits_get(map, 77) && bits_get(map, 70));
}

Test(bits, unaligned_words)
{
	char bytes[16] = { 0 };
	bits_store64(bytes + 3, 0x1122334455667788u);
	cr_assert(bits_load64(bytes + 3) == 0x1122334455667788u);
	bits_store32(bytes + 1, 0xdeadbeefu);
	cr_assert(bits_load32(bytes + 1) == 0xdeadbeefu);
}
