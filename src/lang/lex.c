/*
 * Text to tokens, one at a time and on demand.  The words of the language are
 * plain names here: only the parser knows where `by` is a clause and where it
 * is a field.  A slash is an operator until the parser, expecting an operand,
 * asks lex_regex() to read it again; so a regex needs no guessing.  The pieces
 * of an f-string are asked for by the parser too, because between them there
 * are expressions.
 *
 * Nothing fails here.  What is no token becomes TOKEN_BAD with its sentence,
 * and becomes an error only if the parser comes to it.
 */
#include "lang/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/lex_priv.h"
#include "lang/parse.h"
#include "util/mem.h"

void
lex_finish(struct lex *lex, struct token *token, enum token_kind kind)
{
	token->kind = kind;
	token->span.bytes = lex->position - token->span.offset;
}

struct ast_text
lex_text(struct lex *lex, const char *bytes, size_t size)
{
	char *copy = region_alloc(lex->region, size + 1);

	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return (struct ast_text){ copy, (uint32_t)size };
}

void
lex_bad(struct lex *lex, struct token *token, uint32_t offset, uint32_t bytes,
	const char *hint, const char *format, ...)
{
	char sentence[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	token->kind = TOKEN_BAD;
	token->span = (struct ast_span){ offset, bytes };
	token->text = lex_text(lex, sentence, strlen(sentence));
	token->hint = hint;
	/* Never stand still, whatever the caller does next. */
	if (lex->position < offset + bytes)
		lex->position = offset + bytes;
}

void
lex_mend(struct lex *lex, struct token *token, const char *text, size_t size)
{
	token->mend.set = 1;
	token->mend.span = token->span;
	token->mend.text = lex_text(lex, text, size);
}

/* Is there nothing but blanks between the start of the line and `offset`? */
static int
begins_line(const struct lex *lex, uint32_t offset)
{
	while (offset > 0) {
		char before = lex->source[offset - 1];
		if (before == '\n')
			return 1;
		if (before != ' ' && before != '\t' && before != '\r')
			return 0;
		offset--;
	}
	return 1;
}

/* Note a comment, unless a second look at the same text brings it again. */
static void
note_comment(struct lex *lex, uint32_t offset, uint32_t bytes)
{
	uint32_t count = lex->comment_count;

	if (count > 0 && lex->comment[count - 1].span.offset >= offset)
		return;
	if ((count & (count - 1)) == 0) {
		size_t old_bytes = count * sizeof(*lex->comment);
		struct ast_comment *grown = region_alloc(lex->region,
		    old_bytes > 0 ? 2 * old_bytes : sizeof(*grown));
		if (old_bytes > 0)
			memcpy(grown, lex->comment, old_bytes);
		lex->comment = grown;
	}
	lex->comment[count].span = (struct ast_span){ offset, bytes };
	lex->comment[count].own_line = begins_line(lex, offset);
	lex->comment_count++;
}

/* Pass blanks, line ends and comments. */
static void
skip_blanks(struct lex *lex)
{
	while (lex->position < lex->size) {
		unsigned char c = lex_at(lex, 0);
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			lex->position++;
			continue;
		}
		if (c != '#')
			return;
		const char *from = lex->source + lex->position;
		const char *end = memchr(from, '\n',
		    lex->size - lex->position);
		uint32_t bytes = end != NULL ? (uint32_t)(end - from) :
		    lex->size - lex->position;
		uint32_t offset = lex->position;
		lex->position += bytes;
		while (bytes > 0 && (from[bytes - 1] == '\r' ||
		    from[bytes - 1] == ' ' || from[bytes - 1] == '\t'))
			bytes--;
		note_comment(lex, offset, bytes);
	}
}

