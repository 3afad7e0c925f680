/*
 * Turns of instances.
 *
 * All stretches of all instances, sorted by turn, follow one another; so the
 * place of a stretch is the sum of the rows of those before it.  Each instance
 * does that for itself, and finds its own numbers by halving.
 */
#include "op/turns.h"

#include <stdlib.h>

#include "util/mem.h"

void
turns_fini(struct turns *turns)
{
	mem_free(turns->stretch);
	*turns = (struct turns){ 0 };
}

void
turns_add(struct turns *turns, uint64_t turn, uint64_t rows)
{
	const struct turn_stretch *last = turns->count == 0 ? NULL :
	    &turns->stretch[turns->count - 1];

	if (last == NULL || last->turn != turn) {
		if (turns->count == turns->capacity) {
			turns->capacity = turns->capacity * 2 + 8;
			turns->stretch = mem_resize(turns->stretch,
			    turns->capacity * sizeof(*turns->stretch));
		}
		turns->stretch[turns->count++] = (struct turn_stretch){
			.turn = turn, .own = turns->rows };
	}
	turns->rows += rows;
}

/* A stretch of some instance. */
struct found {
	uint64_t turn, rows;
	struct turn_stretch *own;	/* NULL: of another */
	uint64_t number;		/* as they were found */
};

static int
found_compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
turns_settle(struct turns *own, const struct turns *const *all,
	uint32_t count)
{
	uint64_t total = 0, used = 0, place = 0;

	for (uint32_t i = 0; i < count; i++)
		total += all[i]->count;
	struct found *found = mem_alloc((total + 1) * sizeof(*found));
	for (uint32_t i = 0; i < count; i++)
		for (uint64_t t = 0; t < all[i]->count; t++) {
			const struct turn_stretch *it = &all[i]->stretch[t];
			uint64_t end = t + 1 < all[i]->count ?
			    it[1].own : all[i]->rows;
			found[used] = (struct found){ it->turn,
				end - it->own, all[i] == own ?
				&own->stretch[t] : NULL, used };
			used++;
		}
	qsort(found, used, sizeof(*found), found_compare);
	for (uint64_t i = 0; i < used; i++) {
		if (found[i].own != NULL)
			found[i].own->all = place;
		place += found[i].rows;
	}
	mem_free(found);
}

uint64_t
turns_place(const struct turns *turns, uint64_t number)
{
	uint64_t low = 0, high = turns->count;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (turns->stretch[middle].own <= number)
			low = middle;
		else
			high = middle;
	}
	return turns->stretch[low].all + (number - turns->stretch[low].own);
}

uint64_t
turns_share(uint32_t number, uint32_t count, uint64_t places,
	turns_rows_f *rows_before, const void *cookie)
{
	uint64_t low = 0, high = places;

	if (number == 0)
		return 0;
	if (number == count)
		return UINT64_MAX;
	/* 64 bits do: rows times instances. */
	uint64_t wanted = rows_before(cookie, UINT64_MAX) * number / count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (rows_before(cookie, middle) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
