#ifndef SFLOW_TESTS_RANDOM_EXPR_H
#define SFLOW_TESTS_RANDOM_EXPR_H

/*
 * Random batches and random expressions over their fields, from a seed.
 */
#include <stdlib.h>

#include "data/batch.h"
#include "expr/expr.h"
#include "func/func.h"
#include "random_column.h"
#include "util/err.h"

#define RANDOM_FIELDS 5

static const char *const random_names[RANDOM_FIELDS + 1] = { "a", "b", "c",
	"d", "e", "gone" };

/* Does the row look like an int (1), a float (2), neither (0)? */
static inline int
number_look(const struct column *column, uint32_t row, struct region *region)
{
	struct value value = column_value(column, row, region);
	struct value settled = value_settle(&value);

	return settled.type == TYPE_INT ? 1 : settled.type == TYPE_FLOAT ? 2 :
	    0;
}

/*
 * Undeclared ints beside undeclared floats are read as floats where a whole
 * batch is of numbers, so their type depends on their neighbours: here a column
 * has only the one or the other.  Rows of the other kind become null.
 */
static inline void
one_kind_of_number(uint64_t *seed, uint32_t rows, struct region *region,
	struct column *column)
{
	int keep = 1 + (int)random_next(seed, 2);
	int seen = 0;

	if (!type_is_raw(column->type))
		return;
	for (uint32_t i = 0; i < rows; i++)
		seen |= number_look(column, i, region);
	if (seen != 3)
		return;
	if (column->encoding == SLICE) {
		struct column slice = *column;
		column_copy(&slice, NULL, rows, region, column);
	}
	for (uint32_t i = 0; i < rows; i++) {
		int look = number_look(column, i, region);
		if (look == 0 || look == keep)
			continue;
		column_need_valid(column, rows, region);
		column->valid[i >> 6] &= ~((uint64_t)1 << (i & 63));
		memset((struct text *)column->data + i, 0,
		    sizeof(struct text));
	}
}

/* A batch of random columns a..e; one of its regions is *region. */
static inline struct batch *
random_batch(uint64_t *seed, uint32_t rows, struct region **region)
{
	struct schema *schema = schema_new();

	for (int i = 0; i < RANDOM_FIELDS; i++)
		schema_add(schema, random_names[i], 1, TYPE_ANY);
	struct batch *batch = batch_new(schema, rows);
	schema_drop(&schema);
	*region = batch_region(batch);
	for (int i = 0; i < RANDOM_FIELDS; i++) {
		random_column(seed, rows, *region, &batch->column[i]);
		one_kind_of_number(seed, rows, *region, &batch->column[i]);
	}
	return batch;
}

/* Row `row` as a batch of its own, with flat columns. */
static inline struct batch *
one_row(const struct batch *source, uint16_t row)
{
	struct batch *batch = batch_new(source->schema, 1);
	struct region *region = batch_region(batch);

	for (int i = 0; i < RANDOM_FIELDS; i++) {
		column_copy(&source->column[i], &row, 1, region,
		    &batch->column[i]);
	}
	return batch;
}

static inline struct expr *
text_const(const char *text)
{
	struct value value = { .type = TYPE_TEXT };

	value.cell.text = text_make(text, strlen(text));
	return expr_const(&value);
}

/* name(arg...); NULL and freed arguments if they do not go. */
static inline struct expr *
call(const char *name, struct expr **arg, unsigned count)
{
	const struct func_def *def = func_find(name, strlen(name));
	struct err err = ERR_INIT;

	return expr_call(def, arg, count, NULL, &err);
}

static inline struct expr *random_expr(uint64_t *seed, int depth);

static inline struct expr *
random_const(uint64_t *seed)
{
	enum type type = (enum type)random_next(seed, TYPE_RAW);
	struct value value;

	if (random_next(seed, 3) == 0)
		type = random_next(seed, 2) ? TYPE_INT : TYPE_TEXT;
	value = random_value(seed, type == TYPE_MISSING ? TYPE_INT : type);
	return expr_const(&value);
}

