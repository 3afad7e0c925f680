#include "util/hash.h"

#include <criterion/criterion.h>
#include <string.h>

Test(hash, xxh3_of_known_bytes)
{
	cr_assert(hash_bytes("", 0) == 0x2d06800538d394c2u);
	cr_assert(hash_bytes("abc", 3) == 0x78af5f94892f3950u);
}

Test(hash, every_bit_counts)
{
	char bytes[400];
	memset(bytes, 7, sizeof(bytes));
	for (size_t size = 1; size <= sizeof(bytes); size += 13) {
		uint64_t before = hash_bytes(bytes, size);
		for (size_t bit = 0; bit < size * 8; bit += 5) {
			bytes[bit / 8] ^= (char)(1 << (bit % 8));
			cr_assert(hash_bytes(bytes, size) != before);
			bytes[bit / 8] ^= (char)(1 << (bit % 8));
		}
	}
}

/* Neighbours must spread over the partitions that the top bits name. */
Test(hash, mix_spreads_small_numbers)
{
	unsigned counts[64] = { 0 };
	for (uint64_t i = 0; i < 64000; i++)
		counts[hash_mix(i, 0) >> 58]++;
	for (int i = 0; i < 64; i++)
		cr_assert(counts[i] > 700 && counts[i] < 1300, "%u",
		    counts[i]);
}
