#include "func/func.h"

#include <criterion/criterion.h>

#include "func_run.h"

/* What an expression gives; "! " and the reason where its row is rejected. */
struct func_case {
	const char *text;
	const char *result;
};

static void
check(const struct func_case *cases, size_t count)
{
	struct region *region = region_new();
	struct buf buf = { 0 };

	for (size_t i = 0; i < count; i++) {
		const char *shown = run_show(cases[i].text, region, &buf);
		cr_expect_str_eq(shown, cases[i].result, "%s gives %s, not %s",
		    cases[i].text, shown, cases[i].result);
	}
	buf_fini(&buf);
	region_drop(&region);
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

#define LONG_TEXT "a text that is longer than a view"

Test(func_cases, text_parts)
{
	static const struct func_case cases[] = {
		{ "len(\"\")", "0" },
		{ "len(12345)", "5" },
		{ "len([])", "0" },
		{ "len([1, [2, 3], \"a,b\"])", "3" },
		{ "len({a = 1, b = {c = 2}})", "2" },
		{ "len(\"\xe2\x82\xac\xf0\x9f\x98\x80x\")", "3" },
		{ "len(\"" LONG_TEXT "\")", "33" },
		{ "len(null)", "null" },
		{ "bytes(\"\xe2\x82\xac\")", "3" },
		{ "left(\"abc\", 0)", "" },
		{ "left(\"abc\", 9)", "abc" },
		{ "left(\"abc\", -1)", "ab" },
		{ "left(\"abc\", -9)", "" },
		{ "left(\"abc\", 2.0)", "ab" },
		{ "left(\"abc\", 1.5)", "! 1.5 is no whole number" },
		{ "left(\"abc\", \"x\")", "! types" },
		{ "left(\"\xc3\xa4\xc3\xb6\xc3\xbc\", 2)", "\xc3\xa4\xc3\xb6" },
		{ "left(\"" LONG_TEXT "\", 20)", "a text that is longe" },
		{ "right(\"abc\", 2)", "bc" },
		{ "right(\"abc\", -2)", "c" },
		{ "right(\"\xc3\xa4\xc3\xb6\xc3\xbc\", 1)", "\xc3\xbc" },
		{ "right(\"" LONG_TEXT "\", 20)", "s longer than a view" },
		{ "substr(\"abcdef\", 3)", "cdef" },
		{ "substr(\"abcdef\", -2)", "ef" },
		{ "substr(\"abcdef\", -4, 2)", "cd" },
		{ "substr(\"abcdef\", 0, 3)", "ab" },
		{ "substr(\"abcdef\", 9)", "" },
		{ "substr(\"abcdef\", 2, 0)", "" },
		{ "substr(\"abcdef\", 2, -5)", "" },
		{ "substr(\"\xc3\xa4\xc3\xb6\xc3\xbc\", 2, 1)", "\xc3\xb6" },
		{ "slice(\"abcdef\", 1, 3)", "bc" },
		{ "slice(\"abcdef\", -2)", "ef" },
		{ "slice(\"abcdef\", 4, 2)", "" },
		{ "slice([1, 2, 3], 1)", "[2,3]" },
		{ "slice([1, 2, 3], 5)", "[]" },
		{ "slice([1, 2, 3], -9, -1)", "[1,2]" },
		{ "slice({a = 1}, 1)", "! types" },
		{ "repeat(\"ab\", 0)", "" },
		{ "repeat(\"ab\", -1)", "" },
		{ "repeat(\"\", 9223372036854775807)", "" },
		{ "repeat(\"ab\", 9223372036854775807)",
			"! repeat() would make more than 64 MiB" },
		{ "repeat(\"abcd\", 5)", "abcdabcdabcdabcdabcd" },
		{ "reverse(\"a\xc3\xa4z\")", "z\xc3\xa4" "a" },
		{ "reverse([])", "[]" },
		{ "reverse([1, \"a,b\", [2, 3]])", "[[2,3],\"a,b\",1]" },
		{ "concat_ws(null, 1, 2)", "null" },
		{ "concat_ws(\",\", null, null)", "" },
		{ "concat_ws(\", \", \"" LONG_TEXT "\", true)",
			LONG_TEXT ", true" },
		{ "chr(128512)", "\xf0\x9f\x98\x80" },
		{ "chr(55296)", "! chr(55296): no such character" },
		{ "chr(-1)", "! chr(-1): no such character" },
		{ "ord(\"\xf0\x9f\x98\x80\")", "128512" },
		{ "ord(\"\")", "null" },
		{ "ord(\"\xff\")", "65533" },
		{ "is_ascii(\"abc\")", "true" },
		{ "is_ascii(\"" LONG_TEXT "\")", "true" },
		{ "is_ascii(\"a long text with \xc3\xa4 inside\")", "false" },
	};

	CHECK(cases);
}

Test(func_cases, text_case_trim_pad)
{
	static const struct func_case cases[] = {
		{ "lower(\"ABCxyz@[`{09\")", "abcxyz@[`{09" },
		{ "upper(\"ABCxyz@[`{09\")", "ABCXYZ@[`{09" },
		{ "upper(\"" LONG_TEXT "\")",
			"A TEXT THAT IS LONGER THAN A VIEW" },
		{ "lower(\"A TEXT WITH \xc3\x84 \xce\xa9 \xd0\x96 \xc4\x80\")",
			"a text with \xc3\xa4 \xcf\x89 \xd0\xb6 \xc4\x81" },
		{ "upper(\"stra\xc3\x9f" "e \xe1\xbc\x80\")",
			"STRA\xc3\x9f" "E \xe1\xbc\x88" },
		{ "lower(\"\xff\xc3(ABC)\xf0\x9f\")",
			"\xff\xc3(abc)\xf0\x9f" },
		{ "title(\"o'neil and the \xc3\xa9t\xc3\xa9\")",
			"O'neil And The \xc3\x89t\xc3\xa9" },
		{ "trim(\"  a b\\n\")", "a b" },
		{ "trim(\"   \")", "" },
		{ "ltrim(\"  a \")", "a " },
		{ "rtrim(\" a  \")", " a" },
		{ "trim(\"\xc3\xa4x\xc3\xa4\", \"\xc3\xa4\")", "x" },
		/* Characters, not bytes, make a set. */
		{ "trim(\"\xc3\xa4x\", \"\xc3\xb6\")", "\xc3\xa4x" },
		{ "trim(\"abcba\", \"ab\")", "c" },
		{ "trim(\"aaa\", \"a\")", "" },
		{ "trim(\"a\", \"\")", "a" },
		{ "squeeze(\"a\\n\\n b\")", "a b" },
		{ "squeeze(\"   \")", "" },
		{ "pad_left(\"abc\", 2)", "abc" },
		{ "pad_left(\"abc\", 5)", "  abc" },
		{ "pad_left(\"a\", 6, \"xyz\")", "xyzxya" },
		{ "pad_right(\"a\", 6, \"xyz\")", "axyzxy" },
		{ "pad_right(\"\xc3\xa4\", 3, \"\xc3\xb6\")",
			"\xc3\xa4\xc3\xb6\xc3\xb6" },
		{ "pad_left(\"a\", 3, \"\")", "a" },
		{ "pad_left(\"a\", -3)", "a" },
		{ "pad_left(\"a\", 9223372036854775807)",
			"! pad_left() to 9223372036854775807 characters "
			"is too wide" },
		{ "pad_left(\"a\", 40)",
			"                                       a" },
	};

	CHECK(cases);
}

Test(func_cases, text_find_and_split)
{
	static const struct func_case cases[] = {
		{ "starts_with(\"abc\", \"\")", "true" },
		{ "starts_with(\"abc\", \"abcd\")", "false" },
		{ "starts_with(\"" LONG_TEXT "\", \"a text that is\")",
			"true" },
		{ "ends_with(\"abc\", \"bc\")", "true" },
		{ "ends_with(\"abc\", \"ab\")", "false" },
		{ "contains(\"abc\", \"\")", "true" },
		{ "contains(\"\", \"a\")", "false" },
		{ "contains(12345, 34)", "true" },
		{ "contains([1, 2, 3], 2)", "true" },
		{ "contains([1, 2, 3], 2.0)", "true" },
		{ "contains([1, 2, 3], \"2\")", "false" },
		{ "contains([\"a\", \"b\"], \"b\")", "true" },
		{ "contains([[1]], [1])", "true" },
		{ "find(\"abc\", \"c\")", "3" },
		{ "find(\"abc\", \"x\")", "0" },
		{ "find(\"\xc3\xa4\xc3\xb6\xc3\xbc\", \"\xc3\xbc\")", "3" },
		{ "find(\"abc\", \"\")", "1" },
		{ "count_text(\"aaaa\", \"aa\")", "2" },
		{ "count_text(\"aaaa\", \"\")", "0" },
		{ "replace(\"aaa\", \"a\", \"\")", "" },
		{ "replace(\"aaa\", \"\", \"x\")", "aaa" },
		{ "replace(\"abc\", \"x\", \"y\")", "abc" },
		{ "replace(\"" LONG_TEXT "\", \" \", \"__\")",
			"a__text__that__is__longer__than__a__view" },
		{ "split(\"\", \",\")", "[\"\"]" },
		{ "split(\"a,b,\", \",\")", "[\"a\",\"b\",\"\"]" },
		{ "split(\"a::b:c\", \"::\")", "[\"a\",\"b:c\"]" },
		{ "split(\"a\xc3\xa4\", \"\")", "[\"a\",\"\xc3\xa4\"]" },
		{ "split(\"\", \"\")", "[\"\"]" },
		{ "split(\"a\\\"b,c\\\\d\", \",\")",
			"[\"a\\\"b\",\"c\\\\d\"]" },
		{ "split_part(\"a,b,c\", \",\", 1)", "a" },
		{ "split_part(\"a,b,c\", \",\", -1)", "c" },
		{ "split_part(\"a,b,c\", \",\", -3)", "a" },
		{ "split_part(\"a,b,c\", \",\", -4)", "null" },
		{ "split_part(\"a,b,c\", \",\", 4)", "null" },
		{ "split_part(\"a,b,c\", \",\", 0)", "null" },
		{ "split_part(\"a,b,c\", \";\", 1)", "a,b,c" },
		{ "split_part(\",\", \",\", 2)", "" },
		{ "join_text([], \",\")", "" },
		{ "join_text([1, 2.5, true, \"x\"], \", \")",
			"1, 2.5, true, x" },
		{ "join_text(\"[1, 2]\", \"+\")", "1+2" },
		{ "join_text(\"none\", \"+\")", "! \"none\" is no list" },
		{ "join_text(split(\"a b c\", \" \"), \"\")", "abc" },
	};

	CHECK(cases);
}

Test(func_cases, patterns)
{
	static const struct func_case cases[] = {
		{ "like(\"abc\", \"abc\")", "true" },
		{ "like(\"abc\", \"ab\")", "false" },
		{ "like(\"abc\", \"%\")", "true" },
		{ "like(\"\", \"%\")", "true" },
		{ "like(\"\", \"\")", "true" },
		{ "like(\"\", \"_\")", "false" },
		{ "like(\"abc\", \"a%c\")", "true" },
		{ "like(\"abc\", \"a%b\")", "false" },
		{ "like(\"abab\", \"%ab\")", "true" },
		{ "like(\"abcbcd\", \"a%bcd\")", "true" },
		{ "like(\"ab\", \"ab%ab\")", "false" },
		{ "like(\"abc\", \"___\")", "true" },
		{ "like(\"abc\", \"__\")", "false" },
		{ "like(\"\xc3\xa4\xc3\xb6\", \"__\")", "true" },
		{ "like(\"x\xc3\xa4y\", \"%_y\")", "true" },
		{ "like(\"axbxc\", \"%_x_\")", "true" },
		{ "like(\"axbxc\", \"a%x%c\")", "true" },
		{ "like(\"100%\", r\"100\\%\")", "true" },
		{ "like(\"1000\", r\"100\\%\")", "false" },
		{ "like(\"a_b\", r\"a\\_b\")", "true" },
		{ "like(\"axb\", r\"a\\_b\")", "false" },
		{ "like(\"" LONG_TEXT "\", \"%is%than%\")", "true" },
		{ "like(\"" LONG_TEXT "\", \"%than%is%\")", "false" },
		{ "ilike(\"\xc3\x84PFEL\", \"\xc3\xa4p%\")", "true" },
		{ "ilike(\"abc\", \"A_C\")", "true" },
		{ "levenshtein(\"\", \"abc\")", "3" },
		{ "levenshtein(\"\xc3\xa4\", \"a\")", "1" },
		{ "levenshtein(\"same\", \"same\")", "0" },
		{ "levenshtein(repeat(\"a\", 5000), \"\")",
			"! levenshtein() takes texts of at most 4000 bytes" },
	};

	CHECK(cases);
}

Test(func_cases, regexes)
{
	static const struct func_case cases[] = {
		{ "regex_match(\"abc\", \"^b\")", "false" },
		{ "regex_match(\"abc\", \"b\")", "true" },
		{ "regex_extract(\"abc\", \"x\")", "null" },
		{ "regex_extract(\"abc\", \"b.\")", "bc" },
		{ "regex_extract(\"k=v\", \"(.)=(.)\", 2)", "v" },
		{ "regex_extract(\"k=v\", \"(.)=(.)\", 0)", "k=v" },
		{ "regex_extract(\"k=v\", \"(.)=(.)\", 3)",
			"! the regex has no group 3" },
		{ "regex_extract(\"k=v\", \"(?<a>.)=(?<b>.)\", \"b\")", "v" },
		{ "regex_extract(\"k=v\", \"(?<a>.)=\", \"c\")",
			"! the regex has no group \"c\"" },
		{ "regex_extract(\"b\", \"(a)|b\")", "null" },
		{ "regex_replace(\"abc\", \"x\", \"y\")", "abc" },
		{ "regex_replace(\"abc\", \"\", \"-\")", "-a-b-c-" },
		{ "regex_replace(\"a1b2\", \"[0-9]\", \"<$0>\")", "a<1>b<2>" },
		{ "regex_replace(\"ab\", \"(a)(b)\", \"${2}1$1$$\")", "b1a$" },
		{ "regex_replace(\"ab\", \"(?<x>a)\", \"[${x}]\")", "[a]b" },
		{ "regex_replace(\"ab\", \"a\", \"$x ${none} $\")",
			"$x ${none} $b" },
		{ "regex_replace(\"\xc3\xa4\xc3\xb6\", \"(*UTF)\", \"-\")",
			"-\xc3\xa4-\xc3\xb6-" },
		{ "regex_find_all(\"k1=v1,k2=v2\", \"(\\\\w+)=(\\\\w+)\", 2)",
			"[\"v1\",\"v2\"]" },
		{ "regex_find_all(\"abc\", \"x\")", "[]" },
		{ "regex_count(\"banana\", \"an\")", "2" },
		{ "regex_count(\"abc\", \"x*\")", "4" },
		{ "regex_split(\"a1b22c\", \"[0-9]+\")",
			"[\"a\",\"b\",\"c\"]" },
		{ "regex_split(\"abc\", \"\")", "[\"abc\"]" },
		{ "regex_split(\"\", \",\")", "[\"\"]" },
	};

	CHECK(cases);
}

Test(func_cases, encodings)
{
	static const struct func_case cases[] = {
		{ "to_hex(\"\")", "" },
		{ "to_hex(\"\\x00\\xff a long text\")",
			"00ff2061206c6f6e672074657874" },
		{ "from_hex(\"4A4b\")", "JK" },
		{ "from_hex(\"4\")", "! \"4\" is no hexadecimal text" },
		{ "from_hex(\"4g\")", "! \"4g\" is no hexadecimal text" },
		{ "base64(\"\")", "" },
		{ "base64(\"a\")", "YQ==" },
		{ "base64(\"ab\")", "YWI=" },
		{ "base64(\"abc\")", "YWJj" },
		{ "base64_decode(\"YWI\")", "ab" },
		{ "base64_decode(\"YWJj\\nYQ==\")", "abca" },
		{ "base64_decode(\"-_-_\")", "\xfb\xff\xbf" },
		{ "base64_decode(\"Y\")", "! \"Y\" is no base64" },
		{ "base64_decode(\"Y$==\")", "! \"Y$==\" is no base64" },
		{ "base64_decode(base64(\"" LONG_TEXT "\"))", LONG_TEXT },
		{ "url_encode(\"\xc3\xa4 /~\")", "%C3%A4%20%2F~" },
		{ "url_decode(\"%C3%A4%2\")", "\xc3\xa4%2" },
		{ "url_decode(\"%zz%\")", "%zz%" },
		{ "url_decode(url_encode(\"" LONG_TEXT "\"))", LONG_TEXT },
		{ "to_base(-255, 2)", "-11111111" },
		{ "to_base(-9223372036854775808, 16)", "-8000000000000000" },
		{ "to_base(0, 36)", "0" },
		{ "to_base(1, 37)",
			"! to_base() takes a base from 2 to 36, not 37" },
		{ "from_base(\"-8000000000000000\", 16)",
			"-9223372036854775808" },
		{ "from_base(\"8000000000000000\", 16)",
			"! \"8000000000000000\" is no int of base 16" },
		{ "from_base(\"-\", 10)", "! \"-\" is no int of base 10" },
		{ "from_base(\"Zz\", 36)", "1295" },
	};

	CHECK(cases);
}

Test(func_cases, urls_and_addresses)
{
	static const struct func_case cases[] = {
		{ "url_host(\"http://[2001:db8::1]:80/x\")", "2001:db8::1" },
		{ "url_host(\"/only/a/path\")", "null" },
		{ "url_host(\"//example.org/x\")", "example.org" },
		{ "url_host(\"https://example.org\")", "example.org" },
		{ "url_host(\"mailto:a@b\")", "null" },
		{ "url_port(\"http://a/\")", "null" },
		{ "url_port(\"http://a:99999/\")", "null" },
		{ "url_port(\"http://u:p@a:80\")", "80" },
		{ "url_scheme(\"/a://b\")", "null" },
		{ "url_path(\"http://a?b\")", "null" },
		{ "url_path(\"http://a/b#c?d\")", "/b" },
		{ "url_query(\"http://a/b#c?d\")", "null" },
		{ "url_query(\"http://a/b?\")", "" },
		{ "url_param(\"?a=1&b&c=%26+x\", \"c\")", "& x" },
		{ "url_param(\"?a=1&b&c=2\", \"b\")", "" },
		{ "url_param(\"?a=1\", \"x\")", "null" },
		{ "url_param(\"?%61=1\", \"a\")", "1" },
		{ "url_param(\"/no/query\", \"a\")", "null" },
		{ "is_ip(\"1.2.3.4\")", "true" },
		{ "is_ip(\"1.2.3\")", "false" },
		{ "is_ip(\"1.2.3.256\")", "false" },
		{ "is_ip(\"01.2.3.4\")", "false" },
		{ "is_ip(\"1.2.3.4 \")", "false" },
		{ "is_ip(\"::\")", "true" },
		{ "is_ip(5)", "false" },
		{ "ip_in(\"10.0.0.1\", \"10.0.0.1\")", "true" },
		{ "ip_in(\"10.0.0.2\", \"10.0.0.1/31\")", "false" },
		{ "ip_in(\"10.0.0.2\", \"0.0.0.0/0\")", "true" },
		{ "ip_in(\"::1\", \"0.0.0.0/0\")", "false" },
		{ "ip_in(\"2001:db8::5\", \"2001:db8::/32\")", "true" },
		{ "ip_in(\"2001:db9::5\", \"2001:db8::/32\")", "false" },
		{ "ip_in(\"::ffff:10.1.1.1\", \"10.0.0.0/8\")", "true" },
		{ "ip_in(\"10.1.1.1\", \"::ffff:10.0.0.0/104\")", "true" },
		{ "ip_in(\"-\", \"10.0.0.0/8\")", "! \"-\" is no IP address" },
		{ "ip_in(\"10.0.0.1\", \"10.0.0.0/33\")",
			"! \"10.0.0.0/33\" is no network; "
			"one is \"10.0.0.0/8\"" },
		{ "ip_to_int(\"255.255.255.255\")", "4294967295" },
		{ "ip_to_int(\"::1\")", "! \"::1\" is no IPv4 address" },
		{ "int_to_ip(4294967296)", "! 4294967296 is no IPv4 address" },
		{ "ip_network(\"2001:db8:1:2:3::\", 48)", "2001:db8:1::/48" },
		{ "ip_network(\"1.2.3.4\", 0)", "0.0.0.0/0" },
		{ "ip_network(\"1.2.3.4\", 33)",
			"! an address of 32 bits has no network of 33" },
	};

	CHECK(cases);
}

Test(func_cases, numbers)
{
	static const struct func_case cases[] = {
		{ "abs(-1.5)", "1.5" },
		{ "abs(-5m)", "5m" },
		{ "abs(-9223372036854775808)",
			"! abs(-9223372036854775808) is too large for an int" },
		{ "abs(decimal(\"-1.50\"))", "1.50" },
		{ "abs(\"x\")", "! types" },
		{ "sign(0)", "0" },
		{ "sign(-3s)", "-1" },
		{ "floor(-2.5)", "-3" },
		{ "floor(5)", "5" },
		{ "floor(-15, -1)", "-20" },
		{ "ceil(-2.5)", "-2" },
		{ "ceil(15, -1)", "20" },
		{ "ceil(1.001, 2)", "1.01" },
		{ "round(2.5)", "3" },
		{ "round(-2.5)", "-3" },
		{ "round(0.285, 2)", "0.28" },
		{ "round(1234.5678, -2)", "1200" },
		{ "round(15, -1)", "20" },
		{ "round(-15, -1)", "-20" },
		{ "round(14, -1)", "10" },
		{ "round(9223372036854775807, -1)",
			"! round(9223372036854775807, -1) is too large for "
			"an int" },
		{ "round(5, -30)", "0" },
		{ "round(1.5, 400)", "1.5" },
		{ "round(1.5, -400)", "0" },
		{ "round(1e300, 3)", "1e300" },
		{ "round(1.5, -9223372036854775808)", "0" },
		{ "round(decimal(\"2.345\"), 2)", "2.35" },
		{ "round(decimal(\"-2.345\"), 2)", "-2.35" },
		{ "round(decimal(\"2.345\"))", "2" },
		{ "round(decimal(\"2345.5\"), -2)", "2300" },
		{ "trunc(decimal(\"-2.9\"))", "-2" },
		{ "floor(decimal(\"-2.1\"))", "-3" },
		{ "trunc(2.999, 2)", "2.99" },
		{ "clamp(5, 7, 9)", "7" },
		{ "clamp(5.5, 1, 9)", "5.5" },
		{ "clamp(30s, 1m, 2m)", "1m" },
		{ "sqrt(2)", "1.4142135623730951" },
		{ "sqrt(-1)", "! sqrt(-1) is no number" },
		{ "ln(0)", "! ln(0) is no number" },
		{ "exp(1000)", "! exp(1000) is no number" },
		{ "cbrt(-8)", "-2" },
		{ "cbrt(0)", "0" },
		{ "pow(2, 0.5)", "1.4142135623730951" },
		{ "pow(0, -1)", "! pow(0, -1) is no number" },
		{ "log(100, 10)", "2" },
		{ "log(8, 1)", "! log(8, 1) is no number" },
		{ "gcd(0, 0)", "0" },
		{ "gcd(-12, 18)", "6" },
		{ "lcm(0, 5)", "0" },
		{ "lcm(9223372036854775807, 2)",
			"! lcm(9223372036854775807, 2) is no int" },
		{ "factorial(20)", "2432902008176640000" },
		{ "factorial(21)", "! factorial(21) is no int" },
		{ "bit_count(-1)", "64" },
		{ "shift_left(1, 64)", "0" },
		{ "shift_left(1, -1)", "! shift_left(1, -1) is no int" },
		{ "shift_right(-8, 1)", "-4" },
		{ "shift_right(-8, 100)", "-1" },
		{ "bucket(-7, 5)", "-10" },
		{ "bucket(7.5, 2.5)", "7.5" },
		{ "bucket(-0.1, 1)", "-1" },
		{ "bucket(7, 0)", "! bucket() needs a size above 0" },
		{ "bucket(-9223372036854775807, 5)",
			"! bucket() is out of range" },
		{ "bucket(90s, 1m)", "1m" },
		{ "bucket(@1969-12-31T23:59:59Z, 1h)",
			"1969-12-31T23:00:00Z" },
		{ "bucket(\"2026-01-02T03:04:05Z\", 15m)",
			"2026-01-02T03:00:00Z" },
		{ "bucket(\"soon\", 15m)", "! \"soon\" is no timestamp" },
		{ "bucket(@2026-01-02, 7d)", "2026-01-01T00:00:00Z" },
		{ "least(2, 1.5)", "1.5" },
		{ "greatest(2, 1.5)", "2" },
		{ "least(null, null)", "null" },
		{ "least(\"b\", \"a\")", "a" },
		{ "greatest(1, \"a\")", "a" },
		{ "least(@2026-01-02, @2026-01-01)", "2026-01-01" },
		{ "greatest(1m, null, 90s)", "1m30s" },
		{ "format_bytes(0)", "0B" },
		{ "format_bytes(1023)", "1023B" },
		{ "format_bytes(1024)", "1KiB" },
		{ "format_bytes(1048575)", "1MiB" },
		{ "format_bytes(-123456789)", "-118MiB" },
		{ "thousands(0)", "0" },
		{ "thousands(-1234)", "-1,234" },
		{ "thousands(123)", "123" },
		{ "thousands(1234567, \".\")", "1.234.567" },
		{ "thousands(\"x\")", "! types" },
	};

	CHECK(cases);
}

Test(func_cases, times)
{
	static const struct func_case cases[] = {
		{ "year(@0001-01-01)", "1" },
		{ "year(\"2026-07-01\")", "2026" },
		{ "year(\"x\")", "! \"x\" is no timestamp" },
		{ "year(5)", "! types" },
		{ "year(@2026-12-31T23:30:00Z, \"Europe/Berlin\")", "2027" },
		{ "month(@1969-12-31T23:59:59Z)", "12" },
		{ "day(@2000-02-29)", "29" },
		{ "quarter(@2026-12-01)", "4" },
		{ "week(@2027-01-01)", "53" },
		{ "week(@2024-12-30)", "1" },
		{ "week(@2026-12-31)", "53" },
		{ "day_of_year(@2024-12-31)", "366" },
		{ "weekday(@1970-01-01)", "4" },
		{ "weekday(@1969-12-28)", "7" },
		{ "hour(@1969-12-31T23:59:59Z)", "23" },
		{ "minute(@1969-12-31T23:58:59Z)", "58" },
		{ "second(@1969-12-31T23:58:57.5Z)", "57" },
		{ "hour(@2026-01-02T03:00:00Z, \"+05:30\")", "8" },
		{ "is_weekend(@2026-01-02)", "false" },
		{ "last_day(@1900-02-01)", "1900-02-28" },
		{ "date_trunc(@2026-05-17T03:04:05.678Z, \"year\")",
			"2026-01-01T00:00:00Z" },
		{ "date_trunc(@2026-05-17T03:04:05.678Z, \"quarter\")",
			"2026-04-01T00:00:00Z" },
		{ "date_trunc(@2026-05-17T03:04:05.678Z, \"week\")",
			"2026-05-11T00:00:00Z" },
		{ "date_trunc(@2026-05-17T03:04:05.678Z, \"days\")",
			"2026-05-17T00:00:00Z" },
		{ "date_trunc(@2026-05-17T03:04:05.678Z, \"second\")",
			"2026-05-17T03:04:05Z" },
		{ "date_trunc(@2026-05-17T03:04:05Z, \"day\", "
			"\"America/New_York\")", "2026-05-16T04:00:00Z" },
		{ "date_trunc(@2026-05-17, \"month\")", "2026-05-01" },
		{ "date_trunc(@2026-05-17, \"fortnight\")",
			"! \"fortnight\" is no unit: year, quarter, month, "
			"week, day, hour, minute, second, millisecond or "
			"microsecond" },
		{ "date_trunc(@1969-12-31T23:59:59Z, \"hour\")",
			"1969-12-31T23:00:00Z" },
		{ "date_add(@2024-02-29, 1, \"year\")", "2025-02-28" },
		{ "date_add(@2026-03-31, -1, \"month\")", "2026-02-28" },
		{ "date_add(@2026-03-31, 2, \"quarters\")", "2026-09-30" },
		{ "date_add(@2026-03-31, 2, \"weeks\")", "2026-04-14" },
		{ "date_add(@2026-03-31, 2, \"hours\")",
			"2026-03-31T02:00:00Z" },
		{ "date_add(@2026-03-31T12:00:00Z, -13, \"hour\")",
			"2026-03-30T23:00:00Z" },
		{ "date_add(@2026-03-31, 9223372036854775807, \"year\")",
			"! date_add() is out of range" },
		{ "date_add(@2026-03-31, 9223372036854775807, \"day\")",
			"! date_add() is out of range" },
		{ "date_diff(@2026-01-01, @2026-01-08, \"week\")", "1" },
		{ "date_diff(@2026-01-08, @2026-01-01, \"day\")", "-7" },
		{ "date_diff(@2024-02-29, @2025-02-28, \"year\")", "0" },
		{ "date_diff(@2024-02-29, @2025-03-01, \"year\")", "1" },
		{ "date_diff(@2026-03-15T12:00:00Z, @2026-02-15T13:00:00Z, "
			"\"month\")", "0" },
		{ "date_diff(@2026-03-15T12:00:00Z, @2026-02-15T11:00:00Z, "
			"\"month\")", "-1" },
		{ "strftime(@2026-01-02T03:04:05.678Z, \"%Y%m%dT%H%M%S.%L\")",
			"20260102T030405.678" },
		{ "strftime(@0001-01-01, \"%F %T %f %%\")",
			"0001-01-01 00:00:00 000000 %" },
		{ "strftime(@2026-07-02T23:04:05Z, \"%a %H:%M %Z %z\", "
			"\"Europe/Berlin\")", "Fri 01:04 CEST +0200" },
		{ "strftime(@2026-07-02T23:04:05Z, \"%F %R\", "
			"\"Europe/Berlin\")", "2026-07-03 01:04" },
		{ "strftime(@2026-07-02, \"%Q\")",
			"! \"%Q\" is no pattern of a time" },
		{ "strftime(@2026-07-02, \"\")", "" },
		{ "strptime(\"2026-07-02\", \"%d/%m/%Y\")",
			"! \"2026-07-02\" does not read as \"%d/%m/%Y\"" },
		{ "strptime(\"02.07.2026 01:04\", \"%d.%m.%Y %H:%M\", "
			"\"Europe/Berlin\")", "2026-07-01T23:04:00Z" },
		{ "strptime(\"2026-07-02 01:04 +0500\", \"%F %R %z\", "
			"\"Europe/Berlin\")", "2026-07-01T20:04:00Z" },
		{ "in_zone(@2026-01-02T03:04:05.5Z, \"America/St_Johns\")",
			"2026-01-01T23:34:05.500-03:30" },
		{ "in_zone(@2026-01-02, \"UTC\")",
			"2026-01-02T00:00:00+00:00" },
		{ "epoch(@1969-12-31T23:59:59.5Z)", "-1" },
		{ "epoch_ms(@2026-01-02T03:04:05.678Z)", "1767323045678" },
		{ "from_epoch(-1)", "1969-12-31T23:59:59Z" },
		{ "from_epoch(1e30)", "! from_epoch(1e30) is out of range" },
		{ "from_epoch(253402300800)",
			"! from_epoch(253402300800) is out of range" },
		{ "make_date(2026, 2, 29)", "! there is no day 2026-2-29" },
		{ "make_timestamp(2026, 1, 2, 3, 4, 5.25)",
			"2026-01-02T03:04:05.250Z" },
		{ "make_timestamp(2026, 7, 2, 3, 4, 5, \"Europe/Berlin\")",
			"2026-07-02T01:04:05Z" },
		{ "make_timestamp(2026, 1, 2, 24, 0, 0)",
			"! these parts make no time" },
		{ "seconds(\"1h\")", "3600" },
		{ "seconds(250ms)", "0.25" },
	};

	CHECK(cases);
}

Test(func_cases, casts)
{
	static const struct func_case cases[] = {
		{ "int(\"+007\")", "7" },
		{ "int(\"3.99\")", "3" },
		{ "int(-3.99)", "-3" },
		{ "int(true)", "1" },
		{ "int(\"abc\")", "! \"abc\" is no int" },
		{ "int(\"\")", "! \"\" is no int" },
		{ "int(1e300)", "! 1e300 is no int" },
		{ "int(\"99999999999999999999\")",
			"! \"99999999999999999999\" is no int" },
		{ "int([1])", "! types" },
		{ "int(\"" LONG_TEXT " of twelve bytes\")",
			"! \"" LONG_TEXT " of twe...\" is no int" },
		{ "float(\" 1e3 \")", "1000" },
		{ "float(\"x\")", "! \"x\" is no float" },
		{ "float(7)", "7" },
		{ "type(float(7))", "float" },
		{ "text(12)", "12" },
		{ "text([1, \"a\"])", "[1,\"a\"]" },
		{ "text(@2026-01-02T03:04:05Z)", "2026-01-02T03:04:05Z" },
		{ "text(true)", "true" },
		{ "bool(\"OFF\")", "false" },
		{ "bool(\"1\")", "true" },
		{ "bool(0)", "false" },
		{ "bool(0.5)", "true" },
		{ "bool(\"maybe\")", "! \"maybe\" is no bool" },
		{ "decimal(\"1.10\")", "1.10" },
		{ "decimal(\"1.10\", 4)", "1.1000" },
		{ "decimal(5, 2)", "5.00" },
		{ "decimal(0.1, 3)", "0.100" },
		{ "decimal(-2.345, 2)", "-2.35" },
		{ "decimal(1e-7)", "0.0000001" },
		{ "decimal(1e17)", "100000000000000000" },
		{ "decimal(1e18)", "! \"1e18\" is no decimal" },
		{ "decimal(\"x\")", "! \"x\" is no decimal" },
		{ "decimal(1, 19)", "! \"1\" is no decimal" },
		{ "timestamp(\"2026-01-02\")", "2026-01-02T00:00:00Z" },
		{ "timestamp(\"10/Oct/2000:13:55:36 -0700\")",
			"2000-10-10T20:55:36Z" },
		{ "timestamp(@2026-01-02)", "2026-01-02T00:00:00Z" },
		{ "timestamp(\"tomorrow\")",
			"! \"tomorrow\" is no timestamp" },
		{ "timestamp(1767323045)", "! a number is no timestamp: "
			"from_epoch() reads seconds, from_epoch_ms() "
			"milliseconds" },
		{ "date(\"2026-01-02\", \"America/New_York\")",
			"2026-01-02" },
		{ "date(\"2026-01-02T03:00:00Z\", \"America/New_York\")",
			"2026-01-01" },
		{ "date(@2026-01-02T03:04:05Z)", "2026-01-02" },
		{ "date(5)", "! types" },
		{ "duration(\"1h30m\")", "1h30m" },
		{ "duration(\"90\")", "1m30s" },
		{ "duration(0.25)", "250ms" },
		{ "duration(\"x\")", "! \"x\" is no duration" },
		{ "duration(1e300)", "! 1e300 is no duration" },
		{ "type(null)", "null" },
		{ "type(\"12\")", "text" },
		{ "type(12)", "int" },
		{ "type([])", "list" },
		{ "type({})", "record" },
		{ "type(5m)", "duration" },
		{ "is_number(\"12\")", "false" },
		{ "is_number(null)", "false" },
		{ "is_text(12)", "false" },
		{ "is_empty(null)", "true" },
		{ "is_empty([])", "true" },
		{ "is_empty({})", "true" },
		{ "is_empty(0)", "false" },
		{ "is_empty([0])", "false" },
		{ "if_empty(null, 5)", "5" },
		{ "if_empty(\"x\", 5)", "x" },
		{ "nullif(5, null)", "5" },
		{ "nullif(null, 5)", "null" },
		{ "nullif(5, 5.0)", "null" },
		{ "nullif(5, 6)", "5" },
	};

	CHECK(cases);
}

Test(func_cases, hashes)
{
	static const struct func_case cases[] = {
		{ "md5(\"\")", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "sha1(\"\")", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "crc32(\"\")", "0" },
		{ "crc32(\"a\")", "3904355907" },
		{ "hash(1)", "7335560060985733464" },
		{ "hash(\"1\")", "7335560060985733464" },
	};

	CHECK(cases);
}

Test(func_cases, json_and_lists)
{
	static const struct func_case cases[] = {
		{ "json(\" [1 , 2 ] \")", "[1,2]" },
		{ "json(\"\\\"a\\\\u00e4\\\"\")", "a\xc3\xa4" },
		{ "json(\"12\")", "12" },
		{ "type(json(\"1.5\"))", "float" },
		{ "type(json(\"{}\"))", "record" },
		{ "json(\"null\")", "null" },
		{ "json([1])", "[1]" },
		{ "to_json(null)", "null" },
		{ "to_json([1, \"x\"])", "[1,\"x\"]" },
		{ "to_json(\"a\\nb\")", "\"a\\nb\"" },
		{ "to_json(1.5)", "1.5" },
		{ "to_json(@2026-01-02)", "\"2026-01-02\"" },
		{ "json_get([1, [2, 3]], \"[1][0]\")", "2" },
		{ "json_get([1, [2, 3]], \"[-1][-1]\")", "3" },
		{ "json_get({a = {b = \"x\"}}, \"a.b\")", "x" },
		{ "json_get({a = {b = \"x\"}}, \"a\")", "{\"b\":\"x\"}" },
		{ "json_get({a = 1}, \"a.b\")", "null" },
		{ "json_get({a = 1}, \"[0]\")", "null" },
		{ "json_get({a = null}, \"a\")", "null" },
		{ "json_get({a = 1}, \"[\")",
			"! \"[\" is no path; one is \"a.b[0]\"" },
		{ "json_get(\"{\\\"a b\\\": 1}\", \"[\\\"a b\\\"]\")", "1" },
		{ "json_get({a = 1}, \"a..b\")",
			"! \"a..b\" is no path; one is \"a.b[0]\"" },
		{ "json_get({a = 1}, \"\")", "{\"a\":1}" },
		{ "json_get(5, \"a\")", "! types" },
		{ "keys({})", "[]" },
		{ "keys(\"{\\\"a\\\": 1}\")", "[\"a\"]" },
		{ "keys(\"x\")", "! \"x\" is no record" },
		{ "keys([1])", "! types" },
		{ "values({a = [1], b = {c = 2}})", "[[1],{\"c\":2}]" },
		{ "has_key({a = null}, \"a\")", "true" },
		{ "has_key({a = null}, \"b\")", "false" },
		{ "merge({a = 1}, null, {b = 2})", "{\"a\":1,\"b\":2}" },
		{ "merge({a = 1}, {a = 2}, {a = 3})", "{\"a\":3}" },
		{ "merge({}, {})", "{}" },
		{ "range(1, 3)", "[1,2,3]" },
		{ "range(3, 1)", "[]" },
		{ "range(3, 1, -1)", "[3,2,1]" },
		{ "range(1, 2, 0)",
			"! range() needs a step that is not 0" },
		{ "range(0, 1000000)",
			"! range() would make more than a million elements" },
		{ "range(9223372036854775806, 9223372036854775807)",
			"[9223372036854775806,9223372036854775807]" },
		{ "range(-9223372036854775807, -9223372036854775808, -1)",
			"[-9223372036854775807,-9223372036854775808]" },
		{ "len(range(1, 1000))", "1000" },
		{ "append([], 1)", "[1]" },
		{ "append([1], null, [2])", "[1,null,[2]]" },
		{ "append(null, \"a\")", "[\"a\"]" },
		{ "append([], @2026-01-02)", "[\"2026-01-02\"]" },
		{ "type(list_max(append([], @2026-01-02)))", "date" },
		{ "list_concat([1], [], null, [2])", "[1,2]" },
		{ "flatten([])", "[]" },
		{ "flatten([[1, [2]], 3])", "[1,[2],3]" },
		{ "list_sort([\"b\", 2, null, \"a\", 1.5, true])",
			"[null,true,1.5,2,\"a\",\"b\"]" },
		{ "list_unique([1, \"1\", 1.0, null, null])",
			"[1,\"1\",null]" },
		{ "list_sum([])", "null" },
		{ "list_sum([1, 2.5])", "3.5" },
		{ "list_sum([9223372036854775807, 1])",
			"! the sum of the list is too large for an int" },
		{ "list_sum([1, \"x\"])",
			"! the element \"\"x\"\" is no number" },
		{ "list_avg([])", "null" },
		{ "list_min([])", "null" },
		{ "list_min([null, \"b\", \"a\"])", "a" },
		{ "list_max([1, 2.5])", "2.5" },
	};

	CHECK(cases);
}

/* Undeclared text acts as what it looks like, and is text where that counts. */
Test(func_cases, undeclared_text)
{
	struct region *region = region_new();
	static const struct {
		const char *function;
		const char *raw;
		const char *result;
	} cases[] = {
		{ "len", "1234", "4" },
		{ "upper", "ab", "AB" },
		{ "floor", "2.75", "2" },
		{ "int", "0012", "12" },
		{ "type", "12", "int" },
		{ "type", "1.5", "float" },
		{ "type", "012", "text" },
		{ "is_number", "12", "true" },
		{ "is_number", "x", "false" },
		{ "is_text", "12", "false" },
		{ "is_text", "x", "true" },
		{ "year", "2026-01-02", "2026" },
		{ "from_epoch", "0", "1970-01-01T00:00:00Z" },
		{ "to_json", "12", "12" },
		{ "to_json", "x", "\"x\"" },
		{ "list_sum", "[1, 2]", "3" },
		{ "reverse", "[1]", "]1[" },
		{ "is_ip", "10.0.0.1", "true" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct value arg = { .type = TYPE_RAW };
		struct buf buf = { 0 };
		arg.cell.text = text_make(cases[i].raw, strlen(cases[i].raw));
		struct outcome outcome = run_call(func_find(cases[i].function,
		    strlen(cases[i].function)), &arg, 1, region);
		cr_assert(!outcome.is_reject, "%s: %s", cases[i].function,
		    outcome.reason);
		value_add_text(&outcome.value, &buf);
		cr_expect_str_eq(buf_string(&buf), cases[i].result, "%s(%s)",
		    cases[i].function, cases[i].raw);
		buf_fini(&buf);
	}
	region_drop(&region);
}
