#include "lang/lex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/parse.h"
#include "util/mem.h"

static struct region *region;

static void
start(void)
{
	region = region_new();
}

static void
stop(void)
{
	region_drop(&region);
}

TestSuite(lex, .init = start, .fini = stop);

/* The first token of the text, of the given number of bytes. */
static struct token
token_of(const char *text, size_t size, unsigned flags)
{
	struct lex lex = { .source = text, .size = (uint32_t)size,
		.flags = flags, .region = region };
	struct token token;

	lex_next(&lex, &token);
	return token;
}

static void
expect_integer(const char *text, enum token_kind kind, int64_t value)
{
	struct token token = token_of(text, strlen(text), 0);

	cr_expect_eq(token.kind, kind, "%s: kind %d (%s)", text, token.kind,
	    token.text.bytes);
	cr_expect_eq(token.integer, value, "%s: %lld", text,
	    (long long)token.integer);
	cr_expect_eq(token.span.bytes, strlen(text), "%s", text);
}

static void
expect_bad(const char *text, const char *message)
{
	struct token token = token_of(text, strlen(text), 0);

	cr_expect_eq(token.kind, TOKEN_BAD, "%s", text);
	if (token.kind == TOKEN_BAD)
		cr_expect_str_eq(token.text.bytes, message, "%s: %s", text,
		    token.text.bytes);
}

Test(lex, integers)
{
	expect_integer("0", TOKEN_INT, 0);
	expect_integer("1_000", TOKEN_INT, 1000);
	expect_integer("0x1F", TOKEN_INT, 31);
	expect_integer("0xFF_FF", TOKEN_INT, 65535);
	expect_integer("9223372036854775807", TOKEN_INT, INT64_MAX);
	expect_integer("0x7fffffffffffffff", TOKEN_INT, INT64_MAX);
	cr_expect(token_of("9223372036854775808", 19, 0).over);
	expect_bad("9223372036854775809",
	    "an integer is at most 9223372036854775807");
	expect_bad("99999999999999999999999999999999999999999999",
	    "an integer is at most 9223372036854775807");
	expect_bad("0x8000000000000000",
	    "an integer is at most 9223372036854775807");
	expect_bad("0x", "this is no hexadecimal number");
	expect_bad("0xZ", "this is no hexadecimal number");
}

Test(lex, floats)
{
	cr_expect_eq(token_of("1.5", 3, 0).number, 1.5);
	cr_expect_eq(token_of("1e6", 3, 0).number, 1e6);
	cr_expect_eq(token_of("1_0.2_5e-1", 10, 0).number, 1.025);
	cr_expect_eq(token_of("200..299", 8, 0).kind, TOKEN_INT);
	cr_expect_eq(token_of("200..299", 8, 0).span.bytes, 3);
	expect_bad("1e999", "this is more than a float can hold");
}

Test(lex, durations)
{
	expect_integer("250ms", TOKEN_DURATION, 250000);
	expect_integer("10us", TOKEN_DURATION, 10);
	expect_integer("10\xc2\xb5s", TOKEN_DURATION, 10);
	expect_integer("5m", TOKEN_DURATION, 300000000);
	expect_integer("1h30m", TOKEN_DURATION, 5400000000);
	expect_integer("1.5h", TOKEN_DURATION, 5400000000);
	expect_integer("2d", TOKEN_DURATION, 172800000000);
	expect_integer("1w1d1h1m1s1ms1us", TOKEN_DURATION, 694861001001);
	expect_bad("30m1h",
	    "the units of a duration go from large to small");
	expect_bad("1h1h", "the units of a duration go from large to small");
	expect_bad("1h30", "the units of a duration go from large to small");
	expect_bad("1.5us", "this is no exact duration");
	expect_bad("1e3s", "this is no exact duration");
	expect_bad("99999999999w", "this is no exact duration");
	expect_bad("5x", "there is no unit 'x'");
	expect_bad("1hours", "there is no unit 'hours'");
}

Test(lex, sizes)
{
	expect_integer("64MiB", TOKEN_SIZE, 64 << 20);
	expect_integer("10kB", TOKEN_SIZE, 10000);
	expect_integer("1.5kB", TOKEN_SIZE, 1500);
	expect_integer("0B", TOKEN_SIZE, 0);
	expect_bad("1KB", "there is no unit 'KB'");
	expect_bad("1.5B", "this is no exact size");
	expect_bad("9000000PiB", "this is no exact size");
	expect_bad("1kB1", "this is no exact size");
}

