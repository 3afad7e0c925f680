/*
 * Is this text one JSON value?  RFC 8259, to the letter.
 *
 * A loop over tokens with a bit per open bracket instead of recursion: what may
 * come next depends only on the innermost bracket and on what came last.  The
 * answer is a sentence for the user, and the offset of the byte it is about.
 */
#include "data/json.h"

#include <string.h>

enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END,	/* behind [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END,	/* behind { */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING,		/* the value is complete */
};

struct check_json {
	const char *at;
	const char *end;
	unsigned depth;
	uint64_t is_object[(JSON_DEPTH_MAX + 64) / 64];
};

/* Bytes of the UTF-8 sequence at `at`, or 0 if it is none. */
static unsigned
utf8_size(const unsigned char *at, const unsigned char *end)
{
	unsigned c = at[0];
	unsigned size = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	if (c < 0xC2 || c > 0xF4 || (size_t)(end - at) < size)
		return 0;
	for (unsigned i = 1; i < size; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	if ((c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) ||
	    (c == 0xF0 && at[1] < 0x90) || (c == 0xF4 && at[1] > 0x8F))
		return 0;
	return size;
}

static const char *
check_escape(struct check_json *check)
{
	const char *at = check->at + 1;

	if (at >= check->end)
		return "the string is not closed";
	if (*at != 'u') {
		if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
			return "unknown escape in a string";
		check->at = at + 1;
		return NULL;
	}
	for (unsigned i = 1; i <= 4; i++) {
		if (at + i >= check->end)
			return "the string is not closed";
		char c = at[i] | 32;
		if (!((at[i] >= '0' && at[i] <= '9') || (c >= 'a' && c <= 'f')))
			return "\\u needs four hexadecimal digits";
	}
	check->at = at + 5;
	return NULL;
}

/* A string; at its opening quote. */
static const char *
check_string(struct check_json *check)
{
	const char *fault;

	for (check->at++; check->at < check->end;) {
		unsigned char c = (unsigned char)*check->at;
		if (c == '"') {
			check->at++;
			return NULL;
		}
		if (c < 0x20)
			return "a control character in a string";
		if (c == '\\') {
			fault = check_escape(check);
			if (fault != NULL)
				return fault;
		} else if (c < 0x80) {
			check->at++;
		} else {
			unsigned size = utf8_size(
			    (const unsigned char *)check->at,
			    (const unsigned char *)check->end);
			if (size == 0)
				return "invalid UTF-8 in a string";
			check->at += size;
		}
	}
	return "the string is not closed";
}

static int
check_digits(struct check_json *check)
{
	const char *first = check->at;

	while (check->at < check->end && *check->at >= '0' && *check->at <= '9')
		check->at++;
	return check->at > first;
}

static const char *
check_number(struct check_json *check)
{
	if (*check->at == '-')
		check->at++;
	if (check->at < check->end && *check->at == '0')
		check->at++;
	else if (!check_digits(check))
		return "a digit was expected";
	if (check->at < check->end && *check->at == '.') {
		check->at++;
		if (!check_digits(check))
			return "a digit was expected behind the point";
	}
	if (check->at < check->end && (*check->at | 32) == 'e') {
		check->at++;
		if (check->at < check->end &&
		    (*check->at == '+' || *check->at == '-'))
			check->at++;
		if (!check_digits(check))
			return "a digit was expected in the exponent";
	}
	return NULL;
}

static const char *
check_word(struct check_json *check, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(check->end - check->at) < size ||
	    memcmp(check->at, word, size) != 0)
		return "a value was expected";
	check->at += size;
	return NULL;
}

static const char *
check_open(struct check_json *check, enum expect *expect)
{
	int is_object = *check->at == '{';
	uint64_t bit = 1ull << (check->depth & 63);

	if (check->depth >= JSON_DEPTH_MAX)
		return "nested too deeply";
	if (is_object)
		check->is_object[check->depth >> 6] |= bit;
	else
		check->is_object[check->depth >> 6] &= ~bit;
	check->depth++;
	check->at++;
	*expect = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return NULL;
}

static int
check_in_object(const struct check_json *check)
{
	unsigned top = check->depth - 1;

	return check->is_object[top >> 6] >> (top & 63) & 1;
}

static void
check_close(struct check_json *check, enum expect *expect)
{
	check->at++;
	check->depth--;
	*expect = check->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static const char *
check_value(struct check_json *check, enum expect *expect)
{
	const char *fault;

	switch (*check->at) {
	case '{':
	case '[': return check_open(check, expect);
	case '"': fault = check_string(check); break;
	case 't': fault = check_word(check, "true"); break;
	case 'f': fault = check_word(check, "false"); break;
	case 'n': fault = check_word(check, "null"); break;
	default:
		if (*check->at != '-' && (*check->at < '0' || *check->at > '9'))
			return "a value was expected";
		fault = check_number(check);
		break;
	}
	*expect = check->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
	return fault;
}

static const char *
check_separator(struct check_json *check, enum expect *expect)
{
	int in_object = check_in_object(check);
	char c = *check->at;

	if (c == (in_object ? '}' : ']')) {
		check_close(check, expect);
		return NULL;
	}
	if (c != ',')
		return in_object ? "a comma or } was expected" :
		    "a comma or ] was expected";
	check->at++;
	*expect = in_object ? EXPECT_KEY : EXPECT_VALUE;
	return NULL;
}

static const char *
check_token(struct check_json *check, enum expect *expect)
{
	char c = *check->at;

	switch (*expect) {
	case EXPECT_VALUE_OR_END:
		if (c == ']') {
			check_close(check, expect);
			return NULL;
		}
		return check_value(check, expect);
	case EXPECT_VALUE:
		return check_value(check, expect);
	case EXPECT_KEY_OR_END:
		if (c == '}') {
			check_close(check, expect);
			return NULL;
		}
		/* fallthrough */
	case EXPECT_KEY:
		if (c != '"')
			return "a name in quotes was expected";
		*expect = EXPECT_COLON;
		return check_string(check);
	case EXPECT_COLON:
		if (c != ':')
			return "a colon was expected";
		check->at++;
		*expect = EXPECT_VALUE;
		return NULL;
	case EXPECT_COMMA_OR_END:
		return check_separator(check, expect);
	case EXPECT_NOTHING:
		break;
	}
	return "nothing was expected behind the value";
}

const char *
json_check(const char *bytes, size_t size, size_t *end_offset)
{
	struct check_json check = { .at = bytes, .end = bytes + size };
	enum expect expect = EXPECT_VALUE;
	const char *fault = NULL;

	for (;;) {
		while (check.at < check.end && (*check.at == ' ' ||
		    *check.at == '\n' || *check.at == '\t' ||
		    *check.at == '\r'))
			check.at++;
		if (expect == EXPECT_NOTHING || check.at == check.end)
			break;
		fault = check_token(&check, &expect);
		if (fault != NULL)
			break;
	}
	if (fault == NULL && expect != EXPECT_NOTHING)
		fault = check.depth == 0 ? "a value was expected" :
		    check_in_object(&check) ? "the object is not closed" :
		    "the array is not closed";
	*end_offset = (size_t)(check.at - bytes);
	return fault;
}
