#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "op/sort_gap.h"
#include "op/sort_run.h"
#include "random_column.h"

/*
 * Gaps of random keys, short and long ones, from others before them: they order
 * keys as comparing them does, and the gap of one stays true for whoever has
 * another gap.
 */
#define KEYS 64
#define KEY_BYTES_MAX 400
#define ROUNDS 2000

struct known {
	char bytes[KEY_BYTES_MAX + SORT_GAP_PADDING];
	struct sort_item item;
};

static struct key_cut cut;

static int
compare(const void *a, const void *b)
{
	const struct sort_item *x = &((const struct known *)a)->item;
	const struct sort_item *y = &((const struct known *)b)->item;

	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return key_rest_compare(&cut, x->rest, x->rest_size, y->rest,
	    y->rest_size);
}

/* Where the item points to, once the key has its place. */
static void
settle(struct known *known)
{
	known->item.rest = known->bytes + 8;
	memcpy(&known->item.word, known->bytes, 8);
	known->item.word = __builtin_bswap64(known->item.word);
}

/* Few different bytes, the pad among them, or long runs of one. */
static void
make_key(uint64_t *seed, struct known *known)
{
	uint32_t size = 8 + (uint32_t)random_next(seed, 12);
	uint32_t alike = random_next(seed, 3) == 0 ?
	    (uint32_t)random_next(seed, KEY_BYTES_MAX - 32) : 0;

	memset(known->bytes, 'x', alike);
	for (uint32_t i = alike; i < alike + size; i++)
		known->bytes[i] = "a\0\xff"[random_next(seed, 3)];
	size += alike;
	while (size > 8 && (uint8_t)known->bytes[size - 1] == cut.pad)
		size--;
	memset(known->bytes + size, cut.pad, SORT_GAP_PADDING);
	known->item = (struct sort_item){ .rest_size = size - 8 };
}

static void
check_three(const struct known *base, const struct known *x,
	const struct known *y)
{
	const struct sort_item *a = &x->item, *b = &y->item;
	uint64_t from_a, from_b, between, again;

	cr_assert_leq(sort_gap_compare(&cut, &base->item, a, 0, &from_a), 0);
	cr_assert_leq(sort_gap_compare(&cut, &base->item, b, 0, &from_b), 0);
	int order = sort_gap_compare(&cut, a, b, 0, &between);
	int wanted = compare(x, y);
	cr_assert_eq((order > 0) - (order < 0), (wanted > 0) - (wanted < 0));
	cr_assert_eq(order == 0, between == SORT_GAP_EQUAL);
	if (from_a != from_b) {
		cr_assert_eq(from_a < from_b, order < 0);
		cr_assert_eq(between, from_a < from_b ? from_b : from_a);
	} else if (from_a == SORT_GAP_EQUAL) {
		cr_assert_eq(order, 0);
	} else {
		cr_assert_eq(sort_gap_compare(&cut, a, b,
		    sort_gap_bytes(from_a), &again), order);
		cr_assert_eq(again, between);
	}
}

static void
check_pad(uint8_t pad)
{
	static struct known key[KEYS];
	uint64_t seed = 7;

	cut.pad = pad;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < KEYS; i++) {
			make_key(&seed, &key[i]);
			settle(&key[i]);
		}
		qsort(key, KEYS, sizeof(*key), compare);
		for (int i = 0; i < KEYS; i++)
			settle(&key[i]);
		uint32_t base = (uint32_t)random_next(&seed, KEYS);
		uint32_t left = KEYS - base;
		check_three(&key[base], &key[base + random_next(&seed, left)],
		    &key[base + random_next(&seed, left)]);
	}
}

Test(sort_gap, ascending)
{
	check_pad(0);
}

Test(sort_gap, descending)
{
	check_pad(0xff);
}
