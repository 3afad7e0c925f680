#include <criterion/criterion.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "func/regex.h"
#include "func/regex_priv.h"
#include "random_column.h"
#include "util/err.h"

static struct regex *
new_regex(const char *pattern, const char *flags)
{
	struct err err = ERR_INIT;
	struct regex *regex = regex_new(pattern, strlen(pattern), flags,
	    strlen(flags), &err);

	cr_assert(regex != NULL, "%s: %s", pattern, err.message);
	return regex;
}

static int
matches(const char *pattern, const char *flags, const char *text)
{
	struct regex *regex = new_regex(pattern, flags);
	struct regex_scan scan;

	regex_scan_init(&scan, regex);
	int found = regex_match(&scan, text, strlen(text));
	regex_scan_fini(&scan);
	regex_free(&regex);
	return found;
}

Test(regex, flags)
{
	cr_expect(matches("abc", "", "xabcx") == 1);
	cr_expect(matches("abc", "", "xABCx") == 0);
	cr_expect(matches("abc", "i", "xABCx") == 1);
	cr_expect(matches("^b$", "", "a\nb\nc") == 0);
	cr_expect(matches("^b$", "m", "a\nb\nc") == 1);
	cr_expect(matches("a.b", "", "a\nb") == 0);
	cr_expect(matches("a.b", "s", "a\nb") == 1);
	cr_expect(matches("a b # c", "x", "ab") == 1);
	cr_expect(matches("", "", "") == 1);
	cr_expect(matches("^", "", "abc") == 1);
	cr_expect(matches("^abc", "", "abcd") == 1);
	cr_expect(matches("^abc", "", "xabc") == 0);
	cr_expect(matches("^abc", "m", "x\nabc") == 1);
	cr_expect(matches("\xc3\xa4+$", "", "x\xc3\xa4\xc3\xa4") == 1);
	cr_expect(matches("^.$", "", "\xc3\xa4") == 1);
	cr_expect(matches("^..$", "", "\xc3\xff") == 1);
	cr_expect(matches("^[\xc3\xa4\xc3\xb6]$", "", "\xc3\xb6") == 1);
	cr_expect(matches("\xc3\xa4.b", "", "\xff\xc3\xa4\xc3\xa4" "b\xff") ==
	    1);
}

Test(regex, errors)
{
	struct err err = ERR_INIT;

	cr_assert(regex_new("a(b", 3, "", 0, &err) == NULL);
	cr_expect_str_eq(err.message,
	    "regex: missing closing parenthesis at byte 3 of the pattern");
	err_clear(&err);
	cr_assert(regex_new("a", 1, "g", 1, &err) == NULL);
	cr_expect_str_eq(err.message, "regex flag 'g' is none of i, m, s, x");
}

Test(regex, groups)
{
	struct regex *regex = new_regex(
	    "took (?<ms:int>\\d+)ms( by (?P<who>\\w+))?", "");
	struct regex_scan scan;
	struct regex_range range[5];
	const char *text = "x took 12ms and took 7ms by me";

	cr_expect(regex_group_count(regex) == 3);
	cr_expect_str_eq(regex_group_name(regex, 1), "ms");
	cr_expect_str_eq(regex_group_type(regex, 1), "int");
	cr_expect(regex_group_name(regex, 2) == NULL);
	cr_expect_str_eq(regex_group_name(regex, 3), "who");
	cr_expect(regex_group_type(regex, 3) == NULL);
	cr_expect(regex_group_find(regex, "who", 3) == 3);
	cr_expect(regex_group_find(regex, "whom", 4) == 0);
	regex_scan_init(&scan, regex);
	cr_assert(regex_find(&scan, text, strlen(text), 0, range, 5) == 1);
	cr_expect(range[0].start == 2 && range[0].end == 11);
	cr_expect(range[1].start == 7 && range[1].end == 9);
	cr_expect(range[3].start == UINT32_MAX);
	cr_assert(regex_find(&scan, text, strlen(text), 11, range, 5) == 1);
	cr_expect(range[0].start == 16 && range[0].end == 30);
	cr_expect(range[3].start == 28 && range[3].end == 30);
	cr_expect(regex_find(&scan, text, strlen(text), 30, range, 5) == 0);
	cr_expect(regex_find(&scan, text, strlen(text), 17, range, 5) == 0);
	regex_scan_fini(&scan);
	regex_free(&regex);
}

