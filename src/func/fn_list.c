/*
 * Lists made: ranges, elements added, lists joined, flattened, sorted and
 * without doubles.  Elements keep their bytes; only what compares them reads
 * them as values.
 */
#include "func/kernel.h"
#include "func/nested.h"

#include <stdlib.h>

#include "data/number.h"
#include "util/buf.h"

FUNC_TYPE(list_of_ints, TYPE_LIST, "i")
FUNC_TYPE(list_of_list, TYPE_LIST, "l")
FUNC_TYPE(list_of_list_any, TYPE_LIST, "l*")

/* A list is a value of a row, not a table: unnest makes rows of it. */
#define RANGE_ELEMENTS_MAX 1000000

static void
list_begin(struct buf *buf)
{
	buf->size = 0;
	buf_add_char(buf, '[');
}

static void
list_add(struct buf *buf, const char *bytes, size_t size)
{
	if (buf->size > 1)
		buf_add_char(buf, ',');
	buf_add(buf, bytes, size);
}

/* Append all elements of a list. */
static void
list_add_all(struct buf *buf, const struct text *list)
{
	if (list->size > 2)
		list_add(buf, text_bytes(list) + 1, list->size - 2);
}

static void
list_end(struct buf *buf, struct writer *writer, uint32_t i)
{
	buf_add_char(buf, ']');
	writer_copy(writer, i, buf->bytes, buf->size);
}

/* from, from + step, ... up to `to`; NULL, or why not: a sentence's tail. */
static const char *
range_row(int64_t from, int64_t to, int64_t step, struct buf *buf)
{
	char digits[NUMBER_TEXT_MAX];

	if (step == 0)
		return "needs a step that is not 0";
	if (step > 0 ? from > to : from < to)
		return NULL;
	uint64_t way = step > 0 ? (uint64_t)to - (uint64_t)from :
	    (uint64_t)from - (uint64_t)to;
	uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
	if (way / stride >= RANGE_ELEMENTS_MAX)
		return "would make more than a million elements";
	for (uint64_t left = way / stride + 1; left > 0; left--) {
		list_add(buf, digits, number_format_int(from, digits));
		/* The last sum may wrap; it is not used. */
		from = (int64_t)((uint64_t)from + (uint64_t)step);
	}
	return NULL;
}

static int
range_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		list_begin(&buf);
		const char *fault = range_row(arg_int(&in[0], i),
		    arg_int(&in[1], i), arg_count < 3 ? 1 :
		    arg_int(&in[2], i), &buf);
		if (fault != NULL)
			func_reject(call, i, "range() %s", fault);
		list_end(&buf, &writer, i);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_range = {
	.name = "range",
	.group = "list",
	.signature = "range(from, to [, step])",
	.summary = "the list of the ints from `from` to `to`, both included",
	.example = "range(2, 8, 3)",
	.result = "[2,5,8]",
	.arg_min = 2,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = list_of_ints,
	.eval = range_eval,
};

static int
append_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[FUNC_ARGS_MAX];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "l*", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		list_begin(&buf);
		if (arg_is_there(&in[0], i)) {
			struct text list = arg_text(&in[0], i);
			list_add_all(&buf, &list);
		}
		for (unsigned a = 1; a < arg_count; a++) {
			struct value value = { .type = TYPE_NULL };
			if (arg_is_there(&in[a], i))
				value = column_value(&in[a], i, call->region);
			value = value_settle(&value);
			list_add(&buf, "", 0);
			json_add_extended(&buf, &value);
		}
		list_end(&buf, &writer, i);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_append = {
	.name = "append",
	.group = "list",
	.signature = "append(list, x, ...)",
	.summary = "the list with more elements at its end; null is the empty "
	    "list",
	.example = "append([1, 2], \"x\")",
	.result = "[1,2,\"x\"]",
	.arg_min = 2,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_list_any,
	.eval = append_eval,
};

static int
list_concat_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[FUNC_ARGS_MAX];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "l", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		list_begin(&buf);
		for (unsigned a = 0; a < arg_count; a++) {
			if (!arg_is_there(&in[a], i))
				continue;
			struct text list = arg_text(&in[a], i);
			list_add_all(&buf, &list);
		}
		list_end(&buf, &writer, i);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_list_concat = {
	.name = "list_concat",
	.group = "list",
	.signature = "list_concat(list, ...)",
	.summary = "one list with the elements of all; nulls are left out",
	.example = "list_concat([1], [2, 3])",
	.result = "[1,2,3]",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_list,
	.eval = list_concat_eval,
};

