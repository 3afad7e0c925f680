#ifndef SFLOW_DATA_COLUMN_H
#define SFLOW_DATA_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include "data/type.h"

struct buf;
struct region;

enum encoding {
	FLAT,	/* element r of data is row r */
	CONST,	/* element 0 of data (and bit 0 of valid) is every row */
	SLICE,	/* RAW types only: row r lies at base + [start, end) */
};

/*
 * One column of a batch.  A plain struct, copied freely; what it points to is
 * immutable and kept alive by the regions of the batch that holds it.
 */
struct column {
	uint8_t type;		/* enum type */
	uint8_t encoding;	/* enum encoding */
	uint8_t delimiter;	/* RAW_CSV: its bytes are legal for this one */
	/*
	 * SLICE: a '\r' that ends the range is no part of it, if this is set
	 * (last field of a CRLF line).
	 */
	uint8_t trim_cr;
	uint32_t stride;	/* SLICE: elements of from/to from row to row */
	uint32_t from_add;	/* SLICE: start = from[r * stride] + from_add */
	void *data;		/* FLAT, CONST: width = type_width(type) */
	/*
	 * MIXED: enum type per row (never MIXED, never RAW_CSV, RAW_TSV or
	 * RAW_JSON); NULL and MISSING rows have their bit in valid clear.
	 */
	uint8_t *tags;
	uint64_t *valid;	/* bit r set: a value is there; NULL: all are */
	const char *base;	/* SLICE; 16 bytes behind a row are readable */
	const uint32_t *from;	/* SLICE */
	const uint32_t *to;	/* SLICE: end = to[r * stride] */
};

static inline int
column_row_is_valid(const struct column *column, uint32_t row)
{
	if (column->encoding == CONST)
		row = 0;
	return column->valid == NULL ||
	    (column->valid[row >> 6] >> (row & 63) & 1);
}

/* The bytes of a SLICE row. */
static inline const char *
column_slice(const struct column *column, uint32_t row, uint32_t *size)
{
	uint32_t start = column->from[row * column->stride] + column->from_add;
	uint32_t end = column->to[row * column->stride];

	if (column->trim_cr && end > start && column->base[end - 1] == '\r')
		end--;
	*size = end - start;
	return column->base + start;
}

/* The bytes of a row of any textual column, undecoded. */
struct text column_row_text(const struct column *, uint32_t row);

/* Constructors.  Memory comes from the region. */
void column_init_null(struct column *);
void column_init_const(struct column *, const struct value *, struct region *);
/* FLAT, uninitialised data for `rows` rows; MIXED gets tags too. */
void column_init_flat(struct column *, enum type, uint32_t rows,
	struct region *);
/* A validity bitmap of `rows` bits, all set, if there is none yet. */
void column_need_valid(struct column *, uint32_t rows, struct region *);

/*
 * The value of one row, interpreted as little as possible: RAW_CSV and RAW_TSV
 * come back decoded as TYPE_RAW, RAW_JSON as what the token is (numbers INT or
 * FLOAT; objects and arrays as RECORD and LIST), nulls as TYPE_NULL, a missing
 * field as TYPE_MISSING.  Text may lie in the column's memory or `region`.
 */
struct value column_value(const struct column *, uint32_t row, struct region *);

/*
 * All functions below take rows `sel[0..count)`, or rows 0..count when sel is
 * NULL, and make a dense column of `count` rows.  `out` may not be `column`.
 */

/* The same rows, same type; FLAT or CONST (or the SLICE itself if sel is NULL).
 * Text is not copied, only its views. */
void column_gather(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/* The same with a deep copy of all text: the result depends on nothing but
 * `region`.  SLICE and CONST become FLAT of the same type. */
void column_copy(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/* The reverse of gather: row sel[i] of out is row i of `dense`; other rows of
 * the `rows` rows are null.  With sel NULL the column itself. */
void column_scatter(const struct column *dense, const uint16_t *sel,
	uint32_t count, uint32_t rows, struct region *, struct column *out);

/*
 * Decode RAW to what it can be without asking what it looks like: RAW_CSV,
 * RAW_TSV -> RAW (nulls in valid); RAW_JSON -> the type of its tokens, MIXED
 * if they differ or a field is missing; others are gathered.  Never a SLICE.
 */
void column_decode(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/*
 * Interpret as numbers: RAW that looks like numbers becomes INT when all do,
 * FLOAT when all are floats, else MIXED of INT, FLOAT and RAW/TEXT/...: what a
 * value is never depends on its neighbours.  Anything not raw comes back as
 * decoded; a missing field is null.
 */
void column_numbers(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/*
 * Rows 0 to `rows` of a SLICE, none of them marked in `valid`, as INT, DECIMAL
 * or DATE, as a cast reads them.  Rows that do not stand there in the plainest
 * way are 0, and their bit in `other` is set; empty ones are, or are null.
 * Returns the number of these bits.
 */
uint32_t column_declare(const struct column *, enum type, uint32_t rows,
	struct region *, struct column *out, uint64_t *other);

/*
 * The text of every value, TYPE_TEXT with nulls: what csv output would show
 * without its quotes.  Numbers in shortest form (but those of RAW_JSON as they
 * stand), times in RFC 3339.
 */
void column_texts(const struct column *, const uint16_t *sel, uint32_t count,
	struct region *, struct column *out);

/*
 * Split a MIXED column's rows by type: fill order[0..count) with row numbers
 * grouped by tag and first[t], first[t + 1] with the range of tag t.
 */
void column_split(const struct column *, uint32_t count, uint16_t *order,
	uint32_t first[TYPE_MIXED + 1]);

/*
 * A column that grows by values.  Starts without a type, takes that of its
 * first value, turns MIXED when another comes.  Zero-initialise.  All memory,
 * text included (builder_add copies), is its own until builder_finish moves
 * it to the region; builder_fini ends an unfinished one.
 */
struct builder {
	struct column column;
	uint32_t count;
	uint32_t capacity;
	int any_null;
	struct region *texts;
};

void builder_add(struct builder *, const struct value *);
void builder_add_null(struct builder *);
void builder_add_int(struct builder *, enum type, int64_t);
void builder_add_float(struct builder *, double);
void builder_add_text(struct builder *, enum type, const char *, size_t);
/* Make the column in `region` and leave the builder empty, ready again. */
void builder_finish(struct builder *, struct region *, struct column *out);
void builder_fini(struct builder *);

/*
 * Values.  Of the RAW types only TYPE_RAW is met here.
 *
 * Order of two values as sort, min and max have it: null < bool < numbers <
 * times < text < list < record; raw text that looks like a number is one.
 */
int value_compare(const struct value *, const struct value *);
/* As the operator == has it (numbers by value, RAW against INT by look). */
int value_equal(const struct value *, const struct value *);
/* Append the value as csv output would show it, without quotes. */
void value_add_text(const struct value *, struct buf *);
/* Append the value as JSON; times as strings. */
void value_add_json(const struct value *, struct buf *);
/* The value with RAW replaced by the number it looks like, or TEXT. */
struct value value_settle(const struct value *);

#endif
