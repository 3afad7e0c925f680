/*
 * Records: their names, their values, whether a name is there, and several put
 * together.
 */
#include "func/kernel.h"
#include "func/nested.h"

#include "util/buf.h"

FUNC_TYPE(list_of_record, TYPE_LIST, "r")
FUNC_TYPE(bool_of_name, TYPE_BOOL, "rt")
FUNC_TYPE(record_of_records, TYPE_RECORD, "r")

static void
add_comma(struct buf *buf)
{
	if (buf->size > 1)
		buf_add_char(buf, ',');
}

static void
add_name(struct buf *buf, const struct json_member *member)
{
	buf_add_char(buf, '"');
	buf_add(buf, member->key, member->key_size);
	buf_add_char(buf, '"');
}

/* The list of all names, or all values, of each record. */
static int
members_eval(struct func_call *call, const struct column *arg, uint32_t count,
	int want_names, struct column *out)
{
	struct column in[1];
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "r", arg, 1, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct json_walk walk;
		struct json_member member;
		buf.size = 0;
		buf_add_char(&buf, '[');
		nested_walk(&walk, text_bytes(&text), text.size);
		while (json_walk_next(&walk, &member)) {
			add_comma(&buf);
			if (want_names)
				add_name(&buf, &member);
			else
				buf_add(&buf, member.bytes, member.size);
		}
		buf_add_char(&buf, ']');
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

static int
keys_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	(void)arg_count;
	return members_eval(call, arg, count, 1, out);
}

const struct func_def func_keys = {
	.name = "keys",
	.group = "json",
	.signature = "keys(record)",
	.summary = "the list of a record's names",
	.example = "keys({a = 1, b = 2})",
	.result = "[\"a\",\"b\"]",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_record,
	.eval = keys_eval,
};

static int
values_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	(void)arg_count;
	return members_eval(call, arg, count, 0, out);
}

const struct func_def func_values = {
	.name = "values",
	.group = "json",
	.signature = "values(record)",
	.summary = "the list of a record's values",
	.example = "values({a = 1, b = \"x\"})",
	.result = "[1,\"x\"]",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = list_of_record,
	.eval = values_eval,
};

static int
has_key_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "rt", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text record = arg_text(&in[0], i);
		struct text name = arg_text(&in[1], i);
		struct json_member member;
		target[i] = record.size >= 2 &&
		    json_get(text_bytes(&record), record.size,
		    text_bytes(&name), name.size, &member) == 0;
	}
	return 0;
}

const struct func_def func_has_key = {
	.name = "has_key",
	.group = "json",
	.signature = "has_key(record, name)",
	.summary = "true if the record has a field of this name, be it null",
	.example = "has_key({a = 1}, \"a\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_ANY, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = bool_of_name,
	.eval = has_key_eval,
};

/* Find the member's name in another record; `scratch` decodes it. */
static int
find_same(const struct text *record, const struct json_member *member,
	struct buf *scratch, struct json_member *found)
{
	const char *name = member->key;
	size_t size = member->key_size;

	if (record->size <= 2)
		return 0;
	if (member->key_escaped) {
		scratch->size = 0;
		buf_reserve(scratch, size);
		size = json_decode(name, size, scratch->bytes);
		name = scratch->bytes;
	}
	return json_get(text_bytes(record), record->size, name, size,
	    found) == 0;
}

/*
 * Append to `buf` the members of record `a` (with what the later records say of
 * them) that none of the earlier records has.
 */
static void
merge_record(const struct text *record, unsigned count, unsigned a,
	struct buf *scratch, struct buf *buf)
{
	struct json_walk walk;
	struct json_member member, other;

	nested_walk(&walk, text_bytes(&record[a]), record[a].size);
	while (json_walk_next(&walk, &member)) {
		int known = 0;
		for (unsigned b = 0; b < a && !known; b++)
			known = find_same(&record[b], &member, scratch, &other);
		if (known)
			continue;
		add_comma(buf);
		add_name(buf, &member);
		buf_add_char(buf, ':');
		for (unsigned b = count; b-- > a + 1 && !known;)
			known = find_same(&record[b], &member, scratch, &other);
		const struct json_member *value = known ? &other : &member;
		buf_add(buf, value->bytes, value->size);
	}
}

static int
merge_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[FUNC_ARGS_MAX];
	struct text record[FUNC_ARGS_MAX];
	struct writer writer;
	struct buf buf = { 0 }, scratch = { 0 };

	if (kernel_take(call, "r", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_RECORD, count, out);
	for (uint32_t i = 0; i < count; i++) {
		unsigned used = 0;
		for (unsigned a = 0; a < arg_count; a++)
			if (arg_is_there(&in[a], i))
				record[used++] = arg_text(&in[a], i);
		buf.size = 0;
		buf_add_char(&buf, '{');
		for (unsigned a = 0; a < used; a++)
			merge_record(record, used, a, &scratch, &buf);
		buf_add_char(&buf, '}');
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&scratch);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_merge = {
	.name = "merge",
	.group = "json",
	.signature = "merge(record, ...)",
	.summary = "one record with the fields of all; the last that has a "
	    "name counts, nulls are left out",
	.example = "merge({a = 1, b = 2}, {b = 3, c = 4})",
	.result = "{\"a\":1,\"b\":3,\"c\":4}",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = record_of_records,
	.eval = merge_eval,
};
