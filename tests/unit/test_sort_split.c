#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "op/sort_bucket.h"
#include "op/sort_split.h"
#include "random_column.h"
#include "util/mem.h"

/*
 * Dealing, then ordering each bucket, against qsort by (word, rest, turn,
 * arrival): keys of few and many words, that begin alike, go on for long, and
 * end with what others go on with.
 */
#define KEY_BYTES_MAX 400

struct known {
	uint64_t word;
	const char *rest;
	uint32_t rest_size;
	uint64_t turn;
	uint32_t number;
};

static struct key_cut cut;
/* Splits that looked behind the first words. */
static uint32_t with_levels;

static int
compare(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	int order = key_rest_compare(&cut, x->rest, x->rest_size, y->rest,
	    y->rest_size);
	if (order != 0)
		return order;
	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* A key of some shape: how many bytes. */
static uint32_t
random_key(uint64_t *seed, uint32_t shape, char *key)
{
	static const char *const word[] = { "blue ", "blue", "blue table ",
		"garden ", "", "steel chair of the winter ", "\xff\xff\xff",
		"a", "kitchen ", "https://www.example.com/" };
	uint32_t size = 0, words = random_next(seed, 4);

	switch (shape) {
	case 0:		/* few words, and a number */
		for (uint32_t i = 0; i < words; i++) {
			const char *text = word[random_next(seed, 10)];
			memcpy(key + size, text, strlen(text));
			size += (uint32_t)strlen(text);
		}
		for (int i = 0; i < 4; i++)
			key[size++] = (char)random_next(seed, 256);
		return size;
	case 1:		/* short ones of few bytes */
		for (words = random_next(seed, 24); size < words;)
			key[size++] = "ab\xff\xfe"[random_next(seed, 4)];
		return size;
	case 2:		/* anything */
		for (words = random_next(seed, 30); size < words;)
			key[size++] = (char)random_next(seed, 256);
		return size;
	default:	/* long ones, alike for long */
		size = 30 * random_next(seed, 12);
		memset(key, 'x', size);
		key[size++] = (char)('w' + random_next(seed, 4));
		return size;
	}
}

static void
add(struct known *known, struct sort_bag *bag, struct sort_pool *pool,
	struct sort_store *store, const char *key, uint32_t size)
{
	uint64_t ref;

	while (size > 0 && (uint8_t)key[size - 1] == cut.pad)
		size--;
	char *row = sort_store_room(store, KEY_BYTES_MAX + 8, &ref);
	known->rest_size = size > 8 ? size - 8 : 0;
	*row++ = known->rest_size > 0;
	if (known->rest_size > 0) {
		row = sort_put_size(row, known->rest_size);
		memcpy(row, key + 8, known->rest_size);
	}
	known->rest = row;
	known->word = key_word_at(key, size, cut.pad);
	if (!sort_bag_has_room(bag))
		cr_assert(sort_bag_grow(bag, pool, 1) == 0);
	sort_bag_put(bag, (struct sort_entry){ known->word, ref });
}

/* Does the entry's row begin with this key? */
static int
is_of(const struct sort_keys *keys, uint64_t ref, const struct known *known)
{
	uint32_t size;
	const char *row = sort_keys_row(keys, ref);
	const char *rest = sort_row_rest(row, &size);

	return known->rest == (rest == NULL ? row + 1 : rest);
}

static void
check_bucket(const struct sort_bucket *bucket, const struct known **next,
	const struct known *end)
{
	uint64_t count = sort_bucket_count(bucket), done = 0;
	struct sort_entry *entry = mem_alloc((2 * count + 1) * sizeof(*entry));

	cr_assert(sort_bucket_is_equal(bucket) == 0 || count == 0 ||
	    !bucket->keys.has_rests);
	sort_bucket_load(bucket, entry);
	while (done < count)
		done = sort_bucket_settle(bucket, entry, count, done, 100);
	for (uint64_t i = 0; i < count; i++, (*next)++) {
		cr_assert(*next < end);
		cr_assert(is_of(&bucket->keys, entry[i].ref, *next));
		cr_assert_eq(sort_split_word(bucket->split, bucket->place,
		    entry[i].word), (*next)->word);
	}
	mem_free(entry);
}

static void
run(uint64_t seed, uint32_t shape, uint32_t instances, uint32_t count)
{
	struct sort_pool *pool[2];
	struct sort_store *store[2];
	struct sort_bag bag[2] = { { 0 } }, *base[2], rest[2];
	struct mem_budget budget = { .name = "test" };
	struct known *known = mem_alloc((count + 1) * sizeof(*known));
	struct sort_entry *sample = mem_alloc((2 * count + 1) *
	    sizeof(*sample));
	const struct sort_store *stores[2];
	struct sort_split split;
	char key[KEY_BYTES_MAX];
	uint64_t turn = 0;
	uint32_t samples = 0;

	cut = (struct key_cut){ .pad = random_next(&seed, 2) ? 0xff : 0 };
	for (uint32_t i = 0; i < instances; i++) {
		pool[i] = sort_pool_new(&budget, 4);
		stores[i] = store[i] = sort_store_new(&budget, i, 1 << 20);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t to = (uint32_t)(turn += random_next(&seed, 20) == 0) %
		    instances;
		sort_store_set_turn(store[to], turn);
		known[i].turn = turn;
		known[i].number = i;
		add(&known[i], &bag[to], pool[to], store[to], key,
		    random_key(&seed, shape, key));
	}
	struct sort_keys keys = { .store = stores, .cut = &cut,
		.is_within = 1, .has_rests = 1, .has_turns = instances > 1 };
	for (uint32_t i = 0; i < instances; i++)
		for (struct sort_chunk *chunk = bag[i].first; chunk != NULL;
		    chunk = chunk->next)
			for (uint64_t k = 0; k < chunk->count; k += 3)
				sample[samples++] = chunk->entry[k];
	sort_split_init(&split, &keys, sample, sample + samples, samples,
	    1 + random_next(&seed, 40));
	for (uint32_t i = 0; i < instances; i++) {
		base[i] = mem_alloc_zero(split.count * sizeof(**base));
		rest[i] = bag[i];
		while (sort_split_move(&split, &keys, &rest[i], base[i],
		    pool[i], 2))
			;
	}
	with_levels += !split.is_plain;
	qsort(known, count, sizeof(*known), compare);
	const struct known *next = known;
	for (uint32_t b = 0; b < split.count; b++) {
		struct sort_bucket bucket = { .base = base, .number = b,
			.instance_count = instances, .keys = keys,
			.split = &split, .place = b };
		check_bucket(&bucket, &next, known + count);
	}
	cr_assert(next == known + count);
	sort_split_fini(&split);
	for (uint32_t i = 0; i < instances; i++) {
		mem_free(base[i]);
		sort_pool_free(&pool[i]);
		sort_store_free(&store[i]);
	}
	cr_assert_eq(budget.used_bytes, 0);
	mem_free(known);
	mem_free(sample);
}

Test(sort_split, is_qsort)
{
	for (uint64_t seed = 1; seed < 161; seed++)
		run(seed, seed % 4, 1 + seed / 4 % 2,
		    (uint32_t)(seed * 977 % 6000));
	cr_assert_gt(with_levels, 40);
}