Test(regex, gives_up)
{
	struct regex *regex = new_regex("^(a|aa|a*)*\\1b$", "");
	struct regex_scan scan;
	char text[42];

	memset(text, 'a', 40);
	memcpy(text + 40, "bc", 2);
	regex_scan_init(&scan, regex);
	cr_expect(regex_match(&scan, text, 42) == -1);
	cr_expect(regex_match(&scan, "b", 1) == 1);
	regex_scan_fini(&scan);
	regex_free(&regex);
}

static const struct { const char *pattern, *literal; } literals[] = {
	{ "abc", "abc" }, { "abc.*de", "abc" }, { "a+bcd?", "bc" },
	{ "\\d+ms", "ms" }, { "a|b", "" }, { "(a|b)cde", "cde" },
	{ "x(ab)?yz", "yz" }, { "[abc]def", "def" }, { "[]a]bc", "bc" },
	{ "a{2}bcd", "bcd" }, { "ab{x|y}", "" }, { "(?i)abc", "" },
	{ "ab(?i:c)d", "ab" }, { "\\.html$", ".html" }, { "\\Qa\\E", "" },
	{ "a\\tb", "a\tb" }, { "\xc3\xa4\xc3\xb6?", "\xc3\xa4" },
	{ "^GET /", "GET /" }, { "a(?#)b)c", "" }, { "ab\\x41", "" },
	{ "[[:alpha:]]bc", "bc" }, { "a*", "" }, { "(?=ab)abx", "abx" },
	{ "a++bc", "bc" }, { "ab\\bc", "ab" },
};

Test(regex, literals)
{
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		struct regex_look look;
		const char *literal = literals[i].literal;
		regex_look(literals[i].pattern, strlen(literals[i].pattern), 0,
		    &look);
		cr_expect(look.literal.size == strlen(literal) &&
		    (look.literal.size == 0 || memcmp(look.literal.bytes,
		    literal, look.literal.size) == 0), "%s: %.*s",
		    literals[i].pattern, (int)look.literal.size,
		    look.literal.size ? look.literal.bytes : "");
		buf_fini(&look.literal);
	}
}

/* A pattern of random pieces; most of them are valid. */
static void
random_pattern(uint64_t *seed, char *out)
{
	static const char *const pieces[] = { "a", "b", "ab", "ba", "aab",
		"c", ".", "a*", "b+", "b?", "(a|b)", "(ab)?", "[ab]", "[^a]",
		"\\.", "\\d", "^", "$", "|", "b{2}", "(?:ab|c)", "{", "}",
		"(?i)", "\\b", "\\w+", "(?=a)", "a{0,1}", "\\x61", "[]b]",
		"\xc3\xa4", "\xc3\xa4?", "\\Qa\\E", "(?<n>a)", "#", " ",
		"b{,2}", "(?x:a b)", "[[:alpha:]]", "(a(b)c)", "\\Aa" };
	uint32_t count = 1 + random_next(seed, 6);

	*out = '\0';
	while (count-- > 0)
		strcat(out, RANDOM_PICK(seed, pieces));
}

static size_t
random_text(uint64_t *seed, char *out)
{
	static const char *const pieces[] = { "a", "b", "c", "ab", "aab", ".",
		"1", " ", "\n", "\xc3\xa4", "\xff", "A", "{", "abcabcabcab" };
	uint32_t count = random_next(seed, 12);

	*out = '\0';
	while (count-- > 0)
		strcat(out, RANDOM_PICK(seed, pieces));
	return strlen(out);
}

