#ifndef SFLOW_DATA_KEY_H
#define SFLOW_DATA_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "data/column.h"

struct buf;
struct region;

/*
 * Row keys.  Two encodings:
 *
 * Equality keys, for group, dedup and join: one struct text and one 64-bit
 * hash a row.  Undeclared text is its (decoded) bytes, a number its shortest
 * text, text its bytes, so `1` meets "1", while "01" and "1.0" stay apart;
 * true and false are "true", "false"; times, dates and durations a marker byte
 * and 8 bytes, so they meet only their kind; null is a marker byte, so nulls
 * group together; joins ask key_is_null.  One text column costs no copy.
 * Several columns are joined with lengths between, so that no two different
 * tuples are alike.  The top bits of the hash are the radix partition.
 *
 * Order keys, for sort: bytes that memcmp orders as the language does (see
 * value_compare), with direction and the place of nulls worked in.
 */
struct key_set {
	struct text *text;	/* per dense row */
	uint64_t *hash;
	uint64_t *null;		/* bit set: some part of the key is null */
	int any_null;
};

/*
 * Keyed state is divided into groups of keys by the hash's top bits; an
 * instance of a keyed operator owns a range of them, so that a job resumes with
 * another number of instances.
 */
#define KEY_GROUP_COUNT 128u

static inline uint32_t
key_group_of(uint64_t hash)
{
	return (uint32_t)(hash >> 57);
}

/* Keys of `count` rows from dense columns (any type, any encoding). */
void key_make(const struct column *columns, uint32_t column_count,
	uint32_t count, struct region *, struct key_set *out);
/*
 * The text that part `index` of a key of `count` columns was made of, if that
 * value was textual: a view of the key's bytes, or inline.  Keys of unknown
 * origin are asked first whether they have so many parts.
 */
int key_has_parts(const struct text *key, uint32_t count);
struct text key_part_text(const struct text *key, uint32_t count,
	uint32_t index);

/*
 * The key, of `count` parts, that has only those parts of `key` whose bits are
 * set in `keep`, null for others, and the number `last` for its last part.
 */
struct text key_of_set(const struct text *key, uint32_t count, uint64_t keep,
	int64_t last, struct region *, uint64_t *hash);

/*
 * What is left of a value when its key has the rest: its type, and the scale of
 * a decimal.  Null and missing have one code, whichever came first.
 */
uint16_t key_code(const struct value *);
/* The value that part `index` was made of; text as key_part_text has it.  A
 * code that does not go with the bytes gives null. */
struct value key_part_value(const struct text *key, uint32_t count,
	uint32_t index, uint16_t code);

struct key_order {
	int descending;
	int nulls_first;	/* where nulls and missing fields go */
};

/*
 * Append to `out` the order key of dense row `row`.
 */
void key_add_order(const struct column *columns, const struct key_order *order,
	uint32_t column_count, uint32_t row, struct buf *out);

#endif
