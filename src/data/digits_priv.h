#ifndef SFLOW_DATA_DIGITS_PRIV_H
#define SFLOW_DATA_DIGITS_PRIV_H

#include <stdint.h>
#include <string.h>

#include "data/text.h"
#include "util/bits.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"the first digit is the lowest byte of a word");

/*
 * Eight digits at once: `word` holds digit values, 0 to 9 a byte, the first in
 * the lowest byte.  Pairs, then fours, then eight, one multiply each.
 */
static inline uint64_t
digits_value(uint64_t word)
{
	word = word * 10 + (word >> 8);
	return ((word & 0x000000ff000000ff) * 0x000f424000000064 +
	    ((word >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

/*
 * The int that `size` bytes look like, if it has at most 16 digits: 1.  Else
 * 0: they may still be a number.  At least 9 bytes from `bytes` on must be
 * readable.  No branch depends on a digit; only the number of digits and the
 * verdict are branched on.
 */
static inline __attribute__((always_inline)) int
digits_int(const char *bytes, uint32_t size, int64_t *out)
{
	const uint64_t zeros = 0x3030303030303030;
	const uint64_t carry = 0x7676767676767676;
	uint32_t minus = *bytes == '-';

	bytes += minus;
	size -= minus;
	uint64_t word = bits_load64(bytes);
	uint64_t wrong = 0, head = 0;
	uint32_t leading_zero = (word & 0xff) == '0' && size > 1;
	if (__builtin_expect(size - 1 < 8, 1)) {
		word = (word ^ zeros) << (64 - 8 * size);
	} else {
		if (size - 9 >= 8)
			return 0;
		head = (word ^ zeros) << (64 - 8 * (size - 8));
		wrong = (head + carry) | head;
		head = digits_value(head) * 100000000;
		word = bits_load64(bytes + size - 8) ^ zeros;
	}
	/* A byte that is no digit has its top bit set, or gets it here. */
	wrong |= (word + carry) | word;
	uint64_t value = head + digits_value(word);
	*out = (int64_t)(minus ? -value : value);
	return ((wrong & 0x8080808080808080) | leading_zero) == 0;
}

/* The reverse of digits_value(): eight digit values of a number below 10^8. */
static inline uint64_t
digits_of(uint32_t value)
{
	uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
	/* Exact for quotients of numbers below 10000 by 100, 100 by 10. */
	uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
	uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
	uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;

	return tens | (pairs - tens * 10) << 8;
}

/*
 * The text of an int as a view, if it fits one: 1.  Else 0.
 */
static inline int
digits_text(int64_t integer, struct text *out)
{
	const uint64_t zeros = 0x3030303030303030;
	uint64_t value = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
	unsigned minus = integer < 0;
	__uint128_t bytes;
	unsigned size;

	/* At most 4 digits before the last eight; with a sign, 3. */
	if (value >= (minus ? 100000000000u : 1000000000000u))
		return 0;
	uint32_t head = (uint32_t)(value / 100000000);
	uint64_t tail = digits_of((uint32_t)(value % 100000000));
	if (__builtin_expect(head == 0, 1)) {
		/* The last digit stays, even if it is 0. */
		unsigned skip = bits_lowest(tail | (uint64_t)1 << 56) / 8;
		size = 8 - skip;
		bytes = (tail | zeros) >> 8 * skip;
	} else {
		uint64_t digits = digits_of(head);
		unsigned skip = bits_lowest(digits) / 8;
		size = 16 - skip;
		bytes = (digits | zeros) >> 8 * skip;
		bytes |= (__uint128_t)(tail | zeros) << (64 - 8 * skip);
	}
	if (minus)
		bytes = bytes << 8 | '-';
	bytes = bytes << 32 | (size + minus);
	memcpy(out, &bytes, sizeof(*out));
	return 1;
}

#endif
