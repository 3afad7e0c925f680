#ifndef SFLOW_LANG_LETTER_H
#define SFLOW_LANG_LETTER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode the character at the start of bytes[0..size).  Returns its length in
 * bytes and sets `code`; 0 if the bytes are no UTF-8.
 */
uint32_t letter_decode(const char *bytes, size_t size, uint32_t *code);
/* Encode `code` (at most 0x10FFFF) to target[0..4); returns its length. */
uint32_t letter_encode(uint32_t code, char *target);

/*
 * Length of the letter, digit or '_' of a name at the start of the bytes; 0 if
 * there is none.  A digit cannot begin a name.
 */
uint32_t letter_begins_name(const char *bytes, size_t size);
uint32_t letter_continues_name(const char *bytes, size_t size);

/* Is all of it one name as it may be written without backticks? */
int letter_is_name(const char *bytes, size_t size);
/* May it stand between backticks: not empty, UTF-8, on one line? */
int letter_is_quotable(const char *bytes, size_t size);
/* Is it one of the words that need backticks: and or not in is null ...? */
int letter_is_reserved(const char *bytes, size_t size);

/* Characters of the bytes: invalid bytes count one each. */
size_t letter_count(const char *bytes, size_t size);

#endif
