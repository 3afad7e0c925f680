/*
 * Questions and choices about one value: is it a number, is it empty.  What
 * must not evaluate all its arguments (if, case, ??, try) is the evaluator's.
 */
#include "func/kernel.h"

#include "data/number.h"
#include "util/bits.h"

FUNC_TYPE(bool_of_any, TYPE_BOOL, "*")

static int
is_number_text(const struct text *text)
{
	int64_t integer;
	double number;

	return number_parse(text_bytes(text), text->size, &integer,
	    &number) != NUMBER_NOT;
}

/* Undeclared text is a number if it looks like one, else a text. */
static int
kind_eval(struct func_call *call, const struct column *arg, uint32_t count,
	int want_number, struct column *out)
{
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	int always = want_number ? type_is_number((enum type)arg->type) :
	    arg->type == TYPE_TEXT;

	for (uint32_t i = 0; i < count; i++) {
		target[i] = (uint8_t)always;
		if (!arg_is_there(arg, i)) {
			target[i] = 0;
		} else if (arg->type == TYPE_RAW) {
			struct text text = arg_text(arg, i);
			target[i] = is_number_text(&text) == want_number;
		}
	}
	return 0;
}

static int
is_number_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return kind_eval(call, arg, count, 1, out);
}

const struct func_def func_is_number = {
	.name = "is_number",
	.group = "logic",
	.signature = "is_number(x)",
	.summary = "true for numbers, and undeclared text that looks like one",
	.example = "is_number(1.5)",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_of_any,
	.eval = is_number_eval,
};

static int
is_text_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return kind_eval(call, arg, count, 0, out);
}

const struct func_def func_is_text = {
	.name = "is_text",
	.group = "logic",
	.signature = "is_text(x)",
	.summary = "true for text, but not undeclared text that looks like a "
	    "number",
	.example = "is_text(\"a\")",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_of_any,
	.eval = is_text_eval,
};

/* Null, or a text without a byte, or a list or record without a member. */
static int
is_empty_row(const struct column *arg, uint32_t i)
{
	if (!arg_is_there(arg, i))
		return 1;
	if (!type_is_textual((enum type)arg->type))
		return 0;
	return arg_text(arg, i).size <= (arg_is_nested(arg) ? 2u : 0u);
}

static int
is_empty_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);

	(void)arg_count;
	for (uint32_t i = 0; i < count; i++)
		target[i] = (uint8_t)is_empty_row(arg, i);
	return 0;
}

const struct func_def func_is_empty = {
	.name = "is_empty",
	.group = "logic",
	.signature = "is_empty(x)",
	.summary = "true for null, \"\", [] and {}",
	.example = "is_empty(\"\")",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_of_any,
	.eval = is_empty_eval,
};

/* The type of two choices: theirs if they agree. */
static enum type
choice_type(const enum type *arg, unsigned count)
{
	(void)count;
	if (arg[0] == TYPE_NULL)
		return arg[1];
	return arg[0] == arg[1] && !type_is_raw(arg[0]) ? arg[0] : TYPE_ANY;
}

static int
if_empty_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct builder builder = { 0 };
	int any = 0;

	(void)arg_count;
	for (uint32_t i = 0; i < count && !any; i++)
		any = is_empty_row(&arg[0], i);
	if (!any) {
		*out = arg[0];
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct column *from = &arg[is_empty_row(&arg[0], i)];
		struct value value = { .type = TYPE_NULL };
		if (arg_is_there(from, i))
			value = column_value(from, i, call->region);
		builder_add(&builder, &value);
	}
	kernel_finish(call, &builder, out);
	return 0;
}

const struct func_def func_if_empty = {
	.name = "if_empty",
	.group = "logic",
	.signature = "if_empty(x, y)",
	.summary = "x, or y if x is null, \"\", [] or {}",
	.example = "if_empty(\"\", \"none\")",
	.result = "none",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = choice_type,
	.eval = if_empty_eval,
};

static int
nullif_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	uint64_t *valid = NULL;

	(void)arg_count;
	kernel_flatten(call, &arg[0], count, out);
	for (uint32_t i = 0; i < count; i++) {
		if (!arg_is_there(&arg[0], i) || !arg_is_there(&arg[1], i))
			continue;
		struct value a = column_value(&arg[0], i, call->region);
		struct value b = column_value(&arg[1], i, call->region);
		if (!value_equal(&a, &b))
			continue;
		if (valid == NULL) {
			/* The column's own bits are the argument's. */
			size_t words = (count + 63) / 64;
			valid = region_alloc(call->region, words * 8);
			if (out->valid == NULL)
				memset(valid, 0xff, words * 8);
			else
				memcpy(valid, out->valid, words * 8);
			out->valid = valid;
		}
		bits_clear(valid, i);
	}
	return 0;
}

static enum type
nullif_type(const enum type *arg, unsigned count)
{
	(void)count;
	return type_is_raw(arg[0]) ? TYPE_ANY : arg[0];
}

const struct func_def func_nullif = {
	.name = "nullif",
	.group = "logic",
	.signature = "nullif(x, y)",
	.summary = "x, or null if it equals y",
	.example = "nullif(\"-\", \"-\")",
	.result = "",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = nullif_type,
	.eval = nullif_eval,
};
