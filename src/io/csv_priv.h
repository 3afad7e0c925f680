#ifndef SFLOW_IO_CSV_PRIV_H
#define SFLOW_IO_CSV_PRIV_H

#include "data/batch.h"
#include "io/csv_index.h"
#include "io/csv_reader.h"
#include "io/format.h"
#include "io/loan.h"
#include "util/err.h"

struct bad;
struct chunker;
struct csv_pick;

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

enum csv_stage { CSV_AT_MARK, CSV_AT_SKIP, CSV_AT_QUIET, CSV_AT_ROW };

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
	const uint32_t *marks;	/* of the last batch; or NULL */

	/*
	 * The window: bytes [at, end) of base are not read yet.  Positions
	 * count from CHUNK_PADDING before it, so they are never 0.
	 */
	char *base;
	uint32_t at;
	uint32_t end;
	int ended;		/* the input has; the last line has its end */
	int starved;		/* no whole row in the window */
	int discarding;		/* up to the next line end */
	uint64_t line;		/* of `at`, from 1 */
	uint64_t record;	/* records before `at` */

	/* What is being read before the rows, over an input that may say that
	 * there is nothing for now. */
	enum csv_stage stage;
	uint64_t skipped;	/* of set.skip */
	int in_line;		/* that is skipped */
	struct need need;
	int is_told;		/* the need */
	int opened;		/* the header is read */
	uint32_t field_count;
	uint32_t stride;	/* separators of a regular row */
	struct schema *schema;	/* all fields that are known */
	uint8_t *types;		/* declared type per field; NULL: none */
	uint8_t *needed;	/* per field; NULL: all */
	struct csv_pick *pick;	/* what of a row is indexed; NULL: all */
	uint32_t pick_pause;	/* sections until it is tried again */
	/* CSV_RAGGED_LOOSE: the fields of batches, when not all are needed. */
	struct schema *picked;
	uint32_t *picked_field;
	struct schema *wide;	/* with further fields, by number */

	int failed;
	struct err failure;
	/* Of the record that stopped the job, while those before it are given;
	 * good while `failed`. */
	struct reader_position failed_at;
};

/* Read until there is more behind `at`: 1; 0 at the end; READER_WAIT; -1 with
 * err. */
int csv_fill(struct csv_reader *, struct err *);
/* Read what stands before the rows, and the header.  0; READER_WAIT; -1. */
int csv_header_read(struct csv_reader *, struct err *);
/* The header is there: what of the fields is wanted? */
void csv_apply_need(struct csv_reader *);
/* The name of field `index` when it has none; unique in the schema. */
void csv_add_numbered(struct schema *, uint32_t index);

/*
 * Parse the row at the front exactly, and hold it against the limits.  Of two
 * faults that is told which the smallest window would show: what is bad must
 * not depend on the chunks.
 */
enum csv_row_end csv_row_judge(const struct csv_reader *, struct csv_row *out);

/* The next batch of the window: 1; 0: it holds no whole row, or only such that
 * were skipped; -1: stop, with err. */
int csv_section_next(struct csv_reader *, struct batch **out, struct err *);

/* The record at `at`, so many behind the first that is not given, stops the
 * job: a position is before it. */
void csv_fail_at(struct csv_reader *, uint32_t at, uint64_t records);

/* A part of the window and its index; see csv_section.c. */
struct csv_section {
	struct csv_scan scan;
	struct loan loan;
	uint32_t *index;
	uint32_t start;
	uint32_t entry_count;	/* of whole rows */
	uint32_t row_count;
	int ends_with_cr;	/* some rows do */
	int is_picked;		/* the index has what r->pick wants */
	/* Of irregular sections: entries before row r; the reader's. */
	uint32_t *row_first;
};

/* Is a field with these ends empty, but for a '\r' before the line end? */
static inline int
csv_is_empty(const char *base, uint32_t start, uint32_t end)
{
	return end == start || (end == start + 1 && base[start] == '\r' &&
	    base[end] == '\n');
}

static inline const char *
csv_plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

/* A batch of `rows` rows at the section's start, without columns yet. */
struct batch *csv_batch_start(struct csv_reader *, struct csv_section *,
	uint32_t rows, uint32_t width);
/* The field that column `i` of a batch shows. */
uint32_t csv_field_of_column(const struct csv_reader *, uint32_t i);
/* A column of a field that no row of the batch has. */
void csv_init_missing(struct batch *, struct column *);
/* A batch whose columns are views of an explicit table; NULL without rows. */
struct batch *csv_batch_of_table(struct csv_reader *, struct csv_section *);

/* Find the rows of an irregular section; a comment line ends it. */
void csv_section_walk(const struct csv_reader *, struct csv_section *);
/*
 * A batch of the section's lines, which was indexed with marks; NULL: some line
 * needs a closer look, or there is none.
 */
struct batch *csv_batch_of_lines(struct csv_reader *, struct csv_section *);

/*
 * The first row is not whole, or cannot be indexed: wait for more (0), or
 * refuse it and tell where reading goes on.
 */
uint32_t csv_judge_first(struct csv_reader *);

/* Remember a refused record. */
void csv_reject(struct csv_reader *, uint32_t start, uint32_t end,
	uint32_t fault, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Bytes that are reported of a record which is too long to be anything. */
#define CSV_REJECT_TEXT_MAX (64u << 10)
/*
 * Report them in the order of the input.  `start` is where the section begins,
 * in line r->line.  *count is how many were reported.  Returns 0; or -1: stop,
 * with err and *stopped_at, the start of the record that is to blame.
 */
int csv_rejects_report(struct csv_reader *, uint32_t start, uint32_t *count,
	uint32_t *stopped_at, struct err *err);

/* Bring the needed columns to their declared types; rows that do not parse are
 * rejected and leave the selection. */
void csv_convert(struct csv_reader *, struct batch *);

#endif