static int
flatten_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "l", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		struct json_walk walk;
		struct json_member member;
		list_begin(&buf);
		nested_walk(&walk, text_bytes(&list), list.size);
		while (json_walk_next(&walk, &member)) {
			struct text element =
			    text_make(member.bytes, member.size);
			if (member.bytes[0] == '[')
				list_add_all(&buf, &element);
			else
				list_add(&buf, member.bytes, member.size);
		}
		list_end(&buf, &writer, i);
	}
	buf_fini(&buf);
	return 0;
}

const struct func_def func_flatten = {
	.name = "flatten",
	.group = "list",
	.signature = "flatten(list)",
	.summary = "the list with the elements of lists in place of those",
	.example = "flatten([1, [2, 3], []])",
	.result = "[1,2,3]",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_list,
	.eval = flatten_eval,
};

/* An element as a value, and its place in the list. */
struct element {
	struct value value;
	const char *bytes;
	size_t size;
	size_t place;
	int is_double;
};

struct elements {
	struct element *element;
	size_t count;
	size_t capacity;
};

static void
elements_take(struct elements *all, const struct text *list,
	struct region *region)
{
	struct json_walk walk;
	struct json_member member;

	all->count = 0;
	nested_walk(&walk, text_bytes(list), list->size);
	while (json_walk_next(&walk, &member)) {
		if (all->count == all->capacity) {
			all->capacity = all->capacity * 2 + 16;
			all->element = mem_resize(all->element,
			    all->capacity * sizeof(*all->element));
		}
		struct element *element = &all->element[all->count];
		element->value = json_value(member.bytes, member.size, region);
		element->bytes = member.bytes;
		element->size = member.size;
		element->place = all->count++;
		element->is_double = 0;
	}
}

static int
compare_places(const void *a_raw, const void *b_raw)
{
	const struct element *a = a_raw, *b = b_raw;

	return (a->place > b->place) - (a->place < b->place);
}

/* Equal values stay in the list's order. */
static int
compare_values(const void *a_raw, const void *b_raw)
{
	const struct element *a = a_raw, *b = b_raw;
	int order = value_compare(&a->value, &b->value);

	return order != 0 ? order : compare_places(a_raw, b_raw);
}

static void
elements_sort(struct elements *all,
	int (*compare)(const void *, const void *))
{
	if (all->count > 1)
		qsort(all->element, all->count, sizeof(*all->element),
		    compare);
}

/* Mark what equals an element before it; back in the list's order. */
static void
elements_mark_doubles(struct elements *all)
{
	elements_sort(all, compare_values);
	for (size_t i = 1; i < all->count; i++)
		all->element[i].is_double =
		    value_compare(&all->element[i - 1].value,
		    &all->element[i].value) == 0;
	elements_sort(all, compare_places);
}

static int
ordered_eval(struct func_call *call, const struct column *arg, uint32_t count,
	int distinct, struct column *out)
{
	struct column in[1];
	struct writer writer;
	struct buf buf = { 0 };
	struct elements all = { 0 };

	if (kernel_take(call, "l", arg, 1, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text list = arg_text(&in[0], i);
		elements_take(&all, &list, call->region);
		if (distinct)
			elements_mark_doubles(&all);
		else
			elements_sort(&all, compare_values);
		list_begin(&buf);
		for (size_t k = 0; k < all.count; k++)
			if (!all.element[k].is_double)
				list_add(&buf, all.element[k].bytes,
				    all.element[k].size);
		list_end(&buf, &writer, i);
	}
	mem_free(all.element);
	buf_fini(&buf);
	return 0;
}

static int
list_sort_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return ordered_eval(call, arg, count, 0, out);
}

const struct func_def func_list_sort = {
	.name = "list_sort",
	.group = "list",
	.signature = "list_sort(list)",
	.summary = "the elements in the order that sort has",
	.example = "list_sort([3, 1, 2])",
	.result = "[1,2,3]",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_list,
	.eval = list_sort_eval,
};

static int
list_unique_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return ordered_eval(call, arg, count, 1, out);
}

const struct func_def func_list_unique = {
	.name = "list_unique",
	.group = "list",
	.signature = "list_unique(list)",
	.summary = "the list with the first of equal elements only",
	.example = "list_unique([3, 1, 3, 2, 1])",
	.result = "[3,1,2]",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_list,
	.eval = list_unique_eval,
};
