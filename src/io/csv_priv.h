#ifndef SFLOW_IO_CSV_PRIV_H
#define SFLOW_IO_CSV_PRIV_H

#include "data/batch.h"
#include "io/csv_index.h"
#include "io/csv_reader.h"
#include "io/loan.h"
#include "util/err.h"

struct bad;
struct chunker;

/* A record that is refused.  Positions count from the reader's base. */
struct csv_reject {
	uint32_t start;		/* of the record */
	uint32_t end;		/* of its bytes that are reported */
	uint32_t fault;
	const char *reason;
};

struct csv_rejects {
	struct csv_reject *list;
	uint32_t count;
	uint32_t capacity;
};

struct csv_reader {
	struct csv_settings set;
	struct input *input;
	struct chunker *chunker;
	struct bad *bad;
	const struct origin *origin;
	struct loans loans;
	/* Texts of rejects; emptied per section. */
	struct region *scratch;
	struct csv_rejects rejects;
	uint32_t *row_first;	/* for sections */

	/* The window: bytes [at, end) of base are not read yet.  Positions count
	 * from CHUNK_PADDING before it, so they are never 0. */
	char *base;
	uint32_t at;
	uint32_t end;
	int ended;		/* the input has; the last line has its end */
	int starved;		/* no whole row in the window */
	int discarding;		/* up to the next line end */
	uint64_t line;		/* of `at`, from 1 */
	uint64_t record;	/* records before `at` */

	int opened;		/* the header is read */
	uint32_t field_count;
	uint32_t stride;	/* separators of a regular row */
	struct schema *schema;	/* all fields that are known */
	uint8_t *types;		/* declared type per field; NULL: none */
	uint8_t *needed;	/* per field; NULL: all */
	/* CSV_RAGGED_LOOSE: the fields of batches, when not all are needed. */
	struct schema *picked;
	uint32_t *picked_field;
	struct schema *wide;	/* with further fields, by number */

	int failed;
	struct err failure;
};

/* Read until there is more behind `at`: 1; 0 at the end; -1 with err. */
int csv_fill(struct csv_reader *, struct err *);
/* Read what stands before the rows, and the header.  0 or -1. */
int csv_header_read(struct csv_reader *, struct err *);
/* The name of field `index` when it has none; unique in the schema. */
void csv_add_numbered(struct schema *, uint32_t index);

/* The next batch of the window: 1; 0: it holds no whole row, or only such that
 * were skipped; -1: stop, with err. */
int csv_section_next(struct csv_reader *, struct batch **out, struct err *);

/* Remember a refused record. */
void csv_reject(struct csv_reader *, uint32_t start, uint32_t end,
	uint32_t fault, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/*
 * Report them in the order of the input.  `start` is where the section begins,
 * in line r->line.  Returns 0; or -1: stop, with err and *stopped_at, the start
 * of the record that is to blame.
 */
int csv_rejects_report(struct csv_reader *, uint32_t start,
	uint32_t *stopped_at, struct err *);

/* Bring the needed columns to their declared types; rows that do not parse are
 * rejected and leave the selection. */
void csv_convert(struct csv_reader *, struct batch *);

#endif
