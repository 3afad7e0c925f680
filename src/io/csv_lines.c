/*
 * Lines that are indexed together with the places of a byte that matters inside
 * of them, as quotes do in logs: the reader behind has no need to look for them
 * once more.
 *
 *	index [.] " " " \n  " " " \n  " \n ...
 *	          line 0    line 1    line 2
 *
 * When every line has as many of them as most have, lines lie a fixed number of
 * entries apart and the column is a view of the index; else their ends go to a
 * table.  What is longer than a record may be is left to csv_section.c, which
 * judges it among its own kind.
 */
#include <string.h>

#include "io/csv_priv.h"
#include "util/mem.h"

/* Do lines end `stride` entries apart, and where does the longest? */
static int
lines_are_regular(const struct csv_reader *r, struct csv_section *s,
	uint32_t stride, uint32_t *longest)
{
	const uint32_t *end = s->index + stride - 1;
	uint32_t rows = s->scan.newline_count;
	uint32_t last = s->index[-1];
	int differs = 0, cr = 0;

	if ((uint64_t)rows * stride != s->entry_count)
		return 0;
	if (rows > batch_rows_target())
		rows = batch_rows_target();
	*longest = 0;
	for (uint32_t i = 0; i < rows; i++, end += stride) {
		differs |= r->base[*end] ^ '\n';
		cr |= r->base[*end - 1] == '\r';
		*longest = *end - last > *longest ? *end - last : *longest;
		last = *end;
	}
	s->row_count = rows;
	s->entry_count = differs ? s->entry_count : rows * stride;
	s->ends_with_cr = cr;
	return !differs;
}

/* Where lines begin and end, each for itself. */
static void
lines_walk(const struct csv_reader *r, struct csv_section *s,
	struct region *region, struct column *view, uint32_t *longest)
{
	uint32_t *from = region_alloc(region, (s->row_count + 1) *
	    sizeof(*from));

	*longest = 0;
	s->ends_with_cr = 0;
	from[0] = s->index[-1];
	for (uint32_t i = 0; i < s->row_count; i++) {
		uint32_t end = s->index[s->row_first[i + 1] - 1];
		s->ends_with_cr |= r->base[end - 1] == '\r';
		*longest = end - from[i] > *longest ? end - from[i] : *longest;
		from[i + 1] = end;
	}
	view->from = from;
	view->to = from + 1;
	view->stride = 1;
}

struct batch *
csv_batch_of_lines(struct csv_reader *r, struct csv_section *s)
{
	uint32_t stride = r->set.mark_count + 1;
	struct column view = {
		.type = (uint8_t)r->set.type, .encoding = SLICE,
		.delimiter = (uint8_t)r->set.dialect.delimiter,
		.stride = stride, .from_add = 1, .base = r->base,
		.from = s->index - 1, .to = s->index + stride - 1,
	};
	struct region *region = region_new();
	struct batch *batch = NULL;
	uint32_t longest;

	if (!lines_are_regular(r, s, stride, &longest)) {
		csv_section_walk(r, s);
		lines_walk(r, s, region, &view, &longest);
	}
	if (s->row_count > 0 && longest <= r->set.record_max) {
		batch = csv_batch_start(r, s, s->row_count, 1);
		batch_take_region(batch, region_hold(region));
		view.trim_cr = s->ends_with_cr != 0;
		batch->column[0] = view;
		batch->record = view;
		batch->has_record = 1;
		memset(s->index + s->entry_count, 0xff,
		    CSV_MARKS_BEHIND * sizeof(*s->index));
		r->marks = s->index;
	}
	region_drop(&region);
	return batch;
}
