/*
 * Text in text: is it there, where, how often; and replaced.  Plain bytes are
 * compared: UTF-8 needs no more, since no character's bytes begin inside of
 * another's.
 */
#include "func/kernel.h"
#include "func/nested.h"
#include "func/utf8.h"
#include "util/buf.h"

FUNC_TYPE(bool_of_texts, TYPE_BOOL, "t")
FUNC_TYPE(bool_of_container, TYPE_BOOL, "c*")
FUNC_TYPE(int_of_texts, TYPE_INT, "t")
FUNC_TYPE(text_of_texts, TYPE_TEXT, "t")

/* Where `needle` first lies, or NULL. */
static inline const char *
search(const char *bytes, size_t size, const char *needle, size_t needle_size)
{
	if (needle_size == 1)
		return size == 0 ? NULL : memchr(bytes, needle[0], size);
	if (needle_size == 0)
		return bytes;
	return memmem(bytes, size, needle, needle_size);
}

static int
starts_with_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text part = arg_text(&in[1], i);
		target[i] = part.size <= text.size &&
		    memcmp(text_bytes(&text), text_bytes(&part),
		    part.size) == 0;
	}
	return 0;
}

const struct func_def func_starts_with = {
	.name = "starts_with",
	.group = "text",
	.signature = "starts_with(text, part)",
	.summary = "true if the text begins with the part",
	.example = "starts_with(\"/api/users\", \"/api/\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.eval = starts_with_eval,
};

static int
ends_with_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text part = arg_text(&in[1], i);
		target[i] = part.size <= text.size &&
		    memcmp(text_bytes(&text) + (text.size - part.size),
		    text_bytes(&part), part.size) == 0;
	}
	return 0;
}

const struct func_def func_ends_with = {
	.name = "ends_with",
	.group = "text",
	.signature = "ends_with(text, part)",
	.summary = "true if the text ends with the part",
	.example = "ends_with(\"a.csv.gz\", \".gz\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.eval = ends_with_eval,
};

/* Is the value an element of the list? */
static int
list_has(const struct text *list, const struct value *value,
	struct region *region)
{
	struct json_walk walk;
	struct json_member member;

	nested_walk(&walk, text_bytes(list), list->size);
	while (json_walk_next(&walk, &member)) {
		struct value element =
		    json_value(member.bytes, member.size, region);
		if (value_equal(&element, value))
			return 1;
	}
	return 0;
}

static int
contains_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	int is_list = arg[0].type == TYPE_LIST;

	if (kernel_take(call, is_list ? "l*" : "t", arg, arg_count, count,
	    in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		if (is_list) {
			struct value value =
			    column_value(&in[1], i, call->region);
			target[i] = (uint8_t)list_has(&text, &value,
			    call->region);
			continue;
		}
		struct text part = arg_text(&in[1], i);
		target[i] = search(text_bytes(&text), text.size,
		    text_bytes(&part), part.size) != NULL;
	}
	return 0;
}

const struct func_def func_contains = {
	.name = "contains",
	.group = "text",
	.signature = "contains(x, part)",
	.summary = "true if the text has the part in it, or the list such an "
	    "element",
	.example = "contains(\"connection refused\", \"refused\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_of_container,
	.eval = contains_eval,
};

static int
find_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text part = arg_text(&in[1], i);
		const char *bytes = text_bytes(&text);
		const char *at = search(bytes, text.size, text_bytes(&part),
		    part.size);
		target[i] = at == NULL ? 0 :
		    (int64_t)utf8_count(bytes, (size_t)(at - bytes)) + 1;
	}
	return 0;
}

const struct func_def func_find_text = {
	.name = "find",
	.group = "text",
	.signature = "find(text, part)",
	.summary = "the position of the part in the text, from 1; 0 if it is "
	    "not there",
	.example = "find(\"key=value\", \"=\")",
	.result = "4",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_texts,
	.eval = find_eval,
};

/* How often the part lies in the text, one behind the other. */
static size_t
occurrences(const char *bytes, size_t size, const char *part, size_t part_size)
{
	const char *end = bytes + size;
	size_t count = 0;

	if (part_size == 0)
		return 0;
	while ((bytes = search(bytes, (size_t)(end - bytes), part,
	    part_size)) != NULL) {
		count++;
		bytes += part_size;
	}
	return count;
}

static int
count_text_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text part = arg_text(&in[1], i);
		target[i] = (int64_t)occurrences(text_bytes(&text), text.size,
		    text_bytes(&part), part.size);
	}
	return 0;
}

const struct func_def func_count_text = {
	.name = "count_text",
	.group = "text",
	.signature = "count_text(text, part)",
	.summary = "how often the part lies in the text",
	.example = "count_text(\"a,b,,c\", \",\")",
	.result = "3",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_texts,
	.eval = count_text_eval,
};

/* Bytes of the text with `times` parts exchanged; 0 or -1: too many. */
static int
replaced_size(const struct text *text, const struct text *from,
	const struct text *to, size_t times, size_t *size)
{
	*size = text->size - times * from->size;
	if (to->size > 0 && times > KERNEL_TEXT_MAX / to->size)
		return -1;
	*size += times * to->size;
	return *size > KERNEL_TEXT_MAX && times > 0 ? -1 : 0;
}

static void
replace_row(const struct text *text, const struct text *from,
	const struct text *to, char *target)
{
	const char *bytes = text_bytes(text);
	const char *end = bytes + text->size;
	const char *at;

	while ((at = search(bytes, (size_t)(end - bytes), text_bytes(from),
	    from->size)) != NULL) {
		memcpy(target, bytes, (size_t)(at - bytes));
		target += at - bytes;
		memcpy(target, text_bytes(to), to->size);
		target += to->size;
		bytes = at + from->size;
	}
	memcpy(target, bytes, (size_t)(end - bytes));
}

static int
replace_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct writer writer;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text from = arg_text(&in[1], i);
		struct text to = arg_text(&in[2], i);
		size_t size;
		size_t times = occurrences(text_bytes(&text), text.size,
		    text_bytes(&from), from.size);
		writer.text[i] = text;
		if (times == 0)
			continue;
		if (replaced_size(&text, &from, &to, times, &size) != 0) {
			func_reject(call, i, "replace() would make more than "
			    "%zu MiB", KERNEL_TEXT_MAX >> 20);
			continue;
		}
		replace_row(&text, &from, &to, writer_room(&writer, size));
		writer_put(&writer, i, size);
	}
	return 0;
}

const struct func_def func_replace = {
	.name = "replace",
	.group = "text",
	.signature = "replace(text, part, new)",
	.summary = "the text with every such part replaced",
	.example = "replace(\"a-b-c\", \"-\", \"::\")",
	.result = "a::b::c",
	.arg_min = 3,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = replace_eval,
};
