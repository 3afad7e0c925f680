#ifndef SFLOW_DATA_JSON_H
#define SFLOW_DATA_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "data/type.h"

struct buf;
struct region;

/*
 * JSON text as a value: walk, validate, decode, write.  No recursion on the
 * depth of the input; the depth is bounded (JSON_DEPTH_MAX), past it is an
 * error.  Everywhere the superset of data/type.h (`@` literals) is read too
 * when `extended` is given; outside bytes are read without.
 */
#define JSON_DEPTH_MAX 1000

/*
 * Check one value, RFC 8259 strict (UTF-8, escapes, numbers, control bytes),
 * with blanks around it.  Returns NULL and *end_offset behind the value and the
 * blanks that follow (so a whole text is valid if it equals `size`), or a
 * static sentence ("a comma or ] was expected") and *end_offset at the fault;
 * `size` if the text only ends too early.
 */
const char *json_check(const char *bytes, size_t size, size_t *end_offset);

/*
 * Skip one value that is known to be valid: bytes at its first byte; returns
 * the byte behind it.  `end` bounds it.
 */
const char *json_skip(const char *bytes, const char *end);

/* The value of a token (whole value's bytes, no blanks around).  Strings
 * without escapes are views, others decoded into `region`. */
struct value json_value(const char *bytes, size_t size, struct region *);

/* Decode the inside of a string token (no quotes) into out, which has room for
 * `size` bytes; returns the length.  Lone surrogates become U+FFFD. */
size_t json_decode(const char *bytes, size_t size, char *out);
/* Append text as a JSON string with its quotes; wrong UTF-8 becomes U+FFFD. */
void json_add_string(struct buf *, const char *bytes, size_t size);

/* Iterate an object's or an array's members.  Init at the '{' or '['. */
struct json_walk {
	const char *at;
	const char *end;
	int is_object;
	int first;
};

struct json_member {
	const char *key;	/* inside of the quotes, undecoded; objects */
	size_t key_size;
	int key_escaped;	/* has a backslash */
	const char *bytes;	/* the value's token */
	size_t size;
};

void json_walk_init(struct json_walk *, const char *bytes, size_t size);
/* 1 with the next member, 0 at the end. */
int json_walk_next(struct json_walk *, struct json_member *out);

/* Member of an object by (decoded) name, the last if it occurs twice; element
 * of an array, negative from its end.  0 and the token, or -1: not there. */
int json_get(const char *bytes, size_t size, const char *name, size_t name_size,
	struct json_member *out);
int json_at(const char *bytes, size_t size, int64_t index,
	struct json_member *out);

/* Append `bytes` (a valid value) without blanks between tokens. */
void json_add_compact(struct buf *, const char *bytes, size_t size);
/*
 * Append the bytes of a value of a RAW type as JSON: what looks like a number
 * stands bare, an empty RAW_CSV or RAW_TSV field is null, RAW_JSON stays (but
 * without line ends), everything else becomes a string.
 */
void json_add_raw(struct buf *, enum type, const char *bytes, size_t size);
/* Is it a number by JSON's grammar, to the last byte? */
int json_is_number(const char *bytes, size_t size);
/* Append with `@` literals turned into strings; what writers call on LIST and
 * RECORD values. */
void json_add_plain(struct buf *, const char *bytes, size_t size);
/* Append a value in the extended form, as an element of a nested value. */
void json_add_extended(struct buf *, const struct value *);

#endif
