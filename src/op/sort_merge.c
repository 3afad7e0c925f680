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
 * up only: one comparison a level.
 *
 * All that stand on that way have lost against the row that was given, and the
 * next row of its run follows it: so of all of them the gaps from it are known
 * (op/sort_gap.h), and these are compared.  Keys are looked at where gaps are
 * equal; the loser then has its gap from the one it has lost against.  A run
 * that is through loses against all.
 */
#include "op/sort_merge.h"

#include "op/sort_gap.h"
#include "util/mem.h"

struct leaf {
	struct sort_item item;
	struct sort_run_reader *reader;
};

struct sort_merge {
	const struct key_cut *cut;
	struct leaf *leaf;
	uint64_t *gap;		/* of each leaf, from who it has lost against */
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
	merge->gap = mem_alloc_zero((count + 1) * sizeof(*merge->gap));
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
	mem_free(merge->gap);
	mem_free(merge->loser);
	mem_free(merge);
}

static int
leaf_next(struct sort_merge *merge, uint32_t number, struct err *err)
{
	struct leaf *leaf = &merge->leaf[number];
	int got = sort_run_next(leaf->reader, &leaf->item, err);

	/* Its buffers are others' from now on. */
	if (got == 0)
		sort_run_reader_free(&leaf->reader);
	merge->gap[number] = got == 1 ? leaf->item.gap : SORT_GAP_END;
	return got < 0 ? -1 : 0;
}

/* Where gaps are equal: does leaf a come before leaf b? */
static int
is_before_by_key(struct sort_merge *merge, uint32_t a, uint32_t b)
{
	const struct sort_item *x = &merge->leaf[a].item;
	const struct sort_item *y = &merge->leaf[b].item;
	uint64_t gap = merge->gap[a];

	if (gap == SORT_GAP_END)
		return a < b;
	int order = gap == SORT_GAP_EQUAL ? 0 : sort_gap_compare(merge->cut,
	    x, y, sort_gap_bytes(gap), &gap);
	if (order == 0)
		order = x->turn < y->turn || (x->turn == y->turn && a < b) ?
		    -1 : 1;
	merge->gap[order < 0 ? b : a] = gap;
	return order < 0;
}

static inline int
is_before(struct sort_merge *merge, uint32_t a, uint32_t b)
{
	uint64_t x = merge->gap[a], y = merge->gap[b];

	return __builtin_expect(x != y, 1) ? x < y :
	    is_before_by_key(merge, a, b);
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
	for (uint32_t i = 0; i < merge->count; i++) {
		if (leaf_next(merge, i, err) != 0)
			return -1;
		/* From what lies before all keys. */
		if (merge->gap[i] != SORT_GAP_END)
			merge->gap[i] = SORT_GAP_PART |
			    merge->leaf[i].item.part;
	}
	merge->loser[0] = merge->count > 1 ? play(merge, 1) : 0;
	merge->has_begun = 1;
	return 0;
}

static int
merge_advance(struct sort_merge *merge, struct err *err)
{
	uint32_t winner = merge->loser[0];

	if (leaf_next(merge, winner, err) != 0)
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
	if (merge->count == 0 || (merge->has_begun &&
	    merge->gap[merge->loser[0]] == SORT_GAP_END))
		return 0;
	if ((merge->has_begun ? merge_advance(merge, err) :
	    merge_begin(merge, err)) != 0)
		return -1;
	uint32_t winner = merge->loser[0];
	if (merge->gap[winner] == SORT_GAP_END)
		return 0;
	*item = merge->leaf[winner].item;
	return 1;
}
