#ifndef SFLOW_IO_CSV_READER_H
#define SFLOW_IO_CSV_READER_H

#include <stdint.h>

#include "data/type.h"
#include "io/csv_row.h"

struct batch;
struct err;
struct input;
struct need;
struct reader_config;
struct reader_position;
struct schema;

/*
 * Reads lines of separated fields: what csv, tsv and lines have in common.
 */
struct csv_reader;

enum csv_ragged { CSV_RAGGED_ERROR, CSV_RAGGED_FILL, CSV_RAGGED_LOOSE };

struct csv_settings {
	struct csv_dialect dialect;
	enum type type;		/* of the columns: a RAW one */
	int header;
	int text;		/* columns are decoded text, never null */
	int trailing;		/* a delimiter may follow the last field */
	int comment;		/* lines that begin with this byte; -1: none */
	int empty_is_null;	/* an empty field of type RAW */
	int empty_lines;	/* an empty line is a record, not skipped */
	/* Of lines (delimiter '\n'): csv_reader_marks() tells where this byte
	 * stands, which a line mostly has so often; 0: none. */
	char mark;
	uint32_t mark_count;
	enum csv_ragged ragged;
	uint64_t skip;		/* lines before the header */
	uint32_t record_max;	/* bytes */
	/* Names in place of the header's; NULL: none.  Held by the reader. */
	struct schema *names;
	/* Declared types by name; NULL: none.  Held by the reader. */
	struct schema *types;
};

/* Borrows the input; copies the settings. */
struct csv_reader *csv_reader_new(struct input *, const struct csv_settings *,
	const struct reader_config *);
struct schema *csv_reader_schema(struct csv_reader *, struct err *);
void csv_reader_need(struct csv_reader *, const struct need *);
int csv_reader_next(struct csv_reader *, struct batch **out, struct err *);
void csv_reader_position(const struct csv_reader *, struct reader_position *);
/*
 * Of the last batch, which the caller still has as it was given: the places of
 * marks and line ends, ascending, from the first row's first on; behind them
 * CSV_MARKS_BEHIND times UINT32_MAX.  NULL: they are not known.
 */
#define CSV_MARKS_BEHIND 8
const uint32_t *csv_reader_marks(const struct csv_reader *);
/* Of a row of the last batch, which has a line for each row. */
void csv_reader_position_of(const struct csv_reader *, const struct batch *,
	uint32_t row, struct reader_position *);
int csv_reader_seek(struct csv_reader *, const struct reader_position *,
	struct err *);
void csv_reader_free(struct csv_reader **);

#endif
