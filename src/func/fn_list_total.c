/*
 * One value of a whole list: its sum, mean, least and greatest element.  Nulls
 * do not count; of nothing the result is null, as of aggregates.
 */
#include "func/kernel.h"
#include "func/nested.h"

FUNC_TYPE(any_of_list, TYPE_ANY, "l")
FUNC_TYPE(float_of_list, TYPE_FLOAT, "l")

/* Numbers added up: ints exactly, until a float or decimal is among them. */
struct total {
	uint64_t count;
	int64_t words;
	double number;
	int is_float;
	int overflow;
};

/* -1: the element is no number. */
static int
total_add(struct total *total, const struct value *value)
{
	if (value->type == TYPE_INT) {
		total->overflow |= __builtin_add_overflow(total->words,
		    value->cell.integer, &total->words);
		total->number += (double)value->cell.integer;
	} else if (value->type == TYPE_FLOAT) {
		total->number += value->cell.number;
		total->is_float = 1;
	} else {
		return -1;
	}
	total->count++;
	return 0;
}

/* Add up row i's list; -1 with the row rejected. */
static int
total_row(struct func_call *call, uint32_t i, const struct text *list,
	struct total *total)
{
	struct json_walk walk;
	struct json_member member;
	char quote[KERNEL_QUOTE_MAX];

	*total = (struct total){ 0 };
	nested_walk(&walk, text_bytes(list), list->size);
	while (json_walk_next(&walk, &member)) {
		struct value value = json_value(member.bytes, member.size,
		    call->region);
		if (value.type == TYPE_NULL || total_add(total, &value) == 0)
			continue;
		func_reject(call, i, "the element %s is no number",
		    kernel_quote(text_make(member.bytes, member.size), quote));
		return -1;
	}
	return 0;
}

static int
list_sum_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct builder builder = { 0 };
	struct total total;

	if (kernel_take(call, "l", arg, arg_count, count, in) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		if (total_row(call, i, &list, &total) != 0 ||
		    total.count == 0) {
			builder_add_null(&builder);
		} else if (total.is_float) {
			builder_add_float(&builder, total.number);
		} else {
			builder_add_int(&builder, TYPE_INT, total.words);
			if (total.overflow)
				func_reject(call, i, "the sum of the list is "
				    "too large for an int");
		}
	}
	kernel_finish(call, &builder, out);
	return 0;
}

const struct func_def func_list_sum = {
	.name = "list_sum",
	.group = "list",
	.signature = "list_sum(list)",
	.summary = "the sum of the elements",
	.example = "list_sum([1, 2, null, 3])",
	.result = "6",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = any_of_list,
	.eval = list_sum_eval,
};

static int
list_avg_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct total total;

	if (kernel_take(call, "l", arg, arg_count, count, in) != 0)
		return -1;
	double *target = kernel_out(call, TYPE_FLOAT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		target[i] = 0;
		if (total_row(call, i, &list, &total) != 0)
			continue;
		if (total.count == 0)
			kernel_null(call, i, count, out);
		else
			target[i] = total.number / (double)total.count;
	}
	return 0;
}

const struct func_def func_list_avg = {
	.name = "list_avg",
	.group = "list",
	.signature = "list_avg(list)",
	.summary = "the mean of the elements",
	.example = "list_avg([1, 2, 6])",
	.result = "3",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = float_of_list,
	.eval = list_avg_eval,
};

static int
extreme_eval(struct func_call *call, const struct column *arg, uint32_t count,
	int greatest, struct column *out)
{
	struct column in[1];
	struct builder builder = { 0 };

	if (kernel_take(call, "l", arg, 1, count, in) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		struct value best = { .type = TYPE_NULL };
		struct json_walk walk;
		struct json_member member;
		nested_walk(&walk, text_bytes(&list), list.size);
		while (json_walk_next(&walk, &member)) {
			struct value value = json_value(member.bytes,
			    member.size, call->region);
			int order = value_compare(&value, &best);
			if (value.type != TYPE_NULL &&
			    (best.type == TYPE_NULL ||
			    (greatest ? order > 0 : order < 0)))
				best = value;
		}
		builder_add(&builder, &best);
	}
	kernel_finish(call, &builder, out);
	return 0;
}

static int
list_min_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return extreme_eval(call, arg, count, 0, out);
}

const struct func_def func_list_min = {
	.name = "list_min",
	.group = "list",
	.signature = "list_min(list)",
	.summary = "the least element",
	.example = "list_min([3, 1, 2])",
	.result = "1",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = any_of_list,
	.eval = list_min_eval,
};

static int
list_max_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return extreme_eval(call, arg, count, 1, out);
}

const struct func_def func_list_max = {
	.name = "list_max",
	.group = "list",
	.signature = "list_max(list)",
	.summary = "the greatest element",
	.example = "list_max([3, 1, 2])",
	.result = "3",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = any_of_list,
	.eval = list_max_eval,
};
