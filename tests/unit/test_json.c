#include "data/json.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/buf.h"
#include "util/mem.h"

/* Checks `text` and compares where and why it fails. */
static void
check_fails(const char *text, size_t offset, const char *reason)
{
	size_t end;
	const char *fault = json_check(text, strlen(text), &end);

	cr_assert_not_null(fault, "%s", text);
	cr_assert_str_eq(fault, reason);
	cr_assert(end == offset, "%s: %zu", text, end);
}

Test(json, check_takes_blanks_and_stops_behind)
{
	size_t end;
	const char *text = " \t{\"a\" : [1 ,-0.5e+3, \"\\u00e9\xc3\xa9\"]}\n 7";

	cr_assert_null(json_check(text, strlen(text), &end));
	cr_assert(end == strlen(text) - 1);
	cr_assert_null(json_check("[]", 2, &end));
	cr_assert(end == 2);
}

Test(json, check_names_fault_and_place)
{
	check_fails("{\"a\":01}", 6, "a number may not begin with 0");
	check_fails("{\"a\" 1}", 5, "a colon was expected");
	check_fails("{a:1}", 1, "a name in quotes was expected");
	check_fails("[1 2]", 3, "a comma or ] was expected");
	check_fails("{\"a\":1]", 6, "a comma or } was expected");
	check_fails("[1,]", 3, "a value was expected");
	check_fails("[nil]", 2, "a value was expected");
	check_fails("\"\\x\"", 2, "there is no such escape in JSON");
	check_fails("\"\\u12g4\"", 5,
	    "\\u needs four hexadecimal digits");
	check_fails("\"a\tb\"", 2,
	    "a control byte in a string must be escaped");
	check_fails("\"\xed\xa0\x80\"", 1, "the text is not UTF-8");
	check_fails("-x", 1, "a digit was expected");
}

Test(json, check_tells_cut_text_by_its_end)
{
	const char *text = "{\"k\\u00e9\":[true,null,-12.5e+1,"
	    "\"\xe2\x82\xac\"]}";
	size_t end;

	for (size_t size = 0; size < strlen(text); size++) {
		cr_assert_not_null(json_check(text, size, &end));
		cr_assert(end == size, "%zu: %zu", size, end);
	}
	cr_assert_null(json_check(text, strlen(text), &end));
}

Test(json, check_bounds_depth)
{
	char text[2 * JSON_DEPTH_MAX + 4];
	size_t end;

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	cr_assert_null(json_check(text, 2 * JSON_DEPTH_MAX, &end));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	cr_assert_str_eq(json_check(text, 2 * JSON_DEPTH_MAX + 2, &end),
	    "the value is nested too deeply");
	cr_assert(end == JSON_DEPTH_MAX);
}

static struct value
value_of(const char *text, struct region *region)
{
	return json_value(text, strlen(text), region);
}

static void
assert_text(struct value value, enum type type, const char *text)
{
	cr_assert(value.type == type);
	cr_assert(value.cell.text.size == strlen(text));
	cr_assert(memcmp(text_bytes(&value.cell.text), text,
	    strlen(text)) == 0);
}

Test(json, values)
{
	struct region *region = region_new();

	cr_assert(value_of("null", region).type == TYPE_NULL);
	cr_assert(value_of("", region).type == TYPE_MISSING);
	cr_assert(value_of("true", region).cell.boolean == 1);
	cr_assert(value_of("false", region).cell.boolean == 0);
	cr_assert(value_of("-12", region).cell.integer == -12);
	cr_assert(value_of("1.5", region).cell.number == 1.5);
	assert_text(value_of("1e999", region), TYPE_RAW, "1e999");
	assert_text(value_of("\"plain text of a length\"", region), TYPE_TEXT,
	    "plain text of a length");
	assert_text(value_of("\"a\\\"\\n\\u00e9\\ud83d\\ude00\\ud800x\"",
	    region), TYPE_TEXT,
	    "a\"\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx");
	assert_text(value_of("[1, \"a b\",\n{ \"c\" : 2 }]", region), TYPE_LIST,
	    "[1,\"a b\",{\"c\":2}]");
	assert_text(value_of("{\"a\":1}", region), TYPE_RECORD, "{\"a\":1}");
	region_drop(&region);
}

