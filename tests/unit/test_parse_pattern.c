#include "op/parse_pattern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "func/regex.h"
#include "random_column.h"
#include "util/err.h"

/* Match one text; captures as "name=text;", or "no". */
static const char *
match(const char *pattern_text, int is_regex, const char *text, char *out,
	size_t out_size)
{
	struct err err = ERR_INIT;
	struct parse_pattern *pattern = parse_pattern_new(pattern_text,
	    strlen(pattern_text), is_regex, &err);
	uint32_t range[2] = { 0, (uint32_t)strlen(text) }, count, cut[64];
	uint64_t failed = 0;
	size_t used = 0;

	if (pattern == NULL) {
		snprintf(out, out_size, "%.250s", err.message);
		return out;
	}
	struct region *region = region_new();
	char *base = region_alloc_zero(region, range[1] + 16);
	memcpy(base, text, range[1]);
	struct parse_texts texts = { base, range, 1 };
	struct regex_scan *scan = parse_pattern_scan(pattern);
	parse_pattern_match(pattern, scan, &texts, NULL, cut, &failed);
	const struct parse_capture *capture = parse_pattern_captures(pattern,
	    &count);
	struct column column[8];
	for (uint32_t i = 0; i < count; i++)
		parse_capture_column(pattern, i, &texts, NULL, cut, 1, &failed,
		    region, &column[i]);
	snprintf(out, out_size, "no");
	for (uint32_t i = 0; i < count && !failed; i++) {
		struct value value = column_value(&column[i], 0, region);
		struct column one;
		column_texts(&column[i], NULL, 1, region, &one);
		const struct text *shown = one.data;
		used += (size_t)snprintf(out + used, out_size - used,
		    "%s=%.*s;", capture[i].name, value.type == TYPE_NULL ? 4 :
		    (int)shown->size, value.type == TYPE_NULL ? "null" :
		    text_bytes(shown));
	}
	if (scan != NULL)
		regex_scan_fini(scan);
	mem_free(scan);
	region_drop(&region);
	parse_pattern_free(&pattern);
	return out;
}

#define EXPECT(pattern, text, wanted) do {				\
	char room_[300];						\
	cr_assert_str_eq(match(pattern, 0, text, room_, sizeof(room_)),	\
	    wanted);							\
} while (0)
#define EXPECT_REGEX(pattern, text, wanted) do {			\
	char room_[300];						\
	cr_assert_str_eq(match(pattern, 1, text, room_, sizeof(room_)),	\
	    wanted);							\
} while (0)

Test(parse_pattern, holes)
{
	EXPECT("{a}", "x", "a=x;");
	EXPECT("{a}", "", "a=;");
	EXPECT("{a} {b}", "x y z", "a=x;b=y z;");
	EXPECT("{a} {b}", "xy", "no");
	EXPECT("{a} {b}", " ", "a=;b=;");
	EXPECT("<{a}>", "<x>", "a=x;");
	EXPECT("<{a}>", "<x>>", "a=x>;");
	EXPECT("<{a}>", "<x", "no");
	EXPECT("<{a}>", "<>", "a=;");
	EXPECT("<{a}>", "<", "no");
	EXPECT("{a}, {b}", "1,2, 3", "a=1,2;b=3;");
	EXPECT("{_} {b} {_}", "1 2 3", "b=2;");
	EXPECT("{{{a}}}", "{x}", "a=x;");
	EXPECT("a{{b{c}", "a{bx", "c=x;");
	EXPECT("{a}--{b}", "1-2--3--4", "a=1-2;b=3--4;");
	EXPECT("{a} [{b}] {c}", "a long first field here, twelve [x] y",
	    "a=a long first field here, twelve;b=x;c=y;");
}

Test(parse_pattern, types)
{
	EXPECT("{n:int}", "12", "n=12;");
	EXPECT("{n:int}", "1.5", "no");
	EXPECT("{n:int}", "", "no");
	EXPECT("{n:int} {s}", "12 x", "n=12;s=x;");
	EXPECT("{n:float}", "1e3", "n=1000;");
	EXPECT("{n:decimal}", "1.50", "n=1.50;");
	EXPECT("{b:bool}", "true", "b=true;");
	EXPECT("{b:bool}", "yes", "no");
	EXPECT("{t:timestamp}", "2026-01-02 03:04:05",
	    "t=2026-01-02T03:04:05Z;");
	EXPECT("{t:date}", "2026-01-02", "t=2026-01-02;");
	EXPECT("{t:duration}", "90s", "t=1m30s;");
	EXPECT("[{t:clf}]", "[10/Oct/2000:13:55:36 -0700]",
	    "t=2000-10-10T20:55:36Z;");
	EXPECT("{t:text}", "007", "t=007;");
	EXPECT("{j:json}", " {\"a\": 1} ", "j={\"a\":1};");
	EXPECT("{j:json}", "{\"a\": 1", "no");
}

Test(parse_pattern, faults)
{
	EXPECT("{a}{b}", "", "there is no text between two holes, so nothing "
	    "says where the first ends");
	EXPECT("{a", "", "a hole is not closed");
	EXPECT("a}", "", "this '}' closes nothing");
	EXPECT("{}", "", "a hole has no name");
	EXPECT("{:int}", "", "a hole has no name");
	EXPECT("{a:whole}", "", "'whole' is not a type");
	EXPECT("{a:}", "", "'' is not a type");
	EXPECT("{a} {a}", "", "two captures are called 'a'");
	EXPECT("abc", "", "the pattern names no field");
	EXPECT("", "", "the pattern names no field");
	EXPECT_REGEX("a(b)", "", "the pattern names no field");
	EXPECT_REGEX("(?<a:whole>b)", "", "'whole' is not a type");
}

Test(parse_pattern, regexes)
{
	EXPECT_REGEX("took (?<ms:int>\\d+)ms", "it took 12ms", "ms=12;");
	EXPECT_REGEX("took (?<ms>\\d+)ms", "it took 1.2ms", "no");
	EXPECT_REGEX("(?<a>x)|(?<b:int>\\d)", "x", "a=x;b=null;");
	EXPECT_REGEX("(?<a>x)|(?<b:int>\\d)", "7", "a=null;b=7;");
	EXPECT_REGEX("(.)(?<a>.)", "xy", "a=y;");
}

/* {a}LITERAL{b} against strstr, on texts of few letters. */
Test(parse_pattern, literals_are_found_first)
{
	for (uint64_t seed = 1; seed < 3000; seed++) {
		uint64_t next = seed;
		char text[80] = "", literal[8] = "", pattern[32], wanted[200];
		char room[200];
		uint32_t size = random_next(&next, 70);
		uint32_t literal_size = 1 + random_next(&next, 4);
		for (uint32_t i = 0; i < size; i++)
			text[i] = (char)('x' + random_next(&next, 2));
		for (uint32_t i = 0; i < literal_size; i++)
			literal[i] = (char)('x' + random_next(&next, 2));
		snprintf(pattern, sizeof(pattern), "{a}%s{b}", literal);
		const char *at = strstr(text, literal);
		if (at == NULL)
			snprintf(wanted, sizeof(wanted), "no");
		else
			snprintf(wanted, sizeof(wanted), "a=%.*s;b=%s;",
			    (int)(at - text), text, at + literal_size);
		cr_assert_str_eq(match(pattern, 0, text, room, sizeof(room)),
		    wanted);
	}
}
