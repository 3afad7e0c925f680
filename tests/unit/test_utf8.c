#include "func/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

/* Bytes of all kinds, from a seed. */
static void
random_bytes(uint64_t *seed, char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		unsigned kind = *seed >> 60 & 3;
		unsigned byte = *seed >> 40 & 0x7f;
		bytes[i] = (char)(kind < 2 ? byte : kind == 2 ?
		    0x80 | (byte & 0x3f) : 0x80 | byte);
	}
}

/* Eight bytes at a time against one at a time. */
Test(utf8, twins)
{
	uint64_t seed = 1;
	char bytes[64];

	for (unsigned n = 0; n < 20000; n++) {
		size_t size = n % sizeof(bytes);
		size_t count = 0, ascii = 1;
		random_bytes(&seed, bytes, size);
		if (n % 3 == 0)
			for (size_t i = 0; i < size; i++)
				bytes[i] &= 0x7f;
		for (size_t i = 0; i < size; i++) {
			if (!utf8_is_continuation(bytes[i])) {
				cr_assert_eq(utf8_offset(bytes, size, count),
				    count == 0 ? 0 : i);
				count++;
			}
			ascii &= (unsigned char)bytes[i] < 0x80;
		}
		cr_assert_eq(utf8_count(bytes, size), count);
		cr_assert_eq(utf8_is_ascii(bytes, size), (int)ascii);
		cr_assert_eq(utf8_offset(bytes, size, count + 1), size);
	}
}

Test(utf8, decodes_what_it_encodes)
{
	char bytes[UTF8_BYTES_MAX];
	uint32_t code;

	for (uint32_t i = 0; i <= 0x10ffff; i++) {
		if (i >= 0xd800 && i < 0xe000)
			continue;
		unsigned size = utf8_encode(i, bytes);
		if (utf8_decode(bytes, size, &code) != size || code != i)
			cr_assert_fail("%x", i);
		if (size > 1 && utf8_decode(bytes, size - 1, &code) != 1)
			cr_assert_fail("%x cut", i);
	}
}

Test(utf8, refuses_what_is_none)
{
	static const char *const wrong[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
		"\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "\xc3(", "\xe2\x82(",
	};
	uint32_t code;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(utf8_decode(wrong[i], strlen(wrong[i]), &code), 1);
		cr_expect_eq(code, UTF8_BAD, "%zu", i);
	}
}

Test(utf8, cases)
{
	cr_expect_eq(utf8_lower('A'), 'a');
	cr_expect_eq(utf8_lower('@'), '@');
	cr_expect_eq(utf8_upper('z'), 'Z');
	cr_expect_eq(utf8_lower(0x0130), 0x0130);
	cr_expect_eq(utf8_lower(0x0410), 0x0430);
	cr_expect_eq(utf8_upper(0x0101), 0x0100);
	cr_expect_eq(utf8_upper(0x0100), 0x0100);
	cr_expect_eq(utf8_upper(0x1e943), 0x1e921);
	for (uint32_t i = 0; i <= 0x10ffff; i++) {
		char from[UTF8_BYTES_MAX], to[UTF8_BYTES_MAX];
		/* What fn_text_case.c makes room for. */
		unsigned room = 2 * utf8_encode(i, from);
		if (utf8_encode(utf8_lower(i), to) > room ||
		    utf8_encode(utf8_upper(i), to) > room)
			cr_assert_fail("%x grows", i);
	}
}
