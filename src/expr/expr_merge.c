/*
 * Splitting rows by the types of arguments, and putting results together again.
 *
 * A kernel takes columns of one type.  Where an argument is MIXED its rows are
 * grouped by the combination of types they have, each group is gathered and
 * computed, and the results go back to their rows:
 *
 *	row   a     b      code        split 0: rows 0 2     int int
 *	 0   int   int    int int      split 1: row 1        text int
 *	 1   text  int    text int
 *	 2   int   int    int int      merge: 0 <- s0[0], 1 <- s1[0], 2 <- s0[1]
 *
 * The same merge serves case, ?? and and/or, whose branches run over the rows
 * that need them.  If all parts have one type the result has it, else it is
 * MIXED.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/mem.h"

_Static_assert(TYPE_MIXED <= 16, "a tag fits four bits of a split's code");

void
merge_add(struct merge *merge, const struct column *dense, const uint16_t *at,
	uint32_t count)
{
	if (count == 0)
		return;
	if (merge->part_count == merge->part_capacity) {
		unsigned capacity = merge->part_capacity * 2 + 4;
		struct merge_part *part = region_alloc(merge->region,
		    capacity * sizeof(*part));
		if (merge->part_count > 0) {
			memcpy(part, merge->part,
			    merge->part_count * sizeof(*part));
		}
		merge->part = part;
		merge->part_capacity = capacity;
	}
	merge->part[merge->part_count++] = (struct merge_part){
		.column = *dense,
		.at = at,
		.count = count,
	};
}

/* The type that all parts have; MIXED if they differ. */
static enum type
merge_type(const struct merge *merge)
{
	enum type type = TYPE_NULL;

	for (unsigned i = 0; i < merge->part_count; i++) {
		enum type other = merge->part[i].column.type;
		if (other == TYPE_NULL || other == type)
			continue;
		if (type != TYPE_NULL)
			return TYPE_MIXED;
		type = other;
	}
	return type;
}

/* Cells of one width to their rows.  CONST parts have a step of 0. */
static void
part_scatter(const struct merge_part *part, unsigned width, void *data)
{
	size_t step = part->column.encoding == CONST ? 0 : 1;

	if (width == 1) {
		const uint8_t *source = part->column.data;
		uint8_t *target = data;
		for (uint32_t i = 0; i < part->count; i++)
			target[part->at[i]] = source[i * step];
	} else if (width == 8) {
		const uint64_t *source = part->column.data;
		uint64_t *target = data;
		for (uint32_t i = 0; i < part->count; i++)
			target[part->at[i]] = source[i * step];
	} else {
		const union cell *source = part->column.data;
		union cell *target = data;
		for (uint32_t i = 0; i < part->count; i++)
			target[part->at[i]] = source[i * step];
	}
}

/* Cells of a typed part widened to union cells, with their tags. */
static void
part_scatter_mixed(const struct merge_part *part, union cell *target,
	uint8_t *tags)
{
	const struct column *column = &part->column;
	size_t step = column->encoding == CONST ? 0 : 1;
	unsigned width = type_width(column->type);

	for (uint32_t i = 0; i < part->count; i++) {
		uint32_t row = part->at[i];
		memset(&target[row], 0, sizeof(target[row]));
		memcpy(&target[row], (const char *)column->data +
		    i * step * width, width);
		tags[row] = (uint8_t)column_row_type(column, i);
	}
}

/* Set the rows of the part that are there. */
static void
part_validate(const struct merge_part *part, uint64_t *valid)
{
	const struct column *column = &part->column;

	if (column->type == TYPE_NULL)
		return;
	for (uint32_t i = 0; i < part->count; i++) {
		if (column->type == TYPE_MIXED ?
		    column_row_type(column, i) != TYPE_NULL :
		    column_row_is_valid(column, i))
			bits_set(valid, part->at[i]);
	}
}

/* Do the parts leave a row out, or have they nulls? */
static int
merge_has_nulls(const struct merge *merge)
{
	uint32_t covered = 0;

	for (unsigned i = 0; i < merge->part_count; i++) {
		const struct merge_part *part = &merge->part[i];
		covered += part->count;
		if (part->column.type == TYPE_NULL ||
		    part->column.type == TYPE_MIXED ||
		    part->column.valid != NULL)
			return 1;
	}
	return covered < merge->rows;
}

