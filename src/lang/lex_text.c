/*
 * Everything between quotes: strings, raw strings, backticks, regexes and the
 * pieces of f-strings.  All of them end on the line where they begin, so that
 * a forgotten quote is reported where it was forgotten.
 */
#include <stdio.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/lex_priv.h"
#include "lang/parse.h"
#include "util/mem.h"

/* The decoded text while it grows; it never passes the source's size. */
struct decoded {
	char *bytes;
	uint32_t size;
};

static int
hex_value(unsigned char c)
{
	if (lex_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
ends_line(const struct lex *lex)
{
	return lex->position == lex->size || lex_at(lex, 0) == '\n' ||
	    lex_at(lex, 0) == '\r';
}

/* Report an escape of `bytes` bytes at the position. */
static int
bad_escape(struct lex *lex, struct token *token, uint32_t bytes,
	const char *hint)
{
	uint32_t at = lex->position;

	if (bytes > lex->size - at)
		bytes = lex->size - at;
	lex_bad(lex, token, at, bytes, hint, "there is no escape '%.*s'",
	    (int)bytes, lex->source + at);
	return -1;
}

/* \u{1F600}: one to six hex digits that name a character. */
static int
decode_unicode(struct lex *lex, struct token *token, struct decoded *decoded)
{
	uint32_t code = 0;
	uint32_t at = 3;

	while (at < 9 && hex_value(lex_at(lex, at)) >= 0)
		code = code << 4 | (uint32_t)hex_value(lex_at(lex, at++));
	if (lex_at(lex, 2) != '{' || at == 3 || lex_at(lex, at) != '}' ||
	    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return bad_escape(lex, token, 2,
		    "a character by its number is written \\u{1F600}");
	decoded->size += letter_encode(code, decoded->bytes + decoded->size);
	lex->position += at + 1;
	return 0;
}

/* One escape at the position, where there is a backslash. */
static int
decode_escape(struct lex *lex, struct token *token, unsigned char quote,
	struct decoded *decoded)
{
	static const char from[] = "ntr\"\\0";
	static const char to[] = "\n\t\r\"\\";
	unsigned char c = lex_at(lex, 1);
	const char *found = strchr(from, c);

	/* A line end here: the caller sees that the text has no end. */
	if (c == '\0' || c == '\n' || c == '\r') {
		lex->position++;
		return 0;
	}
	if (c == 'u')
		return decode_unicode(lex, token, decoded);
	if (c == 'x') {
		int high = hex_value(lex_at(lex, 2));
		int low = high < 0 ? -1 : hex_value(lex_at(lex, 3));
		if (low < 0)
			return bad_escape(lex, token, 2,
			    "a byte is written \\x7F, with two digits");
		decoded->bytes[decoded->size++] = (char)(high << 4 | low);
		lex->position += 4;
		return 0;
	}
	if (found == NULL && !(c == '\'' && quote == '\'')) {
		uint32_t code;
		uint32_t next = lex->position + 1;
		return bad_escape(lex, token, 1 + letter_decode(
		    lex->source + next, lex->size - next, &code),
		    "write \\\\ for a backslash, or r\"...\" for text "
		    "as it is");
	}
	decoded->bytes[decoded->size++] = found != NULL ? to[found - from] :
	    '\'';
	lex->position += 2;
	return 0;
}

/*
 * Bytes up to the closing `quote` or the end of the line, before decoding:
 * room enough for the decoded text.
 */
static uint32_t
quoted_bytes(const struct lex *lex, unsigned char quote)
{
	uint32_t left = lex->size - lex->position;
	uint32_t at = 0;

	while (at < left && lex_at(lex, at) != quote &&
	    lex_at(lex, at) != '\n')
		at += lex_at(lex, at) == '\\' ? 2 : 1;
	return at < left ? at : left;
}

/* A text in single quotes outside of files: say how it is written here. */
static void
refuse_single_quotes(struct lex *lex, struct token *token)
{
	uint32_t from = token->span.offset;
	const char *inside = lex->source + from + 1;
	uint32_t bytes = lex->position - from - 2;
	char *text = region_alloc(lex->region, (size_t)bytes * 2 + 3);
	size_t size = 0;

	text[size++] = '"';
	for (uint32_t i = 0; i < bytes; i++) {
		if (inside[i] == '"')
			text[size++] = '\\';
		if (inside[i] == '\\' && i + 1 < bytes && inside[i + 1] == '\'')
			continue;
		text[size++] = inside[i];
	}
	text[size++] = '"';
	lex_bad(lex, token, from, lex->position - from, NULL,
	    "strings stand in double quotes");
	lex_mend(lex, token, text, size);
	char *hint = region_alloc(lex->region, size + 16);
	snprintf(hint, size + 16, "write %.*s", (int)size, text);
	token->hint = hint;
}

void
lex_string(struct lex *lex, struct token *token)
{
	unsigned char quote = lex_at(lex, 0);
	struct decoded decoded = { NULL, 0 };

	lex->position++;
	/* An escape never grows: \u{...} has more bytes than its character. */
	decoded.bytes = region_alloc(lex->region, quoted_bytes(lex, quote) + 1);
	while (!ends_line(lex) && lex_at(lex, 0) != quote) {
		if (lex_at(lex, 0) == '\\') {
			if (decode_escape(lex, token, quote, &decoded) != 0)
				return;
			continue;
		}
		decoded.bytes[decoded.size++] = (char)lex_at(lex, 0);
		lex->position++;
	}
	if (ends_line(lex)) {
		lex_bad(lex, token, token->span.offset, 1,
		    quote == '"' ? "close it with '\"'; a line end is \\n" :
		    "a string stands in double quotes and ends on its line",
		    "this string does not end on its line");
		return;
	}
	lex->position++;
	decoded.bytes[decoded.size] = '\0';
	token->text = (struct ast_text){ decoded.bytes, decoded.size };
	lex_finish(lex, token, TOKEN_STRING);
	if (quote == '\'' && (lex->flags & PARSE_FILE) == 0)
		refuse_single_quotes(lex, token);
}

void
lex_raw_string(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position + 2;

	lex->position = from;
	while (!ends_line(lex) && lex_at(lex, 0) != '"')
		lex->position++;
	if (ends_line(lex)) {
		lex_bad(lex, token, from - 2, 2,
		    "it ends at the next '\"': a raw string cannot hold one",
		    "this raw string does not end on its line");
		return;
	}
	token->text = lex_text(lex, lex->source + from, lex->position - from);
	token->flags = lex_text(lex, "r", 1);
	lex->position++;
	lex_finish(lex, token, TOKEN_STRING);
}

/* A backtick inside is written twice. */
void
lex_backticks(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position++;
	uint32_t end = lex->position;

	while (end < lex->size && lex->source[end] != '\n' &&
	    (lex->source[end] != '`' ||
	     (end + 1 < lex->size && lex->source[end + 1] == '`')))
		end += lex->source[end] == '`' ? 2 : 1;
	if (end >= lex->size || lex->source[end] != '`') {
		lex_bad(lex, token, from, 1, "close it with a backtick",
		    "this name does not end on its line");
		return;
	}
	char *name = region_alloc(lex->region, end - from);
	uint32_t size = 0;
	for (uint32_t at = from + 1; at < end; at++) {
		name[size++] = lex->source[at];
		if (lex->source[at] == '`')
			at++;
	}
	name[size] = '\0';
	lex->position = end + 1;
	token->text = (struct ast_text){ name, size };
	token->quoted = 1;
	lex_finish(lex, token, TOKEN_NAME);
	if (!letter_is_quotable(name, size))
		lex_bad(lex, token, from, lex->position - from,
		    "it has one character or more, and no control characters",
		    "this is no name");
}

/* The letters behind a regex. */
static void
lex_flags(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position;

	while (letter_continues_name(lex->source + lex->position,
	    lex->size - lex->position) == 1) {
		unsigned char c = lex_at(lex, 0);
		if (strchr("imsx", c) == NULL) {
			lex_bad(lex, token, lex->position, 1,
			    "i ignores case; m, s and x are as in Perl",
			    "a regex has no flag '%c'", c);
			return;
		}
		lex->position++;
	}
	if (lex->position > from)
		token->flags = lex_text(lex, lex->source + from,
		    lex->position - from);
	lex_finish(lex, token, TOKEN_REGEX);
}

void
lex_regex(struct lex *lex, uint32_t offset, struct token *token)
{
	memset(token, 0, sizeof(*token));
	token->span.offset = offset;
	lex->position = offset + 1;
	if (lex_at(lex, 0) == '/') {
		lex_bad(lex, token, offset, 2, "comments start with #",
		    "a regex cannot be empty");
		return;
	}
	char *pattern = region_alloc(lex->region, quoted_bytes(lex, '/') + 1);
	uint32_t size = 0;
	while (!ends_line(lex) && lex_at(lex, 0) != '/') {
		unsigned char c = lex_at(lex, 0);
		lex->position++;
		if (c == '\\' && !ends_line(lex)) {
			/* Only \/ loses its backslash. */
			if (lex_at(lex, 0) != '/')
				pattern[size++] = '\\';
			c = lex_at(lex, 0);
			lex->position++;
		}
		pattern[size++] = (char)c;
	}
	if (ends_line(lex)) {
		lex_bad(lex, token, offset, 1,
		    "a slash begins a regex where an operand is expected; "
		    "a slash inside is \\/",
		    "this regex does not end on its line");
		return;
	}
	lex->position++;
	pattern[size] = '\0';
	token->text = (struct ast_text){ pattern, size };
	lex_flags(lex, token);
}

/* One byte of a piece, or two equal braces that stand for one. */
static int
decode_brace(struct lex *lex, struct token *token, struct decoded *decoded)
{
	unsigned char c = lex_at(lex, 0);

	if (lex_at(lex, 1) != c) {
		lex_bad(lex, token, lex->position, 1,
		    "a hole is {name}; a brace as text is written }}",
		    "this '}' closes nothing");
		return -1;
	}
	decoded->bytes[decoded->size++] = (char)c;
	lex->position += 2;
	return 0;
}

/* Bytes of the piece at the position, before it is decoded. */
static uint32_t
piece_bytes(const struct lex *lex, int quoted)
{
	uint32_t end = lex->size - lex->position;
	uint32_t at = 0;

	while (at < end) {
		unsigned char c = lex_at(lex, at);
		if (quoted && (c == '"' || c == '\n'))
			break;
		if (c == '{' && lex_at(lex, at + 1) != '{')
			break;
		at += (quoted && c == '\\') || c == '{' ? 2 : 1;
	}
	return at < end ? at : end;
}

void
lex_piece(struct lex *lex, int quoted, struct token *token)
{
	struct decoded decoded = { NULL, 0 };

	memset(token, 0, sizeof(*token));
	token->span.offset = lex->position;
	decoded.bytes = region_alloc(lex->region, piece_bytes(lex, quoted) + 1);
	while (quoted ? !ends_line(lex) && lex_at(lex, 0) != '"' :
	    lex->position < lex->size) {
		unsigned char c = lex_at(lex, 0);
		if (c == '{' && lex_at(lex, 1) != '{')
			break;
		if (c == '{' || c == '}') {
			if (decode_brace(lex, token, &decoded) != 0)
				return;
		} else if (quoted && c == '\\') {
			if (decode_escape(lex, token, '"', &decoded) != 0)
				return;
		} else {
			decoded.bytes[decoded.size++] = (char)c;
			lex->position++;
		}
	}
	if (quoted && ends_line(lex)) {
		lex_bad(lex, token, token->span.offset, 0,
		    "close it with '\"'; a line end is \\n",
		    "this f-string does not end on its line");
		return;
	}
	decoded.bytes[decoded.size] = '\0';
	token->text = (struct ast_text){ decoded.bytes, decoded.size };
	lex_finish(lex, token, TOKEN_STRING);
}

void
lex_hole_format(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position;

	memset(token, 0, sizeof(*token));
	token->span.offset = from;
	while (!ends_line(lex) && strchr("{}\"\\`", lex_at(lex, 0)) == NULL)
		lex->position++;
	if (lex_at(lex, 0) != '}' || lex->position == from) {
		lex_bad(lex, token, from, lex->position - from,
		    "a hole with a format is {name:format}",
		    "expected a format and '}'");
		return;
	}
	token->text = lex_text(lex, lex->source + from, lex->position - from);
	lex_finish(lex, token, TOKEN_STRING);
}