/* Length of the name at the position, 0 if there is none. */
static uint32_t
name_bytes(const struct lex *lex, uint32_t from)
{
	const char *bytes = lex->source + from;
	uint32_t left = lex->size - from;
	uint32_t at = letter_begins_name(bytes, left);

	while (at > 0 && at < left) {
		uint32_t length = letter_continues_name(bytes + at, left - at);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

/* $name and $1. */
static void
lex_dollar(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position + 1;
	uint32_t bytes = name_bytes(lex, from);

	if (bytes > 0) {
		lex->position = from + bytes;
		token->text = lex_text(lex, lex->source + from, bytes);
		lex_finish(lex, token, TOKEN_VAR);
		return;
	}
	while (lex_is_digit(lex_at(lex, 1 + bytes)))
		bytes++;
	if (bytes == 0) {
		lex_bad(lex, token, from - 1, 1,
		    "$name is a variable, $1 a column, a bare word a field",
		    "found a '$' without a name");
		return;
	}
	int64_t column = 0;
	for (uint32_t i = 0; i < bytes && column < 1000000; i++)
		column = column * 10 + (lex->source[from + i] - '0');
	if (column < 1 || column > 65535) {
		lex_bad(lex, token, from - 1, bytes + 1,
		    "the whole record is `this`",
		    "columns count from $1 to $65535");
		return;
	}
	lex->position = from + bytes;
	token->integer = column;
	lex_finish(lex, token, TOKEN_COLUMN);
}

/* A bare word, or a string with a letter before it. */
static void
lex_word(struct lex *lex, struct token *token, uint32_t bytes)
{
	unsigned char first = lex_at(lex, 0);

	if (bytes == 1 && lex_at(lex, 1) == '"') {
		if (first == 'r') {
			lex_raw_string(lex, token);
			return;
		}
		if (first == 'f') {
			lex->position += 2;
			lex_finish(lex, token, TOKEN_FSTRING);
			return;
		}
	}
	token->text = lex_text(lex, lex->source + lex->position, bytes);
	lex->position += bytes;
	lex_finish(lex, token, TOKEN_NAME);
}

/* The longest operator at the position; NULL if there is none. */
static const char *
operator_at(const struct lex *lex, enum token_kind *kind)
{
	/* Longer before shorter. */
	static const struct {
		const char *text;
		enum token_kind kind;
	} table[] = {
		{ "..", TOKEN_DOT_DOT }, { "==", TOKEN_EQ },
		{ "!=", TOKEN_NE }, { "<=", TOKEN_LE }, { ">=", TOKEN_GE },
		{ "!~", TOKEN_NOT_MATCH }, { "??", TOKEN_COALESCE },
		{ "//", TOKEN_SLASH_SLASH }, { "&&", TOKEN_AND_AND },
		{ "||", TOKEN_OR_OR },
		{ "(", TOKEN_LPAREN }, { ")", TOKEN_RPAREN },
		{ "[", TOKEN_LBRACKET }, { "]", TOKEN_RBRACKET },
		{ "{", TOKEN_LBRACE }, { "}", TOKEN_RBRACE },
		{ ",", TOKEN_COMMA }, { ";", TOKEN_SEMICOLON },
		{ ":", TOKEN_COLON }, { "|", TOKEN_PIPE }, { ".", TOKEN_DOT },
		{ "=", TOKEN_ASSIGN }, { "<", TOKEN_LT }, { ">", TOKEN_GT },
		{ "~", TOKEN_MATCH }, { "?", TOKEN_QUESTION },
		{ "+", TOKEN_PLUS }, { "-", TOKEN_MINUS }, { "*", TOKEN_STAR },
		{ "/", TOKEN_SLASH }, { "%", TOKEN_PERCENT },
		{ "!", TOKEN_BANG },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *text = table[i].text;
		if (lex_at(lex, 0) == (unsigned char)text[0] &&
		    (text[1] == '\0' ||
		     lex_at(lex, 1) == (unsigned char)text[1])) {
			*kind = table[i].kind;
			return text;
		}
	}
	return NULL;
}

/* Say what is wrong with a character that begins no token. */
static void
lex_stranger(struct lex *lex, struct token *token)
{
	uint32_t from = lex->position;
	uint32_t code = 0;
	uint32_t length = letter_decode(lex->source + from, lex->size - from,
	    &code);

	if (length == 0 || code < ' ') {
		lex_bad(lex, token, from, 1, NULL,
		    "found byte 0x%02x, which is no text", lex_at(lex, 0));
	} else if (code == '&' || code == '^') {
		lex_bad(lex, token, from, 1, "`and` and `or` join conditions",
		    "there is no operator '%c'", (int)code);
	} else if (code == 0x2018 || code == 0x2019 || code == 0x201c ||
	    code == 0x201d) {
		lex_bad(lex, token, from, length,
		    "write strings in plain quotes: \"text\"",
		    "found a typographic quote");
	} else if (code == 0xa0 || code == 0xfeff || code == 0x200b) {
		lex_bad(lex, token, from, length, "write a plain space",
		    "found the invisible character U+%04X", code);
	} else {
		lex_bad(lex, token, from, length,
		    "names with such characters go in backticks",
		    "found '%.*s', which begins nothing here", (int)length,
		    lex->source + from);
	}
}

void
lex_next(struct lex *lex, struct token *token)
{
	skip_blanks(lex);
	memset(token, 0, sizeof(*token));
	token->span.offset = lex->position;
	if (lex->position == lex->size) {
		lex_finish(lex, token, TOKEN_END);
		return;
	}

	unsigned char c = lex_at(lex, 0);
	enum token_kind kind;
	const char *operator_text = operator_at(lex, &kind);
	if (operator_text != NULL) {
		lex->position += (uint32_t)strlen(operator_text);
		lex_finish(lex, token, kind);
		return;
	}
	uint32_t bytes = name_bytes(lex, lex->position);
	if (bytes > 0)
		lex_word(lex, token, bytes);
	else if (lex_is_digit(c))
		lex_number(lex, token);
	else if (c == '$')
		lex_dollar(lex, token);
	else if (c == '"' || c == '\'')
		lex_string(lex, token);
	else if (c == '`')
		lex_backticks(lex, token);
	else if (c == '@')
		lex_time(lex, token);
	else
		lex_stranger(lex, token);
}

void
lex_check_source(struct lex *lex, struct token *token)
{
	uint32_t code;

	memset(token, 0, sizeof(*token));
	for (uint32_t at = 0; at < lex->size;) {
		uint32_t length = letter_decode(lex->source + at,
		    lex->size - at, &code);
		unsigned char byte = (unsigned char)lex->source[at];
		if (length == 0) {
			lex_bad(lex, token, at, 1,
			    "programs are UTF-8; in a string write \\x..",
			    "byte 0x%02x is no UTF-8 here", byte);
			return;
		}
		if ((code < ' ' && code != '\n' && code != '\t' &&
		    code != '\r') || code == 0x7f) {
			lex_bad(lex, token, at, 1, "in a string write \\x..",
			    "found the control character 0x%02x", byte);
			return;
		}
		at += length;
	}
}
