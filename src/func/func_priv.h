#ifndef SFLOW_FUNC_FUNC_PRIV_H
#define SFLOW_FUNC_FUNC_PRIV_H

/* What the kernels of operators share; never included from outside. */

#include <string.h>

#include "func/func.h"
#include "util/mem.h"

/* gcc makes vectors of loops of unknown length at -O3 only; clang at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#define KERNEL_LOOPS __attribute__((optimize("O3")))
#else
#define KERNEL_LOOPS
#endif

/* Is nothing known, or nothing before the rows come? */
static inline int
type_is_open(enum type type)
{
	return type == TYPE_ANY || type == TYPE_MIXED || type <= TYPE_MISSING ||
	    type_is_raw(type);
}

/* The element of a FLAT or CONST column of words, doubles, texts. */
static inline int64_t
column_word(const struct column *column, uint32_t row)
{
	return ((const int64_t *)column->data)[row & column_mask(column)];
}

static inline const struct text *
column_text(const struct column *column, uint32_t row)
{
	return (const struct text *)column->data + (row & column_mask(column));
}

/* The value of a row that is there; text is a view of the column's. */
static inline struct value
column_cell(const struct column *column, uint32_t row)
{
	struct value value = { .type = (enum type)column->type };

	row &= column_mask(column);
	if (type_is_word(value.type) || value.type == TYPE_FLOAT)
		value.cell.integer = ((const int64_t *)column->data)[row];
	else if (value.type == TYPE_BOOL)
		value.cell.boolean = ((const uint8_t *)column->data)[row];
	else
		value.cell = ((const union cell *)column->data)[row];
	return value;
}

static inline int
column_is_live(const struct func_call *call, uint32_t row)
{
	return call->live == NULL || (call->live[row >> 6] >> (row & 63) & 1);
}

#endif