Test(lex, times)
{
	expect_integer("@1970-01-01", TOKEN_TIME, 0);
	expect_integer("@2026-01-02T03:04:05Z", TOKEN_TIME, 1767323045000000);
	expect_integer("@2026-01-02T03:04", TOKEN_TIME, 1767323040000000);
	expect_integer("@2026-01-02T03:04:05.678", TOKEN_TIME,
	    1767323045678000);
	expect_integer("@2026-01-02T03:04:05.000001Z", TOKEN_TIME,
	    1767323045000001);
	expect_integer("@2026-01-02T03:04:05.1000000Z", TOKEN_TIME,
	    1767323045100000);
	expect_integer("@2026-01-02T03:04:05+02:00", TOKEN_TIME,
	    1767315845000000);
	expect_integer("@2026-01-02T03:04:05-00:30", TOKEN_TIME,
	    1767324845000000);
	expect_integer("@2024-02-29", TOKEN_TIME, 1709164800000000);
	expect_integer("@2000-02-29", TOKEN_TIME, 951782400000000);
	expect_integer("@0001-01-01", TOKEN_TIME, -62135596800000000);
	expect_integer("@9999-12-31T23:59:59.999999", TOKEN_TIME,
	    253402300799999999);
	cr_expect_eq(token_of("@2026-01-02-1h", 14, 0).span.bytes, 11);
	cr_expect_eq(token_of("@2026-01-02T03:04+1h", 20, 0).span.bytes, 17);
	static const char *const wrong[] = {
		"@", "@2026", "@2026-13-01", "@2026-00-01", "@2026-02-29",
		"@1900-02-29", "@2026-04-31", "@0000-01-01", "@2026-1-1",
		"@2026-01-02T", "@2026-01-02T24:00", "@2026-01-02T03:60",
		"@2026-01-02T03:04:60", "@2026-01-02T03:04:05.1234567",
		"@0001-01-01T00:00+01:00", "@9999-12-31T23:59-01:00",
		"@2026-01-02T03:04+24:00", "@2026-01-02x", "@20260102",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_bad(wrong[i], "this is no point in time");
}

static void
expect_string(const char *text, unsigned flags, const char *bytes, size_t size)
{
	struct token token = token_of(text, strlen(text), flags);

	cr_expect_eq(token.kind, TOKEN_STRING, "%s: %s", text,
	    token.text.bytes);
	cr_expect_eq(token.text.size, size, "%s", text);
	cr_expect_eq(memcmp(token.text.bytes, bytes, size + 1), 0, "%s", text);
}

Test(lex, strings)
{
	expect_string("\"\"", 0, "", 0);
	expect_string("\"a\\n\\t\\r\\\"\\\\b\"", 0, "a\n\t\r\"\\b", 7);
	expect_string("\"\\0\\x00\\xff\"", 0, "\0\0\xff", 3);
	expect_string("\"\\u{41}\\u{e9}\\u{20AC}\\u{1F600}\"", 0,
	    "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10);
	expect_string("r\"\\d+'\"", 0, "\\d+'", 4);
	expect_string("'it\\'s \"x\"'", PARSE_FILE, "it's \"x\"", 8);
	expect_bad("\"abc", "this string does not end on its line");
	expect_bad("\"abc\n\"", "this string does not end on its line");
	expect_bad("\"abc\\", "this string does not end on its line");
	expect_bad("\"abc\\\n\"", "this string does not end on its line");
	expect_bad("r\"abc", "this raw string does not end on its line");
	expect_bad("\"\\d\"", "there is no escape '\\d'");
	expect_bad("\"\\'\"", "there is no escape '\\''");
	expect_bad("\"\\x4\"", "there is no escape '\\x'");
	expect_bad("\"\\u41\"", "there is no escape '\\u'");
	expect_bad("\"\\u{110000}\"", "there is no escape '\\u'");
	expect_bad("\"\\u{d800}\"", "there is no escape '\\u'");
	expect_bad("\"\\u{}\"", "there is no escape '\\u'");
	expect_bad("'text'", "strings stand in double quotes");
	struct token token = token_of("'say \"x\" it\\'s'", 15, 0);
	cr_expect(token.mend.set);
	cr_expect_str_eq(token.mend.text.bytes, "\"say \\\"x\\\" it's\"");
}

Test(lex, names)
{
	struct token token = token_of("caf\xc3\xa9_1 x", 9, 0);
	cr_expect_eq(token.kind, TOKEN_NAME);
	cr_expect_str_eq(token.text.bytes, "caf\xc3\xa9_1");
	token = token_of("`a ``b``\"`", 10, 0);
	cr_expect_eq(token.kind, TOKEN_NAME);
	cr_expect(token.quoted);
	cr_expect_str_eq(token.text.bytes, "a `b`\"");
	expect_bad("``", "this is no name");
	expect_bad("`a``", "this name does not end on its line");
	expect_bad("`a\n`", "this name does not end on its line");
	expect_bad("`a\tb`", "this is no name");
	token = token_of("$abc", 4, 0);
	cr_expect_eq(token.kind, TOKEN_VAR);
	cr_expect_str_eq(token.text.bytes, "abc");
	expect_integer("$12", TOKEN_COLUMN, 12);
	expect_bad("$0", "columns count from $1 to $65535");
	expect_bad("$99999999999999999999",
	    "columns count from $1 to $65535");
	expect_bad("$", "found a '$' without a name");
	expect_bad("&", "there is no operator '&'");
	expect_bad("\xe2\x80\x9cx", "found a typographic quote");
	expect_bad("\xc2\xa0", "found the invisible character U+00A0");
	expect_bad("\xff", "found byte 0xff, which is no text");
	cr_expect_eq(token_of("\0", 1, 0).kind, TOKEN_BAD);
}

static struct token
regex_of(const char *text)
{
	struct lex lex = { .source = text, .size = (uint32_t)strlen(text),
		.region = region };
	struct token token;

	lex_regex(&lex, 0, &token);
	return token;
}

Test(lex, regexes)
{
	struct token token = regex_of("/a\\/b\\d\\\\/ix");
	cr_expect_eq(token.kind, TOKEN_REGEX);
	cr_expect_str_eq(token.text.bytes, "a/b\\d\\\\");
	cr_expect_str_eq(token.flags.bytes, "ix");
	cr_expect_null(regex_of("/a/").flags.bytes);
	cr_expect_str_eq(regex_of("//").text.bytes,
	    "a regex cannot be empty");
	cr_expect_str_eq(regex_of("/a").text.bytes,
	    "this regex does not end on its line");
	cr_expect_str_eq(regex_of("/a\\").text.bytes,
	    "this regex does not end on its line");
	cr_expect_str_eq(regex_of("/a\n/").text.bytes,
	    "this regex does not end on its line");
	cr_expect_str_eq(regex_of("/a/g").text.bytes,
	    "a regex has no flag 'g'");
}

Test(lex, a_slash_is_an_operator_until_it_is_asked_for)
{
	cr_expect_eq(token_of("/ 2", 3, 0).kind, TOKEN_SLASH);
	cr_expect_eq(token_of("// 2", 4, 0).kind, TOKEN_SLASH_SLASH);
}

Test(lex, comments_are_noted_once)
{
	const char *text = "# one\n  a # two\r\n\t# three";
	struct lex lex = { .source = text, .size = (uint32_t)strlen(text),
		.region = region };
	struct token token;

	lex_next(&lex, &token);
	lex_next(&lex, &token);
	cr_expect_eq(token.kind, TOKEN_END);
	lex.position = 0;
	lex_next(&lex, &token);
	cr_assert_eq(lex.comment_count, 3);
	cr_expect_eq(lex.comment[0].own_line, 1);
	cr_expect_eq(lex.comment[1].own_line, 0);
	cr_expect_eq(lex.comment[1].span.offset, 10);
	cr_expect_eq(lex.comment[1].span.bytes, 5);
	cr_expect_eq(lex.comment[2].own_line, 1);
}

Test(lex, source_that_is_no_text)
{
	struct lex lex = { .source = "a\tb\r\n\xc3\xa9", .size = 7,
		.region = region };
	struct token token;

	lex_check_source(&lex, &token);
	cr_expect_eq(token.kind, TOKEN_END);
	static const struct { const char *text; uint32_t size, at; } wrong[] = {
		{ "ab\0c", 4, 2 }, { "a\x01", 2, 1 }, { "\x7f", 1, 0 },
		{ "ab\xff", 3, 2 }, { "\xc3", 1, 0 }, { "\xc0\x80", 2, 0 },
		{ "\xed\xa0\x80", 3, 0 }, { "\xf4\x90\x80\x80", 4, 0 },
		{ "\xe2\x82", 2, 0 },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		lex = (struct lex){ .source = wrong[i].text,
			.size = wrong[i].size, .region = region };
		lex_check_source(&lex, &token);
		cr_expect_eq(token.kind, TOKEN_BAD);
		cr_expect_eq(token.span.offset, wrong[i].at);
	}
}

Test(lex, letters_decode_and_encode)
{
	for (uint32_t code = 1; code < 0x110000; code += 7) {
		char bytes[4];
		uint32_t back = 0;
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		uint32_t length = letter_encode(code, bytes);
		cr_assert_eq(letter_decode(bytes, length, &back), length);
		cr_assert_eq(back, code);
		cr_assert_eq(letter_decode(bytes, length - 1, &back), 0);
	}
	cr_expect(letter_is_name("na\xc3\xafve", 6));
	cr_expect(letter_is_name("\xe5\x90\x8d\xe5\x89\x8d", 6));
	cr_expect(!letter_is_name("1a", 2));
	cr_expect(!letter_is_name("a-b", 3));
	cr_expect(!letter_is_name("", 0));
	cr_expect(!letter_is_name("\xe2\x80\x93", 3));
	cr_expect(!letter_is_name("\xf0\x9f\x98\x80", 4));
}
