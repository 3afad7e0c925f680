/*
 * Merging runs with a tree of losers.
 *
 *	winner                1
 *	                    /   \
 *	losers            2       3
 *	                /   \   /   \
 *	runs           a     b c     d
 *
 * Each node has the run that lost there; who wins goes up.  When the winner's
 * run has given its next row, that row is played against the losers on its way
 * up only: one comparison a level.  Mostly it is of two integers, since what
 * all keys begin with has been cut off (data/key_words.h); where words are
 * equal the first 8 bytes of the rests are compared, then all of them.  A run
 * that is through loses against all.
 */
#include "op/sort_merge.h"

#include "op/sort_row.h"

struct leaf {
	struct sort_item item;
	uint64_t next;		/* the first 8 bytes of the rest */
	struct sort_run_reader *reader;
	int is_through;
};

struct sort_merge {
	const struct key_cut *cut;
	struct leaf *leaf;
	uint32_t *loser;	/* of each node; 0: who wins in the end */
	uint32_t count;
	int has_begun;
};

struct sort_merge *
sort_merge_new(const struct key_cut *cut, struct sort_run *const *runs,
	uint32_t count, const struct sort_mark *from,
	const struct sort_mark *to)
{
	struct sort_merge *merge = mem_alloc_zero(sizeof(*merge));

	merge->cut = cut;
	merge->count = count;
	merge->leaf = mem_alloc_zero((count + 1) * sizeof(*merge->leaf));
	merge->loser = mem_alloc_zero((count + 1) * sizeof(*merge->loser));
	for (uint32_t i = 0; i < count; i++)
		merge->leaf[i].reader = sort_run_read(runs[i], from, to);
	return merge;
}

void
sort_merge_free(struct sort_merge **take_merge)
{
	struct sort_merge *merge = *take_merge;

	*take_merge = NULL;
	if (merge == NULL)
		return;
	for (uint32_t i = 0; i < merge->count; i++)
		sort_run_reader_free(&merge->leaf[i].reader);
	mem_free(merge->leaf);
	mem_free(merge->loser);
	mem_free(merge);
}

static int
leaf_next(const struct key_cut *cut, struct leaf *leaf, struct err *err)
{
	int got = sort_run_next(leaf->reader, &leaf->item, err);
	uint32_t size;

	/* Its buffers are others' from now on. */
	if (got == 0)
		sort_run_reader_free(&leaf->reader);
	leaf->is_through = got != 1;
	if (got == 1) {
		const char *rest = sort_item_rest(cut, &leaf->item, &size);
		leaf->next = key_rest_word(cut, rest, size, 0);
	}
	return got < 0 ? -1 : 0;
}

/* Where words, and the first of the rests, are equal: does run a come before
 * run b? */
static int
is_before_by_rest(const struct sort_merge *merge, uint32_t a, uint32_t b)
{
	const struct sort_item *x = &merge->leaf[a].item;
	const struct sort_item *y = &merge->leaf[b].item;
	uint32_t x_size, y_size;

	if (sort_row_has_rest(x->row) || sort_row_has_rest(y->row)) {
		const char *x_rest = sort_item_rest(merge->cut, x, &x_size);
		const char *y_rest = sort_item_rest(merge->cut, y, &y_size);
		int order = key_rest_compare(merge->cut, x_rest, x_size,
		    y_rest, y_size);
		if (order != 0)
			return order < 0;
	}
	return x->turn != y->turn ? x->turn < y->turn : a < b;
}

static inline int
is_before(const struct sort_merge *merge, uint32_t a, uint32_t b)
{
	const struct leaf *x = &merge->leaf[a], *y = &merge->leaf[b];

	if (x->is_through || y->is_through)
		return y->is_through && (!x->is_through || a < b);
	if (x->item.part != y->item.part)
		return x->item.part < y->item.part;
	if (x->item.word != y->item.word)
		return x->item.word < y->item.word;
	if (x->next != y->next)
		return x->next < y->next;
	return is_before_by_rest(merge, a, b);
}

/* Play the tree below `node`; losers are noted, who wins is returned. */
static uint32_t
play(struct sort_merge *merge, uint32_t node)
{
	if (node >= merge->count)
		return node - merge->count;
	uint32_t a = play(merge, 2 * node), b = play(merge, 2 * node + 1);
	int a_wins = is_before(merge, a, b);
	merge->loser[node] = a_wins ? b : a;
	return a_wins ? a : b;
}

static int
merge_begin(struct sort_merge *merge, struct err *err)
{
	for (uint32_t i = 0; i < merge->count; i++)
		if (leaf_next(merge->cut, &merge->leaf[i], err) != 0)
			return -1;
	merge->loser[0] = merge->count > 1 ? play(merge, 1) : 0;
	merge->has_begun = 1;
	return 0;
}

static int
merge_advance(struct sort_merge *merge, struct err *err)
{
	uint32_t winner = merge->loser[0];

	if (leaf_next(merge->cut, &merge->leaf[winner], err) != 0)
		return -1;
	for (uint32_t node = (winner + merge->count) / 2; node > 0;
	    node /= 2) {
		if (is_before(merge, merge->loser[node], winner)) {
			uint32_t swap = merge->loser[node];
			merge->loser[node] = winner;
			winner = swap;
		}
	}
	merge->loser[0] = winner;
	return 0;
}

int
sort_merge_next(struct sort_merge *merge, struct sort_item *item,
	struct err *err)
{
	if (merge->count == 0 ||
	    (merge->has_begun && merge->leaf[merge->loser[0]].is_through))
		return 0;
	if ((merge->has_begun ? merge_advance(merge, err) :
	    merge_begin(merge, err)) != 0)
		return -1;
	const struct leaf *leaf = &merge->leaf[merge->loser[0]];
	if (leaf->is_through)
		return 0;
	*item = leaf->item;
	return 1;
}
