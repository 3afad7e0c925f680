/*
 * What a name is made of.  ASCII letters, digits and '_', and every character
 * past ASCII that is not a blank, punctuation, a symbol, an emoji or private.
 * That is the rule turned round: listing what is no letter takes one screen and
 * keeps every script, also those of later Unicode versions.
 */
#include "lang/letter.h"

#include <string.h>

/* First and last of each range that no name may hold; ascending. */
static const uint32_t no_letters[][2] = {
	{ 0x80, 0xa9 }, { 0xab, 0xb4 }, { 0xb6, 0xb9 }, { 0xbb, 0xbf },
	{ 0xd7, 0xd7 }, { 0xf7, 0xf7 }, { 0x1680, 0x1680 },
	{ 0x180e, 0x180e }, { 0x2000, 0x206f }, { 0x20a0, 0x20cf },
	{ 0x2190, 0x2bff }, { 0x2e00, 0x2e7f }, { 0x3000, 0x3004 },
	{ 0x3008, 0x3020 }, { 0x3030, 0x3030 }, { 0xe000, 0xf8ff },
	{ 0xfe10, 0xfe1f }, { 0xfe30, 0xfe6f }, { 0xfeff, 0xfeff },
	{ 0xff00, 0xff0f }, { 0xff1a, 0xff20 }, { 0xff3b, 0xff40 },
	{ 0xff5b, 0xff65 }, { 0xffe0, 0xffff }, { 0x1f000, 0x1faff },
	{ 0xe0000, 0x10ffff },
};

static const char *const reserved[] = {
	"and", "or", "not", "in", "is", "null", "true", "false", "case",
};

uint32_t
letter_decode(const char *bytes, size_t size, uint32_t *code)
{
	/* The least code that needs this many bytes: shorter is a lie. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = size > 0 ? (unsigned char)bytes[0] : 0xff;
	uint32_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 :
	    first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (length == 0 || length > size)
		return 0;
	*code = length == 1 ? first : first & (0xffu >> (length + 1));
	for (uint32_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)bytes[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (next & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

uint32_t
letter_encode(uint32_t code, char *target)
{
	if (code < 0x80) {
		target[0] = (char)code;
		return 1;
	}
	uint32_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (uint32_t i = length - 1; i > 0; i--) {
		target[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	target[0] = (char)(0xf0u << (4 - length) | code);
	return length;
}

/* Past ASCII, is it in none of the ranges? */
static int
is_foreign_letter(uint32_t code)
{
	for (size_t i = 0; i < sizeof(no_letters) / sizeof(*no_letters); i++) {
		if (code < no_letters[i][0])
			return 1;
		if (code <= no_letters[i][1])
			return 0;
	}
	return 1;
}

uint32_t
letter_begins_name(const char *bytes, size_t size)
{
	uint32_t code;
	uint32_t length = letter_decode(bytes, size, &code);

	if (length > 1)
		return is_foreign_letter(code) ? length : 0;
	if (length == 0)
		return 0;
	return code == '_' || (code >= 'a' && code <= 'z') ||
	    (code >= 'A' && code <= 'Z');
}

uint32_t
letter_continues_name(const char *bytes, size_t size)
{
	if (size > 0 && bytes[0] >= '0' && bytes[0] <= '9')
		return 1;
	return letter_begins_name(bytes, size);
}

int
letter_is_name(const char *bytes, size_t size)
{
	size_t at = letter_begins_name(bytes, size);

	if (at == 0)
		return 0;
	while (at < size) {
		uint32_t length = letter_continues_name(bytes + at, size - at);
		if (length == 0)
			return 0;
		at += length;
	}
	return 1;
}

int
letter_is_quotable(const char *bytes, size_t size)
{
	uint32_t code;

	for (size_t at = 0; at < size;) {
		uint32_t length = letter_decode(bytes + at, size - at, &code);
		if (length == 0 || code < ' ' || code == 0x7f)
			return 0;
		at += length;
	}
	return size > 0;
}

int
letter_is_reserved(const char *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strlen(reserved[i]) == size &&
		    memcmp(reserved[i], bytes, size) == 0)
			return 1;
	return 0;
}

size_t
letter_count(const char *bytes, size_t size)
{
	size_t count = 0;
	uint32_t code;

	for (size_t at = 0; at < size; count++) {
		uint32_t length = letter_decode(bytes + at, size - at, &code);
		at += length > 0 ? length : 1;
	}
	return count;
}
