/*
 * Gaps between keys, where bytes have to be looked at.
 *
 * Keys go on with pads for ever, so one that is another's beginning differs
 * from it where the other has something else.
 */
#include "op/sort_gap.h"

#include "op/sort_run.h"

uint32_t
sort_gap_find(const struct key_cut *cut, const char *a, uint32_t a_size,
	const char *b, uint32_t b_size, uint32_t from)
{
	uint32_t both = a_size < b_size ? a_size : b_size, at = from;
	const char *longer = a_size > b_size ? a : b;
	uint32_t size = a_size > b_size ? a_size : b_size;
	uint64_t x, y;

	while (at + 8 <= both) {
		memcpy(&x, a + at, 8);
		memcpy(&y, b + at, 8);
		if (x != y)
			return at + (uint32_t)__builtin_ctzll(x ^ y) / 8;
		at += 8;
	}
	while (at < both && a[at] == b[at])
		at++;
	if (at < both)
		return at;
	while (at < size && (uint8_t)longer[at] == cut->pad)
		at++;
	return at < size ? at : UINT32_MAX;
}

int
sort_gap_compare(const struct key_cut *cut, const struct sort_item *a,
	const struct sort_item *b, uint32_t from, uint64_t *gap)
{
	const char *x = a->rest - 8, *y = b->rest - 8;
	uint32_t x_size = a->rest_size + 8, y_size = b->rest_size + 8;
	uint32_t at = sort_gap_find(cut, x, x_size, y, y_size, from);

	*gap = SORT_GAP_EQUAL;
	if (at == UINT32_MAX)
		return 0;
	uint8_t x_byte = at < x_size ? (uint8_t)x[at] : cut->pad;
	uint8_t y_byte = at < y_size ? (uint8_t)y[at] : cut->pad;
	*gap = x_byte < y_byte ? sort_gap_at(cut, y, y_size, at) :
	    sort_gap_at(cut, x, x_size, at);
	return x_byte < y_byte ? -1 : 1;
}