static inline struct expr *
random_leaf(uint64_t *seed)
{
	if (random_next(seed, 5) < 2)
		return random_const(seed);
	const char *name = random_names[random_next(seed, 20) == 0 ?
	    RANDOM_FIELDS : random_next(seed, RANDOM_FIELDS)];
	return expr_field(name, strlen(name), TYPE_ANY);
}

static inline struct expr *
random_call(uint64_t *seed, int depth)
{
	static const char *const two[] = { "add", "sub", "mul", "div",
		"int_div", "mod", "eq", "ne", "lt", "le", "gt", "ge" };
	static const char *const formats[] = { "", ".1", "05", ">12", "x^9",
		"%H:%M", ",", "+.2f", "s", "d", ".2s", "x" };
	static const char *const regexes[] = { "1", "^text", "e.*t", "\\d+$",
		"(a|b)+", "\xc3\xa4", "more" };
	static const char *const lists[] = { "[1,2,42,1.5]",
		"[\"a\",\"ab\",\"12\",\"1\"]", "[1,null,\"text \",true]", "[]",
		"[@1970-01-01T12:00:00Z,0.1,\"text and\"]" };
	struct expr *arg[3] = { random_expr(seed, depth - 1) };
	struct value value = { .type = TYPE_LIST };

	switch (random_next(seed, 9)) {
	case 0:
		return call("not", arg, 1);
	case 1:
		return call("neg", arg, 1);
	case 2:
		return call("is_null", arg, 1);
	case 3:
		arg[1] = random_leaf(seed);
		arg[2] = random_leaf(seed);
		return call("between", arg, 3);
	case 4: {
		const char *list = RANDOM_PICK(seed, lists);
		value.cell.text = text_make(list, strlen(list));
		arg[1] = expr_const(&value);
		return call("in_list", arg, 2);
	}
	case 5:
		arg[1] = text_const(RANDOM_PICK(seed, regexes));
		return call(random_next(seed, 2) ? "match" : "not_match", arg,
		    2);
	case 6:
		if (random_next(seed, 2)) {
			arg[1] = text_const(RANDOM_PICK(seed, formats));
			return call("format_hole", arg, 2);
		}
		arg[1] = random_leaf(seed);
		arg[2] = text_const("-");
		return call("concat", arg, 3);
	default:
		arg[1] = random_expr(seed, depth - 1);
		return call(RANDOM_PICK(seed, two), arg, 2);
	}
}

static inline struct expr *
random_special(uint64_t *seed, int depth)
{
	static const char *const keys[2] = { "x", "a \"key\" that is longer" };
	struct expr *child[5];
	unsigned count;

	switch (random_next(seed, 9)) {
	case 0:
		return expr_and(random_expr(seed, depth - 1),
		    random_expr(seed, depth - 1));
	case 1:
		return expr_or(random_expr(seed, depth - 1),
		    random_expr(seed, depth - 1));
	case 2:
	case 3:
		count = 2 + random_next(seed, 4);
		for (unsigned i = 0; i < count; i++)
			child[i] = random_expr(seed, depth - 1);
		return expr_case(child, count);
	case 4:
		return expr_coalesce(random_expr(seed, depth - 1),
		    random_expr(seed, depth - 1));
	case 5:
		return expr_try(random_expr(seed, depth - 1));
	case 6:
		return expr_member(random_expr(seed, depth - 1), "a", 1);
	case 7:
		return expr_index(random_expr(seed, depth - 1),
		    random_leaf(seed));
	default:
		child[0] = random_expr(seed, depth - 1);
		child[1] = random_leaf(seed);
		if (random_next(seed, 2))
			return expr_list(child, 2);
		return expr_record(keys, child, 2);
	}
}

/* Calls that cannot be are replaced by a leaf. */
static inline struct expr *
random_expr(uint64_t *seed, int depth)
{
	struct expr *expr = NULL;

	if (depth > 0 && random_next(seed, 10) < 6)
		expr = random_call(seed, depth);
	else if (depth > 0 && random_next(seed, 2))
		expr = random_special(seed, depth);
	return expr != NULL ? expr : random_leaf(seed);
}

#endif
