/*
 * The strict reader of RFC 8259: one value, every byte of it looked at.  It
 * builds nothing; whoever needs parts walks the text afterwards, knowing that
 * it is valid.
 *
 * A loop with a stack of one bit per open bracket (1: object) stands for
 * recursion, so the depth of the input costs no machine stack.  The loop has
 * two states: a value is to come, or a value has just ended.
 *
 * Text that merely stops too early is told from text that is wrong by the
 * place of the fault: it lies behind the last byte.  Readers of streams need
 * that to know whether more bytes could help.
 */
#include "data/json.h"

#include <string.h>

#include "data/json_priv.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct check {
	const char *at;
	const char *end;
	uint32_t depth;
	/* Bit d: the bracket at depth d is an object. */
	uint64_t objects[JSON_DEPTH_MAX / 64 + 1];
};

unsigned
json_utf8_size(const char *at, const char *end, int *cut_at_end)
{
	const unsigned char *bytes = (const unsigned char *)at;
	size_t size = (size_t)(end - at);
	unsigned first = bytes[0];
	unsigned length = first < 0x80 ? 1 : first < 0xc2 ? 0 :
	    first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
	/* What the second byte may be: no overlong form, no surrogate. */
	unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	for (unsigned i = 1; i < length; i++) {
		if (i >= size) {
			*cut_at_end = 1;
			return 0;
		}
		if (bytes[i] < low || bytes[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

const char *
json_plain_run(const char *at, const char *end)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	while (end - at >= 16) {
		__m128i block = _mm_loadu_si128((const __m128i *)at);
		/* Signed compare: bytes past 0x7f count as below ' ' too. */
		unsigned stop = (unsigned)_mm_movemask_epi8(_mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(block, quote),
		    _mm_cmpeq_epi8(block, backslash)),
		    _mm_cmplt_epi8(block, space)));
		if (stop != 0)
			return at + __builtin_ctz(stop);
		at += 16;
	}
#endif
	for (; at < end; at++) {
		unsigned char c = (unsigned char)*at;
		if (c < ' ' || c >= 0x80 || c == '"' || c == '\\')
			break;
	}
	return at;
}

/* \uXXXX, with at behind the backslash. */
static const char *
check_escape(struct check *check)
{
	if (check->at == check->end)
		return "the string is not closed";
	char c = *check->at;
	if (c != 'u') {
		if (c == 0 || strchr("\"\\/bfnrt", c) == NULL)
			return "there is no such escape in JSON";
		check->at++;
		return NULL;
	}
	check->at++;
	for (int i = 0; i < 4; i++, check->at++) {
		if (check->at == check->end)
			return "the string is not closed";
		if (json_hex(*check->at) < 0)
			return "\\u needs four hexadecimal digits";
	}
	return NULL;
}

/* A string, with at behind its opening quote. */
static const char *
check_string(struct check *check)
{
	int cut = 0;

	for (;;) {
		check->at = json_plain_run(check->at, check->end);
		if (check->at == check->end)
			return "the string is not closed";
		unsigned char c = (unsigned char)*check->at;
		if (c == '"') {
			check->at++;
			return NULL;
		}
		if (c == '\\') {
			check->at++;
			const char *fault = check_escape(check);
			if (fault != NULL)
				return fault;
			continue;
		}
		if (c < ' ')
			return "a control byte in a string must be escaped";
		unsigned size = json_utf8_size(check->at, check->end, &cut);
		if (size == 0) {
			if (cut)
				check->at = check->end;
			return "the text is not UTF-8";
		}
		check->at += size;
	}
}

/* One digit or more. */
static const char *
check_digits(struct check *check)
{
	if (check->at == check->end || (unsigned char)(*check->at - '0') > 9)
		return "a digit was expected";
	while (check->at < check->end &&
	    (unsigned char)(*check->at - '0') <= 9)
		check->at++;
	return NULL;
}

/* number = [ "-" ] int [ "." digits ] [ ( "e" | "E" ) [ sign ] digits ] */
static const char *
check_number(struct check *check)
{
	const char *end = check->end;
	const char *fault;

	if (*check->at == '-')
		check->at++;
	if (check->at < end && *check->at == '0') {
		check->at++;
		if (check->at < end && (unsigned char)(*check->at - '0') <= 9)
			return "a number may not begin with 0";
	} else if ((fault = check_digits(check)) != NULL) {
		return fault;
	}
	if (check->at < end && *check->at == '.') {
		check->at++;
		if ((fault = check_digits(check)) != NULL)
			return fault;
	}
	if (check->at < end && (*check->at | 0x20) == 'e') {
		check->at++;
		if (check->at < end && (*check->at == '+' || *check->at == '-'))
			check->at++;
		return check_digits(check);
	}
	return NULL;
}

static const char *
check_word(struct check *check, const char *word)
{
	for (; *word != 0; word++, check->at++) {
		if (check->at == check->end || *check->at != *word)
			return "a value was expected";
	}
	return NULL;
}

static const char *
check_scalar(struct check *check)
{
	switch (*check->at) {
	case '"':
		check->at++;
		return check_string(check);
	case 't':
		return check_word(check, "true");
	case 'f':
		return check_word(check, "false");
	case 'n':
		return check_word(check, "null");
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return check_number(check);
	default:
		return "a value was expected";
	}
}

static inline void
check_skip_blanks(struct check *check)
{
	check->at = json_skip_blanks(check->at, check->end);
}

/* "key": */
static const char *
check_key(struct check *check)
{
	if (check->at == check->end || *check->at != '"')
		return "a name in quotes was expected";
	check->at++;
	const char *fault = check_string(check);
	if (fault != NULL)
		return fault;
	check_skip_blanks(check);
	if (check->at == check->end || *check->at != ':')
		return "a colon was expected";
	check->at++;
	check_skip_blanks(check);
	return NULL;
}

static inline int
check_in_object(const struct check *check)
{
	return (int)(check->objects[check->depth / 64] >>
	    (check->depth % 64) & 1);
}

/* An opening bracket; *ended is set if its closing one follows. */
static const char *
check_open(struct check *check, int *ended)
{
	int object = *check->at == '{';
	uint64_t bit;

	if (check->depth == JSON_DEPTH_MAX)
		return "the value is nested too deeply";
	check->at++;
	check_skip_blanks(check);
	if (check->at < check->end && *check->at == (object ? '}' : ']')) {
		check->at++;
		*ended = 1;
		return NULL;
	}
	check->depth++;
	bit = (uint64_t)1 << (check->depth % 64);
	if (!object) {
		check->objects[check->depth / 64] &= ~bit;
		return NULL;
	}
	check->objects[check->depth / 64] |= bit;
	return check_key(check);
}

/* What may follow a value inside of brackets; *ended stays if they close. */
static const char *
check_next(struct check *check, int *ended)
{
	int object = check_in_object(check);

	if (check->at < check->end && *check->at == (object ? '}' : ']')) {
		check->at++;
		check->depth--;
		return NULL;
	}
	if (check->at == check->end || *check->at != ',')
		return object ? "a comma or } was expected" :
		    "a comma or ] was expected";
	check->at++;
	check_skip_blanks(check);
	*ended = 0;
	return object ? check_key(check) : NULL;
}

static const char *
check_value(struct check *check)
{
	const char *fault;
	int ended = 0;

	check_skip_blanks(check);
	for (;;) {
		if (ended) {
			check_skip_blanks(check);
			if (check->depth == 0)
				return NULL;
			fault = check_next(check, &ended);
		} else if (check->at == check->end) {
			fault = "a value was expected";
		} else if (*check->at == '{' || *check->at == '[') {
			fault = check_open(check, &ended);
		} else {
			fault = check_scalar(check);
			ended = 1;
		}
		if (fault != NULL)
			return fault;
	}
}

const char *
json_check(const char *bytes, size_t size, size_t *end_offset)
{
	struct check check = { .at = bytes, .end = bytes + size };
	const char *fault = check_value(&check);

	*end_offset = (size_t)(check.at - bytes);
	return fault;
}
