#ifndef SFLOW_IO_JSON_READER_PRIV_H
#define SFLOW_IO_JSON_READER_PRIV_H

#include "io/format.h"
#include "io/json_index.h"
#include "io/json_reader.h"
#include "io/json_record.h"
#include "io/json_rows.h"
#include "io/json_shape.h"
#include "util/buf.h"
#include "util/err.h"

struct bad;
struct batch;
struct chunker;

/* What may come next at the top. */
enum json_place {
	JSON_TOP,		/* a document */
	JSON_FIRST,		/* the first element, or ] */
	JSON_NEXT,		/* a comma or ] */
	JSON_ELEMENT,		/* an element */
	JSON_AGAIN,		/* anything of an array: bytes were left out */
	JSON_BEHIND,		/* nothing */
	JSON_OVER,		/* the rest is not looked at */
};

/* What reading came to. */
enum json_step {
	JSON_ON,		/* go on */
	JSON_FULL,		/* the batch is to be given first */
	JSON_MORE,		/* the window is used up */
	JSON_END,
	JSON_FAILED,		/* r->failure says why */
};

struct json_reader {
	struct json_settings set;
	struct input *input;
	struct chunker *chunker;
	struct bad *bad;
	const struct origin *origin;
	struct json_index index;
	struct json_shapes *shapes;
	struct json_record record;
	struct json_rows rows;
	int value_column;	/* of values that are no objects */
	int *columns;		/* per field of `record` */
	uint32_t column_capacity;
	struct buf name;	/* a key, decoded */

	/* The window: bytes [at, end) of base are not read yet. */
	const char *base;
	uint32_t at;
	uint32_t end;
	uint32_t mark;		/* the first of the index not before `at` */
	int opened;
	int ended;		/* the input has */
	int discarding;		/* up to the next line end */
	enum json_place place;
	int documents;		/* some were there */
	/* Of the record at `at`, while it is not whole. */
	struct json_outline outline;
	uint32_t judged_bytes;	/* so much of it was found to be right */
	/* Are records read without the index?  Of those in this window, how
	 * many were, and how many could not be; if not, for how long. */
	int follows;
	uint32_t followed, missed;
	uint32_t rest_windows;

	/* Line and column of base[line_at], from 1 and 0. */
	uint64_t line;
	uint32_t line_at;
	uint64_t column_before;	/* bytes of its line before the window */
	uint64_t record_number;	/* records, but for the rows in the making */
	uint64_t batch_line;	/* of the first row in the making */
	uint64_t batch_record;
	int failed;
	struct err failure;
	/* Of the record that stopped the job, while those before it are given;
	 * good while `failed`. */
	struct reader_position failed_at;
};

/* The record at r->at, and some behind it, into rows, or what is in its way. */
enum json_step json_take_value(struct json_reader *);
/* The index, from r->at on, and the first mark from there. */
void json_reindex(struct json_reader *);
/* Go on at `at`. */
void json_advance(struct json_reader *, uint32_t at);

/*
 * Refuse the bytes [r->at, end), wrong at `fault`, and go on at `next`.
 */
enum json_step json_reject(struct json_reader *, uint32_t fault, uint32_t end,
	uint32_t next, const char *reason);
/* Refuse the token at r->at that is no scalar. */
enum json_step json_reject_token(struct json_reader *, uint32_t fault,
	const char *reason);
/* The record at `at`, of that line and number and in that place, stops the
 * job. */
void json_fail_at(struct json_reader *, uint32_t at, uint64_t line,
	uint64_t record, enum json_place);
/* Refuse the rest of the line.  JSON_MORE: wait for it. */
enum json_step json_reject_line(struct json_reader *, uint32_t fault,
	const char *reason);
/* Refuse a row of the batch in the making; the caller drops it. */
int json_reject_row(struct json_reader *, const struct batch *, uint32_t row,
	uint32_t fault, const char *reason);

/* Bring columns with declared types to them; rows that do not fit are dropped.
 * r->failed is set when that stops the job. */
void json_convert(struct json_reader *, struct batch *);

static inline int
json_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#endif
