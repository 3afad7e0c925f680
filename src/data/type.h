#ifndef SFLOW_DATA_TYPE_H
#define SFLOW_DATA_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "data/text.h"

/*
 * Types of values.  A column of a batch has one of them; TYPE_MIXED columns
 * carry a type per row.
 *
 * The RAW types are undeclared bytes that still stand as they stood in the
 * input.  They act as a number where an operator wants a number and they look
 * like one; they leave byte for byte when nothing computed them.
 *   TYPE_RAW       plain bytes (a line, a capture of `parse`); "" is a text
 *   TYPE_RAW_CSV   a CSV field, quotes and doubled quotes still in it;
 *                  nothing at all is null, "" (two quotes) is the empty text
 *   TYPE_RAW_TSV   a TSV field with \t \n \\ \r escapes; nothing is null
 *   TYPE_RAW_JSON  one JSON value's token: number, string with its quotes,
 *                  true, false, null, object or array; nothing is missing
 * Text columns (TYPE_TEXT) are decoded and never act as numbers.
 *
 * LIST and RECORD values are text too: one JSON array or object, compact,
 * whose scalars may also be time literals `@2026-01-02T03:04:05Z` (instants),
 * `@2026-01-02` (dates) and `@@90000000` (durations in microseconds), so that
 * nested values keep their types.  Writers turn those into strings.
 *
 * The order of the non-raw types is the order of mixed values in sort.
 */
enum type {
	TYPE_NULL,		/* no value; a column of it has no data */
	TYPE_MISSING,		/* tag of MIXED only: the field is not there */
	TYPE_BOOL,		/* uint8_t, 0 or 1 */
	TYPE_INT,		/* int64_t */
	TYPE_FLOAT,		/* double; arithmetic on numbers gives no NaN */
	TYPE_DECIMAL,		/* struct decimal */
	TYPE_TIME,		/* int64_t microseconds since 1970 UTC */
	TYPE_DATE,		/* int64_t days since 1970-01-01 */
	TYPE_DURATION,		/* int64_t microseconds */
	TYPE_TEXT,		/* struct text */
	TYPE_LIST,		/* struct text, see above */
	TYPE_RECORD,		/* struct text, see above */
	TYPE_RAW,
	TYPE_RAW_CSV,
	TYPE_RAW_TSV,
	TYPE_RAW_JSON,
	TYPE_MIXED,		/* columns only: union cell and a tag a row */
	TYPE_ANY,		/* plans only: known when the batch comes */
	TYPE_ERROR,		/* plans only: these types do not go together */
	TYPE_COUNT
};

/* units * 10^-scale; 0 <= scale <= 18. */
struct decimal {
	int64_t units;
	int32_t scale;
	int32_t pad;
};

union cell {
	uint8_t boolean;
	int64_t integer;	/* INT TIME DATE DURATION */
	double number;		/* FLOAT */
	struct decimal decimal;
	struct text text;	/* TEXT LIST RECORD RAW* */
};

struct value {
	enum type type;		/* never MIXED, ANY */
	union cell cell;
};

/* "int", "timestamp", ...: as users write and read it. */
const char *type_name(enum type);
/* TYPE_ANY for a name that is no type; accepts the names in messages. */
enum type type_from_name(const char *name, size_t size);
/* Bytes of one element of a FLAT column: 1, 8 or 16; 0 for TYPE_NULL. */
unsigned type_width(enum type);

static inline int
type_is_raw(enum type type)
{
	return type >= TYPE_RAW && type <= TYPE_RAW_JSON;
}

static inline int
type_is_textual(enum type type)
{
	return type >= TYPE_TEXT && type <= TYPE_RAW_JSON;
}

static inline int
type_is_number(enum type type)
{
	return type == TYPE_INT || type == TYPE_FLOAT || type == TYPE_DECIMAL;
}

static inline int
type_is_word(enum type type)	/* stored as int64_t */
{
	return type == TYPE_INT || type == TYPE_TIME || type == TYPE_DATE ||
	    type == TYPE_DURATION;
}

#endif
