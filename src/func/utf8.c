/*
 * UTF-8: counting and cutting by characters, eight bytes at a time, and simple
 * case mapping.  The case tables hold runs of code points that are mapped by
 * adding the same number: Latin and Cyrillic alternate upper and lower (step
 * 2), most others lie in blocks (step 1).
 */
#include "func/utf8.h"

#include "func/utf8_case.h"

void
utf8_case_ascii(const char *bytes, size_t size, unsigned char first,
	char *target)
{
	size_t i = 0;

	for (; i + 8 <= size; i += 8)
		bits_store64(target + i,
		    utf8_flip_ascii(bits_load64(bytes + i), first));
	for (; i < size; i++)
		target[i] = utf8_case_byte(bytes[i], first);
}

size_t
utf8_count(const char *bytes, size_t size)
{
	size_t count = size;
	size_t whole = size & ~(size_t)7;
	size_t i = 0;

	for (; i < whole; i += 8)
		count -= utf8_count_continuations(bits_load64(bytes + i));
	if (whole > 0 && i < size) {
		/* The last eight bytes, without those that were counted. */
		uint64_t word = bits_load64(bytes + size - 8);
		return count - utf8_count_continuations(
		    word >> (8 * (8 - (size - i))));
	}
	for (; i < size; i++)
		count -= (size_t)utf8_is_continuation(bytes[i]);
	return count;
}

size_t
utf8_offset(const char *bytes, size_t size, uint64_t index)
{
	size_t at = 0;

	if (index == 0)
		return 0;
	while (size - at >= 8) {
		unsigned starts = 8 -
		    utf8_count_continuations(bits_load64(bytes + at));
		if (starts > index)
			break;
		index -= starts;
		at += 8;
	}
	for (; at < size; at++) {
		if (utf8_is_continuation(bytes[at]))
			continue;
		if (index == 0)
			break;
		index--;
	}
	return at;
}

size_t
utf8_offset_back(const char *bytes, size_t size, uint64_t count)
{
	size_t at = size;

	while (at > 0 && count > 0) {
		at--;
		if (!utf8_is_continuation(bytes[at]))
			count--;
	}
	return at;
}

unsigned
utf8_decode(const char *bytes, size_t size, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)bytes;
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value = at[0];
	unsigned length;

	*code = value;
	if (value < 0x80)
		return 1;
	if (value >= 0xc2 && value < 0xe0) {
		length = 2;
		value &= 0x1f;
	} else if (value >= 0xe0 && value < 0xf0) {
		length = 3;
		value &= 0x0f;
	} else if (value >= 0xf0 && value < 0xf5) {
		length = 4;
		value &= 0x07;
	} else {
		*code = UTF8_BAD;
		return 1;
	}
	*code = UTF8_BAD;
	if (length > size)
		return 1;
	for (unsigned i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 1;
	*code = value;
	return length;
}

unsigned
utf8_encode(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The last run that does not begin behind `code` decides. */
static uint32_t
case_map(const struct case_run *runs, size_t count, uint32_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (runs[middle].first <= code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return code;
	const struct case_run *run = &runs[low - 1];
	if (code > run->last || (code - run->first) % run->step != 0)
		return code;
	return (uint32_t)((int32_t)code + run->add);
}

uint32_t
utf8_lower(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + 32 : code;
	return case_map(lower_runs, sizeof(lower_runs) / sizeof(lower_runs[0]),
	    code);
}

uint32_t
utf8_upper(uint32_t code)
{
	if (code < 0x80)
		return code >= 'a' && code <= 'z' ? code - 32 : code;
	return case_map(upper_runs, sizeof(upper_runs) / sizeof(upper_runs[0]),
	    code);
}
