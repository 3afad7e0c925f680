#ifndef SFLOW_IO_TEXT_WIDTH_H
#define SFLOW_IO_TEXT_WIDTH_H

#include <stdint.h>

struct buf;

/*
 * The character at `bytes`, of which there is at least one: its code point, or
 * UINT32_MAX for a byte that is no UTF-8.  Returns its bytes.
 */
uint32_t text_character(const char *bytes, uint32_t size, uint32_t *c);
/* Columns of one character. */
uint32_t text_character_width(uint32_t c);
/*
 * Columns that the text takes on a terminal: 2 for wide characters, 0 for
 * combining ones, 1 for others and for a byte that is no UTF-8.
 */
uint32_t text_width(const char *bytes, uint32_t size);
/* Bytes of the longest prefix that takes at most `width` columns. */
uint32_t text_prefix(const char *bytes, uint32_t size, uint32_t width);
/*
 * Append the text so that it stays on its line and leaves the terminal alone:
 * control bytes become \n, \t, \x1b; what is no UTF-8 becomes U+FFFD.
 */
void text_add_visible(struct buf *, const char *bytes, uint32_t size);

#endif