Test(json, literals_of_nested_values)
{
	struct region *region = region_new();
	struct value value = value_of("@1970-01-01T00:00:01Z", region);

	cr_assert(value.type == TYPE_TIME);
	cr_assert(value.cell.integer == 1000000);
	value = value_of("@1970-01-03", region);
	cr_assert(value.type == TYPE_DATE && value.cell.integer == 2);
	value = value_of("@@-90000000", region);
	cr_assert(value.type == TYPE_DURATION);
	cr_assert(value.cell.integer == -90000000);
	region_drop(&region);
}

Test(json, get_and_at)
{
	const char *text =
	    "{\"a\":1, \"\\u0061b\" : [ ] ,\"c\":{\"a\":2},\"a\":\"}\"}";
	struct json_member member;

	cr_assert(json_get(text, strlen(text), "a", 1, &member) == 0);
	cr_assert(member.size == 3 && memcmp(member.bytes, "\"}\"", 3) == 0);
	cr_assert(json_get(text, strlen(text), "ab", 2, &member) == 0);
	cr_assert(member.size == 3 && member.key_escaped);
	cr_assert(json_get(text, strlen(text), "d", 1, &member) == -1);
	cr_assert(json_get("[1]", 3, "a", 1, &member) == -1);

	text = "[1, [2,3] ,\"x\"]";
	cr_assert(json_at(text, strlen(text), 1, &member) == 0);
	cr_assert(member.size == 5 && memcmp(member.bytes, "[2,3]", 5) == 0);
	cr_assert(json_at(text, strlen(text), -1, &member) == 0);
	cr_assert(member.size == 3);
	cr_assert(json_at(text, strlen(text), -3, &member) == 0);
	cr_assert(json_at(text, strlen(text), 3, &member) == -1);
	cr_assert(json_at(text, strlen(text), -4, &member) == -1);
	cr_assert(json_at("[]", 2, 0, &member) == -1);
}

static const char *
take(struct buf *buf)
{
	const char *string = buf_string(buf);

	buf->size = 0;
	return string;
}

Test(json, strings_are_escaped)
{
	struct buf buf = { 0 };

	json_add_string(&buf, "a\"\\\n\x01\x7f", 6);
	cr_assert_str_eq(take(&buf), "\"a\\\"\\\\\\n\\u0001\x7f\"");
	json_add_string(&buf, "\xc3\xa9\xff\xe2\x82", 5);
	cr_assert_str_eq(take(&buf),
	    "\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_add_string(&buf, NULL, 0);
	cr_assert_str_eq(take(&buf), "\"\"");
	buf_fini(&buf);
}

static const char *
raw(struct buf *buf, enum type type, const char *text)
{
	json_add_raw(buf, type, text, strlen(text));
	return take(buf);
}

Test(json, raw_fields)
{
	struct buf buf = { 0 };

	cr_assert_str_eq(raw(&buf, TYPE_RAW, ""), "\"\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW, "1.50"), "1.50");
	cr_assert_str_eq(raw(&buf, TYPE_RAW, "01"), "\"01\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW, "1e999"), "\"1e999\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW, "true"), "\"true\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_CSV, ""), "null");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_CSV, "\"\""), "\"\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_CSV, "\"7\""), "7");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_CSV, "\"a\"\"b\""), "\"a\\\"b\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_TSV, "a\\tb"), "\"a\\tb\"");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_JSON, "{ \"a\" : 1 }"),
	    "{ \"a\" : 1 }");
	cr_assert_str_eq(raw(&buf, TYPE_RAW_JSON, "{ \"a\" :\n1 }"),
	    "{\"a\":1}");
	buf_fini(&buf);
}

Test(json, plain_and_extended)
{
	struct buf buf = { 0 };
	const char *text = "[@2026-01-02,@@5400000000,\"@\","
	    "{\"a\":@2026-01-02T03:04:05Z}]";
	struct value value = { .type = TYPE_DURATION };

	json_add_plain(&buf, text, strlen(text));
	cr_assert_str_eq(take(&buf), "[\"2026-01-02\",\"1h30m\",\"@\","
	    "{\"a\":\"2026-01-02T03:04:05Z\"}]");
	value.cell.integer = 7;
	json_add_extended(&buf, &value);
	cr_assert_str_eq(take(&buf), "@@7");
	value.type = TYPE_FLOAT;
	value.cell.number = 0.5;
	json_add_extended(&buf, &value);
	cr_assert_str_eq(take(&buf), "0.5");
	buf_fini(&buf);
}