void
merge_finish(struct merge *merge, struct column *out)
{
	enum type type = merge_type(merge);
	int nulls = merge_has_nulls(merge);

	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	/* One part of all rows: they are in order, so it is the result. */
	if (merge->part_count == 1 && merge->part[0].count == merge->rows) {
		*out = merge->part[0].column;
		return;
	}
	column_init_flat(out, type, merge->rows, merge->region);
	unsigned width = type_width(type);
	if (nulls) {
		column_need_valid(out, merge->rows, merge->region);
		memset(out->valid, 0, (merge->rows + 63) / 64 * 8);
		memset(out->data, 0, (size_t)merge->rows * width);
		if (type == TYPE_MIXED)
			memset(out->tags, TYPE_NULL, merge->rows);
	}
	for (unsigned i = 0; i < merge->part_count; i++) {
		const struct merge_part *part = &merge->part[i];
		if (part->column.type == TYPE_NULL)
			continue;
		if (type == TYPE_MIXED)
			part_scatter_mixed(part, out->data, out->tags);
		else
			part_scatter(part, width, out->data);
		if (nulls)
			part_validate(part, out->valid);
	}
}

/* The code of every row: four bits an argument. */
static uint64_t *
split_codes(const struct column *arg, unsigned arg_count, uint32_t count,
	struct region *region)
{
	uint64_t *code = region_alloc_zero(region, count * sizeof(*code));

	for (unsigned a = 0; a < arg_count; a++) {
		/* Nulls of an argument of one type stay in its validity. */
		uint64_t type = (uint64_t)arg[a].type << (4 * a);
		if (arg[a].type != TYPE_MIXED) {
			for (uint32_t i = 0; i < count; i++)
				code[i] |= type;
			continue;
		}
		for (uint32_t i = 0; i < count; i++) {
			type = (uint64_t)column_row_type(&arg[a], i);
			code[i] |= type << (4 * a);
		}
	}
	return code;
}

/* Take the rows with the code of rest[0] out of rest; returns what is left. */
static uint32_t
split_take_first(const uint64_t *code, uint16_t *rest, uint32_t rest_count,
	uint16_t *at, uint32_t *at_count)
{
	uint64_t first = code[rest[0]];
	uint32_t left = 0, taken = 0;

	for (uint32_t i = 0; i < rest_count; i++) {
		uint16_t row = rest[i];
		int same = code[row] == first;
		at[taken] = row;
		rest[left] = row;
		taken += (uint32_t)same;
		left += (uint32_t)!same;
	}
	*at_count = taken;
	return left;
}

/* Runs of rows with one code, in order. */
static struct split *
split_runs(const uint64_t *code, uint32_t count, struct region *region,
	unsigned *split_count)
{
	struct split *split = region_alloc(region, count * sizeof(*split));
	unsigned n = 0;

	for (uint32_t start = 0, end; start < count; start = end) {
		for (end = start + 1; end < count; end++) {
			if (code[end] != code[start])
				break;
		}
		split[n++] = (struct split){ code[start], rows_all() + start,
		    end - start };
	}
	*split_count = n;
	return split;
}

struct split *
split_make(const struct column *arg, unsigned arg_count, uint32_t count,
	int ordered, struct region *region, unsigned *split_count)
{
	const uint64_t *code = split_codes(arg, arg_count, count, region);

	if (ordered)
		return split_runs(code, count, region, split_count);
	uint16_t *rest = region_copy(region, rows_all(), count * sizeof(*rest));
	/* One list serves all: each split goes behind the one before. */
	uint16_t *at = region_alloc(region, (count + 1) * sizeof(*at));
	uint32_t left = count, capacity = 0;
	struct split *split = NULL;
	unsigned n = 0;
	while (left > 0) {
		if (n == capacity) {
			capacity = capacity * 2 + 8;
			struct split *more = region_alloc(region,
			    capacity * sizeof(*more));
			if (n > 0)
				memcpy(more, split, n * sizeof(*more));
			split = more;
		}
		split[n].code = code[rest[0]];
		split[n].at = at;
		left = split_take_first(code, rest, left, at, &split[n].count);
		at += split[n++].count;
	}
	*split_count = n;
	return split;
}

void
split_take(const struct split *split, const struct column *arg,
	unsigned arg_count, struct region *region, struct column *out)
{
	for (unsigned a = 0; a < arg_count; a++) {
		if (arg[a].type == TYPE_MIXED) {
			column_take_type(&arg[a], split_type(split, a),
			    split->at, split->count, region, &out[a]);
		} else if (arg[a].encoding == CONST) {
			out[a] = arg[a];
		} else {
			column_gather(&arg[a], split->at, split->count, region,
			    &out[a]);
		}
	}
}
