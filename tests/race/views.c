/*
 * Views of keyed state, for the thread sanitizer: one thread counts keys and
 * freezes the table now and then, another reads and frees the views meanwhile.
 * Each view must hold what the table held when it was frozen.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/key.h"
#include "state/keyed.h"
#include "util/mem.h"

#define ROUNDS 200
#define KEYS_MAX 4000
#define BATCH 500

static void
require(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "views: %s\n", what);
	exit(1);
}

struct reading {
	struct keyed_view *view;
	uint64_t count, sum;	/* when it was frozen */
};

static void *
read_view(void *cookie)
{
	struct reading *reading = cookie;
	uint64_t sum = 0;
	char room[64];

	require(keyed_view_count(reading->view) == reading->count,
	    "a view has another number of rows");
	for (uint64_t i = 0; i < reading->count; i++) {
		struct text key = keyed_view_key(reading->view, i);
		int size = snprintf(room, sizeof(room),
		    "the key with the number %llu", (unsigned long long)i);
		require(key.size == (uint32_t)size && memcmp(text_bytes(&key),
		    room, key.size) == 0, "a view has another key");
		sum += *(const uint64_t *)keyed_view_row(reading->view, i);
	}
	require(sum == reading->sum, "a view has changed");
	keyed_view_free(&reading->view);
	return NULL;
}

/* Adds 1 to the rows of keys first .. first + BATCH - 1. */
static void
count_keys(struct keyed *keyed, uint32_t first)
{
	struct region *region = region_new();
	struct column column;
	struct key_set keys;
	char *row[BATCH], room[64];

	column_init_flat(&column, TYPE_TEXT, BATCH, region);
	for (uint32_t i = 0; i < BATCH; i++) {
		size_t size = (size_t)snprintf(room, sizeof(room),
		    "the key with the number %u", first + i);
		((struct text *)column.data)[i] = text_make(
		    region_copy(region, room, size + 1), size);
	}
	key_make(&column, 1, BATCH, region, &keys);
	require(keyed_find(keyed, &keys, BATCH, row, NULL) == 0, "refused");
	for (uint32_t i = 0; i < BATCH; i++)
		++*(uint64_t *)row[i];
	region_drop(&region);
}

int
main(void)
{
	struct mem_budget budget = { .name = "views" };
	struct keyed *keyed = keyed_new(8, &budget);
	struct reading readings[2];
	pthread_t threads[2];
	uint64_t sum = 0;
	uint32_t end = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct reading *reading = &readings[round % 2];
		if (round >= 2)
			require(pthread_join(threads[round % 2], NULL) == 0,
			    "no thread");
		uint32_t first = end < KEYS_MAX && round % 4 == 0 ? end :
		    round * 97 % (end - BATCH + 1);
		count_keys(keyed, first);
		sum += BATCH;
		if (first + BATCH > end)
			end = first + BATCH;
		*reading = (struct reading){ keyed_freeze(keyed),
		    keyed_count(keyed), sum };
		require(pthread_create(&threads[round % 2], NULL, read_view,
		    reading) == 0, "no thread");
	}
	/* The table may end before its views. */
	keyed_free(&keyed);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	require(budget.used_bytes == 0, "memory is left");
	return 0;
}
