/*
 * Small turns of dense columns that the evaluator needs between kernels.
 *
 * One promise runs through the evaluator: the cell of a row that is null holds
 * a harmless value of the column's type (zero, the empty text), so kernels run
 * over nulls without looking, and what they compute there is masked after.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/bits.h"
#include "util/mem.h"

/* Filled before main, then constant. */
static uint16_t identity[BATCH_ROWS_MAX];

__attribute__((constructor)) static void
identity_init(void)
{
	for (unsigned i = 0; i < BATCH_ROWS_MAX; i++)
		identity[i] = (uint16_t)i;
}

const uint16_t *
rows_all(void)
{
	return identity;
}

const uint16_t *
rows_compose(const uint16_t *sel, const uint16_t *at, uint32_t count,
	struct region *region)
{
	if (sel == NULL)
		return at;
	uint16_t *rows = region_alloc(region, count * sizeof(*rows));
	for (uint32_t i = 0; i < count; i++)
		rows[i] = sel[at[i]];
	return rows;
}

enum type
column_row_type(const struct column *column, uint32_t row)
{
	enum type type = column->type;

	if (type == TYPE_NULL || !column_row_is_valid(column, row))
		return TYPE_NULL;
	if (type == TYPE_MIXED)
		type = column->tags[column->encoding == CONST ? 0 : row];
	return type == TYPE_MISSING ? TYPE_NULL : type;
}

void
column_take_type(const struct column *column, enum type type,
	const uint16_t *at, uint32_t count, struct region *region,
	struct column *out)
{
	const union cell *source = column->data;

	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	column_init_flat(out, type, count, region);
	switch (type_width(type)) {
	case 1: {
		uint8_t *target = out->data;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[at[i]].boolean;
		break;
	}
	case 8: {
		int64_t *target = out->data;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[at[i]].integer;
		break;
	}
	default: {
		struct text *target = out->data;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[at[i]].text;
	}
	}
}

void
column_spread(struct column *column, uint32_t count, struct region *region)
{
	if (column->encoding != CONST || column->type == TYPE_NULL)
		return;
	struct column flat;
	unsigned width = type_width(column->type);
	column_init_flat(&flat, column->type, count, region);
	char *target = flat.data;
	for (uint32_t i = 0; i < count; i++)
		memcpy(target + (size_t)i * width, column->data, width);
	if (column->type == TYPE_MIXED)
		memset(flat.tags, column->tags[0], count);
	if (!column_row_is_valid(column, 0)) {
		column_need_valid(&flat, count, region);
		memset(flat.valid, 0, (count + 63) / 64 * sizeof(uint64_t));
	}
	*column = flat;
}

/* The one type of all values that are not null; MIXED if they differ, or if one
 * is missing, which only a tag can tell. */
static enum type
values_type(const struct value *value, uint32_t count)
{
	enum type type = TYPE_NULL;

	for (uint32_t i = 0; i < count; i++) {
		if (value[i].type == TYPE_NULL || value[i].type == type)
			continue;
		if (type != TYPE_NULL || value[i].type == TYPE_MISSING)
			return TYPE_MIXED;
		type = value[i].type;
	}
	return type;
}

void
column_from_values(const struct value *value, uint32_t count,
	struct region *region, struct column *out)
{
	enum type type = values_type(value, count);

	if (type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	column_init_flat(out, type, count, region);
	unsigned width = type_width(type);
	char *target = out->data;
	for (uint32_t i = 0; i < count; i++) {
		if (type == TYPE_MIXED)
			out->tags[i] = (uint8_t)value[i].type;
		if (value[i].type <= TYPE_MISSING) {
			column_need_valid(out, count, region);
			bits_clear(out->valid, i);
			memset(target + (size_t)i * width, 0, width);
		} else {
			memcpy(target + (size_t)i * width, &value[i].cell,
			    width);
		}
	}
}

void
column_own_valid(struct column *column, uint32_t count, struct region *region)
{
	const uint64_t *old = column->valid;

	column->valid = NULL;
	column_need_valid(column, count, region);
	if (old != NULL) {
		memcpy(column->valid, old,
		    (count + 63) / 64 * sizeof(*old));
	}
}

void
column_reject_rows(struct column *column, const struct rejects *rejects,
	const uint16_t *sel, uint32_t count, struct region *region)
{
	int own = 0;

	if (rejects->count == 0 || column->type == TYPE_NULL)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (!rejects_has(rejects, sel == NULL ? i : sel[i]))
			continue;
		if (!own) {
			column_spread(column, count, region);
			column_own_valid(column, count, region);
			own = 1;
		}
		bits_clear(column->valid, i);
	}
}
