/*
 * not x, x is null.  What must not evaluate both sides (and, or, ??, case) is
 * the evaluator's.
 */
#include "func/func.h"

#include <string.h>

#include "util/mem.h"

/* bool in, bool out; unknown may be undeclared text that says true or false. */
static enum type
bool_type(const enum type *arg, unsigned count)
{
	(void)count;
	if (arg[0] == TYPE_BOOL || arg[0] == TYPE_NULL ||
	    arg[0] == TYPE_ANY || arg[0] == TYPE_MIXED || type_is_raw(arg[0]))
		return TYPE_BOOL;
	return TYPE_ERROR;
}

static int
not_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg_count;
	if (arg[0].type != TYPE_BOOL)
		return -1;
	uint32_t rows = arg[0].encoding == CONST ? 1 : count;
	column_init_flat(out, TYPE_BOOL, rows, call->region);
	out->encoding = arg[0].encoding;
	const uint8_t *restrict source = arg[0].data;
	uint8_t *restrict target = out->data;
	for (uint32_t i = 0; i < rows; i++)
		target[i] = source[i] ^ 1;
	return 0;
}

const struct func_def func_not = {
	.name = "not",
	.group = "logic",
	.signature = "not x",
	.summary = "true if x is false",
	.example = "not (1 == 2)",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_HIDDEN | FUNC_TOTAL,
	.want = { FUNC_BOOL, FUNC_BOOL, FUNC_BOOL, FUNC_BOOL },
	.type = bool_type,
	.eval = not_eval,
};

static enum type
is_null_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_BOOL;
}

static int
is_null_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	int all_null = arg[0].type == TYPE_NULL || arg[0].type == TYPE_MISSING;

	if (all_null || arg[0].encoding == CONST || arg[0].valid == NULL) {
		struct value value = { .type = TYPE_BOOL };
		value.cell.boolean = all_null || !column_row_is_valid(arg, 0);
		column_init_const(out, &value, call->region);
		return 0;
	}
	column_init_flat(out, TYPE_BOOL, count, call->region);
	uint8_t *restrict target = out->data;
	const uint64_t *restrict valid = arg[0].valid;
	for (uint32_t i = 0; i < count; i++)
		target[i] = ~(valid[i >> 6] >> (i & 63)) & 1;
	return 0;
}

const struct func_def func_is_null = {
	.name = "is_null",
	.group = "logic",
	.signature = "x is null",
	.summary = "true if there is no value",
	.example = "null is null",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_HIDDEN | FUNC_TOTAL | FUNC_NULLS,
	.want = { FUNC_ANY, FUNC_ANY, FUNC_ANY, FUNC_ANY },
	.type = is_null_type,
	.eval = is_null_eval,
};
