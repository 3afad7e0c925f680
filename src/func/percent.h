#ifndef SFLOW_FUNC_PERCENT_H
#define SFLOW_FUNC_PERCENT_H

#include <stddef.h>

/* The value of a hexadecimal digit, or -1. */
static inline int
percent_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Decode %XX and + as in a query; what is no %XX stays as it is.  `target` has
 * room for `size` bytes; returns how many were written.
 */
static inline size_t
percent_decode(const char *bytes, size_t size, char *target)
{
	size_t at = 0;

	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && size - i > 2) {
			int high = percent_digit(bytes[i + 1]);
			int low = percent_digit(bytes[i + 2]);
			if (high >= 0 && low >= 0) {
				c = (char)(high << 4 | low);
				i += 2;
			}
		}
		target[at++] = c;
	}
	return at;
}

#endif