static pcre2_code *
compile_plain(const char *pattern, uint32_t options)
{
	int code;
	size_t offset;
	pcre2_code *plain = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED, options, &code, &offset, NULL);

	cr_assert(plain != NULL, "%s", pattern);
	/* At the end of invalid UTF-8 the JIT differs from what runs without
	 * it. */
	pcre2_jit_compile(plain, PCRE2_JIT_COMPLETE);
	return plain;
}

/*
 * With the literal in front and without, PCRE2 alone says the same: characters
 * where the pattern means them or the text is UTF-8, else bytes.
 */
Test(regex, same_as_pcre2)
{
	uint64_t seed = 7;
	char pattern[100], text[200];
	int valid = 0;

	for (int round = 0; round < 20000; round++) {
		struct err err = ERR_INIT;
		random_pattern(&seed, pattern);
		struct regex *regex = regex_new(pattern, strlen(pattern), "",
		    0, &err);
		if (regex == NULL)
			continue;
		valid++;
		int utf = strchr(pattern, '\xc3') != NULL;
		pcre2_code *plain = compile_plain(pattern, utf ? PCRE2_UTF |
		    PCRE2_UCP | PCRE2_MATCH_INVALID_UTF : 0);
		pcre2_code *wide = compile_plain(pattern, PCRE2_UTF);
		pcre2_match_data *data =
		    pcre2_match_data_create_from_pattern(plain, NULL);
		struct regex_scan scan;
		regex_scan_init(&scan, regex);
		for (int i = 0; i < 10; i++) {
			size_t size = random_text(&seed, text);
			size_t from = random_next(&seed, 3) == 0 && size > 0 ?
			    random_next(&seed, (uint32_t)size) : 0;
			if (utf)
				from = 0;
			struct regex_range range[1];
			int got = regex_find(&scan, text, size, from, range,
			    1);
			int status = utf ? PCRE2_ERROR_UTF8_ERR1 :
			    pcre2_match(wide, (PCRE2_SPTR)text, size, from, 0,
			    data, NULL);
			if (status < PCRE2_ERROR_NOMATCH)
				status = pcre2_match(plain, (PCRE2_SPTR)text,
				    size, from, 0, data, NULL);
			int want = status > 0;
			cr_assert(got == want, "/%s/ on '%s' from %zu: %d",
			    pattern, text, from, got);
			if (from == 0)
				cr_assert(regex_match(&scan, text, size) ==
				    want);
			if (want)
				cr_assert(range[0].start ==
				    pcre2_get_ovector_pointer(data)[0] &&
				    range[0].end ==
				    pcre2_get_ovector_pointer(data)[1],
				    "/%s/ on '%s'", pattern, text);
		}
		regex_scan_fini(&scan);
		pcre2_match_data_free(data);
		pcre2_code_free(plain);
		pcre2_code_free(wide);
		regex_free(&regex);
	}
	cr_assert(valid > 10000);
}

Test(regex, literal_find_twins)
{
	uint64_t seed = 11;

	for (int round = 0; round < 100000; round++) {
		size_t size = random_next(&seed, 80);
		size_t literal_size = 1 + random_next(&seed, 20);
		char literal[20];
		/* On the heap, so that reads beyond are seen. */
		char *text = malloc(size + 1);
		for (size_t i = 0; i < size; i++)
			text[i] = (char)('a' + (random_next(&seed, 8) == 0));
		for (size_t i = 0; i < literal_size; i++)
			literal[i] = (char)('a' + (random_next(&seed, 9) == 0));
		text = realloc(text, size > 0 ? size : 1);
		cr_assert(literal_find(text, size, literal, literal_size) ==
		    literal_find_plain(text, size, literal, literal_size));
		free(text);
	}
}
